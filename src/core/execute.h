/* Running a checked problem on a queue: how its arrays reach the device, which pieces it is cut into, the
 * plan of each, and the launches. */
#ifndef CORE_EXECUTE_H
#define CORE_EXECUTE_H

#include "core/bind.h"
#include "core/plan.h"

/* A problem with its arrays' places, collapsed. */
typedef struct job {
    problem p;
    location at[ARRAYS];
    int overlaps; /* out shares bytes with an input */
} job;

/* Collapses the checked problem in `p` and fills the rest. */
vecdot_status job_place(job *j, const vecdot_context *context, const DLTensor *const tensors[ARRAYS]);

/* Whether it must be cut into pieces, since its arrays or results do not fit the device's buffers. */
int job_needs_pieces(const job *j, const policy *how);

/* How a job that needs no pieces, or one piece of one that does, will run. element_limit receives the most
 * elements of the contracted axis that can be bound at once. */
typedef struct preparation {
    problem p; /* with the strides and alignment that the device will see */
    transfer how;
    plan pl;
    int64_t element_limit;
} preparation;

void job_prepare(const job *j, const policy *how, preparation *ready);

/* Runs it. Complete on return when an array is on the host, enqueued otherwise. */
vecdot_status job_run(vecdot_queue *queue, const job *j);

#endif
