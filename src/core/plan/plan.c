/* From a problem and a policy to a class, and with the kernel that its schedule chooses to launches. Which
 * schedule runs changes the speed, never the bits: every choice below is free. */
#include "core/plan/plan.h"

#include "core/plan/facts.h"
#include "core/plan/plan_cpu.h"
#include "core/plan/plan_gpu.h"
#include "core/plan/plan_matrix.h"
#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

const char *plan_class_name(plan_class cls)
{
    static const char *const names[CLASS_COUNT] = {"auto",  "fill",   "short",  "lanes",
                                                   "split", "column", "shared", "matrix"};
    return names[cls];
}

/* ---- The class ---- */

/* Along a batch dimension one operand moves and the other does not. */
static int has_shared_operand(const problem *p)
{
    for (int d = 0; d < p->rank; d++)
        if ((p->step[X1][d] != 0) != (p->step[X2][d] != 0)) return 1;
    return 0;
}

/* The class where the contracted axis lies along the vector (CPU) or the threads (GPU). */
static plan_class rows_class(const problem *p)
{
    return has_shared_operand(p) ? CLASS_SHARED : CLASS_LANES;
}

static plan_class choose_class(const problem *p, const plan_policy *policy)
{
    int gpu = policy->schedule == SCHEDULE_GPU;
    if (p->n == 0) return CLASS_FILL;
    if (p->is_matrix) return CLASS_MATRIX;
    switch (policy->force) {
    case CLASS_SHORT: return gpu || cpu_fits_short(p, policy) ? CLASS_SHORT : CLASS_COLUMN;
    case CLASS_COLUMN:
    case CLASS_LANES:
    case CLASS_SPLIT: return policy->force;
    case CLASS_SHARED:
    case CLASS_MATRIX: return rows_class(p);
    default: break;
    }
    if (has_unit_columns(p) && (!is_contiguous(p) || p->n == 1)) return CLASS_COLUMN;
    if (gpu ? gpu_is_short(p, policy) : cpu_is_short(p, policy)) return CLASS_SHORT;
    return rows_class(p);
}

int64_t output_items(const step *s, const plan_policy *policy)
{
    (void)policy;
    return s->p.outputs;
}

/* ---- Kernels that belong to no class of sums ---- */

static void size_outputs(const plan *pl, const plan_policy *policy, step *s)
{
    if (pl->schedule == SCHEDULE_CPU)
        cpu_size_outputs(policy, s);
    else
        gpu_size_outputs(s);
}

const planner fill_planner = {.size = size_outputs};
const planner copy_planner = {.size = size_outputs};

const planner *planner_of(kernel_id kernel)
{
    static const planner *const planners[KERNEL_COUNT] = {
#define X(id, name, ...) [KERNEL_##id] = &name##_planner,
        KERNEL_TABLE(X)
#undef X
    };
    return planners[kernel];
}

/* ---- Params ---- */

static void set_nodes(const plan *pl, params *q)
{
    q->nodes = q->all_nodes = pl->nodes;
    q->node_chunks = pl->node_chunks;
    q->span = pl->span;
    q->members = pl->members;
    q->fused = pl->fused;
}

/* Sets each field by itself, and of the arrays the entries that kernels read: clearing all first takes longer
 * than planning. */
static void fill_params(const problem *p, const plan *pl, params *q)
{
    int first = pl->passes_rank;
    q->n = p->n;
    q->stride1 = p->stride[X1];
    q->stride2 = p->stride[X2];
    q->offset1 = q->offset2 = q->offset_out = q->first_node = q->panel = q->rows = q->columns = 0;
    q->swap = q->wide = q->reserved = q->row_dims = q->column_dims = 0;
    q->outputs = pl->outputs;
    q->block = 1;
    q->type1 = (i32)p->type[X1] | (p->misaligned[X1] ? MISALIGNED : 0);
    q->type2 = (i32)p->type[X2] | (p->misaligned[X2] ? MISALIGNED : 0);
    q->type_out = (i32)p->result;
    q->no_conj = p->no_conj;
    set_nodes(pl, q);
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
        q->step1[0] = q->step2[0] = q->step_out[0] = 0;
    }
}

static void dense_steps(const params *q, i64 *steps)
{
    i64 stride = 1;
    for (int d = q->rank - 1; d >= 0; d--) {
        steps[d] = stride;
        stride *= q->shape[d];
    }
}

/* x2 becomes the first operand, x1 the second. */
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

/* ---- Launches ---- */

static step *add_step(const problem *p, plan *pl, int buffer0, int buffer1, int buffer2)
{
    step *s = &pl->steps[pl->step_count++];
    for (int k = 0; k < STEP_BUFFERS; k++) s->buffers[k] = -1;
    s->buffers[0] = buffer0;
    s->buffers[1] = buffer1;
    s->buffers[2] = buffer2;
    fill_params(p, pl, &s->p);
    return s;
}

static void choose_nodes(planning *w, const planner *kernel)
{
    plan *pl = w->pl;
    const plan_policy *policy = w->policy;
    int64_t chunks = ceil_div(w->p->n, pl->chunk), wanted = 1;
    if (kernel->wanted_nodes) wanted = kernel->wanted_nodes(w);
    if (policy->force == CLASS_SPLIT) wanted = at_least(wanted, 2);
    if (policy->force_nodes > 0) wanted = policy->force_nodes;
    int64_t most = at_most(w->most_chunks, w->max_node_elements / pl->chunk);
    if (policy->force_nodes == 0 && w->start_chunks <= most) pl->node_chunks = w->start_chunks;
    while (pl->node_chunks < chunks && pl->node_chunks * 2 <= most &&
           ceil_div(chunks, pl->node_chunks * 2) >= wanted)
        pl->node_chunks *= 2;
    if (wanted == 1 && chunks <= most) pl->node_chunks = chunks;
    pl->nodes = ceil_div(chunks, pl->node_chunks);
}

/* Where the main launch puts sums: an output's only node in the target, others in the partials. */
static void set_targets(const plan *pl, const planner *kernel, int target, step *s)
{
    int sums = pl->nodes > 1 ? BUFFER_PARTIALS : target;
    s->buffers[2] = kernel->partials_apart ? target : sums;
    if (!kernel->partials_apart) return;
    s->buffers[3] = sums;
    s->buffers[4] = pl->fused ? BUFFER_COUNTERS : target; /* which it then leaves alone */
}

/* Adds up the nodes of each output. */
static void add_combine(const problem *p, int target, plan *pl)
{
    kernel_id kernel = pl->schedule == SCHEDULE_CPU ? KERNEL_COMBINE_CPU : KERNEL_COMBINE_GPU;
    add_step(p, pl, BUFFER_PARTIALS, target, -1)->v =
        variant_grouped(kernel, LOAD_NONE, dtype_group(p->result), 1);
}

static choice choose_kernel(const problem *p, const plan_policy *policy, plan_class cls, const params *q)
{
    if (cls == CLASS_MATRIX) return matrix_choose(p, policy, q);
    return policy->schedule == SCHEDULE_CPU ? cpu_choose(p, policy, cls) : gpu_choose(p, policy, cls);
}

static void add_sum(const problem *p, const plan_policy *policy, int64_t max_node_elements, int target,
                    plan *pl)
{
    step *s = add_step(p, pl, BUFFER_X1, BUFFER_X2, target);
    choice c = choose_kernel(p, policy, pl->cls, &s->p);
    const planner *kernel = planner_of((kernel_id)c.v.kernel);
    s->v = c.v;
    pl->chunk = p->is_matrix ? MATRIX_BLOCK : ROW_BYTES / variant_result_bytes(&c.v) * ROWS;
    planning w = {.p = p,
                  .policy = policy,
                  .max_node_elements = max_node_elements,
                  .pl = pl,
                  .s = s,
                  .items = kernel->items(s, policy),
                  .start_chunks = 1,
                  .most_chunks = kernel->most_chunks > 0 ? kernel->most_chunks : INT64_MAX};
    choose_nodes(&w, kernel);
    if (kernel->share) kernel->share(&w);
    if (pl->nodes > 1 && pl->cls == CLASS_LANES) pl->cls = CLASS_SPLIT;
    if (pl->nodes == 1 && pl->cls == CLASS_SPLIT) pl->cls = CLASS_LANES;
    set_nodes(pl, &s->p);
    if (c.swap) swap_operands(s);
    set_targets(pl, kernel, target, s);
    if (pl->nodes > 1)
        pl->partial_bytes = (size_t)(pl->outputs * pl->nodes * group_partial_size(dtype_group(p->result)));
    if (pl->nodes > 1 && !pl->fused) add_combine(p, target, pl);
}

/* Every launch before writes dense results into scratch; this one casts and copies them to out. */
static void add_copy(const problem *p, plan *pl)
{
    for (int k = 0; k < pl->step_count; k++) dense_steps(&pl->steps[k].p, pl->steps[k].p.step_out);
    step *s = add_step(p, pl, BUFFER_RESULTS, BUFFER_OUT, -1);
    s->v = variant_grouped(KERNEL_COPY, LOAD_NONE, dtype_group(p->result), 1);
    dense_steps(&s->p, s->p.step1);
    s->p.type1 = (i32)p->result;
    s->p.type_out = (i32)p->type[OUT];
    pl->result_bytes = (size_t)(pl->outputs * dtype_size(p->result));
}

/* ---- Work ---- */

static double element_bytes(i32 type)
{
    return dtype_size((dtype)(type & ~MISALIGNED));
}

/* Of a kernel that multiplies the operands. */
static void set_sum_work(const plan *pl, step *s)
{
    const params *q = &s->p;
    double size1 = element_bytes(q->type1), size2 = element_bytes(q->type2);
    double written = q->all_nodes > 1 ? (double)q->nodes * group_partial_size((group)s->v.group)
                                      : element_bytes(q->type_out);
    int64_t elements = q->nodes < q->all_nodes ? q->nodes * q->node_chunks * pl->chunk : q->n;
    s->products = (double)q->outputs * (double)elements;
    if (pl->cls == CLASS_MATRIX)
        s->bytes = s->products / (double)q->columns * size1 + s->products / (double)q->rows * size2;
    else
        s->bytes = s->products * (size1 + size2);
    s->bytes += (double)q->outputs * written;
}

/* Of a kernel that writes each output from what it has so far: partials, a result, or nothing. */
static void set_output_work(step *s)
{
    const params *q = &s->p;
    double read = 0;
    if (s->buffers[0] == BUFFER_PARTIALS)
        read = (double)q->all_nodes * group_partial_size((group)s->v.group);
    else if (kernel_rows[s->v.kernel].inputs > 0)
        read = element_bytes(q->type1);
    s->products = 0;
    s->bytes = (double)q->outputs * (read + element_bytes(q->type_out));
}

void plan_size_step(const plan *pl, const plan_policy *policy, step *s)
{
    planner_of((kernel_id)s->v.kernel)->size(pl, policy, s);
    if (kernel_rows[s->v.kernel].inputs == 2)
        set_sum_work(pl, s);
    else
        set_output_work(s);
}

void plan_build(const problem *p, const plan_policy *policy, int through_results, int64_t max_node_elements,
                plan *out)
{
    plan *pl = out;
    int target = through_results ? BUFFER_RESULTS : BUFFER_OUT;
    pl->cls = choose_class(p, policy);
    pl->schedule = policy->schedule;
    pl->outputs = pl->nodes = pl->node_chunks = pl->chunk = pl->span = 1;
    pl->members = 1;
    pl->fused = pl->passes_rank = pl->step_count = 0; /* a step is filled when it is added */
    pl->partial_bytes = pl->result_bytes = 0;
    if (p->rank > LAUNCH_DIMS) pl->passes_rank = p->rank - LAUNCH_DIMS;
    for (int d = pl->passes_rank; d < p->rank; d++) pl->outputs *= p->shape[d];
    if (pl->cls == CLASS_FILL)
        add_step(p, pl, target, -1, -1)->v = variant_grouped(KERNEL_FILL, LOAD_NONE, GROUP_INT, 1);
    else
        add_sum(p, policy, max_node_elements, target, pl);
    if (through_results) add_copy(p, pl);
    for (int k = 0; k < pl->step_count; k++) plan_size_step(pl, policy, &pl->steps[k]);
}
