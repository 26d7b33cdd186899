/*
 * Payload format 2.0.
 */
#include "handlers/lambda/url.h"

#include <ctype.h>
#include <time.h>

#include "server/app.h"
#include "server/base/encode.h"
#include "server/base/json_write.h"

enum { PARAMETERS_MAX = 1000 };

static char *lower(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text);

    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

/* Whether a header of that name came before the i-th. */
static bool is_repeated(const struct request *req, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (strcasecmp(req->headers[j].name, req->headers[i].name) == 0)
            return true;
    }
    return false;
}

/* AWS: values of one name are joined; cookies stand in a list of their own. */
static void write_headers(struct jw *w, struct request *req)
{
    struct arena *a = &req->arena;

    jw_key(w, "headers");
    jw_begin_object(w);
    for (size_t i = 0; i < req->header_count; i++) {
        const struct header *h = &req->headers[i];
        const char *value = h->value;

        if (h->name[0] == ':' || strcasecmp(h->name, "cookie") == 0 || is_repeated(req, i))
            continue;
        for (size_t j = i + 1; j < req->header_count; j++) {
            if (strcasecmp(req->headers[j].name, h->name) == 0)
                value = arena_printf(a, "%s,%s", value, req->headers[j].value);
        }
        jw_member_string(w, lower(a, h->name), value);
    }
    jw_member_string(w, "x-forwarded-for", "127.0.0.1");
    jw_member_string(w, "x-forwarded-port", arena_printf(a, "%u", req->app->port));
    jw_member_string(w, "x-forwarded-proto", "http");
    jw_end_object(w);
}

static void write_cookies(struct jw *w, struct request *req)
{
    const char *cookies = request_header(req, "Cookie");

    if (!cookies)
        return;
    jw_key(w, "cookies");
    jw_begin_array(w);
    while (*cookies) {
        size_t len = strcspn(cookies, ";");

        jw_string_n(w, cookies, len);
        cookies += len;
        cookies += strspn(cookies, "; ");
    }
    jw_end_array(w);
}

struct parameter {
    const char *name;
    const char *value;
};

/* Name and value of one "name=value", decoded; a broken escape stays as it is. */
static struct parameter read_parameter(struct arena *a, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : len;
    const char *value = equals ? equals + 1 : "";
    size_t value_len = equals ? len - name_len - 1 : 0;
    struct parameter p = {.name = url_decode(a, text, name_len, true, NULL),
                          .value = url_decode(a, value, value_len, true, NULL)};

    if (!p.name)
        p.name = arena_strndup(a, text, name_len);
    if (!p.value)
        p.value = arena_strndup(a, value, value_len);
    return p;
}

static void write_parameters(struct jw *w, struct request *req)
{
    struct arena *a = &req->arena;
    struct parameter *list = ARENA_ARRAY(a, struct parameter, PARAMETERS_MAX);
    size_t count = 0;

    for (const char *at = req->query; *at && count < PARAMETERS_MAX;) {
        size_t len = strcspn(at, "&");

        if (len) {
            struct parameter p = read_parameter(a, at, len);
            size_t i = 0;

            while (i < count && !str_eq(list[i].name, p.name))
                i++;
            if (i < count)
                list[i].value = arena_printf(a, "%s,%s", list[i].value, p.value);
            else
                list[count++] = p;
        }
        at += len + (at[len] == '&');
    }
    if (!count)
        return; /* AWS: left out */
    jw_key(w, "queryStringParameters");
    jw_begin_object(w);
    for (size_t i = 0; i < count; i++)
        jw_member_string(w, list[i].name, list[i].value);
    jw_end_object(w);
}

/* 12/Mar/2020:19:03:58 +0000 */
static void write_time(struct jw *w, int64_t now_ms)
{
    char text[40];
    struct tm tm;
    time_t now = (time_t)(now_ms / 1000);

    gmtime_r(&now, &tm);
    strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S +0000", &tm);
    jw_member_string(w, "time", text);
    jw_member_int(w, "timeEpoch", now_ms);
}

static void write_authorizer(struct jw *w, struct arena *a, const struct url_request *u)
{
    jw_key(w, "authorizer");
    jw_begin_object(w);
    jw_key(w, "iam");
    jw_begin_object(w);
    jw_member_string(w, "accessKey", u->access_key);
    jw_member_string(w, "accountId", u->caller);
    jw_member_string(w, "callerId", u->caller);
    jw_key(w, "cognitoIdentity");
    jw_null(w);
    jw_key(w, "principalOrgId");
    jw_null(w);
    jw_member_string(w, "userArn", arena_printf(a, "arn:aws:iam::%s:root", u->caller));
    jw_member_string(w, "userId", u->caller);
    jw_end_object(w);
    jw_end_object(w);
}

static void write_context(struct jw *w, struct request *req, const struct url_request *u)
{
    jw_key(w, "requestContext");
    jw_begin_object(w);
    jw_member_string(w, "accountId", u->caller ? u->caller : "anonymous");
    jw_member_string(w, "apiId", u->url->url_id);
    if (u->caller)
        write_authorizer(w, &req->arena, u);
    jw_member_string(w, "domainName", u->domain);
    jw_member_string(w, "domainPrefix", u->url->url_id);
    jw_key(w, "http");
    jw_begin_object(w);
    jw_member_string(w, "method", req->method);
    jw_member_string(w, "path", u->path);
    jw_member_string(w, "protocol", req->http2 ? "HTTP/2.0" : "HTTP/1.1");
    jw_member_string(w, "sourceIp", "127.0.0.1");
    jw_member_string(w, "userAgent", request_header(req, "User-Agent"));
    jw_end_object(w);
    jw_member_string(w, "requestId", req->request_id);
    jw_member_string(w, "routeKey", "$default");
    jw_member_string(w, "stage", "$default");
    write_time(w, req->received_ms);
    jw_end_object(w);
}

/* AWS: what is not one of these goes as base64. */
static bool is_text(const char *type)
{
    static const char *const types[] = {"text/", "application/json", "application/xml",
                                        "application/javascript"};

    for (size_t i = 0; type && i < ARRAY_LEN(types); i++) {
        if (strncasecmp(type, types[i], strlen(types[i])) == 0)
            return true;
    }
    return type && (strcasestr(type, "+json") || strcasestr(type, "+xml"));
}

static void write_body(struct jw *w, struct request *req)
{
    bool text = is_text(request_header(req, "Content-Type"));

    if (req->body.len) {
        jw_key(w, "body");
        if (text)
            jw_string_n(w, (const char *)req->body.data, req->body.len);
        else
            jw_base64(w, req->body.data, req->body.len);
    }
    jw_member_bool(w, "isBase64Encoded", req->body.len && !text);
}

void url_event_write(struct strbuf *out, struct request *req, const struct url_request *u)
{
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    jw_member_string(&w, "version", "2.0");
    jw_member_string(&w, "routeKey", "$default");
    jw_member_string(&w, "rawPath", u->path);
    jw_member_string(&w, "rawQueryString", req->query);
    write_cookies(&w, req);
    write_headers(&w, req);
    write_parameters(&w, req);
    write_context(&w, req, u);
    write_body(&w, req);
    jw_end_object(&w);
}
