/* Prints arrays and elements as text. */
#include "print.h"

#include "value.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "%.17g" of a double takes at most 24 characters. */
enum { REAL_TEXT = 40 };

/* Writes the fewest significant digits that read back as the same number of the dtype. */
static void print_real(char text[REAL_TEXT], double x, DLDataType type)
{
    int digits, lowest;
    float_format(type, &digits, &lowest);
    int fewest = (digits - 1) * 30103 / 100000; /* decimal digits that every number of this format can hold */
    strcpy(text, "nan");                        /* no sign */
    for (int places = fewest; places <= fewest + 3 && !isnan(x); places++) {
        char all[400];
        snprintf(all, sizeof all, "%.*g", places, x);
        all[REAL_TEXT - 1] = '\0';
        strcpy(text, all);
        if (round_to_bits(strtod(text, NULL), digits, lowest) == x) break;
    }
}

void print_value(char text[VALUE_TEXT], DLDataType type, const void *at)
{
    value v = value_load(type, at);
    char re[REAL_TEXT], im[REAL_TEXT];
    switch (type.code) {
    case VECDOT_DLBOOL: strcpy(text, v.integer != 0 ? "True" : "False"); break;
    case kDLInt: snprintf(text, VALUE_TEXT, "%" PRId64, (int64_t)v.integer); break;
    case kDLUInt: snprintf(text, VALUE_TEXT, "%" PRIu64, v.integer); break;
    case kDLComplex:
        print_real(re, v.re, type);
        print_real(im, v.im, type);
        snprintf(text, VALUE_TEXT, "%s%s%sj", re, im[0] == '-' ? "" : "+", im);
        break;
    default: print_real(re, v.re, type); strcpy(text, re);
    }
}

int64_t array_elements(const DLTensor *array)
{
    int64_t elements = 1;
    for (int32_t i = 0; i < array->ndim; i++)
        if (array->shape[i] == 0) return 0;
    for (int32_t i = 0; i < array->ndim; i++) elements *= array->shape[i];
    return elements;
}

typedef struct printer {
    FILE *stream;
    const DLTensor *array;
    bool summarise;
    bool gap; /* print a blank line before the next row */
} printer;

enum { SHOWN = 3 };

static void print_line_value(printer *p, int64_t index, const char *after)
{
    char text[VALUE_TEXT];
    const char *data = (const char *)p->array->data + p->array->byte_offset;
    print_value(text, p->array->dtype, data + index * (p->array->dtype.bits / 8));
    fprintf(p->stream, "%s%s", text, after);
}

/* Prints dimension `d` and all dimensions inside it, from element `index` on. Elements of dimension d are
 * `stride` apart. */
static void print_dimension(printer *p, int32_t d, int64_t index, int64_t stride)
{
    int64_t size = p->array->shape[d];
    bool line = d == p->array->ndim - 1;
    if (line && p->gap) {
        fputc('\n', p->stream);
        p->gap = false;
    }
    for (int64_t i = 0; i < size; i++) {
        const char *after = line && d > 0 && i + 1 < size ? " " : "\n";
        if (p->summarise && size > 2 * SHOWN && i == SHOWN) {
            fprintf(p->stream, "...%s", line ? after : "\n");
            i = size - SHOWN;
            after = line && d > 0 && i + 1 < size ? " " : "\n";
        }
        if (line)
            print_line_value(p, index + i * stride, after);
        else
            print_dimension(p, d + 1, index + i * stride, stride / p->array->shape[d + 1]);
    }
    if (d == p->array->ndim - 2) p->gap = true;
}

void print_array(FILE *stream, const DLTensor *array, bool summarise)
{
    printer p = {stream, array, summarise, false};
    int64_t elements = array_elements(array);
    if (elements == 0) return;
    if (array->ndim == 0)
        print_line_value(&p, 0, "\n");
    else
        print_dimension(&p, 0, 0, elements / array->shape[0]);
}
