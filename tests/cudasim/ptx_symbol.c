/* Names and what they stand for, in scopes; slots of registers and constants; the types. */
#include "ptx_parser.h"

#include <string.h>

symbol *define(parser *p, token name, symbol_kind kind)
{
    p->symbols = grown(p, p->symbols, p->symbol_count, &p->symbol_capacity, sizeof *p->symbols);
    symbol *s = &p->symbols[p->symbol_count];
    const u32 hash = hash_of(name.at, name.length);
    int32_t *bucket = &p->buckets[hash % SYMBOL_BUCKETS];
    *s = (symbol){.name = name.at, .length = name.length, .hash = hash, .next = *bucket, .kind = (u8)kind};
    *bucket = (int32_t)p->symbol_count++;
    return s;
}

symbol *find_symbol(parser *p, const char *name, size_t length)
{
    const u32 hash = hash_of(name, length);
    for (int32_t k = p->buckets[hash % SYMBOL_BUCKETS]; k >= 0; k = p->symbols[k].next) {
        symbol *s = &p->symbols[k];
        if (s->hash == hash && s->length == length && !memcmp(s->name, name, length)) return s;
    }
    return NULL;
}

void open_scope(parser *p)
{
    if (p->depth == MAX_SCOPES) refuse(p, "more than %d scopes in each other", MAX_SCOPES);
    p->scopes[p->depth++] = (scope){p->symbol_count, p->fixup_count};
}

/* Branches to labels of this scope get their targets; those to labels further out wait. */
void close_scope(parser *p)
{
    const scope s = p->scopes[--p->depth];
    size_t kept = s.fixups;
    for (size_t k = s.fixups; k < p->fixup_count; k++) {
        const fixup f = p->fixups[k];
        const symbol *label = find_symbol(p, f.name.at, f.name.length);
        if (!label || label->kind != SYMBOL_LABEL) {
            p->fixups[kept++] = f;
            continue;
        }
        if (f.in_targets)
            p->module->targets[f.where] = label->slot;
        else
            p->module->code[f.where].value = label->slot;
    }
    p->fixup_count = kept;
    while (p->symbol_count > s.symbols) {
        const symbol *last = &p->symbols[--p->symbol_count];
        p->buckets[last->hash % SYMBOL_BUCKETS] = last->next;
    }
    if (p->depth == 0 && kept) {
        p->now.line = p->fixups[0].name.line;
        refuse(p, "no label %.*s", (int)p->fixups[0].name.length, p->fixups[0].name.at);
    }
}

u32 new_register(parser *p, u32 bytes)
{
    const u32 slot = p->module->register_bytes;
    p->module->register_bytes += bytes == 1 ? 64 : bytes * WARP_LANES;
    return slot;
}

u32 constant_slot(parser *p, u64 bits, u32 bytes, relocation moved)
{
    ptx_module *m = p->module;
    if (bytes < 8 && bytes != 1) bits &= (UINT64_C(1) << 8 * bytes) - 1;
    const u32 hash = (u32)((bits * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % SYMBOL_BUCKETS;
    for (int32_t k = p->constant_buckets[hash]; k >= 0; k = p->constant_next[k]) {
        const constant *c = &m->constants[k];
        if (c->bits == bits && c->bytes == bytes && c->moved == moved) return c->slot;
    }
    m->constants = grown(p, m->constants, m->constant_count, &p->constant_capacity, sizeof *m->constants);
    p->constant_next =
        grown(p, p->constant_next, m->constant_count, &p->constant_next_capacity, sizeof(int32_t));
    m->constants[m->constant_count] = (constant){bits, new_register(p, bytes), (u8)bytes, (u8)moved};
    p->constant_next[m->constant_count] = p->constant_buckets[hash];
    p->constant_buckets[hash] = (int32_t)m->constant_count;
    return m->constants[m->constant_count++].slot;
}

static const struct {
    const char *name;
    u8 type, bytes;
} types[] = {
    {"pred", TYPE_PRED, 1},     {"b8", TYPE_B8, 1},   {"b16", TYPE_B16, 2},   {"b32", TYPE_B32, 4},
    {"b64", TYPE_B64, 8},       {"u8", TYPE_U8, 1},   {"u16", TYPE_U16, 2},   {"u32", TYPE_U32, 4},
    {"u64", TYPE_U64, 8},       {"s8", TYPE_S8, 1},   {"s16", TYPE_S16, 2},   {"s32", TYPE_S32, 4},
    {"s64", TYPE_S64, 8},       {"f16", TYPE_F16, 2}, {"bf16", TYPE_BF16, 2}, {"f16x2", TYPE_F16X2, 4},
    {"bf16x2", TYPE_BF16X2, 4}, {"f32", TYPE_F32, 4}, {"f64", TYPE_F64, 8},
};

value_type type_of(const char *text, size_t length)
{
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++)
        if (strlen(types[k].name) == length && !memcmp(types[k].name, text, length)) return types[k].type;
    return TYPE_NONE;
}

u32 bytes_of(value_type type)
{
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++)
        if (types[k].type == type) return types[k].bytes;
    return 0;
}

u32 register_bytes_of(value_type type)
{
    const u32 bytes = bytes_of(type);
    return type != TYPE_PRED && bytes == 1 ? 2 : bytes;
}
