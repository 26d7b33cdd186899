/*
 * Event source mappings and their checkpoints, in <data>/lambda.db beside the functions.
 */
#include "storage/lambda_store.h"

#include "storage/scope.h"
#include "storage/sql.h"

#define MAPPING_COLUMNS                                                                            \
    "mapping.id, account, region, uuid, function, function_arn, source_arn, enabled, batch_size, " \
    "window_s, parallelization, starting_position, starting_ms, age_max_s, retries_max, bisect, "  \
    "created_ms, modified_ms, last_result, tags"

static void read_mapping(struct sql_stmt *st, struct arena *a, struct lambda_mapping *out)
{
    *out = (struct lambda_mapping){
        .id = sql_column_int(st, 0),
        .account = sql_column_text(st, 1, a),
        .region = sql_column_text(st, 2, a),
        .uuid = sql_column_text(st, 3, a),
        .function = sql_column_text(st, 4, a),
        .function_arn = sql_column_text(st, 5, a),
        .source_arn = sql_column_text(st, 6, a),
        .enabled = sql_column_int(st, 7) != 0,
        .batch_size = (int)sql_column_int(st, 8),
        .window_s = (int)sql_column_int(st, 9),
        .parallelization = (int)sql_column_int(st, 10),
        .starting_position = sql_column_text(st, 11, a),
        .has_starting_ms = !sql_column_is_null(st, 12),
        .starting_ms = sql_column_int(st, 12),
        .age_max_s = (int)sql_column_int(st, 13),
        .retries_max = (int)sql_column_int(st, 14),
        .bisect = sql_column_int(st, 15) != 0,
        .created_ms = sql_column_int(st, 16),
        .modified_ms = sql_column_int(st, 17),
        .last_result = sql_column_text(st, 18, a),
        .tags = sql_column_text(st, 19, a),
    };
}

static enum store_status write_begin(struct lambda_store *s, struct sql **out)
{
    struct sql_db *db = lambda_store_db(s, true);

    return db ? sql_write_begin(db, out) : STORE_FAILED;
}

static enum store_status read_begin(struct lambda_store *s, struct sql **out)
{
    struct sql_db *db = lambda_store_db(s, false);

    return db ? sql_read_begin(db, out) : STORE_NOT_FOUND;
}

enum store_status lambda_store_mapping_add(struct lambda_store *s, const struct lambda_mapping *m,
                                           int64_t *out_id)
{
    struct scope scope = {.account = m->account, .region = m->region};
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    rc = sql_scope_id(sql, &scope, true, &scope_id);
    if (!rc) {
        struct sql_stmt *st = sql_prepare(
            sql, "INSERT INTO mapping (scope_id, uuid, function, function_arn, source_arn, "
                 "enabled, batch_size, window_s, parallelization, starting_position, starting_ms, "
                 "age_max_s, retries_max, bisect, created_ms, modified_ms, last_result, tags) "
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
                 "?17, ?18)");

        sql_bind_int(st, 1, scope_id);
        sql_bind_text(st, 2, m->uuid);
        sql_bind_text(st, 3, m->function);
        sql_bind_text(st, 4, m->function_arn);
        sql_bind_text(st, 5, m->source_arn);
        sql_bind_int(st, 6, m->enabled);
        sql_bind_int(st, 7, m->batch_size);
        sql_bind_int(st, 8, m->window_s);
        sql_bind_int(st, 9, m->parallelization);
        sql_bind_text(st, 10, m->starting_position);
        if (m->has_starting_ms)
            sql_bind_int(st, 11, m->starting_ms);
        else
            sql_bind_null(st, 11);
        sql_bind_int(st, 12, m->age_max_s);
        sql_bind_int(st, 13, m->retries_max);
        sql_bind_int(st, 14, m->bisect);
        sql_bind_int(st, 15, m->created_ms);
        sql_bind_int(st, 16, m->modified_ms);
        sql_bind_text(st, 17, m->last_result);
        sql_bind_text(st, 18, m->tags);
        rc = sql_run(st);
        if (!rc)
            *out_id = sql_last_rowid(sql);
    }
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_mapping_find(struct lambda_store *s, struct scope scope,
                                            const char *uuid, struct arena *a,
                                            struct lambda_mapping *out)
{
    struct sql *sql;
    enum store_status rc = read_begin(s, &sql);

    if (rc)
        return rc;
    struct sql_stmt *st =
        sql_prepare(sql, "SELECT " MAPPING_COLUMNS " FROM mapping JOIN scope ON scope.id = "
                         "scope_id WHERE uuid = ?1 AND account = ?2 AND region = ?3");
    sql_bind_text(st, 1, uuid);
    sql_bind_text(st, 2, scope.account);
    sql_bind_text(st, 3, scope.region);
    rc = sql_step(st);
    if (!rc) {
        read_mapping(st, a, out);
        sql_reset(st);
    }
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_mapping_replace(struct lambda_store *s,
                                               const struct lambda_mapping *m)
{
    struct sql *sql;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    struct sql_stmt *st = sql_prepare(
        sql, "UPDATE mapping SET function = ?2, function_arn = ?3, enabled = ?4, batch_size = ?5, "
             "window_s = ?6, parallelization = ?7, age_max_s = ?8, retries_max = ?9, bisect = ?10, "
             "modified_ms = ?11, tags = ?12 WHERE id = ?1");
    sql_bind_int(st, 1, m->id);
    sql_bind_text(st, 2, m->function);
    sql_bind_text(st, 3, m->function_arn);
    sql_bind_int(st, 4, m->enabled);
    sql_bind_int(st, 5, m->batch_size);
    sql_bind_int(st, 6, m->window_s);
    sql_bind_int(st, 7, m->parallelization);
    sql_bind_int(st, 8, m->age_max_s);
    sql_bind_int(st, 9, m->retries_max);
    sql_bind_int(st, 10, m->bisect);
    sql_bind_int(st, 11, m->modified_ms);
    sql_bind_text(st, 12, m->tags);
    rc = sql_run(st);
    if (!rc && sql_changes(sql) == 0)
        rc = STORE_NOT_FOUND;
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_mapping_remove(struct lambda_store *s, int64_t id)
{
    struct sql *sql;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    struct sql_stmt *st = sql_prepare(sql, "DELETE FROM checkpoint WHERE mapping_id = ?1");
    sql_bind_int(st, 1, id);
    rc = sql_run(st);
    if (!rc) {
        st = sql_prepare(sql, "DELETE FROM mapping WHERE id = ?1");
        sql_bind_int(st, 1, id);
        rc = sql_run(st);
    }
    if (!rc && sql_changes(sql) == 0)
        rc = STORE_NOT_FOUND;
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_mapping_list(struct lambda_store *s,
                                            const struct lambda_mapping_filter *filter,
                                            const char *after, size_t max, struct arena *a,
                                            struct lambda_mapping **out, size_t *out_count)
{
    struct lambda_mapping *items = ARENA_ARRAY(a, struct lambda_mapping, max);
    size_t count = 0;
    struct sql *sql;
    enum store_status rc = read_begin(s, &sql);

    if (!rc) {
        struct sql_stmt *st = sql_prepare(
            sql, "SELECT " MAPPING_COLUMNS " FROM mapping JOIN scope ON scope.id = scope_id "
                 "WHERE uuid > ?1 AND (?2 IS NULL OR account = ?2 AND region = ?3) AND "
                 "(?4 IS NULL OR function_arn = ?4) AND (?5 IS NULL OR source_arn = ?5) "
                 "ORDER BY uuid LIMIT ?6");

        sql_bind_text(st, 1, after);
        sql_bind_text(st, 2, filter->scope ? filter->scope->account : NULL);
        sql_bind_text(st, 3, filter->scope ? filter->scope->region : NULL);
        sql_bind_text(st, 4, filter->function_arn);
        sql_bind_text(st, 5, filter->source_arn);
        sql_bind_int(st, 6, (int64_t)max);
        while (!(rc = sql_step(st)))
            read_mapping(st, a, &items[count++]);
        sql_read_end(sql);
    }
    if (rc != STORE_NOT_FOUND)
        return rc;
    *out = items;
    *out_count = count;
    return STORE_OK;
}

static enum store_status set_result(struct sql *sql, int64_t id, const char *last_result)
{
    /* Most often it says what it said before: then no page is written. */
    struct sql_stmt *st =
        sql_prepare(sql, "UPDATE mapping SET last_result = ?2 WHERE id = ?1 AND last_result <> ?2");

    sql_bind_int(st, 1, id);
    sql_bind_text(st, 2, last_result);
    return sql_run(st);
}

enum store_status lambda_store_mapping_result(struct lambda_store *s, int64_t id,
                                              const char *last_result)
{
    struct sql *sql;
    enum store_status rc = write_begin(s, &sql);

    return rc ? rc : sql_write_end(sql, set_result(sql, id, last_result));
}

enum store_status lambda_store_checkpoint(struct lambda_store *s, int64_t mapping_id,
                                          const char *shard, struct arena *a,
                                          const char **out_sequence)
{
    struct sql *sql;
    enum store_status rc = read_begin(s, &sql);

    *out_sequence = NULL;
    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct sql_stmt *st =
        sql_prepare(sql, "SELECT sequence FROM checkpoint WHERE mapping_id = ?1 AND shard = ?2");
    sql_bind_int(st, 1, mapping_id);
    sql_bind_text(st, 2, shard);
    rc = sql_step(st);
    if (!rc) {
        *out_sequence = sql_column_text(st, 0, a);
        sql_reset(st);
    }
    sql_read_end(sql);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status lambda_store_checkpoint_set(struct lambda_store *s, int64_t mapping_id,
                                              const char *shard, const char *sequence,
                                              const char *last_result)
{
    struct sql *sql;
    enum store_status rc = write_begin(s, &sql);

    if (rc)
        return rc;
    /* A mapping that was deleted meanwhile must not leave a checkpoint behind. */
    struct sql_stmt *st = sql_prepare(
        sql, "INSERT INTO checkpoint (mapping_id, shard, sequence) SELECT ?1, ?2, ?3 WHERE EXISTS "
             "(SELECT 1 FROM mapping WHERE id = ?1) ON CONFLICT (mapping_id, shard) DO UPDATE SET "
             "sequence = excluded.sequence");
    sql_bind_int(st, 1, mapping_id);
    sql_bind_text(st, 2, shard);
    sql_bind_text(st, 3, sequence);
    rc = sql_run(st);
    if (!rc && sql_changes(sql) == 0)
        rc = STORE_NOT_FOUND;
    if (!rc && last_result)
        rc = set_result(sql, mapping_id, last_result);
    return sql_write_end(sql, rc);
}
