#include "server/internal.h"

#include "server/app.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"
#include "server/base/log.h"
#include "server/config.h"
#include "server/gate.h"
#include "server/route.h"
#include "server/service.h"
#include "server/version.h"

static void answer_text(struct request *req, uint16_t status, const char *type, const char *text)
{
    req->response.status = status;
    req->response.kind = BODY_BYTES;
    response_header(req, "Content-Type", type);
    strbuf_add_text(&req->response.bytes, text);
}

/* {"key": "value"} */
static void answer_json(struct request *req, uint16_t status, const char *key, const char *value)
{
    struct jw w;

    answer_text(req, status, "application/json", "");
    jw_init(&w, &req->response.bytes);
    jw_begin_object(&w);
    jw_member_string(&w, key, value);
    jw_end_object(&w);
}

static void answer_landing(struct request *req)
{
    answer_text(req, 200, "text/plain; charset=utf-8",
                "cadabra " CADABRA_VERSION ", a local AWS for data pipelines.\n"
                "\n"
                "Point an AWS client here, for example:\n"
                "  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=test "
                "AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1\n"
                "  aws kinesis list-streams\n"
                "\n"
                "GET /_cadabra/health tells how the services are.\n");
}

static const char *service_health(struct app *app, size_t index)
{
    return service_registry[index]->open && !app->service_states[index] ? "error" : "running";
}

static void answer_health(struct request *req)
{
    struct jw w;

    req->response.status = 200;
    req->response.kind = BODY_BYTES;
    response_header(req, "Content-Type", "application/json");
    jw_init(&w, &req->response.bytes);
    jw_begin_object(&w);
    jw_key(&w, "services");
    jw_begin_object(&w);
    for (size_t i = 0; i < service_count; i++)
        if (service_registry[i]->handlers)
            jw_member_string(&w, service_registry[i]->model->service, service_health(req->app, i));
    jw_end_object(&w);
    jw_member_string(&w, "version", CADABRA_VERSION);
    jw_member_string(&w, "edition", "cadabra");
    jw_end_object(&w);
}

static void answer_reset(struct request *req)
{
    switch (app_reset(req->app)) {
    case APP_RESET_DONE:
        answer_json(req, 200, "status", "ok");
        return;
    case APP_RESET_BUSY:
        answer_json(req, 503, "message",
                    "A request has not ended in time; nothing was changed. Try again.");
        return;
    case APP_RESET_FAILED:
        break;
    }
    answer_json(req, 500, "message", "The reset has failed; the log says why.");
}

/* {"advance_ms": N} */
static bool read_advance(struct request *req, int64_t *out_ms)
{
    struct jr r;
    struct jr_text key, number;
    bool found = false;

    jr_init(&r, req->body.data, req->body.len, &req->arena, 8);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        char *end, text[24];

        if (!jr_text_eq(key, "advance_ms")) {
            jr_skip(&r, NULL);
            continue;
        }
        if (!jr_number(&r, &number) || number.len >= sizeof(text))
            return false;
        memcpy(text, number.data, number.len);
        text[number.len] = '\0';
        *out_ms = strtoll(text, &end, 10);
        found = *end == '\0';
    }
    return jr_finish(&r) && found;
}

static void answer_clock(struct request *req)
{
    const int64_t year_ms = 366LL * 86400000;
    int64_t advance_ms = 0;
    char now[TIME_TEXT_MAX];

    if (!req->app->config->test_clock) {
        answer_json(req, 403, "message",
                    "The clock can be moved only when cadabra was started with --test-clock.");
    } else if (!read_advance(req, &advance_ms) || advance_ms < 0 || advance_ms > 10 * year_ms) {
        answer_json(req, 400, "message", "Give {\"advance_ms\": N}, with N from 0 to ten years.");
    } else {
        req->app->clock.offset_ms += advance_ms;
        time_iso8601(clock_now_ms(&req->app->clock), true, now);
        answer_json(req, 200, "now", now);
    }
}

static void answer_not_found(struct request *req)
{
    answer_json(req, 404, "message",
                "There is nothing here. GET /_cadabra/health, POST /_cadabra/reset.");
}

static const struct internal {
    const char *method;
    const char *path;
    void (*answer)(struct request *req);
} table[] = {
    {"GET", "/_cadabra/health", answer_health},    {"HEAD", "/_cadabra/health", answer_health},
    {"GET", "/_localstack/health", answer_health}, {"HEAD", "/_localstack/health", answer_health},
    {"POST", "/_cadabra/reset", answer_reset},     {"POST", "/moto-api/reset", answer_reset},
    {"POST", "/_cadabra/clock", answer_clock},
};

static const struct internal *find(const struct request *req)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_eq(table[i].method, req->method) && str_eq(table[i].path, req->path))
            return &table[i];
    return NULL;
}

/* Paths below /_cadabra/<service>/ are the service's, and those below /_aws/<service>/, where other
 * local servers answer. */
static const char *after_prefix(const char *path)
{
    static const char *const prefixes[] = {"/_cadabra/", "/_aws/"};

    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_starts(path, prefixes[i]))
            return path + strlen(prefixes[i]);
    return NULL;
}

static bool answer_by_service(struct request *req)
{
    const char *rest = after_prefix(req->path);
    bool answered = false;

    for (size_t i = 0; rest && i < service_count && !answered; i++) {
        const struct service *s = service_registry[i];
        size_t len = strlen(s->model->service);

        if (!s->answer_own || strncmp(rest, s->model->service, len) != 0 || rest[len] != '/')
            continue;
        gate_enter(req->app->gate);
        answered = s->answer_own(req);
        gate_leave(req->app->gate);
    }
    return answered;
}

static bool is_landing(const struct request *req)
{
    return (str_eq(req->method, "GET") || str_eq(req->method, "HEAD")) &&
           str_eq(req->target, "/") && !request_header(req, "x-amz-target");
}

bool internal_is_meant(const struct request *req, const struct auth_result *auth)
{
    if (req->resource) /* a bucket named by the host may hold any path */
        return false;
    return (str_starts(req->path, "/_") && !route_is_own_path(req)) || find(req) ||
           (is_landing(req) && auth->service[0] == '\0');
}

void internal_answer(struct request *req)
{
    const struct internal *entry = find(req);

    if (entry)
        entry->answer(req);
    else if (is_landing(req))
        answer_landing(req);
    else if (!answer_by_service(req))
        answer_not_found(req);
}
