/* RestoreTableFromBackup, RestoreTableToPointInTime. The copying is job.c. */
#include "handlers/dynamodb/restore.h"

#include "handlers/common/arn.h"
#include "handlers/dynamodb/backup.h"
#include "handlers/dynamodb/describe.h"
#include "handlers/dynamodb/job.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/redefine.h"
#include "handlers/dynamodb/schema.h"
#include "server/base/digest.h"
#include "storage/dynamodb_log_store.h"

/* --- copies --- */

char *ddb_bare_definition(const struct ddb_definition *d, bool creating)
{
    struct strbuf text = STRBUF_INIT(4 << 20);
    struct ddb_definition bare = {
        .uuid = d->uuid,
        .created_ms = d->created_ms,
        .attributes = d->attributes,
        .attribute_count = d->attribute_count,
        .key = d->key,
        .on_demand = {-1, -1},
        .creating = creating,
    };

    ddb_definition_write(&text, &bare);
    return strbuf_take(&text, NULL);
}

enum store_status ddb_copy_start(struct ddb *d, struct ddb_session *s, const struct ddb_table *t,
                                 int64_t target_id, int64_t number)
{
    struct ddb_job job = {
        .kind = DDB_JOB_COPY, .table_id = t->id, .target_id = target_id, .number = number};
    struct ddb_definition logging = t->definition;
    enum store_status rc = STORE_OK;

    if (number != 0) {
        logging.copies++;
        rc = ddb_redefine(s, t, &logging);
    }
    return rc == STORE_OK ? ddb_job_start(d, s, &job) : rc;
}

/* --- the new table --- */

/* What both operations take. */
struct target {
    const char *name;
    const char *billing;
    const struct dynamodb_GlobalSecondaryIndexList *globals;
    const struct dynamodb_LocalSecondaryIndexList *locals;
    const struct dynamodb_ProvisionedThroughput *throughput;
    const struct dynamodb_OnDemandThroughput *on_demand;
    const struct dynamodb_SSESpecification *encryption;
    bool overrides_globals;
    bool overrides_locals;
};

static bool is_kept(const struct target *in, const struct ddb_index *index)
{
    if (index->global) {
        for (size_t i = 0; in->globals->items != NULL && i < in->globals->count; i++)
            if (str_eq(in->globals->items[i].IndexName, index->name))
                return true;
        return !in->overrides_globals;
    }
    for (size_t i = 0; in->locals->items != NULL && i < in->locals->count; i++)
        if (str_eq(in->locals->items[i].IndexName, index->name))
            return true;
    return !in->overrides_locals;
}

/* AWS: an override leaves indexes out; it can't bring new ones. */
static int take_indexes(struct request *req, const struct target *in, struct ddb_definition *d)
{
    size_t named = in->globals->count + in->locals->count;
    size_t kept = 0;
    size_t found = 0;

    for (size_t i = 0; i < d->index_count; i++) {
        bool overridden = d->indexes[i].global ? in->overrides_globals : in->overrides_locals;
        if (!is_kept(in, &d->indexes[i]))
            continue;
        found += overridden;
        d->indexes[kept] = d->indexes[i];
        d->indexes[kept++].backfilling = false;
    }
    d->index_count = kept;
    return found == named ? 0
                          : ddb_invalid(req, "One or more parameter values were invalid: The "
                                             "indexes to be restored must be indexes of the source "
                                             "table");
}

static int take_billing(struct request *req, const struct target *in, struct ddb_definition *d)
{
    bool on_demand =
        in->billing != NULL ? str_eq(in->billing, "PAY_PER_REQUEST") : d->on_demand_since_ms != 0;

    if (on_demand) {
        d->throughput = (struct ddb_throughput){0, 0};
        for (size_t i = 0; i < d->index_count; i++)
            d->indexes[i].throughput = (struct ddb_throughput){0, 0};
    } else if (d->on_demand_since_ms != 0 && in->throughput == NULL) {
        return ddb_invalid(req, "One or more parameter values were invalid: ReadCapacityUnits and "
                                "WriteCapacityUnits must both be specified when BillingMode is "
                                "PROVISIONED");
    }
    if (in->throughput != NULL &&
        ddb_throughput_of(req, in->throughput, on_demand, NULL, &d->throughput) != 0)
        return -1;
    for (size_t i = 0; i < d->index_count && !on_demand; i++)
        if (d->indexes[i].global && d->indexes[i].throughput.read == 0)
            d->indexes[i].throughput = d->throughput;
    d->on_demand_since_ms = on_demand ? req->received_ms : 0;
    return in->on_demand != NULL ? ddb_on_demand_of(req, in->on_demand, on_demand, &d->on_demand)
                                 : 0;
}

/* What the source was, less what AWS does not restore: tags, streams, time to live, recovery,
 * protection, policies. */
static int define(struct request *req, const struct target *in, const struct ddb_definition *source,
                  struct ddb_definition *out)
{
    struct ddb_definition copy = ddb_definition_copy(source, &req->arena);
    char *uuid = arena_alloc(&req->arena, 37);

    uuid_v4(uuid);
    *out = (struct ddb_definition){
        .uuid = uuid,
        .created_ms = req->received_ms,
        .on_demand_since_ms = copy.on_demand_since_ms,
        .attributes = copy.attributes,
        .attribute_count = copy.attribute_count,
        .key = copy.key,
        .indexes = copy.indexes,
        .index_count = copy.index_count,
        .next_serial = copy.next_serial,
        .throughput = copy.throughput,
        .on_demand = copy.on_demand,
        .table_class = copy.table_class,
        .sse_key = copy.sse_key,
        .creating = true,
    };
    if (take_indexes(req, in, out) != 0 || take_billing(req, in, out) != 0)
        return -1;
    return in->encryption != NULL ? ddb_encryption_of(req, in->encryption, &out->sse_key) : 0;
}

static enum store_status insert(struct request *req, struct ddb_session *s, const char *name,
                                const struct ddb_definition *d, int64_t *out_id)
{
    struct strbuf text = STRBUF_INIT(4 << 20);
    struct scope scope = ddb_scope(req);

    ddb_definition_write(&text, d);
    enum store_status rc = ddb_table_insert(s, &scope, name, text.data, out_id);
    strbuf_release(&text);
    return rc;
}

/* After the commit. */
static int answer(struct request *req, const char *name, enum store_status rc,
                  struct dynamodb_TableDescription **out)
{
    ddb_table_changed(req, name);
    if (rc == STORE_EXISTS)
        return aws_fail(req, &dynamodb_TableAlreadyExistsException, "Table already exists: %s",
                        name);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    ddb_keeper_wake(ddb_of(req));
    const struct ddb_table *t = ddb_table_get_named(req, name);
    if (t == NULL)
        return -1;
    *out = ddb_describe(req, t, "CREATING", NULL);
    if ((*out)->RestoreSummary != NULL)
        (*out)->RestoreSummary->RestoreInProgress = SOME_BOOL(true);
    return 0;
}

/* --- from a backup --- */

static enum store_status restore_backup(struct request *req, const char *name,
                                        const struct ddb_backup *b, const struct ddb_definition *d)
{
    struct ddb_table *source = NULL;
    struct ddb_session s;
    int64_t id;
    enum store_status rc = ddb_write_begin(ddb_store_of(req), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_table_load(ddb_of(req), &s, b->data_id, &source);
    if (rc == STORE_OK)
        rc = insert(req, &s, name, d, &id);
    if (rc == STORE_OK)
        rc = ddb_copy_start(ddb_of(req), &s, source, id, 0);
    if (source != NULL)
        ddb_table_release(source);
    return ddb_write_end(&s, rc);
}

int dynamodb_restore_table_from_backup(struct request *req,
                                       const struct dynamodb_RestoreTableFromBackupInput *in,
                                       struct dynamodb_RestoreTableFromBackupOutput *out)
{
    const struct target target = {
        .name = in->TargetTableName,
        .billing = in->BillingModeOverride,
        .globals = &in->GlobalSecondaryIndexOverride,
        .locals = &in->LocalSecondaryIndexOverride,
        .throughput = in->ProvisionedThroughputOverride,
        .on_demand = in->OnDemandThroughputOverride,
        .encryption = in->SSESpecificationOverride,
        .overrides_globals = in->GlobalSecondaryIndexOverride.items != NULL,
        .overrides_locals = in->LocalSecondaryIndexOverride.items != NULL,
    };
    struct ddb_definition source;
    struct ddb_definition d;
    struct ddb_backup backup;

    if (ddb_backup_get(req, in->BackupArn, &backup) != 0)
        return -1;
    if (!backup.available)
        return aws_fail(req, &dynamodb_BackupInUseException, "Backup is still being created: %s",
                        in->BackupArn);
    if (!ddb_definition_read(backup.definition, &req->arena, &source))
        return ddb_fail_store(req, STORE_FAILED);
    if (define(req, &target, &source, &d) != 0)
        return -1;
    d.restored_backup = in->BackupArn;
    d.restored_table = ddb_table_arn(req, backup.table_name);
    d.restored_ms = backup.created_ms;
    enum store_status rc = restore_backup(req, target.name, &backup, &d);
    return answer(req, target.name, rc, &out->TableDescription);
}

/* --- to a point in time --- */

static const struct ddb_table *source_of(struct request *req,
                                         const struct dynamodb_RestoreTableToPointInTimeInput *in)
{
    const char *name = in->SourceTableArn != NULL ? in->SourceTableArn : in->SourceTableName;

    if ((in->SourceTableArn != NULL) == (in->SourceTableName != NULL)) {
        ddb_invalid(req, "One or more parameter values were invalid: exactly one of SourceTableArn "
                         "and SourceTableName must be specified");
        return NULL;
    }
    return ddb_table_get_for_backup(req, name);
}

static int check_time(struct request *req, const struct dynamodb_RestoreTableToPointInTimeInput *in,
                      const struct ddb_table *t, int64_t *out_ms)
{
    int64_t now_ms = clock_now_ms(&req->app->clock);

    if (t->definition.recovery_since_ms == 0)
        return aws_fail(req, &dynamodb_PointInTimeRecoveryUnavailableException,
                        "Point in time recovery is not enabled for table '%s'", t->name);
    if (in->UseLatestRestorableTime.value == in->RestoreDateTime.set)
        return ddb_invalid(req, "One or more parameter values were invalid: exactly one of "
                                "RestoreDateTime and UseLatestRestorableTime must be specified");
    *out_ms = in->RestoreDateTime.set ? in->RestoreDateTime.ms : now_ms;
    int64_t earliest_ms = ddb_recovery_earliest_ms(&t->definition, now_ms);
    /* Clients send whole seconds: the one in which recovery was switched on counts. */
    if (*out_ms < earliest_ms && *out_ms >= earliest_ms / 1000 * 1000)
        *out_ms = earliest_ms;
    if (*out_ms < earliest_ms || *out_ms > now_ms)
        return aws_fail(req, &dynamodb_InvalidRestoreTimeException,
                        "The restore time must be between EarliestRestorableDateTime and "
                        "LatestRestorableDateTime of the source table");
    return 0;
}

static enum store_status restore_time(struct request *req, struct ddb_session *s, const char *name,
                                      const struct ddb_table *source,
                                      const struct ddb_definition *d)
{
    int64_t number;
    int64_t id;
    enum store_status rc = ddb_log_after(s, source->id, d->restored_ms, &number);

    if (rc == STORE_OK)
        rc = insert(req, s, name, d, &id);
    return rc == STORE_OK ? ddb_copy_start(ddb_of(req), s, source, id, number) : rc;
}

int dynamodb_restore_table_to_point_in_time(
    struct request *req, const struct dynamodb_RestoreTableToPointInTimeInput *in,
    struct dynamodb_RestoreTableToPointInTimeOutput *out)
{
    const struct target target = {
        .name = in->TargetTableName,
        .billing = in->BillingModeOverride,
        .globals = &in->GlobalSecondaryIndexOverride,
        .locals = &in->LocalSecondaryIndexOverride,
        .throughput = in->ProvisionedThroughputOverride,
        .on_demand = in->OnDemandThroughputOverride,
        .encryption = in->SSESpecificationOverride,
        .overrides_globals = in->GlobalSecondaryIndexOverride.items != NULL,
        .overrides_locals = in->LocalSecondaryIndexOverride.items != NULL,
    };
    const struct ddb_table *source = source_of(req, in);
    struct ddb_definition d;
    struct ddb_session s;
    enum ddb_begin begun;
    int64_t at_ms = 0;

    do {
        if (source == NULL || check_time(req, in, source, &at_ms) != 0 ||
            define(req, &target, &source->definition, &d) != 0)
            return -1;
        d.restored_table = ddb_table_arn(req, source->name);
        d.restored_ms = at_ms;
        begun = ddb_write_to(req, &source, 1, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    enum store_status rc = ddb_write_end(&s, restore_time(req, &s, target.name, source, &d));
    ddb_table_changed(req, source->name);
    return answer(req, target.name, rc, &out->TableDescription);
}
