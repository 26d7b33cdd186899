/* One row of one table: read, or drawn and written in the same turn. */
#include "storage/secret.h"

#include "server/base/digest.h"

struct secret {
    uint8_t *bytes;
    size_t len;
};

static enum store_status read_secret(struct sql *s, const struct secret *secret)
{
    struct sql_stmt *st = sql_prepare(s, "SELECT value FROM secret");
    enum store_status rc = sql_step(st);
    struct bytes value;

    if (rc != STORE_OK)
        return rc;
    value = sql_column_blob(st, 0);
    if (value.len == secret->len)
        memcpy(secret->bytes, value.data, value.len);
    else
        rc = STORE_FAILED;
    sql_reset(st);
    return rc;
}

static enum store_status secret_turn(struct sql *s, void *context)
{
    const struct secret *secret = context;
    enum store_status rc = read_secret(s, secret);

    if (rc != STORE_NOT_FOUND)
        return rc;
    random_bytes(secret->bytes, secret->len);
    return sql_exec(s, "INSERT INTO secret (id, value) VALUES (1, ?1)",
                    sql_blob((struct bytes){secret->bytes, secret->len}));
}

enum store_status secret_load(struct lazy_db *db, uint8_t *out, size_t len)
{
    return lazy_write(db, secret_turn, &(struct secret){out, len});
}
