/* The thresholds as data: the table is complete and sane, and every device finds its column. No device is
 * needed. */
#include "support/thresholds.h"

#include "support/cmocka.h" /* last: its fail() is a macro */

#include <stdio.h>
#include <string.h>

/* ---- The table ----------------------------------------------------------------------------------- */

static int is_legal(int index, int64_t value)
{
    thresholds t = thresholds_of(FAMILY_UNKNOWN);
    return threshold_set(&t, index, value) && threshold_get(&t, index) == value;
}

static void test_table(void **state)
{
    (void)state;
    for (int i = 0; i < THRESHOLDS; i++) {
        const threshold_row *row = &threshold_rows[i];
        assert_true(strlen(row->name) > 0 && strlen(row->name) < 32 && strlen(row->unit) < 16);
        assert_true(row->least >= 1 && row->least < row->most && row->factor >= 2);
        assert_true(is_legal(i, row->least) && is_legal(i, row->most));
        assert_false(is_legal(i, row->least - 1));
        assert_false(is_legal(i, row->most * row->factor));
        assert_false(is_legal(i, row->most + 1));
        assert_false(is_legal(i, 0));
        assert_false(is_legal(i, -row->least));
        assert_false(is_legal(i, INT64_MAX));
        assert_false(is_legal(i, INT64_MIN));
        if (row->factor > 2) assert_false(is_legal(i, row->least * 2));
        for (int kind = 0; kind < FAMILIES; kind++) {
            thresholds t = thresholds_of((device_family)kind);
            assert_true(is_legal(i, row->on[kind]));
            assert_int_equal(threshold_get(&t, i), row->on[kind]);
        }
    }
}

static void test_columns(void **state)
{
    static const struct {
        int32_t kind;
        const char *vendor;
        int32_t capability;
        device_family expected;
    } cases[] = {
        {VECDOT_DEVICE_GPU, "NVIDIA Corporation", 75, FAMILY_TURING},
        {VECDOT_DEVICE_GPU, "NVIDIA Corporation", 80, FAMILY_AMPERE},
        {VECDOT_DEVICE_GPU, "NVIDIA Corporation", 89, FAMILY_AMPERE},
        {VECDOT_DEVICE_GPU, "NVIDIA Corporation", 90, FAMILY_HOPPER},
        {VECDOT_DEVICE_GPU, "NVIDIA Corporation", 120, FAMILY_HOPPER},
        {VECDOT_DEVICE_GPU, "NVIDIA Corporation", 0, FAMILY_NVIDIA},
        {VECDOT_DEVICE_GPU, "Advanced Micro Devices, Inc.", 0, FAMILY_AMD},
        {VECDOT_DEVICE_GPU, "AMD", 0, FAMILY_AMD},
        {VECDOT_DEVICE_GPU, "Intel(R) Corporation", 0, FAMILY_INTEL},
        {VECDOT_DEVICE_GPU, "INTEL", 0, FAMILY_INTEL},
        {VECDOT_DEVICE_GPU, "Imagination Technologies", 0, FAMILY_UNKNOWN},
        {VECDOT_DEVICE_GPU, "", 0, FAMILY_UNKNOWN},
        {VECDOT_DEVICE_CPU, "Intel(R) Corporation", 0, FAMILY_HOST},
        {VECDOT_DEVICE_CPU, "", 0, FAMILY_HOST},
        {VECDOT_DEVICE_ACCELERATOR, "Intel(R) Corporation", 0, FAMILY_UNKNOWN},
        {0, "NVIDIA Corporation", 90, FAMILY_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vecdot_device_info info = {.kind = cases[i].kind, .capability = cases[i].capability};
        snprintf(info.vendor, sizeof info.vendor, "%s", cases[i].vendor);
        assert_string_equal(device_family_name(device_family_of(&info)),
                            device_family_name(cases[i].expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_columns)};
    return cmocka_run_group_tests_name("thresholds", tests, NULL, NULL);
}
