/*
 * BatchExecuteStatement: up to 25 statements, each of which succeeds or fails by itself.
 *
 * AWS: all are reads of one item, or all are writes, and no item is named twice; what breaks that
 * fails the request before anything is done. A statement that cannot be read is an error of its own
 * place.
 */
#include "handlers/dynamodb/key.h"
#include "handlers/dynamodb/partiql.h"
#include "handlers/dynamodb/transact.h"

struct batch_member {
    const struct dynamodb_BatchStatementRequest *in;
    struct partiql_statement st;
    const char *problem;           /* NULL: it can be run */
    const struct ddb_table *table; /* NULL: not known before it is run */
    struct ddb_item key_item;
    struct ddb_key key;
};

/* --- before any is run --- */

static const char no_key[] = "Select statements within BatchExecuteStatement must specify the "
                             "primary key in the where clause.";

/* The item that it names, as far as that can be told; whatever fails here fails when it is run. */
static void find_item(struct request *req, struct batch_member *m)
{
    const struct ddb_table *t = m->problem == NULL ? ddb_table_get(req, m->st.table) : NULL;
    const struct ddb_item *key = &m->st.item;
    bool more = false;

    req->failure = (struct failure){0};
    if (t == NULL)
        return;
    if (m->st.kind != PARTIQL_INSERT) {
        const char *problem = partiql_key(&m->st, t, &req->arena, &m->key_item, &more);
        if (m->st.kind == PARTIQL_SELECT && (problem != NULL || more || m->st.index != NULL))
            m->problem = no_key;
        if (problem != NULL || m->problem != NULL)
            return;
        key = &m->key_item;
    }
    const char *problem = m->st.kind == PARTIQL_INSERT ? ddb_item_problem(t, key, &req->arena)
                                                       : ddb_key_problem(t, key, &req->arena);
    if (problem != NULL)
        return;
    m->table = t;
    m->key = ddb_key_of(&t->definition.key, key->members, key->count, &req->arena);
}

static bool is_read(const struct batch_member *m)
{
    return m->st.kind == PARTIQL_SELECT;
}

static int check_together(struct request *req, const struct batch_member *all, size_t count)
{
    const struct batch_member *first = NULL;

    for (size_t i = 0; i < count; i++) {
        if (all[i].problem != NULL && all[i].problem != no_key)
            continue;
        if (first == NULL)
            first = &all[i];
        if (is_read(first) != is_read(&all[i]))
            return ddb_invalid(
                req, "Read and write requests together in the same batch is not supported.");
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (all[i].table != NULL && all[k].table != NULL &&
                ddb_same_key(all[i].table, &all[i].key, all[k].table, &all[k].key))
                return ddb_invalid(req, "Provided list of item keys contains duplicates");
    return 0;
}

static struct batch_member *take_all(struct request *req,
                                     const struct dynamodb_PartiQLBatchRequest *list)
{
    struct batch_member *all = ARENA_ARRAY(&req->arena, struct batch_member, list->count);

    for (size_t i = 0; i < list->count; i++) {
        struct batch_member *m = &all[i];
        m->in = &list->items[i];
        m->problem = partiql_parse(&req->arena, m->in->Statement, &m->in->Parameters, &m->st);
        if (m->problem == NULL && m->st.exists)
            m->problem = "EXISTS() is only supported in ExecuteTransaction";
        find_item(req, m);
    }
    return check_together(req, all, list->count) == 0 ? all : NULL;
}

/* --- capacity, summed by table --- */

static void add_units(struct maybe_double *sum, struct maybe_double more)
{
    if (more.set)
        *sum = (struct maybe_double){.set = true, .value = VALUE_OR(*sum, 0) + more.value};
}

static void add_indexes(struct request *req, struct dynamodb_SecondaryIndexesCapacityMap *sum,
                        const struct dynamodb_SecondaryIndexesCapacityMap *more)
{
    struct dynamodb_SecondaryIndexesCapacityMap old = *sum;

    if (more->count == 0)
        return;
    sum->items = ARENA_ARRAY(&req->arena, struct dynamodb_SecondaryIndexesCapacityMap_entry,
                             old.count + more->count);
    for (size_t i = 0; i < old.count; i++)
        sum->items[i] = old.items[i];
    for (size_t i = 0; i < more->count; i++) {
        size_t k = 0;
        while (k < sum->count && !str_eq(sum->items[k].key, more->items[i].key))
            k++;
        if (k == sum->count)
            sum->items[sum->count++] = more->items[i];
        else
            add_units(&sum->items[k].value.CapacityUnits, more->items[i].value.CapacityUnits);
    }
}

static void add_capacity(struct request *req, struct dynamodb_ConsumedCapacityMultiple *all,
                         const struct dynamodb_ConsumedCapacity *more)
{
    for (size_t i = 0; i < all->count; i++) {
        struct dynamodb_ConsumedCapacity *sum = &all->items[i];
        if (!str_eq(sum->TableName, more->TableName))
            continue;
        add_units(&sum->CapacityUnits, more->CapacityUnits);
        if (sum->Table != NULL && more->Table != NULL)
            add_units(&sum->Table->CapacityUnits, more->Table->CapacityUnits);
        add_indexes(req, &sum->LocalSecondaryIndexes, &more->LocalSecondaryIndexes);
        add_indexes(req, &sum->GlobalSecondaryIndexes, &more->GlobalSecondaryIndexes);
        return;
    }
    all->items[all->count++] = *more;
}

/* --- one member --- */

static const char *code_of(const struct aws_error *error)
{
    static const struct {
        const struct aws_error *error;
        const char *code;
    } codes[] = {
        {&dynamodb_ConditionalCheckFailedException, "ConditionalCheckFailed"},
        {&dynamodb_DuplicateItemException, "DuplicateItem"},
        {&dynamodb_ResourceNotFoundException, "ResourceNotFound"},
        {&aws_ValidationException, "ValidationError"},
    };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (codes[i].error == error)
            return codes[i].code;
    return "InternalServerError";
}

/* What a member failed with becomes part of the answer, and the request goes on. */
static void take_failure(struct request *req, struct dynamodb_BatchStatementResponse *out)
{
    const struct failure failure = req->failure;

    req->failure = (struct failure){0};
    out->Error = ARENA_NEW(&req->arena, struct dynamodb_BatchStatementError);
    out->Error->Code = code_of(failure.error);
    out->Error->Message = failure.message;
    if (failure.error == &dynamodb_ConditionalCheckFailedException && failure.members != NULL)
        out->Error->Item =
            ((const struct dynamodb_ConditionalCheckFailedException *)failure.members)->Item;
}

static int read_one(struct request *req, const struct batch_member *m, const char *return_capacity,
                    struct ddb_item *out_item, struct dynamodb_ConsumedCapacity **out_capacity)
{
    struct dynamodb_GetItemInput in = {
        .TableName = m->st.table,
        .Key = m->key_item,
        .ConsistentRead = m->in->ConsistentRead,
        .ReturnConsumedCapacity = return_capacity,
    };
    struct dynamodb_GetItemOutput out = {0};

    if (dynamodb_get_item(req, &in, &out) != 0)
        return -1;
    *out_item = partiql_project(&m->st, &out.Item, &req->arena);
    *out_capacity = out.ConsumedCapacity;
    return 0;
}

static void run(struct request *req, const struct batch_member *m, const char *return_capacity,
                struct dynamodb_BatchStatementResponse *out,
                struct dynamodb_ConsumedCapacityMultiple *capacity)
{
    struct partiql_write_options options = {m->in->ReturnValuesOnConditionCheckFailure,
                                            return_capacity};
    struct dynamodb_ConsumedCapacity *more = NULL;
    int rc;

    if (m->problem != NULL)
        rc = ddb_invalid(req, "%s", m->problem);
    else if (is_read(m))
        rc = read_one(req, m, return_capacity, &out->Item, &more);
    else
        rc = partiql_write(req, &m->st, &options, &out->Item, &more);
    if (rc != 0)
        take_failure(req, out);
    /* AWS: a statement that could not be checked names no table. */
    if (rc == 0 || !str_eq(out->Error->Code, "ValidationError"))
        out->TableName = m->st.table;
    if (more != NULL)
        add_capacity(req, capacity, more);
}

int dynamodb_batch_execute_statement(struct request *req,
                                     const struct dynamodb_BatchExecuteStatementInput *in,
                                     struct dynamodb_BatchExecuteStatementOutput *out)
{
    size_t count = in->Statements.count;
    const struct batch_member *all = take_all(req, &in->Statements);

    if (all == NULL)
        return -1;
    out->Responses.items = ARENA_ARRAY(&req->arena, struct dynamodb_BatchStatementResponse, count);
    out->ConsumedCapacity.items = ARENA_ARRAY(&req->arena, struct dynamodb_ConsumedCapacity, count);
    for (size_t i = 0; i < count; i++)
        run(req, &all[i], in->ReturnConsumedCapacity, &out->Responses.items[out->Responses.count++],
            &out->ConsumedCapacity);
    if (out->ConsumedCapacity.count == 0)
        out->ConsumedCapacity.items = NULL;
    return 0;
}
