/* Class matrix: its order of sums, to the bit, for every dtype on both schedules, with sums of one block, of
 * several and split into nodes, rows and columns that fill no tile, any layout; and what decides whether a
 * problem is of the class. */
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/generate.h"

#include <string.h>

static target *tested;

typedef struct shape {
    int64_t batch, rows, columns, n;
} shape;

enum layout { ROWS_OF_N, AXIS_FIRST, X2_AXIS_FIRST, REVERSED, MISALIGNED_X1, LAYOUTS };

/* Fills array `which`: its shape is there; room for a misaligned start. */
static void place_array(trial *p, int which, ref_type type, enum layout how, random_source *random)
{
    array *a = &p->array[which];
    a->type = type;
    a->storage = which;
    array_make_contiguous(a);
    a->offset = how == MISALIGNED_X1 && which == ARRAY_X1 ? 1 : 0;
    assert_true(storage_create(p, which, (size_t)(array_elements(a) * ref_size(type) + a->offset)));
    if (how == REVERSED && which != ARRAY_OUT) { /* backwards along the contracted axis and the lanes */
        for (int d = 1; d < a->ndim; d++) {
            a->offset += (a->shape[d] - 1) * a->strides[d] * ref_size(type);
            a->strides[d] = -a->strides[d];
        }
    }
    if (which != ARRAY_OUT) array_fill(p, a, 1, random);
}

static void make(trial *p, ref_type type1, ref_type type2, shape s, enum layout how, random_source *random)
{
    trial_start(p);
    for (int i = 0; i < 3; i++) {
        int64_t *size = p->array[i].shape;
        int at = 0;
        int first = how == AXIS_FIRST || (how == X2_AXIS_FIRST && i == ARRAY_X2);
        if (i != ARRAY_OUT && first) size[at++] = s.n;
        size[at++] = s.batch;
        size[at++] = i == ARRAY_X2 ? 1 : s.rows;
        size[at++] = i == ARRAY_X1 ? 1 : s.columns;
        if (i != ARRAY_OUT && !first) size[at++] = s.n;
        p->array[i].ndim = at;
    }
    if (how == AXIS_FIRST) p->axis[0] = 0;
    if (how == AXIS_FIRST || how == X2_AXIS_FIRST) p->axis[1] = 0;
    place_array(p, ARRAY_X1, type1, how, random);
    place_array(p, ARRAY_X2, type2, how, random);
    place_array(p, ARRAY_OUT, ref_promote(type1, type2), how, random);
}

static int has_fp64_for(const trial *p)
{
    ref_type t = trial_compute_type(p);
    return tested->info.has_fp64 || (t != REF_F64 && t != REF_C128);
}

/* Runs a problem on each schedule and checks every byte. */
static void expect_right(ref_type type1, ref_type type2, shape s, enum layout how, int64_t nodes, int units)
{
    for (int cpu = 0; cpu < 2; cpu++) {
        random_source random = random_start(5, (uint64_t)(type1 * REF_COUNT + type2));
        char why[512], words[8192];
        trial p;
        if (!target_has_schedule(tested, cpu ? SCHEDULE_CPU : SCHEDULE_GPU)) continue;
        make(&p, type1, type2, s, how, &random);
        if (has_fp64_for(&p)) {
            target_reset(tested);
            tested->context->policy.force_nodes = nodes;
            if (units > 0) tested->context->policy.units = units;
            target_follow(tested, cpu ? SCHEDULE_CPU : SCHEDULE_GPU);
            assert_true(trial_seal(&p));
            assert_int_equal(trial_explain(&p, tested->queue, words, sizeof words), VECDOT_SUCCESS);
            assert_non_null(strstr(words, cpu ? "matrix_cpu" : "_gpu"));
            assert_int_equal(trial_call(&p, tested->queue), VECDOT_SUCCESS);
            if (!trial_verify(&p, tested->queue, why, sizeof why)) {
                trial_print(&p, stderr);
                fail_msg("%s schedule, %d nodes: %s", cpu ? "cpu" : "gpu", (int)nodes, why);
            }
            tested->cases++;
        }
        trial_free(&p);
    }
}

/* ---- Tests --------------------------------------------------------------------------------------- */

static void test_dtypes(void **state)
{
    (void)state;
    for (int t = 0; t < REF_COUNT; t++) {
        expect_right((ref_type)t, (ref_type)t, (shape){2, 9, 19, 700}, ROWS_OF_N, 0, 0);
        expect_right((ref_type)t, (ref_type)t, (shape){1, 17, 33, 1300}, AXIS_FIRST, 2, 0);
        expect_right((ref_type)t, REF_F32, (shape){1, 8, 8, 60}, REVERSED, 0, 0);
    }
}

/* One block, its edges, and trees of several, whole and in nodes. */
static void test_lengths(void **state)
{
    static const int64_t lengths[] = {1, 2, 15, 511, 512, 513, 1024, 1025, 1537, 2560, 5000, 9000};
    (void)state;
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
        for (int64_t nodes = 0; nodes < 4; nodes += 3)
            expect_right(REF_F32, REF_F32, (shape){1, 8, 9, lengths[k]}, ROWS_OF_N, nodes, 1);
}

static void test_edges(void **state)
{
    static const int64_t sizes[] = {8, 14, 15, 16, 17, 31, 32, 33, 65, 129, 150};
    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        expect_right(REF_F32, REF_F32, (shape){1, sizes[k], sizes[10 - k], 40}, ROWS_OF_N, 0, 1);
        expect_right(REF_F64, REF_F64, (shape){1, sizes[k], sizes[k], 33}, AXIS_FIRST, 0, 1);
        expect_right(REF_C64, REF_C64, (shape){3, sizes[10 - k], sizes[k], 9}, REVERSED, 0, 1);
    }
}

/* Short sides: strips of either operand's lanes with whole and cut slices, more than one of them, and
 * squares. */
static void test_skinny(void **state)
{
    (void)state;
    for (int t = 0; t < REF_COUNT; t++) {
        expect_right((ref_type)t, (ref_type)t, (shape){1, 300, 17, 208}, ROWS_OF_N, 0, 0);
        expect_right((ref_type)t, (ref_type)t, (shape){2, 9, 170, 144}, ROWS_OF_N, 0, 0);
        expect_right((ref_type)t, (ref_type)t, (shape){1, 170, 9, 144}, X2_AXIS_FIRST, 0, 0);
        expect_right((ref_type)t, (ref_type)t, (shape){3, 9, 12, 1136}, ROWS_OF_N, 2, 0);
    }
    expect_right(REF_F32, REF_F32, (shape){1, 12, 160, 5204}, ROWS_OF_N, 2, 1);
    expect_right(REF_F32, REF_F32, (shape){1, 8, 8, 20004}, ROWS_OF_N, 0, 8);
}

static void test_layouts(void **state)
{
    (void)state;
    for (int how = 0; how < LAYOUTS; how++) {
        expect_right(REF_F32, REF_F32, (shape){1, 70, 40, 530}, (enum layout)how, 0, 0);
        expect_right(REF_I16, REF_F64, (shape){2, 20, 24, 530}, (enum layout)how, 2, 0);
    }
}

/* Eight rows and eight columns make a product; seven do not, nor a stride of 0 where the shape has the
 * dimension. */
static void test_rule(void **state)
{
    static const struct {
        shape s;
        uint32_t flags;
        int is_matrix;
    } cases[] = {{{1, 8, 8, 30}, 0, 1},
                 {{1, 7, 800, 30}, 0, 0},
                 {{5, 800, 7, 30}, 0, 0},
                 {{1, 8, 8, 30}, VECDOT_REPRODUCIBLE, 0},
                 {{9, 8, 8, 1}, 0, 1}};
    (void)state;
    target_reset(tested);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        random_source random = random_start(5, k);
        char why[512], words[8192];
        trial p;
        make(&p, REF_F32, REF_F32, cases[k].s, ROWS_OF_N, &random);
        p.flags = cases[k].flags;
        assert_true(trial_seal(&p));
        assert_int_equal(trial_explain(&p, tested->queue, words, sizeof words), VECDOT_SUCCESS);
        assert_int_equal(strstr(words, "class matrix") != NULL, cases[k].is_matrix);
        assert_int_equal(trial_call(&p, tested->queue), VECDOT_SUCCESS);
        if (!trial_verify(&p, tested->queue, why, sizeof why)) fail_msg("case %d: %s", (int)k, why);
        tested->cases++;
        trial_free(&p);
    }
}

/* VECDOT_REPRODUCIBLE=1 in the environment ends up in the policy. */
static void test_reproducible_context(void **state)
{
    random_source random = random_start(5, 99);
    char why[512], words[8192];
    trial p;
    (void)state;
    target_reset(tested);
    tested->context->policy.reproducible = 1;
    make(&p, REF_F32, REF_F32, (shape){1, 20, 20, 3000}, ROWS_OF_N, &random);
    p.reproducible = 1;
    assert_true(trial_seal(&p));
    assert_int_equal(trial_explain(&p, tested->queue, words, sizeof words), VECDOT_SUCCESS);
    assert_null(strstr(words, "class matrix"));
    assert_int_equal(trial_call(&p, tested->queue), VECDOT_SUCCESS);
    if (!trial_verify(&p, tested->queue, why, sizeof why)) fail_msg("%s", why);
    tested->cases++;
    trial_free(&p);
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rule),    cmocka_unit_test(test_reproducible_context),
        cmocka_unit_test(test_lengths), cmocka_unit_test(test_edges),
        cmocka_unit_test(test_layouts), cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_skinny),
    };
    tested = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
