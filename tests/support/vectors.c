/* Reading the tables in tests/vectors. */
#include "support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TEST_VECTORS_DIR
#define TEST_VECTORS_DIR "tests/vectors" /* tests run in the source folder */
#endif

static void die(const char *what, const char *which)
{
    fprintf(stderr, "test vectors: %s: %s\n", what, which);
    exit(EXIT_FAILURE);
}

static char *read_whole(const char *name, size_t *size)
{
    const char *folder = getenv("VECDOT_TEST_VECTORS");
    char path[4096], *text = NULL;
    size_t capacity = 0, got = 0;
    snprintf(path, sizeof path, "%s/%s", folder && *folder ? folder : TEST_VECTORS_DIR, name);
    FILE *file = fopen(path, "rb");
    if (!file) die("cannot open", path);
    do {
        capacity = 2 * capacity + 65536;
        char *larger = realloc(text, capacity + 1);
        if (!larger) die("out of memory", path);
        text = larger;
        got += fread(text + got, 1, capacity - got, file);
    } while (got == capacity);
    fclose(file);
    text[got] = 0;
    *size = got;
    return text;
}

table table_read(const char *name, size_t columns)
{
    table t = {NULL, NULL, 0, columns};
    size_t size, cell = 0;
    t.text = read_whole(name, &size);
    for (size_t i = 0; i < size; i++) t.rows += t.text[i] == '\n';
    t.cells = calloc(t.rows * columns + 1, sizeof *t.cells);
    if (!t.cells) die("out of memory", name);
    char *at = t.text;
    for (size_t row = 0; row < t.rows; row++) {
        for (size_t column = 0; column < columns; column++) {
            char *end = at + strcspn(at, "\t\r\n");
            if ((*end == '\t') != (column + 1 < columns)) die("a line has the wrong number of columns", name);
            t.cells[cell++] = at;
            at = end + (*end == '\r' ? 2 : 1);
            *end = 0;
        }
    }
    if (t.rows < 2) die("no lines", name);
    return t;
}

void table_free(table *t)
{
    free(t->cells);
    free(t->text);
    memset(t, 0, sizeof *t);
}

size_t table_column(const table *t, const char *heading)
{
    for (size_t i = 0; i < t->columns; i++) {
        if (strcmp(table_cell(t, 0, i), heading) == 0) return i;
    }
    die("no column", heading);
    return 0;
}

int parse_list(const char *text, int64_t *values, int capacity)
{
    int count = 0;
    if (strcmp(text, "-") == 0) return 0;
    while (count < capacity) {
        char *end;
        values[count++] = strtoll(text, &end, 10);
        if (*end == 0) return count;
        if (end == text || *end != ',') break;
        text = end + 1;
    }
    die("not a list of numbers", text);
    return 0;
}

unsigned char *parse_hex(const char *text, size_t *size)
{
    size_t length = strcmp(text, "-") == 0 ? 0 : strlen(text);
    unsigned char *bytes = calloc(length / 2 + 1, 1);
    if (!bytes || length % 2) die("not hex", text);
    for (size_t i = 0; i < length / 2; i++) {
        unsigned value;
        if (sscanf(text + 2 * i, "%2x", &value) != 1) die("not hex", text);
        bytes[i] = (unsigned char)value;
    }
    *size = length / 2;
    return bytes;
}
