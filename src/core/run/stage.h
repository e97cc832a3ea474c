/* The memory through which a job's host arrays are copied: buffers on the device and dense memory on the
 * host. It is reused from piece to piece. Never launches anything. */
#ifndef CORE_STAGE_H
#define CORE_STAGE_H

#include "core/problem/problem.h"
#include "core/run/context.h"

/* When copies have a queue of their own, they overlap with computing. Each array then has this many
 * buffers, which the pieces use in turn. */
enum { TURNS = 2 };

typedef struct stage_buffer {
    void *memory;
    size_t bytes;
    const char *source; /* the host bytes that it is a copy of; NULL: unknown */
    size_t source_bytes;
} stage_buffer;

typedef struct stage {
    void *copy_queue;            /* the backend's queue for copies */
    int turns;                   /* TURNS when copy_queue is a queue of its own, else 1 */
    int64_t least_bytes[ARRAYS]; /* a buffer is allocated with at least this many bytes */
    stage_buffer buffers[ARRAYS][TURNS];
    int turn[ARRAYS];   /* the buffer of the piece that was bound last */
    void *host[ARRAYS]; /* dense memory for gathered inputs and for results to be scattered */
    size_t host_bytes[ARRAYS];
} stage;

/* Returns dense host memory for an array of the current piece. */
vecdot_status stage_host(stage *s, const problem *p, int array, size_t bytes, char **memory);

/* Returns the next buffer in turn, at least `bytes` large. An earlier piece may still use it; work that is
 * enqueued in s->copy_queue from now on comes after that. */
vecdot_status stage_next(vecdot_queue *queue, stage *s, int array, size_t bytes, stage_buffer **found);

/* Returns a buffer that already holds these host bytes for the current piece: the array's own from an
 * earlier piece, or the other input's. NULL when there is none. */
void *stage_find(stage *s, int array, const char *host, size_t bytes);

/* Takes the device memory that the queue kept from an earlier job. Returns whether there was any. */
int stage_take(vecdot_queue *queue, stage *s);

/* Frees the device memory that the queue kept. Returns whether there was any. */
int stage_drop(vecdot_queue *queue);

/* End a stage that no enqueued work uses. stage_free frees everything; stage_keep leaves small buffers to
 * the queue for its next job. */
void stage_free(const vecdot_context *context, stage *s);
void stage_keep(vecdot_queue *queue, stage *s);

#endif
