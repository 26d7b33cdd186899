/* What tokens that clients carry about are made of: numbers, big endian, and a signature. */
#ifndef CADABRA_KINESIS_SEALED_H
#define CADABRA_KINESIS_SEALED_H

#include "server/base/digest.h"
#include "storage/kinesis_store.h"

enum { KINESIS_SIGNATURE_LEN = 16 };

static inline void kinesis_put_number(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

static inline uint64_t kinesis_get_number(const uint8_t *in, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value = value << 8 | in[i];
    return value;
}

static inline void kinesis_sign(const uint8_t *raw, size_t len,
                                const uint8_t secret[KINESIS_SECRET_LEN],
                                uint8_t out[KINESIS_SIGNATURE_LEN])
{
    uint8_t digest[SHA256_LEN];

    hmac_sha256(secret, KINESIS_SECRET_LEN, raw, len, digest);
    memcpy(out, digest, KINESIS_SIGNATURE_LEN);
}

#endif
