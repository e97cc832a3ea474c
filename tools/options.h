/* The command line: the options that each sub-command takes, and their values. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <vecdot/vecdot.h>

/* Exit statuses. Scripts depend on them, so they never change. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DEVICE = 3 };

/* Groups of options. options.c has the options of each. */
typedef enum option_set {
    TAKES_DEVICE = 1 << 0,
    TAKES_JSON = 1 << 1,
    TAKES_CONTRACT = 1 << 2,
    TAKES_OUTPUT = 1 << 3,
    TAKES_BF16 = 1 << 4,
    TAKES_BENCH = 1 << 5
} option_set;

enum { MAX_OPERANDS = 64 };

typedef struct options {
    const char *operands[MAX_OPERANDS];
    int operand_count;
    const char *device; /* NULL: from the environment, or the best */
    const char *output; /* NULL: print the result */
    vecdot_options contract;
    bool json, bf16, help;
    const char *scale, *dtypes, *json_file; /* bench's options as the user wrote them; NULL: not given */
    const char *shapes[MAX_OPERANDS];
    int shape_count;
    int32_t runs; /* -1: not given */
    bool markdown;
} options;

typedef struct command {
    const char *name;
    int (*run)(const struct command *self, const options *o); /* returns the exit status */
    int operands, operands_needed;                            /* at most, at least */
    unsigned takes;                                           /* a union of option_set */
    const char *arguments, *brief, *help; /* arguments after the name; help in one line; help in full */
} command;

/* Fills *o from the arguments after the sub-command's name. Returns false after a usage error, which is
 * printed with the wrong argument. */
bool options_parse(const command *self, int count, char **arguments, options *o);

/* Prints the options that a sub-command takes, for its help. */
void options_print(const command *self);

#endif
