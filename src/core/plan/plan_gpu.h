/* The part of the planner that shares a GPU's groups out among the tree nodes of few or many outputs. */
#ifndef CORE_PLAN_GPU_H
#define CORE_PLAN_GPU_H

#include "core/plan/plan.h"

/* How many nodes an output should be cut into, 1 for none; they set the members of a group first. team_gpu's
 * are teams of one tile, thread_gpu's ranges of lanes of the same units of columns; *most is lowered to the
 * chunks that a node may then have. tile_gpu's take everything in turns. */
int64_t gpu_wanted_by_teams(const plan_policy *policy, plan *pl, int64_t tiles, int64_t chunks);
int64_t gpu_wanted_by_threads(const problem *p, const plan_policy *policy, plan *pl, int64_t units,
                              int64_t *most);
int64_t gpu_wanted_by_tiles(const plan_policy *policy, int64_t tiles);

/* With the nodes chosen: what each member takes of one, and whether the main launch adds the partials too. */
void gpu_share_nodes(const problem *p, const plan_policy *policy, int64_t max_node_elements, int64_t units,
                     plan *pl, const step *s);

/* Whether tile_gpu takes it, with the rows of array `rows` contiguous along the contracted axis and the
 * other's outputs side by side: dtypes alike, everything aligned and in whole vectors. */
int gpu_is_tiled(const problem *p, const plan_policy *policy, int rows);

/* Groups of tile_gpu for one node. */
int64_t gpu_tiles(int64_t outputs, int64_t inner, int result_bytes);

/* For short_gpu and dense_gpu: what each member takes of a row. */
void gpu_share_rows(const problem *p, plan *pl, const step *s);

/* Whether a row of `tile` neighbouring columns of an input can be loaded at once. */
int gpu_has_wide_columns(const problem *p, int array, int tile);

/* Groups of a launch; sets the members of combine_gpu's. */
int64_t gpu_groups(const variant *v, const plan_policy *policy, params *q);

#endif
