/* The pool's threads: how many, from the first job that wants them to the last release, in child processes,
 * beside signals, and in a library that is closed. Meant to run under ThreadSanitizer too. */
#include "core/base/os.h"
#include "support/crew.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int before; /* threads of this process that are not the pool's: the caller, and a sanitizer's own */

static void sleep_ms(int milliseconds)
{
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- pthread_create, which fails when told ------------------------------------------------------- */

static int creations = INT_MAX; /* so many more work */

int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*body)(void *), void *user);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*body)(void *), void *user);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*body)(void *), void *user)
{
    return creations-- > 0 ? __real_pthread_create(t, a, body, user) : EAGAIN;
}

/* ---- The number of threads ----------------------------------------------------------------------- */

static void test_variable(void **state)
{
    static const char *const good[] = {"1", "2", "9", "1024", "007"};
    static const int numbers[] = {1, 2, 9, 1024, 7};
    static const char *const bad[] = {"0",  "1025", "-1",  "+2",   "2 ", " 2",
                                      "2x", "abc",  "1.5", "0x10", ",",  "99999999999999999999"};
    (void)state;
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++) {
        setenv("VECDOT_NUM_THREADS", good[k], 1);
        assert_int_equal(pool_threads(), numbers[k]);
        assert_int_equal(pool_retain(), VECDOT_SUCCESS);
        unsetenv("VECDOT_NUM_THREADS");
        assert_int_equal(pool_threads(), numbers[k]);
        pool_release();
    }
    crew_open(3);
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        char expected[128];
        snprintf(expected, sizeof expected,
                 "VECDOT_NUM_THREADS is \"%s\", expected a number of threads from 1 to 1024", bad[k]);
        setenv("VECDOT_NUM_THREADS", bad[k], 1);
        assert_int_equal(pool_retain(), VECDOT_ERROR_INVALID_ARGUMENT);
        assert_string_equal(vecdot_last_error(), expected);
    }
    assert_int_equal(pool_threads(), 3);
    pool_release();
    assert_int_equal(pool_retain(), VECDOT_ERROR_INVALID_ARGUMENT); /* as the first too */
    assert_true(crew_has(before));
}

static int processors(void)
{
    int own = processors_of_thread(), quota = processors_of_quota("");
    return own < quota ? own : quota;
}

static void test_without_the_variable(void **state)
{
    (void)state;
    for (int empty = 0; empty < 2; empty++) {
        unsetenv("VECDOT_NUM_THREADS");
        if (empty) setenv("VECDOT_NUM_THREADS", "", 1);
        assert_int_equal(pool_threads(), processors());
        assert_int_equal(pool_retain(), VECDOT_SUCCESS);
        assert_int_equal(pool_threads(), processors());
        assert_true(crew_meets(processors()));
        assert_true(crew_has(before - 1 + processors()));
        assert_true(crew_counts(processors() + 5, 100, 1));
        assert_true(crew_has(before - 1 + processors()));
        pool_release();
    }
}

/* A caller that may run on one processor: alone, unless the user wants threads or others have started them.
 */
static void test_affinity(void **state)
{
    cpu_set_t all, one;
    size_t first = 0;
    int many = processors();
    (void)state;
    if (many < 2) skip();
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    while (!CPU_ISSET(first, &all)) first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    crew_open(0);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(processors_of_thread(), 1);
    assert_true(crew_counts(many, 500, 1));
    assert_true(crew_has(before));
    pool_release();
    crew_open(0);
    assert_int_equal(pool_threads(), 1);
    pool_release();
    crew_open(3);
    assert_true(crew_meets(3));
    pool_release();
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    crew_open(0);
    assert_true(crew_meets(many));
    pool_release();
}

typedef struct binding {
    cpu_set_t one;
    int threads, bound;
} binding;

/* Opens the pool and starts its threads, as one that may run on one processor. */
static void *open_bound(void *user)
{
    binding *b = user;
    b->bound = sched_setaffinity(0, sizeof b->one, &b->one) == 0;
    if (pool_retain() == VECDOT_SUCCESS) b->threads = pool_threads();
    crew_counts(b->threads, 100, 1);
    return NULL;
}

static void note_processors(void *user, int slot, int64_t begin, int64_t end)
{
    (void)begin, (void)end;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) ((int *)user)[slot] = CPU_COUNT(&set);
    sleep_ms(20); /* the others take items too */
}

/* Where one thread may run says nothing of the process's others. */
static void test_opened_by_a_bound_thread(void **state)
{
    binding b = {.threads = 0};
    cpu_set_t all;
    pthread_t other;
    size_t first = 0;
    int many = processors();
    (void)state;
    if (many < 2) skip();
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    while (!CPU_ISSET(first, &all)) first++;
    CPU_SET(first, &b.one);
    for (int chosen = 0; chosen < 3; chosen += 2) {
        unsetenv("VECDOT_NUM_THREADS");
        if (chosen) setenv("VECDOT_NUM_THREADS", "2", 1);
        assert_int_equal(pthread_create(&other, NULL, open_bound, &b), 0);
        assert_int_equal(pthread_join(other, NULL), 0);
        assert_true(b.bound);
        assert_int_equal(b.threads, chosen ? 2 : many);
        int noted[2] = {0, 0};
        for (int k = 0; k < 50 && noted[1] == 0; k++) pool_run(2, 4, 1, note_processors, noted);
        assert_int_equal(noted[0], CPU_COUNT(&all));
        assert_in_range(noted[1], CPU_COUNT(&all) - 1, CPU_COUNT(&all)); /* one may keep off the caller's */
        pool_release();
    }
}

/* ---- From the first job to the last release ------------------------------------------------------ */

static void test_threads_come_and_go(void **state)
{
    (void)state;
    crew_open(5);
    crew_open(5);
    assert_true(crew_has(before));
    assert_true(crew_counts(1, 100, 1)); /* wants no thread */
    assert_true(crew_counts(5, 1, 1));
    assert_true(crew_counts(5, 100, 100));
    assert_true(crew_has(before));
    assert_true(crew_counts(3, 100, 1));
    assert_true(crew_has(before + 2));
    assert_true(crew_counts(5, 4, 1));
    assert_true(crew_has(before + 3));
    assert_true(crew_counts(9, 100, 1));
    assert_true(crew_has(before + 4));
    pool_release();
    assert_true(crew_has(before + 4)); /* one context is open */
    assert_true(crew_meets(5));
    pool_release();
    assert_true(crew_has(before));
    assert_true(crew_counts(5, 100, 3)); /* nobody retains it: alone */
    assert_true(crew_has(before));
}

static void test_200_times(void **state)
{
    (void)state;
    for (int k = 0; k < 200; k++) {
        crew_open(2 + k % 3);
        if (k % 4 != 3) assert_true(crew_meets(2 + k % 3));
        if (k % 2 == 0) sleep_ms(1);
        pool_release();
        assert_true(crew_has(before));
    }
}

static void test_threads_that_cannot_be_created(void **state)
{
    (void)state;
    for (int most = 0; most < 4; most++) {
        crew_open(4);
        creations = most;
        assert_true(crew_counts(4, 1000, 1));
        assert_true(crew_has(before + (most < 3 ? most : 3)));
        assert_true(crew_meets(most + 1));
        creations = INT_MAX;
        if (most < 3) assert_true(crew_counts(4, 1000, 1)); /* no more are tried for a second */
        assert_true(crew_has(before + (most < 3 ? most : 3)));
        if (most == 1) {
            sleep_ms(1100);
            assert_true(crew_meets(4));
            assert_true(crew_has(before + 3));
        }
        pool_release();
        assert_true(crew_has(before));
    }
}

/* Half a second in which nothing is to be done, after a job. */
static void test_idle_threads_sleep(void **state)
{
    (void)state;
    for (int threads = 2; threads <= 8; threads += 6) {
        struct timespec from, to;
        crew_open(threads);
        assert_true(crew_meets(threads));
        sleep_ms(5);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
        sleep_ms(500);
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
        double used = (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
        assert_true(used < 0.1);
        pool_release();
    }
}

/* ---- Signals ------------------------------------------------------------------------------------- */

static atomic_int delivered;

static void note_signal(int number)
{
    (void)number;
    atomic_fetch_add(&delivered, 1);
}

/* The caller blocks them, so only a thread of the pool could get them. */
static void test_signals(void **state)
{
    static const int numbers[] = {SIGUSR1, SIGALRM, SIGTERM, SIGPROF, SIGCHLD, SIGINT};
    enum { NUMBERS = sizeof numbers / sizeof numbers[0] };
    struct sigaction action = {.sa_handler = note_signal}, old[NUMBERS];
    sigset_t set, was, after;
    (void)state;
    crew_open(3);
    pthread_sigmask(SIG_SETMASK, NULL, &was);
    assert_true(crew_meets(3));
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    sigemptyset(&set);
    for (int k = 0; k < NUMBERS; k++) {
        assert_int_equal(sigismember(&was, numbers[k]), 0); /* not blocked when the threads were made */
        assert_int_equal(sigismember(&after, numbers[k]), 0);
        sigaddset(&set, numbers[k]);
        sigaction(numbers[k], &action, &old[k]);
    }
    pthread_sigmask(SIG_BLOCK, &set, &was);
    for (int k = 0; k < NUMBERS; k++) kill(getpid(), numbers[k]);
    assert_true(crew_counts(3, 1000, 1));
    sleep_ms(20);
    assert_true(crew_meets(3));
    assert_int_equal(atomic_load(&delivered), 0);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    assert_int_equal(atomic_load(&delivered), NUMBERS);
    for (int k = 0; k < NUMBERS; k++) sigaction(numbers[k], &old[k], NULL);
    pool_release();
}

/* ---- A library that is closed -------------------------------------------------------------------- */

static void find(void *library, const char *name, void *function)
{
    if (!library_function(library, name, function)) fail_msg("no %s in the module", name);
}

static void count_item(void *job, int slot, int64_t begin, int64_t end)
{
    (void)slot;
    atomic_fetch_add((atomic_int *)job, (int)(end - begin));
}

static void test_dlclose_200_times(void **state)
{
    (void)state;
    setenv("VECDOT_NUM_THREADS", "3", 1);
    for (int k = 0; k < 200; k++) {
        vecdot_status (*retain)(void);
        void (*release)(void);
        void (*run)(int, int64_t, int64_t, pool_work *, void *);
        atomic_int done = 0;
        void *module = dlopen(POOL_MODULE, RTLD_NOW | RTLD_LOCAL);
        if (module == NULL) fail_msg("%s", dlerror());
        find(module, "pool_retain", &retain);
        find(module, "pool_release", &release);
        find(module, "pool_run", &run);
        assert_int_equal(retain(), VECDOT_SUCCESS);
        run(3, 100, 1, count_item, &done);
        assert_int_equal(atomic_load(&done), 100);
        assert_true(crew_has(before + 2));
        release();
        assert_int_equal(dlclose(module), 0);
        assert_null(dlopen(POOL_MODULE, RTLD_NOW | RTLD_NOLOAD)); /* it is gone */
        assert_true(crew_has(before));
        if (k % 20 == 0) { /* fork calls nothing of it */
            int status = 0;
            pid_t child = fork();
            if (child == 0) _exit(0);
            assert_true(child > 0 && waitpid(child, &status, 0) == child);
            assert_int_equal(status, 0);
        }
    }
}

static void *hold_nothing(void *unused)
{
    return unused;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variable),
        cmocka_unit_test(test_without_the_variable),
        cmocka_unit_test(test_affinity),
        cmocka_unit_test(test_opened_by_a_bound_thread),
        cmocka_unit_test(test_threads_come_and_go),
        cmocka_unit_test(test_200_times),
        cmocka_unit_test(test_threads_that_cannot_be_created),
        cmocka_unit_test(test_idle_threads_sleep),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_dlclose_200_times),
    };
    alarm(600);      /* a job that never ends fails */
    pthread_t first; /* with it, a sanitizer may start a thread of its own */
    if (pthread_create(&first, NULL, hold_nothing, NULL) != 0) return EXIT_FAILURE;
    pthread_join(first, NULL);
    sleep_ms(20);
    before = crew_size();
    return cmocka_run_group_tests_name("pool_life", tests, NULL, NULL);
}
