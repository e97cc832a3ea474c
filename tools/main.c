/* vecdot: NumPy's vecdot, matvec and vecmat on .npy files, from a shell. */
#include "command.h"

#include "session.h"

#include <stdio.h>
#include <string.h>

enum { CONTRACTION = TAKES_DEVICE | TAKES_OUTPUT | TAKES_BF16 };

static const command commands[] = {
    {"run", contract_command, 2, 2, CONTRACTION | TAKES_CONTRACT, help_run},
    {"matvec", contract_command, 2, 2, CONTRACTION, help_matvec},
    {"vecmat", contract_command, 2, 2, CONTRACTION, help_vecmat},
    {"explain", explain_command, 2, 2, TAKES_DEVICE | TAKES_CONTRACT | TAKES_BF16, help_explain},
    {"devices", devices_command, 0, 0, TAKES_JSON, help_devices},
    {"doctor", doctor_command, 0, 0, TAKES_DEVICE, help_doctor},
    {"selftest", selftest_command, 0, 0, TAKES_DEVICE, help_selftest},
    {"bench", bench_command, MAX_OPERANDS, 0, TAKES_DEVICE | TAKES_BENCH, help_bench},
};

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static int unknown(const char *what, const char *which)
{
    fprintf(stderr, "vecdot: unknown %s '%s'\nTry 'vecdot --help'.\n", what, which);
    return EXIT_USAGE;
}

static int print_help(const char *text)
{
    fputs(text, stdout);
    return finish_output();
}

/* "vecdot help", "vecdot help run" */
static int help_command(int count, char **names)
{
    if (count == 0) return print_help(help_overview);
    const command *c = find_command(names[0]);
    return c != NULL ? print_help(c->help) : unknown("command", names[0]);
}

int main(int count, char **arguments)
{
    if (count < 2) {
        fputs(help_overview, stderr);
        return EXIT_USAGE;
    }
    const char *first = arguments[1];
    if (strcmp(first, "--version") == 0) {
        printf("vecdot %s\n", vecdot_version());
        return finish_output();
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) return print_help(help_overview);
    if (strcmp(first, "help") == 0) return help_command(count - 2, arguments + 2);

    options o;
    const command *c = find_command(first);
    if (c == NULL) return unknown(first[0] == '-' ? "option" : "command", first);
    if (!options_parse(c, count - 2, arguments + 2, &o)) return EXIT_USAGE;
    return o.help ? print_help(c->help) : c->run(c, &o);
}
