/* Storage that fails on command: preloaded into the agent, it stands before the C library's calls that change files.
 *
 *   cc -O2 -fPIC -shared -o libfaults.so faults.c -ldl -lpthread
 *   LD_PRELOAD=./libfaults.so FAULTS_CONTROL=control FAULTS_TREES=/state:/run [FAULTS_LOG=calls] edgeinfer run …
 *
 * FAULTS_CONTROL is a file of `struct control` that the test maps too, so that a fault begins and ends while the agent runs.
 * Calls count where their path lies in one of FAULTS_TREES. FAULTS_LOG gets one line per such call: number, kind, thread, path.
 * strace can inject the same, but counts each thread for itself and cannot be told to stop.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
    KIND_OPEN = 1,         /* for writing, or that creates */
    KIND_WRITE = 2,
    KIND_FILE_SYNC = 4,    /* fsync, fdatasync of a file */
    KIND_FOLDER_SYNC = 8,  /* fsync of a folder */
    KIND_RESIZE = 16,      /* ftruncate, fallocate */
    KIND_RENAME = 32,
    KIND_MAP = 64,         /* mmap of a file, shared */
    KIND_UNLINK = 128,
    KIND_MAKE_FOLDER = 256,
    KIND_READ = 512,
    KIND_MODE = 1024,      /* chmod, fchmod */
    KIND_OPEN_READ = 2048, /* for reading alone, folders too; neither logged nor numbered, as reads */
};

enum action {
    ACT_NONE = 0,
    ACT_KILL_BEFORE = 1,
    ACT_KILL_AFTER = 2,
    ACT_PRETEND = 3,     /* says that it was done and does nothing */
    ACT_FAIL = 4,        /* with control.error */
    ACT_HALF = 5,        /* a write that takes only half; other kinds as usual */
    ACT_TEAR = 6,        /* writes half, then SIGKILL */
};

struct control {
    atomic_int armed;    /* the test sets all else first */
    int32_t action;
    int32_t kinds;       /* or-ed */
    int32_t from, to;    /* numbers of matching calls since the arming, from 1 */
    int32_t error;
    atomic_int seen;     /* matching calls since the arming */
    atomic_int done;     /* faults given */
    char part[224];      /* only paths that contain this, or with a $ behind it end with this; empty for all */
};

static struct control *s_control;
static int s_log = -1;
static atomic_int s_number;
static char s_trees[8][512];
static int s_tree_count;

__attribute__((constructor)) static void begin(void)
{
    const char *control = getenv("FAULTS_CONTROL"), *trees = getenv("FAULTS_TREES"), *log = getenv("FAULTS_LOG");
    if (!control || !trees) return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    struct control *mapped = (void *)syscall(SYS_mmap, NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if ((intptr_t)mapped < 0 && (intptr_t)mapped > -4096) return;
    while (*trees && s_tree_count < 8) {
        size_t length = strcspn(trees, ":");
        snprintf(s_trees[s_tree_count++], sizeof s_trees[0], "%.*s", (int)length, trees);
        trees += length + (trees[length] == ':');
    }
    if (log) s_log = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    s_control = mapped;
}

static int is_ours(const char *path)
{
    for (int i = 0; i < s_tree_count; i++) {
        size_t length = strlen(s_trees[i]);
        if (strncmp(path, s_trees[i], length) == 0 && (path[length] == '/' || path[length] == 0)) return 1;
    }
    return 0;
}

static const char *name_of(enum kind kind)
{
    switch (kind) {
        case KIND_OPEN: return "open";
        case KIND_WRITE: return "write";
        case KIND_FILE_SYNC: return "sync";
        case KIND_FOLDER_SYNC: return "sync-folder";
        case KIND_RESIZE: return "resize";
        case KIND_RENAME: return "rename";
        case KIND_MAP: return "map";
        case KIND_UNLINK: return "unlink";
        case KIND_MAKE_FOLDER: return "mkdir";
        case KIND_READ: return "read";
        case KIND_MODE: return "mode";
        case KIND_OPEN_READ: return "open-read";
    }
    return "?";
}

static void die(void)
{
    syscall(SYS_kill, (int)syscall(SYS_getpid), SIGKILL);
    for (;;) syscall(SYS_pause);
}

/* Whether a path has the control's part. */
static int has_part(const char *path)
{
    const char *part = s_control->part;
    size_t length = strlen(part), all = strlen(path);
    if (length == 0 || part[length - 1] != '$') return strstr(path, part) != NULL;
    length--;
    return all >= length && memcmp(path + all - length, part, length) == 0;
}

/* What is to happen to this call. Reads are not logged: there are many and they change nothing. */
static enum action judge(enum kind kind, const char *path)
{
    if (!s_control || !is_ours(path)) return ACT_NONE;
    int changes = !(kind & (KIND_READ | KIND_OPEN_READ));
    int number = atomic_fetch_add(&s_number, changes) + 1;
    if (s_log >= 0 && changes) {
        char line[1200];
        int length = snprintf(line, sizeof line, "%d %s %d %s\n", number, name_of(kind), (int)syscall(SYS_gettid), path);
        syscall(SYS_write, s_log, line, length);
    }
    if (!atomic_load(&s_control->armed) || !(s_control->kinds & kind)) return ACT_NONE;
    if (!has_part(path)) return ACT_NONE;
    int seen = atomic_fetch_add(&s_control->seen, 1) + 1;
    if (seen < s_control->from || seen > s_control->to) return ACT_NONE;
    atomic_fetch_add(&s_control->done, 1);
    if (s_control->action == ACT_KILL_BEFORE) die();
    return (enum action)s_control->action;
}

static enum action judge_file(enum kind kind, int file)
{
    char link[32], path[1024];
    if (!s_control) return ACT_NONE;
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length <= 0 || path[0] != '/') return ACT_NONE;
    path[length] = 0;
    return judge(kind, path);
}

/* Folder and name to one absolute path; only what the rules above need. */
static enum action judge_name(enum kind kind, int folder, const char *name)
{
    char path[1024], link[32];
    if (!s_control || !name) return ACT_NONE;
    if (name[0] == '/') return judge(kind, name);
    int kept = errno;
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (length <= 0) return ACT_NONE;
    snprintf(path + length, sizeof path - (size_t)length, "/%s", name);
    return judge(kind, path);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAILS() (errno = s_control->error, -1)

/* The usual end of a call that is done at once or not at all. */
#define PLAIN(act, pretended, call) \
    switch (act) { \
        case ACT_FAIL: return FAILS(); \
        case ACT_PRETEND: return pretended; \
        case ACT_KILL_AFTER: (void)(call); die(); /* fall through */ \
        default: return call; \
    }

static enum kind kind_of(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) ? KIND_OPEN : KIND_OPEN_READ; }

#define OPEN_BODY(judged, call) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
    enum action act = (judged); \
    if (act == ACT_FAIL) return FAILS(); \
    int file = call; \
    if (act == ACT_KILL_AFTER) die(); \
    return file

int open(const char *name, int flags, ...) { REAL(open); OPEN_BODY(judge_name(kind_of(flags), AT_FDCWD, name), real(name, flags, mode)); }
int open64(const char *name, int flags, ...) { REAL(open64); OPEN_BODY(judge_name(kind_of(flags), AT_FDCWD, name), real(name, flags, mode)); }
int openat(int folder, const char *name, int flags, ...) { REAL(openat); OPEN_BODY(judge_name(kind_of(flags), folder, name), real(folder, name, flags, mode)); }
int openat64(int folder, const char *name, int flags, ...) { REAL(openat64); OPEN_BODY(judge_name(kind_of(flags), folder, name), real(folder, name, flags, mode)); }

#define WRITE_BODY(call, half) \
    switch (judge_file(KIND_WRITE, file)) { \
        case ACT_FAIL: return FAILS(); \
        case ACT_PRETEND: return (ssize_t)length; \
        case ACT_KILL_AFTER: (void)!(call); die(); /* fall through */ \
        case ACT_HALF: return length > 1 ? (half) : (call); \
        case ACT_TEAR: if (length > 1) (void)!(half); die(); /* fall through */ \
        default: return call; \
    }

ssize_t write(int file, const void *bytes, size_t length)
{
    REAL(write);
    WRITE_BODY(real(file, bytes, length), real(file, bytes, length / 2))
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at)
{
    REAL(pwrite);
    WRITE_BODY(real(file, bytes, length, at), real(file, bytes, length / 2, at))
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at)
{
    REAL(pwrite64);
    WRITE_BODY(real(file, bytes, length, at), real(file, bytes, length / 2, at))
}

static size_t total(const struct iovec *parts, int count)
{
    size_t sum = 0;
    for (int i = 0; i < count; i++) sum += parts[i].iov_len;
    return sum;
}

/* Half of several parts: the first of them, or half of the only one. */
static ssize_t first_half(int file, const struct iovec *parts, int count, off64_t at)
{
    return pwrite64(file, parts[0].iov_base, count > 1 ? parts[0].iov_len : parts[0].iov_len / 2, at);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t at)
{
    REAL(pwritev64);
    size_t length = total(parts, count);
    WRITE_BODY(real(file, parts, count, at), first_half(file, parts, count, at))
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) { return pwritev64(file, parts, count, at); }

ssize_t sendfile64(int file, int from, off64_t *at, size_t length)
{
    REAL(sendfile64);
    WRITE_BODY(real(file, from, at, length), real(file, from, at, length / 2))
}

static int is_folder(int file)
{
    struct stat about;
    return fstat(file, &about) == 0 && S_ISDIR(about.st_mode);
}

int fsync(int file)
{
    REAL(fsync);
    PLAIN(judge_file(is_folder(file) ? KIND_FOLDER_SYNC : KIND_FILE_SYNC, file), 0, real(file))
}

int fdatasync(int file)
{
    REAL(fdatasync);
    PLAIN(judge_file(is_folder(file) ? KIND_FOLDER_SYNC : KIND_FILE_SYNC, file), 0, real(file))
}

int ftruncate(int file, off_t length) { REAL(ftruncate); PLAIN(judge_file(KIND_RESIZE, file), 0, real(file, length)) }
int ftruncate64(int file, off64_t length) { REAL(ftruncate64); PLAIN(judge_file(KIND_RESIZE, file), 0, real(file, length)) }
int fallocate(int file, int mode, off_t at, off_t length) { REAL(fallocate); PLAIN(judge_file(KIND_RESIZE, file), 0, real(file, mode, at, length)) }
int fallocate64(int file, int mode, off64_t at, off64_t length) { REAL(fallocate64); PLAIN(judge_file(KIND_RESIZE, file), 0, real(file, mode, at, length)) }

/* These return their error. */
#define ALLOCATE_BODY(call) \
    switch (judge_file(KIND_RESIZE, file)) { \
        case ACT_FAIL: return s_control->error; \
        case ACT_PRETEND: return 0; \
        case ACT_KILL_AFTER: (void)(call); die(); /* fall through */ \
        default: return call; \
    }

int posix_fallocate(int file, off_t at, off_t length) { REAL(posix_fallocate); ALLOCATE_BODY(real(file, at, length)) }
int posix_fallocate64(int file, off64_t at, off64_t length) { REAL(posix_fallocate64); ALLOCATE_BODY(real(file, at, length)) }

/* The new name is what matters: it is what takes the place of something. */
int rename(const char *from, const char *to) { REAL(rename); PLAIN(judge_name(KIND_RENAME, AT_FDCWD, to), 0, real(from, to)) }
int renameat(int a, const char *from, int b, const char *to) { REAL(renameat); PLAIN(judge_name(KIND_RENAME, b, to), 0, real(a, from, b, to)) }

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    REAL(renameat2);
    PLAIN(judge_name(KIND_RENAME, b, to), 0, real(a, from, b, to, flags))
}

int link(const char *from, const char *to) { REAL(link); PLAIN(judge_name(KIND_RENAME, AT_FDCWD, to), 0, real(from, to)) }
int unlink(const char *name) { REAL(unlink); PLAIN(judge_name(KIND_UNLINK, AT_FDCWD, name), 0, real(name)) }
int unlinkat(int folder, const char *name, int flags) { REAL(unlinkat); PLAIN(judge_name(KIND_UNLINK, folder, name), 0, real(folder, name, flags)) }
int rmdir(const char *name) { REAL(rmdir); PLAIN(judge_name(KIND_UNLINK, AT_FDCWD, name), 0, real(name)) }
int chmod(const char *name, mode_t mode) { REAL(chmod); PLAIN(judge_name(KIND_MODE, AT_FDCWD, name), 0, real(name, mode)) }
int fchmod(int file, mode_t mode) { REAL(fchmod); PLAIN(judge_file(KIND_MODE, file), 0, real(file, mode)) }
int mkdir(const char *name, mode_t mode) { REAL(mkdir); PLAIN(judge_name(KIND_MAKE_FOLDER, AT_FDCWD, name), 0, real(name, mode)) }

#define MAP_BODY(call) \
    enum action act = file >= 0 && (flags & MAP_SHARED) ? judge_file(KIND_MAP, file) : ACT_NONE; \
    if (act == ACT_FAIL) { errno = s_control->error; return MAP_FAILED; } \
    void *mapped = call; \
    if (act == ACT_KILL_AFTER) die(); \
    return mapped

void *mmap(void *where, size_t length, int protection, int flags, int file, off_t at)
{
    REAL(mmap);
    MAP_BODY(real(where, length, protection, flags, file, at));
}

void *mmap64(void *where, size_t length, int protection, int flags, int file, off64_t at)
{
    REAL(mmap64);
    MAP_BODY(real(where, length, protection, flags, file, at));
}

ssize_t pread64(int file, void *bytes, size_t length, off64_t at)
{
    REAL(pread64);
    if (judge_file(KIND_READ, file) == ACT_FAIL) return FAILS();
    return real(file, bytes, length, at);
}

ssize_t pread(int file, void *bytes, size_t length, off_t at)
{
    REAL(pread);
    if (judge_file(KIND_READ, file) == ACT_FAIL) return FAILS();
    return real(file, bytes, length, at);
}
