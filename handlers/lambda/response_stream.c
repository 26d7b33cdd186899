#include "handlers/lambda/response_stream.h"

#include "server/background.h"
#include "server/waitq.h"

enum { BUFFER_MAX = 8 * 1024 * 1024, LOOK_AGAIN_MS = 1000 };

struct response_stream {
    struct lambda *lambda;
    struct arena arena; /* copies for the function's side */
    struct lambda_function function;
    struct invocation run;
    struct response_sink sink;
    struct waitq *changed;
    pthread_mutex_t lock;
    /* under lock: */
    int sides;
    struct strbuf data; /* written and not taken yet */
    bool streamed;
    bool ended;
    bool dropped; /* nobody takes it any more */
    char content_type[128];
    enum pool_status status;
};

static void leave(struct response_stream *s)
{
    pthread_mutex_lock(&s->lock);
    bool last = --s->sides == 0;
    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;
    strbuf_release(&s->data);
    strbuf_release(&s->run.response);
    waitq_free(s->changed);
    pthread_mutex_destroy(&s->lock);
    arena_release(&s->arena);
    free(s);
}

/* --- the function's side --- */

static enum sink_result write_stream(void *context, const char *content_type, const void *data,
                                     size_t len)
{
    struct response_stream *s = context;
    enum sink_result result = SINK_TAKEN;

    pthread_mutex_lock(&s->lock);
    if (!s->streamed) {
        s->streamed = true;
        snprintf(s->content_type, sizeof(s->content_type), "%s", content_type ? content_type : "");
    }
    if (s->dropped)
        result = SINK_TAKEN;
    else if (s->data.len && s->data.len + len > BUFFER_MAX)
        result = SINK_FULL;
    else
        strbuf_add(&s->data, data, len);
    pthread_mutex_unlock(&s->lock);
    if (result == SINK_TAKEN)
        waitq_wake(s->changed);
    return result;
}

static void run(struct background_task *task, void *context)
{
    struct response_stream *s = context;

    s->run.stop_fd = background_stop_fd(task);
    enum pool_status status = lambda_run(s->lambda, &s->function, &s->run);
    pthread_mutex_lock(&s->lock);
    s->status = status;
    s->ended = true;
    /* An answer that came whole is its only chunk. */
    if (status == POOL_RAN && !s->run.function_error && !s->streamed && !s->dropped)
        strbuf_add(&s->data, s->run.response.data ? s->run.response.data : "", s->run.response.len);
    waitq_wake(s->changed);
    pthread_mutex_unlock(&s->lock);
    leave(s);
}

static const char *copy(struct arena *a, const char *text)
{
    return text ? arena_strdup(a, text) : NULL;
}

/* What running needs of a function, for as long as the arena lives. */
static struct lambda_function copy_function(struct arena *a, const struct lambda_function *f)
{
    struct lambda_function c = *f;
    const char **const texts[] = {
        &c.account,     &c.region,         &c.name,          &c.role,
        &c.runtime,     &c.handler,        &c.description,   &c.architecture,
        &c.environment, &c.kms_key_arn,    &c.tracing,       &c.log_group,
        &c.revision,    &c.code_id,        &c.code_sha256,   &c.layers,
        &c.dead_letter, &c.runtime_update, &c.runtime_arn,   &c.vpc,
        &c.hot_path,    &c.log_format,     &c.app_log_level, &c.system_log_level,
        &c.tags,        &c.signing_config, &c.recursion,     &c.qualifier,
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = copy(a, *texts[i]);
    return c;
}

struct response_stream *response_stream_start(struct lambda *l, const struct lambda_function *f,
                                              const struct invocation *in)
{
    struct response_stream *s = x_calloc(1, sizeof(*s));
    struct arena *a = &s->arena;

    arena_init(a);
    s->lambda = l;
    s->function = copy_function(a, f);
    s->sink = (struct response_sink){.write = write_stream, .context = s};
    s->run = (struct invocation){
        .request_id = copy(a, in->request_id),
        .payload = {.data = arena_memdup(a, in->payload.data, in->payload.len),
                    .len = in->payload.len},
        .client_context = copy(a, in->client_context),
        .function_arn = copy(a, in->function_arn),
        .sink = &s->sink,
    };
    strbuf_init(&s->data, BUFFER_MAX + RUNTIME_RESPONSE_MAX);
    s->changed = waitq_new();
    pthread_mutex_init(&s->lock, NULL);
    s->sides = 2;
    if (background_run(l->app->background, "lambda-stream", run, s))
        return s;
    s->sides = 1;
    leave(s);
    return NULL;
}

/* --- the request's side --- */

void response_stream_release(struct response_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->dropped = true;
    strbuf_clear(&s->data);
    pthread_mutex_unlock(&s->lock);
    leave(s);
}

/* Waits until there is something; false when abandoned. The ticket was taken before the look. */
static bool wait_for(struct response_stream *s, struct request *req, uint64_t ticket)
{
    return waitq_wait(s->changed, ticket, LOOK_AGAIN_MS, req->client_fd, req->app->stop_fd) !=
           WAIT_ABANDONED;
}

bool response_stream_wait(struct response_stream *s, struct request *req)
{
    for (;;) {
        uint64_t ticket = waitq_ticket(s->changed);

        pthread_mutex_lock(&s->lock);
        bool there = s->ended || s->streamed;
        pthread_mutex_unlock(&s->lock);
        if (there)
            return true;
        if (!wait_for(s, req, ticket))
            return false;
    }
}

enum stream_state response_stream_take(struct response_stream *s, struct request *req,
                                       struct strbuf *out)
{
    for (;;) {
        uint64_t ticket = waitq_ticket(s->changed);

        pthread_mutex_lock(&s->lock);
        bool ended = s->ended;
        size_t len = s->data.len;
        if (len) {
            strbuf_add(out, s->data.data, len);
            strbuf_clear(&s->data);
        }
        pthread_mutex_unlock(&s->lock);
        if (len)
            return STREAM_DATA;
        if (ended)
            return STREAM_ENDED;
        if (!wait_for(s, req, ticket))
            return STREAM_ABANDONED;
    }
}

const char *response_stream_type(struct response_stream *s)
{
    pthread_mutex_lock(&s->lock);
    const char *type = s->content_type[0] ? s->content_type : NULL;
    pthread_mutex_unlock(&s->lock);
    return type;
}

bool response_stream_is_streamed(struct response_stream *s)
{
    pthread_mutex_lock(&s->lock);
    bool streamed = s->streamed;
    pthread_mutex_unlock(&s->lock);
    return streamed;
}

struct stream_end response_stream_end(struct response_stream *s)
{
    struct stream_end end = {0};

    pthread_mutex_lock(&s->lock);
    if (s->ended)
        end = (struct stream_end){.ended = true, .status = s->status, .run = &s->run};
    pthread_mutex_unlock(&s->lock);
    return end;
}
