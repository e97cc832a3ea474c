/* Where lanes wait for each other: block barriers, warp barriers, shuffles, votes and matches. A lane that
 * comes first waits; what can never come together is a fault. An exited lane does not count for a block
 * barrier, but a mask that names it is wrong. */
#include "machine_warp.h"

#include <stdlib.h>

/* What a waiting lane's sync_members mean depends on the instruction at its lane_pc. */

static u32 lowest(u32 lanes)
{
    return (u32)__builtin_ctz(lanes);
}

static void stop_lanes(warp *w, u32 lanes, u32 pc)
{
    for (u32 rest = w->mask; rest; rest &= rest - 1) {
        const u32 l = lowest(rest);
        w->lane_pc[l] = lanes >> l & 1 ? pc : w->pc;
    }
    w->runnable &= ~lanes;
    w->merge = 0;
}

/* ---- Block barriers ---- */

/* Operands: id, threads (none: all). */
void run_barrier(warp *w, const instruction *i)
{
    const u32 lanes = guard_lanes(w, i), *id = slot(w, i->operand[0]), *threads = slot(w, i->operand[1]);
    if (!lanes) return;
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = lowest(rest);
        if (id[l] >= MAX_BARRIERS)
            fault(w, FAULT_DIVERGENT_BARRIER, w->pc - 1, l, "barrier %u of %d", id[l], MAX_BARRIERS);
        w->barrier_id[l] = id[l];
        w->barrier_threads[l] = i->operand[1] ? threads[l] : 0;
    }
    stop_lanes(w, lanes, w->pc - 1);
    w->at_barrier |= lanes;
}

void run_barrier_arrive(warp *w, const instruction *i)
{
    const u32 lanes = guard_lanes(w, i), *id = slot(w, i->operand[0]);
    for (u32 rest = lanes; rest; rest &= rest - 1) w->in->arrived[id[lowest(rest)] % MAX_BARRIERS]++;
}

/* The lanes of a warp that wait at one barrier; all of them must be at the same instruction when it is
 * .aligned. */
static u32 waiting_at(const warp *w, u32 id)
{
    u32 lanes = 0;
    for (u32 rest = w->at_barrier; rest; rest &= rest - 1)
        if (w->barrier_id[lowest(rest)] == id) lanes |= 1U << lowest(rest);
    return lanes;
}

static void check_aligned(const warp *w, u32 lanes)
{
    const u32 pc = w->lane_pc[lowest(lanes)];
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = lowest(rest);
        if (w->lane_pc[l] != pc && w->run->code[pc].combine)
            fault(w, FAULT_DIVERGENT_BARRIER, w->lane_pc[l], l,
                  "lanes of this warp wait at another barrier instruction, PTX line %u",
                  w->run->code[pc].line);
    }
}

static bool release_barrier(block *b, u32 id)
{
    u32 waiting = b->arrived[id], alive = 0, wanted = 0;
    for (u32 k = 0; k < b->warp_count; k++) {
        const u32 lanes = waiting_at(&b->warps[k], id);
        alive += (u32)__builtin_popcount(b->warps[k].alive);
        waiting += (u32)__builtin_popcount(lanes);
        if (lanes && b->warps[k].barrier_threads[lowest(lanes)])
            wanted = b->warps[k].barrier_threads[lowest(lanes)];
    }
    if (waiting == b->arrived[id] || waiting < (wanted ? wanted : alive)) return false;
    b->arrived[id] = 0;
    for (u32 k = 0; k < b->warp_count; k++) {
        warp *w = &b->warps[k];
        const u32 lanes = waiting_at(w, id);
        if (!lanes) continue;
        check_aligned(w, lanes);
        for (u32 rest = lanes; rest; rest &= rest - 1) w->lane_pc[lowest(rest)]++;
        w->at_barrier &= ~lanes;
        w->runnable |= lanes;
    }
    return true;
}

/* Lets go the barriers that all have reached. A barrier of fewer threads orders memory as if it were of all.
 */
bool release_barriers(block *b)
{
    bool any = false, waits[MAX_BARRIERS] = {false};
    for (u32 k = 0; k < b->warp_count; k++)
        for (u32 rest = b->warps[k].at_barrier; rest; rest &= rest - 1)
            waits[b->warps[k].barrier_id[lowest(rest)]] = true;
    for (u32 id = 0; id < MAX_BARRIERS; id++)
        if (waits[id] && release_barrier(b, id)) any = true;
    if (any) {
        b->barrier_clock = ++b->clock;
        visibility_barrier(b);
    }
    return any;
}

_Noreturn void report_deadlock(block *b)
{
    const warp *first = NULL;
    u32 waiting = 0, alive = 0;
    for (u32 k = 0; k < b->warp_count; k++) {
        const warp *w = &b->warps[k];
        alive += (u32)__builtin_popcount(w->alive);
        waiting += (u32)__builtin_popcount(w->at_barrier);
        if (w->at_barrier && !first) first = w;
        if (!w->at_sync) continue;
        const u32 l = lowest(w->at_sync), missing = w->sync_members[l] & ~w->at_sync;
        fault(w, FAULT_DIVERGENT_SHUFFLE, w->lane_pc[l], l,
              "waits for lanes 0x%08x of this warp; 0x%08x of them never come (exited: 0x%08x)",
              w->sync_members[l], missing, missing & ~w->alive);
    }
    if (!first) abort();
    const u32 l = lowest(first->at_barrier);
    fault(first, FAULT_DIVERGENT_BARRIER, first->lane_pc[l], l,
          "%u threads wait at barriers, this one at %u; %u run", waiting, first->barrier_id[l], alive);
}

/* ---- Warps ---- */

/* The lanes of this instruction whose members are all here; 0 when none are, and those that are not here
 * wait. Lanes that waited and are now complete run again from the instruction itself, together. */
static u32 meet(warp *w, u32 lanes, const u32 *members)
{
    const u32 pc = w->pc - 1;
    u32 here = lanes, ready = 0;
    for (u32 rest = w->at_sync; rest; rest &= rest - 1)
        if (w->lane_pc[lowest(rest)] == pc) here |= 1U << lowest(rest);
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = lowest(rest), mask = members[l];
        if (!(mask >> l & 1))
            fault(w, FAULT_DIVERGENT_SHUFFLE, pc, l, "lane %u is not in its own mask 0x%08x", l, mask);
        w->sync_members[l] = mask;
    }
    for (u32 rest = here; rest; rest &= rest - 1) {
        const u32 l = lowest(rest);
        if (!(w->sync_members[l] & ~here)) ready |= 1U << l;
    }
    if ((ready & lanes) == lanes && !(ready & ~lanes)) return lanes;
    stop_lanes(w, lanes, pc);
    w->at_sync |= lanes & ~ready;
    w->at_sync &= ~ready;
    w->runnable |= ready; /* when some waited before: they and this group meet here again, as one */
    return 0;
}

static u32 meet_uniform(warp *w, u32 lanes, const u32 *members)
{
    u32 differ = 0;
    EACH_LANE differ |= members[l] ^ lanes;
    return lanes && (differ != 0 || w->at_sync) ? meet(w, lanes, members) : lanes;
}

/* After the members met, they must all have named each other. */
static void check_same(const warp *w, u32 lanes, const u32 *members)
{
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = lowest(rest);
        for (u32 others = members[l]; others; others &= others - 1)
            if (members[lowest(others)] != members[l])
                fault(w, FAULT_DIVERGENT_SHUFFLE, w->pc - 1, l, "its mask is 0x%08x, lane %u's is 0x%08x",
                      members[l], lowest(others), members[lowest(others)]);
    }
}

static u32 together(warp *w, const instruction *i, u32 operand)
{
    const u32 *members = slot(w, i->operand[operand]);
    const u32 lanes = meet_uniform(w, guard_lanes(w, i), members);
    if (lanes && lanes != ALL_LANES) check_same(w, lanes, members);
    return lanes;
}

static void order_lanes(warp *w, u32 lanes, const u32 *members)
{
    block *b = w->in;
    b->clock++;
    if (lanes == ALL_LANES && members[0] == ALL_LANES) {
        w->sync_clock = b->clock;
        return;
    }
    w->has_pairs = true;
    for (u32 rest = lanes; rest; rest &= rest - 1)
        for (u32 others = members[lowest(rest)]; others; others &= others - 1)
            w->pair_clock[lowest(rest)][lowest(others)] = b->clock;
}

void run_warp_barrier(warp *w, const instruction *i)
{
    const u32 lanes = together(w, i, 0);
    if (lanes) order_lanes(w, lanes, slot(w, i->operand[0]));
}

/* Lanes at bar.warp.sync may come from different instructions: lets go those that name only such lanes. */
bool release_warp_barrier(warp *w)
{
    u32 here = 0, ready = 0;
    for (u32 rest = w->at_sync; rest; rest &= rest - 1)
        if (w->run->code[w->lane_pc[lowest(rest)]].run == run_warp_barrier) here |= 1U << lowest(rest);
    for (u32 rest = here; rest; rest &= rest - 1) {
        const u32 l = lowest(rest), mask = w->sync_members[l];
        bool same = !(mask & ~here);
        for (u32 others = mask & here; others; others &= others - 1)
            same &= w->sync_members[lowest(others)] == mask;
        if (same) ready |= 1U << l;
    }
    if (!ready) return false;
    order_lanes(w, ready, w->sync_members);
    for (u32 rest = ready; rest; rest &= rest - 1) w->lane_pc[lowest(rest)]++;
    w->at_sync &= ~ready;
    w->runnable |= ready;
    return true;
}

/* value: how ('i'dx, 'u'p, 'd'own, 'b'fly). Operands: d, a, lane, clamp and segment mask, members, predicate.
 */
void run_shuffle(warp *w, const instruction *i)
{
    const u32 lanes = together(w, i, 4), group = w->mask;
    if (!lanes) return;
    const u32 *a = slot(w, i->operand[1]), *bs = slot(w, i->operand[2]), *cs = slot(w, i->operand[3]);
    const u32 *members = slot(w, i->operand[4]);
    u32 inside = 0, values[WARP_LANES];
    for (u32 l = 0; l < WARP_LANES; l++) {
        const u32 b = bs[l] & 31, clamp = cs[l] & 31, segment = cs[l] >> 8 & 31;
        const u32 highest = (l & segment) | (clamp & ~segment), first = l & segment;
        const u32 from = i->value == 'u'   ? l - b
                         : i->value == 'd' ? l + b
                         : i->value == 'b' ? l ^ b
                                           : first | (b & ~segment);
        const bool in = i->value == 'u' ? (s32)from >= (s32)highest : from <= highest;
        const u32 source = in ? from : l;
        inside |= (u32)in << l;
        values[l] = a[source & 31];
        if (lanes >> l & 1 && !(members[l] >> (source & 31) & 1))
            fault(w, FAULT_DIVERGENT_SHUFFLE, w->pc - 1, l, "reads lane %u, which mask 0x%08x leaves out",
                  source, members[l]);
    }
    w->mask = lanes;
    memcpy(results_of(w, i->operand[0]), values, sizeof values);
    commit(w, i->operand[0], 4);
    if (i->operand[5]) set_predicate(w, i->operand[5], inside);
    w->mask = group;
}

/* value: 'b'allot, a'l'l, a'n'y, 'u'ni. Operands: d, predicate, members; negate: of the predicate. */
void run_vote(warp *w, const instruction *i)
{
    const u32 lanes = together(w, i, 2), group = w->mask;
    if (!lanes) return;
    const u32 bits = predicate(w, i->operand[1]) ^ (i->negate ? ALL_LANES : 0),
              *members = slot(w, i->operand[2]);
    w->mask = lanes;
    u32 *d = results_of(w, i->operand[0]), truth = 0;
    if (i->value == 'b') {
        EACH_LANE d[l] = bits & members[l];
        commit(w, i->operand[0], 4);
    } else {
        for (u32 l = 0; l < WARP_LANES; l++) {
            const u32 votes = bits & members[l];
            const bool all = votes == members[l], none = votes == 0;
            truth |= (u32)(i->value == 'l' ? all : i->value == 'n' ? !none : all || none) << l;
        }
        set_predicate(w, i->operand[0], truth);
    }
    w->mask = group;
}

/* match.any: the members with the same value; match.all (value 'l'): all members or none, and a predicate.
 * Operands: d, a, members, predicate in 5. bytes: of a. */
void run_match(warp *w, const instruction *i)
{
    const u32 lanes = together(w, i, 2), group = w->mask;
    if (!lanes) return;
    const u32 *members = slot(w, i->operand[2]);
    const unsigned char *a = slot(w, i->operand[1]);
    u32 same[WARP_LANES] = {0}, every = 0;
    for (u32 l = 0; l < WARP_LANES; l++) {
        for (u32 k = 0; k < WARP_LANES; k++)
            if (members[l] >> k & 1 && !memcmp(a + l * i->bytes, a + k * i->bytes, i->bytes))
                same[l] |= 1U << k;
        if (same[l] == members[l])
            every |= 1U << l;
        else if (i->value == 'l')
            same[l] = 0;
    }
    w->mask = lanes;
    memcpy(results_of(w, i->operand[0]), same, sizeof same);
    commit(w, i->operand[0], 4);
    if (i->operand[5]) set_predicate(w, i->operand[5], every);
    w->mask = group;
}

void run_active_mask(warp *w, const instruction *i)
{
    const u32 lanes = w->mask;
    u32 *d = results_of(w, i->operand[0]);
    EACH_LANE d[l] = lanes;
    commit(w, i->operand[0], 4);
}
