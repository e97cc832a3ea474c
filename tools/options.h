/* The command line: sub-commands, the options each takes, and their values. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <stdbool.h>
#include <vecdot/vecdot.h>

/* Exit statuses; scripts depend on them. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DEVICE = 3 };

/* Groups of options; options.c has the table. */
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
    const char *device; /* NULL: the environment's, else the best */
    const char *output; /* NULL: print                            */
    vecdot_options contract;
    bool json, bf16, help;
    const char *scale, *dtypes, *json_file; /* bench's, as they were given; NULL: not */
    const char *shapes[MAX_OPERANDS];
    int shape_count;
    int32_t runs; /* -1: not given */
    bool markdown;
} options;

typedef struct command {
    const char *name;
    int (*run)(const struct command *self, const options *o); /* gives the exit status */
    int operands, operands_needed;                            /* at most, at least */
    unsigned takes;                                           /* option_set */
    const char *arguments, *brief, *help;                     /* after its name; in a line; in full */
} command;

/* Fills *o from the arguments after the sub-command's name. False after a usage error, which has been
 * printed with the argument at fault. */
bool options_parse(const command *self, int count, char **arguments, options *o);

/* Prints the options that a sub-command takes, as its help shows them. */
void options_print(const command *self);

#endif
