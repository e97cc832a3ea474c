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
    return fault_set(f, status, "%s", vecdot_last_error());
}

void quote_bytes(char quoted[64], const char *bytes, size_t length)
{
    size_t shown = length <= 60 ? length : 57;
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)bytes[i];
        quoted[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    memcpy(quoted + shown, length <= 60 ? "" : "...", length <= 60 ? 1 : 4);
}
