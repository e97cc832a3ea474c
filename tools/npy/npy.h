/* NumPy's .npy files: reads versions 1.0, 2.0 and 3.0 (mapped, in any order) and writes 1.0 in C order. */
#ifndef TOOLS_NPY_H
#define TOOLS_NPY_H

#include "progress.h"
#include "system.h"

/* NumPy writes ml_dtypes' bfloat16 as two raw bytes, "<V2", so the file does not name the dtype. */
typedef enum npy_v2 { NPY_V2_REFUSED, NPY_V2_IS_BFLOAT16 } npy_v2;

/* The contents of the header's dictionary, after all checks. */
typedef struct npy_header {
    DLDataType dtype;
    int32_t ndim;
    int64_t shape[VECDOT_MAX_NDIM];
    bool fortran_order;
} npy_header;

bool npy_header_parse(const char *text, size_t length, npy_v2 v2, npy_header *header, fault *f);

/* Gives the array's elements and bytes. Returns false when the bytes, or the product of the sizes other
 * than 0, do not fit int64. */
bool npy_header_extent(const npy_header *header, int64_t *elements, int64_t *bytes, fault *f);

/* An open file's array. Must not be moved: the tensor points into it. */
typedef struct npy {
    DLTensor tensor; /* host memory, read-only */
    int64_t strides[VECDOT_MAX_NDIM];
    npy_header header;
    input file;
} npy;

/* Opens a file. "-" is standard input, of which no byte after the array is read. `watch` receives the
 * number of bytes read; mapped files do not use it, and it may be NULL. Nothing stays open on failure. */
bool npy_open(npy *array, const char *path, npy_v2 v2, progress *watch, fault *f);
void npy_close(npy *array);

/* Writes a C-contiguous host array. "-" is standard output. A file appears complete or not at all. */
bool npy_write(const char *path, const DLTensor *array, fault *f);

#endif
