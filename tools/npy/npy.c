/* Opens and writes .npy files. A file is never trusted: every size is checked against the file's real
 * contents before it is used. */
#include "npy/npy.h"

#include "dtypes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* Headers of numeric arrays have about 118 bytes. The limit allows long ones and stops absurd ones. */
enum { HEADER_LIMIT = 1 << 20 };

/* ---- Reading ------------------------------------------------------------------------------------- */

static bool not_npy(const input *file, fault *f)
{
    if (file->size >= 4 && memcmp(file->data, "PK\3\4", 4) == 0)
        return fault_set(f, VECDOT_SUCCESS, "it is an .npz archive; save one array of it with np.save");
    return fault_set(f, VECDOT_SUCCESS, "it is not a .npy file");
}

/* Finds the start and the length of the header's text. */
static bool read_prefix(input *file, size_t *start, size_t *length, fault *f)
{
    if (!input_need(file, 8, f)) return file->size > 0 ? not_npy(file, f) : false;
    if (memcmp(file->data, magic, 6) != 0) return not_npy(file, f);
    unsigned major = file->data[6], minor = file->data[7];
    if (major < 1 || major > 3 || minor != 0)
        return fault_set(f, VECDOT_SUCCESS, "its format version %u.%u is not known (1.0, 2.0 and 3.0 are)",
                         major, minor);
    *start = major == 1 ? 10 : 12;
    if (!input_need(file, *start, f)) return false;
    *length = 0;
    for (size_t i = *start; i-- > 8;) *length = *length << 8 | file->data[i];
    if (*length > HEADER_LIMIT)
        return fault_set(f, VECDOT_SUCCESS, "its header claims %zu bytes, which no array of numbers needs",
                         *length);
    return true;
}

static bool read_file(npy *array, npy_v2 v2, fault *f)
{
    size_t start = 0, length = 0;
    int64_t elements = 0, bytes = 0;
    input *file = &array->file;
    if (!read_prefix(file, &start, &length, f)) return false;
    if (!input_need(file, start + length, f)) return false;
    if (!npy_header_parse((const char *)file->data + start, length, v2, &array->header, f)) return false;
    if (!npy_header_extent(&array->header, &elements, &bytes, f)) return false;
    if ((uint64_t)bytes > SIZE_MAX - start - length)
        return fault_set(f, VECDOT_ERROR_OVERFLOW, "it has more bytes than this machine can address");
    if (!input_need(file, start + length + (size_t)bytes, f)) return false;
    array->tensor.data = (void *)(uintptr_t)(file->data + start + length);
    return true;
}

static void set_strides(npy *array)
{
    const npy_header *header = &array->header;
    int64_t stride = 1;
    for (int32_t i = 0; i < header->ndim; i++) {
        int32_t d = header->fortran_order ? i : header->ndim - 1 - i;
        array->strides[d] = stride;
        stride *= header->shape[d] > 0 ? header->shape[d] : 1;
    }
}

static void report_read(void *watch, uint64_t done, uint64_t total)
{
    progress_tell(watch, done, total);
}

bool npy_open(npy *array, const char *path, npy_v2 v2, progress *watch, fault *f)
{
    memset(array, 0, sizeof *array);
    if (!input_open(&array->file, path, watch != NULL ? report_read : NULL, watch, f)) return false;
    if (!read_file(array, v2, f)) {
        npy_close(array);
        return false;
    }
    set_strides(array);
    array->tensor.device.device_type = kDLCPU;
    array->tensor.dtype = array->header.dtype;
    array->tensor.ndim = array->header.ndim;
    array->tensor.shape = array->header.shape;
    array->tensor.strides = array->strides;
    return true;
}

void npy_close(npy *array)
{
    input_close(&array->file);
    array->tensor.data = NULL;
}

/* ---- Writing ------------------------------------------------------------------------------------- */

/* The longest header: 64 sizes of up to 19 digits, each with ", ". */
enum { WRITTEN_LIMIT = 2048 };

/* Writes everything before the data. Its length is a multiple of 64, NumPy's alignment. */
static size_t write_header(char text[WRITTEN_LIMIT], const DLTensor *array, const dtype_row *row)
{
    char shape[WRITTEN_LIMIT - 256];
    const uint16_t one = 1;
    char order = row->bits == 8 ? '|' : *(const unsigned char *)&one == 1 ? '<' : '>';
    describe_shape(shape, sizeof shape, array->ndim, array->shape);
    size_t used = 10 + (size_t)snprintf(text + 10, WRITTEN_LIMIT - 10,
                                        "{'descr': '%c%c%d', 'fortran_order': False, 'shape': %s, }", order,
                                        row->kind, row->bits / 8, shape);
    size_t total = (used + 1 + 63) / 64 * 64;
    memset(text + used, ' ', total - used);
    text[total - 1] = '\n';
    memcpy(text, magic, 6);
    text[6] = 1;
    text[7] = 0;
    text[8] = (char)((total - 10) & 0xff);
    text[9] = (char)((total - 10) >> 8);
    return total;
}

bool npy_write(const char *path, const DLTensor *array, fault *f)
{
    char text[WRITTEN_LIMIT];
    npy_header header = {.dtype = array->dtype, .ndim = array->ndim};
    int64_t elements = 0, bytes = 0;
    output out;
    const dtype_row *row = dtype_row_of(array->dtype);
    if (row == NULL) return fault_set(f, VECDOT_ERROR_DTYPE, "the array's dtype has no .npy description");
    for (int32_t i = 0; i < array->ndim; i++) header.shape[i] = array->shape[i];
    if (!npy_header_extent(&header, &elements, &bytes, f)) return false;
    size_t length = write_header(text, array, row);
    if (!output_open(&out, path, f)) return false;
    const char *data = elements > 0 ? (const char *)array->data + array->byte_offset : "";
    if (output_write(&out, text, length, f) && output_write(&out, data, (size_t)bytes, f))
        return output_commit(&out, f);
    output_discard(&out);
    return false;
}
