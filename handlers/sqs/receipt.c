#include "handlers/sqs/receipt.h"

#include "server/base/digest.h"
#include "server/base/encode.h"

/* Text: base64 of version, queue, number, received (big endian), and half of their HMAC. */
enum { VERSION = 1, PLAIN_LEN = 1 + 3 * 8, MAC_LEN = 17, RECEIPT_LEN = PLAIN_LEN + MAC_LEN };

_Static_assert(RECEIPT_LEN % 3 == 0, "no padding: one text for one handle");

static void put_number(uint8_t *out, int64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
}

static int64_t get_number(const uint8_t *in)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return (int64_t)value;
}

char *sqs_receipt_make(struct arena *a, const uint8_t secret[SQS_SECRET_LEN],
                       const struct sqs_receipt *receipt)
{
    uint8_t plain[RECEIPT_LEN] = {VERSION};
    uint8_t mac[SHA256_LEN];
    char *text = arena_alloc(a, BASE64_LEN(RECEIPT_LEN) + 1);

    put_number(plain + 1, receipt->queue);
    put_number(plain + 9, receipt->number);
    put_number(plain + 17, receipt->received);
    hmac_sha256(secret, SQS_SECRET_LEN, plain, PLAIN_LEN, mac);
    memcpy(plain + PLAIN_LEN, mac, MAC_LEN);
    base64_encode(plain, RECEIPT_LEN, text);
    return text;
}

bool sqs_receipt_read(const char *text, const uint8_t secret[SQS_SECRET_LEN],
                      struct sqs_receipt *out)
{
    uint8_t plain[BASE64_LEN(RECEIPT_LEN)];
    uint8_t mac[SHA256_LEN];
    size_t len;

    if (strlen(text) != BASE64_LEN(RECEIPT_LEN) ||
        !base64_decode(text, BASE64_LEN(RECEIPT_LEN), plain, &len) || len != RECEIPT_LEN ||
        plain[0] != VERSION)
        return false;
    hmac_sha256(secret, SQS_SECRET_LEN, plain, PLAIN_LEN, mac);
    if (!equal_constant_time(mac, plain + PLAIN_LEN, MAC_LEN))
        return false;
    *out = (struct sqs_receipt){
        .queue = get_number(plain + 1),
        .number = get_number(plain + 9),
        .received = get_number(plain + 17),
    };
    return true;
}
