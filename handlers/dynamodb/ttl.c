/* UpdateTimeToLive, DescribeTimeToLive. Expiring itself is expiry.c. */
#include "handlers/dynamodb/job.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/ops.h"
#include "handlers/dynamodb/replica.h"

static int check(struct request *req, const struct dynamodb_TimeToLiveSpecification *in,
                 const struct ddb_definition *d)
{
    if (!in->Enabled.value)
        return d->ttl_attribute != NULL ? 0 : ddb_invalid(req, "TimeToLive is already disabled");
    if (d->ttl_attribute == NULL)
        return 0;
    if (str_eq(d->ttl_attribute, in->AttributeName))
        return ddb_invalid(req, "TimeToLive is already enabled");
    return ddb_invalid(req,
                       "TimeToLive is active on a different AttributeName: current AttributeName "
                       "is %s",
                       d->ttl_attribute);
}

/* From the commit on all writes keep the index of expiry; the job sees to older items. */
static enum store_status store(struct request *req, struct ddb_session *s,
                               const struct ddb_table *t, struct ddb_definition *d)
{
    struct ddb_job job = {.kind = DDB_JOB_FILL_EXPIRY, .table_id = t->id};
    const struct ddb_replica_plan none = {0};
    enum store_status rc = ddb_replica_store(req, s, t, d, &none, -1, -1);

    return rc == STORE_OK && d->ttl_attribute != NULL ? ddb_job_start(ddb_of(req), s, &job) : rc;
}

int dynamodb_update_time_to_live(struct request *req,
                                 const struct dynamodb_UpdateTimeToLiveInput *in,
                                 struct dynamodb_UpdateTimeToLiveOutput *out)
{
    const struct dynamodb_TimeToLiveSpecification *asked = in->TimeToLiveSpecification;
    const struct ddb_table *t = ddb_table_get_named(req, in->TableName);
    struct ddb_definition d;
    struct ddb_session s;
    enum ddb_begin begun;

    do {
        if (t == NULL || check(req, asked, &t->definition) != 0)
            return -1;
        d = t->definition;
        d.ttl_attribute = asked->Enabled.value ? asked->AttributeName : NULL;
        d.ttl_changed_ms = req->received_ms;
        begun = ddb_write_to(req, &t, 1, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    enum store_status rc = ddb_write_end(&s, store(req, &s, t, &d));
    ddb_table_changed(req, t->name);
    ddb_replicas_changed(ddb_of(req), t);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    ddb_keeper_wake(ddb_of(req));
    out->TimeToLiveSpecification = ARENA_NEW(&req->arena, struct dynamodb_TimeToLiveSpecification);
    *out->TimeToLiveSpecification = *asked;
    return 0;
}

int dynamodb_describe_time_to_live(struct request *req,
                                   const struct dynamodb_DescribeTimeToLiveInput *in,
                                   struct dynamodb_DescribeTimeToLiveOutput *out)
{
    const struct ddb_table *t = ddb_table_get_named(req, in->TableName);

    if (t == NULL)
        return -1;
    bool on = t->definition.ttl_attribute != NULL;
    out->TimeToLiveDescription = ARENA_NEW(&req->arena, struct dynamodb_TimeToLiveDescription);
    out->TimeToLiveDescription->TimeToLiveStatus = on ? "ENABLED" : "DISABLED";
    out->TimeToLiveDescription->AttributeName =
        on ? arena_strdup(&req->arena, t->definition.ttl_attribute) : NULL;
    return 0;
}
