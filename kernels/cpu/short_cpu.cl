/* CPU schedule, class short: rows of at most SHORT_ELEMENTS that fold_cpu does not take. A work-item takes a block of
 * strips; a strip is VECTOR_ELEMENTS outputs along the innermost batch dimension, whose sums are one vector. Their
 * elements are collected one by one, so that rows lie across vectors.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h, items.h. */

#if IS_TYPED
#define STRIP_OF(which, p, from, step, count) collect##which((GLOBAL const stored##which *)(from), step, count)
#else
#define STRIP_OF(which, p, from, step, count) \
    collect_any(from, (p)->type##which, (step) * OPERAND_SIZE##which(p), count)
FUNCTION VECTOR collect_any(GLOBAL const u8 *from, i32 type, i64 step, i32 count)
{
    component c[WIDTH];
    STORE_COMPONENTS(SPLAT(0), 0, c);
    pack(c, from, type, step, count);
    return LOAD_COMPONENTS(0, c);
}
#endif

/* The sums of `count` outputs: the tree over n elements, each a lane of its own. */
FUNCTION VECTOR strip_sums(PRIVATE const params *p, GLOBAL const u8 *from1, GLOBAL const u8 *from2, i32 count)
{
    const i64 step1 = p->step1[p->rank - 1], step2 = p->step2[p->rank - 1];
    component sign = (component)(p->no_conj ? -1 : 1);
    vector_tree tree;
    tree.depth = 0;
    for (i32 i = 0; i < (i32)p->n; i++) {
        const VECTOR a = STRIP_OF(1, p, from1 + i * p->stride1 * OPERAND_SIZE1(p), step1, count);
        const VECTOR b = STRIP_OF(2, p, from2 + i * p->stride2 * OPERAND_SIZE2(p), step2, count);
        vector_tree_push(&tree, i, multiply(a, b, sign));
    }
    return vector_tree_sum(&tree);
}

KERNEL WORK_GROUP(1) void short_cpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    const range block = block_of(&p, GROUP_ID(), items_of(&p));
    item x = item_of(&p, block.begin);
    for (i64 index = block.begin; index < block.end;) {
        GLOBAL const u8 *from1 = ADDRESS1(&p, operand1, x.at.at1), *from2 = ADDRESS2(&p, operand2, x.at.at2);
        GLOBAL u8 *to = out + p.offset_out + x.at.out * RESULT_SIZE(&p);
        store_strip(&p, to, x.outputs, strip_sums(&p, from1, from2, x.outputs));
        if (++index < block.end) pass_items(&p, &x, index, 1);
    }
}
