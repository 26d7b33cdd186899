/* Format conversion: rows of JSON by both deserializers, a buffer through a catalog and a writer
 * that are made up, the lines of what fails, and what a configuration must fulfil. */
#include "handlers/firehose/convert.h"

#include "server/app.h"
#include "server/base/json_read.h"
#include "server/base/json_write.h"
#include "tests/unit/request_fixture.h"
#include "tests/unit/run_suite.h"

#include <check.h>

static struct arena arena;

/* --- values as text --- */

/* NOLINTBEGIN(misc-no-recursion): values nest as their types do. */

static void write_value(const struct hive_type *t, const struct hive_value *v, struct strbuf *out);

/* A struct as (a b), an array as [a b], a map as {k:v k:v}. */
static void write_list(const struct hive_type *t, const struct hive_value *v, struct strbuf *out)
{
    const char *around = t->kind == HIVE_ARRAY ? "[]" : t->kind == HIVE_MAP ? "{}" : "()";
    bool map = t->kind == HIVE_MAP;

    strbuf_add_char(out, around[0]);
    for (size_t i = 0; i < v->list.count; i++) {
        const struct hive_type *item = map && i % 2 == 0 ? t->key : t->element;

        if (i)
            strbuf_add_char(out, map && i % 2 ? ':' : ' ');
        write_value(t->kind == HIVE_STRUCT ? t->fields[i].type : item, &v->list.items[i], out);
    }
    strbuf_add_char(out, around[1]);
}

static void write_value(const struct hive_type *t, const struct hive_value *v, struct strbuf *out)
{
    if (v->is_null)
        strbuf_add_text(out, "null");
    else if (t->kind >= HIVE_ARRAY)
        write_list(t, v, out);
    else if (t->kind == HIVE_BOOLEAN)
        strbuf_add_text(out, v->boolean ? "true" : "false");
    else if (t->kind == HIVE_FLOAT || t->kind == HIVE_DOUBLE)
        strbuf_add_format(out, "%g", v->real);
    else if (t->kind == HIVE_DECIMAL)
        strbuf_add_format(out, "%" PRId64 "d%d", (int64_t)v->decimal, t->scale);
    else if (t->kind >= HIVE_STRING && t->kind <= HIVE_BINARY)
        strbuf_add_format(out, "'%.*s'", (int)v->text.len, (const char *)v->text.data);
    else
        strbuf_add_format(out, "%" PRId64, v->integer);
}

/* NOLINTEND(misc-no-recursion) */

static const struct hive_type *type_of(const char *text)
{
    const char *problem = NULL;
    const struct hive_type *type = hive_type_parse(&arena, text, &problem);

    ck_assert_msg(type != NULL, "%s: %s", text, problem);
    return type;
}

/* --- deserializers --- */

static struct firehose_OpenXJsonSerDe openx_options;
static struct firehose_HiveJsonSerDe hive_options;
static const struct firehose_Deserializer openx = {.OpenXJsonSerDe = &openx_options};
static const struct firehose_Deserializer hive = {.HiveJsonSerDe = &hive_options};

static void setup(void)
{
    arena_init(&arena);
    memset(&openx_options, 0, sizeof(openx_options));
    memset(&hive_options, 0, sizeof(hive_options));
}

static void teardown(void)
{
    arena_release(&arena);
}

/* The rows, or the code and the message of the failure. */
static const char *rows_of(const struct firehose_Deserializer *d, const char *table,
                           const char *record)
{
    const struct hive_type *type = type_of(table);
    struct strbuf text = STRBUF_INIT(1 << 16);
    struct json_row_failure why = {0};
    struct json_rows rows;
    const char *out;

    if (json_row_read(d, type, (struct bytes){(const uint8_t *)record, strlen(record)}, &arena,
                      &rows, &why))
        for (size_t i = 0; i < rows.count; i++)
            write_value(type, &rows.items[i], &text);
    else
        strbuf_add_format(&text, "%s: %s", strchr(why.code, '.') + 1, why.message);
    out = arena_strndup(&arena, text.data ? text.data : "", text.len);
    strbuf_release(&text);
    return out;
}

struct row_case {
    const char *table;
    const char *record;
    const char *expected;
};

static void check_rows(const struct firehose_Deserializer *d, const struct row_case *cases,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        ck_assert_str_eq(rows_of(d, cases[i].table, cases[i].record), cases[i].expected);
}

#define MISMATCH "MalformedData: Data does not match the schema. "
#define NESTED "struct<a:int,b:struct<c:string,d:array<int>>,m:map<string,double>>"

START_TEST(rows_by_openx)
{
    static const struct row_case cases[] = {
        {"struct<a:int,b:string>", "{\"a\":1,\"b\":\"x\"}", "(1 'x')"},
        {"struct<a:int,b:string>", " {\"b\":\"x\"} {\"A\":2}\n{} ",
         "(null 'x')(2 null)(null null)"},
        {"struct<a:int,b:string>", "[1,\"x\",3]", "(1 'x')"},
        {"struct<a:int>", "{\"a\":null,\"zzz\":[{}]}", "(null)"},
        {"struct<a:int>", "{\"a\":1,\"A\":2}", "(2)"},
        {"struct<a:bigint,b:double,c:decimal(5,2)>", "{\"a\":\"7\",\"b\":\"1.5\",\"c\":\"2.345\"}",
         "(7 1.5 235d2)"},
        {"struct<a:string,b:string,c:string>", "{\"a\":1.50,\"b\":true,\"c\":\"\\u00e9\"}",
         "('1.50' 'true' 'é')"},
        {"struct<a:string>", "{\"a\":{\"B\" : [1, {\"C\":\"x\"}]}}",
         "('{\"b\":[1,{\"c\":\"x\"}]}')"},
        {"struct<a:array<string>>", "{\"a\":\"x\"}", "(['x'])"},
        {"struct<a:array<struct<b:int>>>", "{\"a\":{\"B\":1}}", "([(1)])"},
        {"struct<a:struct<b:int,c:int>>", "{\"a\":[1]}", "((1 null))"},
        {NESTED, "{\"a\":1,\"b\":{\"C\":\"x\",\"d\":[1,null]},\"m\":{\"MixedKey\":2}}",
         "(1 ('x' [1 null]) {'mixedkey':2})"},
        {"struct<m:map<int,string>>", "{\"m\":{\"5\":\"x\",\"6\":null}}", "({5:'x' 6:null})"},
        {"struct<t:timestamp,d:date>", "{\"t\":1518033528123,\"d\":\"1969-12-31\"}",
         "(1518033528123000 -1)"},
        {"struct<c:char(2)>", "{\"c\":\"äöü\"}", "('äö')"},
        {"struct<a:int>", "{\"a\":\"oops\"}", MISMATCH "For input string: \"oops\""},
        {"struct<a:int>", "{\"a\":{}}", MISMATCH "A scalar column can't hold what nests."},
        {"struct<a:boolean>", "{\"a\":1}", MISMATCH "For input string: \"1\""},
        {"struct<a:struct<b:int>>", "{\"a\":\"x\"}",
         MISMATCH "Data is not JSONObject  but java.lang.String with value x"},
        {"struct<a:struct<b:int>>", "{\"a\":5}",
         MISMATCH "Data is not JSONObject  but java.lang.Number with value 5"},
        {"struct<m:map<string,int>>", "{\"m\":5}",
         MISMATCH "java.io.IOException: Start of Object expected"},
        {"struct<m:map<int,int>>", "{\"m\":{\"x\":5}}", MISMATCH "For input string: \"x\""},
        {"struct<a:int>", "[{\"a\":1},{\"a\":2}]",
         MISMATCH "A scalar column can't hold what nests."},
        {"struct<a:int>", " \n",
         "MalformedData: The record was empty or contained only whitespace."},
        {"struct<a:int>", "5",
         "MalformedData: The input JSON contained a primitive at the top level. The top level must "
         "be an object or array."},
    };

    check_rows(&openx, cases, ARRAY_LEN(cases));
}
END_TEST

/* Malformed JSON is that wherever it is malformed, and takes the whole record. */
START_TEST(documents_that_are_none)
{
    static const char *const records[] = {
        "{\"a\":1",         "{\"a\":\"x\"",  "nonsense", "{\"a\":1}}",       "{\"a\":1},{\"a\":2}",
        "{\"a\":[1,2}",     "{\"zzz\":[1,}", "{'a':1}",  "{\"a\":\"\xff\"}", "{\"s\":{\"b\":01}}",
        "{\"a\":1} {\"a\"", "\"x",
    };

    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        static const char fault[] = "ParseError: Encountered malformed JSON.";

        ck_assert_msg(
            str_starts(rows_of(&openx, "struct<a:int,s:string>", records[i]), fault) &&
                str_starts(rows_of(&hive, "struct<a:int,s:struct<b:int>>", records[i]), fault),
            "%s", records[i]);
    }
}
END_TEST

START_TEST(options_of_openx)
{
    static struct firehose_ColumnToJsonKeyMappings_entry mappings[] = {{"ts", "Timestamp.X"},
                                                                       {"b", "a"}};
    static const struct row_case exact[] = {
        {"struct<a:int,B:int>", "{\"A\":1,\"B\":2}", "(null 2)"},
        {"struct<m:map<string,int>>", "{\"m\":{\"Key\":1}}", "({'Key':1})"},
        {"struct<m:string>", "{\"m\":{\"Key\":1}}", "('{\"Key\":1}')"},
    };
    static const struct row_case dots[] = {
        {"struct<a_b:int,c:struct<d_e:int>>", "{\"a.b\":1,\"c\":{\"D.E\":2}}", "(1 (2))"},
    };
    static const struct row_case mapped[] = {
        {"struct<ts:bigint>", "{\"timestamp.x\":5,\"ts\":6}", "(5)"},
        {"struct<a:int,b:int>", "{\"a\":1,\"b\":2}", "(null 1)"},
        {"struct<s:struct<ts:int>>", "{\"s\":{\"timestamp.x\":5}}", "((5))"},
    };

    openx_options.CaseInsensitive = SOME_BOOL(false);
    check_rows(&openx, exact, ARRAY_LEN(exact));
    openx_options =
        (struct firehose_OpenXJsonSerDe){.ConvertDotsInJsonKeysToUnderscores = SOME_BOOL(true)};
    check_rows(&openx, dots, ARRAY_LEN(dots));
    openx_options = (struct firehose_OpenXJsonSerDe){
        .ColumnToJsonKeyMappings = {mappings, ARRAY_LEN(mappings)}};
    check_rows(&openx, mapped, ARRAY_LEN(mapped));
}
END_TEST

START_TEST(rows_by_hive)
{
    static const char *formats[] = {"yyyy/MM/dd HH:mm", "millis"};
    static const struct row_case cases[] = {
        {NESTED, "{\"A\":1,\"b\":{\"C\":\"x\",\"d\":[1,null]},\"m\":{\"MixedKey\":2}}{}",
         "(1 ('x' [1 null]) {'MixedKey':2})(null null null)"},
        {"struct<a:string,b:binary>", "{\"a\":1.50,\"b\":\"raw\"}", "('1.50' 'raw')"},
        {"struct<t:timestamp,d:date>", "{\"t\":\"1970-1-1 0:0:1.5\",\"d\":\"1970-01-02\"}",
         "(1500000 1)"},
        {"struct<a:int>", "{\"a\":\"123\"}",
         MISMATCH "Current token (VALUE_STRING) not numeric, can not use numeric value accessors"},
        {"struct<a:string>", "{\"a\":{\"inner\":1}}",
         "MalformedData: One or more fields have incorrect format. Exception when validating field "
         "(root)"},
        {"struct<a:array<int>>", "{\"a\":1}",
         MISMATCH "java.io.IOException: Start of Array expected"},
        {"struct<a:struct<b:int>>", "{\"a\":[1]}",
         MISMATCH "java.io.IOException: Start of Object expected"},
        {"struct<a:int>", "[1]", MISMATCH "java.io.IOException: Start of Object expected"},
        {"struct<t:timestamp>", "{\"t\":\"1970-01-01T00:00:01Z\"}",
         MISMATCH "For input string: \"1970-01-01T00:00:01Z\""},
        {"struct<t:timestamp>", "{\"t\":1500}", MISMATCH "For input string: \"1500\""},
    };
    static const struct row_case by_formats[] = {
        {"struct<t:timestamp>",
         "{\"t\":1500}{\"t\":\"1970/01/01 00:01\"}{\"t\":\"1970-1-1 0:0:2\"}",
         "(1500000)(60000000)(2000000)"},
        {"struct<d:date>", "{\"d\":-1}{\"d\":\"1970/01/03 23:59\"}", "(-1)(2)"},
    };

    check_rows(&hive, cases, ARRAY_LEN(cases));
    hive_options.TimestampFormats = (struct firehose_ListOfNonEmptyStrings){formats, 2};
    check_rows(&hive, by_formats, ARRAY_LEN(by_formats));
}
END_TEST

START_TEST(what_deserializers_can_not)
{
    static const char *formats[] = {"millis", "yyyy-ww"};

    ck_assert_ptr_nonnull(json_row_problem(&openx, type_of("struct<a:array<binary>>"), &arena));
    ck_assert_ptr_null(json_row_problem(&hive, type_of("struct<a:array<binary>>"), &arena));
    ck_assert_ptr_nonnull(json_row_problem(&hive, type_of("struct<`a.b`:int>"), &arena));
    ck_assert_ptr_null(json_row_problem(&openx, type_of("struct<`a.b`:int>"), &arena));
    ck_assert_ptr_null(json_row_option_problem(&openx, &arena));
    ck_assert_ptr_null(json_row_option_problem(&hive, &arena));
    hive_options.TimestampFormats = (struct firehose_ListOfNonEmptyStrings){formats, 2};
    ck_assert_ptr_nonnull(strstr(json_row_option_problem(&hive, &arena), "yyyy-ww"));
}
END_TEST

/* --- a buffer, with a catalog and a writer that are made up --- */

static struct made_up {
    enum store_status found;
    struct table_columns columns;
    struct table_name asked; /* last */
    bool no_writer;
    bool broken; /* the writer, at its end */
    const struct hive_type *table;
    struct spool *out;
} made_up;

static enum store_status find_columns(struct app *app, const struct table_name *name,
                                      struct arena *a, struct table_columns *out)
{
    (void)app;
    (void)a;
    made_up.asked = (struct table_name){/* who asks may be gone when it is looked at */
                                        .catalog_id = arena_strdup(&arena, name->catalog_id),
                                        .region = arena_strdup(&arena, name->region),
                                        .database = arena_strdup(&arena, name->database),
                                        .table = arena_strdup(&arena, name->table),
                                        .version_id = arena_strdup(&arena, name->version_id)};
    *out = made_up.columns;
    return made_up.found;
}

static const char *missing(struct app *app)
{
    (void)app;
    return made_up.no_writer ? "run the script" : NULL;
}

static const char *option_problem(const struct firehose_ParquetSerDe *options)
{
    return options->MaxPaddingBytes.set ? "MaxPaddingBytes" : NULL;
}

static struct column_writer *begin(struct app *app, const struct hive_type *table,
                                   const struct firehose_ParquetSerDe *options, struct spool *out)
{
    (void)app;
    ck_assert_ptr_nonnull(options);
    made_up.table = table;
    made_up.out = out;
    return made_up.no_writer ? NULL : (struct column_writer *)&made_up;
}

static void add(struct column_writer *w, const struct hive_value *row)
{
    struct strbuf text = STRBUF_INIT(1 << 20);

    ck_assert_ptr_eq(w, &made_up);
    write_value(made_up.table, row, &text);
    spool_add(made_up.out, text.data, text.len);
    strbuf_release(&text);
}

static bool end(struct column_writer *w)
{
    ck_assert_ptr_eq(w, &made_up);
    return !made_up.broken;
}

static const struct conversion_parts parts = {find_columns, missing, option_problem,
                                              begin,        add,     end};

#define SERDES(in, out)                                                                            \
    "\"InputFormatConfiguration\":{\"Deserializer\":{" in "}},"                                    \
    "\"OutputFormatConfiguration\":{\"Serializer\":{" out "}}"
#define SCHEMA                                                                                     \
    "\"SchemaConfiguration\":{\"RoleARN\":\"r\",\"DatabaseName\":\"shop\",\"TableName\":"          \
    "\"orders\"}"
#define OPENX_TO_PARQUET SERDES("\"OpenXJsonSerDe\":{}", "\"ParquetSerDe\":{}") "," SCHEMA

static struct destination destination_with(const char *conversion, const char *compression, int mb)
{
    struct destination d;
    const char *json =
        arena_printf(&arena,
                     "{\"ExtendedS3DestinationDescription\":{\"RoleARN\":\"r\",\"BucketARN\":\"b\","
                     "\"CompressionFormat\":\"%s\",\"BufferingHints\":{\"SizeInMBs\":%d,"
                     "\"IntervalInSeconds\":60},\"DataFormatConversionConfiguration\":{%s}}}",
                     compression, mb, conversion);

    ck_assert(destination_read(json, &arena, &d));
    return d;
}

/* A work of two chunks; the second holds the third record, which came from Kinesis. */
struct bench {
    struct app app;
    struct store_root *root;
    struct firehose firehose;
    struct firehose_stream stream;
    struct destination destination;
    struct work work;
    struct spool spool;
};

static void add_chunk(struct bench *b, const struct frame *frames, size_t count)
{
    struct firehose_append append = {.now_ms = 5000};
    const struct scope scope = {"123456789012", "eu-west-1"};
    struct chunker c;

    chunker_init(&c, &arena);
    for (size_t i = 0; i < count; i++)
        chunker_add(&c, &frames[i]);
    chunker_finish(&c);
    append.chunks = c.chunks;
    append.count = c.count;
    ck_assert_int_eq(firehose_store_append(b->firehose.store, &scope, "s", &append), STORE_OK);
}

#define FRAME(text, origin)                                                                        \
    {                                                                                              \
        .data = {(const uint8_t *)(text), strlen(text)},                                           \
        .meta = {(const uint8_t *)(origin), strlen(origin)}, .at_ms = 4000                         \
    }

static void open_bench(struct bench *b)
{
    static struct table_column columns[] = {{"id", "int"}, {"tags", "array<string>"}};
    static const struct frame first[] = {FRAME("{\"id\":1}{\"id\":2,\"tags\":[\"x\"]}", ""),
                                         FRAME("{\"id\":\"no\"}", "")};
    static const struct frame second[] = {
        FRAME("{\"id\":", "{\"sequenceNumber\":\"4967\",\"subsequenceNumber\":3}"),
        FRAME("{\"id\":3}", "")};
    char problem[256];

    *b = (struct bench){0};
    made_up = (struct made_up){.columns = {columns, ARRAY_LEN(columns)}};
    b->root = store_open(&(struct store_options){0}, problem, sizeof(problem));
    ck_assert_ptr_nonnull(b->root);
    b->destination = destination_with(OPENX_TO_PARQUET, "UNCOMPRESSED", 64);
    b->stream = (struct firehose_stream){
        .account = "123456789012",
        .region = "eu-west-1",
        .name = "s",
        .type = "DirectPut",
        .destination = "{}",
        .route = {FIREHOSE_DELIVER, 1 << 20, 1000, 0, 0, 0},
    };
    b->firehose = (struct firehose){
        .app = &b->app, .store = firehose_store_open(b->root), .conversion = &parts};
    ck_assert_int_eq(firehose_store_create(b->firehose.store, &b->stream, 10, &b->stream.id),
                     STORE_OK);
    add_chunk(b, first, ARRAY_LEN(first));
    add_chunk(b, second, ARRAY_LEN(second));
    b->work = (struct work){.firehose = &b->firehose,
                            .stream = &b->stream,
                            .destination = &b->destination,
                            .arena = &arena};
    ck_assert_int_eq(firehose_store_next(b->firehose.store, b->stream.id, FIREHOSE_DELIVER, 99999,
                                         &arena, &b->work.buffer),
                     STORE_OK);
    spool_init(&b->spool, "/tmp");
}

static void close_bench(struct bench *b)
{
    spool_release(&b->spool);
    firehose_store_close(b->firehose.store);
    store_close(b->root);
}

/* The frames of what failed. */
static size_t failures(const struct converted *c, struct bytes out[8])
{
    size_t count = 0;

    for (size_t i = 0; i < c->failed.count; i++) {
        struct frame_reader r = frames_of(c->failed.chunks[i].data);
        struct frame f;

        while (frame_next(&r, &f)) {
            ck_assert_int_eq(f.at_ms, 4000);
            out[count++] = f.data;
        }
    }
    return count;
}

/* The line without its time of the attempt. */
static const char *line_of(struct bytes data)
{
    char *text = arena_strndup(&arena, (const char *)data.data, data.len);
    char *time = strstr(text, "\"attemptEndingTimestamp\":");
    char *behind = strchr(time, ',') + 1;

    memmove(time, behind, strlen(behind) + 1);
    return text;
}

START_TEST(a_buffer_is_converted)
{
    struct converted converted;
    struct bytes lines[8];
    struct bench b;

    open_bench(&b);
    ck_assert(convert_records(&b.work, &b.spool, &converted));
    ck_assert_str_eq(b.spool.memory.data, "(1 null)(2 ['x'])(3 null)");
    ck_assert_uint_eq(converted.rows, 3);
    ck_assert_uint_eq(failures(&converted, lines), 2);
    ck_assert_str_eq(
        line_of(lines[0]),
        "{\"attemptsMade\":1,\"arrivalTimestamp\":4000,"
        "\"lastErrorCode\":\"DataFormatConversion.MalformedData\","
        "\"lastErrorMessage\":\"Data does not match the schema. For input string: \\\"no\\\"\","
        "\"rawData\":\"eyJpZCI6Im5vIn0=\",\"sequenceNumber\":null,\"subSequenceNumber\":null,"
        "\"dataCatalogTable\":{\"catalogId\":\"123456789012\",\"databaseName\":\"shop\","
        "\"tableName\":\"orders\",\"region\":\"eu-west-1\",\"versionId\":\"LATEST\","
        "\"catalogArn\":null}}\n");
    ck_assert_ptr_nonnull(strstr(line_of(lines[1]), "\"DataFormatConversion.ParseError\""));
    ck_assert_ptr_nonnull(
        strstr(line_of(lines[1]), "\"sequenceNumber\":\"4967\",\"subSequenceNumber\":3,"));
    ck_assert_str_eq(made_up.asked.database, "shop");
    ck_assert_str_eq(made_up.asked.version_id, "LATEST");
    close_bench(&b);
}
END_TEST

/* Records that went through processors are still told with the place they came from. */
START_TEST(processed_records_keep_their_origin)
{
    const struct firehose_Processor delimiter = {.Type = "AppendDelimiterToRecord"};
    const struct firehose_ProcessingConfiguration processing = {
        .Enabled = SOME_BOOL(true),
        .Processors = {.items = (struct firehose_Processor *)&delimiter, .count = 1}};
    struct converted converted;
    struct bytes lines[8];
    struct bench b;

    open_bench(&b);
    b.destination.processing = &processing;
    process_records(&b.work);
    ck_assert_int_eq(firehose_store_next(b.firehose.store, b.stream.id, FIREHOSE_DELIVER, INT64_MAX,
                                         &arena, &b.work.buffer),
                     STORE_OK);
    ck_assert(convert_records(&b.work, &b.spool, &converted));
    ck_assert_uint_eq(failures(&converted, lines), 2);
    ck_assert_ptr_nonnull(
        strstr(line_of(lines[1]), "\"sequenceNumber\":\"4967\",\"subSequenceNumber\":3,"));
    close_bench(&b);
}
END_TEST

/* No record is lost when the table went, or is no longer what it was: all of them are told. */
START_TEST(without_a_table_all_records_fail)
{
    static struct table_column many_columns[4001];
    static struct table_column union_column[] = {{"u", "uniontype<int,string>"}};
    static struct table_column binary_column[] = {{"b", "binary"}};
    static const struct {
        struct table_columns columns;
        enum store_status found;
        const char *code;
        const char *words;
    } cases[] = {
        {{0}, STORE_NOT_FOUND, "EntityNotFound", "could not be found"},
        {{0}, STORE_OK, "InvalidSchema", "no columns"},
        {{many_columns, ARRAY_LEN(many_columns)}, STORE_OK, "InvalidSchema", "too many columns"},
        {{union_column, 1}, STORE_OK, "InvalidSchema", "Column u of type uniontype<int,string>"},
        {{binary_column, 1}, STORE_OK, "InvalidSchema", "not supported by org.openx"},
    };
    struct converted converted;
    struct bytes lines[8];
    struct bench b;

    for (size_t i = 0; i < ARRAY_LEN(many_columns); i++)
        many_columns[i] = (struct table_column){arena_printf(&arena, "c%zu", i), "int"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        open_bench(&b);
        made_up.found = cases[i].found;
        made_up.columns = cases[i].columns;
        ck_assert(convert_records(&b.work, &b.spool, &converted));
        ck_assert_uint_eq(converted.rows, 0);
        ck_assert_uint_eq(failures(&converted, lines), 4);
        ck_assert_ptr_nonnull(strstr(line_of(lines[0]), cases[i].code));
        ck_assert_ptr_nonnull(strstr(line_of(lines[3]), cases[i].words));
        close_bench(&b);
    }
}
END_TEST

START_TEST(what_can_not_be_done_now_is_done_later)
{
    struct converted converted;
    struct bench b;

    open_bench(&b);
    made_up.found = STORE_FAILED;
    ck_assert(!convert_records(&b.work, &b.spool, &converted));
    made_up.found = STORE_OK;
    made_up.no_writer = true;
    ck_assert(!convert_records(&b.work, &b.spool, &converted));
    made_up.no_writer = false;
    made_up.broken = true;
    ck_assert(!convert_records(&b.work, &b.spool, &converted));
    close_bench(&b);
}
END_TEST

/* --- what must hold --- */

static const char *check(const struct destination *d, const struct conversion_parts *with)
{
    struct request_fixture f;
    const char *message = NULL;

    fixture_open(&f, &firehose_model, "CreateDeliveryStream", PROTOCOL_JSON_1_1);
    snprintf(f.req.account, sizeof(f.req.account), "123456789012");
    snprintf(f.req.region, sizeof(f.req.region), "us-east-1");
    if (conversion_check(&f.req, with, d))
        message = arena_strdup(&arena, f.req.failure.message);
    fixture_close(&f);
    return message;
}

START_TEST(configurations)
{
    static const struct {
        const char *conversion;
        const char *words;
    } cases[] = {
        {"\"Enabled\":true", "InputFormatConfiguration must not be null"},
        {"\"InputFormatConfiguration\":{}," SCHEMA, "OutputFormatConfiguration must not be null"},
        {"\"InputFormatConfiguration\":{},\"OutputFormatConfiguration\":{}",
         "SchemaConfiguration must not be null"},
        {SERDES("", "\"ParquetSerDe\":{}") "," SCHEMA, "Deserializer must not be null"},
        {SERDES("\"OpenXJsonSerDe\":{},\"HiveJsonSerDe\":{}", "") "," SCHEMA,
         "More than one deserializer specified. Only one may be chosen."},
        {SERDES("\"OpenXJsonSerDe\":{}", "") "," SCHEMA, "Serializer must not be null"},
        {SERDES("\"OpenXJsonSerDe\":{}", "\"OrcSerDe\":{},\"ParquetSerDe\":{}") "," SCHEMA,
         "More than one serializer specified. Only one may be chosen."},
        {SERDES("\"OpenXJsonSerDe\":{}", "\"ParquetSerDe\":{}") ",\"SchemaConfiguration\":{}",
         "SchemaConfiguration.RoleArn must not be null or empty"},
        {SERDES("\"OpenXJsonSerDe\":{}",
                "\"ParquetSerDe\":{}") ",\"SchemaConfiguration\":{\"RoleARN\":\"r\"}",
         "SchemaConfiguration.DatabaseName must not be null or empty"},
        {SERDES("\"OpenXJsonSerDe\":{}",
                "\"ParquetSerDe\":{}") ","
                                       "\"SchemaConfiguration\":{\"RoleARN\":\"r\","
                                       "\"DatabaseName\":\"d\"}",
         "SchemaConfiguration.TableName must not be null or empty"},
        {SERDES("\"HiveJsonSerDe\":{\"TimestampFormats\":[\"ww\"]}",
                "\"ParquetSerDe\":{}") "," SCHEMA,
         "Invalid deserializer option(s): TimestampFormats: ww"},
        {SERDES("\"OpenXJsonSerDe\":{}", "\"OrcSerDe\":{}") "," SCHEMA, "has not built OrcSerDe"},
        {SERDES("\"OpenXJsonSerDe\":{}", "\"ParquetSerDe\":{\"MaxPaddingBytes\":1}") "," SCHEMA,
         "has not built MaxPaddingBytes"},
    };
    static struct table_column columns[] = {{"id", "int"}};
    static struct table_column twins[] = {{"id", "int"}, {"ID", "int"}};
    struct destination d;
    const char *words;

    made_up = (struct made_up){.columns = {columns, 1}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        d = destination_with(cases[i].conversion, "UNCOMPRESSED", 64);
        words = check(&d, &parts);
        ck_assert_msg(words && strstr(words, cases[i].words), "%s: %s", cases[i].words, words);
    }
    d = destination_with(OPENX_TO_PARQUET, "UNCOMPRESSED", 64);
    ck_assert_ptr_null(check(&d, &parts));
    ck_assert_str_eq(made_up.asked.region, "us-east-1");
    made_up.no_writer = true;
    ck_assert_str_eq(check(&d, &parts), "run the script.");
    made_up.no_writer = false;
    made_up.columns = (struct table_columns){twins, 2};
    ck_assert_ptr_nonnull(strstr(check(&d, &parts), "Two columns have one name: ID"));
    made_up.found = STORE_NOT_FOUND;
    ck_assert_ptr_nonnull(strstr(check(&d, &parts), "table/database could not be found"));
    d = destination_with(OPENX_TO_PARQUET, "UNCOMPRESSED", 63);
    ck_assert_ptr_nonnull(strstr(check(&d, &parts), "SizeInMBs must be at least 64"));
    d = destination_with(OPENX_TO_PARQUET, "GZIP", 5);
    ck_assert_ptr_nonnull(
        strstr(check(&d, &parts), "compression format must be set to UNCOMPRESSED"));
    d = destination_with("\"Enabled\":false", "GZIP", 5);
    ck_assert_ptr_null(d.conversion);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("firehose_convert");
    TCase *tc = tcase_create("all");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, rows_by_openx);
    tcase_add_test(tc, documents_that_are_none);
    tcase_add_test(tc, options_of_openx);
    tcase_add_test(tc, rows_by_hive);
    tcase_add_test(tc, what_deserializers_can_not);
    tcase_add_test(tc, a_buffer_is_converted);
    tcase_add_test(tc, processed_records_keep_their_origin);
    tcase_add_test(tc, without_a_table_all_records_fail);
    tcase_add_test(tc, what_can_not_be_done_now_is_done_later);
    tcase_add_test(tc, configurations);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
