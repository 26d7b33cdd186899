/* Log streams. */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/logs/operations.h"

int logs_create_log_stream(struct request *req, const struct logs_CreateLogStreamRequest *in,
                           struct logs_CreateLogStreamOutput *out)
{
    struct scope scope = logs_scope(req);
    enum store_status status = logs_stream_create(logs_store_of(req), &scope, in->logGroupName,
                                                  in->logStreamName, req->received_ms);

    (void)out;
    if (status == STORE_EXISTS)
        return aws_fail(req, &logs_ResourceAlreadyExistsException,
                        "The specified log stream already exists");
    return status ? logs_fail_missing(req, status) : 0;
}

int logs_delete_log_stream(struct request *req, const struct logs_DeleteLogStreamRequest *in,
                           struct logs_DeleteLogStreamOutput *out)
{
    struct scope scope = logs_scope(req);
    enum store_status status =
        logs_stream_delete(logs_store_of(req), &scope, in->logGroupName, in->logStreamName);

    (void)out;
    return status ? logs_fail_missing(req, status) : 0;
}

static struct logs_LogStream describe(struct request *req, const char *group,
                                      const struct logs_stream *s)
{
    return (struct logs_LogStream){
        .logStreamName = s->name,
        .creationTime = SOME_LONG(s->created_ms),
        .firstEventTimestamp = {.set = s->has_events, .value = s->first_ms},
        .lastEventTimestamp = {.set = s->has_events, .value = s->last_ms},
        .lastIngestionTime = {.set = s->has_events, .value = s->ingested_ms},
        .uploadSequenceToken =
            s->has_events ? arena_printf(&req->arena, "%056" PRId64, s->ingested_ms) : NULL,
        .arn = arn_make(&req->arena, "logs", req->region, req->account,
                        "log-group:%s:log-stream:%s", group, s->name),
        .storedBytes = SOME_LONG(0), /* AWS: always 0 since June 2019 */
    };
}

/* The position in a token: the time of the last event, a blank, and the name. */
static bool read_position(struct logs_stream_list *list, const char *text)
{
    char *name;

    errno = 0;
    list->after_ms = strtoll(text, &name, 10);
    list->after_name = name + 1;
    list->has_after = errno == 0 && *name == ' ';
    return list->has_after;
}

int logs_describe_log_streams(struct request *req, const struct logs_DescribeLogStreamsRequest *in,
                              struct logs_DescribeLogStreamsResponse *out)
{
    struct scope scope = logs_scope(req);
    struct logs_stream_list list = {
        .by_time = in->orderBy && str_eq(in->orderBy, "LastEventTime"),
        .descending = VALUE_OR(in->descending, false),
        .prefix = in->logStreamNamePrefix ? in->logStreamNamePrefix : "",
        .limit = (size_t)VALUE_OR(in->limit, LOGS_LIST_MAX),
    };
    struct logs_streams page;
    const char *group;
    const char *kind;
    enum store_status status;

    if (logs_named_group(req, in->logGroupName, in->logGroupIdentifier, &group))
        return -1;
    if (list.by_time && in->logStreamNamePrefix)
        return aws_fail(req, &logs_InvalidParameterException,
                        "Cannot order by LastEventTime with a logStreamNamePrefix.");
    kind = arena_printf(&req->arena, "DescribeLogStreams %d %d %s %s", list.by_time,
                        list.descending, group, list.prefix);
    if (in->nextToken) {
        const char *position = page_token_read(&req->arena, kind, in->nextToken);

        if (!position || !read_position(&list, position))
            return aws_fail(req, &logs_InvalidParameterException,
                            "The specified nextToken is invalid.");
    }
    status = logs_stream_list(logs_store_of(req), &scope, group, &list, &req->arena, &page);
    if (status)
        return logs_fail_missing(req, status);
    out->logStreams.items = ARENA_ARRAY(&req->arena, struct logs_LogStream, page.count);
    out->logStreams.count = page.count;
    for (size_t i = 0; i < page.count; i++)
        out->logStreams.items[i] = describe(req, group, &page.items[i]);
    if (page.more) {
        const struct logs_stream *last = &page.items[page.count - 1];

        out->nextToken =
            page_token_make(&req->arena, kind,
                            arena_printf(&req->arena, "%" PRId64 " %s",
                                         last->has_events ? last->last_ms : -1, last->name));
    }
    return 0;
}
