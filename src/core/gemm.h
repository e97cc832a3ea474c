/* A problem of class matrix as the product of matrices that a BLAS computes. All that is known here of
 * layouts, which of them a BLAS takes and how they are told to it. Pure. */
#ifndef CORE_GEMM_H
#define CORE_GEMM_H

#include "core/backend.h"
#include "core/problem.h"

/* Fills *g but for memory and offset, from a collapsed problem with the strides that the device will see.
 * NULL, or why no BLAS takes it. `address`: of the arrays' elements 0, as far as alignment goes. */
const char *gemm_describe(const problem *p, const uintptr_t address[ARRAYS], gemm *g);

/* "N", "T" or "C". */
const char *gemm_op_name(gemm_op op);

#endif
