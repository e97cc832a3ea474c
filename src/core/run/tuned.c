/* The files of tuned thresholds: their names, what must be true of one before it is believed, and the
 * writing. */
#include "core/run/tuned.h"

#include "core/base/os.h"
#include "core/run/disk_cache.h"

#include <json-c/json_object.h>
#include <json-c/json_tokener.h>
#include <json-c/linkhash.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char format[] = "vecdot tuned thresholds";
enum { VERSION = 1, LIMIT = 1 << 16, DEPTH = 5, NAME_BYTES = 64 };

/* By device and not by driver, so that a new driver finds the old file and can say why it is no longer used.
 */
static void file_name(const device *dev, char name[NAME_BYTES])
{
    const vecdot_device_info *info = &dev->info;
    char key[sizeof info->backend + sizeof info->platform + sizeof info->name];
    int length = snprintf(key, sizeof key, "%s\n%s\n%s", info->backend, info->platform, info->name);
    snprintf(name, NAME_BYTES, "tuned-%016llx.json", (unsigned long long)XXH3_64bits(key, (size_t)length));
}

/* ---- Reading ------------------------------------------------------------------------------------- */

static const char *string_in(json_object *object, const char *key)
{
    json_object *value = NULL;
    json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

/* `otherwise` where there is no such integer. */
static int64_t integer_in(json_object *object, const char *key, int64_t otherwise)
{
    json_object *value = NULL;
    json_object_object_get_ex(object, key, &value);
    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : otherwise;
}

/* The whole of the bytes as one JSON object; NULL, with why, when they are not. */
static json_object *read_object(const char *bytes, size_t size, text *why)
{
    while (size > 0 && bytes[size - 1] == '\n') size--;
    json_tokener *reader = size <= LIMIT ? json_tokener_new_ex(DEPTH) : NULL;
    if (reader == NULL) {
        text_add(why, "it cannot be read: %zu bytes", size);
        return NULL;
    }
    json_tokener_set_flags(reader, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *object = json_tokener_parse_ex(reader, bytes, (int)size);
    enum json_tokener_error error = json_tokener_get_error(reader);
    size_t end = json_tokener_get_parse_end(reader);
    json_tokener_free(reader);
    if (error == json_tokener_success && end == size && json_object_is_type(object, json_type_object))
        return object;
    text_add(why, "it is damaged: %s at byte %zu",
             error == json_tokener_success    ? "not one object"
             : error == json_tokener_continue ? "ends too early"
                                              : json_tokener_error_desc(error),
             end);
    json_object_put(object);
    return NULL;
}

/* Whether the file is of this format, and was measured on this device with this driver. */
static int check_origin(json_object *object, const device *dev, text *why)
{
    const vecdot_device_info *info = &dev->info;
    const char *const facts[][2] = {{"backend", info->backend},
                                    {"platform", info->platform},
                                    {"device", info->name},
                                    {"driver", info->driver}};
    int64_t version = integer_in(object, "version", -1);
    if (strcmp(string_in(object, "format"), format) != 0) {
        text_add(why, "it is no file of tuned thresholds");
        return 0;
    }
    if (version != VERSION) {
        text_add(why, "it is of format version %lld, not %d", (long long)version, VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        const char *was = string_in(object, facts[i][0]);
        if (strcmp(was, facts[i][1]) == 0) continue;
        text_add(why, "its %s is \"%.64s\", not \"%s\"", facts[i][0], was, facts[i][1]);
        return 0;
    }
    return 1;
}

static int apply_entry(const char *name, json_object *entry, thresholds *t)
{
    int index = threshold_find(name);
    int64_t value = integer_in(entry, "value", INT64_MIN);
    if (index >= 0 && threshold_set(t, index, value)) return 1;
    if (index < 0)
        log_line("tuned thresholds: \"%.64s\" is refused: there is no such threshold", name);
    else
        log_line("tuned thresholds: %s is refused: expected %lld to %lld in steps of *%lld", name,
                 (long long)threshold_rows[index].least, (long long)threshold_rows[index].most,
                 (long long)threshold_rows[index].factor);
    return 0;
}

static int is_faster(json_object *entry)
{
    json_object *value = NULL;
    json_object_object_get_ex(entry, "faster", &value);
    return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

/* Files of earlier versions have none of it. */
static void apply_blas(json_object *object, tuned_blas *blas)
{
    json_object *all = NULL, *dtypes = NULL;
    *blas = (tuned_blas){0};
    if (!json_object_object_get_ex(object, "blas", &all) ||
        !json_object_object_get_ex(all, "dtypes", &dtypes) || !json_object_is_type(dtypes, json_type_object))
        return;
    snprintf(blas->library, sizeof blas->library, "%s", string_in(all, "library"));
    json_object_object_foreach(dtypes, name, entry)
    {
        for (int i = 0; i < DTYPE_COUNT; i++)
            if (strcmp(name, dtype_name((dtype)i)) == 0 && is_faster(entry)) blas->types |= UINT32_C(1) << i;
    }
}

int tuned_parse(const char *bytes, size_t size, const device *dev, thresholds *t, tuned_blas *blas, text *why)
{
    json_object *object = read_object(bytes, size, why), *entries = NULL;
    int count = -1;
    if (object != NULL && check_origin(object, dev, why)) {
        if (json_object_object_get_ex(object, "thresholds", &entries) &&
            json_object_is_type(entries, json_type_object)) {
            count = 0;
            json_object_object_foreach(entries, name, entry) count += apply_entry(name, entry, t);
            apply_blas(object, blas);
        } else {
            text_add(why, "it has no \"thresholds\"");
        }
    }
    json_object_put(object);
    return count;
}

void tuned_load(const device *dev, thresholds *t, tuned_blas *blas)
{
    char path[PATH_MAX], name[NAME_BYTES], reason[512] = "";
    size_t size = 0;
    text why = {reason, sizeof reason, 0};
    private_folder *folder =
        cache_folder(path, sizeof path) ? private_folder_open(path, 0, reason, sizeof reason) : NULL;
    if (folder == NULL) return;
    file_name(dev, name);
    char *bytes = private_file_read(folder, name, LIMIT, &size);
    private_folder_close(folder);
    if (bytes == NULL) return;
    int count = tuned_parse(bytes, size, dev, t, blas, &why);
    if (count < 0)
        log_line("tuned thresholds: %s/%s is ignored: %s", path, name, reason);
    else
        log_line("tuned thresholds: %d from %s/%s", count, path, name);
    free(bytes);
}

/* ---- Writing ------------------------------------------------------------------------------------- */

/* Adds a value, which may be NULL for want of memory, and says so in *whole. */
static void add(json_object *object, const char *key, json_object *value, int *whole)
{
    if (object != NULL && value != NULL && json_object_object_add(object, key, value) == 0) return;
    json_object_put(value);
    *whole = 0;
}

static json_object *number(double value, const char *digits)
{
    json_object *made = json_object_new_double(value);
    if (made != NULL)
        json_object_set_serializer(made, json_object_double_to_json_string, (void *)(uintptr_t)digits, NULL);
    return made;
}

static json_object *write_entry(const tuned_entry *entry, int *whole)
{
    json_object *object = json_object_new_object();
    add(object, "value", json_object_new_int64(entry->value), whole);
    add(object, "instead_of", json_object_new_int64(entry->instead_of), whole);
    add(object, "unit", json_object_new_string(threshold_rows[entry->index].unit), whole);
    add(object, "gain", number(entry->gain, "%.4f"), whole);
    return object;
}

static json_object *write_blas(const tuned_findings *found, int *whole)
{
    json_object *object = json_object_new_object(), *dtypes = json_object_new_object();
    add(object, "library", json_object_new_string(found->library), whole);
    for (int i = 0; i < found->product_count; i++) {
        const tuned_product *p = &found->products[i];
        json_object *entry = json_object_new_object();
        add(entry, "faster", json_object_new_boolean(p->faster), whole);
        add(entry, "seconds", number(p->seconds, "%.9g"), whole);
        add(entry, "own_seconds", number(p->own_seconds, "%.9g"), whole);
        add(dtypes, dtype_name(p->type), entry, whole);
    }
    add(object, "dtypes", dtypes, whole);
    return object;
}

/* NULL when memory is out. */
static json_object *write_object(const device *dev, const tuned_findings *found)
{
    const vecdot_device_info *info = &dev->info;
    char date[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    int whole = 1;
    json_object *object = json_object_new_object(), *all = json_object_new_object();
    if (gmtime_r(&now, &utc) != NULL) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    add(object, "format", json_object_new_string(format), &whole);
    add(object, "version", json_object_new_int(VERSION), &whole);
    add(object, "vecdot", json_object_new_string(vecdot_version()), &whole);
    add(object, "date", json_object_new_string(date), &whole);
    add(object, "backend", json_object_new_string(info->backend), &whole);
    add(object, "platform", json_object_new_string(info->platform), &whole);
    add(object, "device", json_object_new_string(info->name), &whole);
    add(object, "driver", json_object_new_string(info->driver), &whole);
    add(object, "table", json_object_new_string(device_family_name(device_family_of(&dev->info))), &whole);
    for (int i = 0; i < found->count; i++)
        add(all, threshold_rows[found->entries[i].index].name, write_entry(&found->entries[i], &whole),
            &whole);
    add(object, "thresholds", all, &whole);
    if (found->library != NULL) add(object, "blas", write_blas(found, &whole), &whole);
    if (whole) return object;
    json_object_put(object);
    return NULL;
}

/* The line that ends a text file is all that JSON itself does not write. */
static int store(private_folder *folder, const char *name, json_object *object)
{
    size_t size = 0;
    const char *words = json_object_to_json_string_length(
        object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
    char *bytes = words != NULL ? malloc(size + 1) : NULL;
    if (bytes == NULL) return 0;
    memcpy(bytes, words, size);
    bytes[size] = '\n';
    int stored = private_file_write(folder, name, bytes, size + 1);
    free(bytes);
    return stored;
}

vecdot_status tuned_save(const device *dev, const tuned_findings *found, text *path)
{
    char where[PATH_MAX], name[NAME_BYTES], reason[1024];
    if (!cache_folder(where, sizeof where))
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "vecdot_tuning_save: there is no cache folder: set VECDOT_CACHE_DIR or HOME");
    private_folder *folder = private_folder_open(where, 1, reason, sizeof reason);
    if (folder == NULL)
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "vecdot_tuning_save: the cache folder cannot be used: %s",
                    reason);
    file_name(dev, name);
    json_object *object = write_object(dev, found);
    int stored = object != NULL && store(folder, name, object);
    json_object_put(object);
    private_folder_close(folder);
    text_add(path, "%s/%s", where, name);
    if (stored) return VECDOT_SUCCESS;
    return fail(object != NULL ? VECDOT_ERROR_INVALID_ARGUMENT : VECDOT_ERROR_OUT_OF_MEMORY,
                "vecdot_tuning_save: cannot write %s/%s", where, name);
}
