#include "handlers/s3/new_object.h"

#include "handlers/common/arn.h"
#include "handlers/s3/access.h"
#include "handlers/s3/configuration.h"
#include "handlers/s3/customer_key.h"
#include "handlers/s3/lock.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/tagging.h"
#include "server/base/clock.h"

enum { METADATA_MAX = 2048 };

static const char metadata_prefix[] = "x-amz-meta-";

/* Headers that are kept as they come and given back. */
static const char *const kept[] = {
    "cache-control",
    "content-disposition",
    "content-language",
    "expires",
    "x-amz-website-redirect-location",
};

void s3_head_add(struct arena *a, struct s3_pairs *head, const char *name, const char *value)
{
    struct s3_pair *items = ARENA_ARRAY(a, struct s3_pair, head->count + 1);

    if (head->count)
        memcpy(items, head->items, head->count * sizeof(*items));
    items[head->count] = (struct s3_pair){name, value};
    head->items = items;
    head->count++;
}

/* --- headers and metadata --- */

/* "gzip, aws-chunked" -> "gzip"; NULL when nothing is left: the framing is not the object's. */
static const char *content_encoding(struct request *req)
{
    const char *text = request_header(req, "content-encoding");
    struct strbuf b = STRBUF_INIT(16 << 10);
    const char *result;

    if (!text || !strcasestr(text, "aws-chunked"))
        return text;
    while (*text) {
        size_t len = strcspn(text, ",");
        const char *item = text + strspn(text, " \t");
        size_t item_len = len - MIN((size_t)(item - text), len);

        while (item_len > 0 && strchr(" \t", item[item_len - 1]))
            item_len--;
        if (item_len && !(item_len == 11 && strncasecmp(item, "aws-chunked", 11) == 0)) {
            if (b.len)
                strbuf_add_char(&b, ',');
            strbuf_add(&b, item, item_len);
        }
        text += len + (text[len] == ',');
    }
    result = b.len ? arena_strndup(&req->arena, b.data, b.len) : NULL;
    strbuf_release(&b);
    return result;
}

static const char *lower_case(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text);

    for (char *p = copy; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return copy;
}

static int read_metadata(struct request *req, struct s3_pairs *out)
{
    size_t size = 0;

    for (size_t i = 0; i < req->header_count; i++) {
        const struct header *h = &req->headers[i];

        if (strncasecmp(h->name, metadata_prefix, strlen(metadata_prefix)) != 0)
            continue;
        size += strlen(h->name) - strlen(metadata_prefix) + strlen(h->value);
        out->items[out->count++] = (struct s3_pair){lower_case(&req->arena, h->name), h->value};
    }
    if (size <= METADATA_MAX)
        return 0;
    aws_fail(req, &s3_MetadataTooLarge,
             "Your metadata headers exceed the maximum allowed metadata size");
    aws_fail_detail(req, "Size", arena_printf(&req->arena, "%zu", size));
    aws_fail_detail(req, "MaxSizeAllowed", "2048");
    return -1;
}

int s3_new_head(struct request *req, struct s3_pairs *out)
{
    const char *type = request_header(req, "content-type");
    const char *encoding = content_encoding(req);

    out->items = ARENA_ARRAY(&req->arena, struct s3_pair, req->header_count + ARRAY_LEN(kept) + 2);
    out->count = 0;
    out->items[out->count++] =
        (struct s3_pair){"content-type", type && *type ? type : "binary/octet-stream"};
    if (encoding)
        out->items[out->count++] = (struct s3_pair){"content-encoding", encoding};
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        const char *value = request_header(req, kept[i]);

        if (value)
            out->items[out->count++] = (struct s3_pair){kept[i], value};
    }
    return read_metadata(req, out);
}

/* --- storage class, encryption --- */

int s3_new_storage_class(struct request *req, const char **out)
{
    static const char *const classes[] = {"STANDARD",     "REDUCED_REDUNDANCY",  "STANDARD_IA",
                                          "ONEZONE_IA",   "INTELLIGENT_TIERING", "GLACIER",
                                          "DEEP_ARCHIVE", "GLACIER_IR"};
    const char *given = request_header(req, "x-amz-storage-class");

    *out = "STANDARD";
    if (!given)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
        if (str_eq(classes[i], given)) {
            *out = classes[i];
            return 0;
        }
    }
    aws_fail(req, &s3_InvalidStorageClass, "The storage class you specified is not valid");
    aws_fail_detail(req, "StorageClassRequested", given);
    return -1;
}

#define SSE "x-amz-server-side-encryption"

static bool is_kms(const char *algorithm)
{
    return str_eq(algorithm, "aws:kms") || str_eq(algorithm, "aws:kms:dsse");
}

void s3_head_add_encryption(struct arena *a, const struct s3_bucket *bucket,
                            const struct s3_encryption *e, struct s3_pairs *head)
{
    const char *key = e->kms_key ? e->kms_key : "alias/aws/s3";

    s3_head_add(a, head, SSE, e->algorithm);
    if (!is_kms(e->algorithm))
        return;
    if (!str_starts(key, "arn:"))
        key = arn_make(a, "kms", bucket->region, bucket->account, "%s%s",
                       str_starts(key, "alias/") ? "" : "key/", key);
    s3_head_add(a, head, SSE "-aws-kms-key-id", key);
    if (e->bucket_key)
        s3_head_add(a, head, SSE "-bucket-key-enabled", "true");
}

int s3_new_encryption(struct request *req, const struct s3_target *target, struct s3_pairs *head)
{
    const char *given = request_header(req, SSE);
    const char *key = request_header(req, SSE "-aws-kms-key-id");
    const char *context = request_header(req, SSE "-context");
    const char *bucket_key = request_header(req, SSE "-bucket-key-enabled");
    bool customer = request_header(req, S3_HEAD_SSE_C) != NULL;
    struct s3_encryption e;

    if (given && customer)
        return s3_fail_argument(req, SSE, given,
                                "Server Side Encryption with Customer provided key is incompatible "
                                "with the encryption method specified");
    if (given && !str_eq(given, "AES256") && !is_kms(given))
        return s3_fail_argument(req, SSE, given,
                                "The encryption method specified is not supported");
    if (key && (!given || !is_kms(given)))
        return s3_fail_argument(req, SSE, given,
                                "Server Side Encryption with AWS KMS managed key requires HTTP "
                                "header x-amz-server-side-encryption : aws:kms");
    if (customer)
        return 0;
    if (s3_bucket_encryption(req->app, &req->arena, &target->bucket, &e))
        return aws_fail_internal(req);
    if (given && (key || !str_eq(given, e.algorithm)))
        e.kms_key = key;
    if (given)
        e.algorithm = given;
    if (bucket_key)
        e.bucket_key = strcasecmp(bucket_key, "true") == 0;
    s3_head_add_encryption(&req->arena, &target->bucket, &e, head);
    if (is_kms(e.algorithm) && context)
        s3_head_add(&req->arena, head, SSE "-context", context);
    return 0;
}

/* --- lock --- */

int s3_new_lock(struct request *req, const struct s3_bucket *bucket, struct s3_lock *out)
{
    const char *mode = request_header(req, "x-amz-object-lock-mode");
    const char *until = request_header(req, "x-amz-object-lock-retain-until-date");
    const char *hold = request_header(req, "x-amz-object-lock-legal-hold");

    *out = (struct s3_lock){0};
    if ((mode || until || hold) && !bucket->object_lock)
        return aws_fail(req, &s3_InvalidRequest, "Bucket is missing Object Lock Configuration");
    if (!mode != !until)
        return s3_fail_argument(
            req, mode ? "x-amz-object-lock-retain-until-date" : "x-amz-object-lock-mode", NULL,
            "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode "
            "must both be supplied");
    if (hold && !str_eq(hold, "ON") && !str_eq(hold, "OFF"))
        return s3_fail_argument(req, "x-amz-object-lock-legal-hold", hold,
                                "Legal hold must be either of 'ON' or 'OFF'");
    if (hold)
        out->legal_hold = str_eq(hold, "ON") ? S3_HOLD_ON : S3_HOLD_OFF;
    if (!mode)
        return s3_default_retention(req, bucket, out);
    out->mode = s3_lock_mode_read(mode);
    if (out->mode == S3_LOCK_NONE)
        return s3_fail_argument(req, "x-amz-object-lock-mode", mode, "Unknown wormMode directive.");
    if (!time_parse_iso8601(until, &out->retain_until_ms))
        return s3_fail_argument(req, "x-amz-object-lock-retain-until-date", until,
                                "The retain until date must be provided in ISO 8601 format");
    if (out->retain_until_ms <= clock_now_ms(&req->app->clock))
        return s3_fail_argument(req, "x-amz-object-lock-retain-until-date", until,
                                "The retain until date must be in the future!");
    return 0;
}

int s3_new_object(struct request *req, const struct s3_target *target, struct s3_object *out)
{
    *out = (struct s3_object){
        .bucket = target->bucket.id,
        .key = target->key,
        .account = req->account,
        .modified_ms = clock_now_ms(&req->app->clock),
        .etag = "",
    };
    if (s3_new_head(req, &out->head) || s3_new_storage_class(req, &out->storage_class) ||
        s3_tags_of_header(req, request_header(req, "x-amz-tagging"), &out->tags) ||
        s3_new_encryption(req, target, &out->head) || s3_new_lock(req, &target->bucket, &out->lock))
        return -1;
    return s3_new_object_acl(req, target, &out->account, &out->acl);
}

/* --- conditions --- */

static int fail_condition(struct request *req, const char *header, const char *why)
{
    (void)s3_fail_header(req, header);
    aws_fail_detail(req, "additionalMessage", why);
    return -1;
}

int s3_write_condition(struct request *req, struct s3_condition *out)
{
    const char *match = request_header(req, "if-match");
    const char *none_match = request_header(req, "if-none-match");

    *out = (struct s3_condition){0};
    if (match && none_match)
        return fail_condition(req, "If-Match,If-None-Match",
                              "Multiple conditional request headers present in the request");
    if (none_match && !str_eq(none_match, "*"))
        return fail_condition(
            req, "If-None-Match",
            "We don't accept the provided value of If-None-Match header for this API");
    if (match && str_eq(match, "*"))
        return fail_condition(req, "If-Match",
                              "We don't accept the provided value of If-Match header for this API");
    out->if_none_match = none_match != NULL;
    out->if_match = match ? s3_etag_bare(&req->arena, match) : NULL;
    return 0;
}

int s3_fail_refusal(struct request *req, const struct s3_condition *condition,
                    enum s3_refusal refusal, const char *key)
{
    switch (refusal) {
    case S3_PRECONDITION:
        return s3_fail_precondition(req, condition->if_match ? "If-Match" : "If-None-Match");
    case S3_NO_KEY:
        return s3_fail_no_key(req, key);
    case S3_CHANGED:
        aws_fail(req, &s3_ConditionalRequestConflict,
                 "The conditional request cannot succeed due to a conflicting operation against "
                 "this resource.");
        aws_fail_detail(req, "Condition", condition->if_match ? "If-Match" : "If-None-Match");
        aws_fail_detail(req, "Key", key);
        return -1;
    case S3_LOCKED:
        return aws_fail(req, &s3_AccessDenied,
                        "Access Denied because object protected by object lock.");
    default:
        return aws_fail_internal(req);
    }
}

/* --- storing --- */

int s3_store_content(struct request *req, const struct s3_content *content,
                     struct s3_object *object, char blob[S3_BLOB_ID_MAX])
{
    struct s3_store *store = s3_of(req->app)->store;
    enum store_status rc = STORE_OK;

    blob[0] = '\0';
    object->size = content->size;
    for (size_t i = 0; i < content->head.count; i++)
        s3_head_add(&req->arena, &object->head, content->head.items[i].name,
                    content->head.items[i].value);
    if (content->fd >= 0)
        rc = s3_blob_adopt(store, content->fd, blob);
    else if (content->size > S3_INLINE_MAX)
        rc = s3_blob_write(store, content->memory.data, content->memory.len, blob);
    else if (content->size > 0)
        object->data = content->memory;
    if (rc)
        return aws_fail_internal(req);
    object->blob = blob[0] ? blob : NULL;
    return 0;
}

int s3_store_object(struct request *req, const struct s3_target *target,
                    const struct s3_content *content, const struct s3_condition *condition,
                    const char *event, struct s3_object *object)
{
    struct s3_store *store = s3_of(req->app)->store;
    struct s3_put put = {.condition = *condition};
    char blob[S3_BLOB_ID_MAX];
    enum store_status rc;

    object->etag = arena_strdup(&req->arena, content->md5);
    object->checksum_algorithm = content->algorithm;
    object->checksum_type = S3_CHECKSUM_FULL_OBJECT;
    object->checksum = content->checksum;
    if (s3_store_content(req, content, object, blob))
        return -1;
    put.object = *object;
    rc = s3_object_put(store, &put);
    *object = put.object;
    object->blob = NULL; /* its name is on the stack */
    if (rc && blob[0])
        s3_blob_drop(store, blob);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_bucket(req, target->bucket.name);
    if (rc == STORE_CONFLICT)
        return s3_fail_refusal(req, condition, put.refusal, object->key);
    if (rc)
        return aws_fail_internal(req);
    s3_notify_of(req, event, &target->bucket, object);
    return 0;
}
