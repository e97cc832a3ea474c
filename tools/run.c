/* `vecdot run`, `matvec`, `vecmat` and `explain`: compute a result from two .npy files. */
#include "commands.h"

#include "dtypes.h"
#include "npy/npy.h"
#include "operation.h"
#include "print.h"
#include "session.h"

#include <inttypes.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One call: what the user asked for, and everything made for it. */
typedef struct task {
    operation operation;
    const options *options;
    npy x[2];
    bool is_open[2];
    session session;
    DLTensor out;
    int64_t shape[VECDOT_MAX_NDIM];
    progress progress;
    bool well;
    fault fault;
} task;

static operation operation_of(const command *self)
{
    for (operation op = MATVEC; op <= VECMAT; op++)
        if (strcmp(self->name, operation_names[op]) == 0) return op;
    return VECDOT;
}

static bool find_result(task *t)
{
    t->out.shape = t->shape;
    return operation_result(t->operation, &t->x[0].tensor, &t->x[1].tensor, &t->options->contract, &t->out,
                            &t->fault);
}

static bool allocate_result(task *t)
{
    npy_header header = {.dtype = t->out.dtype, .ndim = t->out.ndim};
    int64_t elements, bytes = 0;
    memcpy(header.shape, t->shape, sizeof t->shape);
    if (!npy_header_extent(&header, &elements, &bytes, &t->fault)) return false;
    t->out.data = (uint64_t)bytes < SIZE_MAX ? malloc((size_t)bytes + 1) : NULL;
    if (t->out.data != NULL) return true;
    return fault_set(&t->fault, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for a result of %" PRId64 " bytes",
                     bytes);
}

/* ---- Running ------------------------------------------------------------------------------------- */

/* Called between pieces. The file's bytes read so far need not stay in memory. */
static int watch(void *user, uint64_t done, uint64_t total)
{
    task *t = user;
    progress_tell(&t->progress, done, total);
    for (int i = 0; i < 2; i++) input_forget(&t->x[i].file);
    return 0;
}

/* May run in a thread of its own. The library's last error belongs to that thread, so it is fetched here. */
static void compute(void *argument)
{
    task *t = argument;
    vecdot_status status = operation_call(t->operation, t->session.queue, &t->x[0].tensor, &t->x[1].tensor,
                                          &t->options->contract, &t->out);
    t->well = status == VECDOT_SUCCESS || fault_from_library(&t->fault, status);
}

/* Says which file is x1 and which is x2, after a message that names them. */
static int report_problem(const task *t)
{
    int exit_status = report(t->operation != VECDOT ? operation_names[t->operation] : NULL, &t->fault);
    for (int i = 0; i < 2; i++) {
        char shape[128];
        const DLTensor *x = &t->x[i].tensor;
        describe_shape(shape, sizeof shape, x->ndim, x->shape);
        fprintf(stderr, "  x%d is %s: %s %s\n", i + 1, t->options->operands[i], dtype_row_of(x->dtype)->name,
                shape);
    }
    return exit_status;
}

/* Opens the files until one cannot be opened. */
static void open_files(void *argument)
{
    task *t = argument;
    npy_v2 v2 = t->options->bf16 ? NPY_V2_IS_BFLOAT16 : NPY_V2_REFUSED;
    t->well = true;
    for (int i = 0; i < 2 && t->well; i++)
        t->well = t->is_open[i] = npy_open(&t->x[i], t->options->operands[i], v2, &t->progress, &t->fault);
}

static int open_operands(task *t)
{
    run_with_progress(open_files, t, "reading", &t->progress);
    if (t->well) return EXIT_OK;
    const char *path = t->options->operands[t->is_open[0] ? 1 : 0];
    return report(strcmp(path, "-") == 0 ? "standard input" : path, &t->fault);
}

static void close_task(task *t)
{
    for (int i = 0; i < 2; i++)
        if (t->is_open[i]) npy_close(&t->x[i]);
    session_close(&t->session);
    free(t->out.data);
}

/* ---- The result ---------------------------------------------------------------------------------- */

static int print_result(const task *t)
{
    enum { MANY = 1000 };
    int64_t elements = array_elements(&t->out);
    if (elements == 0) {
        char shape[128];
        describe_shape(shape, sizeof shape, t->out.ndim, t->shape);
        fprintf(stderr, "vecdot: the result has no elements: %s %s\n", dtype_row_of(t->out.dtype)->name,
                shape);
    }
    bool summarise = elements > MANY && stdout_is_terminal();
    print_array(stdout, &t->out, summarise);
    int exit_status = finish_output();
    if (summarise) fprintf(stderr, "%" PRId64 " values, summarised; -o FILE or a pipe gives all\n", elements);
    return exit_status;
}

static int deliver(task *t)
{
    const char *path = t->options->output;
    if (path == NULL) return print_result(t);
    if (npy_write(path, &t->out, &t->fault)) return EXIT_OK;
    return report(strcmp(path, "-") == 0 ? "standard output" : path, &t->fault);
}

static int run_task(task *t)
{
    char label[64];
    int exit_status = open_operands(t);
    if (exit_status != EXIT_OK) return exit_status;
    if (!find_result(t)) return report_problem(t);
    exit_status = session_open(&t->session, t->options);
    if (exit_status != EXIT_OK) return exit_status;
    if (!allocate_result(t)) return report_problem(t);
    snprintf(label, sizeof label, "computing on %s:%" PRId32, t->session.info.backend, t->session.info.index);
    progress_tell(&t->progress, 0, 0);
    vecdot_set_progress(t->session.queue, watch, t);
    run_with_progress(compute, t, label, &t->progress);
    return t->well ? deliver(t) : report_problem(t);
}

int run_command(const command *self, const options *o)
{
    task t = {.operation = operation_of(self), .options = o};
    if (o->output != NULL && strcmp(o->output, "-") == 0 && stdout_is_terminal()) {
        fprintf(stderr, "vecdot %s: -o - writes bytes, not text: send them to a file or a pipe\n",
                self->name);
        return EXIT_USAGE;
    }
    int exit_status = run_task(&t);
    close_task(&t);
    return exit_status;
}

/* ---- Explain ------------------------------------------------------------------------------------- */

static bool print_explanation(task *t)
{
    size_t needed = 0;
    const DLTensor *x1 = &t->x[0].tensor, *x2 = &t->x[1].tensor;
    vecdot_status status =
        vecdot_explain(t->session.queue, x1, x2, &t->options->contract, NULL, NULL, 0, &needed);
    if (status != VECDOT_SUCCESS) return fault_from_library(&t->fault, status);
    char *text = calloc(needed + 1, 1);
    if (text == NULL) return fault_set(&t->fault, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the text");
    status = vecdot_explain(t->session.queue, x1, x2, &t->options->contract, NULL, text, needed + 1, NULL);
    if (status == VECDOT_SUCCESS) {
        size_t length = strlen(text);
        printf("%s%s", text, length > 0 && text[length - 1] == '\n' ? "" : "\n");
    }
    free(text);
    return status == VECDOT_SUCCESS || fault_from_library(&t->fault, status);
}

int explain_command(const command *self, const options *o)
{
    (void)self;
    task t = {.operation = VECDOT, .options = o};
    int exit_status = open_operands(&t);
    if (exit_status == EXIT_OK && !find_result(&t)) exit_status = report_problem(&t);
    if (exit_status == EXIT_OK) exit_status = session_open(&t.session, o);
    if (exit_status == EXIT_OK) exit_status = print_explanation(&t) ? finish_output() : report_problem(&t);
    close_task(&t);
    return exit_status;
}
