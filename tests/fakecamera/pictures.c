/* What is in the frames. */
#include "stream.h"
#include <string.h>
#include <time.h>

void stream_set_format(struct stream *s, unsigned format, unsigned width, unsigned height)
{
    unsigned best = 0, known = 0;
    for (unsigned i = 0; i < s->setup.format_count; i++)
        known |= s->setup.formats[i] == format;
    for (unsigned i = 0; i < s->setup.size_count; i++)
        if (s->setup.sizes[i].width == width && s->setup.sizes[i].height == height)
            best = i;
    s->format = known ? format : s->setup.formats[0];
    s->width = s->setup.sizes[best].width;
    s->height = s->setup.sizes[best].height;
    unsigned pixels = s->width * s->height;
    s->image_bytes = s->format == V4L2_PIX_FMT_NV12 ? pixels * 3 / 2 : s->format == V4L2_PIX_FMT_GREY ? pixels : pixels * 2;
    for (unsigned i = 0; s->format == V4L2_PIX_FMT_MJPEG && i < s->picture_count; i++)
        if (s->pictures[i].length > s->image_bytes)
            s->image_bytes = (unsigned)s->pictures[i].length;
}

/* Without pictures in the folder: something with a JPEG's first and last bytes, which no decoder reads. */
static unsigned hollow_jpeg(unsigned char *to, unsigned sequence)
{
    enum { LENGTH = 1024 };
    memset(to, (int)(sequence & 0x7f), LENGTH);
    memcpy(to, "\xff\xd8\xff\xe0", 4);
    memcpy(to + LENGTH - 2, "\xff\xd9", 2);
    return LENGTH;
}

/* A ramp that moves with the sequence, grey where there is colour. */
static unsigned ramp(const struct stream *s, unsigned char *to)
{
    unsigned pixels = s->width * s->height, step = s->format == V4L2_PIX_FMT_YUYV ? 2 : 1;
    memset(to, 128, s->image_bytes);
    for (unsigned i = 0; i < pixels; i++)
        to[i * step] = (unsigned char)(16 + (i % s->width + s->sequence) % 220);
    return s->image_bytes;
}

void stream_fill(struct stream *s, unsigned index, enum fault fault)
{
    unsigned char *to = s->base + s->slot_bytes * index;
    struct buffer *b = &s->buffers[index];
    struct timespec now;
    if (s->format != V4L2_PIX_FMT_MJPEG) {
        b->used = ramp(s, to);
    } else if (s->picture_count) {
        const struct picture *p = &s->pictures[s->sequence % s->picture_count];
        memcpy(to, p->bytes, p->length);
        b->used = (unsigned)p->length;
    } else {
        b->used = hollow_jpeg(to, s->sequence);
    }
    if (fault == TRUNCATE)
        b->used /= 2;
    if (fault == EMPTY)
        b->used = 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    b->flags = fault == CORRUPT ? V4L2_BUF_FLAG_ERROR : 0;
    b->sequence = s->sequence;
    b->at = (struct timeval){ now.tv_sec, now.tv_nsec / 1000 };
}

void stream_describe(const struct stream *s, struct v4l2_buffer *b)
{
    const struct buffer *from = &s->buffers[b->index];
    b->bytesused = from->used;
    b->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_MAPPED | from->flags;
    b->field = V4L2_FIELD_NONE;
    b->timestamp = from->at;
    b->sequence = from->sequence;
    b->m.offset = (unsigned)(s->slot_bytes * b->index);
    b->length = s->image_bytes;
}
