/* What a call means, with no device: result dtypes and shapes, each error, which error wins, and what its
 * message says. */
#include "core/problem/options.h"
#include "core/problem/semantics.h"
#include "support/cmocka.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vecdot/vecdot.h>

/* A tensor with no data: vecdot_result looks at shapes and dtypes only. */
typedef struct shaped {
    DLTensor tensor;
    int64_t shape[VECDOT_MAX_NDIM + 1];
} shaped;

#define END (-1)

static DLTensor *make(shaped *s, DLDataType type, const int64_t *shape)
{
    memset(s, 0, sizeof *s);
    for (; shape[s->tensor.ndim] != END; s->tensor.ndim++) s->shape[s->tensor.ndim] = shape[s->tensor.ndim];
    s->tensor.dtype = type;
    s->tensor.device.device_type = kDLCPU;
    s->tensor.shape = s->shape;
    return &s->tensor;
}

#define SHAPE(...) ((const int64_t[]){__VA_ARGS__, END})
#define SCALAR     ((const int64_t[]){END})

static vecdot_options with_axes(int32_t axis1, int32_t axis2, int32_t keepdims)
{
    vecdot_options options = VECDOT_OPTIONS_INIT;
    options.axis[0] = axis1;
    options.axis[1] = axis2;
    options.keepdims = keepdims;
    return options;
}

/* Fails unless the call gave the status and each word is in the message. */
static void expect(vecdot_status got, vecdot_status status, const char *const *words)
{
    if (got != status) {
        fail_msg("got %s, expected %s; message: %s", vecdot_status_name(got), vecdot_status_name(status),
                 vecdot_last_error());
    }
    for (; *words; words++) {
        if (!strstr(vecdot_last_error(), *words)) fail_msg("no '%s' in: %s", *words, vecdot_last_error());
    }
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- Shapes -------------------------------------------------------------------------------------- */

/* One line: shapes, axes, keepdims, and either a status or the shape of the result. */
typedef struct row {
    const char *what;
    int64_t x1[5], x2[5];
    int32_t axis1, axis2, keepdims;
    vecdot_status status;
    int64_t result[5];
} row;

#define OK VECDOT_SUCCESS

static const row rows[] = {
    {"issue: axis 0", {100, END}, {100, 20, END}, 0, 0, 0, OK, {20, END}},
    {"issue: axis 1", {100, END}, {100, 20, END}, 1, 1, 0, VECDOT_ERROR_AXIS, {END}},
    {"issue: axis -1", {100, END}, {100, 20, END}, -1, -1, 0, VECDOT_ERROR_SIZE_MISMATCH, {END}},
    {"row dots", {20, END}, {100, 20, END}, -1, -1, 0, OK, {100, END}},
    {"axis 1", {2, 3, END}, {2, 3, END}, 1, 1, 0, OK, {2, END}},
    {"axis 0", {2, 3, END}, {2, 3, END}, 0, 0, 0, OK, {3, END}},
    {"axis -2", {2, 3, END}, {2, 3, END}, -2, -2, 0, OK, {3, END}},
    {"axis -2 of a vector", {3, END}, {3, 2, END}, -2, -2, 0, VECDOT_ERROR_AXIS, {END}},
    {"axis 0, 2-d and 3-d", {3, 4, END}, {3, 2, 4, END}, 0, 0, 0, OK, {2, 4, END}},
    {"axis 1, broadcast", {1, 4, END}, {3, 4, 5, END}, 1, 1, 0, OK, {3, 5, END}},
    {"axis 1 of each", {2, 3, END}, {4, 3, 2, END}, 1, 1, 0, OK, {4, 2, END}},
    {"axis 1, kept", {2, 3, END}, {4, 3, 2, END}, 1, 1, 1, OK, {4, 1, 2, END}},
    {"axis 0, 3-d and 2-d", {2, 3, 1, END}, {2, 5, END}, 0, 0, 0, OK, {3, 5, END}},
    {"axis 0, kept", {2, 3, 1, END}, {2, 5, END}, 0, 0, 1, OK, {1, 3, 5, END}},
    {"axis -2, mixed", {3, 2, END}, {4, 3, 1, END}, -2, -2, 0, OK, {4, 2, END}},
    {"batch differs", {3, 4, END}, {3, 4, 4, END}, 1, 1, 0, VECDOT_ERROR_BROADCAST, {END}},
    {"n = 0", {2, 0, END}, {2, 0, END}, -1, -1, 0, OK, {2, END}},
    {"batch 0", {0, 3, END}, {1, 3, END}, -1, -1, 0, OK, {0, END}},
    {"both 0", {0, 0, END}, {3, 1, 0, END}, -1, -1, 0, OK, {3, 0, END}},
    {"two vectors", {3, END}, {3, END}, -1, -1, 0, OK, {END}},
    {"two vectors, kept", {3, END}, {3, END}, 0, 0, 1, OK, {1, END}},
    {"ones stay", {1, 1, 3, END}, {3, END}, -1, -1, 0, OK, {1, 1, END}},
    {"an axis of each", {2, 3, END}, {4, 5, 2, END}, 0, -1, 0, VECDOT_ERROR_BROADCAST, {END}},
    {"an axis of each, broadcast", {2, 5, END}, {4, 5, 2, END}, 0, -1, 0, OK, {4, 5, END}},
    {"an axis of each, one wrong", {2, 5, END}, {4, 5, 2, END}, 0, 3, 0, VECDOT_ERROR_AXIS, {END}},
    {"no axis at all", {END}, {3, END}, -1, -1, 0, VECDOT_ERROR_NDIM, {END}},
    {"neither has", {END}, {END}, -1, -1, 0, VECDOT_ERROR_NDIM, {END}},
    {"1 is not 3", {2, 3, END}, {2, 1, END}, -1, -1, 0, VECDOT_ERROR_SIZE_MISMATCH, {END}},
    {"0 is not 1", {0, END}, {1, END}, -1, -1, 0, VECDOT_ERROR_SIZE_MISMATCH, {END}},
    {"0 against 2", {0, 3, END}, {2, 3, END}, -1, -1, 0, VECDOT_ERROR_BROADCAST, {END}},
    {"axis 2 of 2", {2, 3, END}, {2, 3, END}, 2, 2, 0, VECDOT_ERROR_AXIS, {END}},
    {"axis -3 of 2", {2, 3, END}, {2, 3, END}, -3, -3, 0, VECDOT_ERROR_AXIS, {END}},
    {"least axis", {2, 3, END}, {2, 3, END}, INT32_MIN, INT32_MIN, 0, VECDOT_ERROR_AXIS, {END}},
    {"most axis", {2, 3, END}, {2, 3, END}, INT32_MAX, INT32_MAX, 0, VECDOT_ERROR_AXIS, {END}},
    /* which error wins */
    {"ndim before axis", {END}, {3, END}, 7, 7, 0, VECDOT_ERROR_NDIM, {END}},
    {"axis before size", {3, END}, {2, 4, END}, 1, 1, 0, VECDOT_ERROR_AXIS, {END}},
    {"size before batch", {2, 3, END}, {4, 5, END}, -1, -1, 0, VECDOT_ERROR_SIZE_MISMATCH, {END}},
};

/* A problem is made in memory that nothing has cleared: over zeros and over ones it becomes the same. */
static void check_all_is_set(const shaped *x1, const shaped *x2, const vecdot_options *options)
{
    problem p, other;
    memset(&p, 0, sizeof p);
    memset(&other, 0xff, sizeof other);
    vecdot_status status =
        semantics_check(OPERATION_VECDOT, &x1->tensor, &x2->tensor, options, NULL, &p, NULL, NULL);
    assert_int_equal(status, VECDOT_SUCCESS);
    (void)semantics_check(OPERATION_VECDOT, &x1->tensor, &x2->tensor, options, NULL, &other, NULL, NULL);
    const size_t entries = sizeof(int64_t) * (size_t)p.rank;
    assert_memory_equal(p.type, other.type, sizeof p.type);
    assert_memory_equal(p.misaligned, other.misaligned, sizeof p.misaligned);
    assert_memory_equal(p.vectors, other.vectors, sizeof p.vectors);
    assert_memory_equal(p.stride, other.stride, sizeof p.stride);
    assert_true(p.op == other.op && p.result == other.result && p.n == other.n && p.rank == other.rank);
    assert_true(p.no_conj == other.no_conj && p.is_matrix == other.is_matrix);
    assert_int_equal(p.reproducible, other.reproducible);
    assert_memory_equal(p.shape, other.shape, entries);
    for (int a = 0; a < ARRAYS; a++) assert_memory_equal(p.step[a], other.step[a], entries);
    memset(&other, 0xff, sizeof other);
    problem_copy(&other, &p);
    assert_memory_equal(&p, &other, offsetof(problem, shape));
    assert_memory_equal(p.shape, other.shape, entries);
    for (int a = 0; a < ARRAYS; a++) assert_memory_equal(p.step[a], other.step[a], entries);
}

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const row *r = &rows[i];
        shaped x1, x2;
        vecdot_options options = with_axes(r->axis1, r->axis2, r->keepdims);
        DLDataType type = {9, 9, 9};
        int32_t ndim = -1;
        int64_t shape[VECDOT_MAX_NDIM];
        make(&x1, VECDOT_FLOAT32, r->x1);
        make(&x2, VECDOT_FLOAT32, r->x2);
        vecdot_status status = vecdot_result(&x1.tensor, &x2.tensor, &options, &type, &ndim, shape);
        int good = status == r->status;
        for (int d = 0; good && status == VECDOT_SUCCESS && d < ndim; d++) good = shape[d] == r->result[d];
        if (good && status == VECDOT_SUCCESS) good = ndim >= 0 && r->result[ndim] == END;
        if (good && status == VECDOT_SUCCESS) check_all_is_set(&x1, &x2, &options);
        if (!good) {
            fail_msg("%s: got %s, ndim %d; %s", r->what, vecdot_status_name(status), (int)ndim,
                     vecdot_last_error());
        }
    }
}

static void test_results_may_be_null(void **state)
{
    shaped x1, x2;
    DLDataType type;
    int32_t ndim;
    int64_t shape[VECDOT_MAX_NDIM];
    (void)state;
    make(&x1, VECDOT_INT8, SHAPE(2, 3));
    make(&x2, VECDOT_UINT8, SHAPE(3));
    assert_int_equal(vecdot_result(&x1.tensor, &x2.tensor, NULL, NULL, NULL, NULL), VECDOT_SUCCESS);
    assert_int_equal(vecdot_result(&x1.tensor, &x2.tensor, NULL, &type, NULL, NULL), VECDOT_SUCCESS);
    assert_int_equal(type.code, kDLInt);
    assert_int_equal(type.bits, 16);
    assert_int_equal(type.lanes, 1);
    assert_int_equal(vecdot_result(&x1.tensor, &x2.tensor, NULL, NULL, &ndim, NULL), VECDOT_SUCCESS);
    assert_int_equal(ndim, 1);
    assert_int_equal(vecdot_result(&x1.tensor, &x2.tensor, NULL, NULL, NULL, shape), VECDOT_SUCCESS);
    assert_int_equal(shape[0], 2);
}

static void test_many_dimensions(void **state)
{
    shaped x1, x2;
    int32_t ndim;
    int64_t shape[VECDOT_MAX_NDIM], ones[VECDOT_MAX_NDIM + 2];
    (void)state;
    for (int d = 0; d < VECDOT_MAX_NDIM + 1; d++) ones[d] = 1;
    ones[VECDOT_MAX_NDIM] = END;
    make(&x1, VECDOT_FLOAT64, ones);
    make(&x2, VECDOT_FLOAT64, SHAPE(1));
    vecdot_options options = with_axes(-1, -1, 1);
    assert_int_equal(vecdot_result(&x1.tensor, &x2.tensor, &options, NULL, &ndim, shape), VECDOT_SUCCESS);
    assert_int_equal(ndim, VECDOT_MAX_NDIM);
    ones[VECDOT_MAX_NDIM] = 1;
    ones[VECDOT_MAX_NDIM + 1] = END;
    make(&x1, VECDOT_FLOAT64, ones);
    assert_int_equal(vecdot_result(&x1.tensor, &x2.tensor, NULL, NULL, &ndim, shape), VECDOT_ERROR_NDIM);
    assert_non_null(strstr(vecdot_last_error(), "x1"));
    x2.tensor.ndim = -1;
    make(&x1, VECDOT_FLOAT64, SHAPE(1));
    expect(vecdot_result(&x1.tensor, &x2.tensor, NULL, NULL, &ndim, shape), VECDOT_ERROR_INVALID_ARGUMENT,
           WORDS("x2", "-1"));
}

/* ---- Messages ------------------------------------------------------------------------------------ */

static vecdot_status result_of(DLDataType t1, const int64_t *s1, DLDataType t2, const int64_t *s2,
                               const vecdot_options *options)
{
    shaped x1, x2;
    return vecdot_result(make(&x1, t1, s1), make(&x2, t2, s2), options, NULL, NULL, NULL);
}

static void test_messages(void **state)
{
    const DLDataType f32 = VECDOT_FLOAT32;
    vecdot_options axis1 = with_axes(1, 1, 0), axis0 = with_axes(0, 0, 0), axis2 = with_axes(0, 5, 0);
    (void)state;
    expect(result_of(f32, SCALAR, f32, SHAPE(3), NULL), VECDOT_ERROR_NDIM, WORDS("x1", "()"));
    expect(result_of(f32, SHAPE(3), f32, SCALAR, NULL), VECDOT_ERROR_NDIM, WORDS("x2", "()"));
    expect(result_of(f32, SHAPE(100), f32, SHAPE(100, 20), &axis1), VECDOT_ERROR_AXIS,
           WORDS("x1", "1", "(100,)"));
    expect(result_of(f32, SHAPE(3, 2), f32, SHAPE(3, 4), &axis2), VECDOT_ERROR_AXIS,
           WORDS("x2", "5", "(3, 4)"));
    expect(result_of(f32, SHAPE(2, 3), f32, SHAPE(2, 4), &axis1), VECDOT_ERROR_SIZE_MISMATCH,
           WORDS("x1", "(2, 3)", "x2", "(2, 4)"));
    expect(result_of(f32, SHAPE(3, 2), f32, SHAPE(3, 4), &axis0), VECDOT_ERROR_BROADCAST,
           WORDS("(2,)", "(4,)", "(3, 2)", "(3, 4)"));
    expect(result_of((DLDataType){10, 8, 1}, SHAPE(3), f32, SHAPE(3), NULL), VECDOT_ERROR_DTYPE,
           WORDS("x1", "float8_e4m3fn"));
    expect(result_of(f32, SHAPE(3), (DLDataType){kDLInt, 4, 1}, SHAPE(3), NULL), VECDOT_ERROR_DTYPE,
           WORDS("x2", "int4"));
    expect(result_of(f32, SHAPE(3), (DLDataType){kDLComplex, 32, 1}, SHAPE(3), NULL), VECDOT_ERROR_DTYPE,
           WORDS("x2", "complex32"));
}

static void test_message_is_kept_per_failure(void **state)
{
    char first[256];
    (void)state;
    expect(result_of(VECDOT_FLOAT32, SCALAR, VECDOT_FLOAT32, SHAPE(3), NULL), VECDOT_ERROR_NDIM, WORDS("x1"));
    snprintf(first, sizeof first, "%s", vecdot_last_error());
    assert_int_equal(result_of(VECDOT_FLOAT32, SHAPE(3), VECDOT_FLOAT32, SHAPE(3), NULL), VECDOT_SUCCESS);
    assert_string_equal(vecdot_last_error(), first); /* a success says nothing */
    expect(result_of(VECDOT_FLOAT32, SHAPE(3), VECDOT_FLOAT32, SHAPE(4), NULL), VECDOT_ERROR_SIZE_MISMATCH,
           WORDS("3", "4"));
    assert_string_not_equal(vecdot_last_error(), first);
}

/* ---- Dtypes and casts ---------------------------------------------------------------------------- */

static void test_result_dtypes(void **state)
{
    static const struct {
        DLDataType x1, x2, dtype, result;
    } cases[] = {
        {{kDLInt, 8, 1}, {kDLUInt, 8, 1}, {0, 0, 0}, {kDLInt, 16, 1}},
        {{kDLInt, 64, 1}, {kDLUInt, 64, 1}, {0, 0, 0}, {kDLFloat, 64, 1}},
        {{kDLFloat, 16, 1}, {kDLBfloat, 16, 1}, {0, 0, 0}, {kDLFloat, 32, 1}},
        {{kDLInt, 32, 1}, {kDLFloat, 32, 1}, {0, 0, 0}, {kDLFloat, 64, 1}},
        {{kDLFloat, 64, 1}, {kDLComplex, 64, 1}, {0, 0, 0}, {kDLComplex, 128, 1}},
        {{VECDOT_DLBOOL, 8, 1}, {VECDOT_DLBOOL, 8, 1}, {0, 0, 0}, {VECDOT_DLBOOL, 8, 1}},
        {{VECDOT_DLBOOL, 8, 1}, {VECDOT_DLBOOL, 8, 1}, {kDLInt, 64, 1}, {kDLInt, 64, 1}},
        {{kDLFloat, 64, 1}, {kDLFloat, 32, 1}, {kDLFloat, 16, 1}, {kDLFloat, 16, 1}},
        {{kDLUInt, 64, 1}, {kDLUInt, 8, 1}, {kDLInt, 8, 1}, {kDLInt, 8, 1}},
        {{kDLInt, 64, 1}, {kDLFloat, 32, 1}, {kDLBfloat, 16, 1}, {kDLBfloat, 16, 1}},
        {{kDLFloat, 64, 1}, {kDLFloat, 64, 1}, {kDLComplex, 64, 1}, {kDLComplex, 64, 1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        shaped x1, x2;
        DLDataType type = {0, 0, 0};
        vecdot_options options = VECDOT_OPTIONS_INIT;
        options.dtype = cases[i].dtype;
        assert_int_equal(vecdot_result(make(&x1, cases[i].x1, SHAPE(3)), make(&x2, cases[i].x2, SHAPE(3)),
                                       &options, &type, NULL, NULL),
                         VECDOT_SUCCESS);
        assert_int_equal(type.code, cases[i].result.code);
        assert_int_equal(type.bits, cases[i].result.bits);
        assert_int_equal(type.lanes, 1);
    }
}

static void test_casts_refused(void **state)
{
    vecdot_options options = VECDOT_OPTIONS_INIT;
    (void)state;
    options.dtype = VECDOT_INT32;
    expect(result_of(VECDOT_FLOAT64, SHAPE(3), VECDOT_FLOAT64, SHAPE(3), &options), VECDOT_ERROR_CAST,
           WORDS("x1", "float64", "int32", "same_kind"));
    expect(result_of(VECDOT_INT8, SHAPE(3), VECDOT_FLOAT64, SHAPE(3), &options), VECDOT_ERROR_CAST,
           WORDS("x2", "float64", "int32"));
    options.dtype = VECDOT_UINT64;
    expect(result_of(VECDOT_INT8, SHAPE(3), VECDOT_UINT8, SHAPE(3), &options), VECDOT_ERROR_CAST,
           WORDS("x1", "int8", "uint64"));
    options.dtype = VECDOT_FLOAT64;
    expect(result_of(VECDOT_COMPLEX128, SHAPE(3), VECDOT_FLOAT64, SHAPE(3), &options), VECDOT_ERROR_CAST,
           WORDS("complex128", "float64"));
    options.dtype = (DLDataType){11, 8, 1};
    expect(result_of(VECDOT_FLOAT64, SHAPE(3), VECDOT_FLOAT64, SHAPE(3), &options), VECDOT_ERROR_DTYPE,
           WORDS("dtype", "float8_e4m3fnuz"));
    /* dtype before cast before ndim */
    options.dtype = VECDOT_INT32;
    expect(result_of((DLDataType){7, 8, 1}, SCALAR, VECDOT_FLOAT64, SCALAR, &options), VECDOT_ERROR_DTYPE,
           WORDS("x1"));
    expect(result_of(VECDOT_FLOAT64, SCALAR, VECDOT_FLOAT64, SCALAR, &options), VECDOT_ERROR_CAST,
           WORDS("x1"));
}

/* ---- Arguments ----------------------------------------------------------------------------------- */

static void test_invalid_arguments(void **state)
{
    shaped x1, x2, out;
    vecdot_options options = VECDOT_OPTIONS_INIT;
    (void)state;
    make(&x1, VECDOT_FLOAT32, SHAPE(2, 3));
    make(&x2, VECDOT_FLOAT32, SHAPE(2, 3));
    make(&out, VECDOT_FLOAT32, SHAPE(2));
    const vecdot_status bad = VECDOT_ERROR_INVALID_ARGUMENT;
    expect(vecdot_result(NULL, &x2.tensor, NULL, NULL, NULL, NULL), bad, WORDS("x1"));
    expect(vecdot_result(&x1.tensor, NULL, NULL, NULL, NULL, NULL), bad, WORDS("x2"));
    expect(vecdot(NULL, &x1.tensor, &x2.tensor, -1, &out.tensor), bad, WORDS("queue"));
    expect(vecdot_with(NULL, &x1.tensor, &x2.tensor, NULL, &out.tensor), bad, WORDS("queue"));
    expect(vecdot_matvec(NULL, &x1.tensor, &x2.tensor, &out.tensor), bad, WORDS("vecdot_matvec: queue"));
    expect(vecdot_vecmat(NULL, &x1.tensor, &x2.tensor, &out.tensor), bad, WORDS("vecdot_vecmat: queue"));
    expect(vecdot_explain(NULL, &x1.tensor, &x2.tensor, NULL, NULL, NULL, 0, NULL), bad, WORDS("queue"));
    options.keepdims = 2;
    expect(vecdot_result(&x1.tensor, &x2.tensor, &options, NULL, NULL, NULL), bad, WORDS("keepdims", "2"));
    options.keepdims = 0;
    options.flags = 0x80000000u;
    expect(vecdot_result(&x1.tensor, &x2.tensor, &options, NULL, NULL, NULL), bad, WORDS("flags"));
}

/* ---- The size of options ------------------------------------------------------------------------- */

/* A copy of `bytes` bytes behind which no byte can be read. Release it by release_edged. */
typedef struct edged {
    char *pages;
    void *at;
} edged;

static edged copy_at_edge(const void *from, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
    char *pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + room, page, PROT_NONE), 0);
    memcpy(pages + room - bytes, from, bytes);
    return (edged){pages, pages + room - bytes};
}

static void release_edged(edged e, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
    assert_int_equal(munmap(e.pages, room + page), 0);
}

/* Options as a program sends them that was built for another release: `bytes` bytes, of which `size` tells.
 */
typedef union other_options {
    vecdot_options ours;
    unsigned char bytes[8192];
} other_options;

/* vecdot_result of shapes (2, 3) with the first `bytes` bytes of the options and nothing readable behind. */
static vecdot_status result_with(const other_options *options, size_t bytes, int32_t *ndim, int64_t *shape)
{
    shaped x1, x2;
    edged e = copy_at_edge(options, bytes);
    vecdot_status status = vecdot_result(make(&x1, VECDOT_FLOAT32, SHAPE(2, 3)),
                                         make(&x2, VECDOT_FLOAT32, SHAPE(2, 3)), e.at, NULL, ndim, shape);
    release_edged(e, bytes);
    return status;
}

static void test_size_of_a_later_release(void **state)
{
    const size_t sizes[] = {sizeof(vecdot_options), sizeof(vecdot_options) + 8, 256, 4096};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        other_options options = {.ours = VECDOT_OPTIONS_INIT};
        int32_t ndim;
        int64_t shape[VECDOT_MAX_NDIM];
        options.ours.size = sizes[i];
        options.ours.axis[0] = options.ours.axis[1] = 0;
        options.ours.keepdims = 1;
        expect(result_with(&options, sizes[i], &ndim, shape), VECDOT_SUCCESS, WORDS(""));
        assert_int_equal(ndim, 2);
        assert_int_equal(shape[0], 1);
        assert_int_equal(shape[1], 3);
    }
}

static void test_size_with_unknown_bytes(void **state)
{
    const size_t at[] = {sizeof(vecdot_options), 100, 255};
    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        other_options options = {.ours = VECDOT_OPTIONS_INIT};
        char known[32], which[32];
        options.ours.size = 256;
        options.bytes[at[i]] = 1;
        snprintf(known, sizeof known, "%zu", sizeof(vecdot_options));
        snprintf(which, sizeof which, "byte %zu", at[i]);
        expect(result_with(&options, 256, NULL, NULL), VECDOT_ERROR_INVALID_ARGUMENT,
               WORDS("options.size", "256", known, which));
    }
}

static void test_size_of_no_release(void **state)
{
    const size_t sizes[] = {0, 1, sizeof(size_t), sizeof(vecdot_options) - 1, 4097, SIZE_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        other_options options = {.ours = VECDOT_OPTIONS_INIT};
        char came[32], least[32];
        options.ours.size = sizes[i];
        snprintf(came, sizeof came, "options.size is %zu", sizes[i]);
        snprintf(least, sizeof least, "%zu", sizeof(vecdot_options));
        /* Of a size that no release had, no byte is read but the size itself. */
        expect(result_with(&options, sizeof(size_t), NULL, NULL), VECDOT_ERROR_INVALID_ARGUMENT,
               WORDS(came, least, "4096"));
    }
}

/* What a struct of this library reads that grew from `first` to three numbers. */
typedef struct grown {
    size_t size;
    int64_t first, second, third;
} grown;

static void test_size_of_an_earlier_release(void **state)
{
    const size_t first_release = offsetof(grown, second);
    (void)state;
    for (size_t size = first_release; size <= sizeof(grown); size += sizeof(int64_t)) {
        const grown given = {size, 1, 2, 3};
        grown known = {sizeof known, -1, -2, -3};
        edged e = copy_at_edge(&given, size);
        expect(options_copy("test", e.at, first_release, &known, sizeof known), VECDOT_SUCCESS, WORDS(""));
        release_edged(e, size);
        assert_int_equal(known.size, sizeof known);
        assert_int_equal(known.first, 1);
        assert_int_equal(known.second, size > offsetof(grown, second) ? 2 : -2);
        assert_int_equal(known.third, size > offsetof(grown, third) ? 3 : -3);
    }
}

/* What is reserved was padding, which holds whatever was there before. */
static void test_reserved(void **state)
{
    other_options options = {.ours = VECDOT_OPTIONS_INIT};
    int32_t ndim;
    int64_t shape[VECDOT_MAX_NDIM];
    (void)state;
    options.ours.axis[0] = options.ours.axis[1] = 0;
    options.ours.reserved = 0xcdcdcdcd;
    expect(result_with(&options, sizeof(vecdot_options), &ndim, shape), VECDOT_SUCCESS, WORDS(""));
    assert_int_equal(ndim, 1);
    assert_int_equal(shape[0], 3);
    options.ours.size = 256;
    expect(result_with(&options, 256, &ndim, shape), VECDOT_SUCCESS, WORDS(""));
}

static void test_invalid_tensors(void **state)
{
    const vecdot_status bad = VECDOT_ERROR_INVALID_ARGUMENT;
    shaped x1, x2;
    (void)state;
    make(&x1, VECDOT_FLOAT32, SHAPE(2, 3));
    make(&x2, VECDOT_FLOAT32, SHAPE(2, 3));
    x1.shape[0] = -2;
    expect(vecdot_result(&x1.tensor, &x2.tensor, NULL, NULL, NULL, NULL), bad, WORDS("x1", "-2"));
    x1.shape[0] = 2;
    x2.tensor.shape = NULL;
    expect(vecdot_result(&x1.tensor, &x2.tensor, NULL, NULL, NULL, NULL), bad, WORDS("x2", "shape"));
    make(&x2, VECDOT_FLOAT32, SHAPE(2, 3));
    x2.tensor.dtype.lanes = 4;
    expect(vecdot_result(&x1.tensor, &x2.tensor, NULL, NULL, NULL, NULL), bad, WORDS("x2", "lanes", "4"));
}

static void test_overflow(void **state)
{
    const int64_t huge = INT64_C(1) << 40;
    (void)state;
    expect(result_of(VECDOT_INT8, SHAPE(huge, 1, 3), VECDOT_INT8, SHAPE(1, huge, 3), NULL),
           VECDOT_ERROR_OVERFLOW, WORDS("result"));
    assert_int_equal(result_of(VECDOT_INT8, SHAPE(huge, 0, 3), VECDOT_INT8, SHAPE(1, 1, 3), NULL),
                     VECDOT_SUCCESS);
}

static void test_null_objects(void **state)
{
    vecdot_device_info info;
    DLManagedTensor *tensor = NULL;
    vecdot_queue *queue = NULL;
    shaped from, to;
    int64_t shape[1] = {1};
    const vecdot_status bad = VECDOT_ERROR_INVALID_ARGUMENT;
    (void)state;
    expect(vecdot_context_create("opencl", NULL), bad, WORDS("context"));
    expect(vecdot_context_info(NULL, &info), bad, WORDS("context"));
    expect(vecdot_queue_create(NULL, &queue), bad, WORDS("context"));
    expect(vecdot_queue_finish(NULL), bad, WORDS("queue"));
    expect(vecdot_empty(NULL, VECDOT_INT8, 1, shape, &tensor), bad, WORDS("context"));
    expect(vecdot_copy(NULL, make(&from, VECDOT_INT8, SHAPE(1)), make(&to, VECDOT_INT8, SHAPE(1))), bad,
           WORDS("queue"));
    expect(vecdot_warmup(NULL, NULL, 0), bad, WORDS("context"));
    expect(vecdot_device_list(NULL, 0, NULL), bad, WORDS("count"));
    assert_null(queue);
    assert_null(tensor);
    vecdot_context_release(NULL);
    vecdot_queue_release(NULL);
}

static void test_status_names(void **state)
{
    (void)state;
    assert_string_equal(vecdot_status_name(VECDOT_SUCCESS), "VECDOT_SUCCESS");
    assert_string_equal(vecdot_status_name(VECDOT_ERROR_AXIS), "VECDOT_ERROR_AXIS");
    assert_string_equal(vecdot_status_name(VECDOT_ERROR_BACKEND), "VECDOT_ERROR_BACKEND");
    assert_string_equal(vecdot_status_name((vecdot_status)(VECDOT_ERROR_BACKEND + 1)), "unknown status");
    for (int s = 1; s <= VECDOT_ERROR_BACKEND; s++) {
        assert_int_equal(strncmp(vecdot_status_name((vecdot_status)s), "VECDOT_ERROR_", 13), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_results_may_be_null),
        cmocka_unit_test(test_many_dimensions),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_message_is_kept_per_failure),
        cmocka_unit_test(test_result_dtypes),
        cmocka_unit_test(test_casts_refused),
        cmocka_unit_test(test_invalid_arguments),
        cmocka_unit_test(test_size_of_a_later_release),
        cmocka_unit_test(test_size_with_unknown_bytes),
        cmocka_unit_test(test_size_of_no_release),
        cmocka_unit_test(test_size_of_an_earlier_release),
        cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_invalid_tensors),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_null_objects),
        cmocka_unit_test(test_status_names),
    };
    return cmocka_run_group_tests_name("semantics", tests, NULL, NULL);
}
