/* Access keys of users. The secret is shown once, when the key is made. */
#include "handlers/iam/iam_parts.h"
#include "server/base/clock.h"

static int fail_key(struct request *req, enum store_status status, bool user_missing,
                    const char *user, const char *id)
{
    if (status == STORE_NOT_FOUND && !user_missing)
        return aws_fail(req, &iam_NoSuchEntityException,
                        "The Access Key with id %s cannot be found.", id);
    return iam_fail_entity(req, status, IAM_USER, user);
}

int iam_create_access_key(struct request *req, const struct iam_CreateAccessKeyRequest *in,
                          struct iam_CreateAccessKeyResponse *out)
{
    const char *user = iam_user_or_caller(req, in->UserName);
    char *id = arena_alloc(&req->arena, IAM_ACCESS_KEY_LEN + 1);
    char *secret = arena_alloc(&req->arena, IAM_SECRET_LEN + 1);
    struct iam_access_key key = {
        .id = id, .secret = secret, .active = true, .created_ms = clock_now_ms(&req->app->clock)};
    enum store_status status;

    if (!user)
        return -1;
    iam_new_access_key("AKIA", req->account, id);
    iam_new_secret(secret);
    status = iam_key_create(iam_store_of(req->app), req->account, user, &key, IAM_KEYS_MAX);
    if (status == STORE_LIMIT)
        return aws_fail(req, &iam_LimitExceededException,
                        "Cannot exceed quota for AccessKeysPerUser: %d", IAM_KEYS_MAX);
    if (status)
        return iam_fail_entity(req, status, IAM_USER, user);
    out->AccessKey = ARENA_NEW(&req->arena, struct iam_AccessKey);
    *out->AccessKey = (struct iam_AccessKey){
        .UserName = user,
        .AccessKeyId = id,
        .Status = "Active",
        .SecretAccessKey = secret,
        .CreateDate = SOME_TIME(key.created_ms),
    };
    return 0;
}

int iam_list_access_keys(struct request *req, const struct iam_ListAccessKeysRequest *in,
                         struct iam_ListAccessKeysResponse *out)
{
    const char *user = iam_user_or_caller(req, in->UserName);
    struct iam_access_keys keys;
    struct iam_page page;
    enum store_status status;
    size_t first = 0;

    if (!user || iam_page_begin(req, "iam:ListAccessKeys", in->Marker, in->MaxItems, &page))
        return -1;
    status = iam_key_list(iam_store_of(req->app), req->account, user, &req->arena, &keys);
    if (status)
        return iam_fail_entity(req, status, IAM_USER, user);
    for (size_t i = 0; page.after && i < keys.count; i++)
        if (str_eq(keys.items[i].id, page.after))
            first = i + 1;
    out->AccessKeyMetadata.items =
        ARENA_ARRAY(&req->arena, struct iam_AccessKeyMetadata, keys.count);
    for (size_t i = first; i < keys.count && i - first < page.limit; i++)
        out->AccessKeyMetadata.items[out->AccessKeyMetadata.count++] =
            (struct iam_AccessKeyMetadata){
                .UserName = user,
                .AccessKeyId = keys.items[i].id,
                .Status = keys.items[i].active ? "Active" : "Inactive",
                .CreateDate = SOME_TIME(keys.items[i].created_ms),
            };
    out->Marker = iam_page_end(
        req, &page, keys.count - first > page.limit,
        out->AccessKeyMetadata.count
            ? out->AccessKeyMetadata.items[out->AccessKeyMetadata.count - 1].AccessKeyId
            : "",
        &out->IsTruncated);
    return 0;
}

int iam_update_access_key(struct request *req, const struct iam_UpdateAccessKeyRequest *in,
                          struct iam_UpdateAccessKeyOutput *out)
{
    const char *user = iam_user_or_caller(req, in->UserName);
    bool user_missing = false;
    enum store_status status;

    (void)out;
    if (!user)
        return -1;
    status = iam_key_set_active(iam_store_of(req->app), req->account, user, in->AccessKeyId,
                                str_eq(in->Status, "Active"), &user_missing);
    return status ? fail_key(req, status, user_missing, user, in->AccessKeyId) : 0;
}

int iam_delete_access_key(struct request *req, const struct iam_DeleteAccessKeyRequest *in,
                          struct iam_DeleteAccessKeyOutput *out)
{
    const char *user = iam_user_or_caller(req, in->UserName);
    bool user_missing = false;
    enum store_status status;

    (void)out;
    if (!user)
        return -1;
    status =
        iam_key_delete(iam_store_of(req->app), req->account, user, in->AccessKeyId, &user_missing);
    return status ? fail_key(req, status, user_missing, user, in->AccessKeyId) : 0;
}
