/* The pool in child processes: forked before its first job, after it, at any moment of another thread's, and
 * while one is inside the loader. Each child must compute with threads of its own. ThreadSanitizer does not
 * support threads there. */
#include "support/crew.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int before; /* threads of this process that are not the pool's */

/* What a child does: it computes with three threads, two of them its own. */
static int child_computes(void)
{
    before = crew_size();
    for (int k = 0; k < 20; k++)
        if (!crew_counts(3, 500, 3)) return 3;
    if (!crew_meets(3)) return 4;
    if (!crew_has(before + 2)) return 5;
    return 0;
}

/* Forks; the child's exit status is what `child` returns, or a signal's number above 100. */
static int status_of(int (*child)(void))
{
    int status = 0;
    pid_t id = fork();
    if (id == 0) {
        alarm(30); /* a child that hangs dies */
        _exit(child());
    }
    assert_true(id > 0);
    assert_int_equal(waitpid(id, &status, 0), id);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int child_computes_and_releases(void)
{
    int status = child_computes();
    pool_release();
    if (status == 0 && !crew_has(before)) status = 6;
    return status;
}

static int child_opens(void)
{
    crew_open(3);
    return child_computes_and_releases();
}

/* Another thread's context may be open for ever. */
static int child_opens_beside(void)
{
    crew_open(3);
    int status = child_computes();
    pool_release();
    return status;
}

static int grandchild(void)
{
    int status = child_computes();
    return status == 0 ? status_of(child_computes_and_releases) : status;
}

static void test_fork_before_and_after(void **state)
{
    (void)state;
    assert_int_equal(status_of(child_opens), 0);
    crew_open(3);
    assert_int_equal(status_of(child_computes_and_releases), 0); /* before the first job */
    assert_true(crew_has(before));
    assert_true(crew_meets(3));
    assert_int_equal(status_of(child_computes_and_releases), 0); /* while the threads still poll */
    nanosleep(&(struct timespec){0, 5000000}, NULL);
    assert_int_equal(status_of(child_computes_and_releases), 0); /* while they sleep */
    assert_int_equal(status_of(grandchild), 0);
    assert_true(crew_has(before + 2));
    assert_true(crew_meets(3));
    pool_release();
    assert_int_equal(status_of(child_opens), 0);
    assert_true(crew_has(before));
}

static atomic_int inside, over;

static void hold(void *job, int slot, int64_t begin, int64_t end)
{
    (void)job, (void)slot, (void)begin, (void)end;
    atomic_fetch_add(&inside, 1);
    while (!atomic_load(&over)) sched_yield();
}

static void *hold_the_pool(void *unused)
{
    pool_run(3, 3, 1, hold, NULL);
    return unused;
}

/* All threads are in another caller's job. */
static void test_fork_during_a_job(void **state)
{
    pthread_t other;
    (void)state;
    crew_open(3);
    atomic_store(&inside, 0);
    atomic_store(&over, 0);
    assert_int_equal(pthread_create(&other, NULL, hold_the_pool, NULL), 0);
    while (atomic_load(&inside) < 3) sched_yield();
    assert_int_equal(status_of(child_computes_and_releases), 0);
    atomic_store(&over, 1);
    pthread_join(other, NULL);
    assert_true(crew_meets(3));
    pool_release();
}

static void *compute(void *wrong)
{
    while (!atomic_load(&over))
        if (!crew_counts(3, 50, 1)) atomic_store((atomic_int *)wrong, 1);
    return NULL;
}

static void *open_and_close(void *wrong)
{
    while (!atomic_load(&over)) {
        if (pool_retain() != VECDOT_SUCCESS || !crew_counts(3, 50, 1)) atomic_store((atomic_int *)wrong, 1);
        pool_release();
    }
    return NULL;
}

static int stay(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)info, (void)size, (void)unused;
    atomic_store(&inside, 1);
    while (!atomic_load(&over)) sched_yield();
    return 1;
}

static void *stay_in_the_loader(void *unused)
{
    dl_iterate_phdr(stay, NULL);
    return unused;
}

/* Another thread holds the loader's lock, which stays locked in the child. */
static void test_fork_beside_the_loader(void **state)
{
    pthread_t other;
    (void)state;
    atomic_store(&inside, 0);
    atomic_store(&over, 0);
    assert_int_equal(pthread_create(&other, NULL, stay_in_the_loader, NULL), 0);
    while (!atomic_load(&inside)) sched_yield();
    int status = status_of(child_opens);
    atomic_store(&over, 1);
    pthread_join(other, NULL);
    assert_int_equal(status, 0);
}

/* At any moment of another thread's jobs, and of its retaining and releasing the pool. */
static void fork_beside(void *(*body)(void *), int (*child)(void))
{
    pthread_t other;
    atomic_int wrong = 0;
    atomic_store(&over, 0);
    assert_int_equal(pthread_create(&other, NULL, body, &wrong), 0);
    int status = 0, children = 0;
    while (status == 0 && children++ < 100) status = status_of(child);
    atomic_store(&over, 1);
    pthread_join(other, NULL);
    if (status != 0) fail_msg("child %d: %d", children, status);
    assert_false(atomic_load(&wrong));
}

static void test_fork_beside_jobs(void **state)
{
    (void)state;
    crew_open(3);
    fork_beside(compute, child_computes_and_releases);
    assert_true(crew_meets(3));
    pool_release();
    assert_true(crew_has(before));
}

/* Under AddressSanitizer a child may find the allocator locked, when the parent's threads come and go. */
static void test_fork_beside_opening_and_closing(void **state)
{
#ifdef __SANITIZE_ADDRESS__
    const int sanitized = 1;
#else
    const int sanitized = 0;
#endif
    (void)state;
    if (sanitized) skip();
    fork_beside(open_and_close, child_opens_beside);
    assert_true(crew_has(before));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fork_before_and_after),           cmocka_unit_test(test_fork_during_a_job),
        cmocka_unit_test(test_fork_beside_the_loader),          cmocka_unit_test(test_fork_beside_jobs),
        cmocka_unit_test(test_fork_beside_opening_and_closing),
    };
    alarm(600); /* a job that never ends fails */
    before = crew_size();
    return cmocka_run_group_tests_name("pool_fork", tests, NULL, NULL);
}
