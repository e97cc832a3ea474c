/* Sixteen bytes at a time, for the GPU schedule: how they are loaded, and the words and values in them. */

/* A value takes four bytes at least. */
#define VALUE_BYTES (RESULT_BYTES < 4 ? 4 : RESULT_BYTES)
#define IN_QUAD (16 / VALUE_BYTES)

FUNCTION quad load_quad(GLOBAL const u8 *from) { return *(GLOBAL const quad *)from; }

FUNCTION quad quad_of(u32 x, u32 y, u32 z, u32 w)
{
    quad q;
    q.x = x;
    q.y = y;
    q.z = z;
    q.w = w;
    return q;
}

FUNCTION u32 word_in(quad q, i32 k) { return k == 0 ? q.x : k == 1 ? q.y : k == 2 ? q.z : q.w; }

/* The k-th of the values. */
FUNCTION value value_in(quad q, i32 k)
{
#if VALUE_BYTES == 16
    pair64 v;
    v.re = f64_of_bits((u64)q.x | (u64)q.y << 32);
    v.im = f64_of_bits((u64)q.z | (u64)q.w << 32);
    return v;
#elif VALUE_BYTES == 8
    const u32 low = k == 0 ? q.x : q.z, high = k == 0 ? q.y : q.w;
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
#elif GROUP == GROUP_INT
    return word_in(q, k);
#else
    return f32_of_bits(word_in(q, k));
#endif
}
