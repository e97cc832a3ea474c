/* Binding: gives the arrays of one launch to the device. A device tensor is used as it is. A host array is
 * used in place where the device shares memory, and copied elsewhere. A host array whose elements span
 * more than one buffer can hold is gathered into dense staging memory first. Never launches anything. */
#ifndef CORE_BIND_H
#define CORE_BIND_H

#include "core/problem/problem.h"
#include "core/run/stage.h"

/* Where an array's element [0, ..., 0] is. */
typedef struct location {
    place kind;
    int on_host;    /* kind is PLACE_HOST */
    char *host;     /* on the host: the element's address */
    void *memory;   /* on the device: the buffer; for an address, the address rounded down */
    int64_t offset; /* on the device: bytes to the element; `memory` is aligned for every dtype */
} location;

void location_find(const vecdot_context *context, const DLTensor *t, location *at);
location location_shift(location at, int64_t bytes);

/* How a problem's host arrays reach the device. It sets strides and alignment, so it is decided before the
 * plan. */
typedef struct host_transfer {
    int gather[2];    /* x1 or x2 goes through dense staging memory */
    int copy[ARRAYS]; /* the host array is copied to or from device memory */
} host_transfer;

/* The device memory of one array. */
typedef struct binding {
    void *memory;
    int64_t offset; /* bytes from the start of `memory` to element [0, ..., 0] */
    int owned;      /* wraps host memory; release it at the end */
} binding;

typedef struct bindings {
    binding at[ARRAYS];
} bindings;

/* Binds x1 and x2 for `count` elements of the contracted axis from `first` on, and out if with_out is set.
 * `p` is the problem of the plan; `original` has the host's strides. Copies are enqueued in s->copy_queue. */
vecdot_status bind_arrays(vecdot_queue *queue, stage *s, const problem *original, const problem *p,
                          const host_transfer *transfer, const location at[ARRAYS], int64_t first,
                          int64_t count, int with_out, bindings *b);

/* Results that are to be written to a host array. */
typedef struct delivery {
    const problem *original, *p;
    location to;
    binding from;
    int copy;
} delivery;

/* Writes the results to the host array, through s->copy_queue where they are copied. Complete on return. */
vecdot_status bind_deliver(vecdot_queue *queue, stage *s, const delivery *d);

void bind_release(vecdot_queue *queue, bindings *b, int with_out);

/* The number of an array's elements over the batch dimensions, without those along which it is broadcast. */
int64_t bind_batch_elements(const problem *p, int array);

#endif
