/* GPU schedule, class matrix, where one side of the product is short and the contracted axis contiguous. Memory is the
 * limit, so lanes (rows or columns) are read sixteen bytes at a time. A team of work-items sums one tree node of a
 * strip of 16 lanes of the short side and many of the long one (TILE 16), or of a square of 8 by 8, of which a group
 * has many (TILE 1). A slice, 64 bytes of each lane, is in local memory while it is multiplied; the next is under way
 * in registers.
 *
 * The long side's lanes are the `rows` here, the short side's the `columns`: of a strip that is so whatever they are
 * in the product (p.swap).
 *
 * Uses: quad.h, matrix.h, matrix_gpu.h, bytes.h. */

#define ITEMS SKINNY_GROUP_ITEMS(TILE)
#define TEAM_ITEMS SKINNY_TEAM_ITEMS(TILE)
#define TEAMS_OF_GROUP (ITEMS / TEAM_ITEMS)
#define ROWS_OF_TEAM SKINNY_TEAM_ROWS(TILE, VALUE_BYTES)
#define COLUMNS_OF_TEAM SKINNY_TEAM_COLUMNS(TILE)
#define OWN_ROWS 4
#define OWN_COLUMNS (TILE == 1 || VALUE_BYTES == 16 ? 4 : 8)
#define DOWN (ROWS_OF_TEAM / OWN_ROWS) /* work-items along the team's rows, and along its columns */
#define RIGHT (COLUMNS_OF_TEAM / OWN_COLUMNS)
#if DOWN * RIGHT != TEAM_ITEMS
#error "each work-item of a team has OWN_ROWS by OWN_COLUMNS of its outputs"
#endif
#define OWN_SUMS (OWN_ROWS * OWN_COLUMNS)
#define RESIDENT (TILE == 1 ? VALUE_BYTES == 16 ? 4 : 6 : 3) /* groups of a multiprocessor: at most 168 registers */

/* What an element is in local memory: a single byte stays as it is, four in a word; all others are values. */
#if RESULT_BYTES == 1
typedef u8 kept;
#define KEPT_BYTES 1
#else
typedef value kept;
#define KEPT_BYTES VALUE_BYTES
#endif
#define LANE_QUADS 4
#define KEPT_IN_QUAD (16 / KEPT_BYTES)
#define SLICE (LANE_QUADS * KEPT_IN_QUAD) /* elements of the contracted axis */
#define SLICES_IN_BLOCK (MATRIX_BLOCK / SLICE)
/* One quad more puts the squares of a group on different banks. */
#define TEAM_QUADS ((ROWS_OF_TEAM + COLUMNS_OF_TEAM) * LANE_QUADS + 1)

/* As they lie in memory. */
#define LOADED_QUADS (SLICE * RESULT_BYTES / 16)
#define LANES_AT_ONCE (TEAM_ITEMS / LOADED_QUADS)
#define ROW_LOADS (ROWS_OF_TEAM / LANES_AT_ONCE)

typedef PASTE(stored_, TYPE1) stored;

/* One operand's lanes of the team's outputs: all distances in bytes. */
typedef struct lanes {
    GLOBAL const u8 *from; /* the first lane's first element of the slice      */
    i64 step, stride;      /* from lane to lane, and along the contracted axis */
    i32 last;              /* lane that there is                               */
    u32 flip;              /* sign bit by which imaginary parts change         */
} lanes;

/* In a strip, the quads of neighbouring rows exchange places, so that they lie on different banks. */
#define MIXED(lane) (TILE == 1 ? 0 : (lane) >> 1 & (LANE_QUADS - 1))

/* ---- Load ---- */

/* Where a lane lies. One that is not there is taken for the last. */
FUNCTION i64 lane_offset(PRIVATE const lanes *x, i32 lane)
{
    return (lane < x->last ? lane : x->last) * x->step;
}

FUNCTION kept kept_zero(void)
{
#if RESULT_BYTES == 1
    return 0;
#else
    return value_zero();
#endif
}

FUNCTION kept kept_of(stored x, u32 flip)
{
#if RESULT_BYTES == 1
    return (kept)x;
#else
    value v = PASTE(cast_, TYPE1)(x);
#if IS_COMPLEX
    if (flip != 0) v.im = -v.im;
#endif
    return v;
#endif
}

FUNCTION kept load_kept(PRIVATE const lanes *x, i64 offset)
{
    return kept_of(*(GLOBAL const stored *)(x->from + offset), x->flip);
}

#if RESULT_BYTES == 2
FUNCTION u32 kept_bits(u32 bits)
{
    const value v = kept_of((stored)bits, 0);
#if GROUP == GROUP_INT
    return v;
#else
    return bits_of_f32(v);
#endif
}

FUNCTION quad kept_pairs(u32 low, u32 high)
{
    quad q;
    q.x = kept_bits(low & 0xffffu);
    q.y = kept_bits(low >> 16);
    q.z = kept_bits(high & 0xffffu);
    q.w = kept_bits(high >> 16);
    return q;
}
#endif

/* By quads, as rows are loaded: a work-item's quad of its lane and of every LANES_AT_ONCE-th after it. `at` counts
 * quads. */
FUNCTION void find_quads(PRIVATE const lanes *x, i32 me, i32 loads, PRIVATE i32 *at)
{
    UNROLL for (i32 i = 0; i < loads; i++)
        at[i] = (i32)(lane_offset(x, me / LOADED_QUADS + i * LANES_AT_ONCE) / 16) + me % LOADED_QUADS;
}

FUNCTION void load_quads(PRIVATE const lanes *x, i32 loads, PRIVATE const i32 *at, PRIVATE quad *next)
{
    UNROLL for (i32 i = 0; i < loads; i++) next[i] = load_quad(x->from + (i64)at[i] * 16);
}

/* A lane's index-th loaded quad; `mixed` tells where its quads are. */
FUNCTION void put_quad(LOCAL quad *lane, i32 index, i32 mixed, quad q, u32 flip)
{
#if RESULT_BYTES == 2
    lane[2 * index ^ mixed] = kept_pairs(q.x, q.y);
    lane[(2 * index + 1) ^ mixed] = kept_pairs(q.z, q.w);
#else
#if GROUP == GROUP_C64
    q.y ^= flip;
#endif
#if IS_COMPLEX
    q.w ^= flip;
#endif
    lane[index ^ mixed] = q;
#endif
}

FUNCTION void put_quads(LOCAL quad *slice, PRIVATE const lanes *x, i32 is_row, i32 me, i32 loads,
                        PRIVATE const quad *next)
{
    const i32 lane = me / LOADED_QUADS;
    UNROLL for (i32 i = 0; i < loads; i++)
        put_quad(slice + (lane + i * LANES_AT_ONCE) * LANE_QUADS, me % LOADED_QUADS, is_row ? MIXED(lane) : 0, next[i],
                 x->flip);
}

#if TILE == 1
/* Columns are loaded as rows are. */
#define COLUMN_LOADS (COLUMNS_OF_TEAM / LANES_AT_ONCE)
typedef quad column_load;
typedef struct own_columns {
    i32 at[COLUMN_LOADS];
} own_columns;

FUNCTION void find_columns(PRIVATE const lanes *x, i32 me, PRIVATE own_columns *own)
{
    find_quads(x, me, COLUMN_LOADS, own->at);
}

FUNCTION void load_columns(PRIVATE const lanes *x, PRIVATE const own_columns *own, PRIVATE column_load *next)
{
    load_quads(x, COLUMN_LOADS, own->at, next);
}

FUNCTION void put_columns(LOCAL quad *slice, PRIVATE const lanes *x, PRIVATE const own_columns *own, i32 me,
                          PRIVATE const column_load *next)
{
    put_quads(slice, x, 0, me, COLUMN_LOADS, next);
}
#else
/* Columns are loaded element by element: they may lie in any way. */
#define COLUMN_LOADS ((COLUMNS_OF_TEAM * SLICE + TEAM_ITEMS - 1) / TEAM_ITEMS)
typedef kept column_load;
typedef struct own_columns {
    i64 at, next_at; /* bytes to the first element, and from each to the next */
    i32 to, next_to; /* the same in local memory, in elements                 */
    i32 loads;       /* elements that there are                               */
    i32 puts;        /* whether this work-item has a place in local memory    */
} own_columns;

/* Neighbouring work-items take elements or lanes, whichever are nearer in memory. */
FUNCTION void find_columns(PRIVATE const lanes *x, i32 me, PRIVATE own_columns *own)
{
    const i32 along = is_along(x->stride, x->step);
    const i32 lane = along ? me / SLICE : me % COLUMNS_OF_TEAM, k = along ? me % SLICE : me / COLUMNS_OF_TEAM;
    own->at = lane * x->step + k * x->stride;
    own->next_at = along ? TEAM_ITEMS / SLICE * x->step : TEAM_ITEMS / COLUMNS_OF_TEAM * x->stride;
    own->to = lane * SLICE + k;
    own->next_to = along ? TEAM_ITEMS : TEAM_ITEMS / COLUMNS_OF_TEAM;
    own->puts = TEAM_ITEMS <= COLUMNS_OF_TEAM * SLICE || me < COLUMNS_OF_TEAM * SLICE;
    own->loads = lane > x->last || !own->puts ? 0
                 : along                      ? (x->last - lane) / (TEAM_ITEMS / SLICE) + 1
                                              : COLUMN_LOADS;
}

FUNCTION void load_columns(PRIVATE const lanes *x, PRIVATE const own_columns *own, PRIVATE column_load *next)
{
    UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++) {
        next[i] = kept_zero();
        if (i < own->loads) next[i] = load_kept(x, own->at + i * own->next_at);
    }
}

FUNCTION void put_columns(LOCAL quad *slice, PRIVATE const lanes *x, PRIVATE const own_columns *own, i32 me,
                          PRIVATE const column_load *next)
{
    UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++)
        if (own->puts) ((LOCAL kept *)slice)[own->to + i * own->next_to] = next[i];
}
#endif

/* The slice in which the node ends, after `left` elements of it: loaded one by one, and zeros after them. */
FUNCTION void put_end(LOCAL quad *slice, PRIVATE const lanes *x, i32 is_row, i32 left, i32 me)
{
    NO_UNROLL for (i32 e = me; e < (is_row ? ROWS_OF_TEAM : COLUMNS_OF_TEAM) * SLICE; e += TEAM_ITEMS) {
        const i32 lane = e / SLICE, k = e % SLICE, mixed = is_row ? MIXED(lane) : 0;
        kept v = kept_zero();
        if (k < left) v = load_kept(x, lane_offset(x, lane) + k * x->stride);
        ((LOCAL kept *)slice)[lane * SLICE + (k / KEPT_IN_QUAD ^ mixed) * KEPT_IN_QUAD + k % KEPT_IN_QUAD] = v;
    }
}

/* ---- Multiply ---- */

FUNCTION value quads_multiply_add(value sum, quad a, quad b)
{
#if RESULT_BYTES == 1
    return add_word(add_word(add_word(add_word(sum, a.x, b.x), a.y, b.y), a.z, b.z), a.w, b.w);
#else
    UNROLL for (i32 k = 0; k < IN_QUAD; k++) sum = value_multiply_add(sum, value_in(a, k), value_in(b, k));
    return sum;
#endif
}

FUNCTION void multiply_slice(LOCAL const quad *rows, LOCAL const quad *columns, i32 mixed, PRIVATE value *sums)
{
    UNROLL for (i32 index = 0; index < LANE_QUADS; index++) {
        quad a[OWN_ROWS];
        UNROLL for (i32 i = 0; i < OWN_ROWS; i++) a[i] = rows[(index ^ mixed) + i * DOWN * LANE_QUADS];
        UNROLL for (i32 j = 0; j < OWN_COLUMNS; j++) {
            const quad b = columns[index + j * RIGHT * LANE_QUADS];
            UNROLL for (i32 i = 0; i < OWN_ROWS; i++)
                sums[i * OWN_COLUMNS + j] = quads_multiply_add(sums[i * OWN_COLUMNS + j], a[i], b);
        }
    }
}

/* ---- Which outputs ---- */

/* A side of the product, of the first operand's lanes or of the second's: its size, and what its one dimension moves
 * by, counted in elements of its operand, of the output and of partials. */
typedef struct side {
    i64 size, step, step_out, step_flat;
} side;

FUNCTION side side_of(PRIVATE const params *p, i32 is_second)
{
    const i32 d = is_second ? COLUMN_DIMS(p) : ROW_DIMS(p);
    const i32 is_there = (is_second ? p->column_dims : p->row_dims) > 0;
    side s;
    s.size = is_second ? p->columns : p->rows;
    s.step = !is_there ? 0 : is_second ? p->step2[d] : p->step1[d];
    s.step_out = is_there ? p->step_out[d] : 0;
    s.step_flat = is_second ? 1 : p->columns;
    return s;
}

/* The outputs of a team and the node that it sums of them. */
typedef struct team_work {
    side long_side, short_side;
    i64 node, batch, row, column;
    place corner; /* of the batch         */
    i32 busy;     /* there is such a node */
} team_work;

FUNCTION team_work team_work_of(PRIVATE const params *p, i64 work)
{
    team_work w;
    w.long_side = side_of(p, p->swap);
    w.short_side = side_of(p, !p->swap);
    const i64 down = (w.long_side.size + ROWS_OF_TEAM - 1) / ROWS_OF_TEAM;
    const i64 right = (w.short_side.size + COLUMNS_OF_TEAM - 1) / COLUMNS_OF_TEAM;
    const i64 above = work / right, batch_node = above / down, batches = p->outputs / (p->rows * p->columns);
    w.node = batch_node / batches;
    w.batch = batch_node - w.node * batches;
    w.column = (work - above * right) * COLUMNS_OF_TEAM;
    w.row = (above - batch_node * down) * ROWS_OF_TEAM;
    w.corner = place_along(p, 0, ROW_DIMS(p), w.batch);
    w.busy = w.node < p->nodes;
    return w;
}

/* Lanes first to first + most of a side, from element `begin` of the contracted axis on. */
FUNCTION lanes lanes_of(PRIVATE const params *p, GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, i32 is_second,
                        side s, place corner, i64 first, i64 begin, i64 most)
{
    lanes x;
    x.step = s.step * RESULT_BYTES;
    x.stride = (is_second ? p->stride2 : p->stride1) * RESULT_BYTES;
    x.from = (is_second ? ADDRESS2(p, operand2, corner.at2) : ADDRESS1(p, operand1, corner.at1)) + first * x.step +
             begin * x.stride;
    x.last = (i32)(s.size - first < most ? s.size - first : most) - 1;
    x.flip = !is_second && p->no_conj ? 0x80000000u : 0;
    return x;
}

/* ---- Store ---- */

/* By way of local memory, so that neighbouring work-items store neighbouring columns. Every work-item must call it. */
FUNCTION void store_sums(PRIVATE const params *p, GLOBAL u8 *out, LOCAL value *space, PRIVATE const team_work *w,
                         i32 me, PRIVATE const value *sums)
{
    const i32 down = me / RIGHT, right = me % RIGHT;
    const i64 flat_batch = w->batch * p->rows * p->columns;
    UNROLL for (i32 i = 0; i < OWN_ROWS; i++) {
        UNROLL for (i32 j = 0; j < OWN_COLUMNS; j++)
            space[down * (COLUMNS_OF_TEAM + 1) + right + RIGHT * j] = sums[i * OWN_COLUMNS + j];
        BARRIER();
        NO_UNROLL for (i32 e = me; e < DOWN * COLUMNS_OF_TEAM; e += TEAM_ITEMS) {
            const i64 row = w->row + i * DOWN + e / COLUMNS_OF_TEAM;
            const i64 column = w->column + e % COLUMNS_OF_TEAM;
            if (!w->busy || row >= w->long_side.size || column >= w->short_side.size) continue;
            place at = w->corner;
            at.out += row * w->long_side.step_out + column * w->short_side.step_out;
            store_node(p, out, at, flat_batch + row * w->long_side.step_flat + column * w->short_side.step_flat,
                       w->node, space[e / COLUMNS_OF_TEAM * (COLUMNS_OF_TEAM + 1) + e % COLUMNS_OF_TEAM]);
        }
        BARRIER();
    }
}

/* ---- The kernel ---- */

KERNEL RESIDENT_WORK_GROUPS(ITEMS, RESIDENT)
void skinny_gpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY quad slices[TEAMS_OF_GROUP][TEAM_QUADS];
    const i32 team = LOCAL_ID() / TEAM_ITEMS, me = LOCAL_ID() % TEAM_ITEMS, down = me / RIGHT, right = me % RIGHT;
    LOCAL quad *const row_slice = slices[team];
    LOCAL quad *const column_slice = slices[team] + ROWS_OF_TEAM * LANE_QUADS;
    const team_work w = team_work_of(&p, GROUP_ID() * TEAMS_OF_GROUP + team);
    const range first = node_range(&p, 0, MATRIX_BLOCK), node = w.busy ? node_range(&p, w.node, MATRIX_BLOCK) : first;
    const i32 length = w.busy ? (i32)(node.end - node.begin) : 0;
    /* As many trips for every work-item of the group: a node that ends earlier goes on with zeros. */
    const i32 trips = ((i32)(first.end - first.begin) + SLICE - 1) / SLICE;

    lanes rows = lanes_of(&p, operand1, operand2, p.swap, w.long_side, w.corner, w.row, node.begin, ROWS_OF_TEAM);
    lanes columns = lanes_of(&p, operand1, operand2, !p.swap, w.short_side, w.corner, w.column, node.begin,
                             COLUMNS_OF_TEAM);
    i32 own_rows[ROW_LOADS];
    own_columns own;
    quad next_rows[ROW_LOADS];
    column_load next_columns[COLUMN_LOADS];
    value sums[OWN_SUMS], waiting[MATRIX_LEVELS * OWN_SUMS];
    find_quads(&rows, me, ROW_LOADS, own_rows);
    find_columns(&columns, me, &own);
    UNROLL for (i32 i = 0; i < OWN_SUMS; i++) sums[i] = value_zero();

    i32 left = length; /* elements of the node from the slice that is loaded on */
    for (i32 trip = 0; trip <= trips; trip++) {
        const i32 is_whole = trip < trips && left >= SLICE;
        if (is_whole) {
            load_quads(&rows, ROW_LOADS, own_rows, next_rows);
            load_columns(&columns, &own, next_columns);
        }
        LOADS_FIRST();
        if (trip > 0) {
            multiply_slice(row_slice + down * LANE_QUADS, column_slice + right * LANE_QUADS, MIXED(down), sums);
            const i32 block = (trip - 1) / SLICES_IN_BLOCK;
            if (trip % SLICES_IN_BLOCK == 0 || trip == trips)
                climb(OWN_SUMS, sums, waiting, block, length - block * MATRIX_BLOCK);
        }
        BARRIER();
        if (trip == trips) break;
        if (is_whole) {
            put_quads(row_slice, &rows, 1, me, ROW_LOADS, next_rows);
            put_columns(column_slice, &columns, &own, me, next_columns);
        } else {
            put_end(row_slice, &rows, 1, left, me);
            put_end(column_slice, &columns, 0, left, me);
        }
        rows.from += SLICE * rows.stride;
        columns.from += SLICE * columns.stride;
        left -= SLICE;
        BARRIER();
    }
    store_sums(&p, out, (LOCAL value *)slices[team], &w, me, sums);
}
