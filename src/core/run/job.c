/* Decides how a job's arrays reach the device, where the job is cut, and how one piece runs. */
#include "core/run/job.h"

#include "core/base/status.h"
#include "core/run/blas.h"
#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

/* ---- Jobs ---- */

/* Bytes that can be compared with others of the same root: host addresses, or offsets in a buffer. */
typedef struct byte_range {
    void *root; /* NULL on the host */
    uintptr_t low, high;
} byte_range;

static int64_t extent_bytes(const job *j, int array)
{
    return j->extents[array].high - j->extents[array].low;
}

static vecdot_status byte_range_of(const vecdot_context *context, const job *j, int array, byte_range *s)
{
    const location *at = &j->at[array];
    uintptr_t first = (uintptr_t)at->host;
    s->root = NULL;
    if (!at->on_host) {
        size_t offset = 0;
        TRY(context->dev.driver->memory_root(context->native, at->memory, &s->root, &offset));
        first = (uintptr_t)offset + (uintptr_t)at->offset;
    }
    s->low = first + (uintptr_t)j->extents[array].low;
    s->high = first + (uintptr_t)j->extents[array].high;
    return VECDOT_SUCCESS;
}

void job_locate(job *j, const vecdot_context *context, const DLTensor *const tensors[ARRAYS])
{
    layout_extents(&j->p, j->extents);
    for (int a = 0; a < ARRAYS; a++) location_find(context, tensors[a], &j->at[a]);
}

vecdot_status job_place(job *j, const vecdot_context *context)
{
    byte_range written, read;
    j->overlaps = 0;
    layout_collapse(&j->p);
    TRY(byte_range_of(context, j, OUT, &written));
    for (int a = X1; a <= X2; a++) {
        if (extent_bytes(j, a) == 0 || j->at[OUT].on_host != j->at[a].on_host) continue;
        TRY(byte_range_of(context, j, a, &read));
        j->overlaps |= written.root == read.root && written.low < read.high && read.low < written.high;
    }
    return VECDOT_SUCCESS;
}

void job_reshape(job *j)
{
    layout_collapse(&j->p);
    layout_extents(&j->p, j->extents);
}

/* Whether kernels may write to a host array. */
static int shares_out(const plan_policy *policy)
{
    return policy->share_host && policy->share_out;
}

static int is_copied(const job *j, const plan_policy *policy, int array)
{
    return j->at[array].on_host && !(array == OUT ? shares_out(policy) : policy->share_host);
}

int64_t job_bound_bytes(const job *j, const plan_policy *policy, int array)
{
    if (array == OUT && !shares_out(policy)) return problem_outputs(&j->p) * dtype_size(j->p.type[OUT]);
    return extent_bytes(j, array);
}

/* At most this many bytes of scratch hold results before they are copied to out. */
static int64_t result_bytes(const job *j)
{
    const location *at = &j->at[OUT];
    uintptr_t address = at->on_host ? (uintptr_t)at->host : (uintptr_t)at->offset;
    int direct = !j->overlaps && j->p.type[OUT] == j->p.result;
    uintptr_t below = (uintptr_t)dtype_size(j->p.result) - 1; /* a size is a power of two */
    if (direct && (address & below) == 0) return 0;
    return problem_outputs(&j->p) * dtype_size(j->p.result);
}

int job_is_in_place(const job *j, const plan_policy *policy)
{
    for (int a = 0; a < ARRAYS; a++)
        if (is_copied(j, policy, a) || (j->at[a].on_host && extent_bytes(j, a) > policy->max_alloc)) return 0;
    return result_bytes(j) <= policy->max_alloc;
}

int job_needs_pieces(const job *j, const plan_policy *policy)
{
    for (int a = 0; a < ARRAYS; a++)
        if (j->at[a].on_host && job_bound_bytes(j, policy, a) > policy->max_alloc) return 1;
    return result_bytes(j) > policy->max_alloc;
}

/* ---- Preparing ---- */

/* At least this many elements of the contracted axis must be bound at once: one chunk of the canonical
 * sum; on a GPU several, so that its groups share the work. */
static int64_t least_elements(const problem *p, const plan_policy *policy)
{
    int64_t chunk = ROW_BYTES / dtype_size(p->result) * ROWS;
    return policy->schedule == SCHEDULE_GPU ? 4 * chunk : chunk;
}

/* The elements of the contracted axis that fit one buffer, in place or gathered. The batch dimensions take
 * a part of the buffer too. */
static int64_t elements_that_fit(const problem *p, const plan_policy *policy, int array, int gathered)
{
    int64_t size = dtype_size(p->type[array]);
    problem row;
    problem_copy(&row, p);
    row.n = 1;
    extent e = layout_extent(&row, array);
    int64_t batch = gathered ? 0 : e.high - e.low - size;
    int64_t pitch = gathered ? bind_batch_elements(p, array) * size : magnitude(p->stride[array]) * size;
    if (batch + size > policy->max_alloc) return 0;
    return pitch == 0 ? INT64_MAX : (policy->max_alloc - batch) / pitch;
}

/* Where the lowest element of an array lies from element [0, ..., 0], in bytes, as the device sees it. */
static int64_t lowest(const job *j, const host_transfer *transfer, int array)
{
    int is_dense = array == OUT ? transfer->copy[OUT] : transfer->gather[array];
    return is_dense ? 0 : j->extents[array].low;
}

static void prepare_addresses(const job *j, const host_transfer *transfer, uintptr_t address[ARRAYS])
{
    for (int a = 0; a < ARRAYS; a++) {
        const location *at = &j->at[a];
        if (!at->on_host)
            address[a] = (uintptr_t)at->offset;
        else if (transfer->copy[a] || (a != OUT && transfer->gather[a]))
            address[a] = (uintptr_t)-lowest(j, transfer, a); /* a buffer's start is aligned */
        else
            address[a] = (uintptr_t)at->host;
    }
}

/* A driver may move a host array so that its lower end is on a boundary; arrays that share a buffer move
 * together. So a 16-byte alignment is only relied on if every lower end is on a 16-byte boundary. */
static void distrust_vectors(const job *j, preparation *ready)
{
    uintptr_t ends = 0;
    for (int a = 0; a < ARRAYS; a++)
        if (j->at[a].on_host && !ready->transfer.copy[a])
            ends |= (uintptr_t)(j->at[a].host + lowest(j, &ready->transfer, a));
    for (int a = X1; a <= X2 && ends % 16 != 0; a++)
        if (j->at[a].on_host && !ready->transfer.copy[a]) ready->p.vectors[a] = 0;
}

/* OpenCL's buffers start on such a boundary, and an OpenCL BLAS may rely on it. */
enum { BASE_ALIGNMENT = 128 };

/* Why the library does not take the arrays as they will be bound; NULL when it does. */
static const char *arrays_for_blas(const job *j, const plan_policy *policy, const preparation *ready)
{
    const gemm *g = &ready->product;
    const gemm_matrix *const matrices[] = {&g->a, &g->b, &g->c};
    for (int k = 0; k < ARRAYS; k++) {
        const location *at = &j->at[matrices[k]->array];
        int in_place = at->on_host && !ready->transfer.copy[matrices[k]->array];
        int64_t start = at->on_host ? 0 : at->offset / dtype_size(g->type);
        if (in_place && (uintptr_t)at->host % BASE_ALIGNMENT != 0)
            return "a host array used in place is not on a boundary of 128 bytes";
        if (g->batch > 1 && policy->blas.offer->dense_batches &&
            (start != 0 || matrices[k]->step * g->batch != matrices[k]->reach))
            return "it takes a batch only from arrays without gaps, at the start of their buffers";
        if (start > policy->blas.offer->most - matrices[k]->reach)
            return "a matrix is larger than the library counts";
    }
    return NULL;
}

static const char *prepare_blas(const job *j, const plan_policy *policy, const uintptr_t address[ARRAYS],
                                preparation *ready)
{
    const char *why = blas_declines(&policy->blas, ready->p.result);
    if (why != NULL) return why;
    if (ready->element_limit < ready->p.n) return "its sums are cut into ranges";
    if (ready->pl.result_bytes > 0) return "its results go through scratch memory";
    why = gemm_describe(&ready->p, address, &ready->product);
    return why != NULL ? why : arrays_for_blas(j, policy, ready);
}

int64_t job_least_reach(const job *j, const plan_policy *policy, int array)
{
    int64_t least = least_elements(&j->p, policy), some = j->p.n < least ? j->p.n : least;
    return magnitude(j->p.stride[array]) * some * dtype_size(j->p.type[array]);
}

void job_prepare(const job *j, const plan_policy *policy, preparation *ready)
{
    uintptr_t address[ARRAYS];
    problem_copy(&ready->p, &j->p);
    ready->transfer = (host_transfer){0};
    ready->element_limit = INT64_MAX;
    for (int a = 0; a < ARRAYS; a++) ready->transfer.copy[a] = is_copied(j, policy, a);
    for (int a = X1; a <= X2; a++) {
        if (!j->at[a].on_host || extent_bytes(j, a) <= policy->max_alloc) continue;
        int64_t fit = elements_that_fit(&j->p, policy, a, 0);
        if (fit < least_elements(&j->p, policy) && fit < j->p.n) {
            ready->transfer.gather[a] = 1;
            layout_make_dense(&ready->p, a);
            fit = elements_that_fit(&j->p, policy, a, 1);
        }
        if (fit < ready->element_limit) ready->element_limit = fit;
    }
    if (ready->transfer.copy[OUT]) layout_make_dense(&ready->p, OUT);
    prepare_addresses(j, &ready->transfer, address);
    layout_alignment(&ready->p, address);
    distrust_vectors(j, ready);
    int through_results = j->overlaps || ready->p.type[OUT] != ready->p.result || ready->p.misaligned[OUT];
    plan_build(&ready->p, policy, through_results, ready->element_limit, &ready->pl);
    ready->why_no_blas = prepare_blas(j, policy, address, ready);
}

/* ---- Pieces ---- */

/* The batch dimension along which an array spans the most bytes; -1 when there is none. */
static int widest_dimension(const problem *p, int array, int64_t *bytes)
{
    int widest = -1;
    *bytes = 0;
    for (int d = 0; d < p->rank; d++) {
        int64_t reach = magnitude(p->step[array][d]) * (p->shape[d] - 1) * dtype_size(p->type[array]);
        if (reach > *bytes) {
            *bytes = reach;
            widest = d;
        }
    }
    return widest;
}

int problem_longest_dimension(const problem *p)
{
    int longest = -1;
    for (int d = 0; d < p->rank; d++)
        if (longest < 0 || p->shape[d] > p->shape[longest]) longest = d;
    return longest;
}

int job_dimension_to_cut(const job *j, const plan_policy *policy)
{
    for (int a = 0; a < ARRAYS; a++) {
        int64_t batch, contracted;
        int d = widest_dimension(&j->p, a, &batch);
        if (!j->at[a].on_host || job_bound_bytes(j, policy, a) <= policy->max_alloc || d < 0) continue;
        contracted = a == OUT ? 0 : magnitude(j->p.stride[a]) * (j->p.n - 1) * dtype_size(j->p.type[a]);
        if (batch >= contracted) return d;
        if (elements_that_fit(&j->p, policy, a, 0) < least_elements(&j->p, policy) &&
            elements_that_fit(&j->p, policy, a, 1) < least_elements(&j->p, policy))
            return d;
    }
    return -1;
}
