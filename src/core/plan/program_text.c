/* The sources and options of variants' programs. */
#include "core/plan/program_text.h"

#include "kernel_sources.h"
#include "kernels/common/codes.h"

#include <stdio.h>

_Static_assert(CODE_c128 == DTYPE_C128 && CODE_u64 == DTYPE_U64 && CODE_f16 == DTYPE_F16,
               "codes.h follows dtype.h");
_Static_assert((int)GROUP_COUNT == 7 && (int)LOAD_COUNT == 4, "codes.h follows dtype.h and kernel_table.h");

/* ---- Sources ---- */

#define COMMON_HEADERS                                                                                       \
    kernel_source_dialect_opencl_h, kernel_source_codes_h, kernel_source_limits_h, kernel_source_params_h,   \
        kernel_source_number_h, kernel_source_element_h, kernel_source_batch_h, kernel_source_canonical_h,

/* The lists that the table of kernels names. Each ends in a comma: the kernel's own file follows. */
#define NO_HEADERS
#define CPU_HEADERS kernel_source_vector_cpu_h,
#define GPU_HEADERS kernel_source_operand_h, kernel_source_team_h,
#define GPU_VECTOR_HEADERS                                                                                   \
    GPU_HEADERS kernel_source_quad_h, kernel_source_bytes_h, kernel_source_vector_gpu_h,
#define CPU_ITEMS_HEADERS   CPU_HEADERS kernel_source_items_h,
#define MATRIX_CPU_HEADERS  CPU_HEADERS kernel_source_matrix_h, kernel_source_matrix_pack_h,
#define MATRIX_GPU_HEADERS  kernel_source_quad_h, kernel_source_matrix_h, kernel_source_matrix_gpu_h,
#define SKINNY_GPU_HEADERS  MATRIX_GPU_HEADERS kernel_source_bytes_h,
#define COPY_HEADERS        kernel_source_cast_out_h,
#define COMBINE_GPU_HEADERS kernel_source_team_h,

/* NULL after a kernel's last. */
enum { MAX_SOURCES = 16 };
static const char *const sources[KERNEL_COUNT][MAX_SOURCES + 1] = {
#define X(id, name, schedules, inputs, warm, headers, loads)                                                 \
    [KERNEL_##id] = {COMMON_HEADERS headers kernel_source_##name##_cl},
    KERNEL_TABLE(X)
#undef X
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
