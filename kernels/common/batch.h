/* The batch: which outputs a work-item has, and where an output and its rows of the two operands lie. Places are
 * element offsets, from a flat index over the batch shape. */

/* From begin up to end, which is not part of it. */
typedef struct range {
    i64 begin, end;
} range;

/* The index-th block of p->block of `count` outputs, or items of work. */
FUNCTION range block_of(PRIVATE const params *p, i64 index, i64 count)
{
    range r;
    r.begin = index * p->block;
    r.end = r.begin + p->block < count ? r.begin + p->block : count;
    return r;
}

typedef struct place {
    i64 at1;
    i64 at2;
    i64 out;
    i64 inner; /* index along the innermost dimension */
} place;

FUNCTION place place_of(PRIVATE const params *p, i64 flat)
{
    place at;
    at.at1 = at.at2 = at.out = at.inner = 0;
    NO_UNROLL for (i32 d = p->rank - 1; d >= 0; d--) {
        i64 rest = d > 0 ? flat / p->shape[d] : 0;
        i64 index = flat - rest * p->shape[d];
        if (d == p->rank - 1) at.inner = index;
        at.at1 += index * p->step1[d];
        at.at2 += index * p->step2[d];
        at.out += index * p->step_out[d];
        flat = rest;
    }
    return at;
}

/* The next flat index: one addition, or a new decomposition at the end of the innermost dimension. */
FUNCTION place place_after(PRIVATE const params *p, place at, i64 flat)
{
    i32 d = p->rank - 1;
    if (d < 0 || at.inner + 1 >= p->shape[d]) return place_of(p, flat + 1);
    at.inner++;
    at.at1 += p->step1[d];
    at.at2 += p->step2[d];
    at.out += p->step_out[d];
    return at;
}

/* The address of an operand's element, `at` elements after its element [0, ..., 0]. */
#define ADDRESS1(p, operand1, at) ((operand1) + (p)->offset1 + (at) * OPERAND_SIZE1(p))
#define ADDRESS2(p, operand2, at) ((operand2) + (p)->offset2 + (at) * OPERAND_SIZE2(p))

/* Where a node's partial goes, counted in partials: the nodes of an output are adjacent. */
FUNCTION i64 partial_index(PRIVATE const params *p, i64 flat, i64 node)
{
    return flat * p->all_nodes + p->first_node + node;
}
