/* Simulated memory: allocations with fences around them, poisoned when made, kept unmapped for a while after
 * they are freed. A device address is the real one with bit 54 set, on which the host crashes (AArch64 would
 * ignore the highest eight bits). */
#include "tests/cudasim/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 256, PAGE = 4096, QUARANTINE = 1024 };

#define DEVICE_TAG (UINT64_C(1) << 54)

/* Poisoned at either end of an allocation; of pinned memory less, since no kernel here reads it. */
static const size_t poison_most = (size_t)64 << 20, poison_pinned = (size_t)256 << 10;

static block **blocks; /* alive, by address */
static size_t block_count, block_capacity;
static uint64_t last_serial, used[MAX_DEVICES];

/* What was freed last: still reserved, so that nothing else takes its addresses. */
typedef struct freed {
    memory_block at;
    unsigned char *map;
    size_t mapped;
    uint64_t call;
} freed;

static freed quarantine[QUARANTINE];
static uint64_t freed_count;

bool address_is_tagged(uint64_t address)
{
    return (address & DEVICE_TAG) != 0;
}

/* How many live blocks begin at or before the address. */
static size_t blocks_up_to(uint64_t address)
{
    size_t low = 0, high = block_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (blocks[middle]->at.address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static block *find_exactly(uint64_t address)
{
    const size_t n = blocks_up_to(address);
    return n && address - blocks[n - 1]->at.address < blocks[n - 1]->at.bytes ? blocks[n - 1] : NULL;
}

block *block_find(uint64_t address)
{
    block *b = find_exactly(address);
    if (b || address_is_tagged(address)) return b;
    b = find_exactly(address | DEVICE_TAG);
    return b && b->kind == MEMORY_COMBINED ? b : NULL;
}

/* Of either of its addresses. */
uint64_t block_offset(const block *b, uint64_t address)
{
    return (address & ~DEVICE_TAG) - (b->at.address & ~DEVICE_TAG);
}

block *block_of(const context *owner)
{
    for (size_t i = 0; i < block_count; i++)
        if (blocks[i]->owner == owner) return blocks[i];
    return NULL;
}

static bool list(block *made)
{
    if (block_count == block_capacity) {
        const size_t capacity = block_capacity ? 2 * block_capacity : 256;
        block **grown = realloc(blocks, capacity * sizeof *blocks);
        if (!grown) return false;
        blocks = grown;
        block_capacity = capacity;
    }
    const size_t at = blocks_up_to(made->at.address);
    memmove(blocks + at + 1, blocks + at, (block_count - at) * sizeof *blocks);
    blocks[at] = made;
    block_count++;
    return true;
}

static uint64_t charged(const block *b)
{
    return b->kind == MEMORY_DEVICE ? (b->at.bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : 0;
}

static void poison(const block *b)
{
    const size_t most = b->kind == MEMORY_PINNED ? poison_pinned : poison_most;
    const size_t ends = b->at.bytes < 2 * most ? b->at.bytes : most;
    unsigned char *inside = b->map + PAGE;
    memset(inside, b->poison, (size_t)(b->at.host - inside));
    memset(b->at.host, b->poison, ends);
    unsigned char *end = b->at.host + b->at.bytes, *fence = b->map + b->mapped - PAGE;
    memset(end - ends, b->poison, (size_t)(fence - end) + ends);
}

/* Pages for it, a page that no one may touch at either end, and an address aligned to no more than is
 * promised. */
static bool map_fenced(block *b, size_t bytes)
{
    const size_t lead = random_choice(PAGE / ALIGNMENT) * ALIGNMENT;
    if (bytes > SIZE_MAX / 2) return false;
    b->mapped = 2 * (size_t)PAGE + (lead + bytes + PAGE - 1) / PAGE * PAGE;
    void *map = mmap(NULL, b->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) return false;
    b->map = map;
    if (mprotect(b->map + PAGE, b->mapped - 2 * (size_t)PAGE, PROT_READ | PROT_WRITE) != 0) {
        munmap(map, b->mapped);
        return false;
    }
    b->at.host = b->map + PAGE + lead;
    b->at.bytes = bytes;
    return true;
}

CUresult block_make(memory_kind kind, size_t bytes, context *owner, block **made)
{
    static const unsigned char patterns[] = {0xa5, 0xff, 0x7f, 0x5a, 0xc3};
    if (kind == MEMORY_DEVICE &&
        (bytes > (uint64_t)config.memory || used[owner->device] > (uint64_t)config.memory - bytes))
        return CUDA_ERROR_OUT_OF_MEMORY;
    block *b = calloc(1, sizeof *b);
    if (!b || !map_fenced(b, bytes)) {
        free(b);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    b->kind = kind;
    b->owner = owner;
    b->serial = ++last_serial;
    b->at.address =
        (uint64_t)(uintptr_t)b->at.host | (kind == MEMORY_DEVICE || kind == MEMORY_COMBINED ? DEVICE_TAG : 0);
    b->poison = patterns[random_choice(sizeof patterns)];
    poison(b);
    if (!list(b)) {
        munmap(b->map, b->mapped);
        free(b);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    used[owner->device] += charged(b);
    *made = b;
    return CUDA_SUCCESS;
}

CUresult block_register(void *host, size_t bytes, context *owner)
{
    const uint64_t address = (uint64_t)(uintptr_t)host;
    const size_t before = blocks_up_to(address + bytes - 1);
    if (before && blocks[before - 1]->at.address + blocks[before - 1]->at.bytes > address)
        return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    block *b = calloc(1, sizeof *b);
    if (!b) return CUDA_ERROR_OUT_OF_MEMORY;
    *b = (block){{address, bytes, host}, MEMORY_REGISTERED, owner, ++last_serial, NULL, 0, 0};
    if (list(b)) return CUDA_SUCCESS;
    free(b);
    return CUDA_ERROR_OUT_OF_MEMORY;
}

/* Whether someone wrote between the block and its fences. */
static void check_margins(const block *b)
{
    const unsigned char *end = b->at.host + b->at.bytes, *fence = b->map + b->mapped - PAGE;
    for (const unsigned char *p = b->map + PAGE; p < fence; p++) {
        if (p == b->at.host) p = end;
        if (p == fence) break;
        if (*p == b->poison) continue;
        misuse("host overrun: byte %td of an allocation of %zu bytes was written", p - b->at.host,
               b->at.bytes);
        return;
    }
}

static void keep_reserved(const block *b)
{
    freed *slot = &quarantine[freed_count++ % QUARANTINE];
    if (slot->map) munmap(slot->map, slot->mapped);
    *slot = (freed){b->at, b->map, b->mapped, call_number()};
    mmap(b->map, b->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void block_free(block *gone)
{
    const size_t at = blocks_up_to(gone->at.address) - 1;
    memmove(blocks + at, blocks + at + 1, (block_count - at - 1) * sizeof *blocks);
    block_count--;
    if (gone->map) {
        check_margins(gone);
        keep_reserved(gone);
    }
    used[gone->owner->device] -= charged(gone);
    free(gone);
}

const memory_block *memory_for_kernel(void *user, uint64_t address)
{
    const block *b = find_exactly(address);
    return b && (b->kind != MEMORY_DEVICE || b->owner == user) ? &b->at : NULL;
}

static const freed *freed_at(uint64_t address)
{
    for (size_t i = 0; i < QUARANTINE; i++) {
        const freed *f = &quarantine[i];
        if (f->map && address - f->at.address < f->at.bytes) return f;
    }
    return NULL;
}

void memory_explain(const context *user, uint64_t address, char *text, size_t capacity)
{
    const size_t n = blocks_up_to(address);
    const block *here = block_find(address), *before = n ? blocks[n - 1] : NULL;
    const freed *old = freed_at(address);
    if (here && here->kind == MEMORY_DEVICE && here->owner != user)
        snprintf(text, capacity, "memory of another context");
    else if (here)
        snprintf(text, capacity, "overrun: from byte %llu past the end of an allocation of %zu bytes",
                 (unsigned long long)block_offset(here, address), here->at.bytes);
    else if (old)
        snprintf(text, capacity, "use after free: byte %llu of %zu bytes freed by call %llu",
                 (unsigned long long)(address - old->at.address), old->at.bytes,
                 (unsigned long long)old->call);
    else if (before && address - before->at.address - before->at.bytes < PAGE)
        snprintf(text, capacity, "overrun: byte %llu of an allocation of %zu bytes",
                 (unsigned long long)(address - before->at.address), before->at.bytes);
    else if (n < block_count && blocks[n]->at.address - address < PAGE)
        snprintf(text, capacity, "underrun: %llu bytes before an allocation of %zu bytes",
                 (unsigned long long)(blocks[n]->at.address - address), blocks[n]->at.bytes);
    else if (!address_is_tagged(address))
        snprintf(text, capacity, "0x%llx is not the driver's memory", (unsigned long long)address);
    else
        snprintf(text, capacity, "0x%llx was never allocated", (unsigned long long)address);
}

uint64_t memory_used(CUdevice device)
{
    return used[device];
}

void memory_counts(cudasim_alive *alive)
{
    for (size_t i = 0; i < block_count; i++) {
        const bool host = blocks[i]->kind != MEMORY_DEVICE && blocks[i]->kind != MEMORY_MANAGED;
        *(host ? &alive->pinned : &alive->allocations) += 1;
        *(host ? &alive->pinned_bytes : &alive->bytes) += blocks[i]->at.bytes;
    }
}

void memory_reset(void)
{
    for (size_t i = 0; i < QUARANTINE; i++) {
        if (quarantine[i].map) munmap(quarantine[i].map, quarantine[i].mapped);
        quarantine[i] = (freed){0};
    }
    free(blocks);
    blocks = NULL;
    block_count = block_capacity = 0;
}
