/* Threads of the operating system: locks, what runs once, threads that compute, a word to sleep on, and what
 * a child process must be told. For Linux. */
#include "core/base/os.h"

#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Locks --------------------------------------------------------------------------------------- */

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

/* init runs without the lock, so that it may call once_run for another `once`. */
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

/* ---- Threads that compute ------------------------------------------------------------------------ */

_Static_assert(sizeof(pthread_t) <= sizeof(void *), "thread.native holds a pthread_t");

/* Adds a library's thread-local storage. */
static int add_storage(struct dl_phdr_info *info, size_t size, void *sum)
{
    (void)size;
    for (int k = 0; k < info->dlpi_phnum; k++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[k];
        if (part->p_type == PT_TLS) *(size_t *)sum += part->p_memsz + part->p_align;
    }
    return 0;
}

/* The C library puts thread-local storage at the end of a thread's stack, beside some data of its own. */
size_t thread_stack(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    long own = sysconf(_SC_THREAD_STACK_MIN);
    dl_iterate_phdr(add_storage, &bytes);
    bytes += own > 0 ? (size_t)own : page;
    return (bytes + page - 1) / page * page;
}

static void *run_body(void *user)
{
    const thread *t = user;
    pthread_setname_np(pthread_self(), "vecdot");
    t->body();
    return NULL;
}

int thread_start(thread *t, size_t stack, void (*body)(void))
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    pthread_t native;
    pthread_attr_t attributes;
    sigset_t blocked, before;
    if (pthread_attr_init(&attributes) != 0) return 0;
    pthread_attr_setstacksize(&attributes, stack);
    sigfillset(&blocked);
    for (size_t k = 0; k < sizeof faults / sizeof faults[0]; k++) sigdelset(&blocked, faults[k]);
    t->body = body;
    pthread_sigmask(SIG_BLOCK, &blocked, &before); /* a new thread has its creator's mask */
    int error = pthread_create(&native, &attributes, run_body, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error == 0) memcpy(&t->native, &native, sizeof native);
    return error == 0;
}

void thread_join(thread *t)
{
    pthread_t native;
    memcpy(&native, &t->native, sizeof native);
    pthread_join(native, NULL);
}

void word_wait(const atomic_uint *word, unsigned seen)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

void word_wake(const atomic_uint *word, int most)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
}

int on_fork(void (*child)(void))
{
    return pthread_atfork(NULL, NULL, child) == 0;
}
