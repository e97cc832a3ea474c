/* The running objects behind the public handles. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include "core/base/os.h"
#include "core/plan/policy.h"
#include "core/problem/problem.h"
#include "core/run/backend.h"

#include <stdatomic.h>

struct vecdot_context {
    atomic_int references;
    device dev;
    plan_policy policy;
    struct program_cache *programs;
    void *native; /* the backend's private context */
};

struct vecdot_queue {
    vecdot_context *context;
    void *native;  /* the backend's private queue                     */
    void *copies;  /* another for copies beside it; NULL until needed */
    void *scratch; /* device memory for partials and results to cast  */
    size_t scratch_bytes;
    void *counters; /* of groups that have finished, one an output or tile; zero between launches */
    struct kept_memory {
        void *memory;
        size_t bytes;
    } kept[ARRAYS];              /* device memory of the last host arrays, idle, for the next; see stage.h */
    vecdot_progress_fn progress; /* NULL: nobody asks */
    void *progress_user;
    int told_host_path; /* the logger was */
};

void context_retain(vecdot_context *context);

/* The backend's context_enter and context_leave, where it has them. What may run the program's own code (the
 * logger) is to be called outside. */
vecdot_status context_enter(vecdot_context *context);
vecdot_status context_leave(vecdot_context *context, vecdot_status status);

/* What the tensor's data is to the context's backend. */
place tensor_place(const vecdot_context *context, const DLTensor *tensor);

/* Contexts and queues on the program's own driver objects, for the interop headers. */
vecdot_status context_open(const device *dev, void *native_context, vecdot_context **context);
vecdot_status queue_open(vecdot_context *context, void *native_queue, vecdot_queue **queue);

#endif
