/*
 * Segments: the files that packs of records are appended to, <data>/kinesis/<id>.
 *
 * A stream writes to one segment until that is large, then to the next; so what expires together is
 * together, and a file goes as a whole when no row refers to it any more. A part of the file is
 * reserved under a lock and written without one, before the row that refers to it: what a failed
 * put or a crash has left in a file is never referred to, and goes with the file.
 *
 * What must hold:
 *
 * 1. A segment that is in the store's list may be written to, and is not removed. One that has left
 *    the list never comes back, and its id is not given again while a row or a file has it: so one
 *    that is not in the list and that no row refers to, looked up in this order, is garbage.
 *
 * 2. A reader that finds no file has seen a row that has been removed since.
 *
 * The files of a few segments that are written to stay open; all else is opened for each use, so
 * that a stream costs no descriptor.
 *
 * What is written goes on to the disk without being waited for, and leaves the page cache a segment
 * later: so a stream's writing goes through the same memory again and again, and what it has just
 * written is there for readers.
 */
#include "storage/kinesis_internal.h"

#include "server/base/log.h"
#include "storage/storage.h"
#include "storage/writeback.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum {
    SEGMENT_BYTES = 64 << 20, /* behind which the next segment begins */
    RUN_BYTES = 1 << 20,      /* that go on to the disk together */
    AHEAD_BYTES = 4 << 20,    /* that are reserved on the disk together */
    PARTS_AT_ONCE = 1024,     /* IOV_MAX */
    FILES_OPEN = 32,          /* at most */
};

struct kinesis_segment {
    struct kinesis_segment *next; /* in the store's list */
    struct kinesis_store *store;
    int64_t id;
    int fd;         /* -1: too many are open */
    int64_t before; /* the id of the one that its stream wrote to before; 0: none */
    int64_t end;    /* of what has been reserved; guarded by store->lock */
    unsigned users; /* its stream, and puts that have not committed; guarded by store->lock */
};

static char *directory_of(const struct kinesis_store *store)
{
    return x_asprintf("%s/kinesis", store_directory(store->root));
}

static char *path_of(const struct kinesis_store *store, int64_t id)
{
    return x_asprintf("%s/kinesis/%" PRId64, store_directory(store->root), id);
}

static int open_file(const struct kinesis_store *store, int64_t id, int how)
{
    AUTO_FREE char *path = path_of(store, id);

    return open(path, how | O_CLOEXEC | O_NOFOLLOW);
}

int kinesis_segment_open(struct kinesis_store *store, int64_t id)
{
    return open_file(store, id, O_RDONLY);
}

/* --- ids --- */

/* The ids of the files that there are, in no order. */
struct found {
    int64_t *ids;
    size_t count;
    size_t capacity;
};

static void found_add(struct found *f, int64_t id)
{
    if (f->count == f->capacity) {
        f->capacity = MAX(2 * f->capacity, (size_t)16);
        f->ids = x_reallocarray(f->ids, f->capacity, sizeof(f->ids[0]));
    }
    f->ids[f->count++] = id;
}

static enum store_status list_files(const struct kinesis_store *store, struct found *out)
{
    AUTO_FREE char *path = directory_of(store);
    DIR *d = opendir(path);
    struct dirent *entry;

    *out = (struct found){0};
    if (!d && errno == ENOENT)
        return STORE_OK;
    if (!d) {
        log_error("cannot list %s: %m", path);
        return STORE_FAILED;
    }
    /* Only this thread reads this DIR. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    while ((entry = readdir(d))) {
        char *end;
        int64_t id = strtoll(entry->d_name, &end, 10);
        if (id > 0 && *end == '\0')
            found_add(out, id);
    }
    closedir(d);
    return STORE_OK;
}

/* No row refers to a higher one. */
static enum store_status last_in_rows(struct kinesis_store *store, int64_t *out_id)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_prepare(s, "SELECT max(segment) FROM record WHERE segment IS NOT NULL");
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_id = sql_column_int(st, 0);
    sql_read_end(s);
    return rc;
}

static enum store_status find_next(struct kinesis_store *store, int64_t *out_id)
{
    struct found files;
    int64_t last = 0;
    enum store_status rc = last_in_rows(store, &last);

    if (rc == STORE_OK)
        rc = list_files(store, &files);
    if (rc != STORE_OK)
        return rc;
    for (size_t i = 0; i < files.count; i++)
        last = MAX(last, files.ids[i]);
    free(files.ids);
    *out_id = last + 1;
    return STORE_OK;
}

/* What has been found stays true: nothing is made before it is known. */
static enum store_status know_next(struct kinesis_store *store)
{
    int64_t id = 0;
    enum store_status rc = STORE_OK;
    bool known;

    pthread_mutex_lock(&store->lock);
    known = store->next_segment > 0;
    pthread_mutex_unlock(&store->lock);
    if (known)
        return STORE_OK;
    rc = find_next(store, &id);
    pthread_mutex_lock(&store->lock);
    if (rc == STORE_OK && store->next_segment == 0)
        store->next_segment = id;
    pthread_mutex_unlock(&store->lock);
    return rc;
}

/* --- writing --- */

/* With the lock held. */
static void drop(struct kinesis_segment *segment)
{
    struct kinesis_segment **at = &segment->store->segments;

    if (--segment->users > 0)
        return;
    while (*at != segment)
        at = &(*at)->next;
    *at = segment->next;
    segment->store->sweep = true; /* nothing may refer to it any more */
    if (segment->fd >= 0) {
        close(segment->fd);
        segment->store->open_files--;
    }
    free(segment);
}

static bool sync_directory(const char *path)
{
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && fsync(fd) == 0)
        return true;
    log_error("cannot sync %s: %m", path);
    return false;
}

/* The open file; -1: it could not be made. */
static int make_file(const struct kinesis_store *store, int64_t id)
{
    AUTO_FREE char *directory = directory_of(store);
    AUTO_FREE char *path = path_of(store, id);
    bool sync = store->root->durability_full && !store->root->temporary;
    int fd;

    if (mkdir(directory, 0700) && errno != EEXIST) {
        log_error("cannot make %s: %m", directory);
        return -1;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        log_error("cannot make %s: %m", path);
    if (fd >= 0 && sync && !sync_directory(directory)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* With the lock held. */
static enum store_status begin_segment(struct kinesis_store *store, struct kinesis_stream *stream)
{
    int64_t id = store->next_segment++;
    struct kinesis_segment *segment;
    int fd = make_file(store, id);

    if (fd < 0)
        return STORE_FAILED;
    if (store->open_files == FILES_OPEN) {
        close(fd);
        fd = -1;
    } else {
        store->open_files++;
    }
    segment = x_calloc(1, sizeof(*segment));
    *segment = (struct kinesis_segment){
        .next = store->segments,
        .store = store,
        .id = id,
        .fd = fd,
        .before = stream->segment ? stream->segment->id : 0,
        .users = 1,
    };
    store->segments = segment;
    if (stream->segment)
        drop(stream->segment);
    stream->segment = segment;
    return STORE_OK;
}

enum store_status kinesis_segment_take(struct kinesis_store *store, struct kinesis_stream *stream,
                                       size_t len, struct kinesis_room *out)
{
    enum store_status rc = know_next(store);

    if (rc != STORE_OK)
        return rc;
    pthread_mutex_lock(&store->lock);
    if (!stream->segment || stream->segment->end >= SEGMENT_BYTES)
        rc = begin_segment(store, stream);
    if (rc == STORE_OK) {
        struct kinesis_segment *segment = stream->segment;
        *out = (struct kinesis_room){
            .segment = segment, .segment_id = segment->id, .place = segment->end, .len = len};
        segment->end += (int64_t)len;
        segment->users++;
    }
    pthread_mutex_unlock(&store->lock);
    return rc;
}

/* Moves behind `done` bytes of the parts; how many parts were done with. */
static size_t advance(struct iovec *parts, size_t count, size_t done)
{
    size_t i = 0;

    for (; i < count && done >= parts[i].iov_len; i++)
        done -= parts[i].iov_len;
    if (i < count) {
        parts[i].iov_base = (char *)parts[i].iov_base + done;
        parts[i].iov_len -= done;
    }
    return i;
}

static bool write_parts(int fd, int64_t place, struct iovec *parts, size_t count)
{
    while (count > 0) {
        size_t step = MIN(count, (size_t)PARTS_AT_ONCE);
        ssize_t n = pwritev(fd, parts, (int)step, place);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        place += n;
        step = advance(parts, step, (size_t)n);
        parts += step;
        count -= step;
    }
    return true;
}

/* Finds a place on the disk for some MB at once: for each put by itself it costs a quarter of the
 * put's writing. Nothing depends on it. */
static void reserve_ahead(const struct kinesis_store *store, const struct kinesis_room *room,
                          int fd)
{
    int64_t end = room->place + (int64_t)room->len;

    if (end / AHEAD_BYTES == room->place / AHEAD_BYTES || end >= SEGMENT_BYTES ||
        store->root->temporary)
        return;
    fallocate(fd, FALLOC_FL_KEEP_SIZE, end, MIN(AHEAD_BYTES, SEGMENT_BYTES - end));
}

/* Sends the runs of the segment that the put has come to the end of to the disk, and what is as far
 * into the segment before it out of the page cache. */
static void write_behind(struct kinesis_store *store, const struct kinesis_room *room)
{
    const struct kinesis_segment *segment = room->segment;
    int64_t end = room->place + (int64_t)room->len;
    struct writeback_job job = {.spent_fd = -1, .from = room->place - room->place % RUN_BYTES};

    job.len = end - end % RUN_BYTES - job.from;
    if (job.len <= 0 || store->root->temporary)
        return;
    job.fd = open_file(store, segment->id, O_WRONLY);
    if (segment->before)
        job.spent_fd = open_file(store, segment->before, O_RDONLY);
    writeback_send(store->root->writeback, &job);
}

enum store_status kinesis_segment_write(struct kinesis_store *store,
                                        const struct kinesis_room *room, struct iovec *parts,
                                        size_t count)
{
    bool sync = store->root->durability_full && !store->root->temporary;
    int kept = room->segment->fd;
    AUTO_CLOSE int opened = kept < 0 ? open_file(store, room->segment_id, O_WRONLY) : -1;
    int fd = kept < 0 ? opened : kept;

    if (fd < 0 || !write_parts(fd, room->place, parts, count) || (sync && fdatasync(fd))) {
        log_error("cannot write segment %" PRId64 " of Kinesis: %m", room->segment_id);
        return STORE_FAILED;
    }
    reserve_ahead(store, room, fd);
    write_behind(store, room);
    return STORE_OK;
}

void kinesis_segment_give_back(struct kinesis_segment *segment)
{
    struct kinesis_store *store;

    if (!segment)
        return;
    store = segment->store;
    pthread_mutex_lock(&store->lock);
    drop(segment);
    pthread_mutex_unlock(&store->lock);
}

/* --- removing --- */

static bool is_written_to(struct kinesis_store *store, int64_t id)
{
    const struct kinesis_segment *segment;

    pthread_mutex_lock(&store->lock);
    segment = store->segments;
    while (segment && segment->id != id)
        segment = segment->next;
    pthread_mutex_unlock(&store->lock);
    return segment != NULL;
}

/* STORE_NOT_FOUND: no row refers to it. */
static enum store_status look_up(struct kinesis_store *store, int64_t id)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_FAILED : rc;
    st = sql_query(s, "SELECT 1 FROM record WHERE segment = ?1 LIMIT 1", sql_int(id));
    rc = sql_step(st);
    sql_read_end(s);
    return rc;
}

static enum store_status sweep_one(struct kinesis_store *store, int64_t id)
{
    AUTO_FREE char *path = path_of(store, id);
    enum store_status rc;

    if (is_written_to(store, id))
        return STORE_OK;
    rc = look_up(store, id);
    if (rc != STORE_NOT_FOUND)
        return rc;
    if (unlink(path) == 0 || errno == ENOENT)
        return STORE_OK;
    log_error("cannot remove %s: %m", path);
    return STORE_FAILED;
}

enum store_status kinesis_segment_sweep(struct kinesis_store *store)
{
    struct found files;
    enum store_status rc = list_files(store, &files);

    if (rc != STORE_OK)
        return rc;
    for (size_t i = 0; rc == STORE_OK && i < files.count; i++)
        rc = sweep_one(store, files.ids[i]);
    free(files.ids);
    return rc;
}
