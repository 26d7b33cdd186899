/*
 * Pages of listings.
 *
 * A page is read from the index that is ordered by key. Where a common prefix is met, the reading
 * starts anew behind it: so a page costs what it shows, however much the prefixes hold.
 */
#include "storage/s3_internal.h"

/* Where the next read starts. */
struct place {
    const char *key;
    bool inclusive;
    int64_t version; /* of `key`, only versions behind this one; 0: as `inclusive` says */
};

/* One kind of listing: what it reads, and how a row becomes an entry. */
struct listing {
    struct sql_stmt *(*query)(struct sql *s, const struct s3_list_query *q,
                              const struct place *from, size_t limit);
    void (*take)(struct sql_stmt *st, struct arena *a, void *item);
    size_t item_size; /* of the page's items, which begin with `const char *prefix` */
};

struct cursor {
    struct sql *s;
    const struct listing *listing;
    const struct s3_list_query *q;
    struct arena *a;
    char *items;
    size_t count;
    bool more;
    struct place from;
    bool ended;
};

/* "a/b/c" with delimiter "/" and prefix "a/" -> "a/b/"; NULL where the rest has none. */
static char *common_prefix(const struct s3_list_query *q, struct arena *a, const char *key)
{
    size_t prefix_len = strlen(q->prefix);
    const char *at = *q->delimiter ? strstr(key + prefix_len, q->delimiter) : NULL;

    return at ? arena_strndup(a, key, (size_t)(at - key) + strlen(q->delimiter)) : NULL;
}

static void start(struct cursor *c)
{
    const struct s3_list_query *q = c->q;
    char *rolled;

    c->from = (struct place){.key = q->prefix, .inclusive = true};
    if (strcmp(q->after, q->prefix) < 0 || !*q->after)
        return;
    if (!str_starts(q->after, q->prefix)) {
        c->ended = strcmp(q->after, q->prefix) > 0;
        return;
    }
    rolled = common_prefix(q, c->a, q->after);
    if (rolled) { /* the marker lies in a prefix that has been shown */
        c->from.key = s3_behind_prefix(c->a, rolled);
        c->ended = !c->from.key;
    } else {
        c->from = (struct place){.key = q->after, .version = q->after_version};
    }
}

/* True when the page is full; then there is more. */
static bool is_full(struct cursor *c)
{
    if (c->count == c->q->max)
        c->more = c->ended = true;
    return c->ended;
}

static void *add_item(struct cursor *c)
{
    return c->items + c->listing->item_size * c->count++;
}

/* One row. True: read on; false: start anew at c->from, or it has ended. */
static bool take_row(struct cursor *c, struct sql_stmt *st)
{
    struct bytes key = sql_column_blob(st, 0);
    size_t prefix_len = strlen(c->q->prefix);
    char *prefix = NULL;

    if (key.len < prefix_len || memcmp(key.data, c->q->prefix, prefix_len) != 0) {
        c->ended = true;
        return false;
    }
    if (is_full(c))
        return false;
    if (*c->q->delimiter)
        prefix = common_prefix(c->q, c->a, sql_column_text(st, 0, c->a));
    if (!prefix) {
        c->listing->take(st, c->a, add_item(c));
        return true;
    }
    *(const char **)add_item(c) = prefix;
    c->from = (struct place){.key = s3_behind_prefix(c->a, prefix), .inclusive = true};
    c->ended = !c->from.key;
    return false;
}

static enum store_status read_page(struct cursor *c)
{
    enum store_status rc = STORE_OK;

    c->items = arena_array(c->a, c->q->max + 1, c->listing->item_size);
    start(c);
    while (!c->ended) {
        struct sql_stmt *st = c->listing->query(c->s, c->q, &c->from, c->q->max - c->count + 1);

        while (!(rc = sql_step(st)) && take_row(c, st))
            ;
        if (rc && rc != STORE_NOT_FOUND)
            return rc;
        if (rc == STORE_NOT_FOUND)
            break;
        sql_reset(st);
    }
    return STORE_OK;
}

static enum store_status list(struct s3_store *store, const struct listing *listing,
                              const struct s3_list_query *q, struct arena *a, struct cursor *out)
{
    enum store_status rc;

    *out = (struct cursor){.listing = listing, .q = q, .a = a};
    rc = lazy_read_begin(store->db, &out->s);
    if (rc == STORE_NOT_FOUND || q->max == 0) {
        if (!rc)
            sql_read_end(out->s);
        return STORE_OK;
    }
    if (rc)
        return rc;
    rc = read_page(out);
    sql_read_end(out->s);
    return rc;
}

/* --- present objects --- */

#define OBJECTS                                                                                    \
    "SELECT key, size, modified_ms, etag, storage_class, checksum_algorithm, checksum_type, "      \
    "account, restore_until_ms FROM version WHERE bucket = ?1 AND state = 1 AND key "

static struct sql_stmt *query_objects(struct sql *s, const struct s3_list_query *q,
                                      const struct place *from, size_t limit)
{
    if (from->inclusive)
        return sql_query(s, OBJECTS ">= ?2 ORDER BY key LIMIT ?3", sql_int(q->bucket),
                         sql_text(from->key), sql_int((int64_t)limit));
    return sql_query(s, OBJECTS "> ?2 ORDER BY key LIMIT ?3", sql_int(q->bucket),
                     sql_text(from->key), sql_int((int64_t)limit));
}

static void take_object(struct sql_stmt *st, struct arena *a, void *item)
{
    ((struct s3_list_item *)item)->object = (struct s3_object){
        .key = sql_column_text(st, 0, a),
        .present = true,
        .size = sql_column_int(st, 1),
        .modified_ms = sql_column_int(st, 2),
        .etag = sql_column_text(st, 3, a),
        .storage_class = sql_column_text(st, 4, a),
        .checksum_algorithm = (enum s3_checksum_algorithm)sql_column_int(st, 5),
        .checksum_type = (enum s3_checksum_type)sql_column_int(st, 6),
        .account = sql_column_text(st, 7, a),
        .restore_until_ms = sql_column_int(st, 8),
    };
}

enum store_status s3_object_list(struct s3_store *store, const struct s3_list_query *query,
                                 struct arena *a, struct s3_page *out)
{
    static const struct listing objects = {query_objects, take_object, sizeof(struct s3_list_item)};
    struct cursor c;
    enum store_status rc = list(store, &objects, query, a, &c);

    *out = (struct s3_page){
        .items = (struct s3_list_item *)(void *)c.items, .count = c.count, .more = c.more};
    return rc;
}

/* --- versions --- */

#define VERSION_COLUMNS                                                                            \
    "key, id, state, marker, null_version, size, modified_ms, etag, storage_class, "               \
    "checksum_algorithm, checksum_type, account, restore_until_ms"
#define VERSIONS(where)                                                                            \
    "SELECT " VERSION_COLUMNS " FROM version WHERE bucket = ?1 AND state = 1 AND " where           \
    " UNION ALL SELECT " VERSION_COLUMNS                                                           \
    " FROM version WHERE bucket = ?1 AND state <> 1 AND " where " ORDER BY key, id DESC LIMIT ?3"

static struct sql_stmt *query_versions(struct sql *s, const struct s3_list_query *q,
                                       const struct place *from, size_t limit)
{
    if (from->version)
        return sql_query(s, VERSIONS("key >= ?2 AND NOT (key = ?2 AND id >= ?4)"),
                         sql_int(q->bucket), sql_text(from->key), sql_int((int64_t)limit),
                         sql_int(from->version));
    if (from->inclusive)
        return sql_query(s, VERSIONS("key >= ?2"), sql_int(q->bucket), sql_text(from->key),
                         sql_int((int64_t)limit));
    return sql_query(s, VERSIONS("key > ?2"), sql_int(q->bucket), sql_text(from->key),
                     sql_int((int64_t)limit));
}

static void take_version(struct sql_stmt *st, struct arena *a, void *item)
{
    ((struct s3_list_item *)item)->object = (struct s3_object){
        .key = sql_column_text(st, 0, a),
        .id = sql_column_int(st, 1),
        .present = sql_column_int(st, 2) != 0,
        .marker = sql_column_int(st, 3) != 0,
        .null_version = sql_column_int(st, 4) != 0,
        .size = sql_column_int(st, 5),
        .modified_ms = sql_column_int(st, 6),
        .etag = sql_column_text(st, 7, a),
        .storage_class = sql_column_text(st, 8, a),
        .checksum_algorithm = (enum s3_checksum_algorithm)sql_column_int(st, 9),
        .checksum_type = (enum s3_checksum_type)sql_column_int(st, 10),
        .account = sql_column_text(st, 11, a),
        .restore_until_ms = sql_column_int(st, 12),
    };
}

enum store_status s3_version_list(struct s3_store *store, const struct s3_list_query *query,
                                  struct arena *a, struct s3_page *out)
{
    static const struct listing versions = {query_versions, take_version,
                                            sizeof(struct s3_list_item)};
    struct cursor c;
    enum store_status rc = list(store, &versions, query, a, &c);

    *out = (struct s3_page){
        .items = (struct s3_list_item *)(void *)c.items, .count = c.count, .more = c.more};
    return rc;
}

/* --- open uploads --- */

#define UPLOADS                                                                                    \
    "SELECT key, id, account, created_ms, storage_class, checksum_algorithm, checksum_type "       \
    "FROM upload WHERE bucket = ?1 AND version IS NULL AND "

static struct sql_stmt *query_uploads(struct sql *s, const struct s3_list_query *q,
                                      const struct place *from, size_t limit)
{
    if (from->version)
        return sql_query(s,
                         UPLOADS "key >= ?2 AND NOT (key = ?2 AND id <= ?4) "
                                 "ORDER BY key, id LIMIT ?3",
                         sql_int(q->bucket), sql_text(from->key), sql_int((int64_t)limit),
                         sql_int(from->version));
    if (from->inclusive)
        return sql_query(s, UPLOADS "key >= ?2 ORDER BY key, id LIMIT ?3", sql_int(q->bucket),
                         sql_text(from->key), sql_int((int64_t)limit));
    return sql_query(s, UPLOADS "key > ?2 ORDER BY key, id LIMIT ?3", sql_int(q->bucket),
                     sql_text(from->key), sql_int((int64_t)limit));
}

static void take_upload(struct sql_stmt *st, struct arena *a, void *item)
{
    struct s3_upload *u = &((struct s3_upload_item *)item)->upload;

    u->object.key = sql_column_text(st, 0, a);
    u->id = sql_column_int(st, 1);
    u->object.account = sql_column_text(st, 2, a);
    u->created_ms = sql_column_int(st, 3);
    u->object.storage_class = sql_column_text(st, 4, a);
    u->object.checksum_algorithm = (enum s3_checksum_algorithm)sql_column_int(st, 5);
    u->object.checksum_type = (enum s3_checksum_type)sql_column_int(st, 6);
}

enum store_status s3_upload_list(struct s3_store *store, const struct s3_list_query *query,
                                 struct arena *a, struct s3_upload_page *out)
{
    static const struct listing uploads = {query_uploads, take_upload,
                                           sizeof(struct s3_upload_item)};
    struct cursor c;
    enum store_status rc = list(store, &uploads, query, a, &c);

    *out = (struct s3_upload_page){
        .items = (struct s3_upload_item *)(void *)c.items, .count = c.count, .more = c.more};
    return rc;
}
