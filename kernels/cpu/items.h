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

/* Makes x the item that comes `count` after it, which is the index-th. The items passed lie side by side. */
FUNCTION void pass_items(PRIVATE const params *p, PRIVATE item *x, i64 index, i64 count)
{
    const i32 d = p->rank - 1;
    const i64 outputs = count * p->panel, left = p->shape[d] - x->at.inner - outputs;
    if (left <= 0) {
        *x = item_of(p, index);
        return;
    }
    x->flat += outputs;
    x->outputs = (i32)min(left, p->panel);
    x->at.inner += outputs;
    x->at.at1 += outputs * p->step1[d];
    x->at.at2 += outputs * p->step2[d];
    x->at.out += outputs * p->step_out[d];
}

/* ---- Strips: items of VECTOR_ELEMENTS outputs whose sums are one vector ---- */

/* From a whole strip's first result to the next strip's. */
FUNCTION i64 strip_bytes(PRIVATE const params *p)
{
    return VECTOR_ELEMENTS * p->step_out[p->rank - 1] * RESULT_SIZE(p);
}

/* Writes the first `outputs` sums from `to` on. */
FUNCTION void store_strip(PRIVATE const params *p, GLOBAL u8 *to, i32 outputs, VECTOR sums)
{
    const i64 step = p->step_out[p->rank - 1];
    component c[WIDTH];
#ifdef STORE_RESULTS
    if (step == 1 && outputs == VECTOR_ELEMENTS) {
        STORE_RESULTS(sums, to);
        return;
    }
#endif
    STORE_COMPONENTS(sums, 0, c);
    for (i32 k = 0; k < outputs; k++)
        store_result(to + k * step * RESULT_SIZE(p), p->type_out, get_components(c + k * COMPONENTS));
}
