/* Kernel variants: a kernel, how it loads its operands, for which dtypes. One variant is one program. The
 * table of kernels lists them all, for building, vecdot_warmup and the tests. Pure. */
#ifndef CORE_VARIANT_H
#define CORE_VARIANT_H

#include "core/base/dtype.h"
#include "core/plan/kernel_table.h"

/* Bytes only, so that two variants are equal exactly when their bytes are. */
typedef struct variant {
    uint8_t kernel; /* kernel_id                                                                   */
    uint8_t load;   /* load                                                                        */
    uint8_t group;  /* accumulation group                                                          */
    uint8_t type1;  /* dtype of each operand and of the result; 0 when the kernel takes them at run */
    uint8_t type2;  /* time (LOAD_ANY)                                                             */
    uint8_t result;
    uint8_t tile; /* outputs side by side: team_gpu's share a load, thread_gpu's and tile_gpu's lie in one
                     vector */
    uint8_t reserved;
} variant;

/* Whether there are typed variants for these dtypes. */
int variant_is_typed(dtype type1, dtype type2, dtype result);

/* Whether there are some in kernels that have them for results wider than both operands. */
int variant_is_wider(dtype type1, dtype type2, dtype result);

/* A variant with dtypes, or with a group only. TILE_OF_DTYPES: as many outputs as lie in one vector, at most
 * four. */
variant variant_typed(kernel_id kernel, load loads, dtype type1, dtype type2, dtype result, int tile);
variant variant_grouped(kernel_id kernel, load loads, group g, int tile);
int variant_has_types(const variant *v);

/* The result dtype's size as the kernel's canonical rows count it (integers of a group count as 8). */
int variant_result_bytes(const variant *v);

/* "rows_cpu" */
const char *kernel_name(kernel_id kernel);

/* Writes a name for logs and explain: "rows_cpu vector f32 f32 -> f32". */
size_t variant_label(const variant *v, char *label, size_t capacity);

/* The index-th variant of the table; 0 when index is past the end. */
int variant_at(size_t index, variant *v);

/* Its index; that of the end where the table does not have it. Takes a few microseconds. */
size_t variant_number(const variant *v);

/* The index-th variant that vecdot_warmup builds for a dtype; 0 when index is past the end. */
int variant_to_warm(schedule s, dtype t, size_t index, variant *v);

int variant_needs_fp64(const variant *v);

#endif
