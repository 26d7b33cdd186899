#include "handlers/s3/kept.h"

#include "handlers/common/page_token.h"
#include "server/keep.h"

static const struct {
    const char *shape;
    const struct aws_error *missing; /* NULL: its operation has a default */
    const char *words;
} kinds[] = {
    [S3_DOC_TAGGING] = {"Tagging", &s3_NoSuchTagSet, "The TagSet does not exist"},
    [S3_DOC_ACL] = {"AccessControlPolicy"},
    [S3_DOC_OWNERSHIP] = {"OwnershipControls", &s3_OwnershipControlsNotFoundError,
                          "The bucket ownership controls were not found"},
    [S3_DOC_PUBLIC_ACCESS] = {"PublicAccessBlockConfiguration",
                              &s3_NoSuchPublicAccessBlockConfiguration,
                              "The public access block configuration was not found"},
    [S3_DOC_CORS] = {"CORSConfiguration", &s3_NoSuchCORSConfiguration,
                     "The CORS configuration does not exist"},
    [S3_DOC_LIFECYCLE] = {"BucketLifecycleConfiguration", &s3_NoSuchLifecycleConfiguration,
                          "The lifecycle configuration does not exist"},
    [S3_DOC_WEBSITE] = {"WebsiteConfiguration", &s3_NoSuchWebsiteConfiguration,
                        "The specified bucket does not have a website configuration"},
    [S3_DOC_NOTIFICATION] = {"NotificationConfiguration"},
    [S3_DOC_ENCRYPTION] = {"ServerSideEncryptionConfiguration",
                           &s3_ServerSideEncryptionConfigurationNotFoundError,
                           "The server side encryption configuration was not found"},
    [S3_DOC_LOGGING] = {"BucketLoggingStatus"},
    [S3_DOC_REPLICATION] = {"ReplicationConfiguration", &s3_ReplicationConfigurationNotFoundError,
                            "The replication configuration was not found"},
    [S3_DOC_INVENTORY] = {"InventoryConfiguration", &s3_NoSuchConfiguration,
                          "The specified configuration does not exist."},
    [S3_DOC_REQUEST_PAYMENT] = {"RequestPaymentConfiguration"},
    [S3_DOC_ACCELERATE] = {"AccelerateConfiguration"},
    [S3_DOC_ANALYTICS] = {"AnalyticsConfiguration", &s3_NoSuchConfiguration,
                          "The specified configuration does not exist."},
    [S3_DOC_METRICS] = {"MetricsConfiguration", &s3_NoSuchConfiguration,
                        "The specified configuration does not exist."},
    [S3_DOC_INTELLIGENT_TIERING] = {"IntelligentTieringConfiguration", &s3_NoSuchConfiguration,
                                    "The specified configuration does not exist."},
    [S3_DOC_ABAC] = {"AbacStatus"},
};

const char *s3_kept_shape(enum s3_document kind)
{
    return kinds[kind].shape;
}

int s3_kept_text(struct s3 *s3, struct arena *a, const struct s3_bucket *bucket,
                 enum s3_document kind, const char **out_text)
{
    enum store_status rc;

    *out_text = NULL;
    if (!s3_bucket_has(bucket, kind))
        return 0;
    rc = s3_document_get(s3->store, bucket->id, kind, "", a, out_text);
    return rc && rc != STORE_NOT_FOUND ? -1 : 0;
}

int s3_kept_find(struct s3 *s3, struct arena *a, const struct s3_bucket *bucket,
                 enum s3_document kind, void *out)
{
    const char *text;

    if (s3_kept_text(s3, a, bucket, kind, &text))
        return -1;
    if (!text)
        return 0;
    return keep_read(a, &s3_model, kinds[kind].shape, text, out) ? 1 : -1;
}

static int fail_missing(struct request *req, const struct s3_bucket *bucket, enum s3_document kind)
{
    aws_fail(req, kinds[kind].missing, "%s", kinds[kind].words);
    /* AWS: of what has an id the bucket is not named. */
    if (kinds[kind].missing != &s3_NoSuchConfiguration)
        aws_fail_detail(req, "BucketName", bucket->name);
    return -1;
}

int s3_kept_get(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                void *out)
{
    int rc = s3_kept_find(s3_of(req->app), &req->arena, bucket, kind, out);

    if (rc < 0)
        return aws_fail_internal(req);
    return rc || !kinds[kind].missing ? 0 : fail_missing(req, bucket, kind);
}

/* The bucket may have gone since it was looked up. */
static int end_change(struct request *req, const struct s3_bucket *bucket, enum store_status rc)
{
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_bucket(req, bucket->name);
    return rc ? aws_fail_internal(req) : 0;
}

int s3_kept_put_one(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                    const char *id, const void *value)
{
    struct s3_document_in document = {
        .kind = kind,
        .id = id,
        .body = keep_write(&req->arena, &s3_model, kinds[kind].shape, value),
    };
    enum store_status rc =
        s3_document_put(s3_of(req->app)->store, bucket->id, &document, *id ? S3_KEPT_MAX : 0);

    if (rc == STORE_LIMIT)
        return aws_fail(req, &s3_TooManyConfigurations,
                        "You are attempting to create a new configuration but have already reached "
                        "the 1,000-configuration limit.");
    return end_change(req, bucket, rc);
}

int s3_kept_put(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                const void *value)
{
    return s3_kept_put_one(req, bucket, kind, "", value);
}

int s3_kept_delete(struct request *req, const struct s3_bucket *bucket, enum s3_document kind)
{
    enum store_status rc = s3_document_delete(s3_of(req->app)->store, bucket->id, kind, "");

    return rc && rc != STORE_NOT_FOUND ? aws_fail_internal(req) : 0;
}

int s3_kept_get_one(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                    const char *id, void *out)
{
    const char *text;
    enum store_status rc =
        s3_document_get(s3_of(req->app)->store, bucket->id, kind, id, &req->arena, &text);

    if (rc == STORE_NOT_FOUND)
        return fail_missing(req, bucket, kind);
    if (rc || !keep_read(&req->arena, &s3_model, kinds[kind].shape, text, out))
        return aws_fail_internal(req);
    return 0;
}

int s3_kept_delete_one(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                       const char *id)
{
    enum store_status rc = s3_document_delete(s3_of(req->app)->store, bucket->id, kind, id);

    if (rc == STORE_NOT_FOUND)
        return fail_missing(req, bucket, kind);
    return rc ? aws_fail_internal(req) : 0;
}

int s3_kept_list(struct request *req, const struct s3_bucket *bucket, enum s3_document kind,
                 const char *token, size_t size, struct any_list *out, const char **out_next)
{
    const char *after = "";
    struct s3_documents page;
    char *items;

    if (token && !(after = page_token_read(&req->arena, kinds[kind].shape, token)))
        return s3_fail_argument(req, "continuation-token", token,
                                "The continuation token provided is incorrect");
    if (s3_document_list(s3_of(req->app)->store, bucket->id, kind, after, S3_KEPT_PAGE, &req->arena,
                         &page))
        return aws_fail_internal(req);
    items = arena_array(&req->arena, page.count + 1, size);
    for (size_t i = 0; i < page.count; i++)
        if (!keep_read(&req->arena, &s3_model, kinds[kind].shape, page.items[i].body,
                       items + i * size))
            return aws_fail_internal(req);
    *out = (struct any_list){items, page.count};
    *out_next = page.more
                    ? page_token_make(&req->arena, kinds[kind].shape, page.items[page.count - 1].id)
                    : NULL;
    return 0;
}
