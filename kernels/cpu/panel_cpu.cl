/* CPU schedule, class column: vectors across outputs. A work-item sums one tree node of each output ("column") of a
 * panel of the innermost batch dimension. It walks the canonical sum lane by lane, so that the columns of a row are
 * read together, and keeps the unfinished tree as a stack of vectors as wide as the panel.
 *
 * Arrays that a cache holds are summed in strips (panel_strips.h), as are rows that are not long.
 *
 * With LOAD_VECTOR the columns of an operand lie next to each other, or are one and the same element.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, items.h, panel.h, panel_strips.h. */

#if LOAD == LOAD_VECTOR
#define SAME_FOR_ALL(cast, x, to)                                                               \
    {                                                                                           \
        component c[WIDTH];                                                                     \
        for (i32 k = 0; k < VECTOR_ELEMENTS; k++) put_components(c + k * COMPONENTS, cast(*x)); \
        to = LOAD_COMPONENTS(0, c);                                                             \
    }
#define WHOLE_COLUMNS(A, B)                                                                     \
    for (i32 j = 0; j < whole; j++) {                                                           \
        PREFETCH_FAR(ahead1 + j * VECTOR_ELEMENTS);                                             \
        PREFETCH_FAR(ahead2 + j * VECTOR_ELEMENTS);                                             \
        sums[j] = multiply_add(from[j], A, B, s->sign);                                         \
    }

/* sums = from + one row of products. Asks for the row that comes next. */
FUNCTION void add_row(PRIVATE const panel *s, PRIVATE const VECTOR *from, PRIVATE VECTOR *sums, i64 row, i64 next)
{
    GLOBAL const stored1 *a = (GLOBAL const stored1 *)(s->from1 + row * s->row1);
    GLOBAL const stored2 *b = (GLOBAL const stored2 *)(s->from2 + row * s->row2);
    GLOBAL const stored1 *ahead1 = (GLOBAL const stored1 *)(s->from1 + next * s->row1);
    GLOBAL const stored2 *ahead2 = (GLOBAL const stored2 *)(s->from2 + next * s->row2);
    const i32 whole = row < s->whole_rows ? s->parts : s->columns / VECTOR_ELEMENTS;
    const i32 left = s->columns - whole * VECTOR_ELEMENTS;
    VECTOR same1 = SPLAT(0), same2 = SPLAT(0);
    if (s->step1 == 0) {
        SAME_FOR_ALL(CAST1, a, same1)
        WHOLE_COLUMNS(same1, WIDE2(j, b))
    } else if (s->step2 == 0) {
        SAME_FOR_ALL(CAST2, b, same2)
        WHOLE_COLUMNS(WIDE1(j, a), same2)
    } else {
        WHOLE_COLUMNS(WIDE1(j, a), WIDE2(j, b))
    }
    if (left <= 0) return;
    if (s->step1) same1 = collect1(a + whole * VECTOR_ELEMENTS, 1, left);
    if (s->step2) same2 = collect2(b + whole * VECTOR_ELEMENTS, 1, left);
    sums[whole] = multiply_add(from[whole], same1, same2, s->sign);
}

/* One lane of one chunk for every column: rows first, first + LANES, ... below end. `zeros` is what it says. */
FUNCTION void lane_sums(PRIVATE const panel *s, PRIVATE const VECTOR *zeros, PRIVATE VECTOR *sums, i64 first, i64 end)
{
    for (i64 i = first; i < end; i += LANES)
        add_row(s, i == first ? zeros : sums, sums, i,
                i + LANES < end ? i + LANES : first + 1 < end ? first + 1 : first);
}

/* Rows of an operand whose `parts` vectors hold nothing but its elements: where the last vector goes past the columns,
 * rows must follow each other without a gap, `inner` columns each, and end after it does. */
FUNCTION i64 whole_rows_of(PRIVATE const panel *s, i64 step, i64 row_bytes, i64 size, i64 inner, i64 rows)
{
    const i64 past = (s->parts * VECTOR_ELEMENTS - s->columns) * size;
    if (step == 0 || past == 0) return rows;
    return row_bytes == inner * size ? rows - (past + row_bytes - 1) / row_bytes : 0;
}

/* Few columns: all lanes of a chunk have accumulators side by side, so that rows are read in the order in which they
 * lie. lanes[0] receives the chunk's sums. */
FUNCTION void narrow_chunk(PRIVATE const panel *s, PRIVATE const VECTOR *zeros, PRIVATE VECTOR *lanes, i64 begin,
                           i64 end)
{
    const i64 ahead = 64 / s->parts > 0 ? 64 / s->parts : 1; /* rows: a page */
    const i32 width = s->parts, used = (i32)min(end - begin, (i64)LANES);
    for (i64 row = begin; row < end; row++) {
        PRIVATE VECTOR *sums = lanes + (i32)((row - begin) % LANES) * width;
        add_row(s, row - begin < LANES ? zeros : sums, sums, row, row + ahead < end ? row + ahead : row);
    }
    for (i32 pace = 1; pace < used; pace *= 2)
        for (i32 lane = 0; lane + pace < used; lane += 2 * pace)
            for (i32 j = 0; j < s->parts; j++)
                lanes[lane * width + j] = add(lanes[lane * width + j], lanes[(lane + pace) * width + j]);
}
#else
FUNCTION void lane_sums(PRIVATE const panel *s, PRIVATE const VECTOR *zeros, PRIVATE VECTOR *sums, i64 first, i64 end)
{
    PRIVATE component *a = s->kept->row1, *b = s->kept->row2;
    STORE_COMPONENTS(SPLAT(0), s->parts - 1, a);
    STORE_COMPONENTS(SPLAT(0), s->parts - 1, b);
    for (i64 i = first; i < end; i += LANES) {
        pack(a, s->from1 + i * s->row1, s->type1, s->step1, s->columns);
        pack(b, s->from2 + i * s->row2, s->type2, s->step2, s->columns);
        for (i32 j = 0; j < s->parts; j++)
            sums[j] = multiply_add(i == first ? zeros[j] : sums[j], LOAD_COMPONENTS(j, a), LOAD_COMPONENTS(j, b),
                                   s->sign);
    }
}
#endif

/* Adds the `merges` nodes under the top one to it, nearest first; the sum takes the lowest one's place. */
FUNCTION void merge(PRIVATE const panel *s, PRIVATE VECTOR (*top)[PANEL_PARTS], i32 merges)
{
    if (merges == 0) return;
    for (i32 j = 0; j < s->parts; j++) {
        VECTOR sum = top[0][j];
        for (i32 m = 1; m <= merges; m++) sum = add(top[-m][j], sum);
        top[-merges][j] = sum;
    }
}

/* Leaves the node's sums in nodes[0]. */
FUNCTION void node_sums(PRIVATE const panel *s, PRIVATE VECTOR (*nodes)[PANEL_PARTS], i64 begin, i64 end)
{
    PRIVATE VECTOR *zeros = s->kept->zeros;
    i32 depth = 0; /* used entries of nodes */
    for (i32 j = 0; j < s->parts; j++) zeros[j] = SPLAT(0);
    for (i64 chunk = 0; begin < end; begin += CHUNK, chunk++) {
        i64 stop = min(end, begin + CHUNK);
        i32 base = depth;
        i32 lanes = (i32)min(stop - begin, (i64)LANES);
#if LOAD == LOAD_VECTOR
        if (s->parts * (i32)sizeof(VECTOR) * LANES <= NARROW_BYTES) {
            narrow_chunk(s, zeros, nodes[base], begin, stop);
            depth++;
            lanes = 0;
        }
#endif
        for (i32 lane = 0; lane < lanes; lane++) {
            i32 merges = trailing_ones(lane);
            lane_sums(s, zeros, nodes[depth], begin + lane, stop);
            merge(s, nodes + depth, merges);
            depth += 1 - merges;
        }
        merge(s, nodes + depth - 1, depth - 1 - base); /* lanes that found no partner */
        i32 merges = trailing_ones(chunk);
        merge(s, nodes + base, merges);
        depth = base - merges + 1;
    }
    merge(s, nodes + depth - 1, depth - 1);
}

FUNCTION panel panel_of(PRIVATE const params *p, GLOBAL const u8 *operand1, GLOBAL const u8 *operand2,
                        PRIVATE const item *x, PRIVATE panel_scratch *kept)
{
    const i32 d = p->rank - 1;
    const i64 size1 = OPERAND_SIZE1(p), size2 = OPERAND_SIZE2(p);
    panel s;
    s.kept = kept;
    s.from1 = ADDRESS1(p, operand1, x->at.at1);
    s.from2 = ADDRESS2(p, operand2, x->at.at2);
    s.step1 = p->step1[d] * size1;
    s.step2 = p->step2[d] * size2;
    s.row1 = p->stride1 * size1;
    s.row2 = p->stride2 * size2;
    s.type1 = p->type1;
    s.type2 = p->type2;
    s.columns = x->outputs;
    s.parts = (s.columns + VECTOR_ELEMENTS - 1) / VECTOR_ELEMENTS;
    s.sign = (component)(p->no_conj ? -1 : 1);
    s.whole_rows = 0;
#if LOAD == LOAD_VECTOR
    const i64 rows = min(p->n, (p->first_node + p->nodes) * p->node_chunks * CHUNK); /* no more may be bound */
    s.whole_rows = min(whole_rows_of(&s, s.step1, s.row1, size1, p->shape[d], rows),
                       whole_rows_of(&s, s.step2, s.row2, size2, p->shape[d], rows));
#endif
    return s;
}

/* Stores the node's sums of all columns, or its partials. */
FUNCTION void store_panel(PRIVATE const params *p, GLOBAL u8 *out, PRIVATE const item *x, PRIVATE const VECTOR *sums)
{
    PRIVATE const component *c = (PRIVATE const component *)sums;
    const i64 step = p->step_out[p->rank - 1];
    place at = x->at;
    i32 k = 0;
#if GROUP == GROUP_F32 || GROUP == GROUP_F64
    if (p->all_nodes == 1 && step == 1)
        for (GLOBAL component *to = (GLOBAL component *)(out + p->offset_out) + at.out; k + WIDTH <= x->outputs; k += WIDTH)
            STORE_COMPONENTS(LOAD_COMPONENTS(0, c + k) + SPLAT(0), 0, to + k);
#endif
    for (at.out += k * step; k < x->outputs; k++, at.out += step)
        store_node(p, out, at, x->flat + k, x->node, get_components(c + k * COMPONENTS));
}

KERNEL WORK_GROUP(1) void panel_cpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    SCRATCH(panel_scratch, kept);
    const range block = block_of(&p, GROUP_ID(), items_of(&p));
    for (i64 index = block.begin; index < block.end; index++) {
        const item x = item_of(&p, index);
        const panel s = panel_of(&p, operand1, operand2, &x, kept);
#if LOAD == LOAD_VECTOR
        if (!p.wide && s.columns >= VECTOR_ELEMENTS)
            panel_in_strips(&s, kept->nodes[0], x.elements.begin, x.elements.end);
        else
#endif
            node_sums(&s, kept->nodes, x.elements.begin, x.elements.end);
        store_panel(&p, out, &x, kept->nodes[0]);
    }
}
