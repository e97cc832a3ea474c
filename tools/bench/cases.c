/* The cases of the benchmark as data. Cases are made smaller for small devices and for --scale. */
#include "bench/bench.h"

#include "dtypes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POWER(n) ((int64_t)1 << (n))

/* Shapes are letters: n is the size of the sum, m and k are other sizes, 1 is 1. `shrinks` lists the sizes
 * that a smaller scale reduces. */
typedef struct case_row {
    const char *number, *title;
    const char *dtype1, *dtype2;
    const char *shape1, *shape2;
    int64_t m, k, n;
    const char *shrinks;
    bench_layout layout;
    bench_kind kind;
} case_row;

static const case_row rows[] = {
    {"1", "1-D", "f32", "f32", "n", "n", 1, 1, POWER(28), "n", LAYOUT_C, KIND_STREAM},
    {"2", "1-D", "f64", "f64", "n", "n", 1, 1, POWER(27), "n", LAYOUT_C, KIND_STREAM},
    {"3a", "1-D", "f16", "f16", "n", "n", 1, 1, POWER(29), "n", LAYOUT_C, KIND_STREAM},
    {"3b", "1-D", "bf16", "bf16", "n", "n", 1, 1, POWER(29), "n", LAYOUT_C, KIND_STREAM},
    {"4", "1-D", "i8", "i8", "n", "n", 1, 1, POWER(30), "n", LAYOUT_C, KIND_STREAM},
    {"5", "1-D, all false", "bool", "bool", "n", "n", 1, 1, POWER(30), "n", LAYOUT_C, KIND_STREAM},
    {"6", "1-D", "c64", "c64", "n", "n", 1, 1, POWER(27), "n", LAYOUT_C, KIND_STREAM},
    {"7", "rows of 4096", "f32", "f32", "mn", "mn", POWER(16), 1, 4096, "m", LAYOUT_C, KIND_STREAM},
    {"8", "rows of 64", "f32", "f32", "mn", "mn", POWER(22), 1, 64, "m", LAYOUT_C, KIND_STREAM},
    {"9", "rows of 8", "f32", "f32", "mn", "mn", POWER(24), 1, 8, "m", LAYOUT_C, KIND_STREAM},
    {"10", "rows of 3", "f32", "f32", "mn", "mn", POWER(25), 1, 3, "m", LAYOUT_C, KIND_STREAM},
    {"11", "few long rows", "f32", "f32", "mn", "mn", 200, 1, POWER(20), "n", LAYOUT_C, KIND_STREAM},
    {"12", "axis 0, many columns", "f32", "f32", "nm", "nm", POWER(16), 1, 4096, "mn", LAYOUT_C, KIND_STREAM},
    {"13", "axis 0, few columns", "f32", "f32", "nm", "nm", 64, 1, POWER(22), "n", LAYOUT_C, KIND_STREAM},
    {"14", "the middle axis", "f32", "f32", "mnk", "mnk", 64, 2048, 2048, "mkn", LAYOUT_C, KIND_STREAM},
    {"15a", "C with Fortran order", "f32", "f32", "mn", "mn", 8192, 1, 32768, "mn", LAYOUT_C_AND_F,
     KIND_STREAM},
    {"15b", "both in Fortran order", "f32", "f32", "mn", "mn", 8192, 1, 32768, "mn", LAYOUT_F, KIND_STREAM},
    {"16", "x[1:] with y[1:]", "f32", "f32", "n", "n", 1, 1, POWER(28), "n", LAYOUT_OFFSET, KIND_STREAM},
    {"17", "x[::2] with y[::2]", "f32", "f32", "n", "n", 1, 1, POWER(27), "n", LAYOUT_EVERY_OTHER,
     KIND_STREAM},
    {"18", "x[::-1] with y", "f32", "f32", "n", "n", 1, 1, POWER(28), "n", LAYOUT_REVERSED, KIND_STREAM},
    {"19", "rows with one vector", "f32", "f32", "mn", "n", POWER(16), 1, 8192, "m", LAYOUT_C, KIND_STREAM},
    {"20", "a product of matrices", "f32", "f32", "m1n", "1kn", 4096, 4096, 4096, "mkn", LAYOUT_C,
     KIND_STREAM},
    {"21", "8 with 8 long rows", "f32", "f32", "m1n", "1kn", 8, 8, POWER(24), "n", LAYOUT_C, KIND_STREAM},
    {"22", "a skinny product", "f32", "f32", "m1n", "1kn", POWER(20), 16, 128, "m", LAYOUT_C, KIND_STREAM},
    {"23", "1-D, two dtypes", "f16", "f32", "n", "n", 1, 1, POWER(28), "n", LAYOUT_C, KIND_STREAM},
    {"24a", "a small sum", "f32", "f32", "n", "n", 1, 1, 1024, "", LAYOUT_C, KIND_LAUNCH},
    {"24b", "a small matrix", "f32", "f32", "mn", "mn", 1000, 1, 1000, "", LAYOUT_C, KIND_LAUNCH},
    {"25", "1-D, an odd size", "i8", "i8", "n", "n", 1, 1, POWER(32) + 1, "n", LAYOUT_C, KIND_STREAM},
    {"26", "1-D", "c128", "c128", "n", "n", 1, 1, POWER(26), "n", LAYOUT_C, KIND_STREAM},
    {"27", "equal bits", "f32", "f32", "n", "n", 1, 1, POWER(20), "n", LAYOUT_C, KIND_BITS},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

int bench_case_count(void)
{
    return ROWS;
}

/* "15" matches 15a and 15b. */
static bool number_matches(const char *number, const char *wanted)
{
    size_t length = strlen(wanted);
    return strncmp(number, wanted, length) == 0 &&
           (number[length] == '\0' || number[length] == 'a' || number[length] == 'b');
}

bool bench_case_selected(int index, const options *o)
{
    for (int i = 0; i < o->operand_count; i++)
        if (number_matches(rows[index].number, o->operands[i])) return true;
    return o->operand_count == 0;
}

bool bench_numbers_known(const options *o, fault *f)
{
    for (int i = 0; i < o->operand_count; i++) {
        bool known = false;
        for (int k = 0; k < ROWS; k++) known = known || number_matches(rows[k].number, o->operands[i]);
        if (!known)
            return fault_set(f, VECDOT_SUCCESS, "unknown case '%s': 1 to 27, 3a, 3b and so on",
                             o->operands[i]);
    }
    return true;
}

/* ---- Problems ------------------------------------------------------------------------------------ */

static int64_t elements_of(const bench_operand *a)
{
    int64_t count = 1;
    for (int32_t d = 0; d < a->ndim; d++) count *= a->shape[d];
    return count;
}

static void lay_out(bench_operand *a, bool fortran, int64_t step)
{
    int64_t stride = step;
    for (int32_t i = 0; i < a->ndim; i++) {
        int32_t d = fortran ? i : a->ndim - 1 - i;
        a->strides[d] = stride;
        stride *= a->shape[d];
    }
    a->offset = 0;
    a->storage = elements_of(a) * step;
}

static void apply_layout(bench_problem *p, bench_layout layout)
{
    for (int i = 0; i < 2; i++) {
        bench_operand *a = &p->x[i];
        lay_out(a, layout == LAYOUT_F || (layout == LAYOUT_C_AND_F && i == 1),
                layout == LAYOUT_EVERY_OTHER ? 2 : 1);
        if (layout == LAYOUT_OFFSET) a->offset = 1, a->storage++;
        if (layout != LAYOUT_REVERSED || i != 0) continue;
        for (int32_t d = 0; d < a->ndim; d++) a->strides[d] = -a->strides[d];
        a->offset = a->storage - 1;
    }
}

size_t bench_storage_bytes(const bench_operand *operand)
{
    return (size_t)operand->storage * operand->dtype.bits / 8;
}

/* Works out the output and the sums from the operands. */
static bool complete(bench_problem *p, fault *f)
{
    DLTensor x[2];
    int64_t shape[VECDOT_MAX_NDIM] = {0};
    for (int i = 0; i < 2; i++)
        x[i] = (DLTensor){.device = {kDLCPU, 0},
                          .ndim = p->x[i].ndim,
                          .dtype = p->x[i].dtype,
                          .shape = p->x[i].shape,
                          .strides = p->x[i].strides};
    vecdot_status status = vecdot_result(&x[0], &x[1], &p->options, &p->out.dtype, &p->out.ndim, shape);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    if (p->out.ndim > BENCH_NDIM)
        return fault_set(f, VECDOT_ERROR_NDIM, "at most %d dimensions, not %d", BENCH_NDIM, p->out.ndim);
    memcpy(p->out.shape, shape, sizeof p->out.shape);
    lay_out(&p->out, false, 1);
    int32_t axis = p->options.axis[0];
    p->terms = p->x[0].shape[axis < 0 ? axis + p->x[0].ndim : axis];
    p->bytes_in = (double)bench_storage_bytes(&p->x[0]) + (double)bench_storage_bytes(&p->x[1]);
    p->bytes_out = (double)bench_storage_bytes(&p->out);
    p->operations = (p->out.dtype.code == kDLComplex ? 8.0 : 2.0) * (double)p->terms * (double)p->out.storage;
    return true;
}

/* Converts the letters to a shape. Returns the position of n. */
static int32_t spell(const char *letters, const int64_t size[3], bench_operand *a)
{
    int32_t axis = 0;
    a->ndim = (int32_t)strlen(letters);
    for (int32_t d = 0; d < a->ndim; d++) {
        char c = letters[d];
        a->shape[d] = c == 'm' ? size[0] : c == 'k' ? size[1] : c == 'n' ? size[2] : 1;
        if (c == 'n') axis = d;
    }
    return axis;
}

static bool problem_of(const case_row *row, const int64_t size[3], bench_problem *p, fault *f)
{
    const vecdot_options defaults = VECDOT_OPTIONS_INIT;
    *p = (bench_problem){.number = row->number,
                         .title = row->title,
                         .kind = row->kind,
                         .zeros = strcmp(row->number, "5") == 0,
                         .options = defaults};
    p->x[0].dtype = dtype_row_type(dtype_row_named(row->dtype1));
    p->x[1].dtype = dtype_row_type(dtype_row_named(row->dtype2));
    p->options.axis[0] = spell(row->shape1, size, &p->x[0]);
    p->options.axis[1] = spell(row->shape2, size, &p->x[1]);
    apply_layout(p, row->layout);
    return complete(p, f);
}

/* Halves the largest size that may shrink; an odd size stays odd. Returns false when none can shrink. */
static bool shrink(const case_row *row, int64_t size[3])
{
    int64_t *largest = NULL;
    for (const char *c = row->shrinks; *c != '\0'; c++) {
        int64_t *candidate = &size[*c == 'm' ? 0 : *c == 'k' ? 1 : 2];
        if (*candidate > 3 && (largest == NULL || *candidate > *largest)) largest = candidate;
    }
    if (largest == NULL) return false;
    *largest = *largest / 2 | (*largest & 1);
    return true;
}

static bool is_product(const case_row *row)
{
    return strchr(row->shape1, '1') != NULL;
}

static bool fits(const case_row *row, const bench_problem *p, const bench_scale *scale)
{
    double largest = 0;
    for (int i = 0; i < 2; i++)
        if ((double)bench_storage_bytes(&p->x[i]) > largest) largest = (double)bench_storage_bytes(&p->x[i]);
    if (p->bytes_out > largest) largest = p->bytes_out;
    if (largest > scale->limit || p->bytes_in + p->bytes_out > 4 * scale->limit) return false;
    if (scale->bytes > 0 && p->bytes_in > scale->bytes * 1.001 + 64) return false;
    return scale->bytes == 0 || !is_product(row) || p->operations <= scale->operations;
}

static bool scaled_problem(const case_row *row, const bench_scale *scale, bench_problem *p, fault *f)
{
    int64_t size[3] = {row->m, row->k, row->n};
    do {
        if (!problem_of(row, size, p, f)) return false;
    } while (!fits(row, p, scale) && shrink(row, size));
    return true;
}

bool bench_problem_from_case(int index, const bench_scale *scale, bench_problem *p, fault *f)
{
    return scaled_problem(&rows[index], scale, p, f);
}

bool bench_problem_sized(const char *number, double bytes, double operations, bench_problem *p, fault *f)
{
    const bench_scale scale = {.bytes = bytes, .operations = operations, .limit = bytes};
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].number, number) == 0) return scaled_problem(&rows[i], &scale, p, f);
    return fault_set(f, VECDOT_SUCCESS, "there is no case %s", number);
}

/* ---- --shape, --dtype, --scale ------------------------------------------------------------------- */

/* Parses "65536x4096" up to a comma or the end. */
static bool parse_shape(const char *text, bench_operand *a, fault *f)
{
    int64_t limit = POWER(40), elements = 1;
    for (a->ndim = 0; a->ndim < BENCH_NDIM; text++) {
        char *end;
        errno = 0;
        long long size = strtoll(text, &end, 10);
        if (end == text || errno != 0 || size < 1 || size > limit / elements) break;
        elements *= size;
        a->shape[a->ndim++] = size;
        text = end;
        if (*text == '\0' || *text == ',') return true;
        if (*text != 'x') break;
    }
    return fault_set(f, VECDOT_SUCCESS, "--shape wants 1 to %d sizes such as 65536x4096,4096, not '%.40s'",
                     BENCH_NDIM, text);
}

static bool parse_dtypes(const char *text, bench_problem *p, fault *f)
{
    const char *comma = strchr(text, ',');
    for (int i = 0; i < 2; i++) {
        const char *begin = i == 1 && comma != NULL ? comma + 1 : text;
        size_t length = i == 0 && comma != NULL ? (size_t)(comma - text) : strlen(begin);
        char name[16] = "";
        if (length < sizeof name) memcpy(name, begin, length);
        const dtype_row *row = dtype_row_named(name);
        if (row == NULL) return fault_set(f, VECDOT_SUCCESS, "unknown dtype in '%.40s'", text);
        p->x[i].dtype = dtype_row_type(row);
    }
    return true;
}

bool bench_problem_from_shape(const options *o, const char *shape, bench_problem *p, fault *f)
{
    const char *comma = strchr(shape, ',');
    *p = (bench_problem){.number = "-", .title = shape, .kind = KIND_STREAM, .options = o->contract};
    if (!parse_shape(shape, &p->x[0], f)) return false;
    if (!parse_shape(comma != NULL ? comma + 1 : shape, &p->x[1], f)) return false;
    if (!parse_dtypes(o->dtypes != NULL ? o->dtypes : "f32", p, f)) return false;
    apply_layout(p, LAYOUT_C);
    return complete(p, f);
}

bool bench_scale_parse(const char *text, const vecdot_device_info *info, bench_scale *scale, fault *f)
{
    const double mib = 1048576, all = (double)info->memory_bytes;
    bool host = info->shares_host_memory != 0;
    *scale = (bench_scale){.name = text, .operations = 4.3e9, .limit = all / 5};
    if (!host && (double)info->max_alloc_bytes < scale->limit) scale->limit = (double)info->max_alloc_bytes;
    if (strcmp(text, "dram") == 0) {
        scale->bytes = host ? 256 * mib : 0;
        scale->rotate = true;
        return true;
    }
    if (strcmp(text, "cache") == 0) {
        scale->bytes = host ? mib : 16 * mib;
        return true;
    }
    if (strcmp(text, "tiny") == 0) {
        scale->bytes = mib / 16;
        scale->operations = 1e5;
        return true;
    }
    char *end;
    long number = strtol(text, &end, 10);
    scale->bytes = (double)number * mib;
    scale->rotate = true;
    if (end != text && *end == '\0' && number >= 1 && number <= 1 << 20) return true;
    return fault_set(f, VECDOT_SUCCESS, "--scale wants dram, cache, tiny or a number of MiB, not '%.40s'",
                     text);
}
