/* Runs kernels on AArch64, one after the other, for tests that run elsewhere: `src/kernel/trial/aarch64.rs` starts it in an emulator.
 *
 * It says one byte when it is ready. A job comes on standard input, all numbers of 64 bits, little endian:
 *     bytes of code, bytes of memory, arguments, count, first     then an offset into the memory for each argument, the code, the memory
 * and is answered on standard output by the memory as the kernel leaves it. The end of the input ends the program. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MOST_ARGUMENTS = 64 };

typedef void kernel_fn(uint8_t *const *arguments, size_t count, size_t first);

static void fail(const char *what) {
    fprintf(stderr, "harness: %s\n", what);
    exit(1);
}

static void read_exactly(void *to, size_t bytes) {
    if (fread(to, 1, bytes, stdin) != bytes) fail("the job ends early");
}

static uint8_t *map(size_t bytes) {
    void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) fail("no memory");
    return place;
}

/* Numbers too small for a full mantissa are zero, as in the runtime (`src/jit/denormals.rs`). */
static void flush_denormals(void) {
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    __asm__ volatile("msr fpcr, %0" : : "r"(control | UINT64_C(1) << 24));
}

static void run(const uint64_t job[5]) {
    uint64_t code_bytes = job[0], memory_bytes = job[1], arguments = job[2], offsets[MOST_ARGUMENTS];
    uint8_t *addresses[MOST_ARGUMENTS] = {0};
    if (arguments > MOST_ARGUMENTS) fail("too many arguments");
    read_exactly(offsets, arguments * sizeof *offsets);
    uint8_t *code = map(code_bytes), *memory = map(memory_bytes);
    read_exactly(code, code_bytes);
    read_exactly(memory, memory_bytes);
    for (uint64_t i = 0; i < arguments; i++) addresses[i] = memory + offsets[i];
    if (mprotect(code, code_bytes, PROT_READ | PROT_EXEC) != 0) fail("code may not run");
    __builtin___clear_cache((char *)code, (char *)code + code_bytes);
    ((kernel_fn *)(uintptr_t)code)(addresses, job[3], job[4]);
    if (fwrite(memory, 1, memory_bytes, stdout) != memory_bytes || fflush(stdout) != 0) fail("nobody reads the answer");
    munmap(code, code_bytes);
    munmap(memory, memory_bytes);
}

int main(void) {
    uint64_t job[5];
    flush_denormals();
    if (putchar('!') == EOF || fflush(stdout) != 0) fail("nobody reads the answer");
    while (fread(job, sizeof job, 1, stdin) == 1) run(job);
    return 0;
}
