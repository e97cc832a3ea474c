/* CPU schedule, vectors along the contracted axis: a work-item sums one tree node of each of a block of outputs.
 * Classes lanes, split and shared. No barriers: a work-group is one work-item. */

#if LOAD == LOAD_VECTOR
/* The sum of `count` <= CHUNK elements from `begin`, a chunk's value. */
FUNCTION value chunk_sum(PRIVATE const params *p, GLOBAL const u8 *x1, GLOBAL const u8 *x2, i64 begin, i32 count)
{
    GLOBAL const stored1 *a = (GLOBAL const stored1 *)x1 + begin;
    GLOBAL const stored2 *b = (GLOBAL const stored2 *)x2 + begin;
    component sign = (component)(p->no_conj ? -1 : 1);
    VECTOR sums[PARTS];
    UNROLL for (i32 j = 0; j < PARTS; j++) sums[j] = (VECTOR)(0);
    for (; count >= LANES; count -= LANES, a += LANES, b += LANES)
        UNROLL for (i32 j = 0; j < PARTS; j++) sums[j] = multiply_add(sums[j], WIDE1(j, a), WIDE2(j, b), sign);
    UNROLL for (i32 j = 0; j < PARTS; j++) {
        i32 left = count - j * VECTOR_ELEMENTS;
        if (left >= VECTOR_ELEMENTS)
            sums[j] = multiply_add(sums[j], WIDE1(j, a), WIDE2(j, b), sign);
        else if (left > 0)
            sums[j] = multiply_add(sums[j], some1(a + j * VECTOR_ELEMENTS, left),
                                   some2(b + j * VECTOR_ELEMENTS, left), sign);
    }
    return fold_row(sums);
}
#else
FUNCTION value chunk_sum(PRIVATE const params *p, GLOBAL const u8 *x1, GLOBAL const u8 *x2, i64 begin, i32 count)
{
    component a[LANES * COMPONENTS], b[LANES * COMPONENTS];
    component sign = (component)(p->no_conj ? -1 : 1);
    i64 step1 = p->stride1 * OPERAND_SIZE1(p);
    i64 step2 = p->stride2 * OPERAND_SIZE2(p);
    VECTOR sums[PARTS];
    UNROLL for (i32 j = 0; j < PARTS; j++) sums[j] = (VECTOR)(0);
    for (i32 row = 0; row < count; row += LANES) {
        i32 part = min(count - row, (i32)LANES);
        for (i32 k = part * COMPONENTS; k < LANES * COMPONENTS; k++) a[k] = b[k] = 0;
        pack(a, x1 + (begin + row) * step1, p->type1, step1, part);
        pack(b, x2 + (begin + row) * step2, p->type2, step2, part);
        UNROLL for (i32 j = 0; j < PARTS; j++)
            sums[j] = multiply_add(sums[j], LOAD_COMPONENTS(j, a), LOAD_COMPONENTS(j, b), sign);
    }
    return fold_row(sums);
}
#endif

FUNCTION value node_sum(PRIVATE const params *p, GLOBAL const u8 *x1, GLOBAL const u8 *x2, i64 node)
{
    i64 begin = (p->first_node + node) * p->node_chunks * CHUNK;
    i64 end = min(p->n, begin + p->node_chunks * CHUNK);
    tree t;
    t.depth = 0;
    for (i64 k = 0; begin < end; begin += CHUNK, k++)
        tree_push(&t, k, chunk_sum(p, x1, x2, begin, (i32)min(end - begin, (i64)CHUNK)));
    return tree_sum(&t);
}

KERNEL WORK_GROUP(1) void rows_cpu(GLOBAL const u8 *x1, GLOBAL const u8 *x2, GLOBAL u8 *out, params p)
{
    const i64 size1 = OPERAND_SIZE1(&p), size2 = OPERAND_SIZE2(&p);
    i64 blocks = (p.outputs + p.block - 1) / p.block;
    i64 node = GROUP_ID() / blocks;
    i64 flat = (GROUP_ID() - node * blocks) * p.block;
    i64 last = min(flat + p.block, p.outputs) - 1;
    place at = place_of(&p, flat);
    for (;; flat++) {
        value v = node_sum(&p, x1 + p.offset1 + at.at1 * size1, x2 + p.offset2 + at.at2 * size2, node);
        store_node(&p, out, at, flat, node, v);
        if (flat == last) break;
        at = place_after(&p, at, flat);
    }
}
