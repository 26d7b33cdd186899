/*
 * Recovery to a point in time: UpdateContinuousBackups, DescribeContinuousBackups. While it is on,
 * the table's log is kept for as many days as it says; restoring is restore.c.
 */
#include "handlers/dynamodb/keeper.h"
#include "handlers/dynamodb/ops.h"
#include "handlers/dynamodb/redefine.h"
#include "handlers/dynamodb/restore.h"

enum { DAYS_MAX = 35 };

int64_t ddb_recovery_earliest_ms(const struct ddb_definition *d, int64_t now_ms)
{
    return MAX(d->recovery_since_ms, now_ms - ddb_log_keep_ms(d));
}

static struct dynamodb_ContinuousBackupsDescription *show(struct request *req,
                                                          const struct ddb_definition *d)
{
    struct dynamodb_ContinuousBackupsDescription *out =
        ARENA_NEW(&req->arena, struct dynamodb_ContinuousBackupsDescription);
    struct dynamodb_PointInTimeRecoveryDescription *p =
        ARENA_NEW(&req->arena, struct dynamodb_PointInTimeRecoveryDescription);
    int64_t now_ms = clock_now_ms(&req->app->clock);

    /* AWS: ENABLED of every table; the recovery to a point in time is what can be on or off. */
    out->ContinuousBackupsStatus = "ENABLED";
    out->PointInTimeRecoveryDescription = p;
    p->PointInTimeRecoveryStatus = d->recovery_since_ms != 0 ? "ENABLED" : "DISABLED";
    if (d->recovery_since_ms != 0) {
        p->RecoveryPeriodInDays = SOME_INT((int)d->recovery_days);
        p->EarliestRestorableDateTime = SOME_TIME(ddb_recovery_earliest_ms(d, now_ms));
        p->LatestRestorableDateTime = SOME_TIME(now_ms);
    }
    return out;
}

int dynamodb_describe_continuous_backups(struct request *req,
                                         const struct dynamodb_DescribeContinuousBackupsInput *in,
                                         struct dynamodb_DescribeContinuousBackupsOutput *out)
{
    const struct ddb_table *t = ddb_table_get_for_backup(req, in->TableName);

    if (t == NULL)
        return -1;
    out->ContinuousBackupsDescription = show(req, &t->definition);
    return 0;
}

int dynamodb_update_continuous_backups(struct request *req,
                                       const struct dynamodb_UpdateContinuousBackupsInput *in,
                                       struct dynamodb_UpdateContinuousBackupsOutput *out)
{
    const struct dynamodb_PointInTimeRecoverySpecification *asked =
        in->PointInTimeRecoverySpecification;
    bool on = asked->PointInTimeRecoveryEnabled.value;
    struct ddb_definition d;
    enum ddb_begin begun;

    if (!on && asked->RecoveryPeriodInDays.set)
        return ddb_invalid(req, "RecoveryPeriodInDays can not be specified when "
                                "PointInTimeRecoveryEnabled is false");
    const struct ddb_table *t = ddb_table_get_for_backup(req, in->TableName);
    do {
        if (t == NULL)
            return -1;
        d = t->definition;
        if (on && d.recovery_since_ms == 0)
            d.recovery_since_ms = clock_now_ms(&req->app->clock);
        if (on)
            d.recovery_days = VALUE_OR(asked->RecoveryPeriodInDays,
                                       d.recovery_days != 0 ? (int)d.recovery_days : DAYS_MAX);
        else
            d.recovery_since_ms = d.recovery_days = 0;
        begun = ddb_redefine_now(req, &t, &d);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    ddb_keeper_wake(ddb_of(req));
    out->ContinuousBackupsDescription = show(req, &d);
    return 0;
}
