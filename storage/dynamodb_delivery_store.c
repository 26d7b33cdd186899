/* The SQL behind dynamodb_delivery_store.h. */
#include "storage/dynamodb_delivery_store.h"

#include "storage/dynamodb_internal.h"

#define COLUMNS "SELECT id, table_id, stream_arn, active, microseconds, next, problem "

enum store_status ddb_destination_set(struct ddb_session *s, const struct ddb_destination *d,
                                      bool restart)
{
    return sql_exec(s->sql,
                    "INSERT INTO destinations (table_id, stream_arn, active, microseconds, next, "
                    "problem) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (table_id, stream_arn) "
                    "DO UPDATE SET active = ?3, microseconds = ?4, problem = ?6, "
                    "next = iif(?7, ?5, next)",
                    sql_int(d->table_id), sql_text(d->stream_arn), sql_int(d->active),
                    sql_int(d->microseconds), sql_int(d->next), sql_text(d->problem),
                    sql_int(restart));
}

static void read_row(struct sql_stmt *st, struct arena *a, struct ddb_destination *out)
{
    *out = (struct ddb_destination){
        .id = sql_column_int(st, 0),
        .table_id = sql_column_int(st, 1),
        .stream_arn = sql_column_text(st, 2, a),
        .active = sql_column_int(st, 3),
        .microseconds = sql_column_int(st, 4),
        .next = sql_column_int(st, 5),
        .problem = sql_column_text(st, 6, a),
    };
}

enum store_status ddb_destination_list(struct ddb_session *s, int64_t table_id, size_t limit,
                                       struct arena *a, struct ddb_destination *out,
                                       size_t *out_count)
{
    struct sql_stmt *st =
        sql_query(s->sql, COLUMNS "FROM destinations WHERE table_id = ?1 ORDER BY id LIMIT ?2",
                  sql_int(table_id), sql_int((int64_t)limit));
    enum store_status rc;
    size_t count = 0;

    while ((rc = sql_step(st)) == STORE_OK)
        read_row(st, a, &out[count++]);
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status ddb_destination_next(struct ddb_session *s, int64_t after, struct arena *a,
                                       struct ddb_destination *out)
{
    struct sql_stmt *st =
        sql_query(s->sql, COLUMNS "FROM destinations WHERE active AND id > ?1 ORDER BY id LIMIT 1",
                  sql_int(after));
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    read_row(st, a, out);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_destination_advance(struct ddb_session *s, int64_t id, int64_t next)
{
    enum store_status rc =
        sql_exec(s->sql, "UPDATE destinations SET next = ?2 WHERE id = ?1 AND active", sql_int(id),
                 sql_int(next));

    return rc == STORE_OK && sql_changes(s->sql) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status ddb_destinations_forget(struct ddb_session *s, int64_t table_id)
{
    return sql_exec(s->sql, "DELETE FROM destinations WHERE table_id = ?1", sql_int(table_id));
}
