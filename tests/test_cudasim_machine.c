/* The simulated GPU's instruction side by itself: what single PTX instructions compute, how warps diverge and
 * meet, and that each kind of fault is found, and not where there is none. */
#include "cudasim/machine.h"
#include "support/cmocka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_ADDRESS  UINT64_C(0x700000000)
#define OUT_ADDRESS UINT64_C(0x710000000)

enum { WORDS = 1024, TEXT = 16384 };

/* A kernel k(in, out): the usual registers, the two pointers in %rd1 and %rd2, the thread in %r1. */
static const char head[] =
    ".version 9.0\n.target sm_75\n.address_size 64\n%s\n"
    ".visible .entry k(.param .u64 in, .param .u64 out)\n{\n"
    ".reg .pred %%p<9>; .reg .b16 %%rs<9>; .reg .b32 %%r<20>; .reg .b64 %%rd<20>;\n"
    ".reg .f32 %%f<9>; .reg .f64 %%fd<9>; .shared .align 16 .b8 tile[4096];\n"
    "ld.param.u64 %%rd1, [in]; ld.param.u64 %%rd2, [out]; mov.u32 %%r1, %%tid.x;\n%s\nret;\n}\n";

typedef struct machine {
    memory_block blocks[2];
    uint64_t in[WORDS], out[WORDS];
    fault_report report;
    uint64_t instructions;
} machine;

static const memory_block *find(void *user, uint64_t address)
{
    const machine *m = user;
    for (int k = 0; k < 2; k++)
        if (address - m->blocks[k].address < m->blocks[k].bytes) return &m->blocks[k];
    return NULL;
}

static void launch(machine *m, const char *declarations, const char *body, uint32_t grid, uint32_t threads)
{
    static uint64_t seed;
    char text[TEXT], message[256];
    snprintf(text, sizeof text, head, declarations, body);
    ptx_module *module = ptx_parse(text, strlen(text), message, sizeof message);
    if (!module) fail_msg("%s", message);
    m->blocks[0] = (memory_block){IN_ADDRESS, sizeof m->in, (unsigned char *)m->in};
    m->blocks[1] = (memory_block){OUT_ADDRESS, sizeof m->out, (unsigned char *)m->out};
    memset(m->out, 0xee, sizeof m->out);
    const uint64_t params[2] = {IN_ADDRESS, OUT_ADDRESS};
    const machine_launch run = {.grid = {grid, 1, 1},
                                .block = {threads, 1, 1},
                                .params = params,
                                .seed = seed++,
                                .max_instructions = 100000,
                                .find = find,
                                .user = m,
                                .instructions = &m->instructions};
    const int faulty = machine_run(ptx_find(module, "k"), &run, &m->report);
    assert_int_equal(faulty, m->report.kind != FAULT_NONE);
    ptx_free(module);
}

static void passes(machine *m, const char *declarations, const char *body, uint32_t grid, uint32_t threads)
{
    launch(m, declarations, body, grid, threads);
    if (m->report.kind != FAULT_NONE) fail_msg("%s", m->report.text);
}

static void fails(const char *body, uint32_t grid, uint32_t threads, fault_kind kind, const char *word)
{
    machine *m = calloc(1, sizeof *m);
    launch(m, "", body, grid, threads);
    if (m->report.kind != kind) fail_msg("%s expected, not: %s", fault_name(kind), m->report.text);
    if (!strstr(m->report.text, word) || !strstr(m->report.text, "kernel k") ||
        !strstr(m->report.text, "thread ("))
        fail_msg("\"%s\" is not in: %s", word, m->report.text);
    assert_true(m->report.line > 0);
    free(m);
}

/* ---- Single instructions: a, b and c are in %rd3 to %rd5, their low halves in %r3 to %r5 and %f3 to %f5
 * (bits), their low 16 bits in %rs3 to %rs5; the result is read from the register that the instruction
 * writes. ---- */

static const char operands[] =
    "ld.global.u64 %rd3, [%rd1]; ld.global.u64 %rd4, [%rd1+8]; ld.global.u64 %rd5, [%rd1+16];\n"
    "cvt.u32.u64 %r3, %rd3; cvt.u32.u64 %r4, %rd4; cvt.u32.u64 %r5, %rd5;\n"
    "cvt.u16.u64 %rs3, %rd3; cvt.u16.u64 %rs4, %rd4; cvt.u16.u64 %rs5, %rd5;\n"
    "mov.b32 %f3, %r3; mov.b32 %f4, %r4; mov.b32 %f5, %r5;\n"
    "mov.b64 %fd3, %rd3; mov.b64 %fd4, %rd4; mov.b64 %fd5, %rd5;\n"
    "mov.u16 %rs2, 0; mov.u32 %r2, 0; mov.u64 %rd6, 0; mov.f32 %f2, 0f00000000; mov.f64 %fd2, "
    "0d0000000000000000;\n";

typedef struct single {
    const char *text; /* writes %r2, %rd6, %rs2, %f2 or %fd2, as the letter says */
    char result;      /* 'r', 'd', 's', 'f', 'g'                            */
    uint64_t a, b, c, expected;
} single;

static const single singles[] = {
    {"add.s32 %r2, %r3, %r4", 'r', 0x7fffffff, 1, 0, 0x80000000},
    {"sub.u64 %rd6, %rd3, %rd4", 'd', 1, 2, 0, UINT64_MAX},
    {"mul.lo.s64 %rd6, %rd3, %rd4", 'd', UINT64_MAX, 7, 0, (uint64_t)-7},
    {"mul.hi.u64 %rd6, %rd3, %rd4", 'd', UINT64_MAX, UINT64_MAX, 0, UINT64_MAX - 1},
    {"mul.hi.s64 %rd6, %rd3, %rd4", 'd', UINT64_MAX, UINT64_MAX, 0, 0},
    {"mul.hi.s32 %r2, %r3, %r4", 'r', 0x80000000, 2, 0, 0xffffffff},
    {"mul.wide.s32 %rd6, %r3, %r4", 'd', 0xffffffff, 3, 0, (uint64_t)-3},
    {"mul.wide.u32 %rd6, %r3, %r4", 'd', 0xffffffff, 3, 0, 0x2fffffffd},
    {"mul.wide.s16 %r2, %rs3, %rs4", 'r', 0xffff, 2, 0, 0xfffffffe},
    {"mad.lo.s32 %r2, %r3, %r4, %r5", 'r', 5, 7, 1, 36},
    {"mad.wide.u32 %rd6, %r3, %r4, %rd5", 'd', 0xffffffff, 2, 5, 0x200000003},
    {"mul.lo.u16 %rs2, %rs3, %rs4", 's', 0xffff, 0xffff, 0, 1},
    {"div.s32 %r2, %r3, %r4", 'r', (uint32_t)-7, 2, 0, (uint32_t)-3},
    {"rem.s32 %r2, %r3, %r4", 'r', (uint32_t)-7, 2, 0, (uint32_t)-1},
    {"div.s64 %rd6, %rd3, %rd4", 'd', UINT64_C(1) << 63, UINT64_MAX, 0, UINT64_C(1) << 63},
    {"rem.u64 %rd6, %rd3, %rd4", 'd', UINT64_MAX, 10, 0, 5},
    {"div.u32 %r2, %r3, %r4", 'r', 3, 0, 0, 0xffffffff},
    {"min.s32 %r2, %r3, %r4", 'r', 0xffffffff, 1, 0, 0xffffffff},
    {"min.u32 %r2, %r3, %r4", 'r', 0xffffffff, 1, 0, 1},
    {"max.s16 %rs2, %rs3, %rs4", 's', 0x8000, 1, 0, 1},
    {"abs.s32 %r2, %r3", 'r', 0xfffffffb, 0, 0, 5},
    {"sad.u32 %r2, %r3, %r4, %r5", 'r', 3, 10, 100, 107},
    {"shl.b32 %r2, %r3, %r4", 'r', 1, 32, 0, 0},
    {"shr.s32 %r2, %r3, %r4", 'r', 0x80000000, 40, 0, 0xffffffff},
    {"shr.u64 %rd6, %rd3, 4", 'd', 0x8000000000000000, 0, 0, 0x0800000000000000},
    {"clz.b32 %r2, %r3", 'r', 0, 0, 0, 32},
    {"clz.b64 %r2, %rd3", 'r', 1, 0, 0, 63},
    {"popc.b64 %r2, %rd3", 'r', 0xf0f0f0f0f0f0f0f0, 0, 0, 32},
    {"brev.b32 %r2, %r3", 'r', 1, 0, 0, 0x80000000},
    {"bfind.u32 %r2, %r3", 'r', 0, 0, 0, 0xffffffff},
    {"bfind.s32 %r2, %r3", 'r', 0xffffff00, 0, 0, 7},
    {"bfe.u32 %r2, %r3, 8, 12", 'r', 0xabcdef12, 0, 0, 0xdef},
    {"bfe.s32 %r2, %r3, 8, 12", 'r', 0xabcdef12, 0, 0, 0xfffffdef},
    {"bfe.s32 %r2, %r3, 28, 20", 'r', 0x80000000, 0, 0, 0xfffffff8},
    {"bfi.b32 %r2, %r3, %r4, 4, 8", 'r', 0xff, 0, 0, 0xff0},
    {"bfi.b64 %rd6, %rd3, %rd4, 32, 32", 'd', 0x12345678, 0x9abcdef0, 0, 0x123456789abcdef0},
    {"prmt.b32 %r2, %r3, %r4, 0x5410", 'r', 0x03020100, 0x07060504, 0, 0x05040100},
    {"prmt.b32 %r2, %r3, %r4, 0x8883", 'r', 0x80000080, 0, 0, 0xffffff80},
    {"shf.l.wrap.b32 %r2, %r3, %r4, 8", 'r', 0x12345678, 0x9abcdef0, 0, 0xbcdef012},
    {"shf.r.clamp.b32 %r2, %r3, %r4, 40", 'r', 0x12345678, 0x9abcdef0, 0, 0x9abcdef0},
    {"lop3.b32 %r2, %r3, %r4, %r5, 0x96", 'r', 0xff00ff00, 0xf0f0f0f0, 0xcccccccc,
     0xff00ff00 ^ 0xf0f0f0f0 ^ 0xcccccccc},
    {"lop3.b32 %r2, %r3, %r4, %r5, 0xca", 'r', 0xffff0000, 0x12345678, 0x9abcdef0, 0x1234def0},
    {"dp4a.s32.s32 %r2, %r3, %r4, %r5", 'r', 0xff02037f, 0x0102fd7f, 10, 10 - 1 + 4 - 9 + 127 * 127},
    {"dp4a.u32.u32 %r2, %r3, %r4, %r5", 'r', 0xff020304, 0xff000001, 1, 255 * 255 + 4 + 1},
    {"cnot.b32 %r2, %r3", 'r', 0, 0, 0, 1},
    {"mov.b64 {%r6, %r2}, %rd3", 'r', 0x1234567800000001, 0, 0, 0x12345678},
    {"mov.b32 %r2, {%rs3, %rs4}", 'r', 0x1111, 0x2222, 0, 0x22221111},
    {"mov.b64 %rd6, {%r3, %r4}", 'd', 1, 2, 0, 0x200000001},
    {"setp.lt.s32 %p1, %r3, %r4; selp.b32 %r2, 1, 2, %p1", 'r', 0xffffffff, 0, 0, 1},
    {"setp.lt.u32 %p1, %r3, %r4; selp.b32 %r2, 1, 2, %p1", 'r', 0xffffffff, 0, 0, 2},
    {"setp.eq.s32 %p1|%p2, %r3, %r4; selp.b32 %r2, 1, 2, %p2", 'r', 3, 4, 0, 1},
    {"setp.ne.s32 %p3, %r3, 0; setp.gt.and.s32 %p1, %r3, %r4, !%p3; selp.b32 %r2, 1, 2, %p1", 'r', 5, 4, 0,
     2},
    {"setp.ne.s32 %p3, %r3, 0; setp.gt.xor.s32 %p1|%p2, %r3, %r4, %p3; selp.b32 %r2, 1, 2, %p2", 'r', 5, 4, 0,
     1},
    {"setp.neu.f32 %p1, %f3, %f4; selp.b32 %r2, 1, 2, %p1", 'r', 0x7fc00000, 0, 0, 1},
    {"setp.ne.f32 %p1, %f3, %f4; selp.b32 %r2, 1, 2, %p1", 'r', 0x7fc00000, 0, 0, 2},
    {"setp.nan.f64 %p1, %fd3, %fd4; selp.b32 %r2, 1, 2, %p1", 'r', 0x7ff8000000000000, 0, 0, 1},
    {"testp.subnormal.f32 %p1, %f3; selp.b32 %r2, 1, 2, %p1", 'r', 1, 0, 0, 1},
    {"slct.u32.s32 %r2, %r3, %r4, %r5", 'r', 1, 2, 0xffffffff, 2},
    {"fma.rn.f32 %f2, %f3, %f4, %f5", 'f', 0x3f800001, 0x3f800001, 0xbf800002, 0x28800000},
    {"add.rn.f32 %f2, %f3, %f4", 'f', 1, 1, 0, 2},
    {"add.rn.ftz.f32 %f2, %f3, %f4", 'f', 1, 1, 0, 0},
    {"add.rp.f32 %f2, %f3, %f4", 'f', 0x3f800000, 1, 0, 0x3f800001},
    {"add.rz.f32 %f2, %f3, %f4", 'f', 0x3f800000, 1, 0, 0x3f800000},
    {"mul.sat.f32 %f2, %f3, %f4", 'f', 0x40000000, 0x40000000, 0, 0x3f800000},
    {"div.rn.f32 %f2, %f3, %f4", 'f', 0x3f800000, 0x40400000, 0, 0x3eaaaaab},
    {"rcp.rm.f32 %f2, %f3", 'f', 0x40400000, 0, 0, 0x3eaaaaaa},
    {"sqrt.rn.f32 %f2, %f3", 'f', 0x40000000, 0, 0, 0x3fb504f3},
    {"sub.rn.f32 %f2, %f3, %f4", 'f', 0x7f800000, 0x7f800000, 0, 0x7fffffff},
    {"min.f32 %f2, %f3, %f4", 'f', 0x7fc00000, 0x3f800000, 0, 0x3f800000},
    {"max.f32 %f2, %f3, %f4", 'f', 0x80000000, 0, 0, 0},
    {"min.f32 %f2, %f3, %f4", 'f', 0, 0x80000000, 0, 0x80000000},
    {"neg.f32 %f2, %f3", 'f', 0, 0, 0, 0x80000000},
    {"copysign.f32 %f2, %f3, %f4", 'f', 0x80000000, 0x3f800000, 0, 0xbf800000},
    {"fma.rn.f64 %fd2, %fd3, %fd4, %fd5", 'g', 0x3ff0000000000001, 0x3ff0000000000001, 0xbff0000000000002,
     0x3970000000000000},
    {"add.f16 %rs2, %rs3, %rs4", 's', 0x3c00, 0x1000, 0, 0x3c00},
    {"fma.rn.f16 %rs2, %rs3, %rs4, %rs5", 's', 0x3c01, 0x3c01, 0xbc02, 0x0010},
    {"mul.f16x2 %r2, %r3, %r4", 'r', 0x3c004000, 0x40004200, 0, 0x40004600},
    {"cvt.rn.f16.f32 %rs2, %f3", 's', 0x3f801000, 0, 0, 0x3c00},
    {"cvt.rn.f16.f32 %rs2, %f3", 's', 0x3f803000, 0, 0, 0x3c02},
    {"cvt.rn.f16.f32 %rs2, %f3", 's', 0x33000001, 0, 0, 0x0001},
    {"cvt.rn.f16.f32 %rs2, %f3", 's', 0x33000000, 0, 0, 0x0000},
    {"cvt.rn.f16.f32 %rs2, %f3", 's', 0x477ff000, 0, 0, 0x7c00},
    {"cvt.rn.f16.f32 %rs2, %f3", 's', 0x477fefff, 0, 0, 0x7bff},
    {"cvt.rz.f16.f32 %rs2, %f3", 's', 0x477ff000, 0, 0, 0x7bff},
    {"cvt.rn.f16.f32 %rs2, %f3", 's', 0xff800000, 0, 0, 0xfc00},
    {"cvt.rn.f16.f32 %rs2, %f3", 's', 0x7fc00001, 0, 0, 0x7fff},
    {"cvt.f32.f16 %f2, %rs3", 'f', 0x8001, 0, 0, 0xb3800000},
    {"cvt.f32.f16 %f2, %rs3", 'f', 0x7c00, 0, 0, 0x7f800000},
    {"cvt.rn.bf16.f32 %rs2, %f3", 's', 0x3f808000, 0, 0, 0x3f80},
    {"cvt.rn.bf16.f32 %rs2, %f3", 's', 0x3f818000, 0, 0, 0x3f82},
    {"cvt.rn.f16.u64 %rs2, %rd3", 's', (UINT64_C(1) << 15) + 16, 0, 0, 0x7800},
    {"cvt.rn.f16.u64 %rs2, %rd3", 's', (UINT64_C(1) << 15) + 17, 0, 0, 0x7801},
    {"cvt.rzi.s32.f32 %r2, %f3", 'r', 0xc0200000, 0, 0, (uint32_t)-2},
    {"cvt.rni.s32.f32 %r2, %f3", 'r', 0x40200000, 0, 0, 2},
    {"cvt.rmi.s32.f32 %r2, %f3", 'r', 0xc0200000, 0, 0, (uint32_t)-3},
    {"cvt.rpi.s32.f32 %r2, %f3", 'r', 0x40200000, 0, 0, 3},
    {"cvt.rzi.s32.f32 %r2, %f3", 'r', 0x7f800000, 0, 0, 0x7fffffff},
    {"cvt.rzi.u32.f32 %r2, %f3", 'r', 0xbf800000, 0, 0, 0},
    {"cvt.rzi.u64.f64 %rd6, %fd3", 'd', 0x7ff0000000000000, 0, 0, UINT64_MAX},
    {"cvt.rzi.s64.f32 %rd6, %f3", 'd', 0x7fc00000, 0, 0, 0},
    {"cvt.rzi.u8.f32 %r2, %f3", 'r', 0x43960000, 0, 0, 255},
    {"cvt.rni.f32.f32 %f2, %f3", 'f', 0x40200000, 0, 0, 0x40000000},
    {"cvt.sat.s8.s32 %r2, %r3", 'r', 300, 0, 0, 127},
    {"cvt.sat.u8.s32 %r2, %r3", 'r', 0xffffffff, 0, 0, 0},
    {"cvt.s32.s8 %r2, %r3", 'r', 0x1ff, 0, 0, 0xffffffff},
    {"cvt.u32.u8 %r2, %rs3", 'r', 0x1ff, 0, 0, 0xff},
    {"cvt.s64.s32 %rd6, %r3", 'd', 0x80000000, 0, 0, 0xffffffff80000000},
    {"cvt.u16.u32 %rs2, %r3", 's', 0x12345678, 0, 0, 0x5678},
    {"cvt.rn.f32.u64 %f2, %rd3", 'f', UINT64_MAX, 0, 0, 0x5f800000},
    {"cvt.rz.f32.u64 %f2, %rd3", 'f', UINT64_MAX, 0, 0, 0x5f7fffff},
    {"cvt.rn.f32.s64 %f2, %rd3", 'f', 0x8000008000000000, 0, 0, 0xdeffffff},
    {"cvt.rn.f32.f64 %f2, %fd3", 'f', 0x3690000000000001, 0, 0, 1},
    {"cvt.rp.f32.f64 %f2, %fd3", 'f', 0x3ff0000000000001, 0, 0, 0x3f800001},
    {"cvt.f64.f32 %fd2, %f3", 'g', 1, 0, 0, 0x36a0000000000000},
    {"add.cc.u32 %r6, %r3, %r4; addc.u32 %r2, 0, 0", 'r', 0xffffffff, 1, 0, 1},
    {"sub.cc.u32 %r6, %r3, %r4; subc.u32 %r2, 0, 0", 'r', 0, 1, 0, 0xffffffff},
    {"mad.lo.cc.u32 %r6, %r3, %r4, %r5; madc.hi.u32 %r2, %r3, %r4, 0", 'r', 0xffffffff, 0xffffffff,
     0xffffffff, 0xffffffff},
    {"setp.ne.s32 %p1, %r3, 0; @!%p1 mov.u32 %r2, 5; @%p1 mov.u32 %r2, 6", 'r', 1, 0, 0, 6},
};

static void test_single_instructions(void **state)
{
    machine *m = calloc(1, sizeof *m);
    char body[2048];
    int wrong = 0;
    (void)state;
    for (size_t k = 0; k < sizeof singles / sizeof singles[0]; k++) {
        const single *s = &singles[k];
        const char *store = s->result == 'r'   ? "st.global.u32 [%rd2], %r2;"
                            : s->result == 'd' ? "st.global.u64 [%rd2], %rd6;"
                            : s->result == 's' ? "st.global.u16 [%rd2], %rs2;"
                            : s->result == 'f' ? "st.global.f32 [%rd2], %f2;"
                                               : "st.global.f64 [%rd2], %fd2;";
        const int bytes = s->result == 's' ? 2 : s->result == 'r' || s->result == 'f' ? 4 : 8;
        snprintf(body, sizeof body, "%s%s;\n%s", operands, s->text, store);
        m->in[0] = s->a;
        m->in[1] = s->b;
        m->in[2] = s->c;
        passes(m, "", body, 1, 1);
        uint64_t got = 0;
        memcpy(&got, m->out, (size_t)bytes);
        if (got == s->expected) continue;
        wrong++;
        print_error("%s of %" PRIx64 ", %" PRIx64 ", %" PRIx64 " gives %" PRIx64 ", not %" PRIx64 "\n",
                    s->text, s->a, s->b, s->c, got, s->expected);
    }
    free(m);
    assert_int_equal(wrong, 0);
}

/* ---- Warps ---- */

#define EACH_WORD "mul.wide.u32 %rd8, %r1, 4; add.s64 %rd9, %rd2, %rd8;\n" /* out + 4 * thread */

static uint32_t word(const machine *m, size_t k)
{
    uint32_t value;
    memcpy(&value, (const unsigned char *)m->out + 4 * k, sizeof value);
    return value;
}

static void test_loops_of_different_lengths(void **state)
{
    machine *m = calloc(1, sizeof *m);
    (void)state;
    passes(m, "",
           EACH_WORD "mov.u32 %r2, 0; mov.u32 %r3, 0;\n"
                     "$L1: setp.ge.u32 %p1, %r2, %r1; @%p1 bra $L2; add.u32 %r3, %r3, %r2; add.u32 %r2, %r2, "
                     "1; bra.uni $L1;\n"
                     "$L2: shfl.sync.bfly.b32 %r4|%p2, %r3, 1, 31, -1; st.global.u32 [%rd9], %r4;",
           1, 96);
    for (uint32_t k = 0; k < 96; k++) assert_int_equal(word(m, k), (k ^ 1) * ((k ^ 1) - 1) / 2);
    free(m);
}

static void test_shuffles(void **state)
{
    machine *m = calloc(1, sizeof *m);
    (void)state;
    passes(m, "",
           EACH_WORD
           "shfl.sync.down.b32 %r2, %r1, 4, 31, -1; shfl.sync.up.b32 %r3|%p1, %r1, 3, 0, -1;\n"
           "shfl.sync.idx.b32 %r4, %r1, 5, 0x181f, -1; selp.u32 %r5, 1, 0, %p1;\n"
           "mad.lo.u32 %r2, %r2, 64, %r3; mad.lo.u32 %r2, %r2, 64, %r4; mad.lo.u32 %r2, %r2, 2, %r5;\n"
           "st.global.u32 [%rd9], %r2;",
           1, 32);
    for (uint32_t k = 0; k < 32; k++) {
        const uint32_t down = k + 4 < 32 ? k + 4 : k, up = k >= 3 ? k - 3 : k, index = (k & 0x18) | 5;
        assert_int_equal(word(m, k), ((down * 64 + up) * 64 + index) * 2 + (k >= 3));
    }
    free(m);
}

static void test_lanes_meet_at_a_shuffle(void **state)
{
    machine *m = calloc(1, sizeof *m);
    (void)state;
    /* The even lanes jump over work that comes later in the text, and wait for the odd ones at the shuffle.
     */
    passes(m, "",
           EACH_WORD "and.b32 %r2, %r1, 1; setp.eq.s32 %p1, %r2, 0; @%p1 bra $there; bra.uni $far;\n"
                     "$there: vote.sync.ballot.b32 %r3, %p1, -1; st.global.u32 [%rd9], %r3; bra.uni $end;\n"
                     "$far: add.u32 %r1, %r1, 0; bra.uni $there;\n$end:",
           1, 32);
    for (size_t k = 0; k < 32; k++) assert_int_equal(word(m, k), 0x55555555);
    /* Two halves with masks of their own, each by itself. */
    passes(m, "",
           EACH_WORD
           "setp.lt.u32 %p1, %r1, 16; @%p1 bra $low; shfl.sync.idx.b32 %r3, %r1, 20, 31, 0xffff0000;\n"
           "bra.uni $end; $low: shfl.sync.idx.b32 %r3, %r1, 3, 31, 0xffff;\n$end: st.global.u32 [%rd9], %r3;",
           1, 32);
    for (size_t k = 0; k < 32; k++) assert_int_equal(word(m, k), k < 16 ? 3 : 20);
    free(m);
}

static void test_calls_and_tables(void **state)
{
    machine *m = calloc(1, sizeof *m);
    (void)state;
    passes(m,
           ".func (.param .b32 result) twice(.param .b32 a)\n{ .reg .b32 %r<3>; ld.param.u32 %r1, [a];\n"
           "shl.b32 %r2, %r1, 1; st.param.b32 [result], %r2; ret; }\n"
           ".func (.reg .u32 %q) thrice(.reg .u32 %a)\n{ mul.lo.u32 %q, %a, 3; ret; }\n"
           ".global .align 4 .u32 table[4] = {10, 20, 30, 40}; .const .align 4 .b8 bytes[4] = {1, 2, 3, 4};",
           EACH_WORD
           "$list: .branchtargets $A, $B, $C;\nrem.u32 %r2, %r1, 3; brx.idx %r2, $list;\n"
           "$A: { .param .b32 p0; .param .b32 r0; st.param.b32 [p0], %r1; call.uni (r0), twice, (p0);\n"
           "ld.param.b32 %r3, [r0]; } bra.uni $end;\n$B: call (%r3), thrice, (%r1); bra.uni $end;\n"
           "$C: and.b32 %r4, %r1, 3; mul.wide.u32 %rd10, %r4, 4; mov.u64 %rd11, table; add.s64 %rd10, %rd10, "
           "%rd11;\n"
           "ld.global.u32 %r3, [%rd10]; ld.const.u8 %r5, [bytes+2]; add.u32 %r3, %r3, %r5;\n$end: "
           "st.global.u32 [%rd9], %r3;",
           1, 32);
    for (uint32_t k = 0; k < 32; k++)
        assert_int_equal(word(m, k), k % 3 == 0 ? 2 * k : k % 3 == 1 ? 3 * k : 10 * (k % 4 + 1) + 3);
    free(m);
}

static void test_shared_memory_and_barriers(void **state)
{
    machine *m = calloc(1, sizeof *m);
    (void)state;
    passes(
        m, "",
        EACH_WORD
        "shl.b32 %r2, %r1, 2; mov.u32 %r3, tile; add.u32 %r4, %r3, %r2; st.shared.u32 [%r4], %r1;\n"
        "bar.sync 0; xor.b32 %r5, %r4, 508; ld.shared.u32 %r6, [%r5]; bar.sync 0; st.shared.u32 [%r5], %r6;\n"
        "bar.sync 0; ld.shared.u32 %r7, [%r4]; st.global.u32 [%rd9], %r7;",
        2, 128);
    for (uint32_t k = 0; k < 128; k++) assert_int_equal(word(m, k), k);
    /* Exited threads do not hold the barrier up; a warp's own barrier orders its lanes. */
    passes(m, "", "setp.gt.u32 %p1, %r1, 40; @%p1 exit; bar.sync 0;", 1, 64);
    passes(m, "",
           "mov.u32 %r3, tile; setp.eq.u32 %p1, %r1, 0; @%p1 st.shared.u32 [%r3], 7; bar.warp.sync -1;\n"
           "ld.shared.u32 %r4, [%r3];",
           1, 32);
    free(m);
}

/* ---- Faults ---- */

static void test_bounds_and_alignment(void **state)
{
    (void)state;
    fails(EACH_WORD "ld.global.u32 %r2, [%rd9+8065];", 1, 32, FAULT_MISALIGNED, "0x710001f81");
    fails(EACH_WORD "ld.global.u32 %r2, [%rd9+8068];", 1, 32, FAULT_OUT_OF_BOUNDS, "0 bytes past the end of");
    fails(EACH_WORD "st.global.u32 [%rd9+-4], %r1;", 1, 32, FAULT_OUT_OF_BOUNDS,
          "4 bytes before the allocation of 8192");
    fails("ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd1+8];", 1, 1, FAULT_MISALIGNED, "16 bytes");
    fails("ld.global.v2.u64 {%rd3, %rd4}, [%rd1+8184];", 1, 1, FAULT_MISALIGNED, "16 bytes");
    fails("setp.eq.u32 %p1, %r1, 17; @%p1 ld.global.u8 %r2, [%rd1+8192];", 1, 32, FAULT_OUT_OF_BOUNDS,
          "thread (17,0,0)");
    fails("mov.u32 %r2, tile; ld.shared.u32 %r3, [%r2+4096];", 1, 1, FAULT_OUT_OF_BOUNDS,
          "shared address 4096 of 4096");
    fails(".local .align 8 .b8 depot[16]; mov.u64 %rd3, depot; st.local.u32 [%rd3+16], 1;", 1, 1,
          FAULT_OUT_OF_BOUNDS, "local address 16 of 16");
    fails("mov.u64 %rd3, 64; ld.global.u8 %r2, [%rd3];", 1, 1, FAULT_OUT_OF_BOUNDS, "0x40");
}

static void test_divergence(void **state)
{
    (void)state;
    fails("setp.lt.u32 %p1, %r1, 32; @%p1 bra $end; bar.sync 0;\n$skip: bra.uni $last; $end: bar.sync "
          "1;\n$last:",
          1, 64, FAULT_DIVERGENT_BARRIER, "bar.sync");
    fails("and.b32 %r2, %r1, 1; setp.eq.u32 %p1, %r2, 0; @%p1 bra $other; bar.sync 0; bra.uni $end;\n"
          "$other: bar.sync 0;\n$end:",
          1, 32, FAULT_DIVERGENT_BARRIER, "another barrier instruction");
    fails("setp.lt.u32 %p1, %r1, 8; @%p1 exit; shfl.sync.idx.b32 %r2, %r1, 0, 31, -1;", 1, 32,
          FAULT_DIVERGENT_SHUFFLE, "exited: 0x000000ff");
    fails("setp.lt.u32 %p1, %r1, 8; @%p1 bar.sync 0; @!%p1 bar.warp.sync -1;", 1, 32, FAULT_DIVERGENT_SHUFFLE,
          "never come");
    fails("shfl.sync.idx.b32 %r2, %r1, 0, 31, 0xff;", 1, 32, FAULT_DIVERGENT_SHUFFLE, "not in its own mask");
    fails("shfl.sync.idx.b32 %r2, %r1, 0, 31, -1;", 1, 40, FAULT_DIVERGENT_SHUFFLE, "never come");
    fails("$L: bra.uni $L;", 1, 32, FAULT_ENDLESS, "instructions");
    fails("setp.eq.u32 %p1, %r1, 3; @%p1 trap;", 1, 32, FAULT_TRAP, "thread (3,0,0)");
}

#define CELL "shl.b32 %r2, %r1, 2; mov.u32 %r3, tile; add.u32 %r4, %r3, %r2; xor.b32 %r5, %r4, 4;\n"

static void test_shared_races(void **state)
{
    (void)state;
    fails(CELL "st.shared.u32 [%r4], %r1; ld.shared.u32 %r6, [%r5];", 1, 32, FAULT_SHARED_RACE,
          "reads shared address");
    fails(CELL "st.shared.u32 [%r4], %r1; bar.sync 0; ld.shared.u32 %r6, [%r5]; st.shared.u32 [%r4], %r6;", 1,
          64, FAULT_SHARED_RACE, "writes shared address");
    fails("mov.u32 %r3, tile; st.shared.u32 [%r3], %r1;", 1, 64, FAULT_SHARED_RACE, "wrote");
    fails(CELL "st.shared.u32 [%r4], %r1; shfl.sync.idx.b32 %r7, %r1, 0, 31, -1; ld.shared.u32 %r6, [%r5];",
          1, 32, FAULT_SHARED_RACE, "reads shared address");
    fails(CELL "atom.shared.add.u32 %r6, [%r3], 1; ld.shared.u32 %r7, [%r3];", 1, 32, FAULT_SHARED_RACE,
          "atomically");
    fails("mov.u32 %r3, tile; ld.shared.u32 %r6, [%r3];", 1, 1, FAULT_UNINITIALISED, "nobody has written");
    fails(".local .align 8 .b8 depot[16]; mov.u64 %rd3, depot; st.local.u32 [%rd3], 1; ld.local.u32 %r2, "
          "[%rd3+4];",
          1, 1, FAULT_UNINITIALISED, "local address 4");
    machine *m = calloc(1, sizeof *m);
    passes(m, "", "mov.u32 %r3, tile; st.shared.u32 [%r3], 7;", 1, 64); /* all write the same */
    passes(m, "",
           CELL "st.shared.u32 [%r3], 0; bar.sync 0; atom.shared.add.u32 %r6, [%r3], 1; bar.sync 0;\n"
                "ld.shared.u32 %r7, [%r3]; st.global.u32 [%rd2], %r7;",
           1, 96);
    assert_int_equal(word(m, 0), 96);
    free(m);
}

/* Each block writes a word, counts itself, and the last one adds all words. */
static void sum_by_last_block(machine *m, const char *before, const char *count, const char *after)
{
    char body[2048];
    snprintf(
        body, sizeof body,
        "mov.u32 %%r2, %%ctaid.x; mul.wide.u32 %%rd8, %%r2, 4; add.s64 %%rd9, %%rd2, %%rd8;\n"
        "st.global.u32 [%%rd9+64], %%r2; %s; %s; setp.ne.u32 %%p1, %%r3, 7; @%%p1 ret;\n%s;\n"
        "mov.u32 %%r4, 0; mov.u32 %%r5, 0; mov.u64 %%rd10, %%rd2;\n"
        "$L: ld.global.u32 %%r6, [%%rd10+64]; add.u32 %%r5, %%r5, %%r6; add.s64 %%rd10, %%rd10, 4;\n"
        "add.u32 %%r4, %%r4, 1; setp.lt.u32 %%p1, %%r4, 8; @%%p1 bra $L; st.global.u32 [%%rd2+32], %%r5;",
        before, count, after);
    memset(m->in, 0, sizeof m->in);
    launch(m, "", body, 8, 1);
}

static void test_visibility_between_blocks(void **state)
{
    static const char relaxed[] = "atom.global.add.u32 %r3, [%rd1], 1", nothing[] = "";
    static const char strong[] = "atom.acq_rel.gpu.global.add.u32 %r3, [%rd1], 1", fence[] = "membar.gl";
    machine *m = calloc(1, sizeof *m);
    (void)state;
    sum_by_last_block(m, fence, relaxed, fence);
    if (m->report.kind) fail_msg("%s", m->report.text);
    assert_int_equal(word(m, 8), 28);
    sum_by_last_block(m, nothing, strong, nothing);
    if (m->report.kind) fail_msg("%s", m->report.text);
    sum_by_last_block(m, nothing, relaxed, fence);
    assert_int_equal(m->report.kind, FAULT_GLOBAL_RACE);
    assert_non_null(strstr(m->report.text, "no fence"));
    sum_by_last_block(m, "membar.cta", relaxed, fence);
    assert_int_equal(m->report.kind, FAULT_GLOBAL_RACE);
    sum_by_last_block(m, fence, relaxed, nothing);
    assert_int_equal(m->report.kind, FAULT_GLOBAL_RACE);
    free(m);
}

/* ---- What is not understood ---- */

static void test_refusals(void **state)
{
    static const struct {
        const char *body, *word;
    } bad[] = {
        {"frobnicate.u32 %r1, %r2;", "frobnicate"},
        {"add.wrong.u32 %r1, %r2, %r3;", "add.wrong.u32"},
        {"ld.global.sideways.u32 %r1, [%rd1];", "sideways"},
        {"add.u32 %r1, %rd2, %r3;", "8 bytes"},
        {"bra $nowhere;", "$nowhere"},
        {"mov.u32 %r1, %r99;", "%r99"},
        {"div.full.f32 %f1, %f2, %f3;", "full"},
        {"shfl.down.b32 %r1, %r2, 1, 31;", "shfl.down"},
        {"add.u32 %r1, %r2;", "','"},
        {"ret", "';'"},
        {"call nobody;", "nobody"},
    };
    char text[TEXT], message[256];
    (void)state;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        snprintf(text, sizeof text, head, "", bad[k].body);
        assert_null(ptx_parse(text, strlen(text), message, sizeof message));
        if (!strstr(message, "PTX line ") || !strstr(message, bad[k].word))
            fail_msg("%s: %s", bad[k].body, message);
    }
}

static void test_description(void **state)
{
    static const char text[] =
        ".version 8.3\n.target sm_80, debug\n.address_size 64\n.visible .entry k(.param .u64 a,\n"
        ".param .u32 b, .param .align 8 .b8 c[24])\n.maxntid 128, 2, 1\n.minnctapersm 3\n{\n"
        ".shared .align 4 .b8 s[100]; .local .align 8 .b8 l[40]; ret;\n}";
    char message[256];
    ptx_kernel_info info;
    (void)state;
    ptx_module *m = ptx_parse(text, sizeof text - 1, message, sizeof message);
    if (!m) fail_msg("%s", message);
    assert_int_equal(ptx_version(m), 83);
    assert_int_equal(ptx_target(m), 80);
    assert_null(ptx_find(m, "other"));
    ptx_kernel_describe(ptx_find(m, "k"), &info);
    assert_int_equal(info.param_count, 3);
    assert_int_equal(info.param_offset[2], 16);
    assert_int_equal(info.param_bytes, 40);
    assert_int_equal(info.shared_bytes, 100);
    assert_int_equal(info.local_bytes, 40);
    assert_int_equal(info.max_threads, 256);
    assert_int_equal(info.min_blocks, 3);
    ptx_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_instructions),
        cmocka_unit_test(test_loops_of_different_lengths),
        cmocka_unit_test(test_shuffles),
        cmocka_unit_test(test_lanes_meet_at_a_shuffle),
        cmocka_unit_test(test_calls_and_tables),
        cmocka_unit_test(test_shared_memory_and_barriers),
        cmocka_unit_test(test_bounds_and_alignment),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_shared_races),
        cmocka_unit_test(test_visibility_between_blocks),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
