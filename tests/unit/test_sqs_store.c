/* Queues and messages on disk: what is written comes back, numbers are never promised twice, and
 * what is gone is gone. */
#include "storage/sqs_store.h"
#include "tests/unit/run_suite.h"
#include "tests/unit/store_fixture.h"

#include <check.h>

static struct sqs_store *store;
static struct sqs_queue_ref queue;

static void open_store(void)
{
    store = sqs_store_open(open_root());
    ck_assert_ptr_nonnull(store);
}

static void close_store(void)
{
    sqs_store_close(store);
}

static struct sqs_queue_row find(const char *name)
{
    struct sqs_queue_row row;

    ck_assert_int_eq(sqs_store_find(store, &here, name, &a, &row), STORE_OK);
    return row;
}

static void make(const char *name)
{
    const struct sqs_new_queue q = {.name = name, .created_ms = 5, .settings = "{}"};

    ck_assert_int_eq(sqs_store_create(store, &here, &q), STORE_OK);
}

static void set_up(void)
{
    setup();
    make("q");
    queue = (struct sqs_queue_ref){.id = find("q").id, .reserved = find("q").next};
}

static struct sqs_put message(int64_t number, const char *body)
{
    return (struct sqs_put){
        .number = number,
        .visible_ms = 100,
        .content = {.id = {(uint8_t)number},
                    .sent_ms = 100,
                    .sender = "me",
                    .group_id = "g",
                    .attributes = {(const uint8_t *)"\0\1", 2},
                    .body = body},
    };
}

static void put(int64_t number, const char *body)
{
    struct sqs_put p = message(number, body);

    ck_assert_int_eq(sqs_store_put(store, &queue, &p, 1), STORE_OK);
}

struct loaded {
    struct sqs_state_row rows[8];
    size_t count;
    size_t dedups;
};

static void note_row(void *context, const struct sqs_state_row *row)
{
    struct loaded *l = context;

    ck_assert_uint_lt(l->count, ARRAY_LEN(l->rows));
    l->rows[l->count++] = *row;
}

static void note_dedup(void *context, const struct sqs_dedup_row *row)
{
    struct loaded *l = context;

    ck_assert_int_eq(row->id[0], row->number);
    l->dedups++;
}

static struct loaded load(const char *name)
{
    struct sqs_queue_row row = find(name);
    struct loaded l = {.count = 0};

    ck_assert_int_eq(sqs_store_load(store, &row, note_row, note_dedup, &l), STORE_OK);
    return l;
}

START_TEST(a_message_comes_back)
{
    struct sqs_take take = {.number = 1, .visible_ms = 900, .received = 1};

    put(1, "hello");
    ck_assert_int_eq(sqs_store_take(store, &queue, &take, 1, 500, &a), STORE_OK);
    ck_assert_str_eq(take.content.body, "hello");
    ck_assert_str_eq(take.content.sender, "me");
    ck_assert_uint_eq(take.content.attributes.len, 2);
    ck_assert_ptr_null(take.content.trace);
    ck_assert_int_eq(take.first_ms, 500);
    take.received = 2;
    ck_assert_int_eq(sqs_store_take(store, &queue, &take, 1, 950, &a), STORE_OK);
    ck_assert_int_eq(take.first_ms, 500);
    reopen();
    struct loaded l = load("q");
    ck_assert_uint_eq(l.count, 1);
    ck_assert_int_eq(l.rows[0].number, 1);
    ck_assert_int_eq(l.rows[0].visible_ms, 900);
    ck_assert_int_eq(l.rows[0].received, 2);
    ck_assert_int_eq(sqs_store_remove(store, &queue, &(int64_t){1}, 1), STORE_OK);
    ck_assert_uint_eq(load("q").count, 0);
}
END_TEST

START_TEST(numbers_are_promised_ahead)
{
    put(1, "a");
    int64_t next = find("q").next;
    ck_assert_int_gt(next, 1000);
    put(2, "b");
    ck_assert_int_eq(find("q").next, next);
    put(next, "c");
    ck_assert_int_gt(find("q").next, next);
}
END_TEST

START_TEST(all_or_none)
{
    struct sqs_put two[] = {message(1, "a"), message(1, "again")};

    ck_assert_int_eq(sqs_store_put(store, &queue, two, 2), STORE_EXISTS);
    ck_assert_uint_eq(load("q").count, 0);
}
END_TEST

START_TEST(a_purge_hides_at_once_and_trims_bit_by_bit)
{
    static const uint8_t key[SQS_DEDUP_KEY_LEN] = {9};
    struct sqs_put p = message(2, "b");
    bool more = true;

    put(1, "a");
    p.dedup_key = key;
    ck_assert_int_eq(sqs_store_put(store, &queue, &p, 1), STORE_OK);
    ck_assert_uint_eq(load("q").dedups, 1);
    ck_assert_int_eq(sqs_store_purge(store, &queue, 3), STORE_OK);
    put(3, "c");
    ck_assert_uint_eq(load("q").count, 1);
    ck_assert_uint_eq(load("q").dedups, 0);
    for (int i = 0; more && i < 10; i++)
        ck_assert_int_eq(sqs_store_trim(store, &more), STORE_OK);
    ck_assert(!more);
    struct sqs_take take[] = {{.number = 1}, {.number = 3}};
    ck_assert_int_eq(sqs_store_peek(store, &queue, take, 2, &a), STORE_OK);
    ck_assert_ptr_null(take[0].content.body);
    ck_assert_str_eq(take[1].content.body, "c");
}
END_TEST

START_TEST(a_deleted_queue_takes_nothing)
{
    struct sqs_put p = message(2, "late");
    struct sqs_queue_row row;

    put(1, "a");
    ck_assert_int_eq(sqs_store_delete(store, &queue), STORE_OK);
    ck_assert_int_eq(sqs_store_put(store, &queue, &p, 1), STORE_NOT_FOUND);
    ck_assert_int_eq(sqs_store_find(store, &here, "q", &a, &row), STORE_NOT_FOUND);
    make("q");
    ck_assert_int_ne(find("q").id, queue.id);
    ck_assert_uint_eq(load("q").count, 0);
}
END_TEST

START_TEST(a_deleted_queue_holds_back_no_other)
{
    struct sqs_queue_ref gone = {.id = 77, .gone = true};
    struct sqs_put one = message(1, "a"), two = message(2, "b");
    struct sqs_put_batch batches[] = {
        {.queue = &queue, .items = &one, .count = 1},
        {.queue = &gone, .items = &two, .count = 1},
        {.queue = &queue, .items = &two, .count = 1},
    };

    ck_assert_int_eq(sqs_store_put_all(store, batches, ARRAY_LEN(batches)), STORE_OK);
    ck_assert(!batches[0].gone && batches[1].gone && !batches[2].gone);
    ck_assert_uint_eq(load("q").count, 2);
    /* One that can't be written takes back all. */
    batches[0].items = &two;
    ck_assert_int_eq(sqs_store_put_all(store, batches, 1), STORE_EXISTS);
    struct sqs_put three = message(3, "c");
    batches[0].items = &three;
    ck_assert_int_eq(sqs_store_put_all(store, batches, ARRAY_LEN(batches)), STORE_EXISTS);
    ck_assert_uint_eq(load("q").count, 2);
}
END_TEST

START_TEST(a_message_moves)
{
    static const uint8_t id[SQS_MESSAGE_ID_LEN] = {0xab};
    struct sqs_move move = {.from_number = 1,
                            .to_number = 1,
                            .visible_ms = 7,
                            .sent_ms = 6,
                            .received = 3,
                            .source = "arn:q"};
    struct sqs_take take = {.number = 1};
    struct sqs_queue_ref other;

    make("other");
    other = (struct sqs_queue_ref){.id = find("other").id};
    put(1, "a");
    ck_assert_int_eq(sqs_store_move(store, &queue, &other, &move, 1), STORE_OK);
    ck_assert_int_eq(sqs_store_move(store, &queue, &other, &move, 1), STORE_NOT_FOUND);
    ck_assert_int_eq(sqs_store_peek(store, &other, &take, 1, &a), STORE_OK);
    ck_assert_int_eq(take.content.id[0], 1);
    ck_assert_str_eq(take.content.source, "arn:q");
    ck_assert_int_eq(take.received, 3);
    move = (struct sqs_move){.from_number = 1, .to_number = 2, .new_id = id, .sent_ms = 9};
    ck_assert_int_eq(sqs_store_move(store, &other, &queue, &move, 1), STORE_OK);
    take = (struct sqs_take){.number = 2};
    ck_assert_int_eq(sqs_store_peek(store, &queue, &take, 1, &a), STORE_OK);
    ck_assert_int_eq(take.content.id[0], 0xab);
    ck_assert_ptr_null(take.content.source);
    ck_assert_int_eq(take.content.sent_ms, 9);
}
END_TEST

START_TEST(one_task_at_a_time_per_source)
{
    struct sqs_task task = {.handle = "h1", .source = "arn:d", .to_move = 5};
    struct sqs_task again = {.handle = "h2", .source = "arn:d"};
    enum sqs_task_status status;
    struct sqs_task *tasks;
    size_t count;

    ck_assert_int_eq(sqs_store_task_add(store, &here, &task), STORE_OK);
    ck_assert_int_eq(sqs_store_task_add(store, &here, &again), STORE_EXISTS);
    ck_assert_int_eq(sqs_store_task_moved(store, task.id, 3, &status), STORE_OK);
    ck_assert_int_eq(status, SQS_TASK_RUNNING);
    ck_assert_int_eq(sqs_store_task_cancel(store, task.id), STORE_OK);
    ck_assert_int_eq(sqs_store_task_cancel(store, task.id), STORE_NOT_FOUND);
    ck_assert_int_eq(sqs_store_task_moved(store, task.id, 4, &status), STORE_OK);
    ck_assert_int_eq(status, SQS_TASK_CANCELLING);
    ck_assert_int_eq(sqs_store_tasks_active(store, 10, &a, &tasks, &count), STORE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(sqs_store_task_end(store, task.id, SQS_TASK_CANCELLED, NULL), STORE_OK);
    ck_assert_int_eq(sqs_store_task_add(store, &here, &again), STORE_OK);
    ck_assert_int_eq(sqs_store_tasks_of(store, "arn:d", 10, &a, &tasks, &count), STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(tasks[0].handle, "h2");
    ck_assert_int_eq(tasks[1].moved, 4);
}
END_TEST

START_TEST(names_are_listed_by_prefix)
{
    const char **names;
    size_t count;

    make("q1");
    make("Q2");
    make("r");
    ck_assert_int_eq(sqs_store_list(store, &here, "q", "", 10, &a, &names, &count), STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[1], "q1");
    ck_assert_int_eq(sqs_store_list(store, &here, "", "q", 1, &a, &names, &count), STORE_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(names[0], "q1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sqs_store");
    TCase *c = tcase_create("store");

    tcase_add_checked_fixture(c, set_up, teardown);
    tcase_add_test(c, a_message_comes_back);
    tcase_add_test(c, numbers_are_promised_ahead);
    tcase_add_test(c, all_or_none);
    tcase_add_test(c, a_purge_hides_at_once_and_trims_bit_by_bit);
    tcase_add_test(c, a_deleted_queue_takes_nothing);
    tcase_add_test(c, a_deleted_queue_holds_back_no_other);
    tcase_add_test(c, a_message_moves);
    tcase_add_test(c, one_task_at_a_time_per_source);
    tcase_add_test(c, names_are_listed_by_prefix);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
