/* One element of an array in host memory, at any alignment. */
#ifndef TOOLS_VALUE_H
#define TOOLS_VALUE_H

#include <vecdot/vecdot.h>

typedef struct value {
    uint64_t integer; /* bool (0 or 1) and integers, sign-extended, so that arithmetic modulo 2^64 works */
    double re;        /* any dtype, rounded to double */
    double im;        /* 0 unless complex */
} value;

/* type must be one of the library's dtypes. */
value value_load(DLDataType type, const void *at);

/* Rounds to `digits` significant bits, with 2^lowest as the smallest step, to nearest even. That is a cast
 * to a narrower floating dtype, within its range. */
double round_to_bits(double x, int digits, int lowest);

/* Gives the two numbers for a dtype's real or component type: 24 and -149 for float32 and complex64. */
void float_format(DLDataType type, int *digits, int *lowest);

#endif
