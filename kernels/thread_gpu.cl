/* GPU schedule, a work-item per output and tree node. Classes short and column: rows so short that a team would
 * idle, or columns that consecutive work-items read side by side. It walks the lanes of a chunk eight at a time, so that
 * eight loads of each operand are under way. */

#define AHEAD 8

FUNCTION value chunk_sum(PRIVATE const params *p, GLOBAL const u8 *a, GLOBAL const u8 *b, i64 begin, i64 end)
{
    tree t;
    t.depth = 0;
    for (i32 lane = 0; lane < LANES && begin + lane < end; lane += AHEAD) {
        value sums[AHEAD];
        UNROLL for (i32 k = 0; k < AHEAD; k++) sums[k] = value_zero();
        for (i64 first = begin + lane; first < end; first += LANES) {
            UNROLL for (i32 k = 0; k < AHEAD; k++)
                if (first + k < end)
                    sums[k] = product_add(p, sums[k], ELEMENT1(p, a, (first + k) * p->stride1),
                                          ELEMENT2(p, b, (first + k) * p->stride2));
        }
        UNROLL for (i32 width = AHEAD / 2; width > 0; width /= 2)
            UNROLL for (i32 k = 0; k < width; k++) sums[k] = value_add(sums[2 * k], sums[2 * k + 1]);
        tree_push(&t, lane / AHEAD, sums[0]);
    }
    return tree_sum(&t);
}

KERNEL WORK_GROUP(256) void thread_gpu(GLOBAL const u8 *x1, GLOBAL const u8 *x2, GLOBAL u8 *out, params p)
{
    const i64 node = GLOBAL_ID() / p.outputs;
    const i64 flat = GLOBAL_ID() - node * p.outputs;
    if (node >= p.nodes) return;
    const place at = place_of(&p, flat);
    GLOBAL const u8 *a = x1 + p.offset1 + at.at1 * OPERAND_SIZE1(&p);
    GLOBAL const u8 *b = x2 + p.offset2 + at.at2 * OPERAND_SIZE2(&p);
    const i64 begin = (p.first_node + node) * p.node_chunks * CHUNK;
    const i64 stop = begin + p.node_chunks * CHUNK < p.n ? begin + p.node_chunks * CHUNK : p.n;
    tree t;
    t.depth = 0;
    for (i64 chunk = 0; begin + chunk * CHUNK < stop; chunk++) {
        const i64 start = begin + chunk * CHUNK;
        tree_push(&t, chunk, chunk_sum(&p, a, b, start, start + CHUNK < stop ? start + CHUNK : stop));
    }
    store_node(&p, out, at, flat, node, tree_sum(&t));
}
