/* How plan.c plans a kernel's launch without knowing the kernel. Each kernel has one planner, <name>_planner,
 * in the file of its schedule. It says how the kernel's work is cut into items, tree nodes, members and
 * groups. */
#ifndef CORE_PLANNER_H
#define CORE_PLANNER_H

#include "core/plan/plan.h"

/* The kernel that a class leads to. swap: the first operand is x2, the second x1. */
typedef struct choice {
    variant v;
    int swap;
} choice;

/* A sum whose main launch is being planned. */
typedef struct planning {
    const problem *p;
    const plan_policy *policy;
    int64_t max_node_elements;
    plan *pl;
    step *s;              /* the main launch: its variant, and params that do not split a sum yet */
    int64_t items;        /* from the planner's `items`                                           */
    int64_t start_chunks; /* a node begins with so many chunks and is doubled, ...                */
    int64_t most_chunks;  /* ... but has at most so many                                          */
} planning;

/* Every planner has `size`, and that of a kernel that sums has `items`. The rest may be left out. */
typedef struct planner {
    /* Independent items of work while no sum is split. */
    int64_t (*items)(const step *s, const plan_policy *policy);

    /* How many nodes an output should be cut into; 1: the sum is not split. Where a group has members it sets
     * the plan's. It may change start_chunks and most_chunks. Left out: no sum is split. */
    int64_t (*wanted_nodes)(planning *w);

    /* Called when the nodes are chosen. Sets what each member takes, and whether the main launch also adds
     * the partials. */
    void (*share)(planning *w);

    /* The largest node, in chunks; 0: any. */
    int64_t most_chunks;

    /* Whether the main launch takes the output and the partials in buffers of their own. */
    int partials_apart;

    /* Sets a step's groups, and what of its params depends on how many nodes it has. */
    void (*size)(const plan *pl, const plan_policy *policy, step *s);
} planner;

/* Neighbouring outputs: the size of the innermost batch dimension. */
static inline int64_t inner_size(const params *q)
{
    return q->shape[q->rank - 1];
}

/* How many items there are when each has `outputs` neighbouring outputs. */
static inline int64_t items_of(const params *q, int64_t outputs)
{
    return q->outputs / inner_size(q) * ceil_div(inner_size(q), outputs);
}

/* An item is an output. */
int64_t output_items(const step *s, const plan_policy *policy);

#define X(id, name, ...) extern const planner name##_planner;
KERNEL_TABLE(X)
#undef X

const planner *planner_of(kernel_id kernel);

#endif
