/* What an account has once: its alias and its policy for passwords; and what it has in numbers.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html */
#include "handlers/iam/iam_parts.h"
#include "server/model/stored.h"

/* --- the alias --- */

/* AWS: a second alias takes the place of the first, and an account's own alias is taken too. */
int iam_create_account_alias(struct request *req, const struct iam_CreateAccountAliasRequest *in,
                             struct iam_CreateAccountAliasOutput *out)
{
    enum store_status status =
        iam_alias_set(iam_store_of(req->app), req->account, in->AccountAlias);

    (void)out;
    if (status == STORE_EXISTS)
        return aws_fail(req, &iam_EntityAlreadyExistsException,
                        "The account alias %s already exists.", in->AccountAlias);
    return status ? aws_fail_internal(req) : 0;
}

int iam_delete_account_alias(struct request *req, const struct iam_DeleteAccountAliasRequest *in,
                             struct iam_DeleteAccountAliasOutput *out)
{
    enum store_status status =
        iam_alias_remove(iam_store_of(req->app), req->account, in->AccountAlias);

    (void)out;
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &iam_NoSuchEntityException, "The account alias %s cannot be found.",
                        in->AccountAlias);
    return status ? aws_fail_internal(req) : 0;
}

int iam_list_account_aliases(struct request *req, const struct iam_ListAccountAliasesRequest *in,
                             struct iam_ListAccountAliasesResponse *out)
{
    struct iam_page page;
    const char *alias;
    enum store_status status;

    if (iam_page_begin(req, "iam:ListAccountAliases", in->Marker, in->MaxItems, &page))
        return -1;
    out->AccountAliases.items = ARENA_ARRAY(&req->arena, const char *, 1);
    status = iam_alias_get(iam_store_of(req->app), req->account, &req->arena, &alias);
    if (status && status != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (!status)
        out->AccountAliases.items[out->AccountAliases.count++] = alias;
    out->Marker = iam_page_end(req, &page, false, "", &out->IsTruncated);
    return 0;
}

/* --- the policy for passwords --- */

enum { PASSWORD_MIN_DEFAULT = 6 };

static const struct shape *password_policy(void)
{
    return model_structure(&iam_model, "PasswordPolicy");
}

/* AWS: what a request leaves out is reset to its default, not kept. */
int iam_update_account_password_policy(struct request *req,
                                       const struct iam_UpdateAccountPasswordPolicyRequest *in,
                                       struct iam_UpdateAccountPasswordPolicyOutput *out)
{
    struct iam_PasswordPolicy policy = {
        .MinimumPasswordLength =
            SOME_INT(VALUE_OR(in->MinimumPasswordLength, PASSWORD_MIN_DEFAULT)),
        .RequireSymbols = SOME_BOOL(VALUE_OR(in->RequireSymbols, false)),
        .RequireNumbers = SOME_BOOL(VALUE_OR(in->RequireNumbers, false)),
        .RequireUppercaseCharacters = SOME_BOOL(VALUE_OR(in->RequireUppercaseCharacters, false)),
        .RequireLowercaseCharacters = SOME_BOOL(VALUE_OR(in->RequireLowercaseCharacters, false)),
        .AllowUsersToChangePassword = SOME_BOOL(VALUE_OR(in->AllowUsersToChangePassword, false)),
        .ExpirePasswords = SOME_BOOL(in->MaxPasswordAge.set),
        .MaxPasswordAge = in->MaxPasswordAge,
        .PasswordReusePrevention = in->PasswordReusePrevention,
        .HardExpiry = in->HardExpiry,
    };
    const char *json = stored_to_json(&iam_model, password_policy(), &policy, &req->arena);

    (void)out;
    return iam_password_policy_set(iam_store_of(req->app), req->account, json)
               ? aws_fail_internal(req)
               : 0;
}

enum store_status iam_find_password_policy(struct request *req, struct iam_PasswordPolicy *out)
{
    const char *json;
    enum store_status status =
        iam_password_policy_get(iam_store_of(req->app), req->account, &req->arena, &json);

    if (!status && !stored_from_json(&iam_model, password_policy(), json, &req->arena, out))
        return STORE_FAILED;
    return status;
}

int iam_get_account_password_policy(struct request *req,
                                    const struct iam_GetAccountPasswordPolicyInput *in,
                                    struct iam_GetAccountPasswordPolicyResponse *out)
{
    enum store_status status;

    (void)in;
    out->PasswordPolicy = ARENA_NEW(&req->arena, struct iam_PasswordPolicy);
    status = iam_find_password_policy(req, out->PasswordPolicy);
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &iam_NoSuchEntityException,
                        "The Password Policy with domain name %s cannot be found.", req->account);
    return status ? aws_fail_internal(req) : 0;
}

int iam_delete_account_password_policy(struct request *req,
                                       const struct iam_DeleteAccountPasswordPolicyInput *in,
                                       struct iam_DeleteAccountPasswordPolicyOutput *out)
{
    enum store_status status = iam_password_policy_remove(iam_store_of(req->app), req->account);

    (void)in;
    (void)out;
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &iam_NoSuchEntityException,
                        "The account policy with name PasswordPolicy cannot be found.");
    return status ? aws_fail_internal(req) : 0;
}

/* --- GetAccountSummary --- */

int iam_get_account_summary(struct request *req, const struct iam_GetAccountSummaryInput *in,
                            struct iam_GetAccountSummaryResponse *out)
{
    struct iam_counts counts;

    (void)in;
    if (iam_count(iam_store_of(req->app), req->account, &counts))
        return aws_fail_internal(req);
    /* What is not built (devices, certificates, what the root has) there is none of. */
    const struct {
        const char *key;
        int64_t value;
    } summary[] = {
        {"Users", counts.users},
        {"UsersQuota", iam_kind_max(IAM_USER)},
        {"Groups", counts.groups},
        {"GroupsQuota", iam_kind_max(IAM_GROUP)},
        {"Roles", counts.roles},
        {"RolesQuota", iam_kind_max(IAM_ROLE)},
        {"InstanceProfiles", counts.profiles},
        {"InstanceProfilesQuota", iam_kind_max(IAM_PROFILE)},
        {"Policies", counts.policies},
        {"PoliciesQuota", IAM_POLICIES_MAX},
        {"PolicyVersionsInUse", counts.policies_in_use},
        {"PolicyVersionsInUseQuota", 10000},
        {"PolicySizeQuota", IAM_POLICY_SIZE_MAX},
        {"VersionsPerPolicyQuota", IAM_VERSIONS_MAX},
        {"UserPolicySizeQuota", iam_inline_max(IAM_USER)},
        {"GroupPolicySizeQuota", iam_inline_max(IAM_GROUP)},
        {"RolePolicySizeQuota", iam_inline_max(IAM_ROLE)},
        {"AssumeRolePolicySizeQuota", IAM_TRUST_MAX},
        {"AttachedPoliciesPerUserQuota", IAM_ATTACHED_MAX},
        {"AttachedPoliciesPerGroupQuota", IAM_ATTACHED_MAX},
        {"AttachedPoliciesPerRoleQuota", IAM_ATTACHED_MAX},
        {"GroupsPerUserQuota", IAM_GROUPS_PER_USER},
        {"AccessKeysPerUserQuota", IAM_KEYS_MAX},
        {"Providers", counts.providers},
        {"ServerCertificates", 0},
        {"ServerCertificatesQuota", 20},
        {"SigningCertificatesPerUserQuota", 2},
        {"MFADevices", 0},
        {"MFADevicesInUse", 0},
        {"AccountMFAEnabled", 0},
        {"AccountAccessKeysPresent", 0},
        {"AccountPasswordPresent", 0},
        {"AccountSigningCertificatesPresent", 0},
        {"GlobalEndpointTokenVersion", 1},
    };
    struct iam_summaryMapType *map = &out->SummaryMap;

    map->items = ARENA_ARRAY(&req->arena, struct iam_summaryMapType_entry, ARRAY_LEN(summary));
    for (size_t i = 0; i < ARRAY_LEN(summary); i++)
        map->items[map->count++] = (struct iam_summaryMapType_entry){
            .key = summary[i].key, .value = SOME_INT((int32_t)summary[i].value)};
    return 0;
}
