/* CPU schedule, class matrix: a work-item sums one tree node of a rectangle of outputs. For each block of the
 * contracted axis it packs the rectangle's columns. Then it packs a few of the rows at a time, and multiplies them in
 * tiles that fill the vector registers. A tile's sums wait in private memory for their partners in the tree. */

/* A tile is TILE_ROWS rows by TILE_VECTORS vectors of sums. They leave registers for an element of a row and for one of
 * the columns. */
#if defined(__AVX512F__)
#define TILE_ROWS 14
#define FEW_ROWS 8
#elif defined(__AVX__)
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

/* Elements of a's and b's lower halves by turns, and of the upper. */
FUNCTION VECTOR zip_low(VECTOR a, VECTOR b)
{
    VECTOR r;
    r.even = a.lo;
    r.odd = b.lo;
    return r;
}

FUNCTION VECTOR zip_high(VECTOR a, VECTOR b)
{
    VECTOR r;
    r.even = a.hi;
    r.odd = b.hi;
    return r;
}

FUNCTION line line_of(VECTOR first, VECTOR second)
{
    line l;
#if IS_COMPLEX
    l.re = (VECTOR)(first.even, second.even);
    l.im = (VECTOR)(first.odd, second.odd);
#else
    l.re = first;
#endif
    return l;
}

FUNCTION void transpose(PRIVATE line *q)
{
    UNROLL for (i32 round = 1; round < WIDTH; round *= 2) {
        line w[WIDTH];
        UNROLL for (i32 k = 0; k < WIDTH / 2; k++) {
            w[2 * k].re = zip_low(q[k].re, q[k + WIDTH / 2].re);
            w[2 * k + 1].re = zip_high(q[k].re, q[k + WIDTH / 2].re);
#if IS_COMPLEX
            w[2 * k].im = zip_low(q[k].im, q[k + WIDTH / 2].im);
            w[2 * k + 1].im = zip_high(q[k].im, q[k + WIDTH / 2].im);
#endif
        }
        UNROLL for (i32 k = 0; k < WIDTH; k++) q[k] = w[k];
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
                        q[i] = line_of((VECTOR)(0), (VECTOR)(0));
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

/* ---- A tile of one block ---- */

#if IS_COMPLEX
#define MULTIPLY_ADD(s, r, V, x, v)                             \
    do {                                                        \
        VECTOR re_ = (VECTOR)((x)[0]), im_ = (VECTOR)((x)[1]);  \
        s[2 * (r)] = fma(re_, v[0], s[2 * (r)]);                \
        s[2 * (r)] = fma(im_, v[1], s[2 * (r)]);                \
        s[2 * (r) + 1] = fma(re_, v[1], s[2 * (r) + 1]);        \
        s[2 * (r) + 1] = fma(-im_, v[0], s[2 * (r) + 1]);       \
    } while (0)
#else
#define MULTIPLY_ADD(s, r, V, x, v)                                                                                 \
    UNROLL for (i32 j = 0; j < V; j++)                                                                              \
    s[(r) * V + j] = multiply_add(s[(r) * V + j], (VECTOR)((x)[0]), v[j], (component)1)
#endif

/* The lines of memory that the next rows to be packed lie in, which a tile asks for as it goes: for its k-th element
 * the one at from + (k >> shift) * jump + (k & mask) * CACHE_LINE. */
#define CACHE_LINE 64
typedef struct ahead {
    GLOBAL const u8 *from;
    i64 jump;
    i32 shift, mask;
} ahead;

/* Sums of R rows times V vectors over `count` elements. */
#define DEFINE_TILE(NAME, R, V)                                                                                   \
    FUNCTION void NAME(PRIVATE const component *rows, PRIVATE const component *columns, i32 count, ahead next,    \
                       PRIVATE component *sums)                                                                   \
    {                                                                                                             \
        VECTOR s[R * V];                                                                                          \
        UNROLL for (i32 j = 0; j < R * V; j++) s[j] = (VECTOR)(0);                                                \
        for (i32 k = 0; k < count; k++) {                                                                         \
            VECTOR v[V];                                                                                          \
            PREFETCH(next.from + (k >> next.shift) * next.jump + (k & next.mask) * CACHE_LINE);                   \
            UNROLL for (i32 j = 0; j < V; j++) v[j] = LOAD_COMPONENTS(j, columns + k * (TILE_VECTORS * WIDTH));   \
            UNROLL for (i32 r = 0; r < R; r++) MULTIPLY_ADD(s, r, V, rows + r * ROW_PITCH + k * COMPONENTS, v);   \
        }                                                                                                         \
        UNROLL for (i32 r = 0; r < R; r++)                                                                        \
            UNROLL for (i32 j = 0; j < V; j++) STORE_COMPONENTS(s[r * V + j], r * TILE_VECTORS + j, sums);        \
    }

DEFINE_TILE(tile_full, TILE_ROWS, TILE_VECTORS)
DEFINE_TILE(tile_few, FEW_ROWS, TILE_VECTORS)
#if !IS_COMPLEX
DEFINE_TILE(tile_full_narrow, TILE_ROWS, 1)
DEFINE_TILE(tile_few_narrow, FEW_ROWS, 1)
#endif

FUNCTION void tile_sums(PRIVATE const component *a, PRIVATE const component *b, i32 rows, i32 columns, i32 count,
                        ahead next, PRIVATE component *sums)
{
#if !IS_COMPLEX
    if (columns <= WIDTH) {
        if (rows <= FEW_ROWS)
            tile_few_narrow(a, b, count, next, sums);
        else
            tile_full_narrow(a, b, count, next, sums);
        return;
    }
#endif
    if (rows <= FEW_ROWS)
        tile_few(a, b, count, next, sums);
    else
        tile_full(a, b, count, next, sums);
}

/* What the index-th tile since rows were packed asks for: a share of the rows to pack next, which begin at `lane`. */
FUNCTION ahead next_rows(PRIVATE const side *s, i64 lane, i64 first, i32 index)
{
    ahead next;
    const i32 lines = MATRIX_BLOCK * (i32)s->size / CACHE_LINE, rows = MATRIX_BLOCK / lines;
    next.from = s->from;
    next.jump = next.shift = next.mask = 0;
    if (s->across == 0) return next; /* the same line again and again */
    if (s->step == s->size && index * rows < BANDS * TILE_ROWS) {
        next.from += (lane + index * rows) * s->across + first * s->step;
        next.jump = s->across;
        next.mask = lines - 1;
        while ((1 << next.shift) < lines) next.shift++;
    } else if (s->across == s->size && index * CACHE_LINE < BANDS * TILE_ROWS * s->size) {
        next.from += lane * s->across + first * s->step + index * CACHE_LINE;
        next.jump = s->step;
    }
    return next;
}

/* ---- The tree ---- */

/* Adds to the sums of a node's index-th block those that wait: all of them after the last block, else those whose pair
 * it completes, and then waits itself. One level of the tree after the other lies `level` components on. */
FUNCTION void climb(PRIVATE component *sums, PRIVATE component *waiting, i64 index, i32 is_last, i32 level)
{
    for (; is_last ? index != 0 : (index & 1) != 0; index >>= 1, waiting += level)
        if (index & 1)
            for (i32 j = 0; j < TILE_COMPONENTS / WIDTH; j++)
                STORE_COMPONENTS(add(LOAD_COMPONENTS(j, waiting), LOAD_COMPONENTS(j, sums)), j, sums);
    if (!is_last)
        for (i32 j = 0; j < TILE_COMPONENTS / WIDTH; j++)
            STORE_COMPONENTS(LOAD_COMPONENTS(j, sums), j, waiting);
}

FUNCTION value tile_value(PRIVATE const component *sums, i32 row, i32 column)
{
#if IS_COMPLEX
    value v = {sums[row * TILE_VECTORS * WIDTH + column], sums[(row * TILE_VECTORS + 1) * WIDTH + column]};
    return v;
#else
    return (value)sums[row * TILE_VECTORS * WIDTH + column];
#endif
}

/* A rectangle's place: its node, batch index and first row and column. */
typedef struct rectangle {
    i64 node, batch, row, column;
    place at;
} rectangle;

FUNCTION void store_tile(PRIVATE const params *p, PRIVATE const rectangle *r, GLOBAL u8 *out,
                         PRIVATE const component *sums, i64 row, i32 rows, i64 column, i32 columns)
{
    for (i32 i = 0; i < rows; i++) {
        place left = place_along(p, ROW_DIMS(p), COLUMN_DIMS(p), row + i);
        left.out += r->at.out;
        for (i32 j = 0; j < columns; j++) {
            place at = place_along(p, COLUMN_DIMS(p), p->rank, column + j);
            at.out += left.out;
            store_node(p, out, at, (r->batch * p->rows + row + i) * p->columns + column + j, r->node,
                       tile_value(sums, i, j));
        }
    }
}

/* ---- The kernel ---- */

/* A side's lanes lie equally far apart when they are one dimension. */
FUNCTION side side_of(PRIVATE const params *p, GLOBAL const u8 *from, i32 is_first)
{
    side s;
    s.is_first = is_first;
    s.first_dim = is_first ? ROW_DIMS(p) : COLUMN_DIMS(p);
    s.end_dim = is_first ? COLUMN_DIMS(p) : p->rank;
    s.size = is_first ? OPERAND_SIZE1(p) : OPERAND_SIZE2(p);
    s.type = is_first ? p->type1 : p->type2;
    s.step = (is_first ? p->stride1 : p->stride2) * s.size;
    s.across = s.end_dim - s.first_dim == 1 ? (is_first ? p->step1 : p->step2)[s.first_dim] * s.size : 0;
    s.from = from;
    return s;
}

FUNCTION rectangle rectangle_of(PRIVATE const params *p, i64 group)
{
    rectangle r;
    const i64 down = (p->rows + p->block - 1) / p->block, right = (p->columns + p->panel - 1) / p->panel;
    r.row = group % down * p->block;
    group /= down;
    r.column = group % right * p->panel;
    group /= right;
    const i64 batches = p->outputs / p->rows / p->columns;
    r.batch = group % batches;
    r.node = group / batches;
    r.at = place_along(p, 0, ROW_DIMS(p), r.batch);
    return r;
}

/* Where a band of a rectangle's rows begins; all have about as many. */
FUNCTION i32 first_row(i32 rows, i32 bands, i32 band)
{
    return (i32)((i64)rows * band / bands);
}

KERNEL WORK_GROUP(1) void matrix_cpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    /* Arrays of vectors, for their alignment. */
    VECTOR column_vectors[COLUMN_COMPONENTS / WIDTH], row_vectors[PACKED_ROWS * ROW_PITCH / WIDTH];
    VECTOR waiting_vectors[SUM_COMPONENTS / WIDTH], sum_vectors[TILE_COMPONENTS / WIDTH];
    PRIVATE component *packed_columns = (PRIVATE component *)column_vectors;
    PRIVATE component *packed_rows = (PRIVATE component *)row_vectors;
    PRIVATE component *waiting = (PRIVATE component *)waiting_vectors;
    PRIVATE component *sums = (PRIVATE component *)sum_vectors;
    const rectangle r = rectangle_of(&p, GROUP_ID());
    const side a = side_of(&p, ADDRESS1(&p, operand1, r.at.at1), 1);
    const side b = side_of(&p, ADDRESS2(&p, operand2, r.at.at2), 0);
    const i32 rows = (i32)min(p.block, p.rows - r.row), columns = (i32)min(p.panel, p.columns - r.column);
    const i32 bands = (rows + TILE_ROWS - 1) / TILE_ROWS, panels = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
    const range node = node_range(&p, r.node, MATRIX_BLOCK);
    for (i64 first = node.begin, index = 0; first < node.end; first += MATRIX_BLOCK, index++) {
        const i32 count = (i32)min(node.end - first, (i64)MATRIX_BLOCK), is_last = node.end - first <= MATRIX_BLOCK;
        /* Few rows are done with a block so soon that memory must be asked for the next at once. */
        pack_columns(&p, &b, r.column, first, packed_columns, columns, count,
                     bands == 1 ? MATRIX_BLOCK * b.step : 0);
        for (i32 band = 0; band < bands; band += BANDS) {
            const i32 some = min(bands - band, (i32)BANDS), top = first_row(rows, bands, band);
            const i32 bottom = first_row(rows, bands, band + some);
            pack_rows(&p, &a, r.row + top, first, packed_rows, bottom - top, count);
            for (i32 tile = 0; tile < panels * some; tile++) {
                const i32 i = band + tile % some, j = tile / some;
                const i32 row = first_row(rows, bands, i), high = first_row(rows, bands, i + 1) - row;
                const i32 wide = min(columns - j * TILE_COLUMNS, TILE_COLUMNS);
                tile_sums(ROW_AT(packed_rows, row - top, 0), packed_columns + j * PANEL_COMPONENTS, high, wide, count,
                          bottom < rows ? next_rows(&a, r.row + bottom, first, tile)
                                        : next_rows(&a, r.row, first + MATRIX_BLOCK, tile),
                          sums);
                climb(sums, waiting + (i * panels + j) * TILE_COMPONENTS, index, is_last,
                      bands * panels * TILE_COMPONENTS);
                if (is_last) store_tile(&p, &r, out, sums, r.row + row, high, r.column + j * TILE_COLUMNS, wide);
            }
        }
    }
}
