/* UpdateItem. */
#include "handlers/dynamodb/update_item.h"

#include "handlers/dynamodb/capacity.h"
#include "handlers/dynamodb/legacy.h"
#include "handlers/dynamodb/request.h"

/* --- shared with transactions --- */

/* AWS: what an update would make of the key of an index is told before the item is looked at, where
 * it is plain. */
static const char *index_type_problem(const struct ddb_table *t, const struct ddb_update_step *step,
                                      struct arena *a)
{
    const struct ddb_value *v =
        step->operand != NULL && step->operand->kind == DDB_VALUE ? step->operand->value : NULL;

    if (v == NULL || v->type == DDB_NONE || step->path.count > 1)
        return NULL;
    struct ddb_member member = {step->path.steps[0].name, *v};
    struct ddb_item alone = {.members = &member, .count = 1, .set = true};
    const char *problem = ddb_index_keys_problem(t, &alone, NULL, a);
    return problem != NULL && strstr(problem, "Type mismatch") != NULL ? problem : NULL;
}

const char *ddb_update_problem(const struct ddb_table *t, const struct ddb_update *update,
                               struct arena *a)
{
    const char *problem = NULL;

    for (size_t i = 0; i < update->count; i++) {
        struct ddb_text name = update->steps[i].path.steps[0].name;
        if (ddb_schema_has(&t->definition.key, name))
            return arena_printf(
                a,
                "One or more parameter values were invalid: Cannot update attribute %.*s. This "
                "attribute is part of the key",
                (int)name.len, name.data);
    }
    for (size_t i = 0; i < update->count && problem == NULL; i++)
        problem = index_type_problem(t, &update->steps[i], a);
    for (size_t i = 0; i < update->count && problem == NULL; i++)
        problem = ddb_key_path_problem(t, &update->steps[i].path, a);
    return problem;
}

const char *ddb_update_change(struct ddb_change *c, const struct ddb_item *key,
                              const struct ddb_update *update, struct arena *a)
{
    const struct ddb_item *before = c->existed ? &c->old : key;
    struct ddb_item after;
    const char *problem = ddb_update_apply(update, before, a, &after);

    if (problem == NULL)
        problem = ddb_index_keys_problem(c->table, &after, before, a);
    if (problem != NULL)
        return problem;
    ddb_change_becomes(c, &after, a);
    return c->size > DDB_ITEM_SIZE_MAX ? "Item size to update has exceeded the maximum allowed size"
                                       : NULL;
}

/* --- the operation --- */

struct update_request {
    struct ddb_expr *condition;
    struct ddb_update update;
};

static int check(struct request *req, const struct dynamodb_UpdateItemInput *in,
                 struct update_request *u)
{
    struct ddb_names names;
    struct ddb_condition_input condition = {in->ConditionExpression, &in->Expected,
                                            in->ConditionalOperator};

    if (ddb_check_parameters(
            req,
            (struct ddb_parameter[]){{"UpdateExpression", in->UpdateExpression},
                                     {"ConditionExpression", in->ConditionExpression},
                                     {NULL, 0}},
            (struct ddb_parameter[]){{"AttributeUpdates", in->AttributeUpdates.items},
                                     {"Expected", in->Expected.items},
                                     {NULL, 0}},
            &in->ExpressionAttributeNames, &in->ExpressionAttributeValues) != 0 ||
        ddb_check_values(req, &in->Key) != 0 ||
        ddb_legacy_update(req, &in->AttributeUpdates, &u->update) != 0 ||
        ddb_take_names(req, &in->ExpressionAttributeNames, &in->ExpressionAttributeValues,
                       &names) != 0)
        return -1;
    if (in->UpdateExpression != NULL &&
        ddb_take_update(req, &names, in->UpdateExpression, &u->update) != 0)
        return -1;
    if (ddb_take_condition(req, &names, &condition, &u->condition) != 0)
        return -1;
    return ddb_end_names(req, &names);
}

static struct ddb_paths touched(const struct ddb_update *update, struct arena *a)
{
    struct ddb_paths paths = {.items = ARENA_ARRAY(a, struct ddb_path, update->count)};

    for (size_t i = 0; i < update->count; i++)
        paths.items[paths.count++] = update->steps[i].path;
    return paths;
}

/* AWS: no Attributes at all when there is nothing to tell. */
static struct ddb_item attributes(struct request *req, const char *return_values,
                                  const struct ddb_change *c, const struct ddb_update *update)
{
    struct ddb_paths paths = touched(update, &req->arena);
    struct ddb_item out = {0};

    if (return_values == NULL || str_eq(return_values, "NONE"))
        return out;
    if (str_eq(return_values, "ALL_NEW"))
        return c->item;
    if (str_eq(return_values, "ALL_OLD"))
        return c->existed ? c->old : out;
    if (str_eq(return_values, "UPDATED_OLD"))
        out = ddb_project(&paths, &c->old, &req->arena);
    else
        out = ddb_project(&paths, &c->item, &req->arena);
    out.set = out.count > 0;
    return out;
}

static void answer(struct request *req, const struct dynamodb_UpdateItemInput *in,
                   const struct ddb_change *c, const struct ddb_update *update,
                   struct dynamodb_UpdateItemOutput *out)
{
    struct ddb_capacity capacity = {.table = c->table};

    out->Attributes = attributes(req, in->ReturnValues, c, update);
    if (ddb_capacity_wanted(in->ReturnConsumedCapacity)) {
        ddb_capacity_add_change(&capacity, c, 1, &req->arena);
        out->ConsumedCapacity =
            ddb_capacity_report(req, &capacity, in->ReturnConsumedCapacity, DDB_CAPACITY_PLAIN);
    }
    if (ddb_metrics_wanted(in->ReturnItemCollectionMetrics, c->table))
        out->ItemCollectionMetrics = ddb_metrics_report(req, c->table, &in->Key);
}

/* Against the table: paths and key. */
static int check_table(struct request *req, const struct dynamodb_UpdateItemInput *in,
                       const struct update_request *u, struct ddb_change *c)
{
    if (c->table == NULL)
        return -1;
    const char *problem = ddb_key_problem(c->table, &in->Key, &req->arena);
    if (problem == NULL)
        problem = ddb_update_problem(c->table, &u->update, &req->arena);
    if (problem != NULL)
        return ddb_invalid(req, "%s", problem);
    c->key = ddb_key_of(&c->table->definition.key, in->Key.members, in->Key.count, &req->arena);
    return ddb_check_expr_keys(req, c->table, u->condition);
}

struct update_turn {
    const struct dynamodb_UpdateItemInput *in;
    const struct update_request *request;
    struct ddb_change change;
    struct arena *arena;

    bool refused;        /* the condition did not hold */
    const char *problem; /* why the update cannot be made, or NULL */
};

static enum store_status update_turn(struct ddb_session *s, void *context)
{
    struct update_turn *t = context;
    struct ddb_change *c = &t->change;
    enum store_status rc;

    if (c->table->plain)
        ddb_one_change(s);
    rc = ddb_change_read(c, s, t->arena);
    if (rc != STORE_OK)
        return rc;
    t->refused = t->request->condition != NULL &&
                 !ddb_condition_holds(t->request->condition, &c->old, t->arena);
    if (!t->refused)
        t->problem = ddb_update_change(c, &t->in->Key, &t->request->update, t->arena);
    if (t->refused || t->problem != NULL)
        return STORE_CONFLICT;
    return ddb_change_apply(c, s, t->arena);
}

int dynamodb_update_item(struct request *req, const struct dynamodb_UpdateItemInput *in,
                         struct dynamodb_UpdateItemOutput *out)
{
    struct update_request u = {0};
    struct update_turn turn = {.in = in, .request = &u, .arena = &req->arena};
    struct ddb_change *c = &turn.change;
    enum store_status rc;
    enum ddb_begin begun;

    if (check(req, in, &u) != 0)
        return -1;
    c->table = ddb_table_get(req, in->TableName);
    do {
        if (check_table(req, in, &u, c) != 0)
            return -1;
        begun = ddb_write_run(req, &c->table, 1, update_turn, &turn, &rc);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    if (turn.refused)
        return ddb_fail_condition(req, in->ReturnValuesOnConditionCheckFailure, c->existed,
                                  &c->old);
    if (turn.problem != NULL)
        return ddb_invalid(req, "%s", turn.problem);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    answer(req, in, c, &u.update, out);
    return 0;
}
