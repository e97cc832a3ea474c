/* GPU schedule, class short, where no operand has a gap between its rows, so that each is one long array. A row is at
 * most one canonical row. A group takes p.block rows, which start and end on 16-byte boundaries, and loads them whole
 * before it uses the first: COUNT pairs of sixteen bytes a work-item.
 *
 * Local memory hands the products out again: each row's to p.members neighbouring work-items, a power of two, and
 * p.span of them to each. Where a row is a whole number of pairs, the sum of a pair stands for its products.
 *
 * Uses: operand.h, team.h, quad.h, bytes.h, vector_gpu.h. */

#if GROUP == GROUP_INT && RESULT_BYTES == 1
typedef u8 leaf;
#elif GROUP == GROUP_INT && RESULT_BYTES == 2
typedef u16 leaf;
#else
typedef value leaf;
#endif

#if GROUP == GROUP_INT
#define LEAF(v) ((leaf)(IS_TYPED_BOOL ? (v) != 0 : (v)))
#else
#define LEAF(v) (v)
#endif

#if GROUP == GROUP_F16 || GROUP == GROUP_BF16
#define LEAF_QUADS 2 /* that the products of a pair take */
#else
#define LEAF_QUADS 1
#endif
#define COUNT (DENSE_QUADS / LEAF_QUADS)

/* Leaves of a row that a work-item has in registers. */
#define MOST_LEAVES (RESULT_BYTES >= 8 ? DENSE_LEAVES_WIDE : DENSE_LEAVES)

#if RESULT_BYTES == 1
/* The products of the bytes of two words. */
FUNCTION u32 word_products(u32 a, u32 b)
{
#if IS_TYPED_BOOL
    return add_word(0, a, b);
#else
    return (a * b & 0xffu) | ((a >> 8) * (b >> 8) & 0xffu) << 8 | ((a >> 16) * (b >> 16) & 0xffu) << 16 |
           (a >> 24) * (b >> 24) << 24;
#endif
}

FUNCTION void put_products(PRIVATE const params *p, LOCAL quad *to, quad a, quad b)
{
    *to = quad_of(word_products(a.x, b.x), word_products(a.y, b.y), word_products(a.z, b.z), word_products(a.w, b.w));
}
#else
FUNCTION void put_products(PRIVATE const params *p, LOCAL quad *to, quad a, quad b)
{
    union {
        leaf leaves[OWN];
        quad quads[LEAF_QUADS];
    } x;
    UNROLL for (i32 k = 0; k < OWN; k++)
        x.leaves[k] = LEAF(product_add(p, value_zero(), element_in(a, k), element_in(b, k)));
    UNROLL for (i32 k = 0; k < LEAF_QUADS; k++) to[k] = x.quads[k];
}
#endif

/* The pairwise sum of `count` leaves, at most `most`, a constant. */
FUNCTION value sum_leaves(LOCAL const leaf *from, i32 count, i32 most)
{
    value v[MOST_LEAVES];
    UNROLL for (i32 k = 0; k < most; k++) {
        v[k] = value_zero();
        if (k < count) v[k] = from[k];
    }
    return pairwise(v, most);
}

/* A work-item's part of a row. p.span is at most 2 * MOST_LEAVES. */
FUNCTION value sum_part(LOCAL const leaf *from, i32 count, i32 span)
{
    value sum;
    if (span <= MOST_LEAVES / 2) return sum_leaves(from, count, MOST_LEAVES / 2);
    sum = sum_leaves(from, count, MOST_LEAVES);
    if (span > MOST_LEAVES)
        sum = value_add(sum, sum_leaves(from + MOST_LEAVES, count - MOST_LEAVES, MOST_LEAVES));
    return sum;
}

KERNEL RESIDENT_WORK_GROUPS(GROUP_ITEMS, 4)
void dense_gpu(GLOBAL const u8 *operand1, GLOBAL const u8 *operand2, GLOBAL u8 *out, params p)
{
    LOCAL_ARRAY quad space[COUNT * LEAF_QUADS * GROUP_ITEMS];
    LOCAL_ARRAY value sums[TEAM_SPACE];
    LOCAL leaf *leaves = (LOCAL leaf *)space;
    const i32 me = LOCAL_ID(), mine = me & (p.members - 1);
    const i32 abreast = (i32)((u32)GROUP_ITEMS / (u32)p.members), ahead = me * abreast / GROUP_ITEMS;
    const i64 begin = GROUP_ID() * p.block;
    const i32 rows = (i32)(p.outputs - begin < p.block ? p.outputs - begin : p.block);
    const i32 elements = rows * (i32)p.n, pairs = elements / OWN, whole = (i32)p.n % OWN == 0;
    const i32 each = whole ? (i32)p.n / OWN : (i32)p.n; /* leaves of a row */
    GLOBAL const u8 *row1 = operand1 + p.offset1 + begin * p.n * RESULT_BYTES;
    GLOBAL const u8 *row2 = operand2 + p.offset2 + begin * p.n * RESULT_BYTES;
    quad a[COUNT], b[COUNT];
    UNROLL for (i32 k = 0; k < COUNT; k++) { /* without a pair of its own: the last, perhaps of the group before */
        const i32 at = me + k * GROUP_ITEMS < pairs ? me + k * GROUP_ITEMS : pairs - 1;
        a[k] = ((GLOBAL const quad *)row1)[at];
        b[k] = ((GLOBAL const quad *)row2)[at];
    }
    LOADS_FIRST();
    if (whole)
        UNROLL for (i32 k = 0; k < COUNT; k++) leaves[me + k * GROUP_ITEMS] = LEAF(quad_product(&p, a[k], b[k]));
    else
        UNROLL for (i32 k = 0; k < COUNT; k++)
            put_products(&p, space + (me + k * GROUP_ITEMS) * LEAF_QUADS, a[k], b[k]);
    BARRIER();
    if (me < elements - pairs * OWN) { /* the arrays' end */
        const i32 at = pairs * OWN + me;
        value v = value_zero();
        ADD_PRODUCT(&p, v, row1, at, row2, at);
        leaves[at] = LEAF(v);
    }
    BARRIER();
    /* No barrier is within a condition, team_sum's included: PoCL 3.1 then gives wrong sums. */
    NO_UNROLL for (i32 first = 0, round = 0; first < rows; first += abreast, round++) {
        const i32 row = first + ahead;
        value v = value_zero();
        if (row < rows) v = sum_part(leaves + row * each + mine * (i32)p.span, each - mine * (i32)p.span, (i32)p.span);
        v = team_sum(sums, me, round, p.members, v);
        if (mine == 0 && row < rows)
            store_result(out + p.offset_out + (begin + row) * p.step_out[0] * RESULT_BYTES, CODE(RESULT), v);
    }
}
