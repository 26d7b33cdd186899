/* ExecuteStatement: one statement of PartiQL. */
#include "handlers/dynamodb/partiql.h"

/* AWS has an error of its own for an INSERT of what is there. */
static int fail_insert(struct request *req)
{
    if (req->failure.error != &dynamodb_ConditionalCheckFailedException)
        return -1;
    req->failure = (struct failure){0};
    return aws_fail(req, &dynamodb_DuplicateItemException, "Duplicate primary key exists in table");
}

static int insert(struct request *req, const struct partiql_statement *st,
                  const struct partiql_write_options *options,
                  struct dynamodb_ConsumedCapacity **out_capacity)
{
    struct dynamodb_PutItemInput in;
    struct dynamodb_PutItemOutput out = {0};

    if (partiql_put(req, st, &in) != 0)
        return -1;
    in.ReturnConsumedCapacity = options->return_capacity;
    if (dynamodb_put_item(req, &in, &out) != 0)
        return fail_insert(req);
    *out_capacity = out.ConsumedCapacity;
    return 0;
}

static int update(struct request *req, const struct partiql_statement *st,
                  const struct partiql_write_options *options, struct ddb_item *out_item,
                  struct dynamodb_ConsumedCapacity **out_capacity)
{
    struct dynamodb_UpdateItemInput in;
    struct dynamodb_UpdateItemOutput out = {0};

    if (partiql_update(req, st, &in) != 0)
        return -1;
    in.ReturnConsumedCapacity = options->return_capacity;
    in.ReturnValuesOnConditionCheckFailure = options->return_on_failure;
    if (dynamodb_update_item(req, &in, &out) != 0)
        return -1;
    *out_item = out.Attributes;
    *out_capacity = out.ConsumedCapacity;
    return 0;
}

static int delete (struct request *req, const struct partiql_statement *st,
                   const struct partiql_write_options *options, struct ddb_item *out_item,
                   struct dynamodb_ConsumedCapacity **out_capacity)
{
    struct dynamodb_DeleteItemInput in;
    struct dynamodb_DeleteItemOutput out = {0};

    if (partiql_delete(req, st, &in) != 0)
        return -1;
    in.ReturnConsumedCapacity = options->return_capacity;
    in.ReturnValuesOnConditionCheckFailure = options->return_on_failure;
    if (dynamodb_delete_item(req, &in, &out) != 0)
        return -1;
    *out_item = out.Attributes;
    *out_capacity = out.ConsumedCapacity;
    return 0;
}

int partiql_write(struct request *req, const struct partiql_statement *st,
                  const struct partiql_write_options *options, struct ddb_item *out_item,
                  struct dynamodb_ConsumedCapacity **out_capacity)
{
    *out_item = (struct ddb_item){0};
    *out_capacity = NULL;
    if (st->kind == PARTIQL_INSERT)
        return insert(req, st, options, out_capacity);
    if (st->kind == PARTIQL_UPDATE)
        return update(req, st, options, out_item, out_capacity);
    return delete (req, st, options, out_item, out_capacity);
}

int dynamodb_execute_statement(struct request *req, const struct dynamodb_ExecuteStatementInput *in,
                               struct dynamodb_ExecuteStatementOutput *out)
{
    struct partiql_statement st;
    struct partiql_write_options options = {in->ReturnValuesOnConditionCheckFailure,
                                            in->ReturnConsumedCapacity};
    const char *problem = partiql_parse(&req->arena, in->Statement, &in->Parameters, &st);
    struct ddb_item item;

    if (problem != NULL)
        return ddb_invalid(req, "%s", problem);
    if (st.exists)
        return ddb_invalid(req, "EXISTS() is only supported in ExecuteTransaction");
    if (st.kind == PARTIQL_SELECT)
        return partiql_select(req, &st, in, out);
    if (in->NextToken != NULL)
        return ddb_invalid(req, "NextToken does not match request");
    if (partiql_write(req, &st, &options, &item, &out->ConsumedCapacity) != 0)
        return -1;
    out->Items.items = ARENA_NEW(&req->arena, struct ddb_item);
    if (item.set)
        out->Items.items[out->Items.count++] = item;
    return 0;
}
