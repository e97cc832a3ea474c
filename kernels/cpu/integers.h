/* rows_cpu with LOAD_VECTOR: sums of integers or bools. They are the same in any order. So a LOT, a whole vector, holds
 * elements as they lie in memory, and its products are added up where they are:
 *
 *   bool     a byte is not 0 where a product is true
 *   int8     two elements in 16 bits, whose products are added in the low byte; above it is what does not matter
 *   others   an element's product, modulo its size
 *
 * vector_c.h has two instructions for processors that do. BYTE_PRODUCTS adds the products of four bytes at a time in 32
 * bits, of which the low byte matters. LEAST_BYTES gives the lesser of each two bytes, which is not 0 where both are not.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, sharers.h. */

#if LOAD == LOAD_VECTOR && IS_EXACT
/* Bits to a sum in a LOT. */
#if RESULT_BYTES == 1 && defined(BYTE_PRODUCTS)
#define SUM_BITS 32
#elif RESULT_BYTES <= 2
#define SUM_BITS 16
#else
#define SUM_BITS (8 * RESULT_BYTES)
#endif

/* Sharers' vectors of sums are fewer for each, so that all of them stay in registers. */
#define SUMS 8
#define SUMS_OF_SHARER 2

/* Bytes after which a bool's sum is looked at: once it is true, the rest of the row does not matter. */
#define STRETCH_BYTES 8192

FUNCTION LOT add_products(LOT sums, LOT a, LOT b)
{
#if IS_TYPED_BOOL && defined(LEAST_BYTES)
    return sums | LEAST_BYTES(a, b);
#elif IS_TYPED_BOOL
    /* A byte's highest bit, set where the byte is not 0. */
    const LOT low = LOT_OF((ulong)0x7f7f7f7f7f7f7f7f), high = ~low;
    return sums | ((((a & low) + low) | a) & (((b & low) + low) | b) & high);
#elif RESULT_BYTES == 1 && defined(BYTE_PRODUCTS)
    return BYTE_PRODUCTS(sums, a, b);
#elif RESULT_BYTES == 1
    return sums + a * b + (a >> 8) * (b >> 8);
#else
    return sums + a * b;
#endif
}

FUNCTION LOT add_lots(LOT a, LOT b)
{
#if IS_TYPED_BOOL
    return a | b;
#else
    return a + b;
#endif
}

/* The sum of all sums of a LOT. First those in 64 bits are added up, where they have room. */
FUNCTION value value_of_lot(LOT sums)
{
    WORDS words = WORDS_OF_LOT(sums);
#if IS_TYPED_BOOL
    return ANY_WORD(words) != 0;
#else
#if SUM_BITS == 16
    const WORDS mask = WORDS_OF((ulong)0x0000ffff0000ffff);
    words = (words & mask) + (words >> 16 & mask);
#elif SUM_BITS == 32
    words = (words & WORDS_OF((ulong)0xffffffff)) + (words >> 32);
#endif
    const u64 sum = SUM_OF_WORDS(words);
    return (value)(SUM_BITS == 16 ? sum + (sum >> 32) : sum);
#endif
}

/* The sums of N outputs over `bytes` bytes from a and b on. Those of a lie `step` bytes apart; b serves them all. */
#define DEFINE_INTEGER_SUMS(NAME, N, V, HINT)                                                                          \
    OUT_OF_LINE void NAME(GLOBAL const u8 *a, i64 step, GLOBAL const u8 *b, i64 bytes, PRIVATE value *sums)            \
    {                                                                                                                  \
        const i64 lot = sizeof(LOT);                                                                                   \
        LOT s[N][V];                                                                                                   \
        UNROLL for (i32 t = 0; t < N; t++) UNROLL for (i32 j = 0; j < V; j++) s[t][j] = LOT_OF(0);                     \
        for (; bytes >= V * lot; bytes -= V * lot, a += V * lot, b += V * lot)                                         \
            UNROLL for (i32 j = 0; j < V; j++) {                                                                       \
                const LOT shared = LOAD_LOT(b + j * lot);                                                              \
                UNROLL for (i32 t = 0; t < N; t++) {                                                                   \
                    HINT(a + t * step + j * lot)                                                                           \
                    s[t][j] = add_products(s[t][j], LOAD_LOT(a + t * step + j * lot), shared);                         \
                }                                                                                                      \
            }                                                                                                          \
        for (; bytes >= lot; bytes -= lot, a += lot, b += lot)                                                         \
            UNROLL for (i32 t = 0; t < N; t++) s[t][0] = add_products(s[t][0], LOAD_LOT(a + t * step), LOAD_LOT(b));   \
        if (bytes > 0)                                                                                                 \
            UNROLL for (i32 t = 0; t < N; t++)                                                                         \
                s[t][0] = add_products(s[t][0], FIRST_BYTES(a + t * step, bytes), FIRST_BYTES(b, bytes));              \
        UNROLL for (i32 t = 0; t < N; t++) {                                                                           \
            UNROLL for (i32 j = 1; j < V; j++) s[t][0] = add_lots(s[t][0], s[t][j]);                                   \
            sums[t] = value_of_lot(s[t][0]);                                                                           \
        }                                                                                                              \
    }
DEFINE_INTEGER_SUMS(integer_sum, 1, SUMS, NO_HINT)
DEFINE_INTEGER_SUMS(integer_sums_of_sharers, SHARERS, SUMS_OF_SHARER, HINT)

FUNCTION i32 all_known(PRIVATE const value *sums, i32 outputs)
{
    i32 known = IS_TYPED_BOOL;
    for (i32 t = 0; t < outputs; t++) known &= sums[t] != 0;
    return known;
}

/* The sums of a node for `outputs` outputs, 1 or SHARERS, the first of which has its rows at row1 and row2. */
FUNCTION void node_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 node, i32 outputs,
                        PRIVATE value *sums)
{
    const range r = node_range(p, node, CHUNK);
    const i64 size = sizeof(stored1), end = r.end * size, most = IS_TYPED_BOOL ? STRETCH_BYTES : end;
    const i64 step1 = outputs > 1 ? p->step1[p->rank - 1] * size : 0;
    const i64 step2 = outputs > 1 ? p->step2[p->rank - 1] * size : 0;
    value some[SHARERS];
    for (i32 t = 0; t < outputs; t++) sums[t] = 0;
    for (i64 begin = r.begin * size; begin < end && !all_known(sums, outputs); begin += most) {
        const i64 bytes = min(end - begin, most);
        if (outputs == 1)
            integer_sum(row1 + begin, 0, row2 + begin, bytes, some);
        else if (step1 != 0)
            integer_sums_of_sharers(row1 + begin, step1, row2 + begin, bytes, some);
        else
            integer_sums_of_sharers(row2 + begin, step2, row1 + begin, bytes, some);
        for (i32 t = 0; t < outputs; t++) sums[t] = value_add(sums[t], some[t]);
    }
}
#endif
