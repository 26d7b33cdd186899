/*
 * The SQL behind dynamodb_store.h. Every statement is a constant text, so that each connection
 * prepares it once.
 */
#include "storage/dynamodb_store.h"

#include "server/base/embed.h"
#include "storage/dynamodb_internal.h"
#include "storage/scope.h"

EMBED(storage_schema_dynamodb_001_sql);
EMBED(storage_schema_dynamodb_002_sql);
EMBED(storage_schema_dynamodb_003_sql);
EMBED(storage_schema_dynamodb_004_sql);
EMBED(storage_schema_dynamodb_005_sql);

/* Rows that one write of a purge removes: few enough that other writers hardly wait. */
enum { PURGE_ROWS = 2000 };

static const struct sql_migration migrations[] = {
    {.sql = embed_storage_schema_dynamodb_001_sql}, {.sql = embed_storage_schema_dynamodb_002_sql},
    {.sql = embed_storage_schema_dynamodb_003_sql}, {.sql = embed_storage_schema_dynamodb_004_sql},
    {.sql = embed_storage_schema_dynamodb_005_sql},
};

struct ddb_store *ddb_store_open(struct store_root *root)
{
    struct ddb_store *store = x_calloc(1, sizeof(*store));

    store->db = lazy_new(root, "dynamodb", migrations, ARRAY_LEN(migrations));
    return store;
}

void ddb_store_close(struct ddb_store *store)
{
    lazy_free(store->db);
    free(store);
}

enum store_status ddb_read_begin(struct ddb_store *store, struct ddb_session *out)
{
    return lazy_read_begin(store->db, &out->sql);
}

void ddb_read_end(struct ddb_session *s)
{
    sql_read_end(s->sql);
}

enum store_status ddb_write_begin(struct ddb_store *store, struct ddb_session *out)
{
    return lazy_write_begin(store->db, &out->sql);
}

enum store_status ddb_write_end(struct ddb_session *s, enum store_status status)
{
    return sql_write_end(s->sql, status);
}

struct session_turn {
    enum store_status (*turn)(struct ddb_session *s, void *context);
    void *context;
};

static enum store_status run_turn(struct sql *sql, void *context)
{
    const struct session_turn *t = context;
    struct ddb_session s = {.sql = sql};

    return t->turn(&s, t->context);
}

enum store_status ddb_store_write(struct ddb_store *store,
                                  enum store_status (*turn)(struct ddb_session *s, void *context),
                                  void *context)
{
    struct session_turn t = {.turn = turn, .context = context};

    return lazy_write(store->db, run_turn, &t);
}

void ddb_one_change(struct ddb_session *s)
{
    sql_one_change(s->sql);
}

/* --- definitions --- */

enum store_status ddb_table_insert(struct ddb_session *s, const struct scope *scope,
                                   const char *name, const char *definition, int64_t *out_id)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, true, &scope_id);

    if (rc != STORE_OK)
        return rc;
    struct sql_stmt *st =
        sql_prepare(s->sql, "INSERT INTO tables (scope, name, definition) VALUES (?1, ?2, ?3)");
    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, name);
    sql_bind_text(st, 3, definition);
    rc = sql_run(st);
    if (rc == STORE_OK)
        *out_id = sql_last_rowid(s->sql);
    return rc;
}

enum store_status ddb_table_insert_hidden(struct ddb_session *s, const char *name,
                                          const char *definition, int64_t *out_id)
{
    enum store_status rc =
        sql_exec(s->sql, "INSERT INTO tables (scope, name, definition) VALUES (0, ?1, ?2)",
                 sql_text(name), sql_text(definition));

    if (rc == STORE_OK)
        *out_id = sql_last_rowid(s->sql);
    return rc;
}

enum store_status ddb_table_hide(struct ddb_session *s, int64_t table_id, const char *name,
                                 const char *definition)
{
    return sql_exec(s->sql,
                    "UPDATE tables SET scope = 0, name = ?2, definition = ?3, keep_ms = 0, "
                    "version = version + 1 WHERE id = ?1",
                    sql_int(table_id), sql_text(name), sql_text(definition));
}

static enum store_status read_table(struct sql_stmt *st, struct arena *a, struct ddb_table_row *out)
{
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    *out = (struct ddb_table_row){
        .id = sql_column_int(st, 0),
        .version = sql_column_int(st, 1),
        .definition = sql_column_text(st, 2, a),
        .name = sql_column_text(st, 3, a),
    };
    return STORE_OK;
}

enum store_status ddb_table_find(struct ddb_session *s, const struct scope *scope, const char *name,
                                 struct arena *a, struct ddb_table_row *out)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);

    if (rc != STORE_OK)
        return rc;
    struct sql_stmt *st = sql_query(
        s->sql, "SELECT id, version, definition, name FROM tables WHERE scope = ?1 AND name = ?2",
        sql_int(scope_id), sql_text(name));
    rc = read_table(st, a, out);
    if (rc != STORE_OK)
        return rc;
    sql_reset(st);
    out->account = arena_strdup(a, scope->account);
    out->region = arena_strdup(a, scope->region);
    return STORE_OK;
}

enum store_status ddb_table_by_id(struct ddb_session *s, int64_t table_id, struct arena *a,
                                  struct ddb_table_row *out)
{
    struct sql_stmt *st =
        sql_query(s->sql,
                  "SELECT t.id, t.version, t.definition, t.name, coalesce(s.account, ''), "
                  "coalesce(s.region, '') FROM tables t LEFT JOIN scope s ON s.id = t.scope "
                  "WHERE t.id = ?1",
                  sql_int(table_id));
    enum store_status rc = read_table(st, a, out);

    if (rc != STORE_OK)
        return rc;
    out->account = sql_column_text(st, 4, a);
    out->region = sql_column_text(st, 5, a);
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_table_update(struct ddb_session *s, int64_t table_id, const char *definition,
                                   int64_t keep_ms)
{
    enum store_status rc = sql_exec(
        s->sql,
        "UPDATE tables SET definition = ?2, keep_ms = ?3, version = version + 1 WHERE id = ?1",
        sql_int(table_id), sql_text(definition), sql_int(keep_ms));

    return rc == STORE_OK && sql_changes(s->sql) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status ddb_table_check(struct ddb_session *s, int64_t table_id, int64_t version)
{
    struct sql_stmt *st = sql_prepare(s->sql, "SELECT version FROM tables WHERE id = ?1");

    sql_bind_int(st, 1, table_id);
    enum store_status rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    bool same = sql_column_int(st, 0) == version;
    sql_reset(st);
    return same ? STORE_OK : STORE_CONFLICT;
}

enum store_status ddb_table_remove(struct ddb_session *s, int64_t table_id)
{
    struct sql_stmt *st = sql_prepare(s->sql, "DELETE FROM tables WHERE id = ?1");

    sql_bind_int(st, 1, table_id);
    enum store_status rc = sql_run(st);
    return rc == STORE_OK && sql_changes(s->sql) == 0 ? STORE_NOT_FOUND : rc;
}

enum store_status ddb_table_list(struct ddb_session *s, const struct scope *scope,
                                 const char *after, size_t limit, struct arena *a,
                                 const char **names, size_t *out_count)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, false, &scope_id);
    size_t count = 0;

    *out_count = 0;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    struct sql_stmt *st = sql_prepare(
        s->sql, "SELECT name FROM tables WHERE scope = ?1 AND name > ?2 ORDER BY name LIMIT ?3");
    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, after);
    sql_bind_int(st, 3, (int64_t)limit);
    while ((rc = sql_step(st)) == STORE_OK)
        names[count++] = sql_column_text(st, 0, a);
    *out_count = count;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- removing what has no definition --- */

/* One statement in a write of its own; *out_changes says how many rows went. */
static enum store_status purge_some(struct ddb_store *store, const char *sql_text, int64_t from,
                                    int64_t to, int64_t *out_changes)
{
    struct sql *sql;
    enum store_status rc = lazy_write_begin(store->db, &sql);

    if (rc != STORE_OK)
        return rc;
    struct sql_stmt *st = sql_prepare(sql, sql_text);
    sql_bind_int(st, 1, from);
    sql_bind_int(st, 2, to);
    sql_bind_int(st, 3, PURGE_ROWS);
    rc = sql_run(st);
    *out_changes = rc == STORE_OK ? sql_changes(sql) : 0;
    return sql_write_end(sql, rc);
}

/* Who may end a purge early. */
struct stop {
    bool (*asked)(const void *context);
    const void *context;
};

static bool stopped(const struct stop *stop)
{
    return stop->asked != NULL && stop->asked(stop->context);
}

static enum store_status purge_all(struct ddb_store *store, const char *sql_text, int64_t from,
                                   int64_t to, const struct stop *stop)
{
    int64_t changes;
    enum store_status rc;

    do {
        rc = purge_some(store, sql_text, from, to, &changes);
    } while (rc == STORE_OK && changes == PURGE_ROWS && !stopped(stop));
    return rc;
}

static const char purge_items[] = "DELETE FROM items WHERE id IN (SELECT id FROM items WHERE "
                                  "table_id BETWEEN ?1 AND ?2 LIMIT ?3)";
static const char purge_entries[] =
    "DELETE FROM entries WHERE (index_id, bucket, ipk, isk, tie, pk, sk) IN (SELECT index_id, "
    "bucket, "
    "ipk, isk, tie, pk, sk FROM entries WHERE index_id BETWEEN ?1 AND ?2 LIMIT ?3)";
static const char purge_expiries[] =
    "DELETE FROM expiries WHERE (table_id, expires_s, item_id) IN (SELECT table_id, expires_s, "
    "item_id FROM expiries WHERE table_id BETWEEN ?1 AND ?2 LIMIT ?3)";
static const char purge_counts[] =
    "DELETE FROM counts WHERE (table_id, index_id) IN (SELECT table_id, index_id FROM counts WHERE "
    "table_id BETWEEN ?1 AND ?2 LIMIT ?3)";

/* Entries go first: a table with items left is found again. */
static enum store_status purge_table(struct ddb_store *store, int64_t id, const struct stop *stop)
{
    enum store_status rc = purge_all(store, purge_entries, ddb_index_id(id, 0),
                                     ddb_index_id(id, DDB_INDEX_SERIAL_MAX), stop);

    if (rc == STORE_OK && !stopped(stop))
        rc = purge_all(store, purge_expiries, id, id, stop);
    if (rc == STORE_OK && !stopped(stop))
        rc = purge_all(store, purge_counts, id, id, stop);
    if (rc != STORE_OK || stopped(stop))
        return rc;
    return purge_all(store, purge_items, id, id, stop);
}

enum store_status ddb_index_purge(struct ddb_session *s, int64_t index_id, bool *out_more)
{
    enum store_status rc =
        sql_exec(s->sql, purge_entries, sql_int(index_id), sql_int(index_id), sql_int(PURGE_ROWS));

    *out_more = rc == STORE_OK && sql_changes(s->sql) == PURGE_ROWS;
    return rc;
}

/* The first table above `after` that has items but no definition. */
static enum store_status find_lost(struct ddb_store *store, int64_t after, int64_t *out_id)
{
    struct sql *sql;
    enum store_status rc = lazy_read_begin(store->db, &sql);

    if (rc != STORE_OK)
        return rc;
    for (;;) {
        struct sql_stmt *st = sql_prepare(sql, "SELECT i.table_id, EXISTS (SELECT 1 FROM tables t "
                                               "WHERE t.id = i.table_id) FROM items i "
                                               "WHERE i.table_id > ?1 ORDER BY i.table_id LIMIT 1");
        sql_bind_int(st, 1, after);
        rc = sql_step(st);
        if (rc != STORE_OK)
            break;
        after = sql_column_int(st, 0);
        bool lost = !sql_column_int(st, 1);
        sql_reset(st);
        if (lost)
            break;
    }
    sql_read_end(sql);
    *out_id = after;
    return rc;
}

enum store_status ddb_store_purge_lost(struct ddb_store *store, bool (*stop)(const void *context),
                                       const void *context)
{
    const struct stop early = {stop, context};
    int64_t id = 0;
    enum store_status rc;

    while ((rc = find_lost(store, id, &id)) == STORE_OK) {
        rc = purge_table(store, id, &early);
        if (rc != STORE_OK || stopped(&early))
            return rc;
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- items --- */

static void bind_key(struct sql_stmt *st, int index, const struct ddb_key *key)
{
    sql_bind_int(st, index, key->bucket);
    sql_bind_blob(st, index + 1, key->pk.data, key->pk.len);
    sql_bind_blob(st, index + 2, key->sk.data, key->sk.len);
}

enum store_status ddb_item_get(struct ddb_session *s, int64_t table_id, const struct ddb_key *key,
                               struct arena *a, struct ddb_row *out)
{
    struct sql_stmt *st =
        sql_prepare(s->sql, "SELECT id, size, body FROM items WHERE table_id = ?1 AND "
                            "bucket = ?2 AND pk = ?3 AND sk = ?4");

    sql_bind_int(st, 1, table_id);
    bind_key(st, 2, key);
    enum store_status rc = sql_step(st);
    if (rc != STORE_OK)
        return rc;
    *out = (struct ddb_row){
        .id = sql_column_int(st, 0),
        .size = sql_column_int(st, 1),
        .body = sql_column_bytes(st, 2, a),
    };
    sql_reset(st);
    return STORE_OK;
}

enum store_status ddb_item_by_id(struct ddb_session *s, int64_t table_id, int64_t id,
                                 struct arena *a, struct ddb_row *out)
{
    struct sql_stmt *st =
        sql_query(s->sql, "SELECT id, size, body FROM items WHERE id = ?1 AND table_id = ?2",
                  sql_int(id), sql_int(table_id));
    enum store_status rc = sql_step(st);

    if (rc != STORE_OK)
        return rc;
    *out = (struct ddb_row){
        .id = sql_column_int(st, 0),
        .size = sql_column_int(st, 1),
        .body = sql_column_bytes(st, 2, a),
    };
    sql_reset(st);
    return STORE_OK;
}

static enum store_status write_item(struct sql_stmt *st, int64_t table_id,
                                    const struct ddb_key *key, struct bytes body, int64_t size)
{
    sql_bind_int(st, 1, table_id);
    bind_key(st, 2, key);
    sql_bind_int(st, 5, size);
    sql_bind_blob(st, 6, body.data, body.len);
    return sql_run(st);
}

enum store_status ddb_item_put(struct ddb_session *s, int64_t table_id, const struct ddb_key *key,
                               struct bytes body, int64_t size)
{
    return write_item(
        sql_prepare(s->sql,
                    "INSERT INTO items (table_id, bucket, pk, sk, size, body) VALUES (?1, ?2, ?3, "
                    "?4, ?5, ?6) ON CONFLICT (table_id, bucket, pk, sk) DO UPDATE SET "
                    "size = excluded.size, body = excluded.body"),
        table_id, key, body, size);
}

enum store_status ddb_item_insert(struct ddb_session *s, int64_t table_id,
                                  const struct ddb_key *key, struct bytes body, int64_t size,
                                  int64_t *out_id)
{
    enum store_status rc = write_item(
        sql_prepare(s->sql,
                    "INSERT INTO items (table_id, bucket, pk, sk, size, body) VALUES (?1, ?2, ?3, "
                    "?4, ?5, ?6)"),
        table_id, key, body, size);

    if (rc == STORE_OK)
        *out_id = sql_last_rowid(s->sql);
    return rc;
}

enum store_status ddb_item_replace(struct ddb_session *s, int64_t id, struct bytes body,
                                   int64_t size)
{
    struct sql_stmt *st =
        sql_prepare(s->sql, "UPDATE items SET size = ?2, body = ?3 WHERE id = ?1");

    sql_bind_int(st, 1, id);
    sql_bind_int(st, 2, size);
    sql_bind_blob(st, 3, body.data, body.len);
    return sql_run(st);
}

enum store_status ddb_item_remove(struct ddb_session *s, int64_t table_id,
                                  const struct ddb_key *key)
{
    struct sql_stmt *st =
        sql_prepare(s->sql, "DELETE FROM items WHERE table_id = ?1 AND bucket = ?2 AND "
                            "pk = ?3 AND sk = ?4");

    sql_bind_int(st, 1, table_id);
    bind_key(st, 2, key);
    return sql_run(st);
}

/* --- entries of indexes --- */

static void bind_entry(struct sql_stmt *st, const struct ddb_entry *entry)
{
    sql_bind_int(st, 1, entry->index_id);
    bind_key(st, 2, &entry->index_key);
    sql_bind_int(st, 5, entry->tie);
    sql_bind_blob(st, 6, entry->item_key.pk.data, entry->item_key.pk.len);
    sql_bind_blob(st, 7, entry->item_key.sk.data, entry->item_key.sk.len);
}

enum store_status ddb_entry_put(struct ddb_session *s, const struct ddb_entry *entry,
                                int64_t item_id)
{
    struct sql_stmt *st = sql_prepare(
        s->sql, "INSERT OR REPLACE INTO entries (index_id, bucket, ipk, isk, tie, pk, sk, "
                "item_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");

    bind_entry(st, entry);
    sql_bind_int(st, 8, item_id);
    return sql_run(st);
}

enum store_status ddb_entry_remove(struct ddb_session *s, const struct ddb_entry *entry)
{
    struct sql_stmt *st = sql_prepare(
        s->sql, "DELETE FROM entries WHERE index_id = ?1 AND bucket = ?2 AND ipk = ?3 AND "
                "isk = ?4 AND tie = ?5 AND pk = ?6 AND sk = ?7");

    bind_entry(st, entry);
    return sql_run(st);
}

/* --- ranges --- */

/* Above every sort key: those of tables have at most 1,024 bytes, those of indexes, with several
 * attributes escaped into one, fewer than 2,100. */
static const uint8_t high[2112] = {[0 ... 2111] = 0xff};
static const uint8_t low[1] = {0};
#define HIGH ((struct bytes){high, sizeof(high)})
#define LOW ((struct bytes){low, 0})

#define TABLE_COLUMNS "SELECT id, size, pk, sk, body FROM items WHERE table_id = ?1 AND "
#define INDEX_COLUMNS                                                                              \
    "SELECT i.id, i.size, e.pk, e.sk, i.body FROM entries e CROSS JOIN items i ON i.id = "         \
    "e.item_id "                                                                                   \
    "WHERE e.index_id = ?1 AND "

static void bind_bytes(struct sql_stmt *st, int index, struct bytes b)
{
    sql_bind_blob(st, index, b.data, b.len);
}

static bool is_below(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, MIN(a.len, b.len));

    return order != 0 ? order < 0 : a.len < b.len;
}

/* A page that goes on begins at the row before it, so that SQLite seeks there and walks over
 * nothing. */
static struct sql_stmt *table_partition(struct sql *sql, const struct ddb_range *r)
{
    struct bytes from = r->from.data != NULL ? r->from : LOW;
    struct bytes to = r->to.data != NULL ? r->to : HIGH;
    struct sql_stmt *st;

    if (r->backward) {
        st = sql_prepare(sql, TABLE_COLUMNS
                         "bucket = ?2 AND pk = ?3 AND sk >= ?4 AND sk < ?5 ORDER BY sk DESC");
        if (r->after != NULL && is_below(r->after->sk, to))
            to = r->after->sk;
    } else if (r->after != NULL && !is_below(r->after->sk, from)) {
        st = sql_prepare(sql, TABLE_COLUMNS
                         "bucket = ?2 AND pk = ?3 AND sk > ?4 AND sk < ?5 ORDER BY sk");
        from = r->after->sk;
    } else {
        st = sql_prepare(sql, TABLE_COLUMNS
                         "bucket = ?2 AND pk = ?3 AND sk >= ?4 AND sk < ?5 ORDER BY sk");
    }
    sql_bind_int(st, 2, r->partition.bucket);
    bind_bytes(st, 3, r->partition.pk);
    bind_bytes(st, 4, from);
    bind_bytes(st, 5, to);
    return st;
}

/* (isk, tie, pk, sk) of the row to go on after, from parameter `index`. */
static void bind_after(struct sql_stmt *st, int index, const struct ddb_range *r)
{
    bind_bytes(st, index, r->after != NULL ? r->after->sk : LOW);
    sql_bind_int(st, index + 1, r->after != NULL ? (int64_t)r->after_tie : -1);
    bind_bytes(st, index + 2, r->after != NULL ? r->after_item->pk : LOW);
    bind_bytes(st, index + 3, r->after != NULL ? r->after_item->sk : LOW);
}

static struct sql_stmt *index_forward(struct sql *sql, const struct ddb_range *r)
{
    struct sql_stmt *st = sql_prepare(
        sql, INDEX_COLUMNS "e.bucket = ?2 AND e.ipk = ?3 AND e.isk >= ?4 AND e.isk < ?5 AND "
                           "(e.isk, e.tie, e.pk, e.sk) > (?6, ?7, ?8, ?9) "
                           "ORDER BY e.isk, e.tie, e.pk, e.sk");
    struct bytes from = r->from.data != NULL ? r->from : LOW;

    if (r->after != NULL && is_below(from, r->after->sk))
        from = r->after->sk;
    bind_bytes(st, 4, from);
    bind_bytes(st, 5, r->to.data != NULL ? r->to : HIGH);
    bind_after(st, 6, r);
    return st;
}

static struct sql_stmt *index_backward(struct sql *sql, const struct ddb_range *r)
{
    struct sql_stmt *st;

    if (r->after == NULL) {
        st = sql_prepare(sql, INDEX_COLUMNS
                         "e.bucket = ?2 AND e.ipk = ?3 AND e.isk >= ?4 AND e.isk < ?5 "
                         "ORDER BY e.isk DESC, e.tie DESC, e.pk DESC, e.sk DESC");
        bind_bytes(st, 5, r->to.data != NULL ? r->to : HIGH);
    } else {
        st = sql_prepare(sql, INDEX_COLUMNS
                         "e.bucket = ?2 AND e.ipk = ?3 AND e.isk >= ?4 AND e.isk <= ?5 AND "
                         "(e.isk, e.tie, e.pk, e.sk) < (?5, ?6, ?7, ?8) "
                         "ORDER BY e.isk DESC, e.tie DESC, e.pk DESC, e.sk DESC");
        bind_after(st, 5, r);
    }
    bind_bytes(st, 4, r->from.data != NULL ? r->from : LOW);
    return st;
}

static struct sql_stmt *index_partition(struct sql *sql, const struct ddb_range *r)
{
    struct sql_stmt *st = r->backward ? index_backward(sql, r) : index_forward(sql, r);

    sql_bind_int(st, 2, r->partition.bucket);
    bind_bytes(st, 3, r->partition.pk);
    return st;
}

/* Partition keys are never empty, so (bucket, '', ...) stands before every row of the bucket. */
static struct sql_stmt *table_whole(struct sql *sql, const struct ddb_range *r)
{
    struct sql_stmt *st =
        sql_prepare(sql, TABLE_COLUMNS "(bucket, pk, sk) > (?2, ?3, ?4) AND bucket <= ?5 "
                                       "ORDER BY bucket, pk, sk");

    sql_bind_int(st, 2, r->after != NULL ? r->after->bucket : r->first_bucket);
    bind_bytes(st, 3, r->after != NULL ? r->after->pk : LOW);
    bind_bytes(st, 4, r->after != NULL ? r->after->sk : LOW);
    sql_bind_int(st, 5, r->last_bucket);
    return st;
}

static struct sql_stmt *index_whole(struct sql *sql, const struct ddb_range *r)
{
    struct sql_stmt *st =
        sql_prepare(sql, INDEX_COLUMNS
                    "(e.bucket, e.ipk, e.isk, e.tie, e.pk, e.sk) > (?2, ?3, ?4, ?5, ?6, ?7) AND "
                    "e.bucket <= ?8 ORDER BY e.bucket, e.ipk, e.isk, e.tie, e.pk, e.sk");

    sql_bind_int(st, 2, r->after != NULL ? r->after->bucket : r->first_bucket);
    bind_bytes(st, 3, r->after != NULL ? r->after->pk : LOW);
    bind_after(st, 4, r);
    sql_bind_int(st, 8, r->last_bucket);
    return st;
}

enum store_status ddb_range_walk(struct ddb_session *s, const struct ddb_range *range,
                                 ddb_row_visitor *visit, void *context)
{
    struct sql_stmt *st =
        range->index ? (range->whole ? index_whole(s->sql, range) : index_partition(s->sql, range))
                     : (range->whole ? table_whole(s->sql, range) : table_partition(s->sql, range));
    enum store_status rc;

    sql_bind_int(st, 1, range->id);
    while ((rc = sql_step(st)) == STORE_OK) {
        struct ddb_row row = {
            .id = sql_column_int(st, 0),
            .size = sql_column_int(st, 1),
            .pk = sql_column_blob(st, 2),
            .sk = sql_column_blob(st, 3),
            .body = sql_column_blob(st, 4),
        };
        if (!visit(context, &row)) {
            sql_reset(st);
            return STORE_OK;
        }
    }
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* --- idempotency tokens --- */

enum store_status ddb_token_claim(struct ddb_session *s, const struct scope *scope,
                                  const char *token, const uint8_t digest[DDB_DIGEST_LEN],
                                  int64_t now_ms, int64_t expires_ms)
{
    int64_t scope_id;
    enum store_status rc = sql_scope_id(s->sql, scope, true, &scope_id);

    if (rc != STORE_OK)
        return rc;
    struct sql_stmt *st = sql_prepare(s->sql, "DELETE FROM tokens WHERE expires_ms <= ?1");
    sql_bind_int(st, 1, now_ms);
    rc = sql_run(st);
    if (rc != STORE_OK)
        return rc;
    st = sql_prepare(s->sql, "SELECT digest FROM tokens WHERE scope = ?1 AND token = ?2");
    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, token);
    rc = sql_step(st);
    if (rc == STORE_OK) {
        struct bytes known = sql_column_blob(st, 0);
        bool same = known.len == DDB_DIGEST_LEN && memcmp(known.data, digest, DDB_DIGEST_LEN) == 0;
        sql_reset(st);
        return same ? STORE_EXISTS : STORE_CONFLICT;
    }
    if (rc != STORE_NOT_FOUND)
        return rc;
    st = sql_prepare(
        s->sql, "INSERT INTO tokens (scope, token, digest, expires_ms) VALUES (?1, ?2, ?3, ?4)");
    sql_bind_int(st, 1, scope_id);
    sql_bind_text(st, 2, token);
    sql_bind_blob(st, 3, digest, DDB_DIGEST_LEN);
    sql_bind_int(st, 4, expires_ms);
    return sql_run(st);
}
