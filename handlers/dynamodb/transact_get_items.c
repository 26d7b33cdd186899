/* TransactGetItems: all items as they were at one moment. */
#include "handlers/dynamodb/capacity.h"
#include "handlers/dynamodb/request.h"
#include "handlers/dynamodb/transact.h"

int ddb_cancel(struct request *req, const struct ddb_reason *reasons, size_t count)
{
    struct dynamodb_TransactionCanceledException *members =
        ARENA_NEW(&req->arena, struct dynamodb_TransactionCanceledException);
    struct dynamodb_CancellationReasonList *list = &members->CancellationReasons;
    const char *codes = "";
    bool cancelled = false;

    list->items = ARENA_ARRAY(&req->arena, struct dynamodb_CancellationReason, count);
    for (size_t i = 0; i < count; i++) {
        const char *code = reasons[i].code != NULL ? reasons[i].code : "None";
        cancelled |= reasons[i].code != NULL;
        codes = arena_printf(&req->arena, "%s%s%s", codes, i > 0 ? ", " : "", code);
        list->items[list->count++] =
            (struct dynamodb_CancellationReason){reasons[i].item, code, reasons[i].message};
    }
    if (!cancelled)
        return 0;
    return aws_fail_with(
        req, &dynamodb_TransactionCanceledException, members,
        "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]",
        codes);
}

bool ddb_same_key(const struct ddb_table *a_table, const struct ddb_key *a,
                  const struct ddb_table *b_table, const struct ddb_key *b)
{
    return a_table == b_table && a->pk.len == b->pk.len && a->sk.len == b->sk.len &&
           memcmp(a->pk.data, b->pk.data, a->pk.len) == 0 &&
           memcmp(a->sk.data, b->sk.data, a->sk.len) == 0;
}

struct get {
    const struct ddb_table *table;
    struct ddb_paths paths;
    struct ddb_key key;
    struct ddb_row row;
};

/* What is told for the whole request. */
static int check(struct request *req, const struct dynamodb_Get *in, struct get *g)
{
    struct ddb_names names;

    if (ddb_check_parameters(
            req,
            (struct ddb_parameter[]){{"ProjectionExpression", in->ProjectionExpression}, {NULL, 0}},
            (struct ddb_parameter[]){{NULL, 0}}, &in->ExpressionAttributeNames, NULL) != 0 ||
        ddb_check_values(req, &in->Key) != 0 ||
        ddb_take_names(req, &in->ExpressionAttributeNames, NULL, &names) != 0 ||
        ddb_take_projection(req, &names, in->ProjectionExpression, &g->paths) != 0 ||
        ddb_end_names(req, &names) != 0)
        return -1;
    g->table = ddb_table_get(req, in->TableName);
    return g->table != NULL ? 0 : -1;
}

/* What is told as the reason of one item. */
static struct ddb_reason find_key(struct request *req, const struct dynamodb_Get *in, struct get *g)
{
    const char *problem = ddb_key_problem(g->table, &in->Key, &req->arena);

    if (problem != NULL)
        return (struct ddb_reason){.code = "ValidationError", .message = problem};
    g->key = ddb_key_of(&g->table->definition.key, in->Key.members, in->Key.count, &req->arena);
    return (struct ddb_reason){0};
}

static enum store_status read_all(struct request *req, struct get *all, size_t count)
{
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);

    if (rc != STORE_OK)
        return rc;
    for (size_t i = 0; i < count && rc == STORE_OK; i++) {
        rc = ddb_item_get(&s, all[i].table->id, &all[i].key, &req->arena, &all[i].row);
        if (rc == STORE_NOT_FOUND)
            rc = STORE_OK;
    }
    ddb_read_end(&s);
    return rc;
}

/* One entry a table, in the order of the request. */
static void report(struct request *req, const char *mode, const struct get *all, size_t count,
                   struct dynamodb_ConsumedCapacityMultiple *out)
{
    if (!ddb_capacity_wanted(mode))
        return;
    out->items = ARENA_ARRAY(&req->arena, struct dynamodb_ConsumedCapacity, count);
    for (size_t i = 0; i < count; i++) {
        struct ddb_capacity capacity = {.table = all[i].table, .table_touched = true};
        bool is_first = true;
        for (size_t k = 0; k < i; k++)
            is_first &= all[k].table != all[i].table;
        for (size_t k = i; k < count && is_first; k++)
            if (all[k].table == all[i].table)
                capacity.table_units += 2 * ddb_read_units((size_t)all[k].row.size, true);
        if (is_first)
            out->items[out->count++] =
                *ddb_capacity_report(req, &capacity, mode, DDB_CAPACITY_READ);
    }
}

static int check_all(struct request *req, const struct dynamodb_TransactGetItemList *list,
                     struct get *all)
{
    struct ddb_reason *reasons = ARENA_ARRAY(&req->arena, struct ddb_reason, list->count);

    for (size_t i = 0; i < list->count; i++) {
        if (check(req, list->items[i].Get, &all[i]) != 0)
            return -1;
        reasons[i] = find_key(req, list->items[i].Get, &all[i]);
    }
    if (ddb_cancel(req, reasons, list->count) != 0)
        return -1;
    for (size_t i = 0; i < list->count; i++) {
        if (ddb_check_paths_keys(req, all[i].table, &all[i].paths) != 0)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (ddb_same_key(all[i].table, &all[i].key, all[k].table, &all[k].key))
                return ddb_invalid(
                    req, "Transaction request cannot include multiple operations on one item");
    }
    return 0;
}

int dynamodb_transact_get_items(struct request *req,
                                const struct dynamodb_TransactGetItemsInput *in,
                                struct dynamodb_TransactGetItemsOutput *out)
{
    const struct dynamodb_TransactGetItemList *list = &in->TransactItems;
    struct get *all = ARENA_ARRAY(&req->arena, struct get, list->count);
    size_t total = 0;

    if (check_all(req, list, all) != 0)
        return -1;
    enum store_status rc = read_all(req, all, list->count);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    out->Responses.items = ARENA_ARRAY(&req->arena, struct dynamodb_ItemResponse, list->count);
    for (size_t i = 0; i < list->count; i++) {
        struct ddb_item *item = &out->Responses.items[out->Responses.count++].Item;
        total += (size_t)all[i].row.size;
        if (all[i].row.body.data != NULL &&
            ddb_item_from_row(&all[i].row, &all[i].paths, &req->arena, item) != STORE_OK)
            return ddb_fail_store(req, STORE_FAILED);
        /* AWS: no Item where nothing of it was asked for. */
        if (all[i].paths.count > 0 && item->count == 0)
            item->set = false;
    }
    if (total > DDB_TRANSACTION_BYTES)
        return ddb_invalid(
            req, "The aggregate size of the items in the transaction exceeds the 4 MB limit");
    report(req, in->ReturnConsumedCapacity, all, list->count, &out->ConsumedCapacity);
    return 0;
}
