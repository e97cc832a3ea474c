/* Tokens of a PTX text. */
#include "ptx_parser.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void refuse(parser *p, const char *format, ...)
{
    char detail[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    if (p->capacity) snprintf(p->message, p->capacity, "PTX line %u: %s", p->now.line, detail);
    longjmp(p->stop, 1);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '%' || c == '.';
}

static void skip_space(parser *p)
{
    while (p->at < p->end) {
        if (*p->at == '\n') p->line++;
        if (isspace((unsigned char)*p->at) || *p->at == '\0') {
            p->at++;
        } else if (p->end - p->at > 1 && p->at[0] == '/' && p->at[1] == '/') {
            while (p->at < p->end && *p->at != '\n') p->at++;
        } else if (p->end - p->at > 1 && p->at[0] == '/' && p->at[1] == '*') {
            p->at += 2;
            while (p->at < p->end && !(p->at[0] == '*' && p->end - p->at > 1 && p->at[1] == '/'))
                if (*p->at++ == '\n') p->line++;
            p->at += p->end - p->at > 1 ? 2 : p->end - p->at;
        } else {
            return;
        }
    }
}

void advance(parser *p)
{
    skip_space(p);
    const char *start = p->at;
    p->now = (token){0, start, 0, p->line};
    if (start == p->end) return;
    if (*start == '"') {
        p->at++;
        while (p->at < p->end && *p->at != '"') p->at++;
        if (p->at < p->end) p->at++;
        p->now.kind = 's';
    } else if (is_word(*start)) {
        while (p->at < p->end && (is_word(*p->at) || (p->end - p->at > 2 && p->at[0] == ':' &&
                                                      p->at[1] == ':' && is_word(p->at[2]))))
            p->at += *p->at == ':' ? 2 : 1;
        p->now.kind = isdigit((unsigned char)*start) ? 'n' : 'w';
    } else {
        p->at++;
        p->now.kind = *start;
    }
    p->now.length = (u32)(p->at - start);
}

bool at_char(const parser *p, char kind)
{
    return p->now.kind == kind;
}

bool accept_char(parser *p, char kind)
{
    if (p->now.kind != kind) return false;
    advance(p);
    return true;
}

void expect_char(parser *p, char kind)
{
    if (!accept_char(p, kind)) refuse(p, "'%c' expected, not \"%.*s\"", kind, (int)p->now.length, p->now.at);
}

bool at_word(const parser *p, const char *word)
{
    return p->now.kind == 'w' && p->now.length == strlen(word) && !memcmp(p->now.at, word, p->now.length);
}

bool accept_word(parser *p, const char *word)
{
    if (!at_word(p, word)) return false;
    advance(p);
    return true;
}

token take_word(parser *p)
{
    const token t = p->now;
    if (t.kind != 'w') refuse(p, "a name expected, not \"%.*s\"", (int)t.length, t.at);
    advance(p);
    return t;
}

/* 0f and 0d are followed by the bits; a decimal point makes a double, narrowed for 4 bytes. */
static u64 floating_bits(parser *p, const char *text, bool negative, u32 bytes)
{
    u64 bits;
    double value;
    float narrow;
    if (text[0] == '0' && (text[1] == 'f' || text[1] == 'F')) {
        const u32 single = (u32)strtoul(text + 2, NULL, 16);
        memcpy(&narrow, &single, sizeof narrow);
        if (bytes == 4) return single ^ (negative ? 1U << 31 : 0);
        value = (double)narrow;
    } else if (text[0] == '0' && (text[1] == 'd' || text[1] == 'D')) {
        bits = strtoull(text + 2, NULL, 16);
        memcpy(&value, &bits, sizeof value);
    } else {
        value = strtod(text, NULL);
    }
    if (negative) value = -value;
    if (bytes == 8) {
        memcpy(&bits, &value, sizeof bits);
        return bits;
    }
    if (bytes != 4) refuse(p, "a floating-point constant for %u bytes", bytes);
    narrow = (float)value;
    u32 single;
    memcpy(&single, &narrow, sizeof single);
    return single;
}

u64 take_number(parser *p, u32 bytes)
{
    const bool negative = accept_char(p, '-');
    char text[64], *end;
    if (p->now.kind != 'n' || p->now.length >= sizeof text)
        refuse(p, "a number expected, not \"%.*s\"", (int)p->now.length, p->now.at);
    memcpy(text, p->now.at, p->now.length);
    text[p->now.length] = '\0';
    advance(p);
    const bool hexadecimal = text[0] == '0' && text[1] && strchr("fFdD", text[1]);
    if (hexadecimal || strchr(text, '.')) return floating_bits(p, text, negative, bytes);
    const bool binary = text[0] == '0' && (text[1] == 'b' || text[1] == 'B');
    const u64 value = strtoull(binary ? text + 2 : text, &end, binary ? 2 : 0);
    if (*end && strcmp(end, "U") != 0) refuse(p, "\"%s\" is not a number", text);
    return negative ? 0 - value : value;
}

s64 take_integer(parser *p)
{
    return (s64)take_number(p, 8);
}

void skip_line(parser *p)
{
    while (p->at < p->end && *p->at != '\n') p->at++;
    advance(p);
}

u32 hash_of(const char *text, size_t length)
{
    u32 hash = 2166136261U;
    for (size_t k = 0; k < length; k++) hash = (hash ^ (u8)text[k]) * 16777619U;
    return hash ^ hash >> 15;
}

void *grown(parser *p, void *items, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity) return items;
    const size_t more = *capacity ? *capacity * 2 : 64;
    void *larger = realloc(items, more * bytes);
    if (!larger) refuse(p, "out of memory");
    memset((char *)larger + *capacity * bytes, 0, (more - *capacity) * bytes);
    *capacity = more;
    return larger;
}
