/* One element of an operand's row, cast to the result dtype: typed, or by the run-time dtype. For the GPU schedule,
 * where consecutive work-items read consecutive elements. */
#if IS_TYPED
#define ELEMENT1(p, row, at) PASTE(cast_, TYPE1)(((GLOBAL const PASTE(stored_, TYPE1) *)(row))[at])
#define ELEMENT2(p, row, at) PASTE(cast_, TYPE2)(((GLOBAL const PASTE(stored_, TYPE2) *)(row))[at])
#else
#define ELEMENT1(p, row, at) element_any((row) + (at) * OPERAND_SIZE1(p), (p)->type1)
#define ELEMENT2(p, row, at) element_any((row) + (at) * OPERAND_SIZE2(p), (p)->type2)
#endif

/* sum + conj(x1) * x2 for the elements a and b of the first and second operand as given to the kernel. */
FUNCTION value product_add(PRIVATE const params *p, value sum, value a, value b)
{
#if IS_COMPLEX
    if (p->swap) {
        value t = a;
        a = b;
        b = t;
    }
    if (p->no_conj) a.im = -a.im;
#endif
    return value_multiply_add(sum, a, b);
}
