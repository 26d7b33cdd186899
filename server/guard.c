#include "server/guard.h"

#include <arpa/inet.h>

#include "server/app.h"
#include "server/aws_error.h"
#include "server/config.h"
#include "server/service.h"

/* 403 whatever the protocol: a browser, not an AWS client, is to read it. */
static const struct aws_error forbidden = {
    .name = "AccessDeniedException",
    .code = "AccessDeniedException",
    .status = 403,
    .sender_fault = true,
};

static bool ends_with(const char *text, size_t len, const char *suffix)
{
    size_t suffix_len = strlen(suffix);

    return len >= suffix_len && strncasecmp(text + len - suffix_len, suffix, suffix_len) == 0;
}

/* The name itself or one below it. */
static bool is_below(const char *host, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    return ends_with(host, len, name) &&
           (len == name_len || (len > name_len && host[len - name_len - 1] == '.'));
}

static bool is_address(const char *host, size_t len)
{
    char text[64];
    struct in6_addr address;

    if (len >= sizeof(text))
        return false;
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        memcpy(text, host + 1, len - 2);
        text[len - 2] = '\0';
        return inet_pton(AF_INET6, text, &address) == 1;
    }
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(AF_INET, text, &address) == 1;
}

/* Names that no stranger can own: addresses, names without a dot (of containers, of this machine),
 * names reserved for private use, and those of AWS and LocalStack that users point here on purpose.
 */
static bool is_harmless_host(const char *host, size_t len)
{
    static const char *const names[] = {"localhost",     "localhost.localstack.cloud",
                                        "amazonaws.com", "internal",
                                        "cluster.local", "test"};

    if (len == 0 || !memchr(host, '.', len) || is_address(host, len))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (is_below(host, len, names[i]))
            return true;
    return false;
}

/* Without the port and without the dot that ends a fully qualified name. */
static size_t host_length(const char *authority)
{
    size_t bracket = authority[0] == '[' ? strcspn(authority, "]") : 0;
    size_t len = bracket + strcspn(authority + bracket, ":");

    return len > 0 && authority[len - 1] == '.' ? len - 1 : len;
}

static int check_host(struct request *req)
{
    const struct config *config = req->app->config;
    const char *host = request_header(req, "host");
    size_t len;

    if (!host) /* HTTP/1.0: no browser */
        return 0;
    len = host_length(host);
    if (is_harmless_host(host, len))
        return 0;
    for (size_t i = 0; i < config->allowed_hosts.count; i++)
        if (is_below(host, len, config->allowed_hosts.items[i]))
            return 0;
    return aws_fail(
        req, &forbidden,
        "The server was called by the name %.*s, which it does not know. If it is right, "
        "start cadabra with --allow-host %.*s.",
        (int)MIN(len, 255), host, (int)MIN(len, 255), host);
}

/* http://127.0.0.1:4566 for a request to 127.0.0.1:4566: a page that this server has served itself.
 */
static bool is_own_origin(const struct request *req, const char *origin)
{
    const char *host = request_header(req, "host");

    return host && str_starts(origin, "http://") &&
           strcasecmp(origin + strlen("http://"), host) == 0;
}

static bool is_allowed_origin(const struct request *req, const char *origin)
{
    const struct text_list *allowed = &req->app->config->allowed_origins;

    for (size_t i = 0; i < allowed->count; i++)
        if (str_eq(allowed->items[i], "*") || strcasecmp(allowed->items[i], origin) == 0)
            return true;
    return false;
}

/* Without a signature's header, or a header that a browser asks leave for, this is all that a page
 * can cause elsewhere. */
static bool only_reads(const struct request *req)
{
    return str_eq(req->method, "GET") || str_eq(req->method, "HEAD") ||
           str_eq(req->method, "OPTIONS");
}

static bool is_foreign(const struct request *req, const char *origin)
{
    return origin && !is_own_origin(req, origin) && !is_allowed_origin(req, origin);
}

/* A service may have rules for pages of its own. "/" names no bucket whose rules could say
 * anything: JSON services are called there, too. */
static bool has_rules(const struct request *req)
{
    return req->service && req->service->cors && (req->resource || !str_eq(req->path, "/"));
}

bool guard_defers(const struct request *req)
{
    return has_rules(req) && is_foreign(req, request_header(req, "origin"));
}

int guard_refuse(struct request *req)
{
    const char *origin = request_header(req, "origin");

    if (only_reads(req))
        return 0;
    return aws_fail(req, &forbidden,
                    "A web page of %.200s may not call this server. If it is yours, start cadabra "
                    "with --allow-origin %.200s.",
                    origin, origin);
}

int guard_check(struct request *req)
{
    const char *origin = request_header(req, "origin");
    const char *site = request_header(req, "sec-fetch-site");

    if (check_host(req))
        return -1;
    if (guard_defers(req) || (has_rules(req) && only_reads(req)))
        return 0;
    if (is_foreign(req, origin))
        return aws_fail(
            req, &forbidden,
            "A web page of %.200s may not call this server. If it is yours, start cadabra "
            "with --allow-origin %.200s.",
            origin, origin);
    if (!origin && site && !str_eq(site, "same-origin") && !str_eq(site, "none") &&
        !is_allowed_origin(req, "*"))
        return aws_fail(
            req, &forbidden,
            "A web page of another site may not call this server. If it is yours, start "
            "cadabra with --allow-origin and its origin.");
    return 0;
}

bool guard_is_preflight(const struct request *req)
{
    return str_eq(req->method, "OPTIONS") && request_header(req, "origin") &&
           request_header(req, "access-control-request-method");
}

void guard_answer_preflight(struct request *req)
{
    const char *headers = request_header(req, "access-control-request-headers");

    req->response.status = 204;
    response_header(req, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
    if (headers)
        response_header(req, "Access-Control-Allow-Headers", headers);
    response_header(req, "Access-Control-Max-Age", "7200");
}

void guard_add_headers(struct request *req)
{
    const char *origin = request_header(req, "origin");

    if (!origin || is_own_origin(req, origin) || !is_allowed_origin(req, origin))
        return;
    response_set_header(req, "Access-Control-Allow-Origin", origin);
    response_set_header(req, "Access-Control-Expose-Headers",
                        "ETag, Date, Location, x-amz-request-id, x-amz-id-2, x-amz-version-id, "
                        "x-amz-crc32, x-amzn-RequestId, x-amzn-ErrorType, x-amzn-ErrorMessage, "
                        "x-amzn-query-error, X-Amz-Function-Error, X-Amz-Log-Result, "
                        "X-Amz-Executed-Version");
    response_header(req, "Vary", "Origin");
}
