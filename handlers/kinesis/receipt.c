#include "handlers/kinesis/receipt.h"

#include "handlers/kinesis/sealed.h"
#include "server/base/encode.h"

/* version 8 | queue 8 | number 8 | delivery 8 | shard 4 | dead 4 | signature 16. The version is
 * none of a shard iterator's, which the same key signs. */
enum {
    AT_QUEUE = 8,
    AT_NUMBER = 16,
    AT_DELIVERY = 24,
    AT_SHARD = 32,
    AT_DEAD = 36,
    AT_SIGNATURE = 40,
    LENGTH = AT_SIGNATURE + KINESIS_SIGNATURE_LEN,
};

static const uint8_t version[8] = {'q', 'u', 'e', 'u', 'e', 0, 0, 1};

char *kinesis_receipt_format(const struct kinesis_receipt *receipt,
                             const uint8_t secret[KINESIS_SECRET_LEN], struct arena *a)
{
    char *text = arena_alloc(a, BASE64_LEN((size_t)LENGTH) + 1);
    uint8_t raw[LENGTH];

    memcpy(raw, version, sizeof(version));
    kinesis_put_number(raw + AT_QUEUE, (uint64_t)receipt->queue, 8);
    kinesis_put_number(raw + AT_NUMBER, (uint64_t)receipt->number, 8);
    kinesis_put_number(raw + AT_DELIVERY, (uint64_t)receipt->delivery, 8);
    kinesis_put_number(raw + AT_SHARD, (uint32_t)receipt->shard, 4);
    kinesis_put_number(raw + AT_DEAD, receipt->dead, 4);
    kinesis_sign(raw, AT_SIGNATURE, secret, raw + AT_SIGNATURE);
    base64_encode(raw, LENGTH, text);
    return text;
}

bool kinesis_receipt_parse(const char *text, const uint8_t secret[KINESIS_SECRET_LEN],
                           struct kinesis_receipt *out)
{
    uint8_t raw[LENGTH / 3 * 3 + 3];
    uint8_t signature[KINESIS_SIGNATURE_LEN];
    size_t length;

    if (strlen(text) != BASE64_LEN((size_t)LENGTH) ||
        !base64_decode(text, strlen(text), raw, &length) || length != LENGTH ||
        memcmp(raw, version, sizeof(version)) != 0)
        return false;
    kinesis_sign(raw, AT_SIGNATURE, secret, signature);
    if (!equal_constant_time(signature, raw + AT_SIGNATURE, KINESIS_SIGNATURE_LEN))
        return false;
    *out = (struct kinesis_receipt){
        .queue = (int64_t)kinesis_get_number(raw + AT_QUEUE, 8),
        .number = (int64_t)kinesis_get_number(raw + AT_NUMBER, 8),
        .delivery = (int64_t)kinesis_get_number(raw + AT_DELIVERY, 8),
        .shard = (int32_t)kinesis_get_number(raw + AT_SHARD, 4),
        .dead = kinesis_get_number(raw + AT_DEAD, 4) != 0,
    };
    return true;
}
