/*
 * Records: finding a number and a time, reading.
 *
 * A row of the table is one record, or a pack of several (kinesis_pack.h), which follow one another
 * in number and arrived together. Within a shard the numbers have no holes, but for those of puts
 * that failed, and arrival times do not fall: so a time is found by bisection over the numbers, and
 * no index is needed.
 */
#include "storage/kinesis_internal.h"

#include "server/base/log.h"
#include "storage/kinesis_pack.h"

#include <stdatomic.h>

/* Rows from the one that may hold the number ?2 on: the last that does not begin behind it. */
#define FROM_ROW_OF_NUMBER                                                                         \
    " FROM record WHERE id >= coalesce((SELECT id FROM record WHERE id >= ?1 AND id <= ?2"         \
    " ORDER BY id DESC LIMIT 1), ?2) AND id < ?3 ORDER BY id"

static struct sql_stmt *query_from(struct sql *s, const char *text,
                                   const struct kinesis_shard *shard, int64_t from)
{
    return sql_query(s, text, sql_int(kinesis_record_id(shard, 0)),
                     sql_int(kinesis_record_id(shard, from)),
                     sql_int(kinesis_record_id(shard, 0) + KINESIS_NUMBERS));
}

/* --- finding a time --- */

enum store_status kinesis_row_from(struct sql *s, const struct kinesis_shard *shard, int64_t from,
                                   struct kinesis_row *out)
{
    struct sql_stmt *st =
        query_from(s, "SELECT id, count, at_ms" FROM_ROW_OF_NUMBER " LIMIT 2", shard, from);
    enum store_status rc;

    while ((rc = sql_step(st)) == STORE_OK) {
        int64_t number = sql_column_int(st, 0) - kinesis_record_id(shard, 0);
        *out = (struct kinesis_row){
            .number = MAX(number, from),
            .end = number + sql_column_int(st, 1),
            .at_ms = sql_column_int(st, 2),
        };
        if (out->end > from)
            break;
    }
    sql_reset(st);
    return rc;
}

enum store_status kinesis_bisect(struct sql *s, const struct kinesis_shard *shard, int64_t low,
                                 int64_t high, int64_t at_ms, int64_t *out_number)
{
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        struct kinesis_row row;
        enum store_status rc = kinesis_row_from(s, shard, middle, &row);

        if (rc != STORE_OK && rc != STORE_NOT_FOUND)
            return rc;
        if (rc == STORE_OK && row.at_ms < at_ms)
            low = row.end;
        else
            high = middle;
    }
    *out_number = low;
    return STORE_OK;
}

enum store_status kinesis_store_number_at(struct kinesis_store *store,
                                          const struct kinesis_shard *shard, int64_t at_ms,
                                          int64_t *out_number)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = kinesis_bisect(s, shard, 1, shard->next, at_ms, out_number);
    sql_read_end(s);
    return rc;
}

/* shard->next may count records whose commit is still to come, or fails. */
enum store_status kinesis_store_latest(struct kinesis_store *store,
                                       const struct kinesis_shard *shard, int64_t *out_number)
{
    struct sql_stmt *st;
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s,
                   "SELECT max(next, coalesce((SELECT id + count FROM record WHERE id >= ?2"
                   " AND id < ?3 ORDER BY id DESC LIMIT 1), 0) - ?2) FROM shard WHERE id = ?1",
                   sql_int(shard->id), sql_int(kinesis_record_id(shard, 0)),
                   sql_int(kinesis_record_id(shard, 0) + KINESIS_NUMBERS));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_number = sql_column_int(st, 0);
    sql_read_end(s);
    return rc;
}

/* --- reading --- */

struct reader {
    struct kinesis_store *store;
    const struct kinesis_shard *shard;
    const struct kinesis_read_limits *limits;
    struct arena *arena;
    struct kinesis_batch *out;
    size_t bytes; /* of data, in `out` */
    bool full;
    int fd; /* of the segment that was read last; -1 */
    int64_t segment_id;
};

/* A row of several records, or one whose record is in a segment. */
struct packed {
    int64_t number; /* of the first */
    size_t count;
    int64_t at_ms;
    struct bytes blob;  /* when it is kept in the row */
    int64_t segment_id; /* 0: it is */
    int64_t place;
};

/* STORE_NOT_FOUND: the file has gone, and so has the row by now. STORE_CONFLICT: it is shorter. */
static enum store_status read_segment(struct reader *r, int64_t id, int64_t place, size_t len,
                                      uint8_t *out)
{
    if (r->fd < 0 || r->segment_id != id) {
        if (r->fd >= 0)
            close(r->fd);
        r->fd = kinesis_segment_open(r->store, id);
        r->segment_id = id;
    }
    if (r->fd < 0 && errno == ENOENT)
        return STORE_NOT_FOUND;
    while (r->fd >= 0 && len > 0) {
        ssize_t n = pread(r->fd, out, len, place);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            return STORE_CONFLICT;
        if (n < 0)
            break;
        out += n;
        place += n;
        len -= (size_t)n;
    }
    if (r->fd >= 0 && len == 0)
        return STORE_OK;
    log_error("cannot read segment %" PRId64 ": %m", id);
    return STORE_FAILED;
}

/* Some bytes of a pack. */
static enum store_status read_part(struct reader *r, const struct packed *p, size_t offset,
                                   size_t len, uint8_t **out)
{
    *out = arena_alloc(r->arena, len);
    if (p->segment_id)
        return read_segment(r, p->segment_id, p->place + (int64_t)offset, len, *out);
    if (offset > p->blob.len || len > p->blob.len - offset)
        return STORE_CONFLICT;
    if (len > 0)
        memcpy(*out, p->blob.data + offset, len);
    return STORE_OK;
}

/* Of the records from `skip` on, how many are wanted; what of the pack they take. */
static enum store_status choose(struct reader *r, const uint8_t *index, size_t skip, size_t count,
                                size_t *out_wanted, struct kinesis_pack_entry *out_span)
{
    size_t room = r->limits->records - r->out->count;
    size_t wanted = 0;

    for (; wanted < room && skip + wanted < count; wanted++) {
        struct kinesis_pack_entry entry;
        if (!kinesis_pack_entry(index, skip + wanted, &entry))
            return STORE_CONFLICT;
        r->bytes += entry.data_end - entry.data;
        r->full = r->out->count + wanted > 0 && r->bytes > r->limits->bytes;
        if (r->full)
            break;
        if (wanted == 0)
            *out_span = entry;
        out_span->key_end = entry.key_end;
        out_span->data_end = entry.data_end;
    }
    *out_wanted = wanted;
    return STORE_OK;
}

/* Where the wanted records are in memory. */
struct span {
    struct kinesis_pack_entry all; /* the keys and the data that were read */
    const char *keys;
    const uint8_t *data;
};

/* Adds the record, if it is as it was written. */
static void take(struct reader *r, const struct packed *p, const uint8_t *index, size_t i,
                 const struct span *span)
{
    int64_t number = p->number + (int64_t)i;
    struct kinesis_pack_entry entry;

    kinesis_pack_entry(index, i, &entry);
    const char *key = span->keys + (entry.key - span->all.key);
    const uint8_t *data = span->data + (entry.data - span->all.data);
    r->out->next = number + 1;
    if (kinesis_pack_whole(&entry, key, data))
        r->out->records[r->out->count++] = (struct kinesis_record){
            .number = number,
            .at_ms = p->at_ms,
            .key = key,
            .data = {data, entry.data_end - entry.data},
        };
    else
        log_error("record %" PRId64 " of shard %" PRId64 " is damaged, and left out", number,
                  r->shard->id);
}

/* Takes the records from `skip` on. STORE_CONFLICT: the pack is not as it was written. */
static enum store_status unpack(struct reader *r, const struct packed *p, size_t skip)
{
    struct kinesis_pack_entry last;
    struct span span = {0};
    uint8_t *index;
    uint8_t *keys;
    uint8_t *data;
    size_t wanted = 0;
    enum store_status rc = read_part(r, p, 0, kinesis_pack_head(p->count, 0), &index);

    if (rc == STORE_OK)
        rc = choose(r, index, skip, p->count, &wanted, &span.all);
    if (rc != STORE_OK || wanted == 0)
        return rc;
    if (!kinesis_pack_entry(index, p->count - 1, &last))
        return STORE_CONFLICT;
    rc = read_part(r, p, kinesis_pack_head(p->count, span.all.key), span.all.key_end - span.all.key,
                   &keys);
    if (rc == STORE_OK)
        rc = read_part(r, p, kinesis_pack_head(p->count, last.key_end) + span.all.data,
                       span.all.data_end - span.all.data, &data);
    if (rc != STORE_OK)
        return rc;
    span.keys = (const char *)keys;
    span.data = data;
    for (size_t i = 0; i < wanted; i++)
        take(r, p, index, skip + i, &span);
    return STORE_OK;
}

static enum store_status read_pack(struct reader *r, const struct packed *p)
{
    int64_t skip = MAX(r->out->next - p->number, (int64_t)0);
    enum store_status rc;

    if (skip >= (int64_t)p->count)
        return STORE_OK;
    rc = unpack(r, p, (size_t)skip);
    if (rc == STORE_CONFLICT)
        log_error("%zu records from %" PRId64 " on of shard %" PRId64 " are damaged, and left out",
                  p->count, p->number, r->shard->id);
    if (rc != STORE_CONFLICT && rc != STORE_NOT_FOUND)
        return rc;
    r->out->next = p->number + (int64_t)p->count;
    return STORE_OK;
}

/* A row that is one record. */
static void read_single(struct reader *r, struct sql_stmt *st, int64_t number)
{
    struct kinesis_record *record = &r->out->records[r->out->count];

    if (number < r->out->next)
        return;
    r->bytes += sql_column_blob(st, 4).len;
    r->full = r->out->count > 0 && r->bytes > r->limits->bytes;
    if (r->full)
        return;
    record->number = number;
    record->at_ms = sql_column_int(st, 2);
    record->key = sql_column_text(st, 3, r->arena);
    record->data = sql_column_bytes(st, 4, r->arena);
    r->out->next = number + 1;
    r->out->count++;
}

static enum store_status read_row(struct reader *r, struct sql_stmt *st)
{
    int64_t number = sql_column_int(st, 0) - kinesis_record_id(r->shard, 0);
    int64_t count = sql_column_int(st, 1);
    struct packed p = {.number = number, .at_ms = sql_column_int(st, 2)};

    p.segment_id = sql_column_int(st, 5);
    if (count == 1 && p.segment_id == 0) {
        read_single(r, st, number);
        return STORE_OK;
    }
    if (count < 1 || count > KINESIS_PACK_RECORDS)
        return STORE_FAILED;
    p.count = (size_t)count;
    p.blob = sql_column_blob(st, 4);
    p.place = sql_column_int(st, 6);
    return read_pack(r, &p);
}

static enum store_status read_rows(struct sql *s, struct reader *r, bool *out_exhausted)
{
    struct sql_stmt *st =
        query_from(s, "SELECT id, count, at_ms, key, data, segment, place" FROM_ROW_OF_NUMBER,
                   r->shard, r->out->next);
    enum store_status rc = STORE_OK;

    while (!r->full && r->out->count < r->limits->records && (rc = sql_step(st)) == STORE_OK) {
        rc = read_row(r, st);
        if (rc != STORE_OK)
            break;
    }
    *out_exhausted = rc == STORE_NOT_FOUND;
    sql_reset(st);
    if (r->fd >= 0)
        close(r->fd);
    return *out_exhausted ? STORE_OK : rc;
}

/* Old records are the first ones, as arrival times do not fall. */
static enum store_status skip_old(struct sql *s, const struct kinesis_shard *shard,
                                  int64_t not_before, int64_t *next)
{
    struct kinesis_row row;
    enum store_status rc = kinesis_row_from(s, shard, *next, &row);

    if (rc == STORE_OK && row.at_ms < not_before)
        rc = kinesis_bisect(s, shard, row.end, shard->next, not_before, next);
    return rc;
}

enum store_status kinesis_store_read(struct kinesis_store *store, const struct kinesis_shard *shard,
                                     int64_t from, const struct kinesis_read_limits *limits,
                                     struct arena *a, struct kinesis_batch *out)
{
    struct sql *s;
    bool closed = atomic_load(&shard->closed_ms) != 0;
    int64_t waiting = atomic_load_explicit(&shard->next, memory_order_acquire) - from;
    struct kinesis_read_limits bounded = *limits;
    struct reader r = {
        .store = store, .shard = shard, .limits = &bounded, .arena = a, .out = out, .fd = -1};
    bool exhausted = false;
    enum store_status rc;

    *out = (struct kinesis_batch){.next = from};
    if (waiting <= 0)
        return STORE_OK;
    bounded.records = MIN(limits->records, (size_t)waiting);
    rc = lazy_read_begin(store->db, &s);
    if (rc != STORE_OK)
        return rc;
    rc = skip_old(s, shard, limits->not_before, &out->next);
    if (rc == STORE_OK) {
        out->records = ARENA_ARRAY(a, struct kinesis_record, bounded.records);
        rc = read_rows(s, &r, &exhausted);
    }
    sql_read_end(s);
    if (rc == STORE_NOT_FOUND)
        rc = STORE_OK;
    /* What has not come up to here will not come: it was trimmed, or its put failed. */
    if (rc == STORE_OK && closed && (out->count == 0 || exhausted))
        out->next = shard->next;
    return rc;
}
