/* A plain loop that computes vecdot in double precision, and how far a device's result may be from it. */
#ifndef TOOLS_ORACLE_H
#define TOOLS_ORACLE_H

#include "fault.h"

/* Compares `out` (C-contiguous) with sum(conj(x1) * x2) over axis1 of x1 and axis2 of x2, all host arrays.
 * Integers and bools must be equal; a component of a floating result may be off by 2 n eps sum(|x1 * x2|),
 * eps being that of the accumulator, and by the rounding to out's dtype. False with a text at the first
 * element that differs. */
bool oracle_agrees(const DLTensor *x1, int32_t axis1, const DLTensor *x2, int32_t axis2, bool conjugate,
                   const DLTensor *out, fault *f);

#endif
