/* At the edges of memory: no byte is read that is not an element of an array used in place, and buffers stay
 * within the device's largest one, whatever overlaps or is split. */
#include "core/run/job.h"

#include "support/backends.h"
#include "support/cmocka.h" /* last: its fail() is a macro */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static target *on;

static DLTensor tensor(void *data, int ndim, int64_t *shape, int64_t *strides)
{
    return (DLTensor){data, {kDLCPU, 0}, ndim, VECDOT_FLOAT32, shape, strides, 0};
}

static void must(vecdot_status status)
{
    if (status != VECDOT_SUCCESS) fail_msg("%s", vecdot_last_error());
    on->cases++;
}

/* ---- Rows that end where the memory does, with nothing readable between them ---- */

typedef struct guarded {
    char *start;
    size_t bytes;
    char *first;
    int64_t pitch; /* elements from row to row */
} guarded;

static DLDataType dtypes[] = {VECDOT_FLOAT32, VECDOT_FLOAT64,    VECDOT_FLOAT16, VECDOT_INT8,
                              VECDOT_INT32,   VECDOT_COMPLEX128, VECDOT_BFLOAT16};

/* `rows` rows of `length` elements, each at the end of a page that no readable one follows. Floats are small
 * whole numbers, so that any order of summation gives the same; all others are zero. */
static guarded guard_rows(DLDataType type, int64_t rows, int64_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = type.bits / 8;
    guarded g = {.bytes = 2 * page * (size_t)rows, .pitch = (int64_t)(2 * page / size)};
    g.start = mmap(NULL, g.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.start != MAP_FAILED);
    for (int64_t r = 0; r < rows; r++) {
        char *at = g.start + 2 * page * (size_t)r;
        assert_int_equal(mprotect(at, page, PROT_READ | PROT_WRITE), 0);
        char *row = at + page - (size_t)length * size;
        if (r == 0) g.first = row;
        if (type.code == kDLFloat && type.bits == 32)
            for (int64_t k = 0; k < length; k++) ((float *)(void *)row)[k] = (float)(r + k);
    }
    return g;
}

static void check_guarded(DLDataType type, int64_t rows, int64_t length, int axis)
{
    guarded g = guard_rows(type, rows, length);
    int64_t shape[2] = {rows, length}, strides[2] = {g.pitch, 1}, count = axis ? rows : length;
    static _Alignas(16) char out[16 * 512];
    DLTensor x = tensor(g.first, 2, shape, strides), result = tensor(out, 1, &count, NULL);
    x.dtype = result.dtype = type;
    memset(out, 0xff, sizeof out);
    must(vecdot(on->queue, &x, &x, axis, &result));
    if (type.code == kDLFloat && type.bits == 32)
        for (int64_t i = 0; i < count; i++) {
            float sum = 0;
            for (int64_t k = 0; k < (axis ? length : rows); k++) sum += (float)((i + k) * (i + k));
            assert_true(((float *)(void *)out)[i] == sum);
        }
    else
        for (int64_t i = 0; i < count * type.bits / 8; i++) assert_int_equal(out[i], 0);
    munmap(g.start, g.bytes);
}

static void test_only_elements_are_read(void **state)
{
    static const int64_t lengths[] = {1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 50, 100, 200};
    (void)state;
    if (!on->policy.share_host) return;
    for (int how = 0; how < 2; how++)
        for (size_t t = 0; t < sizeof dtypes / sizeof dtypes[0]; t++)
            for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
                for (int64_t rows = 1; rows < 40; rows += 19)
                    for (int axis = 0; axis < 2; axis++) {
                        target_reset(on);
                        target_follow(on, how ? SCHEDULE_GPU : SCHEDULE_CPU);
                        check_guarded(dtypes[t], rows, lengths[k], axis);
                    }
    target_reset(on);
}

/* ---- Buffers ---- */

enum { LIMIT = 1 << 16 }; /* bytes of the largest buffer */

static float numbers[3 * LIMIT];

/* A signal with itself shifted: each fits a buffer, what both span does not. */
static void test_inputs_that_overlap(void **state)
{
    int64_t n = LIMIT / sizeof(float) * 3 / 4;
    float out = 0, sum = 0;
    DLTensor x1 = tensor(numbers, 1, &n, NULL), x2 = tensor(numbers + n / 2, 1, &n, NULL),
             r = tensor(&out, 0, NULL, NULL);
    (void)state;
    target_reset(on);
    on->context->policy.max_alloc = LIMIT;
    for (int i = 0; i < LIMIT; i++) numbers[i] = (float)(i % 5);
    for (int64_t i = 0; i < n; i++) sum += numbers[i] * numbers[i + n / 2];
    must(vecdot(on->queue, &x1, &x2, -1, &r));
    assert_true(out == sum);
    target_reset(on);
}

/* out over an input, each fitting a buffer, both together not: as if the input had been copied first. */
static void test_out_over_an_input(void **state)
{
    int64_t n = 3, rows = LIMIT / 12 * 3 / 4, shape[2] = {rows, n};
    DLTensor x = tensor(numbers, 2, shape, NULL), r = tensor(numbers + 2 * rows, 1, &rows, NULL);
    float *expected = malloc(sizeof(float) * (size_t)rows);
    (void)state;
    assert_non_null(expected);
    target_reset(on);
    for (int64_t i = 0; i < rows * n; i++) numbers[i] = (float)(i % 7);
    for (int64_t i = 0; i < rows; i++) {
        const float *v = numbers + i * n;
        expected[i] = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
    }
    on->context->policy.max_alloc = rows * n * (int64_t)sizeof(float) - 64;
    must(vecdot(on->queue, &x, &x, -1, &r));
    assert_memory_equal(numbers + 2 * rows, expected, sizeof(float) * (size_t)rows);
    free(expected);
    target_reset(on);
}

/* A product with long rows: the partials of its nodes would be larger than the inputs and the result. */
static void test_partials_are_bounded(void **state)
{
    problem p = {.type = {DTYPE_F32, DTYPE_F32, DTYPE_F32},
                 .result = DTYPE_F32,
                 .n = 1 << 20,
                 .stride = {1, 1},
                 .rank = 2,
                 .is_matrix = 1};
    plan_policy policy = on->policy;
    plan pl;
    (void)state;
    for (int d = 0; d < 2; d++) {
        p.shape[d] = 20000;
        p.step[d][d] = 1 << 20;
    }
    p.step[OUT][0] = 20000;
    p.step[OUT][1] = 1;
    policy.schedule = SCHEDULE_CPU;
    plan_build(&p, &policy, 0, INT64_MAX, &pl);
    assert_string_equal(plan_class_name(pl.cls), "matrix");
    assert_true(pl.partial_bytes <= (size_t)1 << 26);
}

/* ---- out with fewer dimensions ---- */

/* As NumPy has it, out may lack leading dimensions of size 1 and no others. */
static void test_out_without_leading_ones(void **state)
{
    int64_t shape[4] = {1, 1, 3, 4}, none[1] = {0};
    float out[3] = {-1, -1, -1};
    DLTensor x = tensor(numbers, 4, shape, NULL), y = tensor(numbers, 1, shape + 3, NULL);
    DLTensor r = tensor(out, 1, shape + 2, NULL), scalar = tensor(out, 0, none, NULL);
    (void)state;
    for (int i = 0; i < 12; i++) numbers[i] = (float)i;
    must(vecdot(on->queue, &x, &y, -1, &r));
    assert_true(out[0] == 14 && out[1] == 38 && out[2] == 62);
    assert_int_equal(vecdot(on->queue, &x, &y, -1, &scalar), VECDOT_ERROR_OUT_SHAPE);
    shape[0] = 2;
    assert_int_equal(vecdot(on->queue, &x, &y, -1, &r), VECDOT_ERROR_OUT_SHAPE);
    shape[0] = shape[2] = 1;
    must(vecdot(on->queue, &x, &y, -1, &scalar));
    assert_true(out[0] == 14);
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_elements_are_read),   cmocka_unit_test(test_inputs_that_overlap),
        cmocka_unit_test(test_out_over_an_input),        cmocka_unit_test(test_partials_are_bounded),
        cmocka_unit_test(test_out_without_leading_ones),
    };
    on = t;
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
