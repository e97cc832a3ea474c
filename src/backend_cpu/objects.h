/* The backend's private objects and the functions that its files share. The core sees only backend_cpu. */
#ifndef BACKEND_CPU_OBJECTS_H
#define BACKEND_CPU_OBJECTS_H

#include "backend_cpu/kernels.h"
#include "backend_cpu/own_pool.h"
#include "core/run/backend.h"

extern const backend backend_cpu;

typedef struct cpu_context {
    const instruction_set *set;
    own_pool own;
} cpu_context;

/* A queue belongs to one thread at a time, so all of this does too. */
typedef struct cpu_queue {
    const cpu_context *context;
    char *arena; /* slot s of a launch has the s-th part */
    size_t arena_bytes;
    own_job job;
    double
        last_launch;  /* when the last launch began that more threads would have shared if they polled ... */
    double missed_ns; /* ... and how long that and those shortly before it took */
} cpu_queue;

typedef struct cpu_program {
    const kernel_entry *kernel;
    double ns_per_byte, ns_per_product; /* of one thread */
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

/* work.c: how fast one thread runs the program; how long it takes for a launch; how many threads that is
 * worth if all of them poll, and at this moment. */
void cpu_rate(const variant *v, const instruction_set *set, cpu_program *program);
double cpu_launch_ns(const cpu_program *program, const launch *l);
int cpu_most_threads(const launch *l, double ns);
int cpu_threads_now(cpu_queue *q, double ns, int most);

/* memory.c */
place cpu_place_of(DLDeviceType type);
vecdot_status cpu_memory_create(void *context, size_t bytes, void **memory);
void cpu_memory_release(void *context, void *memory);
vecdot_status cpu_memory_write(void *queue, void *memory, size_t offset, const void *host, size_t bytes);
vecdot_status cpu_memory_read(void *queue, void *memory, size_t offset, void *host, size_t bytes);

#endif
