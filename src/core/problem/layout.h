/* The places of a problem's elements in memory: dimensions, extents, alignment, overlap. Knows no device. */
#ifndef CORE_LAYOUT_H
#define CORE_LAYOUT_H

#include "core/problem/problem.h"

/* Drops dimensions of size 1, orders the others from the largest strides to the smallest, and merges
 * neighbours that one dimension can replace. */
void layout_collapse(problem *p);

/* Gives an array the strides of dense memory, in the order of the dimensions. An input is dense over the
 * batch dimensions along which it moves; the contracted axis is outermost. */
void layout_make_dense(problem *p, int array);

/* The bytes that an array's elements span, relative to element [0, ..., 0]: low <= 0 < high. Both are 0
 * when the array is empty. */
typedef struct extent {
    int64_t low, high;
} extent;
extent layout_extent(const problem *p, int array);
void layout_extents(const problem *p, extent extents[ARRAYS]);

/* Fills `misaligned` and `vectors` from the addresses of the arrays' elements [0, ..., 0]. */
void layout_alignment(problem *p, const uintptr_t address[ARRAYS]);

/* Fails when two different indices of out share an element. Exact. Allocates a bitmap when the strides do
 * not settle it. */
vecdot_status layout_check_out(const problem *p);

#endif
