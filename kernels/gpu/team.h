/* What the work-items of a group of the GPU schedule do together: sums over neighbours, the tree's stack in local
 * memory, sums over partials. Every work-item of the group must call each function that has a barrier. */

/* Levels of a stack of leaves, of which a chunk has 2^5 at most. */
#define LEVELS (TEAM_NODE_LEVELS + 5 + 1)

#if GROUP == GROUP_INT
#define PARTIAL(v) ((partial)(v))
#else
#define PARTIAL(v) (v)
#endif

/* The adjacent pairwise sum of `count` values, a power of two, in place: in registers, where the count is a constant
 * ... */
FUNCTION value pairwise(PRIVATE value *v, i32 count)
{
    UNROLL for (i32 width = count / 2; width > 0; width /= 2)
        UNROLL for (i32 k = 0; k < width; k++) v[k] = value_add(v[2 * k], v[2 * k + 1]);
    return v[0];
}

/* ... and in local memory, by one work-item. */
FUNCTION value fold(LOCAL value *v, i32 count)
{
    NO_UNROLL for (i32 step = 1; step < count; step *= 2)
        NO_UNROLL for (i32 k = 0; k < count; k += 2 * step) v[k] = value_add(v[k], v[k + step]);
    return v[0];
}

#if HAS_EXCHANGE
#define TEAM_SPACE 1
FUNCTION value partner(value v, i32 mask)
{
    union words {
        value v;
        u32 words[sizeof(value) / 4];
    } x;
    x.v = v;
    UNROLL for (i32 k = 0; k < (i32)(sizeof(value) / 4); k++) x.words[k] = exchange32(x.words[k], mask);
    return x.v;
}

/* The adjacent pairwise sum over `width` neighbouring work-items, a power of two up to TEAM: right in the first. */
FUNCTION value team_sum(LOCAL value *space, i32 me, i32 round, i32 width, value v)
{
    UNROLL for (i32 step = 1; step < TEAM; step *= 2)
        if (step < width) v = value_add(v, partner(v, step));
    return v;
}
#else
/* One barrier a call: the first of the work-items adds what all wrote, in one of two places that take turns. */
#define TEAM_SPACE (2 * GROUP_ITEMS)
FUNCTION value team_sum(LOCAL value *space, i32 me, i32 round, i32 width, value v)
{
    LOCAL value *mine = space + (round & 1) * GROUP_ITEMS + me;
    *mine = v;
    BARRIER();
    return (me & (width - 1)) == 0 ? fold(mine, width) : v;
}
#endif

/* Binary counters of finished nodes, `count` side by side: a stack's levels are `apart` apart, the stacks `next`.
 * Pushing the k-th leaves merges every pair that they complete. */
FUNCTION void stack_push(LOCAL value *stack, i32 apart, i32 next, i32 count, i32 index, PRIVATE value *leaf)
{
    NO_UNROLL for (; index & 1; index >>= 1, stack += apart)
        UNROLL for (i32 m = 0; m < count; m++) leaf[m] = value_add(stack[m * next], leaf[m]);
    UNROLL for (i32 m = 0; m < count; m++) stack[m * next] = leaf[m];
}

FUNCTION void stack_sum(LOCAL const value *stack, i32 apart, i32 next, i32 count, i32 leaves, PRIVATE value *sum)
{
    UNROLL for (i32 m = 0; m < count; m++) sum[m] = value_zero();
    NO_UNROLL for (; leaves > 0; leaves >>= 1, stack += apart)
        if (leaves & 1)
            UNROLL for (i32 m = 0; m < count; m++) sum[m] = value_add(stack[m * next], sum[m]);
}

FUNCTION void store_sum(PRIVATE const params *p, GLOBAL u8 *out, place at, value v)
{
    store_result(out + p->offset_out + at.out * RESULT_SIZE(p), p->type_out, v);
}

/* A node that is the whole sum becomes the output, any other a partial. */
FUNCTION void store_either(PRIVATE const params *p, GLOBAL u8 *out, GLOBAL partial *partials, place at, i64 flat,
                           i64 node, value v)
{
    if (p->all_nodes == 1)
        store_sum(p, out, at, v);
    else
        partials[partial_index(p, flat, node)] = PARTIAL(v);
}

/* ---- Sums over an output's partials ---- */

#if HAS_FENCED_GROUPS
/* Whether this is the last of an output's `groups` to get here: then all their partials are there to read. */
FUNCTION i32 is_last_group(GLOBAL u32 *counter, i64 groups, i32 me)
{
    LOCAL_ARRAY i32 is_last;
    BARRIER();
    if (me == 0) is_last = arrive(counter, (u32)groups);
    BARRIER();
    return is_last;
}
#endif

#define EACH 8 /* partials a work-item loads at once */

/* The sum of partials begin to begin + share of `count`: share is a power of two, or no less than count. Right in the
 * team's first. */
FUNCTION value team_partials(LOCAL value *space, LOCAL value *stack, i32 me, GLOBAL const partial *from, i64 count,
                             i64 begin, i64 share)
{
    i64 end = begin + share < count ? begin + share : count;
    value sum = value_zero();
    i32 rounds = (i32)((share + TEAM * EACH - 1) / (TEAM * EACH));
    NO_UNROLL for (i32 round = 0; round < rounds; round++) {
        i64 first = begin + ((i64)round * TEAM + me % TEAM) * EACH;
        value v[EACH];
        UNROLL for (i32 k = 0; k < EACH; k++) v[k] = first + k < end ? (value)from[first + k] : value_zero();
        sum = team_sum(space, me, round, TEAM, pairwise(v, EACH));
        if (me % TEAM == 0) stack_push(stack, 1, 1, 1, round, &sum);
    }
    if (me % TEAM == 0) stack_sum(stack, 1, 1, 1, rounds, &sum);
    return sum;
}

/* How many of an output's partials each of `members` teams takes. */
FUNCTION i64 partials_share(i64 count, i32 members)
{
    i64 share = TEAM;
    if (members == 1) return count;
    NO_UNROLL while (share * members < count) share *= 2;
    return share;
}
