/* Draws the progress line in the main thread while the work runs in another. */
#define _POSIX_C_SOURCE 200809L

#include "progress.h"

#include "system.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

void progress_tell(progress *p, uint64_t done, uint64_t total)
{
    atomic_store(&p->done, done);
    atomic_store(&p->total, total);
}

typedef struct job {
    void (*work)(void *);
    void *argument;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done;
} job;

static void *job_thread(void *argument)
{
    job *j = argument;
    j->work(j->argument);
    pthread_mutex_lock(&j->mutex);
    j->done = true;
    pthread_cond_signal(&j->changed);
    pthread_mutex_unlock(&j->mutex);
    return NULL;
}

/* Waits for the job until the given time at most. Returns true when the job is done. */
static bool wait_until(job *j, struct timespec until)
{
    int status = 0;
    pthread_mutex_lock(&j->mutex);
    while (!j->done && status == 0) status = pthread_cond_timedwait(&j->changed, &j->mutex, &until);
    bool done = j->done;
    pthread_mutex_unlock(&j->mutex);
    return done;
}

/* Draws "[#########---------------]  38% ". */
static void draw_bar(progress *watched)
{
    enum { WIDTH = 24 };
    uint64_t total = atomic_load(&watched->total), done = atomic_load(&watched->done);
    if (total == 0) return;
    double part = done < total ? (double)done / (double)total : 1;
    char bar[WIDTH + 1];
    for (int i = 0; i < WIDTH; i++) bar[i] = i < (int)(part * WIDTH) ? '#' : '-';
    bar[WIDTH] = '\0';
    fprintf(stderr, "[%s] %3d%% ", bar, (int)(part * 100));
}

static void draw(const char *label, double seconds, progress *watched)
{
    fprintf(stderr, "\r\033[Kvecdot: %s ", label);
    draw_bar(watched);
    fprintf(stderr, "%.1f s", seconds);
    fflush(stderr);
}

static struct timespec later(struct timespec t, long nanoseconds)
{
    t.tv_nsec += nanoseconds;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void show_progress(job *j, const char *label, progress *watched)
{
    struct timespec start, next;
    clock_gettime(CLOCK_MONOTONIC, &start);
    next = later(start, 500000000);
    bool shown = false;
    while (!wait_until(j, next)) {
        draw(label, (double)(next.tv_sec - start.tv_sec) + (double)(next.tv_nsec - start.tv_nsec) / 1e9,
             watched);
        shown = true;
        next = later(next, 200000000);
    }
    if (shown) fputs("\r\033[K", stderr);
}

void run_with_progress(void (*work)(void *), void *argument, const char *label, progress *watched)
{
    if (!stderr_is_terminal()) {
        work(argument);
        return;
    }
    job j = {.work = work, .argument = argument, .mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_condattr_t attributes;
    pthread_t thread;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&j.changed, &attributes);
    if (pthread_create(&thread, NULL, job_thread, &j) == 0) {
        show_progress(&j, label, watched);
        pthread_join(thread, NULL);
    } else {
        work(argument);
    }
    pthread_cond_destroy(&j.changed);
    pthread_condattr_destroy(&attributes);
}
