/* DeleteObject and DeleteObjects. */
#include "handlers/s3/access.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/target.h"
#include "server/base/clock.h"

enum { DELETE_MAX = 1000 };

/* always: of what was not there, too. */
static void tell(struct request *req, const struct s3_bucket *bucket, const struct s3_remove *r,
                 bool always)
{
    /* AWS: a delete marker has the ETag of nothing. */
    static const char empty_etag[] = "d41d8cd98f00b204e9800998ecf8427e";
    bool hidden = r->which.by == S3_PRESENT && r->marker;
    const struct s3_object gone = {
        .key = r->which.key,
        .etag = hidden ? empty_etag : NULL,
        .id = r->version,
        .marker = true,
        .null_version = r->null_version,
    };

    if (hidden)
        s3_notify_of(req, "ObjectRemoved:DeleteMarkerCreated", bucket, &gone);
    else if (r->found || always)
        s3_notify_of(req, "ObjectRemoved:Delete", bucket, &gone);
}

/* Removes one. The refusal of a condition or a lock is left to the caller. */
static enum store_status remove_one(struct request *req, const struct s3_target *target,
                                    struct s3_remove *r, bool always)
{
    enum store_status rc;

    r->bucket = target->bucket.id;
    r->which = target->which;
    r->account = req->account;
    r->now_ms = clock_now_ms(&req->app->clock);
    rc = s3_object_remove(s3_of(req->app)->store, r);
    if (rc == STORE_OK)
        tell(req, &target->bucket, r, always);
    return rc;
}

static int check_bypass(struct request *req, const struct s3_bucket *bucket,
                        struct maybe_bool bypass)
{
    if (!bypass.set || bucket->object_lock)
        return 0;
    return s3_fail_argument(req, "x-amz-bypass-governance-retention", NULL,
                            "x-amz-bypass-governance-retention is only applicable to Object Lock "
                            "enabled buckets.");
}

static const char *version_of(struct request *req, const struct s3_bucket *bucket,
                              const struct s3_remove *r)
{
    if (!r->version || (bucket->versioning == S3_UNVERSIONED && r->which.by == S3_PRESENT))
        return NULL;
    return s3_version_text(&req->arena, r->version, r->null_version);
}

/* --- DeleteObject --- */

int s3_delete_object(struct request *req, const struct s3_DeleteObjectRequest *in,
                     struct s3_DeleteObjectOutput *out)
{
    struct s3_remove remove = {
        .condition.if_match = in->IfMatch ? s3_etag_bare(&req->arena, in->IfMatch) : NULL,
        .bypass_governance = VALUE_OR(in->BypassGovernanceRetention, false),
    };
    struct s3_target target;
    enum store_status rc;

    if (in->IfMatchLastModifiedTime.set || in->IfMatchSize.set) /* AWS: directory buckets only */
        return s3_fail_header(req, in->IfMatchSize.set ? "x-amz-if-match-size"
                                                       : "x-amz-if-match-last-modified-time");
    if (s3_use_key(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                   in->VersionId ? "s3:DeleteObjectVersion" : "s3:DeleteObject", &target) ||
        check_bypass(req, &target.bucket, in->BypassGovernanceRetention))
        return -1;
    if (remove.bypass_governance && s3_authorize(req, &target, "s3:BypassGovernanceRetention"))
        return -1;
    rc = remove_one(req, &target, &remove, false);
    if (rc == STORE_CONFLICT)
        return s3_fail_refusal(req, &remove.condition, remove.refusal, in->Key);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_bucket(req, in->Bucket);
    if (rc)
        return aws_fail_internal(req);
    if (remove.marker)
        out->DeleteMarker = SOME_BOOL(true);
    out->VersionId = version_of(req, &target.bucket, &remove);
    if (!out->VersionId && in->VersionId)
        out->VersionId = in->VersionId;
    return 0;
}

/* --- DeleteObjects --- */

static void add_error(struct request *req, struct s3_DeleteObjectsOutput *out,
                      const struct s3_ObjectIdentifier *id)
{
    out->Errors.items[out->Errors.count++] = (struct s3_Error){
        .Key = id->Key,
        .VersionId = id->VersionId,
        .Code = req->failure.error->code,
        .Message = req->failure.message,
    };
    req->failure = (struct failure){0};
}

static int delete_listed(struct request *req, const struct s3_DeleteObjectsRequest *in,
                         const struct s3_bucket *bucket, const struct s3_ObjectIdentifier *id,
                         struct s3_DeletedObject *out)
{
    struct s3_remove remove = {
        .condition.if_match = id->ETag ? s3_etag_bare(&req->arena, id->ETag) : NULL,
        .bypass_governance = VALUE_OR(in->BypassGovernanceRetention, false),
    };
    struct s3_target target = {
        .bucket = *bucket, .key = id->Key, .version_id = id->VersionId, .which.key = id->Key};
    enum store_status rc;

    if (s3_check_key(req, id->Key))
        return -1;
    if (id->VersionId && !s3_version_read(id->VersionId, &target.which))
        return s3_fail_no_version(req, id->Key, id->VersionId);
    if (s3_authorize(req, &target, id->VersionId ? "s3:DeleteObjectVersion" : "s3:DeleteObject"))
        return -1;
    if (remove.bypass_governance && s3_authorize(req, &target, "s3:BypassGovernanceRetention"))
        return -1;
    /* AWS: each key of the list has its event, whether there was an object or not. */
    rc = remove_one(req, &target, &remove, !id->VersionId);
    if (rc == STORE_CONFLICT)
        return s3_fail_refusal(req, &remove.condition, remove.refusal, id->Key);
    if (rc)
        return aws_fail_internal(req);
    *out = (struct s3_DeletedObject){.Key = id->Key, .VersionId = id->VersionId};
    if (remove.marker) {
        out->DeleteMarker = SOME_BOOL(true);
        out->DeleteMarkerVersionId = version_of(req, bucket, &remove);
    }
    return 0;
}

int s3_delete_objects(struct request *req, const struct s3_DeleteObjectsRequest *in,
                      struct s3_DeleteObjectsOutput *out)
{
    struct s3_target target;
    struct s3_DeletedObject deleted;
    size_t count;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, NULL, &target))
        return -1;
    if (!s3_document_is_digested(req)) /* AWS wants to be sure of the list */
        return aws_fail(req, &s3_InvalidRequest,
                        "Missing required header for this request: Content-MD5");
    if (!in->Delete || in->Delete->Objects.count == 0 || in->Delete->Objects.count > DELETE_MAX)
        return s3_fail_malformed_xml(req);
    count = in->Delete->Objects.count;
    for (size_t i = 0; i < count; i++)
        if (!in->Delete->Objects.items[i].Key || !*in->Delete->Objects.items[i].Key)
            return s3_fail_malformed_xml(req);
    out->Deleted.items = ARENA_ARRAY(&req->arena, struct s3_DeletedObject, count);
    out->Errors.items = ARENA_ARRAY(&req->arena, struct s3_Error, count);
    for (size_t i = 0; i < count; i++) {
        const struct s3_ObjectIdentifier *id = &in->Delete->Objects.items[i];

        if (delete_listed(req, in, &target.bucket, id, &deleted))
            add_error(req, out, id);
        else if (!VALUE_OR(in->Delete->Quiet, false))
            out->Deleted.items[out->Deleted.count++] = deleted;
    }
    return 0;
}
