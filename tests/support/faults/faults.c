/* The fault-injecting loader. A failing call does nothing but fail, except that releases and clFinish are
 * passed on first: an object that stays, or work that goes on, would be the test's own fault. */
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

#include "faults.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) fault_controls faults;

/* The real loader's function into a slot: ISO C has no cast from void * to a function. */
static void find(const char *name, void *slot, size_t size)
{
    void *loader = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
    void *address = loader != NULL ? dlsym(loader, name) : NULL;
    if (address == NULL) {
        fprintf(stderr, "faults: the OpenCL loader has no %s\n", name);
        abort();
    }
    memcpy(slot, &address, size);
}

/* CL_SUCCESS, or the code with which this call has to fail. */
static cl_int count(fault_function function)
{
    int call = ++faults.calls[function];
    if (faults.at == 0 || faults.function != function) return CL_SUCCESS;
    return call == faults.at || (faults.from_then_on && call > faults.at) ? faults.code : CL_SUCCESS;
}

#define ENTRY __attribute__((visibility("default")))

#define REAL(name)                                                                                           \
    static __typeof__(cl##name) *real;                                                                       \
    if (real == NULL) find("cl" #name, &real, sizeof real)

/* A function that returns its code. */
#define PASS(name, parameters, arguments)                                                                    \
    ENTRY cl_int cl##name parameters                                                                         \
    {                                                                                                        \
        REAL(name);                                                                                          \
        cl_int code = count(FAULT_##name);                                                                   \
        return code != CL_SUCCESS ? code : real arguments;                                                   \
    }

/* One that returns an object, or a pointer, and its code by way of `error`. */
#define CREATE(type, name, object, parameters, arguments)                                                    \
    ENTRY type cl##name parameters                                                                           \
    {                                                                                                        \
        REAL(name);                                                                                          \
        cl_int code = count(FAULT_##name);                                                                   \
        type made = NULL;                                                                                    \
        if (code == CL_SUCCESS) {                                                                            \
            made = real arguments;                                                                           \
            if (made != NULL) object;                                                                        \
        } else if (error != NULL) {                                                                          \
            *error = code;                                                                                   \
        }                                                                                                    \
        return made;                                                                                         \
    }

#define RETAIN(name, object, type)                                                                           \
    ENTRY cl_int cl##name(type held)                                                                         \
    {                                                                                                        \
        REAL(name);                                                                                          \
        cl_int code = count(FAULT_##name);                                                                   \
        if (code == CL_SUCCESS) code = real(held);                                                           \
        if (code == CL_SUCCESS) faults.held[object]++;                                                       \
        return code;                                                                                         \
    }

#define RELEASE(name, object, type)                                                                          \
    ENTRY cl_int cl##name(type held)                                                                         \
    {                                                                                                        \
        REAL(name);                                                                                          \
        cl_int code = count(FAULT_##name), really = real(held);                                              \
        if (really == CL_SUCCESS) faults.held[object]--;                                                     \
        return code != CL_SUCCESS ? code : really;                                                           \
    }

#define HOLD(object) faults.held[object]++

PASS(GetPlatformIDs, (cl_uint capacity, cl_platform_id *ids, cl_uint *number), (capacity, ids, number))
PASS(GetPlatformInfo, (cl_platform_id of, cl_platform_info what, size_t size, void *value, size_t *needed),
     (of, what, size, value, needed))
PASS(GetDeviceIDs,
     (cl_platform_id of, cl_device_type type, cl_uint capacity, cl_device_id *ids, cl_uint *number),
     (of, type, capacity, ids, number))

ENTRY cl_int clGetDeviceInfo(cl_device_id of, cl_device_info what, size_t size, void *value, size_t *needed)
{
    REAL(GetDeviceInfo);
    cl_int code = count(FAULT_GetDeviceInfo);
    if (code == CL_SUCCESS) code = real(of, what, size, value, needed);
    if (code == CL_SUCCESS && what == CL_DEVICE_TYPE && value != NULL && getenv("FAULTS_GPU") != NULL)
        *(cl_device_type *)value = CL_DEVICE_TYPE_GPU;
    return code;
}

CREATE(cl_context, CreateContext, HOLD(FAULT_CONTEXTS),
       (const cl_context_properties *properties, cl_uint number, const cl_device_id *devices,
        void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *user, cl_int *error),
       (properties, number, devices, notify, user, error))
RETAIN(RetainContext, FAULT_CONTEXTS, cl_context)
RELEASE(ReleaseContext, FAULT_CONTEXTS, cl_context)
PASS(GetContextInfo, (cl_context of, cl_context_info what, size_t size, void *value, size_t *needed),
     (of, what, size, value, needed))
CREATE(cl_command_queue, CreateCommandQueue, HOLD(FAULT_QUEUES),
       (cl_context context, cl_device_id device, cl_command_queue_properties properties, cl_int *error),
       (context, device, properties, error))
RETAIN(RetainCommandQueue, FAULT_QUEUES, cl_command_queue)
RELEASE(ReleaseCommandQueue, FAULT_QUEUES, cl_command_queue)
PASS(GetCommandQueueInfo,
     (cl_command_queue of, cl_command_queue_info what, size_t size, void *value, size_t *needed),
     (of, what, size, value, needed))

ENTRY cl_int clFinish(cl_command_queue queue)
{
    REAL(Finish);
    cl_int code = count(FAULT_Finish), really = real(queue);
    return code != CL_SUCCESS ? code : really;
}

CREATE(cl_mem, CreateBuffer, HOLD(FAULT_BUFFERS),
       (cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *error),
       (context, flags, size, host, error))
RELEASE(ReleaseMemObject, FAULT_BUFFERS, cl_mem)
PASS(GetMemObjectInfo, (cl_mem of, cl_mem_info what, size_t size, void *value, size_t *needed),
     (of, what, size, value, needed))
PASS(EnqueueReadBuffer,
     (cl_command_queue queue, cl_mem from, cl_bool blocking, size_t offset, size_t size, void *to,
      cl_uint waits, const cl_event *list, cl_event *event),
     (queue, from, blocking, offset, size, to, waits, list, event))
PASS(EnqueueWriteBuffer,
     (cl_command_queue queue, cl_mem to, cl_bool blocking, size_t offset, size_t size, const void *from,
      cl_uint waits, const cl_event *list, cl_event *event),
     (queue, to, blocking, offset, size, from, waits, list, event))
PASS(EnqueueCopyBuffer,
     (cl_command_queue queue, cl_mem from, cl_mem to, size_t from_offset, size_t to_offset, size_t size,
      cl_uint waits, const cl_event *list, cl_event *event),
     (queue, from, to, from_offset, to_offset, size, waits, list, event))
CREATE(void *, EnqueueMapBuffer, (void)0,
       (cl_command_queue queue, cl_mem memory, cl_bool blocking, cl_map_flags flags, size_t offset,
        size_t size, cl_uint waits, const cl_event *list, cl_event *event, cl_int *error),
       (queue, memory, blocking, flags, offset, size, waits, list, event, error))
PASS(EnqueueUnmapMemObject,
     (cl_command_queue queue, cl_mem memory, void *mapped, cl_uint waits, const cl_event *list,
      cl_event *event),
     (queue, memory, mapped, waits, list, event))

ENTRY cl_int clEnqueueBarrierWithWaitList(cl_command_queue queue, cl_uint waits, const cl_event *list,
                                          cl_event *event)
{
    REAL(EnqueueBarrierWithWaitList);
    cl_int code = count(FAULT_EnqueueBarrierWithWaitList);
    if (code == CL_SUCCESS) code = real(queue, waits, list, event);
    if (code == CL_SUCCESS && event != NULL) HOLD(FAULT_EVENTS);
    return code;
}

PASS(Flush, (cl_command_queue queue), (queue))
RELEASE(ReleaseEvent, FAULT_EVENTS, cl_event)
CREATE(cl_program, CreateProgramWithSource, HOLD(FAULT_PROGRAMS),
       (cl_context context, cl_uint number, const char **sources, const size_t *lengths, cl_int *error),
       (context, number, sources, lengths, error))
CREATE(cl_program, CreateProgramWithBinary, HOLD(FAULT_PROGRAMS),
       (cl_context context, cl_uint number, const cl_device_id *devices, const size_t *sizes,
        const unsigned char **binaries, cl_int *codes, cl_int *error),
       (context, number, devices, sizes, binaries, codes, error))
PASS(BuildProgram,
     (cl_program program, cl_uint number, const cl_device_id *devices, const char *options,
      void(CL_CALLBACK *notify)(cl_program, void *), void *user),
     (program, number, devices, options, notify, user))
PASS(GetProgramBuildInfo,
     (cl_program of, cl_device_id device, cl_program_build_info what, size_t size, void *value,
      size_t *needed),
     (of, device, what, size, value, needed))
PASS(GetProgramInfo, (cl_program of, cl_program_info what, size_t size, void *value, size_t *needed),
     (of, what, size, value, needed))
RELEASE(ReleaseProgram, FAULT_PROGRAMS, cl_program)
CREATE(cl_kernel, CreateKernel, HOLD(FAULT_KERNELS), (cl_program program, const char *name, cl_int *error),
       (program, name, error))
RELEASE(ReleaseKernel, FAULT_KERNELS, cl_kernel)
PASS(SetKernelArg, (cl_kernel kernel, cl_uint index, size_t size, const void *value),
     (kernel, index, size, value))

ENTRY cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                                    const size_t *offset, const size_t *global, const size_t *local,
                                    cl_uint waits, const cl_event *list, cl_event *event)
{
    REAL(EnqueueNDRangeKernel);
    cl_int code = count(FAULT_EnqueueNDRangeKernel);
    if (code == CL_SUCCESS) code = real(queue, kernel, dimensions, offset, global, local, waits, list, event);
    faults.launches += code == CL_SUCCESS;
    return code;
}
