/*
 * Statements: a cache per connection, parameters, rows.
 *
 * The cache finds a statement by the address of its text and then compares the text, so it is right
 * even for a text that was built, if wasteful. A statement that is busy (a loop inside a loop over
 * the same text) is passed over and another one is made. Whatever a holder leaves unfinished is
 * reset when its connection is handed back.
 */
#include "storage/sql.h"

#include "server/base/log.h"
#include "storage/storage.h"

static struct sql_stmt **bucket_of(struct sql *s, const char *text)
{
    uintptr_t h = (uintptr_t)text >> 3;

    return &s->buckets[(h ^ h >> 7) % STATEMENT_BUCKETS];
}

static sqlite3_stmt *compile(struct sql *s, const char *text)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(s->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);

    if (rc == SQLITE_OK)
        return st;
    sql_log_failure(s, text);
    if ((rc & 0xff) == SQLITE_ERROR)
        abort(); /* the text is wrong: our bug */
    return NULL;
}

static struct sql_stmt *find_free(struct sql *s, const char *text)
{
    for (struct sql_stmt *st = *bucket_of(s, text); st; st = st->next) {
        if (st->text == text && !st->busy && st->st && str_eq(sqlite3_sql(st->st), text))
            return st;
    }
    return NULL;
}

static struct sql_stmt *make(struct sql *s, const char *text)
{
    struct sql_stmt **bucket = bucket_of(s, text);
    struct sql_stmt *st = x_calloc(1, sizeof(*st));

    st->owner = s;
    st->text = text;
    st->st = compile(s, text);
    st->writes = st->st && !sqlite3_stmt_readonly(st->st);
    st->next = *bucket;
    *bucket = st;
    return st;
}

struct sql_stmt *sql_prepare(struct sql *s, const char *sql_text)
{
    struct sql_stmt *st = find_free(s, sql_text);

    if (!st)
        st = make(s, sql_text);
    st->busy = true;
    st->failed = false;
    return st;
}

void sql_reset(struct sql_stmt *st)
{
    if (!st->busy)
        return;
    if (st->st) {
        sqlite3_reset(st->st);
        sqlite3_clear_bindings(st->st);
    }
    st->busy = false;
}

void sql_reset_all(struct sql *s)
{
    for (size_t i = 0; i < STATEMENT_BUCKETS; i++) {
        struct sql_stmt **link = &s->buckets[i];
        while (*link) {
            struct sql_stmt *st = *link;
            sql_reset(st);
            if (st->st) {
                link = &st->next;
            } else { /* could not be compiled this time */
                *link = st->next;
                free(st);
            }
        }
    }
}

/* --- running --- */

static enum store_status fail(struct sql_stmt *st, int rc)
{
    struct sql *s = st->owner;
    bool exists = rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                  rc == SQLITE_CONSTRAINT_ROWID;

    if (!exists)
        sql_log_failure(s, st->text);
    sql_reset(st);
    if (s->writer)
        sql_write_check(s);
    return exists ? STORE_EXISTS : STORE_FAILED;
}

enum store_status sql_step(struct sql_stmt *st)
{
    struct sql *s = st->owner;
    int rc;

    if (!st->st || st->failed || s->broken ||
        (st->writes && !s->touched && sql_write_touch(s) != STORE_OK)) {
        sql_reset(st);
        return STORE_FAILED;
    }
    rc = sqlite3_step(st->st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return fail(st, rc);
    s->changed |= st->writes;
    if (rc == SQLITE_ROW)
        return STORE_OK;
    sql_reset(st);
    return STORE_NOT_FOUND;
}

enum store_status sql_run(struct sql_stmt *st)
{
    enum store_status rc = sql_step(st);

    sql_reset(st);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status sql_control(struct sql *s, const char *sql_text)
{
    struct sql_stmt *st = sql_prepare(s, sql_text);
    int rc = st->st ? sqlite3_step(st->st) : SQLITE_ERROR;

    if (st->st && rc != SQLITE_DONE)
        sql_log_failure(s, sql_text);
    sql_reset(st);
    return rc == SQLITE_DONE ? STORE_OK : STORE_FAILED;
}

/* --- parameters --- */

/* What cannot be bound (more than SQLite's gigabyte) makes the statement fail when it is run. */
static void bound(struct sql_stmt *st, int rc)
{
    if (rc == SQLITE_OK || !st->st)
        return;
    assert(rc != SQLITE_RANGE && rc != SQLITE_MISUSE);
    sql_log_failure(st->owner, st->text);
    st->failed = true;
}

void sql_bind_int(struct sql_stmt *st, int index, int64_t value)
{
    if (st->st)
        bound(st, sqlite3_bind_int64(st->st, index, value));
}

void sql_bind_double(struct sql_stmt *st, int index, double value)
{
    if (st->st)
        bound(st, sqlite3_bind_double(st->st, index, value));
}

void sql_bind_text(struct sql_stmt *st, int index, const char *text)
{
    if (st->st && text)
        bound(st,
              sqlite3_bind_text64(st->st, index, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8));
    else
        sql_bind_null(st, index);
}

void sql_bind_blob(struct sql_stmt *st, int index, const void *data, size_t len)
{
    if (st->st && data)
        bound(st, sqlite3_bind_blob64(st->st, index, data, len, SQLITE_STATIC));
    else
        sql_bind_null(st, index);
}

void sql_bind_null(struct sql_stmt *st, int index)
{
    if (st->st)
        bound(st, sqlite3_bind_null(st->st, index));
}

static void bind(struct sql_stmt *st, int index, const struct sql_value *value)
{
    switch (value->kind) {
    case SQL_NULL:
        sql_bind_null(st, index);
        break;
    case SQL_INT:
        sql_bind_int(st, index, value->integer);
        break;
    case SQL_DOUBLE:
        sql_bind_double(st, index, value->real);
        break;
    case SQL_TEXT:
        sql_bind_text(st, index, value->text);
        break;
    case SQL_BLOB:
        sql_bind_blob(st, index, value->bytes.data, value->bytes.len);
        break;
    }
}

struct sql_stmt *sql_query_values(struct sql *s, const char *text, const struct sql_value *values,
                                  size_t count)
{
    struct sql_stmt *st = sql_prepare(s, text);

    for (size_t i = 0; i < count; i++)
        bind(st, (int)i + 1, &values[i]);
    return st;
}

/* --- rows --- */

int64_t sql_column_int(struct sql_stmt *st, int column)
{
    return sqlite3_column_int64(st->st, column);
}

double sql_column_double(struct sql_stmt *st, int column)
{
    return sqlite3_column_double(st->st, column);
}

bool sql_column_is_null(struct sql_stmt *st, int column)
{
    return sqlite3_column_type(st->st, column) == SQLITE_NULL;
}

struct bytes sql_column_blob(struct sql_stmt *st, int column)
{
    const void *data = sqlite3_column_blob(st->st, column);
    size_t len = (size_t)sqlite3_column_bytes(st->st, column);

    if (!data && !sql_column_is_null(st, column))
        data = ""; /* SQLite has no address for a value without bytes */
    return (struct bytes){.data = data, .len = len};
}

char *sql_column_text(struct sql_stmt *st, int column, struct arena *a)
{
    struct bytes text = sql_column_blob(st, column);

    return text.data ? arena_strndup(a, (const char *)text.data, text.len) : NULL;
}

struct bytes sql_column_bytes(struct sql_stmt *st, int column, struct arena *a)
{
    struct bytes b = sql_column_blob(st, column);

    if (b.data)
        b.data = arena_memdup(a, b.data, b.len);
    return b;
}

enum store_status sql_row(struct sql_stmt *st,
                          void (*read)(struct sql_stmt *st, struct arena *a, void *out),
                          struct arena *a, void *out)
{
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK)
        read(st, a, out);
    sql_reset(st);
    return rc;
}

enum store_status sql_rows_sized(struct sql_stmt *st,
                                 void (*read)(struct sql_stmt *st, struct arena *a, void *out),
                                 struct arena *a, void *items, size_t item_size, size_t max,
                                 size_t *out_count)
{
    enum store_status rc = STORE_OK;
    size_t count = 0;

    while (count < max && (rc = sql_step(st)) == STORE_OK)
        read(st, a, (char *)items + item_size * count++);
    sql_reset(st);
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

int64_t sql_last_rowid(struct sql *s)
{
    return sqlite3_last_insert_rowid(s->handle);
}

int64_t sql_changes(struct sql *s)
{
    return sqlite3_changes64(s->handle);
}
