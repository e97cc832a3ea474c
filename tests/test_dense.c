/* Short rows without gaps on the GPU schedule, to the bit: every dtype, lengths on both sides of each way to
 * share a row out, and numbers of rows around those that one group and two groups take, so that the arrays
 * end anywhere in a vector. */
#include "core/plan/plan_gpu.h"
#include "kernels/common/limits.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/generate.h"

#include <string.h>

static target *tested;

typedef struct painter {
    ref_type type;
    random_source *random;
} painter;

static void paint(unsigned char *element, void *argument)
{
    painter *with = argument;
    value_generate(with->type, 1, with->random, element);
}

static void make(trial *p, ref_type type, int64_t rows, int64_t n, random_source *random)
{
    trial_start(p);
    for (int i = 0; i < 3; i++) {
        array *a = &p->array[i];
        a->type = type;
        a->storage = i;
        a->ndim = i == ARRAY_OUT ? 1 : 2;
        a->shape[0] = rows;
        a->shape[1] = n;
        array_make_contiguous(a);
        assert_true(storage_create(p, i, (size_t)(array_elements(a) * ref_size(type))));
        if (i != ARRAY_OUT) array_visit(p, a, paint, &(painter){type, random});
    }
}

static void expect_right(ref_type type, int64_t rows, int64_t n)
{
    random_source random = random_start(7, (uint64_t)(n * REF_COUNT + type));
    char why[512], words[8192];
    trial p;
    if (!tested->info.has_fp64 && (type == REF_F64 || type == REF_C128)) return;
    make(&p, type, rows, n, &random);
    target_reset(tested);
    target_follow(tested, SCHEDULE_GPU);
    tested->context->policy.force = CLASS_SHORT;
    assert_true(trial_seal(&p));
    assert_int_equal(trial_explain(&p, tested->queue, words, sizeof words), VECDOT_SUCCESS);
    if (!strstr(words, "dense_gpu")) fail_msg("another kernel: %s", words);
    assert_int_equal(trial_call(&p, tested->queue), VECDOT_SUCCESS);
    if (!trial_verify(&p, tested->queue, why, sizeof why)) {
        trial_print(&p, stderr);
        fail_msg("%lld rows of %lld: %s", (long long)rows, (long long)n, why);
    }
    tested->cases++;
    trial_free(&p);
}

static void test_dense_rows(void **state)
{
    static const int64_t lengths[] = {1,  2,  3,  4,   5,   7,   8,   9,   12, 17,
                                      31, 63, 64, 127, 255, 256, 341, 511, 512};
    (void)state;
    if (!target_has_schedule(tested, SCHEDULE_GPU)) skip();
    for (int t = 0; t < REF_COUNT; t++)
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            int64_t n = lengths[k], size = ref_size((ref_type)t), most = GROUP_ITEMS * 64 / size / n;
            if (n * size > 512) continue;
            expect_right((ref_type)t, 16, n);
            expect_right((ref_type)t, most + 1, n);
            if (k % 4 == 2) expect_right((ref_type)t, 2 * most + 3, n);
        }
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dense_rows)};
    tested = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
