/* The sub-commands: what each takes, runs and says of itself. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "options.h"

#include <stdio.h>

/* Each gives the exit status. */
int run_command(const command *self, const options *o); /* also matvec and vecmat */
int explain_command(const command *self, const options *o);
int devices_command(const command *self, const options *o);
int doctor_command(const command *self, const options *o);
int selftest_command(const command *self, const options *o);
int bench_command(const command *self, const options *o);

/* NULL when there is no such command. */
const command *command_named(const char *name);

/* What --help prints, in 80 columns. */
void print_overview(FILE *to);
void print_command_help(const command *c);

#endif
