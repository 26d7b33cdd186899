/* Get/PutBucketAcl, Get/PutObjectAcl, ownership controls, public access block. */
#include "handlers/s3/acl.h"
#include "handlers/s3/kept.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/rules.h"

static int fail_unsupported(struct request *req)
{
    return aws_fail(req, &s3_AccessControlListNotSupported, "The bucket does not allow ACLs");
}

static int fail_nothing_given(struct request *req)
{
    aws_fail(req, &s3_MissingSecurityHeader, "Your request was missing a required header");
    aws_fail_detail(req, "MissingHeaderName", "x-amz-acl");
    return -1;
}

/* What the bucket's settings say against a new ACL. */
static int check_settings(struct request *req, const struct s3_bucket *bucket,
                          const struct s3_AccessControlPolicy *acl)
{
    struct s3_public_block block;
    enum s3_ownership ownership;

    if (s3_ownership_of(req, bucket, &ownership) || s3_public_block_of(req, bucket, &block))
        return -1;
    if (ownership == S3_BUCKET_OWNER_ENFORCED)
        return fail_unsupported(req);
    if (block.block_acls && s3_acl_is_public(acl))
        return s3_fail_denied(req);
    return 0;
}

/* --- of buckets --- */

int s3_get_bucket_acl(struct request *req, const struct s3_GetBucketAclRequest *in,
                      struct s3_GetBucketAclOutput *out)
{
    struct s3_AccessControlPolicy acl;
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketAcl", &t) ||
        s3_acl_of_bucket(req, &t.bucket, &acl))
        return -1;
    out->Owner = acl.Owner;
    out->Grants = acl.Grants;
    return 0;
}

int s3_put_bucket_acl(struct request *req, const struct s3_PutBucketAclRequest *in,
                      struct s3_PutBucketAclOutput *out)
{
    struct s3_AccessControlPolicy acl;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketAcl", &t))
        return -1;
    struct s3_acl_words words = {
        .canned = in->ACL,
        .full_control = in->GrantFullControl,
        .read = in->GrantRead,
        .read_acp = in->GrantReadACP,
        .write = in->GrantWrite,
        .write_acp = in->GrantWriteACP,
        .document = in->AccessControlPolicy,
        .owner = t.bucket.account,
        .bucket_owner = t.bucket.account,
    };
    if (!s3_acl_is_given(&words))
        return fail_nothing_given(req);
    if (s3_acl_make(req, &words, &acl) || check_settings(req, &t.bucket, &acl))
        return -1;
    return s3_kept_put(req, &t.bucket, S3_DOC_ACL, &acl);
}

/* --- of objects --- */

int s3_get_object_acl(struct request *req, const struct s3_GetObjectAclRequest *in,
                      struct s3_GetObjectAclOutput *out)
{
    const char *action = in->VersionId ? "s3:GetObjectVersionAcl" : "s3:GetObjectAcl";
    struct s3_AccessControlPolicy acl;
    enum s3_ownership ownership;
    struct s3_target t;

    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner, action,
                      &t) ||
        s3_ownership_of(req, &t.bucket, &ownership))
        return -1;
    bool enforced = ownership == S3_BUCKET_OWNER_ENFORCED;
    if (!s3_acl_read(&req->arena, enforced ? NULL : t.object->acl,
                     enforced ? t.bucket.account : t.object->account, &acl))
        return aws_fail_internal(req);
    out->Owner = acl.Owner;
    out->Grants = acl.Grants;
    return 0;
}

int s3_put_object_acl(struct request *req, const struct s3_PutObjectAclRequest *in,
                      struct s3_PutObjectAclOutput *out)
{
    const char *action = in->VersionId ? "s3:PutObjectVersionAcl" : "s3:PutObjectAcl";
    struct s3_AccessControlPolicy acl;
    struct s3_object changed;
    enum store_status rc;
    struct s3_target t;

    (void)out;
    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner, action, &t))
        return -1;
    struct s3_acl_words words = {
        .canned = in->ACL,
        .full_control = in->GrantFullControl,
        .read = in->GrantRead,
        .read_acp = in->GrantReadACP,
        .write = in->GrantWrite,
        .write_acp = in->GrantWriteACP,
        .document = in->AccessControlPolicy,
        .owner = t.object->account,
        .bucket_owner = t.bucket.account,
    };
    if (!s3_acl_is_given(&words))
        return fail_nothing_given(req);
    if (s3_acl_make(req, &words, &acl) || check_settings(req, &t.bucket, &acl))
        return -1;
    changed = *t.object;
    changed.acl = s3_acl_text(&req->arena, &acl);
    rc = s3_object_change(s3_of(req->app)->store, &changed, S3_FACT_ACL);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_key(req, in->Key);
    if (rc)
        return aws_fail_internal(req);
    s3_notify_of(req, "ObjectAcl:Put", &t.bucket, &changed);
    return 0;
}

/* --- ownership controls --- */

int s3_get_bucket_ownership_controls(struct request *req,
                                     const struct s3_GetBucketOwnershipControlsRequest *in,
                                     struct s3_GetBucketOwnershipControlsOutput *out)
{
    struct s3_target t;

    out->OwnershipControls = ARENA_NEW(&req->arena, struct s3_OwnershipControls);
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketOwnershipControls",
                      &t))
        return -1;
    return s3_kept_get(req, &t.bucket, S3_DOC_OWNERSHIP, out->OwnershipControls);
}

bool s3_is_ownership(const char *name)
{
    return name && (str_eq(name, "BucketOwnerEnforced") || str_eq(name, "BucketOwnerPreferred") ||
                    str_eq(name, "ObjectWriter"));
}

/* AWS: ACLs can't be switched off while the bucket's grants something to others. */
static int check_enforceable(struct request *req, const struct s3_bucket *bucket)
{
    struct s3_AccessControlPolicy acl;
    const char *owner = s3_canonical_id(&req->arena, bucket->account);

    if (s3_acl_of_bucket(req, bucket, &acl))
        return -1;
    for (size_t i = 0; i < acl.Grants.count; i++) {
        const struct s3_Grantee *g = acl.Grants.items[i].Grantee;

        if (!g || !g->ID || !str_eq(g->ID, owner))
            return aws_fail(
                req, &s3_InvalidBucketAclWithObjectOwnership,
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced "
                "setting");
    }
    return 0;
}

int s3_put_bucket_ownership_controls(struct request *req,
                                     const struct s3_PutBucketOwnershipControlsRequest *in,
                                     struct s3_PutBucketOwnershipControlsOutput *out)
{
    const struct s3_OwnershipControls *c = in->OwnershipControls;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketOwnershipControls",
                      &t))
        return -1;
    if (!c || c->Rules.count != 1 || !s3_is_ownership(c->Rules.items[0].ObjectOwnership))
        return s3_fail_malformed_xml(req);
    if (str_eq(c->Rules.items[0].ObjectOwnership, "BucketOwnerEnforced") &&
        check_enforceable(req, &t.bucket))
        return -1;
    return s3_kept_put(req, &t.bucket, S3_DOC_OWNERSHIP, c);
}

int s3_delete_bucket_ownership_controls(struct request *req,
                                        const struct s3_DeleteBucketOwnershipControlsRequest *in,
                                        struct s3_DeleteBucketOwnershipControlsOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketOwnershipControls",
                      &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_OWNERSHIP);
}

/* --- public access block --- */

int s3_get_public_access_block(struct request *req, const struct s3_GetPublicAccessBlockRequest *in,
                               struct s3_GetPublicAccessBlockOutput *out)
{
    struct s3_PublicAccessBlockConfiguration *c =
        ARENA_NEW(&req->arena, struct s3_PublicAccessBlockConfiguration);
    struct s3_target t;

    out->PublicAccessBlockConfiguration = c;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketPublicAccessBlock",
                      &t))
        return -1;
    return s3_kept_get(req, &t.bucket, S3_DOC_PUBLIC_ACCESS, c);
}

int s3_put_public_access_block(struct request *req, const struct s3_PutPublicAccessBlockRequest *in,
                               struct s3_PutPublicAccessBlockOutput *out)
{
    struct s3_PublicAccessBlockConfiguration c;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketPublicAccessBlock",
                      &t))
        return -1;
    if (!in->PublicAccessBlockConfiguration)
        return s3_fail_malformed_xml(req);
    c = *in->PublicAccessBlockConfiguration;
    if (!c.BlockPublicAcls.set && !c.IgnorePublicAcls.set && !c.BlockPublicPolicy.set &&
        !c.RestrictPublicBuckets.set)
        return aws_fail(req, &s3_InvalidRequest, "Must specify at least one configuration.");
    c.BlockPublicAcls = SOME_BOOL(VALUE_OR(c.BlockPublicAcls, false));
    c.IgnorePublicAcls = SOME_BOOL(VALUE_OR(c.IgnorePublicAcls, false));
    c.BlockPublicPolicy = SOME_BOOL(VALUE_OR(c.BlockPublicPolicy, false));
    c.RestrictPublicBuckets = SOME_BOOL(VALUE_OR(c.RestrictPublicBuckets, false));
    return s3_kept_put(req, &t.bucket, S3_DOC_PUBLIC_ACCESS, &c);
}

int s3_delete_public_access_block(struct request *req,
                                  const struct s3_DeletePublicAccessBlockRequest *in,
                                  struct s3_DeletePublicAccessBlockOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketPublicAccessBlock",
                      &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_PUBLIC_ACCESS);
}
