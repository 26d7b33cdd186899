/* The forms that a message takes. */
#include "handlers/sns/message.h"

#include "handlers/sns/signer.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { TEXTS_DEPTH_MAX = 64 };

void sns_message_set_time(struct sns_message *m, int64_t at_ms)
{
    char seconds[TIME_TEXT_MAX];

    m->at_ms = at_ms;
    time_iso8601(at_ms - at_ms % 1000, false, seconds);
    snprintf(m->timestamp, sizeof(m->timestamp), "%.19s.%03uZ", seconds, (unsigned)(at_ms % 1000));
}

void sns_message_begin(struct sns *sns, struct sns_message *m)
{
    uuid_v4(m->id);
    sns_message_set_time(m, clock_now_ms(&sns->app->clock));
}

const char *sns_message_text(const struct sns_message *m, const char *protocol)
{
    const char *text = m->is_json ? sns_attribute_of(m->texts, protocol) : m->text;

    if (!text && m->is_json)
        text = sns_attribute_of(m->texts, "default");
    return text;
}

static const char *const text_names[] = {
    "default",
    "sqs",
    "lambda",
    "http",
    "https",
    "email",
    "email-json",
    "sms",
    "firehose",
    "APNS",
    "APNS_SANDBOX",
    "APNS_VOIP",
    "APNS_VOIP_SANDBOX",
    "MACOS",
    "MACOS_SANDBOX",
    "ADM",
    "BAIDU",
    "FCM",
    "GCM",
    "MPNS",
    "WNS",
};

static struct tag *text_slot(struct tag_list *list, struct jr_text key)
{
    for (size_t i = 0; i < list->count; i++) {
        if (jr_text_eq(key, list->items[i].key))
            return &list->items[i];
    }
    for (size_t i = 0; i < ARRAY_LEN(text_names); i++) {
        if (jr_text_eq(key, text_names[i])) {
            list->items[list->count].key = text_names[i];
            return &list->items[list->count++];
        }
    }
    return NULL;
}

/* AWS: what is no text, or for no protocol, is passed over. */
const char *sns_message_read_texts(struct arena *a, struct sns_message *m, bool needs_default)
{
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, ARRAY_LEN(text_names))};
    struct jr_text key, value;
    struct jr r;

    jr_init(&r, m->text, strlen(m->text), a, TEXTS_DEPTH_MAX);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        struct tag *slot = jr_peek(&r) == JR_STRING ? text_slot(&list, key) : NULL;

        if (!slot)
            jr_skip(&r, NULL);
        else if (jr_string(&r, &value))
            slot->value = arena_strndup(a, value.data, value.len);
    }
    if (!jr_finish(&r))
        return "Message Structure - JSON message body failed to parse";
    if (needs_default && !sns_attribute_of(list, "default"))
        return "Message Structure - No default entry in JSON message body";
    m->is_json = true;
    m->texts = list;
    return NULL;
}

/* --- parts --- */

static void add_string(struct strbuf *b, const char *text)
{
    struct jw w;

    jw_init(&w, b);
    jw_string(&w, text);
}

/* One line of an envelope, as AWS lays them out. */
static void add_member(struct strbuf *b, const char *key, const char *text)
{
    if (!text)
        return;
    strbuf_add_format(b, "%s\n  \"%s\" : ", b->len > 1 ? "," : "", key);
    add_string(b, text);
}

static void write_value(struct jw *w, const struct sns_attribute *attribute)
{
    if (str_starts(attribute->type, "Binary"))
        jw_base64(w, attribute->value.data, attribute->value.len);
    else
        jw_string_n(w, (const char *)attribute->value.data, attribute->value.len);
}

static void write_attribute(struct jw *w, const struct sns_attribute *attribute, const char *type,
                            const char *value)
{
    jw_begin_object(w);
    jw_member_string(w, type, attribute->type);
    jw_key(w, value);
    write_value(w, attribute);
    jw_end_object(w);
}

void sns_message_write_attributes(struct strbuf *b, const struct sns_message *m, const char *type,
                                  const char *value)
{
    struct jw w;

    jw_init(&w, b);
    jw_begin_object(&w);
    for (size_t i = 0; i < m->attribute_count; i++) {
        jw_key(&w, m->attributes[i].name);
        write_attribute(&w, &m->attributes[i], type, value);
    }
    jw_end_object(&w);
}

static void add_attributes(struct strbuf *b, const struct sns_message *m)
{
    struct jw w;

    if (m->attribute_count == 0)
        return;
    strbuf_add_text(b, ",\n  \"MessageAttributes\" : {");
    for (size_t i = 0; i < m->attribute_count; i++) {
        strbuf_add_text(b, i ? ",\n    " : "\n    ");
        add_string(b, m->attributes[i].name);
        strbuf_add_text(b, " : ");
        jw_init(&w, b);
        write_attribute(&w, &m->attributes[i], "Type", "Value");
    }
    strbuf_add_text(b, "\n  }");
}

static char *subscribe_url(struct arena *a, const struct sns_recipient *to, const char *token)
{
    return arena_printf(a, "%s/?Action=ConfirmSubscription&TopicArn=%s&Token=%s", to->origin,
                        to->topic_arn, token);
}

static char *unsubscribe_url(struct arena *a, const struct sns_recipient *to)
{
    return arena_printf(a, "%s/?Action=Unsubscribe&SubscriptionArn=%s", to->origin,
                        to->subscription_arn);
}

static char *finish(struct strbuf *b, struct arena *a)
{
    char *text = b->overflow ? NULL : arena_strndup(a, b->data, b->len);

    strbuf_release(b);
    return text;
}

/* --- signatures --- */

static void add_signed(struct strbuf *b, const char *key, const char *value)
{
    if (value) {
        strbuf_add_text(b, key);
        strbuf_add_char(b, '\n');
        strbuf_add_text(b, value);
        strbuf_add_char(b, '\n');
    }
}

/* What is signed: the members in the order of their names, each with its name on a line before. */
static const char *sign(struct sns *sns, struct arena *a, struct sns_message *m,
                        const struct sns_recipient *to, const char *type, const char *text,
                        const char *token, const char *url)
{
    struct strbuf b = STRBUF_INIT(SNS_BODY_MAX);

    if (m->signed_text == text)
        return m->signature;
    add_signed(&b, "Message", text);
    add_signed(&b, "MessageId", m->id);
    add_signed(&b, "Subject", m->subject);
    add_signed(&b, "SubscribeURL", url);
    add_signed(&b, "Timestamp", m->timestamp);
    add_signed(&b, "Token", token);
    add_signed(&b, "TopicArn", to->topic_arn);
    add_signed(&b, "Type", type);
    m->signature = sns_sign(sns->signer, to->signature_version, b.data, b.len, a);
    m->signed_text = text;
    strbuf_release(&b);
    return m->signature;
}

static void add_signature(struct strbuf *b, const struct sns_recipient *to, const char *signature)
{
    add_member(b, "SignatureVersion", to->signature_version == 2 ? "2" : "1");
    add_member(b, "Signature", signature);
    strbuf_add_text(b, ",\n  \"SigningCertURL\" : \"");
    strbuf_add_text(b, to->origin);
    strbuf_add_text(b, SNS_CERTIFICATE_PATH "\"");
}

/* --- the forms --- */

const char *sns_envelope(struct sns *sns, struct arena *a, struct sns_message *m,
                         const struct sns_recipient *to)
{
    struct strbuf b = STRBUF_INIT(SNS_BODY_MAX);
    const char *text = sns_message_text(m, to->protocol);

    strbuf_add_char(&b, '{');
    add_member(&b, "Type", "Notification");
    add_member(&b, "MessageId", m->id);
    add_member(&b, "SequenceNumber", m->sequence);
    add_member(&b, "TopicArn", to->topic_arn);
    add_member(&b, "Subject", m->subject);
    add_member(&b, "Message", text);
    add_member(&b, "Timestamp", m->timestamp);
    if (!m->sequence) { /* AWS: messages of FIFO topics are not signed */
        const char *signature = sign(sns, a, m, to, "Notification", text, NULL, NULL);

        if (!signature) {
            strbuf_release(&b);
            return NULL;
        }
        add_signature(&b, to, signature);
    }
    add_member(&b, "UnsubscribeURL", unsubscribe_url(a, to));
    if (m->replayed)
        strbuf_add_text(&b, ",\n  \"Replayed\" : true");
    add_attributes(&b, m);
    strbuf_add_text(&b, "\n}");
    return finish(&b, a);
}

const char *sns_lambda_event(struct sns *sns, struct arena *a, struct sns_message *m,
                             const struct sns_recipient *to)
{
    struct strbuf b = STRBUF_INIT(SNS_BODY_MAX);
    const char *text = sns_message_text(m, to->protocol);
    const char *signature = sign(sns, a, m, to, "Notification", text, NULL, NULL);
    struct jw w;

    if (!signature)
        return NULL;
    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_key(&w, "Records");
    jw_begin_array(&w);
    jw_begin_object(&w);
    jw_member_string(&w, "EventSource", "aws:sns");
    jw_member_string(&w, "EventVersion", "1.0");
    jw_member_string(&w, "EventSubscriptionArn", to->subscription_arn);
    jw_key(&w, "Sns");
    jw_begin_object(&w);
    jw_member_string(&w, "Type", "Notification");
    jw_member_string(&w, "MessageId", m->id);
    jw_member_string(&w, "TopicArn", to->topic_arn);
    jw_key(&w, "Subject");
    if (m->subject)
        jw_string(&w, m->subject);
    else
        jw_null(&w);
    jw_member_string(&w, "Message", text);
    jw_member_string(&w, "Timestamp", m->timestamp);
    jw_member_string(&w, "SignatureVersion", "1"); /* AWS: even when it is one of version 2 */
    jw_member_string(&w, "Signature", signature);
    jw_member_string(&w, "SigningCertUrl",
                     arena_printf(a, "%s%s", to->origin, SNS_CERTIFICATE_PATH));
    jw_member_string(&w, "UnsubscribeUrl", unsubscribe_url(a, to));
    jw_member_string(&w, "SequenceNumber", m->sequence);
    jw_key(&w, "MessageAttributes");
    sns_message_write_attributes(&b, m, "Type", "Value");
    w.needs_comma = true;
    jw_end_object(&w);
    jw_end_object(&w);
    jw_end_array(&w);
    jw_end_object(&w);
    return finish(&b, a);
}

const char *sns_confirmation(struct sns *sns, struct arena *a, struct sns_message *m,
                             const struct sns_recipient *to, const char *type, const char *token)
{
    struct strbuf b = STRBUF_INIT(SNS_BODY_MAX);
    const char *url = subscribe_url(a, to, token);
    const char *signature = sign(sns, a, m, to, type, m->text, token, url);

    if (!signature)
        return NULL;
    strbuf_add_char(&b, '{');
    add_member(&b, "Type", type);
    add_member(&b, "MessageId", m->id);
    add_member(&b, "Token", token);
    add_member(&b, "TopicArn", to->topic_arn);
    add_member(&b, "Message", m->text);
    add_member(&b, "SubscribeURL", url);
    add_member(&b, "Timestamp", m->timestamp);
    add_signature(&b, to, signature);
    strbuf_add_text(&b, "\n}");
    return finish(&b, a);
}
