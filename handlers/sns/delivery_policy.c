#include "handlers/sns/delivery_policy.h"

#include "server/base/json_read.h"
#include "server/base/json_write.h"

#include <math.h>

enum {
    DELAY_S = 20,
    RETRIES = 3,
    DELAY_MAX_S = 3600,
    RETRIES_MAX = 100,
    DEPTH_MAX = 8,
    TEXT_MAX = 8192,
};

static const char default_content_type[] = "text/plain; charset=UTF-8";
static const char *const backoff_names[] = {"linear", "arithmetic", "geometric", "exponential"};

static const struct sns_delivery_policy defaults = {
    .min_delay_s = DELAY_S, .max_delay_s = DELAY_S, .retries = RETRIES};

/* --- reading --- */

static bool read_number(struct jr *r, int64_t *out)
{
    struct jr_text digits;
    char text[24];
    char *end;

    if (jr_peek(r) == JR_NULL)
        return jr_null(r); /* as if it were missing */
    if (jr_peek(r) != JR_NUMBER || !jr_number(r, &digits) || digits.len >= sizeof(text))
        return false;
    memcpy(text, digits.data, digits.len);
    text[digits.len] = '\0';
    *out = strtoll(text, &end, 10);
    return *end == '\0';
}

static bool read_backoff(struct jr *r, enum sns_backoff *out)
{
    struct jr_text name;

    if (jr_peek(r) == JR_NULL)
        return jr_null(r);
    if (jr_peek(r) != JR_STRING || !jr_string(r, &name))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(backoff_names); i++) {
        if (jr_text_eq(name, backoff_names[i])) {
            *out = (enum sns_backoff)i;
            return true;
        }
    }
    return false;
}

static const char *check_retry(const struct sns_delivery_policy *p)
{
    if (p->max_delay_s < 1 || p->max_delay_s > DELAY_MAX_S)
        return "healthyRetryPolicy.maxDelayTarget must be between 1 and 3600";
    if (p->min_delay_s < 1 || p->min_delay_s > p->max_delay_s)
        return "healthyRetryPolicy.minDelayTarget must be between 1 and maxDelayTarget";
    if (p->retries < 0 || p->retries > RETRIES_MAX)
        return "healthyRetryPolicy.numRetries must be between 0 and 100";
    if (p->no_delay_retries < 0 || p->min_delay_retries < 0 || p->max_delay_retries < 0)
        return "healthyRetryPolicy: a number of retries can't be negative";
    if (p->no_delay_retries > RETRIES_MAX || p->min_delay_retries > RETRIES_MAX ||
        p->max_delay_retries > RETRIES_MAX ||
        p->no_delay_retries + p->min_delay_retries + p->max_delay_retries > p->retries)
        return "healthyRetryPolicy.numRetries must be greater than or equal to the sum of "
               "numMinDelayRetries, numNoDelayRetries and numMaxDelayRetries";
    return NULL;
}

static const char *read_retry(struct jr *r, struct sns_delivery_policy *out)
{
    const struct {
        const char *name;
        int64_t *place;
    } numbers[] = {
        {"minDelayTarget", &out->min_delay_s},
        {"maxDelayTarget", &out->max_delay_s},
        {"numRetries", &out->retries},
        {"numNoDelayRetries", &out->no_delay_retries},
        {"numMinDelayRetries", &out->min_delay_retries},
        {"numMaxDelayRetries", &out->max_delay_retries},
    };
    struct jr_text key;

    out->has_retry = true;
    for (jr_enter_object(r); jr_next_key(r, &key);) {
        size_t i = 0;

        while (i < ARRAY_LEN(numbers) && !jr_text_eq(key, numbers[i].name))
            i++;
        if (i < ARRAY_LEN(numbers)) {
            if (!read_number(r, numbers[i].place))
                return "healthyRetryPolicy holds a value that is not an integer";
        } else if (!jr_text_eq(key, "backoffFunction")) {
            return "Unrecognized member in a retry policy";
        } else if (!read_backoff(r, &out->backoff)) {
            return "backoffFunction must be linear, arithmetic, geometric or exponential";
        }
    }
    return check_retry(out);
}

static const char *read_throttle(struct jr *r, struct sns_delivery_policy *out)
{
    struct jr_text key;

    for (jr_enter_object(r); jr_next_key(r, &key);) {
        if (!jr_text_eq(key, "maxReceivesPerSecond"))
            return "Unrecognized member in a throttle policy";
        if (!read_number(r, &out->per_second) || out->per_second < 0)
            return "throttlePolicy.maxReceivesPerSecond must be a positive integer";
    }
    return NULL;
}

static const char *read_request(struct jr *r, struct arena *a, struct sns_delivery_policy *out)
{
    static const char *const allowed[] = {
        "text/css",
        "text/csv",
        "text/html",
        "text/plain",
        "text/xml",
        "application/atom+xml",
        "application/json",
        "application/octet-stream",
        "application/soap+xml",
        "application/x-www-form-urlencoded",
        "application/xhtml+xml",
        "application/xml",
    };
    struct jr_text key, value;

    for (jr_enter_object(r); jr_next_key(r, &key);) {
        if (!jr_text_eq(key, "headerContentType") || jr_peek(r) != JR_STRING)
            return "Unrecognized member in a request policy";
        jr_string(r, &value);
        out->content_type = arena_strndup(a, value.data, value.len);
        size_t type_len = strcspn(out->content_type, ";");
        bool found = false;
        for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
            found |= strlen(allowed[i]) == type_len &&
                     strncasecmp(allowed[i], out->content_type, type_len) == 0;
        if (!found || strpbrk(out->content_type, "\r\n"))
            return "requestPolicy.headerContentType is not a supported content type";
    }
    return NULL;
}

static const char *read_part(struct jr *r, struct arena *a, struct jr_text key, bool of_topic,
                             struct sns_delivery_policy *out)
{
    bool value;

    if (of_topic && jr_text_eq(key, "disableSubscriptionOverrides"))
        return jr_bool(r, &out->no_overrides) ? NULL
                                              : "disableSubscriptionOverrides must be a boolean";
    if (!of_topic && jr_text_eq(key, "guaranteed") && jr_peek(r) != JR_NULL)
        return jr_bool(r, &value) ? NULL : "guaranteed must be a boolean";
    if (jr_peek(r) == JR_NULL) {
        jr_null(r);
        return NULL;
    }
    if (jr_peek(r) != JR_OBJECT)
        return "Unrecognized member in a delivery policy";
    if (jr_text_eq(key, of_topic ? "defaultHealthyRetryPolicy" : "healthyRetryPolicy"))
        return read_retry(r, out);
    if (jr_text_eq(key, of_topic ? "defaultThrottlePolicy" : "throttlePolicy"))
        return read_throttle(r, out);
    if (jr_text_eq(key, of_topic ? "defaultRequestPolicy" : "requestPolicy"))
        return read_request(r, a, out);
    return "Unrecognized member in a delivery policy";
}

static const char *read_parts(struct jr *r, struct arena *a, bool of_topic,
                              struct sns_delivery_policy *out)
{
    const char *problem = NULL;
    struct jr_text key;

    for (jr_enter_object(r); !problem && jr_next_key(r, &key);)
        problem = read_part(r, a, key, of_topic, out);
    return problem;
}

const char *sns_delivery_policy_read(struct arena *a, const char *json, bool of_topic,
                                     struct sns_delivery_policy *out)
{
    const char *problem = NULL;
    struct jr_text key;
    struct jr r;

    *out = defaults;
    jr_init(&r, json, strlen(json), a, DEPTH_MAX);
    if (!of_topic) {
        problem = read_parts(&r, a, false, out);
    } else {
        for (jr_enter_object(&r); !problem && jr_next_key(&r, &key);)
            problem = jr_text_eq(key, "http") ? read_parts(&r, a, true, out)
                                              : "Unrecognized member in a delivery policy";
    }
    if (problem && !r.error)
        return problem;
    return jr_finish(&r) ? NULL : "failed to parse JSON";
}

struct sns_delivery_policy sns_delivery_policy_effective(struct arena *a, const char *topic,
                                                         const char *subscription)
{
    struct sns_delivery_policy all = defaults, own = defaults;

    if (topic)
        sns_delivery_policy_read(a, topic, true, &all);
    if (!all.no_overrides && subscription &&
        !sns_delivery_policy_read(a, subscription, false, &own)) {
        own.per_second = own.per_second ? own.per_second : all.per_second;
        own.content_type = own.content_type ? own.content_type : all.content_type;
        if (own.has_retry)
            return own;
        all.per_second = own.per_second;
        all.content_type = own.content_type;
    }
    return all;
}

/* --- telling --- */

static void write_retry(struct jw *w, const struct sns_delivery_policy *p)
{
    jw_begin_object(w);
    jw_member_int(w, "minDelayTarget", p->min_delay_s);
    jw_member_int(w, "maxDelayTarget", p->max_delay_s);
    jw_member_int(w, "numRetries", p->retries);
    jw_member_int(w, "numMaxDelayRetries", p->max_delay_retries);
    jw_member_int(w, "numNoDelayRetries", p->no_delay_retries);
    jw_member_int(w, "numMinDelayRetries", p->min_delay_retries);
    jw_member_string(w, "backoffFunction", backoff_names[p->backoff]);
    jw_end_object(w);
}

static void write_throttle(struct jw *w, const char *name, const struct sns_delivery_policy *p,
                           bool always)
{
    if (!p->per_second && !always)
        return;
    jw_key(w, name);
    if (!p->per_second) {
        jw_null(w);
        return;
    }
    jw_begin_object(w);
    jw_member_int(w, "maxReceivesPerSecond", p->per_second);
    jw_end_object(w);
}

const char *sns_delivery_policy_text(struct arena *a, const struct sns_delivery_policy *p,
                                     bool of_topic)
{
    struct strbuf b = STRBUF_INIT(TEXT_MAX);
    struct jw w;
    char *text;

    jw_init(&w, &b);
    jw_begin_object(&w);
    if (of_topic) {
        jw_key(&w, "http");
        jw_begin_object(&w);
    }
    jw_key(&w, of_topic ? "defaultHealthyRetryPolicy" : "healthyRetryPolicy");
    write_retry(&w, p);
    if (of_topic) {
        jw_member_bool(&w, "disableSubscriptionOverrides", p->no_overrides);
    } else {
        jw_key(&w, "sicklyRetryPolicy");
        jw_null(&w);
    }
    write_throttle(&w, of_topic ? "defaultThrottlePolicy" : "throttlePolicy", p, !of_topic);
    jw_key(&w, of_topic ? "defaultRequestPolicy" : "requestPolicy");
    jw_begin_object(&w);
    jw_member_string(&w, "headerContentType",
                     p->content_type ? p->content_type : default_content_type);
    jw_end_object(&w);
    if (of_topic)
        jw_end_object(&w);
    else
        jw_member_bool(&w, "guaranteed", false);
    jw_end_object(&w);
    text = arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return text;
}

const char *sns_delivery_policy_own_text(struct arena *a, const struct sns_delivery_policy *p)
{
    struct strbuf b = STRBUF_INIT(TEXT_MAX);
    struct jw w;
    char *text;

    jw_init(&w, &b);
    jw_begin_object(&w);
    jw_key(&w, "healthyRetryPolicy");
    if (p->has_retry)
        write_retry(&w, p);
    else
        jw_null(&w);
    jw_key(&w, "sicklyRetryPolicy");
    jw_null(&w);
    write_throttle(&w, "throttlePolicy", p, true);
    jw_key(&w, "requestPolicy");
    if (p->content_type) {
        jw_begin_object(&w);
        jw_member_string(&w, "headerContentType", p->content_type);
        jw_end_object(&w);
    } else {
        jw_null(&w);
    }
    jw_member_bool(&w, "guaranteed", false);
    jw_end_object(&w);
    text = arena_strndup(a, b.data, b.len);
    strbuf_release(&b);
    return text;
}

/* --- retries --- */

/* Between the phases of shortest and longest delay: step 0 .. steps - 1. */
static double backoff_s(const struct sns_delivery_policy *p, int64_t step, int64_t steps)
{
    double low = (double)p->min_delay_s, high = (double)p->max_delay_s;
    double part = steps > 1 ? (double)step / (double)(steps - 1) : 0;

    switch (p->backoff) {
    case SNS_LINEAR:
        return low + (high - low) * part;
    case SNS_ARITHMETIC:
        return low + (high - low) * part * (part + 1) / 2;
    case SNS_GEOMETRIC:
        return low * pow(high / low, part);
    case SNS_EXPONENTIAL:
        return MIN(high, low * pow(2, (double)step));
    }
    return low;
}

int64_t sns_delivery_policy_delay_ms(const struct sns_delivery_policy *p, int64_t attempts)
{
    int64_t retry = attempts - 1; /* from 0 */
    int64_t steps = p->retries - p->no_delay_retries - p->min_delay_retries - p->max_delay_retries;

    if (retry >= p->retries)
        return -1;
    if (retry < p->no_delay_retries)
        return 0;
    retry -= p->no_delay_retries;
    if (retry < p->min_delay_retries)
        return p->min_delay_s * 1000;
    retry -= p->min_delay_retries;
    if (retry >= steps)
        return p->max_delay_s * 1000;
    return (int64_t)(backoff_s(p, retry, steps) * 1000 + 0.5);
}
