/* The sub-commands: what each takes, how it runs, and its help. */
#ifndef TOOLS_COMMANDS_H
#define TOOLS_COMMANDS_H

#include "options.h"

#include <stdio.h>

/* Each function runs a command and returns the exit status. */
int run_command(const command *self, const options *o); /* also matvec and vecmat */
int explain_command(const command *self, const options *o);
int devices_command(const command *self, const options *o);
int doctor_command(const command *self, const options *o);
int selftest_command(const command *self, const options *o);
int bench_command(const command *self, const options *o);

/* Returns NULL when there is no such command. */
const command *command_named(const char *name);

/* Prints the text of --help, at most 80 columns wide. */
void print_overview(FILE *to);
void print_command_help(const command *c);

#endif
