/* The functions that compute on the calling thread: one for each way to accumulate and each instruction
 * set. All are compiled from host_sum.h. cmake/Host.cmake generates the functions and their table. */
#ifndef CORE_HOST_KERNEL_H
#define CORE_HOST_KERNEL_H

#include <stdint.h>

/* Outputs at equal distances, and their operands. Strides and steps are in bytes. Dtypes are the kernels'
 * codes. */
typedef struct host_line {
    const char *x1, *x2;
    char *out;
    int64_t n, stride1, stride2;             /* along the contracted axis */
    int64_t outputs, step1, step2, step_out; /* from output to output     */
    int32_t type1, type2, result, type_out;
    int32_t no_conj;
    int32_t is_matrix; /* sums in the order of class matrix; implies `across` */
    int32_t across;    /* vectors run across outputs, not along the contracted axis */
} host_line;

typedef void host_function(const host_line *line);

/* What is added up, in the order of cmake/Host.cmake. Integers of 8 and 16 bits share one function. */
typedef enum host_number {
    HOST_b1,
    HOST_i16,
    HOST_i32,
    HOST_i64,
    HOST_f16,
    HOST_bf16,
    HOST_f32,
    HOST_f64,
    HOST_c64,
    HOST_c128,
    HOST_NUMBERS
} host_number;

typedef struct host_set {
    const char *name; /* the instruction set */
    host_function *functions[HOST_NUMBERS];
} host_set;

/* The best instruction set first. The last row's name is NULL. */
extern const host_set host_sets[];

#endif
