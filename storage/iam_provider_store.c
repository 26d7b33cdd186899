/* OpenID Connect providers. */
#include "storage/iam_internal.h"

enum store_status iam_provider_create(struct iam_store *store, const char *account,
                                      const struct iam_provider *provider, int64_t max)
{
    struct sql *s;
    int64_t scope;
    int64_t count = 0;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = sql_exec(
        s, "INSERT INTO oidc_provider (scope, url, document, tags) VALUES (?1, ?2, ?3, ?4)",
        sql_int(scope), sql_text(provider->url), sql_text(provider->document),
        sql_text(provider->tags));
    if (!status)
        status =
            iam_number(s, "SELECT count(*) FROM oidc_provider WHERE scope = ?1", scope, &count);
    if (!status && count > max)
        status = STORE_LIMIT;
    return sql_write_end(s, status);
}

static void read_provider(struct sql_stmt *st, struct arena *a, void *out)
{
    *(struct iam_provider *)out = (struct iam_provider){
        .url = sql_column_text(st, 0, a),
        .document = sql_column_text(st, 1, a),
        .tags = sql_column_text(st, 2, a),
    };
}

static enum store_status select_provider(struct sql *s, int64_t scope, const char *url,
                                         struct arena *a, struct iam_provider *out)
{
    return sql_row(
        sql_query(s, "SELECT url, document, tags FROM oidc_provider WHERE scope = ?1 AND url = ?2",
                  sql_int(scope), sql_text(url)),
        read_provider, a, out);
}

enum store_status iam_provider_find(struct iam_store *store, const char *account, const char *url,
                                    struct arena *a, struct iam_provider *out)
{
    struct sql *s;
    int64_t scope;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    if (status)
        return status;
    status = select_provider(s, scope, url, a, out);
    sql_read_end(s);
    return status;
}

enum store_status iam_provider_list(struct iam_store *store, const char *account, size_t max,
                                    struct arena *a, struct iam_providers *out)
{
    struct sql *s;
    int64_t scope;
    enum store_status status = iam_begin_read(store, account, &s, &scope);

    *out = (struct iam_providers){.items = ARENA_ARRAY(a, struct iam_provider, max)};
    if (status)
        return status == STORE_NOT_FOUND ? STORE_OK : status;
    status = sql_rows(
        sql_query(s, "SELECT url, document, tags FROM oidc_provider WHERE scope = ?1 ORDER BY url",
                  sql_int(scope)),
        read_provider, a, out->items, max, &out->count);
    sql_read_end(s);
    return status;
}

enum store_status iam_provider_change(struct iam_store *store, const char *account, const char *url,
                                      bool (*change)(struct iam_provider *provider, void *context),
                                      void *context, struct arena *a)
{
    struct sql *s;
    int64_t scope;
    struct iam_provider provider;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = select_provider(s, scope, url, a, &provider);
    if (!status && !change(&provider, context))
        status = STORE_CONFLICT;
    if (!status)
        status = sql_exec(
            s, "UPDATE oidc_provider SET document = ?3, tags = ?4 WHERE scope = ?1 AND url = ?2",
            sql_int(scope), sql_text(url), sql_text(provider.document), sql_text(provider.tags));
    return sql_write_end(s, status);
}

enum store_status iam_provider_delete(struct iam_store *store, const char *account, const char *url)
{
    struct sql *s;
    int64_t scope;
    enum store_status status = iam_begin_write(store, account, &s, &scope);

    if (status)
        return status;
    status = sql_exec(s, "DELETE FROM oidc_provider WHERE scope = ?1 AND url = ?2", sql_int(scope),
                      sql_text(url));
    return sql_write_end(s, status);
}
