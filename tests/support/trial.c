/* Storages, the broadcast of a problem to what the reference takes, the call, and the check of every byte. */
#include "support/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void trial_start(trial *p)
{
    memset(p, 0, sizeof *p);
    p->axis[0] = p->axis[1] = -1;
    p->dtype = REF_COUNT;
}

void trial_free(trial *p)
{
    for (int i = 0; i < 3; i++) {
        storage *s = &p->storage[i];
        if (s->device) s->device->deleter(s->device);
        free(s->bytes);
        free(s->before);
        memset(s, 0, sizeof *s);
    }
}

int storage_create(trial *p, int index, size_t size)
{
    p->storage[index].size = size;
    p->storage[index].bytes = calloc(size ? size : 1, 1);
    return p->storage[index].bytes != NULL;
}

int trial_seal(trial *p)
{
    for (int i = 0; i < 3; i++) {
        storage *s = &p->storage[i];
        s->before = malloc(s->size ? s->size : 1);
        if (!s->before) return 0;
        if (s->size) memcpy(s->before, s->bytes, s->size);
    }
    return 1;
}

/* ---- Arrays -------------------------------------------------------------------------------------- */

int64_t array_elements(const array *a)
{
    int64_t count = 1;
    for (int d = 0; d < a->ndim; d++) count *= a->shape[d];
    return count;
}

int64_t array_stride(const array *a, int dimension)
{
    return a->shape[dimension] == 1 || array_elements(a) == 0 ? 0 : a->strides[dimension];
}

void array_make_contiguous(array *a)
{
    int64_t stride = 1;
    for (int d = a->ndim - 1; d >= 0; d--) {
        a->strides[d] = stride;
        stride *= a->shape[d];
    }
}

void array_visit(const trial *p, const array *a, void (*visit)(unsigned char *element, void *argument),
                 void *argument)
{
    int64_t index[REFERENCE_MAX_RANK] = {0}, steps[REFERENCE_MAX_RANK], at = 0, count = array_elements(a);
    for (int d = 0; d < a->ndim; d++) steps[d] = array_stride(a, d);
    for (int64_t i = 0; i < count; i++) {
        visit(p->storage[a->storage].bytes + a->offset + at * ref_size(a->type), argument);
        for (int d = a->ndim - 1; d >= 0; d--) {
            at += steps[d];
            if (++index[d] < a->shape[d]) break;
            at -= steps[d] * a->shape[d];
            index[d] = 0;
        }
    }
}

/* ---- Meaning ------------------------------------------------------------------------------------- */

ref_type trial_compute_type(const trial *p)
{
    return p->dtype < REF_COUNT ? p->dtype : ref_promote(p->array[ARRAY_X1].type, p->array[ARRAY_X2].type);
}

/* Steps of one operand along the result's dimensions. `skip` of those, counted from the right, are not its
 * own: the vector of a matrix product has no rows. */
static void operand_steps(const array *a, int core, int skip, int rank, int64_t *steps)
{
    int at = rank - 1 - skip;
    for (int d = 0; d < rank; d++) steps[d] = 0;
    for (int d = a->ndim - 1; d >= 0; d--) {
        if (d != core) steps[at--] = array_stride(a, d);
    }
}

/* An operand's own size along dimension d of the result, 1 where it is broadcast; arguments as above. */
static int64_t operand_size(const array *a, int core, int skip, int rank, int d)
{
    int at = rank - 1 - skip;
    for (int own = a->ndim - 1; own >= 0; own--) {
        if (own == core) continue;
        if (at-- == d) return a->shape[own];
    }
    return 1;
}

/* The rule of class matrix: x1 alone has 8 positions or more along some dimensions, x2 alone along others. */
static int is_matrix(const trial *p, int core1, int core2, int rank)
{
    int64_t rows = 1, columns = 1;
    if ((p->flags & VECDOT_REPRODUCIBLE) || p->reproducible) return 0;
    for (int d = 0; d < rank; d++) {
        int64_t size1 = operand_size(&p->array[ARRAY_X1], core1, p->op == CALL_VECMAT, rank, d);
        int64_t size2 = operand_size(&p->array[ARRAY_X2], core2, p->op == CALL_MATVEC, rank, d);
        if (size2 == 1) rows *= size1;
        if (size1 == 1) columns *= size2;
    }
    return rows >= 8 && columns >= 8;
}

void trial_resolve(const trial *p, reference *r)
{
    const array *x1 = &p->array[ARRAY_X1], *x2 = &p->array[ARRAY_X2], *out = &p->array[ARRAY_OUT];
    int core1 = x1->ndim - 1, core2 = x2->ndim - (p->op == CALL_VECMAT ? 2 : 1), kept = -1;
    if (p->op == CALL_VECDOT) {
        core1 = p->axis[0] + (p->axis[0] < 0 ? x1->ndim : 0);
        core2 = p->axis[1] + (p->axis[1] < 0 ? x2->ndim : 0);
        if (p->keepdims) kept = p->axis[0] + (p->axis[0] < 0 ? out->ndim : 0);
    }
    memset(r, 0, sizeof *r);
    r->type1 = x1->type;
    r->type2 = x2->type;
    r->type_out = out->type;
    r->compute = trial_compute_type(p);
    r->conjugate = p->op != CALL_MATVEC && !(p->flags & VECDOT_NO_CONJ);
    r->n = x1->shape[core1];
    r->stride1 = array_stride(x1, core1);
    r->stride2 = array_stride(x2, core2);
    for (int d = 0; d < out->ndim; d++) {
        if (d == kept) continue;
        r->shape[r->rank] = out->shape[d];
        r->step_out[r->rank++] = array_stride(out, d);
    }
    r->is_matrix = is_matrix(p, core1, core2, r->rank);
    operand_steps(x1, core1, p->op == CALL_VECMAT, r->rank, r->step1);
    operand_steps(x2, core2, p->op == CALL_MATVEC, r->rank, r->step2);
}

/* ---- The call ------------------------------------------------------------------------------------ */

static void bytes_tensor(storage *s, DLTensor *t, int64_t *shape)
{
    memset(t, 0, sizeof *t);
    *shape = (int64_t)(s->size ? s->size : 1);
    t->data = s->bytes;
    t->device.device_type = kDLCPU;
    t->ndim = 1;
    t->dtype = VECDOT_UINT8;
    t->shape = shape;
}

vecdot_status trial_to_device(trial *p, int index, vecdot_context *context, vecdot_queue *queue)
{
    DLTensor host;
    int64_t shape;
    vecdot_status status;
    bytes_tensor(&p->storage[index], &host, &shape);
    status = vecdot_empty(context, VECDOT_UINT8, 1, &shape, &p->storage[index].device);
    if (status != VECDOT_SUCCESS) return status;
    return vecdot_copy(queue, &host, &p->storage[index].device->dl_tensor);
}

void trial_tensor(trial *p, int which, DLTensor *t)
{
    array *a = &p->array[which];
    storage *s = &p->storage[a->storage];
    memset(t, 0, sizeof *t);
    t->ndim = a->ndim;
    t->dtype = ref_dlpack(a->type);
    t->shape = a->ndim ? a->shape : NULL;
    t->strides = a->no_strides || !a->ndim ? NULL : a->strides;
    if (s->device) {
        t->data = s->device->dl_tensor.data;
        t->device = s->device->dl_tensor.device;
        t->byte_offset = s->device->dl_tensor.byte_offset + (uint64_t)a->offset;
    } else {
        t->device.device_type = kDLCPU;
        t->data = a->no_data ? NULL : s->bytes + a->in_pointer;
        t->byte_offset = a->no_data ? 0 : (uint64_t)(a->offset - a->in_pointer);
    }
}

void trial_options(const trial *p, vecdot_options *options)
{
    *options = (vecdot_options)VECDOT_OPTIONS_INIT;
    options->axis[0] = p->axis[0];
    options->axis[1] = p->axis[1];
    options->keepdims = p->keepdims;
    options->flags = p->flags;
    if (p->dtype < REF_COUNT) options->dtype = ref_dlpack(p->dtype);
}

vecdot_status trial_call(trial *p, vecdot_queue *queue)
{
    DLTensor x1, x2, out;
    vecdot_options options;
    trial_tensor(p, ARRAY_X1, &x1);
    trial_tensor(p, ARRAY_X2, &x2);
    trial_tensor(p, ARRAY_OUT, &out);
    trial_options(p, &options);
    if (p->op == CALL_MATVEC) return vecdot_matvec(queue, &x1, &x2, &out);
    if (p->op == CALL_VECMAT) return vecdot_vecmat(queue, &x1, &x2, &out);
    if (p->plain) return vecdot(queue, &x1, &x2, p->axis[0], &out);
    return vecdot_with(queue, &x1, &x2, &options, &out);
}

vecdot_status trial_explain(trial *p, vecdot_queue *queue, char *text, size_t capacity)
{
    DLTensor x1, x2, out;
    vecdot_options options;
    size_t needed;
    trial_tensor(p, ARRAY_X1, &x1);
    trial_tensor(p, ARRAY_X2, &x2);
    trial_tensor(p, ARRAY_OUT, &out);
    trial_options(p, &options);
    return vecdot_explain(queue, &x1, &x2, &options, &out, text, capacity, &needed);
}

/* ---- The check ----------------------------------------------------------------------------------- */

/* Waits, and brings device storages back to `bytes`. */
static int fetch(trial *p, vecdot_queue *queue, char *why, size_t capacity)
{
    vecdot_status status = queue ? vecdot_queue_finish(queue) : VECDOT_SUCCESS;
    for (int i = 0; i < 3 && status == VECDOT_SUCCESS; i++) {
        DLTensor host;
        int64_t shape;
        if (!p->storage[i].device) continue;
        bytes_tensor(&p->storage[i], &host, &shape);
        status = vecdot_copy(queue, &p->storage[i].device->dl_tensor, &host);
    }
    if (status != VECDOT_SUCCESS) snprintf(why, capacity, "reading the result back: %s", vecdot_last_error());
    return status == VECDOT_SUCCESS;
}

static int unchanged(const storage *s, const unsigned char *mask, int index, char *why, size_t capacity)
{
    if (s->size == 0 || (!mask && memcmp(s->bytes, s->before, s->size) == 0)) return 1;
    for (size_t i = 0; i < s->size; i++) {
        if ((mask && mask[i]) || s->bytes[i] == s->before[i]) continue;
        snprintf(why, capacity, "byte %zu of storage %d, outside the output, changed from %02x to %02x", i,
                 index, s->before[i], s->bytes[i]);
        return 0;
    }
    return 1;
}

int trial_untouched(trial *p, vecdot_queue *queue, char *why, size_t capacity)
{
    if (!fetch(p, queue, why, capacity)) return 0;
    for (int i = 0; i < 3; i++) {
        if (!unchanged(&p->storage[i], NULL, i, why, capacity)) return 0;
    }
    return 1;
}

/* What a walk over the outputs compares. */
typedef struct comparison {
    const array *out;
    const unsigned char *got, *expected; /* whole storages                        */
    unsigned char *mask;                 /* marks the bytes that belong to `out`  */
    int64_t seen, wrong;                 /* outputs so far; those that differ     */
    int64_t first, first_at;             /* the first wrong one, and its position */
} comparison;

static void compare_element(unsigned char *element, void *argument)
{
    comparison *c = argument;
    size_t at = (size_t)(element - c->got), size = (size_t)ref_size(c->out->type);
    memset(c->mask + at, 1, size);
    if (!reference_same(c->out->type, c->got + at, c->expected + at) && c->wrong++ == 0) {
        c->first = c->seen;
        c->first_at = (int64_t)at;
    }
    c->seen++;
}

static size_t put_hex(char *text, size_t capacity, const unsigned char *bytes, int size)
{
    size_t length = 0;
    for (int i = 0; i < size && length + 3 < capacity; i++) {
        length += (size_t)snprintf(text + length, capacity - length, "%02x", bytes[i]);
    }
    return length;
}

static int compare(trial *p, const unsigned char *expected, unsigned char *mask, char *why, size_t capacity)
{
    const array *out = &p->array[ARRAY_OUT];
    storage *s = &p->storage[out->storage];
    comparison c = {out, s->bytes, expected, mask, 0, 0, 0, 0};
    array_visit(p, out, compare_element, &c);
    if (c.wrong) {
        char got[40], want[40];
        put_hex(got, sizeof got, s->bytes + c.first_at, ref_size(out->type));
        put_hex(want, sizeof want, expected + c.first_at, ref_size(out->type));
        snprintf(why, capacity,
                 "%" PRId64 " of %" PRId64 " outputs differ; the first is number %" PRId64
                 ": got %s, expected %s (bytes in memory)",
                 c.wrong, c.seen, c.first, got, want);
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        if (!unchanged(&p->storage[i], i == out->storage ? mask : NULL, i, why, capacity)) return 0;
    }
    return 1;
}

int trial_verify(trial *p, vecdot_queue *queue, char *why, size_t capacity)
{
    const array *x1 = &p->array[ARRAY_X1], *x2 = &p->array[ARRAY_X2], *out = &p->array[ARRAY_OUT];
    storage *s = &p->storage[out->storage];
    unsigned char *expected = malloc(s->size + 1), *mask = calloc(s->size + 1, 1);
    reference r;
    int good = 0;
    snprintf(why, capacity, "the test is out of memory");
    trial_resolve(p, &r);
    if (expected && mask && fetch(p, queue, why, capacity)) {
        if (s->size) memcpy(expected, s->before, s->size);
        r.x1 = p->storage[x1->storage].before + x1->offset;
        r.x2 = p->storage[x2->storage].before + x2->offset;
        r.out = expected + out->offset;
        good = reference_compute(&r) && compare(p, expected, mask, why, capacity);
    }
    free(expected);
    free(mask);
    return good;
}

/* ---- Printing ------------------------------------------------------------------------------------ */

static void print_list(FILE *file, const char *label, const int64_t *values, int count)
{
    fprintf(file, " %s (", label);
    for (int i = 0; i < count; i++) fprintf(file, "%s%" PRId64, i ? ", " : "", values[i]);
    fprintf(file, ")");
}

void trial_print(const trial *p, FILE *file)
{
    static const char *const names[3] = {"x1", "x2", "out"}, *const ops[] = {"vecdot", "matvec", "vecmat"};
    fprintf(file, "  %s axis %d, %d keepdims %d dtype %s flags %u%s\n", ops[p->op], (int)p->axis[0],
            (int)p->axis[1], p->keepdims, p->dtype < REF_COUNT ? ref_name(p->dtype) : "-", (unsigned)p->flags,
            p->plain ? " by vecdot()" : "");
    for (int i = 0; i < 3; i++) {
        const array *a = &p->array[i];
        const storage *s = &p->storage[a->storage];
        fprintf(file, "  %s: %s", names[i], ref_name(a->type));
        print_list(file, "shape", a->shape, a->ndim);
        if (a->no_strides)
            fprintf(file, " strides NULL");
        else
            print_list(file, "strides", a->strides, a->ndim);
        fprintf(file, " storage %d (%zu bytes, %s) offset %" PRId64 " of which %" PRId64 " in data%s\n",
                a->storage, s->size, s->device ? "device" : "host", a->offset, a->in_pointer,
                a->no_data ? ", data NULL" : "");
    }
}
