/* The pool's threads, and how a job passes through them.
 *
 * The caller writes the job down, opens the gate to so many threads, and counts the epoch up. A thread of the
 * pool polls the epoch for SPIN_SECONDS after its last job, then sleeps on it. When the epoch has changed it
 * enters by the gate, if that has a place left, and takes items until there are none. Whoever finds none
 * closes the gate. The caller returns when the gate is closed and nobody is inside. */
#include "backend_cpu/pool.h"

#include "backend_cpu/gate.h"
#include "core/base/os.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

/* A wake is a system call, which takes the longer the more it wakes: each thread wakes a few others. */
enum { MOST_THREADS = 1024, FAN = 2 };

static const double SPIN_SECONDS = 40e-6, RETRY_SECONDS = 1;

/* Those who retain the pool. `lock` guards all of it. */
static struct {
    mutex lock;
    int retained;
    int chosen; /* the user said how many threads */
    int processors;
    atomic_int most; /* threads a job may have; 0 while nobody retains the pool */
    size_t stack;
} pool;

/* The threads. The owner of `busy` writes this, while no job is open. */
static struct {
    atomic_int workers; /* how many run; others read it too */
    double refused;     /* when one could not be started: no more are tried for a while; 0: all could */
    atomic_int polls;   /* they poll before they sleep */
    thread threads[MOST_THREADS];
} crew;

/* The job. The owner of `busy` writes it, before opening the gate. */
static struct {
    pool_work *work;
    void *job;
    int64_t items, chunk, chunks;
    atomic_int processor; /* where the caller was when the job began; others read it at any time */
} current;

/* What threads change while others look, each in a cache line of its own. */
static _Alignas(64) atomic_uint busy; /* somebody's job is running */
static _Alignas(64) struct {
    atomic_uint count;    /* of the jobs */
    atomic_uint sleepers; /* threads that sleep on the count, or are about to */
    atomic_uint stop;
} epoch;
static _Alignas(64) gate entrance;
static _Alignas(64) _Atomic int64_t next; /* the first chunk that nobody has taken */

/* ---- Taking items -------------------------------------------------------------------------------- */

static void take(int slot)
{
    for (;;) {
        int64_t k = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
        if (k >= current.chunks) return;
        int64_t begin = k * current.chunk, left = current.items - begin;
        current.work(current.job, slot, begin, begin + (left < current.chunk ? left : current.chunk));
    }
}

static void run_alone(int64_t items, int64_t chunk, pool_work *work, void *job)
{
    int64_t begin = 0;
    for (; items - begin > chunk; begin += chunk) work(job, 0, begin, begin + chunk);
    if (items > 0) work(job, 0, begin, items);
}

/* ---- Waiting ------------------------------------------------------------------------------------- */

/* Until when a thread that begins to poll now may; 0: not at all. */
static double spin_end(void)
{
    return atomic_load(&crew.polls) ? clock_seconds() + SPIN_SECONDS : 0;
}

/* The same for a thread of the pool. On the caller's processor it would keep the caller from going on. */
static double poll_end(void)
{
    return processor_now() == atomic_load(&current.processor) ? 0 : spin_end();
}

/* Wakes threads for the places that those who are awake and outside leave free. They all look at the gate
 * before they sleep. Each one that is woken and enters wakes more. */
static void wake_some(void)
{
    gate_view now = gate_look(&entrance);
    int awake = atomic_load(&crew.workers) - (int)atomic_load(&epoch.sleepers) - now.inside;
    int missing = now.places - awake;
    if (missing > 0) word_wake(&epoch.count, missing < FAN ? missing : FAN);
}

/* The system likes to run a thread where it was woken. There it takes turns with the caller, while other
 * processors have nothing to do, and after the next wake it may be there again. */
static void avoid_caller(processor_limits *limits)
{
    int processor = atomic_load(&current.processor);
    if (atomic_load(&crew.polls) && processor_now() == processor) processor_avoid(limits, processor);
}

/* Polls until `time`, then sleeps. Returns until when to poll for the job after the one that comes: one who
 * was woken too late for that must not fall asleep at once, or it would be too late again. */
static double await_job(unsigned seen, double time, processor_limits *limits)
{
    if (word_changes_by(&epoch.count, seen, time)) return time;
    atomic_fetch_add(&epoch.sleepers, 1);
    word_wait(&epoch.count, seen);
    atomic_fetch_sub(&epoch.sleepers, 1);
    avoid_caller(limits);
    return poll_end();
}

/* ---- The threads --------------------------------------------------------------------------------- */

/* A new thread rounds, flushes and traps as its creator does. */
static void default_float_environment(void)
{
#if defined(__i386__) || defined(__x86_64__)
    __asm__ volatile("fninit");
#ifdef __SSE__
    _mm_setcsr(0x1f80);
#endif
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
#endif
}

static void worker(void)
{
    double time = 0; /* until when to poll */
    processor_limits limits = {{0}, {0}};
    default_float_environment();
    processors_of_process_allow();
    for (;;) {
        unsigned seen = atomic_load(&epoch.count); /* before the gate: a job that opens later changes it */
        if (atomic_load(&epoch.stop)) return;
        int slot = gate_enter(&entrance);
        if (slot == 0) {
            time = await_job(seen, time, &limits);
            continue;
        }
        wake_some();
        take(slot);
        time = poll_end();
        gate_close(&entrance);
        gate_leave(&entrance);
    }
}

/* Whether the system refused a thread a moment ago. A refusal takes time, so it is not asked at each job. */
static int refuses_still(void)
{
    return crew.refused > 0 && clock_seconds() < crew.refused + RETRY_SECONDS;
}

static void note_refusal(int wanted)
{
    if (crew.refused == 0)
        log_line("pool: %d threads beside the caller's, %d wanted: no more can be started", crew.workers,
                 wanted);
    crew.refused = clock_seconds();
}

/* Starts what is missing of so many threads. Returns how many of them there are. A caller that was
 * bound to fewer processors than the pool has threads starts no others than fit there: who binds threads has
 * other work for the rest. */
static int start_workers(int wanted)
{
    int startable = crew.workers >= wanted || refuses_still() ? 0 : wanted;
    if (startable > 0 && !pool.chosen) {
        int here = processors_of_thread() - 1;
        if (startable > here) startable = here;
    }
    while (crew.workers < startable && thread_start(&crew.threads[crew.workers], pool.stack, worker))
        crew.workers++;
    if (crew.workers < startable) note_refusal(wanted);
    atomic_store(&crew.polls, crew.workers < pool.processors);
    return crew.workers < wanted ? crew.workers : wanted;
}

/* No job is running. */
static void stop_workers(void)
{
    atomic_store(&epoch.stop, 1);
    atomic_fetch_add(&epoch.count, 1);
    word_wake(&epoch.count, INT_MAX);
    for (int k = 0; k < crew.workers; k++) thread_join(&crew.threads[k]);
    atomic_store(&epoch.stop, 0);
    crew.workers = 0;
    crew.refused = 0;
}

/* In a child process: only the thread that forked is there. Another may have been in the middle of a job, or
 * of starting or stopping the threads. */
static void start_anew(void)
{
    if (pool.retained == 0) atomic_store(&pool.most, 0);
    atomic_store(&busy, 0);
    atomic_store(&entrance.word, 0);
    atomic_store(&epoch.sleepers, 0);
    atomic_store(&epoch.stop, 0);
    crew.workers = 0;
    crew.refused = 0;
}

int pool_awake(void)
{
    if (atomic_load_explicit(&busy, memory_order_relaxed)) return 0;
    int awake = atomic_load_explicit(&crew.workers, memory_order_relaxed) -
                (int)atomic_load_explicit(&epoch.sleepers, memory_order_relaxed);
    return awake > 0 ? awake : 0;
}

void pool_run(int threads, int64_t items, int64_t chunk, pool_work *work, void *job)
{
    int most = atomic_load_explicit(&pool.most, memory_order_relaxed);
    int64_t chunks = items > 0 ? (items - 1) / chunk + 1 : 0;
    if (threads > most) threads = most;
    int workers = (int)(threads < chunks ? threads : chunks) - 1;
    if (workers < 1 || atomic_exchange(&busy, 1)) {
        run_alone(items, chunk, work, job);
        return;
    }
    workers = start_workers(workers);
    current.work = work;
    current.job = job;
    current.items = items;
    current.chunk = chunk;
    current.chunks = chunks;
    atomic_store_explicit(&current.processor, processor_now(), memory_order_relaxed);
    atomic_store_explicit(&next, 0, memory_order_relaxed);
    gate_open(&entrance, workers);
    atomic_fetch_add(&epoch.count, 1);
    wake_some();
    take(0);
    gate_close(&entrance);
    if (gate_look(&entrance).inside > 0) gate_await(&entrance, spin_end());
    atomic_store(&busy, 0);
}

/* ---- Who retains the pool ------------------------------------------------------------------------ */

static const char variable[] = "VECDOT_NUM_THREADS";

/* The user's number of threads; 0 when there is none, -1 when it is none. */
static int chosen_threads(void)
{
    const char *value = environment_get(variable);
    if (value == NULL) return 0;
    size_t digits = strspn(value, "0123456789");
    long number = value[digits] == '\0' ? strtol(value, NULL, 10) : 0;
    return number >= 1 && number <= MOST_THREADS ? (int)number : -1;
}

static int usable_processors(void)
{
    int own = processors_of_process(), quota = processors_of_quota("");
    int least = own < quota ? own : quota;
    return least < MOST_THREADS ? least : MOST_THREADS;
}

/* For the first who retains the pool. */
static vecdot_status prepare(int chosen)
{
    if (!on_fork(start_anew))
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "no host memory for the threads' handler of fork");
    pool.chosen = chosen > 0;
    pool.processors = usable_processors();
    pool.stack = thread_stack(POOL_STACK);
    atomic_store(&pool.most, pool.chosen ? chosen : pool.processors);
    return VECDOT_SUCCESS;
}

vecdot_status pool_retain(void)
{
    int chosen = chosen_threads();
    if (chosen < 0) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "%s is \"%.64s\", expected a number of threads from 1 to %d", variable,
                    environment_get(variable), MOST_THREADS);
    }
    unsigned held = mutex_lock(&pool.lock);
    vecdot_status status = pool.retained > 0 ? VECDOT_SUCCESS : prepare(chosen);
    if (status == VECDOT_SUCCESS) pool.retained++;
    mutex_unlock(&pool.lock, held);
    return status;
}

void pool_release(void)
{
    unsigned held = mutex_lock(&pool.lock);
    if (--pool.retained == 0) {
        stop_workers();
        atomic_store(&pool.most, 0);
    }
    mutex_unlock(&pool.lock, held);
}

int pool_threads(void)
{
    int most = atomic_load_explicit(&pool.most, memory_order_relaxed);
    if (most > 0) return most;
    int chosen = chosen_threads();
    return chosen > 0 ? chosen : usable_processors();
}
