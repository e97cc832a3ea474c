/* Runs threads, one for each item. */
#include "parallel.h"

#include <pthread.h>
#include <unistd.h>

int count_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > MAX_THREADS ? MAX_THREADS : (int)cores;
}

bool in_parallel(void *(*work)(void *item), void *items, size_t size, int count)
{
    pthread_t threads[MAX_THREADS];
    int started = 1;
    while (started < count &&
           pthread_create(&threads[started], NULL, work, (char *)items + (size_t)started * size) == 0)
        started++;
    work(items);
    for (int i = 1; i < started; i++) pthread_join(threads[i], NULL);
    for (int i = started; i < count; i++) work((char *)items + (size_t)i * size);
    return started == count;
}
