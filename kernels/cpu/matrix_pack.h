/* CPU schedule, class matrix: the sizes of a tile, and how the rows and columns that it multiplies are packed. Operands
 * may lie in any way; packed, they are whole vectors next to each other. */

/* A tile is TILE_ROWS rows by TILE_VECTORS vectors of sums. They leave registers for an element of a row and for one of
 * the columns. */
#if VECTOR_REGISTERS == 32
#define TILE_ROWS 14
#define FEW_ROWS 8
#elif VECTOR_REGISTERS == 16
#define TILE_ROWS 6
#define FEW_ROWS 3
#elif VECTOR_REGISTERS == 8
#define TILE_ROWS 3
#define FEW_ROWS 3
#else
#define TILE_ROWS 2
#define FEW_ROWS 2
#endif
#if TILE_ROWS > MOST_TILE_ROWS
#error "the planner makes room for MOST_TILE_ROWS"
#endif
#define TILE_COLUMNS (TILE_VECTORS * VECTOR_ELEMENTS)
#define TILE_COMPONENTS (TILE_ROWS * TILE_VECTORS * WIDTH)
#define BANDS 4 /* rows of tiles that are packed together */
#define PACKED_ROWS ((BANDS * TILE_ROWS + WIDTH - 1) / WIDTH * WIDTH)
#define ROW_PITCH ((MATRIX_BLOCK + 16) * COMPONENTS) /* no power of two, for the sake of the cache's sets */
#define PANEL_COMPONENTS (MATRIX_BLOCK * TILE_VECTORS * WIDTH)
#define COLUMN_COMPONENTS (MATRIX_COLUMN_BYTES / (i32)sizeof(component))
#define SUM_COMPONENTS (MATRIX_SUM_BYTES / (i32)sizeof(component))

/* What a work-item keeps apart, as vectors for their alignment. */
typedef struct matrix_scratch {
    VECTOR columns[COLUMN_COMPONENTS / WIDTH], rows[PACKED_ROWS * ROW_PITCH / WIDTH];
    VECTOR waiting[SUM_COMPONENTS / WIDTH], sums[TILE_COMPONENTS / WIDTH];
} matrix_scratch;
#define SCRATCH_TYPE matrix_scratch

/* ---- Packing ---- */

/* An operand's lanes, which are rows of the first operand or columns of the second, and how they lie in memory. */
typedef struct side {
    GLOBAL const u8 *from; /* element 0 of the batch                           */
    i64 step;              /* bytes to a lane's next element                   */
    i64 across;            /* bytes to the next lane; 0 where that may vary    */
    i64 size;              /* bytes of an element                              */
    i32 type;
    i32 is_first;
    i32 first_dim, end_dim;
} side;

/* WIDTH elements, of one lane or of as many lanes. */
typedef struct line {
    VECTOR re;
#if IS_COMPLEX
    VECTOR im;
#endif
} line;

FUNCTION GLOBAL const u8 *lane_at(PRIVATE const params *p, PRIVATE const side *s, i64 lane)
{
    place at = place_along(p, s->first_dim, s->end_dim, lane);
    return s->from + (s->is_first ? at.at1 : at.at2) * s->size;
}

FUNCTION line line_of(VECTOR first, VECTOR second)
{
    line l;
#if IS_COMPLEX
    l.re = EVEN_COMPONENTS(first, second);
    l.im = ODD_COMPONENTS(first, second);
#else
    l.re = first;
#endif
    return l;
}

/* Interleaves `count` vectors that lie `apart` in an array, in rounds until piece k of each is in the k-th. */
#define TRANSPOSE(q, part, count, apart, LOW, HIGH)                                               \
    UNROLL for (i32 round = 1; round < (count); round *= 2) {                                     \
        VECTOR w[count];                                                                          \
        UNROLL for (i32 k = 0; k < (count) / 2; k++) {                                            \
            w[2 * k] = LOW((q)[k * (apart)].part, (q)[(k + (count) / 2) * (apart)].part);         \
            w[2 * k + 1] = HIGH((q)[k * (apart)].part, (q)[(k + (count) / 2) * (apart)].part);    \
        }                                                                                         \
        UNROLL for (i32 k = 0; k < (count); k++) (q)[k * (apart)].part = w[k];                    \
    }

/* First within 16 bytes, then 16 bytes at a time: see NEAR_COMPONENTS. */
#define GROUPS (WIDTH / NEAR_COMPONENTS)
FUNCTION void transpose(PRIVATE line *q)
{
    UNROLL for (i32 g = 0; g < WIDTH; g += NEAR_COMPONENTS) {
        TRANSPOSE(q + g, re, NEAR_COMPONENTS, 1, zip_low_near, zip_high_near)
#if IS_COMPLEX
        TRANSPOSE(q + g, im, NEAR_COMPONENTS, 1, zip_low_near, zip_high_near)
#endif
    }
    UNROLL for (i32 i = 0; i < NEAR_COMPONENTS; i++) {
        TRANSPOSE(q + i, re, GROUPS, NEAR_COMPONENTS, zip_low_far, zip_high_far)
#if IS_COMPLEX
        TRANSPOSE(q + i, im, GROUPS, NEAR_COMPONENTS, zip_low_far, zip_high_far)
#endif
    }
}

/* Packed rows: each by itself, complex numbers conjugated and interleaved. */
FUNCTION void put_row(PRIVATE const params *p, PRIVATE component *to, line l)
{
#if IS_COMPLEX
    l.im *= (component)(p->no_conj ? -1 : 1);
    STORE_COMPONENTS(zip_low(l.re, l.im), 0, to);
    STORE_COMPONENTS(zip_high(l.re, l.im), 1, to);
#else
    STORE_COMPONENTS(l.re, 0, to);
#endif
}

/* Packed columns: element after element a vector of each, complex numbers' real parts and then imaginary parts. */
FUNCTION void put_columns(PRIVATE component *to, line l)
{
    STORE_COMPONENTS(l.re, 0, to);
#if IS_COMPLEX
    STORE_COMPONENTS(l.im, 1, to);
#endif
}

#define ROW_AT(to, row, k) ((to) + (row) * ROW_PITCH + (k) * COMPONENTS)
#define COLUMN_AT(to, column, k)                                                            \
    ((to) + (column) / TILE_COLUMNS * PANEL_COMPONENTS + (k) * (TILE_VECTORS * WIDTH) + (column) % TILE_COLUMNS)

#if IS_TYPED
/* The first `count` elements at an address, all of a line's or fewer; nothing else is read. */
FUNCTION line load_line(GLOBAL const u8 *from, i32 count)
{
    GLOBAL const stored1 *x = (GLOBAL const stored1 *)from;
    if (count >= WIDTH) return line_of(WIDE1(0, x), WIDE1(COMPONENTS - 1, x));
    component c[WIDTH * COMPONENTS];
    for (i32 k = 0; k < WIDTH; k++) {
        value v = k < count ? CAST1(x[k]) : value_zero();
        put_components(c + k * COMPONENTS, v);
    }
    return line_of(LOAD_COMPONENTS(0, c), LOAD_COMPONENTS(COMPONENTS - 1, c));
}

/* Lanes that are contiguous themselves. */
FUNCTION void pack_rows_along(PRIVATE const params *p, GLOBAL const u8 *from, i64 across, PRIVATE component *to,
                              i32 rows, i32 count)
{
    for (i32 i = 0; i < rows; i++, from += across)
        for (i32 k = 0; k < count; k += WIDTH)
            put_row(p, ROW_AT(to, i, k), load_line(from + k * (i64)sizeof(stored1), count - k));
}

FUNCTION void pack_columns_along(GLOBAL const u8 *from, i64 across, PRIVATE component *to, i32 columns, i32 count,
                                 i64 far)
{
    for (i32 j = 0; j < columns; j += WIDTH, from += WIDTH * across)
        for (i32 k = 0; k < count; k += WIDTH) {
            GLOBAL const u8 *x = from + k * (i64)sizeof(stored1);
            line q[WIDTH];
            if (count - k >= WIDTH) {
                UNROLL for (i32 i = 0; i < WIDTH; i++) {
                    if (i < columns - j) {
                        PREFETCH_FAR(x + i * across + far);
                        q[i] = load_line(x + i * across, WIDTH);
                    } else {
                        q[i] = line_of(SPLAT(0), SPLAT(0));
                    }
                }
            } else {
                for (i32 i = 0; i < WIDTH; i++) q[i] = load_line(x + i * across, i < columns - j ? count - k : 0);
            }
            transpose(q);
            UNROLL for (i32 i = 0; i < WIDTH; i++) put_columns(COLUMN_AT(to, j, k + i), q[i]);
        }
}

/* Lanes that lie side by side; more rows than a tile's, since whole lines are the quicker. */
FUNCTION void pack_rows_across(PRIVATE const params *p, GLOBAL const u8 *from, i64 step, PRIVATE component *to,
                               i32 rows, i32 count)
{
    for (i32 i = 0; i < rows; i += WIDTH, from += WIDTH * sizeof(stored1))
        for (i32 k = 0; k < count; k += WIDTH) {
            GLOBAL const u8 *x = from + k * step;
            line q[WIDTH];
            if (rows - i >= WIDTH && count - k >= WIDTH) {
                UNROLL for (i32 m = 0; m < WIDTH; m++) q[m] = load_line(x + m * step, WIDTH);
            } else {
                for (i32 m = 0; m < WIDTH; m++) q[m] = load_line(x + m * step, m < count - k ? rows - i : 0);
            }
            transpose(q);
            UNROLL for (i32 m = 0; m < WIDTH; m++) put_row(p, ROW_AT(to, i + m, k), q[m]);
        }
}

FUNCTION void pack_columns_across(GLOBAL const u8 *from, i64 step, PRIVATE component *to, i32 columns, i32 count)
{
    for (i32 k = 0; k < count; k++, from += step)
        for (i32 j = 0; j < columns; j += WIDTH)
            put_columns(COLUMN_AT(to, j, k), load_line(from + j * (i64)sizeof(stored1), columns - j));
}

#define CAST_SOME(to, from, type, step, count)                                                        \
    for (i32 k_ = 0; k_ < (count); k_++)                                                              \
        put_components((to) + k_ * COMPONENTS, CAST1(*(GLOBAL const stored1 *)((from) + k_ * (step))))
#else
#define CAST_SOME(to, from, type, step, count) pack(to, from, type, step, count)
#endif

/* Any lanes: a line of each at a time. */
FUNCTION void pack_rows_any(PRIVATE const params *p, PRIVATE const side *s, i64 lane, i64 first,
                            PRIVATE component *to, i32 rows, i32 count)
{
    component c[WIDTH * COMPONENTS];
    for (i32 i = 0; i < rows; i++) {
        GLOBAL const u8 *from = lane_at(p, s, lane + i) + first * s->step;
        for (i32 k = 0; k < count; k += WIDTH) {
            CAST_SOME(c, from + k * s->step, s->type, s->step, min(count - k, (i32)WIDTH));
            put_row(p, ROW_AT(to, i, k), line_of(LOAD_COMPONENTS(0, c), LOAD_COMPONENTS(COMPONENTS - 1, c)));
        }
    }
}

FUNCTION void pack_columns_any(PRIVATE const params *p, PRIVATE const side *s, i64 lane, i64 first,
                               PRIVATE component *to, i32 columns, i32 count)
{
    component c[WIDTH * COMPONENTS];
    for (i32 j = 0; j < columns; j += WIDTH)
        for (i32 k = 0; k < count; k += WIDTH) {
            line q[WIDTH];
            for (i32 i = 0; i < WIDTH; i++) {
                for (i32 m = 0; m < WIDTH * COMPONENTS; m++) c[m] = 0;
                if (j + i < columns) {
                    GLOBAL const u8 *from = lane_at(p, s, lane + j + i) + (first + k) * s->step;
                    CAST_SOME(c, from, s->type, s->step, min(count - k, (i32)WIDTH));
                }
                q[i] = line_of(LOAD_COMPONENTS(0, c), LOAD_COMPONENTS(COMPONENTS - 1, c));
            }
            transpose(q);
            UNROLL for (i32 i = 0; i < WIDTH; i++) put_columns(COLUMN_AT(to, j, k + i), q[i]);
        }
}

/* Packs rows of some tiles, or the columns of a rectangle, from the lane `lane` on. What is packed past the last lane
 * or element is never summed up or stored. What lies `far` bytes on is wanted next. */
FUNCTION void pack_rows(PRIVATE const params *p, PRIVATE const side *s, i64 lane, i64 first, PRIVATE component *to,
                        i32 rows, i32 count)
{
#if IS_TYPED
    GLOBAL const u8 *from = s->from + lane * s->across + first * s->step;
    if (s->across != 0 && s->step == s->size) {
        pack_rows_along(p, from, s->across, to, rows, count);
        return;
    }
    if (s->across == s->size) {
        pack_rows_across(p, from, s->step, to, (i32)min(p->rows - lane, (i64)PACKED_ROWS), count);
        return;
    }
#endif
    pack_rows_any(p, s, lane, first, to, rows, count);
}

FUNCTION void pack_columns(PRIVATE const params *p, PRIVATE const side *s, i64 lane, i64 first,
                           PRIVATE component *to, i32 columns, i32 count, i64 far)
{
#if IS_TYPED
    GLOBAL const u8 *from = s->from + lane * s->across + first * s->step;
    if (s->across != 0 && s->step == s->size) {
        pack_columns_along(from, s->across, to, columns, count, far);
        return;
    }
    if (s->across == s->size) {
        pack_columns_across(from, s->step, to, columns, count);
        return;
    }
#endif
    pack_columns_any(p, s, lane, first, to, columns, count);
}
