/* Sizes past 2^31 elements and past 1 GiB, and the most dimensions. Arrays that large are views with zero
 * strides, or one array of bytes; what must come out is known without a sum. */
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/random.h"
#include "support/trial.h"

static target *tested;

static const int64_t past_31_bits = (INT64_C(1) << 31) + 256;

static DLTensor host_tensor(void *data, ref_type type, int ndim, int64_t *shape, int64_t *strides)
{
    DLTensor t;
    memset(&t, 0, sizeof t);
    t.data = data;
    t.device.device_type = kDLCPU;
    t.ndim = ndim;
    t.dtype = ref_dlpack(type);
    t.shape = shape;
    t.strides = strides;
    return t;
}

static void must_succeed(vecdot_status status)
{
    if (status != VECDOT_SUCCESS) fail_msg("%s: %s", vecdot_status_name(status), vecdot_last_error());
    tested->cases++;
}

/* ---- More than 2^31 elements --------------------------------------------------------------------- */

/* One element repeated n times on either side. */
static void repeated(schedule how, ref_type type, const void *a, const void *b, const void *expected)
{
    int64_t n = past_31_bits, zero = 0;
    unsigned char x1[16], x2[16], result[16] = {0};
    memcpy(x1, a, (size_t)ref_size(type));
    memcpy(x2, b, (size_t)ref_size(type));
    DLTensor t1 = host_tensor(x1, type, 1, &n, &zero), t2 = host_tensor(x2, type, 1, &n, &zero);
    DLTensor out = host_tensor(result, type, 0, NULL, NULL);
    if (!target_has_schedule(tested, how)) return;
    tested->context->policy.schedule = how;
    must_succeed(vecdot(tested->queue, &t1, &t2, -1, &out));
    target_reset(tested);
    assert_memory_equal(result, expected, (size_t)ref_size(type));
}

static void test_repeated_integers(void **state)
{
    const int32_t a = 3, b = -7;
    const uint32_t expected =
        (uint32_t)((uint64_t)past_31_bits * (uint64_t)(INT64_C(3) * -7)); /* modulo 2^32 */
    (void)state;
    repeated(SCHEDULE_CPU, REF_I32, &a, &b, &expected);
    repeated(SCHEDULE_GPU, REF_I32, &a, &b, &expected);
}

/* Every node of the tree is 1.5 * 2^k or the last one, and float32 holds their sum, 1.5 * (2^31 + 256). */
static void test_repeated_floats(void **state)
{
    float a = 3, b = 0.5f, expected = 1.5f * (float)((INT64_C(1) << 31) + 256);
    (void)state;
    repeated(SCHEDULE_CPU, REF_F32, &a, &b, &expected);
    repeated(SCHEDULE_GPU, REF_F32, &a, &b, &expected);
}

/* Five outputs of 2^29 + 3 products each, both operands repeating along different dimensions. */
static void test_many_products(void **state)
{
    int64_t shape1[2] = {5, (INT64_C(1) << 29) + 3}, strides1[2] = {1, 0}, shape2[1] = {shape1[1]},
            strides2[1] = {0};
    int64_t five[1] = {5};
    int8_t x1[5] = {1, -2, 3, 127, -128}, x2 = 5;
    int8_t result[5] = {0};
    DLTensor t1 = host_tensor(x1, REF_I8, 2, shape1, strides1),
             t2 = host_tensor(&x2, REF_I8, 1, shape2, strides2);
    DLTensor out = host_tensor(result, REF_I8, 1, five, NULL);
    (void)state;
    must_succeed(vecdot(tested->queue, &t1, &t2, -1, &out));
    for (int i = 0; i < 5; i++) {
        uint64_t sum = (uint64_t)shape2[0] * (uint64_t)(int64_t)(x1[i] * x2);
        assert_int_equal((uint8_t)result[i], (uint8_t)sum);
    }
}

/* ---- Arrays past 1 GiB --------------------------------------------------------------------------- */

static int8_t byte_at(int64_t i)
{
    return (int8_t)(uint8_t)((uint64_t)i * 37 % 251);
}

static int64_t square_sum(int64_t from, int64_t to)
{
    int64_t sum = 0;
    for (int64_t i = from; i < to; i++) sum += byte_at(i) * byte_at(i);
    return sum;
}

/* In place, or copied to the device in pieces, as the policy has it. */
static void check_bytes(int8_t *bytes, int64_t rows, int64_t columns, const int64_t *expected)
{
    int64_t shape[2] = {rows, columns}, results[4] = {0};
    vecdot_options options = VECDOT_OPTIONS_INIT;
    DLTensor x = host_tensor(bytes, REF_I8, 2, shape, NULL),
             out = host_tensor(results, REF_I64, 1, shape, NULL);
    options.dtype = VECDOT_INT64;
    assert_true(rows <= 4);
    must_succeed(vecdot_with(tested->queue, &x, &x, &options, &out));
    for (int64_t r = 0; r < rows; r++) assert_int_equal(results[r], expected[r]);
}

static void test_large_array(void **state)
{
    const int64_t columns = INT64_C(590000001), total = 2 * columns; /* 1.1 GiB */
    int8_t *bytes = malloc((size_t)total);
    int64_t sums[2], all;
    (void)state;
    assert_non_null(bytes);
    for (int64_t i = 0; i < total; i++) bytes[i] = byte_at(i);
    sums[0] = square_sum(0, columns);
    sums[1] = square_sum(columns, total);
    all = sums[0] + sums[1];
    check_bytes(bytes, 1, total, &all);
    check_bytes(bytes, 2, columns, sums);
    tested->context->policy.share_host = 0;
    tested->context->policy.max_alloc = INT64_C(1) << 28;
    check_bytes(bytes, 1, total, &all);
    check_bytes(bytes, 2, columns, sums);
    target_reset(tested);
    free(bytes);
}

/* Two rows whose distance does not fit in 32 bits, the second before the first. */
static void test_far_strides(void **state)
{
    const int64_t distance = (INT64_C(1) << 32) + 12345;
    int64_t shape[2] = {2, 1000}, strides[2] = {-distance, 1}, two[1] = {2};
    int8_t *bytes = calloc((size_t)distance + 1000, 1), result[2] = {0};
    uint64_t expected[2] = {0, 0};
    DLTensor x, out = host_tensor(result, REF_I8, 1, two, NULL);
    (void)state;
    if (!bytes) { /* no memory is touched but the two rows; a system may still refuse */
        print_message("test_far_strides: 4 GiB of address space refused\n");
        skip();
    }
    for (int64_t k = 0; k < 1000; k++) {
        bytes[distance + k] = byte_at(k);
        bytes[k] = byte_at(k + 7);
        expected[0] += (uint64_t)(byte_at(k) * byte_at(k));
        expected[1] += (uint64_t)(byte_at(k + 7) * byte_at(k + 7));
    }
    x = host_tensor(bytes + distance, REF_I8, 2, shape, strides);
    must_succeed(vecdot(tested->queue, &x, &x, -1, &out));
    for (int i = 0; i < 2; i++) assert_int_equal((uint8_t)result[i], (uint8_t)expected[i]);
    free(bytes);
}

/* ---- Many dimensions ----------------------------------------------------------------------------- */

/* A storage of the array's size with small whole numbers in it. */
static void fill_array(trial *p, int which, random_source *random)
{
    array *a = &p->array[which];
    a->storage = which;
    size_t size = (size_t)(array_elements(a) * ref_size(a->type));
    assert_true(storage_create(p, which, size));
    for (size_t i = 0; i < size; i += 4) {
        int32_t value = (int32_t)random_below(random, 1000) - 500;
        memcpy(p->storage[which].bytes + i, &value, 4);
    }
}

/* 64 dimensions, `wide` of them of size 2 and laid out in another order in each array, so that none merge. */
static void many_dimensions(int wide, schedule how)
{
    random_source random = random_start(64, (uint64_t)wide);
    trial p;
    char why[256];
    trial_start(&p);
    for (int i = 0; i < 3; i++) {
        array *a = &p.array[i];
        a->type = REF_I32;
        a->ndim = REFERENCE_MAX_RANK;
        for (int d = 0; d < a->ndim; d++) a->shape[d] = d % 3 == 1 && d / 3 < wide ? 2 : 1;
        a->shape[63] = i < 2 ? 3 : 1;
        array_make_contiguous(a);
        for (int d = 1, e = 3 * (wide - 1) + 1; i == 1 && d < e;
             d += 3, e -= 3) { /* x2: the other way round */
            int64_t stride = a->strides[d];
            a->strides[d] = a->strides[e];
            a->strides[e] = stride;
        }
        fill_array(&p, i, &random);
    }
    p.keepdims = 1;
    assert_true(trial_seal(&p));
    target_follow(tested, how);
    must_succeed(trial_call(&p, tested->queue));
    target_reset(tested);
    if (!trial_verify(&p, tested->queue, why, sizeof why)) fail_msg("%d dimensions of size 2: %s", wide, why);
    trial_free(&p);
}

static void test_many_dimensions(void **state)
{
    (void)state;
    many_dimensions(0, SCHEDULE_CPU);
    many_dimensions(9, SCHEDULE_CPU);
    many_dimensions(9, SCHEDULE_GPU);
    many_dimensions(18, SCHEDULE_CPU);
    many_dimensions(18, SCHEDULE_GPU);
}

static int run(target *t)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_many_dimensions), cmocka_unit_test(test_repeated_integers),
        cmocka_unit_test(test_repeated_floats), cmocka_unit_test(test_many_products),
        cmocka_unit_test(test_large_array),     cmocka_unit_test(test_far_strides),
    };
    const struct CMUnitTest fast[] = {
        /* a simulated device takes minutes for each of the others */
        cmocka_unit_test(test_many_dimensions),
        cmocka_unit_test(test_repeated_floats),
        cmocka_unit_test(test_far_strides),
    };
    tested = t;
    return getenv("VECDOT_TEST_SIMULATED") ? cmocka_run_group_tests_name(t->selector, fast, NULL, NULL)
                                           : cmocka_run_group_tests_name(t->selector, all, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
