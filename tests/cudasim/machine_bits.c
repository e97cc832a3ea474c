/* Logic, shifts, bit fields, bytes, selections and moves. */
#include "machine_warp.h"

static u32 count_leading(u64 a, u32 bits)
{
    return a == 0 ? bits : (u32)__builtin_clzll(a) - (64 - bits);
}

/* The highest bit that differs from the sign; all ones where there is none. */
static u32 find_leading(u64 a, u32 bits, bool shift_amount)
{
    if (a == 0) return ~0U;
    const u32 position = 63 - (u32)__builtin_clzll(a);
    return shift_amount ? bits - 1 - position : position;
}

static u64 reverse(u64 a, u32 bits)
{
    u64 r = 0;
    for (u32 k = 0; k < bits; k++) r |= (a >> k & 1) << (bits - 1 - k);
    return r;
}

/* Bits [position, position + length) of a, extended with its sign for signed types. */
static u64 extract(u64 a, u32 position, u32 length, u32 bits, bool is_signed)
{
    position &= 0xff;
    length &= 0xff;
    u64 field = position < bits ? a >> position : 0;
    if (length < 64) field &= (UINT64_C(1) << length) - 1;
    if (!is_signed || length == 0) return field;
    const u32 top = position + length - 1 < bits - 1 ? position + length - 1 : bits - 1;
    if (!(a >> top & 1)) return field;
    const u32 kept = top >= position ? top - position + 1 : 0;
    return kept < 64 ? field | ~UINT64_C(0) << kept : field;
}

static u64 insert(u64 a, u64 b, u32 position, u32 length, u32 bits)
{
    position &= 0xff;
    length &= 0xff;
    if (length == 0 || position >= bits) return b;
    const u64 ones = length < 64 ? (UINT64_C(1) << length) - 1 : ~UINT64_C(0);
    return (b & ~(ones << position)) | (a & ones) << position;
}

static u32 permute(u32 a, u32 b, u32 selector)
{
    const u64 bytes = (u64)b << 32 | a;
    u32 r = 0;
    for (u32 k = 0; k < 4; k++) {
        const u32 pick = selector >> 4 * k & 0xf;
        u32 byte = (u32)(bytes >> 8 * (pick & 7)) & 0xff;
        if (pick & 8) byte = byte & 0x80 ? 0xff : 0;
        r |= byte << 8 * k;
    }
    return r;
}

static u32 byte_dot(u32 a, u32 b, u32 c, bool a_signed, bool b_signed)
{
    for (u32 k = 0; k < 4; k++) {
        const u32 x = a >> 8 * k & 0xff, y = b >> 8 * k & 0xff;
        c += (a_signed ? (u32)(s32)(s8)x : x) * (b_signed ? (u32)(s32)(s8)y : y);
    }
    return c;
}

/* The two halves of dp2a: 16-bit elements of a with the low or high two bytes of b. */
static u32 half_dot(u32 a, u32 b, u32 c, u32 first, bool a_signed, bool b_signed)
{
    for (u32 k = 0; k < 2; k++) {
        const u32 x = a >> 16 * k & 0xffff, y = b >> 8 * (first + k) & 0xff;
        c += (a_signed ? (u32)(s32)(s16)x : x) * (b_signed ? (u32)(s32)(s8)y : y);
    }
    return c;
}

#define FUNNEL(a, b)        ((u64)(b) << 32 | (a))
#define CLAMP_32(c)         ((c) < 32 ? (c) : 32)
#define SHIFT_LEFT(a, b, n) ((b) < (n) ? (u64)(a) << ((b) & ((n)-1)) : 0)

#define LOGIC(X, t, n, U)                                                                                    \
    X(BINARY, and_##t, "and." #t, n n n, U, U, a &b)                                                         \
    X(BINARY, or_##t, "or." #t, n n n, U, U, a | b)                                                          \
    X(BINARY, xor_##t, "xor." #t, n n n, U, U, a ^ b)                                                        \
    X(UNARY, not_##t, "not." #t, n n, U, U, ~a)                                                              \
    X(UNARY, cnot_##t, "cnot." #t, n n, U, U, a == 0)                                                        \
    X(SHIFT, shl_##t, "shl." #t, n n "4", U, U, SHIFT_LEFT(a, b, sizeof(U) * 8))                             \
    X(SHIFT, shr_##t, "shr." #t, n n "4", U, U, b < sizeof(U) * 8 ? a >> (b & (sizeof(U) * 8 - 1)) : 0)

#define MOVE(X, t, n, U) X(UNARY, mov_##t, "mov." #t, n n, U, U, a)

#define BITS(X)                                                                                              \
    LOGIC(X, b16, "2", u16)                                                                                  \
    LOGIC(X, b32, "4", u32)                                                                                  \
    LOGIC(X, b64, "8", u64)                                                                                  \
    MOVE(X, b16, "2", u16)                                                                                   \
    MOVE(X, u16, "2", u16)                                                                                   \
    MOVE(X, s16, "2", u16)                                                                                   \
    MOVE(X, f16, "2", u16)                                                                                   \
    MOVE(X, bf16, "2", u16)                                                                                  \
    MOVE(X, b32, "4", u32)                                                                                   \
    MOVE(X, u32, "4", u32)                                                                                   \
    MOVE(X, s32, "4", u32)                                                                                   \
    MOVE(X, f32, "4", u32)                                                                                   \
    MOVE(X, b64, "8", u64)                                                                                   \
    MOVE(X, u64, "8", u64)                                                                                   \
    MOVE(X, s64, "8", u64)                                                                                   \
    MOVE(X, f64, "8", u64)                                                                                   \
    X(UNARY, clz_b32, "clz.b32", "44", u32, u32, count_leading(a, 32))                                       \
    X(UNARY, clz_b64, "clz.b64", "48", u32, u64, count_leading(a, 64))                                       \
    X(UNARY, popc_b32, "popc.b32", "44", u32, u32, __builtin_popcount(a))                                    \
    X(UNARY, popc_b64, "popc.b64", "48", u32, u64, __builtin_popcountll(a))                                  \
    X(UNARY, brev_b32, "brev.b32", "44", u32, u32, reverse(a, 32))                                           \
    X(UNARY, brev_b64, "brev.b64", "88", u64, u64, reverse(a, 64))                                           \
    X(UNARY, bfind_u32, "bfind.u32", "44", u32, u32, find_leading(a, 32, false))                             \
    X(UNARY, bfind_u64, "bfind.u64", "48", u32, u64, find_leading(a, 64, false))                             \
    X(UNARY, bfind_s32, "bfind.s32", "44", u32, s32, find_leading((u32)(a < 0 ? ~a : a), 32, false))         \
    X(UNARY, bfind_s64, "bfind.s64", "48", u32, s64, find_leading((u64)(a < 0 ? ~a : a), 64, false))         \
    X(UNARY, bfind_at_u32, "bfind.shiftamt.u32", "44", u32, u32, find_leading(a, 32, true))                  \
    X(UNARY, bfind_at_u64, "bfind.shiftamt.u64", "48", u32, u64, find_leading(a, 64, true))                  \
    X(UNARY, bfind_at_s32, "bfind.shiftamt.s32", "44", u32, s32,                                             \
      find_leading((u32)(a < 0 ? ~a : a), 32, true))                                                         \
    X(UNARY, bfind_at_s64, "bfind.shiftamt.s64", "48", u32, s64,                                             \
      find_leading((u64)(a < 0 ? ~a : a), 64, true))                                                         \
    X(FIELD, bfe_u32, "bfe.u32", "4444", u32, u32, extract(a, b, c, 32, false))                              \
    X(FIELD, bfe_s32, "bfe.s32", "4444", u32, u32, extract(a, b, c, 32, true))                               \
    X(FIELD, bfe_u64, "bfe.u64", "8844", u64, u64, extract(a, b, c, 64, false))                              \
    X(FIELD, bfe_s64, "bfe.s64", "8844", u64, u64, extract(a, b, c, 64, true))                               \
    X(INSERT, bfi_b32, "bfi.b32", "44444", u32, u32, insert(a, b, c, e, 32))                                 \
    X(INSERT, bfi_b64, "bfi.b64", "88844", u64, u64, insert(a, b, c, e, 64))                                 \
    X(TERNARY, prmt_b32, "prmt.b32", "4444", u32, u32, permute(a, b, c))                                     \
    X(TERNARY, shf_l_wrap, "shf.l.wrap.b32", "4444", u32, u32, FUNNEL(a, b) << (c & 31) >> 32)               \
    X(TERNARY, shf_r_wrap, "shf.r.wrap.b32", "4444", u32, u32, FUNNEL(a, b) >> (c & 31))                     \
    X(TERNARY, shf_l_clamp, "shf.l.clamp.b32", "4444", u32, u32, FUNNEL(a, b) << CLAMP_32(c) >> 32)          \
    X(TERNARY, shf_r_clamp, "shf.r.clamp.b32", "4444", u32, u32, FUNNEL(a, b) >> CLAMP_32(c))                \
    X(TERNARY, dp4a_uu, "dp4a.u32.u32", "4444", u32, u32, byte_dot(a, b, c, false, false))                   \
    X(TERNARY, dp4a_us, "dp4a.u32.s32", "4444", u32, u32, byte_dot(a, b, c, false, true))                    \
    X(TERNARY, dp4a_su, "dp4a.s32.u32", "4444", u32, u32, byte_dot(a, b, c, true, false))                    \
    X(TERNARY, dp4a_ss, "dp4a.s32.s32", "4444", u32, u32, byte_dot(a, b, c, true, true))                     \
    X(TERNARY, dp2a_lo_uu, "dp2a.lo.u32.u32", "4444", u32, u32, half_dot(a, b, c, 0, false, false))          \
    X(TERNARY, dp2a_hi_uu, "dp2a.hi.u32.u32", "4444", u32, u32, half_dot(a, b, c, 2, false, false))          \
    X(TERNARY, dp2a_lo_ss, "dp2a.lo.s32.s32", "4444", u32, u32, half_dot(a, b, c, 0, true, true))            \
    X(TERNARY, dp2a_hi_ss, "dp2a.hi.s32.s32", "4444", u32, u32, half_dot(a, b, c, 2, true, true))            \
    X(LOOKUP, lop3_b32, "lop3.b32", "4444i", u32, u32, 0)

#define FIELD(id, D, A, expression)                                                                          \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        D *d = results_of(w, i->operand[0]);                                                                 \
        const A *as = slot(w, i->operand[1]);                                                                \
        const u32 *bs = slot(w, i->operand[2]), *cs = slot(w, i->operand[3]);                                \
        EACH_LANE                                                                                            \
        {                                                                                                    \
            const A a = as[l];                                                                               \
            const u32 b = bs[l], c = cs[l];                                                                  \
            d[l] = (D)(expression);                                                                          \
        }                                                                                                    \
        commit(w, i->operand[0], sizeof(D));                                                                 \
    }
#define INSERT(id, D, A, expression)                                                                         \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        D *d = results_of(w, i->operand[0]);                                                                 \
        const A *as = slot(w, i->operand[1]), *bs = slot(w, i->operand[2]);                                  \
        const u32 *cs = slot(w, i->operand[3]), *es = slot(w, i->operand[4]);                                \
        EACH_LANE                                                                                            \
        {                                                                                                    \
            const A a = as[l], b = bs[l];                                                                    \
            const u32 c = cs[l], e = es[l];                                                                  \
            d[l] = (D)(expression);                                                                          \
        }                                                                                                    \
        commit(w, i->operand[0], sizeof(D));                                                                 \
    }
/* lop3: the table's bit k is the result where the bits of a, b and c read k. */
#define LOOKUP(id, D, A, expression)                                                                         \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        u32 *d = results_of(w, i->operand[0]);                                                               \
        const u32 *a = slot(w, i->operand[1]), *b = slot(w, i->operand[2]), *c = slot(w, i->operand[3]);     \
        u32 on[8];                                                                                           \
        for (u32 k = 0; k < 8; k++) on[k] = i->value >> k & 1 ? ~0U : 0;                                     \
        EACH_LANE                                                                                            \
        {                                                                                                    \
            const u32 x = a[l], y = b[l], z = c[l];                                                          \
            d[l] = (~x & ((~y & ((~z & on[0]) | (z & on[1]))) | (y & ((~z & on[2]) | (z & on[3]))))) |       \
                   (x & ((~y & ((~z & on[4]) | (z & on[5]))) | (y & ((~z & on[6]) | (z & on[7])))));         \
        }                                                                                                    \
        commit(w, i->operand[0], 4);                                                                         \
    }

BITS(DEFINE_FUNCTION)

const opcode bit_opcodes[] = {BITS(DEFINE_ROW){NULL, NULL, NULL}};

/* ---- Packs and unpacks: mov.b32 r, {lo, hi} and back ---- */

void run_pack(warp *w, const instruction *i)
{
    const u32 part = i->bytes, count = i->count;
    unsigned char *d = results_of(w, i->operand[0]);
    unsigned char packed[SLOT_BYTES];
    for (u32 k = 0; k < count; k++) {
        const unsigned char *from = slot(w, i->operand[1 + k]);
        for (u32 l = 0; l < WARP_LANES; l++) memcpy(packed + (l * count + k) * part, from + l * part, part);
    }
    memcpy(d, packed, (size_t)WARP_LANES * count * part);
    commit(w, i->operand[0], (size_t)count * part);
}

void run_unpack(warp *w, const instruction *i)
{
    const u32 part = i->bytes, count = i->count;
    unsigned char packed[SLOT_BYTES];
    memcpy(packed, slot(w, i->operand[4]), (size_t)WARP_LANES * count * part);
    for (u32 k = 0; k < count; k++) {
        unsigned char *d = results_of(w, i->operand[k]);
        for (u32 l = 0; l < WARP_LANES; l++) memcpy(d + l * part, packed + (l * count + k) * part, part);
        commit(w, i->operand[k], part);
    }
}
