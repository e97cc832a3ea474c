/* The last cast: a finished result becomes an element of the dtype of `out`. GROUP is the result's. The copy kernel
 * casts so. */

/* The bits of v as an element of dtype `code`, in the low bytes of w. */
FUNCTION word cast_out(value v, i32 from, i32 code)
{
    word w;
    w.aligned[0] = w.aligned[1] = 0;
#if GROUP == GROUP_INT
    i32 is_signed = from >= CODE_i8 && from <= CODE_i64;
    switch (code) {
    case CODE_f16: w.aligned[0] = f16_of_f32(is_signed ? (float)(i64)v : (float)v); break;
    case CODE_bf16: w.aligned[0] = bf16_of_f32(is_signed ? f32_odd_of_i64((i64)v) : f32_odd_of_u64(v)); break;
    case CODE_c64:
    case CODE_f32: w.aligned[0] = bits_of_f32(is_signed ? (float)(i64)v : (float)v); break;
#if HAS_FP64
    case CODE_c128:
    case CODE_f64: w.aligned[0] = bits_of_f64(is_signed ? (double)(i64)v : (double)v); break;
#endif
    case CODE_b1: w.aligned[0] = v != 0 ? 1u : 0u; break;
    default: w.aligned[0] = v;
    }
#else
#if IS_COMPLEX
    real re = v.re, im = v.im;
#else
    real re = v, im = (real)0;
#endif
    switch (code) {
#if IS_DOUBLE
    case CODE_f16: w.aligned[0] = f16_of_f32(f32_odd_of_f64(re)); break;
    case CODE_bf16: w.aligned[0] = bf16_of_f32(f32_odd_of_f64(re)); break;
#else
    case CODE_f16: w.aligned[0] = f16_of_f32(re); break;
    case CODE_bf16: w.aligned[0] = bf16_of_f32(re); break;
#endif
    case CODE_f32: w.aligned[0] = bits_of_f32((float)re); break;
    case CODE_c64: w.aligned[0] = (u64)bits_of_f32((float)re) | (u64)bits_of_f32((float)im) << 32; break;
#if HAS_FP64
    case CODE_f64: w.aligned[0] = bits_of_f64((double)re); break;
    default:
        w.aligned[0] = bits_of_f64((double)re);
        w.aligned[1] = bits_of_f64((double)im);
#endif
    }
#endif
    return w;
}
