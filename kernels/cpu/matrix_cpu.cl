/* CPU schedule, class matrix: a work-item sums one tree node of a rectangle of outputs. For each block of the
 * contracted axis it packs the rectangle's columns. Then it packs a few of the rows at a time, and multiplies them in
 * tiles that fill the vector registers. A tile's sums wait in private memory for their partners in the tree.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h, matrix.h, matrix_pack.h. */

/* ---- A tile of one block ---- */

#if IS_COMPLEX
#define MULTIPLY_ADD(s, r, V, x, v)                             \
    do {                                                        \
        VECTOR re_ = SPLAT((x)[0]), im_ = SPLAT((x)[1]);  \
        s[2 * (r)] = VECTOR_FMA(re_, v[0], s[2 * (r)]);                \
        s[2 * (r)] = VECTOR_FMA(im_, v[1], s[2 * (r)]);                \
        s[2 * (r) + 1] = VECTOR_FMA(re_, v[1], s[2 * (r) + 1]);        \
        s[2 * (r) + 1] = VECTOR_FMA(-im_, v[0], s[2 * (r) + 1]);       \
    } while (0)
#else
#define MULTIPLY_ADD(s, r, V, x, v)                                                                                 \
    UNROLL for (i32 j = 0; j < V; j++)                                                                              \
    s[(r) * V + j] = multiply_add(s[(r) * V + j], SPLAT((x)[0]), v[j], (component)1)
#endif

/* The lines of memory that the next rows to be packed lie in, which a tile asks for as it goes: for its k-th STEP
 * elements the one at from + (k >> shift) * jump + (k & mask) * CACHE_LINE. */
#define STEP 4
#define CACHE_LINE 64
typedef struct ahead {
    GLOBAL const u8 *from;
    i64 jump;
    i32 shift, mask;
} ahead;

/* Sums of R rows times V vectors over `count` elements. */
#define DEFINE_TILE(NAME, R, V)                                                                                     \
    FUNCTION void NAME(PRIVATE const component *rows, PRIVATE const component *columns, i32 count, ahead next,      \
                       PRIVATE component *sums)                                                                     \
    {                                                                                                               \
        VECTOR s[R * V];                                                                                            \
        UNROLL for (i32 j = 0; j < R * V; j++) s[j] = SPLAT(0);                                                     \
        for (i32 k = 0, line = 0; k < count; line++) {                                                              \
            const i32 end = min(k + STEP, count);                                                                   \
            PREFETCH(next.from + (line >> next.shift) * next.jump + (line & next.mask) * CACHE_LINE);               \
            NO_UNROLL for (; k < end; k++) {                                                                        \
                VECTOR v[V];                                                                                        \
                UNROLL for (i32 j = 0; j < V; j++) v[j] = LOAD_COMPONENTS(j, columns + k * (TILE_VECTORS * WIDTH)); \
                UNROLL for (i32 r = 0; r < R; r++) MULTIPLY_ADD(s, r, V, rows + r * ROW_PITCH + k * COMPONENTS, v); \
            }                                                                                                       \
        }                                                                                                           \
        UNROLL for (i32 r = 0; r < R; r++)                                                                          \
            UNROLL for (i32 j = 0; j < V; j++) STORE_COMPONENTS(s[r * V + j], r * TILE_VECTORS + j, sums);          \
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
    const i32 lines = MATRIX_BLOCK * (i32)s->size / CACHE_LINE, rows = MATRIX_BLOCK / STEP / lines;
    next.from = s->from;
    next.jump = next.shift = next.mask = 0;
    if (s->across == 0) return next; /* the same line again and again */
    if (s->step == s->size && index * rows < BANDS * TILE_ROWS) {
        next.from += (lane + index * rows) * s->across + first * s->step;
        next.jump = s->across;
        next.mask = lines - 1;
        while ((1 << next.shift) < lines) next.shift++;
    } else if (s->across == s->size && index / STEP * CACHE_LINE < BANDS * TILE_ROWS * s->size) {
        next.from += lane * s->across + (first + index % STEP) * s->step + index / STEP * CACHE_LINE;
        next.jump = STEP * s->step;
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

/* Of a row of sums, the VECTOR that holds the elements from the j-th vector's on as they lie in memory. */
#if IS_COMPLEX
#define RESULTS_AT(j, sums)                                                                   \
    ((j) == 0 ? zip_low(LOAD_COMPONENTS(0, sums), LOAD_COMPONENTS(1, sums))                   \
              : zip_high(LOAD_COMPONENTS(0, sums), LOAD_COMPONENTS(1, sums)))
#else
#define RESULTS_AT(j, sums) LOAD_COMPONENTS(j, sums)
#endif

/* Writes a row of a tile whose outputs lie `step` elements apart. */
FUNCTION void store_row(PRIVATE const params *p, GLOBAL u8 *to, i64 step, PRIVATE const component *sums, i32 columns)
{
    i32 j = 0;
#ifdef STORE_RESULTS
    if (step == 1)
        for (; j + VECTOR_ELEMENTS <= columns; j += VECTOR_ELEMENTS)
            STORE_RESULTS(RESULTS_AT(j / VECTOR_ELEMENTS, sums), to + j * RESULT_BYTES);
#endif
    for (; j < columns; j++) store_result(to + j * step * RESULT_SIZE(p), p->type_out, tile_value(sums, 0, j));
}

/* Writes a tile's sums, where each side of the product is one dimension: neighbouring outputs lie equally far apart. */
FUNCTION void store_even_tile(PRIVATE const params *p, PRIVATE const rectangle *r, GLOBAL u8 *out,
                              PRIVATE const component *sums, i64 row, i32 rows, i64 column, i32 columns)
{
    const i64 down = p->step_out[ROW_DIMS(p)], right = p->step_out[COLUMN_DIMS(p)];
    GLOBAL u8 *to = out + p->offset_out + (r->at.out + row * down + column * right) * RESULT_SIZE(p);
    for (i32 i = 0; i < rows; i++, to += down * RESULT_SIZE(p), sums += TILE_VECTORS * WIDTH)
        store_row(p, to, right, sums, columns);
}

FUNCTION void store_any_tile(PRIVATE const params *p, PRIVATE const rectangle *r, GLOBAL u8 *out,
                             PRIVATE const component *sums, i64 row, i32 rows, i64 column, i32 columns)
{
    const i64 flat = (r->batch * p->rows + row) * p->columns + column;
    for (i32 i = 0; i < rows; i++) {
        const i64 left = r->at.out + place_along(p, ROW_DIMS(p), COLUMN_DIMS(p), row + i).out;
        for (i32 j = 0; j < columns; j++) {
            place at = place_along(p, COLUMN_DIMS(p), p->rank, column + j);
            at.out += left;
            store_node(p, out, at, flat + i * p->columns + j, r->node, tile_value(sums, i, j));
        }
    }
}

FUNCTION void store_tile(PRIVATE const params *p, PRIVATE const rectangle *r, GLOBAL u8 *out,
                         PRIVATE const component *sums, i64 row, i32 rows, i64 column, i32 columns)
{
    if (p->all_nodes == 1 && p->row_dims == 1 && p->column_dims == 1)
        store_even_tile(p, r, out, sums, row, rows, column, columns);
    else
        store_any_tile(p, r, out, sums, row, rows, column, columns);
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

/* A rectangle's rows are cut into bands, a tile's rows or fewer; all have about as many. */
FUNCTION i32 first_row(i32 rows, i32 bands, i32 band)
{
    return (i32)((i64)rows * band / bands);
}

KERNEL WORK_GROUP(1) void matrix_cpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    SCRATCH(matrix_scratch, kept);
    PRIVATE component *packed_columns = (PRIVATE component *)kept->columns;
    PRIVATE component *packed_rows = (PRIVATE component *)kept->rows;
    PRIVATE component *waiting = (PRIVATE component *)kept->waiting;
    PRIVATE component *sums = (PRIVATE component *)kept->sums;
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
            const i32 some = min(bands - band, (i32)BANDS);
            i32 starts[BANDS + 1], tile = 0;
            for (i32 i = 0; i <= some; i++) starts[i] = first_row(rows, bands, band + i);
            const i32 top = starts[0], bottom = starts[some];
            pack_rows(&p, &a, r.row + top, first, packed_rows, bottom - top, count);
            for (i32 j = 0; j < panels; j++)
                for (i32 i = 0; i < some; i++, tile++) {
                    const i32 row = starts[i], high = starts[i + 1] - row;
                    const i32 wide = min(columns - j * TILE_COLUMNS, TILE_COLUMNS);
                    tile_sums(ROW_AT(packed_rows, row - top, 0), packed_columns + j * PANEL_COMPONENTS, high, wide,
                              count,
                              bottom < rows ? next_rows(&a, r.row + bottom, first, tile)
                                            : next_rows(&a, r.row, first + MATRIX_BLOCK, tile),
                              sums);
                    climb(sums, waiting + ((band + i) * panels + j) * TILE_COMPONENTS, index, is_last,
                          bands * panels * TILE_COMPONENTS);
                    if (is_last) store_tile(&p, &r, out, sums, r.row + row, high, r.column + j * TILE_COLUMNS, wide);
                }
        }
    }
}
