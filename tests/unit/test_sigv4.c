/*
 * Signature Version 4 against AWS's own suite of requests (each with its canonical request, string
 * to sign and Authorization), which lies beside the project and not in it, and against small
 * vectors of our own.
 */
#include "server/auth/sigv4.h"

#include "server/base/encode.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

static const char VECTORS[] = "../shared/data/vectors/sigv4";
static const char SUITE_SECRET[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

static struct request req;

static void setup(void)
{
    memset(&req, 0, sizeof(req));
    arena_init(&req.arena);
    req.query = "";
    req.body = (struct bytes){.data = (const uint8_t *)"", .len = 0};
}

static void teardown(void)
{
    arena_release(&req.arena);
}

static char *read_text(const char *dir, const char *name, const char *ending)
{
    char path[1024];
    char *text;
    FILE *f;
    size_t len;

    snprintf(path, sizeof(path), "%s/%s.%s", dir, name, ending);
    f = fopen(path, "rb");
    ck_assert_msg(f, "cannot read %s", path);
    text = arena_zalloc(&req.arena, 16384);
    len = fread(text, 1, 16383, f);
    fclose(f);
    text[len] = '\0';
    return text;
}

/* Splits the request line, whose target may hold blanks, and the headers, which may be folded. */
static void parse_request(char *text)
{
    char *line = strsep(&text, "\n");
    char *target = strchr(line, ' ') + 1;
    char *version = strrchr(line, ' ');
    char *question;

    target[-1] = '\0';
    *version = '\0';
    req.method = line;
    req.target = req.path = target;
    if ((question = strchr(target, '?'))) {
        *question = '\0';
        req.query = question + 1;
    }
    req.headers = ARENA_ARRAY(&req.arena, struct header, 32);
    while (text && (line = strsep(&text, "\n")) && *line) {
        char *colon = strchr(line, ':');

        if (*line == ' ') {
            struct header *last = &req.headers[req.header_count - 1];

            last->value = arena_printf(&req.arena, "%s\n%s", last->value, line);
            continue;
        }
        *colon = '\0';
        req.headers[req.header_count++] = (struct header){.name = line, .value = colon + 1};
    }
    if (text)
        req.body = (struct bytes){.data = (const uint8_t *)text, .len = strlen(text)};
}

static const char *between(const char *text, const char *before, const char *stop)
{
    const char *at = strstr(text, before);

    ck_assert(at);
    at += strlen(before);
    return arena_strndup(&req.arena, at, strcspn(at, stop));
}

static void check_vector(const char *dir, const char *name)
{
    char *authorization = read_text(dir, name, "authz");
    const char *signed_headers = between(authorization, "SignedHeaders=", ",");
    const char *timestamp = NULL;
    uint8_t digest[SHA256_LEN];
    uint8_t key[SHA256_LEN];
    char hash[2 * SHA256_LEN + 1];
    char signature[SIGNATURE_LEN + 1];
    const char *canonical;
    const char *to_sign;

    parse_request(read_text(dir, name, "sreq")); /* what a server sees */
    for (size_t i = 0; i < req.header_count; i++)
        if (strcasecmp(req.headers[i].name, "x-amz-date") == 0)
            timestamp = req.headers[i].value;
    sha256(req.body.data, req.body.len, digest);
    hex_encode(digest, sizeof(digest), hash);
    canonical = sigv4_canonical_request(&req, signed_headers, SIGV4_PATH_NORMALIZED, hash);
    ck_assert_str_eq(canonical, read_text(dir, name, "creq"));
    to_sign = sigv4_string_to_sign(&req.arena, timestamp, "20150830/us-east-1/service/aws4_request",
                                   canonical);
    ck_assert_str_eq(to_sign, read_text(dir, name, "sts"));
    sigv4_signing_key(SUITE_SECRET, "20150830", "us-east-1", "service", key);
    sigv4_sign(key, to_sign, signature);
    ck_assert_str_eq(signature, between(authorization, "Signature=", "\r\n"));
}

/* A folder is a case when it holds <folder>.req, else a folder of cases.
 * NOLINTNEXTLINE(misc-no-recursion): two levels */
static int check_folder(const char *dir)
{
    DIR *d = opendir(dir);
    int done = 0;

    ck_assert(d);
    for (struct dirent *e; (e = readdir(d));) {
        char path[512];
        char file[1024];
        struct stat st;

        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        snprintf(file, sizeof(file), "%s/%s.req", path, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) || !S_ISDIR(st.st_mode))
            continue;
        if (stat(file, &st)) {
            done += check_folder(path);
            continue;
        }
        setup();
        check_vector(path, e->d_name);
        teardown();
        done++;
    }
    closedir(d);
    return done;
}

START_TEST(suite_of_aws)
{
    struct stat st;

    if (stat(VECTORS, &st)) {
        fprintf(stderr, "test_sigv4: SKIPPED the suite of AWS: no folder %s\n", VECTORS);
        return;
    }
    ck_assert_int_ge(check_folder(VECTORS), 30);
}
END_TEST

static const char *canonical(const char *path, const char *query, enum sigv4_path form)
{
    static struct header host = {.name = "Host", .value = " a   b "};

    req.method = "GET";
    req.path = path;
    req.query = query;
    req.headers = &host;
    req.header_count = 1;
    return sigv4_canonical_request(&req, "host", form, "H");
}

START_TEST(path_of_s3_stays_as_it_is)
{
    ck_assert_str_eq(canonical("/b//a/../%2f%7e!~%", "", SIGV4_PATH_AS_IS),
                     "GET\n/b//a/../%2F~%21~%25\n\nhost:a b\n\nhost\nH");
}
END_TEST

START_TEST(path_of_others_is_resolved_and_encoded_again)
{
    ck_assert_str_eq(canonical("/f//x/../arn%3Aaws/.", "", SIGV4_PATH_NORMALIZED),
                     "GET\n/f/arn%253Aaws/\n\nhost:a b\n\nhost\nH");
    ck_assert_str_eq(canonical("/../..", "", SIGV4_PATH_NORMALIZED),
                     "GET\n/\n\nhost:a b\n\nhost\nH");
}
END_TEST

START_TEST(query_is_sorted_after_encoding)
{
    ck_assert_str_eq(
        canonical("/", "b=2&a+x=%7e&b=1&&flag&X-Amz-Signature=no&a=%2b", SIGV4_PATH_AS_IS),
        "GET\n/\na=%2B&a%20x=~&b=1&b=2&flag=\nhost:a b\n\nhost\nH");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sigv4");
    TCase *plain = tcase_create("suite");
    TCase *own = tcase_create("own");

    tcase_add_test(plain, suite_of_aws);
    tcase_add_checked_fixture(own, setup, teardown);
    tcase_add_test(own, path_of_s3_stays_as_it_is);
    tcase_add_test(own, path_of_others_is_resolved_and_encoded_again);
    tcase_add_test(own, query_is_sorted_after_encoding);
    suite_add_tcase(s, plain);
    suite_add_tcase(s, own);
    return run_suite(s);
}
