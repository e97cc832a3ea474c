/* Class matrix: products of matrices. x1 alone moves along the rows of a product, x2 alone along its columns.
 * The outputs are cut into rectangles. Where there are few of them and sums are long, sums are split into
 * nodes. */
#include "core/plan/plan_matrix.h"

#include "core/plan/facts.h"
#include "kernels/common/codes.h"
#include "kernels/common/limits.h"

enum {
    LEAST_ROWS = 112,          /* CPU: with fewer rows in a rectangle, packing its columns shows        */
    FEWEST_ROWS = 16,          /* CPU: with fewer than these, packing takes the greater part            */
    MOST_ROWS = 4096,          /* CPU: as many hide the dispatch of a rectangle                         */
    RECTANGLES_PER_CORE = 8,   /* CPU: as many even out uneven cores                                    */
    LEAST_PER_CORE = 4,        /* CPU: with fewer rectangles a core, sums are split                     */
    NODE_BYTES = 1 << 17,      /* CPU: a rectangle's node reads at least so much of the operands        */
    MOST_BLOCKS = 1 << 14,     /* CPU: blocks of a node at most, so that few sums wait in the tree      */
    TEAMS_PER_UNIT = 2,        /* GPU: teams of 256 work-items that keep a compute unit busy            */
    SMALL_TEAMS_PER_UNIT = 64, /* GPU: teams of 16 or of 4 work-items that do                           */
    STRIP_TEAMS = 8,           /* skinny_gpu: teams of 128 work-items that do                           */
    MOST_IN_STRIPS = 32,       /* skinny_gpu: the short side has at most so many lanes, two strips      */
    LEAST_OF_STRIP = 160       /* skinny_gpu: a strip pays from so many lanes of the long side on       */
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

/* Bytes of a component of an accumulator of matrix_cpu. A complex accumulator has two components. */
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
static int64_t tile_columns(const variant *v, const plan_policy *policy)
{
    int64_t components = TILE_VECTORS * VECTOR_COMPONENTS(component_bytes(v), policy->vector_bytes);
    return components * component_bytes(v) / accumulator_bytes(v);
}

static int64_t padded(int64_t x, int64_t unit)
{
    return ceil_div(x, unit) * unit;
}

/* Columns of a rectangle: as many as matrix_cpu has room for. All rectangles have about the same width. */
static int64_t rectangle_columns(const variant *v, int64_t columns, const plan_policy *policy)
{
    int64_t most = MATRIX_COLUMN_BYTES / (MATRIX_BLOCK * accumulator_bytes(v));
    return padded(ceil_div(columns, ceil_div(columns, most)), tile_columns(v, policy));
}

/* Into how many parts to cut the rows where there are `others` rectangles side by side, so that there are
 * RECTANGLES_PER_CORE. With fewer, all cores have as many. */
static int64_t parts_of_rows(int64_t rows, int64_t others, int64_t units)
{
    int64_t parts = at_most(ceil_div(units * RECTANGLES_PER_CORE, others), at_least(rows / LEAST_ROWS, 1));
    if (others * parts >= units * RECTANGLES_PER_CORE) return parts;
    int64_t even = ceil_div(ceil_div(others * parts, units) * units, others);
    return at_most(even, at_least(rows / FEWEST_ROWS, 1));
}

/* Rows of a rectangle: enough that packing its columns pays, few enough that every core has rectangles and
 * that the waiting sums of a node of `blocks` blocks fit. */
static int64_t rectangle_rows(const variant *v, const params *q, int64_t blocks, const plan_policy *policy)
{
    int64_t columns = rectangle_columns(v, q->columns, policy), levels = 0;
    while (blocks > (int64_t)1 << levels) levels++;
    int64_t most = levels == 0
                       ? MOST_ROWS
                       : MATRIX_SUM_BYTES / (columns * accumulator_bytes(v) * levels) - MOST_TILE_ROWS;
    int64_t others = q->outputs / q->rows / q->columns * ceil_div(q->columns, columns) * q->nodes;
    int64_t parts = parts_of_rows(q->rows, others, at_least(policy->units, 1));
    return ceil_div(q->rows, at_least(parts, ceil_div(q->rows, at_most(most, MOST_ROWS))));
}

static int64_t rectangles(const variant *v, const params *q, int64_t blocks, const plan_policy *policy)
{
    return q->outputs / q->rows / q->columns *
           ceil_div(q->columns, rectangle_columns(v, q->columns, policy)) *
           ceil_div(q->rows, rectangle_rows(v, q, blocks, policy));
}

static int64_t cpu_items(const step *s, const plan_policy *policy)
{
    return rectangles(&s->v, &s->p, 1, policy);
}

static int64_t cpu_wanted_nodes(planning *w)
{
    int64_t units = at_least(w->policy->units, 1), bytes = accumulator_bytes(&w->s->v);
    if (units == 1 || w->items >= units * LEAST_PER_CORE) return 1;
    int64_t nodes = ceil_div(units * RECTANGLES_PER_CORE, w->items);
    int64_t most = w->p->n / ceil_div(NODE_BYTES, (w->s->p.rows + w->s->p.columns) * bytes);
    return at_most(nodes, at_least(most, 1));
}

static void cpu_size(const plan *pl, const plan_policy *policy, step *s)
{
    params *q = &s->p;
    q->panel = rectangle_columns(&s->v, q->columns, policy);
    q->block = rectangle_rows(&s->v, q, pl->node_chunks, policy);
    s->group_size = 1;
    s->groups = (size_t)(rectangles(&s->v, q, pl->node_chunks, policy) * q->nodes);
}

const planner matrix_cpu_planner = {
    .items = cpu_items, .wanted_nodes = cpu_wanted_nodes, .most_chunks = MOST_BLOCKS, .size = cpu_size};

/* ---- GPU: a team's outputs are a rectangle of the product ---- */

/* How many teams there are when each has `rows` by `columns` outputs. */
static int64_t teams(const params *q, int64_t rows, int64_t columns)
{
    return q->outputs / q->rows / q->columns * ceil_div(q->rows, rows) * ceil_div(q->columns, columns);
}

static int64_t value_bytes(const variant *v)
{
    return at_least(variant_result_bytes(v), 4);
}

/* How many nodes an output needs so that every compute unit has `per_unit` teams. */
static int64_t gpu_wanted_nodes(planning *w, int per_unit)
{
    int64_t full = at_least(w->policy->units, 1) * per_unit;
    return w->items >= full ? 1 : ceil_div(full, w->items);
}

/* A team has `items` work-items, and a group one team or several. */
static void set_groups(step *s, int64_t all, int items, int group_size)
{
    s->group_size = (size_t)group_size;
    s->groups = (size_t)ceil_div(all * s->p.nodes, group_size / items);
}

/* ---- GPU: matrix_gpu ---- */

/* How many teams there are. A team's square grows with a work-item's tile. */
static int64_t square_teams(const variant *v, const params *q)
{
    return teams(q, MATRIX_TEAM_ROWS(v->tile, value_bytes(v)), MATRIX_TEAM_COLUMNS(v->tile, value_bytes(v)));
}

static int teams_per_unit(int tile)
{
    return tile == 1 ? SMALL_TEAMS_PER_UNIT : TEAMS_PER_UNIT;
}

/* The largest squares that the outputs fill and that leave every compute unit enough teams. */
static int choose_tile(variant v, const params *q, const plan_policy *policy)
{
    int64_t least = at_most(q->rows, q->columns);
    if (least <= 16) return 1;
    v.tile = 8;
    return least > 64 && square_teams(&v, q) >= at_least(policy->units, 1) * teams_per_unit(8) ? 8 : 4;
}

static int64_t square_items(const step *s, const plan_policy *policy)
{
    (void)policy;
    return square_teams(&s->v, &s->p);
}

static int64_t square_wanted_nodes(planning *w)
{
    return gpu_wanted_nodes(w, teams_per_unit(w->s->v.tile));
}

static void square_size(const plan *pl, const plan_policy *policy, step *s)
{
    (void)pl, (void)policy;
    set_groups(s, square_teams(&s->v, &s->p), MATRIX_TEAM_ITEMS(s->v.tile), MATRIX_GROUP_ITEMS(s->v.tile));
}

const planner matrix_gpu_planner = {.items = square_items,
                                    .wanted_nodes = square_wanted_nodes,
                                    .most_chunks = MATRIX_NODE_BLOCKS,
                                    .size = square_size};

/* ---- GPU: skinny_gpu ---- */

/* The product has more columns than rows, so strips lie along its columns. */
static int is_turned(const params *q)
{
    return q->columns > q->rows;
}

/* Every lane of an operand starts on a 16-byte boundary and is contiguous along the contracted axis. The
 * lanes of a strip are at most 2^31 times 16 bytes apart, since the kernel counts in 32 bits. */
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

/* The tile for a product with a short side; 0 when the kernel does not take it. The kernel conjugates its
 * first operand, so the operands of a complex product are not exchanged. */
static int choose_skinny_tile(const problem *p, const params *q)
{
    int turned = is_turned(q), along = turned ? X2 : X1, across = turned ? X1 : X2;
    int64_t least = turned ? q->rows : q->columns, most = turned ? q->columns : q->rows;
    if (least > MOST_IN_STRIPS || q->row_dims > 1 || q->column_dims > 1) return 0;
    if (!has_vector_lanes(p, along) || p->n * dtype_size(p->result) < 128) return 0;
    if (most >= LEAST_OF_STRIP && !(turned && dtype_is_complex(p->result))) return STRIP;
    return least <= STRIP && has_vector_lanes(p, across) ? 1 : 0;
}

static int64_t skinny_items(const step *s, const plan_policy *policy)
{
    int64_t along = SKINNY_TEAM_ROWS(s->v.tile, value_bytes(&s->v)), across = SKINNY_TEAM_COLUMNS(s->v.tile);
    (void)policy;
    return is_turned(&s->p) ? teams(&s->p, across, along) : teams(&s->p, along, across);
}

static int64_t skinny_wanted_nodes(planning *w)
{
    return gpu_wanted_nodes(w, w->s->v.tile == 1 ? SMALL_TEAMS_PER_UNIT : STRIP_TEAMS);
}

static void skinny_size(const plan *pl, const plan_policy *policy, step *s)
{
    (void)pl;
    s->p.swap = s->v.tile == STRIP && is_turned(&s->p);
    set_groups(s, skinny_items(s, policy), SKINNY_TEAM_ITEMS(s->v.tile), SKINNY_GROUP_ITEMS(s->v.tile));
}

const planner skinny_gpu_planner = {.items = skinny_items,
                                    .wanted_nodes = skinny_wanted_nodes,
                                    .most_chunks = MATRIX_NODE_BLOCKS,
                                    .size = skinny_size};

/* ---- Both schedules ---- */

choice matrix_choose(const problem *p, const plan_policy *policy, const params *q)
{
    int typed = is_typed(p, policy) && is_uniform(p);
    load loads = typed ? LOAD_STRIDED : LOAD_ANY;
    if (policy->schedule == SCHEDULE_CPU) return (choice){.v = variant_for(p, KERNEL_MATRIX_CPU, loads, 1)};
    int skinny = typed ? choose_skinny_tile(p, q) : 0;
    if (skinny > 0) return (choice){.v = variant_for(p, KERNEL_SKINNY_GPU, LOAD_VECTOR, skinny)};
    variant v = variant_for(p, KERNEL_MATRIX_GPU, loads, 4);
    if (typed) v.tile = (uint8_t)choose_tile(v, q, policy);
    return (choice){.v = v};
}
