/* A small generator of random numbers (splitmix64), so that a seed gives the same problems everywhere. */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdint.h>

typedef struct random_source {
    uint64_t state;
} random_source;

static inline uint64_t random_bits(random_source *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The index-th independent source of a seed. */
static inline random_source random_start(uint64_t seed, uint64_t index)
{
    random_source r = {seed};
    r.state = random_bits(&r) + index * 0xd1342543de82ef95u;
    random_bits(&r);
    return r;
}

/* 0 <= result < limit. */
static inline int64_t random_below(random_source *r, int64_t limit)
{
    return (int64_t)((random_bits(r) >> 1) % (uint64_t)limit);
}

static inline int random_chance(random_source *r, int percent)
{
    return random_below(r, 100) < percent;
}

#endif
