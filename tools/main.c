/* vecdot: NumPy's vecdot, matvec and vecmat on .npy files, from a shell. */
#include "commands.h"

#include "session.h"

#include <string.h>

static int unknown(const char *what, const char *which)
{
    fprintf(stderr, "vecdot: unknown %s '%s'\nTry 'vecdot --help'.\n", what, which);
    return EXIT_USAGE;
}

/* Prints the help of a command; when c is NULL, the overview. */
static int print_help(const command *c)
{
    if (c != NULL)
        print_command_help(c);
    else
        print_overview(stdout);
    return finish_output();
}

/* "vecdot help", "vecdot help run" */
static int help_command(int count, char **names)
{
    if (count == 0) return print_help(NULL);
    const command *c = command_named(names[0]);
    return c != NULL ? print_help(c) : unknown("command", names[0]);
}

int main(int count, char **arguments)
{
    if (count < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    const char *first = arguments[1];
    if (strcmp(first, "--version") == 0) {
        printf("vecdot %s\n", vecdot_version());
        return finish_output();
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) return print_help(NULL);
    if (strcmp(first, "help") == 0) return help_command(count - 2, arguments + 2);

    options o;
    const command *c = command_named(first);
    if (c == NULL) return unknown(first[0] == '-' ? "option" : "command", first);
    if (!options_parse(c, count - 2, arguments + 2, &o)) return EXIT_USAGE;
    return o.help ? print_help(c) : c->run(c, &o);
}
