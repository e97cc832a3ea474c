/* The public operations: check the arrays, locate them, run the job. */
#include "core/base/status.h"
#include "core/plan/explain.h"
#include "core/problem/layout.h"
#include "core/problem/semantics.h"
#include "core/run/pieces.h"
#include "core/run/program_cache.h"
#include "core/run/whole.h"

#include <stdlib.h>

/* ---- Checks that need the device ---- */

static vecdot_status check_place(const vecdot_queue *queue, const job *j, int array, const DLTensor *t)
{
    const vecdot_context *context = queue->context;
    const backend *driver = context->dev.driver;
    const location *at = &j->at[array];
    const char *op = operation_name(j->p.op);
    extent e = j->extents[array];
    int64_t end;
    if (e.high == e.low || at->kind == PLACE_HOST) return VECDOT_SUCCESS; /* or nothing is read or written */
    if (at->kind == PLACE_ELSEWHERE) return refuse_place(context, op, array_name(array), t);
    if (at->kind == PLACE_ADDRESS) {
        uintptr_t lowest = (uintptr_t)at->memory + (uintptr_t)(at->offset + e.low);
        return driver->memory_check(context->native, (void *)lowest, (size_t)(e.high - e.low),
                                    array_name(array));
    }
    if (t->byte_offset > INT64_MAX || at->offset + e.low < 0 ||
        __builtin_add_overflow(at->offset, e.high, &end))
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: %s with byte_offset %llu reaches outside its buffer",
                    op, array_name(array), (unsigned long long)t->byte_offset);
    return driver->memory_check(context->native, at->memory, (size_t)end, array_name(array));
}

static vecdot_status check_fp64(const vecdot_queue *queue, const problem *p)
{
    if (queue->context->policy.has_fp64) return VECDOT_SUCCESS;
    for (int a = 0; a <= ARRAYS; a++) {
        dtype t = a < ARRAYS ? p->type[a] : p->result;
        if (dtype_needs_fp64(t))
            return fail(VECDOT_ERROR_UNSUPPORTED,
                        "%s: %s is %s, and the device \"%s\" has no 64-bit floating point",
                        operation_name(p->op), a < ARRAYS ? array_name(a) : "the dtype to compute in",
                        dtype_full_name(t), queue->context->dev.info.name);
    }
    return VECDOT_SUCCESS;
}

/* ---- Preparing ---- */

/* Runs the checks that need no device. out may be NULL. */
static vecdot_status check(operation op, const DLTensor *x1, const DLTensor *x2,
                           const vecdot_options *options, const DLTensor *out, problem *p)
{
    TRY(semantics_check(op, x1, x2, options, out, p, NULL, NULL));
    return layout_check_out(p);
}

/* Runs the checks that need the device and makes the job. A problem without outputs is not collapsed. */
static vecdot_status place_job(const vecdot_queue *queue, const DLTensor *const tensors[ARRAYS], job *j)
{
    job_locate(j, queue->context, tensors);
    for (int a = 0; a < ARRAYS; a++) TRY(check_place(queue, j, a, tensors[a]));
    TRY(check_fp64(queue, &j->p));
    if (j->p.reproducible || queue->context->policy.reproducible) j->p.is_matrix = 0;
    if (problem_outputs(&j->p) == 0) return VECDOT_SUCCESS;
    return job_place(j, queue->context);
}

static vecdot_status run_job(vecdot_queue *queue, const job *j)
{
    preparation ready;
    if (whole_takes(queue, j, &ready)) return whole_run(queue, j, &ready);
    return pieces_run(queue, j);
}

/* ---- out over an input ----
 *
 * A result must not be written before all input elements in the same memory have been read. On the device
 * the results wait in the queue's scratch, and the last launch copies them to out. When out is on the host or
 * the job needs pieces, they wait in a dense host array. */

static int waits_on_host(const vecdot_queue *queue, const job *j)
{
    return j->overlaps && (j->at[OUT].on_host || job_needs_pieces(j, &queue->context->policy));
}

static DLTensor dense_array(const DLTensor *like, void *data)
{
    DLTensor dense = *like;
    dense.data = data;
    dense.byte_offset = 0;
    dense.strides = NULL;
    dense.device = (DLDevice){kDLCPU, 0};
    return dense;
}

/* Makes the job of the same call into a dense array. That overlaps nothing, also where it lies between the
 * elements of an input. */
static vecdot_status place_dense(operation op, const vecdot_queue *queue,
                                 const DLTensor *const tensors[ARRAYS], const vecdot_options *options,
                                 const DLTensor *dense, job *j)
{
    const DLTensor *const to_dense[ARRAYS] = {tensors[X1], tensors[X2], dense};
    TRY(check(op, tensors[X1], tensors[X2], options, dense, &j->p));
    TRY(place_job(queue, to_dense, j));
    j->overlaps = 0;
    return VECDOT_SUCCESS;
}

static vecdot_status call_through_host(operation op, vecdot_queue *queue,
                                       const DLTensor *const tensors[ARRAYS], const vecdot_options *options,
                                       job *j)
{
    _Alignas(16) char few[4096];
    size_t bytes = (size_t)(problem_outputs(&j->p) * dtype_size(j->p.type[OUT]));
    void *memory = bytes <= sizeof few ? few : malloc(bytes);
    if (!memory)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "%s: no host memory for %zu bytes of results",
                    operation_name(op), bytes);
    DLTensor dense = dense_array(tensors[OUT], memory);
    vecdot_status status = place_dense(op, queue, tensors, options, &dense, j);
    if (status == VECDOT_SUCCESS) status = run_job(queue, j);
    if (status == VECDOT_SUCCESS) status = vecdot_copy(queue, &dense, tensors[OUT]);
    if (memory != few) free(memory);
    return status;
}

/* ---- Calling ---- */

/* Runs a call between context_enter and context_leave. */
static vecdot_status call_entered(operation op, vecdot_queue *queue, const DLTensor *const tensors[ARRAYS],
                                  const vecdot_options *options, job *j)
{
    TRY(place_job(queue, tensors, j));
    if (problem_outputs(&j->p) == 0) return VECDOT_SUCCESS;
    if (waits_on_host(queue, j)) return call_through_host(op, queue, tensors, options, j);
    return run_job(queue, j);
}

static vecdot_status call(operation op, vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                          const vecdot_options *options, const DLTensor *out)
{
    UNCANCELLED;
    const char *name = operation_name(op);
    const DLTensor *tensors[ARRAYS] = {x1, x2, out};
    job j;
    if (!queue) return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: queue is NULL", name);
    if (!out) return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: out is NULL; expected a DLTensor", name);
    TRY(check(op, x1, x2, options, out, &j.p));
    TRY(context_enter(queue->context));
    return context_leave(queue->context, call_entered(op, queue, tensors, options, &j));
}

vecdot_status vecdot(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2, int32_t axis,
                     const DLTensor *out)
{
    vecdot_options options = VECDOT_OPTIONS_INIT;
    options.axis[0] = options.axis[1] = axis;
    return call(OPERATION_VECDOT, queue, x1, x2, &options, out);
}

vecdot_status vecdot_with(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                          const vecdot_options *options, const DLTensor *out)
{
    return call(OPERATION_VECDOT, queue, x1, x2, options, out);
}

vecdot_status vecdot_matvec(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2, const DLTensor *out)
{
    return call(OPERATION_MATVEC, queue, x1, x2, NULL, out);
}

vecdot_status vecdot_vecmat(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2, const DLTensor *out)
{
    return call(OPERATION_VECMAT, queue, x1, x2, NULL, out);
}

/* ---- Asking ---- */

vecdot_status vecdot_result(const DLTensor *x1, const DLTensor *x2, const vecdot_options *options,
                            DLDataType *type, int32_t *ndim, int64_t shape[VECDOT_MAX_NDIM])
{
    problem p;
    int32_t rank;
    int64_t sizes[VECDOT_MAX_NDIM];
    TRY(semantics_check(OPERATION_VECDOT, x1, x2, options, NULL, &p, &rank, sizes));
    if (type) *type = dtype_to_dlpack(p.result);
    if (ndim) *ndim = rank;
    for (int d = 0; shape && d < rank; d++) shape[d] = sizes[d];
    return VECDOT_SUCCESS;
}

static void explain_job(text *t, const vecdot_queue *queue, const job *j, int waits)
{
    const plan_policy *policy = &queue->context->policy;
    preparation ready;
    job_prepare(j, policy, &ready);
    explanation e = {.original = &j->p,
                     .planned = &ready.p,
                     .policy = policy,
                     .gathered = {ready.transfer.gather[X1], ready.transfer.gather[X2]},
                     .waits_on_host = waits,
                     .in_pieces = job_needs_pieces(j, policy),
                     .pl = &ready.pl,
                     .why_no_blas = ready.why_no_blas,
                     .product = &ready.product};
    for (int a = 0; a < ARRAYS; a++) {
        e.on_host[a] = j->at[a].on_host;
        e.copied[a] = ready.transfer.copy[a];
    }
    explain(t, &e);
}

vecdot_status vecdot_explain(vecdot_queue *queue, const DLTensor *x1, const DLTensor *x2,
                             const vecdot_options *options, const DLTensor *out, char *buffer,
                             size_t capacity, size_t *needed)
{
    UNCANCELLED;
    job j;
    text t = {buffer, capacity, 0};
    if (!queue) return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_explain: queue is NULL");
    if (!buffer && capacity > 0)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_explain: text is NULL with capacity %zu",
                    capacity);
    const DLTensor anywhere = {.device = {kDLCPU, 0}};
    const DLTensor *tensors[ARRAYS] = {x1, x2, out ? out : &anywhere};
    TRY(check(OPERATION_VECDOT, x1, x2, options, out, &j.p));
    TRY(context_check(queue->context));
    TRY(place_job(queue, tensors, &j));
    if (!out) j.overlaps = 0;
    if (problem_outputs(&j.p) == 0) {
        text_add(&t, "problem: no outputs, nothing to do\n");
    } else {
        _Alignas(16) char somewhere[16]; /* its elements are never written */
        const int waits = waits_on_host(queue, &j);
        if (waits) {
            const DLTensor dense = dense_array(out, somewhere);
            TRY(place_dense(OPERATION_VECDOT, queue, tensors, options, &dense, &j));
        }
        explain_job(&t, queue, &j, waits);
    }
    if (needed) *needed = t.length + 1;
    return VECDOT_SUCCESS;
}

/* ---- Warming up ---- */

static vecdot_status warm_variants(vecdot_context *context, dtype t)
{
    variant v;
    void *program;
    TRY(context_check(context));
    for (size_t k = 0; variant_to_warm(context->policy.schedule, t, k, &v); k++)
        if (context->policy.typed_kernels || !variant_has_types(&v))
            TRY(program_get(context->programs, &v, &program));
    return VECDOT_SUCCESS;
}

vecdot_status vecdot_warmup(vecdot_context *context, const DLDataType *dtypes, size_t count)
{
    UNCANCELLED;
    if (!context) return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_warmup: context is NULL");
    if (!dtypes && count > 0)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_warmup: dtypes is NULL with count %zu", count);
    if (count == 0) {
        for (int t = 0; t < DTYPE_COUNT; t++)
            if (!dtype_needs_fp64((dtype)t) || context->policy.has_fp64)
                TRY(warm_variants(context, (dtype)t));
        return VECDOT_SUCCESS;
    }
    for (size_t k = 0; k < count; k++) {
        dtype t = dtype_from_dlpack(dtypes[k]);
        char came[64];
        dtype_describe(dtypes[k], came, sizeof came);
        if (dtypes[k].lanes != 1)
            return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_warmup: dtypes[%zu].lanes is %u; expected 1",
                        k, (unsigned)dtypes[k].lanes);
        if (t == DTYPE_COUNT)
            return fail(VECDOT_ERROR_DTYPE, "vecdot_warmup: unsupported dtype %s in dtypes[%zu]", came, k);
        if (dtype_needs_fp64(t) && !context->policy.has_fp64)
            return fail(VECDOT_ERROR_UNSUPPORTED,
                        "vecdot_warmup: dtypes[%zu] is %s, and the device \"%s\" has no 64-bit "
                        "floating point",
                        k, came, context->dev.info.name);
        TRY(warm_variants(context, t));
    }
    return VECDOT_SUCCESS;
}
