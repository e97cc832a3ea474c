/* .npy files: every version, dtype and order, every way a file can be wrong, and what is written read back.
 * Needs no device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dtypes.h"
#include "npy/npy.h"

/* ---- Files --------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/vecdot-test-npy-XXXXXX";
static char path[sizeof folder + 16];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) return -1;
    snprintf(path, sizeof path, "%s/array.npy", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder); /* fails if anything was left behind */
}

static void put_file(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Builds a file of the version with that header and so many bytes of data (0, 1, 2, ...); gives its size. */
static size_t build(unsigned char *file, unsigned char version, const char *header, size_t data)
{
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    memcpy(file, "\x93NUMPY", 6);
    file[6] = version;
    file[7] = 0;
    for (size_t i = 8; i < start; i++) file[i] = (unsigned char)(length >> 8 * (i - 8));
    memcpy(file + start, header, length);
    for (size_t i = 0; i < data; i++) file[start + length + i] = (unsigned char)i;
    return start + length + data;
}

static void put_array(unsigned char version, const char *header, size_t data)
{
    unsigned char file[4096];
    assert_true(strlen(header) + data + 12 <= sizeof file);
    put_file(file, build(file, version, header, data));
}

static void assert_opens(npy *array, npy_v2 v2)
{
    fault f = {VECDOT_SUCCESS, ""};
    if (!npy_open(array, path, v2, NULL, &f)) fail_msg("refused: %s", f.text);
}

/* The file is refused with this status and with a message that contains this. */
static void assert_refused(vecdot_status status, const char *message)
{
    npy array;
    fault f = {VECDOT_SUCCESS, ""};
    if (npy_open(&array, path, NPY_V2_REFUSED, NULL, &f)) fail_msg("accepted, though: %s", message);
    if (strstr(f.text, message) == NULL) fail_msg("\"%s\" does not say \"%s\"", f.text, message);
    assert_int_equal(f.status, status);
}

static void refuse_header(const char *header, vecdot_status status, const char *message)
{
    put_array(1, header, 64);
    assert_refused(status, message);
}

/* ---- Reading ------------------------------------------------------------------------------------- */

static void reads_every_version(void **state)
{
    (void)state;
    for (unsigned char version = 1; version <= 3; version++) {
        npy array;
        put_array(version, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }   \n", 12);
        assert_opens(&array, NPY_V2_REFUSED);
        assert_int_equal(array.tensor.ndim, 2);
        assert_int_equal(array.tensor.shape[0], 2);
        assert_int_equal(array.tensor.shape[1], 3);
        assert_int_equal(array.tensor.strides[0], 3);
        assert_int_equal(array.tensor.strides[1], 1);
        assert_int_equal(array.tensor.device.device_type, kDLCPU);
        assert_int_equal(array.tensor.byte_offset, 0);
        for (int i = 0; i < 12; i++) assert_int_equal(((const unsigned char *)array.tensor.data)[i], i);
        npy_close(&array);
    }
}

static void reads_fortran_order_as_strides(void **state)
{
    (void)state;
    npy array;
    put_array(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4)}", 24);
    assert_opens(&array, NPY_V2_REFUSED);
    assert_int_equal(array.tensor.strides[0], 1);
    assert_int_equal(array.tensor.strides[1], 2);
    assert_int_equal(array.tensor.strides[2], 6);
    npy_close(&array);
}

static void reads_no_dimensions_and_no_elements(void **state)
{
    (void)state;
    npy array;
    put_array(1, "{'descr': '<f8', 'fortran_order': False, 'shape': ()}", 8);
    assert_opens(&array, NPY_V2_REFUSED);
    assert_int_equal(array.tensor.ndim, 0);
    npy_close(&array);
    put_array(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 0, 5)}", 0);
    assert_opens(&array, NPY_V2_REFUSED);
    assert_int_equal(array.tensor.ndim, 3);
    assert_int_equal(array.tensor.shape[1], 0);
    npy_close(&array);
}

static void reads_other_spellings(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(3,)}",
        "  { 'shape' : ( 3 , ) , 'fortran_order' :False,\n 'descr'\t: 'f4' } \n\n",
        "{'descr': '=f4', 'fortran_order': False, 'shape': (3L,), }", /* as Python 2 wrote it */
        "{'descr': '|f4', 'fortran_order': True, 'shape': (3,)}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        npy array;
        put_array(1, headers[i], 12);
        assert_opens(&array, NPY_V2_REFUSED);
        assert_int_equal(array.tensor.dtype.code, kDLFloat);
        assert_int_equal(array.tensor.dtype.bits, 32);
        assert_int_equal(array.tensor.shape[0], 3);
        npy_close(&array);
    }
}

static void reads_every_dtype(void **state)
{
    (void)state;
    static const char *const descrs[DTYPE_ROWS] = {"|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4",
                                                   "<u8", "<f2", "<V2", "<f4", "<f8", "<c8", "<c16"};
    for (int i = 0; i < DTYPE_ROWS; i++) {
        char header[128];
        npy array;
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2,)}", descrs[i]);
        put_array(1, header, 32);
        assert_opens(&array, NPY_V2_IS_BFLOAT16);
        assert_int_equal(array.tensor.dtype.code, dtype_rows[i].code);
        assert_int_equal(array.tensor.dtype.bits, dtype_rows[i].bits);
        assert_int_equal(array.tensor.dtype.lanes, 1);
        npy_close(&array);
    }
}

static void allows_bytes_after_the_array(void **state)
{
    (void)state;
    npy array;
    put_array(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 13);
    assert_opens(&array, NPY_V2_REFUSED);
    npy_close(&array);
}

static void reads_up_to_64_dimensions(void **state)
{
    (void)state;
    char header[512] = "{'descr': '|i1', 'fortran_order': False, 'shape': (";
    npy array;
    for (int i = 0; i < VECDOT_MAX_NDIM; i++) strcat(header, "1,");
    strcat(header, ")}");
    put_array(1, header, 1);
    assert_opens(&array, NPY_V2_REFUSED);
    assert_int_equal(array.tensor.ndim, VECDOT_MAX_NDIM);
    npy_close(&array);
    strcpy(strchr(header, ')'), "1,)}");
    refuse_header(header, VECDOT_ERROR_NDIM, "more than 64 dimensions");
}

/* A pipe cannot be mapped: the same array comes out, and no byte after it is consumed. */
static void reads_pipes(void **state)
{
    (void)state;
    unsigned char file[1024], after[8];
    int ends[2], saved = dup(STDIN_FILENO);
    fault f = {VECDOT_SUCCESS, ""};
    npy array;
    size_t size = build(file, 1, "{'descr': '<u2', 'fortran_order': False, 'shape': (300,)}", 600);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], file, size), (ssize_t)size);
    assert_int_equal(write(ends[1], "rest", 4), 4);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    bool opened = npy_open(&array, "-", NPY_V2_REFUSED, NULL, &f);
    ssize_t rest = read(STDIN_FILENO, after, sizeof after);
    dup2(saved, STDIN_FILENO);
    close(saved);
    if (!opened) fail_msg("refused: %s", f.text);
    assert_int_equal(array.tensor.shape[0], 300);
    assert_memory_equal(array.tensor.data, file + size - 600, 600);
    assert_int_equal(rest, 4);
    npy_close(&array);
}

/* A size that a pipe only claims takes no memory: the reader stops when the data do. */
static void believes_no_size_of_a_pipe(void **state)
{
    (void)state;
    unsigned char file[1024];
    int ends[2], saved = dup(STDIN_FILENO);
    fault f = {VECDOT_SUCCESS, ""};
    npy array;
    size_t size =
        build(file, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1152921504606846976,)}", 9);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], file, size), (ssize_t)size);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    bool opened = npy_open(&array, "-", NPY_V2_REFUSED, NULL, &f);
    dup2(saved, STDIN_FILENO);
    close(saved);
    assert_false(opened);
    assert_non_null(strstr(f.text, "cut short"));
}

/* ---- Refusing ------------------------------------------------------------------------------------ */

static void refuses_dtypes_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *descr, *says;
    } rows[] = {
        {"'>f4'", "'>f4' cannot be used: bytes in the other order"},
        {"'>c16'", "other order"},
        {"'|O'", "'|O' cannot be used: Python objects"},
        {"'<f16'", "'<f16' cannot be used: no device computes in extended precision"},
        {"'<c32'", "extended precision"},
        {"'<U5'", "'<U5' cannot be used: text"},
        {"'|S3'", "text"},
        {"'<M8[ns]'", "dates and times"},
        {"'<m8[s]'", "dates and times"},
        {"'<V2'", "if it is bfloat16 say --bf16"},
        {"'|V2'", "if it is bfloat16 say --bf16"},
        {"'|V16'", "raw bytes"},
        {"'<i3'", "'<i3' cannot be used: it is not known"},
        {"'<f4, '", "'<f4, ' cannot be used: it is not known"},
        {"'<f4x'", "cannot be used"},
        {"'<i'", "cannot be used"},
        {"'<i99999999999999999999999999'", "cannot be used"},
        {"''", "'' cannot be used"},
        {"'<'", "cannot be used"},
        {"[('x', '<f4'), ('y', '<f4')]", "structured"},
        {"('<f4', (2,))", "structured"},
        {"'\x1b[31m'", "'?[31m' cannot be used"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char header[256];
        snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': (3,)}",
                 rows[i].descr);
        refuse_header(header, VECDOT_ERROR_DTYPE, rows[i].says);
    }
    put_array(1, "{'descr': '>V2', 'fortran_order': False, 'shape': (3,)}", 6);
    npy array;
    fault f = {VECDOT_SUCCESS, ""};
    assert_false(npy_open(&array, path, NPY_V2_IS_BFLOAT16, NULL, &f));
    assert_non_null(strstr(f.text, "other order"));
}

static void refuses_malformed_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header, *says;
    } rows[] = {
        {"", "expected '{'"},
        {"   ", "expected '{'"},
        {"[]", "expected '{'"},
        {"{", "expected a key"},
        {"{}", "'descr' is missing"},
        {"{'descr': '<f4', 'fortran_order': False}", "'shape' is missing"},
        {"{'descr': '<f4', 'shape': (3,)}", "'fortran_order' is missing"},
        {"{'fortran_order': False, 'shape': (3,)}", "'descr' is missing"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}", "'x' is not known"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "there twice"},
        {"{'descr' '<f4', 'fortran_order': False, 'shape': (3,)}", "expected ':'"},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (3,)}", "expected ',' or '}'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)", "expected ',' or '}'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x", "expected nothing after"},
        {"{'descr: '<f4', 'fortran_order': False, 'shape': (3,)}", "'descr: ' is not known"},
        {"{'descr': '<f4", "expected a closed string"},
        {"{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (3,)}", "without escapes"},
        {"{'descr': 4, 'fortran_order': False, 'shape': (3,)}", "expected a dtype"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}", "True or False"},
        {"{'descr': '<f4', 'fortran_order': Tru", "True or False"},
        {"{'descr': '<f4', 'fortran_order': Falsehood, 'shape': (3,)}", "expected ',' or '}'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': 3}", "expected a tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [3]}", "expected a tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", "expected a tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3 4)}", "',' or ')'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "expected a size"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,,)}", "expected a size"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}", "expected a size"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0x3,)}", "',' or ')'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3.0,)}", "',' or ')'"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,", "expected a size"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (", "expected a size"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuse_header(rows[i].header, VECDOT_SUCCESS, rows[i].says);
}

static void refuses_what_is_not_npy(void **state)
{
    (void)state;
    static const unsigned char later[] = "\x93NUMPY\x04\x00\x10\x00\x00\x00";
    static const unsigned char minor[] = "\x93NUMPY\x01\x01\x10\x00";
    static const unsigned char absurd[] = "\x93NUMPY\x02\x00\xff\xff\xff\xff{";
    put_file("", 0);
    assert_refused(VECDOT_SUCCESS, "cut short");
    put_file("\x93NUM", 4);
    assert_refused(VECDOT_SUCCESS, "not a .npy file");
    put_file("1,2,3\n4,5,6\n", 12);
    assert_refused(VECDOT_SUCCESS, "not a .npy file");
    put_file("PK\3\4 and more of it", 20);
    assert_refused(VECDOT_SUCCESS, ".npz archive");
    put_file(later, sizeof later);
    assert_refused(VECDOT_SUCCESS, "version 4.0 is not known");
    put_file(minor, sizeof minor);
    assert_refused(VECDOT_SUCCESS, "version 1.1 is not known");
    put_file(absurd, sizeof absurd);
    assert_refused(VECDOT_SUCCESS, "claims 4294967295 bytes");
}

static void refuses_what_cannot_be_opened(void **state)
{
    (void)state;
    npy array;
    fault f = {VECDOT_SUCCESS, ""};
    assert_false(npy_open(&array, "/nonexistent/array.npy", NPY_V2_REFUSED, NULL, &f));
    assert_non_null(strstr(f.text, "No such file"));
    assert_false(npy_open(&array, folder, NPY_V2_REFUSED, NULL, &f));
    assert_non_null(strstr(f.text, "directory"));
}

/* Every prefix of a sound file is refused, and cleanly. */
static void refuses_every_truncation(void **state)
{
    (void)state;
    for (unsigned char version = 1; version <= 2; version++) {
        unsigned char file[512];
        size_t size = build(file, version, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 12);
        for (size_t kept = 0; kept < size; kept++) {
            put_file(file, kept);
            assert_refused(VECDOT_SUCCESS, "");
        }
        put_file(file, size - 1);
        assert_refused(VECDOT_SUCCESS, "cut short");
    }
}

/* Any byte of the prefix and header may be wrong; nothing may crash, and what opens must lie in the file. */
static void survives_every_changed_byte(void **state)
{
    (void)state;
    static const unsigned char values[] = {0,   1,   9,   ' ', '\'', '(', ')',  ',',
                                           '0', '9', ':', 'L', '{',  '}', 0x7f, 0xff};
    unsigned char file[512], changed[512];
    fault f;
    size_t size = build(file, 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }\n", 48);
    for (size_t at = 0; at < size - 48; at++) {
        for (size_t i = 0; i < sizeof values; i++) {
            npy array;
            memcpy(changed, file, size);
            changed[at] = values[i];
            put_file(changed, size);
            if (!npy_open(&array, path, NPY_V2_REFUSED, NULL, &f)) continue;
            int64_t elements = 0, bytes = 0;
            assert_true(npy_header_extent(&array.header, &elements, &bytes, &f));
            const unsigned char *data = array.tensor.data;
            assert_true(data >= array.file.data && data + bytes <= array.file.data + array.file.size);
            npy_close(&array);
        }
    }
}

static void refuses_sizes_beyond_counting(void **state)
{
    (void)state;
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}",
                  VECDOT_ERROR_OVERFLOW, "beyond 2**63 - 1");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999999999999,)}",
                  VECDOT_ERROR_OVERFLOW, "beyond 2**63 - 1");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,)}",
                  VECDOT_ERROR_OVERFLOW, "more elements than can be counted");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
                  VECDOT_ERROR_OVERFLOW, "more elements than can be counted");
    refuse_header("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296)}",
                  VECDOT_ERROR_OVERFLOW, "more elements than can be counted");
    refuse_header("{'descr': '|i1', 'fortran_order': False, 'shape': (9223372036854775807,)}", VECDOT_SUCCESS,
                  "cut short");
}

/* ---- Writing ------------------------------------------------------------------------------------- */

static void writes_what_it_reads(void **state)
{
    (void)state;
    unsigned char data[6 * 16];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 37);
    for (int i = 0; i < DTYPE_ROWS; i++) {
        for (int32_t ndim = 0; ndim <= 3; ndim++) {
            int64_t shape[3] = {2, 3, 1};
            size_t elements = ndim == 0 ? 1 : ndim == 1 ? 2 : 6;
            fault f = {VECDOT_SUCCESS, ""};
            struct stat about;
            npy array;
            DLTensor from = {.data = data,
                             .device = {kDLCPU, 0},
                             .ndim = ndim,
                             .dtype = dtype_row_type(&dtype_rows[i]),
                             .shape = shape};
            assert_true(npy_write(path, &from, &f));
            assert_int_equal(stat(path, &about), 0);
            assert_int_equal((about.st_size - (off_t)elements * dtype_rows[i].bits / 8) % 64, 0);
            assert_opens(&array, NPY_V2_IS_BFLOAT16);
            assert_int_equal(array.tensor.ndim, ndim);
            for (int32_t d = 0; d < ndim; d++) assert_int_equal(array.tensor.shape[d], shape[d]);
            assert_memory_equal(&array.tensor.dtype, &from.dtype, sizeof from.dtype);
            assert_memory_equal(array.tensor.data, data, elements * dtype_rows[i].bits / 8);
            npy_close(&array);
        }
    }
}

/* Byte for byte what numpy.save writes for numpy.array([1., 2.]). */
static void writes_numpys_bytes(void **state)
{
    (void)state;
    static const double values[2] = {1, 2};
    unsigned char expected[144], written[256];
    int64_t size = 2;
    fault f = {VECDOT_SUCCESS, ""};
    DLTensor from = {.data = (void *)(uintptr_t)values, .ndim = 1, .dtype = VECDOT_FLOAT64, .shape = &size};
    from.device.device_type = kDLCPU;
    memset(expected, ' ', 128);
    memcpy(expected, "\x93NUMPY\x01\x00\x76\x00", 10);
    memcpy(expected + 10, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 57);
    expected[127] = '\n';
    memcpy(expected + 128, values, 16);
    assert_true(npy_write(path, &from, &f));
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(written, 1, sizeof written, file), 144);
    fclose(file);
    assert_memory_equal(written, expected, 144);
}

static void writes_the_largest_header(void **state)
{
    (void)state;
    int64_t shape[VECDOT_MAX_NDIM];
    fault f = {VECDOT_SUCCESS, ""};
    npy array;
    DLTensor from = {.ndim = VECDOT_MAX_NDIM, .dtype = VECDOT_COMPLEX128, .shape = shape};
    from.device.device_type = kDLCPU;
    for (int i = 0; i < VECDOT_MAX_NDIM; i++) shape[i] = 0;
    shape[5] = 576460752303423487; /* with 16-byte elements the most that can be counted */
    assert_true(npy_write(path, &from, &f));
    assert_opens(&array, NPY_V2_REFUSED);
    assert_int_equal(array.tensor.ndim, VECDOT_MAX_NDIM);
    assert_int_equal(array.tensor.shape[5], shape[5]);
    npy_close(&array);
}

static void leaves_the_old_file_when_it_cannot_write(void **state)
{
    (void)state;
    int64_t shape = INT64_MAX;
    fault f = {VECDOT_SUCCESS, ""};
    npy array;
    DLTensor from = {.ndim = 1, .dtype = VECDOT_FLOAT32, .shape = &shape};
    put_array(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", 3);
    assert_false(npy_write(path, &from, &f));
    assert_int_equal(f.status, VECDOT_ERROR_OVERFLOW);
    assert_opens(&array, NPY_V2_REFUSED);
    npy_close(&array);
    shape = 0;
    assert_false(npy_write("/nonexistent/array.npy", &from, &f));
    assert_non_null(strstr(f.text, "No such file"));
    assert_false(npy_write("/dev/full", &(DLTensor){.ndim = 0, .data = &shape, .dtype = VECDOT_INT64}, &f));
    assert_non_null(strstr(f.text, "No space left"));
}

/* A symbolic link stays one, and the file it leads to keeps its permissions. */
static void keeps_links_and_permissions(void **state)
{
    (void)state;
    char link[sizeof path + 8];
    int64_t shape = 0;
    fault f = {VECDOT_SUCCESS, ""};
    struct stat about;
    DLTensor from = {.ndim = 1, .dtype = VECDOT_FLOAT32, .shape = &shape};
    snprintf(link, sizeof link, "%s/link", folder);
    put_file("old", 3);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(symlink(path, link), 0);
    bool written = npy_write(link, &from, &f);
    int kept = lstat(link, &about);
    unlink(link);
    assert_true(written);
    assert_int_equal(kept, 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    assert_int_equal(about.st_size, 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_version),
        cmocka_unit_test(reads_fortran_order_as_strides),
        cmocka_unit_test(reads_no_dimensions_and_no_elements),
        cmocka_unit_test(reads_other_spellings),
        cmocka_unit_test(reads_every_dtype),
        cmocka_unit_test(allows_bytes_after_the_array),
        cmocka_unit_test(reads_up_to_64_dimensions),
        cmocka_unit_test(reads_pipes),
        cmocka_unit_test(believes_no_size_of_a_pipe),
        cmocka_unit_test(refuses_dtypes_by_name),
        cmocka_unit_test(refuses_malformed_headers),
        cmocka_unit_test(refuses_what_is_not_npy),
        cmocka_unit_test(refuses_what_cannot_be_opened),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_changed_byte),
        cmocka_unit_test(refuses_sizes_beyond_counting),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(writes_numpys_bytes),
        cmocka_unit_test(writes_the_largest_header),
        cmocka_unit_test(leaves_the_old_file_when_it_cannot_write),
        cmocka_unit_test(keeps_links_and_permissions),
    };
    return cmocka_run_group_tests_name("npy", tests, make_folder, remove_folder);
}
