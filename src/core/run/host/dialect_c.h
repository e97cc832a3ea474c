/* The C dialect of the kernels' language, like kernels/common/dialect_opencl.h and dialect_cuda.h: what
 * number.h, element.h and canonical.h need on the calling thread. Code that includes it must be compiled
 * without contraction and without strict aliasing, or its bits are wrong. */
#ifndef CORE_HOST_DIALECT_C_H
#define CORE_HOST_DIALECT_C_H

#include <stdint.h>
#include <string.h>

#define HAS_FP64 1
#define GLOBAL
#define PRIVATE
#define FUNCTION static inline
#define UNROLL
#define NO_UNROLL

typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define FMA(a, b, c) _Generic((c), float : __builtin_fmaf, double : __builtin_fma)(a, b, c)

FUNCTION float f32_of_bits(u32 bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

FUNCTION u32 bits_of_f32(float x)
{
    u32 bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

FUNCTION double f64_of_bits(u64 bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

FUNCTION u64 bits_of_f64(double x)
{
    u64 bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Written in steps that compilers turn into vector code. A subnormal first gets the exponent of 2^-14; the
 * subtraction removes it again. */
FUNCTION float f32_of_f16(u16 bits)
{
    const u32 rebias = 112u << 23, top = 31u << 23;
    u32 x = (u32)(bits & 0x7fff) << 13, exponent = x & top;
    x += exponent == top ? 2 * rebias : rebias;
    u32 subnormal = bits_of_f32(f32_of_bits(x + (1u << 23)) - f32_of_bits(113u << 23));
    x = exponent == 0 ? subnormal : x;
    return f32_of_bits(x | (u32)(bits & 0x8000) << 16);
}

/* Rounds to nearest, ties to even. Adding 0.5 rounds a subnormal to a multiple of 2^-24, the smallest
 * float16. */
FUNCTION u16 f16_of_f32(float value)
{
    u32 bits = bits_of_f32(value), x = bits & 0x7fffffffu;
    u32 normal = (x - (112u << 23) + 0xfffu + (x >> 13 & 1u)) >> 13;
    u32 subnormal = bits_of_f32(f32_of_bits(x) + 0.5f) - bits_of_f32(0.5f);
    u32 special = x > 0x7f800000u ? 0x7e00u : 0x7c00u;
    u32 finite = x < 113u << 23 ? subnormal : normal;
    return (u16)((x >= 0x477ff000u ? special : finite) | (bits >> 16 & 0x8000u));
}

FUNCTION i32 leading_zeros(u64 x)
{
    return (i32)__builtin_clzll(x);
}

#endif
