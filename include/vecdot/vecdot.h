/* vecdot: the NumPy / Array API vecdot, matvec and vecmat for C, on any GPU or CPU with an OpenCL or
 * CUDA driver. This header is all a program needs; opencl.h and cuda.h beside it are for programs that
 * bring their own driver objects.
 *
 * Conventions that hold everywhere:
 *  - Arrays are described by DLPack's DLTensor. `data` is a host pointer (kDLCPU) or what the context's
 *    driver calls a buffer (kDLOpenCL: a cl_mem; kDLCUDA, kDLCUDAManaged: a device address). Strides count
 *    elements and may be negative or zero; strides == NULL means C-contiguous. The stride of a dimension of size 0
 *    or 1 is ignored. `byte_offset` is added to `data`. An array with no elements may have data == NULL.
 *  - Only the array's elements are ever written. Arrays that are copied to a device are read from their lowest
 *    element to their highest, the gaps between included; else only the elements are read.
 *  - Every fallible function returns a vecdot_status. On anything but VECDOT_SUCCESS, vecdot_last_error()
 *    tells, for the calling thread, which argument was wrong, what was expected and what came. Output
 *    arrays are then untouched, unless the driver failed after work was enqueued (OUT_OF_MEMORY, COMPILE or
 *    BACKEND): arrays larger than one device buffer and shapes of more than 16 dimensions take several launches.
 *  - Nothing in the library prints, exits or aborts.
 */
#ifndef VECDOT_VECDOT_H
#define VECDOT_VECDOT_H

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VECDOT_VERSION_MAJOR 0
#define VECDOT_VERSION_MINOR 1
#define VECDOT_VERSION_PATCH 0

#if defined(VECDOT_BUILDING) && defined(__GNUC__)
#define VECDOT_API __attribute__((visibility("default")))
#else
#define VECDOT_API
#endif

/* The most dimensions an operand may have, as in NumPy (NPY_MAXDIMS). */
#define VECDOT_MAX_NDIM 64

/* ---- Dtypes -------------------------------------------------------------------------------------- */

/* DLPack 0.6 has no code for bool; every later version has this one. */
#define VECDOT_DLBOOL 6

#ifdef __cplusplus
#define VECDOT_DTYPE_(code, bits) (DLDataType{(uint8_t)(code), (uint8_t)(bits), 1})
#else
#define VECDOT_DTYPE_(code, bits) ((DLDataType){(uint8_t)(code), (uint8_t)(bits), 1})
#endif

#define VECDOT_BOOL       VECDOT_DTYPE_(VECDOT_DLBOOL, 8)
#define VECDOT_INT8       VECDOT_DTYPE_(kDLInt, 8)
#define VECDOT_INT16      VECDOT_DTYPE_(kDLInt, 16)
#define VECDOT_INT32      VECDOT_DTYPE_(kDLInt, 32)
#define VECDOT_INT64      VECDOT_DTYPE_(kDLInt, 64)
#define VECDOT_UINT8      VECDOT_DTYPE_(kDLUInt, 8)
#define VECDOT_UINT16     VECDOT_DTYPE_(kDLUInt, 16)
#define VECDOT_UINT32     VECDOT_DTYPE_(kDLUInt, 32)
#define VECDOT_UINT64     VECDOT_DTYPE_(kDLUInt, 64)
#define VECDOT_FLOAT16    VECDOT_DTYPE_(kDLFloat, 16)
#define VECDOT_BFLOAT16   VECDOT_DTYPE_(kDLBfloat, 16)
#define VECDOT_FLOAT32    VECDOT_DTYPE_(kDLFloat, 32)
#define VECDOT_FLOAT64    VECDOT_DTYPE_(kDLFloat, 64)
#define VECDOT_COMPLEX64  VECDOT_DTYPE_(kDLComplex, 64)
#define VECDOT_COMPLEX128 VECDOT_DTYPE_(kDLComplex, 128)

/* ---- Status -------------------------------------------------------------------------------------- */

typedef enum vecdot_status {
    VECDOT_SUCCESS = 0,
    VECDOT_ERROR_INVALID_ARGUMENT, /* NULL, lanes != 1, negative size, unknown option          */
    VECDOT_ERROR_DTYPE,            /* a dtype this library does not compute with               */
    VECDOT_ERROR_CAST,             /* result or dtype= not reachable by same_kind casting      */
    VECDOT_ERROR_NDIM,             /* too few or too many dimensions                           */
    VECDOT_ERROR_AXIS,             /* axis out of range for an operand                         */
    VECDOT_ERROR_SIZE_MISMATCH,    /* contracted sizes differ                                  */
    VECDOT_ERROR_BROADCAST,        /* batch shapes do not broadcast                            */
    VECDOT_ERROR_OUT_SHAPE,        /* out cannot hold the result                               */
    VECDOT_ERROR_OVERLAP,          /* out overlaps itself                                      */
    VECDOT_ERROR_OVERFLOW,         /* a size or an extent leaves int64                         */
    VECDOT_ERROR_DEVICE_MISMATCH,  /* tensor lives where this queue cannot reach               */
    VECDOT_ERROR_NO_DEVICE,        /* no driver, or nothing matches the selector               */
    VECDOT_ERROR_UNSUPPORTED,      /* the device lacks it (fp64, say)                          */
    VECDOT_ERROR_OUT_OF_MEMORY,    /* host or device memory                                    */
    VECDOT_ERROR_COMPILE,          /* kernel build failed; the log is in the message           */
    VECDOT_ERROR_BACKEND           /* a driver call failed; its name and code in the message   */
} vecdot_status;

/* "0.1.0". Static storage. Any thread. */
VECDOT_API const char *vecdot_version(void);

/* The enumerator's name, such as "VECDOT_ERROR_AXIS"; "unknown status" for a value outside the enum.
 * Static storage. Any thread. */
VECDOT_API const char *vecdot_status_name(vecdot_status status);

/* The message of the last failing call on this thread; "" when none failed yet, never NULL. The text
 * belongs to the library and lives until the thread's next failing call. */
VECDOT_API const char *vecdot_last_error(void);

/* ---- Devices ------------------------------------------------------------------------------------- */

typedef enum vecdot_device_kind {
    VECDOT_DEVICE_GPU = 1,
    VECDOT_DEVICE_CPU = 2,
    VECDOT_DEVICE_ACCELERATOR = 3
} vecdot_device_kind;

/* Plain data; all strings are NUL-terminated. */
typedef struct vecdot_device_info {
    char     backend[16];       /* "opencl", "cuda": the first part of a selector          */
    int32_t  index;             /* position within the backend: "opencl:0"                 */
    int32_t  kind;              /* a vecdot_device_kind                                    */
    char     name[128];         /* as the driver names the device                          */
    char     vendor[128];
    char     platform[128];     /* the driver's own name                                   */
    char     driver[128];       /* driver version                                          */
    uint64_t memory_bytes;      /* device memory                                           */
    uint64_t max_alloc_bytes;   /* largest single buffer                                   */
    uint32_t compute_units;     /* cores, multiprocessors                                  */
    int32_t  has_fp64;          /* 0: float64 and complex128 give VECDOT_ERROR_UNSUPPORTED */
    int32_t  shares_host_memory;/* 1: host arrays are used in place                        */
    int32_t  capability;        /* CUDA compute capability times ten (90); 0 elsewhere     */
    uint64_t reserved[8];
} vecdot_device_info;

/* Lists every usable device of every backend, best first in the order "auto" would try them.
 * infos may be NULL when capacity is 0. *count receives how many there are, also when that is more
 * than capacity (the first capacity are written). No device at all is success with *count == 0: ask
 * vecdot_diagnose why. Opens drivers on first use, which may take a second. Any thread.
 * INVALID_ARGUMENT (count NULL), OUT_OF_MEMORY. */
VECDOT_API vecdot_status vecdot_device_list(vecdot_device_info *infos, size_t capacity, size_t *count);

/* Writes a multi-line account of what was tried, what is missing and how to mend it. At most capacity
 * bytes with the NUL; *needed (may be NULL) receives the bytes for all of it, NUL included. text may be
 * NULL when capacity is 0. Any thread. INVALID_ARGUMENT, OUT_OF_MEMORY. */
VECDOT_API vecdot_status vecdot_diagnose(char *text, size_t capacity, size_t *needed);

/* ---- Contexts and queues ------------------------------------------------------------------------- */

typedef struct vecdot_context vecdot_context; /* a device and its programs; shared by any threads        */
typedef struct vecdot_queue   vecdot_queue;   /* an in-order stream of work; one thread at a time        */

/* Opens a device. selector: "opencl" (its best device), "opencl:1" (by index), "opencl:gpu", "opencl:cpu"
 * (by kind), "opencl:intel" (part of the device's, vendor's or platform's name, case ignored), the same with
 * "cuda"; "auto" is CUDA, then an OpenCL GPU, then any OpenCL device. NULL means $VECDOT_BACKEND (auto when
 * unset) with $VECDOT_DEVICE (an index, a kind or part of a name; best when unset). A backend that was named
 * never falls back to another. *context is set only on success; release it.
 * INVALID_ARGUMENT (unknown backend; the message lists what exists), NO_DEVICE, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_context_create(const char *selector, vecdot_context **context);

/* Drops the caller's reference; the context lives until its queues and tensors are gone too. NULL is fine. */
VECDOT_API void vecdot_context_release(vecdot_context *context);

/* Describes the context's device. INVALID_ARGUMENT. */
VECDOT_API vecdot_status vecdot_context_info(const vecdot_context *context, vecdot_device_info *info);

/* Makes an in-order queue. INVALID_ARGUMENT, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_queue_create(vecdot_context *context, vecdot_queue **queue);

/* Blocks until all work enqueued so far is complete. INVALID_ARGUMENT, BACKEND, OUT_OF_MEMORY. */
VECDOT_API vecdot_status vecdot_queue_finish(vecdot_queue *queue);

/* Has each later operation of this queue whose host arrays go in pieces, as larger ones do, call
 * progress(user, done, total): before each piece, so first with done == 0, and once when all is
 * complete, with done == total. Both count products (a sum of none as one); done never decreases, and up to two pieces
 * of it may still be at work. Calls come on the thread that called the operation, while it waits, and are as far apart
 * as pieces take, which can be seconds; they must not use the queue. Operations that take one piece, and those whose
 * arrays are all on the device, which only enqueue, never call.
 * A return other than 0 stops the operation: it gives BACKEND, with a message that says so, and out is partly
 * written; the queue can be used as before. What the last call returns is ignored.
 * NULL turns it off. As the queue, one thread at a time. INVALID_ARGUMENT. */
typedef int (*vecdot_progress_fn)(void *user, uint64_t done, uint64_t total);
VECDOT_API vecdot_status vecdot_set_progress(vecdot_queue *queue, vecdot_progress_fn progress, void *user);

/* Finishes the queue's work and releases it. NULL is fine. */
VECDOT_API void vecdot_queue_release(vecdot_queue *queue);

/* ---- Device memory ------------------------------------------------------------------------------- */

/* Allocates an uninitialised C-contiguous tensor on the context's device. 0 <= ndim <= VECDOT_MAX_NDIM;
 * shape is copied. Any dtype of this library. Free it by (*tensor)->deleter(*tensor), after the work that
 * uses it is complete, on any thread. INVALID_ARGUMENT, DTYPE, NDIM, OVERFLOW, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_empty(vecdot_context *context, DLDataType dtype, int32_t ndim,
                                      const int64_t *shape, DLManagedTensor **tensor);

/* Copies element by element from one array to another of the same dtype and shape, host or device either
 * side, any strides, no overlap. Complete on return when either side is on the host, enqueued otherwise.
 * INVALID_ARGUMENT, DTYPE, OUT_SHAPE (shapes or dtypes differ), OVERLAP, OVERFLOW, DEVICE_MISMATCH,
 * OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_copy(vecdot_queue *queue, const DLTensor *from, const DLTensor *to);

/* ---- The operations ------------------------------------------------------------------------------ */

/* Sum products of matrices in the canonical order too, as everything else (also: VECDOT_REPRODUCIBLE=1 in the
 * environment). Without it they have an order of their own, the same on every device, or that of the vendor's
 * BLAS, if VECDOT_BLAS=on asks for it. */
#define VECDOT_REPRODUCIBLE 0x1u
/* Do not conjugate a complex x1. */
#define VECDOT_NO_CONJ 0x2u

/* Start from VECDOT_OPTIONS_INIT, which sets `size` and every default.
 *
 * Later releases may add fields at the end. `size` tells the library which fields the program knows, so that a
 * program and a library of different releases understand each other. A struct of an earlier release is smaller:
 * the fields that it lacks have their defaults. A struct of a later release is larger: the bytes that this
 * library does not know must be 0, the default of every later field. Else the program asks for what this library
 * cannot do, which is INVALID_ARGUMENT. So is a size below the first release's or above 4096. The library never
 * reads past `size`.
 *
 * `reserved` names what was padding, so that later fields come behind it. It may hold anything: compilers leave
 * padding as they find it, and so does a program that sets the fields one by one. */
typedef struct vecdot_options {
    size_t     size;     /* sizeof(vecdot_options)                           */
    int32_t    axis[2];  /* contracted axis of x1 and of x2; default -1, -1  */
    int32_t    keepdims; /* 0 or 1: keep the contracted axis with size 1     */
    DLDataType dtype;    /* dtype to compute in; all zero = promote          */
    uint32_t   flags;    /* VECDOT_REPRODUCIBLE | VECDOT_NO_CONJ             */
    uint32_t   reserved; /* ignored                                          */
} vecdot_options;

#ifdef __cplusplus
#define VECDOT_OPTIONS_INIT { sizeof(vecdot_options), {-1, -1}, 0, DLDataType(), 0, 0 }
#else
#define VECDOT_OPTIONS_INIT { sizeof(vecdot_options), {-1, -1}, 0, {0, 0, 0}, 0, 0 }
#endif

/* out[b] = sum over k of conj(x1[b, k]) * x2[b, k], the sum along `axis` of each operand.
 *
 * Shapes: axis is normalised against each operand by itself (negative counts from its end); the two
 * contracted sizes must be equal; what remains of each shape broadcasts to the result's shape. out must
 * have that shape, or one that the result broadcasts to. Dtypes: both operands are cast to
 * numpy.promote_types of the two (bfloat16 by the same logic), multiplied and summed; the result is cast to
 * out's dtype under NumPy's same_kind rule. Integers wrap; bool is "any of both"; float16 and bfloat16 are
 * summed in float32 and rounded once. Floating results follow one summation order and have the same bits on
 * every device, except products of matrices that VECDOT_BLAS=on hands to the vendor's BLAS (docs/bits.md). All three arrays may have any strides and alignment; out may overlap the inputs (the
 * result is as if those had been copied first) but not itself.
 *
 * Arrays: any mix of host arrays and arrays of the queue's device. Blocking: when out or an input is on
 * the host the call is complete on return, otherwise the work is enqueued in order and the arrays must
 * live until it is complete. Checks run in this order, and the first that fails is reported:
 * INVALID_ARGUMENT, DTYPE, CAST, NDIM, AXIS, SIZE_MISMATCH, BROADCAST, OUT_SHAPE, OVERFLOW, OVERLAP,
 * DEVICE_MISMATCH, UNSUPPORTED; then OUT_OF_MEMORY, COMPILE or BACKEND. */
VECDOT_API vecdot_status vecdot(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2, int32_t axis,
                                const DLTensor *out);

/* The same with options; options == NULL means VECDOT_OPTIONS_INIT. */
VECDOT_API vecdot_status vecdot_with(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                                     const vecdot_options *options, const DLTensor *out);

/* numpy.matvec: x1 (..., m, n) times x2 (..., n) gives (..., m); nothing is conjugated. Statuses as vecdot. */
VECDOT_API vecdot_status vecdot_matvec(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                                       const DLTensor *out);

/* numpy.vecmat: x1 (..., n) times x2 (..., n, m) gives (..., m); x1 is conjugated. Statuses as vecdot. */
VECDOT_API vecdot_status vecdot_vecmat(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                                       const DLTensor *out);

/* The dtype and shape vecdot_with would give, without a device; data pointers are ignored. Each of
 * dtype, ndim and shape may be NULL. Statuses as vecdot up to BROADCAST, and OVERFLOW. Any thread. */
VECDOT_API vecdot_status vecdot_result(const DLTensor *x1, const DLTensor *x2, const vecdot_options *options,
                                       DLDataType *dtype, int32_t *ndim, int64_t shape[VECDOT_MAX_NDIM]);

/* Writes how vecdot_with would run: the problem, the plan class, each launch, or that it takes none. text,
 * capacity and needed as in vecdot_diagnose. out may be NULL for a C-contiguous host result. Statuses as
 * vecdot. */
VECDOT_API vecdot_status vecdot_explain(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                                        const vecdot_options *options, const DLTensor *out, char *text,
                                        size_t capacity, size_t *needed);

/* Builds the programs that contiguous operands of each dtype use, so that first calls are quick. Blocks.
 * dtypes == NULL with count == 0 means all the device supports. INVALID_ARGUMENT, DTYPE, UNSUPPORTED,
 * OUT_OF_MEMORY, COMPILE, BACKEND. */
VECDOT_API vecdot_status vecdot_warmup(vecdot_context *context, const DLDataType *dtypes, size_t count);

/* Calls log(user, message) for device choices, program builds, fallbacks and a queue's first call that is
 * computed on the calling thread, one line each without a newline, from any thread that uses the library,
 * never concurrently. NULL turns it off. Without a logger, VECDOT_LOG=stderr or VECDOT_LOG=<file> in the
 * environment writes the same lines there. */
typedef void (*vecdot_log_fn)(void *user, const char *message);
VECDOT_API void vecdot_set_logger(vecdot_log_fn log, void *user);

#ifdef __cplusplus
}
#endif
#endif
