/* Channels on disk: their places, what is the oldest that waits; and the keys of their objects. */
#include "handlers/kinesis/channel_key.h"
#include "handlers/kinesis/channel_pack.h"
#include "storage/kinesis_channel_store.h"
#include "tests/unit/kinesis_fixture.h"
#include "tests/unit/run_suite.h"

#include <zlib.h>

static struct kinesis_stream *stream;

static void set_up_stream(void)
{
    set_up();
    stream = made("s");
    ck_assert_int_eq(kinesis_store_set_mode(store, stream, KINESIS_ON_DEMAND), STORE_OK);
}

static void tear_down_stream(void)
{
    kinesis_stream_free(stream);
    tear_down();
}

static enum store_status add(const char *name, const int64_t *next)
{
    const struct kinesis_channel channel = {.resource = name,
                                            .name = name,
                                            .created_ms = start_ms,
                                            .role = "r",
                                            .format = "JSON",
                                            .destination = "{}",
                                            .freshness_s = 300,
                                            .logging = "{}"};
    const struct kinesis_new_channel new = {
        .channel = &channel, .next = next, .shard_count = SHARDS, .max = 1};

    return kinesis_channel_add(store, &scope, stream, &new);
}

static struct kinesis_channel found(const char *name)
{
    struct kinesis_channel channel = {0};

    ck_assert_int_eq(kinesis_channel_find(store, &scope, name, &arena, &channel), STORE_OK);
    return channel;
}

static void put(size_t shard, int64_t at_ms)
{
    struct kinesis_append item = {
        .shard = stream->shards[shard], .key = "k", .data = {(const uint8_t *)"x", 1}};

    ck_assert_int_eq(kinesis_store_append(store, stream, &item, 1, at_ms), STORE_OK);
}

START_TEST(a_stream_with_a_channel_stays)
{
    const int64_t next[SHARDS] = {0};

    ck_assert_int_eq(kinesis_store_set_mode(store, stream, KINESIS_PROVISIONED), STORE_OK);
    ck_assert_int_eq(add("c", next), STORE_CONFLICT);
    ck_assert_int_eq(kinesis_store_set_mode(store, stream, KINESIS_ON_DEMAND), STORE_OK);
    ck_assert_int_eq(add("c", next), STORE_OK);
    ck_assert_int_eq(add("c", next), STORE_EXISTS);
    ck_assert_int_eq(add("d", next), STORE_LIMIT);
    ck_assert_int_eq(kinesis_store_set_mode(store, stream, KINESIS_PROVISIONED), STORE_CONFLICT);
    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_CONFLICT);
    ck_assert_int_eq(kinesis_channel_remove(store, found("c").id), STORE_OK);
    ck_assert_int_eq(kinesis_channel_remove(store, 1), STORE_NOT_FOUND);
    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_OK);
}
END_TEST

START_TEST(places_move_together)
{
    const int64_t first[SHARDS] = {2, 0, 1};
    const int64_t second[SHARDS] = {5, 3, 1};
    int64_t next[SHARDS] = {0};

    ck_assert_int_eq(add("c", first), STORE_OK);
    int64_t id = found("c").id;
    ck_assert_int_eq(kinesis_channel_places(store, id, next, SHARDS), STORE_OK);
    ck_assert_mem_eq(next, first, sizeof(first));
    ck_assert_int_eq(kinesis_channel_postpone(store, id, 7, 8), STORE_OK);
    ck_assert_int_eq(found("c").failing_ms, 7);
    ck_assert_int_eq(found("c").retry_ms, 8);
    ck_assert_int_eq(kinesis_channel_advance(store, id, second, SHARDS, 0), STORE_OK);
    ck_assert_int_eq(kinesis_channel_places(store, id, next, SHARDS), STORE_OK);
    ck_assert_mem_eq(next, second, sizeof(second));
    ck_assert_int_eq(found("c").failing_ms, 0);
    ck_assert_int_eq(kinesis_channel_remove(store, id), STORE_OK);
    ck_assert_int_eq(kinesis_channel_advance(store, id, second, SHARDS, 0), STORE_NOT_FOUND);
}
END_TEST

START_TEST(the_oldest_that_waits_is_found)
{
    struct kinesis_shard_list shards = kinesis_stream_shards(stream, &arena);
    int64_t next[SHARDS] = {0};
    int64_t at_ms;

    ck_assert_int_eq(kinesis_channel_oldest(store, &shards, next, &at_ms), STORE_NOT_FOUND);
    put(1, start_ms + 10);
    put(0, start_ms + 20);
    put(1, start_ms + 30);
    ck_assert_int_eq(kinesis_channel_oldest(store, &shards, next, &at_ms), STORE_OK);
    ck_assert_int_eq(at_ms, start_ms + 10);
    next[1] = 2;
    ck_assert_int_eq(kinesis_channel_oldest(store, &shards, next, &at_ms), STORE_OK);
    ck_assert_int_eq(at_ms, start_ms + 20);
    next[0] = 2;
    next[1] = 3;
    ck_assert_int_eq(kinesis_channel_oldest(store, &shards, next, &at_ms), STORE_NOT_FOUND);
}
END_TEST

/* --- keys --- */

static const char *key_of(const char *template)
{
    const struct channel_key values = {.channel_name = "c",
                                       .channel_id = "id",
                                       .stream_name = "s",
                                       .extension = ".gz",
                                       .at_ms = 1784559845000}; /* 2026-07-20T15:04:05Z */
    struct strbuf out = STRBUF_INIT(4096);
    const char *text;

    ck_assert_ptr_null(channel_key_problem(template, false));
    channel_key_write(template, &values, "-x", &out);
    text = arena_strndup(&arena, out.data, out.len);
    strbuf_release(&out);
    return text;
}

START_TEST(templates_make_keys)
{
    ck_assert_str_eq(key_of(channel_key_default),
                     "kinesis-channel/c/id/2026/07/20/15/c-id-2026-07-20-15-04-x.gz");
    ck_assert_str_eq(key_of("d/stream=!{stream-name}/!{yy}!{mm}!{extension:.json}"),
                     "d/stream=s/2604-x.json");
    ck_assert_str_eq(key_of("!{channel-name}/!{channel-id}"), "c/id-x");
    ck_assert_str_eq(key_of("a!!{dd}!"), "a!20!-x");
}
END_TEST

START_TEST(templates_are_refused)
{
    static const char *const wrong[] = {
        "/a",
        "a/../b",
        "a/./b",
        "./a",
        "a/.",
        ".",
        "a//b",
        "!{yyyy",
        "!{}",
        "a b",
        "{a}",
        "!{Extension}",
        "!{extension}b",
        "!{extension}!{extension}",
        "!{extension:}",
        "!{extension:json}",
        "!{extension:.J}",
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        ck_assert_msg(channel_key_problem(wrong[i], false), "%s", wrong[i]);
    ck_assert_ptr_null(channel_key_problem("a", false));
    ck_assert_ptr_nonnull(channel_key_problem("a", true));
    ck_assert_ptr_null(channel_key_problem("a!{extension:.x}", true));
}
END_TEST

START_TEST(bytes_are_packed)
{
    char text[100000];
    uint8_t back[sizeof(text) + 1];
    struct strbuf body = STRBUF_INIT(sizeof(text));
    z_stream z = {.next_out = back, .avail_out = sizeof(back)};

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * i >> 7);
    strbuf_add(&body, text, sizeof(text));
    ck_assert(channel_pack("NONE", &body));
    ck_assert_uint_eq(body.len, sizeof(text));
    ck_assert(channel_pack("GZIP", &body));
    z.next_in = (Bytef *)body.data;
    z.avail_in = (uInt)body.len;
    ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
    ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq(z.total_out, sizeof(text));
    ck_assert_mem_eq(back, text, sizeof(text));
    inflateEnd(&z);
    /* A small object does not bound the next one. */
    strbuf_clear(&body);
    strbuf_add(&body, text, 1000);
    ck_assert(channel_pack("GZIP", &body));
    strbuf_clear(&body);
    strbuf_add(&body, text, sizeof(text));
    ck_assert(!body.overflow);
    strbuf_release(&body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinesis channels");
    TCase *tc = tcase_create("kinesis channels");

    tcase_add_checked_fixture(tc, set_up_stream, tear_down_stream);
    tcase_add_test(tc, a_stream_with_a_channel_stays);
    tcase_add_test(tc, places_move_together);
    tcase_add_test(tc, the_oldest_that_waits_is_found);
    tcase_add_test(tc, templates_make_keys);
    tcase_add_test(tc, templates_are_refused);
    tcase_add_test(tc, bytes_are_packed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
