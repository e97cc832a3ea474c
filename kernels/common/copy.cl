/* Casts finished results, dense in batch order, to the dtype of `out`, and puts them where `out` has them. Used when
 * `out` has another dtype, is misaligned or overlaps an input. GROUP is the results'. A work-item copies a block of
 * outputs.
 *
 * Uses: cast_out.h. */

/* step1 are the batch strides of the results, type1 their dtype. */
KERNEL void copy(GLOBAL const u8 *results, GLOBAL u8 *out, params p)
{
    const i32 size1 = code_size(p.type1), size = code_size(p.type_out);
    const range block = block_of(&p, GLOBAL_ID(), p.outputs);
    for (i64 flat = block.begin; flat < block.end; flat++) {
        const place at = place_of(&p, flat);
        const word w = cast_out(element_any(results + p.offset1 + at.at1 * size1, p.type1), p.type1, p.type_out);
        GLOBAL u8 *to = out + p.offset_out + at.out * size;
        for (i32 k = 0; k < size; k++) to[k] = w.bytes[k];
    }
}
