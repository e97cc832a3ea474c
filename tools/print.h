/* Arrays as text, in the layout of numpy.savetxt: an element a line in one dimension, a row a line in two,
 * a blank line between matrices in more. */
#ifndef TOOLS_PRINT_H
#define TOOLS_PRINT_H

#include <stdbool.h>
#include <stdio.h>
#include <vecdot/vecdot.h>

enum { VALUE_TEXT = 96 };

/* Writes one element so that reading it back gives the same: the fewest digits that do, "True" and "False",
 * "1.5-2j", "nan", "inf". */
void print_value(char text[VALUE_TEXT], DLDataType type, const void *at);

/* Prints a C-contiguous host array. summarise: of a dimension longer than 6, show 3 from each end. */
void print_array(FILE *stream, const DLTensor *array, bool summarise);

/* The number of elements. */
int64_t array_elements(const DLTensor *array);

#endif
