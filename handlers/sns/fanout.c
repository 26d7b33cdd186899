#include "handlers/sns/fanout.h"

#include "handlers/firehose/firehose.h"
#include "handlers/lambda/lambda.h"
#include "handlers/sns/archive.h"
#include "handlers/sns/lanes.h"
#include "handlers/sns/status_log.h"
#include "handlers/sqs/sqs.h"
#include "server/base/digest.h"
#include "server/base/encode.h"
#include "server/base/log.h"

#include <pthread.h>

enum {
    DEDUP_MS = 5 * 60 * 1000,
    JSON_MAX = 1024 * 1024,
    ROUND_JOBS_MAX = 64, /* so that none waits long for the others */
    ROUNDS_MAX = 2,      /* at the same time, of standard topics */
};

/* AWS: numbers have 20 digits and begin here. */
#define SEQUENCE_BASE "1%019" PRId64

/* Jobs that wait for a round. */
struct line {
    int rounds_max;
    /* Under the fanout's lock: */
    int rounds; /* that run */
    struct sns_job *first, **last;
};

struct sns_fanout {
    struct sns *sns;
    pthread_mutex_t lock;
    pthread_cond_t ended; /* a round */
    struct line standard;
    struct line fifo; /* rounds one after the other: order is kept */
};

/* A copy for a queue. */
struct send {
    struct sqs_outgoing out;
    struct sns_job *job;
    struct sns_copy *copy;
    size_t order;
};

struct round {
    struct sns *sns;
    struct arena arena;
    struct sns_job *jobs;
    int64_t now_ms;
    struct send *sends;
    size_t send_count;
    struct sns_seen *seen;
    struct sns_archived *archived;
    struct sns_replay *replays;
    struct sns_kept_message *kept;
    struct sns_delivery *deliveries;
    struct sns_record record;
};

struct sns_fanout *sns_fanout_new(struct sns *sns)
{
    struct sns_fanout *f = x_calloc(1, sizeof(*f));

    f->sns = sns;
    f->standard = (struct line){.rounds_max = ROUNDS_MAX, .last = &f->standard.first};
    f->fifo = (struct line){.rounds_max = 1, .last = &f->fifo.first};
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->ended, NULL);
    return f;
}

void sns_fanout_free(struct sns_fanout *f)
{
    if (!f)
        return;
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->ended);
    free(f);
}

/* --- FIFO topics: what is new, and in which order --- */

const char *sns_sequence_text(struct arena *a, int64_t sequence)
{
    return arena_printf(a, SEQUENCE_BASE, sequence);
}

static const char *dedup_key(struct arena *a, const struct sns_job *job, struct sns_message *m)
{
    const char *scope = sns_attribute_of(job->topic_attributes, "FifoThroughputScope");
    uint8_t digest[SHA256_LEN];
    char hash[2 * SHA256_LEN + 1];

    if (!m->dedup) {
        sha256(m->text, strlen(m->text), digest);
        hex_encode(digest, sizeof(digest), hash);
        m->dedup = arena_strdup(job->arena, hash);
    }
    return scope && str_eq(scope, "MessageGroup") ? arena_printf(a, "%s %s", m->dedup, m->group)
                                                  : m->dedup;
}

static bool find_seen(struct round *r, int64_t topic, const char *key, struct sns_seen *out)
{
    for (size_t i = 0; i < r->record.seen_count; i++) {
        if (r->seen[i].topic == topic && str_eq(r->seen[i].key, key)) {
            *out = r->seen[i];
            return true;
        }
    }
    return sns_store_seen(r->sns->store, topic, key, r->now_ms, &r->arena, out) == STORE_OK;
}

static int64_t next_sequence(struct round *r, int64_t topic)
{
    int64_t sequence = 0;

    for (size_t i = r->record.seen_count; i > 0; i--) {
        if (r->seen[i - 1].topic == topic)
            return r->seen[i - 1].sequence + 1;
    }
    sns_store_sequence(r->sns->store, topic, &sequence);
    return sequence + 1;
}

/* Copies of a message that came already are taken out. */
static void drop_copies(struct sns_job *job, const struct sns_message *m)
{
    size_t kept = 0;

    for (size_t i = 0; i < job->copy_count; i++) {
        if (job->copies[i].message != m)
            job->copies[kept++] = job->copies[i];
    }
    job->copy_count = kept;
}

static void order_message(struct round *r, struct sns_job *job, struct sns_message *m)
{
    const char *key = dedup_key(&r->arena, job, m);
    struct sns_seen seen;

    if (find_seen(r, job->topic.id, key, &seen)) {
        memcpy(m->id, seen.message_id, strlen(seen.message_id) + 1);
        drop_copies(job, m);
    } else {
        seen = (struct sns_seen){.topic = job->topic.id,
                                 .key = key,
                                 .message_id = m->id,
                                 .sequence = next_sequence(r, job->topic.id),
                                 .until_ms = r->now_ms + DEDUP_MS};
        r->seen[r->record.seen_count++] = seen;
    }
    m->sequence = sns_sequence_text(job->arena, seen.sequence);
}

/* --- FIFO topics with an archive --- */

static void archive_message(struct round *r, const struct sns_job *job, const struct sns_message *m,
                            int64_t sequence, int64_t beginning_ms)
{
    const char *json = sns_archive_write_message(&r->arena, m);

    if (json)
        r->archived[r->record.archived_count++] = (struct sns_archived){
            .topic = job->topic.id,
            .sequence = sequence,
            .at_ms = m->at_ms,
            .expired_ms = beginning_ms,
            .json = json,
        };
}

/* What a subscription with a replay under way gets later, out of the archive. */
static void hold_back(struct round *r, struct sns_job *job)
{
    int64_t *replaying;
    size_t count, kept = 0;

    if (sns_store_replaying(r->sns->store, job->topic.id, &r->arena, &replaying, &count)) {
        job->status = STORE_FAILED;
        return;
    }
    for (size_t i = 0; i < job->copy_count; i++) {
        bool held = false;

        for (size_t k = 0; k < count; k++)
            held = held || job->copies[i].subscription->id == replaying[k];
        if (!held)
            job->copies[kept++] = job->copies[i];
    }
    job->copy_count = kept;
}

/* Nothing can come between this and the end of the round: rounds of FIFO topics follow one another,
 * and what this one publishes has been ordered. */
static void end_of_page(struct round *r, struct sns_job *job)
{
    struct sns_archived more;
    size_t count = 0;

    for (size_t i = 0; i < r->record.archived_count; i++)
        count += r->archived[i].topic == job->topic.id;
    if (job->replay_end && !count &&
        sns_store_archived(r->sns->store, job->topic.id, job->replay->next, 1, &r->arena, &more,
                           &count) == STORE_OK &&
        !count)
        job->replay->status = SNS_REPLAY_COMPLETED;
    r->replays[r->record.replay_count++] = *job->replay;
}

static void order_published(struct round *r, struct sns_job *job)
{
    int64_t beginning_ms = sns_archive_beginning_ms(&r->arena, job->topic_attributes, r->now_ms);

    for (size_t i = 0; i < job->message_count; i++) {
        struct sns_message *m = &job->messages[i];
        size_t seen = r->record.seen_count;

        order_message(r, job, m);
        if (beginning_ms >= 0 && r->record.seen_count > seen)
            archive_message(r, job, m, r->seen[seen].sequence, beginning_ms);
    }
    if (beginning_ms >= 0)
        hold_back(r, job);
}

static void order_messages(struct round *r)
{
    for (struct sns_job *job = r->jobs; job; job = job->next) {
        if (job->fifo && !job->replay)
            order_published(r, job);
    }
    for (struct sns_job *job = r->jobs; job; job = job->next) {
        if (job->replay)
            end_of_page(r, job);
        if (job->fifo && !sns_job_make_bodies(r->sns, job))
            job->status = STORE_FAILED;
    }
}

/* --- queues --- */

static void add_attributes(struct round *r, const struct sns_message *m, struct sqs_outgoing *out)
{
    static const struct sqs_attribute replayed = {"Replayed", "String", {(uint8_t *)"true", 4}};
    struct sqs_attribute *list =
        ARENA_ARRAY(&r->arena, struct sqs_attribute, m->attribute_count + 1);

    for (size_t i = 0; i < m->attribute_count; i++)
        list[i] = (struct sqs_attribute){m->attributes[i].name, m->attributes[i].type,
                                         m->attributes[i].value};
    out->attributes = list;
    out->attribute_count = m->attribute_count;
    if (m->replayed)
        list[out->attribute_count++] = replayed;
}

static void add_send(struct round *r, struct sns_job *job, struct sns_copy *c)
{
    const struct sns_message *m = c->message;
    struct send *s = &r->sends[r->send_count];

    *s = (struct send){.job = job, .copy = c, .order = r->send_count++};
    s->out = (struct sqs_outgoing){
        .body = {(const uint8_t *)c->body, strlen(c->body)},
        .delay_s = -1,
        .trace_header = job->trace,
        .by = &job->service,
    };
    if (sns_copy_is_raw(c))
        add_attributes(r, m, &s->out);
    /* AWS: groups go from FIFO topics to FIFO queues, and from standard topics to any queue. */
    bool fifo_queue = sns_is_fifo(c->subscription->endpoint);
    s->out.group_id = job->fifo == fifo_queue ? m->group : NULL;
    s->out.dedup_id = job->fifo && fifo_queue ? m->dedup : NULL;
}

static int by_queue(const void *a, const void *b)
{
    const struct send *x = a, *y = b;
    int order = strcmp(x->copy->subscription->endpoint, y->copy->subscription->endpoint);

    return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* What became of a copy: NULL words say that it was taken. */
static void settle(struct round *r, struct sns_job *job, const struct sns_copy *c,
                   const char *words)
{
    const struct sns_outcome outcome = {
        .topic_arn = job->topic_arn,
        .message_id = c->message->id,
        .text = sns_message_text(c->message, c->to.protocol),
        .protocol = c->to.protocol,
        .destination = c->subscription->endpoint,
        .response = words,
        .published_ms = c->message->at_ms,
        .attempts = 1,
        .success = !words,
    };

    if (words)
        sns_copy_give_up(r->sns, &r->arena, c, words);
    sns_log_outcome(r->sns, &r->arena, job->topic_attributes, &outcome);
}

static void send_result(struct round *r, struct send *s, enum store_status rc)
{
    if (rc == STORE_FAILED)
        s->job->status = STORE_FAILED;
    else if (rc == STORE_NOT_FOUND)
        settle(r, s->job, s->copy, "The specified queue does not exist.");
    else if (rc == STORE_OK)
        settle(r, s->job, s->copy, NULL);
    else if (sqs_check(r->sns->app, s->copy->subscription->endpoint, s->out.by) == SQS_NOT_ALLOWED)
        settle(r, s->job, s->copy, "The queue's policy does not let the topic send to it");
    else
        settle(r, s->job, s->copy, "The queue does not accept the message.");
}

static void letter_result(struct round *r, const struct sqs_letter *letter, struct send *sends)
{
    /* One that is refused must not hold back the others. */
    for (size_t i = 0; i < letter->count; i++) {
        if (letter->status == STORE_CONFLICT && letter->count > 1)
            send_result(r, &sends[i],
                        sqs_send(r->sns->app, letter->queue_arn, &letter->messages[i], 1));
        else
            send_result(r, &sends[i], letter->status);
    }
}

/* All that one queue gets, as far as it fits: from the first of `sends`, which are sorted. */
static struct sqs_letter write_letter(struct round *r, const struct send *sends, size_t count)
{
    struct sqs_outgoing *out = ARENA_ARRAY(&r->arena, struct sqs_outgoing, SQS_BATCH_MAX);
    struct sqs_letter letter = {.queue_arn = sends->copy->subscription->endpoint, .messages = out};

    while (letter.count < MIN(count, (size_t)SQS_BATCH_MAX) &&
           str_eq(sends[letter.count].copy->subscription->endpoint, letter.queue_arn)) {
        out[letter.count] = sends[letter.count].out;
        letter.count++;
    }
    return letter;
}

static void send_all(struct round *r)
{
    struct sqs_letter letters[SQS_LETTERS_MAX];

    if (r->send_count > 1)
        qsort(r->sends, r->send_count, sizeof(*r->sends), by_queue);
    for (size_t i = 0, next = 0; i < r->send_count;) {
        size_t count = 0;

        for (; count < SQS_LETTERS_MAX && next < r->send_count; count++) {
            letters[count] = write_letter(r, &r->sends[next], r->send_count - next);
            next += letters[count].count;
        }
        sqs_send_all(r->sns->app, letters, count);
        for (size_t k = 0; k < count; i += letters[k++].count)
            letter_result(r, &letters[k], &r->sends[i]);
    }
}

/* --- functions, delivery streams --- */

static void run_function(struct round *r, struct sns_job *job, struct sns_copy *c)
{
    const struct lambda_caller caller = {.principal = "sns.amazonaws.com",
                                         .source_arn = job->topic_arn};

    switch (lambda_invoke_event(r->sns->app, c->subscription->endpoint, &caller,
                                (struct bytes){(const uint8_t *)c->body, strlen(c->body)})) {
    case LAMBDA_OK:
        settle(r, job, c, NULL);
        break;
    case LAMBDA_NO_FUNCTION:
        settle(r, job, c, "Function not found");
        break;
    case LAMBDA_NOT_ALLOWED:
        settle(r, job, c, "The function's policy does not let the topic invoke it");
        break;
    case LAMBDA_FAILED:
        job->status = STORE_FAILED;
        break;
    }
}

static void put_record(struct round *r, struct sns_job *job, struct sns_copy *c)
{
    const struct bytes record = {(const uint8_t *)c->body, strlen(c->body)};
    enum store_status rc = firehose_put(r->sns->app, c->subscription->endpoint, &record, 1);

    if (rc == STORE_FAILED)
        job->status = STORE_FAILED;
    else if (rc == STORE_OK)
        settle(r, job, c, NULL);
    else
        settle(r, job, c, "The delivery stream does not take the message");
}

/* --- what is written here --- */

static void add_delivery(struct round *r, const struct sns_job *job, const struct sns_copy *c)
{
    const char *topic_policy = sns_attribute_of(job->topic_attributes, "DeliveryPolicy");
    const char *own_policy = sns_attribute_of(c->attributes, "DeliveryPolicy");
    struct sns_delivery_policy policy =
        sns_delivery_policy_effective(&r->arena, topic_policy, own_policy);

    r->deliveries[r->record.delivery_count++] = (struct sns_delivery){
        .lane = c->subscription->id,
        .due_ms = r->now_ms,
        .endpoint = c->subscription->endpoint,
        .topic_arn = job->topic_arn,
        .subscription_arn = c->to.subscription_arn,
        .type = "Notification",
        .message_id = c->message->id,
        .content_type = policy.content_type ? policy.content_type : "text/plain; charset=UTF-8",
        .raw = sns_copy_is_raw(c),
        .policy =
            topic_policy || own_policy ? sns_delivery_policy_text(&r->arena, &policy, false) : NULL,
        .dead_letter = sns_copy_dead_letter(&r->arena, c),
        .body = c->body,
    };
}

static void add_kept(struct round *r, struct sns_job *job, const struct sns_copy *c)
{
    struct sns_kept_message *kept = &r->kept[r->record.kept_count];
    const struct sns_kept_target target = {
        .protocol = c->to.protocol,
        .endpoint = c->subscription->endpoint,
        .topic_arn = job->topic_arn,
        .subscription_arn = c->to.subscription_arn,
    };

    if (sns_keep(r->sns, &r->arena, &job->scope, &target, c->message, c->body, kept)) {
        r->record.kept_count++;
        settle(r, job, c, NULL);
    } else {
        settle(r, job, c, "The endpoint takes no messages");
    }
}

static void carry_out_copy(struct round *r, struct sns_job *job, struct sns_copy *c)
{
    const char *protocol = c->to.protocol;

    if (str_eq(protocol, "lambda"))
        run_function(r, job, c);
    else if (str_eq(protocol, "firehose"))
        put_record(r, job, c);
    else if (str_starts(protocol, "http"))
        add_delivery(r, job, c);
    else if (!str_eq(protocol, "sqs"))
        add_kept(r, job, c);
}

static void carry_out(struct round *r)
{
    for (struct sns_job *job = r->jobs; job; job = job->next) {
        for (size_t i = 0; job->status == STORE_OK && i < job->copy_count; i++) {
            if (str_eq(job->copies[i].to.protocol, "sqs"))
                add_send(r, job, &job->copies[i]);
        }
    }
    send_all(r);
    for (struct sns_job *job = r->jobs; job; job = job->next) {
        for (size_t i = 0; job->status == STORE_OK && i < job->copy_count; i++)
            carry_out_copy(r, job, &job->copies[i]);
    }
}

static bool any_failed(const struct round *r)
{
    for (const struct sns_job *job = r->jobs; job; job = job->next) {
        if (job->status != STORE_OK)
            return true;
    }
    return false;
}

static void fail_all(struct round *r)
{
    for (struct sns_job *job = r->jobs; job; job = job->next)
        job->status = STORE_FAILED;
}

static void record(struct round *r)
{
    r->record.kept = r->kept;
    r->record.deliveries = r->deliveries;
    r->record.seen = r->seen;
    r->record.archived = r->archived;
    r->record.replays = r->replays;
    r->record.now_ms = r->now_ms;
    /* What was not delivered must not count as seen, nor what was told to be the same: who tries
     * again would be answered as if all were well. */
    if (r->record.seen_count + r->record.replay_count && any_failed(r)) {
        r->record.seen_count = 0;
        r->record.archived_count = 0;
        r->record.replay_count = 0;
        fail_all(r);
    }
    if (r->record.kept_count + r->record.delivery_count + r->record.seen_count +
            r->record.replay_count ==
        0)
        return;
    if (sns_store_record(r->sns->store, &r->record) != STORE_OK)
        fail_all(r);
    else if (r->record.delivery_count)
        sns_lanes_wake(r->sns->lanes);
}

static void run_round(struct sns *sns, struct sns_job *jobs)
{
    struct round r = {.sns = sns, .jobs = jobs, .now_ms = clock_now_ms(&sns->app->clock)};
    size_t copies = 1, messages = 1, replays = 1;

    for (struct sns_job *job = jobs; job; job = job->next) {
        replays += job->replay != NULL;
        copies += job->copy_count;
        messages += job->message_count;
    }
    arena_init(&r.arena);
    r.sends = ARENA_ARRAY(&r.arena, struct send, copies);
    r.kept = ARENA_ARRAY(&r.arena, struct sns_kept_message, copies);
    r.deliveries = ARENA_ARRAY(&r.arena, struct sns_delivery, copies);
    r.seen = ARENA_ARRAY(&r.arena, struct sns_seen, messages);
    r.archived = ARENA_ARRAY(&r.arena, struct sns_archived, messages);
    r.replays = ARENA_ARRAY(&r.arena, struct sns_replay, replays);
    order_messages(&r);
    carry_out(&r);
    record(&r);
    arena_release(&r.arena);
}

/* --- rounds --- */

/* Under lock: takes the next jobs off the line. */
static struct sns_job *take_jobs(struct line *line)
{
    struct sns_job *jobs = line->first, **end = &line->first;

    for (int i = 0; i < ROUND_JOBS_MAX && *end; i++) {
        (*end)->taken = true;
        end = &(*end)->next;
    }
    line->first = *end;
    *end = NULL;
    if (!line->first)
        line->last = &line->first;
    return jobs;
}

/* Under lock, which is given up meanwhile. */
static void lead(struct sns_fanout *f, struct line *line)
{
    struct sns_job *jobs = take_jobs(line);

    line->rounds++;
    pthread_mutex_unlock(&f->lock);
    run_round(f->sns, jobs);
    pthread_mutex_lock(&f->lock);
    while (jobs) {
        struct sns_job *next = jobs->next;

        jobs->done = true; /* from here on it may be gone */
        jobs = next;
    }
    line->rounds--;
    pthread_cond_broadcast(&f->ended);
}

enum store_status sns_job_open(struct sns *sns, struct sns_job *job, struct arena *a,
                               const struct sns_topic_name *topic)
{
    enum store_status rc;

    *job = (struct sns_job){.arena = a, .topic_arn = topic->arn, .scope = topic->scope};
    rc = sns_store_subscriptions_of(sns->store, &topic->scope, topic->name, a, &job->topic,
                                    &job->subscriptions);
    if (rc != STORE_OK)
        return rc;
    job->fifo = sns_is_fifo(topic->name);
    job->service = sns_as_service(a, topic->arn);
    job->topic_attributes = tags_from_json(a, job->topic.attributes);
    return STORE_OK;
}

enum store_status sns_job_run(struct sns *sns, struct sns_job *job)
{
    struct sns_fanout *f = sns->fanout;
    struct line *line = job->fifo ? &f->fifo : &f->standard;

    if (!job->replay)
        sns_job_make_copies(sns, job);
    if (!job->fifo && !sns_job_make_bodies(sns, job))
        return STORE_FAILED;
    if (!job->fifo && job->copy_count == 0)
        return STORE_OK;
    pthread_mutex_lock(&f->lock);
    *line->last = job;
    line->last = &job->next;
    while (!job->done) {
        if (!job->taken && line->rounds < line->rounds_max)
            lead(f, line);
        else
            pthread_cond_wait(&f->ended, &f->lock);
    }
    pthread_mutex_unlock(&f->lock);
    return job->status;
}
