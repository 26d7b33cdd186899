/* PutCompositeAlarm, and the state of composite alarms. */
#include "handlers/cloudwatch/composite.h"

#include "handlers/cloudwatch/alarm_message.h"
#include "handlers/cloudwatch/alarm_rule.h"
#include "handlers/cloudwatch/alarm_watch.h"
#include "handlers/cloudwatch/tag.h"
#include "handlers/common/arn.h"
#include "server/base/json_write.h"
#include "server/model/stored.h"

#include <time.h>

enum { CHILDREN_MAX = 100 /* AWS */, LOOK_AT = 100 };

/* --- documents --- */

static const struct shape *composite_shape(void)
{
    return model_structure(&cloudwatch_model, "CompositeAlarm");
}

static const struct shape *alarm_shape(void)
{
    return model_structure(&cloudwatch_model, "MetricAlarm");
}

bool composite_read(struct arena *a, const struct cloudwatch_alarm *stored,
                    struct cloudwatch_CompositeAlarm *out)
{
    *out = (struct cloudwatch_CompositeAlarm){0};
    return stored_from_json(&cloudwatch_model, composite_shape(), stored->document, a, out);
}

const char *composite_write(struct arena *a, const struct cloudwatch_alarm *stored,
                            const struct cloudwatch_MetricAlarm *alarm)
{
    struct cloudwatch_CompositeAlarm composite;

    if (!composite_read(a, stored, &composite))
        return stored->document;
    stored_merge(&cloudwatch_model, composite_shape(), &composite, alarm_shape(), alarm, a);
    composite.StateReasonData = alarm->StateReasonData; /* which may have gone */
    return stored_to_json(&cloudwatch_model, composite_shape(), &composite, a);
}

struct cloudwatch_MetricAlarm composite_as_alarm(struct arena *a,
                                                 const struct cloudwatch_CompositeAlarm *composite)
{
    struct cloudwatch_MetricAlarm alarm = {0};

    stored_merge(&cloudwatch_model, alarm_shape(), &alarm, composite_shape(), composite, a);
    return alarm;
}

/* --- the alarms of a rule --- */

/* Rules name alarms, or their ARNs. */
static const char *name_of(struct arena *a, const char *text)
{
    struct arn arn;
    const char *name = NULL;

    if (arn_parse(a, text, &arn) && str_eq(arn.service, "cloudwatch"))
        name = arn_resource_after(&arn, "alarm:");
    return name ? name : text;
}

static enum store_status find_child(struct cloudwatch *c, const struct scope *scope,
                                    const char *text, struct arena *a,
                                    struct cloudwatch_MetricAlarm *out)
{
    struct cloudwatch_alarm stored;
    enum store_status status = cloudwatch_alarm_find(c->store, scope, name_of(a, text), a, &stored);

    if (!status && !alarm_read(a, &stored, out))
        status = STORE_FAILED;
    return status;
}

/* AWS: 28 September, 2026 21:29:47 UTC, after the day of the week. */
static const char *time_words(struct arena *a, int64_t ms)
{
    const time_t at = ms / 1000;
    char text[64];
    struct tm t;

    gmtime_r(&at, &t);
    strftime(text, sizeof(text), "%A %d %B, %Y %H:%M:%S UTC", &t);
    return arena_strdup(a, text);
}

static const char *reason_data(struct arena *a, const struct cloudwatch_MetricAlarm *child)
{
    struct strbuf b = STRBUF_INIT(1 << 16);
    const char *text;
    struct jw w;

    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_key(&w, "triggeringAlarms");
    jw_begin_array(&w);
    jw_begin_object(&w);
    jw_member_string(&w, "arn", child->AlarmArn);
    jw_key(&w, "state");
    jw_begin_object(&w);
    jw_member_string(&w, "value", child->StateValue);
    jw_member_string(&w, "timestamp", alarm_time_text(a, child->StateTransitionedTimestamp.ms));
    jw_end_object(&w);
    jw_end_object(&w);
    jw_end_array(&w);
    jw_end_object(&w);
    text = arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return text;
}

bool composite_judge(struct cloudwatch *cloudwatch, const struct cloudwatch_alarm *stored,
                     struct arena *a, struct alarm_verdict *out)
{
    const struct scope scope = {.account = stored->account, .region = stored->region};
    struct cloudwatch_MetricAlarm child = {0};
    struct cloudwatch_MetricAlarm newest = {0};
    struct cloudwatch_CompositeAlarm composite;
    struct alarm_rule_problem problem;
    const struct alarm_rule *rule;
    const char *const *names;
    const char **states;
    size_t count;

    if (!composite_read(a, stored, &composite) ||
        !(rule = alarm_rule_compile(a, composite.AlarmRule, &problem)))
        return false;
    names = alarm_rule_names(rule, &count);
    states = ARENA_ARRAY(a, const char *, count);
    for (size_t i = 0; i < count; i++) {
        enum store_status status = find_child(cloudwatch, &scope, names[i], a, &child);

        if (status && status != STORE_NOT_FOUND)
            return false;
        if (status)
            continue;
        states[i] = child.StateValue;
        if (!newest.AlarmArn ||
            child.StateTransitionedTimestamp.ms > newest.StateTransitionedTimestamp.ms)
            newest = child;
    }
    *out = (struct alarm_verdict){
        .state = alarm_rule_holds(rule, states, a) ? "ALARM" : "OK",
        .reason = "The alarm rule names no alarm.",
    };
    if (newest.AlarmArn) {
        out->reason =
            arena_printf(a, "%s transitioned to %s at %s", newest.AlarmArn, newest.StateValue,
                         time_words(a, newest.StateTransitionedTimestamp.ms));
        out->reason_data = reason_data(a, &newest);
    }
    return !str_eq(out->state, composite.StateValue);
}

/* --- PutCompositeAlarm --- */

static int check_rule(struct request *req, const struct cloudwatch_PutCompositeAlarmInput *in)
{
    struct arena *a = &req->arena;
    struct scope scope = cloudwatch_scope(req);
    struct cloudwatch_MetricAlarm child;
    struct alarm_rule_problem problem;
    const struct alarm_rule *rule = alarm_rule_compile(a, in->AlarmRule, &problem);
    const char *const *names;
    const char *missing = NULL;
    size_t count;

    if (!rule && problem.unsupported)
        return aws_fail_unsupported(req, arena_printf(a, "AlarmRule with %s", problem.text));
    if (!rule)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "AlarmRule is not a valid expression: %s.", problem.text);
    names = alarm_rule_names(rule, &count);
    if (count > CHILDREN_MAX)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "AlarmRule must not name more than %d alarms.", CHILDREN_MAX);
    for (size_t i = 0; i < count; i++) {
        enum store_status status = find_child(cloudwatch_of(req->app), &scope, names[i], a, &child);

        if (status == STORE_NOT_FOUND)
            missing = missing ? arena_printf(a, "%s, %s", missing, names[i]) : names[i];
        else if (status)
            return aws_fail_internal(req);
    }
    if (missing)
        return aws_fail(req, &cloudwatch_ValidationException,
                        "Could not save the composite alarm as alarms [%s] in the alarm rule do "
                        "not exist",
                        missing);
    return 0;
}

static int check(struct request *req, const struct cloudwatch_PutCompositeAlarmInput *in)
{
    if (in->ActionsSuppressor)
        return aws_fail_unsupported(req, "ActionsSuppressor");
    if (in->ActionsSuppressorWaitPeriod.set)
        return aws_fail_unsupported(req, "ActionsSuppressorWaitPeriod");
    if (in->ActionsSuppressorExtensionPeriod.set)
        return aws_fail_unsupported(req, "ActionsSuppressorExtensionPeriod");
    if (in->ActionConfiguration)
        return aws_fail_unsupported(req, "ActionConfiguration");
    if (alarm_check_actions(req, &in->OKActions, &in->AlarmActions, &in->InsufficientDataActions))
        return -1;
    return check_rule(req, in);
}

static struct cloudwatch_CompositeAlarm
composite_of(struct request *req, const struct cloudwatch_PutCompositeAlarmInput *in)
{
    struct cloudwatch_CompositeAlarm c = {0};

    ALARM_BEGIN(req, &c, in->AlarmName);
    stored_merge(&cloudwatch_model, composite_shape(), &c,
                 model_structure(&cloudwatch_model, "PutCompositeAlarmInput"), in, &req->arena);
    return c;
}

/* Makes it or replaces it. STORE_EXISTS: an alarm on a metric has that name. */
static enum store_status put(struct request *req, struct cloudwatch_CompositeAlarm *composite,
                             const char *tags, bool *out_new)
{
    struct arena *a = &req->arena;
    struct cloudwatch *c = cloudwatch_of(req->app);
    struct alarm_claim claim = {.scope = cloudwatch_scope(req), .name = composite->AlarmName};
    struct cloudwatch_CompositeAlarm old;
    struct cloudwatch_alarm stored;
    enum store_status status;

    alarm_claim(c->watch, &claim);
    status = cloudwatch_alarm_find(c->store, &claim.scope, claim.name, a, &stored);
    *out_new = status == STORE_NOT_FOUND;
    if (!status && !stored.composite)
        status = STORE_EXISTS;
    else if (!status && !composite_read(a, &stored, &old))
        status = STORE_FAILED;
    else if (!status)
        ALARM_KEEP_STATE(composite, &old);
    if (!status || *out_new)
        status = cloudwatch_alarm_put(
            c->store, &claim.scope,
            &(struct cloudwatch_alarm){
                .name = claim.name,
                .document = stored_to_json(&cloudwatch_model, composite_shape(), composite, a),
                .tags = tags,
                .composite = true});
    alarm_release(c->watch, &claim);
    return status;
}

int cloudwatch_put_composite_alarm(struct request *req,
                                   const struct cloudwatch_PutCompositeAlarmInput *in,
                                   struct cloudwatch_PutCompositeAlarmOutput *out)
{
    struct cloudwatch *c = cloudwatch_of(req->app);
    struct scope scope = cloudwatch_scope(req);
    struct cloudwatch_CompositeAlarm composite;
    const char *tags;
    bool created;

    (void)out;
    if (check(req, in) || !(tags = cloudwatch_new_tags(req, &in->Tags)))
        return -1;
    composite = composite_of(req, in);
    switch (put(req, &composite, tags, &created)) {
    case STORE_OK:
        break;
    case STORE_EXISTS:
        return aws_fail(req, &cloudwatch_ValidationException,
                        "The alarm %s exists and is no composite alarm.", in->AlarmName);
    default:
        return aws_fail_internal(req);
    }
    alarm_note_put(c, &scope, in->AlarmName, true, created);
    alarm_watch_start(c->watch);
    return 0;
}

/* --- what depends on alarms --- */

static bool is_among(const struct cloudwatch_AlarmNames *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_eq(names->items[i], name))
            return true;
    return false;
}

/* The one of the names that the rule of a stored alarm needs; NULL: none. */
static const char *needed_by(struct arena *a, const struct cloudwatch_alarm *stored,
                             const struct cloudwatch_AlarmNames *names)
{
    struct cloudwatch_CompositeAlarm composite;
    struct alarm_rule_problem problem;
    const struct alarm_rule *rule;
    const char *const *needed;
    size_t count;

    if (!stored->composite || is_among(names, stored->name) ||
        !composite_read(a, stored, &composite) ||
        !(rule = alarm_rule_compile(a, composite.AlarmRule, &problem)))
        return NULL;
    needed = alarm_rule_names(rule, &count);
    for (size_t i = 0; i < count; i++)
        if (is_among(names, name_of(a, needed[i])))
            return name_of(a, needed[i]);
    return NULL;
}

int composite_dependent(struct request *req, const struct cloudwatch_AlarmNames *names,
                        const char **out_needed, const char **out_dependent)
{
    struct arena *a = &req->arena;
    struct scope scope = cloudwatch_scope(req);
    struct cloudwatch_alarm *stored = ARENA_ARRAY(a, struct cloudwatch_alarm, LOOK_AT);
    const char *after = "";
    size_t count = LOOK_AT;

    *out_dependent = NULL;
    while (count == LOOK_AT) {
        if (cloudwatch_alarm_list(cloudwatch_store_of(req), &scope, "", after, LOOK_AT, a, stored,
                                  &count))
            return -1;
        for (size_t i = 0; i < count; i++) {
            *out_needed = needed_by(a, &stored[i], names);
            if (*out_needed) {
                *out_dependent = stored[i].name;
                return 0;
            }
        }
        after = count ? stored[count - 1].name : after;
    }
    return 0;
}
