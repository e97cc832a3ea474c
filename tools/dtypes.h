/* The library's dtypes by name and by .npy description. No other file of the command lists dtypes. */
#ifndef TOOLS_DTYPES_H
#define TOOLS_DTYPES_H

#include <stdbool.h>
#include <vecdot/vecdot.h>

typedef struct dtype_row {
    const char *name;  /* NumPy's, such as "float32" */
    const char *brief; /* such as "f32" */
    char kind;         /* the letter in a .npy description: 'f' in "<f4" */
    uint8_t code;      /* DLPack's code */
    uint8_t bits;
} dtype_row;

enum { DTYPE_ROWS = 15 };
extern const dtype_row dtype_rows[DTYPE_ROWS];

/* Returns NULL when there is no such dtype. */
const dtype_row *dtype_row_named(const char *name);
const dtype_row *dtype_row_of(DLDataType type);
const dtype_row *dtype_row_of_npy(char kind, uint64_t bytes);

DLDataType dtype_row_type(const dtype_row *row);

/* Writes "(3, 4)", "(3,)" or "()". A text that does not fit ends in "...". */
void describe_shape(char *text, size_t capacity, int32_t ndim, const int64_t *shape);

#endif
