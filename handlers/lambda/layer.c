/*
 * Layers: packages that functions share. What a function gets of them is put together by code.c.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
 */
#include "handlers/lambda/state.h"

#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/lambda/access.h"
#include "handlers/lambda/package.h"
#include "server/aws_error.h"

enum { LIST_MAX = 50, NAME_MAX_LEN = 140 };

/* --- names --- */

struct layer_name {
    const char *account;
    const char *region;
    const char *name;
    int64_t version; /* 0: none was given */
};

/* arn:aws:lambda:region:account:layer:name[:version] */
static bool parse_arn(struct arena *a, const char *text, struct layer_name *out)
{
    struct arn arn;
    char *rest;

    if (!arn_parse(a, text, &arn) || !str_eq(arn.service, "lambda") ||
        !str_starts(arn.resource, "layer:"))
        return false;
    rest = arena_strdup(a, arn.resource + strlen("layer:"));
    *out = (struct layer_name){.account = arn.account, .region = arn.region, .name = rest};
    char *colon = strchr(rest, ':');
    if (!colon)
        return *rest != 0;
    *colon = 0;
    out->version = lambda_version_number(colon + 1);
    return *rest != 0 && out->version > 0;
}

/* A layer's name, or its ARN without a version. */
static int take_name(struct request *req, const char *text, const char **out)
{
    struct layer_name name;

    *out = text;
    if (!str_starts(text, "arn:"))
        return 0;
    if (!parse_arn(&req->arena, text, &name) || name.version ||
        !str_eq(name.account, req->account) || !str_eq(name.region, req->region))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid Layer name: %s",
                           text);
    *out = name.name;
    return 0;
}

static char *layer_arn(struct request *req, const char *name)
{
    return arn_make(&req->arena, "lambda", req->region, req->account, "layer:%s", name);
}

/* --- what functions have --- */

static int fail_no_layer(struct request *req, const char *arn)
{
    return lambda_fail(req, &lambda_InvalidParameterValueException,
                       "Layer version %s does not exist.", arn);
}

static int check_access(struct request *req, const struct layer_name *name, const char *arn)
{
    const struct access_question q = {
        .action = "lambda:GetLayerVersion", .resource = arn, .account = req->account};
    const char *statements;
    struct scope scope = {.account = name->account, .region = name->region};

    if (str_eq(name->account, req->account))
        return 0;
    const char *holder = arena_printf(&req->arena, "layer %s:%" PRId64, name->name, name->version);
    if (lambda_store_permissions(lambda_state(req)->store, scope, holder, &req->arena,
                                 &statements) != STORE_OK)
        return aws_fail_internal(req);
    if (access_allows(&req->arena, statements, &q))
        return 0;
    return aws_fail(req, &aws_AccessDeniedException,
                    "User: arn:aws:iam::%s:root is not authorized to perform: "
                    "lambda:GetLayerVersion on resource: %s because no resource-based policy "
                    "allows the lambda:GetLayerVersion action",
                    req->account, arn);
}

static int check_layer(struct request *req, const char *arn, struct layer_name *name)
{
    struct lambda_layer layer;

    if (!parse_arn(&req->arena, arn, name) || !name->version)
        return fail_no_layer(req, arn);
    if (!str_eq(name->region, req->region))
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Layers are not in the same region as the function. Layers are expected "
                           "to be in region %s.",
                           req->region);
    if (check_access(req, name, arn) < 0)
        return -1;
    struct scope scope = {.account = name->account, .region = name->region};
    enum store_status rc = lambda_store_layer_find(lambda_state(req)->store, scope, name->name,
                                                   name->version, &req->arena, &layer);
    if (rc == STORE_NOT_FOUND || (!rc && layer.deleted))
        return fail_no_layer(req, arn);
    return rc ? aws_fail_internal(req) : 0;
}

int lambda_set_layers(struct request *req, const struct lambda_LayerList *layers,
                      struct lambda_function *f)
{
    struct layer_name names[LAYERS_MAX] = {0};
    const char *list = "";

    if (layers->count > LAYERS_MAX)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Cannot reference more than %d layers.", LAYERS_MAX);
    for (size_t i = 0; i < layers->count; i++) {
        if (check_layer(req, layers->items[i], &names[i]) < 0)
            return -1;
        for (size_t j = 0; j < i; j++) {
            if (str_eq(names[i].name, names[j].name) && str_eq(names[i].account, names[j].account))
                return lambda_fail(req, &lambda_InvalidParameterValueException,
                                   "Two different versions of the same layer are not allowed to be "
                                   "referenced in the same function. %s and %s.",
                                   layers->items[j], layers->items[i]);
        }
        list = arena_printf(&req->arena, "%s%s%s", list, i ? " " : "", layers->items[i]);
    }
    f->layers = list;
    return 0;
}

/* Calls `visit` for each ARN of the list. */
static size_t each_layer(struct lambda *l, const char *layers, struct arena *a,
                         struct lambda_layer out[LAYERS_MAX])
{
    size_t count = 0;

    for (const char *at = layers ? layers : ""; *at && count < LAYERS_MAX;) {
        size_t len = strcspn(at, " ");
        struct layer_name name;

        if (parse_arn(a, arena_strndup(a, at, len), &name)) {
            struct scope scope = {.account = name.account, .region = name.region};

            if (lambda_store_layer_find(l->store, scope, name.name, name.version, a, &out[count]) ==
                STORE_OK)
                count++;
        }
        at += len + (at[len] == ' ');
    }
    return count;
}

size_t lambda_layer_codes(struct lambda *l, const struct lambda_function *f, struct arena *a,
                          const char *out[LAYERS_MAX])
{
    struct lambda_layer layers[LAYERS_MAX];
    size_t count = each_layer(l, f->layers, a, layers);

    for (size_t i = 0; i < count; i++)
        out[i] = layers[i].code_id;
    return count;
}

void lambda_describe_layers(struct request *req, const struct lambda_function *f,
                            struct lambda_FunctionConfiguration *out)
{
    struct lambda_layer layers[LAYERS_MAX];

    out->Layers.count = each_layer(lambda_state(req), f->layers, &req->arena, layers);
    out->Layers.items = ARENA_ARRAY(&req->arena, struct lambda_Layer, out->Layers.count);
    for (size_t i = 0; i < out->Layers.count; i++) {
        out->Layers.items[i].Arn = layers[i].arn;
        out->Layers.items[i].CodeSize = SOME_LONG(layers[i].code_size);
    }
}

/* --- answers --- */

static const char *join(struct arena *a, const char *const *items, size_t count)
{
    const char *text = "";

    for (size_t i = 0; i < count; i++)
        text = arena_printf(a, "%s%s%s", text, i ? " " : "", items[i]);
    return text;
}

static size_t split(struct arena *a, const char *text, const char ***out)
{
    const char **items = ARENA_ARRAY(a, const char *, strlen(text) / 2 + 1);
    size_t count = 0;

    while (*text) {
        size_t len = strcspn(text, " ");

        items[count++] = arena_strndup(a, text, len);
        text += len + (text[len] == ' ');
    }
    *out = count ? items : NULL; /* AWS: left out when there are none */
    return count;
}

static void describe(struct request *req, const struct lambda_layer *l,
                     struct lambda_GetLayerVersionResponse *out)
{
    struct arena *a = &req->arena;
    char time[TIME_TEXT_MAX];

    time_iso8601(l->created_ms, false, time);
    time[strcspn(time, ".Z")] = 0;
    *out = (struct lambda_GetLayerVersionResponse){
        .Content = ARENA_NEW(a, struct lambda_LayerVersionContentOutput),
        .LayerArn = arena_strndup(a, l->arn, (size_t)(strrchr(l->arn, ':') - l->arn)),
        .LayerVersionArn = l->arn,
        .Description = l->description,
        .CreatedDate = arena_printf(a, "%s.%03d+0000", time, (int)(l->created_ms % 1000)),
        .Version = SOME_LONG(l->version),
        .LicenseInfo = l->license,
    };
    out->CompatibleRuntimes.count = split(a, l->runtimes, &out->CompatibleRuntimes.items);
    out->CompatibleArchitectures.count =
        split(a, l->architectures, &out->CompatibleArchitectures.items);
    out->Content->Location = package_url(req, l->code_id);
    out->Content->CodeSha256 = l->code_sha256;
    out->Content->CodeSize = SOME_LONG(l->code_size);
}

static void describe_item(struct request *req, const struct lambda_layer *l,
                          struct lambda_LayerVersionsListItem *out)
{
    struct lambda_GetLayerVersionResponse whole;

    describe(req, l, &whole);
    *out = (struct lambda_LayerVersionsListItem){
        .LayerVersionArn = whole.LayerVersionArn,
        .Version = whole.Version,
        .Description = whole.Description,
        .CreatedDate = whole.CreatedDate,
        .CompatibleRuntimes = whole.CompatibleRuntimes,
        .LicenseInfo = whole.LicenseInfo,
        .CompatibleArchitectures = whole.CompatibleArchitectures,
    };
}

/* --- operations --- */

int lambda_publish_layer_version(struct request *req,
                                 const struct lambda_PublishLayerVersionRequest *in,
                                 struct lambda_PublishLayerVersionResponse *out)
{
    struct lambda *l = lambda_state(req);
    struct lambda_function code = {0}; /* takes the package's description only */
    const struct package_source source = {.zip = in->Content->ZipFile,
                                          .s3_bucket = in->Content->S3Bucket,
                                          .s3_key = in->Content->S3Key,
                                          .s3_version = in->Content->S3ObjectVersion,
                                          .is_layer = true};
    struct lambda_layer layer = {
        .description = in->Description ? in->Description : "",
        .license = in->LicenseInfo,
        .runtimes = join(&req->arena, in->CompatibleRuntimes.items, in->CompatibleRuntimes.count),
        .architectures =
            join(&req->arena, in->CompatibleArchitectures.items, in->CompatibleArchitectures.count),
        .created_ms = clock_now_ms(&req->app->clock),
    };
    struct lambda_GetLayerVersionResponse whole;

    if (take_name(req, in->LayerName, &layer.name) < 0)
        return -1;
    if (strlen(layer.name) > NAME_MAX_LEN)
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid Layer name: %s",
                           layer.name);
    if (package_add(req, &source, false, &code) < 0)
        return -1;
    layer.code_id = code.code_id;
    layer.code_sha256 = code.code_sha256;
    layer.code_size = code.code_size;
    layer.arn = layer_arn(req, layer.name);
    if (lambda_store_layer_add(l->store, scope_of(req), &req->arena, &layer) != STORE_OK) {
        code_remove(l->code, layer.code_id);
        return aws_fail_internal(req);
    }
    describe(req, &layer, &whole);
    *out = (struct lambda_PublishLayerVersionResponse){
        .Content = whole.Content,
        .LayerArn = whole.LayerArn,
        .LayerVersionArn = whole.LayerVersionArn,
        .Description = whole.Description,
        .CreatedDate = whole.CreatedDate,
        .Version = whole.Version,
        .CompatibleRuntimes = whole.CompatibleRuntimes,
        .LicenseInfo = whole.LicenseInfo,
        .CompatibleArchitectures = whole.CompatibleArchitectures,
    };
    return 0;
}

static int get_version(struct request *req, const struct layer_name *name, const char *shown,
                       struct lambda_GetLayerVersionResponse *out)
{
    struct scope scope = {.account = name->account, .region = name->region};
    struct lambda_layer layer;

    enum store_status rc = lambda_store_layer_find(lambda_state(req)->store, scope, name->name,
                                                   name->version, &req->arena, &layer);
    if (rc == STORE_NOT_FOUND || (!rc && layer.deleted))
        return lambda_fail(req, &lambda_ResourceNotFoundException, "%s", shown);
    if (rc)
        return aws_fail_internal(req);
    describe(req, &layer, out);
    return 0;
}

int lambda_get_layer_version(struct request *req, const struct lambda_GetLayerVersionRequest *in,
                             struct lambda_GetLayerVersionResponse *out)
{
    struct layer_name name = {
        .account = req->account, .region = req->region, .version = in->VersionNumber.value};

    if (take_name(req, in->LayerName, &name.name) < 0)
        return -1;
    if (name.version < 1)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Layer Version Cannot be less than 1.");
    return get_version(req, &name, "The resource you requested does not exist.", out);
}

int lambda_get_layer_version_by_arn(struct request *req,
                                    const struct lambda_GetLayerVersionByArnRequest *in,
                                    struct lambda_GetLayerVersionResponse *out)
{
    struct layer_name name;

    if (!parse_arn(&req->arena, in->Arn, &name) || !name.version)
        return aws_fail(req, &aws_ValidationException,
                        "1 validation error detected: Value '%s' at 'arn' failed to satisfy "
                        "constraint: Member must be the ARN of a layer version",
                        in->Arn);
    if (check_access(req, &name, in->Arn) < 0)
        return -1;
    return get_version(req, &name, "The resource you requested does not exist.", out);
}

int lambda_list_layers(struct request *req, const struct lambda_ListLayersRequest *in,
                       struct lambda_ListLayersResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_layer_filter filter = {.runtime = in->CompatibleRuntime,
                                         .architecture = in->CompatibleArchitecture,
                                         .after_name = ""};
    struct lambda_layer *layers;
    size_t count;

    if (in->Marker && !(filter.after_name = page_token_read(a, "ListLayers", in->Marker)))
        return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
    if (lambda_store_layer_list(lambda_state(req)->store, scope_of(req), &filter, max + 1, a,
                                &layers, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker = page_token_make(a, "ListLayers", layers[max - 1].name);
    out->Layers.count = MIN(count, max);
    out->Layers.items = ARENA_ARRAY(a, struct lambda_LayersListItem, out->Layers.count);
    for (size_t i = 0; i < out->Layers.count; i++) {
        struct lambda_LayersListItem *item = &out->Layers.items[i];

        item->LayerName = layers[i].name;
        item->LayerArn = layer_arn(req, layers[i].name);
        item->LatestMatchingVersion = ARENA_NEW(a, struct lambda_LayerVersionsListItem);
        describe_item(req, &layers[i], item->LatestMatchingVersion);
    }
    return 0;
}

int lambda_list_layer_versions(struct request *req,
                               const struct lambda_ListLayerVersionsRequest *in,
                               struct lambda_ListLayerVersionsResponse *out)
{
    struct arena *a = &req->arena;
    size_t max = (size_t)MIN(VALUE_OR(in->MaxItems, LIST_MAX), LIST_MAX);
    struct lambda_layer_filter filter = {.runtime = in->CompatibleRuntime,
                                         .architecture = in->CompatibleArchitecture,
                                         .below_version = INT64_MAX};
    struct lambda_layer *layers;
    size_t count;

    if (take_name(req, in->LayerName, &filter.name) < 0)
        return -1;
    const char *kind = arena_printf(a, "ListLayerVersions %s", filter.name);
    if (in->Marker) {
        const char *position = page_token_read(a, kind, in->Marker);

        if (!position)
            return lambda_fail(req, &lambda_InvalidParameterValueException, "Invalid marker");
        filter.below_version = strtoll(position, NULL, 10);
    }
    if (lambda_store_layer_list(lambda_state(req)->store, scope_of(req), &filter, max + 1, a,
                                &layers, &count) != STORE_OK)
        return aws_fail_internal(req);
    if (count > max)
        out->NextMarker =
            page_token_make(a, kind, arena_printf(a, "%" PRId64, layers[max - 1].version));
    out->LayerVersions.count = MIN(count, max);
    out->LayerVersions.items =
        ARENA_ARRAY(a, struct lambda_LayerVersionsListItem, out->LayerVersions.count);
    for (size_t i = 0; i < out->LayerVersions.count; i++)
        describe_item(req, &layers[i], &out->LayerVersions.items[i]);
    return 0;
}

int lambda_delete_layer_version(struct request *req,
                                const struct lambda_DeleteLayerVersionRequest *in,
                                struct lambda_DeleteLayerVersionOutput *out)
{
    const char *name;

    (void)out;
    if (take_name(req, in->LayerName, &name) < 0)
        return -1;
    if (in->VersionNumber.value < 1)
        return lambda_fail(req, &lambda_InvalidParameterValueException,
                           "Layer Version Cannot be less than 1.");
    /* AWS: one that is not there is deleted all the same. What functions have of it stays. */
    enum store_status rc = lambda_store_layer_delete(lambda_state(req)->store, scope_of(req), name,
                                                     in->VersionNumber.value);
    return rc && rc != STORE_NOT_FOUND ? aws_fail_internal(req) : 0;
}

/* --- policies --- */

/* Fails when there is no such version; *out_arn is its ARN. */
static int find_holder(struct request *req, const char *layer_name, int64_t version,
                       const char *revision, const char **out_holder, const char **out_arn)
{
    struct lambda_layer layer;
    const char *name, *statements;

    if (take_name(req, layer_name, &name) < 0)
        return -1;
    enum store_status rc = lambda_store_layer_find(lambda_state(req)->store, scope_of(req), name,
                                                   version, &req->arena, &layer);
    if (rc == STORE_NOT_FOUND || (!rc && layer.deleted))
        return lambda_fail(req, &lambda_ResourceNotFoundException,
                           "Layer version %s:%" PRId64 " does not exist.", layer_arn(req, name),
                           version);
    *out_holder = arena_printf(&req->arena, "layer %s:%" PRId64, name, version);
    if (!rc)
        rc = lambda_store_permissions(lambda_state(req)->store, scope_of(req), *out_holder,
                                      &req->arena, &statements);
    if (rc)
        return aws_fail_internal(req);
    *out_arn = layer.arn;
    if (revision && !str_eq(revision, lambda_policy_revision(&req->arena, statements)))
        return lambda_fail(req, &lambda_PreconditionFailedException,
                           "The Revision Id provided does not match the latest Revision Id. Call "
                           "the GetLayerPolicy API to retrieve the latest Revision Id");
    return 0;
}

int lambda_add_layer_version_permission(struct request *req,
                                        const struct lambda_AddLayerVersionPermissionRequest *in,
                                        struct lambda_AddLayerVersionPermissionResponse *out)
{
    struct lambda_store *store = lambda_state(req)->store;
    struct permission_request p = {.sid = in->StatementId,
                                   .action = in->Action,
                                   .principal = in->Principal,
                                   .org_id = in->OrganizationId};
    const char *statements;

    if (!str_eq(in->Action, "lambda:GetLayerVersion"))
        return aws_fail(req, &aws_ValidationException,
                        "1 validation error detected: Value '%s' at 'action' failed to satisfy "
                        "constraint: Member must satisfy regular expression pattern: "
                        "lambda:GetLayerVersion",
                        in->Action);
    if (find_holder(req, in->LayerName, in->VersionNumber.value, in->RevisionId, &p.holder,
                    &p.resource) < 0)
        return -1;
    out->Statement = lambda_policy_add(req, &p);
    if (!out->Statement)
        return -1;
    if (lambda_store_permissions(store, scope_of(req), p.holder, &req->arena, &statements) !=
        STORE_OK)
        return aws_fail_internal(req);
    out->RevisionId = lambda_policy_revision(&req->arena, statements);
    return 0;
}

int lambda_get_layer_version_policy(struct request *req,
                                    const struct lambda_GetLayerVersionPolicyRequest *in,
                                    struct lambda_GetLayerVersionPolicyResponse *out)
{
    const char *holder = "", *arn = "";

    if (find_holder(req, in->LayerName, in->VersionNumber.value, NULL, &holder, &arn) < 0)
        return -1;
    out->Policy = lambda_policy_document(req, holder, &out->RevisionId);
    return out->Policy ? 0 : -1;
}

int lambda_remove_layer_version_permission(
    struct request *req, const struct lambda_RemoveLayerVersionPermissionRequest *in,
    struct lambda_RemoveLayerVersionPermissionOutput *out)
{
    const char *holder = "", *arn = "";

    (void)out;
    if (find_holder(req, in->LayerName, in->VersionNumber.value, in->RevisionId, &holder, &arn) < 0)
        return -1;
    return lambda_policy_remove(req, holder, in->StatementId);
}
