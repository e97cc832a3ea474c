/* The objects behind the public handles. Only files of core/run read them; backends see their own part
 * alone. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include "core/base/os.h"
#include "core/plan/policy.h"
#include "core/problem/problem.h"
#include "core/run/backend.h"

#include <stdatomic.h>

struct vecdot_context {
    atomic_int references;
    unsigned process; /* the number of the one that opened it */
    device dev;
    plan_policy policy;
    struct program_cache *programs;
    void *native; /* the backend's */
};

struct vecdot_queue {
    vecdot_context *context;
    void *native;     /* the backend's */
    void *copy_queue; /* a second queue of the backend for copies; NULL until needed */
    void *scratch;    /* device memory for partials and for results to be cast */
    size_t scratch_bytes;
    void *counters; /* one for each output or tile: groups that have finished; all zero between launches */
    struct kept_memory {
        void *memory;
        size_t bytes;
    } kept[ARRAYS]; /* idle device memory of the last host arrays, for the next ones; see stage.h */
    vecdot_progress_fn progress; /* NULL: no reports */
    void *progress_user;
};

/* Whether this process was forked after the context was opened, and the driver works in the parent only. Then
 * nothing of the driver may be called, and what it has in the parent is not this process's to release. */
int context_is_lost(const vecdot_context *context);
/* BACKEND when it is. */
vecdot_status context_check(const vecdot_context *context);

void context_retain(vecdot_context *context);

/* Call the backend's context_enter and context_leave, if it has them. Code of the program (a logger, a
 * progress function) must run outside the two. */
vecdot_status context_enter(vecdot_context *context);
vecdot_status context_leave(vecdot_context *context, vecdot_status status);

/* What the tensor's `data` is for the context's backend. */
place tensor_place(const vecdot_context *context, const DLTensor *tensor);

/* Refuses a tensor that is in no memory that the context's backend can use. `function` and `array` are for
 * the message. */
vecdot_status refuse_place(const vecdot_context *context, const char *function, const char *array,
                           const DLTensor *tensor);

/* Make contexts and queues on the program's own driver objects, for the interop headers. */
vecdot_status context_open(const device *dev, void *native_context, vecdot_context **context);
vecdot_status queue_open(vecdot_context *context, void *native_queue, vecdot_queue **queue);

#endif
