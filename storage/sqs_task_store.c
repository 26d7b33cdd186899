/* Tasks that move messages out of dead-letter queues. */
#include "storage/scope.h"
#include "storage/sqs_internal.h"

enum { TASKS_KEPT = 10 }; /* per source: as many as can be listed */

#define TASK_COLUMNS                                                                               \
    "id, handle, source, destination, rate, status, moved, to_move, failure, started_ms"

static void read_task(struct sql_stmt *st, struct arena *a, struct sqs_task *out)
{
    *out = (struct sqs_task){
        .id = sql_column_int(st, 0),
        .handle = sql_column_text(st, 1, a),
        .source = sql_column_text(st, 2, a),
        .destination = sql_column_text(st, 3, a),
        .rate = (int32_t)sql_column_int(st, 4),
        .status = (enum sqs_task_status)sql_column_int(st, 5),
        .moved = sql_column_int(st, 6),
        .to_move = sql_column_int(st, 7),
        .failure = sql_column_text(st, 8, a),
        .started_ms = sql_column_int(st, 9),
    };
}

/* The first column of the first row; 0 when there is none. */
static enum store_status read_int(struct sql_stmt *st, int64_t *out)
{
    enum store_status rc = sql_step(st);

    *out = rc == STORE_OK ? sql_column_int(st, 0) : 0;
    sql_reset(st);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

static enum store_status add(struct sql *s, const struct scope *scope, struct sqs_task *task)
{
    int64_t active, scope_id;
    enum store_status rc = sql_scope_id(s, scope, true, &scope_id);

    if (rc == STORE_OK)
        rc = read_int(sql_query(s,
                                "SELECT count(*) FROM move_task WHERE source = ?1"
                                " AND status IN (?2, ?3)",
                                sql_text(task->source), sql_int(SQS_TASK_RUNNING),
                                sql_int(SQS_TASK_CANCELLING)),
                      &active);
    if (rc == STORE_OK && active > 0)
        return STORE_EXISTS;
    if (rc == STORE_OK)
        rc = read_int(sql_query(s,
                                "SELECT count(*) FROM move_task WHERE scope = ?1"
                                " AND status IN (?2, ?3)",
                                sql_int(scope_id), sql_int(SQS_TASK_RUNNING),
                                sql_int(SQS_TASK_CANCELLING)),
                      &active);
    if (rc == STORE_OK && active >= SQS_TASKS_MAX)
        return STORE_LIMIT;
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO move_task (scope, handle, source, destination, rate, status,"
                      " moved, to_move, started_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8)",
                      sql_int(scope_id), sql_text(task->handle), sql_text(task->source),
                      sql_text(task->destination), sql_int(task->rate), sql_int(SQS_TASK_RUNNING),
                      sql_int(task->to_move), sql_int(task->started_ms));
    if (rc != STORE_OK)
        return rc;
    task->id = sql_last_rowid(s);
    return sql_exec(s,
                    "DELETE FROM move_task WHERE source = ?1 AND id NOT IN (SELECT id FROM"
                    " move_task WHERE source = ?1 ORDER BY id DESC LIMIT ?2)",
                    sql_text(task->source), sql_int(TASKS_KEPT));
}

enum store_status sqs_store_task_add(struct sqs_store *store, const struct scope *scope,
                                     struct sqs_task *task)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    return rc == STORE_OK ? sql_write_end(s, add(s, scope, task)) : rc;
}

enum store_status sqs_store_task_find(struct sqs_store *store, const char *handle, struct arena *a,
                                      struct sqs_task *out)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s, "SELECT " TASK_COLUMNS " FROM move_task WHERE handle = ?1", sql_text(handle));
    rc = sql_step(st);
    if (rc == STORE_OK)
        read_task(st, a, out);
    sql_read_end(s);
    return rc;
}

static enum store_status read_tasks(struct sql_stmt *st, struct arena *a, size_t max,
                                    struct sqs_task **out_tasks, size_t *out_count)
{
    struct sqs_task *tasks = ARENA_ARRAY(a, struct sqs_task, max);
    size_t count = 0;
    enum store_status rc = STORE_OK;

    while (count < max && (rc = sql_step(st)) == STORE_OK)
        read_task(st, a, &tasks[count++]);
    *out_tasks = tasks;
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status sqs_store_tasks_of(struct sqs_store *store, const char *source, size_t max,
                                     struct arena *a, struct sqs_task **out_tasks,
                                     size_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (rc != STORE_OK)
        return rc;
    rc = read_tasks(sql_query(s,
                              "SELECT " TASK_COLUMNS " FROM move_task WHERE source = ?1"
                              " ORDER BY id DESC LIMIT ?2",
                              sql_text(source), sql_int((int64_t)max)),
                    a, max, out_tasks, out_count);
    sql_read_end(s);
    return rc;
}

enum store_status sqs_store_tasks_active(struct sqs_store *store, size_t max, struct arena *a,
                                         struct sqs_task **out_tasks, size_t *out_count)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_count = 0;
    if (rc != STORE_OK)
        return rc;
    rc = read_tasks(sql_query(s,
                              "SELECT " TASK_COLUMNS " FROM move_task WHERE status IN (?1, ?2)"
                              " ORDER BY id LIMIT ?3",
                              sql_int(SQS_TASK_RUNNING), sql_int(SQS_TASK_CANCELLING),
                              sql_int((int64_t)max)),
                    a, max, out_tasks, out_count);
    sql_read_end(s);
    return rc;
}

enum store_status sqs_store_task_cancel(struct sqs_store *store, int64_t id)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s, "UPDATE move_task SET status = ?2 WHERE id = ?1 AND status = ?3", sql_int(id),
                  sql_int(SQS_TASK_CANCELLING), sql_int(SQS_TASK_RUNNING));
    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    return sql_write_end(s, rc);
}

enum store_status sqs_store_task_moved(struct sqs_store *store, int64_t id, int64_t moved,
                                       enum sqs_task_status *out_status)
{
    int64_t status = SQS_TASK_CANCELLING;
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s, "UPDATE move_task SET moved = ?2 WHERE id = ?1", sql_int(id), sql_int(moved));
    if (rc == STORE_OK)
        rc = read_int(sql_query(s, "SELECT status FROM move_task WHERE id = ?1", sql_int(id)),
                      &status);
    *out_status = (enum sqs_task_status)status;
    return sql_write_end(s, rc);
}

enum store_status sqs_store_task_end(struct sqs_store *store, int64_t id,
                                     enum sqs_task_status status, const char *failure)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_exec(s, "UPDATE move_task SET status = ?2, failure = ?3 WHERE id = ?1", sql_int(id),
                  sql_int(status), sql_text(failure));
    return sql_write_end(s, rc);
}
