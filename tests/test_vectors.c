/* Every line of tests/vectors/cases.tsv through the library, on both schedules: values, statuses, and that
 * nothing but the outputs is written. */
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/trial.h"
#include "support/vectors.h"

#include <math.h>

static target *tested;
static table cases;

static const char *cell(size_t row, const char *heading)
{
    return table_cell(&cases, row, table_column(&cases, heading));
}

static const char *cell_of(size_t row, const char *which, const char *heading)
{
    char name[40];
    snprintf(name, sizeof name, "%s_%s", which, heading);
    return cell(row, name);
}

/* ---- From a line to a problem -------------------------------------------------------------------- */

/* Copies hex bytes into a storage. */
static void load_storage(trial *p, int index, const char *hex)
{
    size_t size;
    unsigned char *bytes = parse_hex(hex, &size);
    assert_true(storage_create(p, index, size));
    if (size) memcpy(p->storage[index].bytes, bytes, size);
    free(bytes);
}

/* Returns 0 when the strides cannot be said in elements. */
static int load_array(trial *p, int which, size_t row)
{
    static const char *const names[3] = {"x1", "x2", "out"};
    const char *name = names[which];
    array *a = &p->array[which];
    a->type = ref_from_name(cell_of(row, name, "dtype"));
    assert_true(a->type < REF_COUNT);
    a->ndim = parse_list(cell_of(row, name, "shape"), a->shape, REFERENCE_MAX_RANK);
    int count = parse_list(cell_of(row, name, "strides_bytes"), a->strides, REFERENCE_MAX_RANK);
    assert_int_equal(count, a->ndim);
    parse_list(cell_of(row, name, "offset"), &a->offset, 1);
    a->storage = which;
    for (int d = 0; d < a->ndim; d++) {
        if (a->strides[d] % ref_size(a->type)) return 0;
        a->strides[d] /= ref_size(a->type);
    }
    return 1;
}

/* No out in the line: a C-contiguous one of the expected dtype and shape, or any where an error is expected.
 */
static void make_out(trial *p, size_t row)
{
    array *out = &p->array[ARRAY_OUT];
    out->type = ref_from_name(cell(row, "exp_dtype"));
    if (out->type == REF_COUNT) out->type = trial_compute_type(p);
    out->ndim = parse_list(cell(row, "exp_shape"), out->shape, REFERENCE_MAX_RANK);
    if (p->op != CALL_VECDOT && out->ndim == 0) out->shape[out->ndim++] = 1; /* its least, for an error */
    out->storage = ARRAY_OUT;
    array_make_contiguous(out);
    size_t size = (size_t)(array_elements(out) * ref_size(out->type));
    assert_true(storage_create(p, ARRAY_OUT, size));
    memset(p->storage[ARRAY_OUT].bytes, 0xa5, size);
}

static int load_problem(trial *p, size_t row)
{
    const char *op = cell(row, "op"), *alias = cell(row, "out_alias");
    int64_t axis, keepdims;
    int said = 1;
    trial_start(p);
    p->op = strcmp(op, "matvec") == 0 ? CALL_MATVEC : strcmp(op, "vecmat") == 0 ? CALL_VECMAT : CALL_VECDOT;
    parse_list(cell(row, "axis"), &axis, 1);
    parse_list(cell(row, "keepdims"), &keepdims, 1);
    p->axis[0] = p->axis[1] = (int32_t)axis;
    p->keepdims = (int)keepdims;
    if (strcmp(cell(row, "dtype"), "-") != 0) p->dtype = ref_from_name(cell(row, "dtype"));
    p->plain = !p->keepdims && p->dtype == REF_COUNT;
    for (int i = 0; i < 2; i++) {
        said &= load_array(p, i, row);
        load_storage(p, i, cell_of(row, i ? "x2" : "x1", "hex"));
    }
    if (strcmp(cell(row, "out_dtype"), "-") == 0) {
        make_out(p, row);
    } else {
        said &= load_array(p, ARRAY_OUT, row);
        load_storage(p, ARRAY_OUT, cell(row, "out_hex"));
    }
    if (strstr(alias, "x1")) p->array[ARRAY_X1].storage = ARRAY_OUT;
    if (strstr(alias, "x2")) p->array[ARRAY_X2].storage = ARRAY_OUT;
    assert_true(trial_seal(p));
    return said;
}

/* ---- Expected values ----------------------------------------------------------------------------- */

typedef struct expectation {
    const array *out;
    const unsigned char *next; /* expected elements in C order */
    const char *compare;
    double tolerance;
    int wrong;
} expectation;

static int component_is_nan(ref_type component, const unsigned char *p)
{
    double value;
    reference_cast(component, p, REF_F64, &value);
    return isnan(value);
}

/* complex: each component has the expected bits or is NaN. */
static int same_or_nan(ref_type type, const unsigned char *got, const unsigned char *expected)
{
    ref_type component = type == REF_C64 ? REF_F32 : REF_F64;
    int size = ref_size(component), good = 1;
    for (int i = 0; i < 2; i++) {
        good &= component_is_nan(component, got + i * size) ||
                reference_same(component, got + i * size, expected + i * size);
    }
    return good;
}

static void check_element(unsigned char *element, void *argument)
{
    expectation *e = argument;
    ref_type type = e->out->type;
    if (strcmp(e->compare, "abs_tol") == 0) {
        double got, expected;
        reference_cast(type, element, REF_F64, &got);
        reference_cast(type, e->next, REF_F64, &expected);
        e->wrong += !(fabs(got - expected) <= e->tolerance);
    } else if (strcmp(e->compare, "bits_or_nan") == 0) {
        e->wrong += !same_or_nan(type, element, e->next);
    } else {
        assert_string_equal(e->compare, "bits_nan_equal");
        e->wrong += !reference_same(type, element, e->next);
    }
    e->next += ref_size(type);
}

/* The line's own values; the bytes were compared with the reference's before. */
static int as_the_line_says(const trial *p, size_t row)
{
    size_t size;
    unsigned char *bytes = parse_hex(cell(row, "exp_hex"), &size);
    expectation e = {&p->array[ARRAY_OUT], bytes, cell(row, "compare"), atof(cell(row, "atol")), 0};
    int fits = size == (size_t)(array_elements(e.out) * ref_size(e.out->type));
    if (fits) array_visit(p, e.out, check_element, &e);
    free(bytes);
    return fits && !e.wrong && e.out->type == ref_from_name(cell(row, "exp_dtype"));
}

/* ---- Running ------------------------------------------------------------------------------------- */

static vecdot_status status_named(const char *name)
{
    static const struct {
        const char *name;
        vecdot_status status;
    } names[] = {{"OK", VECDOT_SUCCESS},
                 {"DTYPE", VECDOT_ERROR_DTYPE},
                 {"CAST", VECDOT_ERROR_CAST},
                 {"NDIM", VECDOT_ERROR_NDIM},
                 {"AXIS", VECDOT_ERROR_AXIS},
                 {"CORE_MISMATCH", VECDOT_ERROR_SIZE_MISMATCH},
                 {"BROADCAST", VECDOT_ERROR_BROADCAST},
                 {"OUT_SHAPE", VECDOT_ERROR_OUT_SHAPE}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].name, name) == 0) return names[i].status;
    }
    fail_msg("unknown status %s in the table", name);
    return VECDOT_SUCCESS;
}

/* A status other than expected is right only for float64 on a device that has none. */
static int lacks_fp64(const trial *p)
{
    int needed = 0;
    for (int i = 0; i < 3; i++) needed |= p->array[i].type == REF_F64 || p->array[i].type == REF_C128;
    needed |= p->array[ARRAY_X1].type < REF_COUNT && trial_compute_type(p) == REF_F64;
    return needed && !tested->info.has_fp64;
}

/* Returns 1 when the line holds. */
static int run_case(trial *p, size_t row)
{
    const char *id = cell(row, "id");
    vecdot_status expected = status_named(cell(row, "status"));
    char why[256] = "the values are not the table's";
    if (expected == VECDOT_SUCCESS && lacks_fp64(p)) expected = VECDOT_ERROR_UNSUPPORTED;
    vecdot_status got = trial_call(p, tested->queue);
    int good = got == expected;
    if (!good) {
        snprintf(why, sizeof why, "got %s, expected %s; message: %.150s", vecdot_status_name(got),
                 vecdot_status_name(expected), vecdot_last_error());
    } else if (got == VECDOT_SUCCESS) {
        good = trial_verify(p, tested->queue, why, sizeof why) && as_the_line_says(p, row);
    } else {
        good = trial_untouched(p, tested->queue, why, sizeof why) && *vecdot_last_error();
    }
    if (!good) {
        print_error("%s: %s\n", id, why);
        trial_print(p, stderr);
    }
    tested->cases++;
    return good;
}

static void run_all(schedule how, int on_device)
{
    int wrong = 0, skipped = 0;
    tested->context->policy.schedule = how;
    for (size_t row = 1; row < cases.rows; row++) {
        trial p;
        int can_be_said = load_problem(&p, row);
        if (!can_be_said) {
            if (how == SCHEDULE_CPU && !on_device) {
                printf("skipped %s: byte strides that are no multiple of the item size\n", cell(row, "id"));
            }
            skipped++;
        } else if (strcmp(cell(row, "status"), "READONLY") == 0) {
            if (how == SCHEDULE_CPU && !on_device) {
                printf("skipped %s: a DLTensor cannot be read-only\n", cell(row, "id"));
            }
            skipped++;
        } else {
            for (int i = 0; i < 3 && on_device; i++) {
                assert_int_equal(trial_to_device(&p, i, tested->context, tested->queue), VECDOT_SUCCESS);
            }
            wrong += !run_case(&p, row);
        }
        trial_free(&p);
    }
    target_reset(tested);
    assert_int_equal(skipped, 2); /* packed_struct and out_readonly; a new table changes this on purpose */
    assert_int_equal(wrong, 0);
}

static void test_cpu_schedule(void **state)
{
    (void)state;
    if (!target_has_schedule(tested, SCHEDULE_CPU)) skip();
    run_all(SCHEDULE_CPU, 0);
}

static void test_gpu_schedule(void **state)
{
    (void)state;
    if (!target_has_schedule(tested, SCHEDULE_GPU)) skip();
    run_all(SCHEDULE_GPU, 0);
}

static void test_device_arrays(void **state)
{
    (void)state;
    run_all(tested->policy.schedule, 1);
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu_schedule),
        cmocka_unit_test(test_gpu_schedule),
        cmocka_unit_test(test_device_arrays),
    };
    tested = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

int main(void)
{
    cases = table_read("cases.tsv", VECTOR_COLUMNS);
    int code = targets_run(run);
    table_free(&cases);
    return code;
}
