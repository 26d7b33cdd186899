/* The operations on Kinesis streams as destinations of changes. The delivery itself is delivery.c.
 */
#include "handlers/common/arn.h"
#include "handlers/dynamodb/delivery.h"
#include "handlers/dynamodb/ops.h"
#include "handlers/dynamodb/redefine.h"
#include "handlers/kinesis/kinesis.h"
#include "storage/dynamodb_delivery_store.h"
#include "storage/dynamodb_log_store.h"

enum {
    ACTIVE_MAX = 2, /* AWS: a table may have */
    LIST_MAX = 100,
};

static const char *precision_name(bool microseconds)
{
    return microseconds ? "MICROSECOND" : "MILLISECOND";
}

static bool stream_exists(struct request *req, const char *arn)
{
    struct kinesis_hold *hold;

    if (kinesis_hold_arn(kinesis_of(req->app), arn, &hold) != STORE_OK)
        return false;
    kinesis_release(hold);
    return true;
}

struct list {
    struct ddb_destination items[LIST_MAX];
    size_t count;
    size_t active;
};

static enum store_status read_list(struct request *req, struct ddb_session *s,
                                   const struct ddb_table *t, struct list *out)
{
    enum store_status rc =
        ddb_destination_list(s, t->id, LIST_MAX, &req->arena, out->items, &out->count);

    out->active = 0;
    for (size_t i = 0; i < out->count; i++)
        out->active += out->items[i].active;
    return rc;
}

static struct ddb_destination *find(struct list *l, const char *arn)
{
    for (size_t i = 0; i < l->count; i++)
        if (str_eq(l->items[i].stream_arn, arn))
            return &l->items[i];
    return NULL;
}

/* What a change does with the destination of that ARN (NULL: there is none yet). It fails the
 * request, or says what the destination becomes. */
struct change {
    const char *arn;
    int (*check)(struct request *req, const struct change *c, const struct list *all,
                 const struct ddb_destination *old);
    bool active;
    bool microseconds;
    bool keeps_precision;
    const char *shown_precision;
};

static enum store_status store(struct ddb_session *s, const struct ddb_table *t, struct change *c,
                               const struct list *all, const struct ddb_destination *old)
{
    struct ddb_destination new = {
        .table_id = t->id,
        .stream_arn = c->arn,
        .active = c->active,
        .microseconds = c->keeps_precision && old != NULL ? old->microseconds : c->microseconds,
    };
    bool was_active = old != NULL && old->active;
    struct ddb_definition d = t->definition;
    enum store_status rc = ddb_log_next(s, t->id, &new.next);

    c->shown_precision = precision_name(new.microseconds);
    d.deliveries = (int64_t)(all->active - was_active + new.active);
    if (rc == STORE_OK)
        rc = ddb_destination_set(s, &new, !was_active);
    return rc == STORE_OK && was_active != new.active ? ddb_redefine(s, t, &d) : rc;
}

/* Checks and stores in one session. */
static int change(struct request *req, const char *table_name, struct change *c,
                  const struct ddb_table **out_table)
{
    const struct ddb_table *t = ddb_table_get_named(req, table_name);
    struct list *all = ARENA_NEW(&req->arena, struct list);
    struct ddb_session s;
    enum ddb_begin begun;

    do {
        if (t == NULL)
            return -1;
        begun = ddb_write_to(req, &t, 1, &s);
    } while (begun == DDB_AGAIN);
    if (begun == DDB_FAILED)
        return -1;
    enum store_status rc = read_list(req, &s, t, all);
    struct ddb_destination *old = rc == STORE_OK ? find(all, c->arn) : NULL;
    if (rc == STORE_OK && c->check(req, c, all, old) != 0) {
        ddb_write_end(&s, STORE_CONFLICT);
        return -1;
    }
    if (rc == STORE_OK)
        rc = store(&s, t, c, all, old);
    rc = ddb_write_end(&s, rc);
    ddb_table_changed(req, t->name);
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    ddb_delivery_wake(ddb_of(req));
    *out_table = t;
    return 0;
}

/* --- enable --- */

static int check_enable(struct request *req, const struct change *c, const struct list *all,
                        const struct ddb_destination *old)
{
    if (old != NULL && old->active)
        return ddb_invalid(req, "Table is not in a valid state to enable Kinesis Streaming "
                                "Destination: KinesisStreamingDestination must be DISABLED or "
                                "ENABLE_FAILED to perform ENABLE operation.");
    if (all->active >= ACTIVE_MAX || all->count == LIST_MAX)
        return aws_fail(req, &dynamodb_LimitExceededException,
                        "Subscriber limit exceeded: a table may have %d Kinesis data streams as "
                        "destinations",
                        ACTIVE_MAX);
    if (!stream_exists(req, c->arn))
        return aws_fail(req, &dynamodb_ResourceNotFoundException,
                        "Requested resource not found: Kinesis stream %s not found", c->arn);
    return 0;
}

int dynamodb_enable_kinesis_streaming_destination(
    struct request *req, const struct dynamodb_KinesisStreamingDestinationInput *in,
    struct dynamodb_KinesisStreamingDestinationOutput *out)
{
    const struct dynamodb_EnableKinesisStreamingConfiguration *asked =
        in->EnableKinesisStreamingConfiguration;
    const char *precision = asked != NULL ? asked->ApproximateCreationDateTimePrecision : NULL;
    struct change c = {
        .arn = in->StreamArn,
        .check = check_enable,
        .active = true,
        .microseconds = precision != NULL && str_eq(precision, "MICROSECOND"),
    };
    const struct ddb_table *t;

    if (change(req, in->TableName, &c, &t) != 0)
        return -1;
    out->TableName = t->name;
    out->StreamArn = in->StreamArn;
    out->DestinationStatus = "ENABLING";
    if (asked != NULL) {
        out->EnableKinesisStreamingConfiguration =
            ARENA_NEW(&req->arena, struct dynamodb_EnableKinesisStreamingConfiguration);
        out->EnableKinesisStreamingConfiguration->ApproximateCreationDateTimePrecision =
            c.shown_precision;
    }
    return 0;
}

/* --- disable --- */

static int check_active(struct request *req, const struct change *c, const struct list *all,
                        const struct ddb_destination *old)
{
    (void)all;
    if (old == NULL)
        return aws_fail(req, &dynamodb_ResourceNotFoundException,
                        "Requested resource not found: the table has no Kinesis data stream "
                        "destination %s",
                        c->arn);
    if (!old->active)
        return ddb_invalid(req,
                           "Table is not in a valid state to %s Kinesis Streaming Destination: "
                           "KinesisStreamingDestination must be ACTIVE to perform %s operation.",
                           c->active ? "update" : "disable", c->active ? "UPDATE" : "DISABLE");
    return 0;
}

int dynamodb_disable_kinesis_streaming_destination(
    struct request *req, const struct dynamodb_KinesisStreamingDestinationInput *in,
    struct dynamodb_KinesisStreamingDestinationOutput *out)
{
    struct change c = {.arn = in->StreamArn, .check = check_active, .keeps_precision = true};
    const struct ddb_table *t;

    if (change(req, in->TableName, &c, &t) != 0)
        return -1;
    out->TableName = t->name;
    out->StreamArn = in->StreamArn;
    out->DestinationStatus = "DISABLING";
    return 0;
}

/* --- update --- */

static int check_update(struct request *req, const struct change *c, const struct list *all,
                        const struct ddb_destination *old)
{
    if (check_active(req, c, all, old) != 0)
        return -1;
    if (old->microseconds == c->microseconds)
        return ddb_invalid(req,
                           "Invalid Request: Precision is already set to the desired value of %s "
                           "for tableId: %" PRId64 ", kdsArn: %s",
                           precision_name(c->microseconds), old->table_id, c->arn);
    return 0;
}

int dynamodb_update_kinesis_streaming_destination(
    struct request *req, const struct dynamodb_UpdateKinesisStreamingDestinationInput *in,
    struct dynamodb_UpdateKinesisStreamingDestinationOutput *out)
{
    const struct dynamodb_UpdateKinesisStreamingConfiguration *asked =
        in->UpdateKinesisStreamingConfiguration;
    const struct ddb_table *t;

    if (asked == NULL || asked->ApproximateCreationDateTimePrecision == NULL)
        return ddb_invalid(req, "Streaming destination cannot be updated with given parameters: "
                                "UpdateKinesisStreamingConfiguration cannot be null or contain "
                                "only null values");
    struct change c = {
        .arn = in->StreamArn,
        .check = check_update,
        .active = true,
        .microseconds = str_eq(asked->ApproximateCreationDateTimePrecision, "MICROSECOND"),
    };
    if (change(req, in->TableName, &c, &t) != 0)
        return -1;
    out->TableName = t->name;
    out->StreamArn = in->StreamArn;
    out->DestinationStatus = "UPDATING";
    out->UpdateKinesisStreamingConfiguration =
        ARENA_NEW(&req->arena, struct dynamodb_UpdateKinesisStreamingConfiguration);
    *out->UpdateKinesisStreamingConfiguration = *asked;
    return 0;
}

/* --- describe --- */

int dynamodb_describe_kinesis_streaming_destination(
    struct request *req, const struct dynamodb_DescribeKinesisStreamingDestinationInput *in,
    struct dynamodb_DescribeKinesisStreamingDestinationOutput *out)
{
    const struct ddb_table *t = ddb_table_get_named(req, in->TableName);
    struct list *all = ARENA_NEW(&req->arena, struct list);
    struct ddb_session s;

    if (t == NULL)
        return -1;
    enum store_status rc = ddb_read_begin(ddb_store_of(req), &s);
    if (rc == STORE_OK) {
        rc = read_list(req, &s, t, all);
        ddb_read_end(&s);
    }
    if (rc != STORE_OK)
        return ddb_fail_store(req, rc);
    out->TableName = t->name;
    out->KinesisDataStreamDestinations.items =
        ARENA_ARRAY(&req->arena, struct dynamodb_KinesisDataStreamDestination, all->count + 1);
    for (size_t i = 0; i < all->count; i++) {
        const struct ddb_destination *d = &all->items[i];
        bool reached = !d->active || stream_exists(req, d->stream_arn);
        out->KinesisDataStreamDestinations.items[i] =
            (struct dynamodb_KinesisDataStreamDestination){
                .StreamArn = d->stream_arn,
                .DestinationStatus = d->active ? "ACTIVE" : "DISABLED",
                .DestinationStatusDescription =
                    reached ? NULL : "The Kinesis data stream cannot be found",
                .ApproximateCreationDateTimePrecision = precision_name(d->microseconds),
            };
    }
    out->KinesisDataStreamDestinations.count = all->count;
    return 0;
}
