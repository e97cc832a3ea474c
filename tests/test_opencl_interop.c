/* The functions of opencl.h on a program's own OpenCL objects: contexts and queues (in order and out of
 * order), calls between the program's own enqueued writes and reads, tensors anywhere inside a cl_mem, native
 * handles read back, lifetimes, and what is refused. */
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>

#include "support/backends.h"
#include "support/cmocka.h"

#include <vecdot/opencl.h>

enum { ROWS = 6, LENGTH = 3000, OFFSET = 52 };

/* The program's own objects. */
static struct {
    cl_platform_id platform;
    cl_device_id device;
    cl_context context;
    cl_command_queue queue;
} own;

static void create_own(cl_bitfield properties)
{
    cl_int code;
    own.context = clCreateContext(NULL, 1, &own.device, NULL, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    own.queue = clCreateCommandQueue(own.context, own.device, properties, &code);
    assert_int_equal(code, CL_SUCCESS);
}

static void release_own(void)
{
    assert_int_equal(clReleaseCommandQueue(own.queue), CL_SUCCESS);
    assert_int_equal(clReleaseContext(own.context), CL_SUCCESS);
}

static void open_both(vecdot_context **context, vecdot_queue **queue)
{
    if (vecdot_opencl_context_create(own.context, own.device, context) != VECDOT_SUCCESS ||
        vecdot_opencl_queue_create(*context, own.queue, queue) != VECDOT_SUCCESS) {
        fail_msg("%s", vecdot_last_error());
    }
}

static cl_mem buffer(cl_context context, size_t bytes)
{
    cl_int code;
    cl_mem made = clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    return made;
}

/* ---- A product in three buffers, each tensor at an offset ---------------------------------------- */

typedef struct product {
    int32_t x1[ROWS * LENGTH], x2[LENGTH], out[ROWS], expected[ROWS];
    int64_t shape1[2], shape2[1], shape_out[1];
    cl_mem memory[3];
    DLTensor tensor[3];
} product;

static void product_fill(product *p, int seed)
{
    memset(p->expected, 0, sizeof p->expected);
    for (int i = 0; i < LENGTH; i++) p->x2[i] = (i * 11 + seed) % 19 - 9;
    for (int i = 0; i < ROWS * LENGTH; i++) {
        p->x1[i] = (i * 5 + seed * 3) % 23 - 11;
        p->expected[i / LENGTH] += p->x1[i] * p->x2[i % LENGTH];
    }
}

static product *product_create(void)
{
    product *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->shape1[0] = p->shape_out[0] = ROWS;
    p->shape1[1] = p->shape2[0] = LENGTH;
    const size_t bytes[3] = {sizeof p->x1, sizeof p->x2, sizeof p->out};
    int64_t *const shapes[3] = {p->shape1, p->shape2, p->shape_out};
    for (int k = 0; k < 3; k++) {
        p->memory[k] = buffer(own.context, bytes[k] + 2 * OFFSET);
        p->tensor[k] = (DLTensor){.data = p->memory[k],
                                  .device = {kDLOpenCL, 0},
                                  .ndim = k == 0 ? 2 : 1,
                                  .dtype = VECDOT_INT32,
                                  .shape = shapes[k],
                                  .byte_offset = OFFSET};
    }
    return p;
}

static void product_free(product *p)
{
    for (int k = 0; k < 3; k++) assert_int_equal(clReleaseMemObject(p->memory[k]), CL_SUCCESS);
    free(p);
}

/* Enqueued and not waited for, as a program does that keeps its device busy. */
static void enqueue_writes(const product *p)
{
    assert_int_equal(
        clEnqueueWriteBuffer(own.queue, p->memory[0], CL_FALSE, OFFSET, sizeof p->x1, p->x1, 0, NULL, NULL),
        CL_SUCCESS);
    assert_int_equal(
        clEnqueueWriteBuffer(own.queue, p->memory[1], CL_FALSE, OFFSET, sizeof p->x2, p->x2, 0, NULL, NULL),
        CL_SUCCESS);
}

static void compute(vecdot_queue *queue, const product *p)
{
    if (vecdot(queue, &p->tensor[0], &p->tensor[1], -1, &p->tensor[2]) != VECDOT_SUCCESS) {
        fail_msg("%s", vecdot_last_error());
    }
}

static void enqueue_read(product *p)
{
    assert_int_equal(
        clEnqueueReadBuffer(own.queue, p->memory[2], CL_FALSE, OFFSET, sizeof p->out, p->out, 0, NULL, NULL),
        CL_SUCCESS);
}

static void between_own_commands(cl_bitfield properties)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    create_own(properties);
    open_both(&context, &queue);
    product *p = product_create();
    for (int round = 0; round < 20; round++) {
        product_fill(p, round);
        memset(p->out, 0x77, sizeof p->out);
        enqueue_writes(p);
        compute(queue, p);
        if (properties != 0)
            assert_int_equal(clEnqueueBarrierWithWaitList(own.queue, 0, NULL, NULL), CL_SUCCESS);
        enqueue_read(p);
        assert_int_equal(clFinish(own.queue), CL_SUCCESS);
        assert_memory_equal(p->out, p->expected, sizeof p->out);
    }
    product_free(p);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    release_own();
}

static void test_in_order_queue(void **state)
{
    (void)state;
    between_own_commands(0);
}

static void test_out_of_order_queue(void **state)
{
    cl_command_queue_properties can = 0;
    (void)state;
    assert_int_equal(clGetDeviceInfo(own.device, CL_DEVICE_QUEUE_PROPERTIES, sizeof can, &can, NULL),
                     CL_SUCCESS);
    if ((can & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) == 0) skip();
    between_own_commands(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
}

/* Bytes around the output, inside its own cl_mem, stay as they are. */
static void test_output_keeps_to_its_place(void **state)
{
    unsigned char around[ROWS * 4 + 2 * OFFSET];
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    (void)state;
    create_own(0);
    open_both(&context, &queue);
    product *p = product_create();
    product_fill(p, 3);
    memset(around, 0xC3, sizeof around);
    enqueue_writes(p);
    assert_int_equal(
        clEnqueueWriteBuffer(own.queue, p->memory[2], CL_TRUE, 0, sizeof around, around, 0, NULL, NULL),
        CL_SUCCESS);
    compute(queue, p);
    assert_int_equal(
        clEnqueueReadBuffer(own.queue, p->memory[2], CL_TRUE, 0, sizeof around, around, 0, NULL, NULL),
        CL_SUCCESS);
    assert_memory_equal(around + OFFSET, p->expected, sizeof p->expected);
    for (size_t i = 0; i < sizeof around; i++) {
        if (i < OFFSET || i >= OFFSET + sizeof p->expected) assert_int_equal(around[i], 0xC3);
    }
    product_free(p);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    release_own();
}

/* A tensor in a sub-buffer, its rows walked backwards. */
static void test_sub_buffer_and_negative_stride(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    cl_uint align_bits = 0;
    cl_int code;
    int32_t out[ROWS];
    (void)state;
    create_own(0);
    open_both(&context, &queue);
    product *p = product_create();
    product_fill(p, 5);
    enqueue_writes(p);
    assert_int_equal(
        clGetDeviceInfo(own.device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof align_bits, &align_bits, NULL),
        CL_SUCCESS);
    cl_mem whole = buffer(own.context, align_bits / 8 + sizeof out);
    cl_buffer_region region = {align_bits / 8, sizeof out};
    cl_mem part = clCreateSubBuffer(whole, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    assert_int_equal(code, CL_SUCCESS);
    int64_t backwards[1] = {-1};
    p->tensor[2].data = part;
    p->tensor[2].strides = backwards;
    p->tensor[2].byte_offset = sizeof out - sizeof out[0];
    compute(queue, p);
    assert_int_equal(
        clEnqueueReadBuffer(own.queue, whole, CL_TRUE, align_bits / 8, sizeof out, out, 0, NULL, NULL),
        CL_SUCCESS);
    for (int i = 0; i < ROWS; i++) assert_int_equal(out[i], p->expected[ROWS - 1 - i]);
    assert_int_equal(clReleaseMemObject(part), CL_SUCCESS);
    assert_int_equal(clReleaseMemObject(whole), CL_SUCCESS);
    product_free(p);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    release_own();
}

/* ---- Sub-buffers that share bytes ---------------------------------------------------------------- */

enum { GRANULES = 8 };

/* One buffer of GRANULES places at which a sub-buffer may begin, and what it holds. */
typedef struct shared_buffer {
    size_t granule; /* bytes */
    cl_mem whole;
    int32_t *content;
} shared_buffer;

static shared_buffer shared_create(void)
{
    shared_buffer b = {0};
    cl_uint align_bits = 0;
    assert_int_equal(
        clGetDeviceInfo(own.device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof align_bits, &align_bits, NULL),
        CL_SUCCESS);
    b.granule = align_bits / 8;
    b.whole = buffer(own.context, GRANULES * b.granule);
    b.content = malloc(GRANULES * b.granule);
    assert_non_null(b.content);
    return b;
}

static void shared_free(shared_buffer *b)
{
    assert_int_equal(clReleaseMemObject(b->whole), CL_SUCCESS);
    free(b->content);
}

/* The part from granule `first` on, `count` of them; the whole buffer itself for all of them. */
static cl_mem part_of(const shared_buffer *b, int first, int count)
{
    cl_int code = CL_SUCCESS;
    cl_buffer_region region = {(size_t)first * b->granule, (size_t)count * b->granule};
    if (count == GRANULES) {
        assert_int_equal(clRetainMemObject(b->whole), CL_SUCCESS);
        return b->whole;
    }
    cl_mem part =
        clCreateSubBuffer(b->whole, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
    assert_int_equal(code, CL_SUCCESS);
    return part;
}

/* The parts in which x1, x2 (both granule / 2 rows of 4) and out (a number for each row) lie. */
typedef struct placing {
    int first[3], count[3]; /* in granules                      */
    int offset;             /* of out in its part, in elements */
} placing;

static void check_placing(vecdot_queue *queue, const placing *where)
{
    shared_buffer b = shared_create();
    const int granule = (int)(b.granule / sizeof(int32_t)), total = GRANULES * granule;
    cl_mem memory[3];
    DLTensor tensor[3];
    int64_t shape[2] = {granule / 2, 4};
    for (int i = 0; i < total; i++) b.content[i] = i * 7 % 23 - 11;
    assert_int_equal(
        clEnqueueWriteBuffer(own.queue, b.whole, CL_TRUE, 0, GRANULES * b.granule, b.content, 0, NULL, NULL),
        CL_SUCCESS);
    for (int k = 0; k < 3; k++) {
        memory[k] = part_of(&b, where->first[k], where->count[k]);
        tensor[k] = (DLTensor){.data = memory[k],
                               .device = {kDLOpenCL, 0},
                               .ndim = k < 2 ? 2 : 1,
                               .dtype = VECDOT_INT32,
                               .shape = shape};
    }
    tensor[2].byte_offset = (uint64_t)where->offset * sizeof(int32_t);
    int32_t *expected = malloc(GRANULES * b.granule), *got = malloc(GRANULES * b.granule);
    assert_true(expected != NULL && got != NULL);
    memcpy(expected, b.content, GRANULES * b.granule);
    for (int i = 0; i < granule / 2; i++) {
        int32_t sum = 0;
        for (int k = 0; k < 4; k++)
            sum += b.content[where->first[0] * granule + 4 * i + k] *
                   b.content[where->first[1] * granule + 4 * i + k];
        expected[where->first[2] * granule + where->offset + i] = sum;
    }
    if (vecdot(queue, &tensor[0], &tensor[1], -1, &tensor[2]) != VECDOT_SUCCESS)
        fail_msg("%s", vecdot_last_error());
    assert_int_equal(
        clEnqueueReadBuffer(own.queue, b.whole, CL_TRUE, 0, GRANULES * b.granule, got, 0, NULL, NULL),
        CL_SUCCESS);
    assert_memory_equal(got, expected, GRANULES * b.granule);
    for (int k = 0; k < 3; k++) assert_int_equal(clReleaseMemObject(memory[k]), CL_SUCCESS);
    free(expected);
    free(got);
    shared_free(&b);
}

/* out over an input in another handle: as if the inputs had been copied first, and nothing else is written.
 */
static void test_sub_buffers_that_overlap(void **state)
{
    static const placing places[] = {
        {{0, 2, 4}, {2, 2, 1}, 0},        /* apart                               */
        {{0, 2, 0}, {2, 2, 1}, 0},        /* the start of x1                     */
        {{0, 2, 1}, {2, 2, 1}, 0},        /* the second half of x1               */
        {{0, 2, 1}, {2, 2, 2}, 3},        /* x1, from within the part            */
        {{0, 2, 3}, {2, 2, 4}, 0},        /* x2                                  */
        {{0, 1, 1}, {3, 3, 1}, 5},        /* both, which overlap each other      */
        {{2, 4, 0}, {2, 2, GRANULES}, 1}, /* the whole buffer, apart             */
        {{0, 2, 0}, {2, 2, GRANULES}, 1}, /* x1, by way of the whole buffer      */
        {{0, 2, 1}, {GRANULES, 2, 2}, 0}, /* x1 in the whole buffer, out in part */
    };
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    (void)state;
    create_own(0);
    open_both(&context, &queue);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        context->policy.schedule = SCHEDULE_CPU;
        check_placing(queue, &places[i]);
        context->policy.schedule = SCHEDULE_GPU;
        check_placing(queue, &places[i]);
    }
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    release_own();
}

/* ---- Handles and lifetimes ----------------------------------------------------------------------- */

static cl_uint context_count(cl_context context)
{
    cl_uint count = 0;
    assert_int_equal(clGetContextInfo(context, CL_CONTEXT_REFERENCE_COUNT, sizeof count, &count, NULL),
                     CL_SUCCESS);
    return count;
}

static cl_uint queue_count(cl_command_queue queue)
{
    cl_uint count = 0;
    assert_int_equal(clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof count, &count, NULL),
                     CL_SUCCESS);
    return count;
}

static void test_native_handles_and_counts(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    cl_context native_context = NULL;
    cl_device_id native_device = NULL;
    cl_command_queue native_queue = NULL;
    (void)state;
    create_own(0);
    cl_uint contexts = context_count(own.context), queues = queue_count(own.queue);
    open_both(&context, &queue);
    assert_int_equal(context_count(own.context), contexts + 1);
    assert_int_equal(queue_count(own.queue), queues + 1);
    assert_int_equal(vecdot_opencl_context_native(context, &native_context, &native_device), VECDOT_SUCCESS);
    assert_ptr_equal(native_context, own.context);
    assert_ptr_equal(native_device, own.device);
    assert_int_equal(vecdot_opencl_context_native(context, NULL, NULL), VECDOT_SUCCESS);
    assert_int_equal(vecdot_opencl_queue_native(queue, &native_queue), VECDOT_SUCCESS);
    assert_ptr_equal(native_queue, own.queue);
    vecdot_context_release(context); /* the queue keeps it */
    assert_int_equal(context_count(own.context), contexts + 1);
    vecdot_queue_release(queue);
    assert_int_equal(context_count(own.context), contexts);
    assert_int_equal(queue_count(own.queue), queues);
    release_own();
}

/* Our own context and queue, whose handles the program then uses. */
static void test_handles_of_our_own_objects(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    cl_context native_context = NULL;
    cl_command_queue native_queue = NULL;
    int64_t shape[1] = {4};
    int32_t sent[4] = {1, -2, 3, -4}, back[4] = {0};
    DLManagedTensor *made = NULL;
    (void)state;
    assert_int_equal(vecdot_context_create("opencl", &context), VECDOT_SUCCESS);
    assert_int_equal(vecdot_queue_create(context, &queue), VECDOT_SUCCESS);
    assert_int_equal(vecdot_opencl_context_native(context, &native_context, NULL), VECDOT_SUCCESS);
    assert_int_equal(vecdot_opencl_queue_native(queue, &native_queue), VECDOT_SUCCESS);
    assert_int_equal(vecdot_empty(context, VECDOT_INT32, 1, shape, &made), VECDOT_SUCCESS);
    cl_mem memory = made->dl_tensor.data, copy = buffer(native_context, sizeof sent);
    assert_int_equal(
        clEnqueueWriteBuffer(native_queue, memory, CL_FALSE, 0, sizeof sent, sent, 0, NULL, NULL),
        CL_SUCCESS);
    DLTensor to = made->dl_tensor;
    to.data = copy;
    assert_int_equal(vecdot_copy(queue, &made->dl_tensor, &to), VECDOT_SUCCESS);
    assert_int_equal(clEnqueueReadBuffer(native_queue, copy, CL_TRUE, 0, sizeof back, back, 0, NULL, NULL),
                     CL_SUCCESS);
    assert_memory_equal(sent, back, sizeof sent);
    assert_int_equal(clReleaseMemObject(copy), CL_SUCCESS);
    made->deleter(made);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
}

/* The program lets go of its objects first. */
static void test_ours_outlive_the_program_s(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    int32_t sent[3] = {5, 6, 7}, back[3] = {0};
    int64_t shape[1] = {3};
    DLManagedTensor *made = NULL;
    DLTensor host = {.data = sent, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_INT32, .shape = shape};
    (void)state;
    create_own(0);
    open_both(&context, &queue);
    release_own();
    assert_int_equal(vecdot_empty(context, VECDOT_INT32, 1, shape, &made), VECDOT_SUCCESS);
    assert_int_equal(vecdot_copy(queue, &host, &made->dl_tensor), VECDOT_SUCCESS);
    host.data = back;
    assert_int_equal(vecdot_copy(queue, &made->dl_tensor, &host), VECDOT_SUCCESS);
    assert_memory_equal(sent, back, sizeof sent);
    made->deleter(made);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
}

/* ---- What is refused ----------------------------------------------------------------------------- */

static void test_null_arguments(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    (void)state;
    create_own(0);
    open_both(&context, &queue);
    assert_int_equal(vecdot_opencl_context_create(NULL, own.device, &context), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_opencl_context_create(own.context, NULL, &context),
                     VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_opencl_context_create(own.context, own.device, NULL),
                     VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_opencl_queue_create(NULL, own.queue, &queue), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_opencl_queue_create(context, NULL, &queue), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_opencl_queue_create(context, own.queue, NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_opencl_context_native(NULL, NULL, NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vecdot_opencl_queue_native(NULL, NULL), VECDOT_ERROR_INVALID_ARGUMENT);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    release_own();
}

/* As for every context, though the program brings the device. */
static void test_setting_that_is_wrong(void **state)
{
    vecdot_context *context = NULL;
    (void)state;
    assert_int_equal(setenv("VECDOT_REPRODUCIBLE", "yes", 1), 0);
    assert_int_equal(vecdot_opencl_context_create(own.context, own.device, &context),
                     VECDOT_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(vecdot_last_error(), "VECDOT_REPRODUCIBLE is \"yes\", expected 0 or 1"));
    assert_null(context);
    assert_int_equal(unsetenv("VECDOT_REPRODUCIBLE"), 0);
}

static void test_queue_of_another_context(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL, *none = NULL;
    cl_int code;
    (void)state;
    create_own(0);
    open_both(&context, &queue);
    cl_context other = clCreateContext(NULL, 1, &own.device, NULL, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    cl_command_queue foreign = clCreateCommandQueue(other, own.device, 0, &code);
    assert_int_equal(code, CL_SUCCESS);
    assert_int_equal(vecdot_opencl_queue_create(context, foreign, &none), VECDOT_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(vecdot_last_error(), "cl_context"));
    assert_null(none);
    assert_int_equal(queue_count(foreign), 1);
    assert_int_equal(clReleaseCommandQueue(foreign), CL_SUCCESS);
    assert_int_equal(clReleaseContext(other), CL_SUCCESS);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    release_own();
}

static void test_memory_that_cannot_be_used(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    cl_int code;
    (void)state;
    create_own(0);
    open_both(&context, &queue);
    product *p = product_create();
    cl_context other = clCreateContext(NULL, 1, &own.device, NULL, NULL, &code);
    assert_int_equal(code, CL_SUCCESS);
    cl_mem foreign = buffer(other, sizeof p->x2 + 2 * OFFSET);
    DLTensor bad = p->tensor[1];
    bad.data = foreign;
    assert_int_equal(vecdot(queue, &p->tensor[0], &bad, -1, &p->tensor[2]), VECDOT_ERROR_DEVICE_MISMATCH);
    assert_non_null(strstr(vecdot_last_error(), "cl_context"));
    bad.data = NULL;
    assert_int_equal(vecdot(queue, &p->tensor[0], &bad, -1, &p->tensor[2]), VECDOT_ERROR_INVALID_ARGUMENT);
    bad = p->tensor[1];
    bad.byte_offset = 2 * OFFSET + 4; /* the last element lies past the end */
    assert_int_equal(vecdot(queue, &p->tensor[0], &bad, -1, &p->tensor[2]), VECDOT_ERROR_INVALID_ARGUMENT);
    bad = p->tensor[1];
    bad.device.device_type = kDLMetal;
    assert_int_equal(vecdot(queue, &p->tensor[0], &bad, -1, &p->tensor[2]), VECDOT_ERROR_DEVICE_MISMATCH);
    assert_int_equal(clReleaseMemObject(foreign), CL_SUCCESS);
    assert_int_equal(clReleaseContext(other), CL_SUCCESS);
    product_free(p);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    release_own();
}

/* The first of the device's parts; NULL when it has none. */
static cl_device_id sub_device(void)
{
    const cl_device_partition_property equally[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
    cl_uint parts = 0;
    if (clCreateSubDevices(own.device, equally, 0, NULL, &parts) != CL_SUCCESS || parts == 0) return NULL;
    cl_device_id *all = calloc(parts, sizeof(cl_device_id));
    assert_non_null(all);
    assert_int_equal(clCreateSubDevices(own.device, equally, parts, all, NULL), CL_SUCCESS);
    cl_device_id first = all[0];
    for (cl_uint i = 1; i < parts; i++) assert_int_equal(clReleaseDevice(all[i]), CL_SUCCESS);
    free(all);
    return first;
}

/* A sub-device with the context of the whole: taken exactly when the driver takes it. */
static void test_device_outside_the_context(void **state)
{
    vecdot_context *context = NULL;
    cl_int code;
    cl_device_id part = sub_device();
    (void)state;
    if (part == NULL) skip();
    create_own(0);
    cl_command_queue queue = clCreateCommandQueue(own.context, part, 0, &code);
    if (code == CL_SUCCESS) assert_int_equal(clReleaseCommandQueue(queue), CL_SUCCESS);
    assert_int_equal(vecdot_opencl_context_create(own.context, part, &context),
                     code == CL_SUCCESS ? VECDOT_SUCCESS : VECDOT_ERROR_INVALID_ARGUMENT);
    vecdot_context_release(context);
    release_own();
    assert_int_equal(clReleaseDevice(part), CL_SUCCESS);
}

/* A sub-device is in no list of devices, and works. */
static void test_sub_device(void **state)
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    vecdot_device_info info;
    cl_device_id whole = own.device, part = sub_device();
    (void)state;
    if (part == NULL) skip();
    own.device = part;
    create_own(0);
    open_both(&context, &queue);
    assert_int_equal(vecdot_context_info(context, &info), VECDOT_SUCCESS);
    assert_int_equal(info.index, -1);
    product *p = product_create();
    product_fill(p, 1);
    enqueue_writes(p);
    compute(queue, p);
    enqueue_read(p);
    assert_int_equal(clFinish(own.queue), CL_SUCCESS);
    assert_memory_equal(p->out, p->expected, sizeof p->out);
    product_free(p);
    vecdot_queue_release(queue);
    vecdot_context_release(context);
    release_own();
    own.device = whole;
    assert_int_equal(clReleaseDevice(part), CL_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_queue),
        cmocka_unit_test(test_out_of_order_queue),
        cmocka_unit_test(test_output_keeps_to_its_place),
        cmocka_unit_test(test_sub_buffer_and_negative_stride),
        cmocka_unit_test(test_sub_buffers_that_overlap),
        cmocka_unit_test(test_native_handles_and_counts),
        cmocka_unit_test(test_handles_of_our_own_objects),
        cmocka_unit_test(test_ours_outlive_the_program_s),
        cmocka_unit_test(test_null_arguments),
        cmocka_unit_test(test_setting_that_is_wrong),
        cmocka_unit_test(test_queue_of_another_context),
        cmocka_unit_test(test_memory_that_cannot_be_used),
        cmocka_unit_test(test_device_outside_the_context),
        cmocka_unit_test(test_sub_device),
    };
    const char *named = getenv("VECDOT_TEST_BACKENDS");
    int required = named != NULL && strstr(named, "opencl") != NULL;
    if (clGetPlatformIDs(1, &own.platform, NULL) != CL_SUCCESS ||
        clGetDeviceIDs(own.platform, CL_DEVICE_TYPE_ALL, 1, &own.device, NULL) != CL_SUCCESS) {
        fprintf(stderr, "no OpenCL device\n");
        return required ? EXIT_FAILURE : EXIT_SKIPPED;
    }
    return cmocka_run_group_tests_name("OpenCL interop", tests, NULL, NULL);
}
