/* Declarations: registers, variables of every space with their initial values, parameters. */
#include "ptx_parser.h"

#include <stdlib.h>
#include <string.h>

typedef struct declaration {
    value_type type;
    size_t align, elements;
    token name;
    bool is_array, open_array;
} declaration;

static size_t aligned(size_t at, size_t align)
{
    return (at + align - 1) / align * align;
}

/* [.align n] [.v2|.v4] .type [.ptr ...] name [ '[' n ']' ]... */
static declaration take_declaration(parser *p)
{
    declaration d = {.elements = 1};
    size_t vector = 1;
    for (;;) {
        if (accept_word(p, ".align")) {
            d.align = (size_t)take_integer(p);
        } else if (accept_word(p, ".v2")) {
            vector = 2;
        } else if (accept_word(p, ".v4")) {
            vector = 4;
        } else {
            const token t = take_word(p);
            if (t.length < 2 || *t.at != '.') refuse(p, "a type expected, not %.*s", (int)t.length, t.at);
            d.type = type_of(t.at + 1, t.length - 1);
            if (d.type == TYPE_NONE || d.type == TYPE_PRED) refuse(p, "type %.*s", (int)t.length, t.at);
            break;
        }
    }
    bool attributes = accept_word(p, ".ptr");
    while (attributes && p->now.kind == 'w' && *p->now.at == '.') {
        if (accept_word(p, ".align"))
            take_integer(p);
        else
            advance(p);
    }
    d.name = take_word(p);
    while (accept_char(p, '[')) {
        d.is_array = true;
        if (at_char(p, ']'))
            d.open_array = true;
        else
            d.elements *= (size_t)take_integer(p);
        expect_char(p, ']');
    }
    d.elements *= vector;
    if (!d.align) d.align = bytes_of(d.type) * vector;
    if (d.align & (d.align - 1) || d.align > 4096) refuse(p, "alignment %zu", d.align);
    return d;
}

/* Names made here, base and number, live as long as the parser. */
static token numbered(parser *p, token base, u32 number)
{
    char digits[12];
    size_t length = 0;
    do digits[sizeof digits - ++length] = (char)('0' + number % 10);
    while (number /= 10);
    if (p->names_left < base.length + length) {
        name_chunk *chunk = malloc(sizeof *chunk);
        if (!chunk) refuse(p, "out of memory");
        chunk->next = p->names;
        p->names = chunk;
        p->names_left = sizeof chunk->text;
    }
    if (p->names_left < base.length + length) refuse(p, "name %.*s", (int)base.length, base.at);
    char *at = p->names->text + sizeof p->names->text - p->names_left;
    p->names_left -= base.length + length;
    memcpy(at, base.at, base.length);
    memcpy(at + base.length, digits + sizeof digits - length, length);
    return (token){'w', at, (u32)(base.length + length), base.line};
}

static void declare_register(parser *p, token name, u32 bytes)
{
    symbol *s = define(p, name, SYMBOL_REGISTER);
    s->bytes = (u8)bytes;
    s->slot = new_register(p, bytes);
}

static u32 take_register_bytes(parser *p)
{
    const token t = take_word(p);
    const value_type type = t.length > 1 ? type_of(t.at + 1, t.length - 1) : TYPE_NONE;
    if (type == TYPE_NONE) refuse(p, "registers of type %.*s", (int)t.length, t.at);
    return register_bytes_of(type);
}

static void declare_registers(parser *p)
{
    const u32 bytes = take_register_bytes(p);
    do {
        const token name = take_word(p);
        if (!accept_char(p, '<')) {
            declare_register(p, name, bytes);
            continue;
        }
        const u64 count = take_number(p, 8);
        expect_char(p, '>');
        if (count > 1000000) refuse(p, "%llu registers", (unsigned long long)count);
        for (u32 k = 0; k < count; k++) declare_register(p, numbered(p, name, k), bytes);
    } while (accept_char(p, ','));
}

/* ---- Variables ---- */

static void take_values(parser *p, const declaration *d, unsigned char *to, size_t *index)
{
    const u32 bytes = bytes_of(d->type);
    if (accept_char(p, '{')) {
        while (!accept_char(p, '}')) {
            take_values(p, d, to, index);
            if (!at_char(p, '}')) expect_char(p, ',');
        }
        return;
    }
    if (*index == d->elements) refuse(p, "more values than elements");
    if (at_char(p, 'w')) refuse(p, "an address as initial value");
    const u64 bits = take_number(p, bytes);
    memcpy(to + bytes * (*index)++, &bits, bytes);
}

static u64 place_initialised(parser *p, declaration *d, unsigned char **data, size_t *used, size_t *capacity)
{
    const u32 bytes = bytes_of(d->type);
    const size_t at = aligned(*used, d->align), end = at + bytes * d->elements;
    while (end > *capacity) *data = grown(p, *data, *capacity, capacity, 1);
    *used = end;
    size_t index = 0;
    if (accept_char(p, '=')) take_values(p, d, *data + at, &index);
    return at;
}

/* In a kernel at its own offset from 0; in a function or the module among those that all kernels have. */
static void place_own(parser *p, const declaration *d, symbol *s, size_t *own, size_t *common,
                      relocation moved)
{
    size_t *used = p->kernel ? own : common;
    s->address = aligned(*used, d->align);
    *used = s->address + bytes_of(d->type) * d->elements;
    s->moved = (u8)(p->kernel ? RELOCATE_NONE : moved);
}

static void declare_variable(parser *p, memory_space space, bool read_only, bool external)
{
    ptx_module *m = p->module;
    size_t none = 0;
    do {
        declaration d = take_declaration(p);
        symbol *s = define(p, d.name, SYMBOL_MEMORY);
        s->space = (u8)space;
        if (space == SPACE_SHARED && (external || d.open_array)) {
            s->moved = RELOCATE_DYNAMIC_SHARED;
        } else if (external || d.open_array) {
            refuse(p, "%.*s is of another module or has no size", (int)d.name.length, d.name.at);
        } else if (space == SPACE_SHARED) {
            place_own(p, &d, s, p->kernel ? &p->kernel->own_shared : &none, &m->module_shared,
                      RELOCATE_MODULE_SHARED);
        } else if (space == SPACE_LOCAL) {
            place_own(p, &d, s, p->kernel ? &p->kernel->own_local : &none, &m->frame_bytes, RELOCATE_FRAME);
        } else if (read_only) {
            const u64 at = place_initialised(p, &d, &m->constant_data, &m->constant_bytes, &p->data_capacity);
            s->address = CONST_WINDOW + at;
        } else {
            s->address =
                GLOBAL_WINDOW + place_initialised(p, &d, &m->globals, &m->global_bytes, &p->global_capacity);
        }
    } while (accept_char(p, ','));
}

/* An argument of a function, or of a call: it lies in the frame. */
static void declare_argument(parser *p, argument *a, bool defined)
{
    if (accept_word(p, ".reg")) {
        const u32 bytes = take_register_bytes(p);
        const token name = take_word(p);
        if (!defined) *a = (argument){true, (u8)bytes, new_register(p, bytes), 0, 0};
        symbol *s = define(p, name, SYMBOL_REGISTER);
        s->bytes = a->bytes;
        s->slot = a->slot;
        return;
    }
    if (!accept_word(p, ".param")) refuse(p, ".param or .reg expected");
    const declaration d = take_declaration(p);
    if (!defined) {
        *a = (argument){.size = bytes_of(d.type) * d.elements};
        a->address = aligned(p->module->frame_bytes, d.align < 16 ? 16 : d.align);
        p->module->frame_bytes = a->address + a->size;
    }
    symbol *s = define(p, d.name, SYMBOL_MEMORY);
    *s = (symbol){s->name, s->length,   s->hash,        s->next, SYMBOL_MEMORY,
                  0,       SPACE_LOCAL, RELOCATE_FRAME, 0,       a->address};
}

void take_arguments(parser *p, argument *list, u32 *count, bool defined)
{
    u32 taken = 0;
    expect_char(p, '(');
    while (!at_char(p, ')')) {
        if (taken) expect_char(p, ',');
        if (taken == MAX_ARGUMENTS || (defined && taken == *count)) refuse(p, "too many arguments");
        declare_argument(p, &list[taken++], defined);
    }
    advance(p);
    *count = taken;
}

void take_kernel_parameters(parser *p)
{
    ptx_kernel_info *info = &p->kernel->info;
    if (!accept_char(p, '(')) return;
    while (!at_char(p, ')')) {
        if (info->param_count) expect_char(p, ',');
        if (info->param_count == PTX_MAX_PARAMS) refuse(p, "more than %d parameters", PTX_MAX_PARAMS);
        if (!accept_word(p, ".param")) refuse(p, ".param expected");
        const declaration d = take_declaration(p);
        symbol *s = define(p, d.name, SYMBOL_MEMORY);
        s->space = SPACE_PARAM;
        s->address = aligned(info->param_bytes, d.align);
        info->param_offset[info->param_count] = s->address;
        info->param_size[info->param_count++] = bytes_of(d.type) * d.elements;
        info->param_bytes = s->address + bytes_of(d.type) * d.elements;
    }
    advance(p);
}

/* .reg, .shared, .local, .global, .const, and in a body .param for the arguments of calls. */
void declare(parser *p, bool external)
{
    const token what = take_word(p);
    static const struct {
        const char *name;
        u8 space;
    } kinds[] = {{".shared", SPACE_SHARED},
                 {".local", SPACE_LOCAL},
                 {".global", SPACE_GLOBAL},
                 {".const", SPACE_GLOBAL}};
    if (what.length == 4 && !memcmp(what.at, ".reg", 4)) {
        declare_registers(p);
    } else if (what.length == 6 && !memcmp(what.at, ".param", 6)) {
        argument a;
        const declaration d = take_declaration(p);
        a.address = aligned(p->module->frame_bytes, d.align < 16 ? 16 : d.align);
        p->module->frame_bytes = a.address + bytes_of(d.type) * d.elements;
        symbol *s = define(p, d.name, SYMBOL_MEMORY);
        s->space = SPACE_LOCAL;
        s->moved = RELOCATE_FRAME;
        s->address = a.address;
    } else {
        size_t k = 0;
        while (k < 4 && (strlen(kinds[k].name) != what.length || memcmp(kinds[k].name, what.at, what.length)))
            k++;
        if (k == 4) refuse(p, "directive %.*s", (int)what.length, what.at);
        declare_variable(p, kinds[k].space, k == 3, external);
    }
    expect_char(p, ';');
}
