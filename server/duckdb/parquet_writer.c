/*
 * The COPY asks a table function for rows, and that waits for what the writer's owner sends. There
 * are two chunks: one is filled while the other is written, and is free again when DuckDB asks for
 * more.
 */
#include "server/duckdb/parquet_writer.h"

#include "server/base/log.h"
#include "server/base/thread.h"

enum { MEMORY_MB = 1024, ROW_GROUP_MB = 32, ROW_GROUP_ROWS = 122880, SQL_MAX = 512 };

struct parquet_writer {
    const struct engine_functions *lib;
    const struct parquet_column *columns;
    size_t count;
    int file;
    char sql[SQL_MAX];
    pthread_t thread;
    struct duckdb_chunk *chunks[2];
    int filling; /* the chunk that its owner fills */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Below the lock. */
    struct duckdb_chunk *sent; /* filled, and not yet taken */
    bool no_more;              /* nothing will be sent */
    bool over;                 /* nothing will be taken */
    bool well;                 /* the file is whole; known when it is over */
};

/*
 * The writer whose COPY this thread runs. DuckDB's callbacks are given nothing that could be looked
 * into without the library's functions, which only the writer knows. With one thread in the engine
 * they are called in that one.
 */
static _Thread_local struct parquet_writer *running;

/* --- the thread that writes --- */

static void bind(struct duckdb_bind_info *info)
{
    for (size_t i = 0; i < running->count; i++)
        running->lib->bind_add_result_column(info, running->columns[i].name,
                                             running->columns[i].type);
}

static void init(struct duckdb_init_info *info)
{
    running->lib->init_set_max_threads(info, 1);
}

/* The chunk that was sent next; NULL at the end. */
static struct duckdb_chunk *take(struct parquet_writer *w)
{
    struct duckdb_chunk *chunk;

    pthread_mutex_lock(&w->lock);
    while (!w->sent && !w->no_more)
        pthread_cond_wait(&w->changed, &w->lock);
    chunk = TAKE(w->sent);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return chunk;
}

static void give_rows(struct duckdb_function_info *info, struct duckdb_chunk *out)
{
    const struct parquet_writer *w = running;
    struct duckdb_chunk *chunk = take(running);

    (void)info;
    for (size_t i = 0; chunk && i < w->count; i++)
        w->lib->vector_reference_vector(w->lib->data_chunk_get_vector(out, i),
                                        w->lib->data_chunk_get_vector(chunk, i));
    w->lib->data_chunk_set_size(out, chunk ? w->lib->data_chunk_get_size(chunk) : 0);
}

static bool register_rows(const struct engine *e)
{
    const struct engine_functions *lib = e->lib;
    struct duckdb_function *f = lib->create_table_function();
    bool well;

    lib->table_function_set_name(f, "sent_rows");
    lib->table_function_set_bind(f, bind);
    lib->table_function_set_init(f, init);
    lib->table_function_set_function(f, give_rows);
    well = lib->register_table_function(e->connection, f) == DUCKDB_SUCCESS;
    lib->destroy_table_function(&f);
    return well;
}

static bool write_file(struct parquet_writer *w)
{
    const struct engine_options options = {
        .memory_mb = MEMORY_MB,
        .threads = 1,
        .any_order = true, /* else row groups are measured in rows only */
        .files = &w->file,
        .file_count = 1,
    };
    struct engine e;
    bool well;

    if (!engine_open(&e, w->lib, &options)) {
        log_error("DuckDB can't be opened: %s", e.problem);
        return false;
    }
    well = register_rows(&e) && engine_run(&e, w->sql);
    if (!well)
        log_error("a Parquet file can't be written: %s", e.problem);
    engine_close(&e);
    return well;
}

static void *run(void *context)
{
    struct parquet_writer *w = context;
    bool well;

    running = w;
    well = write_file(w);
    pthread_mutex_lock(&w->lock);
    w->over = true;
    w->well = well;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* --- its owner --- */

static struct duckdb_chunk *make_chunk(const struct parquet_writer *w)
{
    struct duckdb_type **types = x_calloc(w->count, sizeof(struct duckdb_type *));
    struct duckdb_chunk *chunk;

    for (size_t i = 0; i < w->count; i++)
        types[i] = w->columns[i].type;
    chunk = w->lib->create_data_chunk(types, w->count);
    free(types);
    return chunk;
}

static void write_sql(struct parquet_writer *w, const struct parquet_options *o)
{
    char path[ENGINE_PATH_MAX];

    engine_file_path(w->file, path);
    snprintf(w->sql, sizeof(w->sql),
             "COPY (FROM sent_rows()) TO '%s' (FORMAT parquet, USE_TMP_FILE false, COMPRESSION %s, "
             "PARQUET_VERSION V%d, ROW_GROUP_SIZE %d, ROW_GROUP_SIZE_BYTES '%dMiB'%s)",
             path, o->compression, o->version, ROW_GROUP_ROWS, ROW_GROUP_MB,
             o->dictionaries ? "" : ", DICTIONARY_SIZE_LIMIT 0");
}

static void release(struct parquet_writer *w)
{
    for (size_t i = 0; i < ARRAY_LEN(w->chunks); i++)
        w->lib->destroy_data_chunk(&w->chunks[i]);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

struct parquet_writer *parquet_writer_new(const struct engine_functions *lib,
                                          const struct parquet_column *columns, size_t count,
                                          const struct parquet_options *options, int file)
{
    struct parquet_writer *w = x_calloc(1, sizeof(*w));
    int error;

    w->lib = lib;
    w->columns = columns;
    w->count = count;
    w->file = file;
    write_sql(w, options);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    for (size_t i = 0; i < ARRAY_LEN(w->chunks); i++)
        w->chunks[i] = make_chunk(w);
    error = thread_start_deep(&w->thread, "parquet", run, w);
    if (!error)
        return w;
    log_error("no thread to write Parquet: %s", strerror(error));
    release(w);
    return NULL;
}

struct duckdb_chunk *parquet_writer_chunk(struct parquet_writer *w)
{
    return w->chunks[w->filling];
}

void parquet_writer_send(struct parquet_writer *w, size_t rows)
{
    w->lib->data_chunk_set_size(w->chunks[w->filling], rows);
    pthread_mutex_lock(&w->lock);
    w->sent = w->chunks[w->filling];
    pthread_cond_broadcast(&w->changed);
    /* Once it is taken, DuckDB has done with the other one. */
    while (w->sent && !w->over)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
    w->filling ^= 1;
    w->lib->data_chunk_reset(w->chunks[w->filling]);
}

bool parquet_writer_end(struct parquet_writer *w)
{
    bool well;

    pthread_mutex_lock(&w->lock);
    w->no_more = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    well = w->well;
    release(w);
    return well;
}
