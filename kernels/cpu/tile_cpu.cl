/* CPU schedule, classes lanes, split and shared, where the elements of a row do not lie next to each other in an
 * operand: vectors along the contracted axis. A work-item sums one tree node of each output of a tile along the
 * innermost batch dimension. It packs each canonical row of such an operand first, in memory that stays in cache: an
 * output at a time, or, where neighbouring outputs lie next to each other ("columns"), a square of the transpose at a
 * time. So every line of memory is read once for the tile.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h, items.h. */

#define ROW_COMPONENTS (LANES * COMPONENTS)

/* How the rows of a tile lie in an operand. */
#define ROW_CONTIGUOUS 0
#define ROW_STRIDED 1
#define ROW_COLUMNS 2

/* The rows of up to TILE_OUTPUTS outputs: their sums, what is packed of them, and the tree of each. */
typedef struct tile_scratch {
    VECTOR sums[TILE_OUTPUTS][PARTS];
    component packed1[TILE_OUTPUTS * ROW_COMPONENTS], packed2[TILE_OUTPUTS * ROW_COMPONENTS];
    tree trees[TILE_OUTPUTS];
} tile_scratch;
#define SCRATCH_TYPE tile_scratch

/* Transposes VECTOR_ELEMENTS vectors: every pass interleaves the elements of each vector of the lower half with those
 * of its partner in the upper one. */
FUNCTION void transpose(PRIVATE VECTOR *rows)
{
    VECTOR mixed[VECTOR_ELEMENTS];
    UNROLL for (i32 pass = VECTOR_ELEMENTS; pass > 1; pass /= 2) {
        UNROLL for (i32 j = 0; j < VECTOR_ELEMENTS / 2; j++) {
            const VECTOR low = rows[j], high = rows[j + VECTOR_ELEMENTS / 2];
            mixed[2 * j] = zip_low_elements(low, high);
            mixed[2 * j + 1] = zip_high_elements(low, high);
        }
        UNROLL for (i32 j = 0; j < VECTOR_ELEMENTS; j++) rows[j] = mixed[j];
    }
}

/* ---- Operands ---- */

typedef struct operand {
    GLOBAL const u8 *at; /* element 0 of the contracted axis of the tile's first output */
    i64 step, stride;    /* elements: from output to output, along the contracted axis  */
    i32 kind;            /* ROW_... */
} operand;

FUNCTION operand operand_at(GLOBAL const u8 *at, i64 step, i64 stride)
{
    operand x;
    x.at = at;
    x.step = step;
    x.stride = stride;
    x.kind = stride == 1 ? ROW_CONTIGUOUS : step == 1 ? ROW_COLUMNS : ROW_STRIDED;
    return x;
}

/* pack_row: `count` elements that lie `stride` apart, and zeros up to `pitch` elements. Of whole vectors the last may
 * write again what the one before it wrote. Two loads hold VECTOR_ELEMENTS elements two apart, of which the last is the
 * second load's last one, so that nothing past it is read. */
#define EACH_VECTOR(VALUE)                                                                                            \
    for (i32 k = 0; k < count; k += VECTOR_ELEMENTS) {                                                                \
        const i32 at = k + VECTOR_ELEMENTS <= count ? k : count - VECTOR_ELEMENTS;                                    \
        STORE_COMPONENTS(VALUE, 0, to + at * COMPONENTS);                                                             \
    }
#define PACK_ROW(which)                                                                                               \
    FUNCTION void pack_row##which(PRIVATE component *to, GLOBAL const stored##which *from, i64 stride, i32 count,     \
                                  i32 pitch)                                                                          \
    {                                                                                                                 \
        for (i32 k = count / VECTOR_ELEMENTS * VECTOR_ELEMENTS; k < pitch; k += VECTOR_ELEMENTS)                      \
            STORE_COMPONENTS(SPLAT(0), 0, to + k * COMPONENTS);                                                       \
        if (count >= VECTOR_ELEMENTS && stride == 1) {                                                                \
            EACH_VECTOR(WIDE##which(0, from + at))                                                                    \
        } else if (count >= VECTOR_ELEMENTS && stride == -1) {                                                        \
            EACH_VECTOR(REVERSED(WIDE##which(0, from - at - (VECTOR_ELEMENTS - 1))))                                  \
        } else if (count >= VECTOR_ELEMENTS && stride == 2) {                                                         \
            EACH_VECTOR(EVEN_THEN_ODD_ELEMENTS(WIDE##which(0, from + 2 * at),                                         \
                                               WIDE##which(0, from + 2 * at + (VECTOR_ELEMENTS - 1))))                \
        } else {                                                                                                      \
            for (i32 k = 0; k < count; k++) put_components(to + k * COMPONENTS, CAST##which(from[k * stride]));       \
        }                                                                                                             \
    }
PACK_ROW(1)
PACK_ROW(2)

/* pack_columns: the rows of `outputs` neighbouring outputs, one after the other. `ahead`: what is asked for in advance,
 * in elements of the contracted axis. */
#define AHEAD (4 * VECTOR_ELEMENTS)
#define PACK_COLUMNS(which)                                                                                           \
    FUNCTION void pack_columns##which(PRIVATE component *to, GLOBAL const stored##which *from, i64 stride, i32 count, \
                                      i32 outputs, i64 ahead, i32 pitch)                                              \
    {                                                                                                                 \
        VECTOR stage[VECTOR_ELEMENTS][TILE_OUTPUTS / VECTOR_ELEMENTS];                                                \
        const i32 whole = count / VECTOR_ELEMENTS * VECTOR_ELEMENTS;                                                  \
        const i32 blocks = outputs / VECTOR_ELEMENTS;                                                                 \
        for (i32 i = 0; i < whole; i += VECTOR_ELEMENTS) {                                                            \
            for (i32 k = 0; k < VECTOR_ELEMENTS; k++)                                                                 \
                for (i32 t = 0; t < blocks; t++) {                                                                    \
                    PREFETCH_FAR(from + (i + k + ahead) * stride + t * VECTOR_ELEMENTS);                              \
                    stage[k][t] = WIDE##which(t, from + (i + k) * stride);                                            \
                }                                                                                                     \
            for (i32 t = 0; t < blocks; t++) {                                                                        \
                VECTOR block[VECTOR_ELEMENTS];                                                                        \
                UNROLL for (i32 k = 0; k < VECTOR_ELEMENTS; k++) block[k] = stage[k][t];                              \
                transpose(block);                                                                                     \
                UNROLL for (i32 k = 0; k < VECTOR_ELEMENTS; k++)                                                      \
                    STORE_COMPONENTS(block[k], 0, to + ((t * VECTOR_ELEMENTS + k) * pitch + i) * COMPONENTS);         \
            }                                                                                                         \
        }                                                                                                             \
        for (i32 t = 0; t < outputs; t++) {                                                                           \
            i32 i = t < blocks * VECTOR_ELEMENTS ? whole : 0;                                                         \
            PRIVATE component *row = to + t * pitch * COMPONENTS;                                                     \
            for (; i < count; i++) put_components(row + i * COMPONENTS, CAST##which(from[i * stride + t]));           \
            for (; i < pitch; i++) put_components(row + i * COMPONENTS, value_zero());                                \
        }                                                                                                             \
    }
PACK_COLUMNS(1)
PACK_COLUMNS(2)

/* pack: one canonical row of each output, from element `begin` on, `left` ones before the end; packed rows are `pitch`
 * elements apart. */
#define PACK(which)                                                                                                   \
    FUNCTION void pack##which(PRIVATE component *to, PRIVATE const operand *x, i64 begin, i64 left, i32 outputs,      \
                             i32 pitch)                                                                               \
    {                                                                                                                 \
        GLOBAL const stored##which *from = (GLOBAL const stored##which *)x->at + begin * x->stride;                   \
        const i32 count = (i32)min(left, (i64)LANES);                                                                 \
        if (x->kind == ROW_COLUMNS)                                                                                   \
            pack_columns##which(to, from, x->stride, count, outputs, left >= LANES + AHEAD ? AHEAD : 0, pitch);       \
        else                                                                                                          \
            for (i32 t = 0; t < outputs; t++)                                                                         \
                pack_row##which(to + t * pitch * COMPONENTS, from + t * x->step, x->stride, count, pitch);            \
    }
PACK(1)
PACK(2)

/* ---- Sums ---- */

/* Asks for the row of an output a few further on as each is read. */
#define OUTPUTS_AHEAD 16
#define ROW_PRODUCTS(NEXT, A, B)                                                                                      \
    for (i32 t = 0; t < outputs; t++, a += ROW_COMPONENTS, b += ROW_COMPONENTS) {                                     \
        UNROLL for (i32 j = 0; j < PARTS; j++) {                                                                      \
            PREFETCH_FAR((NEXT) + j * VECTOR_ELEMENTS);                                                               \
            sums[t][j] = multiply_add(sums[t][j], A, B, sign);                                                        \
        }                                                                                                             \
        wide1 += first->step;                                                                                         \
        wide2 += second->step;                                                                                        \
    }

/* Adds one canonical row, from element `begin` on, to the sums of the tile's outputs. */
FUNCTION void add_row(PRIVATE tile_scratch *s, PRIVATE const operand *first, PRIVATE const operand *second, i64 begin,
                      i64 left, i32 outputs, component sign)
{
    PRIVATE VECTOR(*sums)[PARTS] = s->sums;
    PRIVATE const component *a = s->packed1, *b = s->packed2;
    const i32 direct1 = first->kind == ROW_CONTIGUOUS && left >= LANES;
    const i32 direct2 = second->kind == ROW_CONTIGUOUS && left >= LANES;
    GLOBAL const stored1 *wide1 = (GLOBAL const stored1 *)first->at + begin * first->stride;
    GLOBAL const stored2 *wide2 = (GLOBAL const stored2 *)second->at + begin * second->stride;
    if (!direct1) pack1(s->packed1, first, begin, left, outputs, LANES);
    if (!direct2) pack2(s->packed2, second, begin, left, outputs, LANES);
    if (direct1) {
        ROW_PRODUCTS(wide1 + OUTPUTS_AHEAD * first->step, WIDE1(j, wide1), LOAD_COMPONENTS(j, b))
    } else if (direct2) {
        ROW_PRODUCTS(wide2 + OUTPUTS_AHEAD * second->step, LOAD_COMPONENTS(j, a), WIDE2(j, wide2))
    } else {
        ROW_PRODUCTS(a, LOAD_COMPONENTS(j, a), LOAD_COMPONENTS(j, b))
    }
}

/* Leaves the sums of elements begin to end of each output in its tree. */
FUNCTION void tile_sums(PRIVATE tile_scratch *s, PRIVATE const operand *first, PRIVATE const operand *second,
                        i64 begin, i64 end, i32 outputs, component sign)
{
    for (i32 t = 0; t < outputs; t++) s->trees[t].depth = 0;
    for (i64 chunk = 0; begin < end; chunk++) {
        const i64 stop = min(end, begin + CHUNK);
        for (i32 t = 0; t < outputs; t++)
            for (i32 j = 0; j < PARTS; j++) s->sums[t][j] = SPLAT(0);
        for (; begin < stop; begin += LANES) add_row(s, first, second, begin, end - begin, outputs, sign);
        for (i32 t = 0; t < outputs; t++) tree_push(&s->trees[t], chunk, fold_row(s->sums[t]));
    }
}

/* The same of n <= LANES elements: each is a lane of its own, and the rows of VECTOR_ELEMENTS outputs are folded
 * together. A row that all outputs share is packed once. */
FUNCTION void short_sums(PRIVATE tile_scratch *s, PRIVATE const operand *first, PRIVATE const operand *second, i64 n,
                         i32 outputs, component sign)
{
    const i32 parts = (i32)((n + VECTOR_ELEMENTS - 1) / VECTOR_ELEMENTS), pitch = parts * VECTOR_ELEMENTS;
    const i32 next1 = first->step == 0 ? 0 : parts, next2 = second->step == 0 ? 0 : parts;
    pack1(s->packed1, first, 0, n, next1 == 0 ? 1 : outputs, pitch);
    pack2(s->packed2, second, 0, n, next2 == 0 ? 1 : outputs, pitch);
    for (i32 j = outputs * parts; j % (VECTOR_ELEMENTS * parts) != 0; j++) { /* the rest of the last vector's rows */
        STORE_COMPONENTS(SPLAT(0), j, s->packed1);
        STORE_COMPONENTS(SPLAT(0), j, s->packed2);
    }
    for (i32 t = 0; t < outputs; t += VECTOR_ELEMENTS) {
        component c[WIDTH];
        vector_tree tree;
        tree.depth = 0;
        for (i32 j = 0; j < parts; j++) {
            VECTOR v[VECTOR_ELEMENTS];
            UNROLL for (i32 k = 0; k < VECTOR_ELEMENTS; k++)
                v[k] = multiply(LOAD_COMPONENTS((t + k) * next1 + j, s->packed1),
                                LOAD_COMPONENTS((t + k) * next2 + j, s->packed2), sign);
            vector_tree_push(&tree, j, fold_vectors(v));
        }
        STORE_COMPONENTS(vector_tree_sum(&tree), 0, c);
        for (i32 k = 0; k < VECTOR_ELEMENTS && t + k < outputs; k++) {
            s->trees[t + k].depth = 0;
            tree_push(&s->trees[t + k], 0, get_components(c + k * COMPONENTS));
        }
    }
}

KERNEL WORK_GROUP(1) void tile_cpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    SCRATCH(tile_scratch, kept);
    const i32 d = p.rank - 1;
    const component sign = (component)(p.no_conj ? -1 : 1);
    const range block = block_of(&p, GROUP_ID(), items_of(&p));
    for (i64 index = block.begin; index < block.end; index++) {
        item x = item_of(&p, index);
        const operand first = operand_at(ADDRESS1(&p, operand1, x.at.at1), p.step1[d], p.stride1);
        const operand second = operand_at(ADDRESS2(&p, operand2, x.at.at2), p.step2[d], p.stride2);
        if (p.n <= LANES)
            short_sums(kept, &first, &second, p.n, x.outputs, sign);
        else
            tile_sums(kept, &first, &second, x.elements.begin, x.elements.end, x.outputs, sign);
        for (i32 t = 0; t < x.outputs; t++, x.at.out += p.step_out[d])
            store_node(&p, out, x.at, x.flat + t, x.node, tree_sum(&kept->trees[t]));
    }
}
