/* The host path: who takes it, what it does to the queue and the thread, and that its bits are the kernels'
 * for sums of many chunks. (The reference's bits: test_random, and the suites that end in .host.) */
#include "core/run/host/host_path.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/generate.h"
#include "support/null_backend.h"

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif

static target *on;

enum { MOST = 300007 };

static _Alignas(16) unsigned char numbers[2][MOST * 16 + 16], results[2][64];

static DLTensor tensor(void *data, ref_type type, int ndim, const int64_t *shape)
{
    return (DLTensor){.data = data,
                      .device = {kDLCPU, 0},
                      .ndim = ndim,
                      .dtype = ref_dlpack(type),
                      .shape = (int64_t *)(uintptr_t)shape};
}

static void must(vecdot_status status)
{
    if (status != VECDOT_SUCCESS) fail_msg("%s", vecdot_last_error());
    on->cases++;
}

static void fill(int which, ref_type type, int64_t count, int palette)
{
    random_source random = random_start(11, (uint64_t)which);
    for (int64_t k = 0; k < count; k++)
        value_generate(type, palette, &random, numbers[which] + k * ref_size(type));
}

/* One sum, its result in results[to]. */
static void sum_to(int to, ref_type type, int64_t n)
{
    DLTensor x = tensor(numbers[0], type, 1, &n), y = tensor(numbers[1], type, 1, &n);
    DLTensor out = tensor(results[to], type, 0, NULL);
    must(vecdot(on->queue, &x, &y, -1, &out));
}

/* ---- Bits ---------------------------------------------------------------------------------------- */

static void test_many_chunks(void **state)
{
    static const int64_t lengths[] = {1, 5000, 65536, 131072 + 77, MOST};
    (void)state;
    for (int type = 0; type < REF_COUNT; type++) {
        for (int which = 0; which < 2; which++) fill(which, (ref_type)type, MOST, 1);
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            target_reset(on);
            memset(results, 0, sizeof results);
            sum_to(0, (ref_type)type, lengths[k]);
            on->context->policy.host = HOST_ALWAYS;
            for (int set = host_set_after(-1); set >= 0; set = host_set_after(set)) {
                on->context->policy.host_set = set;
                sum_to(1, (ref_type)type, lengths[k]);
                if (memcmp(results[0], results[1], sizeof results[0]) != 0)
                    fail_msg("%s by %s, %lld products: not the kernel's bits", ref_name((ref_type)type),
                             host_set_name(set), (long long)lengths[k]);
            }
        }
    }
    target_reset(on);
}

/* The program's rounding and flushing of subnormals have no part in the bits, and are left as they were. */
static void test_rounding(void **state)
{
    (void)state;
#if defined(__x86_64__) || defined(__i386__)
    enum { FLUSH = 0x8040, UPWARDS = 0x4000, MASKED = 0x1f80, STATUS = 0x3f };
    const unsigned before = _mm_getcsr(), wanted = MASKED | FLUSH | UPWARDS;
    for (int which = 0; which < 2; which++) fill(which, REF_F32, 5000, 1);
    for (int k = 0; k < 5000; k += 7) { /* some products are subnormal */
        float small = 0x1p-70f;
        memcpy(numbers[0] + k * 4, &small, sizeof small);
        memcpy(numbers[1] + k * 4, &small, sizeof small);
    }
    target_reset(on);
    on->context->policy.host = HOST_ALWAYS;
    for (int n = 1; n <= 5000; n += 833) {
        sum_to(0, REF_F32, n);
        _mm_setcsr(wanted);
        sum_to(1, REF_F32, n);
        unsigned after = _mm_getcsr();
        _mm_setcsr(before);
        assert_int_equal(after & ~(unsigned)STATUS, wanted);
        assert_memory_equal(results[0], results[1], 4);
    }
    target_reset(on);
#endif
}

/* ---- Who takes it -------------------------------------------------------------------------------- */

/* What the library says of a problem of that many products. */
static int says_host(int64_t n)
{
    char words[4096];
    DLTensor x = tensor(numbers[0], REF_F32, 1, &n), out = tensor(results[0], REF_F32, 0, NULL);
    must(vecdot_explain(on->queue, &x, &x, NULL, &out, words, sizeof words, NULL));
    int host = strstr(words, "plan: on the calling thread") != NULL;
    assert_int_equal(host, strstr(words, "launch 1:") == NULL);
    return host;
}

static void test_decision(void **state)
{
    (void)state;
    target_reset(on);
    plan_policy *policy = &on->context->policy;
    assert_false(says_host(1024));
    policy->host = HOST_AUTO;
    policy->thresholds = thresholds_of(FAMILY_HOST);
    assert_int_equal(says_host(1024), policy->share_host);
    assert_false(says_host(INT64_C(1) << 24));
    policy->share_host = 0;
    assert_false(says_host(1024));
    policy->host = HOST_ALWAYS;
    assert_true(says_host(1024) && says_host(INT64_C(1) << 24));
    policy->host_set = -1;
    assert_false(says_host(1024));
    target_reset(on);
}

/* A context starts with the decision left to the threshold on CPUs, and with `never` elsewhere. */
static void test_default(void **state)
{
    vecdot_context *context;
    (void)state;
    assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
    int cpu = on->info.kind == VECDOT_DEVICE_CPU && on->info.shares_host_memory;
    assert_int_equal(context->policy.host, cpu ? HOST_AUTO : HOST_NEVER);
    vecdot_context_release(context);
}

/* Device arrays are launched on, also when all else would go the other way. */
static void test_device_arrays(void **state)
{
    int64_t n = 1000;
    DLManagedTensor *made = NULL;
    (void)state;
    fill(0, REF_I32, n, 0);
    target_reset(on);
    DLTensor host = tensor(numbers[0], REF_I32, 1, &n), out = tensor(results[1], REF_I32, 0, NULL);
    memcpy(numbers[1], numbers[0], (size_t)n * 4);
    sum_to(0, REF_I32, n);
    on->context->policy.host = HOST_ALWAYS;
    must(vecdot_empty(on->context, VECDOT_INT32, 1, &n, &made));
    must(vecdot_copy(on->queue, &host, &made->dl_tensor));
    must(vecdot(on->queue, &host, &made->dl_tensor, -1, &out));
    assert_memory_equal(results[0], results[1], 4);
    made->deleter(made);
    target_reset(on);
}

/* ---- The queue and the log ----------------------------------------------------------------------- */

static void count_line(void *user, const char *message)
{
    int *lines = user;
    *lines += strstr(message, "computed on the calling thread") != NULL;
}

/* Said once a queue. */
static void test_log(void **state)
{
    vecdot_queue *queue;
    int64_t n = 10;
    int lines = 0;
    (void)state;
    fill(0, REF_F32, n, 1);
    target_reset(on);
    on->context->policy.host = HOST_ALWAYS;
    must(vecdot_queue_create(on->context, &queue));
    DLTensor x = tensor(numbers[0], REF_F32, 1, &n), out = tensor(results[0], REF_F32, 0, NULL);
    vecdot_set_logger(count_line, &lines);
    for (int k = 0; k < 3; k++) must(vecdot(queue, &x, &x, -1, &out));
    vecdot_set_logger(NULL, NULL);
    assert_int_equal(lines, 1);
    vecdot_queue_release(queue);
    target_reset(on);
}

/* What was enqueued before comes first; if it fails, so does the call, and out is as it was. */
static void test_queue_fails(void **state)
{
    vecdot_context *context;
    vecdot_queue *queue;
    int64_t n = 10;
    float left = -1;
    (void)state;
    must(null_context_create(NULL_CPU, &context));
    must(vecdot_queue_create(context, &queue));
    DLTensor x = tensor(numbers[0], REF_F32, 1, &n), out = tensor(&left, REF_F32, 0, NULL);
    assert_int_equal(context->policy.host, HOST_AUTO);
    null_fail_at = 2; /* the first is context_enter */
    assert_int_equal(vecdot(queue, &x, &x, -1, &out), VECDOT_ERROR_BACKEND);
    assert_non_null(strstr(vecdot_last_error(), "queue_finish"));
    assert_true(left == -1);
    must(vecdot(queue, &x, &x, -1, &out));
    assert_true(left != -1);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_chunks),   cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_decision),      cmocka_unit_test(test_default),
        cmocka_unit_test(test_device_arrays), cmocka_unit_test(test_log),
        cmocka_unit_test(test_queue_fails),
    };
    on = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
