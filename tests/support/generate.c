/* Random legal problems. First the result's shape and the contracted size, then which operand moves along
 * which dimension, then where the contracted axis lies, then a memory layout for each array, then values. */
#include "support/generate.h"

#include <stdlib.h>
#include <string.h>

/* The result of a problem before it is split into operands. */
typedef struct sketch {
    int64_t n;
    int rank;
    int64_t shape[REFERENCE_MAX_RANK];
    int moves[2][REFERENCE_MAX_RANK]; /* whether operand i moves along dimension d */
    int turned; /* one operand has the contracted axis innermost, the other outside the last dimension */
    int lanes;  /* both operands have it innermost, in whole vectors                                 */
    int rows;   /* both operands have it innermost, with gaps between rows or none                   */
} sketch;

/* Between 1 and about 2^bits, small numbers as likely as large ones. */
static int64_t log_uniform(random_source *random, int bits)
{
    int64_t top = (int64_t)1 << random_below(random, bits + 1);
    return top + random_below(random, top);
}

/* ---- Sizes --------------------------------------------------------------------------------------- */

static int64_t contracted_size(random_source *random)
{
    int64_t choice = random_below(random, 100);
    if (choice < 3) return 0;
    if (choice < 10) return 1;
    if (choice < 45) return 2 + random_below(random, 39);
    if (choice < 75) return log_uniform(random, 9);
    if (choice < 97) return log_uniform(random, 12);
    return log_uniform(random, 15);
}

static void sketch_sizes(sketch *s, int small, random_source *random)
{
    static const int ranks[] = {0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6};
    s->n = contracted_size(random);
    s->rank = ranks[random_below(random, 20)];
    int64_t budget =
        log_uniform(random, random_chance(random, 5) && !small ? 17 : 13) / (s->n ? s->n : 1) + 1;
    if (random_chance(random, 30)) budget = 1 + random_below(random, 16);
    for (int d = 0; d < s->rank; d++) {
        int64_t size = 1 + random_below(random, budget);
        if (random_chance(random, 30)) size = budget;
        if (random_chance(random, 15)) size = 1;
        s->shape[d] = random_chance(random, 1) ? 0 : size;
        budget = budget / size + 1;
    }
    for (int d = s->rank - 1; d > 0; d--) { /* the large one may be anywhere */
        int64_t other = random_below(random, d + 1), size = s->shape[d];
        s->shape[d] = s->shape[other];
        s->shape[other] = size;
    }
}

/* Dimensions of size 1 between the others, up to NumPy's limit. */
static void sketch_widen(sketch *s, random_source *random)
{
    int rank = s->rank + (int)random_below(random, REFERENCE_MAX_RANK - s->rank);
    while (s->rank < rank) {
        int at = (int)random_below(random, s->rank + 1);
        memmove(&s->shape[at + 1], &s->shape[at], sizeof s->shape[0] * (size_t)(s->rank - at));
        s->shape[at] = 1;
        s->rank++;
    }
}

static void sketch_moves(sketch *s, random_source *random)
{
    for (int d = 0; d < s->rank; d++) {
        int64_t choice = random_below(random, 100);
        s->moves[0][d] = choice < 75 && s->shape[d] != 1;
        s->moves[1][d] = (choice < 55 || choice >= 75) && choice < 96 && s->shape[d] != 1;
    }
}

/* Whole vectors along the contracted axis and along the last dimension. */
static void sketch_turned(sketch *s, random_source *random)
{
    s->turned = 1;
    s->n = 16 * log_uniform(random, 8);
    s->rank = 1 + (int)random_below(random, 2);
    s->shape[0] = 1 + random_below(random, 3);
    s->shape[s->rank - 1] = 4 * log_uniform(random, 4);
    sketch_moves(s, random);
    s->moves[0][s->rank - 1] = s->moves[1][s->rank - 1] = 1;
}

/* A product: dimensions along which x1 alone moves, others along which x2 alone does, and perhaps a
 * batch. */
static void sketch_matrix(sketch *s, random_source *random)
{
    int64_t budget = log_uniform(random, 18), sizes[2];
    sizes[0] = 7 + log_uniform(random, 6);
    sizes[1] = 7 + log_uniform(random, 6);
    budget /= sizes[0] * sizes[1];
    s->n = budget < 2 ? 1 + random_below(random, 20) : 1 + random_below(random, budget);
    if (random_chance(random, 3)) s->n = random_below(random, 2);
    s->rank = 0;
    for (int side = 0; side < 2; side++) {
        int64_t inner = random_chance(random, 25) ? 2 + random_below(random, 4) : 1;
        for (int part = 0; part < 2; part++) {
            s->shape[s->rank] = part ? inner : (sizes[side] + inner - 1) / inner;
            s->moves[side][s->rank] = s->shape[s->rank] != 1;
            s->moves[!side][s->rank++] = 0;
        }
    }
    s->shape[s->rank] = random_chance(random, 30) ? 1 + random_below(random, 4) : 1;
    s->moves[0][s->rank] = s->moves[1][s->rank] = s->shape[s->rank] != 1;
    s->rank++;
    for (int d = s->rank - 1; d > 0; d--) {
        int other = (int)random_below(random, d + 1);
        int64_t size = s->shape[d];
        s->shape[d] = s->shape[other];
        s->shape[other] = size;
        for (int i = 0; i < 2; i++) {
            int moves = s->moves[i][d];
            s->moves[i][d] = s->moves[i][other];
            s->moves[i][other] = moves;
        }
    }
}

/* A product with a short side, whose operands have whole vectors along the contracted axis. */
static void sketch_skinny(sketch *s, random_source *random)
{
    int short_side = (int)random_below(random, 2), strip = random_chance(random, 60);
    s->lanes = 1;
    s->n = 16 * (4 + random_below(random, strip ? 5 : 40));
    s->rank = 2;
    s->shape[short_side] = 8 + random_below(random, strip ? 25 : 9);
    s->shape[!short_side] = strip ? 160 + random_below(random, 120) : 8 + random_below(random, 9);
    for (int side = 0; side < 2; side++) {
        s->moves[side][side] = 1;
        s->moves[side][!side] = 0;
    }
}

/* Rows by dozens, whose elements lie next to each other. */
static void sketch_rows(sketch *s, random_source *random)
{
    s->rows = 1;
    s->n = random_chance(random, 50) ? 1 + random_below(random, 40) : log_uniform(random, 11);
    s->rank = 1 + (int)random_below(random, 2);
    s->shape[0] = 1 + random_below(random, 3);
    s->shape[s->rank - 1] = 1 + random_below(random, 70);
    sketch_moves(s, random);
}

/* ---- Operands ------------------------------------------------------------------------------------ */

/* The batch dimensions of operand i, without `skip` of the result's last; those on the left along which
 * it does not move may be left out. */
static void operand_shape(array *a, const sketch *s, int i, int skip, random_source *random)
{
    int first = 0, last = s->rank - skip, drop = random_chance(random, 60);
    while (drop && first < last && !s->moves[i][first]) first++;
    a->ndim = 0;
    for (int d = first; d < last; d++) a->shape[a->ndim++] = s->moves[i][d] ? s->shape[d] : 1;
}

static void insert_dimension(array *a, int at, int64_t size)
{
    memmove(&a->shape[at + 1], &a->shape[at], sizeof a->shape[0] * (size_t)(a->ndim - at));
    a->shape[at] = size;
    a->ndim++;
}

static void choose_axes(trial *p, random_source *random)
{
    int ndim[2] = {p->array[ARRAY_X1].ndim + 1, p->array[ARRAY_X2].ndim + 1};
    int least = ndim[0] < ndim[1] ? ndim[0] : ndim[1];
    p->axis[0] = p->axis[1] = -1;
    if (random_chance(random, 30)) return;
    if (random_chance(random, 50)) {
        p->axis[0] = p->axis[1] = (int32_t)(random_below(random, 2 * least) - least);
        return;
    }
    for (int i = 0; i < 2; i++) p->axis[i] = (int32_t)(random_below(random, 2 * ndim[i]) - ndim[i]);
}

static void insert_axis(trial *p, const sketch *s)
{
    for (int i = 0; i < 2; i++) {
        array *a = &p->array[i];
        insert_dimension(a, p->axis[i] < 0 ? p->axis[i] + a->ndim + 1 : p->axis[i], s->n);
    }
}

/* The operands of a vecdot, and its out. */
static void vecdot_shapes(trial *p, const sketch *s, random_source *random)
{
    array *out = &p->array[ARRAY_OUT];
    operand_shape(&p->array[ARRAY_X1], s, 0, 0, random);
    operand_shape(&p->array[ARRAY_X2], s, 1, 0, random);
    choose_axes(p, random);
    insert_axis(p, s);
    out->ndim = s->rank;
    memcpy(out->shape, s->shape, sizeof out->shape);
    if (random_chance(random, 20)) { /* x1's axis says where the kept dimension is, counted in out */
        p->keepdims = 1;
        insert_dimension(out, p->axis[0] < 0 ? p->axis[0] + out->ndim + 1 : p->axis[0], 1);
    }
    if (random_chance(random, 20)) p->flags |= VECDOT_NO_CONJ;
    if (random_chance(random, 20)) p->flags |= VECDOT_REPRODUCIBLE;
}

/* The matrix has the result's last dimension; the vector lacks it. */
static void product_shapes(trial *p, sketch *s, random_source *random)
{
    int matrix = p->op == CALL_MATVEC ? ARRAY_X1 : ARRAY_X2,
        vector = matrix == ARRAY_X1 ? ARRAY_X2 : ARRAY_X1;
    if (s->rank == 0) s->shape[s->rank++] = 1 + random_below(random, 9);
    s->moves[matrix][s->rank - 1] = 1;
    operand_shape(&p->array[matrix], s, matrix, 0, random);
    operand_shape(&p->array[vector], s, vector, 1, random);
    insert_dimension(&p->array[matrix], p->array[matrix].ndim - (matrix == ARRAY_X2), s->n);
    insert_dimension(&p->array[vector], p->array[vector].ndim, s->n);
    p->array[ARRAY_OUT].ndim = s->rank;
    memcpy(p->array[ARRAY_OUT].shape, s->shape, sizeof s->shape);
}

static void choose_types(trial *p, int alike, random_source *random)
{
    ref_type a = (ref_type)random_below(random, REF_COUNT), b = (ref_type)random_below(random, REF_COUNT);
    if (random_chance(random, alike ? 90 : 60)) b = a;
    p->array[ARRAY_X1].type = a;
    p->array[ARRAY_X2].type = b;
    p->dtype = REF_COUNT;
    if (p->op == CALL_VECDOT && random_chance(random, 15)) {
        do p->dtype = (ref_type)random_below(random, REF_COUNT);
        while (!ref_same_kind(a, p->dtype) || !ref_same_kind(b, p->dtype));
    }
    ref_type compute = trial_compute_type(p);
    p->array[ARRAY_OUT].type = compute;
    if (random_chance(random, 25)) {
        do p->array[ARRAY_OUT].type = (ref_type)random_below(random, REF_COUNT);
        while (!ref_same_kind(compute, p->array[ARRAY_OUT].type));
    }
}

/* ---- Layout -------------------------------------------------------------------------------------- */

/* Lowest and highest element of an array, relative to element [0, ..., 0]. */
typedef struct extent {
    int64_t low, high;
} extent;

static void shuffle(int *order, int count, random_source *random)
{
    for (int i = count - 1; i > 0; i--) {
        int64_t other = random_below(random, i + 1);
        int swap = order[i];
        order[i] = order[other];
        order[other] = swap;
    }
}

/* Strides that keep elements apart, in C order or any other, with gaps and reversals. */
static void apart_strides(array *a, random_source *random)
{
    int order[REFERENCE_MAX_RANK], plain = random_chance(random, 45);
    int64_t stride = !plain && random_chance(random, 30) ? 2 + random_below(random, 3) : 1;
    for (int d = 0; d < a->ndim; d++) order[d] = a->ndim - 1 - d;
    if (!plain && random_chance(random, 60)) shuffle(order, a->ndim, random);
    for (int i = 0; i < a->ndim; i++) {
        int d = order[i];
        a->strides[d] = !plain && random_chance(random, 20) ? -stride : stride;
        stride *= a->shape[d] ? a->shape[d] : 1;
        if (!plain && random_chance(random, 15)) stride += random_below(random, 9);
    }
}

/* C order, except for the contracted axis: innermost, with a gap after each row, or anywhere outside the last
 * batch dimension. */
static void turned_strides(array *a, int32_t axis, int innermost, int64_t gap, random_source *random)
{
    int order[REFERENCE_MAX_RANK], count = 0, at = axis < 0 ? axis + a->ndim : axis;
    int before = innermost || a->ndim < 2 ? 0 : 1 + (int)random_below(random, a->ndim - 1);
    int64_t stride = 1;
    for (int d = a->ndim - 1; d >= 0; d--) {
        if (count == before) order[count++] = at;
        if (d != at) order[count++] = d;
    }
    if (count < a->ndim) order[count] = at;
    for (int i = 0; i < a->ndim; i++) {
        a->strides[order[i]] = stride;
        stride = stride * a->shape[order[i]] + (i == 0 ? gap : 0);
    }
}

/* Inputs may also repeat elements: zero strides, windows that overlap. */
static void repeat_strides(array *a, random_source *random)
{
    for (int d = 0; d < a->ndim; d++) {
        if (random_chance(random, 15))
            a->strides[d] = 0;
        else if (random_chance(random, 10))
            a->strides[d] = random_below(random, 7) - 3;
    }
}

static void choose_layout(array *a, int is_input, random_source *random)
{
    a->no_strides = random_chance(random, 20);
    if (a->no_strides)
        array_make_contiguous(a);
    else
        apart_strides(a, random);
    if (is_input && !a->no_strides && random_chance(random, 25)) repeat_strides(a, random);
}

/* No one may look at the stride of a dimension of size 1, or at any of an empty array. */
static void spoil_strides(array *a, random_source *random)
{
    int empty = array_elements(a) == 0;
    for (int d = 0; d < a->ndim && !a->no_strides; d++) {
        int unused = a->shape[d] == 1 || empty;
        if (unused && random_chance(random, 40)) a->strides[d] = (int64_t)random_bits(random);
    }
    if (empty && random_chance(random, 50)) a->no_data = 1;
}

static extent array_extent(const array *a)
{
    extent e = {0, 0};
    if (array_elements(a) == 0) return e;
    for (int d = 0; d < a->ndim; d++) {
        int64_t reach = array_stride(a, d) * (a->shape[d] - 1);
        if (reach < 0)
            e.low += reach;
        else
            e.high += reach;
    }
    return e;
}

/* Puts the array into a storage that so far has `size` bytes; returns the size that it needs. */
static size_t place(array *a, size_t size, int aligned, random_source *random)
{
    extent e = array_extent(a);
    int64_t item = ref_size(a->type), bytes = (e.high - e.low + 1) * item, start = 0, after = 0;
    if (random_chance(random, 80)) start = random_below(random, 1 + (size ? (int64_t)size : 96));
    if (!random_chance(random, 25)) start -= start % item;
    if (random_chance(random, aligned ? 95 : 40)) start -= start % 16;
    if (random_chance(random, 80)) after = random_below(random, 64);
    a->offset = start - e.low * item;
    a->in_pointer = random_chance(random, 50) ? a->offset : random_below(random, a->offset + 1);
    int64_t needed = start + bytes + after;
    return needed > (int64_t)size ? (size_t)needed : size;
}

static int place_all(trial *p, const sketch *s, random_source *random)
{
    int rows = (int)random_below(random, 2); /* which input's, where they are turned */
    size_t sizes[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        array *a = &p->array[i];
        if (s->rows && i != ARRAY_OUT)
            turned_strides(a, p->axis[i], 1, random_chance(random, 40) ? random_below(random, 20) : 0,
                           random);
        else if ((s->turned || s->lanes) && i != ARRAY_OUT)
            turned_strides(a, p->axis[i], s->lanes || i == rows, 0, random);
        else
            choose_layout(a, i != ARRAY_OUT, random);
        a->storage = i && random_chance(random, 12) ? (int)random_below(random, i) : i;
        a->storage = p->array[a->storage].storage;
        sizes[a->storage] = place(a, sizes[a->storage], s->turned || s->lanes, random);
        spoil_strides(a, random);
    }
    for (int i = 0; i < 3; i++) {
        if (!storage_create(p, i, sizes[i])) return 0;
    }
    return 1;
}

/* ---- Values -------------------------------------------------------------------------------------- */

typedef struct painter {
    ref_type type;
    int palette;
    random_source *random;
} painter;

static void paint(unsigned char *element, void *argument)
{
    painter *with = argument;
    value_generate(with->type, with->palette, with->random, element);
}

void array_fill(trial *p, const array *a, int palette, random_source *random)
{
    painter with = {a->type, palette, random};
    array_visit(p, a, paint, &with);
}

static void fill(trial *p, random_source *random)
{
    static const unsigned char poison[] = {0xff, 0xa5, 0x7f, 0x7c};
    for (int i = 0; i < 3; i++) {
        if (p->storage[i].size) {
            memset(p->storage[i].bytes, poison[random_below(random, 4)], p->storage[i].size);
        }
    }
    for (int i = 0; i < 2; i++) {
        array_fill(p, &p->array[i], (int)random_below(random, PALETTES), random);
    }
}

int trial_generate(trial *p, int small, random_source *random)
{
    sketch s;
    int64_t choice = random_below(random, 100);
    trial_start(p);
    memset(&s, 0, sizeof s);
    p->op = choice < 8 ? CALL_MATVEC : choice < 16 ? CALL_VECMAT : CALL_VECDOT;
    if (random_chance(random, 12)) {
        sketch_matrix(&s, random);
    } else if (p->op == CALL_VECDOT && random_chance(random, 6)) {
        sketch_turned(&s, random);
    } else if (p->op == CALL_VECDOT && random_chance(random, 2)) {
        sketch_skinny(&s, random);
    } else if (p->op == CALL_VECDOT && random_chance(random, 10)) {
        sketch_rows(&s, random);
    } else {
        sketch_sizes(&s, small, random);
        if (random_chance(random, 3)) sketch_widen(&s, random);
        sketch_moves(&s, random);
    }
    choose_types(p, s.turned || s.lanes || s.rows, random);
    if (p->op == CALL_VECDOT)
        vecdot_shapes(p, &s, random);
    else
        product_shapes(p, &s, random);
    p->plain = p->op == CALL_VECDOT && p->axis[0] == p->axis[1] && !p->keepdims && !p->flags &&
               p->dtype == REF_COUNT && random_chance(random, 80);
    if (!place_all(p, &s, random)) return 0;
    fill(p, random);
    return 1;
}
