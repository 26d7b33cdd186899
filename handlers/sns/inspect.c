#include "handlers/sns/inspect.h"

#include "handlers/common/arn.h"
#include "handlers/sns/message.h"
#include "handlers/sns/phone.h"
#include "handlers/sns/signer.h"
#include "server/base/encode.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

/* What LocalStack takes where nothing is said. */
static const char default_account[] = "000000000000";
static const char default_region[] = "us-east-1";

static struct jw answer_json(struct request *req, uint16_t status)
{
    struct jw w;

    req->response.status = status;
    req->response.kind = BODY_BYTES;
    response_header(req, "Content-Type", "application/json");
    jw_init(&w, &req->response.bytes);
    return w;
}

static void answer_error(struct request *req, uint16_t status, const char *words,
                         const char *subscription_arn)
{
    struct jw w = answer_json(req, status);

    jw_begin_object(&w);
    jw_member_string(&w, "error", words);
    jw_member_string(&w, "subscription_arn", subscription_arn);
    jw_end_object(&w);
}

static bool answer_empty(struct request *req, enum store_status rc)
{
    if (rc == STORE_OK)
        req->response.status = 204;
    else
        answer_error(req, 500, "The store failed; the log says why", NULL);
    return true;
}

static struct scope scope_of(struct request *req, const char *target)
{
    const char *account = request_query(req, "accountId");
    const char *region = request_query(req, "region");
    struct arn arn;

    if (target && arn_parse(&req->arena, target, &arn))
        return (struct scope){arn.account, arn.region};
    return (struct scope){account ? account : default_account, region ? region : default_region};
}

/* {"sms_messages": {"+1555": [...]}, "region": "us-east-1"} */
static void answer_messages(struct request *req, const char *name, const struct scope *scope,
                            const char *target, const struct sns_kept_list *list)
{
    struct jw w = answer_json(req, 200);

    jw_begin_object(&w);
    jw_key(&w, name);
    jw_begin_object(&w);
    if (target && list->count == 0) {
        jw_key(&w, target);
        jw_begin_array(&w);
        jw_end_array(&w);
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct sns_kept_message *m = &list->items[i];

        if (i == 0 || !str_eq(m->target, list->items[i - 1].target)) {
            jw_key(&w, m->target);
            jw_begin_array(&w);
        }
        jw_raw(&w, m->json, strlen(m->json));
        if (i + 1 == list->count || !str_eq(m->target, list->items[i + 1].target))
            jw_end_array(&w);
    }
    jw_end_object(&w);
    jw_member_string(&w, "region", scope->region);
    jw_end_object(&w);
}

static const struct kept_path {
    const char *path;
    const char *name;
    const char *filter; /* the parameter that names a target */
    enum sns_kept kind;
} kept_paths[] = {
    {"sms-messages", "sms_messages", "phoneNumber", SNS_KEPT_SMS},
    {"platform-endpoint-messages", "platform_endpoint_messages", "endpointArn", SNS_KEPT_PUSH},
    {"email-messages", "email_messages", "address", SNS_KEPT_MAIL},
};

static bool inspect_kept(struct request *req, const struct kept_path *path)
{
    struct sns_store *store = sns_of(req->app)->store;
    const char *target = request_query(req, path->filter);
    struct scope scope = scope_of(req, path->kind == SNS_KEPT_PUSH ? target : NULL);
    struct sns_kept_list list;

    if (str_eq(req->method, "DELETE"))
        return answer_empty(req, sns_store_kept_clear(store, &scope, path->kind, target));
    if (!str_eq(req->method, "GET"))
        return false;
    if (sns_store_kept_list(store, &scope, path->kind, target, &req->arena, &list) != STORE_OK)
        answer_error(req, 500, "The store failed; the log says why", NULL);
    else
        answer_messages(req, path->name, &scope, target, &list);
    return true;
}

static bool inspect_token(struct request *req, const char *raw)
{
    const char *arn = url_decode(&req->arena, raw, strlen(raw), false, NULL);
    const char *uuid = arn ? strrchr(arn, ':') : NULL;
    struct sns_subscription s;
    struct arn parsed;
    struct jw w;

    if (!str_eq(req->method, "GET"))
        return false;
    if (!uuid || !arn_parse(&req->arena, arn, &parsed)) {
        answer_error(req, 400, "The provided SubscriptionARN is invalid", arn);
    } else if (sns_store_subscription_find(sns_of(req->app)->store, uuid + 1, &req->arena, &s) !=
                   STORE_OK ||
               !str_eq(s.account, parsed.account) || !str_eq(s.region, parsed.region)) {
        answer_error(req, 404, "The provided SubscriptionARN is not found", arn);
    } else {
        w = answer_json(req, 200);
        jw_begin_object(&w);
        jw_member_string(&w, "subscription_token", s.token);
        jw_member_string(&w, "subscription_arn", arn);
        jw_end_object(&w);
    }
    return true;
}

static bool inspect_certificate(struct request *req)
{
    const char *pem = sns_signer_certificate(sns_of(req->app)->signer, &req->arena);

    if (!str_eq(req->method, "GET") || !pem)
        return false;
    req->response.status = 200;
    req->response.kind = BODY_BYTES;
    response_header(req, "Content-Type", "application/x-pem-file");
    strbuf_add_text(&req->response.bytes, pem);
    return true;
}

/* A phone says STOP: there is no other way to opt out. */
static bool inspect_opt_out(struct request *req)
{
    struct scope scope = {default_account, default_region};
    struct sns_phone phone = {.state = ""};
    struct jr_text key, value;
    struct jr r;

    if (!str_eq(req->method, "POST"))
        return false;
    jr_init(&r, req->body.data, req->body.len, &req->arena, 2);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        const char *text = "";

        if (jr_peek(&r) == JR_STRING && jr_string(&r, &value))
            text = arena_strndup(&req->arena, value.data, value.len);
        else
            jr_skip(&r, NULL);
        if (jr_text_eq(key, "phoneNumber"))
            phone.number = text;
        else if (jr_text_eq(key, "accountId"))
            scope.account = text;
        else if (jr_text_eq(key, "region"))
            scope.region = text;
    }
    if (!jr_finish(&r) || !phone.number || !sns_is_phone_number(phone.number)) {
        answer_error(req, 400, "Give {\"phoneNumber\": \"+...\"}", NULL);
        return true;
    }
    return answer_empty(
        req, sns_store_phone_put(sns_of(req->app)->store, &scope, SNS_PHONE_OPTED_OUT, &phone));
}

bool sns_inspect(struct request *req)
{
    static const char prefix[] = "/_aws/sns/", tokens[] = "subscription-tokens/";
    const char *rest = req->path + strlen(prefix);

    if (!str_starts(req->path, prefix))
        return false;
    if (str_eq(req->path, SNS_CERTIFICATE_PATH))
        return inspect_certificate(req);
    if (str_starts(rest, tokens))
        return inspect_token(req, rest + strlen(tokens));
    if (str_eq(rest, "phone-opt-outs"))
        return inspect_opt_out(req);
    for (size_t i = 0; i < ARRAY_LEN(kept_paths); i++) {
        if (str_eq(rest, kept_paths[i].path))
            return inspect_kept(req, &kept_paths[i]);
    }
    return false;
}
