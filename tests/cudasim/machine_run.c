/* A launch: its blocks one after the other in an order that follows from the seed, and in a block the warps
 * in turns, in an order of its own each time. */
#include "machine_warp.h"

#include <stdlib.h>

enum { TURN = 100000 }; /* instructions of a warp before another one has its turn */

static u64 next_random(u64 *state)
{
    u64 z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void shuffle(u32 *order, u32 count, u64 *random)
{
    for (u32 k = count; k > 1; k--) {
        const u32 other = (u32)(next_random(random) % k), kept = order[k - 1];
        order[k - 1] = order[other];
        order[other] = kept;
    }
}

/* ---- Registers ---- */

static void fill(warp *w, u32 offset, u64 bits, u32 bytes)
{
    u64 *eight = slot(w, offset);
    u32 *four = slot(w, offset);
    u16 *two = slot(w, offset);
    if (bytes == 1) four[0] = bits ? ALL_LANES : 0;
    for (u32 l = 0; l < WARP_LANES; l++) {
        if (bytes == 8) eight[l] = bits;
        if (bytes == 4) four[l] = (u32)bits;
        if (bytes == 2) two[l] = (u16)bits;
    }
}

static void fill_constants(warp *w)
{
    const launch *run = w->run;
    const ptx_module *module = run->module;
    for (size_t k = 0; k < module->constant_count; k++) {
        const constant *c = &module->constants[k];
        const u64 moved = c->moved == RELOCATE_FRAME            ? module->frame_base
                          : c->moved == RELOCATE_MODULE_SHARED  ? module->shared_base
                          : c->moved == RELOCATE_DYNAMIC_SHARED ? run->static_shared
                                                                : 0;
        fill(w, c->slot, c->bits + moved, c->bytes);
    }
}

static void fill_special(warp *w, special which, u32 bits)
{
    fill(w, SLOT_BYTES * (1 + (u32)which), bits, 4);
}

static void fill_thread_ids(warp *w)
{
    const u32 *shape = w->run->given->block;
    u32 *x = slot(w, SLOT_BYTES * (1 + SPECIAL_TID_X)), *y = slot(w, SLOT_BYTES * (1 + SPECIAL_TID_Y));
    u32 *z = slot(w, SLOT_BYTES * (1 + SPECIAL_TID_Z)), *lane = slot(w, SLOT_BYTES * (1 + SPECIAL_LANEID));
    u32 *equal = slot(w, SLOT_BYTES * (1 + SPECIAL_LANEMASK_EQ));
    for (u32 l = 0; l < WARP_LANES; l++) {
        const u32 thread = w->index * WARP_LANES + l, bit = 1U << l;
        x[l] = thread % shape[0];
        y[l] = thread / shape[0] % shape[1];
        z[l] = thread / shape[0] / shape[1];
        lane[l] = l;
        equal[l] = bit;
        ((u32 *)slot(w, SLOT_BYTES * (1 + SPECIAL_LANEMASK_LT)))[l] = bit - 1;
        ((u32 *)slot(w, SLOT_BYTES * (1 + SPECIAL_LANEMASK_LE)))[l] = bit | (bit - 1);
        ((u32 *)slot(w, SLOT_BYTES * (1 + SPECIAL_LANEMASK_GE)))[l] = ~(bit - 1);
        ((u32 *)slot(w, SLOT_BYTES * (1 + SPECIAL_LANEMASK_GT)))[l] = ~(bit | (bit - 1));
    }
    for (u32 k = 0; k < 3; k++) {
        fill_special(w, (special)(SPECIAL_NTID_X + k), shape[k]);
        fill_special(w, (special)(SPECIAL_NCTAID_X + k), w->run->given->grid[k]);
    }
    fill_special(w, SPECIAL_WARPID, w->index);
    fill_special(w, SPECIAL_NWARPID, w->in->warp_count);
}

/* ---- Blocks ---- */

static void start_warp(warp *w)
{
    const block *b = w->in;
    const u32 left = b->threads - w->index * WARP_LANES;
    w->alive = w->runnable = left >= WARP_LANES ? ALL_LANES : (1U << left) - 1;
    w->at_sync = w->at_barrier = 0;
    w->sync_clock = 0;
    if (w->has_pairs) memset(w->pair_clock, 0, sizeof w->pair_clock);
    w->has_pairs = false;
    for (u32 l = 0; l < WARP_LANES; l++) {
        w->lane_pc[l] = w->run->kernel->entry;
        w->depth[l] = 0;
        w->executed[l] = 0;
    }
    for (u32 k = 0; k < 3; k++) fill_special(w, (special)(SPECIAL_CTAID_X + k), b->index[k]);
    if (w->local_written) memset(w->local_written, 0, w->run->local_bytes * WARP_LANES);
}

static void start_block(launch *run, u32 serial, u64 place)
{
    block *b = &run->block;
    const u32 *grid = run->given->grid;
    b->serial = serial;
    b->index[0] = (u32)(place % grid[0]);
    b->index[1] = (u32)(place / grid[0] % grid[1]);
    b->index[2] = (u32)(place / grid[0] / grid[1]);
    b->clock = b->barrier_clock = 1;
    memset(b->arrived, 0, sizeof b->arrived);
    if (b->shared_bytes) {
        memset(b->shared, 0xa5, b->shared_bytes);
        memset(b->cells, 0, b->cell_count * sizeof *b->cells);
    }
    for (u32 k = 0; k < b->warp_count; k++) start_warp(&b->warps[k]);
    if (run->visibility) visibility_start_block(run->visibility);
}

static void run_block(launch *run)
{
    block *b = &run->block;
    u32 order[WARP_LANES];
    for (u32 k = 0; k < b->warp_count; k++) order[k] = k;
    for (;;) {
        bool progress = false, alive = false;
        shuffle(order, b->warp_count, &run->random);
        for (u32 k = 0; k < b->warp_count; k++) {
            warp *w = &b->warps[order[k]];
            if (!w->runnable && !(w->at_sync && release_warp_barrier(w))) continue;
            run_warp(w, TURN);
            progress = true;
        }
        for (u32 k = 0; k < b->warp_count; k++) alive |= b->warps[k].alive != 0;
        if (!alive) return;
        if (release_barriers(b)) progress = true;
        if (!progress) report_deadlock(b);
    }
}

/* Goes over all blocks: place p of a random permutation is a Feistel-like walk, so that no table is needed.
 */
static u64 permuted(u64 place, u64 count, u64 seed)
{
    u32 half = 1;
    while (count > UINT64_C(1) << 2 * half) half++;
    const u64 mask = (UINT64_C(1) << half) - 1;
    do {
        u64 left = place >> half, right = place & mask;
        for (u64 round = 0; round < 4; round++) {
            u64 state = seed + round * UINT64_C(0x632be59bd9b4e019) + right;
            const u64 mixed = left ^ (next_random(&state) & mask);
            left = right;
            right = mixed;
        }
        place = left << half | right;
    } while (place >= count);
    return place;
}

/* ---- Launches ---- */

static u32 shift_of(u32 granule)
{
    return granule >= 4 ? 2 : granule == 2 ? 1 : 0;
}

static void *zeroed(size_t count, size_t bytes)
{
    void *p = count ? aligned_alloc(64, (count * bytes + 63) / 64 * 64) : NULL;
    if (p) memset(p, 0, count * bytes);
    return p;
}

static bool prepare_warp(launch *run, u32 index)
{
    warp *w = &run->block.warps[index];
    w->index = index;
    w->in = &run->block;
    w->run = run;
    w->registers = zeroed(run->module->register_bytes, 1);
    if (!w->registers) return false;
    if (run->local_bytes) {
        w->local = zeroed(run->local_bytes, WARP_LANES);
        w->local_written = zeroed(run->local_bytes, WARP_LANES);
        if (!w->local || !w->local_written) return false;
    }
    fill_constants(w);
    fill_thread_ids(w);
    return true;
}

static void place_memory(launch *run)
{
    const ptx_kernel *k = run->kernel;
    const ptx_module *m = run->module;
    block *b = &run->block;
    run->own[0] = (memory_block){CONST_WINDOW, m->constant_bytes, m->constant_data};
    run->own[1] = (memory_block){GLOBAL_WINDOW, m->global_bytes, m->globals};
    run->local_bytes = ((m->frame_bytes ? m->frame_base + m->frame_bytes : k->own_local) + 15) & ~(size_t)15;
    run->local_limit = m->frame_bytes ? m->frame_base + m->frame_bytes : k->own_local;
    run->static_shared =
        ((m->module_shared ? m->shared_base + m->module_shared : k->own_shared) + 15) & ~(size_t)15;
    b->shared_bytes = run->given->dynamic_shared ? run->static_shared + run->given->dynamic_shared
                      : m->module_shared         ? m->shared_base + m->module_shared
                                                 : k->own_shared;
    b->cell_shift = shift_of(k->shared_granule);
    b->cell_count = (b->shared_bytes >> b->cell_shift) + 1;
}

static bool prepare(launch *run)
{
    block *b = &run->block;
    place_memory(run);
    b->threads = run->given->block[0] * run->given->block[1] * run->given->block[2];
    b->warp_count = (b->threads + WARP_LANES - 1) / WARP_LANES;
    run->hot = zeroed(run->module->code_count, sizeof *run->hot);
    b->warps = zeroed(b->warp_count, sizeof *b->warps);
    if (!run->hot || !b->warps) return false;
    if (b->shared_bytes) {
        b->shared = zeroed(b->shared_bytes, 1);
        b->cells = zeroed(b->cell_count, sizeof *b->cells);
        if (!b->shared || !b->cells) return false;
    }
    if (run->kernel->has_atomics && !(run->visibility = visibility_new(run))) return false;
    for (u32 k = 0; k < b->warp_count; k++)
        if (!prepare_warp(run, k)) return false;
    return true;
}

static void release(launch *run)
{
    block *b = &run->block;
    for (u32 k = 0; b->warps && k < b->warp_count; k++) {
        free(b->warps[k].registers);
        free(b->warps[k].local);
        free(b->warps[k].local_written);
    }
    free(b->warps);
    free(b->shared);
    free(b->cells);
    free(run->hot);
    visibility_free(run->visibility);
    free(run);
}

static void run_blocks(launch *run)
{
    const u32 *grid = run->given->grid;
    const u64 count = (u64)grid[0] * grid[1] * grid[2];
    for (u64 k = 0; k < count; k++) {
        start_block(run, (u32)k, permuted(k, count, run->given->seed));
        run_block(run);
    }
}

int machine_run(const ptx_kernel *kernel, const machine_launch *given, fault_report *report)
{
    launch *run = calloc(1, sizeof *run);
    memset(report, 0, sizeof *report);
    if (!run) abort();
    run->kernel = kernel;
    run->module = kernel->module;
    run->code = kernel->module->code;
    run->given = given;
    run->params = given->params;
    run->limit = given->max_instructions;
    run->random = given->seed;
    run->report = report;
    if (!prepare(run)) abort();
    if (!setjmp(run->stop)) run_blocks(run);
    if (given->instructions) *given->instructions += run->count;
    release(run);
    return report->kind != FAULT_NONE;
}
