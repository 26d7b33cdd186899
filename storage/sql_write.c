/*
 * Group commit.
 *
 * One thread at a time owns the writer connection; the others queue. The owner runs its own turn
 * inside an open transaction, then takes the queue from its head: a turn that was given as a
 * function (sql_write) it runs itself, without waking anybody; to a thread that wants the
 * connection in its own hands (sql_write_begin) it hands ownership on, with the transaction open,
 * and waits. Who finds the queue empty, or the transaction long, commits for all, wakes them, and
 * hands ownership to the head of the queue.
 *
 * What must hold:
 *
 * 1. An owner that does not commit has handed ownership to somebody; so somebody will always
 *    commit.
 *
 * 2. Every turn that took part returns after the commit, and fails if it failed, whatever its own
 *    outcome: even a refusal may rest on what an earlier turn of the same transaction wrote.
 *
 * 3. A turn that is taken back leaves the turns before it untouched. The first turn takes back the
 *    whole transaction; a later one sets a savepoint before its first change. One that changes
 *    nothing needs none, nor does one whose only change is a single statement (sql_one_change).
 *
 * 4. When SQLite gives up the transaction in the middle (disk full, I/O error), all its turns fail,
 *    and the turn that was running runs no further statement.
 *
 * 5. A turn lies on its thread's stack, and that thread may leave once it sees TURN_DONE: read
 *    `next` before.
 *
 * 6. A fiber (server/base/fiber.h) that does not run owns nothing: its thread may be held up by
 *    somebody who wants to write. It queues its turn, lets the others of its thread queue theirs,
 *    and becomes the owner, if nobody has run its turn by then, when it goes on. So the connection
 *    is free while the queue holds nothing but turns of fibers that are not asleep.
 *
 * The log (WAL) is moved into the database after the commit has been acknowledged, by the owner.
 * While readers overlap without a gap the log cannot be started anew; once it is long, the owner
 * waits for them.
 */
#include "storage/storage.h"

#include "server/base/clock.h"
#include "server/base/fiber.h"
#include "storage/writeback.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

enum {
    TURNS_MAX = 32, /* more make a commit no cheaper, and idle those who wait for it */
    TRANSACTION_MAX_US = 10000,
    OWNER_YIELDS = 4, /* how often a crowd is waited for before a commit */
    TURN_YIELDS = 2,  /* before a thread sleeps: often the commit has come by then */
    CROWD_US = 300,   /* commits of different threads that are closer tell of more to come */
    CHECKPOINT_FRAMES = 4000, /* pages of 4 KiB: 16 MiB */
    LONG_LOG_FRAMES = 16000,
    RUN_FRAMES = 256, /* that go on to the disk together */
    FRAME_BYTES = 4096 + 24,
};

enum turn_state {
    TURN_QUEUED,
    TURN_ASLEEP, /* queued, and to be woken by a system call */
    TURN_OWNER,  /* the connection is yours */
    TURN_DONE,   /* committed or failed; `status` says which */
};

struct sql_turn {
    _Atomic uint32_t state; /* enum turn_state; the futex that its thread waits on */
    enum store_status status;
    enum store_status (*run)(struct sql *s, void *context); /* NULL: sql_write_begin */
    void *context;
    bool of_fiber;
    struct sql_turn *next; /* in the queue, then among the unacknowledged */
};

/* --- waiting and waking --- */

/* False, with the state as it has become, when there is nothing to sleep for any more. */
static bool turn_lie_down(struct sql_turn *t, uint32_t *out_state)
{
    *out_state = TURN_QUEUED;
    return atomic_compare_exchange_strong(&t->state, out_state, TURN_ASLEEP);
}

static enum turn_state turn_sleep(struct sql_turn *t)
{
    uint32_t state;

    while ((state = atomic_load(&t->state)) == TURN_ASLEEP)
        syscall(SYS_futex, &t->state, FUTEX_WAIT_PRIVATE, TURN_ASLEEP, NULL, NULL, 0);
    return state;
}

/* Sleeping and being woken cost more than the row that is written; so the threads that a commit
 * waits for are let run first, and few of them need to sleep at all. */
static enum turn_state turn_wait(struct sql_turn *t)
{
    uint32_t state;

    for (int i = 0; i < TURN_YIELDS; i++) {
        if ((state = atomic_load(&t->state)) != TURN_QUEUED)
            return state;
        sched_yield();
    }
    return turn_lie_down(t, &state) ? turn_sleep(t) : state;
}

/* t may be gone when the system call is made: its address then wakes nobody, or somebody who looks
 * again. */
static void turn_wake(struct sql_turn *t, enum turn_state state)
{
    if (atomic_exchange(&t->state, state) == TURN_ASLEEP)
        syscall(SYS_futex, &t->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void list_add(struct sql_turn_list *list, struct sql_turn *t)
{
    t->next = NULL;
    if (list->last)
        list->last->next = t;
    else
        list->first = t;
    list->last = t;
}

/* False when it is not in the list. */
static bool list_remove(struct sql_turn_list *list, struct sql_turn *t)
{
    struct sql_turn *before = NULL;
    struct sql_turn **at = &list->first;

    while (*at && *at != t) {
        before = *at;
        at = &before->next;
    }
    if (!*at)
        return false;
    *at = t->next;
    if (list->last == t)
        list->last = before;
    return true;
}

static struct sql_turn *list_take(struct sql_turn_list *list)
{
    struct sql_turn *t = list->first;

    if (t)
        list_remove(list, t);
    return t;
}

/* The queued turn of a fiber that goes on: makes it the owner if nobody is. */
static bool take_over(struct sql_db *db, struct sql_turn *t)
{
    bool free;

    pthread_mutex_lock(&db->lock);
    free = !db->owned && list_remove(&db->queue, t);
    if (free)
        db->owned = true;
    pthread_mutex_unlock(&db->lock);
    return free;
}

/* As own(), for a fiber. */
static bool own_in_fiber(struct sql_db *db, struct sql_turn *t)
{
    uint32_t state;
    bool others_run;

    t->of_fiber = true;
    pthread_mutex_lock(&db->lock);
    list_add(&db->queue, t);
    pthread_mutex_unlock(&db->lock);
    do {
        others_run = fiber_yield(FIBER_WAITS);
        if (atomic_load(&t->state) == TURN_DONE)
            return false;
        if (take_over(db, t))
            return true;
    } while (others_run);
    if (!turn_lie_down(t, &state))
        return state == TURN_OWNER;
    /* Who gave the connection up before that did not see anybody asleep. */
    return take_over(db, t) || turn_sleep(t) == TURN_OWNER;
}

/* Becomes the owner, or lets another owner run the turn: then the turn is done when this returns
 * false. */
static bool own(struct sql_db *db, struct sql_turn *t)
{
    bool free;

    if (t->run && fiber_running())
        return own_in_fiber(db, t);

    pthread_mutex_lock(&db->lock);
    free = !db->owned;
    if (free)
        db->owned = true;
    else
        list_add(&db->queue, t);
    pthread_mutex_unlock(&db->lock);
    return free || turn_wait(t) == TURN_OWNER;
}

static struct sql_turn *take_next(struct sql_db *db)
{
    struct sql_turn *t;

    pthread_mutex_lock(&db->lock);
    t = list_take(&db->queue);
    pthread_mutex_unlock(&db->lock);
    return t;
}

static void disown(struct sql_db *db)
{
    struct sql_turn *next;

    pthread_mutex_lock(&db->lock);
    next = db->queue.first;
    while (next && next->of_fiber && atomic_load(&next->state) != TURN_ASLEEP)
        next = next->next;
    if (next)
        list_remove(&db->queue, next);
    db->owned = next != NULL;
    pthread_mutex_unlock(&db->lock);
    if (next)
        turn_wake(next, TURN_OWNER);
}

/* --- a turn --- */

static enum store_status turn_begin(struct sql_db *db)
{
    struct sql *s = db->writer;

    s->touched = s->savepoint = s->single = s->changed = s->broken = false;
    if (sqlite3_get_autocommit(s->handle)) {
        if (sql_control(s, "BEGIN IMMEDIATE") != STORE_OK)
            return STORE_FAILED;
        db->turns = 0;
        db->scope_pending_count = 0;
        db->began_us = clock_monotonic_us();
    }
    db->scope_pending_before = db->scope_pending_count;
    return STORE_OK;
}

enum store_status sql_write_touch(struct sql *s)
{
    assert(s->writer);
    if (s->db->turns > 0 && !s->single) {
        if (sql_control(s, "SAVEPOINT turn") != STORE_OK) {
            sql_write_check(s);
            return STORE_FAILED;
        }
        s->savepoint = true;
    }
    s->touched = true;
    return STORE_OK;
}

void sql_one_change(struct sql *s)
{
    assert(s->writer && !s->touched);
    s->single = true;
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
    if (s->single && db->turns > 0) {
        /* What failed is that one statement, and SQLite has taken it back. */
        s->broken = s->changed;
    } else if (!s->savepoint) {
        /* The first turn: nobody else's work is in the transaction. */
        if (sql_control(s, "ROLLBACK") != STORE_OK)
            s->broken = true;
    } else if (sql_control(s, "ROLLBACK TO turn") != STORE_OK ||
               sql_control(s, "RELEASE turn") != STORE_OK) {
        s->broken = true;
    }
}

/* The turn's statements have run: keeps or takes back what they did, and waits for the commit with
 * the others. */
static void turn_end(struct sql *s, struct sql_turn *t)
{
    sql_reset_all(s);
    if (t->status != STORE_OK)
        take_back(s);
    else if (s->savepoint && !s->broken && sql_control(s, "RELEASE turn") != STORE_OK)
        s->broken = true;
    s->db->turns++;
    list_add(&s->db->unacknowledged, t);
}

static void turn_run(struct sql_db *db, struct sql_turn *t)
{
    t->status = t->run(db->writer, t->context);
    turn_end(db->writer, t);
}

/* --- the log --- */

static int note_frames(void *context, sqlite3 *handle, const char *schema, int frames)
{
    struct sql_db *db = context;

    (void)handle;
    (void)schema;
    if (frames < db->wal_frames) { /* the log has started anew */
        db->wal_retry = CHECKPOINT_FRAMES;
        db->wal_sent = 0;
    }
    db->wal_frames = frames;
    return SQLITE_OK;
}

/* A checkpoint waits until all of the log is on the disk, and everybody for the checkpoint: so the
 * log goes there as it grows. By the owner, outside a transaction. */
static void send_log(struct sql_db *db)
{
    AUTO_FREE char *path = NULL;

    if (db->root->temporary || db->wal_frames - db->wal_sent < RUN_FRAMES)
        return;
    path = x_asprintf("%s-wal", db->path);
    writeback_send(db->root->writeback,
                   &(struct writeback_job){
                       .fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW),
                       .spent_fd = -1,
                       .from = (int64_t)db->wal_sent * FRAME_BYTES,
                       .len = (int64_t)(db->wal_frames - db->wal_sent) * FRAME_BYTES,
                   });
    db->wal_sent = db->wal_frames;
}

void sql_write_prepare(struct sql_db *db)
{
    db->wal_retry = CHECKPOINT_FRAMES;
    sqlite3_wal_hook(db->writer->handle, note_frames, db);
}

/* By the owner, outside a transaction. */
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

/* --- the end of a transaction --- */

static bool transaction_open(const struct sql_db *db)
{
    return !db->writer->broken && !sqlite3_get_autocommit(db->writer->handle);
}

/* Ends the transaction, one way or the other; nobody's turn survives a failure. */
static enum store_status commit(struct sql_db *db)
{
    struct sql *s = db->writer;
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

/* Commits for all turns, wakes all but `self`, and gives up ownership. */
static void commit_all(struct sql_db *db, const struct sql_turn *self)
{
    enum store_status result = commit(db);
    struct sql_turn *t = db->unacknowledged.first;
    bool log_is_long = db->wal_frames >= db->wal_retry;

    send_log(db);
    db->unacknowledged = (struct sql_turn_list){0};
    db->last_turns = db->turns;
    db->last_committer = pthread_self();
    db->last_commit_us = clock_monotonic_us();
    if (!log_is_long)
        disown(db); /* first, so that the next owner is at work while we wake the others */
    while (t) {
        struct sql_turn *next = t->next;
        if (result != STORE_OK)
            t->status = result;
        if (t != self)
            turn_wake(t, TURN_DONE);
        t = next;
    }
    if (log_is_long) {
        checkpoint(db);
        disown(db);
    }
}

/*
 * Threads that were woken by the last commit, or that are reading their next request, are about to
 * queue: letting them run first makes commits ten times rarer. One thread that writes alone is
 * never delayed.
 */
static bool crowded(const struct sql_db *db)
{
    return db->last_turns > 1 || (!pthread_equal(db->last_committer, pthread_self()) &&
                                  db->began_us - db->last_commit_us < CROWD_US);
}

/* The next turn that may take part in the open transaction. */
static struct sql_turn *next_in_transaction(struct sql_db *db)
{
    struct sql_turn *t;

    if (!transaction_open(db) || db->turns >= TURNS_MAX ||
        clock_monotonic_us() - db->began_us > TRANSACTION_MAX_US)
        return NULL;
    t = take_next(db);
    /* Those of a fiber's own thread have come already. */
    for (int i = 0; !t && i < OWNER_YIELDS && !fiber_running() && crowded(db); i++) {
        sched_yield();
        t = take_next(db);
    }
    return t;
}

/* The owner's own turn has ended: runs or lets run what queues, and returns after the commit. */
static void finish(struct sql_db *db, struct sql_turn *self)
{
    struct sql_turn *next;

    while ((next = next_in_transaction(db))) {
        if (!next->run) {
            atomic_store(&self->state, TURN_QUEUED);
            turn_wake(next, TURN_OWNER);
            turn_wait(self);
            return;
        }
        turn_begin(db); /* cannot fail: the transaction is open */
        turn_run(db, next);
    }
    commit_all(db, self);
}

/* --- what callers see --- */

enum store_status sql_write(struct sql_db *db,
                            enum store_status (*turn)(struct sql *s, void *context), void *context)
{
    struct sql_turn t = {.run = turn, .context = context};

    if (!own(db, &t))
        return t.status;
    if (turn_begin(db) != STORE_OK) {
        disown(db);
        return STORE_FAILED;
    }
    turn_run(db, &t);
    finish(db, &t);
    return t.status;
}

enum store_status sql_write_begin(struct sql_db *db, struct sql **out_sql)
{
    struct sql_turn t = {0};

    own(db, &t);
    if (turn_begin(db) != STORE_OK) {
        disown(db);
        return STORE_FAILED;
    }
    *out_sql = db->writer;
    return STORE_OK;
}

enum store_status sql_write_end(struct sql *s, enum store_status status)
{
    struct sql_turn t = {.status = status};

    assert(s->writer);
    turn_end(s, &t);
    finish(s->db, &t);
    return t.status;
}
