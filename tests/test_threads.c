/* Threads that share a context, each with a queue of its own: first calls that all need the same programs at
 * once, results of several dtypes, device tensors, messages of one thread only, and a logger never called
 * twice at a time, a thread that is cancelled. Meant to run under ThreadSanitizer too. */
#include "support/backends.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 4, ROWS = 5, LENGTH = 700, TYPES = 5 };

static target *on; /* the device under test */

/* ---- Exact problems: small whole numbers, so that any order of summation gives the same ---------- */

static const DLDataType types[TYPES] = {
    {kDLInt, 32, 1}, {kDLFloat, 32, 1}, {kDLInt, 8, 1}, {kDLComplex, 64, 1}, {kDLUInt, 16, 1}};

static int value(int seed, int i)
{
    return (i * 7 + seed * 13 + i / 11) % 7 - 3;
}

static void store(void *data, int type, int at, int v)
{
    switch (type) {
    case 0: ((int32_t *)data)[at] = v; break;
    case 1: ((float *)data)[at] = (float)v; break;
    case 2: ((int8_t *)data)[at] = (int8_t)v; break;
    case 3:
        ((float *)data)[2 * at] = (float)v;
        ((float *)data)[2 * at + 1] = 1;
        break;
    default: ((uint16_t *)data)[at] = (uint16_t)v;
    }
}

/* Element `at` of a result against the sum and, for complex, the sum of the differences b - a. */
static int is_result(const void *data, int type, int at, int sum, int difference)
{
    switch (type) {
    case 0: return ((const int32_t *)data)[at] == sum;
    case 1: return ((const float *)data)[at] == (float)sum;
    case 2: return ((const int8_t *)data)[at] == (int8_t)sum;
    case 3: /* conj(a + i) (b + i) = ab + 1 + (a - b) i */
        return ((const float *)data)[2 * at] == (float)(sum + LENGTH) &&
               ((const float *)data)[2 * at + 1] == (float)-difference;
    default: return ((const uint16_t *)data)[at] == (uint16_t)sum;
    }
}

/* ---- One thread's work --------------------------------------------------------------------------- */

typedef struct worker {
    int number;
    pthread_t thread;
    vecdot_queue *queue;
    _Alignas(16) unsigned char x1[ROWS * LENGTH * 8], x2[LENGTH * 8], out[ROWS * 8];
    char wrong[256]; /* what went wrong first: cmocka's asserts are for the main thread */
} worker;

static pthread_barrier_t together;

static void complain(worker *w, const char *what, int type)
{
    if (w->wrong[0] == 0) {
        snprintf(w->wrong, sizeof w->wrong, "%s, type %d: %.160s", what, type, vecdot_last_error());
    }
}

static void fill(worker *w, int type, int seed)
{
    for (int i = 0; i < ROWS * LENGTH; i++) store(w->x1, type, i, value(seed, i));
    for (int i = 0; i < LENGTH; i++) store(w->x2, type, i, value(seed + 1, i));
    memset(w->out, 0xEE, sizeof w->out);
}

static void check(worker *w, int type, int seed)
{
    for (int row = 0; row < ROWS; row++) {
        int sum = 0, difference = 0;
        for (int i = 0; i < LENGTH; i++) {
            int a = value(seed, row * LENGTH + i), b = value(seed + 1, i);
            sum += a * b;
            difference += b - a;
        }
        if (!is_result(w->out, type, row, sum, difference)) complain(w, "wrong result", type);
    }
}

/* x1 by way of a device tensor of its own on odd rounds, so that both kinds of operand are mixed. */
static void compute(worker *w, int type, int round)
{
    int64_t shape1[2] = {ROWS, LENGTH}, shape2[1] = {LENGTH}, shape_out[1] = {ROWS};
    DLTensor x1 = {.data = w->x1, .device = {kDLCPU, 0}, .ndim = 2, .dtype = types[type], .shape = shape1};
    DLTensor x2 = {.data = w->x2, .device = {kDLCPU, 0}, .ndim = 1, .dtype = types[type], .shape = shape2};
    DLTensor out = {
        .data = w->out, .device = {kDLCPU, 0}, .ndim = 1, .dtype = types[type], .shape = shape_out};
    DLManagedTensor *copy = NULL;
    if (round & 1) {
        if (vecdot_empty(on->context, types[type], 2, shape1, &copy) != VECDOT_SUCCESS ||
            vecdot_copy(w->queue, &x1, &copy->dl_tensor) != VECDOT_SUCCESS) {
            complain(w, "cannot copy", type);
        } else {
            x1 = copy->dl_tensor;
        }
    }
    if (vecdot(w->queue, &x1, &x2, -1, &out) != VECDOT_SUCCESS) complain(w, "vecdot", type);
    if (copy != NULL) copy->deleter(copy);
}

/* This thread's failure is its own message. */
static void check_message(worker *w)
{
    char expected[64];
    vecdot_context *none = NULL;
    snprintf(expected, sizeof expected, "nothing-%d", w->number);
    if (vecdot_context_create(expected, &none) != VECDOT_ERROR_INVALID_ARGUMENT ||
        strstr(vecdot_last_error(), expected) == NULL) {
        complain(w, "message", -1);
    }
}

static void *work(void *argument)
{
    worker *w = argument;
    if (vecdot_queue_create(on->context, &w->queue) != VECDOT_SUCCESS) complain(w, "queue", -1);
    pthread_barrier_wait(&together);
    for (int round = 0; round < ROUNDS && w->queue != NULL; round++) {
        for (int k = 0; k < TYPES; k++) {
            int type =
                (k + (round > 0 ? w->number : 0)) % TYPES; /* the first round wants the same programs */
            fill(w, type, w->number + round);
            compute(w, type, round);
            check(w, type, w->number + round);
        }
        check_message(w);
    }
    if (w->queue != NULL && vecdot_queue_finish(w->queue) != VECDOT_SUCCESS) complain(w, "finish", -1);
    vecdot_queue_release(w->queue);
    return NULL;
}

/* ---- The logger ---------------------------------------------------------------------------------- */

enum { BUILDS = 256 };

typedef struct listener {
    atomic_int inside, twice; /* is a call going on; was there one during another */
    int count;
    char built[BUILDS][128];
} listener;

static void listen(void *user, const char *message)
{
    listener *l = user;
    if (atomic_fetch_add(&l->inside, 1) != 0) atomic_store(&l->twice, 1);
    int program = strncmp(message, "built ", 6) == 0 || strncmp(message, "loaded ", 7) == 0;
    if (program && l->count < BUILDS) {
        const char *end = strstr(message, " in "); /* the variant's label, without its milliseconds */
        int length = end != NULL ? (int)(end - message) : (int)strlen(message);
        snprintf(l->built[l->count++], sizeof l->built[0], "%.*s", length, message);
    }
    atomic_fetch_sub(&l->inside, 1);
}

static void test_shared_context(void **state)
{
    worker *workers = calloc(THREADS, sizeof *workers);
    listener *l = calloc(1, sizeof *l);
    (void)state;
    assert_non_null(workers);
    assert_non_null(l);
    vecdot_set_logger(listen, l);
    assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(workers[i].thread, NULL);
    pthread_barrier_destroy(&together);
    vecdot_set_logger(NULL, NULL);
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].wrong[0] != 0) fail_msg("thread %d: %s", i, workers[i].wrong);
    }
    assert_false(atomic_load(&l->twice));
    /* integers share one accumulator, the rest have their own; all integers share a program for any dtype */
    assert_true(l->count >= (on->policy.typed_kernels ? TYPES - 1 : 3));
    for (int i = 0; i < l->count; i++) {
        for (int j = 0; j < i; j++) assert_string_not_equal(l->built[i], l->built[j]);
    }
    on->cases += THREADS * ROUNDS * TYPES;
    free(workers);
    free(l);
}

/* ---- Cancellation -------------------------------------------------------------------------------- */

/* A point at which a cancelled thread ends. */
static void pause_shortly(void *unused, const char *message)
{
    (void)unused, (void)message;
    nanosleep(&(struct timespec){0, 1000}, NULL);
}

/* Ends at the first such point, which must not be in the library. */
static void *call_cancelled(void *argument)
{
    worker *w = argument;
    vecdot_context *context = NULL;
    size_t count = 0;
    pthread_cancel(pthread_self());
    w->number = 1;
    if (vecdot_context_create(on->selector, &context) != VECDOT_SUCCESS) complain(w, "context", -1);
    if (vecdot_queue_create(context, &w->queue) != VECDOT_SUCCESS) complain(w, "queue", -1);
    vecdot_set_logger(pause_shortly, NULL);
    fill(w, 0, 1);
    compute(w, 0, 0); /* host arrays: device tensors are of the shared context */
    check(w, 0, 1);
    if (vecdot_device_list(NULL, 0, &count) != VECDOT_SUCCESS) complain(w, "list", -1);
    if (vecdot_queue_finish(w->queue) != VECDOT_SUCCESS) complain(w, "finish", -1);
    vecdot_queue_release(w->queue);
    vecdot_context_release(context);
    w->number = 2;
    pthread_testcancel();
    return NULL;
}

static void test_cancelled_thread(void **state)
{
    static worker w;
    pthread_t caller;
    void *result = NULL;
    (void)state;
    memset(&w, 0, sizeof w);
    alarm(60); /* a lock that is left behind is a failure */
    vecdot_set_logger(pause_shortly, NULL);
    assert_int_equal(pthread_create(&caller, NULL, call_cancelled, &w), 0);
    assert_int_equal(pthread_join(caller, &result), 0);
    vecdot_set_logger(NULL, NULL);
    alarm(0);
    assert_int_equal(w.number, 2);
    assert_string_equal(w.wrong, "");
    assert_ptr_equal(result, PTHREAD_CANCELED);
}

/* Contexts made and released by several threads at once. */
static void *open_and_close(void *argument)
{
    worker *w = argument;
    for (int i = 0; i < 5; i++) {
        vecdot_context *context = NULL;
        size_t count = 0;
        if (vecdot_context_create(on->selector, &context) != VECDOT_SUCCESS) complain(w, "context", -1);
        if (vecdot_device_list(NULL, 0, &count) != VECDOT_SUCCESS || count == 0) complain(w, "list", -1);
        vecdot_context_release(context);
    }
    return NULL;
}

static void test_contexts_in_threads(void **state)
{
    static worker workers[THREADS];
    (void)state;
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, open_and_close, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) assert_string_equal(workers[i].wrong, "");
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_context),
        cmocka_unit_test(test_contexts_in_threads),
        cmocka_unit_test(test_cancelled_thread),
    };
    on = t;
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
