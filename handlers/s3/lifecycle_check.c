/*
 * What AWS says of lifecycle rules that can't be stored, in its order: first what the document may
 * not say at all (MalformedXML), then values, then combinations.
 */
#include "handlers/s3/lifecycle.h"

#include "handlers/s3/errors.h"
#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/base/encode.h"

enum { RULES_MAX = 1000, ID_MAX = 255, DAY_MS = 24 * 3600 * 1000, IA_DAYS_MIN = 30 };

static int fail_malformed(struct request *req)
{
    return aws_fail(req, &s3_MalformedXML,
                    "The XML you provided was not well-formed or did not validate against our "
                    "published schema");
}

static bool is_storage_class(const char *name)
{
    static const char *const classes[] = {"GLACIER",    "STANDARD_IA",  "ONEZONE_IA",
                                          "GLACIER_IR", "DEEP_ARCHIVE", "INTELLIGENT_TIERING"};

    for (size_t i = 0; name && i < ARRAY_LEN(classes); i++)
        if (str_eq(classes[i], name))
            return true;
    return false;
}

static int check_positive(struct request *req, struct maybe_int value, const char *name,
                          const char *action)
{
    if (value.set && value.value <= 0)
        return aws_fail(req, &s3_InvalidArgument, "'%s' for %s action must be a positive integer",
                        name, action);
    return 0;
}

static int check_date(struct request *req, struct maybe_time date)
{
    char text[TIME_TEXT_MAX];

    if (!date.set || date.ms % DAY_MS == 0)
        return 0;
    time_iso8601_ms(date.ms, text);
    return s3_fail_argument(req, "Date", arena_strdup(&req->arena, text),
                            "'Date' must be at midnight GMT");
}

/* --- filters --- */

static bool filter_has_tags(const struct s3_LifecycleRuleFilter *f)
{
    return f && (f->Tag || (f->And && f->And->Tags.count));
}

static bool filter_has_sizes(const struct s3_LifecycleRuleFilter *f)
{
    return f && (f->ObjectSizeGreaterThan.set || f->ObjectSizeLessThan.set ||
                 (f->And && (f->And->ObjectSizeGreaterThan.set || f->And->ObjectSizeLessThan.set)));
}

static int check_tag(struct request *req, const struct s3_Tag *tag)
{
    if (!tag->Key || !tag->Value || strlen(tag->Key) > 4 * TAG_KEY_MAX ||
        strlen(tag->Value) > 4 * TAG_VALUE_MAX)
        return fail_malformed(req);
    return 0;
}

static int check_and(struct request *req, const struct s3_LifecycleRuleAndOperator *and_)
{
    size_t predicates = (and_->Prefix != NULL) + and_->Tags.count +
                        and_->ObjectSizeGreaterThan.set + and_->ObjectSizeLessThan.set;

    if (predicates < 2 && and_->Tags.count == 0)
        return fail_malformed(req);
    for (size_t i = 0; i < and_->Tags.count; i++) {
        if (check_tag(req, &and_->Tags.items[i]))
            return -1;
        for (size_t k = 0; k < i; k++)
            if (str_eq(and_->Tags.items[i].Key, and_->Tags.items[k].Key))
                return aws_fail(req, &s3_InvalidRequest, "Duplicate Tag Keys are not allowed.");
    }
    if (and_->ObjectSizeGreaterThan.set && and_->ObjectSizeLessThan.set &&
        and_->ObjectSizeGreaterThan.value >= and_->ObjectSizeLessThan.value)
        return aws_fail(req, &s3_InvalidRequest,
                        "'ObjectSizeLessThan' has to be a value greater than "
                        "'ObjectSizeGreaterThan'.");
    return 0;
}

static int check_filter(struct request *req, const struct s3_LifecycleRule *rule)
{
    const struct s3_LifecycleRuleFilter *f = rule->Filter;

    if ((rule->Prefix != NULL) == (f != NULL))
        return fail_malformed(req);
    if (!f)
        return 0;
    if ((f->Prefix != NULL) + (f->Tag != NULL) + (f->And != NULL) + f->ObjectSizeGreaterThan.set +
            f->ObjectSizeLessThan.set >
        1)
        return fail_malformed(req);
    if (f->Tag && check_tag(req, f->Tag))
        return -1;
    return f->And ? check_and(req, f->And) : 0;
}

/* --- actions --- */

static int check_expiration(struct request *req, const struct s3_LifecycleRule *rule)
{
    const struct s3_LifecycleExpiration *e = rule->Expiration;

    if (!e)
        return 0;
    if (e->Days.set + e->Date.set + e->ExpiredObjectDeleteMarker.set != 1)
        return fail_malformed(req);
    if (e->ExpiredObjectDeleteMarker.set && filter_has_tags(rule->Filter))
        return aws_fail(req, &s3_InvalidRequest,
                        "ExpiredObjectDeleteMarker cannot be specified with Tags.");
    return check_positive(req, e->Days, "Days", "Expiration") || check_date(req, e->Date) ? -1 : 0;
}

static int check_noncurrent(struct request *req, const struct s3_LifecycleRule *rule)
{
    const struct s3_NoncurrentVersionExpiration *e = rule->NoncurrentVersionExpiration;
    static const char action[] = "NoncurrentVersionExpiration";

    if (!e)
        return 0;
    if (!e->NoncurrentDays.set)
        return fail_malformed(req);
    if (check_positive(req, e->NoncurrentDays, "NoncurrentDays", action) ||
        check_positive(req, e->NewerNoncurrentVersions, "NewerNoncurrentVersions", action))
        return -1;
    if (e->NewerNoncurrentVersions.set && e->NewerNoncurrentVersions.value > 100)
        return aws_fail(req, &s3_InvalidArgument,
                        "'NewerNoncurrentVersions' for %s action must be between 1 and 100",
                        action);
    return 0;
}

static int check_abort(struct request *req, const struct s3_LifecycleRule *rule)
{
    const struct s3_AbortIncompleteMultipartUpload *abort_ = rule->AbortIncompleteMultipartUpload;

    if (!abort_)
        return 0;
    if (!abort_->DaysAfterInitiation.set)
        return fail_malformed(req);
    if (filter_has_tags(rule->Filter))
        return aws_fail(req, &s3_InvalidRequest,
                        "AbortIncompleteMultipartUpload cannot be specified with Tags.");
    if (filter_has_sizes(rule->Filter))
        return aws_fail(req, &s3_InvalidRequest,
                        "AbortIncompleteMultipartUpload cannot be specified with Object Size.");
    return check_positive(req, abort_->DaysAfterInitiation, "DaysAfterInitiation",
                          "AbortIncompleteMultipartUpload");
}

static int check_transition_days(struct request *req, struct maybe_int days, const char *name,
                                 const char *action, const char *class)
{
    bool infrequent = str_eq(class, "STANDARD_IA") || str_eq(class, "ONEZONE_IA");

    if (days.set && days.value < 0)
        return aws_fail(req, &s3_InvalidArgument, "'%s' in %s action must be nonnegative", name,
                        action);
    if (days.set && infrequent && days.value < IA_DAYS_MIN)
        return aws_fail(req, &s3_InvalidArgument,
                        "'%s' in %s action must be greater than or equal to 30 for storageClass "
                        "'%s'",
                        name, action, class);
    return 0;
}

static int check_transition(struct request *req, const struct s3_LifecycleRule *rule, size_t index)
{
    const struct s3_Transition *t = &rule->Transitions.items[index];
    const struct s3_LifecycleExpiration *e = rule->Expiration;
    const char *prefix = s3_lifecycle_prefix(rule);

    if (!is_storage_class(t->StorageClass) || t->Days.set + t->Date.set != 1)
        return fail_malformed(req);
    if (check_transition_days(req, t->Days, "Days", "Transition", t->StorageClass) ||
        check_date(req, t->Date))
        return -1;
    for (size_t i = 0; i < index; i++) {
        const struct s3_Transition *other = &rule->Transitions.items[i];

        if (str_eq(other->StorageClass, t->StorageClass))
            return aws_fail(req, &s3_InvalidArgument,
                            "'StorageClass' must be different for 'Transition' actions in same "
                            "'Rule' with prefix '%.1024s'",
                            prefix);
        if (other->Days.set != t->Days.set)
            return aws_fail(req, &s3_InvalidRequest,
                            "Found mixed 'Date' and 'Days' based Transition actions in lifecycle "
                            "rule for prefix '%.1024s'",
                            prefix);
    }
    if (e && (e->Days.set || e->Date.set) && e->Days.set != t->Days.set)
        return aws_fail(req, &s3_InvalidRequest,
                        "Found mixed 'Date' and 'Days' based Expiration and Transition actions in "
                        "lifecycle rule for prefix '%.1024s'",
                        prefix);
    if (e && e->Days.set && e->Days.value <= t->Days.value)
        return aws_fail(req, &s3_InvalidArgument,
                        "'Days' in the Expiration action for prefix '%.1024s' must be greater than "
                        "'Days' in the Transition action",
                        prefix);
    return 0;
}

static int check_transitions(struct request *req, const struct s3_LifecycleRule *rule)
{
    for (size_t i = 0; i < rule->Transitions.count; i++)
        if (check_transition(req, rule, i))
            return -1;
    for (size_t i = 0; i < rule->NoncurrentVersionTransitions.count; i++) {
        const struct s3_NoncurrentVersionTransition *t =
            &rule->NoncurrentVersionTransitions.items[i];

        if (!is_storage_class(t->StorageClass) || !t->NoncurrentDays.set)
            return fail_malformed(req);
        if (check_transition_days(req, t->NoncurrentDays, "NoncurrentDays",
                                  "NoncurrentVersionTransition", t->StorageClass))
            return -1;
    }
    return 0;
}

static int check_rule(struct request *req, const struct s3_LifecycleRule *rule)
{
    if (!rule->Status || (!str_eq(rule->Status, "Enabled") && !str_eq(rule->Status, "Disabled")))
        return fail_malformed(req);
    if (check_filter(req, rule))
        return -1;
    if (rule->ID && strlen(rule->ID) > ID_MAX)
        return aws_fail(req, &s3_InvalidArgument, "ID length should not exceed allowed limit of %d",
                        ID_MAX);
    if (!rule->Expiration && !rule->Transitions.count && !rule->NoncurrentVersionExpiration &&
        !rule->NoncurrentVersionTransitions.count && !rule->AbortIncompleteMultipartUpload)
        return aws_fail(req, &s3_InvalidRequest,
                        "At least one action needs to be specified in a rule");
    return check_expiration(req, rule) || check_transitions(req, rule) ||
                   check_noncurrent(req, rule) || check_abort(req, rule)
               ? -1
               : 0;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_ids(struct request *req, const struct s3_LifecycleRules *rules)
{
    const char **ids = ARENA_ARRAY(&req->arena, const char *, rules->count);
    size_t count = 0;

    for (size_t i = 0; i < rules->count; i++)
        if (rules->items[i].ID && *rules->items[i].ID)
            ids[count++] = rules->items[i].ID;
    qsort(ids, count, sizeof(*ids), compare_ids);
    for (size_t i = 1; i < count; i++)
        if (str_eq(ids[i - 1], ids[i]))
            return aws_fail(req, &s3_InvalidArgument,
                            "Rule ID must be unique. Found same ID for more than one rule");
    return 0;
}

/* AWS: a UUID in base64. */
static const char *new_id(struct arena *a)
{
    char *out = arena_alloc(a, BASE64_LEN(36) + 1);
    char uuid[37];

    uuid_v4(uuid);
    base64_encode(uuid, 36, out);
    return out;
}

int s3_lifecycle_check(struct request *req, struct s3_LifecycleRules *rules)
{
    if (rules->count == 0 || rules->count > RULES_MAX)
        return fail_malformed(req);
    for (size_t i = 0; i < rules->count; i++)
        if (check_rule(req, &rules->items[i]))
            return -1;
    if (check_ids(req, rules))
        return -1;
    for (size_t i = 0; i < rules->count; i++)
        if (!rules->items[i].ID || !*rules->items[i].ID)
            rules->items[i].ID = new_id(&req->arena);
    return 0;
}
