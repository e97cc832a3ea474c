/* The places of a problem's elements in memory: fewer dimensions for the same elements, extents,
 * alignment, overlap. */
#include "core/problem/layout.h"

#include "core/base/integer.h"
#include "core/base/status.h"

#include <stdlib.h>

/* ---- Collapsing ---- */

/* Bytes from one index along d to the next, in the input where they are more. Dimensions are ordered by
 * it, so that the innermost has the closest neighbours. Equal ones keep out's order. */
static uint64_t input_step(const problem *p, int d)
{
    uint64_t a = (uint64_t)magnitude(p->step[X1][d]) * (uint64_t)dtype_size(p->type[X1]);
    uint64_t b = (uint64_t)magnitude(p->step[X2][d]) * (uint64_t)dtype_size(p->type[X2]);
    return a > b ? a : b;
}

static void move_dimension(problem *p, int from, int to)
{
    p->shape[to] = p->shape[from];
    for (int a = 0; a < ARRAYS; a++) p->step[a][to] = p->step[a][from];
}

static void swap_dimensions(problem *p, int d, int e)
{
    int64_t t = p->shape[d];
    p->shape[d] = p->shape[e];
    p->shape[e] = t;
    for (int a = 0; a < ARRAYS; a++) {
        t = p->step[a][d];
        p->step[a][d] = p->step[a][e];
        p->step[a][e] = t;
    }
}

static int can_merge(const problem *p, int outer, int inner)
{
    for (int a = 0; a < ARRAYS; a++)
        if (p->step[a][outer] != (int64_t)((uint64_t)p->step[a][inner] * (uint64_t)p->shape[inner])) return 0;
    return 1;
}

/* In class matrix the batch dimensions come first, then those along which only x1 moves (rows), then those
 * along which only x2 moves (columns). */
static int matrix_place(const problem *p, int d)
{
    if (!p->is_matrix || (p->step[X1][d] != 0) == (p->step[X2][d] != 0)) return 0;
    return p->step[X1][d] != 0 ? 1 : 2;
}

static int belongs_before(const problem *p, int d, int e)
{
    int place_d = matrix_place(p, d), place_e = matrix_place(p, e);
    return place_d != place_e ? place_d < place_e : input_step(p, d) > input_step(p, e);
}

void layout_collapse(problem *p)
{
    int rank = 0;
    for (int d = 0; d < p->rank; d++)
        if (p->shape[d] != 1) move_dimension(p, d, rank++);
    p->rank = rank;
    for (int d = 1; d < rank; d++) /* insertion sort: stable, and there are at most 64 dimensions */
        for (int e = d; e > 0 && belongs_before(p, e, e - 1); e--) swap_dimensions(p, e - 1, e);
    int last = 0;
    for (int d = 1; d < rank; d++) {
        if (can_merge(p, last, d)) {
            int64_t size = p->shape[last] * p->shape[d];
            move_dimension(p, d, last);
            p->shape[last] = size;
        } else {
            move_dimension(p, d, ++last);
        }
    }
    if (rank > 0) p->rank = last + 1;
}

void layout_make_dense(problem *p, int array)
{
    uint64_t stride = 1; /* can only wrap when there is no output */
    for (int d = p->rank - 1; d >= 0; d--) {
        int moves = p->shape[d] > 1 && (array == OUT || p->step[array][d] != 0);
        p->step[array][d] = moves ? (int64_t)stride : 0;
        if (moves) stride *= (uint64_t)p->shape[d];
    }
    if (array != OUT && p->n > 1) p->stride[array] = (int64_t)stride;
}

/* ---- Extents and alignment ---- */

static void widen(int64_t step, int64_t size, int64_t *low, int64_t *high)
{
    int64_t reach = size > 1 ? step * (size - 1) : 0;
    *(reach < 0 ? low : high) += reach;
}

/* Of an array of a problem that has outputs. */
static void find_extent(const problem *p, int array, extent *e)
{
    int64_t size = dtype_size(p->type[array]), low = 0, high = 1;
    for (int d = 0; d < p->rank; d++) widen(p->step[array][d], p->shape[d], &low, &high);
    if (array != OUT) widen(p->stride[array], p->n, &low, &high);
    if (array != OUT && p->n == 0) low = high = 0;
    e->low = low * size;
    e->high = high * size;
}

extent layout_extent(const problem *p, int array)
{
    extent e = {0, 0};
    if (problem_outputs(p) != 0) find_extent(p, array, &e);
    return e;
}

void layout_extents(const problem *p, extent extents[ARRAYS])
{
    const int filled = problem_outputs(p) != 0;
    for (int a = 0; a < ARRAYS; a++) {
        extents[a] = (extent){0, 0};
        if (filled) find_extent(p, a, &extents[a]);
    }
}

void layout_alignment(problem *p, const uintptr_t address[ARRAYS])
{
    for (int a = 0; a < ARRAYS; a++) {
        int size = dtype_size(p->type[a]); /* a power of two */
        if (dtype_is_complex(p->type[a])) size /= 2;
        p->misaligned[a] = (address[a] & (uintptr_t)(size - 1)) != 0;
        if (a != OUT) p->vectors[a] = address[a] % 16 == 0;
    }
}

/* ---- Does out overlap itself? ---- */

typedef struct dimension {
    uint64_t step;
    int64_t size;
} dimension;

/* Puts the largest step first: there they are already, mostly. */
static void sort_by_step(dimension *dims, int rank)
{
    for (int d = 1; d < rank; d++)
        for (int e = d; e > 0 && dims[e].step > dims[e - 1].step; e--) {
            dimension t = dims[e];
            dims[e] = dims[e - 1];
            dims[e - 1] = t;
        }
}

/* Marks every element of the dimensions in a bitmap. Returns 1 when one is marked twice. */
static int mark_elements(const dimension *dims, int rank, uint64_t offset, unsigned char *bitmap)
{
    if (rank == 0) {
        unsigned char bit = (unsigned char)(1u << (offset & 7));
        int again = (bitmap[offset >> 3] & bit) != 0;
        bitmap[offset >> 3] |= bit;
        return again;
    }
    for (int64_t k = 0; k < dims->size; k++)
        if (mark_elements(dims + 1, rank - 1, offset + (uint64_t)k * dims->step, bitmap)) return 1;
    return 0;
}

vecdot_status layout_check_out(const problem *p)
{
    dimension dims[VECDOT_MAX_NDIM];
    int rank = 0, nested = 1;
    uint64_t reach = 0; /* from the first to the last element of the dimensions so far */
    const char *op = operation_name(p->op);
    if (problem_outputs(p) == 0) return VECDOT_SUCCESS;
    for (int d = 0; d < p->rank; d++) {
        if (p->shape[d] <= 1) continue;
        if (p->step[OUT][d] == 0)
            return fail(VECDOT_ERROR_OVERLAP, "%s: out overlaps itself: stride 0 in a dimension of size %lld",
                        op, (long long)p->shape[d]);
        dims[rank++] = (dimension){(uint64_t)magnitude(p->step[OUT][d]), p->shape[d]};
    }
    sort_by_step(dims, rank);
    for (int d = rank - 1; d >= 0; d--) {
        if (dims[d].step <= reach) nested = 0;
        reach += dims[d].step * (uint64_t)(dims[d].size - 1);
    }
    if (nested) return VECDOT_SUCCESS;
    if (problem_outputs(p) > (int64_t)reach + 1)
        return fail(VECDOT_ERROR_OVERLAP, "%s: out overlaps itself: %lld elements within the reach of %llu",
                    op, (long long)problem_outputs(p), (unsigned long long)reach + 1);
    unsigned char *bitmap = calloc((size_t)(reach / 8 + 1), 1);
    if (!bitmap)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "%s: no host memory to check out for overlap with itself",
                    op);
    int overlaps = mark_elements(dims, rank, 0, bitmap);
    free(bitmap);
    return overlaps ? fail(VECDOT_ERROR_OVERLAP, "%s: out overlaps itself: two indices share an element", op)
                    : VECDOT_SUCCESS;
}
