/* Text written into a caller's buffer of fixed size: stores what fits and counts the rest. It never
 * allocates and never fails. vecdot_explain, vecdot_diagnose and the messages with shapes use it. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/base/status.h"

typedef struct text {
    char *data;
    size_t capacity;
    size_t length; /* of the whole text without the NUL, including what did not fit */
} text;

void text_add(text *t, const char *format, ...) PRINTF_LIKE(2, 3);

/* Adds the length of `part` and then `part`, so that two different lists of parts never give the same
 * text. */
void text_add_part(text *t, const char *part);

/* Adds a line NAME=value, after the indent, for each of the environment variables that is set. */
void text_add_environment(text *t, const char *indent, const char *const *names, size_t count);

/* Whether `part`, which is in lower case, occurs in `name`. Case is ignored. */
int text_contains(const char *name, const char *part);

/* The message without `start`, if it begins with that. */
const char *text_after(const char *message, const char *start);

/* Adds a shape as NumPy prints it: "(2, 3)", "(2,)" or "()". */
void text_add_shape(text *t, int ndim, const int64_t *shape);

#endif
