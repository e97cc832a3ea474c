/* The thresholds as data: the table is complete and sane, every device finds its column, and a file of tuned
 * ones is believed only where all of it is as it must be. No device is needed. */
#include "core/base/os.h"
#include "core/run/tuned.h"
#include "support/cmocka.h" /* last: its fail() is a macro */
#include "support/folder.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
        assert_int_equal(threshold_find(row->name), i);
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
            assert_true(is_legal(i, row->on[kind].value));
            assert_int_equal(threshold_get(&t, i), row->on[kind].value);
            assert_true(row->on[kind].measured == 0 || row->on[kind].measured == 1);
        }
    }
    assert_int_equal(threshold_find("no such threshold"), -1);
    assert_int_equal(threshold_find(""), -1);
}

static device make_device(int32_t kind, const char *vendor, int32_t capability)
{
    device dev = {.info = {.backend = "test",
                           .kind = kind,
                           .name = "A Device",
                           .platform = "A Platform",
                           .driver = "1.0",
                           .capability = capability}};
    snprintf(dev.info.vendor, sizeof dev.info.vendor, "%s", vendor);
    return dev;
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
        device dev = make_device(cases[i].kind, cases[i].vendor, cases[i].capability);
        assert_string_equal(device_family_name(device_family_of(&dev.info)),
                            device_family_name(cases[i].expected));
    }
}

/* ---- A file's content ---------------------------------------------------------------------------- */

#define HEAD(version, driver)                                                                                \
    "{\"format\": \"vecdot tuned thresholds\", \"version\": " version                                        \
    ", \"backend\": \"test\", \"platform\": \"A Platform\", \"device\": \"A Device\", \"driver\": \"" driver \
    "\""
#define FILE_OF(entries) HEAD("1", "1.0") ", \"thresholds\": {" entries "}}"

static const char good[] =
    FILE_OF("\"waves\": {\"value\": 4, \"instead_of\": 2, \"gain\": 0.1}, \"item_bytes\": {\"value\": 8192}");

static tuned_blas faster; /* of the file parsed or loaded last */

static int parse(const char *bytes, size_t size, thresholds *t, char why[256])
{
    device dev = make_device(VECDOT_DEVICE_GPU, "", 0);
    text reason = {why, 256, 0};
    why[0] = '\0';
    *t = thresholds_of(FAMILY_UNKNOWN);
    return tuned_parse(bytes, size, &dev, t, &faster, &reason);
}

static void expect_ignored(const char *content, const char *says)
{
    char why[256];
    thresholds t, table = thresholds_of(FAMILY_UNKNOWN);
    assert_int_equal(parse(content, strlen(content), &t, why), -1);
    if (strstr(why, says) == NULL) fail_msg("\"%s\" does not say \"%s\"", why, says);
    assert_memory_equal(&t, &table, sizeof t);
}

static void test_good_content(void **state)
{
    char why[256];
    thresholds t;
    (void)state;
    assert_int_equal(parse(good, sizeof good - 1, &t, why), 2);
    assert_int_equal(t.waves, 4);
    assert_int_equal(t.item_bytes, 8192);
    assert_int_equal(t.least_span, 8);
    assert_int_equal(parse(FILE_OF("") "\n", sizeof FILE_OF(""), &t, why), 0);
}

static void test_foreign_content(void **state)
{
    (void)state;
    expect_ignored(HEAD("2", "1.0") ", \"thresholds\": {\"waves\": {\"value\": 4}}}", "version 2, not 1");
    expect_ignored(HEAD("0", "1.0") ", \"thresholds\": {\"waves\": {\"value\": 4}}}", "version 0, not 1");
    expect_ignored(HEAD("\"1\"", "1.0") ", \"thresholds\": {\"waves\": {\"value\": 4}}}",
                   "version -1, not 1");
    expect_ignored(HEAD("1", "2.0") ", \"thresholds\": {\"waves\": {\"value\": 4}}}",
                   "its driver is \"2.0\"");
    expect_ignored(HEAD("1", "1.0") "}", "no \"thresholds\"");
    expect_ignored(HEAD("1", "1.0") ", \"thresholds\": [4]}", "no \"thresholds\"");
    expect_ignored("{}", "no file of tuned thresholds");
    expect_ignored("[]", "not one object");
    expect_ignored("4 ", "not one object");
    expect_ignored("null", "ends too early");
    expect_ignored("{\"format\": {\"a\": {\"b\": {\"c\": {\"d\": 1}}}}}", "damaged");
}

/* Every part of a file that ends too early, and every byte of it that is another. */
static void test_damaged_content(void **state)
{
    char why[256], bytes[sizeof good];
    thresholds t, table = thresholds_of(FAMILY_UNKNOWN);
    (void)state;
    for (size_t size = 0; size < sizeof good - 1; size++) {
        assert_int_equal(parse(good, size, &t, why), -1);
        assert_memory_equal(&t, &table, sizeof t);
    }
    for (size_t i = 0; i < sizeof good - 1; i++)
        for (int flip = 1; flip < 256; flip++) {
            memcpy(bytes, good, sizeof good);
            bytes[i] = (char)(bytes[i] ^ flip);
            parse(bytes, sizeof good - 1, &t, why);
            for (int k = 0; k < THRESHOLDS; k++) assert_true(is_legal(k, threshold_get(&t, k)));
        }
    expect_ignored(FILE_OF("") " and more", "damaged");
    expect_ignored(FILE_OF("") FILE_OF(""), "damaged");
}

/* What cannot be is refused by itself. */
static void test_refused_entries(void **state)
{
    static const char *const entries[] = {"\"waves\": {\"value\": 3}",
                                          "\"waves\": {\"value\": 0}",
                                          "\"waves\": {\"value\": -4}",
                                          "\"waves\": {\"value\": 32}",
                                          "\"waves\": {\"value\": 4.0}",
                                          "\"waves\": {\"value\": \"4\"}",
                                          "\"waves\": {\"value\": 99999999999999999999999}",
                                          "\"waves\": {\"value\": null}",
                                          "\"waves\": {}",
                                          "\"waves\": 4",
                                          "\"waves\": null",
                                          "\"WAVES\": {\"value\": 4}",
                                          "\"\": {\"value\": 4}"};
    char why[256], content[512];
    thresholds t;
    (void)state;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        int size =
            snprintf(content, sizeof content,
                     HEAD("1", "1.0") ", \"thresholds\": {%s, \"least_span\": {\"value\": 16}}}", entries[i]);
        assert_int_equal(parse(content, (size_t)size, &t, why), 1);
        assert_int_equal(t.waves, 2);
        assert_int_equal(t.least_span, 16);
    }
}

/* ---- Files --------------------------------------------------------------------------------------- */

static char logged[1024];

static void keep_log(void *user, const char *message)
{
    (void)user;
    snprintf(logged, sizeof logged, "%s", message);
}

static thresholds load(const device *dev)
{
    thresholds t = thresholds_of(FAMILY_UNKNOWN);
    logged[0] = '\0';
    tuned_load(dev, &t, &faster);
    return t;
}

static void expect_table(const device *dev)
{
    thresholds t = load(dev), table = thresholds_of(FAMILY_UNKNOWN);
    assert_memory_equal(&t, &table, sizeof t);
}

static vecdot_status save(const device *dev, int64_t waves, char path[PATH_MAX])
{
    tuned_entry entry = {.index = THRESHOLD_waves, .value = waves, .instead_of = 2, .gain = 0.125};
    text where = {path, PATH_MAX, 0};
    const tuned_product products[] = {{DTYPE_F32, 1, 0.5, 1.5}, {DTYPE_C64, 0, 2, 1}, {DTYPE_BF16, 1, 1, 2}};
    const tuned_findings found = {&entry, 1, "aBLAS 1.2", products, 3};
    return tuned_save(dev, &found, &where);
}

/* What a file says of the BLAS that is no yes is a no. */
static void test_blas_content(void **state)
{
    static const struct {
        const char *blas;
        uint32_t types;
    } contents[] = {
        {"\"blas\": {\"library\": \"a\", \"dtypes\": {\"f64\": {\"faster\": true}}}", 1u << DTYPE_F64},
        {"\"blas\": {\"library\": \"a\", \"dtypes\": {\"f64\": {\"faster\": 1}, \"f99\": {\"faster\": "
         "true}}}",
         0},
        {"\"blas\": {\"library\": \"a\", \"dtypes\": {\"f64\": true}}", 0},
        {"\"blas\": {\"library\": \"a\", \"dtypes\": [\"f64\"]}", 0},
        {"\"blas\": \"f64\"", 0},
    };
    (void)state;
    for (size_t k = 0; k < sizeof contents / sizeof contents[0]; k++) {
        char file[512], why[256];
        thresholds t;
        snprintf(file, sizeof file, HEAD("1", "1.0") ", \"thresholds\": {}, %s}", contents[k].blas);
        assert_int_equal(parse(file, strlen(file), &t, why), 0);
        assert_int_equal(faster.types, contents[k].types);
    }
    thresholds t;
    char why[256];
    assert_int_equal(parse(good, sizeof good - 1, &t, why), 2);
    assert_int_equal(faster.types, 0);
}

static void test_saved_and_loaded(void **state)
{
    char path[PATH_MAX], words[4096] = "";
    struct stat s;
    size_t size;
    device dev = make_device(VECDOT_DEVICE_GPU, "", 0);
    (void)state;
    expect_table(&dev);
    assert_string_equal(logged, "");
    assert_int_equal(save(&dev, 8, path), VECDOT_SUCCESS);
    assert_int_equal(faster.types, 0);
    assert_int_equal(load(&dev).waves, 8);
    assert_int_equal(faster.types, 1u << DTYPE_F32 | 1u << DTYPE_BF16); /* not where it was no faster */
    assert_string_equal(faster.library, "aBLAS 1.2");
    assert_non_null(strstr(logged, "tuned thresholds: 1 from"));
    assert_int_equal(save(&dev, 4, path), VECDOT_SUCCESS);
    assert_int_equal(load(&dev).waves, 4);
    assert_int_equal(count_files(folder, NULL), 1);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    unsigned char *content = read_file(path, &size);
    assert_true(size < sizeof words);
    memcpy(words, content, size);
    free(content);
    assert_non_null(strstr(words, "\"vecdot tuned thresholds\""));
    assert_non_null(strstr(words, "\"gain\": 0.125"));
}

/* A file of another device is not found; one of another driver is not believed. */
static void test_other_devices(void **state)
{
    char path[PATH_MAX];
    device dev = make_device(VECDOT_DEVICE_GPU, "", 0), other = dev;
    (void)state;
    assert_int_equal(save(&dev, 8, path), VECDOT_SUCCESS);
    snprintf(other.info.name, sizeof other.info.name, "Another Device");
    expect_table(&other);
    assert_string_equal(logged, "");
    other = dev;
    snprintf(other.info.driver, sizeof other.info.driver, "2.0");
    expect_table(&other);
    assert_non_null(strstr(logged, "its driver is \"1.0\", not \"2.0\""));
    assert_int_equal(load(&dev).waves, 8);
}

static void test_files_that_are_wrong(void **state)
{
    char path[PATH_MAX];
    device dev = make_device(VECDOT_DEVICE_GPU, "", 0);
    char *large = calloc(1, 1 << 17);
    (void)state;
    assert_non_null(large);
    assert_int_equal(save(&dev, 8, path), VECDOT_SUCCESS);
    write_file(path, good, 40);
    expect_table(&dev);
    assert_non_null(strstr(logged, "is ignored: it is damaged"));
    write_file(path, large, 1 << 17);
    expect_table(&dev);
    write_file(path, good, sizeof good - 1);
    assert_int_equal(load(&dev).waves, 4);
    assert_int_equal(chmod(path, 0666), 0); /* anyone may have written it */
    expect_table(&dev);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    expect_table(&dev);
    assert_int_equal(save(&dev, 8, path), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(chmod(folder, 0700), 0);
    free(large);
}

static void test_no_folder(void **state)
{
    char path[PATH_MAX];
    device dev = make_device(VECDOT_DEVICE_GPU, "", 0);
    (void)state;
    assert_int_equal(setenv("VECDOT_CACHE_DIR", "/dev/null", 1), 0);
    expect_table(&dev);
    assert_int_equal(save(&dev, 8, path), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(vecdot_last_error(), "/dev/null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_good_content),
        cmocka_unit_test(test_foreign_content),
        cmocka_unit_test(test_damaged_content),
        cmocka_unit_test(test_refused_entries),
        cmocka_unit_test(test_blas_content),
        cmocka_unit_test_setup_teardown(test_saved_and_loaded, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_other_devices, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_files_that_are_wrong, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_no_folder, make_top, remove_top),
    };
    vecdot_set_logger(keep_log, NULL);
    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
