/* Binding: giving the arrays of one launch to the device. A device tensor is used as it is; a host array is
 * used in place where the device shares memory, copied otherwise, and gathered into dense staging memory
 * first where its elements span more than one buffer can hold. */
#ifndef CORE_BIND_H
#define CORE_BIND_H

#include "core/problem/problem.h"
#include "core/run/stage.h"

/* Where an array's element [0, ..., 0] is. */
typedef struct location {
    int on_host;
    char *host;     /* on the host: its address                        */
    void *memory;   /* on the device: the buffer and the byte offset in it; its start, the address    */
    int64_t offset; /* rounded down where data is one, suits every dtype: alignment is the offset's */
} location;

location location_of(const vecdot_context *context, const DLTensor *t);
location location_shift(location at, int64_t bytes);

/* How the arrays of a problem reach the device; decided before the plan, since it sets strides and alignment.
 */
typedef struct host_transfer {
    int gather[2];    /* x1, x2: through dense staging memory                 */
    int copy[ARRAYS]; /* a host array that is copied to or from device memory */
} host_transfer;

/* One buffer on the device. */
typedef struct binding {
    void *memory;
    int64_t offset; /* bytes from the buffer's start to element 0 */
    int owned;      /* host memory in place: unwrap it at the end */
} binding;

typedef struct bindings {
    binding at[ARRAYS];
} bindings;

/* Binds x1 and x2 for elements first to first + count of the contracted axis, and out where with_out is set.
 * The problem is the one the plan was made for; `original` has the host's own strides. Copies are enqueued in
 * s->copies. */
vecdot_status bind_arrays(vecdot_queue *queue, stage *s, const problem *original, const problem *p,
                          const host_transfer *transfer, const location at[ARRAYS], int64_t first,
                          int64_t count, int with_out, bindings *b);

/* Results on their way to a host array. */
typedef struct delivery {
    problem original, p;
    location to;
    binding from;
    int copy;
} delivery;

/* Brings them there: through s->copies where they are copied. Complete on return. */
vecdot_status bind_deliver(vecdot_queue *queue, stage *s, const delivery *d);

void bind_release(vecdot_queue *queue, bindings *b, int with_out);

/* Elements an array has of its own over the batch dimensions: those along which it moves. */
int64_t bind_batch_elements(const problem *p, int array);

#endif
