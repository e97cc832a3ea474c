/* vecdot: the NumPy / Array API operations vecdot, matvec and vecmat for C, on the CPU, for which nothing need be
 * installed, and on any GPU with a CUDA or OpenCL driver. A program needs this header alone. opencl.h and cuda.h are
 * for programs that bring their own driver objects.
 *
 * Conventions of all functions:
 *  - Arrays are described by DLPack's DLTensor. `data` is a host pointer (kDLCPU), a cl_mem (kDLOpenCL) or a
 *    device address (kDLCUDA, kDLCUDAManaged). `byte_offset` is added to `data`. Strides count elements and may
 *    be negative or zero; strides == NULL means C-contiguous. The stride of a dimension of size 0 or 1 is
 *    ignored. An array with no elements may have data == NULL.
 *  - Only the elements of an array are ever written. An array may be read from its lowest element to its highest,
 *    the gaps between elements included, and never outside of that. What is in the gaps changes no result.
 *  - Every function that can fail returns a vecdot_status. Its comment names each one without VECDOT_ERROR_.
 *    After a failure vecdot_last_error() says, to the same thread, which argument was wrong, what was expected
 *    and what came. Output arrays are then untouched, except where the driver failed after work was enqueued
 *    (OUT_OF_MEMORY, COMPILE or BACKEND): arrays larger than one device buffer and shapes of more than 16
 *    dimensions take several launches.
 *  - Any number of threads may use a context at the same time. One thread at a time may use a queue. No function is
 *    a cancellation point: a thread that is cancelled in one (pthread_cancel) ends after it at the earliest, also where
 *    the function calls the program's logger or another function of the program.
 *  - After fork the child may use the library at once, whatever other threads of the parent were doing in it. On the
 *    backend "cpu" contexts and queues of the parent work in the child too, where they get threads of their own; only
 *    a queue that another thread was using stays unusable. A driver works in the process that opened it. In the child
 *    of that process everything that needs the driver gives BACKEND, with a message that says so, "auto" passes over
 *    it, and releasing what the parent opened does nothing. A child whose parent had not opened it may open it, unless
 *    another thread of the parent was inside dlopen at the fork: then it would wait for ever in dlopen, as any program
 *    would. "cpu" opens no library.
 *  - On the backend "cpu" the thread's rounding mode, its treatment of subnormals and the traps of its arithmetic change
 *    no bit; they are as before after a call, and flags that were raised stay raised. One trap must be off: FE_INEXACT,
 *    since planning rounds too.
 *  - Nothing in the library exits or aborts, and nothing prints without VECDOT_LOG in the environment.
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

/* An operand has at most this many dimensions, as in NumPy (NPY_MAXDIMS). */
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
    VECDOT_ERROR_OVERFLOW,         /* a size or an extent does not fit int64                   */
    VECDOT_ERROR_DEVICE_MISMATCH,  /* the queue's device cannot use the tensor's memory        */
    VECDOT_ERROR_NO_DEVICE,        /* what was asked for by name has no driver or no device    */
    VECDOT_ERROR_UNSUPPORTED,      /* the device cannot do it: it has no fp64, for instance    */
    VECDOT_ERROR_OUT_OF_MEMORY,    /* host or device memory                                    */
    VECDOT_ERROR_COMPILE,          /* a kernel did not build; the log is in the message        */
    VECDOT_ERROR_BACKEND           /* a driver call failed; the message has its name and code  */
} vecdot_status;

/* The library's version, such as "0.1.0". Static storage. Any thread. */
VECDOT_API const char *vecdot_version(void);

/* The enumerator's name, such as "VECDOT_ERROR_AXIS"; "unknown status" for a value outside the enum.
 * Static storage. Any thread. */
VECDOT_API const char *vecdot_status_name(vecdot_status status);

/* The message of the last call that failed on this thread, or "" when none has failed; never NULL. The text
 * belongs to the library and lives until the thread's next failing call. */
VECDOT_API const char *vecdot_last_error(void);

/* ---- Devices ------------------------------------------------------------------------------------- */

typedef enum vecdot_device_kind {
    VECDOT_DEVICE_GPU = 1,
    VECDOT_DEVICE_CPU = 2,
    VECDOT_DEVICE_ACCELERATOR = 3
} vecdot_device_kind;

/* Plain data. All strings are NUL-terminated. */
typedef struct vecdot_device_info {
    char     backend[16];       /* the first part of a selector, such as "opencl"          */
    int32_t  index;             /* position within the backend: "opencl:0"                 */
    int32_t  kind;              /* a vecdot_device_kind                                    */
    char     name[128];         /* as the driver names the device                          */
    char     vendor[128];
    char     platform[128];     /* the driver's name for itself; of "cpu" "no driver"      */
    char     driver[128];       /* driver version; of "cpu" this library's and the         */
                                /* instruction set that it uses                            */
    uint64_t memory_bytes;      /* device memory                                           */
    uint64_t max_alloc_bytes;   /* largest single buffer                                   */
    uint32_t compute_units;     /* cores or multiprocessors                                */
    int32_t  has_fp64;          /* 0: float64 and complex128 give VECDOT_ERROR_UNSUPPORTED */
    int32_t  shares_host_memory;/* 1: host arrays are used in place                        */
    int32_t  capability;        /* CUDA compute capability times 10, such as 90; else 0    */
    uint64_t reserved[8];
} vecdot_device_info;

/* Lists every usable device of every backend, best first: the order in which "auto" tries them. infos receives
 * the first `capacity` of them and may be NULL when capacity is 0. *count receives the number of all. There is always
 * one, the backend "cpu"; why others are missing vecdot_diagnose says. The first call opens the drivers, which may
 * take a second. Any thread. INVALID_ARGUMENT (count NULL), OUT_OF_MEMORY. */
VECDOT_API vecdot_status vecdot_device_list(vecdot_device_info *infos, size_t capacity, size_t *count);

/* Writes a report of several lines: what was tried, what is missing and how to fix it. text receives at most
 * `capacity` bytes, NUL included, and may be NULL when capacity is 0. *needed receives the bytes of the whole
 * report, NUL included; needed may be NULL. Any thread. INVALID_ARGUMENT, OUT_OF_MEMORY. */
VECDOT_API vecdot_status vecdot_diagnose(char *text, size_t capacity, size_t *needed);

/* ---- Contexts and queues ------------------------------------------------------------------------- */

typedef struct vecdot_context vecdot_context; /* a device and its programs; shared by any threads        */
typedef struct vecdot_queue   vecdot_queue;   /* an in-order stream of work; one thread at a time        */

/* Opens a device. The selector is one of
 *  - "cpu": the processors of this machine, by the library itself: no driver is needed, and it is always there;
 *  - "opencl": the best device of that backend;
 *  - "opencl:1": by index;
 *  - "opencl:gpu", "opencl:cpu", "opencl:accelerator": the best of that kind;
 *  - "opencl:intel": by part of the device's, vendor's or platform's name, in either case;
 *  - "cuda", "cuda:1" and so on, in the same way;
 *  - "auto": the first that can be opened: GPUs (those of CUDA first), then accelerators, then "cpu", which always
 *    opens;
 *  - "auto:gpu", "auto:intel": the same among the devices of all backends that are of this kind or have this word in
 *    their names. "auto:1" is the first that has the index 1 in its own backend;
 *  - NULL: the backend in $VECDOT_BACKEND ("auto" when unset) and its device in $VECDOT_DEVICE (an index, a kind
 *    or part of a name; the best when unset).
 * A named backend never falls back to another. *context is set only on success; the caller releases it. Any
 * thread. INVALID_ARGUMENT (unknown backend: the message lists the known ones; a wrong value of an environment
 * variable), NO_DEVICE (never for "auto" or "cpu" alone), OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_context_create(const char *selector, vecdot_context **context);

/* Releases the caller's reference. The context lives until its queues and tensors are gone too. NULL is allowed. */
VECDOT_API void vecdot_context_release(vecdot_context *context);

/* Describes the context's device. INVALID_ARGUMENT. */
VECDOT_API vecdot_status vecdot_context_info(const vecdot_context *context, vecdot_device_info *info);

/* Sets the function that shares the context's work out among threads of the program (a pool of its own, OpenMP's);
 * NULL: the library's own threads again. Only for contexts that compute on the library's threads, on the backend
 * cpu. With such a function the library starts no threads for the context. Results have the same bits.
 *
 * An operation that is worth several threads calls parallel_for(user, count, run, work), one time after the other,
 * on the thread that called the operation. parallel_for calls run(work, k) once for each k from 0 to count - 1, on
 * any threads, in any order, at the same time or one after the other, and returns when all these calls have returned.
 * What it leaves out the calling thread computes. count is from 2 to what VECDOT_NUM_THREADS says, else to the
 * number of processors that the process may use. It is what the work is worth; threads that are busy elsewhere or
 * begin late cost nothing, since each call of run takes work until there is none.
 *
 * run calls nothing of the program and cannot fail. parallel_for must return, not jump out or throw. Inside it, other
 * queues of the context may be used, also on the same thread, but not the queue whose operation it serves.
 *
 * Any thread, but while no operation is running on the context. INVALID_ARGUMENT (context NULL), UNSUPPORTED (the
 * context's driver has threads of its own). */
typedef void (*vecdot_parallel_for_fn)(void *user, size_t count, void (*run)(void *work, size_t k), void *work);
VECDOT_API vecdot_status vecdot_set_parallel_for(vecdot_context *context, vecdot_parallel_for_fn parallel_for,
                                                 void *user);

/* Makes an in-order queue, which the caller releases. INVALID_ARGUMENT, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_queue_create(vecdot_context *context, vecdot_queue **queue);

/* Blocks until all work that the queue has been given is complete. INVALID_ARGUMENT, BACKEND, OUT_OF_MEMORY. */
VECDOT_API vecdot_status vecdot_queue_finish(vecdot_queue *queue);

/* Sets the function to which this queue's later operations report their progress; NULL turns reports off.
 * INVALID_ARGUMENT.
 *
 * An operation reports when its host arrays are processed in several pieces, as larger ones are: those that do not fit
 * the device's buffers, and on a device that works in the host's memory, as the backend cpu does, those of more than
 * 256 MiB (of an eighth of the largest buffer, where that is less, but never of less than 64 MiB). It calls
 * progress(user, done, total) before each piece, first with done == 0, and once more when all is complete, with
 * done == total. Both count products; a sum of no products counts as one. done never decreases, and up to two
 * pieces that it counts may still be running. The calls come on the thread that called the operation, while that
 * waits. The time between two calls is that of a piece, which can be seconds. progress must not use the queue.
 * An operation that takes one piece never reports, nor does one whose arrays are all on the device: that only
 * enqueues.
 *
 * A return value other than 0 stops the operation: it returns BACKEND, with a message that says so, and out is
 * partly written. The queue can be used as before. The last call's return value is ignored. */
typedef int (*vecdot_progress_fn)(void *user, uint64_t done, uint64_t total);
VECDOT_API vecdot_status vecdot_set_progress(vecdot_queue *queue, vecdot_progress_fn progress, void *user);

/* Waits for the queue's work and releases the queue. NULL is allowed. */
VECDOT_API void vecdot_queue_release(vecdot_queue *queue);

/* ---- Device memory ------------------------------------------------------------------------------- */

/* Allocates an uninitialised C-contiguous tensor on the context's device, of any dtype of this library.
 * With the backend "cpu" that is host memory (kDLCPU), on a boundary of 256 bytes.
 * 0 <= ndim <= VECDOT_MAX_NDIM. shape is copied. The caller frees the tensor with (*tensor)->deleter(*tensor), on
 * any thread, after the work that uses it is complete. INVALID_ARGUMENT, DTYPE, NDIM, OVERFLOW, OUT_OF_MEMORY,
 * BACKEND. */
VECDOT_API vecdot_status vecdot_empty(vecdot_context *context, DLDataType dtype, int32_t ndim,
                                      const int64_t *shape, DLManagedTensor **tensor);

/* Copies the elements of one array to another of the same dtype and shape. Each may be on the host or on the
 * queue's device and may have any strides; the two must not overlap. The copy is complete on return when either
 * array is on the host, otherwise it is enqueued. INVALID_ARGUMENT, DTYPE, OUT_SHAPE (shapes or dtypes differ),
 * OVERLAP, OVERFLOW, DEVICE_MISMATCH, OUT_OF_MEMORY, BACKEND. */
VECDOT_API vecdot_status vecdot_copy(vecdot_queue *queue, const DLTensor *from, const DLTensor *to);

/* ---- The operations ------------------------------------------------------------------------------ */

/* Sum products of matrices in the canonical order, like everything else. VECDOT_REPRODUCIBLE=1 in the environment
 * asks for the same. Without it they have an order of their own, which is the same on every device; where
 * VECDOT_BLAS=on in the environment asks for the vendor's BLAS, they have the order of that library. */
#define VECDOT_REPRODUCIBLE 0x1u
/* Do not conjugate a complex x1. */
#define VECDOT_NO_CONJ 0x2u

/* Start from VECDOT_OPTIONS_INIT, which sets `size` and every default.
 *
 * Later releases may add fields at the end. `size` tells the library which fields the program knows, so that a
 * program and a library of different releases work together. A struct of an earlier release is smaller: the fields
 * that it lacks have their defaults. A struct of a later release is larger: the bytes that this library does not
 * know must be 0, the default of every later field. Otherwise the program asks for what this library cannot do,
 * and the call gives INVALID_ARGUMENT. A size below the first release's or above 4096 gives it too. The library
 * never reads past `size`.
 *
 * `reserved` names what was padding, so that later fields come after it. It may hold anything: compilers leave padding
 * as they find it, and so does a program that sets the fields one by one. */
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

/* out[b] = sum over k of conj(x1[b, k]) * x2[b, k], where k runs along `axis` of each operand.
 *
 * Shapes: `axis` is an axis of each operand by itself; a negative one counts from that operand's end. The two
 * contracted sizes must be equal. The other dimensions of both operands broadcast to the result's shape. out must
 * have that shape, or one that the result broadcasts to.
 *
 * Dtypes: both operands are cast to numpy.promote_types of the two (bfloat16 by the same logic), multiplied and
 * summed. The sum is cast to out's dtype under NumPy's same_kind rule. Integers wrap. A bool result is true when
 * any product is. An int32 out does not widen the sum of int8: it wraps in int8 and is cast then, as in NumPy. Set
 * options.dtype to sum in int32. float16 and bfloat16 are summed in float32 and rounded once. Floating results follow one
 * summation order and have the same bits on every device, except products of matrices that VECDOT_BLAS=on hands
 * to the vendor's BLAS (docs/bits.md).
 *
 * Memory: each array may be on the host or on the queue's device, with any strides and alignment. out may overlap
 * the inputs (the result is as if those had been copied first) but not itself.
 *
 * Blocking: when any of the three arrays is on the host, the call is complete on return. Otherwise the work is
 * enqueued in order, and the arrays must live until it is complete.
 *
 * Checks run in this order, and the first that fails is reported: INVALID_ARGUMENT, DTYPE, CAST, NDIM, AXIS,
 * SIZE_MISMATCH, BROADCAST, OUT_SHAPE, OVERFLOW, OVERLAP, DEVICE_MISMATCH, UNSUPPORTED. After them OUT_OF_MEMORY,
 * COMPILE and BACKEND are possible. */
VECDOT_API vecdot_status vecdot(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2, int32_t axis,
                                const DLTensor *out);

/* vecdot with options; options == NULL means VECDOT_OPTIONS_INIT. */
VECDOT_API vecdot_status vecdot_with(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                                     const vecdot_options *options, const DLTensor *out);

/* numpy.matvec: x1 (..., m, n) times x2 (..., n) gives (..., m); nothing is conjugated. Statuses as vecdot. */
VECDOT_API vecdot_status vecdot_matvec(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                                       const DLTensor *out);

/* numpy.vecmat: x1 (..., n) times x2 (..., n, m) gives (..., m); x1 is conjugated. Statuses as vecdot. */
VECDOT_API vecdot_status vecdot_vecmat(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                                       const DLTensor *out);

/* Writes the dtype and the shape of the result that vecdot_with would compute. Needs no device and ignores data
 * pointers. Each of dtype, ndim and shape may be NULL. Statuses as vecdot up to BROADCAST, and OVERFLOW. Any
 * thread. */
VECDOT_API vecdot_status vecdot_result(const DLTensor *x1, const DLTensor *x2, const vecdot_options *options,
                                       DLDataType *dtype, int32_t *ndim, int64_t shape[VECDOT_MAX_NDIM]);

/* Writes how vecdot_with would run: the problem, the plan class and each launch, or that there is none. text,
 * capacity and needed are as in vecdot_diagnose. out == NULL means a C-contiguous host result. Statuses as
 * vecdot. */
VECDOT_API vecdot_status vecdot_explain(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                                        const vecdot_options *options, const DLTensor *out, char *text,
                                        size_t capacity, size_t *needed);

/* Builds the programs that contiguous operands of each dtype use, so that first calls are quick. Blocks until they
 * are built. dtypes == NULL with count == 0 means all dtypes that the device supports.
 * INVALID_ARGUMENT, DTYPE, UNSUPPORTED, OUT_OF_MEMORY, COMPILE, BACKEND. */
VECDOT_API vecdot_status vecdot_warmup(vecdot_context *context, const DLDataType *dtypes, size_t count);

/* Sets the program's logger; NULL turns it off. The library calls log(user, message) for device choices, program
 * builds and fallbacks. A message is one line without a newline. The calls come on any thread that uses the library,
 * one at a time. Without a logger, VECDOT_LOG=stderr or VECDOT_LOG=<file> in the environment writes the same lines
 * there; a file that cannot be opened is reported on stderr, once. Any thread. */
typedef void (*vecdot_log_fn)(void *user, const char *message);
VECDOT_API void vecdot_set_logger(vecdot_log_fn log, void *user);

#ifdef __cplusplus
}
#endif
#endif
