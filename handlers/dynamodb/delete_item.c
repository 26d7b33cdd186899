/* DeleteItem. */
#include "handlers/dynamodb/capacity.h"
#include "handlers/dynamodb/request.h"

static int check(struct request *req, const struct dynamodb_DeleteItemInput *in,
                 struct ddb_expr **out_condition)
{
    struct ddb_names names;
    struct ddb_condition_input condition = {in->ConditionExpression, &in->Expected,
                                            in->ConditionalOperator};

    if (ddb_check_parameters(
            req,
            (struct ddb_parameter[]){{"ConditionExpression", in->ConditionExpression}, {NULL, 0}},
            (struct ddb_parameter[]){{"Expected", in->Expected.items}, {NULL, 0}},
            &in->ExpressionAttributeNames, &in->ExpressionAttributeValues) != 0 ||
        ddb_check_values(req, &in->Key) != 0 ||
        ddb_take_names(req, &in->ExpressionAttributeNames, &in->ExpressionAttributeValues,
                       &names) != 0 ||
        ddb_take_condition(req, &names, &condition, out_condition) != 0)
        return -1;
    if (in->ReturnValues != NULL && !str_eq(in->ReturnValues, "NONE") &&
        !str_eq(in->ReturnValues, "ALL_OLD"))
        return ddb_invalid(req, "ReturnValues can only be ALL_OLD or NONE");
    return ddb_end_names(req, &names);
}

static int answer(struct request *req, const struct dynamodb_DeleteItemInput *in,
                  const struct ddb_change *change, struct dynamodb_DeleteItemOutput *out)
{
    struct ddb_capacity capacity = {.table = change->table};

    if (in->ReturnValues != NULL && str_eq(in->ReturnValues, "ALL_OLD") && change->existed)
        out->Attributes = change->old;
    if (ddb_capacity_wanted(in->ReturnConsumedCapacity)) {
        ddb_capacity_add_change(&capacity, change, 1, &req->arena);
        out->ConsumedCapacity =
            ddb_capacity_report(req, &capacity, in->ReturnConsumedCapacity, DDB_CAPACITY_PLAIN);
    }
    if (ddb_metrics_wanted(in->ReturnItemCollectionMetrics, change->table))
        out->ItemCollectionMetrics = ddb_metrics_report(req, change->table, &in->Key);
    return 0;
}

int dynamodb_delete_item(struct request *req, const struct dynamodb_DeleteItemInput *in,
                         struct dynamodb_DeleteItemOutput *out)
{
    struct ddb_change_turn turn = {
        .change.removes = true,
        .wants_old = in->ReturnValues != NULL || ddb_capacity_wanted(in->ReturnConsumedCapacity),
        .arena = &req->arena,
    };
    struct ddb_expr *condition;
    struct ddb_change *c = &turn.change;
    enum store_status rc;
    enum ddb_begin begun;

    if (check(req, in, &condition) != 0)
        return -1;
    turn.condition = condition;
    c->table = ddb_table_get(req, in->TableName);
    do {
        if (c->table == NULL || ddb_check_expr_keys(req, c->table, condition) != 0)
            return -1;
        const char *problem = ddb_key_problem(c->table, &in->Key, &req->arena);
        if (problem != NULL)
            return ddb_invalid(req, "%s", problem);
        c->key = ddb_key_of(&c->table->definition.key, in->Key.members, in->Key.count, &req->arena);
        begun = ddb_write_run(req, &c->table, 1, ddb_change_turn, &turn, &rc);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    if (turn.refused)
        return ddb_fail_condition(req, in->ReturnValuesOnConditionCheckFailure, c->existed,
                                  &c->old);
    return rc == STORE_OK ? answer(req, in, c, out) : ddb_fail_store(req, rc);
}
