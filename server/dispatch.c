/*
 * The pipeline. Every stage is a function that returns 0, or -1 after aws_fail(): begin() and run()
 * call them one after another. Whatever fails is answered by protocol_encode_error() in the
 * client's own protocol.
 *
 * A request that touches services is inside the app's gate from serve() until done(), since a
 * streamed answer is made after serve() has returned.
 */
#include "server/dispatch.h"

#include "server/app.h"
#include "server/auth/auth.h"
#include "server/base/encode.h"
#include "server/base/log.h"
#include "server/config.h"
#include "server/gate.h"
#include "server/guard.h"
#include "server/internal.h"
#include "server/model/validate.h"
#include "server/protocol/protocol.h"
#include "server/route.h"
#include "server/service.h"
#include "server/take_body.h"
#include "server/trace.h"
#include "server/virtual_host.h"

enum { QUICK_BODY_MAX = 32 * 1024 }; /* of requests that may be quick */

struct dispatch_state {
    struct auth_result auth;
    bool is_internal;
    bool inside;                      /* the gate */
    const struct service *address_of; /* whose own address was called, NULL: the server's */
    void *in;
    void *out;
    struct cors_answer cors; /* of service->cors */
};

/* --- before the body has come --- */

static void identify(struct request *req)
{
    struct dispatch_state *d = req->dispatch;
    const struct config *config = req->app->config;

    auth_parse(req, &d->auth);
    auth_identify(req, &d->auth, config->account);
    if (d->auth.kind == AUTH_NONE || d->auth.kind == AUTH_OTHER)
        snprintf(req->region, sizeof(req->region), "%s", config->region);
}

static void name_request(struct request *req)
{
    if (req->service && req->service->request_id_form == REQUEST_ID_ALNUM_52)
        random_text(req->request_id, 52, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    else
        uuid_v4(req->request_id);
    if (req->service && req->service->id_2_len) {
        size_t len = req->service->id_2_len;
        uint8_t *bytes = arena_alloc(&req->arena, len);
        char *id = arena_alloc(&req->arena, BASE64_LEN(len) + 1);

        random_bytes(bytes, len);
        base64_encode(bytes, len, id);
        req->id_2 = id;
    }
}

static bool waits_to_be_asked(const struct request *req)
{
    const char *expect = request_header(req, "expect");

    return expect && strcasecmp(expect, "100-continue") == 0;
}

static int precheck(struct request *req)
{
    const struct service *s = req->service;
    int rc = 0;

    if (!s || !s->precheck || !req->operation || req->shared_thread || !waits_to_be_asked(req))
        return 0;
    gate_enter(req->app->gate);
    if (!s->open || service_state(req->app, s))
        rc = s->precheck(req);
    gate_leave(req->app->gate);
    return rc;
}

static const struct service *find_address(const struct request *req)
{
    for (size_t i = 0; i < service_count; i++)
        if (service_registry[i]->is_own_address && service_registry[i]->is_own_address(req))
            return service_registry[i];
    return NULL;
}

static int begin(struct request *req)
{
    struct dispatch_state *d = ARENA_NEW(&req->arena, struct dispatch_state);

    req->dispatch = d;
    identify(req);
    d->address_of = find_address(req);
    if (d->address_of) {
        name_request(req);
        return 0;
    }
    virtual_host_apply(req, &d->auth);
    d->is_internal = internal_is_meant(req, &d->auth);
    if (!d->is_internal)
        route_by_head(req, &d->auth);
    name_request(req);
    if (guard_check(req))
        return -1;
    if (d->is_internal)
        return 0;
    if (take_body_begin(req, &d->auth))
        return -1;
    if (req->operation && req->service->begin && req->service->begin(req))
        return -1;
    return precheck(req);
}

/* --- quick requests --- */

/* What follows a line's start in the text of a head, NULL when no line starts so. The first line is
 * the request's, not a header's. */
static const char *find_in_head(const char *head, const char *line_start)
{
    const char *found = strcasestr(head, line_start);

    if (!found)
        return NULL;
    found += strlen(line_start);
    return found + strspn(found, " \t");
}

/* Clients of services with quick operations, but for those that send much at once. */
static bool expects_quick(const char *head, size_t len)
{
    AUTO_FREE char *text = x_asprintf("%.*s", (int)len, head);
    const char *target = find_in_head(text, "\nx-amz-target:");
    const char *length = find_in_head(text, "\ncontent-length:");
    const struct service *s = target ? route_service_of_target(target) : NULL;

    return s && s->quick && length && strtoul(length, NULL, 10) <= QUICK_BODY_MAX;
}

static bool is_quick_operation(const struct service *s, const struct operation *op)
{
    const char *name = op ? model_text(s->model, op->name) : NULL;

    for (const char *const *quick = op ? s->quick : NULL; quick && *quick; quick++)
        if (str_eq(*quick, name))
            return true;
    return false;
}

/* What a fiber can be given: small requests of quick operations, and refusals, while no reset is
 * under way. */
static bool is_quick(struct request *req)
{
    struct dispatch_state *d = req->dispatch;

    if (d->is_internal || d->address_of)
        return false;
    if (!req->failure.error &&
        (!is_quick_operation(req->service, req->operation) || body_size(req) > QUICK_BODY_MAX))
        return false;
    d->inside = gate_try_enter(req->app->gate);
    return d->inside;
}

/* --- with the body --- */

static int find_operation(struct request *req)
{
    const struct service *s;

    if (route_by_body(req, &req->dispatch->auth))
        return -1;
    s = req->service;
    if (!s->handlers ||
        !s->model->has_handler(s->handlers, (uint16_t)(req->operation - s->model->operations)))
        return aws_fail(req, &cadabra_NotImplemented,
                        "cadabra has not built %s:%s yet; `cadabra ops` lists what works.",
                        s->model->service, model_text(s->model, req->operation->name));
    if (s->open && !service_state(req->app, s))
        return aws_fail_internal(req); /* a reset could not open it again */
    return 0;
}

static int authorise(struct request *req)
{
    const struct auth_result *auth = &req->dispatch->auth;

    return req->app->config->auth_verify ? auth_verify(req, auth) : auth_check_expiry(req, auth);
}

static int decode(struct request *req)
{
    struct dispatch_state *d = req->dispatch;

    d->in = arena_zalloc(&req->arena, req->operation->input_size);
    d->out = arena_zalloc(&req->arena, req->operation->output_size);
    return protocol_decode(req, req->service->model, req->operation, d->in);
}

static int validate(struct request *req)
{
    const struct service *s = req->service;

    if (s->validate)
        return s->validate(req, req->dispatch->in);
    return validate_input(req, s->model, req->operation, req->dispatch->in);
}

static int call(struct request *req)
{
    const struct service *s = req->service;
    uint16_t index = (uint16_t)(req->operation - s->model->operations);

    if (s->model->call(s->handlers, index, req, req->dispatch->in, req->dispatch->out) == 0)
        return 0;
    return req->failure.error ? -1 : aws_fail_internal(req);
}

static int encode(struct request *req)
{
    protocol_encode(req, req->service->model, req->operation, req->dispatch->out);
    if (req->response.kind == BODY_BYTES && req->response.bytes.overflow) {
        log_error("the answer to %s:%s is larger than %zu bytes", req->service->model->service,
                  model_text(req->service->model, req->operation->name), req->response.bytes.max);
        return aws_fail_internal(req);
    }
    return 0;
}

/* True when the service has answered, or failed, what is no operation of its model. */
static bool answer_other(struct request *req)
{
    const struct service *s = req->service;

    return !req->failure.error && req->body_state == BODY_WHOLE && s && s->answer_other &&
           !req->operation && (!s->open || service_state(req->app, s)) && s->answer_other(req);
}

/* Pages of other origins, where the service has rules for them. */
static int check_page(struct request *req)
{
    const struct service *s = req->service;

    if (!guard_defers(req) || guard_is_preflight(req) || (s->open && !service_state(req->app, s)) ||
        s->cors(req, &req->dispatch->cors))
        return 0;
    return guard_refuse(req);
}

static int run(struct request *req)
{
    if (check_page(req))
        return -1;
    if (answer_other(req))
        return req->failure.error ? -1 : 0;
    if (take_body_check(req) || find_operation(req) || authorise(req) || decode(req) ||
        validate(req) || call(req))
        return -1;
    return encode(req);
}

/* --- the answer --- */

static void add_request_id(struct request *req)
{
    const struct service *s = req->service;

    if (s && s->model->protocols & PROTOCOL_REST_XML)
        response_set_header(req, "x-amz-request-id", req->request_id);
    else
        response_set_header(req, "x-amzn-RequestId", req->request_id);
    if (req->id_2)
        response_set_header(req, "x-amz-id-2", req->id_2);
}

/* W10: of the exact bytes of the body. */
static void add_crc32(struct request *req)
{
    const struct response *r = &req->response;

    if (req->service && req->service->crc32_header && r->kind <= BODY_BYTES)
        response_set_header(
            req, "x-amz-crc32",
            arena_printf(&req->arena, "%" PRIu32,
                         crc32_of(r->bytes.data ? r->bytes.data : "", r->bytes.len)));
}

/* A service's own address: HTTP as it comes, not an operation. */
static void serve_address(struct request *req)
{
    struct dispatch_state *d = req->dispatch;
    const struct service *s = d->address_of;

    gate_enter(req->app->gate);
    d->inside = true;
    /* The words of a refusal would be the service's. */
    req->service = s;
    if (req->app->config->auth_verify && req->access_key)
        auth_verify(req, &d->auth);
    if (!s->open || service_state(req->app, s))
        s->answer_own_address(req);
    else
        req->response.status = 503;
    add_request_id(req);
}

static void serve(struct request *req)
{
    struct dispatch_state *d = req->dispatch;

    if (d->address_of) {
        serve_address(req);
        return;
    }
    if (!req->failure.error && guard_is_preflight(req) && !guard_defers(req)) {
        guard_answer_preflight(req);
    } else if (!req->failure.error && d->is_internal) {
        internal_answer(req);
    } else {
        if (!d->inside)
            gate_enter(req->app->gate);
        d->inside = true;
        if (run(req))
            protocol_encode_error(req);
        add_request_id(req);
        add_crc32(req);
        for (size_t i = 0; i < d->cors.count; i++)
            response_header(req, d->cors.headers[i].name, d->cors.headers[i].value);
    }
    guard_add_headers(req);
}

/* --- afterwards --- */

static void write_log(struct request *req, int64_t us)
{
    const struct model *m = req->service ? req->service->model : NULL;
    const char *error = req->failure.error ? req->failure.error->code : "";
    const char *operation;

    if (!log_enabled(LOG_LEVEL_INFO))
        return;
    if (m && req->operation)
        operation = model_text(m, req->operation->name);
    else
        operation = arena_printf(&req->arena, "%.16s %.200s", req->method, req->path);
    log_info("%s %s %s %s %u%s%s %" PRId64 ".%d ms", req->account, req->region,
             m ? m->service : "-", operation, req->response.status, *error ? " " : "", error,
             us / 1000, (int)(us % 1000 / 100));
}

static void done(struct request *req)
{
    int64_t us = clock_monotonic_us() - req->received_mono_us;

    if (req->dispatch->inside)
        gate_leave(req->app->gate);
    write_log(req, us);
    if (req->app->trace)
        trace_request(req->app->trace, req, (double)us / 1000);
}

const struct endpoint_handler dispatch_handler = {
    .expects_quick = expects_quick,
    .begin = begin,
    .is_quick = is_quick,
    .serve = serve,
    .done = done,
};
