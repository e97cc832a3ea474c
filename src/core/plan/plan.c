/* From a problem and a policy to a class, a variant and launches. Which schedule runs changes the speed,
 * never the bits: every choice below is free. */
#include "core/plan/plan.h"
#include "core/plan/plan_matrix.h"

#include "core/plan/plan_gpu.h"

#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

#include <string.h>

/* What the batch dimensions do: x1 alone moves along M, x2 alone along K. */
typedef struct shape_class {
    int m, k; /* whether there is such a dimension */
} shape_class;

typedef struct choice {
    plan_class cls;
    kernel_id kernel;
    load load;
    int tile;
    int swap;
} choice;

const char *plan_class_name(plan_class cls)
{
    static const char *const names[CLASS_COUNT] = {"auto",  "fill",   "short",  "lanes",
                                                   "split", "column", "shared", "matrix"};
    return names[cls];
}

static shape_class classify(const problem *p)
{
    shape_class c = {0, 0};
    for (int d = 0; d < p->rank; d++) {
        if (p->step[X1][d] != 0 && p->step[X2][d] == 0) c.m = 1;
        if (p->step[X1][d] == 0 && p->step[X2][d] != 0) c.k = 1;
    }
    return c;
}

static int is_typed(const problem *p, const plan_policy *policy)
{
    return !policy->force_any && !p->misaligned[X1] && !p->misaligned[X2] &&
           variant_is_typed(p->type[X1], p->type[X2], p->result);
}

static int is_contiguous(const problem *p)
{
    return p->n <= 1 || (p->stride[X1] == 1 && p->stride[X2] == 1);
}

/* Neighbouring outputs lie next to each other in each input, or share its element. */
static int has_unit_columns(const problem *p)
{
    if (p->rank == 0) return 0;
    int64_t a = p->step[X1][p->rank - 1], b = p->step[X2][p->rank - 1];
    return (a == 0 || a == 1) && (b == 0 || b == 1) && a + b > 0;
}

/* Every row of both inputs starts on a 16-byte boundary. */
static int has_vector_rows(const problem *p)
{
    if (!is_contiguous(p) || p->type[X1] != p->result || p->type[X2] != p->result) return 0;
    for (int a = X1; a <= X2; a++) {
        if (!p->vectors[a]) return 0;
        for (int d = 0; d < p->rank; d++)
            if (p->step[a][d] * dtype_size(p->type[a]) % 16 != 0) return 0;
    }
    return 1;
}

/* ---- Class and kernel ---- */

static plan_class rows_class(const problem *p, plan_class forced)
{
    shape_class c = classify(p);
    if (forced == CLASS_LANES || forced == CLASS_SPLIT) return forced;
    return c.m || c.k ? CLASS_SHARED : CLASS_LANES;
}

/* Elements of one vector of accumulators in the CPU kernels: 16, or 8 of 64 bits; a complex number takes two.
 */
static int64_t vector_elements(group g, int result_bytes)
{
    int wide = g == GROUP_F64 || g == GROUP_C128 || (g == GROUP_INT && result_bytes == 8);
    return VECTOR_COMPONENTS(wide ? 8 : 4) / (g == GROUP_C64 || g == GROUP_C128 ? 2 : 1);
}

/* short_cpu's stack holds one canonical row of the widest elements. */
static int fits_short(const problem *p, const plan_policy *policy)
{
    return policy->schedule == SCHEDULE_GPU || p->n <= SHORT_ELEMENTS;
}

static int is_short(const problem *p, const plan_policy *policy)
{
    int size = dtype_size(p->result);
    if (policy->schedule == SCHEDULE_GPU) return p->n * size <= policy->thresholds.short_gpu_bytes;
    return p->rank > 0 && fits_short(p, policy) &&
           p->n <= policy->thresholds.short_cpu_vectors * vector_elements(dtype_group(p->result), size);
}

/* Whether outputs, not the contracted axis, should lie along the vector (CPU) or the threads (GPU). */
static plan_class across_outputs(const problem *p, const plan_policy *policy)
{
    switch (policy->force) {
    case CLASS_SHORT: return fits_short(p, policy) ? CLASS_SHORT : CLASS_COLUMN;
    case CLASS_COLUMN: return CLASS_COLUMN;
    case CLASS_LANES:
    case CLASS_SPLIT:
    case CLASS_SHARED:
    case CLASS_MATRIX: return CLASS_AUTO;
    default: break;
    }
    if (has_unit_columns(p) && (!is_contiguous(p) || p->n == 1)) return CLASS_COLUMN;
    return is_short(p, policy) ? CLASS_SHORT : CLASS_AUTO;
}

static choice choose_cpu(const problem *p, const plan_policy *policy)
{
    choice c = {.tile = 1, .cls = across_outputs(p, policy)};
    int typed = is_typed(p, policy);
    if (c.cls == CLASS_SHORT) {
        c.kernel = KERNEL_SHORT_CPU;
        c.load = typed ? LOAD_STRIDED : LOAD_ANY;
    } else if (c.cls == CLASS_COLUMN) {
        c.kernel = KERNEL_PANEL_CPU;
        c.load = typed && has_unit_columns(p) ? LOAD_VECTOR : LOAD_ANY;
    } else {
        c.cls = rows_class(p, policy->force);
        c.kernel = typed && !is_contiguous(p) ? KERNEL_TILE_CPU : KERNEL_ROWS_CPU;
        c.load = !typed ? LOAD_ANY : is_contiguous(p) ? LOAD_VECTOR : LOAD_STRIDED;
    }
    return c;
}

/* Each input is one array without gaps, of sixteen bytes at least and from such a boundary on. */
static int has_dense_rows(const problem *p)
{
    return p->rank == 1 && is_contiguous(p) && p->vectors[X1] && p->vectors[X2] && p->step[X1][0] == p->n &&
           p->step[X2][0] == p->n && p->shape[0] * p->n * dtype_size(p->result) >= 16;
}

/* Whether dense_gpu or short_gpu takes it, and how it loads. */
static int is_short_typed(const problem *p, choice *c)
{
    int size = dtype_size(p->result);
    if (p->type[X1] != p->result || p->type[X2] != p->result || p->rank > 2) return 0;
    if (p->n * size > ROW_BYTES) return 0;
    c->kernel = has_dense_rows(p) ? KERNEL_DENSE_GPU : KERNEL_SHORT_GPU;
    if (c->kernel == KERNEL_DENSE_GPU || (p->n * size % 16 == 0 && has_vector_rows(p)))
        c->load = LOAD_VECTOR;
    else if (ceil_div(p->n, TEAM) > (size >= 8 ? SHORT_PAIRS_WIDE : SHORT_PAIRS))
        return 0;
    return 1;
}

static choice choose_gpu(const problem *p, const plan_policy *policy)
{
    choice c = {.tile = 1, .cls = across_outputs(p, policy)};
    int typed = is_typed(p, policy);
    c.load = typed ? LOAD_STRIDED : LOAD_ANY;
    if (c.cls == CLASS_SHORT && typed && is_short_typed(p, &c)) return c;
    c.kernel = KERNEL_THREAD_GPU;
    if (c.cls != CLASS_AUTO) return c;
    c.cls = rows_class(p, policy->force);
    c.kernel = KERNEL_TEAM_GPU;
    if (typed && has_vector_rows(p)) {
        c.load = LOAD_VECTOR;
    } else if (typed && (gpu_is_tiled(p, policy, X1) || gpu_is_tiled(p, policy, X2))) {
        c.kernel = KERNEL_TILE_GPU;
        c.load = LOAD_VECTOR;
        c.swap = !gpu_is_tiled(p, policy, X1);
        return c;
    }
    if (p->rank > 0 && c.load == LOAD_VECTOR && (c.cls == CLASS_SHARED || c.cls == CLASS_MATRIX)) {
        int64_t a = p->step[X1][p->rank - 1], b = p->step[X2][p->rank - 1];
        c.swap = a == 0 && b != 0;
        if ((a == 0) != (b == 0)) c.tile = (int)policy->thresholds.shared_tile;
    }
    return c;
}

/* ---- Splitting a sum into tree nodes ---- */

static int64_t inner_size(const problem *p)
{
    return p->rank > 0 ? p->shape[p->rank - 1] : 1;
}

/* Columns whose accumulators take that many bytes in panel_cpu. */
static int64_t columns_of(const variant *v, int64_t bytes)
{
    int64_t vector = vector_elements((group)v->group, variant_result_bytes(v));
    int narrow = v->group == GROUP_INT && variant_result_bytes(v) < 4; /* 16-bit accumulators */
    return bytes / (narrow ? 32 : 64) * vector;
}

/* Columns of one panel: as wide as panel_cpu takes, narrower where that leaves cores idle; all of about one
 * width. */
static int64_t panel_columns(const variant *v, int64_t outputs, int64_t inner, const plan_policy *policy)
{
    int64_t most = columns_of(v, policy->thresholds.panel_bytes),
            least = columns_of(v, policy->thresholds.least_panel_bytes);
    int64_t vector = vector_elements((group)v->group, variant_result_bytes(v));
    int64_t panels = ceil_div(inner, most), enough = ceil_div(at_least(policy->units, 1) * inner, outputs);
    if (enough > ceil_div(inner, least)) enough = ceil_div(inner, least);
    panels = at_least(panels, enough);
    return ceil_div(ceil_div(inner, panels), vector) * vector;
}

/* Outputs of one tile of tile_cpu: where they lie next to each other in an input that is strided along the
 * contracted axis (step 1, another stride) as many as it takes, all of about one number; else there is
 * nothing to share. */
static int64_t tile_outputs(i64 step1, i64 stride1, i64 step2, i64 stride2, int64_t inner)
{
    int columns = (step1 == 1 && stride1 != 1) || (step2 == 1 && stride2 != 1);
    int64_t even = ceil_div(inner, ceil_div(inner, TILE_OUTPUTS));
    return columns ? ceil_div(even, 16) * 16 : 1;
}

/* Outputs of one strip of short_cpu. */
static int64_t strip_outputs(const variant *v)
{
    return vector_elements((group)v->group, variant_result_bytes(v));
}

/* Independent pieces of work without splitting a sum. */
static int64_t natural_items(const problem *p, const plan_policy *policy, const plan *pl, const step *s)
{
    int64_t inner = inner_size(p);
    int d = p->rank - 1;
    switch (s->v.kernel) {
    case KERNEL_TILE_CPU:
        return d < 0 ? 1
                     : pl->outputs / inner *
                           ceil_div(inner, tile_outputs(p->step[X1][d], p->stride[X1], p->step[X2][d],
                                                        p->stride[X2], inner));
    case KERNEL_PANEL_CPU:
        return pl->outputs / inner * ceil_div(inner, panel_columns(&s->v, pl->outputs, inner, policy));
    case KERNEL_TEAM_GPU:
    case KERNEL_THREAD_GPU: return pl->outputs / inner * ceil_div(inner, s->v.tile);
    case KERNEL_TILE_GPU: return gpu_tiles(pl->outputs, inner, variant_result_bytes(&s->v));
    case KERNEL_SHORT_CPU: return pl->outputs / inner * ceil_div(inner, strip_outputs(&s->v));
    default: return pl->outputs;
    }
}

/* CPU: how many nodes an output should be cut into; 1 for none. */
static int64_t wanted_nodes(const problem *p, const plan_policy *policy, const plan *pl, const step *s)
{
    int64_t items = natural_items(p, policy, pl, s), units = at_least(policy->units, 1);
    int64_t row_bytes = p->n * dtype_size(p->result);
    int64_t nodes = items >= units * policy->thresholds.least_items_per_core
                        ? 1
                        : ceil_div(units * policy->thresholds.items_per_core, items);
    if (pl->cls == CLASS_SHARED && row_bytes > 2 * policy->thresholds.shared_node_bytes) {
        int64_t affordable = policy->thresholds.shared_partials_bytes /
                             group_partial_size(dtype_group(p->result)) / pl->outputs;
        int64_t cached = ceil_div(row_bytes, policy->thresholds.shared_node_bytes);
        nodes = at_least(nodes, cached < affordable ? cached : affordable);
    }
    int64_t most = at_least(row_bytes / policy->thresholds.item_bytes,
                            1); /* no smaller pieces than are worth dispatching */
    return nodes < most ? nodes : most;
}

/* Chunks that a kernel's stack lets a node have. */
static int64_t most_node_chunks(kernel_id kernel)
{
    switch (kernel) {
    case KERNEL_PANEL_CPU: return PANEL_NODE_CHUNKS;
    case KERNEL_TEAM_GPU:
    case KERNEL_TILE_GPU: return TEAM_NODE_CHUNKS;
    default: return INT64_MAX;
    }
}

static void choose_nodes(const problem *p, const plan_policy *policy, int64_t max_node_elements, plan *pl,
                         const step *s)
{
    int64_t chunks = ceil_div(p->n, pl->chunk), units = natural_items(p, policy, pl, s);
    int64_t most = most_node_chunks((kernel_id)s->v.kernel); /* chunks a node may have */
    int64_t wanted = s->v.kernel == KERNEL_TEAM_GPU     ? gpu_wanted_by_teams(policy, pl, units, chunks)
                     : s->v.kernel == KERNEL_THREAD_GPU ? gpu_wanted_by_threads(p, policy, pl, units, &most)
                     : s->v.kernel == KERNEL_TILE_GPU   ? gpu_wanted_by_tiles(policy, units)
                                                        : wanted_nodes(p, policy, pl, s);
    if (policy->force == CLASS_SPLIT) wanted = at_least(wanted, 2);
    if (policy->force_nodes > 0) wanted = policy->force_nodes;
    if (most > max_node_elements / pl->chunk) most = max_node_elements / pl->chunk;
    pl->node_chunks = 1;
    if (s->v.kernel == KERNEL_TEAM_GPU && policy->force_nodes == 0 && pl->members <= most)
        pl->node_chunks = pl->members;
    while (pl->node_chunks < chunks && pl->node_chunks * 2 <= most &&
           ceil_div(chunks, pl->node_chunks * 2) >= wanted)
        pl->node_chunks *= 2;
    if (wanted == 1 && chunks <= most) pl->node_chunks = at_least(chunks, 1);
    pl->nodes = ceil_div(chunks, pl->node_chunks);
    if (pl->schedule == SCHEDULE_GPU) gpu_share_nodes(p, policy, max_node_elements, units, pl, s);
    if (pl->nodes > 1 && pl->cls == CLASS_LANES) pl->cls = CLASS_SPLIT;
    if (pl->nodes == 1 && pl->cls == CLASS_SPLIT) pl->cls = CLASS_LANES;
}

/* ---- Launches ---- */

static void fill_params(const problem *p, const plan *pl, params *q)
{
    int first = pl->passes_rank;
    *q = (params){.n = p->n,
                  .stride1 = p->stride[X1],
                  .stride2 = p->stride[X2],
                  .outputs = pl->outputs,
                  .block = 1,
                  .nodes = pl->nodes,
                  .node_chunks = pl->node_chunks,
                  .all_nodes = pl->nodes,
                  .span = pl->span,
                  .members = pl->members,
                  .fused = pl->fused,
                  .type1 = (i32)p->type[X1] | (p->misaligned[X1] ? MISALIGNED : 0),
                  .type2 = (i32)p->type[X2] | (p->misaligned[X2] ? MISALIGNED : 0),
                  .type_out = (i32)p->result,
                  .no_conj = p->no_conj};
    q->rank = p->rank - first;
    for (int d = first; d < p->rank; d++) {
        q->shape[d - first] = p->shape[d];
        q->step1[d - first] = p->step[X1][d];
        q->step2[d - first] = p->step[X2][d];
        q->step_out[d - first] = p->step[OUT][d];
    }
    if (p->is_matrix) matrix_fill_dims(q);
    if (q->rank == 0) { /* one output: kernels take at least one dimension */
        q->rank = 1;
        q->shape[0] = 1;
    }
}

static void dense_steps(const params *p, i64 *steps)
{
    i64 stride = 1;
    for (int d = p->rank - 1; d >= 0; d--) {
        steps[d] = stride;
        stride *= p->shape[d];
    }
}

static void swap_operands(step *s)
{
    params *q = &s->p;
    i64 strides = q->stride1;
    i32 type = q->type1;
    q->stride1 = q->stride2;
    q->stride2 = strides;
    q->type1 = q->type2;
    q->type2 = type;
    for (int d = 0; d < q->rank; d++) {
        i64 t = q->step1[d];
        q->step1[d] = q->step2[d];
        q->step2[d] = t;
    }
    uint8_t t = s->v.type1;
    s->v.type1 = s->v.type2;
    s->v.type2 = t;
    s->buffers[0] = BUFFER_X2;
    s->buffers[1] = BUFFER_X1;
    q->swap = 1;
}

/* Outputs, or panels, of one work-item: enough bytes to be worth dispatching, few enough to share out evenly.
 */
static int64_t block_size(int64_t items, int64_t bytes_each, const plan_policy *policy)
{
    int64_t enough = ceil_div(policy->thresholds.item_bytes, at_least(bytes_each, 1));
    int64_t even = ceil_div(items, at_least(policy->units, 1) * policy->thresholds.items_per_core);
    int64_t most = ceil_div(items, at_least(policy->units, 1) * policy->thresholds.least_items_per_core);
    int64_t block = enough > even ? enough : even;
    return at_least(block < most ? block : most, 1);
}

void plan_size_step(const plan *pl, const plan_policy *policy, step *s)
{
    params *q = &s->p;
    int64_t inner = q->shape[q->rank - 1], items;
    int64_t node_elements = pl->node_chunks * pl->chunk < q->n ? pl->node_chunks * pl->chunk : q->n;
    int64_t bytes = 2 * node_elements * variant_result_bytes(&s->v);
    s->group_size = 1;
    switch (s->v.kernel) {
    case KERNEL_ROWS_CPU:
        q->block = block_size(q->outputs, bytes, policy);
        s->groups = (size_t)(ceil_div(q->outputs, q->block) * q->nodes);
        return;
    case KERNEL_TILE_CPU:
        q->panel = tile_outputs(q->step1[q->rank - 1], q->stride1, q->step2[q->rank - 1], q->stride2, inner);
        items = q->outputs / inner * ceil_div(inner, q->panel) * q->nodes;
        q->block = block_size(items, bytes * (inner < q->panel ? inner : q->panel), policy);
        s->groups = (size_t)ceil_div(items, q->block);
        return;
    case KERNEL_PANEL_CPU:
        q->panel = panel_columns(&s->v, q->outputs, inner, policy);
        items = q->outputs / inner * ceil_div(inner, q->panel) * q->nodes;
        q->block = block_size(items, bytes * (inner < q->panel ? inner : q->panel), policy);
        s->groups = (size_t)ceil_div(items, q->block);
        return;
    case KERNEL_SHORT_CPU:
        items = q->outputs / inner * ceil_div(inner, strip_outputs(&s->v));
        q->block = block_size(items, bytes * strip_outputs(&s->v), policy);
        s->groups = (size_t)ceil_div(items, q->block);
        return;
    case KERNEL_MATRIX_CPU:
    case KERNEL_MATRIX_GPU:
    case KERNEL_SKINNY_GPU: matrix_size_step(pl, policy, s); return;
    case KERNEL_TEAM_GPU:
    case KERNEL_THREAD_GPU:
    case KERNEL_TILE_GPU:
    case KERNEL_SHORT_GPU:
    case KERNEL_DENSE_GPU:
    case KERNEL_COMBINE_GPU:
        s->group_size = GROUP_ITEMS;
        s->groups = (size_t)gpu_groups(&s->v, policy, q);
        return;
    default: /* fill, copy, combine_cpu: outputs in blocks */
        if (pl->schedule == SCHEDULE_CPU) {
            q->block = block_size(q->outputs, 16 * q->nodes, policy);
            s->groups = (size_t)ceil_div(q->outputs, q->block);
            return;
        }
        items = q->outputs;
    }
    s->group_size = GROUP_ITEMS;
    s->groups = (size_t)ceil_div(items, GROUP_ITEMS);
}

static step *add_step(plan *pl, variant v, int buffer0, int buffer1, int buffer2)
{
    step *s = &pl->steps[pl->step_count++];
    *s = (step){.v = v, .buffers = {buffer0, buffer1, buffer2, -1, -1}};
    return s;
}

/* Where the main step puts sums: an output's only node in the target, others in the partials. */
static void set_targets(const plan *pl, int target, step *s)
{
    int partials = pl->nodes > 1 ? BUFFER_PARTIALS : target;
    if (s->v.kernel != KERNEL_TEAM_GPU && s->v.kernel != KERNEL_THREAD_GPU &&
        s->v.kernel != KERNEL_TILE_GPU) {
        s->buffers[2] = partials;
        return;
    }
    s->buffers[2] = target;
    s->buffers[3] = partials;
    s->buffers[4] = pl->fused ? BUFFER_COUNTERS : target; /* which it then leaves alone */
}

static void add_sum(const problem *p, const plan_policy *policy, int64_t max_node_elements, int target,
                    plan *pl)
{
    choice c = policy->schedule == SCHEDULE_CPU ? choose_cpu(p, policy) : choose_gpu(p, policy);
    group g = dtype_group(p->result);
    variant v = c.load == LOAD_ANY
                    ? variant_grouped(c.kernel, c.load, g, c.tile)
                    : variant_typed(c.kernel, c.load, p->type[X1], p->type[X2], p->result, c.tile);
    step *s = add_step(pl, v, BUFFER_X1, BUFFER_X2, target);
    pl->cls = c.cls;
    pl->chunk = ROW_BYTES / variant_result_bytes(&v) * ROWS;
    if (c.kernel == KERNEL_SHORT_GPU || c.kernel == KERNEL_DENSE_GPU)
        gpu_share_rows(p, pl, s);
    else
        choose_nodes(p, policy, max_node_elements, pl, s);
    fill_params(p, pl, &s->p);
    if (c.kernel == KERNEL_THREAD_GPU && c.load == LOAD_STRIDED)
        s->p.wide = gpu_has_wide_columns(p, X1, v.tile) | gpu_has_wide_columns(p, X2, v.tile) << 1;
    if (c.swap) swap_operands(s);
    set_targets(pl, target, s);
    if (pl->nodes == 1) return;
    kernel_id combine = pl->schedule == SCHEDULE_CPU ? KERNEL_COMBINE_CPU : KERNEL_COMBINE_GPU;
    pl->partial_bytes = (size_t)(pl->outputs * pl->nodes * group_partial_size(g));
    if (pl->fused) return;
    fill_params(p, pl,
                &add_step(pl, variant_grouped(combine, LOAD_NONE, g, 1), BUFFER_PARTIALS, target, -1)->p);
}

/* Class matrix, which has its own order of sums. */
static void add_matrix(const problem *p, const plan_policy *policy, int64_t max_node_elements, int target,
                       plan *pl)
{
    params dims;
    fill_params(p, pl, &dims);
    step *s = add_step(pl, matrix_variant(p, policy, &dims), BUFFER_X1, BUFFER_X2, target);
    s->p = dims;
    pl->cls = CLASS_MATRIX;
    pl->chunk = MATRIX_BLOCK;
    matrix_choose_nodes(p, policy, max_node_elements, s, pl);
    fill_params(p, pl, &s->p);
    if (pl->nodes == 1) return;
    group g = dtype_group(p->result);
    kernel_id combine = pl->schedule == SCHEDULE_CPU ? KERNEL_COMBINE_CPU : KERNEL_COMBINE_GPU;
    s->buffers[2] = BUFFER_PARTIALS;
    pl->partial_bytes = (size_t)(pl->outputs * pl->nodes * group_partial_size(g));
    fill_params(p, pl,
                &add_step(pl, variant_grouped(combine, LOAD_NONE, g, 1), BUFFER_PARTIALS, target, -1)->p);
}

void plan_build(const problem *p, const plan_policy *policy, int through_results, int64_t max_node_elements,
                plan *out)
{
    plan *pl = out;
    int target = through_results ? BUFFER_RESULTS : BUFFER_OUT;
    *pl = (plan){.schedule = policy->schedule,
                 .outputs = 1,
                 .nodes = 1,
                 .node_chunks = 1,
                 .chunk = 1,
                 .members = 1,
                 .span = 1};
    if (p->rank > LAUNCH_DIMS) pl->passes_rank = p->rank - LAUNCH_DIMS;
    for (int d = pl->passes_rank; d < p->rank; d++) pl->outputs *= p->shape[d];
    if (p->n == 0) {
        pl->cls = CLASS_FILL;
        fill_params(p, pl,
                    &add_step(pl, variant_grouped(KERNEL_FILL, LOAD_NONE, GROUP_INT, 1), target, -1, -1)->p);
    } else if (p->is_matrix) {
        add_matrix(p, policy, max_node_elements, target, pl);
    } else {
        add_sum(p, policy, max_node_elements, target, pl);
    }
    if (through_results) {
        for (int k = 0; k < pl->step_count; k++) dense_steps(&pl->steps[k].p, pl->steps[k].p.step_out);
        step *s = add_step(pl, variant_grouped(KERNEL_COPY, LOAD_NONE, dtype_group(p->result), 1),
                           BUFFER_RESULTS, BUFFER_OUT, -1);
        fill_params(p, pl, &s->p);
        dense_steps(&s->p, s->p.step1);
        s->p.type1 = (i32)p->result;
        s->p.type_out = (i32)p->type[OUT];
        pl->result_bytes = (size_t)(pl->outputs * dtype_size(p->result));
    }
    for (int k = 0; k < pl->step_count; k++) plan_size_step(pl, policy, &pl->steps[k]);
}
