/* NumPy's rules for vecdot, matvec and vecmat: dtypes, axes, broadcasting, out. The order of the checks is
 * part of the public interface, since it decides which error is reported. */
#include "core/problem/semantics.h"

#include "core/base/integer.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/problem/layout.h"
#include "core/problem/options.h"

#include <limits.h>
#include <string.h>

/* An operand, its contracted axis and, in matvec and vecmat, the matrix's axis that is not contracted. */
typedef struct operand {
    const DLTensor *tensor;
    int has_elements;
    int axis;                        /* the contracted axis; for out the kept one, or -1 */
    int free_axis;                   /* the matrix's other axis, or -1 */
    int batch;                       /* the number of axes that are neither */
    int axes[VECDOT_MAX_NDIM];       /* these, outermost first */
    int64_t stride[VECDOT_MAX_NDIM]; /* of each axis, in elements; 0 where it means nothing */
} operand;

/* A shape for messages. */
typedef struct shape_text {
    char text[160];
} shape_text;

static shape_text shape_of(const DLTensor *t)
{
    shape_text shape;
    text s = {shape.text, sizeof shape.text, 0};
    text_add_shape(&s, t->ndim, t->shape);
    return shape;
}

/* ---- The arguments by themselves ---- */

static vecdot_status check_tensor(const char *op, const char *name, const DLTensor *t, operand *x)
{
    if (!t) return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s is NULL; expected a DLTensor", op, name);
    if (t->ndim < 0 || (t->ndim > 0 && !t->shape))
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "%s: %s has ndim %d and %s shape; expected ndim >= 0 with a shape", op, name,
                    (int)t->ndim, t->shape ? "a" : "no");
    if (t->dtype.lanes != 1)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s has dtype.lanes %u; expected 1", op, name,
                    (unsigned)t->dtype.lanes);
    x->tensor = t;
    x->has_elements = 1;
    for (int d = 0; d < t->ndim; d++) {
        if (t->shape[d] < 0)
            return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s has size %lld in dimension %d; expected >= 0",
                        op, name, (long long)t->shape[d], d);
        x->has_elements &= t->shape[d] != 0;
    }
    return VECDOT_SUCCESS;
}

static vecdot_status check_data(const char *op, const char *name, const operand *x)
{
    if (!x->tensor->data && x->has_elements)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s has elements but data is NULL", op, name);
    return VECDOT_SUCCESS;
}

/* ---- Dtypes ---- */

static vecdot_status read_dtype(const char *op, const char *name, DLDataType type, dtype *t)
{
    *t = dtype_from_dlpack(type);
    if (*t != DTYPE_COUNT) return VECDOT_SUCCESS;
    char came[64];
    dtype_describe(type, came, sizeof came);
    return fail(VECDOT_ERROR_DTYPE,
                "%s: unsupported dtype %s for %s; expected bool, an 8 to 64-bit integer, float16, "
                "bfloat16, float32, float64, complex64 or complex128",
                op, came, name);
}

static vecdot_status check_dtypes(const char *op, const DLTensor *const tensors[ARRAYS],
                                  const vecdot_options *o, problem *p)
{
    const DLDataType none = {0, 0, 0};
    for (int a = 0; a < ARRAYS; a++)
        if (tensors[a]) TRY(read_dtype(op, array_name(a), tensors[a]->dtype, &p->type[a]));
    if (memcmp(&o->dtype, &none, sizeof none) == 0) {
        p->result = dtype_promote(p->type[X1], p->type[X2]);
    } else {
        TRY(read_dtype(op, "options.dtype", o->dtype, &p->result));
        for (int a = X1; a <= X2; a++)
            if (!dtype_casts_same_kind(p->type[a], p->result))
                return fail(VECDOT_ERROR_CAST, "%s: cannot cast %s %s to dtype=%s (same_kind)", op,
                            array_name(a), dtype_full_name(p->type[a]), dtype_full_name(p->result));
    }
    if (!tensors[OUT]) p->type[OUT] = p->result;
    if (!dtype_casts_same_kind(p->result, p->type[OUT]))
        return fail(VECDOT_ERROR_CAST, "%s: cannot cast result %s to out %s (same_kind)", op,
                    dtype_full_name(p->result), dtype_full_name(p->type[OUT]));
    return VECDOT_SUCCESS;
}

/* ---- Dimensions and axes ---- */

static vecdot_status check_ndim(const char *op, const char *name, const DLTensor *t, int least)
{
    if (t->ndim < least)
        return fail(VECDOT_ERROR_NDIM, "%s: %s must have at least %d dimension%s, got shape %s", op, name,
                    least, least == 1 ? "" : "s", shape_of(t).text);
    if (t->ndim > VECDOT_MAX_NDIM)
        return fail(VECDOT_ERROR_NDIM, "%s: %s has %d dimensions; at most %d are supported", op, name,
                    (int)t->ndim, VECDOT_MAX_NDIM);
    return VECDOT_SUCCESS;
}

static vecdot_status normalise_axis(const char *op, const char *name, const DLTensor *t, int32_t axis,
                                    int *normal)
{
    if (axis < -t->ndim || axis >= t->ndim)
        return fail(VECDOT_ERROR_AXIS, "%s: axis %d out of range for %s with shape %s; need %d <= axis < %d",
                    op, (int)axis, name, shape_of(t).text, (int)-t->ndim, (int)t->ndim);
    *normal = axis < 0 ? axis + t->ndim : axis;
    return VECDOT_SUCCESS;
}

/* Finds each operand's contracted axis and free axis. out's kept axis is normalised against out, as in
 * NumPy. */
static vecdot_status check_axes(operation op, const DLTensor *const tensors[ARRAYS], const vecdot_options *o,
                                operand operands[ARRAYS])
{
    const char *name = operation_name(op);
    const int least[ARRAYS] = {op == OPERATION_MATVEC ? 2 : 1, op == OPERATION_VECMAT ? 2 : 1,
                               op == OPERATION_VECDOT ? (o->keepdims ? 1 : 0) : 1};
    for (int a = 0; a < ARRAYS; a++) {
        operands[a].axis = operands[a].free_axis = -1;
        if (tensors[a]) TRY(check_ndim(name, array_name(a), tensors[a], least[a]));
    }
    if (op == OPERATION_MATVEC) {
        operands[X1].axis = tensors[X1]->ndim - 1;
        operands[X1].free_axis = tensors[X1]->ndim - 2;
        operands[X2].axis = tensors[X2]->ndim - 1;
    } else if (op == OPERATION_VECMAT) {
        operands[X1].axis = tensors[X1]->ndim - 1;
        operands[X2].axis = tensors[X2]->ndim - 2;
        operands[X2].free_axis = tensors[X2]->ndim - 1;
    } else {
        for (int a = X1; a <= X2; a++)
            TRY(normalise_axis(name, array_name(a), tensors[a], o->axis[a], &operands[a].axis));
        if (tensors[OUT] && o->keepdims)
            TRY(normalise_axis(name, "out", tensors[OUT], o->axis[0], &operands[OUT].axis));
        return VECDOT_SUCCESS;
    }
    if (tensors[OUT]) operands[OUT].free_axis = tensors[OUT]->ndim - 1;
    return VECDOT_SUCCESS;
}

static vecdot_status check_contracted(const char *op, const operand operands[ARRAYS], problem *p)
{
    const DLTensor *x1 = operands[X1].tensor, *x2 = operands[X2].tensor;
    int64_t n1 = x1->shape[operands[X1].axis], n2 = x2->shape[operands[X2].axis];
    if (n1 != n2)
        return fail(VECDOT_ERROR_SIZE_MISMATCH,
                    "%s: contracted sizes differ: x1 %s axis %d has %lld, x2 %s axis %d has %lld (no "
                    "broadcasting here)",
                    op, shape_of(x1).text, operands[X1].axis, (long long)n1, shape_of(x2).text,
                    operands[X2].axis, (long long)n2);
    p->n = n1;
    return VECDOT_SUCCESS;
}

/* ---- Batch dimensions ---- */

static void list_batch_axes(operand *x)
{
    x->batch = 0;
    for (int d = 0; d < x->tensor->ndim; d++)
        if (d != x->axis && d != x->free_axis) x->axes[x->batch++] = d;
}

/* The size of the k-th batch axis from the end, k >= 1. */
static int64_t batch_size(const operand *x, int k)
{
    return x->tensor->shape[x->axes[x->batch - k]];
}

static vecdot_status broadcast_failure(const char *op, const operand operands[ARRAYS])
{
    char batch[2][160];
    for (int a = X1; a <= X2; a++) {
        const operand *x = &operands[a];
        int64_t sizes[VECDOT_MAX_NDIM];
        for (int k = 1; k <= x->batch; k++) sizes[x->batch - k] = batch_size(x, k);
        text t = {batch[a], sizeof batch[a], 0};
        text_add_shape(&t, x->batch, sizes);
    }
    return fail(VECDOT_ERROR_BROADCAST,
                "%s: batch shapes %s and %s do not broadcast (x1 %s with axis %d, x2 %s with axis %d)", op,
                batch[X1], batch[X2], shape_of(operands[X1].tensor).text, operands[X1].axis,
                shape_of(operands[X2].tensor).text, operands[X2].axis);
}

/* Aligns an operand's batch dimensions with the end of the result's, and sets result sizes of 1 to the
 * operand's. Returns 0 when the sizes do not broadcast. */
static int join_batch(const operand *x, int rank, int64_t shape[VECDOT_MAX_NDIM])
{
    for (int k = 1; k <= x->batch; k++) {
        int64_t size = batch_size(x, k);
        if (shape[rank - k] == 1)
            shape[rank - k] = size;
        else if (size != 1 && size != shape[rank - k])
            return 0;
    }
    return 1;
}

static void set_steps(const operand *x, int array, problem *p)
{
    int last = p->rank;
    if (p->op != OPERATION_VECDOT) { /* the last dimension is the matrix's free axis */
        last--;
        p->step[array][last] = x->free_axis >= 0 ? x->stride[x->free_axis] : 0;
    }
    for (int k = 1; k <= last; k++)
        p->step[array][last - k] = k <= x->batch ? x->stride[x->axes[x->batch - k]] : 0;
}

static vecdot_status check_broadcast(const char *op, operand operands[ARRAYS], problem *p)
{
    for (int a = X1; a <= X2; a++) list_batch_axes(&operands[a]);
    p->rank = operands[X1].batch > operands[X2].batch ? operands[X1].batch : operands[X2].batch;
    for (int d = 0; d < p->rank; d++) p->shape[d] = 1;
    if (!join_batch(&operands[X1], p->rank, p->shape) || !join_batch(&operands[X2], p->rank, p->shape))
        return broadcast_failure(op, operands);
    for (int a = X1; a <= X2; a++)
        if (operands[a].free_axis >= 0)
            p->shape[p->rank++] = operands[a].tensor->shape[operands[a].free_axis];
    return VECDOT_SUCCESS;
}

/* An operand's size along dimension d of the result; 1 where it is broadcast. */
static int64_t size_along(const operand *x, const problem *p, int d)
{
    int last = p->op == OPERATION_VECDOT ? p->rank : p->rank - 1;
    if (d == last) return x->free_axis >= 0 ? x->tensor->shape[x->free_axis] : 1;
    return last - d <= x->batch ? batch_size(x, last - d) : 1;
}

/* Whether the problem is of class matrix, whose sums have an order of their own: x1 alone has at least
 * MATRIX_LEAST positions along some dimensions, and x2 alone along others. Only the shapes decide, so that
 * neither the layout (a stride of 0, for instance) nor the device nor the pieces of a job change the bits. */
enum { MATRIX_LEAST = 8 };

static int is_matrix(const operand operands[ARRAYS], const problem *p)
{
    int64_t rows = 1, columns = 1;
    for (int d = 0; d < p->rank; d++) {
        int64_t size1 = size_along(&operands[X1], p, d), size2 = size_along(&operands[X2], p, d);
        if (size2 == 1 && rows < MATRIX_LEAST) rows *= size1;
        if (size1 == 1 && columns < MATRIX_LEAST) columns *= size2;
    }
    return rows >= MATRIX_LEAST && columns >= MATRIX_LEAST;
}

/* ---- out ---- */

static void result_shape(const problem *p, const vecdot_options *o, int32_t *ndim, int64_t *shape)
{
    int kept = -1, rank = p->rank;
    if (o->keepdims && p->op == OPERATION_VECDOT) {
        rank++;
        kept = o->axis[0] < 0 ? o->axis[0] + rank : o->axis[0];
    }
    *ndim = rank;
    for (int d = 0, from = 0; d < rank; d++) shape[d] = d == kept ? 1 : p->shape[from++];
}

static vecdot_status out_failure(const char *op, const DLTensor *out, const problem *p,
                                 const vecdot_options *o)
{
    int32_t ndim;
    int64_t shape[VECDOT_MAX_NDIM + 1];
    char expected[160];
    result_shape(p, o, &ndim, shape);
    text t = {expected, sizeof expected, 0};
    text_add_shape(&t, ndim, shape);
    return fail(VECDOT_ERROR_OUT_SHAPE, "%s: out shape %s does not match result shape %s", op,
                shape_of(out).text, expected);
}

/* out must have the result's shape or one that the result broadcasts to. It may lack leading dimensions of
 * size 1. From here on out's shape is the shape to compute. */
static vecdot_status check_out(const char *op, operand *out, const vecdot_options *o, problem *p)
{
    int64_t shape[VECDOT_MAX_NDIM];
    list_batch_axes(out);
    const int has_free = out->free_axis >= 0, count = out->batch + has_free;
    if (out->axis >= 0 && out->tensor->shape[out->axis] != 1) return out_failure(op, out->tensor, p, o);
    for (int d = 0; d < p->rank - count; d++)
        if (p->shape[d] != 1) return out_failure(op, out->tensor, p, o);
    for (int k = 1; k <= count; k++) {
        int core = k == 1 && has_free; /* the matrix's free axis never broadcasts */
        int64_t size = core ? out->tensor->shape[out->free_axis] : batch_size(out, k - has_free);
        int64_t result = k <= p->rank ? p->shape[p->rank - k] : 1;
        if (size != result && (result != 1 || core)) return out_failure(op, out->tensor, p, o);
        shape[count - k] = size;
    }
    p->rank = count;
    for (int d = 0; d < count; d++) p->shape[d] = shape[d];
    return VECDOT_SUCCESS;
}

/* ---- Sizes ---- */

/* Fills the strides on the way. */
static vecdot_status check_sizes(const char *op, const char *name, operand *x)
{
    const DLTensor *t = x->tensor;
    const int64_t itemsize = (t->dtype.bits + 7) / 8;
    int64_t count = 1, span = itemsize, reach;
    for (int d = t->ndim - 1; d >= 0; d--) {
        const int64_t size = t->shape[d], dense = count;
        x->stride[d] = 0;
        if (!x->has_elements || size == 1) continue; /* the given stride means nothing */
        int64_t stride = x->stride[d] = t->strides ? t->strides[d] : dense;
        if (__builtin_mul_overflow(count, size, &count) || stride == INT64_MIN ||
            __builtin_mul_overflow(magnitude(stride), size - 1, &reach) ||
            __builtin_mul_overflow(reach, itemsize, &reach) || __builtin_add_overflow(span, reach, &span))
            return fail(VECDOT_ERROR_OVERFLOW, "%s: %s with shape %s spans more than 2^63 - 1 bytes", op,
                        name, shape_of(t).text);
    }
    return VECDOT_SUCCESS;
}

static vecdot_status check_result_size(const char *op, const problem *p, int dense)
{
    int64_t count = dense ? dtype_size(p->type[OUT]) : 1;
    for (int d = 0; d < p->rank; d++) /* problem_outputs would wrap */
        if (p->shape[d] == 0) return VECDOT_SUCCESS;
    for (int d = 0; d < p->rank; d++)
        if (__builtin_mul_overflow(count, p->shape[d], &count))
            return fail(VECDOT_ERROR_OVERFLOW, "%s: the result would have more than 2^63 - 1 %s", op,
                        dense ? "bytes" : "elements");
    return VECDOT_SUCCESS;
}

vecdot_status semantics_check(operation op, const DLTensor *x1, const DLTensor *x2,
                              const vecdot_options *options, const DLTensor *out, problem *p, int32_t *ndim,
                              int64_t *shape)
{
    const char *name = operation_name(op);
    vecdot_options complete;
    const vecdot_options *o = &complete;
    const DLTensor *const tensors[ARRAYS] = {x1, x2, out};
    operand operands[ARRAYS];
    p->op = op;
    for (int a = 0; a < ARRAYS; a++)
        if (a != OUT || out) TRY(check_tensor(name, array_name(a), tensors[a], &operands[a]));
    TRY(options_read(name, options, &complete));
    if (out)
        for (int a = 0; a < ARRAYS; a++) TRY(check_data(name, array_name(a), &operands[a]));
    TRY(check_dtypes(name, tensors, o, p));
    TRY(check_axes(op, tensors, o, operands));
    TRY(check_contracted(name, operands, p));
    TRY(check_broadcast(name, operands, p));
    if (ndim) result_shape(p, o, ndim, shape);
    if (out) TRY(check_out(name, &operands[OUT], o, p));
    for (int a = 0; a < ARRAYS; a++)
        if (tensors[a]) TRY(check_sizes(name, array_name(a), &operands[a]));
    TRY(check_result_size(name, p, !out));
    for (int a = X1; a <= X2; a++) {
        p->stride[a] = operands[a].stride[operands[a].axis];
        set_steps(&operands[a], a, p);
    }
    if (out)
        set_steps(&operands[OUT], OUT, p);
    else
        layout_make_dense(p, OUT);
    for (int a = 0; a < ARRAYS; a++) p->misaligned[a] = 0; /* the addresses decide it later */
    p->vectors[X1] = p->vectors[X2] = 0;
    p->reproducible = (o->flags & VECDOT_REPRODUCIBLE) != 0;
    p->is_matrix = is_matrix(operands, p);
    p->no_conj = op == OPERATION_MATVEC || (o->flags & VECDOT_NO_CONJ) != 0;
    return VECDOT_SUCCESS;
}
