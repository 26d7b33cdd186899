#include "handlers/s3/lifecycle.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static bool has_tag(const struct tag_list *tags, const struct s3_Tag *wanted)
{
    for (size_t i = 0; i < tags->count; i++)
        if (str_eq(tags->items[i].key, wanted->Key) && str_eq(tags->items[i].value, wanted->Value))
            return true;
    return false;
}

static bool prefix_fits(const char *prefix, const char *key)
{
    return !prefix || str_starts(key, prefix);
}

static bool size_fits(struct maybe_long above, struct maybe_long below, int64_t size)
{
    return (!above.set || size > above.value) && (!below.set || size < below.value);
}

static bool and_fits(const struct s3_LifecycleRuleAndOperator *and_,
                     const struct s3_lifecycle_object *o)
{
    for (size_t i = 0; i < and_->Tags.count; i++)
        if (!has_tag(&o->tags, &and_->Tags.items[i]))
            return false;
    return prefix_fits(and_->Prefix, o->key) &&
           size_fits(and_->ObjectSizeGreaterThan, and_->ObjectSizeLessThan, o->size);
}

bool s3_lifecycle_covers(const struct s3_LifecycleRule *rule,
                         const struct s3_lifecycle_object *object)
{
    const struct s3_LifecycleRuleFilter *f = rule->Filter;

    if (!str_eq(rule->Status, "Enabled") || !prefix_fits(rule->Prefix, object->key))
        return false;
    return !f ||
           (prefix_fits(f->Prefix, object->key) && (!f->Tag || has_tag(&object->tags, f->Tag)) &&
            size_fits(f->ObjectSizeGreaterThan, f->ObjectSizeLessThan, object->size) &&
            (!f->And || and_fits(f->And, object)));
}

bool s3_lifecycle_wants_tags(const struct s3_LifecycleRule *rule)
{
    return rule->Filter &&
           (rule->Filter->Tag || (rule->Filter->And && rule->Filter->And->Tags.count));
}

const char *s3_lifecycle_prefix(const struct s3_LifecycleRule *rule)
{
    const struct s3_LifecycleRuleFilter *f = rule->Filter;

    if (rule->Prefix)
        return rule->Prefix;
    if (f && f->Prefix)
        return f->Prefix;
    return f && f->And && f->And->Prefix ? f->And->Prefix : "";
}

int64_t s3_lifecycle_due_ms(int64_t since_ms, int days)
{
    int64_t due = since_ms + (int64_t)days * DAY_MS;

    return (due + DAY_MS - 1) / DAY_MS * DAY_MS;
}

bool s3_lifecycle_expiry(const struct s3_LifecycleRules *rules,
                         const struct s3_lifecycle_object *object, int64_t modified_ms,
                         int64_t *out_ms, const char **out_rule_id)
{
    bool found = false;

    for (size_t i = 0; i < rules->count; i++) {
        const struct s3_LifecycleRule *rule = &rules->items[i];
        const struct s3_LifecycleExpiration *e = rule->Expiration;
        int64_t due;

        if (!e || (!e->Days.set && !e->Date.set) || !s3_lifecycle_covers(rule, object))
            continue;
        due = e->Days.set ? s3_lifecycle_due_ms(modified_ms, e->Days.value) : e->Date.ms;
        if (found && due >= *out_ms)
            continue;
        found = true;
        *out_ms = due;
        *out_rule_id = rule->ID;
    }
    return found;
}
