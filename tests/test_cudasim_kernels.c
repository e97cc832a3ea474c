/* Seeded faults in kernels: each must be caught by the simulated driver, by name, and stay with its context.
 * Also what is checked of PTX when it is loaded, and of a launch before it runs. */
#include "tests/cudasim/drive.h"

#define HEADER ".version 6.4\n.target sm_50\n.address_size 64\n"

/* fill: out[i] = i + value where i < n. unchecked: without the test. */
#define FILL_ENTRY(name, guard)                                                                              \
    ".visible .entry " name "(\n"                                                                            \
    ".param .u64 " name "_param_0,\n.param .u32 " name "_param_1,\n.param .u32 " name "_param_2\n)\n{\n"     \
    ".reg .pred %p<2>;\n.reg .b32 %r<8>;\n.reg .b64 %rd<5>;\n"                                               \
    "ld.param.u64 %rd1, [" name "_param_0];\nld.param.u32 %r1, [" name "_param_1];\n"                        \
    "ld.param.u32 %r2, [" name "_param_2];\n"                                                                \
    "mov.u32 %r3, %ctaid.x;\nmov.u32 %r4, %ntid.x;\nmov.u32 %r5, %tid.x;\n"                                  \
    "mad.lo.s32 %r6, %r3, %r4, %r5;\nsetp.ge.u32 %p1, %r6, %r2;\n" guard                                     \
    "cvta.to.global.u64 %rd2, %rd1;\nmul.wide.u32 %rd3, %r6, 4;\nadd.s64 %rd4, %rd2, %rd3;\n"                \
    "add.s32 %r7, %r6, %r1;\nst.global.u32 [%rd4], %r7;\n"                                                   \
    "$L__" name "_end:\nret;\n}\n"

static const char *const fill = HEADER FILL_ENTRY("fill", "@%p1 bra $L__fill_end;\n");
static const char *const unchecked = HEADER FILL_ENTRY("unchecked", "");

/* At most 64 threads a block. */
static const char *const limited =
    HEADER ".visible .entry limited(\n.param .u64 limited_param_0\n)\n.maxntid 64, 1, 1\n{\nret;\n}\n";

/* The first thread comes to another barrier than the rest of its warp. */
static const char *const divergent =
    HEADER ".visible .entry divergent(\n.param .u64 divergent_param_0\n)\n{\n"
           ".reg .pred %p<2>;\n.reg .b32 %r<2>;\n"
           "mov.u32 %r1, %tid.x;\nsetp.eq.s32 %p1, %r1, 0;\n@%p1 bra $L__BB0_2;\n"
           "bar.sync 0;\nbra.uni $L__BB0_3;\n$L__BB0_2:\nbar.sync 0;\n$L__BB0_3:\nret;\n}\n";

/* Each thread reads its neighbour's element of shared memory; `barrier` comes between. */
#define NEIGHBOUR(name, barrier)                                                                             \
    HEADER ".visible .entry " name "(\n.param .u64 " name "_param_0\n)\n{\n"                                 \
           ".reg .b32 %r<8>;\n.reg .b64 %rd<5>;\n.shared .align 4 .b8 cells[256];\n"                         \
           "ld.param.u64 %rd1, [" name "_param_0];\nmov.u32 %r1, %tid.x;\n"                                  \
           "mov.u32 %r2, cells;\nshl.b32 %r3, %r1, 2;\nadd.s32 %r4, %r2, %r3;\n"                             \
           "st.shared.u32 [%r4], %r3;\nbar.sync 0;\nst.shared.u32 [%r4], %r1;\n" barrier                     \
           "xor.b32 %r5, %r3, 128;\nadd.s32 %r6, %r2, %r5;\nld.shared.u32 %r7, [%r6];\n"                     \
           "cvta.to.global.u64 %rd2, %rd1;\nmul.wide.u32 %rd3, %r1, 4;\nadd.s64 %rd4, %rd2, %rd3;\n"         \
           "st.global.u32 [%rd4], %r7;\nret;\n}\n"

static const char *const racing = NEIGHBOUR("racing", "");
static const char *const ordered = NEIGHBOUR("ordered", "bar.sync 0;\n");

/* Four elements at once from where the pointer says. */
static const char *const quadruple =
    HEADER ".visible .entry quadruple(\n.param .u64 quadruple_param_0\n)\n{\n"
           ".reg .b32 %r<5>;\n.reg .b64 %rd<3>;\n"
           "ld.param.u64 %rd1, [quadruple_param_0];\ncvta.to.global.u64 %rd2, %rd1;\n"
           "ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd2];\n"
           "st.global.v4.u32 [%rd2], {%r4, %r3, %r2, %r1};\nret;\n}\n";

static const char *const endless =
    HEADER ".visible .entry endless(\n.param .u64 endless_param_0\n)\n{\n$L__BB0_1:\nbra.uni $L__BB0_1;\n}\n";

static handle load_kernel(const char *ptx, const char *name)
{
    handle module = NULL, function = NULL;
    GOOD(cu.cuModuleLoadData(&module, ptx));
    GOOD(cu.cuModuleGetFunction(&function, module, name));
    return function;
}

static int launch(handle function, unsigned blocks, unsigned threads, void **params)
{
    return cu.cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, 0, NULL, params, NULL);
}

/* The kernel's fault: its code now and at every later call, its name in the report, and only in its context.
 */
static void assert_fault(int code, const char *name, const char *why)
{
    address memory = 0;
    handle other = NULL;
    assert_int_equal(cu.cuCtxSynchronize(), code);
    assert_contains(sim.cudasim_last_report(), name);
    assert_contains(sim.cudasim_last_report(), why);
    assert_int_equal(cu.cuMemAlloc_v2(&memory, 4), code);
    assert_int_equal(cu.cuCtxSynchronize(), code);
    GOOD(cu.cuCtxCreate_v2(&other, 0, 0));
    GOOD(cu.cuMemAlloc_v2(&memory, 4));
}

/* ---- Sound kernels ---- */

static void check_filled(const unsigned *values, unsigned n, unsigned first)
{
    for (unsigned i = 0; i < n; i++) assert_int_equal(values[i], i + first);
}

static void test_kernel_runs_late(void **state)
{
    const handle function = load_kernel(fill, "fill"), stream = new_stream();
    address memory = new_memory(400);
    unsigned first = 1000, n = 100, *values = new_pinned(400);
    void *params[] = {&memory, &first, &n};
    (void)state;
    memset(values, 0, 400);
    GOOD(cu.cuLaunchKernel(function, 4, 1, 1, 32, 1, 1, 0, stream, params, NULL));
    first = 0; /* the launch has taken it */
    GOOD(cu.cuMemcpyDtoHAsync_v2(values, memory, 400, stream));
    assert_int_equal(values[99], 0);
    GOOD(cu.cuStreamSynchronize(stream));
    check_filled(values, n, 1000);
    assert_true(sim.cudasim_instructions() > 100);
}

static void test_parameters_as_one_buffer(void **state)
{
    const handle function = load_kernel(fill, "fill");
    unsigned values[8];
    struct {
        address memory;
        unsigned first, n;
    } buffer = {new_memory(sizeof values), 5, 8};
    size_t bytes = sizeof buffer;
    void *extra[] = {(void *)1, &buffer, (void *)2, &bytes, NULL};
    (void)state;
    GOOD(cu.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra));
    GOOD(cu.cuMemcpyDtoH_v2(values, buffer.memory, sizeof values));
    check_filled(values, 8, 5);
    bytes--;
    BAD(cu.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra), INVALID_VALUE);
}

static void test_captured_kernel(void **state)
{
    const handle function = load_kernel(fill, "fill"), stream = new_stream();
    address memory = new_memory(32);
    handle graph = NULL, exec = NULL;
    unsigned first = 3, n = 8, values[8];
    void *params[] = {&memory, &first, &n};
    (void)state;
    GOOD(cu.cuStreamBeginCapture_v2(stream, 0));
    GOOD(cu.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream, params, NULL));
    GOOD(cu.cuStreamEndCapture(stream, &graph));
    GOOD(cu.cuGraphInstantiateWithFlags(&exec, graph, 0));
    assert_int_equal(sim.cudasim_instructions(), 0);
    GOOD(cu.cuGraphLaunch(exec, stream));
    GOOD(cu.cuStreamSynchronize(stream));
    GOOD(cu.cuMemcpyDtoH_v2(values, memory, sizeof values));
    check_filled(values, 8, 3);
}

static void test_unload_under_work(void **state)
{
    address memory = new_memory(128);
    unsigned first = 6, n = 32, values[32];
    void *params[] = {&memory, &first, &n};
    handle module = NULL, function = NULL;
    (void)state;
    GOOD(cu.cuModuleLoadData(&module, fill));
    GOOD(cu.cuModuleGetFunction(&function, module, "fill"));
    GOOD(launch(function, 1, 32, params));
    GOOD(cu.cuModuleUnload(module));
    assert_int_equal(sim.cudasim_misuses(), 1);
    assert_contains(sim.cudasim_last_misuse(), "a module is unloaded while its kernels are not done");
    GOOD(cu.cuMemcpyDtoH_v2(values, memory, sizeof values));
    check_filled(values, n, 6);
    BAD(launch(function, 1, 32, params), INVALID_HANDLE);
}

/* ---- Seeded faults ---- */

static void test_overrun_by_one(void **state)
{
    address memory = new_memory(32 * 4);
    unsigned first = 0, n = 32;
    void *params[] = {&memory, &first, &n};
    const handle function = load_kernel(unchecked, "unchecked");
    (void)state;
    GOOD(launch(function, 1, 32, params));
    GOOD(cu.cuCtxSynchronize());
    GOOD(launch(function, 1, 33, params));
    assert_fault(CUDA_ERROR_ILLEGAL_ADDRESS, "out-of-bounds access",
                 "overrun: byte 128 of an allocation of 128 bytes");
}

static void test_use_after_free(void **state)
{
    address memory = new_memory(128);
    unsigned first = 0, n = 32;
    void *params[] = {&memory, &first, &n};
    (void)state;
    GOOD(cu.cuMemFree_v2(memory));
    new_memory(128); /* not put where the freed one was */
    GOOD(launch(load_kernel(fill, "fill"), 1, 32, params));
    assert_fault(CUDA_ERROR_ILLEGAL_ADDRESS, "out-of-bounds access", "use after free");
}

static void test_memory_of_another_context(void **state)
{
    address memory = new_memory(128);
    handle other = NULL;
    unsigned first = 0, n = 32;
    void *params[] = {&memory, &first, &n};
    (void)state;
    GOOD(cu.cuCtxCreate_v2(&other, 0, 0));
    GOOD(launch(load_kernel(fill, "fill"), 1, 32, params));
    assert_fault(CUDA_ERROR_ILLEGAL_ADDRESS, "out-of-bounds access", "memory of another context");
}

static void test_pageable_memory(void **state)
{
    unsigned values[32], first = 0, n = 32;
    address memory = (address)(uintptr_t)values;
    void *params[] = {&memory, &first, &n};
    (void)state;
    GOOD(launch(load_kernel(fill, "fill"), 1, 32, params));
    assert_fault(CUDA_ERROR_ILLEGAL_ADDRESS, "out-of-bounds access", "not the driver's memory");
}

static void test_misaligned_vector(void **state)
{
    address memory = new_memory(64), at = memory + 16;
    void *params[] = {&at};
    const handle function = load_kernel(quadruple, "quadruple");
    (void)state;
    GOOD(cu.cuMemsetD32_v2(memory, 0, 16));
    GOOD(launch(function, 1, 1, params));
    GOOD(cu.cuCtxSynchronize());
    at = memory + 8;
    GOOD(launch(function, 1, 1, params));
    assert_fault(CUDA_ERROR_MISALIGNED_ADDRESS, "misaligned access", "quadruple");
}

static void test_divergent_barrier(void **state)
{
    address memory = new_memory(64);
    void *params[] = {&memory};
    (void)state;
    GOOD(launch(load_kernel(divergent, "divergent"), 1, 64, params));
    assert_fault(CUDA_ERROR_LAUNCH_FAILED, "divergent barrier", "divergent");
}

static void test_shared_race(void **state)
{
    address memory = new_memory(256);
    void *params[] = {&memory};
    (void)state;
    GOOD(launch(load_kernel(ordered, "ordered"), 1, 64, params));
    GOOD(cu.cuCtxSynchronize());
    GOOD(launch(load_kernel(racing, "racing"), 1, 64, params));
    assert_fault(CUDA_ERROR_LAUNCH_FAILED, "shared-memory race", "racing");
}

static void test_endless_kernel(void **state)
{
    address memory = new_memory(4);
    void *params[] = {&memory};
    (void)state;
    assert_int_equal(sim.cudasim_configure("CUDASIM_LIMIT", "1000"), 0);
    GOOD(launch(load_kernel(endless, "endless"), 1, 32, params));
    assert_fault(CUDA_ERROR_LAUNCH_FAILED, "endless kernel", "endless");
}

static void test_wrong_context(void **state)
{
    address memory = new_memory(128);
    handle other = NULL;
    unsigned first = 0, n = 32;
    void *params[] = {&memory, &first, &n};
    const handle function = load_kernel(fill, "fill"), stream = new_stream();
    (void)state;
    GOOD(cu.cuCtxCreate_v2(&other, 0, 0));
    BAD(launch(function, 1, 32, params), INVALID_HANDLE);
    BAD(cu.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream, params, NULL), INVALID_HANDLE);
    const handle here = load_kernel(fill, "fill");
    BAD(cu.cuLaunchKernel(here, 1, 1, 1, 32, 1, 1, 0, stream, params, NULL), INVALID_HANDLE);
    GOOD(cu.cuCtxSetCurrent(fresh_context));
    GOOD(cu.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, stream, params, NULL));
    GOOD(cu.cuStreamSynchronize(stream));
}

/* ---- What is refused before it runs ---- */

static int load_with_log(const char *ptx, char *log, size_t capacity)
{
    handle module = NULL;
    int options[] = {5, 6}; /* ERROR_LOG_BUFFER, its size */
    void *values[] = {log, (void *)(uintptr_t)capacity};
    log[0] = '\0';
    return cu.cuModuleLoadDataEx(&module, ptx, 2, options, values);
}

static void test_modules_refused(void **state)
{
    char log[512];
    (void)state;
    assert_int_equal(load_with_log(".version 9.9\n.target sm_50\n.address_size 64\n", log, sizeof log),
                     CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
    assert_contains(log, "Unsupported .version 9.9");
    assert_int_equal(load_with_log(".version 8.8\n.target sm_120\n.address_size 64\n", log, sizeof log),
                     CUDA_ERROR_NO_BINARY_FOR_GPU);
    assert_int_equal(
        load_with_log(HEADER ".visible .entry wrong()\n{\nfrobnicate.u32 %r1;\nret;\n}\n", log, sizeof log),
        CUDA_ERROR_INVALID_PTX);
    assert_contains(log, "frobnicate");
    assert_int_equal(load_with_log("\177ELF", log, sizeof log), CUDA_ERROR_INVALID_IMAGE);
    cudasim_alive alive;
    sim.cudasim_counts(&alive);
    assert_int_equal(alive.modules, 0);
}

static void test_old_driver_refuses_newer_ptx(void **state)
{
    handle module = NULL, context = NULL;
    (void)state;
    sim.cudasim_reset();
    assert_int_equal(sim.cudasim_configure("CUDASIM_DRIVER_VERSION", "10000"), 0);
    GOOD(cu.cuInit(0));
    GOOD(cu.cuCtxCreate_v2(&context, 0, 0));
    BAD(cu.cuModuleLoadData(&module, fill), UNSUPPORTED_PTX_VERSION);
}

static void test_launches_refused(void **state)
{
    address memory = new_memory(128);
    unsigned first = 0, n = 32;
    void *params[] = {&memory, &first, &n};
    const handle function = load_kernel(fill, "fill"), small = load_kernel(limited, "limited");
    handle missing = NULL, module = NULL;
    int value = 0;
    (void)state;
    BAD(launch(function, 0, 32, params), INVALID_VALUE);
    BAD(launch(function, 1, 1025, params), INVALID_VALUE);
    BAD(launch(function, 1, 32, NULL), INVALID_VALUE);
    BAD(cu.cuLaunchKernel(function, 1, 65536, 1, 32, 1, 1, 0, NULL, params, NULL), INVALID_VALUE);
    BAD(cu.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 49153, NULL, params, NULL), INVALID_VALUE);
    GOOD(cu.cuFuncSetAttribute(function, 8, 49153));
    GOOD(cu.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 49153, NULL, params, NULL));
    GOOD(launch(small, 1, 64, params));
    BAD(launch(small, 1, 65, params), INVALID_VALUE);
    GOOD(cu.cuFuncGetAttribute(&value, 0, small));
    assert_int_equal(value, 64);
    GOOD(cu.cuOccupancyMaxActiveBlocksPerMultiprocessor(&value, function, 256, 0));
    assert_int_equal(value, 8);
    GOOD(cu.cuModuleLoadData(&module, fill));
    BAD(cu.cuModuleGetFunction(&missing, module, "absent"), NOT_FOUND);
    GOOD(cu.cuModuleUnload(module));
    BAD(cu.cuModuleGetFunction(&missing, module, "fill"), INVALID_HANDLE);
    GOOD(cu.cuCtxSynchronize());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kernel_runs_late),
        TEST(test_parameters_as_one_buffer),
        TEST(test_captured_kernel),
        TEST(test_unload_under_work),
        TEST(test_overrun_by_one),
        TEST(test_use_after_free),
        TEST(test_memory_of_another_context),
        TEST(test_pageable_memory),
        TEST(test_misaligned_vector),
        TEST(test_divergent_barrier),
        TEST(test_shared_race),
        TEST(test_endless_kernel),
        TEST(test_wrong_context),
        TEST(test_modules_refused),
        TEST(test_old_driver_refuses_newer_ptx),
        TEST(test_launches_refused),
    };
    return cmocka_run_group_tests_name("cudasim_kernels", tests, load_driver, NULL);
}
