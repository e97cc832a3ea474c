/* The OpenCL C 1.2 side of the common kernel language: address spaces, ids, barriers, fixed-width types and the
 * conversions that need the language's own means. float16 goes through vload_half and vstore_half_rte, which
 * every device has, with or without cl_khr_fp16. */
#pragma OPENCL FP_CONTRACT OFF
#if defined(cl_khr_fp64) && !defined(WITHOUT_FP64)
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define HAS_FP64 1
#else
#define HAS_FP64 0
#endif

#define KERNEL kernel
#define GLOBAL global
#define LOCAL local
#define LOCAL_ARRAY local
#define PRIVATE private
#define FUNCTION static inline
#define UNROLL _Pragma("unroll")
#define NO_UNROLL
#define WORK_GROUP(n) __attribute__((reqd_work_group_size(n, 1, 1)))
#define RESIDENT_WORK_GROUPS(n, groups) WORK_GROUP(n)

typedef char i8;
typedef short i16;
typedef int i32;
typedef long i64;
typedef uchar u8;
typedef ushort u16;
typedef uint u32;
typedef ulong u64;
typedef uint4 quad; /* sixteen bytes in one load */

#define GROUP_ID() ((i64)get_group_id(0))
#define LOCAL_ID() ((i32)get_local_id(0))
#define GLOBAL_ID() ((i64)get_global_id(0))
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define LOADS_FIRST()
#define HAS_EXCHANGE 0
#define HAS_FENCED_GROUPS 0
#define FMA(a, b, c) fma(a, b, c)

/* Hints, where the compiler has one that works: OpenCL's own prefetch() is often empty. On the way through SPIR-V
 * there is none. PREFETCH brings a line to the nearest cache, PREFETCH_FAR to the one behind it. Streams use the
 * latter, since a core can wait for more lines there. */
#if defined(__has_builtin) && !defined(__SPIR__) && !defined(__SPIRV__)
#if __has_builtin(__builtin_prefetch)
#define PREFETCH(p) __builtin_prefetch((PRIVATE const void *)(ulong)(p))
#define PREFETCH_FAR(p) __builtin_prefetch((PRIVATE const void *)(ulong)(p), 0, 2)
#endif
#endif
#ifndef PREFETCH
#define PREFETCH(p)
#define PREFETCH_FAR(p)
#endif

FUNCTION float f32_of_bits(u32 bits) { return as_float(bits); }
FUNCTION u32   bits_of_f32(float x) { return as_uint(x); }

FUNCTION float f32_of_f16(u16 bits)
{
    return vload_half(0, (PRIVATE const half *)&bits);
}

FUNCTION u16 f16_of_f32(float x) /* to nearest, ties to even */
{
    u16 bits;
    vstore_half_rte(x, 0, (PRIVATE half *)&bits);
    return bits;
}

FUNCTION i32 leading_zeros(u64 x) { return (i32)clz(x); }

/* sum + the products of the four signed bytes of two words. */
FUNCTION i32 DOT4(u32 a, u32 b, i32 sum)
{
    char4 x = as_char4(a), y = as_char4(b);
    return sum + x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
}

#if HAS_FP64
FUNCTION double f64_of_bits(u64 bits) { return as_double(bits); }
FUNCTION u64    bits_of_f64(double x) { return as_ulong(x); }
#endif
