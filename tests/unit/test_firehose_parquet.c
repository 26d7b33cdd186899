/* Rows of Hive's types into Parquet, and out of it again by DuckDB: types, values, options. */
#include "handlers/firehose/parquet.h"

#include "server/config.h"
#include "server/duckdb/parquet_writer.h"
#include "tests/unit/duckdb_fixture.h"
#include "tests/unit/run_suite.h"

#include <check.h>
#include <fcntl.h>

static struct arena arena;
static struct config config;
static struct app app;
static struct spool spool;
static struct engine_functions lib;
static struct engine engine;
static const struct firehose_ParquetSerDe defaults;
static struct firehose_OpenXJsonSerDe openx_options;
static const struct firehose_Deserializer openx = {.OpenXJsonSerDe = &openx_options};

static void setup(void)
{
    arena_init(&arena);
    config.duckdb = duckdb_library();
    app.config = &config;
    spool_init(&spool, "/tmp");
    ck_assert(engine_load(config.duckdb, &lib));
}

static void teardown(void)
{
    spool_release(&spool);
    arena_release(&arena);
}

static const struct hive_type *type_of(const char *text)
{
    const char *problem = NULL;
    const struct hive_type *type = hive_type_parse(&arena, text, &problem);

    ck_assert_msg(type != NULL, "%s: %s", text, problem);
    return type;
}

/* Writes the documents as rows. */
static void write_rows(const char *table, const struct firehose_ParquetSerDe *options,
                       const char *documents)
{
    const struct hive_type *type = type_of(table);
    struct json_row_failure why = {0};
    struct json_rows rows;
    struct column_writer *w;

    ck_assert_msg(json_row_read(&openx, type,
                                (struct bytes){(const uint8_t *)documents, strlen(documents)},
                                &arena, &rows, &why),
                  "%s", why.message);
    w = parquet_begin(&app, type, options, &spool);
    ck_assert_ptr_nonnull(w);
    for (size_t i = 0; i < rows.count; i++)
        parquet_add(w, &rows.items[i]);
    ck_assert(parquet_end(w));
    ck_assert_int_gt(spool.size, 0);
}

/* --- reading it --- */

/* The only column of a query's rows, a text, with a blank behind each. */
static const char *ask(const char *format)
{
    char path[ENGINE_PATH_MAX];
    struct strbuf out = STRBUF_INIT(1 << 20);
    struct duckdb_result result;
    struct duckdb_chunk *chunk;
    const char *text;
    AUTO_FREE char *sql = NULL;

    ck_assert_msg(
        engine_open(&engine, &lib,
                    &(struct engine_options){
                        .memory_mb = 256, .threads = 1, .files = &spool.fd, .file_count = 1}),
        "%s", engine.problem);
    engine_file_path(spool.fd, path);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    sql = x_asprintf(format, path);
#pragma GCC diagnostic pop
    ck_assert_msg(lib.query(engine.connection, sql, &result) == DUCKDB_SUCCESS, "%s",
                  lib.result_error(&result));
    while ((chunk = lib.fetch_chunk(result))) {
        for (uint64_t i = 0; i < lib.data_chunk_get_size(chunk); i++) {
            struct bytes cell = engine_text(&lib, chunk, 0, i);

            strbuf_add(&out, cell.data, cell.len);
            strbuf_add_char(&out, ' ');
        }
        lib.destroy_data_chunk(&chunk);
    }
    lib.destroy_result(&result);
    engine_close(&engine);
    text = arena_strndup(&arena, out.data ? out.data : "", out.len);
    strbuf_release(&out);
    return text;
}

#define ROWS "SELECT to_json(t)::VARCHAR FROM read_parquet('%s') t"
#define SCHEMA                                                                                     \
    "SELECT concat_ws('/', name, type, converted_type, precision, scale, repetition_type) "        \
    "FROM parquet_schema('%s') WHERE name <> 'duckdb_schema'"

START_TEST(each_type_has_its_own_in_parquet)
{
    static const struct {
        const char *hive;
        const char *parquet;
        const char *given;
        const char *expected;
    } cases[] = {
        {"boolean", "BOOLEAN/OPTIONAL", "true", "true"},
        {"tinyint", "INT32/INT_8/OPTIONAL", "-128", "-128"},
        {"smallint", "INT32/INT_16/OPTIONAL", "32767", "32767"},
        {"int", "INT32/INT_32/OPTIONAL", "-2147483648", "-2147483648"},
        {"bigint", "INT64/INT_64/OPTIONAL", "9223372036854775807", "9223372036854775807"},
        {"float", "FLOAT/OPTIONAL", "1.5", "1.5"},
        {"double", "DOUBLE/OPTIONAL", "-1.25e300", "-1.25e+300"},
        {"decimal(4,2)", "INT32/DECIMAL/4/2/OPTIONAL", "-12.34", "-12.34"},
        {"decimal(9,2)", "INT32/DECIMAL/9/2/OPTIONAL", "1234567.89", "1234567.89"},
        {"decimal(18,3)", "INT64/DECIMAL/18/3/OPTIONAL", "-123456789012345.678",
         "-123456789012345.678"},
        {"decimal(38,10)", "FIXED_LEN_BYTE_ARRAY/DECIMAL/38/10/OPTIONAL",
         "-1234567890123456789012345678.0123456789", "-1234567890123456789012345678.0123456789"},
        {"string", "BYTE_ARRAY/UTF8/OPTIONAL", "\"a longer text, é\"", "a longer text, é"},
        {"varchar(3)", "BYTE_ARRAY/UTF8/OPTIONAL", "\"abcd\"", "abc"},
        {"char(3)", "BYTE_ARRAY/UTF8/OPTIONAL", "\"ab\"", "ab"},
        {"date", "INT32/DATE/OPTIONAL", "\"1969-12-31\"", "1969-12-31"},
        {"timestamp", "INT64/TIMESTAMP_MICROS/OPTIONAL", "\"2024-02-29 12:34:56.789\"",
         "2024-02-29 12:34:56.789"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        write_rows(arena_printf(&arena, "struct<c:%s>", cases[i].hive), &defaults,
                   arena_printf(&arena, "{\"c\":%s} {\"c\":null}", cases[i].given));
        ck_assert_str_eq(ask(SCHEMA), arena_printf(&arena, "c/%s ", cases[i].parquet));
        ck_assert_str_eq(ask("SELECT coalesce(c::VARCHAR, 'null') FROM read_parquet('%s')"),
                         arena_printf(&arena, "%s null ", cases[i].expected));
        spool_release(&spool);
        spool_init(&spool, "/tmp");
    }
}
END_TEST

START_TEST(what_nests_stays_as_it_is)
{
    write_rows("struct<id:int,l:array<array<int>>,m:map<string,struct<a:int,b:array<string>>>,"
               "s:struct<x:double,y:struct<z:string>>>",
               &defaults,
               "{\"id\":1,\"l\":[[1,2],[],null,[3,null]],"
               "\"m\":{\"k\":{\"a\":1,\"b\":[\"p\",\"q\"]},\"n\":null},"
               "\"s\":{\"x\":1.5,\"y\":{\"z\":\"deep\"}}}"
               "{\"id\":2}"
               "{\"id\":3,\"l\":[],\"m\":{},\"s\":{\"y\":{}}}"
               "{\"id\":4,\"l\":[[4]],\"m\":{\"o\":{\"b\":[null]}},\"s\":{\"x\":2}}");
    ck_assert_str_eq(ask(ROWS),
                     "{\"id\":1,\"l\":[[1,2],[],null,[3,null]],"
                     "\"m\":{\"k\":{\"a\":1,\"b\":[\"p\",\"q\"]},\"n\":null},"
                     "\"s\":{\"x\":1.5,\"y\":{\"z\":\"deep\"}}} "
                     "{\"id\":2,\"l\":null,\"m\":null,\"s\":null} "
                     "{\"id\":3,\"l\":[],\"m\":{},\"s\":{\"x\":null,\"y\":{\"z\":null}}} "
                     "{\"id\":4,\"l\":[[4]],\"m\":{\"o\":{\"a\":null,\"b\":[null]}},\"s\":{\"x\":2."
                     "0,\"y\":null}} ");
}
END_TEST

/* More than a chunk and than a row group, and texts that end chunks early. */
START_TEST(many_rows_arrive_in_order)
{
    const struct hive_type *type = type_of("struct<n:bigint,t:string,l:array<int>>");
    struct column_writer *w = parquet_begin(&app, type, &defaults, &spool);
    size_t long_len = 3 << 20;
    char *long_text = arena_alloc(&arena, long_len);

    memset(long_text, 'x', long_len);
    ck_assert_ptr_nonnull(w);
    for (int64_t i = 0; i < 200000; i++) {
        struct hive_value items[2] = {{.integer = i}, {.is_null = true}};
        struct hive_value fields[3] = {
            {.integer = i},
            {.text = {(const uint8_t *)long_text, i % 20000 == 0 ? long_len : (size_t)(i % 30)}},
            {.list = {items, (size_t)(i % 3)}},
        };

        parquet_add(w, &(struct hive_value){.list = {fields, 3}});
    }
    ck_assert(parquet_end(w));
    ck_assert_str_eq(
        ask("SELECT concat_ws('/', count(*), sum((n = file_row_number)::INT), "
            "sum((length(t) = CASE WHEN n %% 20000 = 0 THEN 3145728 ELSE n %% 30 END)::INT), "
            "sum((length(l) = n %% 3)::INT), sum((len(l) = 0 OR l[1] = n)::INT), "
            "sum((l[2] IS NULL)::INT)) FROM read_parquet('%s', file_row_number=true)"),
        "200000/200000/200000/200000/200000/200000 ");
    ck_assert_str_eq(ask("SELECT (count(*) > 1)::VARCHAR FROM parquet_file_metadata('%s') WHERE "
                         "num_row_groups > 1"),
                     "false ");
}
END_TEST

static void check_encoding(const struct firehose_ParquetSerDe *options, const char *expected)
{
    struct strbuf rows = STRBUF_INIT(1 << 20);

    for (int i = 0; i < 1000; i++)
        strbuf_add_format(&rows, "{\"t\":\"one of %d\",\"n\":%d}", i % 2, i);
    write_rows("struct<t:string,n:int>", options, rows.data);
    ck_assert_str_eq(ask("SELECT concat_ws('/', path_in_schema, compression, encodings) AS x "
                         "FROM parquet_metadata('%s') ORDER BY x"),
                     expected);
    strbuf_release(&rows);
    spool_release(&spool);
    spool_init(&spool, "/tmp");
}

START_TEST(options_are_honoured)
{
    const struct firehose_ParquetSerDe gzip = {
        .Compression = "GZIP", .EnableDictionaryCompression = {true, true}, .WriterVersion = "V1"};
    const struct firehose_ParquetSerDe plain = {.Compression = "UNCOMPRESSED",
                                                .WriterVersion = "V2"};

    check_encoding(&defaults, "n/SNAPPY/PLAIN t/SNAPPY/PLAIN ");
    check_encoding(&gzip, "n/GZIP/PLAIN t/GZIP/PLAIN_DICTIONARY ");
    check_encoding(&plain,
                   "n/UNCOMPRESSED/DELTA_BINARY_PACKED t/UNCOMPRESSED/DELTA_LENGTH_BYTE_ARRAY ");
}
END_TEST

START_TEST(options_that_are_not_are_named)
{
    const struct firehose_ParquetSerDe usual = {.BlockSizeBytes = {true, 268435456},
                                                .PageSizeBytes = {true, 1048576},
                                                .MaxPaddingBytes = {true, 0}};
    const struct firehose_ParquetSerDe pages = {.PageSizeBytes = {true, 65536}};
    const struct firehose_ParquetSerDe padding = {.MaxPaddingBytes = {true, 1}};

    ck_assert_ptr_null(parquet_option_problem(&defaults));
    ck_assert_ptr_null(parquet_option_problem(&usual));
    ck_assert_ptr_nonnull(strstr(parquet_option_problem(&pages), "PageSizeBytes"));
    ck_assert_ptr_nonnull(strstr(parquet_option_problem(&padding), "MaxPaddingBytes"));
    ck_assert_ptr_null(parquet_missing(&app));
    config.duckdb = "/nowhere/libduckdb.so";
    ck_assert_ptr_nonnull(strstr(parquet_missing(&app), "server/get-duckdb.sh"));
    ck_assert_ptr_null(parquet_begin(&app, type_of("struct<a:int>"), &defaults, &spool));
}
END_TEST

/* Writing into what is full; and nobody waits for a thread that has ended. */
START_TEST(a_fault_is_told_at_the_end)
{
    const struct parquet_options options = {.compression = "snappy", .version = 1};
    AUTO_CLOSE int full = open("/dev/full", O_RDWR | O_CLOEXEC);
    struct parquet_column column = {"n", lib.create_logical_type(DUCKDB_BIGINT)};
    struct parquet_writer *w;

    spool.directory = "/nowhere";
    ck_assert_ptr_null(parquet_begin(&app, type_of("struct<n:bigint>"), &defaults, &spool));
    ck_assert(spool.failed);
    w = parquet_writer_new(&lib, &column, 1, &options, full);
    ck_assert_ptr_nonnull(w);
    for (int i = 0; i < 200; i++) {
        int64_t *data = lib.vector_get_data(lib.data_chunk_get_vector(parquet_writer_chunk(w), 0));

        for (int j = 0; j < 2048; j++)
            data[j] = (int64_t)i * 1000003 * j;
        parquet_writer_send(w, 2048);
    }
    ck_assert(!parquet_writer_end(w));
    lib.destroy_logical_type(&column.type);
}
END_TEST

START_TEST(names_of_columns_are_taken_as_they_are)
{
    const struct hive_type *bigint = type_of("bigint");
    const struct hive_field fields[] = {{"N", bigint}, {"a \"b\", '", bigint}, {"select", bigint}};
    const struct hive_type type = {.kind = HIVE_STRUCT, .fields = fields, .field_count = 3};
    struct hive_value items[] = {{.integer = 1}, {.integer = 2}, {.integer = 3}};
    struct column_writer *w = parquet_begin(&app, &type, &defaults, &spool);

    ck_assert_ptr_nonnull(w);
    parquet_add(w, &(struct hive_value){.list = {items, 3}});
    ck_assert(parquet_end(w));
    ck_assert_str_eq(ask(ROWS), "{\"N\":1,\"a \\\"b\\\", '\":2,\"select\":3} ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("firehose_parquet");
    TCase *c = tcase_create("parquet");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, each_type_has_its_own_in_parquet);
    tcase_add_test(c, what_nests_stays_as_it_is);
    tcase_add_test(c, many_rows_arrive_in_order);
    tcase_add_test(c, options_are_honoured);
    tcase_add_test(c, options_that_are_not_are_named);
    tcase_add_test(c, a_fault_is_told_at_the_end);
    tcase_add_test(c, names_of_columns_are_taken_as_they_are);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
