/* Platform applications and their endpoints. */
#include "storage/sns_internal.h"

enum store_status sns_store_application_put(struct sns_store *store, const struct scope *scope,
                                            const char *name, const char *attributes)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_scope_id(s, scope, true, &scope_id);
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO application (scope, name, attributes) VALUES (?1, ?2, ?3)"
                      " ON CONFLICT DO UPDATE SET attributes = excluded.attributes",
                      sql_int(scope_id), sql_text(name), sql_text(attributes));
    return sql_write_end(s, rc);
}

static void read_application(struct sql_stmt *st, struct arena *a, void *out)
{
    struct sns_application *row = out;

    *row = (struct sns_application){.id = sql_column_int(st, 0),
                                    .name = sql_column_text(st, 1, a),
                                    .attributes = sql_column_text(st, 2, a)};
}

enum store_status sns_store_application_find(struct sns_store *store, const struct scope *scope,
                                             const char *name, struct arena *a,
                                             struct sns_application *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_row(sql_query(s,
                           "SELECT application.id, name, attributes FROM application"
                           " JOIN scope ON scope.id = scope"
                           " WHERE account = ?1 AND region = ?2 AND name = ?3",
                           sql_text(scope->account), sql_text(scope->region), sql_text(name)),
                 read_application, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_application_delete(struct sns_store *store, const struct scope *scope,
                                               const char *name)
{
    return SNS_EXEC(store,
                    "DELETE FROM application WHERE name = ?3"
                    " AND scope = (SELECT id FROM scope WHERE account = ?1 AND region = ?2)",
                    sql_text(scope->account), sql_text(scope->region), sql_text(name));
}

enum store_status sns_store_application_list(struct sns_store *store, const struct scope *scope,
                                             int64_t after, size_t limit, struct arena *a,
                                             struct sns_applications *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct sns_applications){0};
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    out->items = ARENA_ARRAY(a, struct sns_application, limit);
    rc = sql_rows(sql_query(s,
                            "SELECT application.id, name, attributes FROM application"
                            " JOIN scope ON scope.id = scope WHERE account = ?1 AND region = ?2"
                            " AND application.id > ?3 ORDER BY application.id LIMIT ?4",
                            sql_text(scope->account), sql_text(scope->region), sql_int(after),
                            sql_int((int64_t)limit)),
                  read_application, a, out->items, limit, &out->count);
    sql_read_end(s);
    return rc;
}

/* --- endpoints --- */

#define ENDPOINT                                                                                   \
    "SELECT endpoint.id, application.name, uuid, endpoint.attributes FROM endpoint"                \
    " JOIN application ON application.id = endpoint.application"

static void read_endpoint(struct sql_stmt *st, struct arena *a, void *out)
{
    struct sns_endpoint *row = out;

    *row = (struct sns_endpoint){.id = sql_column_int(st, 0),
                                 .application = sql_column_text(st, 1, a),
                                 .uuid = sql_column_text(st, 2, a),
                                 .attributes = sql_column_text(st, 3, a)};
}

static enum store_status by_token(struct sql *s, int64_t application, const char *token,
                                  struct arena *a, struct sns_endpoint *out)
{
    return sql_row(sql_query(s,
                             ENDPOINT " WHERE application = ?1"
                                      " AND endpoint.attributes ->> '$.Token' = ?2 LIMIT 1",
                             sql_int(application), sql_text(token)),
                   read_endpoint, a, out);
}

enum store_status sns_store_endpoint_create(struct sns_store *store, int64_t application,
                                            const char *uuid, const char *token,
                                            const char *attributes, struct arena *a,
                                            struct sns_endpoint *out)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);
    bool exists;

    if (rc != STORE_OK)
        return rc;
    rc = by_token(s, application, token, a, out);
    exists = rc == STORE_OK;
    if (rc == STORE_NOT_FOUND)
        rc = sql_exec(s,
                      "INSERT INTO endpoint (application, uuid, attributes)"
                      " SELECT id, ?2, ?3 FROM application WHERE id = ?1",
                      sql_int(application), sql_text(uuid), sql_text(attributes));
    if (rc == STORE_OK && !exists)
        rc = by_token(s, application, token, a, out);
    rc = sql_write_end(s, rc);
    return rc == STORE_OK && exists ? STORE_EXISTS : rc;
}

enum store_status sns_store_endpoint_find(struct sns_store *store, const struct scope *scope,
                                          const char *uuid, struct arena *a,
                                          struct sns_endpoint *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_row(sql_query(s,
                           ENDPOINT " JOIN scope ON scope.id = application.scope"
                                    " WHERE account = ?1 AND region = ?2 AND uuid = ?3",
                           sql_text(scope->account), sql_text(scope->region), sql_text(uuid)),
                 read_endpoint, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_endpoint_delete(struct sns_store *store, int64_t id)
{
    return SNS_EXEC(store, "DELETE FROM endpoint WHERE id = ?1", sql_int(id));
}

enum store_status sns_store_endpoint_list(struct sns_store *store, int64_t application,
                                          int64_t after, size_t limit, struct arena *a,
                                          struct sns_endpoints *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct sns_endpoints){0};
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    out->items = ARENA_ARRAY(a, struct sns_endpoint, limit);
    rc = sql_rows(sql_query(s,
                            ENDPOINT " WHERE application = ?1 AND endpoint.id > ?2"
                                     " ORDER BY endpoint.id LIMIT ?3",
                            sql_int(application), sql_int(after), sql_int((int64_t)limit)),
                  read_endpoint, a, out->items, limit, &out->count);
    sql_read_end(s);
    return rc;
}
