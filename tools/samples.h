/* Deterministic arrays of every dtype and layout for the selftest. */
#ifndef TOOLS_SAMPLES_H
#define TOOLS_SAMPLES_H

#include "dtypes.h"

/* SplitMix64, which gives the same numbers on every machine. */
typedef struct samples {
    uint64_t state;
} samples;

uint64_t sample_bits(samples *s);
int64_t sample_below(samples *s, int64_t limit); /* 0 .. limit - 1 */

enum { SAMPLE_MAX_NDIM = 4 };

/* A host array with its memory. Must not be moved. */
typedef struct sample_array {
    DLTensor tensor;
    int64_t shape[SAMPLE_MAX_NDIM];
    int64_t strides[SAMPLE_MAX_NDIM];
    void *memory;
} sample_array;

typedef enum layout { ROW_MAJOR, COLUMN_MAJOR, WITH_GAPS, REVERSED, SHIFTED, LAYOUT_COUNT } layout;

/* Makes an array of random elements: integers of the whole range, bools (one byte in three is 0, one is
 * 2), floats with |x| in [2^-5, 2). Returns false when memory is out. */
bool sample_array_create(sample_array *a, samples *s, const dtype_row *row, int32_t ndim,
                         const int64_t *shape, layout how);
void sample_array_destroy(sample_array *a);

#endif
