/* The SQL behind dynamodb_log_store.h. */
#include "storage/dynamodb_log_store.h"

#include "storage/dynamodb_internal.h"
#include "storage/scope.h"

enum {
    NUMBER_BITS = 40,
    TRIM_STEP = 1000, /* changes removed in one write: few enough that other writers hardly wait */
};

static int64_t log_id(int64_t table_id, int64_t number)
{
    return (table_id << NUMBER_BITS) + number;
}

static int64_t number_of(int64_t id)
{
    return id & (((int64_t)1 << NUMBER_BITS) - 1);
}

/* --- the log --- */

enum store_status ddb_log_next(struct ddb_session *s, int64_t table_id, int64_t *out_number)
{
    struct sql_stmt *st = sql_query(
        s->sql, "SELECT id FROM changes WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT 1",
        sql_int(log_id(table_id, 0)), sql_int(log_id(table_id + 1, 0)));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK || rc == STORE_NOT_FOUND)
        *out_number = rc == STORE_OK ? number_of(sql_column_int(st, 0)) + 1 : 1;
    if (rc == STORE_OK)
        sql_reset(st);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status ddb_log_first(struct ddb_session *s, int64_t table_id, int64_t *out_number)
{
    struct sql_stmt *st =
        sql_query(s->sql, "SELECT id FROM changes WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 1",
                  sql_int(log_id(table_id, 0)), sql_int(log_id(table_id + 1, 0)));
    enum store_status rc = sql_step(st);

    if (rc == STORE_NOT_FOUND)
        return ddb_log_next(s, table_id, out_number);
    if (rc != STORE_OK)
        return rc;
    *out_number = number_of(sql_column_int(st, 0));
    sql_reset(st);
    return STORE_OK;
}

static struct sql_value image(struct bytes b)
{
    return b.data != NULL ? sql_blob(b) : (struct sql_value){.kind = SQL_NULL};
}

enum store_status ddb_log_append(struct ddb_session *s, int64_t table_id,
                                 const struct ddb_logged *change)
{
    int64_t number;
    enum store_status rc = ddb_log_next(s, table_id, &number);

    if (rc != STORE_OK)
        return rc;
    return sql_exec(s->sql,
                    "INSERT INTO changes (id, at_ms, cause, before, after) "
                    "VALUES (?1, ?2, ?3, ?4, ?5)",
                    sql_int(log_id(table_id, number)), sql_int(change->at_ms),
                    sql_int(change->cause), image(change->before), image(change->after));
}

/* Bisects: times hardly ever fall, since the log is written in the order of commits. */
enum store_status ddb_log_after(struct ddb_session *s, int64_t table_id, int64_t at_ms,
                                int64_t *out_number)
{
    int64_t low = 0;
    int64_t high = 0;
    enum store_status rc = ddb_log_first(s, table_id, &low);

    if (rc == STORE_OK)
        rc = ddb_log_next(s, table_id, &high);
    while (rc == STORE_OK && low < high) {
        int64_t middle = low + (high - low) / 2;
        struct sql_stmt *st =
            sql_query(s->sql, "SELECT id, at_ms FROM changes WHERE id >= ?1 ORDER BY id LIMIT 1",
                      sql_int(log_id(table_id, middle)));
        rc = sql_step(st);
        if (rc != STORE_OK)
            break;
        if (sql_column_int(st, 1) <= at_ms)
            low = number_of(sql_column_int(st, 0)) + 1;
        else
            high = middle;
        sql_reset(st);
    }
    *out_number = low;
    return rc;
}

static enum store_status read_rows(struct sql_stmt *st, const struct ddb_log_range *range,
                                   struct arena *a, struct ddb_logged *items, size_t *out_count)
{
    enum store_status rc = STORE_OK;
    size_t count = 0;
    size_t bytes = 0;

    while (count < range->count_max && (rc = sql_step(st)) == STORE_OK) {
        bytes += sql_column_blob(st, 3).len + sql_column_blob(st, 4).len;
        if (count > 0 && bytes > range->bytes_max)
            break;
        items[count++] = (struct ddb_logged){
            .number = number_of(sql_column_int(st, 0)),
            .at_ms = sql_column_int(st, 1),
            .cause = (enum ddb_cause)sql_column_int(st, 2),
            .before = sql_column_bytes(st, 3, a),
            .after = sql_column_bytes(st, 4, a),
        };
    }
    sql_reset(st);
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status ddb_log_read(struct ddb_session *s, const struct ddb_log_range *range,
                               struct arena *a, struct ddb_logged *items, size_t *out_count,
                               int64_t *out_next)
{
    struct sql_stmt *st = sql_query(
        s->sql,
        "SELECT id, at_ms, cause, before, after FROM changes WHERE id >= ?1 AND id < ?2 "
        "AND at_ms >= ?3 ORDER BY id LIMIT ?4",
        sql_int(log_id(range->table_id, range->from)), sql_int(log_id(range->table_id, range->to)),
        sql_int(range->not_before_ms), sql_int((int64_t)range->count_max));
    enum store_status rc = read_rows(st, range, a, items, out_count);

    *out_next = *out_count > 0 ? items[*out_count - 1].number + 1 : range->from;
    return rc;
}

enum store_status ddb_log_read_back(struct ddb_session *s, const struct ddb_log_range *range,
                                    struct arena *a, struct ddb_logged *items, size_t *out_count)
{
    struct sql_stmt *st =
        sql_query(s->sql,
                  "SELECT id, at_ms, cause, before, after FROM changes WHERE id >= ?1 AND id < ?2 "
                  "ORDER BY id DESC LIMIT ?3",
                  sql_int(log_id(range->table_id, range->from)),
                  sql_int(log_id(range->table_id, range->to)), sql_int((int64_t)range->count_max));

    return read_rows(st, range, a, items, out_count);
}

/* --- trimming --- */

struct trim_work {
    int64_t table_id; /* 0: no table has old changes */
    int64_t first;    /* its oldest one */
    int64_t before_ms;
    bool lives; /* the table is there: its newest change stays */
    bool old_streams;
    bool empty; /* nothing is left that may become too old */
};

/* The first table above `after` that has changes: its oldest one, and until when it keeps them. */
static enum store_status next_table(struct sql *sql, int64_t after, int64_t now_ms,
                                    int64_t *out_at_ms, struct trim_work *out)
{
    struct sql_stmt *st = sql_query(
        sql,
        "SELECT c.id, c.at_ms, t.keep_ms FROM changes c LEFT JOIN tables t ON t.id = c.id >> 40 "
        "WHERE c.id >= ?1 ORDER BY c.id LIMIT 1",
        sql_int(log_id(after + 1, 0)));
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    out->table_id = sql_column_int(st, 0) >> NUMBER_BITS;
    out->first = number_of(sql_column_int(st, 0));
    *out_at_ms = sql_column_int(st, 1);
    out->lives = !sql_column_is_null(st, 2);
    int64_t keep_ms = out->lives ? sql_column_int(st, 2) : 0;
    out->before_ms = now_ms - (keep_ms > 0 ? keep_ms : DDB_DAY_MS);
    sql_reset(st);
    return STORE_OK;
}

/* The first table that has something to remove. */
static enum store_status find_table(struct sql *sql, int64_t now_ms, struct trim_work *out)
{
    struct ddb_session s = {.sql = sql};
    int64_t at_ms;
    enum store_status rc;

    while ((rc = next_table(sql, out->table_id, now_ms, &at_ms, out)) == STORE_OK) {
        int64_t next = 0;
        if (at_ms >= out->before_ms) {
            out->empty = false;
            continue;
        }
        if (!out->lives)
            return STORE_OK;
        rc = ddb_log_next(&s, out->table_id, &next);
        if (rc != STORE_OK || out->first + 1 < next)
            return rc;
    }
    out->table_id = 0;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* What is to be done, found without writing. */
static enum store_status find_work(struct sql *sql, int64_t now_ms, struct trim_work *out)
{
    *out = (struct trim_work){.empty = true};
    enum store_status rc = find_table(sql, now_ms, out);
    if (rc != STORE_OK)
        return rc;
    struct sql_stmt *st =
        sql_query(sql, "SELECT coalesce(min(closed_ms) < ?1, 0), count(*) FROM streams",
                  sql_int(now_ms - DDB_DAY_MS));
    rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    out->old_streams = sql_column_int(st, 0);
    out->empty &= out->table_id == 0 && sql_column_int(st, 1) == 0;
    sql_reset(st);
    return STORE_OK;
}

static enum store_status trim_changes(struct ddb_session *s, const struct trim_work *w)
{
    int64_t end = log_id(w->table_id + 1, 0);

    if (w->lives) {
        int64_t next;
        enum store_status rc = ddb_log_next(s, w->table_id, &next);
        if (rc != STORE_OK)
            return rc;
        end = log_id(w->table_id, next - 1);
    }
    return sql_exec(
        s->sql, "DELETE FROM changes WHERE id >= ?1 AND id < ?2 AND id < ?1 + ?3 AND at_ms < ?4",
        sql_int(log_id(w->table_id, w->first)), sql_int(end), sql_int(TRIM_STEP),
        sql_int(w->before_ms));
}

struct trim_turn {
    struct trim_work work;
    int64_t now_ms;
};

static enum store_status trim_turn(struct sql *sql, void *context)
{
    const struct trim_turn *t = context;
    struct ddb_session s = {.sql = sql};
    enum store_status rc = STORE_OK;

    if (t->work.table_id != 0)
        rc = trim_changes(&s, &t->work);
    if (rc == STORE_OK && t->work.old_streams)
        rc = sql_exec(sql, "DELETE FROM streams WHERE closed_ms < ?1",
                      sql_int(t->now_ms - DDB_DAY_MS));
    return rc;
}

enum store_status ddb_log_trim(struct ddb_store *store, int64_t now_ms, bool *out_more,
                               bool *out_empty)
{
    struct trim_turn turn = {.now_ms = now_ms};
    struct sql *sql;
    enum store_status rc = lazy_read_begin(store->db, &sql);

    *out_more = false;
    *out_empty = rc == STORE_NOT_FOUND;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = find_work(sql, now_ms, &turn.work);
    sql_read_end(sql);
    if (rc != STORE_OK)
        return rc;
    *out_more = turn.work.table_id != 0;
    *out_empty = turn.work.empty;
    return *out_more || turn.work.old_streams ? lazy_write(store->db, trim_turn, &turn) : STORE_OK;
}

/* --- streams --- */

enum store_status ddb_stream_insert(struct ddb_session *s, const struct scope *scope,
                                    const struct ddb_stream_row *row)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, true, &scope_id);

    if (rc != STORE_OK)
        return rc;
    return sql_exec(s->sql,
                    "INSERT INTO streams (scope, table_name, label, table_id, view, created_ms, "
                    "first, definition) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    sql_int(scope_id), sql_text(row->table_name), sql_text(row->label),
                    sql_int(row->table_id), sql_int(row->view), sql_int(row->created_ms),
                    sql_int(row->first), sql_text(row->definition));
}

enum store_status ddb_stream_close(struct ddb_session *s, int64_t table_id, int64_t now_ms)
{
    int64_t next;
    enum store_status rc = ddb_log_next(s, table_id, &next);

    if (rc != STORE_OK)
        return rc;
    return sql_exec(
        s->sql,
        "UPDATE streams SET closed_ms = ?2, last = ?3 WHERE table_id = ?1 AND closed_ms IS NULL",
        sql_int(table_id), sql_int(now_ms), sql_int(next));
}

#define STREAM_COLUMNS                                                                             \
    "SELECT id, table_id, table_name, label, view, created_ms, first, coalesce(closed_ms, 0), "    \
    "coalesce(last, 0)"

static void read_stream(struct sql_stmt *st, const struct scope *scope, struct arena *a,
                        struct ddb_stream_row *out)
{
    *out = (struct ddb_stream_row){
        .id = sql_column_int(st, 0),
        .table_id = sql_column_int(st, 1),
        .account = arena_strdup(a, scope->account),
        .region = arena_strdup(a, scope->region),
        .table_name = sql_column_text(st, 2, a),
        .label = sql_column_text(st, 3, a),
        .view = (int)sql_column_int(st, 4),
        .created_ms = sql_column_int(st, 5),
        .first = sql_column_int(st, 6),
        .closed_ms = sql_column_int(st, 7),
        .last = sql_column_int(st, 8),
    };
}

enum store_status ddb_stream_find(struct ddb_session *s, const struct scope *scope,
                                  const char *table_name, const char *label, struct arena *a,
                                  struct ddb_stream_row *out)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);

    if (rc != STORE_OK)
        return rc;
    struct sql_stmt *st = sql_query(s->sql,
                                    STREAM_COLUMNS ", definition FROM streams WHERE scope = ?1 AND "
                                                   "table_name = ?2 AND label = ?3",
                                    sql_int(scope_id), sql_text(table_name), sql_text(label));
    rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    read_stream(st, scope, a, out);
    out->definition = sql_column_text(st, 9, a);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_stream_refresh(struct ddb_session *s, struct ddb_stream_row *row)
{
    struct sql_stmt *st = sql_query(
        s->sql, "SELECT coalesce(closed_ms, 0), coalesce(last, 0) FROM streams WHERE id = ?1",
        sql_int(row->id));
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    row->closed_ms = sql_column_int(st, 0);
    row->last = sql_column_int(st, 1);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_stream_list(struct ddb_session *s, const struct scope *scope,
                                  const char *table_name, int64_t after, size_t limit,
                                  struct arena *a, struct ddb_stream_row *rows, size_t *out_count)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);
    size_t count = 0;

    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct sql_stmt *st =
        sql_query(s->sql,
                  STREAM_COLUMNS " FROM streams WHERE scope = ?1 AND id > ?2 AND "
                                 "(?3 = '' OR table_name = ?3) ORDER BY id LIMIT ?4",
                  sql_int(scope_id), sql_int(after), sql_text(table_name != NULL ? table_name : ""),
                  sql_int((int64_t)limit));
    while ((rc = sql_step(st)) == STORE_OK)
        read_stream(st, scope, a, &rows[count++]);
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}
