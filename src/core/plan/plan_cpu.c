/* The CPU schedule: which kernel a class gets, how many nodes keep the cores busy, what a work-item takes. */
#include "core/plan/plan_cpu.h"

#include "core/plan/facts.h"
#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

/* Elements in a vector of accumulators. A complex element takes two components. */
static int64_t vector_elements(group g, int result_bytes, const plan_policy *policy)
{
    int wide = g == GROUP_F64 || g == GROUP_C128 || (g == GROUP_INT && result_bytes == 8);
    return VECTOR_COMPONENTS(wide ? 8 : 4, policy->vector_bytes) /
           (g == GROUP_C64 || g == GROUP_C128 ? 2 : 1);
}

static int64_t vector_of(const variant *v, const plan_policy *policy)
{
    return vector_elements((group)v->group, variant_result_bytes(v), policy);
}

/* ---- The kernel ---- */

/* Whether fold_cpu takes the rows, which have at most so many bytes. */
static int folds(const problem *p, const plan_policy *policy, int64_t most_bytes)
{
    return is_typed(p, policy) && is_contiguous(p) && p->n * dtype_size(p->result) <= most_bytes;
}

int cpu_fits_short(const problem *p, const plan_policy *policy)
{
    return p->n <= SHORT_ELEMENTS || folds(p, policy, FOLD_BYTES);
}

int cpu_is_short(const problem *p, const plan_policy *policy)
{
    const thresholds *t = &policy->thresholds;
    int64_t vector = vector_elements(dtype_group(p->result), dtype_size(p->result), policy);
    if (p->rank == 0) return 0;
    return folds(p, policy, t->fold_cpu_bytes) ||
           (p->n <= SHORT_ELEMENTS && p->n <= t->short_cpu_vectors * vector);
}

choice cpu_choose(const problem *p, const plan_policy *policy, plan_class cls)
{
    int typed = is_typed(p, policy), contiguous = is_contiguous(p);
    kernel_id kernel = KERNEL_ROWS_CPU;
    load loads = LOAD_ANY;
    if (cls == CLASS_SHORT) {
        kernel = typed && contiguous ? KERNEL_FOLD_CPU : KERNEL_SHORT_CPU;
        if (typed) loads = contiguous ? LOAD_VECTOR : LOAD_STRIDED;
    } else if (cls == CLASS_COLUMN) {
        kernel = KERNEL_PANEL_CPU;
        if (typed && has_unit_columns(p)) loads = LOAD_VECTOR;
    } else if (typed || (contiguous && is_wider(p, policy))) {
        kernel = contiguous ? KERNEL_ROWS_CPU : KERNEL_TILE_CPU;
        loads = contiguous ? LOAD_VECTOR : LOAD_STRIDED;
    }
    return (choice){.v = variant_for(p, kernel, loads, 1)};
}

/* ---- Items: how many outputs lie side by side in one ---- */

/* How many columns of panel_cpu have accumulators of `bytes` in all. */
static int64_t columns_of(const variant *v, int64_t bytes, const plan_policy *policy)
{
    int narrow = v->group == GROUP_INT && variant_result_bytes(v) < 4; /* 16-bit accumulators */
    return bytes / (policy->vector_bytes / (narrow ? 2 : 1)) * vector_of(v, policy);
}

/* Accumulators of a panel, at least, where cores would be idle. Where sums have too few chunks to keep the
 * cores busy in nodes of their own, panels are what is left to share. Such operands are small enough for
 * caches. */
static int64_t least_panel_bytes(const step *s, const plan_policy *policy)
{
    enum { NARROW_PANEL_BYTES = 1024 };
    int64_t chunks = ceil_div(s->p.n, ROW_BYTES / variant_result_bytes(&s->v) * ROWS);
    return chunks < policy->units ? NARROW_PANEL_BYTES : policy->thresholds.least_panel_bytes;
}

/* Columns of a panel. A panel is as wide as panel_cpu allows, unless cores would then be idle. All panels
 * have about the same width. */
static int64_t panel_columns(const step *s, const plan_policy *policy)
{
    int64_t most = columns_of(&s->v, policy->thresholds.panel_bytes, policy),
            least = columns_of(&s->v, least_panel_bytes(s, policy), policy);
    int64_t inner = inner_size(&s->p), vector = vector_of(&s->v, policy);
    int64_t enough = ceil_div(at_least(policy->units, 1) * inner, s->p.outputs);
    int64_t panels = at_least(ceil_div(inner, most), at_most(enough, ceil_div(inner, least)));
    return ceil_div(ceil_div(inner, panels), vector) * vector;
}

/* Outputs of a tile of tile_cpu. Where neighbouring outputs lie next to each other in an operand that is
 * strided along the contracted axis, a tile has as many as tile_cpu allows. Rows of at most a canonical row
 * are folded together, some at a time. All tiles have about as many. Elsewhere a tile has one output, since
 * there is nothing to share. */
static int64_t tile_outputs(const step *s)
{
    enum { ROWS_FOLDED = 32 };
    const params *q = &s->p;
    int d = q->rank - 1;
    int columns = (q->step1[d] == 1 && q->stride1 != 1) || (q->step2[d] == 1 && q->stride2 != 1);
    int folded = q->n <= ROW_BYTES / variant_result_bytes(&s->v);
    int64_t most = columns ? TILE_OUTPUTS : folded ? ROWS_FOLDED : 1;
    int64_t even = ceil_div(inner_size(q), ceil_div(inner_size(q), most));
    return most > 1 ? ceil_div(even, 16) * 16 : 1;
}

static int64_t tile_items(const step *s, const plan_policy *policy)
{
    (void)policy;
    return items_of(&s->p, tile_outputs(s));
}

static int64_t panel_items(const step *s, const plan_policy *policy)
{
    return items_of(&s->p, panel_columns(s, policy));
}

/* Strips of a vector of outputs. */
static int64_t short_items(const step *s, const plan_policy *policy)
{
    return items_of(&s->p, vector_of(&s->v, policy));
}

/* ---- Nodes ---- */

/* Bytes of an operand that are worth another core: fewer where vectors are short, which takes longer. */
static double core_bytes(const plan_policy *policy)
{
    return (policy->vector_bytes < MOST_VECTOR_BYTES ? 1.25 : 2.0) * (double)policy->thresholds.item_bytes;
}

/* Enough to keep every core busy, but each takes so much of the operands that starting it does not show and
 * that another core is worth it. One core needs no second node. */
static int64_t nodes_for_cores(const planning *w, int64_t row_bytes)
{
    const thresholds *t = &w->policy->thresholds;
    int64_t units = w->policy->units;
    if (units <= 1 || w->items >= units * t->least_items_per_core) return 1;
    double item_bytes = (double)row_bytes * (double)w->pl->outputs / (double)w->items;
    return at_most(ceil_div(units * t->items_per_core, w->items),
                   (int64_t)(item_bytes / core_bytes(w->policy)));
}

/* A shared row is read again for each output, so its nodes are small enough for a core's cache. */
static int64_t nodes_for_cache(const planning *w, int64_t row_bytes)
{
    const thresholds *t = &w->policy->thresholds;
    if (w->pl->cls != CLASS_SHARED || row_bytes <= 2 * t->shared_node_bytes) return 1;
    int64_t affordable =
        t->shared_partials_bytes / group_partial_size(dtype_group(w->p->result)) / w->pl->outputs;
    return at_most(at_most(ceil_div(row_bytes, t->shared_node_bytes), row_bytes / t->item_bytes), affordable);
}

static int64_t wanted_nodes(planning *w)
{
    int64_t row_bytes = w->p->n * dtype_size(w->p->result);
    return at_least(at_least(nodes_for_cores(w, row_bytes), nodes_for_cache(w, row_bytes)), 1);
}

/* ---- Sizes ---- */

/* How many items, each of which reads `bytes_each`, a work-item takes: enough to be worth dispatching, few
 * enough to be shared out evenly. */
static int64_t block_size(int64_t items, int64_t bytes_each, const plan_policy *policy)
{
    int64_t units = at_least(policy->units, 1);
    if (items <= 1) return 1;
    int64_t enough = ceil_div(policy->thresholds.item_bytes, at_least(bytes_each, 1));
    int64_t even = ceil_div(items, units * policy->thresholds.items_per_core);
    int64_t most = ceil_div(items, units * policy->thresholds.least_items_per_core);
    return at_least(at_most(at_least(enough, even), most), 1);
}

static void size_blocks(const plan_policy *policy, step *s, int64_t items, int64_t bytes_each)
{
    s->p.block = block_size(items, bytes_each, policy);
    s->group_size = 1;
    s->groups = (size_t)ceil_div(items, s->p.block);
}

/* Bytes of both operands that a node of one output reads. */
static int64_t node_bytes(const plan *pl, const step *s)
{
    return 2 * at_most(pl->node_chunks * pl->chunk, s->p.n) * variant_result_bytes(&s->v);
}

static void rows_size(const plan *pl, const plan_policy *policy, step *s)
{
    size_blocks(policy, s, s->p.outputs, node_bytes(pl, s));
    s->groups *= (size_t)s->p.nodes; /* a work-item takes the same node of each output */
}

static void panels_size(const plan *pl, const plan_policy *policy, step *s, int64_t columns)
{
    s->p.panel = columns;
    size_blocks(policy, s, items_of(&s->p, columns) * s->p.nodes,
                node_bytes(pl, s) * at_most(columns, inner_size(&s->p)));
}

static void tile_size(const plan *pl, const plan_policy *policy, step *s)
{
    panels_size(pl, policy, s, tile_outputs(s));
}

static void panel_size(const plan *pl, const plan_policy *policy, step *s)
{
    panels_size(pl, policy, s, panel_columns(s, policy));
}

static void short_size(const plan *pl, const plan_policy *policy, step *s)
{
    panels_size(pl, policy, s, vector_of(&s->v, policy));
}

void cpu_size_outputs(const plan_policy *policy, step *s)
{
    size_blocks(policy, s, s->p.outputs, 16 * s->p.nodes);
}

static void combine_size(const plan *pl, const plan_policy *policy, step *s)
{
    (void)pl;
    cpu_size_outputs(policy, s);
}

const planner rows_cpu_planner = {.items = output_items, .wanted_nodes = wanted_nodes, .size = rows_size};
const planner tile_cpu_planner = {.items = tile_items, .wanted_nodes = wanted_nodes, .size = tile_size};
const planner panel_cpu_planner = {
    .items = panel_items, .wanted_nodes = wanted_nodes, .most_chunks = PANEL_NODE_CHUNKS, .size = panel_size};
const planner fold_cpu_planner = {.items = short_items, .size = short_size};
const planner short_cpu_planner = {.items = short_items, .wanted_nodes = wanted_nodes, .size = short_size};
const planner combine_cpu_planner = {.size = combine_size};
