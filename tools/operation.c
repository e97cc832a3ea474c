/* The results of matvec and vecmat, worked out with vecdot_result. */
#include "operation.h"

#include "dtypes.h"

const char *const operation_names[3] = {"vecdot", "matvec", "vecmat"};

/* Describes the matrix without one dimension, counted from the end. */
static void drop_dimension(const DLTensor *x, int32_t from_end, int64_t *shape, DLTensor *dropped)
{
    *dropped = *x;
    dropped->shape = shape;
    dropped->strides = NULL;
    dropped->ndim = x->ndim - 1;
    for (int32_t i = 0, k = 0; i < x->ndim; i++)
        if (i != x->ndim - from_end) shape[k++] = x->shape[i];
}

/* The result of matvec or vecmat has the shape of the vecdot of the vectors with one row (or column) of
 * the matrix, and one more dimension: the number of rows (or columns). */
static bool product_result(operation op, const DLTensor *x1, const DLTensor *x2, DLTensor *out, fault *f)
{
    int64_t vectors[VECDOT_MAX_NDIM];
    DLTensor rows;
    const DLTensor *matrix = op == MATVEC ? x1 : x2;
    int32_t free = op == MATVEC ? 2 : 1; /* the matrix's axis that is not contracted, from the end */
    if (matrix->ndim < 2) {
        char shape[64];
        describe_shape(shape, sizeof shape, matrix->ndim, matrix->shape);
        return fault_set(f, VECDOT_ERROR_NDIM,
                         "vecdot: the matrix x%d must have 2 or more dimensions, got %s",
                         op == MATVEC ? 1 : 2, shape);
    }
    drop_dimension(matrix, free, vectors, &rows);
    vecdot_status status = vecdot_result(op == MATVEC ? &rows : x1, op == MATVEC ? x2 : &rows, NULL,
                                         &out->dtype, &out->ndim, out->shape);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    if (out->ndim == VECDOT_MAX_NDIM)
        return fault_set(f, VECDOT_ERROR_NDIM, "vecdot: the result would have %d dimensions, more than %d",
                         out->ndim + 1, VECDOT_MAX_NDIM);
    out->shape[out->ndim++] = matrix->shape[matrix->ndim - free];
    return true;
}

bool operation_result(operation op, const DLTensor *x1, const DLTensor *x2, const vecdot_options *o,
                      DLTensor *out, fault *f)
{
    out->device.device_type = kDLCPU;
    if (op != VECDOT) return product_result(op, x1, x2, out, f);
    vecdot_status status = vecdot_result(x1, x2, o, &out->dtype, &out->ndim, out->shape);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

vecdot_status operation_call(operation op, vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                             const vecdot_options *o, const DLTensor *out)
{
    switch (op) {
    case MATVEC: return vecdot_matvec(queue, x1, x2, out);
    case VECMAT: return vecdot_vecmat(queue, x1, x2, out);
    default: return vecdot_with(queue, x1, x2, o, out);
    }
}
