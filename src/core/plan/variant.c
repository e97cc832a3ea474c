/* The variant table: typed triples and groups for each kernel, options and sources. */
#include "core/plan/variant.h"

#include "kernel_sources.h"
#include "kernels/common/codes.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(CODE_c128 == DTYPE_C128 && CODE_u64 == DTYPE_U64 && CODE_f16 == DTYPE_F16,
               "codes.h follows dtype.h");
_Static_assert((int)GROUP_COUNT == 7 && (int)LOAD_COUNT == 4, "codes.h follows dtype.h and variant.h");

/* ---- Typed triples ---- */

typedef struct triple {
    dtype type1, type2, result;
} triple;

/* One dtype throughout (unsigned integers run as signed ones: the bits are the same), and the mixtures that
 * are common enough to be worth a program of their own. */
static const triple triples[] = {
    {DTYPE_BOOL, DTYPE_BOOL, DTYPE_BOOL}, {DTYPE_I8, DTYPE_I8, DTYPE_I8},
    {DTYPE_I16, DTYPE_I16, DTYPE_I16},    {DTYPE_I32, DTYPE_I32, DTYPE_I32},
    {DTYPE_I64, DTYPE_I64, DTYPE_I64},    {DTYPE_F16, DTYPE_F16, DTYPE_F16},
    {DTYPE_BF16, DTYPE_BF16, DTYPE_BF16}, {DTYPE_F32, DTYPE_F32, DTYPE_F32},
    {DTYPE_F64, DTYPE_F64, DTYPE_F64},    {DTYPE_C64, DTYPE_C64, DTYPE_C64},
    {DTYPE_C128, DTYPE_C128, DTYPE_C128}, {DTYPE_F16, DTYPE_F32, DTYPE_F32},
    {DTYPE_F32, DTYPE_F16, DTYPE_F32},    {DTYPE_BF16, DTYPE_F32, DTYPE_F32},
    {DTYPE_F32, DTYPE_BF16, DTYPE_F32},   {DTYPE_F32, DTYPE_F64, DTYPE_F64},
    {DTYPE_F64, DTYPE_F32, DTYPE_F64},
};

static dtype signed_like(dtype t)
{
    return t >= DTYPE_U8 && t <= DTYPE_U64 ? (dtype)(t - DTYPE_U8 + DTYPE_I8) : t;
}

static int is_uniform(const triple *t)
{
    return t->type1 == t->result && t->type2 == t->result;
}

int variant_is_typed(dtype type1, dtype type2, dtype result)
{
    if (type1 == type2 && type2 == result) return 1;
    for (size_t k = 0; k < COUNT(triples); k++)
        if (triples[k].type1 == type1 && triples[k].type2 == type2 && triples[k].result == result) return 1;
    return 0;
}

/* Neighbouring outputs of a work-item of thread_gpu or tile_gpu: four, or sixteen bytes of the larger
 * operand. */
static int thread_tile(dtype type1, dtype type2)
{
    int size1 = dtype_size(type1), size2 = dtype_size(type2), size = size1 > size2 ? size1 : size2;
    return size > 4 ? 16 / size : 4;
}

variant variant_typed(kernel_id kernel, load loads, dtype type1, dtype type2, dtype result, int tile)
{
    return (variant){.kernel = (uint8_t)kernel,
                     .load = (uint8_t)loads,
                     .group = (uint8_t)dtype_group(result),
                     .type1 = (uint8_t)signed_like(type1),
                     .type2 = (uint8_t)signed_like(type2),
                     .result = (uint8_t)signed_like(result),
                     .tile = (uint8_t)(kernel == KERNEL_THREAD_GPU || kernel == KERNEL_TILE_GPU
                                           ? thread_tile(type1, type2)
                                           : tile)};
}

variant variant_grouped(kernel_id kernel, load loads, group g, int tile)
{
    return (variant){
        .kernel = (uint8_t)kernel, .load = (uint8_t)loads, .group = (uint8_t)g, .tile = (uint8_t)tile};
}

int variant_has_types(const variant *v)
{
    return v->load == LOAD_VECTOR || v->load == LOAD_STRIDED;
}

/* ---- The table ---- */

typedef struct table_row {
    kernel_id kernel;
    load load;
    int tile;
    int uniform_only; /* typed rows: no mixtures */
} table_row;

static const table_row table[] = {
    {KERNEL_ROWS_CPU, LOAD_VECTOR, 1, 0},    {KERNEL_ROWS_CPU, LOAD_ANY, 1, 0},
    {KERNEL_TILE_CPU, LOAD_STRIDED, 1, 0},   {KERNEL_PANEL_CPU, LOAD_VECTOR, 1, 0},
    {KERNEL_PANEL_CPU, LOAD_ANY, 1, 0},      {KERNEL_SHORT_CPU, LOAD_STRIDED, 1, 0},
    {KERNEL_SHORT_CPU, LOAD_ANY, 1, 0},      {KERNEL_TEAM_GPU, LOAD_VECTOR, 1, 1},
    {KERNEL_TEAM_GPU, LOAD_STRIDED, 1, 0},   {KERNEL_TEAM_GPU, LOAD_ANY, 1, 0},
    {KERNEL_TEAM_GPU, LOAD_VECTOR, 4, 1},    {KERNEL_SHORT_GPU, LOAD_VECTOR, 1, 1},
    {KERNEL_SHORT_GPU, LOAD_STRIDED, 1, 1},  {KERNEL_DENSE_GPU, LOAD_VECTOR, 1, 1},
    {KERNEL_THREAD_GPU, LOAD_STRIDED, 1, 0}, {KERNEL_THREAD_GPU, LOAD_ANY, 1, 0},
    {KERNEL_TILE_GPU, LOAD_VECTOR, 1, 1},    {KERNEL_MATRIX_CPU, LOAD_STRIDED, 1, 1},
    {KERNEL_MATRIX_CPU, LOAD_ANY, 1, 0},     {KERNEL_MATRIX_GPU, LOAD_STRIDED, 1, 1},
    {KERNEL_MATRIX_GPU, LOAD_STRIDED, 4, 1}, {KERNEL_MATRIX_GPU, LOAD_STRIDED, 8, 1},
    {KERNEL_MATRIX_GPU, LOAD_ANY, 4, 0},     {KERNEL_SKINNY_GPU, LOAD_VECTOR, 1, 1},
    {KERNEL_SKINNY_GPU, LOAD_VECTOR, 16, 1}, {KERNEL_COMBINE_CPU, LOAD_NONE, 1, 0},
    {KERNEL_COMBINE_GPU, LOAD_NONE, 1, 0},   {KERNEL_COPY, LOAD_NONE, 1, 0},
};

static int is_typed(const table_row *row)
{
    return row->load == LOAD_VECTOR || row->load == LOAD_STRIDED;
}

/* The k-th that a row may have; 0 where it does not have it. */
static int candidate_at(const table_row *row, size_t k, variant *v)
{
    const triple *t = &triples[k];
    if (!is_typed(row)) {
        *v = variant_grouped(row->kernel, row->load, (group)k, row->tile);
        return 1;
    }
    if (row->uniform_only && !is_uniform(t)) return 0;
    *v = variant_typed(row->kernel, row->load, t->type1, t->type2, t->result, row->tile);
    return 1;
}

static size_t candidates(const table_row *row)
{
    return is_typed(row) ? COUNT(triples) : GROUP_COUNT;
}

int variant_at(size_t index, variant *v)
{
    *v = variant_grouped(KERNEL_FILL, LOAD_NONE, GROUP_INT, 1);
    if (index-- == 0) return 1;
    for (size_t r = 0; r < COUNT(table); r++)
        for (size_t k = 0; k < candidates(&table[r]); k++)
            if (candidate_at(&table[r], k, v) && index-- == 0) return 1;
    return 0;
}

size_t variant_number(const variant *v)
{
    size_t number = 1;
    variant other = variant_grouped(KERNEL_FILL, LOAD_NONE, GROUP_INT, 1);
    if (memcmp(&other, v, sizeof other) == 0) return 0;
    for (size_t r = 0; r < COUNT(table); r++)
        for (size_t k = 0; k < candidates(&table[r]); k++) {
            if (!candidate_at(&table[r], k, &other)) continue;
            if (memcmp(&other, v, sizeof other) == 0) return number;
            number++;
        }
    return number;
}

int variant_needs_fp64(const variant *v)
{
    return v->group == GROUP_F64 || v->group == GROUP_C128;
}

int variant_result_bytes(const variant *v)
{
    static const int grouped[GROUP_COUNT] = {8, 2, 2, 4, 8, 8, 16};
    return variant_has_types(v) ? dtype_size((dtype)v->result) : grouped[v->group];
}

/* ---- Names, options, sources ---- */

static const char *const group_names[GROUP_COUNT] = {"INT", "F16", "BF16", "F32", "F64", "C64", "C128"};
static const char *const load_names[LOAD_COUNT] = {"VECTOR", "STRIDED", "ANY", "NONE"};

const char *kernel_name(kernel_id kernel)
{
    static const char *const names[KERNEL_COUNT] = {
#define X(enumerator, name) name,
        KERNEL_TABLE(X)
#undef X
    };
    return names[kernel];
}

size_t variant_options(const variant *v, char *options, size_t capacity)
{
    int length = snprintf(options, capacity, "-DGROUP=GROUP_%s -DLOAD=LOAD_%s -DTILE=%d",
                          group_names[v->group], load_names[v->load], v->tile);
    if (variant_has_types(v) && length >= 0 && (size_t)length < capacity)
        length +=
            snprintf(options + length, capacity - (size_t)length, " -DTYPE1=%s -DTYPE2=%s -DRESULT=%s",
                     dtype_name((dtype)v->type1), dtype_name((dtype)v->type2), dtype_name((dtype)v->result));
    return (size_t)length;
}

size_t variant_label(const variant *v, char *label, size_t capacity)
{
    static const char *const loads[LOAD_COUNT] = {" vector", " strided", " any", ""};
    static const char *const groups[GROUP_COUNT] = {"int", "f16", "bf16", "f32", "f64", "c64", "c128"};
    char tile[16] = "";
    if (v->tile > 1) snprintf(tile, sizeof tile, " tile %d", v->tile);
    int length;
    if (variant_has_types(v))
        length = snprintf(label, capacity, "%s%s %s %s -> %s%s", kernel_name((kernel_id)v->kernel),
                          loads[v->load], dtype_name((dtype)v->type1), dtype_name((dtype)v->type2),
                          dtype_name((dtype)v->result), tile);
    else
        length = snprintf(label, capacity, "%s%s -> %s%s", kernel_name((kernel_id)v->kernel), loads[v->load],
                          groups[v->group], tile);
    return (size_t)length;
}

#define COMMON                                                                                               \
    kernel_source_dialect_opencl_h, kernel_source_codes_h, kernel_source_params_h, kernel_source_number_h,   \
        kernel_source_element_h, kernel_source_batch_h, kernel_source_canonical_h

static const char *const rows_sources[] = {COMMON, kernel_source_vector_cpu_h, kernel_source_rows_cpu_cl};
static const char *const tile_sources[] = {COMMON, kernel_source_vector_cpu_h, kernel_source_tile_cpu_cl};
static const char *const panel_sources[] = {COMMON, kernel_source_vector_cpu_h, kernel_source_panel_cpu_cl};
static const char *const short_cpu_sources[] = {COMMON, kernel_source_vector_cpu_h,
                                                kernel_source_short_cpu_cl};
static const char *const team_sources[] = {COMMON,
                                           kernel_source_operand_h,
                                           kernel_source_team_h,
                                           kernel_source_bytes_h,
                                           kernel_source_vector_gpu_h,
                                           kernel_source_team_gpu_cl};
static const char *const short_gpu_sources[] = {COMMON,
                                                kernel_source_operand_h,
                                                kernel_source_team_h,
                                                kernel_source_bytes_h,
                                                kernel_source_vector_gpu_h,
                                                kernel_source_short_gpu_cl};
static const char *const dense_sources[] = {COMMON,
                                            kernel_source_operand_h,
                                            kernel_source_team_h,
                                            kernel_source_bytes_h,
                                            kernel_source_vector_gpu_h,
                                            kernel_source_dense_gpu_cl};
static const char *const thread_sources[] = {COMMON, kernel_source_operand_h, kernel_source_team_h,
                                             kernel_source_thread_gpu_cl};
static const char *const tile_gpu_sources[] = {COMMON,
                                               kernel_source_operand_h,
                                               kernel_source_team_h,
                                               kernel_source_bytes_h,
                                               kernel_source_vector_gpu_h,
                                               kernel_source_tile_gpu_cl};
static const char *const matrix_cpu_sources[] = {COMMON, kernel_source_vector_cpu_h, kernel_source_matrix_h,
                                                 kernel_source_matrix_cpu_cl};
static const char *const matrix_gpu_sources[] = {COMMON, kernel_source_matrix_h, kernel_source_matrix_gpu_h,
                                                 kernel_source_matrix_gpu_cl};
static const char *const skinny_sources[] = {COMMON, kernel_source_bytes_h, kernel_source_matrix_h,
                                             kernel_source_matrix_gpu_h, kernel_source_skinny_gpu_cl};
static const char *const combine_cpu_sources[] = {COMMON, kernel_source_combine_cpu_cl};
static const char *const combine_gpu_sources[] = {COMMON, kernel_source_team_h, kernel_source_combine_gpu_cl};
static const char *const fill_sources[] = {COMMON, kernel_source_fill_cl};
static const char *const copy_sources[] = {COMMON, kernel_source_copy_cl};

const char *const *variant_sources(kernel_id kernel, size_t *count)
{
    switch (kernel) {
    case KERNEL_ROWS_CPU: *count = COUNT(rows_sources); return rows_sources;
    case KERNEL_TILE_CPU: *count = COUNT(tile_sources); return tile_sources;
    case KERNEL_PANEL_CPU: *count = COUNT(panel_sources); return panel_sources;
    case KERNEL_SHORT_CPU: *count = COUNT(short_cpu_sources); return short_cpu_sources;
    case KERNEL_TEAM_GPU: *count = COUNT(team_sources); return team_sources;
    case KERNEL_SHORT_GPU: *count = COUNT(short_gpu_sources); return short_gpu_sources;
    case KERNEL_DENSE_GPU: *count = COUNT(dense_sources); return dense_sources;
    case KERNEL_THREAD_GPU: *count = COUNT(thread_sources); return thread_sources;
    case KERNEL_TILE_GPU: *count = COUNT(tile_gpu_sources); return tile_gpu_sources;
    case KERNEL_MATRIX_CPU: *count = COUNT(matrix_cpu_sources); return matrix_cpu_sources;
    case KERNEL_MATRIX_GPU: *count = COUNT(matrix_gpu_sources); return matrix_gpu_sources;
    case KERNEL_SKINNY_GPU: *count = COUNT(skinny_sources); return skinny_sources;
    case KERNEL_COMBINE_CPU: *count = COUNT(combine_cpu_sources); return combine_cpu_sources;
    case KERNEL_COMBINE_GPU: *count = COUNT(combine_gpu_sources); return combine_gpu_sources;
    case KERNEL_FILL: *count = COUNT(fill_sources); return fill_sources;
    default: *count = COUNT(copy_sources); return copy_sources;
    }
}
