/* A checked problem: what to compute, in element strides, with no device in it. semantics.c makes it from the
 * arrays, layout.c simplifies it, the planner decides how to run it. */
#ifndef CORE_PROBLEM_H
#define CORE_PROBLEM_H

#include "core/base/dtype.h"

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
    int reproducible;              /* asked for by the call's flag                            */
    int is_matrix;                 /* sums in the order of class matrix; see semantics.c     */
} problem;

const char *operation_name(operation op);

/* "x1", "x2" or "out". */
const char *array_name(int array);

/* Product of the batch shape. */
int64_t problem_outputs(const problem *p);

#endif
