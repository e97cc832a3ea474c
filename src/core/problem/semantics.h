/* NumPy's rules: from the arrays of a call to a problem. */
#ifndef CORE_SEMANTICS_H
#define CORE_SEMANTICS_H

#include "core/problem/problem.h"

/* Checks everything that needs no device, in the documented order, and fills the problem. out may be NULL:
 * then the problem's out is the C-contiguous result. `shape` and `ndim` (may be NULL) receive the result's
 * shape with keepdims. The fields about alignment are left for layout_alignment. */
vecdot_status semantics_check(operation op, const DLTensor *x1, const DLTensor *x2,
                              const vecdot_options *options, const DLTensor *out, problem *p, int32_t *ndim,
                              int64_t *shape);

#endif
