/* One open of a fake camera. Its descriptor is a timer that ticks once a frame; there is no thread: ticks are made good
 * whenever the program polls or asks for a frame. */
#define _GNU_SOURCE
#include "fakecamera.h"
#include "stream.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MAPPINGS 256

/* Who may stream from each node: as in the kernel, whoever asked for buffers first, until it gives them up. */
static struct stream *owners[NODES];
static struct { void *address; struct stream *stream; } mappings[MAPPINGS];
/* Opens of an unplugged camera that are still held, per node. */
static unsigned ghosts[NODES];

int node_is_haunted(unsigned number) { return ghosts[number] > 0; }

int stream_open(unsigned number, struct stream **stream)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (s->timer < 0) {
        free(s);
        return -errno;
    }
    s->number = number;
    s->memory = -1;
    node_setup(number, &s->setup);
    s->picture_count = node_pictures(number, &s->pictures);
    s->rate = s->setup.rate;
    stream_set_format(s, s->setup.formats[0], s->setup.sizes[0].width, s->setup.sizes[0].height);
    *stream = s;
    return s->timer;
}

/* As in the kernel, a mapping keeps an open alive, and with it the right to stream. */
static void free_if_unused(struct stream *s)
{
    if (!s->is_closed || s->mapped)
        return;
    if (owners[s->number] == s)
        owners[s->number] = NULL;
    ghosts[s->number] -= s->is_gone ? 1 : 0;
    for (unsigned i = 0; i < s->picture_count; i++)
        free(s->pictures[i].bytes);
    free(s->pictures);
    free(s);
}

static void drop_buffers(struct stream *s)
{
    if (s->base)
        libc.munmap(s->base, s->slot_bytes * s->count);
    if (s->memory >= 0)
        libc.close(s->memory);
    s->base = NULL;
    s->memory = -1;
    s->count = s->queued = s->done = 0;
}

void stream_close(struct stream *s)
{
    stream_off(s);
    drop_buffers(s);
    s->is_closed = 1;
    free_if_unused(s);
}

int stream_is_foreign(const struct stream *s) { return owners[s->number] && owners[s->number] != s; }

int stream_is_gone(struct stream *s)
{
    if (!s->is_gone && node_fault(s->number) == UNPLUG) {
        s->is_gone = 1;
        ghosts[s->number]++;
        controls_reset(s->number);
        if (owners[s->number] == s)
            owners[s->number] = NULL;
    }
    return s->is_gone;
}

int stream_request(struct stream *s, struct v4l2_requestbuffers *r)
{
    if (r->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || r->memory != V4L2_MEMORY_MMAP)
        return -EINVAL;
    if (s->is_streaming || stream_is_foreign(s))
        return -EBUSY;
    drop_buffers(s);
    owners[s->number] = r->count ? s : NULL;
    if (!r->count)
        return 0;
    s->count = r->count > BUFFERS ? BUFFERS : r->count;
    s->slot_bytes = (s->image_bytes + 4095) & ~(size_t)4095;
    s->memory = memfd_create("fakecamera", MFD_CLOEXEC);
    size_t bytes = s->slot_bytes * s->count;
    if (s->memory < 0 || ftruncate(s->memory, (off_t)bytes))
        return -ENOMEM;
    s->base = libc.mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->memory, 0);
    if (s->base == MAP_FAILED)
        return -ENOMEM;
    memset(s->buffers, 0, sizeof s->buffers);
    r->count = s->count;
    return 0;
}

void *stream_map(struct stream *s, size_t length, int protection, off_t offset)
{
    for (int i = 0; i < MAPPINGS; i++) {
        if (mappings[i].address)
            continue;
        void *address = libc.mmap(NULL, length, protection, MAP_SHARED, s->memory, offset);
        if (address == MAP_FAILED)
            return address;
        mappings[i].address = address;
        mappings[i].stream = s;
        s->mapped++;
        return address;
    }
    errno = ENOMEM;
    return MAP_FAILED;
}

int stream_forget(void *address)
{
    for (int i = 0; i < MAPPINGS; i++) {
        if (mappings[i].address != address)
            continue;
        struct stream *s = mappings[i].stream;
        mappings[i].address = NULL;
        s->mapped--;
        free_if_unused(s);
        return 1;
    }
    return 0;
}

int stream_on(struct stream *s)
{
    enum fault fault = node_fault(s->number);
    if (!s->count)
        return -EINVAL;
    if (fault == BUSY)
        return -EBUSY;
    if (fault == NO_SPACE)
        return -ENOSPC;
    long interval = 1000000000L / (s->rate ? s->rate : 1);
    struct timespec every = { interval / 1000000000L, interval % 1000000000L };
    struct itimerspec when = { every, every };
    s->sequence = 0;
    s->is_streaming = 1;
    return timerfd_settime(s->timer, 0, &when, NULL) ? -errno : 0;
}

void stream_off(struct stream *s)
{
    struct itimerspec never = { { 0, 0 }, { 0, 0 } };
    timerfd_settime(s->timer, 0, &never, NULL);
    s->is_streaming = 0;
    s->queued = s->done = 0;
    for (unsigned i = 0; i < s->count; i++)
        s->buffers[i].state = FREE;
}

/* Makes good the frames that were due since the last call. A frame without a buffer is lost, and the sequence shows it. */
static void catch_up(struct stream *s)
{
    unsigned long long ticks = 0;
    if (!s->is_streaming || read(s->timer, &ticks, sizeof ticks) != (ssize_t)sizeof ticks)
        return;
    enum fault fault = node_fault(s->number);
    for (; ticks; ticks--) {
        if (fault != STALL && s->queued) {
            unsigned index = s->queue[0];
            memmove(s->queue, s->queue + 1, --s->queued * sizeof *s->queue);
            stream_fill(s, index, fault);
            s->finished[s->done++] = index;
        }
        s->sequence += fault == GAP ? 3 : 1;
    }
}

int stream_hangs(const struct stream *s)
{
    return node_fault(s->number) == HANG;
}

short stream_events(struct stream *s)
{
    if (stream_is_gone(s))
        return POLLERR | POLLHUP;
    if (!s->is_streaming)
        return POLLERR;
    catch_up(s);
    return s->done || node_fault(s->number) == IO_ERROR ? POLLIN : 0;
}

int stream_queue(struct stream *s, const struct v4l2_buffer *b)
{
    if (b->index >= s->count || b->memory != V4L2_MEMORY_MMAP || stream_is_foreign(s)) {
        node_violation(s->number, "a buffer was queued that is not this open's");
        return -EINVAL;
    }
    if (s->buffers[b->index].state != FREE) {
        node_violation(s->number, "a buffer was queued twice");
        return -EINVAL;
    }
    s->buffers[b->index].state = TAKEN;
    s->queue[s->queued++] = b->index;
    return 0;
}

int stream_dequeue(struct stream *s, struct v4l2_buffer *b)
{
    if (b->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || b->memory != V4L2_MEMORY_MMAP || !s->is_streaming)
        return -EINVAL;
    if (node_fault(s->number) == IO_ERROR)
        return -EIO;
    catch_up(s);
    if (!s->done)
        return -EAGAIN;
    b->index = s->finished[0];
    memmove(s->finished, s->finished + 1, --s->done * sizeof *s->finished);
    s->buffers[b->index].state = FREE;
    stream_describe(s, b);
    return 0;
}
