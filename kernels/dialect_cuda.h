/* The CUDA side of the common kernel language. Compiles with nvcc or NVRTC without any CUDA header; build it with
 * --fmad=false, since every fused multiply-add of ours is written out. */
#define DIALECT_CUDA 1
#define HAS_FP64 1
#define KERNEL extern "C" __global__
#define GLOBAL
#define LOCAL
#define LOCAL_ARRAY __shared__
#define PRIVATE
#define FUNCTION static __device__ __forceinline__
#define UNROLL _Pragma("unroll")
#define WORK_GROUP(n) __launch_bounds__(n)

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
