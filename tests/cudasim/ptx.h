/* What a PTX module becomes: one array of decoded instructions and one register file layout for all its
 * functions. Every operand is a slot of 32 lanes in that file; immediates, symbols' addresses and special
 * registers are slots too, filled before a warp runs, so that no instruction looks at what kind its operands
 * are. */
#ifndef CUDASIM_PTX_H
#define CUDASIM_PTX_H

#include "machine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

enum { WARP_LANES = 32, SLOT_BYTES = 256, SINK_SLOT = 0, MAX_CALL_DEPTH = 16 };

typedef struct warp warp;
typedef struct instruction instruction;
typedef void executor(warp *w, const instruction *i);
typedef executor *execute_function;

/* Spaces with addresses of their own. Constant data lies among the generic addresses. */
typedef enum memory_space {
    SPACE_GENERIC,
    SPACE_GLOBAL,
    SPACE_SHARED,
    SPACE_LOCAL,
    SPACE_PARAM
} memory_space;

/* Where the spaces lie among generic addresses: far above any device address. */
#define SHARED_WINDOW UINT64_C(0x00f1000000000000)
#define LOCAL_WINDOW  UINT64_C(0x00f2000000000000)
#define PARAM_WINDOW  UINT64_C(0x00f3000000000000)
#define CONST_WINDOW  UINT64_C(0x00f4000000000000)
#define GLOBAL_WINDOW UINT64_C(0x00f5000000000000)
#define WINDOW_SHIFT  48

typedef enum value_type {
    TYPE_NONE,
    TYPE_PRED,
    TYPE_B8,
    TYPE_B16,
    TYPE_B32,
    TYPE_B64,
    TYPE_B128,
    TYPE_U8,
    TYPE_U16,
    TYPE_U32,
    TYPE_U64,
    TYPE_S8,
    TYPE_S16,
    TYPE_S32,
    TYPE_S64,
    TYPE_F16,
    TYPE_BF16,
    TYPE_F16X2,
    TYPE_BF16X2,
    TYPE_F32,
    TYPE_F64
} value_type;

/* How a memory instruction, an atomic or a fence orders others' view of memory. */
enum { ORDER_STRONG = 1, ORDER_ACQUIRE = 2, ORDER_RELEASE = 4, ORDER_FENCE = 8 };

enum { COMBINE_NONE, COMBINE_AND, COMBINE_OR, COMBINE_XOR };
enum {
    ROUND_NONE,
    ROUND_NEAREST,
    ROUND_ZERO,
    ROUND_DOWN,
    ROUND_UP,
    ROUND_AWAY
}; /* also of rni, rzi, rmi, rpi */

struct instruction {
    execute_function run;
    execute_function guarded; /* what run would be without the guard, when run is the guard's test */
    s64 value;                /* displacement of an address; target of a branch; others' own use */
    u32 operand[6];           /* byte offsets in the register file; what is written comes first   */
    u32 guard;                /* slot of the predicate, with bit 0 for "not"; 0: none             */
    u32 line;
    u8 space, bytes, count; /* of memory: space, bytes of an element, elements                  */
    u8 from, to;            /* value_type                                                       */
    u8 rounding, combine, order;
    bool flush, saturate, negate, to_integral;
    u8 from_bytes, to_bytes; /* of registers, where they may be wider than the type */
};

/* How the slot of a constant gets its value: as it is, or moved by what is known later. */
typedef enum relocation {
    RELOCATE_NONE,
    RELOCATE_FRAME,         /* local memory of functions and of call arguments, behind the kernel's own  */
    RELOCATE_MODULE_SHARED, /* shared variables of the module, behind the kernel's own                   */
    RELOCATE_DYNAMIC_SHARED /* the extern array, behind all static ones                                  */
} relocation;

typedef struct constant {
    u64 bits;
    u32 slot;
    u8 bytes; /* 1: a predicate */
    u8 moved; /* relocation      */
} constant;

/* Special registers, in slots SLOT_BYTES * (1 + index). */
#define SPECIAL_TABLE(X)                                                                                     \
    X(TID_X, "%tid.x")                                                                                       \
    X(TID_Y, "%tid.y")                                                                                       \
    X(TID_Z, "%tid.z")                                                                                       \
    X(NTID_X, "%ntid.x")                                                                                     \
    X(NTID_Y, "%ntid.y")                                                                                     \
    X(NTID_Z, "%ntid.z")                                                                                     \
    X(CTAID_X, "%ctaid.x")                                                                                   \
    X(CTAID_Y, "%ctaid.y")                                                                                   \
    X(CTAID_Z, "%ctaid.z")                                                                                   \
    X(NCTAID_X, "%nctaid.x")                                                                                 \
    X(NCTAID_Y, "%nctaid.y")                                                                                 \
    X(NCTAID_Z, "%nctaid.z")                                                                                 \
    X(LANEID, "%laneid")                                                                                     \
    X(WARPID, "%warpid")                                                                                     \
    X(NWARPID, "%nwarpid")                                                                                   \
    X(LANEMASK_EQ, "%lanemask_eq")                                                                           \
    X(LANEMASK_LE, "%lanemask_le")                                                                           \
    X(LANEMASK_LT, "%lanemask_lt")                                                                           \
    X(LANEMASK_GE, "%lanemask_ge")                                                                           \
    X(LANEMASK_GT, "%lanemask_gt")                                                                           \
    X(CARRY, "%carry") /* the condition code of add.cc and its like: a predicate no PTX can name */

typedef enum special {
#define X(id, name) SPECIAL_##id,
    SPECIAL_TABLE(X)
#undef X
        SPECIAL_COUNT
} special;

enum { CARRY_SLOT = SLOT_BYTES * (1 + SPECIAL_CARRY), FIRST_FREE_SLOT = SLOT_BYTES * (1 + SPECIAL_COUNT) };

struct ptx_kernel {
    const ptx_module *module;
    char *name;
    u32 entry; /* index of the first instruction */
    ptx_kernel_info info;
    size_t own_shared, own_local;
    u32 shared_granule; /* bytes of the smallest shared access */
    bool has_atomics;
};

struct ptx_module {
    char *text; /* as given, for reports */
    size_t length;
    int version, target;
    instruction *code;
    size_t code_count;
    constant *constants;
    size_t constant_count;
    u32 *targets; /* of brx.idx: lists, each starting with its length */
    size_t target_count;
    ptx_kernel *kernels;
    size_t kernel_count;
    u32 register_bytes;                     /* of a warp's register file                         */
    size_t frame_bytes, frame_base;         /* functions' local memory, and where it starts      */
    size_t module_shared, shared_base;      /* the module's shared variables, and where they start */
    unsigned char *globals, *constant_data; /* variables of the module; globals keep their value */
    size_t global_bytes, constant_bytes;
};

/* ---- Tables of opcodes: what an instruction is called, what operands it takes, and what runs it. ----
 * A shape has a letter for each operand, the first one is written: 2, 4, 8 a register or constant of so many
 * bytes, p a predicate, n a predicate that may be negated ("!"), d one or two predicates ("p|q", the second
 * into operand 5), i an integer constant into value. */
typedef struct opcode {
    const char *name, *shape;
    execute_function run;
} opcode;

extern const opcode integer_opcodes[], product_opcodes[], bit_opcodes[], compare_opcodes[], float_opcodes[],
    half_opcodes[];

#endif
