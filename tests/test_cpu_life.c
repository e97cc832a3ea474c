/* The CPU backend in a process that forks, and in a library that is opened and closed: each child computes
 * with threads of its own, and nothing of a closed library is left. */
#include "support/backends.h"
#include "support/crew.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, ROWS = 40000, LENGTH = 130 }; /* work for all the threads */

static int before; /* threads of this process that are not the pool's */

static void sleep_ms(int milliseconds)
{
    nanosleep(&(struct timespec){0, milliseconds * 1000000}, NULL);
}

/* ---- A call that is worth several threads -------------------------------------------------------- */

/* The functions, of the library that the test is linked with or of one that it has opened. */
typedef struct functions {
    vecdot_status (*context_create)(const char *selector, vecdot_context **context);
    void (*context_release)(vecdot_context *context);
    vecdot_status (*queue_create)(vecdot_context *context, vecdot_queue **queue);
    void (*queue_release)(vecdot_queue *queue);
    vecdot_status (*vecdot)(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2, int32_t axis,
                            const DLTensor *out);
} functions;

static const functions own = {vecdot_context_create, vecdot_context_release, vecdot_queue_create,
                              vecdot_queue_release, vecdot};

static int32_t rows[ROWS][LENGTH], vector[LENGTH], expected[ROWS];

static void fill(void)
{
    for (int j = 0; j < LENGTH; j++) vector[j] = j % 7 - 3;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < LENGTH; j++) {
            rows[i][j] = (i * 13 + j * 5) % 101 - 50;
            expected[i] += rows[i][j] * vector[j];
        }
}

/* Whether the queue computes what it should. */
static int computes(const functions *f, vecdot_queue *queue)
{
    int32_t out[ROWS];
    int64_t shape[2] = {ROWS, LENGTH};
    DLTensor x1 = {rows, {kDLCPU, 0}, 2, VECDOT_INT32, shape, NULL, 0};
    DLTensor x2 = {vector, {kDLCPU, 0}, 1, VECDOT_INT32, shape + 1, NULL, 0};
    DLTensor sums = {out, {kDLCPU, 0}, 1, VECDOT_INT32, shape, NULL, 0};
    memset(out, 0xEE, sizeof out);
    return f->vecdot(queue, &x1, &x2, -1, &sums) == VECDOT_SUCCESS && memcmp(out, expected, sizeof out) == 0;
}

/* Computes some times in a new queue. */
static int computes_in(const functions *f, vecdot_context *context)
{
    vecdot_queue *queue = NULL;
    int good = f->queue_create(context, &queue) == VECDOT_SUCCESS;
    for (int k = 0; k < 20 && good; k++) good = computes(f, queue);
    if (queue != NULL) f->queue_release(queue);
    return good;
}

/* ---- fork ---------------------------------------------------------------------------------------- */

static vecdot_context *shared;
static vecdot_queue *parents_queue;

/* What a child does. Returns its exit status. */
static int child_computes(void)
{
    vecdot_context *fresh = NULL;
    int here = crew_size();
    if (parents_queue != NULL && !computes(&own, parents_queue)) return 3;
    if (shared != NULL && !computes_in(&own, shared)) return 4;
    if (vecdot_context_create("cpu", &fresh) != VECDOT_SUCCESS || !computes_in(&own, fresh)) return 5;
    if (!crew_has(here + THREADS - 1)) return 6;
    vecdot_context_release(fresh);
    return 0;
}

/* Forks; the child's exit status is what `child` returns, or a signal's number above 100. */
static int status_of(int (*child)(void))
{
    int status = 0;
    pid_t id = fork();
    if (id == 0) {
        alarm(60); /* a child that hangs dies */
        _exit(child());
    }
    assert_true(id > 0);
    assert_int_equal(waitpid(id, &status, 0), id);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int grandchild_computes(void)
{
    int status = child_computes();
    return status == 0 ? status_of(child_computes) : status;
}

static void test_fork_before_and_after(void **state)
{
    (void)state;
    assert_int_equal(status_of(child_computes), 0); /* nothing was opened */
    assert_int_equal(vecdot_context_create("cpu", &shared), VECDOT_SUCCESS);
    assert_int_equal(status_of(child_computes), 0); /* before the first call */
    assert_int_equal(vecdot_queue_create(shared, &parents_queue), VECDOT_SUCCESS);
    assert_true(computes(&own, parents_queue));
    assert_int_equal(status_of(child_computes), 0); /* while the threads still poll */
    sleep_ms(5);
    assert_int_equal(status_of(grandchild_computes), 0); /* while they sleep */
    assert_true(computes(&own, parents_queue));
    assert_true(crew_has(before + THREADS - 1));
    vecdot_queue_release(parents_queue);
    parents_queue = NULL;
    assert_int_equal(status_of(child_computes), 0);
    vecdot_context_release(shared);
    shared = NULL;
    assert_true(crew_has(before));
    assert_int_equal(status_of(child_computes), 0); /* all is closed again */
}

static atomic_int enough, wrong;

static void *keep_calling(void *unused)
{
    vecdot_queue *queue = NULL;
    if (vecdot_queue_create(shared, &queue) != VECDOT_SUCCESS) atomic_store(&wrong, 1);
    while (!atomic_load(&enough) && !atomic_load(&wrong))
        if (!computes(&own, queue)) atomic_store(&wrong, 1);
    vecdot_queue_release(queue);
    return unused;
}

/* At any moment of another thread's call. A child has the programs that were there before. */
static void test_fork_during_calls(void **state)
{
    pthread_t other;
    (void)state;
    assert_int_equal(vecdot_context_create("cpu", &shared), VECDOT_SUCCESS);
    assert_true(computes_in(&own, shared));
    assert_int_equal(pthread_create(&other, NULL, keep_calling, NULL), 0);
    for (int k = 0; k < 60; k++) {
        int status = status_of(child_computes);
        if (status != 0) fail_msg("child %d: %d", k, status);
    }
    atomic_store(&enough, 1);
    pthread_join(other, NULL);
    assert_int_equal(atomic_load(&wrong), 0);
    vecdot_context_release(shared);
    shared = NULL;
    assert_true(crew_has(before));
}

/* ---- dlopen -------------------------------------------------------------------------------------- */

static void find(void *library, const char *name, void *function)
{
    if (!library_function(library, name, function)) fail_msg("no %s in %s", name, VECDOT_LIBRARY);
}

static int child_does_nothing(void)
{
    return 0;
}

static void test_dlclose_200_times(void **state)
{
    (void)state;
    for (int k = 0; k < (SANITIZED ? 20 : 200); k++) {
        functions f;
        vecdot_context *context = NULL;
        void *library = dlopen(VECDOT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) fail_msg("%s", dlerror());
        find(library, "vecdot_context_create", &f.context_create);
        find(library, "vecdot_context_release", &f.context_release);
        find(library, "vecdot_queue_create", &f.queue_create);
        find(library, "vecdot_queue_release", &f.queue_release);
        find(library, "vecdot", &f.vecdot);
        assert_ptr_not_equal(f.vecdot, vecdot);
        assert_int_equal(f.context_create("cpu", &context), VECDOT_SUCCESS);
        assert_true(computes_in(&f, context));
        assert_true(crew_has(before + THREADS - 1));
        f.context_release(context);
        assert_int_equal(dlclose(library), 0);
        assert_null(dlopen(VECDOT_LIBRARY, RTLD_NOW | RTLD_NOLOAD)); /* it is gone */
        assert_true(crew_has(before));
        if (k % 20 == 0) assert_int_equal(status_of(child_does_nothing), 0); /* fork calls nothing of it */
    }
}

static void *do_nothing(void *unused)
{
    return unused;
}

/* A sanitizer may start a thread of its own with the first of the program's. */
static int count_own_threads(void **state)
{
    pthread_t first;
    (void)state;
    if (pthread_create(&first, NULL, do_nothing, NULL) != 0) return 1;
    pthread_join(first, NULL);
    sleep_ms(20);
    before = crew_size();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fork_before_and_after),
        cmocka_unit_test(test_fork_during_calls),
        cmocka_unit_test(test_dlclose_200_times),
    };
    int chosen = targets_choose_cpu_set();
    if (chosen != EXIT_SUCCESS) return chosen;
    alarm(600); /* a call that never ends fails */
    setenv("VECDOT_NUM_THREADS", "3", 1);
    fill();
    return cmocka_run_group_tests_name("cpu_life", tests, count_own_threads, NULL);
}
