/* See transfer.h. */
#include "handlers/dynamodb/transfer.h"

#include <pthread.h>

#include "handlers/common/arn.h"
#include "server/background.h"
#include "server/base/digest.h"
#include "server/base/log.h"

enum { RETRY_MS = 50 };

struct ddb_transfers {
    struct ddb *ddb;
    pthread_mutex_t lock;
    bool running;   /* lock */
    uint64_t asked; /* lock: goes up with each wake */
};

struct ddb_transfers *ddb_transfers_new(struct ddb *d)
{
    struct ddb_transfers *x = x_calloc(1, sizeof(*x));

    x->ddb = d;
    pthread_mutex_init(&x->lock, NULL);
    return x;
}

void ddb_transfers_free(struct ddb_transfers *x)
{
    pthread_mutex_destroy(&x->lock);
    free(x);
}

/* --- the thread --- */

static enum store_status next_running(struct ddb *d, int64_t after, struct arena *a,
                                      struct ddb_transfer *out)
{
    struct ddb_session s;
    enum store_status rc = ddb_read_begin(ddb_store_in(d), &s);

    if (rc != STORE_OK)
        return rc;
    rc = ddb_transfer_running(&s, after, a, out);
    ddb_read_end(&s);
    return rc;
}

/* True when some are left. */
static bool run_all(struct ddb *d, struct background_task *task)
{
    struct ddb_transfer t = {0};
    bool left = false;
    struct arena a;

    arena_init(&a);
    while (!background_stopping(task) && next_running(d, t.id, &a, &t) == STORE_OK) {
        enum store_status rc =
            t.is_import ? ddb_import_run(d, task, &t) : ddb_export_run(d, task, &t);
        if (rc == STORE_FAILED)
            log_warn("%s %s of table %s could not be stored", t.is_import ? "import" : "export",
                     t.code, t.table_name);
        left |= rc != STORE_OK;
    }
    arena_release(&a);
    return left;
}

static bool may_end(struct ddb_transfers *x, uint64_t seen)
{
    pthread_mutex_lock(&x->lock);
    bool ends = x->asked == seen;
    if (ends)
        x->running = false;
    pthread_mutex_unlock(&x->lock);
    return ends;
}

static void run(struct background_task *task, void *context)
{
    struct ddb_transfers *x = context;

    while (!background_stopping(task)) {
        pthread_mutex_lock(&x->lock);
        uint64_t seen = x->asked;
        pthread_mutex_unlock(&x->lock);
        if (!run_all(x->ddb, task) && may_end(x, seen))
            return;
        background_sleep_ms(task, RETRY_MS);
    }
    pthread_mutex_lock(&x->lock);
    x->running = false;
    pthread_mutex_unlock(&x->lock);
}

void ddb_transfers_wake(struct ddb *d)
{
    struct ddb_transfers *x = ddb_transfers_in(d);

    pthread_mutex_lock(&x->lock);
    x->asked++;
    if (!x->running)
        x->running = background_run(ddb_app(d)->background, "ddb-transfer", run, x);
    pthread_mutex_unlock(&x->lock);
}

/* --- shared by the operations --- */

const char *ddb_transfer_code(struct request *req)
{
    char uuid[37];

    uuid_v4(uuid);
    return arena_printf(&req->arena, "%014" PRId64 "-%.8s", clock_now_ms(&req->app->clock), uuid);
}

enum store_status ddb_transfer_get(struct request *req, const char *arn_text, bool is_import,
                                   struct ddb_transfer *out)
{
    const char *kind = is_import ? "/import/" : "/export/";
    struct scope scope = ddb_scope(req);
    struct ddb_session s;
    struct arn arn;

    if (!arn_parse(&req->arena, arn_text, &arn) || !str_eq(arn.service, "dynamodb") ||
        !str_eq(arn.account, req->account) || !str_eq(arn.region, req->region))
        return STORE_NOT_FOUND;
    const char *rest = arn_resource_after(&arn, "table/");
    const char *slash = rest != NULL ? strstr(rest, kind) : NULL;
    if (slash == NULL)
        return STORE_NOT_FOUND;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);
    if (rc != STORE_OK)
        return rc;
    rc = ddb_transfer_find(&s, &scope, is_import,
                           arena_strndup(&req->arena, rest, (size_t)(slash - rest)),
                           slash + strlen(kind), &req->arena, out);
    ddb_read_end(&s);
    return rc;
}

enum store_status ddb_transfer_again(struct request *req, bool is_import, const char *token,
                                     const uint8_t request[DDB_DIGEST_LEN],
                                     struct ddb_transfer *out)
{
    struct scope scope = ddb_scope(req);
    struct ddb_session s;

    if (token == NULL)
        return STORE_NOT_FOUND;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);
    if (rc != STORE_OK)
        return rc;
    rc = ddb_transfer_by_token(&s, &scope, is_import, token, req->received_ms - DDB_TOKEN_LIFE_MS,
                               &req->arena, out);
    ddb_read_end(&s);
    if (rc == STORE_OK && memcmp(out->request, request, DDB_DIGEST_LEN) != 0)
        return STORE_CONFLICT;
    return rc;
}

int ddb_transfer_page(struct request *req, bool is_import, const char *table_arn,
                      const char *next_token, size_t limit, struct ddb_transfer *rows,
                      size_t *out_count, const char **out_token)
{
    struct scope scope = ddb_scope(req);
    struct ddb_session s;
    char *end = NULL;
    int64_t before = next_token != NULL ? strtoll(next_token, &end, 10) : INT64_MAX;
    const char *name = table_arn != NULL ? ddb_table_name(req, table_arn) : NULL;

    *out_count = 0;
    if (table_arn != NULL && name == NULL)
        return -1;
    if (next_token != NULL && (*end != '\0' || before <= 0))
        return ddb_invalid(req, "Invalid NextToken: %s", next_token);
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);
    if (rc == STORE_NOT_FOUND)
        return 0;
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    const struct ddb_transfer_filter filter = {
        .is_import = is_import, .table_name = name, .before = before, .limit = limit + 1};
    rc = ddb_transfer_list(&s, &scope, &filter, &req->arena, rows, out_count);
    ddb_read_end(&s);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    if (*out_count > limit) {
        *out_count = limit;
        *out_token = arena_printf(&req->arena, "%" PRId64, rows[limit - 1].id);
    }
    return 0;
}
