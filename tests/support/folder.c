/* Temporary folders for the tests of what is kept on disk. */
#include "support/folder.h"

#include "support/cmocka.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

char top[PATH_BYTES], folder[PATH_BYTES];

static void remove_folder(const char *path)
{
    DIR *entries = opendir(path);
    if (entries == NULL) return;
    for (const struct dirent *e = readdir(entries); e != NULL; e = readdir(entries)) {
        char inner[2 * PATH_BYTES];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (unlink(inner) != 0) remove_folder(inner);
    }
    closedir(entries);
    rmdir(path);
}

int make_top(void **state)
{
    const char *where = getenv("TMPDIR");
    (void)state;
    snprintf(top, sizeof top, "%.180s/vecdot-cache-XXXXXX", where != NULL ? where : "/tmp");
    if (mkdtemp(top) == NULL) return -1;
    snprintf(folder, sizeof folder, "%.200s/cache", top);
    return setenv("VECDOT_CACHE_DIR", folder, 1);
}

int remove_top(void **state)
{
    (void)state;
    unsetenv("VECDOT_CACHE_DIR");
    chmod(folder, 0700);
    remove_folder(top);
    return 0;
}

int count_files(const char *path, char last[PATH_BYTES])
{
    int count = 0;
    DIR *entries = opendir(path);
    if (entries == NULL) return 0;
    for (const struct dirent *e = readdir(entries); e != NULL; e = readdir(entries)) {
        if (e->d_name[0] == '.') continue;
        count++;
        if (last != NULL) snprintf(last, PATH_BYTES, "%.120s/%.120s", path, e->d_name);
    }
    closedir(entries);
    return count;
}

unsigned char *read_file(const char *path, size_t *size)
{
    struct stat s;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &s) == 0);
    *size = (size_t)s.st_size;
    unsigned char *bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(fd, bytes, *size), s.st_size);
    close(fd);
    return bytes;
}

void write_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}
