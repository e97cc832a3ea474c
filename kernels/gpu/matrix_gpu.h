/* GPU schedule, class matrix: values in sixteen bytes of local memory, and the tree over the blocks of a work-item. */

#if GROUP == GROUP_C128
#define VALUE_BYTES 16
#elif GROUP == GROUP_F64 || GROUP == GROUP_C64 || (GROUP == GROUP_INT && (!IS_TYPED || RESULT_BYTES == 8))
#define VALUE_BYTES 8
#else
#define VALUE_BYTES 4
#endif
#define IN_QUAD (16 / VALUE_BYTES)

/* The k-th of the values in sixteen bytes. */
FUNCTION value value_in(quad q, i32 k)
{
#if VALUE_BYTES == 16
    pair64 v;
    v.re = f64_of_bits((u64)q.x | (u64)q.y << 32);
    v.im = f64_of_bits((u64)q.z | (u64)q.w << 32);
    return v;
#elif VALUE_BYTES == 8
    const u32 low = k == 0 ? q.x : q.z, high = k == 0 ? q.y : q.w;
#if GROUP == GROUP_C64
    pair32 v;
    v.re = f32_of_bits(low);
    v.im = f32_of_bits(high);
    return v;
#elif GROUP == GROUP_F64
    return f64_of_bits((u64)low | (u64)high << 32);
#else
    return (u64)low | (u64)high << 32;
#endif
#else
    const u32 word32 = k == 0 ? q.x : k == 1 ? q.y : k == 2 ? q.z : q.w;
#if GROUP == GROUP_INT
    return word32;
#else
    return f32_of_bits(word32);
#endif
#endif
}

/* Adds to the `own` sums of a node's index-th block those that wait: all of them after the last block, else those whose
 * pair it completes, and then waits itself. */
FUNCTION void climb(i32 own, PRIVATE value *sums, PRIVATE value *waiting, i32 index, i32 is_last)
{
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
