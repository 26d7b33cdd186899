/*
 * What the files of storage/ share among themselves. Nobody else includes this.
 *
 * Lock order: sql_db.write_lock, then sql_db.lock. Neither is held while a caller's code runs,
 * except write_lock, which is the caller's turn to write.
 */
#ifndef CADABRA_STORAGE_H
#define CADABRA_STORAGE_H

#include "storage/sql.h"

#include <pthread.h>
#include <sqlite3.h>

struct store_root {
    char *directory;
    int lock_fd;
    bool temporary; /* --memory: the directory goes when it is closed, and nothing is ever synced */
    bool durability_full;
    struct writeback *writeback;
};

/* Removes everything below the directory but the entry `keep` (may be NULL) at its top. False after
 * logging. */
bool store_remove_below(const char *directory, const char *keep);

enum {
    SCOPE_CACHE_SLOTS = 64,
    SCOPE_PENDING_MAX = 8,
    STATEMENT_BUCKETS = 32,
};

struct scope_entry {
    int64_t id; /* 0: the slot is empty */
    char account[16];
    char region[40];
};

struct sql_stmt {
    struct sql *owner;
    const char *text;
    sqlite3_stmt *st;      /* NULL when it could not be made; the cause has been logged */
    struct sql_stmt *next; /* in its bucket */
    bool busy;             /* handed out by sql_prepare and not yet reset */
    bool writes;
    bool failed; /* a bind failed */
};

struct sql {
    struct sql_db *db;
    sqlite3 *handle;
    struct sql_stmt *buckets[STATEMENT_BUCKETS];
    struct sql *next_idle; /* readers; guarded by db->lock */
    bool writer;
    /* The writer's present turn; the owner's. */
    bool touched;   /* this turn has changed something */
    bool savepoint; /* this turn has a savepoint open */
    bool single;    /* it said sql_one_change() */
    bool changed;   /* and its change was made */
    bool broken;    /* SQLite gave up the whole transaction in this turn */
};

struct sql_turn; /* sql_write.c */
struct sql_turn_list {
    struct sql_turn *first;
    struct sql_turn *last;
};

struct sql_db {
    struct store_root *root;
    char *name;
    char *path;

    /* The writer connection and what belongs to it are the owner's alone, down to the blank line.
     */
    struct sql *writer;
    struct sql_turn_list
        unacknowledged; /* took part in the open transaction, wait for its commit */
    unsigned turns;     /* how many took part in the open transaction */
    int64_t began_us;
    unsigned last_turns; /* of the last transaction that was committed */
    pthread_t last_committer;
    int64_t last_commit_us;
    int wal_frames; /* as of the last commit */
    int wal_sent;   /* of them on their way to the disk */
    int wal_retry;  /* no checkpoint is tried before the log has that many frames */
    struct scope_entry scope_pending[SCOPE_PENDING_MAX]; /* seen in the open transaction */
    unsigned scope_pending_count;
    unsigned scope_pending_before; /* the count when this turn began */

    pthread_mutex_t lock;
    bool owned;                 /* somebody owns the writer; guarded by lock, like all below */
    struct sql_turn_list queue; /* those who wait for it, oldest first */
    struct sql *idle;           /* readers that are free */
    unsigned idle_count;
    struct scope_entry scope_cache[SCOPE_CACHE_SLOTS];
};

/* The file system under all databases, which writes the log in runs (wal_file.c); to be registered
 * before one is opened. */
#define SQL_VFS "cadabra"
void sql_vfs_register(void);

/* Logs what SQLite says of the connection's last failure, and what was tried. */
void sql_log_failure(struct sql *s, const char *what);
/* Runs a statement of ours that has no rows and no parameters (BEGIN, COMMIT). */
enum store_status sql_control(struct sql *s, const char *sql_text);
/* Resets whatever its holder left unfinished. */
void sql_reset_all(struct sql *s);
/* Finalizes all and closes the connection. NULL is fine. */
void sql_disconnect(struct sql *s);
/* Once, when the database has been opened: follows the log's length. */
void sql_write_prepare(struct sql_db *db);
/* Before the first change of a turn: makes it possible to take the turn back. */
enum store_status sql_write_touch(struct sql *s);
/* After a failed statement: notes whether SQLite has given up the transaction. */
void sql_write_check(struct sql *s);
/* Puts what the committed transaction has seen into the cache. */
void sql_scope_committed(struct sql_db *db);

#endif
