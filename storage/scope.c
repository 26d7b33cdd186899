/*
 * Scope ids, with a cache per database.
 *
 * The cache holds committed rows only: rows are never removed, so what is in it stays true. What a
 * writer finds or makes may belong to a transaction that fails yet; it is noted as pending and
 * enters the cache at the commit.
 */
#include "storage/scope.h"

#include "storage/storage.h"

static struct scope_entry *slot_of(struct sql_db *db, const struct scope *scope)
{
    uint32_t h = 2166136261U; /* FNV-1a */

    for (const char *p = scope->account; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619U;
    for (const char *p = scope->region; *p; p++)
        h = (h ^ (uint8_t)*p) * 16777619U;
    return &db->scope_cache[(h ^ h >> 16) % SCOPE_CACHE_SLOTS];
}

static bool is(const struct scope_entry *e, const struct scope *scope)
{
    return e->id && str_eq(e->account, scope->account) && str_eq(e->region, scope->region);
}

static int64_t cached(struct sql_db *db, const struct scope *scope)
{
    const struct scope_entry *slot = slot_of(db, scope);
    int64_t id;

    pthread_mutex_lock(&db->lock);
    id = is(slot, scope) ? slot->id : 0;
    pthread_mutex_unlock(&db->lock);
    return id;
}

static void cache(struct sql_db *db, const struct scope_entry *entry)
{
    const struct scope scope = {.account = entry->account, .region = entry->region};

    pthread_mutex_lock(&db->lock);
    *slot_of(db, &scope) = *entry;
    pthread_mutex_unlock(&db->lock);
}

static void remember(struct sql *s, const struct scope *scope, int64_t id)
{
    struct sql_db *db = s->db;
    struct scope_entry entry = {.id = id};

    memcpy(entry.account, scope->account, strlen(scope->account) + 1);
    memcpy(entry.region, scope->region, strlen(scope->region) + 1);
    if (!s->writer)
        cache(db, &entry);
    else if (db->scope_pending_count < SCOPE_PENDING_MAX)
        db->scope_pending[db->scope_pending_count++] = entry;
}

void sql_scope_committed(struct sql_db *db)
{
    for (unsigned i = 0; i < db->scope_pending_count; i++)
        cache(db, &db->scope_pending[i]);
}

static enum store_status make(struct sql *s, const struct scope *scope, int64_t *out_id)
{
    struct sql_stmt *st = sql_prepare(s, "INSERT INTO scope (account, region) VALUES (?1, ?2)");
    enum store_status rc;

    assert(s->writer);
    sql_bind_text(st, 1, scope->account);
    sql_bind_text(st, 2, scope->region);
    rc = sql_run(st);
    if (rc == STORE_OK)
        *out_id = sql_last_rowid(s);
    return rc;
}

enum store_status sql_scope_id(struct sql *s, const struct scope *scope, bool create,
                               int64_t *out_id)
{
    struct sql_stmt *st;
    enum store_status rc;
    int64_t id = cached(s->db, scope);

    if (id) {
        *out_id = id;
        return STORE_OK;
    }
    if (strlen(scope->account) >= sizeof(((struct scope_entry *)0)->account) ||
        strlen(scope->region) >= sizeof(((struct scope_entry *)0)->region))
        return create ? STORE_LIMIT : STORE_NOT_FOUND;
    st = sql_prepare(s, "SELECT id FROM scope WHERE account = ?1 AND region = ?2");
    sql_bind_text(st, 1, scope->account);
    sql_bind_text(st, 2, scope->region);
    rc = sql_step(st);
    if (rc == STORE_OK) {
        id = sql_column_int(st, 0);
        sql_reset(st);
    } else if (rc == STORE_NOT_FOUND && create) {
        rc = make(s, scope, &id);
    }
    if (rc != STORE_OK)
        return rc;
    remember(s, scope, id);
    *out_id = id;
    return STORE_OK;
}
