/* BatchGetItem. AWS: at most 100 items and 16 MB; what does not fit comes back as UnprocessedKeys.
 */
#include "handlers/dynamodb/capacity.h"
#include "handlers/dynamodb/request.h"

enum { GETS_MAX = 100, BYTES_MAX = 16 << 20 };

struct lookup {
    const struct ddb_table *table;
    struct ddb_paths paths;
    struct ddb_key *keys;
    struct ddb_capacity capacity;
};

static bool same_item(const struct ddb_item *a, const struct ddb_item *b)
{
    return ddb_members_equal(a->members, a->count, b->members, b->count);
}

static int check_one(struct request *req, const struct dynamodb_KeysAndAttributes *k,
                     struct lookup *g)
{
    struct ddb_names names;

    if (ddb_check_parameters(
            req,
            (struct ddb_parameter[]){{"ProjectionExpression", k->ProjectionExpression}, {NULL, 0}},
            (struct ddb_parameter[]){{"AttributesToGet", k->AttributesToGet.items}, {NULL, 0}},
            &k->ExpressionAttributeNames, NULL) != 0 ||
        ddb_take_attributes(req, &k->AttributesToGet, &g->paths) != 0 ||
        ddb_take_names(req, &k->ExpressionAttributeNames, NULL, &names) != 0 ||
        ddb_take_projection(req, &names, k->ProjectionExpression, &g->paths) != 0 ||
        ddb_end_names(req, &names) != 0)
        return -1;
    for (size_t i = 0; i < k->Keys.count; i++) {
        if (ddb_check_values(req, &k->Keys.items[i]) != 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (same_item(&k->Keys.items[i], &k->Keys.items[j]))
                return ddb_invalid(req, "Provided list of item keys contains duplicates");
    }
    return 0;
}

static int check(struct request *req, const struct dynamodb_BatchGetRequestMap *map,
                 struct lookup *lookups)
{
    size_t total = 0;

    for (size_t t = 0; t < map->count; t++) {
        total += map->items[t].value.Keys.count;
        if (total > GETS_MAX)
            return ddb_invalid(req, "Too many items requested for the BatchGetItem call");
        if (check_one(req, &map->items[t].value, &lookups[t]) != 0)
            return -1;
    }
    return 0;
}

static int find_keys(struct request *req, const struct dynamodb_BatchGetRequestMap_entry *e,
                     struct lookup *g)
{
    g->table = ddb_table_get(req, e->key);
    if (g->table == NULL)
        return -1;
    g->capacity.table = g->table;
    g->keys = ARENA_ARRAY(&req->arena, struct ddb_key, e->value.Keys.count);
    for (size_t i = 0; i < e->value.Keys.count; i++) {
        const struct ddb_item *key = &e->value.Keys.items[i];
        const char *problem = ddb_key_problem(g->table, key, &req->arena);
        if (problem != NULL)
            return ddb_invalid(req, "%s", problem);
        g->keys[i] = ddb_key_of(&g->table->definition.key, key->members, key->count, &req->arena);
    }
    return ddb_check_paths_keys(req, g->table, &g->paths);
}

/* Remembers the key for the next call, with everything that goes with it. */
static void leave_over(struct request *req, const struct dynamodb_BatchGetRequestMap_entry *e,
                       size_t key, struct dynamodb_BatchGetRequestMap *left)
{
    struct dynamodb_BatchGetRequestMap_entry *last =
        left->count > 0 ? &left->items[left->count - 1] : NULL;

    if (last == NULL || last->key != e->key) {
        last = &left->items[left->count++];
        *last = *e;
        last->value.Keys.items = ARENA_ARRAY(&req->arena, struct ddb_item, e->value.Keys.count);
        last->value.Keys.count = 0;
    }
    last->value.Keys.items[last->value.Keys.count++] = e->value.Keys.items[key];
}

static enum store_status read_table(struct request *req,
                                    const struct dynamodb_BatchGetRequestMap_entry *e,
                                    struct lookup *g, struct ddb_session *s, size_t *total,
                                    struct dynamodb_ItemList *found,
                                    struct dynamodb_BatchGetRequestMap *left)
{
    bool consistent = VALUE_OR(e->value.ConsistentRead, false);

    found->items = ARENA_ARRAY(&req->arena, struct ddb_item, e->value.Keys.count);
    g->capacity.table_touched = true;
    for (size_t i = 0; i < e->value.Keys.count; i++) {
        struct ddb_row row = {0};
        if (*total >= BYTES_MAX) {
            leave_over(req, e, i, left);
            continue;
        }
        enum store_status rc = ddb_item_get(s, g->table->id, &g->keys[i], &req->arena, &row);
        if (rc != STORE_OK && rc != STORE_NOT_FOUND)
            return rc;
        *total += (size_t)row.size;
        if (*total > BYTES_MAX) {
            leave_over(req, e, i, left);
            continue;
        }
        g->capacity.table_units += ddb_read_units((size_t)row.size, consistent);
        if (rc == STORE_OK)
            rc = ddb_item_from_row(&row, &g->paths, &req->arena, &found->items[found->count++]);
        if (rc == STORE_FAILED)
            return rc;
    }
    return STORE_OK;
}

int dynamodb_batch_get_item(struct request *req, const struct dynamodb_BatchGetItemInput *in,
                            struct dynamodb_BatchGetItemOutput *out)
{
    const struct dynamodb_BatchGetRequestMap *map = &in->RequestItems;
    struct lookup *lookups = ARENA_ARRAY(&req->arena, struct lookup, map->count);
    struct ddb_session s;
    size_t total = 0;

    if (check(req, map, lookups) != 0)
        return -1;
    for (size_t t = 0; t < map->count; t++)
        if (find_keys(req, &map->items[t], &lookups[t]) != 0)
            return -1;
    out->Responses.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_BatchGetResponseMap_entry, map->count);
    out->UnprocessedKeys.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_BatchGetRequestMap_entry, map->count);
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    for (size_t t = 0; t < map->count && rc == STORE_OK; t++) {
        struct dynamodb_BatchGetResponseMap_entry *e =
            &out->Responses.items[out->Responses.count++];
        e->key = map->items[t].key;
        rc = read_table(req, &map->items[t], &lookups[t], &s, &total, &e->value,
                        &out->UnprocessedKeys);
    }
    ddb_read_end(&s);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    if (!ddb_capacity_wanted(in->ReturnConsumedCapacity))
        return 0;
    out->ConsumedCapacity.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_ConsumedCapacity, map->count);
    for (size_t t = 0; t < map->count; t++)
        out->ConsumedCapacity.items[out->ConsumedCapacity.count++] = *ddb_capacity_report(
            req, &lookups[t].capacity, in->ReturnConsumedCapacity, DDB_CAPACITY_PLAIN);
    return 0;
}
