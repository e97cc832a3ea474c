/* The planning of class matrix: its kernel variant, how its outputs are cut into rectangles, when to split
 * its sums.
 */
#ifndef CORE_PLAN_MATRIX_H
#define CORE_PLAN_MATRIX_H

#include "core/plan/plan.h"

/* q: params that have their dimensions. */
variant matrix_variant(const problem *p, const plan_policy *policy, const params *q);

/* Finds the rows and columns among the dimensions in the params, the order being layout_collapse's. */
void matrix_fill_dims(params *q);

/* Sets the plan's nodes. The step's params have their dimensions. */
void matrix_choose_nodes(const problem *p, const plan_policy *policy, int64_t max_node_elements,
                         const step *s, plan *pl);

/* Sets a step's rectangles and number of groups. */
void matrix_size_step(const plan *pl, const plan_policy *policy, step *s);

#endif
