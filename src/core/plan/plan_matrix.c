/* Class matrix: x1 alone moves along the rows of a product, x2 alone along its columns. The work is cut into
 * rectangles of outputs, and few outputs with long sums into tree nodes. */
#include "core/plan/plan_matrix.h"

#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

enum {
    LEAST_ROWS = 112,         /* of a rectangle on a CPU: packing its columns must pay          */
    MOST_ROWS = 4096,         /* ... and enough to hide dispatch                                */
    RECTANGLES_PER_CORE = 8,  /* enough to even out uneven cores                                */
    LEAST_PER_CORE = 4,       /* fewer than this a core: split the sums                         */
    NODE_BYTES = 1 << 17,     /* of operands that a rectangle's node should read at least       */
    MOST_BLOCKS = 1 << 14,    /* of a node: the levels of matrix_cpu's waiting sums stay few    */
    TEAMS_PER_UNIT = 2,       /* of 256 work-items of a GPU ...                                 */
    SMALL_TEAMS_PER_UNIT = 64 /* ... and of 16 or of 4                                          */
};

enum {                      /* skinny_gpu */
       STRIP_TEAMS = 8,     /* per unit, of 128 work-items                                         */
       MOST_IN_STRIPS = 32, /* lanes of the short side: two strips                                 */
       LEAST_OF_STRIP = 160 /* lanes of the long side for which a strip pays                       */
};

void matrix_fill_dims(params *q)
{
    int d = q->rank;
    q->rows = q->columns = 1;
    for (; d > 0 && q->step1[d - 1] == 0 && q->step2[d - 1] != 0; d--) {
        q->columns *= q->shape[d - 1];
        q->column_dims++;
    }
    for (; d > 0 && q->step1[d - 1] != 0 && q->step2[d - 1] == 0; d--) {
        q->rows *= q->shape[d - 1];
        q->row_dims++;
    }
}

/* ---- CPU ---- */

/* Bytes of one of an accumulator's numbers in matrix_cpu, and of all of an element's. */
static int64_t component_bytes(const variant *v)
{
    switch (v->group) {
    case GROUP_F64:
    case GROUP_C128: return 8;
    case GROUP_INT: return variant_result_bytes(v) < 4 ? 2 : variant_result_bytes(v);
    default: return 4;
    }
}

static int64_t accumulator_bytes(const variant *v)
{
    return component_bytes(v) * (v->group == GROUP_C64 || v->group == GROUP_C128 ? 2 : 1);
}

/* Columns of a register tile. */
static int64_t tile_columns(const variant *v)
{
    int64_t components = TILE_VECTORS * VECTOR_COMPONENTS(component_bytes(v));
    return components * component_bytes(v) / accumulator_bytes(v);
}

static int64_t padded(int64_t x, int64_t unit)
{
    return ceil_div(x, unit) * unit;
}

/* Columns of a rectangle: as many as fit matrix_cpu, all rectangles of about one width. */
static int64_t rectangle_columns(const variant *v, int64_t columns)
{
    int64_t most = MATRIX_COLUMN_BYTES / (MATRIX_BLOCK * accumulator_bytes(v));
    return padded(ceil_div(columns, ceil_div(columns, most)), tile_columns(v));
}

/* Rows of a rectangle: enough that packing the columns pays, few enough for every core to have some, and for
 * the waiting sums of a node of that many blocks. */
static int64_t rectangle_rows(const variant *v, const params *q, int64_t blocks, const plan_policy *policy)
{
    int64_t units = policy->units > 0 ? policy->units : 1, columns = rectangle_columns(v, q->columns),
            levels = 0;
    while (blocks > (int64_t)1 << levels) levels++;
    int64_t most = levels == 0
                       ? MOST_ROWS
                       : MATRIX_SUM_BYTES / (columns * accumulator_bytes(v) * levels) - MOST_TILE_ROWS;
    if (most > MOST_ROWS) most = MOST_ROWS;
    int64_t others = q->outputs / q->rows / q->columns * ceil_div(q->columns, columns) * q->nodes;
    int64_t enough = ceil_div(q->rows * others, units * RECTANGLES_PER_CORE);
    int64_t rows = enough > LEAST_ROWS ? enough : LEAST_ROWS;
    if (rows > most) rows = most;
    return ceil_div(q->rows, ceil_div(q->rows, rows));
}

static int64_t rectangles(const variant *v, const params *q, int64_t blocks, const plan_policy *policy)
{
    return q->outputs / q->rows / q->columns * ceil_div(q->columns, rectangle_columns(v, q->columns)) *
           ceil_div(q->rows, rectangle_rows(v, q, blocks, policy));
}

/* ---- GPU ---- */

/* skinny_gpu's strips lie along the columns. */
static int is_turned(const params *q)
{
    return q->columns > q->rows;
}

/* A team's outputs along a side of its tile, as in matrix_gpu and skinny_gpu. */
static int64_t team_rows(const variant *v)
{
    int64_t bytes = at_least(variant_result_bytes(v), 4);
    return v->kernel == KERNEL_SKINNY_GPU ? SKINNY_TEAM_ROWS(v->tile, bytes)
                                          : MATRIX_TEAM_ROWS(v->tile, bytes);
}

static int64_t team_columns(const variant *v)
{
    int64_t bytes = at_least(variant_result_bytes(v), 4);
    return v->kernel == KERNEL_SKINNY_GPU ? SKINNY_TEAM_COLUMNS(v->tile)
                                          : MATRIX_TEAM_COLUMNS(v->tile, bytes);
}

static int64_t teams(const variant *v, const params *q)
{
    int turned = v->kernel == KERNEL_SKINNY_GPU && v->tile == STRIP && is_turned(q);
    int64_t down = turned ? q->columns : q->rows, right = turned ? q->rows : q->columns;
    return q->outputs / q->rows / q->columns * ceil_div(down, team_rows(v)) *
           ceil_div(right, team_columns(v));
}

/* Teams that keep the device busy. */
static int64_t enough_teams(const variant *v, const plan_policy *policy)
{
    int64_t units = policy->units > 0 ? policy->units : 1;
    return units * (v->tile == 1 ? SMALL_TEAMS_PER_UNIT : v->tile == STRIP ? STRIP_TEAMS : TEAMS_PER_UNIT);
}

/* Squares as large as leaves every unit some, no larger than the outputs fill. */
static int choose_tile(variant v, const params *q, const plan_policy *policy)
{
    int64_t least = q->rows < q->columns ? q->rows : q->columns;
    if (least <= 16) return 1;
    v.tile = 8;
    return least > 64 && teams(&v, q) >= enough_teams(&v, policy) ? 8 : 4;
}

/* Every lane of an operand starts on a 16-byte boundary and lies along the contracted axis, and a strip's are
 * at most 2^31 times 16 bytes apart. */
static int has_vector_lanes(const problem *p, int array)
{
    if (!p->vectors[array] || p->stride[array] != 1) return 0;
    for (int d = 0; d < p->rank; d++) {
        int64_t bytes = p->step[array][d] * dtype_size(p->type[array]),
                most = (INT64_C(16) << 31) / STRIP_ROWS;
        if (bytes % 16 != 0 || bytes <= -most || bytes >= most) return 0;
    }
    return 1;
}

/* The tile of skinny_gpu for a product with a short side; 0: not for that kernel. Of complex numbers it
 * multiplies x1's lanes, conjugated, by x2's, and not the other way round. */
static int choose_skinny_tile(const problem *p, const params *q)
{
    int turned = is_turned(q), along = turned ? X2 : X1, across = turned ? X1 : X2;
    int is_complex = dtype_group(p->result) == GROUP_C64 || dtype_group(p->result) == GROUP_C128;
    int64_t least = turned ? q->rows : q->columns, most = turned ? q->columns : q->rows;
    if (least > MOST_IN_STRIPS || q->row_dims > 1 || q->column_dims > 1) return 0;
    if (!has_vector_lanes(p, along) || p->n * dtype_size(p->result) < 128) return 0;
    if (most >= LEAST_OF_STRIP && !(turned && is_complex)) return STRIP;
    return least <= STRIP && has_vector_lanes(p, across) ? 1 : 0;
}

/* ---- Both ---- */

variant matrix_variant(const problem *p, const plan_policy *policy, const params *q)
{
    int typed = !policy->force_any && !p->misaligned[X1] && !p->misaligned[X2] && p->type[X1] == p->result &&
                p->type[X2] == p->result;
    kernel_id kernel = policy->schedule == SCHEDULE_CPU ? KERNEL_MATRIX_CPU : KERNEL_MATRIX_GPU;
    variant v = typed ? variant_typed(kernel, LOAD_STRIDED, p->result, p->result, p->result, 1)
                      : variant_grouped(kernel, LOAD_ANY, dtype_group(p->result), 1);
    if (kernel == KERNEL_MATRIX_CPU) return v;
    int skinny = typed ? choose_skinny_tile(p, q) : 0;
    if (skinny > 0)
        return variant_typed(KERNEL_SKINNY_GPU, LOAD_VECTOR, p->result, p->result, p->result, skinny);
    v.tile = (uint8_t)(typed ? choose_tile(v, q, policy) : 4);
    return v;
}

static int64_t node_blocks(const variant *v)
{
    return v->kernel == KERNEL_MATRIX_CPU ? MOST_BLOCKS : MATRIX_NODE_BLOCKS;
}

/* How many nodes an output should be cut into. */
static int64_t wanted_nodes(const problem *p, const plan_policy *policy, const step *s)
{
    int64_t units = policy->units > 0 ? policy->units : 1, bytes = accumulator_bytes(&s->v);
    if (s->v.kernel != KERNEL_MATRIX_CPU) {
        int64_t items = teams(&s->v, &s->p), full = enough_teams(&s->v, policy);
        return items >= full ? 1 : ceil_div(full, items);
    }
    int64_t items = rectangles(&s->v, &s->p, 1, policy);
    if (items >= units * LEAST_PER_CORE) return 1;
    int64_t nodes = ceil_div(units * RECTANGLES_PER_CORE, items);
    int64_t most = p->n / ceil_div(NODE_BYTES, (s->p.rows + s->p.columns) * bytes);
    return nodes < most ? nodes : most > 0 ? most : 1;
}

void matrix_choose_nodes(const problem *p, const plan_policy *policy, int64_t max_node_elements,
                         const step *s, plan *pl)
{
    int64_t blocks = ceil_div(p->n, MATRIX_BLOCK), most = node_blocks(&s->v);
    int64_t wanted = policy->force_nodes > 0 ? policy->force_nodes : wanted_nodes(p, policy, s);
    if (policy->force == CLASS_SPLIT && wanted < 2) wanted = 2;
    if (most > max_node_elements / MATRIX_BLOCK) most = max_node_elements / MATRIX_BLOCK;
    while (pl->node_chunks < blocks && pl->node_chunks * 2 <= most &&
           ceil_div(blocks, pl->node_chunks * 2) >= wanted)
        pl->node_chunks *= 2;
    if (wanted == 1 && blocks <= most) pl->node_chunks = blocks;
    pl->nodes = ceil_div(blocks, pl->node_chunks);
}

void matrix_size_step(const plan *pl, const plan_policy *policy, step *s)
{
    params *q = &s->p;
    if (s->v.kernel == KERNEL_SKINNY_GPU) {
        q->swap = s->v.tile == STRIP && is_turned(q);
        int64_t in_group = SKINNY_GROUP_ITEMS(s->v.tile) / SKINNY_TEAM_ITEMS(s->v.tile);
        s->group_size = SKINNY_GROUP_ITEMS(s->v.tile);
        s->groups = (size_t)ceil_div(teams(&s->v, q) * q->nodes, in_group);
        return;
    }
    if (s->v.kernel == KERNEL_MATRIX_GPU) {
        int64_t in_group = MATRIX_GROUP_ITEMS(s->v.tile) / MATRIX_TEAM_ITEMS(s->v.tile);
        s->group_size = MATRIX_GROUP_ITEMS(s->v.tile);
        s->groups = (size_t)ceil_div(teams(&s->v, q) * q->nodes, in_group);
        return;
    }
    q->panel = rectangle_columns(&s->v, q->columns);
    q->block = rectangle_rows(&s->v, q, pl->node_chunks, policy);
    s->group_size = 1;
    s->groups = (size_t)(rectangles(&s->v, q, pl->node_chunks, policy) * q->nodes);
}
