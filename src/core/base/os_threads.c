/* Threads of the operating system: locks, what runs once, threads that compute, a word to sleep on, child
 * processes and cancellation. For Linux. */
#include "core/base/os.h"

#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Child processes ------------------------------------------------------------------------------ */

const char forked[] =
    "this process was forked from one that had opened the driver, which works in that one only: fork before "
    "the driver is opened, start a new program (exec), or use the backend \"cpu\"";

static unsigned number = 1;
static int handles_fork;
static void (*in_child)(void);

static void after_fork(void)
{
    number++; /* no other thread is there */
    if (in_child != NULL) in_child();
}

unsigned process_number(void)
{
    return number;
}

int on_fork(void (*child)(void))
{
    in_child = child;
    if (!handles_fork) handles_fork = pthread_atfork(NULL, NULL, after_fork) == 0;
    return handles_fork;
}

/* ---- Locks --------------------------------------------------------------------------------------- */

/* A mutex of the C library would stay locked in a child, and be left behind when the library is closed. */
unsigned mutex_lock(mutex *m)
{
    unsigned mine = process_number(), holder = atomic_load(&m->holder);
    for (;;) {
        if (holder == mine) {
            word_wait(&m->holder, mine);
            holder = atomic_load(&m->holder);
        } else if (atomic_compare_exchange_weak(&m->holder, &holder, mine)) {
            return mine;
        }
    }
}

/* In a child that was forked while the lock was held here, another thread may have it by now. */
void mutex_unlock(mutex *m, unsigned held)
{
    if (atomic_compare_exchange_strong(&m->holder, &held, 0)) word_wake(&m->holder, 1);
}

enum { ONCE_NEW, ONCE_DONE }; /* any other state: 1 more than the number of the process in which init runs */

void once_run(once *o, void (*init)(void))
{
    unsigned state = atomic_load_explicit(&o->state, memory_order_acquire);
    while (state != ONCE_DONE) {
        unsigned running = process_number() + 1;
        if (state == running) {
            word_wait(&o->state, running);
            state = atomic_load(&o->state);
        } else if (atomic_compare_exchange_weak(&o->state, &state, running)) {
            init();
            atomic_store(&o->state, ONCE_DONE);
            word_wake(&o->state, INT_MAX);
            return;
        }
    }
}

/* ---- Cancellation --------------------------------------------------------------------------------- */

int cancel_disable(void)
{
    int before = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

void cancel_restore(const int *before)
{
    pthread_setcancelstate(*before, NULL);
}

/* ---- Threads that compute ------------------------------------------------------------------------ */

_Static_assert(sizeof(pthread_t) <= sizeof(void *), "thread.native holds a pthread_t");

static size_t storage; /* thread-local, of the program and its libraries */

/* Adds a library's. */
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
    bytes += storage + (own > 0 ? (size_t)own : page);
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

/* ---- When the library is loaded -------------------------------------------------------------------- */

/* Before any fork can come: a child must not ask the loader, whose lock another thread of the parent may have
 * held; nor may it find a lock of this library held before its handler was there. What is loaded later has
 * its thread-local storage elsewhere, or in what the C library keeps free for it. */
__attribute__((constructor)) static void loaded(void)
{
    dl_iterate_phdr(add_storage, &storage);
    on_fork(NULL);
}
