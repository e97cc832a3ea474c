/* vecdot_empty and vecdot_copy: what a tensor says of itself, copies between any two places with any strides,
 * that no byte between a destination's elements is written, and what is refused. */
#include "core/run/context.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/random.h"

#include <inttypes.h>

static target *on; /* the device under test */

/* ---- vecdot_empty -------------------------------------------------------------------------------- */

static void test_empty_describes_itself(void **state)
{
    const int64_t shape[3] = {2, 3, 5};
    DLManagedTensor *made = NULL;
    (void)state;
    assert_int_equal(vecdot_empty(on->context, VECDOT_COMPLEX128, 3, shape, &made), VECDOT_SUCCESS);
    const DLTensor *t = &made->dl_tensor;
    assert_non_null(t->data);
    assert_int_equal(t->device.device_type, on->context->dev.driver->tensor_device);
    assert_int_equal(t->ndim, 3);
    assert_memory_equal(t->shape, shape, sizeof shape);
    assert_ptr_not_equal(t->shape, shape);
    assert_int_equal(t->strides[0], 15);
    assert_int_equal(t->strides[1], 5);
    assert_int_equal(t->strides[2], 1);
    assert_int_equal(t->byte_offset, 0);
    assert_int_equal(t->dtype.code, kDLComplex);
    assert_int_equal(t->dtype.bits, 128);
    made->deleter(made);
    on->cases++;
}

static void test_empty_without_elements_or_dimensions(void **state)
{
    const int64_t none[3] = {4, 0, INT64_MAX};
    DLManagedTensor *made = NULL;
    (void)state;
    assert_int_equal(vecdot_empty(on->context, VECDOT_FLOAT32, 3, none, &made), VECDOT_ERROR_OVERFLOW);
    assert_int_equal(vecdot_empty(on->context, VECDOT_FLOAT32, 2, none, &made), VECDOT_SUCCESS);
    assert_int_equal(made->dl_tensor.shape[1], 0);
    made->deleter(made);
    assert_int_equal(vecdot_empty(on->context, VECDOT_BOOL, 0, NULL, &made), VECDOT_SUCCESS);
    assert_non_null(made->dl_tensor.data);
    made->deleter(made);
}

static void test_empty_refuses(void **state)
{
    const int64_t one[1] = {1}, negative[1] = {-1}, huge[2] = {INT64_C(1) << 40, INT64_C(1) << 40};
    const int64_t large[1] = {INT64_C(1) << 58};
    int64_t many[VECDOT_MAX_NDIM + 1];
    DLManagedTensor *made = NULL;
    (void)state;
    for (int i = 0; i <= VECDOT_MAX_NDIM; i++) many[i] = 1;
    assert_int_equal(vecdot_empty(NULL, VECDOT_INT8, 1, one, &made), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT8, 1, one, NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT8, 1, NULL, &made), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT8, 1, negative, &made),
                     VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_empty(on->context, (DLDataType){kDLInt, 4, 1}, 1, one, &made),
                     VECDOT_ERROR_DTYPE);
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT8, -1, one, &made), VECDOT_ERROR_NDIM);
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT8, VECDOT_MAX_NDIM + 1, many, &made),
                     VECDOT_ERROR_NDIM);
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT8, 2, huge, &made), VECDOT_ERROR_OVERFLOW);
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT8, 1, large, &made), VECDOT_ERROR_OUT_OF_MEMORY);
    assert_null(made);
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT8, VECDOT_MAX_NDIM, many, &made), VECDOT_SUCCESS);
    made->deleter(made);
}

static void test_tensor_and_queue_outlive_the_context(void **state)
{
    vecdot_context *context;
    vecdot_queue *queue;
    DLManagedTensor *made;
    int64_t shape[1] = {3};
    int32_t sent[3] = {7, -8, 9}, back[3] = {0};
    DLTensor host = {.data = sent, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_INT32, .shape = shape};
    (void)state;
    assert_int_equal(vecdot_context_create(on->selector, &context), VECDOT_SUCCESS);
    assert_int_equal(vecdot_queue_create(context, &queue), VECDOT_SUCCESS);
    assert_int_equal(vecdot_empty(context, VECDOT_INT32, 1, shape, &made), VECDOT_SUCCESS);
    vecdot_context_release(context);
    assert_int_equal(vecdot_copy(queue, &host, &made->dl_tensor), VECDOT_SUCCESS);
    host.data = back;
    assert_int_equal(vecdot_copy(queue, &made->dl_tensor, &host), VECDOT_SUCCESS);
    assert_memory_equal(sent, back, sizeof sent);
    vecdot_queue_release(queue);
    made->deleter(made);
    on->cases++;
}

/* ---- Random copies ------------------------------------------------------------------------------- */

enum { MAX_NDIM = 5, GUARD = 64 };

/* An array inside a buffer with room on all sides; `bytes` is the buffer as it should be. */
typedef struct array {
    int on_device;
    DLTensor tensor;
    int64_t shape[MAX_NDIM], strides[MAX_NDIM];
    unsigned char *bytes;
    size_t size;
    void *memory; /* on the device or on the host: what the tensor's data is */
} array;

/* Strides that nest in a random order, with gaps, either sign, and repeats where they are allowed. */
static void random_strides(random_source *r, array *a, int may_repeat, int64_t *low, int64_t *high)
{
    int order[MAX_NDIM];
    int64_t step = 1 + random_below(r, 2);
    *low = *high = 0;
    for (int i = 0; i < a->tensor.ndim; i++) order[i] = i;
    for (int i = a->tensor.ndim - 1; i > 0 && random_chance(r, 40); i--) {
        int j = (int)random_below(r, i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    for (int i = a->tensor.ndim; i-- > 0;) {
        int dim = order[i];
        int64_t sign = random_chance(r, 25) ? -1 : 1;
        if (may_repeat && random_chance(r, 10)) sign = 0;
        a->strides[dim] = sign * step;
        *(sign < 0 ? low : high) += a->strides[dim] * (a->shape[dim] - 1);
        if (random_chance(r, 70)) {
            step *= a->shape[dim];
        } else {
            step = step * a->shape[dim] + random_below(r, 4);
        }
        if (a->shape[dim] == 1) a->strides[dim] = INT64_MIN; /* to be ignored */
    }
}

static array array_make(random_source *r, int ndim, const int64_t *shape, DLDataType type, int on_device,
                        int may_repeat)
{
    array a = {.on_device = on_device};
    int64_t low = 0, high = 0, item = type.bits / 8;
    memcpy(a.shape, shape, (size_t)ndim * sizeof *shape);
    a.tensor.ndim = ndim;
    random_strides(r, &a, may_repeat, &low, &high);
    int64_t first = GUARD + random_below(r, 9);
    a.size = (size_t)((high - low + 1) * item + first + GUARD);
    a.bytes = malloc(a.size);
    assert_non_null(a.bytes);
    for (size_t i = 0; i < a.size; i++) a.bytes[i] = (unsigned char)random_bits(r);
    a.tensor.dtype = type;
    a.tensor.byte_offset = (uint64_t)(first - low * item);
    return a;
}

/* Puts the buffer where it belongs, by the driver's own calls. The tensor then points into *a. */
static void array_place(array *a)
{
    const backend *driver = on->context->dev.driver;
    a->tensor.shape = a->shape;
    a->tensor.strides = a->strides;
    a->tensor.device.device_type = a->on_device ? driver->tensor_device : kDLCPU;
    if (a->on_device) {
        assert_int_equal(driver->memory_create(on->context->native, a->size, &a->memory), VECDOT_SUCCESS);
        assert_int_equal(driver->memory_write(on->queue->native, a->memory, 0, a->bytes, a->size),
                         VECDOT_SUCCESS);
    } else {
        a->memory = malloc(a->size);
        assert_non_null(a->memory);
        memcpy(a->memory, a->bytes, a->size);
    }
    a->tensor.data = a->memory;
}

/* Compares the whole buffer with what it should be, and frees all. */
static void array_check_and_free(array *a)
{
    const backend *driver = on->context->dev.driver;
    unsigned char *now = malloc(a->size);
    assert_non_null(now);
    if (a->on_device) {
        assert_int_equal(driver->memory_read(on->queue->native, a->memory, 0, now, a->size), VECDOT_SUCCESS);
        driver->memory_release(on->context->native, a->memory);
    } else {
        memcpy(now, a->memory, a->size);
        free(a->memory);
    }
    assert_memory_equal(now, a->bytes, a->size);
    free(now);
    free(a->bytes);
}

/* The copy as it should be, element by element. */
static void model_copy(const array *from, array *to)
{
    int64_t index[MAX_NDIM] = {0}, item = to->tensor.dtype.bits / 8;
    for (;;) {
        int64_t a = 0, b = 0;
        for (int i = 0; i < to->tensor.ndim; i++) {
            if (to->shape[i] == 1) continue;
            a += index[i] * from->strides[i];
            b += index[i] * to->strides[i];
        }
        memcpy(to->bytes + (int64_t)to->tensor.byte_offset + b * item,
               from->bytes + (int64_t)from->tensor.byte_offset + a * item, (size_t)item);
        int i = to->tensor.ndim - 1;
        while (i >= 0 && ++index[i] == to->shape[i]) index[i--] = 0;
        if (i < 0) return;
    }
}

static void test_random_copies(void **state)
{
    const DLDataType types[] = {VECDOT_UINT8, VECDOT_BFLOAT16, VECDOT_FLOAT32, VECDOT_INT64,
                                VECDOT_COMPLEX128};
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        random_source r = random_start(1, seed);
        int ndim = (int)random_below(&r, MAX_NDIM + 1);
        int64_t shape[MAX_NDIM];
        for (int i = 0; i < ndim; i++) shape[i] = 1 + random_below(&r, 5);
        DLDataType type = types[random_below(&r, 5)];
        array from = array_make(&r, ndim, shape, type, seed & 1, 1);
        array to = array_make(&r, ndim, shape, type, seed >> 1 & 1, 0);
        array_place(&from);
        array_place(&to);
        vecdot_status status = vecdot_copy(on->queue, &from.tensor, &to.tensor);
        if (status != VECDOT_SUCCESS) print_error("seed %" PRIu64 ": %s\n", seed, vecdot_last_error());
        assert_int_equal(status, VECDOT_SUCCESS);
        model_copy(&from, &to);
        array_check_and_free(&from);
        array_check_and_free(&to);
        on->cases++;
    }
}

/* Long runs with gaps: the reads that go run by run. */
static void test_long_rows_with_gaps(void **state)
{
    enum { ROWS = 3, ROW = 80000, PITCH = 80064 };
    int64_t shape[2] = {ROWS, ROW}, strides[2] = {PITCH, 1}, whole[1] = {(int64_t)ROWS * PITCH};
    unsigned char *sent = malloc(ROWS * PITCH), *back = malloc(ROWS * PITCH);
    DLManagedTensor *made;
    (void)state;
    assert_non_null(sent);
    assert_non_null(back);
    for (int i = 0; i < ROWS * PITCH; i++) sent[i] = (unsigned char)(i * 31 + i / 251);
    memset(back, 0xEE, ROWS * PITCH);
    DLTensor host = {.data = sent, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_UINT8, .shape = whole};
    assert_int_equal(vecdot_empty(on->context, VECDOT_UINT8, 1, whole, &made), VECDOT_SUCCESS);
    assert_int_equal(vecdot_copy(on->queue, &host, &made->dl_tensor), VECDOT_SUCCESS);
    DLTensor rows = made->dl_tensor, target_rows = host;
    rows.ndim = target_rows.ndim = 2;
    rows.shape = target_rows.shape = shape;
    rows.strides = target_rows.strides = strides;
    target_rows.data = back;
    assert_int_equal(vecdot_copy(on->queue, &rows, &target_rows), VECDOT_SUCCESS);
    for (int i = 0; i < ROWS * PITCH; i++) {
        int in_row = i % PITCH < ROW;
        if (back[i] != (in_row ? sent[i] : 0xEE)) fail_msg("byte %d is %d", i, back[i]);
    }
    made->deleter(made);
    free(sent);
    free(back);
    on->cases++;
}

static void test_no_elements_copies_nothing(void **state)
{
    int64_t shape[2] = {0, 3};
    DLTensor none = {.device = {kDLCPU, 0}, .ndim = 2, .dtype = VECDOT_INT16, .shape = shape};
    (void)state;
    assert_int_equal(vecdot_copy(on->queue, &none, &none), VECDOT_SUCCESS);
    none.device.device_type = kDLMetal;
    assert_int_equal(vecdot_copy(on->queue, &none, &none), VECDOT_ERROR_DEVICE_MISMATCH);
}

/* The message names the tensor's device, and those that the queue takes once each. */
static void test_memory_of_another_device(void **state)
{
    float value[2] = {1, 2};
    int64_t shape[1] = {2};
    const DLTensor here = {
        .data = value, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_FLOAT32, .shape = shape};
    DLTensor there = here, out = here;
    (void)state;
    there.device.device_type = kDLMetal;
    out.ndim = 0;
    for (int copies = 0; copies < 2; copies++) {
        vecdot_status status =
            copies ? vecdot_copy(on->queue, &there, &here) : vecdot(on->queue, &here, &there, -1, &out);
        const char *said = vecdot_last_error(), *host = strstr(said, "(kDLCPU, 1)");
        assert_int_equal(status, VECDOT_ERROR_DEVICE_MISMATCH);
        assert_non_null(strstr(said, copies ? "vecdot_copy: from is" : "vecdot: x2 is"));
        assert_non_null(strstr(said, "kDLMetal (8)"));
        assert_non_null(host);
        assert_int_equal(strstr(host, "its own (kDL") != NULL, strcmp(on->info.backend, "cpu") != 0);
    }
}

/* ---- Overlap ------------------------------------------------------------------------------------- */

/* Two views, in elements, of one buffer of 64 int32. */
typedef struct overlap_case {
    int64_t from_start, from_stride, to_start, to_stride, count;
    vecdot_status expected;
} overlap_case;

static const overlap_case overlap_cases[] = {
    {0, 1, 0, 1, 16, VECDOT_ERROR_OVERLAP},    /* the same elements                  */
    {0, 1, 16, 1, 16, VECDOT_SUCCESS},         /* side by side                       */
    {0, 1, 15, 1, 16, VECDOT_ERROR_OVERLAP},   /* one in common                      */
    {0, 2, 1, 2, 16, VECDOT_SUCCESS},          /* two columns: no element in common  */
    {0, 2, 2, 2, 16, VECDOT_ERROR_OVERLAP},    /* the same column, shifted           */
    {31, -1, 16, 1, 16, VECDOT_ERROR_OVERLAP}, /* turned round in place              */
    {0, 1, 20, 0, 2, VECDOT_ERROR_OVERLAP},    /* the destination meets itself       */
    {5, 0, 8, 1, 16, VECDOT_SUCCESS},          /* one element, repeated elsewhere    */
    {5, 0, 0, 1, 16, VECDOT_ERROR_OVERLAP},    /* one element, repeated over itself  */
    {0, 3, 1, 2, 8, VECDOT_ERROR_OVERLAP},     /* meet at 3, 9, 15                   */
    {0, 4, 2, 8, 8, VECDOT_SUCCESS},           /* never meet                         */
};

static void check_overlap_case(const overlap_case *c, DLTensor base)
{
    int64_t shape[1] = {c->count}, from_stride[1] = {c->from_stride}, to_stride[1] = {c->to_stride};
    int32_t now[64], before[64];
    int64_t whole[1] = {64};
    for (int32_t i = 0; i < 64; i++) before[i] = 100 + i;
    DLTensor host = {.data = before, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_INT32, .shape = whole};
    assert_int_equal(vecdot_copy(on->queue, &host, &base), VECDOT_SUCCESS);
    DLTensor from = base, to = base;
    from.shape = to.shape = shape;
    from.strides = from_stride;
    to.strides = to_stride;
    from.byte_offset = (uint64_t)c->from_start * 4;
    to.byte_offset = (uint64_t)c->to_start * 4;
    assert_int_equal(vecdot_copy(on->queue, &from, &to), c->expected);
    if (c->expected == VECDOT_SUCCESS) {
        for (int64_t i = 0; i < c->count; i++) {
            before[c->to_start + i * c->to_stride] = 100 + (int32_t)(c->from_start + i * c->from_stride);
        }
    }
    host.data = now;
    assert_int_equal(vecdot_copy(on->queue, &base, &host), VECDOT_SUCCESS);
    assert_memory_equal(now, before, sizeof now);
    on->cases++;
}

static void test_overlap(void **state)
{
    int32_t memory[64];
    int64_t whole[1] = {64};
    DLManagedTensor *made;
    (void)state;
    DLTensor host = {.data = memory, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_INT32, .shape = whole};
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT32, 1, whole, &made), VECDOT_SUCCESS);
    for (size_t i = 0; i < sizeof overlap_cases / sizeof overlap_cases[0]; i++) {
        check_overlap_case(&overlap_cases[i], host);
        check_overlap_case(&overlap_cases[i], made->dl_tensor);
    }
    made->deleter(made);
}

/* A destination whose dimensions interleave without meeting, and one where they do meet. */
static void test_interleaved_destination(void **state)
{
    int32_t source[6] = {1, 2, 3, 4, 5, 6}, memory[16] = {0};
    int64_t shape[2] = {2, 3}, apart[2] = {3, 2}, meeting[2] = {2, 1};
    DLTensor from = {.data = source, .device = {kDLCPU, 0}, .ndim = 2, .dtype = VECDOT_INT32, .shape = shape};
    DLTensor to = from;
    (void)state;
    to.data = memory;
    to.strides = apart; /* 0 2 4 and 3 5 7 */
    assert_int_equal(vecdot_copy(on->queue, &from, &to), VECDOT_SUCCESS);
    const int32_t expected[8] = {1, 0, 2, 4, 3, 5, 0, 6};
    assert_memory_equal(memory, expected, sizeof expected);
    to.strides = meeting; /* 0 1 2 and 2 3 4 */
    assert_int_equal(vecdot_copy(on->queue, &from, &to), VECDOT_ERROR_OVERLAP);
    assert_memory_equal(memory, expected, sizeof expected);
}

/* ---- What is refused ----------------------------------------------------------------------------- */

static void test_copy_refuses(void **state)
{
    int32_t memory[8] = {0};
    int64_t shape[1] = {4}, other[1] = {5}, negative[1] = {-4}, far[1] = {INT64_MAX / 2};
    DLTensor good = {.data = memory, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_INT32, .shape = shape};
    DLTensor to = good, bad;
    (void)state;
    to.byte_offset = 16;
    assert_int_equal(vecdot_copy(NULL, &good, &to), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_copy(on->queue, NULL, &to), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_copy(on->queue, &good, NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    bad = good, bad.data = NULL;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_INVALID_ARGUMENT);
    bad = good, bad.shape = NULL;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_INVALID_ARGUMENT);
    bad = good, bad.shape = negative;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_INVALID_ARGUMENT);
    bad = good, bad.ndim = VECDOT_MAX_NDIM + 1;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_INVALID_ARGUMENT);
    bad = good, bad.dtype.bits = 4;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_DTYPE);
    bad = good, bad.dtype = VECDOT_FLOAT32;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_OUT_SHAPE);
    bad = good, bad.shape = other;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_OUT_SHAPE);
    assert_non_null(strstr(vecdot_last_error(), "(5,)"));
    bad = good, bad.strides = far;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_OVERFLOW);
    bad = good, bad.device.device_type = kDLVulkan;
    assert_int_equal(vecdot_copy(on->queue, &bad, &to), VECDOT_ERROR_DEVICE_MISMATCH);
    assert_int_equal(vecdot_copy(on->queue, &good, &to), VECDOT_SUCCESS);
}

/* Of memory that is the host's nobody knows where it ends. */
static void test_device_memory_is_not_left(void **state)
{
    int32_t memory[4];
    int64_t shape[1] = {4}, backwards[1] = {-1}, apart[1] = {2};
    DLManagedTensor *made;
    (void)state;
    if (on->context->dev.driver->tensor_device == kDLCPU) skip();
    DLTensor host = {.data = memory, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_INT32, .shape = shape};
    assert_int_equal(vecdot_empty(on->context, VECDOT_INT32, 1, shape, &made), VECDOT_SUCCESS);
    DLTensor past = made->dl_tensor, before = past, gap = past;
    past.byte_offset = 4;
    before.strides = backwards;
    before.byte_offset = 8;
    gap.strides = apart;
    assert_int_equal(vecdot_copy(on->queue, &past, &host), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_copy(on->queue, &before, &host), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_copy(on->queue, &host, &gap), VECDOT_ERROR_INVALID_ARGUMENT);
    before.byte_offset = 12;
    assert_int_equal(vecdot_copy(on->queue, &host, &before), VECDOT_SUCCESS);
    made->deleter(made);
}

static int run(target *t)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_describes_itself),
        cmocka_unit_test(test_empty_without_elements_or_dimensions),
        cmocka_unit_test(test_empty_refuses),
        cmocka_unit_test(test_tensor_and_queue_outlive_the_context),
        cmocka_unit_test(test_random_copies),
        cmocka_unit_test(test_long_rows_with_gaps),
        cmocka_unit_test(test_no_elements_copies_nothing),
        cmocka_unit_test(test_memory_of_another_device),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_interleaved_destination),
        cmocka_unit_test(test_copy_refuses),
        cmocka_unit_test(test_device_memory_is_not_left),
    };
    on = t;
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}

int main(void)
{
    return targets_run(run);
}
