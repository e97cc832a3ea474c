/* Sixteen bytes of each operand at once, for the GPU schedule where both have the result dtype and lie contiguous on
 * 16-byte boundaries: OWN neighbouring lanes of a row. */
#if LOAD == LOAD_VECTOR

#define OWN (LANES / TEAM)
#if GROUP == GROUP_INT
#define SUMS 1 /* exact in any order */
#else
#define SUMS OWN
#endif

#if RESULT_BYTES == 1
typedef u8 bits_of_element;
#elif RESULT_BYTES == 2
typedef u16 bits_of_element;
#elif RESULT_BYTES == 4
typedef u32 bits_of_element;
#else
typedef u64 bits_of_element;
#endif

#if IS_TYPED_BOOL || (GROUP == GROUP_INT && RESULT_BYTES == 1)
FUNCTION void add_quad(PRIVATE const params *p, PRIVATE value *sums, quad a, quad b)
{
    sums[0] = add_word(add_word(add_word(add_word(sums[0], a.x, b.x), a.y, b.y), a.z, b.z), a.w, b.w);
}
#else
/* The k-th of the elements in sixteen bytes. */
FUNCTION value unpack(quad q, i32 k)
{
#if RESULT_BYTES == 16
    pair64 v;
    v.re = f64_of_bits((u64)q.x | (u64)q.y << 32);
    v.im = f64_of_bits((u64)q.z | (u64)q.w << 32);
    return PASTE(cast_, RESULT)(v);
#elif RESULT_BYTES == 8
    u32 low = k == 0 ? q.x : q.z, high = k == 0 ? q.y : q.w;
#if GROUP == GROUP_C64
    pair32 v;
    v.re = f32_of_bits(low);
    v.im = f32_of_bits(high);
    return v;
#elif GROUP == GROUP_F64
    return f64_of_bits((u64)low | (u64)high << 32);
#else
    return (u64)low | (u64)high << 32;
#endif
#else
    const i32 per_word = 4 / RESULT_BYTES;
    i32 w = k / per_word;
    u32 word32 = w == 0 ? q.x : w == 1 ? q.y : w == 2 ? q.z : q.w;
#if GROUP == GROUP_F32
    return f32_of_bits(word32);
#else
    return PASTE(cast_, RESULT)((PASTE(stored_, RESULT))(word32 >> (k % per_word * 8 * RESULT_BYTES)));
#endif
#endif
}

FUNCTION void add_quad(PRIVATE const params *p, PRIVATE value *sums, quad a, quad b)
{
    UNROLL for (i32 k = 0; k < OWN; k++)
        sums[k % SUMS] = product_add(p, sums[k % SUMS], unpack(a, k), unpack(b, k));
}
#endif

/* The sum of the products in sixteen bytes of each operand. */
FUNCTION value quad_product(PRIVATE const params *p, quad a, quad b)
{
    value sums[SUMS];
    UNROLL for (i32 k = 0; k < SUMS; k++) sums[k] = value_zero();
    add_quad(p, sums, a, b);
    UNROLL for (i32 width = SUMS / 2; width > 0; width /= 2)
        UNROLL for (i32 k = 0; k < width; k++) sums[k] = value_add(sums[2 * k], sums[2 * k + 1]);
    return sums[0];
}

FUNCTION quad load_quad(GLOBAL const u8 *from) { return *(GLOBAL const quad *)from; }

/* The sixteen bytes at element `first` of a row of n, zeros after its end. */
FUNCTION quad load_end(GLOBAL const u8 *row, i64 first, i64 n)
{
    quad q;
    u64 low = 0, high = 0;
    if (first + OWN <= n) return load_quad(row + first * RESULT_BYTES);
#if OWN > 1
    NO_UNROLL for (i32 k = 0; first + k < n; k++) {
        u64 bits = ((GLOBAL const bits_of_element *)row)[first + k];
        if (k < OWN / 2)
            low |= bits << (k * RESULT_BYTES * 8);
        else
            high |= bits << ((k - OWN / 2) * RESULT_BYTES * 8);
    }
#endif
    q.x = (u32)low;
    q.y = (u32)(low >> 32);
    q.z = (u32)high;
    q.w = (u32)(high >> 32);
    return q;
}

#endif
