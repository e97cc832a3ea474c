/* Interop with a program's own CUDA objects. Needs no CUDA header: it declares the handle types as <cuda.h> does,
 * and the two may be included together in any order. The runtime API's cudaStream_t is a CUstream. The runtime API
 * allocates in the device's primary context, which is the default here.
 *
 * Arrays: DLPack tensors of kDLCUDA and kDLCUDAManaged are device arrays. `data` is any address that kernels in the
 * context can use, with any alignment: memory that the context allocated, memory of a pool, mapped memory, managed
 * memory, or the device address of pinned host memory. The address alone decides on which device an array is. The
 * tensor's device_id is ignored, since many programs leave it at 0. Memory of another device is refused with
 * DEVICE_MISMATCH, also where peer access is on. An array must lie within one allocation; every call checks that
 * as far as the driver tells. kDLCUDAHost and kDLCPU tensors are host arrays; pinned ones are copied without
 * staging. vecdot_empty gives kDLCUDA tensors with the device's ordinal as device_id.
 *
 * Current context: no function of this library changes the CUcontext that is current to the calling thread.
 *
 * Streams: work on device arrays is enqueued in stream order and waits for nothing else. If another stream writes
 * an array, that work must be complete before the call, or the queue's stream must wait for its event.
 *
 * Capture: a call on device arrays may be captured into a CUDA graph once a call with the same shapes, strides,
 * dtypes and alignment has run on that queue, since it then neither allocates nor waits. The graph holds the
 * addresses of the arrays and of the queue's scratch memory. A later call that needs more scratch replaces that
 * memory, so give captured calls a queue of their own and keep it until the graph is gone. Calls on host arrays,
 * vecdot_queue_finish and releases wait for the device, so they must not be captured.
 *
 * Failed kernels: a kernel that fails (because its memory was freed too early, for instance) makes the CUcontext
 * useless. Every later call on it gives BACKEND with the driver's code by name. Releasing stays safe. */
#ifndef VECDOT_CUDA_H
#define VECDOT_CUDA_H

#include <vecdot/vecdot.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int                 CUdevice;
typedef struct CUctx_st    *CUcontext;
typedef struct CUstream_st *CUstream;

/* Makes a context on the program's own CUcontext, or on the device's primary context when native_context is NULL.
 * native_device must be the CUcontext's device. CUDA does not count references to a CUcontext, so the program's own
 * must outlive the vecdot context and its queues and tensors. The library retains a primary context until those
 * are gone. Any thread. INVALID_ARGUMENT (context NULL, no such device, not a CUcontext, a CUcontext of another
 * device), NO_DEVICE (no CUDA driver, or the device cannot run the kernels), OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_cuda_context_create(CUcontext native_context, CUdevice native_device,
                                                    vecdot_context **context);

/* Makes a queue on the program's own stream, which must belong to the context's CUcontext and must outlive the
 * queue. NULL is the legacy default stream of that CUcontext. CU_STREAM_LEGACY (0x1) and CU_STREAM_PER_THREAD (0x2)
 * are allowed too. The latter is a different stream on each thread: finish the queue before another thread uses it.
 * INVALID_ARGUMENT, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_cuda_queue_create(vecdot_context *context, CUstream native_stream,
                                                  vecdot_queue **queue);

/* Give the native handles, which live as long as the vecdot object. Each result pointer may be NULL. A queue on the
 * legacy default stream gives CU_STREAM_LEGACY. Any thread. INVALID_ARGUMENT (the object is NULL or not of the CUDA
 * backend). */
VECDOT_API vecdot_status vecdot_cuda_context_native(const vecdot_context *context, CUcontext *native_context,
                                                    CUdevice *native_device);
VECDOT_API vecdot_status vecdot_cuda_queue_native(const vecdot_queue *queue, CUstream *native_stream);

#ifdef __cplusplus
}
#endif
#endif
