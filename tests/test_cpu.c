/* The CPU backend beside what a program does to its threads: how many there are, how they round, who else
 * calls, and how small a caller's stack is. The bits are the reference's, whatever it does. */
#include "core/plan/variant.h"
#include "support/backends.h"
#include "support/crew.h"
#include "support/generate.h"
#include "support/modes.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_THREADS = 9, MOST_NDIM = 2, CALLERS = 8 };
enum { ORDINARY = 1, FAR_APART = 2, NOT_FINITE = 5 }; /* palettes */

static int before; /* threads of this process that are not the pool's */
static vecdot_context *context;
static vecdot_queue *queue;

static void must(vecdot_status status)
{
    if (status != VECDOT_SUCCESS) fail_msg("%s", vecdot_last_error());
}

static void open_cpu(int threads)
{
    char number[16];
    snprintf(number, sizeof number, "%d", threads);
    setenv("VECDOT_NUM_THREADS", number, 1);
    must(vecdot_context_create("cpu", &context));
    must(vecdot_queue_create(context, &queue));
}

static void close_cpu(void)
{
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    queue = NULL;
    context = NULL;
    assert_true(crew_has(before));
}

/* ---- Problems that are worth several threads ----------------------------------------------------- */

typedef struct example {
    const char *name;
    call op;
    int32_t axis;
    ref_type types[3];
    int64_t shape[3][MOST_NDIM + 1]; /* up to the first 0 */
    int palette;
    float scale[2]; /* of float32 operands; 0: as they are */
} example;

#define SAME(type)                                                                                           \
    {                                                                                                        \
        REF_##type, REF_##type, REF_##type                                                                   \
    }

/* clang-format off */
static const example examples[] = {
    {"one sum", CALL_VECDOT, -1, SAME(F32), {{1 << 19}, {1 << 19}}, FAR_APART, {0}},
    {"rows", CALL_VECDOT, -1, SAME(F64), {{300, 1001}, {1001}, {300}}, ORDINARY, {0}},
    {"short rows", CALL_VECDOT, -1, SAME(F32), {{50000, 7}, {50000, 7}, {50000}}, FAR_APART, {0}},
    {"columns", CALL_VECDOT, 0, SAME(F32), {{700, 500}, {700, 500}, {500}}, ORDINARY, {0}},
    {"float16", CALL_VECDOT, -1, SAME(F16), {{40, 9000}, {40, 9000}, {40}}, ORDINARY, {0}},
    {"a mixture", CALL_VECDOT, -1, {REF_I16, REF_F32, REF_F64}, {{100, 3001}, {3001}, {100}}, ORDINARY, {0}},
    {"complex", CALL_VECDOT, -1, SAME(C64), {{90, 2000}, {90, 2000}, {90}}, FAR_APART, {0}},
    {"matrix", CALL_MATVEC, 0, SAME(F32), {{150, 200}, {180, 200}, {180, 150}}, FAR_APART, {0}},
    {"integers", CALL_VECDOT, -1, SAME(I8), {{120, 8000}, {120, 8000}, {120}}, ORDINARY, {0}},
    {"not finite", CALL_VECDOT, -1, SAME(F32), {{300, 1000}, {300, 1000}, {300}}, NOT_FINITE, {0}},
    {"subnormal products", CALL_VECDOT, -1, SAME(F32), {{300, 1000}, {300, 1000}, {300}}, ORDINARY,
     {0x1p-72f, 0x1p-68f}},
    {"subnormal operands", CALL_VECDOT, -1, SAME(F32), {{300, 1000}, {300, 1000}, {300}}, ORDINARY,
     {0x1p-136f, 0x1p20f}},
};
/* clang-format on */
enum { EXAMPLES = sizeof examples / sizeof examples[0] };

/* Made once. Callers have copies of the trial with an out of their own. */
static struct {
    trial p;
    unsigned char *expected;
} work[EXAMPLES];

static void scale(unsigned char *element, void *factor)
{
    float x;
    memcpy(&x, element, sizeof x);
    x *= *(const float *)factor;
    memcpy(element, &x, sizeof x);
}

static void make(const example *e, trial *p, uint64_t number)
{
    random_source random = random_start(17, number);
    trial_start(p);
    p->op = e->op;
    p->axis[0] = p->axis[1] = e->axis;
    for (int a = 0; a < 3; a++) {
        array *to = &p->array[a];
        to->type = e->types[a];
        while (e->shape[a][to->ndim] != 0) to->ndim++;
        memcpy(to->shape, e->shape[a], sizeof(int64_t) * (size_t)to->ndim);
        array_make_contiguous(to);
        to->storage = a;
        assert_true(storage_create(p, a, (size_t)(array_elements(to) * ref_size(to->type))));
        if (a == ARRAY_OUT) continue;
        array_fill(p, to, e->palette, &random);
        float factor = e->scale[a];
        if (factor != 0) array_visit(p, to, scale, &factor);
    }
    assert_true(trial_seal(p));
}

/* A sanitizer may start a thread of its own with the first of the program's. */
static void *do_nothing(void *unused)
{
    return unused;
}

static void count_own_threads(void)
{
    pthread_t first;
    assert_int_equal(pthread_create(&first, NULL, do_nothing, NULL), 0);
    pthread_join(first, NULL);
    nanosleep(&(struct timespec){0, 20000000}, NULL);
    before = crew_size();
}

/* Computes each once with the default rounding, on one thread, and compares it with the reference. */
static int make_all(void **state)
{
    char why[512];
    (void)state;
    count_own_threads();
    open_cpu(1);
    for (int k = 0; k < EXAMPLES; k++) {
        trial *p = &work[k].p;
        make(&examples[k], p, (uint64_t)k);
        must(trial_call(p, queue));
        if (!trial_verify(p, queue, why, sizeof why)) fail_msg("%s: %s", examples[k].name, why);
        work[k].expected = malloc(p->storage[ARRAY_OUT].size);
        assert_non_null(work[k].expected);
        memcpy(work[k].expected, p->storage[ARRAY_OUT].bytes, p->storage[ARRAY_OUT].size);
    }
    close_cpu();
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (int k = 0; k < EXAMPLES; k++) {
        trial_free(&work[k].p);
        free(work[k].expected);
    }
    return 0;
}

/* Whether a call gives the bits again. */
static int gives_the_bits(int k, trial *p, vecdot_queue *with)
{
    storage *out = &p->storage[ARRAY_OUT];
    memset(out->bytes, 0xEE, out->size);
    return trial_call(p, with) == VECDOT_SUCCESS && memcmp(out->bytes, work[k].expected, out->size) == 0;
}

/* ---- How many threads ---------------------------------------------------------------------------- */

static void test_numbers_of_threads(void **state)
{
    (void)state;
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        open_cpu(threads);
        for (int k = 0; k < EXAMPLES; k++)
            if (!gives_the_bits(k, &work[k].p, queue)) fail_msg("%s, %d threads", examples[k].name, threads);
        assert_true(crew_size() <= before + threads - 1);
        assert_true(threads == 1 || crew_size() > before); /* how many depends on who is awake */
        close_cpu();
    }
}

/* ---- Rounding ------------------------------------------------------------------------------------ */

/* The pool's threads are started by the first call in the mode, whose thread they begin as copies of. */
static void check_mode(int threads, float_mode mode)
{
    float_mode usual = mode_get();
    open_cpu(threads);
    for (int k = 0; k < EXAMPLES; k++) {
        mode_set(mode);
        int good = gives_the_bits(k, &work[k].p, queue);
        float_mode after = mode_get();
        mode_set(usual);
        if (!good) fail_msg("%s in mode %#x, %d threads", examples[k].name, (unsigned)mode, threads);
        assert_int_equal(after, mode);
    }
    close_cpu();
}

static void test_modes(void **state)
{
    float_mode mode;
    (void)state;
    for (int k = 0; mode_at(k, &mode); k++) {
        check_mode(1, mode);
        check_mode(4, mode);
    }
}

/* What a program's own arithmetic has raised is raised after a call too. */
static void test_flags(void **state)
{
    const int raised = FE_DIVBYZERO | FE_OVERFLOW;
    float_mode mode;
    (void)state;
    open_cpu(1);
    for (int k = 0; mode_at(k, &mode); k++) {
        float_mode usual = mode_get();
        feclearexcept(FE_ALL_EXCEPT);
        feraiseexcept(raised);
        mode_set(mode);
        int good = gives_the_bits(0, &work[0].p, queue);
        mode_set(usual);
        int left = fetestexcept(raised);
        feclearexcept(FE_ALL_EXCEPT);
        assert_true(good);
        assert_int_equal(left, raised);
    }
    close_cpu();
}

/* ---- Memory -------------------------------------------------------------------------------------- */

/* A child whose threads run, and who has no more memory than scratch for a thread or two. Exits with 0 if a
 * call gives the bits. */
static void compute_in_little_memory(int k)
{
    enum { BLOCK = 2 << 20, THREADS = 8, ROUNDS = 4 };
    struct rlimit limit = {.rlim_cur = (rlim_t)1 << 30, .rlim_max = RLIM_INFINITY};
    void *last[2] = {NULL, NULL}, *block;
    vecdot_queue *other;
    open_cpu(THREADS);
    must(vecdot_queue_create(context, &other)); /* it has scratch of its own */
    for (int round = 0; round < ROUNDS; round++) (void)gives_the_bits(k, &work[k].p, other);
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(2);
    while ((block = malloc(BLOCK)) != NULL) last[0] = last[1], last[1] = block;
    free(last[0]);
    free(last[1]);
    if (gives_the_bits(k, &work[k].p, queue)) _exit(0);
    fprintf(stderr, "%s: %s\n", examples[k].name, vecdot_last_error());
    _exit(1);
}

static void test_little_memory(void **state)
{
    int status = 0;
    (void)state;
    if (SANITIZED || getenv("VECDOT_TEST_EMULATOR") != NULL) skip(); /* they need memory of their own */
    for (int k = 0; k < EXAMPLES; k++) {
        pid_t child = fork();
        if (child == 0) compute_in_little_memory(k);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0) fail_msg("%s: status %#x", examples[k].name, (unsigned)status);
    }
}

/* ---- Callers ------------------------------------------------------------------------------------- */

typedef struct caller {
    pthread_t thread;
    int number;
    const char *wrong; /* what went wrong first: cmocka's asserts are for the main thread */
} caller;

static pthread_barrier_t together;

static void *call_all(void *user)
{
    enum { ROUNDS = 6 };
    caller *c = user;
    vecdot_queue *own = NULL;
    if (vecdot_queue_create(context, &own) != VECDOT_SUCCESS) c->wrong = "no queue";
    pthread_barrier_wait(&together);
    for (int round = 0; round < ROUNDS * EXAMPLES && c->wrong == NULL; round++) {
        int k = (round + c->number) % EXAMPLES;
        trial p = work[k].p;
        p.storage[ARRAY_OUT].bytes = malloc(p.storage[ARRAY_OUT].size);
        if (p.storage[ARRAY_OUT].bytes == NULL || !gives_the_bits(k, &p, own)) c->wrong = examples[k].name;
        free(p.storage[ARRAY_OUT].bytes);
    }
    vecdot_queue_release(own);
    return NULL;
}

/* Eight threads at once, each with a queue of its own, on two processors. */
static void test_callers(void **state)
{
    caller callers[CALLERS] = {0};
    cpu_set_t all, two;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&two);
    for (size_t k = 0; k < CPU_SETSIZE && CPU_COUNT(&two) < 2; k++)
        if (CPU_ISSET(k, &all)) CPU_SET(k, &two);
    assert_int_equal(sched_setaffinity(0, sizeof two, &two), 0); /* threads that start now keep to it too */
    open_cpu(2);
    assert_int_equal(pthread_barrier_init(&together, NULL, CALLERS), 0);
    for (int k = 0; k < CALLERS; k++) {
        callers[k].number = k;
        assert_int_equal(pthread_create(&callers[k].thread, NULL, call_all, &callers[k]), 0);
    }
    for (int k = 0; k < CALLERS; k++) pthread_join(callers[k].thread, NULL);
    pthread_barrier_destroy(&together);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    for (int k = 0; k < CALLERS; k++)
        if (callers[k].wrong != NULL) fail_msg("caller %d: %s", k, callers[k].wrong);
    close_cpu();
}

/* ---- Small stacks -------------------------------------------------------------------------------- */

#if defined(__aarch64__)
enum { STACK = 128 * 1024 };
#else
enum { STACK = 64 * 1024 };
#endif
enum { PAGE = 4096, PROBLEMS = 1500 };

typedef struct small_call {
    trial *p;
    vecdot_status status;
} small_call;

static void *call_one(void *user)
{
    small_call *c = user;
    c->status = trial_call(c->p, queue);
    return NULL;
}

/* Calls on a thread with a stack of 64 KiB, the thread's own data included, and a page below it that nobody
 * may touch. AArch64's threads have 128 KiB at least. */
static vecdot_status call_on_small_stack(trial *p, char *memory)
{
    small_call c = {p, VECDOT_ERROR_BACKEND};
    pthread_attr_t attributes;
    pthread_t caller_thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, memory + PAGE, STACK), 0);
    assert_int_equal(pthread_create(&caller_thread, &attributes, call_one, &c), 0);
    pthread_join(caller_thread, NULL);
    pthread_attr_destroy(&attributes);
    return c.status;
}

static void count_kernels(trial *p, long ran[KERNEL_COUNT])
{
    char words[16384];
    if (p->op != CALL_VECDOT) return; /* matvec and vecmat cannot be explained */
    must(trial_explain(p, queue, words, sizeof words));
    for (int k = 0; k < KERNEL_COUNT; k++) {
        char name[64];
        snprintf(name, sizeof name, ": %s ", kernel_name((kernel_id)k));
        ran[k] += strstr(words, name) != NULL;
    }
}

/* Random problems in random classes, until each kernel of the instruction set has run. */
static void test_small_stacks(void **state)
{
    long ran[KERNEL_COUNT] = {0};
    char why[512];
    (void)state;
    if (SANITIZED) skip(); /* its functions need larger stacks */
    char *memory =
        mmap(NULL, PAGE + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    assert_true(memory != MAP_FAILED);
    assert_int_equal(mprotect(memory, PAGE, PROT_NONE), 0);
    open_cpu(3);
    const plan_policy usual = context->policy;
    for (int k = 0; k < PROBLEMS; k++) {
        random_source random = random_start(23, (uint64_t)k);
        trial p;
        assert_true(trial_generate(&p, 1, &random) && trial_seal(&p));
        context->policy = usual;
        if (random_chance(&random, 50))
            context->policy.force = (plan_class)random_below(&random, CLASS_COUNT);
        context->policy.force_any = random_chance(&random, 25);
        context->policy.force_nodes = random_chance(&random, 30) ? 1 + random_below(&random, 12) : 0;
        must(call_on_small_stack(&p, memory));
        if (!trial_verify(&p, queue, why, sizeof why)) fail_msg("problem %d: %s", k, why);
        count_kernels(&p, ran);
        trial_free(&p);
    }
    for (size_t k = 0; k < KERNEL_COUNT; k++) {
        const target t = {.context = context, .policy = usual, .info = context->dev.info};
        if (ran[k] == 0 && target_has_kernel(&t, (kernel_id)k))
            fail_msg("no problem ran the kernel %s", kernel_name((kernel_id)k));
    }
    close_cpu();
    munmap(memory, PAGE + STACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_of_threads),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_little_memory),
        cmocka_unit_test(test_callers),
        cmocka_unit_test(test_small_stacks),
    };
    int chosen = targets_choose_cpu_set();
    if (chosen != EXIT_SUCCESS) return chosen;
    return cmocka_run_group_tests_name("cpu", tests, make_all, free_all);
}
