/* The C side of the common kernel language, beside kernels/common/dialect_opencl.h and dialect_cuda.h: what
 * number.h, element.h and canonical.h need to compute on the calling thread. To be compiled without
 * contraction and without strict aliasing. */
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

/* In steps that compilers can do to a whole vector. Subnormals get the exponent of 2^-14, which a subtraction
 * takes off again. */
FUNCTION float f32_of_f16(u16 bits)
{
    const u32 rebias = 112u << 23, top = 31u << 23;
    u32 x = (u32)(bits & 0x7fff) << 13, exponent = x & top;
    x += exponent == top ? 2 * rebias : rebias;
    u32 subnormal = bits_of_f32(f32_of_bits(x + (1u << 23)) - f32_of_bits(113u << 23));
    x = exponent == 0 ? subnormal : x;
    return f32_of_bits(x | (u32)(bits & 0x8000) << 16);
}

/* To nearest, ties to even. Adding 0.5 rounds to multiples of 2^-24, the least float16. */
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
