/* The planner with no device: the class of every shape of the design, both schedules, and what each plan must
 * keep to. */
#include "core/plan/plan_gpu.h"
#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

#include "support/cmocka.h" /* last: its fail() is a macro */
#include "support/thresholds.h"

#include <string.h>

static plan_policy cpu = {
    .schedule = SCHEDULE_CPU, .units = 2, .max_alloc = INT64_MAX, .share_host = 1, .has_fp64 = 1};
static plan_policy gpu = {
    .schedule = SCHEDULE_GPU, .units = 132, .parallel_groups = 1056, .max_alloc = INT64_MAX, .has_fp64 = 1};

/* One batch dimension of `outputs`, and the contracted axis. */
static problem make(dtype t, int64_t outputs, int64_t n, int64_t step1, int64_t step2, int64_t stride1,
                    int64_t stride2)
{
    problem p = {.type = {t, t, t}, .result = t, .n = n, .stride = {stride1, stride2}, .vectors = {1, 1}};
    if (outputs > 1) {
        p.rank = 1;
        p.shape[0] = outputs;
        p.step[X1][0] = step1;
        p.step[X2][0] = step2;
        p.step[OUT][0] = 1;
    }
    return p;
}

static problem rows(dtype t, int64_t outputs, int64_t n)
{
    return make(t, outputs, n, n, n, 1, 1);
}

static plan build(const problem *p, const plan_policy *policy)
{
    plan pl;
    plan_build(p, policy, 0, INT64_MAX, &pl);
    return pl;
}

static int in_table(const variant *v)
{
    variant w;
    for (size_t k = 0; variant_at(k, &w); k++)
        if (memcmp(v, &w, sizeof w) == 0) return 1;
    return 0;
}

/* Whatever the plan: its variants exist, its nodes make a tree, its launches cover the outputs. */
static void check_plan(const problem *p, const plan *pl)
{
    assert_true(pl->step_count >= 1 && pl->step_count <= MAX_STEPS);
    assert_int_equal(pl->outputs, problem_outputs(p));
    if (pl->nodes > 1) {
        assert_int_equal(pl->node_chunks & (pl->node_chunks - 1), 0);
        assert_true(pl->partial_bytes > 0);
    }
    assert_true(pl->nodes * pl->node_chunks * pl->chunk >= p->n || p->n == 0);
    assert_true(pl->members >= 1 && (pl->members & (pl->members - 1)) == 0);
    assert_true(pl->members == 1 || (pl->span & (pl->span - 1)) == 0);
    assert_true(!pl->fused || planner_of((kernel_id)pl->steps[0].v.kernel)->partials_apart);
    for (int k = 0; k < pl->step_count; k++) {
        const step *s = &pl->steps[k];
        assert_true(in_table(&s->v));
        assert_true(kernel_rows[s->v.kernel].schedules & 1 << pl->schedule);
        assert_true(s->groups >= 1 && s->group_size >= 1);
        assert_true(s->p.block >= 1);
        assert_true(s->p.rank >= 1 && s->p.rank <= LAUNCH_DIMS);
    }
}

static void expect_class(const problem *p, const plan_policy *policy, plan_class cls, kernel_id kernel,
                         load how_loaded)
{
    plan pl = build(p, policy);
    check_plan(p, &pl);
    assert_string_equal(plan_class_name(pl.cls), plan_class_name(cls));
    assert_string_equal(kernel_name((kernel_id)pl.steps[0].v.kernel), kernel_name(kernel));
    assert_int_equal(pl.steps[0].v.load, how_loaded);
}

static void test_classes_cpu(void **state)
{
    (void)state;
    problem p = rows(DTYPE_F32, 1000, 0);
    expect_class(&p, &cpu, CLASS_FILL, KERNEL_FILL, LOAD_NONE);
    p = rows(DTYPE_F32, 1 << 20, 3);
    expect_class(&p, &cpu, CLASS_SHORT, KERNEL_FOLD_CPU, LOAD_VECTOR);
    p = rows(DTYPE_F32, 1 << 20, 2048); /* a chunk */
    expect_class(&p, &cpu, CLASS_SHORT, KERNEL_FOLD_CPU, LOAD_VECTOR);
    p = rows(DTYPE_F32, 1 << 20, 2049);
    expect_class(&p, &cpu, CLASS_LANES, KERNEL_ROWS_CPU, LOAD_VECTOR);
    p = make(DTYPE_F32, 1000, 64, 64, 0, 1, 1);
    expect_class(&p, &cpu, CLASS_SHORT, KERNEL_FOLD_CPU, LOAD_VECTOR);
    p = make(DTYPE_F32, 1000, 3, 6, 6, 2, 2);
    expect_class(&p, &cpu, CLASS_SHORT, KERNEL_SHORT_CPU, LOAD_STRIDED);
    p = rows(DTYPE_F32, 1 << 16, 4096);
    expect_class(&p, &cpu, CLASS_LANES, KERNEL_ROWS_CPU, LOAD_VECTOR);
    p = rows(DTYPE_F32, 1, 1 << 26);
    expect_class(&p, &cpu, CLASS_SPLIT, KERNEL_ROWS_CPU, LOAD_VECTOR);
    p = make(DTYPE_F32, 16384, 4096, 1, 1, 16384, 16384);
    expect_class(&p, &cpu, CLASS_COLUMN, KERNEL_PANEL_CPU, LOAD_VECTOR);
    p = make(DTYPE_F32, 20, 100, 0, 1, 1, 20); /* a vector with every column of a matrix */
    expect_class(&p, &cpu, CLASS_COLUMN, KERNEL_PANEL_CPU, LOAD_VECTOR);
    p = make(DTYPE_F32, 65536, 4096, 4096, 0, 1, 1);
    expect_class(&p, &cpu, CLASS_SHARED, KERNEL_ROWS_CPU, LOAD_VECTOR);
    p = make(DTYPE_F32, 65536, 4096, 8192, 8192, 2, 2);
    expect_class(&p, &cpu, CLASS_LANES, KERNEL_TILE_CPU, LOAD_STRIDED);
    p = make(DTYPE_F32, 65536, 4096, 4096, 1, 1, 65536); /* one in C order, one in Fortran order */
    expect_class(&p, &cpu, CLASS_LANES, KERNEL_TILE_CPU, LOAD_STRIDED);
    p = rows(DTYPE_F32, 65536, 4096);
    p.misaligned[X2] = 1;
    expect_class(&p, &cpu, CLASS_LANES, KERNEL_ROWS_CPU, LOAD_ANY);
}

static void test_classes_gpu(void **state)
{
    (void)state;
    problem p = rows(DTYPE_F32, 1000, 0);
    expect_class(&p, &gpu, CLASS_FILL, KERNEL_FILL, LOAD_NONE);
    p = rows(DTYPE_F32, 1 << 20, 64);
    expect_class(&p, &gpu, CLASS_SHORT, KERNEL_DENSE_GPU, LOAD_VECTOR);
    p = rows(DTYPE_F32, 1 << 20, 3); /* rows that are no 16-byte multiple */
    expect_class(&p, &gpu, CLASS_SHORT, KERNEL_DENSE_GPU, LOAD_VECTOR);
    p.vectors[X2] = 0;
    expect_class(&p, &gpu, CLASS_SHORT, KERNEL_SHORT_GPU, LOAD_STRIDED);
    p = make(DTYPE_F32, 1 << 20, 64, 68, 64, 1, 1); /* gaps between rows */
    expect_class(&p, &gpu, CLASS_SHORT, KERNEL_SHORT_GPU, LOAD_VECTOR);
    p = rows(DTYPE_F32, 1, 3); /* less than sixteen bytes */
    expect_class(&p, &gpu, CLASS_SHORT, KERNEL_SHORT_GPU, LOAD_STRIDED);
    p = rows(DTYPE_F32, 1 << 16, 4096);
    expect_class(&p, &gpu, CLASS_LANES, KERNEL_TEAM_GPU, LOAD_VECTOR);
    p.vectors[X1] = 0;
    expect_class(&p, &gpu, CLASS_LANES, KERNEL_TEAM_GPU, LOAD_STRIDED);
    p = rows(DTYPE_F32, 1 << 16, 4095); /* rows that start between 16-byte boundaries */
    expect_class(&p, &gpu, CLASS_LANES, KERNEL_TEAM_GPU, LOAD_STRIDED);
    p = rows(DTYPE_F32, 1, 1 << 26);
    expect_class(&p, &gpu, CLASS_SPLIT, KERNEL_TEAM_GPU, LOAD_VECTOR);
    p = make(DTYPE_F32, 16384, 4096, 1, 1, 16384, 16384);
    expect_class(&p, &gpu, CLASS_COLUMN, KERNEL_THREAD_GPU, LOAD_STRIDED);
    p = make(DTYPE_F32, 65536, 4096, 4096, 0, 1, 1);
    expect_class(&p, &gpu, CLASS_SHARED, KERNEL_TEAM_GPU, LOAD_VECTOR);
}

/* One operand in C order, the other in Fortran order: aligned, in whole vectors, and wide enough. */
static void test_turned_columns_gpu(void **state)
{
    (void)state;
    const problem turned = make(DTYPE_F32, 131072, 4096, 4096, 1, 1, 131072);
    expect_class(&turned, &gpu, CLASS_LANES, KERNEL_TILE_GPU, LOAD_VECTOR);
    assert_int_equal(build(&turned, &gpu).steps[0].buffers[0], BUFFER_X1);
    problem p = make(DTYPE_F32, 131072, 4096, 1, 4096, 131072, 1); /* the other way round */
    expect_class(&p, &gpu, CLASS_LANES, KERNEL_TILE_GPU, LOAD_VECTOR);
    assert_int_equal(build(&p, &gpu).steps[0].buffers[0], BUFFER_X2);
    p = make(DTYPE_F32, 32, 1 << 24, 1 << 24, 1, 1, 32);
    expect_class(&p, &gpu, CLASS_SPLIT, KERNEL_TILE_GPU, LOAD_VECTOR);
    p = make(DTYPE_F32, 8, 1 << 24, 1 << 24, 1, 1, 8); /* too narrow */
    expect_class(&p, &gpu, CLASS_SPLIT, KERNEL_TEAM_GPU, LOAD_STRIDED);
    p = make(DTYPE_F32, 131072, 4094, 4096, 1, 1, 131072); /* no whole vectors along the axis ... */
    expect_class(&p, &gpu, CLASS_LANES, KERNEL_TEAM_GPU, LOAD_STRIDED);
    p = make(DTYPE_F32, 131070, 4096, 4096, 1, 1, 131072); /* ... or along the outputs */
    expect_class(&p, &gpu, CLASS_LANES, KERNEL_TEAM_GPU, LOAD_STRIDED);
    p = turned;
    p.vectors[X2] = 0;
    expect_class(&p, &gpu, CLASS_LANES, KERNEL_TEAM_GPU, LOAD_STRIDED);
    p = turned;
    p.type[X2] = DTYPE_F16;
    expect_class(&p, &gpu, CLASS_LANES, KERNEL_TEAM_GPU, LOAD_STRIDED);
}

static void test_product_is_matrix(void **state)
{
    (void)state;
    problem p = rows(DTYPE_F32, 64, 4000);
    p.rank = 2;
    p.shape[1] = 32;
    p.step[X1][1] = p.step[X2][0] = 0;
    p.step[X2][1] = 4000;
    p.step[OUT][0] = 32;
    p.step[OUT][1] = 1;
    p.is_matrix = 1;
    expect_class(&p, &cpu, CLASS_MATRIX, KERNEL_MATRIX_CPU, LOAD_STRIDED);
    expect_class(&p, &gpu, CLASS_MATRIX, KERNEL_MATRIX_GPU, LOAD_STRIDED);
    plan pl = build(&p, &gpu);
    assert_int_equal(pl.chunk, MATRIX_BLOCK);
    assert_int_equal(pl.steps[0].p.rows, 64);
    assert_int_equal(pl.steps[0].p.columns, 32);
    p.is_matrix = 0; /* the canonical order was asked for */
    expect_class(&p, &cpu, CLASS_SHARED, KERNEL_ROWS_CPU, LOAD_VECTOR);
    expect_class(&p, &gpu, CLASS_SHARED, KERNEL_TEAM_GPU, LOAD_VECTOR);
    pl = build(&p, &gpu);
    assert_int_equal(pl.steps[0].v.tile, 4);
    assert_int_equal(pl.steps[0].p.swap, 1); /* x1 is the shared one along the innermost dimension */
    assert_int_equal(pl.steps[0].buffers[0], BUFFER_X2);
}

/* A forced class holds wherever it is legal, with any dtype, and every plan keeps its invariants. */
static void test_forced(void **state)
{
    (void)state;
    for (int s = 0; s < 2; s++)
        for (int cls = CLASS_SHORT; cls < CLASS_COUNT; cls++)
            for (int t = 0; t < DTYPE_COUNT; t++)
                for (int64_t nodes = 0; nodes < 40; nodes += 13) {
                    plan_policy policy = s ? gpu : cpu;
                    problem p = rows((dtype)t, 7, 100000);
                    policy.force = (plan_class)cls;
                    policy.force_nodes = nodes;
                    plan pl = build(&p, &policy);
                    check_plan(&p, &pl);
                    policy.force_any = 1;
                    pl = build(&p, &policy);
                    check_plan(&p, &pl);
                    assert_int_equal(pl.steps[0].v.load, LOAD_ANY);
                }
}

/* A split sum takes one launch where groups can hand each other partials, two elsewhere and where the
 * contracted axis goes in pieces. */
static void test_fused(void **state)
{
    (void)state;
    for (int columns = 0; columns < 2; columns++) {
        problem p = columns ? make(DTYPE_F32, 64, 1 << 20, 1, 1, 64, 64) : rows(DTYPE_F32, 1, 1 << 26);
        plan_policy policy = gpu;
        plan pl = build(&p, &policy);
        check_plan(&p, &pl);
        assert_true(pl.nodes > 1 && !pl.fused);
        assert_int_equal(pl.step_count, 2);
        policy.fenced_groups = 1;
        pl = build(&p, &policy);
        check_plan(&p, &pl);
        assert_true(pl.fused && pl.steps[0].p.fused);
        assert_int_equal(pl.step_count, 1);
        assert_int_equal(pl.steps[0].buffers[2], BUFFER_OUT);
        assert_int_equal(pl.steps[0].buffers[3], BUFFER_PARTIALS);
        assert_int_equal(pl.steps[0].buffers[4], BUFFER_COUNTERS);
        plan_build(&p, &policy, 0, 1 << 19, &pl);
        assert_true(!pl.fused);
        assert_int_equal(pl.step_count, 2);
    }
}

/* Neither a short last wave of groups nor idle members: several waves of the device, whatever the shape. */
static void test_groups_fill_the_device(void **state)
{
    static const int64_t outputs[] = {1, 3, 200, 1000, 1 << 16};
    (void)state;
    for (int t = 0; t < DTYPE_COUNT; t++)
        for (size_t k = 0; k < sizeof outputs / sizeof outputs[0]; k++)
            for (int columns = 0; columns < 2; columns++) {
                int64_t n = ((int64_t)1 << 33) / outputs[k];
                problem p = columns ? make((dtype)t, outputs[k], n, 1, 1, outputs[k], outputs[k])
                                    : rows((dtype)t, outputs[k], n);
                plan pl = build(&p, &gpu);
                check_plan(&p, &pl);
                assert_true(pl.steps[0].groups >= (size_t)gpu.parallel_groups * 2);
            }
}

static void test_results_in_scratch(void **state)
{
    (void)state;
    problem p = rows(DTYPE_F32, 100, 1 << 20);
    plan_policy policy = cpu;
    plan pl;
    policy.force_nodes = 8;
    plan_build(&p, &policy, 1, INT64_MAX, &pl);
    check_plan(&p, &pl);
    assert_int_equal(pl.step_count, 3); /* sums, combine, copy */
    assert_int_equal(pl.result_bytes, 400);
    assert_int_equal(pl.partial_bytes, 100 * pl.nodes * 4);
    assert_int_equal(pl.steps[2].v.kernel, KERNEL_COPY);
}

static void expect_work(const step *s, double products, double bytes)
{
    assert_true(s->products == products);
    if (s->bytes != bytes) fail_msg("%s: %.17g bytes", kernel_name((kernel_id)s->v.kernel), s->bytes);
}

/* A backend that shares a launch out by itself is told how much work it is. */
static void test_work(void **state)
{
    (void)state;
    problem p = rows(DTYPE_F32, 100, 1 << 20);
    const double products = 100.0 * (1 << 20);
    plan_policy policy = cpu;
    plan pl = build(&p, &policy);
    expect_work(&pl.steps[0], products, products * 8 + 100 * 4);
    p.type[X2] = DTYPE_F16;
    p.misaligned[X1] = 1; /* its bit is none of the dtype's */
    pl = build(&p, &policy);
    expect_work(&pl.steps[0], products, products * 6 + 100 * 4);
    p = rows(DTYPE_F32, 100, 1 << 20);
    policy.force_nodes = 8;
    plan_build(&p, &policy, 1, INT64_MAX, &pl);
    assert_int_equal(pl.nodes, 8);
    expect_work(&pl.steps[0], products, products * 8 + 800 * 4);
    expect_work(&pl.steps[1], 0, 800 * 4 + 100 * 4);
    expect_work(&pl.steps[2], 0, 100 * 8);
    step some = pl.steps[0]; /* as a range of nodes is launched */
    some.p.nodes = 2;
    plan_size_step(&pl, &policy, &some);
    expect_work(&some, products / 4, products / 4 * 8 + 200 * 4);
    p.n = 0;
    pl = build(&p, &cpu);
    expect_work(&pl.steps[0], 0, 100 * 4);
}

static void test_work_of_matrices(void **state)
{
    (void)state;
    problem p = rows(DTYPE_F32, 64, 1000);
    p.rank = 2;
    p.shape[1] = 32;
    p.step[X1][1] = p.step[X2][0] = 0;
    p.step[X2][1] = 1000;
    p.step[OUT][0] = 32;
    p.step[OUT][1] = 1;
    for (int s = 0; s < 2; s++)
        for (int is_matrix = 0; is_matrix < 2; is_matrix++) {
            const double products = 64 * 32 * 1000, read = is_matrix ? (64 + 32) * 1000 : 2 * products;
            p.is_matrix = is_matrix;
            plan_policy policy = s ? gpu : cpu;
            plan pl = build(&p, &policy);
            double written = pl.nodes > 1 ? (double)pl.nodes * 4 : 4;
            expect_work(&pl.steps[0], products, read * 4 + 64 * 32 * written);
        }
}

static void test_node_limit(void **state)
{
    (void)state;
    problem p = rows(DTYPE_F32, 1, 1 << 26);
    plan pl;
    plan_build(&p, &cpu, 0, 10000, &pl);
    check_plan(&p, &pl);
    assert_true(pl.node_chunks * pl.chunk <= 10000);
}

static void test_many_dimensions(void **state)
{
    (void)state;
    problem p = rows(DTYPE_F32, 2, 4);
    int64_t pace = 4;
    p.rank = 20;
    for (int d = 19; d >= 0; d--, pace *= 3) {
        p.shape[d] = 2;
        p.step[X1][d] = p.step[X2][d] = p.step[OUT][d] = pace;
    }
    plan pl = build(&p, &cpu);
    assert_int_equal(pl.passes_rank, 4);
    assert_int_equal(pl.outputs, 1 << 16);
    assert_int_equal(pl.steps[0].p.rank, LAUNCH_DIMS);
}

/* A group's rows fill vectors, which fit in its local memory, and its work-items take all of them. */
static void check_dense(const params *q, dtype t)
{
    int64_t vector = 16 / dtype_size(t), bytes = q->block * q->n * dtype_size(t);
    int is_half = t == DTYPE_F16 || t == DTYPE_BF16;
    assert_true(q->block >= 1 && bytes % 16 == 0 && bytes <= (is_half ? 8192 : 16384));
    assert_true(q->members <= TEAM && q->span <= (dtype_size(t) >= 8 ? 8 : 16));
    assert_true(q->members * q->span >= (q->n % vector == 0 ? q->n / vector : q->n));
}

/* Thresholds, whatever they are, give plans that keep to all of this. */
static void test_any_thresholds(void **state)
{
    random_source random = random_start(1, 0);
    (void)state;
    for (int trial = 0; trial < 20000; trial++) {
        plan_policy policy = trial % 2 ? gpu : cpu;
        assert_true(random_thresholds(&policy.thresholds, &random));
        int64_t n = 1 + random_below(&random, INT64_C(1) << random_below(&random, 24));
        int64_t outputs = 1 + random_below(&random, INT64_C(1) << random_below(&random, 16));
        dtype t = (dtype)random_below(&random, DTYPE_COUNT);
        problem p =
            random_chance(&random, 50) ? rows(t, outputs, n) : make(t, outputs, n, 1, 1, outputs, outputs);
        if (random_chance(&random, 25)) p.step[X2][0] = 0;
        policy.fenced_groups = random_chance(&random, 50);
        plan pl = build(&p, &policy);
        check_plan(&p, &pl);
        const params *q = &pl.steps[0].p;
        if (pl.steps[0].v.kernel == KERNEL_PANEL_CPU) assert_true(q->panel >= 1 && q->panel <= 16384);
        if (pl.steps[0].v.kernel == KERNEL_SHORT_CPU) assert_true(n <= 32);
        if (pl.steps[0].v.kernel == KERNEL_SHORT_GPU) assert_true(n * dtype_size(t) <= 512);
        if (pl.steps[0].v.kernel == KERNEL_DENSE_GPU) check_dense(q, t);
    }
}

/* Every kernel can be sized, those that sum have items, and a step has room for the buffers of each. */
static void test_planners(void **state)
{
    (void)state;
    assert_true(sizeof(params) + STEP_BUFFERS * sizeof(void *) <= 1024);
    for (int k = 0; k < KERNEL_COUNT; k++) {
        const planner *how = planner_of((kernel_id)k);
        assert_non_null(how->size);
        assert_int_equal(how->items != NULL, kernel_rows[k].inputs == 2);
        assert_true(kernel_rows[k].inputs + 1 + 2 * how->partials_apart <= STEP_BUFFERS);
    }
}

int main(void)
{
    cpu.thresholds = thresholds_of(FAMILY_HOST);
    gpu.thresholds = thresholds_of(FAMILY_HOPPER);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_cpu),
        cmocka_unit_test(test_classes_gpu),
        cmocka_unit_test(test_product_is_matrix),
        cmocka_unit_test(test_forced),
        cmocka_unit_test(test_fused),
        cmocka_unit_test(test_groups_fill_the_device),
        cmocka_unit_test(test_results_in_scratch),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_work_of_matrices),
        cmocka_unit_test(test_node_limit),
        cmocka_unit_test(test_many_dimensions),
        cmocka_unit_test(test_planners),
        cmocka_unit_test(test_turned_columns_gpu),
        cmocka_unit_test(test_any_thresholds),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
