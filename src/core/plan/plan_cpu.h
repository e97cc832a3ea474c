/* The CPU schedule: one work-item a group, each a block of outputs or columns of one node. */
#ifndef CORE_PLAN_CPU_H
#define CORE_PLAN_CPU_H

#include "core/plan/planner.h"

/* Whether fold_cpu or short_cpu takes such rows, and whether they are short enough to be worth it. */
int cpu_fits_short(const problem *p, const plan_policy *policy);
int cpu_is_short(const problem *p, const plan_policy *policy);

/* The kernel of a class other than fill and matrix. */
choice cpu_choose(const problem *p, const plan_policy *policy, plan_class cls);

/* The size of a step that does little for each output: blocks of them. */
void cpu_size_outputs(const plan_policy *policy, step *s);

#endif
