/* The SQL behind dynamodb_job_store.h. */
#include "storage/dynamodb_job_store.h"

#include "storage/dynamodb_internal.h"

/* --- expiry --- */

enum store_status ddb_expiry_put(struct ddb_session *s, int64_t table_id, int64_t expires_s,
                                 int64_t item_id)
{
    return sql_exec(s->sql,
                    "INSERT OR IGNORE INTO expiries (table_id, expires_s, item_id) "
                    "VALUES (?1, ?2, ?3)",
                    sql_int(table_id), sql_int(expires_s), sql_int(item_id));
}

enum store_status ddb_expiry_remove(struct ddb_session *s, int64_t table_id, int64_t expires_s,
                                    int64_t item_id)
{
    return sql_exec(s->sql,
                    "DELETE FROM expiries WHERE table_id = ?1 AND expires_s = ?2 AND item_id = ?3",
                    sql_int(table_id), sql_int(expires_s), sql_int(item_id));
}

enum store_status ddb_expiry_table(struct ddb_session *s, int64_t after, int64_t *out_table_id)
{
    struct sql_stmt *st = sql_query(
        s->sql, "SELECT table_id FROM expiries WHERE table_id > ?1 ORDER BY table_id LIMIT 1",
        sql_int(after));
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    *out_table_id = sql_column_int(st, 0);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_expiry_due(struct ddb_session *s, int64_t table_id, int64_t now_s,
                                 size_t limit, struct ddb_expiry *out, size_t *out_count)
{
    struct sql_stmt *st = sql_query(s->sql,
                                    "SELECT expires_s, item_id FROM expiries WHERE table_id = ?1 "
                                    "AND expires_s <= ?2 ORDER BY expires_s, item_id LIMIT ?3",
                                    sql_int(table_id), sql_int(now_s), sql_int((int64_t)limit));
    enum store_status rc;
    size_t count = 0;

    while ((rc = sql_step(st)) == STORE_OK) {
        out[count].expires_s = sql_column_int(st, 0);
        out[count++].item_id = sql_column_int(st, 1);
    }
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- jobs --- */

enum store_status ddb_job_insert(struct ddb_session *s, struct ddb_job *job)
{
    enum store_status rc = sql_exec(
        s->sql,
        "INSERT INTO jobs (kind, table_id, target_id, number, position, at_bucket, "
        "at_pk, at_sk) VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?6)",
        sql_int(job->kind), sql_int(job->table_id), sql_int(job->target_id), sql_int(job->number),
        sql_int(job->position), sql_blob((struct bytes){(const uint8_t *)"", 0}));

    if (rc == STORE_OK)
        job->id = sql_last_rowid(s->sql);
    return rc;
}

/* Present although it may be empty. */
static struct bytes column(struct sql_stmt *st, int index, struct arena *a)
{
    struct bytes b = sql_column_bytes(st, index, a);

    return b.data != NULL ? b : (struct bytes){(const uint8_t *)"", 0};
}

enum store_status ddb_job_next(struct ddb_session *s, int64_t after, struct arena *a,
                               struct ddb_job *out)
{
    struct sql_stmt *st = sql_query(s->sql,
                                    "SELECT id, kind, table_id, target_id, number, position, "
                                    "at_bucket, at_pk, at_sk FROM jobs WHERE id > ?1 "
                                    "ORDER BY id LIMIT 1",
                                    sql_int(after));
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    *out = (struct ddb_job){
        .id = sql_column_int(st, 0),
        .kind = (int)sql_column_int(st, 1),
        .table_id = sql_column_int(st, 2),
        .target_id = sql_column_int(st, 3),
        .number = sql_column_int(st, 4),
        .position = sql_column_int(st, 5),
        .at = {.bucket = (uint32_t)sql_column_int(st, 6),
               .pk = column(st, 7, a),
               .sk = column(st, 8, a)},
    };
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_job_save(struct ddb_session *s, const struct ddb_job *job)
{
    enum store_status rc =
        sql_exec(s->sql,
                 "UPDATE jobs SET kind = ?2, position = ?3, at_bucket = ?4, "
                 "at_pk = ?5, at_sk = ?6 WHERE id = ?1",
                 sql_int(job->id), sql_int(job->kind), sql_int(job->position),
                 sql_int(job->at.bucket), sql_blob(job->at.pk), sql_blob(job->at.sk));

    return rc == STORE_OK && sql_changes(s->sql) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status ddb_job_remove(struct ddb_session *s, int64_t job_id)
{
    return sql_exec(s->sql, "DELETE FROM jobs WHERE id = ?1", sql_int(job_id));
}

enum store_status ddb_job_uses(struct ddb_session *s, int64_t table_id, bool *out_uses)
{
    struct sql_stmt *st = sql_query(
        s->sql, "SELECT EXISTS (SELECT 1 FROM jobs WHERE table_id = ?1 OR target_id = ?1)",
        sql_int(table_id));
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    *out_uses = sql_column_int(st, 0);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_jobs_forget(struct ddb_session *s, int64_t table_id)
{
    return sql_exec(s->sql, "DELETE FROM jobs WHERE table_id = ?1 OR target_id = ?1",
                    sql_int(table_id));
}

/* --- counts --- */

static enum store_status one_count(struct sql_stmt *st, struct ddb_counted *out)
{
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    out->items = sql_column_int(st, 0);
    out->bytes = sql_column_int(st, 1);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_count_some(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                 int64_t limit, struct ddb_counted *out)
{
    *out = (struct ddb_counted){0};
    if (index_id != 0)
        return one_count(sql_query(s->sql,
                                   "SELECT count(*), coalesce(sum((SELECT size FROM items i WHERE "
                                   "i.id = e.item_id)), 0) FROM (SELECT item_id FROM entries WHERE "
                                   "index_id = ?1 LIMIT ?2) e",
                                   sql_int(index_id), sql_int(limit)),
                         out);
    return one_count(sql_query(s->sql,
                               "SELECT count(*), coalesce(sum(size), 0) FROM (SELECT size FROM "
                               "items WHERE table_id = ?1 LIMIT ?2)",
                               sql_int(table_id), sql_int(limit)),
                     out);
}

enum store_status ddb_count_range(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                  uint32_t first_bucket, uint32_t last_bucket,
                                  struct ddb_counted *out)
{
    *out = (struct ddb_counted){0};
    if (index_id != 0)
        return one_count(sql_query(s->sql,
                                   "SELECT count(*), coalesce(sum(i.size), 0) FROM entries e "
                                   "CROSS JOIN items i ON i.id = e.item_id WHERE e.index_id = ?1 "
                                   "AND e.bucket BETWEEN ?2 AND ?3",
                                   sql_int(index_id), sql_int(first_bucket), sql_int(last_bucket)),
                         out);
    return one_count(sql_query(s->sql,
                               "SELECT count(*), coalesce(sum(size), 0) FROM items WHERE "
                               "table_id = ?1 AND bucket BETWEEN ?2 AND ?3",
                               sql_int(table_id), sql_int(first_bucket), sql_int(last_bucket)),
                     out);
}

enum store_status ddb_count_get(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                struct ddb_counted *out)
{
    struct sql_stmt *st = sql_query(
        s->sql, "SELECT items, bytes, at_ms FROM counts WHERE table_id = ?1 AND index_id = ?2",
        sql_int(table_id), sql_int(index_id));
    enum store_status rc = sql_step(st);

    *out = (struct ddb_counted){0};
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    out->items = sql_column_int(st, 0);
    out->bytes = sql_column_int(st, 1);
    out->at_ms = sql_column_int(st, 2);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_count_set(struct ddb_session *s, int64_t table_id, int64_t index_id,
                                const struct ddb_counted *counted)
{
    return sql_exec(s->sql,
                    "INSERT OR REPLACE INTO counts (table_id, index_id, items, bytes, at_ms) "
                    "VALUES (?1, ?2, ?3, ?4, ?5)",
                    sql_int(table_id), sql_int(index_id), sql_int(counted->items),
                    sql_int(counted->bytes), sql_int(counted->at_ms));
}
