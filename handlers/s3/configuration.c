#include "handlers/s3/configuration.h"

#include "handlers/s3/acl.h"
#include "handlers/s3/kept.h"
#include "handlers/s3/lifecycle.h"
#include "handlers/s3/rules.h"
#include "handlers/s3/tagging.h"
#include "server/base/clock.h"
#include "server/keep.h"

/* --- new buckets --- */

struct new_documents {
    struct request *req;
    struct s3_document_in *items;
    size_t count;
};

static void add(struct new_documents *n, enum s3_document kind, const void *value)
{
    n->items[n->count++] = (struct s3_document_in){
        .kind = kind,
        .id = "",
        .body = keep_write(&n->req->arena, &s3_model, s3_kept_shape(kind), value),
    };
}

static int add_tags(struct new_documents *n, const struct s3_CreateBucketConfiguration *c)
{
    struct s3_pairs tags;

    if (!c || !c->Tags.count)
        return 0;
    if (s3_tags_of_set(n->req, &c->Tags, S3_BUCKET_TAGS_MAX, &tags))
        return -1;
    add(n, S3_DOC_TAGGING, &(struct s3_Tagging){.TagSet = c->Tags});
    return 0;
}

/* AWS: since April 2023 new buckets have ACLs off and all public access blocked. */
static void add_public_block(struct new_documents *n)
{
    add(n, S3_DOC_PUBLIC_ACCESS,
        &(struct s3_PublicAccessBlockConfiguration){.BlockPublicAcls = SOME_BOOL(true),
                                                    .IgnorePublicAcls = SOME_BOOL(true),
                                                    .BlockPublicPolicy = SOME_BOOL(true),
                                                    .RestrictPublicBuckets = SOME_BOOL(true)});
}

static int add_acl(struct new_documents *n, const struct s3_CreateBucketRequest *in,
                   const char *ownership)
{
    struct s3_AccessControlPolicy acl;
    struct request *req = n->req;
    struct s3_acl_words words = {
        .canned = in->ACL,
        .full_control = in->GrantFullControl,
        .read = in->GrantRead,
        .read_acp = in->GrantReadACP,
        .write = in->GrantWrite,
        .write_acp = in->GrantWriteACP,
        .owner = req->account,
        .bucket_owner = req->account,
    };

    if (!s3_acl_is_given(&words))
        return 0;
    if (s3_acl_make(req, &words, &acl))
        return -1;
    if (words.canned && str_eq(words.canned, "private"))
        return 0;
    if (str_eq(ownership, "BucketOwnerEnforced"))
        return aws_fail(req, &s3_InvalidBucketAclWithObjectOwnership,
                        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced "
                        "setting");
    if (s3_acl_is_public(&acl))
        return aws_fail(req, &s3_InvalidBucketAclWithBlockPublicAccessError,
                        "Bucket cannot have public ACLs set with BlockPublicAccess enabled");
    add(n, S3_DOC_ACL, &acl);
    return 0;
}

int s3_new_bucket_documents(struct request *req, const struct s3_CreateBucketRequest *in,
                            struct s3_document_in *out, size_t *out_count)
{
    const char *ownership = in->ObjectOwnership ? in->ObjectOwnership : "BucketOwnerEnforced";
    struct s3_OwnershipControlsRule rule = {.ObjectOwnership = ownership};
    struct new_documents n = {.req = req, .items = out};

    if (!s3_is_ownership(ownership))
        return s3_fail_argument(req, "x-amz-object-ownership", ownership,
                                "Invalid x-amz-object-ownership header: ");
    if (add_tags(&n, in->CreateBucketConfiguration) || add_acl(&n, in, ownership))
        return -1;
    add(&n, S3_DOC_OWNERSHIP, &(struct s3_OwnershipControls){.Rules = {&rule, 1}});
    add_public_block(&n);
    *out_count = n.count;
    return 0;
}

/* --- defaults of new objects --- */

enum store_status s3_bucket_encryption(struct app *app, struct arena *a,
                                       const struct s3_bucket *bucket, struct s3_encryption *out)
{
    struct s3_ServerSideEncryptionConfiguration c = {0};
    const struct s3_ServerSideEncryptionRule *rule;

    *out = (struct s3_encryption){.algorithm = "AES256"};
    if (s3_kept_find(s3_of(app), a, bucket, S3_DOC_ENCRYPTION, &c) < 0)
        return STORE_FAILED;
    rule = c.Rules.count ? &c.Rules.items[0] : NULL;
    if (!rule || !rule->ApplyServerSideEncryptionByDefault)
        return STORE_OK;
    out->algorithm = rule->ApplyServerSideEncryptionByDefault->SSEAlgorithm;
    out->kms_key = rule->ApplyServerSideEncryptionByDefault->KMSMasterKeyID;
    out->bucket_key = VALUE_OR(rule->BucketKeyEnabled, false);
    return STORE_OK;
}

void s3_lifecycle_object_of(struct arena *a, const struct s3_object *object,
                            struct s3_lifecycle_object *out)
{
    *out = (struct s3_lifecycle_object){.key = object->key, .size = object->size};
    out->tags.items = ARENA_ARRAY(a, struct tag, object->tags.count);
    for (size_t i = 0; i < object->tags.count; i++)
        out->tags.items[out->tags.count++] =
            (struct tag){object->tags.items[i].name, object->tags.items[i].value};
}

const char *s3_expiration(struct request *req, const struct s3_bucket *bucket,
                          const struct s3_object *object)
{
    struct s3_BucketLifecycleConfiguration c = {0};
    struct s3_lifecycle_object view;
    char when[TIME_TEXT_MAX];
    const char *rule;
    int64_t due;

    if (s3_kept_find(s3_of(req->app), &req->arena, bucket, S3_DOC_LIFECYCLE, &c) <= 0)
        return NULL;
    s3_lifecycle_object_of(&req->arena, object, &view);
    if (!s3_lifecycle_expiry(&c.Rules, &view, object->modified_ms, &due, &rule))
        return NULL;
    time_http(due, when);
    return arena_printf(&req->arena, "expiry-date=\"%s\", rule-id=\"%s\"", when, rule);
}
