/* The running objects behind the public handles, and the policy the planner follows on a device. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include "core/backend.h"
#include "core/library.h"
#include "core/problem.h"
#include "core/schedule.h"

#include <stdatomic.h>

/* Which of the two families of kernels a plan uses; the bits are the same. */
typedef enum schedule { SCHEDULE_GPU, SCHEDULE_CPU } schedule;

/* Plan classes. CLASS_AUTO lets the planner choose. */
typedef enum plan_class {
    CLASS_AUTO,
    CLASS_FILL,
    CLASS_SHORT,
    CLASS_LANES,
    CLASS_SPLIT,
    CLASS_COLUMN,
    CLASS_SHARED,
    CLASS_MATRIX,
    CLASS_COUNT
} plan_class;

/* Whether problems on host arrays are computed on the calling thread: where that is faster (on CPU devices),
 * wherever it can be, never. */
typedef enum host_mode { HOST_NEVER, HOST_AUTO, HOST_ALWAYS } host_mode;

/* When products of matrices go to the vendor's BLAS (core/blas.h). */
typedef enum blas_setting { BLAS_AUTO, BLAS_OFF, BLAS_ON } blas_setting;

typedef struct blas_policy {
    blas_setting setting;
    const blas_offer *offer; /* NULL: there is no library, or none was looked for */
    uint32_t types;          /* 1 << dtype for those that go to it                */
} blas_policy;

/* What the planner and the executor assume about the device. Filled from the device when a context is
 * made; tests change it to run every class, schedule and transfer path on any device. */
typedef struct policy {
    schedule schedule;
    plan_class force;    /* this class wherever it is legal; CLASS_AUTO = choose        */
    int force_any;       /* use the kernels that take any stride, alignment and dtype   */
    int64_t force_nodes; /* at least this many tree nodes per output; 0 = choose        */
    int share_host;      /* use host arrays in place instead of copying                 */
    int share_out;       /* out too: no driver copies back the gaps between its elements */
    int64_t max_alloc;   /* bytes; larger host arrays go in pieces                      */
    int units;           /* compute units                                               */
    int parallel_groups; /* GPU schedule: groups of 256 that keep the device full       */
    int fenced_groups;   /* GPU schedule: a split sum in one launch                     */
    thresholds at;       /* where one class or one way to split ends and another begins   */
    int has_fp64;
    int reproducible;    /* no class matrix: every sum in the canonical order           */
    host_mode host;      /* the calling thread's share                                  */
    int host_set;        /* its instruction set, as in host_path.h; -1: no code for it  */
    blas_policy blas;    /* what of class matrix goes to the vendor's library           */
    double saving_seconds; /* begin no saving of a program later than this into the end   */
} policy;

struct vecdot_context {
    atomic_int references;
    device dev;
    policy policy;
    struct program_cache *programs;
    void *native; /* the backend's private context */
};

struct vecdot_queue {
    vecdot_context *context;
    void *native;                 /* the backend's private queue                      */
    void *copies;                 /* another for copies beside it; NULL until needed  */
    struct kernel_table *kernels; /* this queue's kernel objects by variant           */
    void *scratch;                /* device memory for partials and results to cast   */
    size_t scratch_bytes;
    void *counters; /* of groups that have finished, one an output or tile; zero between launches */
    struct kept_memory {
        void *memory;
        size_t bytes;
    } kept[ARRAYS]; /* device memory of the last host arrays, idle, for the next; see stage.h */
    vecdot_progress_fn progress; /* NULL: nobody asks */
    void *progress_user;
    int told_host_path; /* the logger was */
};

void context_retain(vecdot_context *context);

/* The backend's context_enter and context_leave, where it has them. What may run the program's own code (the
 * logger) is to be called outside. */
vecdot_status context_enter(vecdot_context *context);
vecdot_status context_leave(vecdot_context *context, vecdot_status status);

/* Follows these thresholds from the next call on. */
void context_set_thresholds(vecdot_context *context, const thresholds *at);

/* Contexts and queues on the program's own driver objects, for the interop headers. */
vecdot_status context_open(const device *dev, void *native_context, vecdot_context **context);
vecdot_status queue_open(vecdot_context *context, void *native_queue, vecdot_queue **queue);

#endif
