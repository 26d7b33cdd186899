/*
 * ListObjects, ListObjectsV2 and ListObjectVersions.
 *
 * A page token of V2 is the key or prefix after which the next page begins, sealed (page_token.h).
 */
#include "handlers/common/page_token.h"
#include "handlers/s3/checksum.h"
#include "handlers/s3/listing.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/target.h"
#include "server/base/clock.h"
#include "server/base/encode.h"

enum { PAGE_MAX = 1000 };

static const char token_kind[] = "s3 ListObjectsV2";

/* --- what listings share --- */

int s3_listing_begin(struct request *req, const char *encoding_type, struct maybe_int max,
                     const char *max_name, struct s3_listing_form *out)
{
    *out = (struct s3_listing_form){.arena = &req->arena, .max = PAGE_MAX};
    if (encoding_type && strcasecmp(encoding_type, "url") != 0)
        return s3_fail_argument(req, "encoding-type", encoding_type,
                                "Invalid Encoding Method specified in Request");
    out->encode = encoding_type != NULL;
    if (!max.set)
        return 0;
    if (max.value < 0)
        return s3_fail_argument(req, max_name, arena_printf(&req->arena, "%d", max.value),
                                arena_printf(&req->arena,
                                             "Argument %s must be an integer between 0 and "
                                             "2147483647",
                                             max_name));
    out->max = (size_t)MIN(max.value, PAGE_MAX);
    return 0;
}

const char *s3_listing_text(const struct s3_listing_form *form, const char *text)
{
    return text && form->encode ? url_encode(form->arena, text, strlen(text), true) : text;
}

const char *s3_last_listed(const struct s3_page *page)
{
    const struct s3_list_item *last = &page->items[page->count - 1];

    return last->prefix ? last->prefix : last->object.key;
}

static struct s3_ChecksumAlgorithmList algorithm_list(struct arena *a, const struct s3_object *o)
{
    struct s3_ChecksumAlgorithmList list = {0};

    if (o->checksum_algorithm) {
        list.items = ARENA_ARRAY(a, const char *, 1);
        list.items[list.count++] = s3_checksum_name(o->checksum_algorithm);
    }
    return list;
}

static const char *type_of(const struct s3_object *o)
{
    return o->checksum_algorithm ? s3_checksum_type_name(o->checksum_type) : NULL;
}

static int wants_restore(struct request *req, const struct s3_OptionalObjectAttributesList *list,
                         bool *out)
{
    *out = false;
    for (size_t i = 0; i < list->count; i++) {
        if (!str_eq(list->items[i], "RestoreStatus"))
            return s3_fail_argument(req, "x-amz-optional-object-attributes", list->items[i],
                                    "Invalid attribute name specified");
        *out = true;
    }
    return 0;
}

static struct s3_RestoreStatus *restore_status(struct arena *a, const struct s3_object *o)
{
    struct s3_RestoreStatus *status;

    if (!o->restore_until_ms)
        return NULL;
    status = ARENA_NEW(a, struct s3_RestoreStatus);
    status->IsRestoreInProgress = SOME_BOOL(false);
    status->RestoreExpiryDate = SOME_TIME(o->restore_until_ms);
    return status;
}

static void add_prefix(const struct s3_listing_form *form, const char *prefix,
                       struct s3_CommonPrefixList *out)
{
    out->items[out->count++].Prefix = s3_listing_text(form, prefix);
}

/* --- present objects --- */

struct object_view {
    const struct s3_listing_form *form;
    bool owner;
    bool restore;
};

static void fill_objects(const struct object_view *view, const struct s3_page *page,
                         struct s3_ObjectList *out, struct s3_CommonPrefixList *out_prefixes)
{
    struct arena *a = view->form->arena;

    out->items = ARENA_ARRAY(a, struct s3_Object, page->count + 1);
    out_prefixes->items = ARENA_ARRAY(a, struct s3_CommonPrefix, page->count + 1);
    for (size_t i = 0; i < page->count; i++) {
        const struct s3_object *o = &page->items[i].object;

        if (page->items[i].prefix) {
            add_prefix(view->form, page->items[i].prefix, out_prefixes);
            continue;
        }
        out->items[out->count++] = (struct s3_Object){
            .Key = s3_listing_text(view->form, o->key),
            .LastModified = S3_SECONDS(o->modified_ms),
            .ETag = s3_etag_text(a, o->etag),
            .ChecksumAlgorithm = algorithm_list(a, o),
            .ChecksumType = type_of(o),
            .Size = SOME_LONG(o->size),
            .StorageClass = o->storage_class,
            .Owner = view->owner ? s3_owner(a, o->account) : NULL,
            .RestoreStatus = view->restore ? restore_status(a, o) : NULL,
        };
    }
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

int s3_list_objects(struct request *req, const struct s3_ListObjectsRequest *in,
                    struct s3_ListObjectsOutput *out)
{
    struct s3_listing_form form;
    struct object_view view = {.form = &form, .owner = true};
    struct s3_target target;
    struct s3_page page;
    struct s3_list_query query = {
        .prefix = or_empty(in->Prefix),
        .delimiter = or_empty(in->Delimiter),
        .after = or_empty(in->Marker),
    };

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:ListBucket", &target) ||
        s3_listing_begin(req, in->EncodingType, in->MaxKeys, "max-keys", &form) ||
        wants_restore(req, &in->OptionalObjectAttributes, &view.restore))
        return -1;
    query.bucket = target.bucket.id;
    query.max = form.max;
    if (s3_object_list(s3_of(req->app)->store, &query, &req->arena, &page))
        return aws_fail_internal(req);
    response_header(req, "x-amz-bucket-region", target.bucket.region); /* AWS: in no model */
    fill_objects(&view, &page, &out->Contents, &out->CommonPrefixes);
    out->Name = in->Bucket;
    out->Prefix = s3_listing_text(&form, query.prefix);
    out->Marker = s3_listing_text(&form, query.after);
    out->Delimiter = s3_listing_text(&form, in->Delimiter && *in->Delimiter ? in->Delimiter : NULL);
    out->EncodingType = form.encode ? "url" : NULL;
    out->MaxKeys = SOME_INT((int32_t)form.max);
    out->IsTruncated = SOME_BOOL(page.more);
    if (page.more && *query.delimiter) /* AWS: without one the client takes the last key */
        out->NextMarker = s3_listing_text(&form, s3_last_listed(&page));
    return 0;
}

int s3_list_objects_v2(struct request *req, const struct s3_ListObjectsV2Request *in,
                       struct s3_ListObjectsV2Output *out)
{
    struct s3_listing_form form;
    struct object_view view = {.form = &form, .owner = VALUE_OR(in->FetchOwner, false)};
    struct s3_target target;
    struct s3_page page;
    struct s3_list_query query = {
        .prefix = or_empty(in->Prefix),
        .delimiter = or_empty(in->Delimiter),
        .after = or_empty(in->StartAfter),
    };

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:ListBucket", &target) ||
        s3_listing_begin(req, in->EncodingType, in->MaxKeys, "max-keys", &form) ||
        wants_restore(req, &in->OptionalObjectAttributes, &view.restore))
        return -1;
    if (in->ContinuationToken)
        query.after = page_token_read(&req->arena, token_kind, in->ContinuationToken);
    if (!query.after)
        return s3_fail_argument(req, "continuation-token", NULL,
                                "The continuation token provided is incorrect");
    query.bucket = target.bucket.id;
    query.max = form.max;
    if (s3_object_list(s3_of(req->app)->store, &query, &req->arena, &page))
        return aws_fail_internal(req);
    response_header(req, "x-amz-bucket-region", target.bucket.region); /* AWS: in no model */
    fill_objects(&view, &page, &out->Contents, &out->CommonPrefixes);
    out->Name = in->Bucket;
    out->Prefix = s3_listing_text(&form, query.prefix);
    out->Delimiter = s3_listing_text(&form, in->Delimiter && *in->Delimiter ? in->Delimiter : NULL);
    if (!in->ContinuationToken) /* AWS: where the listing began is of no more interest then */
        out->StartAfter = s3_listing_text(&form, in->StartAfter);
    out->ContinuationToken = in->ContinuationToken;
    out->EncodingType = form.encode ? "url" : NULL;
    out->MaxKeys = SOME_INT((int32_t)form.max);
    out->KeyCount = SOME_INT((int32_t)page.count);
    out->IsTruncated = SOME_BOOL(page.more);
    if (page.more)
        out->NextContinuationToken =
            page_token_make(&req->arena, token_kind, s3_last_listed(&page));
    return 0;
}

/* --- versions --- */

static void add_version(const struct s3_listing_form *form, const struct s3_object *o,
                        struct s3_ListObjectVersionsOutput *out)
{
    struct arena *a = form->arena;
    const char *key = s3_listing_text(form, o->key);
    const char *version = s3_version_text(a, o->id, o->null_version);

    if (o->marker) {
        out->DeleteMarkers.items[out->DeleteMarkers.count++] = (struct s3_DeleteMarkerEntry){
            .Owner = s3_owner(a, o->account),
            .Key = key,
            .VersionId = version,
            .IsLatest = SOME_BOOL(o->present),
            .LastModified = S3_SECONDS(o->modified_ms),
        };
        return;
    }
    out->Versions.items[out->Versions.count++] = (struct s3_ObjectVersion){
        .ETag = s3_etag_text(a, o->etag),
        .ChecksumAlgorithm = algorithm_list(a, o),
        .ChecksumType = type_of(o),
        .Size = SOME_LONG(o->size),
        .StorageClass = o->storage_class,
        .Key = key,
        .VersionId = version,
        .IsLatest = SOME_BOOL(o->present),
        .LastModified = S3_SECONDS(o->modified_ms),
        .Owner = s3_owner(a, o->account),
    };
}

static void fill_versions(const struct s3_listing_form *form, const struct s3_page *page,
                          bool restore, struct s3_ListObjectVersionsOutput *out)
{
    struct arena *a = form->arena;

    out->Versions.items = ARENA_ARRAY(a, struct s3_ObjectVersion, page->count + 1);
    out->DeleteMarkers.items = ARENA_ARRAY(a, struct s3_DeleteMarkerEntry, page->count + 1);
    out->CommonPrefixes.items = ARENA_ARRAY(a, struct s3_CommonPrefix, page->count + 1);
    for (size_t i = 0; i < page->count; i++) {
        const struct s3_list_item *item = &page->items[i];

        if (item->prefix) {
            add_prefix(form, item->prefix, &out->CommonPrefixes);
            continue;
        }
        add_version(form, &item->object, out);
        if (restore && !item->object.marker)
            out->Versions.items[out->Versions.count - 1].RestoreStatus =
                restore_status(a, &item->object);
    }
}

/* The id of the version at which the page before ended. */
static int read_version_marker(struct request *req, const struct s3_ListObjectVersionsRequest *in,
                               const struct s3_bucket *bucket, int64_t *out)
{
    struct s3_which which = {.key = in->KeyMarker};
    struct s3_object marker;
    enum store_status rc;

    *out = 0;
    if (!in->VersionIdMarker || !*in->VersionIdMarker)
        return 0;
    if (!in->KeyMarker || !*in->KeyMarker)
        return s3_fail_argument(req, "version-id-marker", in->VersionIdMarker,
                                "A version-id marker cannot be specified without a key marker.");
    if (!s3_version_read(in->VersionIdMarker, &which))
        return s3_fail_argument(req, "version-id-marker", in->VersionIdMarker,
                                "Invalid version id specified");
    *out = which.id;
    if (which.by != S3_NULL_VERSION)
        return 0;
    rc = s3_object_find(s3_of(req->app)->store, bucket->id, &which, false, &req->arena, &marker);
    if (rc && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    *out = rc ? 0 : marker.id;
    return 0;
}

static void name_next(const struct s3_listing_form *form, const struct s3_page *page,
                      struct s3_ListObjectVersionsOutput *out)
{
    const struct s3_list_item *last = &page->items[page->count - 1];

    out->NextKeyMarker = s3_listing_text(form, s3_last_listed(page));
    if (!last->prefix)
        out->NextVersionIdMarker =
            s3_version_text(form->arena, last->object.id, last->object.null_version);
}

int s3_list_object_versions(struct request *req, const struct s3_ListObjectVersionsRequest *in,
                            struct s3_ListObjectVersionsOutput *out)
{
    struct s3_listing_form form;
    struct s3_target target;
    struct s3_page page;
    bool restore;
    struct s3_list_query query = {
        .prefix = or_empty(in->Prefix),
        .delimiter = or_empty(in->Delimiter),
        .after = or_empty(in->KeyMarker),
    };

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:ListBucketVersions", &target) ||
        s3_listing_begin(req, in->EncodingType, in->MaxKeys, "max-keys", &form) ||
        wants_restore(req, &in->OptionalObjectAttributes, &restore) ||
        read_version_marker(req, in, &target.bucket, &query.after_version))
        return -1;
    query.bucket = target.bucket.id;
    query.max = form.max;
    if (s3_version_list(s3_of(req->app)->store, &query, &req->arena, &page))
        return aws_fail_internal(req);
    fill_versions(&form, &page, restore, out);
    out->Name = in->Bucket;
    out->Prefix = s3_listing_text(&form, query.prefix);
    out->KeyMarker = s3_listing_text(&form, query.after);
    out->VersionIdMarker = or_empty(in->VersionIdMarker);
    out->Delimiter = s3_listing_text(&form, in->Delimiter && *in->Delimiter ? in->Delimiter : NULL);
    out->EncodingType = form.encode ? "url" : NULL;
    out->MaxKeys = SOME_INT((int32_t)form.max);
    out->IsTruncated = SOME_BOOL(page.more);
    if (page.more)
        name_next(&form, &page, out);
    return 0;
}
