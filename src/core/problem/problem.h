/* A checked problem: what to compute, with strides in elements. It names no device. semantics.c makes it
 * from the arrays, layout.c simplifies it, and the planner decides how to run it. */
#ifndef CORE_PROBLEM_H
#define CORE_PROBLEM_H

#include "core/base/dtype.h"

#include <stddef.h>
#include <string.h>

/* Indices of a call's three arrays. */
enum { X1, X2, OUT, ARRAYS };

typedef enum operation { OPERATION_VECDOT, OPERATION_MATVEC, OPERATION_VECMAT } operation;

/* Only the entries of `rank` dimensions are set: the arrays are long, and a call has no time to clear them.
 * So a problem is copied by problem_copy. */
typedef struct problem {
    operation op;
    dtype type[ARRAYS]; /* of x1, x2 and out */
    dtype result;       /* the dtype to compute in */
    int no_conj;
    int reproducible;       /* the call's flag */
    int is_matrix;          /* sums in the order of class matrix; semantics.c decides it */
    int misaligned[ARRAYS]; /* elements are not on multiples of their size */
    int vectors[2];         /* element [0, ..., 0] of x1 or x2 is on a 16-byte boundary */
    int64_t n;              /* length of the contracted axis                                           */
    int64_t stride[2];      /* element strides of x1 and x2 along the contracted axis; 0 when n <= 1 */
    int rank;               /* number of batch dimensions; the last is innermost */
    int64_t shape[VECDOT_MAX_NDIM];
    int64_t step[ARRAYS]
                [VECDOT_MAX_NDIM]; /* element strides of the batch dimensions; 0 where the size is 1 */
} problem;

static inline void problem_copy(problem *to, const problem *from)
{
    memcpy(to, from, offsetof(problem, shape));
    for (int d = 0; d < from->rank; d++) {
        to->shape[d] = from->shape[d];
        for (int a = 0; a < ARRAYS; a++) to->step[a][d] = from->step[a][d];
    }
}

/* The public function, for messages. */
static inline const char *operation_name(operation op)
{
    static const char *const names[] = {"vecdot", "vecdot_matvec", "vecdot_vecmat"};
    return names[op];
}

static inline const char *array_name(int array)
{
    static const char *const names[ARRAYS] = {"x1", "x2", "out"};
    return names[array];
}

/* Product of the batch shape. */
static inline int64_t problem_outputs(const problem *p)
{
    uint64_t count = 1;
    int empty = 0; /* sizes before a 0 may wrap to any number, also to 0 */
    for (int d = 0; d < p->rank; d++) {
        empty |= p->shape[d] == 0;
        count *= (uint64_t)p->shape[d];
    }
    return empty ? 0 : (int64_t)count;
}

#endif
