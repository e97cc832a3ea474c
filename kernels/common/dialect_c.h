/* The C side of the common kernel language, for compilers with GCC's extensions. A processor's instruction set is what
 * the compiler's options say. Contraction is off by an option. */
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define HAS_FP64 1

/* The group that a call computes, and the memory for what a kernel keeps apart, come with the params. */
#define KERNEL static inline __attribute__((always_inline))
#define WORK_GROUP(n)
#define GROUP_ID() (p.group)
#define GLOBAL_ID() (p.group)
#define SCRATCH(type, name) type *const name = (type *)(uintptr_t)p.scratch

#define GLOBAL
#define PRIVATE
#define FUNCTION static inline __attribute__((unused))
#define NO_UNROLL
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif

typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef int64_t i64;
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define FMA(a, b, c) _Generic((c), float : __builtin_fmaf, double : __builtin_fma)(a, b, c)
#define PREFETCH(p) __builtin_prefetch((const void *)(p))
#define PREFETCH_FAR(p) __builtin_prefetch((const void *)(p), 0, 2)

FUNCTION i64 min(i64 a, i64 b) { return a < b ? a : b; }

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

FUNCTION i32 leading_zeros(u64 x) { return (i32)__builtin_clzll(x); }

#if defined(__F16C__)
FUNCTION float f32_of_f16(u16 bits) { return _cvtsh_ss(bits); }
FUNCTION u16   f16_of_f32(float x) { return _cvtss_sh(x, _MM_FROUND_TO_NEAREST_INT); }
#elif defined(__aarch64__)
FUNCTION float f32_of_f16(u16 bits)
{
    __fp16 x;
    memcpy(&x, &bits, sizeof x);
    return (float)x;
}

FUNCTION u16 f16_of_f32(float x)
{
    const __fp16 rounded = (__fp16)x;
    u16 bits;
    memcpy(&bits, &rounded, sizeof bits);
    return bits;
}
#else
/* Written in steps that compilers turn into vector code. A subnormal first gets the exponent of 2^-14; the subtraction
 * removes it again. */
FUNCTION float f32_of_f16(u16 bits)
{
    const u32 rebias = 112u << 23, top = 31u << 23;
    u32 x = (u32)(bits & 0x7fff) << 13, exponent = x & top;
    x += exponent == top ? 2 * rebias : rebias;
    u32 subnormal = bits_of_f32(f32_of_bits(x + (1u << 23)) - f32_of_bits(113u << 23));
    x = exponent == 0 ? subnormal : x;
    return f32_of_bits(x | (u32)(bits & 0x8000) << 16);
}

/* Rounds to nearest, ties to even. Adding 0.5 rounds a subnormal to a multiple of 2^-24, the smallest float16. */
FUNCTION u16 f16_of_f32(float value)
{
    u32 bits = bits_of_f32(value), x = bits & 0x7fffffffu;
    u32 normal = (x - (112u << 23) + 0xfffu + (x >> 13 & 1u)) >> 13;
    u32 subnormal = bits_of_f32(f32_of_bits(x) + 0.5f) - bits_of_f32(0.5f);
    u32 special = x > 0x7f800000u ? 0x7e00u : 0x7c00u;
    u32 finite = x < 113u << 23 ? subnormal : normal;
    return (u16)((x >= 0x477ff000u ? special : finite) | (bits >> 16 & 0x8000u));
}
#endif
