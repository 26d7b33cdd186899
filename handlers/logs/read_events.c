/* GetLogEvents walks through one stream, FilterLogEvents searches a group. */
#include "handlers/common/page_token.h"
#include "handlers/logs/filter_pattern.h"
#include "handlers/logs/operations.h"

/* How many events one call of FilterLogEvents looks at before it answers with what it has and a
 * token. */
enum { SEARCHED_MAX = 100000, SEARCH_STEP = 1000 };

/* --- GetLogEvents --- */

/*
 * Tokens are f/ or b/ and 56 digits, as on AWS: 20 of the time and 36 of the event's id. The
 * forward token names the last event that was returned and the backward token the first; at the end
 * of the stream the token that was given comes back.
 */
static const char *make_token(struct request *req, char direction, struct logs_position at)
{
    return arena_printf(&req->arena, "%c/%020" PRId64 "%036" PRId64, direction, at.time_ms, at.id);
}

static bool read_token(const char *token, struct logs_events_query *q)
{
    char time[21] = "";

    if ((token[0] != 'f' && token[0] != 'b') || token[1] != '/' || strlen(token) != 58 ||
        strspn(token + 2, "0123456789") != 56)
        return false;
    memcpy(time, token + 2, 20);
    q->backward = token[0] == 'b';
    q->has_after = true;
    errno = 0;
    q->after.time_ms = strtoll(time, NULL, 10);
    q->after.id = strtoll(token + 22, NULL, 10);
    return errno == 0;
}

/* Where tokens point when nothing was returned: at the given one, or at the edge that was looked
 * from. */
static struct logs_position empty_position(const struct logs_events_query *q)
{
    struct logs_position edge = {.time_ms = q->backward ? q->to_ms : q->from_ms};

    if (q->has_after)
        return q->after;
    if (edge.time_ms < 0 || edge.time_ms == INT64_MAX)
        edge.time_ms = 0;
    return edge;
}

static void answer_events(struct request *req, const struct logs_events_query *q,
                          const struct logs_event_rows *rows, struct logs_GetLogEventsResponse *out)
{
    struct logs_position first = empty_position(q);
    struct logs_position last = first;

    out->events.items = ARENA_ARRAY(&req->arena, struct logs_OutputLogEvent, rows->count);
    out->events.count = rows->count;
    for (size_t i = 0; i < rows->count; i++) {
        const struct logs_event_row *row = &rows->items[q->backward ? rows->count - 1 - i : i];

        out->events.items[i] = (struct logs_OutputLogEvent){
            .timestamp = SOME_LONG(row->at.time_ms),
            .message = row->text,
            .ingestionTime = SOME_LONG(row->ingested_ms),
        };
        if (i == 0)
            first = row->at;
        last = row->at;
    }
    out->nextForwardToken = make_token(req, 'f', last);
    out->nextBackwardToken = make_token(req, 'b', first);
}

int logs_get_log_events(struct request *req, const struct logs_GetLogEventsRequest *in,
                        struct logs_GetLogEventsResponse *out)
{
    struct scope scope = logs_scope(req);
    struct logs_events_query q = {
        .stream = in->logStreamName,
        .from_ms = VALUE_OR(in->startTime, 0),
        .to_ms = VALUE_OR(in->endTime, INT64_MAX),
        .backward = !VALUE_OR(in->startFromHead, false),
        .limit = (size_t)VALUE_OR(in->limit, LOGS_EVENTS_MAX),
        .bytes_max = LOGS_UPLOAD_MAX,
        .now_ms = clock_now_ms(&req->app->clock),
    };
    struct logs_event_rows rows;
    enum store_status status;

    if (logs_named_group(req, in->logGroupName, in->logGroupIdentifier, &q.group))
        return -1;
    if (VALUE_OR(in->unmask, false))
        return aws_fail_unsupported(req, "unmask");
    if (in->nextToken && !read_token(in->nextToken, &q))
        return aws_fail(req, &logs_InvalidParameterException,
                        "The specified nextToken is invalid.");
    status = logs_events_read(logs_store_of(req), &scope, &q, &req->arena, &rows);
    if (status)
        return logs_fail_missing(req, status);
    answer_events(req, &q, &rows, out);
    return 0;
}

/* --- FilterLogEvents --- */

struct search {
    struct logs_events_query query;
    const struct filter_pattern *pattern;
    struct arena match; /* what one match needs */
    const struct logs_InputLogStreamNames *streams;
    const char *stream_prefix;
    size_t limit;
    size_t bytes; /* of what was found */
    bool more;
};

static bool is_wanted(struct search *search, const struct logs_event_row *row)
{
    bool named = search->streams->count == 0;
    bool matches;

    for (size_t i = 0; i < search->streams->count && !named; i++)
        named = str_eq(search->streams->items[i], row->stream);
    if (!named || (search->stream_prefix && !str_starts(row->stream, search->stream_prefix)))
        return false;
    matches = filter_pattern_matches(search->pattern, row->text, strlen(row->text), &search->match);
    arena_reset(&search->match);
    return matches;
}

static struct logs_FilteredLogEvent filtered(struct request *req, const struct logs_event_row *row)
{
    return (struct logs_FilteredLogEvent){
        .logStreamName = arena_strdup(&req->arena, row->stream),
        .timestamp = SOME_LONG(row->at.time_ms),
        .message = arena_strdup(&req->arena, row->text),
        .ingestionTime = SOME_LONG(row->ingested_ms),
        .eventId =
            arena_printf(&req->arena, "%020" PRId64 "%036" PRId64, row->at.time_ms, row->at.id),
    };
}

/* Takes what is wanted of some rows. False when the answer is full. */
static bool take_rows(struct request *req, struct search *search,
                      const struct logs_event_rows *rows, struct logs_FilteredLogEvents *out)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct logs_event_row *row = &rows->items[i];

        if (out->count == search->limit || search->bytes >= LOGS_UPLOAD_MAX)
            return false;
        search->query.has_after = true;
        search->query.after = row->at;
        if (!is_wanted(search, row))
            continue;
        search->bytes += strlen(row->text) + LOGS_EVENT_OVERHEAD;
        out->items[out->count++] = filtered(req, row);
    }
    return true;
}

/* Looks through the group from where the query stands, and leaves the query where the next page
 * goes on. Only what is found is kept: the rows of one step go before the next is read. */
static enum store_status run_search(struct request *req, struct search *search,
                                    struct logs_FilteredLogEvents *out)
{
    struct scope scope = logs_scope(req);
    size_t searched = 0;
    struct logs_event_rows rows;
    enum store_status status;
    struct arena step;

    arena_init(&step);
    arena_init(&search->match);
    do {
        arena_reset(&step);
        status = logs_events_read(logs_store_of(req), &scope, &search->query, &step, &rows);
        if (status)
            break;
        search->more = rows.more;
        if (!take_rows(req, search, &rows, out)) {
            search->more = true;
            break;
        }
        searched += rows.count;
    } while (rows.more && searched < SEARCHED_MAX);
    arena_release(&search->match);
    arena_release(&step);
    return status;
}

static int prepare_search(struct request *req, const struct logs_FilterLogEventsRequest *in,
                          struct search *search)
{
    search->pattern =
        filter_pattern_compile(&req->arena, in->filterPattern ? in->filterPattern : "");
    if (!search->pattern)
        return aws_fail(req, &logs_InvalidParameterException, "Invalid filter pattern: %s",
                        in->filterPattern);
    if (in->logStreamNames.count > 0 && in->logStreamNamePrefix)
        return aws_fail(
            req, &logs_InvalidParameterException,
            "LogStreamNamePrefix and LogStreamNames are mutually exclusive parameters.");
    if (VALUE_OR(in->unmask, false))
        return aws_fail_unsupported(req, "unmask");
    return logs_named_group(req, in->logGroupName, in->logGroupIdentifier, &search->query.group);
}

/* AWS: every named stream has to be there. */
static int check_streams(struct request *req, const struct search *search)
{
    struct scope scope = logs_scope(req);

    for (size_t i = 0; i < search->streams->count; i++) {
        struct logs_events_query one = search->query;
        struct logs_event_rows rows;
        enum store_status status;

        one.stream = search->streams->items[i];
        one.limit = 1;
        status = logs_events_read(logs_store_of(req), &scope, &one, &req->arena, &rows);
        if (status)
            return logs_fail_missing(req, status);
    }
    return 0;
}

int logs_filter_log_events(struct request *req, const struct logs_FilterLogEventsRequest *in,
                           struct logs_FilterLogEventsResponse *out)
{
    int64_t end_ms = VALUE_OR(in->endTime, INT64_MAX);
    struct search search = {
        .query = {.from_ms = VALUE_OR(in->startTime, 0),
                  .to_ms =
                      end_ms == INT64_MAX ? end_ms : end_ms + 1, /* AWS: the end is included here */
                  .limit = SEARCH_STEP,
                  .bytes_max = LOGS_UPLOAD_MAX,
                  .now_ms = clock_now_ms(&req->app->clock)},
        .streams = &in->logStreamNames,
        .stream_prefix = in->logStreamNamePrefix,
        .limit = (size_t)VALUE_OR(in->limit, LOGS_EVENTS_MAX),
    };
    const char *kind;
    enum store_status status;

    if (prepare_search(req, in, &search) || check_streams(req, &search))
        return -1;
    if (search.streams->count == 1)
        search.query.stream = search.streams->items[0];
    kind = arena_printf(&req->arena, "FilterLogEvents %s %s", search.query.group,
                        in->filterPattern ? in->filterPattern : "");
    if (in->nextToken) {
        const char *position = page_token_read(&req->arena, kind, in->nextToken);

        if (!position || !read_token(position, &search.query))
            return aws_fail(req, &logs_InvalidParameterException,
                            "The specified nextToken is invalid.");
    }
    out->events.items = ARENA_ARRAY(&req->arena, struct logs_FilteredLogEvent, search.limit);
    /* AWS: since 2020 always empty. */
    out->searchedLogStreams.items = ARENA_ARRAY(&req->arena, struct logs_SearchedLogStream, 1);
    status = run_search(req, &search, &out->events);
    if (status)
        return logs_fail_missing(req, status);
    if (search.more)
        out->nextToken =
            page_token_make(&req->arena, kind, make_token(req, 'f', search.query.after));
    return 0;
}
