/* CPU schedule, classes lanes, split and shared: vectors along the contracted axis. A work-item sums one tree node of
 * each of a block of outputs.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, integers.h. */

#if LOAD == LOAD_VECTOR
/* Neighbouring outputs that share an operand are summed a few at a time: memory is then read in as many streams, which
 * one stream alone does not keep busy. AHEAD: bytes from an element to the one of its row asked for with it. */
#define SHARERS 4
#define AHEAD 1024
#define NO_HINT(step, p)
#define HINT(step, p) if (step) PREFETCH_FAR((GLOBAL const u8 *)(p) + AHEAD);

/* How many outputs from `flat` to `last` to sum together. */
FUNCTION i32 outputs_together(PRIVATE const params *p, i64 flat, i64 last)
{
    const i32 d = p->rank - 1;
    i32 shared = p->step1[d] == 0 || p->step2[d] == 0;
    return shared && last - flat >= SHARERS - 1 && flat % p->shape[d] + SHARERS <= p->shape[d] ? SHARERS : 1;
}
#else
#define SHARERS 1
FUNCTION i32 outputs_together(PRIVATE const params *p, i64 flat, i64 last)
{
    return 1;
}
#endif

#if LOAD == LOAD_VECTOR && IS_EXACT
DEFINE_INTEGER_SUMS(integer_sum, 1, SUMS, NO_HINT)
DEFINE_INTEGER_SUMS(integer_sums_of_sharers, SHARERS, SUMS_OF_SHARER, HINT)

FUNCTION i32 all_known(PRIVATE const value *sums, i32 outputs)
{
    i32 known = IS_TYPED_BOOL;
    for (i32 t = 0; t < outputs; t++) known &= sums[t] != 0;
    return known;
}

/* The sums of a node for `outputs` outputs, 1 or SHARERS, the first of which has its rows at row1 and row2. */
FUNCTION void node_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 node, i32 outputs,
                        PRIVATE value *sums)
{
    const range r = node_range(p, node, CHUNK);
    const i64 size = sizeof(stored1), end = r.end * size, most = IS_TYPED_BOOL ? STRETCH_BYTES : end;
    const i64 step1 = outputs > 1 ? p->step1[p->rank - 1] * size : 0;
    const i64 step2 = outputs > 1 ? p->step2[p->rank - 1] * size : 0;
    value some[SHARERS];
    for (i32 t = 0; t < outputs; t++) sums[t] = 0;
    for (i64 begin = r.begin * size; begin < end && !all_known(sums, outputs); begin += most) {
        const i64 bytes = min(end - begin, most);
        if (outputs == 1)
            integer_sum(row1 + begin, 0, row2 + begin, bytes, some);
        else if (step1 != 0)
            integer_sums_of_sharers(row1 + begin, step1, row2 + begin, bytes, some);
        else
            integer_sums_of_sharers(row2 + begin, step2, row1 + begin, bytes, some);
        for (i32 t = 0; t < outputs; t++) sums[t] = value_add(sums[t], some[t]);
    }
}
#else
#if LOAD == LOAD_VECTOR
/* The chunk values of N outputs, step1 and step2 elements apart: `count` <= CHUNK elements from a and b on. */
#define DEFINE_CHUNK_SUMS(NAME, N, HINT)                                                                               \
    FUNCTION void NAME(GLOBAL const stored1 *a, i64 step1, GLOBAL const stored2 *b, i64 step2, i32 count,              \
                       component sign, PRIVATE value *chunks)                                                          \
    {                                                                                                                  \
        VECTOR sums[N][PARTS];                                                                                         \
        UNROLL for (i32 j = 0; j < PARTS; j++) UNROLL for (i32 t = 0; t < N; t++) sums[t][j] = SPLAT(0);            \
        for (; count >= LANES; count -= LANES, a += LANES, b += LANES)                                                 \
            UNROLL for (i32 j = 0; j < PARTS; j++)                                                                     \
                UNROLL for (i32 t = 0; t < N; t++) {                                                                   \
                    HINT(step1, a + t * step1 + j * VECTOR_ELEMENTS)                                                   \
                    HINT(step2, b + t * step2 + j * VECTOR_ELEMENTS)                                                   \
                    sums[t][j] = multiply_add(sums[t][j], WIDE1(j, a + t * step1), WIDE2(j, b + t * step2), sign);     \
                }                                                                                                      \
        UNROLL for (i32 t = 0; t < N; t++)                                                                             \
            chunks[t] = count == 0 ? fold_row(sums[t])                                                                 \
                                   : with_rest(sums[t], a + t * step1, b + t * step2, count, sign);                    \
    }

/* The value of a chunk from the sums of its whole rows and the last `count` < LANES elements. The sums are copied, since
 * compilers leave an array in registers only where every index is known. */
FUNCTION value with_rest(PRIVATE const VECTOR *sums, GLOBAL const stored1 *a, GLOBAL const stored2 *b, i32 count,
                         component sign)
{
    VECTOR all[PARTS];
    i32 j = 0;
    UNROLL for (i32 k = 0; k < PARTS; k++) all[k] = sums[k];
    for (; (j + 1) * VECTOR_ELEMENTS <= count; j++) all[j] = multiply_add(all[j], WIDE1(j, a), WIDE2(j, b), sign);
    const i32 done = j * VECTOR_ELEMENTS, left = count - done;
    if (left > 0) all[j] = multiply_add(all[j], first1(a + done, left), first2(b + done, left), sign);
    return fold_row(all);
}

DEFINE_CHUNK_SUMS(chunk_of_one, 1, NO_HINT)
DEFINE_CHUNK_SUMS(chunks_of_sharers, SHARERS, HINT)

/* The chunk values of `outputs` outputs, 1 or SHARERS, in the order of the contracted axis from `begin`. */
FUNCTION void chunk_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 begin, i32 count,
                         i32 outputs, PRIVATE value *chunks)
{
    GLOBAL const stored1 *a = (GLOBAL const stored1 *)row1 + begin;
    GLOBAL const stored2 *b = (GLOBAL const stored2 *)row2 + begin;
    component sign = (component)(p->no_conj ? -1 : 1);
    if (outputs == 1)
        chunk_of_one(a, 0, b, 0, count, sign, chunks);
    else
        chunks_of_sharers(a, p->step1[p->rank - 1], b, p->step2[p->rank - 1], count, sign, chunks);
}

#else
FUNCTION void chunk_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 begin, i32 count,
                         i32 outputs, PRIVATE value *chunks)
{
    component a[LANES * COMPONENTS], b[LANES * COMPONENTS];
    component sign = (component)(p->no_conj ? -1 : 1);
    i64 step1 = p->stride1 * OPERAND_SIZE1(p);
    i64 step2 = p->stride2 * OPERAND_SIZE2(p);
    VECTOR sums[PARTS];
    UNROLL for (i32 j = 0; j < PARTS; j++) sums[j] = SPLAT(0);
    for (i32 row = 0; row < count; row += LANES) {
        i32 part = min(count - row, (i32)LANES);
        for (i32 k = part * COMPONENTS; k < LANES * COMPONENTS; k++) a[k] = b[k] = 0;
        pack(a, row1 + (begin + row) * step1, p->type1, step1, part);
        pack(b, row2 + (begin + row) * step2, p->type2, step2, part);
        UNROLL for (i32 j = 0; j < PARTS; j++)
            sums[j] = multiply_add(sums[j], LOAD_COMPONENTS(j, a), LOAD_COMPONENTS(j, b), sign);
    }
    chunks[0] = fold_row(sums);
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
