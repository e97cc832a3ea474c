/* The table of commands and their help: each command's own text, then the options that it takes. */
#include "commands.h"

#include <string.h>

enum { FILES = TAKES_DEVICE | TAKES_BF16, CONTRACTION = FILES | TAKES_OUTPUT };

static const command commands[] = {
    {"run", run_command, 2, 2, CONTRACTION | TAKES_CONTRACT, " A.npy B.npy",
     "sum of conj(A) * B along an axis",
     "The sum of conj(A) * B along an axis, as numpy.vecdot: what remains of the two\n"
     "shapes is broadcast, dtypes are promoted.\n"
     "\n"
     "  vecdot run r.npy X.npy --axis 0    r (n,) with each column of X (n, k)\n"
     "  vecdot run A.npy B.npy -o C.npy    rows of A with rows of B\n"},
    {"matvec", run_command, 2, 2, CONTRACTION, " A.npy B.npy", "matrices A times vectors B",
     "Matrices A (..., m, n) times vectors B (..., n), as numpy.matvec: the result is\n"
     "(..., m), and nothing is conjugated.\n"},
    {"vecmat", run_command, 2, 2, CONTRACTION, " A.npy B.npy", "conjugated vectors A times matrices B",
     "Vectors A (..., n), conjugated, times matrices B (..., n, m), as numpy.vecmat:\n"
     "the result is (..., m).\n"},
    {"explain", explain_command, 2, 2, FILES | TAKES_CONTRACT, " A.npy B.npy",
     "how 'run' would do it: the plan, each launch",
     "Tells how 'vecdot run' with the same options would compute: the problem as it is\n"
     "after simplification, the plan's class, each launch. Computes nothing.\n"},
    {"devices", devices_command, 0, 0, TAKES_JSON, "", "what there is to compute on",
     "Lists the devices, best first: what --device takes, kind, memory, compute units,\n"
     "whether float64 works, driver, name.\n"},
    {"doctor", doctor_command, 0, 0, TAKES_DEVICE, "", "what a GPU would need, or that all is well",
     "Tells which drivers were looked for, what was found and how to mend what is\n"
     "missing, then computes [1, 2, 3] . [4, 5, 6] on the device. Exit status 3 when\n"
     "the device that was asked for is not there.\n"},
    {"selftest", selftest_command, 0, 0, TAKES_DEVICE, "", "whether this device computes right",
     "Computes the same problems in each run, over all dtypes, shapes and layouts, and\n"
     "compares each result with a plain loop: to the bit, products of matrices within\n"
     "the error bound. Exit status 0 when all agree.\n"},
    {"bench", bench_command, MAX_OPERANDS, 0, TAKES_DEVICE | TAKES_BENCH, " [CASE ...]",
     "how fast, beside what the device's memory allows",
     "Times all cases (--runs 0 lists them), or those named, and compares each with\n"
     "what the memory allows, measured in the same run. Every result is checked with\n"
     "a plain loop: 'bits' are equal to the bit; 'bound' are within the error bound,\n"
     "as products of matrices are. Exit status 0 when all that ran was right.\n"
     "\n"
     "  vecdot bench                       all cases\n"
     "  vecdot bench 1 7 15a --runs 21     some of them\n"
     "  vecdot bench --scale everyday      51 cases of everyday sizes, in microseconds\n"
     "  vecdot bench --shape 65536x4096,4096 --dtype f32,f16\n"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

const command *command_named(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

void print_overview(FILE *to)
{
    fputs("vecdot: NumPy's vecdot, matvec and vecmat on .npy files, on a GPU or a CPU.\n\n", to);
    for (int i = 0; i < COMMANDS; i++) {
        const command *c = &commands[i];
        fprintf(to, "  vecdot %s%-*s  %s\n", c->name, 19 - (int)strlen(c->name), c->arguments, c->brief);
    }
    fputs("  vecdot --version\n"
          "\n"
          "'vecdot run --help' tells more; so for each command.\n"
          "\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such device. Results go\n"
          "to standard output, all else to standard error.\n",
          to);
}

void print_command_help(const command *c)
{
    printf("vecdot %s%s [options]\n\n%s\n", c->name, c->arguments, c->help);
    options_print(c);
    if (c->operands_needed > 0)
        puts("\nA or B may be - for standard input. The files may be larger than memory.");
}
