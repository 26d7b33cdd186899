/*
 * A function may return anything: an object with a statusCode says what the answer is to be, all
 * else is its body.
 */
#include "handlers/lambda/url.h"

#include "server/base/encode.h"
#include "server/base/json_read.h"

enum { DEPTH_MAX = 1000, STATUS_MIN = 100, STATUS_MAX = 599 };

struct parts {
    bool has_status;
    int status;
    struct jr_text body; /* raw JSON, NULL: none */
    bool base64;
};

/* A header's name or value that cannot break out of its line. */
static bool is_header_text(const char *text)
{
    return *text && !strpbrk(text, "\r\n");
}

/* What the server sets by itself. */
static bool is_own_header(const char *name)
{
    static const char *const own[] = {"content-length", "connection", "transfer-encoding", "date",
                                      "keep-alive"};

    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        if (strcasecmp(name, own[i]) == 0)
            return true;
    }
    return strpbrk(name, " :\t") != NULL;
}

/* A text as it is, a number or boolean as it stands. */
static const char *read_value(struct jr *r)
{
    struct jr_text text;

    if (jr_peek(r) == JR_STRING)
        return jr_string(r, &text) ? arena_strndup(r->arena, text.data, text.len) : NULL;
    return jr_skip(r, &text) ? arena_strndup(r->arena, text.data, text.len) : NULL;
}

static void read_headers(struct request *req, struct jr *r)
{
    struct jr_text key;

    if (jr_peek(r) != JR_OBJECT) {
        jr_skip(r, NULL);
        return;
    }
    for (jr_enter_object(r); jr_next_key(r, &key);) {
        const char *name = arena_strndup(&req->arena, key.data, key.len);
        const char *value = read_value(r);

        if (value && is_header_text(name) && !strpbrk(value, "\r\n") && !is_own_header(name))
            response_set_header(req, name, value);
    }
}

static void read_cookies(struct request *req, struct jr *r)
{
    if (jr_peek(r) != JR_ARRAY) {
        jr_skip(r, NULL);
        return;
    }
    for (jr_enter_array(r); jr_next_item(r);) {
        const char *value = read_value(r);

        if (value && is_header_text(value))
            response_header(req, "Set-Cookie", value);
    }
}

static void read_parts(struct request *req, struct jr *r, struct parts *out)
{
    struct jr_text key, number;

    for (jr_enter_object(r); jr_next_key(r, &key);) {
        if (jr_text_eq(key, "statusCode") && jr_peek(r) == JR_NUMBER) {
            out->has_status = jr_number(r, &number);
            if (out->has_status)
                out->status =
                    (int)strtol(arena_strndup(r->arena, number.data, number.len), NULL, 10);
        } else if (jr_text_eq(key, "headers")) {
            read_headers(req, r);
        } else if (jr_text_eq(key, "cookies")) {
            read_cookies(req, r);
        } else if (jr_text_eq(key, "isBase64Encoded") &&
                   (jr_peek(r) == JR_TRUE || jr_peek(r) == JR_FALSE)) {
            jr_bool(r, &out->base64);
        } else if (jr_text_eq(key, "body")) {
            jr_skip(r, &out->body);
        } else {
            jr_skip(r, NULL);
        }
    }
}

static void add_body(struct request *req, struct jr_text raw, bool base64)
{
    struct jr_text text = raw;
    struct jr r;
    size_t len;

    if (!raw.len || (raw.len == 4 && memcmp(raw.data, "null", 4) == 0))
        return;
    if (raw.data[0] == '"') {
        jr_init(&r, raw.data, raw.len, &req->arena, DEPTH_MAX);
        jr_string(&r, &text);
    }
    if (base64) {
        uint8_t *bytes = arena_alloc(&req->arena, text.len / 4 * 3 + 3);

        if (base64_decode(text.data, text.len, bytes, &len)) {
            strbuf_add(&req->response.bytes, bytes, len);
            return;
        }
    }
    strbuf_add(&req->response.bytes, text.data, text.len);
}

static bool has_header(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->response.header_count; i++) {
        if (strcasecmp(req->response.headers[i].name, name) == 0)
            return true;
    }
    return false;
}

static bool has_status_code(struct arena *a, struct bytes returned)
{
    struct jr_text key;
    struct jr r;
    bool found = false;

    jr_init(&r, returned.data, returned.len, a, DEPTH_MAX);
    if (jr_peek(&r) != JR_OBJECT)
        return false;
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        found = found || jr_text_eq(key, "statusCode");
        jr_skip(&r, NULL);
    }
    return found && jr_finish(&r);
}

void url_answer(struct request *req, struct bytes returned)
{
    struct parts parts = {.status = 200};
    struct jr r;

    req->response.kind = BODY_BYTES;
    req->response.status = 200;
    if (has_status_code(&req->arena, returned)) {
        jr_init(&r, returned.data, returned.len, &req->arena, DEPTH_MAX);
        read_parts(req, &r, &parts);
        bool valid = parts.has_status && parts.status >= STATUS_MIN && parts.status <= STATUS_MAX;
        req->response.status = valid ? (uint16_t)parts.status : 502;
        if (valid)
            add_body(req, parts.body, parts.base64);
        else
            strbuf_add_text(&req->response.bytes, "Internal Server Error");
    } else {
        add_body(req, (struct jr_text){.data = (const char *)returned.data, .len = returned.len},
                 false);
    }
    if (!has_header(req, "Content-Type"))
        response_header(req, "Content-Type", "application/json");
}

void url_answer_head(struct request *req, struct bytes prelude)
{
    struct parts parts = {.status = 200};
    struct jr r;

    jr_init(&r, prelude.data, prelude.len, &req->arena, DEPTH_MAX);
    if (prelude.len && jr_peek(&r) == JR_OBJECT)
        read_parts(req, &r, &parts);
    req->response.status =
        parts.status >= STATUS_MIN && parts.status <= STATUS_MAX ? (uint16_t)parts.status : 200;
    if (!has_header(req, "Content-Type"))
        response_header(req, "Content-Type", "application/octet-stream");
}
