/* CPU schedule, vectors across outputs: a work-item sums one tree node of each output of a panel of the innermost
 * batch dimension ("columns"). Classes column and short. It walks the canonical sum lane by lane, so that the
 * columns of a row are read together, and keeps the unfinished tree as a stack of panel-wide vectors.
 *
 * With LOAD_VECTOR the columns of an operand lie next to each other or are one and the same element. */

#define PANEL_PARTS (4096 / (i32)sizeof(VECTOR))
#define PANEL (PANEL_PARTS * VECTOR_ELEMENTS)
#define PANEL_DEPTH 24 /* 8 levels of lanes, 12 of chunks (PANEL_NODE_CHUNKS in plan.c), and the tops */

typedef struct panel {
    GLOBAL const u8 *x1; /* element 0 of the contracted axis in the panel's first column */
    GLOBAL const u8 *x2;
    i64 step1, step2;    /* bytes from column to column        */
    i64 row1, row2;      /* bytes along the contracted axis    */
    i32 type1, type2;
    i32 columns;
    i32 parts;           /* vectors that hold the columns      */
    component sign;
} panel;

#if LOAD == LOAD_VECTOR
#define OPERAND_COLUMNS(which, stored, wide, cast)                                                        \
    FUNCTION VECTOR columns##which(PRIVATE const panel *s, GLOBAL const u8 *row, i32 j)                   \
    {                                                                                                     \
        GLOBAL const stored *x = (GLOBAL const stored *)row;                                              \
        i32 left = s->columns - j * VECTOR_ELEMENTS;                                                      \
        if (s->step##which == 0) {                                                                        \
            component c[WIDTH];                                                                           \
            for (i32 k = 0; k < VECTOR_ELEMENTS; k++) put_components(c + k * COMPONENTS, cast(x[0]));     \
            return LOAD_COMPONENTS(0, c);                                                                 \
        }                                                                                                 \
        return left >= VECTOR_ELEMENTS ? wide(j, x) : some##which(x + j * VECTOR_ELEMENTS, left);         \
    }
OPERAND_COLUMNS(1, stored1, WIDE1, CAST1)
OPERAND_COLUMNS(2, stored2, WIDE2, CAST2)

/* One lane of one chunk for every column: rows first, first + LANES, ... below end. The lane is the index-th leaf
 * of its chunk's tree, so the pairs it completes are merged on the way; nodes[0] is where it goes when none is. */
FUNCTION void lane_sums(PRIVATE const panel *s, PRIVATE component (*top)[PANEL * COMPONENTS], i64 first, i64 end, i32 merges)
{
    for (i32 j = 0; j < s->parts; j++) {
        GLOBAL const u8 *a = s->x1 + first * s->row1;
        GLOBAL const u8 *b = s->x2 + first * s->row2;
        VECTOR sum = (VECTOR)(0);
        for (i64 i = first; i < end; i += LANES, a += LANES * s->row1, b += LANES * s->row2)
            sum = multiply_add(sum, columns1(s, a, j), columns2(s, b, j), s->sign);
        for (i32 m = 1; m <= merges; m++) sum = add(LOAD_COMPONENTS(j, top[-m]), sum);
        STORE_COMPONENTS(sum, j, top[-merges]);
    }
}
#else
FUNCTION void lane_sums(PRIVATE const panel *s, PRIVATE component (*top)[PANEL * COMPONENTS], i64 first, i64 end, i32 merges)
{
    component a[PANEL * COMPONENTS], b[PANEL * COMPONENTS], sums[PANEL * COMPONENTS];
    for (i32 j = 0; j < s->parts; j++) STORE_COMPONENTS((VECTOR)(0), j, sums);
    STORE_COMPONENTS((VECTOR)(0), s->parts - 1, a);
    STORE_COMPONENTS((VECTOR)(0), s->parts - 1, b);
    for (i64 i = first; i < end; i += LANES) {
        pack(a, s->x1 + i * s->row1, s->type1, s->step1, s->columns);
        pack(b, s->x2 + i * s->row2, s->type2, s->step2, s->columns);
        for (i32 j = 0; j < s->parts; j++)
            STORE_COMPONENTS(multiply_add(LOAD_COMPONENTS(j, sums), LOAD_COMPONENTS(j, a), LOAD_COMPONENTS(j, b), s->sign),
                             j, sums);
    }
    for (i32 j = 0; j < s->parts; j++) {
        VECTOR sum = LOAD_COMPONENTS(j, sums);
        for (i32 m = 1; m <= merges; m++) sum = add(LOAD_COMPONENTS(j, top[-m]), sum);
        STORE_COMPONENTS(sum, j, top[-merges]);
    }
}
#endif

/* Adds the `merges` nodes under the top one to it, nearest first; the sum takes the lowest one's place. */
FUNCTION void merge(PRIVATE const panel *s, PRIVATE component (*top)[PANEL * COMPONENTS], i32 merges)
{
    if (merges == 0) return;
    for (i32 j = 0; j < s->parts; j++) {
        VECTOR sum = LOAD_COMPONENTS(j, top[0]);
        for (i32 m = 1; m <= merges; m++) sum = add(LOAD_COMPONENTS(j, top[-m]), sum);
        STORE_COMPONENTS(sum, j, top[-merges]);
    }
}

FUNCTION i32 trailing_ones(i64 x)
{
    i32 count = 0;
    for (; x & 1; x >>= 1) count++;
    return count;
}

/* Leaves the node's sums in nodes[0]. */
FUNCTION void node_sums(PRIVATE const panel *s, PRIVATE component (*nodes)[PANEL * COMPONENTS], i64 begin, i64 end)
{
    i32 depth = 0; /* used entries of nodes */
    for (i64 chunk = 0; begin < end; begin += CHUNK, chunk++) {
        i64 stop = min(end, begin + CHUNK);
        i32 base = depth;
        i32 lanes = (i32)min(stop - begin, (i64)LANES);
        for (i32 lane = 0; lane < lanes; lane++) {
            i32 merges = trailing_ones(lane);
            lane_sums(s, nodes + depth, begin + lane, stop, merges);
            depth += 1 - merges;
        }
        merge(s, nodes + depth - 1, depth - 1 - base); /* lanes that found no partner */
        i32 merges = trailing_ones(chunk);
        merge(s, nodes + base, merges);
        depth = base - merges + 1;
    }
    merge(s, nodes + depth - 1, depth - 1);
}

KERNEL GROUP_SIZE_HINT(1) void panel_cpu(GLOBAL const u8 *x1, GLOBAL const u8 *x2, GLOBAL u8 *out, params p)
{
#if LOAD == LOAD_VECTOR
    const i64 size1 = sizeof(stored1), size2 = sizeof(stored2);
#else
    const i64 size1 = code_size(p.type1 & (MISALIGNED - 1)), size2 = code_size(p.type2 & (MISALIGNED - 1));
#endif
    component nodes[PANEL_DEPTH][PANEL * COMPONENTS];
    i64 inner = p.shape[p.rank - 1];
    i64 panels = (inner + PANEL - 1) / PANEL;
    i64 items = p.outputs / inner * panels * p.nodes;
    i64 stop = min((GROUP_ID() + 1) * p.block, items);
    for (i64 item = GROUP_ID() * p.block; item < stop; item++) {
        i64 outer = item / (panels * p.nodes);
        i64 node = (item - outer * panels * p.nodes) / panels;
        i64 first = (item % panels) * PANEL;
        i64 flat = outer * inner + first;
        place at = place_of(&p, flat);
        panel s;
        s.step1 = p.step1[p.rank - 1] * size1;
        s.step2 = p.step2[p.rank - 1] * size2;
        s.row1 = p.stride1 * size1;
        s.row2 = p.stride2 * size2;
        s.x1 = x1 + p.offset1 + at.at1 * size1;
        s.x2 = x2 + p.offset2 + at.at2 * size2;
        s.type1 = p.type1;
        s.type2 = p.type2;
        s.columns = (i32)min(inner - first, (i64)PANEL);
        s.parts = (s.columns + VECTOR_ELEMENTS - 1) / VECTOR_ELEMENTS;
        s.sign = (component)(p.no_conj ? -1 : 1);
        i64 begin = (p.first_node + node) * p.node_chunks * CHUNK;
        node_sums(&s, nodes, begin, min(p.n, begin + p.node_chunks * CHUNK));
        for (i32 k = 0; k < s.columns; k++) {
            store_node(&p, out, at, flat + k, node, get_components(nodes[0] + k * COMPONENTS));
            at.out += p.step_out[p.rank - 1];
        }
    }
}
