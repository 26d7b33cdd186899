/*
 * Partition indexes: https://docs.aws.amazon.com/glue/latest/dg/partition-indexes.html
 *
 * Partitions lie in the order of their values, and every list passes over what can't match, so an
 * index changes nothing but what is told of the table. It is ACTIVE at once.
 */
#include "handlers/glue/operations.h"

static const struct glue_Column *find_key(const struct glue_ColumnList *keys, const char *name)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcasecmp(keys->items[i].Name, name) == 0)
            return &keys->items[i];
    }
    return NULL;
}

static int check_index(struct request *req, const struct glue_PartitionIndex *index,
                       const struct glue_ColumnList *keys, struct glue_index_row *out)
{
    const char **names = ARENA_ARRAY(&req->arena, const char *, index->Keys.count);

    for (size_t i = 0; i < index->Keys.count; i++) {
        const struct glue_Column *key = find_key(keys, index->Keys.items[i]);

        if (!key)
            return aws_fail(req, &glue_InvalidInputException,
                            "IndexKeys not a part of PartitionColumns. Verify the indexKeys : [%s]",
                            index->Keys.items[i]);
        names[i] = key->Name;
    }
    *out = (struct glue_index_row){
        .name = index->IndexName,
        .fields = glue_tuple_make(&req->arena, names, index->Keys.count),
    };
    return 0;
}

static int fail_exists(struct request *req, const char *name, const char *what)
{
    return aws_fail(req, &glue_AlreadyExistsException,
                    "Partition Index %s already exists with the same %s.", name, what);
}

static int fail_limit(struct request *req)
{
    return aws_fail(req, &glue_ResourceNumberLimitExceededException,
                    "Partition index limit exceeded. Maximum: %d", GLUE_INDEXES_MAX);
}

int glue_check_indexes(struct request *req, const struct glue_PartitionIndex *indexes, size_t count,
                       const struct glue_ColumnList *keys, struct glue_index_row *out)
{
    if (count > GLUE_INDEXES_MAX)
        return fail_limit(req);
    for (size_t i = 0; i < count; i++) {
        if (check_index(req, &indexes[i], keys, &out[i]))
            return -1;
        for (size_t k = 0; k < i; k++) {
            if (str_eq(out[k].name, out[i].name))
                return fail_exists(req, out[i].name, "name");
            if (str_eq(out[k].fields, out[i].fields))
                return fail_exists(req, out[k].name, "keys");
        }
    }
    return 0;
}

int glue_create_partition_index(struct request *req,
                                const struct glue_CreatePartitionIndexRequest *in,
                                struct glue_CreatePartitionIndexResponse *out)
{
    struct glue_table_place place;
    struct glue_Table table;
    struct glue_index_row index;
    const char *other = "";
    enum store_status status;

    (void)out;
    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    glue_read_table(&place.row, &place.scope, &req->arena, &table);
    if (check_index(req, in->PartitionIndex, &table.PartitionKeys, &index))
        return -1;
    status = glue_index_create(glue_store_of(req), place.row.id, &index, &req->arena, &other);
    switch (status) {
    case STORE_OK:
        return 0;
    case STORE_LIMIT:
        return fail_limit(req);
    case STORE_EXISTS:
        return fail_exists(req, other, "name");
    case STORE_CONFLICT:
        return fail_exists(req, other, "keys");
    default:
        return glue_fail_table(req, status, place.row.name);
    }
}

/* Keys as they are now; of one that the table no longer has the name alone is known. */
static struct glue_KeySchemaElementList fields_of(struct request *req, const char *fields,
                                                  const struct glue_ColumnList *keys)
{
    struct glue_texts names = glue_tuple_texts(&req->arena, fields);
    struct glue_KeySchemaElementList list = {
        .items = ARENA_ARRAY(&req->arena, struct glue_KeySchemaElement, names.count),
        .count = names.count};

    for (size_t i = 0; i < names.count; i++) {
        const struct glue_Column *key = find_key(keys, names.items[i]);

        list.items[i].Name = names.items[i];
        list.items[i].Type = key && key->Type ? key->Type : "";
    }
    return list;
}

int glue_get_partition_indexes(struct request *req,
                               const struct glue_GetPartitionIndexesRequest *in,
                               struct glue_GetPartitionIndexesResponse *out)
{
    struct glue_index_row rows[GLUE_INDEXES_MAX];
    struct glue_table_place place;
    struct glue_Table table;
    const char *after;
    size_t count;

    if (glue_read_token(req, "GetPartitionIndexes", in->NextToken, &after) ||
        glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    glue_read_table(&place.row, &place.scope, &req->arena, &table);
    if (glue_index_list(glue_store_of(req), place.row.id, &req->arena, rows, &count))
        return aws_fail_internal(req);
    out->PartitionIndexDescriptorList.items =
        ARENA_ARRAY(&req->arena, struct glue_PartitionIndexDescriptor, GLUE_INDEXES_MAX);
    out->PartitionIndexDescriptorList.count = count;
    for (size_t i = 0; i < count; i++) {
        struct glue_PartitionIndexDescriptor *d = &out->PartitionIndexDescriptorList.items[i];

        d->IndexName = rows[i].name;
        d->IndexStatus = "ACTIVE";
        d->Keys = fields_of(req, rows[i].fields, &table.PartitionKeys);
    }
    return 0;
}

int glue_delete_partition_index(struct request *req,
                                const struct glue_DeletePartitionIndexRequest *in,
                                struct glue_DeletePartitionIndexResponse *out)
{
    struct glue_table_place place;
    enum store_status status;

    (void)out;
    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    status = glue_index_delete(glue_store_of(req), place.row.id, in->IndexName);
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &glue_EntityNotFoundException,
                        "Index with the given indexName : %s does not exist.", in->IndexName);
    return status ? aws_fail_internal(req) : 0;
}
