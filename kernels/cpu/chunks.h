/* rows_cpu with LOAD_VECTOR: the values of a chunk of the canonical sum, where elements lie next to each other.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, sharers.h. */

#if LOAD == LOAD_VECTOR && !IS_EXACT
/* ROW1(k, p), ROW2(k, p): the k-th of the vectors that hold the elements from p on as a row of sums has them. STEP of
 * them are loaded together. */
#if GROUP == GROUP_BF16
/* Pairs of bfloat16 as words: first the elements at even places, then those at odd places. */
#define STEP 2
#define ROW_OF_PAIRS(k, p)                                                                   \
    ((k) % 2 == 0 ? FLOATS_OF(WIDTH, WORDS_AT(WIDTH, (p) + (k) * VECTOR_ELEMENTS) << 16) \
                  : FLOATS_OF(WIDTH, WORDS_AT(WIDTH, (p) + ((k) - 1) * VECTOR_ELEMENTS) & 0xffff0000u))
#define WORDS_AT(Q, p) LOAD_INTEGERS(uint, Q, p)
#define FLOATS_OF(Q, v) PASTE(as_float, Q)(v)
#define ROW1(k, p) ROW_OF_PAIRS(k, p)
#define ROW2(k, p) ROW_OF_PAIRS(k, p)
#else
#define STEP 1
#define ROW1(k, p) WIDE1(k, p)
#define ROW2(k, p) WIDE2(k, p)
#endif

/* The value of a row of sums. Two neighbouring elements' sums are added first, which STEP 2 has in two vectors. */
FUNCTION value fold_sums(PRIVATE VECTOR *sums)
{
#if STEP == 2
    UNROLL for (i32 j = 0; j < PARTS / 2; j++) sums[j] = add(sums[2 * j], sums[2 * j + 1]);
    FOLD_VECTORS(sums, PARTS / 2)
    return fold_one(sums[0]);
#else
    return fold_row(sums);
#endif
}

/* The k-th of the STEP vectors of the last `count` elements, and zeros after them; nothing else is read. */
#ifdef COPY_FIRST
#define LAST(which)                                                                          \
    FUNCTION VECTOR last##which(GLOBAL const stored##which *from, const i32 k, i32 count)    \
    {                                                                                        \
        stored##which kept[VECTOR_BYTES / sizeof(stored##which)];                            \
        COPY_FIRST(kept, from, count * (i64)sizeof(stored##which));                          \
        return ROW##which(k, kept);                                                          \
    }
#else
#define LAST(which)                                                                          \
    FUNCTION VECTOR last##which(GLOBAL const stored##which *from, const i32 k, i32 count)    \
    {                                                                                        \
        return collect##which(from + k, STEP, (count + STEP - 1 - k) / STEP);                \
    }
#endif
LAST(1)
LAST(2)

/* The value of a chunk from the sums of its whole rows and its last `count` < LANES elements. Each vector of sums has a
 * constant index, so that they may stay in registers. */
FUNCTION value with_last(PRIVATE const VECTOR *sums, GLOBAL const stored1 *a, GLOBAL const stored2 *b, i32 count,
                         component sign)
{
    const i32 left = count % (STEP * VECTOR_ELEMENTS);
    VECTOR all[PARTS], x[STEP], y[STEP];
    UNROLL for (i32 k = 0; k < STEP; k++) {
        x[k] = last1(a + (count - left), k, left);
        y[k] = last2(b + (count - left), k, left);
    }
    UNROLL for (i32 j = 0; j < PARTS; j += STEP)
        UNROLL for (i32 k = 0; k < STEP; k++) {
            all[j + k] = sums[j + k];
            if (count >= (j + STEP) * VECTOR_ELEMENTS)
                all[j + k] = multiply_add(all[j + k], ROW1(j + k, a), ROW2(j + k, b), sign);
            else if (count > j * VECTOR_ELEMENTS)
                all[j + k] = multiply_add(all[j + k], x[k], y[k], sign);
        }
    return fold_sums(all);
}

#if PARTS <= VECTOR_REGISTERS
#define EACH_PART UNROLL
#else
#define EACH_PART
#endif

/* The value of `count` <= CHUNK elements from a and b on. The sums are in registers if those are enough. */
FUNCTION value chunk_sum(GLOBAL const stored1 *a, GLOBAL const stored2 *b, i32 count, component sign)
{
    VECTOR sums[PARTS];
    UNROLL for (i32 j = 0; j < PARTS; j++) sums[j] = SPLAT(0);
    for (; count >= LANES; count -= LANES, a += LANES, b += LANES)
        EACH_PART for (i32 j = 0; j < PARTS; j += STEP)
            UNROLL for (i32 k = 0; k < STEP; k++)
                sums[j + k] = multiply_add(sums[j + k], ROW1(k, a + j * VECTOR_ELEMENTS),
                                           ROW2(k, b + j * VECTOR_ELEMENTS), sign);
    return count == 0 ? fold_sums(sums) : with_last(sums, a, b, count, sign);
}

/* The same of SHARERS outputs. Their rows are read PASS_PARTS vectors at a time, so that the sums of all stay in
 * registers. Those of one operand are step1 or step2 elements apart; the other's step is 0. Asks for what the pass reads
 * of the next chunk. */
#define PASS_PARTS (VECTOR_REGISTERS == 32 ? 4 : 2)
#define CACHE_LINE 64
#define ADD_PASS(X, Y, MOVING)                                                                                         \
    for (i32 row = 0; row < whole; row += LANES, x += LANES, y += LANES)                                               \
        UNROLL for (i32 j = 0; j < PASS_PARTS; j++)                                                                    \
            UNROLL for (i32 t = 0; t < SHARERS; t++) {                                                                 \
                if (j * VECTOR_ELEMENTS * (i32)sizeof *(MOVING) % CACHE_LINE == 0)                                     \
                    PREFETCH_FAR((MOVING) + CHUNK + j * VECTOR_ELEMENTS);                                              \
                sums[t][j] = multiply_add(sums[t][j], ROW1(j, X), ROW2(j, Y), sign);                                   \
            }

OUT_OF_LINE void chunk_sums_of_sharers(GLOBAL const stored1 *a, i64 step1, GLOBAL const stored2 *b, i64 step2,
                                       i32 count, component sign, PRIVATE value *chunks)
{
    VECTOR all[SHARERS][PARTS];
    const i32 whole = count / LANES * LANES;
    for (i32 first = 0; first < PARTS; first += PASS_PARTS) {
        VECTOR sums[SHARERS][PASS_PARTS];
        GLOBAL const stored1 *x = a + first * VECTOR_ELEMENTS;
        GLOBAL const stored2 *y = b + first * VECTOR_ELEMENTS;
        UNROLL for (i32 t = 0; t < SHARERS; t++) UNROLL for (i32 j = 0; j < PASS_PARTS; j++) sums[t][j] = SPLAT(0);
        if (step1 != 0)
            ADD_PASS(x + t * step1, y, x + t * step1)
        else
            ADD_PASS(x, y + t * step2, y + t * step2)
        UNROLL for (i32 t = 0; t < SHARERS; t++)
            UNROLL for (i32 j = 0; j < PASS_PARTS; j++) all[t][first + j] = sums[t][j];
    }
    for (i32 t = 0; t < SHARERS; t++)
        chunks[t] = with_last(all[t], a + t * step1 + whole, b + t * step2 + whole, count - whole, sign);
}
#endif
