/* Event streams: messages as bytes, and SubscribeToShard's through the real model. */
#include <check.h>

#include "tests/unit/request_fixture.h"

#include "gen/kinesis.h"
#include "server/protocol/event_stream.h"
#include "tests/unit/run_suite.h"

static const char *header_text(const struct event_message *m, const char *name, struct arena *a)
{
    for (size_t i = 0; i < m->header_count; i++) {
        const struct event_header *h = &m->headers[i];
        if (h->name_len == strlen(name) && memcmp(h->name, name, h->name_len) == 0)
            return arena_strndup(a, (const char *)h->bytes.data, h->bytes.len);
    }
    return "";
}

START_TEST(test_known_message)
{
    /* The empty message and the one with a header, as AWS's SDKs have them in their tests. */
    static const uint8_t empty[] = {0,    0,    0,    16,   0,    0,    0,    0,
                                    0x05, 0xC2, 0x48, 0xEB, 0x7D, 0x98, 0xC8, 0xFF};
    struct strbuf b = STRBUF_INIT(1024);
    struct event_message m;

    event_message_write(&b, NULL, 0, (struct bytes){NULL, 0});
    ck_assert_uint_eq(b.len, sizeof(empty));
    ck_assert_mem_eq(b.data, empty, sizeof(empty));
    ck_assert_int_eq(event_message_read(b.data, b.len, &m), 16);
    ck_assert_uint_eq(m.header_count, 0);
    ck_assert_uint_eq(m.payload.len, 0);
    strbuf_release(&b);
}
END_TEST

START_TEST(test_all_header_types)
{
    struct event_header headers[] = {
        {"true", 4, EVENT_TRUE, 0, {NULL, 0}},
        {"false", 5, EVENT_FALSE, 0, {NULL, 0}},
        {"byte", 4, EVENT_BYTE, -1, {NULL, 0}},
        {"short", 5, EVENT_SHORT, -300, {NULL, 0}},
        {"int", 3, EVENT_INTEGER, -70000, {NULL, 0}},
        {"long", 4, EVENT_LONG, INT64_MIN, {NULL, 0}},
        {"bytes", 5, EVENT_BYTES, 0, {(const uint8_t *)"\0\1", 2}},
        {"text", 4, EVENT_STRING, 0, {(const uint8_t *)"x", 1}},
        {"time", 4, EVENT_TIMESTAMP, 1636557843123, {NULL, 0}},
        {"uuid", 4, EVENT_UUID, 0, {(const uint8_t *)"0123456789abcdef", 16}},
    };
    struct strbuf b = STRBUF_INIT(1024);
    struct event_message m;

    event_message_write(&b, headers, ARRAY_LEN(headers),
                        (struct bytes){(const uint8_t *)"payload", 7});
    ck_assert_int_eq(event_message_read(b.data, b.len, &m), (int64_t)b.len);
    ck_assert_uint_eq(m.header_count, ARRAY_LEN(headers));
    for (size_t i = 0; i < m.header_count; i++) {
        ck_assert_int_eq(m.headers[i].type, headers[i].type);
        ck_assert_int_eq(m.headers[i].number, headers[i].number);
        if (headers[i].bytes.data)
            ck_assert_mem_eq(m.headers[i].bytes.data, headers[i].bytes.data, headers[i].bytes.len);
    }
    ck_assert_mem_eq(m.payload.data, "payload", 7);
    strbuf_release(&b);
}
END_TEST

START_TEST(test_damage_is_seen)
{
    struct event_header header = {"name", 4, EVENT_STRING, 0, {(const uint8_t *)"value", 5}};
    struct strbuf b = STRBUF_INIT(1024);
    struct event_message m;

    event_message_write(&b, &header, 1, (struct bytes){(const uint8_t *)"payload", 7});
    for (size_t i = 0; i < b.len; i++) {
        b.data[i] ^= 1;
        ck_assert_int_le(event_message_read(b.data, b.len, &m), 0);
        b.data[i] ^= 1;
    }
    for (size_t i = 0; i < b.len; i++)
        ck_assert_int_eq(event_message_read(b.data, i, &m), 0);
    ck_assert_int_eq(event_message_read(b.data, b.len, &m), (int64_t)b.len);
    strbuf_release(&b);
}
END_TEST

START_TEST(test_subscribe_to_shard)
{
    struct request_fixture f;
    struct kinesis_SubscribeToShardOutput out = {0};
    struct kinesis_SubscribeToShardEvent event = {.ContinuationSequenceNumber = "9",
                                                  .MillisBehindLatest = SOME_LONG(0)};
    struct strbuf b = STRBUF_INIT(65536);
    struct event_message m;

    fixture_open(&f, &kinesis_model, "SubscribeToShard", PROTOCOL_JSON_1_1);
    event_stream_initial_response(&f.req, &out, &b);
    event_stream_event(&f.req, "SubscribeToShardEvent", &event, &b);
    event_stream_exception(&f.req, &kinesis_ResourceInUseException, "taken over", &b);
    const char *p = b.data;
    int64_t n = event_message_read(p, b.len, &m);
    ck_assert_int_gt(n, 0);
    ck_assert_str_eq(header_text(&m, ":event-type", &f.req.arena), "initial-response");
    ck_assert_str_eq(header_text(&m, ":content-type", &f.req.arena), "application/x-amz-json-1.1");
    ck_assert_uint_eq(m.payload.len, 2);
    p += n;
    n = event_message_read(p, (size_t)(b.data + b.len - p), &m);
    ck_assert_str_eq(header_text(&m, ":message-type", &f.req.arena), "event");
    ck_assert_str_eq(header_text(&m, ":event-type", &f.req.arena), "SubscribeToShardEvent");
    ck_assert_str_eq(arena_strndup(&f.req.arena, (const char *)m.payload.data, m.payload.len),
                     "{\"ContinuationSequenceNumber\":\"9\",\"MillisBehindLatest\":0}");
    p += n;
    n = event_message_read(p, (size_t)(b.data + b.len - p), &m);
    ck_assert_str_eq(header_text(&m, ":exception-type", &f.req.arena), "ResourceInUseException");
    ck_assert(p + n == b.data + b.len);
    strbuf_release(&b);
    fixture_close(&f);
}
END_TEST

START_TEST(test_streamed_answer_has_its_content_type)
{
    struct request_fixture f;

    fixture_open(&f, &kinesis_model, "SubscribeToShard", PROTOCOL_JSON_1_1);
    f.req.response.kind = BODY_STREAM;
    protocol_encode(&f.req, &kinesis_model, f.req.operation, NULL);
    ck_assert_str_eq(fixture_header(&f, "content-type"), "application/vnd.amazon.eventstream");
    ck_assert_int_eq(f.req.response.kind, BODY_STREAM);
    ck_assert_str_eq(fixture_body(&f), "");
    fixture_close(&f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("event_stream");
    TCase *t = tcase_create("all");

    tcase_add_test(t, test_known_message);
    tcase_add_test(t, test_all_header_types);
    tcase_add_test(t, test_damage_is_seen);
    tcase_add_test(t, test_subscribe_to_shard);
    tcase_add_test(t, test_streamed_answer_has_its_content_type);
    suite_add_tcase(s, t);
    return run_suite(s);
}
