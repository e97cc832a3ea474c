/* The table of kernel variants: which kernels exist, how each loads its operands, for which dtypes. One
 * tuple is one program. The same table drives building, vecdot_warmup and the tests. Pure. */
#ifndef CORE_VARIANT_H
#define CORE_VARIANT_H

#include "core/base/dtype.h"

/* X(enumerator, name): the name is the kernel function and the file kernels/<name>.cl. */
#define KERNEL_TABLE(X)                                                                                      \
    X(ROWS_CPU, "rows_cpu")                                                                                  \
    X(TILE_CPU, "tile_cpu")                                                                                  \
    X(PANEL_CPU, "panel_cpu")                                                                                \
    X(SHORT_CPU, "short_cpu")                                                                                \
    X(TEAM_GPU, "team_gpu")                                                                                  \
    X(SHORT_GPU, "short_gpu")                                                                                \
    X(DENSE_GPU, "dense_gpu")                                                                                \
    X(THREAD_GPU, "thread_gpu")                                                                              \
    X(TILE_GPU, "tile_gpu")                                                                                  \
    X(MATRIX_CPU, "matrix_cpu")                                                                              \
    X(MATRIX_GPU, "matrix_gpu")                                                                              \
    X(SKINNY_GPU, "skinny_gpu")                                                                              \
    X(COMBINE_CPU, "combine_cpu")                                                                            \
    X(COMBINE_GPU, "combine_gpu")                                                                            \
    X(FILL, "fill")                                                                                          \
    X(COPY, "copy")

typedef enum kernel_id {
#define X(enumerator, name) KERNEL_##enumerator,
    KERNEL_TABLE(X)
#undef X
        KERNEL_COUNT
} kernel_id;

/* How a kernel reads its operands. */
typedef enum load {
    LOAD_VECTOR,  /* typed; the contracted axis contiguous; GPU: every row on a 16-byte boundary;
                     tile_gpu: so in the first operand, columns in the second                    */
    LOAD_STRIDED, /* typed; any strides; elements aligned                                        */
    LOAD_ANY,     /* any dtype that casts to the result's, any strides, any alignment            */
    LOAD_NONE,    /* kernels that read no operand                                                */
    LOAD_COUNT
} load;

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

/* Whether the table has typed variants for these dtypes. */
int variant_is_typed(dtype type1, dtype type2, dtype result);

/* A variant with dtypes, or with a group only. The tile is 1 but for team_gpu, and what the dtypes call for
 * in thread_gpu and tile_gpu. */
variant variant_typed(kernel_id kernel, load loads, dtype type1, dtype type2, dtype result, int tile);
variant variant_grouped(kernel_id kernel, load loads, group g, int tile);
int variant_has_types(const variant *v);

/* The result dtype's size as the kernel's canonical rows count it (integers of a group count as 8). */
int variant_result_bytes(const variant *v);

const char *kernel_name(kernel_id kernel);

/* Writes the -D options of a variant's program; returns the length. */
size_t variant_options(const variant *v, char *options, size_t capacity);

/* Writes a name for logs and explain: "rows_cpu vector f32 f32 -> f32". */
size_t variant_label(const variant *v, char *label, size_t capacity);

/* The sources of a kernel's program for OpenCL, in order. */
const char *const *variant_sources(kernel_id kernel, size_t *count);

/* The index-th variant of the table; 0 when index is past the end. */
int variant_at(size_t index, variant *v);

/* Its index; that of the end where the table does not have it. Takes a few microseconds. */
size_t variant_number(const variant *v);

int variant_needs_fp64(const variant *v);

#endif
