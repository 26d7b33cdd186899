#include "server/trace.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static char path[] = "/tmp/cadabra-trace-XXXXXX";

/* The lines that the requests leave in a new file. */
static char *trace_of(const struct request *req, int times)
{
    FILE *file;
    struct trace *t;
    char *text = NULL;
    size_t size = 0;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    close(fd);
    t = trace_open(path);
    ck_assert_ptr_nonnull(t);
    for (int i = 0; i < times; i++)
        trace_request(t, req, 1.5);
    trace_close(t);
    file = fopen(path, "r");
    ck_assert_int_ge(getdelim(&text, &size, '\0', file), 0);
    fclose(file);
    unlink(path);
    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    return text;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

START_TEST(secrets_are_replaced)
{
    struct header headers[] = {
        {"Authorization", "AWS4-HMAC-SHA256 Credential=k/20261122/r/s/aws4_request, "
                          "SignedHeaders=host, Signature=5ec2e7"},
        {"X-Amz-Security-Token", "5ec2e7"},
    };
    struct request req = {
        .method = "GET",
        .target = "/b/k?X-Amz-Security-Token=5ec2e7&X-Amz-Signature=5ec2e7&x=1",
        .headers = headers,
        .header_count = 2,
        .body = {(const uint8_t *)"", 0},
    };
    char *text = trace_of(&req, 1);

    ck_assert(!has(text, "5ec2e7"));
    ck_assert(has(text, "Signature=***"));
    ck_assert(has(text, "X-Amz-Security-Token=***&X-Amz-Signature=***&x=1"));
    headers[0].value = "AWS key:5ec2e7";
    free(text);
    text = trace_of(&req, 1);
    ck_assert(!has(text, "5ec2e7"));
    free(text);
}
END_TEST

START_TEST(bodies_are_text_or_base64)
{
    struct request req = {
        .method = "POST",
        .target = "/",
        .body = {(const uint8_t *)"{\"a\":\n1}", 8},
        .response = {.status = 200, .kind = BODY_BYTES, .bytes = STRBUF_INIT(100)},
    };
    char *text;

    strbuf_add(&req.response.bytes, "\xff\xfe", 2);
    text = trace_of(&req, 2);
    ck_assert(has(text, "\"length\":8,\"body\":\"{\\\"a\\\":\\n1}\"}"));
    ck_assert(has(
        text,
        "\"response\":{\"status\":200,\"headers\":[],\"length\":2,\"body_base64\":\"//4=\"}}\n{"));
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    free(text);
    strbuf_release(&req.response.bytes);
}
END_TEST

START_TEST(long_bodies_are_cut)
{
    size_t len = 3 << 20;
    uint8_t *data = x_malloc(len);
    struct request req = {.method = "POST", .target = "/\xff", .body = {data, len}};
    char *text;

    memset(data, 'b', len);
    text = trace_of(&req, 1);
    ck_assert(has(text, "\"truncated\":true"));
    ck_assert(has(text, "\"length\":3145728"));
    ck_assert(has(text, "(not UTF-8)"));
    ck_assert_uint_lt(strlen(text), (1 << 20) + 1000);
    free(text);
    free(data);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_no_trace)
{
    ck_assert_ptr_null(trace_open("/nonexistent/trace"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *c = tcase_create("trace");

    tcase_add_test(c, secrets_are_replaced);
    tcase_add_test(c, bodies_are_text_or_base64);
    tcase_add_test(c, long_bodies_are_cut);
    tcase_add_test(c, a_file_that_cannot_be_written_is_no_trace);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
