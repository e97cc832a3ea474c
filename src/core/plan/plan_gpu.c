/* The GPU schedule's kernels. gpu_choose gives a class its kernel. plan.c then asks the kernel's planner
 * (planner.h; they stand at the end of the file) in this order:
 *
 *   items         the pieces of work that do not depend on each other: outputs, or tiles of them
 *   wanted_nodes  the nodes that an output needs so that the device is full; sets the members of a group
 *   share         what each member takes of a node, and whether the main launch adds the partials too
 *   size          the groups
 *
 *   kernel       an item is             members of a group are   a span is of
 *   team_gpu     the outputs of a tile  teams                    chunks
 *   tile_gpu     the outputs of a group                          (a group takes everything in turns)
 *   thread_gpu   the outputs of a tile  ranges of lanes          lanes
 *   short_gpu    an output              work-items               pairs of elements, or of sixteen bytes
 *   dense_gpu    an output              work-items               the same
 *
 * combine_gpu adds partials, so it has a size and nothing else. The planners of matrix_gpu and skinny_gpu are
 * in plan_matrix.c. */
#include "core/plan/plan_gpu.h"

#include "core/plan/facts.h"
#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

/* Elements of sixteen bytes. */
static int64_t vector_elements(const variant *v)
{
    return 16 / variant_result_bytes(v);
}

/* ---- The kernel ---- */

int gpu_is_short(const problem *p, const plan_policy *policy)
{
    return p->n * dtype_size(p->result) <= policy->thresholds.short_gpu_bytes;
}

/* Every row of both inputs starts on a 16-byte boundary. */
static int has_vector_rows(const problem *p)
{
    if (!is_contiguous(p) || !is_uniform(p)) return 0;
    for (int a = X1; a <= X2; a++) {
        if (!p->vectors[a]) return 0;
        for (int d = 0; d < p->rank; d++)
            if (p->step[a][d] * dtype_size(p->type[a]) % 16 != 0) return 0;
    }
    return 1;
}

/* Each input is one array without gaps, of sixteen bytes at least and from such a boundary on. */
static int has_dense_rows(const problem *p)
{
    return p->rank == 1 && is_contiguous(p) && p->vectors[X1] && p->vectors[X2] && p->step[X1][0] == p->n &&
           p->step[X2][0] == p->n && p->shape[0] * p->n * dtype_size(p->result) >= 16;
}

/* A row of `tile` neighbouring columns of an input can be loaded at once. */
static int has_wide_columns(const problem *p, int array, int tile)
{
    int64_t size = dtype_size(p->type[array]), bytes = tile * size;
    if (!p->vectors[array] || p->rank == 0 || (p->n > 1 && p->stride[array] * size % bytes != 0)) return 0;
    for (int d = 0; d < p->rank - 1; d++)
        if (p->step[array][d] * size % bytes != 0) return 0;
    return tile == 1 || p->step[array][p->rank - 1] == 1;
}

/* Whether tile_gpu takes it, with the rows of array `rows` contiguous along the contracted axis and the
 * other's outputs side by side: dtypes alike, everything aligned and in whole vectors. */
static int is_tiled(const problem *p, const plan_policy *policy, int rows)
{
    int64_t size = dtype_size(p->result), vector = 16 / size;
    int columns = rows == X1 ? X2 : X1, tile = vector < 4 ? (int)vector : 4, d = p->rank - 1;
    if (!is_uniform(p) || d < 0) return 0;
    if (p->stride[rows] != 1 || p->n % vector != 0 || !p->vectors[rows]) return 0;
    for (int k = 0; k < p->rank; k++)
        if (p->step[rows][k] % vector != 0) return 0;
    return p->step[columns][d] == 1 && p->shape[d] % tile == 0 && has_wide_columns(p, columns, tile) &&
           p->shape[d] * size >= policy->thresholds.tile_gpu_bytes;
}

/* Whether dense_gpu or short_gpu takes it; c is then set. */
static int choose_short(const problem *p, choice *c)
{
    int size = dtype_size(p->result), dense = has_dense_rows(p);
    if (!is_uniform(p) || p->rank > 2 || p->n * size > ROW_BYTES) return 0;
    int vectors = dense || (p->n * size % 16 == 0 && has_vector_rows(p));
    if (!vectors && ceil_div(p->n, TEAM) > (size >= 8 ? SHORT_PAIRS_WIDE : SHORT_PAIRS)) return 0;
    c->v =
        variant_for(p, dense ? KERNEL_DENSE_GPU : KERNEL_SHORT_GPU, vectors ? LOAD_VECTOR : LOAD_STRIDED, 1);
    return 1;
}

/* team_gpu on rows of vectors. Where one operand's element serves all neighbouring outputs and the other's
 * does not, outputs share its load; team_gpu wants that operand second. */
static choice choose_team(const problem *p, const plan_policy *policy, plan_class cls)
{
    int swap = 0, tile = 1;
    if (cls == CLASS_SHARED && p->rank > 0) {
        int64_t a = p->step[X1][p->rank - 1], b = p->step[X2][p->rank - 1];
        swap = a == 0 && b != 0;
        if ((a == 0) != (b == 0)) tile = (int)policy->thresholds.shared_tile;
    }
    return (choice){variant_for(p, KERNEL_TEAM_GPU, LOAD_VECTOR, tile), swap};
}

choice gpu_choose(const problem *p, const plan_policy *policy, plan_class cls)
{
    choice c = {.swap = 0};
    int typed = is_typed(p, policy);
    if (cls == CLASS_SHORT && typed && choose_short(p, &c)) return c;
    if (cls == CLASS_SHORT || cls == CLASS_COLUMN) {
        c.v = typed ? variant_for(p, KERNEL_THREAD_GPU, LOAD_STRIDED, TILE_OF_DTYPES)
                    : variant_for(p, KERNEL_THREAD_GPU, LOAD_ANY, 1);
    } else if (typed && has_vector_rows(p)) {
        c = choose_team(p, policy, cls);
    } else if (typed && (is_tiled(p, policy, X1) || is_tiled(p, policy, X2))) {
        c.v = variant_for(p, KERNEL_TILE_GPU, LOAD_VECTOR, TILE_OF_DTYPES);
        c.swap = !is_tiled(p, policy, X1);
    } else {
        c.v = variant_for(p, KERNEL_TEAM_GPU, typed ? LOAD_STRIDED : LOAD_ANY, 1);
    }
    return c;
}

/* ---- Items: outputs, or as many neighbouring ones as a kernel sums side by side ---- */

static int64_t variant_items(const step *s, const plan_policy *policy)
{
    (void)policy;
    return items_of(&s->p, s->v.tile);
}

/* Groups of tile_gpu for one node. */
static int64_t tile_items(const step *s, const plan_policy *policy)
{
    (void)policy;
    return items_of(&s->p, TILE_GROUP_BYTES / variant_result_bytes(&s->v));
}

/* ---- Nodes: with too few groups for the device, parts of a group share a node; with too few even then, sums
 * are split over several groups ---- */

static int64_t full_groups(const plan_policy *policy)
{
    return (int64_t)at_least(policy->parallel_groups, 1) * policy->thresholds.waves;
}

static int64_t nodes_for(const plan_policy *policy, int64_t groups)
{
    return groups >= full_groups(policy) ? 1 : ceil_div(full_groups(policy), groups);
}

/* Members of team_gpu are teams. */
static int64_t team_wanted_nodes(planning *w)
{
    plan *pl = w->pl;
    int64_t chunks = ceil_div(w->p->n, pl->chunk);
    while (pl->members < TEAMS && pl->members * 2 <= chunks &&
           ceil_div(w->items * pl->members, TEAMS) < full_groups(w->policy))
        pl->members *= 2;
    w->start_chunks = pl->members;
    return chunks < 2 * TEAMS ? 1 : nodes_for(w->policy, ceil_div(w->items * pl->members, TEAMS));
}

/* Of a chunk, in thread_gpu: lanes that hold elements. Integers have no lanes: rows count in their place. */
static int64_t used_lanes(const problem *p, const plan *pl)
{
    int64_t lanes = pl->chunk / ROWS;
    if (dtype_group(p->result) == GROUP_INT) return ceil_div(p->n, ROWS);
    return p->n < lanes ? p->n : ceil_div(p->n, pl->chunk) * lanes;
}

/* Members of thread_gpu are ranges of lanes, at least least_span each. */
static int64_t thread_wanted_nodes(planning *w)
{
    plan *pl = w->pl;
    const thresholds *t = &w->policy->thresholds;
    int64_t lanes = pl->chunk / ROWS, used = used_lanes(w->p, pl);
    int bounded = dtype_group(w->p->result) != GROUP_INT; /* by the stack */
    int most_members = (int)t->column_members;

    /* With fewer items than a group has work-items: as many members as fill the one group. */
    while (w->items * pl->members * 2 <= GROUP_ITEMS && used >= 2 * pl->members * t->least_span)
        pl->members *= 2;

    /* With fewer groups than fill the device: more members, but no more than column_members, since a group
     * then reads fewer neighbouring columns at a time. */
    while (pl->members < most_members && used >= 2 * pl->members * t->least_span &&
           ceil_div(w->items * pl->members, GROUP_ITEMS) < full_groups(w->policy))
        pl->members *= 2;

    /* A member's stack holds MOST_SPAN lanes. Where a node of the whole sum would have more of them than all
     * members together can hold, a node has only as many chunks as they can: a chunk has `lanes` lanes. */
    if (bounded && used > MOST_SPAN * pl->members) {
        if (pl->members < most_members) pl->members = most_members;
        w->most_chunks = at_most(w->most_chunks, MOST_SPAN * pl->members / lanes);
    }
    return nodes_for(w->policy, ceil_div(w->items * pl->members, GROUP_ITEMS));
}

/* A group of tile_gpu takes everything in turns. */
static int64_t tile_wanted_nodes(planning *w)
{
    return nodes_for(w->policy, w->items);
}

/* ---- Shares: what each member takes of a node, and whether the main launch adds the partials too ---- */

/* groups: of one node. */
static int is_fused(const planning *w, int64_t groups)
{
    return w->pl->nodes > 1 && w->policy->fenced_groups && groups <= FUSED_COUNTERS &&
           w->max_node_elements >= w->p->n;
}

/* Doubles the span until the members take all. */
static void widen_span(plan *pl, int64_t all)
{
    while (pl->span * pl->members < all) pl->span *= 2;
}

/* Chunks in turns, or all of them to the only member. */
static void team_share(planning *w)
{
    plan *pl = w->pl;
    pl->fused = is_fused(w, w->items);
    if (pl->nodes > 1) pl->members = pl->fused ? TEAMS : (int)at_most(pl->node_chunks, TEAMS);
    pl->span = pl->members == 1 ? pl->node_chunks : 1;
    widen_span(pl, pl->node_chunks);
}

/* Ranges of lanes. */
static void thread_share(planning *w)
{
    plan *pl = w->pl;
    const variant *v = &w->s->v;
    pl->fused = is_fused(w, ceil_div(w->items * pl->members, GROUP_ITEMS)) &&
                pl->nodes <= (int64_t)MOST_SPAN * pl->members;
    pl->span = w->policy->thresholds.least_span;
    widen_span(pl, pl->nodes == 1 ? used_lanes(w->p, pl) : pl->node_chunks * (pl->chunk / ROWS));
    if (v->load == LOAD_STRIDED)
        w->s->p.wide = has_wide_columns(w->p, X1, v->tile) | has_wide_columns(w->p, X2, v->tile) << 1;
}

static void tile_share(planning *w)
{
    w->pl->fused = is_fused(w, w->items);
}

/* A row's elements, or sixteen bytes of them where rows are whole vectors. */
static int64_t row_pairs(const planning *w)
{
    int64_t vector = vector_elements(&w->s->v);
    return w->s->v.load == LOAD_VECTOR && w->p->n % vector == 0 ? w->p->n / vector : w->p->n;
}

/* Members for the pairs of a row, a span each: as many as there are pairs for, up to a team. Where a team
 * does not take them all, the span grows. It starts at one pair. */
static void short_share(planning *w)
{
    plan *pl = w->pl;
    int64_t pairs = row_pairs(w);
    while (pl->members < TEAM && pl->span * pl->members < pairs) pl->members *= 2;
    widen_span(pl, pairs);
}

/* The span starts at what a work-item adds at once, or at a whole row; members are then shared out as for
 * short_gpu. */
static void dense_share(planning *w)
{
    int whole = w->p->n % vector_elements(&w->s->v) == 0;
    int64_t at_once = whole || variant_result_bytes(&w->s->v) >= 8 ? DENSE_LEAVES_WIDE : DENSE_LEAVES;
    while (w->pl->span < at_most(row_pairs(w), at_once)) w->pl->span *= 2;
    short_share(w);
}

/* ---- Sizes ---- */

static void set_groups(step *s, int64_t groups)
{
    s->group_size = GROUP_ITEMS;
    s->groups = (size_t)groups;
}

static void team_size(const plan *pl, const plan_policy *policy, step *s)
{
    (void)pl;
    set_groups(s, ceil_div(variant_items(s, policy) * s->p.nodes * s->p.members, TEAMS));
}

static void thread_size(const plan *pl, const plan_policy *policy, step *s)
{
    (void)pl;
    set_groups(s, ceil_div(variant_items(s, policy) * s->p.members, GROUP_ITEMS) * s->p.nodes);
}

static void tile_size(const plan *pl, const plan_policy *policy, step *s)
{
    (void)pl;
    set_groups(s, tile_items(s, policy) * s->p.nodes);
}

static void short_size(const plan *pl, const plan_policy *policy, step *s)
{
    int wide = s->v.load == LOAD_VECTOR || variant_result_bytes(&s->v) >= 8;
    (void)pl, (void)policy;
    set_groups(s, ceil_div(s->p.outputs, GROUP_ITEMS / s->p.members *
                                             ((wide ? SHORT_PAIRS_WIDE : SHORT_PAIRS) / s->p.span)));
}

/* Rows of a group of dense_gpu: what fits, a whole number of vectors. */
static int64_t dense_rows(const variant *v, int64_t n)
{
    int is_half = v->group == GROUP_F16 || v->group == GROUP_BF16; /* their products take twice the room */
    int64_t rows = GROUP_ITEMS * (DENSE_QUADS / (is_half ? 2 : 1)) * vector_elements(v) / n;
    while (rows * n % vector_elements(v) != 0) rows--;
    return rows;
}

static void dense_size(const plan *pl, const plan_policy *policy, step *s)
{
    (void)pl, (void)policy;
    s->p.block = dense_rows(&s->v, s->p.n);
    set_groups(s, ceil_div(s->p.outputs, s->p.block));
}

void gpu_size_outputs(step *s)
{
    set_groups(s, ceil_div(s->p.outputs, GROUP_ITEMS));
}

/* A team adds an output's partials, or a whole group where there are many. */
static void combine_size(const plan *pl, const plan_policy *policy, step *s)
{
    (void)pl;
    s->p.members = s->p.all_nodes > policy->thresholds.combined_by_team ? TEAMS : 1;
    set_groups(s, ceil_div(s->p.outputs * s->p.members, TEAMS));
}

const planner team_gpu_planner = {.items = variant_items,
                                  .wanted_nodes = team_wanted_nodes,
                                  .share = team_share,
                                  .most_chunks = TEAM_NODE_CHUNKS,
                                  .partials_apart = 1,
                                  .size = team_size};
const planner thread_gpu_planner = {.items = variant_items,
                                    .wanted_nodes = thread_wanted_nodes,
                                    .share = thread_share,
                                    .partials_apart = 1,
                                    .size = thread_size};
const planner tile_gpu_planner = {.items = tile_items,
                                  .wanted_nodes = tile_wanted_nodes,
                                  .share = tile_share,
                                  .most_chunks = TEAM_NODE_CHUNKS,
                                  .partials_apart = 1,
                                  .size = tile_size};
const planner short_gpu_planner = {.items = output_items, .share = short_share, .size = short_size};
const planner dense_gpu_planner = {.items = output_items, .share = dense_share, .size = dense_size};
const planner combine_gpu_planner = {.size = combine_size};
