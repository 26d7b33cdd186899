/*
 * The settings of a function: what Create and UpdateFunctionConfiguration take, check and show.
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "handlers/common/tags.h"
#include "server/aws_error.h"

enum { TIMEOUT_MAX_S = 900, MEMORY_MAX_MB = 10240, ENVIRONMENT_MAX = 4096 };

/* --- what is not built --- */

static int refuse_unbuilt(struct request *req, const struct lambda_settings *in)
{
    if (in->FileSystemConfigs.count)
        return aws_fail_unsupported(req, "FileSystemConfigs");
    if (in->ImageConfig)
        return aws_fail_unsupported(req, "ImageConfig");
    if (in->CapacityProviderConfig)
        return aws_fail_unsupported(req, "CapacityProviderConfig");
    if (in->DurableConfig)
        return aws_fail_unsupported(req, "DurableConfig");
    return 0;
}

/* --- single settings --- */

static int set_runtime(struct request *req, const char *runtime, struct lambda_function *f)
{
    switch (runtime_kind_of(runtime)) {
    case RUNTIME_UNKNOWN:
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Value %s at 'runtime' failed to satisfy constraint: Member must "
                           "satisfy enum value set: %s or be a valid ARN",
                           runtime, runtime_names);
    case RUNTIME_UNBUILT:
        if (str_eq(runtime, "go1.x") || str_starts(runtime, "dotnetcore"))
            return lambda_fail(req, &lambda_InvalidParameterValueException,
                               "The runtime parameter of %s is no longer supported for creating "
                               "or updating AWS Lambda functions. We recommend you use a supported "
                               "runtime while creating or updating functions.",
                               runtime);
        return aws_fail_unsupported(req, arena_printf(&req->arena, "Runtime %s", runtime));
    default:
        f->runtime = runtime;
        return 0;
    }
}

static int set_numbers(struct request *req, const struct lambda_settings *in,
                       struct lambda_function *f)
{
    f->timeout_s = VALUE_OR(in->Timeout, f->timeout_s);
    f->memory_mb = VALUE_OR(in->MemorySize, f->memory_mb);
    /* AWS: bounds that its model does not state, each in words of its own. */
    if (f->timeout_s > TIMEOUT_MAX_S)
        return aws_fail(req, &aws_ValidationException,
                        "1 validation error detected: Value '%d' at 'timeout' failed to satisfy "
                        "constraint: Member must have value less than or equal to %d",
                        f->timeout_s, TIMEOUT_MAX_S);
    if (f->memory_mb > MEMORY_MAX_MB)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "'MemorySize' value failed to satisfy constraint: Member must have "
                           "value less than or equal to %d",
                           MEMORY_MAX_MB);
    if (in->EphemeralStorage)
        f->ephemeral_mb = VALUE_OR(in->EphemeralStorage->Size, f->ephemeral_mb);
    return 0;
}

/* AWS: the names that a function may not set. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    };

    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        if (str_eq(name, reserved[i]))
            return true;
    }
    return false;
}

static int set_environment(struct request *req, const struct lambda_Environment *in,
                           struct lambda_function *f)
{
    struct arena *a = &req->arena;
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, in->Variables.count),
                            .count = in->Variables.count};
    const char *bad = NULL;

    for (size_t i = 0; i < list.count; i++) {
        list.items[i] =
            (struct tag){.key = in->Variables.items[i].key, .value = in->Variables.items[i].value};
        if (is_reserved(list.items[i].key))
            bad = bad ? arena_printf(a, "%s, %s", bad, list.items[i].key) : list.items[i].key;
    }
    if (bad)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Lambda was unable to configure your environment variables because the "
                           "environment variables you have provided contains reserved keys that "
                           "are currently not supported for modification. Reserved keys used in "
                           "this request: %s",
                           bad);
    /* AWS: an environment without variables is still told; one that was never given is not. */
    f->environment = tags_to_json(a, list);
    if (strlen(f->environment) > ENVIRONMENT_MAX)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Lambda was unable to configure your environment variables because the "
                           "environment variables you have provided exceeded the 4KB limit. "
                           "String measured: %s",
                           f->environment);
    return 0;
}

static int set_logging(struct request *req, const struct lambda_LoggingConfig *in,
                       struct lambda_function *f)
{
    const char *format = in->LogFormat ? in->LogFormat : f->log_format ? f->log_format : "Text";
    bool json = str_eq(format, "JSON");

    if (!json && (in->ApplicationLogLevel || in->SystemLogLevel))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "ApplicationLogLevel and SystemLogLevel are not supported for text "
                           "log format.");
    f->log_format = format;
    if (in->LogGroup)
        f->log_group = in->LogGroup;
    if (in->ApplicationLogLevel)
        f->app_log_level = in->ApplicationLogLevel;
    if (in->SystemLogLevel)
        f->system_log_level = in->SystemLogLevel;
    /* AWS: what is not said is INFO. */
    f->app_log_level = !json ? NULL : f->app_log_level ? f->app_log_level : "INFO";
    f->system_log_level = !json ? NULL : f->system_log_level ? f->system_log_level : "INFO";
    return 0;
}

static int set_dead_letter(struct request *req, const struct lambda_DeadLetterConfig *in,
                           struct lambda_function *f)
{
    const char *target = in->TargetArn;
    struct arn arn;

    if (!target || !*target) {
        f->dead_letter = NULL;
        return 0;
    }
    if (!arn_parse(&req->arena, target, &arn) ||
        (!str_eq(arn.service, "sqs") && !str_eq(arn.service, "sns")))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "The provided dead letter config ARN '%s' is invalid. It must be the "
                           "ARN of an SQS queue or an SNS topic.",
                           target);
    f->dead_letter = target;
    return 0;
}

static const char *join(struct arena *a, const char *const *items, size_t count)
{
    const char *text = "";

    for (size_t i = 0; i < count; i++)
        text = arena_printf(a, "%s%s%s", text, i ? " " : "", items[i]);
    return text;
}

/* Kept as "subnets;groups;ipv6", with blanks between the ids. There is no network of that kind
 * here: a function reaches what this machine reaches, with or without it. */
static void set_vpc(struct request *req, const struct lambda_VpcConfig *in,
                    struct lambda_function *f)
{
    struct arena *a = &req->arena;

    f->vpc = arena_printf(a, "%s;%s;%d", join(a, in->SubnetIds.items, in->SubnetIds.count),
                          join(a, in->SecurityGroupIds.items, in->SecurityGroupIds.count),
                          VALUE_OR(in->Ipv6AllowedForDualStack, false));
}

/* What is neither a number nor a text. */
static int set_parts(struct request *req, const struct lambda_settings *in,
                     struct lambda_function *f)
{
    if (in->LoggingConfig && set_logging(req, in->LoggingConfig, f) < 0)
        return -1;
    if (in->DeadLetterConfig && set_dead_letter(req, in->DeadLetterConfig, f) < 0)
        return -1;
    if (in->Layers.items && lambda_set_layers(req, &in->Layers, f) < 0)
        return -1;
    if (in->VpcConfig)
        set_vpc(req, in->VpcConfig, f);
    if (in->SnapStart && in->SnapStart->ApplyOn)
        f->snap_start = str_eq(in->SnapStart->ApplyOn, "PublishedVersions");
    return 0;
}

static int set_role(struct request *req, const char *role, struct lambda_function *f)
{
    struct arn arn;

    if (!arn_parse(&req->arena, role, &arn) || !str_eq(arn.account, req->account))
        return aws_fail(req, &aws_AccessDeniedException, "Cross-account pass role is not allowed.");
    f->role = role;
    return 0;
}

int lambda_apply_settings(struct request *req, const struct lambda_settings *in,
                          struct lambda_function *f)
{
    if (refuse_unbuilt(req, in) < 0 || set_numbers(req, in, f) < 0)
        return -1;
    if (in->Runtime && set_runtime(req, in->Runtime, f) < 0)
        return -1;
    if (in->Environment && set_environment(req, in->Environment, f) < 0)
        return -1;
    if (set_parts(req, in, f) < 0)
        return -1;
    if (in->Role && set_role(req, in->Role, f) < 0)
        return -1;
    if (in->Handler)
        f->handler = in->Handler;
    if (in->Description)
        f->description = in->Description;
    if (in->KMSKeyArn)
        f->kms_key_arn = in->KMSKeyArn[0] ? in->KMSKeyArn : NULL;
    if (in->TracingConfig && in->TracingConfig->Mode)
        f->tracing = in->TracingConfig->Mode;
    return 0;
}

/* --- tags --- */

const char *lambda_tags_json(struct request *req, const struct lambda_Tags *tags)
{
    struct tag_list list = {.items = ARENA_ARRAY(&req->arena, struct tag, tags->count),
                            .count = tags->count};

    for (size_t i = 0; i < list.count; i++) {
        list.items[i] = (struct tag){.key = tags->items[i].key, .value = tags->items[i].value};
        const char *problem = tag_problem(list.items[i].key, list.items[i].value);
        if (problem) {
            lambda_fail(req, &lambda_InvalidParameterValueException, "%s", problem);
            return NULL;
        }
    }
    if (list.count > TAGS_MAX) {
        lambda_fail(req, &lambda_InvalidParameterValueException,
                    "Number of tags exceeds function tag limit.");
        return NULL;
    }
    return tags_to_json(&req->arena, list);
}

struct lambda_Tags lambda_tags_from_json(struct arena *a, const char *json)
{
    struct tag_list list = tags_from_json(a, json);
    struct lambda_Tags out = {.items = ARENA_ARRAY(a, struct lambda_Tags_entry, list.count),
                              .count = list.count};

    for (size_t i = 0; i < list.count; i++)
        out.items[i] =
            (struct lambda_Tags_entry){.key = list.items[i].key, .value = list.items[i].value};
    return out;
}

/* --- the answer --- */

static struct lambda_EnvironmentResponse *describe_environment(struct arena *a, const char *json)
{
    struct lambda_EnvironmentResponse *out = ARENA_NEW(a, struct lambda_EnvironmentResponse);
    struct tag_list list = tags_from_json(a, json);
    struct lambda_EnvironmentVariables *vars = &out->Variables;

    vars->items = ARENA_ARRAY(a, struct lambda_EnvironmentVariables_entry, list.count);
    vars->count = list.count;
    for (size_t i = 0; i < list.count; i++) {
        vars->items[i].key = list.items[i].key;
        vars->items[i].value = list.items[i].value;
    }
    return out;
}

static void describe_places(struct arena *a, const struct lambda_function *f,
                            struct lambda_FunctionConfiguration *out)
{
    out->TracingConfig = ARENA_NEW(a, struct lambda_TracingConfigResponse);
    out->TracingConfig->Mode = f->tracing;
    out->Architectures.items = ARENA_ARRAY(a, const char *, 1);
    out->Architectures.items[0] = f->architecture;
    out->Architectures.count = 1;
    out->EphemeralStorage = ARENA_NEW(a, struct lambda_EphemeralStorage);
    out->EphemeralStorage->Size = SOME_INT(f->ephemeral_mb);
    out->SnapStart = ARENA_NEW(a, struct lambda_SnapStartResponse);
    out->SnapStart->ApplyOn = f->snap_start ? "PublishedVersions" : "None";
    out->SnapStart->OptimizationStatus = f->snap_start && f->version ? "On" : "Off";
    out->LoggingConfig = ARENA_NEW(a, struct lambda_LoggingConfig);
    out->LoggingConfig->LogFormat = f->log_format ? f->log_format : "Text";
    out->LoggingConfig->ApplicationLogLevel = f->app_log_level;
    out->LoggingConfig->SystemLogLevel = f->system_log_level;
    out->LoggingConfig->LogGroup =
        f->log_group ? f->log_group : arena_printf(a, "/aws/lambda/%s", f->name);
}

/* The words of `text`, up to `end` characters. */
static size_t split(struct arena *a, const char *text, size_t end, const char ***out)
{
    size_t count = 0;
    const char **items = ARENA_ARRAY(a, const char *, end / 2 + 1);

    for (size_t at = 0; at < end;) {
        size_t len = strcspn(text + at, " ;");

        if (len)
            items[count++] = arena_strndup(a, text + at, len);
        at += len + 1;
    }
    *out = items;
    return count;
}

static void describe_vpc(struct arena *a, const char *vpc, struct lambda_FunctionConfiguration *out)
{
    size_t subnets = strcspn(vpc, ";");
    const char *groups = vpc + subnets + 1;

    out->VpcConfig = ARENA_NEW(a, struct lambda_VpcConfigResponse);
    out->VpcConfig->SubnetIds.count = split(a, vpc, subnets, &out->VpcConfig->SubnetIds.items);
    out->VpcConfig->SecurityGroupIds.count =
        split(a, groups, strcspn(groups, ";"), &out->VpcConfig->SecurityGroupIds.items);
    out->VpcConfig->VpcId = "";
    out->VpcConfig->Ipv6AllowedForDualStack = SOME_BOOL(strstr(groups, ";1") != NULL);
}

static void describe_parts(struct request *req, const struct lambda_function *f,
                           struct lambda_FunctionConfiguration *out)
{
    struct arena *a = &req->arena;

    if (f->dead_letter) {
        out->DeadLetterConfig = ARENA_NEW(a, struct lambda_DeadLetterConfig);
        out->DeadLetterConfig->TargetArn = f->dead_letter;
    }
    if (f->vpc)
        describe_vpc(a, f->vpc, out);
    if (f->layers && *f->layers)
        lambda_describe_layers(req, f, out);
    /* AWS: made of the runtime's name; ours is one for all of them. */
    out->RuntimeVersionConfig = ARENA_NEW(a, struct lambda_RuntimeVersionConfig);
    out->RuntimeVersionConfig->RuntimeVersionArn =
        f->runtime_arn ? f->runtime_arn : lambda_runtime_arn(a, f);
}

void lambda_describe(struct request *req, const struct lambda_function *f, bool brief,
                     struct lambda_FunctionConfiguration *out)
{
    struct arena *a = &req->arena;
    char time[TIME_TEXT_MAX];

    /* AWS: 2026-11-22T17:20:00.000+0000, always with milliseconds. */
    time_iso8601(f->modified_ms, false, time);
    time[strcspn(time, ".Z")] = 0;
    *out = (struct lambda_FunctionConfiguration){
        .FunctionName = f->name,
        .FunctionArn = lambda_qualified_arn(a, f, f->qualifier),
        .Runtime = f->runtime,
        .Role = f->role,
        .Handler = f->handler,
        .CodeSize = SOME_LONG(f->code_size),
        .Description = f->description,
        .Timeout = SOME_INT(f->timeout_s),
        .MemorySize = SOME_INT(f->memory_mb),
        .LastModified = arena_printf(a, "%s.%03d+0000", time, (int)(f->modified_ms % 1000)),
        .CodeSha256 = f->code_sha256,
        .Version = lambda_version_text(a, f->version),
        .KMSKeyArn = f->kms_key_arn,
        .RevisionId = f->revision,
        .PackageType = "Zip",
        .State = brief ? NULL : "Active",
        .LastUpdateStatus = brief ? NULL : "Successful",
        .Environment = f->environment ? describe_environment(a, f->environment) : NULL,
    };
    describe_places(a, f, out);
    describe_parts(req, f, out);
}
