/* Queues on disk: what is delivered, hidden, acknowledged, forgotten. */
#include "storage/kinesis_queue_store.h"
#include "tests/unit/kinesis_fixture.h"
#include "tests/unit/run_suite.h"

enum { VISIBILITY_S = 30, MANY = 120000 };

static struct kinesis_stream *stream;
static int64_t now;

static enum store_status add_queue(const char *name, const int64_t *next, int64_t max)
{
    const struct kinesis_queue queue = {.resource = name,
                                        .name = name,
                                        .created_ms = start_ms,
                                        .visibility_s = VISIBILITY_S,
                                        .max_receives = 2};
    const struct kinesis_new_queue new = {
        .queue = &queue, .next = next, .shard_count = next ? SHARDS : 0, .max = max};

    return kinesis_queue_add(store, &scope, stream, &new);
}

static int64_t id_of(const char *name)
{
    struct kinesis_queue queue;

    ck_assert_int_eq(kinesis_queue_find(store, &scope, name, &arena, &queue), STORE_OK);
    return queue.id;
}

static void set_up_stream(void)
{
    set_up();
    stream = made("s");
    now = start_ms;
    ck_assert_int_eq(kinesis_store_set_mode(store, stream, KINESIS_ON_DEMAND), STORE_OK);
}

static void tear_down_stream(void)
{
    kinesis_stream_free(stream);
    tear_down();
}

static void put_texts(size_t shard, const char *const *texts, size_t count)
{
    struct kinesis_append *items = ARENA_ARRAY(&arena, struct kinesis_append, count);

    for (size_t i = 0; i < count; i++)
        items[i] = (struct kinesis_append){
            .shard = stream->shards[shard],
            .key = "key",
            .data = {(const uint8_t *)texts[i], strlen(texts[i])},
        };
    ck_assert_int_eq(kinesis_store_append(store, stream, items, count, now), STORE_OK);
}

static void put(size_t shard, const char *text)
{
    put_texts(shard, &text, 1);
}

static struct kinesis_queue_wish wish_of(int64_t queue, bool dead, size_t max)
{
    return (struct kinesis_queue_wish){
        .queue = queue,
        .dead = dead,
        .max = max,
        .in_flight_max = MANY,
        .visibility_s = -1,
        .now_ms = now,
        .not_before = now - 24 * (int64_t)HOUR_MS,
    };
}

static struct kinesis_deliveries receive(const struct kinesis_queue_wish *wish)
{
    struct kinesis_deliveries found;

    ck_assert_int_eq(kinesis_queue_receive(store, stream, wish, &arena, &found), STORE_OK);
    return found;
}

static struct kinesis_deliveries take(int64_t queue, bool dead, size_t max)
{
    const struct kinesis_queue_wish wish = wish_of(queue, dead, max);

    return receive(&wish);
}

static enum store_status act(int64_t queue, enum kinesis_queue_action action, bool dead,
                             const struct kinesis_delivery *d, int32_t visibility_s)
{
    struct kinesis_queue_entry entry = {.shard = d->shard,
                                        .number = d->number,
                                        .delivery = d->delivery,
                                        .visibility_s = visibility_s};
    struct kinesis_queue_entry *const entries[] = {&entry};
    const struct kinesis_queue_change change = {
        .queue = queue,
        .action = action,
        .dead = dead,
        .now_ms = now,
        .not_before = now - 24 * (int64_t)HOUR_MS,
        .entries = entries,
        .count = 1,
    };

    ck_assert_int_eq(kinesis_queue_change(store, &change), STORE_OK);
    return entry.outcome;
}

START_TEST(queues_belong_to_a_scope_and_a_stream)
{
    const struct scope elsewhere = {"000000000000", "eu-west-1"};
    struct kinesis_queue *items;
    struct kinesis_queue queue;
    int64_t count_of;
    size_t count;

    ck_assert_int_eq(add_queue("b", NULL, 3), STORE_OK);
    ck_assert_int_eq(add_queue("a", NULL, 3), STORE_OK);
    ck_assert_int_eq(add_queue("a", NULL, 2), STORE_EXISTS);
    ck_assert_int_eq(kinesis_consumer_add(store, stream, "c", start_ms, NULL, 3), STORE_OK);
    ck_assert_int_eq(kinesis_consumer_add(store, stream, "d", start_ms, NULL, 3), STORE_LIMIT);
    ck_assert_int_eq(add_queue("c", NULL, 3), STORE_LIMIT);
    reopen(&stream);
    ck_assert_int_eq(kinesis_queue_list(store, &scope, NULL, NULL, 9, &arena, &items, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(items[0].name, "a");
    ck_assert_str_eq(items[0].stream, "s");
    ck_assert_int_eq(kinesis_queue_list(store, &scope, "s", "a", 9, &arena, &items, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(kinesis_queue_list(store, &scope, "t", NULL, 9, &arena, &items, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(kinesis_queue_find(store, &elsewhere, "a", &arena, &queue), STORE_NOT_FOUND);

    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_CONFLICT);
    ck_assert(!stream->gone);
    ck_assert_int_eq(kinesis_store_set_mode(store, stream, KINESIS_PROVISIONED), STORE_CONFLICT);
    ck_assert_int_eq(kinesis_queue_remove(store, id_of("a")), STORE_OK);
    ck_assert_int_eq(kinesis_queue_remove(store, id_of("b")), STORE_OK);
    ck_assert_int_eq(kinesis_queue_count(store, stream, &count_of), STORE_OK);
    ck_assert_int_eq(count_of, 0);
    ck_assert_int_eq(kinesis_store_set_mode(store, stream, KINESIS_PROVISIONED), STORE_OK);
    ck_assert_int_eq(add_queue("a", NULL, 3), STORE_CONFLICT);
    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_OK);
    ck_assert_int_eq(add_queue("a", NULL, 3), STORE_NOT_FOUND);
}
END_TEST

START_TEST(places_and_hidden_records_outlive_a_restart)
{
    static const char *const five[] = {"0", "1", "2", "3", "4"};
    const int64_t next[SHARDS] = {3, 0, 1};
    struct kinesis_deliveries found;
    int64_t queue;

    ck_assert_int_eq(add_queue("q", next, 9), STORE_OK);
    queue = id_of("q");
    put_texts(0, five, ARRAY_LEN(five)); /* one row; the first two are before the queue's place */
    found = take(queue, false, 2);
    ck_assert_uint_eq(found.count, 2);
    ck_assert_mem_eq(found.items[0].record.data.data, "2", 1);
    ck_assert_mem_eq(found.items[1].record.data.data, "3", 1);
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_ACKNOWLEDGE, false, &found.items[0], 0), STORE_OK);
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_ACKNOWLEDGE, false, &found.items[0], 0),
                     STORE_NOT_FOUND);
    reopen(&stream);
    found = take(queue, false, 10);
    ck_assert_uint_eq(found.count, 1);
    ck_assert_mem_eq(found.items[0].record.data.data, "4", 1);
    found = take(queue, false, 10);
    ck_assert_uint_eq(found.count, 0);
    ck_assert_int_eq(found.next_ms, now + VISIBILITY_S * 1000);
    now += VISIBILITY_S * 1000;
    found = take(queue, false, 10);
    ck_assert_uint_eq(found.count, 2);
    ck_assert_int_eq(found.items[0].receives, 2);
    ck_assert_int_eq(found.items[0].delivery, 2);
}
END_TEST

START_TEST(shards_take_turns)
{
    struct kinesis_deliveries found;
    bool seen[SHARDS] = {false};
    int64_t queue;

    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    queue = id_of("q");
    for (size_t i = 0; i < 5 * SHARDS; i++)
        put(i % SHARDS, "x");
    for (size_t i = 0; i < SHARDS; i++) {
        found = take(queue, false, 1);
        ck_assert_uint_eq(found.count, 1);
        ck_assert(!seen[found.items[0].shard]);
        seen[found.items[0].shard] = true;
    }
}
END_TEST

START_TEST(deliveries_are_counted_and_end_as_dead_letters)
{
    struct kinesis_deliveries found;
    struct kinesis_delivery first;
    int64_t queue;

    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    queue = id_of("q");
    put(0, "x");
    first = take(queue, false, 10).items[0];
    now += VISIBILITY_S * 1000;
    found = take(queue, false, 10); /* the second and last time */
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_HIDE, false, &first, 0), STORE_CONFLICT);
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_HIDE, false, &found.items[0], 5), STORE_OK);
    now += 4000;
    ck_assert_uint_eq(take(queue, true, 10).count, 0);
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_HIDE, false, &found.items[0], 1), STORE_OK);
    now += 1000;
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_ACKNOWLEDGE, false, &found.items[0], 0),
                     STORE_CONFLICT);
    ck_assert_uint_eq(take(queue, false, 10).count, 0);
    found = take(queue, true, 10);
    ck_assert_uint_eq(found.count, 1);
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_RESTORE, true, &found.items[0], 0), STORE_OK);
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_RESTORE, true, &found.items[0], 0), STORE_CONFLICT);
    found = take(queue, false, 10);
    ck_assert_uint_eq(found.count, 1);
    ck_assert_int_eq(found.items[0].receives, 1);
    ck_assert_int_eq(found.items[0].first_ms, first.first_ms);
}
END_TEST

START_TEST(so_many_are_in_flight_and_no_more)
{
    struct kinesis_queue_wish wish;
    struct kinesis_deliveries found;
    int64_t queue;

    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    queue = id_of("q");
    for (size_t i = 0; i < 5; i++)
        put(0, "x");
    wish = wish_of(queue, false, 10);
    wish.in_flight_max = 3;
    found = receive(&wish);
    ck_assert_uint_eq(found.count, 3);
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_ACKNOWLEDGE, false, &found.items[1], 0), STORE_OK);
    ck_assert_uint_eq(receive(&wish).count, 1);
    found = receive(&wish);
    ck_assert_uint_eq(found.count, 0);
    ck_assert_int_eq(found.next_ms, INT64_MAX);
}
END_TEST

START_TEST(looking_in_vain_takes_no_memory_of_the_request)
{
    struct arena request;
    struct kinesis_deliveries found;
    struct kinesis_queue_wish wish;

    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    wish = wish_of(id_of("q"), false, 10);
    arena_init(&request);
    ck_assert_int_eq(kinesis_queue_receive(store, stream, &wish, &request, &found), STORE_OK);
    ck_assert_uint_eq(found.count, 0);
    ck_assert_ptr_null(request.blocks);
    arena_release(&request);
}
END_TEST

START_TEST(old_records_are_not_delivered_and_then_forgotten)
{
    struct kinesis_deliveries found;
    int64_t queue;
    bool more = true;

    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    queue = id_of("q");
    put(0, "seen");
    found = take(queue, false, 1);
    put(0, "unseen");
    now += 25 * (int64_t)HOUR_MS;
    put(0, "new");
    ck_assert_int_eq(act(queue, KINESIS_QUEUE_HIDE, false, &found.items[0], 0), STORE_NOT_FOUND);
    found = take(queue, false, 10);
    ck_assert_uint_eq(found.count, 1);
    ck_assert_mem_eq(found.items[0].record.data.data, "new", 3);
    while (more)
        ck_assert_int_eq(kinesis_store_trim(store, now, &more), STORE_OK);
    now -= 25 * (int64_t)HOUR_MS; /* the clock goes back: what was removed stays away */
    ck_assert_uint_eq(take(queue, false, 10).count, 0);
}
END_TEST

START_TEST(what_trimming_takes_is_not_delivered_again)
{
    struct kinesis_queue_wish wish;
    int64_t queue;
    bool more = true;

    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    queue = id_of("q");
    put(0, "a");
    put(1, "b");
    ck_assert_uint_eq(take(queue, false, 10).count, 2);
    while (more)
        ck_assert_int_eq(kinesis_store_trim(store, now + 25 * (int64_t)HOUR_MS, &more), STORE_OK);
    now += VISIBILITY_S * 1000;
    wish = wish_of(queue, false, 10);
    wish.not_before = 0;
    ck_assert_uint_eq(receive(&wish).count, 0);
}
END_TEST

START_TEST(a_removed_queue_is_gone_and_leaves_nothing)
{
    struct kinesis_deliveries found;
    struct kinesis_queue_wish wish;
    int64_t queue;
    bool more = false;

    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    queue = id_of("q");
    put(0, "a");
    found = take(queue, false, 10);
    ck_assert_int_eq(kinesis_queue_remove(store, queue), STORE_OK);
    ck_assert_int_eq(kinesis_queue_remove(store, queue), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_queue_update(store, queue, 1, 1), STORE_NOT_FOUND);
    wish = wish_of(queue, false, 10);
    ck_assert_int_eq(kinesis_queue_receive(store, stream, &wish, &arena, &found), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_store_trim(store, now, &more), STORE_OK);
    ck_assert(more);
    ck_assert_int_eq(kinesis_store_trim(store, now, &more), STORE_OK);
    ck_assert(!more);
    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    ck_assert_int_ne(id_of("q"), queue);
    ck_assert_uint_eq(take(id_of("q"), false, 10).count, 1);
}
END_TEST

START_TEST(update_changes_what_is_given)
{
    struct kinesis_queue queue;

    ck_assert_int_eq(add_queue("q", NULL, 9), STORE_OK);
    ck_assert_int_eq(kinesis_queue_update(store, id_of("q"), 0, -1), STORE_OK);
    ck_assert_int_eq(kinesis_queue_find(store, &scope, "q", &arena, &queue), STORE_OK);
    ck_assert_int_eq(queue.visibility_s, 0);
    ck_assert_int_eq(queue.max_receives, 2);
    ck_assert_int_eq(kinesis_queue_update(store, queue.id, -1, 0), STORE_OK);
    ck_assert_int_eq(kinesis_queue_find(store, &scope, "q", &arena, &queue), STORE_OK);
    ck_assert_int_eq(queue.visibility_s, 0);
    ck_assert_int_eq(queue.max_receives, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinesis queues");
    TCase *tc = tcase_create("kinesis queues");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up_stream, tear_down_stream);
    tcase_add_test(tc, queues_belong_to_a_scope_and_a_stream);
    tcase_add_test(tc, places_and_hidden_records_outlive_a_restart);
    tcase_add_test(tc, shards_take_turns);
    tcase_add_test(tc, deliveries_are_counted_and_end_as_dead_letters);
    tcase_add_test(tc, so_many_are_in_flight_and_no_more);
    tcase_add_test(tc, looking_in_vain_takes_no_memory_of_the_request);
    tcase_add_test(tc, old_records_are_not_delivered_and_then_forgotten);
    tcase_add_test(tc, what_trimming_takes_is_not_delivered_again);
    tcase_add_test(tc, a_removed_queue_is_gone_and_leaves_nothing);
    tcase_add_test(tc, update_changes_what_is_given);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
