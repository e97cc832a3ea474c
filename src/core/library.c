/* All that is specific to the operating system, for POSIX: libraries opened at run time, the environment,
 * folders, threads and clocks. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* secure_getenv */
#endif
#include "core/library.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Libraries ----------------------------------------------------------------------------------- */

/* Appends what the loader says, which begins with the file's name, to the reasons of those tried before. */
static void add_reason(char *reason, size_t capacity, const char *prefix)
{
    size_t length = strlen(reason);
    const char *why = dlerror();
    if (length + 1 < capacity) {
        snprintf(reason + length, capacity - length, "%s%s%s", length > 0 ? "; " : "", prefix,
                 why != NULL ? why : "unknown error");
    }
}

void *library_open(const char *environment, const char *const *names, char *reason, size_t capacity)
{
    char prefix[64] = "";
    const char *const named[2] = {environment_get(environment), NULL};
    if (capacity > 0) reason[0] = '\0';
    if (named[0] != NULL) {
        names = named;
        snprintf(prefix, sizeof prefix, "%s is set: ", environment);
    }
    for (; *names != NULL; names++) {
        void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
        if (library != NULL) return library;
        if (capacity > 0) add_reason(reason, capacity, prefix);
    }
    return NULL;
}

void *library_symbol(void *library, const char *name)
{
    return dlsym(library, name);
}

/* ---- Environment and folders --------------------------------------------------------------------- */

const char *environment_get(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

int folder_visit(const char *path, void (*visit)(void *user, const char *name), void *user)
{
    DIR *folder = opendir(path);
    if (folder == NULL) return 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') visit(user, entry->d_name);
    }
    closedir(folder);
    return 1;
}

int folder_writable(const char *path)
{
    char nearest[1024];
    if (snprintf(nearest, sizeof nearest, "%s", path) >= (int)sizeof nearest) return 0;
    for (;;) {
        if (access(nearest, W_OK | X_OK) == 0) return 1;
        char *slash = strrchr(nearest, '/');
        if (errno != ENOENT || slash == NULL || strcmp(nearest, "/") == 0) return 0;
        slash[slash == nearest] = '\0'; /* the parent, "/" at last */
    }
}

/* ---- Threads and clocks -------------------------------------------------------------------------- */

struct mutex {
    pthread_mutex_t native;
};

mutex *mutex_create(void)
{
    mutex *m = malloc(sizeof *m);
    if (m != NULL && pthread_mutex_init(&m->native, NULL) != 0) {
        free(m);
        m = NULL;
    }
    return m;
}

void mutex_destroy(mutex *m)
{
    if (m == NULL) return;
    pthread_mutex_destroy(&m->native);
    free(m);
}

void mutex_lock(mutex *m)
{
    pthread_mutex_lock(&m->native);
}

void mutex_unlock(mutex *m)
{
    pthread_mutex_unlock(&m->native);
}

enum { ONCE_NEW, ONCE_RUNNING, ONCE_DONE };

static pthread_mutex_t once_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t once_changed = PTHREAD_COND_INITIALIZER;

/* init runs without the lock, so that one once may run another. */
void once_run(once *o, void (*init)(void))
{
    if (__atomic_load_n(&o->state, __ATOMIC_ACQUIRE) == ONCE_DONE) return;
    pthread_mutex_lock(&once_lock);
    while (o->state == ONCE_RUNNING) pthread_cond_wait(&once_changed, &once_lock);
    if (o->state == ONCE_NEW) {
        __atomic_store_n(&o->state, ONCE_RUNNING, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&once_lock);
        init();
        pthread_mutex_lock(&once_lock);
        __atomic_store_n(&o->state, ONCE_DONE, __ATOMIC_RELEASE);
        pthread_cond_broadcast(&once_changed);
    }
    pthread_mutex_unlock(&once_lock);
}

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
