/*
 * The arithmetic of AWS Signature Version 2, which S3 alone still takes from old clients. Inside
 * server/auth and for its tests.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 */
#ifndef CADABRA_SIGV2_H
#define CADABRA_SIGV2_H

#include "server/auth/auth.h"

enum { SIGV2_LEN = 28 }; /* base64 of a SHA-1 */

/* In the arena: method, MD5, type, date (or Expires), x-amz-* headers, resource. with_slash: a
 * resource that is but a bucket ends with one. */
const char *sigv2_string_to_sign(struct request *req, const struct auth_result *auth,
                                 bool with_slash);
/* Base64, NUL-terminated. */
void sigv2_sign(const char *secret, const char *text, char out[SIGV2_LEN + 1]);

#endif
