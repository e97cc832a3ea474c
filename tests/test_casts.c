/* Casting, value by value: each element times one, cast on the way in (dtype=) or on the way out, for every
 * pair of dtypes that may be cast. All bit patterns of the 16-bit dtypes, and for the wider ones the values
 * where a second rounding, a sign or a limit would show. Also the sign of zero at the end of a sum, and
 * products of every two dtypes. */
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/generate.h"

static target *tested;

/* All values of the narrow dtypes, a sample of the others'. */
static int64_t value_count(ref_type type)
{
    return ref_size(type) == 1 ? 256 : ref_size(type) == 2 ? 65536 : 16384;
}

/* Around the middle between two values of float16, bfloat16, float32 and float64. */
static uint64_t integer_near_tie(uint64_t index)
{
    static const int digits[] = {8, 11, 24, 53};
    int precision = digits[index % 4], exponent = (int)(index / 4 % 64);
    uint64_t top = (uint64_t)1 << exponent, tie = exponent >= precision ? top >> precision : 0;
    uint64_t unit = 2 * tie, value = top + unit * (index / 256 % 3) + tie + index / 768 % 3 - 1;
    return index / 2304 % 2 ? 0 - value : value;
}

/* The index-th value to cast, in the array's own dtype. */
static void value_at(ref_type type, int64_t index, random_source *random, unsigned char *element)
{
    if (ref_size(type) <= 2) {
        uint64_t bits = (uint64_t)index;
        memcpy(element, &bits, (size_t)ref_size(type));
    } else if (!ref_is_float(type) && index < 8192) {
        uint64_t value = integer_near_tie((uint64_t)index);
        memcpy(element, &value, (size_t)ref_size(type));
    } else {
        value_generate(type, (int)(index % PALETTES), random, element);
    }
}

static int lacks_fp64(ref_type a, ref_type b)
{
    int needed = a == REF_F64 || a == REF_C128 || b == REF_F64 || b == REF_C128;
    return needed && !tested->info.has_fp64;
}

/* x1 (count, 1) holds the values, x2 (1,) is one; computed in `compute`, written as `to`. */
static void cast_all(ref_type from, ref_type compute, ref_type to)
{
    random_source random = random_start(from, (uint64_t)compute);
    const int64_t count = value_count(from);
    trial p;
    char why[256];
    trial_start(&p);
    p.dtype = compute;
    p.flags = VECDOT_NO_CONJ;
    p.array[ARRAY_X1] = (array){.type = from, .ndim = 2, .shape = {count, 1}, .strides = {1, 1}};
    p.array[ARRAY_X2] = (array){.type = REF_B1, .ndim = 1, .shape = {1}, .strides = {1}, .storage = 1};
    p.array[ARRAY_OUT] = (array){.type = to, .ndim = 1, .shape = {count}, .strides = {1}, .storage = 2};
    for (int i = 0; i < 3; i++) {
        size_t size = (size_t)(array_elements(&p.array[i]) * ref_size(p.array[i].type));
        assert_true(storage_create(&p, i, size));
    }
    for (int64_t i = 0; i < count; i++) value_at(from, i, &random, p.storage[0].bytes + i * ref_size(from));
    p.storage[1].bytes[0] = 1;
    assert_true(trial_seal(&p));
    vecdot_status status = trial_call(&p, tested->queue);
    tested->cases++;
    if (lacks_fp64(from, compute) || lacks_fp64(compute, to)) {
        assert_int_equal(status, VECDOT_ERROR_UNSUPPORTED);
    } else if (status != VECDOT_SUCCESS || !trial_verify(&p, tested->queue, why, sizeof why)) {
        trial_print(&p, stderr);
        fail_msg("%s computed in %s to %s: %s", ref_name(from), ref_name(compute), ref_name(to),
                 status == VECDOT_SUCCESS ? why : vecdot_last_error());
    }
    trial_free(&p);
}

/* Calls each(a, b) for the pairs that same_kind allows. */
static void for_each_cast(void (*each)(ref_type from, ref_type to))
{
    for (int how = 0; how < 2; how++) {
        target_follow(tested, (schedule)how);
        for (int from = 0; from < REF_COUNT; from++) {
            for (int to = 0; to < REF_COUNT; to++) {
                if (ref_same_kind((ref_type)from, (ref_type)to)) each((ref_type)from, (ref_type)to);
            }
        }
    }
    target_reset(tested);
}

static void cast_in(ref_type from, ref_type to)
{
    cast_all(from, to, to);
}

static void cast_out(ref_type from, ref_type to)
{
    cast_all(from, from, to);
}

static void test_casts_of_operands(void **state)
{
    (void)state;
    for_each_cast(cast_in);
}

static void test_casts_of_results(void **state)
{
    (void)state;
    for_each_cast(cast_out);
}

/* ---- Rows: whole vectors are cast ---- */

/* x1 (rows, n) and x2 (rows, n) of two dtypes, computed in `compute`. With `skewed` elements lie between
 * multiples of their size. */
static void rows_start(trial *p, ref_type a, ref_type b, ref_type compute, int64_t rows, int64_t n,
                       int skewed)
{
    trial_start(p);
    p->dtype = compute;
    p->array[ARRAY_X1] =
        (array){.type = a, .ndim = 2, .shape = {rows, n}, .strides = {n, 1}, .offset = skewed};
    p->array[ARRAY_X2] =
        (array){.type = b, .ndim = 2, .shape = {rows, n}, .strides = {n, 1}, .storage = 1, .offset = skewed};
    p->array[ARRAY_OUT] = (array){.type = compute, .ndim = 1, .shape = {rows}, .strides = {1}, .storage = 2};
    for (int i = 0; i < 3; i++) {
        const array *x = &p->array[i];
        assert_true(storage_create(p, i, (size_t)(array_elements(x) * ref_size(x->type) + x->offset)));
    }
}

static void rows_verify(trial *p)
{
    ref_type a = p->array[ARRAY_X1].type, b = p->array[ARRAY_X2].type;
    char why[256];
    assert_true(trial_seal(p));
    vecdot_status status = trial_call(p, tested->queue);
    tested->cases++;
    if (lacks_fp64(a, b) || lacks_fp64(p->dtype, p->dtype)) {
        assert_int_equal(status, VECDOT_ERROR_UNSUPPORTED);
    } else if (status != VECDOT_SUCCESS || !trial_verify(p, tested->queue, why, sizeof why)) {
        trial_print(p, stderr);
        fail_msg("%s with %s in %s: %s", ref_name(a), ref_name(b), ref_name(p->dtype),
                 status == VECDOT_SUCCESS ? why : vecdot_last_error());
    }
    trial_free(p);
}

/* Each row of an operand has one value, every time in another place, and zeros; the other has ones. */
static void cast_in_rows(ref_type from, ref_type to)
{
    random_source random = random_start(from, (uint64_t)to);
    for (int which = 0; which < 2; which++) {
        const int64_t n = 77, rows = ref_size(from) == 1 ? 256 : 1024, pace = value_count(from) / rows;
        trial p;
        rows_start(&p, which == 0 ? from : REF_B1, which == 0 ? REF_B1 : from, to, rows, n, which);
        p.flags = VECDOT_NO_CONJ;
        for (int64_t i = 0; i < rows; i++) {
            unsigned char *row = p.storage[which].bytes + p.array[which].offset + i * n * ref_size(from);
            value_at(from, i * pace + random_below(&random, pace), &random,
                     row + i * 29 % n * ref_size(from));
        }
        memset(p.storage[!which].bytes, 1, p.storage[!which].size);
        rows_verify(&p);
    }
}

/* Any values of both operands, in rows that are longer than what is cast at once. */
static void multiply_in_rows(ref_type a, ref_type b, ref_type compute)
{
    random_source random = random_start(a, (uint64_t)b * REF_COUNT + (uint64_t)compute);
    for (int palette = 0; palette < 2; palette++) {
        trial p;
        rows_start(&p, a, b, compute, 2, 4133, palette);
        for (int i = 0; i < 2; i++) array_fill(&p, &p.array[i], palette, &random);
        rows_verify(&p);
    }
}

static void test_casts_in_rows(void **state)
{
    (void)state;
    for_each_cast(cast_in_rows);
}

static void test_products_of_two_dtypes(void **state)
{
    (void)state;
    target_follow(tested, SCHEDULE_CPU);
    for (int a = 0; a < REF_COUNT; a++)
        for (int b = 0; b < REF_COUNT; b++)
            for (int to = 0; to < REF_COUNT; to++)
                if (ref_same_kind((ref_type)a, (ref_type)to) && ref_same_kind((ref_type)b, (ref_type)to))
                    multiply_in_rows((ref_type)a, (ref_type)b, (ref_type)to);
    target_reset(tested);
}

/* ---- The sign of zero ---------------------------------------------------------------------------- */

/* Every lane underflows to -0, so that only the +0 at the end of the sum is left to mend it. */
static void underflow(ref_type type, double tiny, const void *expected, schedule how)
{
    int64_t n = 512;
    double negative = -tiny;
    unsigned char x1[512 * 8], x2[512 * 8], result[8] = {0xa5};
    DLTensor t1 = {.data = x1, .device = {kDLCPU, 0}, .ndim = 1, .dtype = ref_dlpack(type), .shape = &n};
    DLTensor t2 = t1, out = t1;
    t2.data = x2;
    out.data = result;
    out.ndim = 0;
    for (int i = 0; i < 512; i++) {
        reference_cast(REF_F64, &negative, type, x1 + i * ref_size(type));
        reference_cast(REF_F64, &tiny, type, x2 + i * ref_size(type));
    }
    target_follow(tested, how);
    assert_int_equal(vecdot(tested->queue, &t1, &t2, -1, &out), VECDOT_SUCCESS);
    target_reset(tested);
    assert_memory_equal(result, expected, (size_t)ref_size(type));
    tested->cases++;
}

static void test_underflow(void **state)
{
    const double zero = 0;
    const unsigned char negative_half[2] = {0x00,
                                            0x80}; /* float16 -0: here the narrowing itself underflows */
    (void)state;
    for (int how = 0; how < 2; how++) {
        underflow(REF_F32, 0x1p-100, &zero, (schedule)how);
        underflow(REF_BF16, 0x1p-100, &zero, (schedule)how);
        underflow(REF_F16, 0x1p-24, negative_half, (schedule)how);
        if (tested->info.has_fp64) underflow(REF_F64, 0x1p-1000, &zero, (schedule)how);
    }
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_casts_of_operands), cmocka_unit_test(test_casts_of_results),
        cmocka_unit_test(test_casts_in_rows),     cmocka_unit_test(test_products_of_two_dtypes),
        cmocka_unit_test(test_underflow),
    };
    tested = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
