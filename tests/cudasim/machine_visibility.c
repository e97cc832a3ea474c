/* What one block may see of another's writes, for kernels with atomics. Blocks run one after the other here,
 * so every value arrives; what is checked is that the kernel has asked for it, in PTX's terms:
 *  - the writing side releases: some thread makes a fence of the device after the write (its own write, or
 * one that a barrier put before the fence) and then an atomic or another strong write. A fence behind the
 * atomic, or none, publishes nothing;
 *  - the reading side acquires: an atomic or strong read, then a fence, by the reading thread or by one that
 * a barrier puts before it (a barrier between the atomic and the fence is taken as well). Which address the
 * atomics meet at is ignored. Each written byte keeps its block, thread and time on the block's clock;
 * each block keeps up to what time its threads', warps' and its own writes are published. */
#include "machine_warp.h"

#include <stdlib.h>

enum {
    PAGE_BYTES = 1024,
    OBSERVED = 1,
    ACQUIRED = 2,
    MAX_THREADS = 1024,
    MAX_WARPS = MAX_THREADS / WARP_LANES
};

typedef struct written {
    u32 block, clock; /* block: 1 + its serial; 0: nobody wrote */
    u16 thread;
    bool strong;
} written;

typedef struct page {
    u64 number;
    struct page *next;
    written bytes[PAGE_BYTES];
} page;

typedef struct published {
    u32 all, warps[MAX_WARPS], threads[MAX_THREADS];
} published;

typedef struct fenced {
    u32 all, warp, thread;
} fenced;

struct visibility {
    page **buckets, *last;
    size_t bucket_count, page_count;
    u64 low, high; /* all written bytes lie between */
    published **blocks;
    size_t block_count;
    fenced fences[MAX_THREADS]; /* of the running block: what each thread's last fence covers */
    u8 seen[MAX_THREADS];
};

visibility *visibility_new(const launch *run)
{
    visibility *v = calloc(1, sizeof *v);
    if (!v) return NULL;
    v->block_count = (size_t)run->given->grid[0] * run->given->grid[1] * run->given->grid[2];
    v->bucket_count = 4096;
    v->low = UINT64_MAX;
    v->blocks = calloc(v->block_count, sizeof(published *));
    v->buckets = calloc(v->bucket_count, sizeof(page *));
    if (v->blocks && v->buckets) return v;
    visibility_free(v);
    return NULL;
}

void visibility_free(visibility *v)
{
    if (!v) return;
    for (size_t k = 0; v->buckets && k < v->bucket_count; k++)
        for (page *p = v->buckets[k], *next; p; p = next) {
            next = p->next;
            free(p);
        }
    for (size_t k = 0; v->blocks && k < v->block_count; k++) free(v->blocks[k]);
    free(v->buckets);
    free(v->blocks);
    free(v);
}

void visibility_start_block(visibility *v)
{
    memset(v->fences, 0, sizeof v->fences);
    memset(v->seen, 0, sizeof v->seen);
}

static page *find_page(visibility *v, u64 number, bool make)
{
    if (v->last && v->last->number == number) return v->last;
    page **bucket = &v->buckets[number % v->bucket_count];
    for (page *p = *bucket; p; p = p->next)
        if (p->number == number) return v->last = p;
    if (!make) return NULL;
    page *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->number = number;
    p->next = *bucket;
    return v->last = *bucket = p;
}

static void check_read(warp *w, const written *byte, u32 lane, u64 address, bool strong)
{
    const visibility *v = w->run->visibility;
    if (!byte->block || byte->block == w->in->serial + 1 || (strong && byte->strong)) return;
    const published *by = v->blocks[byte->block - 1];
    const u32 clock = byte->clock;
    const char *fault_of = NULL;
    if (!by || !(clock < by->all || clock < by->warps[byte->thread / WARP_LANES] ||
                 clock < by->threads[byte->thread]))
        fault_of = "which made no fence of the device between that write and an atomic";
    else if (!(v->seen[w->index * WARP_LANES + lane] & ACQUIRED))
        fault_of = "but has made no fence of the device after an atomic";
    if (fault_of)
        fault(w, FAULT_GLOBAL_RACE, w->pc - 1, lane,
              "reads global address 0x%llx, written by thread %u of the block that ran as number %u, %s",
              (unsigned long long)address, byte->thread, byte->block - 1, fault_of);
}

static void note_write(warp *w, written *byte, u32 lane, bool strong)
{
    *byte = (written){w->in->serial + 1, w->in->clock, (u16)(w->index * WARP_LANES + lane), strong};
}

static void access_lane(warp *w, u32 lane, u64 address, bool writes, bool strong, u32 bytes)
{
    visibility *v = w->run->visibility;
    for (u64 at = address; at < address + bytes; at++) {
        page *p = find_page(v, at / PAGE_BYTES, writes);
        if (!p) continue;
        if (writes)
            note_write(w, &p->bytes[at % PAGE_BYTES], lane, strong);
        else
            check_read(w, &p->bytes[at % PAGE_BYTES], lane, at, strong);
    }
    if (!writes) return;
    if (address < v->low) v->low = address;
    if (address + bytes > v->high) v->high = address + bytes;
}

void visibility_access(warp *w, const instruction *i, const u64 *address, u32 lanes, access_kind kind,
                       u32 bytes)
{
    visibility *v = w->run->visibility;
    const bool strong = i->order & ORDER_STRONG;
    u32 near = 0;
    if (kind == ACCESS_ATOMIC) return;
    if (kind == ACCESS_STORE && i->order & ORDER_RELEASE) visibility_fence(w, lanes);
    for (u32 l = 0; l < WARP_LANES; l++) near |= address[l] < v->high && address[l] + bytes > v->low;
    if (near || kind == ACCESS_STORE)
        for (u32 rest = lanes; rest; rest &= rest - 1) {
            const u32 l = (u32)__builtin_ctz(rest);
            access_lane(w, l, address[l], kind == ACCESS_STORE, strong, bytes);
        }
    if (strong)
        visibility_atomic(w, lanes, i->order & ~(u32)(kind == ACCESS_LOAD ? ORDER_RELEASE : ORDER_ACQUIRE));
}

/* A fence of the device: covers what these threads wrote, and what barriers put before. */
void visibility_fence(warp *w, u32 lanes)
{
    visibility *v = w->run->visibility;
    if (!v) return;
    const u32 now = ++w->in->clock;
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 thread = w->index * WARP_LANES + (u32)__builtin_ctz(rest);
        v->fences[thread] = (fenced){w->in->barrier_clock, w->sync_clock, now};
        if (v->seen[thread] & OBSERVED) v->seen[thread] |= ACQUIRED;
    }
}

static void raise(u32 *to, u32 clock)
{
    if (*to < clock) *to = clock;
}

/* An atomic or strong access of these threads: publishes what their fences cover, and sees what others
 * published. */
void visibility_atomic(warp *w, u32 lanes, u32 order)
{
    visibility *v = w->run->visibility;
    if (!v) return;
    published **mine = &v->blocks[w->in->serial];
    if (!*mine) *mine = calloc(1, sizeof **mine);
    if (!*mine) abort();
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 thread = w->index * WARP_LANES + (u32)__builtin_ctz(rest);
        const fenced f = v->fences[thread];
        raise(&(*mine)->all, f.all);
        raise(&(*mine)->warps[w->index], f.warp);
        raise(&(*mine)->threads[thread], f.thread);
        v->seen[thread] |= OBSERVED | (order & ORDER_ACQUIRE ? ACQUIRED : 0);
    }
}

/* What one thread has seen, the barrier hands to all. */
void visibility_barrier(block *b)
{
    visibility *v = b->warp_count ? b->warps[0].run->visibility : NULL;
    u8 all = 0;
    if (!v) return;
    for (u32 k = 0; k < b->threads; k++) all |= v->seen[k];
    memset(v->seen, all, b->threads);
}
