/* The same work on several things at once, one thread each. */
#include "bench.h"

#include <pthread.h>
#include <unistd.h>

int bench_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > BENCH_THREADS ? BENCH_THREADS : (int)cores;
}

bool bench_in_parallel(bench_work *work, void *items, size_t size, int count)
{
    pthread_t threads[BENCH_THREADS];
    int started = 1;
    while (started < count &&
           pthread_create(&threads[started], NULL, work, (char *)items + (size_t)started * size) == 0)
        started++;
    work(items);
    for (int i = 1; i < started; i++) pthread_join(threads[i], NULL);
    for (int i = started; i < count; i++) work((char *)items + (size_t)i * size);
    return started == count;
}
