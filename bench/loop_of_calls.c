/* Calls vecdot on the arrays of a Python program, many times in a row, so that nothing of Python counts in
 * the time of a call. Compiled and loaded by everyday_sides.py. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>
#include <vecdot/vecdot.h>

/* A strided array in host memory; strides in elements. */
typedef struct array {
    void *data;
    int64_t code, bits, ndim, shape[4], strides[4];
} array;

static vecdot_context *context;
static vecdot_queue *queue;

static DLDataType dtype_of(int64_t code, int64_t bits)
{
    return (DLDataType){.code = (uint8_t)code, .bits = (uint8_t)bits, .lanes = 1};
}

static DLTensor tensor_of(array *a)
{
    return (DLTensor){.data = a->data,
                      .device = {kDLCPU, 0},
                      .ndim = (int32_t)a->ndim,
                      .dtype = dtype_of(a->code, a->bits),
                      .shape = a->shape,
                      .strides = a->strides};
}

/* NULL, or what went wrong. */
const char *calls_open(const char *selector)
{
    vecdot_status status = vecdot_context_create(selector, &context);
    if (status == VECDOT_SUCCESS) status = vecdot_queue_create(context, &queue);
    return status == VECDOT_SUCCESS ? NULL : vecdot_last_error();
}

void calls_close(void)
{
    vecdot_queue_release(queue);
    vecdot_context_release(context);
}

/* operands: x1, x2 and out. `convert`: the sums are computed in out's dtype (dtype=). Adds the seconds of all
 * calls to *seconds. NULL, or what went wrong. */
const char *calls_time(array operands[3], const int64_t axes[2], int64_t convert, int64_t calls,
                       double *seconds)
{
    DLTensor x1 = tensor_of(&operands[0]), x2 = tensor_of(&operands[1]), out = tensor_of(&operands[2]);
    vecdot_options options = VECDOT_OPTIONS_INIT;
    struct timespec begin, end;
    vecdot_status status = VECDOT_SUCCESS;
    options.axis[0] = (int32_t)axes[0];
    options.axis[1] = (int32_t)axes[1];
    if (convert) options.dtype = out.dtype;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int64_t i = 0; i < calls && status == VECDOT_SUCCESS; i++)
        status = vecdot_with(queue, &x1, &x2, &options, &out);
    clock_gettime(CLOCK_MONOTONIC, &end);
    *seconds += (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
    return status == VECDOT_SUCCESS ? NULL : vecdot_last_error();
}
