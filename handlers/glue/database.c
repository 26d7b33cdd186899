/* Databases: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-catalog-databases.html */
#include "handlers/common/page_token.h"
#include "handlers/glue/operations.h"
#include "server/background.h"

enum { PAGE_MAX = 100, SWEEPS_AT_ONCE = 3 };

/* --- what dropped tables leave --- */

static void sweep_all(struct background_task *task, void *context)
{
    struct glue *g = context;

    do {
        while (!background_stopping(task) && glue_store_sweep(g->store))
            ;
        atomic_store(&g->sweeping, false);
        /* what was dropped just before that is still ours */
    } while (!background_stopping(task) && glue_store_sweep(g->store) &&
             !atomic_exchange(&g->sweeping, true));
}

void glue_sweep(struct glue *g)
{
    for (int i = 0; i < SWEEPS_AT_ONCE; i++) {
        if (!glue_store_sweep(g->store))
            return;
    }
    if (!atomic_exchange(&g->sweeping, true) &&
        !background_run(g->app->background, "glue sweep", sweep_all, g))
        atomic_store(&g->sweeping, false);
}

/* --- operations --- */

static int check_input(struct request *req, const struct glue_DatabaseInput *in)
{
    if (in->TargetDatabase)
        return aws_fail_unsupported(req, "DatabaseInput.TargetDatabase");
    if (in->FederatedDatabase)
        return aws_fail_unsupported(req, "DatabaseInput.FederatedDatabase");
    return 0;
}

/* The document of a database; where no permissions are given, those that AWS gives. */
static const char *document_of(struct request *req, const struct glue_DatabaseInput *in)
{
    static const char *all[] = {"ALL"};
    static const struct glue_DataLakePrincipal everybody = {.DataLakePrincipalIdentifier =
                                                                "IAM_ALLOWED_PRINCIPALS"};
    struct glue_DatabaseInput input = *in;
    struct glue_PrincipalPermissions *allowed =
        ARENA_NEW(&req->arena, struct glue_PrincipalPermissions);

    if (!input.CreateTableDefaultPermissions.items) {
        allowed->Principal = (struct glue_DataLakePrincipal *)&everybody;
        allowed->Permissions.items = all;
        allowed->Permissions.count = 1;
        input.CreateTableDefaultPermissions.items = allowed;
        input.CreateTableDefaultPermissions.count = 1;
    }
    return glue_document(&req->arena, "DatabaseInput", &input);
}

static void read_database(struct request *req, const struct glue_database_row *row,
                          const struct scope *scope, struct glue_Database *out)
{
    glue_read_document(row->document, "Database", &req->arena, out);
    out->Name = row->name;
    out->CreateTime = glue_seconds(row->created_ms);
    out->CatalogId = scope->account;
}

int glue_create_database(struct request *req, const struct glue_CreateDatabaseRequest *in,
                         struct glue_CreateDatabaseResponse *out)
{
    struct scope scope;
    struct glue_database_row row = {.name = glue_fold(&req->arena, in->DatabaseInput->Name),
                                    .created_ms = req->received_ms};
    enum store_status status;

    (void)out;
    if (glue_use_catalog(req, in->CatalogId, row.name, NULL, &scope) ||
        check_input(req, in->DatabaseInput))
        return -1;
    row.tags = glue_new_tags(req, &in->Tags);
    if (!row.tags)
        return -1;
    row.document = document_of(req, in->DatabaseInput);
    status = glue_database_create(glue_store_of(req), &scope, &row);
    if (status == STORE_EXISTS)
        return aws_fail(req, &glue_AlreadyExistsException, "Database already exists.");
    return status ? aws_fail_internal(req) : 0;
}

int glue_get_database(struct request *req, const struct glue_GetDatabaseRequest *in,
                      struct glue_GetDatabaseResponse *out)
{
    struct glue_database_place place;

    if (glue_use_database(req, in->CatalogId, in->Name, &place))
        return -1;
    out->Database = ARENA_NEW(&req->arena, struct glue_Database);
    read_database(req, &place.row, &place.scope, out->Database);
    return 0;
}

int glue_get_databases(struct request *req, const struct glue_GetDatabasesRequest *in,
                       struct glue_GetDatabasesResponse *out)
{
    size_t limit = (size_t)VALUE_OR(in->MaxResults, PAGE_MAX);
    struct glue_database_row *rows = ARENA_ARRAY(&req->arena, struct glue_database_row, limit);
    struct scope scope;
    const char *after;
    size_t count;
    bool more;

    if (glue_check_attributes(req, in->AttributesToGet.items, in->AttributesToGet.count) ||
        glue_use_catalog(req, in->CatalogId, NULL, NULL, &scope) ||
        glue_read_token(req, "GetDatabases", in->NextToken, &after))
        return -1;
    out->DatabaseList.items = ARENA_ARRAY(&req->arena, struct glue_Database, limit);
    /* nothing is shared with anybody here: of FOREIGN and FEDERATED ones there are none */
    if (in->ResourceShareType && !str_eq(in->ResourceShareType, "ALL"))
        return 0;
    if (glue_database_list(glue_store_of(req), &scope, after, limit, &req->arena, rows, &count,
                           &more))
        return aws_fail_internal(req);
    out->DatabaseList.count = count;
    for (size_t i = 0; i < count; i++) {
        if (in->AttributesToGet.items) /* NAME; a target, the other one, no database has here */
            out->DatabaseList.items[i].Name = rows[i].name;
        else
            read_database(req, &rows[i], &scope, &out->DatabaseList.items[i]);
    }
    if (more)
        out->NextToken = page_token_make(&req->arena, "GetDatabases", rows[count - 1].name);
    return 0;
}

int glue_update_database(struct request *req, const struct glue_UpdateDatabaseRequest *in,
                         struct glue_UpdateDatabaseResponse *out)
{
    struct glue_database_place place;
    enum store_status status;

    (void)out;
    if (glue_use_database(req, in->CatalogId, in->Name, &place) ||
        check_input(req, in->DatabaseInput))
        return -1;
    if (strcasecmp(in->DatabaseInput->Name, in->Name) != 0)
        return aws_fail(req, &glue_InvalidInputException, "Database cannot be renamed");
    status =
        glue_database_update(glue_store_of(req), place.row.id, document_of(req, in->DatabaseInput));
    return status ? glue_fail_database(req, status, place.row.name) : 0;
}

int glue_delete_database(struct request *req, const struct glue_DeleteDatabaseRequest *in,
                         struct glue_DeleteDatabaseResponse *out)
{
    struct glue_database_place place;
    enum store_status status;

    (void)out;
    if (glue_use_database(req, in->CatalogId, in->Name, &place))
        return -1;
    status = glue_database_delete(glue_store_of(req), place.row.id);
    if (status)
        return glue_fail_database(req, status, place.row.name);
    glue_sweep(glue_of(req->app));
    return 0;
}
