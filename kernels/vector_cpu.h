/* Wide vectors for the CPU schedule (OpenCL C only): VECTOR holds WIDTH components, a component being a real
 * number, and a row of the canonical sum is PARTS vectors. Complex numbers stay interleaved. */

#if GROUP == GROUP_F64 || GROUP == GROUP_C128
typedef double component;
typedef double8 VECTOR;
#define WIDTH 8
#define LOAD_COMPONENTS(j, p) vload8(j, p)
#define STORE_COMPONENTS(v, j, p) vstore8(v, j, p)
#elif GROUP != GROUP_INT
typedef float component;
typedef float16 VECTOR;
#define WIDTH 16
#define LOAD_COMPONENTS(j, p) vload16(j, p)
#define STORE_COMPONENTS(v, j, p) vstore16(v, j, p)
#elif IS_TYPED && (CODE(RESULT) == CODE_i32 || CODE(RESULT) == CODE_u32)
typedef uint component;
typedef uint16 VECTOR;
#define WIDTH 16
#define LOAD_COMPONENTS(j, p) vload16(j, p)
#define STORE_COMPONENTS(v, j, p) vstore16(v, j, p)
#elif IS_TYPED && CODE(RESULT) != CODE_i64 && CODE(RESULT) != CODE_u64
typedef ushort component; /* enough for 8 and 16 bits, modulo their size */
typedef ushort16 VECTOR;
#define WIDTH 16
#define LOAD_COMPONENTS(j, p) vload16(j, p)
#define STORE_COMPONENTS(v, j, p) vstore16(v, j, p)
#else
typedef ulong component;
typedef ulong8 VECTOR;
#define WIDTH 8
#define LOAD_COMPONENTS(j, p) vload8(j, p)
#define STORE_COMPONENTS(v, j, p) vstore8(v, j, p)
#endif

#define COMPONENTS (IS_COMPLEX ? 2 : 1)         /* of an element               */
#define VECTOR_ELEMENTS (WIDTH / COMPONENTS)    /* elements in a VECTOR        */
#define PARTS (LANES / VECTOR_ELEMENTS)         /* VECTORs in a canonical row  */

/* WIDE_<type>(j, p): the j-th VECTOR of stored elements at p, each cast to the result dtype. */
#if IS_DOUBLE
#define WIDE_f16(j, p) convert_double8(vload_half8(j, (GLOBAL const half *)(p)))
#define WIDE_f32(j, p) convert_double8(vload8(j, p))
#define WIDE_f64(j, p) vload8(j, p)
#define WIDE_c128(j, p) vload8(j, (GLOBAL const double *)(p))
#elif GROUP != GROUP_INT
#define WIDE_b1(j, p) select((float16)(0.0f), (float16)(1.0f), convert_int16(vload16(j, p) != (uchar16)(0)))
#define WIDE_i8(j, p) convert_float16(vload16(j, p))
#define WIDE_u8(j, p) convert_float16(vload16(j, p))
#define WIDE_f16(j, p) vload_half16(j, (GLOBAL const half *)(p))
#define WIDE_bf16(j, p) as_float16(convert_uint16(vload16(j, p)) << 16)
#define WIDE_f32(j, p) vload16(j, p)
#define WIDE_c64(j, p) vload16(j, (GLOBAL const float *)(p))
#else
#define WIDE_b1(j, p) (convert_ushort16(vload16(j, p) != (uchar16)(0)) & (ushort16)(1))
#define WIDE_i8(j, p) convert_ushort16(vload16(j, (GLOBAL const uchar *)(p)))
#define WIDE_u8(j, p) convert_ushort16(vload16(j, p))
#define WIDE_i16(j, p) vload16(j, (GLOBAL const ushort *)(p))
#define WIDE_u16(j, p) vload16(j, p)
#define WIDE_i32(j, p) vload16(j, (GLOBAL const uint *)(p))
#define WIDE_u32(j, p) vload16(j, p)
#define WIDE_i64(j, p) vload8(j, (GLOBAL const ulong *)(p))
#define WIDE_u64(j, p) vload8(j, p)
#endif

/* +1 and -1 on the components of conj(x1)'s imaginary part as they enter re and im; see multiply_add. */
#if GROUP == GROUP_C64
#define CONJ_SIGNS ((float16)(1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1))
#define REAL_TWICE(v) (v).s0022446688aaccee
#define IMAG_TWICE(v) (v).s1133557799bbddff
#define EXCHANGED(v) (v).s1032547698badcfe
#elif GROUP == GROUP_C128
#define CONJ_SIGNS ((double8)(1, -1, 1, -1, 1, -1, 1, -1))
#define REAL_TWICE(v) (v).s00224466
#define IMAG_TWICE(v) (v).s11335577
#define EXCHANGED(v) (v).s10325476
#endif

/* sum + conj(a) * b by element, in the order of value_multiply_add: re += ar*br, re += ai*bi, and
 * im += ar*bi, im += -ai*br. `sign` is +1, or -1 where nothing is conjugated. */
FUNCTION VECTOR multiply_add(VECTOR sum, VECTOR a, VECTOR b, component sign)
{
#if IS_COMPLEX
    sum = fma(REAL_TWICE(a), b, sum);
    return fma(IMAG_TWICE(a) * (CONJ_SIGNS * sign), EXCHANGED(b), sum);
#elif IS_TYPED_BOOL
    return sum | (a & b);
#elif GROUP == GROUP_INT
    return sum + a * b;
#else
    return fma(a, b, sum);
#endif
}

/* Adjacent pairs of the elements of a, then of b. */
FUNCTION VECTOR fold_two(VECTOR a, VECTOR b)
{
#if GROUP == GROUP_C64
    return (VECTOR)(a.s014589cd + a.s2367abef, b.s014589cd + b.s2367abef);
#elif GROUP == GROUP_C128
    return (VECTOR)(a.s0145 + a.s2367, b.s0145 + b.s2367);
#elif IS_TYPED_BOOL
    return (VECTOR)(a.even | a.odd, b.even | b.odd);
#else
    return (VECTOR)(a.even + a.odd, b.even + b.odd);
#endif
}

FUNCTION VECTOR add(VECTOR a, VECTOR b)
{
#if IS_TYPED_BOOL
    return a | b;
#else
    return a + b;
#endif
}

/* The adjacent pairwise sum of one VECTOR's elements. */
FUNCTION value fold_one(VECTOR v)
{
#if GROUP == GROUP_C64
    float8 h = v.s014589cd + v.s2367abef;
    float4 q = h.s0145 + h.s2367;
    value r = {q.s0 + q.s2, q.s1 + q.s3};
    return r;
#elif GROUP == GROUP_C128
    double4 q = v.s0145 + v.s2367;
    value r = {q.s0 + q.s2, q.s1 + q.s3};
    return r;
#elif GROUP == GROUP_INT
    component c[WIDTH];
    STORE_COMPONENTS(v, 0, c);
    value r = 0;
    for (i32 k = 0; k < WIDTH; k++) r = value_add(r, c[k]);
    return r;
#elif WIDTH == 8
    return (value)(((v.s0 + v.s1) + (v.s2 + v.s3)) + ((v.s4 + v.s5) + (v.s6 + v.s7)));
#else
    float8 h = v.even + v.odd;
    float4 q = h.even + h.odd;
    float2 d = q.even + q.odd;
    return d.x + d.y;
#endif
}

FUNCTION void put_components(PRIVATE component *to, value v)
{
#if IS_COMPLEX
    to[0] = v.re;
    to[1] = v.im;
#else
    to[0] = (component)v;
#endif
}

FUNCTION value get_components(PRIVATE const component *from)
{
#if IS_COMPLEX
    value v = {from[0], from[1]};
    return v;
#else
    return (value)from[0];
#endif
}

#if LOAD == LOAD_VECTOR
typedef PASTE(stored_, TYPE1) stored1;
typedef PASTE(stored_, TYPE2) stored2;
#define WIDE1(j, p) PASTE(WIDE_, TYPE1)(j, p)
#define WIDE2(j, p) PASTE(WIDE_, TYPE2)(j, p)
#define CAST1(x) PASTE(cast_, TYPE1)(x)
#define CAST2(x) PASTE(cast_, TYPE2)(x)

/* The first `count` < VECTOR_ELEMENTS elements, zeros after them; nothing past them is read. */
FUNCTION VECTOR some1(GLOBAL const stored1 *from, i32 count)
{
    component c[WIDTH];
    STORE_COMPONENTS((VECTOR)(0), 0, c);
    for (i32 k = 0; k < count; k++) put_components(c + k * COMPONENTS, CAST1(from[k]));
    return LOAD_COMPONENTS(0, c);
}

FUNCTION VECTOR some2(GLOBAL const stored2 *from, i32 count)
{
    component c[WIDTH];
    STORE_COMPONENTS((VECTOR)(0), 0, c);
    for (i32 k = 0; k < count; k++) put_components(c + k * COMPONENTS, CAST2(from[k]));
    return LOAD_COMPONENTS(0, c);
}
#endif

#if LOAD == LOAD_ANY
/* Casts `count` elements that lie `step` bytes apart into `to`. The dtype is looked at once, not for each element. */
FUNCTION void pack(PRIVATE component *to, GLOBAL const u8 *from, i32 code, i64 step, i32 count)
{
    switch (code) {
#define X(type)                                                                                     \
    case CODE_##type:                                                                               \
        for (i32 k = 0; k < count; k++)                                                             \
            put_components(to + k * COMPONENTS, cast_##type(*(GLOBAL const stored_##type *)(from + k * step))); \
        break;
    ELEMENT_CASES(X)
#undef X
    default:
        for (i32 k = 0; k < count; k++)
            put_components(to + k * COMPONENTS, element_misaligned(from + k * step, code & (MISALIGNED - 1)));
    }
}
#endif
