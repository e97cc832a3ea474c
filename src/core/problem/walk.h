/* The same elements in two strided views of memory, for copies and overlap checks. The order of the
 * elements is free, so the dimensions are put in the order of the second view (the one that is written)
 * and merged. A walk visits runs: bytes that are adjacent in memory. */
#ifndef CORE_WALK_H
#define CORE_WALK_H

#include "core/base/status.h"

#include <stdint.h>

/* What both views share. Has no dimension of size 1. Once normalised, the last dimension is the innermost. */
typedef struct index_space {
    int ndim;
    int64_t shape[VECDOT_MAX_NDIM];
    int64_t count;
    int64_t itemsize;
} index_space;

/* One view. Offsets and steps are bytes; offsets count from `data`. */
typedef struct strided_view {
    void *data;
    int on_device;  /* data is the backend's memory; otherwise a host address */
    int64_t origin; /* offset of the first element */
    int64_t step[VECDOT_MAX_NDIM];
    int64_t low, high; /* all elements are in [low, high) */
} strided_view;

/* Reverses, orders and merges dimensions so that a walk goes upwards in views[1], in the longest runs. */
void views_normalise(index_space *s, strided_view views[2]);

/* The bytes of a run in one view, counted from the innermost dimension; and of a run in both views. */
int64_t run_bytes(const index_space *s, const strided_view *d);
int64_t shared_run(const index_space *s, const strided_view *from, const strided_view *to);

/* Calls visit with each run's offset in both views, in the order of the dimensions. `run` is the result of
 * run_bytes or shared_run. */
typedef vecdot_status (*visit_run)(void *user, int64_t from, int64_t to, int64_t run);
vecdot_status views_walk(const index_space *s, const strided_view *from, const strided_view *to, int64_t run,
                         visit_run visit, void *user);

/* Copies the elements of one host view to another. */
void views_copy(const index_space *s, const strided_view *from, const strided_view *to);

#endif
