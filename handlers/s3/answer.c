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

/* The "Q" encoding of RFC 2047. False for what is none. */
static bool decode_quoted(const char *text, size_t text_len, char *out, size_t *out_len)
{
    *out_len = 0;
    for (size_t i = 0; i < text_len; i++, ++*out_len) {
        if (text[i] != '=') {
            out[*out_len] = text[i] == '_' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text_len || !hex_decode(text + i + 1, 2, (uint8_t *)out + *out_len))
            return false;
        i += 2;
    }
    return true;
}

/* AWS: an encoded word that says nothing but plain characters is given back as these. */
static const char *plain_word(struct arena *a, const char *text)
{
    static const char begin[] = "=?UTF-8?";
    size_t len = strlen(text), decoded_len;
    const char *encoded = text + strlen(begin) + 2;
    size_t encoded_len;
    char *decoded;
    bool valid;

    if (len < strlen(begin) + 4 || strncasecmp(text, begin, strlen(begin)) != 0 ||
        encoded[-1] != '?' || !str_eq(text + len - 2, "?="))
        return text;
    encoded_len = len - strlen(begin) - 4;
    decoded = arena_alloc(a, len + 4);
    if (encoded[-2] == 'Q' || encoded[-2] == 'q')
        valid = decode_quoted(encoded, encoded_len, decoded, &decoded_len);
    else
        valid = (encoded[-2] == 'B' || encoded[-2] == 'b') &&
                base64_decode(encoded, encoded_len, (uint8_t *)decoded, &decoded_len);
    for (size_t i = 0; valid && i < decoded_len; i++)
        valid = decoded[i] >= ' ' && decoded[i] <= '~';
    return valid ? arena_strndup(a, decoded, decoded_len) : text;
}

/* AWS: bytes are taken for Latin-1, and given back as an encoded word of RFC 2047. */
static const char *mail_safe(struct arena *a, const char *text)
{
    size_t len = 0;
    char *utf8, *base64;

    if (is_ascii(text))
        return plain_word(a, text);
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
