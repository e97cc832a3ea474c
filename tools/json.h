/* Writes JSON strings. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdio.h>

/* Writes a string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void json_string(FILE *stream, const char *text);

#endif
