/* The task that looks at alarms, and what follows from a new state. */
#include "handlers/cloudwatch/alarm_watch.h"

#include <pthread.h>
#include <stdatomic.h>

#include "handlers/cloudwatch/alarm_message.h"
#include "handlers/cloudwatch/composite.h"
#include "handlers/cloudwatch/data_set.h"
#include "handlers/cloudwatch/operations.h"
#include "handlers/lambda/lambda.h"
#include "handlers/sns/sns.h"
#include "server/background.h"
#include "server/base/log.h"
#include "server/base/room.h"
#include "server/model/stored.h"
#include "server/waitq.h"

enum { LOOK_MS = 5000, REST_MS = 200, START_LOOK_MS = 5 };

struct alarm_watch {
    struct cloudwatch *cloudwatch;
    struct waitq *changed;
    pthread_mutex_t lock;
    bool running;               /* under lock */
    bool wanted;                /* under lock: there are alarms that were not looked at yet */
    struct alarm_claim *claims; /* under lock */
    pthread_cond_t released;
};

/* --- documents --- */

static const struct shape *alarm_shape(void)
{
    return model_structure(&cloudwatch_model, "MetricAlarm");
}

bool alarm_read(struct arena *a, const struct cloudwatch_alarm *stored,
                struct cloudwatch_MetricAlarm *out)
{
    struct cloudwatch_CompositeAlarm composite;

    *out = (struct cloudwatch_MetricAlarm){0};
    if (stored->composite) {
        if (!composite_read(a, stored, &composite))
            return false;
        *out = composite_as_alarm(a, &composite);
        return true;
    }
    return stored_from_json(&cloudwatch_model, alarm_shape(), stored->document, a, out);
}

char *alarm_write(struct arena *a, const struct cloudwatch_MetricAlarm *alarm)
{
    return stored_to_json(&cloudwatch_model, alarm_shape(), alarm, a);
}

const char *alarm_rewrite(struct arena *a, const struct cloudwatch_alarm *stored,
                          const struct cloudwatch_MetricAlarm *alarm)
{
    return stored->composite ? composite_write(a, stored, alarm) : alarm_write(a, alarm);
}

void alarm_note(struct cloudwatch *cloudwatch, const struct scope *scope, const char *alarm,
                bool composite, const struct alarm_event *event)
{
    const struct cloudwatch_AlarmHistoryItem item = {
        .AlarmName = alarm,
        .AlarmType = composite ? "CompositeAlarm" : "MetricAlarm",
        .Timestamp = SOME_TIME(clock_now_ms(&cloudwatch->app->clock)),
        .HistoryItemType = event->type,
        .HistorySummary = event->summary,
        .HistoryData = event->data,
    };
    struct arena a;

    arena_init(&a);
    if (cloudwatch_history_add(
            cloudwatch->store, scope,
            &(struct cloudwatch_history_item){
                .alarm = alarm,
                .at_ms = item.Timestamp.ms,
                .document = stored_to_json(&cloudwatch_model,
                                           model_structure(&cloudwatch_model, "AlarmHistoryItem"),
                                           &item, &a)}))
        log_error("CloudWatch: the history of alarm %s could not be kept", alarm);
    arena_release(&a);
}

void alarm_note_put(struct cloudwatch *cloudwatch, const struct scope *scope, const char *alarm,
                    bool composite, bool created)
{
    struct arena a;

    arena_init(&a);
    alarm_note(cloudwatch, scope, alarm, composite,
               &(struct alarm_event){
                   "ConfigurationUpdate",
                   arena_printf(&a, "Alarm \"%s\" %s", alarm, created ? "created" : "updated"),
                   arena_printf(&a, "{\"version\":\"1.0\",\"type\":\"%s\"}",
                                created ? "Create" : "Update")});
    arena_release(&a);
}

/* --- claims --- */

static bool is_claimed(const struct alarm_watch *w, const struct alarm_claim *claim)
{
    for (const struct alarm_claim *c = w->claims; c; c = c->next)
        if (str_eq(c->name, claim->name) && str_eq(c->scope.account, claim->scope.account) &&
            str_eq(c->scope.region, claim->scope.region))
            return true;
    return false;
}

void alarm_claim(struct alarm_watch *w, struct alarm_claim *claim)
{
    pthread_mutex_lock(&w->lock);
    while (is_claimed(w, claim))
        pthread_cond_wait(&w->released, &w->lock);
    claim->next = w->claims;
    w->claims = claim;
    pthread_mutex_unlock(&w->lock);
}

void alarm_release(struct alarm_watch *w, struct alarm_claim *claim)
{
    struct alarm_claim **at = &w->claims;

    pthread_mutex_lock(&w->lock);
    while (*at != claim)
        at = &(*at)->next;
    *at = claim->next;
    pthread_cond_broadcast(&w->released);
    pthread_mutex_unlock(&w->lock);
}

/* --- a new state --- */

static bool act(struct cloudwatch *cloudwatch, const char *arn, const struct alarm_change *c,
                struct arena *a)
{
    const struct lambda_caller caller = {.principal = "lambda.alarms.cloudwatch.amazonaws.com",
                                         .source_arn = c->alarm->AlarmArn,
                                         .source_account = c->account};
    char id[SNS_MESSAGE_ID_LEN];

    if (strstr(arn, ":lambda:"))
        return lambda_invoke_event(cloudwatch->app, arn, &caller, alarm_lambda_event(a, c)) ==
               LAMBDA_OK;
    return sns_publish(cloudwatch->app, arn,
                       &(struct sns_outgoing){.message = alarm_sns_message(a, c),
                                              .subject = alarm_sns_subject(a, c)},
                       id) == STORE_OK;
}

static const struct cloudwatch_ResourceList *actions_of(const struct alarm_change *c)
{
    static const struct cloudwatch_ResourceList none;

    if (!VALUE_OR(c->alarm->ActionsEnabled, true) ||
        str_eq(c->alarm->StateValue, c->verdict->state))
        return &none;
    if (str_eq(c->verdict->state, "OK"))
        return &c->alarm->OKActions;
    if (str_eq(c->verdict->state, "ALARM"))
        return &c->alarm->AlarmActions;
    return &c->alarm->InsufficientDataActions;
}

static void note_change(struct cloudwatch *cloudwatch, const struct scope *scope,
                        const struct alarm_change *c, const bool *done, struct arena *a)
{
    const struct cloudwatch_ResourceList *actions = actions_of(c);
    const char *name = c->alarm->AlarmName;
    const bool composite = c->rule != NULL;

    alarm_note(cloudwatch, scope, name, composite,
               &(struct alarm_event){"StateUpdate",
                                     arena_printf(a, "Alarm updated from %s to %s",
                                                  c->alarm->StateValue, c->verdict->state),
                                     alarm_state_data(a, c)});
    for (size_t i = 0; i < actions->count; i++) {
        const char *arn = actions->items[i];

        alarm_note(cloudwatch, scope, name, composite,
                   &(struct alarm_event){
                       "Action",
                       arena_printf(a, "%s action %s",
                                    done[i] ? "Successfully executed" : "Failed to execute", arn),
                       arena_printf(a,
                                    "{\"actionState\":\"%s\",\"notificationResource\":\"%s\","
                                    "\"stateUpdateTimestamp\":%" PRId64 "}",
                                    done[i] ? "Succeeded" : "Failed", arn, c->at_ms)});
        if (!done[i])
            log_warn("CloudWatch: alarm %s could not tell %s", name, arn);
    }
}

enum store_status alarm_transition(struct cloudwatch *cloudwatch,
                                   const struct cloudwatch_alarm *stored,
                                   const struct cloudwatch_MetricAlarm *alarm,
                                   const struct alarm_verdict *verdict, struct arena *a)
{
    const struct scope scope = {.account = stored->account, .region = stored->region};
    struct cloudwatch_CompositeAlarm composite = {0};
    if (stored->composite && !composite_read(a, stored, &composite))
        return STORE_FAILED;
    const struct alarm_change change = {
        .account = stored->account,
        .region = stored->region,
        .alarm = alarm,
        .rule = composite.AlarmRule,
        .verdict = verdict,
        .at_ms = clock_now_ms(&cloudwatch->app->clock),
    };
    const bool moved = !str_eq(alarm->StateValue, verdict->state);
    const struct cloudwatch_ResourceList *actions = actions_of(&change);
    struct cloudwatch_MetricAlarm next = *alarm;
    bool *done = ARENA_ARRAY(a, bool, actions->count);
    enum store_status status;

    next.StateValue = verdict->state;
    next.StateReason = verdict->reason;
    next.StateReasonData = verdict->reason_data;
    next.StateUpdatedTimestamp = SOME_TIME(change.at_ms);
    if (moved)
        next.StateTransitionedTimestamp = SOME_TIME(change.at_ms);
    for (size_t i = 0; i < actions->count; i++)
        done[i] = act(cloudwatch, actions->items[i], &change, a);
    status = cloudwatch_alarm_change(cloudwatch->store, &scope, alarm->AlarmName, stored->document,
                                     alarm_rewrite(a, stored, &next));
    if (!status && moved) {
        note_change(cloudwatch, &scope, &change, done, a);
        alarm_watch_wake(cloudwatch->watch); /* others may depend on it */
    }
    return status;
}

/* --- looking --- */

/* Unless the alarm is no longer what was judged; then it is looked at again soon. */
static void change(struct cloudwatch *cloudwatch, const struct cloudwatch_alarm *judged,
                   const struct cloudwatch_MetricAlarm *alarm, const struct alarm_verdict *verdict,
                   struct arena *a)
{
    struct alarm_claim claim = {
        .scope = {.account = judged->account, .region = judged->region},
        .name = judged->name,
    };
    struct cloudwatch_alarm now;

    alarm_claim(cloudwatch->watch, &claim);
    if (!cloudwatch_alarm_find(cloudwatch->store, &claim.scope, judged->name, a, &now) &&
        str_eq(now.document, judged->document))
        alarm_transition(cloudwatch, judged, alarm, verdict, a);
    else
        alarm_watch_wake(cloudwatch->watch);
    alarm_release(cloudwatch->watch, &claim);
}

static bool read_metric(struct cloudwatch *cloudwatch, const struct scope *scope,
                        const struct cloudwatch_MetricAlarm *alarm, int64_t now_ms, struct arena *a,
                        struct alarm_points *out)
{
    const struct cloudwatch_span span = alarm_span(alarm, now_ms);
    struct summaries found = {
        .arena = a,
        .from_s = span.from_s,
        .period_s = alarm->Period.value,
        .keep_values = alarm->ExtendedStatistic != NULL,
    };

    if (cloudwatch_points_visit(
            cloudwatch->store, scope,
            cloudwatch_identity(a, alarm->Namespace, alarm->MetricName, &alarm->Dimensions), &span,
            summaries_add, &found))
        return false;
    *out = alarm_points_of(a, alarm, &found);
    return true;
}

/* What the query that returns data is worth. */
static bool read_queries(struct cloudwatch *cloudwatch, const struct scope *scope,
                         const struct cloudwatch_MetricAlarm *alarm, int64_t now_ms,
                         struct arena *a, struct alarm_points *out)
{
    const struct cloudwatch_span span = alarm_span(alarm, now_ms);
    struct math_problem problem;
    struct data_set set;

    if (!data_set_reopen(a, &alarm->Metrics, &set))
        return false;
    set.store = cloudwatch->store;
    set.scope = *scope;
    set.start_ms = span.from_s * 1000;
    set.end_ms = span.until_s * 1000;
    set.now_ms = now_ms;
    for (size_t i = 0; i < set.count; i++) {
        if (!VALUE_OR(set.items[i].asked->ReturnData, true))
            continue;
        if (data_set_need(&set, i, &problem) || set.items[i].value.type != MATH_SERIES)
            return false;
        *out = alarm_points_of_series(a, alarm, set.items[i].value.series);
        return true;
    }
    return false;
}

static void look_at(struct cloudwatch *cloudwatch, const struct cloudwatch_alarm *stored,
                    struct arena *a)
{
    const struct scope scope = {.account = stored->account, .region = stored->region};
    const int64_t now_ms = clock_now_ms(&cloudwatch->app->clock);
    struct cloudwatch_MetricAlarm alarm;
    struct alarm_verdict verdict;
    struct alarm_points points;

    if (!alarm_read(a, stored, &alarm))
        return;
    if (stored->composite) {
        if (composite_judge(cloudwatch, stored, a, &verdict))
            change(cloudwatch, stored, &alarm, &verdict, a);
        return;
    }
    if (!(alarm.Metrics.count ? read_queries : read_metric)(cloudwatch, &scope, &alarm, now_ms, a,
                                                            &points))
        return;
    if (alarm_judge(a, &alarm, &points, now_ms, &verdict))
        change(cloudwatch, stored, &alarm, &verdict, a);
}

struct alarm_copies {
    struct arena *arena;
    struct cloudwatch_alarm *items;
    size_t count, capacity;
};

static void copy_alarm(const struct cloudwatch_alarm *alarm, void *context)
{
    struct alarm_copies *all = context;

    all->items =
        room_for_one(all->arena, all->items, all->count, &all->capacity, sizeof(*all->items));
    all->items[all->count++] = (struct cloudwatch_alarm){
        .account = arena_strdup(all->arena, alarm->account),
        .region = arena_strdup(all->arena, alarm->region),
        .name = arena_strdup(all->arena, alarm->name),
        .document = arena_strdup(all->arena, alarm->document),
        .composite = alarm->composite,
    };
}

/* How many alarms there are. */
static size_t look_at_all(struct alarm_watch *w, struct background_task *task)
{
    struct arena a;
    struct arena one;
    struct alarm_copies all = {.arena = &a};

    arena_init(&a);
    arena_init(&one);
    if (cloudwatch_alarm_visit(w->cloudwatch->store, copy_alarm, &all))
        log_error("CloudWatch: the alarms could not be read");
    /* Composite ones after those that they may depend on. */
    for (int composite = 0; composite < 2; composite++)
        for (size_t i = 0; i < all.count && !background_stopping(task); i++) {
            if (all.items[i].composite != composite)
                continue;
            look_at(w->cloudwatch, &all.items[i], &one);
            arena_reset(&one);
        }
    arena_release(&one);
    arena_release(&a);
    return all.count;
}

static void watch(struct background_task *task, void *context)
{
    struct alarm_watch *w = context;
    bool go_on = true;

    /* Topics and functions open after this service, or beside it. */
    while (w->cloudwatch->app->port == 0)
        if (background_sleep_ms(task, START_LOOK_MS))
            return;
    while (go_on) {
        uint64_t ticket = waitq_ticket(w->changed);

        pthread_mutex_lock(&w->lock);
        w->wanted = false;
        pthread_mutex_unlock(&w->lock);
        go_on = look_at_all(w, task) > 0;
        if (background_sleep_ms(task, REST_MS))
            return;
        pthread_mutex_lock(&w->lock);
        w->running = go_on = go_on || w->wanted;
        pthread_mutex_unlock(&w->lock);
        if (go_on)
            waitq_wait(w->changed, ticket, LOOK_MS, -1, background_stop_fd(task));
    }
}

/* --- life --- */

struct alarm_watch *alarm_watch_new(struct cloudwatch *cloudwatch)
{
    struct alarm_watch *w = x_calloc(1, sizeof(*w));

    w->cloudwatch = cloudwatch;
    w->changed = waitq_new();
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->released, NULL);
    return w;
}

void alarm_watch_free(struct alarm_watch *w)
{
    waitq_free(w->changed);
    pthread_cond_destroy(&w->released);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void alarm_watch_start(struct alarm_watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->wanted = true;
    if (!w->running)
        w->running = background_run(w->cloudwatch->app->background, "alarms", watch, w);
    pthread_mutex_unlock(&w->lock);
    waitq_wake(w->changed);
}

void alarm_watch_wake(struct alarm_watch *w)
{
    waitq_wake(w->changed);
}
