/* Branches, calls, exits and what lanes and threads wait for each other with. */
#include "machine_warp.h"
#include "ptx_parser.h"

static void to_label(parser *p, u32 where, bool in_targets)
{
    const token name = take_word(p);
    p->fixups = grown(p, p->fixups, p->fixup_count, &p->fixup_capacity, sizeof *p->fixups);
    p->fixups[p->fixup_count++] = (fixup){where, in_targets, name};
}

static void decode_branch(parser *p, const parts *o)
{
    if (o->count > 2 || (o->count == 2 && !part_is(o, 1, "uni"))) refuse(p, "opcode %s", o->name);
    emit(p, run_branch);
    to_label(p, (u32)p->module->code_count - 1, false);
}

static void decode_branch_index(parser *p, const parts *o)
{
    if (!part_is(o, 1, "idx") || (o->count > 2 && !part_is(o, 2, "uni"))) refuse(p, "opcode %s", o->name);
    instruction *i = emit(p, run_branch_index);
    i->operand[0] = take_source(p, 4, NULL);
    expect_char(p, ',');
    const token name = take_word(p);
    const symbol *s = find_symbol(p, name.at, name.length);
    if (!s || s->kind != SYMBOL_TARGETS) refuse(p, "no .branchtargets %.*s", (int)name.length, name.at);
    i->value = s->slot;
}

/* ---- Calls: the arguments are copied to where the function has them, and the results back ---- */

static void copy_argument(parser *p, const argument *to, const argument *from)
{
    if (to->in_register != from->in_register || (to->in_register && to->bytes != from->bytes) ||
        (!to->in_register && to->size != from->size))
        refuse(p, "an argument is not what the function declares");
    if (to->in_register) {
        const char *shape, *name = to->bytes == 8   ? "mov.b64"
                                   : to->bytes == 4 ? "mov.b32"
                                   : to->bytes == 2 ? "mov.b16"
                                                    : "mov.pred";
        instruction *i = emit(p, find_opcode(p, name, &shape));
        i->operand[0] = to->slot;
        i->operand[1] = from->slot;
        return;
    }
    instruction *i = emit(p, run_param_copy);
    i->operand[0] = constant_slot(p, to->address, 8, RELOCATE_FRAME);
    i->operand[1] = constant_slot(p, from->address, 8, RELOCATE_FRAME);
    i->value = (s64)to->size;
}

/* What the call has in parentheses: .param variables, registers or constants. */
static u32 take_actuals(parser *p, const argument *formals, u32 formal_count, argument *actuals)
{
    u32 count = 0;
    expect_char(p, '(');
    while (!at_char(p, ')')) {
        if (count) expect_char(p, ',');
        if (count == formal_count) refuse(p, "more arguments than declared");
        const argument *formal = &formals[count];
        argument *a = &actuals[count++];
        *a = *formal;
        if (formal->in_register) {
            a->slot = take_source(p, formal->bytes, NULL);
            continue;
        }
        const token name = take_word(p);
        const symbol *s = find_symbol(p, name.at, name.length);
        if (!s || s->kind != SYMBOL_MEMORY || s->moved != RELOCATE_FRAME)
            refuse(p, "no .param %.*s", (int)name.length, name.at);
        a->address = s->address;
    }
    advance(p);
    return count;
}

/* The parentheses of results come before the name that tells what they are: they are read again. */
static void decode_call(parser *p, const parts *o)
{
    argument results[MAX_ARGUMENTS], actuals[MAX_ARGUMENTS];
    if (o->count > 2 || (o->count == 2 && !part_is(o, 1, "uni"))) refuse(p, "opcode %s", o->name);
    const char *start = p->at;
    const u32 line = p->line;
    const token open = p->now;
    if (at_char(p, '(')) {
        while (!at_char(p, ')') && !at_char(p, 0)) advance(p);
        advance(p);
        expect_char(p, ',');
    }
    const token name = take_word(p);
    const symbol *s = find_symbol(p, name.at, name.length);
    if (!s || s->kind != SYMBOL_FUNCTION) refuse(p, "no function %.*s", (int)name.length, name.at);
    const u32 index = s->slot;
    const function *f = &p->functions[index];
    const char *after = p->at;
    const u32 after_line = p->line;
    const token next = p->now;
    u32 result_count = 0, actual_count = 0;
    if (open.kind == '(') {
        p->at = start;
        p->line = line;
        p->now = open;
        result_count = take_actuals(p, f->results, f->result_count, results);
        p->at = after;
        p->line = after_line;
        p->now = next;
    }
    if (accept_char(p, ',')) actual_count = take_actuals(p, f->formals, f->formal_count, actuals);
    if (actual_count != f->formal_count || result_count > f->result_count) refuse(p, "too few arguments");
    for (u32 k = 0; k < actual_count; k++) copy_argument(p, &f->formals[k], &actuals[k]);
    p->calls = grown(p, p->calls, p->call_count, &p->call_capacity, sizeof *p->calls);
    emit(p, run_call);
    p->calls[p->call_count++] = (call_site){(u32)p->module->code_count - 1, index};
    if (p->in && f->level >= p->in->level) p->in->level = f->level + 1;
    if (p->in == f || (p->in && !f->defined))
        refuse(p, "recursion, or a call in a function to one further down");
    for (u32 k = 0; k < result_count; k++) copy_argument(p, &results[k], &f->results[k]);
}

/* ---- Barriers and warps ---- */

static void decode_barrier(parser *p, const parts *o)
{
    static const char *const known[] = {"sync", "arrive", "cta", "aligned", "warp", NULL};
    for (u32 k = 1; k < o->count; k++) {
        bool fine = false;
        for (u32 n = 0; known[n]; n++) fine |= part_is(o, k, known[n]);
        if (!fine) refuse(p, "opcode %s", o->name);
    }
    if (has_part(o, "warp")) {
        if (!part_is(o, 0, "bar") || !has_part(o, "sync")) refuse(p, "opcode %s", o->name);
        emit(p, run_warp_barrier)->operand[0] = take_source(p, 4, NULL);
        return;
    }
    const bool arrives = has_part(o, "arrive");
    if (arrives == has_part(o, "sync")) refuse(p, "opcode %s", o->name);
    instruction *i = emit(p, arrives ? run_barrier_arrive : run_barrier);
    i->combine = part_is(o, 0, "bar") || has_part(o, "aligned");
    i->operand[0] = take_source(p, 4, NULL);
    if (accept_char(p, ','))
        i->operand[1] = take_source(p, 4, NULL);
    else if (arrives)
        refuse(p, "an arrival needs a number of threads");
}

static void take_dual(parser *p, instruction *i)
{
    i->operand[0] = take_destination(p, 4, NULL);
    if (accept_char(p, '|')) i->operand[5] = take_destination(p, 1, NULL);
}

static void decode_shuffle(parser *p, const parts *o)
{
    static const char *const modes[] = {"idx", "up", "down", "bfly"};
    instruction *i = emit(p, run_shuffle);
    for (u32 k = 0; k < 4; k++)
        if (part_is(o, 2, modes[k])) i->value = modes[k][0];
    if (!part_is(o, 1, "sync") || !i->value || !part_is(o, 3, "b32") || o->count != 4)
        refuse(p, "opcode %s", o->name);
    take_dual(p, i);
    for (u32 k = 1; k <= 4; k++) {
        expect_char(p, ',');
        i->operand[k] = take_source(p, 4, NULL);
    }
}

static void decode_vote(parser *p, const parts *o)
{
    static const struct {
        const char *name;
        char letter;
    } modes[] = {{"ballot", 'b'}, {"all", 'l'}, {"any", 'n'}, {"uni", 'u'}};
    instruction *i = emit(p, run_vote);
    for (u32 k = 0; k < 4; k++)
        if (part_is(o, 2, modes[k].name)) i->value = modes[k].letter;
    if (!part_is(o, 1, "sync") || !i->value || !part_is(o, 3, i->value == 'b' ? "b32" : "pred") ||
        o->count != 4)
        refuse(p, "opcode %s", o->name);
    i->operand[0] = take_destination(p, i->value == 'b' ? 4 : 1, NULL);
    expect_char(p, ',');
    i->operand[1] = take_predicate(p, &i->negate);
    expect_char(p, ',');
    i->operand[2] = take_source(p, 4, NULL);
}

static void decode_match(parser *p, const parts *o)
{
    instruction *i = emit(p, run_match);
    i->bytes = (u8)bytes_of(last_type(p, o));
    i->value = part_is(o, 1, "all") ? 'l' : part_is(o, 1, "any") ? 'n' : 0;
    if (!i->value || !part_is(o, 2, "sync") || o->count != 4 || i->bytes < 4) refuse(p, "opcode %s", o->name);
    take_dual(p, i);
    expect_char(p, ',');
    i->operand[1] = take_source(p, i->bytes, NULL);
    expect_char(p, ',');
    i->operand[2] = take_source(p, 4, NULL);
}

bool decode_flow(parser *p, const parts *o)
{
    if (part_is(o, 0, "bra"))
        decode_branch(p, o);
    else if (part_is(o, 0, "brx"))
        decode_branch_index(p, o);
    else if (part_is(o, 0, "call"))
        decode_call(p, o);
    else if (part_is(o, 0, "bar") || part_is(o, 0, "barrier"))
        decode_barrier(p, o);
    else if (part_is(o, 0, "shfl"))
        decode_shuffle(p, o);
    else if (part_is(o, 0, "vote"))
        decode_vote(p, o);
    else if (part_is(o, 0, "match"))
        decode_match(p, o);
    else if (part_is(o, 0, "activemask"))
        emit(p, run_active_mask)->operand[0] = take_destination(p, 4, NULL);
    else if (part_is(o, 0, "ret"))
        emit(p, p->kernel ? run_exit : run_return);
    else if (part_is(o, 0, "exit") && o->count == 1)
        emit(p, run_exit);
    else if (part_is(o, 0, "trap") && o->count == 1)
        emit(p, run_trap);
    else if (part_is(o, 0, "nanosleep")) {
        emit(p, run_nothing);
        take_source(p, 4, NULL);
    } else
        return false;
    return true;
}
