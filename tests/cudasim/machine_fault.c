/* What a launch did wrong, in words; a fault ends the launch at once. */
#include "machine_warp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const fault_names[] = {
#define X(name, text) [FAULT_##name] = (text),
    FAULT_TABLE(X)
#undef X
};

const char *fault_name(fault_kind kind)
{
    return (unsigned)kind < FAULT_COUNT ? fault_names[kind] : "unknown fault";
}

static void source_line(const ptx_module *module, u32 line, char *text, size_t capacity)
{
    const char *at = module->text, *end = module->text + module->length;
    for (u32 k = 1; k < line && at < end; k++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        if (!next) break;
        at = next + 1;
    }
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    size_t length = 0;
    for (; at < end && *at != '\n' && *at != '\r' && length + 1 < capacity; at++)
        text[length++] = *at == '\t' ? ' ' : *at;
    text[length] = '\0';
}

/* The allocation closest to an address, found by asking further and further away on both sides. */
static const memory_block *nearest(const launch *run, u64 address)
{
    for (u64 distance = 1; distance < UINT64_C(1) << 40; distance += distance / 4 + 1) {
        const memory_block *below =
            address >= distance ? run->given->find(run->given->user, address - distance) : NULL;
        if (below) return below;
        const memory_block *above = run->given->find(run->given->user, address + distance);
        if (above) return above;
    }
    return NULL;
}

void describe_address(const launch *run, u64 address, char *text, size_t capacity)
{
    const memory_block *b = nearest(run, address);
    if (!b) {
        snprintf(text, capacity, "no allocation near");
        return;
    }
    const u64 end = b->address + b->bytes;
    const bool below = address < b->address, above = address >= end;
    snprintf(text, capacity, "%" PRIu64 " bytes %s the allocation of %zu bytes at 0x%" PRIx64,
             below   ? b->address - address
             : above ? address - end
                     : address - b->address,
             below   ? "before"
             : above ? "past the end of"
                     : "into",
             b->bytes, b->address);
}

void fault(const warp *w, fault_kind kind, u32 pc, u32 lane, const char *format, ...)
{
    launch *run = w->run;
    const block *b = w->in;
    fault_report *report = run->report;
    const u32 thread = w->index * WARP_LANES + lane;
    const u32 *shape = run->given->block;
    char detail[256], source[96];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    report->kind = kind;
    report->line = (int)run->code[pc].line;
    source_line(run->module, run->code[pc].line, source, sizeof source);
    snprintf(report->text, sizeof report->text,
             "%s in kernel %s, PTX line %d \"%s\", block (%u,%u,%u), thread (%u,%u,%u): %s", fault_name(kind),
             run->kernel->name, report->line, source, b->index[0], b->index[1], b->index[2],
             thread % shape[0], thread / shape[0] % shape[1], thread / shape[0] / shape[1], detail);
    longjmp(run->stop, 1);
}
