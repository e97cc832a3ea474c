/* vecdot_set_parallel_for: results of every class to the bit on pools of the program that keep to the rules
 * and on pools that do not, what they are asked for, and that the library starts no threads beside them.
 * Meant to run under ThreadSanitizer too. */
#include "core/base/os.h"
#include "support/null_backend.h"

#include "support/crew.h"
#include "support/generate.h" /* after the library's headers: its `array` is a type */

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <fenv.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 9, CALLERS = 4 };

static vecdot_context *context;
static vecdot_queue *queue;

/* ---- Problems that several threads are worth ----------------------------------------------------- */

typedef struct problem_row {
    const char *name;
    int64_t rows, columns, n; /* columns 0: both operands have the rows; else a product of matrices */
    ref_type type1, type2, type_out;
    int axis0; /* the rows lie side by side: the first axis is summed */
} problem_row;

static const problem_row rows[] = {
    {"rows", 16, 0, 40000, REF_F64, REF_F64, REF_F64, 0},
    {"rows of any dtype", 37, 0, 18001, REF_F32, REF_I8, REF_F32, 0},
    {"columns", 37, 0, 18001, REF_F32, REF_I8, REF_F32, 1},
    {"a split sum", 1, 0, 680000, REF_I32, REF_F32, REF_F64, 0},
    {"a product", 100, 100, 100, REF_C128, REF_C128, REF_C128, 0},
    {"rows that are cast", 100000, 0, 3, REF_F16, REF_I16, REF_F64, 0},
    {"zeros", 400000, 0, 0, REF_F32, REF_F32, REF_F32, 0},
};
enum { PROBLEMS = sizeof rows / sizeof rows[0] };

typedef struct painter {
    ref_type type;
    random_source *random;
} painter;

static void paint(unsigned char *element, void *argument)
{
    painter *with = argument;
    value_generate(with->type, 1, with->random, element);
}

static void shape_array(const problem_row *row, int which, array *a)
{
    const ref_type types[] = {row->type1, row->type2, row->type_out};
    a->type = types[which];
    a->storage = which;
    a->ndim = 0;
    if (which == ARRAY_OUT) {
        a->shape[a->ndim++] = row->rows;
        if (row->columns > 0) a->shape[a->ndim++] = row->columns;
    } else if (row->columns > 0) {
        a->shape[a->ndim++] = which == ARRAY_X1 ? row->rows : row->columns;
        if (which == ARRAY_X1) a->shape[a->ndim++] = 1;
        a->shape[a->ndim++] = row->n;
    } else {
        a->shape[a->ndim++] = row->axis0 ? row->n : row->rows;
        a->shape[a->ndim++] = row->axis0 ? row->rows : row->n;
    }
    array_make_contiguous(a);
}

/* The results' memory is filled with values that none of them has. */
static int make(const problem_row *row, trial *p)
{
    random_source random = random_start(11, (uint64_t)(row - rows));
    trial_start(p);
    if (row->axis0) p->axis[0] = p->axis[1] = 0;
    for (int i = 0; i < 3; i++) {
        array *a = &p->array[i];
        shape_array(row, i, a);
        size_t bytes = (size_t)(array_elements(a) * ref_size(a->type));
        if (!storage_create(p, i, bytes)) return 0;
        if (i != ARRAY_OUT) array_visit(p, a, paint, &(painter){a->type, &random});
        if (i == ARRAY_OUT) memset(p->storage[i].bytes, 0xa5, bytes);
    }
    return trial_seal(p);
}

/* Computes one of the problems. Returns 0, and says why, when a byte of it is not as it must be. */
static int computes(vecdot_queue *on, int which, char *why, size_t capacity)
{
    trial p;
    int right = make(&rows[which], &p);
    snprintf(why, capacity, "no memory");
    if (right && trial_call(&p, on) != VECDOT_SUCCESS) {
        snprintf(why, capacity, "%s", vecdot_last_error());
        right = 0;
    }
    right = right && trial_verify(&p, on, why, capacity);
    trial_free(&p);
    return right;
}

/* ---- Pools that keep to the rules ---------------------------------------------------------------- */

/* What a pool was asked for. */
typedef struct asked {
    atomic_int calls, wrong, most;
    atomic_int depth; /* of nested calls */
    vecdot_queue *other;
} asked;

typedef void part(void *work, size_t k);

/* Every pool begins with this. */
static void note(void *user, size_t count)
{
    asked *a = user;
    atomic_fetch_add(&a->calls, 1);
    if (count < 2 || count > THREADS) atomic_store(&a->wrong, 1);
    if ((int)count > atomic_load(&a->most)) atomic_store(&a->most, (int)count);
}

static void serial(void *user, size_t count, part *run, void *work)
{
    note(user, count);
    for (size_t k = 0; k < count; k++) run(work, k);
}

/* Some threads that take parts from one counter, from the last to the first. */
typedef struct team {
    part *run;
    void *work;
    atomic_long left;
    atomic_int begun;
    pthread_t threads[2 * THREADS];
    int members;
} team;

static void *member(void *argument)
{
    team *t = argument;
    atomic_fetch_add(&t->begun, 1);
    for (long k; (k = atomic_fetch_sub(&t->left, 1)) > 0;) t->run(t->work, (size_t)k - 1);
    return NULL;
}

static void team_start(team *t, int members, size_t count, part *run, void *work, const pthread_attr_t *how)
{
    t->run = run;
    t->work = work;
    atomic_init(&t->left, (long)count);
    atomic_init(&t->begun, 0);
    for (t->members = 0; t->members < members; t->members++)
        if (pthread_create(&t->threads[t->members], how, member, t) != 0) abort();
}

static void team_join(team *t)
{
    for (int k = 0; k < t->members; k++) pthread_join(t->threads[k], NULL);
}

/* As OpenMP does: so many threads, the caller among them, in no order. */
static void reverse(void *user, size_t count, part *run, void *work)
{
    team t;
    note(user, count);
    team_start(&t, (int)count - 1, count, run, work, NULL);
    member(&t);
    team_join(&t);
}

/* Fewer threads than parts, and none of them is the caller. */
static void elsewhere(void *user, size_t count, part *run, void *work)
{
    team t;
    note(user, count);
    team_start(&t, 2, count, run, work, NULL);
    team_join(&t);
}

/* One with a small stack, started by a caller that rounds upward and flushes subnormals. */
static void odd_thread(void *user, size_t count, part *run, void *work)
{
    team t;
    fenv_t before;
    pthread_attr_t small;
    note(user, count);
    pthread_attr_init(&small);
    if (pthread_attr_setstacksize(&small, thread_stack(64 * 1024)) != 0) abort();
    fegetenv(&before);
    fesetround(FE_UPWARD);
#if defined(__SSE__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
#endif
    team_start(&t, 1, count, run, work, &small);
    team_join(&t);
    fesetenv(&before);
    pthread_attr_destroy(&small);
}

/* While it waits for its parts, the thread computes something else of the program. */
static void nested(void *user, size_t count, part *run, void *work)
{
    asked *a = user;
    char why[512];
    note(user, count);
    run(work, 0);
    if (atomic_fetch_add(&a->depth, 1) == 0 && !computes(a->other, 1, why, sizeof why))
        atomic_store(&a->wrong, 1);
    atomic_fetch_sub(&a->depth, 1);
    for (size_t k = 1; k < count; k++) run(work, k);
}

/* ---- Pools that do not --------------------------------------------------------------------------- */

static void nothing(void *user, size_t count, part *run, void *work)
{
    (void)run, (void)work;
    note(user, count);
}

static void every_other(void *user, size_t count, part *run, void *work)
{
    note(user, count);
    for (size_t k = 1; k < count; k += 2) run(work, k);
}

/* Each part twice and some that there are not, by many threads. */
static void too_often(void *user, size_t count, part *run, void *work)
{
    team t[2];
    note(user, count);
    team_start(&t[0], THREADS, count + 3, run, work, NULL);
    team_start(&t[1], THREADS, count, run, work, NULL);
    for (int k = 0; k < 2; k++) team_join(&t[k]);
}

/* It returns while some are at work and others have not begun. */
static team early_team;

static void too_early(void *user, size_t count, part *run, void *work)
{
    note(user, count);
    team_join(&early_team);
    team_start(&early_team, 3, count, run, work, NULL);
    while (atomic_load(&early_team.begun) == 0) sched_yield();
}

/* ---- What must come out -------------------------------------------------------------------------- */

static const struct {
    const char *name;
    vecdot_parallel_for_fn run;
} pools[] = {
    {"serial", serial},           {"reverse", reverse},     {"elsewhere", elsewhere},
    {"odd thread", odd_thread},   {"nested", nested},       {"nothing", nothing},
    {"every other", every_other}, {"too often", too_often}, {"too early", too_early},
};
enum { POOLS = sizeof pools / sizeof pools[0] };

static void test_equal_bits(void **state)
{
    vecdot_queue *other = NULL;
    (void)state;
    assert_int_equal(vecdot_queue_create(context, &other), VECDOT_SUCCESS);
    for (int k = 0; k < POOLS; k++) {
        int threads = crew_size();
        for (int which = 0; which < PROBLEMS; which++) {
            asked a = {.other = other};
            char why[512];
            assert_int_equal(vecdot_set_parallel_for(context, pools[k].run, &a), VECDOT_SUCCESS);
            if (!computes(queue, which, why, sizeof why))
                fail_msg("%s, pool \"%s\": %s", rows[which].name, pools[k].name, why);
            if (atomic_load(&a.calls) == 0 || atomic_load(&a.wrong))
                fail_msg("%s, pool \"%s\": called %d times, %s", rows[which].name, pools[k].name,
                         atomic_load(&a.calls), atomic_load(&a.wrong) ? "wrongly" : "rightly");
        }
        team_join(&early_team);
        early_team.members = 0;
        assert_true(crew_has(threads)); /* none of the library's */
    }
    vecdot_queue_release(other);
}

/* How many parts a sum of so many products is cut into; 1: the calling thread computes it alone. */
static int parts_of(float *x, int64_t n)
{
    asked a = {.most = 1};
    float sum;
    DLTensor t = {.data = x, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_FLOAT32, .shape = &n};
    DLTensor out = {.data = &sum, .device = {kDLCPU, 0}, .ndim = 0, .dtype = VECDOT_FLOAT32};
    assert_int_equal(vecdot_set_parallel_for(context, serial, &a), VECDOT_SUCCESS);
    assert_int_equal(vecdot(queue, &t, &t, -1, &out), VECDOT_SUCCESS);
    assert_false(atomic_load(&a.wrong));
    return atomic_load(&a.most);
}

/* More work, more parts, from one to as many as there may be. */
static void test_count(void **state)
{
    static float x[1 << 23];
    int last = 1, between = 0;
    (void)state;
    assert_int_equal(parts_of(x, 1 << 10), 1);
    for (int64_t n = 1 << 10; n <= 1 << 23; n *= 2) {
        int parts = parts_of(x, n);
        assert_in_range(parts, last, THREADS);
        between += parts > 1 && parts < THREADS;
        last = parts;
    }
    assert_int_equal(last, THREADS);
    assert_true(between > 0);
}

/* A part that comes when its job is over. */
static part *late_run;
static void *late_work;

static void remember(void *user, size_t count, part *run, void *work)
{
    late_run = run;
    late_work = work;
    serial(user, count, run, work);
}

static void test_late_part(void **state)
{
    asked a = {.depth = 0};
    trial p;
    char why[512];
    (void)state;
    assert_true(make(&rows[1], &p));
    assert_int_equal(vecdot_set_parallel_for(context, remember, &a), VECDOT_SUCCESS);
    assert_int_equal(trial_call(&p, queue), VECDOT_SUCCESS);
    assert_true(trial_verify(&p, queue, why, sizeof why));
    memcpy(p.storage[ARRAY_OUT].bytes, p.storage[ARRAY_OUT].before, p.storage[ARRAY_OUT].size);
    for (size_t k = 0; k < THREADS + 2; k++) late_run(late_work, k);
    assert_true(trial_untouched(&p, queue, why, sizeof why));
    trial_free(&p);
}

typedef struct caller {
    pthread_t thread;
    vecdot_queue *queue;
    char wrong[512];
} caller;

static void *call_often(void *argument)
{
    caller *c = argument;
    for (int k = 0; k < PROBLEMS && c->wrong[0] == '\0'; k++) {
        char why[512];
        if (!computes(c->queue, k, why, sizeof why))
            snprintf(c->wrong, sizeof c->wrong, "%s: %.400s", rows[k].name, why);
    }
    return NULL;
}

static void test_callers_at_once(void **state)
{
    caller callers[CALLERS];
    asked a = {.depth = 0};
    (void)state;
    memset(callers, 0, sizeof callers);
    assert_int_equal(vecdot_set_parallel_for(context, reverse, &a), VECDOT_SUCCESS);
    for (int k = 0; k < CALLERS; k++)
        assert_int_equal(vecdot_queue_create(context, &callers[k].queue), VECDOT_SUCCESS);
    for (int k = 0; k < CALLERS; k++)
        assert_int_equal(pthread_create(&callers[k].thread, NULL, call_often, &callers[k]), 0);
    for (int k = 0; k < CALLERS; k++) pthread_join(callers[k].thread, NULL);
    for (int k = 0; k < CALLERS; k++) {
        assert_string_equal(callers[k].wrong, "");
        vecdot_queue_release(callers[k].queue);
    }
    assert_false(atomic_load(&a.wrong));
    assert_true(atomic_load(&a.calls) >= CALLERS * PROBLEMS);
}

/* ---- Setting it ---------------------------------------------------------------------------------- */

static void test_errors(void **state)
{
    vecdot_context *other = NULL;
    (void)state;
    assert_int_equal(vecdot_set_parallel_for(NULL, serial, NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_string_equal(vecdot_last_error(), "vecdot_set_parallel_for: context is NULL");
    assert_int_equal(null_context_create(NULL_GPU, &other), VECDOT_SUCCESS);
    assert_int_equal(vecdot_set_parallel_for(other, serial, NULL), VECDOT_ERROR_UNSUPPORTED);
    assert_non_null(strstr(vecdot_last_error(), "whose driver has threads of its own; expected"));
    assert_int_equal(vecdot_set_parallel_for(other, NULL, NULL), VECDOT_ERROR_UNSUPPORTED);
    vecdot_context_release(other);
}

/* NULL: the library's own threads, which come at the first call that wants them. */
static void test_own_threads_again(void **state)
{
    asked a = {.depth = 0};
    char why[512];
    int before = crew_size();
    (void)state;
    assert_int_equal(vecdot_set_parallel_for(context, serial, &a), VECDOT_SUCCESS);
    assert_int_equal(vecdot_set_parallel_for(context, NULL, &a), VECDOT_SUCCESS);
    assert_true(crew_has(before));
    assert_true(computes(queue, 1, why, sizeof why));
    assert_true(crew_size() > before);
    assert_int_equal(atomic_load(&a.calls), 0);
}

static void *end_at_once(void *unused)
{
    return unused;
}

/* The first thread brings a sanitizer's own. */
static int open_context(void **state)
{
    pthread_t first;
    if (pthread_create(&first, NULL, end_at_once, NULL) != 0 || pthread_join(first, NULL) != 0) return 1;
    char threads[16];
    (void)state;
    snprintf(threads, sizeof threads, "%d", THREADS);
    setenv("VECDOT_NUM_THREADS", threads, 1);
    return vecdot_context_create("cpu", &context) != VECDOT_SUCCESS ||
           vecdot_queue_create(context, &queue) != VECDOT_SUCCESS;
}

static int close_context(void **state)
{
    (void)state;
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_bits), cmocka_unit_test(test_count),
        cmocka_unit_test(test_late_part),  cmocka_unit_test(test_callers_at_once),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_own_threads_again),
    };
    alarm(600); /* a call that never returns fails */
    return cmocka_run_group_tests_name("own_pool", tests, open_context, close_context);
}
