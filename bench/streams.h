/* The floor of the benchmark: a hand-written dot of two arrays over all of the host's cores, in whatever
 * order is fastest. What it reaches is taken for the bandwidth of the machine. */
#ifndef BENCH_STREAMS_H
#define BENCH_STREAMS_H

#include <stddef.h>

typedef enum stream { STREAM_F32, STREAM_F64, STREAM_F16, STREAM_I8, STREAM_C64, STREAM_COUNT } stream;

size_t stream_item_size(stream kind);

/* The dot of two arrays of `bytes` bytes each, real and imaginary part; x is conjugated, int8 does not wrap.
 * Returns the seconds it took, or a negative number when no thread could be made. */
double stream_dot(stream kind, const void *x, const void *y, size_t bytes, double result[2]);

#endif
