/* The fifteen dtypes: names, DLPack codes, sizes, promotion, casting, and those that are refused. The
 * promotion table is also what the tests' own rule is checked with. */
#include "core/base/dtype.h"
#include "support/cmocka.h"
#include "support/reference.h"
#include "support/vectors.h"

static const DLDataType public_types[DTYPE_COUNT] = {
    {VECDOT_DLBOOL, 8, 1}, {kDLInt, 8, 1},    {kDLInt, 16, 1},   {kDLInt, 32, 1},     {kDLInt, 64, 1},
    {kDLUInt, 8, 1},       {kDLUInt, 16, 1},  {kDLUInt, 32, 1},  {kDLUInt, 64, 1},    {kDLFloat, 16, 1},
    {kDLBfloat, 16, 1},    {kDLFloat, 32, 1}, {kDLFloat, 64, 1}, {kDLComplex, 64, 1}, {kDLComplex, 128, 1},
};

static int same_type(DLDataType a, DLDataType b)
{
    return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

static void test_names_and_codes(void **state)
{
    static const char *const names[DTYPE_COUNT] = {"b1",  "i8",  "i16",  "i32", "i64", "u8",  "u16", "u32",
                                                   "u64", "f16", "bf16", "f32", "f64", "c64", "c128"};
    (void)state;
    assert_int_equal(DTYPE_COUNT, REF_COUNT);
    for (int t = 0; t < DTYPE_COUNT; t++) {
        assert_string_equal(dtype_name((dtype)t), names[t]);
        assert_string_equal(ref_name((ref_type)t), names[t]);
        assert_int_equal(dtype_from_dlpack(public_types[t]), t);
        assert_true(same_type(dtype_to_dlpack((dtype)t), public_types[t]));
        assert_true(same_type(ref_dlpack((ref_type)t), public_types[t]));
        assert_int_equal(dtype_size((dtype)t) * 8, public_types[t].bits);
    }
}

static void test_public_macros(void **state)
{
    const DLDataType macros[DTYPE_COUNT] = {
        VECDOT_BOOL,     VECDOT_INT8,    VECDOT_INT16,   VECDOT_INT32,     VECDOT_INT64,
        VECDOT_UINT8,    VECDOT_UINT16,  VECDOT_UINT32,  VECDOT_UINT64,    VECDOT_FLOAT16,
        VECDOT_BFLOAT16, VECDOT_FLOAT32, VECDOT_FLOAT64, VECDOT_COMPLEX64, VECDOT_COMPLEX128};
    (void)state;
    for (int t = 0; t < DTYPE_COUNT; t++) assert_true(same_type(macros[t], public_types[t]));
    assert_int_equal(VECDOT_DLBOOL, 6);
}

static void test_promotion(void **state)
{
    table t = table_read("promotion.tsv", 1 + DTYPE_COUNT);
    (void)state;
    assert_int_equal(t.rows, 1 + DTYPE_COUNT);
    for (size_t row = 1; row < t.rows; row++) {
        for (size_t column = 1; column < t.columns; column++) {
            ref_type a = ref_from_name(table_cell(&t, row, 0)), b = ref_from_name(table_cell(&t, 0, column));
            ref_type expected = ref_from_name(table_cell(&t, row, column));
            assert_true(a < REF_COUNT && b < REF_COUNT && expected < REF_COUNT);
            assert_int_equal(dtype_promote((dtype)a, (dtype)b), expected);
            assert_int_equal(ref_promote(a, b), expected);
        }
    }
    table_free(&t);
}

static void test_casting(void **state)
{
    /* bool < unsigned < signed < floating < complex, as in numpy.can_cast(..., 'same_kind'). */
    static const int ranks[DTYPE_COUNT] = {0, 2, 2, 2, 2, 1, 1, 1, 1, 3, 3, 3, 3, 4, 4};
    (void)state;
    for (int a = 0; a < DTYPE_COUNT; a++) {
        for (int b = 0; b < DTYPE_COUNT; b++) {
            int allowed = ranks[a] <= ranks[b];
            assert_int_equal(dtype_casts_same_kind((dtype)a, (dtype)b) != 0, allowed);
            assert_int_equal(ref_same_kind((ref_type)a, (ref_type)b), allowed);
        }
    }
    assert_true(dtype_casts_same_kind(DTYPE_U64, DTYPE_I8));
    assert_false(dtype_casts_same_kind(DTYPE_I8, DTYPE_U64));
    assert_true(dtype_casts_same_kind(DTYPE_F64, DTYPE_F16));
    assert_false(dtype_casts_same_kind(DTYPE_F16, DTYPE_I64));
    assert_false(dtype_casts_same_kind(DTYPE_C64, DTYPE_F64));
}

static void test_groups(void **state)
{
    static const int partials[GROUP_COUNT] = {
        [GROUP_INT] = 8, [GROUP_F16] = 4, [GROUP_BF16] = 4, [GROUP_F32] = 4,
        [GROUP_F64] = 8, [GROUP_C64] = 8, [GROUP_C128] = 16};
    (void)state;
    for (int t = 0; t < DTYPE_COUNT; t++) {
        int is_integer = t < DTYPE_F16;
        assert_int_equal(dtype_group((dtype)t) == GROUP_INT, is_integer);
        assert_int_equal(dtype_is_complex((dtype)t) != 0, t == DTYPE_C64 || t == DTYPE_C128);
        assert_int_equal(dtype_needs_fp64((dtype)t) != 0, t == DTYPE_F64 || t == DTYPE_C128);
    }
    for (int g = 0; g < GROUP_COUNT; g++) assert_int_equal(group_partial_size((group)g), partials[g]);
}

/* Each refused dtype and the name by which a message speaks of it. */
static void test_unsupported(void **state)
{
    static const struct {
        DLDataType type;
        const char *name;
    } refused[] = {
        {{7, 8, 1}, "float8_e3m4"},
        {{8, 8, 1}, "float8_e4m3"},
        {{9, 8, 1}, "float8_e4m3b11fnuz"},
        {{10, 8, 1}, "float8_e4m3fn"},
        {{11, 8, 1}, "float8_e4m3fnuz"},
        {{12, 8, 1}, "float8_e5m2"},
        {{13, 8, 1}, "float8_e5m2fnuz"},
        {{14, 8, 1}, "float8_e8m0fnu"},
        {{kDLInt, 4, 1}, "int4"},
        {{kDLUInt, 4, 1}, "uint4"},
        {{kDLInt, 128, 1}, "int128"},
        {{kDLFloat, 128, 1}, "float128"},
        {{kDLComplex, 32, 1}, "complex32"},
        {{kDLFloat, 32, 4}, "float32 x 4 lanes"},
        {{VECDOT_DLBOOL, 8, 2}, "bool x 2 lanes"},
        {{kDLFloat, 32, 0}, "0 lanes"},
        {{kDLInt, 0, 1}, "int0"},
        {{kDLOpaqueHandle, 64, 1}, ""},
        {{VECDOT_DLBOOL, 1, 1}, ""},
        {{255, 8, 1}, "255"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char name[64];
        assert_int_equal(dtype_from_dlpack(refused[i].type), DTYPE_COUNT);
        memset(name, '#', sizeof name);
        dtype_describe(refused[i].type, name, sizeof name);
        assert_non_null(memchr(name, 0, sizeof name));
        if (!strstr(name, refused[i].name) || !*name) {
            fail_msg("dtype (%d, %d, %d) is described as '%s', expected '%s' in it", refused[i].type.code,
                     refused[i].type.bits, refused[i].type.lanes, name, refused[i].name);
        }
    }
}

static void test_describe_cuts(void **state)
{
    char name[5] = "####";
    (void)state;
    dtype_describe((DLDataType){10, 8, 1}, name, 4);
    assert_int_equal(name[3], 0);
    assert_int_equal(name[4], 0); /* the byte behind the capacity is as it was */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_codes), cmocka_unit_test(test_public_macros),
        cmocka_unit_test(test_promotion),       cmocka_unit_test(test_casting),
        cmocka_unit_test(test_groups),          cmocka_unit_test(test_unsupported),
        cmocka_unit_test(test_describe_cuts),
    };
    return cmocka_run_group_tests_name("dtype", tests, NULL, NULL);
}
