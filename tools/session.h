/* The device that a command uses, and the printing of errors. */
#ifndef TOOLS_SESSION_H
#define TOOLS_SESSION_H

#include "fault.h"
#include "options.h"

typedef struct session {
    vecdot_context *context;
    vecdot_queue *queue;
    vecdot_device_info info;
} session;

/* Opens the device that --device names. Returns an exit status; an error has been printed. */
int session_open(session *s, const options *o);
void session_close(session *s);

/* Prints "vecdot: <subject>: <text> [<status>]" and returns the exit status for it. subject may be NULL. */
int report(const char *subject, const fault *f);

/* Flushes standard output. Returns EXIT_OK, or EXIT_FAILED when a write failed. */
int finish_output(void);

#endif
