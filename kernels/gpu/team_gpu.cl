/* GPU schedule, classes lanes, split and shared: teams of 32 work-items along the contracted axis. A team has a tile
 * of TILE outputs, which share the second operand's row. One, two, four or all eight of a group's teams (p.members)
 * share a tree node of a tile; each takes p.span chunks of it.
 *
 * LOAD_VECTOR: a work-item loads sixteen bytes, that is, OWN neighbouring lanes, and a team a canonical row. Several
 * rows are under way before the first is used. Other loads: a team loads 32 neighbouring elements, so that a chunk is
 * several leaves of the same tree.
 *
 * Uses: operand.h, team.h, quad.h, bytes.h, vector_gpu.h. */

#if LOAD == LOAD_VECTOR
#define LEAVES 1 /* of a chunk */
#else
#define LEAVES (LANES / TEAM)
#endif

/* Where the rows of a tile start: one of each output in the first operand, one for all in the second. */
typedef struct tile_rows {
    GLOBAL const u8 *a[TILE];
    GLOBAL const u8 *b;
} tile_rows;

#if LOAD == LOAD_VECTOR

/* Rows of a batch, and how many groups a multiprocessor must hold: bytes under way against registers. */
#if TILE == 1
#define BATCH 4
#define RESIDENT 4
#elif RESULT_BYTES == 2 && GROUP != GROUP_INT
#define BATCH 2 /* with thirty-two sums of a work-item */
#define RESIDENT 2
#else
#define BATCH 2
#define RESIDENT 3
#endif

/* Adds a leaf of every output: a chunk. */
FUNCTION void add_leaf(PRIVATE const params *p, PRIVATE value *leaf, PRIVATE const tile_rows *at, i64 start, i32 lane)
{
    value sums[TILE][SUMS];
    UNROLL for (i32 m = 0; m < TILE; m++)
        UNROLL for (i32 k = 0; k < SUMS; k++) sums[m][k] = value_zero();
    i64 first = start + lane * OWN;
    if (start + CHUNK <= p->n) {
        i64 offset = first * RESULT_BYTES;
        NO_UNROLL for (i32 row = 0; row < ROWS; row += BATCH, offset += BATCH * ROW_BYTES) {
            quad a[TILE][BATCH], b[BATCH];
            UNROLL for (i32 r = 0; r < BATCH; r++) {
                b[r] = load_quad(at->b + offset + r * ROW_BYTES);
                UNROLL for (i32 m = 0; m < TILE; m++) a[m][r] = load_quad(at->a[m] + offset + r * ROW_BYTES);
            }
            LOADS_FIRST();
            UNROLL for (i32 r = 0; r < BATCH; r++)
                UNROLL for (i32 m = 0; m < TILE; m++) add_quad(p, sums[m], a[m][r], b[r]);
        }
    } else {
        NO_UNROLL for (; first < p->n; first += LANES) {
            quad b = load_end(at->b, first, p->n);
            UNROLL for (i32 m = 0; m < TILE; m++) add_quad(p, sums[m], load_end(at->a[m], first, p->n), b);
        }
    }
    UNROLL for (i32 m = 0; m < TILE; m++) {
        leaf[m] = value_add(leaf[m], pairwise(sums[m], SUMS));
    }
}

#else

#define RESIDENT 4
#define BATCH (LANES == 32 ? 4 : RESULT_BYTES == 8 ? 8 : 16)

/* Adds a leaf: a chunk's elements start, start + LANES, ... and the 31 after each. */
FUNCTION void add_leaf(PRIVATE const params *p, PRIVATE value *leaf, PRIVATE const tile_rows *at, i64 start, i32 lane)
{
    i64 first = start + lane;
    i64 end = start - start % CHUNK + CHUNK;
    value sum = value_zero();
#if LOAD == LOAD_STRIDED
    if (end <= p->n) {
        GLOBAL const PASTE(stored_, TYPE1) *a = (GLOBAL const PASTE(stored_, TYPE1) *)at->a[0] + first * p->stride1;
        GLOBAL const PASTE(stored_, TYPE2) *b = (GLOBAL const PASTE(stored_, TYPE2) *)at->b + first * p->stride2;
        const i64 row1 = LANES * p->stride1, row2 = LANES * p->stride2;
        NO_UNROLL for (i32 row = 0; row < ROWS; row += BATCH) {
            PASTE(stored_, TYPE1) x[BATCH];
            PASTE(stored_, TYPE2) y[BATCH];
            UNROLL for (i32 r = 0; r < BATCH; r++, a += row1, b += row2) {
                x[r] = *a;
                y[r] = *b;
            }
            LOADS_FIRST();
            UNROLL for (i32 r = 0; r < BATCH; r++)
                sum = product_add(p, sum, PASTE(cast_, TYPE1)(x[r]), PASTE(cast_, TYPE2)(y[r]));
        }
        leaf[0] = value_add(leaf[0], sum);
        return;
    }
#endif
    if (end > p->n) end = p->n;
    NO_UNROLL for (; first < end; first += LANES)
        ADD_PRODUCT(p, sum, at->a[0], first * p->stride1, at->b, first * p->stride2);
    leaf[0] = value_add(leaf[0], sum);
}

#endif

/* Which part of which outputs' tree a team sums. */
typedef struct team_work {
    i64 node;  /* of this launch, -1: none */
    i64 tile;
    i64 flat;  /* of the tile's first output */
    i64 out;   /* where that is              */
    i64 count; /* outputs                    */
} team_work;

FUNCTION team_work team_work_of(PRIVATE const params *p, i64 group, i32 team)
{
    team_work w;
    const i64 inner = p->shape[p->rank - 1];
    const i64 tiles = (inner + TILE - 1) / TILE, all_tiles = p->outputs / inner * tiles;
    const i64 work = group * (TEAMS / p->members) + team / p->members;
    w.node = work / all_tiles;
    w.tile = work - w.node * all_tiles;
    w.flat = w.tile;
    w.count = 1;
#if TILE > 1
    const i64 column = w.tile % tiles * TILE;
    w.flat = w.tile / tiles * inner + column;
    w.count = inner - column < TILE ? inner - column : TILE;
#endif
    if (w.node >= p->nodes) {
        w.flat = 0;
        w.node = -1;
        w.count = 1;
    }
    return w;
}

/* The team's part of each sum, elements begin to end: right in its first work-item. */
FUNCTION void team_part(PRIVATE const params *p, LOCAL value *space, LOCAL value *stacks, i32 me,
                        PRIVATE const tile_rows *at, i64 begin, i64 end, PRIVATE value *part)
{
    const i32 leaves = (i32)p->span * LEAVES; /* the same for every team of the group */
    UNROLL for (i32 m = 0; m < TILE; m++) part[m] = value_zero();
    NO_UNROLL for (i32 k = 0; k < leaves; k++) {
        const i64 start = begin + (i64)(k / LEAVES) * CHUNK + k % LEAVES * TEAM;
        value leaf[TILE];
        UNROLL for (i32 m = 0; m < TILE; m++) leaf[m] = value_zero();
        if (start < end) add_leaf(p, IS_EXACT ? part : leaf, at, start, me % TEAM);
        if (!IS_EXACT) {
            UNROLL for (i32 m = 0; m < TILE; m++) leaf[m] = team_sum(space, me, k * TILE + m, TEAM, leaf[m]);
            if (me % TEAM == 0) stack_push(stacks, TILE, 1, TILE, k, leaf);
        }
    }
    if (IS_EXACT)
        UNROLL for (i32 m = 0; m < TILE; m++) part[m] = team_sum(space, me, m, TEAM, part[m]);
    else if (me % TEAM == 0)
        stack_sum(stacks, TILE, 1, TILE, leaves, part);
}

FUNCTION place output_along(PRIVATE const params *p, LOCAL const team_work *w, i32 m)
{
    place at;
    at.at1 = at.at2 = at.inner = 0;
    at.out = w->out + m * p->step_out[p->rank - 1];
    return at;
}

#if HAS_FENCED_GROUPS
/* The last group of a tile adds the partials of all: its teams are members of one node. */
FUNCTION void finish(PRIVATE const params *p, LOCAL value *space, LOCAL value *stack, LOCAL value *sums, i32 me,
                     LOCAL const team_work *w, GLOBAL u8 *out, GLOBAL partial *partials, GLOBAL u32 *counters)
{
    const i32 team = me / TEAM;
    const i64 share = partials_share(p->all_nodes, TEAMS);
    if (!is_last_group(counters + w->tile, p->all_nodes, me)) return;
    NO_UNROLL for (i32 m = 0; m < w->count; m++) {
        value v = team_partials(space, stack, me, partials + (w->flat + m) * p->all_nodes, p->all_nodes,
                                team * share, share);
        if (me % TEAM == 0) sums[team] = v;
        BARRIER();
        if (me == 0) store_sum(p, out, output_along(p, w, m), fold(sums, TEAMS));
        BARRIER();
    }
}
#endif

KERNEL RESIDENT_WORK_GROUPS(GROUP_ITEMS, RESIDENT)
void team_gpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, GLOBAL partial *partials,
              GLOBAL u32 *counters, params p)
{
    LOCAL_ARRAY value space[TEAM_SPACE];
    LOCAL_ARRAY value stacks[TEAMS][TILE * LEVELS];
    LOCAL_ARRAY value parts[TILE][TEAMS];
    LOCAL_ARRAY team_work works[TEAMS]; /* not in registers meanwhile */
    const i32 me = LOCAL_ID();
    const i32 team = me / TEAM;
    tile_rows at;
    value part[TILE];
    i64 begin, end;
    {
        team_work w = team_work_of(&p, GROUP_ID(), team);
        const place first = place_of(&p, w.flat);
        w.out = first.out;
        if (me % TEAM == 0) works[team] = w;
        UNROLL for (i32 m = 0; m < TILE; m++) /* past the end: the last output once more */
            at.a[m] = ADDRESS1(&p, operand1, first.at1 + (m < w.count ? m : w.count - 1) * p.step1[p.rank - 1]);
        at.b = ADDRESS2(&p, operand2, first.at2);
        const range node = node_range(&p, w.node, CHUNK);
        begin = node.begin + (team & (p.members - 1)) * p.span * CHUNK;
        end = w.node < 0 ? begin : begin + p.span * CHUNK < node.end ? begin + p.span * CHUNK : node.end;
    }
    team_part(&p, space, stacks[team], me, &at, begin, end, part);
    if (me % TEAM == 0)
        UNROLL for (i32 m = 0; m < TILE; m++) parts[m][team] = part[m];
    BARRIER();
    LOCAL const team_work *w = &works[team];
    if (me % (TEAM * p.members) == 0 && w->node >= 0)
        NO_UNROLL for (i32 m = 0; m < w->count; m++)
            store_either(&p, out, partials, output_along(&p, w, m), w->flat + m, w->node,
                         fold(parts[m] + team, p.members));
#if HAS_FENCED_GROUPS
    if (p.fused) finish(&p, space, stacks[team], parts[0], me, w, out, partials, counters);
#endif
}
