/* Elements by run-time dtype, at any byte address. */

typedef union word {
    u8 bytes[16];
    u64 aligned[2];
} word;

FUNCTION i32 code_size(i32 code)
{
    switch (code) {
    case CODE_b1: case CODE_i8: case CODE_u8: return 1;
    case CODE_i16: case CODE_u16: case CODE_f16: case CODE_bf16: return 2;
    case CODE_i32: case CODE_u32: case CODE_f32: return 4;
    case CODE_c128: return 16;
    default: return 8;
    }
}

/* Bytes of an operand's element, typed or by the run-time dtype in the params at p. */
#if IS_TYPED
#define OPERAND_SIZE1(p) ((i64)sizeof(PASTE(stored_, TYPE1)))
#define OPERAND_SIZE2(p) ((i64)sizeof(PASTE(stored_, TYPE2)))
#else
#define OPERAND_SIZE1(p) ((i64)code_size((p)->type1 & (MISALIGNED - 1)))
#define OPERAND_SIZE2(p) ((i64)code_size((p)->type2 & (MISALIGNED - 1)))
#endif

#define INTEGER_CASES(X) X(b1) X(i8) X(i16) X(i32) X(i64) X(u8) X(u16) X(u32) X(u64)
#if HAS_FP64
#define F64_CASE(X) X(f64)
#define C128_CASE(X) X(c128)
#else
#define F64_CASE(X)
#define C128_CASE(X)
#endif
#if GROUP == GROUP_INT
#define ELEMENT_CASES(X) INTEGER_CASES(X)
#elif IS_COMPLEX
#define ELEMENT_CASES(X) INTEGER_CASES(X) X(f16) X(bf16) X(f32) F64_CASE(X) X(c64) C128_CASE(X)
#else
#define ELEMENT_CASES(X) INTEGER_CASES(X) X(f16) X(bf16) X(f32) F64_CASE(X)
#endif

FUNCTION value element_misaligned(GLOBAL const u8 *from, i32 code)
{
    word w;
    i32 size = code_size(code);
    NO_UNROLL for (i32 k = 0; k < size; k++) w.bytes[k] = from[k];
    switch (code) {
#define X(type) case CODE_##type: return cast_##type(*(PRIVATE const stored_##type *)w.bytes);
    ELEMENT_CASES(X)
#undef X
    default: return value_zero();
    }
}

/* The element of dtype `code` (perhaps with MISALIGNED added) at an address, cast to the result dtype. */
FUNCTION value element_any(GLOBAL const u8 *from, i32 code)
{
    switch (code) {
#define X(type) case CODE_##type: return cast_##type(*(GLOBAL const stored_##type *)from);
    ELEMENT_CASES(X)
#undef X
    default: return element_misaligned(from, code & (MISALIGNED - 1));
    }
}
