/*
 * Event source mappings: the operations. What they bring about is in poller.c.
 */
#include "handlers/lambda/event_source.h"

#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/lambda/poller.h"
#include "handlers/lambda/state.h"
#include "server/aws_error.h"
#include "server/base/digest.h"
#include "server/base/json_read.h"

enum {
    LIST_MAX = 100,
    STREAM_BATCH_DEFAULT = 100, /* AWS */
    QUEUE_BATCH_DEFAULT = 10,   /* AWS */
};

/* --- answers --- */

static struct lambda_FilterCriteria *describe_filters(struct arena *a, const char *filters)
{
    struct lambda_FilterCriteria *out = ARENA_NEW(a, struct lambda_FilterCriteria);
    struct jr_text text;
    struct jr r;

    out->Filters.items = ARENA_ARRAY(a, struct lambda_Filter, FILTERS_MAX);
    jr_init(&r, filters, strlen(filters), a, 4);
    for (jr_enter_array(&r); jr_next_item(&r) && out->Filters.count < FILTERS_MAX;) {
        if (jr_string(&r, &text))
            out->Filters.items[out->Filters.count++].Pattern =
                arena_strndup(a, text.data, text.len);
    }
    return out;
}

static void describe_stream(struct arena *a, const struct lambda_mapping *m,
                            struct lambda_EventSourceMappingConfiguration *out)
{
    out->StartingPosition = m->starting_position;
    if (m->has_starting_ms)
        out->StartingPositionTimestamp = SOME_TIME(m->starting_ms);
    out->ParallelizationFactor = SOME_INT(m->parallelization);
    out->MaximumRecordAgeInSeconds = SOME_INT(m->age_max_s);
    out->MaximumRetryAttempts = SOME_INT(m->retries_max);
    out->BisectBatchOnFunctionError = SOME_BOOL(m->bisect);
    out->TumblingWindowInSeconds = SOME_INT(m->tumbling_s);
    out->LastProcessingResult = m->last_result;
    out->StateTransitionReason = "User action";
    out->DestinationConfig = ARENA_NEW(a, struct lambda_DestinationConfig);
    out->DestinationConfig->OnFailure = ARENA_NEW(a, struct lambda_OnFailure);
    out->DestinationConfig->OnFailure->Destination = m->on_failure;
}

static void describe(struct request *req, const struct lambda_mapping *m, const char *state,
                     struct lambda_EventSourceMappingConfiguration *out)
{
    struct arena *a = &req->arena;

    *out = (struct lambda_EventSourceMappingConfiguration){
        .UUID = m->uuid,
        .EventSourceMappingArn =
            arn_make(a, "lambda", m->region, m->account, "event-source-mapping:%s", m->uuid),
        .EventSourceArn = m->source_arn,
        .FunctionArn = m->function_arn,
        .BatchSize = SOME_INT(m->batch_size),
        .MaximumBatchingWindowInSeconds = SOME_INT(m->window_s),
        .LastModified = SOME_TIME(m->modified_ms),
        .State = state ? state : (m->enabled ? "Enabled" : "Disabled"),
        .StateTransitionReason = "USER_INITIATED",
    };
    if (!event_source_is_queue(m->source_arn))
        describe_stream(a, m, out);
    if (m->max_concurrency) {
        out->ScalingConfig = ARENA_NEW(a, struct lambda_ScalingConfig);
        out->ScalingConfig->MaximumConcurrency = SOME_INT(m->max_concurrency);
    }
    if (m->filters)
        out->FilterCriteria = describe_filters(a, m->filters);
    /* Present and empty, as AWS shows it. */
    out->FunctionResponseTypes.items = ARENA_ARRAY(a, const char *, 1);
    if (m->partial)
        out->FunctionResponseTypes.items[out->FunctionResponseTypes.count++] =
            "ReportBatchItemFailures";
}

static int find_mapping(struct request *req, const char *uuid, struct lambda_mapping *out)
{
    enum store_status rc =
        lambda_store_mapping_find(lambda_state(req)->store, scope_of(req), uuid, &req->arena, out);

    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "The resource you requested does not exist.");
    return rc ? aws_fail_internal(req) : 0;
}

static int fail_exists(struct request *req, const struct lambda_mapping *m)
{
    struct lambda_mapping *existing;
    struct scope scope = scope_of(req);
    const struct lambda_mapping_filter same = {
        .scope = &scope, .function_arn = m->function_arn, .source_arn = m->source_arn};
    size_t count = 0;

    if (lambda_store_mapping_list(lambda_state(req)->store, &same, "", 1, &req->arena, &existing,
                                  &count) != STORE_OK)
        return aws_fail_internal(req);
    return lambda_fail(
        req, &lambda_ResourceConflictException,
        event_source_is_queue(m->source_arn)
            ? "An event source mapping with SQS arn (\" %s \") and function (\" %s \") "
              "already exists. Please update or delete the existing mapping with UUID %s"
            : "The event source arn (\" %s \") and function (\" %s \") provided mapping "
              "already exists. Please update or delete the existing mapping with UUID %s",
        m->source_arn, m->function, count ? existing[0].uuid : "");
}

/* --- operations --- */

static struct event_source_request
of_create(const struct lambda_CreateEventSourceMappingRequest *in)
{
    return (struct event_source_request){
        .function = in->FunctionName,
        .enabled = in->Enabled,
        .batch_size = in->BatchSize,
        .window = in->MaximumBatchingWindowInSeconds,
        .parallelization = in->ParallelizationFactor,
        .age = in->MaximumRecordAgeInSeconds,
        .retries = in->MaximumRetryAttempts,
        .bisect = in->BisectBatchOnFunctionError,
        .tumbling = in->TumblingWindowInSeconds,
        .filter = in->FilterCriteria,
        .destination = in->DestinationConfig,
        .response_types = &in->FunctionResponseTypes,
        .scaling = in->ScalingConfig,
        .source_access_count = in->SourceAccessConfigurations.count,
        .kafka = in->AmazonManagedKafkaEventSourceConfig || in->SelfManagedKafkaEventSourceConfig ||
                 in->SelfManagedEventSource || in->Topics.count,
        .document_db = in->DocumentDBEventSourceConfig,
        .metrics = in->MetricsConfig,
        .logging = in->LoggingConfig,
        .provisioned = in->ProvisionedPollerConfig,
        .kms_key_arn = in->KMSKeyArn,
    };
}

static struct event_source_request
of_update(const struct lambda_UpdateEventSourceMappingRequest *in)
{
    return (struct event_source_request){
        .function = in->FunctionName,
        .enabled = in->Enabled,
        .batch_size = in->BatchSize,
        .window = in->MaximumBatchingWindowInSeconds,
        .parallelization = in->ParallelizationFactor,
        .age = in->MaximumRecordAgeInSeconds,
        .retries = in->MaximumRetryAttempts,
        .bisect = in->BisectBatchOnFunctionError,
        .tumbling = in->TumblingWindowInSeconds,
        .filter = in->FilterCriteria,
        .destination = in->DestinationConfig,
        .response_types = &in->FunctionResponseTypes,
        .scaling = in->ScalingConfig,
        .source_access_count = in->SourceAccessConfigurations.count,
        .kafka = in->AmazonManagedKafkaEventSourceConfig || in->SelfManagedKafkaEventSourceConfig,
        .document_db = in->DocumentDBEventSourceConfig,
        .metrics = in->MetricsConfig,
        .logging = in->LoggingConfig,
        .provisioned = in->ProvisionedPollerConfig,
        .kms_key_arn = in->KMSKeyArn,
    };
}

int lambda_create_event_source_mapping(struct request *req,
                                       const struct lambda_CreateEventSourceMappingRequest *in,
                                       struct lambda_EventSourceMappingConfiguration *out)
{
    struct lambda *l = lambda_state(req);
    const struct event_source_request r = of_create(in);
    int64_t now = clock_now_ms(&req->app->clock);
    char *uuid = arena_alloc(&req->arena, 37);
    bool queue = in->EventSourceArn && event_source_is_queue(in->EventSourceArn);
    struct lambda_mapping m = {
        .account = req->account,
        .region = req->region,
        .uuid = uuid,
        .source_arn = in->EventSourceArn,
        .enabled = true,
        .batch_size = queue ? QUEUE_BATCH_DEFAULT : STREAM_BATCH_DEFAULT,
        .parallelization = 1,
        .starting_position = in->StartingPosition ? in->StartingPosition : "",
        .has_starting_ms = in->StartingPositionTimestamp.set,
        .starting_ms = in->StartingPositionTimestamp.ms,
        .age_max_s = -1,
        .retries_max = -1,
        .created_ms = now,
        .last_result = "No records processed",
    };

    uuid_v4(uuid);
    m.tags = lambda_tags_json(req, &in->Tags);
    if (!m.tags || event_source_check_source(req, in->EventSourceArn) < 0 ||
        event_source_check_position(req, in) < 0 || event_source_take(req, &r, &m) < 0)
        return -1;
    enum store_status rc = lambda_store_mapping_add(l->store, &m, &m.id);
    if (rc == STORE_EXISTS)
        return fail_exists(req, &m);
    if (rc)
        return aws_fail_internal(req);
    pollers_changed(l->pollers, m.uuid, m.account, m.region);
    describe(req, &m, m.enabled ? "Creating" : "Disabled", out);
    return 0;
}

int lambda_get_event_source_mapping(struct request *req,
                                    const struct lambda_GetEventSourceMappingRequest *in,
                                    struct lambda_EventSourceMappingConfiguration *out)
{
    struct lambda_mapping m;

    if (find_mapping(req, in->UUID, &m) < 0)
        return -1;
    describe(req, &m, NULL, out);
    return 0;
}

int lambda_list_event_source_mappings(struct request *req,
                                      const struct lambda_ListEventSourceMappingsRequest *in,
                                      struct lambda_ListEventSourceMappingsResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct scope scope = scope_of(req);
    struct lambda_mapping *mappings;
    struct lambda_mapping_filter filter = {.scope = &scope, .source_arn = in->EventSourceArn};
    const char *after = "";
    size_t count;

    if (in->FunctionName) {
        filter.function_arn = event_source_function_arn(req, in->FunctionName);
        if (!filter.function_arn)
            return -1;
    }
    const char *kind = arena_printf(a, "ListEventSourceMappings %s %s",
                                    filter.function_arn ? filter.function_arn : "",
                                    in->EventSourceArn ? in->EventSourceArn : "");
    if (in->Marker && !(after = page_token_read(a, kind, in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    if (lambda_store_mapping_list(lambda_state(req)->store, &filter, after, max + 1, a, &mappings,
                                  &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(a, kind, mappings[max - 1].uuid);
    out->EventSourceMappings.count = MIN(count, max);
    out->EventSourceMappings.items = ARENA_ARRAY(a, struct lambda_EventSourceMappingConfiguration,
                                                 out->EventSourceMappings.count);
    for (size_t i = 0; i < out->EventSourceMappings.count; i++)
        describe(req, &mappings[i], NULL, &out->EventSourceMappings.items[i]);
    return 0;
}

int lambda_update_event_source_mapping(struct request *req,
                                       const struct lambda_UpdateEventSourceMappingRequest *in,
                                       struct lambda_EventSourceMappingConfiguration *out)
{
    struct lambda *l = lambda_state(req);
    const struct event_source_request r = of_update(in);
    struct lambda_mapping m;

    if (find_mapping(req, in->UUID, &m) < 0)
        return -1;
    bool was_enabled = m.enabled;
    if (event_source_take(req, &r, &m) < 0)
        return -1;
    enum store_status rc = lambda_store_mapping_replace(l->store, &m);
    if (rc == STORE_EXISTS)
        return fail_exists(req, &m);
    if (rc)
        return aws_fail_internal(req);
    pollers_changed(l->pollers, m.uuid, m.account, m.region);
    const char *state = was_enabled == m.enabled ? "Updating"
                        : m.enabled              ? "Enabling"
                                                 : "Disabling";
    describe(req, &m, state, out);
    return 0;
}

int lambda_delete_event_source_mapping(struct request *req,
                                       const struct lambda_DeleteEventSourceMappingRequest *in,
                                       struct lambda_EventSourceMappingConfiguration *out)
{
    struct lambda *l = lambda_state(req);
    struct lambda_mapping m;

    if (find_mapping(req, in->UUID, &m) < 0)
        return -1;
    if (lambda_store_mapping_remove(l->store, m.id) == STORE_FAILED)
        return aws_fail_internal(req);
    pollers_changed(l->pollers, m.uuid, m.account, m.region);
    describe(req, &m, "Deleting", out);
    return 0;
}
