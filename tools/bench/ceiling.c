/* Measures what the memory allows: reading on all cores of the host, copying within a device. */
#include "bench/bench.h"

#include "parallel.h"

#include <stdint.h>
#include <time.h>

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- Host ---------------------------------------------------------------------------------------- */

typedef uint64_t reader(const char *x, const char *y, size_t bytes);

/* Reads two arrays, as a dot product does, and adds all elements in four registers. A vector is as wide as a
 * register of the instruction set, else the compiler keeps the sums in memory, which takes longer than data
 * in caches do. */
#define READER(NAME, BYTES, TARGET)                                                                          \
    typedef uint64_t NAME##_vector __attribute__((vector_size(BYTES), aligned(1), may_alias));               \
    static TARGET uint64_t NAME(const char *x, const char *y, size_t bytes)                                  \
    {                                                                                                        \
        NAME##_vector s0 = {0}, s1 = s0, s2 = s0, s3 = s0;                                                   \
        for (size_t i = 0; i + 4 * (BYTES) <= bytes; i += 4 * (BYTES)) {                                     \
            const NAME##_vector *a = (const NAME##_vector *)(const void *)(x + i);                           \
            const NAME##_vector *b = (const NAME##_vector *)(const void *)(y + i);                           \
            s0 += a[0] ^ b[0];                                                                               \
            s1 += a[1] ^ b[1];                                                                               \
            s2 += a[2] ^ b[2];                                                                               \
            s3 += a[3] ^ b[3];                                                                               \
        }                                                                                                    \
        s0 += s1 + s2 + s3;                                                                                  \
        uint64_t sum = 0;                                                                                    \
        for (int i = 0; i < (BYTES) / 8; i++) sum += s0[i];                                                  \
        return sum;                                                                                          \
    }

READER(read_plain, 16, )

#if defined(__x86_64__)
READER(read_avx2, 32, __attribute__((target("avx2"))))
READER(read_avx512, 64, __attribute__((target("avx512f"))))

static reader *best_reader(void)
{
    return __builtin_cpu_supports("avx512f") ? read_avx512
           : __builtin_cpu_supports("avx2")  ? read_avx2
                                             : read_plain;
}
#else
static reader *best_reader(void)
{
    return read_plain;
}
#endif

typedef struct share {
    reader *read;
    const char *x, *y;
    size_t bytes, rounds;
    uint64_t sum; /* uses the data, so that the compiler keeps the reads */
} share;

static void *run_share(void *argument)
{
    share *s = argument;
    for (size_t i = 0; i < s->rounds; i++) s->sum += s->read(s->x, s->y, s->bytes);
    return NULL;
}

double bench_host_read(const void *x, const void *y, size_t bytes_each)
{
    enum { ENOUGH = 64 << 20 }; /* hides the time to start threads */
    size_t count = (size_t)count_cores(), part = bytes_each / count / 256 * 256;
    size_t rounds = 1 + ENOUGH / (2 * bytes_each + 1);
    share shares[MAX_THREADS];
    double begin = bench_now();
    for (size_t i = 0; i < count; i++)
        shares[i] = (share){.read = best_reader(),
                            .x = (const char *)x + i * part,
                            .y = (const char *)y + i * part,
                            .bytes = i + 1 < count ? part : bytes_each - i * part,
                            .rounds = rounds};
    bool together = in_parallel(run_share, shares, sizeof shares[0], (int)count);
    return together ? (bench_now() - begin) / (double)rounds : -1;
}

/* ---- Device -------------------------------------------------------------------------------------- */

/* Finds how many copies take 20 ms, and measures the rate of each sample of that many. */
static bool sample_copies(const session *s, const bench_array pair[2], double bytes, bench_samples *rates,
                          int runs, fault *f)
{
    int calls = 1;
    for (int r = -2; r < runs; r++) { /* the first two warm up and choose the number of calls */
        double begin = bench_now();
        vecdot_status status = VECDOT_SUCCESS;
        for (int i = 0; i < calls && status == VECDOT_SUCCESS; i++)
            status = vecdot_copy(s->queue, &pair[0].tensor, &pair[1].tensor);
        if (status == VECDOT_SUCCESS) status = vecdot_queue_finish(s->queue);
        if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
        double seconds = bench_now() - begin;
        if (r >= 0) rates->value[rates->count++] = 2 * bytes * calls / seconds;
        if (r == -1) calls = seconds > 0.02 ? 1 : 1 + (int)(0.02 / (seconds + 1e-7));
    }
    return true;
}

bool bench_device_copy(const session *s, double bytes, bench_samples *rates, int runs, fault *f)
{
    int64_t size = (int64_t)(bytes / 8) + 1; /* elements of each of two float32 arrays */
    bench_operand operand = {
        .dtype = VECDOT_FLOAT32, .ndim = 1, .shape = {size}, .strides = {1}, .storage = size};
    bench_array pair[2] = {0};
    bool well = bench_array_create(&pair[0], s, &operand, 999, false, f) &&
                bench_array_create(&pair[1], s, &operand, 998, false, f) &&
                sample_copies(s, pair, (double)bench_storage_bytes(&operand), rates, runs, f);
    bench_array_destroy(&pair[0]);
    bench_array_destroy(&pair[1]);
    return well;
}
