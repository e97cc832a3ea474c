/* Sets the control registers of floating-point arithmetic. */
#include "backend_cpu/rounding.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

enum { NEAREST_NO_TRAPS = 0x1f80, STATUS = 0x3f };

/* The status bits, which tell what has happened since the program cleared them, stay as they are. */
static uint64_t rounding_set(uint64_t wanted)
{
    unsigned before = _mm_getcsr(), status = before & STATUS, control = before & ~(unsigned)STATUS;
    if (control != wanted) _mm_setcsr((unsigned)wanted | status);
    return control;
}
#elif defined(__aarch64__)
enum { NEAREST_NO_TRAPS = 0 };

static uint64_t rounding_set(uint64_t wanted)
{
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    if (before != wanted) __asm__ volatile("msr fpcr, %0" : : "r"(wanted));
    return before;
}
#else
#include <fenv.h>

enum { NEAREST_NO_TRAPS = FE_TONEAREST };

static uint64_t rounding_set(uint64_t wanted)
{
    int before = fegetround();
    if (before != (int)wanted) fesetround((int)wanted);
    return (uint64_t)before;
}
#endif

uint64_t rounding_begin(void)
{
    return rounding_set(NEAREST_NO_TRAPS);
}

void rounding_end(uint64_t before)
{
    (void)rounding_set(before);
}
