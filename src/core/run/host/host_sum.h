/* Sums on the calling thread, with the bits of the kernels. cmake/Host.cmake compiles this file once for
 * each way to accumulate and each instruction set, and defines NUMBER, GROUP, COMPONENT, STRIP_BYTES and
 * HOST_FUNCTION. Compilers turn the loops over arrays of fixed length into vector code. */
#include "core/run/host/dialect_c.h"
#include "core/run/host/host_kernel.h"
#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

#define LOAD LOAD_NONE
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include "kernels/common/params.h"

#include "kernels/common/number.h"

#include "kernels/common/element.h"

#include "kernels/common/batch.h"

#include "kernels/common/canonical.h"

#include "kernels/common/cast_out.h"
#pragma GCC diagnostic pop

typedef COMPONENT component;
typedef component unaligned __attribute__((aligned(1), may_alias)); /* the caller's memory */

#define PARTS           (IS_COMPLEX ? 2 : 1) /* components of an element */
#define COMPONENT_BYTES ((i64)sizeof(component))
#define IS_BOOL         (CODE(NUMBER) == CODE_b1)
#define IS_HALF         (GROUP == GROUP_F16 || GROUP == GROUP_BF16) /* computed in float32 */

/* Lanes of a row. Integers have no fixed order; their rows have as many bytes as the canonical ones. */
#define ROW_LANES (GROUP == GROUP_INT ? (i32)(ROW_BYTES / COMPONENT_BYTES) : (i32)LANES)

/* Lanes whose sums stay in registers. */
#define STRIP_LANES ((i32)(STRIP_BYTES / (COMPONENT_BYTES * PARTS)))

/* Rows that are converted and packed at a time. */
enum { PACKED_ROWS = 4 };

/* Neighbouring outputs that are summed at the same time. */
#define WIDE ((i32)(256 / (COMPONENT_BYTES * PARTS)))

/* ---- Elements ------------------------------------------------------------------------------------ */

static inline void put(component *to, i64 k, value v)
{
#if IS_COMPLEX
    to[2 * k] = v.re;
    to[2 * k + 1] = v.im;
#else
    to[k] = (component)v;
#endif
}

/* Whether the elements are adjacent in memory and need no conversion. */
static int is_packed(i32 type, i64 step)
{
    const i32 own = CODE(NUMBER), twin = GROUP == GROUP_INT ? own + CODE_u8 - CODE_i8 : own;
    return !IS_BOOL && !IS_HALF && (type == own || type == twin) && step == COMPONENT_BYTES * PARTS;
}

#if defined(__F16C__) && (GROUP == GROUP_F16 || GROUP == GROUP_F32)
#include <immintrin.h>

/* Converts whole vectors of float16 by an instruction that compilers do not generate from a loop. */
static i64 pack_halves(float *restrict to, const char *restrict from, i64 count)
{
    i64 k = 0;
    for (; k + 8 <= count; k += 8)
        _mm256_storeu_ps(to + k, _mm256_cvtph_ps(_mm_loadu_si128((const void *)(from + 2 * k))));
    return k;
}
#else
static i64 pack_halves(component *to, const char *from, i64 count)
{
    (void)to, (void)from, (void)count;
    return 0;
}
#endif

/* Converts `count` elements that are `step` bytes apart. Adjacent elements and one repeated element have
 * loops of their own. */
static void pack(component *restrict to, const char *restrict from, i32 type, i64 step, i64 count)
{
    switch (type) {
#define X(name)                                                                                              \
    case CODE_##name: {                                                                                      \
        stored_##name x;                                                                                     \
        if (step == (i64)sizeof x) {                                                                         \
            i64 k = CODE_##name == CODE_f16 ? pack_halves(to, from, count) : 0;                              \
            for (; k < count; k++) {                                                                         \
                memcpy(&x, from + k * (i64)sizeof x, sizeof x);                                              \
                put(to, k, cast_##name(x));                                                                  \
            }                                                                                                \
        } else if (step == 0) {                                                                              \
            memcpy(&x, from, sizeof x);                                                                      \
            value v = cast_##name(x);                                                                        \
            for (i64 k = 0; k < count; k++) put(to, k, v);                                                   \
        } else {                                                                                             \
            for (i64 k = 0; k < count; k++) {                                                                \
                memcpy(&x, from + k * step, sizeof x);                                                       \
                put(to, k, cast_##name(x));                                                                  \
            }                                                                                                \
        }                                                                                                    \
        break;                                                                                               \
    }
        ELEMENT_CASES(X)
#undef X
    default: break;
    }
}

/* Returns the elements in place if they are packed; otherwise converts them into `room`. */
static const unaligned *fetch(component *room, const char *from, i32 type, i64 step, i64 count)
{
    if (is_packed(type, step)) return (const unaligned *)(const void *)from;
    pack(room, from, type, step, count);
    return room;
}

/* Rounds a sum to the result dtype, converts it to out's dtype and stores it. */
static void store(const host_line *l, char *to, value v)
{
    word w = {{0}};
    store_result(w.bytes, l->result, v);
    if (l->type_out != l->result) w = cast_out(element_any(w.bytes, l->result), l->result, l->type_out);
    memcpy(to, w.bytes, (size_t)code_size(l->type_out));
}

/* ---- Lanes: `pitch` real parts, then as many imaginary ones -------------------------------------- */

static inline component add(component a, component b)
{
#if IS_BOOL
    return a | b;
#else
    return (component)(a + b);
#endif
}

/* sum += conj(a) * b, in the order of value_multiply_add. `sign` is -1 when nothing is conjugated. */
static inline void multiply_add(component *sum, i32 pitch, i32 lane, const unaligned *a, const unaligned *b,
                                component sign)
{
#if IS_COMPLEX
    component ar = a[2 * lane], ai = a[2 * lane + 1] * sign, br = b[2 * lane], bi = b[2 * lane + 1];
    sum[lane] = FMA(ai, bi, FMA(ar, br, sum[lane]));
    sum[lane + pitch] = FMA(-ai, br, FMA(ar, bi, sum[lane + pitch]));
#elif IS_BOOL
    (void)pitch, (void)sign;
    sum[lane] |= a[lane] & b[lane];
#elif GROUP == GROUP_INT
    (void)pitch, (void)sign;
    sum[lane] = (component)(sum[lane] + (value)a[lane] * b[lane]);
#else
    (void)pitch, (void)sign;
    sum[lane] = FMA(a[lane], b[lane], sum[lane]);
#endif
}

/* Adds whole rows that are adjacent in memory. */
static void add_rows(component *restrict lanes, const unaligned *a, const unaligned *b, i64 rows,
                     component sign)
{
    for (i32 strip = 0; strip < ROW_LANES; strip += STRIP_LANES) {
        component sum[STRIP_LANES * PARTS];
        for (i32 part = 0; part < PARTS; part++)
            for (i32 k = 0; k < STRIP_LANES; k++)
                sum[part * STRIP_LANES + k] = lanes[part * ROW_LANES + strip + k];
        for (i64 row = 0; row < rows; row++) {
            i64 start = (row * ROW_LANES + strip) * PARTS;
            for (i32 k = 0; k < STRIP_LANES; k++)
                multiply_add(sum, STRIP_LANES, k, a + start, b + start, sign);
        }
        for (i32 part = 0; part < PARTS; part++)
            for (i32 k = 0; k < STRIP_LANES; k++)
                lanes[part * ROW_LANES + strip + k] = sum[part * STRIP_LANES + k];
    }
}

static inline void halve(component *restrict to, const component *restrict from, i32 count)
{
    for (i32 k = 0; k < count; k++) to[k] = add(from[2 * k], from[2 * k + 1]);
}

/* Returns the adjacent pairwise sum of `width` lanes; `width` is a power of two. */
static component fold(component *lanes, i32 width)
{
    component other[ROW_LANES];
    for (; width >= 4; width /= 4) {
        halve(other, lanes, width / 2);
        halve(lanes, other, width / 4);
    }
    return width == 2 ? add(lanes[0], lanes[1]) : lanes[0];
}

/* ---- Along the contracted axis ------------------------------------------------------------------- */

typedef struct operand {
    const char *at;
    i64 stride;
    i32 type;
} operand;

/* Returns at most a row of `width` lanes; missing ones are zeros. */
static const unaligned *padded_row(component *room, const operand *x, i64 first, i32 count, i32 width)
{
    pack(room, x->at + first * x->stride, x->type, x->stride, count);
    for (i32 k = count * PARTS; k < width * PARTS; k++) room[k] = 0;
    return room;
}

/* Returns the value of a chunk: `count` elements from `first` on. */
static value chunk_sum(const operand *x, const operand *y, i64 first, i64 count, component sign)
{
    component lanes[ROW_LANES * PARTS], a[PACKED_ROWS * ROW_LANES * PARTS],
        b[PACKED_ROWS * ROW_LANES * PARTS];
    i64 rows = count / ROW_LANES;
    i32 width = ROW_LANES, left = (i32)(count - rows * ROW_LANES);
    int whole = is_packed(x->type, x->stride) && is_packed(y->type, y->stride);
    if (rows == 0)
        for (width = 1; width < left; width *= 2) {
        }
    for (i32 part = 0; part < PARTS; part++)
        for (i32 k = 0; k < width; k++) lanes[part * ROW_LANES + k] = 0;
    for (i64 row = 0; row < rows;) {
        i64 some_rows = whole || rows - row < PACKED_ROWS ? rows - row : PACKED_ROWS,
            at = first + row * ROW_LANES;
        add_rows(lanes, fetch(a, x->at + at * x->stride, x->type, x->stride, some_rows * ROW_LANES),
                 fetch(b, y->at + at * y->stride, y->type, y->stride, some_rows * ROW_LANES), some_rows,
                 sign);
        row += some_rows;
    }
    if (left > 0) {
        const unaligned *p = padded_row(a, x, first + rows * ROW_LANES, left, width);
        const unaligned *q = padded_row(b, y, first + rows * ROW_LANES, left, width);
        for (i32 k = 0; k < width; k++) multiply_add(lanes, ROW_LANES, k, p, q, sign);
    }
#if IS_COMPLEX
    value v = {fold(lanes, width), fold(lanes + ROW_LANES, width)};
    return v;
#else
    return fold(lanes, width);
#endif
}

static value sum_along(const operand *x, const operand *y, i64 n, component sign)
{
    const i64 chunk = (i64)ROW_LANES * ROWS;
    tree t;
    t.depth = 0;
    if (n <= chunk) return n > 0 ? chunk_sum(x, y, 0, n, sign) : value_zero();
    for (i64 k = 0; k * chunk < n; k++) {
        value v = chunk_sum(x, y, k * chunk, n - k * chunk < chunk ? n - k * chunk : chunk, sign);
#if IS_BOOL
        if (v != 0) return v;
#endif
        tree_push(&t, k, v);
    }
    return tree_sum(&t);
}

/* ---- Across outputs ------------------------------------------------------------------------------ */

/* The tree of canonical.h for several outputs at once. Its leaves are lanes; 2^k lanes make a chunk. */
typedef struct wide_tree {
    component nodes[STACK_DEPTH][WIDE * PARTS];
    i32 depth;
} wide_tree;

static inline void merge(wide_tree *t)
{
    component *to = t->nodes[t->depth - 2], *from = t->nodes[t->depth - 1];
    for (i32 k = 0; k < WIDE * PARTS; k++) to[k] = add(to[k], from[k]);
    t->depth--;
}

/* Sums one lane of a chunk: every `lanes`-th element from `first` on, at most `rows` of them. */
static void leaf(wide_tree *t, const host_line *l, i64 output, i32 count, i64 first, i32 lanes, i32 rows)
{
    component *sum = t->nodes[t->depth++], a[WIDE * PARTS], b[WIDE * PARTS];
    component sign = (component)(l->no_conj ? -1 : 1);
    const char *x = l->x1 + output * l->step1 + first * l->stride1;
    const char *y = l->x2 + output * l->step2 + first * l->stride2;
    for (i32 k = 0; k < WIDE * PARTS; k++) sum[k] = 0;
    for (i32 row = 0; row < rows && first < l->n; row++, first += lanes) {
        const unaligned *p = fetch(a, x, l->type1, l->step1, count),
                        *q = fetch(b, y, l->type2, l->step2, count);
        if (count == WIDE)
            for (i32 k = 0; k < WIDE; k++) multiply_add(sum, WIDE, k, p, q, sign);
        else
            for (i32 k = 0; k < count; k++) multiply_add(sum, WIDE, k, p, q, sign);
        x += lanes * l->stride1;
        y += lanes * l->stride2;
    }
}

/* Sums `count` outputs from `output` on. */
static void sum_across(const host_line *l, i64 output, i32 count)
{
    const i32 lanes = l->is_matrix ? 1 : ROW_LANES, rows = l->is_matrix ? MATRIX_BLOCK : ROWS;
    wide_tree t;
    t.depth = 0;
    i64 index = 0;
    for (i64 chunk = 0; chunk < l->n; chunk += (i64)lanes * rows)
        for (i64 lane = 0; lane < lanes && chunk + lane < l->n; lane++, index++) {
            leaf(&t, l, output, count, chunk + lane, lanes, rows);
            for (i64 carry = index; carry & 1; carry >>= 1) merge(&t);
        }
    while (t.depth > 1) merge(&t);
    for (i32 k = 0; k < count; k++) {
#if IS_COMPLEX
        value v = {t.nodes[0][k], t.nodes[0][k + WIDE]};
#else
        value v = t.nodes[0][k];
#endif
        store(l, l->out + (output + k) * l->step_out, v);
    }
}

/* ---- Both ---------------------------------------------------------------------------------------- */

host_function HOST_FUNCTION;

void HOST_FUNCTION(const host_line *l)
{
    if (l->across) {
        for (i64 k = 0; k < l->outputs; k += WIDE)
            sum_across(l, k, l->outputs - k < WIDE ? (i32)(l->outputs - k) : WIDE);
        return;
    }
    component sign = (component)(l->no_conj ? -1 : 1);
    operand x = {l->x1, l->stride1, l->type1}, y = {l->x2, l->stride2, l->type2};
    char *to = l->out;
    for (i64 k = 0; k < l->outputs; k++, x.at += l->step1, y.at += l->step2, to += l->step_out)
        store(l, to, sum_along(&x, &y, l->n, sign));
}
