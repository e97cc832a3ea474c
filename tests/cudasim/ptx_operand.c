/* Operands: registers, constants, addresses of variables, places in brackets. */
#include "ptx_parser.h"

#include <string.h>

static const struct {
    const char *name;
    u32 slot;
} specials[] = {
#define X(id, name) {name, SLOT_BYTES * (1 + SPECIAL_##id)},
    SPECIAL_TABLE(X)
#undef X
};

static bool special_slot(token name, u32 *slot)
{
    for (size_t k = 0; k < sizeof specials / sizeof specials[0] - 1; k++)
        if (strlen(specials[k].name) == name.length && !memcmp(specials[k].name, name.at, name.length)) {
            *slot = specials[k].slot;
            return true;
        }
    return false;
}

static _Noreturn void refuse_size(parser *p, token name, u32 is, u32 wanted)
{
    p->now.line = name.line;
    refuse(p, "%.*s has %u bytes where %u are needed", (int)name.length, name.at, is, wanted);
}

/* register_bytes: NULL where the size must be right, else gets what it is. "_" is nowhere. */
u32 take_destination(parser *p, u32 bytes, u8 *register_bytes)
{
    const token name = take_word(p);
    if (register_bytes) *register_bytes = (u8)bytes;
    if (name.length == 1 && *name.at == '_') return SINK_SLOT;
    const symbol *s = find_symbol(p, name.at, name.length);
    if (!s || s->kind != SYMBOL_REGISTER) refuse(p, "no register %.*s", (int)name.length, name.at);
    if (register_bytes && s->bytes >= bytes && s->bytes != 1)
        *register_bytes = s->bytes;
    else if (s->bytes != bytes)
        refuse_size(p, name, s->bytes, bytes);
    return s->slot;
}

static u32 symbol_source(parser *p, token name, const symbol *s, u32 bytes)
{
    s64 add = 0;
    if (s->kind != SYMBOL_MEMORY) refuse(p, "%.*s is no value", (int)name.length, name.at);
    if (accept_char(p, '+'))
        add = take_integer(p);
    else if (at_char(p, '-'))
        add = take_integer(p);
    return constant_slot(p, s->address + (u64)add, bytes, s->moved);
}

u32 take_source(parser *p, u32 bytes, u8 *register_bytes)
{
    u32 slot;
    if (register_bytes) *register_bytes = (u8)bytes;
    if (at_char(p, '-') || at_char(p, 'n'))
        return constant_slot(p, take_number(p, bytes), bytes, RELOCATE_NONE);
    const token name = take_word(p);
    const symbol *s = find_symbol(p, name.at, name.length);
    if (s && s->kind != SYMBOL_REGISTER) return symbol_source(p, name, s, bytes);
    if (!s && name.length == 7 && !memcmp(name.at, "WARP_SZ", 7))
        return constant_slot(p, WARP_LANES, bytes, RELOCATE_NONE);
    if (!s && !special_slot(name, &slot))
        refuse(p, "no register or variable %.*s", (int)name.length, name.at);
    const u8 has = s ? s->bytes : 4;
    if (register_bytes && has >= bytes && has != 1)
        *register_bytes = has;
    else if (has != bytes)
        refuse_size(p, name, has, bytes);
    return s ? s->slot : slot;
}

u32 take_predicate(parser *p, bool *negated)
{
    const bool is_not = accept_char(p, '!');
    if (negated)
        *negated = is_not;
    else if (is_not)
        refuse(p, "a negated predicate here");
    return take_source(p, 1, NULL);
}

place take_place(parser *p)
{
    place a = {.bytes = 8};
    expect_char(p, '[');
    if (at_char(p, 'n')) {
        a.known = true;
        a.address = take_number(p, 8);
        a.space = SPACE_GENERIC;
    } else {
        const token name = take_word(p);
        const symbol *s = find_symbol(p, name.at, name.length);
        if (!s || (s->kind != SYMBOL_REGISTER && s->kind != SYMBOL_MEMORY))
            refuse(p, "no register or variable %.*s", (int)name.length, name.at);
        if (s->kind == SYMBOL_REGISTER && s->bytes != 4 && s->bytes != 8) refuse_size(p, name, s->bytes, 8);
        a.known = s->kind == SYMBOL_MEMORY;
        a.slot = s->slot;
        if (!a.known) a.bytes = s->bytes;
        a.space = s->space;
        a.moved = s->moved;
        a.address = s->address;
    }
    if (accept_char(p, '+') || at_char(p, '-')) a.displacement = take_integer(p);
    expect_char(p, ']');
    if (a.known) a.address += (u64)a.displacement;
    return a;
}
