#include "handlers/sns/replay.h"

#include "handlers/sns/archive.h"
#include "handlers/sns/fanout.h"
#include "server/background.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/log.h"

#include <pthread.h>

enum { PAGE = 20, AGAIN_MS = 1000 };

struct sns_replays {
    struct sns *sns;
    pthread_mutex_t lock;
    /* Under lock: */
    bool working; /* the task runs */
    bool woken;   /* and shall look once more before it ends */
};

/* AWS replays what a queue has seen a moment ago, so it must not look like a duplicate there; but a
 * page that is sent again after a kill shall. */
static const char *replayed_dedup(struct arena *a, const struct sns_replay *r,
                                  const struct sns_message *m)
{
    char *text = arena_printf(a, "%s %" PRId64 " %" PRId64, m->id, r->subscription, r->asked_ms);
    char *hash = arena_alloc(a, 2 * SHA256_LEN + 1);
    uint8_t digest[SHA256_LEN];

    sha256(text, strlen(text), digest);
    hex_encode(digest, sizeof(digest), hash);
    return hash;
}

/* Which of the page's messages the subscription gets: replayed ones between the two times, and all
 * that were held back. */
static void choose(struct sns *sns, struct sns_job *job, const struct sns_archived *page,
                   size_t count, int64_t beginning_ms)
{
    const struct sns_replay *r = job->replay;
    struct arena *a = job->arena;

    job->messages = ARENA_ARRAY(a, struct sns_message, MAX(count, (size_t)1));
    for (size_t i = 0; i < count; i++) {
        struct sns_message *m = &job->messages[job->message_count];
        bool held = page[i].sequence > r->live;

        if (!held && (page[i].at_ms < MAX(r->from_ms, beginning_ms) || page[i].at_ms > r->until_ms))
            continue;
        if (!sns_archive_read_message(a, &page[i], m))
            continue;
        m->sequence = sns_sequence_text(a, page[i].sequence);
        m->replayed = !held;
        if (!held)
            m->dedup = replayed_dedup(a, r, m);
        job->message_count++;
    }
    sns_job_make_copies(sns, job);
}

/* Only the one subscription. */
static bool keep_only(struct sns_subscriptions *list, int64_t id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].id == id) {
            list->items[0] = list->items[i];
            list->count = 1;
            return true;
        }
    }
    return false;
}

/* One page. False when it has to be tried again later. */
static bool step(struct sns *sns, struct arena *a, struct sns_replay *replay)
{
    struct sns_archived page[PAGE];
    struct sns_subscription s;
    struct sns_job job;
    size_t count;
    enum store_status rc = sns_store_subscription_of_id(sns->store, replay->subscription, a, &s);

    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND; /* it is gone, and the replay with it */
    const struct sns_topic_name topic = {
        .scope = {.account = s.account, .region = s.region},
        .name = s.topic_name,
        .arn = sns_topic_arn(a, &(struct scope){s.account, s.region}, s.topic_name),
    };
    rc = sns_job_open(sns, &job, a, &topic);
    if (rc == STORE_OK && !keep_only(&job.subscriptions, s.id))
        rc = STORE_NOT_FOUND;
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND;
    int64_t beginning_ms =
        sns_archive_beginning_ms(a, job.topic_attributes, clock_now_ms(&sns->app->clock));
    if (beginning_ms < 0) /* it was cleared at this moment, which fails the replay */
        return sns_store_archive_clear(sns->store, job.topic.id) == STORE_OK;
    if (sns_store_archived(sns->store, job.topic.id, replay->next, PAGE, a, page, &count))
        return false;
    replay->status = SNS_REPLAY_RUNNING;
    if (count)
        replay->next = page[count - 1].sequence + 1;
    job.replay = replay;
    job.replay_end = count < PAGE;
    choose(sns, &job, page, count, beginning_ms);
    return sns_job_run(sns, &job) == STORE_OK;
}

/* Whether the task shall end: nothing is left, and nobody has woken it since it looked. */
static bool retire(struct sns_replays *r, bool idle)
{
    bool end;

    pthread_mutex_lock(&r->lock);
    end = idle && !r->woken;
    r->working = !end;
    r->woken = false;
    pthread_mutex_unlock(&r->lock);
    return end;
}

static void work(struct background_task *task, void *context)
{
    struct sns_replays *r = context;
    int64_t last = 0;
    bool idle = false;

    while (!background_stopping(task) && !retire(r, idle)) {
        struct sns_replay replay;
        enum store_status rc = sns_store_replay_next(r->sns->store, last, &replay);
        struct arena a;

        idle = rc == STORE_NOT_FOUND;
        if (rc == STORE_OK) {
            last = replay.subscription;
            arena_init(&a);
            if (!step(r->sns, &a, &replay))
                rc = STORE_FAILED;
            arena_release(&a);
        }
        if (rc == STORE_FAILED)
            background_sleep_ms(task, AGAIN_MS);
    }
}

void sns_replays_wake(struct sns_replays *r)
{
    pthread_mutex_lock(&r->lock);
    r->woken = true;
    if (!r->working)
        r->working = background_run(r->sns->app->background, "sns-replay", work, r);
    pthread_mutex_unlock(&r->lock);
}

struct sns_replays *sns_replays_new(struct sns *sns)
{
    struct sns_replays *r = x_calloc(1, sizeof(*r));
    struct sns_replay found;

    r->sns = sns;
    pthread_mutex_init(&r->lock, NULL);
    if (store_has(sns->app->store, "sns") &&
        sns_store_replay_next(sns->store, 0, &found) == STORE_OK)
        sns_replays_wake(r);
    return r;
}

void sns_replays_free(struct sns_replays *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}
