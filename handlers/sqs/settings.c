#include "handlers/sqs/settings.h"

#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum kind { NUMBER, BOOLEAN, WORD, DOCUMENT };

enum { DEPTH_MAX = 32, SOURCE_ARNS_MAX = 10, JSON_MAX = 1 << 20 };

static const struct setting {
    const char *name;
    const char *standard; /* the default; NULL: the attribute is not there */
    int32_t min;
    int32_t max;
    enum kind kind;
    const char *words[2];
} table[SQS_SETTINGS] = {
    [SQS_VISIBILITY_TIMEOUT] = {"VisibilityTimeout", "30", 0, 43200, NUMBER, {0}},
    [SQS_MAXIMUM_MESSAGE_SIZE] = {"MaximumMessageSize", "1048576", 1024, 1048576, NUMBER, {0}},
    [SQS_RETENTION_PERIOD] = {"MessageRetentionPeriod", "345600", 60, 1209600, NUMBER, {0}},
    [SQS_DELAY_SECONDS] = {"DelaySeconds", "0", 0, 900, NUMBER, {0}},
    [SQS_WAIT_TIME] = {"ReceiveMessageWaitTimeSeconds", "0", 0, 20, NUMBER, {0}},
    [SQS_KMS_REUSE_PERIOD] = {"KmsDataKeyReusePeriodSeconds", NULL, 60, 86400, NUMBER, {0}},
    [SQS_FIFO_QUEUE] = {"FifoQueue", NULL, 0, 0, BOOLEAN, {0}},
    [SQS_CONTENT_DEDUPLICATION] = {"ContentBasedDeduplication", NULL, 0, 0, BOOLEAN, {0}},
    [SQS_MANAGED_SSE] = {"SqsManagedSseEnabled", "true", 0, 0, BOOLEAN, {0}},
    [SQS_DEDUPLICATION_SCOPE] = {"DeduplicationScope", NULL, 0, 0, WORD, {"queue", "messageGroup"}},
    [SQS_THROUGHPUT_LIMIT] =
        {"FifoThroughputLimit", NULL, 0, 0, WORD, {"perQueue", "perMessageGroupId"}},
    [SQS_POLICY] = {"Policy", NULL, 0, 0, DOCUMENT, {0}},
    [SQS_REDRIVE_POLICY] = {"RedrivePolicy", NULL, 0, 0, DOCUMENT, {0}},
    [SQS_REDRIVE_ALLOW_POLICY] = {"RedriveAllowPolicy", NULL, 0, 0, DOCUMENT, {0}},
    [SQS_KMS_KEY] = {"KmsMasterKeyId", NULL, 0, 0, DOCUMENT, {0}},
};

enum sqs_setting sqs_setting_named(const char *name)
{
    enum sqs_setting i = 0;

    while (i < SQS_SETTINGS && !str_eq(table[i].name, name))
        i++;
    return i;
}

const char *sqs_setting_name(enum sqs_setting which)
{
    return table[which].name;
}

const char *sqs_setting_value(const struct sqs_settings *s, enum sqs_setting which)
{
    return s->text[which] ? s->text[which] : table[which].standard;
}

const char *sqs_setting_default(const struct sqs_settings *settings, enum sqs_setting which,
                                bool fifo)
{
    const char *key = settings->text[SQS_KMS_KEY];

    switch (which) {
    case SQS_FIFO_QUEUE:
        return fifo ? "true" : NULL;
    case SQS_CONTENT_DEDUPLICATION:
        return fifo ? "false" : NULL;
    case SQS_DEDUPLICATION_SCOPE:
        return fifo ? "queue" : NULL;
    case SQS_THROUGHPUT_LIMIT:
        return fifo ? "perQueue" : NULL;
    case SQS_KMS_REUSE_PERIOD:
        return key ? "300" : NULL;
    default:
        return table[which].standard;
    }
}

static bool read_number(const char *text, int32_t *out)
{
    char *end;
    long value;

    if (strspn(text, "0123456789") != strlen(text) || *text == '\0' || strlen(text) > 9)
        return false;
    value = strtol(text, &end, 10);
    *out = (int32_t)value;
    return true;
}

int32_t sqs_setting_number(const struct sqs_settings *s, enum sqs_setting which)
{
    const char *text = sqs_setting_value(s, which);
    int32_t number = 0;

    if (!text)
        return 0;
    if (table[which].kind == BOOLEAN)
        return strcasecmp(text, "true") == 0;
    return read_number(text, &number) ? number : 0;
}

bool sqs_setting_fits(enum sqs_setting which, const char *value)
{
    const struct setting *t = &table[which];
    int32_t number;

    switch (t->kind) {
    case NUMBER:
        return read_number(value, &number) && number >= t->min && number <= t->max;
    case BOOLEAN:
        return strcasecmp(value, "true") == 0 || strcasecmp(value, "false") == 0;
    case WORD:
        return str_eq(value, t->words[0]) || str_eq(value, t->words[1]);
    case DOCUMENT:
        break;
    }
    return true;
}

/* --- in the store --- */

char *sqs_settings_to_json(struct arena *a, const struct sqs_settings *s)
{
    struct strbuf text = STRBUF_INIT(JSON_MAX);
    struct jw w;
    char *json;

    jw_init(&w, &text);
    jw_begin_object(&w);
    for (size_t i = 0; i < SQS_SETTINGS; i++)
        jw_member_string(&w, table[i].name, s->text[i]);
    jw_end_object(&w);
    json = arena_strndup(a, text.data, text.len);
    strbuf_release(&text);
    return json;
}

struct sqs_settings sqs_settings_from_json(struct arena *a, const char *json)
{
    struct sqs_settings s = {0};
    struct jr r;
    struct jr_text key, value;

    jr_init(&r, json, strlen(json), a, DEPTH_MAX);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        char *name = arena_strndup(a, key.data, key.len);
        enum sqs_setting which = sqs_setting_named(name);

        if (jr_string(&r, &value) && which < SQS_SETTINGS)
            s.text[which] = arena_strndup(a, value.data, value.len);
    }
    return s;
}

/* --- redriving --- */

/* A number, or a text of digits: AWS takes both. */
static bool read_count(struct jr *r, int32_t *out)
{
    struct jr_text text;
    char digits[12];
    bool good = jr_peek(r) == JR_STRING ? jr_string(r, &text) : jr_number(r, &text);

    if (!good || text.len >= sizeof(digits))
        return false;
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    return read_number(digits, out);
}

bool sqs_redrive_parse(struct arena *a, const char *json, struct sqs_redrive *out)
{
    bool has_count = false;
    struct jr r;
    struct jr_text key, value;

    *out = (struct sqs_redrive){0};
    if (!json || !*json)
        return true;
    jr_init(&r, json, strlen(json), a, DEPTH_MAX);
    if (jr_peek(&r) != JR_OBJECT)
        return false;
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (jr_text_eq(key, "deadLetterTargetArn")) {
            if (jr_peek(&r) != JR_STRING || !jr_string(&r, &value))
                return false;
            out->target_arn = arena_strndup(a, value.data, value.len);
        } else if (jr_text_eq(key, "maxReceiveCount")) {
            if (!read_count(&r, &out->max_receives))
                return false;
            has_count = true;
        } else {
            jr_skip(&r, NULL);
        }
    }
    if (!jr_finish(&r))
        return false;
    if (!out->target_arn && !has_count)
        return true; /* {} takes the policy away */
    return out->target_arn && has_count;
}

static bool read_permission(struct jr *r, enum sqs_redrive_permission *out)
{
    struct jr_text text;

    if (jr_peek(r) != JR_STRING || !jr_string(r, &text))
        return false;
    if (jr_text_eq(text, "allowAll"))
        *out = SQS_REDRIVE_ALLOW;
    else if (jr_text_eq(text, "denyAll"))
        *out = SQS_REDRIVE_DENY;
    else if (jr_text_eq(text, "byQueue"))
        *out = SQS_REDRIVE_BY_QUEUE;
    else
        return false;
    return true;
}

static bool read_sources(struct jr *r, struct arena *a, struct sqs_redrive_allow *out)
{
    struct jr_text text;

    if (jr_peek(r) != JR_ARRAY)
        return false;
    out->source_arns = ARENA_ARRAY(a, const char *, SOURCE_ARNS_MAX);
    for (jr_enter_array(r); jr_next_item(r);) {
        if (jr_peek(r) != JR_STRING || !jr_string(r, &text) || out->source_count == SOURCE_ARNS_MAX)
            return false;
        out->source_arns[out->source_count++] = arena_strndup(a, text.data, text.len);
    }
    return true;
}

bool sqs_redrive_allow_parse(struct arena *a, const char *json, struct sqs_redrive_allow *out)
{
    bool permission = false;
    struct jr r;
    struct jr_text key;

    *out = (struct sqs_redrive_allow){.permission = SQS_REDRIVE_ALLOW};
    if (!json || !*json)
        return true;
    jr_init(&r, json, strlen(json), a, DEPTH_MAX);
    if (jr_peek(&r) != JR_OBJECT)
        return false;
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (jr_text_eq(key, "redrivePermission")) {
            if (!read_permission(&r, &out->permission))
                return false;
            permission = true;
        } else if (jr_text_eq(key, "sourceQueueArns")) {
            if (!read_sources(&r, a, out))
                return false;
        } else {
            return false;
        }
    }
    if (!jr_finish(&r) || !permission)
        return false;
    return (out->permission == SQS_REDRIVE_BY_QUEUE) == (out->source_count > 0);
}

bool sqs_redrive_allows(const struct sqs_redrive_allow *policy, const char *source_arn)
{
    if (policy->permission != SQS_REDRIVE_BY_QUEUE)
        return policy->permission == SQS_REDRIVE_ALLOW;
    for (size_t i = 0; i < policy->source_count; i++) {
        if (str_eq(policy->source_arns[i], source_arn))
            return true;
    }
    return false;
}
