/* The vendor's BLAS in class matrix, on the device: CLBlast through OpenCL where it is installed, cuBLAS
 * through CUDA (the simulated driver has a fake one). All values are small integers, of which every order of
 * summation makes the same sums, so outputs are compared to the bit; and vecdot_explain must say who computed
 * them. */
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/generate.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL_INTEGERS = 0, BOUNDARY = 128 };

static target *tested;

typedef struct spec {
    ref_type type;
    int64_t batch, rows, columns, n;
    int axis_first[2], columns_first; /* else the contracted axis is last, and out in C order */
    uint32_t flags;
} spec;

static int is_cuda(void)
{
    return strcmp(tested->info.backend, "cuda") == 0;
}

static int serves(ref_type type)
{
    int narrow = type == REF_F16 || type == REF_BF16;
    return type == REF_F32 || type == REF_C64 ||
           (tested->info.has_fp64 && (type == REF_F64 || type == REF_C128)) || (narrow && is_cuda());
}

static const char *library(void)
{
    return is_cuda() ? "launch 1: cuBLAS " : "launch 1: CLBlast, ";
}

static void paint(unsigned char *element, void *argument)
{
    const array *a = ((void **)argument)[0];
    value_generate(a->type, SMALL_INTEGERS, ((void **)argument)[1], element);
}

/* Where an array begins: where its storage does, which is a buffer of its own once it is on the device, so
 * many bytes after that, on the boundary on which a host array used in place must be, or beside that. */
enum { AT_START = 0, ON_BOUNDARY = -1, BESIDE_BOUNDARY = -2 };

static void make_storage(trial *p, int which, int64_t at)
{
    array *a = &p->array[which];
    size_t bytes = (size_t)(array_elements(a) * ref_size(a->type) + (at >= 0 ? at : 2 * BOUNDARY));
    a->storage = which;
    assert_true(storage_create(p, which, bytes));
    memset(p->storage[which].bytes, 0xff, bytes); /* not numbers: a BLAS must not add what is in out */
    a->offset = at >= 0 ? at : (int64_t)(-(uintptr_t)p->storage[which].bytes % BOUNDARY);
    if (at == BESIDE_BOUNDARY) a->offset += 16;
}

/* The dimensions batch, rows, columns, n, some of them 1, in the array's own order of strides. */
static void make_array(trial *p, int which, const spec *s, int64_t at, random_source *random)
{
    array *a = &p->array[which];
    int out = which == ARRAY_OUT, last = out ? 2 : 3, swap = out ? s->columns_first : s->axis_first[which];
    const int64_t shape[4] = {s->batch, which == ARRAY_X2 ? 1 : s->rows, which == ARRAY_X1 ? 1 : s->columns,
                              s->n};
    a->type = s->type;
    a->ndim = last + 1;
    memcpy(a->shape, shape, sizeof(int64_t) * (size_t)a->ndim);
    int lines = out || which == ARRAY_X1 ? 1 : 2; /* the other dimension of the matrix */
    array_make_contiguous(a);
    if (swap) {
        a->strides[lines] = 1;
        a->strides[last] = a->shape[lines];
    }
    a->no_strides = 0;
    make_storage(p, which, at);
    if (!out) array_visit(p, a, paint, (void *[]){a, random});
}

static void make(trial *p, const spec *s, const int64_t at[3])
{
    random_source random = random_start(7, (uint64_t)(s->type * 1000 + s->rows));
    trial_start(p);
    p->flags = s->flags;
    for (int which = 0; which < 3; which++) make_array(p, which, s, at[which], &random);
    assert_true(trial_seal(p));
}

static void to_device(trial *p)
{
    for (int which = 0; which < 3; which++)
        assert_int_equal(trial_to_device(p, which, tested->context, tested->queue), VECDOT_SUCCESS);
}

/* Runs it; `says` must be in the explanation. */
static void expect(trial *p, const char *says)
{
    char why[512], words[8192];
    assert_int_equal(trial_explain(p, tested->queue, words, sizeof words), VECDOT_SUCCESS);
    if (strstr(words, says) == NULL) fail_msg("\"%s\" is not in:\n%s", says, words);
    vecdot_status status = trial_call(p, tested->queue);
    if (status != VECDOT_SUCCESS) fail_msg("%s", vecdot_last_error());
    if (!trial_verify(p, tested->queue, why, sizeof why)) {
        trial_print(p, stderr);
        fail_msg("%s\n%s", why, words);
    }
    tested->cases++;
}

static void expect_at(const spec *s, int64_t at, const char *says)
{
    trial p;
    make(&p, s, (int64_t[3]){at, at, at});
    to_device(&p);
    expect(&p, says);
    trial_free(&p);
}

static void expect_on_device(const spec *s, const char *says)
{
    expect_at(s, AT_START, says);
}

/* ---- Tests --------------------------------------------------------------------------------------- */

static const ref_type floats[] = {REF_F32, REF_F64, REF_C64, REF_C128, REF_F16, REF_BF16};
enum { FLOATS = sizeof floats / sizeof floats[0] };

/* Every layout of every dtype, alone and in a batch. */
static void test_layouts(void **state)
{
    (void)state;
    target_reset(tested);
    for (int f = 0; f < FLOATS; f++)
        for (int how = 0; how < 16; how++) {
            spec s = {floats[f], how < 8 ? 1 : 3, 19, 37, 50, {how & 1, how >> 1 & 1}, how >> 2 & 1, 0};
            if (how >= 8 && !is_cuda() && (s.type == REF_F64 || s.type == REF_C128))
                continue; /* slow to build */
            int conjugates = ref_is_complex(s.type) && s.axis_first[0] == s.columns_first;
            if (!serves(s.type) && (s.type == REF_F64 || s.type == REF_C128))
                continue; /* nor does the device */
            expect_on_device(&s, !serves(s.type) ? "it does not compute with this dtype"
                                 : conjugates    ? "conjugated without being transposed"
                                                 : library());
            s.flags = VECDOT_NO_CONJ;
            if (conjugates && serves(s.type)) expect_on_device(&s, library());
        }
}

/* Sizes that fill tiles and that do not, and sums of one term. */
static void test_sizes(void **state)
{
    static const int64_t sizes[][3] = {{8, 8, 1},      {64, 64, 64}, {256, 256, 256},
                                       {129, 40, 300}, {8, 300, 7},  {100, 9, 513}};
    (void)state;
    target_reset(tested);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (int how = 0; how < 8; how += 7) {
            const int64_t *z = sizes[k];
            spec s = {REF_F32, 1, z[0], z[1], z[2], {how & 1, how >> 1 & 1}, how >> 2 & 1, 0};
            expect_on_device(&s, library());
        }
}

/* Host arrays: copied ones are the library's own buffers; those in place must be where a BLAS expects
 * buffers. */
static void test_host_arrays(void **state)
{
    (void)state;
    target_reset(tested);
    for (int aside = 0; aside < 2; aside++) {
        spec s = {REF_F32, 2, 20, 30, 40, {0, 0}, 0, 0};
        trial p;
        make(&p, &s, (int64_t[3]){ON_BOUNDARY, aside ? BESIDE_BOUNDARY : ON_BOUNDARY, ON_BOUNDARY});
        expect(&p,
               aside && tested->context->policy.share_host ? "not on a boundary of 128 bytes" : library());
        trial_free(&p);
    }
}

/* Arrays that begin in the middle of their buffers; large ones, where a library takes another way. CLBlast
 * takes no batch of them. */
static void test_offsets(void **state)
{
    spec small = {REF_F32, 1, 40, 30, 50, {0, 0}, 0, 0}, batch = {REF_C64, 3, 20, 24, 33, {1, 0}, 0, 0};
    spec large = {REF_F32, 1, 1024, 1024, 1024, {1, 0}, 0, 0};
    (void)state;
    target_reset(tested);
    expect_at(&small, 4, library());
    expect_at(&small, 128, library());
    expect_at(&batch, 128, is_cuda() ? library() : "at the start of their buffers");
    expect_at(&batch, 4, "not aligned to its elements");
    if (getenv("VECDOT_TEST_SIMULATED") == NULL) expect_at(&large, 128, library());
}

/* Each piece of what does not fit a buffer is a product of its own, and may be a single line. */
static void test_in_pieces(void **state)
{
    spec s = {REF_F32, 2, 129, 40, 64, {0, 0}, 0, 0};
    trial p;
    (void)state;
    target_reset(tested);
    for (int64_t most = 65536; most >= 4096; most /= 4) {
        make(&p, &s, (int64_t[3]){ON_BOUNDARY, ON_BOUNDARY, ON_BOUNDARY});
        tested->context->policy.max_alloc = most;
        expect(&p, "runs in pieces");
        trial_free(&p);
    }
    target_reset(tested);
}

/* Nothing that is to be reproducible, by the flag or by the environment. */
static void test_reproducible(void **state)
{
    spec s = {REF_F32, 1, 20, 30, 400, {0, 0}, 0, VECDOT_REPRODUCIBLE};
    (void)state;
    target_reset(tested);
    expect_on_device(&s, "class shared");
    s.flags = 0;
    tested->context->policy.reproducible = 1;
    trial p;
    make(&p, &s, (int64_t[3]){0});
    p.reproducible = 1;
    to_device(&p);
    expect(&p, "class shared");
    trial_free(&p);
    target_reset(tested);
}

/* Dtypes that differ, out over an input, an output of another dtype. */
static void test_declined(void **state)
{
    spec s = {REF_F32, 1, 20, 30, 40, {0, 0}, 0, 0};
    trial p;
    (void)state;
    target_reset(tested);
    make(&p, &s, (int64_t[3]){0});
    p.dtype = REF_F64;
    if (tested->info.has_fp64) {
        to_device(&p);
        expect(&p, "its results go through scratch");
    }
    trial_free(&p);
    spec whole = {REF_I32, 1, 20, 30, 40, {0, 0}, 0, 0};
    expect_on_device(&whole, "it does not compute with this dtype");
}

/* VECDOT_BLAS: its values, and one that is none. */
static void test_setting(void **state)
{
    static const char *const values[] = {"off", "on"};
    vecdot_context *context = NULL;
    (void)state;
    for (int i = 0; i < 2; i++) {
        setenv("VECDOT_BLAS", values[i], 1);
        assert_int_equal(vecdot_context_create(tested->selector, &context), VECDOT_SUCCESS);
        assert_int_equal(context->policy.blas.types != 0, i == 1);
        vecdot_context_release(context);
    }
    setenv("VECDOT_REPRODUCIBLE", "1", 1);
    assert_int_equal(vecdot_context_create(tested->selector, &context), VECDOT_SUCCESS);
    assert_int_equal(context->policy.blas.types, 0);
    vecdot_context_release(context);
    unsetenv("VECDOT_REPRODUCIBLE");
    setenv("VECDOT_BLAS", "yes", 1);
    context = NULL;
    assert_int_equal(vecdot_context_create(tested->selector, &context), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(vecdot_last_error(), "VECDOT_BLAS is \"yes\", expected off or on"));
    assert_null(context);
    setenv("VECDOT_BLAS", "on", 1);
    tested->cases++;
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_setting),     cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_host_arrays), cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_declined),    cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_offsets),     cmocka_unit_test(test_in_pieces),
    };
    tested = t;
    return cmocka_run_group_tests_name(t->selector, tests, NULL, NULL);
}

/* The simulated driver comes with a library; elsewhere there may be none. */
static int is_missing(void)
{
    vecdot_context *context = NULL;
    const char *named = getenv("VECDOT_TEST_BACKENDS");
    if (getenv("VECDOT_TEST_SIMULATED") != NULL) return 0;
    if (vecdot_context_create(named, &context) != VECDOT_SUCCESS) return 0; /* the suite tells why */
    int missing = context->policy.blas.offer == NULL;
    vecdot_context_release(context);
    return missing;
}

int main(void)
{
    if (!is_missing()) return targets_run(run);
    printf("skipped: the device's BLAS is not installed (Debian: libclblast1)\n");
    return EXIT_SKIPPED;
}
