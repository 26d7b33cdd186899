/*
 * The operations of STS.
 *
 * A session is an ASIA key, its secret and a token, kept in IAM's store with the account and the
 * ARN it acts as; so it survives a restart, and server/auth finds account and secret when a request
 * comes in with it.
 *
 * Roles: with --auth=verify a role must exist to be assumed, as in AWS. Without it nobody's rights
 * are looked at, and then any role ARN may be assumed, made or not: test suites and deployment
 * tools count on that.
 */
#include "handlers/sts/sts.h"

#include "gen/sts.h"
#include "handlers/common/arn.h"
#include "handlers/iam/iam.h"
#include "server/app.h"
#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/config.h"

enum {
    ROLE_DEFAULT_S = 3600,
    CHAINED_MAX_S = 3600,
    TOKEN_DEFAULT_S = 43200,
    ROOT_MAX_S = 3600,
    TOKEN_LEN = 320,
    REMEMBER_MS =
        24 * 60 * 60 * 1000, /* expired sessions, so that they are told from unknown ones */
    PACKED_MAX = 2048,
    POLICY_MAX = 2048, /* bytes */
    POLICY_ARNS_MAX = 10,
};

static const struct aws_error access_denied = {
    .name = "AccessDenied", .code = "AccessDenied", .status = 403, .sender_fault = true};

/* --- what the operations share --- */

/* Whom a session acts as, and for how long. */
struct identity {
    const char *account;
    const char *arn;
    const char *user_id;
    int duration_s;
    const char *policy; /* and policy_arns: as struct iam_session has them */
    const char *policy_arns;
    int packed_percent; /* of what policies and tags may take; 0: there are none */
};

static char *new_token(struct arena *a)
{
    static const char head[] = "IQoJb3JpZ2luX2Vj"; /* how those of AWS begin */
    char *token = arena_alloc(a, TOKEN_LEN + 1);

    memcpy(token, head, sizeof(head) - 1);
    random_text(token + sizeof(head) - 1, TOKEN_LEN - (sizeof(head) - 1),
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    return token;
}

/* Makes a session, keeps it, and shows it. NULL after failing. */
static struct sts_Credentials *begin_session(struct request *req, const struct identity *who)
{
    int64_t now = clock_now_ms(&req->app->clock);
    char *id = arena_alloc(&req->arena, IAM_ACCESS_KEY_LEN + 1);
    char *secret = arena_alloc(&req->arena, IAM_SECRET_LEN + 1);
    struct iam_session session = {
        .id = id,
        .account = who->account,
        .secret = secret,
        .token = new_token(&req->arena),
        .arn = who->arn,
        .user_id = who->user_id,
        .expires_ms = (now / 1000 + who->duration_s) * 1000, /* shown without fractions */
        .policy = who->policy,
        .policy_arns = who->policy_arns,
    };
    struct sts_Credentials *out = ARENA_NEW(&req->arena, struct sts_Credentials);

    iam_new_access_key("ASIA", who->account, id);
    iam_new_secret(secret);
    if (iam_session_add(iam_store_of(req->app), &session, now - REMEMBER_MS)) {
        aws_fail_internal(req);
        return NULL;
    }
    *out = (struct sts_Credentials){.AccessKeyId = id,
                                    .SecretAccessKey = secret,
                                    .SessionToken = session.token,
                                    .Expiration = SOME_TIME(session.expires_ms)};
    return out;
}

/* --- session policies and tags: they narrow what the session may do --- */

struct narrowing {
    const char *policy;
    const struct sts_policyDescriptorListType *arns;
    const struct sts_tagListType *tags;
};

/* AWS: how full the packed form of session policies and tags is, in percent; 0 when there are none.
 * How AWS packs is not told; here nothing gets smaller. */
static int packed_percent(const struct narrowing *n)
{
    size_t size = n->policy ? strlen(n->policy) : 0;

    for (size_t i = 0; i < n->arns->count; i++)
        size += n->arns->items[i].arn ? strlen(n->arns->items[i].arn) : 0;
    for (size_t i = 0; i < n->tags->count; i++)
        size += strlen(n->tags->items[i].Key) + strlen(n->tags->items[i].Value);
    return (int)((size * 100 + PACKED_MAX - 1) / PACKED_MAX);
}

/* AWS: policies of the account that the session acts in, or of AWS. */
static bool is_policy_arn(struct arena *a, const char *text, const char *account)
{
    struct arn arn;
    const char *name;

    if (!arn_parse(a, text, &arn) || !str_eq(arn.service, "iam") || *arn.region)
        return false;
    name = arn_resource_after(&arn, "policy/");
    return name && *name && !strpbrk(name, " \t\r\n") && name[strlen(name) - 1] != '/' &&
           (str_eq(arn.account, account) || str_eq(arn.account, "aws"));
}

static int check_policy_arns(struct request *req, const struct narrowing *n, const char *account)
{
    if (n->arns->count > POLICY_ARNS_MAX)
        return aws_fail(req, &aws_ValidationError,
                        "1 validation error detected: Value at 'policyArns' failed to satisfy "
                        "constraint: Member must have length less than or equal to %d",
                        POLICY_ARNS_MAX);
    for (size_t i = 0; i < n->arns->count; i++) {
        const char *arn = n->arns->items[i].arn;

        if (!arn || !is_policy_arn(&req->arena, arn, account))
            return aws_fail(req, &aws_ValidationError, "%s is invalid", arn ? arn : "arn");
    }
    return 0;
}

static const char *join_arns(struct arena *a, const struct sts_policyDescriptorListType *arns)
{
    const char *out = NULL;

    for (size_t i = 0; i < arns->count; i++)
        out = out ? arena_printf(a, "%s %s", out, arns->items[i].arn) : arns->items[i].arn;
    return out;
}

/* Into the identity; its account is known. AWS: the model lets AssumeRole's Policy be longer than
 * the documentation does. */
static int read_narrowing(struct request *req, const struct narrowing *n, struct identity *who)
{
    const char *problem;
    int percent = packed_percent(n);

    if (n->policy && strlen(n->policy) > POLICY_MAX)
        return aws_fail(req, &aws_ValidationError,
                        "1 validation error detected: Value at 'policy' failed to satisfy "
                        "constraint: Member must have length less than or equal to %d",
                        POLICY_MAX);
    if (check_policy_arns(req, n, who->account))
        return -1;
    problem = n->policy ? iam_session_policy_problem(&req->arena, n->policy) : NULL;
    if (problem)
        return aws_fail(req, &sts_MalformedPolicyDocumentException, "%s", problem);
    if (percent > 100)
        return aws_fail(req, &sts_PackedPolicyTooLargeException,
                        "Packed size of session %s consumes %d%% of allotted space.",
                        !n->policy && n->arns->count == 0 ? "tags" : "policies and tags", percent);
    who->policy = n->policy;
    who->policy_arns = join_arns(&req->arena, n->arns);
    who->packed_percent = percent;
    return 0;
}

/* --- AssumeRole --- */

static int deny_role(struct request *req, const struct iam_caller *caller, const char *arn)
{
    return aws_fail(req, &access_denied,
                    "User: %s is not authorized to perform: sts:AssumeRole on resource: %s",
                    caller->arn, arn);
}

static bool note_use(struct iam_entity *role, void *context)
{
    const struct request *req = context;

    role->used_ms = clock_now_ms(&req->app->clock);
    role->used_region = req->region;
    return true;
}

/* 0 and the role's id and longest session, or -1. */
static int find_role(struct request *req, const struct iam_caller *caller, const char *arn,
                     const char *account, const char *name, const char **out_id, int *out_max_s)
{
    struct iam_store *store = iam_store_of(req->app);
    struct iam_entity role;
    enum store_status status = iam_entity_find(store, account, IAM_ROLE, name, &req->arena, &role);

    if (status == STORE_NOT_FOUND && req->app->config->auth_verify)
        return deny_role(req, caller, arn);
    if (status == STORE_NOT_FOUND) {
        *out_id = iam_id_of(&req->arena, "AROA", arn);
        *out_max_s = 43200;
        return 0;
    }
    if (status)
        return aws_fail_internal(req);
    *out_id = role.unique_id;
    *out_max_s = role.session_s;
    status = iam_entity_change(store, account, IAM_ROLE, name, note_use, req, &req->arena);
    return status && status != STORE_NOT_FOUND ? aws_fail_internal(req) : 0;
}

static int check_assume(struct request *req, const struct sts_AssumeRoleRequest *in,
                        const struct iam_caller *caller)
{
    if (in->SerialNumber || in->TokenCode)
        return aws_fail_unsupported(req, in->SerialNumber ? "SerialNumber" : "TokenCode");
    if (caller->kind == IAM_CALLER_SESSION &&
        VALUE_OR(in->DurationSeconds, ROLE_DEFAULT_S) > CHAINED_MAX_S)
        return aws_fail(req, &aws_ValidationError,
                        "The requested DurationSeconds exceeds the 1 hour session limit for roles "
                        "assumed by role chaining");
    return 0;
}

static int sts_assume_role(struct request *req, const struct sts_AssumeRoleRequest *in,
                           struct sts_AssumeRoleResponse *out)
{
    const struct narrowing narrowing = {in->Policy, &in->PolicyArns, &in->Tags};
    struct identity who = {.duration_s = VALUE_OR(in->DurationSeconds, ROLE_DEFAULT_S)};
    struct iam_caller caller;
    const char *name;
    const char *role_id = NULL;
    int max_s = 0;

    if (!iam_split_role_arn(&req->arena, in->RoleArn, &who.account, &name))
        return aws_fail(req, &aws_ValidationError, "%s is invalid", in->RoleArn);
    if (iam_caller_of(req, &caller) || check_assume(req, in, &caller) ||
        read_narrowing(req, &narrowing, &who) ||
        find_role(req, &caller, in->RoleArn, who.account, name, &role_id, &max_s))
        return -1;
    if (who.duration_s > max_s)
        return aws_fail(req, &aws_ValidationError,
                        "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                        "role.");
    who.arn = arn_make(&req->arena, "sts", "", who.account, "assumed-role/%s/%s", name,
                       in->RoleSessionName);
    who.user_id = arena_printf(&req->arena, "%s:%s", role_id, in->RoleSessionName);
    out->Credentials = begin_session(req, &who);
    if (!out->Credentials)
        return -1;
    out->AssumedRoleUser = ARENA_NEW(&req->arena, struct sts_AssumedRoleUser);
    out->AssumedRoleUser->Arn = who.arn;
    out->AssumedRoleUser->AssumedRoleId = who.user_id;
    if (who.packed_percent > 0)
        out->PackedPolicySize = SOME_INT(who.packed_percent);
    out->SourceIdentity = in->SourceIdentity;
    return 0;
}

/* --- sessions of the caller itself --- */

static int fail_for_session(struct request *req, const char *operation)
{
    return aws_fail(req, &access_denied, "Cannot call %s with session credentials", operation);
}

static int sts_get_session_token(struct request *req, const struct sts_GetSessionTokenRequest *in,
                                 struct sts_GetSessionTokenResponse *out)
{
    struct identity who = {.account = req->account,
                           .duration_s = VALUE_OR(in->DurationSeconds, TOKEN_DEFAULT_S)};
    struct iam_caller caller;

    if (in->SerialNumber || in->TokenCode)
        return aws_fail_unsupported(req, in->SerialNumber ? "SerialNumber" : "TokenCode");
    if (iam_caller_of(req, &caller))
        return -1;
    if (caller.kind == IAM_CALLER_SESSION)
        return fail_for_session(req, "GetSessionToken");
    if (caller.kind == IAM_CALLER_ROOT)
        who.duration_s = MIN(who.duration_s, ROOT_MAX_S); /* AWS: cut, not refused */
    who.arn = caller.arn;
    who.user_id = caller.id;
    out->Credentials = begin_session(req, &who);
    return out->Credentials ? 0 : -1;
}

static int sts_get_federation_token(struct request *req,
                                    const struct sts_GetFederationTokenRequest *in,
                                    struct sts_GetFederationTokenResponse *out)
{
    const struct narrowing narrowing = {in->Policy, &in->PolicyArns, &in->Tags};
    struct identity who = {.account = req->account,
                           .duration_s = VALUE_OR(in->DurationSeconds, TOKEN_DEFAULT_S)};
    struct iam_caller caller;

    if (iam_caller_of(req, &caller) || read_narrowing(req, &narrowing, &who))
        return -1;
    if (caller.kind == IAM_CALLER_SESSION)
        return fail_for_session(req, "GetFederationToken");
    if (caller.kind == IAM_CALLER_ROOT)
        who.duration_s = MIN(who.duration_s, ROOT_MAX_S);
    who.arn = arn_make(&req->arena, "sts", "", req->account, "federated-user/%s", in->Name);
    who.user_id = arena_printf(&req->arena, "%s:%s", req->account, in->Name);
    out->Credentials = begin_session(req, &who);
    if (!out->Credentials)
        return -1;
    out->FederatedUser = ARENA_NEW(&req->arena, struct sts_FederatedUser);
    out->FederatedUser->Arn = who.arn;
    out->FederatedUser->FederatedUserId = who.user_id;
    if (who.packed_percent > 0)
        out->PackedPolicySize = SOME_INT(who.packed_percent);
    return 0;
}

/* --- who is who --- */

static int sts_get_caller_identity(struct request *req,
                                   const struct sts_GetCallerIdentityRequest *in,
                                   struct sts_GetCallerIdentityResponse *out)
{
    struct iam_caller caller;

    (void)in;
    if (iam_caller_of(req, &caller))
        return -1;
    out->Account = req->account;
    out->Arn = caller.arn;
    out->UserId = caller.id;
    return 0;
}

static int sts_get_access_key_info(struct request *req,
                                   const struct sts_GetAccessKeyInfoRequest *in,
                                   struct sts_GetAccessKeyInfoResponse *out)
{
    char *account = arena_alloc(&req->arena, 13);

    if (!iam_account_in_access_key(in->AccessKeyId, account))
        return aws_fail(req, &aws_ValidationError, "Invalid AccessKeyId: %s", in->AccessKeyId);
    out->Account = account;
    return 0;
}

/* AWS encodes why EC2 and a few others refused. None of the services here does, so every message is
 * one that was not encoded here. */
static int sts_decode_authorization_message(struct request *req,
                                            const struct sts_DecodeAuthorizationMessageRequest *in,
                                            struct sts_DecodeAuthorizationMessageResponse *out)
{
    (void)in;
    (void)out;
    return aws_fail(req, &sts_InvalidAuthorizationMessageException, "Message is not valid");
}

static const struct sts_handlers handlers = {
    .AssumeRole = sts_assume_role,
    .DecodeAuthorizationMessage = sts_decode_authorization_message,
    .GetAccessKeyInfo = sts_get_access_key_info,
    .GetCallerIdentity = sts_get_caller_identity,
    .GetFederationToken = sts_get_federation_token,
    .GetSessionToken = sts_get_session_token,
};

const struct service sts_service = {.model = &sts_model, .handlers = &handlers};
