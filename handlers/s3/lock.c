/*
 * Object Lock: the bucket's configuration, retention and legal holds.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 *
 * The bucket's default stands in a document, as "GOVERNANCE 30" (days) or "COMPLIANCE 1 years".
 */
#include "handlers/s3/lock.h"

#include "handlers/s3/access.h"
#include "handlers/s3/operations.h"
#include "handlers/s3/target.h"
#include "server/base/clock.h"

#include <time.h>

enum { DAY_MS = 24 * 3600 * 1000, DAYS_MAX = 36500, YEARS_MAX = 100 };

const char *s3_lock_mode_name(enum s3_lock_mode mode)
{
    static const char *const names[] = {
        [S3_LOCK_NONE] = NULL,
        [S3_LOCK_GOVERNANCE] = "GOVERNANCE",
        [S3_LOCK_COMPLIANCE] = "COMPLIANCE",
    };

    return names[mode];
}

enum s3_lock_mode s3_lock_mode_read(const char *name)
{
    if (str_eq(name, "GOVERNANCE"))
        return S3_LOCK_GOVERNANCE;
    return str_eq(name, "COMPLIANCE") ? S3_LOCK_COMPLIANCE : S3_LOCK_NONE;
}

/* --- the bucket's default --- */

struct default_retention {
    enum s3_lock_mode mode; /* S3_LOCK_NONE: there is none */
    int count;
    bool years;
};

static int read_default(struct request *req, const struct s3_bucket *bucket,
                        struct default_retention *out)
{
    const char *text, *count;
    enum store_status rc;

    *out = (struct default_retention){.mode = S3_LOCK_NONE};
    if (!s3_bucket_has(bucket, S3_DOC_OBJECT_LOCK))
        return 0;
    rc = s3_document_get(s3_of(req->app)->store, bucket->id, S3_DOC_OBJECT_LOCK, "", &req->arena,
                         &text);
    if (rc)
        return rc == STORE_NOT_FOUND ? 0 : aws_fail_internal(req);
    count = strchr(text, ' ');
    if (!count)
        return 0;
    out->mode = s3_lock_mode_read(arena_strndup(&req->arena, text, (size_t)(count - text)));
    out->count = (int)strtol(count + 1, NULL, 10);
    out->years = strstr(count, "years") != NULL;
    return 0;
}

static int64_t years_later(int64_t ms, int years)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    tm.tm_year += years;
    return (int64_t)timegm(&tm) * 1000 + ms % 1000;
}

int s3_default_retention(struct request *req, const struct s3_bucket *bucket, struct s3_lock *out)
{
    int64_t now = clock_now_ms(&req->app->clock);
    struct default_retention d;

    if (read_default(req, bucket, &d))
        return -1;
    if (d.mode == S3_LOCK_NONE)
        return 0;
    out->mode = d.mode;
    out->retain_until_ms = d.years ? years_later(now, d.count) : now + (int64_t)d.count * DAY_MS;
    return 0;
}

int s3_get_object_lock_configuration(struct request *req,
                                     const struct s3_GetObjectLockConfigurationRequest *in,
                                     struct s3_GetObjectLockConfigurationOutput *out)
{
    struct s3_target target;
    struct default_retention d;
    struct s3_DefaultRetention *retention;

    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner,
                      "s3:GetBucketObjectLockConfiguration", &target))
        return -1;
    if (!target.bucket.object_lock) {
        aws_fail(req, &s3_ObjectLockConfigurationNotFoundError,
                 "Object Lock configuration does not exist for this bucket");
        aws_fail_detail(req, "BucketName", in->Bucket);
        return -1;
    }
    if (read_default(req, &target.bucket, &d))
        return -1;
    out->ObjectLockConfiguration = ARENA_NEW(&req->arena, struct s3_ObjectLockConfiguration);
    out->ObjectLockConfiguration->ObjectLockEnabled = "Enabled";
    if (d.mode == S3_LOCK_NONE)
        return 0;
    retention = ARENA_NEW(&req->arena, struct s3_DefaultRetention);
    retention->Mode = s3_lock_mode_name(d.mode);
    *(d.years ? &retention->Years : &retention->Days) = SOME_INT(d.count);
    out->ObjectLockConfiguration->Rule = ARENA_NEW(&req->arena, struct s3_ObjectLockRule);
    out->ObjectLockConfiguration->Rule->DefaultRetention = retention;
    return 0;
}

static int check_default(struct request *req, const struct s3_DefaultRetention *r,
                         struct default_retention *out)
{
    if (!r || !r->Mode || r->Days.set == r->Years.set)
        return s3_fail_malformed_xml(req);
    out->mode = s3_lock_mode_read(r->Mode);
    out->years = r->Years.set;
    out->count = r->Years.set ? r->Years.value : r->Days.value;
    if (out->mode == S3_LOCK_NONE)
        return s3_fail_malformed_xml(req);
    if (out->count <= 0)
        return aws_fail(req, &s3_InvalidRetentionPeriod,
                        "Default retention period must be a positive integer value.");
    if (out->count > (out->years ? YEARS_MAX : DAYS_MAX))
        return aws_fail(req, &s3_InvalidRetentionPeriod, "Default retention period too large");
    return 0;
}

static int store_default(struct request *req, const struct s3_bucket *bucket,
                         const struct default_retention *d)
{
    struct s3_store *store = s3_of(req->app)->store;
    const struct s3_document_in document = {
        .kind = S3_DOC_OBJECT_LOCK,
        .id = "",
        .body = arena_printf(&req->arena, "%s %d%s", s3_lock_mode_name(d->mode), d->count,
                             d->years ? " years" : ""),
    };
    enum store_status rc = s3_document_put(store, bucket->id, &document, 0);

    return rc == STORE_NOT_FOUND ? s3_fail_no_bucket(req, bucket->name)
           : rc                  ? aws_fail_internal(req)
                                 : 0;
}

int s3_put_object_lock_configuration(struct request *req,
                                     const struct s3_PutObjectLockConfigurationRequest *in,
                                     struct s3_PutObjectLockConfigurationOutput *out)
{
    const struct s3_ObjectLockConfiguration *c = in->ObjectLockConfiguration;
    struct default_retention d = {0};
    struct s3_target target;
    enum store_status rc;

    (void)out;
    if (s3_use_bucket(req, in->Bucket, in->ExpectedBucketOwner,
                      "s3:PutBucketObjectLockConfiguration", &target))
        return -1;
    if (!c || !c->ObjectLockEnabled || !str_eq(c->ObjectLockEnabled, "Enabled"))
        return s3_fail_malformed_xml(req);
    if (c->Rule && check_default(req, c->Rule->DefaultRetention, &d))
        return -1;
    /* AWS, since 2023: a versioned bucket may be given a lock afterwards. */
    if (!target.bucket.object_lock && target.bucket.versioning != S3_VERSIONED)
        return aws_fail(req, &s3_InvalidBucketState,
                        "Versioning must be 'Enabled' on the bucket to apply a Object Lock "
                        "configuration");
    rc = s3_bucket_enable_lock(s3_of(req->app)->store, target.bucket.id);
    if (rc)
        return rc == STORE_NOT_FOUND ? s3_fail_no_bucket(req, in->Bucket) : aws_fail_internal(req);
    if (c->Rule)
        return store_default(req, &target.bucket, &d);
    rc = s3_document_delete(s3_of(req->app)->store, target.bucket.id, S3_DOC_OBJECT_LOCK, "");
    return rc == STORE_OK || rc == STORE_NOT_FOUND ? 0 : aws_fail_internal(req);
}

/* --- retention and legal hold of a version --- */

static int need_lock(struct request *req, const struct s3_target *target)
{
    if (target->bucket.object_lock)
        return 0;
    return aws_fail(req, &s3_InvalidRequest, "Bucket is missing Object Lock Configuration");
}

static int write_lock(struct request *req, const struct s3_target *target,
                      const struct s3_lock *lock)
{
    struct s3_object changed = *target->object;
    enum store_status rc;

    changed.lock = *lock;
    rc = s3_object_change(s3_of(req->app)->store, &changed, S3_FACT_LOCK);
    if (rc == STORE_NOT_FOUND)
        return s3_fail_no_key(req, target->key);
    return rc ? aws_fail_internal(req) : 0;
}

int s3_get_object_retention(struct request *req, const struct s3_GetObjectRetentionRequest *in,
                            struct s3_GetObjectRetentionOutput *out)
{
    struct s3_target target;

    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                      "s3:GetObjectRetention", &target) ||
        need_lock(req, &target))
        return -1;
    if (target.object->lock.mode == S3_LOCK_NONE)
        return aws_fail(req, &s3_NoSuchObjectLockConfiguration,
                        "The specified object does not have a ObjectLock configuration");
    out->Retention = ARENA_NEW(&req->arena, struct s3_ObjectLockRetention);
    out->Retention->Mode = s3_lock_mode_name(target.object->lock.mode);
    out->Retention->RetainUntilDate = SOME_TIME(target.object->lock.retain_until_ms);
    return 0;
}

/* A lock that holds can be made longer by anybody who may set it; GOVERNANCE can be shortened,
 * ended or made COMPLIANCE by who may and says so. */
static int may_change(struct request *req, const struct s3_target *target,
                      const struct s3_lock *wanted, bool bypass)
{
    const struct s3_lock *now = &target->object->lock;
    bool holds = now->mode != S3_LOCK_NONE && now->retain_until_ms > clock_now_ms(&req->app->clock);
    bool altered = wanted->retain_until_ms < now->retain_until_ms || wanted->mode != now->mode;

    if (!holds || !altered)
        return 0;
    if (now->mode == S3_LOCK_GOVERNANCE && bypass)
        return s3_authorize(req, target, "s3:BypassGovernanceRetention");
    return aws_fail(req, &s3_AccessDenied,
                    "Access Denied because object protected by object lock.");
}

int s3_put_object_retention(struct request *req, const struct s3_PutObjectRetentionRequest *in,
                            struct s3_PutObjectRetentionOutput *out)
{
    const struct s3_ObjectLockRetention *r = in->Retention;
    struct s3_target target;
    struct s3_lock lock;

    (void)out;
    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                      "s3:PutObjectRetention", &target) ||
        need_lock(req, &target))
        return -1;
    if (!r || !r->Mode != !r->RetainUntilDate.set)
        return s3_fail_malformed_xml(req);
    lock = target.object->lock;
    lock.mode = r->Mode ? s3_lock_mode_read(r->Mode) : S3_LOCK_NONE;
    lock.retain_until_ms = r->RetainUntilDate.set ? r->RetainUntilDate.ms : 0;
    if (r->Mode && lock.mode == S3_LOCK_NONE)
        return s3_fail_malformed_xml(req);
    if (r->Mode && lock.retain_until_ms <= clock_now_ms(&req->app->clock))
        return s3_fail_argument(req, "RetainUntilDate", NULL,
                                "The retain until date must be in the future!");
    if (may_change(req, &target, &lock, VALUE_OR(in->BypassGovernanceRetention, false)))
        return -1;
    return write_lock(req, &target, &lock);
}

int s3_get_object_legal_hold(struct request *req, const struct s3_GetObjectLegalHoldRequest *in,
                             struct s3_GetObjectLegalHoldOutput *out)
{
    struct s3_target target;

    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                      "s3:GetObjectLegalHold", &target) ||
        need_lock(req, &target))
        return -1;
    if (target.object->lock.legal_hold == S3_HOLD_NEVER)
        return aws_fail(req, &s3_NoSuchObjectLockConfiguration,
                        "The specified object does not have a ObjectLock configuration");
    out->LegalHold = ARENA_NEW(&req->arena, struct s3_ObjectLockLegalHold);
    out->LegalHold->Status = target.object->lock.legal_hold == S3_HOLD_ON ? "ON" : "OFF";
    return 0;
}

int s3_put_object_legal_hold(struct request *req, const struct s3_PutObjectLegalHoldRequest *in,
                             struct s3_PutObjectLegalHoldOutput *out)
{
    const char *status = in->LegalHold ? in->LegalHold->Status : NULL;
    struct s3_target target;
    struct s3_lock lock;

    (void)out;
    if (s3_use_object(req, in->Bucket, in->Key, in->VersionId, in->ExpectedBucketOwner,
                      "s3:PutObjectLegalHold", &target))
        return -1;
    if (!status || (!str_eq(status, "ON") && !str_eq(status, "OFF")))
        return s3_fail_malformed_xml(req);
    if (need_lock(req, &target))
        return -1;
    lock = target.object->lock;
    lock.legal_hold = str_eq(status, "ON") ? S3_HOLD_ON : S3_HOLD_OFF;
    return write_lock(req, &target, &lock);
}
