/* The files of the disk cache: one for each program, named by a hash of its key. A file is the header
 * below, the key and the binary. The whole key is compared, so two keys with the same hash cost a rebuild
 * and nothing else.
 *
 * There is no lock: os_posix.c replaces a file in one step, so a reader in any process sees a whole file. It
 * also removes the files that were unused for longest (private_folder_shrink). */
#include "core/run/disk_cache.h"

#include "core/base/os.h"
#include "core/base/status.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* "vecdot" and the format's version. In the other byte order it is a different number, so such a file is
 * not read. */
#define MAGIC UINT64_C(0x766563646F740001)

static const uint64_t default_limit = UINT64_C(256) << 20;

static const char suffix[] = ".vecdot";
enum { HASH_DIGITS = 32, NAME_BYTES = HASH_DIGITS + sizeof suffix, REASON_BYTES = 1024 };

typedef struct header {
    uint64_t magic;
    uint64_t key_size;
    uint64_t size;     /* bytes of the binary */
    uint64_t checksum; /* of all bytes after the header */
} header;

struct disk_cache {
    uint64_t limit;
    char folder[];
};

/* ---- Folders ------------------------------------------------------------------------------------- */

disk_cache *disk_cache_create_in(const char *folder, uint64_t limit)
{
    size_t bytes = strlen(folder) + 1;
    disk_cache *cache = malloc(sizeof *cache + bytes);
    if (cache == NULL) return NULL;
    cache->limit = limit;
    memcpy(cache->folder, folder, bytes);
    return cache;
}

int cache_folder(char *path, size_t capacity)
{
    const char *own = environment_get("VECDOT_CACHE_DIR");
    const char *xdg = environment_get("XDG_CACHE_HOME");
    const char *home = environment_get("HOME");
    if (own == NULL && xdg == NULL && home == NULL) return 0;
    int length = own != NULL   ? snprintf(path, capacity, "%s", own)
                 : xdg != NULL ? snprintf(path, capacity, "%s/vecdot", xdg)
                               : snprintf(path, capacity, "%s/.cache/vecdot", home);
    return length > 0 && (size_t)length < capacity;
}

disk_cache *disk_cache_create(void)
{
    char path[PATH_MAX];
    return cache_folder(path, sizeof path) ? disk_cache_create_in(path, default_limit) : NULL;
}

void disk_cache_destroy(disk_cache *cache)
{
    free(cache);
}

static private_folder *open_folder(const disk_cache *cache, int make)
{
    char reason[REASON_BYTES] = "";
    private_folder *folder = private_folder_open(cache->folder, make, reason, sizeof reason);
    if (folder == NULL && make) log_line("disk cache: not used: %s", reason);
    return folder;
}

int disk_cache_writable(const disk_cache *cache)
{
    private_folder *folder = open_folder(cache, 1);
    private_folder_close(folder);
    return folder != NULL;
}

/* ---- Files --------------------------------------------------------------------------------------- */

static void file_name(const char *key, size_t key_size, char name[NAME_BYTES])
{
    XXH128_hash_t hash = XXH3_128bits(key, key_size);
    snprintf(name, NAME_BYTES, "%016llx%016llx%s", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64, suffix);
}

/* Whether a file belongs to this cache; temporary files that were never completed do too. No other file in
 * the folder is ever removed. */
static int is_our_file(const char *name)
{
    return strspn(name, "0123456789abcdef") == HASH_DIGITS &&
           strncmp(name + HASH_DIGITS, suffix, sizeof suffix - 1) == 0;
}

/* Returns NULL when the file is complete and belongs to this key; otherwise what is wrong with it. */
static const char *check_file(const char *file, size_t size, const char *key, size_t key_size, header *h)
{
    if (size < sizeof *h) return "is too short";
    memcpy(h, file, sizeof *h);
    if (h->magic != MAGIC) return "is of another format";
    if (h->key_size != key_size) return "is of another program";
    size_t rest = size - sizeof *h;
    if (rest < key_size || h->size != rest - key_size || h->size == 0) return "has another size than it says";
    if (h->checksum != XXH3_64bits(file + sizeof *h, rest)) return "is damaged";
    if (memcmp(file + sizeof *h, key, key_size) != 0) return "is of another program";
    return NULL;
}

void *disk_cache_find(const disk_cache *cache, const char *key, size_t *size)
{
    char name[NAME_BYTES];
    header h;
    size_t key_size = strlen(key), file_size = 0;
    private_folder *folder = open_folder(cache, 0);
    if (folder == NULL) return NULL;
    file_name(key, key_size, name);
    size_t limit = cache->limit < SIZE_MAX ? (size_t)cache->limit : SIZE_MAX;
    char *file = private_file_read(folder, name, limit, &file_size);
    private_folder_close(folder);
    if (file == NULL) return NULL;
    const char *wrong = check_file(file, file_size, key, key_size, &h);
    if (wrong != NULL) {
        log_line("disk cache: %s/%s %s", cache->folder, name, wrong);
        free(file);
        return NULL;
    }
    *size = (size_t)h.size;
    memmove(file, file + sizeof h + key_size, *size);
    return file;
}

int disk_cache_store(const disk_cache *cache, const char *key, const void *bytes, size_t size)
{
    char name[NAME_BYTES];
    size_t key_size = strlen(key), total = 0;
    header h = {.magic = MAGIC, .key_size = key_size, .size = size};
    if (size == 0 || __builtin_add_overflow(sizeof h + key_size, size, &total) || total > cache->limit)
        return 0;
    char *file = malloc(total);
    private_folder *folder = file != NULL ? open_folder(cache, 1) : NULL;
    int stored = 0;
    if (folder != NULL) {
        memcpy(file + sizeof h, key, key_size);
        memcpy(file + sizeof h + key_size, bytes, size);
        h.checksum = XXH3_64bits(file + sizeof h, total - sizeof h);
        memcpy(file, &h, sizeof h);
        file_name(key, key_size, name);
        stored = private_file_write(folder, name, file, total);
        if (!stored) log_line("disk cache: cannot write %s/%s", cache->folder, name);
        private_folder_shrink(folder, cache->limit, is_our_file);
        private_folder_close(folder);
    }
    free(file);
    return stored;
}
