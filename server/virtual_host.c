#include "server/virtual_host.h"

#include "server/app.h"
#include "server/config.h"

/* True, and *len without it, when the name ends with "." and the suffix. */
static bool cut_suffix(const char *host, size_t *len, const char *suffix)
{
    size_t suffix_len = strlen(suffix);

    if (*len <= suffix_len + 1 || host[*len - suffix_len - 1] != '.' ||
        strncasecmp(host + *len - suffix_len, suffix, suffix_len) != 0)
        return false;
    *len -= suffix_len + 1;
    return true;
}

/* Where the last label begins. */
static size_t last_label(const char *host, size_t len)
{
    while (len > 0 && host[len - 1] != '.')
        len--;
    return len;
}

static bool is_s3_label(const char *label, size_t len)
{
    return len >= 2 && strncasecmp(label, "s3", 2) == 0 && (len == 2 || label[2] == '-');
}

/* "b.s3", "b.s3.eu-west-1", "b.s3.dualstack.eu-west-1", "b.s3-eu-west-1" -> where "s3" begins;
 * SIZE_MAX when no label is S3's. */
static size_t find_s3(const char *host, size_t len)
{
    for (int labels = 0; labels < 3; labels++) {
        size_t begin = last_label(host, len);

        if (is_s3_label(host + begin, len - begin))
            return begin;
        if (begin == 0)
            break;
        len = begin - 1;
    }
    return SIZE_MAX;
}

/* Names of other services' endpoints below localhost. */
static bool is_others(const char *host, size_t len)
{
    static const char *const marks[] = {".lambda-url.", ".execute-api.", ".cloudfront."};

    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        if (memmem(host, len, marks[i], strlen(marks[i])))
            return true;
    return false;
}

size_t virtual_host_bucket(const char *host, size_t len, const char *const *own, size_t count)
{
    bool any = false; /* the base names nothing but S3's buckets */
    size_t s3;

    if (!cut_suffix(host, &len, "localhost.localstack.cloud") &&
        !cut_suffix(host, &len, "amazonaws.com")) {
        any = cut_suffix(host, &len, "localhost");
        for (size_t i = 0; !any && i < count; i++)
            any = cut_suffix(host, &len, own[i]);
        if (!any)
            return 0;
    }
    s3 = find_s3(host, len);
    if (s3 != SIZE_MAX)
        return s3 > 0 ? s3 - 1 : 0;
    return any && !is_others(host, len) ? len : 0;
}

void virtual_host_apply(struct request *req, const struct auth_result *auth)
{
    const struct text_list *own = &req->app->config->allowed_hosts;
    const char *host = request_header(req, "host");
    size_t len;

    if (!host || (auth->service[0] && !str_eq(auth->service, "s3")) ||
        request_header(req, "x-amz-target"))
        return;
    len = virtual_host_bucket(host, strcspn(host, ":"), own->items, own->count);
    if (len)
        req->resource = arena_printf(&req->arena, "/%.*s%s", (int)len, host, req->path);
}

bool virtual_host_is_website(const struct request *req)
{
    const char *host = request_header(req, "host");

    return req->resource && host && strcasestr(host, ".s3-website");
}
