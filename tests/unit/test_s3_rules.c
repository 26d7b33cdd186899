/* S3's rules that need no server: CORS, lifecycle, forms and POST policies. */
#include "handlers/s3/cors.h"
#include "handlers/s3/lifecycle.h"
#include "handlers/s3/post_policy.h"

#include <check.h>

#include "server/base/clock.h"
#include "server/base/encode.h"
#include "tests/unit/run_suite.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

/* --- CORS --- */

START_TEST(cors_rules_match_in_order)
{
    const char *get[] = {"GET"};
    const char *both[] = {"PUT", "GET"};
    const char *suffix[] = {"https://*.example.com"};
    const char *any[] = {"*"};
    const char *headers[] = {"x-amz-*", "Content-Type"};
    struct s3_CORSRule items[] = {
        {.ID = "1", .AllowedMethods = {get, 1}, .AllowedOrigins = {suffix, 1}},
        {.ID = "2",
         .AllowedMethods = {both, 2},
         .AllowedOrigins = {any, 1},
         .AllowedHeaders = {headers, 2}},
    };
    struct s3_CORSRules rules = {items, 2};
    struct s3_cors_question q = {.origin = "https://a.example.com", .method = "GET"};

    ck_assert_str_eq(s3_cors_match(&rules, &q)->ID, "1");
    q.headers = "X-Amz-Date, content-type";
    ck_assert_str_eq(s3_cors_match(&rules, &q)->ID, "2");
    ck_assert(s3_cors_any_origin(s3_cors_match(&rules, &q)));
    q.headers = "X-Amz-Date,x-other";
    ck_assert_ptr_null(s3_cors_match(&rules, &q));
    q = (struct s3_cors_question){.origin = "https://example.com", .method = "GET"};
    ck_assert_str_eq(s3_cors_match(&rules, &q)->ID, "2");
    q.method = "DELETE";
    ck_assert_ptr_null(s3_cors_match(&rules, &q));
}
END_TEST

START_TEST(cors_rules_are_checked)
{
    const char *methods[] = {"PATCH"};
    const char *origins[] = {"*.*"};
    struct s3_CORSRule rule = {.AllowedMethods = {methods, 1}};
    struct s3_CORSRules rules = {&rule, 1};

    ck_assert_str_eq(s3_cors_problem(&arena, &rules),
                     "Found unsupported HTTP method in CORS config. Unsupported method is PATCH");
    methods[0] = "GET";
    rule.AllowedOrigins.items = origins;
    rule.AllowedOrigins.count = 1;
    ck_assert_str_eq(s3_cors_problem(&arena, &rules),
                     "AllowedOrigin \"*.*\" can not have more than one wildcard.");
}
END_TEST

/* --- lifecycle --- */

START_TEST(lifecycle_falls_due_at_midnight)
{
    int64_t noon;
    char text[TIME_TEXT_MAX];

    ck_assert(time_parse_iso8601("2026-03-01T12:00:00Z", &noon));
    time_iso8601(s3_lifecycle_due_ms(noon, 3), false, text);
    ck_assert_str_eq(text, "2026-03-05T00:00:00Z");
    time_iso8601(s3_lifecycle_due_ms(noon - 12 * 3600 * 1000, 3), false, text);
    ck_assert_str_eq(text, "2026-03-04T00:00:00Z");
}
END_TEST

START_TEST(lifecycle_filters)
{
    struct tag tags[] = {{"a", "1"}, {"b", "2"}};
    struct s3_lifecycle_object o = {.key = "logs/x", .size = 10, .tags = {tags, 2}};
    struct s3_Tag wanted[] = {{"a", "1"}, {"b", "2"}};
    struct s3_LifecycleRuleAndOperator and_ = {.Prefix = "logs/", .Tags = {wanted, 2}};
    struct s3_LifecycleRuleFilter filter = {.And = &and_};
    struct s3_LifecycleExpiration days = {.Days = SOME_INT(2)};
    struct s3_LifecycleExpiration sooner = {.Days = SOME_INT(1)};
    struct s3_LifecycleRule items[] = {
        {.ID = "two", .Status = "Enabled", .Filter = &filter, .Expiration = &days},
        {.ID = "one", .Status = "Enabled", .Prefix = "logs/", .Expiration = &sooner},
    };
    struct s3_LifecycleRules rules = {items, 2};
    const char *id = NULL;
    int64_t due = 0;

    ck_assert(s3_lifecycle_covers(&items[0], &o));
    ck_assert(s3_lifecycle_expiry(&rules, &o, 0, &due, &id));
    ck_assert_str_eq(id, "one");
    ck_assert_int_eq(due, 86400000);
    items[1].Status = "Disabled";
    ck_assert(s3_lifecycle_expiry(&rules, &o, 0, &due, &id));
    ck_assert_str_eq(id, "two");
    wanted[1].Value = "3";
    ck_assert(!s3_lifecycle_expiry(&rules, &o, 0, &due, &id));
    filter = (struct s3_LifecycleRuleFilter){.ObjectSizeGreaterThan = SOME_LONG(10)};
    ck_assert(!s3_lifecycle_covers(&items[0], &o));
    filter = (struct s3_LifecycleRuleFilter){.ObjectSizeLessThan = SOME_LONG(11)};
    ck_assert(s3_lifecycle_covers(&items[0], &o));
}
END_TEST

/* --- forms --- */

static enum s3_form_status read_form(const char *body, struct s3_form *out)
{
    return s3_form_read(&arena, "multipart/form-data; boundary=XX",
                        (struct bytes){(const uint8_t *)body, strlen(body)}, out);
}

START_TEST(forms_have_fields_and_a_file)
{
    static const char body[] =
        "--XX\r\nContent-Disposition: form-data; name=\"KEY\"\r\n\r\na/${filename}\r\n"
        "--XX\r\nContent-Disposition: form-data; name=acl\r\n\r\n\r\n"
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\d\\cat.jpg\"\r\n"
        "Content-Type: image/jpeg\r\n\r\n\r\n--XY\r\ndata\r\n--XX--\r\n";
    struct s3_form form;

    ck_assert_int_eq(read_form(body, &form), S3_FORM_OK);
    ck_assert_str_eq(s3_form_value(&form, "key"), "a/${filename}");
    ck_assert_str_eq(s3_form_value(&form, "acl"), "");
    ck_assert_ptr_null(s3_form_value(&form, "policy"));
    ck_assert(form.has_file);
    ck_assert_str_eq(form.filename, "cat.jpg");
    ck_assert_str_eq(form.content_type, "image/jpeg");
    ck_assert_uint_eq(form.file.len, strlen("\r\n--XY\r\ndata"));
}
END_TEST

START_TEST(forms_may_be_broken)
{
    struct s3_form form;

    ck_assert_int_eq(read_form("", &form), S3_FORM_MALFORMED);
    ck_assert_int_eq(read_form("--XX", &form), S3_FORM_MALFORMED);
    ck_assert_int_eq(read_form("--XX--", &form), S3_FORM_OK);
    ck_assert(!form.has_file);
    ck_assert_int_eq(read_form("--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx", &form),
                     S3_FORM_MALFORMED);
    ck_assert_int_eq(s3_form_read(&arena, "text/plain", (struct bytes){NULL, 0}, &form),
                     S3_FORM_NO_BOUNDARY);
}
END_TEST

/* --- POST policies --- */

static const char *policy_problem(const char *json, struct s3_post_policy *out)
{
    char *text = arena_alloc(&arena, BASE64_LEN(strlen(json)) + 1);

    base64_encode(json, strlen(json), text);
    return s3_post_policy_read(&arena, text, out);
}

START_TEST(post_policies_are_read)
{
    struct s3_post_policy p;

    ck_assert_ptr_null(policy_problem("{\"expiration\":\"2030-01-01T00:00:00Z\",\"conditions\":["
                                      "{\"bucket\":\"b\"},[\"starts-with\",\"$key\",\"a/\"],"
                                      "[\"content-length-range\",0,\"10\"]]}",
                                      &p));
    ck_assert_uint_eq(p.count, 2);
    ck_assert(p.has_range);
    ck_assert_int_eq(p.size_max, 10);
    ck_assert_str_eq(policy_problem("{\"conditions\":[]}", &p),
                     "Invalid Policy: Policy missing expiration.");
    ck_assert_str_eq(policy_problem("{\"expiration\":\"2030-01-01T00:00:00Z\"}", &p),
                     "Invalid Policy: Policy missing conditions.");
    ck_assert_str_eq(policy_problem("{\"expiration\":\"soon\"}", &p),
                     "Invalid Policy: Invalid 'expiration' value.");
    ck_assert_ptr_nonnull(policy_problem("{\"expiration\":\"2030-01-01T00:00:00Z\","
                                         "\"conditions\":[[\"content-length-range\",0]]}",
                                         &p));
    ck_assert_str_eq(s3_post_policy_read(&arena, "!", &p), "Invalid Policy: Invalid base64.");
}
END_TEST

START_TEST(forms_must_fit_their_policy)
{
    struct s3_form_field fields[] = {
        {"KEY", "a/b"}, {"Content-Type", "text/plain,image/x"}, {"x-ignore-this", "1"}};
    struct s3_form form = {.fields = fields, .field_count = 3};
    struct s3_post_policy p;

    ck_assert_ptr_null(policy_problem(
        "{\"expiration\":\"2030-01-01T00:00:00Z\",\"conditions\":[{\"bucket\":\"b\"},"
        "[\"starts-with\",\"$key\",\"a/\"],[\"starts-with\",\"$Content-Type\",\"\"]]}",
        &p));
    ck_assert_ptr_null(s3_post_policy_refusal(&arena, &p, &form, "b", s3_form_value(&form, "key")));
    ck_assert_str_eq(s3_post_policy_refusal(&arena, &p, &form, "c", s3_form_value(&form, "key")),
                     "Invalid according to Policy: Policy Condition failed: [\"eq\", \"$bucket\", "
                     "\"b\"]");
    fields[2].name = "acl";
    ck_assert_str_eq(s3_post_policy_refusal(&arena, &p, &form, "b", s3_form_value(&form, "key")),
                     "Invalid according to Policy: Extra input fields: acl");
    fields[0].value = "b";
    ck_assert_str_eq(s3_post_policy_refusal(&arena, &p, &form, "b", s3_form_value(&form, "key")),
                     "Invalid according to Policy: Policy Condition failed: [\"starts-with\", "
                     "\"$key\", \"a/\"]");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("s3_rules");
    TCase *t = tcase_create("rules");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, cors_rules_match_in_order);
    tcase_add_test(t, cors_rules_are_checked);
    tcase_add_test(t, lifecycle_falls_due_at_midnight);
    tcase_add_test(t, lifecycle_filters);
    tcase_add_test(t, forms_have_fields_and_a_file);
    tcase_add_test(t, forms_may_be_broken);
    tcase_add_test(t, post_policies_are_read);
    tcase_add_test(t, forms_must_fit_their_policy);
    suite_add_tcase(s, t);
    return run_suite(s);
}
