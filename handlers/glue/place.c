/* Which catalog, database and table an operation is about, and whether the caller may. */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/common/policy.h"
#include "handlers/glue/operations.h"

char *glue_fold(struct arena *a, const char *name)
{
    char *folded = arena_strdup(a, name);

    for (char *c = folded; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    return folded;
}

/* --- other accounts --- */

static bool no_condition(void *context, const char *key, struct policy_values *out)
{
    (void)context;
    (void)key;
    (void)out;
    return false;
}

static bool policy_allows(struct request *req, const struct policy *policy, const char *resource)
{
    const struct policy_caller caller = {
        .account = req->account,
        .arn = arena_printf(&req->arena, "arn:aws:iam::%s:root", req->account)};
    const struct policy_question question = {
        .caller = &caller,
        .action =
            arena_printf(&req->arena, "glue:%s", model_text(&glue_model, req->operation->name)),
        .resource = resource,
        .find = no_condition,
    };

    return policy_evaluate(policy, &question) == POLICY_ALLOW;
}

static int fail_access(struct request *req, const char *resource)
{
    const char *action = model_text(&glue_model, req->operation->name);

    return aws_fail(req, &glue_AccessDeniedException,
                    "User: arn:aws:iam::%s:root is not authorized to perform: glue:%s on resource: "
                    "%s because no resource-based policy allows the glue:%s action",
                    req->account, action, resource, action);
}

/* AWS: a policy must allow the table, its database and the catalog, all of them. */
static int check_access(struct request *req, const struct scope *scope, const char *database,
                        const char *table)
{
    const char *resources[] = {
        arn_make(&req->arena, "glue", scope->region, scope->account, "catalog"),
        database
            ? arn_make(&req->arena, "glue", scope->region, scope->account, "database/%s", database)
            : NULL,
        table ? arn_make(&req->arena, "glue", scope->region, scope->account, "table/%s/%s",
                         database, table)
              : NULL,
    };
    struct glue_policy_row row;
    const struct policy *policy = NULL;
    const char *problem;
    enum store_status status = glue_policy_find(glue_store_of(req), scope, &req->arena, &row);

    if (status && status != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (!status)
        policy = policy_parse(&req->arena, row.policy, strlen(row.policy), &problem);
    for (size_t i = 0; i < ARRAY_LEN(resources) && resources[i]; i++) {
        if (!policy || !policy_allows(req, policy, resources[i]))
            return fail_access(req, resources[i]);
    }
    return 0;
}

int glue_use_catalog(struct request *req, const char *catalog_id, const char *database,
                     const char *table, struct scope *out)
{
    *out = (struct scope){.account = req->account, .region = req->region};
    if (!catalog_id || str_eq(catalog_id, req->account))
        return 0;
    if (strlen(catalog_id) != 12 || strspn(catalog_id, "0123456789") != 12)
        return aws_fail(req, &glue_EntityNotFoundException, "Catalog %s not found.", catalog_id);
    out->account = catalog_id;
    return check_access(req, out, database, table);
}

/* --- databases and tables --- */

int glue_fail_database(struct request *req, enum store_status status, const char *name)
{
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &glue_EntityNotFoundException, "Database %s not found.", name);
    return aws_fail_internal(req);
}

int glue_fail_table(struct request *req, enum store_status status, const char *name)
{
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &glue_EntityNotFoundException, "Table %s not found.", name);
    return aws_fail_internal(req);
}

int glue_use_database(struct request *req, const char *catalog_id, const char *name,
                      struct glue_database_place *out)
{
    const char *folded = glue_fold(&req->arena, name);
    enum store_status status;

    if (glue_use_catalog(req, catalog_id, folded, NULL, &out->scope))
        return -1;
    status = glue_database_find(glue_store_of(req), &out->scope, folded, &req->arena, &out->row);
    return status ? glue_fail_database(req, status, folded) : 0;
}

int glue_use_table(struct request *req, const char *catalog_id, const char *database,
                   const char *name, struct glue_table_place *out)
{
    const char *folded_database = glue_fold(&req->arena, database);
    const char *folded = glue_fold(&req->arena, name);
    enum store_status status;

    if (glue_use_catalog(req, catalog_id, folded_database, folded, &out->scope))
        return -1;
    status = glue_table_find(glue_store_of(req), &out->scope, folded_database, folded, &req->arena,
                             &out->row);
    if (status == STORE_CONFLICT)
        return glue_fail_database(req, STORE_NOT_FOUND, folded_database);
    return status ? glue_fail_table(req, status, folded) : 0;
}

/* --- parts of operations --- */

int glue_check_attributes(struct request *req, const char *const *items, size_t count)
{
    if (!items)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (str_eq(items[i], "NAME"))
            return 0;
    }
    return aws_fail(req, &glue_InvalidInputException, "AttributesToGet must include NAME.");
}

int glue_read_token(struct request *req, const char *kind, const char *token,
                    const char **out_position)
{
    *out_position = token ? page_token_read(&req->arena, kind, token) : "";
    if (!*out_position)
        return aws_fail(req, &glue_InvalidInputException, "Invalid NextToken");
    return 0;
}

struct glue_ErrorDetail *glue_error_detail(struct request *req, const struct aws_error *error,
                                           const char *message)
{
    struct glue_ErrorDetail *detail = ARENA_NEW(&req->arena, struct glue_ErrorDetail);

    detail->ErrorCode = error->code;
    detail->ErrorMessage = message;
    return detail;
}
