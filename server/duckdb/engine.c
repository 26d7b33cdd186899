#include "server/duckdb/engine.h"

#include "server/base/library.h"
#include "server/base/log.h"
#include "server/base/strbuf.h"

#include <limits.h>

enum { SQL_MAX = 64 * 1024 };

const char engine_missing[] = "DuckDB's library is not there: run server/get-duckdb.sh, or say "
                              "with --duckdb where libduckdb.so is";

const char engine_unusable[] = "DuckDB's library can't be used: remove it and run "
                               "server/get-duckdb.sh, or say with --duckdb where a libduckdb.so "
                               "is";

/* --- the library --- */

static char *directory_of_program(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    path[n > 0 ? n : 0] = '\0';
    slash = strrchr(path, '/');
    return slash ? x_asprintf("%.*s", (int)(slash - path), path) : NULL;
}

char *engine_find(const char *configured)
{
    static const char *const places[] = {"", "../duckdb/", "../lib/cadabra/"};
    AUTO_FREE char *program = NULL;

    if (configured)
        return access(configured, R_OK) == 0 ? x_strdup(configured) : NULL;
    program = directory_of_program();
    for (size_t i = 0; program && i < ARRAY_LEN(places); i++) {
        AUTO_FREE char *path = x_asprintf("%s/%slibduckdb.so", program, places[i]);

        if (access(path, R_OK) == 0)
            return TAKE(path);
    }
    return NULL;
}

bool engine_load(const char *configured, struct engine_functions *out)
{
#define ENGINE_SYMBOL(name, returns, arguments) {"duckdb_" #name, &out->name},
    const struct library_symbol symbols[] = {ENGINE_FUNCTIONS(ENGINE_SYMBOL)};
#undef ENGINE_SYMBOL
    AUTO_FREE char *path = engine_find(configured);

    if (!path) {
        log_error("%s", engine_missing);
        return false;
    }
    return library_load(path, symbols, ARRAY_LEN(symbols));
}

/* --- a database --- */

/* DuckDB's words go on for several lines, with an excerpt of the SQL. */
static bool fail(struct engine *e, const char *words)
{
    size_t len = strcspn(words ? words : "", "\n");

    snprintf(e->problem, sizeof(e->problem), "%.*s", (int)MIN(len, sizeof(e->problem) - 1),
             words ? words : "");
    return false;
}

bool engine_run(struct engine *e, const char *sql)
{
    struct duckdb_result result;
    bool well = e->lib->query(e->connection, sql, &result) == DUCKDB_SUCCESS;

    if (!well)
        fail(e, e->lib->result_error(&result));
    e->lib->destroy_result(&result);
    return well;
}

struct bytes engine_text(const struct engine_functions *lib, struct duckdb_chunk *chunk,
                         uint64_t column, uint64_t row)
{
    const struct duckdb_text *texts =
        lib->vector_get_data(lib->data_chunk_get_vector(chunk, column));
    const struct duckdb_text *t = &texts[row];

    return (struct bytes){
        (const uint8_t *)(t->len <= sizeof(t->begin) + sizeof(t->rest) ? t->begin : t->all),
        t->len};
}

void engine_file_path(int fd, char out[ENGINE_PATH_MAX])
{
    snprintf(out, ENGINE_PATH_MAX, "/proc/self/fd/%d", fd);
}

static void add_quoted(struct strbuf *sql, const char *text)
{
    strbuf_add_char(sql, '\'');
    for (; *text; text++) {
        strbuf_add_char(sql, *text);
        if (*text == '\'')
            strbuf_add_char(sql, '\'');
    }
    strbuf_add_char(sql, '\'');
}

/* Says what may be reached, then shuts the door; the lock comes last. */
static void write_lock_down(struct strbuf *sql, const struct engine_options *o)
{
    strbuf_add_text(sql, "SET autoinstall_known_extensions=false;"
                         "SET autoload_known_extensions=false;"
                         "SET allow_community_extensions=false;"
                         "SET allow_persistent_secrets=false;"
                         "SET enable_progress_bar=false;"
                         "SET allowed_paths=[");
    for (size_t i = 0; i < o->file_count; i++) {
        char path[ENGINE_PATH_MAX];

        engine_file_path(o->files[i], path);
        if (i)
            strbuf_add_char(sql, ',');
        add_quoted(sql, path);
    }
    strbuf_add_format(sql, "];SET preserve_insertion_order=%s;SET temp_directory=",
                      o->any_order ? "false" : "true");
    add_quoted(sql, o->directory ? o->directory : "");
    if (o->directory) {
        strbuf_add_text(sql, ";SET allowed_directories=[");
        add_quoted(sql, o->directory);
        strbuf_add_char(sql, ']');
    }
    strbuf_add_text(sql, ";SET enable_external_access=false;SET lock_configuration=true");
}

static bool lock_down(struct engine *e, const struct engine_options *o)
{
    struct strbuf sql = STRBUF_INIT(SQL_MAX);
    bool well;

    write_lock_down(&sql, o);
    well = !sql.overflow && engine_run(e, sql.data);
    strbuf_release(&sql);
    return well;
}

static bool open_database(struct engine *e, const struct engine_options *o)
{
    struct duckdb_config *config = NULL;
    char memory[32], threads[32];
    char *words = NULL;
    bool well;

    snprintf(memory, sizeof(memory), "%dMiB", o->memory_mb);
    snprintf(threads, sizeof(threads), "%d", o->threads);
    well = e->lib->create_config(&config) == DUCKDB_SUCCESS &&
           e->lib->set_config(config, "threads", threads) == DUCKDB_SUCCESS &&
           e->lib->set_config(config, "memory_limit", memory) == DUCKDB_SUCCESS;
    if (!well)
        fail(e, "the settings are refused");
    else if (e->lib->open_ext(NULL, &e->database, config, &words) != DUCKDB_SUCCESS)
        well = fail(e, words);
    e->lib->free(words);
    e->lib->destroy_config(&config);
    return well;
}

bool engine_open(struct engine *e, const struct engine_functions *lib,
                 const struct engine_options *options)
{
    *e = (struct engine){.lib = lib};
    assert(options->file_count <= ENGINE_FILES_MAX);
    if (!open_database(e, options))
        return false;
    if (lib->connect(e->database, &e->connection) != DUCKDB_SUCCESS)
        fail(e, "there is no connection");
    else if (lock_down(e, options))
        return true;
    engine_close(e);
    return false;
}

void engine_close(struct engine *e)
{
    if (e->connection)
        e->lib->disconnect(&e->connection);
    if (e->database)
        e->lib->close(&e->database);
}
