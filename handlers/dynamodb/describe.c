/* Definitions as clients see them: see describe.h. */
#include "handlers/dynamodb/describe.h"

#include "handlers/common/arn.h"

static const char *text_of(struct ddb_text t)
{
    return t.data; /* names in definitions are NUL-terminated */
}

const char *ddb_table_arn(struct request *req, const char *name)
{
    return arn_make(&req->arena, "dynamodb", req->region, req->account, "table/%s", name);
}

static struct dynamodb_KeySchema key_schema(struct request *req, const struct ddb_key_schema *key)
{
    struct dynamodb_KeySchema out = {
        .items = ARENA_ARRAY(&req->arena, struct dynamodb_KeySchemaElement, 2 * DDB_KEY_PARTS_MAX)};

    for (int i = 0; i < key->hash_count; i++)
        out.items[out.count++] =
            (struct dynamodb_KeySchemaElement){text_of(key->hash[i].name), "HASH"};
    for (int i = 0; i < key->range_count; i++)
        out.items[out.count++] =
            (struct dynamodb_KeySchemaElement){text_of(key->range[i].name), "RANGE"};
    return out;
}

static struct dynamodb_Projection *projection(struct request *req, const struct ddb_index *index)
{
    static const char *const names[] = {"ALL", "KEYS_ONLY", "INCLUDE"};
    struct dynamodb_Projection *out = ARENA_NEW(&req->arena, struct dynamodb_Projection);

    out->ProjectionType = names[index->projection];
    if (index->projection != DDB_PROJECT_INCLUDE)
        return out;
    out->NonKeyAttributes.items = ARENA_ARRAY(&req->arena, const char *, index->included_count);
    for (size_t i = 0; i < index->included_count; i++)
        out->NonKeyAttributes.items[out->NonKeyAttributes.count++] = text_of(index->included[i]);
    return out;
}

static struct dynamodb_ProvisionedThroughputDescription *throughput(struct request *req,
                                                                    const struct ddb_throughput *t)
{
    struct dynamodb_ProvisionedThroughputDescription *out =
        ARENA_NEW(&req->arena, struct dynamodb_ProvisionedThroughputDescription);

    out->NumberOfDecreasesToday = SOME_LONG(0);
    out->ReadCapacityUnits = SOME_LONG(t->read);
    out->WriteCapacityUnits = SOME_LONG(t->write);
    return out;
}

static struct dynamodb_OnDemandThroughput *on_demand(struct request *req,
                                                     const struct ddb_on_demand *o)
{
    if (o->max_read < 0 && o->max_write < 0)
        return NULL;
    struct dynamodb_OnDemandThroughput *out =
        ARENA_NEW(&req->arena, struct dynamodb_OnDemandThroughput);
    if (o->max_read >= 0)
        out->MaxReadRequestUnits = SOME_LONG(o->max_read);
    if (o->max_write >= 0)
        out->MaxWriteRequestUnits = SOME_LONG(o->max_write);
    return out;
}

static void add_local(struct request *req, const struct ddb_table *t, const struct ddb_index *index,
                      int64_t items, int64_t bytes, struct dynamodb_TableDescription *out)
{
    out->LocalSecondaryIndexes.items[out->LocalSecondaryIndexes.count++] =
        (struct dynamodb_LocalSecondaryIndexDescription){
            .IndexName = index->name,
            .KeySchema = key_schema(req, &index->key),
            .Projection = projection(req, index),
            .IndexSizeBytes = SOME_LONG(bytes),
            .ItemCount = SOME_LONG(items),
            .IndexArn =
                arena_printf(&req->arena, "%s/index/%s", ddb_table_arn(req, t->name), index->name),
        };
}

static void add_global(struct request *req, const struct ddb_table *t,
                       const struct ddb_index *index, const char *status, int64_t items,
                       int64_t bytes, struct dynamodb_TableDescription *out)
{
    out->GlobalSecondaryIndexes.items[out->GlobalSecondaryIndexes.count++] =
        (struct dynamodb_GlobalSecondaryIndexDescription){
            .IndexName = index->name,
            .KeySchema = key_schema(req, &index->key),
            .Projection = projection(req, index),
            .IndexStatus = index->backfilling ? "CREATING" : status,
            .ProvisionedThroughput = throughput(req, &index->throughput),
            .IndexSizeBytes = SOME_LONG(bytes),
            .ItemCount = SOME_LONG(items),
            .IndexArn =
                arena_printf(&req->arena, "%s/index/%s", ddb_table_arn(req, t->name), index->name),
            .OnDemandThroughput = on_demand(req, &index->on_demand),
        };
    if (index->warm.read != 0) {
        struct dynamodb_GlobalSecondaryIndexWarmThroughputDescription *warm =
            ARENA_NEW(&req->arena, struct dynamodb_GlobalSecondaryIndexWarmThroughputDescription);
        warm->ReadUnitsPerSecond = SOME_LONG(index->warm.read);
        warm->WriteUnitsPerSecond = SOME_LONG(index->warm.write);
        warm->Status = "ACTIVE";
        out->GlobalSecondaryIndexes.items[out->GlobalSecondaryIndexes.count - 1].WarmThroughput =
            warm;
    }
    if (index->backfilling)
        out->GlobalSecondaryIndexes.items[out->GlobalSecondaryIndexes.count - 1].Backfilling =
            SOME_BOOL(true);
}

static void add_indexes(struct request *req, const struct ddb_table *t, const char *status,
                        const struct ddb_table_counts *counts,
                        struct dynamodb_TableDescription *out)
{
    const struct ddb_definition *d = &t->definition;
    size_t locals = 0;

    for (size_t i = 0; i < d->index_count; i++)
        locals += !d->indexes[i].global;
    if (locals > 0)
        out->LocalSecondaryIndexes.items =
            ARENA_ARRAY(&req->arena, struct dynamodb_LocalSecondaryIndexDescription, locals);
    if (locals < d->index_count)
        out->GlobalSecondaryIndexes.items = ARENA_ARRAY(
            &req->arena, struct dynamodb_GlobalSecondaryIndexDescription, d->index_count - locals);
    for (size_t i = 0; i < d->index_count; i++) {
        int64_t items = counts != NULL ? counts->index_items[i] : 0;
        int64_t bytes = counts != NULL ? counts->index_bytes[i] : 0;
        if (d->indexes[i].global)
            add_global(req, t, &d->indexes[i], status, items, bytes, out);
        else
            add_local(req, t, &d->indexes[i], items, bytes, out);
    }
}

static void add_settings(struct request *req, const struct ddb_definition *d,
                         struct dynamodb_TableDescription *out)
{
    if (d->on_demand_since_ms != 0) {
        out->BillingModeSummary = ARENA_NEW(&req->arena, struct dynamodb_BillingModeSummary);
        out->BillingModeSummary->BillingMode = "PAY_PER_REQUEST";
        out->BillingModeSummary->LastUpdateToPayPerRequestDateTime =
            SOME_TIME(d->on_demand_since_ms);
        out->OnDemandThroughput = on_demand(req, &d->on_demand);
    }
    if (d->table_class != NULL) {
        out->TableClassSummary = ARENA_NEW(&req->arena, struct dynamodb_TableClassSummary);
        out->TableClassSummary->TableClass = d->table_class;
    }
    if (d->warm.read != 0) {
        out->WarmThroughput =
            ARENA_NEW(&req->arena, struct dynamodb_TableWarmThroughputDescription);
        out->WarmThroughput->ReadUnitsPerSecond = SOME_LONG(d->warm.read);
        out->WarmThroughput->WriteUnitsPerSecond = SOME_LONG(d->warm.write);
        out->WarmThroughput->Status = "ACTIVE";
    }
    if (d->restored_ms != 0) {
        out->RestoreSummary = ARENA_NEW(&req->arena, struct dynamodb_RestoreSummary);
        out->RestoreSummary->SourceBackupArn = d->restored_backup;
        out->RestoreSummary->SourceTableArn = d->restored_table;
        out->RestoreSummary->RestoreDateTime = SOME_TIME(d->restored_ms);
        out->RestoreSummary->RestoreInProgress = SOME_BOOL(d->creating);
    }
    if (d->stream.label != NULL) {
        out->LatestStreamLabel = d->stream.label;
        out->LatestStreamArn =
            arena_printf(&req->arena, "%s/stream/%s", out->TableArn, d->stream.label);
    }
    if (d->stream.enabled) {
        out->StreamSpecification = ARENA_NEW(&req->arena, struct dynamodb_StreamSpecification);
        out->StreamSpecification->StreamEnabled = SOME_BOOL(true);
        out->StreamSpecification->StreamViewType = ddb_view_name(d->stream.view);
    }
    if (d->sse_key != NULL) {
        out->SSEDescription = ARENA_NEW(&req->arena, struct dynamodb_SSEDescription);
        out->SSEDescription->Status = "ENABLED";
        out->SSEDescription->SSEType = "KMS";
        out->SSEDescription->KMSMasterKeyArn = d->sse_key;
    }
}

/* AWS: the other ones, not the table itself. */
static void add_replicas(struct request *req, const struct ddb_table *t,
                         struct dynamodb_TableDescription *out)
{
    if (t->peer_count == 0)
        return;
    out->GlobalTableVersion = t->definition.global_since_ms != 0 ? "2017.11.29" : "2019.11.21";
    out->Replicas.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_ReplicaDescription, t->peer_count);
    for (size_t i = 0; i < t->peer_count; i++) {
        const struct ddb_table *peer = t->peers[i];
        struct dynamodb_ReplicaDescription *r = &out->Replicas.items[out->Replicas.count++];
        r->RegionName = peer->region;
        r->ReplicaStatus = peer->definition.creating ? "CREATING" : "ACTIVE";
        r->ReplicaArn =
            arn_make(&req->arena, "dynamodb", peer->region, peer->account, "table/%s", peer->name);
        if (peer->definition.table_class == NULL)
            continue;
        r->ReplicaTableClassSummary = ARENA_NEW(&req->arena, struct dynamodb_TableClassSummary);
        r->ReplicaTableClassSummary->TableClass = peer->definition.table_class;
    }
}

struct dynamodb_TableDescription *ddb_describe(struct request *req, const struct ddb_table *t,
                                               const char *status,
                                               const struct ddb_table_counts *counts)
{
    const struct ddb_definition *d = &t->definition;
    struct dynamodb_TableDescription *out =
        ARENA_NEW(&req->arena, struct dynamodb_TableDescription);

    out->AttributeDefinitions.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_AttributeDefinition, d->attribute_count);
    for (size_t i = 0; i < d->attribute_count; i++)
        out->AttributeDefinitions.items[out->AttributeDefinitions.count++] =
            (struct dynamodb_AttributeDefinition){text_of(d->attributes[i].name),
                                                  ddb_type_name(d->attributes[i].type)};
    out->TableName = t->name;
    out->KeySchema = key_schema(req, &d->key);
    out->TableStatus = status;
    out->CreationDateTime = SOME_TIME(d->created_ms);
    out->ProvisionedThroughput = throughput(req, &d->throughput);
    if (d->increased_ms != 0)
        out->ProvisionedThroughput->LastIncreaseDateTime = SOME_TIME(d->increased_ms);
    if (d->decreased_ms != 0)
        out->ProvisionedThroughput->LastDecreaseDateTime = SOME_TIME(d->decreased_ms);
    out->TableSizeBytes = SOME_LONG(counts != NULL ? counts->bytes : 0);
    out->ItemCount = SOME_LONG(counts != NULL ? counts->items : 0);
    out->TableArn = ddb_table_arn(req, t->name);
    out->TableId = d->uuid;
    out->DeletionProtectionEnabled = SOME_BOOL(d->deletion_protection);
    add_settings(req, d, out);
    add_replicas(req, t, out);
    add_indexes(req, t, status, counts, out);
    return out;
}

/* --- what a backup tells of its table --- */

static struct dynamodb_ProvisionedThroughput *plain_throughput(struct request *req,
                                                               const struct ddb_throughput *t)
{
    struct dynamodb_ProvisionedThroughput *out =
        ARENA_NEW(&req->arena, struct dynamodb_ProvisionedThroughput);

    out->ReadCapacityUnits = SOME_LONG(t->read);
    out->WriteCapacityUnits = SOME_LONG(t->write);
    return out;
}

static void add_source_indexes(struct request *req, const struct ddb_definition *d,
                               struct dynamodb_SourceTableFeatureDetails *out)
{
    if (d->index_count == 0)
        return;
    out->LocalSecondaryIndexes.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_LocalSecondaryIndexInfo, d->index_count);
    out->GlobalSecondaryIndexes.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_GlobalSecondaryIndexInfo, d->index_count);
    for (size_t i = 0; i < d->index_count; i++) {
        const struct ddb_index *index = &d->indexes[i];
        if (index->global)
            out->GlobalSecondaryIndexes.items[out->GlobalSecondaryIndexes.count++] =
                (struct dynamodb_GlobalSecondaryIndexInfo){
                    .IndexName = index->name,
                    .KeySchema = key_schema(req, &index->key),
                    .Projection = projection(req, index),
                    .ProvisionedThroughput = plain_throughput(req, &index->throughput),
                    .OnDemandThroughput = on_demand(req, &index->on_demand),
                };
        else
            out->LocalSecondaryIndexes.items[out->LocalSecondaryIndexes.count++] =
                (struct dynamodb_LocalSecondaryIndexInfo){
                    .IndexName = index->name,
                    .KeySchema = key_schema(req, &index->key),
                    .Projection = projection(req, index),
                };
    }
}

static void add_source_features(struct request *req, const struct ddb_definition *d,
                                struct dynamodb_SourceTableFeatureDetails *out)
{
    struct dynamodb_TableDescription settings = {0};

    add_settings(req, d, &settings);
    out->SSEDescription = settings.SSEDescription;
    out->StreamDescription = settings.StreamSpecification;
    out->TimeToLiveDescription = ARENA_NEW(&req->arena, struct dynamodb_TimeToLiveDescription);
    out->TimeToLiveDescription->TimeToLiveStatus =
        d->ttl_attribute != NULL ? "ENABLED" : "DISABLED";
    out->TimeToLiveDescription->AttributeName = d->ttl_attribute;
    add_source_indexes(req, d, out);
}

void ddb_describe_source(struct request *req, const struct ddb_table *t,
                         struct dynamodb_BackupDescription *out)
{
    const struct ddb_definition *d = &t->definition;

    out->SourceTableDetails = ARENA_NEW(&req->arena, struct dynamodb_SourceTableDetails);
    *out->SourceTableDetails = (struct dynamodb_SourceTableDetails){
        .TableName = t->name,
        .TableId = d->uuid,
        .TableArn = ddb_table_arn(req, t->name),
        .KeySchema = key_schema(req, &d->key),
        .TableCreationDateTime = SOME_TIME(d->created_ms),
        .ProvisionedThroughput = plain_throughput(req, &d->throughput),
        .OnDemandThroughput = on_demand(req, &d->on_demand),
        .BillingMode = d->on_demand_since_ms != 0 ? "PAY_PER_REQUEST" : "PROVISIONED",
    };
    out->SourceTableFeatureDetails =
        ARENA_NEW(&req->arena, struct dynamodb_SourceTableFeatureDetails);
    add_source_features(req, d, out->SourceTableFeatureDetails);
}
