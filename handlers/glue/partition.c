/* Single partitions, and batches of them:
 * https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-partitions.html */
#include "handlers/common/page_token.h"
#include "handlers/glue/operations.h"

static const char NOT_FOUND[] = "Cannot find partition.";
static const char EXISTS[] = "Partition already exists.";

/* --- what a partition may be --- */

static int check_values(struct request *req, const struct glue_Table *table, size_t count)
{
    if (table->PartitionKeys.count == 0)
        return aws_fail(req, &glue_InvalidInputException, "Table %s has no partition keys.",
                        table->Name);
    if (count != table->PartitionKeys.count)
        return aws_fail(req, &glue_InvalidInputException,
                        "The number of partition keys do not match the number of partition values");
    return 0;
}

static int make_row(struct request *req, const struct glue_Table *table,
                    const struct glue_PartitionInput *in, struct glue_partition_row *out)
{
    struct glue_PartitionInput kept = *in;

    if (check_values(req, table, in->Values.count) ||
        glue_check_storage(req, in->StorageDescriptor))
        return -1;
    kept.Values.items = NULL; /* they are the row's key */
    *out = (struct glue_partition_row){
        .tuple = glue_tuple_make(&req->arena, in->Values.items, in->Values.count),
        .created_ms = req->received_ms,
        .document = glue_document(&req->arena, "PartitionInput", &kept),
    };
    if (strlen(out->tuple) > PAGE_POSITION_MAX)
        return aws_fail(req, &glue_InvalidInputException,
                        "The partition values are longer than %d bytes.", PAGE_POSITION_MAX);
    return 0;
}

/* The table, whole. */
static int use_table(struct request *req, const char *catalog_id, const char *database,
                     const char *name, struct glue_table_place *out, struct glue_Table *out_table)
{
    if (glue_use_table(req, catalog_id, database, name, out))
        return -1;
    glue_read_table(&out->row, &out->scope, &req->arena, out_table);
    return 0;
}

static int fail_partition(struct request *req, enum store_status status)
{
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &glue_EntityNotFoundException, "%s", NOT_FOUND);
    if (status == STORE_EXISTS)
        return aws_fail(req, &glue_AlreadyExistsException, "%s", EXISTS);
    return aws_fail_internal(req);
}

/* The same for one of a batch. */
static struct glue_ErrorDetail *detail_of(struct request *req, enum store_status status)
{
    return status == STORE_EXISTS
               ? glue_error_detail(req, &glue_AlreadyExistsException, EXISTS)
               : glue_error_detail(req, &glue_EntityNotFoundException, NOT_FOUND);
}

/* --- making --- */

int glue_create_partition(struct request *req, const struct glue_CreatePartitionRequest *in,
                          struct glue_CreatePartitionResponse *out)
{
    struct glue_table_place place;
    struct glue_Table table;
    struct glue_partition_row row;
    bool there = false;
    enum store_status status;

    (void)out;
    if (use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place, &table) ||
        make_row(req, &table, in->PartitionInput, &row))
        return -1;
    status = glue_partitions_create(glue_store_of(req), place.row.id, &row, 1, &there);
    if (status)
        return glue_fail_table(req, status, place.row.name);
    return there ? fail_partition(req, STORE_EXISTS) : 0;
}

int glue_batch_create_partition(struct request *req,
                                const struct glue_BatchCreatePartitionRequest *in,
                                struct glue_BatchCreatePartitionResponse *out)
{
    size_t count = in->PartitionInputList.count;
    struct glue_partition_row *rows = ARENA_ARRAY(&req->arena, struct glue_partition_row, count);
    bool *there = ARENA_ARRAY(&req->arena, bool, count);
    struct glue_table_place place;
    struct glue_Table table;
    enum store_status status;

    if (use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place, &table))
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (make_row(req, &table, &in->PartitionInputList.items[i], &rows[i]))
            return -1;
    }
    status = glue_partitions_create(glue_store_of(req), place.row.id, rows, count, there);
    if (status)
        return glue_fail_table(req, status, place.row.name);
    out->Errors.items = ARENA_ARRAY(&req->arena, struct glue_PartitionError, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (there[i])
            out->Errors.items[out->Errors.count++] = (struct glue_PartitionError){
                .PartitionValues = in->PartitionInputList.items[i].Values,
                .ErrorDetail = detail_of(req, STORE_EXISTS),
            };
    }
    return 0;
}

/* --- finding --- */

/* Adds the bytes of its values and its document to *bytes. */
static enum store_status find(struct request *req, const struct glue_table_place *place,
                              const struct glue_ValueStringList *values, size_t *bytes,
                              struct glue_Partition *out)
{
    struct glue_partition_row row;
    enum store_status status = glue_partition_find(
        glue_store_of(req), place->row.id,
        glue_tuple_make(&req->arena, values->items, values->count), &req->arena, &row);

    if (!status) {
        glue_read_partition(&row, place, &req->arena, out);
        *bytes += strlen(row.tuple) + strlen(row.document);
    }
    return status;
}

int glue_get_partition(struct request *req, const struct glue_GetPartitionRequest *in,
                       struct glue_GetPartitionResponse *out)
{
    struct glue_table_place place;
    size_t bytes = 0;
    enum store_status status;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    out->Partition = ARENA_NEW(&req->arena, struct glue_Partition);
    status = find(req, &place, &in->PartitionValues, &bytes, out->Partition);
    return status ? fail_partition(req, status) : 0;
}

/* AWS: what is not there is passed over without a word; what does not fit into the answer is to be
 * asked for again. */
int glue_batch_get_partition(struct request *req, const struct glue_BatchGetPartitionRequest *in,
                             struct glue_BatchGetPartitionResponse *out)
{
    const struct glue_PartitionValueList *keys = in->PartitionsToGet.items;
    const size_t count = in->PartitionsToGet.count;
    struct glue_table_place place;
    size_t bytes = 0;
    size_t i;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    out->Partitions.items = ARENA_ARRAY(&req->arena, struct glue_Partition, count + 1);
    out->UnprocessedKeys.items =
        ARENA_ARRAY(&req->arena, struct glue_PartitionValueList, count + 1);
    for (i = 0; i < count && bytes <= GLUE_PAGE_BYTES; i++) {
        enum store_status status = find(req, &place, &keys[i].Values, &bytes,
                                        &out->Partitions.items[out->Partitions.count]);

        if (status && status != STORE_NOT_FOUND)
            return aws_fail_internal(req);
        out->Partitions.count += status == STORE_OK;
    }
    for (; i < count; i++)
        out->UnprocessedKeys.items[out->UnprocessedKeys.count++] = keys[i];
    return 0;
}

/* --- changing --- */

static enum store_status update(struct request *req, const struct glue_table_place *place,
                                const struct glue_BoundedPartitionValueList *values,
                                const struct glue_partition_row *row)
{
    return glue_partition_update(glue_store_of(req), place->row.id,
                                 glue_tuple_make(&req->arena, values->items, values->count), row);
}

/* The new row; values that are not given stay. */
static int make_update(struct request *req, const struct glue_Table *table,
                       const struct glue_BoundedPartitionValueList *values,
                       const struct glue_PartitionInput *in, struct glue_partition_row *out)
{
    struct glue_PartitionInput whole = *in;

    if (!whole.Values.items) {
        whole.Values.items = values->items;
        whole.Values.count = values->count;
    }
    return make_row(req, table, &whole, out);
}

int glue_update_partition(struct request *req, const struct glue_UpdatePartitionRequest *in,
                          struct glue_UpdatePartitionResponse *out)
{
    struct glue_table_place place;
    struct glue_Table table;
    struct glue_partition_row row;
    enum store_status status;

    (void)out;
    if (use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place, &table) ||
        make_update(req, &table, &in->PartitionValueList, in->PartitionInput, &row))
        return -1;
    status = update(req, &place, &in->PartitionValueList, &row);
    return status ? fail_partition(req, status) : 0;
}

int glue_batch_update_partition(struct request *req,
                                const struct glue_BatchUpdatePartitionRequest *in,
                                struct glue_BatchUpdatePartitionResponse *out)
{
    struct glue_table_place place;
    struct glue_Table table;
    size_t count = in->Entries.count;
    struct glue_partition_row *rows = ARENA_ARRAY(&req->arena, struct glue_partition_row, count);

    if (use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place, &table))
        return -1;
    for (size_t i = 0; i < count; i++) {
        const struct glue_BatchUpdatePartitionRequestEntry *e = &in->Entries.items[i];

        if (make_update(req, &table, &e->PartitionValueList, e->PartitionInput, &rows[i]))
            return -1;
    }
    out->Errors.items =
        ARENA_ARRAY(&req->arena, struct glue_BatchUpdatePartitionFailureEntry, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct glue_BoundedPartitionValueList *values =
            &in->Entries.items[i].PartitionValueList;
        enum store_status status = update(req, &place, values, &rows[i]);

        if (status == STORE_FAILED)
            return aws_fail_internal(req);
        if (status)
            out->Errors.items[out->Errors.count++] = (struct glue_BatchUpdatePartitionFailureEntry){
                .PartitionValueList = *values, .ErrorDetail = detail_of(req, status)};
    }
    return 0;
}

/* --- removing --- */

static enum store_status delete_one(struct request *req, const struct glue_table_place *place,
                                    const struct glue_ValueStringList *values)
{
    return glue_partition_delete(glue_store_of(req), place->row.id,
                                 glue_tuple_make(&req->arena, values->items, values->count));
}

int glue_delete_partition(struct request *req, const struct glue_DeletePartitionRequest *in,
                          struct glue_DeletePartitionResponse *out)
{
    struct glue_table_place place;
    enum store_status status;

    (void)out;
    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    status = delete_one(req, &place, &in->PartitionValues);
    return status ? fail_partition(req, status) : 0;
}

int glue_batch_delete_partition(struct request *req,
                                const struct glue_BatchDeletePartitionRequest *in,
                                struct glue_BatchDeletePartitionResponse *out)
{
    struct glue_table_place place;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    out->Errors.items =
        ARENA_ARRAY(&req->arena, struct glue_PartitionError, in->PartitionsToDelete.count + 1);
    for (size_t i = 0; i < in->PartitionsToDelete.count; i++) {
        const struct glue_ValueStringList *values = &in->PartitionsToDelete.items[i].Values;
        enum store_status status = delete_one(req, &place, values);

        if (status == STORE_FAILED)
            return aws_fail_internal(req);
        if (status)
            out->Errors.items[out->Errors.count++] = (struct glue_PartitionError){
                .PartitionValues = *values, .ErrorDetail = detail_of(req, status)};
    }
    return 0;
}
