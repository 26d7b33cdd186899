/*
 * The resource policy of a catalog, which lets other accounts in (place.c asks it), and what else
 * is said of a catalog as a whole.
 */
#include "handlers/common/policy.h"

#include "handlers/glue/operations.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

static struct scope own_scope(const struct request *req)
{
    return (struct scope){.account = req->account, .region = req->region};
}

static const char *hash_of(struct arena *a, const char *policy)
{
    uint8_t digest[MD5_LEN];
    char *text = arena_alloc(a, BASE64_LEN(MD5_LEN) + 1);

    md5(policy, strlen(policy), digest);
    base64_encode(digest, MD5_LEN, text);
    return text;
}

static int fail_missing(struct request *req)
{
    return aws_fail(req, &glue_EntityNotFoundException, "Policy not found");
}

/* The policy that is there; *out NULL where there is none. */
static int find_policy(struct request *req, struct glue_policy_row *row, const char **out)
{
    struct scope scope = own_scope(req);
    enum store_status status = glue_policy_find(glue_store_of(req), &scope, &req->arena, row);

    if (status && status != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    *out = status ? NULL : row->policy;
    return 0;
}

static int check_hash(struct request *req, const char *condition, const char *policy)
{
    if (condition && (!policy || !str_eq(condition, hash_of(&req->arena, policy))))
        return aws_fail(req, &glue_ConditionCheckFailureException,
                        "Policy hash condition failed. The policy hash provided did not match the "
                        "hash of the current policy.");
    return 0;
}

static int check_policy(struct request *req, const struct glue_PutResourcePolicyRequest *in)
{
    const char *problem = NULL;
    const struct policy *p =
        policy_parse(&req->arena, in->PolicyInJson, strlen(in->PolicyInJson), &problem);

    if (in->ResourceArn)
        return aws_fail_unsupported(req, "ResourceArn");
    if (!p)
        return aws_fail(req, &glue_InvalidInputException, "Policy is invalid: %s", problem);
    for (size_t i = 0; i < p->statement_count; i++) {
        if (!p->statements[i].principal_count)
            return aws_fail(req, &glue_InvalidInputException,
                            "Policy is invalid: Missing required field Principal");
    }
    return 0;
}

static int check_exists(struct request *req, const char *condition, const char *policy)
{
    if (!condition || str_eq(condition, "NONE"))
        return 0;
    if (str_eq(condition, "MUST_EXIST") && !policy)
        return aws_fail(req, &glue_ConditionCheckFailureException, "Policy does not exist.");
    if (str_eq(condition, "NOT_EXIST") && policy)
        return aws_fail(req, &glue_ConditionCheckFailureException, "Policy already exists.");
    return 0;
}

/* EnableHybrid says that Lake Formation's grants count, too; here there are none. */
int glue_put_resource_policy(struct request *req, const struct glue_PutResourcePolicyRequest *in,
                             struct glue_PutResourcePolicyResponse *out)
{
    struct scope scope = own_scope(req);
    struct glue_policy_row row;
    const char *old;
    enum store_status status;

    if (check_policy(req, in))
        return -1;
    do {
        if (find_policy(req, &row, &old) || check_exists(req, in->PolicyExistsCondition, old) ||
            check_hash(req, in->PolicyHashCondition, old))
            return -1;
        status =
            glue_policy_put(glue_store_of(req), &scope, old, in->PolicyInJson, req->received_ms);
    } while (status == STORE_CONFLICT);
    out->PolicyHash = hash_of(&req->arena, in->PolicyInJson);
    return status ? aws_fail_internal(req) : 0;
}

int glue_get_resource_policy(struct request *req, const struct glue_GetResourcePolicyRequest *in,
                             struct glue_GetResourcePolicyResponse *out)
{
    struct glue_policy_row row;
    const char *policy;

    if (in->ResourceArn)
        return aws_fail_unsupported(req, "ResourceArn");
    if (find_policy(req, &row, &policy))
        return -1;
    if (!policy)
        return fail_missing(req);
    out->PolicyInJson = policy;
    out->PolicyHash = hash_of(&req->arena, policy);
    out->CreateTime = glue_seconds(row.created_ms);
    out->UpdateTime = glue_seconds(row.updated_ms);
    return 0;
}

/* The catalog's own; there are none of single resources. */
int glue_get_resource_policies(struct request *req,
                               const struct glue_GetResourcePoliciesRequest *in,
                               struct glue_GetResourcePoliciesResponse *out)
{
    struct glue_policy_row row;
    const char *policy;
    const char *after;

    if (glue_read_token(req, "GetResourcePolicies", in->NextToken, &after) ||
        find_policy(req, &row, &policy))
        return -1;
    out->GetResourcePoliciesResponseList.items = ARENA_NEW(&req->arena, struct glue_GluePolicy);
    if (!policy)
        return 0;
    out->GetResourcePoliciesResponseList.count = 1;
    out->GetResourcePoliciesResponseList.items[0] = (struct glue_GluePolicy){
        .PolicyInJson = policy,
        .PolicyHash = hash_of(&req->arena, policy),
        .CreateTime = glue_seconds(row.created_ms),
        .UpdateTime = glue_seconds(row.updated_ms),
    };
    return 0;
}

int glue_delete_resource_policy(struct request *req,
                                const struct glue_DeleteResourcePolicyRequest *in,
                                struct glue_DeleteResourcePolicyResponse *out)
{
    struct scope scope = own_scope(req);
    struct glue_policy_row row;
    const char *policy;
    enum store_status status;

    (void)out;
    if (in->ResourceArn)
        return aws_fail_unsupported(req, "ResourceArn");
    do {
        if (find_policy(req, &row, &policy))
            return -1;
        if (!policy)
            return fail_missing(req);
        if (check_hash(req, in->PolicyHashCondition, policy))
            return -1;
        status = glue_policy_delete(glue_store_of(req), &scope, policy);
    } while (status == STORE_CONFLICT);
    return status ? aws_fail_internal(req) : 0;
}

/* --- the catalog as a whole --- */

/* Whether Athena's old catalog, which there never was here, has been moved to Glue. */
int glue_get_catalog_import_status(struct request *req,
                                   const struct glue_GetCatalogImportStatusRequest *in,
                                   struct glue_GetCatalogImportStatusResponse *out)
{
    struct scope scope;

    if (glue_use_catalog(req, in->CatalogId, NULL, NULL, &scope))
        return -1;
    out->ImportStatus = ARENA_NEW(&req->arena, struct glue_CatalogImportStatus);
    out->ImportStatus->ImportCompleted = SOME_BOOL(true);
    return 0;
}

/* Nothing is encrypted here, and nothing else can be asked for. */
int glue_get_data_catalog_encryption_settings(
    struct request *req, const struct glue_GetDataCatalogEncryptionSettingsRequest *in,
    struct glue_GetDataCatalogEncryptionSettingsResponse *out)
{
    struct glue_DataCatalogEncryptionSettings *settings =
        ARENA_NEW(&req->arena, struct glue_DataCatalogEncryptionSettings);
    struct scope scope;

    if (glue_use_catalog(req, in->CatalogId, NULL, NULL, &scope))
        return -1;
    settings->EncryptionAtRest = ARENA_NEW(&req->arena, struct glue_EncryptionAtRest);
    settings->EncryptionAtRest->CatalogEncryptionMode = "DISABLED";
    settings->ConnectionPasswordEncryption =
        ARENA_NEW(&req->arena, struct glue_ConnectionPasswordEncryption);
    settings->ConnectionPasswordEncryption->ReturnConnectionPasswordEncrypted = SOME_BOOL(false);
    out->DataCatalogEncryptionSettings = settings;
    return 0;
}

int glue_put_data_catalog_encryption_settings(
    struct request *req, const struct glue_PutDataCatalogEncryptionSettingsRequest *in,
    struct glue_PutDataCatalogEncryptionSettingsResponse *out)
{
    const struct glue_DataCatalogEncryptionSettings *s = in->DataCatalogEncryptionSettings;
    struct scope scope;

    (void)out;
    if (glue_use_catalog(req, in->CatalogId, NULL, NULL, &scope))
        return -1;
    if (s->EncryptionAtRest && !str_eq(s->EncryptionAtRest->CatalogEncryptionMode, "DISABLED"))
        return aws_fail_unsupported(req, "CatalogEncryptionMode other than DISABLED");
    if (s->ConnectionPasswordEncryption &&
        s->ConnectionPasswordEncryption->ReturnConnectionPasswordEncrypted.value)
        return aws_fail_unsupported(req, "ReturnConnectionPasswordEncrypted");
    return 0;
}
