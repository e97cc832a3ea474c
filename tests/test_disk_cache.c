/* The disk cache of program binaries: hits between contexts, and that each fault (a damaged, truncated or
 * foreign file, a folder that is missing, not writable or another user's, a binary the driver refuses) costs
 * a rebuild and changes no result. Files and folders in temporary places of its own. */
#include "core/run/context.h"
#include "core/run/disk_cache.h"
#include "support/backends.h"
#include "support/cmocka.h"
#include "support/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_HEADER = 32 };

static target *on; /* the device under test */

static void expect_hit(const disk_cache *cache, const char *key, const char *content)
{
    size_t size = 0;
    void *found = disk_cache_find(cache, key, &size);
    assert_non_null(found);
    assert_int_equal(size, strlen(content));
    assert_memory_equal(found, content, size);
    free(found);
}

static void expect_miss(const disk_cache *cache, const char *key)
{
    size_t size = 0;
    assert_null(disk_cache_find(cache, key, &size));
}

static disk_cache *open_cache(uint64_t limit)
{
    disk_cache *cache = disk_cache_create_in(folder, limit);
    assert_non_null(cache);
    return cache;
}

static int store(const disk_cache *cache, const char *key, const char *content)
{
    return disk_cache_store(cache, key, content, strlen(content));
}

/* ---- The cache by itself ------------------------------------------------------------------------- */

static void test_stores_and_finds(void **state)
{
    struct stat s;
    char path[PATH_BYTES];
    disk_cache *cache = open_cache(1 << 20);
    (void)state;
    expect_miss(cache, "key");
    assert_int_equal(access(folder, F_OK), -1); /* looking makes nothing */
    assert_true(store(cache, "key", "first"));
    assert_true(store(cache, "other", "second"));
    expect_hit(cache, "key", "first");
    expect_hit(cache, "other", "second");
    expect_miss(cache, "ke");
    assert_true(store(cache, "key", "replaced"));
    expect_hit(cache, "key", "replaced");
    assert_int_equal(count_files(folder, path), 2);
    assert_int_equal(stat(folder, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0700);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_false(disk_cache_store(cache, "empty", "", 0));
    disk_cache_destroy(cache);
}

/* Any one byte wrong, any length but the right one. */
static void test_damaged_files(void **state)
{
    char path[PATH_BYTES];
    size_t size = 0;
    disk_cache *cache = open_cache(1 << 20);
    (void)state;
    assert_true(store(cache, "the key", "the binary"));
    assert_int_equal(count_files(folder, path), 1);
    unsigned char *bytes = read_file(path, &size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        write_file(path, bytes, size);
        expect_miss(cache, "the key");
        bytes[i] ^= 0x10;
    }
    for (size_t length = 0; length < size; length++) {
        write_file(path, bytes, length);
        expect_miss(cache, "the key");
    }
    bytes[size] = 0;
    write_file(path, bytes, size + 1);
    expect_miss(cache, "the key");
    write_file(path, bytes, size);
    expect_hit(cache, "the key", "the binary");
    free(bytes);
    disk_cache_destroy(cache);
}

/* Another key's file under this key's name, as if their hashes were equal; both are of the same length. */
static void test_same_hash_other_key(void **state)
{
    char first[PATH_BYTES], second[PATH_BYTES];
    disk_cache *cache = open_cache(1 << 20);
    (void)state;
    assert_true(store(cache, "key 1", "one"));
    count_files(folder, first);
    assert_int_equal(unlink(first), 0);
    assert_true(store(cache, "key 2", "two"));
    count_files(folder, second);
    assert_string_not_equal(first, second);
    assert_int_equal(rename(second, first), 0);
    expect_miss(cache, "key 1");
    assert_true(store(cache, "key 1", "one"));
    expect_hit(cache, "key 1", "one");
    disk_cache_destroy(cache);
}

static void test_files_others_may_write(void **state)
{
    char path[PATH_BYTES], moved[PATH_BYTES + 8];
    disk_cache *cache = open_cache(1 << 20);
    (void)state;
    assert_true(store(cache, "key", "content"));
    count_files(folder, path);
    assert_int_equal(chmod(path, 0620), 0);
    expect_miss(cache, "key");
    assert_int_equal(chmod(path, 0600), 0);
    expect_hit(cache, "key", "content");
    snprintf(moved, sizeof moved, "%s.moved", path);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(moved, path), 0);
    expect_miss(cache, "key");
    assert_true(store(cache, "key", "content")); /* replaces the link */
    expect_hit(cache, "key", "content");
    disk_cache_destroy(cache);
}

static void expect_unusable(const char *path)
{
    disk_cache *cache = disk_cache_create_in(path, 1 << 20);
    assert_non_null(cache);
    assert_false(disk_cache_writable(cache));
    assert_false(store(cache, "key", "content"));
    expect_miss(cache, "key");
    disk_cache_destroy(cache);
}

static void test_folders_that_cannot_be_used(void **state)
{
    char inside[PATH_BYTES + 16];
    disk_cache *cache = open_cache(1 << 20);
    (void)state;
    assert_true(store(cache, "key", "content"));
    assert_int_equal(chmod(folder, 0770), 0);
    expect_unusable(folder);
    assert_int_equal(chmod(folder, 0702), 0);
    expect_unusable(folder);
    assert_int_equal(chmod(folder, 0755), 0);
    expect_hit(cache, "key", "content");
    disk_cache_destroy(cache);
    expect_unusable("/dev/null");
    expect_unusable("/proc/vecdot/cache");
    snprintf(inside, sizeof inside, "%s/a/b/c", folder); /* only a folder and its parent are made */
    expect_unusable(inside);
    if (geteuid() == 0) {
        assert_int_equal(chown(folder, 1, 1), 0);
    } else {
        expect_unusable("/"); /* root's */
        assert_int_equal(chmod(folder, 0500), 0);
    }
    cache = open_cache(1 << 20);
    assert_false(disk_cache_writable(cache));
    assert_false(store(cache, "another", "content"));
    disk_cache_destroy(cache);
}

/* The files used last stay, what is not the cache's stays, and what was never completed goes. */
static void test_limit(void **state)
{
    char name[8], notes[PATH_BYTES + 16], stale[PATH_BYTES + 80], content[1001];
    struct stat s;
    disk_cache *cache = open_cache(3 * (FILE_HEADER + 5 + 1000));
    (void)state;
    memset(content, 'x', 1000);
    content[1000] = '\0';
    assert_true(store(cache, "key 0", content));
    snprintf(notes, sizeof notes, "%s/notes.txt", folder);
    write_file(notes, content, 1000);
    snprintf(stale, sizeof stale, "%s/0123456789abcdef0123456789abcdef.vecdot.77-1-1", folder);
    write_file(stale, content, 1000);
    for (int i = 1; i < 6; i++) {
        usleep(20000);
        expect_hit(cache, "key 0", content);
        usleep(20000);
        snprintf(name, sizeof name, "key %d", i);
        assert_true(store(cache, name, content));
    }
    expect_hit(cache, "key 0", content);
    expect_miss(cache, "key 1");
    expect_miss(cache, "key 2");
    expect_miss(cache, "key 3");
    expect_hit(cache, "key 4", content);
    expect_hit(cache, "key 5", content);
    assert_int_equal(stat(notes, &s), 0);
    assert_int_equal(stat(stale, &s), -1);
    disk_cache_destroy(cache);

    cache = open_cache(500);
    assert_false(store(cache, "too large", content));
    disk_cache_destroy(cache);
}

/* What one process of several does: stores its own content under the common key, and finds always a whole
 * one. */
static int store_and_find(int number)
{
    char content[20001], expected[20001];
    disk_cache *cache = disk_cache_create_in(folder, 1 << 20);
    int wrong = cache == NULL;
    memset(content, 'a' + number, 20000);
    content[20000] = '\0';
    for (int i = 0; i < 60 && !wrong; i++) {
        size_t size = 0;
        if (!store(cache, "common", content)) wrong = 1;
        char *found = disk_cache_find(cache, "common", &size);
        if (found == NULL || size != 20000) {
            wrong = 1;
        } else {
            memset(expected, found[0], size);
            wrong |= memcmp(found, expected, size) != 0 || found[0] < 'a' || found[0] > 'd';
        }
        free(found);
    }
    disk_cache_destroy(cache);
    return wrong;
}

static void test_processes_at_once(void **state)
{
    pid_t children[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) _exit(store_and_find(i));
    }
    for (int i = 0; i < 4; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(count_files(folder, NULL), 1); /* no temporary file is left */
}

/* ---- Where it is --------------------------------------------------------------------------------- */

static void expect_cache_in(const char *path)
{
    disk_cache *cache = disk_cache_create();
    assert_non_null(cache);
    assert_true(store(cache, "key", "content"));
    expect_hit(cache, "key", "content");
    disk_cache_destroy(cache);
    assert_int_equal(count_files(path, NULL), 1);
}

static void keep_variable(const char *name, char kept[PATH_BYTES])
{
    const char *value = getenv(name);
    snprintf(kept, PATH_BYTES, "%s", value != NULL ? value : "");
}

static void set_or_unset(const char *name, const char *value)
{
    assert_int_equal(value[0] != '\0' ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void test_environment(void **state)
{
    char home[PATH_BYTES], xdg[PATH_BYTES], path[PATH_BYTES + 32];
    (void)state;
    keep_variable("HOME", home);
    keep_variable("XDG_CACHE_HOME", xdg);
    expect_cache_in(folder);

    set_or_unset("VECDOT_CACHE_DIR", "");
    set_or_unset("HOME", top);
    snprintf(path, sizeof path, "%s/xdg", top);
    set_or_unset("XDG_CACHE_HOME", path);
    snprintf(path, sizeof path, "%s/xdg/vecdot", top);
    expect_cache_in(path);

    set_or_unset("XDG_CACHE_HOME", "");
    snprintf(path, sizeof path, "%s/.cache/vecdot", top);
    expect_cache_in(path);

    snprintf(path, sizeof path, "%s/no such home", top); /* which is not made */
    set_or_unset("HOME", path);
    disk_cache *cache = disk_cache_create();
    assert_non_null(cache);
    assert_false(disk_cache_writable(cache));
    disk_cache_destroy(cache);

    set_or_unset("HOME", "");
    assert_null(disk_cache_create());

    set_or_unset("HOME", home);
    set_or_unset("XDG_CACHE_HOME", xdg);
}

/* ---- With programs ------------------------------------------------------------------------------- */

typedef struct events {
    int built, loaded, saved, refused;
} events;

static void count_event(void *user, const char *message)
{
    events *e = user;
    e->built += strncmp(message, "built ", 6) == 0;
    e->loaded += strncmp(message, "loaded ", 7) == 0;
    e->saved += strncmp(message, "saved ", 6) == 0;
    e->refused += strstr(message, "refuses the binary") != NULL;
}

static void compute(vecdot_queue *queue)
{
    enum { ROWS = 3, LENGTH = 100 };
    int32_t x1[ROWS][LENGTH], x2[LENGTH], out[ROWS] = {0}, expected[ROWS] = {0};
    int64_t shape[2] = {ROWS, LENGTH};
    DLTensor a = {.data = x1, .device = {kDLCPU, 0}, .ndim = 2, .dtype = VECDOT_INT32, .shape = shape};
    DLTensor b = a, c = a;
    b.data = x2;
    b.ndim = c.ndim = 1;
    b.shape = shape + 1;
    c.data = out;
    for (int i = 0; i < LENGTH; i++) {
        x2[i] = i % 7 - 3;
        for (int row = 0; row < ROWS; row++) {
            x1[row][i] = i * (row + 1) % 11;
            expected[row] += x1[row][i] * x2[i];
        }
    }
    if (vecdot(queue, &a, &b, -1, &c) != VECDOT_SUCCESS) fail_msg("%s", vecdot_last_error());
    assert_memory_equal(out, expected, sizeof out);
}

/* One computation in a context of its own, which `change` (may be NULL) alters before. */
static events run_once(void (*change)(vecdot_context *context))
{
    vecdot_context *context = NULL;
    vecdot_queue *queue = NULL;
    events seen = {0};
    if (vecdot_context_create(on->selector, &context) != VECDOT_SUCCESS ||
        vecdot_queue_create(context, &queue) != VECDOT_SUCCESS) {
        fail_msg("%s", vecdot_last_error());
    }
    if (change != NULL) change(context);
    vecdot_set_logger(count_event, &seen);
    compute(queue);
    compute(queue);
    vecdot_queue_release(queue);
    vecdot_context_release(context); /* which saves */
    vecdot_set_logger(NULL, NULL);
    on->cases++;
    return seen;
}

static void expect_built_and_saved(events e)
{
    assert_true(e.built > 0);
    assert_int_equal(e.saved, e.built);
    assert_int_equal(e.loaded, 0);
}

static void expect_loaded(events e)
{
    assert_true(e.loaded > 0);
    assert_int_equal(e.built + e.saved + e.refused, 0);
}

static void expect_built_only(events e)
{
    assert_true(e.built > 0);
    assert_int_equal(e.loaded + e.saved + e.refused, 0);
}

static void test_hit_in_a_second_context(void **state)
{
    (void)state;
    events first = run_once(NULL);
    expect_built_and_saved(first);
    assert_int_equal(count_files(folder, NULL), first.saved);
    events second = run_once(NULL);
    expect_loaded(second);
    assert_int_equal(second.loaded, first.built);
}

/* A file with one byte changed far inside, then one that ends early: built, saved again, then a hit. */
static void test_damaged_program(void **state)
{
    char path[PATH_BYTES];
    size_t size = 0;
    (void)state;
    events first = run_once(NULL);
    if (first.built != 1) skip();
    for (int truncated = 0; truncated < 2; truncated++) {
        count_files(folder, path);
        unsigned char *bytes = read_file(path, &size);
        bytes[size - size / 4] ^= 1;
        write_file(path, bytes, truncated ? size / 2 : size);
        free(bytes);
        expect_built_and_saved(run_once(NULL));
        expect_loaded(run_once(NULL));
    }
}

/* A whole file of this very key whose binary is none. */
static void test_refused_binary(void **state)
{
    char path[PATH_BYTES];
    uint64_t key_size = 0;
    size_t size = 0;
    (void)state;
    run_once(NULL);
    count_files(folder, path);
    unsigned char *bytes = read_file(path, &size);
    memcpy(&key_size, bytes + 8, sizeof key_size);
    char *key = calloc(1, (size_t)key_size + 1);
    assert_non_null(key);
    memcpy(key, bytes + FILE_HEADER, (size_t)key_size);
    disk_cache *cache = open_cache(1 << 20);
    assert_true(store(cache, key, "this is no program"));
    expect_hit(cache, key, "this is no program");
    disk_cache_destroy(cache);
    free(key);
    free(bytes);
    events e = run_once(NULL);
    assert_int_equal(e.refused, 1);
    assert_int_equal(e.built, 1);
    assert_int_equal(e.saved, 1);
    expect_loaded(run_once(NULL));
}

static void other_driver(vecdot_context *context)
{
    strcpy(context->dev.info.driver, "another version");
}

static void other_compiler(vecdot_context *context)
{
    strcpy(context->dev.compiler, "another version");
}

static void other_device(vecdot_context *context)
{
    strcpy(context->dev.info.name, "another device");
}

static void test_key_names_device_and_driver(void **state)
{
    void (*const changes[])(vecdot_context *) = {other_driver, other_compiler, other_device};
    (void)state;
    events first = run_once(NULL);
    for (int i = 0; i < 3; i++) {
        expect_built_and_saved(run_once(changes[i]));
        expect_loaded(run_once(changes[i]));
        assert_int_equal(count_files(folder, NULL), (i + 2) * first.saved);
    }
}

static backend changed_driver;

static void without_binaries(vecdot_context *context)
{
    changed_driver = *context->dev.driver;
    changed_driver.program_save = NULL;
    changed_driver.program_load = NULL;
    context->dev.driver = &changed_driver;
}

static vecdot_status save_nothing(void *program, void *bytes, size_t capacity, size_t *needed)
{
    (void)program;
    (void)bytes;
    (void)capacity;
    *needed = 0;
    return VECDOT_SUCCESS;
}

static void with_empty_binaries(vecdot_context *context)
{
    without_binaries(context);
    changed_driver.program_save = save_nothing;
}

static void test_driver_without_binaries(void **state)
{
    (void)state;
    expect_built_only(run_once(without_binaries));
    expect_built_only(run_once(with_empty_binaries));
    assert_int_equal(count_files(folder, NULL), 0);
}

static void test_no_usable_folder(void **state)
{
    char home[PATH_BYTES], xdg[PATH_BYTES];
    (void)state;
    set_or_unset("VECDOT_CACHE_DIR", "/dev/null");
    expect_built_only(run_once(NULL));
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    set_or_unset("VECDOT_CACHE_DIR", folder);
    expect_built_only(run_once(NULL));
    assert_int_equal(count_files(folder, NULL), 0);
    keep_variable("HOME", home);
    keep_variable("XDG_CACHE_HOME", xdg);
    set_or_unset("VECDOT_CACHE_DIR", "");
    set_or_unset("XDG_CACHE_HOME", "");
    set_or_unset("HOME", "");
    disk_cache *cache = disk_cache_create();
    set_or_unset("HOME", home);
    set_or_unset("XDG_CACHE_HOME", xdg);
    assert_null(cache);
}

static int run(target *t)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_top, remove_top)
    const struct CMUnitTest tests[] = {
        TEST(test_stores_and_finds),
        TEST(test_damaged_files),
        TEST(test_same_hash_other_key),
        TEST(test_files_others_may_write),
        TEST(test_folders_that_cannot_be_used),
        TEST(test_limit),
        TEST(test_processes_at_once),
        TEST(test_environment),
        TEST(test_hit_in_a_second_context),
        TEST(test_damaged_program),
        TEST(test_refused_binary),
        TEST(test_key_names_device_and_driver),
        TEST(test_driver_without_binaries),
        TEST(test_no_usable_folder),
    };
#undef TEST
    on = t;
    return cmocka_run_group_tests_name("disk cache", tests, NULL, NULL);
}

int main(void)
{
    setenv("VECDOT_CACHE_DIR", "/dev/null", 1); /* the test's temporary folders are the only ones used */
    return targets_run(run);
}
