/* What the command asks of the operating system: mapped files, files replaced in one step, terminals. */
#ifndef TOOLS_SYSTEM_H
#define TOOLS_SYSTEM_H

#include "fault.h"

#include <stdint.h>

/* Called after each read with the bytes read so far and the bytes needed. */
typedef void input_report(void *user, uint64_t done, uint64_t total);

/* The bytes of a file from its start. Regular files are mapped; others (pipes) are read when their bytes
 * are needed. */
typedef struct input {
    const unsigned char *data;
    size_t size; /* of the mapped file; otherwise the bytes read so far */
    size_t capacity;
    int descriptor; /* of the file to read; -1 when mapped */
    bool mapped;
    input_report *report; /* NULL: no reports */
    void *user;
} input;

/* Opens a file. "-" is standard input. report(user, ...) follows the reading of a file that is not mapped; it
 * may be NULL. */
bool input_open(input *in, const char *path, input_report *report, void *user, fault *f);

/* Makes the first `size` bytes available at in->data, which may move. Memory grows with the bytes really
 * read, so a size that a file only claims costs nothing. */
bool input_need(input *in, size_t size, fault *f);
/* Releases the memory of a mapped file's bytes. Later use reads them again. */
void input_forget(const input *in);
void input_close(input *in);

/* A file that gets its name when it is complete, or never. */
typedef struct output {
    char *path;      /* the final name; NULL: no renaming */
    char *temporary; /* a file in the same folder */
    int descriptor;
} output;

/* Opens a file for writing. "-" is standard output. A file that is not regular (a device, a pipe) is
 * written directly. */
bool output_open(output *out, const char *path, fault *f);
bool output_write(output *out, const void *data, size_t size, fault *f);
bool output_commit(output *out, fault *f);
void output_discard(output *out);

bool stdout_is_terminal(void);
bool stderr_is_terminal(void);

#endif
