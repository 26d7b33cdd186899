/*
 * Multipart uploads and their parts.
 *
 * Each part is a file of its own, also when the upload has become an object: the object's row
 * refers to the upload, and readers walk its parts.
 */
#include "storage/s3_internal.h"

/* --- uploads --- */

enum store_status s3_upload_create(struct s3_store *store, const struct s3_upload *upload,
                                   int64_t *out_id)
{
    const struct s3_object *o = &upload->object;
    struct sql *s;
    struct arena a;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc)
        return rc;
    arena_init(&a);
    rc = sql_exec(s,
                  "INSERT INTO upload (bucket, key, account, created_ms, storage_class, "
                  "checksum_algorithm, checksum_type, head, tags, lock_mode, retain_until_ms, "
                  "legal_hold, acl) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 "
                  "WHERE EXISTS (SELECT 1 FROM bucket WHERE id = ?1)",
                  sql_int(o->bucket), sql_text(o->key), sql_text(o->account),
                  sql_int(upload->created_ms), sql_text(o->storage_class),
                  sql_int(o->checksum_algorithm), sql_int(o->checksum_type), s3_pack(&o->head, &a),
                  s3_pack(&o->tags, &a), sql_int(o->lock.mode), sql_int(o->lock.retain_until_ms),
                  sql_int(o->lock.legal_hold), sql_text(o->acl));
    if (rc == STORE_OK && sql_changes(s) == 0)
        rc = STORE_NOT_FOUND;
    *out_id = sql_last_rowid(s);
    arena_release(&a);
    return sql_write_end(s, rc);
}

enum store_status s3_upload_find(struct s3_store *store, int64_t bucket, int64_t id,
                                 struct arena *a, struct s3_upload *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc)
        return rc;
    st = sql_query(s,
                   "SELECT id, version, created_ms, key, account, storage_class, "
                   "checksum_algorithm, checksum_type, head, tags, lock_mode, "
                   "retain_until_ms, legal_hold, acl FROM upload WHERE id = ?1 AND bucket = ?2",
                   sql_int(id), sql_int(bucket));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out = (struct s3_upload){
            .id = sql_column_int(st, 0),
            .version = sql_column_int(st, 1),
            .created_ms = sql_column_int(st, 2),
            .object =
                {
                    .bucket = bucket,
                    .key = sql_column_text(st, 3, a),
                    .account = sql_column_text(st, 4, a),
                    .storage_class = sql_column_text(st, 5, a),
                    .checksum_algorithm = (enum s3_checksum_algorithm)sql_column_int(st, 6),
                    .checksum_type = (enum s3_checksum_type)sql_column_int(st, 7),
                    .head = s3_unpack(sql_column_blob(st, 8), a),
                    .tags = s3_unpack(sql_column_blob(st, 9), a),
                    .lock = {.mode = (enum s3_lock_mode)sql_column_int(st, 10),
                             .retain_until_ms = sql_column_int(st, 11),
                             .legal_hold = (enum s3_legal_hold)sql_column_int(st, 12)},
                    .acl = sql_column_text(st, 13, a),
                    .upload = id,
                },
        };
    sql_read_end(s);
    return rc;
}

static enum store_status release_parts(struct sql *s, int64_t upload, struct s3_garbage *garbage)
{
    struct sql_stmt *st = sql_query(s, "SELECT blob FROM part WHERE upload = ?1", sql_int(upload));
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    while (!(rc = sql_step(st))) {
        rc = s3_blob_release(s, sql_column_text(st, 0, &a), garbage);
        if (rc)
            break;
    }
    sql_reset(st);
    arena_release(&a);
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status s3_upload_drop(struct sql *s, int64_t upload, struct s3_garbage *garbage)
{
    enum store_status rc = release_parts(s, upload, garbage);

    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM part WHERE upload = ?1", sql_int(upload));
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM upload WHERE id = ?1", sql_int(upload));
    return rc;
}

static enum store_status is_open(struct sql *s, int64_t bucket, int64_t id)
{
    struct sql_stmt *st = sql_query(s,
                                    "SELECT 1 FROM upload WHERE id = ?1 AND version IS NULL AND "
                                    "(?2 = 0 OR bucket = ?2)",
                                    sql_int(id), sql_int(bucket));
    enum store_status rc = sql_step(st);

    sql_reset(st);
    return rc;
}

enum store_status s3_upload_abort(struct s3_store *store, int64_t bucket, int64_t id)
{
    struct s3_garbage garbage = {0};
    struct sql *s;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc)
        return rc;
    rc = is_open(s, bucket, id);
    if (rc == STORE_OK)
        rc = s3_upload_drop(s, id, &garbage);
    rc = sql_write_end(s, rc);
    if (rc)
        s3_garbage_forget(&garbage);
    else
        s3_garbage_collect(store, &garbage);
    return rc;
}

/* --- parts --- */

struct part_turn {
    int64_t upload;
    const struct s3_part *part;
    struct s3_garbage garbage;
};

/* The part of that number that came before. */
static enum store_status replace_part(struct sql *s, int64_t upload, int number,
                                      struct s3_garbage *garbage)
{
    struct sql_stmt *st = sql_query(s, "SELECT blob FROM part WHERE upload = ?1 AND number = ?2",
                                    sql_int(upload), sql_int(number));
    enum store_status rc = sql_step(st);
    struct arena a;
    const char *blob;

    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    arena_init(&a);
    blob = sql_column_text(st, 0, &a);
    sql_reset(st);
    rc = s3_blob_release(s, blob, garbage);
    if (rc == STORE_OK)
        rc = sql_exec(s, "DELETE FROM part WHERE upload = ?1 AND number = ?2", sql_int(upload),
                      sql_int(number));
    arena_release(&a);
    return rc;
}

static enum store_status part_turn(struct sql *s, void *context)
{
    struct part_turn *t = context;
    const struct s3_part *p = t->part;
    struct arena a;
    enum store_status rc = is_open(s, 0, t->upload);

    if (rc)
        return rc;
    rc = s3_blob_add(s, p->blob);
    if (rc == STORE_OK)
        rc = replace_part(s, t->upload, p->number, &t->garbage);
    if (rc)
        return rc;
    arena_init(&a);
    rc = sql_exec(s,
                  "INSERT INTO part (upload, number, size, modified_ms, etag, checksum, head, "
                  "blob) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                  sql_int(t->upload), sql_int(p->number), sql_int(p->size), sql_int(p->modified_ms),
                  sql_text(p->etag), sql_text(p->checksum), s3_pack(&p->head, &a),
                  sql_text(p->blob));
    arena_release(&a);
    return rc;
}

enum store_status s3_part_put(struct s3_store *store, int64_t upload, const struct s3_part *part)
{
    struct part_turn turn = {.upload = upload, .part = part};
    enum store_status rc = lazy_write(store->db, part_turn, &turn);

    if (rc) {
        s3_garbage_forget(&turn.garbage);
        return rc;
    }
    s3_file_settle(store, part->blob);
    s3_garbage_collect(store, &turn.garbage);
    return STORE_OK;
}

#define PART_COLUMNS "number, start, size, modified_ms, etag, checksum, head, blob"

static struct s3_part part_row(struct sql_stmt *st, struct arena *a)
{
    return (struct s3_part){
        .number = (int)sql_column_int(st, 0),
        .start = sql_column_int(st, 1),
        .size = sql_column_int(st, 2),
        .modified_ms = sql_column_int(st, 3),
        .etag = sql_column_text(st, 4, a),
        .checksum = sql_column_text(st, 5, a),
        .head = s3_unpack(sql_column_blob(st, 6), a),
        .blob = sql_column_text(st, 7, a),
    };
}

static enum store_status read_parts(struct sql_stmt *st, size_t max, struct arena *a,
                                    struct s3_parts *out)
{
    size_t capacity = 0;
    enum store_status rc;

    *out = (struct s3_parts){0};
    while (!(rc = sql_step(st))) {
        if (out->count == max) {
            out->more = true;
            return STORE_OK;
        }
        if (out->count == capacity) {
            struct s3_part *larger = ARENA_ARRAY(a, struct s3_part, 2 * capacity + 16);

            if (out->count)
                memcpy(larger, out->items, out->count * sizeof(*larger));
            out->items = larger;
            capacity = 2 * capacity + 16;
        }
        out->items[out->count++] = part_row(st, a);
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

enum store_status s3_part_list(struct s3_store *store, int64_t upload, int after, size_t max,
                               struct arena *a, struct s3_parts *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc)
        return rc;
    rc = read_parts(sql_query(s,
                              "SELECT " PART_COLUMNS " FROM part WHERE upload = ?1 AND "
                              "number > ?2 ORDER BY number",
                              sql_int(upload), sql_int(after)),
                    max, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status s3_part_range(struct s3_store *store, int64_t upload, int64_t from, int64_t to,
                                struct arena *a, struct s3_parts *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc)
        return rc;
    rc = read_parts(sql_query(s,
                              "SELECT " PART_COLUMNS " FROM part WHERE upload = ?1 AND "
                              "start < ?3 AND start + size > ?2 ORDER BY number",
                              sql_int(upload), sql_int(from), sql_int(to)),
                    SIZE_MAX, a, out);
    sql_read_end(s);
    return rc;
}

/* --- complete --- */

struct complete_turn {
    struct s3_complete *complete;
    struct s3_garbage garbage;
};

/* Looks whether the part is still the one that was chosen, and gives it its place in the object. */
static enum store_status place_part(struct sql *s, struct s3_complete *c, size_t index,
                                    int64_t *start)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT size, etag FROM part WHERE upload = ?1 AND number = ?2",
                  sql_int(c->put.object.upload), sql_int(c->numbers[index]));
    enum store_status rc = sql_step(st);
    struct bytes etag;
    int64_t size;

    if (rc && rc != STORE_NOT_FOUND)
        return rc;
    if (rc == STORE_OK) {
        etag = sql_column_blob(st, 1);
        if (etag.len == strlen(c->etags[index]) &&
            memcmp(etag.data, c->etags[index], etag.len) == 0) {
            size = sql_column_int(st, 0);
            sql_reset(st);
            rc = sql_exec(s, "UPDATE part SET start = ?3 WHERE upload = ?1 AND number = ?2",
                          sql_int(c->put.object.upload), sql_int(c->numbers[index]),
                          sql_int(*start));
            *start += size;
            return rc;
        }
        sql_reset(st);
    }
    c->put.refusal = S3_WRONG_PART;
    return STORE_CONFLICT;
}

/* Parts that were uploaded and not chosen. */
static enum store_status drop_rest(struct sql *s, struct s3_complete *c, struct s3_garbage *garbage)
{
    struct sql_stmt *st = sql_query(s, "SELECT number FROM part WHERE upload = ?1 ORDER BY number",
                                    sql_int(c->put.object.upload));
    size_t chosen = 0, rest = 0;
    int *numbers = NULL;
    enum store_status rc;

    while (!(rc = sql_step(st))) {
        int number = (int)sql_column_int(st, 0);

        if (chosen < c->count && c->numbers[chosen] == number) {
            chosen++;
            continue;
        }
        numbers = x_reallocarray(numbers, rest + 1, sizeof(*numbers));
        numbers[rest++] = number;
    }
    if (rc == STORE_NOT_FOUND)
        rc = STORE_OK;
    for (size_t i = 0; rc == STORE_OK && i < rest; i++)
        rc = replace_part(s, c->put.object.upload, numbers[i], garbage);
    free(numbers);
    return rc;
}

static enum store_status find_removed(struct sql *s, int64_t upload, bool *out)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT key_removed FROM upload WHERE id = ?1", sql_int(upload));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK)
        *out = sql_column_int(st, 0) != 0;
    sql_reset(st);
    return rc;
}

static enum store_status complete_turn(struct sql *s, void *context)
{
    struct complete_turn *t = context;
    struct s3_complete *c = t->complete;
    int64_t start = 0;
    enum store_status rc = is_open(s, c->put.object.bucket, c->put.object.upload);

    if (rc == STORE_NOT_FOUND) {
        c->put.refusal = S3_NO_UPLOAD;
        return STORE_CONFLICT;
    }
    for (size_t i = 0; rc == STORE_OK && i < c->count; i++)
        rc = place_part(s, c, i, &start);
    if (rc == STORE_OK)
        rc = drop_rest(s, c, &t->garbage);
    if (rc == STORE_OK)
        rc = find_removed(s, c->put.object.upload, &c->put.condition.removed);
    if (rc == STORE_OK)
        rc = s3_put_in(s, &c->put, &t->garbage);
    if (rc == STORE_OK)
        rc = sql_exec(s, "UPDATE upload SET version = ?2 WHERE id = ?1",
                      sql_int(c->put.object.upload), sql_int(c->put.object.id));
    return rc;
}

enum store_status s3_upload_complete(struct s3_store *store, struct s3_complete *complete)
{
    struct complete_turn turn = {.complete = complete};
    enum store_status rc = lazy_write(store->db, complete_turn, &turn);

    if (rc)
        s3_garbage_forget(&turn.garbage);
    else
        s3_garbage_collect(store, &turn.garbage);
    return rc;
}
