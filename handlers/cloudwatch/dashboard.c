/* Dashboards: kept and shown as they are; they belong to an account, not to a region. */
#include "handlers/cloudwatch/operations.h"
#include "handlers/cloudwatch/tag.h"
#include "handlers/common/arn.h"
#include "handlers/common/page_token.h"
#include "server/base/json_read.h"

enum { DASHBOARDS_PAGE = 1000, DEPTH_MAX = 64 }; /* AWS: the page */

struct scope cloudwatch_dashboard_scope(const struct request *req)
{
    return (struct scope){.account = req->account, .region = "aws-global"};
}

static const char *dashboard_arn(struct request *req, const char *name)
{
    return arena_printf(&req->arena, "arn:%s:cloudwatch::%s:dashboard/%s",
                        arn_partition(req->region), req->account, name);
}

static bool is_json_object(const char *text, struct arena *a)
{
    struct jr_text raw;
    struct jr r;

    jr_init(&r, text, strlen(text), a, DEPTH_MAX);
    return jr_peek(&r) == JR_OBJECT && jr_skip(&r, &raw) && jr_finish(&r);
}

static int check_name(struct request *req, const char *name)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

    if (name[0] && strspn(name, legal) == strlen(name) && strlen(name) <= 255)
        return 0;
    return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                    "The value for field DashboardName contains invalid characters. It can only "
                    "contain alphanumerics, dash (-) and underscore (_).\n");
}

int cloudwatch_put_dashboard(struct request *req, const struct cloudwatch_PutDashboardInput *in,
                             struct cloudwatch_PutDashboardOutput *out)
{
    struct scope scope = cloudwatch_dashboard_scope(req);
    const char *tags;

    if (check_name(req, in->DashboardName) || !(tags = cloudwatch_new_tags(req, &in->Tags)))
        return -1;
    if (!is_json_object(in->DashboardBody, &req->arena))
        return aws_fail(req, &cloudwatch_DashboardInvalidInputError,
                        "The field DashboardBody must be a valid JSON object");
    if (cloudwatch_dashboard_put(cloudwatch_store_of(req), &scope,
                                 &(struct cloudwatch_dashboard){.name = in->DashboardName,
                                                                .body = in->DashboardBody,
                                                                .modified_ms = req->received_ms,
                                                                .tags = tags}))
        return aws_fail_internal(req);
    out->DashboardValidationMessages.items =
        ARENA_ARRAY(&req->arena, struct cloudwatch_DashboardValidationMessage, 0);
    return 0;
}

int cloudwatch_get_dashboard(struct request *req, const struct cloudwatch_GetDashboardInput *in,
                             struct cloudwatch_GetDashboardOutput *out)
{
    struct scope scope = cloudwatch_dashboard_scope(req);
    struct cloudwatch_dashboard d;
    enum store_status status;

    if (check_name(req, in->DashboardName))
        return -1;
    status = cloudwatch_dashboard_find(cloudwatch_store_of(req), &scope, in->DashboardName,
                                       &req->arena, &d);
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &cloudwatch_DashboardNotFoundError, "Dashboard %s does not exist",
                        in->DashboardName);
    if (status)
        return aws_fail_internal(req);
    out->DashboardArn = dashboard_arn(req, d.name);
    out->DashboardBody = d.body;
    out->DashboardName = d.name;
    return 0;
}

int cloudwatch_list_dashboards(struct request *req, const struct cloudwatch_ListDashboardsInput *in,
                               struct cloudwatch_ListDashboardsOutput *out)
{
    struct arena *a = &req->arena;
    struct scope scope = cloudwatch_dashboard_scope(req);
    struct cloudwatch_dashboard *all =
        ARENA_ARRAY(a, struct cloudwatch_dashboard, DASHBOARDS_PAGE + 1);
    const char *after = "";
    size_t count;

    if (in->NextToken && !(after = page_token_read(a, "ListDashboards", in->NextToken)))
        return aws_fail(req, &cloudwatch_InvalidParameterValueException, "Invalid nextToken");
    if (cloudwatch_dashboard_list(cloudwatch_store_of(req), &scope,
                                  in->DashboardNamePrefix ? in->DashboardNamePrefix : "", after,
                                  DASHBOARDS_PAGE + 1, a, all, &count))
        return aws_fail_internal(req);
    if (count > DASHBOARDS_PAGE) {
        count = DASHBOARDS_PAGE;
        out->NextToken = page_token_make(a, "ListDashboards", all[count - 1].name);
    }
    out->DashboardEntries.items = ARENA_ARRAY(a, struct cloudwatch_DashboardEntry, count);
    out->DashboardEntries.count = count;
    for (size_t i = 0; i < count; i++)
        out->DashboardEntries.items[i] = (struct cloudwatch_DashboardEntry){
            .DashboardName = all[i].name,
            .DashboardArn = dashboard_arn(req, all[i].name),
            .LastModified = SOME_TIME(all[i].modified_ms),
            .Size = SOME_LONG((int64_t)strlen(all[i].body)),
        };
    return 0;
}

int cloudwatch_delete_dashboards(struct request *req,
                                 const struct cloudwatch_DeleteDashboardsInput *in,
                                 struct cloudwatch_DeleteDashboardsOutput *out)
{
    struct scope scope = cloudwatch_dashboard_scope(req);
    const char *missing = "";

    (void)out;
    if (in->DashboardNames.count == 0)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "Need at least 1 dashboard");
    switch (cloudwatch_dashboards_delete(cloudwatch_store_of(req), &scope, in->DashboardNames.items,
                                         in->DashboardNames.count, &missing)) {
    case STORE_OK:
        return 0;
    case STORE_NOT_FOUND:
        return aws_fail(req, &cloudwatch_DashboardNotFoundError, "Dashboard %s does not exist",
                        missing);
    default:
        return aws_fail_internal(req);
    }
}
