/* Second launch of a split sum: a work-item adds the partials of each of a block of outputs in tree order. */

KERNEL void combine_cpu(GLOBAL const partial *partials, GLOBAL u8 *out, params p)
{
    const range block = block_of(&p, GLOBAL_ID(), p.outputs);
    for (i64 flat = block.begin; flat < block.end; flat++) {
        tree t;
        t.depth = 0;
        for (i64 node = 0; node < p.all_nodes; node++) tree_push(&t, node, partials[flat * p.all_nodes + node]);
        store_result(out + p.offset_out + place_of(&p, flat).out * RESULT_SIZE(&p), p.type_out, tree_sum(&t));
    }
}
