/* TagResource, UntagResource, ListTagsOfResource; and what describes the service: limits,
 * endpoints. */
#include "handlers/common/tags.h"
#include "handlers/common/arn.h"
#include "handlers/dynamodb/redefine.h"

static int check_arn(struct request *req, const char *resource)
{
    struct arn arn;
    const char *name = NULL;

    if (arn_parse(&req->arena, resource, &arn) && str_eq(arn.service, "dynamodb"))
        name = arn_resource_after(&arn, "table/");
    if (name == NULL || strlen(name) < 3 || strchr(name, '/') != NULL)
        return ddb_invalid(req, "Invalid TableArn: Invalid ResourceArn provided as input %s",
                           resource);
    return 0;
}

/* The table that the ARN names, or NULL after failing. */
static const struct ddb_table *tagged(struct request *req, const char *resource)
{
    const struct ddb_table *t = ddb_table_get(req, resource);
    if (t == NULL && req->failure.error == &dynamodb_ResourceNotFoundException)
        /* AWS: the misspelling is theirs. */
        req->failure.message = arena_printf(
            &req->arena, "Requested resource not found: ResourcArn: %s not found", resource);
    return t;
}

static void set_tag(struct ddb_definition *d, struct ddb_tag tag)
{
    for (size_t i = 0; i < d->tag_count; i++)
        if (str_eq(d->tags[i].key, tag.key)) {
            d->tags[i].value = tag.value;
            return;
        }
    d->tags[d->tag_count++] = tag;
}

int dynamodb_tag_resource(struct request *req, const struct dynamodb_TagResourceInput *in,
                          struct dynamodb_TagResourceOutput *out)
{
    enum ddb_begin begun;

    (void)out;
    if (check_arn(req, in->ResourceArn) != 0)
        return -1;
    if (in->Tags.count == 0)
        return ddb_invalid(req, "Atleast one Tag needs to be provided as Input.");
    for (size_t i = 0; i < in->Tags.count; i++) {
        const char *problem = tag_problem(in->Tags.items[i].Key, in->Tags.items[i].Value);
        if (problem != NULL)
            return ddb_invalid(req, "One or more parameter values were invalid: %s", problem);
    }
    const struct ddb_table *t = tagged(req, in->ResourceArn);
    if (t == NULL)
        return -1;
    do {
        struct ddb_definition d = t->definition;
        d.tags = ARENA_ARRAY(&req->arena, struct ddb_tag, d.tag_count + in->Tags.count);
        for (size_t i = 0; i < d.tag_count; i++)
            d.tags[i] = t->definition.tags[i];
        for (size_t i = 0; i < in->Tags.count; i++)
            set_tag(&d, (struct ddb_tag){in->Tags.items[i].Key, in->Tags.items[i].Value});
        if (d.tag_count > TAGS_MAX)
            return ddb_invalid(
                req, "One or more parameter values were invalid: Too many tags: the limit is %d",
                TAGS_MAX);
        begun = ddb_redefine_now(req, &t, &d);
    } while (begun == DDB_AGAIN);
    return begun == DDB_BEGUN ? 0 : -1;
}

int dynamodb_untag_resource(struct request *req, const struct dynamodb_UntagResourceInput *in,
                            struct dynamodb_UntagResourceOutput *out)
{
    enum ddb_begin begun;

    (void)out;
    if (check_arn(req, in->ResourceArn) != 0)
        return -1;
    if (in->TagKeys.count == 0)
        return ddb_invalid(req, "Atleast one Tag Key needs to be provided as Input.");
    const struct ddb_table *t = tagged(req, in->ResourceArn);
    if (t == NULL) {
        if (req->failure.error == &dynamodb_ResourceNotFoundException)
            req->failure.message = "Requested resource not found";
        return -1;
    }
    do {
        struct ddb_definition d = t->definition;
        d.tags = ARENA_ARRAY(&req->arena, struct ddb_tag, t->definition.tag_count);
        d.tag_count = 0;
        for (size_t i = 0; i < t->definition.tag_count; i++) {
            bool goes = false;
            for (size_t k = 0; k < in->TagKeys.count; k++)
                goes |= str_eq(in->TagKeys.items[k], t->definition.tags[i].key);
            if (!goes)
                d.tags[d.tag_count++] = t->definition.tags[i];
        }
        begun = ddb_redefine_now(req, &t, &d);
    } while (begun == DDB_AGAIN);
    return begun == DDB_BEGUN ? 0 : -1;
}

int dynamodb_list_tags_of_resource(struct request *req,
                                   const struct dynamodb_ListTagsOfResourceInput *in,
                                   struct dynamodb_ListTagsOfResourceOutput *out)
{
    if (check_arn(req, in->ResourceArn) != 0)
        return -1;
    const struct ddb_table *t = tagged(req, in->ResourceArn);
    if (t == NULL)
        return -1;
    if (in->NextToken != NULL)
        return ddb_invalid(req, "Invalid NextToken"); /* all tags fit the first page */
    out->Tags.items = ARENA_ARRAY(&req->arena, struct dynamodb_Tag, t->definition.tag_count);
    for (size_t i = 0; i < t->definition.tag_count; i++)
        out->Tags.items[out->Tags.count++] =
            (struct dynamodb_Tag){t->definition.tags[i].key, t->definition.tags[i].value};
    return 0;
}

int dynamodb_describe_limits(struct request *req, const struct dynamodb_DescribeLimitsInput *in,
                             struct dynamodb_DescribeLimitsOutput *out)
{
    (void)req;
    (void)in;
    /* AWS: the quotas of a new account. */
    out->AccountMaxReadCapacityUnits = SOME_LONG(80000);
    out->AccountMaxWriteCapacityUnits = SOME_LONG(80000);
    out->TableMaxReadCapacityUnits = SOME_LONG(40000);
    out->TableMaxWriteCapacityUnits = SOME_LONG(40000);
    return 0;
}

int dynamodb_describe_endpoints(struct request *req,
                                const struct dynamodb_DescribeEndpointsRequest *in,
                                struct dynamodb_DescribeEndpointsResponse *out)
{
    const char *host = request_header(req, "host");

    (void)in;
    out->Endpoints.items = ARENA_ARRAY(&req->arena, struct dynamodb_Endpoint, 1);
    out->Endpoints.count = 1;
    out->Endpoints.items[0].Address = host != NULL ? host : "127.0.0.1";
    out->Endpoints.items[0].CachePeriodInMinutes = SOME_LONG(1440);
    return 0;
}
