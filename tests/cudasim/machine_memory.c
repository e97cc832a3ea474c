/* Loads and stores: where a warp's addresses lie on the host, after every check on them. The common case, all
 * lanes in the allocation that this instruction used last, is one comparison for the warp. */
#include "machine_warp.h"

#include <inttypes.h>

static const memory_block no_block = {0, 0, NULL};

static bool contains(const memory_block *b, u64 address, u64 bytes)
{
    return address >= b->address && bytes <= b->bytes && address - b->address <= b->bytes - bytes;
}

static const memory_block *find_block(const launch *run, u64 address)
{
    for (u32 k = 0; k < 2; k++)
        if (contains(&run->own[k], address, 1)) return &run->own[k];
    return run->given->find(run->given->user, address);
}

static _Noreturn void report_bounds(const warp *w, u32 lane, u64 address, u32 bytes, const char *what,
                                    u64 limit)
{
    char near[160];
    if (limit)
        fault(w, FAULT_OUT_OF_BOUNDS, w->pc - 1, lane, "%u bytes at %s address %" PRIu64 " of %" PRIu64,
              bytes, what, address, limit);
    describe_address(w->run, address, near, sizeof near);
    fault(w, FAULT_OUT_OF_BOUNDS, w->pc - 1, lane, "%u bytes at %s address 0x%" PRIx64 ", %s", bytes, what,
          address, near);
}

static void check_alignment(const warp *w, const u64 *address, u32 lanes, u32 bytes)
{
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = (u32)__builtin_ctz(rest);
        if (address[l] & (bytes - 1))
            fault(w, FAULT_MISALIGNED, w->pc - 1, l, "%u bytes at address 0x%" PRIx64, bytes, address[l]);
    }
}

/* One lane after the other, for warps whose lanes are in several allocations, and for the fault's report. */
static void resolve_each(warp *w, const u64 *address, u32 lanes, u32 bytes, access *a)
{
    const memory_block **hot = &w->run->hot[w->pc - 1];
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = (u32)__builtin_ctz(rest);
        if (!*hot || !contains(*hot, address[l], bytes)) {
            const memory_block *found = find_block(w->run, address[l]);
            if (!found || !contains(found, address[l], bytes))
                report_bounds(w, l, address[l], bytes, "global", 0);
            *hot = found;
        }
        a->host[l] = (*hot)->host + (address[l] - (*hot)->address);
    }
}

static void resolve_global(warp *w, const instruction *i, access_kind kind, const u64 *address, u32 lanes,
                           u32 bytes, access *a)
{
    const memory_block *b = w->run->hot[w->pc - 1] ? w->run->hot[w->pc - 1] : &no_block;
    const u64 from = b->address, span = b->bytes >= bytes ? b->bytes - bytes : 0;
    u64 outside = b->bytes < bytes, low = 0;
    EACH_LANE
    {
        outside |= address[l] - from > span;
        low |= address[l];
    }
    if (low & (bytes - 1)) check_alignment(w, address, lanes, bytes);
    if (outside || lanes != w->mask) {
        resolve_each(w, address, lanes, bytes, a);
    } else {
        const uintptr_t host = (uintptr_t)b->host - (uintptr_t)from;
        uintptr_t to[WARP_LANES];
        EACH_LANE to[l] = host + (uintptr_t)address[l];
        memcpy(a->host, to, sizeof to);
    }
    if (kind != ACCESS_LOAD && w->run->hot[w->pc - 1] == &w->run->own[0])
        report_bounds(w, (u32)__builtin_ctz(lanes), address[__builtin_ctz(lanes)], bytes, "constant", 0);
    if (w->run->visibility) visibility_access(w, i, address, lanes, kind, bytes);
}

static void resolve_shared(warp *w, const instruction *i, access_kind kind, const u64 *address, u32 lanes,
                           u32 bytes, const void *values, access *a)
{
    const block *b = w->in;
    check_alignment(w, address, lanes, bytes);
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = (u32)__builtin_ctz(rest);
        if (address[l] >= b->shared_bytes || bytes > b->shared_bytes - address[l])
            report_bounds(w, l, address[l], bytes, "shared", b->shared_bytes ? b->shared_bytes : 1);
        a->host[l] = b->shared + address[l];
    }
    const touch_kind how = kind == ACCESS_LOAD    ? TOUCH_READ
                           : kind == ACCESS_STORE ? TOUCH_WRITE
                                                  : TOUCH_ATOMIC;
    check_shared(w, i, address, lanes, how, bytes, values);
}

static void resolve_local(warp *w, access_kind kind, const u64 *address, u32 lanes, u32 bytes, access *a)
{
    const launch *run = w->run;
    static const unsigned char all_written[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    check_alignment(w, address, lanes, bytes);
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = (u32)__builtin_ctz(rest);
        if (address[l] >= run->local_limit || bytes > run->local_limit - address[l])
            report_bounds(w, l, address[l], bytes, "local", run->local_limit ? run->local_limit : 1);
        const size_t at = l * run->local_bytes + (size_t)address[l];
        a->host[l] = w->local + at;
        if (kind == ACCESS_STORE)
            memset(w->local_written + at, 1, bytes);
        else if (memcmp(w->local_written + at, all_written, bytes) != 0)
            fault(w, FAULT_UNINITIALISED, w->pc - 1, l, "%u bytes at local address %" PRIu64, bytes,
                  address[l]);
    }
}

static void resolve_param(warp *w, const u64 *address, u32 lanes, u32 bytes, access *a)
{
    const size_t limit = w->run->kernel->info.param_bytes;
    check_alignment(w, address, lanes, bytes);
    for (u32 rest = lanes; rest; rest &= rest - 1) {
        const u32 l = (u32)__builtin_ctz(rest);
        if (address[l] >= limit || bytes > limit - address[l])
            report_bounds(w, l, address[l], bytes, "parameter", limit ? limit : 1);
        a->host[l] = (unsigned char *)(uintptr_t)w->run->params + address[l];
    }
}

/* The addresses of lanes that do not run are the first running lane's. */
static u32 read_addresses(const warp *w, const instruction *i, u32 operand, u64 *address)
{
    const void *from = slot(w, i->operand[operand]);
    const u64 add = (u64)i->value;
    if (i->from_bytes == 8) {
        const u64 *base = from;
        EACH_LANE address[l] = base[l] + add;
    } else {
        const u32 *base = from;
        EACH_LANE address[l] = (u32)(base[l] + add);
    }
    const u32 lanes = w->mask;
    if (lanes == ALL_LANES) return lanes;
    const u64 first = address[__builtin_ctz(lanes)];
    EACH_LANE address[l] = lanes >> l & 1 ? address[l] : first;
    return lanes;
}

static void resolve_in(warp *w, const instruction *i, memory_space space, access_kind kind,
                       const u64 *address, u32 lanes, const void *values, access *a)
{
    const u32 bytes = (u32)i->bytes * i->count;
    switch (space) {
    case SPACE_SHARED: resolve_shared(w, i, kind, address, lanes, bytes, values, a); break;
    case SPACE_LOCAL: resolve_local(w, kind, address, lanes, bytes, a); break;
    case SPACE_PARAM: resolve_param(w, address, lanes, bytes, a); break;
    default: resolve_global(w, i, kind, address, lanes, bytes, a); break;
    }
}

static memory_space space_of(u64 address)
{
    switch (address >> WINDOW_SHIFT) {
    case SHARED_WINDOW >> WINDOW_SHIFT: return SPACE_SHARED;
    case LOCAL_WINDOW >> WINDOW_SHIFT: return SPACE_LOCAL;
    case PARAM_WINDOW >> WINDOW_SHIFT: return SPACE_PARAM;
    default: return SPACE_GLOBAL;
    }
}

/* Generic addresses: each space's lanes apart, at their address there. */
static void resolve_generic(warp *w, const instruction *i, access_kind kind, u64 *address, u32 lanes,
                            const void *values, access *a)
{
    u32 left = lanes;
    while (left) {
        const u32 first = (u32)__builtin_ctz(left);
        const memory_space space = space_of(address[first]);
        u32 same = 0;
        for (u32 l = 0; l < WARP_LANES; l++)
            if (left >> l & 1 && space_of(address[l]) == space) same |= 1U << l;
        left &= ~same;
        for (u32 l = 0; l < WARP_LANES && space != SPACE_GLOBAL; l++)
            if (same >> l & 1) address[l] &= (UINT64_C(1) << WINDOW_SHIFT) - 1;
        if (space == SPACE_PARAM && kind != ACCESS_LOAD)
            report_bounds(w, first, address[first], i->bytes, "parameter", 1);
        resolve_in(w, i, space, kind, address, same, values, a);
    }
}

void resolve(warp *w, const instruction *i, access_kind kind, u32 operand, const void *values, access *a)
{
    u64 address[WARP_LANES];
    const u32 lanes = read_addresses(w, i, operand, address);
    a->contiguous = false;
    if (i->space == SPACE_GENERIC)
        resolve_generic(w, i, kind, address, lanes, values, a);
    else
        resolve_in(w, i, i->space, kind, address, lanes, values, a);
    if (lanes == ALL_LANES) {
        const u32 bytes = (u32)i->bytes * i->count;
        uintptr_t at[WARP_LANES], differ = 0;
        memcpy(at, a->host, sizeof at);
        EACH_LANE differ |= at[l] ^ (at[0] + (uintptr_t)l * bytes);
        a->contiguous = differ == 0;
        return;
    }
    unsigned char *first = a->host[__builtin_ctz(lanes)];
    for (u32 l = 0; l < WARP_LANES; l++)
        if (!(lanes >> l & 1)) a->host[l] = first;
}

/* ---- Loads: T as it lies in memory, D as the register has it ---- */

/* Operands: up to four registers, then the address. Vectors that follow each other are taken apart in one go.
 */
#define LOAD(id, T, D)                                                                                       \
    static void id##_vectors(warp *w, const instruction *i, const unsigned char *from)                       \
    {                                                                                                        \
        T part[4 * WARP_LANES];                                                                              \
        D *d0 = slot(w, i->operand[0]), *d1 = slot(w, i->operand[1]);                                        \
        D *d2 = slot(w, i->operand[2]), *d3 = slot(w, i->operand[3]);                                        \
        memcpy(part, from, (size_t)i->count *WARP_LANES * sizeof(T));                                        \
        if (i->count == 1)                                                                                   \
            EACH_LANE d0[l] = (D)part[l];                                                                    \
        else if (i->count == 2)                                                                              \
            EACH_LANE                                                                                        \
            {                                                                                                \
                d0[l] = (D)part[2 * l];                                                                      \
                d1[l] = (D)part[2 * l + 1];                                                                  \
            }                                                                                                \
        else                                                                                                 \
            EACH_LANE                                                                                        \
            {                                                                                                \
                d0[l] = (D)part[4 * l];                                                                      \
                d1[l] = (D)part[4 * l + 1];                                                                  \
                d2[l] = (D)part[4 * l + 2];                                                                  \
                d3[l] = (D)part[4 * l + 3];                                                                  \
            }                                                                                                \
    }                                                                                                        \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        access a;                                                                                            \
        resolve(w, i, ACCESS_LOAD, 4, NULL, &a);                                                             \
        if (a.contiguous) {                                                                                  \
            id##_vectors(w, i, a.host[0]);                                                                   \
            return;                                                                                          \
        }                                                                                                    \
        for (u32 k = 0; k < i->count; k++) {                                                                 \
            D *d = results_of(w, i->operand[k]);                                                             \
            for (u32 l = 0; l < WARP_LANES; l++) {                                                           \
                T value;                                                                                     \
                memcpy(&value, a.host[l] + k * sizeof(T), sizeof value);                                     \
                d[l] = (D)value;                                                                             \
            }                                                                                                \
            commit(w, i->operand[k], sizeof(D));                                                             \
        }                                                                                                    \
    }

#define LOADS(X)                                                                                             \
    X(load_u8_2, u8, u16)                                                                                    \
    X(load_u8_4, u8, u32)                                                                                    \
    X(load_u8_8, u8, u64)                                                                                    \
    X(load_s8_2, s8, s16)                                                                                    \
    X(load_s8_4, s8, s32)                                                                                    \
    X(load_s8_8, s8, s64)                                                                                    \
    X(load_u16_2, u16, u16)                                                                                  \
    X(load_u16_4, u16, u32)                                                                                  \
    X(load_u16_8, u16, u64)                                                                                  \
    X(load_s16_2, s16, s16)                                                                                  \
    X(load_s16_4, s16, s32)                                                                                  \
    X(load_s16_8, s16, s64)                                                                                  \
    X(load_u32_4, u32, u32)                                                                                  \
    X(load_u32_8, u32, u64)                                                                                  \
    X(load_s32_4, s32, s32)                                                                                  \
    X(load_s32_8, s32, s64)                                                                                  \
    X(load_u64_8, u64, u64)                                                                                  \
    X(load_s64_8, s64, s64)

LOADS(LOAD)

static const struct {
    execute_function run;
    u8 type_bytes, register_bytes;
    bool is_signed;
} loads[] = {
#define ROW(id, T, D) {id, sizeof(T), sizeof(D), (T)-1 < (T)1},
    LOADS(ROW)
#undef ROW
};

execute_function find_load(u32 type_bytes, bool is_signed, u32 register_bytes)
{
    for (size_t k = 0; k < sizeof loads / sizeof loads[0]; k++)
        if (loads[k].type_bytes == type_bytes && loads[k].register_bytes == register_bytes &&
            loads[k].is_signed == is_signed)
            return loads[k].run;
    return NULL;
}

/* ---- Stores: the low bytes of each register, one lane's after the other's ---- */

/* Operands: up to four registers, then the address; to_bytes: of a register. */
static void run_store(warp *w, const instruction *i)
{
    _Alignas(64) unsigned char values[WARP_LANES * 32];
    const u32 bytes = i->bytes, total = bytes * i->count;
    for (u32 k = 0; k < i->count; k++) {
        const unsigned char *from = slot(w, i->operand[k]);
        for (u32 l = 0; l < WARP_LANES; l++)
            memcpy(values + (size_t)l * total + (size_t)k * bytes, from + (size_t)l * i->to_bytes, bytes);
    }
    access a;
    resolve(w, i, ACCESS_STORE, 4, values, &a);
    if (a.contiguous) {
        memcpy(a.host[0], values, (size_t)WARP_LANES * total);
        return;
    }
    for (u32 rest = w->mask; rest; rest &= rest - 1) {
        const u32 l = (u32)__builtin_ctz(rest);
        memcpy(a.host[l], values + (size_t)l * total, total);
    }
}

execute_function find_store(u32 type_bytes, u32 register_bytes)
{
    return type_bytes <= register_bytes ? run_store : NULL;
}

/* A kernel parameter at a known place: the same for all lanes. Operands as of a load; value: the place. */
void run_param_value(warp *w, const instruction *i)
{
    const unsigned char *from = w->run->params + i->value;
    for (u32 k = 0; k < i->count; k++, from += i->bytes) {
        u64 bits = 0;
        memcpy(&bits, from, i->bytes);
        if (i->negate && i->bytes < 8 && bits >> (i->bytes * 8 - 1)) bits |= ~UINT64_C(0) << (i->bytes * 8);
        void *d = results_of(w, i->operand[k]);
        u64 *d8 = d;
        u32 *d4 = d;
        u16 *d2 = d;
        if (i->to_bytes == 8)
            EACH_LANE d8[l] = bits;
        else if (i->to_bytes == 4)
            EACH_LANE d4[l] = (u32)bits;
        else
            EACH_LANE d2[l] = (u16)bits;
        commit(w, i->operand[k], i->to_bytes);
    }
}

/* Arguments of a call from one place in local memory to another, `value` bytes; both as constants. */
void run_param_copy(warp *w, const instruction *i)
{
    const size_t to = (size_t)((const u64 *)slot(w, i->operand[0]))[0], bytes = (size_t)i->value;
    const size_t from = (size_t)((const u64 *)slot(w, i->operand[1]))[0];
    for (u32 rest = w->mask; rest; rest &= rest - 1) {
        const size_t lane = (size_t)__builtin_ctz(rest) * w->run->local_bytes;
        memcpy(w->local + lane + to, w->local + lane + from, bytes);
        memcpy(w->local_written + lane + to, w->local_written + lane + from, bytes);
    }
}
