#include "handlers/sns/lanes.h"

#include "handlers/common/http_client.h"
#include "handlers/sns/fanout.h"
#include "handlers/sns/status_log.h"
#include "server/background.h"
#include "server/base/log.h"
#include "server/waitq.h"

#include <pthread.h>

enum {
    LANES_MAX = 32,            /* that deliver at the same time */
    TIMEOUT_MS = 15 * 1000,    /* AWS: an endpoint has so long to answer */
    ANSWER_MAX = 64 * 1024,    /* nobody reads what it says */
    LOOK_AGAIN_MS = 1000,      /* the clock may be moved */
    FOUND_MAX = 2 * LANES_MAX, /* lanes that are looked at in one go */
    TURN_MAX = 64,             /* deliveries before others get their turn */
    HEADERS_MAX = 9,
};

struct sns_lanes {
    struct sns *sns;
    struct waitq *changed;
    pthread_mutex_t lock;
    /* Under lock: */
    bool dispatching;
    int64_t busy[LANES_MAX]; /* lanes that deliver; 0 is free */
    /* The dispatcher's own: */
    int64_t last; /* lane that was started last, so that all get their turn */
};

struct worker {
    struct sns_lanes *lanes;
    int64_t lane;
};

/* --- one delivery --- */

static enum http_outcome post(struct http_client *client, const struct sns_delivery *d, int stop_fd,
                              struct arena *a, int *out_status, const char **out_problem)
{
    struct http_header headers[HEADERS_MAX] = {
        {"x-amz-sns-message-type", d->type},
        {"x-amz-sns-message-id", d->message_id},
        {"x-amz-sns-topic-arn", d->topic_arn},
        {"Content-Type", d->content_type},
        {"User-Agent", "Amazon Simple Notification Service Agent"},
        {"Accept-Encoding", "gzip,deflate"},
        {"Connection", "Keep-Alive"},
    };
    size_t count = 7;
    struct http_answer answer = {0};
    enum http_outcome outcome;

    if (d->subscription_arn)
        headers[count++] = (struct http_header){"x-amz-sns-subscription-arn", d->subscription_arn};
    if (d->raw)
        headers[count++] = (struct http_header){"x-amz-sns-rawdelivery", "true"};
    const struct http_call call = {
        .method = "POST",
        .url = d->endpoint,
        .headers = headers,
        .header_count = count,
        .body = {(const uint8_t *)d->body, strlen(d->body)},
        .timeout_ms = TIMEOUT_MS,
        .answer_max = ANSWER_MAX,
        .stop_fd = stop_fd,
    };
    outcome = http_client_call(client, &call, a, &answer, out_problem);
    *out_status = answer.status;
    return outcome;
}

/* AWS: what the client's side is to blame for is not tried again, but for 429. */
static bool is_permanent(enum http_outcome outcome, int status)
{
    if (outcome == HTTP_BAD_CALL)
        return true;
    return outcome == HTTP_ANSWERED && status >= 300 && status < 500 && status != 429;
}

/* The last word on a delivery. */
static void log_outcome(struct sns *sns, struct arena *a, const struct sns_delivery *d, int status,
                        bool success, const char *response)
{
    const struct sns_outcome outcome = {
        .topic_arn = d->topic_arn,
        .message_id = d->message_id,
        .protocol = "http",
        .destination = d->endpoint,
        .response = response,
        .status = status,
        .published_ms = d->accepted_ms,
        .attempts = d->attempts + 1,
        .success = success,
    };
    struct sns_topic_name name;
    struct sns_topic topic;

    if (d->subscription_arn && sns_topic_split(a, d->topic_arn, &name) &&
        sns_store_topic_find(sns->store, &name.scope, name.name, a, &topic) == STORE_OK)
        sns_log_outcome(sns, a, tags_from_json(a, topic.attributes), &outcome);
}

static void remove_delivery(struct sns *sns, struct arena *a, const struct sns_delivery *d,
                            int status, bool success, const char *response)
{
    sns_store_delivery_remove(sns->store, d->id);
    log_outcome(sns, a, d, status, success, response);
}

static void give_up(struct sns *sns, struct arena *a, const struct sns_delivery *d, int status,
                    const char *problem)
{
    const struct sns_dead_letter letter = {
        .queue_arn = d->dead_letter,
        .topic_arn = d->topic_arn,
        .body = d->body,
    };

    log_info("sns: message %s for %s was given up: %s", d->message_id, d->endpoint, problem);
    if (letter.queue_arn && !sns_dead_letter(sns, a, &letter))
        sns_store_delivery_delay(sns->store, d->id, d->attempts,
                                 clock_now_ms(&sns->app->clock) + LOOK_AGAIN_MS);
    else
        remove_delivery(sns, a, d, status, false, problem);
}

static void settle(struct sns *sns, struct arena *a, const struct sns_delivery *d,
                   enum http_outcome outcome, int status, const char *problem)
{
    struct sns_delivery_policy policy = sns_delivery_policy_effective(a, NULL, d->policy);
    int64_t delay_ms = sns_delivery_policy_delay_ms(&policy, d->attempts + 1);

    if (outcome == HTTP_TOO_LARGE || (outcome == HTTP_ANSWERED && status >= 200 && status < 300)) {
        remove_delivery(sns, a, d, status, true, NULL);
        return;
    }
    if (status)
        problem = arena_printf(a, "The endpoint answered with status %d", status);
    if (is_permanent(outcome, status) || delay_ms < 0)
        give_up(sns, a, d, status, problem ? problem : "The endpoint does not answer");
    else
        sns_store_delivery_delay(sns->store, d->id, d->attempts + 1,
                                 clock_now_ms(&sns->app->clock) + delay_ms);
}

/* False when there is nothing more to do for now. */
static bool deliver_next(struct sns *sns, struct background_task *task, struct http_client *client,
                         int64_t lane)
{
    struct sns_delivery d;
    const char *problem = NULL;
    int status = 0;
    bool more = false;
    struct arena a;

    arena_init(&a);
    if (sns_store_delivery_due(sns->store, lane, clock_now_ms(&sns->app->clock), &a, &d) ==
        STORE_OK) {
        enum http_outcome outcome =
            post(client, &d, background_stop_fd(task), &a, &status, &problem);
        struct sns_delivery_policy policy = sns_delivery_policy_effective(&a, NULL, d.policy);

        if (outcome != HTTP_STOPPED)
            settle(sns, &a, &d, outcome, status, problem);
        more = outcome == HTTP_ANSWERED; /* one that does not answer lets others go first */
        if (more && policy.per_second > 0)
            more = !background_sleep_ms(task, 1000 / policy.per_second);
    }
    arena_release(&a);
    return more && !background_stopping(task);
}

static void run_lane(struct background_task *task, void *context)
{
    struct worker w = *(struct worker *)context;
    struct http_client *client = http_client_new();

    free(context);
    for (int i = 0; i < TURN_MAX && deliver_next(w.lanes->sns, task, client, w.lane); i++) {
    }
    http_client_free(client);
    pthread_mutex_lock(&w.lanes->lock);
    for (size_t i = 0; i < LANES_MAX; i++) {
        if (w.lanes->busy[i] == w.lane)
            w.lanes->busy[i] = 0;
    }
    pthread_mutex_unlock(&w.lanes->lock);
    waitq_wake(w.lanes->changed);
}

/* --- the dispatcher --- */

/* False when the lane delivers already, or too many do. */
static bool claim(struct sns_lanes *l, int64_t lane)
{
    int64_t *slot = NULL;

    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < LANES_MAX; i++) {
        if (l->busy[i] == lane) {
            slot = NULL;
            break;
        }
        if (!l->busy[i] && !slot)
            slot = &l->busy[i];
    }
    if (slot)
        *slot = lane;
    pthread_mutex_unlock(&l->lock);
    return slot != NULL;
}

static void release(struct sns_lanes *l, int64_t lane)
{
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < LANES_MAX; i++) {
        if (l->busy[i] == lane)
            l->busy[i] = 0;
    }
    pthread_mutex_unlock(&l->lock);
}

static void start_lane(struct sns_lanes *l, int64_t lane)
{
    struct worker *w = x_calloc(1, sizeof(*w));

    *w = (struct worker){.lanes = l, .lane = lane};
    l->last = lane;
    if (background_run(l->sns->app->background, "sns-http", run_lane, w))
        return;
    free(w);
    release(l, lane);
}

/* Starts what is due. How long to wait for the next; -1: there is none. */
static int64_t start_due(struct sns_lanes *l)
{
    struct sns_lane found[FOUND_MAX];
    int64_t now_ms = clock_now_ms(&l->sns->app->clock), next_ms = INT64_MAX;
    size_t count;

    if (sns_store_lanes(l->sns->store, l->last, found, FOUND_MAX, &count) != STORE_OK)
        return LOOK_AGAIN_MS;
    for (size_t i = 0; i < count; i++) {
        if (found[i].due_ms > now_ms)
            next_ms = MIN(next_ms, found[i].due_ms);
        else if (claim(l, found[i].lane))
            start_lane(l, found[i].lane);
        else
            next_ms = now_ms + LOOK_AGAIN_MS; /* woken when a lane ends */
    }
    if (count == 0)
        return -1;
    return MIN(MAX(next_ms - now_ms, (int64_t)1), (int64_t)LOOK_AGAIN_MS);
}

static void dispatch(struct background_task *task, void *context)
{
    struct sns_lanes *l = context;

    while (!background_stopping(task)) {
        uint64_t ticket = waitq_ticket(l->changed);

        waitq_wait(l->changed, ticket, start_due(l), -1, background_stop_fd(task));
    }
}

void sns_lanes_wake(struct sns_lanes *l)
{
    pthread_mutex_lock(&l->lock);
    if (!l->dispatching)
        l->dispatching = background_run(l->sns->app->background, "sns-lanes", dispatch, l);
    pthread_mutex_unlock(&l->lock);
    waitq_wake(l->changed);
}

struct sns_lanes *sns_lanes_new(struct sns *sns)
{
    struct sns_lanes *l = x_calloc(1, sizeof(*l));
    struct sns_lane found;
    size_t count;

    l->sns = sns;
    l->changed = waitq_new();
    pthread_mutex_init(&l->lock, NULL);
    if (store_has(sns->app->store, "sns") &&
        sns_store_lanes(sns->store, 0, &found, 1, &count) == STORE_OK && count > 0)
        sns_lanes_wake(l);
    return l;
}

void sns_lanes_free(struct sns_lanes *l)
{
    if (!l)
        return;
    waitq_free(l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
