/* Error texts that are short and printable whatever a file contains. */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool fault_set(fault *f, vecdot_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    f->status = status;
    return false;
}

bool fault_from_library(fault *f, vecdot_status status)
{
    const char *text = vecdot_last_error();
    size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    bool named = strncmp(text, "vecdot", 6) == 0 && strncmp(text + name, ": ", 2) == 0;
    return fault_set(f, status, "%s", named ? text + name + 2 : text);
}

static bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

void quote_bytes(char quoted[QUOTE_BYTES], const char *bytes, size_t length)
{
    static const char dots[] = "...";
    const bool fits = length < QUOTE_BYTES;
    const size_t shown = fits ? length : QUOTE_BYTES - sizeof dots;
    for (size_t i = 0; i < shown; i++) quoted[i] = is_printable(bytes[i]) ? bytes[i] : '?';
    strcpy(quoted + shown, fits ? "" : dots);
}
