/* The canonical sum of elements as doubles, and the error bound of results. Long sums use all cores. */
#include "reference.h"

#include "parallel.h"
#include "print.h"
#include "value.h"

#include <inttypes.h>
#include <math.h>

enum { ROWS = 16, MAX_LANES = 512, MAX_PIECES = 64 };

typedef struct operand {
    DLDataType dtype;
    const char *data;
    int64_t step; /* in bytes */
} operand;

typedef struct vectors {
    operand x[2];
    int64_t n;
    bool narrow; /* accumulators are float; otherwise double */
    double sign; /* of x1's imaginary part: -1 conjugates */
    int lanes;
} vectors;

/* Whole chunks of the vectors that form one node of the tree. */
typedef struct piece {
    const vectors *v;
    int64_t first, chunks;
    reference_sum sum;
} piece;

static double multiply_add(bool narrow, double a, double b, double c)
{
    return narrow ? (double)fmaf((float)a, (float)b, (float)c) : fma(a, b, c);
}

static double add(bool narrow, double a, double b)
{
    return narrow ? (double)((float)a + (float)b) : a + b;
}

/* Sums elements [first, first + ROWS * lanes), or those that exist. Adds integers and magnitudes to *sum
 * and writes the chunk's floating value. */
static void sum_chunk(const vectors *v, int64_t first, reference_sum *sum, double value_of[2])
{
    double re[MAX_LANES] = {0}, im[MAX_LANES] = {0};
    int64_t end = first + (int64_t)ROWS * v->lanes;
    bool is_complex = v->x[0].dtype.code == kDLComplex || v->x[1].dtype.code == kDLComplex;
    for (int64_t i = first; i < end && i < v->n; i++) {
        int lane = (int)((i - first) % v->lanes);
        value a = value_load(v->x[0].dtype, v->x[0].data + i * v->x[0].step);
        value b = value_load(v->x[1].dtype, v->x[1].data + i * v->x[1].step);
        a.im *= v->sign;
        sum->integer += a.integer * b.integer;
        sum->magnitude += fabs(a.re * b.re);
        re[lane] = multiply_add(v->narrow, a.re, b.re, re[lane]);
        if (!is_complex) continue;
        sum->magnitude += fabs(a.im * b.im) + fabs(a.re * b.im) + fabs(a.im * b.re);
        re[lane] = multiply_add(v->narrow, a.im, b.im, re[lane]);
        im[lane] = multiply_add(v->narrow, a.re, b.im, im[lane]);
        im[lane] = multiply_add(v->narrow, -a.im, b.re, im[lane]);
    }
    for (int width = v->lanes; width > 1; width /= 2)
        for (int i = 0; i < width / 2; i++) {
            re[i] = add(v->narrow, re[2 * i], re[2 * i + 1]);
            im[i] = add(v->narrow, im[2 * i], im[2 * i + 1]);
        }
    value_of[0] = re[0];
    value_of[1] = im[0];
}

/* Sums chunks pairwise on a stack; two nodes are added where a binary counter carries. */
static void *sum_piece(void *argument)
{
    piece *p = argument;
    double stack[64][2];
    int height = 0;
    bool narrow = p->v->narrow;
    for (int64_t c = 0; c < p->chunks; c++) {
        sum_chunk(p->v, (p->first + c) * ROWS * p->v->lanes, &p->sum, stack[height++]);
        for (int64_t carry = c; (carry & 1) != 0; carry >>= 1, height--)
            for (int i = 0; i < 2; i++)
                stack[height - 2][i] = add(narrow, stack[height - 2][i], stack[height - 1][i]);
    }
    for (; height > 1; height--)
        for (int i = 0; i < 2; i++)
            stack[height - 2][i] = add(narrow, stack[height - 2][i], stack[height - 1][i]);
    p->sum.re = height > 0 ? stack[0][0] : 0;
    p->sum.im = height > 0 ? stack[0][1] : 0;
    return NULL;
}

static void combine(const vectors *v, piece *pieces, int count, reference_sum *sum)
{
    *sum = (reference_sum){.terms = v->n};
    for (int i = 0; i < count; i++) {
        sum->integer += pieces[i].sum.integer;
        sum->magnitude += pieces[i].sum.magnitude;
    }
    for (int width = count; width > 1; width /= 2)
        for (int i = 0; i < width / 2; i++) {
            pieces[i].sum.re = add(v->narrow, pieces[2 * i].sum.re, pieces[2 * i + 1].sum.re);
            pieces[i].sum.im = add(v->narrow, pieces[2 * i].sum.im, pieces[2 * i + 1].sum.im);
        }
    sum->re = add(v->narrow, pieces[0].sum.re, 0);
    sum->im = add(v->narrow, pieces[0].sum.im, 0);
}

static operand operand_of(const DLTensor *x)
{
    return (operand){.dtype = x->dtype,
                     .data = (const char *)x->data + x->byte_offset,
                     .step = x->strides[0] * (x->dtype.bits / 8)};
}

reference_sum reference_compute(const DLTensor *x1, const DLTensor *x2, DLDataType result, bool conjugate)
{
    int component_bits = result.code == kDLComplex ? result.bits / 2 : result.bits;
    vectors v = {.x = {operand_of(x1), operand_of(x2)},
                 .n = x1->shape[0],
                 .narrow = component_bits <= 32,
                 .sign = conjugate ? 1 : -1,
                 .lanes = 512 / (result.bits / 8)};
    int64_t span = (int64_t)ROWS * v.lanes, chunks = (v.n + span - 1) / span, each = 1;
    int count = 1;
    while (count < MAX_PIECES && count < count_cores() && v.n / count > 100000) count *= 2;
    while (each * count < chunks) each *= 2;
    piece pieces[MAX_PIECES];
    for (int i = 0; i < count; i++) {
        int64_t first = i * each, left = chunks - first;
        pieces[i] = (piece){.v = &v, .first = first, .chunks = left < 0 ? 0 : left < each ? left : each};
    }
    in_parallel(sum_piece, pieces, sizeof pieces[0], count);
    reference_sum sum;
    combine(&v, pieces, count, &sum);
    return sum;
}

/* ---- Where an output's vectors lie --------------------------------------------------------------- */

static int64_t stride_of(const DLTensor *x, int32_t dimension)
{
    if (x->strides != NULL) return x->strides[dimension];
    int64_t stride = 1;
    for (int32_t i = x->ndim - 1; i > dimension; i--) stride *= x->shape[i];
    return stride;
}

void reference_vector_of(const DLTensor *x, int32_t axis, const DLTensor *out, int64_t index,
                         reference_vector *v)
{
    int64_t offset = 0;
    if (axis < 0) axis += x->ndim;
    for (int32_t d = x->ndim - 1, k = out->ndim - 1; d >= 0; d--) {
        if (d == axis) continue;
        int64_t i = index % out->shape[k];
        index /= out->shape[k--];
        if (x->shape[d] > 1) offset += i * stride_of(x, d);
    }
    *v = (reference_vector){.view = *x, .size = x->shape[axis], .stride = stride_of(x, axis)};
    v->view.ndim = 1;
    v->view.shape = &v->size;
    v->view.strides = &v->stride;
    v->view.byte_offset += (uint64_t)(offset * (x->dtype.bits / 8));
}

bool reference_is_product(const DLTensor *x1, const DLTensor *x2, const DLTensor *out, int64_t terms)
{
    double products = (double)array_elements(out) * (double)terms;
    return (double)array_elements(x1) < products && (double)array_elements(x2) < products;
}

/* ---- Comparing ----------------------------------------------------------------------------------- */

/* Returns the sum as an element of the dtype holds it, extended to 64 bits. */
static uint64_t wrap(DLDataType type, uint64_t sum)
{
    uint64_t top = (uint64_t)1 << (type.bits - 1), low = sum & (top | (top - 1));
    if (type.code == VECDOT_DLBOOL) return sum != 0;
    return type.code == kDLInt ? (low ^ top) - top : low;
}

static bool is_integer(DLDataType type)
{
    return type.code == VECDOT_DLBOOL || type.code == kDLInt || type.code == kDLUInt;
}

static bool same_number(double got, double wanted)
{
    return got == wanted && signbit(got) == signbit(wanted);
}

static bool same_bits(DLDataType type, value got, const reference_sum *sum)
{
    int digits, lowest;
    if (is_integer(type)) return got.integer == wrap(type, sum->integer);
    float_format(type, &digits, &lowest);
    return same_number(got.re, round_to_bits(sum->re, digits, lowest)) &&
           same_number(got.im, round_to_bits(sum->im, digits, lowest));
}

/* Allows any order of summation, with each product and sum rounded or fused. A sum of n terms is then
 * within gamma * sum|x1 * x2| of the exact one, where gamma = n u / (1 - n u). So is the reference, which
 * gives the bound below. A component of a complex sum has two terms for each product. float16 and bfloat16
 * are rounded once, after sums in float32, which tensor cores may truncate instead of round. */
static bool within_bound(DLDataType type, value got, const reference_sum *sum)
{
    int digits, lowest;
    if (is_integer(type)) return false;
    float_format(type, &digits, &lowest);
    double n = (double)sum->terms * (type.code == kDLComplex ? 2 : 1),
           nu = ldexp(n, -(digits < 24 ? 23 : digits));
    double bound = 2 * nu / (1 - nu) * sum->magnitude;
    if (nu >= 1) return false;
    if (digits < 24) bound += ldexp(fabs(sum->re) + bound, -digits) + ldexp(1, lowest);
    return fabs(got.re - sum->re) <= bound && fabs(got.im - sum->im) <= bound;
}

reference_verdict reference_compare(const reference_sum *sum, const DLTensor *out, int64_t index,
                                    bool product, fault *f)
{
    DLDataType type = out->dtype;
    const char *at = (const char *)out->data + out->byte_offset + index * (type.bits / 8);
    value got = value_load(type, at);
    if (same_bits(type, got, sum)) return REFERENCE_BITS;
    if (product && within_bound(type, got, sum)) return REFERENCE_BOUND;
    char text[VALUE_TEXT];
    print_value(text, type, at);
    uint64_t wanted = wrap(type, sum->integer);
    bool negative = type.code == kDLInt && wanted >> 63 != 0;
    if (is_integer(type))
        fault_set(f, VECDOT_SUCCESS, "wrong result: element %" PRId64 " is %s, and should be %s%" PRIu64,
                  index, text, negative ? "-" : "", negative ? -wanted : wanted);
    else
        fault_set(f, VECDOT_SUCCESS, "wrong result: element %" PRId64 " is %s, and should be %.17g%+.17gj",
                  index, text, sum->re, sum->im);
    return REFERENCE_WRONG;
}
