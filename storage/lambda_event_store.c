/*
 * Events that Lambda has accepted and not yet dealt with, in <data>/lambda.db.
 */
#include "storage/lambda_internal.h"

enum store_status lambda_store_event_add(struct lambda_store *s, const struct lambda_event *e)
{
    struct scope scope = {.account = e->account, .region = e->region};
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    return sql_write_end(
        sql, sql_exec(sql,
                      "INSERT INTO event (scope_id, function, arn, request_id, client_context, "
                      "payload, attempts, delays, accepted_ms, due_ms) VALUES (?1, ?2, ?3, ?4, ?5, "
                      "?6, ?7, ?8, ?9, ?10)",
                      sql_int(scope_id), sql_text(e->function), sql_text(e->arn),
                      sql_text(e->request_id), sql_text(e->client_context), sql_blob(e->payload),
                      sql_int(e->attempts), sql_int(e->delays), sql_int(e->accepted_ms),
                      sql_int(e->due_ms)));
}

enum store_status lambda_store_events_due(struct lambda_store *s, int64_t now_ms, int64_t *ids,
                                          size_t max, size_t *out_count, int64_t *out_next_ms)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    *out_count = 0;
    *out_next_ms = INT64_MAX;
    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct sql_stmt *st = sql_query(
        sql, "SELECT id, due_ms FROM event ORDER BY due_ms, id LIMIT ?1", sql_int((int64_t)max));
    while (!(rc = sql_step(st))) {
        int64_t due_ms = sql_column_int(st, 1);

        if (due_ms > now_ms) {
            *out_next_ms = due_ms;
            sql_reset(st);
            rc = STORE_NOT_FOUND;
            break;
        }
        ids[(*out_count)++] = sql_column_int(st, 0);
    }
    sql_read_end(sql);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

static void read_event(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_event *row = out;

    *row = (struct lambda_event){
        .id = sql_column_int(st, 0),
        .account = sql_column_text(st, 1, a),
        .region = sql_column_text(st, 2, a),
        .function = sql_column_text(st, 3, a),
        .arn = sql_column_text(st, 4, a),
        .request_id = sql_column_text(st, 5, a),
        .client_context = sql_column_text(st, 6, a),
        .payload = sql_column_bytes(st, 7, a),
        .attempts = (int)sql_column_int(st, 8),
        .delays = (int)sql_column_int(st, 9),
        .accepted_ms = sql_column_int(st, 10),
        .due_ms = sql_column_int(st, 11),
    };
}

enum store_status lambda_store_event_read(struct lambda_store *s, int64_t id, struct arena *a,
                                          struct lambda_event *out)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = sql_row(
        sql_query(
            sql,
            "SELECT event.id, account, region, function, arn, request_id, client_context, payload, "
            "attempts, delays, accepted_ms, due_ms FROM event JOIN scope ON scope.id = scope_id "
            "WHERE event.id = ?1",
            sql_int(id)),
        read_event, a, out);
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_event_delay(struct lambda_store *s, int64_t id, int attempts,
                                           int delays, int64_t due_ms)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    if (rc)
        return rc;
    return sql_write_end(
        sql, sql_exec(sql, "UPDATE event SET attempts = ?2, delays = ?3, due_ms = ?4 WHERE id = ?1",
                      sql_int(id), sql_int(attempts), sql_int(delays), sql_int(due_ms)));
}

enum store_status lambda_store_event_remove(struct lambda_store *s, int64_t id)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    if (rc)
        return rc;
    return sql_write_end(sql, sql_exec(sql, "DELETE FROM event WHERE id = ?1", sql_int(id)));
}
