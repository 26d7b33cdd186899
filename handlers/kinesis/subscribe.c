/*
 * SubscribeToShard: an answer that goes on for five minutes and carries records as they arrive.
 *
 * The connection's thread waits at the stream's waitq, reads what is new and sends it. Under load
 * it pauses a few milliseconds between two events, so that a thousand puts a second are not a
 * thousand events. When nothing comes, an event without records says every few seconds that the
 * subscription is alive, which clients wait for.
 */
#include "handlers/kinesis/fanout.h"
#include "handlers/kinesis/operations.h"
#include "server/protocol/event_stream.h"

#include <poll.h>

enum {
    LIFE_MS = 5 * 60 * 1000,
    ALIVE_MS = 5000,      /* at least one event in this time */
    PAUSE_MS = 5,         /* at least this between two events */
    CLOCK_LOOK_MS = 1000, /* tests move the clock */
    RECORDS_MAX = 10000,  /* at most in one event */
    BYTES_MAX = 1024 * 1024,
};

struct subscription {
    struct kinesis_hold *hold;
    const struct kinesis_shard *shard;
    int64_t consumer;
    uint64_t ticket; /* fanout.h */
    int64_t until_ms;
    int64_t next;
    int64_t last_ms;       /* arrival of the newest record that was sent, or the shard's start */
    int64_t event_mono_ms; /* when the last event was sent */
    struct arena arena;    /* of one event */
    const char *consumer_name;
    bool begun;
    bool ended; /* the last message has been sent */
};

static void release(void *context)
{
    struct subscription *s = context;

    arena_release(&s->arena);
}

/* --- what is sent --- */

static int end_with(struct request *req, struct subscription *s, const struct aws_error *error,
                    const char *message, struct strbuf *out)
{
    event_stream_exception(req, error, message, out);
    s->ended = true;
    return 1;
}

static const char *in_use(struct arena *a, const struct kinesis_hold *hold, int32_t shard,
                          const char *consumer)
{
    return arena_printf(a, "Another active subscription exists for this consumer: %s:%s:%s:%s",
                        hold->account, hold->stream->name, kinesis_shard_id(a, shard), consumer);
}

/* Sends the exception that ends the subscription, if there is reason for one: 1, else 0. */
static int check_place(struct request *req, struct subscription *s, struct strbuf *out)
{
    struct kinesis_hold *hold = s->hold;

    if (kinesis_gone(hold))
        return end_with(req, s, &kinesis_ResourceNotFoundException,
                        arena_printf(&s->arena, "Stream %s under account %s not found.",
                                     hold->stream->name, hold->account),
                        out);
    switch (kinesis_fanout_look(hold, s->consumer, s->shard->index, s->ticket)) {
    case KINESIS_FANOUT_TAKEN:
        return end_with(req, s, &kinesis_ResourceInUseException,
                        in_use(&s->arena, hold, s->shard->index, s->consumer_name), out);
    case KINESIS_FANOUT_GONE:
        return end_with(req, s, &kinesis_ResourceNotFoundException,
                        arena_printf(&s->arena, "Consumer %s, account %s not found.",
                                     s->consumer_name, hold->account),
                        out);
    case KINESIS_FANOUT_MINE:
        break;
    }
    return 0;
}

static void send_event(struct request *req, struct subscription *s,
                       const struct kinesis_batch *batch, int64_t now_ms, struct strbuf *out)
{
    struct kinesis_SubscribeToShardEvent event = {
        .Records = kinesis_records(&s->arena, s->hold->stream, s->shard, batch),
        .MillisBehindLatest = SOME_LONG(kinesis_behind_ms(s->shard, batch, now_ms)),
    };

    if (batch->count)
        s->last_ms = batch->records[batch->count - 1].at_ms;
    s->next = batch->next;
    s->ended = kinesis_at_end(s->shard, s->next);
    if (s->ended)
        event.ChildShards = kinesis_child_shards(&s->arena, s->hold->stream, s->shard->index);
    else
        event.ContinuationSequenceNumber =
            kinesis_sequence_text(&s->arena, s->shard, MAX(s->next - 1, (int64_t)0), s->last_ms);
    event_stream_event(req, "SubscribeToShardEvent", &event, out);
    s->event_mono_ms = clock_monotonic_ms();
}

/* --- waiting --- */

/* False when the client has gone or the server wants the request to end. */
static bool wait_for_more(struct request *req, struct subscription *s, uint64_t ticket,
                          int64_t now_ms)
{
    int64_t alive_ms = s->event_mono_ms + ALIVE_MS - clock_monotonic_ms();
    int64_t wait_ms = MIN(MIN(alive_ms, s->until_ms - now_ms), (int64_t)CLOCK_LOOK_MS);

    return waitq_wait(s->hold->arrivals, ticket, MAX(wait_ms, (int64_t)0), req->client_fd,
                      req->app->stop_fd) != WAIT_ABANDONED;
}

/* Lets some records gather while events follow closely. */
static bool pause_between(struct request *req, const struct subscription *s)
{
    int64_t left_ms = s->event_mono_ms + PAUSE_MS - clock_monotonic_ms();
    struct pollfd stop = {.fd = req->app->stop_fd, .events = POLLIN};

    return left_ms <= 0 || poll(&stop, 1, (int)left_ms) <= 0;
}

static int next_event(struct request *req, struct subscription *s, struct strbuf *out)
{
    struct kinesis *k = kinesis_of(req->app);

    for (;;) {
        uint64_t ticket = waitq_ticket(s->hold->arrivals);
        int64_t now = clock_now_ms(&req->app->clock);
        const struct kinesis_read_limits limits = {
            .records = RECORDS_MAX,
            .bytes = BYTES_MAX,
            .not_before = kinesis_not_before(s->hold->stream, now),
        };
        struct kinesis_batch batch;

        arena_reset(&s->arena);
        if (now >= s->until_ms)
            return 0;
        if (check_place(req, s, out))
            return 1;
        if (kinesis_store_read(k->store, s->shard, s->next, &limits, &s->arena, &batch) != STORE_OK)
            return end_with(req, s, &kinesis_InternalFailureException, "Internal service failure.",
                            out);
        if (batch.count || kinesis_at_end(s->shard, batch.next) ||
            clock_monotonic_ms() - s->event_mono_ms >= ALIVE_MS) {
            send_event(req, s, &batch, now, out);
            return 1;
        }
        s->next = batch.next;
        if (!wait_for_more(req, s, ticket, now) || !pause_between(req, s))
            return 0;
    }
}

static int next(struct request *req, void *context, struct strbuf *out)
{
    static const struct kinesis_SubscribeToShardOutput no_members;
    struct subscription *s = context;

    if (s->ended)
        return 0;
    if (!s->begun) {
        s->begun = true;
        event_stream_initial_response(req, &no_members, out);
        return 1;
    }
    return next_event(req, s, out);
}

/* --- the operation --- */

static int take_place(struct request *req, struct subscription *s,
                      const struct kinesis_consumer *consumer, int64_t now_ms)
{
    switch (kinesis_fanout_take(kinesis_of(req->app)->store, s->hold, consumer, s->shard->index,
                                now_ms, &req->arena, &s->ticket)) {
    case STORE_OK:
        return 0;
    case STORE_CONFLICT:
        return aws_fail(req, &kinesis_ResourceInUseException, "%s",
                        in_use(&req->arena, s->hold, s->shard->index, consumer->name));
    case STORE_NOT_FOUND:
        return aws_fail(req, &kinesis_ResourceNotFoundException,
                        "Consumer %s, account %s not found.", consumer->name, s->hold->account);
    default:
        return aws_fail_internal(req);
    }
}

int kinesis_subscribe_to_shard(struct request *req, const struct kinesis_SubscribeToShardInput *in,
                               struct kinesis_SubscribeToShardOutput *out)
{
    int64_t now = clock_now_ms(&req->app->clock);
    const struct kinesis_starting start = {.operation = "SubscribeToShard",
                                           .type = in->StartingPosition->Type,
                                           .sequence_number = in->StartingPosition->SequenceNumber,
                                           .timestamp = in->StartingPosition->Timestamp};
    struct subscription *s = ARENA_NEW(&req->arena, struct subscription);
    struct kinesis_consumer consumer;
    int32_t index;

    (void)out;
    if (kinesis_use_consumer(req, in->ConsumerARN, in->StreamId, &s->hold, &consumer))
        return -1;
    if (!kinesis_shard_index(in->ShardId, &index))
        return kinesis_fail_no_shard(req, s->hold, in->ShardId);
    s->shard = kinesis_stream_shard(s->hold->stream, index);
    if (!s->shard)
        return kinesis_fail_no_shard(req, s->hold, kinesis_shard_id(&req->arena, index));
    if (kinesis_starting_number(req, &start, s->hold, s->shard, &s->next) ||
        kinesis_check_dry(req, in->DryRun))
        return -1;
    if (take_place(req, s, &consumer, now))
        return -1;
    s->consumer = consumer.id;
    s->consumer_name = consumer.name;
    s->until_ms = now + LIFE_MS;
    s->last_ms = s->shard->created_ms;
    s->event_mono_ms = clock_monotonic_ms();
    arena_init(&s->arena);
    arena_defer(&req->arena, release, s);
    req->response.kind = BODY_STREAM;
    req->response.stream = (struct body_stream){.next = next, .context = s};
    return 0;
}
