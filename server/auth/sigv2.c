/*
 * Signature Version 2. The resource is the path as it came, with the bucket in front where the host
 * names it, and those parameters of the query that choose what is asked for, in order.
 */
#include "server/auth/sigv2.h"

#include "server/base/encode.h"

enum { TEXT_MAX = 1 << 20, PARAMETERS_MAX = 64 };

/* --- x-amz-* headers --- */

static int compare_headers(const void *a, const void *b)
{
    return strcasecmp((*(const struct header *const *)a)->name,
                      (*(const struct header *const *)b)->name);
}

static void add_lower(struct strbuf *b, const char *text)
{
    for (; *text; text++)
        strbuf_add_char(b, *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text);
}

/* Sorted, those of one name joined with commas in the order in which they came. */
static void add_headers(struct strbuf *b, struct request *req)
{
    const struct header **amz = ARENA_ARRAY(&req->arena, const struct header *, req->header_count);
    size_t count = 0;

    for (size_t i = 0; i < req->header_count; i++)
        if (strncasecmp(req->headers[i].name, "x-amz-", 6) == 0)
            amz[count++] = &req->headers[i];
    qsort(amz, count, sizeof(struct header *), compare_headers);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && strcasecmp(amz[i]->name, amz[i - 1]->name) == 0;

        if (again) {
            b->len--; /* the line goes on */
            strbuf_add_char(b, ',');
        } else {
            add_lower(b, amz[i]->name);
            strbuf_add_char(b, ':');
        }
        strbuf_add_text(b, amz[i]->value);
        strbuf_add_char(b, '\n');
    }
}

/* --- the resource --- */

static bool is_signed_parameter(const char *name)
{
    /* Those of version 2's time: clients sign no newer ones. */
    static const char *const names[] = {
        "accelerate",
        "acl",
        "analytics",
        "cors",
        "defaultObjectAcl",
        "delete",
        "inventory",
        "lifecycle",
        "location",
        "logging",
        "metrics",
        "notification",
        "object-lock",
        "partNumber",
        "policy",
        "replication",
        "requestPayment",
        "response-cache-control",
        "response-content-disposition",
        "response-content-encoding",
        "response-content-language",
        "response-content-type",
        "response-expires",
        "restore",
        "select",
        "select-type",
        "storageClass",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_parameters(struct strbuf *b, struct request *req)
{
    const char *items[PARAMETERS_MAX];
    size_t count = 0;

    for (const char *at = req->query; *at && count < PARAMETERS_MAX;) {
        size_t len = strcspn(at, "&");
        size_t name_len = MIN(strcspn(at, "="), len);
        const char *name = url_decode(&req->arena, at, name_len, true, NULL);
        const char *value = name_len < len ? url_decode(&req->arena, at + name_len + 1,
                                                        len - name_len - 1, true, NULL)
                                           : NULL;

        if (name && is_signed_parameter(name))
            items[count++] =
                value && *value ? arena_printf(&req->arena, "%s=%s", name, value) : name;
        at += len + (at[len] == '&');
    }
    qsort(items, count, sizeof(items[0]), compare_texts);
    for (size_t i = 0; i < count; i++) {
        strbuf_add_char(b, i ? '&' : '?');
        strbuf_add_text(b, items[i]);
    }
}

static void add_line(struct strbuf *b, const char *text)
{
    strbuf_add_text(b, text ? text : "");
    strbuf_add_char(b, '\n');
}

const char *sigv2_string_to_sign(struct request *req, const struct auth_result *auth,
                                 bool with_slash)
{
    struct strbuf b = STRBUF_INIT(TEXT_MAX);
    const char *date = request_header(req, "x-amz-date") ? NULL : request_header(req, "date");
    const char *resource = request_resource(req);
    const char *text;

    add_line(&b, req->method);
    add_line(&b, request_header(req, "content-md5"));
    add_line(&b, request_header(req, "content-type"));
    add_line(&b, auth->kind == AUTH_V2_QUERY ? auth->expires : date);
    add_headers(&b, req);
    strbuf_add_text(&b, resource);
    if (with_slash && !strchr(resource + (*resource == '/'), '/'))
        strbuf_add_char(&b, '/');
    add_parameters(&b, req);
    text = arena_strndup(&req->arena, b.data, b.len);
    strbuf_release(&b);
    return text;
}

void sigv2_sign(const char *secret, const char *text, char out[SIGV2_LEN + 1])
{
    uint8_t digest[SHA1_LEN];

    hmac_sha1(secret, strlen(secret), text, strlen(text), digest);
    base64_encode(digest, sizeof(digest), out);
}
