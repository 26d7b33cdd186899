#include "handlers/lambda/event_source.h"

#include "handlers/common/arn.h"
#include "handlers/common/event_pattern.h"
#include "handlers/lambda/destination.h"
#include "handlers/lambda/name.h"
#include "handlers/lambda/record_filter.h"
#include "handlers/lambda/stream_source.h"
#include "handlers/sqs/sqs.h"
#include "server/aws_error.h"
#include "server/base/json_write.h"

enum {
    RECORD_AGE_MIN_S = 60,
    STARTING_TIMESTAMP_SKEW_MS = 5 * 60 * 1000,
    BATCH_WITHOUT_WINDOW_MAX = 10, /* AWS: of queues */
    FILTERS_TEXT_MAX = 64 * 1024,
};

bool event_source_is_queue(const char *source_arn)
{
    return strstr(source_arn, ":sqs:") != NULL;
}

static int refuse_unbuilt(struct request *req, const struct event_source_request *r)
{
    if (r->source_access_count)
        return aws_fail_unsupported(req, "SourceAccessConfigurations");
    if (r->kafka)
        return aws_fail_unsupported(req, "KafkaEventSourceConfig");
    if (r->document_db)
        return aws_fail_unsupported(req, "DocumentDBEventSourceConfig");
    if (r->metrics)
        return aws_fail_unsupported(req, "MetricsConfig");
    if (r->logging)
        return aws_fail_unsupported(req, "LoggingConfig");
    if (r->provisioned)
        return aws_fail_unsupported(req, "ProvisionedPollerConfig");
    if (r->kms_key_arn && r->kms_key_arn[0])
        return aws_fail_unsupported(req, "KMSKeyArn");
    return 0;
}

/* --- the source --- */

static int check_queue(struct request *req, const char *source_arn)
{
    if (sqs_exists(req->app, source_arn))
        return 0;
    return lambda_fail(req, &lambda_InvalidParameterValueException,
                       "Error occurred while ReceiveMessage. SQS Error Code: "
                       "AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified "
                       "queue does not exist.");
}

static int check_stream(struct request *req, const char *source_arn)
{
    struct stream_source *source;
    enum store_status rc = stream_source_hold(req->app, source_arn, &source);

    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Stream not found: %s",
                           source_arn);
    if (rc)
        return aws_fail_internal(req);
    stream_source_release(source);
    return 0;
}

/* False for what names no source of this kind. */
static bool is_source(const struct arn *arn, bool *out_stream)
{
    const char *stream = arn_resource_after(arn, "stream/");

    *out_stream = !str_eq(arn->service, "sqs");
    if (str_eq(arn->service, "kinesis"))
        return stream && (!strchr(stream, '/') || strstr(stream, "/consumer/"));
    if (str_eq(arn->service, "dynamodb"))
        return arn_resource_after(arn, "table/") && strstr(arn->resource, "/stream/");
    return str_eq(arn->service, "sqs");
}

int event_source_check_source(struct request *req, const char *source_arn)
{
    struct arn arn;
    bool stream;

    if (!source_arn)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Unrecognized event source.");
    if (!arn_parse(&req->arena, source_arn, &arn))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Unrecognized event source: %s", source_arn);
    if (!is_source(&arn, &stream))
        return aws_fail_unsupported(req,
                                    arena_printf(&req->arena, "EventSourceArn of %s", arn.service));
    /* AWS: another account's source needs a policy there, which this does not look at. */
    if (!str_eq(arn.account, req->account) || !str_eq(arn.region, req->region))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Cannot access %s %s. Please ensure the role can perform the "
                           "GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions "
                           "on your stream in IAM.",
                           stream ? "stream" : "queue", source_arn);
    return stream ? check_stream(req, source_arn) : check_queue(req, source_arn);
}

int event_source_check_position(struct request *req,
                                const struct lambda_CreateEventSourceMappingRequest *in)
{
    const char *position = in->StartingPosition;
    bool at_timestamp = position && str_eq(position, "AT_TIMESTAMP");

    if (event_source_is_queue(in->EventSourceArn)) {
        if (!position && !in->StartingPositionTimestamp.set)
            return 0;
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "StartingPosition is not valid for SQS event sources.");
    }
    if (!position)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "1 validation error detected: Value null at 'startingPosition' failed "
                           "to satisfy constraint: Member must not be null.");
    if (at_timestamp && strstr(in->EventSourceArn, ":dynamodb:"))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Unsupported starting position for arn type: %s", in->EventSourceArn);
    if (at_timestamp != in->StartingPositionTimestamp.set)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           at_timestamp
                               ? "StartingPositionTimestamp is required with AT_TIMESTAMP."
                               : "StartingPositionTimestamp can only be used with AT_TIMESTAMP.");
    if (at_timestamp && in->StartingPositionTimestamp.ms >
                            clock_now_ms(&req->app->clock) + STARTING_TIMESTAMP_SKEW_MS)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "StartingPositionTimestamp must not be in the future.");
    return 0;
}

/* --- the function --- */

const char *event_source_function_arn(struct request *req, const char *text)
{
    struct function_name name;
    const char *resolved = lambda_resolve_name(req, text, NULL);

    if (!resolved || !function_name_parse(&req->arena, text, &name))
        return NULL;
    return arn_make(&req->arena, "lambda", req->region, req->account, "function:%s%s%s", resolved,
                    name.qualifier ? ":" : "", name.qualifier ? name.qualifier : "");
}

/* AWS: a mapping's function must exist, in words of its own. */
static int take_function(struct request *req, const char *text, struct lambda_mapping *m)
{
    struct function_name name;
    struct lambda_function f;

    const char *resolved = lambda_resolve_name(req, text, NULL);
    if (!resolved || !function_name_parse(&req->arena, text, &name))
        return -1;
    enum store_status rc = lambda_lookup(lambda_state(req), scope_of(req), resolved, name.qualifier,
                                         false, &req->arena, &f);
    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Function does not exist");
    if (rc)
        return aws_fail_internal(req);
    m->function = f.name;
    m->function_arn = lambda_qualified_arn(&req->arena, &f, f.qualifier);
    return 0;
}

/* AWS: a message must not come again while the function still works at it. */
static int check_visibility(struct request *req, const struct lambda_mapping *m)
{
    struct scope scope = scope_of(req);
    struct lambda_function f;
    struct sqs_hold *hold;

    if (lambda_store_find(lambda_state(req)->store, scope, m->function, &req->arena, &f) ||
        sqs_hold(req->app, m->source_arn, &hold) != STORE_OK)
        return 0;
    int visibility_s = sqs_visibility_s(hold);
    bool fifo = sqs_is_fifo(hold);
    sqs_release(hold);
    if (visibility_s < f.timeout_s)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Queue visibility timeout: %d seconds is less than Function timeout: %d "
                           "seconds",
                           visibility_s, f.timeout_s);
    if (fifo && m->window_s)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Batching window is not supported for FIFO queues");
    if (fifo && m->batch_size > BATCH_WITHOUT_WINDOW_MAX)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Maximum batch size for FIFO queues is %d.", BATCH_WITHOUT_WINDOW_MAX);
    return 0;
}

/* --- parts --- */

static int take_filters(struct request *req, const struct lambda_FilterCriteria *in,
                        struct lambda_mapping *m)
{
    struct strbuf text = STRBUF_INIT(FILTERS_TEXT_MAX);
    struct event_pattern_problem problem;
    struct jw w;

    m->filters = NULL;
    if (in->Filters.count > RECORD_FILTERS_MAX)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Filters for one mapping are limited to %d.", RECORD_FILTERS_MAX);
    jw_init(&w, &text);
    jw_begin_array(&w);
    for (size_t i = 0; i < in->Filters.count; i++) {
        const char *pattern = in->Filters.items[i].Pattern;
        const struct bytes json = {.data = (const uint8_t *)(pattern ? pattern : ""),
                                   .len = pattern ? strlen(pattern) : 0};

        if (json.len > RECORD_PATTERN_MAX ||
            !event_pattern_compile(&req->arena, json, NULL, &problem)) {
            strbuf_release(&text);
            return lambda_fail(req, &lambda_InvalidParameterValueException,
                               "Invalid filter pattern definition.");
        }
        jw_string(&w, pattern);
    }
    jw_end_array(&w);
    if (in->Filters.count)
        m->filters = arena_strndup(&req->arena, text.data, text.len);
    strbuf_release(&text);
    return 0;
}

static int fail_kind(struct request *req, const char *parameter)
{
    return lambda_fail(req, &lambda_InvalidParameterValueException,
                       "Unsupported %s parameter for given event source mapping type.", parameter);
}

static int take_destination(struct request *req, const struct lambda_DestinationConfig *in,
                            struct lambda_mapping *m)
{
    const char *arn = in->OnFailure ? in->OnFailure->Destination : NULL;

    if (in->OnSuccess && in->OnSuccess->Destination)
        return fail_kind(req, "DestinationConfig");
    if (!arn || !*arn) {
        m->on_failure = NULL;
        return 0;
    }
    if (event_source_is_queue(m->source_arn))
        return fail_kind(req, "DestinationConfig");
    switch (destination_kind(&req->arena, arn)) {
    case DESTINATION_SQS:
    case DESTINATION_SNS:
    case DESTINATION_S3:
        m->on_failure = arn;
        return 0;
    default:
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Invalid destination ARN: %s. It must be that of an SQS queue, an SNS "
                           "topic or an S3 bucket.",
                           arn);
    }
}

/* What only streams have, and only queues. */
static int check_kind(struct request *req, const struct event_source_request *r,
                      const struct lambda_mapping *m)
{
    bool queue = event_source_is_queue(m->source_arn);
    const struct {
        const char *name;
        bool set;
        bool of_queues;
    } parameters[] = {
        {"ParallelizationFactor", r->parallelization.set, false},
        {"MaximumRecordAgeInSeconds", r->age.set, false},
        {"MaximumRetryAttempts", r->retries.set, false},
        {"BisectBatchOnFunctionError", r->bisect.set, false},
        {"TumblingWindowInSeconds", r->tumbling.set, false},
        {"ScalingConfig", r->scaling && r->scaling->MaximumConcurrency.set, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
        if (parameters[i].set && parameters[i].of_queues != queue)
            return fail_kind(req, parameters[i].name);
    }
    if (r->age.set && r->age.value != -1 && r->age.value < RECORD_AGE_MIN_S)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "MaximumRecordAgeInSeconds must be -1 or between %d and 604800.",
                           RECORD_AGE_MIN_S);
    return 0;
}

static int check_numbers(struct request *req, const struct lambda_mapping *m)
{
    bool queue = event_source_is_queue(m->source_arn);

    if (queue && m->batch_size > BATCH_WITHOUT_WINDOW_MAX && !m->window_s)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Maximum batch window in seconds must be greater than 0 if maximum "
                           "batch size is greater than %d",
                           BATCH_WITHOUT_WINDOW_MAX);
    if (m->tumbling_s && m->parallelization > 1)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Tumbling windows are not supported with a ParallelizationFactor "
                           "greater than 1.");
    return queue ? check_visibility(req, m) : 0;
}

int event_source_take(struct request *req, const struct event_source_request *r,
                      struct lambda_mapping *m)
{
    if (refuse_unbuilt(req, r) < 0 || check_kind(req, r, m) < 0)
        return -1;
    m->enabled = VALUE_OR(r->enabled, m->enabled);
    m->batch_size = VALUE_OR(r->batch_size, m->batch_size);
    m->window_s = VALUE_OR(r->window, m->window_s);
    m->parallelization = VALUE_OR(r->parallelization, m->parallelization);
    m->age_max_s = VALUE_OR(r->age, m->age_max_s);
    m->retries_max = VALUE_OR(r->retries, m->retries_max);
    m->bisect = VALUE_OR(r->bisect, m->bisect);
    m->tumbling_s = VALUE_OR(r->tumbling, m->tumbling_s);
    m->modified_ms = clock_now_ms(&req->app->clock);
    if (r->response_types->items)
        m->partial = r->response_types->count > 0;
    if (r->scaling)
        m->max_concurrency = VALUE_OR(r->scaling->MaximumConcurrency, 0);
    if (r->filter && take_filters(req, r->filter, m) < 0)
        return -1;
    if (r->destination && take_destination(req, r->destination, m) < 0)
        return -1;
    if (r->function && take_function(req, r->function, m) < 0)
        return -1;
    return check_numbers(req, m);
}
