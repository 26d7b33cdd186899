/* See expiry.h. */
#include "handlers/dynamodb/expiry.h"

#include "handlers/dynamodb/write.h"
#include "server/base/log.h"
#include "storage/dynamodb_job_store.h"

enum {
    STEP_ITEMS = 50,
    DIGITS_MAX = 15,
    OLDEST_S = 5 * 365 * 24 * 3600, /* AWS: what should have gone five years ago was a mistake */
};

bool ddb_expiry_of(const struct ddb_definition *d, const struct ddb_item *item,
                   int64_t *out_expires_s)
{
    const struct ddb_value *v =
        d->ttl_attribute != NULL ? ddb_item_find(item, ddb_text_of(d->ttl_attribute)) : NULL;
    int64_t seconds = 0;
    size_t i = 0;

    if (v == NULL || v->type != DDB_N)
        return false;
    for (; i < v->text.len && v->text.data[i] >= '0' && v->text.data[i] <= '9'; i++) {
        if (i == DIGITS_MAX)
            return false;
        seconds = seconds * 10 + (v->text.data[i] - '0');
    }
    *out_expires_s = seconds;
    return i > 0 && (i == v->text.len || v->text.data[i] == '.');
}

struct expire_turn {
    struct ddb *ddb;
    int64_t table_id;
    int64_t now_s;
    struct ddb_expiry due[STEP_ITEMS];
    size_t count;
    struct ddb_table *table;
    struct arena arena;
};

static enum store_status expire_item(struct expire_turn *t, struct ddb_session *s,
                                     const struct ddb_expiry *due)
{
    struct ddb_change c = {.table = t->table, .removes = true, .cause = DDB_BY_EXPIRY};
    struct ddb_row row;
    struct ddb_item item;
    int64_t expires_s;
    enum store_status rc = ddb_item_by_id(s, t->table_id, due->item_id, &t->arena, &row);

    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return rc;
    if (rc == STORE_OK) {
        struct ddb_text json = {(const char *)row.body.data, row.body.len};
        if (!ddb_item_parse(json, &t->arena, &item))
            return STORE_FAILED;
        if (ddb_expiry_of(&t->table->definition, &item, &expires_s) &&
            expires_s == due->expires_s && expires_s > t->now_s - OLDEST_S) {
            c.key = ddb_key_of(&t->table->definition.key, item.members, item.count, &t->arena);
            return ddb_change_apply(&c, s, &t->arena);
        }
    }
    return ddb_expiry_remove(s, t->table_id, due->expires_s, due->item_id);
}

static enum store_status expire_turn(struct ddb_session *s, void *context)
{
    struct expire_turn *t = context;
    enum store_status rc = ddb_table_load(t->ddb, s, t->table_id, &t->table);

    for (size_t i = 0; rc == STORE_OK && i < t->count; i++)
        rc = expire_item(t, s, &t->due[i]);
    return rc;
}

/* The next table that has expiries, and what of them is due. */
static enum store_status find_due(struct ddb *d, struct expire_turn *t)
{
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(d), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_expiry_table(&s, t->table_id, &t->table_id);
    if (rc == STORE_OK)
        rc = ddb_expiry_due(&s, t->table_id, t->now_s, STEP_ITEMS, t->due, &t->count);
    ddb_read_end(&s);
    return rc;
}

bool ddb_expire_some(struct ddb *d, bool *out_any)
{
    struct expire_turn *t = x_calloc(1, sizeof(*t));
    bool more = false;

    *out_any = false;
    t->ddb = d;
    t->now_s = clock_now_ms(&ddb_app(d)->clock) / 1000;
    while (find_due(d, t) == STORE_OK) {
        *out_any = true;
        if (t->count == 0)
            continue;
        arena_init(&t->arena);
        t->table = NULL;
        enum store_status rc = ddb_store_write(ddb_store_in(d), expire_turn, t);
        if (rc == STORE_OK)
            ddb_feed_wake(t->table->feed);
        else if (rc == STORE_FAILED)
            log_warn("expired items could not be removed");
        if (t->table != NULL)
            ddb_table_release(t->table);
        arena_release(&t->arena);
        more |= rc == STORE_OK && t->count == STEP_ITEMS;
    }
    free(t);
    return more;
}
