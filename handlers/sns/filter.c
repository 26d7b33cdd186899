/*
 * Filter policies: on the attributes of a message, or on its body.
 *
 * Attributes are matched as the JSON object that they amount to: String is a string, Number a
 * number, String.Array its own array (or AWS: one value). Binary can't be matched.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
#include "handlers/common/event_pattern.h"
#include "handlers/sns/message.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"

enum {
    NAMES_MAX = 5,
    COMBINATIONS_MAX = 150,
    ARRAY_DEPTH_MAX = 8,
    POLICY_DEPTH_MAX = 64,
    DECIMALS = 5
};

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static bool on_body(struct tag_list attributes)
{
    const char *scope = sns_attribute_of(attributes, "FilterPolicyScope");

    return scope && str_eq(scope, "MessageBody");
}

/* --- when it is set --- */

static bool is_empty_object(struct arena *a, const char *policy)
{
    struct jr_text key;
    struct jr r;

    jr_init(&r, policy, strlen(policy), a, 1);
    return jr_enter_object(&r) && !jr_next_key(&r, &key) && jr_finish(&r);
}

/* AWS tells where a fault is in the policy without its white space. */
static const char *compact(struct arena *a, const char *policy)
{
    char *text = arena_alloc(a, strlen(policy) + 1), *out = text;
    bool quoted = false;
    struct jr r;

    jr_init(&r, policy, strlen(policy), a, POLICY_DEPTH_MAX);
    if (!jr_skip(&r, NULL) || !jr_finish(&r))
        return policy;
    for (const char *p = policy; *p; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (quoted || !strchr(" \t\r\n", *p))
            *out++ = *p;
        if (quoted && *p == '\\')
            *out++ = *++p;
    }
    *out = '\0';
    return text;
}

const char *sns_filter_problem(struct arena *a, const char *policy, const char *scope)
{
    const struct event_pattern_rules rules = {
        .names_max = NAMES_MAX,
        .combinations_max = COMBINATIONS_MAX,
        .flat = !scope || str_eq(scope, "MessageAttributes"),
        .decimals = DECIMALS,
        .plain_operands = true,
    };
    struct event_pattern_problem problem;

    if (!*policy || is_empty_object(a, policy) ||
        event_pattern_compile(a, bytes_of(compact(a, policy)), &rules, &problem))
        return NULL;
    switch (problem.fault) {
    case EVENT_PATTERN_NOT_JSON:
        return arena_printf(a, "FilterPolicy: failed to parse JSON. %s", problem.text);
    case EVENT_PATTERN_NOT_FLAT:
        return "Filter policy scope MessageAttributes does not support nested filter policy";
    default:
        return arena_printf(a, "FilterPolicy: %s%s", problem.text, problem.where);
    }
}

/* --- when a message comes --- */

/* What an attribute says in JSON, as it stands, where it is JSON and (if asked for) a number. */
static bool add_json(struct jw *w, struct arena *a, const struct sns_attribute *attribute,
                     bool number)
{
    const char *text = (const char *)attribute->value.data;
    struct jr_text raw;
    struct jr r;

    jr_init(&r, text, attribute->value.len, a, ARRAY_DEPTH_MAX);
    if ((number && jr_peek(&r) != JR_NUMBER) || jr_peek(&r) == JR_OBJECT || !jr_skip(&r, &raw) ||
        !jr_finish(&r))
        return false;
    jw_raw(w, raw.data, raw.len);
    return true;
}

static void add_attribute(struct jw *w, struct arena *a, const struct sns_attribute *attribute)
{
    bool done = false;

    if (str_starts(attribute->type, "Binary"))
        return;
    jw_key(w, attribute->name);
    if (str_eq(attribute->type, "String.Array"))
        done = add_json(w, a, attribute, false);
    else if (str_starts(attribute->type, "Number"))
        done = add_json(w, a, attribute, true);
    if (!done)
        jw_string_n(w, (const char *)attribute->value.data, attribute->value.len);
}

static bool attributes_match(struct arena *a, const struct event_pattern *pattern,
                             const struct sns_message *m)
{
    struct strbuf b = STRBUF_INIT(SNS_BODY_MAX);
    struct jw w;
    bool match;

    jw_init(&w, &b);
    jw_begin_object(&w);
    for (size_t i = 0; i < m->attribute_count; i++)
        add_attribute(&w, a, &m->attributes[i]);
    jw_end_object(&w);
    match = event_pattern_matches(pattern, (struct bytes){(uint8_t *)b.data, b.len}, a);
    strbuf_release(&b);
    return match;
}

bool sns_filter_wants(struct arena *a, struct tag_list subscription_attributes,
                      const struct sns_message *m, const char *protocol)
{
    const char *policy = sns_attribute_of(subscription_attributes, "FilterPolicy");
    const struct event_pattern *pattern;
    struct event_pattern_problem problem;

    if (!policy || is_empty_object(a, policy))
        return true;
    pattern = event_pattern_compile(a, bytes_of(policy),
                                    &(struct event_pattern_rules){.decimals = DECIMALS}, &problem);
    if (!pattern)
        return false; /* it was good when it was set */
    if (on_body(subscription_attributes))
        return event_pattern_matches(pattern, bytes_of(sns_message_text(m, protocol)), a);
    return attributes_match(a, pattern, m);
}
