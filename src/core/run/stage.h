/* The memory through which a job's host arrays are copied, kept from piece to piece: buffers on the device,
 * and dense memory on the host. */
#ifndef CORE_STAGE_H
#define CORE_STAGE_H

#include "core/problem/problem.h"
#include "core/run/context.h"

/* Copies may have a queue of their own, so that they go on while the device works: then each array has two
 * buffers that take turns. */
enum { TURNS = 2 };

typedef struct stage_buffer {
    void *memory;
    size_t bytes;
    const char *holds; /* the host bytes it is a copy of, NULL when not known */
    size_t held;
} stage_buffer;

typedef struct stage {
    void *copies;          /* the backend's queue for copies                     */
    int turns;             /* 1, or TURNS where copies has been made for them    */
    int64_t least[ARRAYS]; /* bytes with which a buffer is made, or more         */
    stage_buffer buffers[ARRAYS][TURNS];
    int turn[ARRAYS];   /* whose it is: the buffer of the piece bound last    */
    void *host[ARRAYS]; /* dense: gathered inputs, results to be scattered    */
    size_t host_bytes[ARRAYS];
} stage;

/* Dense host memory for an array of the piece at hand. */
vecdot_status stage_host(stage *s, const problem *p, int array, size_t bytes, char **memory);

/* The buffer whose turn it is, large enough. The piece that had it last may still be at work on it, but what
 * is enqueued in s->copies from now on comes after that. */
vecdot_status stage_next(vecdot_queue *queue, stage *s, int array, size_t bytes, stage_buffer **found);

/* A buffer that holds these bytes of the host already, for the piece at hand: the array's own from an earlier
 * piece, or that of the other input. NULL when there is none. */
void *stage_find(stage *s, int array, const char *host, size_t bytes);

/* Takes over the device memory that the queue has kept from an earlier job; whether there was any. */
int stage_take(vecdot_queue *queue, stage *s);

/* The end, with no work on it under way: all is freed, or what is small stays with the queue for its next
 * job. */
void stage_free(const vecdot_context *context, stage *s);
void stage_keep(vecdot_queue *queue, stage *s);

#endif
