/* Streams and records on disk: order, restarts, times, trimming, deletion. */
#include "tests/unit/kinesis_fixture.h"
#include "tests/unit/run_suite.h"

static struct kinesis_append put(struct kinesis_stream *stream, size_t shard, const char *data,
                                 int64_t now_ms)
{
    struct kinesis_append item = {
        .shard = stream->shards[shard],
        .key = "key",
        .data = {(const uint8_t *)data, strlen(data)},
    };

    ck_assert_int_eq(kinesis_store_append(store, stream, &item, 1, now_ms), STORE_OK);
    return item;
}

static struct kinesis_batch get(struct kinesis_stream *stream, size_t shard, int64_t from,
                                size_t limit, int64_t not_before)
{
    const struct kinesis_read_limits limits = {
        .records = limit, .bytes = 100, .not_before = not_before};
    struct kinesis_batch batch;

    ck_assert_int_eq(
        kinesis_store_read(store, stream->shards[shard], from, &limits, &arena, &batch), STORE_OK);
    return batch;
}

START_TEST(nothing_is_there_before_the_first_stream)
{
    struct kinesis_stream *stream;
    struct kinesis_stream_row *rows;
    size_t count = 9;
    int64_t shards = 9;

    ck_assert_int_eq(kinesis_store_load(store, &scope, "s", &stream), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_store_list(store, &scope, NULL, 10, &arena, &rows, &count), STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(kinesis_store_open_shards(store, &scope, &shards), STORE_OK);
    ck_assert_int_eq(shards, 0);
    ck_assert(!store_has(root, "kinesis"));
}
END_TEST

START_TEST(streams_belong_to_a_scope)
{
    const struct scope elsewhere = {"000000000000", "eu-west-1"};
    struct kinesis_stream *stream = made("s");
    struct kinesis_stream_row *rows;
    size_t count;
    int64_t shards;

    ck_assert_int_eq(create("s"), STORE_EXISTS);
    ck_assert_int_eq(create("r"), STORE_OK);
    ck_assert_int_eq(create("t"), STORE_OK);
    ck_assert_uint_eq(stream->shard_count, SHARDS);
    ck_assert_uint_eq(stream->open_count, SHARDS);
    kinesis_stream_free(stream);
    ck_assert_int_eq(kinesis_store_load(store, &elsewhere, "s", &stream), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_store_open_shards(store, &scope, &shards), STORE_OK);
    ck_assert_int_eq(shards, 3 * SHARDS);
    ck_assert_int_eq(kinesis_store_list(store, &scope, "r", 10, &arena, &rows, &count), STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(rows[0].name, "s");
    ck_assert_str_eq(rows[1].name, "t");
}
END_TEST

START_TEST(records_come_in_order_and_by_shard)
{
    struct kinesis_stream *stream = made("s");
    struct kinesis_batch batch;

    ck_assert_int_eq(put(stream, 0, "a", start_ms).number, 1);
    ck_assert_int_eq(put(stream, 1, "b", start_ms).number, 1);
    ck_assert_int_eq(put(stream, 0, "c", start_ms + 5).number, 2);
    batch = get(stream, 0, 0, 10, 0);
    ck_assert_uint_eq(batch.count, 2);
    ck_assert_mem_eq(batch.records[0].data.data, "a", 1);
    ck_assert_mem_eq(batch.records[1].data.data, "c", 1);
    ck_assert_str_eq(batch.records[1].key, "key");
    ck_assert_int_eq(batch.records[1].at_ms, start_ms + 5);
    ck_assert_int_eq(batch.next, 3);
    batch = get(stream, 0, batch.next, 10, 0);
    ck_assert_uint_eq(batch.count, 0);
    ck_assert_int_eq(batch.next, 3);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_batch_is_limited_but_never_empty_for_size)
{
    static const char big[] =
        "0123456789012345678901234567890123456789012345678901234567890123456789"
        "012345678901234567890123456789012345678901234567890123456789";
    struct kinesis_stream *stream = made("s");
    struct kinesis_batch batch;

    put(stream, 0, big, start_ms); /* 130 bytes; the limit is 100 */
    put(stream, 0, "1", start_ms);
    put(stream, 0, "2", start_ms);
    batch = get(stream, 0, 0, 10, 0);
    ck_assert_uint_eq(batch.count, 1);
    batch = get(stream, 0, batch.next, 1, 0);
    ck_assert_uint_eq(batch.count, 1);
    ck_assert_int_eq(batch.next, 3);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(numbers_and_times_go_on_after_a_restart)
{
    struct kinesis_stream *stream = made("s");
    int64_t number;

    put(stream, 2, "a", start_ms + 1000);
    reopen(&stream);
    struct kinesis_append item = put(stream, 2, "b", start_ms + 10); /* the clock went back */
    ck_assert_int_eq(item.number, 2);
    ck_assert_int_eq(item.at_ms, start_ms + 1000);
    ck_assert_int_eq(kinesis_store_latest(store, stream->shards[2], &number), STORE_OK);
    ck_assert_int_eq(number, 3);
    ck_assert_int_eq(kinesis_store_latest(store, stream->shards[0], &number), STORE_OK);
    ck_assert_int_eq(number, 1);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_time_is_found)
{
    struct kinesis_stream *stream = made("s");
    int64_t number;

    for (int i = 0; i < 100; i++)
        put(stream, 1, "x", start_ms + i / 3 * 10); /* three at each time */
    for (int i = 0; i < 33; i++) {
        ck_assert_int_eq(
            kinesis_store_number_at(store, stream->shards[1], start_ms + i * 10, &number),
            STORE_OK);
        ck_assert_int_eq(number, 3 * i + 1);
        kinesis_store_number_at(store, stream->shards[1], start_ms + i * 10 + 1, &number);
        ck_assert_int_eq(number, 3 * i + 4);
    }
    kinesis_store_number_at(store, stream->shards[1], 0, &number);
    ck_assert_int_eq(number, 1);
    kinesis_store_number_at(store, stream->shards[1], start_ms + 1000000, &number);
    ck_assert_int_eq(number, 101);
    kinesis_store_number_at(store, stream->shards[0], start_ms, &number);
    ck_assert_int_eq(number, 1);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(old_records_are_not_read_and_then_removed)
{
    struct kinesis_stream *stream = made("s");
    int64_t later = start_ms + 25 * HOUR_MS;
    struct kinesis_batch batch;
    bool more;

    for (int i = 0; i < 50; i++)
        put(stream, 0, "old", start_ms);
    put(stream, 0, "new", later);
    batch = get(stream, 0, 0, 10, later - 24 * HOUR_MS);
    ck_assert_uint_eq(batch.count, 1);
    ck_assert_int_eq(batch.records[0].number, 51);
    ck_assert_uint_eq(get(stream, 0, 0, 10, 0).count, 10); /* still there */

    ck_assert_int_eq(kinesis_store_trim(store, start_ms + 24 * HOUR_MS, &more), STORE_OK);
    ck_assert(!more);
    ck_assert_uint_eq(get(stream, 0, 0, 10, 0).count, 10); /* 24 hours are allowed */
    ck_assert_int_eq(kinesis_store_trim(store, later, &more), STORE_OK);
    ck_assert(more);
    batch = get(stream, 0, 0, 10, 0);
    ck_assert_uint_eq(batch.count, 1);
    ck_assert_int_eq(batch.records[0].number, 51);

    ck_assert_int_eq(kinesis_store_trim(store, later + 25 * HOUR_MS, &more), STORE_OK);
    ck_assert_uint_eq(get(stream, 0, 0, 10, 0).count, 0);
    reopen(&stream); /* no record is left to tell which number comes next */
    struct kinesis_append item = put(stream, 0, "x", start_ms);
    ck_assert_int_eq(item.number, 52);
    ck_assert_int_eq(item.at_ms, later);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_deleted_stream_takes_nothing_and_goes)
{
    struct kinesis_stream *stream = made("s");
    struct kinesis_stream *again;
    struct kinesis_append item = {
        .shard = stream->shards[0], .key = "k", .data = {(const uint8_t *)"x", 1}};
    bool more = true;

    for (int i = 0; i < 10; i++)
        put(stream, 0, "x", start_ms);
    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_OK);
    ck_assert_int_eq(kinesis_store_append(store, stream, &item, 1, start_ms), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_NOT_FOUND);
    again = made("s");
    ck_assert_int_ne(again->id, stream->id);
    ck_assert_int_ne(again->shards[0]->id, stream->shards[0]->id);
    ck_assert_uint_eq(get(again, 0, 0, 10, 0).count, 0);
    for (int rounds = 0; more && rounds < 10; rounds++)
        ck_assert_int_eq(kinesis_store_trim(store, start_ms, &more), STORE_OK);
    ck_assert(!more);
    ck_assert_uint_eq(get(stream, 0, 0, 10, 0).count, 0);
    ck_assert_int_eq(put(again, 0, "y", start_ms).number, 1);
    kinesis_stream_free(stream);
    kinesis_stream_free(again);
}
END_TEST

START_TEST(the_secret_stays)
{
    uint8_t first[KINESIS_SECRET_LEN];
    uint8_t second[KINESIS_SECRET_LEN];

    ck_assert_int_eq(kinesis_store_secret(store, first), STORE_OK);
    kinesis_store_close(store);
    store = kinesis_store_open(root);
    ck_assert_int_eq(kinesis_store_secret(store, second), STORE_OK);
    ck_assert_mem_eq(first, second, sizeof(first));
}
END_TEST

/* --- together --- */

enum { PRODUCERS = 8, PUTS = 200 };
static struct kinesis_stream *shared;

static void *produce(void *context)
{
    char data[32];

    for (int i = 0; i < PUTS; i++) {
        snprintf(data, sizeof(data), "%d %d", *(int *)context, i);
        put(shared, 1, data, start_ms + i);
    }
    return NULL;
}

START_TEST(each_producer_s_order_is_kept)
{
    pthread_t threads[PRODUCERS];
    int ids[PRODUCERS];
    int seen[PRODUCERS] = {0};
    int64_t from = 0;
    int64_t at_ms = 0;
    struct kinesis_batch batch;

    shared = made("s");
    for (int i = 0; i < PRODUCERS; i++) {
        ids[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, produce, &ids[i]), 0);
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    while ((batch = get(shared, 1, from, 100, 0)).count > 0) {
        for (size_t i = 0; i < batch.count; i++) {
            int producer;
            int n;
            char text[32] = "";
            memcpy(text, batch.records[i].data.data, batch.records[i].data.len);
            ck_assert_int_eq(sscanf(text, "%d %d", &producer, &n), 2);
            ck_assert_int_eq(n, seen[producer]++);
            ck_assert_int_ge(batch.records[i].at_ms, at_ms);
            at_ms = batch.records[i].at_ms;
        }
        from = batch.next;
    }
    for (int i = 0; i < PRODUCERS; i++)
        ck_assert_int_eq(seen[i], PUTS);
    kinesis_stream_free(shared);
}
END_TEST

static const char *replace_tags(const char *json, void *context)
{
    ck_assert_ptr_null(json);
    return context;
}

static const char *refuse_tags(const char *json, void *context)
{
    ck_assert_str_eq(json, context);
    return NULL;
}

START_TEST(tags_and_retention_are_kept)
{
    struct kinesis_stream *stream = made("orders");
    const struct kinesis_resource resource = {KINESIS_STREAM, stream->id};
    char json[] = "{\"team\":\"data\"}";
    const char *tags;

    ck_assert_int_eq(kinesis_store_change_tags(store, resource, replace_tags, json), STORE_OK);
    ck_assert_int_eq(kinesis_store_change_tags(store, resource, refuse_tags, json), STORE_LIMIT);
    ck_assert_int_eq(kinesis_store_set_retention(store, stream, 48), STORE_OK);
    ck_assert_int_eq(stream->retention_hours, 48);
    reopen(&stream);
    ck_assert_int_eq(kinesis_store_tags(store, resource, &arena, &tags), STORE_OK);
    ck_assert_str_eq(tags, json);
    ck_assert_int_eq(stream->retention_hours, 48);

    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_OK);
    ck_assert_int_eq(kinesis_store_tags(store, resource, &arena, &tags), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_store_change_tags(store, resource, replace_tags, json),
                     STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_store_set_retention(store, stream, 24), STORE_NOT_FOUND);
    kinesis_stream_free(stream);
}
END_TEST

/* --- resharding --- */

/* Shard 0 is split in the middle. */
static void split(struct kinesis_stream *stream)
{
    struct kinesis_new_shard children[2];
    const struct kinesis_hash_range whole = stream->shards[0]->range;

    for (size_t i = 0; i < 2; i++)
        children[i] =
            (struct kinesis_new_shard){.parent = 0, .adjacent_parent = -1, .range = whole};
    memset(children[0].range.end, 1, KINESIS_HASH_LEN);
    memset(children[1].range.start, 1, KINESIS_HASH_LEN);
    children[1].range.start[KINESIS_HASH_LEN - 1]++;
    ck_assert_int_eq(kinesis_store_reshard(store, stream, children, 2, start_ms + 5000), STORE_OK);
}

START_TEST(a_closed_shard_has_an_end)
{
    struct kinesis_stream *stream = made("orders");

    put(stream, 0, "a", start_ms + 1);
    put(stream, 0, "b", start_ms + 2);
    stream->shards[0]->next = 5; /* two puts failed */
    split(stream);
    for (int life = 0; life < 2; life++) {
        struct kinesis_shard *parent = kinesis_stream_shard(stream, 0);
        struct kinesis_shard *child = kinesis_stream_shard(stream, SHARDS);
        struct kinesis_batch batch = get(stream, 0, 0, 100, 0);
        ck_assert_uint_eq(batch.count, 2);
        ck_assert_int_eq(batch.next, parent->next);
        ck_assert_int_eq(batch.next, 5);
        /* All of it has become too old, or was removed. */
        ck_assert_int_eq(get(stream, 0, 0, 100, start_ms + 3).next, 5);
        ck_assert_int_eq(parent->closed_ms, start_ms + 5000);
        ck_assert_int_eq(child->parent, 0);
        ck_assert_int_eq(child->adjacent_parent, -1);
        ck_assert_int_eq(child->closed_ms, 0);
        ck_assert_int_gt(child->created_ms / 1000, parent->created_ms / 1000);
        ck_assert_uint_eq(kinesis_stream_shard_count(stream), SHARDS + 2);
        ck_assert_uint_eq(kinesis_stream_open_shards(stream, &arena).count, SHARDS + 1);
        ck_assert_ptr_null(kinesis_stream_shard(stream, SHARDS + 2));
        ck_assert_ptr_null(kinesis_stream_shard(stream, -1));
        reopen(&stream);
    }
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_resharding_that_fails_changes_nothing)
{
    struct kinesis_stream *stream = made("orders");
    struct kinesis_stream *gone = load("orders");
    const struct kinesis_new_shard child = {
        .parent = 0, .adjacent_parent = 1, .range = stream->shards[0]->range};

    ck_assert_int_eq(kinesis_store_delete(store, gone), STORE_OK);
    stream->gone = true;
    ck_assert_int_eq(kinesis_store_reshard(store, stream, &child, 1, start_ms), STORE_NOT_FOUND);
    ck_assert_uint_eq(kinesis_stream_shard_count(stream), SHARDS);
    ck_assert_int_eq(stream->shards[0]->closed_ms, 0);
    kinesis_stream_free(stream);
    kinesis_stream_free(gone);
}
END_TEST

/* --- consumers --- */

START_TEST(consumers_are_kept_and_go_with_their_stream)
{
    struct kinesis_stream *stream = made("orders");
    struct kinesis_consumer *items;
    struct kinesis_consumer found;
    const char *text;
    size_t count;

    ck_assert_int_eq(kinesis_consumer_add(store, stream, "b", start_ms, NULL, 2), STORE_OK);
    ck_assert_int_eq(kinesis_consumer_add(store, stream, "a", start_ms + 1, "{}", 2), STORE_OK);
    ck_assert_int_eq(kinesis_consumer_add(store, stream, "a", start_ms, NULL, 2), STORE_EXISTS);
    ck_assert_int_eq(kinesis_consumer_add(store, stream, "c", start_ms, NULL, 2), STORE_LIMIT);
    reopen(&stream);
    ck_assert_int_eq(kinesis_consumer_list(store, stream, NULL, 9, &arena, &items, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(items[0].name, "a");
    ck_assert_int_eq(kinesis_consumer_find(store, stream, "a", &arena, &found), STORE_OK);
    ck_assert_int_eq(found.created_ms, start_ms + 1);
    const struct kinesis_resource resource = {KINESIS_CONSUMER, found.id};
    ck_assert_int_eq(kinesis_store_set_policy(store, resource, "p"), STORE_OK);
    ck_assert_int_eq(kinesis_store_policy(store, resource, &arena, &text), STORE_OK);
    ck_assert_str_eq(text, "p");
    ck_assert_int_eq(kinesis_consumer_remove(store, items[1].id), STORE_OK);
    ck_assert_int_eq(kinesis_consumer_remove(store, items[1].id), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_OK);
    ck_assert_int_eq(kinesis_store_policy(store, resource, &arena, &text), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_consumer_add(store, stream, "d", start_ms, NULL, 2), STORE_NOT_FOUND);
    kinesis_stream_free(stream);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinesis store");
    TCase *tc = tcase_create("kinesis store");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, nothing_is_there_before_the_first_stream);
    tcase_add_test(tc, streams_belong_to_a_scope);
    tcase_add_test(tc, records_come_in_order_and_by_shard);
    tcase_add_test(tc, a_batch_is_limited_but_never_empty_for_size);
    tcase_add_test(tc, numbers_and_times_go_on_after_a_restart);
    tcase_add_test(tc, a_time_is_found);
    tcase_add_test(tc, old_records_are_not_read_and_then_removed);
    tcase_add_test(tc, a_deleted_stream_takes_nothing_and_goes);
    tcase_add_test(tc, tags_and_retention_are_kept);
    tcase_add_test(tc, the_secret_stays);
    tcase_add_test(tc, a_closed_shard_has_an_end);
    tcase_add_test(tc, a_resharding_that_fails_changes_nothing);
    tcase_add_test(tc, consumers_are_kept_and_go_with_their_stream);
    tcase_add_test(tc, each_producer_s_order_is_kept);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
