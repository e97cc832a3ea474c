/* The controls of the fault-injecting OpenCL loader: a library that passes every call on to the real loader,
 * makes a chosen call fail, counts calls, and keeps account of the objects that its user holds. A test opens
 * it by VECDOT_LIBOPENCL and finds the controls with dlsym("faults"). One thread at a time. With FAULTS_GPU
 * in the environment every device says that it is a GPU. */
#ifndef FAULTS_H
#define FAULTS_H

/* X(NAME): every function whose calls can fail; the function is "cl" and the name. Formatted by hand:
 * clang-format finds no form for this list that it keeps. */
/* clang-format off */
#define FAULT_FUNCTIONS(X)                                                                                 \
    X(GetPlatformIDs) X(GetPlatformInfo) X(GetDeviceIDs) X(GetDeviceInfo) X(CreateContext)                   \
    X(RetainContext) X(ReleaseContext) X(GetContextInfo) X(CreateCommandQueue) X(RetainCommandQueue)         \
    X(ReleaseCommandQueue) X(GetCommandQueueInfo) X(Finish) X(Flush) X(ReleaseEvent) X(CreateBuffer)         \
    X(ReleaseMemObject) X(GetMemObjectInfo) X(EnqueueReadBuffer) X(EnqueueWriteBuffer)                       \
    X(EnqueueCopyBuffer) X(EnqueueMapBuffer) X(EnqueueUnmapMemObject) X(EnqueueBarrierWithWaitList)          \
    X(CreateProgramWithSource) X(CreateProgramWithBinary) X(BuildProgram) X(GetProgramBuildInfo)             \
    X(GetProgramInfo) X(ReleaseProgram) X(CreateKernel) X(ReleaseKernel) X(SetKernelArg)                     \
    X(EnqueueNDRangeKernel)
/* clang-format on */

typedef enum fault_function {
#define X(name) FAULT_##name,
    FAULT_FUNCTIONS(X)
#undef X
        FAULT_FUNCTION_COUNT
} fault_function;

typedef enum fault_object {
    FAULT_CONTEXTS,
    FAULT_QUEUES,
    FAULT_BUFFERS,
    FAULT_PROGRAMS,
    FAULT_KERNELS,
    FAULT_EVENTS,
    FAULT_OBJECT_COUNT
} fault_object;

typedef struct fault_controls {
    fault_function function; /* its call number `at` since calls[] was zeroed fails with `code`, */
    int at;                  /* counted from 1; 0: none fails                                   */
    int code;
    int from_then_on; /* and all of its later calls                                  */
    int calls[FAULT_FUNCTION_COUNT];
    int launches;                 /* kernels that were really enqueued               */
    int held[FAULT_OBJECT_COUNT]; /* created and retained, less those released       */
} fault_controls;

#endif
