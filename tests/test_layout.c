/* The pure layout module: collapsing, extents, alignment, and whether an output overlaps itself. */
#include "core/problem/layout.h"
#include "support/cmocka.h"

#include "core/problem/problem.h"

#include <string.h>

#define LIST(...) ((const int64_t[]){__VA_ARGS__})

/* A float32 problem with the given batch shape and element strides of x1, x2 and out. */
static problem make(int rank, const int64_t *shape, const int64_t *s1, const int64_t *s2, const int64_t *out)
{
    problem p = {.type = {DTYPE_F32, DTYPE_F32, DTYPE_F32},
                 .result = DTYPE_F32,
                 .n = 10,
                 .stride = {1, 1},
                 .rank = rank};
    size_t bytes = sizeof(int64_t) * (size_t)rank;
    memcpy(p.shape, shape, bytes);
    memcpy(p.step[X1], s1, bytes);
    memcpy(p.step[X2], s2, bytes);
    memcpy(p.step[OUT], out, bytes);
    return p;
}

static void expect_dimension(const problem *p, int d, int64_t size, int64_t s1, int64_t s2, int64_t out)
{
    assert_int_equal(p->shape[d], size);
    assert_int_equal(p->step[X1][d], s1);
    assert_int_equal(p->step[X2][d], s2);
    assert_int_equal(p->step[OUT][d], out);
}

static void test_contiguous_becomes_one_dimension(void **state)
{
    (void)state;
    problem p = make(3, LIST(2, 3, 4), LIST(120, 40, 10), LIST(120, 40, 10), LIST(12, 4, 1));
    layout_collapse(&p);
    assert_int_equal(p.rank, 1);
    expect_dimension(&p, 0, 24, 10, 10, 1);
}

static void test_size_one_goes(void **state)
{
    (void)state;
    problem p = make(3, LIST(1, 5, 1), LIST(0, 7, 0), LIST(0, 9, 0), LIST(0, 1, 0));
    layout_collapse(&p);
    assert_int_equal(p.rank, 1);
    expect_dimension(&p, 0, 5, 7, 9, 1);
    p = make(2, LIST(1, 1), LIST(0, 0), LIST(0, 0), LIST(0, 0));
    layout_collapse(&p);
    assert_int_equal(p.rank, 0);
    assert_int_equal(problem_outputs(&p), 1);
}

/* Fortran order: the dimension that moves least through the inputs becomes the innermost. */
static void test_order_follows_the_inputs(void **state)
{
    (void)state;
    problem p = make(2, LIST(6, 5), LIST(1, 60), LIST(1, 60), LIST(5, 1));
    layout_collapse(&p);
    assert_int_equal(p.rank, 2);
    expect_dimension(&p, 0, 5, 60, 60, 1);
    expect_dimension(&p, 1, 6, 1, 1, 5);
}

/* A broadcast operand keeps dimensions apart unless it is broadcast along both. */
static void test_broadcast_merges_only_with_its_like(void **state)
{
    (void)state;
    problem p = make(2, LIST(4, 3), LIST(30, 10), LIST(0, 10), LIST(3, 1));
    layout_collapse(&p);
    assert_int_equal(p.rank, 2);
    p = make(2, LIST(4, 3), LIST(30, 10), LIST(0, 0), LIST(3, 1));
    layout_collapse(&p);
    assert_int_equal(p.rank, 1);
    expect_dimension(&p, 0, 12, 10, 0, 1);
}

static void test_extents(void **state)
{
    (void)state;
    problem p = make(2, LIST(4, 3), LIST(-30, 10), LIST(0, 0), LIST(3, 1));
    extent e = layout_extent(&p, X1);
    assert_int_equal(e.low, -90 * 4);
    assert_int_equal(e.high, (20 + 9 + 1) * 4);
    e = layout_extent(&p, X2);
    assert_int_equal(e.low, 0);
    assert_int_equal(e.high, 40);
    e = layout_extent(&p, OUT);
    assert_int_equal(e.high, 48);
    p.n = 0;
    e = layout_extent(&p, X1);
    assert_int_equal(e.high - e.low, 0);
    e = layout_extent(&p, OUT); /* still written */
    assert_int_equal(e.high, 48);
}

static void test_alignment(void **state)
{
    (void)state;
    problem p = make(1, LIST(4), LIST(10), LIST(10), LIST(1));
    const uintptr_t at[ARRAYS] = {64, 68, 2};
    layout_alignment(&p, at);
    assert_int_equal(p.misaligned[X1], 0);
    assert_int_equal(p.misaligned[X2], 0);
    assert_int_equal(p.misaligned[OUT], 1);
    assert_int_equal(p.vectors[X1], 1);
    assert_int_equal(p.vectors[X2], 0);
    p.type[X2] = DTYPE_C64; /* a complex number needs the alignment of its parts only */
    layout_alignment(&p, at);
    assert_int_equal(p.misaligned[X2], 0);
}

static vecdot_status check_out(int rank, const int64_t *shape, const int64_t *steps)
{
    problem p = make(rank, shape, steps, steps, steps);
    return layout_check_out(&p);
}

static void test_out_overlap(void **state)
{
    (void)state;
    assert_int_equal(check_out(2, LIST(3, 4), LIST(4, 1)), VECDOT_SUCCESS);
    assert_int_equal(check_out(2, LIST(3, 4), LIST(-4, -1)), VECDOT_SUCCESS);
    assert_int_equal(check_out(2, LIST(3, 4), LIST(0, 1)), VECDOT_ERROR_OVERLAP);
    assert_int_equal(check_out(2, LIST(1, 4), LIST(0, 1)), VECDOT_SUCCESS);
    assert_int_equal(check_out(2, LIST(3, 4), LIST(3, 1)), VECDOT_ERROR_OVERLAP);
    assert_int_equal(check_out(2, LIST(2, 3), LIST(3, 2)), VECDOT_SUCCESS);       /* 0 2 4, 3 5 7 */
    assert_int_equal(check_out(2, LIST(3, 3), LIST(3, 2)), VECDOT_SUCCESS);       /* 0 2 4, 3 5 7, 6 8 10 */
    assert_int_equal(check_out(2, LIST(3, 4), LIST(3, 2)), VECDOT_ERROR_OVERLAP); /* 6 twice */
    assert_int_equal(check_out(2, LIST(0, 4), LIST(0, 0)), VECDOT_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contiguous_becomes_one_dimension),
        cmocka_unit_test(test_size_one_goes),
        cmocka_unit_test(test_order_follows_the_inputs),
        cmocka_unit_test(test_broadcast_merges_only_with_its_like),
        cmocka_unit_test(test_extents),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_out_overlap),
    };
    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
