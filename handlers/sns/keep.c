#include "handlers/sns/keep.h"

#include "handlers/common/arn.h"
#include "server/base/json_write.h"
#include "server/base/log.h"

bool sns_endpoint_split(struct arena *a, const char *text, struct sns_endpoint_name *out)
{
    const char *rest, *slash, *last;
    struct arn arn;

    if (!arn_parse(a, text, &arn) || !str_eq(arn.service, "sns") ||
        !(rest = arn_resource_after(&arn, "endpoint/")))
        return false;
    slash = strchr(rest, '/');
    last = strrchr(rest, '/');
    if (!slash || last == slash || !last[1])
        return false;
    *out = (struct sns_endpoint_name){
        .scope = {.account = arn.account, .region = arn.region},
        .application = arena_strndup(a, rest, (size_t)(last - rest)),
        .platform = arena_strndup(a, rest, (size_t)(slash - rest)),
        .uuid = arena_strdup(a, last + 1),
    };
    return true;
}

static void write_text(struct jw *w, const char *key, const char *text)
{
    jw_key(w, key);
    if (text)
        jw_string(w, text);
    else
        jw_null(w);
}

static void write_message(struct jw *w, const struct sns_message *m, const char *text)
{
    write_text(w, "MessageId", m->id);
    write_text(w, "Message", text);
    jw_key(w, "MessageAttributes");
    jw_begin_object(w);
    for (size_t i = 0; i < m->attribute_count; i++) {
        const struct sns_attribute *attribute = &m->attributes[i];
        bool binary = str_starts(attribute->type, "Binary");

        jw_key(w, attribute->name);
        jw_begin_object(w);
        jw_member_string(w, "DataType", attribute->type);
        jw_key(w, binary ? "BinaryValue" : "StringValue");
        if (binary)
            jw_base64(w, attribute->value.data, attribute->value.len);
        else
            jw_string_n(w, (const char *)attribute->value.data, attribute->value.len);
        jw_end_object(w);
    }
    jw_end_object(w);
    write_text(w, "MessageStructure", m->is_json ? "json" : NULL);
    write_text(w, "Subject", m->subject);
}

static const char *write_kept(struct arena *a, const char *name,
                              const struct sns_kept_target *target, const struct sns_message *m,
                              const char *text)
{
    struct strbuf b = STRBUF_INIT(SNS_BODY_MAX);
    const char *json;
    struct jw w;

    jw_init(&w, &b);
    jw_begin_object(&w);
    write_text(&w, name, target->endpoint);
    write_text(&w, "TopicArn", target->topic_arn);
    write_text(&w, "SubscriptionArn", target->subscription_arn);
    write_message(&w, m, text);
    jw_end_object(&w);
    json = b.overflow ? NULL : arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return json;
}

static bool takes_push(struct sns *sns, struct arena *a, const struct sns_kept_target *target,
                       struct sns_endpoint_name *name)
{
    struct sns_endpoint endpoint;

    return sns_endpoint_split(a, target->endpoint, name) &&
           sns_store_endpoint_find(sns->store, &name->scope, name->uuid, a, &endpoint) ==
               STORE_OK &&
           sns_attribute_true(tags_from_json(a, endpoint.attributes), "Enabled");
}

bool sns_keep(struct sns *sns, struct arena *a, const struct scope *scope,
              const struct sns_kept_target *target, const struct sns_message *m, const char *body,
              struct sns_kept_message *out)
{
    *out = (struct sns_kept_message){.scope = *scope, .target = target->endpoint};
    if (str_eq(target->protocol, "sms")) {
        struct sns_phone phone;

        if (sns_store_phone_find(sns->store, scope, SNS_PHONE_OPTED_OUT, target->endpoint, a,
                                 &phone) == STORE_OK)
            return false;
        out->kind = SNS_KEPT_SMS;
        out->json = write_kept(a, "PhoneNumber", target, m, sns_message_text(m, "sms"));
    } else if (str_eq(target->protocol, "application")) {
        struct sns_endpoint_name name;

        if (!takes_push(sns, a, target, &name))
            return false;
        out->kind = SNS_KEPT_PUSH;
        out->json = write_kept(a, "TargetArn", target, m, sns_message_text(m, name.platform));
    } else {
        out->kind = SNS_KEPT_MAIL;
        out->json = write_kept(a, "Endpoint", target, m, body);
    }
    if (!out->json)
        log_warn("sns: message %s to %s is too long to be kept", m->id, target->endpoint);
    return out->json != NULL;
}
