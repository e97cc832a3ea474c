/* The fifteen dtypes: names, DLPack codes, sizes, promotion and casting. Pure: no device, no memory, no
 * messages. */
#ifndef CORE_DTYPE_H
#define CORE_DTYPE_H

#include <vecdot/vecdot.h>

/* X(enumerator, short name, NumPy's name, DLPack code, bits, same_kind rank, accumulation group), in the
 * order of the promotion table. The ranks are those of NumPy's kinds: bool < unsigned < signed < floating <
 * complex. */
#define DTYPE_TABLE(X)                                                                                       \
    X(BOOL, "b1", "bool", VECDOT_DLBOOL, 8, 0, INT)                                                          \
    X(I8, "i8", "int8", kDLInt, 8, 2, INT)                                                                   \
    X(I16, "i16", "int16", kDLInt, 16, 2, INT)                                                               \
    X(I32, "i32", "int32", kDLInt, 32, 2, INT)                                                               \
    X(I64, "i64", "int64", kDLInt, 64, 2, INT)                                                               \
    X(U8, "u8", "uint8", kDLUInt, 8, 1, INT)                                                                 \
    X(U16, "u16", "uint16", kDLUInt, 16, 1, INT)                                                             \
    X(U32, "u32", "uint32", kDLUInt, 32, 1, INT)                                                             \
    X(U64, "u64", "uint64", kDLUInt, 64, 1, INT)                                                             \
    X(F16, "f16", "float16", kDLFloat, 16, 4, F16)                                                           \
    X(BF16, "bf16", "bfloat16", kDLBfloat, 16, 4, BF16)                                                      \
    X(F32, "f32", "float32", kDLFloat, 32, 4, F32)                                                           \
    X(F64, "f64", "float64", kDLFloat, 64, 4, F64)                                                           \
    X(C64, "c64", "complex64", kDLComplex, 64, 5, C64)                                                       \
    X(C128, "c128", "complex128", kDLComplex, 128, 5, C128)

typedef enum dtype {
#define X(enumerator, name, full_name, code, bits, rank, group) DTYPE_##enumerator,
    DTYPE_TABLE(X)
#undef X
        DTYPE_COUNT
} dtype;

/* How a result dtype accumulates. All integers and bool share one group: they sum modulo 2^64 and are
 * truncated at the end. */
typedef enum group {
    GROUP_INT,
    GROUP_F16,
    GROUP_BF16,
    GROUP_F32,
    GROUP_F64,
    GROUP_C64,
    GROUP_C128,
    GROUP_COUNT
} group;

/* A row of the table. A call looks up sizes and groups dozens of times, so the functions on it are inline. */
typedef struct dtype_row {
    const char *name;
    uint8_t code, bits, rank, group;
} dtype_row;

extern const dtype_row dtype_rows[DTYPE_COUNT];

/* DTYPE_COUNT when this library does not compute with the type, for instance because lanes != 1. */
dtype dtype_from_dlpack(DLDataType type);
DLDataType dtype_to_dlpack(dtype t);
dtype dtype_promote(dtype a, dtype b);

/* The short name, as plans have it: "f32". */
static inline const char *dtype_name(dtype t)
{
    return dtype_rows[t].name;
}

/* The name in messages: "float32". */
const char *dtype_full_name(dtype t);

/* Bytes. */
static inline int dtype_size(dtype t)
{
    return dtype_rows[t].bits / 8;
}

static inline group dtype_group(dtype t)
{
    return (group)dtype_rows[t].group;
}

static inline int dtype_is_complex(dtype t)
{
    return dtype_rows[t].code == kDLComplex;
}

static inline int dtype_needs_fp64(dtype t)
{
    return t == DTYPE_F64 || t == DTYPE_C128;
}

/* Whether NumPy's same_kind rule lets values of one dtype become the other's. */
static inline int dtype_casts_same_kind(dtype from, dtype to)
{
    return dtype_rows[from].rank <= dtype_rows[to].rank;
}

/* Bytes of one accumulator, and of one partial in device memory: 4 for f16, bf16 and f32; 8 for integers,
 * f64 and c64; 16 for c128. */
int group_partial_size(group g);

/* Writes a name for any DLDataType, for messages: "float8_e4m3fn", "int4", "float32 x 4 lanes". */
void dtype_describe(DLDataType type, char *name, size_t capacity);

#endif
