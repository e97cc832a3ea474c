/* vecdot_empty: allocates device memory as a tensor. */
#include "core/base/dtype.h"
#include "core/run/context.h"

#include <inttypes.h>
#include <stdlib.h>

/* A tensor with the memory it owns, its shape and its strides, in one allocation. */
typedef struct owned {
    DLManagedTensor managed;
    vecdot_context *context;
    int64_t shape_and_strides[];
} owned;

static void owned_delete(DLManagedTensor *managed)
{
    UNCANCELLED;
    owned *o = managed->manager_ctx;
    vecdot_context *context = o->context;
    if (managed->dl_tensor.data != NULL && !context_is_lost(context)) {
        context->dev.driver->memory_release(context->native, managed->dl_tensor.data);
    }
    free(o);
    vecdot_context_release(context);
}

/* Writes the bytes of a contiguous array; 0 when it has no elements. */
static vecdot_status array_bytes(dtype type, int32_t ndim, const int64_t *shape, int64_t *bytes)
{
    int64_t total = dtype_size(type);
    int empty = 0, overflow = 0;
    for (int32_t i = 0; i < ndim; i++) {
        if (shape[i] < 0) {
            return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_empty: shape[%d] is %" PRId64, (int)i,
                        shape[i]);
        }
        empty |= shape[i] == 0;
        overflow |= __builtin_mul_overflow(total, shape[i] > 0 ? shape[i] : 1, &total);
    }
    if (overflow)
        return fail(VECDOT_ERROR_OVERFLOW,
                    "vecdot_empty: the number of the array's bytes does not fit int64");
    *bytes = empty ? 0 : total;
    return VECDOT_SUCCESS;
}

static vecdot_status empty_check(const vecdot_context *context, DLDataType type, int32_t ndim,
                                 const int64_t *shape, DLManagedTensor *const *tensor)
{
    if (context == NULL || tensor == NULL || (shape == NULL && ndim > 0)) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_empty: %s is NULL",
                    context == NULL  ? "context"
                    : tensor == NULL ? "tensor"
                                     : "shape");
    }
    if (type.lanes != 1) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_empty: dtype.lanes is %u, expected 1",
                    (unsigned)type.lanes);
    }
    if (dtype_from_dlpack(type) == DTYPE_COUNT) {
        char name[48];
        dtype_describe(type, name, sizeof name);
        return fail(VECDOT_ERROR_DTYPE, "vecdot_empty: unsupported dtype %s", name);
    }
    if (ndim < 0 || ndim > VECDOT_MAX_NDIM) {
        return fail(VECDOT_ERROR_NDIM, "vecdot_empty: ndim is %d, expected 0 to %d", (int)ndim,
                    VECDOT_MAX_NDIM);
    }
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_empty(vecdot_context *context, DLDataType type, int32_t ndim, const int64_t *shape,
                           DLManagedTensor **tensor)
{
    UNCANCELLED;
    int64_t bytes = 0;
    TRY(empty_check(context, type, ndim, shape, tensor));
    TRY(array_bytes(dtype_from_dlpack(type), ndim, shape, &bytes));
    TRY(context_check(context));
    owned *o = calloc(1, sizeof *o + 2 * (size_t)ndim * sizeof(int64_t));
    if (o == NULL) return fail(VECDOT_ERROR_OUT_OF_MEMORY, "vecdot_empty: no host memory for a tensor");

    DLTensor *t = &o->managed.dl_tensor;
    if (bytes > 0) {
        vecdot_status status = context->dev.driver->memory_create(context->native, (size_t)bytes, &t->data);
        if (status != VECDOT_SUCCESS) {
            free(o);
            return status;
        }
    }
    t->device.device_type = context->dev.driver->tensor_device;
    t->device.device_id = context->dev.info.index;
    t->dtype = type;
    t->ndim = ndim;
    t->shape = o->shape_and_strides;
    t->strides = o->shape_and_strides + ndim;
    int64_t stride = 1;
    for (int32_t i = ndim; i-- > 0;) {
        t->shape[i] = shape[i];
        t->strides[i] = stride;
        stride *= bytes > 0 ? shape[i] : 1; /* the product of an empty array's sizes can overflow */
    }
    o->managed.manager_ctx = o;
    o->managed.deleter = owned_delete;
    o->context = context;
    context_retain(context);
    *tensor = &o->managed;
    return VECDOT_SUCCESS;
}
