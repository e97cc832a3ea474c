/* A checked problem: what to compute, in element strides, with no device in it. semantics.c makes it from the
 * arrays, layout.c simplifies it, plan.c decides how to run it. */
#ifndef CORE_PROBLEM_H
#define CORE_PROBLEM_H

#include "core/dtype.h"

/* The three arrays of a call, as indices. */
enum { X1, X2, OUT, ARRAYS };

typedef enum operation { OPERATION_VECDOT, OPERATION_MATVEC, OPERATION_VECMAT } operation;

typedef struct problem {
    operation op;
    dtype type[ARRAYS]; /* of x1, x2 and out                                                       */
    dtype result;       /* dtype to compute in                                                     */
    int no_conj;
    int64_t n;         /* length of the contracted axis                                           */
    int64_t stride[2]; /* element strides of x1 and x2 along it; 0 when n <= 1                    */
    int rank;          /* batch dimensions; the last one is innermost                             */
    int64_t shape[VECDOT_MAX_NDIM];
    int64_t step[ARRAYS]
                [VECDOT_MAX_NDIM]; /* element strides of the batch dimensions; 0 where the size is 1 */
    int misaligned[ARRAYS];        /* elements do not lie on multiples of their size         */
    int vectors[2];                /* x1's or x2's element 0 lies on a 16-byte boundary      */
    int is_matrix;                 /* sums in the order of class matrix; see semantics.c     */
} problem;

/* ---- semantics.c ---- */

/* Checks everything that needs no device, in the documented order, and fills the problem. out may be NULL:
 * then the problem's out is the C-contiguous result. `shape` and `ndim` (may be NULL) receive the result's
 * shape with keepdims. The fields about alignment are left for layout_alignment. */
vecdot_status semantics_check(operation op, const DLTensor *x1, const DLTensor *x2,
                              const vecdot_options *options, const DLTensor *out, problem *p, int32_t *ndim,
                              int64_t *shape);

const char *operation_name(operation op);

/* ---- layout.c ---- */

/* Product of the batch shape. */
int64_t problem_outputs(const problem *p);

/* Drops dimensions of size 1, orders the rest from the largest strides to the smallest, and merges neighbours
 * that one dimension can stand for. */
void layout_collapse(problem *p);

/* Gives an array the strides of dense memory in the order of the dimensions: out's own shape; an input's batch
 * dimensions along which it moves, with the contracted axis outside them. */
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
