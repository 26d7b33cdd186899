/*
 * Access, as S3 evaluates it.
 *
 * The account that owns a bucket may do everything, unless --auth=enforce asks for the rules to
 * hold for it, too: a server on one's own machine must not lock its user out. Everybody else
 * (another account, an unsigned request) needs a bucket policy or an ACL that lets them in, and
 * neither may be switched off by the bucket's ownership and public access settings.
 *
 * With --auth=enforce, who sends the request is IAM's to say: the root of an account may do all
 * that is not denied, users and roles what their policies or the bucket's allow.
 */
#include "handlers/s3/access.h"

#include "handlers/common/policy.h"
#include "handlers/iam/iam.h"
#include "handlers/s3/acl.h"
#include "handlers/s3/condition.h"
#include "handlers/s3/kept.h"
#include "server/config.h"

/* One question, while it is answered. */
struct access {
    struct request *req;
    const struct s3_target *target;
    const char *action;
    const char *account; /* of the sender; NULL: unsigned */
    bool own;            /* of the account that owns the bucket */
    bool root;           /* the sender is its account's root */
    bool trusted_only;   /* RestrictPublicBuckets: a public policy lets nobody in from outside */
    struct policy_caller caller;
    struct s3_conditions conditions;
};

/* --- who --- */

static int find_caller(struct access *x)
{
    struct request *req = x->req;
    struct iam_caller who;
    char *role;

    if (!req->access_key)
        return 0;
    x->account = req->account;
    if (iam_caller_of(req, &who))
        return -1;
    x->root = who.kind == IAM_CALLER_ROOT;
    x->caller = (struct policy_caller){
        .account = req->account,
        .arn = who.arn,
        .canonical_id = s3_canonical_id(&req->arena, req->account),
    };
    x->conditions.user_name = who.user_name;
    x->conditions.user_id = who.id;
    /* arn:aws:sts::1:assumed-role/name/session -> arn:aws:iam::1:role/name */
    if (who.kind == IAM_CALLER_SESSION && (role = strstr(who.arn, ":assumed-role/"))) {
        role += strlen(":assumed-role/");
        x->caller.role_arn = arena_printf(&req->arena, "arn:aws:iam::%s:role/%.*s", req->account,
                                          (int)strcspn(role, "/"), role);
    }
    return 0;
}

/* --- policies --- */

static const char *resource_of(const struct access *x)
{
    const struct s3_target *t = x->target;

    if (!t->key)
        return arena_printf(&x->req->arena, "arn:aws:s3:::%s", t->bucket.name);
    return arena_printf(&x->req->arena, "arn:aws:s3:::%s/%s", t->bucket.name, t->key);
}

static void ask(const struct access *x, struct policy_question *out)
{
    *out = (struct policy_question){
        .caller = &x->caller,
        .action = x->action,
        .resource = resource_of(x),
        .find = s3_condition_find,
        .context = (void *)&x->conditions,
    };
}

static int ask_bucket_policy(struct access *x, enum policy_verdict *out)
{
    struct request *req = x->req;
    const struct policy *policy;
    struct policy_question question;
    const char *problem;
    const char *text;

    *out = POLICY_SILENT;
    if (s3_kept_text(s3_of(req->app), &req->arena, &x->target->bucket, S3_DOC_POLICY, &text))
        return aws_fail_internal(req);
    if (!text)
        return 0;
    policy = policy_parse(&req->arena, text, strlen(text), &problem);
    if (!policy)
        return aws_fail_internal(req);
    ask(x, &question);
    *out = policy_evaluate(policy, &question);
    if (*out == POLICY_ALLOW && !x->own && x->trusted_only && policy_is_public(policy))
        *out = POLICY_SILENT;
    return 0;
}

/* --- ACLs --- */

/* What an ACL must grant for the action; object: the object's, else the bucket's. */
static const char *permission_of(const char *action, bool *out_object)
{
    static const struct {
        const char *action;
        const char *permission;
        bool object;
    } table[] = {
        {"s3:ListBucket", "READ", false},
        {"s3:ListBucketVersions", "READ", false},
        {"s3:ListBucketMultipartUploads", "READ", false},
        {"s3:PutObject", "WRITE", false},
        {"s3:DeleteObject", "WRITE", false},
        {"s3:DeleteObjectVersion", "WRITE", false},
        {"s3:AbortMultipartUpload", "WRITE", false},
        {"s3:ListMultipartUploadParts", "WRITE", false},
        {"s3:GetBucketAcl", "READ_ACP", false},
        {"s3:PutBucketAcl", "WRITE_ACP", false},
        {"s3:GetObject", "READ", true},
        {"s3:GetObjectVersion", "READ", true},
        {"s3:GetObjectAttributes", "READ", true},
        {"s3:GetObjectTorrent", "READ", true},
        {"s3:GetObjectAcl", "READ_ACP", true},
        {"s3:GetObjectVersionAcl", "READ_ACP", true},
        {"s3:PutObjectAcl", "WRITE_ACP", true},
        {"s3:PutObjectVersionAcl", "WRITE_ACP", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_eq(table[i].action, action)) {
            *out_object = table[i].object;
            return table[i].permission;
        }
    }
    return NULL;
}

static int ask_acl(struct access *x, bool with_public, bool *out)
{
    struct request *req = x->req;
    const struct s3_bucket *bucket = &x->target->bucket;
    const struct s3_object *object = x->target->object;
    struct s3_AccessControlPolicy acl;
    enum s3_ownership ownership;
    bool of_object = false;
    const char *permission = permission_of(x->action, &of_object);

    *out = false;
    if (!permission || (of_object && !object))
        return 0;
    if (s3_ownership_of(req, bucket, &ownership))
        return -1;
    if (ownership == S3_BUCKET_OWNER_ENFORCED)
        return 0;
    if (!of_object) {
        if (s3_acl_of_bucket(req, bucket, &acl))
            return -1;
    } else if (!s3_acl_read(&req->arena, object->acl, object->account, &acl)) {
        return aws_fail_internal(req);
    }
    *out = s3_acl_allows(&req->arena, &acl, x->account, permission, with_public);
    return 0;
}

/* --- together --- */

/* AWS: what another account has written is its own, ACLs and all, where ACLs are on: the bucket's
 * owner may remove it, and needs to be let in to read it. */
static int is_anothers(struct access *x, bool *out)
{
    const struct s3_object *object = x->target->object;
    enum s3_ownership ownership;
    bool of_object = false;

    *out = false;
    if (!object || str_eq(object->account, x->target->bucket.account) ||
        !permission_of(x->action, &of_object) || !of_object)
        return 0;
    if (s3_ownership_of(x->req, &x->target->bucket, &ownership))
        return -1;
    *out = ownership != S3_BUCKET_OWNER_ENFORCED;
    return 0;
}

static int decide(struct access *x, bool *out)
{
    struct s3_public_block block;
    enum policy_verdict bucket_says;
    enum policy_verdict identity_says = POLICY_SILENT;
    struct policy_question question;
    bool anothers;

    *out = false;
    if (s3_public_block_of(x->req, &x->target->bucket, &block))
        return -1;
    x->trusted_only = block.restrict_buckets;
    if (ask_bucket_policy(x, &bucket_says))
        return -1;
    /* AWS: the root of the owner's account can always repair the policy. */
    if (x->own && x->root && strstr(x->action, "BucketPolicy")) {
        *out = true;
        return 0;
    }
    if (x->account && !x->root && x->req->app->config->auth_enforce) {
        ask(x, &question);
        question.caller = NULL;
        if (iam_identity_verdict(x->req, &question, &identity_says))
            return -1;
    }
    if (bucket_says == POLICY_DENY || identity_says == POLICY_DENY)
        return 0;
    if (is_anothers(x, &anothers))
        return -1;
    *out = bucket_says == POLICY_ALLOW ||
           (x->own && !anothers && (x->root || identity_says == POLICY_ALLOW));
    return *out ? 0 : ask_acl(x, !block.ignore_acls, out);
}

static bool is_read_of_object(const char *action)
{
    return str_starts(action, "s3:GetObject");
}

/* AWS: whoever may not list the bucket is not told that a key is not there. */
static int decide_on_absent(struct access *x, bool *out)
{
    struct s3_target bucket = {.bucket = x->target->bucket};
    const struct s3_target *target = x->target;
    const char *action = x->action;

    x->target = &bucket;
    x->action = "s3:ListBucket";
    x->conditions.prefix = target->key;
    int rc = decide(x, out);
    x->target = target;
    x->action = action;
    return rc;
}

int s3_authorize(struct request *req, const struct s3_target *target, const char *action)
{
    struct access x = {.req = req, .target = target, .action = action};
    bool allowed;

    x.own = req->access_key && str_eq(req->account, target->bucket.account);
    if (x.own && !req->app->config->auth_enforce)
        return 0;
    if (find_caller(&x))
        return -1;
    x.conditions.req = req;
    x.conditions.target = target;
    x.conditions.caller = &x.caller;
    if (is_read_of_object(action) && !target->object && target->key) {
        if (decide_on_absent(&x, &allowed))
            return -1;
    } else if (decide(&x, &allowed)) {
        return -1;
    }
    return allowed ? 0 : s3_fail_denied(req);
}

int s3_authorize_account(struct request *req, const char *bucket, const char *action)
{
    /* AWS: who may list all buckets is asked of arn:aws:s3:::*. */
    struct s3_target target = {
        .bucket = {.name = bucket ? bucket : "*", .account = req->account, .region = req->region}};
    struct access x = {.req = req, .target = &target, .action = action};
    struct policy_question question;
    enum policy_verdict verdict;

    if (!req->app->config->auth_enforce)
        return 0;
    if (!req->access_key)
        return s3_fail_denied(req);
    if (find_caller(&x))
        return -1;
    x.conditions.req = req;
    x.conditions.target = &target;
    x.conditions.caller = &x.caller;
    ask(&x, &question);
    question.caller = NULL;
    if (iam_identity_verdict(req, &question, &verdict))
        return -1;
    return verdict == POLICY_ALLOW ? 0 : s3_fail_denied(req);
}

/* --- new objects --- */

static void read_words(struct request *req, struct s3_acl_words *out)
{
    *out = (struct s3_acl_words){
        .canned = request_header(req, "x-amz-acl"),
        .full_control = request_header(req, "x-amz-grant-full-control"),
        .read = request_header(req, "x-amz-grant-read"),
        .read_acp = request_header(req, "x-amz-grant-read-acp"),
        .write =
            request_header(req, "x-amz-grant-write"), /* AWS: listed, though it lets do nothing */
        .write_acp = request_header(req, "x-amz-grant-write-acp"),
    };
}

/* AWS: where ACLs are off, one that gives the bucket's owner everything is taken and forgotten. */
static bool is_owner_full_control(struct request *req, const struct s3_acl_words *words,
                                  const struct s3_bucket *bucket)
{
    if (words->canned)
        return str_eq(words->canned, "bucket-owner-full-control");
    return words->full_control && !words->read && !words->read_acp && !words->write &&
           !words->write_acp &&
           strstr(words->full_control, s3_canonical_id(&req->arena, bucket->account));
}

int s3_new_object_acl(struct request *req, const struct s3_target *target, const char **out_owner,
                      const char **out_acl)
{
    const struct s3_bucket *bucket = &target->bucket;
    struct s3_AccessControlPolicy acl;
    struct s3_public_block block;
    struct s3_acl_words words;
    enum s3_ownership ownership;

    *out_acl = NULL;
    *out_owner = bucket->account;
    read_words(req, &words);
    bool own = req->access_key && str_eq(req->account, bucket->account);
    if (own && !s3_acl_is_given(&words))
        return 0;
    if (s3_ownership_of(req, bucket, &ownership))
        return -1;
    if (ownership == S3_BUCKET_OWNER_ENFORCED) {
        if (words.canned && s3_acl_check_canned(req, words.canned))
            return -1;
        if (!s3_acl_is_given(&words) || is_owner_full_control(req, &words, bucket))
            return 0;
        return aws_fail(req, &s3_AccessControlListNotSupported, "The bucket does not allow ACLs");
    }
    if (req->access_key &&
        !(ownership == S3_BUCKET_OWNER_PREFERRED && is_owner_full_control(req, &words, bucket)))
        *out_owner = arena_strdup(&req->arena, req->account);
    if (!s3_acl_is_given(&words))
        return 0;
    words.owner = *out_owner;
    words.bucket_owner = bucket->account;
    if (s3_acl_make(req, &words, &acl) || s3_public_block_of(req, bucket, &block))
        return -1;
    if (block.block_acls && s3_acl_is_public(&acl))
        return s3_fail_denied(req);
    *out_acl = s3_acl_text(&req->arena, &acl);
    return 0;
}
