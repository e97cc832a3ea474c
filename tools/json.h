/* The little of JSON that needs care when it is written. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdio.h>

/* Writes a string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void json_string(FILE *stream, const char *text);

#endif
