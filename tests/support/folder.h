/* A cache folder of a test's own, and files read and written by their paths. A fault ends the test. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <stddef.h>

enum { PATH_BYTES = 256 };

extern char top[PATH_BYTES];    /* a temporary folder, new for each test    */
extern char folder[PATH_BYTES]; /* the cache's, inside it; not made at first */

/* Set-up and tear-down of a test: the folder's name is in VECDOT_CACHE_DIR. */
int make_top(void **state);
int remove_top(void **state);

/* How many names there are in a folder; `last` receives the path of one of them. */
int count_files(const char *path, char last[PATH_BYTES]);

unsigned char *read_file(const char *path, size_t *size);
void write_file(const char *path, const void *bytes, size_t size);

#endif
