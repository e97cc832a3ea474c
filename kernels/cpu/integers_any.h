/* rows_cpu with LOAD_ANY, integers and bools: a batch of elements is cast into memory that stays in the nearest cache, to
 * as few bits as give the result, then summed. Sums are the same in any order, and modulo their size.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h. */

#if LOAD == LOAD_ANY && IS_EXACT
DEFINE_INTEGER_PACK(pack_16, u16)
DEFINE_INTEGER_PACK(pack_32, u32)

/* Vectors that are added to different sums, so that none waits for the one before it. */
#define SUMS 4

/* The elements of an operand that lie next to each other in the contracted axis. */
typedef struct elements {
    GLOBAL const u8 *from;
    i64 step; /* bytes */
    i32 type;
} elements;

/* NAME: the sum of the products of the first `count` elements, at most a batch of type T. V: vectors of sums of type SUM;
 * they are loaded as V too. */
#define DEFINE_BATCH_SUM(NAME, T, PACK, V, SUM, LOAD_V, STORE_V, PRODUCTS)               \
    OUT_OF_LINE SUM NAME(elements x, elements y, i32 count)                              \
    {                                                                                    \
        const i32 width = VECTOR_BYTES / (i32)sizeof(T), turn = SUMS * width;            \
        VECTOR cast1[BATCH_BYTES / sizeof(VECTOR)], cast2[BATCH_BYTES / sizeof(VECTOR)]; \
        PRIVATE T *const a = (PRIVATE T *)cast1, *const b = (PRIVATE T *)cast2;          \
        SUM parts[VECTOR_BYTES / sizeof(SUM)], sum = 0;                                  \
        V s0, s1, s2, s3;                                                                \
        PACK(a, x.from, x.type, x.step, count);                                          \
        PACK(b, y.from, y.type, y.step, count);                                          \
        for (i32 k = count; k % turn != 0; k++) a[k] = b[k] = 0;                         \
        s0 = PRODUCTS(LOAD_V(a), LOAD_V(b));                                             \
        s1 = PRODUCTS(LOAD_V(a + width), LOAD_V(b + width));                             \
        s2 = PRODUCTS(LOAD_V(a + 2 * width), LOAD_V(b + 2 * width));                     \
        s3 = PRODUCTS(LOAD_V(a + 3 * width), LOAD_V(b + 3 * width));                     \
        for (i32 k = turn; k < count; k += turn) {                                       \
            s0 += PRODUCTS(LOAD_V(a + k), LOAD_V(b + k));                                \
            s1 += PRODUCTS(LOAD_V(a + k + width), LOAD_V(b + k + width));                \
            s2 += PRODUCTS(LOAD_V(a + k + 2 * width), LOAD_V(b + k + 2 * width));        \
            s3 += PRODUCTS(LOAD_V(a + k + 3 * width), LOAD_V(b + k + 3 * width));        \
        }                                                                                \
        STORE_V((s0 + s1) + (s2 + s3), parts);                                           \
        for (i32 k = 0; k < VECTOR_BYTES / (i32)sizeof(SUM); k++) sum += parts[k];       \
        return sum;                                                                      \
    }
#define LOAD_WHOLE(p) LOAD_COMPONENTS(0, p)
#define STORE_WHOLE(v, p) STORE_COMPONENTS(v, 0, p)
#define PRODUCTS(a, b) ((a) * (b))
DEFINE_BATCH_SUM(sum_in_pairs, u16, pack_16, NARROW, u32, LOAD_NARROW, STORE_NARROW, PAIR_PRODUCTS)
DEFINE_BATCH_SUM(sum_of_words, u32, pack_32, NARROW, u32, LOAD_NARROW, STORE_NARROW, PRODUCTS)
DEFINE_BATCH_SUM(sum_of_longs, u64, pack, VECTOR, u64, LOAD_WHOLE, STORE_WHOLE, PRODUCTS)

/* Pairs whose sums are added in 64 bits: each is LEAST_PAIR at least, and less it no negative number, of up to 32 bits. */
#define LEAST_PAIR (-2 * (i64)32768 * 32767)
FUNCTION VECTOR pairs_from_least(NARROW a, NARROW b)
{
    const VECTOR pairs = BITS_OF(PAIR_PRODUCTS(a, b) - (u32)LEAST_PAIR);
    return (pairs & (u64)0xffffffff) + (pairs >> 32);
}
DEFINE_BATCH_SUM(sum_of_pairs_from_least, u16, pack_16, VECTOR, u64, LOAD_NARROW, STORE_WHOLE, pairs_from_least)
FUNCTION u64 sum_of_pairs(elements x, elements y, i32 count)
{
    const i32 turn = SUMS * VECTOR_BYTES / (i32)sizeof(u16);
    return sum_of_pairs_from_least(x, y, count) + (u64)((count + turn - 1) / turn * (turn / 2) * LEAST_PAIR);
}

/* In which way a batch is summed. Pairs of products of 16 bits are added in 32: that is exact modulo 2^32 if the elements
 * fit as signed numbers, and for a batch of bytes altogether. */
#define IN_PAIRS 0
#define IN_LONG_PAIRS 1
#define IN_WORDS 2
#define IN_LONGS 3
FUNCTION i32 way_to_sum(PRIVATE const params *p)
{
    const i32 type1 = p->type1 & (MISALIGNED - 1), type2 = p->type2 & (MISALIGNED - 1);
    const i32 bytes = code_size(type1) > code_size(type2) ? code_size(type1) : code_size(type2);
    const i32 fit = bytes == 1 || (bytes == 2 && type1 != CODE_u16 && type2 != CODE_u16);
    const i32 result = code_size(p->type_out);
    if (bytes == 1 || result <= 2 || (result == 4 && fit)) return IN_PAIRS;
    return fit ? IN_LONG_PAIRS : result == 4 ? IN_WORDS : IN_LONGS;
}

/* The sum of a node of an output. */
FUNCTION void node_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 node, i32 outputs,
                        PRIVATE value *sums)
{
    const range r = node_range(p, node, CHUNK);
    const i32 way = way_to_sum(p), most = BATCH_BYTES / (way == IN_LONGS ? 8 : way == IN_WORDS ? 4 : 2);
    const i64 step1 = p->stride1 * OPERAND_SIZE1(p), step2 = p->stride2 * OPERAND_SIZE2(p);
    u64 sum = 0;
    for (i64 begin = r.begin; begin < r.end; begin += most) {
        const i32 count = (i32)min(r.end - begin, (i64)most);
        const elements x = {row1 + begin * step1, step1, p->type1}, y = {row2 + begin * step2, step2, p->type2};
        if (way == IN_PAIRS)
            sum += (u64)(i64)(i32)sum_in_pairs(x, y, count);
        else if (way == IN_LONG_PAIRS)
            sum += sum_of_pairs(x, y, count);
        else if (way == IN_WORDS)
            sum += sum_of_words(x, y, count);
        else
            sum += sum_of_longs(x, y, count);
    }
    sums[0] = sum;
}
#endif
