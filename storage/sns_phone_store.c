/* Phone numbers that have opted out or stand in the sandbox, and the settings for SMS. */
#include "storage/sns_internal.h"

enum store_status sns_store_phone_put(struct sns_store *store, const struct scope *scope,
                                      enum sns_phone_kind kind, const struct sns_phone *phone)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_scope_id(s, scope, true, &scope_id);
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO phone (scope, number, kind, state) VALUES (?1, ?2, ?3, ?4)"
                      " ON CONFLICT DO UPDATE SET state = excluded.state",
                      sql_int(scope_id), sql_text(phone->number), sql_int(kind),
                      sql_text(phone->state));
    return sql_write_end(s, rc);
}

enum store_status sns_store_phone_find(struct sns_store *store, const struct scope *scope,
                                       enum sns_phone_kind kind, const char *number,
                                       struct arena *a, struct sns_phone *out)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    st = sql_query(s,
                   "SELECT state FROM phone JOIN scope ON scope.id = scope"
                   " WHERE account = ?1 AND region = ?2 AND kind = ?3 AND number = ?4",
                   sql_text(scope->account), sql_text(scope->region), sql_int(kind),
                   sql_text(number));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out = (struct sns_phone){number, sql_column_text(st, 0, a)};
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_phone_remove(struct sns_store *store, const struct scope *scope,
                                         enum sns_phone_kind kind, const char *number)
{
    return SNS_EXEC(store,
                    "DELETE FROM phone WHERE kind = ?3 AND number = ?4"
                    " AND scope = (SELECT id FROM scope WHERE account = ?1 AND region = ?2)",
                    sql_text(scope->account), sql_text(scope->region), sql_int(kind),
                    sql_text(number));
}

static void read_phone(struct sql_stmt *st, struct arena *a, void *out)
{
    struct sns_phone *row = out;

    *row = (struct sns_phone){sql_column_text(st, 0, a), sql_column_text(st, 1, a)};
}

enum store_status sns_store_phone_list(struct sns_store *store, const struct scope *scope,
                                       enum sns_phone_kind kind, const char *after, size_t limit,
                                       struct arena *a, struct sns_phones *out)
{
    struct sql *s;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out = (struct sns_phones){0};
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    out->items = ARENA_ARRAY(a, struct sns_phone, limit);
    rc = sql_rows(sql_query(s,
                            "SELECT number, state FROM phone JOIN scope ON scope.id = scope"
                            " WHERE account = ?1 AND region = ?2 AND kind = ?3 AND number > ?4"
                            " ORDER BY number LIMIT ?5",
                            sql_text(scope->account), sql_text(scope->region), sql_int(kind),
                            sql_text(after ? after : ""), sql_int((int64_t)limit)),
                  read_phone, a, out->items, limit, &out->count);
    sql_read_end(s);
    return rc;
}

enum store_status sns_store_sms_attributes(struct sns_store *store, const struct scope *scope,
                                           struct arena *a, const char **out_json)
{
    struct sql *s;
    struct sql_stmt *st;
    enum store_status rc = lazy_read_begin(store->db, &s);

    *out_json = NULL;
    if (rc != STORE_OK)
        return sns_rows_end(rc);
    st = sql_query(s,
                   "SELECT attributes FROM sms JOIN scope ON scope.id = sms.id"
                   " WHERE account = ?1 AND region = ?2",
                   sql_text(scope->account), sql_text(scope->region));
    rc = sql_step(st);
    if (rc == STORE_OK)
        *out_json = sql_column_text(st, 0, a);
    sql_read_end(s);
    return sns_rows_end(rc);
}

enum store_status sns_store_sms_attributes_put(struct sns_store *store, const struct scope *scope,
                                               const char *json)
{
    struct sql *s;
    int64_t scope_id;
    enum store_status rc = lazy_write_begin(store->db, &s);

    if (rc != STORE_OK)
        return rc;
    rc = sql_scope_id(s, scope, true, &scope_id);
    if (rc == STORE_OK)
        rc = sql_exec(s,
                      "INSERT INTO sms (id, attributes) VALUES (?1, ?2)"
                      " ON CONFLICT DO UPDATE SET attributes = excluded.attributes",
                      sql_int(scope_id), sql_text(json));
    return sql_write_end(s, rc);
}
