/*
 * TransactWriteItems: all actions in one session, so all or nothing, and nobody sees a part.
 *
 * What can be known from the request alone fails the request; what an action meets in its table is
 * a reason that cancels the transaction, and all actions are tried so that every reason is told.
 */
#include "handlers/dynamodb/capacity.h"
#include "handlers/dynamodb/request.h"
#include "handlers/dynamodb/transact.h"
#include "handlers/dynamodb/update_item.h"
#include "server/base/digest.h"

enum { TOKEN_LIFE_MS = 10 * 60 * 1000 };

struct action {
    const char *kind; /* for the digest */
    const char *table_name;
    const struct ddb_item *key; /* the key, or the item that is put */
    const char *condition_text;
    const char *update_text;
    const struct dynamodb_ExpressionAttributeNameMap *names;
    const struct ddb_item *values;
    const char *return_values;
    bool is_check;
    bool is_put;

    struct ddb_expr *condition;
    struct ddb_update update;
    struct ddb_change change;
    size_t table; /* index into tables */
};

struct transaction {
    struct action *actions;
    size_t count;
    const struct ddb_table **tables;
    size_t table_count;
    struct ddb_reason *reasons;
};

/* --- the four kinds of actions as one --- */

static int take_action(struct request *req, const struct dynamodb_TransactWriteItem *in,
                       struct action *a)
{
    int given = (in->ConditionCheck != NULL) + (in->Put != NULL) + (in->Delete != NULL) +
                (in->Update != NULL);

    if (given != 1)
        return ddb_invalid(req,
                           "TransactItems can only contain one of Check, Put, Update or Delete");
    if (in->Put != NULL) {
        const struct dynamodb_Put *p = in->Put;
        *a = (struct action){"put",
                             p->TableName,
                             &p->Item,
                             p->ConditionExpression,
                             NULL,
                             &p->ExpressionAttributeNames,
                             &p->ExpressionAttributeValues,
                             p->ReturnValuesOnConditionCheckFailure};
        a->is_put = true;
    } else if (in->Delete != NULL) {
        const struct dynamodb_Delete *d = in->Delete;
        *a = (struct action){"delete",
                             d->TableName,
                             &d->Key,
                             d->ConditionExpression,
                             NULL,
                             &d->ExpressionAttributeNames,
                             &d->ExpressionAttributeValues,
                             d->ReturnValuesOnConditionCheckFailure};
        a->change.removes = true;
    } else if (in->Update != NULL) {
        const struct dynamodb_Update *u = in->Update;
        *a = (struct action){"update",
                             u->TableName,
                             &u->Key,
                             u->ConditionExpression,
                             u->UpdateExpression,
                             &u->ExpressionAttributeNames,
                             &u->ExpressionAttributeValues,
                             u->ReturnValuesOnConditionCheckFailure};
    } else {
        const struct dynamodb_ConditionCheck *c = in->ConditionCheck;
        *a = (struct action){"check",
                             c->TableName,
                             &c->Key,
                             c->ConditionExpression,
                             NULL,
                             &c->ExpressionAttributeNames,
                             &c->ExpressionAttributeValues,
                             c->ReturnValuesOnConditionCheckFailure};
        a->is_check = true;
    }
    return 0;
}

/* What is wrong whatever the tables hold. */
static int check_action(struct request *req, struct action *a)
{
    struct ddb_names names;
    struct ddb_condition_input condition = {.expression = a->condition_text};

    if (ddb_check_values(req, a->key) != 0 ||
        ddb_check_parameters(req,
                             (struct ddb_parameter[]){{"ConditionExpression", a->condition_text},
                                                      {"UpdateExpression", a->update_text},
                                                      {NULL, 0}},
                             (struct ddb_parameter[]){{NULL, 0}}, a->names, a->values) != 0 ||
        ddb_take_names(req, a->names, a->values, &names) != 0)
        return -1;
    if (a->update_text != NULL && ddb_take_update(req, &names, a->update_text, &a->update) != 0)
        return -1;
    if (ddb_take_condition(req, &names, &condition, &a->condition) != 0 ||
        ddb_end_names(req, &names) != 0)
        return -1;
    if (a->is_put && ddb_members_size(a->key->members, a->key->count) > DDB_ITEM_SIZE_MAX)
        return ddb_invalid(req, "Item size has exceeded the maximum allowed size");
    return 0;
}

static int find_table(struct request *req, struct transaction *t, struct action *a)
{
    const struct ddb_table *table = ddb_table_get(req, a->table_name);

    if (table == NULL)
        return -1;
    for (a->table = 0; a->table < t->table_count; a->table++)
        if (t->tables[a->table]->id == table->id)
            return 0;
    t->tables[t->table_count++] = table;
    return 0;
}

static int take_all(struct request *req, const struct dynamodb_TransactWriteItemList *list,
                    struct transaction *t)
{
    size_t bytes = 0;

    t->actions = ARENA_ARRAY(&req->arena, struct action, list->count);
    t->tables = ARENA_ARRAY(&req->arena, const struct ddb_table *, list->count);
    t->reasons = ARENA_ARRAY(&req->arena, struct ddb_reason, list->count);
    for (; t->count < list->count; t->count++) {
        struct action *a = &t->actions[t->count];
        if (take_action(req, &list->items[t->count], a) != 0 || check_action(req, a) != 0)
            return -1;
        bytes += ddb_members_size(a->key->members, a->key->count);
    }
    if (bytes > DDB_TRANSACTION_BYTES)
        return ddb_invalid(
            req, "The aggregate size of the items in the transaction exceeds the 4 MB limit");
    for (size_t i = 0; i < t->count; i++)
        if (find_table(req, t, &t->actions[i]) != 0)
            return -1;
    return 0;
}

/* --- against the definitions --- */

static const char *table_problem(struct action *a, struct arena *arena)
{
    const struct ddb_table *table = a->change.table;
    const char *problem =
        a->is_put ? ddb_item_problem(table, a->key, arena) : ddb_key_problem(table, a->key, arena);

    return problem != NULL ? problem : ddb_update_problem(table, &a->update, arena);
}

static int check_keys(struct request *req, struct transaction *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct action *a = &t->actions[i];
        a->change.table = t->tables[a->table];
        const char *problem = table_problem(a, &req->arena);
        t->reasons[i] = (struct ddb_reason){0};
        if (problem != NULL && ddb_problem_is_empty_key(problem))
            return ddb_invalid(req, "%s", problem);
        if (problem != NULL) {
            t->reasons[i] = (struct ddb_reason){.code = "ValidationError", .message = problem};
            continue;
        }
        if (ddb_check_expr_keys(req, a->change.table, a->condition) != 0)
            return -1;
        a->change.key = ddb_key_of(&a->change.table->definition.key, a->key->members, a->key->count,
                                   &req->arena);
        for (size_t k = 0; k < i; k++)
            if (t->reasons[k].code == NULL &&
                ddb_same_key(a->change.table, &a->change.key, t->actions[k].change.table,
                             &t->actions[k].change.key))
                return ddb_invalid(
                    req, "Transaction request cannot include multiple operations on one item");
    }
    return ddb_cancel(req, t->reasons, t->count);
}

/* --- in the session --- */

static struct ddb_reason try_action(struct action *a, struct arena *arena)
{
    bool wants_old =
        a->return_values != NULL && str_eq(a->return_values, "ALL_OLD") && a->change.existed;
    const char *problem = NULL;

    if (a->condition != NULL && !ddb_condition_holds(a->condition, &a->change.old, arena))
        return (struct ddb_reason){.code = "ConditionalCheckFailed",
                                   .message = "The conditional request failed",
                                   .item = wants_old ? a->change.old : (struct ddb_item){0}};
    if (a->is_put)
        ddb_change_becomes(&a->change, a->key, arena);
    else if (a->update_text != NULL)
        problem = ddb_update_change(&a->change, a->key, &a->update, arena);
    if (problem == NULL)
        return (struct ddb_reason){0};
    return (struct ddb_reason){.code = "ValidationError", .message = problem};
}

static enum store_status read_all(struct request *req, struct transaction *t, struct ddb_session *s)
{
    enum store_status rc = STORE_OK;

    for (size_t i = 0; i < t->count && rc == STORE_OK; i++)
        rc = ddb_change_read(&t->actions[i].change, s, &req->arena);
    return rc;
}

static enum store_status apply_all(struct request *req, struct transaction *t,
                                   struct ddb_session *s)
{
    enum store_status rc = STORE_OK;

    for (size_t i = 0; i < t->count && rc == STORE_OK; i++)
        if (!t->actions[i].is_check)
            rc = ddb_change_apply(&t->actions[i].change, s, &req->arena);
    return rc;
}

/* --- idempotency --- */

static void add_text(struct strbuf *out, const char *text)
{
    strbuf_add(out, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
    strbuf_add_char(out, '\0');
}

/* Of what the transaction does, whatever the client wants to be told about it. */
static void digest_of(const struct transaction *t, uint8_t out[DDB_DIGEST_LEN])
{
    struct strbuf text = STRBUF_INIT(64 << 20);

    for (size_t i = 0; i < t->count; i++) {
        const struct action *a = &t->actions[i];
        add_text(&text, a->kind);
        add_text(&text, a->table_name);
        ddb_members_write(&text, a->key->members, a->key->count);
        add_text(&text, a->condition_text);
        add_text(&text, a->update_text);
        for (size_t k = 0; k < a->names->count; k++) {
            add_text(&text, a->names->items[k].key);
            add_text(&text, a->names->items[k].value);
        }
        ddb_members_write(&text, a->values->members, a->values->count);
    }
    sha256(text.data, text.len, out);
    strbuf_release(&text);
}

/* --- the answer --- */

static void add_units(struct request *req, const struct transaction *t, size_t table, bool replayed,
                      struct ddb_capacity *capacity)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct action *a = &t->actions[i];
        size_t size = a->change.existed ? (size_t)a->change.row.size : 0;
        if (a->table != table)
            continue;
        capacity->table_touched = true;
        if (replayed) /* AWS: a repeated transaction costs reads */
            capacity->table_units += 2 * ddb_read_units(size, true);
        else if (a->is_check)
            capacity->table_units += 2 * ddb_write_units(size);
        else
            ddb_capacity_add_change(capacity, &a->change, 2, &req->arena);
    }
}

static void answer(struct request *req, const struct dynamodb_TransactWriteItemsInput *in,
                   const struct transaction *t, bool replayed,
                   struct dynamodb_TransactWriteItemsOutput *out)
{
    struct dynamodb_ItemCollectionMetricsPerTable *map = &out->ItemCollectionMetrics;

    if (ddb_capacity_wanted(in->ReturnConsumedCapacity))
        out->ConsumedCapacity.items =
            ARENA_ARRAY(&req->arena, struct dynamodb_ConsumedCapacity, t->table_count);
    for (size_t i = 0; i < t->table_count; i++) {
        struct ddb_capacity capacity = {.table = t->tables[i]};
        if (ddb_capacity_wanted(in->ReturnConsumedCapacity)) {
            add_units(req, t, i, replayed, &capacity);
            out->ConsumedCapacity.items[out->ConsumedCapacity.count++] =
                *ddb_capacity_report(req, &capacity, in->ReturnConsumedCapacity,
                                     replayed ? DDB_CAPACITY_READ : DDB_CAPACITY_WRITE);
        }
        if (!ddb_metrics_wanted(in->ReturnItemCollectionMetrics, t->tables[i]))
            continue;
        if (map->items == NULL)
            map->items = ARENA_ARRAY(
                &req->arena, struct dynamodb_ItemCollectionMetricsPerTable_entry, t->table_count);
        struct dynamodb_ItemCollectionMetricsPerTable_entry *e = &map->items[map->count++];
        e->key = t->tables[i]->name;
        e->value.items = ARENA_ARRAY(&req->arena, struct dynamodb_ItemCollectionMetrics, t->count);
        for (size_t k = 0; k < t->count; k++)
            if (t->actions[k].table == i && !t->actions[k].is_check)
                e->value.items[e->value.count++] =
                    *ddb_metrics_report(req, t->tables[i], t->actions[k].key);
    }
}

/* STORE_OK: done, and ended. *out_replayed: it had been done before. */
static int run(struct request *req, const struct dynamodb_TransactWriteItemsInput *in,
               struct transaction *t, struct ddb_session *s, bool *out_replayed)
{
    uint8_t digest[DDB_DIGEST_LEN];
    struct scope scope = ddb_scope(req);
    enum store_status rc = STORE_OK;

    if (in->ClientRequestToken != NULL) {
        digest_of(t, digest);
        rc = ddb_token_claim(s, &scope, in->ClientRequestToken, digest, req->received_ms,
                             req->received_ms + TOKEN_LIFE_MS);
        if (rc == STORE_CONFLICT) {
            ddb_write_end(s, rc);
            return aws_fail(req, &dynamodb_IdempotentParameterMismatchException,
                            "Request parameters do not match the parameters of a previous request "
                            "with the same "
                            "ClientRequestToken");
        }
        *out_replayed = rc == STORE_EXISTS;
        if (*out_replayed)
            rc = STORE_OK;
    }
    if (rc == STORE_OK)
        rc = read_all(req, t, s);
    if (rc == STORE_OK && !*out_replayed) {
        for (size_t i = 0; i < t->count; i++)
            t->reasons[i] = try_action(&t->actions[i], &req->arena);
        if (ddb_cancel(req, t->reasons, t->count) != 0) {
            ddb_write_end(s, STORE_CONFLICT);
            return -1;
        }
        rc = apply_all(req, t, s);
    }
    rc = ddb_write_done(t->tables, t->table_count, s, rc);
    return rc == STORE_OK ? 0 : ddb_fail_store(req, rc);
}

int dynamodb_transact_write_items(struct request *req,
                                  const struct dynamodb_TransactWriteItemsInput *in,
                                  struct dynamodb_TransactWriteItemsOutput *out)
{
    struct transaction t = {0};
    struct ddb_session s;
    enum ddb_begin begun;
    bool replayed = false;

    if (take_all(req, &in->TransactItems, &t) != 0)
        return -1;
    do {
        if (check_keys(req, &t) != 0)
            return -1;
        begun = ddb_write_to(req, t.tables, t.table_count, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED || run(req, in, &t, &s, &replayed) != 0)
        return -1;
    answer(req, in, &t, replayed, out);
    return 0;
}
