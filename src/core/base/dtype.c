/* The dtype table, NumPy's promotion and its same_kind rule. Pure: no device, no memory, no messages. */
#include "core/base/dtype.h"

#include <stdio.h>
#include <string.h>

const dtype_row dtype_rows[DTYPE_COUNT] = {
#define X(enumerator, name, full_name, code, bits, rank, group)                                              \
    {name, (uint8_t)(code), bits, rank, GROUP_##group},
    DTYPE_TABLE(X)
#undef X
};

const char *dtype_full_name(dtype t)
{
    static const char *const names[DTYPE_COUNT] = {
#define X(enumerator, name, full_name, code, bits, rank, group) full_name,
        DTYPE_TABLE(X)
#undef X
    };
    return names[t];
}

dtype dtype_from_dlpack(DLDataType type)
{
    if (type.lanes != 1) return DTYPE_COUNT;
    switch (type.code << 8 | type.bits) {
#define X(enumerator, name, full_name, code, bits, rank, group)                                              \
    case (code) << 8 | (bits): return DTYPE_##enumerator;
        DTYPE_TABLE(X)
#undef X
    default: return DTYPE_COUNT;
    }
}

DLDataType dtype_to_dlpack(dtype t)
{
    return (DLDataType){dtype_rows[t].code, dtype_rows[t].bits, 1};
}

/* ---- Promotion ---- */

/* The bits that an integer's values need. A float that holds all of them is chosen by this number. */
static int integer_bits(dtype t)
{
    return t == DTYPE_BOOL ? 1 : dtype_rows[t].bits;
}

static int is_integer(dtype t)
{
    return dtype_rows[t].group == GROUP_INT;
}

/* The smallest float that holds all values of both: f16 and bf16 hold 8-bit integers, f32 holds 16-bit
 * ones. */
static dtype promote_integer_float(dtype integer, dtype floating)
{
    int bits = integer_bits(integer);
    if (bits <= 8) return floating;
    if (bits == 16 && dtype_rows[floating].bits <= 32) return DTYPE_F32;
    return DTYPE_F64;
}

static dtype promote_integers(dtype a, dtype b)
{
    if (a == DTYPE_BOOL) return b;
    if (b == DTYPE_BOOL) return a;
    if (dtype_rows[a].code == dtype_rows[b].code) return dtype_rows[a].bits >= dtype_rows[b].bits ? a : b;
    dtype u = dtype_rows[a].code == kDLUInt ? a : b, s = u == a ? b : a;
    if (dtype_rows[s].bits > dtype_rows[u].bits) return s;
    switch (dtype_rows[u].bits) {
    case 8: return DTYPE_I16;
    case 16: return DTYPE_I32;
    case 32: return DTYPE_I64;
    default: return DTYPE_F64;
    }
}

/* Two real floats promote to the wider. float16 with bfloat16 needs float32 to hold all values of both. */
static dtype promote_floats(dtype a, dtype b)
{
    if (a == b) return a;
    if (dtype_rows[a].bits == dtype_rows[b].bits) return DTYPE_F32;
    return dtype_rows[a].bits > dtype_rows[b].bits ? a : b;
}

static dtype promote_real(dtype a, dtype b)
{
    if (is_integer(a) && is_integer(b)) return promote_integers(a, b);
    if (is_integer(a)) return promote_integer_float(a, b);
    if (is_integer(b)) return promote_integer_float(b, a);
    return promote_floats(a, b);
}

dtype dtype_promote(dtype a, dtype b)
{
    if (a == b) return a;
    if (!dtype_is_complex(a) && !dtype_is_complex(b)) return promote_real(a, b);
    dtype real_a = a == DTYPE_C128 ? DTYPE_F64 : a == DTYPE_C64 ? DTYPE_F32 : a;
    dtype real_b = b == DTYPE_C128 ? DTYPE_F64 : b == DTYPE_C64 ? DTYPE_F32 : b;
    return promote_real(real_a, real_b) == DTYPE_F64 ? DTYPE_C128 : DTYPE_C64;
}

int group_partial_size(group g)
{
    switch (g) {
    case GROUP_F16:
    case GROUP_BF16:
    case GROUP_F32: return 4;
    case GROUP_C128: return 16;
    default: return 8;
    }
}

void dtype_describe(DLDataType type, char *name, size_t capacity)
{
    static const char *const float8[] = {"float8_e3m4",     "float8_e4m3",     "float8_e4m3b11fnuz",
                                         "float8_e4m3fn",   "float8_e4m3fnuz", "float8_e5m2",
                                         "float8_e5m2fnuz", "float8_e8m0fnu"};
    char base[40];
    dtype known = dtype_from_dlpack((DLDataType){type.code, type.bits, 1});
    if (known != DTYPE_COUNT) {
        snprintf(base, sizeof base, "%s", dtype_full_name(known));
    } else if (type.code >= 7 && type.code <= 14) {
        snprintf(base, sizeof base, "%s", float8[type.code - 7]);
    } else {
        static const char *const kinds[] = {"int",    "uint",    "float", "opaque handle",
                                            "bfloat", "complex", "bool"};
        const size_t count = sizeof kinds / sizeof kinds[0];
        if (type.code < count)
            snprintf(base, sizeof base, "%s%u", kinds[type.code], (unsigned)type.bits);
        else
            snprintf(base, sizeof base, "DLPack type code %u with %u bits", (unsigned)type.code,
                     (unsigned)type.bits);
    }
    if (type.lanes == 1)
        snprintf(name, capacity, "%s", base);
    else
        snprintf(name, capacity, "%s x %u lanes", base, (unsigned)type.lanes);
}
