/*
 * Buckets as websites: http://bucket.s3-website.localhost:4566/.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html
 *
 * Index and error documents, redirects of the bucket, of rules and of objects; errors are pages for
 * people. What may be read is asked as for any unsigned request.
 */
#include "handlers/s3/access.h"
#include "handlers/s3/kept.h"
#include "handlers/s3/new_object.h"
#include "handlers/s3/other.h"
#include "handlers/s3/reader.h"
#include "server/base/clock.h"
#include "server/base/encode.h"

/* One visit. */
struct visit {
    struct request *req;
    struct s3_bucket bucket;
    struct s3_WebsiteConfiguration site;
    const char *key;
};

/* --- errors and redirects --- */

/* name, value: a further line, of what the error is about; NULL for none. */
static void answer_page(struct request *req, unsigned status, const char *code, const char *message,
                        const char *name, const char *value)
{
    static const struct {
        unsigned status;
        const char *text;
    } texts[] = {{403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {500, "Internal Server Error"}};
    struct strbuf *b = &req->response.bytes;
    const char *text = "Error";

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (texts[i].status == status)
            text = texts[i].text;
    strbuf_add_format(b,
                      "<html>\n<head><title>%u %s</title></head>\n<body>\n<h1>%u %s</h1>\n<ul>\n"
                      "<li>Code: %s</li>\n<li>Message: %s</li>\n",
                      status, text, status, text, code, message);
    if (name) {
        strbuf_add_format(b, "<li>%s: ", name);
        s3_add_escaped(b, value);
        strbuf_add_text(b, "</li>\n");
    }
    strbuf_add_format(b,
                      "<li>RequestId: %s</li>\n<li>HostId: %s</li>\n</ul>\n<hr/>\n</body>\n"
                      "</html>\n",
                      req->request_id, req->id_2 ? req->id_2 : "");
    req->response.kind = BODY_BYTES;
    req->response.status = (uint16_t)status;
    response_header(req, "Content-Type", "text/html; charset=utf-8");
}

static void answer_redirect(struct request *req, unsigned status, const char *to)
{
    response_header(req, "Location", to);
    req->response.status = (uint16_t)status;
    req->response.kind = BODY_BYTES;
}

static const char *location(struct request *req, const char *protocol, const char *host,
                            const char *key)
{
    const char *own = request_header(req, "host");

    return arena_printf(&req->arena, "%s://%s/%s", protocol ? protocol : "http", host ? host : own,
                        url_encode(&req->arena, key, strlen(key), true));
}

/* --- objects --- */

/* Finds what an unsigned visitor may read. 200, 403, 404 or 500. */
static unsigned find(struct visit *v, const char *key, struct s3_target *t)
{
    struct request *req = v->req;
    struct s3_object *object = ARENA_NEW(&req->arena, struct s3_object);
    enum store_status rc;

    *t = (struct s3_target){.bucket = v->bucket, .key = key, .which.key = key};
    rc = s3_object_find(s3_of(req->app)->store, v->bucket.id, &t->which, true, &req->arena, object);
    if (rc && rc != STORE_NOT_FOUND)
        return 500;
    if (!rc)
        t->object = object;
    if (s3_authorize(req, t, "s3:GetObject")) {
        req->failure = (struct failure){0};
        return 403;
    }
    return t->object && !object->marker ? 200 : 404;
}

static bool answer_object(struct visit *v, const struct s3_target *t, unsigned status)
{
    struct request *req = v->req;
    const char *to = s3_pairs_find(&t->object->head, "x-amz-website-redirect-location");
    struct s3_reader *reader;

    if (to && status == 200) {
        answer_redirect(req, 301, *to == '/' ? location(req, NULL, NULL, to + 1) : to);
        return true;
    }
    if (s3_pairs_find(&t->object->head, S3_HEAD_SSE_C) ||
        s3_reader_open(s3_of(req->app)->store, &req->arena, t->object, NULL,
                       (struct s3_range){0, t->object->size}, &reader))
        return false;
    if (str_eq(req->method, "HEAD"))
        req->response.head_length = t->object->size;
    else
        s3_reader_answer(reader, req);
    s3_answer_state(req, t->object);
    s3_answer_object(req, t);
    req->response.status = (uint16_t)status;
    return true;
}

/* --- routing rules --- */

/* error: NULL before the object was looked for. */
static bool rule_fits(const struct s3_RoutingRule *rule, const char *key, const char *error)
{
    const struct s3_Condition *c = rule->Condition;

    if (c && c->KeyPrefixEquals && !str_starts(key, c->KeyPrefixEquals))
        return false;
    if (c && c->HttpErrorCodeReturnedEquals)
        return error && str_eq(c->HttpErrorCodeReturnedEquals, error);
    return !error;
}

static bool apply_rules(struct visit *v, const char *error)
{
    struct request *req = v->req;

    for (size_t i = 0; i < v->site.RoutingRules.count; i++) {
        const struct s3_RoutingRule *rule = &v->site.RoutingRules.items[i];
        const struct s3_Redirect *r = rule->Redirect;
        const char *key = v->key;

        if (!r || !rule_fits(rule, key, error))
            continue;
        if (r->ReplaceKeyWith)
            key = r->ReplaceKeyWith;
        else if (r->ReplaceKeyPrefixWith)
            key = arena_printf(&req->arena, "%s%s", r->ReplaceKeyPrefixWith,
                               key + (rule->Condition && rule->Condition->KeyPrefixEquals
                                          ? strlen(rule->Condition->KeyPrefixEquals)
                                          : 0));
        answer_redirect(
            req, r->HttpRedirectCode ? (unsigned)strtoul(r->HttpRedirectCode, NULL, 10) : 301,
            location(req, r->Protocol, r->HostName, key));
        return true;
    }
    return false;
}

/* --- a visit --- */

/* key: what was looked for at last. */
static void answer_error(struct visit *v, unsigned status, const char *key)
{
    struct s3_target t;
    char code[12];

    snprintf(code, sizeof(code), "%u", status);
    if (apply_rules(v, code))
        return;
    if (v->site.ErrorDocument && find(v, v->site.ErrorDocument->Key, &t) == 200 &&
        answer_object(v, &t, status))
        return;
    if (status == 404)
        answer_page(v->req, 404, "NoSuchKey", "The specified key does not exist.", "Key", key);
    else if (status == 403)
        answer_page(v->req, 403, "AccessDenied", "Access Denied", NULL, NULL);
    else
        answer_page(v->req, 500, "InternalError",
                    "We encountered an internal error. Please try again.", NULL, NULL);
}

static void visit(struct visit *v)
{
    const char *suffix = v->site.IndexDocument ? v->site.IndexDocument->Suffix : "index.html";
    size_t len = strlen(v->key);
    struct arena *a = &v->req->arena;
    struct s3_target t;
    const char *key = v->key;
    unsigned status;

    if (apply_rules(v, NULL))
        return;
    if (len == 0 || key[len - 1] == '/')
        key = arena_printf(a, "%s%s", key, suffix);
    status = find(v, key, &t);
    if (status == 200) {
        if (!answer_object(v, &t, 200))
            answer_error(v, 500, key);
        return;
    }
    /* AWS: a folder without its slash is sent to the one with it, where that has an index. */
    if (key == v->key && find(v, arena_printf(a, "%s/%s", key, suffix), &t) == 200) {
        answer_redirect(v->req, 302,
                        arena_printf(a, "/%s/", url_encode(a, key, strlen(key), true)));
        return;
    }
    answer_error(v, status, key);
}

void s3_answer_website(struct request *req)
{
    const struct s3_RedirectAllRequestsTo *all;
    struct visit v = {.req = req};
    const char *name;
    enum store_status rc;

    if (!str_eq(req->method, "GET") && !str_eq(req->method, "HEAD")) {
        answer_page(req, 405, "MethodNotAllowed",
                    "The specified method is not allowed against this resource.", "Method",
                    req->method);
        return;
    }
    if (!s3_path(req, &name, &v.key)) {
        answer_page(req, 404, "NoSuchBucket", "The specified bucket does not exist", NULL, NULL);
        return;
    }
    rc = s3_bucket_find(s3_of(req->app)->store, name, &req->arena, &v.bucket);
    if (rc == STORE_NOT_FOUND) {
        answer_page(req, 404, "NoSuchBucket", "The specified bucket does not exist", "BucketName",
                    name);
        return;
    }
    if (rc || s3_kept_find(s3_of(req->app), &req->arena, &v.bucket, S3_DOC_WEBSITE, &v.site) < 0) {
        answer_error(&v, 500, v.key);
        return;
    }
    if (!s3_bucket_has(&v.bucket, S3_DOC_WEBSITE)) {
        answer_page(req, 404, "NoSuchWebsiteConfiguration",
                    "The specified bucket does not have a website configuration", "BucketName",
                    name);
        return;
    }
    all = v.site.RedirectAllRequestsTo;
    if (all)
        answer_redirect(req, 301, location(req, all->Protocol, all->HostName, v.key));
    else
        visit(&v);
}
