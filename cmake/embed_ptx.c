/* Build-time program: compiles every GPU variant of the kernel table to PTX with NVRTC and writes
 *   <folder>/ptx_table.c     the texts, compressed (zstd), as the tables of src/backend_cuda/ptx.h
 *   <folder>/ptx/<label>.ptx the texts, for the tests that assemble them
 * Needs the CUDA toolkit's NVRTC, but neither a GPU nor a driver. */
#include "core/plan/program_text.h"

#include "kernel_sources.h"

#include <ctype.h>
#include <nvrtc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

/* The oldest PTX version that knows the target sm_75. It belongs to CUDA 10.0 (r410), the oldest driver
 * supported. */
static const char oldest_version[] = ".version 6.3\n";

enum { MAX_OPTIONS = 24, OPTION_BYTES = 2048, LABEL_BYTES = 128, PATH_BYTES = 4096 };

static _Noreturn void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "embed_ptx: %s: %s\n", what, detail);
    exit(1);
}

static void *grab(size_t bytes)
{
    void *memory = malloc(bytes);
    if (memory == NULL) give_up("no memory", "malloc");
    return memory;
}

static FILE *create(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) give_up("cannot write", path);
    return file;
}

static void finish(FILE *file, const char *path)
{
    int failed = ferror(file);
    if (fclose(file) != 0 || failed) give_up("cannot write", path);
}

/* Returns a kernel's sources as one text. OpenCL's dialect, the first source, is replaced by CUDA's. */
static char *cuda_program(kernel_id kernel)
{
    size_t count, bytes = strlen(kernel_source_dialect_cuda_h) + 1;
    const char *const *sources = variant_sources(kernel, &count);
    for (size_t k = 1; k < count; k++) bytes += strlen(sources[k]);
    char *text = grab(bytes);
    strcpy(text, kernel_source_dialect_cuda_h);
    for (size_t k = 1; k < count; k++) strcat(text, sources[k]);
    return text;
}

/* ---- NVRTC --------------------------------------------------------------------------------------- */

static void check(nvrtcResult result, const char *call)
{
    if (result != NVRTC_SUCCESS) give_up(call, nvrtcGetErrorString(result));
}

static void print_log(nvrtcProgram program)
{
    size_t bytes = 0;
    check(nvrtcGetProgramLogSize(program, &bytes), "nvrtcGetProgramLogSize");
    char *log = grab(bytes);
    check(nvrtcGetProgramLog(program, log), "nvrtcGetProgramLog");
    fprintf(stderr, "%s\n", log);
    free(log);
}

/* Contraction is off: the kernels write out every fused multiply-add. */
static void compile(nvrtcProgram program, const variant *v, const char *label)
{
    char words[OPTION_BYTES];
    const char *options[MAX_OPTIONS] = {"--gpu-architecture=compute_75", "--fmad=false",
                                        "--diag-suppress=177"}; /* functions that a variant does not use */
    int count = 3;
    if (variant_options(v, words, sizeof words) >= sizeof words) give_up("options too long", label);
    for (char *word = strtok(words, " "); word != NULL && count < MAX_OPTIONS; word = strtok(NULL, " "))
        options[count++] = word;
    if (nvrtcCompileProgram(program, count, options) == NVRTC_SUCCESS) return;
    print_log(program);
    give_up("does not compile", label);
}

/* A driver refuses a later PTX version than it knows, so the text names the oldest version that has all it
 * uses. */
static void lower_version(char *ptx, const char *label)
{
    char *line = strstr(ptx, ".version ");
    char *end = line != NULL ? strchr(line, '\n') : NULL;
    if (end == NULL || (size_t)(end + 1 - line) < sizeof oldest_version - 1) give_up("no .version", label);
    memcpy(line, oldest_version, sizeof oldest_version - 1);
    memmove(line + sizeof oldest_version - 1, end + 1, strlen(end + 1) + 1);
}

/* Removes the lines of a hint (the bytes used of a vector load) that older PTX versions do not know. */
static void drop_hints(char *ptx)
{
    static const char hint[] = ".pragma \"used_bytes_mask";
    for (char *found; (found = strstr(ptx, hint)) != NULL;) {
        char *line = found, *end = strchr(found, '\n');
        while (line > ptx && line[-1] != '\n') line--;
        if (end == NULL) end = found + strlen(found) - 1;
        memmove(line, end + 1, strlen(end + 1) + 1);
    }
}

static char *make_ptx(const variant *v, const char *label)
{
    nvrtcProgram program;
    size_t bytes = 0;
    char *source = cuda_program((kernel_id)v->kernel);
    check(nvrtcCreateProgram(&program, source, label, 0, NULL, NULL), "nvrtcCreateProgram");
    compile(program, v, label);
    check(nvrtcGetPTXSize(program, &bytes), "nvrtcGetPTXSize");
    char *ptx = grab(bytes);
    check(nvrtcGetPTX(program, ptx), "nvrtcGetPTX");
    check(nvrtcDestroyProgram(&program), "nvrtcDestroyProgram");
    free(source);
    lower_version(ptx, label);
    drop_hints(ptx);
    return ptx;
}

/* ---- Writing ------------------------------------------------------------------------------------- */

static void write_text(const char *folder, const char *label, const char *ptx)
{
    char path[PATH_BYTES];
    int start = snprintf(path, sizeof path, "%s/ptx/", folder);
    snprintf(path + start, sizeof path - (size_t)start, "%s.ptx", label);
    for (char *c = path + start; *c != '\0'; c++)
        if (*c == ' ' || *c == '>') *c = '_';
    FILE *file = create(path);
    fputs(ptx, file);
    finish(file, path);
}

/* The texts of one kernel, which are compressed together. */
typedef struct frame {
    char *texts;
    size_t bytes;
} frame;

static void append(frame *f, const char *text)
{
    size_t bytes = strlen(text) + 1;
    f->texts = realloc(f->texts, f->bytes + bytes);
    if (f->texts == NULL) give_up("no memory", "realloc");
    memcpy(f->texts + f->bytes, text, bytes);
    f->bytes += bytes;
}

/* Writes the frame and empties it. Returns its compressed size. */
static size_t write_frame(FILE *out, size_t index, frame *f)
{
    size_t room = ZSTD_compressBound(f->bytes);
    unsigned char *packed = grab(room);
    size_t size = ZSTD_compress(packed, room, f->texts, f->bytes, ZSTD_maxCLevel());
    if (ZSTD_isError(size)) give_up("ZSTD_compress", ZSTD_getErrorName(size));
    fprintf(out, "\nstatic const unsigned char bytes_%zu[] = {", index);
    for (size_t k = 0; k < size; k++) fprintf(out, "%s%u,", k % 32 == 0 ? "\n" : "", packed[k]);
    fprintf(out, "\n};\nstatic const ptx_frame frame_%zu = {bytes_%zu, %zu, %zu};\n", index, index, size,
            f->bytes);
    free(packed);
    free(f->texts);
    *f = (frame){NULL, 0};
    return size;
}

/* Compiles one variant, adds its text to the frame and its row to the table. Returns the length of its
 * PTX. */
static size_t embed(const variant *v, const char *folder, size_t frame_index, frame *f, FILE *rows)
{
    char label[LABEL_BYTES];
    if (variant_label(v, label, sizeof label) >= sizeof label) give_up("label too long", label);
    char *ptx = make_ptx(v, label);
    size_t length = strlen(ptx);
    write_text(folder, label, ptx);
    fprintf(rows, "    {&frame_%zu, %zu}, /* %s */\n", frame_index, f->bytes, label);
    append(f, ptx);
    free(ptx);
    return length;
}

/* Writes all rows in the order of variant_at; rows of variants that are not for GPUs are empty. A frame
 * ends where the next kernel begins. Returns the number of rows. */
static size_t embed_all(const char *folder, FILE *out, FILE *rows)
{
    frame f = {NULL, 0};
    size_t index = 0, count = 0, frames = 0, bytes = 0, packed = 0;
    int kernel = -1;
    variant v;
    for (; variant_at(index, &v); index++) {
        if (!(kernel_rows[v.kernel].schedules & ON_GPU)) {
            fprintf(rows, "    {NULL, 0},\n");
            continue;
        }
        if (f.bytes > 0 && v.kernel != kernel) packed += write_frame(out, frames++, &f);
        kernel = v.kernel;
        bytes += embed(&v, folder, frames, &f, rows);
        count++;
    }
    if (f.bytes > 0) packed += write_frame(out, frames, &f);
    printf("%zu PTX variants: %zu KiB, %zu KiB compressed\n", count, bytes / 1024, packed / 1024);
    return index;
}

int main(int argc, char **argv)
{
    char path[PATH_BYTES], *rows_text = NULL;
    size_t rows_bytes = 0;
    if (argc != 2) give_up("usage", "embed_ptx <folder>");
    snprintf(path, sizeof path, "%s/ptx", argv[1]);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/ptx_table.c", argv[1]);
    FILE *out = create(path), *rows = open_memstream(&rows_text, &rows_bytes);
    if (rows == NULL) give_up("no memory", path);
    fprintf(out, "/* Generated by embed_ptx from kernels/. */\n#include \"backend_cuda/ptx.h\"\n");
    size_t size = embed_all(argv[1], out, rows);
    fclose(rows);
    fprintf(out, "\nconst ptx_entry ptx_table[] = {\n%s};\n\nconst size_t ptx_table_size = %zu;\n", rows_text,
            size);
    finish(out, path);
    free(rows_text);
    return 0;
}
