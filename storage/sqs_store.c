/*
 * Queues; sqs_message_store.c has their messages.
 *
 * Numbers are reserved in blocks: queue.next on disk runs ahead of what was given out, so that a
 * number is never given twice although most sends do not write it.
 */
#include "storage/sqs_store.h"

#include "server/base/embed.h"
#include "storage/scope.h"
#include "storage/secret.h"
#include "storage/sqs_internal.h"

#include <stdatomic.h>

enum { TRIM_STEP = 1000 }; /* messages removed in one turn: some milliseconds */

EMBED(storage_schema_sqs_001_sql);

static const struct sql_migration migrations[] = {
    {embed_storage_schema_sqs_001_sql},
};

struct sqs_store *sqs_store_open(struct store_root *root)
{
    struct sqs_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "sqs", migrations, ARRAY_LEN(migrations));
    return store;
}

void sqs_store_close(struct sqs_store *store)
{
    if (!store)
        return;
    lazy_free(store->db);
    free(store);
}

enum store_status sqs_store_secret(struct sqs_store *store, uint8_t out[SQS_SECRET_LEN])
{
    return secret_load(store->db, out, SQS_SECRET_LEN);
}

/* --- making and finding --- */

enum store_status sqs_store_create(struct sqs_store *store, const struct scope *scope,
                                   const struct sqs_new_queue *queue)
{
    int64_t scope_id;
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_scope_id(s, scope, true, &scope_id);
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO queue (scope, name, created_ms, modified_ms, settings, tags)"
                      " VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
                      sql_int(scope_id), sql_text(queue->name), sql_int(queue->created_ms),
                      sql_text(queue->settings), sql_text(queue->tags));
    return sql_write_end(s, rc);
}

static enum store_status find(struct sql *s, const struct scope *scope, const char *name,
                              struct arena *a, struct sqs_queue_row *out)
{
    struct sql_stmt *st;
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s, scope, false, &scope_id);

    if (rc != STORE_OK)
        return rc == STORE_LIMIT ? STORE_NOT_FOUND : rc;
    st = sql_query(s,
                   "SELECT id, created_ms, modified_ms, settings, next, purged, name FROM queue"
                   " WHERE scope = ?1 AND name = ?2",
                   sql_int(scope_id), sql_text(name));
    rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    *out = (struct sqs_queue_row){
        .id = sql_column_int(st, 0),
        .created_ms = sql_column_int(st, 1),
        .modified_ms = sql_column_int(st, 2),
        .settings = sql_column_text(st, 3, a),
        .next = sql_column_int(st, 4),
        .purged = sql_column_int(st, 5),
        .name = sql_column_text(st, 6, a),
    };
    sql_reset(st);
    return STORE_OK;
}

enum store_status sqs_store_find(struct sqs_store *store, const struct scope *scope,
                                 const char *name, struct arena *a, struct sqs_queue_row *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = find(s, scope, name, a, out);
    sql_read_end(s);
    return rc;
}

static enum store_status list(struct sql *s, const struct scope *scope, const char *prefix,
                              const char *after, size_t limit, struct arena *a, const char **names,
                              size_t *out_count)
{
    struct sql_stmt *st;
    int64_t scope_id;
    size_t count = 0;
    enum store_status rc = sql_scope_id(s, scope, false, &scope_id);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s,
                   "SELECT name FROM queue WHERE scope = ?1 AND name >= ?2 AND name > ?3"
                   " AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?4",
                   sql_int(scope_id), sql_text(prefix), sql_text(after), sql_int((int64_t)limit));
    while (count < limit && (rc = sql_step(st)) == STORE_OK)
        names[count++] = sql_column_text(st, 0, a);
    *out_count = count;
    return rc;
}

enum store_status sqs_store_list(struct sqs_store *store, const struct scope *scope,
                                 const char *prefix, const char *after, size_t limit,
                                 struct arena *a, const char ***out_names, size_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    *out_names = ARENA_ARRAY(a, const char *, limit);
    if (rc == STORE_OK) {
        rc = list(s, scope, prefix, after, limit, a, *out_names, out_count);
        sql_read_end(s);
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- changing --- */

enum store_status sqs_store_set(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                const char *settings, int64_t modified_ms)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s, "UPDATE queue SET settings = ?2, modified_ms = ?3 WHERE id = ?1",
                  sql_int(queue->id), sql_text(settings), sql_int(modified_ms));
    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    return sql_write_end(s, rc);
}

enum store_status sqs_store_tags(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                 struct arena *a, const char **out_json)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s, "SELECT tags FROM queue WHERE id = ?1", sql_int(queue->id));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_json = sql_column_text(st, 0, a);
    sql_read_end(s);
    return rc;
}

enum store_status sqs_store_set_tags(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                     const char *json)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc =
        sql_exec(s, "UPDATE queue SET tags = ?2 WHERE id = ?1", sql_int(queue->id), sql_text(json));
    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    return sql_write_end(s, rc);
}

/* --- what goes --- */

/* A range may be noted again before it was removed. */
static enum store_status note_gone(struct sql *s, int64_t first, int64_t last)
{
    return sql_exec(s,
                    "INSERT INTO gone (first, last) VALUES (?1, ?2)"
                    " ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
                    sql_int(first), sql_int(last));
}

static enum store_status delete_turn(struct sql *s, void *context)
{
    struct sqs_queue_ref *queue = context;
    enum store_status rc = sql_exec(s, "DELETE FROM queue WHERE id = ?1", sql_int(queue->id));

    if (rc == STORE_OK && sql_changes(s) == 0)
        return STORE_NOT_FOUND;
    if (rc == STORE_OK)
        rc = note_gone(s, sqs_row_id(queue->id, 0), sqs_row_id(queue->id + 1, 0) - 1);
    if (rc == STORE_OK)
        queue->gone = true; /* for those that come after this turn in the same commit */
    return rc;
}

enum store_status sqs_store_delete(struct sqs_store *store, struct sqs_queue_ref *queue)
{
    enum store_status rc = lazy_write(store->db, delete_turn, queue);

    if (rc == STORE_FAILED)
        queue->gone = false;
    return rc;
}

enum store_status sqs_store_purge(struct sqs_store *store, const struct sqs_queue_ref *queue,
                                  int64_t number)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s, "UPDATE queue SET purged = ?2 WHERE id = ?1", sql_int(queue->id),
                  sql_int(number));
    if (rc == STORE_OK)
        rc = note_gone(s, sqs_row_id(queue->id, 0), sqs_row_id(queue->id, number) - 1);
    return sql_write_end(s, rc);
}

/* Removes up to TRIM_STEP messages of the range; *out_more when it did not come to its end. */
static enum store_status trim_range(struct sql *s, int64_t first, int64_t last, bool *out_more)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT id FROM state WHERE id >= ?1 ORDER BY id LIMIT 1 OFFSET ?2",
                  sql_int(first), sql_int(TRIM_STEP));
    enum store_status rc = sql_step(st);
    int64_t end = last;

    if (rc == STORE_OK)
        end = MIN(last, sql_column_int(st, 0));
    else if (rc != STORE_NOT_FOUND)
        return rc;
    sql_reset(st);
    *out_more = end < last;
    rc = sql_exec(s, "DELETE FROM state WHERE id BETWEEN ?1 AND ?2", sql_int(first), sql_int(end));
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM message WHERE id BETWEEN ?1 AND ?2", sql_int(first),
                      sql_int(end));
    return rc;
}

static enum store_status trim_turn(struct sql *s, void *context)
{
    bool *more = context;
    struct sql_stmt *st = sql_prepare(s, "SELECT first, last FROM gone LIMIT 1");
    int64_t first, last;
    enum store_status rc = sql_step(st);

    *more = false;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    first = sql_column_int(st, 0);
    last = sql_column_int(st, 1);
    sql_reset(st);
    rc = trim_range(s, first, last, more);
    if (rc != STORE_OK || *more)
        return rc;
    *more = true; /* there may be another range */
    rc = sql_exec(s, "DELETE FROM dedup WHERE id BETWEEN ?1 AND ?2", sql_int(first), sql_int(last));
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM gone WHERE first = ?1", sql_int(first));
    return rc;
}

enum store_status sqs_store_trim(struct sqs_store *store, bool *out_more)
{
    return lazy_write(store->db, trim_turn, out_more);
}
