/* Numbers behind the names in a variant's -D options, the same as the enums of src/core/base/dtype.h and variant.h. */
#ifndef KERNEL_CODES_H
#define KERNEL_CODES_H

#define GROUP_INT 0
#define GROUP_F16 1
#define GROUP_BF16 2
#define GROUP_F32 3
#define GROUP_F64 4
#define GROUP_C64 5
#define GROUP_C128 6

#define LOAD_VECTOR 0
#define LOAD_STRIDED 1
#define LOAD_ANY 2
#define LOAD_NONE 3

#define CODE_b1 0
#define CODE_i8 1
#define CODE_i16 2
#define CODE_i32 3
#define CODE_i64 4
#define CODE_u8 5
#define CODE_u16 6
#define CODE_u32 7
#define CODE_u64 8
#define CODE_f16 9
#define CODE_bf16 10
#define CODE_f32 11
#define CODE_f64 12
#define CODE_c64 13
#define CODE_c128 14

/* Added to a run-time dtype whose elements do not lie on multiples of their size. */
#define MISALIGNED 256

#endif
