/* The launches of a prepared piece whose arrays are bound: its main step, for all tree nodes or a range of
 * them, and the later steps. Everything is enqueued in the queue's order; nothing waits. */
#ifndef CORE_LAUNCH_H
#define CORE_LAUNCH_H

#include "core/run/job.h"

/* One position in the leading dimensions beyond LAUNCH_DIMS, over which the host loops. Each pass has its own
 * launches. */
typedef struct pass {
    int64_t shift[ARRAYS]; /* bytes from element [0, ..., 0] to the pass's first element */
} pass;

int64_t pass_count(const preparation *ready);
pass pass_at(const preparation *ready, int64_t index);

/* Bytes of scratch that the plan needs. */
size_t plan_scratch_bytes(const plan *pl);

/* Makes the scratch and the counters that the plan needs. Call it before the launches. */
vecdot_status launch_reserve(vecdot_queue *queue, const preparation *ready);

/* Launches everything of a piece: the vendor's BLAS, if it takes the piece, else each pass's steps. */
vecdot_status launch_all(vecdot_queue *queue, preparation *ready, const bindings *b);

/* launch_main: the main step, for `nodes` tree nodes from `first_node` on. launch_rest: the steps after it,
 * once all nodes are enqueued. They put the offsets and the nodes into the plan's steps. */
vecdot_status launch_main(vecdot_queue *queue, preparation *ready, const bindings *b, pass current,
                          int64_t first_node, int64_t nodes);
vecdot_status launch_rest(vecdot_queue *queue, preparation *ready, const bindings *b, pass current);

#endif
