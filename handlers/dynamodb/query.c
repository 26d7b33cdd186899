/* Query: one partition of a table or index, in the order of the sort key. */
#include "handlers/dynamodb/key.h"
#include "handlers/dynamodb/key_condition.h"
#include "handlers/dynamodb/legacy.h"
#include "handlers/dynamodb/page.h"
#include "handlers/dynamodb/request.h"

struct query {
    struct ddb_page page;
    struct ddb_key_conditions conditions;
    bool has_conditions; /* from an expression */
};

static int take_key_condition(struct request *req, struct ddb_names *names, const char *expression,
                              struct ddb_expr **out)
{
    *out = NULL;
    if (expression == NULL)
        return 0;
    const char *problem = ddb_condition_parse(names, expression, out);
    return problem == NULL ? 0 : ddb_invalid(req, "Invalid KeyConditionExpression: %s", problem);
}

static int check_style(struct request *req, const struct dynamodb_QueryInput *in)
{
    /* AWS: KeyConditions may stand beside a FilterExpression. */
    bool key_conditions = in->KeyConditions.items != NULL && in->KeyConditionExpression != NULL;

    return ddb_check_parameters(
        req,
        (struct ddb_parameter[]){{"ProjectionExpression", in->ProjectionExpression},
                                 {"FilterExpression", in->FilterExpression},
                                 {"KeyConditionExpression", in->KeyConditionExpression},
                                 {NULL, 0}},
        (struct ddb_parameter[]){{"AttributesToGet", in->AttributesToGet.items},
                                 {"QueryFilter", in->QueryFilter.items},
                                 {"ConditionalOperator", in->ConditionalOperator},
                                 {"KeyConditions", key_conditions},
                                 {NULL, 0}},
        &in->ExpressionAttributeNames, &in->ExpressionAttributeValues);
}

static int check(struct request *req, const struct dynamodb_QueryInput *in, struct query *q)
{
    struct ddb_names names;
    struct ddb_expr *key;

    if (check_style(req, in) != 0 ||
        ddb_legacy_filter(req, &in->QueryFilter, in->ConditionalOperator, &q->page.filter) != 0 ||
        ddb_take_attributes(req, &in->AttributesToGet, &q->page.paths) != 0 ||
        ddb_page_check(&q->page) != 0)
        return -1;
    if (in->KeyConditions.items == NULL && in->KeyConditionExpression == NULL)
        return ddb_invalid(
            req,
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in "
            "the request.");
    if (ddb_take_names(req, &in->ExpressionAttributeNames, &in->ExpressionAttributeValues,
                       &names) != 0 ||
        take_key_condition(req, &names, in->KeyConditionExpression, &key) != 0 ||
        ddb_take_filter(req, &names, in->FilterExpression, &q->page.filter) != 0 ||
        ddb_take_projection(req, &names, in->ProjectionExpression, &q->page.paths) != 0 ||
        ddb_end_names(req, &names) != 0)
        return -1;
    if (in->KeyConditions.items != NULL && in->KeyConditions.count == 0)
        return ddb_invalid(req, "Conditions can be of length 1 or 2 only");
    if (key == NULL && ddb_key_conditions_legacy(req, &in->KeyConditions, &q->conditions) != 0)
        return -1;
    const char *problem =
        key != NULL ? ddb_key_conditions_of(key, &q->conditions, &req->arena) : NULL;
    /* AWS: only indexes have keys of more than two attributes. */
    if (problem == NULL && in->IndexName == NULL && q->conditions.count > 2)
        problem = "Conditions can be of length 1 or 2 only";
    return problem == NULL ? 0 : ddb_invalid(req, "%s", problem);
}

/* --- the filter must leave the keys alone --- */

struct key_use {
    struct request *req;
    const struct ddb_key_schema *key;
    const char *parameter;
};

static bool check_use(void *context, const struct ddb_path *path)
{
    struct key_use *use = context;
    struct ddb_text name = path->steps[0].name;

    if (!ddb_schema_has(use->key, name))
        return true;
    ddb_invalid(use->req,
                "%s can only contain non-primary key attributes: Primary key attribute: %.*s",
                use->parameter, (int)name.len, name.data);
    return false;
}

static int check_filter(struct request *req, const struct dynamodb_QueryInput *in,
                        const struct ddb_page *p)
{
    struct key_use use = {req, p->key,
                          in->QueryFilter.items != NULL ? "QueryFilter" : "Filter Expression"};

    return p->filter == NULL || ddb_expr_paths(p->filter, check_use, &use) ? 0 : -1;
}

/* --- the starting key must lie in what is asked for --- */

static bool is_below(struct bytes a, struct bytes b)
{
    int order = memcmp(a.data, b.data, MIN(a.len, b.len));

    return order != 0 ? order < 0 : a.len < b.len;
}

static int check_start(struct request *req, const struct ddb_page *p, const struct query *q,
                       const struct ddb_range *r)
{
    const struct ddb_key *after = r->after;
    bool same = after == NULL || (after->pk.len == r->partition.pk.len &&
                                  memcmp(after->pk.data, r->partition.pk.data, after->pk.len) == 0);
    bool on_range = q->conditions.count > p->key->hash_count;

    if (after == NULL)
        return 0;
    if ((r->from.data != NULL && is_below(after->sk, r->from)) ||
        (r->to.data != NULL && !is_below(after->sk, r->to)))
        return ddb_invalid(req, "The provided starting key does not match the range key predicate");
    if (!same && on_range)
        return ddb_invalid(req, "The query can return at most one row and cannot be restarted");
    if (!same)
        return ddb_invalid(
            req,
            "The provided starting key is outside query boundaries based on provided conditions");
    return 0;
}

/* AWS: the partition key's parts of starting key and conditions come before the sort key's. */
static int take_keys(struct request *req, const struct ddb_page *p,
                     const struct ddb_key_conditions *conditions, struct ddb_range *range)
{
    if (ddb_page_start_count(p) != 0 || ddb_page_start_parts(p, true) != 0)
        return -1;
    const char *problem = ddb_key_partition(p->key, conditions, &req->arena, range);
    if (problem == NULL && ddb_page_start_parts(p, false) != 0)
        return -1;
    if (problem == NULL)
        problem = ddb_key_range(p->key, conditions, &req->arena, range);
    return problem == NULL ? 0 : ddb_invalid(req, "%s", problem);
}

int dynamodb_query(struct request *req, const struct dynamodb_QueryInput *in,
                   struct dynamodb_QueryOutput *out)
{
    struct ddb_page_input input = {
        .index_name = in->IndexName,
        .select = in->Select,
        .projection = in->ProjectionExpression,
        .attributes_to_get = &in->AttributesToGet,
        .limit = in->Limit,
        .consistent = VALUE_OR(in->ConsistentRead, false),
        .return_capacity = in->ReturnConsumedCapacity,
        .start = &in->ExclusiveStartKey,
        .operation = "Query",
    };
    struct query q = {.page = {.req = req, .in = &input}};
    struct ddb_page *p = &q.page;
    struct ddb_range range = {.backward = !VALUE_OR(in->ScanIndexForward, true)};

    if (check(req, in, &q) != 0 || ddb_page_open(p, in->TableName) != 0 ||
        take_keys(req, p, &q.conditions, &range) != 0 || ddb_page_start(p, &range) != 0 ||
        check_start(req, p, &q, &range) != 0 || check_filter(req, in, p) != 0 ||
        ddb_page_check_index(p) != 0 || ddb_page_check_paths(p) != 0 ||
        ddb_page_read(p, &range) != 0)
        return -1;
    out->Items = p->select == DDB_SELECT_COUNT ? (struct dynamodb_ItemList){0} : p->items;
    out->Count = SOME_INT((int32_t)p->matched);
    out->ScannedCount = SOME_INT((int32_t)p->scanned);
    out->LastEvaluatedKey = ddb_page_last_key(p);
    out->ConsumedCapacity = ddb_page_capacity(p);
    return 0;
}
