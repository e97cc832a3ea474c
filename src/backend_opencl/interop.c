/* The functions of opencl.h: contexts and queues on a program's own OpenCL objects. */
#include "backend_opencl/objects.h"
#include "core/run/context.h"

static vecdot_status check_backend(const char *function, const vecdot_context *context)
{
    if (context->dev.driver == &backend_opencl) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: the object is of the %s backend, not of opencl", function,
                context->dev.driver->name);
}

static vecdot_status missing(const char *function, const char *argument)
{
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, argument);
}

vecdot_status vecdot_opencl_context_create(cl_context native_context, cl_device_id native_device,
                                           vecdot_context **context)
{
    UNCANCELLED;
    const char *function = "vecdot_opencl_context_create";
    device dev;
    if (native_context == NULL) return missing(function, "native_context");
    if (native_device == NULL) return missing(function, "native_device");
    if (context == NULL) return missing(function, "context");
    TRY(opencl_device_of(native_device, &dev));
    return context_open(&dev, native_context, context);
}

vecdot_status vecdot_opencl_queue_create(vecdot_context *context, cl_command_queue native_queue,
                                         vecdot_queue **queue)
{
    UNCANCELLED;
    const char *function = "vecdot_opencl_queue_create";
    if (context == NULL) return missing(function, "context");
    if (native_queue == NULL) return missing(function, "native_queue");
    if (queue == NULL) return missing(function, "queue");
    TRY(check_backend(function, context));
    return queue_open(context, native_queue, queue);
}

vecdot_status vecdot_opencl_context_native(const vecdot_context *context, cl_context *native_context,
                                           cl_device_id *native_device)
{
    const char *function = "vecdot_opencl_context_native";
    if (context == NULL) return missing(function, "context");
    TRY(check_backend(function, context));
    if (native_context != NULL) *native_context = backend_opencl.context_native(context->native);
    if (native_device != NULL) *native_device = context->dev.native[1];
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_opencl_queue_native(const vecdot_queue *queue, cl_command_queue *native_queue)
{
    const char *function = "vecdot_opencl_queue_native";
    if (queue == NULL) return missing(function, "queue");
    TRY(check_backend(function, queue->context));
    if (native_queue != NULL) *native_queue = backend_opencl.queue_native(queue->native);
    return VECDOT_SUCCESS;
}
