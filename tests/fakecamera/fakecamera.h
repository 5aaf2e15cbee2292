/* A V4L2 camera inside one process: see README.md. */
#ifndef FAKECAMERA_H
#define FAKECAMERA_H

#include <poll.h>
#include <sys/types.h>

#define NODES 64

/* interpose.c: the C library's own functions, past this library. */
struct libc {
    int (*open)(const char *, int, ...);
    int (*close)(int);
    int (*ioctl)(int, unsigned long, ...);
    int (*poll)(struct pollfd *, nfds_t, int);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*munmap)(void *, size_t);
    void *(*mremap)(void *, size_t, size_t, int, ...);
    int (*statx)(int, const char *, int, unsigned, void *);
    ssize_t (*readlink)(const char *, char *, size_t);
    void *(*dlsym)(void *, const char *);
};
extern struct libc libc;

/* setup.c: what the folder of a node says. */
enum fault { OK, STALL, UNPLUG, CORRUPT, TRUNCATE, EMPTY, GAP, IO_ERROR, BUSY, NO_SPACE, DENIED, CONTROL_BUSY, CONTROL_IO_ERROR, HANG };
enum kind { CAPTURE, METADATA, OUTPUT, CODEC };

struct size { unsigned width, height; };

struct setup {
    enum kind kind;
    char card[32], bus[32];
    unsigned formats[8], format_count;
    struct size sizes[16];
    unsigned size_count;
    unsigned rate;      /* the highest, frames a second */
    unsigned fixed;     /* 1: the rate cannot be changed */
    unsigned colour_space, encoding, quantization;   /* as the driver answers; 0 where it says nothing */
    unsigned no_controls, plain_controls, old_names, forgets;
};

struct picture { unsigned char *bytes; size_t length; };

int node_exists(unsigned number);
enum fault node_fault(unsigned number);
void node_violation(unsigned number, const char *what);
/* Writes down a control that was set. */
void node_applied(unsigned number, const char *name, int value);
void node_setup(unsigned number, struct setup *setup);
/* Reads the folder's *.jpg in the order of their names; returns how many. */
unsigned node_pictures(unsigned number, struct picture **pictures);

/* camera.c: one open of a node. Results are >= 0 or -errno. */
struct stream;
int stream_open(unsigned number, struct stream **stream);
void stream_close(struct stream *s);
int stream_ioctl(struct stream *s, unsigned long command, void *argument);
/* Whether its calls do not come back now. */
int stream_hangs(const struct stream *s);
/* The events that poll would see now. */
short stream_events(struct stream *s);
void *stream_map(struct stream *s, size_t length, int protection, off_t offset);
/* Whether the address is a stream's mapping, which is then forgotten: it is about to be unmapped or replaced. */
int stream_forget(void *address);
/* Whether an open from before the node was unplugged is still held: its number is then not free. */
int node_is_haunted(unsigned number);

#endif
