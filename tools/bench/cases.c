/* Makes problems of cases, smaller for small devices and for --scale, and of --shape. */
#include "bench/bench.h"

#include "dtypes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "15" matches 15a and 15b. */
static bool number_matches(const char *number, const char *wanted)
{
    size_t length = strlen(wanted);
    return strncmp(number, wanted, length) == 0 &&
           (number[length] == '\0' || number[length] == 'a' || number[length] == 'b');
}

bool bench_case_selected(const bench_case *row, const options *o)
{
    for (int i = 0; i < o->operand_count; i++)
        if (number_matches(row->number, o->operands[i])) return true;
    return o->operand_count == 0;
}

bool bench_numbers_known(const bench_list *list, const options *o, fault *f)
{
    for (int i = 0; i < o->operand_count; i++) {
        bool known = false;
        for (int k = 0; k < list->count; k++)
            known = known || number_matches(list->rows[k].number, o->operands[i]);
        if (!known)
            return fault_set(f, VECDOT_SUCCESS, "unknown case '%s': %s", o->operands[i], list->numbers);
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

static bool problem_of(const bench_case *row, const int64_t size[3], bench_problem *p, fault *f)
{
    const vecdot_options defaults = VECDOT_OPTIONS_INIT;
    *p = (bench_problem){.number = row->number,
                         .title = row->title,
                         .kind = row->kind,
                         .zeros = strcmp(row->dtype1, "bool") == 0,
                         .options = defaults};
    p->x[0].dtype = dtype_row_type(dtype_row_named(row->dtype1));
    p->x[1].dtype = dtype_row_type(dtype_row_named(row->dtype2));
    if (row->dtype != NULL) p->options.dtype = dtype_row_type(dtype_row_named(row->dtype));
    p->options.axis[0] = spell(row->shape1, size, &p->x[0]);
    p->options.axis[1] = spell(row->shape2, size, &p->x[1]);
    apply_layout(p, row->layout);
    return complete(p, f);
}

/* Halves the largest size that may shrink; an odd size stays odd. Returns false when none can shrink. */
static bool shrink(const bench_case *row, int64_t size[3])
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

static bool is_product(const bench_case *row)
{
    return strchr(row->shape1, '1') != NULL;
}

static bool fits(const bench_case *row, const bench_problem *p, const bench_scale *scale)
{
    double largest = 0;
    for (int i = 0; i < 2; i++)
        if ((double)bench_storage_bytes(&p->x[i]) > largest) largest = (double)bench_storage_bytes(&p->x[i]);
    if (p->bytes_out > largest) largest = p->bytes_out;
    if (largest > scale->limit || p->bytes_in + p->bytes_out > 4 * scale->limit) return false;
    if (scale->bytes > 0 && p->bytes_in > scale->bytes * 1.001 + 64) return false;
    return scale->bytes == 0 || !is_product(row) || p->operations <= scale->operations;
}

bool bench_problem_from_case(const bench_case *row, const bench_scale *scale, bench_problem *p, fault *f)
{
    int64_t size[3] = {row->m, row->k, row->n};
    do {
        if (!problem_of(row, size, p, f)) return false;
    } while (!fits(row, p, scale) && shrink(row, size));
    return true;
}

bool bench_problem_sized(const char *number, double bytes, double operations, bench_problem *p, fault *f)
{
    const bench_scale scale = {.bytes = bytes, .operations = operations, .limit = bytes};
    const bench_list *list = &bench_all_cases;
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->rows[i].number, number) == 0)
            return bench_problem_from_case(&list->rows[i], &scale, p, f);
    return fault_set(f, VECDOT_SUCCESS, "there is no case %s", number);
}

/* ---- --shape, --dtype, --scale ------------------------------------------------------------------- */

/* Parses "65536x4096" up to a comma or the end. */
static bool parse_shape(const char *text, bench_operand *a, fault *f)
{
    int64_t limit = (int64_t)1 << 40, elements = 1;
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

bool bench_problem_from_shape(const options *o, const bench_scale *scale, const char *shape, bench_problem *p,
                              fault *f)
{
    const char *comma = strchr(shape, ',');
    *p = (bench_problem){.number = "-",
                         .title = shape,
                         .kind = scale->everyday ? KIND_CALL : KIND_STREAM,
                         .options = o->contract};
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
    *scale = (bench_scale){.name = text, .list = &bench_all_cases, .operations = 4.3e9, .limit = all / 5};
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
    if (strcmp(text, "everyday") == 0) {
        scale->list = &bench_everyday_cases;
        scale->everyday = true;
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
    return fault_set(f, VECDOT_SUCCESS,
                     "--scale wants dram, cache, everyday, tiny or a number of MiB, not '%.40s'", text);
}
