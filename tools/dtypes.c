/* The table of dtypes behind --dtype, .npy headers and printing. */
#include "dtypes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const dtype_row dtype_rows[DTYPE_ROWS] = {
    {"bool", "b1", 'b', VECDOT_DLBOOL, 8},
    {"int8", "i8", 'i', kDLInt, 8},
    {"int16", "i16", 'i', kDLInt, 16},
    {"int32", "i32", 'i', kDLInt, 32},
    {"int64", "i64", 'i', kDLInt, 64},
    {"uint8", "u8", 'u', kDLUInt, 8},
    {"uint16", "u16", 'u', kDLUInt, 16},
    {"uint32", "u32", 'u', kDLUInt, 32},
    {"uint64", "u64", 'u', kDLUInt, 64},
    {"float16", "f16", 'f', kDLFloat, 16},
    {"bfloat16", "bf16", 'V', kDLBfloat, 16},
    {"float32", "f32", 'f', kDLFloat, 32},
    {"float64", "f64", 'f', kDLFloat, 64},
    {"complex64", "c64", 'c', kDLComplex, 64},
    {"complex128", "c128", 'c', kDLComplex, 128},
};

const dtype_row *dtype_row_named(const char *name)
{
    for (int i = 0; i < DTYPE_ROWS; i++)
        if (strcmp(dtype_rows[i].name, name) == 0 || strcmp(dtype_rows[i].brief, name) == 0)
            return &dtype_rows[i];
    return NULL;
}

const dtype_row *dtype_row_of(DLDataType type)
{
    for (int i = 0; i < DTYPE_ROWS; i++)
        if (dtype_rows[i].code == type.code && dtype_rows[i].bits == type.bits && type.lanes == 1)
            return &dtype_rows[i];
    return NULL;
}

const dtype_row *dtype_row_of_npy(char kind, uint64_t bytes)
{
    for (int i = 0; i < DTYPE_ROWS; i++)
        if (dtype_rows[i].kind == kind && dtype_rows[i].bits / 8u == bytes) return &dtype_rows[i];
    return NULL;
}

DLDataType dtype_row_type(const dtype_row *row)
{
    DLDataType type = {row->code, row->bits, 1};
    return type;
}

void describe_shape(char *text, size_t capacity, int32_t ndim, const int64_t *shape)
{
    size_t used = (size_t)snprintf(text, capacity, "(");
    for (int32_t i = 0; i < ndim; i++) {
        const char *after = i + 1 < ndim ? ", " : ndim == 1 ? "," : "";
        char item[32];
        size_t length = (size_t)snprintf(item, sizeof item, "%" PRId64 "%s", shape[i], after);
        if (used + length + 6 > capacity) {
            used += (size_t)snprintf(text + used, capacity - used, "...");
            break;
        }
        memcpy(text + used, item, length + 1);
        used += length;
    }
    snprintf(text + used, capacity - used, ")");
}
