/* The scalar canonical reference. An element is read into a `number`, cast to the compute dtype, multiplied
 * and summed in the canonical order, cast and written. Doubles carry every floating value exactly; rounding
 * to a narrower dtype happens in round_to() and nowhere else. */
#include "support/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum kind { BOOL, UNSIGNED, SIGNED, FLOATING, COMPLEX } kind;

/* digits and exponents describe one floating component: IEEE 754's p, emin and emax. */
static const struct {
    const char *name;
    uint8_t code, bits;
    kind kind;
    int digits, least, most;
} types[REF_COUNT] = {
    {"b1", 6, 8, BOOL, 0, 0, 0},
    {"i8", kDLInt, 8, SIGNED, 0, 0, 0},
    {"i16", kDLInt, 16, SIGNED, 0, 0, 0},
    {"i32", kDLInt, 32, SIGNED, 0, 0, 0},
    {"i64", kDLInt, 64, SIGNED, 0, 0, 0},
    {"u8", kDLUInt, 8, UNSIGNED, 0, 0, 0},
    {"u16", kDLUInt, 16, UNSIGNED, 0, 0, 0},
    {"u32", kDLUInt, 32, UNSIGNED, 0, 0, 0},
    {"u64", kDLUInt, 64, UNSIGNED, 0, 0, 0},
    {"f16", kDLFloat, 16, FLOATING, 11, -14, 15},
    {"bf16", kDLBfloat, 16, FLOATING, 8, -126, 127},
    {"f32", kDLFloat, 32, FLOATING, 24, -126, 127},
    {"f64", kDLFloat, 64, FLOATING, 53, -1022, 1023},
    {"c64", kDLComplex, 64, COMPLEX, 24, -126, 127},
    {"c128", kDLComplex, 128, COMPLEX, 53, -1022, 1023},
};

const char *ref_name(ref_type type)
{
    return types[type].name;
}
int ref_size(ref_type type)
{
    return types[type].bits / 8;
}
int ref_is_complex(ref_type type)
{
    return types[type].kind == COMPLEX;
}
int ref_is_float(ref_type type)
{
    return types[type].kind >= FLOATING;
}
int ref_is_signed(ref_type type)
{
    return types[type].kind == SIGNED;
}
int ref_same_kind(ref_type from, ref_type to)
{
    return types[from].kind <= types[to].kind;
}
DLDataType ref_dlpack(ref_type type)
{
    return (DLDataType){types[type].code, types[type].bits, 1};
}

ref_type ref_from_name(const char *name)
{
    int type = 0;
    while (type < REF_COUNT && strcmp(types[type].name, name) != 0) type++;
    return (ref_type)type;
}

/* ---- Promotion ----------------------------------------------------------------------------------- */

/* Whether every value of a is one of b's. As in NumPy, float64 stands for the 64-bit integers too. */
static int holds(ref_type a, ref_type b)
{
    if (types[a].kind > types[b].kind) return 0;
    if (types[a].kind == BOOL) return 1;
    int width = types[a].bits, both_integer = types[b].kind <= SIGNED;
    if (both_integer) return types[a].kind == types[b].kind ? width <= types[b].bits : width < types[b].bits;
    if (types[a].kind <= SIGNED) {
        if (types[b].digits == 53) return 1;
        return types[b].digits >= width - (types[a].kind == SIGNED);
    }
    return types[a].digits <= types[b].digits && types[a].most <= types[b].most;
}

/* The first dtype, in order of rank and size, that holds both. */
ref_type ref_promote(ref_type a, ref_type b)
{
    static const ref_type order[] = {REF_B1,  REF_U8,  REF_U16,  REF_U32, REF_U64, REF_I8,  REF_I16, REF_I32,
                                     REF_I64, REF_F16, REF_BF16, REF_F32, REF_F64, REF_C64, REF_C128};
    int i = 0;
    while (!holds(a, order[i]) || !holds(b, order[i])) i++;
    return order[i];
}

/* ---- Elements ------------------------------------------------------------------------------------ */

/* Integers (modulo 2^64, extended by their sign) and bool use `integer`, the others re and im. */
typedef struct number {
    uint64_t integer;
    double re, im;
} number;

static uint64_t wrap(uint64_t value, ref_type type)
{
    if (types[type].kind == BOOL) return value != 0;
    if (types[type].bits == 64) return value;
    uint64_t top = (uint64_t)1 << (types[type].bits - 1);
    value &= 2 * top - 1;
    return types[type].kind == SIGNED ? (value ^ top) - top : value;
}

/* To p digits and the type's exponent range: nearest even, subnormals kept, overflow to infinity. */
static double round_to(double x, ref_type type)
{
    if (types[type].digits == 53) return x;
    if (types[type].digits == 24) return (double)(float)x;
    if (!isfinite(x) || x == 0) return x;
    int exponent = ilogb(x) > types[type].least ? ilogb(x) : types[type].least;
    int unit = exponent - (types[type].digits - 1);
    double rounded = ldexp(rint(ldexp(x, -unit)), unit);
    return fabs(rounded) >= ldexp(1, types[type].most + 1) ? copysign(INFINITY, x) : rounded;
}

static double real_from_integer(uint64_t value, int is_signed, ref_type to)
{
    int negative = is_signed && value >> 63;
    uint64_t size = negative ? 0 - value : value;
    double result;
    if (types[to].digits == 53)
        result = (double)size;
    else if (types[to].digits == 24)
        result = (double)(float)size;
    else if (size >> 53 == 0)
        result = round_to((double)size, to);
    else
        result = round_to(ldexp((double)(size >> 11 | ((size & 2047) != 0)), 11), to); /* a sticky bit */
    return negative ? -result : result;
}

static number convert(number v, ref_type from, ref_type to)
{
    number result = {0, 0, 0};
    if (types[to].kind <= SIGNED) {
        result.integer = wrap(v.integer, to);
    } else if (types[from].kind <= SIGNED) {
        result.re = real_from_integer(v.integer, types[from].kind == SIGNED, to);
    } else {
        result.re = round_to(v.re, to);
        if (types[to].kind == COMPLEX) result.im = round_to(v.im, to);
    }
    return result;
}

static double real_load(ref_type type, const unsigned char *p)
{
    if (types[type].digits == 53) {
        double x;
        memcpy(&x, p, sizeof x);
        return x;
    }
    if (types[type].digits == 24) {
        float x;
        memcpy(&x, p, sizeof x);
        return x;
    }
    int stored = types[type].digits - 1; /* significand bits in memory */
    unsigned bits = (unsigned)p[0] | (unsigned)p[1] << 8;
    int significand = (int)(bits & ((1u << stored) - 1)), field = (int)((bits & 0x7fff) >> stored);
    double x;
    if (field == types[type].most * 2 + 1)
        x = significand ? NAN : INFINITY;
    else if (field == 0)
        x = ldexp(significand, types[type].least - stored);
    else
        x = ldexp(significand + (1 << stored), field - 1 + types[type].least - stored);
    return bits >> 15 ? -x : x;
}

/* x is already a value of the type. */
static void real_store(ref_type type, double x, unsigned char *p)
{
    if (types[type].digits == 53) {
        memcpy(p, &x, sizeof x);
        return;
    }
    if (types[type].digits == 24) {
        float narrow = (float)x;
        memcpy(p, &narrow, sizeof narrow);
        return;
    }
    int stored = types[type].digits - 1, least = types[type].least;
    unsigned bits = signbit(x) ? 0x8000 : 0, infinity = (unsigned)(types[type].most * 2 + 1) << stored;
    if (isnan(x))
        bits |= infinity | 1u << (stored - 1);
    else if (isinf(x))
        bits |= infinity;
    else if (x != 0) {
        int exponent = ilogb(x) > least ? ilogb(x) : least;
        /* A normal number's leading 1 adds one to the exponent field. */
        bits |= ((unsigned)(exponent - least) << stored) + (unsigned)ldexp(fabs(x), stored - exponent);
    }
    p[0] = (unsigned char)(bits & 255);
    p[1] = (unsigned char)(bits >> 8);
}

static number load(ref_type type, const unsigned char *p)
{
    number v = {0, 0, 0};
    if (types[type].kind <= SIGNED) {
        for (int i = ref_size(type); i-- > 0;) v.integer = v.integer << 8 | p[i]; /* little-endian */
        v.integer = wrap(v.integer, type);
    } else {
        v.re = real_load(type, p);
        if (types[type].kind == COMPLEX) v.im = real_load(type, p + ref_size(type) / 2);
    }
    return v;
}

static void store(ref_type type, number v, unsigned char *p)
{
    if (types[type].kind <= SIGNED) {
        memcpy(p, &v.integer, (size_t)ref_size(type));
    } else {
        real_store(type, v.re, p);
        if (types[type].kind == COMPLEX) real_store(type, v.im, p + ref_size(type) / 2);
    }
}

void reference_cast(ref_type from, const void *value, ref_type to, void *result)
{
    store(to, convert(load(from, value), from, to), result);
}

int reference_same(ref_type type, const void *a, const void *b)
{
    if (memcmp(a, b, (size_t)ref_size(type)) == 0) return 1;
    if (types[type].kind < FLOATING) return 0;
    int parts = types[type].kind == COMPLEX ? 2 : 1, size = ref_size(type) / parts;
    for (int i = 0; i < parts; i++) {
        const unsigned char *p = (const unsigned char *)a + i * size;
        const unsigned char *q = (const unsigned char *)b + i * size;
        int both_nan = isnan(real_load(type, p)) && isnan(real_load(type, q));
        if (!both_nan && memcmp(p, q, (size_t)size) != 0) return 0;
    }
    return 1;
}

/* ---- The canonical sum --------------------------------------------------------------------------- */

/* float16 and bfloat16 are summed in float32. */
static int sums_in_double(ref_type type)
{
    return types[type].digits == 53;
}

static double fused(double a, double b, double c, ref_type type)
{
    return sums_in_double(type) ? fma(a, b, c) : (double)fmaf((float)a, (float)b, (float)c);
}

static double add(double a, double b, ref_type type)
{
    return sums_in_double(type) ? a + b : (double)((float)a + (float)b);
}

static void accumulate(number *sum, number a, number b, const reference *r)
{
    ref_type type = r->compute;
    if (types[type].kind == BOOL) {
        sum->integer |= a.integer & b.integer;
    } else if (types[type].kind <= SIGNED) {
        sum->integer += a.integer * b.integer;
    } else if (types[type].kind == FLOATING) {
        sum->re = fused(a.re, b.re, sum->re, type);
    } else {
        double ai = r->conjugate ? a.im : -a.im;
        sum->re = fused(a.re, b.re, sum->re, type);
        sum->re = fused(ai, b.im, sum->re, type);
        sum->im = fused(a.re, b.im, sum->im, type);
        sum->im = fused(-ai, b.re, sum->im, type);
    }
}

static number add_numbers(number a, number b, ref_type type)
{
    if (types[type].kind == BOOL)
        a.integer |= b.integer;
    else if (types[type].kind <= SIGNED)
        a.integer += b.integer;
    else
        a.re = add(a.re, b.re, type);
    if (types[type].kind == COMPLEX) a.im = add(a.im, b.im, type);
    return a;
}

/* Adjacent pairs, then adjacent pairs of those: ((v0 + v1) + (v2 + v3)) + ... Overwrites the values. */
static number tree(number *v, int64_t count, ref_type type)
{
    for (; count > 1; count = (count + 1) / 2) {
        for (int64_t i = 0; i < count / 2; i++) v[i] = add_numbers(v[2 * i], v[2 * i + 1], type);
        if (count % 2) v[count / 2] = v[count - 1];
    }
    return v[0];
}

/* Elements that are added side by side in a chunk, and in all of it. */
static int lanes_of(const reference *r)
{
    return r->is_matrix ? 1 : 512 / ref_size(r->compute);
}

static int64_t chunk_length(const reference *r)
{
    return r->is_matrix ? MATRIX_BLOCK_ELEMENTS : (int64_t)lanes_of(r) * CANONICAL_ROWS;
}

static void one_output(const reference *r, const unsigned char *x1, const unsigned char *x2,
                       unsigned char *out, number *chunks)
{
    int lanes = lanes_of(r), size1 = ref_size(r->type1), size2 = ref_size(r->type2);
    int64_t length = chunk_length(r), count = 0;
    number lane[512], zero = {0, 0, 0}, sum = zero;
    for (int64_t first = 0; first < r->n; first += length) {
        int64_t end = r->n - first < length ? r->n : first + length;
        int used = end - first < lanes ? (int)(end - first) : lanes; /* the others would stay +0 */
        for (int l = 0; l < used; l++) lane[l] = zero;
        for (int64_t i = first; i < end; i++) {
            number a = convert(load(r->type1, x1 + i * r->stride1 * size1), r->type1, r->compute);
            number b = convert(load(r->type2, x2 + i * r->stride2 * size2), r->type2, r->compute);
            accumulate(&lane[i % lanes], a, b, r);
        }
        chunks[count++] = tree(lane, used, r->compute);
    }
    if (count) sum = tree(chunks, count, r->compute);
    sum.re = round_to(sum.re + 0.0, r->compute); /* no negative zero is left before the rounding */
    sum.im = round_to(sum.im + 0.0, r->compute);
    if (types[r->compute].kind <= SIGNED) sum.integer = wrap(sum.integer, r->compute);
    store(r->type_out, convert(sum, r->compute, r->type_out), out);
}

int reference_compute(const reference *r)
{
    int64_t length = chunk_length(r), outputs = 1;
    int64_t index[REFERENCE_MAX_RANK] = {0}, at1 = 0, at2 = 0, at_out = 0;
    number *chunks = malloc(sizeof *chunks * (size_t)(r->n / length + 1));
    if (!chunks) return 0;
    for (int d = 0; d < r->rank; d++) outputs *= r->shape[d];
    for (int64_t o = 0; o < outputs; o++) {
        one_output(r, r->x1 + at1 * ref_size(r->type1), r->x2 + at2 * ref_size(r->type2),
                   r->out + at_out * ref_size(r->type_out), chunks);
        for (int d = r->rank - 1; d >= 0; d--) {
            int64_t back = ++index[d] == r->shape[d] ? r->shape[d] : 0;
            at1 += r->step1[d] - back * r->step1[d];
            at2 += r->step2[d] - back * r->step2[d];
            at_out += r->step_out[d] - back * r->step_out[d];
            if (!back) break;
            index[d] = 0;
        }
    }
    free(chunks);
    return 1;
}
