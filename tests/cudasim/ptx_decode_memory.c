/* Loads, stores, atomics and fences. */
#include "machine_warp.h"
#include "ptx_parser.h"

#include <stdio.h>

typedef struct memory_parts {
    memory_space space;
    bool spaced, constant;
    u32 count;
    u8 order;
    bool narrow; /* of the block only, .cta */
} memory_parts;

/* Parts that say nothing to a machine without caches. */
static const char *const ignored[] = {"weak", "ca", "cg", "cs", "cv", "lu", "wb", "wt", "nc", "cop", NULL};

static bool is_cache_hint(const parts *o, u32 k)
{
    for (u32 n = 0; ignored[n]; n++)
        if (part_is(o, k, ignored[n])) return true;
    return o->list[k].length > 4 &&
           (!memcmp(o->list[k].at, "L1::", 4) || !memcmp(o->list[k].at, "L2::", 4)) &&
           !has_part(o, "L2::cache_hint");
}

static bool is_space(const parts *o, u32 k, memory_parts *m)
{
    static const struct {
        const char *name;
        u8 space;
    } spaces[] = {{"global", SPACE_GLOBAL}, {"shared", SPACE_SHARED}, {"shared::cta", SPACE_SHARED},
                  {"local", SPACE_LOCAL},   {"param", SPACE_PARAM},   {"const", SPACE_GLOBAL}};
    for (size_t n = 0; n < sizeof spaces / sizeof spaces[0]; n++)
        if (part_is(o, k, spaces[n].name)) {
            m->space = spaces[n].space;
            m->constant = part_is(o, k, "const");
            return m->spaced = true;
        }
    return false;
}

static bool is_order(const parts *o, u32 k, memory_parts *m)
{
    if (part_is(o, k, "cta")) return m->narrow = true;
    if (part_is(o, k, "gpu") || part_is(o, k, "sys")) return true;
    if (part_is(o, k, "volatile") || part_is(o, k, "relaxed"))
        m->order |= ORDER_STRONG;
    else if (part_is(o, k, "acquire"))
        m->order |= ORDER_STRONG | ORDER_ACQUIRE;
    else if (part_is(o, k, "release"))
        m->order |= ORDER_STRONG | ORDER_RELEASE;
    else if (part_is(o, k, "acq_rel"))
        m->order |= ORDER_STRONG | ORDER_ACQUIRE | ORDER_RELEASE;
    else
        return false;
    return true;
}

static memory_parts memory_modifiers(parser *p, const parts *o)
{
    memory_parts m = {.space = SPACE_GENERIC, .count = 1};
    for (u32 k = 1; k + 1 < o->count; k++) {
        if (is_space(o, k, &m) || is_order(o, k, &m) || is_cache_hint(o, k)) continue;
        if (part_is(o, k, "v2"))
            m.count = 2;
        else if (part_is(o, k, "v4"))
            m.count = 4;
        else
            refuse(p, "modifier .%.*s of %s", (int)o->list[k].length, o->list[k].at, o->name);
    }
    if (m.narrow) m.order = 0; /* of no use between blocks */
    return m;
}

/* The address into operand 4, and the space, which a symbol may know better. */
static void set_place(parser *p, instruction *i, const place *a, memory_space space)
{
    const bool kernel = p->kernel != NULL;
    if (a->known) {
        if (space == SPACE_PARAM) space = a->space;
        const bool fits = space == a->space || (space == SPACE_GLOBAL && a->space == SPACE_GENERIC) ||
                          (space == SPACE_GENERIC && a->space == SPACE_GLOBAL);
        if (!fits) refuse(p, "the variable lies in another space");
        i->operand[4] = constant_slot(p, a->address, 8, a->moved);
        i->from_bytes = 8;
        i->value = 0;
    } else {
        if (space == SPACE_PARAM && !kernel) space = SPACE_LOCAL;
        i->operand[4] = a->slot;
        i->from_bytes = a->bytes;
        i->value = a->displacement;
    }
    i->space = (u8)space;
    const u32 bytes = (u32)i->bytes * i->count;
    if ((space == SPACE_SHARED || space == SPACE_GENERIC) && bytes < p->granule) p->granule = bytes;
}

static u32 take_registers(parser *p, instruction *i, u32 count, u32 bytes, bool written)
{
    u8 register_bytes = 0;
    if (count > 1) expect_char(p, '{');
    for (u32 k = 0; k < count; k++) {
        u8 has;
        if (k) expect_char(p, ',');
        const bool nowhere = at_word(p, "_");
        i->operand[k] = written ? take_destination(p, bytes, &has) : take_source(p, bytes, &has);
        if (nowhere && count > 1 && k) has = register_bytes;
        if (k && has != register_bytes) refuse(p, "registers of different sizes");
        register_bytes = has;
    }
    if (count > 1) expect_char(p, '}');
    i->to_bytes = register_bytes;
    return register_bytes;
}

static void decode_load(parser *p, const parts *o)
{
    const memory_parts m = memory_modifiers(p, o);
    const value_type type = last_type(p, o);
    const bool is_signed = type >= TYPE_S8 && type <= TYPE_S64;
    instruction *i = emit(p, NULL);
    i->bytes = (u8)bytes_of(type);
    i->count = (u8)m.count;
    i->order = m.order;
    const u32 register_bytes = take_registers(p, i, m.count, register_bytes_of(type), true);
    expect_char(p, ',');
    const place a = take_place(p);
    if (a.known && a.space == SPACE_PARAM && m.space == SPACE_PARAM && p->kernel) {
        if (a.address + (u64)i->bytes * i->count > p->kernel->info.param_bytes ||
            a.address % (i->bytes * i->count))
            refuse(p, "no such parameter bytes");
        i->value = (s64)a.address;
        i->negate = is_signed;
        i->run = run_param_value;
        return;
    }
    set_place(p, i, &a, m.space);
    i->run = find_load(i->bytes, is_signed, register_bytes);
    if (!i->run) refuse(p, "opcode %s into %u bytes", o->name, register_bytes);
}

static void decode_store(parser *p, const parts *o)
{
    const memory_parts m = memory_modifiers(p, o);
    const value_type type = last_type(p, o);
    if (m.constant) refuse(p, "opcode %s", o->name);
    instruction *i = emit(p, NULL);
    i->bytes = (u8)bytes_of(type);
    i->count = (u8)m.count;
    i->order = m.order;
    const place a = take_place(p);
    if (m.space == SPACE_PARAM && a.known && a.space == SPACE_PARAM)
        refuse(p, "a kernel's parameter is not written");
    set_place(p, i, &a, m.space);
    expect_char(p, ',');
    const u32 register_bytes = take_registers(p, i, m.count, register_bytes_of(type), false);
    i->run = find_store(i->bytes, register_bytes);
    if (!i->run) refuse(p, "opcode %s from %u bytes", o->name, register_bytes);
}

static const struct {
    const char *name;
    char letter;
} atomics[] = {{"add", '+'}, {"exch", 'x'}, {"cas", '?'}, {"and", '&'}, {"or", '|'},
               {"xor", '^'}, {"min", '<'},  {"max", '>'}, {"inc", 'i'}, {"dec", 'd'}};

static bool fits_atomic(char letter, value_type type)
{
    switch (letter) {
    case '+': return type == TYPE_U32 || type == TYPE_S32 || type == TYPE_U64 || type >= TYPE_F32;
    case 'x': return type == TYPE_B32 || type == TYPE_B64;
    case '?': return type == TYPE_B16 || type == TYPE_B32 || type == TYPE_B64;
    case '<':
    case '>': return type == TYPE_U32 || type == TYPE_S32 || type == TYPE_U64 || type == TYPE_S64;
    case 'i':
    case 'd': return type == TYPE_U32;
    default: return type == TYPE_B32 || type == TYPE_B64;
    }
}

static void decode_atomic(parser *p, const parts *o, bool has_result)
{
    memory_parts m = {.space = SPACE_GENERIC, .count = 1};
    char letter = 0;
    const value_type type = last_type(p, o);
    for (u32 k = 1; k + 1 < o->count; k++) {
        char found = 0;
        for (size_t n = 0; n < sizeof atomics / sizeof atomics[0]; n++)
            if (part_is(o, k, atomics[n].name)) found = atomics[n].letter;
        if (found)
            letter = found;
        else if (!is_space(o, k, &m) && !is_order(o, k, &m))
            refuse(p, "modifier .%.*s of %s", (int)o->list[k].length, o->list[k].at, o->name);
    }
    if (!letter || !fits_atomic(letter, type) || m.constant) refuse(p, "opcode %s", o->name);
    instruction *i = emit(p, run_atomic);
    i->bytes = (u8)bytes_of(type);
    i->count = 1;
    i->to = (u8)type;
    i->combine = (u8)letter;
    i->order = m.narrow || m.space == SPACE_SHARED ? 0 : m.order | ORDER_STRONG;
    if (has_result) {
        i->operand[0] = take_destination(p, i->bytes, NULL);
        expect_char(p, ',');
    }
    const place a = take_place(p);
    set_place(p, i, &a, m.space);
    for (u32 k = 0; k < (letter == '?' ? 2U : 1U); k++) {
        expect_char(p, ',');
        i->operand[1 + k] = take_source(p, i->bytes, NULL);
    }
    if (m.space == SPACE_SHARED) return;
    if (p->kernel)
        p->kernel->has_atomics = true;
    else
        p->module_atomics = true;
}

static void decode_fence(parser *p, const parts *o)
{
    bool wide = false;
    for (u32 k = 1; k < o->count; k++) {
        if (part_is(o, k, "gl") || part_is(o, k, "sys") || part_is(o, k, "gpu"))
            wide = true;
        else if (!part_is(o, k, "cta") && !part_is(o, k, "acq_rel") && !part_is(o, k, "sc"))
            refuse(p, "opcode %s", o->name);
    }
    if (o->count < 2) refuse(p, "opcode %s", o->name);
    emit(p, run_fence)->order = wide ? ORDER_FENCE : 0;
}

/* cvta.SPACE and cvta.to.SPACE: generic addresses differ from a space's own by where its window lies. */
static void decode_address(parser *p, const parts *o)
{
    memory_parts m = {0};
    const bool to = part_is(o, 1, "to");
    const char *shape;
    if (o->count != 3U + to || !is_space(o, 1 + to, &m) || !part_is(o, 2 + to, "u64"))
        refuse(p, "opcode %s", o->name);
    const u64 window = m.space == SPACE_SHARED  ? SHARED_WINDOW
                       : m.space == SPACE_LOCAL ? LOCAL_WINDOW
                       : m.space == SPACE_PARAM ? PARAM_WINDOW
                                                : 0;
    instruction *i = emit(p, find_opcode(p, "add.u64", &shape));
    take_shape(p, i, "88");
    i->operand[2] = constant_slot(p, to ? 0 - window : window, 8, RELOCATE_NONE);
}

bool decode_memory(parser *p, const parts *o)
{
    if (part_is(o, 0, "ld") || part_is(o, 0, "ldu"))
        decode_load(p, o);
    else if (part_is(o, 0, "st"))
        decode_store(p, o);
    else if (part_is(o, 0, "atom"))
        decode_atomic(p, o, true);
    else if (part_is(o, 0, "red"))
        decode_atomic(p, o, false);
    else if (part_is(o, 0, "membar") || part_is(o, 0, "fence"))
        decode_fence(p, o);
    else if (part_is(o, 0, "cvta"))
        decode_address(p, o);
    else if (part_is(o, 0, "prefetch") || part_is(o, 0, "prefetchu")) {
        emit(p, run_nothing);
        take_place(p);
    } else
        return false;
    if (p->module->code[p->module->code_count - 1].run == NULL) refuse(p, "opcode %s", o->name);
    return true;
}
