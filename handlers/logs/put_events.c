/* PutLogEvents: what is taken, and what is rejected by its time. */
#include "handlers/logs/operations.h"

#include "handlers/logs/metering.h"
#include "handlers/logs/subscriptions.h"

#define HOUR_MS (60 * 60 * INT64_C(1000))
#define DAY_MS (24 * HOUR_MS)

/* AWS: events may be up to 14 days old, and two hours in the future. */
#define TOO_OLD_MS (14 * DAY_MS)
#define TOO_NEW_MS (2 * HOUR_MS)

static int check_events(struct request *req, const struct logs_InputLogEvents *events)
{
    size_t bytes = 0;

    for (size_t i = 0; i < events->count; i++) {
        const struct logs_InputLogEvent *e = &events->items[i];

        bytes += strlen(e->message) + LOGS_EVENT_OVERHEAD;
        if (i > 0 && e->timestamp.value < e[-1].timestamp.value)
            return aws_fail(
                req, &logs_InvalidParameterException,
                "Log events in a single PutLogEvents request must be in chronological order.");
    }
    if (bytes > LOGS_UPLOAD_MAX)
        return aws_fail(req, &logs_InvalidParameterException,
                        "Upload too large: %zu bytes exceeds limit of %d", bytes, LOGS_UPLOAD_MAX);
    if (events->items[events->count - 1].timestamp.value - events->items[0].timestamp.value >
        DAY_MS)
        return aws_fail(req, &logs_InvalidParameterException,
                        "The batch of log events in a single PutLogEvents request cannot span more "
                        "than 24 hours.");
    return 0;
}

/* Events are in order of time, so what is rejected stands at both ends. */
struct accepted {
    size_t first;
    size_t end;
};

static struct accepted reject(struct request *req, const struct logs_InputLogEvents *events,
                              int retention_days, struct logs_PutLogEventsResponse *out)
{
    struct logs_RejectedLogEventsInfo *info =
        ARENA_NEW(&req->arena, struct logs_RejectedLogEventsInfo);
    struct accepted a = {.end = events->count};
    size_t expired = 0;

    while (a.first < a.end &&
           events->items[a.first].timestamp.value < req->received_ms - TOO_OLD_MS)
        a.first++;
    while (retention_days > 0 && expired < a.end &&
           events->items[expired].timestamp.value < req->received_ms - retention_days * DAY_MS)
        expired++;
    while (a.end > a.first &&
           events->items[a.end - 1].timestamp.value > req->received_ms + TOO_NEW_MS)
        a.end--;
    if (a.first > 0)
        info->tooOldLogEventEndIndex = SOME_INT((int)a.first);
    if (expired > 0)
        info->expiredLogEventEndIndex = SOME_INT((int)expired);
    if (a.end < events->count)
        info->tooNewLogEventStartIndex = SOME_INT((int)a.end);
    if (a.first > 0 || expired > 0 || a.end < events->count)
        out->rejectedLogEventsInfo = info;
    a.first = MIN(MAX(a.first, expired), a.end);
    return a;
}

int logs_put_log_events(struct request *req, const struct logs_PutLogEventsRequest *in,
                        struct logs_PutLogEventsResponse *out)
{
    struct scope scope = logs_scope(req);
    struct logs_new_event *events =
        ARENA_ARRAY(&req->arena, struct logs_new_event, in->logEvents.count);
    struct logs_group group;
    struct accepted taken;
    enum store_status status;

    if (in->entity)
        return aws_fail_unsupported(req, "entity");
    if (check_events(req, &in->logEvents))
        return -1;
    status = logs_group_find(logs_store_of(req), &scope, in->logGroupName, &req->arena, &group);
    if (status)
        return logs_fail_missing(req, status);
    taken = reject(req, &in->logEvents, group.retention_days, out);
    for (size_t i = taken.first; i < taken.end; i++)
        events[i] = (struct logs_new_event){
            .time_ms = in->logEvents.items[i].timestamp.value,
            .text = in->logEvents.items[i].message,
            .len = strlen(in->logEvents.items[i].message),
        };
    status =
        logs_events_add(logs_store_of(req), &scope, in->logGroupName, in->logStreamName,
                        events + taken.first, taken.end - taken.first, req->received_ms, false);
    if (status)
        return logs_fail_missing(req, status);
    subscriptions_wake(logs_of(req->app)->subscriptions);
    logs_meter(logs_of(req->app), &scope, in->logGroupName, events + taken.first,
               taken.end - taken.first);
    /* AWS: still there, and no longer wanted back. */
    out->nextSequenceToken = arena_printf(&req->arena, "%056" PRId64, req->received_ms);
    return 0;
}
