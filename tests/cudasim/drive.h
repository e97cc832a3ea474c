/* For the simulator's own tests: its entry points as pointers of the same names, and the few steps that most
 * begin with. CUDASIM_LIBRARY is the file under test. */
#ifndef CUDASIM_DRIVE_H
#define CUDASIM_DRIVE_H

#include <dlfcn.h>

#include "tests/cudasim/codes.h"
#include "tests/cudasim/cudasim.h"
#include "tests/support/cmocka.h"

typedef unsigned long long address;
typedef void *handle;

#define CALL_TABLE(X)                                                                                        \
    X(cuInit, (unsigned flags))                                                                              \
    X(cuDriverGetVersion, (int *version))                                                                    \
    X(cuDeviceGetCount, (int *count))                                                                        \
    X(cuDeviceGet, (int *device, int ordinal))                                                               \
    X(cuDeviceGetAttribute, (int *value, int attribute, int device))                                         \
    X(cuDeviceTotalMem_v2, (size_t * bytes, int device))                                                     \
    X(cuDevicePrimaryCtxRetain, (handle * made, int device))                                                 \
    X(cuDevicePrimaryCtxRelease_v2, (int device))                                                            \
    X(cuDevicePrimaryCtxGetState, (int device, unsigned *flags, int *active))                                \
    X(cuCtxCreate_v2, (handle * made, unsigned flags, int device))                                           \
    X(cuCtxDestroy_v2, (handle gone))                                                                        \
    X(cuCtxGetCurrent, (handle * found))                                                                     \
    X(cuCtxSetCurrent, (handle set))                                                                         \
    X(cuCtxPushCurrent_v2, (handle pushed))                                                                  \
    X(cuCtxPopCurrent_v2, (handle * popped))                                                                 \
    X(cuCtxSynchronize, (void))                                                                              \
    X(cuMemAlloc_v2, (address * made, size_t bytes))                                                         \
    X(cuMemAllocManaged, (address * made, size_t bytes, unsigned flags))                                     \
    X(cuMemFree_v2, (address gone))                                                                          \
    X(cuMemHostAlloc, (void **made, size_t bytes, unsigned flags))                                           \
    X(cuMemFreeHost, (void *gone))                                                                           \
    X(cuMemHostRegister_v2, (void *host, size_t bytes, unsigned flags))                                      \
    X(cuMemHostUnregister, (void *host))                                                                     \
    X(cuMemGetInfo_v2, (size_t * available, size_t * total))                                                 \
    X(cuMemGetAddressRange_v2, (address * start, size_t * bytes, address inside))                            \
    X(cuPointerGetAttribute, (void *data, int attribute, address of))                                        \
    X(cuPointerGetAttributes, (unsigned count, int *attributes, void **data, address of))                    \
    X(cuMemcpyHtoD_v2, (address to, const void *from, size_t bytes))                                         \
    X(cuMemcpyDtoH_v2, (void *to, address from, size_t bytes))                                               \
    X(cuMemcpyHtoDAsync_v2, (address to, const void *from, size_t bytes, handle stream))                     \
    X(cuMemcpyDtoHAsync_v2, (void *to, address from, size_t bytes, handle stream))                           \
    X(cuMemcpyDtoDAsync_v2, (address to, address from, size_t bytes, handle stream))                         \
    X(cuMemsetD32_v2, (address to, unsigned value, size_t count))                                            \
    X(cuMemsetD32Async, (address to, unsigned value, size_t count, handle stream))                           \
    X(cuStreamCreate, (handle * made, unsigned flags))                                                       \
    X(cuStreamDestroy_v2, (handle gone))                                                                     \
    X(cuStreamSynchronize, (handle stream))                                                                  \
    X(cuStreamQuery, (handle stream))                                                                        \
    X(cuStreamGetCtx, (handle stream, handle * context))                                                     \
    X(cuStreamWaitEvent, (handle stream, handle event, unsigned flags))                                      \
    X(cuStreamIsCapturing, (handle stream, int *status))                                                     \
    X(cuStreamBeginCapture_v2, (handle stream, int mode))                                                    \
    X(cuStreamEndCapture, (handle stream, handle * graph))                                                   \
    X(cuGraphInstantiateWithFlags, (handle * made, handle graph, unsigned long long flags))                  \
    X(cuGraphLaunch, (handle exec, handle stream))                                                           \
    X(cuGraphDestroy, (handle gone))                                                                         \
    X(cuGraphExecDestroy, (handle gone))                                                                     \
    X(cuGraphGetNodes, (handle graph, handle * nodes, size_t * count))                                       \
    X(cuEventCreate, (handle * made, unsigned flags))                                                        \
    X(cuEventRecord, (handle event, handle stream))                                                          \
    X(cuEventSynchronize, (handle event))                                                                    \
    X(cuEventQuery, (handle event))                                                                          \
    X(cuEventElapsedTime, (float *milliseconds, handle start, handle end))                                   \
    X(cuEventDestroy_v2, (handle gone))                                                                      \
    X(cuModuleLoadData, (handle * made, const void *image))                                                  \
    X(cuModuleLoadDataEx, (handle * made, const void *image, unsigned count, int *options, void **values))   \
    X(cuModuleUnload, (handle gone))                                                                         \
    X(cuModuleGetFunction, (handle * found, handle module, const char *name))                                \
    X(cuFuncGetAttribute, (int *value, int attribute, handle function))                                      \
    X(cuFuncSetAttribute, (handle function, int attribute, int value))                                       \
    X(cuOccupancyMaxActiveBlocksPerMultiprocessor,                                                           \
      (int *blocks, handle function, int threads, size_t shared))                                            \
    X(cuLaunchKernel,                                                                                        \
      (handle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,                 \
       unsigned block_y, unsigned block_z, unsigned shared, handle stream, void **params, void **extra))     \
    X(cuGetErrorName, (int code, const char **text))

#define CONTROL_TABLE(X)                                                                                     \
    X(int, cudasim_configure, (const char *setting, const char *value))                                      \
    X(void, cudasim_reset, (void))                                                                           \
    X(void, cudasim_fail_at, (uint64_t n, int code, int persistent))                                         \
    X(void, cudasim_fail_call, (const char *name, uint64_t k, int code))                                     \
    X(uint64_t, cudasim_calls, (void))                                                                       \
    X(const char *, cudasim_call_name, (uint64_t i))                                                         \
    X(uint64_t, cudasim_calls_of, (const char *name))                                                        \
    X(const char *, cudasim_last_report, (void))                                                             \
    X(uint64_t, cudasim_misuses, (void))                                                                     \
    X(const char *, cudasim_last_misuse, (void))                                                             \
    X(uint64_t, cudasim_pending, (void))                                                                     \
    X(uint64_t, cudasim_instructions, (void))                                                                \
    X(void, cudasim_counts, (cudasim_alive * alive))

/* One struct of pointers each: `sim.cudasim_reset()`, `cu.cuInit(0)`. */
static struct {
#define X(name, parameters) int(*name) parameters;
    CALL_TABLE(X)
#undef X
} cu;

static struct {
#define X(type, name, parameters) type(*name) parameters;
    CONTROL_TABLE(X)
#undef X
} sim;

static inline void find_symbol(void *library, const char *name, void *pointer)
{
    void *symbol = dlsym(library, name);
    if (!symbol) fail_msg("%s is not exported", name);
    memcpy(pointer, &symbol, sizeof symbol);
}

static inline int load_driver(void **state)
{
    void *library = dlopen(CUDASIM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    (void)state;
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
#define X(name, parameters) find_symbol(library, #name, &cu.name);
    CALL_TABLE(X)
#undef X
#define X(type, name, parameters) find_symbol(library, #name, &sim.name);
    CONTROL_TABLE(X)
#undef X
    return 0;
}

#define GOOD(call)      assert_int_equal(call, CUDA_SUCCESS)
#define BAD(call, code) assert_int_equal(call, CUDA_ERROR_##code)

/* A driver just opened, with two devices, and a context of the first that is current. */
static handle fresh_context;

static inline int begin(void **state)
{
    (void)state;
    sim.cudasim_reset();
    if (sim.cudasim_configure("CUDASIM_DEVICES", "2") || cu.cuInit(0)) return 1;
    return cu.cuCtxCreate_v2(&fresh_context, 0, 0);
}

static inline int finish(void **state)
{
    (void)state;
    sim.cudasim_reset();
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static inline handle new_stream(void)
{
    handle stream = NULL;
    GOOD(cu.cuStreamCreate(&stream, 1));
    return stream;
}

static inline address new_memory(size_t bytes)
{
    address made = 0;
    GOOD(cu.cuMemAlloc_v2(&made, bytes));
    return made;
}

static inline void *new_pinned(size_t bytes)
{
    void *made = NULL;
    GOOD(cu.cuMemHostAlloc(&made, bytes, 0));
    return made;
}

static inline handle new_event(void)
{
    handle event = NULL;
    GOOD(cu.cuEventCreate(&event, 0));
    return event;
}

#endif
