/*
 * The arithmetic of AWS Signature Version 4: canonical request, signing key, signature. No
 * judgement and no errors: verify.c decides. Inside server/auth and for its tests.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
#ifndef CADABRA_SIGV4_H
#define CADABRA_SIGV4_H

#include "server/auth/auth.h"

enum { SIGNATURE_LEN = 2 * SHA256_LEN };

/* What is signed of the path: S3 takes it as it stands, for keys may hold "//" and ".."; all other
 * services resolve these and encode the (already encoded) path once more. */
enum sigv4_path { SIGV4_PATH_NORMALIZED, SIGV4_PATH_AS_IS };

/* In the arena. `payload_hash` is the text that stands for the body: hex, UNSIGNED-PAYLOAD,
 * STREAMING-... */
char *sigv4_canonical_request(struct request *req, const char *signed_headers, enum sigv4_path path,
                              const char *payload_hash);
char *sigv4_string_to_sign(struct arena *a, const char *timestamp, const char *scope,
                           const char *canonical_request);
void sigv4_signing_key(const char *secret, const char *date, const char *region,
                       const char *service, uint8_t out_key[SHA256_LEN]);
/* Lower-case hex, NUL-terminated. */
void sigv4_sign(const uint8_t key[SHA256_LEN], const char *string_to_sign,
                char out_signature[SIGNATURE_LEN + 1]);

#endif
