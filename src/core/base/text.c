/* Writes text into a buffer of fixed size and counts the length of the whole text. */
#include "core/base/text.h"

#include "core/base/os.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_add(text *t, const char *format, ...)
{
    size_t room = t->length < t->capacity ? t->capacity - t->length : 0;
    va_list args;
    va_start(args, format);
    int written = vsnprintf(room > 0 ? t->data + t->length : NULL, room, format, args);
    va_end(args);
    if (written > 0) t->length += (size_t)written;
}

void text_add_part(text *t, const char *part)
{
    text_add(t, "%zu:%s\n", strlen(part), part);
}

void text_add_shape(text *t, int ndim, const int64_t *shape)
{
    text_add(t, "(");
    for (int i = 0; i < ndim; i++) text_add(t, "%s%" PRId64, i > 0 ? ", " : "", shape[i]);
    text_add(t, ndim == 1 ? ",)" : ")");
}

void text_add_environment(text *t, const char *indent, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = environment_get(names[i]);
        if (value != NULL) text_add(t, "%s%s=%s\n", indent, names[i], value);
    }
}

const char *text_after(const char *message, const char *start)
{
    size_t length = strlen(start);
    return strncmp(message, start, length) == 0 ? message + length : message;
}

int text_contains(const char *name, const char *part)
{
    for (; *name != '\0'; name++) {
        size_t k = 0;
        while (part[k] != '\0' && tolower((unsigned char)name[k]) == part[k]) k++;
        if (part[k] == '\0') return 1;
    }
    return *part == '\0';
}
