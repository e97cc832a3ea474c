/* atom and red: lane after lane, as they would come one by one. */
#include "machine_warp.h"

static u64 read_bits(const unsigned char *from, u32 bytes)
{
    u64 bits = 0;
    memcpy(&bits, from, bytes);
    return bits;
}

static f32 as_f32(u64 bits)
{
    f32 a;
    const u32 low = (u32)bits;
    memcpy(&a, &low, sizeof a);
    return a;
}

static f64 as_f64(u64 bits)
{
    f64 a;
    memcpy(&a, &bits, sizeof a);
    return a;
}

static u64 float_sum(u64 a, u64 b, u32 type)
{
    u64 bits = 0;
    if (type == TYPE_F64) {
        const f64 sum = as_f64(a) + as_f64(b);
        memcpy(&bits, &sum, sizeof sum);
    } else {
        const f32 sum = as_f32(a) + as_f32(b);
        memcpy(&bits, &sum, sizeof sum);
    }
    return bits;
}

static bool below(u64 a, u64 b, u32 type)
{
    switch (type) {
    case TYPE_S32: return (s32)a < (s32)b;
    case TYPE_S64: return (s64)a < (s64)b;
    default: return a < b;
    }
}

/* How the value changes; op is the instruction's letter. */
static u64 changed(u64 old, u64 b, u64 c, const instruction *i)
{
    const u32 type = i->to;
    switch (i->combine) {
    case '+': return type >= TYPE_F32 ? float_sum(old, b, type) : old + b;
    case 'x': return b;
    case '?': return old == b ? c : old;
    case '&': return old & b;
    case '|': return old | b;
    case '^': return old ^ b;
    case '<': return below(b, old, type) ? b : old;
    case '>': return below(old, b, type) ? b : old;
    case 'i': return old >= b ? 0 : old + 1;
    default: return old == 0 || old > b ? b : old - 1; /* dec */
    }
}

/* Operands: d (or the sink), b, c, unused, address. */
void run_atomic(warp *w, const instruction *i)
{
    access a;
    const u32 bytes = i->bytes;
    if (i->order & ORDER_RELEASE) visibility_fence(w, w->mask);
    resolve(w, i, ACCESS_ATOMIC, 4, NULL, &a);
    unsigned char *d = results_of(w, i->operand[0]);
    const unsigned char *bs = slot(w, i->operand[1]), *cs = slot(w, i->operand[2]);
    for (u32 rest = w->mask; rest; rest &= rest - 1) {
        const size_t l = (size_t)__builtin_ctz(rest);
        const u64 old = read_bits(a.host[l], bytes);
        const u64 b = read_bits(bs + l * bytes, bytes), c = read_bits(cs + l * bytes, bytes);
        const u64 now = changed(old, b, c, i);
        memcpy(a.host[l], &now, bytes);
        memcpy(d + l * bytes, &old, bytes);
    }
    commit(w, i->operand[0], bytes);
    visibility_atomic(w, w->mask, i->order);
}

void run_fence(warp *w, const instruction *i)
{
    if (i->order & ORDER_FENCE) visibility_fence(w, w->mask);
}
