/* A growing view of a caller's text buffer: writes what fits, counts what would. Behind vecdot_explain,
 * vecdot_diagnose and the messages that print shapes. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/base/status.h"

typedef struct text {
    char *data;
    size_t capacity;
    size_t length; /* of the whole text, without the NUL, whether it fits or not */
} text;

void text_add(text *t, const char *format, ...) PRINTF_LIKE(2, 3);

/* A part of a whole that is compared: with its length, so that it is clear where the next one begins. */
void text_add_part(text *t, const char *part);

/* Whether `part`, in lower case, occurs in `name` in either case. */
int text_contains(const char *name, const char *part);

/* "(2, 3)", "(2,)" or "()". */
void text_add_shape(text *t, int ndim, const int64_t *shape);

#endif
