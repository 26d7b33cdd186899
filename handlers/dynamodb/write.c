/* Changes of items: see write.h. */
#include "handlers/dynamodb/write.h"

#include "handlers/dynamodb/expiry.h"
#include "server/base/log.h"
#include "storage/dynamodb_job_store.h"

/* Canonical text may be longer than the item is large: names of types, escapes of control
 * characters. */
enum { BODY_MAX = 64 << 20 };

void ddb_change_becomes(struct ddb_change *c, const struct ddb_item *item, struct arena *a)
{
    struct strbuf text = STRBUF_INIT(BODY_MAX);

    c->item = *item;
    c->size = ddb_members_size(item->members, item->count);
    strbuf_reserve(&text, 2 * c->size + 64);
    ddb_members_write(&text, item->members, item->count);
    c->body = (struct bytes){arena_memdup(a, text.data, text.len), text.len};
    strbuf_release(&text);
}

enum store_status ddb_change_read(struct ddb_change *c, struct ddb_session *s, struct arena *a)
{
    enum store_status rc = ddb_item_get(s, c->table->id, &c->key, a, &c->row);

    c->was_read = rc == STORE_OK || rc == STORE_NOT_FOUND;
    c->existed = rc == STORE_OK;
    if (rc == STORE_NOT_FOUND)
        return STORE_OK;
    if (rc != STORE_OK)
        return rc;
    struct ddb_text json = {(const char *)c->row.body.data, c->row.body.len};
    if (ddb_item_parse(json, a, &c->old)) {
        c->old.json = json;
        return STORE_OK;
    }
    log_error("an item of table %s cannot be read: the database is damaged", c->table->name);
    return STORE_FAILED;
}

static bool same_bytes(struct bytes a, struct bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static enum store_status move_entry(const struct ddb_change *c, const struct ddb_index *index,
                                    int64_t item_id, struct ddb_session *s, struct arena *a)
{
    struct ddb_entry before = {.index_id = ddb_index_store_id(c->table, index),
                               .tie = ddb_key_tie(&c->key),
                               .item_key = c->key};
    struct ddb_entry after = before;
    bool was = c->existed &&
               ddb_index_key_of(&index->key, c->old.members, c->old.count, a, &before.index_key);
    bool is = !c->removes &&
              ddb_index_key_of(&index->key, c->item.members, c->item.count, a, &after.index_key);
    enum store_status rc = STORE_OK;

    if (was && is && same_bytes(before.index_key.pk, after.index_key.pk) &&
        same_bytes(before.index_key.sk, after.index_key.sk))
        return STORE_OK;
    if (was)
        rc = ddb_entry_remove(s, &before);
    if (is && rc == STORE_OK)
        rc = ddb_entry_put(s, &after, item_id);
    return rc;
}

static enum store_status write_row(struct ddb_change *c, struct ddb_session *s)
{
    if (c->removes)
        return c->was_read && !c->existed ? STORE_OK : ddb_item_remove(s, c->table->id, &c->key);
    if (!c->was_read)
        return ddb_item_put(s, c->table->id, &c->key, c->body, (int64_t)c->size);
    if (c->existed)
        return ddb_item_replace(s, c->row.id, c->body, (int64_t)c->size);
    return ddb_item_insert(s, c->table->id, &c->key, c->body, (int64_t)c->size, &c->row.id);
}

/* AWS: a write that leaves the item as it was is not told to anybody. */
static bool changes_nothing(const struct ddb_change *c)
{
    if (!c->existed || c->removes)
        return c->existed == !c->removes;
    return same_bytes(c->row.body, c->body) ||
           ddb_members_equal(c->old.members, c->old.count, c->item.members, c->item.count);
}

static enum store_status move_expiry(const struct ddb_change *c, struct ddb_session *s)
{
    const struct ddb_definition *d = &c->table->definition;
    int64_t before = 0;
    int64_t after = 0;
    bool was = c->existed && ddb_expiry_of(d, &c->old, &before);
    bool is = !c->removes && ddb_expiry_of(d, &c->item, &after);
    enum store_status rc = STORE_OK;

    if (was == is && before == after)
        return STORE_OK;
    if (was)
        rc = ddb_expiry_remove(s, c->table->id, before, c->row.id);
    if (is && rc == STORE_OK)
        rc = ddb_expiry_put(s, c->table->id, after, c->row.id);
    return rc;
}

static enum store_status log_change(const struct ddb_change *c, struct ddb_session *s)
{
    struct ddb_logged change = {
        .at_ms = clock_now_ms(c->table->clock),
        .cause = c->cause,
        .before = c->existed ? c->row.body : (struct bytes){NULL, 0},
        .after = c->removes ? (struct bytes){NULL, 0} : c->body,
    };

    return changes_nothing(c) ? STORE_OK : ddb_log_append(s, c->table->id, &change);
}

static enum store_status apply_here(struct ddb_change *c, struct ddb_session *s, struct arena *a)
{
    const struct ddb_definition *d = &c->table->definition;
    enum store_status rc = STORE_OK;

    if (!c->was_read)
        rc = ddb_change_read(c, s, a);
    if (rc == STORE_OK)
        rc = write_row(c, s);
    for (size_t i = 0; i < d->index_count && rc == STORE_OK; i++)
        rc = move_entry(c, &d->indexes[i], c->row.id, s, a);
    if (d->ttl_attribute != NULL && rc == STORE_OK)
        rc = move_expiry(c, s);
    if (c->table->logs && !c->copied && rc == STORE_OK)
        rc = log_change(c, s);
    return rc;
}

enum store_status ddb_change_apply(struct ddb_change *c, struct ddb_session *s, struct arena *a)
{
    if (c->table->plain)
        return write_row(c, s);
    enum store_status rc = apply_here(c, s, a);
    for (size_t i = 0; i < c->table->peer_count && !c->copied && rc == STORE_OK; i++) {
        /* The same item in the other replicas. */
        struct ddb_change there = {
            .table = c->table->peers[i],
            .key = c->key,
            .removes = c->removes,
            .item = c->item,
            .body = c->body,
            .size = c->size,
        };
        rc = apply_here(&there, s, a);
    }
    return rc;
}

enum store_status ddb_change_turn(struct ddb_session *s, void *turn)
{
    struct ddb_change_turn *t = turn;
    struct ddb_change *c = &t->change;
    enum store_status rc = STORE_OK;

    if (c->table->plain)
        ddb_one_change(s);
    if (t->condition != NULL || t->wants_old)
        rc = ddb_change_read(c, s, t->arena);
    if (rc == STORE_OK && t->condition != NULL) {
        t->refused = !ddb_condition_holds(t->condition, &c->old, t->arena);
        rc = t->refused ? STORE_CONFLICT : STORE_OK;
    }
    return rc == STORE_OK ? ddb_change_apply(c, s, t->arena) : rc;
}
