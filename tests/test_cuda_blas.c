/* cuBLAS in the CUDA backend, on the simulated driver with the fake library: what each product asks of it,
 * handles and their memory, streams and captured graphs, each function failing by name, and libraries that
 * cannot be used. */
#include "core/run/context.h"
#include "cudasim/cudasim.h"
#include "fakeblas/fake_cublas.h"
#include "support/backends.h"
#include "support/cmocka.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <vecdot/cuda.h>

typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

/* X(result, name, parameters) */
#define DRIVER(X)                                                                                            \
    X(void, cudasim_counts, (cudasim_alive *))                                                               \
    X(uint64_t, cudasim_misuses, (void))                                                                     \
    X(void, cudasim_fail_call, (const char *, uint64_t, int))                                                \
    X(int, cuStreamBeginCapture_v2, (CUstream, int))                                                         \
    X(int, cuStreamEndCapture, (CUstream, CUgraph *))                                                        \
    X(int, cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long))                        \
    X(int, cuGraphLaunch, (CUgraphExec, CUstream))                                                           \
    X(int, cuGraphExecDestroy, (CUgraphExec))                                                                \
    X(int, cuGraphDestroy, (CUgraph))                                                                        \
    X(int, cuCtxPushCurrent_v2, (CUcontext))                                                                 \
    X(int, cuCtxPopCurrent_v2, (CUcontext *))
#define LIBRARY(X)                                                                                           \
    X(uint64_t, fake_cublas_calls, (const char *))                                                           \
    X(fake_gemm, fake_cublas_last, (void))                                                                   \
    X(int, fake_cublas_handles, (void))                                                                      \
    X(void, fake_cublas_fail, (const char *, int))                                                           \
    X(void, fake_cublas_reset, (void))

static struct {
#define X(result, name, parameters) result(*name) parameters;
    DRIVER(X)
    LIBRARY(X)
#undef X
} sim;

static int open_simulator(void)
{
    const char *driver = getenv("VECDOT_LIBCUDA"), *blas = getenv("VECDOT_LIBCUBLAS");
    void *library = driver != NULL ? dlopen(driver, RTLD_NOW | RTLD_LOCAL) : NULL, *address;
    if (library == NULL) return 0;
#define X(result, name, parameters)                                                                          \
    address = dlsym(library, #name);                                                                         \
    if (address == NULL) return 0;                                                                           \
    memcpy(&sim.name, &address, sizeof address);
    DRIVER(X)
    library = blas != NULL ? dlopen(blas, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) return 0;
    LIBRARY(X)
#undef X
    return 1;
}

/* ---- One product --------------------------------------------------------------------------------- */

enum { ROWS = 8, COLUMNS = 9, N = 10 };

static const char gemm_name[] = "cublasGemmStridedBatchedEx_64";

static struct {
    vecdot_context *context;
    vecdot_queue *queue;
    DLManagedTensor *made[3];
    DLTensor x1, x2, out;
    float host[3][ROWS * COLUMNS * N];
    cudasim_alive before;
} at;

static const int64_t shapes[3][3] = {{ROWS, 1, N}, {1, COLUMNS, N}, {ROWS, COLUMNS, 0}};

static void send(int round)
{
    for (int i = 0; i < 2; i++) {
        int64_t count = i == 0 ? ROWS * N : COLUMNS * N;
        for (int k = 0; k < count; k++) at.host[i][k] = (float)((k * 7 + i + round) % 9 - 4);
        DLTensor from = at.made[i]->dl_tensor;
        from.data = at.host[i];
        from.device = (DLDevice){kDLCPU, 0};
        assert_int_equal(vecdot_copy(at.queue, &from, &at.made[i]->dl_tensor), VECDOT_SUCCESS);
    }
}

static void check(void)
{
    DLTensor to = at.out;
    to.data = at.host[2];
    to.device = (DLDevice){kDLCPU, 0};
    assert_int_equal(vecdot_copy(at.queue, &at.out, &to), VECDOT_SUCCESS);
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        float sum = 0;
        for (int l = 0; l < N; l++) sum += at.host[0][i / COLUMNS * N + l] * at.host[1][i % COLUMNS * N + l];
        assert_true(at.host[2][i] == sum);
    }
}

static int open_product(void **state)
{
    (void)state;
    sim.fake_cublas_reset();
    sim.cudasim_counts(&at.before);
    if (vecdot_context_create("cuda", &at.context) != VECDOT_SUCCESS) return 1;
    if (vecdot_queue_create(at.context, &at.queue) != VECDOT_SUCCESS) return 1;
    for (int i = 0; i < 3; i++)
        if (vecdot_empty(at.context, VECDOT_FLOAT32, i < 2 ? 3 : 2, shapes[i], &at.made[i]) != VECDOT_SUCCESS)
            return 1;
    at.x1 = at.made[0]->dl_tensor;
    at.x2 = at.made[1]->dl_tensor;
    at.out = at.made[2]->dl_tensor;
    send(0);
    return 0;
}

/* Nothing of the queue's is left: no handle, none of its memory or the workspace. */
static int close_product(void **state)
{
    cudasim_alive after;
    (void)state;
    vecdot_queue_release(at.queue);
    for (int i = 0; i < 3; i++) at.made[i]->deleter(at.made[i]);
    vecdot_context_release(at.context);
    sim.cudasim_counts(&after);
    return sim.fake_cublas_handles() != 0 || after.allocations != at.before.allocations ||
           sim.cudasim_misuses() != 0;
}

static vecdot_status call(void)
{
    return vecdot(at.queue, &at.x1, &at.x2, -1, &at.out);
}

/* ---- Tests --------------------------------------------------------------------------------------- */

static void test_what_it_asks(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) assert_int_equal(call(), VECDOT_SUCCESS);
    check();
    assert_int_equal(sim.fake_cublas_calls(gemm_name), 3);
    static const char *const once_only[] = {"cublasCreate", "cublasSetStream", "cublasSetWorkspace",
                                            "cublasSetMathMode"};
    for (int k = 0; k < 4; k++) assert_int_equal(sim.fake_cublas_calls(once_only[k]), 1);
    fake_gemm g = sim.fake_cublas_last();
    CUstream stream = NULL;
    assert_int_equal(vecdot_cuda_queue_native(at.queue, &stream), VECDOT_SUCCESS);
    assert_ptr_equal(g.stream, stream);
    assert_int_equal(g.op[0], 1); /* out' = x2' x1': x2's rows lie along the sum */
    assert_int_equal(g.op[1], 0);
    assert_int_equal(g.m, COLUMNS);
    assert_int_equal(g.n, ROWS);
    assert_int_equal(g.k, N);
    assert_int_equal(g.ld[0], N);
    assert_int_equal(g.ld[1], N);
    assert_int_equal(g.ld[2], COLUMNS);
    assert_int_equal(g.batch, 1);
    assert_int_equal(g.compute, 69); /* CUBLAS_COMPUTE_32F_PEDANTIC: no TF32 */
}

/* Each queue has a handle and a workspace of its own. */
static void test_two_queues(void **state)
{
    vecdot_queue *second = NULL;
    (void)state;
    assert_int_equal(sim.fake_cublas_handles(), 0); /* made by the first product */
    assert_int_equal(call(), VECDOT_SUCCESS);
    assert_int_equal(vecdot_queue_create(at.context, &second), VECDOT_SUCCESS);
    assert_int_equal(vecdot_queue_finish(at.queue), VECDOT_SUCCESS);
    assert_int_equal(vecdot(second, &at.x1, &at.x2, -1, &at.out), VECDOT_SUCCESS);
    assert_int_equal(sim.fake_cublas_handles(), 2);
    vecdot_queue_release(second);
    assert_int_equal(sim.fake_cublas_handles(), 1);
    check();
}

/* A warm call is captured, allocates nothing, and computes anew with each launch of the graph. */
static void test_capture(void **state)
{
    CUstream stream = NULL;
    CUgraph graph = NULL;
    CUgraphExec runs = NULL;
    CUcontext context = NULL, popped;
    CUdevice ordinal;
    cudasim_alive before, after;
    (void)state;
    assert_int_equal(vecdot_cuda_queue_native(at.queue, &stream), VECDOT_SUCCESS);
    assert_int_equal(vecdot_cuda_context_native(at.context, &context, &ordinal), VECDOT_SUCCESS);
    assert_int_equal(call(), VECDOT_SUCCESS);
    assert_int_equal(vecdot_queue_finish(at.queue), VECDOT_SUCCESS);
    assert_int_equal(sim.cuCtxPushCurrent_v2(context), 0);
    sim.cudasim_counts(&before);
    assert_int_equal(sim.cuStreamBeginCapture_v2(stream, 0), 0);
    assert_int_equal(call(), VECDOT_SUCCESS);
    assert_int_equal(sim.cuStreamEndCapture(stream, &graph), 0);
    sim.cudasim_counts(&after);
    assert_int_equal(before.allocations, after.allocations);
    assert_int_equal(sim.cuGraphInstantiateWithFlags(&runs, graph, 0), 0);
    for (int round = 1; round < 4; round++) {
        send(round);
        assert_int_equal(sim.cuGraphLaunch(runs, stream), 0);
        check();
    }
    assert_int_equal(sim.cuGraphExecDestroy(runs), 0);
    assert_int_equal(sim.cuGraphDestroy(graph), 0);
    assert_int_equal(sim.cuCtxPopCurrent_v2(&popped), 0);
}

/* The message has the function and the code by name; the next call works. */
static void test_failures(void **state)
{
    static const struct {
        const char *function;
        int code;
        const char *name;
        vecdot_status status;
    } faults[] = {
        {"cublasCreate", 1, "CUBLAS_STATUS_NOT_INITIALIZED (1)", VECDOT_ERROR_BACKEND},
        {"cublasCreate", 3, "CUBLAS_STATUS_ALLOC_FAILED (3)", VECDOT_ERROR_OUT_OF_MEMORY},
        {"cublasSetMathMode", 7, "CUBLAS_STATUS_INVALID_VALUE (7)", VECDOT_ERROR_BACKEND},
        {"cublasSetStream", 11, "CUBLAS_STATUS_MAPPING_ERROR (11)", VECDOT_ERROR_BACKEND},
        {"cublasSetWorkspace", 14, "CUBLAS_STATUS_INTERNAL_ERROR (14)", VECDOT_ERROR_BACKEND},
        {gemm_name, 13, "CUBLAS_STATUS_EXECUTION_FAILED (13)", VECDOT_ERROR_BACKEND},
        {gemm_name, 15, "CUBLAS_STATUS_NOT_SUPPORTED (15)", VECDOT_ERROR_BACKEND},
        {gemm_name, 99, "an unlisted code (99)", VECDOT_ERROR_BACKEND},
    };
    (void)state;
    for (size_t k = 0; k < sizeof faults / sizeof faults[0]; k++) {
        vecdot_queue_release(at.queue); /* the handle is made anew */
        assert_int_equal(vecdot_queue_create(at.context, &at.queue), VECDOT_SUCCESS);
        sim.fake_cublas_fail(faults[k].function, faults[k].code);
        assert_int_equal(call(), faults[k].status);
        const char *message = vecdot_last_error();
        if (strstr(message, faults[k].function) == NULL || strstr(message, faults[k].name) == NULL ||
            strstr(message, "VECDOT_BLAS=off") == NULL)
            fail_msg("\"%s\" does not name %s and %s", message, faults[k].function, faults[k].name);
        assert_int_equal(call(), VECDOT_SUCCESS);
        check();
    }
}

/* The driver's part: no memory for the workspace. */
static void test_no_workspace(void **state)
{
    (void)state;
    sim.cudasim_fail_call("cuMemAlloc_v2", 1, 2);
    assert_int_equal(call(), VECDOT_ERROR_OUT_OF_MEMORY);
    assert_non_null(
        strstr(vecdot_last_error(), "cuMemAlloc for cuBLAS's workspace gave CUDA_ERROR_OUT_OF_MEMORY"));
    assert_int_equal(sim.fake_cublas_handles(), 0);
    assert_int_equal(call(), VECDOT_SUCCESS);
    check();
}

/* Reproducible by flag: not a single call of the library. */
static void test_reproducible(void **state)
{
    vecdot_options options = VECDOT_OPTIONS_INIT;
    (void)state;
    options.flags = VECDOT_REPRODUCIBLE;
    assert_int_equal(vecdot_with(at.queue, &at.x1, &at.x2, &options, &at.out), VECDOT_SUCCESS);
    check();
    assert_int_equal(sim.fake_cublas_calls("cublasCreate") + sim.fake_cublas_calls(gemm_name), 0);
    at.context->policy.reproducible = 1; /* as by VECDOT_REPRODUCIBLE=1 */
    assert_int_equal(call(), VECDOT_SUCCESS);
    assert_int_equal(sim.fake_cublas_calls("cublasCreate") + sim.fake_cublas_calls(gemm_name), 0);
}

/* ---- */

static int expect_no_library(const char *says)
{
    char report[16384] = "";
    vecdot_context *context = NULL;
    int good = vecdot_context_create("cuda", &context) == VECDOT_SUCCESS &&
               context->policy.blas.offer == NULL &&
               vecdot_diagnose(report, sizeof report, NULL) == VECDOT_SUCCESS && strstr(report, says) != NULL;
    if (!good) fprintf(stderr, "\"%s\" is not in: %s\n%s", says, vecdot_last_error(), report);
    vecdot_context_release(context);
    return !good;
}

/* A library is opened once in a process: `missing` and `foreign` are for runs of their own. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_it_asks, open_product, close_product),
        cmocka_unit_test_setup_teardown(test_two_queues, open_product, close_product),
        cmocka_unit_test_setup_teardown(test_capture, open_product, close_product),
        cmocka_unit_test_setup_teardown(test_failures, open_product, close_product),
        cmocka_unit_test_setup_teardown(test_no_workspace, open_product, close_product),
        cmocka_unit_test_setup_teardown(test_reproducible, open_product, close_product),
    };
    if (argc > 1 && strcmp(argv[1], "missing") == 0)
        return expect_no_library(
            "no vendor's BLAS, which is never needed: cuBLAS: VECDOT_LIBCUBLAS is set: /nowhere");
    if (argc > 1 && strcmp(argv[1], "foreign") == 0)
        return expect_no_library("cuBLAS: the library has no cublasGetProperty");
    if (!open_simulator())
        return fprintf(stderr, "VECDOT_LIBCUDA and VECDOT_LIBCUBLAS must be the tests' own\n"), 1;
    return cmocka_run_group_tests_name("cuBLAS", tests, NULL, NULL);
}
