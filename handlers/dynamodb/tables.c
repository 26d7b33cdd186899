/* DescribeTable, ListTables, DeleteTable. CreateTable and UpdateTable have files of their own. */
#include "handlers/dynamodb/describe.h"

#include "storage/dynamodb_log_store.h"

/* Counting walks over all rows of a table. */
static int count_all(struct request *req, const struct ddb_table *t, struct ddb_table_counts *out)
{
    const struct ddb_definition *d = &t->definition;
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);

    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    out->index_items = ARENA_ARRAY(&req->arena, int64_t, d->index_count);
    out->index_bytes = ARENA_ARRAY(&req->arena, int64_t, d->index_count);
    rc = ddb_table_count(&s, t->id, &out->items, &out->bytes);
    for (size_t i = 0; i < d->index_count && rc == STORE_OK; i++)
        rc = ddb_index_count(&s, ddb_index_store_id(t, &d->indexes[i]), &out->index_items[i],
                             &out->index_bytes[i]);
    ddb_read_end(&s);
    return rc == STORE_OK ? 0 : ddb_fail_store(req, rc);
}

int dynamodb_describe_table(struct request *req, const struct dynamodb_DescribeTableInput *in,
                            struct dynamodb_DescribeTableOutput *out)
{
    const struct ddb_table *t = ddb_table_get_named(req, in->TableName);
    struct ddb_table_counts counts = {0};

    if (t == NULL || count_all(req, t, &counts) != 0)
        return -1;
    out->Table = ddb_describe(req, t, "ACTIVE", &counts);
    return 0;
}

int dynamodb_list_tables(struct request *req, const struct dynamodb_ListTablesInput *in,
                         struct dynamodb_ListTablesOutput *out)
{
    enum { PAGE = 100 };
    size_t limit = (size_t)VALUE_OR(in->Limit, PAGE);
    const char *after = in->ExclusiveStartTableName != NULL ? in->ExclusiveStartTableName : "";
    struct scope scope = ddb_scope(req);
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);

    out->TableNames.items = ARENA_ARRAY(&req->arena, const char *, limit + 1);
    if (rc == STORE_NOT_FOUND)
        return 0;
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    rc = ddb_table_list(&s, &scope, after, limit + 1, &req->arena, out->TableNames.items,
                        &out->TableNames.count);
    ddb_read_end(&s);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    if (out->TableNames.count > limit) {
        out->TableNames.count = limit;
        out->LastEvaluatedTableName = out->TableNames.items[limit - 1];
    }
    return 0;
}

int dynamodb_delete_table(struct request *req, const struct dynamodb_DeleteTableInput *in,
                          struct dynamodb_DeleteTableOutput *out)
{
    const struct ddb_table *t;
    struct ddb_session s;
    enum ddb_begin begun;

    do {
        t = ddb_table_get_named(req, in->TableName);
        if (t == NULL)
            return -1;
        if (t->definition.deletion_protection)
            return ddb_invalid(
                req, "Resource cannot be deleted as it is currently protected against deletion. "
                     "Disable deletion protection first.");
        begun = ddb_write_to(req, &t, 1, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    enum store_status rc = ddb_table_remove(&s, t->id);
    if (rc == STORE_OK && t->definition.stream.enabled)
        rc = ddb_stream_close(&s, t->id, req->received_ms);
    rc = ddb_write_done(&t, 1, &s, rc);
    ddb_table_changed(req, t->name);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    /* AWS: the answer says DELETING; here the table has gone by the time that anyone can ask. Its
     * rows go in small writes; what a crash leaves of them goes at the next start. */
    rc = ddb_store_purge(ddb_store_of(req), t->id, 0);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    out->TableDescription = ddb_describe(req, t, "DELETING", NULL);
    return 0;
}
