/* The pool's jobs: every item once, slots of one thread each, callers beside and inside other jobs. Meant to
 * run under ThreadSanitizer too. */
#include "core/base/os.h"
#include "support/crew.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 9, CALLERS = 8 };

static void test_every_item_once(void **state)
{
    static const int64_t items[] = {0, 1, 2, 3, 7, 8, 9, 10, 63, 64, 65, 1000, 1999};
    static const int64_t chunks[] = {1, 2, 3, 8, 9, 64, 1000, 5000, INT64_MAX};
    (void)state;
    crew_open(THREADS);
    for (int threads = -1; threads <= THREADS + 1; threads++)
        for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
            for (size_t c = 0; c < sizeof chunks / sizeof chunks[0]; c++)
                if (!crew_counts(threads, items[i], chunks[c]))
                    fail_msg("%d threads, %d items, chunk %d", threads, (int)items[i], (int)chunks[c]);
    pool_release();
}

/* The counter of items must not run over. */
static void count_chunks(void *job, int slot, int64_t begin, int64_t end)
{
    (void)slot;
    if (begin < 0 || end <= begin) abort();
    atomic_fetch_add((atomic_int *)job, 1);
}

static void test_very_many_items(void **state)
{
    (void)state;
    crew_open(3);
    for (int threads = 1; threads <= 3; threads++) {
        atomic_int calls = 0;
        pool_run(threads, INT64_MAX, INT64_MAX / 5, count_chunks, &calls);
        assert_int_equal(atomic_load(&calls), 6);
    }
    pool_release();
}

static void test_so_many_threads_at_once(void **state)
{
    (void)state;
    crew_open(THREADS);
    for (int threads = 1; threads <= THREADS; threads++) /* the pool grows */
        assert_true(crew_meets(threads));
    for (int threads = THREADS; threads >= 1; threads--) /* the others have no place */
        assert_true(crew_meets(threads));
    pool_release();
}

/* Jobs one after the other, and after pauses in which the threads fall asleep. */
static void test_jobs_in_a_row(void **state)
{
    (void)state;
    for (int threads = 2; threads <= THREADS; threads += 7) {
        crew_open(threads);
        for (int k = 0; k < 3000; k++) {
            const struct timespec pause = {0, k % 100 * 2000};
            if (!crew_counts(threads, k % 37, 1 + k % 3)) fail_msg("%d threads, job %d", threads, k);
            if (k % 8 == 0) nanosleep(&pause, NULL);
        }
        assert_true(crew_meets(threads));
        pool_release();
    }
}

/* ---- Who is awake -------------------------------------------------------------------------------- */

static void expect_none_awake(void *job, int slot, int64_t begin, int64_t end)
{
    (void)slot, (void)begin, (void)end;
    if (pool_awake() != 0) atomic_store((atomic_int *)job, 1);
}

/* Whether it becomes so within so many seconds. */
static int awake_becomes(int threads, double seconds)
{
    double end = clock_seconds() + seconds;
    while (pool_awake() != threads)
        if (clock_seconds() > end) return 0;
    return 1;
}

static void test_awake(void **state)
{
    atomic_int wrong = 0;
    int polled = 0;
    (void)state;
    assert_int_equal(pool_awake(), 0);
    crew_open(2);
    assert_int_equal(pool_awake(), 0); /* it has not started */
    for (int k = 0; k < 100; k++) pool_run(2, 8, 1, expect_none_awake, &wrong);
    assert_false(atomic_load(&wrong));
    /* Without jobs it sleeps; after one it polls, unless it has run on the caller's processor. */
    assert_true(awake_becomes(0, 10));
    for (double end = clock_seconds() + 20; !polled && clock_seconds() < end;)
        polled = crew_meets(2) && pool_awake() == 1;
    if (processors_of_thread() > 1 && processors_of_quota("") > 1) assert_true(polled);
    pool_release();
    assert_int_equal(pool_awake(), 0);
}

/* ---- Other callers ------------------------------------------------------------------------------- */

static atomic_int held, let_go;

/* Keeps the pool busy until it is let go. */
static void hold(void *job, int slot, int64_t begin, int64_t end)
{
    (void)job, (void)slot, (void)begin, (void)end;
    atomic_fetch_add(&held, 1);
    while (!atomic_load(&let_go)) sched_yield();
}

static void *hold_the_pool(void *unused)
{
    pool_run(2, 2, 1, hold, NULL);
    return unused;
}

typedef struct lonely {
    pthread_t thread;
    atomic_int calls, wrong;
} lonely;

/* An item of a job that no other thread may help with. */
static void alone(void *job, int slot, int64_t begin, int64_t end)
{
    lonely *l = job;
    if (slot != 0 || end - begin > 3 || !pthread_equal(pthread_self(), l->thread)) atomic_store(&l->wrong, 1);
    atomic_fetch_add(&l->calls, 1);
}

static int computes_alone(int threads)
{
    lonely l = {.thread = pthread_self()};
    pool_run(threads, 50, 3, alone, &l);
    return atomic_load(&l.calls) == 17 && !atomic_load(&l.wrong);
}

static void test_second_caller(void **state)
{
    pthread_t first;
    (void)state;
    crew_open(4);
    atomic_store(&held, 0);
    atomic_store(&let_go, 0);
    assert_int_equal(pthread_create(&first, NULL, hold_the_pool, NULL), 0);
    while (atomic_load(&held) < 2) sched_yield();
    for (int threads = 1; threads <= 4; threads++) assert_true(computes_alone(threads));
    atomic_store(&let_go, 1);
    pthread_join(first, NULL);
    assert_true(crew_meets(4));
    pool_release();
}

static void call_inside(void *job, int slot, int64_t begin, int64_t end)
{
    (void)slot, (void)begin, (void)end;
    if (!computes_alone(4) || !computes_alone(1)) atomic_store((atomic_int *)job, 1);
}

static void test_nested_callers(void **state)
{
    (void)state;
    crew_open(4);
    assert_true(crew_meets(4)); /* all threads are there */
    for (int k = 0; k < 200; k++) {
        atomic_int wrong = 0;
        pool_run(4, 8, 1, call_inside, &wrong);
        assert_false(atomic_load(&wrong));
    }
    pool_release();
}

static void *call_often(void *wrong)
{
    for (int k = 0; k < 500; k++)
        if (!crew_counts(1 + k % 5, 1 + k % 60, 1 + k % 4)) atomic_store((atomic_int *)wrong, 1);
    return NULL;
}

static void test_many_callers(void **state)
{
    pthread_t callers[CALLERS];
    atomic_int wrong = 0;
    (void)state;
    crew_open(5);
    for (int k = 0; k < CALLERS; k++)
        assert_int_equal(pthread_create(&callers[k], NULL, call_often, &wrong), 0);
    for (int k = 0; k < CALLERS; k++) pthread_join(callers[k], NULL);
    assert_false(atomic_load(&wrong));
    pool_release();
}

/* ---- What a thread of the pool brings ------------------------------------------------------------ */

static _Thread_local volatile char big[1 << 20]; /* thread-local storage of the program */

/* Uses most of the stack, and the program's thread-local storage. */
static void use_stack(void *job, int slot, int64_t begin, int64_t end)
{
    volatile char stack[POOL_STACK * 3 / 4];
    (void)end;
    for (size_t k = 0; k < sizeof stack; k += 512) stack[k] = (char)slot;
    for (size_t k = 0; k < sizeof big; k += 512) big[k] = (char)(slot + 1);
    if (stack[512] != slot || big[512] != slot + 1) abort();
    hold(job, slot, begin, end);
}

/* Lets go when all have been held. */
static void *release_them(void *threads)
{
    while (atomic_load(&held) < *(int *)threads) sched_yield();
    atomic_store(&let_go, 1);
    return NULL;
}

static void test_stack_and_thread_local_storage(void **state)
{
    pthread_t other;
    int threads = 3;
    (void)state;
    crew_open(threads);
    atomic_store(&held, 0);
    atomic_store(&let_go, 0);
    assert_int_equal(pthread_create(&other, NULL, release_them, &threads), 0);
    pool_run(threads, threads, 1, use_stack, NULL);
    pthread_join(other, NULL);
    pool_release();
}

static volatile float tiny = 1e-38f, third = 3;

typedef struct rounding {
    atomic_int inside;
    int mode[2];
    float subnormal[2], ratio[2];
} rounding;

static void look_at_rounding(void *job, int slot, int64_t begin, int64_t end)
{
    rounding *r = job;
    (void)begin, (void)end;
    r->mode[slot] = fegetround();
    r->subnormal[slot] = tiny / 4;
    r->ratio[slot] = -1 / third; /* to nearest: away from zero */
    atomic_fetch_add(&r->inside, 1);
    while (atomic_load(&r->inside) < 2) sched_yield();
}

/* The thread is started by a caller that rounds upward and flushes subnormals, as after -ffast-math. */
static void test_float_environment(void **state)
{
    rounding r = {.mode = {-1, -1}};
    fenv_t before;
    (void)state;
    crew_open(2);
    fegetenv(&before);
    fesetround(FE_UPWARD);
#if defined(__SSE__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#endif
    pool_run(2, 2, 1, look_at_rounding, &r);
    fesetenv(&before);
    assert_int_equal(r.mode[0], FE_UPWARD);
    assert_int_equal(r.mode[1], FE_TONEAREST);
    assert_true(r.subnormal[1] > 0);
    assert_true(r.ratio[0] > r.ratio[1]);
    pool_release();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_item_once),
        cmocka_unit_test(test_very_many_items),
        cmocka_unit_test(test_so_many_threads_at_once),
        cmocka_unit_test(test_jobs_in_a_row),
        cmocka_unit_test(test_awake),
        cmocka_unit_test(test_second_caller),
        cmocka_unit_test(test_nested_callers),
        cmocka_unit_test(test_many_callers),
        cmocka_unit_test(test_stack_and_thread_local_storage),
        cmocka_unit_test(test_float_environment),
    };
    alarm(600); /* a job that never ends fails */
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
