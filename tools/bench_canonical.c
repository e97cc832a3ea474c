/* The canonical sum that defines a floating result (README.md), in plain C: elements one by one through
 * doubles, long sums over all cores. It shares nothing with the library. */
#include "bench.h"

#include "value.h"

#include <math.h>

enum { ROWS = 16, MAX_LANES = 512, MAX_PIECES = 64 };

typedef struct vectors {
    DLDataType dtype[2];
    const char *data[2];
    int64_t n;
    bool narrow; /* float accumulators, else double */
    double sign; /* of the imaginary part of x1     */
    int lanes;
} vectors;

/* Whole chunks of the vectors: one node of the tree. */
typedef struct piece {
    const vectors *v;
    int64_t first, chunks;
    bench_sum sum;
} piece;

static double multiply_add(bool narrow, double a, double b, double c)
{
    return narrow ? (double)fmaf((float)a, (float)b, (float)c) : fma(a, b, c);
}

static double add(bool narrow, double a, double b)
{
    return narrow ? (double)((float)a + (float)b) : a + b;
}

/* Elements [first, first + ROWS * lanes) as far as there are. Adds integers and magnitudes to *sum, and gives
 * the floating value of the chunk. */
static void sum_chunk(const vectors *v, int64_t first, bench_sum *sum, double value_of[2])
{
    double re[MAX_LANES] = {0}, im[MAX_LANES] = {0};
    int64_t end = first + (int64_t)ROWS * v->lanes;
    size_t item1 = v->dtype[0].bits / 8u, item2 = v->dtype[1].bits / 8u;
    bool is_complex = v->dtype[0].code == kDLComplex || v->dtype[1].code == kDLComplex;
    for (int64_t i = first; i < end && i < v->n; i++) {
        int lane = (int)((i - first) % v->lanes);
        value a = value_load(v->dtype[0], v->data[0] + (size_t)i * item1);
        value b = value_load(v->dtype[1], v->data[1] + (size_t)i * item2);
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

/* The pairwise sum of chunks, on a stack as a counter in binary carries. */
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

static void combine(const vectors *v, piece *pieces, int count, bench_sum *sum)
{
    *sum = (bench_sum){0};
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

void bench_canonical(DLDataType dtype1, const void *x1, DLDataType dtype2, const void *x2, int64_t n,
                     DLDataType result, bool conjugate, bench_sum *sum)
{
    int component_bits = result.code == kDLComplex ? result.bits / 2 : result.bits;
    vectors v = {.dtype = {dtype1, dtype2},
                 .data = {x1, x2},
                 .n = n,
                 .narrow = component_bits <= 32,
                 .sign = conjugate ? 1 : -1,
                 .lanes = 512 / (result.bits / 8)};
    int64_t span = (int64_t)ROWS * v.lanes, chunks = (n + span - 1) / span, each = 1;
    int count = 1;
    while (count < MAX_PIECES && count < bench_cores() && n / count > 100000) count *= 2;
    while (each * count < chunks) each *= 2;
    piece pieces[MAX_PIECES];
    for (int i = 0; i < count; i++) {
        int64_t first = i * each, left = chunks - first;
        pieces[i] = (piece){.v = &v, .first = first, .chunks = left < 0 ? 0 : left < each ? left : each};
    }
    bench_in_parallel(sum_piece, pieces, sizeof pieces[0], count);
    combine(&v, pieces, count, sum);
}
