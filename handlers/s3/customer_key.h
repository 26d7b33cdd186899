/*
 * Encryption with a key that the client brings along and that is never stored (SSE-C): AES-256 in
 * counter mode, so that any range can be decrypted by itself.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
 */
#ifndef CADABRA_S3_CUSTOMER_KEY_H
#define CADABRA_S3_CUSTOMER_KEY_H

#include "handlers/s3/state.h"

enum { S3_KEY_LEN = 32, S3_COUNTER_LEN = 16 };

struct s3_customer_key {
    bool given;
    uint8_t key[S3_KEY_LEN];
    const char *md5; /* base64, as the client sent it */
};

/* What a stored object or part remembers (pairs of its head): the algorithm and the key's MD5 under
 * the headers' names, and the counter's start under this one. */
#define S3_HEAD_SSE_C "x-amz-server-side-encryption-customer-algorithm"
#define S3_HEAD_SSE_C_MD5 "x-amz-server-side-encryption-customer-key-md5"
#define S3_HEAD_COUNTER ":counter"

/* Reads the three headers, x-amz-server-side-encryption-customer-... or, for a copy's source,
 * x-amz-copy-source-server-side-encryption-customer-...; 0, or -1 when they do not fit together. */
int s3_customer_key_read(struct request *req, bool of_copy_source, struct s3_customer_key *out);

/* For the body of a request: with a key, adds the filter that encrypts and what is to be stored to
 * `head`. */
int s3_customer_key_begin(struct request *req, struct s3_pairs *head);

/* 0 when the key opens what is stored with that head (or none is needed and none was given). */
int s3_customer_key_check(struct request *req, const struct s3_customer_key *key,
                          const struct s3_pairs *head);

struct s3_cipher;
/* Tied to the arena. */
struct s3_cipher *s3_cipher_new(struct arena *a, const uint8_t key[S3_KEY_LEN],
                                const uint8_t counter[S3_COUNTER_LEN]);
/* The counter of a head; false when it has none. */
bool s3_counter_read(const struct s3_pairs *head, uint8_t out[S3_COUNTER_LEN]);
/* What is to be stored of a new encryption with that key; makes the counter up. */
void s3_customer_key_head(struct arena *a, const struct s3_customer_key *key,
                          uint8_t out_counter[S3_COUNTER_LEN], struct s3_pairs *head);
/* Encrypts or decrypts the bytes that stand at `offset` of the content. in and out may be the same.
 */
void s3_cipher_run(struct s3_cipher *c, int64_t offset, const void *in, void *out, size_t len);

#endif
