/* What plan.c asks of a kernel: how its work is cut into items, tree nodes, members and groups. Each kernel
 * has one planner, in the file of its schedule: <name>_planner. */
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
    step *s;              /* its variant, and its params as long as no sum is split */
    int64_t items;        /* as the planner counts them                             */
    int64_t start_chunks; /* of a node, which is doubled from there on, ...         */
    int64_t most_chunks;  /* ... up to these                                        */
} planning;

/* Kernels that sum have items, and all have a size. The rest may be left out. */
typedef struct planner {
    /* Independent items of work while no sum is split. */
    int64_t (*items)(const step *s, const plan_policy *policy);

    /* How many nodes an output should be cut into, 1 for none. Sets the plan's members where a group has
     * some, and may change with which chunks a node starts and ends. Left out: no sum is split. */
    int64_t (*wanted_nodes)(planning *w);

    /* With the nodes chosen: what each member takes, and whether the main launch adds the partials too. */
    void (*share)(planning *w);

    /* The largest node, in chunks; 0: any. */
    int64_t most_chunks;

    /* Whether the main launch takes the output and the partials in buffers of their own. */
    int partials_apart;

    /* Sets a step's groups, and what of its params depends on how many nodes it has. */
    void (*size)(const plan *pl, const plan_policy *policy, step *s);
} planner;

#define X(id, name, ...) extern const planner name##_planner;
KERNEL_TABLE(X)
#undef X

const planner *planner_of(kernel_id kernel);

#endif
