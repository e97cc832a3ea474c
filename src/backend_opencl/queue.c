/* Contexts and command queues, made here or retained from a program. */
#include "backend_opencl/objects.h"

#include <stdlib.h>

/* Whether the context lists the device. */
static vecdot_status context_lists(cl_context native, cl_device_id wanted, int *found)
{
    size_t bytes = 0;
    cl_int code = cl.GetContextInfo(native, CL_CONTEXT_DEVICES, 0, NULL, &bytes);
    if (code != CL_SUCCESS) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "opencl: not a valid cl_context: clGetContextInfo gave %s (%d)", opencl_code_name(code),
                    code);
    }
    cl_device_id *devices = malloc(bytes > 0 ? bytes : 1);
    if (devices == NULL) {
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "opencl: no host memory for %zu bytes", bytes);
    }
    code = cl.GetContextInfo(native, CL_CONTEXT_DEVICES, bytes, devices, NULL);
    *found = 0;
    for (size_t i = 0; i < bytes / sizeof *devices && code == CL_SUCCESS; i++) *found |= devices[i] == wanted;
    free(devices);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clGetContextInfo", code);
}

/* Checks that the program's context has the device. PoCL lists a sub-device's parent instead of the
 * sub-device, so a device that is not listed is tried. */
static vecdot_status context_check(cl_context native, cl_device_id wanted)
{
    int found = 0;
    TRY(context_lists(native, wanted, &found));
    if (found) return VECDOT_SUCCESS;
    cl_int code = CL_SUCCESS;
    cl_command_queue trial = cl.CreateCommandQueue(native, wanted, 0, &code);
    if (code != CL_SUCCESS) {
        return fail(
            VECDOT_ERROR_INVALID_ARGUMENT,
            "opencl: the cl_device_id is not one of the cl_context's devices, and clCreateCommandQueue "
            "on it gave %s (%d)",
            opencl_code_name(code), code);
    }
    cl.ReleaseCommandQueue(trial);
    return VECDOT_SUCCESS;
}

vecdot_status opencl_context_open(void *context, const device *dev, void *native_context)
{
    opencl_context *c = context;
    c->device = dev->native[1];
    c->dev = dev;
    atomic_init(&c->programs, 0);
    if (native_context != NULL) {
        TRY(context_check(native_context, c->device));
        cl_int code = cl.RetainContext(native_context);
        if (code != CL_SUCCESS) return opencl_fail("clRetainContext", code);
        c->native = native_context;
        return VECDOT_SUCCESS;
    }
    const cl_property properties[] = {CL_CONTEXT_PLATFORM, (cl_property)dev->native[0], 0};
    cl_int code = CL_SUCCESS;
    c->native = cl.CreateContext(properties, 1, &c->device, NULL, NULL, &code);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clCreateContext", code);
}

void opencl_context_close(void *context)
{
    opencl_context *c = context;
    cl.ReleaseContext(c->native);
}

void *opencl_context_handle(const void *context)
{
    return ((const opencl_context *)context)->native;
}

/* Checks that the program's queue belongs to the context and its device, and finds out whether it is in
 * order. */
static vecdot_status queue_adopt(opencl_queue *q, const opencl_context *c, cl_command_queue native)
{
    cl_context native_context = NULL;
    cl_device_id native_device = NULL;
    cl_bitfield properties = 0;
    cl_int code =
        cl.GetCommandQueueInfo(native, CL_QUEUE_CONTEXT, sizeof native_context, &native_context, NULL);
    if (code != CL_SUCCESS) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "opencl: not a valid cl_command_queue: clGetCommandQueueInfo "
                    "gave %s (%d)",
                    opencl_code_name(code), code);
    }
    code = cl.GetCommandQueueInfo(native, CL_QUEUE_DEVICE, sizeof native_device, &native_device, NULL);
    if (code != CL_SUCCESS) return opencl_fail("clGetCommandQueueInfo", code);
    code = cl.GetCommandQueueInfo(native, CL_QUEUE_PROPERTIES, sizeof properties, &properties, NULL);
    if (code != CL_SUCCESS) return opencl_fail("clGetCommandQueueInfo", code);
    if (native_context != c->native || native_device != c->device) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "opencl: the cl_command_queue is of another %s than the vecdot "
                    "context",
                    native_context != c->native ? "cl_context" : "device");
    }
    code = cl.RetainCommandQueue(native);
    if (code != CL_SUCCESS) return opencl_fail("clRetainCommandQueue", code);
    q->native = native;
    q->out_of_order = (properties & CL_QUEUE_OUT_OF_ORDER) != 0;
    return VECDOT_SUCCESS;
}

vecdot_status opencl_queue_open(void *queue, void *context, void *native_queue)
{
    opencl_queue *q = queue;
    const opencl_context *c = context;
    if (native_queue != NULL) return queue_adopt(q, c, native_queue);
    cl_int code = CL_SUCCESS;
    q->native = cl.CreateCommandQueue(c->native, c->device, 0, &code);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clCreateCommandQueue", code);
}

vecdot_status opencl_queue_finish(void *queue)
{
    opencl_queue *q = queue;
    cl_int code = cl.Finish(q->native);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clFinish", code);
}

void opencl_queue_close(void *queue)
{
    opencl_queue *q = queue;
    opencl_kernels_release(q);
    cl.ReleaseCommandQueue(q->native);
}

void *opencl_queue_handle(const void *queue)
{
    return ((const opencl_queue *)queue)->native;
}

vecdot_status opencl_queue_order(opencl_queue *q)
{
    if (!q->out_of_order) return VECDOT_SUCCESS;
    cl_int code = cl.EnqueueBarrierWithWaitList(q->native, 0, NULL, NULL);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clEnqueueBarrierWithWaitList", code);
}

vecdot_status opencl_queue_start(void *queue)
{
    opencl_queue *q = queue;
    cl_int code = cl.Flush(q->native);
    return code == CL_SUCCESS ? VECDOT_SUCCESS : opencl_fail("clFlush", code);
}

/* The other queue is flushed, since OpenCL only lets a queue wait for an event that was flushed. */
vecdot_status opencl_queue_follow(void *queue, void *other)
{
    opencl_queue *q = queue, *o = other;
    cl_event reached = NULL;
    cl_int code = cl.EnqueueBarrierWithWaitList(o->native, 0, NULL, &reached);
    if (code != CL_SUCCESS) return opencl_fail("clEnqueueBarrierWithWaitList", code);
    vecdot_status status = opencl_queue_start(other);
    if (status == VECDOT_SUCCESS) {
        code = cl.EnqueueBarrierWithWaitList(q->native, 1, &reached, NULL);
        if (code != CL_SUCCESS) status = opencl_fail("clEnqueueBarrierWithWaitList", code);
    }
    cl.ReleaseEvent(reached);
    return status;
}
