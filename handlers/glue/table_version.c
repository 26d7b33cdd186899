/* Versions of tables: the newest is the table itself, others are what UpdateTable archived. */
#include "handlers/common/page_token.h"
#include "handlers/glue/operations.h"

enum { PAGE_MAX = 100 };

static int fail_version(struct request *req, enum store_status status)
{
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &glue_EntityNotFoundException, "Version not found.");
    return aws_fail_internal(req);
}

/* AWS: a version is a number as text. */
static int read_version(struct request *req, const char *text, int64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoll(text, &end, 10);
    if (errno || *end || end == text)
        return aws_fail(req, &glue_InvalidInputException, "Version %s is not an integer.", text);
    return 0;
}

static void read_table_version(struct request *req, const struct glue_table_row *row,
                               const struct scope *scope, struct glue_TableVersion *out)
{
    out->Table = ARENA_NEW(&req->arena, struct glue_Table);
    glue_read_table(row, scope, &req->arena, out->Table);
    out->VersionId = out->Table->VersionId;
}

int glue_get_table_version(struct request *req, const struct glue_GetTableVersionRequest *in,
                           struct glue_GetTableVersionResponse *out)
{
    struct glue_table_place place;
    int64_t version;
    enum store_status status;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    if (in->VersionId) {
        if (read_version(req, in->VersionId, &version))
            return -1;
        status =
            glue_version_find(glue_store_of(req), place.row.id, version, &req->arena, &place.row);
        if (status)
            return fail_version(req, status);
    }
    out->TableVersion = ARENA_NEW(&req->arena, struct glue_TableVersion);
    read_table_version(req, &place.row, &place.scope, out->TableVersion);
    return 0;
}

int glue_get_table_versions(struct request *req, const struct glue_GetTableVersionsRequest *in,
                            struct glue_GetTableVersionsResponse *out)
{
    size_t limit = (size_t)VALUE_OR(in->MaxResults, PAGE_MAX);
    struct glue_table_row *rows = ARENA_ARRAY(&req->arena, struct glue_table_row, limit);
    struct glue_table_place place;
    const char *kind;
    const char *position;
    size_t count;
    bool more;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    kind = arena_printf(&req->arena, "GetTableVersions %" PRId64, place.row.id);
    if (glue_read_token(req, kind, in->NextToken, &position))
        return -1;
    if (glue_version_list(glue_store_of(req), place.row.id,
                          *position ? strtoll(position, NULL, 10) : INT64_MAX, limit, &req->arena,
                          rows, &count, &more))
        return aws_fail_internal(req);
    out->TableVersions.items = ARENA_ARRAY(&req->arena, struct glue_TableVersion, limit);
    out->TableVersions.count = count;
    for (size_t i = 0; i < count; i++)
        read_table_version(req, &rows[i], &place.scope, &out->TableVersions.items[i]);
    if (more)
        out->NextToken =
            page_token_make(&req->arena, kind, out->TableVersions.items[count - 1].VersionId);
    return 0;
}

static const char CURRENT[] = "The current version of a table cannot be deleted.";

int glue_delete_table_version(struct request *req, const struct glue_DeleteTableVersionRequest *in,
                              struct glue_DeleteTableVersionResponse *out)
{
    struct glue_table_place place;
    int64_t version;
    enum store_status status;

    (void)out;
    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place) ||
        read_version(req, in->VersionId, &version))
        return -1;
    status = glue_version_delete(glue_store_of(req), place.row.id, version);
    if (status == STORE_CONFLICT)
        return aws_fail(req, &glue_InvalidInputException, "%s", CURRENT);
    return status ? fail_version(req, status) : 0;
}

static struct glue_ErrorDetail *detail_of(struct request *req, enum store_status status)
{
    return status == STORE_CONFLICT
               ? glue_error_detail(req, &glue_InvalidInputException, CURRENT)
               : glue_error_detail(req, &glue_EntityNotFoundException, "Version not found.");
}

int glue_batch_delete_table_version(struct request *req,
                                    const struct glue_BatchDeleteTableVersionRequest *in,
                                    struct glue_BatchDeleteTableVersionResponse *out)
{
    size_t count = in->VersionIds.count;
    int64_t *versions = ARENA_ARRAY(&req->arena, int64_t, count);
    struct glue_table_place place;

    if (glue_use_table(req, in->CatalogId, in->DatabaseName, in->TableName, &place))
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (read_version(req, in->VersionIds.items[i], &versions[i]))
            return -1;
    }
    out->Errors.items = ARENA_ARRAY(&req->arena, struct glue_TableVersionError, count + 1);
    for (size_t i = 0; i < count; i++) {
        enum store_status status =
            glue_version_delete(glue_store_of(req), place.row.id, versions[i]);

        if (status == STORE_FAILED)
            return aws_fail_internal(req);
        if (status)
            out->Errors.items[out->Errors.count++] = (struct glue_TableVersionError){
                .TableName = place.row.name,
                .VersionId = in->VersionIds.items[i],
                .ErrorDetail = detail_of(req, status),
            };
    }
    return 0;
}
