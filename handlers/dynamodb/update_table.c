/*
 * UpdateTable. The change and, for a new index, its entries are one write: nobody sees a definition
 * without what belongs to it. AWS does one thing at a time in the background; here it is done when
 * the answer comes, which says UPDATING as AWS does.
 */
#include "handlers/dynamodb/describe.h"
#include "handlers/dynamodb/job.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/key.h"
#include "handlers/dynamodb/redefine.h"
#include "handlers/dynamodb/replica.h"
#include "handlers/dynamodb/schema.h"
#include "handlers/dynamodb/stream_setting.h"

#define INVALID "One or more parameter values were invalid: "

/* --- what the request asks for --- */

struct change {
    struct ddb_definition d;
    struct ddb_index *created; /* NULL: none */
    struct ddb_replica_plan replicas;
    int deleted; /* serial of the index, -1: none */
};

static int refuse_unbuilt(struct request *req, const struct dynamodb_UpdateTableInput *in)
{
    if (in->MultiRegionConsistency != NULL)
        return aws_fail_unsupported(req, "MultiRegionConsistency");
    if (in->GlobalTableWitnessUpdates.items != NULL)
        return aws_fail_unsupported(req, "GlobalTableWitnessUpdates");
    if (in->GlobalTableSettingsReplicationMode != NULL)
        return aws_fail_unsupported(req, "GlobalTableSettingsReplicationMode");
    return 0;
}

static const char *updated_index(const struct dynamodb_GlobalSecondaryIndexUpdate *u)
{
    if (u->Update != NULL)
        return u->Update->IndexName;
    if (u->Create != NULL)
        return u->Create->IndexName;
    return u->Delete != NULL ? u->Delete->IndexName : NULL;
}

/* What needs no table. */
static int check(struct request *req, const struct dynamodb_UpdateTableInput *in)
{
    const struct dynamodb_GlobalSecondaryIndexUpdateList *updates =
        &in->GlobalSecondaryIndexUpdates;

    if (in->ProvisionedThroughput == NULL && in->BillingMode == NULL && updates->count == 0 &&
        in->SSESpecification == NULL && in->StreamSpecification == NULL && in->TableClass == NULL &&
        !in->DeletionProtectionEnabled.set && in->ReplicaUpdates.items == NULL &&
        in->OnDemandThroughput == NULL && in->WarmThroughput == NULL)
        return ddb_invalid(
            req, "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
                 "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
    if (in->BillingMode != NULL && str_eq(in->BillingMode, "PROVISIONED") &&
        in->ProvisionedThroughput == NULL)
        return ddb_invalid(
            req, INVALID "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    for (size_t i = 0; i < updates->count; i++) {
        const char *name = updated_index(&updates->items[i]);
        if (name == NULL)
            return ddb_invalid(req, INVALID "One of GlobalSecondaryIndexUpdate.Update, "
                                            "GlobalSecondaryIndexUpdate.Create, "
                                            "GlobalSecondaryIndexUpdate.Delete must not be null");
        for (size_t k = 0; k < i; k++)
            if (str_eq(updated_index(&updates->items[k]), name))
                return ddb_invalid(req,
                                   INVALID
                                   "Only one global secondary index update per index is allowed "
                                   "simultaneously. Index: %s",
                                   name);
    }
    return refuse_unbuilt(req, in);
}

/* Units out of bounds, which AWS tells before it looks for the table. */
static int check_bounds(struct request *req, const struct dynamodb_UpdateTableInput *in)
{
    struct ddb_throughput ignored;

    return in->ProvisionedThroughput == NULL
               ? 0
               : ddb_throughput_of(req, in->ProvisionedThroughput, false, NULL, &ignored);
}

static void note_change(struct request *req, struct ddb_definition *d, struct ddb_throughput old,
                        struct ddb_throughput new)
{
    if (new.read > old.read || new.write > old.write)
        d->increased_ms = req->received_ms;
    if (new.read < old.read || new.write < old.write)
        d->decreased_ms = req->received_ms;
}

static int same_throughput(struct request *req, struct ddb_throughput old,
                           struct ddb_throughput new)
{
    if (old.read != new.read || old.write != new.write)
        return 0;
    return ddb_invalid(
        req,
        "The provisioned throughput for the table will not change. The requested value equals the "
        "current value. Current ReadCapacityUnits provisioned for the table: %lld. Requested "
        "ReadCapacityUnits: %lld. Current WriteCapacityUnits provisioned for the table: %lld. "
        "Requested WriteCapacityUnits: %lld. Refer to the Amazon DynamoDB Developer Guide for "
        "current limits and how to request higher limits.",
        (long long)old.read, (long long)new.read, (long long)old.write, (long long)new.write);
}

static int change_throughput(struct request *req, const struct dynamodb_UpdateTableInput *in,
                             struct ddb_definition *d)
{
    bool was_on_demand = d->on_demand_since_ms != 0;
    bool on_demand =
        in->BillingMode != NULL ? str_eq(in->BillingMode, "PAY_PER_REQUEST") : was_on_demand;
    struct ddb_throughput new;

    if (in->ProvisionedThroughput != NULL) {
        if (ddb_throughput_of(req, in->ProvisionedThroughput, on_demand, NULL, &new) != 0 ||
            same_throughput(req, d->throughput, new) != 0)
            return -1;
        note_change(req, d, d->throughput, new);
        d->throughput = new;
    }
    if (on_demand && !was_on_demand) {
        d->on_demand_since_ms = req->received_ms;
        d->throughput = (struct ddb_throughput){0, 0};
        for (size_t i = 0; i < d->index_count; i++)
            d->indexes[i].throughput = (struct ddb_throughput){0, 0};
    } else if (!on_demand) {
        d->on_demand_since_ms = 0;
        d->on_demand = (struct ddb_on_demand){-1, -1};
    }
    if (in->OnDemandThroughput != NULL)
        return ddb_on_demand_of(req, in->OnDemandThroughput, on_demand, &d->on_demand);
    return 0;
}

static struct ddb_index *find_index(struct ddb_definition *d, const char *name)
{
    for (size_t i = 0; i < d->index_count; i++)
        if (d->indexes[i].global && str_eq(d->indexes[i].name, name))
            return &d->indexes[i];
    return NULL;
}

static int fail_no_index(struct request *req, const char *name)
{
    return aws_fail(req, &dynamodb_ResourceNotFoundException,
                    "The table does not have the specified index: %s", name);
}

static int change_index(struct request *req,
                        const struct dynamodb_UpdateGlobalSecondaryIndexAction *u,
                        struct ddb_definition *d)
{
    struct ddb_index *index = find_index(d, u->IndexName);
    bool on_demand = d->on_demand_since_ms != 0;

    if (index == NULL)
        return fail_no_index(req, u->IndexName);
    if (ddb_warm_of(req, u->WarmThroughput, &index->warm) != 0)
        return -1;
    if (u->OnDemandThroughput != NULL &&
        ddb_on_demand_of(req, u->OnDemandThroughput, on_demand, &index->on_demand) != 0)
        return -1;
    if (u->ProvisionedThroughput == NULL)
        return 0;
    return ddb_throughput_of(req, u->ProvisionedThroughput, on_demand, u->IndexName,
                             &index->throughput);
}

/* Definitions of the request are added to those of the table; a known attribute must keep its type.
 */
static int add_attributes(struct request *req, struct ddb_attributes new, struct ddb_definition *d)
{
    struct ddb_key_part *all =
        ARENA_ARRAY(&req->arena, struct ddb_key_part, d->attribute_count + new.count);
    size_t count = 0;

    for (; count < d->attribute_count; count++)
        all[count] = d->attributes[count];
    for (size_t i = 0; i < new.count; i++) {
        size_t k = 0;
        while (k < count && !ddb_text_equal(all[k].name, new.items[i].name))
            k++;
        if (k == count)
            all[count++] = new.items[i];
        else if (all[k].type != new.items[i].type)
            return ddb_invalid(req, INVALID "Attribute %s is already defined with another type",
                               new.items[i].name.data);
    }
    d->attributes = all;
    d->attribute_count = count;
    return 0;
}

static bool is_key(const struct ddb_definition *d, struct ddb_text name)
{
    bool found = ddb_schema_has(&d->key, name);

    for (size_t i = 0; i < d->index_count; i++)
        found |= ddb_schema_has(&d->indexes[i].key, name);
    return found;
}

/* AWS: an attribute that is no key any more loses its definition. */
static void drop_attributes(struct ddb_definition *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->attribute_count; i++)
        if (is_key(d, d->attributes[i].name))
            d->attributes[kept++] = d->attributes[i];
    d->attribute_count = kept;
}

static int create_index(struct request *req, const struct dynamodb_UpdateTableInput *in,
                        const struct dynamodb_CreateGlobalSecondaryIndexAction *c,
                        struct change *change)
{
    struct dynamodb_GlobalSecondaryIndex index = {
        .IndexName = c->IndexName,
        .KeySchema = c->KeySchema,
        .Projection = c->Projection,
        .ProvisionedThroughput = c->ProvisionedThroughput,
        .OnDemandThroughput = c->OnDemandThroughput,
        .WarmThroughput = c->WarmThroughput,
    };
    struct ddb_definition *d = &change->d;
    size_t globals = 0;

    for (size_t i = 0; i < d->index_count; i++)
        globals += d->indexes[i].global;
    if (globals == DDB_GLOBAL_INDEXES_MAX || d->next_serial == DDB_INDEX_SERIAL_MAX)
        return aws_fail(req, &dynamodb_LimitExceededException,
                        "GlobalSecondaryIndex count exceeds the per-table limit of 20");
    struct ddb_attributes attributes = ddb_attributes_of(req, &in->AttributeDefinitions);
    if (ddb_global_index(req, &index, attributes, d) != 0 ||
        add_attributes(req, attributes, d) != 0)
        return -1;
    change->created = &d->indexes[d->index_count - 1];
    change->created->backfilling = true;
    return 0;
}

static int delete_index(struct request *req, const char *name, struct change *change)
{
    struct ddb_definition *d = &change->d;
    struct ddb_index *index = find_index(d, name);

    if (index == NULL)
        return fail_no_index(req, name);
    change->deleted = index->serial;
    size_t at = (size_t)(index - d->indexes);
    for (size_t i = at; i + 1 < d->index_count; i++)
        d->indexes[i] = d->indexes[i + 1];
    d->index_count--;
    return 0;
}

static int change_indexes(struct request *req, const struct dynamodb_UpdateTableInput *in,
                          struct change *change)
{
    const struct dynamodb_GlobalSecondaryIndexUpdateList *updates =
        &in->GlobalSecondaryIndexUpdates;

    size_t online = 0;

    for (size_t i = 0; i < updates->count; i++)
        online += updates->items[i].Create != NULL || updates->items[i].Delete != NULL;
    if (online > 1)
        return aws_fail(req, &dynamodb_LimitExceededException,
                        "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                        "simultaneously per table");
    for (size_t i = 0; i < updates->count; i++) {
        const struct dynamodb_GlobalSecondaryIndexUpdate *u = &updates->items[i];
        if ((u->Update != NULL && change_index(req, u->Update, &change->d) != 0) ||
            (u->Create != NULL && create_index(req, in, u->Create, change) != 0) ||
            (u->Delete != NULL && delete_index(req, u->Delete->IndexName, change) != 0))
            return -1;
    }
    if (updates->count > 0)
        drop_attributes(&change->d);
    return 0;
}

static int plan(struct request *req, const struct dynamodb_UpdateTableInput *in,
                const struct ddb_table *t, struct change *change)
{
    struct ddb_definition *d = &change->d;

    *change = (struct change){.deleted = -1, .d = ddb_definition_copy(&t->definition, &req->arena)};
    if (change_throughput(req, in, d) != 0)
        return -1;
    if (ddb_stream_take(req, in->StreamSpecification, t->name, &d->stream) != 0 ||
        ddb_replica_take(req, &in->ReplicaUpdates, t, d, &change->replicas) != 0)
        return -1;
    if (!d->stream.enabled && d->replica_count > change->replicas.remove_count)
        return ddb_invalid(req, INVALID "The stream of a global table cannot be disabled");
    if (ddb_warm_of(req, in->WarmThroughput, &d->warm) != 0)
        return -1;
    if (in->TableClass != NULL)
        d->table_class = in->TableClass;
    if (in->DeletionProtectionEnabled.set)
        d->deletion_protection = in->DeletionProtectionEnabled.value;
    if (in->SSESpecification != NULL &&
        ddb_encryption_of(req, in->SSESpecification, &d->sse_key) != 0)
        return -1;
    if (change_indexes(req, in, change) != 0)
        return -1;
    for (size_t i = 0; d->on_demand_since_ms == 0 && i < d->index_count; i++)
        if (d->indexes[i].global && d->indexes[i].throughput.read == 0)
            return ddb_invalid(req, INVALID "ProvisionedThroughput must be specified for index: %s",
                               d->indexes[i].name);
    return 0;
}

/* --- the answer --- */

static void show(struct request *req, const struct dynamodb_UpdateTableInput *in,
                 const struct ddb_table *t, struct ddb_throughput before,
                 struct dynamodb_UpdateTableOutput *out)
{
    out->TableDescription = ddb_describe(req, t, "UPDATING", NULL);
    out->TableDescription->ProvisionedThroughput->ReadCapacityUnits = SOME_LONG(before.read);
    out->TableDescription->ProvisionedThroughput->WriteCapacityUnits = SOME_LONG(before.write);
    struct dynamodb_GlobalSecondaryIndexDescriptionList *list =
        &out->TableDescription->GlobalSecondaryIndexes;
    for (size_t i = 0; i < list->count; i++) {
        list->items[i].IndexStatus = "ACTIVE";
        for (size_t k = 0; k < in->GlobalSecondaryIndexUpdates.count; k++) {
            const struct dynamodb_GlobalSecondaryIndexUpdate *u =
                &in->GlobalSecondaryIndexUpdates.items[k];
            if (!str_eq(updated_index(u), list->items[i].IndexName))
                continue;
            list->items[i].IndexStatus = u->Create != NULL ? "CREATING" : "UPDATING";
            if (u->Create != NULL)
                list->items[i].Backfilling = SOME_BOOL(false);
        }
    }
}

/* A new index gets the entries of a small table at once. Those of a deleted index are in nobody's
 * way, since serials are not used again. */
static enum store_status store(struct request *req, struct ddb_session *s,
                               const struct ddb_table *t, struct change *change)
{
    struct scope scope = ddb_scope(req);
    struct ddb_job fill = {.kind = DDB_JOB_FILL_INDEX, .table_id = t->id};
    struct ddb_job purge = {.kind = DDB_JOB_PURGE_INDEX, .table_id = t->id};
    enum store_status rc =
        ddb_replica_store(req, s, t, &change->d, &change->replicas,
                          change->created != NULL ? change->created->serial : -1, change->deleted);

    if (rc == STORE_OK)
        rc = ddb_stream_switch(s, &scope, t->name, t->id, &t->definition.stream, &change->d,
                               req->received_ms);
    if (rc == STORE_OK && change->created != NULL) {
        fill.number = change->created->serial;
        rc = ddb_job_start(ddb_of(req), s, &fill);
    }
    if (rc == STORE_OK && change->deleted >= 0) {
        purge.number = change->deleted;
        rc = ddb_job_start(ddb_of(req), s, &purge);
    }
    return rc;
}

int dynamodb_update_table(struct request *req, const struct dynamodb_UpdateTableInput *in,
                          struct dynamodb_UpdateTableOutput *out)
{
    struct change change;
    struct ddb_session s;
    enum ddb_begin begun;

    if (check(req, in) != 0 || check_bounds(req, in) != 0)
        return -1;
    const struct ddb_table *t = ddb_table_get_named(req, in->TableName);
    do {
        if (t == NULL || plan(req, in, t, &change) != 0)
            return -1;
        begun = ddb_write_to(req, &t, 1, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    struct ddb_throughput before = t->definition.throughput;
    enum store_status rc = ddb_write_done(&t, 1, &s, store(req, &s, t, &change));
    ddb_table_changed(req, t->name);
    ddb_replicas_changed(ddb_of(req), t);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    t = ddb_table_get_named(req, t->name);
    if (t == NULL)
        return -1;
    ddb_keeper_wake(ddb_of(req));
    show(req, in, t, before, out);
    return 0;
}
