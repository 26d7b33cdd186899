#include "server/guard.h"

#include <check.h>

#include "server/app.h"
#include "server/config.h"
#include "tests/unit/run_suite.h"

static const char *allowed_origins[] = {"https://app.example"};
static const char *allowed_hosts[] = {"aws.example.org"};
static const struct config config = {.allowed_origins = {allowed_origins, 1},
                                     .allowed_hosts = {allowed_hosts, 1}};

/* 0, or the status of the refusal. */
static int status_of(struct header *headers, size_t count)
{
    struct app app = {.config = &config};
    struct request req = {.app = &app, .method = "POST", .headers = headers, .header_count = count};
    int status = 0;

    arena_init(&req.arena);
    if (guard_check(&req))
        status = req.failure.error->status;
    arena_release(&req.arena);
    return status;
}

static int status_of_host(const char *host)
{
    return status_of(&(struct header){"Host", host}, 1);
}

START_TEST(names_that_only_neighbours_can_have_are_served)
{
    static const char *const served[] = {
        "127.0.0.1:4566",
        "127.0.0.1",
        "[::1]:4566",
        "localhost:4566",
        "LOCALHOST",
        "cadabra:4566",
        "bucket.localhost:4566",
        "bucket.s3.localhost.localstack.cloud:4566",
        "10.0.0.7:4566",
        "kinesis.us-east-1.amazonaws.com",
        "host.docker.internal:4566",
        "aws.example.org:4566",
        "bucket.aws.example.org",
        "localhost.",
        "",
    };

    for (size_t i = 0; i < ARRAY_LEN(served); i++)
        ck_assert_msg(status_of_host(served[i]) == 0, "%s", served[i]);
    ck_assert_int_eq(status_of(NULL, 0), 0);
}
END_TEST

START_TEST(names_that_a_stranger_can_own_are_refused)
{
    static const char *const refused[] = {
        "evil.example:4566",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil-localhost.com",
        "notlocalhost.localstack.cloud",
        "xaws.example.org",
        "[::1].evil.example",
        "example.org",
        "1.2.3.4.5",
    };

    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        ck_assert_msg(status_of_host(refused[i]) == 403, "%s", refused[i]);
}
END_TEST

static int status_of_origin(const char *origin)
{
    struct header headers[] = {{"Host", "127.0.0.1:4566"}, {"Origin", origin}};

    return status_of(headers, 2);
}

START_TEST(pages_of_this_server_and_of_allowed_origins_are_served)
{
    ck_assert_int_eq(status_of_origin("http://127.0.0.1:4566"), 0);
    ck_assert_int_eq(status_of_origin("https://app.example"), 0);
    ck_assert_int_eq(status_of_origin("http://app.example"), 403);
    ck_assert_int_eq(status_of_origin("https://app.example.evil.example"), 403);
    ck_assert_int_eq(status_of_origin("http://127.0.0.1:3000"), 403);
    ck_assert_int_eq(status_of_origin("http://localhost:4566"), 403);
    ck_assert_int_eq(status_of_origin("null"), 403);
    ck_assert_int_eq(status_of_origin(""), 403);
}
END_TEST

/* An image or a link of another site: no Origin, but the browser says where it comes from. */
START_TEST(what_another_site_causes_is_refused)
{
    struct header headers[] = {{"Host", "localhost:4566"}, {"Sec-Fetch-Site", "cross-site"}};

    ck_assert_int_eq(status_of(headers, 2), 403);
    headers[1].value = "same-site";
    ck_assert_int_eq(status_of(headers, 2), 403);
    headers[1].value = "same-origin";
    ck_assert_int_eq(status_of(headers, 2), 0);
    headers[1].value = "none";
    ck_assert_int_eq(status_of(headers, 2), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *c = tcase_create("guard");

    tcase_add_test(c, names_that_only_neighbours_can_have_are_served);
    tcase_add_test(c, names_that_a_stranger_can_own_are_refused);
    tcase_add_test(c, pages_of_this_server_and_of_allowed_origins_are_served);
    tcase_add_test(c, what_another_site_causes_is_refused);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
