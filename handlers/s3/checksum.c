#include "handlers/s3/checksum.h"

#include "server/base/crc.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

enum way { WAY_NONE, WAY_CRC, WAY_DIGEST };

struct algorithm {
    const char *name;
    const char *header;
    enum way way;
    int kind; /* enum crc_kind or digest_kind */
    size_t len;
};

static const struct algorithm algorithms[] = {
    [S3_CHECKSUM_NONE] = {NULL, NULL, WAY_NONE, 0, 0},
    [S3_CHECKSUM_CRC32] = {"CRC32", "x-amz-checksum-crc32", WAY_CRC, CRC_32, 4},
    [S3_CHECKSUM_CRC32C] = {"CRC32C", "x-amz-checksum-crc32c", WAY_CRC, CRC_32C, 4},
    [S3_CHECKSUM_SHA1] = {"SHA1", "x-amz-checksum-sha1", WAY_DIGEST, DIGEST_SHA1, 20},
    [S3_CHECKSUM_SHA256] = {"SHA256", "x-amz-checksum-sha256", WAY_DIGEST, DIGEST_SHA256, 32},
    [S3_CHECKSUM_CRC64NVME] = {"CRC64NVME", "x-amz-checksum-crc64nvme", WAY_CRC, CRC_64_NVME, 8},
    [S3_CHECKSUM_SHA512] = {"SHA512", "x-amz-checksum-sha512", WAY_DIGEST, DIGEST_SHA512, 64},
    [S3_CHECKSUM_MD5] = {"MD5", "x-amz-checksum-md5", WAY_DIGEST, DIGEST_MD5, 16},
    [S3_CHECKSUM_XXHASH64] = {"XXHASH64", "x-amz-checksum-xxhash64", WAY_DIGEST, DIGEST_XXH64, 8},
    [S3_CHECKSUM_XXHASH3] = {"XXHASH3", "x-amz-checksum-xxhash3", WAY_DIGEST, DIGEST_XXH3, 8},
    [S3_CHECKSUM_XXHASH128] = {"XXHASH128", "x-amz-checksum-xxhash128", WAY_DIGEST, DIGEST_XXH128,
                               16},
};

struct s3_hasher {
    struct arena *arena;
    const struct algorithm *algorithm;
    uint64_t crc;
    struct digest_stream *digest;
};

const char *s3_checksum_name(enum s3_checksum_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

const char *s3_checksum_word(enum s3_checksum_algorithm algorithm)
{
    return strrchr(algorithms[algorithm].header, '-') + 1;
}

const char *s3_checksum_header(enum s3_checksum_algorithm algorithm)
{
    return algorithms[algorithm].header;
}

enum s3_checksum_algorithm s3_checksum_by_name(const char *name)
{
    for (size_t i = 1; i < ARRAY_LEN(algorithms); i++)
        if (strcasecmp(algorithms[i].name, name) == 0)
            return (enum s3_checksum_algorithm)i;
    return S3_CHECKSUM_NONE;
}

enum s3_checksum_algorithm s3_checksum_by_header(const char *header)
{
    for (size_t i = 1; i < ARRAY_LEN(algorithms); i++)
        if (strcasecmp(algorithms[i].header, header) == 0)
            return (enum s3_checksum_algorithm)i;
    return S3_CHECKSUM_NONE;
}

const char *s3_checksum_type_name(enum s3_checksum_type type)
{
    return type == S3_CHECKSUM_COMPOSITE ? "COMPOSITE" : "FULL_OBJECT";
}

size_t s3_checksum_len(enum s3_checksum_algorithm algorithm)
{
    return algorithms[algorithm].len;
}

bool s3_checksum_joins(enum s3_checksum_algorithm algorithm)
{
    return algorithms[algorithm].way == WAY_CRC;
}

bool s3_checksum_allows(enum s3_checksum_algorithm algorithm, enum s3_checksum_type type)
{
    if (type == S3_CHECKSUM_FULL_OBJECT)
        return s3_checksum_joins(algorithm);
    return algorithm != S3_CHECKSUM_CRC64NVME;
}

/* --- making one --- */

static void free_digest(void *context)
{
    struct s3_hasher *h = context;

    if (h->digest)
        digest_end(h->digest, NULL);
}

struct s3_hasher *s3_hasher_new(struct arena *a, enum s3_checksum_algorithm algorithm)
{
    struct s3_hasher *h = ARENA_NEW(a, struct s3_hasher);

    h->arena = a;
    h->algorithm = &algorithms[algorithm];
    if (h->algorithm->way == WAY_DIGEST) {
        h->digest = digest_begin((enum digest_kind)h->algorithm->kind);
        arena_defer(a, free_digest, h);
    }
    return h;
}

void s3_hasher_update(struct s3_hasher *h, const void *data, size_t len)
{
    if (h->algorithm->way == WAY_CRC)
        h->crc = crc_update((enum crc_kind)h->algorithm->kind, h->crc, data, len);
    else if (h->digest)
        digest_update(h->digest, data, len);
}

static void crc_bytes(uint64_t crc, size_t len, uint8_t *out)
{
    for (size_t i = len; i-- > 0; crc >>= 8)
        out[i] = (uint8_t)crc;
}

static const char *to_base64(struct arena *a, const uint8_t *value, size_t len)
{
    char *text = arena_alloc(a, BASE64_LEN(len) + 1);

    base64_encode(value, len, text);
    return text;
}

const char *s3_hasher_end(struct s3_hasher *h)
{
    uint8_t value[DIGEST_LEN_MAX];

    if (h->algorithm->way == WAY_NONE)
        return NULL;
    if (h->algorithm->way == WAY_CRC)
        crc_bytes(h->crc, h->algorithm->len, value);
    else
        digest_end(TAKE(h->digest), value);
    return to_base64(h->arena, value, h->algorithm->len);
}

/* --- values --- */

/* out holds DIGEST_LEN_MAX + 3 bytes. */
static bool from_base64(const struct algorithm *algorithm, const char *text, uint8_t *out)
{
    size_t len;

    return strlen(text) == BASE64_LEN(algorithm->len) &&
           base64_decode(text, strlen(text), out, &len) && len == algorithm->len;
}

bool s3_checksum_valid(enum s3_checksum_algorithm algorithm, const char *base64)
{
    uint8_t value[DIGEST_LEN_MAX + 3];

    return from_base64(&algorithms[algorithm], base64, value);
}

static uint64_t crc_value(const struct algorithm *algorithm, const char *text)
{
    uint8_t bytes[DIGEST_LEN_MAX + 3];
    uint64_t crc = 0;

    if (!from_base64(algorithm, text, bytes))
        return 0;
    for (size_t i = 0; i < algorithm->len; i++)
        crc = crc << 8 | bytes[i];
    return crc;
}

const char *s3_checksum_join(struct arena *a, enum s3_checksum_algorithm algorithm,
                             const char *first, const char *second, int64_t second_len)
{
    const struct algorithm *al = &algorithms[algorithm];
    uint8_t value[8];

    assert(al->way == WAY_CRC);
    crc_bytes(crc_combine((enum crc_kind)al->kind, crc_value(al, first), crc_value(al, second),
                          (uint64_t)second_len),
              al->len, value);
    return to_base64(a, value, al->len);
}

const char *s3_checksum_compose(struct arena *a, enum s3_checksum_algorithm algorithm,
                                const char *const *parts, size_t count)
{
    struct s3_hasher *h = s3_hasher_new(a, algorithm);
    uint8_t value[DIGEST_LEN_MAX + 3];

    for (size_t i = 0; i < count; i++) {
        if (!parts[i] || !from_base64(&algorithms[algorithm], parts[i], value))
            return NULL;
        s3_hasher_update(h, value, algorithms[algorithm].len);
    }
    return s3_hasher_end(h);
}
