/* CreateTable. */
#include "handlers/dynamodb/create.h"
#include "handlers/dynamodb/describe.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/policy.h"
#include "handlers/dynamodb/schema.h"
#include "handlers/dynamodb/stream_setting.h"

#include "handlers/common/arn.h"
#include "handlers/common/tags.h"
#include "server/base/digest.h"

#define INVALID "One or more parameter values were invalid: "

/* What AWS has and cadabra has not built. */
static int refuse_unbuilt(struct request *req, const struct dynamodb_CreateTableInput *in)
{
    if (in->GlobalTableSourceArn != NULL)
        return aws_fail_unsupported(req, "GlobalTableSourceArn");
    if (in->GlobalTableSettingsReplicationMode != NULL)
        return aws_fail_unsupported(req, "GlobalTableSettingsReplicationMode");
    return 0;
}

static int take_indexes(struct request *req, const struct dynamodb_CreateTableInput *in,
                        struct ddb_attributes attributes, struct ddb_definition *d)
{
    const struct dynamodb_GlobalSecondaryIndexList *global = &in->GlobalSecondaryIndexes;

    d->indexes =
        ARENA_ARRAY(&req->arena, struct ddb_index, DDB_LOCAL_INDEXES_MAX + DDB_GLOBAL_INDEXES_MAX);
    if (ddb_local_indexes(req, &in->LocalSecondaryIndexes, attributes, d) != 0)
        return -1;
    if (global->items != NULL && global->count == 0)
        return ddb_invalid(req, INVALID "List of GlobalSecondaryIndexes is empty");
    for (size_t i = 0; i < global->count && i < DDB_GLOBAL_INDEXES_MAX; i++)
        if (ddb_global_index(req, &global->items[i], attributes, d) != 0)
            return -1;
    if (global->count > DDB_GLOBAL_INDEXES_MAX)
        return ddb_invalid(req,
                           INVALID "GlobalSecondaryIndex count exceeds the per-table limit of 20");
    return 0;
}

static int take_tags(struct request *req, const struct dynamodb_TagList *in,
                     struct ddb_definition *d)
{
    d->tags = ARENA_ARRAY(&req->arena, struct ddb_tag, in->count);
    for (size_t i = 0; i < in->count; i++) {
        const char *problem = tag_problem(in->items[i].Key, in->items[i].Value);
        if (problem != NULL)
            return ddb_invalid(req, INVALID "%s", problem);
        for (size_t k = 0; k < i; k++)
            if (str_eq(in->items[k].Key, in->items[i].Key))
                return ddb_invalid(req, INVALID "Duplicate tag key: %s", in->items[i].Key);
        d->tags[d->tag_count++] = (struct ddb_tag){in->items[i].Key, in->items[i].Value};
    }
    if (in->count > TAGS_MAX)
        return ddb_invalid(req, "Too many tags: the limit is %d", TAGS_MAX);
    return 0;
}

/* AWS: the model makes them optional for replicas of global tables only. */
static int check_members(struct request *req, const struct dynamodb_CreateTableInput *in)
{
    static const char missing[] =
        "Value null at '%s' failed to satisfy constraint: Member must not be null";
    bool no_attributes = in->AttributeDefinitions.items == NULL;
    bool no_schema = in->KeySchema.items == NULL;

    if (in->GlobalTableSourceArn != NULL || (!no_attributes && !no_schema))
        return 0;
    const char *attributes = arena_printf(&req->arena, missing, "attributeDefinitions");
    const char *schema = arena_printf(&req->arena, missing, "keySchema");
    if (no_attributes && no_schema)
        return ddb_invalid(req, "2 validation errors detected: %s; %s", schema, attributes);
    return ddb_invalid(req, "1 validation error detected: %s", no_schema ? schema : attributes);
}

int ddb_create_define(struct request *req, const struct dynamodb_CreateTableInput *in,
                      struct ddb_definition *d)
{
    bool on_demand = in->BillingMode != NULL && str_eq(in->BillingMode, "PAY_PER_REQUEST");
    struct ddb_attributes attributes = ddb_attributes_of(req, &in->AttributeDefinitions);
    char *uuid = arena_alloc(&req->arena, 37);

    d->created_ms = req->received_ms;
    d->on_demand_since_ms = on_demand ? req->received_ms : 0;
    d->attributes = (struct ddb_key_part *)attributes.items;
    d->attribute_count = attributes.count;
    uuid_v4(uuid);
    d->uuid = uuid;
    d->table_class = in->TableClass;
    d->deletion_protection = VALUE_OR(in->DeletionProtectionEnabled, false);
    if (ddb_throughput_of(req, in->ProvisionedThroughput, on_demand, NULL, &d->throughput) != 0 ||
        ddb_on_demand_of(req, in->OnDemandThroughput, on_demand, &d->on_demand) != 0 ||
        ddb_table_key_schema(req, &in->KeySchema, attributes, &d->key) != 0 ||
        ddb_warm_of(req, in->WarmThroughput, &d->warm) != 0 ||
        take_indexes(req, in, attributes, d) != 0 || ddb_attributes_all_used(req, d) != 0)
        return -1;
    if (in->ResourcePolicy != NULL && ddb_policy_take(req, in->ResourcePolicy, &d->policy) != 0)
        return -1;
    return take_tags(req, &in->Tags, d) != 0 ||
                   ddb_stream_take(req, in->StreamSpecification, NULL, &d->stream) != 0
               ? -1
               : ddb_encryption_of(req, in->SSESpecification, &d->sse_key);
}

static int store(struct request *req, const char *name, const struct ddb_definition *d)
{
    struct strbuf text = STRBUF_INIT(4 << 20);
    struct scope scope = ddb_scope(req);
    const struct ddb_stream_setting none = {0};
    struct ddb_session s;
    int64_t id;

    ddb_definition_write(&text, d);
    enum store_status rc = ddb_write_begin(ddb_store_of(req), &s);
    if (rc == STORE_OK) {
        rc = ddb_table_insert(&s, &scope, name, text.data, &id);
        if (rc == STORE_OK)
            rc = ddb_stream_switch(&s, &scope, name, id, &none, d, req->received_ms);
        rc = ddb_write_end(&s, rc);
    }
    strbuf_release(&text);
    ddb_table_changed(req, name);
    if (rc == STORE_EXISTS)
        return aws_fail(req, &dynamodb_ResourceInUseException, "Table already exists: %s", name);
    return rc == STORE_OK ? 0 : ddb_fail_store(req, rc);
}

int dynamodb_create_table(struct request *req, const struct dynamodb_CreateTableInput *in,
                          struct dynamodb_CreateTableOutput *out)
{
    struct ddb_definition d = {0};
    const char *name = ddb_table_name(req, in->TableName);

    if (name == NULL || check_members(req, in) != 0 || ddb_create_define(req, in, &d) != 0 ||
        refuse_unbuilt(req, in) != 0 || store(req, name, &d) != 0)
        return -1;
    const struct ddb_table *t = ddb_table_get(req, name);
    if (t == NULL)
        return -1;
    if (t->logs)
        ddb_keeper_wake(ddb_of(req));
    /* AWS: a table takes seconds to become ACTIVE; here it is so when anyone can ask. */
    out->TableDescription = ddb_describe(req, t, "CREATING", NULL);
    out->TableDescription->DeletionProtectionEnabled = in->DeletionProtectionEnabled;
    if (out->TableDescription->BillingModeSummary != NULL)
        out->TableDescription->BillingModeSummary->LastUpdateToPayPerRequestDateTime.set = false;
    return 0;
}
