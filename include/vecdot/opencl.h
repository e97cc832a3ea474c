/* Interop with a program's own OpenCL objects. Needs no OpenCL header: the handle types are declared as
 * <CL/cl.h> declares them, and the two may be included together in any order. */
#ifndef VECDOT_OPENCL_H
#define VECDOT_OPENCL_H

#include <vecdot/vecdot.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _cl_context       *cl_context;
typedef struct _cl_device_id     *cl_device_id;
typedef struct _cl_command_queue *cl_command_queue;

/* Makes a context on the program's own cl_context and one of its devices. Both are retained until the
 * vecdot context is gone. Tensors of kDLOpenCL whose cl_mem belongs to this cl_context can then be used.
 * INVALID_ARGUMENT (NULL, or the device is not one of the context's), NO_DEVICE (no OpenCL loader),
 * OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_opencl_context_create(cl_context native_context, cl_device_id native_device,
                                                      vecdot_context **context);

/* Makes a queue on the program's own command queue (retained), which must be of the context's cl_context
 * and device. Work is enqueued there in order with the program's own; on an out-of-order queue each of our
 * commands waits for all before it. INVALID_ARGUMENT, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_opencl_queue_create(vecdot_context *context, cl_command_queue native_queue,
                                                    vecdot_queue **queue);

/* The native handles, not retained: they live as long as the vecdot object. Each result pointer may be
 * NULL. INVALID_ARGUMENT (NULL, or the object is not of the OpenCL backend). */
VECDOT_API vecdot_status vecdot_opencl_context_native(const vecdot_context *context, cl_context *native_context,
                                                      cl_device_id *native_device);
VECDOT_API vecdot_status vecdot_opencl_queue_native(const vecdot_queue *queue, cl_command_queue *native_queue);

#ifdef __cplusplus
}
#endif
#endif
