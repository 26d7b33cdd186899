/*
 * What is sent: whether AWS would take it, what of it is kept, and its digests.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
#include "handlers/sqs/operations.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/utf8.h"

enum { ATTRIBUTES_SENT_MAX = 10, ATTRIBUTE_NAME_MAX = 256, FIFO_ID_MAX = 128, DELAY_MAX_S = 900 };

/* --- characters --- */

/* #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF; the text is UTF-8. */
static bool is_xml_text(const char *text, size_t len)
{
    const char *end = text + len;

    for (const char *p = text; p < end; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            return false;
        /* U+FFFE and U+FFFF */
        if (c == 0xEF && end - p >= 3 && (unsigned char)p[1] == 0xBF && (unsigned char)p[2] >= 0xBE)
            return false;
    }
    return true;
}

/* AWS: alphanumeric characters and punctuation, 1 to 128. */
static int check_fifo_id(struct request *req, const char *id, const char *name)
{
    size_t len = 0;

    if (!id)
        return 0;
    while (id[len] > 0x20 && id[len] < 0x7F)
        len++;
    if (id[len] == '\0' && len >= 1 && len <= FIFO_ID_MAX)
        return 0;
    return aws_fail(req, &sqs_InvalidParameterValue,
                    "Value %s for parameter %s is invalid. Reason: %s can only include "
                    "alphanumeric and punctuation characters. 1 to 128 in length.",
                    id, name, name);
}

/* --- attributes --- */

/* AWS: Latin letters with accents (U+00C0 to U+017F) count as letters. */
static bool has_name_characters(const char *name)
{
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                     (*p >= '0' && *p <= '9') || strchr("_-.", *p);

        if (!plain && (*p < 0xC3 || *p > 0xC5))
            return false;
        if (!plain)
            p++; /* the text is UTF-8: one more byte */
    }
    return true;
}

static int check_name(struct request *req, const char *name)
{
    size_t len = strlen(name);

    if (len >= ATTRIBUTE_NAME_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Message (user) attribute names must be shorter than 256 Bytes");
    if (!has_name_characters(name))
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Message (user) attributes name can only contain upper and lower score "
                        "characters, digits, periods, hyphens and underscores. ");
    if (len == 0 || strncasecmp(name, "AWS.", 4) == 0 || strncasecmp(name, "Amazon.", 7) == 0 ||
        name[0] == '.' || name[len - 1] == '.' || strstr(name, ".."))
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "You can't use message attribute names beginning with 'AWS.' or "
                        "'Amazon.'. These strings are reserved for internal use. Additionally, "
                        "they cannot start or end with '.'.");
    return 0;
}

static bool is_type(const char *type, const char *kind)
{
    size_t len = strlen(kind);

    return strncmp(type, kind, len) == 0 && (type[len] == '\0' || type[len] == '.');
}

static int check_type(struct request *req, const char *name, const char *type)
{
    if (!type || !*type)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "The message attribute '%s' must contain message attribute type.", name);
    if (!is_type(type, "String") && !is_type(type, "Number") && !is_type(type, "Binary"))
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "The message attribute '%s' has an invalid message attribute type, the set "
                        "of supported type prefixes is Binary, Number, and String.",
                        name);
    if (strlen(type) >= ATTRIBUTE_NAME_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Message (user) attribute types must be shorter than 256 Bytes");
    return 0;
}

/* Up to 38 digits and a sign, a point, an exponent. */
static bool is_number(const char *text)
{
    char *end;

    if (text[strspn(text, "0123456789+-.eE")] != '\0' || !strpbrk(text, "0123456789"))
        return false;
    strtod(text, &end);
    return *end == '\0';
}

static int check_text(struct request *req, const char *name, const char *type, const char *text)
{
    bool number = is_type(type, "Number");

    if (!text || !*text)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Message (user) attribute '%s' must contain a non-empty value of type "
                        "'String'.",
                        name);
    if (number && !is_number(text))
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Can't cast the value of message (user) attribute '%s' to a number.", name);
    if (!is_xml_text(text, strlen(text)))
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "
                        "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
    return 0;
}

static int read_attribute(struct request *req, const char *name,
                          const struct sqs_MessageAttributeValue *in, struct sqs_attribute *out)
{
    if (check_name(req, name) || check_type(req, name, in->DataType))
        return -1;
    if (in->StringListValues.count > 0 || in->BinaryListValues.count > 0)
        return aws_fail(req, &sqs_UnsupportedOperation,
                        "Message attribute list values in SendMessage operation are not "
                        "supported.");
    *out = (struct sqs_attribute){.name = name, .type = in->DataType};
    if (is_type(in->DataType, "Binary")) {
        if (!in->BinaryValue.data || in->BinaryValue.len == 0)
            return aws_fail(req, &sqs_InvalidParameterValue,
                            "Message (user) attribute '%s' must contain a non-empty value of type "
                            "'Binary'.",
                            name);
        out->value = in->BinaryValue;
        return 0;
    }
    if (check_text(req, name, in->DataType, in->StringValue))
        return -1;
    out->value = (struct bytes){(const uint8_t *)in->StringValue, strlen(in->StringValue)};
    return 0;
}

static char *md5_of(struct request *req, struct bytes data)
{
    char *text = arena_alloc(&req->arena, SQS_MD5_TEXT);

    sqs_md5_text(data.data, data.len, text);
    return text;
}

static int read_attributes(struct request *req, const struct sqs_MessageBodyAttributeMap *in,
                           struct sqs_sending *out, struct sqs_sent_digests *digests)
{
    struct sqs_attribute *list = ARENA_ARRAY(&req->arena, struct sqs_attribute, in->count);

    if (in->count == 0)
        return 0;
    if (in->count > ATTRIBUTES_SENT_MAX)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Number of message attributes [%zu] exceeds the allowed maximum [10].",
                        in->count);
    for (size_t i = 0; i < in->count; i++) {
        if (read_attribute(req, in->items[i].key, &in->items[i].value, &list[i]))
            return -1;
    }
    out->content.attributes = sqs_attributes_pack(&req->arena, list, in->count);
    digests->md5_of_attributes = md5_of(req, out->content.attributes);
    return 0;
}

/* Only AWSTraceHeader, a String. */
static int read_system_attributes(struct request *req,
                                  const struct sqs_MessageBodySystemAttributeMap *in,
                                  struct sqs_sending *out, struct sqs_sent_digests *digests)
{
    struct sqs_attribute trace = {.name = "AWSTraceHeader"};

    for (size_t i = 0; i < in->count; i++) {
        const struct sqs_MessageSystemAttributeValue *value = &in->items[i].value;

        if (!str_eq(in->items[i].key, trace.name))
            return aws_fail(req, &sqs_InvalidParameterValue,
                            "Message system attribute name '%s' is invalid.", in->items[i].key);
        if (!value->DataType || !str_eq(value->DataType, "String"))
            return aws_fail(req, &sqs_InvalidParameterValue,
                            "The message system attribute 'AWSTraceHeader' must have the type "
                            "String.");
        if (check_text(req, trace.name, "String", value->StringValue))
            return -1;
        trace.type = value->DataType;
        trace.value =
            (struct bytes){(const uint8_t *)value->StringValue, strlen(value->StringValue)};
        out->content.trace = value->StringValue;
    }
    if (!out->content.trace) /* AWS: the header of who traces its calls does for it */
        out->content.trace = request_header(req, "x-amzn-trace-id");
    else
        digests->md5_of_system_attributes =
            md5_of(req, sqs_attributes_pack(&req->arena, &trace, 1));
    return 0;
}

/* --- the message --- */

size_t sqs_draft_size(const struct sqs_draft *draft)
{
    size_t size = draft->body ? strlen(draft->body) : 0;

    for (size_t i = 0; i < draft->attributes->count; i++) {
        const struct sqs_MessageAttributeValue *v = &draft->attributes->items[i].value;

        size += strlen(draft->attributes->items[i].key);
        size += v->DataType ? strlen(v->DataType) : 0;
        size += v->StringValue ? strlen(v->StringValue) : v->BinaryValue.len;
    }
    return size;
}

static int compose_fifo(struct request *req, const struct sqs_rules *rules,
                        const struct sqs_draft *draft, struct sqs_sending *out)
{
    if (draft->delay_s.set && draft->delay_s.value > 0)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %d for parameter DelaySeconds is invalid. Reason: The request "
                        "include parameter that is not valid for this queue type.",
                        (int)draft->delay_s.value);
    if (!draft->group_id)
        return sqs_fail_missing(req, "MessageGroupId");
    if (draft->dedup_id) {
        out->content.dedup_id = draft->dedup_id;
    } else if (rules->content_dedup) {
        uint8_t digest[SHA256_LEN];
        char *text = arena_alloc(&req->arena, 2 * SHA256_LEN + 1);

        sha256(draft->body, strlen(draft->body), digest);
        hex_encode(digest, SHA256_LEN, text);
        out->content.dedup_id = text;
    } else {
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "The queue should either have ContentBasedDeduplication enabled or "
                        "MessageDeduplicationId provided explicitly");
    }
    out->delay_s = -1;
    return 0;
}

static int check_delay(struct request *req, struct maybe_int delay_s)
{
    if (!delay_s.set || (delay_s.value >= 0 && delay_s.value <= DELAY_MAX_S))
        return 0;
    return aws_fail(req, &sqs_InvalidParameterValue,
                    "Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be "
                    ">= 0 and <= 900.",
                    (int)delay_s.value);
}

static int check_body(struct request *req, const struct sqs_draft *draft)
{
    if (!draft->body || !*draft->body)
        return sqs_fail_missing(req, "MessageBody");
    if (!is_xml_text(draft->body, strlen(draft->body)))
        return aws_fail(req, &sqs_InvalidMessageContents,
                        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "
                        "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF");
    return 0;
}

int sqs_compose(struct request *req, const struct sqs_queue *queue, const struct sqs_rules *rules,
                const struct sqs_draft *draft, struct sqs_sending *out,
                struct sqs_sent_digests *out_digests)
{
    *out = (struct sqs_sending){
        .content = {.body = draft->body, .group_id = draft->group_id},
        .delay_s = draft->delay_s.set ? draft->delay_s.value : -1,
    };
    *out_digests = (struct sqs_sent_digests){0};
    if (check_body(req, draft) || check_delay(req, draft->delay_s) ||
        read_attributes(req, draft->attributes, out, out_digests) ||
        read_system_attributes(req, draft->system_attributes, out, out_digests) ||
        check_fifo_id(req, draft->dedup_id, "MessageDeduplicationId") ||
        check_fifo_id(req, draft->group_id, "MessageGroupId"))
        return -1;
    if (queue->fifo && compose_fifo(req, rules, draft, out))
        return -1;
    if (!queue->fifo && draft->dedup_id)
        return aws_fail(req, &sqs_InvalidParameterValue,
                        "Value %s for parameter MessageDeduplicationId is invalid. Reason: The "
                        "request includes a parameter that is not valid for this queue type.",
                        draft->dedup_id);
    out_digests->md5_of_body =
        md5_of(req, (struct bytes){(const uint8_t *)draft->body, strlen(draft->body)});
    return 0;
}
