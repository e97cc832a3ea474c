/* The public tuning interface on a device: thresholds listed, changed, refused, kept and loaded, and that a
 * context follows them with the same bits. */
#include "core/run/context.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/folder.h"

#include <vecdot/tune.h>

enum { ROWS_N = 200, COLUMNS_N = 3000 };

static target *on;

static vecdot_threshold find(vecdot_context *context, const char *name)
{
    vecdot_threshold rows[64];
    size_t count = 0;
    assert_int_equal(vecdot_tuning(context, rows, 64, &count), VECDOT_SUCCESS);
    assert_int_equal(count, THRESHOLDS);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0) return rows[i];
    fail_msg("no threshold %s", name);
    return rows[0];
}

static vecdot_context *open_context(void)
{
    vecdot_context *context = NULL;
    assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
    return context;
}

static void test_listed(void **state)
{
    vecdot_context *context = open_context();
    vecdot_threshold one;
    size_t count = 0;
    (void)state;
    assert_int_equal(vecdot_tuning(context, NULL, 0, &count), VECDOT_SUCCESS);
    assert_int_equal(count, THRESHOLDS);
    count = 0;
    assert_int_equal(vecdot_tuning(context, &one, 1, &count), VECDOT_SUCCESS);
    assert_int_equal(count, THRESHOLDS);
    assert_string_equal(one.name, threshold_rows[0].name);
    assert_int_equal(one.value, one.table);
    assert_int_equal(vecdot_tuning(NULL, NULL, 0, &count), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning(context, NULL, 1, &count), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning(context, NULL, 0, NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    vecdot_context_release(context);
    on->cases++;
}

static void test_refused(void **state)
{
    vecdot_context *context = open_context();
    vecdot_threshold before = find(context, "waves"), wrong = before;
    (void)state;
    assert_int_equal(vecdot_tuning_set(context, "waves", 3), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(vecdot_last_error(), "waves is 3, expected 1 to 16"));
    assert_int_equal(vecdot_tuning_set(context, "wave", 4), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning_set(context, NULL, 4), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning_set(NULL, "waves", 4), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(find(context, "waves").value, before.value);
    wrong.value = 5;
    assert_int_equal(vecdot_tuning_save(context, &wrong, 1, NULL, 0, NULL, 0), VECDOT_ERROR_INVALID_ARGUMENT);
    memset(wrong.name, 'x', sizeof wrong.name);
    assert_int_equal(vecdot_tuning_save(context, &wrong, 1, NULL, 0, NULL, 0), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning_save(context, NULL, 1, NULL, 0, NULL, 0), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning_save(context, &wrong, 1000, NULL, 0, NULL, 0),
                     VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning_save(NULL, NULL, 0, NULL, 0, NULL, 0), VECDOT_ERROR_INVALID_ARGUMENT);
    vecdot_blas_choice choice = {.dtype = VECDOT_FLOAT32, .library = "a"};
    vecdot_blas_choice two[2] = {choice, {.dtype = VECDOT_FLOAT64, .library = "b"}};
    assert_int_equal(vecdot_tuning_save(context, NULL, 0, NULL, 1, NULL, 0), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning_save(context, NULL, 0, two, 2, NULL, 0), VECDOT_ERROR_INVALID_ARGUMENT);
    choice.dtype.lanes = 2;
    assert_int_equal(vecdot_tuning_save(context, NULL, 0, &choice, 1, NULL, 0),
                     VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_tuning_save(context, NULL, 0, &choice, 100, NULL, 0),
                     VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(count_files(folder, NULL), 0);
    vecdot_context_release(context);
    on->cases++;
}

static void test_kept(void **state)
{
    vecdot_context *context = open_context();
    vecdot_threshold rows[2] = {find(context, "waves"), find(context, "item_bytes")};
    char path[PATH_BYTES] = "", file[PATH_BYTES];
    (void)state;
    rows[0].value = 8;
    rows[0].gain = 0.25;
    assert_int_equal(vecdot_tuning_save(context, rows, 2, NULL, 0, path, sizeof path), VECDOT_SUCCESS);
    assert_int_equal(find(context, "waves").value, 2); /* this context stays as it is */
    vecdot_context_release(context);
    assert_int_equal(count_files(folder, file), 1);
    assert_string_equal(path, file);
    context = open_context();
    assert_int_equal(find(context, "waves").value, 8);
    assert_int_equal(find(context, "waves").table, 2);
    assert_int_equal(find(context, "item_bytes").value, rows[1].table);
    assert_int_equal(vecdot_tuning_save(context, NULL, 0, NULL, 0, NULL, 0),
                     VECDOT_SUCCESS); /* the table's again */
    vecdot_context_release(context);
    context = open_context();
    assert_int_equal(find(context, "waves").value, 2);
    vecdot_context_release(context);
    on->cases++;
}

/* ---- Following them ------------------------------------------------------------------------------ */

static float x[ROWS_N * COLUMNS_N], y[COLUMNS_N], z[ROWS_N];

static void tensors(DLTensor t[3])
{
    static int64_t shape[2] = {ROWS_N, COLUMNS_N};
    for (int i = 0; i < ROWS_N * COLUMNS_N; i++) x[i] = 1.0f / (float)(i % 977 + 1);
    for (int i = 0; i < COLUMNS_N; i++) y[i] = 0.1f * (float)(i % 31 - 15);
    for (int i = 0; i < 3; i++)
        t[i] = (DLTensor){.device = {kDLCPU, 0}, .ndim = i == 0 ? 2 : 1, .dtype = VECDOT_FLOAT32};
    t[0].data = x, t[0].shape = shape;
    t[1].data = y, t[1].shape = shape + 1;
    t[2].data = z, t[2].shape = shape;
}

static void test_followed(void **state)
{
    vecdot_context *context = open_context();
    vecdot_queue *queue = NULL;
    DLTensor t[3];
    float first[ROWS_N];
    char plain[4096], tuned[4096];
    int other_plans = 0;
    (void)state;
    tensors(t);
    assert_int_equal(vecdot_queue_create(context, &queue), VECDOT_SUCCESS);
    assert_int_equal(vecdot(queue, &t[0], &t[1], -1, &t[2]), VECDOT_SUCCESS);
    memcpy(first, z, sizeof z);
    assert_int_equal(vecdot_explain(queue, &t[0], &t[1], NULL, &t[2], plain, sizeof plain, NULL),
                     VECDOT_SUCCESS);
    assert_null(strstr(plain, "tuned thresholds"));
    for (int i = 0; i < THRESHOLDS; i++) {
        const threshold_row *row = &threshold_rows[i];
        vecdot_threshold was = find(context, row->name);
        int64_t value = was.value == row->least ? row->most : row->least;
        assert_int_equal(vecdot_tuning_set(context, row->name, value), VECDOT_SUCCESS);
        assert_int_equal(find(context, row->name).value, value);
        memset(z, 0x5a, sizeof z);
        assert_int_equal(vecdot(queue, &t[0], &t[1], -1, &t[2]), VECDOT_SUCCESS);
        assert_memory_equal(z, first, sizeof z);
        assert_int_equal(vecdot_explain(queue, &t[0], &t[1], NULL, &t[2], tuned, sizeof tuned, NULL),
                         VECDOT_SUCCESS);
        char *line = strstr(tuned, "tuned thresholds: ");
        assert_non_null(line);
        assert_non_null(strstr(line, row->name));
        *line = '\0';
        other_plans += strcmp(plain, tuned) != 0;
        assert_int_equal(vecdot_tuning_set(context, row->name, was.value), VECDOT_SUCCESS);
    }
    assert_true(other_plans > 0); /* else nothing was followed */
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    on->cases++;
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_listed, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_refused, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_kept, make_top, remove_top),
        cmocka_unit_test_setup_teardown(test_followed, make_top, remove_top),
    };
    on = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
