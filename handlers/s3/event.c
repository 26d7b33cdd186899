#include "handlers/s3/event.h"

#include "server/base/clock.h"
#include "server/base/encode.h"
#include "server/base/json_write.h"

/* Those that happen here. */
static const char *const names[] = {
    "ObjectCreated:Put",
    "ObjectCreated:Post",
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "ObjectRestore:Post",
    "ObjectRestore:Completed",
    "ObjectRestore:Delete",
    "LifecycleExpiration:Delete",
    "LifecycleExpiration:DeleteMarkerCreated",
    "ObjectTagging:Put",
    "ObjectTagging:Delete",
    "ObjectAcl:Put",
};

bool s3_event_is_known(const char *wanted)
{
    /* Those that nothing here ever causes, and the groups. */
    static const char *const others[] = {
        "ObjectCreated:*",
        "ObjectRemoved:*",
        "ObjectRestore:*",
        "ObjectTagging:*",
        "LifecycleExpiration:*",
        "LifecycleTransition",
        "IntelligentTiering",
        "ReducedRedundancyLostObject",
        "Replication:*",
        "Replication:OperationFailedReplication",
        "Replication:OperationNotTracked",
        "Replication:OperationMissedThreshold",
        "Replication:OperationReplicatedAfterThreshold",
    };

    if (!str_starts(wanted, "s3:"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(names[i], wanted + 3))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (str_eq(others[i], wanted + 3))
            return true;
    return false;
}

/* --- filters --- */

/* The value of the rule "prefix" or "suffix", "" where there is none. */
static const char *rule_of(const struct s3_NotificationConfigurationFilter *filter,
                           const char *name)
{
    if (!filter || !filter->Key)
        return "";
    for (size_t i = 0; i < filter->Key->FilterRules.count; i++) {
        const struct s3_FilterRule *rule = &filter->Key->FilterRules.items[i];

        if (rule->Name && rule->Value && strcasecmp(rule->Name, name) == 0)
            return rule->Value;
    }
    return "";
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);

    return len >= suffix_len && str_eq(text + len - suffix_len, suffix);
}

/* "s3:ObjectCreated:*" against "ObjectCreated:Put". */
static bool name_fits(const char *wanted, const char *name)
{
    const char *star = strchr(wanted, '*');

    if (!str_starts(wanted, "s3:"))
        return false;
    wanted += 3;
    return star ? strncmp(wanted, name, (size_t)(star - wanted)) == 0 : str_eq(wanted, name);
}

bool s3_event_wanted(const struct s3_EventList *wanted,
                     const struct s3_NotificationConfigurationFilter *filter,
                     const struct s3_event *e)
{
    if (!str_starts(e->key, rule_of(filter, "prefix")) ||
        !ends_with(e->key, rule_of(filter, "suffix")))
        return false;
    for (size_t i = 0; i < wanted->count; i++)
        if (name_fits(wanted->items[i], e->name))
            return true;
    return false;
}

/* "s3:ObjectCreated:*" covers "s3:ObjectCreated:Put". */
static bool covers(const char *a, const char *b)
{
    const char *star = strchr(a, '*');

    return star ? strncmp(a, b, (size_t)(star - a)) == 0 : str_eq(a, b);
}

static bool events_meet(const struct s3_EventList *a, const struct s3_EventList *b)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count; k++)
            if (covers(a->items[i], b->items[k]) || covers(b->items[k], a->items[i]))
                return true;
    return false;
}

bool s3_event_overlap(const struct s3_EventList *a,
                      const struct s3_NotificationConfigurationFilter *a_filter,
                      const struct s3_EventList *b,
                      const struct s3_NotificationConfigurationFilter *b_filter)
{
    const char *a_prefix = rule_of(a_filter, "prefix");
    const char *b_prefix = rule_of(b_filter, "prefix");
    const char *a_suffix = rule_of(a_filter, "suffix");
    const char *b_suffix = rule_of(b_filter, "suffix");

    return events_meet(a, b) &&
           (str_starts(a_prefix, b_prefix) || str_starts(b_prefix, a_prefix)) &&
           (ends_with(a_suffix, b_suffix) || ends_with(b_suffix, a_suffix));
}

/* --- records --- */

/* As Java's URLEncoder does it, but slashes stay. */
static const char *encoded_key(struct arena *a, const char *key)
{
    char *text = url_encode(a, key, strlen(key), true);
    char *to = text;

    for (const char *from = text; *from; to++) {
        if (str_starts(from, "%20")) {
            *to = '+';
            from += 3;
        } else if (str_starts(from, "%2A")) {
            *to = '*';
            from += 3;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return text;
}

static void write_object(struct jw *w, struct arena *a, const struct s3_event *e)
{
    bool created = str_starts(e->name, "ObjectCreated") || str_starts(e->name, "ObjectRestore");
    /* AWS: what leaves the content alone has no place in its order. */
    bool ordered = !str_starts(e->name, "ObjectTagging") && !str_starts(e->name, "ObjectAcl");
    char sequencer[24];

    snprintf(sequencer, sizeof(sequencer), "%018" PRIX64, (uint64_t)e->version);
    jw_key(w, "object");
    jw_begin_object(w);
    jw_member_string(w, "key", encoded_key(a, e->key));
    if (created)
        jw_member_int(w, "size", e->size);
    jw_member_string(w, "eTag", e->etag);
    jw_member_string(w, "versionId", e->version_id);
    if (ordered)
        jw_member_string(w, "sequencer", sequencer);
    jw_end_object(w);
}

static void write_s3(struct jw *w, struct arena *a, const struct s3_event *e,
                     const char *configuration_id)
{
    jw_key(w, "s3");
    jw_begin_object(w);
    jw_member_string(w, "s3SchemaVersion", "1.0");
    jw_member_string(w, "configurationId", configuration_id);
    jw_key(w, "bucket");
    jw_begin_object(w);
    jw_member_string(w, "name", e->bucket->name);
    jw_key(w, "ownerIdentity");
    jw_begin_object(w);
    jw_member_string(w, "principalId", e->bucket->account);
    jw_end_object(w);
    jw_member_string(w, "arn", arena_printf(a, "arn:aws:s3:::%s", e->bucket->name));
    jw_end_object(w);
    write_object(w, a, e);
    jw_end_object(w);
}

/* AWS: 2.1 for what has been there since the beginning, 2.3 for what came later. */
static const char *event_version(const char *name)
{
    static const char *const later[] = {"LifecycleExpiration", "ObjectTagging", "ObjectAcl"};

    for (size_t i = 0; i < ARRAY_LEN(later); i++)
        if (str_starts(name, later[i]))
            return "2.3";
    return "2.1";
}

/* How long a copy out of the archive is there. */
static void write_restored(struct jw *w, const struct s3_event *e)
{
    char time[TIME_TEXT_MAX];

    if (!str_eq(e->name, "ObjectRestore:Completed"))
        return;
    time_iso8601_ms(e->restore_until_ms, time);
    jw_key(w, "glacierEventData");
    jw_begin_object(w);
    jw_key(w, "restoreEventData");
    jw_begin_object(w);
    jw_member_string(w, "lifecycleRestorationExpiryTime", time);
    jw_member_string(w, "lifecycleRestoreStorageClass", e->storage_class);
    jw_end_object(w);
    jw_end_object(w);
}

void s3_event_write(struct strbuf *b, struct arena *a, const struct s3_event *e, int64_t at_ms,
                    const char *configuration_id)
{
    /* AWS: what S3 does by itself it signs with its own name. */
    const char *by = e->request_id ? "127.0.0.1" : "s3.amazonaws.com";
    char time[TIME_TEXT_MAX];
    struct jw w;

    time_iso8601_ms(at_ms, time);
    jw_init(&w, b);
    jw_begin_object(&w);
    jw_key(&w, "Records");
    jw_begin_array(&w);
    jw_begin_object(&w);
    jw_member_string(&w, "eventVersion", event_version(e->name));
    jw_member_string(&w, "eventSource", "aws:s3");
    jw_member_string(&w, "awsRegion", e->bucket->region);
    jw_member_string(&w, "eventTime", time);
    jw_member_string(&w, "eventName", e->name);
    jw_key(&w, "userIdentity");
    jw_begin_object(&w);
    jw_member_string(&w, "principalId", e->request_id ? arena_printf(a, "AWS:%s", e->account) : by);
    jw_end_object(&w);
    jw_key(&w, "requestParameters");
    jw_begin_object(&w);
    jw_member_string(&w, "sourceIPAddress", by);
    jw_end_object(&w);
    jw_key(&w, "responseElements");
    jw_begin_object(&w);
    jw_member_string(&w, "x-amz-request-id", e->request_id ? e->request_id : "");
    jw_member_string(&w, "x-amz-id-2", e->id_2 ? e->id_2 : "");
    jw_end_object(&w);
    write_s3(&w, a, e, configuration_id);
    write_restored(&w, e);
    jw_end_object(&w);
    jw_end_array(&w);
    jw_end_object(&w);
}

void s3_event_write_test(struct strbuf *b, const char *bucket, int64_t at_ms,
                         const char *request_id, const char *id_2)
{
    char time[TIME_TEXT_MAX];
    struct jw w;

    time_iso8601_ms(at_ms, time);
    jw_init(&w, b);
    jw_begin_object(&w);
    jw_member_string(&w, "Service", "Amazon S3");
    jw_member_string(&w, "Event", "s3:TestEvent");
    jw_member_string(&w, "Time", time);
    jw_member_string(&w, "Bucket", bucket);
    jw_member_string(&w, "RequestId", request_id);
    jw_member_string(&w, "HostId", id_2 ? id_2 : "");
    jw_end_object(&w);
}
