/* The lists of kernel headers that the table of kernels names. H(name) is kernels/<wing>/<name>.h.
 * COMMON_HEADERS come first in every program, a kernel's own list between them and its file. A program in C
 * has dialect_c for dialect_opencl and vector_c for vector_opencl. */
#ifndef CORE_KERNEL_HEADERS_H
#define CORE_KERNEL_HEADERS_H

/* clang-format off */
#define COMMON_HEADERS(H)      H(dialect_opencl) H(codes) H(limits) H(params) H(number) H(element) H(batch) H(canonical)

#define NO_HEADERS(H)
#define CPU_HEADERS(H)         H(component) H(vector_opencl) H(vector_cpu) H(casts)
#define ROWS_CPU_HEADERS(H)    CPU_HEADERS(H) H(sharers) H(integers) H(chunks) H(rows_any) H(integers_any)
#define CPU_ITEMS_HEADERS(H)   CPU_HEADERS(H) H(items)
#define PANEL_HEADERS(H)       CPU_ITEMS_HEADERS(H) H(panel) H(panel_rows) H(panel_strips)
#define MATRIX_CPU_HEADERS(H)  CPU_HEADERS(H) H(matrix) H(matrix_pack)
#define GPU_HEADERS(H)         H(operand) H(team)
#define GPU_VECTOR_HEADERS(H)  GPU_HEADERS(H) H(quad) H(bytes) H(vector_gpu)
#define MATRIX_GPU_HEADERS(H)  H(quad) H(matrix) H(matrix_gpu)
#define SKINNY_GPU_HEADERS(H)  MATRIX_GPU_HEADERS(H) H(bytes)
#define COMBINE_GPU_HEADERS(H) H(team)
#define COPY_HEADERS(H)        H(cast_out)
/* clang-format on */

#endif
