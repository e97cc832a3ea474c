/* The OpenCL functions, types and constants that this backend uses. They are declared here, so that
 * neither building nor running needs OpenCL headers or a link to the loader. symbols_open fills the table
 * `cl`. */
#ifndef BACKEND_OPENCL_SYMBOLS_H
#define BACKEND_OPENCL_SYMBOLS_H

#include <vecdot/opencl.h>

typedef struct _cl_platform_id *cl_platform_id;
typedef struct _cl_mem *cl_mem;
typedef struct _cl_program *cl_program;
typedef struct _cl_kernel *cl_kernel;
typedef struct _cl_event *cl_event;

typedef int32_t cl_int;
typedef uint32_t cl_uint;
typedef uint32_t cl_bool;
typedef uint64_t cl_ulong;
typedef uint64_t cl_bitfield;
typedef intptr_t cl_property; /* cl_context_properties */

enum {
    CL_SUCCESS = 0,
    CL_DEVICE_NOT_FOUND = -1,
    CL_MEM_OBJECT_ALLOCATION_FAILURE = -4,
    CL_OUT_OF_RESOURCES = -5,
    CL_OUT_OF_HOST_MEMORY = -6,
    CL_BUILD_PROGRAM_FAILURE = -11,
    CL_COMPILE_PROGRAM_FAILURE = -15,
    CL_INVALID_MEM_OBJECT = -38,
    CL_INVALID_BUILD_OPTIONS = -43,
    CL_INVALID_BUFFER_SIZE = -61,
    CL_PLATFORM_NOT_FOUND = -1001
};

enum {
    CL_PLATFORM_VERSION = 0x0901,
    CL_PLATFORM_NAME = 0x0902,
    CL_DEVICE_TYPE = 0x1000,
    CL_DEVICE_MAX_COMPUTE_UNITS = 0x1002,
    CL_DEVICE_MAX_WORK_GROUP_SIZE = 0x1004,
    CL_DEVICE_ADDRESS_BITS = 0x100D,
    CL_DEVICE_MAX_MEM_ALLOC_SIZE = 0x1010,
    CL_DEVICE_GLOBAL_MEM_SIZE = 0x101F,
    CL_DEVICE_ENDIAN_LITTLE = 0x1026,
    CL_DEVICE_AVAILABLE = 0x1027,
    CL_DEVICE_COMPILER_AVAILABLE = 0x1028,
    CL_DEVICE_NAME = 0x102B,
    CL_DEVICE_VENDOR = 0x102C,
    CL_DRIVER_VERSION = 0x102D,
    CL_DEVICE_VERSION = 0x102F,
    CL_DEVICE_EXTENSIONS = 0x1030,
    CL_DEVICE_PLATFORM = 0x1031,
    CL_DEVICE_DOUBLE_FP_CONFIG = 0x1032,
    CL_DEVICE_SINGLE_FP_CONFIG = 0x101B,
    CL_FP_DENORM = 1,
    CL_DEVICE_HOST_UNIFIED_MEMORY = 0x1035,
    CL_CONTEXT_DEVICES = 0x1081,
    CL_CONTEXT_PLATFORM = 0x1084,
    CL_QUEUE_CONTEXT = 0x1090,
    CL_QUEUE_DEVICE = 0x1091,
    CL_QUEUE_PROPERTIES = 0x1093,
    CL_MEM_TYPE = 0x1100,
    CL_MEM_SIZE = 0x1102,
    CL_MEM_HOST_PTR = 0x1103,
    CL_MEM_CONTEXT = 0x1106,
    CL_MEM_ASSOCIATED_MEMOBJECT = 0x1107,
    CL_MEM_OFFSET = 0x1108,
    CL_MEM_OBJECT_BUFFER = 0x10F0,
    CL_PROGRAM_DEVICES = 0x1163,
    CL_PROGRAM_BINARY_SIZES = 0x1165,
    CL_PROGRAM_BINARIES = 0x1166,
    CL_PROGRAM_BUILD_LOG = 0x1183
};

#define CL_DEVICE_TYPE_CPU         ((cl_bitfield)1 << 1)
#define CL_DEVICE_TYPE_GPU         ((cl_bitfield)1 << 2)
#define CL_DEVICE_TYPE_ACCELERATOR ((cl_bitfield)1 << 3)
#define CL_DEVICE_TYPE_ALL         ((cl_bitfield)0xFFFFFFFF)
#define CL_QUEUE_OUT_OF_ORDER      ((cl_bitfield)1 << 0)
#define CL_MEM_READ_WRITE          ((cl_bitfield)1 << 0)
#define CL_MEM_READ_ONLY           ((cl_bitfield)1 << 2)
#define CL_MEM_USE_HOST_PTR        ((cl_bitfield)1 << 3)
#define CL_MAP_READ                ((cl_bitfield)1 << 0)

/* X(result, name, parameters): the function "cl" + name, called as cl.name(...). */
#define SYMBOL_TABLE(X)                                                                                      \
    X(cl_int, GetPlatformIDs, (cl_uint, cl_platform_id *, cl_uint *))                                        \
    X(cl_int, GetPlatformInfo, (cl_platform_id, cl_uint, size_t, void *, size_t *))                          \
    X(cl_int, GetDeviceIDs, (cl_platform_id, cl_bitfield, cl_uint, cl_device_id *, cl_uint *))               \
    X(cl_int, GetDeviceInfo, (cl_device_id, cl_uint, size_t, void *, size_t *))                              \
    X(cl_context, CreateContext,                                                                             \
      (const cl_property *, cl_uint, const cl_device_id *,                                                   \
       void (*)(const char *, const void *, size_t, void *), void *, cl_int *))                              \
    X(cl_int, RetainContext, (cl_context))                                                                   \
    X(cl_int, ReleaseContext, (cl_context))                                                                  \
    X(cl_int, GetContextInfo, (cl_context, cl_uint, size_t, void *, size_t *))                               \
    X(cl_command_queue, CreateCommandQueue, (cl_context, cl_device_id, cl_bitfield, cl_int *))               \
    X(cl_int, RetainCommandQueue, (cl_command_queue))                                                        \
    X(cl_int, ReleaseCommandQueue, (cl_command_queue))                                                       \
    X(cl_int, GetCommandQueueInfo, (cl_command_queue, cl_uint, size_t, void *, size_t *))                    \
    X(cl_int, Finish, (cl_command_queue))                                                                    \
    X(cl_int, Flush, (cl_command_queue))                                                                     \
    X(cl_int, ReleaseEvent, (cl_event))                                                                      \
    X(cl_mem, CreateBuffer, (cl_context, cl_bitfield, size_t, void *, cl_int *))                             \
    X(cl_int, ReleaseMemObject, (cl_mem))                                                                    \
    X(cl_int, GetMemObjectInfo, (cl_mem, cl_uint, size_t, void *, size_t *))                                 \
    X(cl_int, EnqueueReadBuffer,                                                                             \
      (cl_command_queue, cl_mem, cl_bool, size_t, size_t, void *, cl_uint, const cl_event *, cl_event *))    \
    X(cl_int, EnqueueWriteBuffer,                                                                            \
      (cl_command_queue, cl_mem, cl_bool, size_t, size_t, const void *, cl_uint, const cl_event *,           \
       cl_event *))                                                                                          \
    X(cl_int, EnqueueCopyBuffer,                                                                             \
      (cl_command_queue, cl_mem, cl_mem, size_t, size_t, size_t, cl_uint, const cl_event *, cl_event *))     \
    X(void *, EnqueueMapBuffer,                                                                              \
      (cl_command_queue, cl_mem, cl_bool, cl_bitfield, size_t, size_t, cl_uint, const cl_event *,            \
       cl_event *, cl_int *))                                                                                \
    X(cl_int, EnqueueUnmapMemObject,                                                                         \
      (cl_command_queue, cl_mem, void *, cl_uint, const cl_event *, cl_event *))                             \
    X(cl_int, EnqueueBarrierWithWaitList, (cl_command_queue, cl_uint, const cl_event *, cl_event *))         \
    X(cl_program, CreateProgramWithSource, (cl_context, cl_uint, const char **, const size_t *, cl_int *))   \
    X(cl_program, CreateProgramWithBinary,                                                                   \
      (cl_context, cl_uint, const cl_device_id *, const size_t *, const unsigned char **, cl_int *,          \
       cl_int *))                                                                                            \
    X(cl_int, BuildProgram,                                                                                  \
      (cl_program, cl_uint, const cl_device_id *, const char *, void (*)(cl_program, void *), void *))       \
    X(cl_int, GetProgramBuildInfo, (cl_program, cl_device_id, cl_uint, size_t, void *, size_t *))            \
    X(cl_int, GetProgramInfo, (cl_program, cl_uint, size_t, void *, size_t *))                               \
    X(cl_int, ReleaseProgram, (cl_program))                                                                  \
    X(cl_kernel, CreateKernel, (cl_program, const char *, cl_int *))                                         \
    X(cl_int, ReleaseKernel, (cl_kernel))                                                                    \
    X(cl_int, SetKernelArg, (cl_kernel, cl_uint, size_t, const void *))                                      \
    X(cl_int, EnqueueNDRangeKernel,                                                                          \
      (cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *, const size_t *, cl_uint,        \
       const cl_event *, cl_event *))

typedef struct symbols {
#define X(result, name, parameters) result(*name) parameters;
    SYMBOL_TABLE(X)
#undef X
} symbols;

extern symbols cl;

/* Opens the loader on the first call. Returns NULL when `cl` is filled; otherwise the reason (static
 * storage). */
const char *symbols_open(void);

#endif
