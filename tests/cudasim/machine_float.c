/* Floating-point arithmetic. Rounding to the nearest even with subnormals kept is the plain C operation;
 * other roundings, .ftz and .sat take the slow way at the end. This file is compiled without contraction. */
#include "machine_number.h"
#include "machine_warp.h"

#include <fenv.h>
#include <math.h>

#define NAN_F32 f32_bits(0x7fffffff)

/* min and max: the number where one is not; -0 is below +0. */
#define LOWER(a, b)  (a) < (b) || ((a) == (b) && signbit(a)) || (b) != (b) ? (a) : (b)
#define HIGHER(a, b) (a) > (b) || ((a) == (b) && !signbit(a)) || (b) != (b) ? (a) : (b)

/* The sum rounded to the nearest but with the last bit set when inexact (to odd), so that one more rounding
 * to a shorter format is right. */
static f64 add_to_odd(f64 a, f64 b)
{
    const f64 sum = a + b, part = sum - a, error = (a - (sum - part)) + (b - part);
    if (error == 0 || error != error || isinf(sum)) return sum;
    u64 bits = bits_f64(sum);
    if (bits & 1) return sum;
    const bool away = (error > 0) == (sum > 0);
    bits = away ? bits + 1 : bits - 1;
    return f64_bits(bits);
}

/* f64 to f32, to odd: one more rounding to a 16-bit format is right. */
static f32 narrow_to_odd(f64 a)
{
    const f32 near = (f32)a;
    if ((f64)near == a || a != a || (bits_f32(near) & 1)) return near;
    if (isinf(near)) return near;
    const bool away = fabs(a) > fabs((f64)near);
    return f32_bits(away ? bits_f32(near) + 1 : bits_f32(near) - 1);
}

static u16 fma_f16(u16 a, u16 b, u16 c)
{
    const f64 product = (f64)f32_f16(a) * (f64)f32_f16(b);
    return f16_f32(narrow_to_odd(add_to_odd(product, (f64)f32_f16(c))));
}

static u16 fma_bf16(u16 a, u16 b, u16 c)
{
    const f64 product = (f64)f32_bf16(a) * (f64)f32_bf16(b);
    return bf16_f32(narrow_to_odd(add_to_odd(product, (f64)f32_bf16(c))));
}

#define PAIR(f, a, b) ((u32)f((u16)(a), (u16)(b)) | (u32)f((u16)((a) >> 16), (u16)((b) >> 16)) << 16)
#define PAIR_3(f, a, b, c)                                                                                   \
    ((u32)f((u16)(a), (u16)(b), (u16)(c)) | (u32)f((u16)((a) >> 16), (u16)((b) >> 16), (u16)((c) >> 16))     \
                                                << 16)

#define HALF_FUNCTION(id, widen, narrow, expression)                                                         \
    static inline u16 id(u16 x, u16 y)                                                                       \
    {                                                                                                        \
        const f32 a = widen(x), b = widen(y);                                                                \
        return narrow(expression);                                                                           \
    }
HALF_FUNCTION(half_add, f32_f16, f16_f32, a + b)
HALF_FUNCTION(half_sub, f32_f16, f16_f32, a - b)
HALF_FUNCTION(half_mul, f32_f16, f16_f32, a *b)
HALF_FUNCTION(half_min, f32_f16, f16_f32, LOWER(a, b))
HALF_FUNCTION(half_max, f32_f16, f16_f32, HIGHER(a, b))
HALF_FUNCTION(brain_min, f32_bf16, bf16_f32, LOWER(a, b))
HALF_FUNCTION(brain_max, f32_bf16, bf16_f32, HIGHER(a, b))

#define ROUNDED(X, op, how, shape, t, A, expression)                                                         \
    X(how, op##_##t, #op "." #t, shape, A, A, expression)                                                    \
    X(how, op##_rn_##t, #op ".rn." #t, shape, A, A, expression)

#define FLOATS(X)                                                                                            \
    ROUNDED(X, add, BINARY, "444", f32, f32, canonical(a + b))                                               \
    ROUNDED(X, sub, BINARY, "444", f32, f32, canonical(a - b))                                               \
    ROUNDED(X, mul, BINARY, "444", f32, f32, canonical(a *b))                                                \
    ROUNDED(X, add, BINARY, "888", f64, f64, a + b)                                                          \
    ROUNDED(X, sub, BINARY, "888", f64, f64, a - b)                                                          \
    ROUNDED(X, mul, BINARY, "888", f64, f64, a *b)                                                           \
    X(TERNARY, fma_rn_f32, "fma.rn.f32", "4444", f32, f32, canonical(fmaf(a, b, c)))                         \
    X(TERNARY, fma_rn_f64, "fma.rn.f64", "8888", f64, f64, fma(a, b, c))                                     \
    X(TERNARY, mad_rn_f32, "mad.rn.f32", "4444", f32, f32, canonical(fmaf(a, b, c)))                         \
    X(TERNARY, mad_rn_f64, "mad.rn.f64", "8888", f64, f64, fma(a, b, c))                                     \
    X(BINARY, div_rn_f32, "div.rn.f32", "444", f32, f32, canonical(a / b))                                   \
    X(BINARY, div_rn_f64, "div.rn.f64", "888", f64, f64, a / b)                                              \
    X(UNARY, rcp_rn_f32, "rcp.rn.f32", "44", f32, f32, canonical(1 / a))                                     \
    X(UNARY, rcp_rn_f64, "rcp.rn.f64", "88", f64, f64, 1 / a)                                                \
    X(UNARY, sqrt_rn_f32, "sqrt.rn.f32", "44", f32, f32, canonical(sqrtf(a)))                                \
    X(UNARY, sqrt_rn_f64, "sqrt.rn.f64", "88", f64, f64, sqrt(a))                                            \
    X(UNARY, neg_f32, "neg.f32", "44", u32, u32, a ^ 0x80000000)                                             \
    X(UNARY, neg_f64, "neg.f64", "88", u64, u64, a ^ UINT64_C(1) << 63)                                      \
    X(UNARY, abs_f32, "abs.f32", "44", u32, u32, a & 0x7fffffff)                                             \
    X(UNARY, abs_f64, "abs.f64", "88", u64, u64, a & ~(UINT64_C(1) << 63))                                   \
    X(BINARY, min_f32, "min.f32", "444", f32, f32, canonical(LOWER(a, b)))                                   \
    X(BINARY, max_f32, "max.f32", "444", f32, f32, canonical(HIGHER(a, b)))                                  \
    X(BINARY, min_f64, "min.f64", "888", f64, f64, LOWER(a, b))                                              \
    X(BINARY, max_f64, "max.f64", "888", f64, f64, HIGHER(a, b))                                             \
    X(BINARY, copysign_f32, "copysign.f32", "444", u32, u32, (a & 0x80000000) | (b & 0x7fffffff))            \
    X(BINARY, copysign_f64, "copysign.f64", "888", f64, f64, copysign(b, a))

#define HALVES(X)                                                                                            \
    ROUNDED(X, add, BINARY, "222", f16, u16, half_add(a, b))                                                 \
    ROUNDED(X, sub, BINARY, "222", f16, u16, half_sub(a, b))                                                 \
    ROUNDED(X, mul, BINARY, "222", f16, u16, half_mul(a, b))                                                 \
    ROUNDED(X, add, BINARY, "444", f16x2, u32, PAIR(half_add, a, b))                                         \
    ROUNDED(X, sub, BINARY, "444", f16x2, u32, PAIR(half_sub, a, b))                                         \
    ROUNDED(X, mul, BINARY, "444", f16x2, u32, PAIR(half_mul, a, b))                                         \
    X(TERNARY, fma_rn_f16, "fma.rn.f16", "2222", u16, u16, fma_f16(a, b, c))                                 \
    X(TERNARY, fma_rn_f16x2, "fma.rn.f16x2", "4444", u32, u32, PAIR_3(fma_f16, a, b, c))                     \
    X(TERNARY, fma_rn_bf16, "fma.rn.bf16", "2222", u16, u16, fma_bf16(a, b, c))                              \
    X(TERNARY, fma_rn_bf16x2, "fma.rn.bf16x2", "4444", u32, u32, PAIR_3(fma_bf16, a, b, c))                  \
    X(BINARY, min_f16, "min.f16", "222", u16, u16, half_min(a, b))                                           \
    X(BINARY, max_f16, "max.f16", "222", u16, u16, half_max(a, b))                                           \
    X(BINARY, min_bf16, "min.bf16", "222", u16, u16, brain_min(a, b))                                        \
    X(BINARY, max_bf16, "max.bf16", "222", u16, u16, brain_max(a, b))                                        \
    X(BINARY, min_f16x2, "min.f16x2", "444", u32, u32, PAIR(half_min, a, b))                                 \
    X(BINARY, max_f16x2, "max.f16x2", "444", u32, u32, PAIR(half_max, a, b))                                 \
    X(UNARY, neg_f16, "neg.f16", "22", u16, u16, a ^ 0x8000)                                                 \
    X(UNARY, neg_bf16, "neg.bf16", "22", u16, u16, a ^ 0x8000)                                               \
    X(UNARY, neg_f16x2, "neg.f16x2", "44", u32, u32, a ^ 0x80008000)                                         \
    X(UNARY, neg_bf16x2, "neg.bf16x2", "44", u32, u32, a ^ 0x80008000)                                       \
    X(UNARY, abs_f16, "abs.f16", "22", u16, u16, a & 0x7fff)                                                 \
    X(UNARY, abs_bf16, "abs.bf16", "22", u16, u16, a & 0x7fff)                                               \
    X(UNARY, abs_f16x2, "abs.f16x2", "44", u32, u32, a & 0x7fff7fff)                                         \
    X(UNARY, abs_bf16x2, "abs.bf16x2", "44", u32, u32, a & 0x7fff7fff)

FLOATS(DEFINE_FUNCTION)
HALVES(DEFINE_FUNCTION)

const opcode float_opcodes[] = {FLOATS(DEFINE_ROW){NULL, NULL, NULL}};
const opcode half_opcodes[] = {HALVES(DEFINE_ROW){NULL, NULL, NULL}};

/* ---- Other roundings, flushing and saturation ---- */

static f32 flushed(f32 a, bool flush)
{
    return flush && (bits_f32(a) & 0x7f800000) == 0 ? f32_bits(bits_f32(a) & 0x80000000) : a;
}

static f64 apply_f64(u32 op, f64 x, f64 y, f64 z)
{
    const volatile f64 a = x, b = y, c = z; /* evaluated now, under the rounding that is set now */
    volatile f64 r;
    switch (op) {
    case 'a': r = a + b; break;
    case 's': r = a - b; break;
    case 'm': r = a * b; break;
    case 'f': r = fma(a, b, c); break;
    case 'd': r = a / b; break;
    default: r = sqrt(a); break;
    }
    return r;
}

static f32 apply_f32(u32 op, f32 x, f32 y, f32 z)
{
    const volatile f32 a = x, b = y, c = z;
    volatile f32 r;
    switch (op) {
    case 'a': r = a + b; break;
    case 's': r = a - b; break;
    case 'm': r = a * b; break;
    case 'f': r = fmaf(a, b, c); break;
    case 'd': r = a / b; break;
    case '<': r = LOWER(x, y); break;
    case '>': r = HIGHER(x, y); break;
    case 'n': r = -a; break;
    case 'b': r = fabsf(a); break;
    default: r = sqrtf(a); break;
    }
    return r;
}

static const int host_rounding[] = {
    [ROUND_NONE] = FE_TONEAREST, [ROUND_NEAREST] = FE_TONEAREST, [ROUND_ZERO] = FE_TOWARDZERO,
    [ROUND_DOWN] = FE_DOWNWARD,  [ROUND_UP] = FE_UPWARD,         [ROUND_AWAY] = FE_TONEAREST};

/* value: the operation as a letter; a reciprocal is a division whose first operand is the constant 1. */
void run_float_slow(warp *w, const instruction *i)
{
    const u32 op = (u32)i->value;
    const void *a = slot(w, i->operand[1]), *b = slot(w, i->operand[2]), *c = slot(w, i->operand[3]);
    void *d = results_of(w, i->operand[0]);
    fesetround(host_rounding[i->rounding]);
    for (u32 l = 0; l < WARP_LANES; l++) {
        if (i->to == TYPE_F64) {
            ((f64 *)d)[l] = apply_f64(op, ((const f64 *)a)[l], ((const f64 *)b)[l], ((const f64 *)c)[l]);
            continue;
        }
        f32 r = apply_f32(op, flushed(((const f32 *)a)[l], i->flush), flushed(((const f32 *)b)[l], i->flush),
                          flushed(((const f32 *)c)[l], i->flush));
        r = canonical(flushed(r, i->flush));
        if (i->saturate) r = r > 0 ? (r < 1 ? r : 1) : 0;
        ((f32 *)d)[l] = r;
    }
    fesetround(FE_TONEAREST);
    commit(w, i->operand[0], i->to == TYPE_F64 ? 8 : 4);
}
