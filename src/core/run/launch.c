/* Allocates scratch, fills arguments, and launches a plan's steps on bound arrays. */
#include "core/run/launch.h"

#include "core/base/status.h"
#include "core/run/backend_blas.h"
#include "core/run/program_cache.h"

/* Releases memory after the queue's work is complete, since that may use the memory. */
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

/* The counters are zeroed once. Every launch that counts leaves zeros behind. */
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

pass pass_at(const preparation *ready, int64_t index)
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

int64_t pass_count(const preparation *ready)
{
    int64_t passes = 1;
    for (int d = 0; d < ready->pl.passes_rank; d++) passes *= ready->p.shape[d];
    return passes;
}

/* In scratch the results come after the partials, on a boundary that suits every dtype. */
static size_t results_offset(const plan *pl)
{
    return (pl->partial_bytes + 255) / 256 * 256;
}

size_t plan_scratch_bytes(const plan *pl)
{
    return pl->result_bytes > 0 ? results_offset(pl) + pl->result_bytes : pl->partial_bytes;
}

vecdot_status launch_reserve(vecdot_queue *queue, const preparation *ready)
{
    TRY(ensure_scratch(queue, plan_scratch_bytes(&ready->pl)));
    return ready->pl.steps[0].p.fused ? ensure_counters(queue) : VECDOT_SUCCESS;
}

/* Building a program logs a line. The logger must find the driver's state as the program left it, so the
 * context is left first. */
static vecdot_status ready_program(vecdot_queue *queue, const variant *v, void **program)
{
    vecdot_context *context = queue->context;
    *program = program_find(context->programs, v);
    if (*program) return VECDOT_SUCCESS;
    TRY(context_leave(context, VECDOT_SUCCESS));
    TRY(program_get(context->programs, v, program));
    return context_enter(context);
}

static vecdot_status launch_step(vecdot_queue *queue, const plan *pl, step *s, const bindings *b,
                                 pass current, int64_t first_node, int64_t nodes)
{
    void *program, *memory[BUFFERS] = {b->at[X1].memory, b->at[X2].memory, b->at[OUT].memory,
                                       queue->scratch,   queue->scratch,   queue->counters};
    int64_t offset[BUFFERS] = {b->at[X1].offset + current.shift[X1],
                               b->at[X2].offset + current.shift[X2],
                               b->at[OUT].offset + current.shift[OUT],
                               0,
                               (int64_t)results_offset(pl),
                               0};
    kernel_arg args[STEP_BUFFERS + 1];
    size_t count = 0;
    s->p.first_node = first_node;
    if (s->p.nodes != nodes) { /* the groups are for another number of nodes */
        s->p.nodes = nodes;
        plan_size_step(pl, &queue->context->policy, s);
    }
    int inputs = kernel_rows[s->v.kernel].inputs;
    for (; count < STEP_BUFFERS && s->buffers[count] >= 0; count++)
        args[count] = (kernel_arg){0, memory[s->buffers[count]]};
    if (inputs > 0) s->p.offset1 = offset[s->buffers[0]];
    if (inputs > 1) s->p.offset2 = offset[s->buffers[1]];
    s->p.offset_out = offset[s->buffers[inputs]];
    args[count++] = (kernel_arg){sizeof s->p, &s->p};
    TRY(ready_program(queue, &s->v, &program));
    launch l = {s->groups, s->group_size, count, args, s->products, s->bytes};
    return queue->context->dev.driver->launch(queue->native, program, &l);
}

vecdot_status launch_main(vecdot_queue *queue, preparation *ready, const bindings *b, pass current,
                          int64_t first_node, int64_t nodes)
{
    return launch_step(queue, &ready->pl, &ready->pl.steps[0], b, current, first_node, nodes);
}

vecdot_status launch_rest(vecdot_queue *queue, preparation *ready, const bindings *b, pass current)
{
    for (int k = 1; k < ready->pl.step_count; k++)
        TRY(launch_step(queue, &ready->pl, &ready->pl.steps[k], b, current, 0, ready->pl.nodes));
    return VECDOT_SUCCESS;
}

/* *served stays 0 where the BLAS does not take the product after all. */
static vecdot_status launch_blas(vecdot_queue *queue, const preparation *ready, const bindings *b,
                                 int *served)
{
    gemm g = ready->product;
    gemm_matrix *const matrices[] = {&g.a, &g.b, &g.c};
    for (int k = 0; k < ARRAYS; k++) {
        const binding *at = &b->at[matrices[k]->array];
        matrices[k]->memory = at->memory;
        matrices[k]->offset = at->offset;
    }
    return queue->context->dev.driver->blas->gemm(queue->native, &g, served);
}

vecdot_status launch_all(vecdot_queue *queue, preparation *ready, const bindings *b)
{
    int64_t passes = pass_count(ready);
    int served = 0;
    if (ready->why_no_blas == NULL) TRY(launch_blas(queue, ready, b, &served));
    for (int64_t k = 0; k < passes && !served; k++) {
        pass current = pass_at(ready, k);
        TRY(launch_main(queue, ready, b, current, 0, ready->pl.nodes));
        TRY(launch_rest(queue, ready, b, current));
    }
    return VECDOT_SUCCESS;
}
