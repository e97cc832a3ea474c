/* A checked problem on its way to a queue: how its arrays reach the device, where it is cut into pieces, and
 * the plan of each. */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "core/plan/gemm.h"
#include "core/plan/plan.h"
#include "core/run/bind.h"

/* A problem with its arrays' places, collapsed. */
typedef struct job {
    problem p;
    location at[ARRAYS];
    int overlaps; /* out shares bytes with an input */
} job;

/* Collapses the checked problem in `p` and fills the rest. */
vecdot_status job_place(job *j, const vecdot_context *context, const DLTensor *const tensors[ARRAYS]);

/* Makes out a dense host array of the job's own, apart from the inputs: which is not told. */
void job_write_dense(job *j);

/* Whether it must be cut into pieces, since its arrays or results do not fit the device's buffers. */
int job_needs_pieces(const job *j, const plan_policy *policy);

/* Bytes of the one buffer that a host array needs: out for its whole extent in place, or for its elements
 * when it is copied. */
int64_t job_bound_bytes(const job *j, const plan_policy *policy, int array);

/* Bytes from the first to the last of the fewest elements of a sum that can be bound at once. */
int64_t job_least_reach(const job *j, const plan_policy *policy, int array);

/* The batch dimension to cut in two, or -1 when the job can run as one piece. */
int job_dimension_to_cut(const job *j, const plan_policy *policy);

/* -1 where there is none. */
int problem_longest_dimension(const problem *p);

/* How a job that needs no pieces, or one piece of one that does, will run. element_limit receives the most
 * elements of the contracted axis that can be bound at once. */
typedef struct preparation {
    problem p; /* with the strides and alignment that the device will see */
    host_transfer transfer;
    plan pl;
    int64_t element_limit;
    const char *not_blas; /* why the vendor's BLAS does not compute it; NULL: it does, ... */
    gemm product;         /* ... as this */
} preparation;

void job_prepare(const job *j, const plan_policy *policy, preparation *ready);

#endif
