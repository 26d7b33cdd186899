/* Policies: those inside an entity, managed ones with their versions, and what is attached to what.
 */
#include "storage/iam_internal.h"

/* --- inside an entity --- */

int64_t iam_document_size(const char *document)
{
    int64_t size = 0;

    for (; *document; document++)
        size += !strchr(" \t\r\n", *document);
    return size;
}

static enum store_status check_inline_size(struct sql *s, int64_t id, int64_t max_size)
{
    struct sql_stmt *st = sql_prepare(s, "SELECT document FROM inline_policy WHERE entity = ?1");
    enum store_status status;
    struct arena a;
    int64_t size = 0;

    arena_init(&a);
    sql_bind_int(st, 1, id);
    while (!(status = sql_step(st)))
        size += iam_document_size(sql_column_text(st, 0, &a));
    arena_release(&a);
    if (status != STORE_NOT_FOUND)
        return status;
    return size <= max_size ? STORE_OK : STORE_LIMIT;
}

enum store_status iam_inline_put(struct iam_store *store, const char *account, enum iam_kind kind,
                                 const char *name, const char *policy, const char *document,
                                 int64_t max_size)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id;
    enum store_status status = iam_begin_write_of(store, account, kind, name, &s, &id);

    if (status)
        return status;
    st = sql_prepare(s, "INSERT INTO inline_policy (entity, name, document) VALUES (?1, ?2, ?3) "
                        "ON CONFLICT (entity, name) DO UPDATE SET document = excluded.document");
    sql_bind_int(st, 1, id);
    sql_bind_text(st, 2, policy);
    sql_bind_text(st, 3, document);
    status = sql_run(st);
    if (!status)
        status = check_inline_size(s, id, max_size);
    return sql_write_end(s, status);
}

enum store_status iam_inline_get(struct iam_store *store, const char *account, enum iam_kind kind,
                                 const char *name, const char *policy, struct arena *a,
                                 const char **out_document, bool *out_entity_missing)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id;
    enum store_status status = iam_begin_read_of(store, account, kind, name, &s, &id);

    *out_entity_missing = status == STORE_NOT_FOUND;
    if (status)
        return status;
    st = sql_prepare(s, "SELECT document FROM inline_policy WHERE entity = ?1 AND name = ?2");
    sql_bind_int(st, 1, id);
    sql_bind_text(st, 2, policy);
    status = sql_step(st);
    if (!status) {
        *out_document = sql_column_text(st, 0, a);
        sql_reset(st);
    }
    sql_read_end(s);
    return status;
}

/* Runs a DELETE with an entity and a text; STORE_NOT_FOUND when it met nothing. */
static enum store_status delete_of(struct iam_store *store, const char *account, enum iam_kind kind,
                                   const char *name, const char *sql_text, const char *what,
                                   bool *out_entity_missing)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id;
    enum store_status status = iam_begin_write_of(store, account, kind, name, &s, &id);

    *out_entity_missing = status == STORE_NOT_FOUND;
    if (status)
        return status;
    st = sql_prepare(s, sql_text);
    sql_bind_int(st, 1, id);
    sql_bind_text(st, 2, what);
    status = sql_run(st);
    if (!status && sql_changes(s) == 0)
        status = STORE_NOT_FOUND;
    return sql_write_end(s, status);
}

enum store_status iam_inline_delete(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name, const char *policy,
                                    bool *out_entity_missing)
{
    return delete_of(store, account, kind, name,
                     "DELETE FROM inline_policy WHERE entity = ?1 AND name = ?2", policy,
                     out_entity_missing);
}

enum store_status iam_inline_list(struct iam_store *store, const char *account, enum iam_kind kind,
                                  const char *name, const char *after, size_t limit,
                                  struct arena *a, struct iam_names *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id;
    enum store_status status = iam_begin_read_of(store, account, kind, name, &s, &id);

    if (status)
        return status;
    *out = (struct iam_names){.items = ARENA_ARRAY(a, const char *, limit)};
    st = sql_prepare(s, "SELECT name FROM inline_policy WHERE entity = ?1 AND name > ?2 "
                        "ORDER BY name LIMIT ?3");
    sql_bind_int(st, 1, id);
    sql_bind_text(st, 2, after ? after : "");
    sql_bind_int(st, 3, (int64_t)limit + 1);
    while (!(status = sql_step(st)) && out->count < limit)
        out->items[out->count++] = sql_column_text(st, 0, a);
    out->more = status == STORE_OK;
    sql_reset(st);
    sql_read_end(s);
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

static void inline_row(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct iam_inline *)out = (struct iam_inline){.name = sql_column_text(st, 0, a),
                                                    .document = sql_column_text(st, 1, a)};
}

enum store_status iam_inline_all(struct iam_store *store, int64_t entity, struct arena *a,
                                 struct iam_inlines *out)
{
    struct sql *s;
    int64_t count = 0;
    enum store_status status = lazy_read_begin(store->db, &s);

    if (status)
        return status;
    status = iam_number(s, "SELECT count(*) FROM inline_policy WHERE entity = ?1", entity, &count);
    if (!status) {
        struct sql_stmt *st =
            sql_query(s, "SELECT name, document FROM inline_policy WHERE entity = ?1 ORDER BY name",
                      sql_int(entity));

        *out = (struct iam_inlines){.items = ARENA_ARRAY(a, struct iam_inline, (size_t)count)};
        status = sql_rows(st, inline_row, a, out->items, (size_t)count, &out->count);
    }
    sql_read_end(s);
    return status;
}

/* --- attached --- */

enum store_status iam_attach(struct iam_store *store, const char *account, enum iam_kind kind,
                             const char *name, const struct iam_attachment *what, int64_t max)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id;
    int64_t count = 0;
    enum store_status status = iam_begin_write_of(store, account, kind, name, &s, &id);

    if (status)
        return status;
    st = sql_prepare(s, "INSERT INTO attachment (entity, arn, name, path) "
                        "VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING");
    sql_bind_int(st, 1, id);
    sql_bind_text(st, 2, what->arn);
    sql_bind_text(st, 3, what->name);
    sql_bind_text(st, 4, what->path);
    status = sql_run(st);
    if (!status)
        status = iam_number(s, "SELECT count(*) FROM attachment WHERE entity = ?1", id, &count);
    if (!status && count > max)
        status = STORE_LIMIT;
    return sql_write_end(s, status);
}

enum store_status iam_detach(struct iam_store *store, const char *account, enum iam_kind kind,
                             const char *name, const char *arn, bool *out_entity_missing)
{
    return delete_of(store, account, kind, name,
                     "DELETE FROM attachment WHERE entity = ?1 AND arn = ?2", arn,
                     out_entity_missing);
}

enum store_status iam_attached_list(struct iam_store *store, const char *account,
                                    enum iam_kind kind, const char *name,
                                    const struct iam_attached_query *query, struct arena *a,
                                    struct iam_attachments *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t id;
    enum store_status status = iam_begin_read_of(store, account, kind, name, &s, &id);

    if (status)
        return status;
    *out = (struct iam_attachments){.items = ARENA_ARRAY(a, struct iam_attachment, query->limit)};
    st = sql_prepare(s, "SELECT arn, name, path FROM attachment WHERE entity = ?1 AND arn > ?2 "
                        "AND substr(path, 1, length(?3)) = ?3 ORDER BY arn LIMIT ?4");
    sql_bind_int(st, 1, id);
    sql_bind_text(st, 2, query->after ? query->after : "");
    sql_bind_text(st, 3, query->path_prefix ? query->path_prefix : "");
    sql_bind_int(st, 4, (int64_t)query->limit + 1);
    while (!(status = sql_step(st)) && out->count < query->limit)
        out->items[out->count++] = (struct iam_attachment){.arn = sql_column_text(st, 0, a),
                                                           .name = sql_column_text(st, 1, a),
                                                           .path = sql_column_text(st, 2, a)};
    out->more = status == STORE_OK;
    sql_reset(st);
    sql_read_end(s);
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

enum store_status iam_attached_entities(struct iam_store *store, const char *account,
                                        const struct iam_users_of_policy *what, const char *after,
                                        size_t limit, struct arena *a, struct iam_entities *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    *out = (struct iam_entities){0};
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    st = sql_prepare(s, "SELECT " IAM_ENTITY_COLUMNS " FROM entity e WHERE e.scope = ?1 "
                        "AND e.kind = ?2 AND e.name > ?3 AND substr(e.path, 1, length(?4)) = ?4 "
                        "AND ((?5 AND e.boundary = ?6) OR (NOT ?5 AND EXISTS (SELECT 1 "
                        "FROM attachment WHERE entity = e.id AND arn = ?6))) "
                        "ORDER BY e.name LIMIT ?7");
    sql_bind_int(st, 1, scope);
    sql_bind_int(st, 2, what->kind);
    sql_bind_text(st, 3, after ? after : "");
    sql_bind_text(st, 4, what->path_prefix ? what->path_prefix : "");
    sql_bind_int(st, 5, what->as_boundary);
    sql_bind_text(st, 6, what->arn);
    sql_bind_int(st, 7, (int64_t)limit + 1);
    status = iam_entity_rows(st, limit, a, out);
    sql_read_end(s);
    return status;
}

enum store_status iam_policy_count_uses(struct iam_store *store, const char *account,
                                        const char *arn, struct iam_policy_uses *out)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t scope;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    *out = (struct iam_policy_uses){0};
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    st = sql_query(s,
                   "SELECT (SELECT count(*) FROM attachment a JOIN entity e ON e.id = a.entity "
                   "WHERE a.arn = ?2 AND e.scope = ?1), "
                   "(SELECT count(*) FROM entity WHERE scope = ?1 AND boundary = ?2)",
                   sql_int(scope), sql_text(arn));
    status = sql_step(st);
    if (!status) {
        *out = (struct iam_policy_uses){.attached = sql_column_int(st, 0),
                                        .boundaries = sql_column_int(st, 1)};
        sql_reset(st);
    }
    sql_read_end(s);
    return status;
}
