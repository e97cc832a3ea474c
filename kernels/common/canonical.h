/* The canonical sum's constants for the result dtype of this variant, and the stack that builds its tree.
 *
 * Element i of the contracted axis belongs to lane i mod LANES; ROWS consecutive rows of LANES elements make
 * a chunk; a chunk's value is the adjacent pairwise sum of its lanes and the result that of the chunks. Integers
 * are exact in any order. */
#if GROUP == GROUP_C128
#define RESULT_BYTES 16
#elif GROUP == GROUP_F64 || GROUP == GROUP_C64
#define RESULT_BYTES 8
#elif GROUP == GROUP_F16 || GROUP == GROUP_BF16
#define RESULT_BYTES 2
#elif GROUP == GROUP_INT && IS_TYPED
#if CODE(RESULT) == CODE_i64 || CODE(RESULT) == CODE_u64
#define RESULT_BYTES 8
#elif CODE(RESULT) == CODE_i32 || CODE(RESULT) == CODE_u32
#define RESULT_BYTES 4
#elif CODE(RESULT) == CODE_i16 || CODE(RESULT) == CODE_u16
#define RESULT_BYTES 2
#else
#define RESULT_BYTES 1
#endif
#elif GROUP == GROUP_INT
#define RESULT_BYTES 8
#else
#define RESULT_BYTES 4
#endif

#define LANES (ROW_BYTES / RESULT_BYTES)
#define CHUNK (LANES * ROWS)

#if GROUP == GROUP_INT && !IS_TYPED
#define RESULT_SIZE(p) code_size((p)->type_out)
#else
#define RESULT_SIZE(p) RESULT_BYTES
#endif

/* The elements of the contracted axis that are the `node`-th of this launch; a leaf of the tree is so many of them, a
 * CHUNK or a MATRIX_BLOCK. */
FUNCTION range node_range(PRIVATE const params *p, i64 node, i64 leaf)
{
    range r;
    r.begin = (p->first_node + node) * p->node_chunks * leaf;
    r.end = r.begin + p->node_chunks * leaf < p->n ? r.begin + p->node_chunks * leaf : p->n;
    return r;
}

/* A binary counter of finished nodes: pushing the k-th leaf merges every pair that it completes. */
typedef struct tree {
    value nodes[STACK_DEPTH];
    i32 depth;
} tree;

FUNCTION void tree_push(PRIVATE tree *t, i64 index, value leaf)
{
    for (; index & 1; index >>= 1) leaf = value_add(t->nodes[--t->depth], leaf);
    t->nodes[t->depth++] = leaf;
}

/* The sum of what was pushed, a node without a partner passing up unchanged. */
FUNCTION value tree_sum(PRIVATE tree *t)
{
    if (t->depth == 0) return value_zero();
    value sum = t->nodes[--t->depth];
    while (t->depth > 0) sum = value_add(t->nodes[--t->depth], sum);
    return sum;
}

/* A node that is the whole sum becomes the output, any other a partial. */
FUNCTION void store_node(PRIVATE const params *p, GLOBAL u8 *to, place at, i64 flat, i64 node, value v)
{
    if (p->all_nodes == 1) {
        store_result(to + p->offset_out + at.out * RESULT_SIZE(p), p->type_out, v);
    } else {
#if GROUP == GROUP_INT
        ((GLOBAL partial *)to)[partial_index(p, flat, node)] = (partial)v;
#else
        ((GLOBAL partial *)to)[partial_index(p, flat, node)] = v;
#endif
    }
}
