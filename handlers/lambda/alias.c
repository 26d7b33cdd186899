/*
 * Aliases: names for versions, that may share their invocations with a second one.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html
 */
#include "handlers/lambda/state.h"

#include "handlers/common/page_token.h"
#include "server/aws_error.h"
#include "server/base/digest.h"

enum { LIST_MAX = 50 };

static void describe(struct request *req, const struct lambda_function *f,
                     const struct lambda_alias *alias, struct lambda_AliasConfiguration *out)
{
    struct arena *a = &req->arena;

    *out = (struct lambda_AliasConfiguration){
        .AliasArn = lambda_qualified_arn(a, f, alias->name),
        .Name = alias->name,
        .FunctionVersion = lambda_version_text(a, alias->version),
        .Description = alias->description,
        .RevisionId = alias->revision,
    };
    if (!alias->extra_version)
        return;
    out->RoutingConfig = ARENA_NEW(a, struct lambda_AliasRoutingConfiguration);
    struct lambda_AdditionalVersionWeights *weights = &out->RoutingConfig->AdditionalVersionWeights;
    weights->items = ARENA_ARRAY(a, struct lambda_AdditionalVersionWeights_entry, 1);
    weights->items[0].key = lambda_version_text(a, alias->extra_version);
    weights->items[0].value = SOME_DOUBLE(alias->extra_weight);
    weights->count = 1;
}

static const char *new_revision(struct request *req)
{
    char *revision = arena_alloc(&req->arena, 37);

    uuid_v4(revision);
    return revision;
}

/* Reads the number of a version that must be there. */
static int take_version(struct request *req, const struct lambda_function *f, const char *text,
                        int64_t *out)
{
    struct lambda_function version;

    *out = lambda_version_number(text);
    enum store_status rc = *out < 0
                               ? STORE_NOT_FOUND
                               : lambda_store_find_version(lambda_state(req)->store, scope_of(req),
                                                           f->name, *out, &req->arena, &version);
    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceNotFoundException, "Function not found: %s",
                           lambda_qualified_arn(&req->arena, f, text));
    return rc ? aws_fail_internal(req) : 0;
}

static int take_routing(struct request *req, const struct lambda_function *f,
                        const struct lambda_AliasRoutingConfiguration *in,
                        struct lambda_alias *alias)
{
    alias->extra_version = 0;
    alias->extra_weight = 0;
    if (!in || !in->AdditionalVersionWeights.count)
        return 0;
    const struct lambda_AdditionalVersionWeights_entry *extra = in->AdditionalVersionWeights.items;
    double weight = extra->value.value;
    if (in->AdditionalVersionWeights.count > 1)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Number of items in AdditionalVersionWeights cannot be greater than 1");
    if (!(weight >= 0 && weight <= 1))
        return aws_fail(req, &aws_ValidationException,
                        "1 validation error detected: Value '{%s=%g}' at "
                        "'routingConfig.additionalVersionWeights' failed to satisfy constraint: "
                        "Map value must satisfy constraint: [Member must have value less than or "
                        "equal to 1.0, Member must have value greater than or equal to 0.0]",
                        extra->key, weight);
    if (alias->version == 0 || lambda_version_number(extra->key) == 0)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "$LATEST is not supported for an alias pointing to more than 1 version");
    if (take_version(req, f, extra->key, &alias->extra_version) < 0)
        return -1;
    if (alias->extra_version == alias->version)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Invalid function version %s. Function version %s is already included "
                           "in routing configuration.",
                           extra->key, extra->key);
    alias->extra_weight = weight;
    return 0;
}

static int find(struct request *req, const char *function, const char *name,
                struct lambda_function *f, struct lambda_alias *out, const char *missing)
{
    /* AWS: the ARN of an alias names its function here. */
    const char *bare = lambda_resolve_name(req, function, NULL);

    if (!bare || lambda_resolve(req, bare, NULL, f) < 0)
        return -1;
    enum store_status rc = lambda_store_alias_find(lambda_state(req)->store, scope_of(req), f->name,
                                                   name, &req->arena, out);
    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceNotFoundException, "%s: %s", missing,
                           lambda_qualified_arn(&req->arena, f, name));
    return rc ? aws_fail_internal(req) : 0;
}

int lambda_create_alias(struct request *req, const struct lambda_CreateAliasRequest *in,
                        struct lambda_AliasConfiguration *out)
{
    struct lambda_alias alias = {.name = in->Name,
                                 .description = in->Description ? in->Description : "",
                                 .revision = new_revision(req)};
    struct lambda_function f;

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0 ||
        take_version(req, &f, in->FunctionVersion, &alias.version) < 0 ||
        take_routing(req, &f, in->RoutingConfig, &alias) < 0)
        return -1;
    enum store_status rc =
        lambda_store_alias_add(lambda_state(req)->store, scope_of(req), f.name, &alias);
    if (rc == STORE_EXISTS)
        return lambda_fail(req, &lambda_ResourceConflictException, "Alias already exists: %s",
                           lambda_qualified_arn(&req->arena, &f, in->Name));
    if (rc)
        return aws_fail_internal(req);
    describe(req, &f, &alias, out);
    return 0;
}

int lambda_get_alias(struct request *req, const struct lambda_GetAliasRequest *in,
                     struct lambda_AliasConfiguration *out)
{
    struct lambda_function f;
    struct lambda_alias alias;

    if (find(req, in->FunctionName, in->Name, &f, &alias, "Cannot find alias arn") < 0)
        return -1;
    describe(req, &f, &alias, out);
    return 0;
}

int lambda_update_alias(struct request *req, const struct lambda_UpdateAliasRequest *in,
                        struct lambda_AliasConfiguration *out)
{
    struct lambda_function f;
    struct lambda_alias alias;

    if (find(req, in->FunctionName, in->Name, &f, &alias, "Alias not found") < 0)
        return -1;
    if (in->RevisionId && !str_eq(in->RevisionId, alias.revision))
        return lambda_fail(req, &lambda_PreconditionFailedException,
                           "The Revision Id provided does not match the latest Revision Id. Call "
                           "the GetFunction/GetAlias API to retrieve the latest Revision Id");
    if (in->FunctionVersion && take_version(req, &f, in->FunctionVersion, &alias.version) < 0)
        return -1;
    if (in->RoutingConfig && take_routing(req, &f, in->RoutingConfig, &alias) < 0)
        return -1;
    if (in->Description)
        alias.description = in->Description;
    const char *expected = alias.revision;
    alias.revision = new_revision(req);
    enum store_status rc = lambda_store_alias_replace(lambda_state(req)->store, scope_of(req),
                                                      f.name, &alias, expected);
    if (rc == STORE_NOT_FOUND)
        return lambda_fail(req, &lambda_ResourceConflictException,
                           "The operation cannot be performed at this time. An update is in "
                           "progress for resource: %s",
                           lambda_qualified_arn(&req->arena, &f, in->Name));
    if (rc)
        return aws_fail_internal(req);
    provisioned_changed(lambda_state(req));
    describe(req, &f, &alias, out);
    return 0;
}

int lambda_delete_alias(struct request *req, const struct lambda_DeleteAliasRequest *in,
                        struct lambda_DeleteAliasOutput *out)
{
    struct lambda_function f;

    (void)out;
    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    /* AWS: an alias that is not there is deleted all the same. */
    enum store_status rc =
        lambda_store_alias_remove(lambda_state(req)->store, scope_of(req), f.name, in->Name);
    if (rc && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    provisioned_changed(lambda_state(req));
    return 0;
}

int lambda_list_aliases(struct request *req, const struct lambda_ListAliasesRequest *in,
                        struct lambda_ListAliasesResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_alias_filter filter = {
        .version = in->FunctionVersion ? lambda_version_number(in->FunctionVersion) : -1,
        .after = ""};
    struct lambda_alias *aliases;
    struct lambda_function f;
    size_t count;

    if (lambda_resolve_latest(req, in->FunctionName, &f) < 0)
        return -1;
    filter.function = f.name;
    const char *kind = arena_printf(a, "ListAliases %s %" PRId64, f.name, filter.version);
    if (in->Marker && !(filter.after = page_token_read(a, kind, in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    if (lambda_store_alias_list(lambda_state(req)->store, scope_of(req), &filter, max + 1, a,
                                &aliases, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(a, kind, aliases[max - 1].name);
    out->Aliases.count = MIN(count, max);
    out->Aliases.items = ARENA_ARRAY(a, struct lambda_AliasConfiguration, out->Aliases.count);
    for (size_t i = 0; i < out->Aliases.count; i++)
        describe(req, &f, &aliases[i], &out->Aliases.items[i]);
    return 0;
}
