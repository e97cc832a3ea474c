/* Pieces, plan, binding, launches. */
#include "core/execute.h"

#include "core/memory.h"
#include "core/program_cache.h"
#include "core/status.h"

#include <string.h>

static int64_t magnitude(int64_t x)
{
    return x < 0 ? -x : x;
}

/* ---- Jobs ---- */

/* Bytes of a memory that can be compared: the host's, or what a handle is part of. */
typedef struct span {
    void *root; /* NULL on the host */
    uintptr_t low, high;
} span;

static vecdot_status span_of(const vecdot_context *context, const location *at, extent e, span *s)
{
    size_t offset = 0;
    if (at->on_host) {
        *s = (span){NULL, (uintptr_t)at->host + (uintptr_t)e.low, (uintptr_t)at->host + (uintptr_t)e.high};
        return VECDOT_SUCCESS;
    }
    TRY(context->dev.driver->memory_root(context->native, at->memory, &s->root, &offset));
    s->low = (uintptr_t)offset + (uintptr_t)(at->offset + e.low);
    s->high = (uintptr_t)offset + (uintptr_t)(at->offset + e.high);
    return VECDOT_SUCCESS;
}

vecdot_status job_place(job *j, const vecdot_context *context, const DLTensor *const tensors[ARRAYS])
{
    span written, read;
    j->overlaps = 0;
    for (int a = 0; a < ARRAYS; a++) j->at[a] = location_of(tensors[a]);
    layout_collapse(&j->p);
    TRY(span_of(context, &j->at[OUT], layout_extent(&j->p, OUT), &written));
    for (int a = X1; a <= X2; a++) {
        extent from = layout_extent(&j->p, a);
        if (from.high == from.low || j->at[OUT].on_host != j->at[a].on_host) continue;
        TRY(span_of(context, &j->at[a], from, &read));
        j->overlaps |= written.root == read.root && written.low < read.high && read.low < written.high;
    }
    return VECDOT_SUCCESS;
}

static int64_t extent_bytes(const problem *p, int array)
{
    extent e = layout_extent(p, array);
    return e.high - e.low;
}

/* Whether kernels may write into a host array. */
static int shares_out(const policy *how)
{
    return how->share_host && how->share_out;
}

/* out needs one buffer for its whole extent in place, or for its elements when it is copied. */
static int64_t bound_bytes(const job *j, const policy *how, int array)
{
    if (array == OUT && !shares_out(how)) return problem_outputs(&j->p) * dtype_size(j->p.type[OUT]);
    return extent_bytes(&j->p, array);
}

/* Scratch for results on their way to out, at most. */
static int64_t result_bytes(const job *j)
{
    const location *at = &j->at[OUT];
    uintptr_t address = at->on_host ? (uintptr_t)at->host : (uintptr_t)at->offset;
    int direct = !j->overlaps && j->p.type[OUT] == j->p.result;
    if (direct && address % (uintptr_t)dtype_size(j->p.result) == 0) return 0;
    return problem_outputs(&j->p) * dtype_size(j->p.result);
}

/* Bytes from the lower end of two host arrays to the upper: what one buffer for both would hold. */
static int64_t union_bytes(const job *j, int a, int b)
{
    extent ea = layout_extent(&j->p, a), eb = layout_extent(&j->p, b);
    uintptr_t low_a = (uintptr_t)(j->at[a].host + ea.low), low_b = (uintptr_t)(j->at[b].host + eb.low);
    uintptr_t high_a = (uintptr_t)(j->at[a].host + ea.high), high_b = (uintptr_t)(j->at[b].host + eb.high);
    return (int64_t)((high_a > high_b ? high_a : high_b) - (low_a < low_b ? low_a : low_b));
}

int job_needs_pieces(const job *j, const policy *how)
{
    for (int a = 0; a < ARRAYS; a++) {
        if (!j->at[a].on_host) continue;
        if (bound_bytes(j, how, a) > how->max_alloc) return 1;
        if (a != OUT && j->overlaps && j->at[OUT].on_host && union_bytes(j, a, OUT) > how->max_alloc)
            return 1;
    }
    return result_bytes(j) > how->max_alloc;
}

/* ---- Preparing ---- */

/* Elements of the contracted axis that fit one buffer, in place or gathered; the rest of the extent is the
 * batch's. */
static int64_t elements_that_fit(const problem *p, const policy *how, int array, int gathered)
{
    int64_t size = dtype_size(p->type[array]);
    problem row = *p;
    row.n = 1;
    int64_t batch = gathered ? 0 : extent_bytes(&row, array) - size;
    int64_t pitch = gathered ? bind_batch_elements(p, array) * size : magnitude(p->stride[array]) * size;
    if (batch + size > how->max_alloc) return 0;
    return pitch == 0 ? INT64_MAX : (how->max_alloc - batch) / pitch;
}

static void prepare_addresses(const job *j, const problem *p, const transfer *how, uintptr_t address[ARRAYS])
{
    for (int a = 0; a < ARRAYS; a++) {
        const location *at = &j->at[a];
        extent e = layout_extent(p, a);
        if (!at->on_host)
            address[a] = (uintptr_t)at->offset;
        else if (how->copy[a] || (a != OUT && how->gather[a]))
            address[a] = (uintptr_t)-e.low; /* buffers start aligned */
        else
            address[a] = (uintptr_t)at->host;
    }
}

/* A driver may still put a host array elsewhere, with its lower end (that of all arrays in one buffer) on a
 * boundary: then 16-byte boundaries hold only if every lower end was on one. */
static void distrust_vectors(const job *j, preparation *ready)
{
    int aligned = 1;
    for (int a = 0; a < ARRAYS; a++)
        if (j->at[a].on_host && !ready->how.copy[a])
            aligned &= (uintptr_t)(j->at[a].host + layout_extent(&ready->p, a).low) % 16 == 0;
    for (int a = X1; a <= X2 && !aligned; a++)
        if (j->at[a].on_host && !ready->how.copy[a]) ready->p.vectors[a] = 0;
}

/* At least this many elements must be bound at once: a chunk of the canonical sum of any dtype. */
enum { LEAST_ELEMENTS = 512 * 64 };

void job_prepare(const job *j, const policy *how, preparation *ready)
{
    uintptr_t address[ARRAYS];
    ready->p = j->p;
    ready->how = (transfer){0};
    ready->element_limit = INT64_MAX;
    for (int a = 0; a < ARRAYS; a++)
        ready->how.copy[a] = j->at[a].on_host && !(a == OUT ? shares_out(how) : how->share_host);
    for (int a = X1; a <= X2; a++) {
        if (!j->at[a].on_host || extent_bytes(&j->p, a) <= how->max_alloc) continue;
        int64_t fit = elements_that_fit(&j->p, how, a, 0);
        if (fit < LEAST_ELEMENTS && fit < j->p.n) {
            ready->how.gather[a] = 1;
            layout_make_dense(&ready->p, a);
            fit = elements_that_fit(&j->p, how, a, 1);
        }
        if (fit < ready->element_limit) ready->element_limit = fit;
    }
    if (ready->how.copy[OUT]) layout_make_dense(&ready->p, OUT);
    prepare_addresses(j, &ready->p, &ready->how, address);
    layout_alignment(&ready->p, address);
    distrust_vectors(j, ready);
    int through_results = j->overlaps || ready->p.type[OUT] != ready->p.result || ready->p.misaligned[OUT];
    plan_build(&ready->p, how, through_results, ready->element_limit, &ready->pl);
}

/* ---- Launching ---- */

/* Releases memory that enqueued work may still use. */
static void release_when_idle(vecdot_queue *queue, void *memory)
{
    const backend *driver = queue->context->dev.driver;
    if (!memory) return;
    (void)driver->queue_finish(queue->native);
    driver->memory_release(queue->context->native, memory);
}

static vecdot_status ensure_scratch(vecdot_queue *queue, size_t bytes)
{
    const backend *driver = queue->context->dev.driver;
    if (bytes <= queue->scratch_bytes) return VECDOT_SUCCESS;
    release_when_idle(queue, queue->scratch);
    queue->scratch = NULL;
    queue->scratch_bytes = 0;
    TRY(driver->memory_create(queue->context->native, bytes, &queue->scratch));
    queue->scratch_bytes = bytes;
    return VECDOT_SUCCESS;
}

/* Zeroed once: whatever launch counts leaves zeros behind. */
static vecdot_status ensure_counters(vecdot_queue *queue)
{
    static const uint32_t zeros[FUSED_COUNTERS];
    const backend *driver = queue->context->dev.driver;
    if (queue->counters) return VECDOT_SUCCESS;
    void *memory = NULL;
    TRY(driver->memory_create(queue->context->native, sizeof zeros, &memory));
    vecdot_status status = driver->memory_write(queue->native, memory, 0, zeros, sizeof zeros);
    if (status == VECDOT_SUCCESS)
        queue->counters = memory;
    else
        release_when_idle(queue, memory);
    return status;
}

/* One pass over the leading dimensions that a launch cannot take: where its arrays and results start. */
typedef struct pass {
    int64_t shift[ARRAYS]; /* bytes */
} pass;

static pass pass_at(const preparation *ready, int64_t index)
{
    const problem *p = &ready->p;
    pass s = {{0}};
    for (int d = ready->pl.passes_rank - 1; d >= 0; d--) {
        int64_t k = index % p->shape[d];
        index /= p->shape[d];
        for (int a = 0; a < ARRAYS; a++) s.shift[a] += k * p->step[a][d] * dtype_size(p->type[a]);
    }
    return s;
}

static int64_t pass_count(const preparation *ready)
{
    int64_t passes = 1;
    for (int d = 0; d < ready->pl.passes_rank; d++) passes *= ready->p.shape[d];
    return passes;
}

/* Results follow the partials in scratch, on a boundary that suits every dtype. */
static size_t results_offset(const plan *pl)
{
    return (pl->partial_bytes + 255) / 256 * 256;
}

static size_t scratch_bytes(const plan *pl)
{
    return pl->result_bytes > 0 ? results_offset(pl) + pl->result_bytes : pl->partial_bytes;
}

static vecdot_status launch_step(vecdot_queue *queue, const preparation *ready, const step *planned,
                                 const bindings *b, pass where, int64_t first_node, int64_t nodes)
{
    step s = *planned;
    void *kernel, *memory[BUFFERS] = {b->at[X1].memory, b->at[X2].memory, b->at[OUT].memory,
                                      queue->scratch,   queue->scratch,   queue->counters};
    int64_t offset[BUFFERS] = {b->at[X1].offset + where.shift[X1],   b->at[X2].offset + where.shift[X2],
                               b->at[OUT].offset + where.shift[OUT], 0,
                               (int64_t)results_offset(&ready->pl),  0};
    kernel_arg args[STEP_BUFFERS + 1];
    size_t count = 0;
    s.p.first_node = first_node;
    if (s.p.nodes != nodes) { /* a range of them: the plan's groups are for all */
        s.p.nodes = nodes;
        plan_size_step(&ready->pl, &queue->context->policy, &s);
    }
    int inputs = s.v.load != LOAD_NONE;
    int target = s.buffers[inputs ? 2 : s.v.kernel == KERNEL_FILL ? 0 : 1];
    for (; count < STEP_BUFFERS && s.buffers[count] >= 0; count++)
        args[count] = (kernel_arg){0, memory[s.buffers[count]]};
    if (inputs) {
        s.p.offset1 = offset[s.buffers[0]];
        s.p.offset2 = offset[s.buffers[1]];
    } else if (s.v.kernel == KERNEL_COPY) {
        s.p.offset1 = offset[BUFFER_RESULTS];
    }
    s.p.offset_out = offset[target];
    args[count++] = (kernel_arg){sizeof s.p, &s.p};
    TRY(kernel_get(queue, &s.v, &kernel));
    launch how = {s.groups, s.group_size, count, args};
    return queue->context->dev.driver->kernel_launch(queue->native, kernel, &how);
}

static vecdot_status launch_rest(vecdot_queue *queue, const preparation *ready, const bindings *b, pass where)
{
    for (int k = 1; k < ready->pl.step_count; k++)
        TRY(launch_step(queue, ready, &ready->pl.steps[k], b, where, 0, ready->pl.nodes));
    return VECDOT_SUCCESS;
}

/* Everything fits: bind once, launch every pass. */
static vecdot_status run_whole(vecdot_queue *queue, const job *j, const preparation *ready, bindings *b)
{
    int64_t passes = pass_count(ready);
    TRY(bind_arrays(queue, &j->p, &ready->p, &ready->how, j->at, 0, ready->p.n, 1, b));
    for (int64_t k = 0; k < passes; k++) {
        pass where = pass_at(ready, k);
        TRY(launch_step(queue, ready, &ready->pl.steps[0], b, where, 0, ready->pl.nodes));
        TRY(launch_rest(queue, ready, b, where));
    }
    return bind_deliver(queue, &j->p, &ready->p, &ready->how, j->at, b);
}

/* The contracted axis goes in ranges of whole nodes; the partials stay on the device until all are there. */
static vecdot_status run_ranges(vecdot_queue *queue, const job *j, const preparation *ready, bindings *b)
{
    const plan *pl = &ready->pl;
    const backend *driver = queue->context->dev.driver;
    int64_t node = pl->node_chunks * pl->chunk, passes = pass_count(ready);
    int64_t nodes = ready->element_limit / node < 1 ? 1 : ready->element_limit / node;
    for (int64_t k = 0; k < passes; k++) {
        pass where = pass_at(ready, k);
        for (int64_t first = 0; first < pl->nodes; first += nodes) {
            int64_t some = pl->nodes - first < nodes ? pl->nodes - first : nodes;
            int64_t count = (first + some) * node < ready->p.n ? some * node : ready->p.n - first * node;
            int with_out = k == 0 && first == 0;
            TRY(bind_arrays(queue, &j->p, &ready->p, &ready->how, j->at, first * node, count, with_out, b));
            TRY(launch_step(queue, ready, &pl->steps[0], b, where, first, some));
            TRY(driver->queue_finish(queue->native));
            bind_release(queue, b, 0);
        }
        TRY(launch_rest(queue, ready, b, where));
    }
    return bind_deliver(queue, &j->p, &ready->p, &ready->how, j->at, b);
}

/* ---- Pieces ---- */

/* Along which batch dimension an array reaches farthest, -1 for none. */
static int widest_dimension(const problem *p, int array, int64_t *bytes)
{
    int widest = -1;
    *bytes = 0;
    for (int d = 0; d < p->rank; d++) {
        int64_t reach = magnitude(p->step[array][d]) * (p->shape[d] - 1) * dtype_size(p->type[array]);
        if (reach > *bytes) {
            *bytes = reach;
            widest = d;
        }
    }
    return widest;
}

static int longest_dimension(const problem *p)
{
    int longest = -1;
    for (int d = 0; d < p->rank; d++)
        if (longest < 0 || p->shape[d] > p->shape[longest]) longest = d;
    return longest;
}

/* The batch dimension to cut in two, or -1 when the job can run as one piece. */
static int dimension_to_cut(const job *j, const policy *how)
{
    for (int a = 0; a < ARRAYS; a++) {
        int64_t batch, contracted;
        int d = widest_dimension(&j->p, a, &batch);
        if (!j->at[a].on_host || bound_bytes(j, how, a) <= how->max_alloc || d < 0) continue;
        contracted = a == OUT ? 0 : magnitude(j->p.stride[a]) * (j->p.n - 1) * dtype_size(j->p.type[a]);
        if (batch >= contracted) return d;
        if (elements_that_fit(&j->p, how, a, 0) < LEAST_ELEMENTS &&
            elements_that_fit(&j->p, how, a, 1) < LEAST_ELEMENTS)
            return d;
    }
    return -1;
}

static vecdot_status run_piece(vecdot_queue *queue, const job *j, const preparation *ready)
{
    bindings b = {0};
    TRY(ensure_scratch(queue, scratch_bytes(&ready->pl)));
    if (ready->pl.steps[0].p.fused) TRY(ensure_counters(queue));
    vecdot_status status =
        ready->element_limit < ready->p.n ? run_ranges(queue, j, ready, &b) : run_whole(queue, j, ready, &b);
    if (status != VECDOT_SUCCESS) (void)queue->context->dev.driver->queue_finish(queue->native);
    bind_release(queue, &b, 1);
    return status;
}

vecdot_status job_run(vecdot_queue *queue, const job *j)
{
    const policy *how = &queue->context->policy;
    int d = dimension_to_cut(j, how);
    if (d < 0) {
        preparation ready;
        job_prepare(j, how, &ready);
        if (!j->overlaps && scratch_bytes(&ready.pl) > (size_t)how->max_alloc) d = longest_dimension(&j->p);
        if (d < 0) return run_piece(queue, j, &ready);
    }
    job part = *j;
    int64_t half = j->p.shape[d] / 2;
    part.p.shape[d] = half;
    layout_collapse(&part.p);
    TRY(job_run(queue, &part));
    part = *j;
    part.p.shape[d] -= half;
    for (int a = 0; a < ARRAYS; a++)
        part.at[a] = location_shift(part.at[a], half * j->p.step[a][d] * dtype_size(j->p.type[a]));
    layout_collapse(&part.p);
    return job_run(queue, &part);
}
