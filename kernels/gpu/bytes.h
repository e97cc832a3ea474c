/* Four elements of one byte each in a word, for the GPU schedule: integers and bools are exact in any order. */
#if IS_TYPED && RESULT_BYTES == 1
/* The products of four elements, as one byte's worth of sum. */
FUNCTION value add_word(value sum, u32 a, u32 b)
{
#if IS_TYPED_BOOL /* the top bit of every byte that is not zero */
    a = (a & 0x7f7f7f7fu) + 0x7f7f7f7fu | a;
    b = (b & 0x7f7f7f7fu) + 0x7f7f7f7fu | b;
    return sum | (a & b & 0x80808080u);
#else
    return (value)DOT4(a, b, (i32)sum);
#endif
}
#endif
