/* NumPy's rules: makes a problem from the arrays of a call. Never touches a device or the arrays'
 * elements. */
#ifndef CORE_SEMANTICS_H
#define CORE_SEMANTICS_H

#include "core/problem/problem.h"

/* Runs all checks that need no device, in the documented order, and fills the problem. out == NULL means a
 * C-contiguous result. `ndim` and `shape` receive the result's shape with keepdims and may be NULL.
 * layout_alignment fills the fields about alignment. */
vecdot_status semantics_check(operation op, const DLTensor *x1, const DLTensor *x2,
                              const vecdot_options *options, const DLTensor *out, problem *p, int32_t *ndim,
                              int64_t *shape);

#endif
