/*
 * BatchWriteItem. Everything is checked before anything is written, and all is written in one
 * session: so the batch is one commit, and nothing is left over as UnprocessedItems.
 */
#include "handlers/dynamodb/capacity.h"
#include "handlers/dynamodb/request.h"

enum { WRITES_MAX = 25 };

#define NO_MATCH "The provided key element does not match the schema"

struct batch {
    struct ddb_change changes[WRITES_MAX];
    const struct ddb_item *keys[WRITES_MAX]; /* item or key of each change */
    size_t owner[WRITES_MAX];                /* index into tables */
    size_t count;
    const struct ddb_table *tables[WRITES_MAX];
    size_t table_count;
};

/* What the request says, without looking at a table. */
static int check_request(struct request *req, const struct dynamodb_WriteRequest *w)
{
    if ((w->PutRequest != NULL) == (w->DeleteRequest != NULL))
        return ddb_invalid(
            req,
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one "
            "of the supported datatypes");
    if (w->DeleteRequest != NULL)
        return ddb_check_values(req, &w->DeleteRequest->Key);
    const struct ddb_item *item = &w->PutRequest->Item;
    if (ddb_check_values(req, item) != 0)
        return -1;
    if (ddb_members_size(item->members, item->count) > DDB_ITEM_SIZE_MAX)
        return ddb_invalid(req, "Item size has exceeded the maximum allowed size");
    return 0;
}

static int take_requests(struct request *req, const struct dynamodb_BatchWriteItemRequestMap *map,
                         struct batch *b)
{
    for (size_t t = 0; t < map->count; t++) {
        const struct dynamodb_WriteRequests *requests = &map->items[t].value;
        for (size_t i = 0; i < requests->count; i++) {
            const struct dynamodb_WriteRequest *w = &requests->items[i];
            if (b->count == WRITES_MAX)
                return ddb_invalid(req, "Too many items requested for the BatchWriteItem call");
            if (check_request(req, w) != 0)
                return -1;
            struct ddb_change *c = &b->changes[b->count];
            c->removes = w->DeleteRequest != NULL;
            b->keys[b->count] = c->removes ? &w->DeleteRequest->Key : &w->PutRequest->Item;
            b->owner[b->count++] = t;
            if (!c->removes)
                ddb_change_becomes(c, &w->PutRequest->Item, &req->arena);
        }
    }
    return 0;
}

/* AWS: a missing or wrongly typed key of an item to be put is told in the words for keys. */
static const char *problem_of(const struct ddb_table *t, const struct ddb_change *c,
                              const struct ddb_item *key, struct arena *a)
{
    if (c->removes)
        return ddb_key_problem(t, key, a);
    const char *problem = ddb_item_problem(t, key, a);
    if (problem != NULL && (strstr(problem, "Missing the key") != NULL ||
                            strstr(problem, "Type mismatch for key") != NULL))
        return NO_MATCH;
    return problem;
}

static bool same_key(const struct ddb_change *a, const struct ddb_change *b)
{
    return a->table == b->table && a->key.pk.len == b->key.pk.len &&
           a->key.sk.len == b->key.sk.len &&
           memcmp(a->key.pk.data, b->key.pk.data, a->key.pk.len) == 0 &&
           memcmp(a->key.sk.data, b->key.sk.data, a->key.sk.len) == 0;
}

/* Against the tables: keys legal and distinct. */
static int check_keys(struct request *req, struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct ddb_change *c = &b->changes[i];
        c->table = b->tables[b->owner[i]];
        const char *problem = problem_of(c->table, c, b->keys[i], &req->arena);
        if (problem != NULL)
            return ddb_invalid(req, "%s", problem);
        c->key = ddb_key_of(&c->table->definition.key, b->keys[i]->members, b->keys[i]->count,
                            &req->arena);
        for (size_t k = 0; k < i; k++)
            if (same_key(c, &b->changes[k]))
                return ddb_invalid(req, "Provided list of item keys contains duplicates");
    }
    return 0;
}

struct batch_turn {
    struct batch *batch;
    bool wants_old;
    struct arena *arena;
};

static enum store_status batch_turn(struct ddb_session *s, void *context)
{
    const struct batch_turn *t = context;
    enum store_status rc = STORE_OK;

    for (size_t i = 0; i < t->batch->count && rc == STORE_OK; i++) {
        struct ddb_change *c = &t->batch->changes[i];
        if (t->wants_old)
            rc = ddb_change_read(c, s, t->arena);
        if (rc == STORE_OK)
            rc = ddb_change_apply(c, s, t->arena);
    }
    return rc;
}

static void add_metrics(struct request *req, const struct dynamodb_BatchWriteItemInput *in,
                        const struct batch *b, size_t table,
                        struct dynamodb_BatchWriteItemOutput *out)
{
    struct dynamodb_ItemCollectionMetricsPerTable *map = &out->ItemCollectionMetrics;

    if (!ddb_metrics_wanted(in->ReturnItemCollectionMetrics, b->tables[table]))
        return;
    if (map->items == NULL)
        map->items = ARENA_ARRAY(&req->arena, struct dynamodb_ItemCollectionMetricsPerTable_entry,
                                 b->table_count);
    struct dynamodb_ItemCollectionMetricsPerTable_entry *e = &map->items[map->count++];
    e->key = in->RequestItems.items[table].key;
    e->value.items = ARENA_ARRAY(&req->arena, struct dynamodb_ItemCollectionMetrics, b->count);
    for (size_t i = 0; i < b->count; i++)
        if (b->owner[i] == table)
            e->value.items[e->value.count++] =
                *ddb_metrics_report(req, b->tables[table], b->keys[i]);
}

static void answer(struct request *req, const struct dynamodb_BatchWriteItemInput *in,
                   const struct batch *b, struct dynamodb_BatchWriteItemOutput *out)
{
    out->UnprocessedItems.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_BatchWriteItemRequestMap_entry, 1);
    if (ddb_capacity_wanted(in->ReturnConsumedCapacity))
        out->ConsumedCapacity.items =
            ARENA_ARRAY(&req->arena, struct dynamodb_ConsumedCapacity, b->table_count);
    for (size_t t = 0; t < b->table_count; t++) {
        struct ddb_capacity capacity = {.table = b->tables[t]};
        add_metrics(req, in, b, t, out);
        if (!ddb_capacity_wanted(in->ReturnConsumedCapacity))
            continue;
        for (size_t i = 0; i < b->count; i++)
            if (b->owner[i] == t)
                ddb_capacity_add_change(&capacity, &b->changes[i], 1, &req->arena);
        out->ConsumedCapacity.items[out->ConsumedCapacity.count++] =
            *ddb_capacity_report(req, &capacity, in->ReturnConsumedCapacity, DDB_CAPACITY_PLAIN);
    }
}

int dynamodb_batch_write_item(struct request *req, const struct dynamodb_BatchWriteItemInput *in,
                              struct dynamodb_BatchWriteItemOutput *out)
{
    struct batch *b = ARENA_NEW(&req->arena, struct batch);
    struct batch_turn turn = {
        .batch = b,
        .wants_old = ddb_capacity_wanted(in->ReturnConsumedCapacity),
        .arena = &req->arena,
    };
    enum store_status rc;
    enum ddb_begin begun;

    if (take_requests(req, &in->RequestItems, b) != 0)
        return -1;
    for (; b->table_count < in->RequestItems.count; b->table_count++) {
        b->tables[b->table_count] = ddb_table_get(req, in->RequestItems.items[b->table_count].key);
        if (b->tables[b->table_count] == NULL)
            return -1;
    }
    do {
        if (check_keys(req, b) != 0)
            return -1;
        begun = ddb_write_run(req, b->tables, b->table_count, batch_turn, &turn, &rc);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    answer(req, in, b, out);
    return 0;
}
