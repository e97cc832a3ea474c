/* NumPy's .npy files: reading (versions 1.0, 2.0, 3.0; mapped, any order) and writing (1.0, C order). */
#ifndef TOOLS_NPY_H
#define TOOLS_NPY_H

#include "system.h"

/* NumPy writes ml_dtypes' bfloat16 as two raw bytes, "<V2", and so loses its name. */
typedef enum npy_v2 { NPY_V2_REFUSED, NPY_V2_IS_BFLOAT16 } npy_v2;

/* What the header's dictionary says, once it has been found to be sound. */
typedef struct npy_header {
    DLDataType dtype;
    int32_t ndim;
    int64_t shape[VECDOT_MAX_NDIM];
    bool fortran_order;
} npy_header;

bool npy_header_parse(const char *text, size_t length, npy_v2 v2, npy_header *header, fault *f);

/* Elements and bytes of the array; false when the bytes, or the product of the sizes other than zero, leave
 * int64. */
bool npy_header_extent(const npy_header *header, int64_t *elements, int64_t *bytes, fault *f);

/* An open file's array. Not to be moved: the tensor points into it. */
typedef struct npy {
    DLTensor tensor; /* host memory, read-only */
    int64_t strides[VECDOT_MAX_NDIM];
    npy_header header;
    input file;
} npy;

/* path "-" reads standard input, and no byte past the array. `watch` (may be NULL) is told of the bytes that
 * are read here and not mapped. On failure nothing is left open. */
bool npy_open(npy *array, const char *path, npy_v2 v2, progress *watch, fault *f);
void npy_close(npy *array);

/* Writes a C-contiguous host array. path "-" is standard output; a file appears whole or not at all. */
bool npy_write(const char *path, const DLTensor *array, fault *f);

#endif
