/*
 * What the policies of a user or a role say to a request: those inside it, those attached, and for
 * a user those of the groups that the user is in. A boundary limits what they allow, and so do the
 * policies that a session was given. Policies of AWS that are not carried here say nothing, which
 * as a boundary allows nothing. AWS: with its user or role a session's rights end.
 */
#include "handlers/iam/iam_parts.h"

#include "handlers/common/policy.h"

enum { POLICIES_MAX = 1000 };

struct evaluation {
    struct request *req;
    const struct policy_question *question;
    enum iam_kind kind;
    const char *name;
    enum policy_verdict verdict;
};

static enum policy_verdict ask(struct request *req, const char *document,
                               const struct policy_question *question)
{
    const char *problem;
    const struct policy *p = policy_parse(&req->arena, document, strlen(document), &problem);

    return p ? policy_evaluate(p, question) : POLICY_SILENT;
}

static void add(struct evaluation *e, enum policy_verdict says)
{
    e->verdict = MAX(e->verdict, says);
}

/* The document of a managed policy in its default version; NULL: not known. */
static enum store_status managed_document(struct request *req, const char *arn, const char **out)
{
    struct iam_store *store = iam_store_of(req->app);
    const struct iam_aws_policy *aws = iam_aws_policy_find(arn);
    struct iam_policy policy;
    struct iam_version version;
    enum store_status status;
    bool missing;

    *out = aws ? aws->document : NULL;
    if (aws || iam_is_aws_policy(arn))
        return STORE_OK;
    status = iam_policy_find(store, arn, &req->arena, &policy);
    if (!status)
        status = iam_version_get(store, arn, policy.version, &req->arena, &version, &missing);
    if (!status)
        *out = version.document;
    return status == STORE_NOT_FOUND ? STORE_OK : status;
}

static enum store_status ask_inline(struct evaluation *e)
{
    struct request *req = e->req;
    struct iam_store *store = iam_store_of(req->app);
    struct iam_names names;
    enum store_status status = iam_inline_list(store, req->account, e->kind, e->name, NULL,
                                               POLICIES_MAX, &req->arena, &names);

    for (size_t i = 0; !status && i < names.count; i++) {
        const char *document;
        bool missing;

        status = iam_inline_get(store, req->account, e->kind, e->name, names.items[i], &req->arena,
                                &document, &missing);
        if (!status)
            add(e, ask(req, document, e->question));
        else if (status == STORE_NOT_FOUND)
            status = STORE_OK;
    }
    return status;
}

static enum store_status ask_attached(struct evaluation *e)
{
    struct request *req = e->req;
    struct iam_attached_query query = {.limit = POLICIES_MAX};
    struct iam_attachments attached;
    enum store_status status = iam_attached_list(iam_store_of(req->app), req->account, e->kind,
                                                 e->name, &query, &req->arena, &attached);

    for (size_t i = 0; !status && i < attached.count; i++) {
        const char *document;

        status = managed_document(req, attached.items[i].arn, &document);
        if (!status && document)
            add(e, ask(req, document, e->question));
    }
    return status;
}

static enum store_status ask_own(struct evaluation *e)
{
    enum store_status status = ask_inline(e);

    return status ? status : ask_attached(e);
}

static enum store_status ask_groups(struct evaluation *user)
{
    struct request *req = user->req;
    struct evaluation group = *user;
    struct iam_entities all;
    enum store_status status = iam_groups_of_user(iam_store_of(req->app), req->account, user->name,
                                                  NULL, IAM_GROUPS_PER_USER, &req->arena, &all);

    group.kind = IAM_GROUP;
    for (size_t i = 0; !status && i < all.count; i++) {
        group.name = all.items[i].name;
        status = ask_own(&group);
        if (status == STORE_NOT_FOUND) /* renamed meanwhile, or deleted */
            status = STORE_OK;
    }
    user->verdict = group.verdict;
    return status;
}

/* What limits allows nothing by itself: it may only take away. */
static void limit(struct evaluation *e, enum policy_verdict says)
{
    if (says == POLICY_DENY || (says == POLICY_SILENT && e->verdict == POLICY_ALLOW))
        e->verdict = says;
}

static enum store_status ask_boundary(struct evaluation *e)
{
    struct request *req = e->req;
    struct iam_entity entity;
    const char *document = NULL;
    enum store_status status = iam_entity_find(iam_store_of(req->app), req->account, e->kind,
                                               e->name, &req->arena, &entity);

    if (status || !entity.boundary)
        return status;
    status = managed_document(req, entity.boundary, &document);
    if (!status)
        limit(e, document ? ask(req, document, e->question) : POLICY_SILENT);
    return status;
}

static enum store_status ask_session(struct evaluation *e, const struct iam_caller *caller)
{
    struct arena *a = &e->req->arena;
    char *arns = caller->policy_arns ? arena_strdup(a, caller->policy_arns) : NULL;
    enum policy_verdict says = POLICY_SILENT;

    if (!caller->policy && !arns)
        return STORE_OK;
    if (caller->policy)
        says = ask(e->req, caller->policy, e->question);
    for (char *arn; (arn = strsep(&arns, " "));) {
        const char *document;
        enum store_status status = managed_document(e->req, arn, &document);

        if (status)
            return status;
        if (document)
            says = MAX(says, ask(e->req, document, e->question));
    }
    limit(e, says);
    return STORE_OK;
}

/* Whose policies speak for the sender; false: it is an account's root, or a session of it. */
static bool find_entity(struct evaluation *e, const struct iam_caller *caller)
{
    const char *role = strstr(caller->arn, ":assumed-role/");

    if (caller->kind == IAM_CALLER_SESSION && role) { /* ...:assumed-role/name/session */
        role += strlen(":assumed-role/");
        e->kind = IAM_ROLE;
        e->name = arena_strndup(&e->req->arena, role, strcspn(role, "/"));
        return true;
    }
    /* AWS: a federated user may do what the session's policies allow, of what its maker may; of the
     * maker nothing is known here. */
    if (caller->kind == IAM_CALLER_SESSION && strstr(caller->arn, ":federated-user/")) {
        e->verdict = caller->policy || caller->policy_arns ? POLICY_ALLOW : POLICY_SILENT;
        return true;
    }
    if (!strstr(caller->arn, ":user/"))
        return false;
    e->kind = IAM_USER;
    e->name = strrchr(caller->arn, '/') + 1;
    return true;
}

int iam_identity_verdict(struct request *req, const struct policy_question *question,
                         enum policy_verdict *out)
{
    struct evaluation e = {.req = req, .question = question, .verdict = POLICY_SILENT};
    struct iam_caller caller;
    enum store_status status;

    *out = POLICY_ALLOW;
    if (iam_caller_of(req, &caller))
        return -1;
    if (!find_entity(&e, &caller))
        return 0;
    status = e.name ? ask_own(&e) : STORE_OK;
    if (!status && e.name && e.kind == IAM_USER)
        status = ask_groups(&e);
    if (!status && e.name)
        status = ask_boundary(&e);
    if (!status)
        status = ask_session(&e, &caller);
    if (status && status != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    *out = status ? POLICY_DENY : e.verdict; /* the user or the role is gone */
    return 0;
}
