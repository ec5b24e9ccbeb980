/* Makes the n-th call that changes something below a folder fail, or be the last one of its process.
 *
 * Preloaded into cnnc (LD_PRELOAD) by tests/cli_trust/faults.rs. Counted are write, pwrite, rename,
 * fsync, fdatasync, ftruncate and open for writing, of files below FAULTS_UNDER (an absolute path).
 *
 *   FAULTS_AT     the number of the call, from 1
 *   FAULTS_KIND   "kill"    the process is killed instead of the call
 *                 "error"   the call fails with EIO, and only that one
 *                 "full"    the disk is full: a write is done by half, and from then on all writes,
 *                           renames and new files fail with ENOSPC
 *   FAULTS_COUNT  a file; the number of calls is written there when the process ends
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

enum fate { GOES, FAILS, HALF };

static int is_below(const char *path) {
    const char *under = getenv("FAULTS_UNDER");
    char whole[2 * PATH_MAX];
    if (under == NULL || path == NULL) return 0;
    if (path[0] != '/') {
        char here[PATH_MAX];
        if (getcwd(here, sizeof here) == NULL) return 0;
        snprintf(whole, sizeof whole, "%s/%s", here, path);
        path = whole;
    }
    size_t length = strlen(under);
    return strncmp(path, under, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int is_open_below(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* What becomes of a call below the folder. */
static enum fate next(int writes) {
    const char *at = getenv("FAULTS_AT"), *kind = getenv("FAULTS_KIND");
    long number = atomic_fetch_add(&calls, 1) + 1, wanted = at == NULL ? 0 : atol(at);
    if (wanted == 0 || kind == NULL || number < wanted) return GOES;
    if (strcmp(kind, "full") == 0) {
        errno = ENOSPC;
        return number == wanted && writes ? HALF : FAILS;
    }
    if (number > wanted) return GOES;
    if (strcmp(kind, "kill") == 0) {
        raise(SIGKILL);
        pause();
    }
    errno = EIO;
    return FAILS;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    enum fate fate = is_open_below(fd) ? next(1) : GOES;
    if (fate == FAILS || (fate == HALF && count < 2)) return -1;
    return REAL(write)(fd, bytes, fate == HALF ? count / 2 : count);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return is_open_below(fd) && next(0) != GOES ? -1 : REAL(writev)(fd, parts, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return is_open_below(fd) && next(0) != GOES ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}

int fsync(int fd) {
    return is_open_below(fd) && next(0) != GOES ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
    return is_open_below(fd) && next(0) != GOES ? -1 : REAL(fdatasync)(fd);
}

int ftruncate64(int fd, off64_t length) {
    return is_open_below(fd) && next(0) != GOES ? -1 : REAL(ftruncate64)(fd, length);
}

int rename(const char *from, const char *to) {
    return is_below(to) && next(0) != GOES ? -1 : REAL(rename)(from, to);
}

static int opens(const char *path, int flags) {
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0;
    return !(writes && is_below(path) && next(0) != GOES);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opens(path, flags) ? REAL(open64)(path, flags, mode) : -1;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opens(path, flags) ? REAL(open)(path, flags, mode) : -1;
}

__attribute__((destructor)) static void count(void) {
    const char *path = getenv("FAULTS_COUNT");
    if (path == NULL) return;
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", atomic_load(&calls));
    int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0 && REAL(write)(fd, text, (size_t)length) == length) close(fd);
}
