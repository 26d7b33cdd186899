/*
 * Brings messages to the subscribers of their topic.
 *
 * Publishers that come at the same moment share a round: one of them carries out what all have
 * brought, so that each queue is written once for many messages, as a commit is shared by many
 * writers. A round sends to queues, functions and delivery streams, which are durable by
 * themselves; then it writes what is left (deliveries over HTTP, messages that are kept, what FIFO
 * topics have seen) in one commit. Only then do the publishers answer: nothing that was
 * acknowledged can be lost. Rounds of FIFO topics come one after the other, so that their messages
 * keep the order of their sequence numbers everywhere.
 *
 * Thread-safe.
 */
#ifndef CADABRA_SNS_FANOUT_H
#define CADABRA_SNS_FANOUT_H

#include "handlers/sns/keep.h"

struct sns_fanout;

/* One message for one subscription. */
struct sns_copy {
    struct sns_message *message;
    const struct sns_subscription *subscription;
    struct tag_list attributes; /* the subscription's */
    struct sns_recipient to;
    const char *body; /* NULL until it is made: FIFO, where the sequence number stands in it */
};

/* What one request publishes. It belongs to the request's thread, which waits for it. */
struct sns_job {
    struct arena *arena;
    const char *topic_arn;
    struct scope scope;
    struct iam_service service; /* who delivers, to the policies of queues */
    struct sns_topic topic;
    struct tag_list topic_attributes;
    bool fifo;
    struct sns_subscriptions subscriptions;
    const char *trace; /* the publisher's X-Amzn-Trace-Id; NULL: none */
    struct sns_message *messages;
    size_t message_count;
    struct sns_copy *copies;
    size_t copy_count;
    /* A page of a replay (replay.c) instead of something new; NULL: none. */
    struct sns_replay *replay;
    bool replay_end; /* nothing more was there: it ends, if that is still so */

    enum store_status status; /* how it went */
    bool taken, done;         /* under the fanout's lock */
    struct sns_job *next;
};

struct sns_fanout *sns_fanout_new(struct sns *sns);
void sns_fanout_free(struct sns_fanout *f);

/* As numbers of a FIFO topic are told. */
const char *sns_sequence_text(struct arena *a, int64_t sequence);
/* Finds the topic and its subscriptions. STORE_NOT_FOUND: no such topic. */
enum store_status sns_job_open(struct sns *sns, struct sns_job *job, struct arena *a,
                               const struct sns_topic_name *topic);
/* Publishes job->messages, of which ids and sequence numbers are told in them. STORE_CONFLICT is
 * never answered: what the topic refuses must have been checked. */
enum store_status sns_job_run(struct sns *sns, struct sns_job *job);

/* --- what rounds are made of: copy.c --- */

/* Makes the copies that filter policies let through. */
void sns_job_make_copies(struct sns *sns, struct sns_job *job);
/* Makes the bodies that are not there yet. False: one could not be signed. */
bool sns_job_make_bodies(struct sns *sns, struct sns_job *job);
bool sns_copy_is_raw(const struct sns_copy *copy);
/* To the subscription's dead letter queue, where it has one. */
void sns_copy_give_up(struct sns *sns, struct arena *a, const struct sns_copy *copy,
                      const char *words);

/* Its dead letter queue, or NULL. */
const char *sns_copy_dead_letter(struct arena *a, const struct sns_copy *copy);
/* As whom a topic delivers. */
struct iam_service sns_as_service(struct arena *a, const char *topic_arn);

struct sns_dead_letter {
    const char *queue_arn;
    const char *topic_arn; /* whose message it was */
    const char *body;
    const struct sns_message *message; /* whose group it keeps; NULL: not known */
    bool raw;                          /* its attributes go along */
};
/* Sends a body to a dead letter queue. False when it could not be written. */
bool sns_dead_letter(struct sns *sns, struct arena *a, const struct sns_dead_letter *letter);

#endif
