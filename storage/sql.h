/*
 * One SQLite database: one writer at a time, readers beside it and never behind it.
 *
 * Writers that come at the same moment share a commit: each runs its statements in turn inside one
 * open transaction, as a savepoint of its own, and sql_write_end() returns when the shared
 * transaction has been committed. So an acknowledged write survives kill -9 (WAL,
 * synchronous=NORMAL; FULL with --durability=full), and a write costs a fraction of a commit.
 *
 * Readers see the last committed state, each on a connection of its own. Statements are cached per
 * connection by their SQL text, which must be a constant (the cache compares pointers first).
 *
 * Nothing of SQLite is visible outside storage/: a store wraps this and shows typed functions.
 */
#ifndef CADABRA_SQL_H
#define CADABRA_SQL_H

#include "server/base/arena.h"
#include "storage/store.h"

struct sql_db;
struct sql;      /* one connection while it is held: a read or a write in progress */
struct sql_stmt; /* one prepared statement while it is held */

struct sql_migration {
    const char *sql; /* applied in order, once each; PRAGMA user_version counts them */
};

/* Opens or creates <data>/<name>.db, or a database in memory, and migrates it. NULL after logging
 * why. */
struct sql_db *sql_open(struct store_root *root, const char *name,
                        const struct sql_migration *migrations, size_t migration_count);
void sql_close(struct sql_db *db);

/* A read: sees one snapshot from begin to end. */
enum store_status sql_read_begin(struct sql_db *db, struct sql **out_sql);
void sql_read_end(struct sql *s);

/*
 * A write as a function: runs turn(s, context) and commits, or takes it back when it returns
 * anything but STORE_OK. What it returned is returned, or STORE_FAILED when the commit failed. The
 * turn may run in another thread, which commits for many at once: that is the fast way to write, to
 * be taken for what is written often. It must be short, touch nothing but s and context, and not
 * wait for anything.
 */
enum store_status sql_write(struct sql_db *db,
                            enum store_status (*turn)(struct sql *s, void *context), void *context);

/* The same as a span of code. It reads its own writes and those of the writers before it in the
 * same commit. sql_write_end(s, STORE_OK) commits and returns how that went; any other status rolls
 * this writer's part back and is returned as it is. */
enum store_status sql_write_begin(struct sql_db *db, struct sql **out_sql);
enum store_status sql_write_end(struct sql *s, enum store_status status);

/* In a write, before its first change: this turn changes something with one statement at most, and
 * fails if that statement does. A turn that says so costs no savepoint, into which SQLite copies
 * every page that the turn touches. If it does not keep its word, all that share its commit fail.
 */
void sql_one_change(struct sql *s);

/* The statement of that text, ready to be bound. Never NULL: a text that does not compile is our
 * bug and aborts. */
struct sql_stmt *sql_prepare(struct sql *s, const char *sql_text);
/* Parameters count from 1. Bytes and text are borrowed until the statement is reset. NULL binds
 * NULL. */
void sql_bind_int(struct sql_stmt *st, int index, int64_t value);
void sql_bind_double(struct sql_stmt *st, int index, double value);
void sql_bind_text(struct sql_stmt *st, int index, const char *text);
void sql_bind_blob(struct sql_stmt *st, int index, const void *data, size_t len);
void sql_bind_null(struct sql_stmt *st, int index);

/* A parameter with its type, for the two below. Bytes and text are borrowed as in sql_bind_*. */
struct sql_value {
    enum { SQL_NULL, SQL_INT, SQL_DOUBLE, SQL_TEXT, SQL_BLOB } kind;
    union {
        int64_t integer;
        double real;
        struct bytes bytes;
        const char *text;
    };
};

static inline struct sql_value sql_int(int64_t value)
{
    return (struct sql_value){.kind = SQL_INT, .integer = value};
}

static inline struct sql_value sql_real(double value)
{
    return (struct sql_value){.kind = SQL_DOUBLE, .real = value};
}

static inline struct sql_value sql_text(const char *value)
{
    return (struct sql_value){.kind = SQL_TEXT, .text = value};
}

static inline struct sql_value sql_blob(struct bytes value)
{
    return (struct sql_value){.kind = SQL_BLOB, .bytes = value};
}

/* sql_prepare() and all its parameters: sql_query(s, "SELECT ... ?1, ?2", sql_int(id),
 * sql_text(name)). At least one. */
struct sql_stmt *sql_query_values(struct sql *s, const char *sql_text,
                                  const struct sql_value *values, size_t count);
#define sql_query(s, sql_text, ...)                                                                \
    sql_query_values((s), (sql_text), (const struct sql_value[]){__VA_ARGS__},                     \
                     ARRAY_LEN(((const struct sql_value[]){__VA_ARGS__})))
/* The same and sql_run(): one statement without rows, as one expression. */
#define sql_exec(s, sql_text, ...) sql_run(sql_query((s), (sql_text), __VA_ARGS__))

/* STORE_OK: a row is there. STORE_NOT_FOUND: no more rows; the statement is reset. Else: the
 * failure, logged, reset. */
enum store_status sql_step(struct sql_stmt *st);
/* For statements without rows: STORE_OK, STORE_EXISTS on a uniqueness conflict, or the failure.
 * Resets it. */
enum store_status sql_run(struct sql_stmt *st);
/* Ends a statement whose rows were not all read. */
void sql_reset(struct sql_stmt *st);

/* Columns count from 0 and are valid until the next step or reset. */
int64_t sql_column_int(struct sql_stmt *st, int column);
double sql_column_double(struct sql_stmt *st, int column);
bool sql_column_is_null(struct sql_stmt *st, int column);
struct bytes sql_column_blob(struct sql_stmt *st, int column); /* borrowed from SQLite */
/* Copies into the arena; NULL for NULL. */
char *sql_column_text(struct sql_stmt *st, int column, struct arena *a);
struct bytes sql_column_bytes(struct sql_stmt *st, int column, struct arena *a);

/* The first row alone: read() fills *out, of the type that it expects, from it. STORE_NOT_FOUND
 * where there is none. Resets the statement. */
enum store_status sql_row(struct sql_stmt *st,
                          void (*read)(struct sql_stmt *st, struct arena *a, void *out),
                          struct arena *a, void *out);
/* All rows, at most max of them, into the array `items`, each filled by read(). Having none is
 * STORE_OK: *out_count says how many there were. Resets the statement. */
#define sql_rows(st, read, a, items, max, out_count)                                               \
    sql_rows_sized((st), (read), (a), (items), sizeof(*(items)), (max), (out_count))
enum store_status sql_rows_sized(struct sql_stmt *st,
                                 void (*read)(struct sql_stmt *st, struct arena *a, void *out),
                                 struct arena *a, void *items, size_t item_size, size_t max,
                                 size_t *out_count);

int64_t sql_last_rowid(struct sql *s);
int64_t sql_changes(struct sql *s);

#endif
