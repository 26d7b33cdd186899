/*
 * The helper: looks at the file's metadata, says whether it can be read, and copies its rows to
 * where the server reads them.
 */
#include "handlers/s3/select_parquet.h"

#include "handlers/common/helper_process.h"
#include "handlers/s3/select_parquet_protocol.h"
#include "server/base/io.h"
#include "server/base/strbuf.h"
#include "server/duckdb/engine.h"

enum {
    STACK_MAX_MB = 64,
    PROCESS_MAX_MB = 4096,
    MEMORY_MB = 1024,
    SQL_MAX = 16 << 20,
    ROW_GROUP_MAX_MB = 512, /* AWS's */
};

struct worker {
    struct engine_functions lib;
    struct engine engine;
    struct select_parquet_request request;
    char *names;
    char file[ENGINE_PATH_MAX];
    int64_t first_row; /* of the row groups that are asked for */
    int64_t end_row;
};

/* --- the request --- */

static bool read_request(struct worker *w)
{
    if (!io_read(STDIN_FILENO, &w->request, sizeof(w->request), IO_FOREVER) ||
        w->request.names_len > SELECT_PARQUET_NAMES_MAX)
        return false;
    w->names = x_calloc(1, (size_t)w->request.names_len + 1);
    return io_read(STDIN_FILENO, w->names, w->request.names_len, IO_FOREVER);
}

static bool is_wanted(const struct worker *w, const char *name)
{
    const char *end = w->names + w->request.names_len;

    for (const char *p = w->names; p < end; p += strlen(p) + 1)
        if (strcasecmp(p, name) == 0)
            return true;
    return w->request.all;
}

/* --- the file --- */

static bool open_engine(struct worker *w)
{
    const int files[] = {SELECT_PARQUET_FILE, STDOUT_FILENO};
    const struct engine_options options = {
        .memory_mb = MEMORY_MB,
        .threads = 1,
        .any_order = true, /* one thread keeps it anyway */
        .files = files,
        .file_count = ARRAY_LEN(files),
    };

    engine_file_path(SELECT_PARQUET_FILE, w->file);
    if (!engine_load(getenv("CADABRA_DUCKDB"), &w->lib)) /* NOLINT(concurrency-mt-unsafe): alone */
        return false;
    return engine_open(&w->engine, &w->lib, &options);
}

/* Row group by row group: codecs that AWS does not take, sizes, and which rows are asked for. */
static const char metadata_sql[] =
    "WITH groups AS (SELECT row_group_id, any_value(row_group_num_rows) AS rows, "
    "  min(least(coalesce(dictionary_page_offset, data_page_offset), data_page_offset)) AS place, "
    "  sum(total_uncompressed_size) AS size, "
    "  count(*) FILTER (compression NOT IN ('UNCOMPRESSED', 'SNAPPY', 'GZIP')) AS others "
    "  FROM parquet_metadata('%s') GROUP BY row_group_id), "
    "numbered AS (SELECT *, sum(rows) OVER (ORDER BY row_group_id) - rows AS first FROM groups) "
    "SELECT coalesce(sum(others), 0)::BIGINT, coalesce(max(size), 0)::BIGINT, "
    "  coalesce(min(first) FILTER (place >= %" PRId64 " AND place < %" PRId64 "), 0)::BIGINT, "
    "  coalesce(max(first + rows) FILTER (place >= %" PRId64 " AND place < %" PRId64
    "), 0)::BIGINT FROM numbered";

static enum select_parquet_status read_metadata(struct worker *w)
{
    const struct select_parquet_request *r = &w->request;
    AUTO_FREE char *sql = x_asprintf(metadata_sql, w->file, r->start, r->end, r->start, r->end);
    struct duckdb_result result;
    struct duckdb_chunk *row;
    int64_t values[4] = {0};

    if (w->lib.query(w->engine.connection, sql, &result) != DUCKDB_SUCCESS)
        return SELECT_PARQUET_BROKEN;
    row = w->lib.fetch_chunk(result);
    for (size_t i = 0; row && i < ARRAY_LEN(values); i++)
        values[i] = *(int64_t *)w->lib.vector_get_data(w->lib.data_chunk_get_vector(row, i));
    if (row)
        w->lib.destroy_data_chunk(&row);
    w->lib.destroy_result(&result);
    w->first_row = values[2];
    w->end_row = values[3];
    if (values[0])
        return SELECT_PARQUET_CODEC;
    return values[1] > (int64_t)ROW_GROUP_MAX_MB << 20 ? SELECT_PARQUET_BLOCK : SELECT_PARQUET_WELL;
}

/* --- its rows --- */

static void add_name(struct strbuf *sql, struct bytes name)
{
    strbuf_add_char(sql, '"');
    for (size_t i = 0; i < name.len; i++) {
        strbuf_add_char(sql, (char)name.data[i]);
        if (name.data[i] == '"')
            strbuf_add_char(sql, '"');
    }
    strbuf_add_char(sql, '"');
}

/* What JSON can't say: numbers that are none are null; bytes are a text, if need be in hex. */
static void add_column(struct strbuf *sql, struct bytes name, const char *type)
{
    static const struct {
        const char *type;
        const char *parts[3]; /* around the name, and between two of it */
    } forms[] = {
        {"FLOAT", {"CASE WHEN isfinite(", ") THEN ", " END"}},
        {"DOUBLE", {"CASE WHEN isfinite(", ") THEN ", " END"}},
        {"BLOB", {"coalesce(TRY(decode(", ")), ", "::VARCHAR)"}},
        {"TIMESTAMP_NS", {"CASE WHEN isfinite(", ") THEN ", "::TIMESTAMP END"}},
    };
    size_t i = 0;

    if (sql->len)
        strbuf_add_char(sql, ',');
    while (i < ARRAY_LEN(forms) && !str_eq(forms[i].type, type))
        i++;
    if (i < ARRAY_LEN(forms)) {
        strbuf_add_text(sql, forms[i].parts[0]);
        add_name(sql, name);
        strbuf_add_text(sql, forms[i].parts[1]);
        add_name(sql, name);
        strbuf_add_text(sql, forms[i].parts[2]);
        strbuf_add_text(sql, " AS ");
    }
    add_name(sql, name);
}

/* The columns that are wanted; one that is null where there are none. */
static bool list_columns(struct worker *w, struct strbuf *sql)
{
    AUTO_FREE char *question = x_asprintf(
        "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet('%s'))", w->file);
    struct duckdb_result result;
    struct duckdb_chunk *rows;

    if (w->lib.query(w->engine.connection, question, &result) != DUCKDB_SUCCESS)
        return false;
    while ((rows = w->lib.fetch_chunk(result))) {
        for (uint64_t i = 0; i < w->lib.data_chunk_get_size(rows); i++) {
            struct bytes name = engine_text(&w->lib, rows, 0, i);
            struct bytes type = engine_text(&w->lib, rows, 1, i);
            AUTO_FREE char *name_text = x_asprintf("%.*s", (int)name.len, name.data);
            AUTO_FREE char *type_text = x_asprintf("%.*s", (int)type.len, type.data);

            if (is_wanted(w, name_text))
                add_column(sql, name, type_text);
        }
        w->lib.destroy_data_chunk(&rows);
    }
    w->lib.destroy_result(&result);
    if (!sql->len)
        strbuf_add_text(sql, "NULL AS \"\x01\"");
    return !sql->overflow;
}

static bool copy_rows(struct worker *w, const struct strbuf *columns)
{
    struct strbuf sql = STRBUF_INIT(SQL_MAX);
    bool well;

    strbuf_add_text(&sql, "COPY (SELECT ");
    strbuf_add(&sql, columns->data, columns->len);
    strbuf_add_format(&sql, " FROM read_parquet('%s'", w->file);
    if (w->request.start > 0 || w->request.end != INT64_MAX)
        strbuf_add_format(&sql,
                          ", file_row_number=true) WHERE file_row_number >= %" PRId64
                          " AND file_row_number < %" PRId64,
                          w->first_row, w->end_row);
    else
        strbuf_add_char(&sql, ')');
    strbuf_add_format(&sql, ") TO '/proc/self/fd/%d' (FORMAT json, USE_TMP_FILE false, ",
                      STDOUT_FILENO);
    strbuf_add_text(&sql, "TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%gZ')");
    well = !sql.overflow && engine_run(&w->engine, sql.data);
    strbuf_release(&sql);
    return well;
}

/* A server that does not hear it any more has ended this process, or will. */
static enum select_parquet_status answer(enum select_parquet_status status)
{
    const char byte = (char)status;

    return io_write(STDOUT_FILENO, &byte, 1, IO_FOREVER) ? status : SELECT_PARQUET_FAILED;
}

static enum select_parquet_status run(struct worker *w)
{
    struct strbuf columns = STRBUF_INIT(SQL_MAX / 2);
    enum select_parquet_status status;

    if (!read_request(w))
        return SELECT_PARQUET_FAILED;
    if (!open_engine(w))
        return answer(SELECT_PARQUET_BAD_ENGINE);
    answer(SELECT_PARQUET_WELL);
    status = read_metadata(w);
    if (!status && !list_columns(w, &columns))
        status = SELECT_PARQUET_BROKEN;
    answer(status);
    if (!status && !copy_rows(w, &columns))
        status = SELECT_PARQUET_BROKEN;
    strbuf_release(&columns);
    return status;
}

int select_parquet_helper(void)
{
    struct worker w = {0};

    helper_limit(STACK_MAX_MB, PROCESS_MAX_MB);
    _exit(run(&w)); /* nothing is taken apart: it all ends with the process */
}
