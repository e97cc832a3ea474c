/* The simulated GPU's instruction side: PTX text to a module, and one launch of a kernel over simulated
 * memory. It knows no driver: streams, contexts and handles are driver.c's. Device addresses are what kernels
 * see; which of them are alive, and where their bytes lie, the memory below says. */
#ifndef CUDASIM_MACHINE_H
#define CUDASIM_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* ---- Modules ---- */

typedef struct ptx_module ptx_module;
typedef struct ptx_kernel ptx_kernel;

/* Parses and checks a whole module. NULL when it is not understood, with the PTX line and the reason in
 * message: an unknown opcode or modifier is refused here, never skipped. */
ptx_module *ptx_parse(const char *text, size_t length, char *message, size_t capacity);
void ptx_free(ptx_module *module);

/* From the .version and .target lines: 63 for 6.3, 75 for sm_75. */
int ptx_version(const ptx_module *module);
int ptx_target(const ptx_module *module);

const ptx_kernel *ptx_find(const ptx_module *module, const char *name); /* NULL: no such .entry */

enum { PTX_MAX_PARAMS = 32 };

typedef struct ptx_kernel_info {
    size_t param_count;
    size_t param_offset[PTX_MAX_PARAMS], param_size[PTX_MAX_PARAMS];
    size_t param_bytes;
    size_t shared_bytes, local_bytes; /* static shared memory of a block; stack of a thread */
    int max_threads, min_blocks;      /* .maxntid and .minnctapersm; 0: not given           */
} ptx_kernel_info;

void ptx_kernel_describe(const ptx_kernel *kernel, ptx_kernel_info *info);

/* ---- Memory ---- */

/* One live allocation. Device memory is poisoned when it is made, and what lies around it is never alive. */
typedef struct memory_block {
    uint64_t address; /* as kernels see it */
    size_t bytes;
    unsigned char *host; /* where its bytes are kept */
} memory_block;

/* The block that contains address, NULL when nothing alive does. Given by the driver's side; not called for
 * every access: the machine keeps blocks at hand during a launch, in which no allocation changes. */
typedef const memory_block *(*memory_find)(void *user, uint64_t address);

/* ---- Running ---- */

/* What a launch did wrong. The names are what tests look for. */
#define FAULT_TABLE(X)                                                                                       \
    X(NONE, "none")                                                                                          \
    X(OUT_OF_BOUNDS, "out-of-bounds access") /* no allocation, or past its end                   */          \
    X(MISALIGNED, "misaligned access")                                                                       \
    X(DIVERGENT_BARRIER, "divergent barrier") /* not all threads of the block reach it            */         \
    X(SHARED_RACE, "shared-memory race")      /* two threads, one writes, no barrier between      */         \
    X(GLOBAL_RACE, "global-memory race")      /* another block's write read without its fence     */         \
    X(DIVERGENT_SHUFFLE, "divergent shuffle") /* a lane of the mask does not take part            */         \
    X(UNINITIALISED, "uninitialised read")    /* of shared or local memory or a register          */         \
    X(TRAP, "trap")                                                                                          \
    X(ENDLESS, "endless kernel") /* more instructions than the limit                 */

typedef enum fault_kind {
#define X(name, text) FAULT_##name,
    FAULT_TABLE(X)
#undef X
        FAULT_COUNT
} fault_kind;

const char *fault_name(fault_kind kind);

typedef struct fault_report {
    fault_kind kind;
    int line;       /* in the PTX text                                          */
    char text[512]; /* all of it in words: kind, kernel, line with its source, block, thread, address */
} fault_report;

typedef struct machine_launch {
    uint32_t grid[3], block[3];
    size_t dynamic_shared;
    const void *params;        /* param_bytes bytes, laid out as param_offset says */
    uint64_t seed;             /* the order of blocks, and of warps between barriers, follows from it */
    uint64_t max_instructions; /* a thread; 0: no limit */
    memory_find find;
    void *user;
    uint64_t *instructions; /* adds the thread instructions executed; may be NULL */
} machine_launch;

/* Runs one launch to its end. 0 when all was well, else 1 with the first fault. */
int machine_run(const ptx_kernel *kernel, const machine_launch *launch, fault_report *report);

#endif
