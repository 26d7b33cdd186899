/*
 * Puts of many records, which are stored as packs, in rows and in segments: read from any place,
 * found by time, trimmed with their files, and told when they are damaged. And databases from
 * before there were packs.
 */
#include "tests/unit/kinesis_fixture.h"

#include "server/base/embed.h"
#include "server/base/fiber.h"
#include "storage/sql.h"
#include "tests/unit/run_suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>

EMBED(storage_schema_kinesis_001_sql);
EMBED(storage_schema_kinesis_002_sql);

enum {
    SMALL = 4,    /* bytes of a record of a pack that fits its row */
    LARGE = 2000, /* of one that does not */
    PACK = 7,     /* records */
    SIZE_MAX_TEST = 20000,
};

/* What a record holds, told by its number; the sizes differ. */
static size_t content(int64_t number, size_t size, char out[SIZE_MAX_TEST])
{
    size_t len = size - (size_t)number % 3;

    memset(out, 'a' + (int)(number % 26), len);
    return len;
}

/* Puts `count` records to shard 0 at once, between others to shard 1; their numbers follow on. */
static void put_many(struct kinesis_stream *stream, int64_t number, size_t count, size_t size,
                     int64_t now_ms)
{
    struct kinesis_append *items = ARENA_ARRAY(&arena, struct kinesis_append, 2 * count);

    for (size_t i = 0; i < count; i++) {
        char *data = arena_alloc(&arena, SIZE_MAX_TEST);
        size_t len = content(number + (int64_t)i, size, data);
        items[2 * i] = (struct kinesis_append){
            .shard = stream->shards[0],
            .key = arena_printf(&arena, "key %" PRId64, number + (int64_t)i),
            .data = {(uint8_t *)data, len},
        };
        items[2 * i + 1] = (struct kinesis_append){
            .shard = stream->shards[1], .key = "other", .data = {(uint8_t *)data, len}};
    }
    ck_assert_int_eq(kinesis_store_append(store, stream, items, 2 * count, now_ms), STORE_OK);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(items[2 * i].number, number + (int64_t)i);
        ck_assert_int_eq(items[2 * i].at_ms, now_ms);
    }
}

static struct kinesis_batch read_from(struct kinesis_stream *stream, int64_t from, size_t records,
                                      size_t bytes)
{
    const struct kinesis_read_limits limits = {.records = records, .bytes = bytes};
    struct kinesis_batch batch;

    ck_assert_int_eq(kinesis_store_read(store, stream->shards[0], from, &limits, &arena, &batch),
                     STORE_OK);
    return batch;
}

static void check_record(const struct kinesis_record *r, size_t size)
{
    char data[SIZE_MAX_TEST];
    size_t len = content(r->number, size, data);

    ck_assert_str_eq(r->key, arena_printf(&arena, "key %" PRId64, r->number));
    ck_assert_uint_eq(r->data.len, len);
    ck_assert_mem_eq(r->data.data, data, len);
}

/* Packs of PACK records, and single ones; numbers 1 to 3 * (PACK + 1). */
static int64_t fill(struct kinesis_stream *stream, size_t size)
{
    int64_t number = 1;

    for (int i = 0; i < 3; i++) {
        put_many(stream, number, PACK, size, start_ms + number);
        number += PACK;
        put_many(stream, number, 1, size, start_ms + number);
        number++;
    }
    return number;
}

/* --- reading --- */

static size_t size_of_case(int i)
{
    static const size_t sizes[] = {SMALL, LARGE, SIZE_MAX_TEST};

    return sizes[i];
}

static void check_page(struct kinesis_stream *stream, int64_t from, size_t limit, size_t size)
{
    struct kinesis_batch batch = read_from(stream, from, limit, SIZE_MAX);
    int64_t first = MAX(from, (int64_t)1);

    ck_assert_uint_eq(batch.count,
                      MIN((int64_t)limit, atomic_load(&stream->shards[0]->next) - first));
    for (size_t i = 0; i < batch.count; i++) {
        ck_assert_int_eq(batch.records[i].number, first + (int64_t)i);
        check_record(&batch.records[i], size);
    }
    ck_assert_int_eq(batch.next, first + (int64_t)batch.count);
}

START_TEST(every_part_of_a_pack_can_be_read)
{
    size_t size = size_of_case(_i);
    struct kinesis_stream *stream = made("s");
    int64_t end = fill(stream, size);

    for (int life = 0; life < 2; life++) {
        for (int64_t from = 0; from < end; from++) {
            for (size_t limit = 1; limit <= (size_t)PACK + 3; limit++)
                check_page(stream, from, limit, size);
            arena_reset(&arena);
        }
        reopen(&stream);
        ck_assert_int_eq(stream->shards[0]->next, end);
    }
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_page_is_limited_by_bytes_within_a_pack)
{
    struct kinesis_stream *stream = made("s");
    struct kinesis_batch batch;

    fill(stream, LARGE);
    batch = read_from(stream, 1, 100, (size_t)3 * LARGE);
    ck_assert_uint_eq(batch.count, 3);
    ck_assert_int_eq(batch.next, 4);
    batch = read_from(stream, 4, 100, 1);
    ck_assert_uint_eq(batch.count, 1);
    ck_assert_int_eq(batch.next, 5);
    batch = read_from(stream, 6, 100, (size_t)4 * LARGE); /* over the end of the first pack */
    ck_assert_uint_eq(batch.count, 4);
    ck_assert_int_eq(batch.next, 10);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_time_and_the_latest_are_found_among_packs)
{
    struct kinesis_stream *stream = made("s");
    int64_t end = fill(stream, LARGE);
    int64_t number;

    for (int64_t first = 1; first < end; first += PACK + 1) {
        kinesis_store_number_at(store, stream->shards[0], start_ms + first, &number);
        ck_assert_int_eq(number, first);
        kinesis_store_number_at(store, stream->shards[0], start_ms + first + 1, &number);
        ck_assert_int_eq(number, first + PACK);
    }
    kinesis_store_number_at(store, stream->shards[0], start_ms + end, &number);
    ck_assert_int_eq(number, end);
    ck_assert_int_eq(kinesis_store_latest(store, stream->shards[0], &number), STORE_OK);
    ck_assert_int_eq(number, end);
    kinesis_stream_free(stream);
}
END_TEST

/* --- files --- */

static char *directory(void)
{
    return arena_printf(&arena, "%s/kinesis", store_directory(root));
}

/* The newest file, NULL: there is none. */
static char *find_file(size_t *out_count)
{
    DIR *d = opendir(directory());
    struct dirent *entry;
    long newest = 0;

    *out_count = 0;
    while (d && (entry = readdir(d))) {
        long id = strtol(entry->d_name, NULL, 10);
        *out_count += id > 0;
        newest = MAX(newest, id);
    }
    if (d)
        closedir(d);
    return newest ? arena_printf(&arena, "%s/%ld", directory(), newest) : NULL;
}

static size_t count_files(void)
{
    size_t count;

    find_file(&count);
    return count;
}

static void trim_all(int64_t now_ms)
{
    bool more = true;

    for (int rounds = 0; more && rounds < 20; rounds++)
        ck_assert_int_eq(kinesis_store_trim(store, now_ms, &more), STORE_OK);
    ck_assert(!more);
}

START_TEST(a_segment_goes_when_nothing_refers_to_it)
{
    struct kinesis_stream *stream = made("s");
    int64_t later = start_ms + 25 * HOUR_MS;
    int64_t end = fill(stream, LARGE);

    ck_assert_uint_eq(count_files(), 1);
    reopen(&stream); /* goes on in a file of its own */
    put_many(stream, end, PACK, LARGE, later);
    ck_assert_uint_eq(count_files(), 2);
    trim_all(start_ms + 24 * HOUR_MS); /* all of them may stay that long */
    ck_assert_uint_eq(count_files(), 2);
    trim_all(later);
    ck_assert_uint_eq(count_files(), 1);
    ck_assert_uint_eq(read_from(stream, 0, 100, SIZE_MAX).count, PACK);
    trim_all(later + 25 * HOUR_MS);
    ck_assert_uint_eq(count_files(), 1); /* it is still written to */
    put_many(stream, end + PACK, PACK, LARGE, later + 25 * HOUR_MS);
    ck_assert_uint_eq(read_from(stream, 0, 100, SIZE_MAX).count, PACK);
    ck_assert_int_eq(kinesis_store_delete(store, stream), STORE_OK);
    trim_all(later);
    kinesis_stream_free(stream);
    trim_all(later);
    ck_assert_uint_eq(count_files(), 0);
}
END_TEST

/* Numbers must not be given twice, even where a turn of trimming ends inside a pack. */
START_TEST(numbers_go_on_behind_a_pack_that_was_trimmed)
{
    struct kinesis_stream *stream = made("s");
    int64_t later = start_ms + 25 * HOUR_MS;
    enum { MANY = 1500 };

    put_many(stream, 1, MANY, SMALL, start_ms);
    put_many(stream, 1 + MANY, MANY, SMALL, start_ms + 1);
    trim_all(later);
    ck_assert_uint_eq(read_from(stream, 0, 10, SIZE_MAX).count, 0);
    reopen(&stream);
    put_many(stream, 1 + 2 * MANY, 2, SMALL, later);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_segment_that_is_full_is_followed_by_another)
{
    enum { RECORD = 1 << 20, EACH = 13, PUTS = 10 };
    struct kinesis_stream *stream = made("s");
    struct kinesis_append items[EACH];
    uint8_t *data = arena_zalloc(&arena, RECORD);

    for (int i = 0; i < PUTS; i++) {
        for (size_t k = 0; k < EACH; k++)
            items[k] = (struct kinesis_append){
                .shard = stream->shards[0], .key = "k", .data = {data, RECORD}};
        ck_assert_int_eq(kinesis_store_append(store, stream, items, EACH, start_ms), STORE_OK);
    }
    ck_assert_uint_eq(count_files(), 2);
    for (int64_t next = 1; next < 1 + EACH * PUTS;) {
        struct kinesis_batch batch = read_from(stream, next, 50, (size_t)10 * RECORD);
        ck_assert_int_eq(batch.next, MIN(next + 10, 1 + EACH * PUTS));
        next = batch.next;
        arena_reset(&arena);
    }
    trim_all(start_ms + 25 * HOUR_MS);
    ck_assert_uint_eq(count_files(), 1);
    kinesis_stream_free(stream);
}
END_TEST

/* --- damage --- */

/* Zeros where a record of the newest file was, as a loss of power may leave it. */
static void zero_in_file(int64_t place, size_t len)
{
    size_t count;
    AUTO_CLOSE int fd = open(find_file(&count), O_WRONLY | O_CLOEXEC);
    uint8_t zeros[64] = {0};

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, zeros, len, place), (ssize_t)len);
}

START_TEST(a_damaged_record_is_left_out)
{
    struct kinesis_stream *stream = made("s");
    struct kinesis_batch batch;
    /* Twelve bytes of index and "key N" for each; then the first three records' data. */
    int64_t place = PACK * (12 + 6) + 3 * LARGE;

    put_many(stream, 1, PACK, LARGE, start_ms);
    zero_in_file(place, 10);
    batch = read_from(stream, 1, 100, SIZE_MAX);
    ck_assert_uint_eq(batch.count, PACK - 1);
    ck_assert_int_eq(batch.records[2].number, 3);
    ck_assert_int_eq(batch.records[3].number, 5);
    ck_assert_int_eq(batch.next, PACK + 1);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_pack_that_is_not_there_is_left_out)
{
    struct kinesis_stream *stream = made("s");
    struct kinesis_batch batch;
    size_t count;

    put_many(stream, 1, PACK, LARGE, start_ms);
    zero_in_file(12, 12); /* of the index */
    put_many(stream, 1 + PACK, PACK, SMALL, start_ms);
    batch = read_from(stream, 1, 100, SIZE_MAX);
    ck_assert_uint_eq(batch.count, PACK);
    ck_assert_int_eq(batch.records[0].number, 1 + PACK);
    ck_assert_int_eq(truncate(find_file(&count), 5), 0);
    ck_assert_uint_eq(read_from(stream, 1, 100, SIZE_MAX).count, PACK);
    ck_assert_int_eq(unlink(find_file(&count)), 0);
    batch = read_from(stream, 3, 100, SIZE_MAX);
    ck_assert_uint_eq(batch.count, PACK);
    ck_assert_int_eq(batch.next, 1 + 2 * PACK);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(a_put_that_cannot_be_written_leaves_nothing)
{
    struct kinesis_stream *stream = made("s");
    uint8_t data[LARGE] = {0};
    struct kinesis_append items[PACK];
    AUTO_CLOSE int in_the_way = open(directory(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    for (size_t i = 0; i < PACK; i++)
        items[i] = (struct kinesis_append){
            .shard = stream->shards[0], .key = "k", .data = {data, sizeof(data)}};
    ck_assert_int_ge(in_the_way, 0);
    ck_assert_int_eq(kinesis_store_append(store, stream, items, PACK, start_ms), STORE_FAILED);
    ck_assert_int_eq(unlink(directory()), 0);
    put_many(stream, 1, PACK, LARGE, start_ms);
    ck_assert_uint_eq(read_from(stream, 0, 100, SIZE_MAX).count, PACK);
    kinesis_stream_free(stream);
}
END_TEST

/* --- single records of fibers --- */

struct fiber_put {
    struct kinesis_stream *stream;
    struct kinesis_append item;
    int64_t now_ms;
    enum store_status status;
};

static void put_one(void *context)
{
    struct fiber_put *p = context;

    p->status = kinesis_store_append(store, p->stream, &p->item, 1, p->now_ms);
}

/* All at the same time; the i-th goes to shard i % SHARDS. */
static void put_by_fibers(struct kinesis_stream *stream, struct fiber_put *puts, size_t count,
                          size_t size)
{
    struct fibers *set = fibers_new();

    for (size_t i = 0; i < count; i++) {
        char *data = arena_alloc(&arena, SIZE_MAX_TEST);
        int64_t number = 1 + (int64_t)(i / SHARDS);
        size_t len = content(number, size, data);

        puts[i] = (struct fiber_put){
            .stream = stream,
            .item = {.shard = stream->shards[i % SHARDS],
                     .key = arena_printf(&arena, "key %" PRId64, number),
                     .data = {(uint8_t *)data, len}},
            .now_ms = start_ms + (int64_t)i,
        };
        ck_assert(fibers_start(set, put_one, &puts[i]));
        ck_assert_uint_eq(fibers_waiting(set), i + 1);
    }
    fibers_finish(set);
    fibers_free(set);
}

START_TEST(records_that_fibers_put_together_share_packs)
{
    enum { EACH = 5 };
    size_t size = size_of_case(_i);
    struct kinesis_stream *stream = made("s");
    struct fiber_put puts[EACH * SHARDS];

    put_by_fibers(stream, puts, ARRAY_LEN(puts), size);
    for (size_t i = 0; i < ARRAY_LEN(puts); i++) {
        ck_assert_int_eq(puts[i].status, STORE_OK);
        ck_assert_int_eq(puts[i].item.number, 1 + (int64_t)(i / SHARDS));
        ck_assert_int_eq(puts[i].item.at_ms, start_ms); /* those of one put arrive together */
    }
    reopen(&stream);
    for (size_t limit = 1; limit <= EACH; limit++)
        check_page(stream, 0, limit, size);
    kinesis_stream_free(stream);
}
END_TEST

START_TEST(fibers_learn_that_their_put_failed)
{
    struct kinesis_stream *stream = made("s");
    struct fiber_put puts[2 * SHARDS];
    AUTO_CLOSE int in_the_way = open(directory(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    ck_assert_int_ge(in_the_way, 0);
    put_by_fibers(stream, puts, ARRAY_LEN(puts), LARGE);
    for (size_t i = 0; i < ARRAY_LEN(puts); i++)
        ck_assert_int_eq(puts[i].status, STORE_FAILED);
    ck_assert_int_eq(unlink(directory()), 0);
    put_by_fibers(stream, puts, ARRAY_LEN(puts), LARGE);
    for (size_t i = 0; i < ARRAY_LEN(puts); i++)
        ck_assert_int_eq(puts[i].status, STORE_OK);
    kinesis_stream_free(stream);
}
END_TEST

/* --- a database from before --- */

static void make_old_database(void)
{
    static const struct sql_migration old[] = {{embed_storage_schema_kinesis_001_sql},
                                               {embed_storage_schema_kinesis_002_sql}};
    struct sql_db *db = sql_open(root, "kinesis", old, ARRAY_LEN(old));
    struct sql *s;

    ck_assert_ptr_nonnull(db);
    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    ck_assert_int_eq(sql_run(sql_prepare(s, "INSERT INTO scope (account, region)"
                                            " VALUES ('000000000000', 'us-east-1')")),
                     STORE_OK);
    ck_assert_int_eq(
        sql_exec(s,
                 "INSERT INTO stream (scope, name, mode, created_ms, retention_hours, record_max)"
                 " VALUES (1, 's', 0, ?1, 24, 1048576)",
                 sql_int(start_ms)),
        STORE_OK);
    ck_assert_int_eq(sql_exec(s,
                              "INSERT INTO shard (stream, number, hash_start, hash_end,"
                              " created_ms) VALUES (1, 0, zeroblob(16), zeroblob(16), ?1),"
                              " (1, 1, zeroblob(16), zeroblob(16), ?1)",
                              sql_int(start_ms)),
                     STORE_OK);
    for (int i = 1; i <= 3; i++)
        ck_assert_int_eq(sql_exec(s,
                                  "INSERT INTO record (id, at_ms, key, data)"
                                  " VALUES ((1 << 40) | ?1, ?2, 'key ' || ?1, ?3)",
                                  sql_int(i), sql_int(start_ms + i),
                                  sql_blob((struct bytes){(const uint8_t *)"old", 3})),
                         STORE_OK);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    sql_close(db);
}

START_TEST(records_from_before_packs_stay)
{
    struct kinesis_stream *stream;
    struct kinesis_batch batch;
    int64_t number;

    make_old_database();
    stream = load("s");
    ck_assert_int_eq(stream->shards[0]->next, 4);
    put_many(stream, 4, PACK, LARGE, start_ms + 10);
    batch = read_from(stream, 2, 4, SIZE_MAX);
    ck_assert_uint_eq(batch.count, 4);
    ck_assert_str_eq(batch.records[1].key, "key 3");
    ck_assert_mem_eq(batch.records[1].data.data, "old", 3);
    check_record(&batch.records[2], LARGE);
    kinesis_store_number_at(store, stream->shards[0], start_ms + 3, &number);
    ck_assert_int_eq(number, 3);
    kinesis_stream_free(stream);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kinesis packs");
    TCase *c = tcase_create("all");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, every_part_of_a_pack_can_be_read, 0, 3);
    tcase_add_test(c, a_page_is_limited_by_bytes_within_a_pack);
    tcase_add_test(c, a_time_and_the_latest_are_found_among_packs);
    tcase_add_test(c, a_segment_goes_when_nothing_refers_to_it);
    tcase_add_test(c, numbers_go_on_behind_a_pack_that_was_trimmed);
    tcase_add_test(c, a_segment_that_is_full_is_followed_by_another);
    tcase_add_test(c, a_damaged_record_is_left_out);
    tcase_add_test(c, a_pack_that_is_not_there_is_left_out);
    tcase_add_test(c, a_put_that_cannot_be_written_leaves_nothing);
    tcase_add_loop_test(c, records_that_fibers_put_together_share_packs, 0, 3);
    tcase_add_test(c, fibers_learn_that_their_put_failed);
    tcase_add_test(c, records_from_before_packs_stay);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
