/* Whether what was timed is right: every output written, and a sample of them to the bit. */
#include "bench.h"

#include "print.h"
#include "samples.h"
#include "value.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool bench_call(const session *s, const bench_problem *p, const bench_set *set, fault *f)
{
    vecdot_status status =
        vecdot_with(s->queue, &set->x[0].tensor, &set->x[1].tensor, &p->options, &set->out.tensor);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

uint64_t bench_hash(const void *data, size_t bytes)
{
    const unsigned char *at = data;
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a by words */
    for (; bytes > 0;) {
        uint64_t word = 0;
        size_t part = bytes < sizeof word ? bytes : sizeof word;
        memcpy(&word, at, part);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 29;
        at += part;
        bytes -= part;
    }
    return hash;
}

/* ---- One output ---------------------------------------------------------------------------------- */

/* Where the vectors of an output begin, counted in elements from the view's own first one, and their stride.
 */
static DLTensor vector_of(const bench_array *a, int32_t axis, const bench_operand *out, int64_t index,
                          int64_t shape[1], int64_t strides[1])
{
    DLTensor view = a->tensor;
    int64_t offset = 0;
    if (axis < 0) axis += a->operand.ndim;
    for (int32_t d = a->operand.ndim - 1, k = out->ndim - 1; d >= 0; d--) {
        if (d == axis) continue;
        int64_t i = index % out->shape[k];
        index /= out->shape[k--];
        if (a->operand.shape[d] > 1) offset += i * a->operand.strides[d];
    }
    shape[0] = a->operand.shape[axis];
    strides[0] = a->operand.strides[axis];
    view.ndim = 1;
    view.shape = shape;
    view.strides = strides;
    view.byte_offset = (uint64_t)((int64_t)view.byte_offset + offset * (a->operand.dtype.bits / 8));
    return view;
}

/* The vector in host memory of its own, or in place where it lies there already. */
static const void *vector_on_host(const session *s, const DLTensor *view, void **copy, fault *f)
{
    size_t item = view->dtype.bits / 8u;
    const char *host = (const char *)view->data + view->byte_offset;
    bool on_host = view->device.device_type == kDLCPU;
    if (on_host && view->strides[0] == 1) return host;
    *copy = malloc((size_t)view->shape[0] * item + 1);
    if (*copy == NULL) {
        fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no host memory to check the result");
        return NULL;
    }
    if (!on_host) return bench_fetch(s, view, *copy, f) ? *copy : NULL;
    for (int64_t i = 0; i < view->shape[0]; i++)
        memcpy((char *)*copy + (size_t)i * item, host + i * view->strides[0] * (int64_t)item, item);
    return *copy;
}

static bool canonical_of(const session *s, const bench_problem *p, const bench_set *set, int64_t index,
                         bench_sum *sum, fault *f)
{
    void *copy[2] = {NULL, NULL};
    const void *x[2];
    bool well = true;
    for (int i = 0; i < 2 && well; i++) {
        int64_t shape[1], strides[1];
        DLTensor view = vector_of(&set->x[i], p->options.axis[i], &p->out, index, shape, strides);
        x[i] = vector_on_host(s, &view, &copy[i], f);
        well = x[i] != NULL;
    }
    if (well)
        bench_canonical(p->x[0].dtype, x[0], p->x[1].dtype, x[1], p->terms, p->out.dtype,
                        !(p->options.flags & VECDOT_NO_CONJ), sum);
    free(copy[0]);
    free(copy[1]);
    return well;
}

/* ---- Comparing ----------------------------------------------------------------------------------- */

static bool same_number(double got, double wanted)
{
    return got == wanted && signbit(got) == signbit(wanted);
}

static bool same_bits(DLDataType type, value got, const bench_sum *sum)
{
    int digits, lowest;
    if (type.code == VECDOT_DLBOOL) return got.integer == (sum->integer != 0);
    if (type.code == kDLInt || type.code == kDLUInt) {
        uint64_t mask = type.bits == 64 ? UINT64_MAX : ((uint64_t)1 << type.bits) - 1;
        return ((got.integer ^ sum->integer) & mask) == 0;
    }
    float_format(type, &digits, &lowest);
    return same_number(got.re, round_to_bits(sum->re, digits, lowest)) &&
           same_number(got.im, round_to_bits(sum->im, digits, lowest));
}

/* Any order of summation, each product and sum rounded or fused: then a sum of n terms is within gamma sum|x1
 * x2| of the exact one, where gamma = n u / (1 - n u), and so is the one that it is compared with. A
 * component of a complex sum has two terms for each. Narrow dtypes are rounded once, after sums in float32
 * that tensor cores may cut instead of round. */
static bool within_bound(DLDataType type, value got, const bench_sum *sum, int64_t terms)
{
    int digits, lowest;
    if (type.code != kDLFloat && type.code != kDLBfloat && type.code != kDLComplex) return false;
    float_format(type, &digits, &lowest);
    double n = (double)terms * (type.code == kDLComplex ? 2 : 1), nu = ldexp(n, -(digits < 24 ? 23 : digits));
    double bound = 2 * nu / (1 - nu) * sum->magnitude;
    if (nu >= 1) return false;
    if (digits < 24) bound += ldexp(fabs(sum->re) + bound, -digits) + ldexp(1, lowest);
    return fabs(got.re - sum->re) <= bound && fabs(got.im - sum->im) <= bound;
}

static bool is_product(const bench_problem *p)
{
    double outputs = (double)p->out.storage * (double)p->terms;
    for (int i = 0; i < 2; i++) {
        double elements = 1;
        for (int32_t d = 0; d < p->x[i].ndim; d++) elements *= (double)p->x[i].shape[d];
        if (elements >= outputs) return false;
    }
    return true;
}

static bool check_output(const session *s, const bench_problem *p, const bench_set *set, const void *out,
                         int64_t index, const char **verdict, fault *f)
{
    bench_sum sum;
    DLDataType type = p->out.dtype;
    const char *at = (const char *)out + (size_t)index * (type.bits / 8u);
    if (!canonical_of(s, p, set, index, &sum, f)) return false;
    value got = value_load(type, at);
    if (same_bits(type, got, &sum)) return true;
    *verdict = "bound";
    if (is_product(p) && within_bound(type, got, &sum, p->terms)) return true;
    char text[VALUE_TEXT];
    print_value(text, type, at);
    if (type.code == kDLInt || type.code == kDLUInt || type.code == VECDOT_DLBOOL)
        return fault_set(f, VECDOT_SUCCESS,
                         "wrong result: element %" PRId64 " is %s, and should be %" PRIu64 " (modulo 2^64)",
                         index, text, sum.integer);
    return fault_set(f, VECDOT_SUCCESS, "wrong result: element %" PRId64 " is %s, and should be %.9g%+.9gj",
                     index, text, sum.re, sum.im);
}

/* About so many elements are summed in all, of at least two outputs where there are two. */
static bool check_sample(const session *s, const bench_problem *p, const bench_set *set, const void *out,
                         const char **verdict, fault *f)
{
    enum { ELEMENTS = 1 << 22, OUTPUTS = 500 };
    samples random = {(uint64_t)p->out.storage};
    int64_t count = ELEMENTS / (p->terms + 1);
    count = count < 2 ? 2 : count > OUTPUTS ? OUTPUTS : count;
    if (count > p->out.storage) count = p->out.storage;
    for (int64_t i = 0; i < count; i++) {
        int64_t index = i == 0 ? 0 : i == 1 ? p->out.storage - 1 : sample_below(&random, p->out.storage);
        if (!check_output(s, p, set, out, index, verdict, f)) return false;
    }
    return true;
}

static bool run_poisoned(const session *s, const bench_problem *p, bench_set *set, int poison, void *out,
                         uint64_t *hash, fault *f)
{
    if (!bench_array_poison(&set->out, s, poison, f) || !bench_call(s, p, set, f)) return false;
    if (!bench_fetch(s, &set->out.tensor, out, f)) return false;
    *hash = bench_hash(out, bench_storage_bytes(&p->out));
    return true;
}

bool bench_check(const session *s, const bench_problem *p, bench_set *set, const char **verdict,
                 uint64_t *hash, fault *f)
{
    uint64_t again = 0;
    void *out = malloc(bench_storage_bytes(&p->out) + 1);
    *verdict = "bits";
    if (out == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for the result");
    bool well = run_poisoned(s, p, set, 0x5a, out, &again, f) && run_poisoned(s, p, set, 0xa5, out, hash, f);
    if (well && *hash != again)
        well = fault_set(f, VECDOT_SUCCESS, "two runs differ, or not every output was written");
    well = well && check_sample(s, p, set, out, verdict, f);
    free(out);
    return well;
}
