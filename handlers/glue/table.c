/* Tables: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-tables.html */
#include "handlers/common/page_token.h"
#include "handlers/glue/operations.h"

enum { PAGE_MAX = 100 };

static int invalid(struct request *req, const char *words)
{
    return aws_fail(req, &glue_InvalidInputException, "%s", words);
}

/* --- what a table may be --- */

int glue_check_storage(struct request *req, const struct glue_StorageDescriptor *sd)
{
    if (sd && sd->SchemaReference)
        return aws_fail_unsupported(req, "StorageDescriptor.SchemaReference");
    return 0;
}

static int check_input(struct request *req, const struct glue_TableInput *in, const char *name)
{
    if (!in)
        return invalid(req, "TableInput must not be null.");
    if (name && strcasecmp(name, in->Name) != 0)
        return invalid(req, "Name and TableInput.Name must be the same.");
    if (in->TargetTable)
        return aws_fail_unsupported(req, "TableInput.TargetTable");
    if (in->ViewDefinition)
        return aws_fail_unsupported(req, "TableInput.ViewDefinition");
    for (size_t i = 0; i < in->PartitionKeys.count; i++) {
        if (in->PartitionKeys.items[i].Parameters.count > 0)
            return invalid(req, "Parameters not supported for partition columns");
    }
    return glue_check_storage(req, in->StorageDescriptor);
}

static const char *document_of(struct request *req, const struct glue_TableInput *in)
{
    return glue_document(&req->arena, "TableInput", in);
}

/* --- operations --- */

static int check_create(struct request *req, const struct glue_CreateTableRequest *in)
{
    if (in->TransactionId)
        return aws_fail_unsupported(req, "TransactionId");
    if (in->OpenTableFormatInput)
        return aws_fail_unsupported(req, "OpenTableFormatInput");
    return check_input(req, in->TableInput, in->Name);
}

/* Of a table that is named beside its database, or is not there yet. */
static int check_table_access(struct request *req, const char *catalog_id, const char *database,
                              const char *name)
{
    struct scope scope;

    return glue_use_catalog(req, catalog_id, database, glue_fold(&req->arena, name), &scope);
}

int glue_create_table(struct request *req, const struct glue_CreateTableRequest *in,
                      struct glue_CreateTableResponse *out)
{
    struct glue_index_row indexes[GLUE_INDEXES_MAX];
    struct glue_database_place database;
    struct glue_table_row row = {.created_ms = req->received_ms};
    enum store_status status;

    (void)out;
    if (check_create(req, in) ||
        glue_use_database(req, in->CatalogId, in->DatabaseName, &database) ||
        check_table_access(req, in->CatalogId, database.row.name, in->TableInput->Name) ||
        glue_check_indexes(req, in->PartitionIndexes.items, in->PartitionIndexes.count,
                           &in->TableInput->PartitionKeys, indexes))
        return -1;
    row.name = glue_fold(&req->arena, in->TableInput->Name);
    row.created_by = arena_printf(&req->arena, "arn:aws:iam::%s:root", req->account);
    row.document = document_of(req, in->TableInput);
    status = glue_table_create(glue_store_of(req), database.row.id, &row, indexes,
                               in->PartitionIndexes.count);
    if (status == STORE_EXISTS)
        return aws_fail(req, &glue_AlreadyExistsException, "Table already exists.");
    return status ? glue_fail_database(req, status, database.row.name) : 0;
}

static int check_read(struct request *req, const char *transaction, struct maybe_time as_of)
{
    if (transaction)
        return aws_fail_unsupported(req, "TransactionId");
    if (as_of.set)
        return aws_fail_unsupported(req, "QueryAsOfTime");
    return 0;
}

int glue_get_table(struct request *req, const struct glue_GetTableRequest *in,
                   struct glue_GetTableResponse *out)
{
    const char *database = glue_fold(&req->arena, in->DatabaseName);
    const char *name = glue_fold(&req->arena, in->Name);
    struct glue_table_row row;
    struct scope scope;
    enum store_status status;

    if (check_read(req, in->TransactionId, in->QueryAsOfTime) ||
        glue_use_catalog(req, in->CatalogId, database, name, &scope))
        return -1;
    status = glue_table_find(glue_store_of(req), &scope, database, name, &req->arena, &row);
    /* AWS: of this operation alone, which says more of databases and in the other operations */
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &glue_EntityNotFoundException, "Entity Not Found");
    if (status == STORE_CONFLICT)
        return glue_fail_database(req, STORE_NOT_FOUND, database);
    if (status)
        return aws_fail_internal(req);
    out->Table = ARENA_NEW(&req->arena, struct glue_Table);
    glue_read_table(&row, &scope, &req->arena, out->Table);
    return 0;
}

/* --- GetTables --- */

/* AttributesToGet: these of a table, and no others. */
static void keep_attributes(const struct glue_TableAttributesList *wanted, struct glue_Table *t)
{
    struct glue_Table kept = {.Name = t->Name};

    for (size_t i = 0; i < wanted->count; i++) {
        if (str_eq(wanted->items[i], "TABLE_TYPE"))
            kept.TableType = t->TableType;
    }
    if (wanted->items)
        *t = kept;
}

/* What must be the same on all pages. */
static const char *token_kind(struct request *req, const struct glue_GetTablesRequest *in,
                              const struct glue_database_place *place)
{
    return arena_printf(&req->arena, "GetTables %" PRId64 " %s", place->row.id,
                        in->Expression ? in->Expression : "");
}

static int list_tables(struct request *req, const struct glue_GetTablesRequest *in,
                       const struct glue_database_place *place, const struct glue_filter *filter,
                       struct glue_GetTablesResponse *out)
{
    size_t limit = (size_t)VALUE_OR(in->MaxResults, PAGE_MAX);
    struct glue_table_row *rows = ARENA_ARRAY(&req->arena, struct glue_table_row, limit);
    size_t count;
    bool more;

    if (glue_table_list(glue_store_of(req), &place->scope, filter, limit, &req->arena, rows, &count,
                        &more))
        return aws_fail_internal(req);
    out->TableList.items = ARENA_ARRAY(&req->arena, struct glue_Table, limit);
    out->TableList.count = count;
    for (size_t i = 0; i < count; i++) {
        glue_read_table(&rows[i], &place->scope, &req->arena, &out->TableList.items[i]);
        keep_attributes(&in->AttributesToGet, &out->TableList.items[i]);
    }
    if (more)
        out->NextToken =
            page_token_make(&req->arena, token_kind(req, in, place), rows[count - 1].name);
    return 0;
}

int glue_get_tables(struct request *req, const struct glue_GetTablesRequest *in,
                    struct glue_GetTablesResponse *out)
{
    struct glue_database_place place;
    struct glue_filter filter = {0};

    if (check_read(req, in->TransactionId, in->QueryAsOfTime) ||
        glue_check_attributes(req, in->AttributesToGet.items, in->AttributesToGet.count) ||
        glue_use_database(req, in->CatalogId, in->DatabaseName, &place) ||
        glue_read_token(req, token_kind(req, in, &place), in->NextToken, &filter.after))
        return -1;
    filter.database_id = place.row.id;
    if (in->Expression && *in->Expression && glue_filter_names(req, in->Expression, &filter))
        return -1;
    return list_tables(req, in, &place, &filter, out);
}

/* --- UpdateTable --- */

static int check_update(struct request *req, const struct glue_UpdateTableRequest *in)
{
    if (in->TransactionId)
        return aws_fail_unsupported(req, "TransactionId");
    if (in->ViewUpdateAction)
        return aws_fail_unsupported(req, "ViewUpdateAction");
    if (in->UpdateOpenTableFormatInput)
        return aws_fail_unsupported(req, "UpdateOpenTableFormatInput");
    return check_input(req, in->TableInput, in->Name);
}

/* -1 where none is given, -2 for what is no version: no table has it. */
static int64_t expected_version(const char *text)
{
    char *end;
    long long version;

    if (!text)
        return -1;
    errno = 0;
    version = strtoll(text, &end, 10);
    return errno || *end || end == text || version < 0 ? -2 : version;
}

int glue_update_table(struct request *req, const struct glue_UpdateTableRequest *in,
                      struct glue_UpdateTableResponse *out)
{
    struct glue_table_place place;
    struct glue_table_change change = {
        .expected_version = expected_version(in->VersionId),
        .archive = !VALUE_OR(in->SkipArchive, false),
        .updated_ms = req->received_ms,
    };
    enum store_status status;

    (void)out;
    if (check_update(req, in) ||
        glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableInput->Name, &place))
        return -1;
    change.document = document_of(req, in->TableInput);
    status = change.expected_version == -2
                 ? STORE_CONFLICT
                 : glue_table_update(glue_store_of(req), place.row.id, &change);
    if (status == STORE_CONFLICT)
        return aws_fail(req, &glue_ConcurrentModificationException,
                        "Update table failed due to concurrent modifications.");
    return status ? glue_fail_table(req, status, place.row.name) : 0;
}

/* --- DeleteTable --- */

int glue_delete_table(struct request *req, const struct glue_DeleteTableRequest *in,
                      struct glue_DeleteTableResponse *out)
{
    struct glue_table_place place;
    enum store_status status;

    (void)out;
    if (check_read(req, in->TransactionId, (struct maybe_time){0}) ||
        glue_use_table(req, in->CatalogId, in->DatabaseName, in->Name, &place))
        return -1;
    status = glue_table_delete(glue_store_of(req), place.row.id);
    if (status)
        return glue_fail_table(req, status, place.row.name);
    glue_sweep(glue_of(req->app));
    return 0;
}

static enum store_status delete_named(struct request *req, const struct scope *scope,
                                      const char *database, const char *name)
{
    struct glue_table_row row;
    enum store_status status =
        glue_table_find(glue_store_of(req), scope, database, name, &req->arena, &row);

    return status ? status : glue_table_delete(glue_store_of(req), row.id);
}

int glue_batch_delete_table(struct request *req, const struct glue_BatchDeleteTableRequest *in,
                            struct glue_BatchDeleteTableResponse *out)
{
    struct glue_database_place place;

    if (check_read(req, in->TransactionId, (struct maybe_time){0}) ||
        glue_use_database(req, in->CatalogId, in->DatabaseName, &place))
        return -1;
    for (size_t i = 0; i < in->TablesToDelete.count; i++) {
        if (check_table_access(req, in->CatalogId, place.row.name, in->TablesToDelete.items[i]))
            return -1;
    }
    out->Errors.items =
        ARENA_ARRAY(&req->arena, struct glue_TableError, in->TablesToDelete.count + 1);
    for (size_t i = 0; i < in->TablesToDelete.count; i++) {
        const char *name = glue_fold(&req->arena, in->TablesToDelete.items[i]);
        enum store_status status = delete_named(req, &place.scope, place.row.name, name);
        struct glue_TableError *error = &out->Errors.items[out->Errors.count];

        if (!status)
            continue;
        if (status == STORE_FAILED)
            return aws_fail_internal(req);
        error->TableName = name;
        /* AWS: without the full stop that it has elsewhere */
        error->ErrorDetail =
            glue_error_detail(req, &glue_EntityNotFoundException,
                              arena_printf(&req->arena, "Table %s not found", name));
        out->Errors.count++;
    }
    glue_sweep(glue_of(req->app));
    return 0;
}
