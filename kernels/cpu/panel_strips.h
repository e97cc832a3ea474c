/* panel_cpu with LOAD_VECTOR: a narrow panel in strips, that is, some vectors of columns whose sums stay in registers. A
 * strip walks down all rows before the next begins. */

#if LOAD == LOAD_VECTOR
/* Lanes of a strip side by side, and the vectors of a wide strip; the rest of a panel goes in strips of one vector. */
#define STRIP_LANES 4
#define STRIP_VECTORS (VECTOR_REGISTERS == 32 ? 4 : 2)
#define STRIP_DEPTH (PANEL_NODE_LEVELS + 10)

/* Adds the products of a row to the U sums of a lane. Where an operand has one element for all columns, its step is 0. */
#define ADD_STRIP_ROW(sum, U, row)                                                                                     \
    {                                                                                                                  \
        GLOBAL const stored1 *a = (GLOBAL const stored1 *)(from1 + (row) * s->row1);                                   \
        GLOBAL const stored2 *b = (GLOBAL const stored2 *)(from2 + (row) * s->row2);                                   \
        if (s->step1 == 0) {                                                                                           \
            const VECTOR same = for_all_columns(CAST1(*a));                                                            \
            UNROLL for (i32 u = 0; u < U; u++) (sum)[u] = multiply_add((sum)[u], same, WIDE2(u, b), s->sign);          \
        } else if (s->step2 == 0) {                                                                                    \
            const VECTOR same = for_all_columns(CAST2(*b));                                                            \
            UNROLL for (i32 u = 0; u < U; u++) (sum)[u] = multiply_add((sum)[u], WIDE1(u, a), same, s->sign);          \
        } else {                                                                                                       \
            UNROLL for (i32 u = 0; u < U; u++) (sum)[u] = multiply_add((sum)[u], WIDE1(u, a), WIDE2(u, b), s->sign);   \
        }                                                                                                              \
    }

/* The sums of the lanes `first` to first + STRIP_LANES - 1 of the chunk that ends before `stop`, added up. */
#define DEFINE_LANES(NAME, U)                                                                                          \
    FUNCTION void NAME(PRIVATE const panel *s, GLOBAL const u8 *from1, GLOBAL const u8 *from2, i64 first, i64 stop,    \
                       PRIVATE VECTOR *to)                                                                             \
    {                                                                                                                  \
        VECTOR sum[STRIP_LANES][U];                                                                                    \
        i64 row = first;                                                                                               \
        UNROLL for (i32 t = 0; t < STRIP_LANES; t++) UNROLL for (i32 u = 0; u < U; u++) sum[t][u] = SPLAT(0);          \
        for (; row + STRIP_LANES <= stop; row += LANES)                                                                \
            UNROLL for (i32 t = 0; t < STRIP_LANES; t++) ADD_STRIP_ROW(sum[t], U, row + t)                             \
        UNROLL for (i32 t = 0; t < STRIP_LANES; t++)                                                                   \
            if (row + t < stop) ADD_STRIP_ROW(sum[t], U, row + t)                                                      \
        UNROLL for (i32 u = 0; u < U; u++) to[u] = add(add(sum[0][u], sum[1][u]), add(sum[2][u], sum[3][u]));          \
    }
DEFINE_LANES(lanes_of_strip, STRIP_VECTORS)
DEFINE_LANES(lanes_of_vector, 1)

/* Adds `merges` nodes to the ones below them, the top one first. A node has so many vectors. */
FUNCTION void merge_strip(PRIVATE VECTOR *top, i32 merges, i32 vectors)
{
    for (; merges > 0; merges--, top -= vectors)
        for (i32 u = 0; u < vectors; u++) top[u - vectors] = add(top[u - vectors], top[u]);
}

/* The sums of elements begin to end - 1 of the columns from `column` on: `vectors` of them, STRIP_VECTORS or 1. */
FUNCTION void strip_sums(PRIVATE const panel *s, PRIVATE VECTOR *sums, i32 column, const i32 vectors, i64 begin, i64 end)
{
    VECTOR waiting[STRIP_DEPTH * STRIP_VECTORS];
    GLOBAL const u8 *from1 = s->from1 + column * s->step1, *from2 = s->from2 + column * s->step2;
    i32 depth = 0; /* used nodes of `waiting` */
    for (i64 chunk = 0; begin < end; begin += CHUNK, chunk++) {
        const i64 stop = min(end, begin + CHUNK);
        const i32 base = depth, lanes = (i32)min(stop - begin, (i64)LANES);
        for (i32 lane = 0; lane < lanes; lane += STRIP_LANES) {
            const i32 merges = trailing_ones(lane / STRIP_LANES);
            PRIVATE VECTOR *top = waiting + depth * vectors;
            if (vectors == 1)
                lanes_of_vector(s, from1, from2, begin + lane, stop, top);
            else
                lanes_of_strip(s, from1, from2, begin + lane, stop, top);
            merge_strip(top, merges, vectors);
            depth += 1 - merges;
        }
        merge_strip(waiting + (depth - 1) * vectors, depth - 1 - base, vectors); /* lanes that found no partner */
        const i32 merges = trailing_ones(chunk);
        merge_strip(waiting + base * vectors, merges, vectors);
        depth = base - merges + 1;
    }
    merge_strip(waiting + (depth - 1) * vectors, depth - 1, vectors);
    for (i32 u = 0; u < vectors; u++) sums[u] = waiting[u];
}

/* The sums of a panel of at least a vector of columns, in all[0] and those that follow. */
FUNCTION void panel_in_strips(PRIVATE const panel *s, PRIVATE VECTOR *all, i64 begin, i64 end)
{
    const i32 wide = STRIP_VECTORS * VECTOR_ELEMENTS;
    PRIVATE VECTOR *sums = all;
    i32 column = 0;
    for (; column + wide <= s->columns; column += wide, sums += STRIP_VECTORS)
        strip_sums(s, sums, column, STRIP_VECTORS, begin, end);
    for (; column + VECTOR_ELEMENTS <= s->columns; column += VECTOR_ELEMENTS, sums++)
        strip_sums(s, sums, column, 1, begin, end);
    if (column < s->columns) {
        strip_sums(s, sums, s->columns - VECTOR_ELEMENTS, 1, begin, end);
        end_with_last(s, all);
    }
}
#endif
