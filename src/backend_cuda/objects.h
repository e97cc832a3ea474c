/* The backend's private objects and the functions that its files share. The core sees only backend_cuda. */
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
    int primary; /* a retained primary context; a program's own is never released here */
} cuda_context;

enum { STAGING_SLOTS = 4, STAGING_SLOT_BYTES = 2 << 20 };

/* A ring of pinned memory for copies of pageable host memory, allocated by the first copy. While DMA
 * transfers one slot, the host fills or empties another. */
typedef struct staging {
    unsigned char *memory; /* all slots; NULL: not allocated */
    int refused;           /* it cannot be allocated, so the driver copies by itself */
    CUevent done[STAGING_SLOTS];
    int busy[STAGING_SLOTS]; /* DMA may still use the slot; `done` is recorded after its last copy */
    unsigned next;           /* the slot of the next copy */
} staging;

typedef struct cuda_queue {
    const cuda_context *context;
    CUstream native;
    int owned;
    staging staging;
    CUevent reached;            /* recorded for a queue that follows this one; NULL: not made */
    struct cublasContext *blas; /* made with its workspace by the first product; NULL: not made */
    CUdeviceptr workspace;
} cuda_queue;

typedef struct cuda_program {
    const cuda_context *context;
    CUmodule native;
    CUfunction kernel; /* lives as long as its module */
} cuda_program;

/* error.c. cuda_fail names the call and the code. Codes for lack of memory become OUT_OF_MEMORY, all
 * others BACKEND. */
const char *cuda_code_name(CUresult code);
vecdot_status cuda_fail(const char *call, CUresult code);

/* device.c */
vecdot_status cuda_probe(device *devices, size_t capacity, size_t *count);
void cuda_diagnose(text *report);
/* Fills *dev for a program's own CUdevice. */
vecdot_status cuda_device_of(CUdevice native, device *dev);
/* The CUdevice of a device that probing found. */
CUdevice cuda_device_handle(const device *dev);
/* The CUDA version that the driver supports, such as 13000 for 13.0; 0 when it is unknown. */
int cuda_driver_version(void);

/* context.c. cuda_enter makes the context current to the calling thread, and cuda_leave makes the
 * program's own current again and returns the status that it is given. Every function that needs a context
 * works between the two. cuda_push is cuda_enter for callers that cannot report a failure. When the core
 * has entered the context for a whole call, all three do nothing. */
CUresult cuda_push(const cuda_context *c);
vecdot_status cuda_enter(const cuda_context *c);
vecdot_status cuda_leave(vecdot_status status);
/* Stores a line that is logged after the context is left, so that the logger finds the program's own
 * context. */
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

/* pointer.c. `memory` is a device address. */
place cuda_place_of(DLDeviceType type);
CUdeviceptr cuda_address_of(const void *memory);
vecdot_status cuda_memory_root(void *context, void *memory, void **root, size_t *offset);
vecdot_status cuda_memory_check(void *context, void *memory, size_t bytes, const char *argument);
/* Gives the allocation that contains an address. Returns 0 when the driver does not know it. */
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

/* staging.c. The queue's context must be current. staging_write has read the host's bytes on return; the
 * transfer to the device is in stream order. staging_read is complete on return. */
vecdot_status staging_write(cuda_queue *q, CUdeviceptr to, const void *host, size_t bytes);
vecdot_status staging_read(cuda_queue *q, CUdeviceptr from, void *host, size_t bytes);
void staging_free(staging *s);

/* program.c */
vecdot_status cuda_program_open(void *program, void *context, const variant *v);
void cuda_program_close(void *program);
vecdot_status cuda_launch(void *queue, void *program, const launch *l);

/* blas.c */
extern const backend_blas cuda_blas;
/* The queue's context must be current, and the queue's work complete. */
void cuda_blas_close(cuda_queue *q);

#endif
