/* Parses the dictionary in a .npy header: only the few Python literals that it may contain. Pure; never
 * reads past the end of the text. */
#include "dtypes.h"
#include "npy/npy.h"

#include <inttypes.h>
#include <string.h>

typedef struct cursor {
    const char *at;
    const char *end;
    fault *f;
} cursor;

typedef struct span {
    const char *text;
    size_t length;
} span;

static bool span_is(span s, const char *word)
{
    return s.length == strlen(word) && memcmp(s.text, word, s.length) == 0;
}

static bool malformed(cursor *c, const char *expected)
{
    char seen[QUOTE_BYTES];
    quote_bytes(seen, c->at, (size_t)(c->end - c->at));
    return fault_set(c->f, VECDOT_SUCCESS, "its header is malformed: expected %s at \"%s\"", expected, seen);
}

static void skip_space(cursor *c)
{
    while (c->at < c->end && memchr(" \t\r\n\f", *c->at, 5) != NULL) c->at++;
}

/* Skips one character if it is the wanted one. */
static bool take(cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted) return false;
    c->at++;
    return true;
}

static bool parse_string(cursor *c, const char *what, span *s)
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return malformed(c, what);
    const char *start = c->at + 1;
    const char *stop = memchr(start, *c->at, (size_t)(c->end - start));
    if (stop == NULL) return malformed(c, "a closed string");
    *s = (span){start, (size_t)(stop - start)};
    if (memchr(start, '\\', s->length) != NULL) return malformed(c, "a string without escapes");
    c->at = stop + 1;
    return true;
}

static bool parse_bool(cursor *c, bool *value)
{
    skip_space(c);
    span left = {c->at, (size_t)(c->end - c->at)};
    *value = left.length >= 4 && memcmp(left.text, "True", 4) == 0;
    if (!*value && (left.length < 5 || memcmp(left.text, "False", 5) != 0))
        return malformed(c, "True or False for 'fortran_order'");
    c->at += *value ? 4 : 5;
    return true;
}

static bool parse_size(cursor *c, int64_t *size)
{
    skip_space(c);
    const char *start = c->at;
    int64_t value = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        int digit = *c->at - '0';
        if (value > (INT64_MAX - digit) / 10) {
            c->at = start;
            return fault_set(c->f, VECDOT_ERROR_OVERFLOW, "its shape has a size beyond 2**63 - 1");
        }
        value = value * 10 + digit;
    }
    if (c->at == start) return malformed(c, "a size (a whole number from 0)");
    if (c->at < c->end && *c->at == 'L') c->at++; /* a long integer of Python 2 */
    *size = value;
    return true;
}

static bool parse_shape(cursor *c, npy_header *header)
{
    if (!take(c, '(')) return malformed(c, "a tuple for 'shape'");
    header->ndim = 0;
    bool comma = true;
    while (!take(c, ')')) {
        int64_t size = 0;
        if (!comma) return malformed(c, "',' or ')' in 'shape'");
        if (!parse_size(c, &size)) return false;
        if (header->ndim == VECDOT_MAX_NDIM)
            return fault_set(c->f, VECDOT_ERROR_NDIM, "it has more than %d dimensions", VECDOT_MAX_NDIM);
        header->shape[header->ndim++] = size;
        comma = take(c, ',');
    }
    return header->ndim != 1 || comma || malformed(c, "a tuple for 'shape', (n,), before this, not (n)");
}

/* ---- The dtype ----------------------------------------------------------------------------------- */

static bool refuse_dtype(fault *f, span descr, const char *why)
{
    char quoted[QUOTE_BYTES];
    quote_bytes(quoted, descr.text, descr.length);
    return fault_set(f, VECDOT_ERROR_DTYPE, "its dtype '%s' cannot be used: %s", quoted, why);
}

static const char *why_not(char kind, uint64_t bytes)
{
    if ((kind == 'f' && bytes > 8) || (kind == 'c' && bytes > 16))
        return "no device computes in extended precision; save a.astype('float64') or 'complex128'";
    if (kind == 'V' && bytes == 2) return "raw bytes; if it is bfloat16 say --bf16";
    switch (kind) {
    case 'O': return "Python objects; save an array of numbers";
    case 'S':
    case 'U':
    case 'a': return "text; save an array of numbers";
    case 'M':
    case 'm': return "dates and times; save a.astype('int64')";
    case 'V': return "raw bytes; save an array of numbers";
    default: return "it is not known";
    }
}

static bool native_is_little(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

/* Parses "<f4": an optional byte order, a kind and a number of bytes. */
static bool decode_descr(span descr, npy_v2 v2, DLDataType *dtype, fault *f)
{
    const char *at = descr.text, *end = descr.text + descr.length;
    char order = at < end && memchr("<>|=", *at, 4) != NULL ? *at++ : '=';
    char kind = at < end ? *at++ : '\0';
    uint64_t bytes = 0;
    if (kind == '?' && at == end) return *dtype = VECDOT_BOOL, true;
    for (; at < end && *at >= '0' && *at <= '9' && bytes < 1000000; at++)
        bytes = bytes * 10 + (uint64_t)(*at - '0');

    const dtype_row *row = at == end ? dtype_row_of_npy(kind, bytes) : NULL;
    if (row == NULL || (kind == 'V' && v2 == NPY_V2_REFUSED))
        return refuse_dtype(f, descr, why_not(kind, bytes));
    bool swapped = order == (native_is_little() ? '>' : '<');
    if (swapped && bytes > 1)
        return refuse_dtype(f, descr, "bytes in the other order; save a.astype(a.dtype.newbyteorder('='))");
    *dtype = dtype_row_type(row);
    return true;
}

static bool parse_dtype(cursor *c, npy_v2 v2, npy_header *header)
{
    skip_space(c);
    if (c->at < c->end && (*c->at == '[' || *c->at == '(')) {
        span rest = {c->at, (size_t)(c->end - c->at)};
        return refuse_dtype(c->f, rest, "it is structured; save one field, a['name']");
    }
    span descr = {NULL, 0};
    return parse_string(c, "a dtype such as '<f4' for 'descr'", &descr) &&
           decode_descr(descr, v2, &header->dtype, c->f);
}

/* ---- The dictionary ------------------------------------------------------------------------------ */

enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7 };

static bool parse_entry(cursor *c, npy_v2 v2, npy_header *header, int *seen)
{
    span key = {NULL, 0};
    if (!parse_string(c, "a key or '}'", &key)) return false;
    int which = span_is(key, "descr")           ? HAS_DESCR
                : span_is(key, "fortran_order") ? HAS_ORDER
                : span_is(key, "shape")         ? HAS_SHAPE
                                                : 0;
    if (which == 0 || (*seen & which) != 0) {
        char quoted[QUOTE_BYTES];
        quote_bytes(quoted, key.text, key.length);
        return fault_set(c->f, VECDOT_SUCCESS, "its header is malformed: the key '%s' is %s", quoted,
                         which == 0 ? "not known" : "there twice");
    }
    *seen |= which;
    if (!take(c, ':')) return malformed(c, "':'");
    if (which == HAS_DESCR) return parse_dtype(c, v2, header);
    return which == HAS_ORDER ? parse_bool(c, &header->fortran_order) : parse_shape(c, header);
}

bool npy_header_parse(const char *text, size_t length, npy_v2 v2, npy_header *header, fault *f)
{
    cursor c = {text, text + length, f};
    int seen = 0;
    if (!take(&c, '{')) return malformed(&c, "'{'");
    bool comma = true;
    while (!take(&c, '}')) {
        if (!comma) return malformed(&c, "',' or '}'");
        if (!parse_entry(&c, v2, header, &seen)) return false;
        comma = take(&c, ',');
    }
    skip_space(&c);
    if (c.at != c.end) return malformed(&c, "nothing after '}'");
    if (seen == HAS_ALL) return true;
    return fault_set(f, VECDOT_SUCCESS, "its header is malformed: the key '%s' is missing",
                     (seen & HAS_DESCR) == 0   ? "descr"
                     : (seen & HAS_ORDER) == 0 ? "fortran_order"
                                               : "shape");
}

bool npy_header_extent(const npy_header *header, int64_t *elements, int64_t *bytes, fault *f)
{
    int64_t product = 1, item = header->dtype.bits / 8;
    bool empty = false;
    for (int32_t i = 0; i < header->ndim; i++) {
        int64_t size = header->shape[i];
        if (size == 0) {
            empty = true;
        } else if (product > INT64_MAX / item / size) {
            return fault_set(f, VECDOT_ERROR_OVERFLOW, "its shape has more elements than can be counted");
        } else {
            product *= size;
        }
    }
    *elements = empty ? 0 : product;
    *bytes = *elements * item;
    return true;
}
