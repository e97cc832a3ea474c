/* Sums of products of integers or bools that lie next to each other, of one dtype throughout. They are the same in any
 * order. So a LOT, a whole vector, holds elements as they lie in memory, and its products are added up within it:
 *
 *   bool     a byte is not 0 where a product is true
 *   int8     two elements in 16 bits, whose products are added in the low byte; above it is what does not matter
 *   others   an element's product, modulo its size
 *
 * BYTE_PRODUCTS, WORD_PRODUCTS: one instruction that adds the products of a vector's elements of 8 or 16 bits in 32 bits
 * each, so that the bits that matter are right. LEAST_BYTES: the lesser of each two bytes, which is not 0 where both are
 * not. vector_c.h has them for processors that do.
 *
 * Uses: component.h, vector_opencl.h. */

#if GROUP == GROUP_INT && IS_TYPED
/* Bits to a sum in a LOT. */
#if defined(BYTE_PRODUCTS) && RESULT_BYTES == 1 || defined(WORD_PRODUCTS) && RESULT_BYTES == 2
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
    return sums | ((a & low) + low | a) & ((b & low) + low | b) & high;
#elif RESULT_BYTES == 1 && defined(BYTE_PRODUCTS)
    return BYTE_PRODUCTS(sums, a, b);
#elif RESULT_BYTES == 1
    return sums + a * b + (a >> 8) * (b >> 8);
#elif RESULT_BYTES == 2 && defined(WORD_PRODUCTS)
    return WORD_PRODUCTS(sums, a, b);
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
    FUNCTION void NAME(GLOBAL const u8 *a, i64 step, GLOBAL const u8 *b, i64 bytes, PRIVATE value *sums)               \
    {                                                                                                                  \
        const i64 lot = sizeof(LOT);                                                                                   \
        LOT s[N][V];                                                                                                   \
        UNROLL for (i32 t = 0; t < N; t++) UNROLL for (i32 j = 0; j < V; j++) s[t][j] = LOT_OF(0);                     \
        for (; bytes >= V * lot; bytes -= V * lot, a += V * lot, b += V * lot)                                         \
            UNROLL for (i32 j = 0; j < V; j++) {                                                                       \
                const LOT shared = LOAD_LOT(b + j * lot);                                                              \
                UNROLL for (i32 t = 0; t < N; t++) {                                                                   \
                    HINT(step, a + t * step + j * lot)                                                                     \
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
#endif
