/* The sources and options of variants' programs. */
#include "core/plan/program_text.h"

#include "core/plan/kernel_headers.h"
#include "kernel_sources.h"
#include "kernels/common/codes.h"

#include <stdio.h>

_Static_assert(CODE_c128 == DTYPE_C128 && CODE_u64 == DTYPE_U64 && CODE_f16 == DTYPE_F16,
               "codes.h follows dtype.h");
_Static_assert((int)GROUP_COUNT == 7 && (int)LOAD_COUNT == 4, "codes.h follows dtype.h and kernel_table.h");

/* ---- Sources ---- */

/* NULL after a kernel's last. */
enum { MAX_SOURCES = 20 };
static const char *const sources[KERNEL_COUNT][MAX_SOURCES + 1] = {
#define H(name) kernel_source_##name##_h,
#define X(id, name, schedules, inputs, warm, headers, loads)                                                 \
    [KERNEL_##id] = {COMMON_HEADERS(H) headers(H) kernel_source_##name##_cl},
    KERNEL_TABLE(X)
#undef X
#undef H
};

const char *const *variant_sources(kernel_id kernel, size_t *count)
{
    for (*count = 0; sources[kernel][*count] != NULL;) ++*count;
    return sources[kernel];
}

/* ---- Options ---- */

size_t variant_options(const variant *v, char *options, size_t capacity)
{
    static const char *const group_names[GROUP_COUNT] = {"INT", "F16", "BF16", "F32", "F64", "C64", "C128"};
    static const char *const load_names[LOAD_COUNT] = {"VECTOR", "STRIDED", "ANY", "NONE"};
    int length = snprintf(options, capacity, "-DGROUP=GROUP_%s -DLOAD=LOAD_%s -DTILE=%d",
                          group_names[v->group], load_names[v->load], v->tile);
    if (variant_has_types(v) && length >= 0 && (size_t)length < capacity)
        length +=
            snprintf(options + length, capacity - (size_t)length, " -DTYPE1=%s -DTYPE2=%s -DRESULT=%s",
                     dtype_name((dtype)v->type1), dtype_name((dtype)v->type2), dtype_name((dtype)v->result));
    return (size_t)length;
}
