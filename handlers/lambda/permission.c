/*
 * The resource policy of a function: who else may invoke it. Kept and shown as AWS words it; no
 * service here invokes functions on another's behalf yet, so nothing asks it so far.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "server/aws_error.h"
#include "server/base/json_write.h"

enum { POLICY_MAX = 20 * 1024 }; /* AWS: of the whole document */

#define POLICY_HEAD "{\"Version\":\"2012-10-17\",\"Id\":\"default\",\"Statement\":["

/* --- the statement --- */

/* Conditions that share a test stand in one object. */
static void write_conditions(struct jw *w, const struct lambda_AddPermissionRequest *in)
{
    const struct {
        const char *test;
        const char *key;
        const char *value;
    } conditions[] = {
        {"StringEquals", "AWS:SourceAccount", in->SourceAccount},
        {"StringEquals", "lambda:EventSourceToken", in->EventSourceToken},
        {"StringEquals", "aws:PrincipalOrgID", in->PrincipalOrgID},
        {"StringEquals", "lambda:FunctionUrlAuthType", in->FunctionUrlAuthType},
        {"ArnLike", "AWS:SourceArn", in->SourceArn},
    };
    const char *open = NULL;

    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        if (!conditions[i].value)
            continue;
        if (!open) {
            jw_key(w, "Condition");
            jw_begin_object(w);
        }
        if (!open || !str_eq(open, conditions[i].test)) {
            if (open)
                jw_end_object(w);
            open = conditions[i].test;
            jw_key(w, open);
            jw_begin_object(w);
        }
        jw_member_string(w, conditions[i].key, conditions[i].value);
    }
    if (open) {
        jw_end_object(w);
        jw_end_object(w);
    }
}

static bool is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/* False when the principal is none. */
static bool write_principal(struct jw *w, struct arena *a, const char *principal)
{
    const char *domain = strstr(principal, ".amazonaws.com");

    jw_key(w, "Principal");
    if (str_eq(principal, "*")) {
        jw_string(w, "*");
        return true;
    }
    jw_begin_object(w);
    if (domain && domain != principal)
        jw_member_string(w, "Service", principal);
    else if (is_account(principal))
        jw_member_string(w, "AWS", arena_printf(a, "arn:aws:iam::%s:root", principal));
    else if (str_starts(principal, "arn:") && strstr(principal, ":iam::"))
        jw_member_string(w, "AWS", principal);
    else
        return false;
    jw_end_object(w);
    return true;
}

/* NULL after failing the request. */
static const char *make_statement(struct request *req, const struct lambda_AddPermissionRequest *in,
                                  const struct lambda_function *f)
{
    struct strbuf text = STRBUF_INIT(POLICY_MAX);
    struct jw w;

    jw_init(&w, &text);
    jw_begin_object(&w);
    jw_member_string(&w, "Sid", in->StatementId);
    jw_member_string(&w, "Effect", "Allow");
    bool valid = write_principal(&w, &req->arena, in->Principal);
    jw_member_string(&w, "Action", in->Action);
    jw_member_string(&w, "Resource", lambda_function_arn(&req->arena, f));
    write_conditions(&w, in);
    jw_end_object(&w);
    const char *statement = arena_strndup(&req->arena, text.data, text.len);
    strbuf_release(&text);
    if (valid)
        return statement;
    lambda_fail(req, &lambda_InvalidParameterValueException,
                "The provided principal was invalid. Please check the principal and try again.");
    return NULL;
}

/* --- operations --- */

/* AWS: $LATEST has no policy of its own. */
static int find(struct request *req, const char *name, const char *qualifier, const char *revision,
                struct lambda_function *out)
{
    if (qualifier && str_eq(qualifier, "$LATEST"))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "We currently do not support adding policies for $LATEST.");
    if (lambda_resolve(req, name, qualifier, out) < 0)
        return -1;
    if (revision && !str_eq(revision, out->revision))
        return lambda_fail(req, &lambda_PreconditionFailedException,
                           "The Revision Id provided does not match the latest Revision Id. Call "
                           "the GetPolicy API to retrieve the latest Revision Id");
    return 0;
}

int lambda_add_permission(struct request *req, const struct lambda_AddPermissionRequest *in,
                          struct lambda_AddPermissionResponse *out)
{
    struct lambda_store *store = lambda_state(req)->store;
    struct lambda_function f = {0};
    const char *present;

    if (in->InvokedViaFunctionUrl.set)
        return aws_fail_unsupported(req, "InvokedViaFunctionUrl");
    if (find(req, in->FunctionName, in->Qualifier, in->RevisionId, &f) < 0)
        return -1;
    const char *statement = make_statement(req, in, &f);
    if (!statement)
        return -1;
    if (lambda_store_permissions(store, scope_of(req), f.name, &req->arena, &present) != STORE_OK)
        return aws_fail_internal(req);
    if (strlen(statement) + (present ? strlen(present) : 0) + sizeof(POLICY_HEAD) > POLICY_MAX)
        return lambda_fail(req, &lambda_PolicyLengthExceededException,
                           "The final policy size is bigger than the limit (%d).", POLICY_MAX);
    enum store_status rc =
        lambda_store_permission_add(store, scope_of(req), f.name, in->StatementId, statement);
    if (rc == STORE_EXISTS)
        return lambda_fail(req, &lambda_ResourceConflictException,
                           "The statement id (%s) provided already exists. Please provide a new "
                           "statement id, or remove the existing statement.",
                           in->StatementId);
    if (rc)
        return aws_fail_internal(req);
    out->Statement = statement;
    return 0;
}

int lambda_get_policy(struct request *req, const struct lambda_GetPolicyRequest *in,
                      struct lambda_GetPolicyResponse *out)
{
    struct lambda_function f = {0};
    const char *statements;

    if (find(req, in->FunctionName, in->Qualifier, NULL, &f) < 0)
        return -1;
    if (lambda_store_permissions(lambda_state(req)->store, scope_of(req), f.name, &req->arena,
                                 &statements) != STORE_OK)
        return aws_fail_internal(req);
    if (!statements)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "The resource you requested does not exist.");
    out->Policy = arena_printf(&req->arena, POLICY_HEAD "%s]}", statements);
    out->RevisionId = f.revision;
    return 0;
}

static int fail_no_statement(struct request *req, const struct lambda_function *f, const char *id)
{
    const char *statements;

    if (lambda_store_permissions(lambda_state(req)->store, scope_of(req), f->name, &req->arena,
                                 &statements) != STORE_OK)
        return aws_fail_internal(req);
    if (!statements)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "No policy is associated with the given resource.");
    return lambda_fail(req, &lambda_ResourceNotFoundException,
                       "Statement %s is not found in resource policy.", id);
}

int lambda_remove_permission(struct request *req, const struct lambda_RemovePermissionRequest *in,
                             struct lambda_RemovePermissionOutput *out)
{
    struct lambda_function f = {0};

    (void)out;
    if (find(req, in->FunctionName, in->Qualifier, in->RevisionId, &f) < 0)
        return -1;
    enum store_status rc = lambda_store_permission_remove(lambda_state(req)->store, scope_of(req),
                                                          f.name, in->StatementId);
    if (rc == STORE_NOT_FOUND)
        return fail_no_statement(req, &f, in->StatementId);
    return rc ? aws_fail_internal(req) : 0;
}

/* Deployment tools ask for it when they read a function; none can have one. */
int lambda_get_function_code_signing_config(
    struct request *req, const struct lambda_GetFunctionCodeSigningConfigRequest *in,
    struct lambda_GetFunctionCodeSigningConfigResponse *out)
{
    struct lambda_function f = {0};

    if (lambda_resolve(req, in->FunctionName, NULL, &f) < 0)
        return -1;
    out->CodeSigningConfigArn = "";
    out->FunctionName = f.name;
    return 0;
}
