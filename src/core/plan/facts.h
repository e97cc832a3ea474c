/* Properties of a problem by which a class and a kernel are chosen. */
#ifndef CORE_FACTS_H
#define CORE_FACTS_H

#include "core/plan/policy.h"
#include "core/plan/variant.h"
#include "core/problem/problem.h"

/* A typed variant may be used: both inputs are aligned and their dtypes have one. */
int is_typed(const problem *p, const plan_policy *policy);

/* The same of a kernel's variants for results wider than both operands. */
int is_wider(const problem *p, const plan_policy *policy);

/* Both inputs have the result's dtype. */
int is_uniform(const problem *p);

/* Both inputs are contiguous along the contracted axis. */
int is_contiguous(const problem *p);

/* Neighbouring outputs lie next to each other in each input, or share its element. */
int has_unit_columns(const problem *p);

/* A variant for the problem's dtypes, or for its group where it loads any. */
variant variant_for(const problem *p, kernel_id kernel, load loads, int tile);

#endif
