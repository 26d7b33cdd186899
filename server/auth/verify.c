/*
 * Checks a request's signature, and says in the words of its protocol what is wrong.
 *
 * The checks come in this order, and the first that fails makes the answer: is it signed at all; is
 * the form whole; is the key known; is the session alive; is the time near; is the body the one
 * that was signed; is the signature right.
 *
 * AWS: DynamoDB and Kinesis answer some of these with status 400 and others with 403, and the pages
 * of "Common Errors" say 403; clients go by the code. Here all refusals of a JSON service are 403.
 */
#include "server/auth/auth.h"

#include "server/app.h"
#include "server/auth/sigv2.h"
#include "server/auth/sigv4.h"
#include "server/base/clock.h"
#include "server/base/encode.h"
#include "server/base/log.h"
#include "server/service.h"

enum {
    SKEW_MAX_MS = 15 * 60 * 1000,
    SKEW_FUTURE_MS = 5 * 60 * 1000,
    PRESIGNED_MAX_S = 604800,
    PRESIGNED_DEFAULT_S = 900,
};

/* One error and AWS's words for it. */
struct refusal {
    struct aws_error error;
    const char *text;
};

/* The same refusals in the three dialects. Where the text is NULL, the place where it happens words
 * it. */
struct dialect {
    struct refusal missing;
    struct refusal malformed;
    struct refusal unknown_key;
    struct refusal bad_token;
    struct refusal expired_token;
    struct refusal mismatch;
    struct refusal unsupported;
};

#define REFUSAL(id, http_status, words)                                                            \
    {                                                                                              \
        .error = {.name = (id), .code = (id), .status = (http_status), .sender_fault = true},      \
        .text = (words),                                                                           \
    }
#define MISMATCH_TEXT                                                                              \
    "The request signature we calculated does not match the signature you provided. Check your "   \
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
#define TOKEN_INVALID_TEXT "The security token included in the request is invalid."
#define TOKEN_EXPIRED_TEXT "The security token included in the request is expired"
#define UNSUPPORTED_TEXT                                                                           \
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."

static const struct dialect json_dialect = {
    .missing = REFUSAL("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
    .malformed = REFUSAL("IncompleteSignatureException", 403, NULL),
    .unknown_key = REFUSAL("UnrecognizedClientException", 403, TOKEN_INVALID_TEXT),
    .bad_token = REFUSAL("UnrecognizedClientException", 403, TOKEN_INVALID_TEXT),
    .expired_token = REFUSAL("ExpiredTokenException", 403, TOKEN_EXPIRED_TEXT),
    .mismatch = REFUSAL("InvalidSignatureException", 403, MISMATCH_TEXT),
    .unsupported = REFUSAL("IncompleteSignatureException", 403, UNSUPPORTED_TEXT),
};

static const struct dialect query_dialect = {
    .missing =
        REFUSAL("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
    .malformed = REFUSAL("IncompleteSignature", 403, NULL),
    .unknown_key = REFUSAL("InvalidClientTokenId", 403, TOKEN_INVALID_TEXT),
    .bad_token = REFUSAL("InvalidClientTokenId", 403, TOKEN_INVALID_TEXT),
    .expired_token = REFUSAL("ExpiredToken", 403, TOKEN_EXPIRED_TEXT),
    .mismatch = REFUSAL("SignatureDoesNotMatch", 403, MISMATCH_TEXT),
    .unsupported = REFUSAL("IncompleteSignature", 403, UNSUPPORTED_TEXT),
};

static const struct dialect s3_dialect = {
    .missing = REFUSAL("AccessDenied", 403, "Access Denied"),
    .malformed = REFUSAL("AuthorizationHeaderMalformed", 400, NULL),
    .unknown_key = REFUSAL("InvalidAccessKeyId", 403,
                           "The AWS Access Key Id you provided does not exist in our records."),
    .bad_token =
        REFUSAL("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    .expired_token = REFUSAL("ExpiredToken", 400, "The provided token has expired."),
    .mismatch = REFUSAL("SignatureDoesNotMatch", 403,
                        "The request signature we calculated does not match the signature you "
                        "provided. Check your key and signing method."),
    .unsupported = REFUSAL("InvalidRequest", 400, UNSUPPORTED_TEXT),
};

static const struct refusal s3_skewed =
    REFUSAL("RequestTimeTooSkewed", 403,
            "The difference between the request time and the current time is too large.");
static const struct refusal s3_expired = REFUSAL("AccessDenied", 403, "Request has expired");
static const struct refusal s3_early = REFUSAL("AccessDenied", 403, "Request is not valid yet");
static const struct refusal s3_query_malformed =
    REFUSAL("AuthorizationQueryParametersError", 400, NULL);
static const struct refusal s3_hash_missing = REFUSAL(
    "InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256");
static const struct refusal s3_hash_wrong =
    REFUSAL("XAmzContentSHA256Mismatch", 400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.");

static bool is_s3(const struct request *req, const struct auth_result *auth)
{
    return str_eq(req->service ? req->service->model->scope : auth->service, "s3");
}

static const struct dialect *dialect_of(const struct request *req, const struct auth_result *auth)
{
    if (is_s3(req, auth))
        return &s3_dialect;
    return req->protocol == PROTOCOL_QUERY ? &query_dialect : &json_dialect;
}

static int refuse(struct request *req, const struct refusal *r)
{
    return aws_fail(req, &r->error, "%s", r->text);
}

static int fail_expired(struct request *req, int64_t at_ms, int64_t now_ms)
{
    char *at = arena_alloc(&req->arena, TIME_TEXT_MAX);
    char *now = arena_alloc(&req->arena, TIME_TEXT_MAX);

    time_iso8601(at_ms, false, at);
    time_iso8601(now_ms, false, now);
    (void)refuse(req, &s3_expired);
    aws_fail_detail(req, "Expires", at);
    aws_fail_detail(req, "ServerTime", now);
    return -1;
}

static int refuse_malformed(struct request *req, const struct auth_result *auth, const char *text)
{
    const struct refusal *r = &dialect_of(req, auth)->malformed;

    if (auth->kind == AUTH_V4_QUERY && is_s3(req, auth))
        r = &s3_query_malformed;
    return aws_fail(req, &r->error, "%s", text);
}

static int check_unsigned(struct request *req, const struct auth_result *auth)
{
    if (req->operation && (req->operation->flags & OPERATION_UNSIGNED))
        return 0;
    /* Buckets may be open to everybody: S3 looks itself. */
    if (req->service && is_s3(req, auth))
        return 0;
    return refuse(req, &dialect_of(req, auth)->missing);
}

static int check_session(struct request *req, const struct auth_result *auth,
                         const struct credential *known)
{
    const struct dialect *d = dialect_of(req, auth);
    const char *token = auth->session_token;

    if (known->inactive)
        return refuse(req, &d->unknown_key);
    if (!known->session_token)
        return 0; /* long-term keys sign without one; AWS refuses a token that is not theirs, tools
                     send stale ones */
    if (!token || strlen(token) != strlen(known->session_token) ||
        !equal_constant_time(token, known->session_token, strlen(token)))
        return refuse(req, &d->bad_token);
    if (known->expires_ms && clock_now_ms(&req->app->clock) >= known->expires_ms)
        return refuse(req, &d->expired_token);
    return 0;
}

/* AWS: "Signature expired: 20261122T170000Z is now earlier than 20261122T172500Z (20261122T174000Z
 * - 15 min.)" */
static int fail_skewed(struct request *req, const struct auth_result *auth, int64_t now,
                       int64_t allowed_ms, bool past)
{
    const struct refusal *r = &dialect_of(req, auth)->mismatch;
    char now_text[TIME_TEXT_MAX];
    char limit[TIME_TEXT_MAX];

    time_basic(now, now_text);
    time_basic(past ? now - allowed_ms : now + allowed_ms, limit);
    return aws_fail(req, &r->error, "Signature %s: %s is %s than %s (%s %c %d min.)",
                    past ? "expired" : "not yet current", auth->timestamp,
                    past ? "now earlier" : "still later", limit, now_text, past ? '-' : '+',
                    (int)(allowed_ms / 60000));
}

static int check_skew(struct request *req, const struct auth_result *auth, int64_t signed_ms)
{
    int64_t now = clock_now_ms(&req->app->clock);

    if (is_s3(req, auth))
        return signed_ms < now - SKEW_MAX_MS || signed_ms > now + SKEW_MAX_MS
                   ? refuse(req, &s3_skewed)
                   : 0;
    if (signed_ms < now - SKEW_MAX_MS)
        return fail_skewed(req, auth, now, SKEW_MAX_MS, true);
    if (signed_ms > now + SKEW_FUTURE_MS)
        return fail_skewed(req, auth, now, SKEW_FUTURE_MS, false);
    return 0;
}

/* A presigned request is good from its date on for X-Amz-Expires seconds. */
static int check_expiry(struct request *req, const struct auth_result *auth, int64_t signed_ms)
{
    int64_t now = clock_now_ms(&req->app->clock);
    int64_t lifetime_s = PRESIGNED_DEFAULT_S;
    bool s3 = is_s3(req, auth);
    char *end;

    if (auth->expires) {
        errno = 0;
        lifetime_s = strtoll(auth->expires, &end, 10);
        if (errno || *end || end == auth->expires)
            return refuse_malformed(req, auth, "X-Amz-Expires should be a number");
        if (lifetime_s < 0)
            return refuse_malformed(req, auth, "X-Amz-Expires must be non-negative");
        if (lifetime_s > PRESIGNED_MAX_S)
            return refuse_malformed(req, auth,
                                    "X-Amz-Expires must be less than a week (in seconds)"
                                    "; that is, the given X-Amz-Expires must be less "
                                    "than 604800 seconds");
    } else if (s3) {
        return refuse_malformed(req, auth,
                                "Query-string authentication version 4 requires the "
                                "X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
                                "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires "
                                "parameters.");
    }
    if (signed_ms > now + (s3 ? SKEW_MAX_MS : SKEW_FUTURE_MS))
        return s3 ? refuse(req, &s3_early) : fail_skewed(req, auth, now, SKEW_FUTURE_MS, false);
    if (signed_ms + lifetime_s * 1000 < now) {
        if (!s3)
            return fail_skewed(req, auth, now, lifetime_s * 1000, true);
        (void)fail_expired(req, signed_ms + lifetime_s * 1000, now);
        aws_fail_detail(req, "X-Amz-Expires", auth->expires);
        return -1;
    }
    return 0;
}

static int fail_other_day(struct request *req, const struct auth_result *auth)
{
    if (is_s3(req, auth))
        return refuse_malformed(req, auth,
                                arena_printf(&req->arena,
                                             "Invalid credential date \"%s\". This date is not the "
                                             "same as X-Amz-Date: \"%.8s\".",
                                             auth->date, auth->timestamp));
    return aws_fail(req, &dialect_of(req, auth)->mismatch.error,
                    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                    "date from HTTP: '%s' != '%.8s', from '%s'.",
                    auth->date, auth->timestamp, auth->timestamp);
}

static int check_time(struct request *req, const struct auth_result *auth)
{
    int64_t signed_ms;

    if (!time_parse_basic(auth->timestamp, &signed_ms) || strlen(auth->timestamp) != 16)
        return refuse_malformed(req, auth,
                                arena_printf(&req->arena,
                                             "Date must be in ISO-8601 'basic format'. Got '%s'. "
                                             "See http://en.wikipedia.org/wiki/ISO_8601",
                                             auth->timestamp));
    if (strlen(auth->date) != 8 || strncmp(auth->date, auth->timestamp, 8) != 0)
        return fail_other_day(req, auth);
    return auth->kind == AUTH_V4_QUERY ? check_expiry(req, auth, signed_ms)
                                       : check_skew(req, auth, signed_ms);
}

/* W3: over HTTP/2 the authority is signed under its own name. */
static int check_signed_headers(struct request *req, const struct auth_result *auth)
{
    char *names = arena_strdup(&req->arena, auth->signed_headers);

    for (char *name; (name = strsep(&names, ";"));)
        if (strcasecmp(name, "host") == 0 || strcasecmp(name, ":authority") == 0)
            return 0;
    return refuse_malformed(
        req, auth, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
}

/* What stands for the body in the canonical request. */
static int find_payload_hash(struct request *req, const struct auth_result *auth, char *hex,
                             const char **out_hash)
{
    const char *given = request_header(req, "x-amz-content-sha256");
    bool s3 = is_s3(req, auth);
    uint8_t digest[SHA256_LEN];

    if (!given && auth->kind == AUTH_V4_QUERY)
        given = request_query(req, "X-Amz-Content-Sha256");
    if (!given && s3 && auth->kind == AUTH_V4_QUERY)
        given = "UNSIGNED-PAYLOAD";
    if (!given && s3)
        return refuse(req, &s3_hash_missing);
    if (given && (str_eq(given, "UNSIGNED-PAYLOAD") || str_starts(given, "STREAMING-"))) {
        *out_hash = given;
        return 0;
    }
    if (req->body_sha256) {
        *out_hash = req->body_sha256;
        return 0;
    }
    sha256(req->body.data, req->body.len, digest);
    hex_encode(digest, sizeof(digest), hex);
    if (given && s3 && strcasecmp(given, hex) != 0)
        return refuse(req, &s3_hash_wrong);
    *out_hash = hex;
    return 0;
}

/* "47 45 54": each byte of a text. */
static const char *bytes_of(struct arena *a, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    char *out = arena_alloc(a, 3 * strlen(text) + 1);
    char *next = out;

    for (const char *p = text; *p; p++) {
        if (p != text)
            *next++ = ' ';
        *next++ = digits[(unsigned char)*p >> 4];
        *next++ = digits[(unsigned char)*p & 15];
    }
    *next = '\0';
    return out;
}

/* AWS: S3 shows what it signed, to be compared with what the client did. Version 2 knows no
 * canonical request. */
static void describe_mismatch(struct request *req, const struct auth_result *auth,
                              const char *to_sign, const char *canonical)
{
    aws_fail_detail(req, "AWSAccessKeyId", auth->access_key);
    aws_fail_detail(req, "StringToSign", to_sign);
    aws_fail_detail(req, "SignatureProvided", auth->signature);
    aws_fail_detail(req, "StringToSignBytes", bytes_of(&req->arena, to_sign));
    if (!canonical)
        return;
    aws_fail_detail(req, "CanonicalRequest", canonical);
    aws_fail_detail(req, "CanonicalRequestBytes", bytes_of(&req->arena, canonical));
}

static int check_signature(struct request *req, const struct auth_result *auth, const char *secret)
{
    enum sigv4_path path = is_s3(req, auth) ? SIGV4_PATH_AS_IS : SIGV4_PATH_NORMALIZED;
    char hex[2 * SHA256_LEN + 1];
    char wanted[SIGNATURE_LEN + 1];
    uint8_t key[SHA256_LEN];
    const char *hash = NULL;
    const char *canonical;
    const char *to_sign;

    if (find_payload_hash(req, auth, hex, &hash))
        return -1;
    canonical = sigv4_canonical_request(req, auth->signed_headers, path, hash);
    to_sign = sigv4_string_to_sign(&req->arena, auth->timestamp, auth->scope, canonical);
    sigv4_signing_key(secret, auth->date, auth->region, auth->service, key);
    sigv4_sign(key, to_sign, wanted);
    if (strlen(auth->signature) == SIGNATURE_LEN &&
        equal_constant_time(auth->signature, wanted, SIGNATURE_LEN))
        return 0;
    log_debug("signature of %s differs; canonical request:\n%s", auth->access_key, canonical);
    (void)refuse(req, &dialect_of(req, auth)->mismatch);
    if (is_s3(req, auth))
        describe_mismatch(req, auth, to_sign, canonical);
    return -1;
}

/* --- version 2, which only S3 still takes --- */

/* Expires is a Unix time. */
static int check_expiry_v2(struct request *req, const struct auth_result *auth)
{
    int64_t now_s = clock_now_ms(&req->app->clock) / 1000;
    long long expires;
    char *end;

    errno = 0;
    expires = strtoll(auth->expires, &end, 10);
    if (errno || *end || end == auth->expires)
        return aws_fail(req, &s3_dialect.missing.error,
                        "Invalid date (should be seconds since "
                        "epoch): %.100s",
                        auth->expires);
    return expires < now_s ? fail_expired(req, (int64_t)MAX(expires, 0) * 1000, now_s * 1000) : 0;
}

static int check_skew_v2(struct request *req, const struct auth_result *auth)
{
    int64_t signed_ms;

    if (!auth->timestamp || (!time_parse_basic(auth->timestamp, &signed_ms) &&
                             !time_parse_http(auth->timestamp, &signed_ms)))
        return aws_fail(req, &s3_dialect.missing.error,
                        "AWS authentication requires a valid Date or x-amz-date header");
    return check_skew(req, auth, signed_ms);
}

static int verify_v2(struct request *req, const struct auth_result *auth)
{
    struct credential known = {0};
    char wanted[SIGV2_LEN + 1];
    const char *to_sign = "";

    if (!auth_find_credential(req->app, auth->access_key, &req->arena, &known))
        return refuse(req, &s3_dialect.unknown_key);
    if (check_session(req, auth, &known) ||
        (auth->kind == AUTH_V2_QUERY ? check_expiry_v2(req, auth) : check_skew_v2(req, auth)))
        return -1;
    /* AWS: some clients sign a bucket as "/b", some as "/b/", whatever they send. */
    for (int slash = 1; slash >= 0; slash--) {
        to_sign = sigv2_string_to_sign(req, auth, slash);
        sigv2_sign(known.secret, to_sign, wanted);
        if (strlen(auth->signature) == SIGV2_LEN &&
            equal_constant_time(auth->signature, wanted, SIGV2_LEN))
            return 0;
    }
    (void)refuse(req, &s3_dialect.mismatch);
    describe_mismatch(req, auth, to_sign, NULL);
    return -1;
}

int auth_verify(struct request *req, const struct auth_result *auth)
{
    struct credential known = {0};

    if (auth->problem)
        return refuse_malformed(req, auth, auth->problem);
    if (auth->kind == AUTH_NONE || auth->kind == AUTH_OTHER)
        return check_unsigned(req, auth);
    if ((auth->kind == AUTH_V2_HEADER || auth->kind == AUTH_V2_QUERY) && is_s3(req, auth))
        return verify_v2(req, auth);
    if (auth->kind != AUTH_V4_HEADER && auth->kind != AUTH_V4_QUERY)
        return refuse(req, &dialect_of(req, auth)->unsupported);
    if (!auth_find_credential(req->app, auth->access_key, &req->arena, &known))
        return refuse(req, &dialect_of(req, auth)->unknown_key);
    if (check_session(req, auth, &known) || check_time(req, auth) ||
        check_signed_headers(req, auth))
        return -1;
    return check_signature(req, auth, known.secret);
}

int auth_check_expiry(struct request *req, const struct auth_result *auth)
{
    int64_t signed_ms;

    if (!is_s3(req, auth))
        return 0;
    if (auth->kind != AUTH_V4_QUERY && auth->kind != AUTH_V2_QUERY)
        return 0;
    if (auth->problem)
        return refuse_malformed(req, auth, auth->problem);
    if (auth->kind == AUTH_V2_QUERY)
        return check_expiry_v2(req, auth);
    return time_parse_basic(auth->timestamp, &signed_ms) ? check_expiry(req, auth, signed_ms) : 0;
}

bool auth_chunk_seed(struct request *req, const struct auth_result *auth,
                     struct auth_chunk_seed *out)
{
    const char *hash = request_header(req, "x-amz-content-sha256");
    struct credential known = {0};

    if (auth->kind != AUTH_V4_HEADER || auth->problem || !hash ||
        !str_starts(hash, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") ||
        strlen(auth->signature) != SIGNATURE_LEN ||
        !auth_find_credential(req->app, auth->access_key, &req->arena, &known))
        return false;
    sigv4_signing_key(known.secret, auth->date, auth->region, auth->service, out->signing_key);
    out->timestamp = auth->timestamp;
    out->scope = auth->scope;
    out->signature = auth->signature;
    return true;
}
