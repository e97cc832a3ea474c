/* Reads a call's options from a struct of any release and checks each field by itself. */
#include "core/problem/options.h"

#include <string.h>

/* The size of the first release's struct. It never changes: later fields come after it. */
enum { FIRST_RELEASE = offsetof(vecdot_options, reserved) + sizeof(uint32_t) };

_Static_assert(sizeof(vecdot_options) == offsetof(vecdot_options, reserved) + sizeof(uint32_t),
               "no padding at the end, where compilers leave garbage: earlier releases expect zeros there");

/* A larger size belongs to no release; it is an uninitialised number. */
enum { LARGEST = 4096 };

vecdot_status options_copy(const char *op, const void *given, size_t least, void *known, size_t known_size)
{
    const unsigned char *bytes = given;
    size_t size;
    memcpy(&size, given, sizeof size);
    if (size < least || size > LARGEST) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "%s: options.size is %zu; expected %zu to %d, as in sizeof(vecdot_options) (use "
                    "VECDOT_OPTIONS_INIT)",
                    op, size, least, LARGEST);
    }
    for (size_t i = known_size; i < size; i++) {
        if (bytes[i] == 0) continue;
        return fail(VECDOT_ERROR_INVALID_ARGUMENT,
                    "%s: options.size is %zu and byte %zu of options is not 0; expected zeros from byte %zu "
                    "on, which "
                    "this release does not know",
                    op, size, i, known_size);
    }
    size_t common = size < known_size ? size : known_size;
    memcpy((unsigned char *)known + sizeof size, bytes + sizeof size, common - sizeof size);
    return VECDOT_SUCCESS;
}

vecdot_status options_read(const char *op, const vecdot_options *given, vecdot_options *options)
{
    *options = (vecdot_options)VECDOT_OPTIONS_INIT;
    if (!given) return VECDOT_SUCCESS;
    if (given->size == sizeof *options) /* the usual case */
        *options = *given;
    else
        TRY(options_copy(op, given, FIRST_RELEASE, options, sizeof *options));
    if (options->keepdims != 0 && options->keepdims != 1) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: options.keepdims is %d; expected 0 or 1", op,
                    (int)options->keepdims);
    }
    const uint32_t unknown = options->flags & ~(VECDOT_REPRODUCIBLE | VECDOT_NO_CONJ);
    if (unknown) {
        return fail(VECDOT_ERROR_INVALID_ARGUMENT, "%s: options.flags is 0x%x; unknown bits 0x%x", op,
                    (unsigned)options->flags, (unsigned)unknown);
    }
    return VECDOT_SUCCESS;
}
