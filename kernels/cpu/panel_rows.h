/* panel_cpu with LOAD_VECTOR: a panel by its rows. A pass takes a few rows from their first column to their last: memory
 * is read in a few long streams, and a sum is loaded and stored once for these rows. They are rows of one lane, to whose
 * sum they are added; where lanes have one row each, they are rows of some lanes, which are added up at once. A pass also
 * adds the nodes of the tree that its last row completes. */

#if LOAD == LOAD_VECTOR
/* A pass is worth what it costs to begin and end it where it reads so many vectors of an operand. */
#define LEAST_PASS_VECTORS 32

/* A pass of 1, 2 or 4 rows. */
typedef struct pass {
    GLOBAL const u8 *from1, *from2; /* its first row                               */
    i64 step1, step2;               /* bytes from one of its rows to the next      */
    PRIVATE VECTOR *to;             /* the top node                                */
    i32 goes_on;                    /* the top node has a sum of rows before these */
    i32 merges;                     /* nodes under the top one that are added      */
} pass;

/* To `sum`, of a vector of columns, the products of COUNT rows of a lane; those of COUNT lanes, added up. */
#define ADD_ROWS(COUNT, A, B) UNROLL for (i32 r = 0; r < COUNT; r++) sum = multiply_add(sum, A, B, sign);
#define ADD_LANES(COUNT, A, B)                                                                             \
    VECTOR lanes[COUNT];                                                                                   \
    UNROLL for (i32 r = 0; r < COUNT; r++) lanes[r] = multiply_add(r == 0 ? sum : SPLAT(0), A, B, sign);   \
    UNROLL for (i32 pace = 1; pace < COUNT; pace *= 2)                                                     \
        UNROLL for (i32 r = 0; r < COUNT; r += 2 * pace) lanes[r] = add(lanes[r], lanes[r + pace]);        \
    sum = lanes[0];

/* The last vector ends with the last column: it begins `back` columns before its place. */
#define ALONG_ROWS(SUM, COUNT, A, B)                                                                       \
    for (i64 j = 0;;) {                                                                                    \
        for (; j < whole; j++) {                                                                           \
            VECTOR sum = SPLAT(0);                                                                         \
            if (goes_on) sum = to[j];                                                                      \
            SUM(COUNT, A, B)                                                                               \
            PRIVATE VECTOR *at = to + j;                                                                   \
            for (i32 m = merges; m > 0; m--) sum = add(*(at -= parts), sum);                               \
            *at = sum;                                                                                     \
        }                                                                                                  \
        if (whole == parts) break;                                                                         \
        whole = parts;                                                                                     \
        back = past;                                                                                       \
    }

#define DEFINE_PASS(NAME, SUM, COUNT)                                                                      \
    OUT_OF_LINE void NAME(PRIVATE const panel *s, PRIVATE const pass *x)                                   \
    {                                                                                                      \
        GLOBAL const stored1 *a[COUNT];                                                                    \
        GLOBAL const stored2 *b[COUNT];                                                                    \
        VECTOR same[COUNT];                                                                                \
        PRIVATE VECTOR *const to = x->to;                                                                  \
        const i64 parts = s->parts, past = parts * VECTOR_ELEMENTS - s->columns;                           \
        const i32 merges = x->merges, goes_on = x->goes_on;                                                \
        const component sign = s->sign;                                                                    \
        i64 whole = s->columns / VECTOR_ELEMENTS, back = 0;                                                \
        UNROLL for (i32 r = 0; r < COUNT; r++) {                                                           \
            a[r] = (GLOBAL const stored1 *)(x->from1 + r * x->step1);                                      \
            b[r] = (GLOBAL const stored2 *)(x->from2 + r * x->step2);                                      \
        }                                                                                                  \
        if (s->step1 == 0) {                                                                               \
            UNROLL for (i32 r = 0; r < COUNT; r++) same[r] = for_all_columns(CAST1(*a[r]));                \
            ALONG_ROWS(SUM, COUNT, same[r], WIDE2(j, b[r] - back))                                         \
        } else if (s->step2 == 0) {                                                                        \
            UNROLL for (i32 r = 0; r < COUNT; r++) same[r] = for_all_columns(CAST2(*b[r]));                \
            ALONG_ROWS(SUM, COUNT, WIDE1(j, a[r] - back), same[r])                                         \
        } else {                                                                                           \
            ALONG_ROWS(SUM, COUNT, WIDE1(j, a[r] - back), WIDE2(j, b[r] - back))                           \
        }                                                                                                  \
    }
DEFINE_PASS(four_rows, ADD_ROWS, 4)
DEFINE_PASS(two_rows, ADD_ROWS, 2)
DEFINE_PASS(one_row, ADD_ROWS, 1)
DEFINE_PASS(four_lanes, ADD_LANES, 4)
DEFINE_PASS(two_lanes, ADD_LANES, 2)

/* How many of the rows that are left. */
FUNCTION i32 rows_of_pass(i64 left)
{
    return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

FUNCTION pass pass_of(PRIVATE const panel *s, i64 row, i64 rows_apart, PRIVATE VECTOR *to)
{
    pass x;
    x.from1 = s->from1 + row * s->row1;
    x.from2 = s->from2 + row * s->row2;
    x.step1 = rows_apart * s->row1;
    x.step2 = rows_apart * s->row2;
    x.to = to;
    x.goes_on = x.merges = 0;
    return x;
}

/* A lane of the chunk that ends before `stop`: the rows from `row` on. */
FUNCTION void add_lane(PRIVATE const panel *s, i64 row, i64 stop, PRIVATE VECTOR *to, i32 merges)
{
    i32 goes_on = 0;
    for (i32 left = (i32)((stop - row + LANES - 1) / LANES); left > 0;) {
        const i32 count = rows_of_pass(left);
        pass x = pass_of(s, row, LANES, to);
        x.goes_on = goes_on;
        x.merges = left == count ? merges : 0;
        if (count == 4)
            four_rows(s, &x);
        else if (count == 2)
            two_rows(s, &x);
        else
            one_row(s, &x);
        goes_on = 1;
        left -= count;
        row += count * LANES;
    }
}

/* `count` lanes that have a row each, 4 or 2. */
FUNCTION void add_lanes(PRIVATE const panel *s, i64 row, i32 count, PRIVATE VECTOR *to, i32 merges)
{
    pass x = pass_of(s, row, 1, to);
    x.merges = merges;
    if (count == 4)
        four_lanes(s, &x);
    else
        two_lanes(s, &x);
}

/* Whether passes are long enough. `rows` is how many the panel has. */
FUNCTION i32 pays_by_rows(PRIVATE const panel *s, i64 rows)
{
    return rows_of_pass(rows > LANES ? rows / LANES : rows) * s->parts >= LEAST_PASS_VECTORS;
}

/* The sums of a panel of at least a vector of columns, in nodes[0] and those that follow. */
FUNCTION void panel_by_rows(PRIVATE const panel *s, PRIVATE VECTOR *nodes, i64 begin, i64 end)
{
    i32 depth = 0; /* nodes that wait */
    for (i64 chunk = 0; begin < end; begin += CHUNK, chunk++) {
        const i64 stop = min(end, begin + CHUNK);
        const i32 base = depth, lanes = (i32)min(stop - begin, (i64)LANES);
        const i32 above = stop == end ? base : trailing_ones(chunk); /* merges of the chunk's sum */
        for (i32 lane = 0, count; lane < lanes; lane += count) {
            count = stop - begin > LANES ? 1 : rows_of_pass(lanes - lane);
            const i32 merges = lane + count < lanes ? trailing_ones(lane / count) : depth - base + above;
            PRIVATE VECTOR *to = nodes + depth * s->parts;
            if (count == 1)
                add_lane(s, begin + lane, stop, to, merges);
            else
                add_lanes(s, begin + lane, count, to, merges);
            depth += 1 - merges;
        }
    }
    end_with_last(s, nodes);
}
#endif
