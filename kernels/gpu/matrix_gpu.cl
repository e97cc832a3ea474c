/* GPU schedule, class matrix. A team of work-items sums one tree node of a rectangle of outputs; each work-item has
 * OWN_ROWS by OWN_COLUMNS sums of it in registers. Slices of both operands, a few elements of the contracted axis
 * each, go through local memory in turns: while one is multiplied, the next is loaded.
 *
 * TILE is 8 for rectangles whose sides are long, and 4 for shorter ones. It is 1 for those of few outputs, of which a
 * group then has many.
 *
 * Uses: quad.h, matrix.h, matrix_gpu.h. */

#define ITEMS MATRIX_GROUP_ITEMS(TILE)
#define TEAM_ITEMS MATRIX_TEAM_ITEMS(TILE)
#define TEAMS_OF_GROUP (ITEMS / TEAM_ITEMS)
#define ACROSS (TILE == 1 ? 4 : 16) /* work-items along a side of the rectangle */

/* Outputs of a team; those of a work-item are accumulators, 64 registers of them at most. */
#define ROWS_OF_TEAM MATRIX_TEAM_ROWS(TILE, VALUE_BYTES)
#define COLUMNS_OF_TEAM MATRIX_TEAM_COLUMNS(TILE, VALUE_BYTES)
#define OWN_ROWS (ROWS_OF_TEAM / ACROSS)
#define OWN_COLUMNS (COLUMNS_OF_TEAM / ACROSS)
#define OWN_SUMS (OWN_ROWS * OWN_COLUMNS)

/* A slice in local memory: for each of its elements all rows, then all columns, in quads; 16 bytes more keep the banks
 * apart. */
#define SLICE (VALUE_BYTES == 16 || TILE == 1 ? 4 : 8)
#define ROW_QUADS (ROWS_OF_TEAM / IN_QUAD + 1)
#define COLUMN_QUADS (COLUMNS_OF_TEAM / IN_QUAD + 1)
#define SLICE_QUADS (SLICE * (ROW_QUADS + COLUMN_QUADS))
#define ROW_LOADS (ROWS_OF_TEAM * SLICE / TEAM_ITEMS)
#define COLUMN_LOADS (COLUMNS_OF_TEAM * SLICE / TEAM_ITEMS)

/* A rectangle of outputs and the node that a team sums of them. */
typedef struct team_work {
    i64 node, batch, row, column;
    i32 busy; /* there is such a node */
} team_work;

FUNCTION team_work team_work_of(PRIVATE const params *p, i64 work)
{
    const i64 down = (p->rows + ROWS_OF_TEAM - 1) / ROWS_OF_TEAM;
    const i64 right = (p->columns + COLUMNS_OF_TEAM - 1) / COLUMNS_OF_TEAM;
    const i64 batches = p->outputs / p->rows / p->columns;
    team_work w;
    w.row = work % down * ROWS_OF_TEAM;
    work /= down;
    w.column = work % right * COLUMNS_OF_TEAM;
    work /= right;
    w.batch = work % batches;
    w.node = work / batches;
    w.busy = w.node < p->nodes;
    return w;
}

/* ---- Load ---- */

/* One operand's lanes of the rectangle: rows of the first operand or columns of the second. */
typedef struct side {
    GLOBAL const u8 *from; /* element [0, ..., 0] of the operand                */
    i64 stride;            /* elements along the contracted axis                */
    i64 size;              /* bytes of an element                               */
    i32 type;
    i32 negate;            /* the imaginary parts                               */
    i32 lanes;             /* of the rectangle, at most                         */
    i32 along;             /* elements of a lane are nearer than lanes are      */
    u32 there;             /* whether this work-item's i-th load exists: bit i  */
} side;

/* The load-th of a work-item's elements in a slice: which lane, and which element of the contracted axis. Neighbouring
 * work-items take elements or lanes, whichever are nearer in memory. */
typedef struct pick {
    i32 lane, k;
} pick;

FUNCTION pick pick_of(PRIVATE const side *s, i32 me, i32 load)
{
    const i32 at = me + load * TEAM_ITEMS;
    pick e;
    e.lane = s->along ? at / SLICE : at % s->lanes;
    e.k = s->along ? at % SLICE : at / s->lanes;
    return e;
}

/* The lanes from `first` on, and where this work-item's elements of the first slice are: `at` counts elements, like
 * `corner`, which is element `begin` of the contracted axis in the batch. */
FUNCTION side side_of(PRIVATE const params *p, GLOBAL const u8 *operand, i32 is_row, i64 first, i64 corner, i32 busy,
                      i32 me, i32 loads, PRIVATE i64 *at)
{
    const i32 begin_dim = is_row ? ROW_DIMS(p) : COLUMN_DIMS(p), end_dim = is_row ? COLUMN_DIMS(p) : p->rank;
    const i64 count = is_row ? p->rows : p->columns;
    side s;
    s.from = operand + (is_row ? p->offset1 : p->offset2);
    s.stride = is_row ? p->stride1 : p->stride2;
    s.size = is_row ? OPERAND_SIZE1(p) : OPERAND_SIZE2(p);
    s.type = is_row ? p->type1 : p->type2;
    s.negate = is_row && p->no_conj;
    s.lanes = is_row ? ROWS_OF_TEAM : COLUMNS_OF_TEAM;
    s.along = begin_dim == end_dim || is_along(s.stride, is_row ? p->step1[end_dim - 1] : p->step2[end_dim - 1]);
    s.there = 0;
    UNROLL for (i32 i = 0; i < loads; i++) {
        const pick e = pick_of(&s, me, i);
        const i32 is_there = busy && first + e.lane < count;
        const place lane = place_along(p, begin_dim, end_dim, is_there ? first + e.lane : 0);
        at[i] = corner + (is_row ? lane.at1 : lane.at2) + e.k * s.stride;
        s.there |= (u32)is_there << i;
    }
    return s;
}

/* An element, cast to the result dtype. Typed operands have that dtype. */
FUNCTION value load_element(PRIVATE const side *s, i64 at)
{
#if IS_TYPED
    value v = PASTE(cast_, RESULT)(((GLOBAL const PASTE(stored_, RESULT) *)s->from)[at]);
#else
    value v = element_any(s->from + at * s->size, s->type);
#endif
#if IS_COMPLEX
    if (s->negate) v.im = -v.im;
#endif
    return v;
}

/* The next slice, from which on the node has `left` elements: zeros after them, and where there is no lane. */
FUNCTION void load_slice(PRIVATE const side *s, i32 me, i64 left, i32 loads, PRIVATE i64 *at, PRIVATE value *next)
{
    UNROLL for (i32 i = 0; i < loads; i++) {
        next[i] = value_zero();
        if ((s->there >> i & 1u) != 0 && pick_of(s, me, i).k < left) next[i] = load_element(s, at[i]);
        at[i] += SLICE * s->stride;
    }
}

/* ---- Multiply ---- */

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

/* ---- Store ---- */

/* Into local memory: `pitch` values from one element of the contracted axis to the next. */
FUNCTION void put_slice(LOCAL quad *slice, i32 pitch, PRIVATE const side *s, i32 me, i32 loads,
                        PRIVATE const value *next)
{
    UNROLL for (i32 i = 0; i < loads; i++) {
        const pick e = pick_of(s, me, i);
        ((LOCAL value *)slice)[e.k * pitch + e.lane] = next[i];
    }
}

/* A work-item's lane of the rectangle by its own index: neighbours have neighbouring quads. */
#define LANE_OF(own, item) (((own) / IN_QUAD * ACROSS + (item)) * IN_QUAD + (own) % IN_QUAD)

FUNCTION void store_sums(PRIVATE const params *p, GLOBAL u8 *out, PRIVATE const team_work *w, i32 me,
                         PRIVATE const value *sums)
{
    for (i32 i = 0; i < OWN_SUMS; i++) {
        const i64 row = w->row + LANE_OF(i / OWN_COLUMNS, me / ACROSS);
        const i64 column = w->column + LANE_OF(i % OWN_COLUMNS, me % ACROSS);
        if (row >= p->rows || column >= p->columns) continue;
        place at = place_along(p, COLUMN_DIMS(p), p->rank, column);
        at.out += place_along(p, 0, ROW_DIMS(p), w->batch).out + place_along(p, ROW_DIMS(p), COLUMN_DIMS(p), row).out;
        store_node(p, out, at, (w->batch * p->rows + row) * p->columns + column, w->node, sums[i]);
    }
}

/* ---- The kernel ---- */

KERNEL WORK_GROUP(ITEMS)
void matrix_gpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY quad slices[2][TEAMS_OF_GROUP][SLICE_QUADS];
    const i32 team = LOCAL_ID() / TEAM_ITEMS, me = LOCAL_ID() % TEAM_ITEMS;
    const team_work w = team_work_of(&p, GROUP_ID() * TEAMS_OF_GROUP + team);
    const range node = node_range(&p, w.node, MATRIX_BLOCK);
    i64 at1[ROW_LOADS], at2[COLUMN_LOADS];
    value next1[ROW_LOADS], next2[COLUMN_LOADS];
    value sums[OWN_SUMS], waiting[MATRIX_LEVELS * OWN_SUMS];
    const place batch = place_along(&p, 0, ROW_DIMS(&p), w.batch);
    const side rows = side_of(&p, operand1, 1, w.row, batch.at1 + node.begin * p.stride1, w.busy, me, ROW_LOADS, at1);
    const side columns = side_of(&p, operand2, 0, w.column, batch.at2 + node.begin * p.stride2, w.busy, me,
                                 COLUMN_LOADS, at2);
    UNROLL for (i32 i = 0; i < OWN_SUMS; i++) sums[i] = value_zero();

    /* As many slices for every work-item of the group: a node that ends earlier goes on with zeros. */
    const i64 all_blocks = (p.n + MATRIX_BLOCK - 1) / MATRIX_BLOCK;
    const i32 per_block = p.n < MATRIX_BLOCK ? (i32)(p.n + SLICE - 1) / SLICE : MATRIX_BLOCK / SLICE;
    const i64 count = (all_blocks < p.node_chunks ? all_blocks : p.node_chunks) * per_block;
    i64 left = node.end - node.begin; /* elements from the slice that is loaded on */
    i32 in_block = 0, block = 0;      /* slices of the block, and blocks, that are multiplied */
    for (i64 ahead = 0; ahead <= count; ahead++, left -= SLICE) {
        /* The loads of a slice go out before the one before it is multiplied. */
        if (ahead < count) {
            load_slice(&rows, me, left, ROW_LOADS, at1, next1);
            load_slice(&columns, me, left, COLUMN_LOADS, at2, next2);
        }
        if (ahead > 0) {
            multiply_slice(slices[~ahead & 1][team], me / ACROSS, me % ACROSS, sums);
            if (++in_block == per_block) {
                climb(OWN_SUMS, sums, waiting, block, node.end - node.begin - (i64)block * MATRIX_BLOCK);
                in_block = 0;
                block++;
            }
        }
        if (ahead < count) {
            put_slice(slices[ahead & 1][team], ROW_QUADS * IN_QUAD, &rows, me, ROW_LOADS, next1);
            put_slice(slices[ahead & 1][team] + SLICE * ROW_QUADS, COLUMN_QUADS * IN_QUAD, &columns, me, COLUMN_LOADS,
                      next2);
        }
        BARRIER();
    }

    if (!w.busy) return;
    /* Out of registers first, so that the storing can be a loop. */
    UNROLL for (i32 i = 0; i < OWN_SUMS; i++) waiting[i] = sums[i];
    store_sums(&p, out, &w, me, waiting);
}
