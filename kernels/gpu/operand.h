/* The product of two elements, one of each operand's row, in the result dtype: typed, or by the run-time dtypes. For
 * the GPU schedule, where consecutive work-items read consecutive elements. */

/* sum + conj(x1) * x2 for the elements a and b of the first and second operand as given to the kernel. */
FUNCTION value product_add(PRIVATE const params *p, value sum, value a, value b)
{
#if IS_COMPLEX
    if (p->swap) {
        value t = a;
        a = b;
        b = t;
    }
    if (p->no_conj) a.im = -a.im;
#endif
    return value_multiply_add(sum, a, b);
}

#if IS_TYPED
#define ADD_PRODUCT(p, sum, row1, at1, row2, at2)                                                                      \
    sum = product_add(p, sum, PASTE(cast_, TYPE1)(((GLOBAL const PASTE(stored_, TYPE1) *)(row1))[at1]),                \
                      PASTE(cast_, TYPE2)(((GLOBAL const PASTE(stored_, TYPE2) *)(row2))[at2]))
#else
#define ADD_PRODUCT(p, sum, row1, at1, row2, at2)                                                                      \
    sum = add_product_any(p, sum, (row1) + (at1) * OPERAND_SIZE1(p), (row2) + (at2) * OPERAND_SIZE2(p))

/* Eight bytes at most, in the low ones. */
FUNCTION u64 raw_bytes(GLOBAL const u8 *from, i32 size, i32 misaligned)
{
    u64 bits = 0;
    if (misaligned) {
        NO_UNROLL for (i32 k = 0; k < size; k++) bits |= (u64)from[k] << (8 * k);
        return bits;
    }
    switch (size) {
    case 1: return *from;
    case 2: return *(GLOBAL const u16 *)from;
    case 4: return *(GLOBAL const u32 *)from;
    default: return *(GLOBAL const u64 *)from;
    }
}

#if IS_COMPLEX
#define VALUE_OF_REAL(x) value_of_real(x)
#else
#define VALUE_OF_REAL(x) (x)
#endif
#if GROUP != GROUP_INT
/* A real number of a floating dtype of up to eight bytes, from its bits. */
FUNCTION real real_of_bits(u64 bits, i32 code)
{
    switch (code) {
    case CODE_f16: return real_of_f32(f32_of_f16((u16)bits));
    case CODE_bf16: return real_of_f32(f32_of_bf16((u16)bits));
#if HAS_FP64
    case CODE_f64: return real_of_f64(f64_of_bits(bits));
#endif
    default: return real_of_f32(f32_of_bits((u32)bits));
    }
}
#endif

typedef struct raw_element {
    u64 low, high;
} raw_element;

FUNCTION raw_element raw_of(GLOBAL const u8 *from, i32 code)
{
    raw_element raw;
    const i32 misaligned = code & MISALIGNED, size = code_size(code & (MISALIGNED - 1));
    raw.high = 0;
#if IS_COMPLEX
    const i32 is_complex = (code & (MISALIGNED - 1)) >= CODE_c64, part = is_complex ? size / 2 : size;
    raw.low = raw_bytes(from, part, misaligned);
    if (is_complex) raw.high = raw_bytes(from + part, part, misaligned);
#else
    raw.low = raw_bytes(from, size, misaligned);
#endif
    return raw;
}

/* One conversion of each kind, so that the program stays small: integers by way of 64 bits. */
FUNCTION value value_of_raw(raw_element raw, i32 code)
{
#if IS_COMPLEX
    if (code >= CODE_c64) {
        value v;
        v.re = real_of_bits(raw.low, code == CODE_c64 ? CODE_f32 : CODE_f64);
        v.im = real_of_bits(raw.high, code == CODE_c64 ? CODE_f32 : CODE_f64);
        return v;
    }
#endif
#if GROUP != GROUP_INT
    if (code >= CODE_f16) return VALUE_OF_REAL(real_of_bits(raw.low, code));
#endif
    switch (code) {
    case CODE_b1: raw.low = raw.low != 0; break;
    case CODE_i8: raw.low = (u64)(i64)(i8)raw.low; break;
    case CODE_i16: raw.low = (u64)(i64)(i16)raw.low; break;
    case CODE_i32: raw.low = (u64)(i64)(i32)raw.low; break;
    default: break;
    }
    return code == CODE_u64 ? value_of_u64(raw.low) : value_of_i64((i64)raw.low);
}

/* Both elements are read before either is cast; one after the other, so that the code is there once. */
FUNCTION value add_product_any(PRIVATE const params *p, value sum, GLOBAL const u8 *from1, GLOBAL const u8 *from2)
{
    raw_element raw1, raw2;
    value a, b;
    raw1.low = raw1.high = raw2.low = raw2.high = 0;
    a = b = value_zero();
    NO_UNROLL for (i32 side = 0; side < 2; side++) {
        raw1 = raw2;
        raw2 = raw_of(side == 0 ? from1 : from2, side == 0 ? p->type1 : p->type2);
    }
    NO_UNROLL for (i32 side = 0; side < 2; side++) {
        a = b;
        b = value_of_raw(side == 0 ? raw1 : raw2, (side == 0 ? p->type1 : p->type2) & (MISALIGNED - 1));
    }
    return product_add(p, sum, a, b);
}
#endif
