/* The functions of cuda.h: contexts and queues on a program's own CUDA objects. */
#include "backend_cuda/objects.h"
#include "core/run/context.h"

static vecdot_status check_backend(const char *function, const vecdot_context *context)
{
    if (context->dev.driver == &backend_cuda) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: the object is of the %s backend, not of cuda", function,
                context->dev.driver->name);
}

static vecdot_status missing(const char *function, const char *argument)
{
    return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, argument);
}

vecdot_status vecdot_cuda_context_create(CUcontext native_context, CUdevice native_device,
                                         vecdot_context **context)
{
    UNCANCELLED;
    device dev;
    if (context == NULL) return missing("vecdot_cuda_context_create", "context");
    TRY(cuda_device_of(native_device, &dev));
    return context_open(&dev, native_context, context);
}

vecdot_status vecdot_cuda_queue_create(vecdot_context *context, CUstream native_stream, vecdot_queue **queue)
{
    UNCANCELLED;
    const char *function = "vecdot_cuda_queue_create";
    if (context == NULL) return missing(function, "context");
    if (queue == NULL) return missing(function, "queue");
    TRY(check_backend(function, context));
    return queue_open(context, native_stream != NULL ? native_stream : CU_STREAM_LEGACY, queue);
}

vecdot_status vecdot_cuda_context_native(const vecdot_context *context, CUcontext *native_context,
                                         CUdevice *native_device)
{
    const char *function = "vecdot_cuda_context_native";
    if (context == NULL) return missing(function, "context");
    TRY(check_backend(function, context));
    if (native_context != NULL) *native_context = backend_cuda.context_native(context->native);
    if (native_device != NULL) *native_device = cuda_device_handle(&context->dev);
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_cuda_queue_native(const vecdot_queue *queue, CUstream *native_stream)
{
    const char *function = "vecdot_cuda_queue_native";
    if (queue == NULL) return missing(function, "queue");
    TRY(check_backend(function, queue->context));
    if (native_stream != NULL) *native_stream = backend_cuda.queue_native(queue->native);
    return VECDOT_SUCCESS;
}
