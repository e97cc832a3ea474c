/* Class fill: the contracted axis is empty, every output is zero. A work-item writes a block of outputs. */

KERNEL void fill(GLOBAL u8 *out, params p)
{
    const i32 size = code_size(p.type_out);
    const range block = block_of(&p, GLOBAL_ID(), p.outputs);
    for (i64 flat = block.begin; flat < block.end; flat++) {
        GLOBAL u8 *to = out + p.offset_out + place_of(&p, flat).out * size;
        switch (size) {
        case 1: *to = 0; break;
        case 2: *(GLOBAL u16 *)to = 0; break;
        default: /* four bytes are all that complex64 is aligned to */
            for (i32 k = 0; k < size / 4; k++) ((GLOBAL u32 *)to)[k] = 0;
        }
    }
}
