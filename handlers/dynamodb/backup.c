/* CreateBackup, DescribeBackup, ListBackups, DeleteBackup. */
#include "handlers/dynamodb/backup.h"

#include "handlers/common/arn.h"
#include "handlers/dynamodb/describe.h"
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/restore.h"
#include "server/base/digest.h"
#include "storage/dynamodb_job_store.h"
#include "storage/dynamodb_log_store.h"

enum { LIST_MAX = 100, SYSTEM_DAYS = 35 };

/* --- names --- */

static const char *arn_of(struct request *req, const struct ddb_backup *b)
{
    return arn_make(&req->arena, "dynamodb", req->region, req->account, "table/%s/backup/%s",
                    b->table_name, b->code);
}

static int fail_no_backup(struct request *req, const char *arn)
{
    return aws_fail(req, &dynamodb_BackupNotFoundException, "Backup not found: %s", arn);
}

static bool parse_arn(struct request *req, const char *text, const char **out_table,
                      const char **out_code)
{
    struct arn arn;

    if (!arn_parse(&req->arena, text, &arn) || !str_eq(arn.service, "dynamodb") ||
        !str_eq(arn.region, req->region) || !str_eq(arn.account, req->account))
        return false;
    const char *rest = arn_resource_after(&arn, "table/");
    const char *slash = rest != NULL ? strstr(rest, "/backup/") : NULL;
    if (slash == NULL)
        return false;
    *out_table = arena_strndup(&req->arena, rest, (size_t)(slash - rest));
    *out_code = slash + strlen("/backup/");
    return true;
}

int ddb_backup_get(struct request *req, const char *arn, struct ddb_backup *out)
{
    struct scope scope = ddb_scope(req);
    struct ddb_session s;
    const char *table;
    const char *code;

    if (!parse_arn(req, arn, &table, &code))
        return fail_no_backup(req, arn);
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);
    if (rc == STORE_OK) {
        rc = ddb_backup_find(&s, &scope, table, code, &req->arena, out);
        ddb_read_end(&s);
    }
    if (rc == STORE_NOT_FOUND)
        return fail_no_backup(req, arn);
    return rc == STORE_OK ? 0 : ddb_fail_store(req, rc);
}

/* The time in fourteen digits, and eight that nobody guesses. */
static const char *new_code(struct request *req)
{
    char uuid[37];

    uuid_v4(uuid);
    return arena_printf(&req->arena, "%014" PRId64 "-%.8s", clock_now_ms(&req->app->clock), uuid);
}

static const char *data_name(struct request *req, const struct ddb_backup *b)
{
    return arena_printf(&req->arena, "backup/%s/%s/%s/%s", req->region, req->account, b->table_name,
                        b->code);
}

/* --- making --- */

static char *definition_text(const struct ddb_definition *d)
{
    struct strbuf text = STRBUF_INIT(4 << 20);

    ddb_definition_write(&text, d);
    return strbuf_take(&text, NULL);
}

static enum store_status make(struct request *req, struct ddb_session *s, const struct ddb_table *t,
                              struct ddb_backup *b)
{
    struct scope scope = ddb_scope(req);
    AUTO_FREE char *bare = ddb_bare_definition(&t->definition, true);
    AUTO_FREE char *full = definition_text(&t->definition);
    int64_t number;
    enum store_status rc = ddb_table_insert_hidden(s, data_name(req, b), bare, &b->data_id);

    b->definition = full;
    if (rc == STORE_OK)
        rc = ddb_backup_insert(s, &scope, b);
    if (rc == STORE_OK)
        rc = ddb_log_next(s, t->id, &number);
    return rc == STORE_OK ? ddb_copy_start(ddb_of(req), s, t, b->data_id, number) : rc;
}

enum store_status ddb_backup_deleted(struct request *req, struct ddb_session *s,
                                     const struct ddb_table *t)
{
    struct scope scope = ddb_scope(req);
    AUTO_FREE char *bare = ddb_bare_definition(&t->definition, false);
    AUTO_FREE char *full = definition_text(&t->definition);
    int64_t now_ms = clock_now_ms(&req->app->clock);
    const struct ddb_backup b = {
        .table_name = t->name,
        .code = new_code(req),
        .name = arena_printf(&req->arena, "%s$DeletedTableBackup", t->name),
        .data_id = t->id,
        .kind = DDB_BACKUP_SYSTEM,
        .created_ms = now_ms,
        .expires_ms = now_ms + (int64_t)SYSTEM_DAYS * DDB_DAY_MS,
        .definition = full,
    };
    enum store_status rc = ddb_table_hide(s, t->id, data_name(req, &b), bare);

    if (rc == STORE_OK)
        rc = ddb_backup_insert(s, &scope, &b);
    return rc == STORE_OK ? ddb_backup_ready(s, t->id) : rc;
}

static struct dynamodb_BackupDetails *details(struct request *req, const struct ddb_backup *b)
{
    struct dynamodb_BackupDetails *out = ARENA_NEW(&req->arena, struct dynamodb_BackupDetails);

    *out = (struct dynamodb_BackupDetails){
        .BackupArn = arn_of(req, b),
        .BackupName = b->name,
        .BackupSizeBytes = SOME_LONG(b->bytes),
        .BackupStatus = b->available ? "AVAILABLE" : "CREATING",
        .BackupType = b->kind == DDB_BACKUP_USER ? "USER" : "SYSTEM",
        .BackupCreationDateTime = SOME_TIME(b->created_ms),
    };
    if (b->expires_ms != 0)
        out->BackupExpiryDateTime = SOME_TIME(b->expires_ms);
    return out;
}

int dynamodb_create_backup(struct request *req, const struct dynamodb_CreateBackupInput *in,
                           struct dynamodb_CreateBackupOutput *out)
{
    const struct ddb_table *t = ddb_table_get_for_backup(req, in->TableName);
    struct ddb_backup b;
    struct ddb_session s;
    enum ddb_begin begun;

    do {
        if (t == NULL)
            return -1;
        if (t->definition.creating)
            return aws_fail(req, &dynamodb_TableInUseException, "Table is being created: %s",
                            t->name);
        begun = ddb_write_to(req, &t, 1, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    b = (struct ddb_backup){
        .table_name = t->name,
        .code = new_code(req),
        .name = in->BackupName,
        .kind = DDB_BACKUP_USER,
        .created_ms = clock_now_ms(&req->app->clock),
    };
    enum store_status rc = ddb_write_end(&s, make(req, &s, t, &b));
    ddb_table_changed(req, t->name);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    ddb_keeper_wake(ddb_of(req));
    out->BackupDetails = details(req, &b);
    return 0;
}

/* --- showing --- */

static struct dynamodb_BackupDescription *show(struct request *req, const struct ddb_backup *b)
{
    struct dynamodb_BackupDescription *out =
        ARENA_NEW(&req->arena, struct dynamodb_BackupDescription);
    struct ddb_table source = {.name = b->table_name};

    out->BackupDetails = details(req, b);
    if (!ddb_definition_read(b->definition, &req->arena, &source.definition))
        return out;
    ddb_describe_source(req, &source, out);
    out->SourceTableDetails->ItemCount = SOME_LONG(b->items);
    out->SourceTableDetails->TableSizeBytes = SOME_LONG(b->bytes);
    return out;
}

int dynamodb_describe_backup(struct request *req, const struct dynamodb_DescribeBackupInput *in,
                             struct dynamodb_DescribeBackupOutput *out)
{
    struct ddb_backup b;

    if (ddb_backup_get(req, in->BackupArn, &b) != 0)
        return -1;
    out->BackupDescription = show(req, &b);
    return 0;
}

static struct dynamodb_BackupSummary summary(struct request *req, const struct ddb_backup *b)
{
    const struct dynamodb_BackupDetails *d = details(req, b);

    return (struct dynamodb_BackupSummary){
        .TableName = b->table_name,
        .TableArn = ddb_table_arn(req, b->table_name),
        .BackupArn = d->BackupArn,
        .BackupName = d->BackupName,
        .BackupCreationDateTime = d->BackupCreationDateTime,
        .BackupExpiryDateTime = d->BackupExpiryDateTime,
        .BackupStatus = d->BackupStatus,
        .BackupType = d->BackupType,
        .BackupSizeBytes = d->BackupSizeBytes,
    };
}

/* -1: all. AWS: backups of AWS Backup are another service's, so there are none. */
static int kind_of(const char *type)
{
    if (type == NULL || str_eq(type, "ALL"))
        return -1;
    if (str_eq(type, "AWS_BACKUP"))
        return DDB_BACKUP_SYSTEM + 1;
    return str_eq(type, "USER") ? DDB_BACKUP_USER : DDB_BACKUP_SYSTEM;
}

int dynamodb_list_backups(struct request *req, const struct dynamodb_ListBackupsInput *in,
                          struct dynamodb_ListBackupsOutput *out)
{
    size_t limit = (size_t)VALUE_OR(in->Limit, LIST_MAX);
    struct ddb_backup *rows = ARENA_ARRAY(&req->arena, struct ddb_backup, limit + 1);
    struct scope scope = ddb_scope(req);
    struct ddb_backup_filter filter = {
        .kind = kind_of(in->BackupType != NULL ? in->BackupType : "USER"),
        .from_ms = in->TimeRangeLowerBound.set ? in->TimeRangeLowerBound.ms : 0,
        .to_ms = in->TimeRangeUpperBound.set ? in->TimeRangeUpperBound.ms : INT64_MAX,
        .limit = limit + 1,
    };
    struct ddb_backup start;
    struct ddb_session s;
    size_t count = 0;

    if (in->TableName != NULL && (filter.table_name = ddb_table_name(req, in->TableName)) == NULL)
        return -1;
    if (in->ExclusiveStartBackupArn != NULL) {
        if (ddb_backup_get(req, in->ExclusiveStartBackupArn, &start) != 0)
            return -1;
        filter.after = start.id;
    }
    out->BackupSummaries.items = ARENA_ARRAY(&req->arena, struct dynamodb_BackupSummary, limit + 1);
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);
    if (rc == STORE_NOT_FOUND)
        return 0;
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    rc = ddb_backup_list(&s, &scope, &filter, &req->arena, rows, &count);
    ddb_read_end(&s);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    for (size_t i = 0; i < MIN(count, limit); i++)
        out->BackupSummaries.items[out->BackupSummaries.count++] = summary(req, &rows[i]);
    if (count > limit)
        out->LastEvaluatedBackupArn = arn_of(req, &rows[limit - 1]);
    return 0;
}

int dynamodb_delete_backup(struct request *req, const struct dynamodb_DeleteBackupInput *in,
                           struct dynamodb_DeleteBackupOutput *out)
{
    struct ddb_backup b;
    struct ddb_session s;
    bool in_use;

    if (ddb_backup_get(req, in->BackupArn, &b) != 0)
        return -1;
    enum store_status rc = ddb_write_begin(ddb_store_of(req), &s);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    rc = ddb_job_uses(&s, b.data_id, &in_use);
    if (rc == STORE_OK && in_use)
        rc = STORE_CONFLICT;
    if (rc == STORE_OK)
        rc = ddb_backup_remove(&s, &b);
    rc = ddb_write_end(&s, rc);
    if (rc == STORE_CONFLICT)
        return aws_fail(req, &dynamodb_BackupInUseException, "Backup is in use: %s", in->BackupArn);
    if (rc == STORE_NOT_FOUND)
        return fail_no_backup(req, in->BackupArn);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    ddb_keeper_wake(ddb_of(req));
    out->BackupDescription = show(req, &b);
    out->BackupDescription->BackupDetails->BackupStatus = "DELETED";
    return 0;
}
