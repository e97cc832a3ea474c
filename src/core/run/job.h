/* A checked problem before it runs: how its arrays reach the device, where it is cut into pieces, and the
 * plan of each piece. Enqueues nothing. */
#ifndef CORE_JOB_H
#define CORE_JOB_H

#include "core/plan/gemm.h"
#include "core/plan/plan.h"
#include "core/problem/layout.h"
#include "core/run/bind.h"

/* A collapsed problem and the locations of its arrays. */
typedef struct job {
    problem p;
    location at[ARRAYS];
    extent extents[ARRAYS]; /* of p's arrays, since every step asks for them */
    int overlaps;           /* out shares bytes with an input */
} job;

/* Fills in where the arrays of the checked problem in j->p are. */
void job_locate(job *j, const vecdot_context *context, const DLTensor *const tensors[ARRAYS]);

/* Collapses the problem and finds out whether out overlaps an input. */
vecdot_status job_place(job *j, const vecdot_context *context);

/* Makes the parts of the job fit its problem again, of which a dimension was cut. */
void job_reshape(job *j);

/* Whether the device uses all arrays where they are, in one piece. */
int job_is_in_place(const job *j, const plan_policy *policy);

/* Whether the job must be cut into pieces because an array or the results do not fit the device's buffers. */
int job_needs_pieces(const job *j, const plan_policy *policy);

/* Bytes of the buffer that a host array needs. For an out that is copied: those of its elements. For any
 * other array: those of its whole extent. */
int64_t job_bound_bytes(const job *j, const plan_policy *policy, int array);

/* Bytes from the first to the last element of the shortest part of a sum that may be bound at once. */
int64_t job_least_reach(const job *j, const plan_policy *policy, int array);

/* The batch dimension to cut in two; -1 when the job can run as one piece. */
int job_dimension_to_cut(const job *j, const plan_policy *policy);

/* The longest batch dimension; -1 when there is none. */
int problem_longest_dimension(const problem *p);

/* How one piece runs. A job that needs no cut is one piece. element_limit is the number of elements of the
 * contracted axis that can be bound at once. */
typedef struct preparation {
    problem p; /* with the strides and alignment that the device sees */
    host_transfer transfer;
    plan pl;
    int64_t element_limit;
    const char *why_no_blas; /* why the vendor's BLAS does not compute it; NULL when it does */
    gemm product;            /* the product that it computes */
} preparation;

void job_prepare(const job *j, const plan_policy *policy, preparation *ready);

#endif
