/* GPU schedule, class column, and short rows that short_gpu and dense_gpu do not take: a work-item across a tile of
 * TILE neighbouring outputs, which in class column lie side by side. p.members parts of a group share a tree node of
 * the same outputs. Each takes p.span lanes of a chunk or of several; a lane has sixteen elements in a chunk. A
 * work-item walks AHEAD lanes at a time, so that as many loads of each operand are under way, and keeps the tree's
 * stack in local memory.
 *
 * Uses: operand.h, team.h. */

#if LOAD == LOAD_ANY
#define AHEAD 1
#define RESIDENT 2
#define DEPTH (MOST_SPAN_LEVELS + 1) /* levels of the stack, AHEAD lanes a leaf */
#else
#define SIZE1 ((i32)sizeof(PASTE(stored_, TYPE1)))
#define SIZE2 ((i32)sizeof(PASTE(stored_, TYPE2)))
#define AHEAD (SIZE1 <= 2 && SIZE2 <= 2 ? 8 : 4)
#define RESIDENT 2
#define DEPTH (MOST_SPAN_LEVELS - 2 + 1)
#endif
#if GROUP == GROUP_INT
#undef DEPTH
#define DEPTH 1 /* exact in any order: no stack */
#endif
#define SPACE (TILE * GROUP_ITEMS) /* a level of every work-item's stack */

/* TILE elements of an operand: up to sixteen bytes. */
#if LOAD == LOAD_STRIDED
typedef struct pack {
    u32 words[4];
} pack;

/* load_pack has no case for less than a word. */
typedef u8 tiles_fill_words[TILE * SIZE1 >= 4 && TILE * SIZE2 >= 4 ? 1 : -1];

FUNCTION pack load_pack(GLOBAL const u8 *from, i32 bytes)
{
    pack w;
    if (bytes == 16) {
        quad q = *(GLOBAL const quad *)from;
        w.words[0] = q.x;
        w.words[1] = q.y;
        w.words[2] = q.z;
        w.words[3] = q.w;
    } else if (bytes == 8) {
        u64 q = *(GLOBAL const u64 *)from;
        w.words[0] = (u32)q;
        w.words[1] = (u32)(q >> 32);
    } else {
        w.words[0] = *(GLOBAL const u32 *)from;
    }
    return w;
}

/* The same from elements of `size` bytes that lie on multiples of `aligned`, each `apart` bytes after the one before;
 * the last of `count` again after it. */
FUNCTION pack gather_pack(GLOBAL const u8 *from, i32 size, i32 aligned, i64 apart, i32 count)
{
    pack w;
    w.words[0] = 0;
    UNROLL for (i32 m = 0; m < TILE; m++, from += m < count ? apart : 0) {
        if (aligned == 8) {
            UNROLL for (i32 k = 0; k < size / 8; k++) {
                u64 bits = ((GLOBAL const u64 *)from)[k];
                w.words[m * size / 4 + 2 * k] = (u32)bits;
                w.words[m * size / 4 + 2 * k + 1] = (u32)(bits >> 32);
            }
        } else if (aligned == 4) {
            UNROLL for (i32 k = 0; k < size / 4; k++) w.words[m * size / 4 + k] = ((GLOBAL const u32 *)from)[k];
        } else if (aligned == 2) {
            u32 bits = *(GLOBAL const u16 *)from;
            w.words[m / 2] = m % 2 ? w.words[m / 2] | bits << 16 : bits;
        } else {
            w.words[0] |= (u32)*from << (8 * m);
        }
    }
    return w;
}

/* The m-th element. */
FUNCTION u32 word_part(pack w, i32 m, i32 bits) { return w.words[m * bits / 32] >> m * bits % 32; }
FUNCTION u64 word_pair(pack w, i32 m) { return (u64)w.words[2 * m] | (u64)w.words[2 * m + 1] << 32; }
#define SIMPLE_PARTS(X) X(b1, 8) X(i8, 8) X(i16, 16) X(i32, 32) X(f16, 16) X(bf16, 16)
#define X(type, bits) \
    FUNCTION stored_##type part_##type(pack w, i32 m) { return (stored_##type)word_part(w, m, bits); }
SIMPLE_PARTS(X)
#undef X
FUNCTION i64 part_i64(pack w, i32 m) { return (i64)word_pair(w, m); }
FUNCTION float part_f32(pack w, i32 m) { return f32_of_bits(w.words[m]); }
FUNCTION pair32 part_c64(pack w, i32 m)
{
    pair32 v;
    v.re = f32_of_bits(w.words[2 * m]);
    v.im = f32_of_bits(w.words[2 * m + 1]);
    return v;
}
#if HAS_FP64
FUNCTION double part_f64(pack w, i32 m) { return f64_of_bits(word_pair(w, m)); }
FUNCTION pair64 part_c128(pack w, i32 m)
{
    pair64 v;
    v.re = f64_of_bits(word_pair(w, 2 * m));
    v.im = f64_of_bits(word_pair(w, 2 * m + 1));
    return v;
}
#endif
#endif

/* Columns of an operand: where they start, and how they are read. */
typedef struct columns {
    GLOBAL const u8 *from;
    i64 pitch; /* bytes along the contracted axis         */
    i64 apart; /* bytes from column to column             */
    i32 wide;  /* all TILE at once                        */
    i32 count; /* columns there are; the last again after */
} columns;

#if LOAD == LOAD_STRIDED
/* AHEAD rows, the one at `left` again after it. */
FUNCTION void load_rows(PRIVATE pack *packs, PRIVATE const columns *c, i64 first, i32 left, i32 size, i32 aligned)
{
    GLOBAL const u8 *row = c->from + first * c->pitch;
    if (c->wide) {
        UNROLL for (i32 k = 0; k < AHEAD; k++, row += k <= left ? c->pitch : 0)
            packs[k] = load_pack(row, size * TILE);
    } else {
        UNROLL for (i32 k = 0; k < AHEAD; k++, row += k <= left ? c->pitch : 0)
            packs[k] = gather_pack(row, size, aligned, c->apart, c->count);
    }
}
#define ALIGNED(type, size) (CODE(type) == CODE_c64 ? 4 : size == 16 ? 8 : size)
#endif

/* Adds the products of the rows first to first + AHEAD, those before `end`, each to its lane's sums. */
FUNCTION void add_rows(PRIVATE const params *p, PRIVATE value *sums, PRIVATE const columns *c1,
                       PRIVATE const columns *c2, i64 first, i64 end)
{
    const i32 left = end - first < AHEAD ? (i32)(end - first) - 1 : AHEAD - 1; /* the last row there is */
#if LOAD == LOAD_STRIDED
    pack a[AHEAD], b[AHEAD];
    load_rows(a, c1, first, left, SIZE1, ALIGNED(TYPE1, SIZE1));
    load_rows(b, c2, first, left, SIZE2, ALIGNED(TYPE2, SIZE2));
    LOADS_FIRST();
    UNROLL for (i32 k = 0; k < AHEAD; k++)
        if (k <= left)
            UNROLL for (i32 m = 0; m < TILE; m++) {
                PRIVATE value *sum = sums + (IS_EXACT ? 0 : k * TILE) + m;
                *sum = product_add(p, *sum, PASTE(cast_, TYPE1)(PASTE(part_, TYPE1)(a[k], m)),
                                   PASTE(cast_, TYPE2)(PASTE(part_, TYPE2)(b[k], m)));
            }
#else
    (void)left;
    ADD_PRODUCT(p, sums[0], c1->from + first * c1->pitch, 0, c2->from + first * c2->pitch, 0);
#endif
}

/* The sums over the member's lanes of the node that is elements begin to end. */
FUNCTION void thread_part(PRIVATE const params *p, LOCAL value *stack, i32 member, PRIVATE const columns *c1,
                          PRIVATE const columns *c2, i64 begin, i64 end, PRIVATE value *part)
{
    const i32 span = (i32)p->span;
    UNROLL for (i32 m = 0; m < TILE; m++) part[m] = value_zero();
#if GROUP == GROUP_INT
    begin += member * p->span * ROWS;
    if (begin + p->span * ROWS < end) end = begin + p->span * ROWS;
    NO_UNROLL for (; begin < end; begin += AHEAD) add_rows(p, part, c1, c2, begin, end);
#else
    NO_UNROLL for (i32 k = 0; k < span; k += AHEAD) {
        const i32 lane = member * span + k;
        const i64 chunk = begin + (i64)(lane / LANES) * CHUNK;
        const i64 stop = chunk + CHUNK < end ? chunk + CHUNK : end;
        value sums[AHEAD * TILE];
        UNROLL for (i32 m = 0; m < AHEAD * TILE; m++) sums[m] = value_zero();
        NO_UNROLL for (i64 first = chunk + lane % LANES; first < stop; first += LANES)
            add_rows(p, sums, c1, c2, first, stop);
        UNROLL for (i32 width = AHEAD / 2; width > 0; width /= 2)
            UNROLL for (i32 r = 0; r < width; r++)
                UNROLL for (i32 m = 0; m < TILE; m++)
                    sums[r * TILE + m] = value_add(sums[2 * r * TILE + m], sums[(2 * r + 1) * TILE + m]);
        stack_push(stack, SPACE, GROUP_ITEMS, TILE, k / AHEAD, sums);
    }
    stack_sum(stack, SPACE, GROUP_ITEMS, TILE, span / AHEAD, part);
#endif
}

/* Adds the parts of the members, which are `slots` work-items apart: right in the first member. */
FUNCTION void add_members(PRIVATE const params *p, LOCAL value *mine, i32 member, i32 slots, PRIVATE value *part)
{
    if (p->members == 1) return;
    BARRIER(); /* other work-items' stacks are no longer used */
    UNROLL for (i32 m = 0; m < TILE; m++) mine[m * GROUP_ITEMS] = part[m];
    BARRIER();
    NO_UNROLL for (i32 step = 1; step < p->members; step *= 2) {
        if ((member & (2 * step - 1)) == 0)
            UNROLL for (i32 m = 0; m < TILE; m++)
                mine[m * GROUP_ITEMS] = value_add(mine[m * GROUP_ITEMS], mine[m * GROUP_ITEMS + step * slots]);
        BARRIER();
    }
    UNROLL for (i32 m = 0; m < TILE; m++) part[m] = mine[m * GROUP_ITEMS];
}

#if HAS_FENCED_GROUPS
/* The sums of the member's share of each output's partials. */
FUNCTION void partials_part(PRIVATE const params *p, LOCAL value *stack, i32 member, GLOBAL const partial *from,
                            i32 count, PRIVATE value *part)
{
    i32 share = AHEAD;
    NO_UNROLL while (share * p->members < p->all_nodes) share *= 2;
    UNROLL for (i32 m = 0; m < TILE; m++) part[m] = value_zero();
    NO_UNROLL for (i32 k = 0; k < share; k += AHEAD) {
        value sums[TILE];
        UNROLL for (i32 m = 0; m < TILE; m++) {
            value v[AHEAD];
            UNROLL for (i32 r = 0; r < AHEAD; r++) {
                i64 node = (i64)member * share + k + r;
                v[r] = m < count && node < p->all_nodes ? (value)from[m * p->all_nodes + node] : value_zero();
            }
            sums[m] = pairwise(v, AHEAD);
        }
        if (IS_EXACT)
            UNROLL for (i32 m = 0; m < TILE; m++) part[m] = value_add(part[m], sums[m]);
        else
            stack_push(stack, SPACE, GROUP_ITEMS, TILE, k / AHEAD, sums);
    }
    if (!IS_EXACT) stack_sum(stack, SPACE, GROUP_ITEMS, TILE, share / AHEAD, part);
}
#endif

/* Which outputs a work-item sums. */
typedef struct thread_work {
    i64 node;  /* of this launch                              */
    i64 block; /* of all blocks of outputs that a group takes */
    i64 flat;  /* the first output                            */
    i32 count; /* outputs; 0: none, read nothing              */
} thread_work;

FUNCTION thread_work thread_work_of(PRIVATE const params *p, i64 group, i32 slots, i32 slot)
{
    thread_work w;
    const i64 inner = p->shape[p->rank - 1], across = (inner + TILE - 1) / TILE;
    const i64 tiles = p->outputs / inner * across, blocks = (tiles + slots - 1) / slots;
    w.node = group / blocks;
    w.block = group - w.node * blocks;
    const i64 tile = w.block * slots + slot;
    const i64 column = tile % across * TILE;
    w.flat = tile / across * inner + column;
    w.count = (i32)(inner - column < TILE ? inner - column : TILE);
    if (tile >= tiles || w.node >= p->nodes) w.flat = w.count = 0;
    return w;
}

FUNCTION columns columns_of(GLOBAL const u8 *from, i64 stride, i64 step, i64 size, i32 is_wide, i32 count)
{
    columns c;
    c.from = from;
    c.pitch = stride * size;
    c.apart = step * size;
    c.wide = is_wide && count == TILE;
    c.count = count;
    return c;
}

#if HAS_FENCED_GROUPS
/* The last group of a block of outputs adds the partials of all. */
FUNCTION void finish(PRIVATE const params *p, LOCAL value *mine, i32 me, i32 member, i32 slots,
                     PRIVATE const thread_work *w, GLOBAL u8 *out, GLOBAL partial *partials, GLOBAL u32 *counters)
{
    value part[TILE];
    if (!is_last_group(counters + w->block, p->all_nodes, me)) return;
    partials_part(p, mine, member, partials + w->flat * p->all_nodes, w->count, part);
    add_members(p, mine, member, slots, part);
    if (member != 0) return;
    place at = place_of(p, w->flat);
    UNROLL for (i32 m = 0; m < TILE; m++, at.out += p->step_out[p->rank - 1])
        if (m < w->count) store_sum(p, out, at, part[m]);
}
#endif

KERNEL RESIDENT_WORK_GROUPS(GROUP_ITEMS, RESIDENT)
void thread_gpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, GLOBAL partial *partials,
                GLOBAL u32 *counters, params p)
{
    LOCAL_ARRAY value space[DEPTH * SPACE];
    const i32 me = LOCAL_ID(), slots = GROUP_ITEMS / p.members;
    const i32 member = me / slots;
    const thread_work w = thread_work_of(&p, GROUP_ID(), slots, me % slots);
    place at = place_of(&p, w.flat);
    const columns c1 = columns_of(ADDRESS1(&p, operand1, at.at1), p.stride1, p.step1[p.rank - 1], OPERAND_SIZE1(&p),
                                  p.wide & 1, w.count);
    const columns c2 = columns_of(ADDRESS2(&p, operand2, at.at2), p.stride2, p.step2[p.rank - 1], OPERAND_SIZE2(&p),
                                  p.wide & 2, w.count);
    const range node = node_range(&p, w.node, CHUNK);
    value part[TILE];
    thread_part(&p, space + me, member, &c1, &c2, node.begin, w.count == 0 ? node.begin : node.end, part);
    add_members(&p, space + me, member, slots, part);
    if (member == 0)
        UNROLL for (i32 m = 0; m < TILE; m++, at.out += p.step_out[p.rank - 1])
            if (m < w.count) store_either(&p, out, partials, at, w.flat + m, w.node, part[m]);
#if HAS_FENCED_GROUPS
    if (p.fused) finish(&p, space + me, me, member, slots, &w, out, partials, counters);
#endif
}
