/*
 * Streams inside the service: names, sequence numbers, records. Used by the operations of
 * dynamodbstreams, by the reader for other services (streams.h), and by deliveries to Kinesis.
 */
#ifndef CADABRA_DYNAMODB_STREAM_H
#define CADABRA_DYNAMODB_STREAM_H

#include "handlers/dynamodb/state.h"
#include "handlers/dynamodb/streams.h"
#include "storage/dynamodb_log_store.h"

struct dynamodb_stream_hold {
    struct ddb *ddb;
    struct ddb_stream_row row;
    struct ddb_definition definition;
    struct ddb_feed *feed;
    _Atomic bool gone;
    struct arena arena; /* of the row and the definition */
};

/* "arn:aws:dynamodb:r:a:table/t/stream/label". False when it is none. */
struct ddb_stream_name {
    struct scope scope;
    const char *table;
    const char *label;
};
bool ddb_stream_name_parse(const char *arn, struct arena *a, struct ddb_stream_name *out);

/* Digits that others sort as numbers: 1 and the number in twenty digits. */
void ddb_sequence_format(int64_t number, char out[DYNAMODB_SEQUENCE_MAX]);
bool ddb_sequence_parse(const char *text, int64_t *out_number);

/* A logged change as a stream shows it. Items point into the arena. */
struct ddb_record {
    char event_id[33];
    char sequence[DYNAMODB_SEQUENCE_MAX];
    const char *event_name; /* INSERT, MODIFY, REMOVE */
    struct ddb_item keys;
    struct ddb_text before; /* canonical text; data NULL where there is none */
    struct ddb_text after;
    bool shows_before;
    bool shows_after;
    int64_t size; /* of the keys and the images that are shown */
    int64_t at_ms;
    bool by_expiry;
};

/* STORE_FAILED, logged, when the stored items cannot be read. `source` tells apart records that
 * have the same number in the logs of two tables. */
enum store_status ddb_record_of(const struct ddb_logged *change, const struct ddb_definition *d,
                                enum ddb_view view, int64_t source, struct arena *a,
                                struct ddb_record *out);
/* The value of the partition key as JSON text. */
const char *ddb_record_partition(const struct ddb_record *r, const struct ddb_definition *d,
                                 struct arena *a);

struct ddb_stream_page {
    struct ddb_record *items;
    size_t count;
    int64_t next;
    bool end;
    int64_t last_ms; /* time of the last record */
};

/* Reads from number `from` on. STORE_NOT_FOUND: forgotten, and the hold says gone. */
enum store_status ddb_stream_page(struct dynamodb_stream_hold *hold, int64_t from,
                                  size_t max_records, size_t max_bytes, struct arena *a,
                                  struct ddb_stream_page *out);
/* The oldest number that can be read. */
enum store_status ddb_stream_oldest(struct dynamodb_stream_hold *hold, int64_t *out_number);

#endif
