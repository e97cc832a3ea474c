/* rows_cpu with LOAD_ANY, real and complex numbers: a batch of elements is cast into memory that stays in the nearest
 * cache, then summed.
 *
 * Uses: component.h, vector_opencl.h, vector_cpu.h, casts.h. */

#if LOAD == LOAD_ANY && !IS_EXACT
#define ROW_COMPONENTS (LANES * COMPONENTS)
#define BATCH_ROWS (BATCH_BYTES / (ROW_COMPONENTS * (i32)sizeof(component)))
#define PARTS_AT_ONCE (PARTS < 8 ? PARTS : 8) /* vectors of sums that registers hold */

/* Adds the products of whole rows to the sums of a row. */
FUNCTION void add_batch(PRIVATE VECTOR *sums, PRIVATE const component *a, PRIVATE const component *b, i32 rows,
                        component sign)
{
    for (i32 first = 0; first < PARTS; first += PARTS_AT_ONCE) {
        VECTOR s[PARTS_AT_ONCE];
        UNROLL for (i32 j = 0; j < PARTS_AT_ONCE; j++) s[j] = sums[first + j];
        for (i32 row = 0; row < rows; row++) {
            const i32 part = row * PARTS + first;
            UNROLL for (i32 j = 0; j < PARTS_AT_ONCE; j++)
                s[j] = multiply_add(s[j], LOAD_COMPONENTS(part + j, a), LOAD_COMPONENTS(part + j, b), sign);
        }
        UNROLL for (i32 j = 0; j < PARTS_AT_ONCE; j++) sums[first + j] = s[j];
    }
}

FUNCTION void chunk_sums(PRIVATE const params *p, GLOBAL const u8 *row1, GLOBAL const u8 *row2, i64 begin, i32 count,
                         i32 outputs, PRIVATE value *chunks)
{
    VECTOR cast1[BATCH_ROWS * PARTS], cast2[BATCH_ROWS * PARTS];
    PRIVATE component *const a = (PRIVATE component *)cast1, *const b = (PRIVATE component *)cast2;
    const component sign = (component)(p->no_conj ? -1 : 1);
    const i64 step1 = p->stride1 * OPERAND_SIZE1(p), step2 = p->stride2 * OPERAND_SIZE2(p);
    VECTOR sums[PARTS];
    for (i32 j = 0; j < PARTS; j++) sums[j] = SPLAT(0);
    for (i32 at = 0; at < count; at += BATCH_ROWS * LANES) {
        const i32 part = (i32)min((i64)count - at, (i64)(BATCH_ROWS * LANES)), rows = (part + LANES - 1) / LANES;
        pack(a, row1 + (begin + at) * step1, p->type1, step1, part);
        pack(b, row2 + (begin + at) * step2, p->type2, step2, part);
        for (i32 k = part * COMPONENTS; k < rows * ROW_COMPONENTS; k++) a[k] = b[k] = 0;
        add_batch(sums, a, b, rows, sign);
    }
    chunks[0] = fold_row(sums);
}
#endif
