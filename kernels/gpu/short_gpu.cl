/* GPU schedule, class short: a row is at most one canonical row, so that each lane has one element. p.members
 * neighbouring work-items, a power of two, take an output together. Each loads all of its parts of several outputs,
 * COUNT pairs, before it uses the first. Consecutive work-items read consecutive memory, whatever the length of a row.
 *
 * LOAD_VECTOR: a pair is sixteen bytes of each operand. LOAD_STRIDED: a pair is an element of each; a member takes
 * p.span pairs of an output, more than one where a row has more than 32 elements.
 *
 * Two examples in float32, with elements that are apart (LOAD_STRIDED), so that COUNT is 8:
 *  - Rows of 5: an output has 8 members, of which the last three have no element. A group has 32 outputs abreast. Its
 *    work-item 9 is the second member of output 1. It loads element 1 of the outputs 1, 33, 65, ... and 225.
 *  - Rows of 40: an output has 32 members, with p.span 2. A group has 8 outputs abreast. Its work-item 33 is the second
 *    member of output 1. It loads the elements 1 and 33 of output 1, then of the outputs 9, 17 and 25. The members add
 *    up an output's elements 0 to 31, then 32 to 39; the first of them adds the two sums.
 *
 * Uses: operand.h, team.h, quad.h, bytes.h, vector_gpu.h. */

#if LOAD == LOAD_VECTOR
#define COUNT SHORT_PAIRS_WIDE
#define RESIDENT 3
typedef quad part1;
typedef quad part2;
#else
#define COUNT (RESULT_BYTES >= 8 ? SHORT_PAIRS_WIDE : SHORT_PAIRS)
#define RESIDENT (RESULT_BYTES == 16 ? 2 : 3)
#define OWN 1
typedef PASTE(stored_, TYPE1) part1;
typedef PASTE(stored_, TYPE2) part2;
#endif

/* The sum of a pair's products. */
FUNCTION value pair_product(PRIVATE const params *p, part1 a, part2 b)
{
#if LOAD == LOAD_VECTOR
    return quad_product(p, a, b);
#else
    return product_add(p, value_zero(), PASTE(cast_, TYPE1)(a), PASTE(cast_, TYPE2)(b));
#endif
}

/* The way in an array from an output of a work-item to its next, which is outer * inner + rest outputs further on;
 * there are at most two batch dimensions, and the innermost has `inner` outputs. In elements. */
typedef struct advance {
    i64 by;
    i64 wrap; /* is added where the innermost index passes its end */
} advance;

FUNCTION advance advance_of(PRIVATE const i64 *steps, i32 rank, i64 inner, i64 outer, i64 rest)
{
    advance a;
    const i64 up = steps[rank > 1 ? rank - 2 : 0];
    a.by = outer * up + rest * steps[rank - 1];
    a.wrap = up - inner * steps[rank - 1];
    return a;
}

KERNEL RESIDENT_WORK_GROUPS(GROUP_ITEMS, RESIDENT)
void short_gpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY value space[TEAM_SPACE];
    const i32 me = LOCAL_ID();
    const i32 span = LOAD == LOAD_VECTOR ? 1 : (i32)p.span;
    const i32 mine = me % p.members;             /* which member of its outputs this is              */
    const i32 abreast = GROUP_ITEMS / p.members; /* outputs that the group has side by side          */
    const i32 each = COUNT / span;               /* outputs of a work-item at most, `abreast` apart  */
    const i64 begin = GROUP_ID() * abreast * each + me / p.members; /* the first of them             */
    const i64 inner = p.shape[p.rank - 1], outer = abreast / inner, rest = abreast - outer * inner;
    i64 left = begin < p.outputs ? (p.outputs - begin + abreast - 1) / abreast : 0; /* up to the last output */
    const i32 count = left < each ? (i32)left : each;                               /* that it has           */
    const place start = place_of(&p, count > 0 ? begin : 0);
    const advance next1 = advance_of(p.step1, p.rank, inner, outer, rest);
    const advance next2 = advance_of(p.step2, p.rank, inner, outer, rest);
    GLOBAL const part1 *row1 = (GLOBAL const part1 *)(operand1 + p.offset1) + start.at1 / OWN;
    GLOBAL const part2 *row2 = (GLOBAL const part2 *)(operand2 + p.offset2) + start.at2 / OWN;
    part1 a[COUNT];
    part2 b[COUNT];
    value v[COUNT];
    u32 used = 0; /* bit k: the k-th pair is an element's, or sixteen bytes' */
    {
        i64 at1 = 0, at2 = 0, index = start.inner;
        i32 pair = mine, done = 0; /* done: the outputs of which all pairs are loaded */
        /* Where there is no k-th pair, the first of the work-item's first row is loaded, and not used. */
        UNROLL for (i32 k = 0; k < COUNT; k++) {
            const i32 some = done < count && pair * OWN < p.n;
            used |= (u32)some << k;
            a[k] = row1[some ? at1 / OWN + pair * p.stride1 : 0];
            b[k] = row2[some ? at2 / OWN + pair * p.stride2 : 0];
            pair += p.members;
            if (span == 1 || pair >= span * p.members) {
                pair = mine;
                done++;
                at1 += next1.by;
                at2 += next2.by;
                index += rest;
                if (index >= inner) {
                    index -= inner;
                    at1 += next1.wrap;
                    at2 += next2.wrap;
                }
            }
        }
    }
    LOADS_FIRST();
    UNROLL for (i32 k = 0; k < COUNT; k++)
        v[k] = team_sum(space, me, k, p.members, used >> k & 1 ? pair_product(&p, a[k], b[k]) : value_zero());
    /* A row's sums lie side by side in v, span of them. Neighbours are added until one is left. */
    UNROLL for (i32 width = 1; width < COUNT; width *= 2)
        if (width < span)
            UNROLL for (i32 k = 0; k < COUNT / 2; k++) v[k] = value_add(v[2 * k], v[2 * k + 1]);
    if (mine != 0) return;
    {
        const advance next = advance_of(p.step_out, p.rank, inner, outer, rest);
        place at = start;
        UNROLL for (i32 k = 0; k < COUNT; k++) {
            if (k < count) store_sum(&p, out, at, v[k]);
            at.inner += rest;
            at.out += next.by;
            if (at.inner >= inner) {
                at.inner -= inner;
                at.out += next.wrap;
            }
        }
    }
}
