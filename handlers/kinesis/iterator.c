#include "handlers/kinesis/iterator.h"

#include "handlers/kinesis/sealed.h"
#include "server/base/encode.h"

/* version 8 | made 8 | shard 8 | next 8 | index 4 | length of name 1 | name | zeros | signature 16
 */
enum {
    AT_MADE = 8,
    AT_SHARD = 16,
    AT_NEXT = 24,
    AT_INDEX = 32,
    AT_NAME_LENGTH = 36,
    AT_NAME = 37,
    LENGTH_MIN = 152,
    LENGTH_MAX = 280,
};

static const uint8_t version[8] = {0, 0, 0, 0, 0, 0, 0, 1};

/* AWS: 152 bytes, and 16 more for each 16 of the name. */
static size_t length_for(size_t name_length)
{
    return LENGTH_MIN + (name_length + 2) / 16 * 16;
}

char *kinesis_iterator_format(const struct kinesis_iterator *it,
                              const uint8_t secret[KINESIS_SECRET_LEN], struct arena *a)
{
    uint8_t raw[LENGTH_MAX] = {0};
    size_t name_length = strlen(it->stream);
    size_t length = length_for(name_length);
    char *text = arena_alloc(a, BASE64_LEN(length) + 1);

    assert(name_length <= KINESIS_STREAM_NAME_MAX);
    memcpy(raw, version, sizeof(version));
    kinesis_put_number(raw + AT_MADE, (uint64_t)it->made_ms, 8);
    kinesis_put_number(raw + AT_SHARD, (uint64_t)it->shard, 8);
    kinesis_put_number(raw + AT_NEXT, (uint64_t)it->next, 8);
    kinesis_put_number(raw + AT_INDEX, (uint32_t)it->index, 4);
    raw[AT_NAME_LENGTH] = (uint8_t)name_length;
    memcpy(raw + AT_NAME, it->stream, name_length);
    kinesis_sign(raw, length - KINESIS_SIGNATURE_LEN, secret, raw + length - KINESIS_SIGNATURE_LEN);
    base64_encode(raw, length, text);
    return text;
}

bool kinesis_iterator_parse(const char *text, const uint8_t secret[KINESIS_SECRET_LEN],
                            struct arena *a, struct kinesis_iterator *out)
{
    size_t text_length = strlen(text);
    uint8_t signature[KINESIS_SIGNATURE_LEN];
    uint8_t *raw;
    size_t length;
    size_t name_length;

    if (text_length < BASE64_LEN((size_t)LENGTH_MIN) ||
        text_length > BASE64_LEN((size_t)LENGTH_MAX))
        return false;
    raw = arena_alloc(a, text_length / 4 * 3 + 3);
    if (!base64_decode(text, text_length, raw, &length) || length < LENGTH_MIN ||
        length > LENGTH_MAX || memcmp(raw, version, sizeof(version)) != 0)
        return false;
    kinesis_sign(raw, length - KINESIS_SIGNATURE_LEN, secret, signature);
    if (!equal_constant_time(signature, raw + length - KINESIS_SIGNATURE_LEN,
                             KINESIS_SIGNATURE_LEN))
        return false;
    name_length = raw[AT_NAME_LENGTH];
    if (name_length > KINESIS_STREAM_NAME_MAX || length != length_for(name_length))
        return false;
    out->made_ms = (int64_t)kinesis_get_number(raw + AT_MADE, 8);
    out->shard = (int64_t)kinesis_get_number(raw + AT_SHARD, 8);
    out->next = (int64_t)kinesis_get_number(raw + AT_NEXT, 8);
    out->index = (int32_t)kinesis_get_number(raw + AT_INDEX, 4);
    memcpy(out->stream, raw + AT_NAME, name_length);
    out->stream[name_length] = '\0';
    return true;
}
