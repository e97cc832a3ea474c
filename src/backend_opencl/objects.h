/* The backend's private objects and what its files share. */
#ifndef BACKEND_OPENCL_OBJECTS_H
#define BACKEND_OPENCL_OBJECTS_H

#include "backend_opencl/symbols.h"
#include "core/run/backend.h"

extern const backend backend_opencl;

typedef struct opencl_context {
    cl_context native;
    cl_device_id device;
} opencl_context;

typedef struct opencl_queue {
    cl_command_queue native;
    int out_of_order; /* a program's own queue: every command follows a barrier */
} opencl_queue;

/* What every program is built with. No fast or relaxed math of any kind: results are defined to the bit. */
#define OPENCL_PROGRAM_OPTIONS "-cl-std=CL1.2"

typedef struct opencl_program {
    cl_program native;
    cl_device_id device; /* the one it is built for, of those of its context */
} opencl_program;

typedef struct opencl_kernel {
    cl_kernel native;
} opencl_kernel;

/* error.c: fails with the call and the code by name. What the driver reports for want of memory is
 * OUT_OF_MEMORY, anything else BACKEND. */
const char *opencl_code_name(cl_int code);
vecdot_status opencl_fail(const char *call, cl_int code);

/* device.c */
vecdot_status opencl_probe(device *devices, size_t capacity, size_t *count);
void opencl_diagnose(text *report);
/* Fills *dev for a device that may not be in the list (a sub-device has index -1). */
vecdot_status opencl_device_of(cl_device_id native, device *dev);

/* queue.c */
vecdot_status opencl_context_open(void *context, const device *dev, void *native_context);
void opencl_context_close(void *context);
void *opencl_context_handle(const void *context);
vecdot_status opencl_queue_open(void *queue, void *context, void *native_queue);
vecdot_status opencl_queue_finish(void *queue);
void opencl_queue_close(void *queue);
vecdot_status opencl_queue_follow(void *queue, void *other);
vecdot_status opencl_queue_start(void *queue);
void *opencl_queue_handle(const void *queue);
/* Makes the next command follow all before it; to be called before each one. */
vecdot_status opencl_queue_order(opencl_queue *q);

/* memory.c */
vecdot_status opencl_memory_create(void *context, size_t bytes, void **memory);
vecdot_status opencl_memory_wrap(void *context, void *host, size_t bytes, int writable, void **memory);
void opencl_memory_release(void *context, void *memory);
vecdot_status opencl_memory_check(void *context, void *memory, size_t bytes, const char *argument);
vecdot_status opencl_memory_root(void *context, void *memory, void **root, size_t *offset);
vecdot_status opencl_memory_reveal(void *queue, void *memory, size_t bytes);
vecdot_status opencl_memory_write(void *queue, void *memory, size_t offset, const void *host, size_t bytes);
vecdot_status opencl_memory_read(void *queue, void *memory, size_t offset, void *host, size_t bytes);
vecdot_status opencl_memory_copy(void *queue, void *to, size_t to_offset, void *from, size_t from_offset,
                                 size_t bytes);

/* program.c */
vecdot_status opencl_program_open(void *program, void *context, const program_request *request);
void opencl_program_close(void *program);
vecdot_status opencl_program_save(void *program, void *bytes, size_t capacity, size_t *needed);
vecdot_status opencl_program_load(void *program, void *context, const program_request *request,
                                  const void *bytes, size_t size);
vecdot_status opencl_kernel_open(void *kernel, void *program, const char *name);
void opencl_kernel_close(void *kernel);
vecdot_status opencl_kernel_launch(void *queue, void *kernel, const launch *l);

/* blas.c */
const blas_offer *opencl_blas_open(const char **why);
vecdot_status opencl_blas_gemm(void *queue, const gemm *g, int *served);

#endif
