#include "handlers/lambda/url.h"

#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { DEPTH_MAX = 4, TEXTS_MAX = 256 };

static void write_texts(struct jw *w, const char *key, struct url_texts t)
{
    if (!t.count)
        return;
    jw_key(w, key);
    jw_begin_array(w);
    for (size_t i = 0; i < t.count; i++)
        jw_string(w, t.items[i]);
    jw_end_array(w);
}

void url_cors_write(struct strbuf *out, const struct url_cors *c)
{
    struct jw w;

    jw_init(&w, out);
    jw_begin_object(&w);
    write_texts(&w, "origins", c->origins);
    write_texts(&w, "methods", c->methods);
    write_texts(&w, "headers", c->headers);
    write_texts(&w, "exposed", c->exposed);
    jw_member_bool(&w, "credentials", c->credentials);
    jw_member_int(&w, "max_age", c->max_age_s);
    jw_end_object(&w);
}

static void read_texts(struct jr *r, struct url_texts *out)
{
    struct jr_text text;

    out->items = ARENA_ARRAY(r->arena, const char *, TEXTS_MAX);
    for (jr_enter_array(r); jr_next_item(r);) {
        if (jr_string(r, &text) && out->count < TEXTS_MAX)
            out->items[out->count++] = arena_strndup(r->arena, text.data, text.len);
    }
}

bool url_cors_read(struct arena *a, const char *json, struct url_cors *out)
{
    struct jr_text key, number;
    struct jr r;

    *out = (struct url_cors){.max_age_s = -1};
    jr_init(&r, json, strlen(json), a, DEPTH_MAX);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (jr_text_eq(key, "origins"))
            read_texts(&r, &out->origins);
        else if (jr_text_eq(key, "methods"))
            read_texts(&r, &out->methods);
        else if (jr_text_eq(key, "headers"))
            read_texts(&r, &out->headers);
        else if (jr_text_eq(key, "exposed"))
            read_texts(&r, &out->exposed);
        else if (jr_text_eq(key, "credentials"))
            jr_bool(&r, &out->credentials);
        else if (jr_text_eq(key, "max_age") && jr_number(&r, &number))
            out->max_age_s = (int)strtol(arena_strndup(a, number.data, number.len), NULL, 10);
        else
            jr_skip(&r, NULL);
    }
    return jr_finish(&r);
}

static bool lists(struct url_texts t, const char *text)
{
    for (size_t i = 0; i < t.count; i++) {
        if (str_eq(t.items[i], "*") || strcasecmp(t.items[i], text) == 0)
            return true;
    }
    return false;
}

static const char *join(struct arena *a, struct url_texts t)
{
    const char *text = "";

    for (size_t i = 0; i < t.count; i++)
        text = arena_printf(a, "%s%s%s", text, i ? "," : "", t.items[i]);
    return text;
}

void url_cors_apply(struct request *req, const struct url_cors *c, bool preflight)
{
    const char *origin = request_header(req, "Origin");
    struct arena *a = &req->arena;

    if (!origin || !lists(c->origins, origin))
        return;
    bool all = c->origins.count == 1 && str_eq(c->origins.items[0], "*") && !c->credentials;
    response_set_header(req, "Access-Control-Allow-Origin", all ? "*" : origin);
    if (!all)
        response_set_header(req, "Vary", "Origin");
    if (c->credentials)
        response_set_header(req, "Access-Control-Allow-Credentials", "true");
    if (c->exposed.count)
        response_set_header(req, "Access-Control-Expose-Headers", join(a, c->exposed));
    if (!preflight)
        return;
    if (c->methods.count)
        response_set_header(req, "Access-Control-Allow-Methods", join(a, c->methods));
    if (c->headers.count)
        response_set_header(req, "Access-Control-Allow-Headers", join(a, c->headers));
    if (c->max_age_s >= 0)
        response_set_header(req, "Access-Control-Max-Age", arena_printf(a, "%d", c->max_age_s));
}
