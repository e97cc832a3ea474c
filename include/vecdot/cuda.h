/* Interop with a program's own CUDA objects. Needs no CUDA header: the handle types are declared as <cuda.h>
 * declares them, and the two may be included together in any order. The runtime API's cudaStream_t is a
 * CUstream, and what it allocates lies in the device's primary context, the default here.
 *
 * Arrays: DLPack tensors of kDLCUDA and kDLCUDAManaged are device arrays. `data` is any address that kernels
 * in the context can use, with any alignment: memory of the context's own, of a memory pool or mapped,
 * managed memory, or pinned host memory by its device address. The address decides, not the tensor's
 * device_id, which many programs leave at 0: memory of another device is refused with DEVICE_MISMATCH
 * whatever device_id says, and also where peer access is on. An array must lie within one allocation, which
 * is checked on every call as far as the driver tells. kDLCUDAHost and kDLCPU tensors are host arrays;
 * pinned ones are copied without staging. vecdot_empty gives kDLCUDA tensors with the device's ordinal as
 * device_id.
 *
 * Current context: no function of this library changes which CUcontext is current to the calling thread.
 *
 * Streams: work on device arrays is enqueued in stream order and nothing else is waited for: an array that
 * other streams write must be complete, or waited for by an event, before the call.
 *
 * Capture: a call on device arrays may be captured into a CUDA graph once a call with the same shapes,
 * strides, dtypes and alignment has run on that queue (it then allocates nothing and waits for nothing). The
 * graph holds the addresses of the arrays and of the queue's scratch memory, which a later call that needs
 * more replaces: so give captured calls a queue of their own and keep it until the graph is gone. Host arrays,
 * vecdot_queue_finish and releases wait for the device and must stay outside.
 *
 * A kernel that fails (an address that is freed too early, say) makes the CUcontext useless: every later
 * call on it gives BACKEND with the driver's code by name; releasing stays safe. */
#ifndef VECDOT_CUDA_H
#define VECDOT_CUDA_H

#include <vecdot/vecdot.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int                 CUdevice;
typedef struct CUctx_st    *CUcontext;
typedef struct CUstream_st *CUstream;

/* Makes a context on the program's own CUcontext, or on the device's primary context when native_context is
 * NULL. CUDA does not count references to a CUcontext: the program's own must outlive the vecdot context
 * with its queues and tensors. The primary context is retained until then. native_device must be the
 * CUcontext's device. Any thread. INVALID_ARGUMENT (context NULL, no such device, not a CUcontext or of
 * another device), NO_DEVICE (no CUDA driver, or the device cannot run the kernels), OUT_OF_MEMORY,
 * BACKEND. */
VECDOT_API vecdot_status vecdot_cuda_context_create(CUcontext native_context, CUdevice native_device,
                                                    vecdot_context **context);

/* Makes a queue on the program's own stream, which must be of the context's CUcontext and must outlive the
 * queue. NULL is the legacy default stream of that CUcontext; CU_STREAM_LEGACY (0x1) and
 * CU_STREAM_PER_THREAD (0x2) may be given too. The latter is another stream on each thread: finish the queue
 * before another thread uses it. INVALID_ARGUMENT, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_cuda_queue_create(vecdot_context *context, CUstream native_stream,
                                                  vecdot_queue **queue);

/* The native handles: they live as long as the vecdot object. Each result pointer may be NULL. A queue on
 * the legacy default stream gives CU_STREAM_LEGACY. Any thread. INVALID_ARGUMENT (NULL, or the object is not
 * of the CUDA backend). */
VECDOT_API vecdot_status vecdot_cuda_context_native(const vecdot_context *context, CUcontext *native_context,
                                                    CUdevice *native_device);
VECDOT_API vecdot_status vecdot_cuda_queue_native(const vecdot_queue *queue, CUstream *native_stream);

#ifdef __cplusplus
}
#endif
#endif
