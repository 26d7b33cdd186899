#include "handlers/sns/archive.h"

#include "server/base/encode.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum { DAYS_MAX = 365, POLICY_DEPTH = 4, MESSAGE_DEPTH = 4, DAY_MS = 24 * 3600 * 1000 };

static const char bad_json[] = "Unable to parse JSON";
static const char too_little[] = "JSON is missing required fields";

/* --- the members of a policy --- */

/* A string, or a number as it stands; NULL for anything else. */
static const char *read_text(struct jr *r, struct arena *a)
{
    enum jr_type type = jr_peek(r);
    struct jr_text text;

    if (type == JR_STRING && jr_string(r, &text))
        return arena_strndup(a, text.data, text.len);
    if (type == JR_NUMBER && jr_number(r, &text))
        return arena_strndup(a, text.data, text.len);
    jr_skip(r, NULL);
    return NULL;
}

/* Values of the names; NULL where there is none. False: it is no JSON object. */
static bool read_policy(struct arena *a, const char *policy, const char *const *names,
                        const char **values, size_t count, bool *out_empty)
{
    struct jr_text key;
    struct jr r;

    *out_empty = true;
    memset(values, 0, count * sizeof(*values));
    jr_init(&r, policy, strlen(policy), a, POLICY_DEPTH);
    for (jr_enter_object(&r); jr_next_key(&r, &key); *out_empty = false) {
        size_t i = 0;

        while (i < count && !jr_text_eq(key, names[i]))
            i++;
        if (i == count)
            jr_skip(&r, NULL);
        else if (!(values[i] = read_text(&r, a)))
            values[i] = "";
    }
    return jr_finish(&r);
}

/* --- archives --- */

const char *sns_archive_read(struct arena *a, const char *policy, int *out_days)
{
    static const char *const names[] = {"MessageRetentionPeriod"};
    const char *days;
    bool empty;

    *out_days = 0;
    if (!read_policy(a, policy, names, &days, 1, &empty))
        return bad_json;
    if (empty)
        return NULL;
    if (!days)
        return too_little;
    if (strlen(days) > 3 || strspn(days, "0123456789") < strlen(days))
        return "MessageRetentionPeriod value is invalid";
    *out_days = (int)strtol(days, NULL, 10);
    return *out_days >= 1 && *out_days <= DAYS_MAX ? NULL
                                                   : "MessageRetentionPeriod value is invalid";
}

struct tag_list sns_archive_attributes(struct arena *a, struct tag_list old, const char *policy,
                                       int64_t now_ms, struct tag set[2])
{
    const char *since = sns_attribute_of(old, SNS_ARCHIVE_SINCE);
    int days;

    sns_archive_read(a, policy, &days);
    if (!since)
        since = arena_printf(a, "%" PRId64, now_ms);
    set[0] = (struct tag){SNS_ARCHIVE_POLICY, days ? policy : ""};
    set[1] = (struct tag){SNS_ARCHIVE_SINCE, days ? since : ""};
    return (struct tag_list){set, 2};
}

int64_t sns_archive_beginning_ms(struct arena *a, struct tag_list topic_attributes, int64_t now_ms)
{
    const char *policy = sns_attribute_of(topic_attributes, SNS_ARCHIVE_POLICY);
    const char *since = sns_attribute_of(topic_attributes, SNS_ARCHIVE_SINCE);
    int days;

    if (!policy || !since || sns_archive_read(a, policy, &days))
        return -1;
    return MAX((int64_t)strtoll(since, NULL, 10), now_ms - days * (int64_t)DAY_MS);
}

/* --- replays --- */

const char *sns_replay_read(struct arena *a, const char *policy, int64_t beginning_ms,
                            int64_t now_ms, bool *out_on, struct sns_replay *out)
{
    static const char *const names[] = {"PointType", "StartingPoint", "EndingPoint"};
    enum { TYPE, START, END, COUNT };
    const char *values[COUNT];
    bool empty;

    *out_on = false;
    if (!read_policy(a, policy, names, values, COUNT, &empty))
        return bad_json;
    if (empty)
        return NULL;
    if (!values[TYPE] || !values[START])
        return too_little;
    if (!str_eq(values[TYPE], "Timestamp"))
        return "Invalid PointType";
    if (beginning_ms < 0)
        return "Topic does not have an ArchivePolicy";
    if (!time_parse_iso8601(values[START], &out->from_ms) || out->from_ms > now_ms ||
        out->from_ms < beginning_ms)
        return "Invalid StartingPoint value";
    out->until_ms = INT64_MAX;
    if (values[END] &&
        (!time_parse_iso8601(values[END], &out->until_ms) || out->until_ms < out->from_ms))
        return "Invalid EndingPoint value";
    *out_on = true;
    return NULL;
}

const char *sns_replay_status_text(enum sns_replay_status status)
{
    switch (status) {
    case SNS_REPLAY_PENDING:
        return "Pending";
    case SNS_REPLAY_RUNNING:
        return "In progress";
    case SNS_REPLAY_COMPLETED:
        return "Completed";
    case SNS_REPLAY_FAILED:
        break;
    }
    return "Failed";
}

/* --- messages --- */

const char *sns_archive_write_message(struct arena *a, const struct sns_message *m)
{
    struct strbuf b = STRBUF_INIT(2 * SNS_BODY_MAX);
    const char *text;
    struct jw w;

    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_member_string(&w, "id", m->id);
    jw_member_string(&w, "text", m->text);
    jw_member_string(&w, "subject", m->subject);
    jw_member_string(&w, "group", m->group);
    jw_member_string(&w, "dedup", m->dedup);
    jw_member_bool(&w, "json", m->is_json);
    jw_key(&w, "attributes");
    sns_message_write_attributes(&b, m, "Type", "Value");
    w.needs_comma = true;
    jw_end_object(&w);
    text = b.overflow ? NULL : arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return text;
}

static struct bytes value_of(struct arena *a, const char *type, const char *text)
{
    size_t len = strlen(text);
    uint8_t *binary;

    if (!str_starts(type, "Binary"))
        return (struct bytes){(const uint8_t *)text, len};
    binary = arena_alloc(a, len / 4 * 3 + 1);
    if (!base64_decode(text, len, binary, &len))
        len = 0;
    return (struct bytes){binary, len};
}

static void read_attributes(struct jr *r, struct arena *a, struct sns_message *out)
{
    struct sns_attribute *list = NULL;
    struct jr_text name, key;
    size_t count = 0, room = 0;

    for (jr_enter_object(r); jr_next_key(r, &name); count++) {
        const char *type = "", *value = "";

        for (jr_enter_object(r); jr_next_key(r, &key);) {
            const char **to = jr_text_eq(key, "Type") ? &type : &value;
            const char *text = read_text(r, a);

            *to = text ? text : "";
        }
        if (count == room) {
            struct sns_attribute *more = ARENA_ARRAY(a, struct sns_attribute, room = 2 * room + 4);

            if (count)
                memcpy(more, list, count * sizeof(*list));
            list = more;
        }
        list[count] = (struct sns_attribute){arena_strndup(a, name.data, name.len), type,
                                             value_of(a, type, value)};
    }
    out->attributes = list;
    out->attribute_count = count;
}

bool sns_archive_read_message(struct arena *a, const struct sns_archived *archived,
                              struct sns_message *out)
{
    struct jr_text key;
    bool is_json = false;
    struct jr r;

    *out = (struct sns_message){.text = NULL};
    jr_init(&r, archived->json, strlen(archived->json), a, MESSAGE_DEPTH);
    for (jr_enter_object(&r); jr_next_key(&r, &key);) {
        if (jr_text_eq(key, "id"))
            snprintf(out->id, sizeof(out->id), "%s", read_text(&r, a));
        else if (jr_text_eq(key, "text"))
            out->text = read_text(&r, a);
        else if (jr_text_eq(key, "subject"))
            out->subject = read_text(&r, a);
        else if (jr_text_eq(key, "group"))
            out->group = read_text(&r, a);
        else if (jr_text_eq(key, "dedup"))
            out->dedup = read_text(&r, a);
        else if (jr_text_eq(key, "json"))
            jr_bool(&r, &is_json);
        else if (jr_text_eq(key, "attributes"))
            read_attributes(&r, a, out);
        else
            jr_skip(&r, NULL);
    }
    if (!jr_finish(&r) || !out->text)
        return false;
    sns_message_set_time(out, archived->at_ms);
    return !is_json || !sns_message_read_texts(a, out, false);
}
