/*
 * DynamoDB's tables on disk: definitions (text that only the service understands), items, entries
 * of indexes.
 *
 * A key is a bucket and two runs of bytes whose order is the order that readers want; see
 * handlers/dynamodb/key.h. A session is a read (one snapshot) or a write (see sql.h for how writes
 * share a commit). It belongs to one thread, and a thread holds one at a time. Rows that a session
 * hands out are borrowed until its next call unless an arena was given.
 */
#ifndef CADABRA_DYNAMODB_STORE_H
#define CADABRA_DYNAMODB_STORE_H

#include "server/base/arena.h"
#include "storage/store.h"

struct ddb_store;

/* Never NULL: the database is opened when it is first needed. */
struct ddb_store *ddb_store_open(struct store_root *root);
void ddb_store_close(struct ddb_store *store);

struct sql;

struct ddb_session {
    struct sql *sql;
};

/* STORE_NOT_FOUND while nothing was ever stored. */
enum store_status ddb_read_begin(struct ddb_store *store, struct ddb_session *out);
void ddb_read_end(struct ddb_session *s);
enum store_status ddb_write_begin(struct ddb_store *store, struct ddb_session *out);
/* STORE_OK commits; any other status takes the session's changes back and is returned. */
enum store_status ddb_write_end(struct ddb_session *s, enum store_status status);
/* The same with the span as a function, which may run in another thread: see sql_write(). It is
 * the fast way. */
enum store_status ddb_store_write(struct ddb_store *store,
                                  enum store_status (*turn)(struct ddb_session *s, void *context),
                                  void *context);
/* In a turn, before its first change: see sql_one_change(). */
void ddb_one_change(struct ddb_session *s);

/* --- definitions --- */

struct ddb_table_row {
    int64_t id;
    int64_t version; /* 1, and one more with each update */
    const char *definition;
    const char *name;
    const char *account; /* "" for what belongs to nobody: the items of a backup */
    const char *region;
};

/* STORE_EXISTS when the scope has a table of that name. */
enum store_status ddb_table_insert(struct ddb_session *s, const struct scope *scope,
                                   const char *name, const char *definition, int64_t *out_id);
/* A table that belongs to nobody. */
enum store_status ddb_table_insert_hidden(struct ddb_session *s, const char *name,
                                          const char *definition, int64_t *out_id);
/* A table becomes one that belongs to nobody. */
enum store_status ddb_table_hide(struct ddb_session *s, int64_t table_id, const char *name,
                                 const char *definition);
enum store_status ddb_table_by_id(struct ddb_session *s, int64_t table_id, struct arena *a,
                                  struct ddb_table_row *out);
enum store_status ddb_table_find(struct ddb_session *s, const struct scope *scope, const char *name,
                                 struct arena *a, struct ddb_table_row *out);
/* keep_ms: how long its changes are kept, see dynamodb_log_store.h; 0: a day. */
enum store_status ddb_table_update(struct ddb_session *s, int64_t table_id, const char *definition,
                                   int64_t keep_ms);
/* STORE_OK: the table is there in this version; STORE_CONFLICT: in another; STORE_NOT_FOUND: it is
 * gone. A write that relies on a definition asks this first. */
enum store_status ddb_table_check(struct ddb_session *s, int64_t table_id, int64_t version);
/* Removes the definition; the rows are left for ddb_store_purge. */
enum store_status ddb_table_remove(struct ddb_session *s, int64_t table_id);
/* Up to `limit` names above `after` ("" for the first) in order, into names; *out_count says how
 * many. */
enum store_status ddb_table_list(struct ddb_session *s, const struct scope *scope,
                                 const char *after, size_t limit, struct arena *a,
                                 const char **names, size_t *out_count);
/* Ids of indexes are the table's id and a serial number within it. */
enum { DDB_INDEX_SERIAL_MAX = 0xffff };
static inline int64_t ddb_index_id(int64_t table_id, int serial)
{
    return table_id * (DDB_INDEX_SERIAL_MAX + 1) + serial;
}

/* Removes, in short writes of its own, the items and entries of tables that have no definition any
 * more. Ends early, between two writes, when stop(context) says so. */
enum store_status ddb_store_purge_lost(struct ddb_store *store, bool (*stop)(const void *context),
                                       const void *context);
/* One such write on the entries of one index; *out_more: there may be others left. */
enum store_status ddb_index_purge(struct ddb_session *s, int64_t index_id, bool *out_more);

/* --- items --- */

struct ddb_key {
    uint32_t bucket;
    struct bytes pk;
    struct bytes sk; /* empty, but not NULL, where there is none */
};

struct ddb_row {
    int64_t id;
    struct bytes pk;
    struct bytes sk;
    struct bytes body;
    int64_t size;
};

/* The body is copied into the arena; pk and sk are not filled. */
enum store_status ddb_item_get(struct ddb_session *s, int64_t table_id, const struct ddb_key *key,
                               struct arena *a, struct ddb_row *out);
/* The same by id; pk and sk are not filled. STORE_NOT_FOUND: the table has no such item. */
enum store_status ddb_item_by_id(struct ddb_session *s, int64_t table_id, int64_t id,
                                 struct arena *a, struct ddb_row *out);
/* Inserts or replaces. */
enum store_status ddb_item_put(struct ddb_session *s, int64_t table_id, const struct ddb_key *key,
                               struct bytes body, int64_t size);
/* Inserts what is known not to be there and tells its id. */
enum store_status ddb_item_insert(struct ddb_session *s, int64_t table_id,
                                  const struct ddb_key *key, struct bytes body, int64_t size,
                                  int64_t *out_id);
enum store_status ddb_item_replace(struct ddb_session *s, int64_t id, struct bytes body,
                                   int64_t size);
enum store_status ddb_item_remove(struct ddb_session *s, int64_t table_id,
                                  const struct ddb_key *key);

/* --- entries of indexes --- */

struct ddb_entry {
    int64_t index_id;
    struct ddb_key index_key;
    uint32_t tie; /* orders entries of equal keys */
    struct ddb_key item_key;
};

enum store_status ddb_entry_put(struct ddb_session *s, const struct ddb_entry *entry,
                                int64_t item_id);
enum store_status ddb_entry_remove(struct ddb_session *s, const struct ddb_entry *entry);

/* --- ranges --- */

/*
 * Which rows, in which order. Bounds of sort keys are half open: from <= key < to; `to` with data
 * NULL is the end.
 */
struct ddb_range {
    int64_t id; /* of the table, or of the index */
    bool index;
    bool backward; /* partitions only */
    bool whole;    /* all partitions whose bucket lies in first_bucket..last_bucket: a scan */
    uint32_t first_bucket;
    uint32_t last_bucket;
    struct ddb_key partition; /* else this one; its sk is not looked at */
    struct bytes from;
    struct bytes to;
    /* Where to go on: after the row of these keys; NULL: from the start. The last two count for
     * indexes only. */
    const struct ddb_key *after;
    const struct ddb_key *after_item;
    uint32_t after_tie;
};

/* Called for each row, which is borrowed during the call; false ends the walk. */
typedef bool ddb_row_visitor(void *context, const struct ddb_row *row);

enum store_status ddb_range_walk(struct ddb_session *s, const struct ddb_range *range,
                                 ddb_row_visitor *visit, void *context);

/* --- idempotency tokens --- */

enum { DDB_DIGEST_LEN = 32 };

/* STORE_OK: the token is new, and now remembered until expires_ms. STORE_EXISTS: it was used for
 * the same digest; STORE_CONFLICT: for another. Forgets what expired before now_ms. */
enum store_status ddb_token_claim(struct ddb_session *s, const struct scope *scope,
                                  const char *token, const uint8_t digest[DDB_DIGEST_LEN],
                                  int64_t now_ms, int64_t expires_ms);

#endif
