/* GPU schedule, class matrix: a team of work-items sums one tree node of a square of outputs, each of them OWN by OWN
 * sums in its registers. Slices of both operands, of a few elements of the contracted axis each, go through local
 * memory in turns: while one is multiplied the next is loaded. TILE is 8 for squares whose sides are long, 4 for shorter
 * ones, 1 for squares of few outputs, of which a group then has many. */

#define ITEMS MATRIX_GROUP_ITEMS(TILE)
#define TEAM_ITEMS MATRIX_TEAM_ITEMS(TILE)
#define TEAMS_OF_GROUP (ITEMS / TEAM_ITEMS)
#define ACROSS (TILE == 1 ? 4 : 16) /* work-items along a side of the square */

/* Outputs of a team; those of a work-item are accumulators, 64 registers of them at most. */
#define ROWS_OF_TEAM MATRIX_TEAM_ROWS(TILE, VALUE_BYTES)
#define COLUMNS_OF_TEAM MATRIX_TEAM_COLUMNS(TILE, VALUE_BYTES)
#define OWN_ROWS (ROWS_OF_TEAM / ACROSS)
#define OWN_COLUMNS (COLUMNS_OF_TEAM / ACROSS)

/* A slice in local memory: for each of its elements all rows, then all columns, in quads; 16 bytes more keep the banks
 * apart. */
#define SLICE (VALUE_BYTES == 16 || TILE == 1 ? 4 : 8)
#define ROW_QUADS (ROWS_OF_TEAM / IN_QUAD + 1)
#define COLUMN_QUADS (COLUMNS_OF_TEAM / IN_QUAD + 1)
#define SLICE_QUADS (SLICE * (ROW_QUADS + COLUMN_QUADS))
#define ROW_LOADS (ROWS_OF_TEAM * SLICE / TEAM_ITEMS)
#define COLUMN_LOADS (COLUMNS_OF_TEAM * SLICE / TEAM_ITEMS)

/* ---- Loading ---- */

/* The load-th of a work-item's elements in a slice: which lane (row or column) and which element of the contracted axis.
 * Neighbouring work-items take elements or lanes, whichever are nearer in memory. */
typedef struct pick {
    i32 lane, k;
} pick;

FUNCTION pick pick_of(i32 me, i32 load, i32 lanes, i32 along)
{
    const i32 at = me + load * TEAM_ITEMS;
    pick e;
    e.lane = along ? at / SLICE : at % lanes;
    e.k = along ? at % SLICE : at / lanes;
    return e;
}

/* An operand's element `at`, cast to the result dtype. */
#if IS_TYPED
#define LOAD1(p, from, at) PASTE(cast_, TYPE1)(((GLOBAL const PASTE(stored_, TYPE1) *)(from))[at])
#define LOAD2(p, from, at) PASTE(cast_, TYPE2)(((GLOBAL const PASTE(stored_, TYPE2) *)(from))[at])
#else
#define LOAD1(p, from, at) element_any((from) + (at) * OPERAND_SIZE1(p), (p)->type1)
#define LOAD2(p, from, at) element_any((from) + (at) * OPERAND_SIZE2(p), (p)->type2)
#endif

FUNCTION i32 is_along(i64 stride, i64 step)
{
    return (stride < 0 ? -stride : stride) <= (step < 0 ? -step : step);
}

/* ---- Multiplying ---- */

/* A work-item's lane with its own index: neighbours have neighbouring quads. */
#define LANE_OF(own, item) (((own) / IN_QUAD * ACROSS + (item)) * IN_QUAD + (own) % IN_QUAD)

FUNCTION void multiply_slice(LOCAL const quad *slice, i32 down, i32 right, PRIVATE value *sums)
{
    UNROLL for (i32 k = 0; k < SLICE; k++) {
        value a[OWN_ROWS], b[OWN_COLUMNS];
        UNROLL for (i32 i = 0; i < OWN_ROWS; i += IN_QUAD) {
            const quad q = slice[k * ROW_QUADS + i / IN_QUAD * ACROSS + down];
            UNROLL for (i32 m = 0; m < IN_QUAD; m++) a[i + m] = value_in(q, m);
        }
        UNROLL for (i32 j = 0; j < OWN_COLUMNS; j += IN_QUAD) {
            const quad q = slice[SLICE * ROW_QUADS + k * COLUMN_QUADS + j / IN_QUAD * ACROSS + right];
            UNROLL for (i32 m = 0; m < IN_QUAD; m++) b[j + m] = value_in(q, m);
        }
        UNROLL for (i32 i = 0; i < OWN_ROWS; i++)
            UNROLL for (i32 j = 0; j < OWN_COLUMNS; j++)
                sums[i * OWN_COLUMNS + j] = value_multiply_add(sums[i * OWN_COLUMNS + j], a[i], b[j]);
    }
}

/* ---- The kernel ---- */

KERNEL WORK_GROUP(ITEMS) void matrix_gpu(GLOBAL const u8 *x1, GLOBAL const u8 *x2, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY quad slices[2][TEAMS_OF_GROUP][SLICE_QUADS];
    const i32 team = LOCAL_ID() / TEAM_ITEMS, me = LOCAL_ID() % TEAM_ITEMS;
    const i64 down_tiles = (p.rows + ROWS_OF_TEAM - 1) / ROWS_OF_TEAM;
    const i64 right_tiles = (p.columns + COLUMNS_OF_TEAM - 1) / COLUMNS_OF_TEAM;
    const i64 batches = p.outputs / p.rows / p.columns;
    i64 work = GROUP_ID() * TEAMS_OF_GROUP + team;
    const i64 first_row = work % down_tiles * ROWS_OF_TEAM;
    work /= down_tiles;
    const i64 first_column = work % right_tiles * COLUMNS_OF_TEAM;
    work /= right_tiles;
    const i64 batch = work % batches, node = work / batches;
    const i32 busy = node < p.nodes;
    const place corner = place_along(&p, 0, ROW_DIMS(&p), batch);
    const i64 begin = (p.first_node + node) * p.node_chunks * MATRIX_BLOCK;
    const i64 stop = begin + p.node_chunks * MATRIX_BLOCK < p.n ? begin + p.node_chunks * MATRIX_BLOCK : p.n;
    /* The same trips for every work-item of the group: a node that ends earlier goes on with zeros. */
    const i64 blocks = (p.n + MATRIX_BLOCK - 1) / MATRIX_BLOCK < p.node_chunks
                           ? (p.n + MATRIX_BLOCK - 1) / MATRIX_BLOCK
                           : p.node_chunks;
    const i32 per_block = p.n < MATRIX_BLOCK ? (i32)(p.n + SLICE - 1) / SLICE : MATRIX_BLOCK / SLICE;

    /* Where this work-item's elements of a slice lie. */
    const i32 along1 = p.row_dims == 0 || is_along(p.stride1, p.step1[COLUMN_DIMS(&p) - 1]);
    const i32 along2 = p.column_dims == 0 || is_along(p.stride2, p.step2[p.rank - 1]);
    i64 at1[ROW_LOADS], at2[COLUMN_LOADS];
    u32 there = 0; /* whether the lane exists, a bit for each load */
    UNROLL for (i32 i = 0; i < ROW_LOADS; i++) {
        const pick e = pick_of(me, i, ROWS_OF_TEAM, along1);
        const i32 is_there = busy && first_row + e.lane < p.rows;
        const place at = place_along(&p, ROW_DIMS(&p), COLUMN_DIMS(&p), is_there ? first_row + e.lane : 0);
        at1[i] = corner.at1 + at.at1 + (begin + e.k) * p.stride1;
        there |= (u32)is_there << i;
    }
    UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++) {
        const pick e = pick_of(me, i, COLUMNS_OF_TEAM, along2);
        const i32 is_there = busy && first_column + e.lane < p.columns;
        const place at = place_along(&p, COLUMN_DIMS(&p), p.rank, is_there ? first_column + e.lane : 0);
        at2[i] = corner.at2 + at.at2 + (begin + e.k) * p.stride2;
        there |= (u32)is_there << (i + ROW_LOADS);
    }

    value sums[OWN_ROWS * OWN_COLUMNS], waiting[MATRIX_LEVELS * OWN_ROWS * OWN_COLUMNS];
    value next1[ROW_LOADS], next2[COLUMN_LOADS];
    UNROLL for (i32 i = 0; i < OWN_ROWS * OWN_COLUMNS; i++) sums[i] = value_zero();

    const i64 slice_count = blocks * per_block;
    i32 in_block = 0, block = 0; /* slices of the block and blocks that are done */
    i64 first = begin;           /* of the slice that is loaded                  */
    for (i64 ahead = 0; ahead <= slice_count; ahead++, first += SLICE) {
        /* Loads of a slice go out before the multiplications of the one before it. */
        if (ahead < slice_count) {
            UNROLL for (i32 i = 0; i < ROW_LOADS; i++) {
                const pick e = pick_of(me, i, ROWS_OF_TEAM, along1);
                next1[i] = value_zero();
                if ((there >> i & 1u) != 0 && first + e.k < stop)
                    next1[i] = LOAD1(&p, x1 + p.offset1, at1[i]);
                at1[i] += SLICE * p.stride1;
#if IS_COMPLEX
                if (p.no_conj) next1[i].im = -next1[i].im;
#endif
            }
            UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++) {
                const pick e = pick_of(me, i, COLUMNS_OF_TEAM, along2);
                next2[i] = value_zero();
                if ((there >> (i + ROW_LOADS) & 1u) != 0 && first + e.k < stop)
                    next2[i] = LOAD2(&p, x2 + p.offset2, at2[i]);
                at2[i] += SLICE * p.stride2;
            }
        }
        if (ahead > 0) {
            multiply_slice(slices[~ahead & 1][team], me / ACROSS, me % ACROSS, sums);
            if (++in_block == per_block) {
                const i64 block_end = begin + (i64)(block + 1) * MATRIX_BLOCK;
                if (block_end - MATRIX_BLOCK < stop) climb(OWN_ROWS * OWN_COLUMNS, sums, waiting, block, block_end >= stop);
                in_block = 0;
                block++;
            }
        }
        if (ahead < slice_count) {
            LOCAL value *rows = (LOCAL value *)slices[ahead & 1][team];
            LOCAL value *columns = (LOCAL value *)(slices[ahead & 1][team] + SLICE * ROW_QUADS);
            UNROLL for (i32 i = 0; i < ROW_LOADS; i++) {
                const pick e = pick_of(me, i, ROWS_OF_TEAM, along1);
                rows[e.k * ROW_QUADS * IN_QUAD + e.lane] = next1[i];
            }
            UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++) {
                const pick e = pick_of(me, i, COLUMNS_OF_TEAM, along2);
                columns[e.k * COLUMN_QUADS * IN_QUAD + e.lane] = next2[i];
            }
        }
        BARRIER();
    }

    if (!busy) return;
    /* Out of registers first, so that the storing can be a loop. */
    UNROLL for (i32 i = 0; i < OWN_ROWS * OWN_COLUMNS; i++) waiting[i] = sums[i];
    for (i32 i = 0; i < OWN_ROWS * OWN_COLUMNS; i++) {
        const i64 row = first_row + LANE_OF(i / OWN_COLUMNS, me / ACROSS);
        const i64 column = first_column + LANE_OF(i % OWN_COLUMNS, me % ACROSS);
        if (row >= p.rows || column >= p.columns) continue;
        place at = place_along(&p, COLUMN_DIMS(&p), p.rank, column);
        at.out += place_along(&p, 0, ROW_DIMS(&p), batch).out + place_along(&p, ROW_DIMS(&p), COLUMN_DIMS(&p), row).out;
        store_node(&p, out, at, (batch * p.rows + row) * p.columns + column, node, waiting[i]);
    }
}
