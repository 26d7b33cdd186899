/*
 * The limit that writes are measured against: a plain loop that writes rows of 1 KB into the schema
 * of a service, 32 a transaction, with the settings the server uses (WAL, synchronous=NORMAL).
 * "s3" keeps the content in the row, as the server does with objects this small; "s3-files" writes
 * a file for each, renames it and records it, as the server does with larger ones.
 *
 * usage: bench_write_loop dynamodb|kinesis|s3|s3-files FILE SECONDS
 * prints rows per second. "s3-files" keeps its files in the folder FILE.files.
 */
#include "server/base/clock.h"
#include "server/base/digest.h"
#include "server/base/embed.h"
#include "server/base/encode.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

EMBED(storage_schema_scope_sql);
EMBED(storage_schema_dynamodb_001_sql);
EMBED(storage_schema_kinesis_001_sql);
EMBED(storage_schema_s3_001_sql);

enum {
    ROWS_PER_TRANSACTION = 32,
    BODY_LEN = 1024,
    ID_LEN = 2 * MD5_LEN,
    STATEMENTS_MAX = 2,
};

static void must(int rc, sqlite3 *db)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE)
        return;
    fprintf(stderr, "bench_write_loop: %s\n", sqlite3_errmsg(db));
    exit(1);
}

struct row {
    int64_t number;
    const char *body;
    int files; /* the folder of the content files */
};

static void bind_item(sqlite3_stmt *insert, const struct row *row)
{
    char key[32];
    uint8_t hash[MD5_LEN];
    int64_t bucket;

    snprintf(key, sizeof(key), "k%" PRId64, row->number);
    md5(key, strlen(key), hash);
    memcpy(&bucket, hash, sizeof(bucket));
    sqlite3_bind_int64(insert, 1, bucket);
    sqlite3_bind_blob(insert, 2, key, (int)strlen(key), SQLITE_TRANSIENT);
    sqlite3_bind_blob(insert, 3, row->body, BODY_LEN, SQLITE_STATIC);
}

static void bind_record(sqlite3_stmt *insert, const struct row *row)
{
    char key[32];

    snprintf(key, sizeof(key), "k%" PRId64, row->number);
    sqlite3_bind_int64(insert, 1, row->number);
    sqlite3_bind_text(insert, 2, key, -1, SQLITE_TRANSIENT);
    sqlite3_bind_blob(insert, 3, row->body, BODY_LEN, SQLITE_STATIC);
}

static void bind_version(sqlite3_stmt *insert, const struct row *row)
{
    char key[32];

    snprintf(key, sizeof(key), "k%" PRId64, row->number);
    sqlite3_bind_text(insert, 1, key, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(insert, 2, BODY_LEN);
}

static void bind_object(sqlite3_stmt *insert, const struct row *row)
{
    bind_version(insert, row);
    sqlite3_bind_blob(insert, 3, row->body, BODY_LEN, SQLITE_STATIC);
}

/* Spreads over the folders as random names do. */
static void file_id(const struct row *row, char out[ID_LEN + 1])
{
    uint8_t hash[MD5_LEN];

    md5(&row->number, sizeof(row->number), hash);
    hex_encode(hash, sizeof(hash), out);
}

static void write_file(const struct row *row, const char *id)
{
    char from[48];
    char to[48];
    int fd;

    snprintf(from, sizeof(from), "tmp/%s", id);
    snprintf(to, sizeof(to), "%.2s/%s", id, id);
    fd = openat(row->files, from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, row->body, BODY_LEN) != BODY_LEN || close(fd) ||
        renameat(row->files, from, row->files, to)) {
        perror("bench_write_loop: a file");
        exit(1);
    }
}

static void bind_file(sqlite3_stmt *insert, const struct row *row)
{
    char id[ID_LEN + 1];

    file_id(row, id);
    write_file(row, id);
    sqlite3_bind_text(insert, 1, id, ID_LEN, SQLITE_TRANSIENT);
}

static void bind_object_of_file(sqlite3_stmt *insert, const struct row *row)
{
    char id[ID_LEN + 1];

    file_id(row, id);
    bind_version(insert, row);
    sqlite3_bind_text(insert, 3, id, ID_LEN, SQLITE_TRANSIENT);
}

struct statement {
    const char *sql;
    void (*bind)(sqlite3_stmt *insert, const struct row *row);
};

struct kind {
    const char *name;
    const char *schema;
    struct statement statements[STATEMENTS_MAX]; /* one or more for each row */
    bool files;
};

#define INSERT_VERSION(content)                                                                    \
    "INSERT INTO version (bucket, key, state, marker, null_version, modified_ms, size, etag,"      \
    " account, storage_class, checksum_algorithm, checksum_type, checksum, " content ")"           \
    " VALUES (1, ?1, 1, 0, 1, 1770000000000, ?2, '0f343b0931126a20f133d67c2b018a3b',"              \
    " '123456789012', 'STANDARD', 1, 1, 'nT6OKw==', ?3)"

static const struct kind kinds[] = {
    {.name = "dynamodb",
     .schema = embed_storage_schema_dynamodb_001_sql,
     .statements = {{"INSERT INTO items (table_id, bucket, pk, sk, size, body)"
                     " VALUES (1, ?1, ?2, x'', 1030, ?3)",
                     bind_item}}},
    {.name = "kinesis",
     .schema = embed_storage_schema_kinesis_001_sql,
     /* Over four shards, like the stream that the server is measured with. */
     .statements = {{"INSERT INTO record (id, at_ms, key, data)"
                     " VALUES ((?1 % 4 + 1) << 40 | ?1, 1770000000000, ?2, ?3)",
                     bind_record}}},
    {.name = "s3",
     .schema = embed_storage_schema_s3_001_sql,
     .statements = {{INSERT_VERSION("data"), bind_object}}},
    {.name = "s3-files",
     .schema = embed_storage_schema_s3_001_sql,
     .statements = {{"INSERT INTO blob (id, refs) VALUES (?1, 1)", bind_file},
                    {INSERT_VERSION("blob"), bind_object_of_file}},
     .files = true},
};

static void insert_row(sqlite3 *db, const struct kind *kind, sqlite3_stmt **inserts,
                       const struct row *row)
{
    for (int i = 0; i < STATEMENTS_MAX && inserts[i]; i++) {
        kind->statements[i].bind(inserts[i], row);
        must(sqlite3_step(inserts[i]), db);
        sqlite3_reset(inserts[i]);
    }
}

static double rows_per_second(sqlite3 *db, const struct kind *kind, int files, int64_t seconds)
{
    char body[BODY_LEN];
    struct row row = {.body = body, .files = files};
    sqlite3_stmt *inserts[STATEMENTS_MAX] = {0};
    int64_t started;

    memset(body, 'x', sizeof(body));
    for (int i = 0; i < STATEMENTS_MAX && kind->statements[i].sql; i++)
        must(sqlite3_prepare_v2(db, kind->statements[i].sql, -1, &inserts[i], NULL), db);
    started = clock_monotonic_us();
    while (clock_monotonic_us() - started < seconds * 1000 * 1000) {
        must(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), db);
        for (int i = 0; i < ROWS_PER_TRANSACTION; i++) {
            row.number++;
            insert_row(db, kind, inserts, &row);
        }
        must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
    }
    for (int i = 0; i < STATEMENTS_MAX; i++)
        sqlite3_finalize(inserts[i]);
    return (double)row.number * 1e6 / (double)(clock_monotonic_us() - started);
}

/* The folder FILE.files with what blob.c makes in it. */
static int make_folders(const char *file)
{
    AUTO_FREE char *path = x_asprintf("%s.files", file);
    char name[8];
    int folder;

    mkdir(path, 0700);
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mkdirat(folder, "tmp", 0700);
    for (int i = 0; i < 256; i++) {
        snprintf(name, sizeof(name), "%02x", i);
        mkdirat(folder, name, 0700);
    }
    return folder;
}

int main(int argc, char **argv)
{
    const struct kind *kind = NULL;
    sqlite3 *db;
    int files;

    for (size_t i = 0; argc == 4 && i < ARRAY_LEN(kinds); i++)
        if (str_eq(argv[1], kinds[i].name))
            kind = &kinds[i];
    if (!kind) {
        fprintf(stderr, "usage: %s dynamodb|kinesis|s3|s3-files FILE SECONDS\n", argv[0]);
        return 2;
    }
    must(sqlite3_open(argv[2], &db), db);
    must(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", NULL, NULL, NULL),
         db);
    must(sqlite3_exec(db, embed_storage_schema_scope_sql, NULL, NULL, NULL), db);
    must(sqlite3_exec(db, kind->schema, NULL, NULL, NULL), db);
    files = kind->files ? make_folders(argv[2]) : -1;
    printf("%.0f\n", rows_per_second(db, kind, files, strtol(argv[3], NULL, 10)));
    sqlite3_close(db);
    return 0;
}
