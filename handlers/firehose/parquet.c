/*
 * Hive's types become DuckDB's, and those Parquet's, as Hive's own writer has them:
 *
 * boolean BOOLEAN; tinyint, smallint INT32 (INT_8, INT_16); int INT32; bigint INT64; float, double;
 * decimal DECIMAL; string, char, varchar BYTE_ARRAY (UTF8); binary BYTE_ARRAY; date DATE; timestamp
 * INT64 (microseconds; Hive has INT96); array LIST; map MAP; struct a group.
 */
#include "handlers/firehose/parquet.h"

#include "server/base/log.h"
#include "server/config.h"
#include "server/duckdb/parquet_writer.h"

/* NOLINTBEGIN(misc-no-recursion): types nest; HIVE_DEPTH_MAX bounds them. */

enum {
    CHUNK_BYTES_MAX = 4 << 20, /* of texts, before a chunk is sent though it has room for rows */
    BLOCK_DEFAULT = 256 << 20,
    PAGE_DEFAULT = 1 << 20,
};

struct column_writer {
    struct engine_functions lib;
    const struct hive_type *table;
    struct parquet_column *columns;
    struct parquet_writer *writer;
    struct spool *out;
    size_t rows; /* in the chunk that is being filled */
    size_t rows_max;
    size_t bytes; /* about: of that chunk's texts */
};

/* --- what can be done --- */

const char *parquet_missing(struct app *app)
{
    AUTO_FREE char *library = engine_find(app->config->duckdb);

    return library ? NULL : engine_missing;
}

/*
 * BlockSizeBytes is the most that a row group may have: it is at least 64 MiB, and ours have 32.
 */
const char *parquet_option_problem(const struct firehose_ParquetSerDe *o)
{
    if (VALUE_OR(o->PageSizeBytes, PAGE_DEFAULT) != PAGE_DEFAULT)
        return "ParquetSerDe.PageSizeBytes other than 1 MiB";
    if (VALUE_OR(o->MaxPaddingBytes, 0) != 0)
        return "ParquetSerDe.MaxPaddingBytes other than 0";
    return NULL;
}

/* --- types --- */

static struct duckdb_type *make_type(const struct engine_functions *lib, const struct hive_type *t);

static struct duckdb_type *make_struct(const struct engine_functions *lib,
                                       const struct hive_type *t)
{
    struct duckdb_type **types = x_calloc(t->field_count, sizeof(struct duckdb_type *));
    const char **names = x_calloc(t->field_count, sizeof(*names));
    struct duckdb_type *type;

    for (size_t i = 0; i < t->field_count; i++) {
        types[i] = make_type(lib, t->fields[i].type);
        names[i] = t->fields[i].name;
    }
    type = lib->create_struct_type(types, names, t->field_count);
    for (size_t i = 0; i < t->field_count; i++)
        lib->destroy_logical_type(&types[i]);
    free(types);
    free(names);
    return type;
}

static struct duckdb_type *make_list(const struct engine_functions *lib, const struct hive_type *t)
{
    struct duckdb_type *element = make_type(lib, t->element);
    struct duckdb_type *key = t->kind == HIVE_MAP ? make_type(lib, t->key) : NULL;
    struct duckdb_type *type =
        key ? lib->create_map_type(key, element) : lib->create_list_type(element);

    lib->destroy_logical_type(&element);
    if (key)
        lib->destroy_logical_type(&key);
    return type;
}

static struct duckdb_type *make_type(const struct engine_functions *lib, const struct hive_type *t)
{
    static const enum duckdb_kind kinds[] = {
        [HIVE_BOOLEAN] = DUCKDB_BOOLEAN,     [HIVE_TINYINT] = DUCKDB_TINYINT,
        [HIVE_SMALLINT] = DUCKDB_SMALLINT,   [HIVE_INT] = DUCKDB_INTEGER,
        [HIVE_BIGINT] = DUCKDB_BIGINT,       [HIVE_FLOAT] = DUCKDB_FLOAT,
        [HIVE_DOUBLE] = DUCKDB_DOUBLE,       [HIVE_STRING] = DUCKDB_VARCHAR,
        [HIVE_CHAR] = DUCKDB_VARCHAR,        [HIVE_VARCHAR] = DUCKDB_VARCHAR,
        [HIVE_BINARY] = DUCKDB_BLOB,         [HIVE_DATE] = DUCKDB_DATE,
        [HIVE_TIMESTAMP] = DUCKDB_TIMESTAMP,
    };

    switch (t->kind) {
    case HIVE_STRUCT:
        return make_struct(lib, t);
    case HIVE_ARRAY:
    case HIVE_MAP:
        return make_list(lib, t);
    case HIVE_DECIMAL:
        return lib->create_decimal_type((uint8_t)t->precision, (uint8_t)t->scale);
    default:
        return lib->create_logical_type(kinds[t->kind]);
    }
}

/* --- values --- */

static void put(struct column_writer *w, const struct hive_type *t, struct duckdb_vector *to,
                uint64_t row, const struct hive_value *v);

/* What is inside a struct that is null is null, too. */
static void put_null(struct column_writer *w, const struct hive_type *t, struct duckdb_vector *to,
                     uint64_t row)
{
    w->lib.vector_ensure_validity_writable(to);
    w->lib.vector_get_validity(to)[row / 64] &= ~((uint64_t)1 << (row % 64));
    if (t->kind == HIVE_STRUCT)
        for (size_t i = 0; i < t->field_count; i++)
            put_null(w, t->fields[i].type, w->lib.struct_vector_get_child(to, i), row);
    if (t->kind == HIVE_ARRAY || t->kind == HIVE_MAP)
        ((struct duckdb_list_entry *)w->lib.vector_get_data(to))[row] =
            (struct duckdb_list_entry){w->lib.list_vector_get_size(to), 0};
}

/* As many bytes as a number of so many digits has. */
static void put_decimal(const struct hive_type *t, void *data, uint64_t row, __int128 value)
{
    if (t->precision <= 4)
        ((int16_t *)data)[row] = (int16_t)value;
    else if (t->precision <= 9)
        ((int32_t *)data)[row] = (int32_t)value;
    else if (t->precision <= 18)
        ((int64_t *)data)[row] = (int64_t)value;
    else
        memcpy((char *)data + row * sizeof(value), &value, sizeof(value));
}

/* Its items behind those that the child has already. */
static void put_list(struct column_writer *w, const struct hive_type *t, struct duckdb_vector *to,
                     uint64_t row, const struct hive_list *list)
{
    bool map = t->kind == HIVE_MAP;
    uint64_t count = map ? list->count / 2 : list->count;
    uint64_t at = w->lib.list_vector_get_size(to);
    struct duckdb_vector *child;

    w->lib.list_vector_reserve(to, at + count);
    w->lib.list_vector_set_size(to, at + count);
    ((struct duckdb_list_entry *)w->lib.vector_get_data(to))[row] =
        (struct duckdb_list_entry){at, count};
    child = w->lib.list_vector_get_child(to);
    w->bytes += count * sizeof(int64_t);
    for (uint64_t i = 0; i < count; i++) {
        if (!map) {
            put(w, t->element, child, at + i, &list->items[i]);
            continue;
        }
        put(w, t->key, w->lib.struct_vector_get_child(child, 0), at + i, &list->items[2 * i]);
        put(w, t->element, w->lib.struct_vector_get_child(child, 1), at + i,
            &list->items[2 * i + 1]);
    }
}

static void put_text(struct column_writer *w, struct duckdb_vector *to, uint64_t row,
                     struct bytes text)
{
    w->lib.vector_assign_string_element_len(to, row, text.data ? (const char *)text.data : "",
                                            text.len);
    w->bytes += text.len;
}

static void put_struct(struct column_writer *w, const struct hive_type *t, struct duckdb_vector *to,
                       uint64_t row, const struct hive_list *members)
{
    for (size_t i = 0; i < t->field_count; i++)
        put(w, t->fields[i].type, w->lib.struct_vector_get_child(to, i), row, &members->items[i]);
}

static void put_scalar(const struct hive_type *t, void *data, uint64_t row,
                       const struct hive_value *v)
{
    switch (t->kind) {
    case HIVE_BOOLEAN:
        ((bool *)data)[row] = v->boolean;
        break;
    case HIVE_TINYINT:
        ((int8_t *)data)[row] = (int8_t)v->integer;
        break;
    case HIVE_SMALLINT:
        ((int16_t *)data)[row] = (int16_t)v->integer;
        break;
    case HIVE_INT:
    case HIVE_DATE:
        ((int32_t *)data)[row] = (int32_t)v->integer;
        break;
    case HIVE_FLOAT:
        ((float *)data)[row] = (float)v->real;
        break;
    case HIVE_DOUBLE:
        ((double *)data)[row] = v->real;
        break;
    case HIVE_DECIMAL:
        put_decimal(t, data, row, v->decimal);
        break;
    default: /* BIGINT, TIMESTAMP */
        ((int64_t *)data)[row] = v->integer;
        break;
    }
}

static void put(struct column_writer *w, const struct hive_type *t, struct duckdb_vector *to,
                uint64_t row, const struct hive_value *v)
{
    if (v->is_null)
        put_null(w, t, to, row);
    else if (t->kind == HIVE_STRUCT)
        put_struct(w, t, to, row, &v->list);
    else if (t->kind == HIVE_ARRAY || t->kind == HIVE_MAP)
        put_list(w, t, to, row, &v->list);
    else if (t->kind >= HIVE_STRING && t->kind <= HIVE_BINARY)
        put_text(w, to, row, v->text);
    else
        put_scalar(t, w->lib.vector_get_data(to), row, v);
}

/* NOLINTEND(misc-no-recursion) */

/* --- the writer --- */

static void release(struct column_writer *w)
{
    for (size_t i = 0; w->columns && i < w->table->field_count; i++)
        w->lib.destroy_logical_type(&w->columns[i].type);
    free(w->columns);
    free(w);
}

static struct parquet_options options_of(const struct firehose_ParquetSerDe *o)
{
    const char *compression = o->Compression ? o->Compression : "SNAPPY";

    return (struct parquet_options){
        .compression = str_eq(compression, "GZIP")           ? "gzip"
                       : str_eq(compression, "UNCOMPRESSED") ? "uncompressed"
                                                             : "snappy",
        .dictionaries = VALUE_OR(o->EnableDictionaryCompression, false),
        .version = o->WriterVersion && str_eq(o->WriterVersion, "V2") ? 2 : 1,
    };
}

struct column_writer *parquet_begin(struct app *app, const struct hive_type *table,
                                    const struct firehose_ParquetSerDe *options, struct spool *out)
{
    const struct parquet_options parquet = options_of(options);
    struct column_writer *w = x_calloc(1, sizeof(*w));
    int file = spool_file(out);

    w->table = table;
    w->out = out;
    if (file < 0 || !engine_load(app->config->duckdb, &w->lib)) {
        release(w);
        return NULL;
    }
    w->rows_max = w->lib.vector_size();
    w->columns = x_calloc(table->field_count, sizeof(*w->columns));
    for (size_t i = 0; i < table->field_count; i++)
        w->columns[i] = (struct parquet_column){table->fields[i].name,
                                                make_type(&w->lib, table->fields[i].type)};
    w->writer = parquet_writer_new(&w->lib, w->columns, table->field_count, &parquet, file);
    if (w->writer)
        return w;
    release(w);
    return NULL;
}

static void send(struct column_writer *w)
{
    parquet_writer_send(w->writer, w->rows);
    w->rows = 0;
    w->bytes = 0;
}

void parquet_add(struct column_writer *w, const struct hive_value *row)
{
    struct duckdb_chunk *chunk = parquet_writer_chunk(w->writer);

    for (size_t i = 0; i < w->table->field_count; i++)
        put(w, w->table->fields[i].type, w->lib.data_chunk_get_vector(chunk, i), w->rows,
            &row->list.items[i]);
    w->rows++;
    if (w->rows == w->rows_max || w->bytes > CHUNK_BYTES_MAX)
        send(w);
}

bool parquet_end(struct column_writer *w)
{
    bool well;

    if (w->rows)
        send(w);
    well = parquet_writer_end(w->writer) && spool_measure(w->out);
    release(w);
    return well;
}
