/* See streams.h. Compiled for the machine at hand with free association of sums. Vectors are said by the
 * extension that gcc and clang share, float16 conversions by intrinsics. */
#include "bench/streams.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#if defined(__AVX512F__) || defined(__F16C__)
#include <immintrin.h>
#endif

#define MAX_THREADS 256

/* Vectors of one cache line that may lie anywhere. */
typedef float f32x16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef double f64x8 __attribute__((vector_size(64), aligned(8), may_alias));

static double dot_f32(const void *x1, const void *x2, size_t n, double *imaginary)
{
    (void)imaginary;
    const float *x = x1, *y = x2;
    f32x16 s0 = {0}, s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        const f32x16 *a = (const f32x16 *)(x + i), *b = (const f32x16 *)(y + i);
        s0 += a[0] * b[0];
        s1 += a[1] * b[1];
        s2 += a[2] * b[2];
        s3 += a[3] * b[3];
    }
    for (; i < n; i++) s0[0] += x[i] * y[i];
    s0 += s1 + s2 + s3;
    double total = 0;
    for (int j = 0; j < 16; j++) total += (double)s0[j];
    return total;
}

static double dot_f64(const void *x1, const void *x2, size_t n, double *imaginary)
{
    (void)imaginary;
    const double *x = x1, *y = x2;
    f64x8 s0 = {0}, s1 = s0, s2 = s0, s3 = s0;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const f64x8 *a = (const f64x8 *)(x + i), *b = (const f64x8 *)(y + i);
        s0 += a[0] * b[0];
        s1 += a[1] * b[1];
        s2 += a[2] * b[2];
        s3 += a[3] * b[3];
    }
    for (; i < n; i++) s0[0] += x[i] * y[i];
    s0 += s1 + s2 + s3;
    double total = 0;
    for (int j = 0; j < 8; j++) total += s0[j];
    return total;
}

static double half_value(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent ? 1024 + fraction : fraction;
    for (int e = exponent ? exponent : 1; e < 25; e++) value /= 2;
    for (int e = 25; e < exponent; e++) value *= 2;
    return bits & 0x8000 ? -value : value;
}

static double dot_f16(const void *x1, const void *x2, size_t n, double *imaginary)
{
    (void)imaginary;
    const uint16_t *x = x1, *y = x2;
    double total = 0;
    size_t i = 0;
#if defined(__AVX512F__)
    __m512 even = _mm512_setzero_ps(), odd = even;
    for (; i + 32 <= n; i += 32) {
        __m512i a = _mm512_loadu_si512(x + i), b = _mm512_loadu_si512(y + i);
        even = _mm512_fmadd_ps(_mm512_cvtph_ps(_mm512_castsi512_si256(a)),
                               _mm512_cvtph_ps(_mm512_castsi512_si256(b)), even);
        odd = _mm512_fmadd_ps(_mm512_cvtph_ps(_mm512_extracti64x4_epi64(a, 1)),
                              _mm512_cvtph_ps(_mm512_extracti64x4_epi64(b, 1)), odd);
    }
    total = (double)_mm512_reduce_add_ps(_mm512_add_ps(even, odd));
#elif defined(__F16C__) && defined(__AVX__)
    __m256 even = _mm256_setzero_ps(), odd = even;
    for (; i + 16 <= n; i += 16) {
        const __m128i *a = (const __m128i *)(const void *)(x + i),
                      *b = (const __m128i *)(const void *)(y + i);
        even += _mm256_cvtph_ps(_mm_loadu_si128(a)) * _mm256_cvtph_ps(_mm_loadu_si128(b));
        odd += _mm256_cvtph_ps(_mm_loadu_si128(a + 1)) * _mm256_cvtph_ps(_mm_loadu_si128(b + 1));
    }
    even += odd;
    for (int j = 0; j < 8; j++) total += (double)even[j];
#endif
    for (; i < n; i++) total += half_value(x[i]) * half_value(y[i]);
    return total;
}

static double dot_i8(const void *x1, const void *x2, size_t n, double *imaginary)
{
    (void)imaginary;
    const int8_t *x = x1, *y = x2;
    int64_t total = 0;
    for (size_t block = 0; block < n; block += 1 << 16) { /* at most 2^30 a block */
        size_t end = n - block < 1 << 16 ? n : block + (1 << 16);
        int32_t sum = 0;
        for (size_t i = block; i < end; i++) sum += x[i] * y[i];
        total += sum;
    }
    return (double)total;
}

/* Real parts multiply what lies at the same place, imaginary ones what lies beside it, every second with a
 * minus. */
static double dot_c64(const void *x1, const void *x2, size_t n, double *imaginary)
{
    const float *x = x1, *y = x2;
    f32x16 re0 = {0}, re1 = re0, im0 = re0, im1 = re0;
    size_t i = 0;
    for (; i + 32 <= 2 * n; i += 32) {
        const f32x16 *a = (const f32x16 *)(x + i), *b = (const f32x16 *)(y + i);
        re0 += a[0] * b[0];
        re1 += a[1] * b[1];
        im0 +=
            a[0] * __builtin_shufflevector(b[0], b[0], 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        im1 +=
            a[1] * __builtin_shufflevector(b[1], b[1], 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    }
    for (; i < 2 * n; i += 2) {
        re0[0] += x[i] * y[i] + x[i + 1] * y[i + 1];
        im0[0] += x[i] * y[i + 1] - x[i + 1] * y[i];
    }
    re0 += re1;
    im0 += im1;
    double total = 0;
    for (int j = 0; j < 16; j++) {
        total += (double)re0[j];
        *imaginary += (double)(j & 1 ? -im0[j] : im0[j]);
    }
    return total;
}

/* Returns the real part; adds the imaginary one, where there is one. */
typedef double dot_function(const void *x, const void *y, size_t n, double *imaginary);

static const struct {
    size_t item;
    dot_function *dot;
} streams[STREAM_COUNT] = {
    [STREAM_F32] = {4, dot_f32}, [STREAM_F64] = {8, dot_f64}, [STREAM_F16] = {2, dot_f16},
    [STREAM_I8] = {1, dot_i8},   [STREAM_C64] = {8, dot_c64},
};

typedef struct share {
    dot_function *dot;
    const char *x, *y;
    size_t n;
    double result[2];
} share;

static void *run_share(void *argument)
{
    share *s = argument;
    s->result[0] = s->dot(s->x, s->y, s->n, &s->result[1]);
    return NULL;
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

size_t stream_item_size(stream kind)
{
    return streams[kind].item;
}

double stream_dot(stream kind, const void *x, const void *y, size_t bytes, double result[2])
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = cores < 1 ? 1 : cores > MAX_THREADS ? MAX_THREADS : (size_t)cores;
    size_t item = streams[kind].item, n = bytes / item, each = n / count / 64 * 64;
    share shares[MAX_THREADS];
    pthread_t threads[MAX_THREADS];
    size_t started = 0;
    double begin = seconds_now();
    for (size_t i = 0; i < count; i++) {
        size_t at = i * each * item;
        shares[i] = (share){streams[kind].dot,
                            (const char *)x + at,
                            (const char *)y + at,
                            i + 1 < count ? each : n - i * each,
                            {0, 0}};
    }
    while (started + 1 < count && !pthread_create(&threads[started], NULL, run_share, &shares[started]))
        started++;
    int all = started + 1 == count;
    if (all) run_share(&shares[count - 1]);
    result[0] = result[1] = 0;
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    for (size_t i = 0; i < count; i++) {
        result[0] += shares[i].result[0];
        result[1] += shares[i].result[1];
    }
    return all ? seconds_now() - begin : -1;
}
