/*
 * An extension registers, then asks for the next event again and again; that request waits here
 * until there is one. One event at a time: the sandbox offers the next when all wait again.
 */
#include "handlers/lambda/extensions.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include "server/base/digest.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"
#include "server/net/request.h"

#define EXTENSION_PREFIX "/2020-01-01/extension"
#define LOGS_PATH "/2020-08-15/logs"
#define TELEMETRY_PATH "/2022-07-01/telemetry"

enum { EVENT_MAX = 64 * 1024, NAME_MAX_LEN = 128, DEPTH_MAX = 8 };

struct extension {
    char name[NAME_MAX_LEN];
    char id[37];
    bool wants_invoke;
    bool wants_shutdown;
    bool waiting;
    bool offered; /* the event is for it, too */
    unsigned waiter;
};

struct extensions {
    int wake_fd;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under lock: */
    struct extensions_function function;
    const char *expected[EXTENSIONS_MAX]; /* names of programs */
    size_t expected_count;
    bool invoked; /* the first event has been told: it is too late to register */
    struct extension items[EXTENSIONS_MAX];
    size_t count;
    struct strbuf event; /* JSON */
    bool closing;
    bool failed;
    char failure[128];
};

struct extensions *extensions_new(int wake_fd)
{
    struct extensions *e = x_calloc(1, sizeof(*e));

    e->wake_fd = wake_fd;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    strbuf_init(&e->event, EVENT_MAX);
    return e;
}

void extensions_free(struct extensions *e)
{
    if (!e)
        return;
    strbuf_release(&e->event);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

void extensions_close(struct extensions *e)
{
    pthread_mutex_lock(&e->lock);
    e->closing = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

void extensions_expect(struct extensions *e, const struct extensions_function *f,
                       const char *const *names, size_t count)
{
    pthread_mutex_lock(&e->lock);
    e->function = *f;
    e->expected_count = MIN(count, (size_t)EXTENSIONS_MAX);
    if (e->expected_count)
        memcpy(e->expected, names, e->expected_count * sizeof(*names));
    pthread_mutex_unlock(&e->lock);
}

/* --- answers --- */

static void refuse(struct request *req, uint16_t status, const char *type, const char *text)
{
    struct jw w;

    req->response.status = status;
    req->response.kind = BODY_BYTES;
    response_set_header(req, "Content-Type", "application/json");
    jw_init(&w, &req->response.bytes);
    jw_begin_object(&w);
    jw_member_string(&w, "errorMessage", text);
    jw_member_string(&w, "errorType", type);
    jw_end_object(&w);
}

static void answer_status(struct request *req, uint16_t status)
{
    req->response.status = status;
    req->response.kind = BODY_BYTES;
    response_set_header(req, "Content-Type", "application/json");
    strbuf_add_text(&req->response.bytes, "{\"status\":\"OK\"}");
}

/* {"events": ["INVOKE", "SHUTDOWN"]}; false after answering when it names another one. */
static bool read_events(struct request *req, struct extension *x)
{
    struct jr_text key, text;
    const char *unknown = NULL;
    struct jr r;

    jr_init(&r, req->body.data, req->body.len, &req->arena, DEPTH_MAX);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (!jr_text_eq(key, "events")) {
            jr_skip(&r, NULL);
            continue;
        }
        for (jr_enter_array(&r); jr_next_item(&r);) {
            if (!jr_string(&r, &text))
                break;
            bool invoke = jr_text_eq(text, "INVOKE");
            bool shutdown = jr_text_eq(text, "SHUTDOWN");
            x->wants_invoke = x->wants_invoke || invoke;
            x->wants_shutdown = x->wants_shutdown || shutdown;
            if (!invoke && !shutdown)
                unknown = arena_printf(&req->arena, "%.*s", (int)MIN(text.len, (size_t)64),
                                       (const char *)text.data);
        }
    }
    if (!jr_finish(&r))
        refuse(req, 403, "InvalidRequestFormat", "The body is not JSON");
    else if (unknown)
        refuse(req, 403, "Extension.InvalidEventType",
               arena_printf(&req->arena, "%s: ErrorInvalidEventType", unknown));
    else
        return true;
    return false;
}

/* Whether it is a program of its own, and no thread of the runtime. The caller holds the lock. */
static bool is_external(const struct extensions *e, const char *name)
{
    for (size_t i = 0; i < e->expected_count; i++) {
        if (str_eq(e->expected[i], name))
            return true;
    }
    return false;
}

/* Keeps it; else says why it cannot. The caller holds the lock. */
static const char *add(struct extensions *e, const struct extension *x, const char **out_text)
{
    for (size_t i = 0; i < e->count; i++) {
        if (str_eq(e->items[i].name, x->name)) {
            *out_text = "Extension with this name already registered";
            return "Extension.AlreadyRegistered";
        }
    }
    if (e->invoked) {
        *out_text = "Extension registration closed already";
        return "Extension.RegistrationClosed";
    }
    if (x->wants_shutdown && !is_external(e, x->name)) {
        *out_text = "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension";
        return "Extension.InvalidEventType";
    }
    if (e->count == EXTENSIONS_MAX) {
        *out_text = "Extension limit (10) reached";
        return "Extension.TooManyExtensions";
    }
    e->items[e->count++] = *x;
    return NULL;
}

static void register_extension(struct extensions *e, struct request *req)
{
    const char *name = request_header(req, "Lambda-Extension-Name");
    const char *features = request_header(req, "Lambda-Extension-Accept-Feature");
    struct extension x = {0};
    const char *text;
    struct jw w;

    if (!name || !*name || strlen(name) >= sizeof(x.name)) {
        refuse(req, 403, "Extension.InvalidExtensionName", "Empty extension name");
        return;
    }
    if (!read_events(req, &x))
        return;
    snprintf(x.name, sizeof(x.name), "%s", name);
    uuid_v4(x.id);
    pthread_mutex_lock(&e->lock);
    const char *problem = add(e, &x, &text);
    struct extensions_function f = e->function;
    pthread_mutex_unlock(&e->lock);
    if (problem) {
        refuse(req, 403, problem, text);
        return;
    }
    answer_status(req, 200);
    strbuf_clear(&req->response.bytes);
    response_header(req, "Lambda-Extension-Identifier", arena_strdup(&req->arena, x.id));
    jw_init(&w, &req->response.bytes);
    jw_begin_object(&w);
    jw_member_string(&w, "functionName", f.name);
    jw_member_string(&w, "functionVersion", f.version);
    jw_member_string(&w, "handler", f.handler);
    if (features && strstr(features, "accountId"))
        jw_member_string(&w, "accountId", f.account);
    jw_end_object(&w);
    eventfd_write(e->wake_fd, 1);
}

/* The caller holds the lock. */
static struct extension *find(struct extensions *e, const struct request *req)
{
    const char *id = request_header(req, "Lambda-Extension-Identifier");

    for (size_t i = 0; id && i < e->count; i++) {
        if (str_eq(e->items[i].id, id))
            return &e->items[i];
    }
    return NULL;
}

static void refuse_unknown(struct request *req)
{
    const char *id = request_header(req, "Lambda-Extension-Identifier");

    if (!id)
        refuse(req, 403, "Extension.MissingExtensionIdentifier",
               "Missing Lambda-Extension-Identifier header");
    else
        refuse(req, 403, "Extension.UnknownExtensionIdentifier",
               arena_printf(&req->arena, "Unknown extension %.64s", id));
}

static void serve_next(struct extensions *e, struct request *req)
{
    pthread_mutex_lock(&e->lock);
    struct extension *x = find(e, req);
    if (!x) {
        pthread_mutex_unlock(&e->lock);
        refuse_unknown(req);
        return;
    }
    unsigned me = ++x->waiter;
    x->waiting = true;
    pthread_cond_broadcast(&e->changed);
    eventfd_write(e->wake_fd, 1);
    while (!e->closing && !x->offered && x->waiter == me)
        pthread_cond_wait(&e->changed, &e->lock);
    if (x->offered && x->waiter == me) {
        x->offered = false;
        x->waiting = false;
        answer_status(req, 200);
        strbuf_clear(&req->response.bytes);
        strbuf_add(&req->response.bytes, e->event.data, e->event.len);
    } else {
        refuse(req, 403, "InvalidStateTransition", "State transition is not allowed");
    }
    pthread_mutex_unlock(&e->lock);
}

static void take_failure(struct extensions *e, struct request *req)
{
    const char *type = request_header(req, "Lambda-Extension-Function-Error-Type");

    pthread_mutex_lock(&e->lock);
    bool known = find(e, req) != NULL;
    if (known && type && *type) {
        e->failed = true;
        snprintf(e->failure, sizeof(e->failure), "%s", type);
    }
    pthread_mutex_unlock(&e->lock);
    if (!known) {
        refuse_unknown(req);
        return;
    }
    if (!type || !*type) {
        refuse(req, 403, "Extension.MissingHeader",
               "Lambda-Extension-Function-Error-Type not found");
        return;
    }
    answer_status(req, 202);
    eventfd_write(e->wake_fd, 1);
}

bool extensions_serve(struct extensions *e, struct request *req)
{
    bool post = str_eq(req->method, "POST");

    /* AWS: its own local runtime answers so where there is no telemetry; extensions know it. */
    if (str_eq(req->path, LOGS_PATH)) {
        refuse(req, 202, "Logs.NotSupported", "Logs API is not supported");
        return true;
    }
    if (str_eq(req->path, TELEMETRY_PATH)) {
        refuse(req, 202, "Telemetry.NotSupported", "Telemetry API is not supported");
        return true;
    }
    if (!str_starts(req->path, EXTENSION_PREFIX "/"))
        return false;
    const char *path = req->path + strlen(EXTENSION_PREFIX);
    if (post && str_eq(path, "/register"))
        register_extension(e, req);
    else if (!post && str_eq(path, "/event/next"))
        serve_next(e, req);
    else if (post && (str_eq(path, "/init/error") || str_eq(path, "/exit/error")))
        take_failure(e, req);
    else
        refuse(req, 404, "InvalidPath", "No such path");
    return true;
}

/* --- the sandbox's side --- */

bool extensions_ready(struct extensions *e)
{
    pthread_mutex_lock(&e->lock);
    bool ready = e->count >= e->expected_count;
    for (size_t i = 0; ready && i < e->count; i++)
        ready = e->items[i].waiting;
    pthread_mutex_unlock(&e->lock);
    return ready;
}

bool extensions_any(struct extensions *e)
{
    pthread_mutex_lock(&e->lock);
    bool any = e->count || e->expected_count;
    pthread_mutex_unlock(&e->lock);
    return any;
}

bool extensions_failed(struct extensions *e, char *type)
{
    pthread_mutex_lock(&e->lock);
    bool failed = e->failed;
    if (failed)
        memcpy(type, e->failure, sizeof(e->failure));
    pthread_mutex_unlock(&e->lock);
    return failed;
}

/* Offers the event to those that want it; the caller holds the lock. */
static size_t offer(struct extensions *e, bool shutdown)
{
    size_t n = 0;

    for (size_t i = 0; i < e->count; i++) {
        struct extension *x = &e->items[i];

        x->offered = shutdown ? x->wants_shutdown : x->wants_invoke;
        n += x->offered;
    }
    pthread_cond_broadcast(&e->changed);
    return n;
}

void extensions_invoke(struct extensions *e, const struct extensions_event *event)
{
    struct jw w;

    pthread_mutex_lock(&e->lock);
    e->invoked = true;
    if (e->count) {
        strbuf_clear(&e->event);
        jw_init(&w, &e->event);
        jw_begin_object(&w);
        jw_member_string(&w, "eventType", "INVOKE");
        jw_member_int(&w, "deadlineMs", event->deadline_ms);
        jw_member_string(&w, "requestId", event->request_id);
        jw_member_string(&w, "invokedFunctionArn", event->function_arn);
        jw_key(&w, "tracing");
        jw_begin_object(&w);
        jw_member_string(&w, "type", "X-Amzn-Trace-Id");
        jw_member_string(&w, "value", event->trace_id);
        jw_end_object(&w);
        jw_end_object(&w);
        offer(e, false);
    }
    pthread_mutex_unlock(&e->lock);
}

bool extensions_shutdown(struct extensions *e, const char *reason, int64_t deadline_ms)
{
    struct jw w;

    pthread_mutex_lock(&e->lock);
    strbuf_clear(&e->event);
    jw_init(&w, &e->event);
    jw_begin_object(&w);
    jw_member_string(&w, "eventType", "SHUTDOWN");
    jw_member_string(&w, "shutdownReason", reason);
    jw_member_int(&w, "deadlineMs", deadline_ms);
    jw_end_object(&w);
    size_t told = e->count ? offer(e, true) : 0;
    pthread_mutex_unlock(&e->lock);
    return told > 0;
}
