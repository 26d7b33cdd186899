/*
 * DescribeAccountSettings, UpdateAccountSettings: the commitment to a minimum of throughput. It
 * lasts at least a day: who ends it earlier stays committed until then.
 */
#include "handlers/kinesis/commitment.h"
#include "handlers/kinesis/operations.h"

static const int64_t shortest_ms = INT64_C(24) * 3600 * 1000;

static int64_t end_of(const struct kinesis_commitment *c)
{
    return MAX(c->end_asked_ms, c->started_ms + shortest_ms);
}

static bool is_over(const struct kinesis_commitment *c, int64_t now_ms)
{
    return !c->started_ms || (c->end_asked_ms && end_of(c) <= now_ms);
}

static int read_commitment(struct request *req, const struct scope *scope,
                           struct kinesis_commitment *out)
{
    if (kinesis_store_commitment(kinesis_of(req->app)->store, scope, out) != STORE_OK)
        return aws_fail_internal(req);
    return 0;
}

int kinesis_committed(struct request *req, const struct scope *scope, bool *out_committed)
{
    struct kinesis_commitment c;

    if (read_commitment(req, scope, &c))
        return -1;
    *out_committed = !is_over(&c, clock_now_ms(&req->app->clock));
    return 0;
}

static struct kinesis_MinimumThroughputBillingCommitmentOutput *
describe(struct request *req, const struct kinesis_commitment *c)
{
    struct kinesis_MinimumThroughputBillingCommitmentOutput *out =
        ARENA_NEW(&req->arena, struct kinesis_MinimumThroughputBillingCommitmentOutput);

    if (is_over(c, clock_now_ms(&req->app->clock)))
        out->Status = "DISABLED";
    else
        out->Status = c->end_asked_ms ? "ENABLED_UNTIL_EARLIEST_ALLOWED_END" : "ENABLED";
    if (c->started_ms) {
        out->StartedAt = SOME_TIME(c->started_ms);
        out->EarliestAllowedEndAt = SOME_TIME(c->started_ms + shortest_ms);
    }
    if (c->end_asked_ms)
        out->EndedAt = SOME_TIME(end_of(c));
    return out;
}

int kinesis_describe_account_settings(struct request *req,
                                      const struct kinesis_DescribeAccountSettingsInput *in,
                                      struct kinesis_DescribeAccountSettingsOutput *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    struct kinesis_commitment c;

    (void)in;
    if (read_commitment(req, &scope, &c))
        return -1;
    out->MinimumThroughputBillingCommitment = describe(req, &c);
    return 0;
}

int kinesis_update_account_settings(struct request *req,
                                    const struct kinesis_UpdateAccountSettingsInput *in,
                                    struct kinesis_UpdateAccountSettingsOutput *out)
{
    const struct scope scope = {.account = req->account, .region = req->region};
    int64_t now = clock_now_ms(&req->app->clock);
    bool enable = str_eq(in->MinimumThroughputBillingCommitment->Status, "ENABLED");
    struct kinesis_commitment c;

    if (read_commitment(req, &scope, &c))
        return -1;
    if (enable && is_over(&c, now))
        c = (struct kinesis_commitment){.started_ms = now};
    else if (enable)
        c.end_asked_ms = 0;
    else if (!is_over(&c, now) && !c.end_asked_ms)
        c.end_asked_ms = now;
    if (c.started_ms &&
        kinesis_store_set_commitment(kinesis_of(req->app)->store, &scope, &c) != STORE_OK)
        return aws_fail_internal(req);
    out->MinimumThroughputBillingCommitment = describe(req, &c);
    return 0;
}
