/* The products of sixteen bytes of each operand, for the GPU schedule, where both operands have the result dtype and
 * their rows lie contiguous on 16-byte boundaries. Sixteen bytes are OWN neighbouring lanes of a row. */
#if LOAD == LOAD_VECTOR

#define OWN (LANES / TEAM)
#define SUMS (IS_EXACT ? 1 : OWN)

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
/* The k-th of the elements in sixteen bytes, cast to the result dtype. */
FUNCTION value element_in(quad q, i32 k)
{
#if RESULT_BYTES == VALUE_BYTES
    return value_in(q, k);
#else
    const i32 in_word = 4 / RESULT_BYTES;
    const u32 bits = word_in(q, k / in_word) >> (k % in_word * 8 * RESULT_BYTES);
    return PASTE(cast_, RESULT)((PASTE(stored_, RESULT))bits);
#endif
}

FUNCTION void add_quad(PRIVATE const params *p, PRIVATE value *sums, quad a, quad b)
{
    UNROLL for (i32 k = 0; k < OWN; k++)
        sums[k % SUMS] = product_add(p, sums[k % SUMS], element_in(a, k), element_in(b, k));
}
#endif

/* The sum of the products in sixteen bytes of each operand. */
FUNCTION value quad_product(PRIVATE const params *p, quad a, quad b)
{
    value sums[SUMS];
    UNROLL for (i32 k = 0; k < SUMS; k++) sums[k] = value_zero();
    add_quad(p, sums, a, b);
    return pairwise(sums, SUMS);
}

/* The sixteen bytes at element `first` of a row of n, zeros after its end. */
FUNCTION quad load_end(GLOBAL const u8 *row, i64 first, i64 n)
{
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
    return quad_of((u32)low, (u32)(low >> 32), (u32)high, (u32)(high >> 32));
}

#endif
