#include "handlers/sqs/dedup.h"

#include "server/base/digest.h"

#include <search.h>

void sqs_dedup_key(const char *group_id, const char *dedup_id, uint8_t out[SQS_DEDUP_KEY_LEN])
{
    struct sha256_stream *s = sha256_begin();

    _Static_assert((int)SQS_DEDUP_KEY_LEN == (int)SHA256_LEN, "a key is a digest");
    if (group_id)
        sha256_update(s, group_id, strlen(group_id) + 1);
    sha256_update(s, dedup_id, strlen(dedup_id));
    sha256_end(s, out);
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, SQS_DEDUP_KEY_LEN);
}

/* The entries stand in the order of time: what is over stands in front. */
void sqs_dedup_expire(struct sqs_dedup *d, int64_t now_ms)
{
    while (d->first && !d->first->pending && d->first->sent_ms <= now_ms - SQS_DEDUP_MS) {
        d->forgotten = MAX(d->forgotten, d->first->number);
        sqs_dedup_remove(d, d->first);
    }
}

struct sqs_sent *sqs_dedup_find(struct sqs_dedup *d, const uint8_t key[SQS_DEDUP_KEY_LEN],
                                int64_t now_ms)
{
    struct sqs_sent **place;

    sqs_dedup_expire(d, now_ms);
    place = tfind(key, &d->tree, compare);
    return place ? *place : NULL;
}

struct sqs_sent *sqs_dedup_add(struct sqs_dedup *d, const struct sqs_sent *like)
{
    struct sqs_sent *sent = x_malloc(sizeof(*sent));
    struct sqs_sent **place;

    *sent = *like;
    sent->next = NULL;
    place = tsearch(sent, &d->tree, compare);
    if (!place)
        abort(); /* out of memory */
    assert(*place == sent);
    if (d->last)
        d->last->next = sent;
    else
        d->first = sent;
    d->last = sent;
    return sent;
}

void sqs_dedup_remove(struct sqs_dedup *d, struct sqs_sent *sent)
{
    struct sqs_sent *before = NULL;

    for (struct sqs_sent *at = d->first; at != sent; at = at->next)
        before = at;
    if (before)
        before->next = sent->next;
    else
        d->first = sent->next;
    if (d->last == sent)
        d->last = before;
    tdelete(sent, &d->tree, compare);
    free(sent);
}

void sqs_dedup_forget_settled(struct sqs_dedup *d)
{
    struct sqs_sent *next;

    for (struct sqs_sent *sent = d->first; sent; sent = next) {
        next = sent->next;
        if (!sent->pending)
            sqs_dedup_remove(d, sent);
    }
}

void sqs_dedup_release(struct sqs_dedup *d)
{
    while (d->first)
        sqs_dedup_remove(d, d->first);
}
