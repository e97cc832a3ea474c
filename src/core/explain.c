/* What vecdot_explain prints: one fact a line, so that people and tests can read it. */
#include "core/explain.h"

#include "core/host/host_path.h"

static void explain_array(text *t, const problem *p, const job *j, int array)
{
    static const char *const names[ARRAYS] = {"x1", "x2", "out"};
    int64_t steps[VECDOT_MAX_NDIM + 1];
    int rank = p->rank;
    for (int d = 0; d < rank; d++) steps[d] = p->step[array][d];
    text_add(t, "  %-4s %-5s on the %s, batch strides ", names[array], dtype_name(p->type[array]),
             j->at[array].on_host ? "host" : "device");
    text_add_shape(t, rank, steps);
    if (array != OUT) text_add(t, ", contracted stride %lld", (long long)p->stride[array]);
    if (p->misaligned[array]) text_add(t, ", misaligned");
    text_add(t, "\n");
}

static void explain_transfer(text *t, const preparation *ready, const job *j, const policy *how)
{
    for (int a = X1; a <= X2; a++)
        if (ready->how.gather[a]) text_add(t, "  x%d is gathered into dense staging memory\n", a + 1);
    int on_host = j->at[X1].on_host || j->at[X2].on_host || j->at[OUT].on_host;
    if (on_host) text_add(t, "  host arrays are %s\n", how->share_host ? "used in place" : "copied");
    if (job_needs_pieces(j, how))
        text_add(t, "  larger than one buffer of %lld bytes: runs in pieces\n", (long long)how->max_alloc);
}

/* All that tells one launch of a variant from another, since `vecdot tune` compares plans by these lines. */
static void explain_launch(text *t, int number, const step *s)
{
    char label[96];
    variant_label(&s->v, label, sizeof label);
    text_add(t, "launch %d: %s, %zu groups of %zu", number, label, s->groups, s->group_size);
    if (s->p.members > 1 || s->p.span > 1)
        text_add(t, ", %d members of %lld", (int)s->p.members, (long long)s->p.span);
    if (s->p.block > 1) text_add(t, ", blocks of %lld", (long long)s->p.block);
    if (s->p.panel > 0) text_add(t, ", panels of %lld columns", (long long)s->p.panel);
    text_add(t, "\n");
}

static void explain_blas(text *t, const preparation *ready, const blas_policy *blas)
{
    const gemm *g = &ready->product;
    if (ready->not_blas != NULL) {
        text_add(t, "  not by the vendor's BLAS: %s\n", ready->not_blas);
        return;
    }
    text_add(t, "launch 1: %s, %s gemm %s%s, m %lld, n %lld, k %lld, batch %lld\n", blas->offer->library,
             dtype_name(g->type), gemm_op_name(g->a.op), gemm_op_name(g->b.op), (long long)g->m,
             (long long)g->n, (long long)g->depth, (long long)g->batch);
}

/* Where `vecdot tune` has been at work. */
static void explain_thresholds(text *t, const vecdot_context *context)
{
    thresholds table = schedule_values(schedule_for(&context->dev));
    int changed = 0;
    for (int i = 0; i < THRESHOLDS; i++) {
        int64_t now = threshold_get(&context->policy.at, i), was = threshold_get(&table, i);
        if (now == was) continue;
        text_add(t, "%s%s %lld instead of %lld",
                 changed++ ? ", " : "tuned thresholds: ", threshold_rows[i].name, (long long)now,
                 (long long)was);
    }
    if (changed) text_add(t, "\n");
}

void explain_job(text *t, const vecdot_context *context, const job *j)
{
    preparation ready;
    job_prepare(j, &context->policy, &ready);
    const plan *pl = &ready.pl;
    text_add(t, "problem: %s -> %s, %lld sums of %lld products\n", operation_name(j->p.op),
             dtype_name(j->p.result), (long long)problem_outputs(&j->p), (long long)j->p.n);
    text_add(t, "  collapsed batch shape ");
    text_add_shape(t, ready.p.rank, ready.p.shape);
    text_add(t, "\n");
    for (int a = 0; a < ARRAYS; a++) explain_array(t, &ready.p, j, a);
    if (host_path_takes(j, &context->policy)) {
        text_add(t, "plan: on the calling thread (%s)%s, about %.0f ns%s\n",
                 host_set_name(context->policy.host_set),
                 j->p.is_matrix ? " in the order of class matrix" : "", host_path_estimate(&j->p),
                 context->policy.host == HOST_AUTO ? ", sooner than a launch" : "");
        explain_thresholds(t, context);
        return;
    }
    explain_transfer(t, &ready, j, &context->policy);
    text_add(t, "plan: class %s, %s schedule\n", plan_class_name(pl->cls),
             pl->schedule == SCHEDULE_CPU ? "CPU" : "GPU");
    if (pl->nodes > 1)
        text_add(t, "  each sum in %lld tree nodes of %lld elements\n", (long long)pl->nodes,
                 (long long)(pl->node_chunks * pl->chunk));
    if (pl->partial_bytes + pl->result_bytes > 0)
        text_add(t, "  scratch: %zu bytes of partials, %zu of results\n", pl->partial_bytes,
                 pl->result_bytes);
    if (ready.p.is_matrix) explain_blas(t, &ready, &context->policy.blas);
    for (int k = 0; k < pl->step_count && ready.not_blas != NULL; k++)
        explain_launch(t, k + 1, &pl->steps[k]);
    explain_thresholds(t, context);
}
