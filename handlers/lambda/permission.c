/*
 * Resource policies of functions, versions and aliases: who else may invoke them. Written as AWS
 * words them; policy.c reads them when another service invokes.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "server/aws_error.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/json_write.h"

enum { POLICY_MAX = 20 * 1024 }; /* AWS: of the whole document */

#define POLICY_HEAD "{\"Version\":\"2012-10-17\",\"Id\":\"default\",\"Statement\":["

/* --- the statement --- */

/* Conditions that share a test stand in one object. */
static void write_conditions(struct jw *w, const struct permission_request *p)
{
    const char *via_url = p->via_url.set ? (p->via_url.value ? "true" : "false") : NULL;
    const struct {
        const char *test;
        const char *key;
        const char *value;
    } conditions[] = {
        {"StringEquals", "AWS:SourceAccount", p->source_account},
        {"StringEquals", "lambda:EventSourceToken", p->event_source_token},
        {"StringEquals", "aws:PrincipalOrgID", p->org_id},
        {"StringEquals", "lambda:FunctionUrlAuthType", p->url_auth_type},
        {"ArnLike", "AWS:SourceArn", p->source_arn},
        {"Bool", "lambda:InvokedViaFunctionUrl", via_url},
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
static const char *make_statement(struct request *req, const struct permission_request *p)
{
    struct strbuf text = STRBUF_INIT(POLICY_MAX);
    struct jw w;

    jw_init(&w, &text);
    jw_begin_object(&w);
    jw_member_string(&w, "Sid", p->sid);
    jw_member_string(&w, "Effect", "Allow");
    bool valid = write_principal(&w, &req->arena, p->principal);
    jw_member_string(&w, "Action", p->action);
    jw_member_string(&w, "Resource", p->resource);
    write_conditions(&w, p);
    jw_end_object(&w);
    const char *statement = arena_strndup(&req->arena, text.data, text.len);
    strbuf_release(&text);
    if (valid)
        return statement;
    lambda_fail(req, &lambda_InvalidParameterValueException,
                "The provided principal was invalid. Please check the principal and try again.");
    return NULL;
}

/* --- policies of functions and layers --- */

const char *lambda_policy_holder(struct arena *a, const char *name, const char *qualifier)
{
    return qualifier ? arena_printf(a, "%s:%s", name, qualifier) : name;
}

const char *lambda_policy_revision(struct arena *a, const char *statements)
{
    uint8_t digest[MD5_LEN];
    char hex[2 * MD5_LEN + 1];

    md5(statements ? statements : "", statements ? strlen(statements) : 0, digest);
    hex_encode(digest, sizeof(digest), hex);
    return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

const char *lambda_policy_add(struct request *req, const struct permission_request *p)
{
    struct lambda_store *store = lambda_state(req)->store;
    const char *present;
    const char *statement = make_statement(req, p);

    if (!statement)
        return NULL;
    enum store_status rc =
        lambda_store_permissions(store, scope_of(req), p->holder, &req->arena, &present);
    if (!rc &&
        strlen(statement) + (present ? strlen(present) : 0) + sizeof(POLICY_HEAD) > POLICY_MAX) {
        lambda_fail(req, &lambda_PolicyLengthExceededException,
                    "The final policy size is bigger than the limit (%d).", POLICY_MAX);
        return NULL;
    }
    if (!rc)
        rc = lambda_store_permission_add(store, scope_of(req), p->holder, p->sid, statement);
    if (rc == STORE_EXISTS)
        lambda_fail(req, &lambda_ResourceConflictException,
                    "The statement id (%s) provided already exists. Please provide a new "
                    "statement id, or remove the existing statement.",
                    p->sid);
    else if (rc)
        aws_fail_internal(req);
    return rc ? NULL : statement;
}

const char *lambda_policy_document(struct request *req, const char *holder,
                                   const char **out_revision)
{
    const char *statements;

    if (lambda_store_permissions(lambda_state(req)->store, scope_of(req), holder, &req->arena,
                                 &statements) != STORE_OK) {
        aws_fail_internal(req);
        return NULL;
    }
    if (!statements) {
        lambda_fail(req, &lambda_ResourceNotFoundException,
                    "The resource you requested does not exist.");
        return NULL;
    }
    *out_revision = lambda_policy_revision(&req->arena, statements);
    return arena_printf(&req->arena, POLICY_HEAD "%s]}", statements);
}

static int fail_no_statement(struct request *req, const char *holder, const char *id)
{
    const char *statements;

    if (lambda_store_permissions(lambda_state(req)->store, scope_of(req), holder, &req->arena,
                                 &statements) != STORE_OK)
        return aws_fail_internal(req);
    if (!statements)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "No policy is associated with the given resource.");
    return lambda_fail(req, &lambda_ResourceNotFoundException,
                       "Statement %s is not found in resource policy.", id);
}

int lambda_policy_remove(struct request *req, const char *holder, const char *sid)
{
    enum store_status rc =
        lambda_store_permission_remove(lambda_state(req)->store, scope_of(req), holder, sid);

    if (rc == STORE_NOT_FOUND)
        return fail_no_statement(req, holder, sid);
    return rc ? aws_fail_internal(req) : 0;
}

/* --- operations --- */

/* Whose policy it is, in out_holder. AWS: $LATEST has no policy of its own. */
static int find(struct request *req, const char *name, const char *qualifier, const char *revision,
                struct lambda_function *out, const char **out_holder)
{
    const char *statements;

    if (qualifier && str_eq(qualifier, "$LATEST"))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "We currently do not support adding policies for $LATEST.");
    if (lambda_resolve(req, name, qualifier, out) < 0)
        return -1;
    *out_holder = lambda_policy_holder(&req->arena, out->name, out->qualifier);
    if (!revision)
        return 0;
    if (lambda_store_permissions(lambda_state(req)->store, scope_of(req), *out_holder, &req->arena,
                                 &statements) != STORE_OK)
        return aws_fail_internal(req);
    if (!str_eq(revision, out->revision) &&
        !str_eq(revision, lambda_policy_revision(&req->arena, statements)))
        return lambda_fail(req, &lambda_PreconditionFailedException,
                           "The Revision Id provided does not match the latest Revision Id. Call "
                           "the %s API to retrieve the latest Revision Id",
                           lambda_is_alias_name(out->qualifier) ? "GetPolicy"
                                                                : "GetFunction/GetAlias");
    return 0;
}

int lambda_add_permission(struct request *req, const struct lambda_AddPermissionRequest *in,
                          struct lambda_AddPermissionResponse *out)
{
    struct lambda_function f = {0};
    struct permission_request p = {
        .sid = in->StatementId,
        .action = in->Action,
        .principal = in->Principal,
        .source_account = in->SourceAccount,
        .source_arn = in->SourceArn,
        .event_source_token = in->EventSourceToken,
        .org_id = in->PrincipalOrgID,
        .url_auth_type = in->FunctionUrlAuthType,
        .via_url = in->InvokedViaFunctionUrl,
    };

    if (find(req, in->FunctionName, in->Qualifier, in->RevisionId, &f, &p.holder) < 0)
        return -1;
    p.resource = lambda_qualified_arn(&req->arena, &f, f.qualifier);
    out->Statement = lambda_policy_add(req, &p);
    return out->Statement ? 0 : -1;
}

int lambda_get_policy(struct request *req, const struct lambda_GetPolicyRequest *in,
                      struct lambda_GetPolicyResponse *out)
{
    struct lambda_function f = {0};
    const char *holder;
    bool there = false;

    if (lambda_look_up(req, in->FunctionName, in->Qualifier, &f, &there) < 0)
        return -1;
    if (!there)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "The resource you requested does not exist.");
    if (find(req, in->FunctionName, in->Qualifier, NULL, &f, &holder) < 0)
        return -1;
    out->Policy = lambda_policy_document(req, holder, &out->RevisionId);
    return out->Policy ? 0 : -1;
}

int lambda_remove_permission(struct request *req, const struct lambda_RemovePermissionRequest *in,
                             struct lambda_RemovePermissionOutput *out)
{
    struct lambda_function f = {0};
    const char *holder;
    bool there = false;

    (void)out;
    if (lambda_look_up(req, in->FunctionName, in->Qualifier, &f, &there) < 0)
        return -1;
    if (!there && !lambda_is_alias_name(f.qualifier))
        return lambda_fail(req, &lambda_ResourceNotFoundException, "No policy found for: %s",
                           lambda_qualified_arn(&req->arena, &f, f.qualifier));
    if (find(req, in->FunctionName, in->Qualifier, in->RevisionId, &f, &holder) < 0)
        return -1;
    return lambda_policy_remove(req, holder, in->StatementId);
}
