/* cvt: every pair of integer and floating-point types. One general way, lane by lane, and vectorised ones for
 * the pairs that kernels' inner loops are made of. */
#include "machine_number.h"
#include "machine_warp.h"

#include <fenv.h>
#include <math.h>

/* ---- The general way ---- */

typedef struct number {
    bool is_float, is_signed; /* an integer that is signed has its value's two's complement in bits */
    f64 real;
    u64 bits;
} number;

static u64 read_register(const void *from, u32 bytes, u32 lane)
{
    return bytes == 8   ? ((const u64 *)from)[lane]
           : bytes == 4 ? ((const u32 *)from)[lane]
                        : ((const u16 *)from)[lane];
}

static number read_number(u64 raw, u32 type, bool flush)
{
    switch (type) {
    case TYPE_U8: return (number){.bits = (u8)raw};
    case TYPE_U16: return (number){.bits = (u16)raw};
    case TYPE_U32: return (number){.bits = (u32)raw};
    case TYPE_S8: return (number){.is_signed = true, .bits = (u64)(s64)(s8)raw};
    case TYPE_S16: return (number){.is_signed = true, .bits = (u64)(s64)(s16)raw};
    case TYPE_S32: return (number){.is_signed = true, .bits = (u64)(s64)(s32)raw};
    case TYPE_S64: return (number){.is_signed = true, .bits = raw};
    case TYPE_F16: return (number){.is_float = true, .real = (f64)f32_f16((u16)raw)};
    case TYPE_BF16: return (number){.is_float = true, .real = (f64)f32_bf16((u16)raw)};
    case TYPE_F64: return (number){.is_float = true, .real = f64_bits(raw)};
    case TYPE_F32: {
        const bool subnormal = (raw & 0x7f800000) == 0;
        return (number){.is_float = true,
                        .real = (f64)f32_bits((u32)raw & (flush && subnormal ? 1U << 31 : ~0U))};
    }
    default: return (number){.bits = raw};
    }
}

static f64 to_integral(f64 a, u32 rounding)
{
    switch (rounding) {
    case ROUND_ZERO: return trunc(a);
    case ROUND_DOWN: return floor(a);
    case ROUND_UP: return ceil(a);
    default: return nearbyint(a);
    }
}

static u32 type_bits(u32 type)
{
    switch (type) {
    case TYPE_U8:
    case TYPE_S8: return 8;
    case TYPE_U16:
    case TYPE_S16:
    case TYPE_F16:
    case TYPE_BF16: return 16;
    case TYPE_U64:
    case TYPE_S64:
    case TYPE_F64: return 64;
    default: return 32;
    }
}

static bool is_signed_type(u32 type)
{
    return type >= TYPE_S8 && type <= TYPE_S64;
}

/* Floating point to integer saturates; what is not a number becomes 0. */
static u64 integer_of_real(f64 real, u32 type)
{
    const u32 bits = type_bits(type);
    if (real != real) return 0;
    if (is_signed_type(type)) {
        const f64 limit = ldexp(1, (int)bits - 1);
        if (real >= limit) return (UINT64_C(1) << (bits - 1)) - 1;
        if (real < -limit) return ~UINT64_C(0) << (bits - 1);
        return (u64)(s64)real;
    }
    if (real >= ldexp(1, (int)bits)) return ~UINT64_C(0) >> (64 - bits);
    return real <= 0 ? 0 : (u64)real;
}

static u64 saturated_integer(number n, u32 type)
{
    const u32 bits = type_bits(type);
    const bool below = n.is_signed && (s64)n.bits < 0;
    const u64 highest = ~UINT64_C(0) >> (64 - bits + is_signed_type(type));
    if (!below) return n.bits > highest ? highest : n.bits;
    if (!is_signed_type(type)) return 0;
    const s64 lowest = -(s64)highest - 1;
    return (s64)n.bits < lowest ? (u64)lowest : n.bits;
}

/* real * 2^scale holds digits below the point that the format cannot keep: rounds them away. */
static f64 round_to(f64 real, int digits, int lowest, u32 rounding)
{
    int exponent;
    if (real == 0 || !isfinite(real)) return real;
    frexp(real, &exponent);
    const int last = exponent - digits > lowest ? exponent - digits : lowest;
    return ldexp(to_integral(ldexp(real, -last), rounding), last);
}

static u64 half_bits(f64 real, u32 rounding, bool brain)
{
    const f64 largest = brain ? 0x1.fep127 : 65504;
    if (real != real) return 0x7fff;
    f64 rounded = round_to(real, brain ? 8 : 11, brain ? -133 : -24, rounding);
    const bool towards_zero = rounding == ROUND_ZERO || rounding == (real < 0 ? ROUND_UP : ROUND_DOWN);
    if (isfinite(real) && fabs(rounded) > largest)
        rounded = copysign(towards_zero ? largest : (f64)INFINITY, real);
    return brain ? bf16_f32((f32)rounded) : f16_f32((f32)rounded);
}

static const int host_rounding[] = {
    [ROUND_NONE] = FE_TONEAREST, [ROUND_NEAREST] = FE_TONEAREST, [ROUND_ZERO] = FE_TOWARDZERO,
    [ROUND_DOWN] = FE_DOWNWARD,  [ROUND_UP] = FE_UPWARD,         [ROUND_AWAY] = FE_TONEAREST};

static u32 single_bits(number n, const instruction *i)
{
    volatile f32 r;
    if (n.is_float) {
        const volatile f64 real = n.real;
        r = (f32)real;
    } else if (n.is_signed) {
        const volatile s64 integer = (s64)n.bits;
        r = (f32)integer;
    } else {
        const volatile u64 integer = n.bits;
        r = (f32)integer;
    }
    u32 bits = bits_f32(canonical(r));
    if (i->flush && (bits & 0x7f800000) == 0) bits &= 0x80000000;
    return bits;
}

static u64 double_bits(number n)
{
    if (n.is_float) return bits_f64(n.real);
    const volatile u64 bits = n.bits;
    const volatile s64 integer = (s64)n.bits;
    const volatile f64 r = n.is_signed ? (f64)integer : (f64)bits;
    return bits_f64(r);
}

/* An integer of more bits than f64 keeps goes to a half by way of an odd last bit. */
static f64 real_of(number n)
{
    if (n.is_float) return n.real;
    const bool below = n.is_signed && (s64)n.bits < 0;
    u64 magnitude = below ? 0 - n.bits : n.bits;
    if (magnitude >> 53) magnitude = (magnitude >> 11 | ((magnitude & 0x7ff) != 0)) << 11;
    return below ? -(f64)magnitude : (f64)magnitude;
}

static number saturated_real(number n)
{
    n.real = n.real > 0 ? (n.real < 1 ? n.real : 1) : 0;
    return n;
}

static u64 converted(number n, const instruction *i)
{
    if (n.is_float && i->to_integral) n.real = to_integral(n.real, i->rounding);
    switch (i->to) {
    case TYPE_F16:
    case TYPE_BF16:
        return half_bits(real_of(i->saturate ? saturated_real(n) : n), i->rounding, i->to == TYPE_BF16);
    case TYPE_F32: return single_bits(i->saturate && n.is_float ? saturated_real(n) : n, i);
    case TYPE_F64: return double_bits(i->saturate && n.is_float ? saturated_real(n) : n);
    default:
        if (n.is_float) return integer_of_real(n.real, i->to);
        return i->saturate ? saturated_integer(n, i->to) : n.bits;
    }
}

/* An integer's bits as a register wider than its type has them. */
static u64 extended(u64 bits, u32 type)
{
    switch (type) {
    case TYPE_U8: return (u8)bits;
    case TYPE_S8: return (u64)(s64)(s8)bits;
    case TYPE_U16: return (u16)bits;
    case TYPE_S16: return (u64)(s64)(s16)bits;
    case TYPE_U32: return (u32)bits;
    case TYPE_S32: return (u64)(s64)(s32)bits;
    default: return bits;
    }
}

void run_convert(warp *w, const instruction *i)
{
    const void *from = slot(w, i->operand[1]);
    void *d = results_of(w, i->operand[0]);
    const bool directed = i->to >= TYPE_F32 && i->rounding > ROUND_NEAREST && !i->to_integral;
    for (u32 l = 0; l < WARP_LANES; l++) {
        const number n = read_number(read_register(from, i->from_bytes, l), i->from, i->flush);
        if (directed) fesetround(host_rounding[i->rounding]);
        const u64 bits = extended(converted(n, i), i->to);
        if (directed) fesetround(FE_TONEAREST);
        if (i->to_bytes == 8)
            ((u64 *)d)[l] = bits;
        else if (i->to_bytes == 4)
            ((u32 *)d)[l] = (u32)bits;
        else
            ((u16 *)d)[l] = (u16)bits;
    }
    commit(w, i->operand[0], i->to_bytes);
}

/* ---- The common pairs, in registers as wide as their types (8-bit ones in 16 or 32 bits) ---- */

#define FAST(X)                                                                                              \
    X(UNARY, u64_u32, TYPE_U64, TYPE_U32, u64, u32, a)                                                       \
    X(UNARY, s64_s32, TYPE_S64, TYPE_S32, s64, s32, a)                                                       \
    X(UNARY, u32_u64, TYPE_U32, TYPE_U64, u32, u64, a)                                                       \
    X(UNARY, s32_s64, TYPE_S32, TYPE_S64, u32, u64, a)                                                       \
    X(UNARY, u32_u16, TYPE_U32, TYPE_U16, u32, u16, a)                                                       \
    X(UNARY, s32_s16, TYPE_S32, TYPE_S16, s32, s16, a)                                                       \
    X(UNARY, u16_u32, TYPE_U16, TYPE_U32, u16, u32, a)                                                       \
    X(UNARY, s16_s32, TYPE_S16, TYPE_S32, u16, u32, a)                                                       \
    X(UNARY, u64_u16, TYPE_U64, TYPE_U16, u64, u16, a)                                                       \
    X(UNARY, s64_s16, TYPE_S64, TYPE_S16, s64, s16, a)                                                       \
    X(UNARY, u16_u64, TYPE_U16, TYPE_U64, u16, u64, a)                                                       \
    X(UNARY, s32_s8_4, TYPE_S32, TYPE_S8, s32, u32, (s8)a)                                                   \
    X(UNARY, u32_u8_4, TYPE_U32, TYPE_U8, u32, u32, (u8)a)                                                   \
    X(UNARY, s32_s8_2, TYPE_S32, TYPE_S8, s32, u16, (s8)a)                                                   \
    X(UNARY, s16_s8_2, TYPE_S16, TYPE_S8, s16, u16, (s8)a)                                                   \
    X(UNARY, f32_f16_2, TYPE_F32, TYPE_F16, f32, u16, f32_f16(a))                                            \
    X(UNARY, f32_bf16_2, TYPE_F32, TYPE_BF16, f32, u16, f32_bf16(a))                                         \
    X(UNARY, f16_f32_4, TYPE_F16, TYPE_F32, u16, f32, f16_f32(a))                                            \
    X(UNARY, f64_f32_4, TYPE_F64, TYPE_F32, f64, f32, a)                                                     \
    X(UNARY, f32_f64_8, TYPE_F32, TYPE_F64, f32, f64, canonical((f32)a))                                     \
    X(UNARY, f32_s32, TYPE_F32, TYPE_S32, f32, s32, a)                                                       \
    X(UNARY, f32_u32, TYPE_F32, TYPE_U32, f32, u32, a)                                                       \
    X(UNARY, f32_s16, TYPE_F32, TYPE_S16, f32, s16, a)                                                       \
    X(UNARY, f32_u16, TYPE_F32, TYPE_U16, f32, u16, a)                                                       \
    X(UNARY, f32_s64, TYPE_F32, TYPE_S64, f32, s64, a)                                                       \
    X(UNARY, f32_u64, TYPE_F32, TYPE_U64, f32, u64, a)                                                       \
    X(UNARY, f64_s32, TYPE_F64, TYPE_S32, f64, s32, a)                                                       \
    X(UNARY, f64_u32, TYPE_F64, TYPE_U32, f64, u32, a)                                                       \
    X(UNARY, f64_s16, TYPE_F64, TYPE_S16, f64, s16, a)                                                       \
    X(UNARY, f64_u16, TYPE_F64, TYPE_U16, f64, u16, a)                                                       \
    X(UNARY, f64_s64, TYPE_F64, TYPE_S64, f64, s64, a)                                                       \
    X(UNARY, f64_u64, TYPE_F64, TYPE_U64, f64, u64, a)

#define FAST_FUNCTION(how, id, to, from, D, A, expression) how(id, D, A, expression)
#define FAST_ROW(how, id, to, from, D, A, expression)      {id, to, from, sizeof(D), sizeof(A)},

FAST(FAST_FUNCTION)

static const struct {
    execute_function run;
    u8 to, from, to_bytes, from_bytes;
} fast[] = {FAST(FAST_ROW)};

/* bf16 from f32 can be canonical only through its own row's bits, so it goes the general way with the rest.
 */
execute_function find_convert(const instruction *i)
{
    if (i->saturate || i->flush || i->to_integral || i->rounding > ROUND_NEAREST) return run_convert;
    for (size_t k = 0; k < sizeof fast / sizeof fast[0]; k++)
        if (fast[k].to == i->to && fast[k].from == i->from && fast[k].to_bytes == i->to_bytes &&
            fast[k].from_bytes == i->from_bytes)
            return fast[k].run;
    return run_convert;
}
