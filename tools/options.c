/* Parses the command line. Options may stand between operands. "--name value" and "--name=value" mean the
 * same. */
#include "options.h"

#include "dtypes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum option_id {
    OPTION_HELP,
    OPTION_DEVICE,
    OPTION_JSON,
    OPTION_AXIS,
    OPTION_AXES,
    OPTION_KEEPDIMS,
    OPTION_DTYPE,
    OPTION_NO_CONJ,
    OPTION_REPRODUCIBLE,
    OPTION_OUTPUT,
    OPTION_BF16,
    OPTION_SHAPE,
    OPTION_SCALE,
    OPTION_RUNS,
    OPTION_DTYPES,
    OPTION_JSON_FILE,
    OPTION_MARKDOWN,
} option_id;

typedef struct option_row {
    const char *name, *brief;
    const char *value; /* its name in the help; NULL: the option takes none */
    option_id id;
    unsigned set; /* an option_set; 0: every sub-command takes it */
    const char *help;
} option_row;

#define NEXT "\n                   " /* starts the next line of a help text */

/* In the order of the help. */
static const option_row rows[] = {
    {"--axis", "", "N", OPTION_AXIS, TAKES_CONTRACT,
     "the axis to sum along, in each array; negative counts from" NEXT "the end (default -1, the last)"},
    {"--axes", "", "N,M", OPTION_AXES, TAKES_CONTRACT, "an axis for A and another for B"},
    {"--keepdims", "", NULL, OPTION_KEEPDIMS, TAKES_CONTRACT, "keep the summed axis, with size 1"},
    {"--dtype", "", "D", OPTION_DTYPE, TAKES_CONTRACT,
     "compute in this dtype: float32, int64, complex128, ..."},
    {"--no-conj", "", NULL, OPTION_NO_CONJ, TAKES_CONTRACT, "do not conjugate a complex A"},
    {"--reproducible", "", NULL, OPTION_REPRODUCIBLE, TAKES_CONTRACT,
     "sum products of matrices in the order of all other sums, and" NEXT "never by the vendor's BLAS"},
    {"--out", "-o", "FILE", OPTION_OUTPUT, TAKES_OUTPUT,
     "write the result as .npy; - is standard output. Without it" NEXT
     "the result is printed as numpy.savetxt would, each digit kept"},
    {"--bf16", "", NULL, OPTION_BF16, TAKES_BF16, "read two-byte raw data ('V2') as bfloat16"},
    {"--json", "", NULL, OPTION_JSON, TAKES_JSON, "everything that is known of each, as JSON"},
    {"--shape", "", "A[,B]", OPTION_SHAPE, TAKES_BENCH,
     "these shapes instead; A alone: both. Up to 64 times"},
    {"--axis", "", "N", OPTION_AXIS, TAKES_BENCH, "their axis (default -1)"},
    {"--dtype", "", "D[,E]", OPTION_DTYPES, TAKES_BENCH, "their dtypes (default float32)"},
    {"--scale", "", "S", OPTION_SCALE, TAKES_BENCH,
     "how large the inputs are: dram (the default: GiB on a GPU," NEXT
     "256 MiB on a CPU), cache, tiny, or a number of MiB; everyday:" NEXT
     "other cases, e1 to e51, of a microsecond to 20 milliseconds"},
    {"--runs", "", "N", OPTION_RUNS, TAKES_BENCH,
     "samples a case (default 7, at most 101); 0: only list them"},
    {"--json", "", "FILE", OPTION_JSON_FILE, TAKES_BENCH, "every sample and all about the device, too"},
    {"--markdown", "", NULL, OPTION_MARKDOWN, TAKES_BENCH, "the table as Markdown"},
    {"--device", "-d", "S", OPTION_DEVICE, TAKES_DEVICE,
     "auto, a backend, or one of its devices by number, kind or" NEXT
     "part of a name: opencl, opencl:1, opencl:gpu, opencl:intel;" NEXT
     "otherwise VECDOT_BACKEND and VECDOT_DEVICE decide"},
    {"--help", "-h", NULL, OPTION_HELP, 0, "this text"},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static bool takes(const command *self, const option_row *row)
{
    return row->set == 0 || (self->takes & row->set) != 0;
}

void options_print(const command *self)
{
    for (const option_row *row = rows; row < rows + ROWS; row++) {
        char names[64];
        if (!takes(self, row)) continue;
        snprintf(names, sizeof names, "%s%s%s%s%s", row->brief, row->brief[0] != '\0' ? ", " : "", row->name,
                 row->value != NULL ? " " : "", row->value != NULL ? row->value : "");
        printf("  %-16s %s\n", names, row->help);
    }
}

static bool usage(const command *self, const char *what, const char *which)
{
    fprintf(stderr, "vecdot %s: %s '%s'\nTry 'vecdot %s --help'.\n", self->name, what, which, self->name);
    return false;
}

/* Parses one int32 that must end at `end`. */
static bool parse_int32(const char *text, const char *end, int32_t *number)
{
    char *stop;
    errno = 0;
    long value = strtol(text, &stop, 10);
    *number = (int32_t)value;
    return stop == end && stop != text && errno == 0 && value >= INT32_MIN && value <= INT32_MAX;
}

static bool parse_axes(const char *text, int32_t axes[2])
{
    const char *comma = strchr(text, ',');
    return comma != NULL && parse_int32(text, comma, &axes[0]) &&
           parse_int32(comma + 1, text + strlen(text), &axes[1]);
}

static bool set_dtype(const command *self, const char *name, options *o)
{
    const dtype_row *row = dtype_row_named(name);
    if (row != NULL) {
        o->contract.dtype = dtype_row_type(row);
        return true;
    }
    usage(self, "unknown dtype", name);
    fprintf(stderr, "Dtypes:");
    for (int i = 0; i < DTYPE_ROWS; i++) fprintf(stderr, " %s", dtype_rows[i].name);
    fputc('\n', stderr);
    return false;
}

static bool apply(const command *self, option_id id, const char *value, options *o)
{
    switch (id) {
    case OPTION_HELP: o->help = true; break;
    case OPTION_DEVICE: o->device = value; break;
    case OPTION_JSON: o->json = true; break;
    case OPTION_KEEPDIMS: o->contract.keepdims = 1; break;
    case OPTION_NO_CONJ: o->contract.flags |= VECDOT_NO_CONJ; break;
    case OPTION_REPRODUCIBLE: o->contract.flags |= VECDOT_REPRODUCIBLE; break;
    case OPTION_OUTPUT: o->output = value; break;
    case OPTION_BF16: o->bf16 = true; break;
    case OPTION_SHAPE:
        if (o->shape_count == MAX_OPERANDS) return usage(self, "--shape is given too often, at", value);
        o->shapes[o->shape_count++] = value;
        break;
    case OPTION_SCALE: o->scale = value; break;
    case OPTION_DTYPES: o->dtypes = value; break;
    case OPTION_JSON_FILE: o->json_file = value; break;
    case OPTION_MARKDOWN: o->markdown = true; break;
    case OPTION_RUNS:
        if (parse_int32(value, value + strlen(value), &o->runs) && o->runs >= 0) break;
        return usage(self, "--runs wants a whole number that is not negative, not", value);
    case OPTION_DTYPE: return set_dtype(self, value, o);
    case OPTION_AXIS:
        if (!parse_int32(value, value + strlen(value), &o->contract.axis[0]))
            return usage(self, "--axis wants a whole number, not", value);
        o->contract.axis[1] = o->contract.axis[0];
        break;
    case OPTION_AXES:
        if (!parse_axes(value, o->contract.axis))
            return usage(self, "--axes wants two whole numbers such as 0,-1, not", value);
        break;
    }
    return true;
}

/* Returns the row of "--name", "--name=value" or "-n"; NULL when this sub-command has no such option. */
static const option_row *find(const command *self, const char *argument, size_t name_length)
{
    for (const option_row *row = rows; row < rows + ROWS; row++) {
        bool match = strcmp(argument, row->brief) == 0 ||
                     (strlen(row->name) == name_length && strncmp(argument, row->name, name_length) == 0);
        if (match && takes(self, row)) return row;
    }
    return NULL;
}

static bool parse_option(const command *self, int count, char **arguments, int *i, options *o)
{
    const char *argument = arguments[*i];
    const char *equals = strchr(argument, '=');
    const char *value = equals != NULL ? equals + 1 : NULL;
    const option_row *row =
        find(self, argument, equals != NULL ? (size_t)(equals - argument) : strlen(argument));
    if (row == NULL) return usage(self, "unknown option", argument);
    if (row->value == NULL && value != NULL) return usage(self, "this option takes no value:", argument);
    if (row->value != NULL && value == NULL) {
        if (*i + 1 == count) return usage(self, "a value is missing after", argument);
        value = arguments[++*i];
    }
    if (row->value != NULL && *value == '\0') return usage(self, "the value is empty for", row->name);
    return apply(self, row->id, value, o);
}

bool options_parse(const command *self, int count, char **arguments, options *o)
{
    const vecdot_options defaults = VECDOT_OPTIONS_INIT;
    bool only_operands = false;
    *o = (options){.contract = defaults, .runs = -1};
    for (int i = 0; i < count; i++) {
        const char *argument = arguments[i];
        if (!only_operands && strcmp(argument, "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argument[0] == '-' && argument[1] != '\0') {
            if (!parse_option(self, count, arguments, &i, o)) return false;
            if (o->help) return true;
        } else if (o->operand_count == self->operands) {
            return usage(self, "one argument too many:", argument);
        } else {
            o->operands[o->operand_count++] = argument;
        }
    }
    if (o->operand_count >= self->operands_needed) return true;
    fprintf(stderr, "vecdot %s: two .npy files are needed\nTry 'vecdot %s --help'.\n", self->name,
            self->name);
    return false;
}
