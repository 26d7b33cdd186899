#include "handlers/s3/other.h"

#include "handlers/s3/cors.h"
#include "handlers/s3/kept.h"
#include "server/base/encode.h"
#include "server/virtual_host.h"

static const struct aws_error access_forbidden = {
    .name = "AccessForbidden", .code = "AccessForbidden", .status = 403, .sender_fault = true};
static const struct aws_error bad_request = {
    .name = "BadRequest", .code = "BadRequest", .status = 400, .sender_fault = true};

bool s3_path(struct request *req, const char **out_bucket, const char **out_key)
{
    const char *path = request_resource(req);
    size_t len;

    if (*path != '/' || !path[1])
        return false;
    len = strcspn(path + 1, "/");
    *out_bucket = url_decode(&req->arena, path + 1, len, false, NULL);
    path += 1 + len + (path[1 + len] == '/');
    *out_key = url_decode(&req->arena, path, strlen(path), false, NULL);
    return *out_bucket && *out_key && **out_bucket;
}

void s3_add_escaped(struct strbuf *b, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            strbuf_add_text(b, "&amp;");
            break;
        case '<':
            strbuf_add_text(b, "&lt;");
            break;
        case '>':
            strbuf_add_text(b, "&gt;");
            break;
        case '"':
            strbuf_add_text(b, "&quot;");
            break;
        default:
            strbuf_add_char(b, (unsigned char)*text < 0x20 ? ' ' : *text);
        }
    }
}

/* --- CORS --- */

/* 1, with the bucket's rules; 0: there is no such bucket, or it has none; -1: a failure. */
static int rules_of(struct request *req, struct s3_CORSConfiguration *out)
{
    struct s3 *s3 = s3_of(req->app);
    struct s3_bucket bucket;
    const char *name;
    const char *key;
    enum store_status rc;

    *out = (struct s3_CORSConfiguration){0};
    if (!s3_path(req, &name, &key))
        return 0;
    rc = s3_bucket_find(s3->store, name, &req->arena, &bucket);
    if (rc)
        return rc == STORE_NOT_FOUND ? 0 : -1;
    return s3_kept_find(s3, &req->arena, &bucket, S3_DOC_CORS, out);
}

static const char *joined(struct arena *a, const char **items, size_t count)
{
    const char *out = "";

    for (size_t i = 0; i < count; i++)
        out = arena_printf(a, "%s%s%s", out, i ? ", " : "", items[i]);
    return out;
}

static void add(struct cors_answer *out, const char *name, const char *value)
{
    if (value && *value && out->count < CORS_HEADERS_MAX)
        out->headers[out->count++] = (struct response_header){name, value};
}

static void describe(struct arena *a, const struct s3_CORSRule *rule, const char *origin,
                     struct cors_answer *out)
{
    bool any = s3_cors_any_origin(rule);

    add(out, "Access-Control-Allow-Origin", any ? "*" : origin);
    add(out, "Access-Control-Allow-Methods",
        joined(a, rule->AllowedMethods.items, rule->AllowedMethods.count));
    add(out, "Access-Control-Expose-Headers",
        joined(a, rule->ExposeHeaders.items, rule->ExposeHeaders.count));
    if (rule->MaxAgeSeconds.set)
        add(out, "Access-Control-Max-Age", arena_printf(a, "%d", rule->MaxAgeSeconds.value));
    if (!any)
        add(out, "Access-Control-Allow-Credentials", "true");
    add(out, "Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

bool s3_cors(struct request *req, struct cors_answer *out)
{
    /* AWS: a request may name another method than its own; scripts of pages can't. */
    const char *method = request_header(req, "access-control-request-method");
    struct s3_cors_question question = {.origin = request_header(req, "origin"),
                                        .method = method ? method : req->method};
    struct s3_CORSConfiguration cors;
    const struct s3_CORSRule *rule;

    if (rules_of(req, &cors) <= 0)
        return false;
    rule = s3_cors_match(&cors.CORSRules, &question);
    if (rule)
        describe(&req->arena, rule, question.origin, out);
    return rule != NULL;
}

static int answer_preflight(struct request *req)
{
    struct s3_cors_question question = {
        .origin = request_header(req, "origin"),
        .method = request_header(req, "access-control-request-method"),
        .headers = request_header(req, "access-control-request-headers"),
    };
    struct s3_CORSConfiguration cors;
    struct cors_answer answer = {.count = 0};
    const struct s3_CORSRule *rule;
    const char *bucket, *key;
    int rc;

    if (!question.origin)
        return aws_fail(req, &bad_request,
                        "Insufficient information. Origin request header needed.");
    if (!question.method)
        return aws_fail(req, &bad_request, "Invalid Access-Control-Request-Method: null");
    rc = rules_of(req, &cors);
    if (rc < 0)
        return aws_fail_internal(req);
    rule = s3_cors_match(&cors.CORSRules, &question);
    if (!rule) {
        aws_fail(req, &access_forbidden, "%s",
                 rc ? "CORSResponse: This CORS request is not allowed. This is usually because the "
                      "evalution of Origin, request method / Access-Control-Request-Method or "
                      "Access-Control-Request-Headers are not whitelisted by the resource's CORS "
                      "spec."
                    : "CORSResponse: CORS is not enabled for this bucket.");
        aws_fail_detail(req, "Method", question.method);
        aws_fail_detail(req, "ResourceType",
                        s3_path(req, &bucket, &key) && *key ? "OBJECT" : "BUCKET");
        return -1;
    }
    describe(&req->arena, rule, question.origin, &answer);
    for (size_t i = 0; i < answer.count; i++)
        response_header(req, answer.headers[i].name, answer.headers[i].value);
    if (question.headers)
        response_header(req, "Access-Control-Allow-Headers", question.headers);
    req->response.status = 200;
    return 0;
}

/* --- which of them it is --- */

static bool is_form(const struct request *req)
{
    const char *type = request_header(req, "content-type");

    return type && strncasecmp(type, "multipart/form-data", 19) == 0;
}

bool s3_answer_other(struct request *req)
{
    const char *bucket;
    const char *key;

    if (str_eq(req->method, "OPTIONS")) {
        answer_preflight(req);
        return true;
    }
    if (virtual_host_is_website(req)) {
        s3_answer_website(req);
        return true;
    }
    if (!str_eq(req->method, "POST") || !s3_path(req, &bucket, &key) || *key)
        return false;
    if (!is_form(req)) {
        if (*req->query)
            return false;
        (void)s3_fail_precondition(req,
                                   "Bucket POST must be of the enclosure-type multipart/form-data");
        return true;
    }
    s3_post_object(req, bucket);
    return true;
}
