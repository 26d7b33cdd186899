/*
 * Writing the log (WAL) in runs: SQLite writes a frame's head and its page one by one, two system
 * calls a page; here the frames of a transaction are gathered and go out in one.
 *
 * It is a VFS whose files are those of the system's, but for the log of a connection. Frames that
 * are appended at the log's end are kept until the frame that commits: its head tells how large the
 * database is then, that of all others holds 0 there. So what a commit has acknowledged is in the
 * file before SQLite tells its readers of it, as ever; and what is kept belongs to a transaction
 * that nobody else can see.
 *
 * What must hold: anything but the next append (a read, a frame written again, a sync, the size)
 * sees the file as if each write had gone out at once, so what is kept goes out first.
 *
 * https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 */
#include "storage/storage.h"

enum {
    FRAME_HEAD = 24,
    LOG_HEAD = 32,
    /* More frames than that go out in several runs. SQLite's own file system writes less than
     * 128 KiB at once: it masks the length. */
    RUN_MAX = 127 * 1024,
};

struct wal_file {
    sqlite3_file base;
    sqlite3_file *real; /* stands behind this struct */
    uint8_t *run;       /* frames that are kept; NULL until the first */
    size_t len;
    sqlite3_int64 start; /* where they belong */
    sqlite3_int64 end;   /* the end of all frames that were written or kept; -1: not known */
    bool page_to_come;   /* the last that was kept is a frame's head */
    bool frame_commits;
};

static struct wal_file *wal_of(sqlite3_file *file)
{
    return (struct wal_file *)file;
}

static int flush(struct wal_file *w)
{
    size_t len = w->len;
    int rc;

    if (len == 0)
        return SQLITE_OK;
    w->len = 0;
    w->page_to_come = false;
    rc = w->real->pMethods->xWrite(w->real, w->run, (int)len, w->start);
    if (rc != SQLITE_OK)
        w->end = -1;
    return rc;
}

static void keep(struct wal_file *w, const void *data, size_t len, sqlite3_int64 offset)
{
    if (!w->run)
        w->run = x_malloc(RUN_MAX);
    if (w->len == 0)
        w->start = offset;
    memcpy(w->run + w->len, data, len);
    w->len += len;
    w->end = offset + (sqlite3_int64)len;
}

static int write_through(struct wal_file *w, const void *data, int len, sqlite3_int64 offset)
{
    int rc = flush(w);

    if (rc == SQLITE_OK)
        rc = w->real->pMethods->xWrite(w->real, data, len, offset);
    if (rc != SQLITE_OK)
        w->end = -1;
    else if (offset == 0) /* the head of a log that starts anew */
        w->end = LOG_HEAD;
    else
        w->end = MAX(w->end, offset + len);
    return rc;
}

/* The database's size in pages after the commit, big-endian; 0 in frames that do not commit. */
static bool head_commits(const uint8_t *head)
{
    return (head[4] | head[5] | head[6] | head[7]) != 0;
}

static int wal_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
    struct wal_file *w = wal_of(file);
    bool fits = w->len + (size_t)len <= RUN_MAX;

    if (offset != w->end)
        return write_through(w, data, len, offset);
    if (w->page_to_come && len > FRAME_HEAD && fits) {
        keep(w, data, (size_t)len, offset);
        w->page_to_come = false;
        return w->frame_commits ? flush(w) : SQLITE_OK;
    }
    if (w->page_to_come || len != FRAME_HEAD)
        return write_through(w, data, len, offset);
    if (!fits && flush(w) != SQLITE_OK)
        return SQLITE_IOERR_WRITE;
    keep(w, data, FRAME_HEAD, offset);
    w->page_to_come = true;
    w->frame_commits = head_commits(data);
    return SQLITE_OK;
}

/* --- everything else sees the file as it should be --- */

static int wal_close(sqlite3_file *file)
{
    struct wal_file *w = wal_of(file);
    int rc = flush(w);
    int closed = w->real->pMethods->xClose(w->real);

    free(w->run);
    return rc != SQLITE_OK ? rc : closed;
}

static int wal_read(sqlite3_file *file, void *out, int len, sqlite3_int64 offset)
{
    struct wal_file *w = wal_of(file);
    int rc = flush(w);

    return rc != SQLITE_OK ? rc : w->real->pMethods->xRead(w->real, out, len, offset);
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct wal_file *w = wal_of(file);
    int rc = flush(w);

    w->end = -1;
    return rc != SQLITE_OK ? rc : w->real->pMethods->xTruncate(w->real, size);
}

static int wal_sync(sqlite3_file *file, int flags)
{
    struct wal_file *w = wal_of(file);
    int rc = flush(w);

    return rc != SQLITE_OK ? rc : w->real->pMethods->xSync(w->real, flags);
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *out_size)
{
    struct wal_file *w = wal_of(file);
    int rc = flush(w);

    return rc != SQLITE_OK ? rc : w->real->pMethods->xFileSize(w->real, out_size);
}

static int wal_control(sqlite3_file *file, int op, void *argument)
{
    struct wal_file *w = wal_of(file);

    return w->real->pMethods->xFileControl(w->real, op, argument);
}

static int wal_sector_size(sqlite3_file *file)
{
    struct wal_file *w = wal_of(file);

    return w->real->pMethods->xSectorSize(w->real);
}

static int wal_characteristics(sqlite3_file *file)
{
    struct wal_file *w = wal_of(file);

    return w->real->pMethods->xDeviceCharacteristics(w->real);
}

/* The log is never locked nor mapped: that is done with the database beside it. */
static const sqlite3_io_methods wal_methods = {
    .iVersion = 1,
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_size,
    .xFileControl = wal_control,
    .xSectorSize = wal_sector_size,
    .xDeviceCharacteristics = wal_characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    struct wal_file *w = wal_of(file);
    int rc;

    if (!(flags & SQLITE_OPEN_WAL))
        return real->xOpen(real, name, file, flags, out_flags);
    *w = (struct wal_file){.real = (sqlite3_file *)(w + 1), .end = -1};
    rc = real->xOpen(real, name, w->real, flags, out_flags);
    if (rc == SQLITE_OK)
        w->base.pMethods = &wal_methods;
    return rc;
}

/* SQLite links its file systems into a list of its own, so this one lives as long as the process.
 */
static sqlite3_vfs vfs;

static void make_vfs(void)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);

    vfs = *real;
    vfs.zName = SQL_VFS;
    vfs.pAppData = real;
    vfs.szOsFile += (int)sizeof(struct wal_file);
    vfs.xOpen = open_file;
    sqlite3_vfs_register(&vfs, 0);
}

void sql_vfs_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_vfs);
}
