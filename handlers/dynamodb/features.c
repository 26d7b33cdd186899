/*
 * What a table could have switched on and has not: time to live, recovery to a point in time.
 * Switching them on is not built, so every table says that they are off; deployment tools ask for
 * it each time they read a table back.
 */
#include "handlers/dynamodb/ops.h"

int dynamodb_describe_time_to_live(struct request *req,
                                   const struct dynamodb_DescribeTimeToLiveInput *in,
                                   struct dynamodb_DescribeTimeToLiveOutput *out)
{
    if (ddb_table_get_named(req, in->TableName) == NULL)
        return -1;
    out->TimeToLiveDescription = ARENA_NEW(&req->arena, struct dynamodb_TimeToLiveDescription);
    out->TimeToLiveDescription->TimeToLiveStatus = "DISABLED";
    return 0;
}

int dynamodb_describe_continuous_backups(struct request *req,
                                         const struct dynamodb_DescribeContinuousBackupsInput *in,
                                         struct dynamodb_DescribeContinuousBackupsOutput *out)
{
    struct dynamodb_ContinuousBackupsDescription *d =
        ARENA_NEW(&req->arena, struct dynamodb_ContinuousBackupsDescription);

    if (ddb_table_get_for_backup(req, in->TableName) == NULL)
        return -1;
    /* AWS: ENABLED of every table; the recovery to a point in time is what can be on or off. */
    d->ContinuousBackupsStatus = "ENABLED";
    d->PointInTimeRecoveryDescription =
        ARENA_NEW(&req->arena, struct dynamodb_PointInTimeRecoveryDescription);
    d->PointInTimeRecoveryDescription->PointInTimeRecoveryStatus = "DISABLED";
    out->ContinuousBackupsDescription = d;
    return 0;
}
