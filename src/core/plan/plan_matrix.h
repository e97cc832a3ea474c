/* Class matrix: its kernel, how its outputs are cut into rectangles, when to split its sums. */
#ifndef CORE_PLAN_MATRIX_H
#define CORE_PLAN_MATRIX_H

#include "core/plan/planner.h"

/* Finds the rows and columns among the dimensions in the params, the order being layout_collapse's. */
void matrix_fill_dims(params *q);

/* The kernel. q: params that have their dimensions. */
choice matrix_choose(const problem *p, const plan_policy *policy, const params *q);

#endif
