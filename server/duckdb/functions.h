/*
 * The part of DuckDB's C API that cadabra uses, declared here so that building needs no header of
 * DuckDB. Names, types and layouts are those of its duckdb.h (MIT licence), which promises them to
 * stay; get-duckdb.sh pins the version they were checked with.
 *
 * https://duckdb.org/docs/stable/clients/c/api
 *
 * A new function is a line of ENGINE_FUNCTIONS: duckdb_open_ext becomes engine_functions.open_ext,
 * filled by dlsym.
 */
#ifndef CADABRA_DUCKDB_FUNCTIONS_H
#define CADABRA_DUCKDB_FUNCTIONS_H

#include "server/base/base.h"

/* Handles; each has a function that ends it. */
struct duckdb_database;
struct duckdb_connection;
struct duckdb_config;
struct duckdb_type;
struct duckdb_chunk;
struct duckdb_vector;
struct duckdb_function;  /* a table function that is being made */
struct duckdb_bind_info; /* what its callbacks are given */
struct duckdb_init_info;
struct duckdb_function_info;

typedef void duckdb_bind_callback(struct duckdb_bind_info *);
typedef void duckdb_init_callback(struct duckdb_init_info *);
typedef void duckdb_rows_callback(struct duckdb_function_info *, struct duckdb_chunk *);

/* duckdb_result, passed by value or address; no member is ours. */
struct duckdb_result {
    uint64_t counts[3];
    void *places[3];
};

/* duckdb_type: what a column is. */
enum duckdb_kind {
    DUCKDB_BOOLEAN = 1,
    DUCKDB_TINYINT = 2,
    DUCKDB_SMALLINT = 3,
    DUCKDB_INTEGER = 4,
    DUCKDB_BIGINT = 5,
    DUCKDB_FLOAT = 10,
    DUCKDB_DOUBLE = 11,
    DUCKDB_TIMESTAMP = 12, /* int64_t, microseconds since 1970 */
    DUCKDB_DATE = 13,      /* int32_t, days since 1970 */
    DUCKDB_VARCHAR = 17,
    DUCKDB_BLOB = 18,
};

/* What a vector of lists or maps holds: a part of its child. */
struct duckdb_list_entry {
    uint64_t offset;
    uint64_t length;
};

/* What a vector of texts holds: up to 12 bytes stand in it. */
struct duckdb_text {
    uint32_t len;
    char begin[4];
    union {
        char rest[8];
        const char *all;
    };
};

enum duckdb_state { DUCKDB_SUCCESS = 0, DUCKDB_ERROR = 1 };

/* X(name, what it returns, arguments) */
#define ENGINE_FUNCTIONS(X)                                                                        \
    X(open_ext, enum duckdb_state,                                                                 \
      (const char *path, struct duckdb_database **out, struct duckdb_config *, char **out_error))  \
    X(close, void, (struct duckdb_database **))                                                    \
    X(connect, enum duckdb_state, (struct duckdb_database *, struct duckdb_connection * *out))     \
    X(disconnect, void, (struct duckdb_connection **))                                             \
    X(free, void, (void *))                                                                        \
    X(create_config, enum duckdb_state, (struct duckdb_config * *out))                             \
    X(set_config, enum duckdb_state,                                                               \
      (struct duckdb_config *, const char *name, const char *value))                               \
    X(destroy_config, void, (struct duckdb_config **))                                             \
    X(query, enum duckdb_state,                                                                    \
      (struct duckdb_connection *, const char *sql, struct duckdb_result *out))                    \
    X(result_error, const char *, (struct duckdb_result *))                                        \
    X(destroy_result, void, (struct duckdb_result *))                                              \
    X(fetch_chunk, struct duckdb_chunk *, (struct duckdb_result))                                  \
    X(create_logical_type, struct duckdb_type *, (enum duckdb_kind))                               \
    X(create_decimal_type, struct duckdb_type *, (uint8_t width, uint8_t scale))                   \
    X(create_list_type, struct duckdb_type *, (struct duckdb_type *))                              \
    X(create_map_type, struct duckdb_type *,                                                       \
      (struct duckdb_type * key, struct duckdb_type * value))                                      \
    X(create_struct_type, struct duckdb_type *,                                                    \
      (struct duckdb_type * *members, const char **names, uint64_t count))                         \
    X(destroy_logical_type, void, (struct duckdb_type **))                                         \
    X(vector_size, uint64_t, (void)) /* rows of a chunk, at most */                                \
    X(create_data_chunk, struct duckdb_chunk *, (struct duckdb_type * *types, uint64_t count))     \
    X(destroy_data_chunk, void, (struct duckdb_chunk **))                                          \
    X(data_chunk_reset, void, (struct duckdb_chunk *))                                             \
    X(data_chunk_get_size, uint64_t, (struct duckdb_chunk *))                                      \
    X(data_chunk_set_size, void, (struct duckdb_chunk *, uint64_t rows))                           \
    X(data_chunk_get_vector, struct duckdb_vector *, (struct duckdb_chunk *, uint64_t column))     \
    X(vector_get_data, void *, (struct duckdb_vector *))                                           \
    X(vector_get_validity, uint64_t *, (struct duckdb_vector *)) /* NULL: no row is null */        \
    X(vector_ensure_validity_writable, void, (struct duckdb_vector *))                             \
    X(vector_reference_vector, void, (struct duckdb_vector * to, struct duckdb_vector * from))     \
    X(vector_assign_string_element_len, void,                                                      \
      (struct duckdb_vector *, uint64_t row, const char *text, uint64_t len))                      \
    X(list_vector_get_child, struct duckdb_vector *, (struct duckdb_vector *))                     \
    X(list_vector_get_size, uint64_t, (struct duckdb_vector *))                                    \
    X(list_vector_set_size, enum duckdb_state, (struct duckdb_vector *, uint64_t size))            \
    X(list_vector_reserve, enum duckdb_state, (struct duckdb_vector *, uint64_t capacity))         \
    X(struct_vector_get_child, struct duckdb_vector *, (struct duckdb_vector *, uint64_t member))  \
    X(create_table_function, struct duckdb_function *, (void))                                     \
    X(destroy_table_function, void, (struct duckdb_function **))                                   \
    X(table_function_set_name, void, (struct duckdb_function *, const char *name))                 \
    X(table_function_set_bind, void, (struct duckdb_function *, duckdb_bind_callback *))           \
    X(table_function_set_init, void, (struct duckdb_function *, duckdb_init_callback *))           \
    X(table_function_set_function, void, (struct duckdb_function *, duckdb_rows_callback *))       \
    X(register_table_function, enum duckdb_state,                                                  \
      (struct duckdb_connection *, struct duckdb_function *))                                      \
    X(bind_add_result_column, void,                                                                \
      (struct duckdb_bind_info *, const char *name, struct duckdb_type *))                         \
    X(init_set_max_threads, void, (struct duckdb_init_info *, uint64_t))

struct engine_functions {
#define ENGINE_MEMBER(name, returns, arguments) returns(*name) arguments;
    ENGINE_FUNCTIONS(ENGINE_MEMBER)
#undef ENGINE_MEMBER
};

#endif
