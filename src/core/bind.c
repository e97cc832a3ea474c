/* Host arrays to device buffers and back. */
#include "core/bind.h"
#include "core/memory.h"
#include "core/status.h"

#include <stdlib.h>
#include <string.h>

static vecdot_status no_host_memory(const problem *p, int64_t bytes)
{
    return fail(VECDOT_ERROR_OUT_OF_MEMORY, "%s: no host memory for %lld bytes of staging",
                operation_name(p->op), (long long)bytes);
}

/* Every driver's buffers start on such a boundary. */
enum { BUFFER_ALIGNMENT = 256 };

location location_of(const DLTensor *t)
{
    location at = {0};
    uintptr_t address = (uintptr_t)t->data + (uintptr_t)t->byte_offset;
    at.on_host =
        t->device.device_type == kDLCPU || t->device.device_type == kDLCUDAHost; /* as tensor_place */
    if (at.on_host)
        at.host = t->data ? (char *)t->data + t->byte_offset : NULL;
    else if (memory_is_address(t->device.device_type)) {
        at.memory = (void *)(address - address % BUFFER_ALIGNMENT);
        at.offset = (int64_t)(address % BUFFER_ALIGNMENT);
    } else {
        at.memory = t->data;
        at.offset = (int64_t)t->byte_offset;
    }
    return at;
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

typedef struct walk {
    const problem *strided; /* strides of the host array   */
    const problem *dense;   /* strides of the dense one    */
    int array;
    size_t size;
    int scatter; /* dense to strided            */
} walk;

static void move_element(const walk *w, char *host, char *packed)
{
    memcpy(w->scatter ? host : packed, w->scatter ? packed : host, w->size);
}

/* Moves the batch dimensions from d on; equal neighbours in both go as one block. */
static void move_batch(const walk *w, int d, char *host, char *packed)
{
    const problem *s = w->strided, *t = w->dense;
    if (d == s->rank) {
        move_element(w, host, packed);
        return;
    }
    int64_t from = s->step[w->array][d], to = t->step[w->array][d], count = to != 0 ? s->shape[d] : 1;
    if (d == s->rank - 1 && from == 1 && to == 1) {
        size_t bytes = (size_t)count * w->size;
        memcpy(w->scatter ? host : packed, w->scatter ? packed : host, bytes);
        return;
    }
    int64_t size = (int64_t)w->size;
    for (int64_t k = 0; k < count; k++) move_batch(w, d + 1, host + k * from * size, packed + k * to * size);
}

static vecdot_status gather(const problem *original, const problem *p, int array, const char *host,
                            int64_t count, void **staging)
{
    const int64_t size = dtype_size(p->type[array]);
    const int64_t row = bind_batch_elements(p, array) * size;
    const walk w = {original, p, array, (size_t)size, 0};
    char *packed = malloc((size_t)(row * count));
    if (!packed) return no_host_memory(p, row * count);
    for (int64_t k = 0; k < count; k++)
        move_batch(&w, 0, (char *)(uintptr_t)host + k * original->stride[array] * size, packed + k * row);
    *staging = packed;
    return VECDOT_SUCCESS;
}

/* ---- Buffers ---- */

/* Bytes of an array for `count` elements of the contracted axis, relative to the first of them. */
static extent range_extent(const problem *p, int array, int64_t count)
{
    problem part = *p;
    part.n = count;
    return layout_extent(&part, array);
}

static vecdot_status upload(vecdot_queue *queue, const char *host, extent e, binding *b)
{
    const backend *driver = queue->context->dev.driver;
    size_t bytes = (size_t)(e.high - e.low);
    TRY(driver->memory_create(queue->context->native, bytes, &b->memory));
    b->owned = 1;
    b->offset = -e.low;
    return driver->memory_write(queue->native, b->memory, 0, host + e.low, bytes);
}

static vecdot_status bind_input(vecdot_queue *queue, const problem *original, const problem *p,
                                const transfer *how, int array, location at, int64_t first, int64_t count,
                                binding *b)
{
    const int64_t size = dtype_size(p->type[array]);
    char *host = at.host + first * original->stride[array] * size;
    extent e = range_extent(p, array, count);
    if (how->gather[array]) {
        TRY(gather(original, p, array, host, count, &b->staging));
        host = b->staging;
    }
    vecdot_status status;
    if (how->copy[array]) {
        status = upload(queue, host, e, b);
    } else {
        status = queue->context->dev.driver->memory_wrap(queue->context->native, host + e.low,
                                                         (size_t)(e.high - e.low), 0, &b->memory);
        b->owned = status == VECDOT_SUCCESS;
        b->offset = -e.low;
    }
    b->offset -= first * p->stride[array] * size;
    return status;
}

/* Host arrays in place: those that overlap become one buffer, since two buffers over the same memory are
 * undefined. */
typedef struct region {
    uintptr_t low, high;
} region;

static int regions_meet(region a, region b)
{
    return a.low < b.high && b.low < a.high;
}

/* Finds the regions of the arrays to bind in place and joins those that meet; owner[a] is the first array of
 * a's region, or -1 for arrays that are bound otherwise. */
static void join_regions(const problem *p, const policy *limits, const transfer *how,
                         const location at[ARRAYS], int with_out, region regions[ARRAYS], int owner[ARRAYS])
{
    for (int a = 0; a < ARRAYS; a++) {
        int in_place = at[a].on_host && !how->copy[a] && (a == OUT ? with_out : !how->gather[a]);
        extent e = layout_extent(p, a);
        owner[a] = in_place && e.high > e.low ? a : -1;
        if (owner[a] < 0) continue;
        regions[a] = (region){(uintptr_t)(at[a].host + e.low), (uintptr_t)(at[a].host + e.high)};
    }
    for (int again = 0; again < 2; again++)
        for (int a = 0; a < ARRAYS; a++)
            for (int b = a + 1; b < ARRAYS; b++) {
                if (owner[a] < 0 || owner[b] < 0 || owner[a] == owner[b]) continue;
                int keep = owner[a], gone = owner[b];
                region joined = regions[keep];
                if (!regions_meet(regions[keep], regions[gone])) continue;
                if (regions[gone].low < joined.low) joined.low = regions[gone].low;
                if (regions[gone].high > joined.high) joined.high = regions[gone].high;
                if (joined.high - joined.low > (uintptr_t)limits->max_alloc) continue;
                regions[keep] = joined;
                for (int c = 0; c < ARRAYS; c++)
                    if (owner[c] == gone) owner[c] = keep;
            }
}

static vecdot_status bind_in_place(vecdot_queue *queue, const location at[ARRAYS],
                                   const region regions[ARRAYS], const int owner[ARRAYS], bindings *b)
{
    const backend *driver = queue->context->dev.driver;
    for (int a = 0; a < ARRAYS; a++) {
        if (owner[a] < 0) continue;
        region r = regions[owner[a]];
        binding *own = &b->at[owner[a]];
        if (!own->owned) {
            TRY(driver->memory_wrap(queue->context->native, (void *)r.low, (size_t)(r.high - r.low),
                                    owner[OUT] == owner[a], &own->memory));
            own->owned = 1;
        }
        b->at[a].memory = own->memory;
        b->at[a].offset = (int64_t)((uintptr_t)at[a].host - r.low);
    }
    return VECDOT_SUCCESS;
}

vecdot_status bind_arrays(vecdot_queue *queue, const problem *original, const problem *p, const transfer *how,
                          const location at[ARRAYS], int64_t first, int64_t count, int with_out, bindings *b)
{
    region regions[ARRAYS];
    int owner[ARRAYS] = {-1, -1, -1};
    int whole = first == 0 && count == p->n;
    if (whole) {
        join_regions(p, &queue->context->policy, how, at, with_out, regions, owner);
        TRY(bind_in_place(queue, at, regions, owner, b));
    }
    for (int a = X1; a <= X2; a++) {
        if (owner[a] >= 0) continue;
        if (at[a].on_host && count > 0)
            TRY(bind_input(queue, original, p, how, a, at[a], first, count, &b->at[a]));
        if (!at[a].on_host) b->at[a] = (binding){.memory = at[a].memory, .offset = at[a].offset};
    }
    if (!with_out || owner[OUT] >= 0) return VECDOT_SUCCESS;
    if (!at[OUT].on_host) {
        b->at[OUT] = (binding){.memory = at[OUT].memory, .offset = at[OUT].offset};
        return VECDOT_SUCCESS;
    }
    extent e = layout_extent(p, OUT);
    if (how->copy[OUT]) {
        TRY(queue->context->dev.driver->memory_create(queue->context->native, (size_t)(e.high - e.low),
                                                      &b->at[OUT].memory));
    } else {
        TRY(queue->context->dev.driver->memory_wrap(queue->context->native, at[OUT].host + e.low,
                                                    (size_t)(e.high - e.low), 1, &b->at[OUT].memory));
    }
    b->at[OUT].owned = 1;
    b->at[OUT].offset = -e.low;
    return VECDOT_SUCCESS;
}

/* Reads dense results and puts them where the host wants them. */
static vecdot_status download(vecdot_queue *queue, const problem *original, const problem *p, location at,
                              const binding *b)
{
    const backend *driver = queue->context->dev.driver;
    const size_t size = (size_t)dtype_size(p->type[OUT]), bytes = (size_t)problem_outputs(p) * size;
    const walk w = {original, p, OUT, size, 1};
    if (memcmp(original->step[OUT], p->step[OUT], sizeof(int64_t) * (size_t)p->rank) == 0)
        return driver->memory_read(queue->native, b->memory, 0, at.host, bytes);
    char *packed = malloc(bytes);
    if (!packed) return no_host_memory(p, (int64_t)bytes);
    vecdot_status status = driver->memory_read(queue->native, b->memory, 0, packed, bytes);
    if (status == VECDOT_SUCCESS) move_batch(&w, 0, at.host, packed);
    free(packed);
    return status;
}

vecdot_status bind_deliver(vecdot_queue *queue, const problem *original, const problem *p,
                           const transfer *how, const location at[ARRAYS], bindings *b)
{
    const backend *driver = queue->context->dev.driver;
    if (!at[X1].on_host && !at[X2].on_host && !at[OUT].on_host) return VECDOT_SUCCESS; /* stays enqueued */
    if (!at[OUT].on_host) return driver->queue_finish(queue->native);
    if (how->copy[OUT]) return download(queue, original, p, at[OUT], &b->at[OUT]);
    extent e = layout_extent(p, OUT);
    return driver->memory_reveal(queue->native, b->at[OUT].memory, (size_t)(b->at[OUT].offset + e.high));
}

void bind_release(vecdot_queue *queue, bindings *b, int with_out)
{
    for (int a = 0; a < ARRAYS; a++) {
        if (a == OUT && !with_out) continue;
        if (b->at[a].owned)
            queue->context->dev.driver->memory_release(queue->context->native, b->at[a].memory);
        free(b->at[a].staging);
        b->at[a] = (binding){0};
    }
}
