/*
 * Group commit.
 *
 * Writers queue for write_lock. Who has it runs its statements (its turn) inside the one open
 * transaction. At the end of its turn it looks whether others queue: if so it leaves the
 * transaction open, hands the lock on and waits; if not, or when the transaction has become long,
 * it commits for all who wait, and wakes them.
 *
 * What must hold:
 *   1. A transaction is left open only for a writer that is queueing, so somebody will always
 * commit it.
 *   2. Every turn that took part returns after the commit, and fails if it failed, whatever its own
 * outcome: even a refusal may rest on what an earlier turn of the same transaction wrote.
 *   3. A turn that is taken back leaves the turns before it untouched. The first turn takes back
 * the whole transaction; a later one sets a savepoint before its first change. One that changes
 * nothing needs none.
 *   4. When SQLite gives up the transaction in the middle (disk full, I/O error), all its turns
 * fail, and the turn that was running runs no further statement.
 *
 * The log (WAL) is moved into the database after the commit has been acknowledged, by who
 * committed. While readers overlap without a gap the log cannot be started anew; once it is long,
 * the writer waits for them.
 */
#include "storage/storage.h"

#include "server/base/clock.h"
#include "server/base/log.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>

enum {
    TURNS_MAX = 128,
    TRANSACTION_MAX_US = 10000,
    CHECKPOINT_FRAMES = 4000, /* pages of 4 KiB: 16 MiB */
    LONG_LOG_FRAMES = 16000,
};

struct sql_batch {
    _Atomic uint32_t done; /* 0 until the commit has ended; the futex that the turns wait on */
    _Atomic uint32_t holders;
    enum store_status result; /* written before done */
};

/* --- waiting for the commit
 * -------------------------------------------------------------------------------- */

static void batch_release(struct sql_batch *b)
{
    if (atomic_fetch_sub(&b->holders, 1) == 1)
        free(b);
}

static enum store_status batch_wait(struct sql_batch *b)
{
    enum store_status result;

    while (atomic_load(&b->done) == 0)
        syscall(SYS_futex, &b->done, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    result = b->result;
    batch_release(b);
    return result;
}

static void batch_finish(struct sql_batch *b, enum store_status result)
{
    if (!b)
        return;
    b->result = result;
    atomic_store(&b->done, 1);
    syscall(SYS_futex, &b->done, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    batch_release(b);
}

/* The open transaction's batch, with the caller as one more holder. */
static struct sql_batch *batch_join(struct sql_db *db)
{
    if (!db->batch) {
        db->batch = x_calloc(1, sizeof(*db->batch));
        db->batch->holders = 1; /* the transaction itself */
    }
    atomic_fetch_add(&db->batch->holders, 1);
    return db->batch;
}

/* --- a turn
 * ------------------------------------------------------------------------------------------------
 */

enum store_status sql_write_begin(struct sql_db *db, struct sql **out_sql)
{
    struct sql *s = db->writer;

    atomic_fetch_add(&db->waiting, 1);
    pthread_mutex_lock(&db->write_lock);
    atomic_fetch_sub(&db->waiting, 1);
    if (sqlite3_get_autocommit(s->handle)) {
        if (sql_control(s, "BEGIN IMMEDIATE") != STORE_OK) {
            pthread_mutex_unlock(&db->write_lock);
            return STORE_FAILED;
        }
        db->turns = 0;
        db->scope_pending_count = 0;
        db->began_us = clock_monotonic_us();
    }
    s->touched = s->savepoint = s->broken = false;
    db->scope_pending_before = db->scope_pending_count;
    *out_sql = s;
    return STORE_OK;
}

enum store_status sql_write_touch(struct sql *s)
{
    assert(s->writer);
    if (s->db->turns > 0) {
        if (sql_control(s, "SAVEPOINT turn") != STORE_OK) {
            sql_write_check(s);
            return STORE_FAILED;
        }
        s->savepoint = true;
    }
    s->touched = true;
    return STORE_OK;
}

void sql_write_check(struct sql *s)
{
    if (sqlite3_get_autocommit(s->handle))
        s->broken = true;
}

static void take_back(struct sql *s)
{
    struct sql_db *db = s->db;

    db->scope_pending_count = db->scope_pending_before;
    if (!s->touched || s->broken)
        return;
    if (!s->savepoint) {
        /* The first turn: nobody else's work is in the transaction. */
        if (sql_control(s, "ROLLBACK") != STORE_OK)
            s->broken = true;
    } else if (sql_control(s, "ROLLBACK TO turn") != STORE_OK ||
               sql_control(s, "RELEASE turn") != STORE_OK) {
        s->broken = true;
    }
}

static void keep(struct sql *s)
{
    if (s->savepoint && !s->broken && sql_control(s, "RELEASE turn") != STORE_OK)
        s->broken = true;
}

/* Ends the transaction, one way or the other; nobody's turn survives a failure. */
static enum store_status commit(struct sql *s)
{
    struct sql_db *db = s->db;
    enum store_status result = STORE_FAILED;

    if (!s->broken && (sqlite3_get_autocommit(s->handle) || sql_control(s, "COMMIT") == STORE_OK))
        result = STORE_OK;
    if (!sqlite3_get_autocommit(s->handle))
        sql_control(s, "ROLLBACK");
    if (result == STORE_OK)
        sql_scope_committed(db);
    db->scope_pending_count = 0;
    return result;
}

/* --- the log
 * -----------------------------------------------------------------------------------------------
 */

static int note_frames(void *context, sqlite3 *handle, const char *schema, int frames)
{
    struct sql_db *db = context;

    (void)handle;
    (void)schema;
    if (frames < db->wal_frames)
        db->wal_retry = CHECKPOINT_FRAMES; /* the log has started anew */
    db->wal_frames = frames;
    return SQLITE_OK;
}

void sql_write_prepare(struct sql_db *db)
{
    db->wal_retry = CHECKPOINT_FRAMES;
    sqlite3_wal_hook(db->writer->handle, note_frames, db);
}

/* Under write_lock, outside a transaction. */
static void checkpoint(struct sql_db *db)
{
    bool wait = db->wal_frames >= LONG_LOG_FRAMES;
    int rc = sqlite3_wal_checkpoint_v2(db->writer->handle, NULL,
                                       wait ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
                                       NULL, NULL);

    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        sql_log_failure(db->writer, "checkpoint");
    /* If readers kept the log from starting anew, let it grow a little before the next try. */
    db->wal_retry = db->wal_frames + CHECKPOINT_FRAMES;
}

/* --- the end of a turn
 * ------------------------------------------------------------------------------------- */

/* Another writer queues and may go on in the same transaction. */
static bool hand_on(const struct sql *s)
{
    const struct sql_db *db = s->db;

    return atomic_load(&db->waiting) > 0 && !s->broken && !sqlite3_get_autocommit(s->handle) &&
           db->turns < TURNS_MAX && clock_monotonic_us() - db->began_us < TRANSACTION_MAX_US;
}

enum store_status sql_write_end(struct sql *s, enum store_status status)
{
    struct sql_db *db = s->db;
    struct sql_batch *batch;
    enum store_status result;

    assert(s->writer);
    sql_reset_all(s);
    if (status == STORE_OK)
        keep(s);
    else
        take_back(s);
    db->turns++;
    if (hand_on(s)) {
        batch = batch_join(db);
        pthread_mutex_unlock(&db->write_lock);
        result = batch_wait(batch);
    } else {
        result = commit(s);
        batch = TAKE(db->batch);
        if (db->wal_frames >= db->wal_retry) {
            batch_finish(TAKE(batch), result);
            checkpoint(db);
        }
        pthread_mutex_unlock(&db->write_lock);
        batch_finish(batch, result);
    }
    return result == STORE_OK ? status : STORE_FAILED;
}
