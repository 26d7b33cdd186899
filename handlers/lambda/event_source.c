/*
 * Event source mappings: the operations. What they bring about is in poller.c.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/kinesis/kinesis.h"
#include "handlers/lambda/name.h"
#include "handlers/lambda/poller.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

enum {
    LIST_MAX = 100,
    BATCH_SIZE_DEFAULT = 100, /* AWS: for streams */
    RECORD_AGE_MIN_S = 60,
    STARTING_TIMESTAMP_SKEW_MS = 5 * 60 * 1000,
};

/* What Create and Update share of what is not built. */
struct unbuilt {
    const struct lambda_FilterCriteria *filter;
    const struct lambda_DestinationConfig *destination;
    struct maybe_int tumbling;
    size_t source_access_count;
    size_t response_type_count;
    bool kafka, scaling, document_db, metrics, logging, provisioned;
    const char *kms_key_arn;
};

static int refuse_unbuilt(struct request *req, const struct unbuilt *u)
{
    if (u->filter && u->filter->Filters.count)
        return aws_fail_unsupported(req, "FilterCriteria");
    if (u->destination && ((u->destination->OnFailure && u->destination->OnFailure->Destination &&
                            u->destination->OnFailure->Destination[0]) ||
                           u->destination->OnSuccess))
        return aws_fail_unsupported(req, "DestinationConfig");
    if (VALUE_OR(u->tumbling, 0) > 0)
        return aws_fail_unsupported(req, "TumblingWindowInSeconds");
    if (u->response_type_count)
        return aws_fail_unsupported(req, "FunctionResponseTypes");
    if (u->source_access_count)
        return aws_fail_unsupported(req, "SourceAccessConfigurations");
    if (u->kafka)
        return aws_fail_unsupported(req, "KafkaEventSourceConfig");
    if (u->scaling)
        return aws_fail_unsupported(req, "ScalingConfig");
    if (u->document_db)
        return aws_fail_unsupported(req, "DocumentDBEventSourceConfig");
    if (u->metrics)
        return aws_fail_unsupported(req, "MetricsConfig");
    if (u->logging)
        return aws_fail_unsupported(req, "LoggingConfig");
    if (u->provisioned)
        return aws_fail_unsupported(req, "ProvisionedPollerConfig");
    if (u->kms_key_arn && u->kms_key_arn[0])
        return aws_fail_unsupported(req, "KMSKeyArn");
    return 0;
}

static int refuse_unbuilt_create(struct request *req,
                                 const struct lambda_CreateEventSourceMappingRequest *in)
{
    const struct unbuilt u = {
        .filter = in->FilterCriteria,
        .destination = in->DestinationConfig,
        .tumbling = in->TumblingWindowInSeconds,
        .source_access_count = in->SourceAccessConfigurations.count,
        .response_type_count = in->FunctionResponseTypes.count,
        .kafka = in->AmazonManagedKafkaEventSourceConfig || in->SelfManagedKafkaEventSourceConfig,
        .scaling = in->ScalingConfig,
        .document_db = in->DocumentDBEventSourceConfig,
        .metrics = in->MetricsConfig,
        .logging = in->LoggingConfig,
        .provisioned = in->ProvisionedPollerConfig,
        .kms_key_arn = in->KMSKeyArn,
    };

    if (in->Topics.count)
        return aws_fail_unsupported(req, "Topics");
    if (in->Queues.count)
        return aws_fail_unsupported(req, "Queues");
    if (in->SelfManagedEventSource)
        return aws_fail_unsupported(req, "SelfManagedEventSource");
    return refuse_unbuilt(req, &u);
}

/* --- checks --- */

static int check_age(struct request *req, struct maybe_int age)
{
    if (age.set && age.value != -1 && age.value < RECORD_AGE_MIN_S)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "MaximumRecordAgeInSeconds must be -1 or between %d and 604800.",
                           RECORD_AGE_MIN_S);
    return 0;
}

static int check_source(struct request *req, const char *source_arn)
{
    struct kinesis_hold *hold;
    struct arn arn;

    if (!source_arn)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Unrecognized event source.");
    if (!arn_parse(&req->arena, source_arn, &arn))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Unrecognized event source: %s", source_arn);
    if (!str_eq(arn.service, "kinesis") || !arn_resource_after(&arn, "stream/") ||
        strchr(arn_resource_after(&arn, "stream/"), '/'))
        return aws_fail_unsupported(req,
                                    arena_printf(&req->arena, "EventSourceArn of %s", arn.service));
    /* AWS: another account's stream needs a policy of that stream; there are none here. */
    if (!str_eq(arn.account, req->account) || !str_eq(arn.region, req->region))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Cannot access stream %s. Please ensure the role can perform the "
                           "GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions "
                           "on your stream in IAM.",
                           source_arn);
    enum store_status rc = kinesis_hold_arn(kinesis_of(req->app), source_arn, &hold);
    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Stream not found: %s",
                           source_arn);
    if (rc)
        return aws_fail_internal(req);
    kinesis_release(hold);
    return 0;
}

static int check_position(struct request *req,
                          const struct lambda_CreateEventSourceMappingRequest *in)
{
    const char *position = in->StartingPosition;
    bool at_timestamp = position && str_eq(position, "AT_TIMESTAMP");

    if (!position)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "1 validation error detected: Value null at 'startingPosition' failed "
                           "to satisfy constraint: Member must not be null.");
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

/* AWS: a mapping's function must exist, in words of its own. */
static int find_function(struct request *req, const char *text, struct lambda_mapping *m)
{
    struct function_name name;
    struct lambda_function f;

    const char *resolved = lambda_resolve_name(req, text, NULL);
    if (!resolved)
        return -1;
    enum store_status rc =
        lambda_store_find(lambda_state(req)->store, scope_of(req), resolved, &req->arena, &f);
    bool parsed = function_name_parse(&req->arena, text, &name);
    if (rc == STORE_NOT_FOUND || (parsed && name.qualifier && !str_eq(name.qualifier, "$LATEST")))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Function does not exist");
    if (rc)
        return aws_fail_internal(req);
    m->function = f.name;
    m->function_arn = lambda_function_arn(&req->arena, &f);
    return 0;
}

/* --- answers --- */

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
        .StartingPosition = m->starting_position,
        .BatchSize = SOME_INT(m->batch_size),
        .MaximumBatchingWindowInSeconds = SOME_INT(m->window_s),
        .ParallelizationFactor = SOME_INT(m->parallelization),
        .MaximumRecordAgeInSeconds = SOME_INT(m->age_max_s),
        .MaximumRetryAttempts = SOME_INT(m->retries_max),
        .BisectBatchOnFunctionError = SOME_BOOL(m->bisect),
        .TumblingWindowInSeconds = SOME_INT(0),
        .LastModified = SOME_TIME(m->modified_ms),
        .LastProcessingResult = m->last_result,
        .State = state ? state : (m->enabled ? "Enabled" : "Disabled"),
        .StateTransitionReason = "User action",
    };
    if (m->has_starting_ms)
        out->StartingPositionTimestamp = SOME_TIME(m->starting_ms);
    out->DestinationConfig = ARENA_NEW(a, struct lambda_DestinationConfig);
    out->DestinationConfig->OnFailure = ARENA_NEW(a, struct lambda_OnFailure);
    /* Present and empty, as AWS shows it for a stream. */
    out->FunctionResponseTypes.items = ARENA_ARRAY(a, const char *, 1);
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
    return lambda_fail(req, &lambda_ResourceConflictException,
                       "The event source arn (\" %s \") and function (\" %s \") provided mapping "
                       "already exists. Please update or delete the existing mapping with UUID %s",
                       m->source_arn, m->function, count ? existing[0].uuid : "");
}

/* --- operations --- */

int lambda_create_event_source_mapping(struct request *req,
                                       const struct lambda_CreateEventSourceMappingRequest *in,
                                       struct lambda_EventSourceMappingConfiguration *out)
{
    struct lambda *l = lambda_state(req);
    int64_t now = clock_now_ms(&req->app->clock);
    char *uuid = arena_alloc(&req->arena, 37);
    struct lambda_mapping m = {
        .account = req->account,
        .region = req->region,
        .uuid = uuid,
        .source_arn = in->EventSourceArn,
        .enabled = VALUE_OR(in->Enabled, true),
        .batch_size = VALUE_OR(in->BatchSize, BATCH_SIZE_DEFAULT),
        .window_s = VALUE_OR(in->MaximumBatchingWindowInSeconds, 0),
        .parallelization = VALUE_OR(in->ParallelizationFactor, 1),
        .starting_position = in->StartingPosition,
        .has_starting_ms = in->StartingPositionTimestamp.set,
        .starting_ms = in->StartingPositionTimestamp.ms,
        .age_max_s = VALUE_OR(in->MaximumRecordAgeInSeconds, -1),
        .retries_max = VALUE_OR(in->MaximumRetryAttempts, -1),
        .bisect = VALUE_OR(in->BisectBatchOnFunctionError, false),
        .created_ms = now,
        .modified_ms = now,
        .last_result = "No records processed",
    };

    uuid_v4(uuid);
    m.tags = lambda_tags_json(req, &in->Tags);
    if (!m.tags || refuse_unbuilt_create(req, in) < 0 ||
        check_source(req, in->EventSourceArn) < 0 || check_position(req, in) < 0 ||
        check_age(req, in->MaximumRecordAgeInSeconds) < 0 ||
        find_function(req, in->FunctionName, &m) < 0)
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
        const char *name = lambda_resolve_name(req, in->FunctionName, NULL);

        if (!name)
            return -1;
        filter.function_arn = arn_make(a, "lambda", req->region, req->account, "function:%s", name);
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

static int refuse_unbuilt_update(struct request *req,
                                 const struct lambda_UpdateEventSourceMappingRequest *in)
{
    const struct unbuilt u = {
        .filter = in->FilterCriteria,
        .destination = in->DestinationConfig,
        .tumbling = in->TumblingWindowInSeconds,
        .source_access_count = in->SourceAccessConfigurations.count,
        .response_type_count = in->FunctionResponseTypes.count,
        .kafka = in->AmazonManagedKafkaEventSourceConfig || in->SelfManagedKafkaEventSourceConfig,
        .scaling = in->ScalingConfig,
        .document_db = in->DocumentDBEventSourceConfig,
        .metrics = in->MetricsConfig,
        .logging = in->LoggingConfig,
        .provisioned = in->ProvisionedPollerConfig,
        .kms_key_arn = in->KMSKeyArn,
    };

    return refuse_unbuilt(req, &u);
}

int lambda_update_event_source_mapping(struct request *req,
                                       const struct lambda_UpdateEventSourceMappingRequest *in,
                                       struct lambda_EventSourceMappingConfiguration *out)
{
    struct lambda *l = lambda_state(req);
    struct lambda_mapping m;

    if (refuse_unbuilt_update(req, in) < 0 || find_mapping(req, in->UUID, &m) < 0 ||
        check_age(req, in->MaximumRecordAgeInSeconds) < 0 ||
        (in->FunctionName && find_function(req, in->FunctionName, &m) < 0))
        return -1;
    bool was_enabled = m.enabled;
    m.enabled = VALUE_OR(in->Enabled, m.enabled);
    m.batch_size = VALUE_OR(in->BatchSize, m.batch_size);
    m.window_s = VALUE_OR(in->MaximumBatchingWindowInSeconds, m.window_s);
    m.parallelization = VALUE_OR(in->ParallelizationFactor, m.parallelization);
    m.age_max_s = VALUE_OR(in->MaximumRecordAgeInSeconds, m.age_max_s);
    m.retries_max = VALUE_OR(in->MaximumRetryAttempts, m.retries_max);
    m.bisect = VALUE_OR(in->BisectBatchOnFunctionError, m.bisect);
    m.modified_ms = clock_now_ms(&req->app->clock);
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
