/* Platform applications and their endpoints: the apps that push messages would go to. */
#include "handlers/common/arn.h"
#include "handlers/sns/keep.h"
#include "handlers/sns/operations.h"
#include "server/base/digest.h"

enum { PAGE = 100, NAME_LEN_MAX = 256, USER_DATA_MAX = 2048, VALUE_MAX = 8192 };

static struct scope scope_of(const struct request *req)
{
    return (struct scope){.account = req->account, .region = req->region};
}

static struct tag_list list_of(struct arena *a, const struct sns_MapStringToString *map)
{
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, map->count + 3)};

    for (size_t i = 0; i < map->count; i++)
        list.items[list.count++] =
            (struct tag){map->items[i].key, map->items[i].value ? map->items[i].value : ""};
    return list;
}

static struct sns_MapStringToString map_of(struct arena *a, const char *json)
{
    struct tag_list list = tags_from_json(a, json);
    struct sns_MapStringToString map = {
        .items = ARENA_ARRAY(a, struct sns_MapStringToString_entry, MAX(list.count, 1))};

    for (size_t i = 0; i < list.count; i++)
        map.items[map.count++] = (struct sns_MapStringToString_entry){.key = list.items[i].key,
                                                                      .value = list.items[i].value};
    return map;
}

static int fail_no_attributes(struct request *req)
{
    return aws_fail(req, &aws_ValidationError,
                    "1 validation error detected: Value null at 'attributes' failed to satisfy "
                    "constraint: Member must not be null");
}

/* --- applications --- */

static int check_name(struct request *req, const char *name)
{
    const char *reason = NULL;
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    if (!*name)
        reason = "cannot be empty";
    else if (strlen(name) > NAME_LEN_MAX)
        reason = "must be at most 256 characters long";
    else if (strspn(name, letters) < strlen(name))
        reason = "must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'";
    return reason ? aws_fail(req, &sns_InvalidParameterException,
                             "Invalid parameter: %s Reason: %s", name, reason)
                  : 0;
}

static int check_platform(struct request *req, const char *platform)
{
    static const char *const known[] = {"APNS", "APNS_SANDBOX", "ADM",  "FCM",
                                        "GCM",  "BAIDU",        "MPNS", "WNS"};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcasecmp(platform, known[i]) == 0)
            return 0;
    }
    return aws_fail(req, &sns_InvalidParameterException,
                    "Invalid parameter: Platform Reason: %s is not supported", platform);
}

static int check_application_attributes(struct request *req, struct tag_list given)
{
    static const char *const names[] = {
        "PlatformCredential",
        "PlatformPrincipal",
        "EventEndpointCreated",
        "EventEndpointDeleted",
        "EventEndpointUpdated",
        "EventDeliveryFailure",
        "SuccessFeedbackRoleArn",
        "FailureFeedbackRoleArn",
        "SuccessFeedbackSampleRate",
        "Enabled",
        "ApplePlatformTeamID",
        "ApplePlatformBundleID",
        "AppleCertificateExpirationDate",
    };

    if (given.count == 0)
        return fail_no_attributes(req);
    for (size_t i = 0; i < given.count; i++) {
        size_t k = 0;

        while (k < ARRAY_LEN(names) && !str_eq(names[k], given.items[i].key))
            k++;
        if (k == ARRAY_LEN(names))
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Attributes Reason: Invalid attribute name: %s",
                            given.items[i].key);
        if (strlen(given.items[i].value) > VALUE_MAX)
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Attributes Reason: Invalid value for attribute: %s",
                            given.items[i].key);
    }
    return 0;
}

/* AWS: secrets go in and never come out. */
static struct tag_list without_secrets(struct arena *a, struct tag_list list)
{
    static const char *const secrets[] = {"PlatformCredential", "PlatformPrincipal"};

    return tags_without(a, list, secrets, ARRAY_LEN(secrets));
}

int sns_create_platform_application(struct request *req,
                                    const struct sns_CreatePlatformApplicationInput *in,
                                    struct sns_CreatePlatformApplicationResponse *out)
{
    struct tag_list given = list_of(&req->arena, &in->Attributes);
    struct tag enabled = {"Enabled", "true"};
    struct scope scope = scope_of(req);
    const char *name;

    if (check_name(req, in->Name) || check_platform(req, in->Platform) ||
        check_application_attributes(req, given))
        return -1;
    /* AWS: FCM, GCM and token-based APNS have a credential alone. */
    if (sns_attribute_of(given, "PlatformPrincipal") &&
        !sns_attribute_of(given, "PlatformCredential"))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Attributes Reason: PlatformPrincipal attribute "
                        "provided without PlatformCredential");
    if (sns_attribute_of(given, "PlatformCredential") &&
        !sns_attribute_of(given, "PlatformPrincipal") && !str_eq(in->Platform, "GCM") &&
        !str_eq(in->Platform, "FCM"))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Attributes Reason: PlatformCredential attribute "
                        "provided without PlatformPrincipal");
    given = tags_merge(&req->arena, (struct tag_list){&enabled, 1},
                       without_secrets(&req->arena, given));
    name = arena_printf(&req->arena, "%s/%s", in->Platform, in->Name);
    if (sns_store_application_put(sns_of(req->app)->store, &scope, name,
                                  sns_attributes_json(&req->arena, given)) != STORE_OK)
        return aws_fail_internal(req);
    out->PlatformApplicationArn =
        arn_make(&req->arena, "sns", req->region, req->account, "app/%s", name);
    return 0;
}

static int application_named(struct request *req, const char *text, const char **out_name)
{
    struct arn arn;

    if (!arn_parse(&req->arena, text, &arn) || !str_eq(arn.service, "sns"))
        return sns_fail_arn(req, "PlatformApplicationArn", text);
    *out_name = arn_resource_after(&arn, "app/");
    if (!*out_name || !strchr(*out_name, '/'))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: PlatformApplicationArn Reason: Wrong number of slashes "
                        "in relative portion of the ARN.");
    if (!str_eq(arn.account, req->account) || !str_eq(arn.region, req->region))
        *out_name = ""; /* nothing has that name */
    return 0;
}

static int find_application(struct request *req, const char *arn, struct sns_application *out)
{
    struct scope scope = scope_of(req);
    const char *name = NULL;
    enum store_status rc;

    if (application_named(req, arn, &name))
        return -1;
    rc = sns_store_application_find(sns_of(req->app)->store, &scope, name, &req->arena, out);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_NotFoundException, "PlatformApplication does not exist");
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

int sns_delete_platform_application(struct request *req,
                                    const struct sns_DeletePlatformApplicationInput *in,
                                    struct sns_DeletePlatformApplicationOutput *out)
{
    struct scope scope = scope_of(req);
    const char *name = NULL;

    (void)out;
    if (application_named(req, in->PlatformApplicationArn, &name))
        return -1;
    return sns_store_application_delete(sns_of(req->app)->store, &scope, name) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

int sns_get_platform_application_attributes(
    struct request *req, const struct sns_GetPlatformApplicationAttributesInput *in,
    struct sns_GetPlatformApplicationAttributesResponse *out)
{
    struct sns_application application;

    if (find_application(req, in->PlatformApplicationArn, &application))
        return -1;
    out->Attributes = map_of(&req->arena, application.attributes);
    return 0;
}

int sns_set_platform_application_attributes(
    struct request *req, const struct sns_SetPlatformApplicationAttributesInput *in,
    struct sns_SetPlatformApplicationAttributesOutput *out)
{
    struct tag_list given = list_of(&req->arena, &in->Attributes);
    struct sns_application application;
    const char *name;

    (void)out;
    if (application_named(req, in->PlatformApplicationArn, &name) ||
        check_application_attributes(req, given) ||
        find_application(req, in->PlatformApplicationArn, &application))
        return -1;
    return sns_set_attributes(sns_of(req->app), SNS_APPLICATION_ATTRIBUTES, application.id,
                              &req->arena, without_secrets(&req->arena, given)) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

int sns_list_platform_applications(struct request *req,
                                   const struct sns_ListPlatformApplicationsInput *in,
                                   struct sns_ListPlatformApplicationsResponse *out)
{
    const char *kind = arena_printf(&req->arena, "sns:apps:%s:%s", req->account, req->region);
    struct scope scope = scope_of(req);
    struct sns_applications list;
    int64_t after;

    if (sns_page_after(req, kind, in->NextToken, &after))
        return -1;
    if (sns_store_application_list(sns_of(req->app)->store, &scope, after, PAGE + 1, &req->arena,
                                   &list) != STORE_OK)
        return aws_fail_internal(req);
    if (list.count > PAGE)
        out->NextToken = sns_page_token(&req->arena, kind, list.items[PAGE - 1].id);
    out->PlatformApplications.count = MIN(list.count, (size_t)PAGE);
    out->PlatformApplications.items =
        ARENA_ARRAY(&req->arena, struct sns_PlatformApplication, MAX(list.count, 1));
    for (size_t i = 0; i < out->PlatformApplications.count; i++)
        out->PlatformApplications.items[i] = (struct sns_PlatformApplication){
            .PlatformApplicationArn = arn_make(&req->arena, "sns", req->region, req->account,
                                               "app/%s", list.items[i].name),
            .Attributes = map_of(&req->arena, list.items[i].attributes),
        };
    return 0;
}

/* --- endpoints --- */

static int check_endpoint_attributes(struct request *req, struct tag_list given)
{
    for (size_t i = 0; i < given.count; i++) {
        const struct tag *t = &given.items[i];

        if (!str_eq(t->key, "CustomUserData") && !str_eq(t->key, "Enabled") &&
            !str_eq(t->key, "Token"))
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Attributes Reason: Invalid attribute name: %s",
                            t->key);
        if (strlen(t->value) > VALUE_MAX && !str_eq(t->key, "CustomUserData"))
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Attributes Reason: Invalid value for attribute: %s",
                            t->key);
        if (str_eq(t->key, "CustomUserData") && strlen(t->value) > USER_DATA_MAX)
            return aws_fail(req, &sns_InvalidParameterException,
                            "Invalid parameter: Attributes Reason: Invalid value for attribute: "
                            "CustomUserData: must be at most 2048 bytes long in UTF-8 encoding");
    }
    return 0;
}

static const char *endpoint_arn(struct request *req, const struct sns_endpoint *e)
{
    return arn_make(&req->arena, "sns", req->region, req->account, "endpoint/%s/%s", e->application,
                    e->uuid);
}

static bool same_attributes(struct tag_list x, struct tag_list y)
{
    if (x.count != y.count)
        return false;
    for (size_t i = 0; i < x.count; i++) {
        const char *value = sns_attribute_of(y, x.items[i].key);

        if (!value || !str_eq(value, x.items[i].value))
            return false;
    }
    return true;
}

int sns_create_platform_endpoint(struct request *req,
                                 const struct sns_CreatePlatformEndpointInput *in,
                                 struct sns_CreateEndpointResponse *out)
{
    struct arena *a = &req->arena;
    struct tag_list given = list_of(a, &in->Attributes);
    struct tag first[3] = {{"Enabled", "true"},
                           {"Token", in->Token},
                           {"CustomUserData", in->CustomUserData ? in->CustomUserData : ""}};
    struct tag_list all = {first, in->CustomUserData ? 3 : 2};
    struct sns_application application;
    struct sns_endpoint endpoint;
    char uuid[SNS_MESSAGE_ID_LEN];
    const char *json;
    enum store_status rc;

    if (find_application(req, in->PlatformApplicationArn, &application) ||
        check_endpoint_attributes(req, all) || check_endpoint_attributes(req, given))
        return -1;
    uuid_v4(uuid);
    json = sns_attributes_json(a, tags_merge(a, all, given));
    rc = sns_store_endpoint_create(sns_of(req->app)->store, application.id, uuid, in->Token, json,
                                   a, &endpoint);
    if (rc == STORE_EXISTS &&
        !same_attributes(tags_from_json(a, endpoint.attributes), tags_from_json(a, json)))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: Token Reason: Endpoint %s already exists with the same "
                        "Token, but different attributes.",
                        endpoint_arn(req, &endpoint));
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_NotFoundException, "PlatformApplication does not exist");
    if (rc != STORE_OK && rc != STORE_EXISTS)
        return aws_fail_internal(req);
    out->EndpointArn = endpoint_arn(req, &endpoint);
    return 0;
}

static int endpoint_named(struct request *req, const char *text, struct sns_endpoint_name *out)
{
    struct arn arn;

    if (!arn_parse(&req->arena, text, &arn))
        return sns_fail_arn(req, "EndpointArn", text);
    if (!sns_endpoint_split(&req->arena, text, out))
        return aws_fail(req, &sns_InvalidParameterException,
                        "Invalid parameter: EndpointArn Reason: Wrong number of slashes in "
                        "relative portion of the ARN.");
    return 0;
}

static int find_endpoint(struct request *req, const char *arn, struct sns_endpoint *out)
{
    struct scope scope = scope_of(req);
    struct sns_endpoint_name name = {0};
    enum store_status rc;

    if (endpoint_named(req, arn, &name))
        return -1;
    rc = sns_store_endpoint_find(sns_of(req->app)->store, &scope, name.uuid, &req->arena, out);
    if (rc == STORE_NOT_FOUND)
        return aws_fail(req, &sns_NotFoundException, "Endpoint does not exist");
    return rc == STORE_OK ? 0 : aws_fail_internal(req);
}

int sns_delete_endpoint(struct request *req, const struct sns_DeleteEndpointInput *in,
                        struct sns_DeleteEndpointOutput *out)
{
    struct sns_store *store = sns_of(req->app)->store;
    struct scope scope = scope_of(req);
    struct sns_endpoint_name name = {0};
    struct sns_endpoint endpoint;
    enum store_status rc;

    (void)out;
    if (endpoint_named(req, in->EndpointArn, &name))
        return -1;
    rc = sns_store_endpoint_find(store, &scope, name.uuid, &req->arena, &endpoint);
    if (rc == STORE_OK)
        rc = sns_store_endpoint_delete(store, endpoint.id);
    return rc == STORE_OK || rc == STORE_NOT_FOUND ? 0 : aws_fail_internal(req);
}

int sns_get_endpoint_attributes(struct request *req,
                                const struct sns_GetEndpointAttributesInput *in,
                                struct sns_GetEndpointAttributesResponse *out)
{
    struct sns_endpoint endpoint;

    if (find_endpoint(req, in->EndpointArn, &endpoint))
        return -1;
    out->Attributes = map_of(&req->arena, endpoint.attributes);
    return 0;
}

int sns_set_endpoint_attributes(struct request *req,
                                const struct sns_SetEndpointAttributesInput *in,
                                struct sns_SetEndpointAttributesOutput *out)
{
    struct tag_list given = list_of(&req->arena, &in->Attributes);
    struct sns_endpoint_name name;
    struct sns_endpoint endpoint;

    (void)out;
    if (endpoint_named(req, in->EndpointArn, &name))
        return -1;
    if (given.count == 0)
        return fail_no_attributes(req);
    if (find_endpoint(req, in->EndpointArn, &endpoint) || check_endpoint_attributes(req, given))
        return -1;
    return sns_set_attributes(sns_of(req->app), SNS_ENDPOINT_ATTRIBUTES, endpoint.id, &req->arena,
                              given) == STORE_OK
               ? 0
               : aws_fail_internal(req);
}

int sns_list_endpoints_by_platform_application(
    struct request *req, const struct sns_ListEndpointsByPlatformApplicationInput *in,
    struct sns_ListEndpointsByPlatformApplicationResponse *out)
{
    struct sns_application application;
    struct sns_endpoints list;
    const char *kind;
    int64_t after;

    if (find_application(req, in->PlatformApplicationArn, &application))
        return -1;
    kind = arena_printf(&req->arena, "sns:endpoints:%" PRId64, application.id);
    if (sns_page_after(req, kind, in->NextToken, &after))
        return -1;
    if (sns_store_endpoint_list(sns_of(req->app)->store, application.id, after, PAGE + 1,
                                &req->arena, &list) != STORE_OK)
        return aws_fail_internal(req);
    if (list.count > PAGE)
        out->NextToken = sns_page_token(&req->arena, kind, list.items[PAGE - 1].id);
    out->Endpoints.count = MIN(list.count, (size_t)PAGE);
    out->Endpoints.items = ARENA_ARRAY(&req->arena, struct sns_Endpoint, MAX(list.count, 1));
    for (size_t i = 0; i < out->Endpoints.count; i++)
        out->Endpoints.items[i] =
            (struct sns_Endpoint){.EndpointArn = endpoint_arn(req, &list.items[i]),
                                  .Attributes = map_of(&req->arena, list.items[i].attributes)};
    return 0;
}
