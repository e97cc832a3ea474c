/* Text in buffers of fixed size: what fits is stored, the rest is counted. And the thread's last message. */
#include "core/base/text.h"
#include "support/cmocka.h" /* last: its fail() is a macro */

#include <string.h>

static void test_what_does_not_fit_is_counted(void **state)
{
    char data[8] = "xxxxxxx";
    text t = {data, 6, 0};
    (void)state;
    text_add(&t, "%d", 1234);
    assert_string_equal(data, "1234");
    text_add(&t, "%s", "567");
    assert_string_equal(data, "12345");
    assert_int_equal(data[6], 'x');
    text_add(&t, "89");
    assert_string_equal(data, "12345");
    assert_int_equal(t.length, 9);
}

static void test_no_buffer(void **state)
{
    text t = {NULL, 0, 0};
    (void)state;
    text_add(&t, "%s", "three words more");
    assert_int_equal(t.length, 16);
}

static void test_parts_cannot_be_confused(void **state)
{
    char one[32] = "", other[32] = "";
    text a = {one, sizeof one, 0}, b = {other, sizeof other, 0};
    (void)state;
    text_add_part(&a, "ab");
    text_add_part(&a, "c");
    text_add_part(&b, "a");
    text_add_part(&b, "bc");
    assert_string_not_equal(one, other);
}

static void expect_shape(int ndim, const int64_t *shape, const char *expected)
{
    char data[64] = "";
    text t = {data, sizeof data, 0};
    text_add_shape(&t, ndim, shape);
    assert_string_equal(data, expected);
}

static void test_shapes(void **state)
{
    (void)state;
    expect_shape(0, NULL, "()");
    expect_shape(1, (int64_t[]){2}, "(2,)");
    expect_shape(3, (int64_t[]){2, 0, INT64_MAX}, "(2, 0, 9223372036854775807)");
}

static void test_contains(void **state)
{
    (void)state;
    assert_true(text_contains("Advanced Micro Devices", "micro"));
    assert_true(text_contains("aab", "ab"));
    assert_true(text_contains("pocl", ""));
    assert_true(text_contains("", ""));
    assert_false(text_contains("", "a"));
    assert_false(text_contains("pocl", "pocl2"));
    assert_false(text_contains("pocl", "POCL")); /* the part must be in lower case */
}

static void test_after(void **state)
{
    (void)state;
    assert_string_equal(text_after("cuda: no driver", "cuda: "), "no driver");
    assert_string_equal(text_after("cuda: no driver", "opencl: "), "cuda: no driver");
    assert_string_equal(text_after("cu", "cuda: "), "cu");
}

/* cmocka's fail() hides the library's. */
static void test_last_message(void **state)
{
    (void)state;
    vecdot_status status = (fail)(VECDOT_ERROR_AXIS, "axis %d", 7);
    assert_int_equal(status, VECDOT_ERROR_AXIS);
    assert_string_equal(vecdot_last_error(), "axis 7");
    (void)(fail)(VECDOT_ERROR_NDIM, "vecdot: %s", vecdot_last_error());
    assert_string_equal(vecdot_last_error(), "vecdot: axis 7");
    assert_string_equal(vecdot_status_name(VECDOT_ERROR_NDIM), "VECDOT_ERROR_NDIM");
    assert_string_equal(vecdot_status_name((vecdot_status)12345), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_does_not_fit_is_counted),
        cmocka_unit_test(test_no_buffer),
        cmocka_unit_test(test_parts_cannot_be_confused),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_contains),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_last_message),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
