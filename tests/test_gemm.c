/* Products of matrices in a BLAS's words: every layout of both operands and of the output, element by element
 * against the problem's own strides, and all that is declined. Needs no device. */
#include "core/plan/gemm.h"
#include "core/problem/layout.h"
#include "support/cmocka.h"

#include <string.h>

enum { BATCH = 3, ROWS = 9, COLUMNS = 11, N = 5 };

/* Where an operand's neighbours are: along the contracted axis, or along its rows or columns. */
typedef enum order { ALONG, ACROSS } order;

static const uintptr_t aligned[ARRAYS];

/* An input of `lines` lines of n elements, with gaps; the batch outermost. */
static void place_input(problem *p, int array, int dimension, int64_t lines, order how)
{
    int64_t gap = 2, ld = (how == ALONG ? p->n : lines) + gap;
    p->stride[array] = p->n > 1 ? (how == ALONG ? 1 : ld) : 0;
    p->step[array][dimension] = how == ALONG ? ld : 1;
    p->step[array][0] = ld * (how == ALONG ? lines : p->n) + gap;
}

static problem make(dtype t, order x1, order x2, order out, int64_t n)
{
    problem p = {
        .type = {t, t, t}, .result = t, .n = n, .rank = 3, .shape = {BATCH, ROWS, COLUMNS}, .is_matrix = 1};
    place_input(&p, X1, 1, ROWS, x1);
    place_input(&p, X2, 2, COLUMNS, x2);
    p.step[OUT][1] = out == ALONG ? COLUMNS + 1 : 1;
    p.step[OUT][2] = out == ALONG ? 1 : ROWS + 1;
    p.step[OUT][0] = (ROWS + 1) * (COLUMNS + 1);
    return p;
}

/* Where a BLAS looks for element [i, j] of op(x). */
static int64_t index_of(const gemm_matrix *x, int64_t k, int64_t i, int64_t j)
{
    return k * x->step + (x->op == GEMM_PLAIN ? i + j * x->ld : j + i * x->ld);
}

/* An input's element of line `line`, `l` along the contracted axis. */
static int64_t wanted_input(const problem *p, int array, int64_t k, int64_t line, int64_t l)
{
    return k * p->step[array][0] + line * p->step[array][array == X1 ? 1 : 2] + l * p->stride[array];
}

static void check_output(const problem *p, const gemm *g, int64_t k, int64_t i, int64_t j)
{
    int turned = g->a.array == X2;
    int64_t row = turned ? j : i, column = turned ? i : j;
    assert_int_equal(index_of(&g->c, k, i, j),
                     k * p->step[OUT][0] + row * p->step[OUT][1] + column * p->step[OUT][2]);
    for (int64_t l = 0; l < g->depth; l++) {
        assert_int_equal(index_of(&g->a, k, i, l), wanted_input(p, g->a.array, k, i, l));
        assert_int_equal(index_of(&g->b, k, l, j), wanted_input(p, g->b.array, k, j, l));
    }
}

/* Every index, and that the spans end with the last of them. */
static void check(const problem *p, const gemm *g)
{
    const gemm_matrix *x1 = g->a.array == X1 ? &g->a : &g->b, *x2 = g->a.array == X1 ? &g->b : &g->a;
    int conjugate = dtype_is_complex(p->result) && !p->no_conj;
    assert_int_equal(x1->array + x2->array, X1 + X2);
    assert_int_equal(g->c.array, OUT);
    assert_int_equal(g->type, p->result);
    assert_int_equal(x1->op == GEMM_CONJUGATE, conjugate);
    assert_int_not_equal(x2->op, GEMM_CONJUGATE);
    assert_int_equal(g->m * g->n, p->shape[1] * p->shape[2]);
    assert_int_equal(g->depth, p->n);
    assert_int_equal(g->batch, p->shape[0]);
    for (int64_t k = 0; k < g->batch; k++)
        for (int64_t i = 0; i < g->m; i++)
            for (int64_t j = 0; j < g->n; j++) check_output(p, g, k, i, j);
    int64_t size = dtype_size(p->result);
    assert_int_equal(g->c.reach, layout_extent(p, OUT).high / size);
    assert_int_equal(x1->reach, layout_extent(p, X1).high / size);
    assert_int_equal(x2->reach, layout_extent(p, X2).high / size);
}

static void expect_declined(const problem *p, const char *says)
{
    gemm g;
    const char *why = gemm_describe(p, aligned, &g);
    if (why == NULL || strstr(why, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why ? why : "", says);
}

/* ---- Tests --------------------------------------------------------------------------------------- */

static void test_layouts(void **state)
{
    gemm g;
    (void)state;
    for (int how = 0; how < 8; how++) {
        problem p = make(DTYPE_F32, (order)(how & 1), (order)(how >> 1 & 1), (order)(how >> 2), N);
        const char *why = gemm_describe(&p, aligned, &g);
        if (why != NULL) fail_msg("layout %d: %s", how, why);
        check(&p, &g);
        p = make(DTYPE_F32, (order)(how & 1), (order)(how >> 1 & 1), (order)(how >> 2), 1);
        assert_null(gemm_describe(&p, aligned, &g));
        check(&p, &g);
    }
}

/* A BLAS conjugates only what it transposes: x1 across for an output in rows, along for one in columns. */
static void test_conjugation(void **state)
{
    gemm g;
    (void)state;
    for (int how = 0; how < 8; how++) {
        order x1 = (order)(how & 1), out = (order)(how >> 2);
        problem p = make(DTYPE_C64, x1, (order)(how >> 1 & 1), out, N);
        int can = x1 != out;
        if (can) {
            assert_null(gemm_describe(&p, aligned, &g));
            check(&p, &g);
        } else {
            expect_declined(&p, "conjugated without being transposed");
        }
        p.no_conj = 1;
        assert_null(gemm_describe(&p, aligned, &g));
        check(&p, &g);
    }
}

/* Without a batch, and with one of the product's sides a single line, as pieces of a problem have it. */
static void test_few_dimensions(void **state)
{
    gemm g;
    (void)state;
    problem p = {
        .type = {DTYPE_F64, DTYPE_F64, DTYPE_F64}, .result = DTYPE_F64, .n = N, .rank = 2, .is_matrix = 1};
    p.shape[0] = ROWS, p.shape[1] = COLUMNS;
    p.stride[X1] = p.stride[X2] = 1;
    p.step[X1][0] = p.step[X2][1] = N;
    p.step[OUT][0] = COLUMNS, p.step[OUT][1] = 1;
    assert_null(gemm_describe(&p, aligned, &g));
    assert_int_equal(g.batch, 1);
    assert_int_equal(g.m, COLUMNS);
    assert_int_equal(g.n, ROWS);
    assert_int_equal(g.a.op, GEMM_TRANSPOSE);
    assert_int_equal(g.b.op, GEMM_PLAIN);
    p.rank = 1, p.shape[0] = COLUMNS;
    p.step[X1][0] = 0, p.step[X2][0] = N, p.step[OUT][0] = 1;
    assert_null(gemm_describe(&p, aligned, &g));
    assert_int_equal(g.m * g.n, COLUMNS);
    assert_true(g.a.ld >= N && g.b.ld >= N && g.c.ld >= g.m);
}

/* One operand for the whole batch. */
static void test_shared_operand(void **state)
{
    gemm g;
    (void)state;
    problem p = make(DTYPE_F32, ALONG, ALONG, ALONG, N);
    p.step[X2][0] = 0; /* moves with x1 alone: rows of their own, which are more than one stride */
    expect_declined(&p, "more than one stride");
    p.step[X1][0] = 0; /* both stay: the same product again and again */
    assert_null(gemm_describe(&p, aligned, &g));
    check(&p, &g);
}

static void test_declined(void **state)
{
    const problem good = make(DTYPE_F32, ALONG, ALONG, ALONG, N);
    gemm g;
    problem p = good;
    (void)state;
    p.is_matrix = 0;
    expect_declined(&p, "no product");
    p = good, p.n = 0;
    expect_declined(&p, "no terms");
    p = good, p.type[X2] = DTYPE_F16;
    expect_declined(&p, "dtypes differ");
    p = good, p.stride[X1] = 2;
    expect_declined(&p, "x1 has no unit stride");
    p = good, p.stride[X1] = -1;
    expect_declined(&p, "x1 has no unit stride");
    p = good, p.stride[X2] = 2;
    expect_declined(&p, "x2 has no unit stride");
    p = good, p.step[X1][1] = N - 1; /* rows that overlap */
    expect_declined(&p, "x1 has no unit stride");
    p = good, p.step[X2][2] = -N;
    expect_declined(&p, "x2 has no unit stride");
    p = good, p.step[OUT][2] = 2;
    expect_declined(&p, "out has no unit stride");
    p = good, p.step[OUT][1] = -COLUMNS;
    expect_declined(&p, "out has no unit stride");
    p = good, p.step[X1][0] = -100;
    expect_declined(&p, "reversed");
    const uintptr_t odd[ARRAYS] = {0, 6, 0}, half[ARRAYS] = {4, 0, 0};
    assert_non_null(strstr(gemm_describe(&good, odd, &g), "not aligned"));
    p = make(DTYPE_C64, ACROSS, ALONG, ALONG, N);
    assert_non_null(strstr(gemm_describe(&p, half, &g), "not aligned")); /* its components are */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),        cmocka_unit_test(test_conjugation),
        cmocka_unit_test(test_few_dimensions), cmocka_unit_test(test_shared_operand),
        cmocka_unit_test(test_declined),
    };
    return cmocka_run_group_tests_name("gemm", tests, NULL, NULL);
}
