/* GPU schedule, classes lanes, split and shared, where the first operand is contiguous along the contracted axis and
 * the second across outputs. A group sums a tree node of 128 bytes' worth of neighbouring outputs: SLOTS tiles of TILE
 * outputs, by MEMBERS of sixteen bytes along the axis. From the first operand a work-item loads sixteen bytes of each
 * output of its tile. From the second it loads the tile's columns of as many elements, and turns them in registers.
 *
 * A team is eight slots by four members: it uses every sector of memory whole, and the group whole lines. The planner
 * takes this kernel only where what is loaded at once is there: whole sixteen bytes along the axis, whole tiles.
 *
 * Uses: operand.h, team.h, quad.h, bytes.h, vector_gpu.h. */

#define SLOT_BYTES (TILE * RESULT_BYTES) /* sixteen, or four elements of less than four bytes */
#define SLOTS (TILE_GROUP_BYTES / SLOT_BYTES)
#define MEMBERS (GROUP_ITEMS / SLOTS)
#define OUTPUTS (SLOTS * TILE) /* of a group */
#define BATCH (4 / TILE) /* rows under way: 128 bytes a work-item */
#define PITCH (MEMBERS + 1) /* of local memory: neighbouring outputs in different banks */
#define RESIDENT (RESULT_BYTES == 2 && GROUP != GROUP_INT ? 2 : 3) /* with thirty-two sums of a work-item */
#if IS_EXACT /* the members take a node's elements in turns */
#define LEAVES 1
#define STACKS TEAMS
#define ROW_STEP (MEMBERS * OWN)
#else
#define LEAVES (TEAM / MEMBERS) /* of a chunk */
#define STACKS OUTPUTS
#define ROW_STEP LANES
#endif

/* Where a work-item's slot starts in the operands: element 0 of its first output. */
typedef struct slot_rows {
    GLOBAL const u8 *a, *b;
    i64 apart; /* bytes from output to output in the first          */
    i64 pitch; /* bytes along the contracted axis in the second     */
} slot_rows;

FUNCTION quad load_columns(GLOBAL const u8 *from)
{
#if SLOT_BYTES == 16
    return load_quad(from);
#elif SLOT_BYTES == 8
    const u64 bits = *(GLOBAL const u64 *)from;
    return quad_of((u32)bits, (u32)(bits >> 32), 0, 0);
#else
    return quad_of(*(GLOBAL const u32 *)from, 0, 0, 0);
#endif
}

/* ---- Rows of the columns' elements: the k-th quad of OWN holds element k of every output ---- */

#if RESULT_BYTES == 16
FUNCTION void turn(PRIVATE quad *rows, PRIVATE const quad *b) { rows[0] = b[0]; }
#elif RESULT_BYTES == 8
FUNCTION void turn(PRIVATE quad *rows, PRIVATE const quad *b)
{
    rows[0] = quad_of(b[0].x, b[0].y, b[1].x, b[1].y);
    rows[1] = quad_of(b[0].z, b[0].w, b[1].z, b[1].w);
}
#elif RESULT_BYTES == 4
FUNCTION void turn(PRIVATE quad *rows, PRIVATE const quad *b)
{
    rows[0] = quad_of(b[0].x, b[1].x, b[2].x, b[3].x);
    rows[1] = quad_of(b[0].y, b[1].y, b[2].y, b[3].y);
    rows[2] = quad_of(b[0].z, b[1].z, b[2].z, b[3].z);
    rows[3] = quad_of(b[0].w, b[1].w, b[2].w, b[3].w);
}
#else
FUNCTION u32 low_halves(u32 a, u32 b) { return (a & 0xffffu) | b << 16; }
FUNCTION u32 high_halves(u32 a, u32 b) { return a >> 16 | (b & 0xffff0000u); }
#if RESULT_BYTES == 2
FUNCTION void turn(PRIVATE quad *rows, PRIVATE const quad *b)
{
    rows[0] = quad_of(low_halves(b[0].x, b[1].x), low_halves(b[2].x, b[3].x), low_halves(b[4].x, b[5].x),
                      low_halves(b[6].x, b[7].x));
    rows[1] = quad_of(high_halves(b[0].x, b[1].x), high_halves(b[2].x, b[3].x), high_halves(b[4].x, b[5].x),
                      high_halves(b[6].x, b[7].x));
    rows[2] = quad_of(low_halves(b[0].y, b[1].y), low_halves(b[2].y, b[3].y), low_halves(b[4].y, b[5].y),
                      low_halves(b[6].y, b[7].y));
    rows[3] = quad_of(high_halves(b[0].y, b[1].y), high_halves(b[2].y, b[3].y), high_halves(b[4].y, b[5].y),
                      high_halves(b[6].y, b[7].y));
}
#else
/* Bytes 0 and 2 of two words in turns, and bytes 1 and 3. */
FUNCTION u32 even_bytes(u32 a, u32 b) { return (a & 0x00ff00ffu) | (b & 0x00ff00ffu) << 8; }
FUNCTION u32 odd_bytes(u32 a, u32 b) { return (a >> 8 & 0x00ff00ffu) | (b & 0xff00ff00u); }
FUNCTION void turn(PRIVATE quad *rows, PRIVATE const quad *b)
{
    u32 words[4][4];
    UNROLL for (i32 k = 0; k < 4; k++, b += 4) {
        const u32 even = even_bytes(b[0].x, b[1].x), even2 = even_bytes(b[2].x, b[3].x);
        const u32 odd = odd_bytes(b[0].x, b[1].x), odd2 = odd_bytes(b[2].x, b[3].x);
        words[0][k] = low_halves(even, even2);
        words[1][k] = low_halves(odd, odd2);
        words[2][k] = high_halves(even, even2);
        words[3][k] = high_halves(odd, odd2);
    }
    UNROLL for (i32 m = 0; m < 4; m++) rows[m] = quad_of(words[m][0], words[m][1], words[m][2], words[m][3]);
}
#endif
#endif

/* ---- Sums ---- */

/* Adds the products of a batch of rows from element `first` on, those before `end`, each to its lane's sum. */
FUNCTION void add_rows(PRIVATE const params *p, PRIVATE value (*sums)[SUMS], PRIVATE const slot_rows *at, i64 first,
                       i64 end)
{
    quad a[BATCH][TILE], b[BATCH][OWN], rows[TILE];
    UNROLL for (i32 r = 0; r < BATCH; r++) {
        const i64 row = first + (first + r * ROW_STEP < end ? r * ROW_STEP : 0); /* past the end: the first again */
        UNROLL for (i32 m = 0; m < TILE; m++) a[r][m] = load_quad(at->a + row * RESULT_BYTES + m * at->apart);
        UNROLL for (i32 k = 0; k < OWN; k++) b[r][k] = load_columns(at->b + (row + k) * at->pitch);
    }
    LOADS_FIRST();
    UNROLL for (i32 r = 0; r < BATCH; r++)
        if (first + r * ROW_STEP < end) {
            turn(rows, b[r]);
            UNROLL for (i32 m = 0; m < TILE; m++) add_quad(p, sums[m], a[r][m], rows[m]);
        }
}

/* Puts the sums of a leaf where the work-item `me` finds those of output `me` of the group, and adds them up there. One
 * barrier a leaf: leaves take turns at two places. */
FUNCTION value leaf_sum(LOCAL value *space, i32 me, i32 slot, i32 member, i32 leaf, PRIVATE value (*sums)[SUMS])
{
    space += (leaf & 1) * OUTPUTS * PITCH;
    UNROLL for (i32 m = 0; m < TILE; m++) {
        space[(slot * TILE + m) * PITCH + member] = pairwise(sums[m], SUMS);
    }
    BARRIER();
    return me < OUTPUTS ? fold(space + me * PITCH, MEMBERS) : value_zero();
}

/* The sum of output `me` over the node that is elements begin to end, in the first OUTPUTS work-items. A slot that has
 * outputs is `busy`. */
FUNCTION value node_sum(PRIVATE const params *p, LOCAL value *space, LOCAL value *stack, i32 me, i32 slot, i32 member,
                        i32 busy, PRIVATE const slot_rows *at, i64 begin, i64 end)
{
    value sum = value_zero(), sums[TILE][SUMS];
    const i64 size = IS_EXACT ? end - begin : CHUNK;
    const i32 leaves = IS_EXACT ? 1 : (i32)((end - begin + CHUNK - 1) / CHUNK) * LEAVES;
    NO_UNROLL for (i32 leaf = 0; leaf < leaves; leaf++) {
        const i64 start = begin + leaf / LEAVES * size;
        const i64 stop = !busy ? start : start + size < end ? start + size : end;
        UNROLL for (i32 m = 0; m < TILE; m++)
            UNROLL for (i32 k = 0; k < SUMS; k++) sums[m][k] = value_zero();
        NO_UNROLL for (i64 first = start + (leaf % LEAVES * MEMBERS + member) * OWN; first < stop;
                       first += BATCH * ROW_STEP)
            add_rows(p, sums, at, first, stop);
        sum = leaf_sum(space, me, slot, member, leaf, sums);
        if (!IS_EXACT && me < OUTPUTS) stack_push(stack + me, OUTPUTS, 1, 1, leaf, &sum);
    }
    if (!IS_EXACT && me < OUTPUTS) stack_sum(stack + me, OUTPUTS, 1, 1, leaves, &sum);
    return sum;
}

/* ---- The kernel ---- */

FUNCTION place output_along(PRIVATE const params *p, place first, i32 m)
{
    first.out += m * p->step_out[p->rank - 1];
    return first;
}

#if HAS_FENCED_GROUPS
/* The last group of a block of outputs adds the partials of all, a team for each output in turns. */
FUNCTION void finish(PRIVATE const params *p, LOCAL value *space, LOCAL value *stacks, i32 me, i64 block, i64 flat,
                     i32 count, GLOBAL u8 *out, GLOBAL partial *partials, GLOBAL u32 *counters)
{
    if (!is_last_group(counters + block, p->all_nodes, me)) return;
    const place first = place_of(p, flat);
    NO_UNROLL for (i32 done = 0; done < count; done += TEAMS) {
        const i32 m = done + me / TEAM;
        const i64 mine = flat + (m < count ? m : 0);
        value v = team_partials(space, stacks + me / TEAM * LEVELS, me, partials + mine * p->all_nodes, p->all_nodes, 0,
                                p->all_nodes);
        if (me % TEAM == 0 && m < count) store_sum(p, out, output_along(p, first, m), v);
    }
}
#endif

KERNEL RESIDENT_WORK_GROUPS(GROUP_ITEMS, RESIDENT)
void tile_gpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, GLOBAL partial *partials,
              GLOBAL u32 *counters, params p)
{
    LOCAL_ARRAY value space[2 * OUTPUTS * PITCH];
    LOCAL_ARRAY value stacks[STACKS * LEVELS];
    const i32 me = LOCAL_ID(), team = me / TEAM;
    const i32 slot = me % 8 + team % (SLOTS / 8) * 8, member = me % TEAM / 8 + team / (SLOTS / 8) * 4;
    const i32 d = p.rank - 1;
    const i64 inner = p.shape[d], across = (inner + OUTPUTS - 1) / OUTPUTS, blocks = p.outputs / inner * across;
    const i64 node = GROUP_ID() / blocks, block = GROUP_ID() - node * blocks, column = block % across * OUTPUTS;
    const i64 flat = block / across * inner + column;
    const i32 count = (i32)(inner - column < OUTPUTS ? inner - column : OUTPUTS);
    const range elements = node_range(&p, node, CHUNK);
    const place first = place_of(&p, flat);
    slot_rows at;
    at.apart = p.step1[d] * RESULT_BYTES;
    at.pitch = p.stride2 * RESULT_BYTES;
    at.a = ADDRESS1(&p, operand1, first.at1 + slot * TILE * p.step1[d]);
    at.b = ADDRESS2(&p, operand2, first.at2 + slot * TILE);
    value sum = node_sum(&p, space, stacks, me, slot, member, slot * TILE < count, &at, elements.begin,
                         elements.end);
    if (me < count) store_either(&p, out, partials, output_along(&p, first, me), flat + me, node, sum);
#if HAS_FENCED_GROUPS
    if (p.fused) finish(&p, space, stacks, me, block, flat, count, out, partials, counters);
#endif
}
