/* The part of `vecdot tune` that measures the vendor's BLAS: for each dtype that it serves, one square
 * product by it and by the library's own kernel, in turns. */
#include "tune.h"

#include "dtypes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_EDGE = 64, MOST_EDGE = 4096 };

static bool use(const tuning *t, const tune_product *p, bool blas, fault *f)
{
    vecdot_status status = vecdot_blas_use(t->session->context, p->choice.dtype, blas);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

bool tune_blas_list(tuning *t, fault *f)
{
    vecdot_blas_choice choices[TUNE_PRODUCTS];
    size_t count = 0;
    vecdot_status status = vecdot_blas_choices(t->session->context, choices, TUNE_PRODUCTS, &count);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    t->product_count = (int)(count < TUNE_PRODUCTS ? count : TUNE_PRODUCTS);
    for (int i = 0; i < t->product_count; i++) {
        t->products[i] = (tune_product){.choice = choices[i], .verdict = PRODUCT_NO_TIME};
        if (!use(t, &t->products[i], false, f)) return false;
    }
    return true;
}

/* ---- One dtype ----------------------------------------------------------------------------------- */

/* Rows of both operands along the contracted axis. Complex ones are not conjugated, since a BLAS cannot in
 * this layout.
 */
static bool make_product(const tuning *t, const tune_product *p, int64_t edge, tune_problem *made, fault *f)
{
    const vecdot_options defaults = VECDOT_OPTIONS_INIT;
    char shape[96], name[16];
    options o = {.contract = defaults, .dtypes = name};
    snprintf(name, sizeof name, "%s", dtype_row_of(p->choice.dtype)->brief);
    snprintf(shape, sizeof shape, "%" PRId64 "x1x%" PRId64 ",1x%" PRId64 "x%" PRId64, edge, edge, edge, edge);
    o.contract.flags = VECDOT_NO_CONJ;
    if (!bench_problem_from_shape(&o, shape, &made->problem, f)) return false;
    made->problem.number = made->problem.title = "product"; /* `shape` is gone when this returns */
    return bench_set_create(&made->set, t->session, &made->problem, 1, f);
}

/* As large as the own kernel computes in a small part of the budget. `made` is there also after a failure. */
static bool choose_edge(const tuning *t, tune_product *p, tune_problem *made, fault *f)
{
    double seconds = 0;
    for (p->edge = LEAST_EDGE;; p->edge *= 2) {
        const char *verdict;
        if (!make_product(t, p, p->edge, made, f) ||
            !bench_check(t->session, &made->problem, &made->set, &verdict, &made->hash, f) ||
            !bench_time_calls(t->session, &made->problem, &made->set, 1, 1, &seconds, f))
            return false;
        if (seconds > t->budget / 2000 || p->edge == MOST_EDGE) break;
        bench_set_destroy(&made->set);
    }
    return bench_calibrate(t->session, &made->problem, &made->set, 1, t->budget / 4000, &p->calls, f);
}

/* Whether the product goes to the library now. */
static bool is_served(const tuning *t, const tune_product *p, const tune_problem *made, fault *f)
{
    char plan[TUNE_PLAN_BYTES];
    return tune_plan(t->session, made, plan, f) && strstr(plan, p->choice.library) != NULL;
}

static bool sample(const tuning *t, const tune_product *p, const tune_problem *made, bool blas,
                   bench_samples *samples, fault *f)
{
    double seconds = 0;
    if (!use(t, p, blas, f)) return false;
    if (!bench_time_calls(t->session, &made->problem, &made->set, 1, p->calls, &seconds, f)) return false;
    samples->value[samples->count++] = seconds / p->calls;
    return true;
}

static bool compare(const tuning *t, tune_product *p, const tune_problem *made, fault *f)
{
    bench_samples own = {0}, blas = {0};
    for (int round = 0; round < TUNE_ROUNDS; round++)
        if (!sample(t, p, made, false, &own, f) || !sample(t, p, made, true, &blas, f) ||
            !sample(t, p, made, false, &own, f))
            return false;
    p->own = bench_spread_of(&own);
    p->blas = bench_spread_of(&blas);
    p->verdict = p->blas.most < p->own.least ? PRODUCT_FASTER : PRODUCT_NO_FASTER;
    return true;
}

/* The library's first product compiles or loads its kernels, and is checked. */
static void measure_one(const tuning *t, tune_product *p, tune_problem *made)
{
    fault f = {VECDOT_SUCCESS, ""};
    const char *check;
    uint64_t hash;
    p->verdict = PRODUCT_FAILED;
    if (!choose_edge(t, p, made, &f) || !use(t, p, true, &f)) {
        snprintf(p->why, sizeof p->why, "%s", f.text);
    } else if (!is_served(t, p, made, &f)) {
        snprintf(p->why, sizeof p->why, "it does not take the arrays");
    } else if (!bench_check(t->session, &made->problem, &made->set, &check, &hash, &f)) {
        p->verdict = f.status == VECDOT_SUCCESS ? PRODUCT_WRONG : PRODUCT_FAILED;
        snprintf(p->why, sizeof p->why, "%s", f.text);
    } else if (!compare(t, p, made, &f)) {
        snprintf(p->why, sizeof p->why, "%s", f.text);
    }
    p->choice.used = p->verdict == PRODUCT_FASTER;
    p->choice.seconds = p->blas.median;
    p->choice.own_seconds = p->own.median;
}

bool tune_blas_measure(tuning *t, fault *f)
{
    double begin = bench_now();
    for (int i = 0; i < t->product_count; i++) {
        tune_product *p = &t->products[i];
        tune_problem *made = calloc(1, sizeof *made);
        if (made == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the measurements");
        if (i == 0 || bench_now() - begin < t->budget / 4) measure_one(t, p, made);
        vecdot_queue_finish(t->session->queue);
        bench_set_destroy(&made->set);
        free(made);
        t->wrong_products += p->verdict == PRODUCT_WRONG;
        if (!use(t, p, false, f)) return false;
    }
    return true;
}

int tune_blas_kept(const tuning *t, vecdot_blas_choice choices[TUNE_PRODUCTS])
{
    int count = 0;
    for (int i = 0; i < t->product_count; i++)
        if (t->products[i].verdict == PRODUCT_FASTER || t->products[i].verdict == PRODUCT_NO_FASTER)
            choices[count++] = t->products[i].choice;
    return count;
}
