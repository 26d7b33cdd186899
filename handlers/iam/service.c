/* The service: its table of operations, its state, and whose a key is. */
#include "handlers/common/arn.h"
#include "handlers/iam/iam_parts.h"

static void *open_store(struct app *app)
{
    return iam_store_open(app->store);
}

static void close_store(void *state)
{
    iam_store_close(state);
}

static bool find_session(struct iam_store *store, const char *access_key, struct arena *a,
                         struct credential *out)
{
    struct iam_session session;

    if (iam_session_find(store, access_key, a, &session))
        return false;
    *out = (struct credential){
        .secret = session.secret, .session_token = session.token, .expires_ms = session.expires_ms};
    snprintf(out->account, sizeof(out->account), "%s", session.account);
    return true;
}

static bool find_credential(void *state, const char *access_key, struct arena *a,
                            struct credential *out)
{
    struct iam_access_key key;

    if (str_starts(access_key, "ASIA"))
        return find_session(state, access_key, a, out);
    if (iam_key_find(state, access_key, a, &key))
        return false;
    *out = (struct credential){.secret = key.secret, .inactive = !key.active};
    snprintf(out->account, sizeof(out->account), "%s", key.account);
    return true;
}

#define HANDLER(Name, function, In, Out) .Name = iam_##function,
static const struct iam_handlers handlers = {IAM_OPERATIONS(HANDLER)};

const struct service iam_service = {
    .model = &iam_model,
    .handlers = &handlers,
    .open = open_store,
    .close = close_store,
    .find_credential = find_credential,
};

struct iam_store *iam_store_of(struct app *app)
{
    return service_state(app, &iam_service);
}

static void root_caller(struct request *req, struct iam_caller *out)
{
    *out = (struct iam_caller){.kind = IAM_CALLER_ROOT,
                               .arn = arn_make(&req->arena, "iam", "", req->account, "root"),
                               .id = req->account};
}

/* AWS: a session that GetSessionToken gave a user acts as that user. */
static const char *user_of_session(const char *arn)
{
    return strstr(arn, ":user/") ? strrchr(arn, '/') + 1 : NULL;
}

static enum store_status session_caller(struct request *req, struct iam_caller *out)
{
    struct iam_session session;
    enum store_status status =
        iam_session_find(iam_store_of(req->app), req->access_key, &req->arena, &session);

    if (!status)
        *out = (struct iam_caller){.kind = IAM_CALLER_SESSION,
                                   .arn = session.arn,
                                   .id = session.user_id,
                                   .user_name = user_of_session(session.arn),
                                   .policy = session.policy,
                                   .policy_arns = session.policy_arns};
    return status;
}

static enum store_status user_caller(struct request *req, struct iam_caller *out)
{
    struct iam_access_key key;
    enum store_status status =
        iam_key_find(iam_store_of(req->app), req->access_key, &req->arena, &key);

    if (!status)
        *out = (struct iam_caller){
            .kind = IAM_CALLER_USER,
            .arn = arn_make(&req->arena, "iam", "", req->account, "user%s%s", key.path, key.user),
            .id = key.user_id,
            .user_name = key.user};
    return status;
}

int iam_caller_of(struct request *req, struct iam_caller *out)
{
    enum store_status status = STORE_NOT_FOUND;

    if (req->access_key && str_starts(req->access_key, "ASIA"))
        status = session_caller(req, out);
    else if (req->access_key && str_starts(req->access_key, "AKIA"))
        status = user_caller(req, out);
    if (status == STORE_NOT_FOUND) {
        root_caller(req, out);
        return 0;
    }
    return status ? aws_fail_internal(req) : 0;
}

bool iam_split_role_arn(struct arena *a, const char *arn, const char **out_account,
                        const char **out_name)
{
    struct arn parts;
    const char *resource;

    if (!arn_parse(a, arn, &parts) || !str_eq(parts.service, "iam"))
        return false;
    resource = arn_resource_after(&parts, "role/");
    if (!resource || !*resource || strlen(parts.account) != 12)
        return false;
    *out_account = parts.account;
    *out_name = strrchr(parts.resource, '/') + 1;
    return **out_name != '\0';
}
