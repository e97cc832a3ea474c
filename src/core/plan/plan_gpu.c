/* The GPU schedule's nodes: how many groups a sum is split over, and what the parts of a group share. */
#include "core/plan/plan_gpu.h"

#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

/* GPU: with too few groups for the device, parts of a group share a node; with too few even then, sums are
 * split over several groups. */
static int64_t full_groups(const plan_policy *policy)
{
    return (int64_t)at_least(policy->parallel_groups, 1) * policy->thresholds.waves;
}

static int64_t wanted_groups(const plan_policy *policy, int64_t groups)
{
    return groups >= full_groups(policy) ? 1 : ceil_div(full_groups(policy), groups);
}

/* Members of team_gpu are teams. */
int64_t gpu_wanted_by_teams(const plan_policy *policy, plan *pl, int64_t tiles, int64_t chunks)
{
    while (pl->members < TEAMS && pl->members * 2 <= chunks &&
           ceil_div(tiles * pl->members, TEAMS) < full_groups(policy))
        pl->members *= 2;
    return chunks < 2 * TEAMS ? 1 : wanted_groups(policy, ceil_div(tiles * pl->members, TEAMS));
}

/* Of a chunk, in thread_gpu: lanes that hold elements. Integers have none, and are counted in rows of them.
 */
static int64_t used_lanes(const problem *p, const plan *pl)
{
    int64_t lanes = pl->chunk / ROWS;
    if (dtype_group(p->result) == GROUP_INT) return ceil_div(p->n, ROWS);
    return p->n < lanes ? p->n : ceil_div(p->n, pl->chunk) * lanes;
}

/* Members of thread_gpu are ranges of lanes: with few columns they fill the group, and elsewhere keep the
 * device busy. `most`: the chunks that a node may then have. */
int64_t gpu_wanted_by_threads(const problem *p, const plan_policy *policy, plan *pl, int64_t units,
                              int64_t *most)
{
    int64_t lanes = pl->chunk / ROWS, used = used_lanes(p, pl);
    int bounded = dtype_group(p->result) != GROUP_INT; /* by the stack */
    int most_members = (int)policy->thresholds.column_members;
    while (units * pl->members * 2 <= GROUP_ITEMS && used >= 2 * pl->members * policy->thresholds.least_span)
        pl->members *= 2;
    while (pl->members < most_members && used >= 2 * pl->members * policy->thresholds.least_span &&
           ceil_div(units * pl->members, GROUP_ITEMS) < full_groups(policy))
        pl->members *= 2;
    if (bounded && used > MOST_SPAN * pl->members) {
        if (pl->members < most_members) pl->members = most_members;
        if (*most > MOST_SPAN * pl->members / lanes) *most = MOST_SPAN * pl->members / lanes;
    }
    return wanted_groups(policy, ceil_div(units * pl->members, GROUP_ITEMS));
}

int64_t gpu_wanted_by_tiles(const plan_policy *policy, int64_t tiles)
{
    return wanted_groups(policy, tiles);
}

int64_t gpu_tiles(int64_t outputs, int64_t inner, int result_bytes)
{
    return outputs / inner * ceil_div(inner, TILE_GROUP_BYTES / result_bytes);
}

/* What each member takes of a node, and whether the main launch adds the partials too. */
void gpu_share_nodes(const problem *p, const plan_policy *policy, int64_t max_node_elements, int64_t units,
                     plan *pl, const step *s)
{
    int teams = s->v.kernel == KERNEL_TEAM_GPU, threads = s->v.kernel == KERNEL_THREAD_GPU;
    int64_t tiles = !threads ? units : ceil_div(units * pl->members, GROUP_ITEMS);
    pl->fused = pl->nodes > 1 && policy->fenced_groups && tiles <= FUSED_COUNTERS &&
                max_node_elements >= p->n && (!threads || pl->nodes <= (int64_t)MOST_SPAN * pl->members);
    if (!teams && !threads) return;
    if (teams && pl->fused)
        pl->members = TEAMS;
    else if (teams && pl->nodes > 1)
        pl->members = (int)(pl->node_chunks < TEAMS ? pl->node_chunks : TEAMS);
    int64_t all = teams            ? pl->node_chunks
                  : pl->nodes == 1 ? used_lanes(p, pl)
                                   : pl->node_chunks * (pl->chunk / ROWS);
    pl->span = teams ? 1 : policy->thresholds.least_span;
    if (teams && pl->members == 1) pl->span = all;
    while (pl->span * pl->members < all) pl->span *= 2;
}

/* Elements of sixteen bytes. */
static int64_t vector_elements(const variant *v)
{
    return 16 / variant_result_bytes(v);
}

/* Rows of a group of dense_gpu: what fits, a whole number of vectors. */
static int64_t dense_rows(const variant *v, int64_t n)
{
    int is_half = v->group == GROUP_F16 || v->group == GROUP_BF16; /* their products take twice the room */
    int64_t rows = GROUP_ITEMS * (DENSE_QUADS / (is_half ? 2 : 1)) * vector_elements(v) / n;
    while (rows * n % vector_elements(v) != 0) rows--;
    return rows;
}

/* short_gpu: a row's elements, or sixteen bytes of them, one for each member as often as it takes. dense_gpu:
 * as many as its work-items add at once, for so many members. */
void gpu_share_rows(const problem *p, plan *pl, const step *s)
{
    int whole = p->n % vector_elements(&s->v) == 0;
    int64_t pairs = s->v.load == LOAD_VECTOR && whole ? p->n / vector_elements(&s->v) : p->n;
    if (s->v.kernel == KERNEL_DENSE_GPU)
        while (pl->span < pairs &&
               pl->span < (whole || variant_result_bytes(&s->v) >= 8 ? DENSE_LEAVES_WIDE : DENSE_LEAVES))
            pl->span *= 2;
    while (pl->members < TEAM && pl->span * pl->members < pairs) pl->members *= 2;
    while (pl->span * pl->members < pairs) pl->span *= 2;
    pl->node_chunks = 1;
}

/* A row of `tile` neighbouring columns of an input can be loaded at once. */
int gpu_has_wide_columns(const problem *p, int array, int tile)
{
    int64_t size = dtype_size(p->type[array]), bytes = tile * size;
    if (!p->vectors[array] || p->rank == 0 || (p->n > 1 && p->stride[array] * size % bytes != 0)) return 0;
    for (int d = 0; d < p->rank - 1; d++)
        if (p->step[array][d] * size % bytes != 0) return 0;
    return tile == 1 || p->step[array][p->rank - 1] == 1;
}

int gpu_is_tiled(const problem *p, const plan_policy *policy, int rows)
{
    int64_t size = dtype_size(p->result), vector = 16 / size;
    int columns = rows == X1 ? X2 : X1, tile = vector < 4 ? (int)vector : 4, d = p->rank - 1;
    if (p->type[X1] != p->result || p->type[X2] != p->result || d < 0) return 0;
    if (p->stride[rows] != 1 || p->n % vector != 0 || !p->vectors[rows]) return 0;
    for (int k = 0; k < p->rank; k++)
        if (p->step[rows][k] % vector != 0) return 0;
    return p->step[columns][d] == 1 && p->shape[d] % tile == 0 && gpu_has_wide_columns(p, columns, tile) &&
           p->shape[d] * size >= policy->thresholds.tile_gpu_bytes;
}

int64_t gpu_groups(const variant *v, const plan_policy *policy, params *q)
{
    int64_t inner = q->shape[q->rank - 1], units = q->outputs / inner * ceil_div(inner, v->tile);
    int pairs = v->load == LOAD_VECTOR || variant_result_bytes(v) >= 8 ? SHORT_PAIRS_WIDE : SHORT_PAIRS;
    switch (v->kernel) {
    case KERNEL_TEAM_GPU: return ceil_div(units * q->nodes * q->members, TEAMS);
    case KERNEL_THREAD_GPU: return ceil_div(units * q->members, GROUP_ITEMS) * q->nodes;
    case KERNEL_TILE_GPU: return gpu_tiles(q->outputs, inner, variant_result_bytes(v)) * q->nodes;
    case KERNEL_SHORT_GPU: return ceil_div(q->outputs, GROUP_ITEMS / q->members * (pairs / q->span));
    case KERNEL_DENSE_GPU: q->block = dense_rows(v, q->n); return ceil_div(q->outputs, q->block);
    default: /* combine_gpu */
        q->members = q->all_nodes > policy->thresholds.combined_by_team ? TEAMS : 1;
        return ceil_div(q->outputs * q->members, TEAMS);
    }
}
