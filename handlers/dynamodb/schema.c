/* Key schemas, indexes and throughput as clients describe them: see schema.h. */
#include "handlers/dynamodb/schema.h"

#include "handlers/common/arn.h"

#define INVALID "One or more parameter values were invalid: "

struct ddb_attributes ddb_attributes_of(struct request *req,
                                        const struct dynamodb_AttributeDefinitions *definitions)
{
    struct ddb_key_part *items = ARENA_ARRAY(&req->arena, struct ddb_key_part, definitions->count);

    for (size_t i = 0; i < definitions->count; i++)
        items[i] = (struct ddb_key_part){
            .name = ddb_text_of(definitions->items[i].AttributeName),
            .type = ddb_type_named(ddb_text_of(definitions->items[i].AttributeType)),
        };
    return (struct ddb_attributes){items, definitions->count};
}

static const struct ddb_key_part *find(struct ddb_attributes attributes, const char *name)
{
    for (size_t i = 0; i < attributes.count; i++)
        if (ddb_text_equal(attributes.items[i].name, ddb_text_of(name)))
            return &attributes.items[i];
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* [a, b], as Java prints sets: sorted here, where AWS has the order of a hash table. */
static const char *print_names(struct request *req, const char **names, size_t count)
{
    const char *text = "";

    if (count > 0)
        qsort((void *)names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++)
        text = arena_printf(&req->arena, "%s%s%s", text, i > 0 ? ", " : "", names[i]);
    return arena_printf(&req->arena, "[%s]", text);
}

static const char *print_schema(struct request *req, const struct dynamodb_KeySchema *schema)
{
    const char *text = "";

    for (size_t i = 0; i < schema->count; i++)
        text = arena_printf(&req->arena, "%s%sKeySchemaElement(attributeName=%s, keyType=%s)", text,
                            i > 0 ? ", " : "", schema->items[i].AttributeName,
                            schema->items[i].KeyType);
    return arena_printf(&req->arena, "[%s]", text);
}

static int fail_undefined(struct request *req, const struct dynamodb_KeySchema *schema,
                          struct ddb_attributes attributes)
{
    const char **keys = ARENA_ARRAY(&req->arena, const char *, schema->count);
    const char **names = ARENA_ARRAY(&req->arena, const char *, attributes.count);

    for (size_t i = 0; i < schema->count; i++)
        keys[i] = schema->items[i].AttributeName;
    for (size_t i = 0; i < attributes.count; i++)
        names[i] = attributes.items[i].name.data;
    return ddb_invalid(req,
                       INVALID "Some index key attributes are not defined in AttributeDefinitions. "
                               "Keys: %s, AttributeDefinitions: %s",
                       print_names(req, keys, schema->count),
                       print_names(req, names, attributes.count));
}

/* Hash first, range second, under different names. */
static int check_order(struct request *req, const struct dynamodb_KeySchema *schema)
{
    const struct dynamodb_KeySchemaElement *e = schema->items;

    /* AWS: the model no longer requires it, since a table may be made from another one. */
    if (schema->count == 0)
        return ddb_invalid(req, "1 validation error detected: Value null at 'keySchema' failed to "
                                "satisfy constraint: Member must not be null");
    if (schema->count > 1 && str_eq(e[0].AttributeName, e[1].AttributeName))
        return ddb_invalid(req,
                           "Both the Hash Key and the Range Key element in the KeySchema have the "
                           "same name");
    if (!str_eq(e[0].KeyType, "HASH"))
        return ddb_invalid(req,
                           "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    if (schema->count > 1 && !str_eq(e[1].KeyType, "RANGE"))
        return ddb_invalid(
            req, "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
    return 0;
}

static bool all_defined(const struct dynamodb_KeySchema *schema, struct ddb_attributes attributes)
{
    for (size_t i = 0; i < schema->count; i++)
        if (find(attributes, schema->items[i].AttributeName) == NULL)
            return false;
    return true;
}

/* The schema's elements as parts, all of them defined. */
static void fill(const struct dynamodb_KeySchema *schema, struct ddb_attributes attributes,
                 struct ddb_key_schema *out)
{
    *out = (struct ddb_key_schema){0};
    for (size_t i = 0; i < schema->count; i++) {
        const struct ddb_key_part *part = find(attributes, schema->items[i].AttributeName);
        if (str_eq(schema->items[i].KeyType, "HASH"))
            out->hash[out->hash_count++] = *part;
        else
            out->range[out->range_count++] = *part;
    }
}

int ddb_table_key_schema(struct request *req, const struct dynamodb_KeySchema *in,
                         struct ddb_attributes attributes, struct ddb_key_schema *out)
{
    if (in->count > 2)
        return ddb_invalid(req,
                           "1 validation error detected: Value '%s' at 'keySchema' failed to "
                           "satisfy constraint: Member must have length less than or equal to 2",
                           print_schema(req, in));
    if (in->count > attributes.count)
        return ddb_invalid(req, "Invalid KeySchema: Some index key attribute have no definition");
    if (!all_defined(in, attributes))
        return in->count == 1
                   ? fail_undefined(req, in, attributes)
                   : ddb_invalid(req,
                                 "Invalid KeySchema: Some index key attribute have no definition");
    if (check_order(req, in) != 0)
        return -1;
    fill(in, attributes, out);
    return 0;
}

/* AWS: since November 2025 up to four HASH and then up to four RANGE elements. */
static int index_key(struct request *req, const struct dynamodb_KeySchema *in,
                     struct ddb_attributes attributes, struct ddb_key_schema *out)
{
    size_t hash = 0;
    size_t range = 0;

    if (in->count <= 2) {
        bool two_hashes = in->count == 2 && str_eq(in->items[0].KeyType, "HASH") &&
                          str_eq(in->items[1].KeyType, "HASH") &&
                          !str_eq(in->items[0].AttributeName, in->items[1].AttributeName);
        if (!two_hashes && check_order(req, in) != 0)
            return -1;
        fill(in, attributes, out);
        return 0;
    }
    for (size_t i = 0; i < in->count; i++) {
        bool is_hash = str_eq(in->items[i].KeyType, "HASH");
        if (i == 0 && !is_hash)
            return check_order(req, in);
        if (is_hash && range > 0)
            return ddb_invalid(req,
                               "Invalid KeySchema: HASH elements must come before RANGE elements");
        for (size_t k = 0; k < i; k++)
            if (str_eq(in->items[i].AttributeName, in->items[k].AttributeName))
                return ddb_invalid(req, "Invalid KeySchema: duplicate attribute %s",
                                   in->items[i].AttributeName);
        *(is_hash ? &hash : &range) += 1;
    }
    if (hash > DDB_KEY_PARTS_MAX || range > DDB_KEY_PARTS_MAX)
        return ddb_invalid(req,
                           "Invalid KeySchema: a key has at most %d HASH and %d RANGE elements",
                           DDB_KEY_PARTS_MAX, DDB_KEY_PARTS_MAX);
    fill(in, attributes, out);
    return 0;
}

static int check_projection(struct request *req, const struct dynamodb_Projection *in)
{
    bool include = in->ProjectionType != NULL && str_eq(in->ProjectionType, "INCLUDE");

    if (in->ProjectionType == NULL)
        return ddb_invalid(req, INVALID "Unknown ProjectionType: null");
    if (!include && in->NonKeyAttributes.items != NULL)
        return ddb_invalid(req, INVALID "ProjectionType is %s, but NonKeyAttributes is specified",
                           in->ProjectionType);
    if (include && in->NonKeyAttributes.items == NULL)
        return ddb_invalid(req, INVALID
                           "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    if (include && in->NonKeyAttributes.count == 0)
        return ddb_invalid(req, INVALID "NonKeyAttributes must not be empty");
    return 0;
}

static void fill_projection(struct request *req, const struct dynamodb_Projection *in,
                            struct ddb_index *index)
{
    index->projection = str_eq(in->ProjectionType, "ALL")         ? DDB_PROJECT_ALL
                        : str_eq(in->ProjectionType, "KEYS_ONLY") ? DDB_PROJECT_KEYS_ONLY
                                                                  : DDB_PROJECT_INCLUDE;
    index->included = ARENA_ARRAY(&req->arena, struct ddb_text, in->NonKeyAttributes.count);
    for (size_t i = 0; i < in->NonKeyAttributes.count; i++)
        index->included[index->included_count++] = ddb_text_of(in->NonKeyAttributes.items[i]);
}

/* The new index's place, or NULL when its name is taken. */
static struct ddb_index *add_index(struct request *req, struct ddb_definition *d, const char *name)
{
    for (size_t i = 0; i < d->index_count; i++)
        if (str_eq(d->indexes[i].name, name)) {
            ddb_invalid(req, INVALID "Duplicate index name: %s", name);
            return NULL;
        }
    struct ddb_index *index = &d->indexes[d->index_count++];
    *index = (struct ddb_index){.name = name, .serial = d->next_serial++, .on_demand = {-1, -1}};
    return index;
}

static int local_index(struct request *req, const struct dynamodb_LocalSecondaryIndex *in,
                       struct ddb_attributes attributes, struct ddb_definition *d)
{
    const char *table_hash = d->key.hash[0].name.data;

    if (!all_defined(&in->KeySchema, attributes))
        return fail_undefined(req, &in->KeySchema, attributes);
    if (check_order(req, &in->KeySchema) != 0)
        return -1;
    if (in->KeySchema.count < 2)
        return ddb_invalid(req, INVALID "Index KeySchema does not have a range key for index: %s",
                           in->IndexName);
    if (!str_eq(in->KeySchema.items[0].AttributeName, table_hash))
        return ddb_invalid(req,
                           INVALID
                           "Index KeySchema does not have the same leading hash key as table "
                           "KeySchema for index: %s. index hash key: %s, table hash key: %s",
                           in->IndexName, in->KeySchema.items[0].AttributeName, table_hash);
    if (check_projection(req, in->Projection) != 0)
        return -1;
    struct ddb_index *index = add_index(req, d, in->IndexName);
    if (index == NULL)
        return -1;
    fill(&in->KeySchema, attributes, &index->key);
    fill_projection(req, in->Projection, index);
    return 0;
}

int ddb_local_indexes(struct request *req, const struct dynamodb_LocalSecondaryIndexList *in,
                      struct ddb_attributes attributes, struct ddb_definition *d)
{
    if (in->items == NULL)
        return 0;
    if (in->count == 0)
        return ddb_invalid(req, INVALID "List of LocalSecondaryIndexes is empty");
    if (d->key.range_count == 0)
        return ddb_invalid(req, INVALID
                           "Table KeySchema does not have a range key, which is required when "
                           "specifying a LocalSecondaryIndex");
    /* Room is for the legal number; the check of the count comes, as with AWS, after those of each.
     */
    for (size_t i = 0; i < in->count && i < DDB_LOCAL_INDEXES_MAX; i++)
        if (local_index(req, &in->items[i], attributes, d) != 0)
            return -1;
    if (in->count > DDB_LOCAL_INDEXES_MAX)
        return ddb_invalid(req,
                           INVALID "Number of LocalSecondaryIndexes exceeds per-table limit of 5");
    return 0;
}

int ddb_throughput_of(struct request *req, const struct dynamodb_ProvisionedThroughput *in,
                      bool on_demand, const char *index, struct ddb_throughput *out)
{
    const int64_t max = 1000000000000;

    if (on_demand) {
        if (in != NULL && index == NULL)
            return ddb_invalid(req,
                               INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                                       "specified when BillingMode is PAY_PER_REQUEST");
        if (in != NULL)
            return ddb_invalid(req,
                               INVALID
                               "ProvisionedThroughput should not be specified for index: %s when "
                               "BillingMode is PAY_PER_REQUEST",
                               index);
        *out = (struct ddb_throughput){0, 0};
        return 0;
    }
    if (in == NULL && index == NULL)
        return ddb_invalid(req, INVALID
                           "ReadCapacityUnits and WriteCapacityUnits must both be specified "
                           "when BillingMode is PROVISIONED");
    if (in == NULL)
        return ddb_invalid(req, INVALID "ProvisionedThroughput must be specified for index: %s",
                           index);
    if (in->ReadCapacityUnits.value > max)
        return ddb_invalid(req, "Given value %lld for ReadCapacityUnits is out of bounds%s%s",
                           (long long)in->ReadCapacityUnits.value,
                           index != NULL ? " for index " : "", index != NULL ? index : "");
    if (in->WriteCapacityUnits.value > max)
        return ddb_invalid(req, "Given value %lld for WriteCapacityUnits is out of bounds%s%s",
                           (long long)in->WriteCapacityUnits.value,
                           index != NULL ? " for index " : "", index != NULL ? index : "");
    *out = (struct ddb_throughput){in->ReadCapacityUnits.value, in->WriteCapacityUnits.value};
    return 0;
}

static int on_demand_limit(struct request *req, struct maybe_long limit, const char *name,
                           bool on_demand, int64_t *out)
{
    *out = -1;
    if (!limit.set)
        return 0;
    if (!on_demand)
        return ddb_invalid(req,
                           INVALID
                           "%s for OnDemandThroughput cannot be specified when table BillingMode "
                           "is PROVISIONED.",
                           name);
    if (limit.value < 1)
        return ddb_invalid(
            req, INVALID "Requested %s for OnDemandThroughput for table is outside of valid range",
            name);
    *out = limit.value;
    return 0;
}

int ddb_on_demand_of(struct request *req, const struct dynamodb_OnDemandThroughput *in,
                     bool on_demand, struct ddb_on_demand *out)
{
    *out = (struct ddb_on_demand){-1, -1};
    if (in == NULL)
        return 0;
    if (on_demand_limit(req, in->MaxReadRequestUnits, "MaxReadRequestUnits", on_demand,
                        &out->max_read))
        return -1;
    return on_demand_limit(req, in->MaxWriteRequestUnits, "MaxWriteRequestUnits", on_demand,
                           &out->max_write);
}

/* AWS: what every table can do from the start is the least that can be asked for. */
int ddb_warm_of(struct request *req, const struct dynamodb_WarmThroughput *in, struct ddb_warm *out)
{
    enum { READ_MIN = 12000, WRITE_MIN = 4000 };

    if (in == NULL)
        return 0;
    if (!in->ReadUnitsPerSecond.set && !in->WriteUnitsPerSecond.set)
        return ddb_invalid(req, INVALID "WarmThroughput must specify ReadUnitsPerSecond or "
                                        "WriteUnitsPerSecond");
    int64_t read = VALUE_OR(in->ReadUnitsPerSecond, MAX(out->read, READ_MIN));
    int64_t write = VALUE_OR(in->WriteUnitsPerSecond, MAX(out->write, WRITE_MIN));
    if (read < MAX(out->read, READ_MIN) || write < MAX(out->write, WRITE_MIN))
        return ddb_invalid(req,
                           INVALID "Requested WarmThroughput of %lld read units and %lld write "
                                   "units per second is lower than the current one of %lld and "
                                   "%lld",
                           (long long)read, (long long)write, (long long)MAX(out->read, READ_MIN),
                           (long long)MAX(out->write, WRITE_MIN));
    *out = (struct ddb_warm){read, write};
    return 0;
}

int ddb_global_index(struct request *req, const struct dynamodb_GlobalSecondaryIndex *in,
                     struct ddb_attributes attributes, struct ddb_definition *d)
{
    bool on_demand = d->on_demand_since_ms != 0;
    struct ddb_key_schema key;
    struct ddb_throughput throughput;
    struct ddb_on_demand limits;

    struct ddb_warm warm = {0, 0};

    if (ddb_warm_of(req, in->WarmThroughput, &warm) != 0)
        return -1;
    if (!all_defined(&in->KeySchema, attributes))
        return fail_undefined(req, &in->KeySchema, attributes);
    if (index_key(req, &in->KeySchema, attributes, &key) != 0 ||
        check_projection(req, in->Projection) != 0 ||
        ddb_throughput_of(req, in->ProvisionedThroughput, on_demand, in->IndexName, &throughput) !=
            0 ||
        ddb_on_demand_of(req, in->OnDemandThroughput, on_demand, &limits) != 0)
        return -1;
    struct ddb_index *index = add_index(req, d, in->IndexName);
    if (index == NULL)
        return -1;
    index->global = true;
    index->key = key;
    index->throughput = throughput;
    index->on_demand = limits;
    index->warm = warm;
    fill_projection(req, in->Projection, index);
    return 0;
}

static bool is_used(const struct ddb_definition *d, struct ddb_text name)
{
    if (ddb_schema_has(&d->key, name))
        return true;
    for (size_t i = 0; i < d->index_count; i++)
        if (ddb_schema_has(&d->indexes[i].key, name))
            return true;
    return false;
}

int ddb_attributes_all_used(struct request *req, const struct ddb_definition *d)
{
    const char **all = ARENA_ARRAY(&req->arena, const char *, d->attribute_count);
    const char **used = ARENA_ARRAY(&req->arena, const char *, d->attribute_count);
    size_t count = 0;

    for (size_t i = 0; i < d->attribute_count; i++) {
        all[i] = d->attributes[i].name.data;
        if (is_used(d, d->attributes[i].name))
            used[count++] = all[i];
    }
    if (count == d->attribute_count)
        return 0;
    if (d->index_count == 0)
        return ddb_invalid(req, INVALID
                           "Number of attributes in KeySchema does not exactly match number "
                           "of attributes defined in AttributeDefinitions");
    return ddb_invalid(req,
                       INVALID "Some AttributeDefinitions are not used. AttributeDefinitions: %s, "
                               "keys used: %s",
                       print_names(req, all, d->attribute_count), print_names(req, used, count));
}

int ddb_encryption_of(struct request *req, const struct dynamodb_SSESpecification *in,
                      const char **out_key)
{
    *out_key = NULL;
    if (in == NULL)
        return 0;
    bool enabled = VALUE_OR(in->Enabled, false);
    if (!enabled && (in->SSEType != NULL || in->KMSMasterKeyId != NULL))
        return ddb_invalid(req, INVALID
                           "SSEType/KMSMasterKeyId cannot be specified when encryption is off");
    if (enabled && in->SSEType != NULL && !str_eq(in->SSEType, "KMS"))
        return ddb_invalid(req, INVALID "SSEType %s is not supported", in->SSEType);
    if (!enabled)
        return 0;
    if (in->KMSMasterKeyId != NULL && str_starts(in->KMSMasterKeyId, "arn:"))
        *out_key = in->KMSMasterKeyId;
    else if (in->KMSMasterKeyId != NULL)
        *out_key =
            arn_make(&req->arena, "kms", req->region, req->account, "%s%s",
                     str_starts(in->KMSMasterKeyId, "alias/") ? "" : "key/", in->KMSMasterKeyId);
    else
        *out_key = arn_make(&req->arena, "kms", req->region, req->account, "alias/aws/dynamodb");
    return 0;
}
