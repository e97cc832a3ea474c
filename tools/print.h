/* Prints arrays in the layout of numpy.savetxt. One dimension: an element a line. Two: a row a line. More:
 * a blank line between matrices. */
#ifndef TOOLS_PRINT_H
#define TOOLS_PRINT_H

#include <stdbool.h>
#include <stdio.h>
#include <vecdot/vecdot.h>

enum { VALUE_TEXT = 96 };

/* Writes one element with the fewest digits that read back as the same value: "True", "False", "1.5-2j",
 * "nan", "inf". */
void print_value(char text[VALUE_TEXT], DLDataType type, const void *at);

/* Prints a C-contiguous host array. With summarise, a dimension longer than 6 shows 3 elements from each
 * end. */
void print_array(FILE *stream, const DLTensor *array, bool summarise);

int64_t array_elements(const DLTensor *array);

#endif
