/* Shared by camera.c, commands.c and pictures.c: the state of one open. */
#ifndef STREAM_H
#define STREAM_H

#include "fakecamera.h"
#include <linux/videodev2.h>

#define BUFFERS 8

enum state { FREE, TAKEN };

struct buffer { enum state state; unsigned used, sequence, flags; struct timeval at; };

struct stream {
    unsigned number;
    struct setup setup;
    struct picture *pictures;
    unsigned picture_count;
    int timer, memory;
    unsigned format, width, height, image_bytes, rate;
    unsigned char *base;
    size_t slot_bytes;
    struct buffer buffers[BUFFERS];
    unsigned count, queue[BUFFERS], queued, finished[BUFFERS], done;
    unsigned sequence, mapped;
    int is_streaming, is_closed, is_gone;
};

/* camera.c */
int stream_is_foreign(const struct stream *s);
int stream_is_gone(struct stream *s);
int stream_request(struct stream *s, struct v4l2_requestbuffers *r);
int stream_on(struct stream *s);
void stream_off(struct stream *s);
int stream_queue(struct stream *s, const struct v4l2_buffer *b);
int stream_dequeue(struct stream *s, struct v4l2_buffer *b);

/* controls.c */
void controls_reset(unsigned number);
void controls_at_stream_on(const struct stream *s);
int control_query(const struct stream *s, struct v4l2_query_ext_ctrl *q);
int control_menu(const struct stream *s, struct v4l2_querymenu *m);
int control_exchange(struct stream *s, unsigned long command, struct v4l2_ext_controls *list);
int control_plain(struct stream *s, unsigned long command, struct v4l2_control *c);

/* pictures.c */
void stream_set_format(struct stream *s, unsigned format, unsigned width, unsigned height);
void stream_fill(struct stream *s, unsigned index, enum fault fault);
void stream_describe(const struct stream *s, struct v4l2_buffer *b);

#endif
