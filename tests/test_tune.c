/* The search of `vecdot tune` on a clock and a device that are made up: it finds what is faster, is not led
 * by noise, refuses other bits, goes over steps that change nothing, and keeps to its budget. No device is
 * needed. */
#include "tune.h"

#include "support/cmocka.h"
#include "support/random.h"

enum { A, B, C, THRESHOLD_COUNT };

/* The device: each problem's seconds by the thresholds' values. */
static struct device {
    int64_t value[THRESHOLD_COUNT];
    double now, noise;
    int64_t other_bits_of_a; /* a value of the first threshold that gives other bits */
    int sets, samples;
    random_source random;
} device;

static double seconds_of(const tune_problem *p)
{
    double best = p->problem.terms == 0 ? 8 : 4096; /* of the first threshold, of the second */
    double value = (double)device.value[p->problem.terms == 0 ? A : B];
    if (p->problem.terms == 1 && value < 1024) value = 1024; /* steps below change nothing */
    double distance = value > best ? value / best : best / value;
    return 1e-3 * distance;
}

/* ---- What the search asks for --------------------------------------------------------------------- */

vecdot_status vecdot_tuning_set(vecdot_context *context, const char *name, int64_t value)
{
    (void)context;
    device.value[name[0] - 'a'] = value;
    device.sets++;
    return VECDOT_SUCCESS;
}

bool tune_plan(const session *s, const tune_problem *p, char plan[TUNE_PLAN_BYTES], fault *f)
{
    (void)s;
    (void)f;
    snprintf(plan, TUNE_PLAN_BYTES, "%.9g", seconds_of(p));
    return true;
}

bool tune_is_right(const session *s, tune_problem *p, bool *right, fault *f)
{
    (void)s;
    (void)f;
    *right = p->problem.terms != 0 || device.value[A] != device.other_bits_of_a;
    return true;
}

double bench_now(void)
{
    return device.now;
}

bool bench_time_calls(const session *s, const bench_problem *p, const bench_set *sets, int set_count,
                      int calls, double *seconds, fault *f)
{
    const tune_problem *whole = (const tune_problem *)(const void *)p; /* its first member */
    (void)s, (void)sets, (void)set_count, (void)f;
    double noise = device.noise * (double)random_below(&device.random, 1000) / 1000;
    *seconds = calls * seconds_of(whole) * (1 + noise);
    device.now += *seconds;
    device.samples++;
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bench_spread bench_spread_of(const bench_samples *samples)
{
    bench_samples s = *samples;
    if (s.count == 0) return (bench_spread){0, 0, 0};
    qsort(s.value, (size_t)s.count, sizeof s.value[0], ascending);
    return (bench_spread){s.value[s.count / 2], s.value[0], s.value[s.count - 1]};
}

bool fault_from_library(fault *f, vecdot_status status)
{
    f->status = status;
    return false;
}

/* ---- Tests --------------------------------------------------------------------------------------- */

static tuning *t;

static int make(void **state)
{
    static const session s;
    static const struct {
        int64_t least, most, table;
    } rows[THRESHOLD_COUNT] = {{1, 64, 2}, {64, 65536, 128}, {1, 64, 8}};
    (void)state;
    t = calloc(1, sizeof *t);
    if (t == NULL) return -1;
    device = (struct device){.other_bits_of_a = -1, .random = random_start(1, 0)};
    *t = (tuning){.session = &s, .budget = 1000, .problem_count = 2, .threshold_count = THRESHOLD_COUNT};
    for (int i = 0; i < THRESHOLD_COUNT; i++) {
        t->thresholds[i] = (vecdot_threshold){.name = {(char)('a' + i)},
                                              .value = rows[i].table,
                                              .table = rows[i].table,
                                              .least = rows[i].least,
                                              .most = rows[i].most,
                                              .factor = 2};
        device.value[i] = rows[i].table;
    }
    for (int i = 0; i < 2; i++) {
        t->problems[i].problem.terms = i;
        t->problems[i].calls = 1;
        tune_plan(&s, &t->problems[i], t->problems[i].plan, NULL);
    }
    return 0;
}

static int drop(void **state)
{
    (void)state;
    free(t);
    return 0;
}

static void search(void)
{
    fault f = {VECDOT_SUCCESS, ""};
    assert_true(tune_search(t, &f));
    for (int i = 0; i < THRESHOLD_COUNT; i++) assert_int_equal(device.value[i], t->thresholds[i].value);
}

static void test_finds_the_best(void **state)
{
    (void)state;
    device.noise = 0.2;
    search();
    assert_int_equal(t->thresholds[A].value, 8);
    assert_int_equal(t->thresholds[B].value, 4096); /* also over the steps that change nothing */
    assert_int_equal(t->thresholds[C].value, 8);    /* changes no plan: not measured */
    assert_float_equal(t->thresholds[A].gain, 0.75, 0.1);
    assert_float_equal(t->thresholds[B].gain, 0.75, 0.1);
    assert_true(t->thresholds[C].gain == 0);
    for (int i = 0; i < t->trial_count; i++) assert_true(t->trials[i].threshold != C);
    assert_int_equal(t->other_bits, 0);
}

/* Steps of a factor of two in time do not show through noise of a factor of a thousand. */
static void test_noise_decides_nothing(void **state)
{
    (void)state;
    device.noise = 1000;
    search();
    assert_true(t->trial_count > 0 && device.samples >= 15 * t->trial_count);
    for (int i = 0; i < t->trial_count; i++) assert_int_equal(t->trials[i].verdict, TUNE_NO_BETTER);
    for (int i = 0; i < THRESHOLD_COUNT; i++)
        assert_int_equal(t->thresholds[i].value, t->thresholds[i].table);
}

static void test_refuses_other_bits(void **state)
{
    (void)state;
    device.other_bits_of_a = 4;
    search();
    assert_int_equal(t->thresholds[A].value, 2); /* 8 would be faster, but 4 lies on the way */
    assert_int_equal(t->thresholds[B].value, 4096);
    assert_true(t->other_bits > 0);
    assert_int_equal(t->trials[0].verdict, TUNE_OTHER_BITS);
}

static void test_keeps_to_the_budget(void **state)
{
    (void)state;
    search();
    double all = device.now;
    int trials = t->trial_count;
    assert_true(all < t->budget);
    drop(NULL);
    assert_int_equal(make(NULL), 0);
    t->budget = all / 3;
    search();
    assert_true(device.now <= t->budget + 0.1);
    assert_true(t->trial_count < trials);
    drop(NULL);
    assert_int_equal(make(NULL), 0);
    t->budget = 0;
    device.now = 1;
    search();
    assert_int_equal(device.samples, 0);
    assert_int_equal(t->trial_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_finds_the_best, make, drop),
        cmocka_unit_test_setup_teardown(test_noise_decides_nothing, make, drop),
        cmocka_unit_test_setup_teardown(test_refuses_other_bits, make, drop),
        cmocka_unit_test_setup_teardown(test_keeps_to_the_budget, make, drop),
    };
    return cmocka_run_group_tests_name("tune", tests, NULL, NULL);
}
