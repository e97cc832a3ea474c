/* Reads elements of every dtype, and rounds to the narrower floating-point formats. */
#include "value.h"

#include <math.h>
#include <string.h>

static double half_to_double(uint16_t h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    double x;
    if (exponent == 31)
        x = fraction != 0 ? (double)NAN : (double)INFINITY;
    else
        x = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
    return (h >> 15) != 0 ? -x : x;
}

static double float_at(const void *at)
{
    float x;
    memcpy(&x, at, sizeof x);
    return (double)x;
}

static double double_at(const void *at)
{
    double x;
    memcpy(&x, at, sizeof x);
    return x;
}

static double narrow_at(DLDataType type, const void *at)
{
    uint16_t h;
    memcpy(&h, at, sizeof h);
    if (type.code == kDLFloat) return half_to_double(h);
    uint32_t wide = (uint32_t)h << 16;
    return float_at(&wide);
}

static value unsigned_at(int bits, const void *at)
{
    uint8_t x8;
    uint16_t x16;
    uint32_t x32;
    uint64_t x = 0;
    switch (bits) {
    case 8: memcpy(&x8, at, 1), x = x8; break;
    case 16: memcpy(&x16, at, 2), x = x16; break;
    case 32: memcpy(&x32, at, 4), x = x32; break;
    default: memcpy(&x, at, 8); break;
    }
    return (value){x, (double)x, 0};
}

static value signed_at(int bits, const void *at)
{
    int8_t x8;
    int16_t x16;
    int32_t x32;
    int64_t x = 0;
    switch (bits) {
    case 8: memcpy(&x8, at, 1), x = x8; break;
    case 16: memcpy(&x16, at, 2), x = x16; break;
    case 32: memcpy(&x32, at, 4), x = x32; break;
    default: memcpy(&x, at, 8); break;
    }
    return (value){(uint64_t)x, (double)x, 0};
}

value value_load(DLDataType type, const void *at)
{
    const unsigned char *bytes = at;
    switch (type.code) {
    case VECDOT_DLBOOL: return (value){bytes[0] != 0, bytes[0] != 0, 0};
    case kDLInt: return signed_at(type.bits, at);
    case kDLUInt: return unsigned_at(type.bits, at);
    case kDLComplex:
        if (type.bits == 64) return (value){0, float_at(bytes), float_at(bytes + 4)};
        return (value){0, double_at(bytes), double_at(bytes + 8)};
    default:
        if (type.bits == 16) return (value){0, narrow_at(type, at), 0};
        return (value){0, type.bits == 32 ? float_at(at) : double_at(at), 0};
    }
}

double round_to_bits(double x, int digits, int lowest)
{
    if (x == 0 || !isfinite(x)) return x;
    int exponent;
    frexp(x, &exponent);
    int step = exponent - digits > lowest ? exponent - digits : lowest;
    if (step < -1000) return x; /* a subnormal or tiny double is already rounded */
    return ldexp(nearbyint(ldexp(x, -step)), step);
}

void float_format(DLDataType type, int *digits, int *lowest)
{
    int bits = type.code == kDLComplex ? type.bits / 2 : type.bits;
    *digits = type.code == kDLBfloat ? 8 : bits == 16 ? 11 : bits == 32 ? 24 : 53;
    *lowest = type.code == kDLBfloat ? -133 : bits == 16 ? -24 : bits == 32 ? -149 : -1074;
}
