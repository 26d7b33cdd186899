/*
 * OpenID Connect providers: who else than AWS may say who somebody is. What they say is not asked
 * here, since nothing here hands out sessions for their tokens.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
 *
 * A provider is kept as the answer of GetOpenIDConnectProvider, but for its tags.
 */
#include "handlers/common/arn.h"
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"
#include "server/model/stored.h"

enum { PROVIDERS_MAX = 100, CLIENTS_MAX = 100, THUMBPRINTS_MAX = 5 };

static const char SCHEME[] = "https://";

static const struct shape *shown(void)
{
    return model_structure(&iam_model, "GetOpenIDConnectProviderResponse");
}

static const char *to_document(struct arena *a,
                               const struct iam_GetOpenIDConnectProviderResponse *p)
{
    return stored_to_json(&iam_model, shown(), p, a);
}

static bool from_document(struct arena *a, const char *document,
                          struct iam_GetOpenIDConnectProviderResponse *out)
{
    *out = (struct iam_GetOpenIDConnectProviderResponse){0};
    return stored_from_json(&iam_model, shown(), document, a, out);
}

static const char *arn_of(struct request *req, const char *url)
{
    return arn_make(&req->arena, "iam", "", req->account, "oidc-provider/%s", url);
}

static int fail_missing(struct request *req, const char *arn)
{
    return aws_fail(req, &iam_NoSuchEntityException, "OpenIDConnect Provider not found for arn %s",
                    arn);
}

/* The URL that an ARN holds, without its scheme. */
static int split_arn(struct request *req, const char *arn, const char **out_url)
{
    struct arn parts;

    if (!arn_parse(&req->arena, arn, &parts) || !str_eq(parts.service, "iam") ||
        !(*out_url = arn_resource_after(&parts, "oidc-provider/")) || !**out_url)
        return aws_fail(req, &iam_InvalidInputException, "ARN %s is not valid.", arn);
    return str_eq(parts.account, req->account) ? 0 : fail_missing(req, arn);
}

static int find_provider(struct request *req, const char *arn, struct iam_provider *out)
{
    const char *url;
    enum store_status status;

    if (split_arn(req, arn, &url))
        return -1;
    status = iam_provider_find(iam_store_of(req->app), req->account, url, &req->arena, out);
    if (status == STORE_NOT_FOUND)
        return fail_missing(req, arn);
    return status ? aws_fail_internal(req) : 0;
}

/* --- what is given --- */

static int check_url(struct request *req, const char *url)
{
    const char *host = url + strlen(SCHEME);

    if (!str_starts(url, SCHEME) || !*host || *host == '/' || strpbrk(host, "?# \t\r\n"))
        return aws_fail(req, &aws_ValidationError, "Invalid Open ID Connect Provider URL");
    return 0;
}

static int check_thumbprints(struct request *req, const struct iam_thumbprintListType *list)
{
    if (list->count > THUMBPRINTS_MAX)
        return aws_fail(req, &iam_InvalidInputException,
                        "Thumbprint list must contain fewer than %d entries.", THUMBPRINTS_MAX);
    return 0;
}

static int fail_clients(struct request *req)
{
    return aws_fail(req, &iam_LimitExceededException,
                    "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", CLIENTS_MAX);
}

int iam_create_open_id_connect_provider(struct request *req,
                                        const struct iam_CreateOpenIDConnectProviderRequest *in,
                                        struct iam_CreateOpenIDConnectProviderResponse *out)
{
    struct iam_provider provider = {0};
    struct iam_GetOpenIDConnectProviderResponse p = {
        .ClientIDList = in->ClientIDList,
        .ThumbprintList = in->ThumbprintList,
        .CreateDate = SOME_TIME(clock_now_ms(&req->app->clock)),
    };
    enum store_status status;

    if (check_url(req, in->Url) || check_thumbprints(req, &in->ThumbprintList))
        return -1;
    if (in->ClientIDList.count > CLIENTS_MAX)
        return fail_clients(req);
    if (iam_read_tags(req, &in->Tags, "TagsPerOpenIdConnectProvider", &provider.tags))
        return -1;
    p.Url = provider.url = in->Url + strlen(SCHEME);
    provider.document = to_document(&req->arena, &p);
    status = iam_provider_create(iam_store_of(req->app), req->account, &provider, PROVIDERS_MAX);
    if (status == STORE_EXISTS)
        return aws_fail(req, &iam_EntityAlreadyExistsException,
                        "Provider with url %s already exists.", in->Url);
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException,
                        "Cannot exceed quota for OpenIdConnectProvidersPerAccount: %d",
                        PROVIDERS_MAX);
    if (status)
        return aws_fail_internal(req);
    out->OpenIDConnectProviderArn = arn_of(req, provider.url);
    if (provider.tags)
        out->Tags = iam_show_tags(&req->arena, provider.tags);
    return 0;
}

int iam_get_open_id_connect_provider(struct request *req,
                                     const struct iam_GetOpenIDConnectProviderRequest *in,
                                     struct iam_GetOpenIDConnectProviderResponse *out)
{
    struct iam_provider provider;

    if (find_provider(req, in->OpenIDConnectProviderArn, &provider))
        return -1;
    if (!from_document(&req->arena, provider.document, out))
        return aws_fail_internal(req);
    out->Tags = iam_show_tags(&req->arena, provider.tags);
    return 0;
}

int iam_list_open_id_connect_providers(struct request *req,
                                       const struct iam_ListOpenIDConnectProvidersRequest *in,
                                       struct iam_ListOpenIDConnectProvidersResponse *out)
{
    struct iam_OpenIDConnectProviderListType *list = &out->OpenIDConnectProviderList;
    struct iam_providers all;

    (void)in;
    if (iam_provider_list(iam_store_of(req->app), req->account, PROVIDERS_MAX, &req->arena, &all))
        return aws_fail_internal(req);
    list->items = ARENA_ARRAY(&req->arena, struct iam_OpenIDConnectProviderListEntry, all.count);
    for (size_t i = 0; i < all.count; i++)
        list->items[list->count++].Arn = arn_of(req, all.items[i].url);
    return 0;
}

/* AWS: deleting what is not there is no error. */
int iam_delete_open_id_connect_provider(struct request *req,
                                        const struct iam_DeleteOpenIDConnectProviderRequest *in,
                                        struct iam_DeleteOpenIDConnectProviderOutput *out)
{
    struct arn parts;
    const char *url;

    (void)out;
    if (arn_parse(&req->arena, in->OpenIDConnectProviderArn, &parts) &&
        !str_eq(parts.account, req->account))
        return 0;
    if (split_arn(req, in->OpenIDConnectProviderArn, &url))
        return -1;
    return iam_provider_delete(iam_store_of(req->app), req->account, url) ? aws_fail_internal(req)
                                                                          : 0;
}

/* --- changes --- */

struct change {
    struct arena *a;
    /* exactly one of these is given: */
    const char *add;    /* a client */
    const char *remove; /* a client */
    const struct iam_thumbprintListType *thumbprints;
    bool too_many; /* clients there would be */
};

static void remove_client(struct iam_clientIDListType *list, const char *client)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!str_eq(list->items[i], client))
            list->items[kept++] = list->items[i];
    list->count = kept;
}

static void add_client(struct arena *a, struct iam_clientIDListType *list, const char *client)
{
    const char **items = ARENA_ARRAY(a, const char *, list->count + 1);

    for (size_t i = 0; i < list->count; i++) {
        if (str_eq(list->items[i], client))
            return;
        items[i] = list->items[i];
    }
    items[list->count] = client;
    list->items = items;
    list->count++;
}

static bool apply(struct iam_provider *provider, void *context)
{
    struct change *change = context;
    struct iam_GetOpenIDConnectProviderResponse p;

    if (!from_document(change->a, provider->document, &p))
        return false;
    if (change->add)
        add_client(change->a, &p.ClientIDList, change->add);
    if (change->remove)
        remove_client(&p.ClientIDList, change->remove);
    if (change->thumbprints)
        p.ThumbprintList = *change->thumbprints;
    provider->document = to_document(change->a, &p);
    change->too_many = p.ClientIDList.count > CLIENTS_MAX;
    return !change->too_many;
}

static int change_provider(struct request *req, const char *arn, struct change *change)
{
    const char *url;
    enum store_status status;

    if (split_arn(req, arn, &url))
        return -1;
    status =
        iam_provider_change(iam_store_of(req->app), req->account, url, apply, change, &req->arena);
    if (status == STORE_NOT_FOUND)
        return fail_missing(req, arn);
    if (status == STORE_CONFLICT && change->too_many)
        return fail_clients(req);
    return status ? aws_fail_internal(req) : 0;
}

/* AWS: adding a client twice is no error, nor is removing one who is not there. */
int iam_add_client_id_to_open_id_connect_provider(
    struct request *req, const struct iam_AddClientIDToOpenIDConnectProviderRequest *in,
    struct iam_AddClientIDToOpenIDConnectProviderOutput *out)
{
    (void)out;
    return change_provider(req, in->OpenIDConnectProviderArn,
                           &(struct change){.a = &req->arena, .add = in->ClientID});
}

int iam_remove_client_id_from_open_id_connect_provider(
    struct request *req, const struct iam_RemoveClientIDFromOpenIDConnectProviderRequest *in,
    struct iam_RemoveClientIDFromOpenIDConnectProviderOutput *out)
{
    (void)out;
    return change_provider(req, in->OpenIDConnectProviderArn,
                           &(struct change){.a = &req->arena, .remove = in->ClientID});
}

int iam_update_open_id_connect_provider_thumbprint(
    struct request *req, const struct iam_UpdateOpenIDConnectProviderThumbprintRequest *in,
    struct iam_UpdateOpenIDConnectProviderThumbprintOutput *out)
{
    (void)out;
    if (check_thumbprints(req, &in->ThumbprintList))
        return -1;
    return change_provider(req, in->OpenIDConnectProviderArn,
                           &(struct change){.a = &req->arena, .thumbprints = &in->ThumbprintList});
}

/* --- tags --- */

static bool change_tags(struct iam_provider *provider, void *context)
{
    return iam_change_tags(&provider->tags, context);
}

static int change_tags_of(struct request *req, const char *arn, struct iam_tag_change *change)
{
    const char *url;
    enum store_status status;

    if (split_arn(req, arn, &url))
        return -1;
    status = iam_provider_change(iam_store_of(req->app), req->account, url, change_tags, change,
                                 &req->arena);
    if (status == STORE_NOT_FOUND)
        return fail_missing(req, arn);
    if (status == STORE_CONFLICT)
        return iam_fail_tag_limit(req, "TagsPerOpenIdConnectProvider");
    return status ? aws_fail_internal(req) : 0;
}

int iam_tag_open_id_connect_provider(struct request *req,
                                     const struct iam_TagOpenIDConnectProviderRequest *in,
                                     struct iam_TagOpenIDConnectProviderOutput *out)
{
    struct iam_tag_change change = {.a = &req->arena};

    (void)out;
    if (iam_read_tag_set(req, &in->Tags, &change.set))
        return -1;
    return change_tags_of(req, in->OpenIDConnectProviderArn, &change);
}

int iam_untag_open_id_connect_provider(struct request *req,
                                       const struct iam_UntagOpenIDConnectProviderRequest *in,
                                       struct iam_UntagOpenIDConnectProviderOutput *out)
{
    struct iam_tag_change change = {
        .a = &req->arena, .unset = in->TagKeys.items, .unset_count = in->TagKeys.count};

    (void)out;
    return change_tags_of(req, in->OpenIDConnectProviderArn, &change);
}

int iam_list_open_id_connect_provider_tags(
    struct request *req, const struct iam_ListOpenIDConnectProviderTagsRequest *in,
    struct iam_ListOpenIDConnectProviderTagsResponse *out)
{
    struct iam_provider provider;
    struct iam_page page;

    if (iam_page_begin(req, "iam:ListOpenIDConnectProviderTags", in->Marker, in->MaxItems, &page) ||
        find_provider(req, in->OpenIDConnectProviderArn, &provider))
        return -1;
    out->Tags = iam_page_of_tags(req, provider.tags, &page, &out->IsTruncated, &out->Marker);
    return 0;
}
