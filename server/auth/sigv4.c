/*
 * Signature Version 4, from a request as it came off the wire.
 *
 * The client built its canonical request from decoded values, the server has only encoded ones;
 * both agree because the encoding is brought into one form: unreserved characters plain, all others
 * %XX in upper case.
 */
#include "server/auth/sigv4.h"

#include "server/base/encode.h"

/* More than any head that the server takes, with every byte encoded twice. */
enum { CANONICAL_MAX = 8 * 1024 * 1024 };

struct parameter {
    const char *name;
    const char *value;
};

struct segment {
    const char *text;
    size_t len;
};

static bool is_unreserved(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void add_encoded(struct strbuf *out, uint8_t c)
{
    if (is_unreserved(c))
        strbuf_add_char(out, (char)c);
    else
        strbuf_add_format(out, "%%%02X", c);
}

/* Encoded text in any form of encoding -> the canonical one. `plain` is a character that stays as
 * it is. */
static void add_reencoded(struct strbuf *out, const char *text, size_t len, char plain,
                          bool plus_is_space)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)text[i];

        if (c == '%' && i + 2 < len && hex_decode(text + i + 1, 2, &c)) {
            add_encoded(out, c);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            strbuf_add_text(out, "%20");
        } else if (c == (uint8_t)plain) {
            strbuf_add_char(out, (char)c);
        } else {
            add_encoded(out, c);
        }
    }
}

/* RFC 3986 section 5.2.4, and runs of slashes become one. */
static void add_normalized_path(struct arena *a, struct strbuf *out, const char *path)
{
    size_t capacity = strlen(path) / 2 + 2;
    struct segment *parts = ARENA_ARRAY(a, struct segment, capacity);
    size_t count = 0;
    bool ends_open = true; /* in a slash */

    for (const char *p = path; *p;) {
        size_t len = strcspn(p, "/");

        ends_open = p[len] == '/';
        if (len == 2 && p[0] == '.' && p[1] == '.') {
            count -= count > 0;
            ends_open = true;
        } else if (len == 1 && p[0] == '.') {
            ends_open = true;
        } else if (len > 0) {
            parts[count++] = (struct segment){.text = p, .len = len};
        }
        p += len + (p[len] == '/');
    }
    for (size_t i = 0; i < count; i++) {
        strbuf_add_char(out, '/');
        for (size_t at = 0; at < parts[i].len; at++)
            add_encoded(out, (uint8_t)parts[i].text[at]);
    }
    if (ends_open || count == 0)
        strbuf_add_char(out, '/');
}

static void add_path(struct arena *a, struct strbuf *out, const char *path, enum sigv4_path form)
{
    if (form == SIGV4_PATH_NORMALIZED)
        add_normalized_path(a, out, path);
    else
        add_reencoded(out, path, strlen(path), '/', false);
}

static const char *reencoded(struct arena *a, const char *text, size_t len)
{
    struct strbuf b = STRBUF_INIT(CANONICAL_MAX);
    const char *copy;

    add_reencoded(&b, text, len, '\0', true);
    copy = arena_strndup(a, b.data ? b.data : "", b.len);
    strbuf_release(&b);
    return copy;
}

static int compare_parameters(const void *left, const void *right)
{
    const struct parameter *l = left;
    const struct parameter *r = right;
    int by_name = strcmp(l->name, r->name);

    return by_name ? by_name : strcmp(l->value, r->value);
}

/* Sorted by the encoded names, then values. A presigned request's signature is not part of what it
 * signs. */
static void add_query(struct arena *a, struct strbuf *out, const char *query)
{
    size_t capacity = 1;
    size_t count = 0;
    struct parameter *all;

    for (const char *p = query; *p; p++)
        capacity += *p == '&';
    all = ARENA_ARRAY(a, struct parameter, capacity);
    for (const char *p = query; *p;) {
        size_t len = strcspn(p, "&");
        size_t name_len = strcspn(p, "=&");
        size_t value_at = MIN(name_len + 1, len);
        const char *name = reencoded(a, p, name_len);

        if (len > 0 && !str_eq(name, "X-Amz-Signature"))
            all[count++] = (struct parameter){.name = name,
                                              .value = reencoded(a, p + value_at, len - value_at)};
        p += len + (p[len] == '&');
    }
    qsort(all, count, sizeof(*all), compare_parameters);
    for (size_t i = 0; i < count; i++)
        strbuf_add_format(out, "%s%s=%s", i > 0 ? "&" : "", all[i].name, all[i].value);
}

/* Blanks at the ends go, runs of blanks inside become one. */
static void add_header_value(struct strbuf *out, const char *value)
{
    bool gap = false;
    bool begun = false;

    for (const char *p = value; *p; p++) {
        if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') {
            gap = true;
            continue;
        }
        if (gap && begun)
            strbuf_add_char(out, ' ');
        strbuf_add_char(out, *p);
        gap = false;
        begun = true;
    }
}

/* One line, with all values of that name in the order in which they came. */
static void add_header(const struct request *req, struct strbuf *out, const char *name)
{
    bool first = true;

    strbuf_add_text(out, name);
    strbuf_add_char(out, ':');
    for (size_t i = 0; i < req->header_count; i++) {
        if (strcasecmp(req->headers[i].name, name) != 0)
            continue;
        if (!first)
            strbuf_add_char(out, ',');
        add_header_value(out, req->headers[i].value);
        first = false;
    }
    strbuf_add_char(out, '\n');
}

char *sigv4_canonical_request(struct request *req, const char *signed_headers, enum sigv4_path path,
                              const char *payload_hash)
{
    struct strbuf b = STRBUF_INIT(CANONICAL_MAX);
    char *names = arena_strdup(&req->arena, signed_headers);
    char *text;

    strbuf_add_format(&b, "%s\n", req->method);
    add_path(&req->arena, &b, req->path, path);
    strbuf_add_char(&b, '\n');
    add_query(&req->arena, &b, req->query);
    strbuf_add_char(&b, '\n');
    for (char *name; (name = strsep(&names, ";"));)
        add_header(req, &b, name);
    strbuf_add_format(&b, "\n%s\n%s", signed_headers, payload_hash);
    text = arena_strndup(&req->arena, b.data, b.len);
    strbuf_release(&b);
    return text;
}

char *sigv4_string_to_sign(struct arena *a, const char *timestamp, const char *scope,
                           const char *canonical_request)
{
    uint8_t digest[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];

    sha256(canonical_request, strlen(canonical_request), digest);
    hex_encode(digest, sizeof(digest), hex);
    return arena_printf(a, "AWS4-HMAC-SHA256\n%s\n%s\n%s", timestamp, scope, hex);
}

void sigv4_signing_key(const char *secret, const char *date, const char *region,
                       const char *service, uint8_t out_key[SHA256_LEN])
{
    AUTO_FREE char *first = x_asprintf("AWS4%s", secret);
    const char *const steps[] = {date, region, service, "aws4_request"};
    const void *key = first;
    size_t key_len = strlen(first);
    uint8_t digest[SHA256_LEN];

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        hmac_sha256(key, key_len, steps[i], strlen(steps[i]), digest);
        memcpy(out_key, digest, SHA256_LEN);
        key = out_key;
        key_len = SHA256_LEN;
    }
}

void sigv4_sign(const uint8_t key[SHA256_LEN], const char *string_to_sign,
                char out_signature[SIGNATURE_LEN + 1])
{
    uint8_t digest[SHA256_LEN];

    hmac_sha256(key, SHA256_LEN, string_to_sign, strlen(string_to_sign), digest);
    hex_encode(digest, sizeof(digest), out_signature);
}
