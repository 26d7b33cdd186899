/*
 * Partitions and column statistics.
 *
 * A list walks the index over (table, tuple), which is all that the question whether a partition is
 * wanted needs; only wanted ones are read whole. Where the caller knows that no tuple with some
 * beginning is wanted, the walk goes on behind them.
 */
#include "storage/glue_internal.h"

/* Hopeless tuples passed over one by one before the index is asked anew. */
enum { HOPELESS_STEPS = 8 };

static enum store_status insert_partition(struct sql *s, int64_t table_id,
                                          const struct glue_partition_row *row, bool *out_there)
{
    enum store_status status = sql_exec(
        s,
        "INSERT INTO catalog_partition (table_id, tuple, created_ms, document)"
        " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        sql_int(table_id), sql_text(row->tuple), sql_int(row->created_ms), sql_text(row->document));

    *out_there = !status && sql_changes(s) == 0;
    return status;
}

enum store_status glue_partitions_create(struct glue_store *store, int64_t table_id,
                                         const struct glue_partition_row *rows, size_t count,
                                         bool *out_there)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = glue_table_exists(s, table_id);
    for (size_t i = 0; i < count && !status; i++)
        status = insert_partition(s, table_id, &rows[i], &out_there[i]);
    return sql_write_end(s, status);
}

static void read_partition(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct glue_partition_row *)out = (struct glue_partition_row){
        .tuple = sql_column_text(st, 0, a),
        .created_ms = sql_column_int(st, 1),
        .document = sql_column_text(st, 2, a),
    };
}

enum store_status glue_partition_find(struct glue_store *store, int64_t table_id, const char *tuple,
                                      struct arena *a, struct glue_partition_row *out)
{
    return glue_row(store, read_partition, a, out,
                    "SELECT tuple, created_ms, document FROM catalog_partition"
                    " WHERE table_id = ?1 AND tuple = ?2",
                    sql_int(table_id), sql_text(tuple));
}

static enum store_status partition_exists(struct sql *s, int64_t table_id, const char *tuple)
{
    return glue_exists(
        sql_query(s, "SELECT 1 FROM catalog_partition WHERE table_id = ?1 AND tuple = ?2",
                  sql_int(table_id), sql_text(tuple)));
}

static enum store_status change_partition(struct sql *s, int64_t table_id, const char *tuple,
                                          const struct glue_partition_row *row)
{
    bool moves = !str_eq(tuple, row->tuple);
    enum store_status status = partition_exists(s, table_id, tuple);

    if (status)
        return status;
    if (moves && partition_exists(s, table_id, row->tuple) == STORE_OK)
        return STORE_EXISTS;
    status =
        sql_exec(s,
                 "UPDATE catalog_partition SET tuple = ?3, document = ?4 WHERE table_id = ?1"
                 " AND tuple = ?2",
                 sql_int(table_id), sql_text(tuple), sql_text(row->tuple), sql_text(row->document));
    if (!status && moves)
        status = sql_exec(s,
                          "UPDATE column_statistics SET tuple = ?3 WHERE table_id = ?1"
                          " AND tuple = ?2",
                          sql_int(table_id), sql_text(tuple), sql_text(row->tuple));
    return status;
}

enum store_status glue_partition_update(struct glue_store *store, int64_t table_id,
                                        const char *tuple, const struct glue_partition_row *row)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    return status ? status : sql_write_end(s, change_partition(s, table_id, tuple, row));
}

enum store_status glue_partition_delete(struct glue_store *store, int64_t table_id,
                                        const char *tuple)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = sql_exec(s, "DELETE FROM catalog_partition WHERE table_id = ?1 AND tuple = ?2",
                      sql_int(table_id), sql_text(tuple));
    status = glue_changed(s, status);
    if (!status)
        status = sql_exec(s, "DELETE FROM column_statistics WHERE table_id = ?1 AND tuple = ?2",
                          sql_int(table_id), sql_text(tuple));
    return sql_write_end(s, status);
}

/* --- lists --- */

/* A list on its way. */
struct walk {
    struct sql *s;
    struct sql_stmt *st;
    int64_t table_id;
    const struct glue_partition_filter *filter;
    struct arena *arena;
    char *hopeless; /* a beginning that no wanted tuple has; from malloc */
    size_t hopeless_len;
    char *position; /* where the statement began, as long as it runs; from malloc or NULL */
    size_t steps;   /* hopeless tuples met one after another */
    size_t bytes;   /* of tuples and documents */
};

static void seek(struct walk *w, const char *after)
{
    w->st = sql_query(w->s,
                      "SELECT id, tuple FROM catalog_partition WHERE table_id = ?1 AND tuple > ?2"
                      " ORDER BY tuple",
                      sql_int(w->table_id), sql_text(after));
}

static bool is_hopeless(struct walk *w, struct bytes tuple)
{
    return w->hopeless_len > 0 && tuple.len >= w->hopeless_len &&
           memcmp(tuple.data, w->hopeless, w->hopeless_len) == 0;
}

/* Goes on behind all tuples with the hopeless beginning, which ends with a text's end: no tuple is
 * as it is with that byte raised. */
static void skip(struct walk *w)
{
    sql_reset(w->st);
    free(w->position);
    w->position = TAKE(w->hopeless);
    w->position[w->hopeless_len - 1]++;
    seek(w, w->position);
    w->hopeless_len = 0;
    w->steps = 0;
}

static void note_hopeless(struct walk *w, struct bytes tuple, size_t len)
{
    w->hopeless = x_reallocarray(w->hopeless, len + 1, 1);
    memcpy(w->hopeless, tuple.data, len);
    w->hopeless[len] = '\0';
    w->hopeless_len = len;
    w->steps = 0;
}

static enum store_status read_whole(struct walk *w, int64_t id, struct glue_partition_row *out)
{
    enum store_status status = sql_row(
        sql_query(w->s, "SELECT tuple, created_ms, document FROM catalog_partition WHERE id = ?1",
                  sql_int(id)),
        read_partition, w->arena, out);

    if (!status)
        w->bytes += strlen(out->tuple) + strlen(out->document);
    return status;
}

/* What the row that the walk stands on is to the list: STORE_OK taken, STORE_NOT_FOUND passed over,
 * STORE_LIMIT the end. */
static enum store_status look(struct walk *w, struct glue_partition_row *out)
{
    struct bytes tuple = sql_column_blob(w->st, 1);
    int64_t id = sql_column_int(w->st, 0);
    int64_t hopeless = -1;
    bool failed = false;

    if (is_hopeless(w, tuple)) {
        if (++w->steps > HOPELESS_STEPS)
            skip(w);
        return STORE_NOT_FOUND;
    }
    if (!w->filter->wanted || w->filter->wanted(tuple, w->filter->context, &hopeless, &failed))
        return read_whole(w, id, out);
    if (failed)
        return STORE_CONFLICT;
    if (hopeless == 0)
        return STORE_LIMIT;
    if (hopeless > 0)
        note_hopeless(w, tuple, (size_t)hopeless);
    return STORE_NOT_FOUND;
}

enum store_status glue_partition_list(struct glue_store *store, int64_t table_id,
                                      const struct glue_partition_filter *filter, size_t limit,
                                      struct arena *a, struct glue_partition_row *out,
                                      size_t *out_count, bool *out_more)
{
    struct walk w = {.table_id = table_id, .filter = filter, .arena = a};
    enum store_status status = lazy_read_begin(store->db, &w.s);
    size_t count = 0;

    *out_count = 0;
    *out_more = false;
    if (status)
        return status;
    seek(&w, filter->after);
    while (!(status = sql_step(w.st))) {
        if (count == limit || w.bytes > GLUE_PAGE_BYTES) {
            *out_more = true;
            break;
        }
        status = look(&w, &out[count]);
        if (!status)
            count++;
        else if (status != STORE_NOT_FOUND)
            break;
    }
    sql_read_end(w.s);
    free(w.hopeless);
    free(w.position);
    if (status && status != STORE_NOT_FOUND && status != STORE_LIMIT)
        return status;
    *out_count = count;
    return STORE_OK;
}

/* --- column statistics --- */

static enum store_status insert_statistics(struct sql *s, int64_t table_id, const char *tuple,
                                           const struct glue_statistics_row *row)
{
    return sql_exec(s,
                    "INSERT INTO column_statistics (table_id, tuple, column_name, document)"
                    " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET document = ?4",
                    sql_int(table_id), sql_text(tuple), sql_text(row->column),
                    sql_text(row->document));
}

enum store_status glue_statistics_put(struct glue_store *store, int64_t table_id, const char *tuple,
                                      const struct glue_statistics_row *rows, size_t count)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    status = *tuple ? partition_exists(s, table_id, tuple) : glue_table_exists(s, table_id);
    for (size_t i = 0; i < count && !status; i++)
        status = insert_statistics(s, table_id, tuple, &rows[i]);
    return sql_write_end(s, status);
}

static void read_text(struct sql_stmt *st, struct arena *a, void *out)
{
    *(const char **)out = sql_column_text(st, 0, a);
}

enum store_status glue_statistics_find(struct glue_store *store, int64_t table_id,
                                       const char *tuple, const char *column, struct arena *a,
                                       const char **out_document)
{
    return glue_row(store, read_text, a, out_document,
                    "SELECT document FROM column_statistics WHERE table_id = ?1"
                    " AND tuple = ?2 AND column_name = ?3",
                    sql_int(table_id), sql_text(tuple), sql_text(column));
}

enum store_status glue_statistics_delete(struct glue_store *store, int64_t table_id,
                                         const char *tuple, const char *column)
{
    struct sql *s;
    enum store_status status = lazy_write_begin(store->db, &s);

    if (status)
        return status;
    return sql_write_end(s, sql_exec(s,
                                     "DELETE FROM column_statistics WHERE table_id = ?1"
                                     " AND tuple = ?2 AND column_name = ?3",
                                     sql_int(table_id), sql_text(tuple), sql_text(column)));
}
