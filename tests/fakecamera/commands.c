/* The V4L2 commands. */
#include "stream.h"
#include <errno.h>
#include <string.h>

static int capability(const struct stream *s, struct v4l2_capability *c)
{
    static const unsigned kinds[] = {
        V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_META_CAPTURE, V4L2_CAP_VIDEO_OUTPUT, V4L2_CAP_VIDEO_M2M,
    };
    memset(c, 0, sizeof *c);
    strcpy((char *)c->driver, "fakecamera");
    strcpy((char *)c->card, s->setup.card);
    strcpy((char *)c->bus_info, s->setup.bus);
    c->device_caps = kinds[s->setup.kind] | V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
    /* The whole device captures, whatever this node does: only device_caps tells them apart. */
    c->capabilities = c->device_caps | V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static int knows(const struct stream *s, unsigned format)
{
    for (unsigned i = 0; i < s->setup.format_count; i++)
        if (s->setup.formats[i] == format)
            return 1;
    return 0;
}

static int enumerate_format(const struct stream *s, struct v4l2_fmtdesc *d)
{
    if (s->setup.kind != CAPTURE || d->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || d->index >= s->setup.format_count)
        return -EINVAL;
    d->pixelformat = s->setup.formats[d->index];
    d->flags = d->pixelformat == V4L2_PIX_FMT_MJPEG ? V4L2_FMT_FLAG_COMPRESSED : 0;
    memcpy(d->description, &d->pixelformat, 4);
    return 0;
}

static int enumerate_size(const struct stream *s, struct v4l2_frmsizeenum *e)
{
    if (!knows(s, e->pixel_format) || e->index >= s->setup.size_count)
        return -EINVAL;
    e->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    e->discrete.width = s->setup.sizes[e->index].width;
    e->discrete.height = s->setup.sizes[e->index].height;
    return 0;
}

/* The highest rate and a third of it. */
static int enumerate_interval(const struct stream *s, struct v4l2_frmivalenum *e)
{
    if (!knows(s, e->pixel_format) || e->index > 1 || (e->index == 1 && s->setup.fixed))
        return -EINVAL;
    e->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    e->discrete.numerator = e->index ? 3 : 1;
    e->discrete.denominator = s->setup.rate;
    return 0;
}

static int format(struct stream *s, unsigned long command, struct v4l2_format *f)
{
    if (s->setup.kind != CAPTURE || f->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return -EINVAL;
    if (command == VIDIOC_S_FMT) {
        if (s->count || stream_is_foreign(s))
            return -EBUSY;
        stream_set_format(s, f->fmt.pix.pixelformat, f->fmt.pix.width, f->fmt.pix.height);
    }
    int extended = f->fmt.pix.priv == V4L2_PIX_FMT_PRIV_MAGIC;
    memset(&f->fmt, 0, sizeof f->fmt);
    f->fmt.pix.colorspace = s->setup.colour_space;
    if (extended) {
        f->fmt.pix.priv = V4L2_PIX_FMT_PRIV_MAGIC;
        f->fmt.pix.ycbcr_enc = s->setup.encoding;
        f->fmt.pix.quantization = s->setup.quantization;
    }
    f->fmt.pix.width = s->width;
    f->fmt.pix.height = s->height;
    f->fmt.pix.pixelformat = s->format;
    f->fmt.pix.field = V4L2_FIELD_NONE;
    f->fmt.pix.bytesperline = s->format == V4L2_PIX_FMT_YUYV ? s->width * 2 : s->format == V4L2_PIX_FMT_MJPEG ? 0 : s->width;
    f->fmt.pix.sizeimage = s->image_bytes;
    return 0;
}

static int parameters(struct stream *s, unsigned long command, struct v4l2_streamparm *p)
{
    if (p->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
        return -EINVAL;
    struct v4l2_fract wanted = p->parm.capture.timeperframe;
    if (command == VIDIOC_S_PARM && !s->setup.fixed && wanted.numerator) {
        unsigned rate = wanted.denominator / wanted.numerator;
        s->rate = rate && rate < s->setup.rate ? rate : s->setup.rate;
    }
    memset(&p->parm, 0, sizeof p->parm);
    p->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    p->parm.capture.timeperframe = (struct v4l2_fract){ 1, s->rate };
    return 0;
}

static int query_buffer(const struct stream *s, struct v4l2_buffer *b)
{
    if (b->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || b->index >= s->count)
        return -EINVAL;
    stream_describe(s, b);
    return 0;
}

int stream_ioctl(struct stream *s, unsigned long command, void *argument)
{
    command &= 0xffffffff;
    int gone = stream_is_gone(s);
    if (command == VIDIOC_STREAMOFF)
        stream_off(s);
    if (gone)
        return -ENODEV;
    switch (command) {
    case VIDIOC_QUERYCAP: return capability(s, argument);
    case VIDIOC_ENUM_FMT: return enumerate_format(s, argument);
    case VIDIOC_ENUM_FRAMESIZES: return enumerate_size(s, argument);
    case VIDIOC_ENUM_FRAMEINTERVALS: return enumerate_interval(s, argument);
    case VIDIOC_G_FMT: case VIDIOC_S_FMT: return format(s, command, argument);
    case VIDIOC_G_PARM: case VIDIOC_S_PARM: return parameters(s, command, argument);
    case VIDIOC_REQBUFS: return stream_request(s, argument);
    case VIDIOC_QUERYBUF: return query_buffer(s, argument);
    case VIDIOC_QBUF: return stream_queue(s, argument);
    case VIDIOC_DQBUF: return stream_dequeue(s, argument);
    case VIDIOC_QUERY_EXT_CTRL: return control_query(s, argument);
    case VIDIOC_QUERYMENU: return control_menu(s, argument);
    case VIDIOC_G_EXT_CTRLS: case VIDIOC_S_EXT_CTRLS: return control_exchange(s, command, argument);
    case VIDIOC_G_CTRL: case VIDIOC_S_CTRL: return control_plain(s, command, argument);
    case VIDIOC_STREAMON: controls_at_stream_on(s); return stream_on(s);
    case VIDIOC_STREAMOFF: return 0;
    default: return -ENOTTY;
    }
}
