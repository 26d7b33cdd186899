/* GetObjectAttributes, RestoreObject, RenameObject. */
#include "handlers/s3/access.h"
#include "handlers/s3/checksum.h"
#include "handlers/s3/customer_key.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/target.h"
#include "server/base/clock.h"
#include "server/base/encode.h"

enum { PARTS_PAGE = 1000 };
static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

/* --- GetObjectAttributes --- */

enum attribute {
    ATTRIBUTE_ETAG = 1 << 0,
    ATTRIBUTE_CHECKSUM = 1 << 1,
    ATTRIBUTE_PARTS = 1 << 2,
    ATTRIBUTE_CLASS = 1 << 3,
    ATTRIBUTE_SIZE = 1 << 4,
};

static int read_attributes(struct request *req, const struct s3_ObjectAttributesList *list,
                           unsigned *out)
{
    static const struct {
        const char *name;
        enum attribute attribute;
    } known[] = {
        {"ETag", ATTRIBUTE_ETAG},         {"Checksum", ATTRIBUTE_CHECKSUM},
        {"ObjectParts", ATTRIBUTE_PARTS}, {"StorageClass", ATTRIBUTE_CLASS},
        {"ObjectSize", ATTRIBUTE_SIZE},
    };

    *out = 0;
    if (list->count == 0)
        return aws_fail(req, &s3_InvalidRequest,
                        "The x-amz-object-attributes header specifying the attributes to be "
                        "retrieved is either missing or empty");
    for (size_t i = 0; i < list->count; i++) {
        unsigned before = *out;

        for (size_t k = 0; k < ARRAY_LEN(known); k++)
            if (str_eq(known[k].name, list->items[i]))
                *out |= known[k].attribute;
        if (*out == before)
            return s3_fail_argument(req, "x-amz-object-attributes", list->items[i],
                                    "Invalid attribute name specified.");
    }
    return 0;
}

static struct s3_Checksum *checksum_of(struct arena *a, const struct s3_object *o)
{
    struct s3_Checksum *c;
    const char *value = o->checksum;

    if (!value)
        return NULL;
    c = ARENA_NEW(a, struct s3_Checksum);
    if (o->checksum_type == S3_CHECKSUM_COMPOSITE) /* AWS: without the -N here */
        value = arena_strndup(a, value, strcspn(value, "-"));
    S3_CHECKSUM_SET(c, o->checksum_algorithm, value);
    c->ChecksumType = s3_checksum_type_name(o->checksum_type);
    return c;
}

static int list_parts(struct request *req, const struct s3_GetObjectAttributesRequest *in,
                      const struct s3_object *o, struct s3_GetObjectAttributesParts *out)
{
    int after = VALUE_OR(in->PartNumberMarker, 0);
    int max = MIN(VALUE_OR(in->MaxParts, PARTS_PAGE), PARTS_PAGE);
    struct s3_parts parts;

    if (max < 0 || after < 0)
        return s3_fail_argument(req, max < 0 ? "x-amz-max-parts" : "x-amz-part-number-marker", NULL,
                                "Argument must be an integer between 0 and 2147483647");
    if (s3_part_list(s3_of(req->app)->store, o->upload, after, (size_t)max, &req->arena, &parts))
        return aws_fail_internal(req);
    out->PartNumberMarker = SOME_INT(after);
    out->NextPartNumberMarker = SOME_INT(parts.count ? parts.items[parts.count - 1].number : 0);
    out->MaxParts = SOME_INT(max);
    out->IsTruncated = SOME_BOOL(parts.more);
    out->Parts.items = ARENA_ARRAY(&req->arena, struct s3_ObjectPart, parts.count + 1);
    for (size_t i = 0; i < parts.count; i++) {
        struct s3_ObjectPart *part = &out->Parts.items[out->Parts.count++];

        part->PartNumber = SOME_INT(parts.items[i].number);
        part->Size = SOME_LONG(parts.items[i].size);
        S3_CHECKSUM_SET(part, o->checksum_algorithm, parts.items[i].checksum);
    }
    return 0;
}

/* AWS lists the parts only where the object's checksum is made of theirs, and else counts them: who
 * reads them loses nothing by the list. */
static int describe_parts(struct request *req, const struct s3_GetObjectAttributesRequest *in,
                          const struct s3_object *o, struct s3_GetObjectAttributesOutput *out)
{
    const char *dash = strrchr(o->etag, '-');

    if (!o->upload)
        return 0;
    out->ObjectParts = ARENA_NEW(&req->arena, struct s3_GetObjectAttributesParts);
    out->ObjectParts->TotalPartsCount = SOME_INT(dash ? (int32_t)strtol(dash + 1, NULL, 10) : 0);
    return list_parts(req, in, o, out->ObjectParts);
}

int s3_get_object_attributes(struct request *req, const struct s3_GetObjectAttributesRequest *in,
                             struct s3_GetObjectAttributesOutput *out)
{
    struct s3_target target;
    struct s3_customer_key key;
    const struct s3_object *o;
    unsigned attributes;

    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                      in->VersionId ? "s3:GetObjectVersionAttributes" : "s3:GetObjectAttributes",
                      &target) ||
        read_attributes(req, &in->ObjectAttributes, &attributes) ||
        s3_customer_key_read(req, false, &key) ||
        s3_customer_key_check(req, &key, &target.object->head))
        return -1;
    o = target.object;
    out->LastModified = S3_SECONDS(o->modified_ms);
    out->VersionId = s3_version_of(&req->arena, &target.bucket, o);
    if (attributes & ATTRIBUTE_ETAG)
        out->ETag = o->etag; /* AWS: without quotes here */
    if (attributes & ATTRIBUTE_CHECKSUM)
        out->Checksum = checksum_of(&req->arena, o);
    if (attributes & ATTRIBUTE_CLASS)
        out->StorageClass = o->storage_class;
    if (attributes & ATTRIBUTE_SIZE)
        out->ObjectSize = SOME_LONG(o->size);
    return attributes & ATTRIBUTE_PARTS ? describe_parts(req, in, o, out) : 0;
}

/* --- RestoreObject --- */

/* A copy out of the archive is there at once, for so many days. */
int s3_restore_object(struct request *req, const struct s3_RestoreObjectRequest *in,
                      struct s3_RestoreObjectOutput *out)
{
    int64_t now = clock_now_ms(&req->app->clock);
    struct s3_target target;
    struct s3_object changed;
    enum store_status rc;
    bool again;

    (void)out;
    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                      "s3:RestoreObject", &target))
        return -1;
    if (in->RestoreRequest && in->RestoreRequest->Type)
        return aws_fail_unsupported(req, "RestoreRequest.Type");
    if (!in->RestoreRequest || !in->RestoreRequest->Days.set || in->RestoreRequest->Days.value < 1)
        return s3_fail_malformed_xml(req);
    if (!str_eq(target.object->storage_class, "GLACIER") &&
        !str_eq(target.object->storage_class, "DEEP_ARCHIVE")) {
        aws_fail(req, &s3_InvalidObjectState,
                 "Restore is not allowed for the object's current storage class");
        aws_fail_detail(req, "StorageClass", target.object->storage_class);
        return -1;
    }
    changed = *target.object;
    again = changed.restore_until_ms > now;
    /* AWS: a copy goes at the midnight after its last day. */
    changed.restore_until_ms =
        (now + in->RestoreRequest->Days.value * DAY_MS) / DAY_MS * DAY_MS + DAY_MS;
    rc = s3_object_change(s3_of(req->app)->store, &changed, S3_FACT_RESTORE);
    if (rc)
        return rc == STORE_NOT_FOUND ? s3_fail_no_key(req, in->Key) : aws_fail_internal(req);
    req->response.status = again ? 200 : 202;
    if (!again) {
        s3_notify_of(req, "ObjectRestore:Post", &target.bucket, &changed);
        s3_notify_of(req, "ObjectRestore:Completed", &target.bucket, &changed);
    }
    return 0;
}

/* --- RenameObject --- */

static int rename_source(struct request *req, const struct s3_RenameObjectRequest *in,
                         const char **out)
{
    const char *text =
        url_decode(&req->arena, in->RenameSource, strlen(in->RenameSource), false, NULL);
    size_t bucket_len = strlen(in->Bucket);

    if (!text)
        return s3_fail_argument(req, "x-amz-rename-source", in->RenameSource,
                                "The rename source is not valid.");
    text += *text == '/';
    if (strncmp(text, in->Bucket, bucket_len) == 0 && text[bucket_len] == '/')
        text += bucket_len + 1;
    *out = text;
    return *text ? s3_check_key(req, text)
                 : s3_fail_argument(req, "x-amz-rename-source", in->RenameSource,
                                    "The rename source is not valid.");
}

static int check_rename_conditions(struct request *req, const struct s3_RenameObjectRequest *in)
{
    if (in->SourceIfNoneMatch)
        return aws_fail_unsupported(req, "SourceIfNoneMatch");
    if (in->SourceIfModifiedSince.set || in->SourceIfUnmodifiedSince.set ||
        in->DestinationIfModifiedSince.set || in->DestinationIfUnmodifiedSince.set)
        return aws_fail_unsupported(req, "IfModifiedSince and IfUnmodifiedSince");
    if (in->DestinationIfNoneMatch && !str_eq(in->DestinationIfNoneMatch, "*"))
        return s3_fail_header(req, "If-None-Match");
    return 0;
}

/* AWS has it for directory buckets; here it serves every bucket. */
int s3_rename_object(struct request *req, const struct s3_RenameObjectRequest *in,
                     struct s3_RenameObjectOutput *out)
{
    struct s3_target target;
    struct s3_rename rename = {.to = in->Key, .now_ms = clock_now_ms(&req->app->clock)};
    enum store_status rc;

    (void)out;
    if (s3_use_key(req, in->Bucket, in->Key, NULL, NULL, "s3:PutObject", &target) ||
        rename_source(req, in, &rename.from) || check_rename_conditions(req, in))
        return -1;
    if (target.bucket.versioning != S3_UNVERSIONED)
        return aws_fail(req, &s3_InvalidRequest,
                        "RenameObject is not supported in buckets with versioning.");
    if (str_eq(rename.from, rename.to))
        return aws_fail(req, &s3_InvalidRequest, "Source and destination are the same.");
    rename.bucket = target.bucket.id;
    if (in->SourceIfMatch)
        rename.from_condition.if_match = s3_etag_bare(&req->arena, in->SourceIfMatch);
    if (in->DestinationIfMatch)
        rename.to_condition.if_match = s3_etag_bare(&req->arena, in->DestinationIfMatch);
    rename.to_condition.if_none_match = in->DestinationIfNoneMatch != NULL;
    rc = s3_object_rename(s3_of(req->app)->store, &rename);
    if (rc == STORE_CONFLICT)
        return s3_fail_refusal(req, &rename.to_condition, rename.refusal, rename.from);
    if (rc)
        return rc == STORE_NOT_FOUND ? s3_fail_no_bucket(req, in->Bucket) : aws_fail_internal(req);
    return 0;
}
