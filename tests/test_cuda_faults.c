/* Faults of the CUDA driver: in each scenario every driver call fails in turn, once and from then on, and so
 * does each allocation. Every time the status and the message must be right, `out` untouched when nothing was
 * launched, nothing of the driver kept, and the next call on a fresh queue correct. On the simulated driver.
 */
#include "core/run/context.h"
#include "cudasim/cudasim.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/known_sum.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <vecdot/cuda.h>

/* ---- The simulated driver ------------------------------------------------------------------------ */

/* X(result, name, parameters) */
#define CONTROLS(X)                                                                                          \
    X(void, cudasim_fail_at, (uint64_t, int, int))                                                           \
    X(void, cudasim_fail_call, (const char *, uint64_t, int))                                                \
    X(uint64_t, cudasim_calls, (void))                                                                       \
    X(const char *, cudasim_call_name, (uint64_t))                                                           \
    X(uint64_t, cudasim_calls_of, (const char *))                                                            \
    X(uint64_t, cudasim_misuses, (void))                                                                     \
    X(const char *, cudasim_last_misuse, (void))                                                             \
    X(void, cudasim_counts, (cudasim_alive *))                                                               \
    X(int, cuInit, (unsigned))                                                                               \
    X(int, cuCtxCreate_v2, (CUcontext *, unsigned, CUdevice))                                                \
    X(int, cuCtxDestroy_v2, (CUcontext))                                                                     \
    X(int, cuCtxPopCurrent_v2, (CUcontext *))                                                                \
    X(int, cuCtxGetCurrent, (CUcontext *))                                                                   \
    X(int, cuStreamCreate, (CUstream *, unsigned))                                                           \
    X(int, cuStreamDestroy_v2, (CUstream))

static struct {
#define X(result, name, parameters) result(*name) parameters;
    CONTROLS(X)
#undef X
} sim;

static int open_simulator(void)
{
    const char *path = getenv("VECDOT_LIBCUDA");
    void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    void *address = NULL;
    if (library == NULL || dlsym(library, "cudasim_calls") == NULL) return 0;
#define X(result, name, parameters)                                                                          \
    address = dlsym(library, #name);                                                                         \
    if (address == NULL) return 0;                                                                           \
    memcpy(&sim.name, &address, sizeof address);
    CONTROLS(X)
#undef X
    return sim.cuInit(0) == 0;
}

/* Codes that the library gives no meaning of its own, except the second. */
enum { INJECTED = 999, OUT_OF_MEMORY = 2 };
static const char injected_name[] = "CUDA_ERROR_UNKNOWN", memory_name[] = "CUDA_ERROR_OUT_OF_MEMORY";

/* ---- Scenarios ----------------------------------------------------------------------------------- */

typedef struct scenario {
    const char *name;
    int opening; /* faults while context and queue are opened, else while they are used */
    int adopt;   /* they are on the program's own                                       */
    int warm;    /* the same call was made before                                       */
    int two_launches;
    arrays arrays;
    const char *uses[8]; /* calls it is there for: it must make them */
} scenario;

static const scenario scenarios[] = {
    {"opening",
     1,
     0,
     0,
     0,
     ARRAYS_COPIED,
     {"cuDeviceGetCount", "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain", "cuStreamCreate"}},
    {"adopting", 1, 1, 0, 0, ARRAYS_COPIED, {"cuCtxGetDevice", "cuStreamGetCtx"}},
    {"host arrays",
     0,
     0,
     0,
     0,
     ARRAYS_COPIED,
     {"cuMemAlloc_v2", "cuMemHostAlloc", "cuEventCreate", "cuMemcpyHtoDAsync_v2", "cuModuleLoadDataEx",
      "cuModuleGetFunction", "cuLaunchKernel"}},
    {"host arrays again", 0, 0, 1, 0, ARRAYS_COPIED, {"cuEventRecord", "cuMemcpyDtoHAsync_v2"}},
    {"host arrays in pieces",
     0,
     0,
     0,
     0,
     ARRAYS_IN_PIECES,
     {"cuStreamCreate", "cuEventCreate", "cuEventRecord", "cuStreamWaitEvent", "cuMemFree_v2"}},
    {"device arrays", 0, 0, 0, 0, ARRAYS_ON_DEVICE, {"cuPointerGetAttributes", "cuModuleLoadDataEx"}},
    {"device arrays again", 0, 0, 1, 0, ARRAYS_ON_DEVICE, {"cuPointerGetAttributes", "cuLaunchKernel"}},
    {"device arrays in two launches", 0, 0, 0, 1, ARRAYS_ON_DEVICE, {"cuMemAlloc_v2", "cuLaunchKernel"}},
    {"device arrays made and copied", 0, 0, 1, 0, ARRAYS_MADE, {"cuMemAlloc_v2", "cuMemcpyDtoDAsync_v2"}},
    {"another's stream", 0, 1, 0, 0, ARRAYS_MADE, {"cuStreamSynchronize", "cuEventSynchronize"}},
};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

/* ---- One run of a scenario ----------------------------------------------------------------------- */

static struct {
    CUcontext context;
    CUstream stream;
} own; /* the program's */

static vecdot_status open_handles(const scenario *s)
{
    TRY(s->adopt ? vecdot_cuda_context_create(own.context, 0, &at.context)
                 : vecdot_context_create("cuda", &at.context));
    if (s->two_launches) at.context->policy.fenced_groups = 0;
    if (s->arrays == ARRAYS_IN_PIECES) at.context->policy.max_alloc = SUM_LENGTH * (int64_t)sizeof(int32_t);
    return s->adopt ? vecdot_cuda_queue_create(at.context, own.stream, &at.queue)
                    : vecdot_queue_create(at.context, &at.queue);
}

static void disarm(void)
{
    sim.cudasim_fail_at(0, 0, 0);
    sim.cudasim_fail_call(NULL, 0, 0);
    allocation.at = 0;
}

static cudasim_alive before; /* the program's own, and what a driver that refuses to release has kept */

/* Pops what the library could not pop; whether there was anything. */
static int pop_all(void)
{
    CUcontext current = NULL, popped;
    int found = 0;
    while (sim.cuCtxGetCurrent(&current) == 0 && current != NULL && sim.cuCtxPopCurrent_v2(&popped) == 0)
        found = 1;
    return found;
}

/* After a test that stopped in the middle. */
static int clean_up(void **state)
{
    (void)state;
    disarm();
    pop_all();
    sum_release();
    sim.cudasim_counts(&before);
    return 0;
}

static void must(vecdot_status status, const char *what)
{
    if (status != VECDOT_SUCCESS) fail_msg("%s: %s", what, vecdot_last_error());
}

/* What a run did: the driver calls from `first` on, and launches among them. */
static struct {
    uint64_t first, count, launches;
} run_of;

static void prepare(const scenario *s)
{
    sum_fill();
    if (s->opening) return;
    must(open_handles(s), "opening");
    if (s->arrays == ARRAYS_ON_DEVICE) must(sum_make_arrays(), "making arrays");
    if (s->warm) {
        must(sum_compute(s->arrays), "warming up");
        if (s->arrays == ARRAYS_MADE) sum_release_arrays();
        sum_fill();
        if (s->arrays == ARRAYS_ON_DEVICE) {
            sum_release_arrays();
            must(sum_make_arrays(), "making arrays");
        }
    }
}

/* Prepares what comes before the faults, lets `arm` begin them, and runs the rest. The handles stay open. */
static vecdot_status run_scenario(const scenario *s, void (*arm)(void))
{
    prepare(s);
    run_of.first = sim.cudasim_calls();
    uint64_t launches = sim.cudasim_calls_of("cuLaunchKernel");
    allocation.calls = 0;
    arm();
    vecdot_status status = s->opening ? open_handles(s) : sum_compute(s->arrays);
    disarm();
    run_of.count = sim.cudasim_calls() - run_of.first;
    run_of.launches = sim.cudasim_calls_of("cuLaunchKernel") - launches;
    return status;
}

/* ---- What must hold after a run ------------------------------------------------------------------ */

static void check_result(const char *what)
{
    if (!sum_is_right()) fail_msg("%s: the result is wrong", what);
}

/* After a failure that launched nothing, out holds what it held. */
static void check_untouched(const scenario *s, const char *what)
{
    if (run_of.launches > 0 || s->opening) return;
    if (s->arrays == ARRAYS_ON_DEVICE) {
        sum_fill();
        must(sum_bring_back(), what);
    }
    if (!sum_is_untouched()) fail_msg("%s: out was written to, and nothing launched", what);
}

/* Nothing of the library's is left in the driver, but what `refused`: the driver did not let it go. */
static void check_nothing_alive(const char *what, int refused)
{
    cudasim_alive alive;
    int changed = pop_all();
    sim.cudasim_counts(&alive);
    if (sim.cudasim_misuses() > 0) fail_msg("%s: misuse of the driver: %s", what, sim.cudasim_last_misuse());
    if (refused) {
        before = alive;
        return;
    }
    if (changed) fail_msg("%s: the current context has changed", what);
    if (memcmp(&alive, &before, sizeof alive) != 0)
        fail_msg("%s: still alive: %" PRIu64 " contexts, %" PRIu64 " streams, %" PRIu64 " retains, %" PRIu64
                 " events, %" PRIu64 " modules, %" PRIu64 " allocations, %" PRIu64 " pinned, %" PRIu64
                 " orphans",
                 what, alive.contexts, alive.streams, alive.retains, alive.events, alive.modules,
                 alive.allocations, alive.pinned, alive.orphans);
}

/* A fresh queue of the same context computes, and then nothing is held. */
static void check_afterwards(const scenario *s, const char *what, int refused)
{
    vecdot_queue *old = at.queue;
    pop_all();
    if (at.context != NULL) {
        must(s->adopt ? vecdot_cuda_queue_create(at.context, own.stream, &at.queue)
                      : vecdot_queue_create(at.context, &at.queue),
             what);
        vecdot_queue_release(old);
        sum_release_arrays();
        sum_fill();
        if (s->arrays == ARRAYS_ON_DEVICE) must(sum_make_arrays(), what);
        must(sum_compute(s->arrays), what);
        if (s->arrays == ARRAYS_ON_DEVICE) must(sum_bring_back(), what);
        check_result(what);
    }
    sum_release();
    check_nothing_alive(what, refused);
}

/* ---- Driver calls that fail ---------------------------------------------------------------------- */

static struct {
    uint64_t at;
    int code, from_then_on;
} chosen;

static void arm_call(void)
{
    sim.cudasim_fail_at(chosen.at, chosen.code, chosen.from_then_on);
}

static void arm_nothing(void) {}

static int chosen_allocation;

static void arm_allocation(void)
{
    allocation.at = chosen_allocation;
}

static int is_one_of(const char *name, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0) return 1;
    return 0;
}

/* A failure of these may cost nothing but speed or words, or can be told to nobody. */
static int may_be_harmless(const char *call)
{
    static const char *const harmless[] = {"cuMemHostAlloc",
                                           "cuEventCreate",
                                           "cuEventDestroy_v2",
                                           "cuMemFree_v2",
                                           "cuMemFreeHost",
                                           "cuGetErrorName",
                                           "cuGetErrorString",
                                           "cuMemGetInfo_v2",
                                           "cuDriverGetVersion",
                                           "cuDeviceGetName",
                                           "cuModuleUnload",
                                           "cuStreamDestroy_v2",
                                           "cuPointerGetAttribute",
                                           "cuPointerGetAttributes",
                                           "cuCtxPushCurrent_v2",
                                           "cuCtxPopCurrent_v2",
                                           "cuDevicePrimaryCtxRelease_v2",
                                           NULL};
    return is_one_of(call, harmless);
}

/* What such a call should have let go stays. */
static int is_letting_go(const char *call)
{
    static const char *const letting_go[] = {"cuCtxPushCurrent_v2",
                                             "cuCtxPopCurrent_v2",
                                             "cuEventDestroy_v2",
                                             "cuMemFree_v2",
                                             "cuMemFreeHost",
                                             "cuModuleUnload",
                                             "cuStreamDestroy_v2",
                                             "cuDevicePrimaryCtxRelease_v2",
                                             NULL};
    return is_one_of(call, letting_go);
}

/* A device that does not answer is no device. */
static int is_probing(const char *call)
{
    static const char *const probing[] = {"cuDeviceGetCount",    "cuDeviceGet",        "cuDeviceGetAttribute",
                                          "cuDeviceTotalMem_v2", "cuDriverGetVersion", NULL};
    return is_one_of(call, probing);
}

/* The call's name as messages have it: without a version. */
static void plain_name(const char *call, char plain[64])
{
    snprintf(plain, 64, "%s", call);
    char *version = strstr(plain, "_v2");
    if (version != NULL) *version = '\0';
}

static void check_status(const scenario *s, vecdot_status status, const char *call, const char *what)
{
    const char *message = vecdot_last_error();
    char plain[64];
    int is_expected = status == VECDOT_ERROR_BACKEND ||
                      (status == VECDOT_ERROR_OUT_OF_MEMORY && chosen.code == OUT_OF_MEMORY) ||
                      (status == VECDOT_ERROR_NO_DEVICE && (is_probing(call) || chosen.from_then_on)) ||
                      (status == VECDOT_ERROR_INVALID_ARGUMENT && s->opening && s->adopt);
    /* Without memory, what the queue has kept is freed and all is done again. */
    int is_again = s->warm && s->arrays == ARRAYS_COPIED && chosen.code == OUT_OF_MEMORY;
    if (status == VECDOT_SUCCESS && (may_be_harmless(call) || is_again)) return;
    if (!is_expected) fail_msg("%s: gave %s: %s", what, vecdot_status_name(status), message);
    if (chosen.code == OUT_OF_MEMORY && strcmp(call, "cuMemAlloc_v2") == 0)
        assert_int_equal(status, VECDOT_ERROR_OUT_OF_MEMORY);
    if (chosen.from_then_on) return; /* naming the code fails too */
    plain_name(call, plain);
    if (strstr(message, plain) == NULL ||
        strstr(message, chosen.code == INJECTED ? injected_name : memory_name) == NULL)
        fail_msg("%s: the message names no call or no code: %s", what, message);
}

static void fail_call(const scenario *s, uint64_t number, int code, int from_then_on)
{
    char what[192], call[64] = "";
    chosen.at = number;
    chosen.code = code;
    chosen.from_then_on = from_then_on;
    vecdot_status status = run_scenario(s, arm_call);
    const char *name = sim.cudasim_call_name(run_of.first + number - 1);
    snprintf(call, sizeof call, "%s", name != NULL ? name : "");
    snprintf(what, sizeof what, "%s, call %" PRIu64 " (%s) gives %d%s", s->name, number, call, code,
             from_then_on ? ", and all later" : "");
    check_status(s, status, call, what);
    if (status != VECDOT_SUCCESS) {
        check_untouched(s, what);
    } else if (!s->opening && s->arrays != ARRAYS_ON_DEVICE) {
        check_result(what);
    }
    check_afterwards(s, what, from_then_on || is_letting_go(call));
}

static void check_uses(const scenario *s)
{
    for (int k = 0; k < 8 && s->uses[k] != NULL; k++) {
        int found = 0;
        for (uint64_t i = 0; i < run_of.count && !found; i++)
            found = strcmp(sim.cudasim_call_name(run_of.first + i), s->uses[k]) == 0;
        if (!found) fail_msg("%s: never calls %s", s->name, s->uses[k]);
    }
}

static void test_calls(void **state)
{
    const scenario *s = *state;
    for (int twice = 0; twice < 2; twice++) { /* only the first call of all opens the driver */
        must(run_scenario(s, arm_nothing), s->name);
        check_afterwards(s, s->name, 0);
    }
    must(run_scenario(s, arm_nothing), s->name);
    check_uses(s);
    uint64_t calls = run_of.count;
    check_afterwards(s, s->name, 0);
    for (uint64_t number = 1; number <= calls; number++) {
        fail_call(s, number, INJECTED, 0);
        fail_call(s, number, INJECTED, 1);
        fail_call(s, number, OUT_OF_MEMORY, 0);
    }
    printf("%s: %" PRIu64 " calls, each failed three ways\n", s->name, calls);
}

static void test_allocations(void **state)
{
    const scenario *s = *state;
    char what[128];
    must(run_scenario(s, arm_nothing), s->name);
    int calls = allocation.calls;
    check_afterwards(s, s->name, 0);
    for (chosen_allocation = 1; chosen_allocation <= calls; chosen_allocation++) {
        snprintf(what, sizeof what, "%s, allocation %d", s->name, chosen_allocation);
        vecdot_status status = run_scenario(s, arm_allocation);
        if (status != VECDOT_SUCCESS && status != VECDOT_ERROR_OUT_OF_MEMORY)
            fail_msg("%s: gave %s: %s", what, vecdot_status_name(status), vecdot_last_error());
        if (status != VECDOT_SUCCESS) check_untouched(s, what);
        check_afterwards(s, what, 0);
    }
    printf("%s: %d allocations failed\n", s->name, calls);
}

/* ---- The end, which cannot fail ------------------------------------------------------------------- */

/* Every call of releasing fails in turn: nothing crashes, and what the driver did not refuse is gone. */
static void test_releasing(void **state)
{
    const scenario *s = *state;
    must(run_scenario(s, arm_nothing), s->name);
    uint64_t first = sim.cudasim_calls();
    sum_release();
    uint64_t calls = sim.cudasim_calls() - first;
    check_nothing_alive(s->name, 0);
    for (uint64_t number = 1; number <= calls; number++) {
        must(run_scenario(s, arm_nothing), s->name);
        sim.cudasim_fail_at(number, INJECTED, 0);
        sum_release();
        disarm();
        check_nothing_alive(s->name, 1);
    }
}

/* ---- A device that is lost ----------------------------------------------------------------------- */

/* Once a kernel has failed the driver answers all with the same code, and so do we. */
static void test_lost_device(void **state)
{
    const scenario *s = &scenarios[6];
    enum { LOST = 719 };
    (void)state;
    prepare(s);
    sim.cudasim_fail_at(1, LOST, 1);
    for (int again = 0; again < 3; again++) {
        assert_int_equal(sum_compute(s->arrays), VECDOT_ERROR_BACKEND);
        assert_non_null(strstr(vecdot_last_error(), "719"));
        assert_int_equal(vecdot_queue_finish(at.queue), VECDOT_ERROR_BACKEND);
        assert_non_null(strstr(vecdot_last_error(), "719"));
    }
    disarm();
    sum_release();
    check_nothing_alive("after a lost device", 1);
}

/* ---- Running ------------------------------------------------------------------------------------- */

static void open_own(void)
{
    CUcontext popped;
    assert_int_equal(sim.cuCtxCreate_v2(&own.context, 0, 0), 0);
    assert_int_equal(sim.cuStreamCreate(&own.stream, 1), 0);
    assert_int_equal(sim.cuCtxPopCurrent_v2(&popped), 0);
    sim.cudasim_counts(&before);
}

int main(void)
{
    struct CMUnitTest tests[2 * SCENARIOS + 3];
    size_t count = 0;
    setenv("VECDOT_CACHE_DIR", "/dev/null", 1);
    if (!open_simulator()) {
        printf("VECDOT_LIBCUDA names no simulated driver: skipped\n");
        return EXIT_SKIPPED;
    }
    open_own();
    for (size_t k = 0; k < SCENARIOS; k++) {
        void *state = (void *)(uintptr_t)&scenarios[k];
        tests[count++] = (struct CMUnitTest){scenarios[k].name, test_calls, NULL, clean_up, state};
        tests[count++] = (struct CMUnitTest){"allocations", test_allocations, NULL, clean_up, state};
    }
    tests[count++] = (struct CMUnitTest){"releasing host arrays", test_releasing, NULL, clean_up,
                                         (void *)(uintptr_t)&scenarios[2]};
    tests[count++] = (struct CMUnitTest){"releasing device arrays", test_releasing, NULL, clean_up,
                                         (void *)(uintptr_t)&scenarios[8]};
    tests[count++] = (struct CMUnitTest){"lost device", test_lost_device, NULL, clean_up, NULL};
    return _cmocka_run_group_tests("cuda faults", tests, count, NULL, NULL);
}
