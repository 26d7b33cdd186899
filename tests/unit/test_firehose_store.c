/* Frames, chunks and buffers on disk: what opens, what seals, what is due, what takes a buffer's
 * place. */
#include "handlers/firehose/frame.h"
#include "storage/firehose_store.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static const int64_t start_ms = 1770000000000;
static const struct scope scope = {"000000000000", "us-east-1"};

static struct store_root *root;
static struct firehose_store *store;
static struct arena arena;

static void set_up(void)
{
    char problem[256];

    root = store_open(&(struct store_options){0}, problem, sizeof(problem));
    ck_assert_ptr_nonnull(root);
    store = firehose_store_open(root);
    arena_init(&arena);
}

static void tear_down(void)
{
    arena_release(&arena);
    firehose_store_close(store);
    store_close(root);
}

static int64_t make(const char *name, struct firehose_route route)
{
    const struct firehose_stream stream = {
        .account = scope.account,
        .region = scope.region,
        .name = name,
        .type = "DirectPut",
        .created_ms = start_ms,
        .destination = "{}",
        .route = route,
    };
    int64_t id;

    ck_assert_int_eq(firehose_store_create(store, &stream, 10, &id), STORE_OK);
    return id;
}

/* Puts one record; true when something may be due earlier than before. */
static bool put(const char *name, const char *text, int64_t now_ms)
{
    struct firehose_append append = {.now_ms = now_ms};
    struct chunker c;

    chunker_init(&c, &arena);
    chunker_add(&c,
                &(struct frame){.data = {(const uint8_t *)text, strlen(text)}, .at_ms = now_ms});
    chunker_finish(&c);
    append.chunks = c.chunks;
    append.count = c.count;
    ck_assert_int_eq(firehose_store_append(store, &scope, name, &append), STORE_OK);
    return append.wake;
}

static struct firehose_buffer next(int64_t id, enum firehose_lane lane, int64_t now_ms)
{
    struct firehose_buffer b = {0};
    enum store_status rc = firehose_store_next(store, id, lane, now_ms, &arena, &b);

    ck_assert(rc == STORE_OK || rc == STORE_NOT_FOUND);
    return b;
}

static const char *content(int64_t buffer)
{
    struct strbuf text = STRBUF_INIT(1000);
    struct bytes *chunks;
    size_t count;
    const char *out;

    ck_assert_int_eq(firehose_store_read(store, buffer, 0, 1 << 20, &arena, &chunks, &count),
                     STORE_OK);
    for (size_t i = 0; i < count; i++) {
        struct frame_reader r = frames_of(chunks[i]);
        struct frame f;

        while (frame_next(&r, &f))
            strbuf_add(&text, f.data.data, f.data.len);
        ck_assert_ptr_eq(r.next, r.end);
    }
    out = arena_strndup(&arena, text.data ? text.data : "", text.len);
    strbuf_release(&text);
    return out;
}

START_TEST(frames_come_back)
{
    struct chunker c;
    size_t seen = 0;

    chunker_init(&c, &arena);
    for (int i = 0; i < 5000; i++) {
        char *text = arena_printf(&arena, "record %d", i);
        const struct frame f = {
            {(const uint8_t *)text, strlen(text)}, {(const uint8_t *)"{}", 2}, i};
        chunker_add(&c, &f);
    }
    chunker_finish(&c);
    ck_assert_uint_gt(c.count, 1);
    for (size_t i = 0; i < c.count; i++) {
        struct frame_reader r = frames_of(c.chunks[i].data);
        struct frame f;

        ck_assert_uint_le(c.chunks[i].data.len, 64 * 1024);
        ck_assert_int_eq(c.chunks[i].oldest_ms, (int64_t)seen);
        for (; frame_next(&r, &f); seen++) {
            ck_assert_int_eq(f.at_ms, (int64_t)seen);
            ck_assert_uint_eq(f.meta.len, 2);
        }
        ck_assert_ptr_eq(r.next, r.end);
        /* What was cut is no frame. */
        r = frames_of((struct bytes){c.chunks[i].data.data, c.chunks[i].data.len - 1});
        while (frame_next(&r, &f))
            ;
        ck_assert_ptr_ne(r.next, r.end);
    }
    ck_assert_uint_eq(seen, 5000);
}
END_TEST

START_TEST(a_buffer_is_due_when_its_time_has_come)
{
    int64_t id = make("s", (struct firehose_route){FIREHOSE_DELIVER, 100, 1000, 0, 0, 0});
    struct firehose_due *due;
    size_t count;

    ck_assert(put("s", "one ", start_ms));
    ck_assert(!put("s", "two", start_ms + 999));
    ck_assert_int_eq(next(id, FIREHOSE_DELIVER, start_ms + 999).id, 0);
    ck_assert_int_eq(firehose_store_due(store, &arena, &due, &count), STORE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(due[0].due_ms, start_ms + 1000);
    ck_assert_int_eq(next(id, FIREHOSE_SIDE, start_ms + 1000).id, 0);
    struct firehose_buffer b = next(id, FIREHOSE_DELIVER, start_ms + 1000);
    ck_assert_str_eq(content(b.id), "one two");
    ck_assert_int_eq(b.opened_ms, start_ms);
    ck_assert_int_eq(b.records, 2);
    ck_assert_int_eq(b.bytes, 7);
}
END_TEST

START_TEST(a_buffer_stays_within_its_size)
{
    int64_t id = make("s", (struct firehose_route){FIREHOSE_DELIVER, 10, 1000, 0, 0, 0});

    put("s", "12345", start_ms);
    ck_assert(put("s", "678901", start_ms)); /* does not fit: the first is sealed */
    struct firehose_buffer b = next(id, FIREHOSE_DELIVER, start_ms);
    ck_assert(b.sealed);
    ck_assert_str_eq(content(b.id), "12345");
    ck_assert(put("s", "2345", start_ms)); /* fits exactly */
    ck_assert_int_eq(firehose_store_replace(store, &b, NULL, 0, start_ms), STORE_OK);
    b = next(id, FIREHOSE_DELIVER, start_ms);
    ck_assert_str_eq(content(b.id), "6789012345");
    put("s", "one record beyond the size", start_ms);
    ck_assert_int_eq(firehose_store_replace(store, &b, NULL, 0, start_ms), STORE_OK);
    ck_assert_str_eq(content(next(id, FIREHOSE_DELIVER, start_ms).id),
                     "one record beyond the size");
}
END_TEST

START_TEST(a_buffer_stays_within_its_count)
{
    int64_t id = make("s", (struct firehose_route){FIREHOSE_DELIVER, 100, 1000, 2, 0, 0});

    put("s", "1", start_ms);
    ck_assert(put("s", "2", start_ms));
    put("s", "3", start_ms);
    ck_assert_str_eq(content(next(id, FIREHOSE_DELIVER, start_ms).id), "12");
}
END_TEST

START_TEST(copies_go_beside)
{
    int64_t id = make("s", (struct firehose_route){FIREHOSE_PROCESS, 100, 0, 0, 100, 5000});

    put("s", "text", start_ms);
    ck_assert_str_eq(content(next(id, FIREHOSE_PROCESS, start_ms).id), "text");
    ck_assert_int_eq(next(id, FIREHOSE_SIDE, start_ms).id, 0);
    ck_assert_str_eq(content(next(id, FIREHOSE_SIDE, start_ms + 5000).id), "text");
}
END_TEST

START_TEST(a_label_is_given_once)
{
    int64_t id = make("s", (struct firehose_route){FIREHOSE_DELIVER, 100, 0, 0, 0, 0});
    struct firehose_buffer b;

    put("s", "a", start_ms);
    b = next(id, FIREHOSE_DELIVER, start_ms);
    ck_assert_int_eq(firehose_store_seal(store, b.id, "first", &arena, &b), STORE_OK);
    ck_assert_str_eq(b.label, "first");
    put("s", "b", start_ms); /* into another one */
    ck_assert_int_eq(firehose_store_seal(store, b.id, "second", &arena, &b), STORE_OK);
    ck_assert_str_eq(b.label, "first");
    ck_assert_str_eq(content(b.id), "a");
    ck_assert_int_eq(firehose_store_postpone(store, b.id, start_ms + 1, start_ms + 500), STORE_OK);
    ck_assert_int_eq(firehose_store_postpone(store, b.id, start_ms + 2, start_ms + 600), STORE_OK);
    ck_assert_str_eq(content(next(id, FIREHOSE_DELIVER, start_ms + 10).id), "b");
    ck_assert_int_eq(firehose_store_seal(store, b.id, NULL, &arena, &b), STORE_OK);
    ck_assert_int_eq(b.tries, 2);
    ck_assert_int_eq(b.first_try_ms, start_ms + 1);
    ck_assert_int_eq(b.due_ms, start_ms + 600);
}
END_TEST

START_TEST(what_comes_of_a_buffer_takes_its_place)
{
    int64_t id = make("s", (struct firehose_route){FIREHOSE_PROCESS, 100, 0, 0, 0, 0});
    struct firehose_move moves[3] = {0};
    struct firehose_buffer b;
    const char **sorts;
    struct chunker c;
    size_t count;

    put("s", "raw", start_ms);
    b = next(id, FIREHOSE_PROCESS, start_ms);
    chunker_init(&c, &arena);
    chunker_add(&c, &(struct frame){.data = {(const uint8_t *)"done", 4}, .at_ms = start_ms});
    chunker_finish(&c);
    for (size_t i = 0; i < ARRAY_LEN(moves); i++)
        moves[i] = (struct firehose_move){
            .target = {i == 2 ? FIREHOSE_SIDE : FIREHOSE_DELIVER, i ? "b" : "a", 100, 1000, 0},
            .chunk = c.chunks[0]};
    moves[1].again = true;
    moves[1].tries = 3;
    moves[1].due_ms = start_ms + 9000;
    ck_assert_int_eq(firehose_store_replace(store, &b, moves, 3, start_ms), STORE_OK);
    ck_assert_int_eq(next(id, FIREHOSE_PROCESS, start_ms).id, 0);
    ck_assert_str_eq(next(id, FIREHOSE_DELIVER, start_ms + 1000).sort, "a");
    ck_assert_int_eq(firehose_store_sorts(store, id, FIREHOSE_DELIVER, &arena, &sorts, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 2); /* open and sealed ones */
    ck_assert(str_eq(sorts[0], "a") != str_eq(sorts[1], "a"));
    ck_assert(str_eq(sorts[0], "b") != str_eq(sorts[1], "b"));
    ck_assert_str_eq(content(next(id, FIREHOSE_SIDE, start_ms + 1000).id), "done");
    /* Twice is once: the second finds nothing to replace, and writes nothing. */
    ck_assert_int_eq(firehose_store_replace(store, &b, moves, 3, start_ms), STORE_NOT_FOUND);
    ck_assert_int_eq(next(id, FIREHOSE_SIDE, start_ms + 1000).bytes, 4);
}
END_TEST

START_TEST(a_deleted_stream_leaves_nothing)
{
    int64_t id = make("s", (struct firehose_route){FIREHOSE_DELIVER, 100, 0, 0, 0, 0});
    struct firehose_append append = {.now_ms = start_ms};
    struct firehose_due *due;
    size_t count;

    put("s", "a", start_ms);
    ck_assert_int_eq(firehose_store_delete(store, id), STORE_OK);
    ck_assert_int_eq(firehose_store_due(store, &arena, &due, &count), STORE_OK);
    ck_assert_uint_eq(count, 0);
    ck_assert_int_eq(firehose_store_append(store, &scope, "s", &append), STORE_NOT_FOUND);
    ck_assert_int_ne(make("s", (struct firehose_route){FIREHOSE_DELIVER, 100, 0, 0, 0, 0}), id);
}
END_TEST

START_TEST(an_update_needs_the_version)
{
    int64_t id = make("s", (struct firehose_route){FIREHOSE_DELIVER, 100, 0, 0, 0, 0});
    struct firehose_stream s;

    ck_assert_int_eq(firehose_store_find(store, &scope, "s", &arena, &s), STORE_OK);
    ck_assert_int_eq(s.version, 1);
    s.destination = "{\"a\":1}";
    ck_assert_int_eq(firehose_store_update(store, &s), STORE_OK);
    ck_assert_int_eq(firehose_store_update(store, &s), STORE_CONFLICT);
    ck_assert_int_eq(firehose_store_find_id(store, id, &arena, &s), STORE_OK);
    ck_assert_int_eq(s.version, 2);
    ck_assert_str_eq(s.destination, "{\"a\":1}");
    ck_assert_str_eq(s.account, scope.account);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("firehose_store");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, frames_come_back);
    tcase_add_test(tc, a_buffer_is_due_when_its_time_has_come);
    tcase_add_test(tc, a_buffer_stays_within_its_size);
    tcase_add_test(tc, a_buffer_stays_within_its_count);
    tcase_add_test(tc, copies_go_beside);
    tcase_add_test(tc, a_label_is_given_once);
    tcase_add_test(tc, what_comes_of_a_buffer_takes_its_place);
    tcase_add_test(tc, a_deleted_stream_leaves_nothing);
    tcase_add_test(tc, an_update_needs_the_version);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
