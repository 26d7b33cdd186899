/*
 * Bucket policies: what S3 takes as one, and whether it makes the bucket public.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
 */
#include "handlers/common/policy.h"
#include "handlers/s3/acl.h"
#include "handlers/s3/kept.h"
#include "handlers/s3/rules.h"

enum { POLICY_MAX = 20 * 1024 };

static int fail_malformed(struct request *req, const char *text)
{
    return aws_fail(req, &s3_MalformedPolicy, "%s", text);
}

/* --- what S3 wants of a statement --- */

/* True when the pattern can only mean this bucket or what is in it. */
static bool is_about(const char *resource, const char *bucket)
{
    const char *rest;

    if (str_eq(resource, "*"))
        return true;
    if (!str_starts(resource, "arn:") || !(rest = strstr(resource, ":s3:::")))
        return false;
    rest += strlen(":s3:::");
    size_t len = strcspn(rest, "/");
    size_t fixed = strcspn(rest, "*?$");
    if (fixed < len) /* wild before the name has ended */
        return strncmp(rest, bucket, MIN(fixed, strlen(bucket))) == 0;
    return strlen(bucket) == len && strncmp(rest, bucket, len) == 0;
}

static bool is_object(const char *resource)
{
    return strchr(resource, '/') || strchr(resource, '*');
}

/* Actions on objects, as far as they matter for "does not apply". */
static bool is_object_action(const char *action)
{
    return strcasestr(action, "Object") && !strcasestr(action, "ObjectLockConfiguration");
}

static bool is_principal_known(const struct policy_principal *p)
{
    char account[13];

    switch (p->type) {
    case POLICY_AWS:
        return (strlen(p->value) == 12 && strspn(p->value, "0123456789") == 12) ||
               str_starts(p->value, "arn:") || str_starts(p->value, "AIDA") ||
               str_starts(p->value, "AROA");
    case POLICY_CANONICAL:
        return s3_account_of(p->value, account);
    case POLICY_SERVICE:
        return strchr(p->value, '.') != NULL;
    default:
        return true;
    }
}

static const char *statement_problem(const struct policy_statement *s, const char *bucket)
{
    bool objects = false;
    bool for_objects = true;
    bool for_buckets = true;

    if (!s->principal_count)
        return "Missing required field Principal";
    if (s->not_principal && s->allow)
        return "Allow with NotPrincipal is not allowed.";
    for (size_t i = 0; i < s->principal_count; i++)
        if (!is_principal_known(&s->principals[i]))
            return "Invalid principal in policy";
    for (size_t i = 0; i < s->actions.count; i++) {
        const char *action = s->actions.items[i];

        if (!str_eq(action, "*") && strncasecmp(action, "s3:", 3) != 0)
            return "Policy has invalid action";
        for_objects = for_objects && is_object_action(action) && !strchr(action, '*');
        for_buckets = for_buckets && !is_object_action(action) && !strchr(action, '*');
    }
    if (!s->resources.count)
        return "Missing required field Resource";
    for (size_t i = 0; i < s->resources.count; i++) {
        if (!s->not_resource && !is_about(s->resources.items[i], bucket))
            return "Policy has invalid resource";
        objects = objects || is_object(s->resources.items[i]);
    }
    if (for_objects && !objects && !s->not_resource && !s->not_action)
        return "Action does not apply to any resource(s) in statement";
    return NULL;
}

static int read_policy(struct request *req, const struct s3_bucket *bucket, const char *text,
                       const struct policy **out)
{
    const char *problem = NULL;

    if (strlen(text) > POLICY_MAX)
        return fail_malformed(req, "Policy exceeds the maximum allowed document size.");
    *out = policy_parse(&req->arena, text, strlen(text), &problem);
    if (!*out)
        return fail_malformed(req, problem);
    for (size_t i = 0; i < (*out)->statement_count; i++) {
        problem = statement_problem(&(*out)->statements[i], bucket->name);
        if (problem)
            return fail_malformed(req, problem);
    }
    return 0;
}

/* --- the operations --- */

static int find_policy(struct request *req, const struct s3_bucket *bucket, const char **out_text)
{
    if (s3_kept_text(s3_of(req->app), &req->arena, bucket, S3_DOC_POLICY, out_text))
        return aws_fail_internal(req);
    if (*out_text)
        return 0;
    aws_fail(req, &s3_NoSuchBucketPolicy, "The bucket policy does not exist");
    aws_fail_detail(req, "BucketName", bucket->name);
    return -1;
}

int s3_get_bucket_policy(struct request *req, const struct s3_GetBucketPolicyRequest *in,
                         struct s3_GetBucketPolicyOutput *out)
{
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketPolicy", &t))
        return -1;
    return find_policy(req, &t.bucket, &out->Policy);
}

/* ConfirmRemoveSelfBucketAccess confirms what nobody asks: the root of the owner's account can
 * always repair a policy that shuts everybody out. */
int s3_put_bucket_policy(struct request *req, const struct s3_PutBucketPolicyRequest *in,
                         struct s3_PutBucketPolicyOutput *out)
{
    struct s3_document_in document = {.kind = S3_DOC_POLICY, .id = "", .body = in->Policy};
    struct s3_public_block block;
    const struct policy *policy;
    enum store_status rc;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketPolicy", &t))
        return -1;
    if (!in->Policy)
        return fail_malformed(req, "Policies must be valid JSON and the first byte must be '{'");
    if (read_policy(req, &t.bucket, in->Policy, &policy) ||
        s3_public_block_of(req, &t.bucket, &block))
        return -1;
    if (block.block_policy && policy_is_public(policy))
        return s3_fail_denied(req);
    rc = s3_document_put(s3_of(req->app)->store, t.bucket.id, &document, 0);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_bucket(req, in->Bucket);
    if (rc)
        return aws_fail_internal(req);
    req->response.status = 204;
    return 0;
}

int s3_delete_bucket_policy(struct request *req, const struct s3_DeleteBucketPolicyRequest *in,
                            struct s3_DeleteBucketPolicyOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:DeleteBucketPolicy", &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_POLICY);
}

/* AWS: a policy that Block Public Access ignores does not make the bucket public. */
int s3_get_bucket_policy_status(struct request *req,
                                const struct s3_GetBucketPolicyStatusRequest *in,
                                struct s3_GetBucketPolicyStatusOutput *out)
{
    const struct policy *policy;
    const char *text;
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketPolicyStatus", &t) ||
        find_policy(req, &t.bucket, &text) || read_policy(req, &t.bucket, text, &policy))
        return -1;
    out->PolicyStatus = ARENA_NEW(&req->arena, struct s3_PolicyStatus);
    out->PolicyStatus->IsPublic = SOME_BOOL(policy_is_public(policy));
    return 0;
}
