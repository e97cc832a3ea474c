/* CPU schedule, class column: vectors across outputs. A work-item sums one tree node of each output ("column") of a
 * panel of the innermost batch dimension. It walks the canonical sum lane by lane, so that the columns of a row are
 * read together, and keeps the unfinished tree as a stack of vectors as wide as the panel.
 *
 * With LOAD_VECTOR the columns of an operand lie next to each other, or are one and the same element. Panels are then
 * summed by their rows (panel_rows.h), narrow ones in strips (panel_strips.h), and those of less than a vector here.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h, items.h, panel.h, panel_rows.h, panel_strips.h. */

#if LOAD == LOAD_VECTOR
/* sum + the products of a row of less than a vector of columns. */
FUNCTION VECTOR add_row(PRIVATE const panel *s, VECTOR sum, i64 row)
{
    GLOBAL const stored1 *a = (GLOBAL const stored1 *)(s->from1 + row * s->row1);
    GLOBAL const stored2 *b = (GLOBAL const stored2 *)(s->from2 + row * s->row2);
    VECTOR x, y;
    if (s->step1 == 0)
        x = for_all_columns(CAST1(*a));
    else
        x = row < s->whole_rows ? WIDE1(0, a) : collect1(a, 1, s->columns);
    if (s->step2 == 0)
        y = for_all_columns(CAST2(*b));
    else
        y = row < s->whole_rows ? WIDE2(0, b) : collect2(b, 1, s->columns);
    return multiply_add(sum, x, y, s->sign);
}

/* Rows of an operand of which a whole vector holds nothing but its elements: where it goes past the columns, rows must
 * follow each other without a gap, `inner` columns each, and end after it does. */
FUNCTION i64 whole_rows_of(PRIVATE const panel *s, i64 step, i64 row_bytes, i64 size, i64 inner, i64 rows)
{
    const i64 past = (s->parts * VECTOR_ELEMENTS - s->columns) * size;
    if (step == 0 || past == 0) return rows;
    return row_bytes == inner * size ? rows - (past + row_bytes - 1) / row_bytes : 0;
}

/* All lanes of a chunk have accumulators side by side, so that rows are read in the order in which they lie. lanes[0]
 * receives the chunk's sums. */
FUNCTION void narrow_chunk(PRIVATE const panel *s, PRIVATE VECTOR *lanes, i64 begin, i64 end)
{
    const i64 ahead = 64; /* rows: a page */
    const i32 used = (i32)min(end - begin, (i64)LANES);
    for (i64 row = begin; row < end; row++) {
        PRIVATE VECTOR *sum = lanes + (i32)((row - begin) % LANES);
        const i64 next = row + ahead < end ? row + ahead : row;
        PREFETCH_FAR(s->from1 + next * s->row1);
        PREFETCH_FAR(s->from2 + next * s->row2);
        *sum = add_row(s, row - begin < LANES ? SPLAT(0) : *sum, row);
    }
    for (i32 pace = 1; pace < used; pace *= 2)
        for (i32 lane = 0; lane + pace < used; lane += 2 * pace) lanes[lane] = add(lanes[lane], lanes[lane + pace]);
}
#else
FUNCTION void lane_sums(PRIVATE const panel *s, PRIVATE VECTOR *sums, i64 first, i64 end)
{
    PRIVATE component *a = s->kept->row1, *b = s->kept->row2;
    STORE_COMPONENTS(SPLAT(0), s->parts - 1, a);
    STORE_COMPONENTS(SPLAT(0), s->parts - 1, b);
    for (i64 i = first; i < end; i += LANES) {
        pack(a, s->from1 + i * s->row1, s->type1, s->step1, s->columns);
        pack(b, s->from2 + i * s->row2, s->type2, s->step2, s->columns);
        for (i32 j = 0; j < s->parts; j++)
            sums[j] = multiply_add(i == first ? SPLAT(0) : sums[j], LOAD_COMPONENTS(j, a), LOAD_COMPONENTS(j, b),
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
    i32 depth = 0; /* used entries of nodes */
    for (i64 chunk = 0; begin < end; begin += CHUNK, chunk++) {
        i64 stop = min(end, begin + CHUNK);
        i32 base = depth;
#if LOAD == LOAD_VECTOR
        narrow_chunk(s, nodes[depth++], begin, stop);
#else
        i32 lanes = (i32)min(stop - begin, (i64)LANES);
        for (i32 lane = 0; lane < lanes; lane++) {
            i32 merges = trailing_ones(lane);
            lane_sums(s, nodes[depth], begin + lane, stop);
            merge(s, nodes + depth, merges);
            depth += 1 - merges;
        }
        merge(s, nodes + depth - 1, depth - 1 - base); /* lanes that found no partner */
#endif
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
        const i64 begin = x.elements.begin, end = x.elements.end;
#if LOAD == LOAD_VECTOR
        if (s.columns >= VECTOR_ELEMENTS && pays_by_rows(&s, end - begin))
            panel_by_rows(&s, kept->nodes[0], begin, end);
        else if (s.columns >= VECTOR_ELEMENTS)
            panel_in_strips(&s, kept->nodes[0], begin, end);
        else
#endif
            node_sums(&s, kept->nodes, begin, end);
        store_panel(&p, out, &x, kept->nodes[0]);
    }
}
