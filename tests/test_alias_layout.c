/* Where arrays lie: one problem in many layouts, alignments and plans has one result to the bit; out may
 * overlap the inputs; and what is refused leaves out as it was. */
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/generate.h"

static target *tested;

static void expect(vecdot_status got, vecdot_status status, const char *word)
{
    if (got != status || (status != VECDOT_SUCCESS && !strstr(vecdot_last_error(), word))) {
        fail_msg("got %s, expected %s with '%s' in the message: %s", vecdot_status_name(got),
                 vecdot_status_name(status), word, vecdot_last_error());
    }
    tested->cases++;
}

/* A C-contiguous array at a byte offset of a storage. */
static void set_array(trial *p, int which, ref_type type, int where, int64_t offset, int ndim, int64_t size0,
                      int64_t size1)
{
    array *a = &p->array[which];
    a->type = type;
    a->storage = where;
    a->offset = offset;
    a->ndim = ndim;
    a->shape[0] = size0;
    a->shape[1] = size1;
    array_make_contiguous(a);
}

static void fill_storage(trial *p, int index, ref_type type, random_source *random)
{
    storage *s = &p->storage[index];
    for (size_t at = 0; at + (size_t)ref_size(type) <= s->size; at += (size_t)ref_size(type)) {
        value_generate(type, 1, random, s->bytes + at);
    }
}

/* ---- One result ---------------------------------------------------------------------------------- */

enum { ROWS = 6, COLUMNS = 5003 }; /* several chunks, a rest of a row */

typedef struct layout {
    const char *name;
    int64_t strides[2], start; /* elements */
    int64_t shift;             /* bytes    */
} layout;

static const layout layouts[] = {
    {"contiguous", {COLUMNS, 1}, 0, 0},
    {"rows on 16-byte boundaries", {5008, 1}, 0, 0},
    {"not on a 16-byte boundary", {COLUMNS, 1}, 1, 0},
    {"misaligned", {COLUMNS, 1}, 0, 1},
    {"column-major", {1, ROWS}, 0, 0},
    {"every second", {2 * COLUMNS, 2}, 0, 0},
    {"backwards", {COLUMNS, -1}, COLUMNS - 1, 0},
    {"upside down", {-COLUMNS, 1}, (ROWS - 1) * COLUMNS, 0},
    {"columns backwards", {-1, -2 * ROWS}, 2 * ROWS *COLUMNS, 0},
};

enum { LAYOUTS = sizeof layouts / sizeof *layouts, ROOM = 2 * ROWS * COLUMNS + ROWS * 16 };

/* The same values in a layout. */
static void lay_out(trial *p, int which, ref_type type, const layout *l, uint64_t seed)
{
    random_source random = random_start(seed, (uint64_t)which);
    int64_t item = ref_size(type);
    set_array(p, which, type, which, l->start * item + l->shift, 2, ROWS, COLUMNS);
    memcpy(p->array[which].strides, l->strides, sizeof l->strides);
    assert_true(storage_create(p, which, (size_t)(ROOM * item + l->shift)));
    memset(p->storage[which].bytes, 0xff, p->storage[which].size);
    for (int64_t r = 0; r < ROWS; r++) {
        for (int64_t k = 0; k < COLUMNS; k++) {
            int64_t at = p->array[which].offset + (r * l->strides[0] + k * l->strides[1]) * item;
            value_generate(type, 1, &random, p->storage[which].bytes + at);
        }
    }
}

static void run_layout(ref_type type, const layout *l1, const layout *l2, unsigned char *result)
{
    trial p;
    char why[256];
    trial_start(&p);
    lay_out(&p, ARRAY_X1, type, l1, 1);
    lay_out(&p, ARRAY_X2, type, l2, 2);
    set_array(&p, ARRAY_OUT, type, ARRAY_OUT, 0, 1, ROWS, 1);
    assert_true(storage_create(&p, ARRAY_OUT, (size_t)(ROWS * ref_size(type))));
    assert_true(trial_seal(&p));
    expect(trial_call(&p, tested->queue), VECDOT_SUCCESS, "");
    if (!trial_verify(&p, tested->queue, why, sizeof why)) fail_msg("%s, %s: %s", l1->name, l2->name, why);
    memcpy(result, p.storage[ARRAY_OUT].bytes, (size_t)(ROWS * ref_size(type)));
    trial_free(&p);
}

static void test_one_result(void **state)
{
    static const ref_type types[] = {REF_F32, REF_BF16, REF_C64, REF_I16};
    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        unsigned char first[ROWS * 16], other[ROWS * 16];
        size_t size = (size_t)(ROWS * ref_size(types[t]));
        run_layout(types[t], &layouts[0], &layouts[0], first);
        for (int i = 0; i < LAYOUTS; i++) {
            target_follow(tested, i % 2 ? SCHEDULE_GPU : SCHEDULE_CPU);
            run_layout(types[t], &layouts[i], &layouts[(i * 5 + 1) % LAYOUTS], other);
            assert_memory_equal(first, other, size);
        }
        for (int64_t nodes = 1; nodes <= 8; nodes++) {
            target_follow(tested, nodes % 2 ? SCHEDULE_GPU : SCHEDULE_CPU);
            tested->context->policy.force_nodes = nodes;
            run_layout(types[t], &layouts[0], &layouts[1], other);
            assert_memory_equal(first, other, size);
        }
        target_reset(tested);
    }
}

/* ---- Overlap with the inputs --------------------------------------------------------------------- */

/* x1 and x2 are (8, 8) at the storage's start; out is (8,) with a stride, at any byte of it. */
static void overlap(int64_t out_offset, int64_t out_stride, int on_device, schedule how)
{
    random_source random = random_start(3, (uint64_t)out_offset);
    trial p;
    char why[256];
    trial_start(&p);
    assert_true(storage_create(&p, 0, 8 * 8 * 4 + 64));
    fill_storage(&p, 0, REF_F32, &random);
    set_array(&p, ARRAY_X1, REF_F32, 0, 0, 2, 8, 8);
    set_array(&p, ARRAY_X2, REF_F32, 0, 32, 2, 8, 8);
    set_array(&p, ARRAY_OUT, REF_F32, 0, out_offset, 1, 8, 1);
    p.array[ARRAY_OUT].strides[0] = out_stride;
    assert_true(trial_seal(&p));
    if (on_device) {
        vecdot_status status = trial_to_device(&p, 0, tested->context, tested->queue);
        expect(status, VECDOT_SUCCESS, "");
    }
    target_follow(tested, how);
    expect(trial_call(&p, tested->queue), VECDOT_SUCCESS, "");
    target_reset(tested);
    if (!trial_verify(&p, tested->queue, why, sizeof why)) {
        fail_msg("out at byte %d, stride %d: %s", (int)out_offset, (int)out_stride, why);
    }
    trial_free(&p);
}

static void test_out_overlaps_inputs(void **state)
{
    (void)state;
    for (int on_device = 0; on_device < 2; on_device++) {
        for (int how = 0; how < 2; how++) {
            overlap(0, 1, on_device, (schedule)how);       /* the first row         */
            overlap(0, 8, on_device, (schedule)how);       /* a column              */
            overlap(28 * 4, -2, on_device, (schedule)how); /* backwards             */
            overlap(101, 1, on_device, (schedule)how);     /* across element bounds */
        }
    }
}

/* ---- Refused ------------------------------------------------------------------------------------- */

/* A legal (2, 3) problem in float32 with an out of two elements, sealed. */
static void start_small(trial *p)
{
    random_source random = random_start(4, 4);
    trial_start(p);
    for (int i = 0; i < 3; i++) {
        assert_true(storage_create(p, i, 64));
        fill_storage(p, i, REF_F32, &random);
    }
    set_array(p, ARRAY_X1, REF_F32, 0, 0, 2, 2, 3);
    set_array(p, ARRAY_X2, REF_F32, 1, 0, 2, 2, 3);
    set_array(p, ARRAY_OUT, REF_F32, 2, 0, 1, 2, 1);
    assert_true(trial_seal(p));
}

static void must_refuse(trial *p, vecdot_status status, const char *word)
{
    char why[256];
    expect(trial_call(p, tested->queue), status, word);
    if (!trial_untouched(p, tested->queue, why, sizeof why))
        fail_msg("%s: %s", vecdot_status_name(status), why);
    trial_free(p);
}

static void test_out_shapes_refused(void **state)
{
    trial p;
    (void)state;
    start_small(&p);
    p.array[ARRAY_OUT].shape[0] = 3;
    must_refuse(&p, VECDOT_ERROR_OUT_SHAPE, "(3,)");
    start_small(&p); /* never smaller */
    p.array[ARRAY_OUT].shape[0] = 1;
    must_refuse(&p, VECDOT_ERROR_OUT_SHAPE, "(2,)");
    start_small(&p);
    p.array[ARRAY_OUT].ndim = 0;
    must_refuse(&p, VECDOT_ERROR_OUT_SHAPE, "()");
    start_small(&p); /* keepdims wants (2, 1) */
    p.keepdims = 1;
    set_array(&p, ARRAY_OUT, REF_F32, 2, 0, 2, 1, 2);
    must_refuse(&p, VECDOT_ERROR_OUT_SHAPE, "(2, 1)");
    start_small(&p);
    p.keepdims = 1;
    p.array[ARRAY_OUT].ndim = 0;
    must_refuse(&p, VECDOT_ERROR_NDIM, "out");
    start_small(&p); /* the rows of a matrix do not broadcast */
    p.op = CALL_MATVEC;
    p.array[ARRAY_X1].shape[0] = 1;
    p.array[ARRAY_X2].ndim = 1;
    p.array[ARRAY_X2].shape[0] = 3;
    p.array[ARRAY_X2].strides[0] = 1;
    must_refuse(&p, VECDOT_ERROR_OUT_SHAPE, "(1,)");
}

static void test_out_overlapping_itself(void **state)
{
    trial p;
    (void)state;
    start_small(&p);
    p.array[ARRAY_OUT].strides[0] = 0;
    must_refuse(&p, VECDOT_ERROR_OVERLAP, "out");
    start_small(&p); /* (2, 2, 2), strides (3, 2, 1): elements 3 = (1, 0, 0) and (0, 1, 1) */
    p.array[ARRAY_OUT] =
        (array){.type = REF_F32, .ndim = 3, .shape = {2, 2, 2}, .strides = {3, 2, 1}, .storage = 2};
    set_array(&p, ARRAY_X1, REF_F32, 0, 0, 1, 3, 1);
    p.array[ARRAY_X2] = (array){.type = REF_F32, .ndim = 4, .shape = {2, 2, 2, 3}, .storage = 1};
    p.array[ARRAY_X2].strides[3] = 1;
    must_refuse(&p, VECDOT_ERROR_OVERLAP, "out");
    start_small(&p); /* shape before overlap */
    p.array[ARRAY_OUT].strides[0] = 0;
    p.array[ARRAY_OUT].shape[0] = 5;
    must_refuse(&p, VECDOT_ERROR_OUT_SHAPE, "out");
}

/* Interleaved, and yet every element has its own place: (2, 3) with strides (3, 2) of elements 0 2 4 3 5 7.
 */
static void test_interleaved_out(void **state)
{
    trial p;
    char why[256];
    (void)state;
    start_small(&p);
    p.array[ARRAY_OUT] =
        (array){.type = REF_F32, .ndim = 2, .shape = {2, 3}, .strides = {3, 2}, .storage = 2};
    p.array[ARRAY_X1] =
        (array){.type = REF_F32, .ndim = 3, .shape = {2, 1, 4}, .strides = {5, 0, 1}, .storage = 0};
    p.array[ARRAY_X2] = (array){.type = REF_F32, .ndim = 2, .shape = {3, 4}, .strides = {3, 1}, .storage = 1};
    expect(trial_call(&p, tested->queue), VECDOT_SUCCESS, "");
    if (!trial_verify(&p, tested->queue, why, sizeof why)) fail_msg("%s", why);
    trial_free(&p);
}

/* complex64 is aligned to its parts, also where there is nothing to add and the kernel writes zeros. */
static void test_halfway_out(void **state)
{
    (void)state;
    for (int n = 0; n < 3; n += 2) {
        trial p;
        char why[256];
        start_small(&p);
        set_array(&p, ARRAY_X1, REF_C64, 0, 0, 2, 2, n);
        set_array(&p, ARRAY_X2, REF_C64, 1, 0, 2, 2, n);
        set_array(&p, ARRAY_OUT, REF_C64, 2, 4, 1, 2, 1);
        expect(trial_to_device(&p, 2, tested->context, tested->queue), VECDOT_SUCCESS, "");
        expect(trial_call(&p, tested->queue), VECDOT_SUCCESS, "");
        if (!trial_verify(&p, tested->queue, why, sizeof why)) fail_msg("%s", why);
        trial_free(&p);
    }
}

/* ---- Elements of a sum that do not lie next to each other ---------------------------------------- */

enum { MANY_ROWS = 150, MANY_COLUMNS = 1100 }; /* several tiles and canonical rows, and rests of both */

static const layout orders[] = {
    {"C order", {MANY_COLUMNS, 1}, 0, 0},
    {"Fortran order", {1, MANY_ROWS}, 0, 0},
    {"backwards", {MANY_COLUMNS, -1}, MANY_COLUMNS - 1, 0},
    {"every second", {2 * MANY_COLUMNS, 2}, 0, 0},
    {"every third", {3 * MANY_COLUMNS, 3}, 0, 0},
};

static void run_orders(ref_type type, const layout *l1, const layout *l2)
{
    const layout *l[2] = {l1, l2};
    random_source random = random_start(7, (uint64_t)type);
    char why[256];
    trial p;
    trial_start(&p);
    for (int which = ARRAY_X1; which <= ARRAY_X2; which++) {
        set_array(&p, which, type, which, l[which]->start * ref_size(type), 2, MANY_ROWS, MANY_COLUMNS);
        memcpy(p.array[which].strides, l[which]->strides, sizeof l[which]->strides);
        assert_true(storage_create(&p, which, (size_t)(3 * MANY_ROWS * MANY_COLUMNS * ref_size(type))));
        fill_storage(&p, which, type, &random);
    }
    set_array(&p, ARRAY_OUT, type, ARRAY_OUT, 0, 1, MANY_ROWS, 1);
    assert_true(storage_create(&p, ARRAY_OUT, (size_t)(MANY_ROWS * ref_size(type))));
    assert_true(trial_seal(&p));
    expect(trial_call(&p, tested->queue), VECDOT_SUCCESS, "");
    if (!trial_verify(&p, tested->queue, why, sizeof why)) fail_msg("%s, %s: %s", l1->name, l2->name, why);
    trial_free(&p);
}

static void test_orders(void **state)
{
    static const ref_type types[] = {REF_B1,  REF_I8,  REF_I32, REF_I64, REF_F16,
                                     REF_F32, REF_F64, REF_C64, REF_C128};
    (void)state;
    if (!target_has_schedule(tested, SCHEDULE_CPU)) return;
    target_follow(tested, SCHEDULE_CPU);
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        if (!tested->info.has_fp64 && (types[t] == REF_F64 || types[t] == REF_C128)) continue;
        run_orders(types[t], &orders[0], &orders[1]);
        run_orders(types[t], &orders[1], &orders[2]);
        run_orders(types[t], &orders[2], &orders[0]);
        run_orders(types[t], &orders[3], &orders[4]);
    }
    target_reset(tested);
}

static void test_memory_refused(void **state)
{
    trial p;
    DLTensor x1, x2, out;
    char why[256];
    (void)state;
    start_small(&p);
    trial_tensor(&p, ARRAY_X1, &x1);
    trial_tensor(&p, ARRAY_X2, &x2);
    trial_tensor(&p, ARRAY_OUT, &out);
    x2.device.device_type = kDLMetal;
    expect(vecdot(tested->queue, &x1, &x2, -1, &out), VECDOT_ERROR_DEVICE_MISMATCH, "x2");
    x2.device.device_type = kDLCPU;
    out.device.device_type = kDLVulkan;
    expect(vecdot(tested->queue, &x1, &x2, -1, &out), VECDOT_ERROR_DEVICE_MISMATCH, "out");
    out.device.device_type = kDLCPU;
    x1.data = NULL;
    expect(vecdot(tested->queue, &x1, &x2, -1, &out), VECDOT_ERROR_INVALID_ARGUMENT, "x1");
    trial_tensor(&p, ARRAY_X1, &x1);
    expect(vecdot(tested->queue, &x1, &x2, -1, NULL), VECDOT_ERROR_INVALID_ARGUMENT, "out");
    expect(vecdot(tested->queue, NULL, &x2, -1, &out), VECDOT_ERROR_INVALID_ARGUMENT, "x1");
    out.dtype = VECDOT_INT32;
    expect(vecdot(tested->queue, &x1, &x2, -1, &out), VECDOT_ERROR_CAST, "out");
    out.dtype = (DLDataType){10, 8, 1};
    expect(vecdot(tested->queue, &x1, &x2, -1, &out), VECDOT_ERROR_DTYPE, "out");
    if (!trial_untouched(&p, tested->queue, why, sizeof why)) fail_msg("%s", why);
    trial_free(&p);
}

/* x1 has one row in static memory and one on the stack. Between them lie out and whatever memory the library
 * takes, on its stack or from malloc. */
static void test_input_around_all_memory(void **state)
{
    enum { N = 16, MOST = 1200 };
    static const int64_t batches[] = {1, 500, 512, 513, MOST}; /* results on both sides of 4 KiB */
    static int32_t first[N];
    int32_t second[N], *x2 = calloc(MOST * N, sizeof *x2), *out = calloc(2 * MOST, sizeof *out);
    (void)state;
    assert_non_null(x2);
    assert_non_null(out);
    for (int i = 0; i < N; i++) first[i] = i, second[i] = 2 * i;
    for (int i = 0; i < MOST * N; i++) x2[i] = 1 + i / N;
    for (size_t k = 0; k < sizeof batches / sizeof *batches; k++) {
        int64_t shape1[] = {2, N}, shape2[] = {batches[k], 1, N}, shape_out[] = {batches[k], 2};
        int64_t strides1[] = {((intptr_t)second - (intptr_t)first) / (int64_t)sizeof *first, 1};
        DLTensor x1 = {first, {kDLCPU, 0}, 2, VECDOT_INT32, shape1, strides1, 0};
        DLTensor factors = {x2, {kDLCPU, 0}, 3, VECDOT_INT32, shape2, NULL, 0};
        DLTensor results = {out, {kDLCPU, 0}, 2, VECDOT_INT32, shape_out, NULL, 0};
        target_reset(tested);
        expect(vecdot(tested->queue, &x1, &factors, -1, &results), VECDOT_SUCCESS, "");
        for (int b = 0; b < batches[k]; b++) {
            assert_int_equal(out[2 * b], (b + 1) * (N * (N - 1) / 2));
            assert_int_equal(out[2 * b + 1], (b + 1) * N * (N - 1));
        }
    }
    free(x2);
    free(out);
}

static void test_strides_past_int64(void **state)
{
    trial p;
    (void)state;
    start_small(&p);
    p.array[ARRAY_X1].strides[0] = INT64_MAX;
    must_refuse(&p, VECDOT_ERROR_OVERFLOW, "x1");
    start_small(&p);
    p.array[ARRAY_OUT].strides[0] = INT64_MIN;
    must_refuse(&p, VECDOT_ERROR_OVERFLOW, "out");
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_result),
        cmocka_unit_test(test_out_overlaps_inputs),
        cmocka_unit_test(test_out_shapes_refused),
        cmocka_unit_test(test_out_overlapping_itself),
        cmocka_unit_test(test_interleaved_out),
        cmocka_unit_test(test_memory_refused),
        cmocka_unit_test(test_strides_past_int64),
        cmocka_unit_test(test_halfway_out),
        cmocka_unit_test(test_input_around_all_memory),
        cmocka_unit_test(test_orders),
    };
    tested = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
