/* The CUDA side of the common kernel language. Compiles with nvcc or NVRTC without any CUDA header; build it with
 * --fmad=false, since every fused multiply-add of ours is written out. */
#define HAS_FP64 1
#define KERNEL extern "C" __global__
#define GLOBAL
#define LOCAL
#define LOCAL_ARRAY __shared__
#define PRIVATE
#define FUNCTION static __device__ __forceinline__
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")
#define WORK_GROUP(n) __launch_bounds__(n)
/* So many groups at once on each multiprocessor: bounds the registers. */
#define RESIDENT_WORK_GROUPS(n, groups) __launch_bounds__(n, groups)

typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long long i64;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef uint4 quad;

#define GROUP_ID() ((i64)blockIdx.x)
#define LOCAL_ID() ((i32)threadIdx.x)
#define GLOBAL_ID() ((i64)blockIdx.x * blockDim.x + threadIdx.x)
#define BARRIER() __syncthreads()
#define LOADS_FIRST() asm volatile("" ::: "memory") /* what was read above is read before what is computed below */

/* A word of the work-item whose index in the team differs in the bits of `mask`. */
#define HAS_EXCHANGE 1
FUNCTION u32 exchange32(u32 x, i32 mask) { return __shfl_xor_sync(0xffffffffu, x, mask); }

/* Counts this work-item's group in; true in the last of `groups`, for which all that the others wrote before is then
 * there to read, and which leaves the counter at zero. The group's other work-items wait at barriers around it. */
#define HAS_FENCED_GROUPS 1
FUNCTION i32 arrive(u32 *counter, u32 groups)
{
    __threadfence();
    u32 before = atomicAdd(counter, 1u);
    __threadfence();
    if (before + 1u != groups) return 0;
    *counter = 0u;
    return 1;
}

/* sum + the products of the four signed bytes of two words. */
FUNCTION i32 DOT4(u32 a, u32 b, i32 sum)
{
    asm("dp4a.s32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

FUNCTION float  FMA(float a, float b, float c) { return __fmaf_rn(a, b, c); }
FUNCTION double FMA(double a, double b, double c) { return __fma_rn(a, b, c); }

FUNCTION float  f32_of_bits(u32 bits) { return __uint_as_float(bits); }
FUNCTION u32    bits_of_f32(float x) { return __float_as_uint(x); }
FUNCTION double f64_of_bits(u64 bits) { return __longlong_as_double((i64)bits); }
FUNCTION u64    bits_of_f64(double x) { return (u64)__double_as_longlong(x); }

FUNCTION float f32_of_f16(u16 bits)
{
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
    return x;
}

FUNCTION u16 f16_of_f32(float x) /* to nearest, ties to even */
{
    u16 bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}

FUNCTION i32 leading_zeros(u64 x) { return __clzll((i64)x); }
