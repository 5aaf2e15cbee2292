// Another wall clock for one program, without the right to set the machine's: LD_PRELOAD with EDGEINFER_CLOCK=FILE, 16 bytes that a
// test changes while the program runs: seconds to add (int64), and whether the kernel calls the clock synchronised (int32: 1 yes, 0 no).
// The monotonic clocks are left alone, as a step of the real clock leaves them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct control {
    volatile int64_t seconds;
    volatile int32_t is_synced;
    int32_t unused;
};

static struct control none;
static struct control *control = &none;

__attribute__((constructor)) static void open_control(void)
{
    const char *path = getenv("EDGEINFER_CLOCK");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct control), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) control = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (syscall(SYS_clock_gettime, clock, now) != 0) return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += control->seconds;
    return 0;
}

int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int adjtimex(struct timex *state)
{
    if (state->modes != 0) {
        errno = EPERM;
        return -1;
    }
    memset(state, 0, sizeof *state);
    state->status = control->is_synced ? STA_PLL : STA_UNSYNC;
    return control->is_synced ? TIME_OK : TIME_ERROR;
}
