/* Digests by OpenSSL and xxHash, and CRC32 by zlib, whole-buffer and incremental. */
#ifndef CADABRA_DIGEST_H
#define CADABRA_DIGEST_H

#include "server/base/base.h"

enum { SHA256_LEN = 32, MD5_LEN = 16 };

void sha256(const void *data, size_t len, uint8_t out[SHA256_LEN]);
void md5(const void *data, size_t len, uint8_t out[MD5_LEN]);
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                 uint8_t out[SHA256_LEN]);
/* Of Signature Version 2. */
enum { SHA1_LEN = 20 };
void hmac_sha1(const void *key, size_t key_len, const void *data, size_t len,
               uint8_t out[SHA1_LEN]);
uint32_t crc32_of(const void *data, size_t len);

struct sha256_stream;
struct sha256_stream *sha256_begin(void);
void sha256_update(struct sha256_stream *s, const void *data, size_t len);
/* Writes the digest and frees the stream; out NULL only frees it. */
void sha256_end(struct sha256_stream *s, uint8_t *out);

/* The XXHs are no digests against forgers: 64, 64 and 128 bits, most significant byte first. */
enum digest_kind {
    DIGEST_MD5,
    DIGEST_SHA1,
    DIGEST_SHA256,
    DIGEST_SHA512,
    DIGEST_XXH64,
    DIGEST_XXH3,
    DIGEST_XXH128,
};
enum { DIGEST_LEN_MAX = 64 };

struct digest_stream;
struct digest_stream *digest_begin(enum digest_kind kind);
void digest_update(struct digest_stream *d, const void *data, size_t len);
/* Writes the digest, answers its length, and frees the stream; out NULL only frees it. */
size_t digest_end(struct digest_stream *d, uint8_t *out);

/* Compares without leaking where the difference is. */
bool equal_constant_time(const void *a, const void *b, size_t len);

/* Random bytes that are fit for ids and keys. */
void random_bytes(void *out, size_t len);
/* out holds 37 bytes: a random (version 4) UUID, lower case. */
void uuid_v4(char out[37]);
/* len characters of the alphabet, NUL-terminated: out holds len + 1 bytes. */
void random_text(char *out, size_t len, const char *alphabet);

#endif
