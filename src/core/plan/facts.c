/* Properties of a problem by which a class and a kernel are chosen. */
#include "core/plan/facts.h"

static int may_be_typed(const problem *p, const plan_policy *policy)
{
    return policy->typed_kernels && !policy->force_any && !p->misaligned[X1] && !p->misaligned[X2];
}

int is_typed(const problem *p, const plan_policy *policy)
{
    return may_be_typed(p, policy) && variant_is_typed(p->type[X1], p->type[X2], p->result);
}

int is_wider(const problem *p, const plan_policy *policy)
{
    return may_be_typed(p, policy) && variant_is_wider(p->type[X1], p->type[X2], p->result);
}

int is_uniform(const problem *p)
{
    return p->type[X1] == p->result && p->type[X2] == p->result;
}

int is_contiguous(const problem *p)
{
    return p->n <= 1 || (p->stride[X1] == 1 && p->stride[X2] == 1);
}

int has_unit_columns(const problem *p)
{
    if (p->rank == 0) return 0;
    int64_t a = p->step[X1][p->rank - 1], b = p->step[X2][p->rank - 1];
    return (a == 0 || a == 1) && (b == 0 || b == 1) && a + b > 0;
}

variant variant_for(const problem *p, kernel_id kernel, load loads, int tile)
{
    return loads == LOAD_ANY ? variant_grouped(kernel, loads, dtype_group(p->result), tile)
                             : variant_typed(kernel, loads, p->type[X1], p->type[X2], p->result, tile);
}
