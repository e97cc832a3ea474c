# What the library asks of the target. Refuses others before anything is built: they would not compile, or compute
# other bits. The test refused_targets tries each message.
include(CheckCSourceCompiles)

if(NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
    message(FATAL_ERROR "vecdot: needs a target with 64-bit addresses, because sizes and strides of arrays have "
        "64 bits. The addresses of this compiler with these flags have ${CMAKE_SIZEOF_VOID_P} bytes. Build without "
        "-m32 and -mx32, for x86-64 or AArch64.")
endif()

if(CMAKE_C_BYTE_ORDER STREQUAL "BIG_ENDIAN")
    message(FATAL_ERROR "vecdot: needs a little-endian target, because kernels take words apart into bytes in that "
        "order. This compiler's target is big-endian.")
endif()

# FLT_EVAL_METHOD 16 differs from 0 for _Float16 alone, which nothing uses.
check_c_source_compiles("
#include <float.h>
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16
#error
#endif
#ifdef __FAST_MATH__
#error
#endif
int main(void) { return 0; }" VECDOT_EXACT_ARITHMETIC)
if(NOT VECDOT_EXACT_ARITHMETIC)
    message(FATAL_ERROR "vecdot: needs float and double arithmetic that rounds each operation to its own type, as "
        "that of SSE2 and AArch64 does, because results are defined to the bit. This compiler with these flags gives "
        "other bits. Build without -mfpmath=387, -ffast-math and -Ofast.")
endif()
