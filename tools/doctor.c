/* `vecdot doctor`: says what was found and what a device that is missing needs, and that the chosen one
 * computes. */
#include "commands.h"

#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool print_diagnosis(fault *f)
{
    size_t needed = 0;
    vecdot_status status = vecdot_diagnose(NULL, 0, &needed);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    char *text = malloc(needed + 1);
    if (text == NULL) return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for the diagnosis");
    text[0] = '\0';
    status = vecdot_diagnose(text, needed + 1, NULL);
    if (status == VECDOT_SUCCESS) fputs(text, stdout);
    size_t length = strlen(text);
    if (status == VECDOT_SUCCESS && (length == 0 || text[length - 1] != '\n')) fputc('\n', stdout);
    free(text);
    return status == VECDOT_SUCCESS || fault_from_library(f, status);
}

/* Computes 1*4 + 2*5 + 3*6, which every device must compute exactly. */
static bool try_vecdot(const session *s, fault *f)
{
    float a[3] = {1, 2, 3}, b[3] = {4, 5, 6}, result = 0;
    int64_t size = 3;
    DLTensor x1 = {.data = a, .device = {kDLCPU, 0}, .ndim = 1, .dtype = VECDOT_FLOAT32, .shape = &size};
    DLTensor x2 = x1, out = x1;
    x2.data = b;
    out.data = &result;
    out.ndim = 0;
    vecdot_status status = vecdot(s->queue, &x1, &x2, -1, &out);
    if (status != VECDOT_SUCCESS) return fault_from_library(f, status);
    if (result == 32) return true;
    return fault_set(f, VECDOT_ERROR_BACKEND, "wrong result: [1, 2, 3] . [4, 5, 6] gave %g, not 32",
                     (double)result);
}

int doctor_command(const command *self, const options *o)
{
    (void)self;
    session s;
    fault f;
    if (!print_diagnosis(&f)) return report(NULL, &f);
    fflush(stdout);
    int exit_status = session_open(&s, o);
    if (exit_status != EXIT_OK) return exit_status;
    printf("\nTrying [1, 2, 3] . [4, 5, 6] on %s:%" PRId32 " (%s): ", s.info.backend, s.info.index,
           s.info.name);
    fflush(stdout);
    bool well = try_vecdot(&s, &f);
    puts(well ? "32, ok" : "failed");
    exit_status = finish_output();
    session_close(&s);
    return well ? exit_status : report(NULL, &f);
}
