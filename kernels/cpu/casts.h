/* LOAD_ANY: elements of a dtype known at run time become components. One switch serves a whole row of them. Where they
 * lie next to each other they are cast a block at a time, in loops that compilers turn into vector code; elsewhere one by
 * one. Elements may lie at any address.
 *
 * Uses: component.h, vector_opencl.h or vector_c.h, vector_cpu.h. */

#if LOAD == LOAD_ANY
#define LOOSE_ELEMENT(type) typedef stored_##type loose_##type __attribute__((aligned(1)));
INTEGER_CASES(LOOSE_ELEMENT)
LOOSE_ELEMENT(f16)
LOOSE_ELEMENT(bf16)
LOOSE_ELEMENT(f32)
F64_CASE(LOOSE_ELEMENT)

/* Elements of a block: enough for a compiler to see whole vectors of them. */
#define BLOCK 32

/* Bytes of the batch of an operand that rows_any.h and integers_any.h cast at once, after the cast. */
#define BATCH_BYTES 4096

/* Defines NAME: casts `count` numbers that lie `step` bytes apart into `to`. */
#define DEFINE_CAST(NAME, T, type, CAST)                                                               \
    OUT_OF_LINE void NAME(PRIVATE T *restrict to, GLOBAL const u8 *restrict from, i64 step, i32 count) \
    {                                                                                                  \
        i32 k = 0;                                                                                     \
        if (step == (i64)sizeof(stored_##type))                                                        \
            for (; k + BLOCK <= count; k += BLOCK) {                                                   \
                GLOBAL const loose_##type *block = (GLOBAL const loose_##type *)from + k;              \
                for (i32 j = 0; j < BLOCK; j++) to[k + j] = CAST(block[j]);                            \
            }                                                                                          \
        for (; k < count; k++) to[k] = CAST(*(GLOBAL const loose_##type *)(from + k * step));          \
    }

/* ---- Integers: NAME(to, from, code, step, count) casts to unsigned ones of type T, modulo their size ---- */

#if GROUP == GROUP_INT
#define AS_IS(x) (x)
#define TRUTH_OF(x) ((x) != 0)
#define DEFINE_INTEGER_PACK(NAME, T)                                                        \
    DEFINE_CAST(NAME##_b1, T, b1, TRUTH_OF)                                                 \
    DEFINE_CAST(NAME##_i8, T, i8, AS_IS)                                                    \
    DEFINE_CAST(NAME##_u8, T, u8, AS_IS)                                                    \
    DEFINE_CAST(NAME##_i16, T, i16, AS_IS)                                                  \
    DEFINE_CAST(NAME##_u16, T, u16, AS_IS)                                                  \
    DEFINE_CAST(NAME##_i32, T, i32, AS_IS)                                                  \
    DEFINE_CAST(NAME##_u32, T, u32, AS_IS)                                                  \
    DEFINE_CAST(NAME##_i64, T, u64, AS_IS)                                                  \
    FUNCTION void NAME(PRIVATE T *to, GLOBAL const u8 *from, i32 code, i64 step, i32 count) \
    {                                                                                       \
        switch (code & (MISALIGNED - 1)) {                                                  \
        case CODE_b1: NAME##_b1(to, from, step, count); break;                              \
        case CODE_i8: NAME##_i8(to, from, step, count); break;                              \
        case CODE_u8: NAME##_u8(to, from, step, count); break;                              \
        case CODE_i16: NAME##_i16(to, from, step, count); break;                            \
        case CODE_u16: NAME##_u16(to, from, step, count); break;                            \
        case CODE_i32: NAME##_i32(to, from, step, count); break;                            \
        case CODE_u32: NAME##_u32(to, from, step, count); break;                            \
        default: NAME##_i64(to, from, step, count); break;                                  \
        }                                                                                   \
    }
DEFINE_INTEGER_PACK(pack, component)

#else
/* ---- Real numbers: the cast to a component. Groups f16 and bf16 round after it ---- */

#define REAL(x) ((real)(x))
#define TRUTH_OF(x) ((x) != 0 ? (real)1 : (real)0)
#if IS_DOUBLE
/* The halves of a 64-bit number, each as a double that is 2^84 or 2^52 larger; their sum is rounded once. Processors have
 * long had vector instructions for these steps, unlike for the cast. */
#define DOUBLE_OF_HALVES(high, low, less) \
    ((f64_of_bits((high) | 0x4530000000000000u) - (less)) + f64_of_bits((low) | 0x4330000000000000u))
#define FROM_U64(x) DOUBLE_OF_HALVES((u64)(x) >> 32, (x) & 0xffffffffu, 19342813118337666422669312.0)
#define FROM_I64(x) \
    DOUBLE_OF_HALVES((u64)(x) >> 32 ^ 0x80000000u, (u64)(x) & 0xffffffffu, 19342822341709703277445120.0)
#else
#define FROM_U64(x) real_of_u64(x)
#define FROM_I64(x) real_of_i64(x)
#endif
#if GROUP == GROUP_BF16
#define FROM_I32(x) real_of_i64(x)
#define FROM_U32(x) real_of_u64(x)
#else
#define FROM_I32(x) REAL(x)
#define FROM_U32(x) REAL(x)
#endif
#if GROUP == GROUP_F16 || GROUP == GROUP_BF16
#define FROM_F64(x) real_of_f64(x)
#else
#define FROM_F64(x) REAL(x)
#endif
#define FROM_F16(x) REAL(f32_of_f16(x))
#define FROM_BF16(x) REAL(f32_of_bf16(x))
DEFINE_CAST(cast_all_b1, component, b1, TRUTH_OF)
DEFINE_CAST(cast_all_i8, component, i8, REAL)
DEFINE_CAST(cast_all_u8, component, u8, REAL)
DEFINE_CAST(cast_all_i16, component, i16, REAL)
DEFINE_CAST(cast_all_u16, component, u16, REAL)
DEFINE_CAST(cast_all_i32, component, i32, FROM_I32)
DEFINE_CAST(cast_all_u32, component, u32, FROM_U32)
DEFINE_CAST(cast_all_i64, component, i64, FROM_I64)
DEFINE_CAST(cast_all_u64, component, u64, FROM_U64)
DEFINE_CAST(cast_all_bf16, component, bf16, FROM_BF16)
DEFINE_CAST(cast_all_f32, component, f32, REAL)
#if HAS_FP64
DEFINE_CAST(cast_all_f64, component, f64, FROM_F64)
#endif

/* Halves have an instruction of their own, which no compiler puts in a loop's place. */
#define HALF_BITS(Q, p) LOAD_INTEGERS(ushort, Q, p)
#if IS_DOUBLE
#define REALS_OF_HALVES(p) PASTE(convert_double, WIDTH)(PASTE(vload_half, WIDTH)(0, p))
#else
#define REALS_OF_HALVES(p) PASTE(vload_half, WIDTH)(0, p)
#endif
OUT_OF_LINE void cast_all_f16(PRIVATE component *restrict to, GLOBAL const u8 *restrict from, i64 step, i32 count)
{
    i32 k = 0;
    if (step == (i64)sizeof(stored_f16))
        for (; k + WIDTH <= count; k += WIDTH) {
            const PASTE(ushort, WIDTH) bits = HALF_BITS(WIDTH, from + k * step);
            STORE_COMPONENTS(REALS_OF_HALVES((PRIVATE const half *)&bits), 0, to + k);
        }
    for (; k < count; k++) to[k] = FROM_F16(*(GLOBAL const loose_f16 *)(from + k * step));
}

/* ---- What casts of floats have left to do ---- */

/* Rounds numbers to the result dtype. Those of one byte and those of that dtype are exact. */
#if GROUP == GROUP_F16
#define ROUNDED(v) ROUNDED_TO_HALF(v)
#elif GROUP == GROUP_BF16
#define ROUNDED(v) PASTE(as_float, WIDTH)(bf16_bits(v) << 16)
#endif
OUT_OF_LINE void round_all(PRIVATE component *to, i32 count)
{
#ifdef ROUNDED
    i32 k = 0;
    for (; k + WIDTH <= count; k += WIDTH) STORE_COMPONENTS(ROUNDED(LOAD_COMPONENTS(0, to + k)), 0, to + k);
    for (; k < count; k++) to[k] = real_of_f32(to[k]);
#endif
}

/* Makes real numbers complex, from the last one on, since they make room for themselves. */
OUT_OF_LINE void make_complex(PRIVATE component *to, i32 count)
{
#if IS_COMPLEX
    i32 k = count;
    while (k % WIDTH > 0) {
        to[2 * --k + 1] = 0;
        to[2 * k] = to[k];
    }
    while (k > 0) {
        k -= WIDTH;
        const VECTOR v = LOAD_COMPONENTS(0, to + k);
        STORE_COMPONENTS(zip_low(v, SPLAT(0)), 0, to + 2 * k);
        STORE_COMPONENTS(zip_high(v, SPLAT(0)), 1, to + 2 * k);
    }
#endif
}

#if IS_COMPLEX
/* Pairs of numbers of type `part`, which are as many numbers where they lie next to each other. */
#define DEFINE_PAIR_CAST(type, part)                                                                      \
    typedef stored_##type loose_##type __attribute__((aligned(1)));                                       \
    OUT_OF_LINE void cast_all_##type(PRIVATE component *to, GLOBAL const u8 *from, i64 step, i32 count)   \
    {                                                                                                     \
        if (step == (i64)sizeof(stored_##type))                                                           \
            cast_all_##part(to, from, step / 2, 2 * count);                                               \
        else                                                                                              \
            for (i32 k = 0; k < count; k++)                                                               \
                put_components(to + 2 * k, cast_##type(*(GLOBAL const loose_##type *)(from + k * step))); \
    }
DEFINE_PAIR_CAST(c64, f32)
#if HAS_FP64
DEFINE_PAIR_CAST(c128, f64)
#endif
#endif

/* Casts `count` elements that lie `step` bytes apart into `to`. */
FUNCTION void pack(PRIVATE component *to, GLOBAL const u8 *from, i32 code, i64 step, i32 count)
{
    const i32 type = code & (MISALIGNED - 1);
    switch (type) {
#define X(type)                                 \
    case CODE_##type:                           \
        cast_all_##type(to, from, step, count); \
        break;
    ELEMENT_CASES(X)
#undef X
    default:;
    }
    if (code_size(type) > 1 && type != (GROUP == GROUP_F16 ? CODE_f16 : CODE_bf16)) round_all(to, count);
    if (type != CODE_c64 && type != CODE_c128) make_complex(to, count);
}
#endif
#endif
