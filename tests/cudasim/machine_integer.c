/* Integer arithmetic and bits. Each row below is one PTX instruction of one type; signed arithmetic that may
 * wrap is done in unsigned types. Division by zero gives all ones, and a remainder by zero the dividend, as
 * GPUs do. */
#include "machine_warp.h"

__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

#define MINIMUM(a, b)  ((a) < (b) ? (a) : (b))
#define MAXIMUM(a, b)  ((a) > (b) ? (a) : (b))
#define DISTANCE(a, b) ((a) > (b) ? (u64)(a) - (u64)(b) : (u64)(b) - (u64)(a))

/* By the name's type t, whose size is the digit n: U its unsigned C type, S the one it is compared and
 * divided in. */
#define UNSIGNED_DIVIDE(a, b)    ((b) == 0 ? ~UINT64_C(0) : (u64)(a) / ((b) | ((b) == 0)))
#define UNSIGNED_REMAINDER(a, b) ((b) == 0 ? (a) : (a) % ((b) | ((b) == 0)))
#define SIGNED_DIVIDE(a, b)      ((b) == 0 ? -1 : (b) == -1 ? (s64)(0 - (u64)(a)) : (s64)((a) / ((b) | !(b))))
#define SIGNED_REMAINDER(a, b)   ((b) == 0 ? (a) : (b) == -1 ? 0 : (a) % ((b) ? (b) : 1))

#define COMMON(X, t, n, U, S)                                                                                \
    X(BINARY, add_##t, "add." #t, n n n, U, U, (u64)a + b)                                                   \
    X(BINARY, sub_##t, "sub." #t, n n n, U, U, (u64)a - b)                                                   \
    X(BINARY, mul_lo_##t, "mul.lo." #t, n n n, U, U, 1U * a * b)                                             \
    X(TERNARY, mad_lo_##t, "mad.lo." #t, n n n n, U, U, 1U * a * b + c)                                      \
    X(BINARY, min_##t, "min." #t, n n n, S, S, MINIMUM(a, b))                                                \
    X(BINARY, max_##t, "max." #t, n n n, S, S, MAXIMUM(a, b))                                                \
    X(TERNARY, sad_##t, "sad." #t, n n n n, S, S, DISTANCE(a, b) + (u64)c)

#define SIGNED(X, t, n, U, S)                                                                                \
    COMMON(X, t, n, U, S)                                                                                    \
    X(BINARY, div_##t, "div." #t, n n n, S, S, SIGNED_DIVIDE(a, b))                                          \
    X(BINARY, rem_##t, "rem." #t, n n n, S, S, SIGNED_REMAINDER(a, b))                                       \
    X(UNARY, neg_##t, "neg." #t, n n, U, U, 0 - (u64)a)                                                      \
    X(UNARY, abs_##t, "abs." #t, n n, U, S, a < 0 ? 0 - (u64)a : (u64)a)                                     \
    X(SHIFT, shr_##t, "shr." #t, n n "4", S, S, a >> MINIMUM(b, sizeof(S) * 8 - 1))

#define UNSIGNED(X, t, n, U)                                                                                 \
    COMMON(X, t, n, U, U)                                                                                    \
    X(BINARY, div_##t, "div." #t, n n n, U, U, UNSIGNED_DIVIDE(a, b))                                        \
    X(BINARY, rem_##t, "rem." #t, n n n, U, U, UNSIGNED_REMAINDER(a, b))                                     \
    X(SHIFT, shr_##t, "shr." #t, n n "4", U, U, b < sizeof(U) * 8 ? a >> (b & (sizeof(U) * 8 - 1)) : 0)

/* SW is the type of twice the width. */
#define WIDE(X, t, n, m, U, S, SW)                                                                           \
    X(BINARY, mul_wide_##t, "mul.wide." #t, m n n, SW, S, (SW)a *(SW)b)                                      \
    X(WIDENING, mad_wide_##t, "mad.wide." #t, m n n m, SW, S, (u64)((SW)a * (SW)b) + (u64)c)

#define HIGH(X, t, n, S, SW)                                                                                 \
    X(BINARY, mul_hi_##t, "mul.hi." #t, n n n, S, S, ((SW)a * (SW)b) >> (sizeof(S) * 8))                     \
    X(TERNARY, mad_hi_##t, "mad.hi." #t, n n n n, S, S, (u64)(((SW)a * (SW)b) >> (sizeof(S) * 8)) + (u64)c)

#define SIGN_EXTENDED_24(a) ((s64)(s32)((u32)(a) << 8) >> 8)

#define ARITHMETIC(X)                                                                                        \
    UNSIGNED(X, u16, "2", u16)                                                                               \
    UNSIGNED(X, u32, "4", u32)                                                                               \
    UNSIGNED(X, u64, "8", u64)                                                                               \
    SIGNED(X, s16, "2", u16, s16)                                                                            \
    SIGNED(X, s32, "4", u32, s32)                                                                            \
    SIGNED(X, s64, "8", u64, s64)

#define PRODUCTS(X)                                                                                          \
    WIDE(X, u16, "2", "4", u16, u16, u32)                                                                    \
    WIDE(X, s16, "2", "4", u16, s16, s32)                                                                    \
    WIDE(X, u32, "4", "8", u32, u32, u64)                                                                    \
    WIDE(X, s32, "4", "8", u32, s32, s64)                                                                    \
    HIGH(X, u16, "2", u16, u32)                                                                              \
    HIGH(X, s16, "2", s16, s32)                                                                              \
    HIGH(X, u32, "4", u32, u64)                                                                              \
    HIGH(X, s32, "4", s32, s64)                                                                              \
    HIGH(X, u64, "8", u64, u128)                                                                             \
    HIGH(X, s64, "8", s64, s128)                                                                             \
    X(BINARY, mul24_lo_u32, "mul24.lo.u32", "444", u32, u32, (a & 0xffffff) * (b & 0xffffff))                \
    X(BINARY, mul24_lo_s32, "mul24.lo.s32", "444", u32, u32, SIGN_EXTENDED_24(a) * SIGN_EXTENDED_24(b))

ARITHMETIC(DEFINE_FUNCTION)
PRODUCTS(DEFINE_FUNCTION)

const opcode integer_opcodes[] = {ARITHMETIC(DEFINE_ROW){NULL, NULL, NULL}};
const opcode product_opcodes[] = {PRODUCTS(DEFINE_ROW){NULL, NULL, NULL}};

/* ---- Arithmetic with the carry, one predicate beside the registers ---- */

typedef struct carried {
    u64 value;
    bool carry;
} carried;

static carried add_with(u64 a, u64 b, bool in, bool wide)
{
    if (!wide) return (carried){(u32)(a + b + in), (a + b + in) >> 32 != 0};
    const u64 sum = a + b, all = sum + in;
    return (carried){all, sum < a || all < sum};
}

/* d = a + b or a - b, or the product a * b (value: its half) plus c, with the carry in and out as the name
 * says. */
static void with_carry(warp *w, const instruction *i)
{
    const bool wide = i->bytes == 8, subtracts = i->negate, multiplies = i->count == 3;
    const u32 before = i->from ? predicate(w, CARRY_SLOT) : 0;
    u32 after = 0;
    void *d = results_of(w, i->operand[0]);
    u64 v[3] = {0, 0, 0};
    for (u32 l = 0; l < WARP_LANES; l++) {
        for (u32 k = 0; k < i->count; k++) {
            const void *from = slot(w, i->operand[1 + k]);
            v[k] = wide ? ((const u64 *)from)[l] : ((const u32 *)from)[l];
        }
        if (multiplies) {
            const u128 product = (u128)v[0] * v[1];
            v[0] = i->value ? (u64)(product >> (wide ? 64 : 32)) : (u64)product;
            if (!wide) v[0] = (u32)v[0];
            v[1] = v[2];
        }
        const bool in = before >> l & 1;
        carried sum =
            add_with(v[0], subtracts ? (wide ? ~v[1] : (u32)~v[1]) : v[1], subtracts ? !in : in, wide);
        if (subtracts) sum.carry = !sum.carry;
        if (wide)
            ((u64 *)d)[l] = sum.value;
        else
            ((u32 *)d)[l] = (u32)sum.value;
        after |= (u32)sum.carry << l;
    }
    commit(w, i->operand[0], i->bytes);
    if (i->to) set_predicate(w, CARRY_SLOT, after);
}

execute_function find_carry(instruction *i, const char *base, bool sets, bool high, u32 bytes)
{
    i->bytes = (u8)bytes;
    i->to = sets;
    i->value = high;
    i->from = strcmp(base, "addc") == 0 || strcmp(base, "subc") == 0 || strcmp(base, "madc") == 0;
    i->negate = strncmp(base, "sub", 3) == 0;
    i->count = base[0] == 'm' ? 3 : 2;
    return with_carry;
}
