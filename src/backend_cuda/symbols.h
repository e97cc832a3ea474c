/* The functions, types and constants of the CUDA driver API that this backend uses. They are declared
 * here, so that neither building nor running needs CUDA headers or a link to the driver. driver_open fills
 * the table `cu`. Only functions that every driver since CUDA 10.0 has may be added. */
#ifndef BACKEND_CUDA_SYMBOLS_H
#define BACKEND_CUDA_SYMBOLS_H

#include <vecdot/cuda.h>

typedef int CUresult;
typedef unsigned long long CUdeviceptr;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUevent_st *CUevent;

enum {
    CUDA_SUCCESS = 0,
    CUDA_ERROR_INVALID_VALUE = 1,
    CUDA_ERROR_OUT_OF_MEMORY = 2,
    CUDA_ERROR_INVALID_IMAGE = 200,
    CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
    CUDA_ERROR_ECC_UNCORRECTABLE = 214,
    CUDA_ERROR_INVALID_PTX = 218,
    CUDA_ERROR_JIT_COMPILER_NOT_FOUND = 221,
    CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222,
    CUDA_ERROR_JIT_COMPILATION_DISABLED = 223,
    CUDA_ERROR_INVALID_SOURCE = 300,
    CUDA_ERROR_ILLEGAL_ADDRESS = 700,
    CUDA_ERROR_LAUNCH_TIMEOUT = 702,
    CUDA_ERROR_ASSERT = 710,
    CUDA_ERROR_HARDWARE_STACK_ERROR = 714,
    CUDA_ERROR_ILLEGAL_INSTRUCTION = 715,
    CUDA_ERROR_MISALIGNED_ADDRESS = 716,
    CUDA_ERROR_INVALID_ADDRESS_SPACE = 717,
    CUDA_ERROR_INVALID_PC = 718,
    CUDA_ERROR_LAUNCH_FAILED = 719
};

/* CUdevice_attribute, CUpointer_attribute, CUjit_option and flags. */
enum {
    CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK = 1,
    CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT = 16,
    CU_DEVICE_ATTRIBUTE_COMPUTE_MODE = 20,
    CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR = 39,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
    CU_COMPUTEMODE_PROHIBITED = 2,
    CU_POINTER_ATTRIBUTE_MEMORY_TYPE = 2,
    CU_POINTER_ATTRIBUTE_DEVICE_POINTER = 3,
    CU_POINTER_ATTRIBUTE_IS_MANAGED = 8,
    CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL = 9,
    CU_POINTER_ATTRIBUTE_RANGE_START_ADDR = 11,
    CU_POINTER_ATTRIBUTE_RANGE_SIZE = 12,
    CU_MEMORYTYPE_HOST = 1,
    CU_MEMORYTYPE_DEVICE = 2,
    CU_JIT_INFO_LOG_BUFFER = 3,
    CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES = 4,
    CU_JIT_ERROR_LOG_BUFFER = 5,
    CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
    CU_STREAM_NON_BLOCKING = 1,
    CU_EVENT_DISABLE_TIMING = 2
};

#define CU_STREAM_LEGACY     ((CUstream)0x1)
#define CU_STREAM_PER_THREAD ((CUstream)0x2)

/* X(name, version, parameters): the function "cu" + name + version, called as cu.name(...). */
#define SYMBOL_TABLE(X)                                                                                      \
    X(GetErrorName, "", (CUresult, const char **))                                                           \
    X(GetErrorString, "", (CUresult, const char **))                                                         \
    X(Init, "", (unsigned))                                                                                  \
    X(DriverGetVersion, "", (int *))                                                                         \
    X(DeviceGetCount, "", (int *))                                                                           \
    X(DeviceGet, "", (CUdevice *, int))                                                                      \
    X(DeviceGetName, "", (char *, int, CUdevice))                                                            \
    X(DeviceGetAttribute, "", (int *, int, CUdevice))                                                        \
    X(DeviceTotalMem, "_v2", (size_t *, CUdevice))                                                           \
    X(DevicePrimaryCtxRetain, "", (CUcontext *, CUdevice))                                                   \
    X(DevicePrimaryCtxRelease, "_v2", (CUdevice))                                                            \
    X(CtxPushCurrent, "_v2", (CUcontext))                                                                    \
    X(CtxPopCurrent, "_v2", (CUcontext *))                                                                   \
    X(CtxGetDevice, "", (CUdevice *))                                                                        \
    X(StreamCreate, "", (CUstream *, unsigned))                                                              \
    X(StreamDestroy, "_v2", (CUstream))                                                                      \
    X(StreamGetCtx, "", (CUstream, CUcontext *))                                                             \
    X(StreamSynchronize, "", (CUstream))                                                                     \
    X(StreamWaitEvent, "", (CUstream, CUevent, unsigned))                                                    \
    X(EventCreate, "", (CUevent *, unsigned))                                                                \
    X(EventDestroy, "_v2", (CUevent))                                                                        \
    X(EventRecord, "", (CUevent, CUstream))                                                                  \
    X(EventSynchronize, "", (CUevent))                                                                       \
    X(MemAlloc, "_v2", (CUdeviceptr *, size_t))                                                              \
    X(MemFree, "_v2", (CUdeviceptr))                                                                         \
    X(MemGetInfo, "_v2", (size_t *, size_t *))                                                               \
    X(MemHostAlloc, "", (void **, size_t, unsigned))                                                         \
    X(MemFreeHost, "", (void *))                                                                             \
    X(PointerGetAttribute, "", (void *, int, CUdeviceptr))                                                   \
    X(PointerGetAttributes, "", (unsigned, int *, void **, CUdeviceptr))                                     \
    X(MemcpyHtoDAsync, "_v2", (CUdeviceptr, const void *, size_t, CUstream))                                 \
    X(MemcpyDtoHAsync, "_v2", (void *, CUdeviceptr, size_t, CUstream))                                       \
    X(MemcpyDtoDAsync, "_v2", (CUdeviceptr, CUdeviceptr, size_t, CUstream))                                  \
    X(ModuleLoadDataEx, "", (CUmodule *, const void *, unsigned, const int *, void **))                      \
    X(ModuleUnload, "", (CUmodule))                                                                          \
    X(ModuleGetFunction, "", (CUfunction *, CUmodule, const char *))                                         \
    X(LaunchKernel, "",                                                                                      \
      (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void **,  \
       void **))

typedef struct symbols {
#define X(name, version, parameters) CUresult(*name) parameters;
    SYMBOL_TABLE(X)
#undef X
} symbols;

extern symbols cu;

/* Opens and initialises the driver on the first call. Returns NULL when `cu` can be used; otherwise the
 * reason and how to fix it (static storage). */
const char *driver_open(void);

#endif
