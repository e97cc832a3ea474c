/* The control flow of a warp. Each lane has its own program counter; the lanes at the deepest call and there
 * at the lowest counter run first, as one group, until they meet others: so code that nvcc has structured
 * meets again where its branches join, and lanes that do not meet are seen apart by whatever needs them
 * together. */
#include "machine_warp.h"

static void set_lanes_pc(warp *w, u32 lanes, u32 pc)
{
    for (; lanes; lanes &= lanes - 1) w->lane_pc[__builtin_ctz(lanes)] = pc;
}

static u32 lowest(u32 lanes)
{
    return (u32)__builtin_ctz(lanes);
}

void run_nothing(warp *w, const instruction *i)
{
    (void)w;
    (void)i;
}

void run_guarded(warp *w, const instruction *i)
{
    const u32 group = w->mask;
    w->mask = guard_lanes(w, i);
    if (w->mask) i->guarded(w, i);
    w->mask = group;
}

void run_branch(warp *w, const instruction *i)
{
    const u32 target = (u32)i->value, taken = guard_lanes(w, i), rest = w->mask & ~taken;
    if (!taken) return;
    if (!rest) {
        w->pc = target;
        return;
    }
    set_lanes_pc(w, taken, target);
    set_lanes_pc(w, rest, w->pc);
    w->merge = 0; /* choose anew */
}

void run_branch_index(warp *w, const instruction *i)
{
    const u32 lanes = guard_lanes(w, i), *index = slot(w, i->operand[0]);
    const u32 *list = w->run->module->targets + i->value;
    set_lanes_pc(w, w->mask & ~lanes, w->pc);
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = lowest(rest);
        if (index[l] >= list[0])
            fault(w, FAULT_OUT_OF_BOUNDS, w->pc - 1, l, "branch index %u of %u targets", index[l], list[0]);
        w->lane_pc[l] = list[1 + index[l]];
    }
    w->merge = 0;
}

static void leave(warp *w, u32 lanes)
{
    w->alive &= ~lanes;
    w->runnable &= ~lanes;
    set_lanes_pc(w, w->mask & ~lanes, w->pc);
    w->mask &= ~lanes;
    w->merge = 0;
}

void run_exit(warp *w, const instruction *i)
{
    const u32 lanes = guard_lanes(w, i);
    if (lanes) leave(w, lanes);
}

void run_return(warp *w, const instruction *i)
{
    const u32 lanes = guard_lanes(w, i);
    if (!lanes) return;
    if (w->depth[lowest(lanes)] == 0) {
        leave(w, lanes);
        return;
    }
    set_lanes_pc(w, w->mask & ~lanes, w->pc);
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = lowest(rest);
        w->lane_pc[l] = w->return_pc[--w->depth[l]][l];
    }
    w->merge = 0;
}

void run_call(warp *w, const instruction *i)
{
    const u32 lanes = guard_lanes(w, i);
    set_lanes_pc(w, w->mask & ~lanes, w->pc);
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = lowest(rest);
        w->return_pc[w->depth[l]++][l] = w->pc;
        w->lane_pc[l] = (u32)i->value;
    }
    w->merge = 0;
}

void run_trap(warp *w, const instruction *i)
{
    const u32 lanes = guard_lanes(w, i);
    if (lanes) fault(w, FAULT_TRAP, w->pc - 1, lowest(lanes), "the kernel trapped");
}

/* The lanes that run next, where, and the lowest place at which others of the same call wait. */
static void choose_group(warp *w)
{
    u32 depth = 0, pc = UINT32_MAX, merge = UINT32_MAX, mask = 0;
    for (u32 rest = w->runnable; rest; rest &= rest - 1)
        if (w->depth[lowest(rest)] > depth) depth = w->depth[lowest(rest)];
    for (u32 rest = w->runnable; rest; rest &= rest - 1) {
        const u32 l = lowest(rest), at = w->lane_pc[l];
        if (w->depth[l] != depth) continue;
        if (at < pc) {
            merge = pc;
            pc = at;
            mask = 0;
        }
        if (at == pc)
            mask |= 1U << l;
        else if (at < merge)
            merge = at;
    }
    w->pc = pc;
    w->merge = merge;
    w->mask = mask;
}

static u64 most_executed(const warp *w)
{
    u64 most = 0;
    for (u32 rest = w->mask; rest; rest &= rest - 1)
        if (w->executed[lowest(rest)] > most) most = w->executed[lowest(rest)];
    return most;
}

/* Until the group meets other lanes, stops at a synchronisation, or has run `fuel` instructions: how many it
 * ran. */
static u64 run_group(warp *w, u64 fuel)
{
    const instruction *code = w->run->code;
    u64 steps = 0;
    while (w->pc < w->merge && steps < fuel) {
        const instruction *i = &code[w->pc++];
        steps++;
        i->run(w, i);
    }
    return steps;
}

/* Runs until no lane can go on, or about `quantum` instructions. */
void run_warp(warp *w, u64 quantum)
{
    launch *run = w->run;
    for (u64 spent = 0; w->runnable && spent < quantum;) {
        choose_group(w);
        const u32 group = w->mask;
        u64 fuel = quantum - spent;
        if (run->limit) {
            const u64 most = most_executed(w);
            if (most >= run->limit)
                fault(w, FAULT_ENDLESS, w->pc, lowest(group), "%llu instructions so far",
                      (unsigned long long)most);
            if (run->limit - most < fuel) fuel = run->limit - most;
        }
        const u64 steps = run_group(w, fuel);
        if (w->merge != 0) set_lanes_pc(w, w->mask, w->pc);
        for (u32 rest = group; rest; rest &= rest - 1) w->executed[lowest(rest)] += steps;
        run->count += steps * (u64)__builtin_popcount(group);
        spent += steps;
    }
}
