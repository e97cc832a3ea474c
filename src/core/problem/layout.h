/* Where a problem's elements lie in memory. */
#ifndef CORE_LAYOUT_H
#define CORE_LAYOUT_H

#include "core/problem/problem.h"

/* Drops dimensions of size 1, orders the rest from the largest strides to the smallest, and merges neighbours
 * that one dimension can stand for. */
void layout_collapse(problem *p);

/* Gives an array the strides of dense memory in the order of the dimensions: out's own shape; an input's
 * batch dimensions along which it moves, with the contracted axis outside them. */
void layout_make_dense(problem *p, int array);

/* The bytes an array's elements span, relative to element [0, ..., 0]: low <= 0 < high (both 0 when it is
 * empty). */
typedef struct extent {
    int64_t low, high;
} extent;
extent layout_extent(const problem *p, int array);

/* Fills misaligned and vectors from the addresses of the arrays' elements 0. */
void layout_alignment(problem *p, const uintptr_t address[ARRAYS]);

/* Whether two different indices of the output share an element. Exact; allocates a bitmap for odd strides. */
vecdot_status layout_check_out(const problem *p);

#endif
