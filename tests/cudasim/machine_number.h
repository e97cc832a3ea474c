/* Half-precision formats and the bits of floating-point values, to the bit as GPUs have them. */
#ifndef CUDASIM_MACHINE_NUMBER_H
#define CUDASIM_MACHINE_NUMBER_H

#include "ptx.h"

#include <string.h>

static inline u32 bits_f32(f32 a)
{
    u32 bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

static inline f32 f32_bits(u32 bits)
{
    f32 a;
    memcpy(&a, &bits, sizeof a);
    return a;
}

static inline u64 bits_f64(f64 a)
{
    u64 bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}

static inline f64 f64_bits(u64 bits)
{
    f64 a;
    memcpy(&a, &bits, sizeof a);
    return a;
}

static inline f32 canonical(f32 a)
{
    return f32_bits(a != a ? 0x7fffffff : bits_f32(a));
}

static inline f32 f32_f16(u16 half)
{
    const u32 magnitude = (u32)(half & 0x7fff) << 13, sign = (u32)(half & 0x8000) << 16;
    const u32 scaled = bits_f32(f32_bits(magnitude) * 0x1p112F); /* exact, of subnormals too */
    const u32 bits = magnitude >= 0x0f800000 ? (magnitude > 0x0f800000 ? 0x7fffffff : 0x7f800000) : scaled;
    return f32_bits((magnitude > 0x0f800000 ? 0 : sign) | bits);
}

static inline f32 f32_bf16(u16 half)
{
    return f32_bits((u32)half << 16);
}

/* To the nearest, ties to even. A subnormal result is rounded by adding 0.5, whose last bit is that of
 * subnormals. */
static inline u16 f16_f32(f32 a)
{
    const u32 bits = bits_f32(a), magnitude = bits & 0x7fffffff, sign = bits >> 16 & 0x8000;
    const u32 small = bits_f32(f32_bits(magnitude) + 0.5F) - 0x3f000000;
    const u32 normal = (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
    u32 half = magnitude < 0x38800000 ? small : normal;
    half = magnitude >= 0x477ff000 ? 0x7c00 : half;
    return (u16)(magnitude > 0x7f800000 ? 0x7fff : sign | half);
}

static inline u16 bf16_f32(f32 a)
{
    const u32 bits = bits_f32(a);
    return (u16)((bits & 0x7fffffff) > 0x7f800000 ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#endif
