/* The modes of x86-64 and AArch64 by their registers; elsewhere the rounding alone. */
#include "support/modes.h"

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>

enum {
    STATUS = 0x3f,
    MASKED = 0x1f80,
    FTZ = 0x8000,
    DAZ = 0x40,
    DOWN = 0x2000,
    UP = 0x4000,
    TO_ZERO = 0x6000
};
enum { INVALID = 0x80, DIVIDE = 0x200, OVERFLOWS = 0x400 };

static const float_mode modes[] = {
    MASKED,
    MASKED | FTZ,
    MASKED | DAZ,
    MASKED | FTZ | DAZ, /* as -ffast-math sets it */
    MASKED | DOWN,
    MASKED | UP,
    MASKED | TO_ZERO,
    MASKED | FTZ | DAZ | UP,
    MASKED & ~(INVALID | DIVIDE | OVERFLOWS), /* traps */
};

float_mode mode_get(void)
{
    return _mm_getcsr() & ~(unsigned)STATUS;
}

void mode_set(float_mode mode)
{
    _mm_setcsr((unsigned)mode | (_mm_getcsr() & STATUS));
}

#elif defined(__aarch64__)

enum { FZ16 = 1 << 19, UP = 1 << 22, DOWN = 2 << 22, TO_ZERO = 3 << 22, FZ = 1 << 24, DN = 1 << 25 };

static const float_mode modes[] = {0, FZ, FZ16, FZ | FZ16, DN, DOWN, UP, TO_ZERO, FZ | UP};

float_mode mode_get(void)
{
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}

void mode_set(float_mode mode)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}

#else
#include <fenv.h>

static const float_mode modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};

float_mode mode_get(void)
{
    return (float_mode)fegetround();
}

void mode_set(float_mode mode)
{
    fesetround((int)mode);
}
#endif

int mode_at(int index, float_mode *mode)
{
    if (index >= (int)(sizeof modes / sizeof modes[0])) return 0;
    *mode = modes[index];
    return 1;
}
