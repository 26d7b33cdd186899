/* What answers say of an object. */
#include "handlers/s3/configuration.h"
#include "handlers/s3/lock.h"
#include "handlers/s3/new_object.h"
#include "server/base/clock.h"
#include "server/base/encode.h"

#define SSE "x-amz-server-side-encryption"

static bool is_encryption(const char *name)
{
    return str_starts(name, SSE);
}

void s3_answer_encryption(struct request *req, const struct s3_pairs *head)
{
    for (size_t i = 0; i < head->count; i++)
        if (is_encryption(head->items[i].name) && !str_eq(head->items[i].name, SSE "-context"))
            response_header(req, head->items[i].name, head->items[i].value);
}

void s3_answer_checksum(struct request *req, const struct s3_object *object)
{
    if (!object->checksum)
        return;
    response_header(req, s3_checksum_header(object->checksum_algorithm), object->checksum);
    response_header(req, "x-amz-checksum-type", s3_checksum_type_name(object->checksum_type));
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* AWS: bytes are taken for Latin-1, and given back as an encoded word of RFC 2047. */
static const char *mail_safe(struct arena *a, const char *text)
{
    size_t len = 0;
    char *utf8, *base64;

    if (is_ascii(text))
        return text;
    utf8 = arena_alloc(a, 2 * strlen(text) + 1);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c >= 0x80)
            utf8[len++] = (char)(0xc0 | c >> 6);
        utf8[len++] = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
    }
    base64 = arena_alloc(a, BASE64_LEN(len) + 1);
    base64_encode(utf8, len, base64);
    return arena_printf(a, "=?UTF-8?B?%s?=", base64);
}

static void answer_head(struct request *req, const struct s3_pairs *head)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct s3_pair *p = &head->items[i];

        if (p->name[0] == ':' || is_encryption(p->name))
            continue;
        response_header(req, p->name,
                        str_starts(p->name, "x-amz-meta-") ? mail_safe(&req->arena, p->value)
                                                           : p->value);
    }
}

static void answer_lock(struct request *req, const struct s3_lock *lock)
{
    char *until;

    if (lock->legal_hold != S3_HOLD_NEVER)
        response_header(req, "x-amz-object-lock-legal-hold",
                        lock->legal_hold == S3_HOLD_ON ? "ON" : "OFF");
    if (lock->mode == S3_LOCK_NONE)
        return;
    until = arena_alloc(&req->arena, TIME_TEXT_MAX);
    time_iso8601(lock->retain_until_ms, true, until);
    response_header(req, "x-amz-object-lock-mode", s3_lock_mode_name(lock->mode));
    response_header(req, "x-amz-object-lock-retain-until-date", until);
}

static void answer_restore(struct request *req, const struct s3_object *object)
{
    char until[TIME_TEXT_MAX];

    if (!object->restore_until_ms)
        return;
    time_http(object->restore_until_ms, until);
    response_header(
        req, "x-amz-restore",
        arena_printf(&req->arena, "ongoing-request=\"false\", expiry-date=\"%s\"", until));
}

void s3_answer_state(struct request *req, const struct s3_object *object)
{
    char *modified = arena_alloc(&req->arena, TIME_TEXT_MAX);

    time_http(object->modified_ms, modified);
    response_header(req, "Last-Modified", modified);
    response_header(req, "ETag", s3_etag_text(&req->arena, object->etag));
}

void s3_answer_object(struct request *req, const struct s3_target *target)
{
    const struct s3_object *o = target->object;
    const char *version = s3_version_of(&req->arena, &target->bucket, o);
    const char *expiration = s3_expiration(req, &target->bucket, o);

    answer_head(req, &o->head);
    s3_answer_encryption(req, &o->head);
    answer_lock(req, &o->lock);
    answer_restore(req, o);
    if (o->tags.count)
        response_header(req, "x-amz-tagging-count",
                        arena_printf(&req->arena, "%zu", o->tags.count));
    if (!str_eq(o->storage_class, "STANDARD"))
        response_header(req, "x-amz-storage-class", o->storage_class);
    if (version)
        response_header(req, "x-amz-version-id", version);
    if (expiration)
        response_header(req, "x-amz-expiration", expiration);
}
