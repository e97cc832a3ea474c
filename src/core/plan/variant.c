/* The variants that the rows of the table of kernels stand for, and their names. */
#include "core/plan/variant.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- The table ---- */

enum { COLD, WARM };

const kernel_row kernel_rows[KERNEL_COUNT] = {
#define LIST(...) __VA_ARGS__
#define X(id, name, schedules, inputs, warm, headers, loads)                                                 \
    [KERNEL_##id] = {#name, schedules, inputs, warm, {LIST loads}},
    KERNEL_TABLE(X)
#undef X
#undef LIST
};

/* ---- Typed triples ---- */

typedef struct triple {
    dtype type1, type2, result;
} triple;

static const triple triples[] = {
#define T(type1, type2, result) {DTYPE_##type1, DTYPE_##type2, DTYPE_##result},
    TYPES_TABLE(T)
#undef T
};

static const triple wider[] = {
#define T(type1, type2, result) {DTYPE_##type1, DTYPE_##type2, DTYPE_##result},
    WIDER_TABLE(T)
#undef T
};

static dtype signed_like(dtype t)
{
    return t >= DTYPE_U8 && t <= DTYPE_U64 ? (dtype)(t - DTYPE_U8 + DTYPE_I8) : t;
}

static int triple_is_uniform(const triple *t)
{
    return t->type1 == t->result && t->type2 == t->result;
}

static int lists(const triple *of, size_t count, dtype type1, dtype type2, dtype result)
{
    for (size_t k = 0; k < count; k++)
        if (of[k].type1 == type1 && of[k].type2 == type2 && of[k].result == result) return 1;
    return 0;
}

int variant_is_typed(dtype type1, dtype type2, dtype result)
{
    return (type1 == type2 && type2 == result) || lists(triples, COUNT(triples), type1, type2, result);
}

int variant_is_wider(dtype type1, dtype type2, dtype result)
{
    return lists(wider, COUNT(wider), type1, type2, result);
}

/* Neighbouring outputs in one vector: four, or sixteen bytes of the larger operand. */
static int tile_of_dtypes(dtype type1, dtype type2)
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
                     .tile = (uint8_t)(tile == TILE_OF_DTYPES ? tile_of_dtypes(type1, type2) : tile)};
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

/* ---- All variants ---- */

/* How many dtypes or groups a way to load exists for at most. */
static size_t candidates(const kernel_load *l)
{
    switch (l->dtypes) {
    case ONE_PROGRAM: return 1;
    case EACH_GROUP: return GROUP_COUNT;
    case EACH_WIDER: return COUNT(wider);
    default: return COUNT(triples);
    }
}

/* The k-th candidate's variant; 0: there is none. */
static int candidate_at(kernel_id kernel, const kernel_load *l, size_t k, variant *v)
{
    if (l->dtypes == ONE_PROGRAM || l->dtypes == EACH_GROUP) {
        *v = variant_grouped(kernel, (load)l->load, (group)k, l->tile);
        return 1;
    }
    const triple *t = l->dtypes == EACH_WIDER ? &wider[k] : &triples[k];
    *v = variant_typed(kernel, (load)l->load, t->type1, t->type2, t->result, l->tile);
    return l->dtypes != EACH_DTYPE || triple_is_uniform(t);
}

int variant_at(size_t index, variant *v)
{
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
        for (const kernel_load *l = kernel_rows[kernel].loads; l->dtypes != NO_MORE; l++)
            for (size_t k = 0; k < candidates(l); k++)
                if (candidate_at((kernel_id)kernel, l, k, v) && index-- == 0) return 1;
    return 0;
}

size_t variant_number(const variant *v)
{
    size_t number = 0;
    variant other;
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++)
        for (const kernel_load *l = kernel_rows[kernel].loads; l->dtypes != NO_MORE; l++)
            for (size_t k = 0; k < candidates(l); k++) {
                if (!candidate_at((kernel_id)kernel, l, k, &other)) continue;
                if (memcmp(&other, v, sizeof other) == 0) return number;
                number++;
            }
    return number;
}

int variant_to_warm(schedule s, dtype t, size_t index, variant *v)
{
    for (int kernel = 0; kernel < KERNEL_COUNT; kernel++) {
        const kernel_row *row = &kernel_rows[kernel];
        const kernel_load *l = &row->loads[0];
        if (!row->warm || !(row->schedules & 1 << s) || index-- > 0) continue;
        *v = l->load == LOAD_NONE ? variant_grouped((kernel_id)kernel, LOAD_NONE, dtype_group(t), l->tile)
                                  : variant_typed((kernel_id)kernel, (load)l->load, t, t, t, l->tile);
        return 1;
    }
    return 0;
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

/* ---- Names ---- */

const char *kernel_name(kernel_id kernel)
{
    return kernel_rows[kernel].name;
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
