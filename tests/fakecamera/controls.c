/* The controls of a fake camera: those of a usual USB camera. They keep their values as long as the camera is plugged in. */
#include "stream.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BRIGHTNESS, BALANCE_AUTO, GAIN, FREQUENCY, BALANCE, EXPOSURE_AUTO, EXPOSURE, DYNAMIC, PAN_RESET, PRIVACY, LINK, COUNT };

struct control {
    unsigned id, type;
    const char *name, *old_name; /* since, and before, the kernel's names follow V4L2's */
    int minimum, maximum, step, preset;
    unsigned flags;
    const char *const *items;    /* NULL for the holes of a menu */
};

static const char *const frequencies[] = { "Disabled", "50 Hz", "60 Hz" };
static const char *const exposures[] = { NULL, "Manual Mode", NULL, "Aperture Priority Mode" };
static const long long links[] = { 222000000, 444000000 };

static const struct control controls[COUNT] = {
    { V4L2_CID_BRIGHTNESS, V4L2_CTRL_TYPE_INTEGER, "Brightness", NULL, -64, 64, 1, 0, 0, NULL },
    { V4L2_CID_AUTO_WHITE_BALANCE, V4L2_CTRL_TYPE_BOOLEAN, "White Balance, Automatic", "White Balance Temperature, Auto", 0, 1, 1, 1, V4L2_CTRL_FLAG_UPDATE, NULL },
    { V4L2_CID_GAIN, V4L2_CTRL_TYPE_INTEGER, "Gain", NULL, 0, 100, 10, 20, 0, NULL },
    { V4L2_CID_POWER_LINE_FREQUENCY, V4L2_CTRL_TYPE_MENU, "Power Line Frequency", NULL, 0, 2, 1, 2, 0, frequencies },
    { V4L2_CID_WHITE_BALANCE_TEMPERATURE, V4L2_CTRL_TYPE_INTEGER, "White Balance Temperature", NULL, 2800, 6500, 10, 4600, 0, NULL },
    { V4L2_CID_EXPOSURE_AUTO, V4L2_CTRL_TYPE_MENU, "Auto Exposure", "Exposure, Auto", 0, 3, 1, 3, V4L2_CTRL_FLAG_UPDATE, exposures },
    { V4L2_CID_EXPOSURE_ABSOLUTE, V4L2_CTRL_TYPE_INTEGER, "Exposure Time, Absolute", "Exposure (Absolute)", 3, 2047, 1, 250, 0, NULL },
    { V4L2_CID_EXPOSURE_AUTO_PRIORITY, V4L2_CTRL_TYPE_BOOLEAN, "Exposure, Dynamic Framerate", "Exposure, Auto Priority", 0, 1, 1, 0, 0, NULL },
    { V4L2_CID_PAN_RESET, V4L2_CTRL_TYPE_BUTTON, "Pan, Reset", NULL, 0, 0, 0, 0, V4L2_CTRL_FLAG_WRITE_ONLY, NULL },
    { V4L2_CID_PRIVACY, V4L2_CTRL_TYPE_BOOLEAN, "Privacy", NULL, 0, 1, 1, 0, V4L2_CTRL_FLAG_READ_ONLY, NULL },
    { V4L2_CID_LINK_FREQ, V4L2_CTRL_TYPE_INTEGER_MENU, "Link Frequency", NULL, 0, 1, 1, 1, V4L2_CTRL_FLAG_READ_ONLY, NULL },
};

static const struct { unsigned id; const char *name; } classes[] = {
    { V4L2_CID_USER_CLASS, "User Controls" }, { V4L2_CID_CAMERA_CLASS, "Camera Controls" }, { V4L2_CID_IMAGE_PROC_CLASS, "Image Processing Controls" },
};

static int values[NODES][COUNT];
static int is_known[NODES];

void controls_reset(unsigned number) { is_known[number] = 0; }

static int *values_of(const struct stream *s)
{
    for (int i = 0; i < COUNT && !is_known[s->number]; i++)
        values[s->number][i] = controls[i].preset;
    is_known[s->number] = 1;
    return values[s->number];
}

static int find(unsigned id)
{
    for (int i = 0; i < COUNT; i++)
        if (controls[i].id == id)
            return i;
    return -1;
}

static unsigned flags_of(const struct stream *s, int i)
{
    const int *now = values_of(s);
    int is_inactive = (i == EXPOSURE && now[EXPOSURE_AUTO] != V4L2_EXPOSURE_MANUAL) || (i == BALANCE && now[BALANCE_AUTO]);
    return controls[i].flags | (is_inactive ? V4L2_CTRL_FLAG_INACTIVE : 0) | (node_fault(s->number) == CONTROL_BUSY ? V4L2_CTRL_FLAG_GRABBED : 0);
}

static const char *name_of(const struct stream *s, int i)
{
    return s->setup.old_names && controls[i].old_name ? controls[i].old_name : controls[i].name;
}

/* The control, or the title of a class, with the smallest id above the one given. */
static int next(const struct stream *s, struct v4l2_query_ext_ctrl *q, unsigned above)
{
    unsigned best = ~0u;
    for (int i = 0; i < COUNT; i++)
        if (controls[i].id > above && controls[i].id < best)
            best = controls[i].id;
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++)
        if (classes[i].id > above && classes[i].id < best)
            best = classes[i].id;
    if (best == ~0u)
        return -EINVAL;
    q->id = best;
    return control_query(s, q);
}

int control_query(const struct stream *s, struct v4l2_query_ext_ctrl *q)
{
    if (s->setup.no_controls)
        return -ENOTTY;
    if (q->id & V4L2_CTRL_FLAG_NEXT_CTRL)
        return next(s, q, q->id & ~(unsigned)V4L2_CTRL_FLAG_NEXT_CTRL);
    unsigned id = q->id;
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (classes[i].id != id)
            continue;
        *q = (struct v4l2_query_ext_ctrl){ .id = id, .type = V4L2_CTRL_TYPE_CTRL_CLASS, .flags = V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_WRITE_ONLY };
        snprintf(q->name, sizeof q->name, "%s", classes[i].name);
        return 0;
    }
    int i = find(id);
    if (i < 0)
        return -EINVAL;
    const struct control *c = &controls[i];
    *q = (struct v4l2_query_ext_ctrl){
        .id = id, .type = c->type, .minimum = c->minimum, .maximum = c->maximum, .step = (unsigned)c->step, .default_value = c->preset,
        .flags = flags_of(s, i), .elem_size = 4, .elems = 1,
    };
    snprintf(q->name, sizeof q->name, "%s", name_of(s, i));
    return 0;
}

int control_menu(const struct stream *s, struct v4l2_querymenu *m)
{
    int i = s->setup.no_controls ? -1 : find(m->id);
    if (i < 0 || m->index > (unsigned)controls[i].maximum)
        return -EINVAL;
    if (controls[i].type == V4L2_CTRL_TYPE_INTEGER_MENU)
        m->value = links[m->index];
    else if (controls[i].items && controls[i].items[m->index])
        snprintf((char *)m->name, sizeof m->name, "%s", controls[i].items[m->index]);
    else
        return -EINVAL;
    return 0;
}

static int get(const struct stream *s, unsigned id, int *value)
{
    int i = find(id);
    if (i < 0)
        return -EINVAL;
    if (controls[i].flags & V4L2_CTRL_FLAG_WRITE_ONLY)
        return -EACCES;
    *value = values_of(s)[i];
    return 0;
}

static int set(struct stream *s, unsigned id, int *value)
{
    int i = find(id);
    if (i < 0)
        return -EINVAL;
    const struct control *c = &controls[i];
    unsigned flags = flags_of(s, i);
    /* As newer kernels do with what an automatic mode governs. */
    if (flags & (V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_INACTIVE))
        return -EACCES;
    if (flags & V4L2_CTRL_FLAG_GRABBED)
        return -EBUSY;
    if (node_fault(s->number) == CONTROL_IO_ERROR)
        return -EIO;
    int wanted = *value;
    if (c->items && (wanted < 0 || wanted > c->maximum || !c->items[wanted]))
        return wanted < 0 || wanted > c->maximum ? -ERANGE : -EINVAL;
    if (c->type == V4L2_CTRL_TYPE_INTEGER) {
        wanted += c->step / 2;
        wanted = wanted < c->minimum ? c->minimum : wanted > c->maximum ? c->maximum : wanted;
        wanted = c->minimum + (wanted - c->minimum) / c->step * c->step;
    }
    *value = values_of(s)[i] = wanted;
    node_applied(s->number, name_of(s, i), wanted);
    return 0;
}

int control_exchange(struct stream *s, unsigned long command, struct v4l2_ext_controls *list)
{
    if (s->setup.no_controls || s->setup.plain_controls)
        return -ENOTTY;
    for (unsigned k = 0; k < list->count; k++) {
        struct v4l2_ext_control *c = &list->controls[k];
        int value = c->value;
        int error = list->which && list->which != V4L2_CTRL_ID2CLASS(c->id) ? -EINVAL
            : command == VIDIOC_S_EXT_CTRLS ? set(s, c->id, &value) : get(s, c->id, &value);
        if (error) {
            list->error_idx = k;
            return error;
        }
        c->value = value;
    }
    return 0;
}

int control_plain(struct stream *s, unsigned long command, struct v4l2_control *c)
{
    if (s->setup.no_controls)
        return -ENOTTY;
    return command == VIDIOC_S_CTRL ? set(s, c->id, &c->value) : get(s, c->id, &c->value);
}

void controls_at_stream_on(const struct stream *s)
{
    if (s->setup.forgets)
        values_of(s)[GAIN] = controls[GAIN].preset;
}
