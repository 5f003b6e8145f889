/* Runs the test program of an export on QEMU's boards mps2-an386 (Cortex-M4) and mps2-an500 (Cortex-M7): prints the instructions
   that it took, as a timer of 25 MHz counts them where QEMU takes an instruction for a nanosecond (-icount shift=0), and exits with
   its status by semihosting. */
#include <stdint.h>

int golden(void);

extern uint32_t stack_top, data_load, data_begin, data_end, bss_begin, bss_end;

#define TIMER_CONTROL (*(volatile uint32_t *)0x40000000)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004)
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008)
#define INSTRUCTIONS_PER_TICK 40u

static int call_host(int operation, const void *argument)
{
    register int code __asm__("r0") = operation;
    register const void *block __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(code) : "r"(block) : "memory");
    return code;
}

static void print(uint64_t number)
{
    char text[24];
    char *at = text + sizeof text;
    *--at = 0;
    *--at = '\n';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    call_host(0x04, at);
}

void reset(void)
{
    uint32_t *to, *from = &data_load;
    uint32_t exit[2];
    for (to = &data_begin; to < &data_end;) {
        *to++ = *from++;
    }
    for (to = &bss_begin; to < &bss_end;) {
        *to++ = 0;
    }
    TIMER_RELOAD = 0xffffffffu;
    TIMER_VALUE = 0xffffffffu;
    TIMER_CONTROL = 1;
    exit[0] = 0x20026;
    exit[1] = (uint32_t)golden();
    print((uint64_t)(0xffffffffu - TIMER_VALUE) * INSTRUCTIONS_PER_TICK);
    call_host(0x20, exit);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {&stack_top, (const void *)reset};
