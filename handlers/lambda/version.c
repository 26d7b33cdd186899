/*
 * Published versions: copies of $LATEST that never change again, and share its package.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
 */
#include "handlers/lambda/state.h"

#include "handlers/common/page_token.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

enum { LIST_MAX = 50 };

void lambda_discard_code(struct lambda *l, const char *code_id)
{
    bool used;

    if (*code_id && lambda_store_code_is_used(l->store, code_id, &used) == STORE_OK && !used)
        pool_discard_code(l->pool, code_id);
}

static bool same_text(const char *a, const char *b)
{
    return str_eq(a ? a : "", b ? b : "");
}

/* Whether the version is what publishing would make again. */
static bool is_unchanged(const struct lambda_function *version,
                         const struct lambda_function *latest)
{
    const char *const pairs[][2] = {
        {version->role, latest->role},
        {version->runtime, latest->runtime},
        {version->handler, latest->handler},
        {version->architecture, latest->architecture},
        {version->environment, latest->environment},
        {version->kms_key_arn, latest->kms_key_arn},
        {version->tracing, latest->tracing},
        {version->log_group, latest->log_group},
        {version->log_format, latest->log_format},
        {version->app_log_level, latest->app_log_level},
        {version->system_log_level, latest->system_log_level},
        {version->code_sha256, latest->code_sha256},
        {version->layers, latest->layers},
        {version->dead_letter, latest->dead_letter},
        {version->vpc, latest->vpc},
        {version->hot_path, latest->hot_path},
    };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (!same_text(pairs[i][0], pairs[i][1]))
            return false;
    }
    return version->timeout_s == latest->timeout_s && version->memory_mb == latest->memory_mb &&
           version->ephemeral_mb == latest->ephemeral_mb &&
           version->snap_start == latest->snap_start;
}

static int add_version(struct request *req, const char *description, struct lambda_function *f)
{
    const char *expected = f->revision;
    char *revision = arena_alloc(&req->arena, 37);

    uuid_v4(revision);
    f->revision = revision;
    f->version = f->last_version + 1;
    f->last_version = f->version;
    f->modified_ms = clock_now_ms(&req->app->clock);
    if (description)
        f->description = description;
    switch (lambda_store_publish(lambda_state(req)->store, f, expected)) {
    case STORE_OK:
        return 0;
    case STORE_CONFLICT:
    case STORE_EXISTS:
        return lambda_fail(req, &lambda_ResourceConflictException,
                           "The operation cannot be performed at this time. An update is in "
                           "progress for resource: %s",
                           lambda_function_arn(&req->arena, f));
    case STORE_NOT_FOUND:
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s",
                           lambda_function_arn(&req->arena, f));
    default:
        return aws_fail_internal(req);
    }
}

int lambda_publish(struct request *req, const char *description, struct lambda_function *latest)
{
    struct lambda_function last;

    if (latest->last_version) {
        enum store_status rc =
            lambda_store_find_version(lambda_state(req)->store, scope_of(req), latest->name,
                                      latest->last_version, &req->arena, &last);
        if (rc && rc != STORE_NOT_FOUND)
            return aws_fail_internal(req);
        /* AWS: nothing has changed, so there is no new version. */
        if (!rc && is_unchanged(&last, latest)) {
            *latest = last;
            latest->qualifier = lambda_version_text(&req->arena, latest->version);
            return 0;
        }
    }
    if (add_version(req, description, latest) < 0)
        return -1;
    latest->qualifier = lambda_version_text(&req->arena, latest->version);
    return 0;
}

int lambda_publish_version(struct request *req, const struct lambda_PublishVersionRequest *in,
                           struct lambda_FunctionConfiguration *out)
{
    struct lambda_function f;

    if (in->PublishTo)
        return aws_fail_unsupported(req, "PublishTo");
    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    if (in->RevisionId && !str_eq(in->RevisionId, f.revision))
        return lambda_fail(req, &lambda_PreconditionFailedException,
                           "The RevisionId provided does not match the latest RevisionId. Call the "
                           "GetFunction/GetAlias API to retrieve the latest RevisionId");
    if (in->CodeSha256 && in->CodeSha256[0] && !str_eq(in->CodeSha256, f.code_sha256))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). "
                           "Please try again with the CodeSHA256 in $LATEST.",
                           in->CodeSha256, f.code_sha256);
    if (lambda_publish(req, in->Description, &f) < 0)
        return -1;
    lambda_describe(req, &f, false, out);
    return 0;
}

int lambda_list_versions_by_function(struct request *req,
                                     const struct lambda_ListVersionsByFunctionRequest *in,
                                     struct lambda_ListVersionsByFunctionResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_function f, *versions;
    int64_t after = -1;
    size_t count;

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    const char *kind = arena_printf(a, "ListVersionsByFunction %s", f.name);
    if (in->Marker) {
        const char *position = page_token_read(a, kind, in->Marker);

        if (!position)
            return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
        after = strtoll(position, NULL, 10);
    }
    if (lambda_store_versions(lambda_state(req)->store, scope_of(req), f.name, after, max + 1, a,
                              &versions, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker =
            page_token_make(a, kind, arena_printf(a, "%" PRId64, versions[max - 1].version));
    out->Versions.count = MIN(count, max);
    out->Versions.items = ARENA_ARRAY(a, struct lambda_FunctionConfiguration, out->Versions.count);
    for (size_t i = 0; i < out->Versions.count; i++) {
        versions[i].qualifier = lambda_version_text(a, versions[i].version);
        lambda_describe(req, &versions[i], true, &out->Versions.items[i]);
    }
    return 0;
}
