/* A process that forks while another thread holds a lock of the library or of the loader, and contexts that
 * the child has from its parent: the CPU goes on, a driver is refused, and nothing waits for ever. */
#include "support/backends.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static target *on; /* the device under test */
static vecdot_context *context;
static vecdot_queue *queue;

/* ---- A problem ----------------------------------------------------------------------------------- */

static int64_t length[1] = {3};
static int32_t left[3] = {1, 2, 3}, right[3] = {4, 5, 6};

static DLTensor array(void *data, int32_t ndim)
{
    return (DLTensor){
        .data = data, .device = {kDLCPU, 0}, .ndim = ndim, .dtype = VECDOT_INT32, .shape = length};
}

static vecdot_status compute(vecdot_queue *in, int32_t *result)
{
    const DLTensor x1 = array(left, 1), x2 = array(right, 1), out = array(result, 0);
    *result = 0;
    return vecdot(in, &x1, &x2, -1, &out);
}

static int computes(vecdot_context *with)
{
    int32_t result;
    vecdot_queue *fresh = NULL;
    int good = vecdot_queue_create(with, &fresh) == VECDOT_SUCCESS &&
               compute(fresh, &result) == VECDOT_SUCCESS && result == 32;
    vecdot_queue_release(fresh);
    return good;
}

/* ---- A thread that stays inside a function, and a child meanwhile -------------------------------- */

static atomic_int inside, over;
static int is_child;

static void stay(void)
{
    if (is_child) return;
    atomic_store(&inside, 1);
    while (!atomic_load(&over)) nanosleep(&(struct timespec){0, 1000000}, NULL);
}

/* Forks; the child's exit status is what `child` returns, or a signal's number above 100. */
static int status_of(int (*child)(void))
{
    int status = 0;
    pid_t id = fork();
    if (id == 0) {
        is_child = 1;
        alarm(10); /* a child that hangs dies */
        _exit(child());
    }
    assert_true(id > 0);
    assert_int_equal(waitpid(id, &status, 0), id);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int status_beside(void *(*body)(void *), int (*child)(void))
{
    pthread_t other;
    atomic_store(&inside, 0);
    atomic_store(&over, 0);
    assert_int_equal(pthread_create(&other, NULL, body, NULL), 0);
    while (!atomic_load(&inside)) nanosleep(&(struct timespec){0, 1000000}, NULL);
    int status = status_of(child);
    atomic_store(&over, 1);
    pthread_join(other, NULL);
    return status;
}

/* Stays inside at the first line that begins so. */
static void stay_at(void *beginning, const char *message)
{
    if (strncmp(message, beginning, strlen(beginning)) == 0) stay();
}

static int child_opens_cpu(void)
{
    vecdot_context *fresh = NULL;
    if (vecdot_context_create("cpu", &fresh) != VECDOT_SUCCESS) return 3;
    if (!computes(fresh)) return 4;
    vecdot_context_release(fresh);
    return 0;
}

/* ---- Locks --------------------------------------------------------------------------------------- */

static once slow;
static int runs;

static void slow_init(void)
{
    runs++;
    stay();
}

static void *run_slow(void *unused)
{
    once_run(&slow, slow_init);
    return unused;
}

static int child_runs_slow(void)
{
    once_run(&slow, slow_init);
    once_run(&slow, slow_init);
    return runs == 2 ? 0 : 3; /* the parent's run, which did not end here, and its own */
}

static void test_once(void **state)
{
    (void)state;
    slow = (once){0};
    runs = 0;
    assert_int_equal(status_beside(run_slow, child_runs_slow), 0);
    once_run(&slow, slow_init);
    assert_int_equal(runs, 1);
}

static void *open_a_context(void *unused)
{
    vecdot_context *fresh = NULL;
    if (vecdot_context_create(on->selector, &fresh) == VECDOT_SUCCESS) vecdot_context_release(fresh);
    return unused;
}

static void test_logger(void **state)
{
    static char beginning[] = "context on";
    (void)state;
    vecdot_set_logger(stay_at, beginning);
    int status = status_beside(open_a_context, child_opens_cpu);
    vecdot_set_logger(NULL, NULL);
    assert_int_equal(status, 0);
}

static int works_in_child(void)
{
    return strcmp(on->info.backend, "cpu") == 0;
}

/* Whether the status is what a child should get of what its parent opened. */
static int is_right(vecdot_status status)
{
    if (works_in_child()) return status == VECDOT_SUCCESS;
    return status == VECDOT_ERROR_BACKEND && strstr(vecdot_last_error(), "forked") != NULL;
}

static int child_uses_the_context(void)
{
    return works_in_child() ? !computes(context) : !is_right(vecdot_queue_create(context, &queue));
}

static void *build(void *unused)
{
    (void)computes(context);
    return unused;
}

/* While the program that the child needs is being built, and its builder is inside the logger. */
static void test_building(void **state)
{
    static char beginning[] = "built";
    (void)state;
    assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
    vecdot_set_logger(stay_at, beginning);
    int status = status_beside(build, child_uses_the_context);
    vecdot_set_logger(NULL, NULL);
    assert_int_equal(status, 0);
    assert_true(computes(context));
    vecdot_context_release(context);
}

/* ---- A logger that forks ------------------------------------------------------------------------- */

static pid_t logged; /* the child */

static void fork_at_build(void *unused, const char *message)
{
    (void)unused;
    if (logged != 0 || is_child || strncmp(message, "built", 5) != 0) return;
    logged = fork();
    is_child = logged == 0;
    if (is_child) alarm(10);
}

/* Its child comes out of the call too, and locks what it left locked. */
static void test_logger_that_forks(void **state)
{
    int status = 0;
    (void)state;
    if (!works_in_child()) skip();
    assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
    logged = 0;
    vecdot_set_logger(fork_at_build, NULL);
    int good = computes(context);
    if (is_child) _exit(good && computes(context) ? child_opens_cpu() : 3);
    vecdot_set_logger(NULL, NULL);
    assert_true(good);
    assert_true(logged > 0);
    assert_int_equal(waitpid(logged, &status, 0), logged);
    assert_int_equal(status, 0);
    vecdot_context_release(context);
}

/* ---- What the parent opened ---------------------------------------------------------------------- */

static DLManagedTensor *tensor;

static int child_uses_all(void)
{
    int32_t host[3], result;
    char explained[1024];
    const DLTensor x1 = array(left, 1), x2 = array(right, 1), to = array(host, 1);
    vecdot_context *fresh = NULL;
    vecdot_queue *second = NULL;
    DLManagedTensor *third = NULL;
    if (!is_right(compute(queue, &result))) return 3;
    if (!is_right(vecdot_queue_finish(queue))) return 4;
    if (!is_right(vecdot_queue_create(context, &second))) return 5;
    if (!is_right(vecdot_empty(context, VECDOT_INT32, 1, length, &third))) return 6;
    if (!is_right(vecdot_copy(queue, &tensor->dl_tensor, &to))) return 7;
    if (!is_right(vecdot_warmup(context, NULL, 0))) return 8;
    if (!is_right(vecdot_explain(queue, &x1, &x2, NULL, NULL, explained, sizeof explained, NULL))) return 9;
    if (!is_right(vecdot_context_create(on->selector, &fresh))) return 10;
    vecdot_context_release(fresh);
    if (third != NULL) third->deleter(third);
    tensor->deleter(tensor);
    vecdot_queue_release(second);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    if (vecdot_context_create("auto", &fresh) != VECDOT_SUCCESS || !computes(fresh)) return 11;
    vecdot_context_release(fresh);
    return child_opens_cpu();
}

static void test_what_the_parent_opened(void **state)
{
    int32_t result;
    (void)state;
    assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
    assert_int_equal(vecdot_queue_create(context, &queue), VECDOT_SUCCESS);
    assert_int_equal(vecdot_empty(context, VECDOT_INT32, 1, length, &tensor), VECDOT_SUCCESS);
    assert_int_equal(compute(queue, &result), VECDOT_SUCCESS);
    assert_int_equal(status_of(child_uses_all), 0);
    assert_int_equal(compute(queue, &result), VECDOT_SUCCESS);
    assert_int_equal(result, 32);
    tensor->deleter(tensor);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_logger),
        cmocka_unit_test(test_building),
        cmocka_unit_test(test_logger_that_forks),
        cmocka_unit_test(test_what_the_parent_opened),
    };
    on = t;
    on->cases++;
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}

int main(void)
{
    alarm(300);
    return targets_run(run);
}
