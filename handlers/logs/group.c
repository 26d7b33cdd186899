/* Log groups and how long they keep their events. */
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "handlers/logs/operations.h"

int logs_create_log_group(struct request *req, const struct logs_CreateLogGroupRequest *in,
                          struct logs_CreateLogGroupOutput *out)
{
    struct scope scope = logs_scope(req);
    struct logs_group group = {
        .name = in->logGroupName,
        .created_ms = req->received_ms,
        .log_class = in->logGroupClass ? in->logGroupClass : "STANDARD",
        .kms_key = in->kmsKeyId,
    };
    enum store_status status;

    (void)out;
    if (VALUE_OR(in->deletionProtectionEnabled, false))
        return aws_fail_unsupported(req, "deletionProtectionEnabled");
    group.tags = logs_new_tags(req, &in->tags);
    if (!group.tags)
        return -1;
    status = logs_group_create(logs_store_of(req), &scope, &group);
    if (status == STORE_EXISTS)
        return aws_fail(req, &logs_ResourceAlreadyExistsException,
                        "The specified log group already exists");
    return status ? aws_fail_internal(req) : 0;
}

int logs_delete_log_group(struct request *req, const struct logs_DeleteLogGroupRequest *in,
                          struct logs_DeleteLogGroupOutput *out)
{
    struct scope scope = logs_scope(req);
    enum store_status status = logs_group_delete(logs_store_of(req), &scope, in->logGroupName);

    (void)out;
    return status ? logs_fail_missing(req, status) : 0;
}

/* --- DescribeLogGroups --- */

static int check_describe(struct request *req, const struct logs_DescribeLogGroupsRequest *in)
{
    if (in->logGroupNamePrefix && in->logGroupNamePattern)
        return aws_fail(
            req, &logs_InvalidParameterException,
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
    if (in->accountIdentifiers.count > 0)
        return aws_fail_unsupported(req, "accountIdentifiers");
    if (VALUE_OR(in->includeLinkedAccounts, false))
        return aws_fail_unsupported(req, "includeLinkedAccounts");
    if (in->logGroupIdentifiers.count > 0 && (in->logGroupNamePrefix || in->logGroupNamePattern))
        return aws_fail(req, &logs_InvalidParameterException,
                        "LogGroupIdentifiers cannot be combined with a name prefix or pattern.");
    return 0;
}

static bool is_named(struct request *req, const struct logs_DescribeLogGroupsRequest *in,
                     const char *name)
{
    for (size_t i = 0; i < in->logGroupIdentifiers.count; i++) {
        const char *id = in->logGroupIdentifiers.items[i];
        const char *group = str_starts(id, "arn:") ? logs_group_of_arn(req, id) : id;

        if (group && str_eq(group, name))
            return true;
    }
    return in->logGroupIdentifiers.count == 0;
}

static bool is_wanted(struct request *req, const struct logs_DescribeLogGroupsRequest *in,
                      const struct logs_group *group)
{
    if (in->logGroupNamePrefix && !str_starts(group->name, in->logGroupNamePrefix))
        return false;
    /* AWS: the pattern is a part of the name, capitals or not. */
    if (in->logGroupNamePattern && !strcasestr(group->name, in->logGroupNamePattern))
        return false;
    if (in->logGroupClass && !str_eq(in->logGroupClass, group->log_class))
        return false;
    return is_named(req, in, group->name);
}

static struct logs_LogGroup describe(struct request *req, const struct logs_group *group)
{
    const char *arn =
        arn_make(&req->arena, "logs", req->region, req->account, "log-group:%s", group->name);

    return (struct logs_LogGroup){
        .logGroupName = group->name,
        .creationTime = SOME_LONG(group->created_ms),
        .retentionInDays = {.set = group->retention_days > 0, .value = group->retention_days},
        .metricFilterCount = SOME_INT(0),
        .arn = arena_printf(&req->arena, "%s:*", arn),
        .storedBytes = SOME_LONG(group->stored_bytes),
        .kmsKeyId = group->kms_key,
        .logGroupClass = group->log_class,
        .logGroupArn = arn,
        .deletionProtectionEnabled = SOME_BOOL(false),
    };
}

/* Adds wanted groups after `after` until the page is full; NULL at the end of the list, else where
 * to go on. */
static int fill_page(struct request *req, const struct logs_DescribeLogGroupsRequest *in,
                     const char *after, size_t limit, struct logs_DescribeLogGroupsResponse *out,
                     const char **out_last)
{
    struct scope scope = logs_scope(req);
    struct logs_groups page;

    do {
        if (logs_group_list(logs_store_of(req), &scope, after, LOGS_LIST_MAX, &req->arena, &page))
            return aws_fail_internal(req);
        for (size_t i = 0; i < page.count; i++) {
            if (!is_wanted(req, in, &page.items[i]))
                continue;
            if (out->logGroups.count == limit) {
                *out_last = out->logGroups.items[limit - 1].logGroupName;
                return 0;
            }
            out->logGroups.items[out->logGroups.count++] = describe(req, &page.items[i]);
        }
        if (page.count > 0)
            after = page.items[page.count - 1].name;
    } while (page.more);
    *out_last = NULL;
    return 0;
}

int logs_describe_log_groups(struct request *req, const struct logs_DescribeLogGroupsRequest *in,
                             struct logs_DescribeLogGroupsResponse *out)
{
    size_t limit = (size_t)VALUE_OR(in->limit, LOGS_LIST_MAX);
    const char *kind = arena_printf(&req->arena, "DescribeLogGroups %s %s %s",
                                    in->logGroupNamePrefix ? in->logGroupNamePrefix : "",
                                    in->logGroupNamePattern ? in->logGroupNamePattern : "",
                                    in->logGroupClass ? in->logGroupClass : "");
    const char *after = NULL;
    const char *last;

    if (check_describe(req, in))
        return -1;
    if (in->nextToken && !(after = page_token_read(&req->arena, kind, in->nextToken)))
        return aws_fail(req, &logs_InvalidParameterException,
                        "The specified nextToken is invalid.");
    out->logGroups.items = ARENA_ARRAY(&req->arena, struct logs_LogGroup, limit);
    if (fill_page(req, in, after, limit, out, &last))
        return -1;
    if (last)
        out->nextToken = page_token_make(&req->arena, kind, last);
    return 0;
}

/* --- retention --- */

static bool is_legal_retention(int days)
{
    static const int legal[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

    for (size_t i = 0; i < ARRAY_LEN(legal); i++)
        if (days == legal[i])
            return true;
    return false;
}

static int set_retention(struct request *req, const char *group, int days)
{
    struct scope scope = logs_scope(req);
    enum store_status status = logs_group_set_retention(logs_store_of(req), &scope, group, days);

    return status ? logs_fail_missing(req, status) : 0;
}

int logs_put_retention_policy(struct request *req, const struct logs_PutRetentionPolicyRequest *in,
                              struct logs_PutRetentionPolicyOutput *out)
{
    (void)out;
    if (!is_legal_retention(in->retentionInDays.value))
        return aws_fail(req, &logs_InvalidParameterException,
                        "1 validation error detected: Value '%d' at 'retentionInDays' failed to "
                        "satisfy constraint: "
                        "Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, "
                        "150, 180, 365, 400, "
                        "545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]",
                        in->retentionInDays.value);
    return set_retention(req, in->logGroupName, in->retentionInDays.value);
}

int logs_delete_retention_policy(struct request *req,
                                 const struct logs_DeleteRetentionPolicyRequest *in,
                                 struct logs_DeleteRetentionPolicyOutput *out)
{
    (void)out;
    return set_retention(req, in->logGroupName, 0);
}
