/* CPU schedule, class short, where the elements of a row lie next to each other: rows of at most a chunk. A work-item
 * takes a block of strips; a strip is VECTOR_ELEMENTS outputs along the innermost batch dimension, whose sums are one
 * vector.
 *
 * Rows that a vector holds are padded to a power of two, their length, and folded: `length` vectors, each of
 * VECTOR_ELEMENTS / length rows, become one vector of sums. Where the padding goes past a row's end, rows must follow
 * each other without a gap, so that what is read there is the next row. The last strip may have no next row.
 *
 * Of other rows of at most LANES elements, a whole strip's products are folded as they are, a vector of each row at a
 * time. Such strips and those of padded rows are ready: a loop stores many of them.
 *
 * Longer rows, and those of other strips, have their lanes summed one row at a time. Then the lanes of all rows of the
 * strip are folded at once.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h, items.h. */

/* ---- Rows that a vector holds ---- */

/* What a work-item knows of its rows. step is 0 where one row serves all: then `row` holds it. */
typedef struct rows {
    i64 step1, step2;
    VECTOR row1, row2;
    MASK mask; /* the components that are elements of a row, not padding */
    component sign;
    i32 padded; /* components of a padded row; 0 where rows are not read that way */
    i32 exact;  /* rows need no padding */
} rows;

/* A VECTOR of VECTOR_ELEMENTS / length rows, from pieces of length * COMPONENTS components. */
#define OF_1(piece, Q, x, step) piece(Q, x)
#define OF_2(piece, Q, x, step) PASTE(JOIN_, Q)(piece(Q, x), piece(Q, (x) + (step)))
#define OF_4(piece, Q, x, step) \
    PASTE(JOIN_, TWICE_##Q)(OF_2(piece, Q, x, step), OF_2(piece, Q, (x) + 2 * (step), step))
#define OF_8(piece, Q, x, step) JOIN_8(OF_4(piece, Q, x, step), OF_4(piece, Q, (x) + 4 * (step), step))
#define TWICE_2 4
#define TWICE_4 8

/* rows_<Q>: the sums of a strip whose padded rows have Q components. */
#define ROW_SUMS(Q, COUNT) ROW_SUMS_(Q, COUNT)
#define ROW_SUMS_(Q, COUNT)                                                                                   \
    FUNCTION VECTOR rows_##Q(PRIVATE const rows *r, GLOBAL const stored1 *from1, GLOBAL const stored2 *from2) \
    {                                                                                                         \
        const i32 length = Q / COMPONENTS;                                                                    \
        VECTOR sums[Q / COMPONENTS];                                                                          \
        UNROLL for (i32 j = 0; j < length; j++)                                                               \
        {                                                                                                     \
            VECTOR a = r->step1 ? OF_##COUNT(PIECE1, Q, from1 + j * COUNT * r->step1, r->step1) : r->row1;    \
            VECTOR b = r->step2 ? OF_##COUNT(PIECE2, Q, from2 + j * COUNT * r->step2, r->step2) : r->row2;    \
            sums[j] = KEEP(multiply(a, b, r->sign), r->mask);                                                    \
        }                                                                                                     \
        UNROLL for (i32 width = length / 2; width > 0; width /= 2)                                            \
            UNROLL for (i32 j = 0; j < width; j++) sums[j] = fold_two(sums[2 * j], sums[2 * j + 1]);          \
        return sums[0];                                                                                       \
    }
#if WIDTH == 16
ROW_SUMS(2, 8)
ROW_SUMS(4, 4)
ROW_SUMS(8, 2)
#elif WIDTH == 8
ROW_SUMS(2, 4)
ROW_SUMS(4, 2)
#elif WIDTH == 4
ROW_SUMS(2, 2)
#endif
ROW_SUMS(WIDTH, 1)

FUNCTION VECTOR whole_rows(PRIVATE const rows *r, GLOBAL const stored1 *a, GLOBAL const stored2 *b)
{
    switch (r->padded) {
#if COMPONENTS == 1 && WIDTH > 2
    case 2: return rows_2(r, a, b);
#endif
#if WIDTH > 4
    case 4: return rows_4(r, a, b);
#endif
#if WIDTH > 8
    case 8: return rows_8(r, a, b);
#endif
    default: return PASTE(rows_, WIDTH)(r, a, b);
    }
}

/* Elements of a padded row. */
FUNCTION i32 padded_length(i64 n)
{
    i32 length = 2;
    while (length < n) length *= 2;
    return length;
}

FUNCTION void rows_init(PRIVATE rows *r, PRIVATE const params *p, GLOBAL const stored1 *from1,
                        GLOBAL const stored2 *from2)
{
    const i32 d = p->rank - 1, n = (i32)p->n, length = padded_length(n);
    component row1[WIDTH], row2[WIDTH];
    mask_component mask[WIDTH];
    r->step1 = p->step1[d];
    r->step2 = p->step2[d];
    r->sign = (component)(p->no_conj ? -1 : 1);
    r->padded = 0;
    r->exact = length == n;
    if (length > VECTOR_ELEMENTS || p->shape[d] < VECTOR_ELEMENTS) return;
    if (!r->exact && ((r->step1 != 0 && r->step1 != n) || (r->step2 != 0 && r->step2 != n))) return;
    for (i32 k = 0; k < VECTOR_ELEMENTS; k++) {
        const i32 i = k & (length - 1);
        const i32 shared1 = r->step1 == 0 && i < n, shared2 = r->step2 == 0 && i < n;
        put_components(row1 + k * COMPONENTS, shared1 ? CAST1(from1[i]) : value_zero());
        put_components(row2 + k * COMPONENTS, shared2 ? CAST2(from2[i]) : value_zero());
    }
    r->row1 = LOAD_COMPONENTS(0, row1);
    r->row2 = LOAD_COMPONENTS(0, row2);
    for (i32 k = 0; k < WIDTH; k++)
        mask[k] = (k / COMPONENTS & (length - 1)) < n ? (mask_component)-1 : (mask_component)0;
    r->mask = LOAD_MASK(mask);
    r->padded = length * COMPONENTS;
}

/* ---- Rows one at a time ---- */

/* The lanes of a strip's rows: the j-th vector of the t-th row's is lanes[j][t]. Sums of integers are the same in any
 * order, so one vector has them all. */
#if IS_EXACT
#define STRIP_PARTS 1
#else
#define STRIP_PARTS PARTS
#endif
typedef struct strip_lanes {
    VECTOR lanes[STRIP_PARTS][VECTOR_ELEMENTS];
} strip_lanes;
#define SCRATCH_TYPE strip_lanes

#if IS_EXACT
FUNCTION void sum_lanes(PRIVATE strip_lanes *s, i32 t, GLOBAL const stored1 *a, GLOBAL const stored2 *b, i32 n,
                        component sign)
{
    VECTOR sum = SPLAT(0);
    for (; n >= VECTOR_ELEMENTS; n -= VECTOR_ELEMENTS, a += VECTOR_ELEMENTS, b += VECTOR_ELEMENTS)
        sum = multiply_add(sum, WIDE1(0, a), WIDE2(0, b), sign);
    s->lanes[0][t] = n > 0 ? multiply_add(sum, first1(a, n), first2(b, n), sign) : sum;
}
#else
/* Sums the whole canonical rows; returns how many elements they have. */
FUNCTION i32 sum_whole(PRIVATE strip_lanes *s, i32 t, GLOBAL const stored1 *a, GLOBAL const stored2 *b, i32 n,
                      component sign)
{
    VECTOR sums[PARTS];
    i32 i = 0;
    UNROLL for (i32 j = 0; j < PARTS; j++) sums[j] = SPLAT(0);
    for (; i + LANES <= n; i += LANES)
        UNROLL for (i32 j = 0; j < PARTS; j++) sums[j] = multiply_add(sums[j], WIDE1(j, a + i), WIDE2(j, b + i), sign);
    UNROLL for (i32 j = 0; j < PARTS; j++) s->lanes[j][t] = sums[j];
    return i;
}

FUNCTION void sum_lanes(PRIVATE strip_lanes *s, i32 t, GLOBAL const stored1 *a, GLOBAL const stored2 *b, i32 n,
                        component sign)
{
    i32 j = 0;
    const i32 done = n >= LANES ? sum_whole(s, t, a, b, n, sign) : 0;
    for (i32 i = done; i < n; i += VECTOR_ELEMENTS, j++) {
        const i32 left = n - i;
        const VECTOR before = done > 0 ? s->lanes[j][t] : SPLAT(0);
        if (left >= VECTOR_ELEMENTS)
            s->lanes[j][t] = multiply_add(before, WIDE1(0, a + i), WIDE2(0, b + i), sign);
        else
            s->lanes[j][t] = multiply_add(before, first1(a + i, left), first2(b + i, left), sign);
    }
}
#endif

#if !IS_EXACT
/* ---- Rows of at most LANES elements: each element is a lane of its own ---- */

/* The sum of a vector's elements of each row of a strip. A and B are the vectors of row t. */
#define SUMS_OF_PART(A, B)                                                           \
    UNROLL for (i32 t = 0; t < VECTOR_ELEMENTS; t++) v[t] = multiply(A, B, r->sign); \
    const VECTOR sums = fold_vectors(v);

/* store_<form>: the sums of `strips` whole strips, the first of which has its rows at a and b. Rows are read AT_ONCE
 * vectors at a time, then one by one. A and B are the k-th vectors of row t from element i on: of a shared operand one
 * load serves all rows. */
#define AT_ONCE 4
#define STEP_AT_ONCE (AT_ONCE * VECTOR_ELEMENTS)
#define STORE_FORM(form, A, B)                                                                                     \
    OUT_OF_LINE void store_##form(PRIVATE const params *p, PRIVATE const rows *r, GLOBAL const stored1 *a,         \
                                  GLOBAL const stored2 *b, GLOBAL u8 *to, i64 strips)                              \
    {                                                                                                              \
        const i64 step1 = r->step1, step2 = r->step2, n = p->n;                                                    \
        for (; strips > 0; strips--) {                                                                             \
            VECTOR v[VECTOR_ELEMENTS], parts[AT_ONCE];                                                             \
            vector_tree tree;                                                                                      \
            i64 i = 0;                                                                                             \
            tree.depth = 0;                                                                                        \
            for (; i + STEP_AT_ONCE <= n; i += STEP_AT_ONCE) {                                                     \
                UNROLL for (i32 k = 0; k < AT_ONCE; k++) {                                                         \
                    SUMS_OF_PART(A, B)                                                                             \
                    parts[k] = sums;                                                                               \
                }                                                                                                  \
                parts[0] = add(add(parts[0], parts[1]), add(parts[2], parts[3]));                                  \
                vector_tree_push(&tree, (i32)(i / STEP_AT_ONCE), parts[0]);                                        \
            }                                                                                                      \
            for (const i32 k = 0; i + VECTOR_ELEMENTS <= n; i += VECTOR_ELEMENTS) {                                \
                SUMS_OF_PART(A, B)                                                                                 \
                vector_tree_push(&tree, (i32)(i / VECTOR_ELEMENTS), sums);                                         \
            }                                                                                                      \
            if (i < n) {                                                                                           \
                SUMS_OF_PART(first1(a + t * step1 + i, (i32)(n - i)), first2(b + t * step2 + i, (i32)(n - i)))     \
                vector_tree_push(&tree, (i32)(i / VECTOR_ELEMENTS), sums);                                         \
            }                                                                                                      \
            store_strip(p, to, VECTOR_ELEMENTS, vector_tree_sum(&tree));                                           \
            a += VECTOR_ELEMENTS * step1;                                                                          \
            b += VECTOR_ELEMENTS * step2;                                                                          \
            to += strip_bytes(p);                                                                                  \
        }                                                                                                          \
    }
STORE_FORM(shared1, WIDE1(k, a + i), WIDE2(k, b + t * step2 + i))
STORE_FORM(shared2, WIDE1(k, a + t * step1 + i), WIDE2(k, b + i))
STORE_FORM(moving, WIDE1(k, a + t * step1 + i), WIDE2(k, b + t * step2 + i))
#endif

/* The sums of `count` rows, at most a strip's. Lanes past a row's end are left out: they are +0, which changes no sum
 * but -0, and no -0 is stored. */
FUNCTION VECTOR separate_rows(PRIVATE strip_lanes *s, PRIVATE const rows *r, GLOBAL const stored1 *a,
                              GLOBAL const stored2 *b, i32 n, i32 count)
{
    const i32 parts = (i32)min((i64)STRIP_PARTS, (i64)((n + VECTOR_ELEMENTS - 1) / VECTOR_ELEMENTS));
    for (i32 t = 0; t < count; t++, a += r->step1, b += r->step2) sum_lanes(s, t, a, b, n, r->sign);
    for (i32 t = count; t < VECTOR_ELEMENTS; t++)
        for (i32 j = 0; j < parts; j++) s->lanes[j][t] = SPLAT(0);
    vector_tree tree;
    tree.depth = 0;
    for (i32 j = 0; j < parts; j++) vector_tree_push(&tree, j, fold_vectors(s->lanes[j]));
    return vector_tree_sum(&tree);
}

/* ---- Strips ---- */

/* How many whole strips of `outputs` rows are summed as they lie: from registers, many in a loop. */
FUNCTION i64 ready_strips(PRIVATE const rows *r, i64 n, i64 outputs)
{
    if (r->padded) return (outputs - (r->exact ? 0 : 1)) / VECTOR_ELEMENTS;
    return !IS_EXACT && n <= LANES ? outputs / VECTOR_ELEMENTS : 0;
}

FUNCTION void store_ready(PRIVATE const params *p, PRIVATE const rows *r, GLOBAL const stored1 *a,
                          GLOBAL const stored2 *b, GLOBAL u8 *to, i64 strips)
{
#if !IS_EXACT
    if (!r->padded && r->step1 == 0) store_shared1(p, r, a, b, to, strips);
    if (!r->padded && r->step1 != 0 && r->step2 == 0) store_shared2(p, r, a, b, to, strips);
    if (!r->padded && r->step1 != 0 && r->step2 != 0) store_moving(p, r, a, b, to, strips);
#endif
    if (!r->padded) return;
    for (; strips > 0; strips--, a += VECTOR_ELEMENTS * r->step1, b += VECTOR_ELEMENTS * r->step2) {
        store_strip(p, to, VECTOR_ELEMENTS, whole_rows(r, a, b));
        to += strip_bytes(p);
    }
}

KERNEL WORK_GROUP(1) void fold_cpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    SCRATCH(strip_lanes, kept);
    const range block = block_of(&p, GROUP_ID(), items_of(&p));
    const i32 d = p.rank - 1;
    item x = item_of(&p, block.begin);
    rows r;
    for (i64 index = block.begin; index < block.end;) {
        GLOBAL const stored1 *a = (GLOBAL const stored1 *)ADDRESS1(&p, operand1, x.at.at1);
        GLOBAL const stored2 *b = (GLOBAL const stored2 *)ADDRESS2(&p, operand2, x.at.at2);
        GLOBAL u8 *to = out + p.offset_out + x.at.out * RESULT_SIZE(&p);
        if (index == block.begin || x.at.inner == 0) rows_init(&r, &p, a, b);
        const i64 ready = min(block.end - index, ready_strips(&r, p.n, p.shape[d] - x.at.inner));
        if (ready > 0)
            store_ready(&p, &r, a, b, to, ready);
        else
            store_strip(&p, to, x.outputs, separate_rows(kept, &r, a, b, (i32)p.n, x.outputs));
        const i64 done = ready > 0 ? ready : 1;
        index += done;
        if (index < block.end) pass_items(&p, &x, index, done);
    }
}
