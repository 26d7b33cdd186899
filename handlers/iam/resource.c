/*
 * Who may use what has a policy of its own: a queue, a topic.
 *
 * An account may do all with what is its own, and so may the services that act for it, unless
 * --auth=enforce asks for the rules to hold for it, too: scripts for one's own machine rarely write
 * policies. Other accounts always need the resource's policy.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
#include "handlers/iam/iam.h"

#include "server/aws_error.h"
#include "server/base/clock.h"
#include "server/config.h"

bool iam_is_trusted(struct app *app, const char *account, const char *owner)
{
    return !app->config->auth_enforce && (!account || str_eq(account, owner));
}

static enum policy_verdict ask(struct arena *a, const char *text,
                               const struct policy_question *question)
{
    const char *problem;
    const struct policy *policy = text ? policy_parse(a, text, strlen(text), &problem) : NULL;

    return policy ? policy_evaluate(policy, question) : POLICY_SILENT;
}

/* --- condition keys --- */

struct facts {
    struct app *app;
    struct arena *arena;
    const struct iam_resource *resource;
    const struct iam_service *by;  /* or NULL: a request */
    const struct request *req;     /* or NULL: a service */
    const struct iam_caller *user; /* of the request; NULL: nobody signed it */
    const struct policy_caller *caller;
    const char *value; /* the one that was asked for last */
};

static const char *fact_of_both(const struct facts *f, const char *key)
{
    int64_t now_ms = clock_now_ms(&f->app->clock);
    char text[TIME_TEXT_MAX];

    if (strcasecmp(key, "aws:ResourceAccount") == 0)
        return f->resource->account;
    if (strcasecmp(key, "aws:SecureTransport") == 0)
        return "false";
    if (strcasecmp(key, "aws:PrincipalIsAWSService") == 0)
        return f->by ? "true" : "false";
    if (strcasecmp(key, "aws:EpochTime") == 0)
        return arena_printf(f->arena, "%" PRId64, now_ms / 1000);
    if (strcasecmp(key, "aws:CurrentTime") == 0) {
        time_iso8601(now_ms, false, text);
        return arena_strdup(f->arena, text);
    }
    return NULL;
}

static const char *fact_of_service(const struct iam_service *by, const char *key)
{
    if (strcasecmp(key, "aws:SourceArn") == 0)
        return by->source_arn;
    if (strcasecmp(key, "aws:SourceAccount") == 0)
        return by->source_account;
    if (strcasecmp(key, "aws:PrincipalServiceName") == 0)
        return by->principal;
    return NULL;
}

static const char *fact_of_request(const struct facts *f, const char *key)
{
    if (strcasecmp(key, "aws:SourceIp") == 0)
        return "127.0.0.1";
    if (strcasecmp(key, "aws:ViaAWSService") == 0)
        return "false";
    if (strcasecmp(key, "aws:UserAgent") == 0)
        return request_header(f->req, "user-agent");
    if (strcasecmp(key, "aws:Referer") == 0)
        return request_header(f->req, "referer");
    if (strcasecmp(key, "aws:RequestedRegion") == 0)
        return f->req->region;
    if (!f->user)
        return NULL;
    /* AWS: aws:SourceOwner stands in the policy that a topic has at first. */
    if (strcasecmp(key, "aws:PrincipalAccount") == 0 || strcasecmp(key, "aws:SourceOwner") == 0 ||
        strcasecmp(key, "aws:SourceAccount") == 0)
        return f->caller->account;
    if (strcasecmp(key, "aws:PrincipalArn") == 0)
        return f->caller->role_arn ? f->caller->role_arn : f->caller->arn;
    if (strcasecmp(key, "aws:username") == 0)
        return f->user->user_name;
    if (strcasecmp(key, "aws:userid") == 0)
        return f->user->id;
    return NULL;
}

static bool find_fact(void *context, const char *key, struct policy_values *out)
{
    struct facts *f = context;

    f->value = fact_of_both(f, key);
    if (!f->value)
        f->value = f->by ? fact_of_service(f->by, key) : fact_of_request(f, key);
    *out = (struct policy_values){.items = &f->value, .count = 1};
    return f->value != NULL;
}

/* --- services --- */

bool iam_service_may_use(struct app *app, const struct iam_service *by,
                         const struct iam_resource *resource, const char *action)
{
    const struct policy_caller caller = {.service = by->principal};
    struct arena a;
    struct facts facts = {.app = app, .arena = &a, .resource = resource, .by = by};
    const struct policy_question question = {.caller = &caller,
                                             .action = action,
                                             .resource = resource->arn,
                                             .find = find_fact,
                                             .context = &facts};

    if (iam_is_trusted(app, by->source_account, resource->account))
        return true;
    arena_init(&a);
    bool allowed = ask(&a, resource->policy, &question) == POLICY_ALLOW;
    arena_release(&a);
    return allowed;
}

/* --- requests --- */

/* arn:aws:sts::1:assumed-role/name/session -> arn:aws:iam::1:role/name */
static const char *role_of(struct request *req, const struct iam_caller *user)
{
    const char *role = strstr(user->arn, ":assumed-role/");

    if (user->kind != IAM_CALLER_SESSION || !role)
        return NULL;
    role += strlen(":assumed-role/");
    return arena_printf(&req->arena, "arn:aws:iam::%s:role/%.*s", req->account,
                        (int)strcspn(role, "/"), role);
}

/* Why not; NULL: it is allowed. AWS: another account needs a yes of both sides. */
static const char *reason(struct request *req, bool own, bool root, enum policy_verdict resource,
                          enum policy_verdict identity, const char *action)
{
    bool identity_allows = root || identity == POLICY_ALLOW;

    if (resource == POLICY_DENY)
        return "with an explicit deny in a resource-based policy";
    if (identity == POLICY_DENY)
        return "with an explicit deny in an identity-based policy";
    if (own ? resource == POLICY_ALLOW || identity_allows
            : resource == POLICY_ALLOW && identity_allows)
        return NULL;
    return arena_printf(&req->arena, "because no %s-based policy allows the %s action",
                        resource == POLICY_ALLOW || own ? "identity" : "resource", action);
}

int iam_check_use(struct request *req, const struct iam_resource *resource, const char *action,
                  const char **out_denial)
{
    struct iam_caller user = {.arn = "anonymous"};
    struct policy_caller caller = {0};
    struct facts facts = {
        .app = req->app,
        .arena = &req->arena,
        .resource = resource,
        .req = req,
        .user = req->access_key ? &user : NULL,
        .caller = &caller,
    };
    struct policy_question question = {.caller = &caller,
                                       .action = action,
                                       .resource = resource->arn,
                                       .find = find_fact,
                                       .context = &facts};
    enum policy_verdict identity = POLICY_SILENT;

    *out_denial = NULL;
    if (iam_is_trusted(req->app, req->access_key ? req->account : NULL, resource->account))
        return 0;
    if (req->access_key) {
        if (iam_caller_of(req, &user))
            return -1;
        caller = (struct policy_caller){
            .account = req->account, .arn = user.arn, .role_arn = role_of(req, &user)};
    }
    enum policy_verdict says = ask(&req->arena, resource->policy, &question);
    /* Without --auth=enforce nobody asks what an account lets its own users do. */
    bool root = !req->access_key || user.kind == IAM_CALLER_ROOT || !req->app->config->auth_enforce;
    question.caller = NULL;
    if (!root && iam_identity_verdict(req, &question, &identity))
        return -1;
    bool own = req->access_key && str_eq(req->account, resource->account);
    const char *why = reason(req, own, root, says, identity, action);
    if (why)
        *out_denial = arena_printf(&req->arena,
                                   "User: %s is not authorized to perform: %s on resource: %s %s",
                                   user.arn, action, resource->arn, why);
    return 0;
}
