/* The launches of a prepared piece whose arrays are bound: its main step, whole or for a range of tree nodes,
 * and the steps after it. All is enqueued in the queue's own order. */
#ifndef CORE_LAUNCH_H
#define CORE_LAUNCH_H

#include "core/run/job.h"

/* One pass over the leading dimensions that a launch cannot take: where its arrays and results start. */
typedef struct pass {
    int64_t shift[ARRAYS]; /* bytes */
} pass;

int64_t pass_count(const preparation *ready);
pass pass_at(const preparation *ready, int64_t index);

/* Bytes of the queue's scratch that the plan needs. */
size_t scratch_bytes(const plan *pl);

/* Hands a piece for which ready->not_blas is NULL to the vendor's BLAS; where *served stays 0 it is to be
 * launched. */
vecdot_status launch_blas(vecdot_queue *queue, const preparation *ready, const bindings *b, int *served);

/* To be called before the launches: scratch and counters as the plan needs them. */
vecdot_status launch_ready(vecdot_queue *queue, const preparation *ready);

vecdot_status launch_main(vecdot_queue *queue, const preparation *ready, const bindings *b, pass where,
                          int64_t first_node, int64_t nodes);
vecdot_status launch_rest(vecdot_queue *queue, const preparation *ready, const bindings *b, pass where);

#endif
