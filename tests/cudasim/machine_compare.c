/* Comparisons and what is done with predicates, which are 32 bits each: one per lane. */
#include "machine_number.h"
#include "machine_warp.h"

#include <math.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

/* Lanes whose entry is not 0; the entries are 0 or -1. */
static inline u32 gather_bits(const s32 *truth)
{
    u32 bits = 0;
#ifdef __AVX2__
    for (int k = 0; k < 4; k++) {
        const __m256i eight = _mm256_loadu_si256((const __m256i *)(const void *)(truth + 8 * k));
        bits |= (u32)_mm256_movemask_ps(_mm256_castsi256_ps(eight)) << 8 * k;
    }
#else
    for (u32 l = 0; l < WARP_LANES; l++) bits |= (u32)(truth[l] & 1) << l;
#endif
    return bits;
}

/* setp's second half: the comparison joined with predicate c, and its complement joined likewise into the
 * second predicate where there is one. */
static inline void finish_compare(warp *w, const instruction *i, u32 bits)
{
    u32 other = ~bits;
    if (i->combine != COMBINE_NONE) {
        const u32 c = predicate(w, i->operand[3]) ^ (i->negate ? ALL_LANES : 0);
        bits = i->combine == COMBINE_AND ? bits & c : i->combine == COMBINE_OR ? bits | c : bits ^ c;
        other = i->combine == COMBINE_AND ? other & c : i->combine == COMBINE_OR ? other | c : other ^ c;
    }
    set_predicate(w, i->operand[0], bits);
    if (i->operand[5]) set_predicate(w, i->operand[5], other);
}

#define COMPARE(id, D, A, expression)                                                                        \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        _Alignas(64) s32 truth[WARP_LANES];                                                                  \
        const A *as = slot(w, i->operand[1]), *bs = slot(w, i->operand[2]);                                  \
        EACH_LANE                                                                                            \
        {                                                                                                    \
            const A a = as[l], b = bs[l];                                                                    \
            truth[l] = -(s32)(expression);                                                                   \
        }                                                                                                    \
        finish_compare(w, i, gather_bits(truth));                                                            \
    }
#define TEST(id, D, A, expression)                                                                           \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        _Alignas(64) s32 truth[WARP_LANES];                                                                  \
        const A *as = slot(w, i->operand[1]);                                                                \
        EACH_LANE                                                                                            \
        {                                                                                                    \
            const A a = as[l];                                                                               \
            truth[l] = -(s32)(expression);                                                                   \
        }                                                                                                    \
        set_predicate(w, i->operand[0], gather_bits(truth));                                                 \
    }
#define SELECT(id, D, A, expression)                                                                         \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        D *d = results_of(w, i->operand[0]);                                                                 \
        const A *as = slot(w, i->operand[1]), *bs = slot(w, i->operand[2]);                                  \
        const u32 p = predicate(w, i->operand[3]);                                                           \
        EACH_LANE d[l] = p >> l & 1 ? as[l] : bs[l];                                                         \
        commit(w, i->operand[0], sizeof(D));                                                                 \
    }
#define LOGICAL(id, D, A, expression)                                                                        \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        const u32 a = predicate(w, i->operand[1]), b = predicate(w, i->operand[2]);                          \
        (void)b;                                                                                             \
        set_predicate(w, i->operand[0], expression);                                                         \
    }

#define EITHER(x, y) ((int)(x) | (int)(y)) /* without a branch, for the vectoriser */

#define EQUALITY(X, t, n, A)                                                                                 \
    X(COMPARE, setp_eq_##t, "setp.eq." #t, "d" n n, u32, A, a == b)                                          \
    X(COMPARE, setp_ne_##t, "setp.ne." #t, "d" n n, u32, A, a != b)
#define ORDER(X, t, n, A)                                                                                    \
    EQUALITY(X, t, n, A)                                                                                     \
    X(COMPARE, setp_lt_##t, "setp.lt." #t, "d" n n, u32, A, a < b)                                           \
    X(COMPARE, setp_le_##t, "setp.le." #t, "d" n n, u32, A, a <= b)                                          \
    X(COMPARE, setp_gt_##t, "setp.gt." #t, "d" n n, u32, A, a > b)                                           \
    X(COMPARE, setp_ge_##t, "setp.ge." #t, "d" n n, u32, A, a >= b)
#define UNSIGNED_ORDER(X, t, n, A)                                                                           \
    ORDER(X, t, n, A)                                                                                        \
    X(COMPARE, setp_lo_##t, "setp.lo." #t, "d" n n, u32, A, a < b)                                           \
    X(COMPARE, setp_ls_##t, "setp.ls." #t, "d" n n, u32, A, a <= b)                                          \
    X(COMPARE, setp_hi_##t, "setp.hi." #t, "d" n n, u32, A, a > b)                                           \
    X(COMPARE, setp_hs_##t, "setp.hs." #t, "d" n n, u32, A, a >= b)
/* V(a) is the value of a's bits; comparisons whose name ends in u hold when either is not a number. */
#define FLOAT_ORDER(X, t, n, A, V)                                                                           \
    X(COMPARE, setp_eq_##t, "setp.eq." #t, "d" n n, u32, A, V(a) == V(b))                                    \
    X(COMPARE, setp_ne_##t, "setp.ne." #t, "d" n n, u32, A, EITHER(V(a) < V(b), V(a) > V(b)))                \
    X(COMPARE, setp_lt_##t, "setp.lt." #t, "d" n n, u32, A, V(a) < V(b))                                     \
    X(COMPARE, setp_le_##t, "setp.le." #t, "d" n n, u32, A, V(a) <= V(b))                                    \
    X(COMPARE, setp_gt_##t, "setp.gt." #t, "d" n n, u32, A, V(a) > V(b))                                     \
    X(COMPARE, setp_ge_##t, "setp.ge." #t, "d" n n, u32, A, V(a) >= V(b))                                    \
    X(COMPARE, setp_equ_##t, "setp.equ." #t, "d" n n, u32, A, !EITHER(V(a) < V(b), V(a) > V(b)))             \
    X(COMPARE, setp_neu_##t, "setp.neu." #t, "d" n n, u32, A, V(a) != V(b))                                  \
    X(COMPARE, setp_ltu_##t, "setp.ltu." #t, "d" n n, u32, A, !(V(a) >= V(b)))                               \
    X(COMPARE, setp_leu_##t, "setp.leu." #t, "d" n n, u32, A, !(V(a) > V(b)))                                \
    X(COMPARE, setp_gtu_##t, "setp.gtu." #t, "d" n n, u32, A, !(V(a) <= V(b)))                               \
    X(COMPARE, setp_geu_##t, "setp.geu." #t, "d" n n, u32, A, !(V(a) < V(b)))                                \
    X(COMPARE, setp_num_##t, "setp.num." #t, "d" n n, u32, A, !EITHER(V(a) != V(a), V(b) != V(b)))           \
    X(COMPARE, setp_nan_##t, "setp.nan." #t, "d" n n, u32, A, EITHER(V(a) != V(a), V(b) != V(b)))

#define SELECTION(X, t, n, A) X(SELECT, selp_##t, "selp." #t, n n n "p", A, A, 0)
#define CONDITION(X, t, n, A)                                                                                \
    X(CHOOSE_INTEGER, slct_##t##_s32, "slct." #t ".s32", n n n "4", A, A, c >= 0 ? a : b)                    \
    X(CHOOSE_FLOAT, slct_##t##_f32, "slct." #t ".f32", n n n "4", A, A, c >= 0 ? a : b)
#define CHOOSE_INTEGER(id, D, A, expression) TERNARY_OF(id, D, A, s32, expression)
#define CHOOSE_FLOAT(id, D, A, expression)   TERNARY_OF(id, D, A, f32, expression)

#define SAME(a) (a)

#define COMPARISONS(X)                                                                                       \
    EQUALITY(X, b16, "2", u16)                                                                               \
    EQUALITY(X, b32, "4", u32)                                                                               \
    EQUALITY(X, b64, "8", u64)                                                                               \
    UNSIGNED_ORDER(X, u16, "2", u16)                                                                         \
    UNSIGNED_ORDER(X, u32, "4", u32)                                                                         \
    UNSIGNED_ORDER(X, u64, "8", u64)                                                                         \
    ORDER(X, s16, "2", s16)                                                                                  \
    ORDER(X, s32, "4", s32)                                                                                  \
    ORDER(X, s64, "8", s64)                                                                                  \
    FLOAT_ORDER(X, f16, "2", u16, f32_f16)                                                                   \
    FLOAT_ORDER(X, bf16, "2", u16, f32_bf16)                                                                 \
    FLOAT_ORDER(X, f32, "4", f32, SAME)                                                                      \
    FLOAT_ORDER(X, f64, "8", f64, SAME)                                                                      \
    SELECTION(X, b16, "2", u16)                                                                              \
    SELECTION(X, u16, "2", u16)                                                                              \
    SELECTION(X, s16, "2", u16)                                                                              \
    SELECTION(X, f16, "2", u16)                                                                              \
    SELECTION(X, b32, "4", u32)                                                                              \
    SELECTION(X, u32, "4", u32)                                                                              \
    SELECTION(X, s32, "4", u32)                                                                              \
    SELECTION(X, f32, "4", u32)                                                                              \
    SELECTION(X, b64, "8", u64)                                                                              \
    SELECTION(X, u64, "8", u64)                                                                              \
    SELECTION(X, s64, "8", u64)                                                                              \
    SELECTION(X, f64, "8", u64)                                                                              \
    CONDITION(X, b16, "2", u16)                                                                              \
    CONDITION(X, u16, "2", u16)                                                                              \
    CONDITION(X, s16, "2", u16)                                                                              \
    CONDITION(X, b32, "4", u32)                                                                              \
    CONDITION(X, u32, "4", u32)                                                                              \
    CONDITION(X, s32, "4", u32)                                                                              \
    CONDITION(X, f32, "4", u32)                                                                              \
    CONDITION(X, b64, "8", u64)                                                                              \
    CONDITION(X, u64, "8", u64)                                                                              \
    CONDITION(X, s64, "8", u64)                                                                              \
    CONDITION(X, f64, "8", u64)                                                                              \
    X(LOGICAL, and_pred, "and.pred", "ppp", u32, u32, a &b)                                                  \
    X(LOGICAL, or_pred, "or.pred", "ppp", u32, u32, a | b)                                                   \
    X(LOGICAL, xor_pred, "xor.pred", "ppp", u32, u32, a ^ b)                                                 \
    X(LOGICAL, not_pred, "not.pred", "pp", u32, u32, ~a)                                                     \
    X(LOGICAL, mov_pred, "mov.pred", "pp", u32, u32, a)                                                      \
    X(TEST, testp_finite_f32, "testp.finite.f32", "p4", u32, f32, isfinite(a))                               \
    X(TEST, testp_infinite_f32, "testp.infinite.f32", "p4", u32, f32, isinf(a) != 0)                         \
    X(TEST, testp_number_f32, "testp.number.f32", "p4", u32, f32, a == a)                                    \
    X(TEST, testp_nan_f32, "testp.notanumber.f32", "p4", u32, f32, a != a)                                   \
    X(TEST, testp_normal_f32, "testp.normal.f32", "p4", u32, f32, isnormal(a))                               \
    X(TEST, testp_subnormal_f32, "testp.subnormal.f32", "p4", u32, f32, fpclassify(a) == FP_SUBNORMAL)       \
    X(TEST, testp_finite_f64, "testp.finite.f64", "p8", u32, f64, isfinite(a))                               \
    X(TEST, testp_infinite_f64, "testp.infinite.f64", "p8", u32, f64, isinf(a) != 0)                         \
    X(TEST, testp_number_f64, "testp.number.f64", "p8", u32, f64, a == a)                                    \
    X(TEST, testp_nan_f64, "testp.notanumber.f64", "p8", u32, f64, a != a)                                   \
    X(TEST, testp_normal_f64, "testp.normal.f64", "p8", u32, f64, isnormal(a))                               \
    X(TEST, testp_subnormal_f64, "testp.subnormal.f64", "p8", u32, f64, fpclassify(a) == FP_SUBNORMAL)

COMPARISONS(DEFINE_FUNCTION)

const opcode compare_opcodes[] = {COMPARISONS(DEFINE_ROW){NULL, NULL, NULL}};
