/*
 * Event source mappings and their checkpoints, in <data>/lambda.db beside the functions.
 */
#include "storage/lambda_internal.h"

#define MAPPING_COLUMNS                                                                            \
    "mapping.id, account, region, uuid, function, function_arn, source_arn, enabled, batch_size, " \
    "window_s, parallelization, starting_position, starting_ms, age_max_s, retries_max, bisect, "  \
    "created_ms, modified_ms, last_result, tags, filters, on_failure, tumbling_s, partial, "       \
    "max_concurrency"

static void read_mapping(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_mapping *row = out;

    *row = (struct lambda_mapping){
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
        .filters = sql_column_text(st, 20, a),
        .on_failure = sql_column_text(st, 21, a),
        .tumbling_s = (int)sql_column_int(st, 22),
        .partial = sql_column_int(st, 23) != 0,
        .max_concurrency = (int)sql_column_int(st, 24),
    };
}

enum store_status lambda_store_mapping_add(struct lambda_store *s, const struct lambda_mapping *m,
                                           int64_t *out_id)
{
    struct scope scope = {.account = m->account, .region = m->region};
    struct sql *sql;
    int64_t scope_id;
    enum store_status rc = lambda_write_begin(s, &scope, true, &sql, &scope_id);

    if (rc)
        return rc;
    rc = sql_exec(
        sql,
        "INSERT INTO mapping (scope_id, uuid, function, function_arn, source_arn, enabled, "
        "batch_size, window_s, parallelization, starting_position, starting_ms, age_max_s, "
        "retries_max, bisect, created_ms, modified_ms, last_result, tags, filters, on_failure, "
        "tumbling_s, partial, max_concurrency) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)",
        sql_int(scope_id), sql_text(m->uuid), sql_text(m->function), sql_text(m->function_arn),
        sql_text(m->source_arn), sql_int(m->enabled), sql_int(m->batch_size), sql_int(m->window_s),
        sql_int(m->parallelization), sql_text(m->starting_position),
        m->has_starting_ms ? sql_int(m->starting_ms) : sql_text(NULL), sql_int(m->age_max_s),
        sql_int(m->retries_max), sql_int(m->bisect), sql_int(m->created_ms),
        sql_int(m->modified_ms), sql_text(m->last_result), sql_text(m->tags), sql_text(m->filters),
        sql_text(m->on_failure), sql_int(m->tumbling_s), sql_int(m->partial),
        sql_int(m->max_concurrency));
    if (!rc)
        *out_id = sql_last_rowid(sql);
    return sql_write_end(sql, rc);
}

enum store_status lambda_store_mapping_find(struct lambda_store *s, struct scope scope,
                                            const char *uuid, struct arena *a,
                                            struct lambda_mapping *out)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = sql_row(sql_query(sql,
                           "SELECT " MAPPING_COLUMNS " FROM mapping JOIN scope ON scope.id = "
                           "scope_id WHERE uuid = ?1 AND account = ?2 AND region = ?3",
                           sql_text(uuid), sql_text(scope.account), sql_text(scope.region)),
                 read_mapping, a, out);
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_mapping_replace(struct lambda_store *s,
                                               const struct lambda_mapping *m)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = sql_exec(
        sql,
        "UPDATE mapping SET function = ?2, function_arn = ?3, enabled = ?4, batch_size = ?5, "
        "window_s = ?6, parallelization = ?7, age_max_s = ?8, retries_max = ?9, bisect = ?10, "
        "modified_ms = ?11, tags = ?12, filters = ?13, on_failure = ?14, tumbling_s = ?15, partial "
        "= ?16, max_concurrency = ?17 WHERE id = ?1",
        sql_int(m->id), sql_text(m->function), sql_text(m->function_arn), sql_int(m->enabled),
        sql_int(m->batch_size), sql_int(m->window_s), sql_int(m->parallelization),
        sql_int(m->age_max_s), sql_int(m->retries_max), sql_int(m->bisect), sql_int(m->modified_ms),
        sql_text(m->tags), sql_text(m->filters), sql_text(m->on_failure), sql_int(m->tumbling_s),
        sql_int(m->partial), sql_int(m->max_concurrency));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

enum store_status lambda_store_mapping_remove(struct lambda_store *s, int64_t id)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = sql_exec(sql, "DELETE FROM checkpoint WHERE mapping_id = ?1", sql_int(id));
    if (!rc)
        rc = sql_exec(sql, "DELETE FROM window WHERE mapping_id = ?1", sql_int(id));
    if (!rc)
        rc = sql_exec(sql, "DELETE FROM mapping WHERE id = ?1", sql_int(id));
    return sql_write_end(sql, lambda_one_row(sql, rc));
}

enum store_status lambda_store_mapping_list(struct lambda_store *s,
                                            const struct lambda_mapping_filter *filter,
                                            const char *after, size_t max, struct arena *a,
                                            struct lambda_mapping **out, size_t *out_count)
{
    const struct scope *scope = filter->scope;
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    *out = ARENA_ARRAY(a, struct lambda_mapping, max);
    *out_count = 0;
    if (!rc) {
        rc = sql_rows(
            sql_query(sql,
                      "SELECT " MAPPING_COLUMNS " FROM mapping JOIN scope ON scope.id = scope_id "
                      "WHERE uuid > ?1 AND (?2 IS NULL OR account = ?2 AND region = ?3) AND "
                      "(?4 IS NULL OR function_arn = ?4) AND (?5 IS NULL OR source_arn = ?5) "
                      "ORDER BY uuid LIMIT ?6",
                      sql_text(after), sql_text(scope ? scope->account : NULL),
                      sql_text(scope ? scope->region : NULL), sql_text(filter->function_arn),
                      sql_text(filter->source_arn), sql_int((int64_t)max)),
            read_mapping, a, *out, max, out_count);
        sql_read_end(sql);
    }
    return lambda_end_of_list(rc);
}

static void read_sequence(struct sql_stmt *st, struct arena *a, void *out)
{
    const char **sequence = out;

    *sequence = sql_column_text(st, 0, a);
}

static enum store_status set_result(struct sql *sql, int64_t id, const char *last_result)
{
    /* Most often it says what it said before: then no page is written. */
    return sql_exec(sql, "UPDATE mapping SET last_result = ?2 WHERE id = ?1 AND last_result <> ?2",
                    sql_int(id), sql_text(last_result));
}

enum store_status lambda_store_mapping_result(struct lambda_store *s, int64_t id,
                                              const char *last_result)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    return rc ? rc : sql_write_end(sql, set_result(sql, id, last_result));
}

enum store_status lambda_store_checkpoint(struct lambda_store *s, int64_t mapping_id,
                                          const char *shard, struct arena *a,
                                          const char **out_sequence)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    *out_sequence = NULL;
    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = sql_row(sql_query(sql,
                           "SELECT sequence FROM checkpoint WHERE mapping_id = ?1 AND shard = ?2",
                           sql_int(mapping_id), sql_text(shard)),
                 read_sequence, a, out_sequence);
    sql_read_end(sql);
    return lambda_end_of_list(rc);
}

/* A mapping that was deleted meanwhile must not leave a checkpoint behind. */
static enum store_status set_checkpoint(struct sql *sql, int64_t mapping_id, const char *shard,
                                        const char *sequence)
{
    return lambda_one_row(
        sql, sql_exec(sql,
                      "INSERT INTO checkpoint (mapping_id, shard, sequence) SELECT ?1, ?2, ?3 "
                      "WHERE EXISTS (SELECT 1 FROM mapping WHERE id = ?1) ON CONFLICT (mapping_id, "
                      "shard) DO UPDATE SET sequence = excluded.sequence",
                      sql_int(mapping_id), sql_text(shard), sql_text(sequence)));
}

enum store_status lambda_store_checkpoint_set(struct lambda_store *s, int64_t mapping_id,
                                              const char *shard, const char *sequence,
                                              const char *last_result)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = set_checkpoint(sql, mapping_id, shard, sequence);
    if (!rc && last_result)
        rc = set_result(sql, mapping_id, last_result);
    return sql_write_end(sql, rc);
}

static void read_window(struct sql_stmt *st, struct arena *a, void *out)
{
    struct lambda_window *row = out;

    *row = (struct lambda_window){.start_ms = sql_column_int(st, 0),
                                  .state = sql_column_text(st, 1, a)};
}

enum store_status lambda_store_window(struct lambda_store *s, int64_t mapping_id, const char *shard,
                                      struct arena *a, struct lambda_window *out)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(s->db, &sql);

    if (rc)
        return rc;
    rc = sql_row(
        sql_query(sql, "SELECT start_ms, state FROM window WHERE mapping_id = ?1 AND shard = ?2",
                  sql_int(mapping_id), sql_text(shard)),
        read_window, a, out);
    sql_read_end(sql);
    return rc;
}

enum store_status lambda_store_window_set(struct lambda_store *s, int64_t mapping_id,
                                          const char *shard, const char *sequence,
                                          const struct lambda_window *w)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(s->db, &sql);

    if (rc)
        return rc;
    if (sequence)
        rc = set_checkpoint(sql, mapping_id, shard, sequence);
    if (!rc && w)
        rc = sql_exec(sql,
                      "REPLACE INTO window (mapping_id, shard, start_ms, state) VALUES (?1, ?2, "
                      "?3, ?4)",
                      sql_int(mapping_id), sql_text(shard), sql_int(w->start_ms),
                      sql_text(w->state));
    else if (!rc)
        rc = sql_exec(sql, "DELETE FROM window WHERE mapping_id = ?1 AND shard = ?2",
                      sql_int(mapping_id), sql_text(shard));
    return sql_write_end(sql, rc);
}
