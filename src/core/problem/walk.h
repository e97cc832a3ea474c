/* Elements in strided memory, seen from two sides: a space of indices, and where each element lies on either
 * side. The order of elements is free, so dimensions are put into the order in which they lie on the side
 * that is written, merged, and walked in runs of bytes that lie together. */
#ifndef CORE_WALK_H
#define CORE_WALK_H

#include "core/base/status.h"

#include <stdint.h>

/* What both sides share: no dimension of size 1; once normalised, innermost last. */
typedef struct space {
    int ndim;
    int64_t shape[VECDOT_MAX_NDIM];
    int64_t count;
    int64_t item; /* bytes of an element */
} space;

/* Bytes are counted from `data`. */
typedef struct side {
    void *data;
    int on_device;                 /* data is memory of the backend, else an address */
    int64_t origin;                /* of the first element                           */
    int64_t step[VECDOT_MAX_NDIM]; /* in bytes                                       */
    int64_t low, high;             /* all elements: [low, high)                      */
} side;

/* Turns, orders and merges dimensions so that sides[1] is walked upwards in memory in the longest runs. */
void space_normalise(space *s, side sides[2]);

/* Bytes that lie together in a side, from the innermost dimension on; in both. */
int64_t run_bytes(const space *s, const side *d);
int64_t shared_run(const space *s, const side *from, const side *to);

/* Calls visit with each run's offset in both sides, in the order of the dimensions. A run is a whole number
 * of innermost dimensions: what run_bytes gave for one side, or the smaller of both. */
typedef vecdot_status (*visit_run)(void *user, int64_t from, int64_t to, int64_t run);
vecdot_status space_walk(const space *s, const side *from, const side *to, int64_t run, visit_run visit,
                         void *user);

/* Between two sides on the host. */
void space_copy(const space *s, const side *from, const side *to);

#endif
