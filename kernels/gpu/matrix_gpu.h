/* GPU schedule, class matrix: what matrix_gpu and skinny_gpu share. */

/* Whether an operand's neighbours along the contracted axis are nearer in memory than its neighbouring lanes. */
FUNCTION i32 is_along(i64 stride, i64 step)
{
    return (stride < 0 ? -stride : stride) <= (step < 0 ? -step : step);
}

/* The tree over the blocks of a work-item. To the `own` sums of a node's index-th block it adds those that wait: all of
 * them after the last block, else those whose pair the block completes. Then the block's sums wait, too. From the block
 * on, the node has `left` elements; none where other teams of the group have longer nodes. */
FUNCTION void climb(i32 own, PRIVATE value *sums, PRIVATE value *waiting, i32 index, i64 left)
{
    const i32 is_last = left <= MATRIX_BLOCK;
    if (left <= 0) return;
    i32 level = 0;
    for (; is_last ? index != 0 : (index & 1) != 0; index >>= 1, level++) {
        if ((index & 1) == 0) continue;
        UNROLL for (i32 i = 0; i < own; i++) sums[i] = value_add(waiting[level * own + i], sums[i]);
    }
    if (is_last) return;
    UNROLL for (i32 i = 0; i < own; i++) {
        waiting[level * own + i] = sums[i];
        sums[i] = value_zero();
    }
}
