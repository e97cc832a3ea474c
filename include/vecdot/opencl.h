/* Interop with a program's own OpenCL objects. Needs no OpenCL header: it declares the handle types as <CL/cl.h>
 * does, and the two may be included together in any order. */
#ifndef VECDOT_OPENCL_H
#define VECDOT_OPENCL_H

#include <vecdot/vecdot.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _cl_context       *cl_context;
typedef struct _cl_device_id     *cl_device_id;
typedef struct _cl_command_queue *cl_command_queue;

/* Makes a context on the program's own cl_context and one of its devices. The library retains both until the vecdot
 * context is gone. The context's queues can use kDLOpenCL tensors whose cl_mem belongs to this cl_context. Any
 * thread. INVALID_ARGUMENT (NULL, or the device is not one of the cl_context's), NO_DEVICE (no OpenCL loader),
 * OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_opencl_context_create(cl_context native_context, cl_device_id native_device,
                                                      vecdot_context **context);

/* Makes a queue on the program's own command queue, which must belong to the context's cl_context and device. The
 * library retains it until the queue is gone. The library's commands and the program's run in the order in which
 * they are enqueued. On an out-of-order command queue each of the library's commands waits for all before it.
 * INVALID_ARGUMENT, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_opencl_queue_create(vecdot_context *context, cl_command_queue native_queue,
                                                    vecdot_queue **queue);

/* Give the native handles, not retained: they live as long as the vecdot object. Each result pointer may be NULL.
 * Any thread. INVALID_ARGUMENT (the object is NULL or not of the OpenCL backend). */
VECDOT_API vecdot_status vecdot_opencl_context_native(const vecdot_context *context, cl_context *native_context,
                                                      cl_device_id *native_device);
VECDOT_API vecdot_status vecdot_opencl_queue_native(const vecdot_queue *queue, cl_command_queue *native_queue);

#ifdef __cplusplus
}
#endif
#endif
