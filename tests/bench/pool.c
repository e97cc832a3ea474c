/* What a job of the pool costs before its work: medians and the ninth tenth, in microseconds.
 *
 *     bench_pool [THREADS]      default: as many as the pool would take
 *
 * For each way of doing it - one thread, the pool with two threads, with THREADS: a job that does nothing,
 * back to back and a millisecond after the one before; the processor time that such a call takes; the
 * processor time of half a second without calls. Then two items of so many microseconds, by two threads and
 * by one. */
#include "backend_cpu/pool.h"
#include "core/base/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { WARM = 1000, EMPTY = 4000, RARE = 300, PAIRS = 200 };

static volatile double out[2 * 64];
static long loops; /* of an item */

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void sleep_us(long microseconds)
{
    const struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static void nothing(void *job, int slot, int64_t begin, int64_t end)
{
    (void)job, (void)slot, (void)begin, (void)end;
}

static void item(void *job, int slot, int64_t begin, int64_t end)
{
    (void)job, (void)slot;
    for (; begin < end; begin++) {
        double x = 1;
        for (long k = 0; k < loops; k++) x = x * 1.0000001 + 1e-9;
        out[begin * 64] = x;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct figures {
    double median, ninth;
} figures;

/* Microseconds of a call, `count` times, each after a pause. */
static figures measure(int threads, int64_t items, pool_work *work, int count, long pause)
{
    static double us[EMPTY];
    for (int k = 0; k < count; k++) {
        if (pause > 0) sleep_us(pause);
        double begin = clock_seconds();
        pool_run(threads, items, 1, work, NULL);
        us[k] = 1e6 * (clock_seconds() - begin);
    }
    qsort(us, (size_t)count, sizeof us[0], by_value);
    return (figures){us[count / 2], us[count * 9 / 10]};
}

static void report_starts(int threads)
{
    measure(threads, threads, nothing, WARM, 0);
    figures row = measure(threads, threads, nothing, EMPTY, 0);
    double before = processor_seconds();
    figures rare = measure(threads, threads, nothing, RARE, 1000);
    double used = 1e6 * (processor_seconds() - before) / RARE;
    before = processor_seconds();
    sleep_us(500000);
    double idle = 1e3 * (processor_seconds() - before);
    printf("%7d  %9.2f %6.2f  %9.1f %6.1f  %9.0f  %9.2f\n", threads, row.median, row.ninth, rare.median,
           rare.ninth, used, idle);
}

static void report_pair(double us, double per_loop)
{
    loops = (long)(us / per_loop);
    figures f[2][2]; /* after a pause; by one thread and by two */
    for (int late = 0; late < 2; late++)
        for (int two = 0; two < 2; two++) f[late][two] = measure(1 + two, 2, item, PAIRS, 1000 * late);
    printf("%7.0f", us);
    for (int late = 0; late < 2; late++)
        printf("  %9.1f %9.1f %6.1f  %5.2f", f[late][0].median, f[late][1].median, f[late][1].ninth,
               f[late][1].median / f[late][0].median);
    printf("\n");
}

int main(int argc, char **argv)
{
    static const double items[] = {1, 2, 5, 10, 20, 50, 100, 200, 500};
    if (argc > 1) setenv("VECDOT_NUM_THREADS", argv[1], 1);
    if (pool_retain() != VECDOT_SUCCESS) {
        fprintf(stderr, "bench_pool: %s\n", vecdot_last_error());
        return EXIT_FAILURE;
    }
    printf("empty job, us     back to back        after 1 ms   CPU us     CPU ms\n");
    printf("threads     median    p90     median    p90   a call   idle 0.5 s\n");
    report_starts(1);
    if (pool_threads() > 2) report_starts(2);
    if (pool_threads() > 1) report_starts(pool_threads());
    loops = 20000;
    double per_loop = measure(1, 1, item, PAIRS, 0).median / (double)loops;
    printf("\ntwo items         back to back: one thread, two, p90, ratio      after 1 ms: the same\n");
    for (size_t k = 0; k < sizeof items / sizeof items[0]; k++) report_pair(items[k], per_loop);
    pool_release();
    return EXIT_SUCCESS;
}
