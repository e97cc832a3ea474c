/* GPU schedule, class matrix, where one side of the product is short and the contracted axis contiguous: memory is the
 * limit, so lanes (rows or columns) are read sixteen bytes at a time. A team of work-items sums one tree node of a strip of
 * 16 lanes of the short side and many of the long one (TILE 16), or of a square of 8 by 8 (TILE 1), of which a group has
 * many. A slice, 64 bytes of each lane, waits in local memory while it is multiplied; the next is under way in registers. */

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

/* What an element is in local memory: single bytes stay as they are, four in a word; all others are values. */
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
/* One quad more keeps the squares of a group on different banks. */
#define TEAM_QUADS ((ROWS_OF_TEAM + COLUMNS_OF_TEAM) * LANE_QUADS + 1)

/* As they lie in memory. */
#define LOADED_QUADS (SLICE * RESULT_BYTES / 16)
#define LANES_AT_ONCE (TEAM_ITEMS / LOADED_QUADS)
#define ROW_LOADS (ROWS_OF_TEAM / LANES_AT_ONCE)
#if TILE == 1
#define COLUMN_LOADS (COLUMNS_OF_TEAM / LANES_AT_ONCE)
typedef quad column_load;
#define MIXED(lane) 0
#else
#define COLUMN_LOADS ((COLUMNS_OF_TEAM * SLICE + TEAM_ITEMS - 1) / TEAM_ITEMS) /* single elements: any strides */
typedef kept column_load;
/* Neighbouring rows' quads exchange places, so that they lie on different banks. */
#define MIXED(lane) ((lane) >> 1 & (LANE_QUADS - 1))
#endif

typedef PASTE(stored_, TYPE1) stored;

/* One operand's lanes in this team's tile: all distances in bytes. */
typedef struct lanes {
    GLOBAL const u8 *from; /* the first lane's first element of the slice      */
    i64 step, stride;      /* from lane to lane, and along the contracted axis */
    i32 last;              /* lane that there is                               */
    u32 flip;              /* sign bit by which imaginary parts change         */
} lanes;

/* Where a lane lies, one that is not there as if it were the last. */
FUNCTION i64 lane_offset(PRIVATE const lanes *x, i32 lane)
{
    return (lane < x->last ? lane : x->last) * x->step;
}

/* ---- Local memory ---- */

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

/* The slice in which the node ends, `left` elements before its end: one by one, and zeros after it. */
FUNCTION void put_end(LOCAL quad *slice, PRIVATE const lanes *x, i32 is_row, i32 left, i32 me)
{
    NO_UNROLL for (i32 e = me; e < (is_row ? ROWS_OF_TEAM : COLUMNS_OF_TEAM) * SLICE; e += TEAM_ITEMS) {
        const i32 lane = e / SLICE, k = e % SLICE, mixed = is_row ? MIXED(lane) : 0;
        kept v = kept_zero();
        if (k < left) v = load_kept(x, lane_offset(x, lane) + k * x->stride);
        ((LOCAL kept *)slice)[lane * SLICE + (k / KEPT_IN_QUAD ^ mixed) * KEPT_IN_QUAD + k % KEPT_IN_QUAD] = v;
    }
}

/* ---- Multiplying ---- */

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

/* ---- The kernel ---- */

/* A side of the product, of x1's lanes or of x2's: its size, and what its one dimension moves by, counted in elements
 * of its operand, of the output and of partials. */
typedef struct side {
    i64 size, step, step_out, step_flat;
} side;

FUNCTION side side_of(PRIVATE const params *p, i32 is_x2)
{
    const i32 d = is_x2 ? COLUMN_DIMS(p) : ROW_DIMS(p), is_there = (is_x2 ? p->column_dims : p->row_dims) > 0;
    side s;
    s.size = is_x2 ? p->columns : p->rows;
    s.step = !is_there ? 0 : is_x2 ? p->step2[d] : p->step1[d];
    s.step_out = is_there ? p->step_out[d] : 0;
    s.step_flat = is_x2 ? 1 : p->columns;
    return s;
}

FUNCTION lanes lanes_of(PRIVATE const params *p, GLOBAL const u8 *x1, GLOBAL const u8 *x2, i32 is_x2, side s,
                        place corner, i64 first, i64 begin, i64 most)
{
    lanes x;
    x.step = s.step * RESULT_BYTES;
    x.stride = (is_x2 ? p->stride2 : p->stride1) * RESULT_BYTES;
    x.from = (is_x2 ? x2 + p->offset2 + corner.at2 * RESULT_BYTES : x1 + p->offset1 + corner.at1 * RESULT_BYTES) +
             first * x.step + begin * x.stride;
    x.last = (i32)(s.size - first < most ? s.size - first : most) - 1;
    x.flip = !is_x2 && p->no_conj ? 0x80000000u : 0;
    return x;
}

KERNEL RESIDENT_WORK_GROUPS(ITEMS, RESIDENT)
void skinny_gpu(GLOBAL const u8 *x1, GLOBAL const u8 *x2, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY quad slices[TEAMS_OF_GROUP][TEAM_QUADS];
    const i32 team = LOCAL_ID() / TEAM_ITEMS, me = LOCAL_ID() % TEAM_ITEMS, down = me / RIGHT, right = me % RIGHT;
    LOCAL quad *const row_slice = slices[team];
    LOCAL quad *const column_slice = slices[team] + ROWS_OF_TEAM * LANE_QUADS;

    /* The team's outputs and node. */
    const side long_side = side_of(&p, p.swap), short_side = side_of(&p, !p.swap);
    const i64 down_tiles = (long_side.size + ROWS_OF_TEAM - 1) / ROWS_OF_TEAM;
    const i64 right_tiles = (short_side.size + COLUMNS_OF_TEAM - 1) / COLUMNS_OF_TEAM;
    const i64 work = GROUP_ID() * TEAMS_OF_GROUP + team, above = work / right_tiles, batch_node = above / down_tiles;
    const i64 batches = p.outputs / (p.rows * p.columns);
    const i64 node = batch_node / batches, batch = batch_node - node * batches;
    const i64 first_column = (work - above * right_tiles) * COLUMNS_OF_TEAM;
    const i64 first_row = (above - batch_node * down_tiles) * ROWS_OF_TEAM;
    const i32 busy = node < p.nodes;
    const place corner = place_along(&p, 0, ROW_DIMS(&p), batch);
    const i64 node_elements = p.node_chunks * MATRIX_BLOCK, launch_begin = p.first_node * node_elements;
    const i64 begin = busy ? launch_begin + node * node_elements : launch_begin;
    const i32 length = !busy ? 0 : (i32)(p.n - begin < node_elements ? p.n - begin : node_elements);
    /* The same trips for every work-item of the group: a node that ends earlier goes on with zeros. */
    const i32 longest = (i32)(p.n - launch_begin < node_elements ? p.n - launch_begin : node_elements);
    const i32 trips = (longest + SLICE - 1) / SLICE;

    lanes rows = lanes_of(&p, x1, x2, p.swap, long_side, corner, first_row, begin, ROWS_OF_TEAM);
    lanes columns = lanes_of(&p, x1, x2, !p.swap, short_side, corner, first_column, begin, COLUMNS_OF_TEAM);
    /* What this work-item loads, lanes in units of sixteen bytes, and where it puts that. */
    const i32 my_lane = me / LOADED_QUADS, my_quad = me % LOADED_QUADS;
    LOCAL quad *const my_row = row_slice + my_lane * LANE_QUADS;
    i32 at1[ROW_LOADS];
    UNROLL for (i32 i = 0; i < ROW_LOADS; i++)
        at1[i] = (i32)(lane_offset(&rows, my_lane + i * LANES_AT_ONCE) / 16) + my_quad;
#if TILE == 1
    LOCAL quad *const my_column = column_slice + my_lane * LANE_QUADS;
    i32 at2[COLUMN_LOADS];
    UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++)
        at2[i] = (i32)(lane_offset(&columns, my_lane + i * LANES_AT_ONCE) / 16) + my_quad;
#else
    /* Neighbouring work-items take elements or lanes, whichever are nearer in memory. */
    const i32 along = (columns.stride < 0 ? -columns.stride : columns.stride) <=
                      (columns.step < 0 ? -columns.step : columns.step);
    const i32 lane2 = along ? me / SLICE : me % COLUMNS_OF_TEAM, k2 = along ? me % SLICE : me / COLUMNS_OF_TEAM;
    const i64 at2 = lane2 * columns.step + k2 * columns.stride;
    const i64 next_at2 = along ? TEAM_ITEMS / SLICE * columns.step : TEAM_ITEMS / COLUMNS_OF_TEAM * columns.stride;
    LOCAL kept *const my_column = (LOCAL kept *)column_slice + lane2 * SLICE + k2;
    const i32 next_column = along ? TEAM_ITEMS : TEAM_ITEMS / COLUMNS_OF_TEAM;
    const i32 puts2 = TEAM_ITEMS <= COLUMNS_OF_TEAM * SLICE || me < COLUMNS_OF_TEAM * SLICE;
    const i32 loads2 = lane2 > columns.last || !puts2 ? 0
                       : along                        ? (columns.last - lane2) / (TEAM_ITEMS / SLICE) + 1
                                                      : COLUMN_LOADS;
#endif

    value sums[OWN_SUMS], waiting[MATRIX_LEVELS * OWN_SUMS];
    quad next1[ROW_LOADS];
    column_load next2[COLUMN_LOADS];
    UNROLL for (i32 i = 0; i < OWN_SUMS; i++) sums[i] = value_zero();
    i32 left = length; /* elements of the node from the slice that is loaded on */
    for (i32 trip = 0; trip <= trips; trip++) {
        const i32 is_whole = trip < trips && left >= SLICE;
        if (is_whole) {
            UNROLL for (i32 i = 0; i < ROW_LOADS; i++)
                next1[i] = *(GLOBAL const quad *)(rows.from + (i64)at1[i] * 16);
#if TILE == 1
            UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++)
                next2[i] = *(GLOBAL const quad *)(columns.from + (i64)at2[i] * 16);
#else
            UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++) {
                next2[i] = kept_zero();
                if (i < loads2) next2[i] = load_kept(&columns, at2 + i * next_at2);
            }
#endif
        }
        LOADS_FIRST();
        if (trip > 0) {
            multiply_slice(row_slice + down * LANE_QUADS, column_slice + right * LANE_QUADS, MIXED(down), sums);
            if (trip % SLICES_IN_BLOCK == 0 || trip == trips) {
                const i32 block = (trip - 1) / SLICES_IN_BLOCK;
                const i32 after = length - (block + 1) * MATRIX_BLOCK;
                if (after + MATRIX_BLOCK > 0) climb(OWN_SUMS, sums, waiting, block, after <= 0);
            }
        }
        BARRIER();
        if (trip == trips) break;
        if (is_whole) {
            UNROLL for (i32 i = 0; i < ROW_LOADS; i++)
                put_quad(my_row + i * LANES_AT_ONCE * LANE_QUADS, my_quad, MIXED(my_lane), next1[i], rows.flip);
#if TILE == 1
            UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++)
                put_quad(my_column + i * LANES_AT_ONCE * LANE_QUADS, my_quad, 0, next2[i], columns.flip);
#else
            UNROLL for (i32 i = 0; i < COLUMN_LOADS; i++)
                if (puts2) my_column[i * next_column] = next2[i];
#endif
        } else {
            put_end(row_slice, &rows, 1, left, me);
            put_end(column_slice, &columns, 0, left, me);
        }
        rows.from += SLICE * rows.stride;
        columns.from += SLICE * columns.stride;
        left -= SLICE;
        BARRIER();
    }

    /* By way of local memory, so that neighbouring work-items store neighbouring columns. */
    LOCAL value *const space = (LOCAL value *)slices[team];
    const i64 flat_batch = batch * p.rows * p.columns;
    UNROLL for (i32 i = 0; i < OWN_ROWS; i++) {
        UNROLL for (i32 j = 0; j < OWN_COLUMNS; j++)
            space[down * (COLUMNS_OF_TEAM + 1) + right + RIGHT * j] = sums[i * OWN_COLUMNS + j];
        BARRIER();
        NO_UNROLL for (i32 e = me; e < DOWN * COLUMNS_OF_TEAM; e += TEAM_ITEMS) {
            const i64 row = first_row + i * DOWN + e / COLUMNS_OF_TEAM;
            const i64 my_column = first_column + e % COLUMNS_OF_TEAM;
            if (!busy || row >= long_side.size || my_column >= short_side.size) continue;
            place at = corner;
            at.out += row * long_side.step_out + my_column * short_side.step_out;
            store_node(&p, out, at, flat_batch + row * long_side.step_flat + my_column * short_side.step_flat, node,
                       space[e / COLUMNS_OF_TEAM * (COLUMNS_OF_TEAM + 1) + e % COLUMNS_OF_TEAM]);
        }
        BARRIER();
    }
}
