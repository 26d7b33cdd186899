/* Databases: shared commits, single rollbacks, readers beside the writer, migrations, kill -9. */
#include "storage/sql.h"

#include "server/base/fiber.h"
#include "storage/scope.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static const struct sql_migration migrations[] = {
    {"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT NOT NULL) STRICT"},
    {"CREATE TABLE u (id INTEGER PRIMARY KEY, b BLOB) STRICT; INSERT INTO t VALUES (1, 'first')"},
};

static struct store_root *open_root(const char *directory)
{
    char problem[256] = "";
    struct store_root *root =
        store_open(&(struct store_options){.directory = directory}, problem, sizeof(problem));

    ck_assert_msg(root != NULL, "%s", problem);
    return root;
}

static void temporary_path(char out[64])
{
    snprintf(out, 64, "%s", "/tmp/cadabra-test-sql-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(out));
}

static void remove_path(const char *path)
{
    struct store_root *root = open_root(path);

    ck_assert_int_eq(store_empty(root), STORE_OK);
    store_close(root);
    AUTO_FREE char *lock = x_asprintf("%s/lock", path);
    unlink(lock);
    ck_assert_int_eq(rmdir(path), 0);
}

static struct sql_db *open_db(struct store_root *root)
{
    struct sql_db *db = sql_open(root, "test", migrations, ARRAY_LEN(migrations));

    ck_assert_ptr_nonnull(db);
    return db;
}

static enum store_status insert(struct sql *s, int64_t id, const char *v)
{
    return sql_exec(s, "INSERT INTO t (id, v) VALUES (?1, ?2)", sql_int(id), sql_text(v));
}

static int64_t count_rows(struct sql *s)
{
    struct sql_stmt *st = sql_prepare(s, "SELECT count(*) FROM t WHERE id > 1");
    int64_t n;

    ck_assert_int_eq(sql_step(st), STORE_OK);
    n = sql_column_int(st, 0);
    sql_reset(st);
    return n;
}

static int64_t rows_seen_by_reader(struct sql_db *db)
{
    struct sql *s;
    int64_t n;

    ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
    n = count_rows(s);
    sql_read_end(s);
    return n;
}

START_TEST(values_come_back_as_they_went_in)
{
    struct store_root *root = open_root(NULL);
    struct sql_db *db = open_db(root);
    struct arena a;
    struct sql *s;
    struct sql_stmt *st;
    struct bytes b;

    arena_init(&a);
    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    st = sql_prepare(s, "INSERT INTO u (id, b) VALUES (?1, ?2)");
    sql_bind_int(st, 1, INT64_MIN);
    sql_bind_blob(st, 2, "a\0b", 3);
    ck_assert_int_eq(sql_run(st), STORE_OK);
    st = sql_prepare(s, "INSERT INTO u (id, b) VALUES (?1, ?2)");
    sql_bind_int(st, 1, 2);
    sql_bind_blob(st, 2, "", 0);
    ck_assert_int_eq(sql_run(st), STORE_OK);
    st = sql_prepare(s, "INSERT INTO u (id, b) VALUES (?1, ?2)");
    sql_bind_int(st, 1, 3); /* the second stays unbound: NULL, not what was bound before */
    ck_assert_int_eq(sql_run(st), STORE_OK);
    ck_assert_int_eq(sql_last_rowid(s), 3);
    ck_assert_int_eq(sql_changes(s), 1);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);

    ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
    st = sql_prepare(s, "SELECT id, b, typeof(b) FROM u ORDER BY id");
    ck_assert_int_eq(sql_step(st), STORE_OK);
    ck_assert_int_eq(sql_column_int(st, 0), INT64_MIN);
    b = sql_column_bytes(st, 1, &a);
    ck_assert_uint_eq(b.len, 3);
    ck_assert_mem_eq(b.data, "a\0b", 3);
    ck_assert_int_eq(sql_step(st), STORE_OK);
    b = sql_column_blob(st, 1);
    ck_assert_ptr_nonnull(b.data);
    ck_assert_uint_eq(b.len, 0);
    ck_assert_int_eq(sql_step(st), STORE_OK);
    ck_assert(sql_column_is_null(st, 1));
    ck_assert_ptr_null(sql_column_text(st, 1, &a));
    ck_assert_str_eq(sql_column_text(st, 2, &a), "null");
    ck_assert_int_eq(sql_step(st), STORE_NOT_FOUND);
    sql_read_end(s);
    arena_release(&a);
    sql_close(db);
    store_close(root);
}
END_TEST

static void read_id(struct sql_stmt *st, struct arena *a, void *out)
{
    int64_t *id = out;

    ck_assert_ptr_nonnull(sql_column_text(st, 1, a));
    *id = sql_column_int(st, 0);
}

START_TEST(one_row_and_rows_are_read_by_a_function)
{
    static const char text[] = "SELECT id, v FROM t WHERE id > ?1 ORDER BY id";
    struct store_root *root = open_root(NULL);
    struct sql_db *db = open_db(root);
    int64_t id = 0, ids[4] = {0};
    size_t count = 99;
    struct arena a;
    struct sql *s;

    arena_init(&a);
    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    for (int64_t i = 2; i < 6; i++)
        ck_assert_int_eq(insert(s, i, "x"), STORE_OK);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
    ck_assert_int_eq(sql_row(sql_query(s, text, sql_int(2)), read_id, &a, &id), STORE_OK);
    ck_assert_int_eq(id, 3);
    ck_assert_int_eq(sql_row(sql_query(s, text, sql_int(5)), read_id, &a, &id), STORE_NOT_FOUND);
    ck_assert_int_eq(id, 3);
    /* No more than there is room for, although the statement has more. */
    ck_assert_int_eq(sql_rows(sql_query(s, text, sql_int(1)), read_id, &a, ids, 2, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(ids[1], 3);
    ck_assert_int_eq(ids[2], 0);
    ck_assert_int_eq(sql_rows(sql_query(s, text, sql_int(3)), read_id, &a, ids, 4, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(ids[0], 4);
    ck_assert_int_eq(sql_rows(sql_query(s, text, sql_int(5)), read_id, &a, ids, 4, &count),
                     STORE_OK);
    ck_assert_uint_eq(count, 0);
    sql_read_end(s);
    arena_release(&a);
    sql_close(db);
    store_close(root);
}
END_TEST

START_TEST(same_text_can_be_used_inside_itself)
{
    struct store_root *root = open_root(NULL);
    struct sql_db *db = open_db(root);
    static const char text[] = "SELECT id FROM t ORDER BY id";
    struct sql *s;
    int pairs = 0;

    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    ck_assert_int_eq(insert(s, 2, "x"), STORE_OK);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
    struct sql_stmt *outer = sql_prepare(s, text);
    while (sql_step(outer) == STORE_OK) {
        struct sql_stmt *inner = sql_prepare(s, text);
        ck_assert_ptr_ne(inner, outer);
        while (sql_step(inner) == STORE_OK)
            pairs++;
    }
    ck_assert_int_eq(pairs, 4);
    sql_read_end(s);
    sql_close(db);
    store_close(root);
}
END_TEST

START_TEST(status_other_than_ok_rolls_back)
{
    struct store_root *root = open_root(NULL);
    struct sql_db *db = open_db(root);
    struct sql *s;

    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    ck_assert_int_eq(insert(s, 2, "x"), STORE_OK);
    ck_assert_int_eq(count_rows(s), 1); /* it sees what it wrote */
    ck_assert_int_eq(rows_seen_by_reader(db), 0);
    ck_assert_int_eq(sql_write_end(s, STORE_CONFLICT), STORE_CONFLICT);
    ck_assert_int_eq(rows_seen_by_reader(db), 0);

    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    ck_assert_int_eq(insert(s, 2, "x"), STORE_OK);
    ck_assert_int_eq(insert(s, 2, "again"), STORE_EXISTS);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK); /* the first insert stands */
    ck_assert_int_eq(rows_seen_by_reader(db), 1);
    sql_close(db);
    store_close(root);
}
END_TEST

START_TEST(reader_keeps_its_snapshot_and_never_waits)
{
    struct store_root *root = open_root(NULL);
    struct sql_db *db = open_db(root);
    struct sql *reader;
    struct sql *writer;

    ck_assert_int_eq(sql_read_begin(db, &reader), STORE_OK);
    ck_assert_int_eq(count_rows(reader), 0);
    ck_assert_int_eq(sql_write_begin(db, &writer), STORE_OK);
    ck_assert_int_eq(insert(writer, 2, "x"), STORE_OK);
    ck_assert_int_eq(rows_seen_by_reader(db), 0); /* another one, while the writer is at it */
    ck_assert_int_eq(sql_write_end(writer, STORE_OK), STORE_OK);
    ck_assert_int_eq(count_rows(reader), 0);
    sql_read_end(reader);
    ck_assert_int_eq(rows_seen_by_reader(db), 1);
    sql_close(db);
    store_close(root);
}
END_TEST

/* --- many writers --- */

enum { WRITERS = 16, TURNS = 150 };

struct crowd {
    struct sql_db *db;
    _Atomic int next_id;
    _Atomic int kept;
};

/* Every seventh turn only reads; every third is taken back after it has written two rows. */
static enum store_status planned(int id)
{
    return id % 7 == 0 ? STORE_NOT_FOUND : id % 3 == 0 ? STORE_CONFLICT : STORE_OK;
}

static enum store_status one_turn(struct sql *s, void *context)
{
    int id = *(int *)context;
    enum store_status plan = planned(id);
    const char *v = plan == STORE_OK ? "good" : "bad";

    if (plan == STORE_NOT_FOUND) {
        count_rows(s);
        return plan;
    }
    ck_assert_int_eq(insert(s, id, v), STORE_OK);
    ck_assert_int_eq(insert(s, id + 1, v), STORE_OK);
    return plan;
}

/* The row -1 is there already, and not counted. */
static enum store_status one_change(struct sql *s, void *context)
{
    int id = *(int *)context;

    sql_one_change(s);
    return planned(id) == STORE_OK ? insert(s, id, "good") : insert(s, -1, "bad");
}

/* All ways to write, side by side. */
static void *write_many(void *context)
{
    struct crowd *c = context;

    for (int i = 0; i < TURNS; i++) {
        int id = 2 + 2 * atomic_fetch_add(&c->next_id, 1);
        enum store_status plan = planned(id);
        struct sql *s;

        if (i % 3 == 2) {
            ck_assert_int_eq(sql_write(c->db, one_change, &id),
                             plan == STORE_OK ? STORE_OK : STORE_EXISTS);
            atomic_fetch_add(&c->kept, plan == STORE_OK);
            continue;
        }
        if (i % 3 == 0) {
            ck_assert_int_eq(sql_write_begin(c->db, &s), STORE_OK);
            ck_assert_int_eq(sql_write_end(s, one_turn(s, &id)), plan);
        } else {
            ck_assert_int_eq(sql_write(c->db, one_turn, &id), plan);
        }
        if (plan == STORE_OK)
            atomic_fetch_add(&c->kept, 2);
    }
    return NULL;
}

START_TEST(writers_share_commits_and_fail_alone)
{
    struct store_root *root = open_root(NULL);
    struct crowd c = {.db = open_db(root)};
    pthread_t threads[WRITERS];
    struct sql *s;
    struct sql_stmt *st;

    ck_assert_int_eq(sql_write_begin(c.db, &s), STORE_OK);
    ck_assert_int_eq(insert(s, -1, "first"), STORE_OK);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    for (size_t i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_many, &c), 0);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_gt(c.kept, WRITERS * TURNS / 2);
    ck_assert_int_eq(rows_seen_by_reader(c.db), c.kept);
    ck_assert_int_eq(sql_read_begin(c.db, &s), STORE_OK);
    st = sql_prepare(s, "SELECT count(*) FROM t WHERE v = 'bad'");
    ck_assert_int_eq(sql_step(st), STORE_OK);
    ck_assert_int_eq(sql_column_int(st, 0), 0);
    sql_read_end(s);
    sql_close(c.db);
    store_close(root);
}
END_TEST

enum { FIBERS = 8, FIBER_THREADS = 2, THREADS_BESIDE = 4 };

static void write_many_in_a_fiber(void *context)
{
    write_many(context);
}

static void *write_in_fibers(void *context)
{
    struct fibers *set = fibers_new();

    for (size_t i = 0; i < FIBERS; i++) {
        ck_assert(fibers_start(set, write_many_in_a_fiber, context));
        ck_assert_uint_eq(fibers_waiting(set), i + 1);
    }
    fibers_finish(set);
    fibers_free(set);
    return NULL;
}

START_TEST(fibers_and_threads_write_side_by_side)
{
    struct store_root *root = open_root(NULL);
    struct crowd c = {.db = open_db(root)};
    pthread_t threads[FIBER_THREADS + THREADS_BESIDE];
    struct sql *s;

    ck_assert_int_eq(sql_write_begin(c.db, &s), STORE_OK);
    ck_assert_int_eq(insert(s, -1, "first"), STORE_OK);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, i < FIBER_THREADS ? write_in_fibers : write_many, &c),
            0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(rows_seen_by_reader(c.db), c.kept);
    ck_assert_int_eq(atomic_load(&c.next_id), (FIBER_THREADS * FIBERS + THREADS_BESIDE) * TURNS);
    sql_close(c.db);
    store_close(root);
}
END_TEST

struct held_up {
    struct sql_db *db;
    pthread_mutex_t lock;
    atomic_bool locked;
    int64_t next_id;
};

static enum store_status insert_next(struct sql *s, void *context)
{
    struct held_up *h = context;

    return insert(s, 2 + h->next_id++, "row");
}

static void writes_in_a_fiber(void *context)
{
    struct held_up *h = context;

    ck_assert_int_eq(sql_write(h->db, insert_next, h), STORE_OK);
}

/* As a fiber does that meets a lock which its holder needs for long. */
static void blocks_on_the_lock(void *context)
{
    struct held_up *h = context;

    pthread_mutex_lock(&h->lock);
    pthread_mutex_unlock(&h->lock);
}

static void *writes_with_the_lock(void *context)
{
    struct held_up *h = context;

    pthread_mutex_lock(&h->lock);
    atomic_store(&h->locked, true);
    ck_assert_int_eq(sql_write(h->db, insert_next, h), STORE_OK);
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

START_TEST(a_fiber_that_waits_owns_nothing)
{
    struct store_root *root = open_root(NULL);
    struct held_up h = {.db = open_db(root), .lock = PTHREAD_MUTEX_INITIALIZER};
    struct fibers *set = fibers_new();
    pthread_t thread;

    ck_assert(fibers_start(set, writes_in_a_fiber, &h));
    ck_assert_uint_eq(fibers_waiting(set), 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, writes_with_the_lock, &h), 0);
    while (!atomic_load(&h.locked))
        usleep(1000);
    ck_assert(fibers_start(set, blocks_on_the_lock, &h));
    ck_assert_uint_eq(fibers_waiting(set), 1);
    fibers_finish(set);
    pthread_join(thread, NULL);
    ck_assert_int_eq(rows_seen_by_reader(h.db), 2);
    fibers_free(set);
    sql_close(h.db);
    store_close(root);
}
END_TEST

/* --- the log --- */

struct overlap {
    struct sql_db *db;
    _Atomic bool stop;
};

/* Two of these leave no moment without a reader. */
static void *read_without_a_gap(void *context)
{
    struct overlap *o = context;

    while (!atomic_load(&o->stop)) {
        struct sql *s;
        ck_assert_int_eq(sql_read_begin(o->db, &s), STORE_OK);
        count_rows(s);
        nanosleep(&(struct timespec){.tv_nsec = 3 * 1000000L}, NULL);
        sql_read_end(s);
    }
    return NULL;
}

static enum store_status write_large(struct sql *s, void *context)
{
    struct sql_stmt *st =
        sql_prepare(s, "INSERT OR REPLACE INTO u (id, b) VALUES (1, zeroblob(1 << 20))");

    (void)context;
    return sql_run(st);
}

START_TEST(the_log_stays_bounded_under_constant_readers)
{
    enum { LOG_MAX = 100 << 20, ROUNDS = 250 };
    struct store_root *root = open_root(NULL);
    struct overlap o = {.db = open_db(root)};
    AUTO_FREE char *log = x_asprintf("%s/test.db-wal", store_directory(root));
    pthread_t threads[2];
    struct stat st;

    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_without_a_gap, &o), 0);
    for (int i = 0; i < ROUNDS; i++)
        ck_assert_int_eq(sql_write(o.db, write_large, NULL), STORE_OK);
    ck_assert_int_eq(stat(log, &st), 0);
    ck_assert_int_lt(st.st_size, LOG_MAX);
    atomic_store(&o.stop, true);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
    sql_close(o.db);
    store_close(root);
}
END_TEST

/* Row id of table u, filled with `fill`; 8 MB of them do not fit into the cache of a connection, so
 * pages go to the log, and are read and written there again, before the transaction ends. */
enum { SPILL_ROWS = 2000, SPILL_BYTES = 4000 };

static void fill_rows(struct sql *s, uint8_t fill)
{
    uint8_t row[SPILL_BYTES];

    memset(row, fill, sizeof(row));
    for (int64_t id = 1; id <= SPILL_ROWS; id++)
        ck_assert_int_eq(sql_exec(s, "INSERT OR REPLACE INTO u (id, b) VALUES (?1, ?2)",
                                  sql_int(id),
                                  sql_blob((struct bytes){.data = row, .len = sizeof(row)})),
                         STORE_OK);
}

static void expect_rows(struct sql_db *db, uint8_t fill)
{
    struct sql *s;
    struct sql_stmt *st;
    int64_t count = 0;

    ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
    st = sql_prepare(s, "SELECT b FROM u ORDER BY id");
    while (sql_step(st) == STORE_OK) {
        struct bytes b = sql_column_blob(st, 0);
        ck_assert_uint_eq(b.len, SPILL_BYTES);
        ck_assert_uint_eq(b.data[0], fill);
        ck_assert_uint_eq(b.data[SPILL_BYTES - 1], fill);
        count++;
    }
    ck_assert_int_eq(count, SPILL_ROWS);
    sql_read_end(s);
}

START_TEST(large_transactions_go_through_the_log)
{
    char path[64];
    struct store_root *root;
    struct sql_db *db;
    struct sql *s;

    temporary_path(path);
    root = open_root(path);
    db = open_db(root);
    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    fill_rows(s, 'a');
    fill_rows(s, 'b'); /* what was spilled is written a second time, in its place */
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    expect_rows(db, 'b');

    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    fill_rows(s, 'c');
    ck_assert_int_eq(sql_write_end(s, STORE_CONFLICT), STORE_CONFLICT);
    expect_rows(db, 'b');
    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    fill_rows(s, 'd'); /* over what the last one left in the log */
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    expect_rows(db, 'd');

    sql_close(db);
    db = open_db(root);
    expect_rows(db, 'd');
    sql_close(db);
    store_close(root);
    remove_path(path);
}
END_TEST

/* --- scopes --- */

START_TEST(scope_ids_are_stable_and_roll_back)
{
    struct store_root *root = open_root(NULL);
    struct sql_db *db = open_db(root);
    const struct scope one = {"000000000000", "us-east-1"};
    const struct scope two = {"000000000000", "eu-west-1"};
    const struct scope too_long = {"0000000000001111", "us-east-1"};
    struct sql *s;
    int64_t id = 0;
    int64_t other = 0;

    ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
    ck_assert_int_eq(sql_scope_id(s, &one, false, &id), STORE_NOT_FOUND);
    ck_assert_int_eq(sql_scope_id(s, &too_long, false, &id), STORE_NOT_FOUND);
    sql_read_end(s);

    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    ck_assert_int_eq(sql_scope_id(s, &too_long, true, &id), STORE_LIMIT);
    ck_assert_int_eq(sql_scope_id(s, &one, true, &id), STORE_OK);
    ck_assert_int_eq(sql_write_end(s, STORE_CONFLICT), STORE_CONFLICT);
    ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
    ck_assert_int_eq(sql_scope_id(s, &one, false, &id), STORE_NOT_FOUND);
    sql_read_end(s);

    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    ck_assert_int_eq(sql_scope_id(s, &two, true, &other), STORE_OK);
    ck_assert_int_eq(sql_scope_id(s, &one, true, &id), STORE_OK);
    ck_assert_int_ne(id, other);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    for (int i = 0; i < 2; i++) {
        int64_t again = 0;
        ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
        ck_assert_int_eq(sql_scope_id(s, &one, false, &again), STORE_OK);
        ck_assert_int_eq(again, id);
        sql_read_end(s);
    }
    sql_close(db);
    store_close(root);
}
END_TEST

/* --- on disk --- */

START_TEST(migrations_run_once_and_only_forward)
{
    char path[64];
    struct store_root *root;
    struct sql_db *db;
    struct sql *s;

    temporary_path(path);
    root = open_root(path);
    ck_assert(!store_has(root, "test"));
    db = sql_open(root, "test", migrations, 1);
    ck_assert_ptr_nonnull(db);
    ck_assert_int_eq(sql_write_begin(db, &s), STORE_OK);
    ck_assert_int_eq(insert(s, 5, "old"), STORE_OK);
    ck_assert_int_eq(sql_write_end(s, STORE_OK), STORE_OK);
    sql_close(db);
    ck_assert(store_has(root, "test"));
    for (int i = 0; i < 2; i++) { /* the second migration would fail if it ran twice */
        db = open_db(root);
        ck_assert_int_eq(rows_seen_by_reader(db), 1);
        sql_close(db);
    }
    ck_assert_ptr_null(sql_open(root, "test", migrations, 1));
    store_close(root);
    remove_path(path);
}
END_TEST

START_TEST(failed_migration_leaves_nothing)
{
    static const struct sql_migration wrong[] = {
        {"CREATE TABLE t (id INTEGER) STRICT; CREATE TABLE"}};
    struct store_root *root = open_root(NULL);
    struct sql_db *db;

    ck_assert_ptr_null(sql_open(root, "test", wrong, 1));
    db = open_db(root); /* would find table t if half of the migration had stayed */
    sql_close(db);
    store_close(root);
}
END_TEST

/* Writes from several threads and says after each acknowledged one which it was. */
static void *write_and_tell(void *context)
{
    struct crowd *c = context;

    for (;;) {
        int id = 2 + atomic_fetch_add(&c->next_id, 1);
        struct sql *s;

        if (sql_write_begin(c->db, &s) != STORE_OK)
            _exit(1);
        if (sql_write_end(s, insert(s, id, "row")) != STORE_OK ||
            write(c->kept, &id, sizeof(id)) != sizeof(id))
            _exit(1);
    }
    return NULL;
}

static void write_until_killed(const char *path, int out)
{
    struct crowd c = {.db = open_db(open_root(path)), .kept = out};
    pthread_t t;

    for (int i = 0; i < 8; i++)
        pthread_create(&t, NULL, write_and_tell, &c);
    pause();
    _exit(1);
}

START_TEST(acknowledged_writes_survive_kill)
{
    char path[64];
    int ends[2];
    int id;
    int acknowledged = 0;
    pid_t child;
    struct store_root *root;
    struct sql_db *db;
    struct sql *s;

    temporary_path(path);
    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    if (child == 0)
        write_until_killed(path, ends[1]);
    close(ends[1]);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, 60000), 1);
    nanosleep(&(struct timespec){.tv_nsec = 300 * 1000000L}, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    root = open_root(path); /* the lock went with the process */
    db = open_db(root);
    ck_assert_int_eq(sql_read_begin(db, &s), STORE_OK);
    while (read(ends[0], &id, sizeof(id)) == sizeof(id)) {
        struct sql_stmt *st = sql_prepare(s, "SELECT 1 FROM t WHERE id = ?1");
        sql_bind_int(st, 1, id);
        ck_assert_int_eq(sql_step(st), STORE_OK);
        sql_reset(st);
        acknowledged++;
    }
    ck_assert_int_gt(acknowledged, 0);
    sql_read_end(s);
    close(ends[0]);
    sql_close(db);
    store_close(root);
    remove_path(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sql");
    TCase *tc = tcase_create("sql");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, values_come_back_as_they_went_in);
    tcase_add_test(tc, one_row_and_rows_are_read_by_a_function);
    tcase_add_test(tc, same_text_can_be_used_inside_itself);
    tcase_add_test(tc, status_other_than_ok_rolls_back);
    tcase_add_test(tc, reader_keeps_its_snapshot_and_never_waits);
    tcase_add_test(tc, writers_share_commits_and_fail_alone);
    tcase_add_test(tc, fibers_and_threads_write_side_by_side);
    tcase_add_test(tc, a_fiber_that_waits_owns_nothing);
    tcase_add_test(tc, the_log_stays_bounded_under_constant_readers);
    tcase_add_test(tc, large_transactions_go_through_the_log);
    tcase_add_test(tc, scope_ids_are_stable_and_roll_back);
    tcase_add_test(tc, migrations_run_once_and_only_forward);
    tcase_add_test(tc, failed_migration_leaves_nothing);
    tcase_add_test(tc, acknowledged_writes_survive_kill);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
