/* Jobs for the pool that tell what it did. */
#include "support/crew.h"

#include "core/base/os.h"
#include "support/cmocka.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { MOST_SLOTS = 64, MOST_ITEMS = 2000 };

void crew_open(int threads)
{
    char value[16];
    snprintf(value, sizeof value, "%d", threads);
    if (threads > 0)
        setenv("VECDOT_NUM_THREADS", value, 1);
    else
        unsetenv("VECDOT_NUM_THREADS");
    vecdot_status status = pool_retain();
    if (status != VECDOT_SUCCESS) fail_msg("pool_retain: %s", vecdot_last_error());
}

int crew_size(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/task");
    if (folder == NULL) return -1;
    for (const struct dirent *e = readdir(folder); e != NULL; e = readdir(folder))
        count += e->d_name[0] != '.';
    closedir(folder);
    return count;
}

int crew_has(int threads)
{
    const struct timespec moment = {0, 1000000};
    double end = clock_seconds() + 2;
    while (crew_size() != threads) {
        if (clock_seconds() > end) return 0;
        nanosleep(&moment, NULL);
    }
    return 1;
}

/* ---- A job that needs so many threads ------------------------------------------------------------ */

typedef struct meeting {
    int threads;
    atomic_int arrived, wrong;
    atomic_int in_slot[MOST_SLOTS];
    pthread_t caller;
    double end;
} meeting;

static void meet(void *job, int slot, int64_t begin, int64_t end)
{
    meeting *m = job;
    if (end - begin != 1 || slot < 0 || slot >= m->threads || atomic_fetch_add(&m->in_slot[slot], 1) != 0)
        atomic_store(&m->wrong, 1);
    if ((slot == 0) != (pthread_equal(pthread_self(), m->caller) != 0)) atomic_store(&m->wrong, 1);
    atomic_fetch_add(&m->arrived, 1);
    while (atomic_load(&m->arrived) < m->threads && clock_seconds() < m->end) sched_yield();
    if (atomic_load(&m->arrived) < m->threads) atomic_store(&m->wrong, 1);
}

int crew_meets(int threads)
{
    meeting m = {.threads = threads, .caller = pthread_self(), .end = clock_seconds() + 10};
    pool_run(threads, threads, 1, meet, &m);
    return !atomic_load(&m.wrong) && atomic_load(&m.arrived) == threads;
}

/* ---- A job that counts --------------------------------------------------------------------------- */

typedef struct tally {
    int threads;
    int64_t items, chunk;
    atomic_int wrong;
    atomic_int in_slot[MOST_SLOTS]; /* how many are inside with this slot now */
    atomic_int done[MOST_ITEMS];
} tally;

static void count(void *job, int slot, int64_t begin, int64_t end)
{
    tally *t = job;
    int64_t most = begin + t->chunk < t->items ? begin + t->chunk : t->items;
    if (slot < 0 || slot >= t->threads || begin < 0 || begin % t->chunk != 0 || end != most) {
        atomic_store(&t->wrong, 1);
        return;
    }
    if (atomic_fetch_add(&t->in_slot[slot], 1) != 0) atomic_store(&t->wrong, 1);
    for (int64_t k = begin; k < end; k++) atomic_fetch_add_explicit(&t->done[k], 1, memory_order_relaxed);
    if (atomic_fetch_sub(&t->in_slot[slot], 1) != 1) atomic_store(&t->wrong, 1);
}

int crew_counts(int threads, int64_t items, int64_t chunk)
{
    tally t = {.threads = threads < 1 ? 1 : threads, .items = items, .chunk = chunk};
    assert_true(items <= MOST_ITEMS && threads <= MOST_SLOTS);
    pool_run(threads, items, chunk, count, &t);
    for (int64_t k = 0; k < MOST_ITEMS; k++)
        if (atomic_load_explicit(&t.done[k], memory_order_relaxed) != (k < items)) return 0;
    return !atomic_load(&t.wrong);
}
