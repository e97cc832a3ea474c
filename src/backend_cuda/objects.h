/* The backend's private objects and what its files share. */
#ifndef BACKEND_CUDA_OBJECTS_H
#define BACKEND_CUDA_OBJECTS_H

#include "backend_cuda/symbols.h"
#include "core/run/backend.h"
#include "core/run/backend_blas.h"

extern const backend backend_cuda;

typedef struct cuda_context {
    CUcontext native;
    CUdevice device;
    int ordinal;
    int primary; /* retained; a program's own context is not ours to release */
} cuda_context;

enum { STAGING_SLOTS = 4, STAGING_SLOT_BYTES = 2 << 20 };

/* Pinned memory through which pageable host memory is copied, made by the first copy: while one slot is on
 * its way by DMA, the host fills or empties another. */
typedef struct staging {
    unsigned char *memory; /* the slots; NULL: not made yet                         */
    int refused;           /* there is none to be had: the driver's own copies do   */
    CUevent done[STAGING_SLOTS];
    int busy[STAGING_SLOTS]; /* `done` was recorded after the slot's last copy      */
    unsigned next;           /* slot to use                                         */
} staging;

typedef struct cuda_queue {
    const cuda_context *context;
    CUstream native;
    int owned;
    staging staging;
    CUevent reached;            /* for a queue that follows this one; NULL: none has */
    struct cublasContext *blas; /* with its workspace, made by the first product; NULL: not yet */
    CUdeviceptr workspace;
} cuda_queue;

typedef struct cuda_program {
    const cuda_context *context;
    CUmodule native;
    CUfunction kernel; /* lives as long as its module */
} cuda_program;

/* error.c: fails with the call and the code by name. What the driver reports for want of memory is
 * OUT_OF_MEMORY, anything else BACKEND. */
const char *cuda_code_name(CUresult code);
vecdot_status cuda_fail(const char *call, CUresult code);

/* device.c */
vecdot_status cuda_probe(device *devices, size_t capacity, size_t *count);
void cuda_diagnose(text *report);
/* Fills *dev for a program's own CUdevice. */
vecdot_status cuda_device_of(CUdevice native, device *dev);
/* Of a device that probing found. */
CUdevice cuda_device_handle(const device *dev);
/* The CUDA version the driver is for, as in 13000 for 13.0; 0 when it does not tell. */
int cuda_driver_version(void);

/* context.c. Every function of the backend that needs a context makes its own current between these two, on
 * the calling thread's stack of contexts, so that the program's own is current again afterwards. cuda_leave
 * returns the status it was given. cuda_push is cuda_enter where nobody can be told of a failure. Where the
 * core has entered the context for a whole call, all three do nothing. */
CUresult cuda_push(const cuda_context *c);
vecdot_status cuda_enter(const cuda_context *c);
vecdot_status cuda_leave(vecdot_status status);
/* log_line while a context of ours is current: the program's logger gets the line when its own is again. */
void cuda_note(const char *format, ...) PRINTF_LIKE(1, 2);
vecdot_status cuda_context_enter(void *context);
vecdot_status cuda_context_leave(void *context, vecdot_status status);
vecdot_status cuda_context_open(void *context, const device *dev, void *native_context);
void cuda_context_close(void *context);
void *cuda_context_handle(const void *context);

/* queue.c */
vecdot_status cuda_queue_open(void *queue, void *context, void *native_queue);
vecdot_status cuda_queue_finish(void *queue);
void cuda_queue_close(void *queue);
vecdot_status cuda_queue_follow(void *queue, void *other);
void *cuda_queue_handle(const void *queue);

/* pointer.c: memory is the device's address. */
place cuda_place_of(DLDeviceType type);
CUdeviceptr cuda_address_of(const void *memory);
vecdot_status cuda_memory_root(void *context, void *memory, void **root, size_t *offset);
vecdot_status cuda_memory_check(void *context, void *memory, size_t bytes, const char *argument);
/* Whether the driver tells the allocation that an address is in. */
int cuda_range_of(CUdeviceptr address, CUdeviceptr *start, size_t *size);

/* memory.c */
vecdot_status cuda_memory_create(void *context, size_t bytes, void **memory);
vecdot_status cuda_memory_wrap(void *context, void *host, size_t bytes, int writable, void **memory);
void cuda_memory_release(void *context, void *memory);
vecdot_status cuda_memory_reveal(void *queue, void *memory, size_t bytes);
vecdot_status cuda_memory_write(void *queue, void *memory, size_t offset, const void *host, size_t bytes);
vecdot_status cuda_memory_read(void *queue, void *memory, size_t offset, void *host, size_t bytes);
vecdot_status cuda_memory_copy(void *queue, void *to, size_t to_offset, void *from, size_t from_offset,
                               size_t bytes);

/* staging.c. The queue's context is current. write returns when the host's bytes have been read, the rest is
 * in stream order; read is complete on return. */
vecdot_status staging_write(cuda_queue *q, CUdeviceptr to, const void *host, size_t bytes);
vecdot_status staging_read(cuda_queue *q, CUdeviceptr from, void *host, size_t bytes);
void staging_free(staging *s);

/* program.c */
vecdot_status cuda_program_open(void *program, void *context, const variant *v);
void cuda_program_close(void *program);
vecdot_status cuda_launch(void *queue, void *program, const launch *l);

/* blas.c */
extern const backend_blas cuda_blas;
/* The queue's context is current, and its work done. */
void cuda_blas_close(cuda_queue *q);

#endif
