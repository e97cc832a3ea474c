/* The device interface: what a backend gives to the core, and all that the core knows of a driver. Nothing
 * else connects the two, and a backend knows nothing about dot products.
 *
 * A backend is one const struct. It says how large its private objects are. The core allocates them
 * zeroed, passes them back as void pointers, and frees them after the matching close. A backend decides by
 * itself how a variant becomes code: from source, from PTX compiled with the library, or from a table of
 * functions.
 *
 * A function that returns a status and fails has called fail() with the driver call and its error code by
 * name. The core never calls two functions for the same queue at the same time. Functions that take a
 * context may be called from any threads at the same time. */
#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include "core/base/text.h"
#include "core/plan/variant.h"

typedef struct backend backend;

/* A device that probing found. Plain data, valid for the life of the process. */
typedef struct device {
    const backend *driver;
    vecdot_device_info info;
    void *native[2];       /* the backend's: how it finds the device again */
    size_t max_group_size; /* work-items */
    int groups_per_unit;   /* groups of 256 work-items that a compute unit holds; 0: unknown */
    int fenced_groups;     /* kernels can pass partials from group to group within one launch */
    int vector_bytes;      /* of the CPU schedule's vectors; 0: MOST_VECTOR_BYTES (kernels/common/limits.h) */
    int only_any;          /* it has no kernels for known dtypes */
    char compiler[264];    /* the backend's: what distinguishes its compiler, beside info */
} device;

/* What a tensor's `data` is. Its DLPack device type decides. */
typedef enum place {
    PLACE_ELSEWHERE, /* nothing that this backend can use */
    PLACE_HOST,      /* an address that the host reads and writes */
    PLACE_ADDRESS,   /* an address of the backend's memory, which can be compared and offset */
    PLACE_HANDLE     /* a handle of the backend's memory; an offset into it is passed separately */
} place;

/* One kernel argument: `size` bytes at `value`, or device memory (size 0; value is the memory). */
typedef struct kernel_arg {
    size_t size;
    const void *value;
} kernel_arg;

typedef struct launch {
    size_t groups;     /* work-groups, in one dimension */
    size_t group_size; /* work-items in a group */
    size_t arg_count;
    const kernel_arg *args;
    /* The work of all groups, for a backend that shares it out by itself; it decides nothing else. The
     * planner counts both (plan_size_step in src/core/plan/plan.c):
     * products  multiply-adds of elements, a complex one as one; 0 for kernels that multiply nothing
     * bytes     read and written. An operand's element counts each time that an output's sum takes it, also
     *           where it comes from a cache; in class matrix only once for each product of matrices. */
    double products, bytes;
} launch;

struct backend {
    const char *name;           /* the name in selectors, in lower case */
    int schedules;              /* whose kernels it has: ON_GPU, ON_CPU or ON_BOTH */
    DLDeviceType tensor_device; /* the DLPack device type of memory_create's memory */
    int works_in_child;         /* what was opened before a fork works in the child too */
    size_t context_size, queue_size, program_size;

    /* ---- Devices ---- */

    /* Opens the driver on the first call. Writes up to `capacity` devices; *count receives the number of
     * all. NO_DEVICE when the driver is missing or has no device, BACKEND when it fails or was opened before
     * the process was forked; the message says why and how to fix it. */
    vecdot_status (*probe)(device *devices, size_t capacity, size_t *count);
    /* Adds lines about what probing saw: files tried, platforms, devices, settings, and how to fix what is
     * missing. May be called whether probe succeeded or failed. */
    void (*diagnose)(text *report);
    /* Gives the same answer at every call. */
    place (*place_of)(DLDeviceType type);

    /* ---- Contexts and queues ---- */

    /* native_context NULL: makes or retains a context for the device. Otherwise uses the program's own
     * context, and retains it where the driver counts references. *dev lives as long as the context. */
    vecdot_status (*context_open)(void *context, const device *dev, void *native_context);
    void (*context_close)(void *context);
    /* Optional: launches in all queues of the context run on the program's threads from now on, as
     * vecdot_set_parallel_for says. NULL: on the backend's own again. */
    void (*set_parallel_for)(void *context, vecdot_parallel_for_fn parallel_for, void *user);
    /* Optional, both or neither. Between enter and leave the functions below reach the driver without each
     * preparing and restoring the thread's state; they cover all that this thread calls with the context.
     * leave returns the status that it is given; when that is success, it returns the status of leaving. A
     * second leave does nothing. */
    vecdot_status (*context_enter)(void *context);
    vecdot_status (*context_leave)(void *context, vecdot_status status);
    /* native_queue NULL: makes an in-order queue. Otherwise checks that the program's own queue belongs to
     * the context, uses it, and retains it where the driver counts references. */
    vecdot_status (*queue_open)(void *queue, void *context, void *native_queue);
    /* Waits for the work that is enqueued. Where every function that enqueues is complete on return it has
     * nothing to do, but stays callable. */
    vecdot_status (*queue_finish)(void *queue);
    void (*queue_close)(void *queue);
    /* queue_follow: work enqueued in `queue` from now on begins after all work that `other`, a queue of
     * the same context, has now; the host does not wait. queue_start: makes the device begin with the
     * enqueued work although nobody waits for it; NULL where the device does so by itself. */
    vecdot_status (*queue_follow)(void *queue, void *other);
    vecdot_status (*queue_start)(void *queue);
    /* Give the driver's own objects, for the interop headers. */
    void *(*context_native)(const void *context);
    void *(*queue_native)(const void *queue);

    /* ---- Memory: `memory` is an address or a handle, as place_of says of tensor_device ---- */

    vecdot_status (*memory_create)(void *context, size_t bytes, void **memory);
    /* Wraps host memory so that kernels use it in place; they write to it only if `writable`. Called only
     * where info.shares_host_memory is set. NULL together with memory_reveal: a host address is memory
     * already, and a launch is complete on return. The core then gives the arrays' own addresses to launch,
     * and never releases them. */
    vecdot_status (*memory_wrap)(void *context, void *host, size_t bytes, int writable, void **memory);
    void (*memory_release)(void *context, void *memory);
    /* Checks that a tensor's memory can be used in this context and has at least `bytes` bytes from
     * `memory` on. An address is that of the lowest byte in use. DEVICE_MISMATCH or INVALID_ARGUMENT, with
     * `argument` in the message. */
    vecdot_status (*memory_check)(void *context, void *memory, size_t bytes, const char *argument);
    /* Makes kernels' writes to wrapped memory visible to the host. Complete on return. NULL where
     * memory_wrap is. */
    vecdot_status (*memory_reveal)(void *queue, void *memory, size_t bytes);
    /* Gives the place of the memory's byte 0, as a root and an offset from it. Two memories share bytes
     * only when their roots are equal and their ranges, counted from the roots, intersect. */
    vecdot_status (*memory_root)(void *context, void *memory, void **root, size_t *offset);
    /* Copies. memory_read is complete on return. memory_write has read the host's bytes on return and
     * writes them in queue order. memory_copy is enqueued. */
    vecdot_status (*memory_write)(void *queue, void *memory, size_t offset, const void *host, size_t bytes);
    vecdot_status (*memory_read)(void *queue, void *memory, size_t offset, void *host, size_t bytes);
    vecdot_status (*memory_copy)(void *queue, void *to, size_t to_offset, void *from, size_t from_offset,
                                 size_t bytes);

    /* ---- Programs ---- */

    /* Makes a variant's code ready to be launched in any queue of the context. Can be slow. COMPILE when
     * the code does not build (the message has the build log) or there is no code for this variant. */
    vecdot_status (*program_open)(void *program, void *context, const variant *v);
    void (*program_close)(void *program);
    /* Enqueues a launch. After a queue's first launch of a program, later launches of it neither allocate
     * nor wait. */
    vecdot_status (*launch)(void *queue, void *program, const launch *l);
    /* Optional, all three or none: programs kept on disk. program_key adds everything that a program's
     * bytes depend on, except dev->info. program_save writes the bytes if they fit `capacity`; *needed
     * receives their size, or 0 when the driver gives none. program_load makes the program from bytes that
     * program_save wrote under the same key. When it fails it has opened nothing, and the core calls
     * program_open instead; so a driver may refuse any bytes. */
    vecdot_status (*program_key)(const device *dev, const variant *v, text *key);
    vecdot_status (*program_save)(void *program, void *bytes, size_t capacity, size_t *needed);
    vecdot_status (*program_load)(void *program, void *context, const variant *v, const void *bytes,
                                  size_t size);

    const struct backend_blas *blas; /* the vendor's BLAS (backend_blas.h); NULL: none is known */
};

/* All backends in the order in which "auto" tries them, then NULL. Only registry.c names a backend. */
extern const backend *const backend_registry[];

#endif
