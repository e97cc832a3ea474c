/* A device opened for the command, and the library's errors told to a person. */
#ifndef TOOLS_SESSION_H
#define TOOLS_SESSION_H

#include "fault.h"
#include "options.h"

typedef struct session {
    vecdot_context *context;
    vecdot_queue *queue;
    vecdot_device_info info;
} session;

/* Opens the device that --device names. Gives an exit status; errors have been printed. */
int session_open(session *s, const options *o);
void session_close(session *s);

/* Prints "vecdot: <subject>: <text> [<status>]" and gives the exit status for it. subject may be NULL. */
int report(const char *subject, const fault *f);

/* Flushes standard output; EXIT_OK, or EXIT_FAILED when what was printed could not be written. */
int finish_output(void);

#endif
