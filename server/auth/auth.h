/*
 * Who sends a request, and whether that is true.
 *
 * Three steps, in the order of the pipeline:
 *
 *   auth_parse     reads what the request says of its signature: header or presigned query, version
 * 4, 4A or 2. It needs the headers only, so that routing can use the scope before the body has
 * come. It never fails a request: what is malformed is noted in `problem`, and only auth_verify
 * makes an error of it. auth_identify  sets the request's access key, account and region. Always
 * done. auth_verify    with --auth=verify: recomputes the signature and fails the request in its
 * protocol's own words where it differs. It needs req->service and req->protocol (for the words)
 * and the whole body. It reads the headers as they came: nothing may have been removed from them
 * (content-encoding!).
 *
 * A body in aws-chunked framing is decoded while it arrives, before auth_verify is called;
 * auth_chunk_seed() gives the decoder (server/protocol/aws_chunked.h) what it needs to check the
 * signature of each chunk.
 *
 * All texts of a result lie in the request's arena or in its headers. Thread: that of the request.
 */
#ifndef CADABRA_AUTH_H
#define CADABRA_AUTH_H

#include "server/auth/credential.h"
#include "server/base/digest.h"
#include "server/net/request.h"

enum auth_kind {
    AUTH_NONE,       /* unsigned */
    AUTH_V4_HEADER,  /* Authorization: AWS4-HMAC-SHA256 */
    AUTH_V4_QUERY,   /* presigned: X-Amz-Algorithm=AWS4-HMAC-SHA256 */
    AUTH_V4A_HEADER, /* Authorization: AWS4-ECDSA-P256-SHA256; its scope has no region */
    AUTH_V4A_QUERY,
    AUTH_V2_HEADER, /* Authorization: AWS key:signature; S3 only */
    AUTH_V2_QUERY,  /* AWSAccessKeyId, Signature, Expires; S3 only */
    AUTH_OTHER, /* an Authorization of another scheme (Basic, Bearer): unsigned as far as AWS goes
                 */
};

struct auth_result {
    enum auth_kind kind;
    const char *access_key; /* "" where none could be read */
    const char *date;       /* of the credential scope, YYYYMMDD; "" in version 2 */
    const char *region;     /* of the scope, as sent; "" where there is none */
    const char *service;    /* of the scope: "kinesis"; "s3" in version 2; "" where there is none */
    const char *scope;      /* date/region/service/aws4_request, as sent */
    const char *signed_headers; /* host;x-amz-date, as sent */
    const char *signature;
    const char *timestamp; /* x-amz-date or the Date header, as sent; NULL where there is none */
    const char *session_token; /* NULL where there is none */
    const char
        *expires; /* presigned: seconds (version 4) or Unix time (version 2), as sent; else NULL */
    const char *problem; /* AWS's words for what is malformed, NULL: nothing */
};

void auth_parse(struct request *req, struct auth_result *out);

/* Sets req->access_key (NULL when unsigned), req->region (us-east-1 where the scope names none that
 * could be one) and req->account: a 12-digit access key is its own account, a key that IAM or STS
 * gave out has that of its owner, any other gets default_account. */
void auth_identify(struct request *req, const struct auth_result *auth,
                   const char *default_account);

/* 0, or -1 after aws_fail(). */
int auth_verify(struct request *req, const struct auth_result *auth);

/* Of requests that are not verified: a presigned URL of S3 that has expired, or is not one, is
 * refused all the same, for its expiry is part of what a program under test relies on. 0, or -1
 * after aws_fail(). */
int auth_check_expiry(struct request *req, const struct auth_result *auth);

/* What a posted form says of its signature; NULL where it says nothing. */
struct auth_form {
    const char *policy;                                    /* base64, as it was signed */
    const char *algorithm, *credential, *date, *signature; /* version 4 */
    const char *access_key, *signature_v2;                 /* version 2 */
    const char *session_token;
};

/* Sets the request's access key and account by the form, and with --auth=verify checks the
 * signature. 0, or -1 after aws_fail() in S3's words. A form without key and signature is unsigned.
 */
int auth_use_form(struct request *req, const struct auth_form *form);

/* What the chain of chunk signatures starts from. */
struct auth_chunk_seed {
    uint8_t signing_key[SHA256_LEN];
    const char *timestamp;
    const char *scope;
    const char *signature; /* of the request itself, 64 hex digits */
};

/* False when the request's key is unknown or its signature is of another kind: then auth_verify
 * will refuse the request, and the chunks need not be checked. */
bool auth_chunk_seed(struct request *req, const struct auth_result *auth,
                     struct auth_chunk_seed *out);

/* The credential of an access key: one that IAM or STS gave out, or one of the constant ones
 * (`test` and any 12 digits, both with the secret `test`). False when it is none. account is ""
 * where the key says nothing of it. */
bool auth_find_credential(struct app *app, const char *access_key, struct arena *a,
                          struct credential *out);

#endif
