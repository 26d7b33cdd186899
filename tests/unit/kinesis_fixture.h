/* For tests of the Kinesis store: a store in memory, and streams of three shards in it. */
#ifndef CADABRA_TESTS_KINESIS_FIXTURE_H
#define CADABRA_TESTS_KINESIS_FIXTURE_H

#include "handlers/kinesis/hash.h"
#include "storage/kinesis_store.h"

#include <check.h>
#include <pthread.h>

enum { HOUR_MS = 3600 * 1000, SHARDS = 3 };
static const int64_t start_ms = 1770000000000;
static const struct scope scope = {"000000000000", "us-east-1"};

static struct store_root *root;
static struct kinesis_store *store;
static struct arena arena;

static void set_up(void)
{
    char problem[256];

    root = store_open(&(struct store_options){0}, problem, sizeof(problem));
    ck_assert_ptr_nonnull(root);
    store = kinesis_store_open(root);
    arena_init(&arena);
}

static void tear_down(void)
{
    arena_release(&arena);
    kinesis_store_close(store);
    store_close(root);
}

static enum store_status create(const char *name)
{
    struct kinesis_hash_range ranges[SHARDS];
    const struct kinesis_new_stream stream = {
        .name = name,
        .created_ms = start_ms,
        .retention_hours = 24,
        .record_max = 1 << 20,
        .ranges = ranges,
        .shard_count = SHARDS,
    };

    for (size_t i = 0; i < SHARDS; i++)
        ranges[i] = kinesis_hash_part(i, SHARDS);
    return kinesis_store_create(store, &scope, &stream);
}

static struct kinesis_stream *load(const char *name)
{
    struct kinesis_stream *stream;

    ck_assert_int_eq(kinesis_store_load(store, &scope, name, &stream), STORE_OK);
    return stream;
}

static struct kinesis_stream *made(const char *name)
{
    ck_assert_int_eq(create(name), STORE_OK);
    return load(name);
}

/* As a restart does. */
static inline void reopen(struct kinesis_stream **stream)
{
    AUTO_FREE char *name = x_strdup((*stream)->name);

    kinesis_stream_free(*stream);
    kinesis_store_close(store);
    store = kinesis_store_open(root);
    *stream = load(name);
}

#endif
