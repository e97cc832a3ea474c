/* The table of kernels: one row for each, with all that the variants, the planner, vecdot_warmup, the PTX
 * build and the tests know of it. docs/architecture.md lists all that a new kernel takes. */
#ifndef CORE_KERNEL_TABLE_H
#define CORE_KERNEL_TABLE_H

#include <stdint.h>

/* Which of the two sets of kernels a plan uses; the bits are the same. */
typedef enum schedule { SCHEDULE_GPU, SCHEDULE_CPU } schedule;

/* The schedules that use a kernel. */
enum { ON_GPU = 1 << SCHEDULE_GPU, ON_CPU = 1 << SCHEDULE_CPU, ON_BOTH = ON_GPU | ON_CPU };

/* How a kernel reads its operands. */
typedef enum load {
    LOAD_VECTOR,  /* typed; the contracted axis contiguous; GPU: every row on a 16-byte boundary;
                     tile_gpu: so in the first operand, columns in the second                    */
    LOAD_STRIDED, /* typed; any strides; elements aligned                                        */
    LOAD_ANY,     /* any dtype that casts to the result's, any strides, any alignment            */
    LOAD_NONE,    /* kernels that read no operand                                                */
    LOAD_COUNT
} load;

/* The dtypes for which a kernel exists. */
typedef enum dtype_choice {
    NO_MORE,      /* ends the list of a kernel's loads             */
    EACH_DTYPE,   /* typed: one dtype throughout                   */
    EACH_MIXTURE, /* typed: that, and the mixtures that are common */
    EACH_WIDER,   /* typed: results wider than both operands       */
    EACH_GROUP,   /* each accumulation group                       */
    ONE_PROGRAM   /* one program for all dtypes                    */
} dtype_choice;

/* The place of a tile that follows from the dtypes: see variant_typed. */
enum { TILE_OF_DTYPES = 0 };

/* A way in which a kernel exists: it stands for a variant for each of the dtypes. */
typedef struct kernel_load {
    uint8_t load;   /* load                                    */
    uint8_t tile;   /* outputs side by side, or TILE_OF_DTYPES */
    uint8_t dtypes; /* dtype_choice                            */
} kernel_load;

/* clang-format off */
/* X(id, name, schedules, inputs, warm, headers, loads)
 *   name       of the kernel's function, of its file <name>.cl and of its planner, <name>_planner
 *   schedules  that use it
 *   inputs     how many arrays it reads: a launch's first buffers, before the one it writes
 *   warm       WARM: vecdot_warmup builds it, in the first of its loads; COLD: the first call that needs it does
 *   headers    the text between the common headers and its file: a list in kernel_headers.h
 *   loads      {load, tile, dtypes} for each way in which it exists */
#define KERNEL_TABLE(X)                                                                                      \
    X(FILL, fill, ON_BOTH, 0, COLD, NO_HEADERS,                                                              \
      ({LOAD_NONE, 1, ONE_PROGRAM}))                                                                         \
    X(ROWS_CPU, rows_cpu, ON_CPU, 2, WARM, ROWS_CPU_HEADERS,                                                 \
      ({LOAD_VECTOR, 1, EACH_MIXTURE}, {LOAD_VECTOR, 1, EACH_WIDER}, {LOAD_ANY, 1, EACH_GROUP}))             \
    X(TILE_CPU, tile_cpu, ON_CPU, 2, COLD, CPU_ITEMS_HEADERS,                                                \
      ({LOAD_STRIDED, 1, EACH_MIXTURE}))                                                                     \
    X(PANEL_CPU, panel_cpu, ON_CPU, 2, WARM, PANEL_HEADERS,                                                  \
      ({LOAD_VECTOR, 1, EACH_MIXTURE}, {LOAD_ANY, 1, EACH_GROUP}))                                           \
    X(FOLD_CPU, fold_cpu, ON_CPU, 2, COLD, CPU_ITEMS_HEADERS,                                                \
      ({LOAD_VECTOR, 1, EACH_MIXTURE}))                                                                      \
    X(SHORT_CPU, short_cpu, ON_CPU, 2, COLD, CPU_ITEMS_HEADERS,                                              \
      ({LOAD_STRIDED, 1, EACH_MIXTURE}, {LOAD_ANY, 1, EACH_GROUP}))                                          \
    X(TEAM_GPU, team_gpu, ON_GPU, 2, WARM, GPU_VECTOR_HEADERS,                                               \
      ({LOAD_VECTOR, 1, EACH_DTYPE}, {LOAD_STRIDED, 1, EACH_MIXTURE},                                        \
       {LOAD_ANY, 1, EACH_GROUP}, {LOAD_VECTOR, 4, EACH_DTYPE}))                                             \
    X(SHORT_GPU, short_gpu, ON_GPU, 2, COLD, GPU_VECTOR_HEADERS,                                             \
      ({LOAD_VECTOR, 1, EACH_DTYPE}, {LOAD_STRIDED, 1, EACH_DTYPE}))                                         \
    X(DENSE_GPU, dense_gpu, ON_GPU, 2, COLD, GPU_VECTOR_HEADERS,                                             \
      ({LOAD_VECTOR, 1, EACH_DTYPE}))                                                                        \
    X(THREAD_GPU, thread_gpu, ON_GPU, 2, WARM, GPU_HEADERS,                                                  \
      ({LOAD_STRIDED, TILE_OF_DTYPES, EACH_MIXTURE}, {LOAD_ANY, 1, EACH_GROUP}))                             \
    X(TILE_GPU, tile_gpu, ON_GPU, 2, COLD, GPU_VECTOR_HEADERS,                                               \
      ({LOAD_VECTOR, TILE_OF_DTYPES, EACH_DTYPE}))                                                           \
    X(MATRIX_CPU, matrix_cpu, ON_CPU, 2, COLD, MATRIX_CPU_HEADERS,                                           \
      ({LOAD_STRIDED, 1, EACH_DTYPE}, {LOAD_ANY, 1, EACH_GROUP}))                                            \
    X(MATRIX_GPU, matrix_gpu, ON_GPU, 2, COLD, MATRIX_GPU_HEADERS,                                           \
      ({LOAD_STRIDED, 1, EACH_DTYPE}, {LOAD_STRIDED, 4, EACH_DTYPE},                                         \
       {LOAD_STRIDED, 8, EACH_DTYPE}, {LOAD_ANY, 4, EACH_GROUP}))                                            \
    X(SKINNY_GPU, skinny_gpu, ON_GPU, 2, COLD, SKINNY_GPU_HEADERS,                                           \
      ({LOAD_VECTOR, 1, EACH_DTYPE}, {LOAD_VECTOR, 16, EACH_DTYPE}))                                         \
    X(COMBINE_CPU, combine_cpu, ON_CPU, 1, WARM, NO_HEADERS,                                                 \
      ({LOAD_NONE, 1, EACH_GROUP}))                                                                          \
    X(COMBINE_GPU, combine_gpu, ON_GPU, 1, WARM, COMBINE_GPU_HEADERS,                                        \
      ({LOAD_NONE, 1, EACH_GROUP}))                                                                          \
    X(COPY, copy, ON_BOTH, 1, COLD, COPY_HEADERS,                                                            \
      ({LOAD_NONE, 1, EACH_GROUP}))
/* clang-format on */

/* T(type1, type2, result): the dtypes for which typed programs exist. One dtype throughout comes first, then
 * the common mixtures, each in both orders. Unsigned integers run as signed ones, since the bits are the
 * same. */
#define TYPES_TABLE(T)                                                                                       \
    T(BOOL, BOOL, BOOL)                                                                                      \
    T(I8, I8, I8)                                                                                            \
    T(I16, I16, I16)                                                                                         \
    T(I32, I32, I32)                                                                                         \
    T(I64, I64, I64)                                                                                         \
    T(F16, F16, F16)                                                                                         \
    T(BF16, BF16, BF16)                                                                                      \
    T(F32, F32, F32)                                                                                         \
    T(F64, F64, F64)                                                                                         \
    T(C64, C64, C64)                                                                                         \
    T(C128, C128, C128)                                                                                      \
    T(F16, F32, F32)                                                                                         \
    T(F32, F16, F32)                                                                                         \
    T(BF16, F32, F32)                                                                                        \
    T(F32, BF16, F32)                                                                                        \
    T(F32, F64, F64)                                                                                         \
    T(F64, F32, F64)

/* The same for dtype=: results wider than both operands, in the kernels that have EACH_WIDER. */
#define WIDER_TABLE(T)                                                                                       \
    T(F16, F16, F32)                                                                                         \
    T(BF16, BF16, F32)                                                                                       \
    T(F32, F32, F64)

typedef enum kernel_id {
#define X(id, ...) KERNEL_##id,
    KERNEL_TABLE(X)
#undef X
        KERNEL_COUNT
} kernel_id;

enum { MAX_LOADS = 4 };

/* A row as data, without the headers, which variant_sources adds. */
typedef struct kernel_row {
    const char *name;
    int schedules, inputs, warm;
    kernel_load loads[MAX_LOADS + 1]; /* up to the first of NO_MORE */
} kernel_row;

extern const kernel_row kernel_rows[KERNEL_COUNT];

#endif
