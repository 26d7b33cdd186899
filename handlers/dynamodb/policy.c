/* PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy: of a table, or of its latest stream.
 */
#include "handlers/dynamodb/policy.h"

#include "handlers/common/arn.h"
#include "handlers/common/policy.h"
#include "handlers/dynamodb/redefine.h"

enum { POLICY_BYTES = 20 * 1024 };

int ddb_policy_take(struct request *req, const char *text, struct ddb_policy *out)
{
    const char *problem = NULL;
    const struct policy *p = policy_parse(&req->arena, text, strlen(text), &problem);

    if (strlen(text) > POLICY_BYTES)
        return aws_fail(req, &dynamodb_LimitExceededException,
                        "Resource-based policy exceeds the maximum size of %d bytes", POLICY_BYTES);
    if (p == NULL)
        return ddb_invalid(req, "Invalid policy document: %s", problem);
    for (size_t i = 0; i < p->statement_count; i++)
        if (p->statements[i].principal_count == 0)
            return ddb_invalid(req, "Invalid policy document: Missing required field Principal");
    out->text = text;
    out->revision = arena_printf(&req->arena, "%" PRId64, clock_now_ms(&req->app->clock));
    return 0;
}

/* What an ARN names: a table, or its stream. */
struct subject {
    const char *arn;
    const struct ddb_table *table;
    bool stream;
};

static int fail_no_policy(struct request *req, const char *arn)
{
    return aws_fail(req, &dynamodb_PolicyNotFoundException,
                    "Resource-based policy not found for the provided ResourceArn: %s", arn);
}

static int find(struct request *req, const char *text, struct subject *out)
{
    const char *slash = strstr(text, "/stream/");
    struct arn arn;

    if (!arn_parse(&req->arena, text, &arn) || !str_eq(arn.service, "dynamodb"))
        return ddb_invalid(req, "Invalid ResourceArn: %s", text);
    out->arn = text;
    out->stream = slash != NULL;
    out->table = ddb_table_get(
        req, slash != NULL ? arena_strndup(&req->arena, text, (size_t)(slash - text)) : text);
    if (out->table == NULL)
        return -1;
    const struct ddb_stream_setting *stream = &out->table->definition.stream;
    if (out->stream && (stream->label == NULL || !str_eq(stream->label, slash + 8)))
        return aws_fail(req, &dynamodb_ResourceNotFoundException,
                        "Requested resource not found: Stream: %s not found", text);
    return 0;
}

static struct ddb_policy *policy_of(struct ddb_definition *d, const struct subject *s)
{
    return s->stream ? &d->stream_policy : &d->policy;
}

static int check_revision(struct request *req, const struct subject *s,
                          const struct ddb_policy *old, const char *expected)
{
    if (expected == NULL)
        return 0;
    if (str_eq(expected, old->text != NULL ? old->revision : "NO_POLICY"))
        return 0;
    if (old->text == NULL)
        return fail_no_policy(req, s->arn);
    return aws_fail(req, &dynamodb_PolicyNotFoundException,
                    "Resource-based policy not found for the provided ResourceArn: Requested "
                    "update for policy with revision id %s, but the policy associated to target "
                    "resource has revision id %s",
                    expected, old->revision);
}

int dynamodb_put_resource_policy(struct request *req,
                                 const struct dynamodb_PutResourcePolicyInput *in,
                                 struct dynamodb_PutResourcePolicyOutput *out)
{
    struct ddb_policy new;
    struct subject s;
    enum ddb_begin begun;

    if (ddb_policy_take(req, in->Policy, &new) != 0 || find(req, in->ResourceArn, &s) != 0)
        return -1;
    do {
        if (s.table == NULL)
            return -1;
        struct ddb_definition d = s.table->definition;
        struct ddb_policy *p = policy_of(&d, &s);
        if (check_revision(req, &s, p, in->ExpectedRevisionId) != 0)
            return -1;
        /* AWS: the same document again is no new revision. */
        out->RevisionId = p->text != NULL && str_eq(p->text, new.text)
                              ? arena_strdup(&req->arena, p->revision)
                              : new.revision;
        if (out->RevisionId != new.revision)
            return 0;
        *p = new;
        begun = ddb_redefine_now(req, &s.table, &d);
    } while (begun == DDB_AGAIN);
    return begun == DDB_BEGUN ? 0 : -1;
}

int dynamodb_get_resource_policy(struct request *req,
                                 const struct dynamodb_GetResourcePolicyInput *in,
                                 struct dynamodb_GetResourcePolicyOutput *out)
{
    struct subject s;

    if (find(req, in->ResourceArn, &s) != 0)
        return -1;
    struct ddb_definition d = s.table->definition;
    const struct ddb_policy *p = policy_of(&d, &s);
    if (p->text == NULL)
        return fail_no_policy(req, in->ResourceArn);
    out->Policy = arena_strdup(&req->arena, p->text);
    out->RevisionId = arena_strdup(&req->arena, p->revision);
    return 0;
}

int dynamodb_delete_resource_policy(struct request *req,
                                    const struct dynamodb_DeleteResourcePolicyInput *in,
                                    struct dynamodb_DeleteResourcePolicyOutput *out)
{
    struct subject s;
    enum ddb_begin begun;

    if (find(req, in->ResourceArn, &s) != 0)
        return -1;
    do {
        if (s.table == NULL)
            return -1;
        struct ddb_definition d = s.table->definition;
        struct ddb_policy *p = policy_of(&d, &s);
        if (check_revision(req, &s, p, in->ExpectedRevisionId) != 0)
            return -1;
        if (p->text == NULL) /* AWS: deleting what is not there is no fault */
            return 0;
        out->RevisionId = arena_strdup(&req->arena, p->revision);
        *p = (struct ddb_policy){0};
        begun = ddb_redefine_now(req, &s.table, &d);
    } while (begun == DDB_AGAIN);
    return begun == DDB_BEGUN ? 0 : -1;
}
