/* CPU schedule, class short: rows of at most SHORT_ELEMENTS. A work-item takes a block of strips; a strip is
 * VECTOR_ELEMENTS outputs along the innermost batch dimension, whose sums are one vector.
 *
 * Where the elements of a row lie next to each other and fit a vector, rows are read whole, padded to a power of two,
 * their length, and folded: `length` vectors of VECTOR_ELEMENTS / length rows each become one vector of sums. Where the
 * padding goes past a row's end, rows must follow each other without a gap, so that what is read there is the next row.
 * The last strip may have no next row, so its elements are collected. Elsewhere a strip's elements are collected one by
 * one, so that its rows lie across the vector.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h. */

/* ---- Rows read whole ---- */

#if IS_TYPED
/* What a work-item knows of its rows. step is 0 where one row serves all: then `row` holds it. */
typedef struct rows {
    i64 step1, step2;
    VECTOR row1, row2;
    MASK mask; /* the components that are elements of a row, not padding */
    component sign;
    i32 padded; /* components of a padded row; 0 where rows cannot be read whole */
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
            sums[j] = KEEP(multiply_add(SPLAT(0), a, b, r->sign), r->mask);                                \
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

FUNCTION VECTOR whole_rows(PRIVATE const rows *r, GLOBAL const u8 *from1, GLOBAL const u8 *from2)
{
    GLOBAL const stored1 *a = (GLOBAL const stored1 *)from1;
    GLOBAL const stored2 *b = (GLOBAL const stored2 *)from2;
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

FUNCTION void rows_init(PRIVATE rows *r, PRIVATE const params *p, GLOBAL const u8 *from1, GLOBAL const u8 *from2)
{
    const i32 d = p->rank - 1, n = (i32)p->n, length = padded_length(n);
    component row1[WIDTH], row2[WIDTH];
    mask_component mask[WIDTH];
    r->step1 = p->step1[d];
    r->step2 = p->step2[d];
    r->sign = (component)(p->no_conj ? -1 : 1);
    r->padded = 0;
    r->exact = length == n;
    if (length > VECTOR_ELEMENTS || (n > 1 && (p->stride1 != 1 || p->stride2 != 1))) return;
    if (!r->exact && ((r->step1 != 0 && r->step1 != n) || (r->step2 != 0 && r->step2 != n))) return;
    for (i32 k = 0; k < VECTOR_ELEMENTS; k++) {
        const i32 i = k & (length - 1);
        const i32 shared1 = r->step1 == 0 && i < n, shared2 = r->step2 == 0 && i < n;
        put_components(row1 + k * COMPONENTS, shared1 ? CAST1(((GLOBAL const stored1 *)from1)[i]) : value_zero());
        put_components(row2 + k * COMPONENTS, shared2 ? CAST2(((GLOBAL const stored2 *)from2)[i]) : value_zero());
    }
    r->row1 = LOAD_COMPONENTS(0, row1);
    r->row2 = LOAD_COMPONENTS(0, row2);
    for (i32 k = 0; k < WIDTH; k++)
        mask[k] = (k / COMPONENTS & (length - 1)) < n ? (mask_component)-1 : (mask_component)0;
    r->mask = LOAD_MASK(mask);
    r->padded = length * COMPONENTS;
}
#else
typedef struct rows {
    i32 padded; /* rows cannot be read whole */
} rows;

FUNCTION void rows_init(PRIVATE rows *r, PRIVATE const params *p, GLOBAL const u8 *from1, GLOBAL const u8 *from2)
{
    r->padded = 0;
}
#endif

/* ---- Elements collected one by one ---- */

#if IS_TYPED
#define STRIP_OF(which, p, from, step, count) collect##which((GLOBAL const stored##which *)(from), step, count)
#else
#define STRIP_OF(which, p, from, step, count) \
    collect_any(from, (p)->type##which, (step) * OPERAND_SIZE##which(p), count)
FUNCTION VECTOR collect_any(GLOBAL const u8 *from, i32 type, i64 step, i32 count)
{
    component c[WIDTH];
    STORE_COMPONENTS(SPLAT(0), 0, c);
    pack(c, from, type, step, count);
    return LOAD_COMPONENTS(0, c);
}
#endif

#define STRIP_DEPTH (SHORT_LEVELS + 1)

/* The sums of `count` outputs: the tree over n elements, each a lane of its own. */
FUNCTION VECTOR strip_sums(PRIVATE const params *p, GLOBAL const u8 *from1, GLOBAL const u8 *from2, i32 count)
{
    const i64 step1 = p->step1[p->rank - 1], step2 = p->step2[p->rank - 1];
    component sign = (component)(p->no_conj ? -1 : 1);
    VECTOR nodes[STRIP_DEPTH];
    i32 depth = 0;
    for (i32 i = 0; i < (i32)p->n; i++) {
        const VECTOR a = STRIP_OF(1, p, from1 + i * p->stride1 * OPERAND_SIZE1(p), step1, count);
        const VECTOR b = STRIP_OF(2, p, from2 + i * p->stride2 * OPERAND_SIZE2(p), step2, count);
        VECTOR leaf = multiply_add(SPLAT(0), a, b, sign);
        for (i32 k = i; k & 1; k >>= 1) leaf = add(nodes[--depth], leaf);
        nodes[depth++] = leaf;
    }
    VECTOR sum = nodes[--depth];
    while (depth > 0) sum = add(nodes[--depth], sum);
    return sum;
}

/* ---- Strips ---- */

/* The sums of a strip that has `left` outputs or more before the innermost dimension ends. */
FUNCTION VECTOR strip(PRIVATE const params *p, PRIVATE const rows *r, GLOBAL const u8 *from1, GLOBAL const u8 *from2,
                      i64 left)
{
#if IS_TYPED
    if (r->padded && (left > VECTOR_ELEMENTS || (r->exact && left == VECTOR_ELEMENTS)))
        return whole_rows(r, from1, from2);
#endif
    return strip_sums(p, from1, from2, (i32)min(left, (i64)VECTOR_ELEMENTS));
}

FUNCTION void store_strip(PRIVATE const params *p, GLOBAL u8 *to, VECTOR sums, i32 count)
{
    const i64 step = p->step_out[p->rank - 1];
    component c[WIDTH];
#if GROUP == GROUP_F32 || GROUP == GROUP_F64
    if (step == 1 && count == VECTOR_ELEMENTS) {
        STORE_COMPONENTS(sums + SPLAT(0), 0, (GLOBAL component *)to);
        return;
    }
#endif
    STORE_COMPONENTS(sums, 0, c);
    for (i32 k = 0; k < count; k++)
        store_result(to + k * step * RESULT_SIZE(p), p->type_out, get_components(c + k * COMPONENTS));
}

/* Strips from item on, to the end of the innermost dimension or of the block; returns how many. */
FUNCTION i64 run_strips(PRIVATE const params *p, GLOBAL const u8 *from1, GLOBAL const u8 *from2, GLOBAL u8 *out,
                        i64 first, i64 most)
{
    const i32 d = p->rank - 1;
    i64 done = 0;
    rows r;
    rows_init(&r, p, from1, from2);
    for (; done < most && first < p->shape[d]; done++, first += VECTOR_ELEMENTS) {
        const i64 left = p->shape[d] - first;
        const i32 count = (i32)min(left, (i64)VECTOR_ELEMENTS);
        store_strip(p, out, strip(p, &r, from1, from2, left), count);
        from1 += VECTOR_ELEMENTS * p->step1[d] * OPERAND_SIZE1(p);
        from2 += VECTOR_ELEMENTS * p->step2[d] * OPERAND_SIZE2(p);
        out += VECTOR_ELEMENTS * p->step_out[d] * RESULT_SIZE(p);
    }
    return done;
}

KERNEL WORK_GROUP(1) void short_cpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    const i64 inner = p.shape[p.rank - 1], strips = (inner + VECTOR_ELEMENTS - 1) / VECTOR_ELEMENTS;
    const range block = block_of(&p, GROUP_ID(), p.outputs / inner * strips);
    for (i64 index = block.begin; index < block.end;) {
        const i64 outer = index / strips, first = (index - outer * strips) * VECTOR_ELEMENTS;
        const place at = place_of(&p, outer * inner + first);
        index += run_strips(&p, ADDRESS1(&p, operand1, at.at1), ADDRESS2(&p, operand2, at.at2),
                            out + p.offset_out + at.out * RESULT_SIZE(&p), first, block.end - index);
    }
}
