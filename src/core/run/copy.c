/* vecdot_copy: copies elements between any two strided arrays, each on the host or the device. It never
 * writes the bytes between the destination's elements. */
#include "core/base/dtype.h"
#include "core/problem/walk.h"
#include "core/run/context.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Checks -------------------------------------------------------------------------------------- */

static vecdot_status check_tensor(const char *name, const DLTensor *t)
{
    if (t == NULL) return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_copy: %s is NULL", name);
    if (t->ndim < 0 || t->ndim > VECDOT_MAX_NDIM) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_copy: %s has ndim %d, expected 0 to %d", name,
                    (int)t->ndim, VECDOT_MAX_NDIM);
    }
    if (t->ndim > 0 && t->shape == NULL) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_copy: %s has no shape", name);
    }
    if (t->dtype.lanes != 1)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_copy: %s has dtype.lanes %u; expected 1", name,
                    (unsigned)t->dtype.lanes);
    int empty = 0;
    for (int i = 0; i < t->ndim; i++) {
        if (t->shape[i] < 0) {
            return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_copy: %s has shape[%d] = %" PRId64, name, i,
                        t->shape[i]);
        }
        empty |= t->shape[i] == 0;
    }
    if (!empty && t->data == NULL) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_copy: %s has elements but its data is NULL", name);
    }
    return VECDOT_SUCCESS;
}

static vecdot_status check_dtype(const char *name, DLDataType type)
{
    char described[48];
    if (dtype_from_dlpack(type) != DTYPE_COUNT) return VECDOT_SUCCESS;
    dtype_describe(type, described, sizeof described);
    return fail(VECDOT_ERROR_DTYPE, "vecdot_copy: unsupported dtype %s for %s", described, name);
}

static vecdot_status check_alike(const DLTensor *from, const DLTensor *to)
{
    char shape_from[256] = "", shape_to[256] = "";
    text a = {shape_from, sizeof shape_from, 0}, b = {shape_to, sizeof shape_to, 0};
    if (dtype_from_dlpack(from->dtype) != dtype_from_dlpack(to->dtype)) {
        return fail(VECDOT_ERROR_OUT_SHAPE, "vecdot_copy: from is %s but to is %s",
                    dtype_full_name(dtype_from_dlpack(from->dtype)),
                    dtype_full_name(dtype_from_dlpack(to->dtype)));
    }
    int same = from->ndim == to->ndim;
    for (int i = 0; same && i < to->ndim; i++) same = from->shape[i] == to->shape[i];
    if (same) return VECDOT_SUCCESS;
    text_add_shape(&a, from->ndim, from->shape);
    text_add_shape(&b, to->ndim, to->shape);
    return fail(VECDOT_ERROR_OUT_SHAPE, "vecdot_copy: from has shape %s but to has shape %s", shape_from,
                shape_to);
}

/* ---- Geometry ------------------------------------------------------------------------------------ */

/* Fills the space and the steps of both views, without dimensions of size 1. Returns 0 on overflow. */
static int measure_space(const DLTensor *from, const DLTensor *to, index_space *s, strided_view views[2])
{
    const DLTensor *tensors[2] = {from, to};
    int64_t dense = 1; /* C-contiguous stride in elements */
    int bad = 0, n = 0;
    for (int i = to->ndim; i-- > 0;) {
        if (to->shape[i] == 1) continue;
        s->shape[n] = to->shape[i];
        for (int k = 0; k < 2; k++) {
            int64_t stride = tensors[k]->strides != NULL ? tensors[k]->strides[i] : dense;
            bad |= __builtin_mul_overflow(stride, s->itemsize, &views[k].step[n]);
        }
        bad |= __builtin_mul_overflow(dense, to->shape[i], &dense);
        n++;
    }
    s->ndim = n;
    s->count = dense;
    return !bad;
}

/* Fills the byte range of a view's elements. Returns 0 on overflow. */
static int measure_range(const index_space *s, const DLTensor *t, strided_view *d)
{
    int bad = t->byte_offset > INT64_MAX;
    d->low = d->high = d->origin = bad ? 0 : (int64_t)t->byte_offset;
    for (int i = 0; i < s->ndim; i++) {
        int64_t reach;
        bad |= __builtin_mul_overflow(d->step[i], s->shape[i] - 1, &reach);
        int64_t *end = reach < 0 ? &d->low : &d->high;
        bad |= __builtin_add_overflow(*end, reach, end);
    }
    int64_t width;
    bad |= __builtin_add_overflow(d->high, s->itemsize, &d->high);
    bad |= __builtin_sub_overflow(d->high, d->low, &width);
    return !bad;
}

/* ---- Overlap ------------------------------------------------------------------------------------- */

/* One bit for each byte of the destination's range. */
typedef struct byte_map {
    uint8_t *bits;
    int64_t low, high; /* the destination's range */
    int64_t shift;     /* offset in `to` = offset in `from` + shift */
    int hit;
} byte_map;

static vecdot_status visit_mark(void *user, int64_t from, int64_t to, int64_t run)
{
    byte_map *m = user;
    (void)from;
    for (int64_t i = to - m->low; i < to - m->low + run; i++) {
        uint8_t bit = (uint8_t)(1u << (i & 7));
        m->hit |= (m->bits[i >> 3] & bit) != 0;
        m->bits[i >> 3] |= bit;
    }
    return VECDOT_SUCCESS;
}

static vecdot_status visit_look(void *user, int64_t from, int64_t to, int64_t run)
{
    byte_map *m = user;
    (void)to;
    for (int64_t i = from + m->shift; i < from + m->shift + run; i++) {
        if (i >= m->low && i < m->high) m->hit |= m->bits[(i - m->low) >> 3] >> ((i - m->low) & 7) & 1;
    }
    return VECDOT_SUCCESS;
}

/* Whether each of the destination's dimensions steps over all bytes of the dimensions inside it. Then no
 * two elements share a byte. */
static int is_nested(const index_space *s, const strided_view *to)
{
    int64_t covered = s->itemsize;
    for (int i = s->ndim; i-- > 0;) {
        if (to->step[i] < covered) return 0;
        covered += to->step[i] * (s->shape[i] - 1);
    }
    return 1;
}

/* Whether the ranges of the two views intersect. An offset in `from` plus *shift is an offset in `to`. */
static vecdot_status ranges_meet(const vecdot_context *context, const strided_view *from,
                                 const strided_view *to, int *meet, int64_t *shift)
{
    const backend *driver = context->dev.driver;
    void *root_from = NULL, *root_to = NULL;
    size_t start_from = (size_t)(uintptr_t)from->data, start_to = (size_t)(uintptr_t)to->data;
    int64_t low, high;
    *meet = 0;
    if (from->on_device != to->on_device) return VECDOT_SUCCESS;
    if (from->on_device) {
        TRY(driver->memory_root(context->native, from->data, &root_from, &start_from));
        TRY(driver->memory_root(context->native, to->data, &root_to, &start_to));
    }
    *shift = (int64_t)(start_from - start_to);
    if (root_from != root_to || __builtin_add_overflow(from->low, *shift, &low) ||
        __builtin_add_overflow(from->high, *shift, &high))
        return VECDOT_SUCCESS;
    *meet = low < to->high && to->low < high;
    return VECDOT_SUCCESS;
}

/* Exact: ranges that intersect without a common byte, such as two columns of one matrix, do not overlap. */
static vecdot_status check_overlap(const vecdot_context *context, const index_space *s,
                                   const strided_view *from, const strided_view *to)
{
    int64_t shift = 0;
    int meet;
    TRY(ranges_meet(context, from, to, &meet, &shift));
    if (is_nested(s, to) && !meet) return VECDOT_SUCCESS;
    for (int i = 0; i < s->ndim; i++) {
        if (to->step[i] == 0) {
            return fail(VECDOT_ERROR_OVERLAP,
                        "vecdot_copy: to overlaps itself (a stride of 0 in a dimension of %" PRId64 ")",
                        s->shape[i]);
        }
    }
    byte_map m = {.low = to->low, .high = to->high, .shift = shift};
    m.bits = calloc((size_t)(to->high - to->low) / 8 + 1, 1);
    if (m.bits == NULL)
        return fail(VECDOT_ERROR_OUT_OF_MEMORY, "vecdot_copy: no host memory to check for overlap");
    views_walk(s, from, to, run_bytes(s, to), visit_mark, &m);
    int self = m.hit;
    if (meet && !self) views_walk(s, from, to, run_bytes(s, from), visit_look, &m);
    free(m.bits);
    if (!m.hit) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_OVERLAP, "vecdot_copy: to overlaps %s", self ? "itself" : "from");
}

/* ---- Transfers ----------------------------------------------------------------------------------- */

/* A run of device memory of at least this many bytes is read by itself. */
enum { LONG_RUN = 65536 };

typedef struct device_copy {
    const backend *driver;
    void *queue; /* the backend's */
    void *from, *to;
} device_copy;

static vecdot_status visit_write(void *user, int64_t from, int64_t to, int64_t run)
{
    const device_copy *t = user;
    return t->driver->memory_write(t->queue, t->to, (size_t)to, (const char *)t->from + from, (size_t)run);
}

static vecdot_status visit_read(void *user, int64_t from, int64_t to, int64_t run)
{
    const device_copy *t = user;
    return t->driver->memory_read(t->queue, t->from, (size_t)from, (char *)t->to + to, (size_t)run);
}

static vecdot_status visit_copy(void *user, int64_t from, int64_t to, int64_t run)
{
    const device_copy *t = user;
    return t->driver->memory_copy(t->queue, t->to, (size_t)to, t->from, (size_t)from, (size_t)run);
}

/* A dense view in the destination's order, for a temporary host buffer. Its data is not allocated yet. */
static strided_view staging_view(const index_space *s)
{
    strided_view staging = {0};
    int64_t step = s->itemsize;
    for (int i = s->ndim; i-- > 0;) {
        staging.step[i] = step;
        step *= s->shape[i];
    }
    staging.high = step;
    return staging;
}

static vecdot_status staging_create(int64_t bytes, void **staging)
{
    *staging = malloc((size_t)bytes);
    if (*staging != NULL) return VECDOT_SUCCESS;
    return fail(VECDOT_ERROR_OUT_OF_MEMORY, "vecdot_copy: no host memory for %" PRId64 " bytes", bytes);
}

/* Gathers the host's elements first when their runs are shorter than the device's. */
static vecdot_status host_to_device(const index_space *s, const strided_view *from, const strided_view *to,
                                    device_copy t)
{
    if (run_bytes(s, from) >= run_bytes(s, to))
        return views_walk(s, from, to, run_bytes(s, to), visit_write, &t);
    strided_view staging = staging_view(s);
    TRY(staging_create(staging.high, &staging.data));
    views_copy(s, from, &staging);
    t.from = staging.data;
    vecdot_status status = views_walk(s, &staging, to, run_bytes(s, to), visit_write, &t);
    free(staging.data);
    return status;
}

/* Reads the whole range of a device view to new host memory, which the caller frees. `copy` is the view of
 * it. */
static vecdot_status fetch_range(const strided_view *from, const device_copy *t, strided_view *copy)
{
    int64_t bytes = from->high - from->low;
    *copy = *from;
    copy->on_device = 0;
    copy->origin = from->origin - from->low;
    TRY(staging_create(bytes, &copy->data));
    vecdot_status status =
        t->driver->memory_read(t->queue, t->from, (size_t)from->low, copy->data, (size_t)bytes);
    if (status != VECDOT_SUCCESS) free(copy->data);
    return status;
}

static vecdot_status device_to_host(const index_space *s, const strided_view *from, const strided_view *to,
                                    device_copy t)
{
    int64_t run = shared_run(s, from, to);
    if (run == s->count * s->itemsize || run >= LONG_RUN) return views_walk(s, from, to, run, visit_read, &t);
    strided_view copy;
    TRY(fetch_range(from, &t, &copy));
    views_copy(s, &copy, to);
    free(copy.data);
    return VECDOT_SUCCESS;
}

/* Copies on the device alone when each of the destination's runs is contiguous in the source too. */
static vecdot_status device_to_device(const index_space *s, const strided_view *from, const strided_view *to,
                                      device_copy t)
{
    if (run_bytes(s, from) >= run_bytes(s, to))
        return views_walk(s, from, to, run_bytes(s, to), visit_copy, &t);
    strided_view copy;
    TRY(fetch_range(from, &t, &copy));
    t.from = copy.data;
    vecdot_status status = host_to_device(s, &copy, to, t);
    free(copy.data);
    return status;
}

static vecdot_status copy_elements(vecdot_queue *queue, const index_space *s, const strided_view *from,
                                   const strided_view *to)
{
    device_copy t = {queue->context->dev.driver, queue->native, from->data, to->data};
    if (!from->on_device && !to->on_device) {
        views_copy(s, from, to);
        return VECDOT_SUCCESS;
    }
    if (!from->on_device) {
        TRY(host_to_device(s, from, to, t));
        return t.driver->queue_finish(t.queue);
    }
    if (!to->on_device) return device_to_host(s, from, to, t);
    return device_to_device(s, from, to, t);
}

/* ---- The public call ----------------------------------------------------------------------------- */

static vecdot_status check_place(const vecdot_context *context, const char *name, const DLTensor *t)
{
    if (tensor_place(context, t) != PLACE_ELSEWHERE) return VECDOT_SUCCESS;
    return refuse_place(context, "vecdot_copy", name, t);
}

/* Checks that the device memory holds the view's whole range. */
static vecdot_status check_memory(const vecdot_context *context, const char *name, place kind,
                                  strided_view *d)
{
    char argument[32] = "vecdot_copy: ";
    if (!d->on_device) return VECDOT_SUCCESS;
    strcat(argument, name);
    if (kind == PLACE_ADDRESS) { /* count offsets from the first byte in use */
        d->data = (char *)d->data + d->low;
        d->origin -= d->low;
        d->high -= d->low;
        d->low = 0;
    } else if (d->low < 0) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "%s: its strides and byte_offset reach %" PRId64 " bytes before its "
                    "buffer",
                    argument, -d->low);
    }
    return context->dev.driver->memory_check(context->native, d->data, (size_t)d->high, argument);
}

static int is_on_device(place kind)
{
    return kind == PLACE_ADDRESS || kind == PLACE_HANDLE;
}

static int has_no_elements(const DLTensor *t)
{
    for (int i = 0; i < t->ndim; i++) {
        if (t->shape[i] == 0) return 1;
    }
    return 0;
}

vecdot_status vecdot_copy(vecdot_queue *queue, const DLTensor *from, const DLTensor *to)
{
    UNCANCELLED;
    index_space s;
    strided_view views[2];
    if (queue == NULL) return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_copy: queue is NULL");
    TRY(check_tensor("from", from));
    TRY(check_tensor("to", to));
    TRY(check_dtype("from", from->dtype));
    TRY(check_dtype("to", to->dtype));
    TRY(check_alike(from, to));
    const vecdot_context *context = queue->context;
    const place from_place = tensor_place(context, from), to_place = tensor_place(context, to);
    views[0] = (strided_view){.data = from->data, .on_device = is_on_device(from_place)};
    views[1] = (strided_view){.data = to->data, .on_device = is_on_device(to_place)};
    s.itemsize = dtype_size(dtype_from_dlpack(from->dtype));
    if (has_no_elements(from)) {
        TRY(check_place(context, "from", from));
        return check_place(context, "to", to);
    }
    if (!measure_space(from, to, &s, views) || !measure_range(&s, from, &views[0]) ||
        !measure_range(&s, to, &views[1])) {
        return fail(VECDOT_ERROR_OVERFLOW,
                    "vecdot_copy: the sizes, strides or byte offset of an array do not fit int64");
    }
    views_normalise(&s, views);
    TRY(check_place(context, "from", from));
    TRY(check_place(context, "to", to));
    TRY(context_check(context));
    TRY(check_memory(context, "from", from_place, &views[0]));
    TRY(check_memory(context, "to", to_place, &views[1]));
    TRY(check_overlap(context, &s, &views[0], &views[1]));
    return copy_elements(queue, &s, &views[0], &views[1]);
}
