/* The library's dtypes by name and by .npy description: one table, and all the command knows of dtypes. */
#ifndef TOOLS_DTYPES_H
#define TOOLS_DTYPES_H

#include <stdbool.h>
#include <vecdot/vecdot.h>

typedef struct dtype_row {
    const char *name;  /* NumPy's: "float32"                                 */
    const char *brief; /* "f32"                                              */
    char kind;         /* of the .npy description: 'f' of "<f4"              */
    uint8_t code;      /* DLPack's                                           */
    uint8_t bits;
} dtype_row;

enum { DTYPE_ROWS = 15 };
extern const dtype_row dtype_rows[DTYPE_ROWS];

/* NULL when there is none. */
const dtype_row *dtype_row_named(const char *name);
const dtype_row *dtype_row_of(DLDataType type);
const dtype_row *dtype_row_of_npy(char kind, uint64_t bytes);

DLDataType dtype_row_type(const dtype_row *row);

/* "(3, 4)", "(3,)", "()"; ends in "..." when it does not fit. */
void describe_shape(char *text, size_t capacity, int32_t ndim, const int64_t *shape);

#endif
