/*
 * OpenSSL's low-level digests: they need neither providers nor a configuration file, so that the
 * first digest of a process costs no more than the next (EVP loads its default provider first: 1 ms
 * and some 400 KiB). They choose the CPU's own instructions just the same.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "server/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <sys/random.h>
#include <xxhash.h>
#include <zlib.h>

#include "server/base/encode.h"

enum { RANDOM_KEPT = 2048 }; /* bytes, per thread */

struct sha256_stream {
    SHA256_CTX context;
};

void sha256(const void *data, size_t len, uint8_t out[SHA256_LEN])
{
    SHA256_CTX context;

    SHA256_Init(&context);
    SHA256_Update(&context, data, len);
    SHA256_Final(out, &context);
}

void md5(const void *data, size_t len, uint8_t out[MD5_LEN])
{
    MD5_CTX context;

    MD5_Init(&context);
    MD5_Update(&context, data, len);
    MD5_Final(out, &context);
}

/* RFC 2104 */
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                 uint8_t out[SHA256_LEN])
{
    uint8_t block[SHA256_CBLOCK] = {0}, inner[SHA256_LEN];
    SHA256_CTX context;

    if (key_len > sizeof(block))
        sha256(key, key_len, block);
    else if (key_len)
        memcpy(block, key, key_len);

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36;
    SHA256_Init(&context);
    SHA256_Update(&context, block, sizeof(block));
    SHA256_Update(&context, data, len);
    SHA256_Final(inner, &context);

    for (size_t i = 0; i < sizeof(block); i++)
        block[i] ^= 0x36 ^ 0x5c;
    SHA256_Init(&context);
    SHA256_Update(&context, block, sizeof(block));
    SHA256_Update(&context, inner, sizeof(inner));
    SHA256_Final(out, &context);
    OPENSSL_cleanse(block, sizeof(block));
}

void hmac_sha1(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA1_LEN])
{
    if (!HMAC(EVP_sha1(), key, (int)key_len, data, len, out, NULL))
        abort();
}

uint32_t crc32_of(const void *data, size_t len)
{
    return (uint32_t)crc32_z(0, data, len);
}

struct sha256_stream *sha256_begin(void)
{
    struct sha256_stream *s = x_malloc(sizeof(*s));

    SHA256_Init(&s->context);
    return s;
}

void sha256_update(struct sha256_stream *s, const void *data, size_t len)
{
    SHA256_Update(&s->context, data, len);
}

void sha256_end(struct sha256_stream *s, uint8_t *out)
{
    if (out)
        SHA256_Final(out, &s->context);
    free(s);
}

struct digest_stream {
    enum digest_kind kind;
    union {
        MD5_CTX md5;
        SHA_CTX sha1;
        SHA256_CTX sha256;
        SHA512_CTX sha512;
        XXH64_state_t *xxh64;
        XXH3_state_t *xxh3; /* of both widths */
    };
};

/* xxHash allocates its states itself, aligned as it wants them. */
static void *checked(void *state)
{
    if (!state)
        abort();
    return state;
}

struct digest_stream *digest_begin(enum digest_kind kind)
{
    struct digest_stream *d = x_malloc(sizeof(*d));

    d->kind = kind;
    switch (kind) {
    case DIGEST_MD5:
        MD5_Init(&d->md5);
        break;
    case DIGEST_SHA1:
        SHA1_Init(&d->sha1);
        break;
    case DIGEST_SHA256:
        SHA256_Init(&d->sha256);
        break;
    case DIGEST_SHA512:
        SHA512_Init(&d->sha512);
        break;
    case DIGEST_XXH64:
        d->xxh64 = checked(XXH64_createState());
        XXH64_reset(d->xxh64, 0);
        break;
    case DIGEST_XXH3:
        d->xxh3 = checked(XXH3_createState());
        XXH3_64bits_reset(d->xxh3);
        break;
    case DIGEST_XXH128:
        d->xxh3 = checked(XXH3_createState());
        XXH3_128bits_reset(d->xxh3);
        break;
    }
    return d;
}

void digest_update(struct digest_stream *d, const void *data, size_t len)
{
    switch (d->kind) {
    case DIGEST_MD5:
        MD5_Update(&d->md5, data, len);
        break;
    case DIGEST_SHA1:
        SHA1_Update(&d->sha1, data, len);
        break;
    case DIGEST_SHA256:
        SHA256_Update(&d->sha256, data, len);
        break;
    case DIGEST_SHA512:
        SHA512_Update(&d->sha512, data, len);
        break;
    case DIGEST_XXH64:
        XXH64_update(d->xxh64, data, len);
        break;
    case DIGEST_XXH3:
        XXH3_64bits_update(d->xxh3, data, len);
        break;
    case DIGEST_XXH128:
        XXH3_128bits_update(d->xxh3, data, len);
        break;
    }
}

static size_t digest_final(struct digest_stream *d, uint8_t *out)
{
    switch (d->kind) {
    case DIGEST_MD5:
        MD5_Final(out, &d->md5);
        return MD5_DIGEST_LENGTH;
    case DIGEST_SHA1:
        SHA1_Final(out, &d->sha1);
        return SHA_DIGEST_LENGTH;
    case DIGEST_SHA256:
        SHA256_Final(out, &d->sha256);
        return SHA256_DIGEST_LENGTH;
    case DIGEST_SHA512:
        SHA512_Final(out, &d->sha512);
        return SHA512_DIGEST_LENGTH;
    case DIGEST_XXH64:
        XXH64_canonicalFromHash((XXH64_canonical_t *)out, XXH64_digest(d->xxh64));
        return sizeof(XXH64_canonical_t);
    case DIGEST_XXH3:
        XXH64_canonicalFromHash((XXH64_canonical_t *)out, XXH3_64bits_digest(d->xxh3));
        return sizeof(XXH64_canonical_t);
    case DIGEST_XXH128:
        XXH128_canonicalFromHash((XXH128_canonical_t *)out, XXH3_128bits_digest(d->xxh3));
        return sizeof(XXH128_canonical_t);
    }
    return 0;
}

size_t digest_end(struct digest_stream *d, uint8_t *out)
{
    size_t len = out ? digest_final(d, out) : 0;

    if (d->kind == DIGEST_XXH64)
        XXH64_freeState(d->xxh64);
    if (d->kind == DIGEST_XXH3 || d->kind == DIGEST_XXH128)
        XXH3_freeState(d->xxh3);
    free(d);
    return len;
}

bool equal_constant_time(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

static void random_from_kernel(void *out, size_t len)
{
    uint8_t *next = out;

    while (len) {
        ssize_t n = getrandom(next, len, 0);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            abort(); /* a kernel without getrandom: nothing here may be guessable */
        }
        next += n;
        len -= (size_t)n;
    }
}

/* Ids are short and every answer has one or two: a thread asks the kernel for many at once. What
 * was given out is forgotten. */
void random_bytes(void *out, size_t len)
{
    static _Thread_local struct {
        uint8_t bytes[RANDOM_KEPT];
        size_t left;
    } kept;

    if (len > RANDOM_KEPT / 16) {
        random_from_kernel(out, len);
        return;
    }
    if (len > kept.left) {
        random_from_kernel(kept.bytes, sizeof(kept.bytes));
        kept.left = sizeof(kept.bytes);
    }
    kept.left -= len;
    memcpy(out, kept.bytes + kept.left, len);
    explicit_bzero(kept.bytes + kept.left, len);
}

void uuid_v4(char out[37])
{
    uint8_t b[16];

    random_bytes(b, sizeof(b));
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    /* Each group's NUL is overwritten by the dash after it. */
    hex_encode(b, 4, out);
    out[8] = '-';
    hex_encode(b + 4, 2, out + 9);
    out[13] = '-';
    hex_encode(b + 6, 2, out + 14);
    out[18] = '-';
    hex_encode(b + 8, 2, out + 19);
    out[23] = '-';
    hex_encode(b + 10, 6, out + 24);
}

void random_text(char *out, size_t len, const char *alphabet)
{
    size_t count = strlen(alphabet), used = 0;
    uint8_t pool[64];
    unsigned limit;

    assert(count > 0 && count <= 256);
    limit = 256 - 256 % (unsigned)count; /* bytes beyond would favour the first letters */
    while (used < len) {
        /* A quarter more than is needed, so that rejections seldom take a second call. */
        size_t n = MIN(sizeof(pool), (len - used) * 5 / 4 + 1);

        random_bytes(pool, n);
        for (size_t i = 0; i < n && used < len; i++)
            if (pool[i] < limit)
                out[used++] = alphabet[pool[i] % count];
    }
    out[len] = '\0';
}
