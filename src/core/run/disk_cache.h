/* Program binaries kept on disk between processes, in a folder of this user alone. A fault of any kind (no
 * folder, a file that is damaged or of another program, a full disk) is a miss, and said only in the log.
 * Safe for any number of threads and processes at once. */
#ifndef CORE_DISK_CACHE_H
#define CORE_DISK_CACHE_H

#include <stddef.h>
#include <stdint.h>

typedef struct disk_cache disk_cache;

/* The folder for all that is kept between processes: VECDOT_CACHE_DIR, else $XDG_CACHE_HOME/vecdot, else
 * $HOME/.cache/vecdot. 0 when none of these is set, or the path is too long. */
int cache_folder(char *path, size_t capacity);

/* In that folder; NULL where there is none. It is made when the first binary is stored; a path that is no
 * folder, such as /dev/null, turns the cache off. */
disk_cache *disk_cache_create(void);

/* In a given folder, whose files may take `limit` bytes. NULL when memory is out. */
disk_cache *disk_cache_create_in(const char *folder, uint64_t limit);

void disk_cache_destroy(disk_cache *cache); /* NULL is allowed */

/* The bytes stored under exactly this key, in memory that the caller frees; NULL on a miss. */
void *disk_cache_find(const disk_cache *cache, const char *key, size_t *size);

/* Whether storing has a chance; making a binary can be slow. */
int disk_cache_writable(const disk_cache *cache);

/* Stores them, then removes what was not used for longest until the limit is kept. 0 when it cannot. */
int disk_cache_store(const disk_cache *cache, const char *key, const void *bytes, size_t size);

#endif
