/* Class matrix, both schedules. The dimensions of a launch are first the batch, then those along which the first
 * operand alone moves (the rows of the product), then those along which the second alone does (its columns).
 *
 * The class has its own order of sums. The contracted axis is cut into blocks of MATRIX_BLOCK elements. Within a block
 * one fused multiply-add follows the other, from +0. The blocks' sums are added in the tree of canonical.h, as if each
 * were a chunk. */

#define ROW_DIMS(p) ((p)->rank - (p)->column_dims - (p)->row_dims) /* where they begin */
#define COLUMN_DIMS(p) ((p)->rank - (p)->column_dims)

/* Where the index-th position over dimensions first to end - 1 lies, in elements. */
FUNCTION place place_along(PRIVATE const params *p, i32 first, i32 end, i64 index)
{
    place at;
    at.at1 = at.at2 = at.out = at.inner = 0;
    for (i32 d = end - 1; d >= first; d--) {
        i64 rest = d > first ? index / p->shape[d] : 0;
        i64 here = index - rest * p->shape[d];
        at.at1 += here * p->step1[d];
        at.at2 += here * p->step2[d];
        at.out += here * p->step_out[d];
        index = rest;
    }
    return at;
}
