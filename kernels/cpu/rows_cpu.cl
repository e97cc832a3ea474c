/* CPU schedule, classes lanes, split and shared: vectors along the contracted axis. A work-item sums one tree node of
 * each of a block of outputs.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h, sharers.h, integers.h, chunks.h, rows_any.h, integers_any.h. */

#if !IS_EXACT
#if LOAD == LOAD_VECTOR
/* The chunk values of `outputs` outputs, 1 or SHARERS, in the order of the contracted axis from `begin`. */
FUNCTION void chunk_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 begin, i32 count,
                         i32 outputs, PRIVATE value *chunks)
{
    GLOBAL const stored1 *a = (GLOBAL const stored1 *)row1 + begin;
    GLOBAL const stored2 *b = (GLOBAL const stored2 *)row2 + begin;
    component sign = (component)(p->no_conj ? -1 : 1);
    if (outputs == 1)
        chunks[0] = chunk_sum(a, b, count, sign);
    else
        chunk_sums_of_sharers(a, p->step1[p->rank - 1], b, p->step2[p->rank - 1], count, sign, chunks);
}
#endif

/* The sums of a node for `outputs` outputs, the first of which has its rows at row1 and row2. */
FUNCTION void node_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 node, i32 outputs,
                        PRIVATE value *sums)
{
    const range r = node_range(p, node, CHUNK);
    tree trees[SHARERS];
    for (i32 t = 0; t < outputs; t++) trees[t].depth = 0;
    for (i64 begin = r.begin, k = 0; begin < r.end; begin += CHUNK, k++) {
        chunk_sums(p, row1, row2, begin, (i32)min(r.end - begin, (i64)CHUNK), outputs, sums);
        for (i32 t = 0; t < outputs; t++) tree_push(&trees[t], k, sums[t]);
    }
    for (i32 t = 0; t < outputs; t++) sums[t] = tree_sum(&trees[t]);
}
#endif

KERNEL WORK_GROUP(1) void rows_cpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    const i64 blocks = (p.outputs + p.block - 1) / p.block, node = GROUP_ID() / blocks;
    const range block = block_of(&p, GROUP_ID() - node * blocks, p.outputs);
    const i64 last = block.end - 1;
    i64 flat = block.begin;
    place at = place_of(&p, flat);
    while (flat <= last) {
        value sums[SHARERS];
        const i32 outputs = outputs_together(&p, flat, last);
        node_sums(&p, ADDRESS1(&p, operand1, at.at1), ADDRESS2(&p, operand2, at.at2), node, outputs, sums);
        for (i32 t = 0; t < outputs; t++, flat++) {
            store_node(&p, out, at, flat, node, sums[t]);
            if (flat < last) at = place_after(&p, at, flat);
        }
    }
}
