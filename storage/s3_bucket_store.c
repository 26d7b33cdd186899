/* Buckets, and the documents that configure them. */
#include "storage/s3_internal.h"

/* More than any account has. */
enum { BUCKETS_MAX = 100000 };

struct s3_bucket s3_bucket_row(struct sql_stmt *st, int first, struct arena *a)
{
    return (struct s3_bucket){
        .id = sql_column_int(st, first),
        .name = sql_column_text(st, first + 1, a),
        .account = sql_column_text(st, first + 2, a),
        .region = sql_column_text(st, first + 3, a),
        .created_ms = sql_column_int(st, first + 4),
        .versioning = (enum s3_versioning)sql_column_int(st, first + 5),
        .object_lock = sql_column_int(st, first + 6) != 0,
        .documents = (uint64_t)sql_column_int(st, first + 7),
    };
}

/* --- documents --- */

static enum store_status mark_document(struct sql *s, int64_t bucket, enum s3_document kind,
                                       bool there)
{
    int64_t bit = INT64_C(1) << kind;

    if (there)
        return sql_exec(s, "UPDATE bucket SET documents = documents | ?2 WHERE id = ?1",
                        sql_int(bucket), sql_int(bit));
    return sql_exec(s, "UPDATE bucket SET documents = documents & ~?2 WHERE id = ?1",
                    sql_int(bucket), sql_int(bit));
}

static enum store_status put_document(struct sql *s, int64_t bucket,
                                      const struct s3_document_in *document)
{
    enum store_status rc = mark_document(s, bucket, document->kind, true);

    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    if (rc)
        return rc;
    return sql_exec(s,
                    "INSERT OR REPLACE INTO document (bucket, kind, id, body) "
                    "VALUES (?1, ?2, ?3, ?4)",
                    sql_int(bucket), sql_int(document->kind), sql_text(document->id),
                    sql_text(document->body));
}

/* STORE_LIMIT when another one would be too many. */
static enum store_status room_for(struct sql *s, int64_t bucket,
                                  const struct s3_document_in *document, size_t max)
{
    struct sql_stmt *st =
        sql_query(s,
                  "SELECT count(*) FROM document "
                  "WHERE bucket = ?1 AND kind = ?2 AND id <> ?3",
                  sql_int(bucket), sql_int(document->kind), sql_text(document->id));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK && sql_column_int(st, 0) >= (int64_t)max)
        rc = STORE_LIMIT;
    sql_reset(st);
    return rc;
}

enum store_status s3_document_put(struct s3_store *store, int64_t bucket,
                                  const struct s3_document_in *document, size_t max)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc)
        return rc;
    if (max)
        rc = room_for(s, bucket, document, max);
    if (rc == STORE_OK)
        rc = put_document(s, bucket, document);
    return sql_write_end(s, rc);
}

enum store_status s3_document_get(struct s3_store *store, int64_t bucket, enum s3_document kind,
                                  const char *id, struct arena *a, const char **out_body)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc)
        return rc;
    st = sql_query(s, "SELECT body FROM document WHERE bucket = ?1 AND kind = ?2 AND id = ?3",
                   sql_int(bucket), sql_int(kind), sql_text(id));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_body = sql_column_text(st, 0, a);
    sql_read_end(s);
    return rc;
}

/* Takes the bit away with the last document of its kind. */
static enum store_status unmark_last(struct sql *s, int64_t bucket, enum s3_document kind)
{
    struct sql_stmt *st = sql_query(s, "SELECT 1 FROM document WHERE bucket = ?1 AND kind = ?2",
                                    sql_int(bucket), sql_int(kind));
    enum store_status rc = sql_step(st);

    sql_reset(st);
    return rc == STORE_NOT_FOUND ? mark_document(s, bucket, kind, false) : rc;
}

enum store_status s3_document_delete(struct s3_store *store, int64_t bucket, enum s3_document kind,
                                     const char *id)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc)
        return rc;
    rc = sql_exec(s, "DELETE FROM document WHERE bucket = ?1 AND kind = ?2 AND id = ?3",
                  sql_int(bucket), sql_int(kind), sql_text(id));
    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    if (rc == STORE_OK)
        rc = unmark_last(s, bucket, kind);
    return sql_write_end(s, rc);
}

enum store_status s3_document_list(struct s3_store *store, int64_t bucket, enum s3_document kind,
                                   const char *after, size_t max, struct arena *a,
                                   struct s3_documents *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct s3_documents){.items = ARENA_ARRAY(a, struct s3_document_row, max + 1)};
    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    st = sql_query(s,
                   "SELECT id, body FROM document WHERE bucket = ?1 AND kind = ?2 AND id > ?3 "
                   "ORDER BY id LIMIT ?4",
                   sql_int(bucket), sql_int(kind), sql_text(after), sql_int((int64_t)max + 1));
    while (!(rc = sql_step(st)))
        out->items[out->count++] = (struct s3_document_row){.id = sql_column_text(st, 0, a),
                                                            .body = sql_column_text(st, 1, a)};
    sql_read_end(s);
    out->more = out->count > max;
    out->count = MIN(out->count, max);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- buckets --- */

enum store_status s3_bucket_create(struct s3_store *store, const struct s3_bucket *b,
                                   const struct s3_document_in *documents, size_t document_count)
{
    struct sql *s;
    int64_t id;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc)
        return rc;
    rc = sql_exec(s,
                  "INSERT INTO bucket (name, account, region, created_ms, versioning, "
                  "object_lock) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                  sql_text(b->name), sql_text(b->account), sql_text(b->region),
                  sql_int(b->created_ms), sql_int(b->versioning), sql_int(b->object_lock));
    id = sql_last_rowid(s);
    for (size_t i = 0; rc == STORE_OK && i < document_count; i++)
        rc = put_document(s, id, &documents[i]);
    return sql_write_end(s, rc);
}

enum store_status s3_bucket_find(struct s3_store *store, const char *name, struct arena *a,
                                 struct s3_bucket *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc)
        return rc;
    st = sql_query(s, "SELECT " S3_BUCKET_COLUMNS " FROM bucket b WHERE b.name = ?1",
                   sql_text(name));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out = s3_bucket_row(st, 0, a);
    sql_read_end(s);
    return rc;
}

static enum store_status holds_nothing(struct sql *s, int64_t id)
{
    struct sql_stmt *st = sql_query(s,
                                    "SELECT 1 WHERE EXISTS (SELECT 1 FROM version WHERE "
                                    "bucket = ?1 AND state = 1) OR EXISTS (SELECT 1 FROM "
                                    "version WHERE bucket = ?1 AND state <> 1)",
                                    sql_int(id));
    enum store_status rc = sql_step(st);

    sql_reset(st);
    if (rc == STORE_NOT_FOUND)
        return STORE_OK;
    return rc == STORE_OK ? STORE_CONFLICT : rc;
}

static enum store_status drop_uploads(struct sql *s, int64_t bucket, struct s3_garbage *garbage)
{
    enum store_status rc = STORE_OK;

    while (rc == STORE_OK) {
        struct sql_stmt *st = sql_query(s,
                                        "SELECT id FROM upload WHERE bucket = ?1 AND version "
                                        "IS NULL LIMIT 1",
                                        sql_int(bucket));
        int64_t id;

        rc = sql_step(st);
        if (rc)
            break;
        id = sql_column_int(st, 0);
        sql_reset(st);
        rc = s3_upload_drop(s, id, garbage);
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status s3_bucket_delete(struct s3_store *store, int64_t id)
{
    struct s3_garbage garbage = {0};
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc)
        return rc;
    rc = holds_nothing(s, id);
    if (rc == STORE_OK)
        rc = drop_uploads(s, id, &garbage);
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM document WHERE bucket = ?1", sql_int(id));
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM bucket WHERE id = ?1", sql_int(id));
    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    rc = sql_write_end(s, rc);
    if (rc)
        s3_garbage_forget(&garbage);
    else
        s3_garbage_collect(store, &garbage);
    return rc;
}

static enum store_status change_bucket(struct s3_store *store, const char *sql_statement,
                                       int64_t id, int64_t value)
{
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc)
        return rc;
    rc = sql_exec(s, sql_statement, sql_int(id), sql_int(value));
    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    return sql_write_end(s, rc);
}

enum store_status s3_bucket_set_versioning(struct s3_store *store, int64_t id,
                                           enum s3_versioning versioning)
{
    return change_bucket(store, "UPDATE bucket SET versioning = ?2 WHERE id = ?1", id, versioning);
}

enum store_status s3_bucket_enable_lock(struct s3_store *store, int64_t id)
{
    return change_bucket(store, "UPDATE bucket SET object_lock = ?2 WHERE id = ?1", id, 1);
}

static enum store_status read_buckets(struct sql_stmt *st, size_t max, struct arena *a,
                                      struct s3_buckets *out)
{
    size_t capacity = 0;
    enum store_status rc;

    while (!(rc = sql_step(st))) {
        if (out->count == max) {
            out->more = true;
            break;
        }
        if (out->count == capacity) {
            struct s3_bucket *larger = ARENA_ARRAY(a, struct s3_bucket, 2 * capacity + 16);

            if (out->count)
                memcpy(larger, out->items, out->count * sizeof(*larger));
            out->items = larger;
            capacity = 2 * capacity + 16;
        }
        out->items[out->count++] = s3_bucket_row(st, 0, a);
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status s3_bucket_list(struct s3_store *store, const struct s3_bucket_query *query,
                                 struct arena *a, struct s3_buckets *out)
{
    const char *prefix = query->prefix ? query->prefix : "";
    const char *end = s3_behind_prefix(a, prefix);
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct s3_buckets){0};
    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc =
        read_buckets(sql_query(s,
                               "SELECT " S3_BUCKET_COLUMNS " FROM bucket b WHERE account = ?1 "
                               "AND name >= ?2 AND (?3 IS NULL OR name < ?3) AND name > ?4 "
                               "AND (?5 IS NULL OR region = ?5) ORDER BY name",
                               sql_text(query->account), sql_text(prefix), sql_text(end),
                               sql_text(query->after ? query->after : ""), sql_text(query->region)),
                     query->max, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status s3_bucket_list_having(struct s3_store *store, enum s3_document kind,
                                        struct arena *a, struct s3_buckets *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct s3_buckets){0};
    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = read_buckets(sql_query(s,
                                "SELECT " S3_BUCKET_COLUMNS " FROM bucket b "
                                "WHERE documents & ?1 <> 0 ORDER BY name",
                                sql_int(INT64_C(1) << kind)),
                      BUCKETS_MAX, a, out);
    sql_read_end(s);
    return rc;
}
