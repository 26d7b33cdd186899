/* GetItem: without a projection the stored text goes into the answer as it is. */
#include "handlers/dynamodb/capacity.h"
#include "handlers/dynamodb/request.h"

static int check(struct request *req, const struct dynamodb_GetItemInput *in,
                 struct ddb_paths *out_paths)
{
    struct ddb_names names;

    if (ddb_check_parameters(
            req,
            (struct ddb_parameter[]){{"ProjectionExpression", in->ProjectionExpression}, {NULL, 0}},
            (struct ddb_parameter[]){{"AttributesToGet", in->AttributesToGet.items}, {NULL, 0}},
            &in->ExpressionAttributeNames, NULL) != 0 ||
        ddb_check_values(req, &in->Key) != 0 ||
        ddb_take_attributes(req, &in->AttributesToGet, out_paths) != 0 ||
        ddb_take_names(req, &in->ExpressionAttributeNames, NULL, &names) != 0 ||
        ddb_take_projection(req, &names, in->ProjectionExpression, out_paths) != 0)
        return -1;
    return ddb_end_names(req, &names);
}

static enum store_status read_row(struct request *req, const struct ddb_table *t,
                                  const struct ddb_key *key, struct ddb_row *out)
{
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_item_get(&s, t->id, key, &req->arena, out);
    ddb_read_end(&s);
    return rc;
}

int dynamodb_get_item(struct request *req, const struct dynamodb_GetItemInput *in,
                      struct dynamodb_GetItemOutput *out)
{
    struct ddb_paths paths;
    struct ddb_row row = {0};

    if (check(req, in, &paths) != 0)
        return -1;
    const struct ddb_table *t = ddb_table_get(req, in->TableName);
    if (t == NULL)
        return -1;
    const char *problem = ddb_key_problem(t, &in->Key, &req->arena);
    if (problem != NULL)
        return ddb_invalid(req, "%s", problem);
    if (ddb_check_paths_keys(req, t, &paths) != 0)
        return -1;
    struct ddb_key key =
        ddb_key_of(&t->definition.key, in->Key.members, in->Key.count, &req->arena);

    enum store_status rc = read_row(req, t, &key, &row);
    if (rc != STORE_OK && rc != STORE_NOT_FOUND)
        return ddb_fail_store(req, rc);
    if (rc == STORE_OK && ddb_item_from_row(&row, &paths, &req->arena, &out->Item) != STORE_OK)
        return ddb_fail_store(req, STORE_FAILED);
    struct ddb_capacity capacity = {.table = t, .table_touched = true};
    capacity.table_units = ddb_read_units((size_t)row.size, VALUE_OR(in->ConsistentRead, false));
    out->ConsumedCapacity =
        ddb_capacity_report(req, &capacity, in->ReturnConsumedCapacity, DDB_CAPACITY_PLAIN);
    return 0;
}
