/* Vectors of the CPU schedule in OpenCL C, which has its own: each is 64 bytes, whatever the processor's registers are.
 * vector_c.h has the same names in C. */
#define VECTOR_BYTES MOST_VECTOR_BYTES
#if COMPONENT_BYTES == 8
#define WIDTH 8
#else
#define WIDTH 16
#endif

/* VECTORs that the processor's registers hold. */
#if defined(__AVX512F__)
#define VECTOR_REGISTERS 32
#elif defined(__AVX__)
#define VECTOR_REGISTERS 8
#else
#define VECTOR_REGISTERS 4
#endif

typedef COMPONENT_TYPE component;
typedef MASK_TYPE mask_component;
typedef PASTE(COMPONENT_TYPE, WIDTH) VECTOR;
typedef PASTE(MASK_TYPE, WIDTH) MASK;

#define OUT_OF_LINE FUNCTION
#define SCRATCH(type, name)      \
    type name##_;                \
    PRIVATE type *const name = &name##_

#define SPLAT(x) ((VECTOR)(x))
#define LOAD_COMPONENTS(j, p) PASTE(vload, WIDTH)(j, p)
#define STORE_COMPONENTS(v, j, p) PASTE(vstore, WIDTH)(v, j, p)
#define LOAD_MASK(p) PASTE(vload, WIDTH)(0, p)
#define VECTOR_FMA(a, b, c) fma(a, b, c)
#define LEAST(a, b) min(a, b)

#define BITS_OF(v) PASTE(PASTE(as_, MASK_TYPE), WIDTH)(v)

/* v where the mask has all bits set, +0 where it has none. */
#define KEEP(v, mask) PASTE(PASTE(as_, COMPONENT_TYPE), WIDTH)(BITS_OF(v) & (mask))

/* Q integers of a type, at any address. PoCL's compiler multiplies what vload has loaded in pieces of 16 bytes. */
#define LOOSE(T)                                         \
    typedef T##2 loose_##T##2 __attribute__((aligned(1)));   \
    typedef T##4 loose_##T##4 __attribute__((aligned(1)));   \
    typedef T##8 loose_##T##8 __attribute__((aligned(1)));   \
    typedef T##16 loose_##T##16 __attribute__((aligned(1)));
LOOSE(uchar)
LOOSE(ushort)
LOOSE(uint)
LOOSE(ulong)
#define LOAD_FLOATS(T, Q, p) vload##Q(0, (GLOBAL const T *)(p))
#define LOAD_INTEGERS(T, Q, p) (*(GLOBAL const loose_##T##Q *)(p))

#define LOADED_ONCE(v)

/* A VECTOR's components, as whole numbers that lack their higher bits, side by side; floats as halves. */
#define STORE_BYTES(v, p) (*(GLOBAL PASTE(loose_uchar, WIDTH) *)(p) = PASTE(convert_uchar, WIDTH)(v))
#define STORE_SHORTS(v, p) (*(GLOBAL PASTE(loose_ushort, WIDTH) *)(p) = PASTE(convert_ushort, WIDTH)(v))
#define STORE_HALVES(v, p) PASTE(PASTE(vstore_half, WIDTH), _rte)(v, 0, (GLOBAL half *)(p))

#if GROUP == GROUP_F16
FUNCTION VECTOR ROUNDED_TO_HALF(VECTOR v)
{
    u16 bits[WIDTH];
    PASTE(PASTE(vstore_half, WIDTH), _rte)(v, 0, (PRIVATE half *)bits);
    return PASTE(vload_half, WIDTH)(0, (PRIVATE const half *)bits);
}
#endif

#define FIRST(which)                                                          \
    FUNCTION VECTOR first##which(GLOBAL const stored##which *from, i32 count) \
    {                                                                         \
        return collect##which(from, 1, count);                                \
    }

/* Two vectors of Q components as one. */
#define JOIN_2(a, b) ((PASTE(COMPONENT_TYPE, 4))(a, b))
#define JOIN_4(a, b) ((PASTE(COMPONENT_TYPE, 8))(a, b))
#define JOIN_8(a, b) ((PASTE(COMPONENT_TYPE, 16))(a, b))

/* ---- Components in other orders ---- */

#if GROUP == GROUP_C64
#define CONJ_SIGNS ((float16)(1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1))
#define REAL_TWICE(v) (v).s0022446688aaccee
#define IMAG_TWICE(v) (v).s1133557799bbddff
#define EXCHANGED(v) (v).s1032547698badcfe
#define EVEN_ONES(v) (v).s014589cd
#define ODD_ONES(v) (v).s2367abef
#define REVERSED(v) (v).sefcdab8967452301
#elif GROUP == GROUP_C128
#define CONJ_SIGNS ((double8)(1, -1, 1, -1, 1, -1, 1, -1))
#define REAL_TWICE(v) (v).s00224466
#define IMAG_TWICE(v) (v).s11335577
#define EXCHANGED(v) (v).s10325476
#define EVEN_ONES(v) (v).s0145
#define ODD_ONES(v) (v).s2367
#define REVERSED(v) (v).s67452301
#else
#define EVEN_ONES(v) (v).even
#define ODD_ONES(v) (v).odd
#if WIDTH == 16
#define REVERSED(v) (v).sfedcba9876543210
#else
#define REVERSED(v) (v).s76543210
#endif
#endif

/* The elements of a and then of b at even places, those at odd places, and the first half's even with the second's odd. */
#define EVEN_ELEMENTS(a, b) ((VECTOR)(EVEN_ONES(a), EVEN_ONES(b)))
#define ODD_ELEMENTS(a, b) ((VECTOR)(ODD_ONES(a), ODD_ONES(b)))
#define EVEN_THEN_ODD_ELEMENTS(a, b) ((VECTOR)(EVEN_ONES(a), ODD_ONES(b)))

/* vector_c.h takes them from within 16 bytes, or 16 bytes at a time. */
#define NEAR_COMPONENTS WIDTH
#define NEAR_ELEMENTS VECTOR_ELEMENTS
#define EVEN_NEAR(a, b) EVEN_ELEMENTS(a, b)
#define ODD_NEAR(a, b) ODD_ELEMENTS(a, b)
#define EVEN_FAR(a, b) EVEN_ELEMENTS(a, b)
#define ODD_FAR(a, b) ODD_ELEMENTS(a, b)
#define zip_low_near(a, b) zip_low(a, b)
#define zip_high_near(a, b) zip_high(a, b)
#define zip_low_far(a, b) zip_low(a, b)
#define zip_high_far(a, b) zip_high(a, b)

/* The elements of a's and of b's lower halves by turns, and of the upper. */
FUNCTION VECTOR zip_low_elements(VECTOR a, VECTOR b)
{
    VECTOR r;
    EVEN_ONES(r) = a.lo;
    ODD_ONES(r) = b.lo;
    return r;
}

FUNCTION VECTOR zip_high_elements(VECTOR a, VECTOR b)
{
    VECTOR r;
    EVEN_ONES(r) = a.hi;
    ODD_ONES(r) = b.hi;
    return r;
}

/* The same of components. */
#define EVEN_COMPONENTS(a, b) ((VECTOR)((a).even, (b).even))
#define ODD_COMPONENTS(a, b) ((VECTOR)((a).odd, (b).odd))

FUNCTION VECTOR zip_low(VECTOR a, VECTOR b)
{
    VECTOR r;
    r.even = a.lo;
    r.odd = b.lo;
    return r;
}

FUNCTION VECTOR zip_high(VECTOR a, VECTOR b)
{
    VECTOR r;
    r.even = a.hi;
    r.odd = b.hi;
    return r;
}

/* ---- Integers as they lie in memory: see integers.h ---- */

#if GROUP == GROUP_INT && IS_TYPED
#if IS_TYPED_BOOL || RESULT_BYTES == 8
typedef ulong8 LOT;
typedef loose_ulong8 loose_lot;
#elif RESULT_BYTES == 4
typedef uint16 LOT;
typedef loose_uint16 loose_lot;
#else
typedef ushort16 LOT;
typedef loose_ushort16 loose_lot;
#endif
#define LOT_OF(x) ((LOT)(x))
#define LOAD_LOT(p) (*(GLOBAL const loose_lot *)(p))

/* As 64-bit words. */
#if !IS_TYPED_BOOL && RESULT_BYTES <= 2
typedef ulong4 WORDS;
#define WORDS_OF_LOT(v) as_ulong4(v)
#define FOUR_WORDS(v, OP) (v)
#else
typedef ulong8 WORDS;
#define WORDS_OF_LOT(v) as_ulong8(v)
#define FOUR_WORDS(v, OP) ((v).lo OP (v).hi)
#endif
#define WORDS_OF(x) ((WORDS)(x))

FUNCTION ulong SUM_OF_WORDS(WORDS v)
{
    const ulong4 four = FOUR_WORDS(v, +);
    return four.s0 + four.s1 + four.s2 + four.s3;
}

FUNCTION i32 ANY_WORD(WORDS v)
{
    const ulong4 four = FOUR_WORDS(v, |);
    return (four.s0 | four.s1 | four.s2 | four.s3) != 0;
}

/* The first bytes of a LOT at p, fewer than it has, and zeros after them; nothing else is read. */
FUNCTION LOT FIRST_BYTES(GLOBAL const u8 *p, i64 bytes)
{
    LOT v = LOT_OF(0);
    for (i32 k = 0; k < bytes; k++) ((PRIVATE u8 *)&v)[k] = p[k];
    return v;
}
#endif

/* ---- Integers that were cast to 16 or 32 bits: see integers_any.h ---- */

#if GROUP == GROUP_INT && LOAD == LOAD_ANY
typedef uint16 NARROW;
#define LOAD_NARROW(p) (*(PRIVATE const loose_uint16 *)(p))
#define STORE_NARROW(v, p) (*(PRIVATE loose_uint16 *)(p) = (v))

/* The products of signed numbers of 16 bits, added in pairs. */
FUNCTION NARROW PAIR_PRODUCTS(NARROW a, NARROW b)
{
    const int16 low = (as_int16(a << 16) >> 16) * (as_int16(b << 16) >> 16);
    return as_uint16(low + (as_int16(a) >> 16) * (as_int16(b) >> 16));
}
#endif
