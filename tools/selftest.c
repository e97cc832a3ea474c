/* `vecdot selftest`: the same problems on every machine, in all dtypes, shapes and layouts. The reference
 * checks each. */
#include "commands.h"

#include "operation.h"
#include "print.h"
#include "reference.h"
#include "samples.h"
#include "session.h"
#include "system.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct problem {
    operation operation;
    sample_array x1, x2;
    vecdot_options options;
    DLTensor out;
    int64_t out_shape[VECDOT_MAX_NDIM];
    bool on_device; /* run it again with all three arrays in device memory and compare the bits */
} problem;

typedef struct tally {
    const session *session;
    int passed, failed, skipped;
} tally;

/* ---- Making a problem ---------------------------------------------------------------------------- */

typedef struct shape_row {
    operation operation;
    int32_t axis;
    int32_t ndim1, ndim2;
    int64_t shape1[SAMPLE_MAX_NDIM], shape2[SAMPLE_MAX_NDIM];
} shape_row;

/* Every kind of broadcasting, axes at each end, sizes around those at which the plan changes, empty sums
 * and empty results. */
static const shape_row shapes[] = {
    {VECDOT, -1, 1, 1, {0}, {0}},
    {VECDOT, -1, 1, 1, {1}, {1}},
    {VECDOT, -1, 1, 1, {1000}, {1000}},
    {VECDOT, 0, 1, 1, {4099}, {4099}},
    {VECDOT, -1, 2, 2, {5, 0}, {1, 0}},
    {VECDOT, -1, 2, 2, {0, 3}, {1, 3}},
    {VECDOT, -1, 2, 2, {7, 3}, {7, 3}},
    {VECDOT, -1, 2, 1, {33, 64}, {64}},
    {VECDOT, 0, 1, 2, {100}, {100, 20}},
    {VECDOT, 0, 2, 2, {129, 17}, {129, 17}},
    {VECDOT, -1, 2, 2, {3, 517}, {1, 517}},
    {VECDOT, 0, 2, 3, {3, 4}, {3, 2, 4}},
    {VECDOT, 1, 3, 3, {4, 31, 5}, {4, 31, 5}},
    {VECDOT, -1, 3, 3, {9, 1, 65}, {1, 8, 65}},
    {VECDOT, -2, 3, 2, {2, 63, 1}, {63, 6}},
    {VECDOT, -1, 4, 3, {2, 1, 3, 16}, {5, 1, 16}},
    {MATVEC, -1, 2, 1, {40, 30}, {30}},
    {MATVEC, -1, 3, 2, {2, 9, 70}, {2, 70}},
    {VECMAT, -1, 1, 2, {30}, {30, 40}},
    {VECMAT, -1, 2, 3, {2, 70}, {2, 70, 9}},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static bool make_result(problem *p, fault *f)
{
    p->out.shape = p->out_shape;
    if (!operation_result(p->operation, &p->x1.tensor, &p->x2.tensor, &p->options, &p->out, f)) return false;
    p->out.data = calloc((size_t)array_elements(&p->out) + 1, p->out.dtype.bits / 8u);
    return p->out.data != NULL || fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the result");
}

/* ---- Running it ---------------------------------------------------------------------------------- */

static vecdot_status to_device(const session *s, const DLTensor *host, bool copy, DLManagedTensor **device)
{
    vecdot_status status = vecdot_empty(s->context, host->dtype, host->ndim, host->shape, device);
    return status == VECDOT_SUCCESS && copy ? vecdot_copy(s->queue, host, &(*device)->dl_tensor) : status;
}

/* Runs the problem again with copies in device memory and compares the bits. */
static bool same_on_device(const session *s, const problem *p, fault *f)
{
    DLManagedTensor *x[3] = {NULL, NULL, NULL};
    size_t bytes = (size_t)array_elements(&p->out) * (p->out.dtype.bits / 8u);
    DLTensor back = p->out;
    bool same = false;
    back.data = calloc(bytes + 1, 1);
    if (back.data == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the result");
    vecdot_status status = to_device(s, &p->x1.tensor, true, &x[0]);
    if (status == VECDOT_SUCCESS) status = to_device(s, &p->x2.tensor, true, &x[1]);
    if (status == VECDOT_SUCCESS) status = to_device(s, &p->out, false, &x[2]);
    if (status == VECDOT_SUCCESS)
        status = operation_call(p->operation, s->queue, &x[0]->dl_tensor, &x[1]->dl_tensor, &p->options,
                                &x[2]->dl_tensor);
    if (status == VECDOT_SUCCESS) status = vecdot_copy(s->queue, &x[2]->dl_tensor, &back);
    if (status != VECDOT_SUCCESS)
        fault_from_library(f, status);
    else
        same =
            memcmp(back.data, p->out.data, bytes) == 0 ||
            fault_set(f, VECDOT_SUCCESS, "arrays in device memory give other bits than arrays on the host");
    vecdot_queue_finish(s->queue);
    for (int i = 0; i < 3; i++)
        if (x[i] != NULL) x[i]->deleter(x[i]);
    free(back.data);
    return same;
}

/* Gives the vector of an operand for output `index`. In matvec and vecmat one vector serves all rows or
 * columns of its matrix, which are the result's last dimension. */
static void vector_of(const problem *p, const sample_array *x, int64_t index, reference_vector *v)
{
    bool first = x == &p->x1;
    DLTensor out = p->out;
    int32_t axis = p->operation == VECDOT ? p->options.axis[0] : p->operation == VECMAT && !first ? -2 : -1;
    if (p->operation == (first ? VECMAT : MATVEC)) index /= out.shape[--out.ndim];
    reference_vector_of(&x->tensor, axis, &out, index, v);
}

static bool agrees(const problem *p, fault *f)
{
    int64_t outputs = array_elements(&p->out);
    for (int64_t index = 0; index < outputs; index++) {
        reference_vector x1, x2;
        vector_of(p, &p->x1, index, &x1);
        vector_of(p, &p->x2, index, &x2);
        bool product = reference_is_product(&p->x1.tensor, &p->x2.tensor, &p->out, x1.size);
        reference_sum sum = reference_compute(&x1.view, &x2.view, p->out.dtype, p->operation != MATVEC);
        if (reference_compare(&sum, &p->out, index, product, f) == REFERENCE_WRONG) return false;
    }
    return true;
}

static bool run_problem(const session *s, problem *p, fault *f)
{
    if (!make_result(p, f)) return false;
    vecdot_status status =
        operation_call(p->operation, s->queue, &p->x1.tensor, &p->x2.tensor, &p->options, &p->out);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    return agrees(p, f) && (!p->on_device || same_on_device(s, p, f));
}

/* ---- All of them --------------------------------------------------------------------------------- */

static void describe(const problem *p, char *text, size_t capacity)
{
    char shape1[64], shape2[64];
    describe_shape(shape1, sizeof shape1, p->x1.tensor.ndim, p->x1.shape);
    describe_shape(shape2, sizeof shape2, p->x2.tensor.ndim, p->x2.shape);
    snprintf(text, capacity, "%s %s %s with %s %s, axis %" PRId32, operation_names[p->operation],
             dtype_row_of(p->x1.tensor.dtype)->name, shape1, dtype_row_of(p->x2.tensor.dtype)->name, shape2,
             p->options.axis[0]);
}

static void count_problem(tally *t, problem *p)
{
    char text[256];
    fault f = {VECDOT_SUCCESS, ""};
    bool well = run_problem(t->session, p, &f);
    if (well) {
        t->passed++;
    } else if (f.status == VECDOT_ERROR_UNSUPPORTED && !t->session->info.has_fp64) {
        t->skipped++;
    } else {
        t->failed++;
        describe(p, text, sizeof text);
        printf("FAILED %s: %s%s%s\n", text, f.text, f.status != VECDOT_SUCCESS ? " " : "",
               f.status != VECDOT_SUCCESS ? vecdot_status_name(f.status) : "");
        fflush(stdout);
    }
    if (stderr_is_terminal()) fprintf(stderr, "\r%d problems", t->passed + t->failed + t->skipped);
}

static bool test_one(tally *t, samples *s, const dtype_row *row1, const dtype_row *row2,
                     const shape_row *shape)
{
    problem p = {.operation = shape->operation, .options = VECDOT_OPTIONS_INIT};
    p.options.axis[0] = p.options.axis[1] = shape->axis;
    layout how1 = (layout)sample_below(s, LAYOUT_COUNT), how2 = (layout)sample_below(s, LAYOUT_COUNT);
    p.on_device = sample_below(s, 3) == 0;
    bool created1 = sample_array_create(&p.x1, s, row1, shape->ndim1, shape->shape1, how1);
    bool created2 = sample_array_create(&p.x2, s, row2, shape->ndim2, shape->shape2, how2);
    if (created1 && created2) count_problem(t, &p);
    sample_array_destroy(&p.x1);
    sample_array_destroy(&p.x2);
    free(p.out.data);
    return created1 && created2;
}

/* Tests each dtype with itself in every shape, each pair of dtypes in one shape, and each dtype in long
 * rows. */
static bool test_all(tally *t)
{
    static const shape_row long_row = {VECDOT, -1, 2, 1, {2, 100003}, {100003}};
    samples s = {20240229};
    bool well = true;
    for (int i = 0; i < DTYPE_ROWS && well; i++) {
        for (int k = 0; k < SHAPES && well; k++)
            well = test_one(t, &s, &dtype_rows[i], &dtype_rows[i], &shapes[k]);
        for (int j = 0; j < DTYPE_ROWS && well; j++)
            if (j != i)
                well = test_one(t, &s, &dtype_rows[i], &dtype_rows[j], &shapes[sample_below(&s, SHAPES)]);
        if (well) well = test_one(t, &s, &dtype_rows[i], &dtype_rows[i], &long_row);
    }
    return well;
}

int selftest_command(const command *self, const options *o)
{
    (void)self;
    session s;
    tally t = {.session = &s};
    int exit_status = session_open(&s, o);
    if (exit_status != EXIT_OK) return exit_status;
    bool complete = test_all(&t);
    if (stderr_is_terminal()) fputs("\r\033[K", stderr);
    if (!complete) fprintf(stderr, "vecdot: selftest: no memory for the arrays\n");
    printf("selftest on %s:%" PRId32 " (%s): %d passed, %d failed", s.info.backend, s.info.index, s.info.name,
           t.passed, t.failed);
    if (t.skipped > 0) printf(", %d skipped (the device has no float64)", t.skipped);
    putchar('\n');
    exit_status = finish_output();
    session_close(&s);
    return complete && t.failed == 0 && t.passed > 0 ? exit_status : EXIT_FAILED;
}
