/* The device interface: what a backend gives to the core, and all that the core knows of a driver.
 *
 * A backend is one const struct. It says how large its private objects are; the core allocates them
 * zeroed, passes them back as void pointers and frees them after the matching close. A backend knows its
 * driver and nothing about dot products. How it gets from a variant to code is its own affair: from source,
 * from what was compiled with the library, or from a table of functions. Every fallible function returns a
 * status and has called fail() with the driver call and its code by name. None of the functions is called
 * concurrently for the same queue; those that take a context may be, from any thread. */
#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include "core/base/text.h"
#include "core/plan/variant.h"

typedef struct backend backend;

/* One device as probing found it: plain data, valid for the life of the process. */
typedef struct device {
    const backend *driver;
    vecdot_device_info info;
    void *native[2];       /* the backend's: what it needs to find the device again */
    size_t max_group_size; /* work-items in a group                                    */
    int groups_per_unit;   /* groups of 256 that a compute unit can hold; 0: not told  */
    int fenced_groups;     /* kernels can hand partial sums from group to group within one launch */
    char compiler[264];    /* the backend's: what tells its compiler from another, beside info */
} device;

/* What the data of a tensor is, which its DLPack device type says. */
typedef enum place {
    PLACE_ELSEWHERE, /* nothing that this backend can use                                       */
    PLACE_HOST,      /* an address that the host reads and writes                               */
    PLACE_ADDRESS,   /* the backend's memory, as an address, which can be compared and offset   */
    PLACE_HANDLE     /* the backend's memory, as a handle: an offset into it is always separate */
} place;

/* One kernel argument: device memory (size 0, value = the memory) or `size` bytes at `value`. */
typedef struct kernel_arg {
    size_t size;
    const void *value;
} kernel_arg;

typedef struct launch {
    size_t groups;     /* number of work-groups: one dimension */
    size_t group_size; /* work-items in each                   */
    size_t arg_count;
    const kernel_arg *args;
} launch;

struct backend {
    const char *name;           /* as in selectors, in lower case              */
    DLDeviceType tensor_device; /* the DLPack device type of the memory that memory_create makes */
    size_t context_size, queue_size, program_size;

    /* ---- Devices ---- */

    /* Opens the driver on the first call and writes up to `capacity` devices; *count receives how many
     * there are. NO_DEVICE, with the reason and the fix in the message, when the driver is missing or has
     * none. */
    vecdot_status (*probe)(device *devices, size_t capacity, size_t *count);
    /* Adds lines on what probing saw: files tried, platforms, devices, settings, and how to mend what is
     * missing. May be called whatever probe returned. */
    void (*diagnose)(text *report);
    /* The same at every call. */
    place (*place_of)(DLDeviceType type);

    /* ---- Contexts and queues ---- */

    /* native_context NULL: make or retain one for the device; else the program's own, retained where the
     * driver counts references. *dev lives as long as the context. */
    vecdot_status (*context_open)(void *context, const device *dev, void *native_context);
    void (*context_close)(void *context);
    /* Optional, both or neither: what the functions below otherwise each do and undo to reach the driver,
     * done once for all that this thread calls with the context until leave, which returns the status it is
     * given (or, when that is success, what became of leaving). Leaving twice does nothing. */
    vecdot_status (*context_enter)(void *context);
    vecdot_status (*context_leave)(void *context, vecdot_status status);
    /* native_queue NULL: make an in-order one; else the program's own, likewise, after checking that it
     * belongs to the context. */
    vecdot_status (*queue_open)(void *queue, void *context, void *native_queue);
    vecdot_status (*queue_finish)(void *queue);
    void (*queue_close)(void *queue);
    /* Two queues of one context. follow: what is enqueued in `queue` from now on begins after all that is in
     * `other` now; no wait on the host. start: the device begins with what is enqueued, though nobody waits
     * for it; NULL where it does by itself. */
    vecdot_status (*queue_follow)(void *queue, void *other);
    vecdot_status (*queue_start)(void *queue);
    /* The driver's own objects, for the interop headers. */
    void *(*context_native)(const void *context);
    void *(*queue_native)(const void *queue);

    /* ---- Memory: `memory` is an address or a handle, as place_of says of tensor_device ---- */

    vecdot_status (*memory_create)(void *context, size_t bytes, void **memory);
    /* Wraps host memory for in-place use; only called where info.shares_host_memory is set. Kernels may
     * write to it only if `writable`. */
    vecdot_status (*memory_wrap)(void *context, void *host, size_t bytes, int writable, void **memory);
    void (*memory_release)(void *context, void *memory);
    /* Checks that a native tensor's memory can be used in this context and has at least `bytes` bytes from
     * the handle on: DEVICE_MISMATCH or INVALID_ARGUMENT, naming `argument`. An address is that of the lowest
     * byte in use. */
    vecdot_status (*memory_check)(void *context, void *memory, size_t bytes, const char *argument);
    /* Makes what kernels wrote to wrapped memory visible to the host. Complete on return. */
    vecdot_status (*memory_reveal)(void *queue, void *memory, size_t bytes);
    /* Where in the device's memory byte 0 is: two memories share bytes only when their roots are equal and
     * their ranges, counted from the roots, meet. */
    vecdot_status (*memory_root)(void *context, void *memory, void **root, size_t *offset);
    /* Copies. read is complete on return; write has then taken the host's bytes, the rest is in queue order;
     * copy is enqueued. */
    vecdot_status (*memory_write)(void *queue, void *memory, size_t offset, const void *host, size_t bytes);
    vecdot_status (*memory_read)(void *queue, void *memory, size_t offset, void *host, size_t bytes);
    vecdot_status (*memory_copy)(void *queue, void *to, size_t to_offset, void *from, size_t from_offset,
                                 size_t bytes);

    /* ---- Programs ---- */

    /* Makes a variant's code ready to be launched in any queue of the context. Can be slow. COMPILE with the
     * build log in the message when the code does not build, or there is none for this variant. */
    vecdot_status (*program_open)(void *program, void *context, const variant *v);
    void (*program_close)(void *program);
    /* Enqueues a launch. After a queue's first launch of a program, no other allocates or waits. */
    vecdot_status (*launch)(void *queue, void *program, const launch *l);
    /* Optional, all three or none: programs kept on disk. key adds all that a program's bytes depend on and
     * that is not in dev->info. save writes the bytes where `capacity` takes them; *needed receives their
     * size, 0 when the driver has none to give. load makes the program from bytes that save once wrote under
     * the same key, and opens nothing when it fails: the core then calls program_open, so a driver may refuse
     * what it likes. */
    vecdot_status (*program_key)(const device *dev, const variant *v, text *key);
    vecdot_status (*program_save)(void *program, void *bytes, size_t capacity, size_t *needed);
    vecdot_status (*program_load)(void *program, void *context, const variant *v, const void *bytes,
                                  size_t size);

    const struct backend_blas *blas; /* the vendor's BLAS, in backend_blas.h; NULL: none is known */
};

/* All backends in the order "auto" tries them, NULL at the end. The only place in the core that names one. */
extern const backend *const backend_registry[];

#endif
