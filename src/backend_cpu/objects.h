/* The backend's private objects and the functions that its files share. The core sees only backend_cpu. */
#ifndef BACKEND_CPU_OBJECTS_H
#define BACKEND_CPU_OBJECTS_H

#include "backend_cpu/kernels.h"
#include "core/run/backend.h"

extern const backend backend_cpu;

typedef struct cpu_context {
    const instruction_set *set;
} cpu_context;

/* A queue belongs to one thread at a time, so its arena does too. Slot s of a launch has the s-th part. */
typedef struct cpu_queue {
    char *arena;
    size_t arena_bytes;
} cpu_queue;

typedef struct cpu_program {
    const kernel_entry *kernel;
} cpu_program;

/* device.c */
vecdot_status cpu_probe(device *devices, size_t capacity, size_t *count);
void cpu_diagnose(text *report);

/* instruction_set.c: the best set that the processor has, or the one that a test has asked for. */
const instruction_set *cpu_instruction_set(void);
/* For tests: every context that is opened from now on uses the set of this name; NULL: the best. Returns 0,
 * and changes nothing, when the library or the processor has none of that name. */
int cpu_use_instruction_set(const char *name);

/* launch.c */
vecdot_status cpu_program_open(void *program, void *context, const variant *v);
vecdot_status cpu_launch(void *queue, void *program, const launch *l);

/* memory.c */
place cpu_place_of(DLDeviceType type);
vecdot_status cpu_memory_create(void *context, size_t bytes, void **memory);
void cpu_memory_release(void *context, void *memory);
vecdot_status cpu_memory_write(void *queue, void *memory, size_t offset, const void *host, size_t bytes);
vecdot_status cpu_memory_read(void *queue, void *memory, size_t offset, void *host, size_t bytes);

#endif
