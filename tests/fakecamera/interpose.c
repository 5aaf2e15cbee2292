/* The C library's calls by which a program reaches a device node; those on fake nodes go to camera.c.
 *
 * .NET finds the functions of "libc" with dlopen and dlsym on the library's own handle, which does not see preloaded
 * symbols: dlsym itself answers with the ones below. */
#define _GNU_SOURCE
#include "fakecamera.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DESCRIPTORS 1024
#define VIDEO_MAJOR 81
#define VIDEO_GROUP 44
#define POLL_SLICE_MS 10
#define EXPORT __attribute__((visibility("default")))

struct libc libc;

static struct stream *streams[DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_dlsym(void)
{
    static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5" };
    for (int i = 0; i < 3 && !libc.dlsym; i++)
        *(void **)&libc.dlsym = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    if (!libc.dlsym)
        abort();
}

static void find_all(void)
{
    if (!libc.dlsym)
        find_dlsym();
    *(void **)&libc.open = libc.dlsym(RTLD_NEXT, "open");
    *(void **)&libc.close = libc.dlsym(RTLD_NEXT, "close");
    *(void **)&libc.ioctl = libc.dlsym(RTLD_NEXT, "ioctl");
    *(void **)&libc.poll = libc.dlsym(RTLD_NEXT, "poll");
    *(void **)&libc.mmap = libc.dlsym(RTLD_NEXT, "mmap");
    *(void **)&libc.munmap = libc.dlsym(RTLD_NEXT, "munmap");
    *(void **)&libc.mremap = libc.dlsym(RTLD_NEXT, "mremap");
    *(void **)&libc.statx = libc.dlsym(RTLD_NEXT, "statx");
    *(void **)&libc.readlink = libc.dlsym(RTLD_NEXT, "readlink");
}

static void ready(void) { pthread_once(&once, find_all); }

static int fail(int error)
{
    errno = error;
    return -1;
}

static struct stream *stream_of(int fd) { return fd >= 0 && fd < DESCRIPTORS ? streams[fd] : NULL; }

/* The number of the fake node that a path or a link to it names, present or not; -1 for any other path. */
static int node_of(const char *path)
{
    char here[PATH_MAX], target[PATH_MAX];
    if (!path || !getenv("FAKECAMERA") || strlen(path) >= sizeof here)
        return -1;
    strcpy(here, path);
    for (int links = 0; links < 8; links++) {
        unsigned number;
        char rest;
        if (sscanf(here, "/dev/video%u%c", &number, &rest) == 1 && number < NODES)
            return (int)number;
        ssize_t n = libc.readlink(here, target, sizeof target - 1);
        if (n <= 0 || target[0] != '/')
            return -1;
        target[n] = 0;
        strcpy(here, target);
    }
    return -1;
}

static int open_node(unsigned number)
{
    struct stream *s;
    if (!node_exists(number) || node_is_haunted(number))
        return fail(ENOENT);
    if (node_fault(number) == DENIED)
        return fail(EACCES);
    pthread_mutex_lock(&lock);
    int fd = stream_open(number, &s);
    if (fd >= DESCRIPTORS)
        abort();
    if (fd >= 0)
        streams[fd] = s;
    pthread_mutex_unlock(&lock);
    return fd < 0 ? fail(-fd) : fd;
}

EXPORT int open(const char *path, int flags, ...)
{
    ready();
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    int number = node_of(path);
    return number < 0 ? libc.open(path, flags, mode) : open_node((unsigned)number);
}

EXPORT int close(int fd)
{
    ready();
    pthread_mutex_lock(&lock);
    struct stream *s = stream_of(fd);
    if (s) {
        streams[fd] = NULL;
        stream_close(s);
    }
    pthread_mutex_unlock(&lock);
    return libc.close(fd);
}

/* Without the lock, so that the rest of the process goes on. */
static void wait_while_hung(int fd)
{
    struct timespec nap = { 0, POLL_SLICE_MS * 1000000 };
    for (struct stream *s = stream_of(fd); s && stream_hangs(s); s = stream_of(fd))
        nanosleep(&nap, NULL);
}

EXPORT int ioctl(int fd, unsigned long command, ...)
{
    ready();
    va_list more;
    va_start(more, command);
    void *argument = va_arg(more, void *);
    va_end(more);
    if (!stream_of(fd))
        return libc.ioctl(fd, command, argument);
    wait_while_hung(fd);
    pthread_mutex_lock(&lock);
    struct stream *s = stream_of(fd);
    int result = s ? stream_ioctl(s, command, argument) : -EBADF;
    pthread_mutex_unlock(&lock);
    return result < 0 ? fail(-result) : result;
}

/* Sets what fake descriptors see; returns how many see anything, or -1 where none is fake. */
static int poll_fakes(struct pollfd *p, nfds_t n)
{
    int fakes = 0, seen = 0;
    pthread_mutex_lock(&lock);
    for (nfds_t i = 0; i < n; i++) {
        struct stream *s = stream_of(p[i].fd);
        if (!s)
            continue;
        fakes++;
        p[i].revents = stream_events(s) & (p[i].events | POLLERR | POLLHUP);
        seen += p[i].revents != 0;
    }
    pthread_mutex_unlock(&lock);
    return fakes ? seen : -1;
}

/* Descriptors beside a fake one are not watched: a camera is polled alone. */
EXPORT int poll(struct pollfd *p, nfds_t n, int timeout)
{
    ready();
    struct timespec nap = { 0, POLL_SLICE_MS * 1000000 };
    for (int waited = 0;; waited += POLL_SLICE_MS) {
        int seen = poll_fakes(p, n);
        if (seen < 0)
            return libc.poll(p, n, timeout);
        if (seen > 0 || (timeout >= 0 && waited >= timeout))
            return seen;
        nanosleep(&nap, NULL);
    }
}

EXPORT void *mmap(void *hint, size_t length, int protection, int flags, int fd, off_t offset)
{
    ready();
    if ((flags & MAP_ANONYMOUS) || !stream_of(fd))
        return libc.mmap(hint, length, protection, flags, fd, offset);
    pthread_mutex_lock(&lock);
    struct stream *s = stream_of(fd);
    void *address = s ? stream_map(s, length, protection, offset) : MAP_FAILED;
    pthread_mutex_unlock(&lock);
    return address;
}

static void forget(void *address)
{
    pthread_mutex_lock(&lock);
    stream_forget(address);
    pthread_mutex_unlock(&lock);
}

EXPORT int munmap(void *address, size_t length)
{
    ready();
    forget(address);
    return libc.munmap(address, length);
}

EXPORT void *mremap(void *address, size_t length, size_t new_length, int flags, ...)
{
    ready();
    va_list more;
    va_start(more, flags);
    void *new_address = va_arg(more, void *);
    va_end(more);
    if (flags & MREMAP_FIXED)
        forget(new_address);
    return libc.mremap(address, length, new_length, flags, new_address);
}

EXPORT int statx(int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict facts)
{
    ready();
    int number = node_of(path);
    if (number < 0)
        return libc.statx(folder, path, flags, mask, facts);
    if (!node_exists((unsigned)number) || node_is_haunted((unsigned)number))
        return fail(ENOENT);
    memset(facts, 0, sizeof *facts);
    facts->stx_mask = STATX_BASIC_STATS;
    facts->stx_mode = S_IFCHR | 0660;
    facts->stx_gid = VIDEO_GROUP;
    facts->stx_rdev_major = VIDEO_MAJOR;
    facts->stx_rdev_minor = (unsigned)number;
    return 0;
}

EXPORT void *dlsym(void *handle, const char *name)
{
    static const struct { const char *name; void *function; } own[] = {
        { "open", open }, { "close", close }, { "ioctl", ioctl }, { "poll", poll },
        { "mmap", mmap }, { "munmap", munmap }, { "mremap", mremap }, { "statx", statx },
    };
    if (!libc.dlsym)
        find_dlsym();
    for (size_t i = 0; handle != RTLD_NEXT && i < sizeof own / sizeof *own; i++) {
        if (strcmp(name, own[i].name))
            continue;
        /* Only in place of libc's function, not of another library's of the same name. */
        void *found = libc.dlsym(handle, name);
        return found == libc.dlsym(RTLD_NEXT, name) ? own[i].function : found;
    }
    return libc.dlsym(handle, name); /* a tail call, so that RTLD_NEXT means the caller's next */
}
