/* What vecdot_explain prints: one array, setting or launch a line, so that people and tests can read it. */
#include "core/plan/explain.h"

static void explain_array(text *t, const explanation *e, int array)
{
    const problem *p = e->planned;
    int64_t steps[VECDOT_MAX_NDIM + 1];
    int rank = p->rank;
    for (int d = 0; d < rank; d++) steps[d] = p->step[array][d];
    text_add(t, "  %-4s %-5s on the %s, batch strides ", array_name(array), dtype_name(p->type[array]),
             e->on_host[array] ? "host" : "device");
    text_add_shape(t, rank, steps);
    if (array != OUT) text_add(t, ", contracted stride %lld", (long long)p->stride[array]);
    if (p->misaligned[array]) text_add(t, ", misaligned");
    text_add(t, "\n");
}

/* Out alone may be copied, where kernels cannot write to host memory in place. */
static void explain_host_arrays(text *t, const explanation *e)
{
    int in_place = 0, copied = 0;
    for (int a = 0; a < ARRAYS; a++) {
        in_place |= e->on_host[a] && !e->copied[a];
        copied |= e->on_host[a] && e->copied[a];
    }
    if (in_place && copied)
        text_add(t, "  host inputs are used in place, out is copied\n");
    else if (in_place || copied)
        text_add(t, "  host arrays are %s\n", in_place ? "used in place" : "copied");
}

static void explain_transfer(text *t, const explanation *e)
{
    for (int a = X1; a <= X2; a++)
        if (e->gathered[a]) text_add(t, "  x%d is gathered into dense staging memory\n", a + 1);
    explain_host_arrays(t, e);
    if (e->waits_on_host)
        text_add(t, "  out shares bytes with an input: results wait in a dense host array\n");
    if (e->in_pieces)
        text_add(t, "  larger than one buffer of %lld bytes: runs in pieces\n",
                 (long long)e->policy->max_alloc);
}

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

static void explain_blas(text *t, const explanation *e)
{
    const gemm *g = e->product;
    if (e->why_no_blas != NULL) {
        text_add(t, "  not by the vendor's BLAS: %s\n", e->why_no_blas);
        return;
    }
    text_add(t, "launch 1: %s, %s gemm %s%s, m %lld, n %lld, k %lld, batch %lld\n",
             e->policy->blas.offer->library, dtype_name(g->type), gemm_op_name(g->a.op),
             gemm_op_name(g->b.op), (long long)g->m, (long long)g->n, (long long)g->depth,
             (long long)g->batch);
}

void explain(text *t, const explanation *e)
{
    const problem *original = e->original;
    const plan *pl = e->pl;
    text_add(t, "problem: %s -> %s, %lld sums of %lld products\n", operation_name(original->op),
             dtype_name(original->result), (long long)problem_outputs(original), (long long)original->n);
    text_add(t, "  collapsed batch shape ");
    text_add_shape(t, e->planned->rank, e->planned->shape);
    text_add(t, "\n");
    for (int a = 0; a < ARRAYS; a++) explain_array(t, e, a);
    explain_transfer(t, e);
    text_add(t, "plan: class %s, %s schedule\n", plan_class_name(pl->cls),
             pl->schedule == SCHEDULE_CPU ? "CPU" : "GPU");
    if (pl->nodes > 1)
        text_add(t, "  each sum in %lld tree nodes of %lld elements\n", (long long)pl->nodes,
                 (long long)(pl->node_chunks * pl->chunk));
    if (pl->partial_bytes + pl->result_bytes > 0)
        text_add(t, "  scratch: %zu bytes of partials, %zu of results\n", pl->partial_bytes,
                 pl->result_bytes);
    if (e->planned->is_matrix) explain_blas(t, e);
    if (e->why_no_blas == NULL) return; /* the BLAS takes the place of all launches */
    for (int k = 0; k < pl->step_count; k++) explain_launch(t, k + 1, &pl->steps[k]);
}
