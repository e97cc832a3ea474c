/* Brings host arrays to device buffers and results back. */
#include "core/run/bind.h"

#include "core/base/status.h"
#include "core/problem/layout.h"
#include "core/problem/walk.h"

#include <string.h>

/* Every driver's buffers start on a boundary of this many bytes. */
enum { BUFFER_ALIGNMENT = 256 };

void location_find(const vecdot_context *context, const DLTensor *t, location *at)
{
    const uintptr_t address = (uintptr_t)t->data + (uintptr_t)t->byte_offset;
    at->kind = tensor_place(context, t);
    at->on_host = at->kind == PLACE_HOST;
    at->host = at->on_host && t->data ? (char *)t->data + t->byte_offset : NULL;
    if (at->kind == PLACE_HANDLE) {
        at->memory = t->data;
        at->offset = (int64_t)t->byte_offset;
    } else {
        at->memory = (void *)(address - address % BUFFER_ALIGNMENT);
        at->offset = (int64_t)(address % BUFFER_ALIGNMENT);
    }
}

location location_shift(location at, int64_t bytes)
{
    if (at.on_host)
        at.host += bytes;
    else
        at.offset += bytes;
    return at;
}

int64_t bind_batch_elements(const problem *p, int array)
{
    int64_t count = 1;
    for (int d = 0; d < p->rank; d++)
        if (p->step[array][d] != 0) count *= p->shape[d];
    return count;
}

/* ---- Strided host memory to and from dense ---- */

/* Copies between an array on the host, which has `strided`'s strides, and dense memory. Of an input it
 * copies `count` elements of the contracted axis. */
static void repack(const problem *strided, const problem *dense, int array, char *host, int64_t count,
                   char *packed, int scatter)
{
    const int64_t size = dtype_size(dense->type[array]);
    strided_view views[2] = {{.data = scatter ? packed : host}, {.data = scatter ? host : packed}};
    strided_view *host_view = &views[scatter], *packed_view = &views[!scatter];
    index_space s = {.itemsize = size};
    for (int d = 0; d < dense->rank; d++) {
        if (dense->step[array][d] == 0) continue; /* repeats the same elements */
        s.shape[s.ndim] = dense->shape[d];
        host_view->step[s.ndim] = strided->step[array][d] * size;
        packed_view->step[s.ndim++] = dense->step[array][d] * size;
    }
    if (count > 1) {
        s.shape[s.ndim] = count;
        host_view->step[s.ndim] = strided->stride[array] * size;
        packed_view->step[s.ndim++] = dense->stride[array] * size;
    }
    views_normalise(&s, views);
    views_copy(&s, &views[0], &views[1]);
}

/* ---- Buffers ---- */

static vecdot_status gather(stage *s, const problem *original, const problem *p, int array, const char *host,
                            int64_t count, char **packed)
{
    const int64_t row = bind_batch_elements(p, array) * dtype_size(p->type[array]);
    TRY(stage_host(s, p, array, (size_t)(row * count), packed));
    repack(original, p, array, (char *)(uintptr_t)host, count, *packed, 0);
    return VECDOT_SUCCESS;
}

/* The bytes that `count` elements of the contracted axis span, relative to the first of them. */
static extent range_extent(const problem *p, int array, int64_t count)
{
    problem part;
    problem_copy(&part, p);
    part.n = count;
    return layout_extent(&part, array);
}

/* Copies host bytes to a buffer of the stage. `lasting`: they stay unchanged until the job is done, so a
 * later piece may reuse the buffer. */
static vecdot_status upload(vecdot_queue *queue, stage *s, int array, const char *host, size_t bytes,
                            int lasting, void **memory)
{
    stage_buffer *b;
    *memory = lasting ? stage_find(s, array, host, bytes) : NULL;
    if (*memory) return VECDOT_SUCCESS;
    TRY(stage_next(queue, s, array, bytes, &b));
    TRY(queue->context->dev.driver->memory_write(s->copy_queue, b->memory, 0, host, bytes));
    b->source = lasting ? host : NULL;
    b->source_bytes = bytes;
    *memory = b->memory;
    return VECDOT_SUCCESS;
}

/* Gives host memory to the device without copying it. */
static vecdot_status bind_in_place(const vecdot_queue *queue, void *host, size_t bytes, int writable,
                                   binding *b)
{
    const backend *driver = queue->context->dev.driver;
    b->memory = host;
    if (!driver->memory_wrap) return VECDOT_SUCCESS;
    TRY(driver->memory_wrap(queue->context->native, host, bytes, writable, &b->memory));
    b->owned = 1;
    return VECDOT_SUCCESS;
}

static vecdot_status bind_input(vecdot_queue *queue, stage *s, const problem *original, const problem *p,
                                const host_transfer *transfer, int array, char *host, int64_t first,
                                int64_t count, binding *b)
{
    const int64_t size = dtype_size(p->type[array]);
    host += first * original->stride[array] * size;
    extent e = range_extent(p, array, count);
    size_t bytes = (size_t)(e.high - e.low);
    if (transfer->gather[array]) TRY(gather(s, original, p, array, host, count, &host));
    b->offset = -e.low - first * p->stride[array] * size;
    if (transfer->copy[array])
        return upload(queue, s, array, host + e.low, bytes, !transfer->gather[array], &b->memory);
    return bind_in_place(queue, host + e.low, bytes, 0, b);
}

static vecdot_status bind_out(vecdot_queue *queue, stage *s, const problem *p, const host_transfer *transfer,
                              char *host, binding *b)
{
    extent e = layout_extent(p, OUT);
    size_t bytes = (size_t)(e.high - e.low);
    stage_buffer *copy;
    b->offset = -e.low;
    if (transfer->copy[OUT]) {
        TRY(stage_next(queue, s, OUT, bytes, &copy));
        b->memory = copy->memory;
        return VECDOT_SUCCESS;
    }
    return bind_in_place(queue, host + e.low, bytes, 1, b);
}

/* Two buffers over the same host memory are undefined in OpenCL. So inputs that are used in place and
 * share bytes get one buffer: x1 owns it and x2 is a part of it. *together: there is such a buffer. */
static vecdot_status bind_together(vecdot_queue *queue, const problem *p, const host_transfer *transfer,
                                   const location at[ARRAYS], bindings *b, int *together)
{
    uintptr_t low[2], high[2];
    *together = 0;
    for (int a = X1; a <= X2; a++) {
        extent e = layout_extent(p, a);
        if (!at[a].on_host || transfer->copy[a] || transfer->gather[a]) return VECDOT_SUCCESS;
        low[a] = (uintptr_t)(at[a].host + e.low);
        high[a] = (uintptr_t)(at[a].host + e.high);
    }
    if (low[X1] >= high[X2] || low[X2] >= high[X1]) return VECDOT_SUCCESS;
    uintptr_t first = low[X1] < low[X2] ? low[X1] : low[X2];
    uintptr_t last = high[X1] > high[X2] ? high[X1] : high[X2];
    if (last - first > (uintptr_t)queue->context->policy.max_alloc) return VECDOT_SUCCESS;
    TRY(queue->context->dev.driver->memory_wrap(queue->context->native, (void *)first, (size_t)(last - first),
                                                0, &b->at[X1].memory));
    b->at[X1].owned = *together = 1;
    b->at[X2].memory = b->at[X1].memory;
    for (int a = X1; a <= X2; a++) b->at[a].offset = (int64_t)((uintptr_t)at[a].host - first);
    return VECDOT_SUCCESS;
}

/* Binds a device tensor, or a host array where host addresses are memory (!wraps). Returns 0 for any other.
 */
static int bind_as_it_is(int wraps, const host_transfer *transfer, int array, const location *at, binding *b)
{
    if (at->on_host && (wraps || transfer->copy[array] || (array != OUT && transfer->gather[array])))
        return 0;
    b->memory = at->on_host ? at->host : at->memory;
    b->offset = at->on_host ? 0 : at->offset;
    return 1;
}

vecdot_status bind_arrays(vecdot_queue *queue, stage *s, const problem *original, const problem *p,
                          const host_transfer *transfer, const location at[ARRAYS], int64_t first,
                          int64_t count, int with_out, bindings *b)
{
    const int wraps = queue->context->dev.driver->memory_wrap != NULL;
    int together = 0;
    if (wraps && first == 0 && count == p->n) TRY(bind_together(queue, p, transfer, at, b, &together));
    for (int a = X1; a <= X2 && !together; a++)
        if (!bind_as_it_is(wraps, transfer, a, &at[a], &b->at[a]) && count > 0)
            TRY(bind_input(queue, s, original, p, transfer, a, at[a].host, first, count, &b->at[a]));
    if (!with_out || bind_as_it_is(wraps, transfer, OUT, &at[OUT], &b->at[OUT])) return VECDOT_SUCCESS;
    return bind_out(queue, s, p, transfer, at[OUT].host, &b->at[OUT]);
}

/* Reads dense results and writes them to the host array. */
static vecdot_status download(const backend *driver, stage *s, const delivery *d)
{
    const problem *p = d->p;
    const size_t size = (size_t)dtype_size(p->type[OUT]), bytes = (size_t)problem_outputs(p) * size;
    char *packed;
    if (memcmp(d->original->step[OUT], p->step[OUT], sizeof(int64_t) * (size_t)p->rank) == 0)
        return driver->memory_read(s->copy_queue, d->from.memory, 0, d->to.host, bytes);
    TRY(stage_host(s, p, OUT, bytes, &packed));
    TRY(driver->memory_read(s->copy_queue, d->from.memory, 0, packed, bytes));
    repack(d->original, p, OUT, d->to.host, 1, packed, 1);
    return VECDOT_SUCCESS;
}

vecdot_status bind_deliver(vecdot_queue *queue, stage *s, const delivery *d)
{
    const backend *driver = queue->context->dev.driver;
    if (d->copy) return download(driver, s, d);
    if (!driver->memory_reveal) return VECDOT_SUCCESS;
    extent e = layout_extent(d->p, OUT);
    return driver->memory_reveal(queue->native, d->from.memory, (size_t)(d->from.offset + e.high));
}

void bind_release(vecdot_queue *queue, bindings *b, int with_out)
{
    for (int a = 0; a < ARRAYS; a++) {
        if (!b->at[a].owned || (a == OUT && !with_out)) continue;
        queue->context->dev.driver->memory_release(queue->context->native, b->at[a].memory);
        b->at[a] = (binding){0};
    }
}
