/* Neighbouring outputs that share an operand are summed a few at a time by rows_cpu: memory is then read in as many
 * streams, which one stream alone does not keep busy. */

#if LOAD == LOAD_VECTOR
#define SHARERS 4

/* Asks for what lies AHEAD bytes further on in an output's row. */
#define AHEAD 1024
#define NO_HINT(p)
#define HINT(p) PREFETCH_FAR((GLOBAL const u8 *)(p) + AHEAD);

/* How many outputs from `flat` to `last` to sum together. */
FUNCTION i32 outputs_together(PRIVATE const params *p, i64 flat, i64 last)
{
    const i32 d = p->rank - 1;
    i32 shared = p->step1[d] == 0 || p->step2[d] == 0;
    return shared && last - flat >= SHARERS - 1 && flat % p->shape[d] + SHARERS <= p->shape[d] ? SHARERS : 1;
}
#else
#define SHARERS 1
FUNCTION i32 outputs_together(PRIVATE const params *p, i64 flat, i64 last)
{
    return 1;
}
#endif
