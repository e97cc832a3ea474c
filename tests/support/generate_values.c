/* Random element values: what a sum, a cast or a rounding could get wrong. */
#include "support/generate.h"

#include <math.h>
#include <string.h>

enum { SMALL, ORDINARY, FAR_APART, HALF_WAY, TINY, NOT_FINITE, ANY_BITS };

static double scaled(random_source *random, double significand, int exponents)
{
    double sign = random_chance(random, 50) ? -1 : 1;
    return ldexp(sign * significand, (int)random_below(random, 2 * exponents + 1) - exponents);
}

static double real_value(int palette, random_source *random, int most)
{
    double fraction = (double)(random_bits(random) >> 12) * 0x1p-52, aside = 0;
    switch (palette) {
    case SMALL: return (double)random_below(random, 17) - 8;
    case FAR_APART: return scaled(random, 1 + fraction, most);
    case HALF_WAY: /* on, just below or just above the middle of two float16 or bfloat16 */
        aside = (double)(random_below(random, 3) - 1) * 0x1p-45;
        return scaled(random, 1 + (double)random_below(random, 4096) * 0x1p-12 + aside, 4);
    case TINY:
        if (random_chance(random, 20)) return copysign(0, fraction - 0.5);
        return scaled(random, fraction, most);
    case NOT_FINITE:
        if (random_chance(random, 99)) break;
        return random_chance(random, 50) ? NAN : copysign(INFINITY, fraction - 0.5);
    default: break;
    }
    return scaled(random, 1 + fraction, 8);
}

static uint64_t integer_value(int palette, random_source *random)
{
    uint64_t bits = random_bits(random);
    switch (palette) {
    case SMALL: return bits % 9 - 4;
    case HALF_WAY: /* 64 bits with few set, and one more or less */
        return ((bits & 511) << (bits >> 9) % 56) + (uint64_t)(random_below(random, 3) - 1);
    case TINY: return bits % 3 - 1;
    default: return bits;
    }
}

/* A little less than half of a component's exponents, so that products stay inside its range. */
static int half_range(ref_type component)
{
    return component == REF_F16 ? 7 : component == REF_F64 ? 500 : 60;
}

static void component_value(ref_type type, int palette, random_source *random, unsigned char *element)
{
    uint64_t bits = random_bits(random);
    if (palette == ANY_BITS && random_chance(random, 10)) {
        memcpy(element, &bits, (size_t)ref_size(type)); /* any bits at all: subnormals, infinities, NaNs */
    } else if (palette == TINY && random_chance(random, 20)) {
        uint64_t keep = type == REF_F16    ? 0x83ff
                        : type == REF_BF16 ? 0x807f
                        : type == REF_F32  ? 0x807fffff
                                           : 0x800fffffffffffff;
        bits = random_bits(random) & keep; /* subnormals and zeros */
        memcpy(element, &bits, (size_t)ref_size(type));
    } else {
        double value = real_value(palette, random, half_range(type));
        reference_cast(REF_F64, &value, type, element);
    }
}

void value_generate(ref_type type, int palette, random_source *random, unsigned char *element)
{
    if (type == REF_B1) {
        int nonzero = random_chance(random, palette == SMALL ? 50 : 2);
        *element = nonzero ? (unsigned char)(1 + random_below(random, 255)) : 0;
    } else if (!ref_is_float(type)) {
        uint64_t value = integer_value(palette, random);
        memcpy(element, &value, (size_t)ref_size(type));
    } else if (ref_is_complex(type)) {
        ref_type component = type == REF_C64 ? REF_F32 : REF_F64;
        component_value(component, palette, random, element);
        component_value(component, palette, random, element + ref_size(component));
    } else {
        component_value(type, palette, random, element);
    }
}
