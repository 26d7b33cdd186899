/*
 * CompleteMultipartUpload. The parts stay the files that they are; what is computed here is
 * computed from their digests, so it does not grow with their size.
 */
#include "handlers/s3/access.h"
#include "handlers/s3/configuration.h"
#include "handlers/s3/multipart.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/operations.h"
#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

static const int64_t PART_MIN = 5 << 20;
static const int64_t OBJECT_MAX = INT64_C(5) << 40;

/* The chosen parts. */
struct chosen {
    const struct s3_upload *upload;
    const char *upload_id;
    const struct s3_CompletedPartList *list;
    const struct s3_part **parts; /* as they were found, of the list */
    int64_t size;
    const char *etag;
    const char *checksum; /* with its -N where it is composite */
};

/* How many checksums a struct has, and one of them. */
#define given_checksums(s, out_algorithm)                                                          \
    count_checksums((s), S3_CHECKSUM_PLACES(__typeof__(*(s))), (out_algorithm))

static size_t count_checksums(const void *s, const size_t *places,
                              enum s3_checksum_algorithm *out_algorithm)
{
    size_t count = 0;

    *out_algorithm = S3_CHECKSUM_NONE;
    for (enum s3_checksum_algorithm a = S3_CHECKSUM_CRC32; a <= S3_CHECKSUM_XXHASH128; a++) {
        if (!s3_checksum_get(s, places, a))
            continue;
        *out_algorithm = a;
        count++;
    }
    return count;
}

/* --- the list --- */

static int check_list(struct request *req, const struct s3_CompletedMultipartUpload *in)
{
    if (!in || in->Parts.count == 0)
        return s3_fail_malformed_xml(req);
    for (size_t i = 0; i < in->Parts.count; i++) {
        const struct s3_CompletedPart *p = &in->Parts.items[i];

        if (!p->PartNumber.set || !p->ETag)
            return s3_fail_malformed_xml(req);
        if (p->PartNumber.value < 1 || p->PartNumber.value > 10000)
            return s3_fail_argument(req, "PartNumber", NULL,
                                    "PartNumber must be >= 1 and <= 10000");
        if (i > 0 && p->PartNumber.value <= in->Parts.items[i - 1].PartNumber.value) {
            aws_fail(req, &s3_InvalidPartOrder,
                     "The list of parts was not in ascending order. The parts list must be "
                     "specified in order by part number.");
            return -1;
        }
    }
    return 0;
}

static int fail_part(struct request *req, const struct chosen *c,
                     const struct s3_CompletedPart *part)
{
    aws_fail(req, &s3_InvalidPart,
             "One or more of the specified parts could not be found.  The part may not have been "
             "uploaded, or the specified entity tag may not match the part's entity tag.");
    aws_fail_detail(req, "UploadId", c->upload_id);
    aws_fail_detail(req, "PartNumber", arena_printf(&req->arena, "%d", part->PartNumber.value));
    aws_fail_detail(req, "ETag", s3_etag_bare(&req->arena, part->ETag));
    return -1;
}

/* "CRC32:AAAAAA==;SHA1:...;", as AWS names what it refuses. */
static const char *all_checksums(struct arena *a, const struct s3_CompletedPart *part)
{
    const char *text = "";

    for (enum s3_checksum_algorithm al = S3_CHECKSUM_CRC32; al <= S3_CHECKSUM_XXHASH128; al++) {
        const char *value = S3_CHECKSUM_GET(part, al);

        if (value)
            text = arena_printf(a, "%s%s:%s;", text, s3_checksum_name(al), value);
    }
    return text;
}

/* Checksums that the list names must be those of the parts; where the object's is made of them, all
 * must be named. AWS: where the upload was begun without a word of them, none may be. */
static int check_part_checksum(struct request *req, const struct chosen *c, size_t index)
{
    const struct s3_object *o = &c->upload->object;
    const struct s3_CompletedPart *part = &c->list->items[index];
    enum s3_checksum_algorithm algorithm;
    size_t count = given_checksums(part, &algorithm);
    const char *given = S3_CHECKSUM_GET(part, algorithm);
    const char *stored = c->parts[index]->checksum;

    if (count > 1 || (given && !s3_checksum_valid(algorithm, given)))
        return s3_fail_argument(req, "Checksum",
                                count > 1 ? all_checksums(&req->arena, part) : given,
                                "Invalid Base64 or multiple checksums present in request");
    if (s3_checksum_is_default(c->upload))
        return given ? fail_part(req, c, part) : 0;
    if (given && algorithm != o->checksum_algorithm)
        return aws_fail(req, &s3_BadDigest,
                        "The %s you specified for part %d did not match what we received.",
                        s3_checksum_word(algorithm), part->PartNumber.value);
    if (given && (!stored || !str_eq(given, stored)))
        return fail_part(req, c, part);
    if (!given && o->checksum_type == S3_CHECKSUM_COMPOSITE)
        return aws_fail(req, &s3_InvalidRequest,
                        "The upload was created using a %s checksum. The complete request must "
                        "include the checksum for each part. It was missing for part %d in the "
                        "request.",
                        s3_checksum_word(o->checksum_algorithm), part->PartNumber.value);
    return 0;
}

static int fail_small(struct request *req, const struct s3_part *part)
{
    aws_fail(req, &s3_EntityTooSmall,
             "Your proposed upload is smaller than the minimum allowed size");
    aws_fail_detail(req, "ProposedSize", arena_printf(&req->arena, "%" PRId64, part->size));
    aws_fail_detail(req, "MinSizeAllowed", "5242880");
    aws_fail_detail(req, "PartNumber", arena_printf(&req->arena, "%d", part->number));
    aws_fail_detail(req, "ETag", part->etag);
    return -1;
}

static int choose_parts(struct request *req, struct chosen *c, const struct s3_parts *there)
{
    size_t next = 0;

    c->parts = ARENA_ARRAY(&req->arena, const struct s3_part *, c->list->count);
    for (size_t i = 0; i < c->list->count; i++) {
        const struct s3_CompletedPart *part = &c->list->items[i];
        const struct s3_part *found;

        while (next < there->count && there->items[next].number < part->PartNumber.value)
            next++;
        if (next == there->count || there->items[next].number != part->PartNumber.value)
            return fail_part(req, c, part);
        found = c->parts[i] = &there->items[next];
        if (!str_eq(s3_etag_bare(&req->arena, part->ETag), found->etag))
            return fail_part(req, c, part);
        if (check_part_checksum(req, c, i))
            return -1;
        c->size += found->size;
    }
    for (size_t i = 0; i + 1 < c->list->count; i++)
        if (c->parts[i]->size < PART_MIN)
            return fail_small(req, c->parts[i]);
    return 0;
}

/* --- what the object is --- */

static void make_etag(struct arena *a, struct chosen *c)
{
    struct digest_stream *digest = digest_begin(DIGEST_MD5);
    uint8_t md5[DIGEST_LEN_MAX];
    char hex[2 * MD5_LEN + 1];

    for (size_t i = 0; i < c->list->count; i++) {
        if (hex_decode(c->parts[i]->etag, strlen(c->parts[i]->etag), md5))
            digest_update(digest, md5, MD5_LEN);
    }
    digest_end(digest, md5);
    hex_encode(md5, MD5_LEN, hex);
    c->etag = arena_printf(a, "%s-%zu", hex, c->list->count);
}

static void make_checksum(struct arena *a, struct chosen *c)
{
    const struct s3_object *o = &c->upload->object;
    const char **values = ARENA_ARRAY(a, const char *, c->list->count);

    for (size_t i = 0; i < c->list->count; i++)
        values[i] = c->parts[i]->checksum;
    if (o->checksum_type == S3_CHECKSUM_COMPOSITE) {
        const char *value = s3_checksum_compose(a, o->checksum_algorithm, values, c->list->count);

        c->checksum = value ? arena_printf(a, "%s-%zu", value, c->list->count) : NULL;
        return;
    }
    c->checksum = values[0];
    for (size_t i = 1; i < c->list->count && c->checksum; i++)
        c->checksum = values[i] ? s3_checksum_join(a, o->checksum_algorithm, c->checksum, values[i],
                                                   c->parts[i]->size)
                                : NULL;
}

/* --- what the request says of it --- */

static int check_type(struct request *req, const struct s3_upload *upload, const char *type)
{
    const char *begun = s3_checksum_is_default(upload)
                            ? "null"
                            : s3_checksum_type_name(upload->object.checksum_type);

    if (type && !str_eq(type, "COMPOSITE") && !str_eq(type, "FULL_OBJECT"))
        return aws_fail(req, &s3_InvalidRequest,
                        "Value for x-amz-checksum-type header is invalid.");
    if (type && !str_eq(type, begun))
        return aws_fail(req, &s3_InvalidRequest,
                        "The upload was created using the %s checksum mode. The complete request "
                        "must use the same checksum mode.",
                        begun);
    return 0;
}

/* "AAAAAA==" or "AAAAAA==-2" */
static bool is_checksum(struct arena *a, enum s3_checksum_algorithm algorithm, const char *text)
{
    const char *dash = strchr(text, '-');

    if (!dash)
        return s3_checksum_valid(algorithm, text);
    return dash[1] && dash[1 + strspn(dash + 1, "0123456789")] == '\0' &&
           s3_checksum_valid(algorithm, arena_strndup(a, text, (size_t)(dash - text)));
}

/* AWS: an upload that was begun without a word of checksums does not look at one now, but for
 * those that came with the newest algorithms. */
static int check_unasked_checksum(struct request *req, enum s3_checksum_algorithm given)
{
    if (given <= S3_CHECKSUM_CRC64NVME)
        return 0;
    return aws_fail(req, &s3_InvalidRequest,
                    "Checksum Type mismatch occurred, expected checksum Type: null, actual "
                    "checksum Type: %s",
                    s3_checksum_word(given));
}

/* What can be said before the parts are looked at. */
static int check_checksum_headers(struct request *req,
                                  const struct s3_CompleteMultipartUploadRequest *in,
                                  const struct s3_upload *upload)
{
    enum s3_checksum_algorithm algorithm;
    size_t count = given_checksums(in, &algorithm);

    if (check_type(req, upload, in->ChecksumType))
        return -1;
    if (count > 1)
        return aws_fail(req, &s3_InvalidRequest,
                        "Expecting a single x-amz-checksum- header. Multiple checksum Types are "
                        "not allowed.");
    if (s3_checksum_is_default(upload))
        return check_unasked_checksum(req, algorithm);
    if (count && !is_checksum(&req->arena, algorithm, S3_CHECKSUM_GET(in, algorithm)))
        return aws_fail(req, &s3_InvalidRequest, "Value for %s header is invalid.",
                        s3_checksum_header(algorithm));
    return 0;
}

/* AWS: a checksum without its type is taken for a composite one; a composite one may come without
 * its -N. */
static bool is_of_whole(const struct s3_CompleteMultipartUploadRequest *in, const struct chosen *c,
                        const char *given)
{
    if (!c->checksum)
        return false;
    if (c->upload->object.checksum_type == S3_CHECKSUM_FULL_OBJECT)
        return in->ChecksumType && str_eq(given, c->checksum);
    return str_eq(given, c->checksum) ||
           (str_starts(c->checksum, given) && c->checksum[strlen(given)] == '-');
}

/* What the request says of the whole must be so. */
static int check_whole(struct request *req, const struct s3_CompleteMultipartUploadRequest *in,
                       const struct chosen *c)
{
    const struct s3_object *o = &c->upload->object;
    enum s3_checksum_algorithm algorithm;
    size_t count = given_checksums(in, &algorithm);

    if (in->MpuObjectSize.set && in->MpuObjectSize.value != c->size)
        return aws_fail(req, &s3_InvalidRequest,
                        "The provided 'x-amz-mp-object-size' header value %" PRId64
                        " does not match what was computed: %" PRId64,
                        in->MpuObjectSize.value, c->size);
    if (count && !s3_checksum_is_default(c->upload) &&
        (algorithm != o->checksum_algorithm || !is_of_whole(in, c, S3_CHECKSUM_GET(in, algorithm))))
        return aws_fail(req, &s3_BadDigest,
                        "The %s you specified did not match the calculated checksum.",
                        s3_checksum_word(o->checksum_algorithm));
    if (c->size > OBJECT_MAX)
        return aws_fail(req, &s3_EntityTooLarge,
                        "Your proposed upload exceeds the maximum allowed size");
    return 0;
}

static void answer(struct request *req, const struct s3_target *target,
                   const struct s3_object *object, struct s3_CompleteMultipartUploadOutput *out)
{
    const char *host = request_header(req, "host");

    out->Location = arena_printf(&req->arena, "http://%s/%s/%s", host ? host : "s3.amazonaws.com",
                                 target->bucket.name,
                                 url_encode(&req->arena, object->key, strlen(object->key), true));
    out->Bucket = target->bucket.name;
    out->Key = object->key;
    out->ETag = s3_etag_text(&req->arena, object->etag);
    if (object->checksum) {
        S3_CHECKSUM_SET(out, object->checksum_algorithm, object->checksum);
        out->ChecksumType = s3_checksum_type_name(object->checksum_type);
    }
    out->VersionId = s3_new_version_of(&req->arena, &target->bucket, object);
    out->Expiration = s3_expiration(req, &target->bucket, object);
    s3_answer_encryption(req, &object->head);
}

/* Completing twice is answered like the first time, while the object is there. */
static int answer_again(struct request *req, const struct s3_target *target, const struct chosen *c,
                        struct s3_CompleteMultipartUploadOutput *out)
{
    const struct s3_which which = {.key = target->key, .by = S3_BY_ID, .id = c->upload->version};
    struct s3_object object;
    enum store_status rc = s3_object_find(s3_of(req->app)->store, target->bucket.id, &which, false,
                                          &req->arena, &object);

    if (rc && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (rc || !str_eq(object.etag, c->etag))
        return s3_fail_no_upload(req, c->upload_id);
    answer(req, target, &object, out);
    return 0;
}

/* --- committing --- */

static void describe(struct request *req, const struct chosen *c, struct s3_object *out)
{
    *out = c->upload->object;
    out->head.items = ARENA_ARRAY(&req->arena, struct s3_pair, c->upload->object.head.count + 1);
    out->head.count = 0;
    for (size_t i = 0; i < c->upload->object.head.count; i++)
        if (c->upload->object.head.items[i].name[0] != ':')
            out->head.items[out->head.count++] = c->upload->object.head.items[i];
    out->modified_ms = clock_now_ms(&req->app->clock);
    out->size = c->size;
    out->etag = c->etag;
    out->checksum = c->checksum;
    out->upload = c->upload->id;
}

static int commit(struct request *req, const struct s3_target *target, const struct chosen *c,
                  struct s3_condition *condition, struct s3_object *object)
{
    int *numbers = ARENA_ARRAY(&req->arena, int, c->list->count);
    const char **etags = ARENA_ARRAY(&req->arena, const char *, c->list->count);
    struct s3_complete complete = {
        .numbers = numbers,
        .etags = etags,
        .count = c->list->count,
    };
    enum store_status rc;

    for (size_t i = 0; i < c->list->count; i++) {
        numbers[i] = c->parts[i]->number;
        etags[i] = c->parts[i]->etag;
    }
    condition->opened_ms = c->upload->created_ms;
    complete.put.condition = *condition;
    complete.put.object = *object;
    rc = s3_upload_complete(s3_of(req->app)->store, &complete);
    *object = complete.put.object;
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_bucket(req, target->bucket.name);
    if (rc == STORE_CONFLICT && complete.put.refusal == S3_NO_UPLOAD)
        return s3_fail_no_upload(req, c->upload_id);
    if (rc == STORE_CONFLICT && complete.put.refusal == S3_WRONG_PART)
        return fail_part(req, c, &c->list->items[0]);
    if (rc == STORE_CONFLICT)
        return s3_fail_refusal(req, condition, complete.put.refusal, target->key);
    return rc ? aws_fail_internal(req) : 0;
}

/* AWS: it need not be told again, but where the upload was begun with a checksum. */
static int check_key(struct request *req, const struct s3_upload *upload,
                     const struct s3_customer_key *key)
{
    if (!key->given && s3_checksum_is_default(upload))
        return 0;
    return s3_check_upload_key(req, upload, key);
}

int s3_complete_multipart_upload(struct request *req,
                                 const struct s3_CompleteMultipartUploadRequest *in,
                                 struct s3_CompleteMultipartUploadOutput *out)
{
    struct s3_target target;
    struct s3_upload upload;
    struct s3_customer_key key;
    struct s3_condition condition;
    struct s3_parts there;
    struct s3_object object;
    struct chosen c = {.upload = &upload, .upload_id = in->UploadId};

    if (s3_use_key(req, in->Bucket, in->Key, NULL, in->ExpectedBucketOwner, "s3:PutObject",
                   &target) ||
        s3_use_upload(req, &target, in->UploadId, false, &upload) ||
        s3_customer_key_read(req, false, &key) || check_key(req, &upload, &key) ||
        check_list(req, in->MultipartUpload) || check_checksum_headers(req, in, &upload) ||
        s3_write_condition(req, &condition))
        return -1;
    if (s3_part_list(s3_of(req->app)->store, upload.id, 0, SIZE_MAX, &req->arena, &there))
        return aws_fail_internal(req);
    c.list = &in->MultipartUpload->Parts;
    if (choose_parts(req, &c, &there))
        return -1;
    make_etag(&req->arena, &c);
    make_checksum(&req->arena, &c);
    if (upload.version)
        return answer_again(req, &target, &c, out);
    if (check_whole(req, in, &c))
        return -1;
    describe(req, &c, &object);
    if (commit(req, &target, &c, &condition, &object))
        return -1;
    s3_notify_of(req, "ObjectCreated:CompleteMultipartUpload", &target.bucket, &object);
    answer(req, &target, &object, out);
    return 0;
}
