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
