/* Runs a job's pieces, one after another. On a device that copies, the next piece is copied in a queue of
 * its own while the device computes. The results of a piece are read after the next piece was enqueued. */
#include "core/run/pieces.h"
#include "core/problem/layout.h"

#include "core/base/status.h"
#include "core/run/launch.h"

#include <stdlib.h>

/* A job that is running. */
typedef struct course {
    vecdot_queue *queue;
    plan_policy policy;
    stage stage;
    int ahead;     /* a piece is copied while the device computes the one before */
    int in_pieces; /* the job has more than one */
    int on_host;   /* at least one array is on the host */
    delivery due;  /* results of the piece before, if has_pending */
    int is_due;
    int reused;                 /* buffers kept by the queue were reused; after a failure they are free */
    uint64_t done, told, total; /* products; `reported` is the last `done` that the program was given */
} course;

static const backend *driver_of(const course *c)
{
    return c->queue->context->dev.driver;
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
static vecdot_status tell(course *c)
{
    const vecdot_queue *queue = c->queue;
    if (!queue->progress || !c->in_pieces || !c->on_host) return VECDOT_SUCCESS;
    if (c->done < c->told) return VECDOT_SUCCESS;
    c->told = c->done;
    TRY(context_leave(queue->context, VECDOT_SUCCESS)); /* the program's function must find its own context */
    int stop = queue->progress(queue->progress_user, c->done, c->total);
    TRY(context_enter(queue->context));
    if (!stop) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_BACKEND,
                "stopped by the program's progress function after %llu of %llu products",
                (unsigned long long)c->done, (unsigned long long)c->total);
}

static void advance(course *c, uint64_t more)
{
    c->done = c->total - c->done < more ? c->total : c->done + more;
}

/* ---- One piece ---- */

/* Makes the launches that follow wait for the copies just enqueued, and later copies wait for the launches
 * made so far. */
static vecdot_status hand_over(const course *c)
{
    const backend *driver = driver_of(c);
    if (!c->ahead) return VECDOT_SUCCESS;
    TRY(driver->queue_follow(c->stage.copies, c->queue->native));
    return driver->queue_follow(c->queue->native, c->stage.copies);
}

static vecdot_status start(const course *c)
{
    const backend *driver = driver_of(c);
    return c->ahead && driver->queue_start ? driver->queue_start(c->queue->native) : VECDOT_SUCCESS;
}

static vecdot_status deliver_due(course *c)
{
    if (!c->is_due) return VECDOT_SUCCESS;
    c->is_due = 0;
    return bind_deliver(c->queue, &c->stage, &c->due);
}

/* Ends a piece after its last launch. */
static vecdot_status conclude(course *c, const job *j, const preparation *ready, const bindings *b)
{
    TRY(start(c));
    TRY(deliver_due(c));
    if (!c->on_host) return VECDOT_SUCCESS; /* the work stays enqueued */
    if (j->at[OUT].on_host) {
        c->due = (delivery){j->p, ready->p, j->at[OUT], b->at[OUT], ready->transfer.copy[OUT]};
        c->is_due = 1;
    }
    if (c->ahead) return VECDOT_SUCCESS;
    return c->is_due ? deliver_due(c) : driver_of(c)->queue_finish(c->queue->native);
}

static vecdot_status bind(course *c, const job *j, const preparation *ready, int64_t first, int64_t count,
                          int with_out, bindings *b)
{
    TRY(bind_arrays(c->queue, &c->stage, &j->p, &ready->p, &ready->transfer, j->at, first, count, with_out,
                    b));
    return hand_over(c);
}

/* Runs a piece that fits: binds once and launches every pass. */
static vecdot_status run_whole(course *c, const job *j, const preparation *ready, bindings *b)
{
    int64_t passes = pass_count(ready);
    int served = 0;
    TRY(tell(c));
    TRY(bind(c, j, ready, 0, ready->p.n, 1, b));
    if (ready->not_blas == NULL) TRY(launch_blas(c->queue, ready, b, &served));
    for (int64_t k = 0; k < passes && !served; k++) {
        pass where = pass_at(ready, k);
        TRY(launch_main(c->queue, ready, b, where, 0, ready->pl.nodes));
        TRY(launch_rest(c->queue, ready, b, where));
    }
    advance(c, products(&ready->p));
    return conclude(c, j, ready, b);
}

/* Launches one range of nodes. Unless copies overlap with computing, it waits for the launch. */
static vecdot_status run_range(course *c, const job *j, const preparation *ready, pass where, int64_t first,
                               int64_t nodes, int with_out, bindings *b)
{
    int64_t node = ready->pl.node_chunks * ready->pl.chunk, start_at = first * node;
    int64_t count = nodes * node < ready->p.n - start_at ? nodes * node : ready->p.n - start_at;
    TRY(tell(c));
    TRY(bind(c, j, ready, start_at, count, with_out, b));
    TRY(launch_main(c->queue, ready, b, where, first, nodes));
    if (c->ahead) {
        TRY(start(c));
    } else {
        TRY(driver_of(c)->queue_finish(c->queue->native));
        bind_release(c->queue, b, 0);
    }
    return VECDOT_SUCCESS;
}

/* Runs a piece by ranges of whole nodes along the contracted axis. The partials stay on the device until
 * all are computed. */
static vecdot_status run_ranges(course *c, const job *j, const preparation *ready, bindings *b)
{
    const plan *pl = &ready->pl;
    int64_t node = pl->node_chunks * pl->chunk, passes = pass_count(ready);
    int64_t nodes = ready->element_limit / node < 1 ? 1 : ready->element_limit / node;
    c->in_pieces = 1;
    for (int64_t k = 0; k < passes; k++) {
        pass where = pass_at(ready, k);
        for (int64_t first = 0; first < pl->nodes; first += nodes) {
            int64_t some = pl->nodes - first < nodes ? pl->nodes - first : nodes;
            TRY(run_range(c, j, ready, where, first, some, k == 0 && first == 0, b));
            advance(c, products(&ready->p) / (uint64_t)(passes * pl->nodes) * (uint64_t)some);
        }
        TRY(launch_rest(c->queue, ready, b, where));
    }
    return conclude(c, j, ready, b);
}

static vecdot_status run_piece(course *c, const job *j, const preparation *ready)
{
    bindings b = {0};
    TRY(launch_ready(c->queue, ready));
    vecdot_status status =
        ready->element_limit < ready->p.n ? run_ranges(c, j, ready, &b) : run_whole(c, j, ready, &b);
    if (status != VECDOT_SUCCESS) (void)driver_of(c)->queue_finish(c->queue->native);
    bind_release(c->queue, &b, 1);
    return status;
}

/* ---- All of them ---- */

static vecdot_status run_pieces(course *c, const job *j)
{
    int d = job_dimension_to_cut(j, &c->policy);
    if (d < 0) {
        preparation ready;
        job_prepare(j, &c->policy, &ready);
        if (!j->overlaps && scratch_bytes(&ready.pl) > (size_t)c->policy.max_alloc)
            d = problem_longest_dimension(&j->p);
        if (d < 0) return run_piece(c, j, &ready);
    }
    job part = *j;
    int64_t half = j->p.shape[d] / 2;
    c->in_pieces = 1;
    part.p.shape[d] = half;
    layout_collapse(&part.p);
    TRY(run_pieces(c, &part));
    part = *j;
    part.p.shape[d] -= half;
    for (int a = 0; a < ARRAYS; a++)
        part.at[a] = location_shift(part.at[a], half * j->p.step[a][d] * dtype_size(j->p.type[a]));
    layout_collapse(&part.p);
    return run_pieces(c, &part);
}

/* Makes the queue for copies, at the first job that needs it. */
static vecdot_status copies_ready(vecdot_queue *queue)
{
    const backend *driver = queue->context->dev.driver;
    if (queue->copies) return VECDOT_SUCCESS;
    void *native = calloc(1, driver->queue_size);
    if (!native) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for a queue");
    vecdot_status status = driver->queue_open(native, queue->context->native, NULL);
    if (status == VECDOT_SUCCESS)
        queue->copies = native;
    else
        free(native);
    return status;
}

/* Waits for all work and delivers the last results. */
static vecdot_status complete(course *c)
{
    TRY(driver_of(c)->queue_finish(c->queue->native));
    return deliver_due(c);
}

static vecdot_status attempt(course *c, const job *j)
{
    const backend *driver = driver_of(c);
    void *copies = c->ahead ? c->queue->copies : c->queue->native;
    c->done = 0;
    c->is_due = 0;
    c->stage = (stage){.copies = copies, .turns = c->ahead ? TURNS : 1};
    c->reused = stage_take(c->queue, &c->stage);
    for (int a = 0; a < ARRAYS && c->ahead; a++) {
        int64_t all = j->at[a].on_host ? job_bound_bytes(j, &c->policy, a) : 0;
        c->stage.least[a] = all < c->policy.max_alloc ? all : c->policy.max_alloc;
    }
    vecdot_status status = run_pieces(c, j);
    if (status == VECDOT_SUCCESS && c->ahead) status = complete(c);
    if (status == VECDOT_SUCCESS) {
        stage_keep(c->queue, &c->stage);
        return status;
    }
    (void)driver->queue_finish(c->queue->native);
    (void)driver->queue_finish(copies);
    stage_free(c->queue->context, &c->stage);
    return status;
}

/* Bytes of the largest host array. */
static int64_t largest(const job *j, const plan_policy *policy)
{
    int64_t bytes = 0;
    for (int a = 0; a < ARRAYS; a++)
        if (j->at[a].on_host && job_bound_bytes(j, policy, a) > bytes) bytes = job_bound_bytes(j, policy, a);
    return bytes;
}

/* Smaller pieces than LEAST_PIECE bytes are not tried. LEAST_STEP: pieces in place are not cut smaller for
 * progress reports. */
enum { LEAST_PIECE = 1 << 18, LEAST_STEP = 64 << 20 };

/* Bytes of a piece. The copies of two pieces share the device's memory. Pieces in place cost nothing, so
 * the job is cut into more of them, to report progress. It is not, if the elements of a sum lie so far
 * apart that small pieces would have to be gathered. */
static int64_t piece_bytes(const job *j, const plan_policy *policy)
{
    int64_t view = policy->max_alloc / 8 > LEAST_STEP ? policy->max_alloc / 8 : LEAST_STEP;
    if (!policy->share_host) return policy->max_alloc / TURNS;
    if (view > policy->max_alloc || j->overlaps) return policy->max_alloc;
    for (int a = X1; a <= X2; a++)
        if (j->at[a].on_host && job_least_reach(j, policy, a) > view) return policy->max_alloc;
    return view;
}

/* Other programs may use the device's memory, so that less is free than the policy assumes. Then the
 * pieces are halved and all pieces run again. */
vecdot_status job_run(vecdot_queue *queue, const job *j)
{
    course c = {.queue = queue, .policy = queue->context->policy, .total = products(&j->p)};
    int64_t whole = largest(j, &c.policy);
    int copies = whole > 0 && !c.policy.share_host;
    c.on_host = j->at[X1].on_host || j->at[X2].on_host || j->at[OUT].on_host;
    c.ahead = copies && job_needs_pieces(j, &c.policy);
    if (job_needs_pieces(j, &c.policy) || (queue->progress && c.policy.share_host))
        c.policy.max_alloc = piece_bytes(j, &c.policy);
    for (;;) {
        if (c.ahead) TRY(copies_ready(queue));
        vecdot_status status = attempt(&c, j);
        int64_t most = whole < c.policy.max_alloc ? whole : c.policy.max_alloc,
                limit = most / (c.ahead ? 2 : 2 * TURNS);
        if (status == VECDOT_SUCCESS) break;
        if (status == VECDOT_ERROR_OUT_OF_MEMORY && c.reused && !j->overlaps) continue;
        if (status != VECDOT_ERROR_OUT_OF_MEMORY || !copies || j->overlaps || limit < LEAST_PIECE)
            return status;
        TRY(context_leave(queue->context, VECDOT_SUCCESS)); /* the logger must find its own context */
        log_line("no room for pieces of %lld bytes, trying %lld: %s", (long long)most, (long long)limit,
                 vecdot_last_error());
        TRY(context_enter(queue->context));
        c.policy.max_alloc = limit;
        c.ahead = 1;
    }
    c.done = c.total;
    (void)tell(&c);
    return VECDOT_SUCCESS;
}
