/* User defined functions of Hive: kept for those that run them. */
#include "handlers/common/page_token.h"
#include "handlers/glue/operations.h"

enum { PAGE_MAX = 100 };

static int fail_function(struct request *req, enum store_status status)
{
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &glue_EntityNotFoundException, "Cannot find function.");
    return aws_fail_internal(req);
}

static void read_function(struct request *req, const struct glue_function_row *row,
                          const struct scope *scope, struct glue_UserDefinedFunction *out)
{
    glue_read_document(row->document, "UserDefinedFunction", &req->arena, out);
    out->FunctionName = row->name;
    out->DatabaseName = row->database;
    out->CreateTime = glue_seconds(row->created_ms);
    out->CatalogId = scope->account;
    out->FunctionType = row->type;
}

static const char *type_of(const struct glue_UserDefinedFunctionInput *in)
{
    return in->FunctionType ? in->FunctionType : "REGULAR_FUNCTION"; /* AWS's default */
}

static const char *document_of(struct request *req, const struct glue_UserDefinedFunctionInput *in)
{
    return glue_document(&req->arena, "UserDefinedFunctionInput", in);
}

int glue_create_user_defined_function(struct request *req,
                                      const struct glue_CreateUserDefinedFunctionRequest *in,
                                      struct glue_CreateUserDefinedFunctionResponse *out)
{
    struct glue_database_place place;
    struct glue_function_row row = {.created_ms = req->received_ms};
    enum store_status status;

    (void)out;
    if (!in->FunctionInput->FunctionName)
        return aws_fail(req, &glue_InvalidInputException, "FunctionName must not be null.");
    if (glue_use_database(req, in->CatalogId, in->DatabaseName, &place))
        return -1;
    row.name = glue_fold(&req->arena, in->FunctionInput->FunctionName);
    row.type = type_of(in->FunctionInput);
    row.document = document_of(req, in->FunctionInput);
    status = glue_function_create(glue_store_of(req), place.row.id, &row);
    if (status == STORE_EXISTS)
        return aws_fail(req, &glue_AlreadyExistsException, "Function already exists.");
    return status ? glue_fail_database(req, status, place.row.name) : 0;
}

static int use_function(struct request *req, const char *catalog_id, const char *database,
                        const char *name, struct scope *out_scope, struct glue_function_row *out)
{
    struct glue_database_place place;
    enum store_status status;

    if (glue_use_database(req, catalog_id, database, &place))
        return -1;
    *out_scope = place.scope;
    status = glue_function_find(glue_store_of(req), place.row.id, glue_fold(&req->arena, name),
                                &req->arena, out);
    return status ? fail_function(req, status) : 0;
}

int glue_get_user_defined_function(struct request *req,
                                   const struct glue_GetUserDefinedFunctionRequest *in,
                                   struct glue_GetUserDefinedFunctionResponse *out)
{
    struct glue_function_row row;
    struct scope scope;

    if (use_function(req, in->CatalogId, in->DatabaseName, in->FunctionName, &scope, &row))
        return -1;
    out->UserDefinedFunction = ARENA_NEW(&req->arena, struct glue_UserDefinedFunction);
    read_function(req, &row, &scope, out->UserDefinedFunction);
    return 0;
}

int glue_update_user_defined_function(struct request *req,
                                      const struct glue_UpdateUserDefinedFunctionRequest *in,
                                      struct glue_UpdateUserDefinedFunctionResponse *out)
{
    struct glue_function_row row;
    struct scope scope;
    const char *name = in->FunctionInput->FunctionName;
    enum store_status status;

    (void)out;
    if (name && strcasecmp(name, in->FunctionName) != 0)
        return aws_fail(req, &glue_InvalidInputException, "A function cannot be renamed.");
    if (use_function(req, in->CatalogId, in->DatabaseName, in->FunctionName, &scope, &row))
        return -1;
    status = glue_function_update(glue_store_of(req), row.id, type_of(in->FunctionInput),
                                  document_of(req, in->FunctionInput));
    return status ? fail_function(req, status) : 0;
}

int glue_delete_user_defined_function(struct request *req,
                                      const struct glue_DeleteUserDefinedFunctionRequest *in,
                                      struct glue_DeleteUserDefinedFunctionResponse *out)
{
    struct glue_function_row row;
    struct scope scope;
    enum store_status status;

    (void)out;
    if (use_function(req, in->CatalogId, in->DatabaseName, in->FunctionName, &scope, &row))
        return -1;
    status = glue_function_delete(glue_store_of(req), row.id);
    return status ? fail_function(req, status) : 0;
}

/* --- lists --- */

/* The database that is asked for; without one all of the catalog are. */
static int use_databases(struct request *req, const struct glue_GetUserDefinedFunctionsRequest *in,
                         struct scope *out_scope, int64_t *out_id)
{
    struct glue_database_place place = {0};

    if (!in->DatabaseName)
        return glue_use_catalog(req, in->CatalogId, NULL, NULL, out_scope);
    if (glue_use_database(req, in->CatalogId, in->DatabaseName, &place))
        return -1;
    *out_scope = place.scope;
    *out_id = place.row.id;
    return 0;
}

/* What must be the same on all pages. */
static const char *token_kind(struct request *req,
                              const struct glue_GetUserDefinedFunctionsRequest *in)
{
    struct glue_GetUserDefinedFunctionsRequest same = *in;

    same.NextToken = NULL;
    same.MaxResults.set = false;
    return arena_printf(&req->arena, "GetUserDefinedFunctions %s",
                        glue_document(&req->arena, "GetUserDefinedFunctionsRequest", &same));
}

/* A page ends with the names of a database and of a function in it. */
static int read_position(struct request *req, const struct glue_GetUserDefinedFunctionsRequest *in,
                         struct glue_filter *out)
{
    const char *position;
    struct glue_texts names;

    if (glue_read_token(req, token_kind(req, in), in->NextToken, &position))
        return -1;
    names = glue_tuple_texts(&req->arena, position);
    out->after_database = names.count == 2 ? names.items[0] : "";
    out->after = names.count == 2 ? names.items[1] : "";
    return 0;
}

static const char *position_of(struct request *req, const struct glue_function_row *row)
{
    return glue_tuple_make(&req->arena, (const char *[]){row->database, row->name}, 2);
}

int glue_get_user_defined_functions(struct request *req,
                                    const struct glue_GetUserDefinedFunctionsRequest *in,
                                    struct glue_GetUserDefinedFunctionsResponse *out)
{
    size_t limit = (size_t)VALUE_OR(in->MaxResults, PAGE_MAX);
    struct glue_function_row *rows = ARENA_ARRAY(&req->arena, struct glue_function_row, limit);
    struct glue_filter filter = {.type = in->FunctionType};
    struct scope scope;
    size_t count;
    bool more;

    if (use_databases(req, in, &scope, &filter.database_id) || read_position(req, in, &filter) ||
        glue_filter_names(req, in->Pattern, &filter))
        return -1;
    if (glue_function_list(glue_store_of(req), &scope, &filter, limit, &req->arena, rows, &count,
                           &more))
        return aws_fail_internal(req);
    out->UserDefinedFunctions.items =
        ARENA_ARRAY(&req->arena, struct glue_UserDefinedFunction, limit);
    out->UserDefinedFunctions.count = count;
    for (size_t i = 0; i < count; i++)
        read_function(req, &rows[i], &scope, &out->UserDefinedFunctions.items[i]);
    if (more)
        out->NextToken =
            page_token_make(&req->arena, token_kind(req, in), position_of(req, &rows[count - 1]));
    return 0;
}
