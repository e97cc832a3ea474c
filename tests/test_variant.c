/* The table of kernels and the variants it stands for. */
#include "core/plan/program_text.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <string.h>

/* Every variant is another program with a number of its own, and options and a label that fit. */
static void test_variants(void **state)
{
    char options[256], label[128];
    variant v, w;
    size_t count = 0;
    (void)state;
    for (; variant_at(count, &v); count++) {
        assert_true(variant_options(&v, options, sizeof options) < sizeof options);
        assert_true(variant_label(&v, label, sizeof label) < sizeof label);
        assert_int_equal(variant_number(&v), count);
        for (size_t k = 0; k < count; k++) {
            assert_true(variant_at(k, &w));
            assert_true(memcmp(&v, &w, sizeof v) != 0);
        }
    }
    v.reserved = 1; /* not in the table */
    assert_int_equal(variant_number(&v), count);
    assert_true(count > 100 && count < 400); /* bounded: every one is compiled in the tests */
}

/* No two kernels share a name, a name says which schedule the kernel is for, and the list of loads has an
 * end. */
static void test_rows(void **state)
{
    (void)state;
    for (int k = 0; k < KERNEL_COUNT; k++) {
        const kernel_row *row = &kernel_rows[k];
        for (int other = 0; other < k; other++)
            assert_string_not_equal(row->name, kernel_name((kernel_id)other));
        assert_int_equal(strstr(row->name, "_cpu") != NULL, row->schedules == ON_CPU);
        assert_int_equal(strstr(row->name, "_gpu") != NULL, row->schedules == ON_GPU);
        assert_int_not_equal(row->loads[0].dtypes, NO_MORE);
        assert_int_equal(row->loads[MAX_LOADS].dtypes, NO_MORE);
    }
}

/* How a kernel loads agrees with how many arrays it reads and with the dtypes it exists for. */
static void test_loads(void **state)
{
    (void)state;
    for (int k = 0; k < KERNEL_COUNT; k++)
        for (const kernel_load *l = kernel_rows[k].loads; l->dtypes != NO_MORE; l++) {
            int typed = l->load == LOAD_VECTOR || l->load == LOAD_STRIDED;
            assert_int_equal(l->load == LOAD_NONE, kernel_rows[k].inputs < 2);
            assert_int_equal(typed,
                             l->dtypes == EACH_DTYPE || l->dtypes == EACH_MIXTURE || l->dtypes == EACH_WIDER);
            assert_true(typed || l->tile != TILE_OF_DTYPES);
        }
}

/* A kernel's program ends with the file that holds the function of its name, and no source is in it twice. */
static void test_sources(void **state)
{
    char definition[64];
    (void)state;
    for (int k = 0; k < KERNEL_COUNT; k++) {
        size_t count = 0;
        const char *const *sources = variant_sources((kernel_id)k, &count);
        snprintf(definition, sizeof definition, " %s(", kernel_name((kernel_id)k));
        assert_true(count >= 2);
        assert_non_null(strstr(sources[count - 1], definition));
        for (size_t a = 0; a < count; a++)
            for (size_t b = 0; b < a; b++) assert_ptr_not_equal(sources[a], sources[b]);
    }
}

/* What is warmed up exists, belongs to the schedule, and can finish a sum that is split. */
static void test_warm(void **state)
{
    variant end = {.reserved = 1}; /* not in the table */
    const size_t variants = variant_number(&end);
    (void)state;
    for (int s = 0; s < 2; s++)
        for (int t = 0; t < DTYPE_COUNT; t++) {
            variant v;
            size_t count = 0;
            int sums = 0, combines = 0;
            for (; variant_to_warm((schedule)s, (dtype)t, count, &v); count++) {
                assert_true(variant_number(&v) < variants);
                assert_int_equal(v.group, dtype_group((dtype)t));
                assert_true(kernel_rows[v.kernel].schedules & 1 << s);
                sums += kernel_rows[v.kernel].inputs == 2;
                combines += kernel_rows[v.kernel].inputs == 1;
            }
            assert_int_equal(sums, 2); /* along the contracted axis, and across outputs */
            assert_int_equal(combines, 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variants), cmocka_unit_test(test_rows), cmocka_unit_test(test_loads),
        cmocka_unit_test(test_sources),  cmocka_unit_test(test_warm),
    };
    return cmocka_run_group_tests_name("variant", tests, NULL, NULL);
}
