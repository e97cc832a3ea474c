/* The selftest's own arithmetic. It shares nothing with the library: elements one by one, indices by hand. */
#include "oracle.h"

#include "dtypes.h"
#include "print.h"
#include "value.h"

#include <inttypes.h>
#include <math.h>

/* An operand as seen from the result: element steps along the result's dimensions and along the sum. */
typedef struct operand {
    const DLTensor *array;
    int64_t batch[VECDOT_MAX_NDIM];
    int64_t step;
    int64_t count;
} operand;

typedef struct sums {
    uint64_t integer;
    double re, im;
    double magnitude; /* sum of the |products| that re and im are made of */
} sums;

static int64_t stride_of(const DLTensor *x, int32_t dimension)
{
    if (x->shape[dimension] <= 1) return 0;
    if (x->strides != NULL) return x->strides[dimension];
    int64_t stride = 1;
    for (int32_t i = x->ndim - 1; i > dimension; i--) stride *= x->shape[i];
    return stride;
}

static operand view(const DLTensor *x, int32_t axis, int32_t result_ndim)
{
    operand v = {.array = x};
    if (axis < 0) axis += x->ndim;
    v.step = stride_of(x, axis);
    v.count = x->shape[axis];
    for (int32_t i = x->ndim - 1, k = result_ndim - 1; i >= 0; i--)
        if (i != axis) v.batch[k--] = stride_of(x, i);
    return v;
}

static value load(const operand *v, int64_t offset)
{
    const char *data = (const char *)v->array->data + v->array->byte_offset;
    return value_load(v->array->dtype, data + offset * (v->array->dtype.bits / 8));
}

static sums dot(const operand *a, int64_t from_a, const operand *b, int64_t from_b, double sign)
{
    sums s = {0, 0, 0, 0};
    for (int64_t k = 0; k < a->count; k++) {
        value x = load(a, from_a + k * a->step), y = load(b, from_b + k * b->step);
        s.integer += x.integer * y.integer;
        s.re += x.re * y.re - sign * x.im * y.im;
        s.im += x.re * y.im + sign * x.im * y.re;
        s.magnitude += fabs(x.re * y.re) + fabs(x.im * y.im) + fabs(x.re * y.im) + fabs(x.im * y.re);
    }
    return s;
}

/* Sign-extends (or cuts) the exact sum modulo 2^64 to the dtype. */
static uint64_t wrap(DLDataType type, uint64_t x)
{
    uint64_t top = (uint64_t)1 << (type.bits - 1);
    uint64_t low = type.bits == 64 ? x : x & ((top << 1) - 1);
    return type.code == kDLInt && type.bits < 64 ? (low ^ top) - top : low;
}

/* The most by which a component of a sum of `terms` products may differ. */
static double tolerance(DLDataType type, const sums *s, double component, int64_t terms)
{
    int digits, lowest;
    float_format(type, &digits, &lowest);
    double eps = ldexp(1, 1 - (digits < 24 ? 24 : digits)); /* float16 and bfloat16 sum in float32 */
    double bound = 2 * (double)terms * eps * s->magnitude;
    if (digits < 24) bound += ldexp(fabs(component), -digits) + ldexp(1, lowest);
    return bound;
}

static bool near(double got, double wanted, double bound, int64_t terms)
{
    if (terms == 0) return got == 0 && signbit(got) == 0; /* an empty sum is +0 */
    return fabs(got - wanted) <= bound;
}

static bool element_agrees(const DLTensor *out, int64_t index, const sums *s, int64_t terms, fault *f)
{
    DLDataType type = out->dtype;
    const char *at = (const char *)out->data + out->byte_offset + index * (type.bits / 8);
    value got = value_load(type, at);
    char text[VALUE_TEXT];
    print_value(text, type, at);
    if (type.code == VECDOT_DLBOOL && got.integer == (s->integer != 0)) return true;
    if (type.code == kDLInt || type.code == kDLUInt) {
        if (got.integer == wrap(type, s->integer)) return true;
        return fault_set(f, VECDOT_SUCCESS,
                         "element %" PRId64 " is %s, and should be %" PRId64 " (modulo 2**%d)", index, text,
                         (int64_t)wrap(type, s->integer), type.bits);
    }
    if (type.code == VECDOT_DLBOOL)
        return fault_set(f, VECDOT_SUCCESS, "element %" PRId64 " is %s", index, text);
    double re_bound = tolerance(type, s, s->re, terms), im_bound = tolerance(type, s, s->im, terms);
    bool re_near = near(got.re, s->re, re_bound, terms);
    if (re_near && (type.code != kDLComplex || near(got.im, s->im, im_bound, terms))) return true;
    return fault_set(f, VECDOT_SUCCESS, "element %" PRId64 " is %s, and should be %.17g%+.17gj within %.3g",
                     index, text, s->re, s->im, fmax(re_bound, im_bound));
}

bool oracle_agrees(const DLTensor *x1, int32_t axis1, const DLTensor *x2, int32_t axis2, bool conjugate,
                   const DLTensor *out, fault *f)
{
    operand a = view(x1, axis1, out->ndim), b = view(x2, axis2, out->ndim);
    int64_t elements = array_elements(out);
    for (int64_t index = 0; index < elements; index++) {
        int64_t rest = index, from_a = 0, from_b = 0;
        for (int32_t d = out->ndim - 1; d >= 0; d--) {
            int64_t i = rest % out->shape[d];
            rest /= out->shape[d];
            from_a += i * a.batch[d];
            from_b += i * b.batch[d];
        }
        sums s = dot(&a, from_a, &b, from_b, conjugate ? -1 : 1);
        if (!element_agrees(out, index, &s, a.count, f)) return false;
    }
    return true;
}
