/* A panel of panel_cpu: neighbouring outputs, the columns, whose sums are vectors. */

#define PANEL_PARTS (PANEL_BYTES / (i32)sizeof(VECTOR)) /* at most */
#define PANEL (PANEL_PARTS * VECTOR_ELEMENTS)
/* The nodes of a panel that wait: the levels of chunks, and above them those of a chunk's lanes, up to 9 and the top. */
#define PANEL_DEPTH (PANEL_NODE_LEVELS + 1 + 10)

/* Nodes that wait, and a row of either operand that was cast. */
typedef struct panel_scratch {
    VECTOR nodes[PANEL_DEPTH][PANEL_PARTS];
#if LOAD == LOAD_ANY
    component row1[PANEL * COMPONENTS], row2[PANEL * COMPONENTS];
#endif
} panel_scratch;
#define SCRATCH_TYPE panel_scratch

typedef struct panel {
    PRIVATE panel_scratch *kept;
    GLOBAL const u8 *from1; /* element 0 of the contracted axis in the panel's first column */
    GLOBAL const u8 *from2;
    i64 step1, step2;    /* bytes from column to column        */
    i64 row1, row2;      /* bytes along the contracted axis    */
    i32 type1, type2;
    i32 columns;
    i32 parts;           /* vectors that hold the columns      */
    i64 whole_rows;      /* rows of which `parts` whole vectors may be read: past the columns it is the array's */
    component sign;
} panel;

FUNCTION i32 trailing_ones(i64 x)
{
    i32 count = 0;
    for (; x & 1; x >>= 1) count++;
    return count;
}

#if LOAD == LOAD_VECTOR
/* The vector of columns for which an operand has one and the same element. */
FUNCTION VECTOR for_all_columns(value v)
{
#if IS_COMPLEX
    component c[WIDTH];
    for (i32 k = 0; k < VECTOR_ELEMENTS; k++) put_components(c + k * COMPONENTS, v);
    return LOAD_COMPONENTS(0, c);
#else
    return SPLAT((component)v);
#endif
}

/* The last vector of columns begins where it ends with the last one, and shares some with the vector before. Moves its
 * sums, the last of `sums`, to where they belong. */
FUNCTION void end_with_last(PRIVATE const panel *s, PRIVATE VECTOR *sums)
{
    STORE_COMPONENTS(sums[s->parts - 1], 0, (PRIVATE component *)sums + (s->columns - VECTOR_ELEMENTS) * COMPONENTS);
}
#endif
