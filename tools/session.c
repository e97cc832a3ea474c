/* Opens the device, prints errors and chooses exit statuses. */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int report(const char *subject, const fault *f)
{
    fprintf(stderr, "vecdot: %s%s%s", subject != NULL ? subject : "", subject != NULL ? ": " : "", f->text);
    if (f->status != VECDOT_SUCCESS) fprintf(stderr, " [%s]", vecdot_status_name(f->status));
    fputc('\n', stderr);
    if (f->status != VECDOT_ERROR_NO_DEVICE) return EXIT_FAILED;
    fprintf(stderr, "'vecdot doctor' tells what was tried and how to mend it.\n");
    return EXIT_NO_DEVICE;
}

int session_open(session *s, const options *o)
{
    fault f;
    *s = (session){0};

    vecdot_status status = vecdot_context_create(o->device, &s->context);
    if (status != VECDOT_SUCCESS) {
        fault_from_library(&f, status);
        int exit_status = report(o->device != NULL ? "--device" : NULL, &f);
        return status == VECDOT_ERROR_INVALID_ARGUMENT ? EXIT_USAGE : exit_status;
    }
    status = vecdot_queue_create(s->context, &s->queue);
    if (status == VECDOT_SUCCESS) status = vecdot_context_info(s->context, &s->info);
    if (status == VECDOT_SUCCESS) return EXIT_OK;
    fault_from_library(&f, status);
    session_close(s);
    return report(NULL, &f);
}

void session_close(session *s)
{
    vecdot_queue_release(s->queue);
    vecdot_context_release(s->context);
    *s = (session){0};
}

int finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_OK;
    fprintf(stderr, "vecdot: standard output: cannot write it: %s\n", strerror(errno));
    return EXIT_FAILED;
}
