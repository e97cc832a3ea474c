/* Races in shared memory. Every few bytes (the kernel's smallest access) have a cell with who last read and
 * wrote them and when on the block's clock, which each synchronisation advances. Two touches of which one
 * writes must be by one thread or have a barrier between, or, in one warp, a bar.warp.sync of both lanes;
 * shuffles order nothing. A write of what is already there by lanes at once is taken as harmless. Shared
 * memory that nobody has written must not be read. */
#include "machine_warp.h"

enum {
    WARP_THREADS = 0x8000,
    ANYBODY = 0xffff
}; /* several threads of the warp of that number; of the block */

static u16 warp_of(u16 thread)
{
    return thread & WARP_THREADS ? thread & 0x7fff : thread / WARP_LANES;
}

/* Whether an earlier touch is over for thread `me`. */
static bool ordered(const warp *w, touch t, u16 me)
{
    if (t.clock == 0 || t.thread == me || t.clock < w->in->barrier_clock) return true;
    if (t.thread == ANYBODY || warp_of(t.thread) != w->index) return false;
    if (t.clock < w->sync_clock) return true;
    if (!w->has_pairs || t.thread & WARP_THREADS) return false;
    return t.clock < w->pair_clock[me % WARP_LANES][t.thread % WARP_LANES];
}

/* Many threads may read, or add atomically, between two barriers: they are kept as one touch of all of them.
 */
static void join(const warp *w, touch *t, u16 me)
{
    const u32 clock = w->in->clock;
    if (ordered(w, *t, me))
        *t = (touch){clock, me};
    else
        *t = (touch){clock, t->thread != ANYBODY && warp_of(t->thread) == w->index
                                ? (u16)(WARP_THREADS | w->index)
                                : (u16)ANYBODY};
}

static void report_race(const warp *w, u32 lane, u64 address, touch other, const char *mine,
                        const char *theirs)
{
    const u32 pc = w->pc - 1;
    if (other.thread == ANYBODY)
        fault(w, FAULT_SHARED_RACE, pc, lane,
              "%s shared address %llu, which several threads %s with no barrier between", mine,
              (unsigned long long)address, theirs);
    if (other.thread & WARP_THREADS)
        fault(w, FAULT_SHARED_RACE, pc, lane,
              "%s shared address %llu, which lanes of its warp %s with no bar.warp.sync between", mine,
              (unsigned long long)address, theirs);
    fault(w, FAULT_SHARED_RACE, pc, lane,
          "%s shared address %llu, which thread %u %s with no barrier between", mine,
          (unsigned long long)address, other.thread, theirs);
}

static void touch_cell(warp *w, shared_cell *cell, u16 me, u64 address, touch_kind kind, bool unchanged)
{
    const u32 lane = me % WARP_LANES;
    if (kind == TOUCH_READ) {
        if (cell->write.clock == 0 && cell->atomic.clock == 0)
            fault(w, FAULT_UNINITIALISED, w->pc - 1, lane,
                  "reads shared address %llu, which nobody has written", (unsigned long long)address);
        if (!ordered(w, cell->write, me)) report_race(w, lane, address, cell->write, "reads", "wrote");
        if (!ordered(w, cell->atomic, me))
            report_race(w, lane, address, cell->atomic, "reads", "changed atomically");
        join(w, &cell->read, me);
        return;
    }
    if (!ordered(w, cell->read, me)) report_race(w, lane, address, cell->read, "writes", "read");
    if (!ordered(w, cell->write, me)) {
        if (!unchanged) report_race(w, lane, address, cell->write, "writes", "wrote");
        join(w, &cell->write, me);
        return;
    }
    if (kind == TOUCH_ATOMIC) {
        join(w, &cell->atomic, me);
        return;
    }
    if (!ordered(w, cell->atomic, me))
        report_race(w, lane, address, cell->atomic, "writes", "changed atomically");
    cell->write = (touch){w->in->clock, me};
}

/* values: of a store, what each lane writes, `bytes` for each; the bytes are compared with what is there. */
void check_shared(warp *w, const instruction *i, const u64 *address, u32 lanes, touch_kind kind, u32 bytes,
                  const void *values)
{
    block *b = w->in;
    (void)i;
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = (u32)__builtin_ctz(rest);
        const u16 me = (u16)(w->index * WARP_LANES + l);
        const unsigned char *mine = values ? (const unsigned char *)values + (size_t)l * bytes : NULL;
        const bool unchanged = mine && !memcmp(b->shared + address[l], mine, bytes);
        const u64 last = (address[l] + bytes - 1) >> b->cell_shift;
        for (u64 k = address[l] >> b->cell_shift; k <= last; k++)
            touch_cell(w, &b->cells[k], me, address[l], kind, unchanged);
        if (mine)
            memcpy(b->shared + address[l], mine, bytes); /* so that the next lane sees what this one wrote */
    }
}
