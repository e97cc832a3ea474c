/* The state of a running launch, and what instructions are written with: loops over the 32 lanes of a warp
 * whose results reach the register only for the lanes that run. */
#ifndef CUDASIM_MACHINE_WARP_H
#define CUDASIM_MACHINE_WARP_H

#include "ptx.h"

#include <setjmp.h>
#include <string.h>

#define ALL_LANES UINT32_C(0xffffffff)

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed" /* where it does not vectorise, it need not */
#define VECTORISED _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTORISED _Pragma("GCC ivdep")
#endif
#define EACH_LANE VECTORISED for (u32 l = 0; l < WARP_LANES; l++)

typedef struct launch launch;
typedef struct block block;

struct warp {
    unsigned char *registers;
    u32 mask;  /* lanes that run the current instruction                                        */
    u32 pc;    /* of the next instruction                                                       */
    u32 merge; /* the group runs while pc < merge: the lowest pc of other lanes, 0 to stop      */
    u32 alive, runnable, at_sync, at_barrier; /* sets of lanes: the last three share out the first */
    u32 index;                                /* in the block                                      */
    block *in;
    launch *run;
    unsigned char *local, *local_written; /* lane after lane; a byte is not 0 where local is written */
    u32 lane_pc[WARP_LANES];              /* of lanes outside the running group */
    u32 depth[WARP_LANES];                /* of calls */
    u32 return_pc[MAX_CALL_DEPTH][WARP_LANES];
    u32 sync_members[WARP_LANES]; /* at_sync: whom the lane waits for */
    u32 barrier_id[WARP_LANES], barrier_threads[WARP_LANES];
    u64 executed[WARP_LANES]; /* instructions, before the running group started */
    u64 started;
    u32 sync_clock;                         /* of the block, at the last bar.warp.sync of all lanes    */
    u32 pair_clock[WARP_LANES][WARP_LANES]; /* and at the last one of fewer that both lanes took part in */
    bool has_pairs;
    _Alignas(64) unsigned char scratch[SLOT_BYTES];
};

enum { MAX_BARRIERS = 16 };

/* Who last did something to some bytes of shared memory, and when on the block's clock. 0: nobody yet. */
typedef struct touch {
    u32 clock;
    u16 thread; /* or a warp's lanes, or anybody */
} touch;

typedef struct shared_cell {
    touch write, read, atomic;
} shared_cell;

struct block {
    u32 index[3], serial; /* serial: how many blocks of the launch came before */
    u32 threads, warp_count;
    warp *warps;
    u32 clock, barrier_clock;  /* synchronisations so far; the clock at the last barrier */
    u32 arrived[MAX_BARRIERS]; /* threads that did bar.arrive */
    unsigned char *shared;
    shared_cell *cells;
    size_t shared_bytes, cell_count;
    u32 cell_shift;
};

typedef struct visibility visibility;

struct launch {
    const ptx_kernel *kernel;
    const ptx_module *module;
    const instruction *code;
    const machine_launch *given;
    const unsigned char *params;
    const memory_block **hot; /* for each instruction: where its last access was */
    memory_block own[2];      /* the module's constants and globals              */
    size_t local_bytes, local_limit, static_shared;
    block block;
    visibility *visibility; /* NULL in kernels without atomics */
    u64 random, limit, count;
    fault_report *report;
    jmp_buf stop;
};

static inline void *slot(const warp *w, u32 offset)
{
    return w->registers + offset;
}

static inline u32 predicate(const warp *w, u32 offset)
{
    u32 bits;
    memcpy(&bits, w->registers + offset, sizeof bits);
    return bits;
}

static inline void set_predicate(const warp *w, u32 offset, u32 bits)
{
    u32 old;
    memcpy(&old, w->registers + offset, sizeof old);
    bits = (old & ~w->mask) | (bits & w->mask);
    memcpy(w->registers + offset, &bits, sizeof bits);
}

/* Where an instruction writes its 32 results: in place when all lanes run. */
static inline void *results_of(warp *w, u32 offset)
{
    return w->mask == ALL_LANES ? w->registers + offset : w->scratch;
}

/* Moves them into place for the lanes that run. */
static inline void commit(warp *w, u32 offset, size_t bytes)
{
    const u32 mask = w->mask;
    if (mask == ALL_LANES) return;
    if (bytes == 8) {
        u64 *to = slot(w, offset);
        const u64 *from = (const u64 *)(const void *)w->scratch;
        EACH_LANE to[l] = mask >> l & 1 ? from[l] : to[l];
    } else if (bytes == 4) {
        u32 *to = slot(w, offset);
        const u32 *from = (const u32 *)(const void *)w->scratch;
        EACH_LANE to[l] = mask >> l & 1 ? from[l] : to[l];
    } else {
        u16 *to = slot(w, offset);
        const u16 *from = (const u16 *)(const void *)w->scratch;
        EACH_LANE to[l] = (u16)(mask >> l & 1 ? from[l] : to[l]);
    }
}

/* Functions of one, two and three sources: D and A are the C types of the result and of the sources. */
#define UNARY(id, D, A, expression)                                                                          \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        D *d = results_of(w, i->operand[0]);                                                                 \
        const A *as = slot(w, i->operand[1]);                                                                \
        EACH_LANE                                                                                            \
        {                                                                                                    \
            const A a = as[l];                                                                               \
            d[l] = (D)(expression);                                                                          \
        }                                                                                                    \
        commit(w, i->operand[0], sizeof(D));                                                                 \
    }
#define BINARY_OF(id, D, A, B, expression)                                                                   \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        D *d = results_of(w, i->operand[0]);                                                                 \
        const A *as = slot(w, i->operand[1]);                                                                \
        const B *bs = slot(w, i->operand[2]);                                                                \
        EACH_LANE                                                                                            \
        {                                                                                                    \
            const A a = as[l];                                                                               \
            const B b = bs[l];                                                                               \
            d[l] = (D)(expression);                                                                          \
        }                                                                                                    \
        commit(w, i->operand[0], sizeof(D));                                                                 \
    }
#define BINARY(id, D, A, expression) BINARY_OF(id, D, A, A, expression)
#define SHIFT(id, D, A, expression)  BINARY_OF(id, D, A, u32, expression)
#define TERNARY_OF(id, D, A, C, expression)                                                                  \
    static void id(warp *w, const instruction *i)                                                            \
    {                                                                                                        \
        D *d = results_of(w, i->operand[0]);                                                                 \
        const A *as = slot(w, i->operand[1]), *bs = slot(w, i->operand[2]);                                  \
        const C *cs = slot(w, i->operand[3]);                                                                \
        EACH_LANE                                                                                            \
        {                                                                                                    \
            const A a = as[l], b = bs[l];                                                                    \
            const C c = cs[l];                                                                               \
            d[l] = (D)(expression);                                                                          \
        }                                                                                                    \
        commit(w, i->operand[0], sizeof(D));                                                                 \
    }
#define TERNARY(id, D, A, expression)  TERNARY_OF(id, D, A, A, expression)
#define WIDENING(id, D, A, expression) TERNARY_OF(id, D, A, D, expression)

/* A list's rows are X(how, id, "name", "shape", D, A, expression): first its functions, then its table. */
#define DEFINE_FUNCTION(how, id, name, shape, D, A, expression) how(id, D, A, expression)
#define DEFINE_ROW(how, id, name, shape, D, A, expression)      {name, shape, id},

/* ---- machine_fault.c ---- */
_Noreturn void fault(const warp *w, fault_kind kind, u32 pc, u32 lane, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void describe_address(const launch *run, u64 address, char *text, size_t capacity);

/* ---- The instructions that the decoder names itself ---- */
executor run_guarded, run_branch, run_branch_index, run_exit, run_return, run_call, run_trap, run_nothing;
executor run_barrier, run_barrier_arrive, run_warp_barrier, run_shuffle, run_vote, run_match, run_active_mask;
executor run_fence, run_param_copy, run_param_value, run_pack, run_unpack, run_predicate_move;
executor run_convert, run_float_slow, run_atomic;
execute_function find_load(u32 type_bytes, bool is_signed, u32 register_bytes);
execute_function find_store(u32 type_bytes, u32 register_bytes);
execute_function find_convert(const instruction *i); /* a faster one where there is one, else run_convert */

/* ---- machine_flow.c ---- */
void run_warp(warp *w, u64 quantum);
static inline u32 guard_lanes(const warp *w, const instruction *i)
{
    if (!i->guard) return w->mask;
    const u32 bits = predicate(w, i->guard & ~1U);
    return w->mask & (i->guard & 1 ? ~bits : bits);
}

/* ---- machine_sync.c ---- */
bool release_warp_barrier(warp *w);
bool release_barriers(block *b);
_Noreturn void report_deadlock(block *b);

/* ---- machine_shared.c ---- */
typedef enum touch_kind { TOUCH_READ, TOUCH_WRITE, TOUCH_ATOMIC } touch_kind;
void check_shared(warp *w, const instruction *i, const u64 *address, u32 lanes, touch_kind kind, u32 bytes,
                  const void *values);

/* ---- machine_memory.c ---- */
typedef struct access {
    unsigned char *host[WARP_LANES];
    bool contiguous; /* all lanes run, and their bytes follow each other */
} access;
typedef enum access_kind { ACCESS_LOAD, ACCESS_STORE, ACCESS_ATOMIC } access_kind;
void resolve(warp *w, const instruction *i, access_kind kind, u32 address_operand, const void *values,
             access *a);

/* ---- machine_visibility.c ---- */
visibility *visibility_new(const launch *run);
void visibility_free(visibility *v);
void visibility_start_block(visibility *v);
void visibility_access(warp *w, const instruction *i, const u64 *address, u32 lanes, access_kind kind,
                       u32 bytes);
void visibility_fence(warp *w, u32 lanes);
void visibility_atomic(warp *w, u32 lanes, u32 order);
void visibility_barrier(block *b);

#endif
