/* The library's calls to the operating system, for POSIX: libraries opened at run time, the environment,
 * folders and clocks. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* secure_getenv */
#endif
#include "core/base/os.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- Libraries ----------------------------------------------------------------------------------- */

/* Appends the loader's error to the reasons. It begins with the file's name. */
static void add_reason(char *reason, size_t capacity, const char *prefix)
{
    size_t length = strlen(reason);
    const char *why = dlerror();
    if (length + 1 < capacity) {
        snprintf(reason + length, capacity - length, "%s%s%s", length > 0 ? "; " : "", prefix,
                 why != NULL ? why : "unknown error");
    }
}

void *library_open(const char *environment, const char *const *names, char *reason, size_t capacity)
{
    char prefix[64] = "";
    const char *const named[2] = {environment_get(environment), NULL};
    if (capacity > 0) reason[0] = '\0';
    if (named[0] != NULL) {
        names = named;
        snprintf(prefix, sizeof prefix, "%s is set: ", environment);
    }
    for (; *names != NULL; names++) {
        void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
        if (library != NULL) return library;
        if (capacity > 0) add_reason(reason, capacity, prefix);
    }
    return NULL;
}

/* Copies the address's bytes, since ISO C has no cast from void * to a function pointer. */
int library_function(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    if (address != NULL) memcpy(function, &address, sizeof address);
    return address != NULL;
}

/* ---- Environment and folders --------------------------------------------------------------------- */

const char *environment_get(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

int folder_visit(const char *path, void (*visit)(void *user, const char *name), void *user)
{
    DIR *folder = opendir(path);
    if (folder == NULL) return 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') visit(user, entry->d_name);
    }
    closedir(folder);
    return 1;
}

int folder_writable(const char *path)
{
    char nearest[1024];
    if (snprintf(nearest, sizeof nearest, "%s", path) >= (int)sizeof nearest) return 0;
    for (;;) {
        if (access(nearest, W_OK | X_OK) == 0) return 1;
        char *slash = strrchr(nearest, '/');
        if (errno != ENOENT || slash == NULL || strcmp(nearest, "/") == 0) return 0;
        slash[slash == nearest] = '\0'; /* the parent, which may be "/" */
    }
}

/* ---- Private folders ----------------------------------------------------------------------------- */

struct private_folder {
    int descriptor;
};

/* Creates the folder, and its parent when that is missing too. */
static void make_folder(const char *path)
{
    char parent[PATH_MAX];
    if (mkdir(path, 0700) == 0 || errno != ENOENT) return;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') length--;
    while (length > 1 && path[length - 1] != '/') length--;
    if (length <= 1 || length >= sizeof parent) return;
    memcpy(parent, path, length);
    parent[length - 1] = '\0';
    if (mkdir(parent, 0700) == 0) mkdir(path, 0700);
}

/* Whether only this user can have changed the file or folder. */
static int is_private(const struct stat *s)
{
    return s->st_uid == geteuid() && (s->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

private_folder *private_folder_open(const char *path, int make, char *reason, size_t capacity)
{
    struct stat s;
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    if (capacity > 0) reason[0] = '\0';
    int fd = open(path, flags);
    if (fd < 0 && errno == ENOENT && make) {
        make_folder(path);
        fd = open(path, flags);
    }
    if (fd < 0) {
        if (errno != ENOENT || make) snprintf(reason, capacity, "%s: %s", path, strerror(errno));
        return NULL;
    }
    const char *wrong = NULL;
    if (fstat(fd, &s) != 0 || !is_private(&s)) {
        wrong = "belongs to another user, or others may write to it (chmod 700)";
    } else if (make && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0) {
        wrong = "cannot be written";
    }
    private_folder *folder = wrong == NULL ? malloc(sizeof *folder) : NULL;
    if (folder != NULL) {
        folder->descriptor = fd;
        return folder;
    }
    snprintf(reason, capacity, "%s %s", path, wrong != NULL ? wrong : "cannot be used: no host memory");
    close(fd);
    return NULL;
}

void private_folder_close(private_folder *folder)
{
    if (folder == NULL) return;
    close(folder->descriptor);
    free(folder);
}

static int read_whole(int fd, char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t got = read(fd, bytes, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        bytes += got;
        size -= (size_t)got;
    }
    return 1;
}

static int write_whole(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return 0;
        bytes += put;
        size -= (size_t)put;
    }
    return 1;
}

void *private_file_read(const private_folder *folder, const char *name, size_t limit, size_t *size)
{
    struct stat s;
    void *bytes = NULL;
    int fd = openat(folder->descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return NULL;
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && is_private(&s) && s.st_size > 0 &&
        (uint64_t)s.st_size <= limit) {
        *size = (size_t)s.st_size;
        bytes = malloc(*size);
        if (bytes != NULL && !read_whole(fd, bytes, *size)) {
            free(bytes);
            bytes = NULL;
        }
        futimens(fd, NULL); /* fails on a read-only file system, which does no harm */
    }
    close(fd);
    return bytes;
}

int private_file_write(const private_folder *folder, const char *name, const void *bytes, size_t size)
{
    struct timespec now;
    char temporary[NAME_MAX + 1];
    clock_gettime(CLOCK_REALTIME, &now);
    int length = snprintf(temporary, sizeof temporary, "%s.%ld-%lld-%ld", name, (long)getpid(),
                          (long long)now.tv_sec, now.tv_nsec);
    if (length < 0 || length >= (int)sizeof temporary) return 0;
    int fd = openat(folder->descriptor, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return 0;
    int whole = write_whole(fd, bytes, size);
    if (close(fd) != 0) whole = 0;
    if (whole && renameat(folder->descriptor, temporary, folder->descriptor, name) == 0) return 1;
    unlinkat(folder->descriptor, temporary, 0);
    return 0;
}

typedef struct folder_usage {
    uint64_t bytes;
    struct timespec oldest; /* when `name` was last used */
    char name[NAME_MAX + 1];
} folder_usage;

static int is_before(struct timespec a, struct timespec b)
{
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* Returns 0 when the folder cannot be read. */
static int measure_folder(const private_folder *folder, int (*ours)(const char *name), folder_usage *usage)
{
    struct stat s;
    *usage = (folder_usage){0};
    int fd = openat(folder->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (entries == NULL) {
        if (fd >= 0) close(fd);
        return 0;
    }
    for (const struct dirent *e = readdir(entries); e != NULL; e = readdir(entries)) {
        if (!ours(e->d_name)) continue;
        if (fstatat(folder->descriptor, e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(s.st_mode))
            continue;
        usage->bytes += (uint64_t)s.st_size;
        if (usage->name[0] != '\0' && !is_before(s.st_mtim, usage->oldest)) continue;
        usage->oldest = s.st_mtim;
        snprintf(usage->name, sizeof usage->name, "%s", e->d_name);
    }
    closedir(entries);
    return 1;
}

void private_folder_shrink(const private_folder *folder, uint64_t limit, int (*ours)(const char *name))
{
    folder_usage usage;
    while (measure_folder(folder, ours, &usage) && usage.bytes > limit) {
        if (unlinkat(folder->descriptor, usage.name, 0) != 0) return;
    }
}

/* ---- Clocks --------------------------------------------------------------------------------------- */

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
