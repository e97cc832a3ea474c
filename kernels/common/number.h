/* Numbers: what an element becomes when it is cast to the result dtype (`value`), and value arithmetic. Every
 * cast rounds once, to nearest even. Included after a dialect, codes.h and params.h, with GROUP and LOAD set,
 * and TYPE1, TYPE2, RESULT for the typed loads. */
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define CODE(type) PASTE(CODE_, type)

#define IS_COMPLEX (GROUP == GROUP_C64 || GROUP == GROUP_C128)
#define IS_DOUBLE (GROUP == GROUP_F64 || GROUP == GROUP_C128)
#define IS_EXACT (GROUP == GROUP_INT) /* sums are the same in any order */
#define IS_TYPED (LOAD == LOAD_VECTOR || LOAD == LOAD_STRIDED)

typedef struct pair32 { float re, im; } pair32;
#if HAS_FP64
typedef struct pair64 { double re, im; } pair64;
#endif

/* bool typed at build time is OR of ANDs; at run time it shares the integers' code, where it counts in 64 bits. */
#if GROUP == GROUP_INT && IS_TYPED
#define IS_TYPED_BOOL (CODE(RESULT) == CODE_b1)
#else
#define IS_TYPED_BOOL 0
#endif

/* Elements as they lie in memory. */
typedef u8 stored_b1;
typedef i8 stored_i8;
typedef i16 stored_i16;
typedef i32 stored_i32;
typedef i64 stored_i64;
typedef u8 stored_u8;
typedef u16 stored_u16;
typedef u32 stored_u32;
typedef u64 stored_u64;
typedef u16 stored_f16;
typedef u16 stored_bf16;
typedef float stored_f32;
typedef pair32 stored_c64;
#if HAS_FP64
typedef double stored_f64;
typedef pair64 stored_c128;
#endif

FUNCTION float f32_of_bf16(u16 bits) { return f32_of_bits((u32)bits << 16); }

FUNCTION u16 bf16_of_f32(float x)
{
    u32 bits = bits_of_f32(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (u16)((bits >> 16) | 0x40u); /* keep a NaN a NaN */
    return (u16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/* Rounded to odd: a second rounding to fewer bits then gives what one rounding would have given. */
FUNCTION float f32_odd_of_u64(u64 x)
{
    i32 drop = 40 - leading_zeros(x | 1u); /* keep 24 bits */
    if (drop <= 0) return (float)x;
    u64 kept = x >> drop;
    if ((kept << drop) != x) kept |= 1u;
    return (float)kept * (float)((u64)1 << drop);
}

FUNCTION float f32_odd_of_i64(i64 x)
{
    return x < 0 ? -f32_odd_of_u64((u64)0 - (u64)x) : f32_odd_of_u64((u64)x);
}

#if HAS_FP64
FUNCTION float f32_odd_of_f64(double x)
{
    float near = (float)x;
    double back = (double)near;
    u32 bits = bits_of_f32(near);
    if (back == x || x != x || (bits & 1u)) return near; /* exact, NaN, or odd already */
    /* An even neighbour: the odd one lies one unit towards x. Infinity's is the largest float, which is odd. */
    i32 away = (x < 0.0) ? (back > x) : (back < x);
    return f32_of_bits(away ? bits + 1u : bits - 1u);
}
#endif

/* ---- value: an element in the result dtype, as it is accumulated ---- */

#if GROUP == GROUP_INT
#if IS_TYPED && CODE(RESULT) != CODE_i64 && CODE(RESULT) != CODE_u64
typedef u32 value; /* holds every narrower result modulo its size */
#else
typedef u64 value;
#endif
typedef u64 partial;
#elif GROUP == GROUP_C64
typedef pair32 value;
typedef pair32 partial;
#elif GROUP == GROUP_C128
typedef pair64 value;
typedef pair64 partial;
#elif GROUP == GROUP_F64
typedef double value;
typedef double partial;
#else
typedef float value;
typedef float partial;
#endif

#if IS_DOUBLE
typedef double real;
#elif GROUP != GROUP_INT
typedef float real;
#endif

/* real_of_*: the cast to the (real part of the) result dtype. */
#if GROUP == GROUP_F16
FUNCTION real real_of_f32(float x) { return f32_of_f16(f16_of_f32(x)); }
FUNCTION real real_of_u64(u64 x) { return real_of_f32((float)x); } /* past 2^24 both are infinite */
FUNCTION real real_of_i64(i64 x) { return real_of_f32((float)x); }
#elif GROUP == GROUP_BF16
FUNCTION real real_of_f32(float x) { return f32_of_bf16(bf16_of_f32(x)); }
FUNCTION real real_of_u64(u64 x) { return real_of_f32(f32_odd_of_u64(x)); }
FUNCTION real real_of_i64(i64 x) { return real_of_f32(f32_odd_of_i64(x)); }
#elif GROUP != GROUP_INT
FUNCTION real real_of_f32(float x) { return (real)x; }
FUNCTION real real_of_u64(u64 x) { return (real)x; }
FUNCTION real real_of_i64(i64 x) { return (real)x; }
#endif
#if GROUP != GROUP_INT && HAS_FP64
#if GROUP == GROUP_F16 || GROUP == GROUP_BF16
FUNCTION real real_of_f64(double x) { return real_of_f32(f32_odd_of_f64(x)); }
#else
FUNCTION real real_of_f64(double x) { return (real)x; }
#endif
#endif

#if GROUP == GROUP_INT
FUNCTION value value_of_u64(u64 x) { return (value)x; }
FUNCTION value value_of_i64(i64 x) { return (value)x; }
#elif IS_COMPLEX
FUNCTION value value_of_real(real x)
{
    value v;
    v.re = x;
    v.im = (real)0;
    return v;
}
#define value_of_u64(x) value_of_real(real_of_u64(x))
#define value_of_i64(x) value_of_real(real_of_i64(x))
#define value_of_f32(x) value_of_real(real_of_f32(x))
#define value_of_f64(x) value_of_real(real_of_f64(x))
#else
#define value_of_u64(x) real_of_u64(x)
#define value_of_i64(x) real_of_i64(x)
#define value_of_f32(x) real_of_f32(x)
#define value_of_f64(x) real_of_f64(x)
#endif

/* cast_*: from a stored element of each dtype. */
FUNCTION value cast_b1(stored_b1 x) { return value_of_u64(x != 0 ? 1u : 0u); }
FUNCTION value cast_i8(stored_i8 x) { return value_of_i64(x); }
FUNCTION value cast_i16(stored_i16 x) { return value_of_i64(x); }
FUNCTION value cast_i32(stored_i32 x) { return value_of_i64(x); }
FUNCTION value cast_i64(stored_i64 x) { return value_of_i64(x); }
FUNCTION value cast_u8(stored_u8 x) { return value_of_u64(x); }
FUNCTION value cast_u16(stored_u16 x) { return value_of_u64(x); }
FUNCTION value cast_u32(stored_u32 x) { return value_of_u64(x); }
FUNCTION value cast_u64(stored_u64 x) { return value_of_u64(x); }
#if GROUP == GROUP_F16 /* nothing to round */
FUNCTION value cast_f16(stored_f16 x) { return f32_of_f16(x); }
#elif GROUP != GROUP_INT
FUNCTION value cast_f16(stored_f16 x) { return value_of_f32(f32_of_f16(x)); }
#endif
#if GROUP == GROUP_BF16
FUNCTION value cast_bf16(stored_bf16 x) { return f32_of_bf16(x); }
#elif GROUP != GROUP_INT
FUNCTION value cast_bf16(stored_bf16 x) { return value_of_f32(f32_of_bf16(x)); }
#endif
#if GROUP != GROUP_INT
FUNCTION value cast_f32(stored_f32 x) { return value_of_f32(x); }
#if HAS_FP64
FUNCTION value cast_f64(stored_f64 x) { return value_of_f64(x); }
#endif
#endif
#if IS_COMPLEX
FUNCTION value cast_c64(stored_c64 x)
{
    value v;
    v.re = (real)x.re;
    v.im = (real)x.im;
    return v;
}
#if HAS_FP64
FUNCTION value cast_c128(stored_c128 x)
{
    value v;
    v.re = (real)x.re;
    v.im = (real)x.im;
    return v;
}
#endif
#endif

/* ---- value arithmetic ---- */

FUNCTION value value_zero(void)
{
#if IS_COMPLEX
    return value_of_real((real)0);
#else
    return (value)0;
#endif
}

FUNCTION value value_add(value a, value b)
{
#if IS_COMPLEX
    value v;
    v.re = a.re + b.re;
    v.im = a.im + b.im;
    return v;
#elif IS_TYPED_BOOL
    return a | b;
#else
    return a + b;
#endif
}

/* sum + conj(a) * b, one fused multiply-add at a time; the caller negates a.im where nothing is conjugated. */
FUNCTION value value_multiply_add(value sum, value a, value b)
{
#if IS_COMPLEX
    sum.re = FMA(a.re, b.re, sum.re);
    sum.re = FMA(a.im, b.im, sum.re);
    sum.im = FMA(a.re, b.im, sum.im);
    sum.im = FMA(-a.im, b.re, sum.im);
    return sum;
#elif IS_TYPED_BOOL
    return sum | (a & b);
#elif GROUP == GROUP_INT
    return sum + a * b;
#else
    return FMA(a, b, sum);
#endif
}

/* Adding +0 last: no negative zero leaves a sum. */
FUNCTION value value_finish(value v)
{
#if IS_COMPLEX
    v.re += (real)0;
    v.im += (real)0;
    return v;
#elif GROUP == GROUP_INT
    return v;
#else
    return v + (real)0;
#endif
}

/* Writes a finished sum as an element of the result dtype. Only GROUP_INT needs the dtype. */
FUNCTION void store_result(GLOBAL u8 *to, i32 result, value v)
{
#if GROUP == GROUP_INT
    switch (result) {
    case CODE_b1: *to = (u8)(v != 0 ? 1 : 0); break;
    case CODE_i8: case CODE_u8: *to = (u8)v; break;
    case CODE_i16: case CODE_u16: *(GLOBAL u16 *)to = (u16)v; break;
    case CODE_i32: case CODE_u32: *(GLOBAL u32 *)to = (u32)v; break;
    default: *(GLOBAL u64 *)to = (u64)v; break;
    }
#else
    v = value_finish(v);
#if GROUP == GROUP_F16
    *(GLOBAL u16 *)to = f16_of_f32(v);
#elif GROUP == GROUP_BF16
    *(GLOBAL u16 *)to = bf16_of_f32(v);
#else
    *(GLOBAL value *)to = v;
#endif
#endif
}
