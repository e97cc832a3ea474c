/* What the CPU schedule's kernels do with vectors: loading elements, multiplying, and adding up in the canonical order.
 *
 * Uses: component.h, and vector_opencl.h or vector_c.h. */

/* The planner's vectors are as wide as these. */
typedef u8 planned_width[WIDTH == VECTOR_COMPONENTS(sizeof(component), VECTOR_BYTES) ? 1 : -1];

/* PIECE_<type>(Q, p): Q components from stored elements at p, each cast to the result dtype; Q is 2, 4, 8 or 16. */
#if IS_TYPED && (IS_COMPLEX || GROUP == GROUP_INT) && (CODE(TYPE1) != CODE(RESULT) || CODE(TYPE2) != CODE(RESULT))
#error "no PIECE_ macro makes a real number complex or an integer wider"
#endif
#if IS_DOUBLE
#define PIECE_f32(Q, p) convert_double##Q(LOAD_FLOATS(float, Q, p))
#define PIECE_f64(Q, p) LOAD_FLOATS(double, Q, p)
#define PIECE_c128(Q, p) LOAD_FLOATS(double, Q, p)
#elif GROUP != GROUP_INT
#define PIECE_f16(Q, p) vload_half##Q(0, (GLOBAL const half *)(p))
#define PIECE_bf16(Q, p) as_float##Q(convert_uint##Q(LOAD_INTEGERS(ushort, Q, p)) << 16)
#define PIECE_f32(Q, p) LOAD_FLOATS(float, Q, p)
#define PIECE_c64(Q, p) LOAD_FLOATS(float, Q, p)
#else
#define PIECE_b1(Q, p) convert_ushort##Q(LOAD_INTEGERS(uchar, Q, p))
#define PIECE_i8(Q, p) convert_ushort##Q(LOAD_INTEGERS(uchar, Q, p))
#define PIECE_i16(Q, p) LOAD_INTEGERS(ushort, Q, p)
#define PIECE_i32(Q, p) LOAD_INTEGERS(uint, Q, p)
#define PIECE_i64(Q, p) LOAD_INTEGERS(ulong, Q, p)
#endif

/* sum + conj(a) * b by element, in the order of value_multiply_add: re += ar*br, re += ai*bi, and
 * im += ar*bi, im += -ai*br. `sign` is +1, or -1 where nothing is conjugated. CONJ_SIGNS are +1 and -1 on the components
 * of conj(x1)'s imaginary part as they enter re and im. */
FUNCTION VECTOR multiply_add(VECTOR sum, VECTOR a, VECTOR b, component sign)
{
#if IS_COMPLEX
    LOADED_ONCE(a);
    LOADED_ONCE(b);
    sum = VECTOR_FMA(REAL_TWICE(a), b, sum);
    return VECTOR_FMA(IMAG_TWICE(a) * (CONJ_SIGNS * sign), EXCHANGED(b), sum);
#elif IS_TYPED_BOOL /* any number but 0 is true, and the lesser of two is one if both are */
    return sum | LEAST(a, b);
#elif GROUP == GROUP_INT
    return sum + a * b;
#else
    return VECTOR_FMA(a, b, sum);
#endif
}

/* conj(a) * b by element: multiply_add to 0, but that an element may be -0 for +0. That changes no sum but -0, and no -0
 * is stored. */
FUNCTION VECTOR multiply(VECTOR a, VECTOR b, component sign)
{
#if IS_COMPLEX
    LOADED_ONCE(a);
    LOADED_ONCE(b);
    return VECTOR_FMA(IMAG_TWICE(a) * (CONJ_SIGNS * sign), EXCHANGED(b), REAL_TWICE(a) * b);
#elif IS_TYPED_BOOL
    return LEAST(a, b);
#else
    return a * b;
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

/* Adjacent pairs of the elements of a, then of b. */
FUNCTION VECTOR fold_two(VECTOR a, VECTOR b)
{
    return add(EVEN_ELEMENTS(a, b), ODD_ELEMENTS(a, b));
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

/* The adjacent pairwise sum of one VECTOR's elements. */
FUNCTION value fold_one(VECTOR v)
{
    component c[WIDTH];
    UNROLL for (i32 elements = VECTOR_ELEMENTS; elements > 1; elements /= 2) v = fold_two(v, v);
    STORE_COMPONENTS(v, 0, c);
    return get_components(c);
}

/* The adjacent pairwise sums of `count` VECTORs' elements, in sums[0]. */
#define FOLD_VECTORS(sums, count)                              \
    UNROLL for (i32 width = (count) / 2; width > 0; width /= 2) \
        UNROLL for (i32 j = 0; j < width; j++) (sums)[j] = fold_two((sums)[2 * j], (sums)[2 * j + 1]);

/* The adjacent pairwise sum of a canonical row's lanes. */
FUNCTION value fold_row(PRIVATE VECTOR *sums)
{
    FOLD_VECTORS(sums, PARTS)
    return fold_one(sums[0]);
}

/* The adjacent pairwise sum of each of VECTOR_ELEMENTS vectors. */
FUNCTION VECTOR fold_vectors(PRIVATE const VECTOR *from)
{
    VECTOR v[VECTOR_ELEMENTS];
    UNROLL for (i32 j = 0; j < VECTOR_ELEMENTS; j++) v[j] = from[j];
    UNROLL for (i32 near = NEAR_ELEMENTS / 2, width = VECTOR_ELEMENTS / 2; width > 0; near /= 2, width /= 2)
        UNROLL for (i32 j = 0; j < width; j++) {
            const VECTOR a = v[2 * j], b = v[2 * j + 1];
            v[j] = near > 0 ? add(EVEN_NEAR(a, b), ODD_NEAR(a, b)) : add(EVEN_FAR(a, b), ODD_FAR(a, b));
        }
    return v[0];
}

/* The tree of canonical.h over at most 2^VECTOR_TREE_LEVELS leaves that are vectors. */
#define VECTOR_TREE_LEVELS 6
typedef struct vector_tree {
    VECTOR nodes[VECTOR_TREE_LEVELS];
    i32 depth;
} vector_tree;

FUNCTION void vector_tree_push(PRIVATE vector_tree *t, i32 index, VECTOR leaf)
{
    for (; index & 1; index >>= 1) leaf = add(t->nodes[--t->depth], leaf);
    t->nodes[t->depth++] = leaf;
}

FUNCTION VECTOR vector_tree_sum(PRIVATE vector_tree *t)
{
    VECTOR sum = t->nodes[--t->depth];
    while (t->depth > 0) sum = add(t->nodes[--t->depth], sum);
    return sum;
}

/* STORE_RESULTS(v, to): a VECTOR of sums as neighbouring elements of the result dtype, as store_result writes them. */
#if GROUP == GROUP_F16
#define STORE_RESULTS(v, to) STORE_HALVES((v) + SPLAT(0), to)
#elif GROUP == GROUP_BF16
FUNCTION MASK bf16_bits(VECTOR v)
{
    const MASK bits = BITS_OF(v), nan = BITS_OF((bits & 0x7fffffffu) > 0x7f800000u);
    return ((nan & (bits | 0x400000u)) | (~nan & (bits + 0x7fffu + (bits >> 16 & 1u)))) >> 16;
}
#define STORE_RESULTS(v, to) STORE_SHORTS(bf16_bits((v) + SPLAT(0)), to)
#elif GROUP != GROUP_INT
#define STORE_RESULTS(v, to) STORE_COMPONENTS((v) + SPLAT(0), 0, (GLOBAL component *)(to))
#elif IS_TYPED_BOOL
#define STORE_RESULTS(v, to) STORE_BYTES(BITS_OF((v) != (component)0) & (component)1, to)
#elif IS_TYPED && RESULT_BYTES == 1
#define STORE_RESULTS(v, to) STORE_BYTES(v, to)
#elif IS_TYPED
#define STORE_RESULTS(v, to) STORE_COMPONENTS(v, 0, (GLOBAL component *)(to))
#endif

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
        STORE_COMPONENTS(SPLAT(0), 0, c);                                                             \
        for (i32 k = 0; k < count; k++) put_components(c + k * COMPONENTS, CAST##which(from[k * step])); \
        return LOAD_COMPONENTS(0, c);                                                                    \
    }
COLLECT(1)
COLLECT(2)

/* first: `count` elements at `from`, fewer than VECTOR_ELEMENTS, and zeros after them; nothing else is read. */
FIRST(1)
FIRST(2)
#endif
