/* Casts finished results, dense in batch order, to the dtype of out and puts them where out has them, which may be at
 * misaligned addresses. Used when out has another dtype, is misaligned or overlaps an input. GROUP is the results'. */

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

/* step1 are the batch strides of the results, type1 their dtype. */
KERNEL void copy(GLOBAL const u8 *results, GLOBAL u8 *out, params p)
{
    i32 size1 = code_size(p.type1);
    i32 size = code_size(p.type_out);
    i64 flat = GLOBAL_ID() * p.block;
    i64 end = flat + p.block < p.outputs ? flat + p.block : p.outputs;
    for (; flat < end; flat++) {
        place at = place_of(&p, flat);
        word w = cast_out(element_any(results + p.offset1 + at.at1 * size1, p.type1), p.type1, p.type_out);
        GLOBAL u8 *to = out + p.offset_out + at.out * size;
        for (i32 k = 0; k < size; k++) to[k] = w.bytes[k];
    }
}
