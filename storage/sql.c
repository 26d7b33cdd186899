/*
 * Databases and their connections: opening, migrating, and the pool of readers.
 *
 * Each connection is used by one thread at a time, so SQLite's own mutexes are off. The writer is
 * one connection, kept for the life of the database (sql_write.c); readers are opened when they are
 * needed, and some are kept.
 */
#include "storage/sql.h"

#include "server/base/embed.h"
#include "server/base/log.h"
#include "storage/storage.h"

EMBED(storage_schema_scope_sql);

enum {
    WRITER_CACHE_KIB = 2048,
    READER_CACHE_KIB = 256,
    READERS_KEPT = 32,         /* to open one costs more than ten reads */
    LOG_KEPT_BYTES = 64 << 20, /* a log that became longer is cut when it starts anew */
    BUSY_MS = 2000, /* only a checkpoint ever waits: there is one writer, and nobody else has the
                       directory */
};

/* Once for the process, before SQLite starts: its allocation statistics cost a global lock per
 * allocation. */
static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_initialize();
}

/* --- connections --- */

static bool pragma(struct sql *s, const char *format, ...) PRINTF_LIKE(2, 3);
static bool pragma(struct sql *s, const char *format, ...)
{
    char text[96];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (sqlite3_exec(s->handle, text, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    sql_log_failure(s, text);
    return false;
}

static bool set_up(struct sql *s)
{
    const struct store_root *root = s->db->root;
    const char *sync = root->temporary ? "OFF" : root->durability_full ? "FULL" : "NORMAL";

    sqlite3_busy_timeout(s->handle, BUSY_MS);
    sqlite3_extended_result_codes(s->handle, 1);
    if (!pragma(s, "PRAGMA temp_store = MEMORY") ||
        !pragma(s, "PRAGMA cache_size = -%d", s->writer ? WRITER_CACHE_KIB : READER_CACHE_KIB))
        return false;
    if (!s->writer)
        return pragma(s, "PRAGMA query_only = ON");
    return pragma(s, "PRAGMA journal_mode = WAL") && pragma(s, "PRAGMA synchronous = %s", sync) &&
           pragma(s, "PRAGMA journal_size_limit = %d", LOG_KEPT_BYTES) &&
           pragma(s, "PRAGMA foreign_keys = ON");
}

static struct sql *connect_to(struct sql_db *db, bool writer)
{
    struct sql *s = x_calloc(1, sizeof(*s));
    const int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writer ? SQLITE_OPEN_CREATE : 0);

    s->db = db;
    s->writer = writer;
    sql_vfs_register();
    if (sqlite3_open_v2(db->path, &s->handle, flags, SQL_VFS) != SQLITE_OK) {
        sql_log_failure(s, "open");
        sql_disconnect(s);
        return NULL;
    }
    if (!set_up(s)) {
        sql_disconnect(s);
        return NULL;
    }
    return s;
}

void sql_disconnect(struct sql *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < STATEMENT_BUCKETS; i++) {
        while (s->buckets[i]) {
            struct sql_stmt *st = s->buckets[i];
            s->buckets[i] = st->next;
            sqlite3_finalize(st->st);
            free(st);
        }
    }
    if (sqlite3_close(s->handle) != SQLITE_OK)
        sql_log_failure(s, "close");
    free(s);
}

void sql_log_failure(struct sql *s, const char *what)
{
    log_error("%s: %s (%d): %s", s->db->path,
              s->handle ? sqlite3_errmsg(s->handle) : "out of memory",
              s->handle ? sqlite3_extended_errcode(s->handle) : SQLITE_NOMEM, what);
}

/* --- migrations --- */

static bool read_version(struct sql *s, int64_t *out_version)
{
    sqlite3_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(s->handle, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK &&
              sqlite3_step(st) == SQLITE_ROW;

    if (ok)
        *out_version = sqlite3_column_int64(st, 0);
    else
        sql_log_failure(s, "PRAGMA user_version");
    sqlite3_finalize(st);
    return ok;
}

/* One step and its number, or neither. */
static bool migrate_one(struct sql *s, const char *text, int64_t version)
{
    AUTO_FREE char *number = x_asprintf("PRAGMA user_version = %" PRId64, version);
    const char *const parts[] = {"BEGIN IMMEDIATE", text, number, "COMMIT"};

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (sqlite3_exec(s->handle, parts[i], NULL, NULL, NULL) == SQLITE_OK)
            continue;
        sql_log_failure(s, parts[i]);
        if (!sqlite3_get_autocommit(s->handle))
            sqlite3_exec(s->handle, "ROLLBACK", NULL, NULL, NULL);
        return false;
    }
    return true;
}

/* user_version 0 is an empty file; 1 has the scope table; 1 + n has n migrations. */
static bool migrate(struct sql *s, const struct sql_migration *migrations, size_t count)
{
    int64_t version;

    if (!read_version(s, &version))
        return false;
    if (version < 0 || version > (int64_t)count + 1) {
        log_error("%s was written by a newer version of this program (schema %" PRId64
                  ", known up to %zu)",
                  s->db->path, version, count + 1);
        return false;
    }
    if (version == 0) {
        if (!migrate_one(s, embed_storage_schema_scope_sql, 1))
            return false;
        version = 1;
    }
    for (; version <= (int64_t)count; version++) {
        if (!migrate_one(s, migrations[version - 1].sql, version + 1))
            return false;
    }
    return true;
}

/* --- databases --- */

struct sql_db *sql_open(struct store_root *root, const char *name,
                        const struct sql_migration *migrations, size_t migration_count)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sql_db *db = x_calloc(1, sizeof(*db));

    pthread_once(&once, configure_library);
    db->root = root;
    db->name = x_strdup(name);
    db->path = x_asprintf("%s/%s.db", root->directory, name);
    pthread_mutex_init(&db->lock, NULL);
    db->writer = connect_to(db, true);
    if (!db->writer || !migrate(db->writer, migrations, migration_count)) {
        sql_close(db);
        return NULL;
    }
    sql_write_prepare(db);
    return db;
}

void sql_close(struct sql_db *db)
{
    if (!db)
        return;
    while (db->idle) {
        struct sql *s = db->idle;
        db->idle = s->next_idle;
        sql_disconnect(s);
    }
    sql_disconnect(
        db->writer); /* the last one: it moves the log into the database and removes it */
    pthread_mutex_destroy(&db->lock);
    free(db->path);
    free(db->name);
    free(db);
}

/* --- readers --- */

static struct sql *take_idle(struct sql_db *db)
{
    struct sql *s;

    pthread_mutex_lock(&db->lock);
    s = db->idle;
    if (s) {
        db->idle = s->next_idle;
        db->idle_count--;
    }
    pthread_mutex_unlock(&db->lock);
    return s;
}

/* Keeps the connection for the next reader, unless enough are kept. */
static void give_back(struct sql *s)
{
    struct sql_db *db = s->db;
    bool kept;

    pthread_mutex_lock(&db->lock);
    kept = db->idle_count < READERS_KEPT;
    if (kept) {
        s->next_idle = db->idle;
        db->idle = s;
        db->idle_count++;
    }
    pthread_mutex_unlock(&db->lock);
    if (!kept)
        sql_disconnect(s);
}

enum store_status sql_read_begin(struct sql_db *db, struct sql **out_sql)
{
    struct sql *s = take_idle(db);

    if (!s)
        s = connect_to(db, false);
    if (!s)
        return STORE_FAILED;
    if (sql_control(s, "BEGIN") != STORE_OK) {
        sql_disconnect(s);
        return STORE_FAILED;
    }
    *out_sql = s;
    return STORE_OK;
}

void sql_read_end(struct sql *s)
{
    sql_reset_all(s);
    if (!sqlite3_get_autocommit(s->handle) && sql_control(s, "COMMIT") != STORE_OK) {
        sql_disconnect(s); /* a connection that cannot even end a read is not used again */
        return;
    }
    give_back(s);
}
