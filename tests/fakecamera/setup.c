/* The folder that stands for a node: $FAKECAMERA/videoN. */
#define _GNU_SOURCE
#include "fakecamera.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void path_of(unsigned number, const char *file, char *path)
{
    snprintf(path, PATH_MAX, "%s/video%u/%s", getenv("FAKECAMERA"), number, file);
}

/* Reads a file as text, without stdio, whose own calls of open would come back here. */
static ssize_t read_text(unsigned number, const char *file, char *text, size_t size)
{
    char path[PATH_MAX];
    path_of(number, file, path);
    int fd = libc.open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, text, size - 1);
    libc.close(fd);
    text[n < 0 ? 0 : n] = 0;
    return n;
}

int node_exists(unsigned number)
{
    char path[PATH_MAX];
    struct stat st;
    path_of(number, "", path);
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && node_fault(number) != UNPLUG;
}

enum fault node_fault(unsigned number)
{
    static const char *const words[] = {
        "ok", "stall", "unplug", "corrupt", "truncate", "empty", "gap", "eio", "busy", "nospc", "denied", "control-busy", "control-eio", "hang",
    };
    char word[32];
    if (read_text(number, "control", word, sizeof word) <= 0)
        return OK;
    word[strcspn(word, " \r\n")] = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(word, words[i]))
            return (enum fault)i;
    return OK;
}

void node_violation(unsigned number, const char *what)
{
    char path[PATH_MAX];
    path_of(number, "violations", path);
    int fd = libc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    dprintf(fd, "%s\n", what);
    libc.close(fd);
}

void node_applied(unsigned number, const char *name, int value)
{
    char path[PATH_MAX];
    path_of(number, "applied", path);
    int fd = libc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    dprintf(fd, "%s = %d\n", name, value);
    libc.close(fd);
}

static void set(struct setup *setup, const char *key, char *value)
{
    char *rest = NULL;
    if (!strcmp(key, "kind")) {
        setup->kind = !strcmp(value, "metadata") ? METADATA : !strcmp(value, "output") ? OUTPUT : !strcmp(value, "codec") ? CODEC : CAPTURE;
    } else if (!strcmp(key, "card")) {
        snprintf(setup->card, sizeof setup->card, "%s", value);
    } else if (!strcmp(key, "bus")) {
        snprintf(setup->bus, sizeof setup->bus, "%s", value);
    } else if (!strcmp(key, "rate")) {
        setup->rate = (unsigned)atoi(value);
    } else if (!strcmp(key, "fixed")) {
        setup->fixed = (unsigned)atoi(value);
    } else if (!strcmp(key, "colour")) {
        sscanf(value, "%u %u %u", &setup->colour_space, &setup->encoding, &setup->quantization);
    } else if (!strcmp(key, "controls")) {
        setup->no_controls = !strcmp(value, "none");
        setup->plain_controls = !strcmp(value, "plain");
        setup->old_names = !strcmp(value, "old");
        setup->forgets = !strcmp(value, "forget");
    } else if (!strcmp(key, "formats")) {
        setup->format_count = 0;
        for (char *w = strtok_r(value, " ", &rest); w && setup->format_count < 8; w = strtok_r(NULL, " ", &rest))
            if (strlen(w) == 4)
                setup->formats[setup->format_count++] = v4l2_fourcc(w[0], w[1], w[2], w[3]);
    } else if (!strcmp(key, "sizes")) {
        setup->size_count = 0;
        for (char *w = strtok_r(value, " ", &rest); w && setup->size_count < 16; w = strtok_r(NULL, " ", &rest)) {
            struct size *s = &setup->sizes[setup->size_count];
            if (sscanf(w, "%ux%u", &s->width, &s->height) == 2)
                setup->size_count++;
        }
    }
}

void node_setup(unsigned number, struct setup *setup)
{
    char text[2048], *rest = NULL;
    *setup = (struct setup){
        .card = "Fake camera", .formats = { V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV }, .format_count = 2,
        .sizes = { { 640, 480 }, { 320, 240 } }, .size_count = 2, .rate = 15,
    };
    snprintf(setup->bus, sizeof setup->bus, "usb-fake-%u", number);
    if (read_text(number, "setup", text, sizeof text) <= 0)
        return;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *value = strchr(line, ' ');
        if (!value)
            continue;
        *value++ = 0;
        set(setup, line, value);
    }
}

static int is_jpeg(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 4 && !strcmp(entry->d_name + n - 4, ".jpg");
}

unsigned node_pictures(unsigned number, struct picture **pictures)
{
    char path[PATH_MAX];
    struct dirent **names;
    path_of(number, "", path);
    int count = scandir(path, &names, is_jpeg, alphasort);
    if (count <= 0) {
        *pictures = NULL;
        return 0;
    }
    *pictures = calloc((size_t)count, sizeof **pictures);
    for (int i = 0; i < count; i++) {
        struct stat st;
        path_of(number, names[i]->d_name, path);
        int fd = libc.open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && !fstat(fd, &st) && ((*pictures)[i].bytes = malloc((size_t)st.st_size + 1))) {
            ssize_t n = read(fd, (*pictures)[i].bytes, (size_t)st.st_size);
            (*pictures)[i].length = n < 0 ? 0 : (size_t)n;
        }
        if (fd >= 0)
            libc.close(fd);
        free(names[i]);
    }
    free(names);
    return (unsigned)count;
}
