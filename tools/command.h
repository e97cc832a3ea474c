/* The sub-commands. Each gives the exit status. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include "options.h"

int devices_command(const command *self, const options *o);
int doctor_command(const command *self, const options *o);
int contract_command(const command *self, const options *o); /* run, matvec, vecmat */
int explain_command(const command *self, const options *o);
int selftest_command(const command *self, const options *o);
int bench_command(const command *self, const options *o);

extern const char help_overview[];
extern const char help_devices[];
extern const char help_doctor[];
extern const char help_run[];
extern const char help_matvec[];
extern const char help_vecmat[];
extern const char help_explain[];
extern const char help_selftest[];
extern const char help_bench[];

#endif
