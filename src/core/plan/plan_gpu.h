/* The GPU schedule: groups of 256 work-items, which share nodes of few outputs out among their members. */
#ifndef CORE_PLAN_GPU_H
#define CORE_PLAN_GPU_H

#include "core/plan/planner.h"

/* Whether rows are short enough for a few work-items each. */
int gpu_is_short(const problem *p, const plan_policy *policy);

/* The kernel of a class other than fill and matrix. */
choice gpu_choose(const problem *p, const plan_policy *policy, plan_class cls);

/* The size of a step that does little for each output: a work-item for each. */
void gpu_size_outputs(step *s);

#endif
