/* The command's calls to the operating system, for POSIX. Knows nothing about the contents of files. */
#define _POSIX_C_SOURCE   200809L
#define _XOPEN_SOURCE     700
#define _FILE_OFFSET_BITS 64
#define _DEFAULT_SOURCE   /* madvise */

#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Input --------------------------------------------------------------------------------------- */

/* When another program truncates a mapped file, reading a missing page raises SIGBUS. */
static void on_bus_error(int signal_number)
{
    static const char text[] = "vecdot: an input file was cut short while it was being read\n";
    (void)signal_number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(1);
    _exit(1);
}

static void expect_bus_errors(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_bus_error;
    sigaction(SIGBUS, &action, NULL);
}

static bool map(input *in, size_t size)
{
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, in->descriptor, 0);
    if (data == MAP_FAILED) return false;
    expect_bus_errors();
    madvise(data, size, MADV_SEQUENTIAL);
    close(in->descriptor);
    *in = (input){.data = data, .size = size, .descriptor = -1, .mapped = true};
    return true;
}

bool input_open(input *in, const char *path, input_report *report, void *user, fault *f)
{
    *in = (input){.descriptor = -1, .report = report, .user = user};
    if (strcmp(path, "-") == 0) {
        in->descriptor = STDIN_FILENO;
        return true;
    }
    struct stat about;
    in->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (in->descriptor < 0 || fstat(in->descriptor, &about) != 0) {
        bool set = fault_set(f, VECDOT_SUCCESS, "cannot open it: %s", strerror(errno));
        input_close(in);
        return set;
    }
    if (S_ISDIR(about.st_mode)) {
        input_close(in);
        return fault_set(f, VECDOT_SUCCESS, "it is a directory");
    }
    if (S_ISREG(about.st_mode) && about.st_size > 0 && (uintmax_t)about.st_size <= SIZE_MAX)
        map(in, (size_t)about.st_size); /* otherwise input_need reads it, like a pipe */
    return true;
}

static bool grow(input *in, size_t limit, fault *f)
{
    size_t capacity = in->capacity < 32768 ? 65536 : in->capacity * 2;
    if (capacity > limit || in->capacity > SIZE_MAX / 2) capacity = limit;
    void *data = realloc((void *)(uintptr_t)in->data, capacity);
    if (data == NULL)
        return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for %zu bytes of it", capacity);
    in->data = data;
    in->capacity = capacity;
    return true;
}

bool input_need(input *in, size_t size, fault *f)
{
    while (in->size < size && !in->mapped) {
        if (in->size == in->capacity && !grow(in, size, f)) return false;
        size_t room = in->capacity < size ? in->capacity - in->size : size - in->size;
        ssize_t got = read(in->descriptor, (unsigned char *)(uintptr_t)in->data + in->size,
                           room > 1 << 30 ? 1 << 30 : room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fault_set(f, VECDOT_SUCCESS, "cannot read it: %s", strerror(errno));
        if (got == 0) break;
        in->size += (size_t)got;
        if (in->report != NULL) in->report(in->user, in->size, size);
    }
    if (in->size >= size) return true;
    return fault_set(f, VECDOT_SUCCESS, "it is cut short: %zu bytes expected, %zu there", size, in->size);
}

void input_forget(const input *in)
{
    if (in->mapped) madvise((void *)(uintptr_t)in->data, in->size, MADV_DONTNEED);
}

void input_close(input *in)
{
    if (in->mapped)
        munmap((void *)(uintptr_t)in->data, in->size);
    else
        free((void *)(uintptr_t)in->data);
    if (in->descriptor > STDIN_FILENO) close(in->descriptor);
    *in = (input){.descriptor = -1};
}

/* ---- Output -------------------------------------------------------------------------------------- */

static bool cannot_write(fault *f)
{
    return fault_set(f, VECDOT_SUCCESS, "cannot write it: %s", strerror(errno));
}

/* The mode that open(path, O_CREAT, 0666) gives. */
static mode_t default_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static bool open_temporary(output *out, const char *path, mode_t mode, fault *f)
{
    static const char suffix[] = ".XXXXXX";
    char *resolved = realpath(path, NULL); /* keeps a symbolic link */
    out->path = resolved != NULL ? resolved : strdup(path);
    size_t length = out->path != NULL ? strlen(out->path) : 0;
    out->temporary = out->path != NULL ? malloc(length + sizeof suffix) : NULL;
    if (out->temporary == NULL) {
        output_discard(out);
        return fault_set(f, VECDOT_ERROR_OUT_OF_MEMORY, "no memory for its name");
    }
    memcpy(out->temporary, out->path, length);
    memcpy(out->temporary + length, suffix, sizeof suffix);
    out->descriptor = mkstemp(out->temporary);
    if (out->descriptor >= 0 && fchmod(out->descriptor, mode) == 0) return true;
    cannot_write(f);
    if (out->descriptor < 0) { /* no file to remove */
        free(out->temporary);
        out->temporary = NULL;
    }
    output_discard(out);
    return false;
}

bool output_open(output *out, const char *path, fault *f)
{
    *out = (output){.descriptor = -1};
    if (strcmp(path, "-") == 0) {
        out->descriptor = STDOUT_FILENO;
        return true;
    }
    struct stat about;
    bool exists = stat(path, &about) == 0;
    if (!exists || S_ISREG(about.st_mode))
        return open_temporary(out, path, exists ? about.st_mode & 0777 : default_mode(), f);
    out->descriptor = open(path, O_WRONLY | O_CLOEXEC);
    return out->descriptor >= 0 || cannot_write(f);
}

bool output_write(output *out, const void *data, size_t size, fault *f)
{
    const unsigned char *at = data;
    while (size > 0) {
        ssize_t put = write(out->descriptor, at, size > 1 << 30 ? 1 << 30 : size);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return cannot_write(f);
        at += put;
        size -= (size_t)put;
    }
    return true;
}

bool output_commit(output *out, fault *f)
{
    bool well = out->descriptor == STDOUT_FILENO || close(out->descriptor) == 0;
    out->descriptor = -1;
    if (well && out->temporary != NULL) well = rename(out->temporary, out->path) == 0;
    if (!well) cannot_write(f);
    if (well) {
        free(out->temporary);
        out->temporary = NULL;
    }
    output_discard(out);
    return well;
}

void output_discard(output *out)
{
    if (out->descriptor > STDOUT_FILENO) close(out->descriptor);
    if (out->temporary != NULL) unlink(out->temporary);
    free(out->temporary);
    free(out->path);
    *out = (output){.descriptor = -1};
}

/* ---- Terminals ----------------------------------------------------------------------------------- */

bool stdout_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

bool stderr_is_terminal(void)
{
    return isatty(STDERR_FILENO) == 1;
}
