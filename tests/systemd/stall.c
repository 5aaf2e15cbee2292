// A start that does not come to its end, and a clock that makes the wait for it short: preloaded with EDGEINFER_STALL=FILE, 16 bytes that
// a test changes while the program runs: seconds to add to the monotonic clocks (int64), and whether the file of a model can be opened
// (int32: 1 no, the call does not come back until it is 0 again, as with a network drive that is away).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int64_t seconds;
    volatile int32_t is_stalled;
    int32_t unused;
};

static struct control none;
static struct control *control = &none;
static int (*real_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

__attribute__((constructor)) static void open_control(void)
{
#ifdef __x86_64__
    *(void **)&real_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
#else
    *(void **)&real_timedwait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
#endif
    const char *path = getenv("EDGEINFER_STALL");
    int file = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) control = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME) now->tv_sec += control->seconds;
    return 0;
}

// The kernel waits by its own clock. A moment by the wall clock is a far larger number, and is left alone.
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    struct timespec own = *until;
    if (own.tv_sec < 1000000000) own.tv_sec -= control->seconds;
    return real_timedwait(condition, mutex, &own);
}

static int open_file(const char *path, int flags, mode_t mode)
{
    size_t length = strlen(path);
    if (length > 5 && strcmp(path + length - 5, ".onnx") == 0)
        while (control->is_stalled) usleep(50000);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_file(path, flags, mode);
}
