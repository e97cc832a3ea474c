/* What --help prints. 80 columns; an example before the details. */
#include "command.h"

#define CONTRACT_OPTIONS                                                                                     \
    "  --axis N         the axis to sum along, in each array; negative counts from\n"                        \
    "                   the end (default -1, the last)\n"                                                    \
    "  --axes N,M       an axis for A and another for B\n"                                                   \
    "  --keepdims       keep the summed axis, with size 1\n"                                                 \
    "  --dtype D        compute in this dtype: float32, int64, complex128, ...\n"                            \
    "  --no-conj        do not conjugate a complex A\n"                                                      \
    "  --reproducible   one order of summation in every plan: the same bits anywhere\n"

#define OUTPUT_OPTIONS                                                                                       \
    "  -o, --out FILE   write the result as .npy; - is standard output. Without it\n"                        \
    "                   the result is printed as numpy.savetxt would, each digit kept\n"

#define COMMON_OPTIONS                                                                                       \
    "  --bf16           read two-byte raw data ('V2') as bfloat16\n"                                         \
    "  -d, --device S   auto, cuda, cuda:1, opencl, opencl:gpu, opencl:intel, ...;\n"                        \
    "                   otherwise VECDOT_BACKEND and VECDOT_DEVICE decide\n"                                 \
    "  -h, --help       this text\n"

#define FILES "\nA or B may be - for standard input. The files may be larger than memory.\n"

const char help_overview[] =
    "vecdot: NumPy's vecdot, matvec and vecmat on .npy files, on a CUDA or OpenCL\n"
    "device, GPU or CPU.\n"
    "\n"
    "  vecdot run A.npy B.npy      sum of conj(A) * B along an axis\n"
    "  vecdot matvec A.npy B.npy   matrices A times vectors B\n"
    "  vecdot vecmat A.npy B.npy   conjugated vectors A times matrices B\n"
    "  vecdot explain A.npy B.npy  how 'run' would do it: the plan, each launch\n"
    "  vecdot devices              what there is to compute on\n"
    "  vecdot doctor               why there is no device, or that all is well\n"
    "  vecdot selftest             some hundred problems with known answers\n"
    "  vecdot bench                how fast, beside what the device's memory allows\n"
    "  vecdot --version\n"
    "\n"
    "'vecdot run --help' tells more; so for each command.\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no device. Results go to\n"
    "standard output, all else to standard error.\n";

const char help_run[] = "vecdot run A.npy B.npy [options]\n"
                        "\n"
                        "The sum of conj(A) * B along an axis, as numpy.vecdot: what remains of the two\n"
                        "shapes is broadcast, dtypes are promoted.\n"
                        "\n"
                        "  vecdot run r.npy X.npy --axis 0    r (n,) with each column of X (n, k)\n"
                        "  vecdot run A.npy B.npy -o C.npy    rows of A with rows of B\n"
                        "\n" CONTRACT_OPTIONS OUTPUT_OPTIONS COMMON_OPTIONS FILES;

const char help_matvec[] = "vecdot matvec A.npy B.npy [options]\n"
                           "\n"
                           "Matrices A (..., m, n) times vectors B (..., n), as numpy.matvec: the result is\n"
                           "(..., m), and nothing is conjugated.\n"
                           "\n" OUTPUT_OPTIONS COMMON_OPTIONS FILES;

const char help_vecmat[] = "vecdot vecmat A.npy B.npy [options]\n"
                           "\n"
                           "Vectors A (..., n), conjugated, times matrices B (..., n, m), as numpy.vecmat:\n"
                           "the result is (..., m).\n"
                           "\n" OUTPUT_OPTIONS COMMON_OPTIONS FILES;

const char help_explain[] =
    "vecdot explain A.npy B.npy [options]\n"
    "\n"
    "Tells how 'vecdot run' with the same options would compute: the problem as it is\n"
    "after simplification, the plan's class, each launch. Computes nothing.\n"
    "\n" CONTRACT_OPTIONS COMMON_OPTIONS FILES;

const char help_devices[] =
    "vecdot devices [--json]\n"
    "\n"
    "Lists the devices, best first: what --device takes, kind, memory, compute units,\n"
    "whether float64 works, driver, name. Exit status 3 when there is none.\n"
    "\n"
    "  --json           everything that is known of each, as JSON\n"
    "  -h, --help       this text\n";

const char help_doctor[] = "vecdot doctor [--device S]\n"
                           "\n"
                           "Tells which drivers were looked for, what was found and how to mend what is\n"
                           "missing, then computes [1, 2, 3] . [4, 5, 6] on the best device.\n"
                           "\n"
                           "  -d, --device S   try this one instead\n"
                           "  -h, --help       this text\n";

const char help_selftest[] =
    "vecdot selftest [--device S]\n"
    "\n"
    "Computes some hundred problems over all dtypes, shapes and layouts and compares\n"
    "them with a plain loop: integers and bools exactly, the rest within the error\n"
    "bound. Exit status 0 when all agree. The problems are the same in every run.\n"
    "\n"
    "  -d, --device S   test this one instead of the best\n"
    "  -h, --help       this text\n";

const char help_bench[] = "vecdot bench [CASE ...] [options]\n"
                          "\n"
                          "Times 27 cases (--runs 0 lists them), or those named, and compares each with\n"
                          "what the memory allows, measured in the same run. Every result is checked, to\n"
                          "the bit. Exit status 0 when all that ran was right.\n"
                          "\n"
                          "  vecdot bench                       all cases\n"
                          "  vecdot bench 1 7 15a --runs 21     some of them\n"
                          "  vecdot bench --shape 65536x4096,4096 --dtype f32,f16\n"
                          "\n"
                          "  --shape A[,B]    these shapes instead; A alone: both. Up to 64 times\n"
                          "  --axis N         their axis (default -1)\n"
                          "  --dtype D[,E]    their dtypes (default float32)\n"
                          "  --scale S        how large the inputs are: dram (the default: GiB on a GPU,\n"
                          "                   256 MiB on a CPU), cache, tiny, or a number of MiB\n"
                          "  --runs N         samples a case (default 7, at most 101); 0: only list them\n"
                          "  --json FILE      every sample and all about the device, too\n"
                          "  --markdown       the table as Markdown\n"
                          "  -d, --device S   this device instead of the best\n"
                          "  -h, --help       this text\n";
