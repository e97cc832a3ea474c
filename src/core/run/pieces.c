/* Runs a job's pieces, one after another. On a device that copies, the next piece is copied in a queue of
 * its own while the device computes. The results of a piece are read after the next piece was enqueued. */
#include "core/run/pieces.h"

#include "core/base/status.h"
#include "core/problem/layout.h"
#include "core/run/launch.h"

#include <stdlib.h>

/* A job that is running. */
typedef struct execution {
    vecdot_queue *queue;
    plan_policy policy;
    stage stage;
    int overlapped;   /* a piece is copied while the device computes the one before */
    int in_pieces;    /* the job has more than one */
    int on_host;      /* at least one array is on the host */
    delivery pending; /* results of the piece before, if has_pending */
    int has_pending;
    problem *pending_problems;      /* two, to which `pending` points */
    preparation *ready;             /* of the piece at hand: too large to be on the stack at each cut */
    int reused;                     /* buffers kept by the queue were reused; after a failure they are free */
    uint64_t done, reported, total; /* products; `reported` is the last `done` that the program was given */
} execution;

static const backend *driver_of(const execution *e)
{
    return e->queue->context->dev.driver;
}

/* ---- Progress ---- */

/* The number of products. A sum of no products counts as one, so that every job has some. */
static uint64_t products(const problem *p)
{
    uint64_t all, n = p->n > 0 ? (uint64_t)p->n : 1;
    return __builtin_mul_overflow((uint64_t)problem_outputs(p), n, &all) ? UINT64_MAX : all;
}

/* Calls the program's progress function. A retry with smaller pieces reports nothing until it has got
 * further than the attempt before. */
static vecdot_status report_progress(execution *e)
{
    const vecdot_queue *queue = e->queue;
    if (!queue->progress || !e->in_pieces || !e->on_host) return VECDOT_SUCCESS;
    if (e->done < e->reported) return VECDOT_SUCCESS;
    e->reported = e->done;
    TRY(context_leave(queue->context, VECDOT_SUCCESS)); /* the program's function must find its own context */
    int stop = queue->progress(queue->progress_user, e->done, e->total);
    TRY(context_enter(queue->context));
    if (!stop) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_BACKEND,
                "stopped by the program's progress function after %llu of %llu products",
                (unsigned long long)e->done, (unsigned long long)e->total);
}

static void advance(execution *e, uint64_t more)
{
    e->done = e->total - e->done < more ? e->total : e->done + more;
}

/* ---- One piece ---- */

/* Makes the launches that follow wait for the copies just enqueued, and later copies wait for the launches
 * made so far. */
static vecdot_status order_queues(const execution *e)
{
    const backend *driver = driver_of(e);
    if (!e->overlapped) return VECDOT_SUCCESS;
    TRY(driver->queue_follow(e->stage.copy_queue, e->queue->native));
    return driver->queue_follow(e->queue->native, e->stage.copy_queue);
}

static vecdot_status start_queue(const execution *e)
{
    const backend *driver = driver_of(e);
    return e->overlapped && driver->queue_start ? driver->queue_start(e->queue->native) : VECDOT_SUCCESS;
}

static vecdot_status deliver_pending(execution *e)
{
    if (!e->has_pending) return VECDOT_SUCCESS;
    e->has_pending = 0;
    return bind_deliver(e->queue, &e->stage, &e->pending);
}

/* Ends a piece after its last launch. */
static vecdot_status finish_piece(execution *e, const job *j, const preparation *ready, const bindings *b)
{
    TRY(start_queue(e));
    TRY(deliver_pending(e));
    if (!e->on_host) return VECDOT_SUCCESS; /* the work stays enqueued */
    if (j->at[OUT].on_host) {
        problem_copy(&e->pending_problems[0], &j->p);
        problem_copy(&e->pending_problems[1], &ready->p);
        e->pending = (delivery){&e->pending_problems[0], &e->pending_problems[1], j->at[OUT], b->at[OUT],
                                ready->transfer.copy[OUT]};
        e->has_pending = 1;
    }
    if (e->overlapped) return VECDOT_SUCCESS;
    return e->has_pending ? deliver_pending(e) : driver_of(e)->queue_finish(e->queue->native);
}

static vecdot_status bind(execution *e, const job *j, const preparation *ready, int64_t first, int64_t count,
                          int with_out, bindings *b)
{
    TRY(bind_arrays(e->queue, &e->stage, &j->p, &ready->p, &ready->transfer, j->at, first, count, with_out,
                    b));
    return order_queues(e);
}

/* Runs a piece that fits: binds once and launches every pass. */
static vecdot_status run_whole(execution *e, const job *j, preparation *ready, bindings *b)
{
    TRY(report_progress(e));
    TRY(bind(e, j, ready, 0, ready->p.n, 1, b));
    TRY(launch_all(e->queue, ready, b));
    advance(e, products(&ready->p));
    return finish_piece(e, j, ready, b);
}

/* Launches one range of nodes. Unless copies overlap with computing, it waits for the launch. */
static vecdot_status run_range(execution *e, const job *j, preparation *ready, pass current, int64_t first,
                               int64_t nodes, int with_out, bindings *b)
{
    int64_t node = ready->pl.node_chunks * ready->pl.chunk, start = first * node;
    int64_t count = nodes * node < ready->p.n - start ? nodes * node : ready->p.n - start;
    TRY(report_progress(e));
    TRY(bind(e, j, ready, start, count, with_out, b));
    TRY(launch_main(e->queue, ready, b, current, first, nodes));
    if (e->overlapped) {
        TRY(start_queue(e));
    } else {
        TRY(driver_of(e)->queue_finish(e->queue->native));
        bind_release(e->queue, b, 0);
    }
    return VECDOT_SUCCESS;
}

/* Runs a piece by ranges of whole nodes along the contracted axis. The partials stay on the device until
 * all are computed. */
static vecdot_status run_ranges(execution *e, const job *j, preparation *ready, bindings *b)
{
    const plan *pl = &ready->pl;
    int64_t node = pl->node_chunks * pl->chunk, passes = pass_count(ready);
    int64_t nodes = ready->element_limit / node < 1 ? 1 : ready->element_limit / node;
    e->in_pieces = 1;
    for (int64_t k = 0; k < passes; k++) {
        pass current = pass_at(ready, k);
        for (int64_t first = 0; first < pl->nodes; first += nodes) {
            int64_t some = pl->nodes - first < nodes ? pl->nodes - first : nodes;
            TRY(run_range(e, j, ready, current, first, some, k == 0 && first == 0, b));
            advance(e, products(&ready->p) / (uint64_t)(passes * pl->nodes) * (uint64_t)some);
        }
        TRY(launch_rest(e->queue, ready, b, current));
    }
    return finish_piece(e, j, ready, b);
}

static vecdot_status run_piece(execution *e, const job *j, preparation *ready)
{
    bindings b = {0};
    TRY(launch_reserve(e->queue, ready));
    vecdot_status status =
        ready->element_limit < ready->p.n ? run_ranges(e, j, ready, &b) : run_whole(e, j, ready, &b);
    if (status != VECDOT_SUCCESS) (void)driver_of(e)->queue_finish(e->queue->native);
    bind_release(e->queue, &b, 1);
    return status;
}

/* ---- All of them ---- */

static vecdot_status run_pieces(execution *e, const job *j)
{
    int d = job_dimension_to_cut(j, &e->policy);
    if (d < 0) {
        job_prepare(j, &e->policy, e->ready);
        if (!j->overlaps && plan_scratch_bytes(&e->ready->pl) > (size_t)e->policy.max_alloc)
            d = problem_longest_dimension(&j->p);
        if (d < 0) return run_piece(e, j, e->ready);
    }
    job part = *j;
    int64_t half = j->p.shape[d] / 2;
    e->in_pieces = 1;
    part.p.shape[d] = half;
    job_reshape(&part);
    TRY(run_pieces(e, &part));
    part = *j;
    part.p.shape[d] -= half;
    for (int a = 0; a < ARRAYS; a++)
        part.at[a] = location_shift(part.at[a], half * j->p.step[a][d] * dtype_size(j->p.type[a]));
    job_reshape(&part);
    return run_pieces(e, &part);
}

/* Makes the queue for copies, at the first job that needs it. */
static vecdot_status copy_queue_ready(vecdot_queue *queue)
{
    const backend *driver = queue->context->dev.driver;
    if (queue->copy_queue) return VECDOT_SUCCESS;
    void *native = calloc(1, driver->queue_size);
    if (!native) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a queue");
    vecdot_status status = driver->queue_open(native, queue->context->native, NULL);
    if (status == VECDOT_SUCCESS)
        queue->copy_queue = native;
    else
        free(native);
    return status;
}

/* Waits for all work and delivers the last results. */
static vecdot_status finish(execution *e)
{
    TRY(driver_of(e)->queue_finish(e->queue->native));
    return deliver_pending(e);
}

static vecdot_status attempt(execution *e, const job *j)
{
    const backend *driver = driver_of(e);
    void *copy_queue = e->overlapped ? e->queue->copy_queue : e->queue->native;
    e->done = 0;
    e->has_pending = 0;
    e->stage = (stage){.copy_queue = copy_queue, .turns = e->overlapped ? TURNS : 1};
    e->reused = stage_take(e->queue, &e->stage);
    for (int a = 0; a < ARRAYS && e->overlapped; a++) {
        int64_t all = j->at[a].on_host ? job_bound_bytes(j, &e->policy, a) : 0;
        e->stage.least_bytes[a] = all < e->policy.max_alloc ? all : e->policy.max_alloc;
    }
    vecdot_status status = run_pieces(e, j);
    if (status == VECDOT_SUCCESS && e->overlapped) status = finish(e);
    if (status == VECDOT_SUCCESS) {
        stage_keep(e->queue, &e->stage);
        return status;
    }
    (void)driver->queue_finish(e->queue->native);
    (void)driver->queue_finish(copy_queue);
    stage_free(e->queue->context, &e->stage);
    return status;
}

/* Bytes of the largest host array. */
static int64_t largest_host_array(const job *j, const plan_policy *policy)
{
    int64_t bytes = 0;
    for (int a = 0; a < ARRAYS; a++)
        if (j->at[a].on_host && job_bound_bytes(j, policy, a) > bytes) bytes = job_bound_bytes(j, policy, a);
    return bytes;
}

/* Smaller pieces than LEAST_PIECE bytes are not tried. Pieces in place are cut for progress reports to at
 * least LEAST_STEP bytes and at most MOST_STEP, some hundredths of a second of memory's time: a machine's
 * memory says nothing of how long its user waits. */
enum { LEAST_PIECE = 1 << 18, LEAST_STEP = 64 << 20, MOST_STEP = 256 << 20 };

/* Bytes of a piece. The copies of two pieces share the device's memory. Pieces in place cost nothing, so
 * the job is cut into more of them, to report progress. It is not, if the elements of a sum lie so far
 * apart that small pieces would have to be gathered. */
static int64_t piece_bytes(const job *j, const plan_policy *policy)
{
    int64_t eighth = policy->max_alloc / 8;
    int64_t view = eighth < LEAST_STEP ? LEAST_STEP : eighth < MOST_STEP ? eighth : MOST_STEP;
    if (!policy->share_host) return policy->max_alloc / TURNS;
    if (view > policy->max_alloc || j->overlaps) return policy->max_alloc;
    for (int a = X1; a <= X2; a++)
        if (j->at[a].on_host && job_least_reach(j, policy, a) > view) return policy->max_alloc;
    return view;
}

/* Other programs may use the device's memory, so that less is free than the policy assumes. Then the
 * pieces are halved and all pieces run again. */
vecdot_status pieces_run(vecdot_queue *queue, const job *j)
{
    problem pending[2];
    preparation ready;
    execution e = {.queue = queue,
                   .policy = queue->context->policy,
                   .pending_problems = pending,
                   .ready = &ready,
                   .total = products(&j->p)};
    int64_t whole = largest_host_array(j, &e.policy);
    int copied = whole > 0 && !e.policy.share_host;
    e.on_host = j->at[X1].on_host || j->at[X2].on_host || j->at[OUT].on_host;
    e.overlapped = copied && job_needs_pieces(j, &e.policy);
    if (job_needs_pieces(j, &e.policy) || (queue->progress && e.policy.share_host))
        e.policy.max_alloc = piece_bytes(j, &e.policy);
    for (;;) {
        if (e.overlapped) TRY(copy_queue_ready(queue));
        vecdot_status status = attempt(&e, j);
        int64_t most = whole < e.policy.max_alloc ? whole : e.policy.max_alloc,
                limit = most / (e.overlapped ? 2 : 2 * TURNS);
        if (status == VECDOT_SUCCESS) break;
        if (status == VECDOT_ERROR_OUT_OF_MEMORY && e.reused && !j->overlaps) continue;
        if (status != VECDOT_ERROR_OUT_OF_MEMORY || !copied || j->overlaps || limit < LEAST_PIECE)
            return status;
        TRY(context_leave(queue->context, VECDOT_SUCCESS)); /* the logger must find its own context */
        log_line("no room for pieces of %lld bytes, trying %lld: %s", (long long)most, (long long)limit,
                 vecdot_last_error());
        TRY(context_enter(queue->context));
        e.policy.max_alloc = limit;
        e.overlapped = 1;
    }
    e.done = e.total;
    (void)report_progress(&e);
    return VECDOT_SUCCESS;
}
