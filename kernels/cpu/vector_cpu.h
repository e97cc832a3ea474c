/* Wide vectors for the CPU schedule (OpenCL C only). VECTOR holds WIDTH components; a component is a real number, and
 * complex numbers stay interleaved. A row of the canonical sum is PARTS vectors. */

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

/* The planner's vectors are as wide as these. */
typedef u8 planned_width[WIDTH == VECTOR_COMPONENTS(sizeof(component)) ? 1 : -1];

#define COMPONENTS (IS_COMPLEX ? 2 : 1)         /* of an element               */
#define VECTOR_ELEMENTS (WIDTH / COMPONENTS)    /* elements in a VECTOR        */
#define PARTS (LANES / VECTOR_ELEMENTS)         /* VECTORs in a canonical row  */

/* PIECE_<type>(Q, p): Q components from stored elements at p, each cast to the result dtype; Q is 2, 4, 8 or 16. */
#if IS_TYPED && (IS_COMPLEX || GROUP == GROUP_INT) && (CODE(TYPE1) != CODE(RESULT) || CODE(TYPE2) != CODE(RESULT))
#error "no PIECE_ macro makes a real number complex or an integer wider"
#endif
#if IS_DOUBLE
#define PIECE_f32(Q, p) convert_double##Q(vload##Q(0, p))
#define PIECE_f64(Q, p) vload##Q(0, p)
#define PIECE_c128(Q, p) vload##Q(0, (GLOBAL const double *)(p))
#elif GROUP != GROUP_INT
#define PIECE_f16(Q, p) vload_half##Q(0, (GLOBAL const half *)(p))
#define PIECE_bf16(Q, p) as_float##Q(convert_uint##Q(vload##Q(0, p)) << 16)
#define PIECE_f32(Q, p) vload##Q(0, p)
#define PIECE_c64(Q, p) vload##Q(0, (GLOBAL const float *)(p))
#else
#define PIECE_b1(Q, p) (as_ushort##Q(convert_short##Q(vload##Q(0, p) != (uchar##Q)(0))) & (ushort##Q)(1))
#define PIECE_i8(Q, p) convert_ushort##Q(vload##Q(0, (GLOBAL const uchar *)(p)))
#define PIECE_i16(Q, p) vload##Q(0, (GLOBAL const ushort *)(p))
#define PIECE_i32(Q, p) vload##Q(0, (GLOBAL const uint *)(p))
#define PIECE_i64(Q, p) vload##Q(0, (GLOBAL const ulong *)(p))
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

/* v where the mask has all bits set, +0 where it has none. */
#if GROUP == GROUP_INT
typedef VECTOR MASK;
#define KEEP(v, mask) ((v) & (mask))
#elif IS_DOUBLE
typedef ulong8 MASK;
#define KEEP(v, mask) as_double8(as_ulong8(v) & (mask))
#else
typedef uint16 MASK;
#define KEEP(v, mask) as_float16(as_uint16(v) & (mask))
#endif

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

/* The adjacent pairwise sum of a canonical row's lanes. */
FUNCTION value fold_row(PRIVATE VECTOR *sums)
{
    UNROLL for (i32 width = PARTS / 2; width > 0; width /= 2)
        UNROLL for (i32 j = 0; j < width; j++) sums[j] = fold_two(sums[2 * j], sums[2 * j + 1]);
    return fold_one(sums[0]);
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

#if IS_TYPED
typedef PASTE(stored_, TYPE1) stored1;
typedef PASTE(stored_, TYPE2) stored2;
#define PIECE1(Q, p) PASTE(PIECE_, TYPE1)(Q, p)
#define PIECE2(Q, p) PASTE(PIECE_, TYPE2)(Q, p)
#define CAST1(x) PASTE(cast_, TYPE1)(x)
#define CAST2(x) PASTE(cast_, TYPE2)(x)

/* The j-th VECTOR of the elements at p. */
#define WIDE1(j, p) PIECE1(WIDTH, (p) + (j) * VECTOR_ELEMENTS)
#define WIDE2(j, p) PIECE2(WIDTH, (p) + (j) * VECTOR_ELEMENTS)

/* collect: `count` elements that lie `step` apart, and zeros after them; nothing else is read. */
#define COLLECT(which)                                                                                   \
    FUNCTION VECTOR collect##which(GLOBAL const stored##which *from, i64 step, i32 count)                \
    {                                                                                                    \
        component c[WIDTH];                                                                              \
        STORE_COMPONENTS((VECTOR)(0), 0, c);                                                             \
        for (i32 k = 0; k < count; k++) put_components(c + k * COMPONENTS, CAST##which(from[k * step])); \
        return LOAD_COMPONENTS(0, c);                                                                    \
    }
COLLECT(1)
COLLECT(2)
#endif

#if LOAD == LOAD_ANY
/* Casts `count` elements that lie `step` bytes apart into `to`. One switch over the dtypes serves them all. */
FUNCTION void pack(PRIVATE component *to, GLOBAL const u8 *from, i32 code, i64 step, i32 count)
{
    switch (code) {
#define X(type)                                                                                                 \
    case CODE_##type:                                                                                           \
        for (i32 k = 0; k < count; k++)                                                                         \
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
