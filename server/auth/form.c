/*
 * Signatures of forms that browsers post to S3: the policy is what is signed, with version 4 by a
 * key of the credential's scope, with version 2 by the secret itself.
 */
#include "server/auth/auth.h"

#include "server/app.h"
#include "server/auth/sigv2.h"
#include "server/auth/sigv4.h"
#include "server/aws_error.h"
#include "server/config.h"

#define S3_ERROR(id, http_status)                                                                  \
    {                                                                                              \
        .name = (id), .code = (id), .status = (http_status), .sender_fault = true                  \
    }

static const struct aws_error invalid_argument = S3_ERROR("InvalidArgument", 400);
static const struct aws_error denied = S3_ERROR("AccessDenied", 403);
static const struct aws_error unknown_key = S3_ERROR("InvalidAccessKeyId", 403);
static const struct aws_error mismatch = S3_ERROR("SignatureDoesNotMatch", 403);
static const struct aws_error bad_token = S3_ERROR("InvalidToken", 400);

static int fail_missing(struct request *req, const char *field)
{
    aws_fail(req, &invalid_argument,
             "Bucket POST must contain a field named '%s'.  If it is specified, please check "
             "the order of the fields.",
             field);
    aws_fail_detail(req, "ArgumentName", field);
    aws_fail_detail(req, "ArgumentValue", "");
    return -1;
}

/* key/date/region/service/aws4_request */
static bool split_scope(struct arena *a, const char *credential, char *parts[5])
{
    char *text = arena_strdup(a, credential);

    for (int i = 4; i > 0; i--) {
        char *slash = strrchr(text, '/');

        if (!slash)
            return false;
        *slash = '\0';
        parts[i] = slash + 1;
    }
    parts[0] = text;
    return true;
}

static int check_fields(struct request *req, const struct auth_form *f, bool v4)
{
    if (v4 && !f->algorithm)
        return fail_missing(req, "X-Amz-Algorithm");
    if (v4 && !f->credential)
        return fail_missing(req, "X-Amz-Credential");
    if (v4 && (!str_eq(f->algorithm, "AWS4-HMAC-SHA256")))
        return aws_fail(req, &invalid_argument,
                        "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"");
    if (v4 && !f->signature)
        return fail_missing(req, "X-Amz-Signature");
    if (v4 && !f->date)
        return fail_missing(req, "X-Amz-Date");
    if (!v4 && !f->signature_v2)
        return fail_missing(req, "Signature");
    if (!v4 && !f->access_key)
        return fail_missing(req, "AWSAccessKeyId");
    return f->policy ? 0 : fail_missing(req, "policy");
}

static int verify(struct request *req, const struct auth_form *f, char *const parts[5])
{
    struct credential known = {0};
    char wanted[SIGNATURE_LEN + 1];
    const char *given = f->credential ? f->signature : f->signature_v2;
    uint8_t key[SHA256_LEN];

    if (!auth_find_credential(req->app, req->access_key, &req->arena, &known) || known.inactive)
        return aws_fail(req, &unknown_key,
                        "The AWS Access Key Id you provided does not exist in our records.");
    if (known.session_token &&
        (!f->session_token || !str_eq(f->session_token, known.session_token)))
        return aws_fail(req, &bad_token, "The provided token is malformed or otherwise invalid.");
    if (f->credential) {
        sigv4_signing_key(known.secret, parts[1], parts[2], parts[3], key);
        sigv4_sign(key, f->policy, wanted);
    } else {
        sigv2_sign(known.secret, f->policy, wanted);
    }
    if (strlen(given) == strlen(wanted) && equal_constant_time(given, wanted, strlen(wanted)))
        return 0;
    return aws_fail(req, &mismatch,
                    "The request signature we calculated does not match the signature you "
                    "provided. Check your key and signing method.");
}

int auth_use_form(struct request *req, const struct auth_form *f)
{
    bool v4 = f->algorithm || f->credential || f->date || f->signature;
    struct auth_result who = {.access_key = "", .region = "us-east-1"};
    char *parts[5] = {NULL};

    if (!v4 && !f->access_key && !f->signature_v2)
        return f->policy ? aws_fail(req, &denied, "Access Denied") : 0;
    if (check_fields(req, f, v4))
        return -1;
    if (v4 && !split_scope(&req->arena, f->credential, parts))
        return aws_fail(req, &invalid_argument,
                        "Credential must have exactly 5 slash-delimited elements, e.g. "
                        "keyid/date/region/service/term");
    who.access_key = v4 ? parts[0] : f->access_key;
    if (v4)
        who.region = parts[2];
    auth_identify(req, &who, req->app->config->account);
    return req->app->config->auth_verify ? verify(req, f, parts) : 0;
}
