/*
 * Each append to a group with filters leaves a row in the store's outbox, in the same write as the
 * events. One background task takes the rows in order, filters their events, hands over what
 * matches and removes the row: so every event is delivered at least once, whatever happens to the
 * server.
 */
#include "handlers/logs/subscriptions.h"

#include <pthread.h>

#include "handlers/logs/filter_pattern.h"
#include "handlers/logs/operations.h"
#include "server/background.h"
#include "server/base/log.h"
#include "server/waitq.h"

enum { START_LOOK_MS = 5, RETRY_MS = 1000, RETRIES_MAX = 60, IDLE_MS = INT32_MAX };

struct subscriptions {
    struct logs *logs;
    struct waitq *changed;
    pthread_mutex_t lock;
    bool running; /* under lock */
};

/* --- one delivery --- */

static size_t select_events(const struct logs_delivery *d, const struct logs_outbox_event *events,
                            size_t count, struct arena *a, const struct logs_outbox_event **out)
{
    struct filter_pattern *pattern = filter_pattern_compile(a, d->subscription.pattern);
    struct arena scratch;
    size_t chosen = 0;

    arena_init(&scratch);
    for (size_t i = 0; pattern && i < count; i++) {
        if (filter_pattern_matches(pattern, events[i].text, strlen(events[i].text), &scratch))
            out[chosen++] = &events[i];
        arena_reset(&scratch);
    }
    arena_release(&scratch);
    return chosen;
}

static enum subscription_outcome deliver(struct subscriptions *s, const struct logs_delivery *d,
                                         struct arena *a)
{
    struct logs_outbox_event *events = ARENA_ARRAY(a, struct logs_outbox_event, LOGS_EVENTS_MAX);
    const struct logs_outbox_event **chosen =
        ARENA_ARRAY(a, const struct logs_outbox_event *, LOGS_EVENTS_MAX);
    size_t count;

    if (logs_outbox_events(s->logs->store, d, LOGS_EVENTS_MAX, a, events, &count) != STORE_OK)
        return SUBSCRIPTION_RETRY;
    size_t wanted = select_events(d, events, count, a, chosen);
    if (!wanted)
        return SUBSCRIPTION_SENT;
    struct bytes document = subscription_document(a, d, chosen, wanted);
    return document.data ? subscription_send(s->logs->app, d, document) : SUBSCRIPTION_REFUSED;
}

/* Tries until it is delivered or given up; false when the task shall stop. */
static bool deliver_or_drop(struct subscriptions *s, struct background_task *task,
                            const struct logs_delivery *d, struct arena *a)
{
    enum subscription_outcome outcome = deliver(s, d, a);

    for (int i = 0; outcome == SUBSCRIPTION_RETRY && i < RETRIES_MAX; i++) {
        if (background_sleep_ms(task, RETRY_MS))
            return false;
        outcome = deliver(s, d, a);
    }
    if (outcome != SUBSCRIPTION_SENT)
        log_warn("log events of %s were dropped: %s does not take them", d->group,
                 d->subscription.destination);
    logs_outbox_done(s->logs->store, d->id);
    return true;
}

/* --- the task --- */

static bool deliver_all(struct subscriptions *s, struct background_task *task)
{
    bool go_on = true;
    int64_t after = 0;

    while (go_on && !background_stopping(task)) {
        struct logs_delivery d;
        struct arena a;

        arena_init(&a);
        bool there = logs_outbox_next(s->logs->store, after, &a, &d) == STORE_OK;
        if (there) {
            after = d.id;
            go_on = deliver_or_drop(s, task, &d, &a);
        }
        arena_release(&a);
        if (!there)
            break;
    }
    return go_on && !background_stopping(task);
}

static void work(struct background_task *task, void *context)
{
    struct subscriptions *s = context;

    /* The destinations' services open after this one. */
    while (s->logs->app->port == 0) {
        if (background_sleep_ms(task, START_LOOK_MS))
            return;
    }
    for (;;) {
        uint64_t ticket = waitq_ticket(s->changed);

        if (!deliver_all(s, task))
            return;
        waitq_wait(s->changed, ticket, IDLE_MS, -1, background_stop_fd(task));
    }
}

void subscriptions_wake(struct subscriptions *s)
{
    if (!logs_is_subscribed(s->logs->store))
        return;
    pthread_mutex_lock(&s->lock);
    if (!s->running)
        s->running = background_run(s->logs->app->background, "logs-deliver", work, s);
    pthread_mutex_unlock(&s->lock);
    waitq_wake(s->changed);
}

struct subscriptions *subscriptions_new(struct logs *l)
{
    struct subscriptions *s = x_calloc(1, sizeof(*s));
    struct logs_delivery d;
    struct arena a;

    s->logs = l;
    s->changed = waitq_new();
    pthread_mutex_init(&s->lock, NULL);
    arena_init(&a);
    logs_outbox_next(l->store, 0, &a, &d); /* learns whether there are filters */
    arena_release(&a);
    subscriptions_wake(s);
    return s;
}

void subscriptions_free(struct subscriptions *s)
{
    waitq_free(s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
