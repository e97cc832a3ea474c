/* CPU schedule, kernels with outputs side by side: an item of work is one tree node of p->panel neighbouring outputs of
 * the innermost batch dimension, fewer at its end. */

typedef struct item {
    i64 node;
    i64 flat;       /* the first output               */
    i32 outputs;
    place at;       /* where the first output lies    */
    range elements; /* of the node                    */
} item;

FUNCTION i64 items_across(PRIVATE const params *p)
{
    return (p->shape[p->rank - 1] + p->panel - 1) / p->panel;
}

FUNCTION i64 items_of(PRIVATE const params *p)
{
    return p->outputs / p->shape[p->rank - 1] * items_across(p) * p->nodes;
}

FUNCTION item item_of(PRIVATE const params *p, i64 index)
{
    const i64 inner = p->shape[p->rank - 1], across = items_across(p), outer = index / (across * p->nodes);
    const i64 first = index % across * p->panel;
    item x;
    x.node = (index - outer * across * p->nodes) / across;
    x.flat = outer * inner + first;
    x.outputs = (i32)min(inner - first, p->panel);
    x.at = place_of(p, x.flat);
    x.elements = node_range(p, x.node, CHUNK);
    return x;
}

/* Makes x the item after it, which is the index-th. */
FUNCTION void next_item(PRIVATE const params *p, PRIVATE item *x, i64 index)
{
    const i32 d = p->rank - 1;
    const i64 left = p->shape[d] - x->at.inner - p->panel;
    if (left <= 0) {
        *x = item_of(p, index);
        return;
    }
    x->flat += p->panel;
    x->outputs = (i32)min(left, p->panel);
    x->at.inner += p->panel;
    x->at.at1 += p->panel * p->step1[d];
    x->at.at2 += p->panel * p->step2[d];
    x->at.out += p->panel * p->step_out[d];
}

/* ---- Strips: items of VECTOR_ELEMENTS outputs whose sums are one vector ---- */

FUNCTION void store_strip(PRIVATE const params *p, GLOBAL u8 *out, PRIVATE const item *x, VECTOR sums)
{
    const i64 step = p->step_out[p->rank - 1];
    GLOBAL u8 *to = out + p->offset_out + x->at.out * RESULT_SIZE(p);
    component c[WIDTH];
#ifdef STORE_RESULTS
    if (step == 1 && x->outputs == VECTOR_ELEMENTS) {
        STORE_RESULTS(sums, to);
        return;
    }
#endif
    STORE_COMPONENTS(sums, 0, c);
    for (i32 k = 0; k < x->outputs; k++)
        store_result(to + k * step * RESULT_SIZE(p), p->type_out, get_components(c + k * COMPONENTS));
}
