/* Metrics and their points. */
#include "server/base/embed.h"
#include "storage/cloudwatch_internal.h"

EMBED(storage_schema_cloudwatch_001_sql);
EMBED(storage_schema_cloudwatch_002_sql);

static const struct sql_migration migrations[] = {
    {embed_storage_schema_cloudwatch_001_sql},
    {embed_storage_schema_cloudwatch_002_sql},
};

struct cloudwatch_store *cloudwatch_store_open(struct store_root *root)
{
    struct cloudwatch_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "cloudwatch", migrations, ARRAY_LEN(migrations));
    return store;
}

void cloudwatch_store_close(struct cloudwatch_store *store)
{
    lazy_free(store->db);
    free(store);
}

/* --- points --- */

static void read_id(struct sql_stmt *st, struct arena *a, void *out)
{
    (void)a;
    *(int64_t *)out = sql_column_int(st, 0);
}

static enum store_status metric_id(struct sql *s, int64_t scope, const char *identity,
                                   int64_t *out_id)
{
    return sql_row(sql_query(s, "SELECT id FROM metric WHERE scope = ?1 AND identity = ?2",
                             sql_int(scope), sql_text(identity)),
                   read_id, NULL, out_id);
}

static enum store_status add_point(struct sql *s, int64_t scope,
                                   const struct cloudwatch_new_point *p)
{
    const struct cloudwatch_point *point = &p->point;
    const void *pairs = point->pair_count ? (const void *)point->pairs : "";
    int64_t id;
    enum store_status status = sql_exec(
        s,
        "INSERT INTO metric (scope, namespace, name, identity, last_ms) VALUES (?1, ?2, ?3, ?4, "
        "?5) ON CONFLICT (scope, identity) DO UPDATE SET last_ms = max(last_ms, ?5)",
        sql_int(scope), sql_text(p->namespace), sql_text(p->name), sql_text(p->identity),
        sql_int(point->at_s * 1000));

    if (!status)
        status = metric_id(s, scope, p->identity, &id);
    if (status)
        return status;
    return sql_exec(s,
                    "INSERT INTO point (metric_id, at_s, unit, samples, sum, minimum, maximum, "
                    "pairs) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    sql_int(id), sql_int(point->at_s), sql_text(point->unit),
                    sql_real(point->samples), sql_real(point->sum), sql_real(point->minimum),
                    sql_real(point->maximum),
                    sql_blob((struct bytes){pairs, point->pair_count * sizeof(double)}));
}

enum store_status cloudwatch_points_add(struct cloudwatch_store *store, const struct scope *scope,
                                        const struct cloudwatch_new_point *points, size_t count)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_write_begin(store->db, scope, true, &s, &scope_id);

    if (status)
        return status;
    for (size_t i = 0; i < count && !status; i++)
        status = add_point(s, scope_id, &points[i]);
    return sql_write_end(s, status);
}

static void show_point(struct sql_stmt *st, struct arena *a,
                       void (*visit)(const struct cloudwatch_point *point, void *context),
                       void *context)
{
    const struct bytes pairs = sql_column_bytes(st, 6, a);
    const struct cloudwatch_point point = {
        .at_s = sql_column_int(st, 0),
        .unit = sql_column_text(st, 1, a),
        .samples = sql_column_double(st, 2),
        .sum = sql_column_double(st, 3),
        .minimum = sql_column_double(st, 4),
        .maximum = sql_column_double(st, 5),
        .pairs = (const double *)(const void *)pairs.data,
        .pair_count = pairs.len / sizeof(double),
    };

    visit(&point, context);
}

enum store_status cloudwatch_points_visit(struct cloudwatch_store *store, const struct scope *scope,
                                          const char *identity, const struct cloudwatch_span *span,
                                          void (*visit)(const struct cloudwatch_point *point,
                                                        void *context),
                                          void *context)
{
    struct arena a;
    struct sql *s;
    int64_t scope_id;
    int64_t id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    status = metric_id(s, scope_id, identity, &id);
    if (!status) {
        struct sql_stmt *st = sql_query(
            s,
            "SELECT at_s, unit, samples, sum, minimum, maximum, pairs FROM point WHERE metric_id = "
            "?1 AND at_s >= ?2 AND at_s < ?3 AND (?4 IS NULL OR unit = ?4) ORDER BY at_s, rowid",
            sql_int(id), sql_int(span->from_s), sql_int(span->until_s), sql_text(span->unit));

        arena_init(&a);
        while (!(status = sql_step(st))) {
            show_point(st, &a, visit, context);
            arena_reset(&a);
        }
        arena_release(&a);
    }
    sql_read_end(s);
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

enum store_status cloudwatch_points_trim(struct cloudwatch_store *store, int64_t before_s)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = sql_exec(s, "DELETE FROM point WHERE at_s < ?1", sql_int(before_s));
    if (!status)
        status = sql_exec(s, "DELETE FROM metric WHERE last_ms < ?1", sql_int(before_s * 1000));
    return sql_write_end(s, status);
}

/* --- metrics --- */

enum store_status cloudwatch_metric_list(struct cloudwatch_store *store, const struct scope *scope,
                                         const struct cloudwatch_metric_filter *filter,
                                         size_t limit, struct arena *a,
                                         struct cloudwatch_metric *out, size_t *out_count)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status status = lazy_scope_read_begin(store->db, scope, &s, &scope_id);

    *out_count = 0;
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    struct sql_stmt *st = sql_query(
        s,
        "SELECT id, identity FROM metric WHERE scope = ?1 AND id > ?2 AND (?3 IS NULL OR namespace "
        "= ?3) AND (?4 IS NULL OR name = ?4) AND last_ms >= ?5 ORDER BY id",
        sql_int(scope_id), sql_int(filter->after_id), sql_text(filter->namespace),
        sql_text(filter->name), sql_int(filter->since_ms));
    while (*out_count < limit && !(status = sql_step(st))) {
        struct cloudwatch_metric m = {.id = sql_column_int(st, 0),
                                      .identity = sql_column_text(st, 1, a)};

        if (filter->wanted(m.identity, filter->context))
            out[(*out_count)++] = m;
    }
    if (!status)
        sql_reset(st);
    sql_read_end(s);
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}
