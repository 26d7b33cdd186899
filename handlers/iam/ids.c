/*
 * Ids and keys as AWS makes them.
 *
 * The 16 characters behind AKIA or ASIA are base32 of 80 bits, which hold the account in bits 7 to
 * 46 of the first 48; tools read it from there without asking anyone, so keys given out here hold
 * it too.
 */
#include "handlers/iam/iam_parts.h"

#include "server/base/digest.h"

static const char BASE32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

enum { PREFIX_LEN = 4, KEY_BYTES = 10, ACCOUNT_SHIFT = 7 };

const char *iam_new_id(struct arena *a, const char *prefix)
{
    char *id = arena_alloc(a, IAM_ID_LEN + 1);

    memcpy(id, prefix, PREFIX_LEN);
    random_text(id + PREFIX_LEN, IAM_ID_LEN - PREFIX_LEN, BASE32);
    return id;
}

const char *iam_id_of(struct arena *a, const char *prefix, const char *text)
{
    uint8_t digest[SHA256_LEN];
    char *id = arena_alloc(a, IAM_ID_LEN + 1);

    sha256(text, strlen(text), digest);
    memcpy(id, prefix, PREFIX_LEN);
    for (size_t i = PREFIX_LEN; i < IAM_ID_LEN; i++)
        id[i] = BASE32[digest[i] & 31];
    id[IAM_ID_LEN] = '\0';
    return id;
}

void iam_new_access_key(const char *prefix, const char *account, char out[IAM_ACCESS_KEY_LEN + 1])
{
    uint8_t bytes[KEY_BYTES];
    uint64_t head = strtoull(account, NULL, 10) << ACCOUNT_SHIFT;
    unsigned held = 0;
    unsigned bits = 0;
    char *to = out + PREFIX_LEN;

    random_bytes(bytes, sizeof(bytes));
    head |= UINT64_C(1) << 47 | (bytes[5] & 0x7f);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(head >> (40 - 8 * i));
    memcpy(out, prefix, PREFIX_LEN);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        held = held << 8 | bytes[i];
        for (bits += 8; bits >= 5; bits -= 5)
            *to++ = BASE32[held >> (bits - 5) & 31];
    }
    *to = '\0';
}

bool iam_account_in_access_key(const char *access_key, char out[13])
{
    uint64_t head = 0;
    uint64_t account;

    if (strlen(access_key) != IAM_ACCESS_KEY_LEN)
        return false;
    for (size_t i = PREFIX_LEN; i < IAM_ACCESS_KEY_LEN; i++) {
        const char *at = strchr(BASE32, access_key[i]);

        if (!at)
            return false;
        if (i < PREFIX_LEN + 10) /* 50 bits: the 48 that matter, and 2 more */
            head = head << 5 | (uint64_t)(at - BASE32);
    }
    account = (head >> 2 & UINT64_C(0x7fffffffff80)) >> ACCOUNT_SHIFT;
    if (account > UINT64_C(999999999999))
        return false;
    snprintf(out, 13, "%012" PRIu64, account);
    return true;
}

void iam_new_secret(char out[IAM_SECRET_LEN + 1])
{
    random_text(out, IAM_SECRET_LEN,
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
}
