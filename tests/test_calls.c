/* What a warm call asks of the driver, counted exactly, that it allocates nothing, and that the context is
 * left as it was: on the null backend, on the CPU, through the counting OpenCL loader, and on the simulated
 * CUDA driver. */
#include "core/plan/plan.h"
#include "cudasim/cudasim.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/faults/faults.h"
#include "support/null_backend.h"

#include <dlfcn.h>
#include <string.h>

/* ---- Allocations: the linker leads the library's calls here -------------------------------------- */

static int allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    allocations++;
    return __real_aligned_alloc(alignment, size);
}

/* ---- Calls --------------------------------------------------------------------------------------- */

enum { MOST_ELEMENTS = 1 << 16 };

typedef struct example {
    const char *name;
    int ndim;
    int64_t shape[4]; /* of x1 and x2 */
    DLDataType out;
    long launches; /* on the null backend's GPU, where groups cannot hand each other partials */
} example;

static const example examples[] = {
    {"one short row", 1, {8}, {kDLFloat, 32, 1}, 1},
    {"rows", 2, {64, 128}, {kDLFloat, 32, 1}, 1},
    {"batch", 4, {4, 5, 6, 100}, {kDLFloat, 32, 1}, 1},
    {"empty rows", 2, {3, 0}, {kDLFloat, 32, 1}, 1},
    {"a sum in several nodes", 1, {MOST_ELEMENTS}, {kDLFloat, 32, 1}, 2},
    {"another dtype of out", 2, {64, 128}, {kDLFloat, 64, 1}, 2},
};
enum { EXAMPLES = sizeof examples / sizeof examples[0] };

static _Alignas(256) float host[2][MOST_ELEMENTS];
static _Alignas(256) double host_out[MOST_ELEMENTS];

static vecdot_context *context;
static vecdot_queue *queue;
static DLManagedTensor *made[3];

static void must(vecdot_status status, const char *what)
{
    if (status != VECDOT_SUCCESS) fail_msg("%s: %s", what, vecdot_last_error());
}

static DLTensor tensor_of(const example *e, int which, DLDeviceType where)
{
    return (DLTensor){.data = which == 2 ? (void *)host_out : host[which],
                      .device = {where, 0},
                      .ndim = which == 2 ? e->ndim - 1 : e->ndim,
                      .dtype = which == 2 ? e->out : VECDOT_FLOAT32,
                      .shape = (int64_t *)(uintptr_t)e->shape};
}

static vecdot_status call(const example *e, DLDeviceType where)
{
    DLTensor x1 = tensor_of(e, 0, where), x2 = tensor_of(e, 1, where), out = tensor_of(e, 2, where);
    return vecdot(queue, &x1, &x2, -1, &out);
}

static vecdot_status call_made(void)
{
    return vecdot(queue, &made[0]->dl_tensor, &made[1]->dl_tensor, -1, &made[2]->dl_tensor);
}

static int release(void **state)
{
    (void)state;
    for (int a = 0; a < 3; a++) {
        if (made[a] != NULL) made[a]->deleter(made[a]);
        made[a] = NULL;
    }
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    queue = NULL;
    context = NULL;
    null_fail_at = null_without_memory = 0;
    null_kept = NULL;
    return 0;
}

/* ---- The null backend ---------------------------------------------------------------------------- */

static void open_null(null_device which)
{
    must(null_context_create(which, &context), "context");
    context->policy.fenced_groups = 0;
    must(vecdot_queue_create(context, &queue), "queue");
}

/* Does the example twice; the second time the backend was asked for `expected` and nothing else. */
static void check_warm(const example *e, DLDeviceType where, const null_record *expected)
{
    must(call(e, where), e->name);
    null_did = (null_record){0};
    allocations = 0;
    must(call(e, where), e->name);
    if (allocations != 0) fail_msg("%s: a warm call allocates %d times", e->name, allocations);
    if (memcmp(&null_did, expected, sizeof null_did) != 0)
        fail_msg(
            "%s: %ld enters, %ld leaves, %ld programs, %ld checks, %ld roots, %ld finishes, %ld creates, %ld "
            "wraps, %ld releases, %ld writes, %ld reads, %ld reveals, %ld launches",
            e->name, null_did.enters, null_did.leaves, null_did.programs, null_did.checks, null_did.roots,
            null_did.finishes, null_did.creates, null_did.wraps, null_did.releases, null_did.writes,
            null_did.reads, null_did.reveals, null_did.launches);
}

static void test_device_arrays(void **state)
{
    (void)state;
    open_null(NULL_GPU);
    for (int k = 0; k < EXAMPLES; k++) {
        long filled = examples[k].shape[examples[k].ndim - 1] == 0 ? 1 : 3; /* arrays with elements */
        null_record expected = {
            .enters = 1, .leaves = 1, .checks = filled, .roots = filled, .launches = examples[k].launches};
        check_warm(&examples[k], kDLCUDA, &expected);
    }
}

static void test_arrays_in_place(void **state)
{
    null_record expected = {.enters = 1, .leaves = 1, .wraps = 3, .releases = 3, .reveals = 1, .launches = 1};
    (void)state;
    open_null(NULL_CPU);
    for (int k = 0; k < 3; k++) check_warm(&examples[k], kDLCPU, &expected);
}

/* Where a host address is memory already, nothing is made of it: a launch gets the arrays' own addresses. */
static void test_host_addresses(void **state)
{
    null_record expected = {.enters = 1, .leaves = 1, .launches = 1};
    null_launch got;
    const params *q = (const params *)got.params;
    (void)state;
    open_null(NULL_HOST);
    for (int k = 0; k < 4; k++) check_warm(&examples[k], kDLCPU, &expected);
    null_kept = &got;
    DLTensor x1 = tensor_of(&examples[1], 0, kDLCPU), x2 = tensor_of(&examples[1], 1, kDLCPU),
             out = tensor_of(&examples[1], 2, kDLCPU);
    int64_t backwards[] = {128, -1};
    x1.strides = backwards;
    x1.byte_offset = 127 * sizeof(float);
    x2.data = (char *)host[0] + 4; /* shares bytes with x1 */
    must(vecdot(queue, &x1, &x2, -1, &out), "host arrays");
    assert_int_equal(got.buffers, 3);
    assert_ptr_equal((const char *)got.memory[0] + q->offset1, &host[0][127]);
    assert_ptr_equal((const char *)got.memory[1] + q->offset2, &host[0][1]);
    assert_ptr_equal((const char *)got.memory[2] + q->offset_out, host_out);
    assert_true(got.products == 64 * 128);
    assert_true(got.bytes == 64 * 128 * 8 + 64 * 4);
}

/* There scratch is the only memory that is made. */
static void test_scratch_beside_host_addresses(void **state)
{
    null_record expected = {.enters = 1, .leaves = 1, .launches = 2};
    (void)state;
    open_null(NULL_HOST);
    context->policy.force_nodes = 4;
    null_did = (null_record){0};
    must(call(&examples[4], kDLCPU), "nodes");
    assert_int_equal(null_did.creates, 1);
    assert_int_equal(null_did.finishes, 0);
    check_warm(&examples[4], kDLCPU, &expected);
    context->policy.force_nodes = 0;
    check_warm(&examples[5], kDLCPU, &expected);
}

/* Memory that the queue kept for copies is freed for a call that finds none. */
static void test_kept_memory_is_given_up(void **state)
{
    (void)state;
    open_null(NULL_GPU);
    must(call(&examples[1], kDLCPU), "copies, whose memory is kept");
    null_did = (null_record){0};
    null_without_memory = 1;
    must(call(&examples[5], kDLCUDA), "results in scratch");
    assert_int_equal(null_did.releases, 3);
    assert_int_equal(null_did.creates, 1);
    assert_int_equal(null_did.launches, 2);
    release(NULL);
    open_null(NULL_GPU);
    null_without_memory = 1;
    assert_int_equal(call(&examples[5], kDLCUDA), VECDOT_ERROR_OUT_OF_MEMORY);
    must(call(&examples[5], kDLCUDA), "memory again");
}

static void test_arrays_copied(void **state)
{
    null_record expected = {.enters = 1, .leaves = 1, .writes = 2, .reads = 1, .launches = 1};
    (void)state;
    open_null(NULL_GPU);
    for (int k = 0; k < 3; k++) check_warm(&examples[k], kDLCPU, &expected);
}

/* vecdot_explain tells how host arrays reach the device, as the calls above do. */
static void test_transfer_is_told(void **state)
{
    static const struct {
        null_device kind;
        int share_host, share_out;
        const char *says;
    } devices[] = {{NULL_CPU, 1, 1, "  host arrays are used in place\n"},
                   {NULL_GPU, 1, 0, "  host inputs are used in place, out is copied\n"},
                   {NULL_GPU, 0, 0, "  host arrays are copied\n"}};
    DLTensor x1 = tensor_of(&examples[1], 0, kDLCPU), x2 = tensor_of(&examples[1], 1, kDLCPU),
             out = tensor_of(&examples[1], 2, kDLCPU);
    char words[2048];
    (void)state;
    for (int k = 0; k < 3; k++) {
        open_null(devices[k].kind);
        context->policy.share_host = devices[k].share_host;
        context->policy.share_out = devices[k].share_out;
        must(vecdot_explain(queue, &x1, &x2, NULL, &out, words, sizeof words, NULL), "explain");
        if (strstr(words, devices[k].says) == NULL) fail_msg("\"%s\" is not in: %s", devices[k].says, words);
        release(state);
    }
}

/* Where out lies over an input, what is told is the plan that runs: that of the call into a dense array,
 * whose batch dimensions merge though out's own do not. */
static void test_waiting_results_are_told(void **state)
{
    static float memory[4 * 6 * 8], second[8];
    int64_t shape[] = {4, 6, 8}, steps[] = {16, 2}, length = 8;
    DLTensor x1 = {memory, {kDLCPU, 0}, 3, VECDOT_FLOAT32, shape, NULL, 0};
    DLTensor x2 = {second, {kDLCPU, 0}, 1, VECDOT_FLOAT32, &length, NULL, 0};
    DLTensor out = {memory, {kDLCPU, 0}, 2, VECDOT_FLOAT32, shape, steps, 0};
    char words[2048];
    (void)state;
    open_null(NULL_CPU);
    must(vecdot_explain(queue, &x1, &x2, NULL, &out, words, sizeof words, NULL), "explain");
    assert_non_null(strstr(words, "results wait in a dense host array"));
    assert_non_null(strstr(words, "collapsed batch shape (24,)"));
}

/* Wherever a call fails, the context is left, and programs are built outside it. */
static void test_leaving(void **state)
{
    (void)state;
    for (int k = 0; k < 2 * EXAMPLES; k++) {
        const example *e = &examples[k / 2];
        vecdot_status status = VECDOT_ERROR_BACKEND;
        long at = 0;
        for (; status != VECDOT_SUCCESS; at++) {
            open_null(NULL_GPU);
            null_did = (null_record){0};
            null_fail_at = at + 1;
            status = call(e, k % 2 == 0 ? kDLCUDA : kDLCPU);
            null_fail_at = 0;
            if (status != VECDOT_SUCCESS) assert_int_equal(status, VECDOT_ERROR_BACKEND);
            assert_int_equal(null_did.inside, 0);
            assert_int_equal(null_did.built_inside, 0);
            release(NULL);
        }
        if (at < 5) fail_msg("%s: only %ld calls", e->name, at - 1);
    }
}

static void test_invalid_input(void **state)
{
    (void)state;
    DLTensor x1 = tensor_of(&examples[1], 0, kDLCUDA), x2 = tensor_of(&examples[1], 1, kDLCUDA),
             out = tensor_of(&examples[1], 2, kDLCUDA);
    open_null(NULL_GPU);
    for (int warm = 0; warm < 2; warm++) {
        null_did = (null_record){0};
        assert_int_equal(vecdot(queue, &x1, &x2, 2, &out), VECDOT_ERROR_AXIS);
        assert_int_equal(null_did.enters + null_did.checks, 0);
        must(call(&examples[1], kDLCUDA), "warming up");
    }
}

/* ---- Drivers ------------------------------------------------------------------------------------- */

static void open_driver(const char *selector)
{
    const example *e = &examples[1];
    must(vecdot_context_create(selector, &context), selector);
    must(vecdot_queue_create(context, &queue), selector);
    for (int a = 0; a < 3; a++) {
        DLTensor t = tensor_of(e, a, kDLCPU);
        must(vecdot_empty(context, t.dtype, t.ndim, t.shape, &made[a]), "an array");
        if (a < 2) must(vecdot_copy(queue, &t, &made[a]->dl_tensor), "its elements");
    }
    must(call_made(), "device arrays");
    must(call(e, kDLCPU), "host arrays");
    must(vecdot_queue_finish(queue), "warming up");
    allocations = 0;
}

/* Any plan class, on one thread and on several: the second call of a kind finds all that it needs. */
static void test_cpu(void **state)
{
    (void)state;
    open_driver("cpu");
    for (int c = 0; c < CLASS_COUNT; c++)
        for (int k = 0; k < EXAMPLES; k++)
            for (int64_t nodes = 0; nodes <= 8; nodes += 4) {
                context->policy.force = (plan_class)c;
                context->policy.force_nodes = nodes;
                must(call(&examples[k], kDLCPU), examples[k].name);
                allocations = 0;
                must(call(&examples[k], kDLCPU), examples[k].name);
                if (allocations != 0)
                    fail_msg("%s, class %d: %d allocations", examples[k].name, c, allocations);
            }
}

#ifdef FAULTS_LIBRARY

static fault_controls *counting;

static void check_calls(const int expected[FAULT_FUNCTION_COUNT])
{
    static const char *const names[] = {
#define X(name) "cl" #name,
        FAULT_FUNCTIONS(X)
#undef X
    };
    for (int f = 0; f < FAULT_FUNCTION_COUNT; f++)
        if (counting->calls[f] != expected[f])
            fail_msg("%d calls of %s, expected %d", counting->calls[f], names[f], expected[f]);
    assert_int_equal(allocations, 0);
}

static void test_opencl(void **state)
{
    (void)state;
    void *loader = dlopen(FAULTS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(loader);
    counting = dlsym(loader, "faults");
    assert_non_null(counting);
    open_driver("opencl");
    int arguments = context->policy.schedule == SCHEDULE_CPU ? 4 : 6;

    memset(counting->calls, 0, sizeof counting->calls);
    must(call_made(), "device arrays"); /* each: context, size, type, and whether it is part of another */
    check_calls((const int[FAULT_FUNCTION_COUNT]){
        [FAULT_GetMemObjectInfo] = 12, [FAULT_SetKernelArg] = arguments, [FAULT_EnqueueNDRangeKernel] = 1});
    must(vecdot_queue_finish(queue), "device arrays");
    if (!context->policy.share_host || !context->policy.share_out) return;
    memset(counting->calls, 0, sizeof counting->calls);
    must(call(&examples[1], kDLCPU), "host arrays");
    check_calls((const int[FAULT_FUNCTION_COUNT]){[FAULT_CreateBuffer] = 3,
                                                  [FAULT_SetKernelArg] = arguments,
                                                  [FAULT_EnqueueNDRangeKernel] = 1,
                                                  [FAULT_EnqueueMapBuffer] = 1,
                                                  [FAULT_EnqueueUnmapMemObject] = 1,
                                                  [FAULT_Finish] = 1,
                                                  [FAULT_ReleaseMemObject] = 3});
}

#endif

static void test_cuda(void **state)
{
    static const char *const expected[] = {"cuCtxPushCurrent_v2",    "cuPointerGetAttributes",
                                           "cuPointerGetAttributes", "cuPointerGetAttributes",
                                           "cuLaunchKernel",         "cuCtxPopCurrent_v2"};
    enum { EXPECTED = sizeof expected / sizeof expected[0] };
    uint64_t (*calls)(void) = NULL;
    const char *(*call_name)(uint64_t) = NULL;
    const char *path = getenv("VECDOT_LIBCUDA");
    (void)state;
    void *driver = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    void *found[] = {driver != NULL ? dlsym(driver, "cudasim_calls") : NULL,
                     driver != NULL ? dlsym(driver, "cudasim_call_name") : NULL};
    if (getenv("VECDOT_TEST_SIMULATED") != NULL) assert_true(found[0] != NULL && found[1] != NULL);
    memcpy(&calls, &found[0], sizeof calls);
    memcpy(&call_name, &found[1], sizeof call_name);
    open_driver("cuda");
    uint64_t first = calls != NULL ? calls() : 0;
    must(call_made(), "device arrays");
    assert_int_equal(allocations, 0);
    if (calls == NULL) return; /* a real driver keeps no account */
    assert_int_equal(calls() - first, EXPECTED);
    for (uint64_t i = 0; i < EXPECTED; i++) assert_string_equal(call_name(first + i), expected[i]);

    /* out lies over x1, and all goes in pieces: a call within a call, and a copy */
    DLTensor x1 = tensor_of(&examples[1], 0, kDLCPU), x2 = tensor_of(&examples[1], 1, kDLCPU),
             out = tensor_of(&examples[1], 2, kDLCPU);
    out.data = host[0];
    context->policy.max_alloc = 4096;
    first = calls();
    must(vecdot(queue, &x1, &x2, -1, &out), "in pieces");
    int depth = 0, launches = 0;
    for (uint64_t i = first; i < calls(); i++) {
        depth += strcmp(call_name(i), "cuCtxPushCurrent_v2") == 0;
        depth -= strcmp(call_name(i), "cuCtxPopCurrent_v2") == 0;
        launches += strcmp(call_name(i), "cuLaunchKernel") == 0;
        assert_true(depth == 0 || depth == 1);
    }
    assert_int_equal(depth, 0);
    assert_true(launches > 1);
}

int main(void)
{
    const struct CMUnitTest on_null[] = {
        cmocka_unit_test_teardown(test_device_arrays, release),
        cmocka_unit_test_teardown(test_arrays_in_place, release),
        cmocka_unit_test_teardown(test_host_addresses, release),
        cmocka_unit_test_teardown(test_scratch_beside_host_addresses, release),
        cmocka_unit_test_teardown(test_kept_memory_is_given_up, release),
        cmocka_unit_test_teardown(test_arrays_copied, release),
        cmocka_unit_test_teardown(test_transfer_is_told, release),
        cmocka_unit_test_teardown(test_waiting_results_are_told, release),
        cmocka_unit_test_teardown(test_leaving, release),
        cmocka_unit_test_teardown(test_invalid_input, release),
    };
    const struct CMUnitTest on_cuda[] = {cmocka_unit_test_teardown(test_cuda, release)};
    const struct CMUnitTest on_cpu[] = {cmocka_unit_test_teardown(test_cpu, release)};
    const char *backends = getenv("VECDOT_TEST_BACKENDS");
    int chosen = targets_choose_cpu_set();
    if (chosen != EXIT_SUCCESS) return chosen;
    int failed = cmocka_run_group_tests_name("calls without a driver", on_null, NULL, NULL);
#ifdef FAULTS_LIBRARY
    const struct CMUnitTest on_opencl[] = {cmocka_unit_test_teardown(test_opencl, release)};
    if (backends != NULL && strncmp(backends, "opencl", 6) == 0) {
        setenv("VECDOT_LIBOPENCL", FAULTS_LIBRARY, 1);
        failed += cmocka_run_group_tests_name("calls on OpenCL", on_opencl, NULL, NULL);
    }
#endif
    if (backends != NULL && strncmp(backends, "cpu", 3) == 0)
        failed += cmocka_run_group_tests_name("calls on the CPU", on_cpu, NULL, NULL);
    if (backends != NULL && strncmp(backends, "cuda", 4) == 0)
        failed += cmocka_run_group_tests_name("calls on CUDA", on_cuda, NULL, NULL);
    return failed;
}
