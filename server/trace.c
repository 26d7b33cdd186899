#include "server/trace.h"

#include <fcntl.h>

#include "server/base/clock.h"
#include "server/base/json_write.h"
#include "server/base/log.h"
#include "server/base/utf8.h"
#include "server/service.h"

enum { BODY_TRACED = 1 << 20, LINE_MAX_BYTES = 64 << 20 };

struct trace {
    int fd;
};

struct trace *trace_open(const char *path)
{
    struct trace *t;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0) {
        log_error("%s: %s; give --trace a file that can be written", path, strerror(errno));
        return NULL;
    }
    t = x_malloc(sizeof(*t));
    t->fd = fd;
    return t;
}

void trace_close(struct trace *t)
{
    if (!t)
        return;
    close(t->fd);
    free(t);
}

/* The value behind a secret's name, up to the next delimiter; NULL when there is none in text. */
static const char *find_secret(const char *text)
{
    static const char *const names[] = {"Signature=", "Security-Token="};
    const char *first = NULL;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *found = strcasestr(text, names[i]);

        if (found && (!first || found + strlen(names[i]) < first))
            first = found + strlen(names[i]);
    }
    return first;
}

/* Writes text, with its secrets replaced by ***. */
static void write_text(struct jw *w, const char *text)
{
    struct strbuf shown = STRBUF_INIT(LINE_MAX_BYTES);
    const char *secret;

    if (!utf8_valid(text, strlen(text)))
        text = "(not UTF-8)";
    while ((secret = find_secret(text))) {
        strbuf_add(&shown, text, (size_t)(secret - text));
        strbuf_add_text(&shown, "***");
        text = secret + strcspn(secret, "&, ");
    }
    strbuf_add_text(&shown, text);
    jw_string_n(w, shown.data, shown.len);
    strbuf_release(&shown);
}

static void write_header(struct jw *w, const char *name, const char *value)
{
    jw_begin_array(w);
    write_text(w, name);
    if (strcasecmp(name, "x-amz-security-token") == 0 ||
        (strcasecmp(name, "authorization") == 0 && !strcasestr(value, "Signature=")))
        jw_string(w, "***");
    else
        write_text(w, value);
    jw_end_array(w);
}

static void write_body(struct jw *w, const void *data, size_t len)
{
    size_t traced = MIN(len, (size_t)BODY_TRACED);

    jw_member_int(w, "length", (int64_t)len);
    if (utf8_valid(data, traced)) {
        jw_key(w, "body");
        jw_string_n(w, data, traced);
    } else {
        jw_key(w, "body_base64");
        jw_base64(w, data, traced);
    }
    if (traced < len)
        jw_member_bool(w, "truncated", true);
}

static void write_request(struct jw *w, const struct request *req)
{
    jw_key(w, "request");
    jw_begin_object(w);
    jw_member_string(w, "method", req->method);
    jw_key(w, "target");
    write_text(w, req->target);
    jw_member_string(w, "http", req->http2 ? "2" : "1.1");
    jw_key(w, "headers");
    jw_begin_array(w);
    for (size_t i = 0; i < req->header_count; i++)
        write_header(w, req->headers[i].name, req->headers[i].value);
    jw_end_array(w);
    write_body(w, req->body.data, req->body.len);
    jw_end_object(w);
}

static void write_response(struct jw *w, const struct request *req)
{
    const struct response *r = &req->response;

    jw_key(w, "response");
    jw_begin_object(w);
    jw_member_int(w, "status", r->status);
    jw_key(w, "headers");
    jw_begin_array(w);
    for (size_t i = 0; i < r->header_count; i++)
        write_header(w, r->headers[i].name, r->headers[i].value);
    jw_end_array(w);
    if (r->kind == BODY_BYTES)
        write_body(w, r->bytes.data ? r->bytes.data : "", r->bytes.len);
    else if (r->kind == BODY_FILE)
        jw_member_int(w, "length", r->file_length);
    jw_end_object(w);
}

static const char *protocol_name(unsigned protocol)
{
    static const char *const names[] = {"json-1.0", "json-1.1",    "query",   "rest-json",
                                        "rest-xml", "rpc-v2-cbor", "cbor-1.1"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (protocol & 1U << i)
            return names[i];
    return NULL;
}

void trace_request(struct trace *t, const struct request *req, double ms)
{
    struct strbuf line = STRBUF_INIT(LINE_MAX_BYTES);
    char time[TIME_TEXT_MAX];
    struct jw w;

    time_iso8601(req->received_ms, true, time);
    jw_init(&w, &line);
    jw_begin_object(&w);
    jw_member_string(&w, "time", time);
    jw_member_string(&w, "account", req->account);
    jw_member_string(&w, "region", req->region);
    if (req->service)
        jw_member_string(&w, "service", req->service->model->service);
    if (req->service && req->operation)
        jw_member_string(&w, "operation", model_text(req->service->model, req->operation->name));
    jw_member_string(&w, "protocol", protocol_name(req->protocol));
    jw_key(&w, "ms");
    jw_double(&w, ms);
    if (req->failure.error)
        jw_member_string(&w, "error", req->failure.error->code);
    write_request(&w, req);
    write_response(&w, req);
    jw_end_object(&w);
    strbuf_add_char(&line, '\n');
    /* O_APPEND and one call: lines of threads do not mix. */
    if (!line.overflow && write(t->fd, line.data, line.len) != (ssize_t)line.len)
        log_error("trace: %s", strerror(errno));
    strbuf_release(&line);
}
