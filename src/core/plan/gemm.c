/* Class matrix in a BLAS's words. A BLAS has matrices in columns, so a product whose outputs are neighbours
 * along columns is told to it transposed: out' = x2' x1'. It can conjugate only what it also transposes. */
#include "core/plan/gemm.h"

#include "core/problem/problem.h"

/* Dimensions of which a product has one each; size 1 where the problem has none. */
typedef struct axis {
    int64_t size, step[ARRAYS];
} axis;

typedef struct axes {
    axis batch, rows, columns;
} axes;

static const char *find_axes(const problem *p, axes *found)
{
    *found = (axes){{.size = 1}, {.size = 1}, {.size = 1}};
    for (int d = 0; d < p->rank; d++) {
        int moves1 = p->step[X1][d] != 0, moves2 = p->step[X2][d] != 0;
        axis *a = moves1 == moves2 ? &found->batch : moves1 ? &found->rows : &found->columns;
        if (a->size > 1) return "its batch dimensions, rows or columns are more than one stride each";
        a->size = p->shape[d];
        for (int k = 0; k < ARRAYS; k++) a->step[k] = p->step[k][d];
    }
    for (int k = 0; k < ARRAYS; k++)
        if (found->batch.step[k] < 0) return "its batch dimension is reversed";
    return NULL;
}

/* Whether elements at `step`, in lines at `next`, are a BLAS's columns; *ld receives the distance of two. */
static int is_columns(int64_t size, int64_t step, int64_t lines, int64_t next, int64_t *ld)
{
    *ld = lines > 1 ? next : size;
    return (size == 1 || step == 1) && *ld >= size;
}

static void place(const axis *batch, int array, int64_t size, int64_t lines, gemm_matrix *x)
{
    x->array = array;
    int64_t one = (lines - 1) * x->ld + size;
    x->step = batch->size > 1 ? batch->step[array] : one;
    x->reach = (batch->size - 1) * x->step + one;
}

/* An input whose `lines` (rows of x1, columns of x2) have n elements each: a, whose op makes it lines by n,
 * or b, n by lines. */
static int place_input(const problem *p, const axes *of, int array, int is_a, gemm_matrix *x)
{
    const axis *lines = array == X1 ? &of->rows : &of->columns;
    int conjugate = array == X1 && dtype_is_complex(p->result) && !p->no_conj;
    int64_t along_ld, across_ld, step = lines->step[array], stride = p->stride[array];
    int along = is_columns(p->n, stride, lines->size, step, &along_ld);
    int across = is_columns(lines->size, step, p->n, stride, &across_ld);
    int plain = is_a ? across : along, turned = is_a ? along : across;
    if (conjugate ? !turned : !plain && !turned) return 0;
    int turn = conjugate || !plain, columns_along = is_a ? turn : !turn;
    x->op = !turn ? GEMM_PLAIN : conjugate ? GEMM_CONJUGATE : GEMM_TRANSPOSE;
    x->ld = columns_along ? along_ld : across_ld;
    place(&of->batch, array, columns_along ? p->n : lines->size, columns_along ? lines->size : p->n, x);
    return 1;
}

static const char no_unit_out[] = "out has no unit stride along its rows or columns";

/* With rows of the product as the BLAS's columns (`turned`), or as its rows. */
static const char *place_all(const problem *p, const axes *of, int turned, gemm *g)
{
    const axis *m = turned ? &of->columns : &of->rows, *n = turned ? &of->rows : &of->columns;
    g->m = m->size;
    g->n = n->size;
    if (!is_columns(m->size, m->step[OUT], n->size, n->step[OUT], &g->c.ld)) return no_unit_out;
    place(&of->batch, OUT, m->size, n->size, &g->c);
    if (!place_input(p, of, X2, turned, turned ? &g->a : &g->b))
        return "x2 has no unit stride along the contracted axis or its columns";
    if (place_input(p, of, X1, !turned, turned ? &g->b : &g->a)) return NULL;
    return dtype_is_complex(p->result) && !p->no_conj
               ? "x1 would have to be conjugated without being transposed, or has no unit stride"
               : "x1 has no unit stride along the contracted axis or its rows";
}

const char *gemm_describe(const problem *p, const uintptr_t address[ARRAYS], gemm *g)
{
    axes of;
    if (!p->is_matrix) return "it is no product of matrices";
    if (p->n == 0) return "its sums have no terms";
    for (int a = 0; a < ARRAYS; a++) {
        if (p->type[a] != p->result) return "its dtypes differ";
        if (address[a] % (uintptr_t)dtype_size(p->result) != 0)
            return "an array is not aligned to its elements";
    }
    const char *why = find_axes(p, &of);
    if (why != NULL) return why;
    *g = (gemm){.type = p->result, .depth = p->n, .batch = of.batch.size};
    why = place_all(p, &of, 1, g);
    if (why == NULL) return NULL;
    const char *other = place_all(p, &of, 0, g);
    return other == NULL || why == no_unit_out ? other : why;
}

const char *gemm_op_name(gemm_op op)
{
    static const char *const names[] = {"N", "T", "C"};
    return names[op];
}
