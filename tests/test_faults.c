/* Faults: each call of each OpenCL function that the backend uses fails in turn, once and from then on, and
 * so does each allocation. Every time the status and the message must be right, `out` untouched when nothing
 * was launched, no OpenCL object kept, and the next call on a fresh queue correct. The loader in
 * support/faults does it. */
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

#include "core/run/context.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/faults/faults.h"
#include "support/known_sum.h"

#include <dirent.h>
#include <dlfcn.h>
#include <unistd.h>
#include <vecdot/opencl.h>

static fault_controls *faults;           /* of the loader that the library has opened */
static int called[FAULT_FUNCTION_COUNT]; /* whether any test came by the function */

static const char *const function_names[] = {
#define X(name) "cl" #name,
    FAULT_FUNCTIONS(X)
#undef X
};

/* A code that no driver gives by itself here. */
enum { INJECTED = CL_INVALID_OPERATION };
static const char injected_name[] = "CL_INVALID_OPERATION";

/* ---- Scenarios ----------------------------------------------------------------------------------- */

typedef enum disk { DISK_FILLED, DISK_EMPTY, DISK_NONE } disk;

typedef struct scenario {
    const char *name;
    int opening; /* faults while context and queue are opened, else while they are used */
    int adopt;   /* they are on the program's own, and the queue is out of order         */
    arrays arrays;
    disk disk;
    fault_function uses[8]; /* functions it is there for: it must call them */
    size_t use_count;
} scenario;

#define USES(...) {__VA_ARGS__}, sizeof((fault_function[]){__VA_ARGS__}) / sizeof(fault_function)

static const scenario scenarios[] = {
    {"opening", 1, 0, ARRAYS_IN_PLACE, DISK_FILLED,
     USES(FAULT_GetPlatformIDs, FAULT_GetPlatformInfo, FAULT_GetDeviceIDs, FAULT_GetDeviceInfo,
          FAULT_CreateContext, FAULT_CreateCommandQueue)},
    {"adopting", 1, 1, ARRAYS_IN_PLACE, DISK_FILLED,
     USES(FAULT_RetainContext, FAULT_GetContextInfo, FAULT_RetainCommandQueue, FAULT_GetCommandQueueInfo)},
    {"host arrays in place", 0, 0, ARRAYS_IN_PLACE, DISK_FILLED,
     USES(FAULT_CreateBuffer, FAULT_EnqueueMapBuffer, FAULT_EnqueueUnmapMemObject, FAULT_Finish,
          FAULT_CreateProgramWithBinary, FAULT_CreateKernel, FAULT_SetKernelArg, FAULT_EnqueueNDRangeKernel)},
    {"host arrays copied", 0, 0, ARRAYS_COPIED, DISK_FILLED,
     USES(FAULT_CreateBuffer, FAULT_EnqueueWriteBuffer, FAULT_EnqueueReadBuffer)},
    {"host arrays in pieces", 0, 0, ARRAYS_IN_PIECES, DISK_FILLED,
     USES(FAULT_CreateCommandQueue, FAULT_EnqueueBarrierWithWaitList, FAULT_Flush, FAULT_ReleaseEvent)},
    {"device arrays", 0, 0, ARRAYS_ON_DEVICE, DISK_FILLED, USES(FAULT_GetMemObjectInfo, FAULT_CreateBuffer)},
    {"device arrays made and copied", 0, 0, ARRAYS_MADE, DISK_FILLED,
     USES(FAULT_EnqueueCopyBuffer, FAULT_EnqueueWriteBuffer, FAULT_EnqueueReadBuffer)},
    {"another's queue", 0, 1, ARRAYS_MADE, DISK_FILLED, USES(FAULT_EnqueueBarrierWithWaitList)},
    {"programs from source", 0, 0, ARRAYS_IN_PLACE, DISK_NONE,
     USES(FAULT_CreateProgramWithSource, FAULT_BuildProgram, FAULT_CreateKernel)},
    {"programs to be saved", 0, 0, ARRAYS_IN_PLACE, DISK_EMPTY, USES(FAULT_BuildProgram, FAULT_CreateKernel)},
};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

/* What a failure of each function must come to: one of two. None: the call succeeds all the same. */
static const vecdot_status expectations[FAULT_FUNCTION_COUNT][2] = {
    [FAULT_GetPlatformIDs] = {VECDOT_ERROR_NO_DEVICE, VECDOT_ERROR_NO_DEVICE},
    [FAULT_GetDeviceIDs] = {VECDOT_ERROR_NO_DEVICE, VECDOT_ERROR_NO_DEVICE},
    [FAULT_GetDeviceInfo] = {VECDOT_ERROR_NO_DEVICE, VECDOT_ERROR_INVALID_ARGUMENT},
    [FAULT_CreateContext] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_RetainContext] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_GetContextInfo] = {VECDOT_ERROR_INVALID_ARGUMENT, VECDOT_ERROR_BACKEND},
    [FAULT_CreateCommandQueue] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_RetainCommandQueue] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_GetCommandQueueInfo] = {VECDOT_ERROR_INVALID_ARGUMENT, VECDOT_ERROR_BACKEND},
    [FAULT_Finish] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_Flush] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_CreateBuffer] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_GetMemObjectInfo] = {VECDOT_ERROR_INVALID_ARGUMENT, VECDOT_ERROR_BACKEND},
    [FAULT_EnqueueReadBuffer] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_EnqueueWriteBuffer] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_EnqueueCopyBuffer] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_EnqueueMapBuffer] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_EnqueueUnmapMemObject] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_EnqueueBarrierWithWaitList] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_CreateProgramWithSource] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_BuildProgram] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_CreateKernel] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_SetKernelArg] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
    [FAULT_EnqueueNDRangeKernel] = {VECDOT_ERROR_BACKEND, VECDOT_ERROR_BACKEND},
};

/* A failure of these may cost nothing: a device's property that is not essential, the list of devices when
 * the program has chosen one itself, a binary that is built from its source instead. */
static int may_be_harmless(fault_function function, const scenario *s)
{
    int listing = function == FAULT_GetPlatformIDs || function == FAULT_GetDeviceIDs;
    return function == FAULT_GetDeviceInfo || (listing && s->adopt) ||
           (function == FAULT_BuildProgram && s->disk == DISK_FILLED);
}

/* ---- One run of a scenario ----------------------------------------------------------------------- */

static struct {
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
} own; /* the program's, made by the real loader */

static char folders[3][128]; /* for each kind of disk cache */

static vecdot_status open_handles(const scenario *s)
{
    setenv("VECDOT_CACHE_DIR", folders[s->disk], 1);
    TRY(s->adopt ? vecdot_opencl_context_create(own.context, own.device, &at.context)
                 : vecdot_context_create("opencl", &at.context));
    at.context->policy.share_host = s->arrays == ARRAYS_IN_PLACE;
    if (s->arrays == ARRAYS_IN_PIECES) at.context->policy.max_alloc = SUM_LENGTH * (int64_t)sizeof(int32_t);
    return s->adopt ? vecdot_opencl_queue_create(at.context, own.queue, &at.queue)
                    : vecdot_queue_create(at.context, &at.queue);
}

/* After a test that stopped in the middle. */
static int clean_up(void **state)
{
    (void)state;
    faults->at = 0;
    allocation.at = 0;
    sum_release();
    memset(faults->held, 0, sizeof faults->held);
    return 0;
}

static void empty_folder(const char *path)
{
    DIR *entries = opendir(path);
    if (entries == NULL) return;
    for (const struct dirent *e = readdir(entries); e != NULL; e = readdir(entries)) {
        char inner[512];
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.') unlink(inner);
    }
    closedir(entries);
}

static void must(vecdot_status status, const char *what)
{
    if (status != VECDOT_SUCCESS) fail_msg("%s: %s", what, vecdot_last_error());
}

/* Prepares what comes before the faults, lets `arm` begin them, and runs the rest. The handles stay open. */
static vecdot_status run_scenario(const scenario *s, void (*arm)(void))
{
    sum_fill();
    if (s->disk == DISK_EMPTY) empty_folder(folders[DISK_EMPTY]);
    if (!s->opening) must(open_handles(s), "opening");
    if (s->arrays == ARRAYS_ON_DEVICE) must(sum_make_arrays(), "making arrays");
    memset(faults->calls, 0, sizeof faults->calls);
    faults->launches = 0;
    allocation.calls = 0;
    arm();
    vecdot_status status = s->opening ? open_handles(s) : sum_compute(s->arrays);
    faults->at = 0;
    allocation.at = 0;
    for (int f = 0; f < FAULT_FUNCTION_COUNT; f++) called[f] |= faults->calls[f] > 0;
    return status;
}

static void check_result(const char *what)
{
    if (!sum_is_right()) fail_msg("%s: the result is wrong", what);
}

/* After a failure that launched nothing, out holds what it held. */
static void check_untouched(const scenario *s, const char *what)
{
    if (faults->launches > 0 || s->opening) return;
    if (s->arrays == ARRAYS_ON_DEVICE) {
        sum_fill();
        must(sum_bring_back(), what);
    }
    if (!sum_is_untouched()) fail_msg("%s: out was written to, and nothing launched", what);
}

static void check_nothing_held(const char *what)
{
    for (int k = 0; k < FAULT_OBJECT_COUNT; k++) {
        if (faults->held[k] != 0)
            fail_msg("%s: %d objects of kind %d are still held", what, faults->held[k], k);
    }
}

/* A fresh queue of the same context computes, and then nothing is held. */
static void check_afterwards(const scenario *s, const char *what)
{
    vecdot_queue *old = at.queue;
    if (at.context != NULL) {
        must(vecdot_queue_create(at.context, &at.queue), what);
        vecdot_queue_release(old);
        sum_release_arrays();
        sum_fill();
        if (s->arrays == ARRAYS_ON_DEVICE) must(sum_make_arrays(), what);
        must(sum_compute(s->arrays), what);
        if (s->arrays == ARRAYS_ON_DEVICE) must(sum_bring_back(), what);
        check_result(what);
    }
    sum_release();
    check_nothing_held(what);
}

/* ---- Driver calls that fail ---------------------------------------------------------------------- */

static struct {
    fault_function function;
    int at, from_then_on;
} chosen;

static void arm_call(void)
{
    faults->function = chosen.function;
    faults->at = chosen.at;
    faults->code = INJECTED;
    faults->from_then_on = chosen.from_then_on;
}

static int chosen_allocation;

static void arm_allocation(void)
{
    allocation.at = chosen_allocation;
}

static void arm_nothing(void) {}

static void check_status(const scenario *s, vecdot_status status, const char *what)
{
    const vecdot_status *expected = expectations[chosen.function];
    const char *message = vecdot_last_error();
    if (expected[0] == VECDOT_SUCCESS || (status == VECDOT_SUCCESS && may_be_harmless(chosen.function, s))) {
        if (status != VECDOT_SUCCESS) fail_msg("%s: %s: %s", what, vecdot_status_name(status), message);
        return;
    }
    if (status != expected[0] && status != expected[1]) {
        fail_msg("%s: gave %s, expected %s: %s", what, vecdot_status_name(status),
                 vecdot_status_name(expected[0]), message);
    }
    /* A property of the device that is missing, but not the first, is told by what it means. */
    if (chosen.function == FAULT_GetDeviceInfo && chosen.at > 1) return;
    if (strstr(message, function_names[chosen.function]) == NULL || strstr(message, injected_name) == NULL)
        fail_msg("%s: the message names no call or no code: %s", what, message);
}

static void fail_call(const scenario *s, fault_function function, int number, int from_then_on)
{
    char what[160];
    snprintf(what, sizeof what, "%s, %s fails at call %d%s", s->name, function_names[function], number,
             from_then_on ? " and later" : "");
    chosen.function = function;
    chosen.at = number;
    chosen.from_then_on = from_then_on;
    vecdot_status status = run_scenario(s, arm_call);
    check_status(s, status, what);
    if (status != VECDOT_SUCCESS) {
        check_untouched(s, what);
    } else if (!s->opening && s->arrays != ARRAYS_ON_DEVICE) {
        check_result(what);
    }
    check_afterwards(s, what);
}

/* Without a fault: fills the disk cache and counts the calls. */
static void run_faultless(const scenario *s, int calls[FAULT_FUNCTION_COUNT])
{
    must(run_scenario(s, arm_nothing), s->name);
    memcpy(calls, faults->calls, sizeof faults->calls);
    check_afterwards(s, s->name);
}

/* Where programs are built, which takes long, only the functions that the scenario is there for fail: the
 * others do with the same arrays and programs from the disk. */
static int is_to_fail(const scenario *s, int function)
{
    int used = s->disk == DISK_FILLED;
    for (size_t i = 0; i < s->use_count; i++) used |= (int)s->uses[i] == function;
    return used;
}

static void test_calls(void **state)
{
    const scenario *s = *state;
    int calls[FAULT_FUNCTION_COUNT], failed = 0;
    run_faultless(s, calls);
    run_faultless(s, calls);
    for (size_t i = 0; i < s->use_count; i++) {
        if (calls[s->uses[i]] == 0) fail_msg("%s: never calls %s", s->name, function_names[s->uses[i]]);
    }
    for (int f = 0; f < FAULT_FUNCTION_COUNT; f++) {
        for (int number = 1; is_to_fail(s, f) && number <= calls[f]; number++) {
            fail_call(s, (fault_function)f, number, 0);
            fail_call(s, (fault_function)f, number, 1);
            failed += 2;
        }
    }
    printf("%s: %d faults\n", s->name, failed);
}

/* ---- The end, which cannot fail ------------------------------------------------------------------- */

/* Runs the scenario without a fault and lets `arm` begin them when all is released. */
static void release_with_faults(const scenario *s, void (*arm)(void), const char *what)
{
    must(run_scenario(s, arm_nothing), s->name);
    memset(faults->calls, 0, sizeof faults->calls);
    allocation.calls = 0;
    arm();
    sum_release();
    faults->at = 0;
    allocation.at = 0;
    for (int f = 0; f < FAULT_FUNCTION_COUNT; f++) called[f] |= faults->calls[f] > 0;
    check_nothing_held(what);
}

static void test_releases(void **state)
{
    static const fault_function releases[] = {FAULT_ReleaseContext,   FAULT_ReleaseCommandQueue,
                                              FAULT_ReleaseMemObject, FAULT_ReleaseProgram,
                                              FAULT_ReleaseKernel,    FAULT_Finish};
    (void)state;
    for (size_t i = 0; i < sizeof releases / sizeof releases[0]; i++) {
        chosen.function = releases[i];
        chosen.at = chosen.from_then_on = 1;
        release_with_faults(&scenarios[6], arm_call, function_names[releases[i]]);
        assert_true(faults->calls[releases[i]] > 0);
    }
}

/* Programs are saved at the end of the context: as many as can be. */
static void test_saving(void **state)
{
    const scenario *s = &scenarios[9];
    (void)state;
    release_with_faults(s, arm_nothing, "saving");
    int calls = faults->calls[FAULT_GetProgramInfo], allocations = allocation.calls;
    assert_true(calls > 0 && allocations > 0);
    chosen.function = FAULT_GetProgramInfo;
    chosen.from_then_on = 0;
    for (chosen.at = 1; chosen.at <= calls; chosen.at++) release_with_faults(s, arm_call, "saving");
    chosen.at = chosen.from_then_on = 1;
    release_with_faults(s, arm_call, "saving");
    for (chosen_allocation = 1; chosen_allocation <= allocations; chosen_allocation++)
        release_with_faults(s, arm_allocation, "saving without memory");
}

/* ---- Codes with a meaning of their own ----------------------------------------------------------- */

static int meaning_code;

static void arm_meaning(void)
{
    arm_call();
    faults->code = meaning_code;
}

static void check_meaning(const scenario *s, fault_function function, int code, vecdot_status expected,
                          const char *word)
{
    chosen.function = function;
    chosen.at = 1;
    chosen.from_then_on = 0;
    meaning_code = code;
    assert_int_equal(run_scenario(s, arm_meaning), expected);
    if (strstr(vecdot_last_error(), word) == NULL) fail_msg("no \"%s\" in: %s", word, vecdot_last_error());
    check_untouched(s, word);
    check_afterwards(s, word);
}

static void test_codes(void **state)
{
    const scenario *opening = &scenarios[0], *in_place = &scenarios[2], *from_source = &scenarios[8];
    (void)state;
    check_meaning(opening, FAULT_GetPlatformIDs, -1001, VECDOT_ERROR_NO_DEVICE, "pocl-opencl-icd");
    check_meaning(opening, FAULT_CreateContext, CL_OUT_OF_HOST_MEMORY, VECDOT_ERROR_OUT_OF_MEMORY,
                  "CL_OUT_OF_HOST_MEMORY");
    check_meaning(in_place, FAULT_CreateBuffer, CL_MEM_OBJECT_ALLOCATION_FAILURE, VECDOT_ERROR_OUT_OF_MEMORY,
                  "bytes");
    check_meaning(in_place, FAULT_CreateBuffer, CL_INVALID_BUFFER_SIZE, VECDOT_ERROR_OUT_OF_MEMORY, "bytes");
    check_meaning(in_place, FAULT_EnqueueNDRangeKernel, CL_OUT_OF_RESOURCES, VECDOT_ERROR_OUT_OF_MEMORY,
                  "memory");
    check_meaning(in_place, FAULT_Finish, CL_OUT_OF_RESOURCES, VECDOT_ERROR_BACKEND, "earlier kernel");
    check_meaning(from_source, FAULT_BuildProgram, CL_BUILD_PROGRAM_FAILURE, VECDOT_ERROR_COMPILE,
                  "CL_BUILD_PROGRAM_FAILURE");
    check_meaning(from_source, FAULT_BuildProgram, CL_INVALID_BUILD_OPTIONS, VECDOT_ERROR_COMPILE,
                  "CL_INVALID_BUILD_OPTIONS");
}

/* No function of the table is left out: what the backend calls is there, or it would find no loader. */
static void test_every_function_is_called(void **state)
{
    (void)state;
    for (int f = 0; f < FAULT_FUNCTION_COUNT; f++) {
        if (!called[f]) fail_msg("no scenario calls %s", function_names[f]);
    }
}

/* ---- Allocations that fail ----------------------------------------------------------------------- */

static void test_allocations(void **state)
{
    const scenario *s = *state;
    int calls = 0, refused = 0;
    must(run_scenario(s, arm_nothing), s->name);
    calls = allocation.calls;
    check_afterwards(s, s->name);
    for (chosen_allocation = 1; chosen_allocation <= calls; chosen_allocation++) {
        char what[120];
        snprintf(what, sizeof what, "%s, allocation %d of %d fails", s->name, chosen_allocation, calls);
        vecdot_status status = run_scenario(s, arm_allocation);
        /* Without memory to list devices there may be none. */
        if (status != VECDOT_SUCCESS && status != VECDOT_ERROR_OUT_OF_MEMORY &&
            !(s->opening && status == VECDOT_ERROR_NO_DEVICE)) {
            fail_msg("%s: %s: %s", what, vecdot_status_name(status), vecdot_last_error());
        }
        if (status != VECDOT_SUCCESS) check_untouched(s, what);
        refused += status != VECDOT_SUCCESS;
        check_afterwards(s, what);
    }
    assert_true(refused > 0);
    printf("%s: %d allocations failed, %d of them the call\n", s->name, calls, refused);
}

/* ---- All of it ----------------------------------------------------------------------------------- */

static int create_own(void)
{
    cl_platform_id platform;
    cl_command_queue_properties can = 0;
    cl_int code;
    if (clGetPlatformIDs(1, &platform, NULL) != CL_SUCCESS ||
        clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &own.device, NULL) != CL_SUCCESS)
        return 0;
    clGetDeviceInfo(own.device, CL_DEVICE_QUEUE_PROPERTIES, sizeof can, &can, NULL);
    own.context = clCreateContext(NULL, 1, &own.device, NULL, NULL, &code);
    if (code != CL_SUCCESS) return 0;
    own.queue =
        clCreateCommandQueue(own.context, own.device, can & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &code);
    return code == CL_SUCCESS;
}

static void release_own(void)
{
    clReleaseCommandQueue(own.queue);
    clReleaseContext(own.context);
}

static int open_faults(void)
{
    void *loader = dlopen(FAULTS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    faults = loader != NULL ? dlsym(loader, "faults") : NULL;
    return faults != NULL && setenv("VECDOT_LIBOPENCL", FAULTS_LIBRARY, 1) == 0;
}

static int run_suite(void)
{
    static char names[SCENARIOS][96];
    struct CMUnitTest tests[2 * SCENARIOS + 4];
    size_t count = 0;
    for (int i = 0; i < SCENARIOS; i++) {
        void *s = (void *)(uintptr_t)&scenarios[i];
        tests[count++] = (struct CMUnitTest){scenarios[i].name, test_calls, NULL, clean_up, s};
        snprintf(names[i], sizeof names[i], "allocations: %s", scenarios[i].name);
        tests[count++] = (struct CMUnitTest){names[i], test_allocations, NULL, clean_up, s};
    }
    tests[count++] = (struct CMUnitTest){"releases", test_releases, NULL, clean_up, NULL};
    tests[count++] = (struct CMUnitTest){"saving", test_saving, NULL, clean_up, NULL};
    tests[count++] = (struct CMUnitTest){"codes", test_codes, NULL, clean_up, NULL};
    tests[count++] = (struct CMUnitTest){"every function", test_every_function_is_called, NULL, NULL, NULL};
    return _cmocka_run_group_tests("faults", tests, count, NULL, NULL);
}

int main(void)
{
    char top[] = "/tmp/vecdot-faults-XXXXXX";
    const char *named = getenv("VECDOT_TEST_BACKENDS");
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!create_own()) {
        fprintf(stderr, "no OpenCL device\n");
        return named != NULL && strstr(named, "opencl") != NULL ? EXIT_FAILURE : EXIT_SKIPPED;
    }
    if (!open_faults() || mkdtemp(top) == NULL) {
        fprintf(stderr, "cannot open %s: %s\n", FAULTS_LIBRARY, dlerror());
        return EXIT_FAILURE;
    }
    snprintf(folders[DISK_FILLED], sizeof folders[0], "%s/filled", top);
    snprintf(folders[DISK_EMPTY], sizeof folders[0], "%s/empty", top);
    snprintf(folders[DISK_NONE], sizeof folders[0], "/dev/null");
    int failed = run_suite();
    for (int k = DISK_FILLED; k <= DISK_EMPTY; k++) {
        empty_folder(folders[k]);
        rmdir(folders[k]);
    }
    rmdir(top);
    release_own();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
