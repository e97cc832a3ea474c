/* A problem of class matrix as the product of matrices that a BLAS computes. All that is known here of
 * layouts, which of them a BLAS takes and how they are told to it. Pure. */
#ifndef CORE_GEMM_H
#define CORE_GEMM_H

#include "core/base/dtype.h"

struct problem;

/* What a BLAS does with a matrix first: nothing, transpose it, conjugate and transpose it. */
typedef enum gemm_op { GEMM_PLAIN, GEMM_TRANSPOSE, GEMM_CONJUGATE } gemm_op;

/* As a BLAS sees it: element [i, j] of the k-th is i + j * ld + k * step elements after that of the first,
 * which lies `offset` bytes (a multiple of the element's size) from `memory`. */
typedef struct gemm_matrix {
    int array; /* 0, 1, 2: x1, x2, out */
    gemm_op op;
    int64_t ld, step;
    int64_t reach; /* elements from the first of all to the last */
    void *memory;
    int64_t offset;
} gemm_matrix;

/* c[k] = op(a[k]) op(b[k]) for each k < batch, where op(a) is m by depth, op(b) depth by n, and all of one
 * dtype. No size is 0. */
typedef struct gemm {
    dtype type;
    int64_t m, n, depth, batch;
    gemm_matrix a, b, c;
} gemm;

/* What the vendor's BLAS library computes. */
typedef struct blas_offer {
    char library[48];  /* "cuBLAS 13.0.2": what was measured with one says nothing of another */
    uint32_t types;    /* 1 << dtype for each                                                 */
    int64_t most;      /* elements from a buffer's start to the end of a matrix               */
    int dense_batches; /* of several products: only where each array fills its buffer, without gaps */
} blas_offer;

/* Fills *g, except memory and offset, from a collapsed problem with the strides that the device will see.
 * NULL, or why no BLAS takes it. `address`: of the arrays' elements 0, as far as alignment goes. */
const char *gemm_describe(const struct problem *p, const uintptr_t address[3], gemm *g);

/* "N", "T" or "C". */
const char *gemm_op_name(gemm_op op);

#endif
