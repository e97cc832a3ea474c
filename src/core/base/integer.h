/* Small arithmetic on sizes and strides. */
#ifndef CORE_INTEGER_H
#define CORE_INTEGER_H

#include <stdint.h>

static inline int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

static inline int64_t at_least(int64_t x, int64_t least)
{
    return x < least ? least : x;
}

static inline int64_t at_most(int64_t x, int64_t most)
{
    return x > most ? most : x;
}

/* |x|. INT64_MIN stays as it is; only the stride of an array without elements can have that value. */
static inline int64_t magnitude(int64_t x)
{
    return x < 0 ? (int64_t)((uint64_t)0 - (uint64_t)x) : x;
}

#endif
