/*
 * GetObject and HeadObject: conditions, ranges, parts, overridden headers.
 */
#include "handlers/s3/access.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/reader.h"
#include "server/base/clock.h"

enum { LOOKS_MAX = 5 };

/* What GetObject and HeadObject ask for alike. */
struct reading {
    const char *bucket, *key, *version_id, *expected_owner;
    const char *if_match, *if_none_match, *range, *checksum_mode;
    struct maybe_time if_modified_since, if_unmodified_since;
    struct maybe_int part_number;
    bool head;
};

#define READING(in, is_head)                                                                       \
    {                                                                                              \
        .bucket = (in)->Bucket, .key = (in)->Key, .version_id = (in)->VersionId,                   \
        .expected_owner = (in)->ExpectedBucketOwner, .if_match = (in)->IfMatch,                    \
        .if_none_match = (in)->IfNoneMatch, .range = (in)->Range,                                  \
        .checksum_mode = (in)->ChecksumMode, .if_modified_since = (in)->IfModifiedSince,           \
        .if_unmodified_since = (in)->IfUnmodifiedSince, .part_number = (in)->PartNumber,           \
        .head = (is_head)                                                                          \
    }

/* --- conditions: RFC 9110, 13.2.2 --- */

/* A list of ETags, or "*". */
static bool matches(struct request *req, const char *list, const char *etag)
{
    while (*list) {
        const char *item = list + strspn(list, " \t,");
        size_t len = strcspn(item, ",");

        list = item + len;
        while (len > 0 && strchr(" \t", item[len - 1]))
            len--;
        if (len == 1 && *item == '*')
            return true;
        if (len > 2 && strncmp(item, "W/", 2) == 0)
            item += 2, len -= 2;
        if (len && str_eq(s3_etag_bare(&req->arena, arena_strndup(&req->arena, item, len)), etag))
            return true;
    }
    return false;
}

/* AWS: If-Match beats If-Unmodified-Since, If-None-Match beats If-Modified-Since. Times have
 * seconds. */
static int check_conditions(struct request *req, const struct reading *r, const struct s3_object *o,
                            bool *out_unchanged)
{
    int64_t modified_s = o->modified_ms / 1000;

    *out_unchanged = false;
    if (r->if_match) {
        if (!matches(req, r->if_match, o->etag))
            return s3_fail_precondition(req, "If-Match");
    } else if (r->if_unmodified_since.set && modified_s > r->if_unmodified_since.ms / 1000) {
        return s3_fail_precondition(req, "If-Unmodified-Since");
    }
    if (r->if_none_match)
        *out_unchanged = matches(req, r->if_none_match, o->etag);
    else if (r->if_modified_since.set)
        *out_unchanged = modified_s <= r->if_modified_since.ms / 1000 &&
                         r->if_modified_since.ms <= clock_now_ms(&req->app->clock);
    return 0;
}

/* --- what of it --- */

static int fail_range(struct request *req, const char *range, int64_t size)
{
    aws_fail(req, &s3_InvalidRange, "The requested range is not satisfiable");
    aws_fail_detail(req, "RangeRequested", range);
    aws_fail_detail(req, "ActualObjectSize", arena_printf(&req->arena, "%" PRId64, size));
    aws_fail_header(req, "Content-Range", arena_printf(&req->arena, "bytes */%" PRId64, size));
    return -1;
}

static int fail_part_number(struct request *req, int number, int count)
{
    aws_fail(req, &s3_InvalidPartNumber, "The requested partnumber is not satisfiable");
    aws_fail_detail(req, "PartNumberRequested", arena_printf(&req->arena, "%d", number));
    aws_fail_detail(req, "ActualPartCount", arena_printf(&req->arena, "%d", count));
    return -1;
}

/* AWS: parts are counted from 1 in the completed object, whatever their numbers were. */
static int part_range(struct request *req, const struct s3_object *o, int number,
                      struct s3_range *out, int *out_count)
{
    struct s3_parts parts;

    if (number < 1 || number > 10000)
        return s3_fail_argument(req, "partNumber", arena_printf(&req->arena, "%d", number),
                                "Part number must be an integer between 1 and 10000, inclusive");
    *out = (struct s3_range){0, o->size};
    if (!o->upload)
        return number == 1 ? 0 : fail_part_number(req, number, 1);
    if (s3_part_list(s3_of(req->app)->store, o->upload, 0, SIZE_MAX, &req->arena, &parts))
        return aws_fail_internal(req);
    if ((size_t)number > parts.count)
        return fail_part_number(req, number, (int)parts.count);
    out->from = parts.items[number - 1].start;
    out->to = out->from + parts.items[number - 1].size;
    *out_count = (int)parts.count;
    return 0;
}

static int choose_range(struct request *req, const struct reading *r, const struct s3_object *o,
                        struct s3_range *out, bool *out_partial)
{
    int count = 0;

    if (r->part_number.set) {
        if (r->range)
            return aws_fail(req, &s3_InvalidRequest,
                            "Cannot specify both Range header and partNumber query parameter");
        if (part_range(req, o, r->part_number.value, out, &count))
            return -1;
        if (count)
            response_header(req, "x-amz-mp-parts-count", arena_printf(&req->arena, "%d", count));
        *out_partial = o->size > 0;
        return 0;
    }
    switch (s3_range_read(r->range, o->size, out)) {
    case S3_RANGE_ALL:
        *out_partial = false;
        return 0;
    case S3_RANGE_PART:
        *out_partial = true;
        return 0;
    case S3_RANGE_UNSATISFIABLE:
        break;
    }
    return fail_range(req, r->range, o->size);
}

/* --- the answer --- */

/* response-content-type=... in the query: only the signer of a request may have it so. */
static int override_headers(struct request *req)
{
    static const struct {
        const char *parameter, *header;
    } table[] = {
        {"response-content-type", "content-type"},
        {"response-content-language", "content-language"},
        {"response-expires", "expires"},
        {"response-cache-control", "cache-control"},
        {"response-content-disposition", "content-disposition"},
        {"response-content-encoding", "content-encoding"},
    };

    if (!strstr(req->query, "response-"))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const char *value = request_query(req, table[i].parameter);

        if (!value)
            continue;
        if (!req->access_key)
            return aws_fail(req, &s3_InvalidRequest,
                            "Request specific response headers cannot be used for anonymous GET "
                            "requests.");
        if (value[strcspn(value, "\r\n")])
            return s3_fail_argument(req, table[i].parameter, NULL,
                                    "Header value cannot be represented using ISO-8859-1.");
        response_set_header(req, table[i].header, value);
    }
    return 0;
}

static void answer_unchanged(struct request *req, const struct s3_target *t)
{
    const char *version = s3_version_of(&req->arena, &t->bucket, t->object);

    s3_answer_state(req, t->object);
    if (version)
        response_header(req, "x-amz-version-id", version);
    req->response.status = 304;
}

static int check_archived(struct request *req, const struct s3_object *o)
{
    bool archived = str_eq(o->storage_class, "GLACIER") || str_eq(o->storage_class, "DEEP_ARCHIVE");

    if (!archived || o->restore_until_ms > clock_now_ms(&req->app->clock))
        return 0;
    aws_fail(req, &s3_InvalidObjectState,
             "The operation is not valid for the object's storage class");
    aws_fail_detail(req, "StorageClass", o->storage_class);
    return -1;
}

static int answer(struct request *req, const struct reading *r, const struct s3_target *t,
                  struct s3_range range, bool partial)
{
    const struct s3_object *o = t->object;

    s3_answer_state(req, t->object);
    response_header(req, "Accept-Ranges", "bytes");
    s3_answer_object(req, t);
    if (partial) {
        req->response.status = 206;
        response_header(req, "Content-Range",
                        arena_printf(&req->arena, "bytes %" PRId64 "-%" PRId64 "/%" PRId64,
                                     range.from, range.to - 1, o->size));
    } else if (r->checksum_mode && strcasecmp(r->checksum_mode, "ENABLED") == 0) {
        s3_answer_checksum(req, o);
    }
    return override_headers(req);
}

/* STORE_NOT_FOUND: the version has been removed since it was found. */
static int open_body(struct request *req, const struct s3_target *t,
                     const struct s3_customer_key *key, struct s3_range range,
                     enum store_status *out_status)
{
    struct s3_reader *reader;

    *out_status =
        s3_reader_open(s3_of(req->app)->store, &req->arena, t->object, key, range, &reader);
    if (*out_status == STORE_NOT_FOUND)
        return -1;
    if (*out_status)
        return aws_fail_internal(req);
    s3_reader_answer(reader, req);
    return 0;
}

static int read_once(struct request *req, const struct reading *r, enum store_status *out_status)
{
    const char *action = r->version_id ? "s3:GetObjectVersion" : "s3:GetObject";
    struct s3_target target;
    struct s3_customer_key key;
    struct s3_range range;
    bool unchanged, partial;

    *out_status = STORE_OK;
    if (s3_use_object_or_none(req, r->bucket, r->key, r->version_id, r->expected_owner, action,
                              !r->head, &target))
        return -1;
    if (!target.object || target.object->marker)
        return s3_fail_no_object(req, &target);
    if (s3_customer_key_read(req, false, &key) ||
        s3_customer_key_check(req, &key, &target.object->head) ||
        check_conditions(req, r, target.object, &unchanged))
        return -1;
    if (unchanged) {
        answer_unchanged(req, &target);
        return 0;
    }
    if ((!r->head && check_archived(req, target.object)) ||
        choose_range(req, r, target.object, &range, &partial))
        return -1;
    if (r->head)
        req->response.head_length = range.to - range.from;
    else if (open_body(req, &target, &key, range, out_status))
        return -1;
    return answer(req, r, &target, range, partial);
}

/* An object that is replaced between the look at its row and the opening of its file is looked for
 * again. */
static int read_object(struct request *req, const struct reading *r)
{
    static const char sse[] = "x-amz-server-side-encryption";
    enum store_status status = STORE_OK;

    if (request_header(req, sse)) /* AWS: how it is encrypted is not the reader's to say */
        return s3_fail_argument(
            req, sse, request_header(req, sse),
            "x-amz-server-side-encryption header is not supported for this operation.");
    for (int i = 0; i < LOOKS_MAX; i++) {
        int rc = read_once(req, r, &status);

        if (rc == 0 || status != STORE_NOT_FOUND)
            return rc;
        req->response.header_count = 0;
    }
    return s3_fail_no_key(req, r->key);
}

int s3_get_object(struct request *req, const struct s3_GetObjectRequest *in,
                  struct s3_GetObjectOutput *out)
{
    const struct reading r = READING(in, false);

    (void)out;
    return read_object(req, &r);
}

int s3_head_object(struct request *req, const struct s3_HeadObjectRequest *in,
                   struct s3_HeadObjectOutput *out)
{
    const struct reading r = READING(in, true);

    (void)out;
    return read_object(req, &r);
}
