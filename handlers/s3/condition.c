#include "handlers/s3/condition.h"

#include "handlers/s3/lock.h"
#include "handlers/s3/tagging.h"
#include "server/base/clock.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static bool one(struct arena *a, const char *value, struct policy_values *out)
{
    const char **items;

    if (!value)
        return false;
    items = ARENA_NEW(a, const char *);
    items[0] = value;
    *out = (struct policy_values){items, 1};
    return true;
}

/* What follows the prefix, compared without case; NULL when the key does not begin so. */
static const char *after(const char *key, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncasecmp(key, prefix, len) == 0 ? key + len : NULL;
}

static const char *tag_value(const struct s3_pairs *tags, const char *key)
{
    for (size_t i = 0; i < tags->count; i++)
        if (strcasecmp(tags->items[i].name, key) == 0)
            return tags->items[i].value;
    return NULL;
}

/* --- tags --- */

static bool existing_tag(const struct s3_conditions *c, const char *name, struct policy_values *out)
{
    struct arena *a = &c->req->arena;
    struct s3_object found;

    if (c->target->object)
        return one(a, tag_value(&c->target->object->tags, name), out);
    /* An action that did not look its object up (DELETE, PUT). */
    if (!c->target->key || s3_object_find(s3_of(c->req->app)->store, c->target->bucket.id,
                                          &c->target->which, false, a, &found))
        return false;
    return one(a, tag_value(&found.tags, name), out);
}

static bool request_tags(const struct s3_conditions *c, struct s3_pairs *out)
{
    *out = (struct s3_pairs){0};
    if (c->target->request_tags) {
        *out = *c->target->request_tags;
        return true;
    }
    const char *header = request_header(c->req, "x-amz-tagging");
    /* A header that is wrong fails the request in its own place, later. */
    struct failure before = c->req->failure;
    bool good = header && s3_tags_of_header(c->req, header, out) == 0;
    c->req->failure = before;
    return good;
}

static bool request_tag_keys(const struct s3_conditions *c, struct policy_values *out)
{
    struct s3_pairs tags;
    const char **items;

    if (!request_tags(c, &tags) || !tags.count)
        return false;
    items = ARENA_ARRAY(&c->req->arena, const char *, tags.count);
    for (size_t i = 0; i < tags.count; i++)
        items[i] = tags.items[i].name;
    *out = (struct policy_values){items, tags.count};
    return true;
}

/* --- aws:... --- */

static const char *aws_value(const struct s3_conditions *c, const char *name)
{
    struct request *req = c->req;
    char text[TIME_TEXT_MAX];

    if (strcasecmp(name, "SourceIp") == 0)
        return "127.0.0.1";
    if (strcasecmp(name, "SecureTransport") == 0 || strcasecmp(name, "ViaAWSService") == 0 ||
        strcasecmp(name, "PrincipalIsAWSService") == 0)
        return "false";
    if (strcasecmp(name, "CurrentTime") == 0) {
        time_iso8601(clock_now_ms(&req->app->clock), false, text);
        return arena_strdup(&req->arena, text);
    }
    if (strcasecmp(name, "EpochTime") == 0)
        return arena_printf(&req->arena, "%" PRId64, clock_now_ms(&req->app->clock) / 1000);
    if (strcasecmp(name, "UserAgent") == 0)
        return request_header(req, "user-agent");
    if (strcasecmp(name, "Referer") == 0)
        return request_header(req, "referer");
    if (strcasecmp(name, "username") == 0)
        return c->user_name;
    if (strcasecmp(name, "userid") == 0)
        return c->user_id;
    if (strcasecmp(name, "PrincipalAccount") == 0)
        return c->caller->account;
    if (strcasecmp(name, "PrincipalArn") == 0)
        return c->caller->role_arn ? c->caller->role_arn : c->caller->arn;
    if (strcasecmp(name, "PrincipalType") == 0)
        return !c->caller->account   ? "Anonymous"
               : c->user_name        ? "User"
               : c->caller->role_arn ? "AssumedRole"
                                     : "Account";
    if (strcasecmp(name, "RequestedRegion") == 0)
        return c->target->bucket.region;
    if (strcasecmp(name, "ResourceAccount") == 0)
        return c->target->bucket.account;
    return NULL;
}

/* --- s3:... --- */

static const char *lock_value(const struct s3_conditions *c, const char *name)
{
    struct request *req = c->req;
    const char *until;
    int64_t ms;

    if (strcasecmp(name, "mode") == 0)
        return request_header(req, "x-amz-object-lock-mode");
    if (strcasecmp(name, "legal-hold") == 0)
        return request_header(req, "x-amz-object-lock-legal-hold");
    until = request_header(req, "x-amz-object-lock-retain-until-date");
    if (!until || strcasecmp(name, "retain-until-date") == 0)
        return until;
    if (strcasecmp(name, "remaining-retention-days") == 0 && time_parse_iso8601(until, &ms))
        return arena_printf(&req->arena, "%" PRId64,
                            (ms - clock_now_ms(&req->app->clock)) / DAY_MS);
    return NULL;
}

static const char *signature_value(const struct s3_conditions *c, const char *name)
{
    const char *header = request_header(c->req, "authorization");
    bool v2 = (header && str_starts(header, "AWS ")) || request_query(c->req, "AWSAccessKeyId");

    if (!c->req->access_key)
        return NULL;
    if (strcasecmp(name, "authType") == 0)
        return header                           ? "REST-HEADER"
               : str_eq(c->req->method, "POST") ? "POST"
                                                : "REST-QUERY-STRING";
    return v2 ? "AWS" : "AWS4-HMAC-SHA256";
}

/* What a PUT makes when its request does not say: the default is in the store then. */
static const char *s3_value(const struct s3_conditions *c, const char *name)
{
    static const char *const parameters[] = {"prefix", "delimiter", "max-keys"};
    struct request *req = c->req;
    const char *rest;

    if (after(name, "x-amz-")) {
        const char *value = request_header(req, name);

        return value ? value : request_query(req, name);
    }
    if (c->prefix && strcasecmp(name, "prefix") == 0)
        return c->prefix;
    for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
        if (strcasecmp(parameters[i], name) == 0)
            return request_query(req, parameters[i]);
    if (strcasecmp(name, "VersionId") == 0)
        return c->target->version_id;
    if (strcasecmp(name, "ResourceAccount") == 0)
        return c->target->bucket.account;
    if ((rest = after(name, "object-lock-")))
        return lock_value(c, rest);
    if (strcasecmp(name, "signatureversion") == 0 || strcasecmp(name, "authType") == 0)
        return signature_value(c, name);
    return NULL;
}

bool s3_condition_find(void *context, const char *key, struct policy_values *out)
{
    const struct s3_conditions *c = context;
    struct s3_pairs tags;
    const char *name;

    if ((name = after(key, "aws:")))
        return one(&c->req->arena, aws_value(c, name), out);
    if ((name = after(key, "s3:ExistingObjectTag/")))
        return existing_tag(c, name, out);
    if ((name = after(key, "s3:RequestObjectTag/")))
        return request_tags(c, &tags) && one(&c->req->arena, tag_value(&tags, name), out);
    if (strcasecmp(key, "s3:RequestObjectTagKeys") == 0)
        return request_tag_keys(c, out);
    if ((name = after(key, "s3:")))
        return one(&c->req->arena, s3_value(c, name), out);
    return false;
}
