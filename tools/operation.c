/* The results of matvec and vecmat, worked out with vecdot_result. */
#include "operation.h"

#include "dtypes.h"

#include <inttypes.h>

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

/* ---- Errors of matvec and vecmat, of the shapes as the user has them ----------------------------- */

typedef struct shape_text {
    char text[100];
} shape_text;

static shape_text shape_of(int32_t ndim, const int64_t *shape)
{
    shape_text described;
    describe_shape(described.text, sizeof described.text, ndim, shape);
    return described;
}

static bool ndim_failure(int which, const DLTensor *matrix, fault *f)
{
    return fault_set(f, VECDOT_ERROR_NDIM, "x%d must have at least 2 dimensions, got shape %s", which,
                     shape_of(matrix->ndim, matrix->shape).text);
}

static bool size_failure(const DLTensor *x1, int axis1, const DLTensor *x2, int axis2, fault *f)
{
    return fault_set(f, VECDOT_ERROR_SIZE_MISMATCH,
                     "contracted sizes differ: x1 %s axis %d has %" PRId64 ", x2 %s axis %d has %" PRId64,
                     shape_of(x1->ndim, x1->shape).text, axis1, x1->shape[axis1],
                     shape_of(x2->ndim, x2->shape).text, axis2, x2->shape[axis2]);
}

/* The batch dimensions are all but the last one or two. */
static bool broadcast_failure(const DLTensor *x1, int batch1, const DLTensor *x2, int batch2, fault *f)
{
    return fault_set(f, VECDOT_ERROR_BROADCAST, "batch shapes %s and %s do not broadcast (x1 %s, x2 %s)",
                     shape_of(batch1, x1->shape).text, shape_of(batch2, x2->shape).text,
                     shape_of(x1->ndim, x1->shape).text, shape_of(x2->ndim, x2->shape).text);
}

/* vecdot_result saw the matrix without one dimension, so its own message would tell of another array. */
static bool product_failure(operation op, const DLTensor *x1, const DLTensor *x2, vecdot_status status,
                            fault *f)
{
    const bool first = op == MATVEC; /* x1 is the matrix */
    if (status == VECDOT_ERROR_SIZE_MISMATCH)
        return size_failure(x1, x1->ndim - 1, x2, first ? x2->ndim - 1 : x2->ndim - 2, f);
    if (status == VECDOT_ERROR_BROADCAST)
        return broadcast_failure(x1, x1->ndim - (first ? 2 : 1), x2, x2->ndim - (first ? 1 : 2), f);
    return fault_from_library(f, status);
}

/* ---- Results ------------------------------------------------------------------------------------- */

/* The result of matvec or vecmat has the shape of the vecdot of the vectors with one row (or column) of
 * the matrix, and one more dimension: the number of rows (or columns). */
static bool product_result(operation op, const DLTensor *x1, const DLTensor *x2, DLTensor *out, fault *f)
{
    int64_t vectors[VECDOT_MAX_NDIM];
    DLTensor rows;
    const DLTensor *matrix = op == MATVEC ? x1 : x2;
    int32_t free = op == MATVEC ? 2 : 1; /* the matrix's axis that is not contracted, from the end */
    if (matrix->ndim < 2) return ndim_failure(op == MATVEC ? 1 : 2, matrix, f);
    drop_dimension(matrix, free, vectors, &rows);
    vecdot_status status = vecdot_result(op == MATVEC ? &rows : x1, op == MATVEC ? x2 : &rows, NULL,
                                         &out->dtype, &out->ndim, out->shape);
    if (status != VECDOT_SUCCESS) return product_failure(op, x1, x2, status, f);
    if (out->ndim == VECDOT_MAX_NDIM)
        return fault_set(f, VECDOT_ERROR_NDIM, "the result would have %d dimensions, more than %d",
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
