/* One instruction: its opcode in parts, and the operands of arithmetic, which the tables of opcodes describe.
 * What touches memory or the flow of control has its own files. */
#include "machine_warp.h"
#include "ptx_parser.h"

#include <stdio.h>

bool part_is(const parts *o, u32 k, const char *text)
{
    return k < o->count && o->list[k].length == strlen(text) &&
           !memcmp(o->list[k].at, text, o->list[k].length);
}

bool has_part(const parts *o, const char *text)
{
    for (u32 k = 1; k < o->count; k++)
        if (part_is(o, k, text)) return true;
    return false;
}

value_type last_type(parser *p, const parts *o)
{
    const value_type type = type_of(o->list[o->count - 1].at, o->list[o->count - 1].length);
    if (type == TYPE_NONE) refuse(p, "no type at the end of %s", o->name);
    return type;
}

static void split(parser *p, token whole, parts *o)
{
    if (whole.length >= sizeof o->name) refuse(p, "opcode %.*s", (int)whole.length, whole.at);
    memcpy(o->name, whole.at, whole.length);
    o->name[whole.length] = '\0';
    o->count = 0;
    const char *at = o->name;
    for (;;) {
        const char *dot = strchr(at, '.');
        if (o->count == MAX_PARTS) refuse(p, "opcode %s", o->name);
        o->list[o->count++] = (part){at, (u32)(dot ? (size_t)(dot - at) : strlen(at))};
        if (!dot) return;
        at = dot + 1;
    }
}

instruction *emit(parser *p, execute_function run)
{
    ptx_module *m = p->module;
    m->code = grown(p, m->code, m->code_count, &p->code_capacity, sizeof *m->code);
    instruction *i = &m->code[m->code_count++];
    *i = (instruction){.run = run, .guard = p->guard, .line = p->now.line};
    return i;
}

execute_function find_opcode(parser *p, const char *name, const char **shape)
{
    for (u32 k = hash_of(name, strlen(name)) % SYMBOL_BUCKETS; p->opcodes[k]; k = (k + 1) % SYMBOL_BUCKETS)
        if (!strcmp(p->opcodes[k]->name, name)) {
            *shape = p->opcodes[k]->shape;
            return p->opcodes[k]->run;
        }
    return NULL;
}

void take_shape(parser *p, instruction *i, const char *shape)
{
    for (u32 k = 0; shape[k]; k++) {
        if (k) expect_char(p, ',');
        if (shape[k] == 'i') {
            i->value = take_integer(p);
        } else if (shape[k] == 'n') {
            i->operand[k] = take_predicate(p, &i->negate);
        } else if (shape[k] == 'd') {
            i->operand[0] = take_destination(p, 1, NULL);
            if (accept_char(p, '|')) i->operand[5] = take_destination(p, 1, NULL);
        } else {
            const u32 bytes = shape[k] == 'p' ? 1 : (u32)(shape[k] - '0');
            i->operand[k] = k ? take_source(p, bytes, NULL) : take_destination(p, bytes, NULL);
        }
    }
}

/* The opcode's name without some of its parts. */
static void name_without(const parts *o, const char *const *unwanted, char *name, size_t capacity)
{
    size_t length = 0;
    name[0] = '\0';
    for (u32 k = 0; k < o->count; k++) {
        bool drop = false;
        for (const char *const *u = unwanted; *u && k; u++) drop |= part_is(o, k, *u);
        if (!drop && length < capacity)
            length += (size_t)snprintf(name + length, capacity - length, "%s%.*s", k ? "." : "",
                                       (int)o->list[k].length, o->list[k].at);
    }
}

static void decode_compare(parser *p, const parts *o)
{
    static const char *const combining[] = {"and", "or", "xor", NULL};
    char name[128];
    const char *shape;
    name_without(o, combining, name, sizeof name);
    const execute_function run = find_opcode(p, name, &shape);
    if (!run) refuse(p, "opcode %s", o->name);
    instruction *i = emit(p, run);
    take_shape(p, i, shape);
    for (u32 k = 0; combining[k]; k++)
        if (has_part(o, combining[k])) {
            i->combine = (u8)(COMBINE_AND + k);
            expect_char(p, ',');
            i->operand[3] = take_predicate(p, &i->negate);
        }
}

/* ---- Floating point in other ways than to the nearest even with all subnormals ---- */

static const struct {
    const char *base;
    char letter;
    u8 sources;
} slow_operations[] = {{"add", 'a', 2}, {"sub", 's', 2}, {"mul", 'm', 2}, {"fma", 'f', 3},
                       {"mad", 'f', 3}, {"div", 'd', 2}, {"rcp", 'd', 1}, {"sqrt", 'r', 1},
                       {"neg", 'n', 1}, {"abs", 'b', 1}, {"min", '<', 2}, {"max", '>', 2}};

static u32 rounding_of(const char *text, size_t length, bool *integral)
{
    static const struct {
        const char *name;
        u8 rounding;
    } names[] = {{"rn", ROUND_NEAREST}, {"rz", ROUND_ZERO}, {"rm", ROUND_DOWN}, {"rp", ROUND_UP}};
    *integral = length == 3 && text[2] == 'i';
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if ((length == 2 || *integral) && !memcmp(names[k].name, text, 2)) return names[k].rounding;
    return ROUND_NONE;
}

/* False where the opcode is none of them. */
static bool decode_slow_float(parser *p, const parts *o)
{
    size_t k = 0;
    const size_t all = sizeof slow_operations / sizeof slow_operations[0];
    while (k < all && !part_is(o, 0, slow_operations[k].base)) k++;
    const value_type type = type_of(o->list[o->count - 1].at, o->list[o->count - 1].length);
    if (k == all || (type != TYPE_F32 && type != TYPE_F64)) return false;
    instruction *i = emit(p, run_float_slow);
    i->to = (u8)type;
    i->value = slow_operations[k].letter;
    for (u32 n = 1; n + 1 < o->count; n++) {
        bool integral;
        const u32 rounding = rounding_of(o->list[n].at, o->list[n].length, &integral);
        if (rounding && !integral)
            i->rounding = (u8)rounding;
        else if (part_is(o, n, "ftz") && type == TYPE_F32)
            i->flush = true;
        else if (part_is(o, n, "sat") && type == TYPE_F32)
            i->saturate = true;
        else
            refuse(p, "modifier .%.*s of %s", (int)o->list[n].length, o->list[n].at, o->name);
    }
    const u32 bytes = bytes_of(type);
    i->operand[0] = take_destination(p, bytes, NULL);
    const bool reciprocal = part_is(o, 0, "rcp");
    const u64 one = bytes == 8 ? UINT64_C(0x3ff0000000000000) : UINT64_C(0x3f800000);
    if (reciprocal) i->operand[1] = constant_slot(p, one, bytes, RELOCATE_NONE);
    for (u32 n = 0; n < slow_operations[k].sources; n++) {
        expect_char(p, ',');
        i->operand[1 + n + reciprocal] = take_source(p, bytes, NULL);
    }
    return true;
}

/* ---- Conversions, moves, carries ---- */

static void decode_convert(parser *p, const parts *o)
{
    if (o->count < 3) refuse(p, "opcode %s", o->name);
    instruction *i = emit(p, NULL);
    i->to = (u8)type_of(o->list[o->count - 2].at, o->list[o->count - 2].length);
    i->from = (u8)last_type(p, o);
    const bool pairs =
        i->to == TYPE_F16X2 || i->to == TYPE_BF16X2 || i->from == TYPE_F16X2 || i->from == TYPE_BF16X2;
    if (i->to < TYPE_U8 || i->from < TYPE_U8 || pairs) refuse(p, "types of %s", o->name);
    for (u32 k = 1; k + 2 < o->count; k++) {
        bool integral;
        const u32 rounding = rounding_of(o->list[k].at, o->list[k].length, &integral);
        if (rounding) i->rounding = (u8)rounding;
        if (rounding)
            i->to_integral = integral;
        else if (part_is(o, k, "ftz"))
            i->flush = true;
        else if (part_is(o, k, "sat"))
            i->saturate = true;
        else
            refuse(p, "modifier .%.*s of %s", (int)o->list[k].length, o->list[k].at, o->name);
    }
    i->operand[0] = take_destination(p, register_bytes_of(i->to), &i->to_bytes);
    expect_char(p, ',');
    i->operand[1] = take_source(p, register_bytes_of(i->from), &i->from_bytes);
    i->run = find_convert(i);
}

/* mov.b64 {a, b}, c: the parts' sizes follow from how many there are. */
static void decode_unpack(parser *p, u32 bytes)
{
    instruction *i = emit(p, run_unpack);
    token names[4];
    u32 count = 0;
    do {
        if (count == 4) refuse(p, "more than 4 parts");
        names[count++] = take_word(p);
    } while (accept_char(p, ','));
    expect_char(p, '}');
    expect_char(p, ',');
    i->operand[4] = take_source(p, bytes, NULL);
    i->bytes = (u8)(bytes / count);
    i->count = (u8)count;
    for (u32 k = 0; k < count; k++) {
        const symbol *s = find_symbol(p, names[k].at, names[k].length);
        const bool nowhere = names[k].length == 1 && *names[k].at == '_';
        if (!nowhere && (!s || s->kind != SYMBOL_REGISTER || s->bytes != i->bytes || i->bytes < 2))
            refuse(p, "%.*s is no register of %u bytes", (int)names[k].length, names[k].at, i->bytes);
        i->operand[k] = nowhere ? SINK_SLOT : s->slot;
    }
}

/* mov.b64 c, {a, b}, behind the brace. */
static void decode_pack(parser *p, u32 bytes, u32 to)
{
    instruction *i = emit(p, run_pack);
    u32 count = 1, taken = 0;
    for (const char *c = p->at; c < p->end && *c != '}' && *c != ';'; c++) count += *c == ',';
    if (count > 4 || bytes / count < 2) refuse(p, "%u parts of %u bytes", count, bytes);
    i->bytes = (u8)(bytes / count);
    i->count = (u8)count;
    i->operand[0] = to;
    do i->operand[1 + taken++] = take_source(p, bytes / count, NULL);
    while (taken < count && accept_char(p, ','));
    expect_char(p, '}');
}

static void decode_move(parser *p, const parts *o)
{
    const char *shape;
    const execute_function run = find_opcode(p, o->name, &shape);
    if (!run || o->count != 2) refuse(p, "opcode %s", o->name);
    const u32 bytes = bytes_of(last_type(p, o));
    if (accept_char(p, '{')) {
        decode_unpack(p, bytes);
        return;
    }
    const u32 to = take_destination(p, bytes, NULL);
    expect_char(p, ',');
    if (accept_char(p, '{')) {
        decode_pack(p, bytes, to);
        return;
    }
    instruction *i = emit(p, run);
    i->operand[0] = to;
    i->operand[1] = take_source(p, bytes, NULL);
}

/* add.cc, addc, sub.cc, subc, mad.lo.cc, madc.hi and so on. */
static bool decode_carry(parser *p, const parts *o)
{
    static const char *const bases[] = {"add", "addc", "sub", "subc", "mad", "madc"};
    char base[8];
    u32 k = 0;
    const bool sets = has_part(o, "cc");
    while (k < 6 && !part_is(o, 0, bases[k])) k++;
    if (k == 6 || (!sets && !(k & 1))) return false;
    const u32 bytes = bytes_of(last_type(p, o));
    const bool multiplies = k >= 4;
    if (bytes < 4 || o->count != 2U + sets + multiplies) refuse(p, "opcode %s", o->name);
    if (multiplies && has_part(o, "hi") && last_type(p, o) >= TYPE_S8) refuse(p, "opcode %s", o->name);
    snprintf(base, sizeof base, "%s", bases[k]);
    instruction *i = emit(p, NULL);
    i->run = find_carry(i, base, sets, has_part(o, "hi"), bytes);
    const char letter = (char)('0' + bytes),
               shape[] = {letter, letter, letter, multiplies ? letter : '\0', '\0'};
    take_shape(p, i, shape);
    return true;
}

static void decode_by_table(parser *p, const parts *o)
{
    const char *shape;
    const execute_function run = find_opcode(p, o->name, &shape);
    if (run)
        take_shape(p, emit(p, run), shape);
    else if (!decode_carry(p, o) && !decode_slow_float(p, o))
        refuse(p, "opcode %s", o->name);
}

void decode_instruction(parser *p)
{
    parts o;
    p->guard = 0;
    if (accept_char(p, '@')) {
        bool negated;
        const u32 slot = take_predicate(p, &negated);
        p->guard = slot | negated;
    }
    const size_t first = p->module->code_count;
    const u32 line = p->now.line;
    split(p, take_word(p), &o);
    if (part_is(&o, 0, "setp"))
        decode_compare(p, &o);
    else if (part_is(&o, 0, "mov"))
        decode_move(p, &o);
    else if (part_is(&o, 0, "cvt"))
        decode_convert(p, &o);
    else if (!decode_memory(p, &o) && !decode_flow(p, &o))
        decode_by_table(p, &o);
    for (size_t k = first; k < p->module->code_count; k++) p->module->code[k].line = line;
    expect_char(p, ';');
}
