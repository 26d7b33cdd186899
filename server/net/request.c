/* See request.h. */
#include "server/net/request.h"

#include "server/base/encode.h"

#include <ctype.h>
#include <poll.h>

/* Nearly all names differ in their first letter. */
static bool same_name(const char *a, const char *b)
{
    return tolower((unsigned char)a[0]) == tolower((unsigned char)b[0]) && strcasecmp(a, b) == 0;
}

const char *request_header(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->header_count; i++)
        if (same_name(req->headers[i].name, name))
            return req->headers[i].value;
    return NULL;
}

/* The decoded text; a broken escape leaves it as it was sent. */
static const char *decoded(struct request *req, const char *text, size_t len)
{
    const char *plain = url_decode(&req->arena, text, len, true, NULL);

    return plain ? plain : arena_strndup(&req->arena, text, len);
}

static bool needs_decoding(const char *text, size_t len)
{
    return memchr(text, '%', len) || memchr(text, '+', len);
}

const char *request_query(struct request *req, const char *name)
{
    const char *next = req->query;

    while (*next) {
        size_t len = strcspn(next, "&");
        const char *equals = memchr(next, '=', len);
        size_t name_len = equals ? (size_t)(equals - next) : len;
        bool found;

        if (needs_decoding(next, name_len))
            found = str_eq(decoded(req, next, name_len), name);
        else
            found = strlen(name) == name_len && memcmp(next, name, name_len) == 0;
        if (found)
            return equals ? decoded(req, equals + 1, len - name_len - 1) : "";
        next += len;
        next += *next == '&';
    }
    return NULL;
}

bool request_abandoned(const struct request *req)
{
    struct pollfd p = {.fd = req->client_fd, .events = POLLRDHUP};

    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL));
}
