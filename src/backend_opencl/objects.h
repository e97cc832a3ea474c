/* The backend's private objects and the functions that its files share. The core sees only backend_opencl. */
#ifndef BACKEND_OPENCL_OBJECTS_H
#define BACKEND_OPENCL_OBJECTS_H

#include "backend_opencl/symbols.h"
#include "core/run/backend.h"
#include "core/run/backend_blas.h"

#include <stdatomic.h>

extern const backend backend_opencl;

typedef struct opencl_context {
    cl_context native;
    cl_device_id device;
    const device *dev;
    atomic_size_t programs; /* number of programs built so far */
} opencl_context;

typedef struct opencl_queue {
    cl_command_queue native;
    int out_of_order;   /* a program's own queue; a barrier is enqueued before every command */
    cl_kernel *kernels; /* indexed by the program's number; NULL: not made yet */
    size_t kernel_count;
} opencl_queue;

typedef struct opencl_program {
    cl_program native;
    cl_device_id device; /* the one of the context's devices that it is built for */
    const char *kernel;
    size_t number; /* counts from 0 in each context */
} opencl_program;

/* error.c. opencl_fail names the call and the code. Codes for lack of memory become OUT_OF_MEMORY, all
 * others BACKEND. */
const char *opencl_code_name(cl_int code);
vecdot_status opencl_fail(const char *call, cl_int code);

/* device.c */
vecdot_status opencl_probe(device *devices, size_t capacity, size_t *count);
void opencl_diagnose(text *report);
/* Fills *dev for any device. A sub-device is not in the list and has index -1. */
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
/* Makes the next command wait for all commands before it. Call it before each command. */
vecdot_status opencl_queue_order(opencl_queue *q);

/* memory.c */
place opencl_place_of(DLDeviceType type);
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

/* source.c */
vecdot_status opencl_program_key(const device *dev, const variant *v, text *key);

/* program.c */
vecdot_status opencl_program_open(void *program, void *context, const variant *v);
void opencl_program_close(void *program);
vecdot_status opencl_program_save(void *program, void *bytes, size_t capacity, size_t *needed);
vecdot_status opencl_program_load(void *program, void *context, const variant *v, const void *bytes,
                                  size_t size);

/* kernel.c. Gives the queue's kernel object of a program and makes it on the first call. */
vecdot_status opencl_kernel_of(opencl_queue *q, const opencl_program *p, cl_kernel *kernel);
void opencl_kernels_release(opencl_queue *q);

/* launch.c */
vecdot_status opencl_launch(void *queue, void *program, const launch *l);

/* blas.c */
extern const backend_blas opencl_blas;

#endif
