/* The simulated driver itself: handles, memory, the late and random order of streams, capture, injected
 * faults, counts. What kernels do wrong is in test_cudasim_kernels.c. */
#include "tests/cudasim/drive.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Devices and settings ---- */

static void test_settings(void **state)
{
    int value = 0;
    size_t bytes = 0;
    (void)state;
    sim.cudasim_reset();
    BAD(cu.cuDeviceGetCount(&value), NOT_INITIALIZED);
    assert_int_equal(sim.cudasim_configure("CUDASIM_CAPABILITY", "7.5"), 0);
    assert_int_equal(sim.cudasim_configure("CUDASIM_MEMORY", "1000000"), 0);
    assert_int_equal(sim.cudasim_configure("CUDASIM_DRIVER_VERSION", "12020"), 0);
    assert_int_equal(sim.cudasim_configure("CUDASIM_UNITS", "3"), 0);
    assert_int_equal(sim.cudasim_configure("CUDASIM_DEVICES", "9"), 1);
    assert_int_equal(sim.cudasim_configure("CUDASIM_CAPABILITY", "75"), 1);
    assert_int_equal(sim.cudasim_configure("CUDASIM_COLOUR", "1"), 1);
    GOOD(cu.cuInit(0));
    assert_int_equal(sim.cudasim_configure("CUDASIM_CAPABILITY", "9.0"), 1);
    GOOD(cu.cuDriverGetVersion(&value));
    assert_int_equal(value, 12020);
    GOOD(cu.cuDeviceTotalMem_v2(&bytes, 0));
    assert_int_equal(bytes, 1000000);
    const int expected[][2] = {{75, 7}, {76, 5}, {16, 3}, {10, 32}, {39, 1024}, {97, 65536}, {18, 0}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        GOOD(cu.cuDeviceGetAttribute(&value, expected[i][0], 0));
        assert_int_equal(value, expected[i][1]);
    }
    BAD(cu.cuDeviceGetAttribute(&value, 75, 1), INVALID_DEVICE);
    BAD(cu.cuDeviceGetAttribute(&value, 9999, 0), INVALID_VALUE);
}

static void test_initialisation_errors(void **state)
{
    static const char *const codes[] = {"100", "34", "803", "999"};
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        sim.cudasim_reset();
        assert_int_equal(sim.cudasim_configure("CUDASIM_INIT_ERROR", codes[i]), 0);
        assert_int_equal(cu.cuInit(0), atoi(codes[i]));
    }
    sim.cudasim_reset();
    assert_int_equal(sim.cudasim_configure("CUDASIM_DEVICES", "0"), 0);
    BAD(cu.cuInit(0), NO_DEVICE);
}

/* ---- Contexts ---- */

static void test_contexts(void **state)
{
    handle primary = NULL, again = NULL, found = NULL;
    address memory = 0;
    unsigned flags = 0;
    int active = 1;
    (void)state;
    GOOD(cu.cuCtxDestroy_v2(fresh_context));
    BAD(cu.cuMemAlloc_v2(&memory, 4), INVALID_CONTEXT);
    BAD(cu.cuCtxSetCurrent(fresh_context), INVALID_CONTEXT);
    GOOD(cu.cuDevicePrimaryCtxRetain(&primary, 1));
    GOOD(cu.cuDevicePrimaryCtxRetain(&again, 1));
    assert_ptr_equal(primary, again);
    BAD(cu.cuCtxDestroy_v2(primary), INVALID_CONTEXT);
    GOOD(cu.cuCtxPushCurrent_v2(primary));
    GOOD(cu.cuCtxGetCurrent(&found));
    assert_ptr_equal(found, primary);
    GOOD(cu.cuDevicePrimaryCtxRelease_v2(1));
    memory = new_memory(4);
    GOOD(cu.cuDevicePrimaryCtxRelease_v2(1));
    GOOD(cu.cuDevicePrimaryCtxGetState(1, &flags, &active));
    assert_int_equal(active, 0);
    BAD(cu.cuMemFree_v2(memory), CONTEXT_IS_DESTROYED);
    BAD(cu.cuDevicePrimaryCtxRelease_v2(1), INVALID_CONTEXT);
    cudasim_alive alive;
    sim.cudasim_counts(&alive);
    assert_int_equal(alive.orphans, 1);
    assert_int_equal(alive.allocations, 0);
    GOOD(cu.cuCtxPopCurrent_v2(NULL));
    BAD(cu.cuCtxPopCurrent_v2(NULL), INVALID_CONTEXT);
}

static void test_dead_and_wrong_handles(void **state)
{
    const handle stream = new_stream(), event = new_event();
    (void)state;
    BAD(cu.cuStreamSynchronize(event), INVALID_HANDLE);
    BAD(cu.cuEventSynchronize(stream), INVALID_HANDLE);
    GOOD(cu.cuStreamDestroy_v2(stream));
    BAD(cu.cuStreamDestroy_v2(stream), INVALID_HANDLE);
    BAD(cu.cuEventRecord(event, stream), INVALID_HANDLE);
    const handle next = new_stream();
    assert_ptr_not_equal(next, stream);
}

static void *without_context(void *result)
{
    address memory = 0;
    *(int *)result = cu.cuMemAlloc_v2(&memory, 4);
    return NULL;
}

static void test_current_context_is_the_threads(void **state)
{
    pthread_t thread;
    int result = 0;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, without_context, &result), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(result, CUDA_ERROR_INVALID_CONTEXT);
}

static void test_event_of_another_context(void **state)
{
    const handle event = new_event();
    handle other = NULL;
    (void)state;
    GOOD(cu.cuCtxCreate_v2(&other, 0, 1));
    const handle stream = new_stream();
    BAD(cu.cuEventRecord(event, stream), INVALID_HANDLE);
}

/* ---- Memory ---- */

static void test_host_crashes_on_device_memory(void **state)
{
    const address memory = new_memory(4);
    int status = 0;
    (void)state;
    assert_int_equal(memory % 256, 0);
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        _exit(*(volatile unsigned char *)(uintptr_t)memory == 0 ? 1 : 2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void test_memory_is_poisoned_and_limited(void **state)
{
    unsigned char bytes[64], zero[64] = {0};
    size_t available = 0, total = 0;
    address memory = new_memory(sizeof bytes), large = 0;
    (void)state;
    GOOD(cu.cuMemcpyDtoH_v2(bytes, memory, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) assert_int_not_equal(bytes[i], 0);
    BAD(cu.cuMemcpyHtoD_v2(memory, zero, sizeof zero + 1), INVALID_VALUE);
    BAD(cu.cuMemcpyHtoD_v2(memory + 1, zero, sizeof zero), INVALID_VALUE);
    BAD(cu.cuMemFree_v2(memory + 1), INVALID_VALUE);
    BAD(cu.cuMemAlloc_v2(&large, 0), INVALID_VALUE);
    assert_int_equal(sim.cudasim_configure("CUDASIM_MEMORY", "1024"), 0);
    GOOD(cu.cuMemGetInfo_v2(&available, &total));
    assert_int_equal(available, 768);
    BAD(cu.cuMemAlloc_v2(&large, 769), OUT_OF_MEMORY);
    GOOD(cu.cuMemAlloc_v2(&large, 768));
    GOOD(cu.cuMemFree_v2(memory));
    BAD(cu.cuMemFree_v2(memory), INVALID_VALUE);
    BAD(cu.cuMemcpyDtoH_v2(bytes, memory, 1), INVALID_VALUE);
}

static void test_host_overrun_is_misuse(void **state)
{
    unsigned char *pinned = new_pinned(100);
    (void)state;
    pinned[100] = (unsigned char)~pinned[100];
    assert_int_equal(sim.cudasim_misuses(), 0);
    GOOD(cu.cuMemFreeHost(pinned));
    assert_int_equal(sim.cudasim_misuses(), 1);
    assert_contains(sim.cudasim_last_misuse(), "host overrun: byte 100");
}

enum { CONTEXT = 1, TYPE, DEVICE_POINTER, HOST_POINTER, IS_MANAGED = 8, ORDINAL, START = 11, SIZE };

static void check_pointer(address at, unsigned type, unsigned managed, size_t bytes)
{
    unsigned value = 99;
    address start = 0, same = 0;
    size_t size = 0;
    handle owner = NULL;
    GOOD(cu.cuPointerGetAttribute(&value, TYPE, at + 1));
    assert_int_equal(value, type);
    GOOD(cu.cuPointerGetAttribute(&value, IS_MANAGED, at + 1));
    assert_int_equal(value, managed);
    GOOD(cu.cuPointerGetAttribute(&value, ORDINAL, at + 1));
    assert_int_equal(value, 0);
    GOOD(cu.cuPointerGetAttribute(&owner, CONTEXT, at + 1));
    assert_ptr_equal(owner, fresh_context);
    GOOD(cu.cuPointerGetAttribute(&start, START, at + 1));
    GOOD(cu.cuPointerGetAttribute(&size, SIZE, at + 1));
    assert_true(start == at && size == bytes);
    GOOD(cu.cuPointerGetAttribute(&same, DEVICE_POINTER, at + 1));
    assert_true(same == at + 1);
    assert_int_equal(cu.cuPointerGetAttribute(&same, HOST_POINTER, at + 1),
                     type == 2 && !managed ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS);
    BAD(cu.cuPointerGetAttribute(&value, TYPE, at + bytes), INVALID_VALUE);
}

static void test_pointer_attributes(void **state)
{
    static char registered[5000];
    address managed = 0;
    unsigned type = 99;
    int ordinal = 99, wanted[2] = {TYPE, ORDINAL};
    void *data[2] = {&type, &ordinal};
    (void)state;
    GOOD(cu.cuMemAllocManaged(&managed, 300, 1));
    GOOD(cu.cuMemHostRegister_v2(registered, sizeof registered, 0));
    check_pointer(new_memory(300), 2, 0, 300);
    check_pointer(managed, 2, 1, 300);
    check_pointer((address)(uintptr_t)new_pinned(300), 1, 0, 300);
    check_pointer((address)(uintptr_t)registered, 1, 0, sizeof registered);
    BAD(cu.cuMemHostRegister_v2(registered + 4999, 1, 0), HOST_MEMORY_ALREADY_REGISTERED);
    GOOD(cu.cuMemHostUnregister(registered));
    BAD(cu.cuMemHostUnregister(registered), HOST_MEMORY_NOT_REGISTERED);
    BAD(cu.cuPointerGetAttribute(&type, TYPE, (address)(uintptr_t)registered), INVALID_VALUE);
    GOOD(cu.cuPointerGetAttributes(2, wanted, data, (address)(uintptr_t)registered));
    assert_int_equal(type, 0);
    assert_int_equal(ordinal, -2);
}

/* Pinned, but kernels see it elsewhere. */
static void test_write_combined_memory(void **state)
{
    unsigned *host = NULL, value = 0, type = 0;
    address seen = 0;
    void *back = NULL;
    (void)state;
    GOOD(cu.cuMemHostAlloc((void **)&host, 8, 4));
    GOOD(cu.cuPointerGetAttribute(&seen, DEVICE_POINTER, (address)(uintptr_t)(host + 1)));
    assert_true(seen != (address)(uintptr_t)(host + 1));
    GOOD(cu.cuPointerGetAttribute(&back, HOST_POINTER, seen));
    assert_ptr_equal(back, host + 1);
    GOOD(cu.cuPointerGetAttribute(&type, TYPE, seen));
    assert_int_equal(type, 1);
    GOOD(cu.cuMemsetD32_v2(seen, 77, 1));
    assert_int_equal(host[1], 77);
    GOOD(cu.cuMemcpyHtoD_v2(new_memory(4), host + 1, 4));
    GOOD(cu.cuMemcpyDtoH_v2(&value, seen, 4));
    assert_int_equal(value, 77);
    GOOD(cu.cuMemFreeHost(host));
    BAD(cu.cuPointerGetAttribute(&type, TYPE, seen), INVALID_VALUE);
}

static void test_memory_of_another_context_is_out_of_reach(void **state)
{
    const address memory = new_memory(4);
    address seen = 0;
    handle other = NULL;
    int ordinal = -1;
    (void)state;
    GOOD(cu.cuCtxCreate_v2(&other, 0, 1));
    BAD(cu.cuPointerGetAttribute(&seen, DEVICE_POINTER, memory), INVALID_VALUE);
    GOOD(cu.cuPointerGetAttribute(&ordinal, ORDINAL, memory));
    assert_int_equal(ordinal, 0);
}

/* ---- Faults and counts ---- */

static void test_injected_faults(void **state)
{
    address memory = 0;
    size_t available, total;
    (void)state;
    sim.cudasim_fail_at(2, CUDA_ERROR_ECC_UNCORRECTABLE, 0);
    GOOD(cu.cuMemGetInfo_v2(&available, &total));
    BAD(cu.cuMemAlloc_v2(&memory, 4), ECC_UNCORRECTABLE);
    assert_true(memory == 0);
    GOOD(cu.cuMemAlloc_v2(&memory, 4));
    sim.cudasim_fail_call("cuMemFree_v2", 2, CUDA_ERROR_UNKNOWN);
    GOOD(cu.cuMemFree_v2(new_memory(4)));
    BAD(cu.cuMemFree_v2(memory), UNKNOWN);
    GOOD(cu.cuMemFree_v2(memory));
    sim.cudasim_fail_at(1, CUDA_ERROR_ILLEGAL_ADDRESS, 1);
    BAD(cu.cuCtxSynchronize(), ILLEGAL_ADDRESS);
    BAD(cu.cuCtxSynchronize(), ILLEGAL_ADDRESS);
    sim.cudasim_fail_at(0, 0, 0);
    GOOD(cu.cuCtxSynchronize());
    assert_int_equal(sim.cudasim_calls_of("cuCtxSynchronize"), 3);
    assert_string_equal(sim.cudasim_call_name(0), "cuInit");
    assert_string_equal(sim.cudasim_call_name(sim.cudasim_calls() - 1), "cuCtxSynchronize");
    assert_null(sim.cudasim_call_name(sim.cudasim_calls()));
}

static void test_counts(void **state)
{
    cudasim_alive alive;
    handle primary = NULL;
    (void)state;
    new_stream();
    new_event();
    new_memory(1000);
    new_pinned(10);
    GOOD(cu.cuDevicePrimaryCtxRetain(&primary, 0));
    sim.cudasim_counts(&alive);
    assert_int_equal(alive.contexts, 1);
    assert_int_equal(alive.retains, 1);
    assert_int_equal(alive.streams, 1);
    assert_int_equal(alive.events, 1);
    assert_int_equal(alive.allocations, 1);
    assert_int_equal(alive.bytes, 1000);
    assert_int_equal(alive.pinned, 1);
    assert_int_equal(alive.pinned_bytes, 10);
    GOOD(cu.cuCtxDestroy_v2(fresh_context));
    sim.cudasim_counts(&alive);
    assert_int_equal(alive.contexts, 0);
    assert_int_equal(alive.orphans, 4);
}

static void test_environment(void **state)
{
    handle context = NULL;
    int count = 0;
    (void)state;
    assert_int_equal(setenv("CUDASIM_DEVICES", "5", 1) | setenv("CUDASIM_FAIL", "cuCtxCreate_v2:46", 1), 0);
    sim.cudasim_reset();
    GOOD(cu.cuInit(0));
    GOOD(cu.cuDeviceGetCount(&count));
    assert_int_equal(count, 5);
    BAD(cu.cuCtxCreate_v2(&context, 0, 0), DEVICE_UNAVAILABLE);
    GOOD(cu.cuCtxCreate_v2(&context, 0, 0));
    assert_int_equal(setenv("CUDASIM_FAIL", "2:999", 1), 0);
    sim.cudasim_reset();
    GOOD(cu.cuInit(0));
    BAD(cu.cuDeviceGetCount(&count), UNKNOWN);
    GOOD(cu.cuDeviceGetCount(&count));
    assert_int_equal(setenv("CUDASIM_DEVICES", "many", 1) | unsetenv("CUDASIM_FAIL"), 0);
    sim.cudasim_reset();
    GOOD(cu.cuInit(0));
    assert_int_equal(sim.cudasim_misuses(), 1);
    unsetenv("CUDASIM_DEVICES");
}

static void test_codes_have_names(void **state)
{
    const char *text = NULL;
    (void)state;
    GOOD(cu.cuGetErrorName(700, &text));
    assert_string_equal(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
    GOOD(cu.cuGetErrorName(0, &text));
    assert_string_equal(text, "CUDA_SUCCESS");
    BAD(cu.cuGetErrorName(12345, &text), INVALID_VALUE);
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_settings),
        TEST(test_initialisation_errors),
        TEST(test_contexts),
        TEST(test_dead_and_wrong_handles),
        TEST(test_current_context_is_the_threads),
        TEST(test_event_of_another_context),
        TEST(test_host_crashes_on_device_memory),
        TEST(test_memory_is_poisoned_and_limited),
        TEST(test_host_overrun_is_misuse),
        TEST(test_pointer_attributes),
        TEST(test_write_combined_memory),
        TEST(test_memory_of_another_context_is_out_of_reach),
        TEST(test_environment),
        TEST(test_codes_have_names),
        TEST(test_injected_faults),
        TEST(test_counts),
    };
    return cmocka_run_group_tests_name("cudasim", tests, load_driver, NULL);
}
