/*
 * Whose a request is and whether that is true: every form of signature, the examples of AWS's S3
 * pages verified at their own date, and each way to be refused. A service of the test's own gives
 * out the key of the examples.
 */
#include "server/auth/auth.h"

#include "server/app.h"
#include "server/auth/sigv4.h"
#include "server/service.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static const char KEY[] = "AKIAIOSFODNN7EXAMPLE";
static const char SECRET[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
static const char EMPTY[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static const char *session_token;
static int64_t expires_ms;

static bool find_credential(void *state, const char *access_key, struct arena *a,
                            struct credential *out)
{
    (void)state;
    (void)a;
    *out = (struct credential){.secret = SECRET,
                               .session_token = session_token,
                               .expires_ms = expires_ms,
                               .account = "111122223333"};
    return str_eq(access_key, KEY);
}

static const struct model s3_like = {.service = "s3", .scope = "s3"};
static const struct service giver = {.model = &s3_like, .find_credential = find_credential};

/* Instead of the real ones. */
const struct service *const service_registry[] = {&giver};
const size_t service_count = 1;

static struct app app;
static struct request req;
static struct auth_result result;
static struct header headers[16];
static void *states[1];

static void setup(void)
{
    int64_t then;

    memset(&app, 0, sizeof(app));
    memset(&req, 0, sizeof(req));
    app.service_states = states;
    ck_assert(time_parse_basic("20130524T000100Z", &then));
    app.clock.offset_ms = then - clock_now_ms(&app.clock);
    arena_init(&req.arena);
    req.app = &app;
    req.method = "GET";
    req.path = req.target = "/";
    req.query = "";
    req.headers = headers;
    req.body = (struct bytes){.data = (const uint8_t *)"", .len = 0};
    req.protocol = PROTOCOL_JSON_1_1;
    session_token = NULL;
    expires_ms = 0;
}

static void teardown(void)
{
    arena_release(&req.arena);
}

static void add(const char *name, const char *value)
{
    headers[req.header_count++] = (struct header){.name = name, .value = value};
}

static int verify(void)
{
    auth_parse(&req, &result);
    return auth_verify(&req, &result);
}

static void check_refused(const char *code, const char *words)
{
    ck_assert_int_eq(verify(), -1);
    ck_assert_str_eq(req.failure.error->code, code);
    ck_assert_msg(strstr(req.failure.message, words), "%s", req.failure.message);
}

#define SCOPE "/20130524/us-east-1/s3/aws4_request"

/* "Example: GET object" of the page on the Authorization header. */
static void get_object(const char *signature)
{
    req.path = "/test.txt";
    add("Host", "examplebucket.s3.amazonaws.com");
    add("Range", "bytes=0-9");
    add("x-amz-date", "20130524T000000Z");
    add("x-amz-content-sha256", EMPTY);
    add("Authorization", arena_printf(&req.arena,
                                      "AWS4-HMAC-SHA256 Credential=%s" SCOPE
                                      ",SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                                      "Signature=%s",
                                      KEY, signature));
}

#define GET_OBJECT "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"

START_TEST(header_of_the_example)
{
    get_object(GET_OBJECT);
    ck_assert_int_eq(verify(), 0);
    ck_assert_int_eq(result.kind, AUTH_V4_HEADER);
    auth_identify(&req, &result, "000000000000");
    ck_assert_str_eq(req.account, "111122223333");
    ck_assert_str_eq(req.region, "us-east-1");
    ck_assert_str_eq(req.access_key, KEY);
}
END_TEST

START_TEST(wrong_signature)
{
    get_object("00e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    check_refused("SignatureDoesNotMatch", "Check your key and signing method");
}
END_TEST

START_TEST(changed_header)
{
    get_object(GET_OBJECT);
    headers[1].value = "bytes=0-99";
    check_refused("SignatureDoesNotMatch", "does not match");
}
END_TEST

START_TEST(changed_body)
{
    get_object(GET_OBJECT);
    req.body = (struct bytes){.data = (const uint8_t *)"x", .len = 1};
    check_refused("XAmzContentSHA256Mismatch", "x-amz-content-sha256");
}
END_TEST

START_TEST(clock_of_s3)
{
    get_object(GET_OBJECT);
    app.clock.offset_ms += INT64_C(900000);
    check_refused("RequestTimeTooSkewed", "too large");
}
END_TEST

/* "Authenticating requests: using query parameters". */
static void presigned(const char *extra)
{
    req.path = "/test.txt";
    req.query = arena_printf(&req.arena,
                             "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s%%2F20130524%%2F"
                             "us-east-1%%2Fs3%%2Faws4_request&X-Amz-Date=20130524T000000Z&"
                             "X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
                             "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404%s",
                             KEY, extra);
    add("Host", "examplebucket.s3.amazonaws.com");
}

START_TEST(presigned_query_of_the_example)
{
    presigned("");
    ck_assert_int_eq(verify(), 0);
    ck_assert_int_eq(result.kind, AUTH_V4_QUERY);
    app.clock.offset_ms += INT64_C(86400000);
    check_refused("AccessDenied", "Request has expired");
}
END_TEST

START_TEST(presigned_query_with_more)
{
    presigned("&versionId=3");
    check_refused("SignatureDoesNotMatch", "does not match");
}
END_TEST

START_TEST(sessions)
{
    get_object(GET_OBJECT);
    session_token = "token";
    check_refused("InvalidToken", "invalid");
    req.failure.error = NULL;
    add("x-amz-security-token", "token");
    ck_assert_int_eq(verify(), 0); /* the token need not be signed */
    expires_ms = clock_now_ms(&app.clock);
    check_refused("ExpiredToken", "expired");
}
END_TEST

START_TEST(keys_that_nobody_gave_out)
{
    add("Host", "h");
    add("x-amz-date", "20130524T000000Z");
    add("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAXXXXXXXXXXXXXXXX" SCOPE
                         ", SignedHeaders=host, Signature=00");
    check_refused("InvalidAccessKeyId", "does not exist");
    auth_identify(&req, &result, "000000000000");
    ck_assert_str_eq(req.account, "000000000000");
}
END_TEST

/* W3: a request over HTTP/2, signed by hand with the constant secret. */
START_TEST(authority_is_signed_over_http2)
{
    const char *signed_headers = ":authority;x-amz-date";
    uint8_t key[SHA256_LEN];
    char signature[SIGNATURE_LEN + 1];
    const char *scope = "20130524/eu-west-1/kinesis/aws4_request";

    req.method = "POST";
    req.http2 = true;
    add(":authority", "127.0.0.1:4566");
    add("host", "127.0.0.1:4566");
    add("x-amz-date", "20130524T000000Z");
    sigv4_signing_key("test", "20130524", "eu-west-1", "kinesis", key);
    sigv4_sign(key,
               sigv4_string_to_sign(&req.arena, "20130524T000000Z", scope,
                                    arena_printf(&req.arena,
                                                 "POST\n/\n\n:authority:127.0.0.1:4566\n"
                                                 "x-amz-date:20130524T000000Z\n\n%s\n%s",
                                                 signed_headers, EMPTY)),
               signature);
    add("authorization",
        arena_printf(&req.arena,
                     "AWS4-HMAC-SHA256 Credential=123456789012/%s, SignedHeaders=%s, Signature=%s",
                     scope, signed_headers, signature));
    ck_assert_int_eq(verify(), 0);
    headers[0].value = "other:1";
    check_refused("InvalidSignatureException", "does not match");
    auth_identify(&req, &result, "000000000000");
    ck_assert_str_eq(req.account, "123456789012");
    ck_assert_str_eq(req.region, "eu-west-1");
}
END_TEST

START_TEST(chunks_get_their_seed)
{
    struct auth_chunk_seed seed;

    get_object(GET_OBJECT);
    auth_parse(&req, &result);
    ck_assert(!auth_chunk_seed(&req, &result, &seed));
    headers[3].value = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
    ck_assert(auth_chunk_seed(&req, &result, &seed));
    ck_assert_str_eq(seed.scope, "20130524/us-east-1/s3/aws4_request");
    ck_assert_str_eq(seed.signature, GET_OBJECT);
    headers[3].value = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    ck_assert(!auth_chunk_seed(&req, &result, &seed));
}
END_TEST

START_TEST(other_forms_are_read)
{
    static const struct {
        const char *authorization;
        const char *query;
        enum auth_kind kind;
        const char *key;
        const char *service;
        const char *region;
    } forms[] = {
        {"AWS4-ECDSA-P256-SHA256 Credential=k/20130524/s3/aws4_request, SignedHeaders=host, "
         "Signature=30",
         "", AUTH_V4A_HEADER, "k", "s3", "eu-west-1"},
        {"AWS4-HMAC-SHA256 Credential=a/b/20130524/US/s3/aws4_request,SignedHeaders=host,"
         "Signature=1",
         "", AUTH_V4_HEADER, "a/b", "s3", "US"},
        {"AWS key:c2ln", "", AUTH_V2_HEADER, "key", "s3", ""},
        {NULL, "AWSAccessKeyId=key&Signature=c2ln&Expires=1", AUTH_V2_QUERY, "key", "s3", ""},
        {"Basic dGVzdDp0ZXN0", "", AUTH_OTHER, "", "", ""},
        {NULL, "Action=ListQueues&Version=2012-11-05", AUTH_NONE, "", "", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        req.header_count = 0;
        req.query = forms[i].query;
        add("X-Amz-Region-Set", "eu-west-1,us-east-1");
        add("X-Amz-Date", "20130524T000000Z");
        if (forms[i].authorization)
            add("Authorization", forms[i].authorization);
        auth_parse(&req, &result);
        ck_assert_int_eq(result.kind, forms[i].kind);
        ck_assert_str_eq(result.access_key, forms[i].key);
        ck_assert_str_eq(result.service, forms[i].service);
        ck_assert_str_eq(result.region, forms[i].region);
        ck_assert_ptr_null(result.problem);
        req.failure.error = NULL;
        ck_assert_int_eq(auth_verify(&req, &result), -1);
    }
}
END_TEST

START_TEST(regions_that_cannot_be_one)
{
    static const char *const odd[] = {"", "a:b", "a b", "\xc3\xbc",
                                      "a-very-long-name-of-a-region-that-nobody-has"};

    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        result = (struct auth_result){.access_key = "test", .region = odd[i]};
        auth_identify(&req, &result, "000000000000");
        ck_assert_str_eq(req.region, "us-east-1");
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("auth");
    TCase *c = tcase_create("auth");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, header_of_the_example);
    tcase_add_test(c, wrong_signature);
    tcase_add_test(c, changed_header);
    tcase_add_test(c, changed_body);
    tcase_add_test(c, clock_of_s3);
    tcase_add_test(c, presigned_query_of_the_example);
    tcase_add_test(c, presigned_query_with_more);
    tcase_add_test(c, sessions);
    tcase_add_test(c, keys_that_nobody_gave_out);
    tcase_add_test(c, authority_is_signed_over_http2);
    tcase_add_test(c, chunks_get_their_seed);
    tcase_add_test(c, other_forms_are_read);
    tcase_add_test(c, regions_that_cannot_be_one);
    suite_add_tcase(s, c);
    return run_suite(s);
}
