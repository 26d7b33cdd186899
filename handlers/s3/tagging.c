/* GetObjectTagging, PutObjectTagging, DeleteObjectTagging, and the rules of tags. */
#include "handlers/s3/tagging.h"

#include "handlers/common/tags.h"
#include "handlers/s3/access.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/target.h"
#include "server/base/encode.h"

/* AWS: tags in a header are one argument. */
static int fail_header(struct request *req, const char *text)
{
    return s3_fail_argument(req, "x-amz-tagging", text,
                            "The header 'x-amz-tagging' shall be encoded as UTF-8 then "
                            "URLEncoded URL query parameters without tag name duplicates.");
}

static int fail_tag(struct request *req, const char *text, const char *key)
{
    aws_fail(req, &s3_InvalidTag, "%s", text);
    aws_fail_detail(req, "TagKey", key);
    return -1;
}

static size_t characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static int fail_value(struct request *req, const char *key, const char *value)
{
    aws_fail(req, &s3_InvalidTag, "The TagValue you have provided is invalid");
    aws_fail_detail(req, "TagKey", key);
    aws_fail_detail(req, "TagValue", value);
    return -1;
}

static bool holds(const struct s3_pairs *tags, const char *key)
{
    for (size_t i = 0; i < tags->count; i++)
        if (str_eq(tags->items[i].name, key))
            return true;
    return false;
}

static int check_tag(struct request *req, const char *key, const char *value, bool of_object)
{
    if (!*key || characters(key) > TAG_KEY_MAX)
        return fail_tag(req, "The TagKey you have provided is invalid", key);
    if (characters(value) > TAG_VALUE_MAX)
        return fail_value(req, key, value);
    if (strncasecmp(key, "aws:", 4) == 0)
        return fail_tag(req,
                        of_object ? "Your TagKey cannot be prefixed with aws:"
                                  : "System tags cannot be added/updated by requester",
                        key);
    return 0;
}

static int fail_too_many(struct request *req, size_t max)
{
    /* AWS: an object's limit is a BadRequest in words of its own. */
    static const struct aws_error bad_request = {
        .name = "BadRequest", .code = "BadRequest", .status = 400, .sender_fault = true};

    if (max == S3_OBJECT_TAGS_MAX)
        return aws_fail(req, &bad_request, "Object tags cannot be greater than 10");
    return aws_fail(req, &bad_request, "Bucket tag count cannot be greater than %zu", max);
}

int s3_tags_of_header(struct request *req, const char *text, struct s3_pairs *out)
{
    const char *header = text;
    size_t parts = 1;

    *out = (struct s3_pairs){0};
    if (!text)
        return 0;
    for (const char *p = text; *p; p++)
        parts += *p == '&';
    out->items = ARENA_ARRAY(&req->arena, struct s3_pair, parts);
    while (*text) {
        size_t len = strcspn(text, "&"), key_len = MIN(strcspn(text, "="), len);
        const char *rest = text + key_len + (key_len < len);
        const char *key = url_decode(&req->arena, text, key_len, true, NULL);
        const char *value = url_decode(&req->arena, rest, len - (size_t)(rest - text), true, NULL);

        text += len + (text[len] == '&');
        if (len == 0)
            continue;
        if (!key || !value)
            return fail_header(req, header);
        if (check_tag(req, key, value, true))
            return -1;
        if (tag_problem(key, value) || holds(out, key))
            return fail_header(req, header);
        out->items[out->count++] = (struct s3_pair){key, value};
    }
    return out->count > S3_OBJECT_TAGS_MAX ? fail_too_many(req, S3_OBJECT_TAGS_MAX) : 0;
}

int s3_tags_of_set(struct request *req, const struct s3_TagSet *set, size_t max,
                   struct s3_pairs *out)
{
    *out = (struct s3_pairs){.items = ARENA_ARRAY(&req->arena, struct s3_pair, set->count + 1)};
    if (set->count > max)
        return fail_too_many(req, max);
    for (size_t i = 0; i < set->count; i++) {
        const struct s3_Tag *tag = &set->items[i];

        if (!tag->Key || !tag->Value)
            return s3_fail_malformed_xml(req);
        if (check_tag(req, tag->Key, tag->Value, max == S3_OBJECT_TAGS_MAX))
            return -1;
        if (holds(out, tag->Key))
            return fail_tag(req, "Cannot provide multiple Tags with the same key", tag->Key);
        if (tag_problem(tag->Key, ""))
            return fail_tag(req, "The TagKey you have provided is invalid", tag->Key);
        if (tag_problem(tag->Key, tag->Value))
            return fail_value(req, tag->Key, tag->Value);
        out->items[out->count++] = (struct s3_pair){tag->Key, tag->Value};
    }
    return 0;
}

void s3_tags_to_set(struct arena *a, const struct s3_pairs *tags, struct s3_TagSet *out)
{
    out->items = ARENA_ARRAY(a, struct s3_Tag, tags->count + 1);
    for (size_t i = 0; i < tags->count; i++)
        out->items[out->count++] =
            (struct s3_Tag){.Key = tags->items[i].name, .Value = tags->items[i].value};
}

/* --- operations --- */

static int write_tags(struct request *req, const struct s3_target *target,
                      const struct s3_pairs *tags, const char *event)
{
    struct s3_object changed = *target->object;
    enum store_status rc;

    changed.tags = *tags;
    rc = s3_object_change(s3_of(req->app)->store, &changed, S3_FACT_TAGS);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_key(req, target->key);
    if (rc)
        return aws_fail_internal(req);
    s3_notify_of(req, event, &target->bucket, &changed);
    return 0;
}

int s3_get_object_tagging(struct request *req, const struct s3_GetObjectTaggingRequest *in,
                          struct s3_GetObjectTaggingOutput *out)
{
    struct s3_target target;

    if (s3_use_object_or_none(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                              in->VersionId ? "s3:GetObjectVersionTagging" : "s3:GetObjectTagging",
                              false, &target))
        return -1;
    if (!target.object || target.object->marker)
        return s3_fail_no_facts(req, &target);
    s3_tags_to_set(&req->arena, &target.object->tags, &out->TagSet);
    out->VersionId = s3_version_of(&req->arena, &target.bucket, target.object);
    return 0;
}

/* What conditions on the request's tags are asked of, before the tags are checked. */
static const struct s3_pairs *tags_as_sent(struct arena *a, const struct s3_Tagging *tagging)
{
    struct s3_pairs *tags = ARENA_NEW(a, struct s3_pairs);

    for (size_t i = 0; tagging && i < tagging->TagSet.count; i++) {
        const struct s3_Tag *tag = &tagging->TagSet.items[i];

        if (tag->Key && tag->Value)
            s3_head_add(a, tags, tag->Key, tag->Value);
    }
    return tags;
}

int s3_put_object_tagging(struct request *req, const struct s3_PutObjectTaggingRequest *in,
                          struct s3_PutObjectTaggingOutput *out)
{
    const char *action = in->VersionId ? "s3:PutObjectVersionTagging" : "s3:PutObjectTagging";
    struct s3_target target;
    struct s3_pairs tags;

    if (s3_use_object_or_none(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                              NULL, false, &target))
        return -1;
    target.request_tags = tags_as_sent(&req->arena, in->Tagging);
    if (s3_authorize(req, &target, action))
        return -1;
    if (!target.object || target.object->marker)
        return s3_fail_no_facts(req, &target);
    if (!in->Tagging || !in->Tagging->TagSet.items)
        return s3_fail_malformed_xml(req);
    if (s3_tags_of_set(req, &in->Tagging->TagSet, S3_OBJECT_TAGS_MAX, &tags) ||
        write_tags(req, &target, &tags, "ObjectTagging:Put"))
        return -1;
    out->VersionId = s3_version_of(&req->arena, &target.bucket, target.object);
    return 0;
}

int s3_delete_object_tagging(struct request *req, const struct s3_DeleteObjectTaggingRequest *in,
                             struct s3_DeleteObjectTaggingOutput *out)
{
    const struct s3_pairs none = {0};
    struct s3_target target;

    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                      in->VersionId ? "s3:DeleteObjectVersionTagging" : "s3:DeleteObjectTagging",
                      &target) ||
        write_tags(req, &target, &none, "ObjectTagging:Delete"))
        return -1;
    out->VersionId = s3_version_of(&req->arena, &target.bucket, target.object);
    return 0;
}
