/* What SNS keeps: subscriptions once each, lanes in turn, deliveries in order, the key. */
#include "storage/sns_store.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/store_fixture.h"

#include <check.h>

static struct sns_store *store;

static void open_store(void)
{
    store = sns_store_open(open_root());
    ck_assert_ptr_nonnull(store);
}

static void close_store(void)
{
    sns_store_close(store);
}

static struct sns_topic make_topic(const char *name)
{
    struct sns_topic topic = {.name = name, .created_ms = 1};

    ck_assert_int_eq(sns_store_topic_create(store, &here, &topic), STORE_OK);
    ck_assert_int_eq(sns_store_topic_find(store, &here, name, &a, &topic), STORE_OK);
    return topic;
}

static struct sns_subscription subscription(int64_t topic, const char *uuid, const char *endpoint,
                                            bool pending)
{
    return (struct sns_subscription){.topic = topic,
                                     .uuid = uuid,
                                     .protocol = "sqs",
                                     .endpoint = endpoint,
                                     .owner = here.account,
                                     .principal = "p",
                                     .origin = "o",
                                     .token = uuid,
                                     .pending = pending};
}

START_TEST(topics)
{
    struct sns_topic topic = {.name = "t"};
    struct sns_names names;

    ck_assert_int_eq(sns_store_topic_find(store, &here, "t", &a, &topic), STORE_NOT_FOUND);
    topic = make_topic("t");
    ck_assert_int_eq(sns_store_topic_create(store, &here, &topic), STORE_EXISTS);
    ck_assert_int_eq(sns_store_topic_find(store, &elsewhere, "t", &a, &topic), STORE_NOT_FOUND);
    make_topic("s");
    ck_assert_int_eq(sns_store_topic_list(store, &here, NULL, 10, &a, &names), STORE_OK);
    ck_assert_uint_eq(names.count, 2);
    ck_assert_str_eq(names.items[0], "s");
    ck_assert_int_eq(sns_store_topic_list(store, &here, "s", 10, &a, &names), STORE_OK);
    ck_assert_uint_eq(names.count, 1);
}
END_TEST

START_TEST(subscriptions)
{
    struct sns_topic topic = make_topic("t");
    struct sns_subscription one = subscription(topic.id, "u1", "q1", false), found;
    struct sns_subscription two = subscription(topic.id, "u2", "q2", true);
    struct sns_subscription again = subscription(topic.id, "u3", "q1", false);
    struct sns_subscriptions all;

    ck_assert_int_eq(sns_store_subscribe(store, &one, &a, &found), STORE_OK);
    ck_assert_int_eq(sns_store_subscribe(store, &two, &a, &found), STORE_OK);
    ck_assert_int_eq(sns_store_subscribe(store, &again, &a, &found), STORE_EXISTS);
    ck_assert_str_eq(found.uuid, "u1");
    ck_assert_str_eq(found.topic_name, "t");
    again.topic = topic.id + 1;
    ck_assert_int_eq(sns_store_subscribe(store, &again, &a, &found), STORE_NOT_FOUND);
    ck_assert_int_eq(sns_store_subscriptions_of(store, &here, "t", &a, &topic, &all), STORE_OK);
    ck_assert_uint_eq(all.count, 1);
    ck_assert_int_eq(sns_store_subscription_by_token(store, "u2", &a, &found), STORE_OK);
    ck_assert_int_eq(sns_store_confirm(store, found.id, true), STORE_OK);
    ck_assert_int_eq(sns_store_unsubscribe(store, all.items[0].id), STORE_OK);
    ck_assert_int_eq(sns_store_topic_find(store, &here, "t", &a, &topic), STORE_OK);
    ck_assert_int_eq(topic.confirmed, 1);
    ck_assert_int_eq(topic.pending, 0);
    ck_assert_int_eq(topic.deleted, 1);
    ck_assert_int_eq(sns_store_topic_delete(store, topic.id), STORE_OK);
    ck_assert_int_eq(sns_store_subscription_find(store, "u2", &a, &found), STORE_NOT_FOUND);
}
END_TEST

static void add_delivery(int64_t lane, int64_t due_ms, const char *id)
{
    const struct sns_delivery d = {.lane = lane,
                                   .due_ms = due_ms,
                                   .endpoint = "http://x",
                                   .topic_arn = "t",
                                   .type = "Notification",
                                   .message_id = id,
                                   .content_type = "c",
                                   .body = "b"};
    const struct sns_record record = {.deliveries = &d, .delivery_count = 1};

    ck_assert_int_eq(sns_store_record(store, &record), STORE_OK);
}

START_TEST(lanes_come_in_turn)
{
    struct sns_lane lanes[3];
    struct sns_delivery d;
    size_t count;

    for (int i = 0; i < 5; i++)
        add_delivery(1, 10 + i, "one");
    add_delivery(2, 5, "two");
    add_delivery(3, 7, "three");
    ck_assert_int_eq(sns_store_lanes(store, 0, lanes, 3, &count), STORE_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(lanes[0].lane, 1);
    ck_assert_int_eq(lanes[0].due_ms, 10);
    ck_assert_int_eq(sns_store_lanes(store, 2, lanes, 3, &count), STORE_OK);
    ck_assert_int_eq(lanes[0].lane, 3);
    ck_assert_int_eq(lanes[1].lane, 1);
    ck_assert_int_eq(lanes[2].lane, 2);
    /* What was put off lets those behind it go first. */
    ck_assert_int_eq(sns_store_delivery_due(store, 1, 10, &a, &d), STORE_OK);
    ck_assert_int_eq(sns_store_delivery_delay(store, d.id, 1, 100), STORE_OK);
    ck_assert_int_eq(sns_store_delivery_due(store, 1, 10, &a, &d), STORE_NOT_FOUND);
    ck_assert_int_eq(sns_store_delivery_due(store, 1, 11, &a, &d), STORE_OK);
    ck_assert_int_eq(d.attempts, 0);
    ck_assert_int_eq(sns_store_delivery_remove(store, d.id), STORE_OK);
    /* And all of it is there after the next start. */
    reopen();
    ck_assert_int_eq(sns_store_delivery_due(store, 1, 12, &a, &d), STORE_OK);
    ck_assert_int_eq(d.due_ms, 12);
}
END_TEST

START_TEST(fifo)
{
    struct sns_topic topic = make_topic("t.fifo");
    struct sns_seen seen = {topic.id, "k", "m", 7, 100};
    struct sns_record record = {.seen = &seen, .seen_count = 1, .now_ms = 1};
    int64_t sequence;

    ck_assert_int_eq(sns_store_record(store, &record), STORE_OK);
    ck_assert_int_eq(sns_store_seen(store, topic.id, "k", 99, &a, &seen), STORE_OK);
    ck_assert_str_eq(seen.message_id, "m");
    ck_assert_int_eq(sns_store_seen(store, topic.id, "k", 100, &a, &seen), STORE_NOT_FOUND);
    ck_assert_int_eq(sns_store_seen(store, topic.id + 1, "k", 99, &a, &seen), STORE_NOT_FOUND);
    seen = (struct sns_seen){topic.id, "other", "n", 8, 300};
    record.now_ms = 200;
    ck_assert_int_eq(sns_store_record(store, &record), STORE_OK);
    ck_assert_int_eq(sns_store_sequence(store, topic.id, &sequence), STORE_OK);
    ck_assert_int_eq(sequence, 8);
    ck_assert_int_eq(sns_store_seen(store, topic.id, "k", 50, &a, &seen), STORE_NOT_FOUND);
}
END_TEST

START_TEST(the_first_key_stays)
{
    const struct sns_signing_key one = {"k1", "c1"}, two = {"k2", "c2"};
    struct sns_signing_key found;

    ck_assert_int_eq(sns_store_signing_key(store, &a, &found), STORE_NOT_FOUND);
    ck_assert_int_eq(sns_store_signing_key_put(store, &one, &a, &found), STORE_OK);
    ck_assert_int_eq(sns_store_signing_key_put(store, &two, &a, &found), STORE_OK);
    ck_assert_str_eq(found.private_key, "k1");
    ck_assert_str_eq(found.certificate, "c1");
}
END_TEST

START_TEST(kept)
{
    const struct sns_kept_message messages[] = {
        {here, SNS_KEPT_SMS, "+2", "1"},  {here, SNS_KEPT_SMS, "+1", "2"},
        {here, SNS_KEPT_SMS, "+2", "3"},  {elsewhere, SNS_KEPT_SMS, "+2", "4"},
        {here, SNS_KEPT_MAIL, "+2", "5"},
    };
    const struct sns_record record = {.kept = messages, .kept_count = ARRAY_LEN(messages)};
    struct sns_kept_list list;

    ck_assert_int_eq(sns_store_record(store, &record), STORE_OK);
    ck_assert_int_eq(sns_store_kept_list(store, &here, SNS_KEPT_SMS, NULL, &a, &list), STORE_OK);
    ck_assert_uint_eq(list.count, 3);
    ck_assert_str_eq(list.items[0].json, "2");
    ck_assert_str_eq(list.items[1].json, "1");
    ck_assert_str_eq(list.items[2].json, "3");
    ck_assert_int_eq(sns_store_kept_clear(store, &here, SNS_KEPT_SMS, "+2"), STORE_OK);
    ck_assert_int_eq(sns_store_kept_list(store, &here, SNS_KEPT_SMS, NULL, &a, &list), STORE_OK);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_int_eq(sns_store_kept_list(store, &elsewhere, SNS_KEPT_SMS, NULL, &a, &list),
                     STORE_OK);
    ck_assert_uint_eq(list.count, 1);
}
END_TEST

static struct sns_archived archived(int64_t topic, int64_t sequence, int64_t at_ms)
{
    return (struct sns_archived){.topic = topic,
                                 .sequence = sequence,
                                 .at_ms = at_ms,
                                 .expired_ms = at_ms - 10,
                                 .json = "{}"};
}

static size_t archive(int64_t topic, int64_t sequence, int64_t at_ms)
{
    const struct sns_archived message = archived(topic, sequence, at_ms);
    const struct sns_seen seen = {
        .topic = topic, .key = "k", .message_id = "m", .sequence = sequence, .until_ms = 1000};
    const struct sns_record record = {
        .archived = &message, .archived_count = 1, .seen = &seen, .seen_count = 1, .now_ms = at_ms};
    struct sns_archived found[8];
    size_t count;

    ck_assert_int_eq(sns_store_record(store, &record), STORE_OK);
    ck_assert_int_eq(sns_store_archived(store, topic, 1, ARRAY_LEN(found), &a, found, &count),
                     STORE_OK);
    return count;
}

START_TEST(archives)
{
    struct sns_topic topic = {.name = "t.fifo", .created_ms = 1, .attributes = "{\"a\":\"b\"}"};

    ck_assert_int_eq(sns_store_topic_create(store, &here, &topic), STORE_OK);
    ck_assert_int_eq(sns_store_topic_find(store, &here, "t.fifo", &a, &topic), STORE_OK);
    ck_assert_uint_eq(archive(topic.id, 1, 100), 0); /* no policy, no archive */
    ck_assert_int_eq(sns_store_topic_delete(store, topic.id), STORE_OK);
    topic.attributes = "{\"ArchivePolicy\":\"p\"}";
    ck_assert_int_eq(sns_store_topic_create(store, &here, &topic), STORE_OK);
    ck_assert_int_eq(sns_store_topic_find(store, &here, "t.fifo", &a, &topic), STORE_OK);
    ck_assert_uint_eq(archive(topic.id, 1, 100), 1);
    ck_assert_uint_eq(archive(topic.id, 2, 105), 2);
    ck_assert_uint_eq(archive(topic.id, 3, 111), 2); /* the first has expired */
    ck_assert_int_eq(sns_store_archive_clear(store, topic.id), STORE_OK);
    ck_assert_uint_eq(archive(topic.id, 4, 112), 1);
}
END_TEST

static void ask_replay(int64_t subscription, int64_t asked_ms, int64_t from_ms)
{
    const struct sns_replay replay = {
        .subscription = subscription, .asked_ms = asked_ms, .from_ms = from_ms, .until_ms = 500};

    ck_assert_int_eq(sns_store_replay_start(store, &replay), STORE_OK);
}

static void note_replay(struct sns_replay *replay, enum sns_replay_status status, int64_t next)
{
    const struct sns_record record = {.replays = replay, .replay_count = 1};

    replay->status = status;
    replay->next = next;
    ck_assert_int_eq(sns_store_record(store, &record), STORE_OK);
}

START_TEST(replays)
{
    struct sns_topic topic = {
        .name = "t.fifo", .created_ms = 1, .attributes = "{\"ArchivePolicy\":\"p\"}"};
    struct sns_subscription one;
    struct sns_replay replay;
    int64_t *ids;
    size_t count;

    ck_assert_int_eq(sns_store_topic_create(store, &here, &topic), STORE_OK);
    ck_assert_int_eq(sns_store_topic_find(store, &here, "t.fifo", &a, &topic), STORE_OK);
    one = subscription(topic.id, "u1", "q1", false);
    ck_assert_int_eq(sns_store_subscribe(store, &one, &a, &one), STORE_OK);
    for (int64_t i = 1; i <= 5; i++)
        archive(topic.id, i, 100 + i);
    ck_assert_int_eq(sns_store_replay_next(store, 0, &replay), STORE_NOT_FOUND);
    ask_replay(one.id, 200, 103);
    ck_assert_int_eq(sns_store_replay_next(store, one.id, &replay), STORE_OK);
    ck_assert_int_eq(replay.next, 3);
    ck_assert_int_eq(replay.live, 5);
    ck_assert_int_eq(sns_store_replaying(store, topic.id, &a, &ids, &count), STORE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(ids[0], one.id);
    /* A message is held back, and one of two was delivered as new, when the next replay begins. */
    archive(topic.id, 6, 106);
    archive(topic.id, 7, 107);
    note_replay(&replay, SNS_REPLAY_RUNNING, 7);
    struct sns_replay old = replay;
    ask_replay(one.id, 201, 101);
    ck_assert_int_eq(sns_store_replay_find(store, one.id, &replay), STORE_OK);
    ck_assert_int_eq(replay.status, SNS_REPLAY_PENDING);
    ck_assert_int_eq(replay.next, 1);
    ck_assert_int_eq(replay.live, 6);
    note_replay(&old, SNS_REPLAY_COMPLETED, 8); /* it has been replaced */
    ck_assert_int_eq(sns_store_replay_next(store, 0, &replay), STORE_OK);
    note_replay(&replay, SNS_REPLAY_COMPLETED, 8);
    ck_assert_int_eq(sns_store_replay_next(store, 0, &replay), STORE_NOT_FOUND);
    ask_replay(one.id, 202, 102);
    ck_assert_int_eq(sns_store_replay_find(store, one.id, &replay), STORE_OK);
    ck_assert_int_eq(replay.live, 7);
    ck_assert_int_eq(replay.next, 2);
    ck_assert_int_eq(sns_store_archive_clear(store, topic.id), STORE_OK);
    ck_assert_int_eq(sns_store_replay_find(store, one.id, &replay), STORE_OK);
    ck_assert_int_eq(replay.status, SNS_REPLAY_FAILED);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sns_store");
    TCase *t = tcase_create("all");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, topics);
    tcase_add_test(t, subscriptions);
    tcase_add_test(t, archives);
    tcase_add_test(t, replays);
    tcase_add_test(t, lanes_come_in_turn);
    tcase_add_test(t, fifo);
    tcase_add_test(t, the_first_key_stays);
    tcase_add_test(t, kept);
    suite_add_tcase(s, t);
    return run_suite(s);
}
