/* Website, logging, replication, request payment, acceleration, ABAC of buckets. Logging,
 * replication and acceleration are kept and given back; nothing is delivered. */
#include "handlers/common/arn.h"
#include "handlers/s3/kept.h"
#include "handlers/s3/rules.h"
#include "handlers/s3/target.h"
#include "server/base/digest.h"

/* --- website --- */

int s3_get_bucket_website(struct request *req, const struct s3_GetBucketWebsiteRequest *in,
                          struct s3_GetBucketWebsiteOutput *out)
{
    struct s3_WebsiteConfiguration c = {0};
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketWebsite", &t) ||
        s3_kept_get(req, &t.bucket, S3_DOC_WEBSITE, &c))
        return -1;
    out->RedirectAllRequestsTo = c.RedirectAllRequestsTo;
    out->IndexDocument = c.IndexDocument;
    out->ErrorDocument = c.ErrorDocument;
    out->RoutingRules = c.RoutingRules;
    return 0;
}

static bool is_protocol(const char *name)
{
    return !name || str_eq(name, "http") || str_eq(name, "https");
}

static int check_routing_rule(struct request *req, const struct s3_RoutingRule *rule)
{
    const struct s3_Redirect *r = rule->Redirect;

    if (rule->Condition && !rule->Condition->KeyPrefixEquals &&
        !rule->Condition->HttpErrorCodeReturnedEquals)
        return aws_fail(req, &s3_InvalidRequest,
                        "Condition cannot be empty. To redirect all requests without a condition, "
                        "the condition element shouldn't be present.");
    if (!r || (!r->HostName && !r->HttpRedirectCode && !r->Protocol && !r->ReplaceKeyPrefixWith &&
               !r->ReplaceKeyWith))
        return s3_fail_malformed_xml(req);
    if (r->ReplaceKeyPrefixWith && r->ReplaceKeyWith)
        return aws_fail(req, &s3_InvalidRequest,
                        "You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
    if (!is_protocol(r->Protocol))
        return aws_fail(req, &s3_InvalidRequest,
                        "Invalid protocol, protocol can be http or https. If not defined the "
                        "protocol will be selected automatically.");
    if (r->HttpRedirectCode && (strlen(r->HttpRedirectCode) != 3 || r->HttpRedirectCode[0] != '3'))
        return aws_fail(req, &s3_InvalidRequest,
                        "The provided HTTP redirect code (%.32s) is not valid. Valid codes are 3XX "
                        "except 300.",
                        r->HttpRedirectCode);
    return 0;
}

static int check_website(struct request *req, const struct s3_WebsiteConfiguration *c)
{
    const struct s3_RedirectAllRequestsTo *all = c->RedirectAllRequestsTo;

    if (all && (c->IndexDocument || c->ErrorDocument || c->RoutingRules.items))
        return s3_fail_argument(
            req, "RedirectAllRequestsTo", "not null",
            "RedirectAllRequestsTo cannot be provided in conjunction with other "
            "Routing Rules.");
    if (all && !all->HostName)
        return s3_fail_malformed_xml(req);
    if (all && !is_protocol(all->Protocol))
        return aws_fail(req, &s3_InvalidRequest,
                        "Invalid protocol, protocol can be http or https. If not defined the "
                        "protocol will be selected automatically.");
    if (all)
        return 0;
    if (!c->IndexDocument)
        return s3_fail_argument(req, "IndexDocument", "null",
                                "A value for IndexDocument Suffix must be provided if "
                                "RedirectAllRequestsTo is empty");
    if (!c->IndexDocument->Suffix || !*c->IndexDocument->Suffix ||
        strchr(c->IndexDocument->Suffix, '/'))
        return s3_fail_argument(req, "IndexDocument", c->IndexDocument->Suffix,
                                "The IndexDocument Suffix is not well formed");
    if (c->ErrorDocument && (!c->ErrorDocument->Key || !*c->ErrorDocument->Key))
        return s3_fail_argument(req, "ErrorDocument", c->ErrorDocument->Key,
                                "The ErrorDocument Key is not well formed");
    if (c->RoutingRules.count > 50)
        return s3_fail_argument(req, "RoutingRules", NULL,
                                "Too many routing rules. Limit is 50 routing rules");
    for (size_t i = 0; i < c->RoutingRules.count; i++)
        if (check_routing_rule(req, &c->RoutingRules.items[i]))
            return -1;
    return 0;
}

int s3_put_bucket_website(struct request *req, const struct s3_PutBucketWebsiteRequest *in,
                          struct s3_PutBucketWebsiteOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketWebsite", &t))
        return -1;
    if (!in->WebsiteConfiguration)
        return s3_fail_malformed_xml(req);
    if (check_website(req, in->WebsiteConfiguration))
        return -1;
    return s3_kept_put(req, &t.bucket, S3_DOC_WEBSITE, in->WebsiteConfiguration);
}

int s3_delete_bucket_website(struct request *req, const struct s3_DeleteBucketWebsiteRequest *in,
                             struct s3_DeleteBucketWebsiteOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:DeleteBucketWebsite", &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_WEBSITE);
}

/* --- logging --- */

int s3_get_bucket_logging(struct request *req, const struct s3_GetBucketLoggingRequest *in,
                          struct s3_GetBucketLoggingOutput *out)
{
    struct s3_BucketLoggingStatus c = {0};
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketLogging", &t) ||
        s3_kept_get(req, &t.bucket, S3_DOC_LOGGING, &c))
        return -1;
    out->LoggingEnabled = c.LoggingEnabled;
    return 0;
}

static int check_logging(struct request *req, const struct s3_bucket *source,
                         const struct s3_LoggingEnabled *l)
{
    struct s3_bucket target;
    enum store_status rc;

    if (!l->TargetBucket || !l->TargetPrefix)
        return s3_fail_malformed_xml(req);
    rc = s3_bucket_find(s3_of(req->app)->store, l->TargetBucket, &req->arena, &target);
    if (rc == STORE_NOT_FOUND || (!rc && !str_eq(target.account, source->account))) {
        aws_fail(req, &s3_InvalidTargetBucketForLogging,
                 "The target bucket for logging does not exist");
        aws_fail_detail(req, "TargetBucket", l->TargetBucket);
        return -1;
    }
    if (rc)
        return aws_fail_internal(req);
    if (str_eq(target.region, source->region))
        return 0;
    aws_fail(req, &s3_CrossLocationLoggingProhibitted, /* AWS: spelt so */
             "Cross S3 location logging not allowed. ");
    /* AWS: the first region is named nowhere. */
    if (!str_eq(source->region, "us-east-1"))
        aws_fail_detail(req, "SourceBucketLocation", source->region);
    if (!str_eq(target.region, "us-east-1"))
        aws_fail_detail(req, "TargetBucketLocation", target.region);
    return -1;
}

int s3_put_bucket_logging(struct request *req, const struct s3_PutBucketLoggingRequest *in,
                          struct s3_PutBucketLoggingOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketLogging", &t))
        return -1;
    if (!in->BucketLoggingStatus)
        return s3_fail_malformed_xml(req);
    if (!in->BucketLoggingStatus->LoggingEnabled)
        return s3_kept_delete(req, &t.bucket, S3_DOC_LOGGING);
    if (check_logging(req, &t.bucket, in->BucketLoggingStatus->LoggingEnabled))
        return -1;
    return s3_kept_put(req, &t.bucket, S3_DOC_LOGGING, in->BucketLoggingStatus);
}

/* --- replication --- */

int s3_get_bucket_replication(struct request *req, const struct s3_GetBucketReplicationRequest *in,
                              struct s3_GetBucketReplicationOutput *out)
{
    struct s3_target t;

    out->ReplicationConfiguration = ARENA_NEW(&req->arena, struct s3_ReplicationConfiguration);
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetReplicationConfiguration",
                      &t))
        return -1;
    return s3_kept_get(req, &t.bucket, S3_DOC_REPLICATION, out->ReplicationConfiguration);
}

/* AWS names the rules that come without a name. */
static void name_rule(struct request *req, struct s3_ReplicationRule *rule)
{
    char uuid[37];

    if (rule->ID && *rule->ID)
        return;
    uuid_v4(uuid);
    rule->ID = arena_strdup(&req->arena, uuid);
}

static int check_replication_rule(struct request *req, const struct s3_ReplicationRule *rule)
{
    struct arn arn;
    struct s3_bucket target;
    enum store_status rc;

    if (!rule->Status || (!str_eq(rule->Status, "Enabled") && !str_eq(rule->Status, "Disabled")) ||
        !rule->Destination || (rule->Filter && rule->Prefix))
        return s3_fail_malformed_xml(req);
    if (rule->ID && strlen(rule->ID) > 255)
        return s3_fail_argument(req, "ID", NULL, "Rule ID must be less than 255 characters");
    if (rule->Filter && !rule->Priority.set)
        return aws_fail(req, &s3_InvalidRequest,
                        "Priority must be specified for this version of "
                        "Cross Region Replication configuration schema.");
    if (!rule->Destination->Bucket || !arn_parse(&req->arena, rule->Destination->Bucket, &arn) ||
        !str_eq(arn.service, "s3"))
        return s3_fail_argument(req, "Bucket", rule->Destination->Bucket, "Invalid bucket ARN.");
    rc = s3_bucket_find(s3_of(req->app)->store, arn.resource, &req->arena, &target);
    if (rc && rc != STORE_NOT_FOUND)
        return aws_fail_internal(req);
    if (rc || target.versioning != S3_VERSIONED)
        return aws_fail(req, &s3_InvalidRequest,
                        "Destination bucket must have versioning enabled.");
    return 0;
}

int s3_put_bucket_replication(struct request *req, const struct s3_PutBucketReplicationRequest *in,
                              struct s3_PutBucketReplicationOutput *out)
{
    const struct s3_ReplicationConfiguration *c = in->ReplicationConfiguration;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutReplicationConfiguration",
                      &t))
        return -1;
    if (!c || !c->Role || !c->Rules.count || c->Rules.count > 1000)
        return s3_fail_malformed_xml(req);
    if (t.bucket.versioning != S3_VERSIONED)
        return aws_fail(req, &s3_InvalidRequest,
                        "Versioning must be 'Enabled' on the bucket to apply a replication "
                        "configuration");
    for (size_t i = 0; i < c->Rules.count; i++) {
        if (check_replication_rule(req, &c->Rules.items[i]))
            return -1;
        name_rule(req, &c->Rules.items[i]);
    }
    return s3_kept_put(req, &t.bucket, S3_DOC_REPLICATION, c);
}

int s3_delete_bucket_replication(struct request *req,
                                 const struct s3_DeleteBucketReplicationRequest *in,
                                 struct s3_DeleteBucketReplicationOutput *out)
{
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutReplicationConfiguration",
                      &t))
        return -1;
    return s3_kept_delete(req, &t.bucket, S3_DOC_REPLICATION);
}

/* --- request payment --- */

int s3_get_bucket_request_payment(struct request *req,
                                  const struct s3_GetBucketRequestPaymentRequest *in,
                                  struct s3_GetBucketRequestPaymentOutput *out)
{
    struct s3_RequestPaymentConfiguration c = {0};
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketRequestPayment", &t) ||
        s3_kept_get(req, &t.bucket, S3_DOC_REQUEST_PAYMENT, &c))
        return -1;
    out->Payer = c.Payer ? c.Payer : "BucketOwner";
    return 0;
}

int s3_put_bucket_request_payment(struct request *req,
                                  const struct s3_PutBucketRequestPaymentRequest *in,
                                  struct s3_PutBucketRequestPaymentOutput *out)
{
    const struct s3_RequestPaymentConfiguration *c = in->RequestPaymentConfiguration;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketRequestPayment", &t))
        return -1;
    if (!c || !c->Payer || (!str_eq(c->Payer, "Requester") && !str_eq(c->Payer, "BucketOwner")))
        return s3_fail_malformed_xml(req);
    return s3_kept_put(req, &t.bucket, S3_DOC_REQUEST_PAYMENT, c);
}

/* --- acceleration --- */

int s3_get_bucket_accelerate(struct request *req,
                             const struct s3_GetBucketAccelerateConfigurationRequest *in,
                             struct s3_GetBucketAccelerateConfigurationOutput *out)
{
    struct s3_AccelerateConfiguration c = {0};
    struct s3_target t;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetAccelerateConfiguration",
                      &t) ||
        s3_kept_get(req, &t.bucket, S3_DOC_ACCELERATE, &c))
        return -1;
    out->Status = c.Status;
    return 0;
}

int s3_put_bucket_accelerate(struct request *req,
                             const struct s3_PutBucketAccelerateConfigurationRequest *in,
                             struct s3_PutBucketAccelerateConfigurationOutput *out)
{
    const struct s3_AccelerateConfiguration *c = in->AccelerateConfiguration;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutAccelerateConfiguration",
                      &t))
        return -1;
    if (strchr(in->Bucket, '.'))
        return aws_fail(req, &s3_InvalidRequest,
                        "S3 Transfer Acceleration is not supported for buckets with periods (.) in "
                        "their names");
    if (!c || !c->Status || (!str_eq(c->Status, "Enabled") && !str_eq(c->Status, "Suspended")))
        return s3_fail_malformed_xml(req);
    /* AWS: suspending what was never on changes nothing, and is not shown. */
    if (str_eq(c->Status, "Suspended") && !s3_bucket_has(&t.bucket, S3_DOC_ACCELERATE))
        return 0;
    return s3_kept_put(req, &t.bucket, S3_DOC_ACCELERATE, c);
}

/* --- ABAC --- */

int s3_get_bucket_abac(struct request *req, const struct s3_GetBucketAbacRequest *in,
                       struct s3_GetBucketAbacOutput *out)
{
    struct s3_target t;

    out->AbacStatus = ARENA_NEW(&req->arena, struct s3_AbacStatus);
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:GetBucketAbac", &t) ||
        s3_kept_get(req, &t.bucket, S3_DOC_ABAC, out->AbacStatus))
        return -1;
    if (!out->AbacStatus->Status)
        out->AbacStatus->Status = "Disabled";
    return 0;
}

int s3_put_bucket_abac(struct request *req, const struct s3_PutBucketAbacRequest *in,
                       struct s3_PutBucketAbacOutput *out)
{
    const struct s3_AbacStatus *c = in->AbacStatus;
    struct s3_target t;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner, "s3:PutBucketAbac", &t))
        return -1;
    if (!c || !c->Status || (!str_eq(c->Status, "Enabled") && !str_eq(c->Status, "Disabled")))
        return s3_fail_malformed_xml(req);
    return s3_kept_put(req, &t.bucket, S3_DOC_ABAC, c);
}
