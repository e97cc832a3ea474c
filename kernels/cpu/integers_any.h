/* rows_cpu with LOAD_ANY, integers and bools: a batch of elements is cast into memory that stays in the nearest cache, to
 * as few bits as give the result, then summed. Sums are the same in any order, and modulo their size.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h. */

#if LOAD == LOAD_ANY && IS_EXACT
DEFINE_INTEGER_PACK(pack_16, u16)
DEFINE_INTEGER_PACK(pack_32, u32)

/* Bytes of an operand's batch, after the cast. */
#define BATCH_BYTES 4096

/* Vectors of sums, which are added to by turns. */
#define SUMS 4

/* The elements of an operand that lie next to each other in the contracted axis. */
typedef struct elements {
    GLOBAL const u8 *from;
    i64 step; /* bytes */
    i32 type;
} elements;

/* NAME: the sum of the products of the first `count` elements, at most a batch of type T. V: vectors of sums of type SUM;
 * they are loaded as V too. */
#define DEFINE_BATCH_SUM(NAME, T, PACK, V, SUM, LOAD_V, STORE_V, PRODUCTS)                                   \
    FUNCTION SUM NAME(elements x, elements y, i32 count)                                                     \
    {                                                                                                        \
        const i32 width = VECTOR_BYTES / (i32)sizeof(T), turn = SUMS * width;                                \
        T a[BATCH_BYTES / sizeof(T)], b[BATCH_BYTES / sizeof(T)];                                            \
        SUM parts[VECTOR_BYTES / sizeof(SUM)], sum = 0;                                                      \
        V s[SUMS];                                                                                           \
        PACK(a, x.from, x.type, x.step, count);                                                              \
        PACK(b, y.from, y.type, y.step, count);                                                              \
        for (i32 k = count; k % turn != 0; k++) a[k] = b[k] = 0;                                             \
        UNROLL for (i32 j = 0; j < SUMS; j++) s[j] = PRODUCTS(LOAD_V(a + j * width), LOAD_V(b + j * width)); \
        for (i32 k = turn; k < count; k += turn)                                                             \
            UNROLL for (i32 j = 0; j < SUMS; j++)                                                            \
                s[j] += PRODUCTS(LOAD_V(a + k + j * width), LOAD_V(b + k + j * width));                      \
        STORE_V((s[0] + s[1]) + (s[2] + s[3]), parts);                                                       \
        for (i32 k = 0; k < VECTOR_BYTES / (i32)sizeof(SUM); k++) sum += parts[k];                           \
        return sum;                                                                                          \
    }
#define LOAD_WHOLE(p) LOAD_COMPONENTS(0, p)
#define STORE_WHOLE(v, p) STORE_COMPONENTS(v, 0, p)
#define PRODUCTS(a, b) ((a) * (b))
DEFINE_BATCH_SUM(sum_in_pairs, u16, pack_16, NARROW, u32, LOAD_NARROW, STORE_NARROW, PAIR_PRODUCTS)
DEFINE_BATCH_SUM(sum_of_words, u32, pack_32, NARROW, u32, LOAD_NARROW, STORE_NARROW, PRODUCTS)
DEFINE_BATCH_SUM(sum_of_longs, u64, pack, VECTOR, u64, LOAD_WHOLE, STORE_WHOLE, PRODUCTS)

/* How many bits an operand's elements need to be exact as signed numbers: 8 stands for up to 9. */
FUNCTION i32 bits_of_type(i32 type)
{
    type &= MISALIGNED - 1;
    return type == CODE_i16 ? 16 : type == CODE_u16 ? 32 : 8 * code_size(type);
}

/* In how many bits elements are multiplied. Products of 16 bits are added in 32: that is exact modulo 2^32, if the
 * elements fit, and for a batch of bytes altogether. */
FUNCTION i32 bits_of_products(PRIVATE const params *p)
{
    const i32 bits1 = bits_of_type(p->type1), bits2 = bits_of_type(p->type2), bits = bits1 > bits2 ? bits1 : bits2;
    const i32 result = 8 * code_size(p->type_out);
    if (bits == 8 || (result <= 16 && p->type_out != CODE_b1) || (result == 32 && bits == 16)) return 16;
    return result <= 32 && p->type_out != CODE_b1 ? 32 : 64;
}

/* The sum of a node of an output. */
FUNCTION void node_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 node, i32 outputs,
                        PRIVATE value *sums)
{
    const range r = node_range(p, node, CHUNK);
    const i32 bits = bits_of_products(p), most = 8 * BATCH_BYTES / bits;
    const i64 step1 = p->stride1 * OPERAND_SIZE1(p), step2 = p->stride2 * OPERAND_SIZE2(p);
    u64 sum = 0;
    for (i64 begin = r.begin; begin < r.end; begin += most) {
        const i32 count = (i32)min(r.end - begin, (i64)most);
        const elements x = {row1 + begin * step1, step1, p->type1}, y = {row2 + begin * step2, step2, p->type2};
        if (bits == 16)
            sum += (u64)(i64)(i32)sum_in_pairs(x, y, count);
        else if (bits == 32)
            sum += sum_of_words(x, y, count);
        else
            sum += sum_of_longs(x, y, count);
    }
    sums[0] = sum;
}
#endif
