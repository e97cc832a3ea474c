/* GPU schedule, a team of 32 work-items along the contracted axis: each team sums one tree node of TILE outputs, which
 * share the second operand's row. Classes lanes, split and shared. A team's row of the canonical sum is 512
 * bytes of the result dtype, 16 bytes a work-item. */

#define TEAM 32
#define GROUP_ITEMS 256
#define TEAMS (GROUP_ITEMS / TEAM)
#define OWN (LANES / TEAM) /* lanes of a work-item, next to each other */

#if LOAD == LOAD_VECTOR
/* The k-th of the elements in sixteen bytes. */
FUNCTION value unpack(quad q, i32 k)
{
#if RESULT_BYTES == 16
    pair64 v;
    v.re = f64_of_bits((u64)q.x | (u64)q.y << 32);
    v.im = f64_of_bits((u64)q.z | (u64)q.w << 32);
    return PASTE(cast_, RESULT)(v);
#elif RESULT_BYTES == 8
    u32 low = k == 0 ? q.x : q.z, high = k == 0 ? q.y : q.w;
#if GROUP == GROUP_C64
    pair32 v;
    v.re = f32_of_bits(low);
    v.im = f32_of_bits(high);
    return v;
#elif GROUP == GROUP_F64
    return f64_of_bits((u64)low | (u64)high << 32);
#else
    return (u64)low | (u64)high << 32;
#endif
#else
    const i32 per_word = 4 / RESULT_BYTES;
    i32 w = k / per_word;
    u32 word32 = w == 0 ? q.x : w == 1 ? q.y : w == 2 ? q.z : q.w;
#if GROUP == GROUP_F32
    return f32_of_bits(word32);
#else
    return PASTE(cast_, RESULT)((PASTE(stored_, RESULT))(word32 >> (k % per_word * 8 * RESULT_BYTES)));
#endif
#endif
}
#endif

/* Adds this work-item's lanes of one row, elements first to first + OWN of the contracted axis. */
FUNCTION void add_own(PRIVATE const params *p, PRIVATE value *sums, GLOBAL const u8 *a, GLOBAL const u8 *b, i64 first)
{
#if LOAD == LOAD_VECTOR
    if (first + OWN <= p->n) {
        quad qa = *(GLOBAL const quad *)(a + first * RESULT_BYTES);
        quad qb = *(GLOBAL const quad *)(b + first * RESULT_BYTES);
        UNROLL for (i32 k = 0; k < OWN; k++) sums[k] = product_add(p, sums[k], unpack(qa, k), unpack(qb, k));
        return;
    }
#endif
    UNROLL for (i32 k = 0; k < OWN; k++) {
        if (first + k < p->n)
            sums[k] = product_add(p, sums[k], ELEMENT1(p, a, (first + k) * p->stride1),
                                  ELEMENT2(p, b, (first + k) * p->stride2));
    }
}

/* The adjacent pairwise sum over a team; every work-item of the group must call it. Right in the team's first. */
FUNCTION value team_sum(LOCAL value *shared, i32 me, value v)
{
    shared[me] = v;
    BARRIER();
    for (i32 step = 1; step < TEAM; step *= 2) {
        if ((me & (2 * step - 1)) == 0) shared[me] = value_add(shared[me], shared[me + step]);
        BARRIER();
    }
    v = shared[me & ~(TEAM - 1)];
    BARRIER();
    return v;
}

KERNEL WORK_GROUP(GROUP_ITEMS) void team_gpu(GLOBAL const u8 *x1, GLOBAL const u8 *x2, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY value shared[GROUP_ITEMS];
    const i32 me = LOCAL_ID();
    const i64 inner = p.rank > 0 ? p.shape[p.rank - 1] : 1;
    const i64 tiles = (inner + TILE - 1) / TILE;
    const i64 all_tiles = p.outputs / inner * tiles;
    const i64 work = GROUP_ID() * TEAMS + me / TEAM; /* this team's tile and node */
    const i64 node = work / all_tiles;
    const i64 tile = work - node * all_tiles;
    const i32 busy = node < p.nodes;
    const i64 flat = tile / tiles * inner + tile % tiles * TILE;
    const i32 count = busy ? (i32)(inner - tile % tiles * TILE < TILE ? inner - tile % tiles * TILE : TILE) : 0;
    const i64 begin = (p.first_node + node) * p.node_chunks * CHUNK;
    const i64 chunks = (p.n + CHUNK - 1) / CHUNK < p.node_chunks ? (p.n + CHUNK - 1) / CHUNK : p.node_chunks;
    place at[TILE];
    tree t[TILE];
    UNROLL for (i32 m = 0; m < TILE; m++) {
        at[m] = place_of(&p, m < count ? flat + m : 0);
        t[m].depth = 0;
    }
    for (i64 chunk = 0; chunk < chunks; chunk++) { /* the same trips for every work-item of the group */
        const i64 start = begin + chunk * CHUNK;
        value sums[TILE][OWN];
        UNROLL for (i32 m = 0; m < TILE; m++)
            UNROLL for (i32 k = 0; k < OWN; k++) sums[m][k] = value_zero();
        for (i32 row = 0; row < ROWS; row++) {
            const i64 first = start + row * LANES + me % TEAM * OWN;
            UNROLL for (i32 m = 0; m < TILE; m++)
                if (m < count)
                    add_own(&p, sums[m], x1 + p.offset1 + at[m].at1 * OPERAND_SIZE1(&p),
                            x2 + p.offset2 + at[m].at2 * OPERAND_SIZE2(&p), first);
        }
        UNROLL for (i32 m = 0; m < TILE; m++) {
            UNROLL for (i32 width = OWN / 2; width > 0; width /= 2)
                UNROLL for (i32 k = 0; k < width; k++) sums[m][k] = value_add(sums[m][2 * k], sums[m][2 * k + 1]);
            value v = team_sum(shared, me, sums[m][0]);
            if (start < p.n) tree_push(&t[m], chunk, v);
        }
    }
    if (me % TEAM == 0)
        for (i32 m = 0; m < count; m++) store_node(&p, out, at[m], flat + m, node, tree_sum(&t[m]));
}
