/* Tags of alarms and dashboards, by ARN. */
#include "handlers/cloudwatch/tag.h"

#include "handlers/cloudwatch/operations.h"
#include "handlers/common/arn.h"
#include "handlers/common/tags.h"

/* Whose tags they are. */
struct tagged {
    bool is_alarm; /* else a dashboard */
    const char *name;
    struct scope scope;
};

static struct tag_list list_of(struct arena *a, const struct cloudwatch_TagList *tags)
{
    struct tag_list list = {.items = ARENA_ARRAY(a, struct tag, tags->count), .count = tags->count};

    for (size_t i = 0; i < tags->count; i++)
        list.items[i] = (struct tag){.key = tags->items[i].Key, .value = tags->items[i].Value};
    return list;
}

static int check(struct request *req, const struct cloudwatch_TagList *tags)
{
    for (size_t i = 0; i < tags->count; i++) {
        const char *problem = tag_problem(tags->items[i].Key, tags->items[i].Value);

        if (problem)
            return aws_fail(req, &cloudwatch_InvalidParameterValueException, "%s", problem);
    }
    return 0;
}

const char *cloudwatch_new_tags(struct request *req, const struct cloudwatch_TagList *tags)
{
    if (check(req, tags))
        return NULL;
    if (tags->count > TAGS_MAX) {
        aws_fail(req, &cloudwatch_InvalidParameterValueException,
                 "The number of tags exceeds the limit of %d.", TAGS_MAX);
        return NULL;
    }
    return tags_to_json(&req->arena, list_of(&req->arena, tags));
}

static int find_tagged(struct request *req, const char *text, struct tagged *out)
{
    struct arn arn;
    const char *alarm;
    const char *dashboard;

    if (!arn_parse(&req->arena, text, &arn) || !str_eq(arn.service, "cloudwatch") ||
        !str_eq(arn.account, req->account))
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The value %s for parameter ResourceARN is invalid.", text);
    alarm = arn_resource_after(&arn, "alarm:");
    dashboard = arn_resource_after(&arn, "dashboard/");
    if (!alarm && !dashboard)
        return aws_fail_unsupported(req, "ResourceARN of anything but alarms and dashboards");
    *out = (struct tagged){.is_alarm = alarm != NULL, .name = alarm ? alarm : dashboard};
    out->scope = alarm ? (struct scope){.account = arn.account, .region = arn.region}
                       : cloudwatch_dashboard_scope(req);
    return 0;
}

static enum store_status read_tags(struct request *req, const struct tagged *t, const char **out)
{
    struct cloudwatch_alarm alarm;
    struct cloudwatch_dashboard dashboard;
    enum store_status status;

    if (t->is_alarm)
        status = cloudwatch_alarm_find(cloudwatch_store_of(req), &t->scope, t->name, &req->arena,
                                       &alarm);
    else
        status = cloudwatch_dashboard_find(cloudwatch_store_of(req), &t->scope, t->name,
                                           &req->arena, &dashboard);
    if (!status)
        *out = t->is_alarm ? alarm.tags : dashboard.tags;
    return status;
}

static int write_tags(struct request *req, const struct tagged *t, struct tag_list tags)
{
    struct cloudwatch_store *store = cloudwatch_store_of(req);
    const char *json = tags_to_json(&req->arena, tags);
    enum store_status status;

    if (tags.count > TAGS_MAX)
        return aws_fail(req, &cloudwatch_InvalidParameterValueException,
                        "The number of tags exceeds the limit of %d.", TAGS_MAX);
    if (t->is_alarm)
        status = cloudwatch_alarm_set_tags(store, &t->scope, t->name, json);
    else
        status = cloudwatch_dashboard_set_tags(store, &t->scope, t->name, json);
    return status ? aws_fail_internal(req) : 0;
}

/* The tags that it has. 0, or -1 after failing. */
static int open_tags(struct request *req, const char *arn, struct tagged *out,
                     struct tag_list *out_tags)
{
    const char *json;
    enum store_status status;

    if (find_tagged(req, arn, out))
        return -1;
    status = read_tags(req, out, &json);
    if (status == STORE_NOT_FOUND)
        return aws_fail(req, &cloudwatch_ResourceNotFoundException, "%s does not exist", arn);
    if (status)
        return aws_fail_internal(req);
    *out_tags = tags_from_json(&req->arena, json);
    return 0;
}

int cloudwatch_tag_resource(struct request *req, const struct cloudwatch_TagResourceInput *in,
                            struct cloudwatch_TagResourceOutput *out)
{
    struct tagged t;
    struct tag_list tags;

    (void)out;
    if (check(req, &in->Tags) || open_tags(req, in->ResourceARN, &t, &tags))
        return -1;
    return write_tags(req, &t, tags_merge(&req->arena, tags, list_of(&req->arena, &in->Tags)));
}

int cloudwatch_untag_resource(struct request *req, const struct cloudwatch_UntagResourceInput *in,
                              struct cloudwatch_UntagResourceOutput *out)
{
    struct tagged t;
    struct tag_list tags;

    (void)out;
    if (open_tags(req, in->ResourceARN, &t, &tags))
        return -1;
    return write_tags(req, &t,
                      tags_without(&req->arena, tags, in->TagKeys.items, in->TagKeys.count));
}

int cloudwatch_list_tags_for_resource(struct request *req,
                                      const struct cloudwatch_ListTagsForResourceInput *in,
                                      struct cloudwatch_ListTagsForResourceOutput *out)
{
    const char *json = "";
    struct tagged t;
    struct tag_list tags;
    enum store_status status;

    if (find_tagged(req, in->ResourceARN, &t))
        return -1;
    status = read_tags(req, &t, &json);
    if (status && status != STORE_NOT_FOUND) /* AWS: what is not there has no tags */
        return aws_fail_internal(req);
    tags = tags_from_json(&req->arena, json);
    out->Tags.items = ARENA_ARRAY(&req->arena, struct cloudwatch_Tag, tags.count);
    out->Tags.count = tags.count;
    for (size_t i = 0; i < tags.count; i++)
        out->Tags.items[i] =
            (struct cloudwatch_Tag){.Key = tags.items[i].key, .Value = tags.items[i].value};
    return 0;
}
