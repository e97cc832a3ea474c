/* Makes random elements from bits, so that no conversion on this machine affects the test. */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

uint64_t sample_bits(samples *s)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

int64_t sample_below(samples *s, int64_t limit)
{
    return (int64_t)(sample_bits(s) % (uint64_t)limit);
}

/* A floating-point number with the given numbers of exponent and fraction bits, |x| in [2^-5, 2). */
static uint64_t floating_bits(samples *s, int exponent_bits, int fraction_bits)
{
    uint64_t bias = ((uint64_t)1 << (exponent_bits - 1)) - 1;
    uint64_t exponent = bias - (uint64_t)sample_below(s, 6);
    uint64_t fraction = sample_bits(s) & (((uint64_t)1 << fraction_bits) - 1);
    uint64_t sign = sample_bits(s) & 1;
    return sign << (exponent_bits + fraction_bits) | exponent << fraction_bits | fraction;
}

static void store(void *at, uint64_t bits, int bytes)
{
    uint8_t x8 = (uint8_t)bits;
    uint16_t x16 = (uint16_t)bits;
    uint32_t x32 = (uint32_t)bits;
    switch (bytes) {
    case 1: memcpy(at, &x8, 1); break;
    case 2: memcpy(at, &x16, 2); break;
    case 4: memcpy(at, &x32, 4); break;
    default: memcpy(at, &bits, 8); break;
    }
}

static void store_floating(samples *s, void *at, int bits, bool brain)
{
    int exponent_bits = brain ? 8 : bits == 16 ? 5 : bits == 32 ? 8 : 11;
    store(at, floating_bits(s, exponent_bits, bits - 1 - exponent_bits), bits / 8);
}

static void fill(samples *s, const dtype_row *row, char *memory, int64_t elements)
{
    int bytes = row->bits / 8;
    for (int64_t i = 0; i < elements; i++) {
        char *at = memory + i * bytes;
        if (row->code == VECDOT_DLBOOL) {
            store(at, (uint64_t)sample_below(s, 3), 1);
        } else if (row->code == kDLInt || row->code == kDLUInt) {
            store(at, sample_bits(s), bytes);
        } else if (row->code == kDLComplex) {
            store_floating(s, at, row->bits / 2, false);
            store_floating(s, at + bytes / 2, row->bits / 2, false);
        } else {
            store_floating(s, at, row->bits, row->code == kDLBfloat);
        }
    }
}

/* Sets the strides. Returns the number of elements that the layout spans in memory. */
static int64_t lay_out(sample_array *a, int32_t ndim, layout how)
{
    int64_t stride = how == WITH_GAPS ? 3 : 1;
    for (int32_t i = 0; i < ndim; i++) {
        int32_t d = how == COLUMN_MAJOR ? i : ndim - 1 - i;
        a->strides[d] = stride;
        stride *= a->shape[d] > 0 ? a->shape[d] : 1;
        if (how == WITH_GAPS) stride += 2;
    }
    return stride;
}

/* Reverses every dimension, so that the first element is the last in memory. */
static int64_t reverse(sample_array *a, int32_t ndim)
{
    int64_t first = 0;
    for (int32_t d = 0; d < ndim; d++) {
        if (a->shape[d] > 0) first += a->strides[d] * (a->shape[d] - 1);
        a->strides[d] = -a->strides[d];
    }
    return first;
}

bool sample_array_create(sample_array *a, samples *s, const dtype_row *row, int32_t ndim,
                         const int64_t *shape, layout how)
{
    memset(a, 0, sizeof *a);
    memcpy(a->shape, shape, sizeof *shape * (size_t)ndim);
    int64_t elements = lay_out(a, ndim, how) + 1;
    int64_t first = how == REVERSED ? reverse(a, ndim) : how == SHIFTED ? 1 : 0;
    int64_t bytes = row->bits / 8;
    a->memory = malloc((size_t)(elements * bytes));
    if (a->memory == NULL) return false;
    fill(s, row, a->memory, elements);
    a->tensor = (DLTensor){.data = a->memory,
                           .device = {kDLCPU, 0},
                           .ndim = ndim,
                           .dtype = dtype_row_type(row),
                           .shape = a->shape,
                           .strides = how == ROW_MAJOR ? NULL : a->strides,
                           .byte_offset = (uint64_t)(first * bytes)};
    return true;
}

void sample_array_destroy(sample_array *a)
{
    free(a->memory);
    a->memory = NULL;
}
