/* URI templates: what they match, what their labels take, which comes first. */
#include <check.h>

#include "server/protocol/uri_template.h"
#include "tests/unit/run_suite.h"

struct match_case {
    const char *uri, *path, *query;
    const char *label; /* NULL: must not match; else the labels, joined by '|' */
};

static const struct match_case cases[] = {
    {"/", "/", "", ""},
    {"/a/b", "/a/b", "", ""},
    {"/a/b", "/a/b/", "", ""},
    {"/a/b/", "/a/b", "", ""},
    {"/a/b", "/a/b//", "", NULL},
    {"/a/b", "/a/bc", "", NULL},
    {"/a/b", "/a", "", NULL},
    {"/a/b", "/A/b", "", NULL},
    {"/f/{Name}/code", "/f/x/code", "", "x"},
    {"/f/{Name}/code", "/f/arn%3Aaws%3Ax%2Fy/code", "", "arn%3Aaws%3Ax%2Fy"},
    {"/f/{Name}/code", "/f//code", "", NULL},
    {"/f/{Name}", "/f/", "", NULL},
    {"/f/{Name}", "/f/x/", "", "x"},
    {"/f/{Name}", "/f/x/y", "", NULL},
    {"/{Bucket}/{Key+}", "/b/a//b/./c/../d", "", "b|a//b/./c/../d"},
    {"/{Bucket}/{Key+}", "/b/k/", "", "b|k/"},
    {"/{Bucket}/{Key+}", "/b//", "", "b|/"},
    {"/{Bucket}/{Key+}", "/b/", "", NULL},
    {"/{Bucket}/{Key+}", "/b", "", NULL},
    {"/{Bucket}", "/b/", "", "b"},
    {"/x/{Path+}/end", "/x/a/b/end", "", "a/b"},
    {"/x/{Path+}/end", "/x/end", "", NULL},
    {"/{Bucket}?uploads", "/b", "uploads=", "b"},
    {"/{Bucket}?uploads", "/b", "uploads", "b"},
    {"/{Bucket}?uploads", "/b", "a=1&uploads=x", "b"},
    {"/{Bucket}?uploads", "/b", "upload", NULL},
    {"/{Bucket}?list-type=2", "/b", "list-type=2", "b"},
    {"/{Bucket}?list-type=2", "/b", "list-type=1", NULL},
    {"/{Bucket}?list-type=2", "/b", "list-type", NULL},
    {"/{Bucket}/{Key+}?x-id=PutObject", "/b/k", "", "b|k"},
    {"/{a}/{b}", "/1/2", "", "1|2"},
    {"/{broken", "/1", "", NULL},
};

START_TEST(test_match)
{
    const struct match_case *c = &cases[_i];
    struct uri_match m = {0};
    char labels[200] = "";
    size_t len = 0;

    bool matched = uri_template_match(c->uri, c->path, c->query, &m);
    ck_assert_msg(matched == (c->label != NULL), "%s %s", c->uri, c->path);
    for (size_t i = 0; i < m.count; i++)
        len += (size_t)snprintf(labels + len, sizeof(labels) - len, "%s%.*s", i ? "|" : "",
                                (int)m.labels[i].raw_len, m.labels[i].raw);
    if (matched)
        ck_assert_str_eq(labels, c->label);
}
END_TEST

START_TEST(test_label_names)
{
    struct uri_match m;

    ck_assert(uri_template_match("/{Bucket}/{Key+}", "/b/k", "", &m));
    ck_assert_uint_eq(m.count, 2);
    ck_assert(m.labels[0].name_len == 6 && memcmp(m.labels[0].name, "Bucket", 6) == 0);
    ck_assert(m.labels[1].name_len == 3 && memcmp(m.labels[1].name, "Key", 3) == 0);
}
END_TEST

START_TEST(test_the_special_comes_first)
{
    static const char *const pairs[][2] = {
        {"/f/{N}/code", "/f/{N}/{M}"},
        {"/f/list", "/f/{N}"},
        {"/{B}", "/{B}/{K+}"},
        {"/{B}?uploads", "/{B}"},
        {"/{B}?list-type=2", "/{B}?acl"},
        {"/a/{N}", "/{B}/{K+}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        ck_assert_int_lt(uri_template_compare(pairs[i][0], pairs[i][1]), 0);
        ck_assert_int_gt(uri_template_compare(pairs[i][1], pairs[i][0]), 0);
    }
    ck_assert_int_eq(uri_template_compare("/{B}?a", "/{B}?b"), 0);
}
END_TEST

START_TEST(test_parameters)
{
    const char *text = "&&a=1&b&c=&=x&d=e=f&";
    const char *cursor = text;
    struct uri_parameter p;
    char seen[100] = "";
    size_t len = 0;

    while (uri_parameter_next(&cursor, text + strlen(text), &p))
        len += (size_t)snprintf(seen + len, sizeof(seen) - len, "[%.*s%s%.*s]", (int)p.name_len,
                                p.name, p.has_value ? "=" : "", (int)p.value_len, p.value);
    ck_assert_str_eq(seen, "[a=1][b][c=][=x][d=e=f]");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("uri_template");
    TCase *t = tcase_create("all");

    tcase_add_loop_test(t, test_match, 0, ARRAY_LEN(cases));
    tcase_add_test(t, test_label_names);
    tcase_add_test(t, test_the_special_comes_first);
    tcase_add_test(t, test_parameters);
    suite_add_tcase(s, t);
    return run_suite(s);
}
