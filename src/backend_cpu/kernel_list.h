/* The table of kernels as lines of text. cmake/CpuKernels.cmake has the preprocessor expand this file and
 * reads what comes after the marks. Nothing includes it. */
#include "core/plan/kernel_headers.h"
#include "core/plan/kernel_table.h"

/* clang-format off */
#define H(name) name
%common COMMON_HEADERS(H)
#define X(id, name, schedules, inputs, warm, headers, loads) %kernel id name schedules inputs [headers(H)] loads
KERNEL_TABLE(X)
#define T(type1, type2, result) %types type1 type2 result
TYPES_TABLE(T)
#define W(type1, type2, result) %wider type1 type2 result
WIDER_TABLE(W)
%end
