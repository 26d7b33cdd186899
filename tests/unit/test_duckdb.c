/* DuckDB as an engine: it is found, locked down, and can't be unlocked. */
#include "server/duckdb/engine.h"

#include "server/base/nameless.h"
#include "tests/unit/duckdb_fixture.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <fcntl.h>

static struct engine_functions lib;
static struct engine engine;
static int file = -1;
static char path[ENGINE_PATH_MAX];

static void setup(void)
{
    ck_assert(engine_load(duckdb_library(), &lib));
    file = nameless_open("/tmp");
    ck_assert_int_ge(file, 0);
    engine_file_path(file, path);
    ck_assert_msg(engine_open(&engine, &lib,
                              &(struct engine_options){
                                  .memory_mb = 64, .threads = 1, .files = &file, .file_count = 1}),
                  "%s", engine.problem);
}

static void teardown(void)
{
    engine_close(&engine);
    close(file);
}

static bool run(const char *format)
{
    AUTO_FREE char *sql = NULL;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    sql = x_asprintf(format, path);
#pragma GCC diagnostic pop
    return engine_run(&engine, sql);
}

START_TEST(files_that_were_given_are_written_and_read)
{
    char begin[4] = "";

    ck_assert_msg(run("COPY (SELECT 1 AS a) TO '%s' (FORMAT parquet, USE_TMP_FILE false)"), "%s",
                  engine.problem);
    ck_assert_int_eq(pread(file, begin, 4, 0), 4);
    ck_assert_mem_eq(begin, "PAR1", 4);
    ck_assert_msg(run("SELECT * FROM read_parquet('%s')"), "%s", engine.problem);
}
END_TEST

START_TEST(nothing_else_is_reached)
{
    AUTO_CLOSE int other = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *by_number = x_asprintf("FROM read_text('/proc/self/fd/%d')", other);
    const char *const refused[] = {
        by_number,
        "FROM read_text('/etc/passwd')",
        "FROM read_text('/tmp/../etc/passwd')",
        "FROM glob('/etc/*')",
        "FROM read_parquet('s3://bucket/key')",
        "FROM read_parquet('http://127.0.0.1/x')",
        "COPY (SELECT 1) TO '/tmp/cadabra-engine-out.csv'",
        "ATTACH '/tmp/cadabra-engine.db'",
        "EXPORT DATABASE '/tmp/cadabra-engine'",
        "INSTALL httpfs",
        "LOAD '/tmp/x.duckdb_extension'",
        "SET enable_external_access=true",
        "SET allowed_paths=['/etc/passwd']",
        "SET memory_limit='64GiB'",
        "SET lock_configuration=false",
        "PRAGMA enable_logging",
    };

    ck_assert_int_ge(other, 0);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        ck_assert_msg(!engine_run(&engine, refused[i]), "%s", refused[i]);
        ck_assert_msg(engine.problem[0] && !strchr(engine.problem, '\n'), "%s", refused[i]);
    }
    ck_assert_int_ne(access("/tmp/cadabra-engine-out.csv", F_OK), 0);
}
END_TEST

START_TEST(its_memory_is_bounded)
{
    ck_assert(!engine_run(&engine, "CREATE TABLE t AS SELECT repeat(i::VARCHAR, 100) AS a, i "
                                   "FROM range(20000000) r(i)"));
    ck_assert_ptr_nonnull(strstr(engine.problem, "Out of Memory"));
    ck_assert_msg(engine_run(&engine, "SELECT 1"), "%s", engine.problem);
}
END_TEST

START_TEST(a_library_that_is_missing_is_told)
{
    struct engine_functions none;

    ck_assert_ptr_null(engine_find("/nowhere/libduckdb.so"));
    ck_assert(!engine_load("/nowhere/libduckdb.so", &none));
    ck_assert(!engine_load("/etc/passwd", &none));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("duckdb");
    TCase *c = tcase_create("engine");
    TCase *m = tcase_create("missing");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, files_that_were_given_are_written_and_read);
    tcase_add_test(c, nothing_else_is_reached);
    tcase_add_test(c, its_memory_is_bounded);
    suite_add_tcase(suite, c);
    tcase_add_test(m, a_library_that_is_missing_is_told);
    suite_add_tcase(suite, m);
    return run_suite(suite);
}
