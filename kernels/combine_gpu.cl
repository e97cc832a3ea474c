/* Second launch of a split sum: a group adds the partials of one output. Each work-item sums an aligned block of nodes,
 * a power of two of them, and the group the blocks. */

#define GROUP_ITEMS 256

KERNEL WORK_GROUP(GROUP_ITEMS) void combine_gpu(GLOBAL const partial *partials, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY value shared[GROUP_ITEMS];
    const i32 me = LOCAL_ID();
    const i64 flat = GROUP_ID();
    i64 each = 1;
    while (each * GROUP_ITEMS < p.all_nodes) each *= 2;
    tree t;
    t.depth = 0;
    for (i64 k = 0; k < each && me * each + k < p.all_nodes; k++)
        tree_push(&t, k, partials[flat * p.all_nodes + me * each + k]);
    shared[me] = tree_sum(&t);
    BARRIER();
    for (i32 step = 1; step < GROUP_ITEMS; step *= 2) {
        if ((me & (2 * step - 1)) == 0) shared[me] = value_add(shared[me], shared[me + step]);
        BARRIER();
    }
    if (me == 0) store_result(out + p.offset_out + place_of(&p, flat).out * RESULT_SIZE(&p), p.type_out, shared[0]);
}
