// Faults of the system, for a process of a test: LD_PRELOAD names the library that this is built as, and the environment says
// what fails.
//
// STOCKADE_FAULT is "WHAT FIRST LAST PATH": the calls from this one to that one fail, of those on files whose path has PATH in it.
//   kill-before, kill-after: a file is made durable, and the process is killed before or after that;
//   full: what is written does not fit on the disk;
//   read-only: what is written is refused, and from then on also what opens a file for writing.
// STOCKADE_FAULT_WHILE names a file; while it is not there, no call counts. STOCKADE_FAULT_TELLS names one that is made when a
// write has failed.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char what[16], part[256];
static char *only_while, *tells;
static long first, last;
static atomic_long calls;
static atomic_int has_failed;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static char *copied(const char *text) { return text == NULL ? NULL : strdup(text); }

__attribute__((constructor)) static void begin(void) {
    const char *fault = getenv("STOCKADE_FAULT");
    if (fault == NULL || sscanf(fault, "%15s %ld %ld %255s", what, &first, &last, part) != 4) what[0] = 0;
    // A program may write over its environment.
    only_while = copied(getenv("STOCKADE_FAULT_WHILE"));
    tells = copied(getenv("STOCKADE_FAULT_TELLS"));
}

static int is_on(const char *path) {
    return strstr(path, part) != NULL && (only_while == NULL || access(only_while, F_OK) == 0);
}

// Whether this call on an open file is one that fails.
static int fails(const char *kind, int fd) {
    if (strncmp(what, kind, strlen(kind)) != 0 || what[0] == 0) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int before = errno;
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    int is = is_on(path);
    errno = before;
    if (!is) return 0;
    long call = atomic_fetch_add(&calls, 1) + 1;
    return first <= call && call <= last;
}

static int is_refused(int fd) {
    int is_full = fails("full", fd), is_read_only = fails("read-only", fd);
    if (!is_full && !is_read_only) return 0;
    int told = tells == NULL ? -1 : REAL(open)(tells, O_CREAT | O_WRONLY, 0600);
    if (told >= 0) close(told);
    if (is_read_only) atomic_store(&has_failed, 1);
    errno = is_full ? ENOSPC : EROFS;
    return 1;
}

static int is_closed_to(const char *path, int flags) {
    int is = (flags & O_ACCMODE) != O_RDONLY && atomic_load(&has_failed) && is_on(path);
    if (is) errno = EROFS;
    return is;
}

static int synced(int fd, int (*real)(int)) {
    int is_last = fails("kill", fd);
    if (is_last && strcmp(what, "kill-before") == 0) kill(getpid(), SIGKILL);
    int answer = real(fd);
    if (is_last) kill(getpid(), SIGKILL);
    return answer;
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

ssize_t write(int fd, const void *bytes, size_t count) {
    return is_refused(fd) ? -1 : REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return is_refused(fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return is_refused(fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at) {
    return is_refused(fd) ? -1 : REAL(pwritev)(fd, pieces, count, at);
}
int posix_fallocate(int fd, off_t at, off_t bytes) {
    return is_refused(fd) ? errno : REAL(posix_fallocate)(fd, at, bytes);
}
int posix_fallocate64(int fd, off64_t at, off64_t bytes) {
    return is_refused(fd) ? errno : REAL(posix_fallocate64)(fd, at, bytes);
}

#define OPEN(name)                                                       \
    int name(const char *path, int flags, ...) {                         \
        va_list more;                                                    \
        va_start(more, flags);                                           \
        mode_t mode = va_arg(more, mode_t);                              \
        va_end(more);                                                    \
        return is_closed_to(path, flags) ? -1 : REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
