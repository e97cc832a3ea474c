/* Host arrays larger than the device takes at once: the same bits as in one piece, whatever is cut, gathered,
 * shared or scattered and however the copies fall; progress that is told in order and to the end; stopping in
 * the middle; a device with less memory than it says. */
#include "cudasim/cudasim.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/random.h"

#include <dlfcn.h>

static target *tested;

/* ---- The simulated driver, where it is the one ---------------------------------------------------- */

static struct {
    __typeof__(cudasim_configure) *configure;
    __typeof__(cudasim_misuses) *misuses;
    __typeof__(cudasim_last_misuse) *last_misuse;
    __typeof__(cudasim_calls_of) *calls_of;
    __typeof__(cudasim_fail_call) *fail_call;
} sim; /* all NULL elsewhere */

static void find(void *library, const char *name, void *slot, size_t size)
{
    void *address = dlsym(library, name);
    assert_non_null(address);
    memcpy(slot, &address, size);
}

static void find_simulator(void)
{
    const char *path = getenv("VECDOT_LIBCUDA");
    void *library =
        path != NULL && getenv("VECDOT_TEST_SIMULATED") != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) return;
    find(library, "cudasim_configure", &sim.configure, sizeof sim.configure);
    find(library, "cudasim_misuses", &sim.misuses, sizeof sim.misuses);
    find(library, "cudasim_last_misuse", &sim.last_misuse, sizeof sim.last_misuse);
    find(library, "cudasim_calls_of", &sim.calls_of, sizeof sim.calls_of);
    find(library, "cudasim_fail_call", &sim.fail_call, sizeof sim.fail_call);
}

static void check_misuses(void)
{
    if (sim.misuses != NULL && sim.misuses() > 0) fail_msg("misuse of the driver: %s", sim.last_misuse());
}

static int is_small(void)
{
    return tested->info.memory_bytes <= UINT64_C(1) << 31;
}

/* ---- Problems ------------------------------------------------------------------------------------ */

enum { FLOATS = 1 << 20 };
static float numbers[FLOATS], results[FLOATS], expected[FLOATS];

/* Of the inputs, elements of `numbers`; of out, of `results`. */
typedef struct view {
    int64_t shape[3], strides[3];
    int ndim;
    int64_t start;
} view;

typedef struct cut_case {
    const char *name;
    view x1, x2, out;
    int64_t limit; /* policy.max_alloc */
} cut_case;

static const cut_case cases[] = {
    {"rows", {{60, 1000}, {1000, 1}, 2, 0}, {{60, 1000}, {1000, 1}, 2, 70000}, {{60}, {1}, 1, 0}, 40000},
    {"one vector for all rows", {{90, 1000}, {1000, 1}, 2, 0}, {{1000}, {1}, 1, 5}, {{90}, {1}, 1, 0}, 50000},
    {"one row at a time", {{5, 70000}, {70000, 1}, 2, 0}, {{70000}, {1}, 1, 9}, {{5}, {1}, 1, 0}, 560000},
    {"ranges of one sum", {{400000}, {1}, 1, 3}, {{400000}, {1}, 1, 500000}, {{1}, {1}, 0, 0}, 600000},
    {"ranges of several sums",
     {{3, 200000}, {200000, 1}, 2, 0},
     {{200000}, {1}, 1, 1},
     {{3}, {1}, 1, 0},
     400000},
    {"with itself", {{400000}, {1}, 1, 3}, {{400000}, {1}, 1, 3}, {{1}, {1}, 0, 0}, 600000},
    {"columns, gathered", {{8, 100000}, {1, 8}, 2, 0}, {{100000}, {3}, 1, 0}, {{8}, {1}, 1, 0}, 600000},
    {"backwards",
     {{70, 900}, {-900, -1}, 2, 62999},
     {{70, 900}, {900, -1}, 2, 899},
     {{70}, {1}, 1, 0},
     60000},
    {"many short sums",
     {{30000, 6}, {6, 1}, 2, 0},
     {{30000, 6}, {6, 1}, 2, 300000},
     {{30000}, {1}, 1, 0},
     90000},
    {"out strided", {{500, 200}, {200, 1}, 2, 0}, {{500, 200}, {200, 1}, 2, 99}, {{500}, {7}, 1, 11}, 40000},
    {"a product",
     {{40, 30, 500}, {500, 0, 1}, 3, 0},
     {{40, 30, 500}, {0, 500, 1}, 3, 100000},
     {{40, 30}, {1, 40}, 2, 0},
     20000},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static DLTensor tensor(const view *v, float *base)
{
    DLTensor t;
    memset(&t, 0, sizeof t);
    t.data = base + v->start;
    t.device = (DLDevice){kDLCPU, 0};
    t.ndim = v->ndim;
    t.dtype = VECDOT_FLOAT32;
    t.shape = (int64_t *)(uintptr_t)v->shape;
    t.strides = (int64_t *)(uintptr_t)v->strides;
    return t;
}

static vecdot_status run_case(const cut_case *c)
{
    DLTensor x1 = tensor(&c->x1, numbers), x2 = tensor(&c->x2, numbers), out = tensor(&c->out, results);
    tested->cases++;
    return vecdot(tested->queue, &x1, &x2, -1, &out);
}

static void must(vecdot_status status, const char *what)
{
    if (status != VECDOT_SUCCESS)
        fail_msg("%s: %s: %s", what, vecdot_status_name(status), vecdot_last_error());
}

static void fill(void)
{
    random_source random = random_start(7, 7);
    for (int i = 0; i < FLOATS; i++) numbers[i] = (float)random_below(&random, 20001) / 8192 - 1;
}

static void clear(void)
{
    for (int i = 0; i < FLOATS; i++) results[i] = -77;
}

/* In one piece, gaps of out included. */
static void expect(const cut_case *c)
{
    target_reset(tested);
    clear();
    must(run_case(c), c->name);
    memcpy(expected, results, sizeof expected);
    clear();
}

static void check(const cut_case *c, const char *how)
{
    if (memcmp(results, expected, sizeof expected) != 0)
        fail_msg("%s %s: other bits than in one piece", c->name, how);
    check_misuses();
}

/* Copied in pieces, or in place where the device can. */
static void cut(const cut_case *c, int copied)
{
    tested->context->policy.max_alloc = c->limit;
    if (copied) tested->context->policy.share_host = 0;
}

/* ---- Bits ---------------------------------------------------------------------------------------- */

static void test_bits(void **state)
{
    (void)state;
    for (int k = 0; k < CASES; k++) {
        const cut_case *c = &cases[k];
        expect(c);
        for (int copied = 0; copied < 2; copied++) {
            cut(c, copied);
            must(run_case(c), c->name);
            check(c, copied ? "copied" : "as the device has it");
            clear();
        }
    }
}

/* Every order in which the simulated driver may run the copies and kernels gives the same. */
static void test_orders(void **state)
{
    (void)state;
    if (sim.configure == NULL) skip();
    for (int k = 0; k < CASES; k++) {
        const cut_case *c = &cases[k];
        expect(c);
        cut(c, 1);
        for (int seed = 2; seed < 8; seed++) {
            char value[16];
            snprintf(value, sizeof value, "%d", seed);
            assert_int_equal(sim.configure("CUDASIM_SEED", value), 0);
            must(run_case(c), c->name);
            check(c, value);
            clear();
        }
    }
}

/* An array that every piece needs is copied once, and one that is both inputs too. */
static void test_shared_copies(void **state)
{
    (void)state;
    if (sim.calls_of == NULL) skip();
    static const char copy[] = "cuMemcpyHtoDAsync_v2";
    uint64_t copies[3];
    for (int k = 0; k < 3; k++) {
        const cut_case *c = &cases[k < 2 ? k : 5];
        cut(c, 1);
        uint64_t before = sim.calls_of(copy);
        must(run_case(c), c->name);
        copies[k] = sim.calls_of(copy) - before;
    }
    target_reset(tested);
    assert_int_equal(copies[0], 2 * 16); /* pieces of both, each less than a slot */
    assert_int_equal(copies[1], 16 + 1);
    assert_int_equal(copies[2], 7);
}

/* Inputs on the device and on the host, out on either. */
static void test_mixed_places(void **state)
{
    const cut_case *c = &cases[0];
    DLTensor x1 = tensor(&c->x1, numbers), x2 = tensor(&c->x2, numbers), out = tensor(&c->out, results);
    DLManagedTensor *device_x1 = NULL, *device_out = NULL;
    (void)state;
    expect(c);
    must(vecdot_empty(tested->context, VECDOT_FLOAT32, 2, c->x1.shape, &device_x1), "making x1");
    must(vecdot_empty(tested->context, VECDOT_FLOAT32, 1, c->out.shape, &device_out), "making out");
    must(vecdot_copy(tested->queue, &x1, &device_x1->dl_tensor), "copying x1");
    cut(c, 1);
    must(vecdot(tested->queue, &device_x1->dl_tensor, &x2, -1, &out), "x1 on the device");
    check(c, "with x1 on the device");
    clear();
    must(vecdot(tested->queue, &x1, &x2, -1, &device_out->dl_tensor), "out on the device");
    must(vecdot_copy(tested->queue, &device_out->dl_tensor, &out), "copying out");
    check(c, "with out on the device");
    target_reset(tested);
    device_x1->deleter(device_x1);
    device_out->deleter(device_out);
}

/* As if the inputs had been copied first. */
static void test_out_over_inputs(void **state)
{
    static float data[60 * 1000 + 100];
    int64_t shape[2] = {60, 1000}, one = 1;
    cut_case c = cases[0];
    c.x2 = c.x1;
    (void)state;
    expect(&c);
    for (int copied = 0; copied < 2; copied++) {
        memcpy(data, numbers, sizeof data);
        DLTensor x = {
            .data = data, .device = {kDLCPU, 0}, .ndim = 2, .dtype = VECDOT_FLOAT32, .shape = shape};
        DLTensor out = {.data = data + 500, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_FLOAT32};
        out.shape = shape;
        out.strides = &one;
        cut(&c, copied);
        must(vecdot(tested->queue, &x, &x, -1, &out), "out over its input");
        assert_memory_equal(data + 500, expected, 60 * sizeof(float));
        assert_memory_equal(data, numbers, 500 * sizeof(float));
        assert_memory_equal(data + 560, numbers + 560, sizeof data - 560 * sizeof(float));
        tested->cases++;
    }
    target_reset(tested);
}

/* ---- Progress ------------------------------------------------------------------------------------ */

typedef struct record {
    int calls, stop_at; /* the call that returns 1; 0: none */
    uint64_t last, total;
    int in_order;
} record;

static int note(void *user, uint64_t done, uint64_t total)
{
    record *r = user;
    r->in_order &= r->calls == 0 ? done == 0 : done >= r->last && total == r->total;
    r->in_order &= done <= total;
    r->last = done;
    r->total = total;
    return ++r->calls == r->stop_at;
}

static uint64_t products(const cut_case *c)
{
    uint64_t all = 1;
    for (int d = 0; d < c->x1.ndim; d++) all *= (uint64_t)c->x1.shape[d];
    return all;
}

static void test_progress(void **state)
{
    (void)state;
    for (int k = 0; k < CASES; k++) {
        for (int copied = 0; copied < 2; copied++) {
            const cut_case *c = &cases[k];
            record r = {.in_order = 1};
            expect(c);
            cut(c, copied);
            must(vecdot_set_progress(tested->queue, note, &r), "setting progress");
            must(run_case(c), c->name);
            check(c, "with progress");
            if (!r.in_order || r.calls < 3 || r.last != r.total || r.total != products(c))
                fail_msg("%s: %d calls, the last with %llu of %llu, %s", c->name, r.calls,
                         (unsigned long long)r.last, (unsigned long long)r.total,
                         r.in_order ? "in order" : "out of order");
            must(vecdot_set_progress(tested->queue, NULL, NULL), "turning progress off");
        }
    }
    target_reset(tested);
}

/* Some hundred megabytes are cut where that costs nothing, however much memory the device has. */
static void test_progress_of_what_fits(void **state)
{
    int64_t shape[2] = {320, 1 << 20};
    int8_t sums[320];
    record r = {.in_order = 1};
    (void)state;
    if (!tested->context->policy.share_host) skip();
    int8_t *zeros = calloc((size_t)shape[0], (size_t)shape[1]);
    assert_non_null(zeros);
    memset(sums, 1, sizeof sums);
    DLTensor x = {.data = zeros, .device = {kDLCPU, 0}, .ndim = 2, .dtype = VECDOT_INT8, .shape = shape};
    DLTensor out = x;
    out.data = sums;
    out.ndim = 1;
    must(vecdot_set_progress(tested->queue, note, &r), "setting progress");
    must(vecdot(tested->queue, &x, &x, -1, &out), "in place");
    must(vecdot_set_progress(tested->queue, NULL, NULL), "turning progress off");
    assert_true(r.calls > 2 && r.in_order && r.last == r.total);
    for (int k = 0; k < 320; k++) assert_int_equal(sums[k], 0);
    tested->cases++;
    free(zeros);
}

/* What takes one piece, or is on the device, tells nothing. */
static void test_no_progress(void **state)
{
    const cut_case *c = &cases[0];
    DLTensor x1 = tensor(&c->x1, numbers);
    DLManagedTensor *x = NULL, *out = NULL;
    record r = {.in_order = 1};
    (void)state;
    must(vecdot_set_progress(tested->queue, note, &r), "setting progress");
    expect(c);
    must(vecdot_empty(tested->context, VECDOT_FLOAT32, 2, c->x1.shape, &x), "making x");
    must(vecdot_empty(tested->context, VECDOT_FLOAT32, 1, c->out.shape, &out), "making out");
    must(vecdot_copy(tested->queue, &x1, &x->dl_tensor), "copying x");
    if (tested->context->dev.driver->tensor_device != kDLCPU) cut(c, 1); /* else they are host arrays too */
    must(vecdot(tested->queue, &x->dl_tensor, &x->dl_tensor, -1, &out->dl_tensor), "on the device");
    must(vecdot_queue_finish(tested->queue), "finishing");
    assert_int_equal(r.calls, 0);
    assert_int_equal(vecdot_set_progress(NULL, note, &r), VECDOT_ERROR_INVALID_ARGUMENT);
    must(vecdot_set_progress(tested->queue, NULL, NULL), "turning progress off");
    target_reset(tested);
    x->deleter(x);
    out->deleter(out);
}

/* At any piece, and then the queue works as before. */
static void test_stopping(void **state)
{
    (void)state;
    for (int k = 0; k < CASES; k++) {
        const cut_case *c = &cases[k];
        record all = {.in_order = 1};
        expect(c);
        cut(c, 1);
        must(vecdot_set_progress(tested->queue, note, &all), "setting progress");
        must(run_case(c), c->name);
        int stops[] = {1, 2, 3, all.calls / 2, all.calls - 1};
        for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
            record r = {.in_order = 1,
                        .stop_at = stops[i] < 1               ? 1
                                   : stops[i] > all.calls - 1 ? all.calls - 1
                                                              : stops[i]};
            must(vecdot_set_progress(tested->queue, note, &r), "setting progress");
            assert_int_equal(run_case(c), VECDOT_ERROR_BACKEND);
            assert_non_null(strstr(vecdot_last_error(), "progress function"));
            assert_int_equal(r.calls, r.stop_at);
            check_misuses();
        }
        must(vecdot_set_progress(tested->queue, NULL, NULL), "turning progress off");
        clear();
        must(run_case(c), c->name);
        check(c, "after stopping");
    }
    target_reset(tested);
}

/* ---- Little memory ------------------------------------------------------------------------------- */

/* As the library itself judges the device; only small ones, for the sake of time. */
static void test_own_limits(void **state)
{
    int64_t n = tested->policy.max_alloc / 2 * 3;
    (void)state;
    if (!is_small()) skip();
    int8_t *bytes = malloc((size_t)(2 * n));
    int32_t result = 0;
    uint32_t sum = 0;
    record r = {.in_order = 1};
    assert_non_null(bytes);
    for (int64_t i = 0; i < 2 * n; i++) bytes[i] = (int8_t)(i * 37 % 251 - 125);
    for (int64_t i = 0; i < n; i++) sum += (uint32_t)(bytes[i] * bytes[n + i]);
    DLTensor x1 = {.data = bytes, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_INT8, .shape = &n};
    DLTensor x2 = x1, out = {.data = &result, .device = {kDLCPU, 0}, .dtype = VECDOT_INT32};
    vecdot_options options = VECDOT_OPTIONS_INIT;
    x2.data = bytes + n;
    options.dtype = VECDOT_INT32;
    must(vecdot_set_progress(tested->queue, note, &r), "setting progress");
    must(vecdot_with(tested->queue, &x1, &x2, &options, &out), "larger than the device");
    must(vecdot_set_progress(tested->queue, NULL, NULL), "turning progress off");
    assert_int_equal((uint32_t)result, sum);
    assert_true(r.calls > 2 && r.in_order && r.last == r.total);
    tested->cases++;
    free(bytes);
}

/* One that has kept no device memory. */
static void fresh_queue(void)
{
    vecdot_queue_release(tested->queue);
    tested->queue = NULL;
    must(vecdot_queue_create(tested->context, &tested->queue), "a queue");
}

static uint64_t allocations_of(const cut_case *c)
{
    uint64_t before = sim.calls_of("cuMemAlloc_v2");
    clear();
    must(run_case(c), c->name);
    check(c, "with kept memory");
    return sim.calls_of("cuMemAlloc_v2") - before;
}

/* The device memory of small host arrays stays with the queue, and goes when memory is short; that of large
 * ones goes at once. */
static void test_kept_memory(void **state)
{
    enum { OUT_OF_MEMORY = 2 };
    cut_case small = {"small arrays", {{100}, {1}, 1, 0}, {{100}, {1}, 1, 7}, {{1}, {1}, 0, 0}, 0};
    cut_case larger = {"larger arrays", {{9, 500}, {500, 1}, 2, 0}, {{500}, {1}, 1, 7}, {{9}, {1}, 1, 0}, 0};
    (void)state;
    if (sim.fail_call == NULL || is_small()) skip();
    fresh_queue();
    expect(&larger);
    assert_int_equal(allocations_of(&larger), 0);
    expect(&small);
    assert_int_equal(allocations_of(&small), 0);
    fresh_queue();
    expect(&larger);
    fresh_queue();
    must(run_case(&small), small.name);
    sim.fail_call("cuMemAlloc_v2", 1, OUT_OF_MEMORY);
    assert_int_equal(allocations_of(&larger), 1 + 3);
    fresh_queue();
    tested->context->policy.max_alloc = 64 * 1000; /* of which a 64th is kept: out, and x2 no more */
    assert_int_equal(allocations_of(&larger), 3);
    assert_int_equal(allocations_of(&larger), 2);
    target_reset(tested);
}

/* Another program has taken most of the device: the pieces become smaller until they fit. */
static void test_taken_memory(void **state)
{
    cut_case c = {"taken memory",
                  {{2, 400000}, {400000, 1}, 2, 0},
                  {{2, 400000}, {400000, 1}, 2, 100000},
                  {{2}, {1}, 1, 0},
                  0};
    uint64_t before;
    (void)state;
    if (sim.configure == NULL || is_small()) skip();
    expect(&c);
    fresh_queue();
    DLManagedTensor *taken = NULL;
    int64_t bytes = INT64_C(7) << 20;
    must(vecdot_empty(tested->context, VECDOT_INT8, 1, &bytes, &taken), "taking memory");
    assert_int_equal(sim.configure("CUDASIM_MEMORY", "11500000"), 0);
    before = sim.calls_of("cuMemAlloc_v2");
    must(run_case(&c), c.name);
    check(&c, "with little left");
    assert_true(sim.calls_of("cuMemAlloc_v2") - before > 3); /* some were refused */
    assert_int_equal(sim.configure("CUDASIM_MEMORY", "8589934592"), 0);
    taken->deleter(taken);
    target_reset(tested);
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_shared_copies),
        cmocka_unit_test(test_mixed_places),
        cmocka_unit_test(test_out_over_inputs),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_progress_of_what_fits),
        cmocka_unit_test(test_no_progress),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_own_limits),
        cmocka_unit_test(test_kept_memory),
        cmocka_unit_test(test_taken_memory),
    };
    tested = t;
    find_simulator();
    fill();
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
