/*
 * The checksums of S3: their names, and making them while bytes pass.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */
#ifndef CADABRA_S3_CHECKSUM_H
#define CADABRA_S3_CHECKSUM_H

#include "server/base/arena.h"
#include "storage/s3_store.h"

enum { S3_CHECKSUM_LEN_MAX = 64 };

/* "CRC32"; NULL for S3_CHECKSUM_NONE. */
const char *s3_checksum_name(enum s3_checksum_algorithm algorithm);
/* "sha256", as errors of multipart uploads have it; of an algorithm, not of S3_CHECKSUM_NONE. */
const char *s3_checksum_word(enum s3_checksum_algorithm algorithm);
/* "x-amz-checksum-crc32" */
const char *s3_checksum_header(enum s3_checksum_algorithm algorithm);
/* By name, whatever its case; S3_CHECKSUM_NONE when it is none. */
enum s3_checksum_algorithm s3_checksum_by_name(const char *name);
enum s3_checksum_algorithm s3_checksum_by_header(const char *header);
/* "FULL_OBJECT" or "COMPOSITE" */
const char *s3_checksum_type_name(enum s3_checksum_type type);
/* Bytes of a value. */
size_t s3_checksum_len(enum s3_checksum_algorithm algorithm);
/* True for those whose value can be told from the values of the parts: the CRCs. */
bool s3_checksum_joins(enum s3_checksum_algorithm algorithm);
/* Whether parts may be checked so: what does not join only composite, CRC64NVME only as a whole. */
bool s3_checksum_allows(enum s3_checksum_algorithm algorithm, enum s3_checksum_type type);

struct s3_hasher;
/* Tied to the arena. S3_CHECKSUM_NONE gives one that does nothing. */
struct s3_hasher *s3_hasher_new(struct arena *a, enum s3_checksum_algorithm algorithm);
void s3_hasher_update(struct s3_hasher *h, const void *data, size_t len);
/* The value in base64, in the arena; once. NULL for S3_CHECKSUM_NONE. */
const char *s3_hasher_end(struct s3_hasher *h);

/* Base64 of the algorithm's length. */
bool s3_checksum_valid(enum s3_checksum_algorithm algorithm, const char *base64);
/* Of the joined bytes of two runs, of which the second has second_len; all in base64. For CRCs. */
const char *s3_checksum_join(struct arena *a, enum s3_checksum_algorithm algorithm,
                             const char *first, const char *second, int64_t second_len);
/* Of the binary values of the parts, in their order, without the "-N". NULL when one of them is not
 * valid. */
const char *s3_checksum_compose(struct arena *a, enum s3_checksum_algorithm algorithm,
                                const char *const *parts, size_t count);

/*
 * The member of a generated struct (ChecksumCRC32, ...) that is an algorithm's: nothing is set and
 * NULL is read for S3_CHECKSUM_NONE.
 */
#define S3_CHECKSUM_GET(s, algorithm)                                                              \
    s3_checksum_get((s), S3_CHECKSUM_PLACES(__typeof__(*(s))), (algorithm))
#define S3_CHECKSUM_SET(s, algorithm, value)                                                       \
    s3_checksum_set((s), S3_CHECKSUM_PLACES(__typeof__(*(s))), (algorithm), (value))

#define S3_CHECKSUM_PLACES(type)                                                                   \
    ((const size_t[]){                                                                             \
        [S3_CHECKSUM_CRC32] = offsetof(type, ChecksumCRC32),                                       \
        [S3_CHECKSUM_CRC32C] = offsetof(type, ChecksumCRC32C),                                     \
        [S3_CHECKSUM_CRC64NVME] = offsetof(type, ChecksumCRC64NVME),                               \
        [S3_CHECKSUM_SHA1] = offsetof(type, ChecksumSHA1),                                         \
        [S3_CHECKSUM_SHA256] = offsetof(type, ChecksumSHA256),                                     \
        [S3_CHECKSUM_SHA512] = offsetof(type, ChecksumSHA512),                                     \
        [S3_CHECKSUM_MD5] = offsetof(type, ChecksumMD5),                                           \
        [S3_CHECKSUM_XXHASH64] = offsetof(type, ChecksumXXHASH64),                                 \
        [S3_CHECKSUM_XXHASH3] = offsetof(type, ChecksumXXHASH3),                                   \
        [S3_CHECKSUM_XXHASH128] = offsetof(type, ChecksumXXHASH128),                               \
    })

static inline const char *s3_checksum_get(const void *s, const size_t *places,
                                          enum s3_checksum_algorithm algorithm)
{
    const char *value = NULL;

    if (algorithm)
        memcpy(&value, (const char *)s + places[algorithm], sizeof(value));
    return value;
}

static inline void s3_checksum_set(void *s, const size_t *places,
                                   enum s3_checksum_algorithm algorithm, const char *value)
{
    if (algorithm)
        memcpy((char *)s + places[algorithm], &value, sizeof(value));
}

#endif
