/* A whole PTX module: its directives, the bodies of its kernels and functions, and the interface to the
 * result. */
#include "machine_warp.h"
#include "ptx_parser.h"

#include <stdio.h>
#include <stdlib.h>

static const opcode *const tables[] = {integer_opcodes, product_opcodes, bit_opcodes,
                                       compare_opcodes, float_opcodes,   half_opcodes};

static void index_opcodes(parser *p)
{
    p->opcodes = calloc(SYMBOL_BUCKETS, sizeof *p->opcodes);
    if (!p->opcodes) refuse(p, "out of memory");
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (const opcode *o = tables[t]; o->name; o++) {
            u32 k = hash_of(o->name, strlen(o->name)) % SYMBOL_BUCKETS;
            while (p->opcodes[k]) k = (k + 1) % SYMBOL_BUCKETS;
            p->opcodes[k] = o;
        }
}

/* ---- Bodies ---- */

static void take_targets(parser *p, token name)
{
    ptx_module *m = p->module;
    const size_t start = m->target_count;
    m->targets = grown(p, m->targets, m->target_count++, &p->target_capacity, sizeof *m->targets);
    do {
        m->targets = grown(p, m->targets, m->target_count, &p->target_capacity, sizeof *m->targets);
        p->fixups = grown(p, p->fixups, p->fixup_count, &p->fixup_capacity, sizeof *p->fixups);
        p->fixups[p->fixup_count++] = (fixup){(u32)m->target_count++, true, take_word(p)};
    } while (accept_char(p, ','));
    expect_char(p, ';');
    m->targets[start] = (u32)(m->target_count - start - 1);
    define(p, name, SYMBOL_TARGETS)->slot = (u32)start;
}

static void take_label(parser *p)
{
    const token name = take_word(p);
    expect_char(p, ':');
    if (accept_word(p, ".branchtargets")) {
        take_targets(p, name);
        return;
    }
    const symbol *old = find_symbol(p, name.at, name.length);
    if (old && old->kind == SYMBOL_LABEL && old >= p->symbols + p->scopes[p->depth - 1].symbols)
        refuse(p, "label %.*s twice", (int)name.length, name.at);
    define(p, name, SYMBOL_LABEL)->slot = (u32)p->module->code_count;
}

static bool colon_follows(const parser *p)
{
    return p->now.kind == 'w' && p->at < p->end && *p->at == ':';
}

static void take_statement(parser *p)
{
    if (accept_char(p, '{')) {
        open_scope(p);
        while (!at_char(p, '}')) take_statement(p);
        close_scope(p);
        advance(p);
    } else if (at_word(p, ".loc") || at_word(p, ".file")) {
        skip_line(p);
    } else if (accept_word(p, ".pragma")) {
        while (!at_char(p, ';') && !at_char(p, 0)) advance(p);
        expect_char(p, ';');
    } else if (colon_follows(p)) {
        take_label(p);
    } else if (p->now.kind == 'w' && *p->now.at == '.') {
        declare(p, false);
    } else if (!accept_char(p, ';')) {
        decode_instruction(p);
    }
}

/* Instructions under a guard get the guard's test in front, except those that look at it themselves. */
static void guard_instructions(ptx_module *m, size_t first)
{
    static const execute_function own[] = {
        run_branch,  run_branch_index,   run_exit,         run_return,  run_call, run_trap,
        run_barrier, run_barrier_arrive, run_warp_barrier, run_shuffle, run_vote, run_match};
    for (size_t k = first; k < m->code_count; k++) {
        instruction *i = &m->code[k];
        bool alone = i->guard == 0;
        for (size_t n = 0; n < sizeof own / sizeof own[0]; n++) alone |= i->run == own[n];
        if (alone) continue;
        i->guarded = i->run;
        i->run = run_guarded;
    }
}

static void take_body(parser *p)
{
    const size_t first = p->module->code_count;
    expect_char(p, '{');
    while (!at_char(p, '}')) {
        if (at_char(p, 0)) refuse(p, "the text ends in a body");
        take_statement(p);
    }
    p->guard = 0;
    emit(p, p->kernel ? run_exit : run_return);
    close_scope(p);
    guard_instructions(p->module, first);
    advance(p);
}

/* ---- Kernels and functions ---- */

static void take_limits(parser *p)
{
    ptx_kernel_info *info = &p->kernel->info;
    while (p->now.kind == 'w' && *p->now.at == '.') {
        const bool threads = at_word(p, ".maxntid") || at_word(p, ".reqntid");
        if (threads) {
            advance(p);
            s64 all = take_integer(p);
            while (accept_char(p, ',')) all *= take_integer(p);
            info->max_threads = (int)all;
        } else if (accept_word(p, ".minnctapersm")) {
            info->min_blocks = (int)take_integer(p);
        } else if (accept_word(p, ".maxnreg")) {
            take_integer(p);
        } else if (accept_word(p, ".pragma")) {
            while (!at_char(p, ';') && !at_char(p, 0)) advance(p);
            expect_char(p, ';');
        } else {
            refuse(p, "directive %.*s", (int)p->now.length, p->now.at);
        }
    }
}

static void take_kernel(parser *p)
{
    ptx_module *m = p->module;
    const token name = take_word(p);
    m->kernels = grown(p, m->kernels, m->kernel_count, &p->kernel_capacity, sizeof *m->kernels);
    p->kernel = &m->kernels[m->kernel_count++];
    *p->kernel = (ptx_kernel){.entry = (u32)m->code_count};
    p->kernel->name = malloc(name.length + 1);
    if (!p->kernel->name) refuse(p, "out of memory");
    memcpy(p->kernel->name, name.at, name.length);
    p->kernel->name[name.length] = '\0';
    open_scope(p);
    take_kernel_parameters(p);
    take_limits(p);
    take_body(p);
    p->kernel = NULL;
}

static function *find_function(parser *p, token name)
{
    const symbol *s = find_symbol(p, name.at, name.length);
    if (s && s->kind == SYMBOL_FUNCTION) return &p->functions[s->slot];
    p->functions = grown(p, p->functions, p->function_count, &p->function_capacity, sizeof *p->functions);
    define(p, name, SYMBOL_FUNCTION)->slot = (u32)p->function_count;
    return &p->functions[p->function_count++];
}

/* The name of the function behind the results in parentheses. */
static token function_name(parser *p)
{
    const char *at = p->at;
    const u32 line = p->line;
    const token now = p->now;
    if (at_char(p, '(')) {
        while (!at_char(p, ')') && !at_char(p, 0)) advance(p);
        advance(p);
    }
    const token name = take_word(p);
    p->at = at;
    p->line = line;
    p->now = now;
    return name;
}

static void take_function(parser *p)
{
    const token name = function_name(p);
    function *f = find_function(p, name);
    const bool known = f->level > 0;
    open_scope(p);
    if (at_char(p, '(')) take_arguments(p, f->results, &f->result_count, known);
    advance(p);
    if (at_char(p, '(')) take_arguments(p, f->formals, &f->formal_count, known);
    if (!known) f->level = 1;
    while (accept_word(p, ".noreturn") || accept_word(p, ".unique")) continue;
    if (accept_char(p, ';')) {
        close_scope(p);
        return;
    }
    if (f->defined) refuse(p, "function %.*s twice", (int)name.length, name.at);
    p->in = f;
    f->entry = (u32)p->module->code_count;
    take_body(p);
    f->defined = true;
    if (f->level > MAX_CALL_DEPTH) refuse(p, "more than %d calls in each other", MAX_CALL_DEPTH);
    p->in = NULL;
}

/* ---- Modules ---- */

static void skip_section(parser *p)
{
    while (!at_char(p, '{') && !at_char(p, 0)) advance(p);
    while (!at_char(p, '}') && !at_char(p, 0)) advance(p);
    expect_char(p, '}');
}

static void take_version(parser *p)
{
    const char *text = p->now.at;
    char *dot = NULL;
    const long major = strtol(text, &dot, 10);
    if (p->now.kind != 'n' || *dot != '.') refuse(p, "a version expected");
    p->module->version = (int)(major * 10 + strtol(dot + 1, NULL, 10));
    advance(p);
}

static void take_target(parser *p)
{
    const token name = take_word(p);
    if (name.length < 5 || memcmp(name.at, "sm_", 3) != 0)
        refuse(p, "target %.*s", (int)name.length, name.at);
    p->module->target = (int)strtol(name.at + 3, NULL, 10);
    while (accept_char(p, ',')) take_word(p);
}

static void take_directive(parser *p)
{
    bool external = false;
    while (at_word(p, ".visible") || at_word(p, ".extern") || at_word(p, ".weak") || at_word(p, ".common")) {
        external |= at_word(p, ".extern");
        advance(p);
    }
    if (accept_word(p, ".version"))
        take_version(p);
    else if (accept_word(p, ".target"))
        take_target(p);
    else if (accept_word(p, ".address_size")) {
        if (take_integer(p) != 64) refuse(p, "addresses of 64 bits expected");
    } else if (accept_word(p, ".entry"))
        take_kernel(p);
    else if (accept_word(p, ".func"))
        take_function(p);
    else if (at_word(p, ".file") || at_word(p, ".loc"))
        skip_line(p);
    else if (accept_word(p, ".section"))
        skip_section(p);
    else if (accept_word(p, ".pragma"))
        skip_line(p);
    else if (at_word(p, ".global") || at_word(p, ".const") || at_word(p, ".shared"))
        declare(p, external);
    else
        refuse(p, "\"%.*s\" at the module's level", (int)p->now.length, p->now.at);
}

static size_t round_up(size_t bytes)
{
    return (bytes + 255) / 256 * 256;
}

/* What only the whole module tells. */
static void finish(parser *p)
{
    ptx_module *m = p->module;
    for (size_t k = 0; k < p->call_count; k++) {
        const function *f = &p->functions[p->calls[k].function];
        if (!f->defined) {
            p->now.line = m->code[p->calls[k].instruction].line;
            refuse(p, "a call to a function that has no body");
        }
        m->code[p->calls[k].instruction].value = f->entry;
    }
    for (size_t k = 0; k < m->kernel_count; k++) {
        if (round_up(m->kernels[k].own_local) > m->frame_base)
            m->frame_base = round_up(m->kernels[k].own_local);
        if (round_up(m->kernels[k].own_shared) > m->shared_base)
            m->shared_base = round_up(m->kernels[k].own_shared);
    }
    for (size_t k = 0; k < m->kernel_count; k++) {
        ptx_kernel *kernel = &m->kernels[k];
        kernel->module = m;
        kernel->shared_granule = p->granule;
        kernel->has_atomics |= p->module_atomics;
        kernel->info.shared_bytes = kernel->own_shared + m->module_shared;
        kernel->info.local_bytes = kernel->own_local + m->frame_bytes;
    }
    if (!m->version || !m->target) refuse(p, "no .version or .target");
}

static void free_parser(parser *p)
{
    for (name_chunk *c = p->names, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(p->symbols);
    free(p->constant_next);
    free(p->fixups);
    free(p->calls);
    free(p->functions);
    free(p->opcodes);
    free(p);
}

static bool read_module(parser *p, const char *text, size_t length)
{
    ptx_module *m = p->module;
    if (setjmp(p->stop)) return false;
    m->text = malloc(length + 1);
    if (!m->text) refuse(p, "out of memory");
    memcpy(m->text, text, length);
    m->text[length] = '\0';
    m->length = length;
    m->register_bytes = FIRST_FREE_SLOT;
    p->at = m->text;
    p->end = m->text + length;
    p->line = 1;
    p->granule = 16;
    memset(p->buckets, 0xff, sizeof p->buckets);
    memset(p->constant_buckets, 0xff, sizeof p->constant_buckets);
    index_opcodes(p);
    advance(p);
    while (!at_char(p, 0)) take_directive(p);
    finish(p);
    return true;
}

ptx_module *ptx_parse(const char *text, size_t length, char *message, size_t capacity)
{
    parser *p = calloc(1, sizeof *p);
    ptx_module *m = calloc(1, sizeof *m);
    if (capacity) message[0] = '\0';
    if (!p || !m) {
        free(p);
        free(m);
        if (capacity) snprintf(message, capacity, "out of memory");
        return NULL;
    }
    p->module = m;
    p->message = message;
    p->capacity = capacity;
    const bool good = read_module(p, text, length);
    free_parser(p);
    if (good) return m;
    ptx_free(m);
    return NULL;
}

void ptx_free(ptx_module *m)
{
    if (!m) return;
    for (size_t k = 0; k < m->kernel_count; k++) free(m->kernels[k].name);
    free(m->kernels);
    free(m->code);
    free(m->constants);
    free(m->targets);
    free(m->globals);
    free(m->constant_data);
    free(m->text);
    free(m);
}

int ptx_version(const ptx_module *m)
{
    return m->version;
}

int ptx_target(const ptx_module *m)
{
    return m->target;
}

const ptx_kernel *ptx_find(const ptx_module *m, const char *name)
{
    for (size_t k = 0; k < m->kernel_count; k++)
        if (!strcmp(m->kernels[k].name, name)) return &m->kernels[k];
    return NULL;
}

void ptx_kernel_describe(const ptx_kernel *kernel, ptx_kernel_info *info)
{
    *info = kernel->info;
}
