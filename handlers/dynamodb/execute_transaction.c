/*
 * ExecuteTransaction: statements that all happen or none, as TransactWriteItems and
 * TransactGetItems do them.
 */
#include "handlers/dynamodb/partiql.h"

struct statement {
    const struct dynamodb_ParameterizedStatement *in;
    struct partiql_statement st;
};

static int fail_at(struct request *req, size_t i, const char *problem)
{
    return ddb_invalid(req, "Validation failed in TransactStatements[%zu]: %s", i, problem);
}

static bool is_read(const struct statement *s)
{
    return s->st.kind == PARTIQL_SELECT && !s->st.exists;
}

static struct statement *take_all(struct request *req,
                                  const struct dynamodb_ParameterizedStatements *list)
{
    struct statement *all = ARENA_ARRAY(&req->arena, struct statement, list->count);

    for (size_t i = 0; i < list->count; i++) {
        struct statement *s = &all[i];
        const char *problem;
        s->in = &list->items[i];
        problem = partiql_parse(&req->arena, s->in->Statement, &s->in->Parameters, &s->st);
        if (problem == NULL && s->st.returning != PARTIQL_NOTHING)
            problem = "RETURNING clause is not supported in ExecuteTransaction.";
        if (problem == NULL && s->st.kind == PARTIQL_SELECT && s->st.index != NULL)
            problem = "Reads on indices are not supported within transactions.";
        if (problem != NULL) {
            fail_at(req, i, problem);
            return NULL;
        }
    }
    for (size_t i = 1; i < list->count; i++) {
        if (is_read(&all[i]) == is_read(&all[0]))
            continue;
        ddb_invalid(req, "ExecuteTransaction API does not support both read and write operations "
                         "in the same request.");
        return NULL;
    }
    return all;
}

/* --- reads --- */

static int take_get(struct request *req, const struct statement *s, size_t i,
                    struct dynamodb_TransactGetItem *out)
{
    const struct ddb_table *t = partiql_table(req, &s->st);
    struct dynamodb_Get *get = ARENA_NEW(&req->arena, struct dynamodb_Get);
    bool more;

    if (t == NULL)
        return -1;
    if (partiql_key(&s->st, t, &req->arena, &get->Key, &more) != NULL || more)
        return fail_at(req, i,
                       "Select statements within ExecuteTransaction must specify the primary key "
                       "in the where clause.");
    get->TableName = s->st.table;
    out->Get = get;
    return 0;
}

static int read_all(struct request *req, const struct dynamodb_ExecuteTransactionInput *in,
                    const struct statement *all, struct dynamodb_ExecuteTransactionOutput *out)
{
    size_t count = in->TransactStatements.count;
    struct dynamodb_TransactGetItemsInput get = {.ReturnConsumedCapacity =
                                                     in->ReturnConsumedCapacity};
    struct dynamodb_TransactGetItemsOutput got = {0};

    get.TransactItems.items = ARENA_ARRAY(&req->arena, struct dynamodb_TransactGetItem, count);
    for (size_t i = 0; i < count; i++)
        if (take_get(req, &all[i], i, &get.TransactItems.items[get.TransactItems.count++]) != 0)
            return -1;
    if (dynamodb_transact_get_items(req, &get, &got) != 0)
        return -1;
    out->Responses = got.Responses;
    for (size_t i = 0; i < count; i++) {
        struct ddb_item *item = &out->Responses.items[i].Item;
        *item = partiql_project(&all[i].st, item, &req->arena);
    }
    out->ConsumedCapacity = got.ConsumedCapacity;
    return 0;
}

/* --- writes --- */

static int take_insert(struct request *req, const struct statement *s,
                       struct dynamodb_TransactWriteItem *out)
{
    struct dynamodb_PutItemInput put;

    if (partiql_put(req, &s->st, &put) != 0)
        return -1;
    out->Put = ARENA_NEW(&req->arena, struct dynamodb_Put);
    *out->Put = (struct dynamodb_Put){
        .Item = put.Item,
        .TableName = put.TableName,
        .ConditionExpression = put.ConditionExpression,
        .ExpressionAttributeNames = put.ExpressionAttributeNames,
    };
    return 0;
}

static int take_update(struct request *req, const struct statement *s,
                       struct dynamodb_TransactWriteItem *out)
{
    struct dynamodb_UpdateItemInput update;

    if (partiql_update(req, &s->st, &update) != 0)
        return -1;
    out->Update = ARENA_NEW(&req->arena, struct dynamodb_Update);
    *out->Update = (struct dynamodb_Update){
        .Key = update.Key,
        .UpdateExpression = update.UpdateExpression,
        .TableName = update.TableName,
        .ConditionExpression = update.ConditionExpression,
        .ExpressionAttributeNames = update.ExpressionAttributeNames,
        .ExpressionAttributeValues = update.ExpressionAttributeValues,
        .ReturnValuesOnConditionCheckFailure = s->in->ReturnValuesOnConditionCheckFailure,
    };
    return 0;
}

static int take_delete(struct request *req, const struct statement *s,
                       struct dynamodb_TransactWriteItem *out)
{
    struct dynamodb_DeleteItemInput delete;

    if (partiql_delete(req, &s->st, &delete) != 0)
        return -1;
    out->Delete = ARENA_NEW(&req->arena, struct dynamodb_Delete);
    *out->Delete = (struct dynamodb_Delete){
        .Key = delete.Key,
        .TableName = delete.TableName,
        .ConditionExpression = delete.ConditionExpression,
        .ExpressionAttributeNames = delete.ExpressionAttributeNames,
        .ExpressionAttributeValues = delete.ExpressionAttributeValues,
        .ReturnValuesOnConditionCheckFailure = s->in->ReturnValuesOnConditionCheckFailure,
    };
    return 0;
}

static int take_exists(struct request *req, const struct statement *s, size_t i,
                       struct dynamodb_TransactWriteItem *out)
{
    const struct ddb_table *t = partiql_table(req, &s->st);
    const struct partiql_text *where = &s->st.where;
    struct dynamodb_ConditionCheck *check = ARENA_NEW(&req->arena, struct dynamodb_ConditionCheck);
    bool more;

    if (t == NULL)
        return -1;
    if (partiql_key(&s->st, t, &req->arena, &check->Key, &more) != NULL || !more)
        return fail_at(req, i,
                       "EXISTS() must contain a single item read with additional condition");
    check->TableName = s->st.table;
    check->ConditionExpression = where->text;
    check->ExpressionAttributeNames = partiql_names(&s->st, where, NULL, &req->arena);
    check->ExpressionAttributeValues = partiql_values(&s->st, where, NULL, &req->arena);
    check->ReturnValuesOnConditionCheckFailure = s->in->ReturnValuesOnConditionCheckFailure;
    out->ConditionCheck = check;
    return 0;
}

static int take_write(struct request *req, const struct statement *s, size_t i,
                      struct dynamodb_TransactWriteItem *out)
{
    if (s->st.exists)
        return take_exists(req, s, i, out);
    if (s->st.kind == PARTIQL_INSERT)
        return take_insert(req, s, out);
    return s->st.kind == PARTIQL_UPDATE ? take_update(req, s, out) : take_delete(req, s, out);
}

/* AWS: an INSERT of what is there is a reason of its own. */
static int fail_writes(struct request *req, const struct statement *all)
{
    const struct dynamodb_TransactionCanceledException *cancelled = req->failure.members;
    const char *codes = "";

    if (req->failure.error != &dynamodb_TransactionCanceledException || cancelled == NULL)
        return -1;
    for (size_t i = 0; i < cancelled->CancellationReasons.count; i++) {
        struct dynamodb_CancellationReason *reason = &cancelled->CancellationReasons.items[i];
        if (all[i].st.kind == PARTIQL_INSERT && str_eq(reason->Code, "ConditionalCheckFailed")) {
            reason->Code = "DuplicateItem";
            reason->Message = "Duplicate primary key exists in table";
        }
        codes = arena_printf(&req->arena, "%s%s%s", codes, i > 0 ? ", " : "", reason->Code);
    }
    req->failure = (struct failure){0};
    return aws_fail_with(
        req, &dynamodb_TransactionCanceledException, cancelled,
        "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]",
        codes);
}

static int write_all(struct request *req, const struct dynamodb_ExecuteTransactionInput *in,
                     const struct statement *all, struct dynamodb_ExecuteTransactionOutput *out)
{
    size_t count = in->TransactStatements.count;
    struct dynamodb_TransactWriteItemsInput write = {
        .ReturnConsumedCapacity = in->ReturnConsumedCapacity,
        .ClientRequestToken = in->ClientRequestToken,
    };
    struct dynamodb_TransactWriteItemsOutput written = {0};
    struct dynamodb_TransactWriteItemList *list = &write.TransactItems;

    list->items = ARENA_ARRAY(&req->arena, struct dynamodb_TransactWriteItem, count);
    for (size_t i = 0; i < count; i++)
        if (take_write(req, &all[i], i, &list->items[list->count++]) != 0)
            return -1;
    if (dynamodb_transact_write_items(req, &write, &written) != 0)
        return fail_writes(req, all);
    /* AWS: writes answer with an empty list. */
    out->Responses.items = ARENA_NEW(&req->arena, struct dynamodb_ItemResponse);
    out->ConsumedCapacity = written.ConsumedCapacity;
    return 0;
}

int dynamodb_execute_transaction(struct request *req,
                                 const struct dynamodb_ExecuteTransactionInput *in,
                                 struct dynamodb_ExecuteTransactionOutput *out)
{
    const struct statement *all = take_all(req, &in->TransactStatements);

    if (all == NULL)
        return -1;
    return is_read(&all[0]) ? read_all(req, in, all, out) : write_all(req, in, all, out);
}
