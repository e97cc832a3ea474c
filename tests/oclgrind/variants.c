/* Walks the space of kernel variants at tiny sizes on Oclgrind's device, which checks each memory access,
 * looks for races and, in the GPU schedule, for uninitialised reads. Results are compared with the scalar
 * reference; every byte around them must be unchanged.
 *
 *   oclgrind_variants cpu              each plan class with each form of operands, the dtypes in turn
 *   oclgrind_variants gpu              each kernel once for each way in which it loads
 *   oclgrind_variants gpu|cpu --all    every combination */
#include "core/plan/variant.h"
#include "support/backends.h"
#include "support/random.h"
#include "support/trial.h"

#include <string.h>

/* A shape of operands; a size of -1 stands for the length of a sum of two and a half chunks. */
typedef struct form {
    const char *name;
    int ndim[2];
    int64_t shape[2][3];
    int axis[2];
    int step; /* elements from one to the next */
    int nodes;
} form;

static const form forms[] = {
    {"rows", {2, 2}, {{3, 67}, {3, 67}}, {-1, -1}, 1, 0},
    {"strided rows", {2, 2}, {{3, 37}, {3, 37}}, {-1, -1}, 2, 0},
    {"short rows", {2, 2}, {{37, 3}, {37, 3}}, {-1, -1}, 1, 0},
    {"strided short rows", {2, 2}, {{19, 3}, {19, 3}}, {-1, -1}, 2, 0},
    {"long rows", {1, 1}, {{-1}, {-1}}, {-1, -1}, 1, 2},
    {"columns", {2, 2}, {{19, 21}, {19, 21}}, {0, 0}, 1, 0},
    {"long columns", {2, 2}, {{-1, 2}, {-1, 2}}, {0, 0}, 1, 2},
    {"one side broadcast", {2, 1}, {{9, 35}, {35}}, {-1, -1}, 1, 0},
    {"product", {3, 3}, {{9, 1, 33}, {1, 10, 33}}, {-1, -1}, 1, 0},
    {"skinny product", {3, 3}, {{40, 1, 32}, {1, 8, 32}}, {-1, -1}, 1, 0},
    {"short rows with one", {2, 1}, {{9, 16}, {16}}, {-1, -1}, 1, 0},
    {"rows with columns", {2, 2}, {{20, 64}, {64, 20}}, {-1, 0}, 1, 0},
    {"nothing to sum", {2, 2}, {{5, 0}, {5, 0}}, {-1, -1}, 1, 0},
};
enum { FORMS = sizeof forms / sizeof forms[0] };

/* Operand dtypes: each with itself, then mixtures that have typed programs, then some that have none. */
static const ref_type pairs[][2] = {
    {REF_B1, REF_B1},     {REF_I8, REF_I8},    {REF_I16, REF_I16},  {REF_I32, REF_I32}, {REF_I64, REF_I64},
    {REF_U8, REF_U8},     {REF_U16, REF_U16},  {REF_U32, REF_U32},  {REF_U64, REF_U64}, {REF_F16, REF_F16},
    {REF_BF16, REF_BF16}, {REF_F32, REF_F32},  {REF_F64, REF_F64},  {REF_C64, REF_C64}, {REF_C128, REF_C128},
    {REF_F16, REF_F32},   {REF_F32, REF_BF16}, {REF_F32, REF_F64},  {REF_F64, REF_F32}, {REF_I8, REF_F32},
    {REF_F16, REF_C64},   {REF_U16, REF_I32},  {REF_BF16, REF_F16},
};
enum { PAIRS = sizeof pairs / sizeof pairs[0] };

typedef struct choice {
    schedule schedule;
    plan_class force;
    const form *form;
    int pair;
    int force_any;
} choice;

static int run_everything;
static schedule run_schedule;

typedef struct filling {
    random_source source;
    ref_type type;
} filling;

/* Any bits for integers; small values with a fraction for the others. */
static void fill_element(unsigned char *element, void *argument)
{
    filling *f = argument;
    uint64_t bits = random_bits(&f->source);
    int complex = ref_is_complex(f->type), size = ref_size(f->type);
    if (f->type == REF_B1)
        element[0] = bits & 1;
    else if (!ref_is_float(f->type))
        memcpy(element, &bits, (size_t)size);
    else
        for (int part = 0; part <= complex; part++) {
            double value = ((double)(bits >> (20 * part) & 1023) - 512) / 64;
            ref_type component = f->type == REF_C64 ? REF_F32 : f->type == REF_C128 ? REF_F64 : f->type;
            reference_cast(REF_F64, &value, component, element + part * ref_size(component));
        }
}

static int make_array(trial *p, int which, ref_type type, const int64_t *shape, int ndim, int step,
                      int64_t chunk)
{
    array *a = &p->array[which];
    a->type = type;
    a->ndim = ndim;
    a->storage = which;
    for (int d = 0; d < ndim; d++) a->shape[d] = shape[d] >= 0 ? shape[d] : 2 * chunk + chunk / 2 + 3;
    array_make_contiguous(a);
    for (int d = 0; d < ndim; d++) a->strides[d] *= step;
    return storage_create(p, which, (size_t)(array_elements(a) * step * ref_size(type)));
}

/* Makes the arrays and fills the operands. Returns 0 when memory is out. */
static int make_trial(trial *p, const choice *c, uint64_t seed)
{
    const form *f = c->form;
    const ref_type *types = pairs[c->pair];
    DLTensor tensor[2];
    DLDataType result_type;
    int32_t ndim;
    int64_t shape[VECDOT_MAX_NDIM];
    vecdot_options options;
    trial_start(p);
    p->axis[0] = f->axis[0];
    p->axis[1] = f->axis[1];
    ref_type result = ref_promote(types[0], types[1]);
    int64_t chunk = 512 / ref_size(result) * CANONICAL_ROWS;
    for (int i = 0; i < 2; i++) {
        if (!make_array(p, i, types[i], f->shape[i], f->ndim[i], f->step, chunk)) return 0;
        array_visit(p, &p->array[i], fill_element, &(filling){random_start(seed, (uint64_t)i), types[i]});
        trial_tensor(p, i, &tensor[i]);
    }
    trial_options(p, &options);
    if (vecdot_result(&tensor[0], &tensor[1], &options, &result_type, &ndim, shape) != VECDOT_SUCCESS)
        return 0;
    return make_array(p, ARRAY_OUT, result, shape, ndim, 1, chunk) && trial_seal(p);
}

/* Each call has a context of its own: in another's memory an element never written could pass for one that
 * was, and Oclgrind takes what a kernel writes to a larger buffer in the place of a released one for never
 * written. */
static int renew(target *t)
{
    vecdot_queue_release(t->queue);
    vecdot_context_release(t->context);
    t->queue = NULL;
    t->context = NULL;
    return vecdot_context_create(t->selector, &t->context) == VECDOT_SUCCESS &&
           vecdot_queue_create(t->context, &t->queue) == VECDOT_SUCCESS;
}

static int seen[KERNEL_COUNT][LOAD_COUNT]; /* which kernels have run, and how they loaded */

/* Whether the call runs a kernel that loads as it did in no call before; it then counts as seen. */
static int shows_something(trial *p, target *t)
{
    static const char *const loads[LOAD_COUNT] = {" vector ", " strided ", " any ", " ->"};
    char words[16384], label[64];
    int something = 0;
    if (trial_explain(p, t->queue, words, sizeof words) != VECDOT_SUCCESS) return 1;
    for (int k = 0; k < KERNEL_COUNT; k++)
        for (int l = 0; l < LOAD_COUNT; l++) {
            snprintf(label, sizeof label, ": %s%s", kernel_name((kernel_id)k), loads[l]);
            if (seen[k][l] || !strstr(words, label)) continue;
            seen[k][l] = something = 1;
        }
    return something;
}

/* The schedule's kernels with a way of loading that no call has run. */
static int count_unseen(void)
{
    int unseen = 0;
    variant v;
    for (size_t i = 0; variant_at(i, &v); i++) {
        const char *name = kernel_name((kernel_id)v.kernel);
        if (seen[v.kernel][v.load] || !strstr(name, run_schedule == SCHEDULE_CPU ? "_cpu" : "_gpu")) continue;
        printf("FAILED no call ran %s with load %d\n", name, v.load);
        seen[v.kernel][v.load] = 1;
        unseen++;
    }
    return unseen;
}

/* Returns 1 when the call went as it must. */
static int run_choice(target *t, const choice *c)
{
    char why[512] = "";
    trial p;
    if (t->cases > 0 && !renew(t)) return 0;
    target_reset(t);
    plan_policy *now = &t->context->policy;
    now->schedule = c->schedule;
    now->force = c->force;
    now->force_any = c->force_any;
    now->force_nodes = c->form->nodes;
    now->share_host = 0; /* Oclgrind takes host memory used in place for uninitialised */
    int made = make_trial(&p, c, (uint64_t)t->cases), good = 0;
    int new = made &&shows_something(&p, t);
    if (made && !new &&run_schedule == SCHEDULE_GPU && !run_everything) {
        trial_free(&p);
        return 1;
    }
    if (!made)
        snprintf(why, sizeof why, "cannot make the arrays: %s", vecdot_last_error());
    else if (trial_call(&p, t->queue) != VECDOT_SUCCESS)
        snprintf(why, sizeof why, "%s", vecdot_last_error());
    else
        good = trial_verify(&p, t->queue, why, sizeof why);
    printf("%s %s, %s, %s, %s and %s%s%s%s\n", good ? "ok    " : "FAILED", schedule_name(c->schedule),
           class_name(c->force), c->form->name, ref_name(pairs[c->pair][0]), ref_name(pairs[c->pair][1]),
           c->force_any ? ", any" : "", good ? "" : ": ", good ? "" : why);
    fflush(stdout);
    trial_free(&p);
    t->cases++;
    return good;
}

/* Sums of integers of one byte take so many elements a chunk that they say nothing which the others do not.
 */
static int is_costly(const choice *c)
{
    return !run_everything && c->form->shape[0][0] < 0 &&
           ref_size(ref_promote(pairs[c->pair][0], pairs[c->pair][1])) < 4;
}

/* All pairs of dtypes, or the next in turn. 9 has no factor in common with PAIRS, and in this order the GPU
 * schedule's few calls reach each way in which a kernel loads; count_unseen tells where another order is
 * needed. */
static int run_pairs(target *t, choice *c, int *turn)
{
    int failed = 0;
    if (run_everything) {
        for (c->pair = 0; c->pair < PAIRS; c->pair++)
            for (c->force_any = 0; c->force_any < 2; c->force_any++) failed += !run_choice(t, c);
        return failed;
    }
    do c->pair = (*turn)++ * 9 % PAIRS;
    while (is_costly(c));
    c->force_any = *turn % 4 == 0;
    return !run_choice(t, c);
}

static int run(target *t)
{
    if (!strstr(t->info.platform, "Oclgrind")) {
        fprintf(stderr, "this is not Oclgrind but %s: set OCL_ICD_VENDORS as scripts/oclgrind.sh does\n",
                t->info.platform);
        return 1;
    }
    int failed = 0, turn = 0;
    for (int force = CLASS_AUTO; force < CLASS_COUNT; force++)
        for (int f = 0; f < FORMS; f++) {
            choice c = {run_schedule, (plan_class)force, &forms[f], 0, 0};
            failed += run_pairs(t, &c, &turn);
        }
    failed += count_unseen();
    printf("%ld calls, %d failed\n", t->cases, failed);
    return failed;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    run_schedule = strcmp(name, "cpu") == 0 ? SCHEDULE_CPU : SCHEDULE_GPU;
    run_everything = argc == 3 && strcmp(argv[2], "--all") == 0;
    if (strcmp(name, schedule_name(run_schedule)) != 0 || argc > 2 + run_everything) {
        fprintf(stderr, "usage: oclgrind_variants gpu|cpu [--all]\n");
        return 2;
    }
    return targets_run(run);
}
