/* Program binaries kept on disk between processes, in a folder that only this user may write to. Any fault
 * (no folder, a damaged file, a file of another program, a full disk) counts as a miss and appears only in
 * the log: it never fails a call. Any number of threads and processes may use the cache at the same time. */
#ifndef CORE_DISK_CACHE_H
#define CORE_DISK_CACHE_H

#include <stddef.h>
#include <stdint.h>

typedef struct disk_cache disk_cache;

/* Writes the path of the cache folder: VECDOT_CACHE_DIR, else $XDG_CACHE_HOME/vecdot, else
 * $HOME/.cache/vecdot. Returns 0 when none of these is set or the path is too long. */
int cache_folder(char *path, size_t capacity);

/* Makes the cache in that folder. Returns NULL when there is no such path. The first store creates the
 * folder. A path that is not a folder, such as /dev/null, turns the cache off. */
disk_cache *disk_cache_create(void);

/* Makes the cache in a given folder; its files may take `limit` bytes. Returns NULL when memory is out. */
disk_cache *disk_cache_create_in(const char *folder, uint64_t limit);

void disk_cache_destroy(disk_cache *cache); /* NULL is allowed */

/* Returns the bytes stored under exactly this key, in memory that the caller frees; NULL on a miss. */
void *disk_cache_find(const disk_cache *cache, const char *key, size_t *size);

/* Whether a store could succeed. Making a binary can be slow, so ask this first. */
int disk_cache_writable(const disk_cache *cache);

/* Stores the bytes, then removes the files unused for longest until the limit is kept. Returns 0 on
 * failure. */
int disk_cache_store(const disk_cache *cache, const char *key, const void *bytes, size_t size);

#endif
