/* What the cases of `vecdot bench` ask of a GPU, as the simulated CUDA driver can tell: the plan at the
 * table's size, and the PTX instructions that threads execute for a byte in sizes of at most 16 MiB and 4.3
 * GFLOP.
 *
 *     CUDASIM_UNITS=132 CUDASIM_MEMORY=151000000000 CUDASIM_LIMIT=0 VECDOT_LIBCUDA=.../libcuda.so.1
 * bench_instructions
 */
#include "bench/bench.h"
#include "cudasim/cudasim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lines that tell the plan's class and its launches; the arrays are made, and no more. */
static bool tell_plan(const session *s, const bench_problem *p, fault *f)
{
    const bench_operand *operands[3] = {&p->x[0], &p->x[1], &p->out};
    DLManagedTensor *made[3] = {NULL};
    DLTensor t[3];
    char text[4096] = "";
    vecdot_status status = VECDOT_SUCCESS;
    for (int i = 0; i < 3 && status == VECDOT_SUCCESS; i++) {
        status = vecdot_empty(s->context, operands[i]->dtype, 1, &operands[i]->storage, &made[i]);
        if (status != VECDOT_SUCCESS) break;
        t[i] = made[i]->dl_tensor;
        t[i].ndim = operands[i]->ndim;
        t[i].shape = (int64_t *)(uintptr_t)operands[i]->shape;
        t[i].strides = (int64_t *)(uintptr_t)operands[i]->strides;
        t[i].byte_offset += (uint64_t)operands[i]->offset * operands[i]->dtype.bits / 8;
    }
    if (status == VECDOT_SUCCESS)
        status = vecdot_explain(s->queue, &t[0], &t[1], &p->options, &t[2], text, sizeof text, NULL);
    bool well = status == VECDOT_SUCCESS || fault_from_library(f, status);
    for (int i = 0; i < 3; i++)
        if (made[i] != NULL) made[i]->deleter(made[i]);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strncmp(line, "plan", 4) == 0 || strncmp(line, "launch", 6) == 0) printf("     %s\n", line);
    return well;
}

/* Computes the case in a size that takes the simulator little time. */
static bool count(const session *s, const char *number, fault *f)
{
    bench_problem p;
    bench_set set = {0};
    if (!bench_problem_sized(number, 16777216, 4.3e9, &p, f)) return false;
    uint64_t before = 0;
    bool well = bench_set_create(&set, s, &p, 1, f);
    if (well) before = cudasim_instructions();
    well = well && bench_call(s, &p, &set, f);
    vecdot_queue_finish(s->queue);
    double executed = (double)(cudasim_instructions() - before);
    bench_set_destroy(&set);
    if (well)
        printf("     %.2f instructions a byte, %.2f an operation, of %.3g bytes\n",
               executed / (p.bytes_in + p.bytes_out), executed / p.operations, p.bytes_in + p.bytes_out);
    return well;
}

static bool tell_cases(const session *s, fault *f)
{
    bench_scale scale;
    if (!bench_scale_parse("dram", &s->info, &scale, f)) return false;
    for (int i = 0; i < scale.list->count; i++) {
        bench_problem p;
        char operands[160];
        if (!bench_problem_from_case(&scale.list->rows[i], &scale, &p, f)) return false;
        if (p.kind == KIND_BITS) continue;
        bench_describe_operands(&p, operands, sizeof operands);
        printf("%-4s %s, %s\n", p.number, p.title, operands);
        if (!tell_plan(s, &p, f) || !count(s, p.number, f)) return false;
    }
    return true;
}

int main(void)
{
    session s;
    fault f = {VECDOT_SUCCESS, ""};
    int exit_status = session_open(&s, &(options){.device = "cuda"});
    if (exit_status != EXIT_OK) return exit_status;
    if (!tell_cases(&s, &f)) exit_status = report("bench_instructions", &f);
    session_close(&s);
    return exit_status;
}
