/* DescribeTable, ListTables, DeleteTable. CreateTable and UpdateTable have files of their own. */
#include "handlers/dynamodb/backup.h"
#include "handlers/dynamodb/counts.h"
#include "handlers/dynamodb/describe.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/replica.h"
#include "storage/dynamodb_delivery_store.h"
#include "storage/dynamodb_job_store.h"
#include "storage/dynamodb_log_store.h"

int dynamodb_describe_table(struct request *req, const struct dynamodb_DescribeTableInput *in,
                            struct dynamodb_DescribeTableOutput *out)
{
    const struct ddb_table *t = ddb_table_get_named(req, in->TableName);
    struct ddb_table_counts counts = {0};

    if (t == NULL || ddb_counts_of(req, t, &counts) != 0)
        return -1;
    out->Table = ddb_describe(req, t, t->definition.creating ? "CREATING" : "ACTIVE", &counts);
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

/* The rows stay for the keeper, or for the backup that the system makes. */
static enum store_status remove_table(struct request *req, struct ddb_session *s,
                                      const struct ddb_table *t)
{
    enum store_status rc = ddb_jobs_forget(s, t->id);

    if (rc == STORE_OK)
        rc = ddb_destinations_forget(s, t->id);
    if (rc == STORE_OK)
        rc = ddb_replica_leave(s, t);
    if (rc == STORE_OK && t->definition.stream.enabled)
        rc = ddb_stream_close(s, t->id, req->received_ms);
    if (rc != STORE_OK)
        return rc;
    return t->definition.recovery_since_ms != 0 ? ddb_backup_deleted(req, s, t)
                                                : ddb_table_remove(s, t->id);
}

static int check_delete(struct request *req, const struct ddb_table *t)
{
    if (t->definition.deletion_protection)
        return ddb_invalid(req, "Resource cannot be deleted as it is currently protected against "
                                "deletion. Disable deletion protection first.");
    if (t->definition.creating || t->definition.copies > 0)
        return aws_fail(req, &dynamodb_ResourceInUseException,
                        "Attempt to change a resource which is still in use: Table is being %s: %s",
                        t->definition.creating ? "created" : "copied", t->name);
    for (size_t i = 0; i < t->peer_count; i++)
        if (t->peers[i]->definition.creating)
            return aws_fail(req, &dynamodb_ResourceInUseException,
                            "Attempt to change a resource which is still in use: Table is being "
                            "copied to its replica in %s",
                            t->peers[i]->region);
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
        if (t == NULL || check_delete(req, t) != 0)
            return -1;
        begun = ddb_write_to(req, &t, 1, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    enum store_status rc = ddb_write_done(&t, 1, &s, remove_table(req, &s, t));
    ddb_table_changed(req, t->name);
    ddb_replicas_changed(ddb_of(req), t);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    /* AWS: the answer says DELETING; here the table has gone by the time that anyone can ask. Its
     * rows go in the background. */
    ddb_keeper_wake(ddb_of(req));
    if (t->definition.recovery_since_ms != 0)
        ddb_keeper_count(ddb_of(req), t->id); /* for its backup */
    out->TableDescription = ddb_describe(req, t, "DELETING", NULL);
    return 0;
}
