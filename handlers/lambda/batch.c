/*
 * A stack of ranges that are still to be delivered, the earliest on top, so records keep their
 * order whatever is split: a range that fails is replaced by its halves (AWS: a split does not
 * count as a retry), or tried again.
 */
#include "handlers/lambda/batch.h"

enum {
    RETRY_MIN_MS = 200,
    RETRY_MAX_MS = 60 * 1000,
    /* Halving 10,000 records 14 times leaves one; each range can be cut once more by its size. */
    STACK_MAX = 64,
};

struct range {
    size_t from;
    size_t to;
    int attempts;
};

struct work {
    const struct batch_rules *rules;
    const struct batch_target *target;
    const struct stream_record *const *records;
    struct range stack[STACK_MAX];
    size_t depth;
    size_t given_up;
    int delays; /* in a row, for lack of room */
};

static void push(struct work *w, size_t from, size_t to, int attempts)
{
    assert(w->depth < STACK_MAX);
    if (from < to)
        w->stack[w->depth++] = (struct range){.from = from, .to = to, .attempts = attempts};
}

static int64_t backoff_ms(int attempts)
{
    return MIN((int64_t)RETRY_MIN_MS << MIN(attempts, 16), (int64_t)RETRY_MAX_MS);
}

static bool give_up(struct work *w, size_t from, size_t to, enum batch_loss why, int attempts)
{
    w->given_up += to - from;
    return from == to ||
           w->target->give_up(w->target->context, w->records + from, to - from, why, attempts);
}

/* Gives up what is too old; false when it shall end here. */
static bool expire(struct work *w, struct range *r)
{
    size_t first = r->from;

    if (w->rules->age_max_s < 0)
        return true;
    int64_t oldest_ms = w->target->now_ms(w->target->context) - (int64_t)w->rules->age_max_s * 1000;
    while (r->from < r->to && w->records[r->from]->at_ms < oldest_ms)
        r->from++;
    return give_up(w, first, r->from, LOST_AGE, r->attempts);
}

/* False when there shall be no other try. AWS: what was done of a batch is not tried again, and
 * then it is not halved. */
static bool handle_failure(struct work *w, struct range failed, bool partly)
{
    size_t count = failed.to - failed.from;

    if (w->rules->bisect && count > 1 && !partly) {
        size_t middle = failed.from + count / 2;

        push(w, middle, failed.to, failed.attempts);
        push(w, failed.from, middle, failed.attempts);
        return w->target->pause(w->target->context, RETRY_MIN_MS);
    }
    if (w->rules->retries_max >= 0 && failed.attempts >= w->rules->retries_max)
        return give_up(w, failed.from, failed.to, LOST_RETRIES, failed.attempts + 1);
    push(w, failed.from, failed.to, failed.attempts + 1);
    return w->target->pause(w->target->context, backoff_ms(failed.attempts));
}

static bool step(struct work *w)
{
    struct range r = w->stack[--w->depth];
    struct delivered d = {0};

    if (!expire(w, &r))
        return false;
    if (r.from == r.to)
        return true;
    enum delivery how =
        w->target->deliver(w->target->context, w->records + r.from, r.to - r.from, &d);
    if (how == CANCELLED)
        return false;
    if (how == NO_ROOM) {
        push(w, r.from, r.to, r.attempts);
        return w->target->pause(w->target->context, backoff_ms(w->delays++));
    }
    w->delays = 0;
    push(w, r.from + d.taken, r.to, 0);
    if (how == DELIVERED)
        return true;
    r.to = r.from + d.taken;
    r.from += d.done;
    return handle_failure(w, r, d.done > 0);
}

bool batch_handle(const struct batch_rules *rules, const struct batch_target *target,
                  const struct stream_record *const *records, size_t count, size_t *out_given_up)
{
    struct work w = {.rules = rules, .target = target, .records = records};
    bool go_on = true;

    push(&w, 0, count, 0);
    while (go_on && w.depth)
        go_on = step(&w);
    *out_given_up = w.given_up;
    return w.depth == 0 && go_on;
}
