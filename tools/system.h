/* What the command asks of the operating system: mapped files, files replaced whole, terminals. */
#ifndef TOOLS_SYSTEM_H
#define TOOLS_SYSTEM_H

#include "fault.h"
#include "progress.h"

/* A file's bytes from its start: mapped where possible, else (pipes) read as they are asked for. */
typedef struct input {
    const unsigned char *data;
    size_t size; /* of the mapped file, or what has been read so far */
    size_t capacity;
    int descriptor; /* to read more from; -1 when mapped          */
    bool mapped;
    progress *watch; /* told of what is read; may be NULL          */
} input;

/* path "-" is standard input. */
bool input_open(input *in, const char *path, progress *watch, fault *f);

/* Makes the first `size` bytes stand at in->data, which may move. Memory grows with what has really been
 * read, so a size that a file only claims costs nothing. */
bool input_need(input *in, size_t size, fault *f);
/* Lets go of the memory that a mapped file's bytes take by now; they come back when they are used. */
void input_forget(const input *in);
void input_close(input *in);

/* A file that appears under its name when it is complete, or not at all. */
typedef struct output {
    char *path;      /* final name; NULL: no renaming         */
    char *temporary; /* in the same folder                    */
    int descriptor;
} output;

/* path "-" is standard output. What is not a regular file (a device, a pipe) is written directly. */
bool output_open(output *out, const char *path, fault *f);
bool output_write(output *out, const void *data, size_t size, fault *f);
bool output_commit(output *out, fault *f);
void output_discard(output *out);

bool stdout_is_terminal(void);
bool stderr_is_terminal(void);

#endif
