/* The tables in tests/vectors: lines split at tabs, numbers and hex bytes read. A file that cannot be read,
 * or a line of the wrong width, ends the test program with a failure. */
#ifndef SUPPORT_VECTORS_H
#define SUPPORT_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#define VECTOR_COLUMNS 28

typedef struct table {
    char *text; /* the whole file, cut into strings */
    char **cells;
    size_t rows, columns;
} table;

/* Reads tests/vectors/<name>, or $VECDOT_TEST_VECTORS/<name>. The header line is row 0. */
table table_read(const char *name, size_t columns);
void table_free(table *t);

static inline const char *table_cell(const table *t, size_t row, size_t column)
{
    return t->cells[row * t->columns + column];
}

/* The index of the column with that heading. */
size_t table_column(const table *t, const char *heading);

/* "2,3" into values; "-" has none. Returns how many. */
int parse_list(const char *text, int64_t *values, int capacity);

/* Hex digits into bytes; "-" has none. Returns a new block (free it) and its size. */
unsigned char *parse_hex(const char *text, size_t *size);

#endif
