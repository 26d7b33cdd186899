/*
 * Versions of objects: writing, finding, removing, changing.
 *
 * Of a key at most one row has state 1 (the present object) or 2 (the present delete marker); it is
 * the newest. All others have state 0. While a bucket was never versioned there are no others.
 */
#include "storage/s3_internal.h"

enum { PRESENT = 1, PRESENT_MARKER = 2, OLDER = 0 };

/* What a write needs to know of a row. */
struct row {
    int64_t id;
    int64_t state;
    bool marker;
    bool null_version;
    int64_t modified_ms;
    struct s3_lock lock;
    int64_t upload; /* 0: none */
    char blob[S3_BLOB_ID_MAX];
    char etag[80];
};

#define ROW_COLUMNS                                                                                \
    "id, state, marker, null_version, modified_ms, lock_mode, retain_until_ms, legal_hold, "       \
    "upload, blob, etag"

static void copy_text(struct sql_stmt *st, int column, char *out, size_t size)
{
    struct bytes text = sql_column_blob(st, column);
    size_t len = MIN(text.len, size - 1);

    if (len)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

static enum store_status read_row(struct sql_stmt *st, struct row *out)
{
    enum store_status rc = sql_step(st);

    if (rc)
        return rc;
    *out = (struct row){
        .id = sql_column_int(st, 0),
        .state = sql_column_int(st, 1),
        .marker = sql_column_int(st, 2) != 0,
        .null_version = sql_column_int(st, 3) != 0,
        .modified_ms = sql_column_int(st, 4),
        .lock = {.mode = (enum s3_lock_mode)sql_column_int(st, 5),
                 .retain_until_ms = sql_column_int(st, 6),
                 .legal_hold = (enum s3_legal_hold)sql_column_int(st, 7)},
        .upload = sql_column_int(st, 8),
    };
    copy_text(st, 9, out->blob, sizeof(out->blob));
    copy_text(st, 10, out->etag, sizeof(out->etag));
    sql_reset(st);
    return STORE_OK;
}

/* --- rows in a write --- */

/* The newest of a key: object or marker. */
static enum store_status newest(struct sql *s, int64_t bucket, const char *key,
                                enum s3_versioning versioning, struct row *out)
{
    enum store_status rc = read_row(sql_query(s,
                                              "SELECT " ROW_COLUMNS " FROM version "
                                              "WHERE bucket = ?1 AND key = ?2 AND state = 1",
                                              sql_int(bucket), sql_text(key)),
                                    out);

    if (rc != STORE_NOT_FOUND || versioning == S3_UNVERSIONED)
        return rc;
    return read_row(sql_query(s,
                              "SELECT " ROW_COLUMNS " FROM version WHERE bucket = ?1 AND "
                              "key = ?2 AND state <> 1 ORDER BY id DESC LIMIT 1",
                              sql_int(bucket), sql_text(key)),
                    out);
}

static enum store_status find_null(struct sql *s, int64_t bucket, const char *key, struct row *out)
{
    enum store_status rc =
        read_row(sql_query(s,
                           "SELECT " ROW_COLUMNS " FROM version WHERE bucket = ?1 AND key = ?2 "
                           "AND state = 1 AND null_version = 1",
                           sql_int(bucket), sql_text(key)),
                 out);

    if (rc != STORE_NOT_FOUND)
        return rc;
    return read_row(sql_query(s,
                              "SELECT " ROW_COLUMNS " FROM version WHERE bucket = ?1 AND "
                              "key = ?2 AND state <> 1 AND null_version = 1 LIMIT 1",
                              sql_int(bucket), sql_text(key)),
                    out);
}

static enum store_status set_state(struct sql *s, int64_t id, int64_t state)
{
    return sql_exec(s, "UPDATE version SET state = ?2 WHERE id = ?1", sql_int(id), sql_int(state));
}

static enum store_status drop_row(struct sql *s, const struct row *row, struct s3_garbage *garbage)
{
    enum store_status rc = sql_exec(s, "DELETE FROM version WHERE id = ?1", sql_int(row->id));

    if (rc == STORE_OK && row->blob[0])
        rc = s3_blob_release(s, row->blob, garbage);
    if (rc == STORE_OK && row->upload)
        rc = s3_upload_drop(s, row->upload, garbage);
    return rc;
}

/* Makes room for a new newest row: the null version goes when another null version comes, what was
 * the newest becomes older. */
static enum store_status make_room(struct sql *s, int64_t bucket, const char *key,
                                   enum s3_versioning versioning, const struct row *present,
                                   struct s3_garbage *garbage)
{
    enum store_status rc = STORE_OK;
    struct row null_row;

    if (versioning == S3_VERSIONED)
        return present ? set_state(s, present->id, OLDER) : STORE_OK;
    if (present && present->null_version)
        return drop_row(s, present, garbage);
    if (present)
        rc = set_state(s, present->id, OLDER);
    if (rc || versioning == S3_UNVERSIONED)
        return rc;
    rc = find_null(s, bucket, key, &null_row);
    if (rc == STORE_NOT_FOUND)
        return STORE_OK;
    return rc ? rc : drop_row(s, &null_row, garbage);
}

static enum store_status versioning_of(struct sql *s, int64_t bucket, enum s3_versioning *out)
{
    struct sql_stmt *st =
        sql_query(s, "SELECT versioning FROM bucket WHERE id = ?1", sql_int(bucket));
    enum store_status rc = sql_step(st);

    if (rc == STORE_OK)
        *out = (enum s3_versioning)sql_column_int(st, 0);
    sql_reset(st);
    return rc;
}

/* --- conditions --- */

static enum s3_refusal check_condition(const struct s3_condition *c, const struct row *present)
{
    bool there = present && !present->marker;

    if (c->if_match) {
        if (!there)
            return S3_NO_KEY;
        if (!str_eq(c->if_match, "*") && !str_eq(c->if_match, present->etag))
            return S3_PRECONDITION;
    }
    if (c->if_none_match && there)
        return S3_PRECONDITION;
    if (c->if_none_match && c->removed)
        return S3_CHANGED;
    if ((c->if_match || c->if_none_match) && c->opened_ms && present &&
        present->modified_ms > c->opened_ms)
        return S3_CHANGED;
    return S3_ACCEPTED;
}

static bool is_locked(const struct s3_lock *lock, int64_t now_ms, bool bypass_governance)
{
    if (lock->legal_hold == S3_HOLD_ON)
        return true;
    if (lock->mode == S3_LOCK_NONE || lock->retain_until_ms <= now_ms)
        return false;
    return lock->mode == S3_LOCK_COMPLIANCE || !bypass_governance;
}

/* --- put --- */

static enum store_status insert(struct sql *s, struct s3_object *o)
{
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    rc = sql_exec(
        s,
        "INSERT INTO version (bucket, key, state, marker, null_version, modified_ms, "
        "size, etag, account, storage_class, checksum_algorithm, checksum_type, "
        "checksum, head, tags, lock_mode, retain_until_ms, legal_hold, "
        "restore_until_ms, acl, upload, blob, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
        "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, "
        "?23)",
        sql_int(o->bucket), sql_text(o->key), sql_int(o->marker ? PRESENT_MARKER : PRESENT),
        sql_int(o->marker), sql_int(o->null_version), sql_int(o->modified_ms), sql_int(o->size),
        sql_text(o->etag), sql_text(o->account), sql_text(o->storage_class),
        sql_int(o->checksum_algorithm), sql_int(o->checksum_type), sql_text(o->checksum),
        s3_pack(&o->head, &a), s3_pack(&o->tags, &a), sql_int(o->lock.mode),
        sql_int(o->lock.retain_until_ms), sql_int(o->lock.legal_hold), sql_int(o->restore_until_ms),
        sql_text(o->acl), o->upload ? sql_int(o->upload) : (struct sql_value){.kind = SQL_NULL},
        sql_text(o->blob), sql_blob(o->data));
    arena_release(&a);
    o->id = sql_last_rowid(s);
    o->present = true;
    return rc;
}

enum store_status s3_put_in(struct sql *s, struct s3_put *put, struct s3_garbage *garbage)
{
    struct s3_object *o = &put->object;
    struct row row;
    const struct row *present = &row;
    enum store_status rc = versioning_of(s, o->bucket, &put->versioning);

    if (rc)
        return rc;
    rc = newest(s, o->bucket, o->key, put->versioning, &row);
    if (rc == STORE_NOT_FOUND)
        present = NULL;
    else if (rc)
        return rc;
    put->refusal = check_condition(&put->condition, present);
    if (put->refusal)
        return STORE_CONFLICT;
    /* Before the row that goes: it may be the same blob's last. */
    if (o->blob) {
        rc = put->shares_blob ? s3_blob_share(s, o->blob) : s3_blob_add(s, o->blob);
        if (rc)
            return rc;
    }
    rc = make_room(s, o->bucket, o->key, put->versioning, present, garbage);
    o->null_version = put->versioning != S3_VERSIONED;
    return rc ? rc : insert(s, o);
}

struct put_turn {
    struct s3_put *put;
    struct s3_garbage garbage;
};

static enum store_status put_turn(struct sql *s, void *context)
{
    struct put_turn *t = context;

    return s3_put_in(s, t->put, &t->garbage);
}

enum store_status s3_object_put(struct s3_store *store, struct s3_put *put)
{
    struct put_turn turn = {.put = put};
    enum store_status rc = lazy_write(store->db, put_turn, &turn);

    if (rc) {
        s3_garbage_forget(&turn.garbage);
        return rc;
    }
    if (put->object.blob && !put->shares_blob)
        s3_file_settle(store, put->object.blob);
    s3_garbage_collect(store, &turn.garbage);
    return STORE_OK;
}

/* --- find --- */

static struct s3_object object_row(struct sql_stmt *st, struct arena *a, bool with_data)
{
    int64_t state = sql_column_int(st, 3);

    return (struct s3_object){
        .id = sql_column_int(st, 0),
        .bucket = sql_column_int(st, 1),
        .key = sql_column_text(st, 2, a),
        .present = state != OLDER,
        .marker = sql_column_int(st, 4) != 0,
        .null_version = sql_column_int(st, 5) != 0,
        .modified_ms = sql_column_int(st, 6),
        .size = sql_column_int(st, 7),
        .etag = sql_column_text(st, 8, a),
        .account = sql_column_text(st, 9, a),
        .storage_class = sql_column_text(st, 10, a),
        .checksum_algorithm = (enum s3_checksum_algorithm)sql_column_int(st, 11),
        .checksum_type = (enum s3_checksum_type)sql_column_int(st, 12),
        .checksum = sql_column_text(st, 13, a),
        .head = s3_unpack(sql_column_blob(st, 14), a),
        .tags = s3_unpack(sql_column_blob(st, 15), a),
        .lock = {.mode = (enum s3_lock_mode)sql_column_int(st, 16),
                 .retain_until_ms = sql_column_int(st, 17),
                 .legal_hold = (enum s3_legal_hold)sql_column_int(st, 18)},
        .restore_until_ms = sql_column_int(st, 19),
        .acl = sql_column_text(st, 20, a),
        .upload = sql_column_int(st, 21),
        .blob = sql_column_text(st, 22, a),
        .data = with_data ? sql_column_bytes(st, 23, a) : (struct bytes){0},
    };
}

#define FROM_VERSION "SELECT " S3_OBJECT_COLUMNS ", v.data FROM version v "

static struct sql_stmt *query_which(struct sql *s, int64_t bucket, const struct s3_which *which)
{
    switch (which->by) {
    case S3_BY_ID:
        return sql_query(s, FROM_VERSION "WHERE v.id = ?3 AND v.bucket = ?1 AND v.key = ?2",
                         sql_int(bucket), sql_text(which->key), sql_int(which->id));
    case S3_NULL_VERSION:
        return sql_query(s,
                         FROM_VERSION "WHERE v.bucket = ?1 AND v.key = ?2 AND v.state <> 1 "
                                      "AND v.null_version = 1",
                         sql_int(bucket), sql_text(which->key));
    case S3_PRESENT:
        break;
    }
    return sql_query(s, FROM_VERSION "WHERE v.bucket = ?1 AND v.key = ?2 AND v.state = 1",
                     sql_int(bucket), sql_text(which->key));
}

static enum store_status find_object(struct sql *s, int64_t bucket, const struct s3_which *which,
                                     bool with_data, struct arena *a, struct s3_object *out)
{
    struct sql_stmt *st = query_which(s, bucket, which);
    enum store_status rc = sql_step(st);

    if (rc == STORE_NOT_FOUND && which->by == S3_PRESENT) {
        st = sql_query(s,
                       FROM_VERSION "WHERE v.bucket = ?1 AND v.key = ?2 AND v.state <> 1 "
                                    "ORDER BY v.id DESC LIMIT 1",
                       sql_int(bucket), sql_text(which->key));
        rc = sql_step(st);
    } else if (rc == STORE_NOT_FOUND && which->by == S3_NULL_VERSION) {
        st = sql_query(s,
                       FROM_VERSION "WHERE v.bucket = ?1 AND v.key = ?2 AND v.state = 1 AND "
                                    "v.null_version = 1",
                       sql_int(bucket), sql_text(which->key));
        rc = sql_step(st);
    }
    if (rc == STORE_OK)
        *out = object_row(st, a, with_data);
    sql_reset(st);
    return rc;
}

enum store_status s3_object_find(struct s3_store *store, int64_t bucket,
                                 const struct s3_which *which, bool with_data, struct arena *a,
                                 struct s3_object *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc)
        return rc;
    rc = find_object(s, bucket, which, with_data, a, out);
    sql_read_end(s);
    return rc;
}

enum store_status s3_object_find_in(struct s3_store *store, const char *bucket,
                                    const struct s3_which *which, bool with_data, struct arena *a,
                                    struct s3_bucket *out_bucket, struct s3_object *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_bucket = (struct s3_bucket){0};
    if (rc)
        return rc;
    st = sql_query(s, "SELECT " S3_BUCKET_COLUMNS " FROM bucket b WHERE b.name = ?1",
                   sql_text(bucket));
    rc = sql_step(st);
    if (rc == STORE_OK) {
        *out_bucket = s3_bucket_row(st, 0, a);
        sql_reset(st);
        rc = find_object(s, out_bucket->id, which, with_data, a, out);
    }
    sql_read_end(s);
    return rc;
}

/* --- remove --- */

struct remove_turn {
    struct s3_remove *remove;
    struct s3_garbage garbage;
};

static enum store_status insert_marker(struct sql *s, struct s3_remove *r,
                                       enum s3_versioning versioning)
{
    struct s3_object marker = {
        .bucket = r->bucket,
        .key = r->which.key,
        .marker = true,
        .null_version = versioning != S3_VERSIONED,
        .modified_ms = r->now_ms,
        .etag = "",
        .account = r->account,
        .storage_class = "STANDARD",
    };
    enum store_status rc = insert(s, &marker);

    r->marker = true;
    r->version = marker.id;
    r->null_version = marker.null_version;
    return rc;
}

/* What is gone for good is told to who has begun to replace it. */
static enum store_status drop_present(struct sql *s, const struct s3_remove *r,
                                      const struct row *present, struct s3_garbage *garbage)
{
    enum store_status rc = drop_row(s, present, garbage);

    return rc ? rc
              : sql_exec(s,
                         "UPDATE upload SET key_removed = 1 WHERE bucket = ?1 AND key = ?2 AND "
                         "version IS NULL",
                         sql_int(r->bucket), sql_text(r->which.key));
}

/* DELETE without a version: removes, or hides behind a marker. */
static enum store_status remove_present(struct sql *s, struct s3_remove *r,
                                        struct s3_garbage *garbage)
{
    enum s3_versioning versioning;
    struct row row;
    const struct row *present = &row;
    enum store_status rc = versioning_of(s, r->bucket, &versioning);

    if (rc)
        return rc;
    rc = newest(s, r->bucket, r->which.key, versioning, &row);
    if (rc == STORE_NOT_FOUND)
        present = NULL;
    else if (rc)
        return rc;
    r->refusal = check_condition(&r->condition, present);
    if (r->refusal)
        return STORE_CONFLICT;
    r->found = present && !present->marker;
    if (versioning == S3_UNVERSIONED)
        return present ? drop_present(s, r, present, garbage) : STORE_OK;
    rc = make_room(s, r->bucket, r->which.key, versioning, present, garbage);
    return rc ? rc : insert_marker(s, r, versioning);
}

/* The next older version takes the place of the newest. */
static enum store_status promote(struct sql *s, int64_t bucket, const char *key)
{
    struct row row;
    enum store_status rc =
        read_row(sql_query(s,
                           "SELECT " ROW_COLUMNS " FROM version WHERE bucket = ?1 AND "
                           "key = ?2 AND state <> 1 ORDER BY id DESC LIMIT 1",
                           sql_int(bucket), sql_text(key)),
                 &row);

    if (rc)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    return set_state(s, row.id, row.marker ? PRESENT_MARKER : PRESENT);
}

static enum store_status remove_version(struct sql *s, struct s3_remove *r,
                                        struct s3_garbage *garbage)
{
    struct row row;
    enum store_status rc;

    if (r->which.by == S3_NULL_VERSION)
        rc = find_null(s, r->bucket, r->which.key, &row);
    else
        rc = read_row(sql_query(s,
                                "SELECT " ROW_COLUMNS " FROM version WHERE id = ?3 AND "
                                "bucket = ?1 AND key = ?2",
                                sql_int(r->bucket), sql_text(r->which.key), sql_int(r->which.id)),
                      &row);
    if (rc && rc != STORE_NOT_FOUND)
        return rc;
    r->refusal = check_condition(&r->condition, rc ? NULL : &row);
    if (!r->refusal && rc == STORE_OK && is_locked(&row.lock, r->now_ms, r->bypass_governance))
        r->refusal = S3_LOCKED;
    if (r->refusal)
        return STORE_CONFLICT;
    if (rc == STORE_NOT_FOUND)
        return STORE_OK;
    r->found = true;
    r->marker = row.marker;
    r->version = row.id;
    r->null_version = row.null_version;
    rc = drop_row(s, &row, garbage);
    if (rc == STORE_OK && row.state != OLDER)
        rc = promote(s, r->bucket, r->which.key);
    return rc;
}

static enum store_status remove_turn(struct sql *s, void *context)
{
    struct remove_turn *t = context;

    if (t->remove->which.by == S3_PRESENT)
        return remove_present(s, t->remove, &t->garbage);
    return remove_version(s, t->remove, &t->garbage);
}

enum store_status s3_object_remove(struct s3_store *store, struct s3_remove *remove)
{
    struct remove_turn turn = {.remove = remove};
    enum store_status rc = lazy_write(store->db, remove_turn, &turn);

    if (rc)
        s3_garbage_forget(&turn.garbage);
    else
        s3_garbage_collect(store, &turn.garbage);
    return rc;
}

/* --- change --- */

struct change_turn {
    const struct s3_object *object;
    unsigned facts;
};

static enum store_status change_facts(struct sql *s, const struct s3_object *o, unsigned facts,
                                      struct arena *a)
{
    enum store_status rc = STORE_OK;

    if (facts & S3_FACT_TAGS)
        rc = sql_exec(s, "UPDATE version SET tags = ?2 WHERE id = ?1", sql_int(o->id),
                      s3_pack(&o->tags, a));
    if (rc == STORE_OK && facts & S3_FACT_HEAD)
        rc = sql_exec(s, "UPDATE version SET head = ?2 WHERE id = ?1", sql_int(o->id),
                      s3_pack(&o->head, a));
    if (rc == STORE_OK && facts & S3_FACT_ACL)
        rc = sql_exec(s, "UPDATE version SET acl = ?2 WHERE id = ?1", sql_int(o->id),
                      sql_text(o->acl));
    if (rc == STORE_OK && facts & S3_FACT_RESTORE)
        rc = sql_exec(s, "UPDATE version SET restore_until_ms = ?2 WHERE id = ?1", sql_int(o->id),
                      sql_int(o->restore_until_ms));
    if (rc == STORE_OK && facts & S3_FACT_STORAGE_CLASS)
        rc = sql_exec(s, "UPDATE version SET storage_class = ?2 WHERE id = ?1", sql_int(o->id),
                      sql_text(o->storage_class));
    if (rc == STORE_OK && facts & S3_FACT_LOCK)
        rc = sql_exec(s,
                      "UPDATE version SET lock_mode = ?2, retain_until_ms = ?3, "
                      "legal_hold = ?4 WHERE id = ?1",
                      sql_int(o->id), sql_int(o->lock.mode), sql_int(o->lock.retain_until_ms),
                      sql_int(o->lock.legal_hold));
    return rc;
}

static enum store_status change_turn(struct sql *s, void *context)
{
    const struct change_turn *t = context;
    struct arena a;
    enum store_status rc;

    arena_init(&a);
    rc = change_facts(s, t->object, t->facts, &a);
    arena_release(&a);
    return rc == STORE_OK && sql_changes(s) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status s3_object_change(struct s3_store *store, const struct s3_object *object,
                                   unsigned facts)
{
    struct change_turn turn = {.object = object, .facts = facts};

    return lazy_write(store->db, change_turn, &turn);
}

/* --- rename --- */

struct rename_turn {
    struct s3_rename *rename;
    struct s3_garbage garbage;
};

static enum store_status rename_turn(struct sql *s, void *context)
{
    struct rename_turn *t = context;
    struct s3_rename *r = t->rename;
    enum s3_versioning versioning;
    struct row from, to;
    const struct row *present = &to;
    enum store_status rc = versioning_of(s, r->bucket, &versioning);

    if (rc)
        return rc;
    rc = newest(s, r->bucket, r->from, versioning, &from);
    if (rc && rc != STORE_NOT_FOUND)
        return rc;
    r->refusal = rc || from.marker ? S3_NO_KEY : check_condition(&r->from_condition, &from);
    if (r->refusal)
        return STORE_CONFLICT;
    rc = newest(s, r->bucket, r->to, versioning, &to);
    if (rc == STORE_NOT_FOUND)
        present = NULL;
    else if (rc)
        return rc;
    r->refusal = check_condition(&r->to_condition, present);
    if (r->refusal)
        return STORE_CONFLICT;
    rc = make_room(s, r->bucket, r->to, versioning, present, &t->garbage);
    if (rc == STORE_OK)
        rc = sql_exec(s, "UPDATE version SET key = ?2 WHERE id = ?1", sql_int(from.id),
                      sql_text(r->to));
    return rc ? rc : promote(s, r->bucket, r->from);
}

enum store_status s3_object_rename(struct s3_store *store, struct s3_rename *rename)
{
    struct rename_turn turn = {.rename = rename};
    enum store_status rc = lazy_write(store->db, rename_turn, &turn);

    if (rc)
        s3_garbage_forget(&turn.garbage);
    else
        s3_garbage_collect(store, &turn.garbage);
    return rc;
}
