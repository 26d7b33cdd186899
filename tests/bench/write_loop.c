/*
 * The limit that writes are measured against: a plain loop that writes rows of 1 KB into the schema
 * of a service, 32 a transaction, with the settings the server uses (WAL, synchronous=NORMAL).
 *
 * usage: bench_write_loop dynamodb|kinesis FILE SECONDS
 * prints rows per second.
 */
#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/base/embed.h"

#include <sqlite3.h>

EMBED(storage_schema_scope_sql);
EMBED(storage_schema_dynamodb_001_sql);
EMBED(storage_schema_kinesis_001_sql);

enum { ROWS_PER_TRANSACTION = 32, BODY_LEN = 1024 };

static void must(int rc, sqlite3 *db)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE)
        return;
    fprintf(stderr, "bench_write_loop: %s\n", sqlite3_errmsg(db));
    exit(1);
}

static void bind_item(sqlite3_stmt *insert, int64_t number, const char *body)
{
    char key[32];
    uint8_t hash[MD5_LEN];
    int64_t bucket;

    snprintf(key, sizeof(key), "k%" PRId64, number);
    md5(key, strlen(key), hash);
    memcpy(&bucket, hash, sizeof(bucket));
    sqlite3_bind_int64(insert, 1, bucket);
    sqlite3_bind_blob(insert, 2, key, (int)strlen(key), SQLITE_TRANSIENT);
    sqlite3_bind_blob(insert, 3, body, BODY_LEN, SQLITE_STATIC);
}

static void bind_record(sqlite3_stmt *insert, int64_t number, const char *body)
{
    char key[32];

    snprintf(key, sizeof(key), "k%" PRId64, number);
    sqlite3_bind_int64(insert, 1, number);
    sqlite3_bind_text(insert, 2, key, -1, SQLITE_TRANSIENT);
    sqlite3_bind_blob(insert, 3, body, BODY_LEN, SQLITE_STATIC);
}

struct kind {
    const char *name;
    const char *schema;
    const char *insert;
    void (*bind)(sqlite3_stmt *insert, int64_t number, const char *body);
};

static const struct kind kinds[] = {
    {"dynamodb", embed_storage_schema_dynamodb_001_sql,
     "INSERT INTO items (table_id, bucket, pk, sk, size, body) VALUES (1, ?1, ?2, x'', 1030, ?3)",
     bind_item},
    {"kinesis", embed_storage_schema_kinesis_001_sql,
     /* Over four shards, like the stream that the server is measured with. */
     "INSERT INTO record (id, at_ms, key, data)"
     " VALUES ((?1 % 4 + 1) << 40 | ?1, 1770000000000, ?2, ?3)",
     bind_record},
};

static double rows_per_second(sqlite3 *db, const struct kind *kind, int64_t seconds)
{
    char body[BODY_LEN];
    sqlite3_stmt *insert;
    int64_t started;
    int64_t rows = 0;

    memset(body, 'x', sizeof(body));
    must(sqlite3_prepare_v2(db, kind->insert, -1, &insert, NULL), db);
    started = clock_monotonic_us();
    while (clock_monotonic_us() - started < seconds * 1000 * 1000) {
        must(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), db);
        for (int i = 0; i < ROWS_PER_TRANSACTION; i++) {
            kind->bind(insert, ++rows, body);
            must(sqlite3_step(insert), db);
            sqlite3_reset(insert);
        }
        must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
    }
    sqlite3_finalize(insert);
    return (double)rows * 1e6 / (double)(clock_monotonic_us() - started);
}

int main(int argc, char **argv)
{
    const struct kind *kind = NULL;
    sqlite3 *db;

    for (size_t i = 0; argc == 4 && i < ARRAY_LEN(kinds); i++)
        if (str_eq(argv[1], kinds[i].name))
            kind = &kinds[i];
    if (!kind) {
        fprintf(stderr, "usage: %s dynamodb|kinesis FILE SECONDS\n", argv[0]);
        return 2;
    }
    must(sqlite3_open(argv[2], &db), db);
    must(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", NULL, NULL, NULL),
         db);
    must(sqlite3_exec(db, embed_storage_schema_scope_sql, NULL, NULL, NULL), db);
    must(sqlite3_exec(db, kind->schema, NULL, NULL, NULL), db);
    printf("%.0f\n", rows_per_second(db, kind, strtol(argv[3], NULL, 10)));
    sqlite3_close(db);
    return 0;
}
