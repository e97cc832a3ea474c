/* Every variant of the table builds on the device, and its kernel is found in the program: CUDA's when the
 * program is opened, OpenCL's when a queue first needs it. The CPU backend's are in its tables. */
#include "backend_cpu/objects.h"
#include "backend_opencl/objects.h"
#include "core/run/context.h"
#include "core/run/program_cache.h"

#include "support/backends.h"
#include "support/cmocka.h" /* last: its fail() is a macro */

static target *on;

/* A set of C functions has those that it should have and no others. */
static void expect_none(const variant *v, const char *label)
{
    void *program = NULL;
    if (program_get(on->context->programs, v, &program) != VECDOT_ERROR_COMPILE ||
        strstr(vecdot_last_error(), label) == NULL)
        fail_msg("%s is there: %s", label, vecdot_last_error());
}

static void test_every_variant_builds(void **state)
{
    variant v;
    (void)state;
    for (size_t k = 0; variant_at(k, &v); k++) {
        char label[128];
        void *program = NULL;
        cl_kernel kernel = NULL;
        variant_label(&v, label, sizeof label);
        if (!target_has_variant(on, &v)) {
            if (on->context->dev.driver == &backend_cpu) expect_none(&v, label);
            continue;
        }
        if (program_get(on->context->programs, &v, &program) != VECDOT_SUCCESS)
            fail_msg("%s: %s", label, vecdot_last_error());
        assert_ptr_equal(program_find(on->context->programs, &v), program);
        if (on->context->dev.driver == &backend_opencl) {
            if (opencl_kernel_of(on->queue->native, program, &kernel) != VECDOT_SUCCESS)
                fail_msg("%s: %s", label, vecdot_last_error());
            assert_non_null(kernel);
        }
        on->cases++;
    }
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_variant_builds)};
    on = t;
    return cmocka_run_group_tests_name("programs", tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
