#include "handlers/s3/lifecycle_run.h"

#include "handlers/s3/kept.h"
#include "handlers/s3/lifecycle.h"
#include "handlers/s3/notify.h"
#include "handlers/s3/target.h"
#include "server/background.h"
#include "server/base/clock.h"
#include "server/base/log.h"

enum { PAGE = 500, LOOK_MS = 60 * 60 * 1000, NAP_MS = 1000, DAY_MS = 24 * 3600 * 1000 };

/* One bucket, while its rules are carried out. */
struct run {
    struct background_task *task;
    struct s3 *s3;
    struct arena *arena; /* emptied after each page */
    struct s3_bucket bucket;
    struct s3_LifecycleRules rules;
    int64_t now_ms;
    bool wants_tags;
};

static bool is_due(int64_t since_ms, int days, int64_t now_ms)
{
    return s3_lifecycle_due_ms(since_ms, days) <= now_ms;
}

/* --- removing --- */

static void tell(struct run *r, const struct s3_remove *remove, const struct s3_object *object)
{
    bool made_marker = remove->marker && remove->which.by == S3_PRESENT;
    struct s3_event event = {
        .name =
            made_marker ? "LifecycleExpiration:DeleteMarkerCreated" : "LifecycleExpiration:Delete",
        .bucket = &r->bucket,
        .key = object->key,
        .version = remove->version ? remove->version : object->id,
        .account = r->bucket.account,
    };

    if (!s3_bucket_has(&r->bucket, S3_DOC_NOTIFICATION))
        return;
    if (remove->version)
        event.version_id = s3_version_text(r->arena, remove->version, remove->null_version);
    s3_notify(r->s3->app, &event);
}

/* by_id: that version for good; else as a DELETE of the key would. Locked ones stay. */
static void remove_version(struct run *r, const struct s3_object *object, bool by_id)
{
    struct s3_remove remove = {
        .bucket = r->bucket.id,
        .which = {.key = object->key, .by = by_id ? S3_BY_ID : S3_PRESENT, .id = object->id},
        .account = r->bucket.account,
        .now_ms = r->now_ms,
    };

    /* Only what was looked at: an object that was written meanwhile is young. */
    if (!by_id)
        remove.condition.if_match = object->etag;
    if (by_id && object->null_version)
        remove.which.by = S3_NULL_VERSION;
    if (s3_object_remove(r->s3->store, &remove) == STORE_OK && remove.found)
        tell(r, &remove, object);
}

/* --- one key and all its versions --- */

/* Listings do not know tags. */
static void load_tags(struct run *r, const struct s3_object *object,
                      struct s3_lifecycle_object *out)
{
    struct s3_which which = {.key = object->key, .by = S3_BY_ID, .id = object->id};
    struct s3_object found;

    if (object->null_version)
        which.by = S3_NULL_VERSION;
    if (r->wants_tags && !object->marker &&
        s3_object_find(r->s3->store, r->bucket.id, &which, false, r->arena, &found) == STORE_OK)
        s3_lifecycle_object_of(r->arena, &found, out);
    else
        s3_lifecycle_object_of(r->arena, object, out);
}

static void expire_present(struct run *r, const struct s3_object *object)
{
    struct s3_lifecycle_object view;
    const char *rule;
    int64_t due;

    load_tags(r, object, &view);
    if (s3_lifecycle_expiry(&r->rules, &view, object->modified_ms, &due, &rule) && due <= r->now_ms)
        remove_version(r, object, false);
}

/* A marker behind which nothing is left. */
static void expire_marker(struct run *r, const struct s3_object *marker)
{
    struct s3_lifecycle_object view;

    s3_lifecycle_object_of(r->arena, marker, &view);
    for (size_t i = 0; i < r->rules.count; i++) {
        const struct s3_LifecycleRule *rule = &r->rules.items[i];
        const struct s3_LifecycleExpiration *e = rule->Expiration;

        if (!e || !s3_lifecycle_covers(rule, &view))
            continue;
        /* AWS: a rule by days takes lonely markers along, once they are as old. */
        if (VALUE_OR(e->ExpiredObjectDeleteMarker, false) ||
            (e->Days.set && is_due(marker->modified_ms, e->Days.value, r->now_ms)) ||
            (e->Date.set && e->Date.ms <= r->now_ms)) {
            remove_version(r, marker, true);
            return;
        }
    }
}

/* `newer`: noncurrent versions of the key that are younger; superseded_ms: since when it is not the
 * present one. */
static void expire_noncurrent(struct run *r, const struct s3_object *object, int newer,
                              int64_t superseded_ms)
{
    struct s3_lifecycle_object view;

    load_tags(r, object, &view);
    for (size_t i = 0; i < r->rules.count; i++) {
        const struct s3_LifecycleRule *rule = &r->rules.items[i];
        const struct s3_NoncurrentVersionExpiration *e = rule->NoncurrentVersionExpiration;

        if (e && s3_lifecycle_covers(rule, &view) &&
            newer >= VALUE_OR(e->NewerNoncurrentVersions, 0) &&
            is_due(superseded_ms, VALUE_OR(e->NoncurrentDays, 1), r->now_ms)) {
            remove_version(r, object, true);
            return;
        }
    }
}

/* --- a bucket --- */

/* Where a key's versions are while pages of them pass. */
struct position {
    char *key; /* owned */
    int64_t version;
    int64_t superseded_ms; /* when the version before was written */
    int newer;
};

static void visit(struct run *r, struct position *p, const struct s3_object *o, bool last_of_key)
{
    bool first = !p->key || !str_eq(p->key, o->key);

    if (first) {
        free(p->key);
        p->key = x_strdup(o->key);
        p->newer = 0;
    }
    if (first && o->marker && last_of_key)
        expire_marker(r, o);
    else if (first && !o->marker)
        expire_present(r, o);
    else if (!first)
        expire_noncurrent(r, o, p->newer++, p->superseded_ms);
    p->superseded_ms = o->modified_ms;
    p->version = o->id;
}

/* All versions of all keys, a page at a time. The last entry of a page is left for the next one
 * where a next one exists, so that it is known whether it is its key's last. */
static void expire_versions(struct run *r)
{
    struct position p = {0};
    struct s3_page page = {.more = true};

    while (page.more && !background_stopping(r->task)) {
        struct s3_list_query query = {.bucket = r->bucket.id,
                                      .prefix = "",
                                      .delimiter = "",
                                      .after = p.key ? p.key : "",
                                      .after_version = p.version,
                                      .max = PAGE};

        if (s3_version_list(r->s3->store, &query, r->arena, &page))
            break;
        size_t count = page.more && page.count > 1 ? page.count - 1 : page.count;
        for (size_t i = 0; i < count; i++) {
            const struct s3_object *o = &page.items[i].object;

            visit(r, &p, o, i + 1 == page.count || !str_eq(page.items[i + 1].object.key, o->key));
        }
        arena_reset(r->arena);
    }
    free(p.key);
}

static void abort_upload(struct run *r, const struct s3_upload *upload)
{
    for (size_t i = 0; i < r->rules.count; i++) {
        const struct s3_LifecycleRule *rule = &r->rules.items[i];
        const struct s3_AbortIncompleteMultipartUpload *a = rule->AbortIncompleteMultipartUpload;

        if (a && str_eq(rule->Status, "Enabled") &&
            str_starts(upload->object.key, s3_lifecycle_prefix(rule)) &&
            is_due(upload->created_ms, a->DaysAfterInitiation.value, r->now_ms)) {
            s3_upload_abort(r->s3->store, r->bucket.id, upload->id);
            return;
        }
    }
}

static void abort_uploads(struct run *r)
{
    struct s3_upload_page page = {.more = true};
    AUTO_FREE char *key = NULL;
    int64_t id = 0;

    while (page.more && !background_stopping(r->task)) {
        struct s3_list_query query = {.bucket = r->bucket.id,
                                      .prefix = "",
                                      .delimiter = "",
                                      .after = key ? key : "",
                                      .after_version = id,
                                      .max = PAGE};

        if (s3_upload_list(r->s3->store, &query, r->arena, &page) || !page.count)
            break;
        for (size_t i = 0; i < page.count; i++)
            abort_upload(r, &page.items[i].upload);
        free(key);
        key = x_strdup(page.items[page.count - 1].upload.object.key);
        id = page.items[page.count - 1].upload.id;
        arena_reset(r->arena);
    }
}

static bool any_uploads_rule(const struct s3_LifecycleRules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->items[i].AbortIncompleteMultipartUpload)
            return true;
    return false;
}

static void run_bucket(struct background_task *task, struct s3 *s3, const struct s3_bucket *bucket,
                       struct arena *lasting)
{
    struct s3_BucketLifecycleConfiguration c = {0};
    struct arena page_arena;
    struct run r = {.task = task,
                    .s3 = s3,
                    .arena = &page_arena,
                    .bucket = *bucket,
                    .now_ms = clock_now_ms(&s3->app->clock)};

    if (s3_kept_find(s3, lasting, bucket, S3_DOC_LIFECYCLE, &c) <= 0)
        return;
    r.rules = c.Rules;
    for (size_t i = 0; i < r.rules.count; i++)
        r.wants_tags = r.wants_tags || s3_lifecycle_wants_tags(&r.rules.items[i]);
    arena_init(&page_arena);
    expire_versions(&r);
    if (any_uploads_rule(&r.rules))
        abort_uploads(&r);
    arena_release(&page_arena);
}

/* --- the task --- */

/* False when no bucket has rules. */
static bool run_all(struct background_task *task, struct s3 *s3)
{
    struct s3_buckets buckets = {0};
    struct arena a;

    arena_init(&a);
    if (s3_bucket_list_having(s3->store, S3_DOC_LIFECYCLE, &a, &buckets))
        log_warn("lifecycle rules can not be read; they are tried again later");
    for (size_t i = 0; i < buckets.count && !background_stopping(task); i++)
        run_bucket(task, s3, &buckets.items[i], &a);
    arena_release(&a);
    return buckets.count > 0;
}

/* The clock of the server may be moved, so its hour is watched, not slept through. It counts from
 * the beginning of the last look, for what fell due during it may have been passed by. */
static bool wait_for_work(struct background_task *task, struct s3 *s3, int64_t looked_ms)
{
    int64_t next_ms = looked_ms + LOOK_MS;

    while (clock_now_ms(&s3->app->clock) < next_ms) {
        if (background_sleep_ms(task, NAP_MS))
            return false;
        if (atomic_exchange(&s3->lifecycle_changed, false))
            return true;
    }
    return true;
}

static void run_task(struct background_task *task, void *context)
{
    struct s3 *s3 = context;
    bool more = true;

    while (more && !background_stopping(task)) {
        int64_t looked_ms = clock_now_ms(&s3->app->clock);

        atomic_store(&s3->lifecycle_changed, false);
        more = run_all(task, s3);
        if (!more) {
            /* Rules that come now start a task of their own, or are seen here. */
            atomic_store(&s3->lifecycle_runs, false);
            if (!atomic_load(&s3->lifecycle_changed) || atomic_exchange(&s3->lifecycle_runs, true))
                return;
            more = true;
            continue;
        }
        more = wait_for_work(task, s3, looked_ms);
    }
    atomic_store(&s3->lifecycle_runs, false);
}

void s3_lifecycle_wake(struct s3 *s3)
{
    atomic_store(&s3->lifecycle_changed, true);
    if (!atomic_exchange(&s3->lifecycle_runs, true) &&
        !background_run(s3->app->background, "s3-lifecycle", run_task, s3))
        atomic_store(&s3->lifecycle_runs, false);
}
